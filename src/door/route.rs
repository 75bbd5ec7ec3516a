//! Which back end a path belongs to. By the path alone, at segment boundaries: no query, method or field has a say.

use crate::config::{Config, Server};
use crate::http::path::CanonicalPath;

/// Where a request goes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Route<'r> {
    /// To a protected server.
    Server(Target<'r>),
    /// To the check that other proxies ask for; what follows its path.
    Check(&'r str),
    /// To the application.
    App,
}

/// A protected server and the part of the path that is its own.
#[derive(Clone, Copy, Debug)]
pub(super) struct Target<'r> {
    pub(super) server: &'r Server,
    /// `""`, `"/"` or `"/more"`.
    pub(super) rest: &'r str,
}

impl Target<'_> {
    /// The server's own address with a trailing slash: the challenge then names the metadata of that spelling.
    pub(super) fn has_slash(&self) -> bool {
        self.rest == "/"
    }

    /// The server's own address, where MCP messages go.
    pub(super) fn is_endpoint(&self) -> bool {
        matches!(self.rest, "" | "/")
    }
}

/// The table of what the door knows; the rest of the world is the app's.
pub(super) fn find<'r>(path: &'r CanonicalPath, config: &'r Config) -> Route<'r> {
    if let Some(below) = path.below("/auth/check") {
        return Route::Check(below);
    }
    match server(path, config) {
        // Metadata about a server is published below its path by the app, for anyone (RFC 9728 §3.1, MCP's other spelling).
        Some(target) if target.rest.starts_with("/.well-known/") => Route::App,
        Some(target) => Route::Server(target),
        None => Route::App,
    }
}

/// The server whose path this is or begins with; of two, one below the other, the one with the longer path.
pub(super) fn server<'r>(path: &'r CanonicalPath, config: &'r Config) -> Option<Target<'r>> {
    let meant = config.servers.iter().filter_map(|server| path.below(&server.resource.path).map(|rest| Target { server, rest }));
    meant.max_by_key(|target| target.server.resource.path.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::door::testing;

    fn found(raw: &str) -> String {
        let config = testing::config("https://mcp.example.com");
        let path = CanonicalPath::parse(raw).unwrap();
        match find(&path, &config) {
            Route::Server(target) => format!("{} {}", target.server.resource.path, target.rest),
            Route::Check(below) => format!("check {below}"),
            Route::App => "app".into(),
        }
    }

    #[test]
    fn a_server_has_its_path_and_all_below() {
        assert_eq!(found("/mcp"), "/mcp ");
        assert_eq!(found("/mcp/"), "/mcp /");
        assert_eq!(found("/mcp/sse"), "/mcp /sse");
        assert_eq!(found("/notes/.well-knownx"), "/notes /.well-knownx");
    }

    #[test]
    fn a_server_below_another_is_found_in_whatever_order_they_are_listed() {
        let mut config = testing::config("https://mcp.example.com");
        for order in [["/a", "/a/b"], ["/a/b", "/a"]] {
            for (server, path) in config.servers.iter_mut().zip(order) {
                server.resource.path = path.into();
            }
            for (raw, expected) in [("/a", "/a "), ("/a/bc", "/a /bc"), ("/a/b", "/a/b "), ("/a/b/c", "/a/b /c")] {
                let path = CanonicalPath::parse(raw).unwrap();
                let target = server(&path, &config).unwrap();
                assert_eq!(format!("{} {}", target.server.resource.path, target.rest), expected, "{order:?}");
            }
        }
    }

    #[test]
    fn neighbours_of_a_server_are_the_apps() {
        for path in ["/", "/mcpx", "/mcp.json", "/MCP", "/mc", "/x/mcp", "/mcp-2/x", "/auth/checkx", "/auth", "/token"] {
            assert_eq!(found(path), "app", "{path}");
        }
    }

    #[test]
    fn metadata_below_a_server_is_the_apps() {
        assert_eq!(found("/mcp/.well-known/oauth-protected-resource"), "app");
        assert_eq!(found("/mcp/x/.well-known/openid-configuration"), "/mcp /x/.well-known/openid-configuration");
    }

    #[test]
    fn the_check_has_its_path_and_all_below() {
        assert_eq!(found("/auth/check"), "check ");
        assert_eq!(found("/auth/check/mcp"), "check /mcp");
    }
}
