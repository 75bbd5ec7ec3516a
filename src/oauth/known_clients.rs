//! Clients that many people use: one table, `known_clients.toml` beside this file, for everything that depends on
//! knowing them. Where answers may go while hosts are *listed*, the schemes of applications, what `client add --preset`
//! enters, whose address the consent page names, who is let in again after a loss of data, and how each is made to
//! forget a registration.
//!
//! Knowing a client gives it no right. The table says to whom an address belongs, and a user still has to agree.

use super::client::{AuthMethod, Client, ClientOrigin, GrantType};
use super::ids::ClientId;
use crate::clock::UnixTime;
use serde::Deserialize;
use std::sync::LazyLock;

/// Longest id of a client that is let in again, in characters.
const MAX_ADOPTED_ID: usize = 200;

/// One known client.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownClient {
    /// The word on the command line.
    pub preset: String,
    /// What people call it.
    pub name: String,
    /// Hosts that belong to it.
    #[serde(default)]
    pub hosts: Vec<String>,
    /// Schemes that its applications receive answers under.
    #[serde(default)]
    pub schemes: Vec<String>,
    /// Where it receives answers. On loopback any port counts.
    pub redirect_uris: Vec<String>,
    /// Addresses of its metadata documents.
    #[serde(default)]
    pub documents: Vec<String>,
    /// Addresses from which its requests come, for all of its users alike.
    #[serde(default)]
    pub egress: Vec<String>,
    /// A sentence for the consent page about what happens to the answer there.
    pub note: Option<String>,
    /// How a person makes it forget its registration.
    pub repair: String,
}

#[derive(Deserialize)]
struct Table {
    client: Vec<KnownClient>,
}

static KNOWN_CLIENTS: LazyLock<Vec<KnownClient>> =
    LazyLock::new(|| toml::from_str::<Table>(include_str!("known_clients.toml")).map(|table| table.client).unwrap_or_default());

/// Every known client.
pub fn all() -> &'static [KnownClient] {
    &KNOWN_CLIENTS
}

/// What a preset enters: the name, and where answers go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preset {
    /// What people call it, unless they are to say.
    pub name: Option<String>,
    /// May be empty: then the owner gives them.
    pub redirect_uris: Vec<String>,
}

/// The preset of that word: a known client, `claude-both` for Claude in the browser and on the desktop, or `custom`.
pub fn preset(word: &str) -> Option<Preset> {
    let parts: &[&str] = match word {
        "custom" => return Some(Preset { name: None, redirect_uris: vec![] }),
        "claude-both" => &["claude", "claude-desktop"],
        _ => &[word],
    };
    let rows: Vec<&KnownClient> = parts.iter().filter_map(|part| all().iter().find(|client| client.preset == *part)).collect();
    let name = rows.first()?.name.clone();
    Some(Preset { name: Some(name), redirect_uris: rows.iter().flat_map(|row| row.redirect_uris.clone()).collect() })
}

/// Every word that [`preset`] knows, each kind of Claude first.
pub fn presets() -> impl Iterator<Item = &'static str> {
    let of_claude = ["claude", "claude-desktop", "claude-both"];
    let others = all().iter().map(|client| client.preset.as_str()).filter(move |word| !of_claude.contains(word));
    of_claude.into_iter().chain(others).chain(["custom"])
}

/// What people call the preset of that word.
pub fn label(word: &str) -> Option<&'static str> {
    match word {
        "claude" => Some("Claude (web, desktop and phone)"),
        "claude-desktop" => Some("Claude Desktop (on this device, ports 6277 to 6279)"),
        "claude-both" => Some("Claude, both of these"),
        "custom" => Some("Another app"),
        _ => all().iter().find(|client| client.preset == word).map(|client| client.name.as_str()),
    }
}

/// Whose address a host is. With a port it is nobody's.
pub fn whose(host: &str) -> Option<&'static KnownClient> {
    all().iter().find(|client| client.hosts.iter().any(|known| known == host))
}

/// Whose scheme it is.
pub fn of_scheme(scheme: &str) -> Option<&'static KnownClient> {
    all().iter().find(|client| client.schemes.iter().any(|known| known == scheme))
}

/// Addresses that stand for many people.
pub fn egress() -> impl Iterator<Item = &'static str> {
    all().iter().flat_map(|client| client.egress.iter().map(String::as_str))
}

/// Steps that make a client forget its registration: of those it may be, judging by where it wants its answer, or of all.
/// `redirect_uri` is whatever the request said; nothing of it is repeated.
pub fn repairs(redirect_uri: Option<&str>) -> Vec<&'static str> {
    let (scheme, rest) = redirect_uri.and_then(|uri| uri.split_once("://")).unwrap_or_default();
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let only = if scheme == "https" { whose(host) } else { of_scheme(scheme) };
    let on_loopback = scheme == "http";
    let fits = |client: &&KnownClient| match only {
        Some(only) => client.preset == only.preset,
        None => !on_loopback || client.redirect_uris.iter().any(|uri| uri.starts_with("http://")),
    };
    all().iter().filter(fits).map(|client| client.repair.as_str()).collect()
}

