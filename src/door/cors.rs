//! What browsers may do with the protected servers (Fetch, *CORS protocol*): call them from anywhere and read the
//! answers, never with credentials of the browser's own. The bearer token is what counts, and a page has to have it.

use crate::http::answer::Answer;
use crate::http::headers::HeaderMap;

/// Request fields that MCP clients in browsers send.
const ALLOWED: &str =
    "Authorization, Content-Type, Accept, MCP-Protocol-Version, Mcp-Session-Id, Last-Event-ID, Mcp-Method, Mcp-Name, DPoP";
/// Response fields that they must be able to read.
const EXPOSED: &str = "WWW-Authenticate, Mcp-Session-Id, MCP-Protocol-Version, Retry-After";
/// Most `Mcp-Param-` fields repeated back in one preflight.
const MAX_ASKED: usize = 32;

/// Marks an answer as readable by any page.
pub(super) fn expose(headers: &mut HeaderMap) {
    headers.set("access-control-allow-origin", "*");
    headers.set("access-control-expose-headers", EXPOSED);
}

/// The answer to a preflight, the same for everyone and before any authentication: browsers send none with it.
pub(super) fn preflight(request: &HeaderMap) -> Answer {
    let mut answer = Answer::empty(204);
    expose(&mut answer.headers);
    answer.headers.set("access-control-allow-methods", "GET, POST, DELETE, OPTIONS");
    answer.headers.set("access-control-allow-headers", allowed(request));
    answer.headers.set("access-control-max-age", "600");
    answer.headers.set("vary", "Access-Control-Request-Headers");
    answer
}

/// The usual fields, and of those asked for the ones that carry a tool's parameters (MCP 2026-07-28), whose names
/// nobody can list.
fn allowed(request: &HeaderMap) -> String {
    let asked = request.all("access-control-request-headers").flat_map(|value| value.split(','));
    let parameters = asked.map(|name| name.trim_matches([' ', '\t'])).filter(|name| is_parameter(name)).take(MAX_ASKED);
    std::iter::once(ALLOWED).chain(parameters).collect::<Vec<_>>().join(", ")
}

fn is_parameter(name: &str) -> bool {
    let prefix = name.get(..10).is_some_and(|start| start.eq_ignore_ascii_case("mcp-param-"));
    prefix && (11..=80).contains(&name.len()) && name.bytes().all(super::field::is_token_byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(value: &str) -> String {
        allowed(&[("access-control-request-headers", value)].into_iter().collect())
    }

    #[test]
    fn parameters_of_tools_are_allowed_when_asked_for_and_nothing_else_is() {
        assert_eq!(asked("authorization, mcp-param-region ,Mcp-Param-City"), format!("{ALLOWED}, mcp-param-region, Mcp-Param-City"));
        for value in ["x-evil", "mcp-param-", "mcp-param-a b", "mcp-param-a\"", "", ",,", &format!("mcp-param-{}", "x".repeat(100))] {
            assert_eq!(asked(value), ALLOWED, "{value}");
        }
        assert!(asked(&"mcp-param-x,".repeat(1000)).len() < 1000);
    }

    #[test]
    fn a_preflight_allows_no_credentials() {
        let answer = preflight(&HeaderMap::new());
        assert_eq!(answer.status, 204);
        assert_eq!(answer.headers.first("access-control-allow-origin"), Some("*"));
        assert_eq!(answer.headers.first("access-control-allow-credentials"), None);
    }
}
