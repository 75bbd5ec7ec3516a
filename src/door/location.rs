//! Where an upstream's redirect leads, in our own addresses. A redirect that leaves the server it came from is not
//! passed on: it would send the client, and perhaps its token, to a place of the upstream's choice, or tell the world
//! the names of what stands behind us.

use super::upstream;
use crate::config::Server;
use crate::http::path::CanonicalPath;
use url::Url;

/// Our path for `location`, sent in answer to a request for `asked` (the upstream's path); nothing when it leads
/// elsewhere.
pub(super) fn ours(location: &str, asked: &str, server: &Server) -> Option<String> {
    let base = Url::parse(&format!("http://{}{asked}", upstream::host(&server.upstream))).ok()?;
    let target = base.join(location).ok()?;
    if target.origin() != base.origin() || !target.username().is_empty() || target.password().is_some() {
        return None;
    }
    let path = CanonicalPath::parse(target.path())?;
    let rest = match upstream::base(&server.upstream) {
        "/" => path.as_str(),
        prefix => path.below(prefix)?,
    };
    let query = target.query().map_or_else(String::new, |query| format!("?{query}"));
    Some(format!("{}{rest}{query}", server.resource.path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::door::testing;

    fn mapped(location: &str) -> Option<String> {
        let config = testing::config("https://a.test");
        ours(location, "/up/x", config.servers.first().unwrap())
    }

    #[test]
    fn redirects_within_the_server_are_translated() {
        for (location, ours) in [
            ("/up/", "/mcp/"),
            ("y?z=1", "/mcp/y?z=1"),
            ("http://127.0.0.1:9/up", "/mcp"),
            ("//127.0.0.1:9/up/a", "/mcp/a"),
            ("?q", "/mcp/x?q"),
        ] {
            assert_eq!(mapped(location).as_deref(), Some(ours), "{location}");
        }
    }

    #[test]
    fn redirects_out_of_the_server_lead_nowhere() {
        for location in [
            "https://127.0.0.1:9/up",
            "http://127.0.0.1:10/up",
            "http://evil.test/up",
            "//evil.test/up",
            "/",
            "/other",
            "/upx",
            "../other",
            "/up/../other",
            "/up//x",
            "http://u@127.0.0.1:9/up",
            "javascript:alert(1)",
            "http://internal/up",
            "/up/%2e%2e/x",
            "\\\\evil.test/up",
            "http:///evil.test/up",
        ] {
            assert_eq!(mapped(location), None, "{location}");
        }
    }
}