impl KnownClient {
    /// Its callbacks on the web, where an answer can reach nobody else.
    fn hosted(&self) -> impl Iterator<Item = &String> {
        self.redirect_uris.iter().filter(|uri| uri.starts_with("https://"))
    }
}

/// The client that an unknown id stands for, if the answer is to go to exactly a well-known callback on the web: then a
/// user may let it in under that id, so that a loss of data here does not lock out everybody who uses it.
///
/// A public client, whatever it was before: nothing is left of a secret it may have had, and PKCE binds the code. Never a
/// loopback address or an application's scheme, since any program can stand behind these.
pub fn adoptable(id: &ClientId, redirect_uri: &str, now: UnixTime) -> Option<Client> {
    let known = all().iter().find(|client| client.hosted().any(|uri| uri == redirect_uri))?;
    is_adoptable_id(id).then(|| Client {
        id: id.clone(),
        name: Some(known.name.clone()),
        redirect_uris: known.hosted().cloned().collect(),
        auth_method: AuthMethod::None,
        secret: None,
        registration_token: None,
        introspects: None,
        grant_types: GrantType::ALL.to_vec(),
        scope: None,
        application_type: None,
        client_uri: None,
        logo_uri: None,
        software: (None, None),
        origin: ClientOrigin::Known,
        created_at: now,
        changed_at: None,
    })
}

