//! Clients that many people use: what `client add --preset` enters for them.

/// One known client.
#[derive(Clone, Copy, Debug)]
pub struct KnownClient {
    /// The word on the command line.
    pub preset: &'static str,
    /// What people call it.
    pub name: &'static str,
    /// Where it receives answers.
    pub redirect_uris: &'static [&'static str],
}

/// The table.
pub const KNOWN_CLIENTS: &[KnownClient] = &[
    KnownClient {
        preset: "claude",
        name: "Claude",
        redirect_uris: &["https://claude.ai/api/mcp/auth_callback", "https://claude.com/api/mcp/auth_callback"],
    },
    KnownClient { preset: "claude-code", name: "Claude Code", redirect_uris: &["http://localhost/callback", "http://127.0.0.1/callback"] },
    KnownClient { preset: "chatgpt", name: "ChatGPT", redirect_uris: &["https://chatgpt.com/connector_platform_oauth_redirect"] },
    KnownClient {
        preset: "cursor",
        name: "Cursor",
        redirect_uris: &[
            "http://localhost:8787/callback",
            "https://www.cursor.com/agents/mcp/oauth/callback",
            "cursor://anysphere.cursor-mcp/oauth/callback",
        ],
    },
    KnownClient {
        preset: "vscode",
        name: "Visual Studio Code",
        redirect_uris: &[
            "https://vscode.dev/redirect",
            "https://insiders.vscode.dev/redirect",
            "http://127.0.0.1/",
            "http://127.0.0.1:33418/",
        ],
    },
    KnownClient {
        preset: "grok",
        name: "Grok",
        redirect_uris: &["https://grok.com/connectors-oauth-exchange-code/", "https://console.x.ai/connectors-oauth-exchange-code/"],
    },
    KnownClient {
        preset: "inspector",
        name: "MCP Inspector",
        redirect_uris: &["http://localhost:6274/oauth/callback", "http://127.0.0.1:6276/oauth/callback"],
    },
    KnownClient {
        preset: "postman",
        name: "Postman",
        redirect_uris: &["https://oauth.pstmn.io/v1/callback", "https://oauth.pstmn.io/v1/browser-callback"],
    },
];

/// The client of that preset.
pub fn preset(word: &str) -> Option<&'static KnownClient> {
    KNOWN_CLIENTS.iter().find(|client| client.preset == word)
}

/// Whose address a host is, where one of the known callbacks is there. Loopback is everybody's.
pub fn whose(host: &str) -> Option<&'static str> {
    let is_at = |uri: &&str| uri.strip_prefix("https://").and_then(|rest| rest.split('/').next()) == Some(host);
    KNOWN_CLIENTS.iter().find(|client| client.redirect_uris.iter().any(is_at)).map(|client| client.name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::redirect_uri::{RegisteredBy, registrable};

    #[test]
    fn a_known_host_is_told_by_its_whole_name() {
        assert_eq!(whose("claude.ai"), Some("Claude"));
        for other in ["evil.claude.ai", "claude.ai.evil.test", "claude.ai:8443", "localhost:8787", ""] {
            assert_eq!(whose(other), None, "{other}");
        }
    }

    #[test]
    fn every_known_callback_may_be_registered_by_anybody() {
        for uri in KNOWN_CLIENTS.iter().flat_map(|client| client.redirect_uris) {
            assert_eq!(registrable(uri, RegisteredBy::Stranger, "https://mcp.example.com"), Ok(()), "{uri}");
        }
    }
}