/// Unreserved characters (RFC 3986 §2.3), so never a metadata document's address; one that begins like ours must be of
/// our form.
fn is_adoptable_id(id: &ClientId) -> bool {
    let text = id.as_str();
    let unreserved = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte));
    let sized = !text.is_empty() && text.len() <= MAX_ADOPTED_ID;
    sized && unreserved && (!id.begins_like_ours() || id.is_of_our_form())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::fixtures::{NOW, rules};
    use crate::oauth::redirect_uri::{MAX_URIS, RegisteredBy, registrable};
    use std::collections::HashSet;

    const CLAUDE: &str = "https://claude.ai/api/mcp/auth_callback";

    fn adopted(id: &str, redirect_uri: &str) -> Option<Client> {
        adoptable(&ClientId::known_as(id), redirect_uri, NOW)
    }

    #[test]
    fn the_table_can_be_read() {
        let table: Table = toml::from_str(include_str!("known_clients.toml")).unwrap();
        assert_eq!(table.client.len(), all().len());
        assert!(all().len() > 20);
    }

    #[test]
    fn no_word_host_scheme_or_document_belongs_to_two() {
        let lists: [fn(&KnownClient) -> Vec<String>; 4] =
            [|row| vec![row.preset.clone()], |row| row.hosts.clone(), |row| row.schemes.clone(), |row| row.documents.clone()];
        for list in lists {
            let mut seen = HashSet::new();
            assert!(all().iter().flat_map(list).all(|entry| seen.insert(entry)));
        }
    }

    #[test]
    fn every_row_is_complete_and_tidy() {
        for row in all() {
            let word = |text: &str| {
                !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
            };
            assert!(word(&row.preset) && row.schemes.iter().all(|scheme| word(scheme)), "{row:?}");
            assert!(!row.name.is_empty() && row.repair.ends_with('.'), "{row:?}");
            assert!(row.note.as_deref().is_none_or(|note| note.ends_with('.')), "{row:?}");
            assert!((1..=MAX_URIS).contains(&row.redirect_uris.len()), "{row:?}");
            assert!(
                row.hosts.iter().all(|host| host.contains('.') && *host == host.to_ascii_lowercase() && !host.contains(':')),
                "{row:?}"
            );
            assert!(
                row.documents
                    .iter()
                    .all(|document| document.starts_with("https://") && document.contains("/oauth/") || document.contains("/cli/")),
                "{row:?}"
            );
        }
    }

    #[test]
    fn every_known_callback_may_be_registered_by_anybody() {
        for uri in all().iter().flat_map(|client| &client.redirect_uris) {
            assert_eq!(registrable(uri, RegisteredBy::Stranger, &rules()), Ok(()), "{uri}");
        }
    }

    #[test]
    fn a_hosted_callback_is_on_a_host_of_its_own_row() {
        for row in all() {
            for uri in row.hosted() {
                let host = uri.trim_start_matches("https://").split('/').next().unwrap();
                assert_eq!(whose(host).map(|row| &row.preset), Some(&row.preset), "{uri}");
            }
        }
    }

    #[test]
    fn the_hosts_that_people_expect_are_known() {
        for host in [
            "claude.ai",
            "claude.com",
            "chatgpt.com",
            "chat.openai.com",
            "cursor.com",
            "www.cursor.com",
            "vscode.dev",
            "insiders.vscode.dev",
            "grok.com",
            "gemini.google.com",
            "perplexity.ai",
            "www.perplexity.ai",
        ] {
            assert!(whose(host).is_some(), "{host}");
        }
    }

    #[test]
    fn a_known_host_is_told_by_its_whole_name() {
        assert_eq!(whose("claude.ai").map(|row| row.name.as_str()), Some("Claude"));
        for other in ["evil.claude.ai", "claude.ai.evil.test", "claude.ai:8443", "Claude.ai", "localhost:8787", ""] {
            assert!(whose(other).is_none(), "{other}");
        }
    }

    #[test]
    fn a_preset_enters_one_platform_or_both_or_what_the_owner_says() {
        let uris = |word: &str| preset(word).unwrap().redirect_uris;
        assert_eq!(uris("claude-both"), [uris("claude"), uris("claude-desktop")].concat());
        assert!(uris("claude-both").len() <= MAX_URIS);
        for port in 6277..=6279 {
            assert!(uris("claude-desktop").contains(&format!("http://localhost:{port}/callback")), "{port}");
        }
        assert_eq!(preset("custom"), Some(Preset { name: None, redirect_uris: vec![] }));
        assert_eq!(preset("netscape"), None);
        assert!(presets().all(|word| preset(word).is_some() && label(word).is_some()));
        assert_eq!(presets().count(), all().len() + 2);
    }

    #[test]
    fn repair_steps_are_those_of_the_client_that_the_address_belongs_to() {
        let only = |uri: &str| {
            let steps = repairs(Some(uri));
            assert_eq!(steps.len(), 1, "{uri}");
            steps[0]
        };
        assert!(only(CLAUDE).starts_with("Claude "));
        assert!(only("https://chatgpt.com/connector/oauth/x").starts_with("ChatGPT"));
        assert!(only("cursor://anysphere.cursor-mcp/oauth/callback").starts_with("Cursor"));
        assert!(only("https://vscode.dev/redirect?x").starts_with("VS Code"));
    }

    #[test]
    fn an_address_that_says_nothing_gives_the_steps_of_all_it_may_be() {
        let every = repairs(None).len();
        assert_eq!(every, all().len());
        for uri in ["https://evil.test/claude.ai", "https://claude.ai.evil.test/", "", "claude.ai", "https://"] {
            assert_eq!(repairs(Some(uri)).len(), every, "{uri}");
        }
        let local = repairs(Some("http://127.0.0.1:1234/callback"));
        assert!(local.len() < every && local.iter().any(|step| step.starts_with("Claude Code")));
        assert!(!local.iter().any(|step| step.starts_with("ChatGPT")));
    }

    #[test]
    fn an_unknown_id_with_a_well_known_callback_stands_for_its_client() {
        let client = adopted("client_AQEBAQEBAQEBAQEBAQEBAQ", CLAUDE).unwrap();
        assert_eq!(client.name.as_deref(), Some("Claude"));
        assert_eq!((client.origin, client.auth_method, client.secret.is_none()), (ClientOrigin::Known, AuthMethod::None, true));
        assert!(client.redirect_uris.contains(&CLAUDE.to_owned()));
        assert!(client.redirect_uris.iter().all(|uri| uri.starts_with("https://")));
    }

    #[test]
    fn only_exactly_a_hosted_callback_lets_a_client_in_again() {
        for uri in [
            "https://claude.ai/api/mcp/auth_callback/",
            "https://claude.ai/api/mcp/auth_callback?x",
            "https://claude.ai/",
            "https://claude.ai:443/api/mcp/auth_callback",
            "https://evil.test/api/mcp/auth_callback",
            "http://claude.ai/api/mcp/auth_callback",
            "http://localhost/callback",
            "http://127.0.0.1:33418/",
            "cursor://anysphere.cursor-mcp/oauth/callback",
            "claude://claude.ai/mcp-auth-callback/sdk",
            "",
        ] {
            assert!(adopted("abc", uri).is_none(), "{uri}");
        }
    }

    #[test]
    fn an_adopted_id_needs_no_encoding_and_does_not_pretend_to_be_one_of_ours() {
        for id in ["abc", "A-._~9", "2e6dc280-f3c3-4e01-99a7-8181dbd1d23d", &"x".repeat(200), "client_AQEBAQEBAQEBAQEBAQEBAQ"] {
            assert!(adopted(id, CLAUDE).is_some(), "{id}");
        }
        for id in [
            "",
            "a b",
            "a/b",
            "https://claude.ai/x",
            "a:b",
            "\u{e4}",
            "a\n",
            "a%41",
            &"x".repeat(201),
            "client_",
            "client_x",
            "client_AQEBAQEBAQEBAQEBAQEBAQx",
        ] {
            assert!(adopted(id, CLAUDE).is_none(), "{id}");
        }
    }
}
