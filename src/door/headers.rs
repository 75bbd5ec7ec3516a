//! Which of a client's fields travel on to a back end, and which we add. What a client sends can never look like what
//! we say: names are dropped first, in every spelling, and ours are added last.

use super::field::connection_options;
use crate::config::{Config, Server};
use crate::http::headers::HeaderMap;
use crate::oauth::bearer::Admitted;
use std::net::IpAddr;

/// Fields about this connection, the framing or the request line (RFC 9110 §7.6.1, RFC 9112).
const HOP_BY_HOP: [&str; 13] = [
    "connection",
    "content-length",
    "expect",
    "host",
    "http2-settings",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Fields by which proxies tell each other who is asking and for what. We say that ourselves.
const FORWARDED: [&str; 13] = [
    "cf-connecting-ip",
    "client-ip",
    "fastly-client-ip",
    "forwarded",
    "true-client-ip",
    "via",
    "x-client-ip",
    "x-cluster-client-ip",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    "x-original-method",
    "x-real-ip",
];

/// The client's credentials, and names under which servers expect to be told who was authenticated.
const CREDENTIALS: [&str; 13] = [
    "authorization",
    "cookie",
    "cookie2",
    "dpop",
    "origin",
    "referer",
    "remote-email",
    "remote-groups",
    "remote-name",
    "remote-user",
    "x-api-key",
    "x-remote-user",
    "x-user",
];

/// The same by family.
const FAMILIES: [&str; 13] = [
    "proxy-",
    "remote-",
    "x-auth-",
    "x-authenticated-",
    "x-doorward-",
    "x-email",
    "x-forwarded-",
    "x-groups",
    "x-original-",
    "x-remote-",
    "x-rewrite-",
    "x-user-",
    "x-webauth-",
];

/// What a protected server gets to see of a request.
///
/// `origin` stays here, where it was judged; `referer` could name pages of ours.
pub(super) fn to_upstream(sent: &HeaderMap, server: &Server, admitted: &Admitted, client: IpAddr, config: &Config) -> HeaderMap {
    let mut fields = travelling(sent);
    fields.retain(|name, _| !CREDENTIALS.contains(&name));
    fields.set("x-doorward-user", admitted.user().as_str());
    fields.set("x-doorward-client", admitted.bearer().as_str());
    fields.set("x-doorward-scope", admitted.scope().to_string());
    fields.set("x-forwarded-for", client.to_string());
    fields.set("x-forwarded-host", &*config.issuer.host);
    fields.set("x-forwarded-proto", if config.issuer.secure { "https" } else { "http" });
    for (name, credential) in &server.upstream_headers {
        fields.set(name, &*credential.0);
    }
    fields
}

/// What the app gets to see: it authenticates by itself, so credentials travel on.
pub(super) fn to_app(sent: &HeaderMap, client: IpAddr, by_loopback_name: bool) -> HeaderMap {
    let mut fields = travelling(sent);
    fields.set("x-doorward-peer", client.to_string());
    if by_loopback_name {
        fields.set("x-doorward-loopback-host", "1");
    }
    fields
}

/// Without what concerns this connection, what `Connection` names, and what only we may say.
fn travelling(sent: &HeaderMap) -> HeaderMap {
    let named: Vec<&str> = connection_options(sent).collect();
    let travels = |name: &str| {
        is_plain(name)
            && !HOP_BY_HOP.contains(&name)
            && !FORWARDED.contains(&name)
            && !FAMILIES.iter().any(|family| name.starts_with(family))
            && !named.iter().any(|option| option.eq_ignore_ascii_case(name))
    };
    sent.iter().filter(|(name, _)| travels(name)).collect()
}

/// Letters, digits and hyphens. Many servers read `X_User` and `X.User` as `X-User`, so other names do not travel at
/// all; only the parameters of MCP tools may be named as their authors like.
fn is_plain(name: &str) -> bool {
    name.starts_with("mcp-param-") || name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::door::testing;

    fn travels(fields: &[(&str, &str)]) -> Vec<String> {
        travelling(&fields.iter().copied().collect()).iter().map(|(name, _)| name.to_owned()).collect()
    }

    #[test]
    fn what_mcp_needs_travels() {
        for name in [
            "accept",
            "accept-encoding",
            "content-type",
            "user-agent",
            "mcp-session-id",
            "mcp-protocol-version",
            "mcp-method",
            "mcp-name",
            "mcp-param-user_id",
            "last-event-id",
            "traceparent",
            "content-encoding",
            "range",
            "if-none-match",
            "authorization",
            "cookie",
            "origin",
        ] {
            assert_eq!(travels(&[(name, "x")]), [name], "{name}");
        }
    }

    #[test]
    fn hop_by_hop_fields_and_those_that_connection_names_stay_here() {
        for name in HOP_BY_HOP {
            assert!(travels(&[(name, "x")]).is_empty(), "{name}");
        }
        assert_eq!(
            travels(&[("Connection", "close, X-Mine"), ("x-mine", "1"), ("connection", " Accept,"), ("accept", "a"), ("x-other", "1")]),
            ["x-other"]
        );
    }

    #[test]
    fn nobody_else_says_who_is_asking() {
        for name in [
            "X-Doorward-User",
            "x-doorward-anything",
            "X-User",
            "X-User-Id",
            "Remote-User",
            "X-Remote-User",
            "X-Auth-Request-Email",
            "X-Authenticated-User",
            "X-Forwarded-User",
            "X-Forwarded-Email",
            "X-Forwarded-Groups",
            "X-WebAuth-User",
            "X-Api-Key",
        ] {
            for spelling in
                [name.to_owned(), name.to_uppercase(), name.replace('-', "_"), name.replace('-', "."), name.replacen('-', "_", 1)]
            {
                let sent: HeaderMap = [(spelling.as_str(), "admin")].into_iter().collect();
                let mut seen = travelling(&sent);
                seen.retain(|name, _| !CREDENTIALS.contains(&name));
                assert!(seen.is_empty(), "{spelling}");
            }
        }
    }

    #[test]
    fn addresses_and_methods_of_others_stay_here() {
        for name in FORWARDED.iter().chain(&[
            "x-forwarded-for",
            "x-forwarded-host",
            "x-forwarded-proto",
            "x-forwarded-uri",
            "x-original-url",
            "x-rewrite-url",
        ]) {
            assert!(travels(&[(name, "x")]).is_empty(), "{name}");
        }
    }

    #[test]
    fn a_session_cannot_be_named_in_a_spelling_that_we_did_not_check() {
        assert!(travels(&[("mcp_session_id", "x"), ("Mcp.Session-Id", "x")]).is_empty());
    }

    #[test]
    fn the_app_is_told_the_client_and_hears_nothing_of_ours_from_the_client() {
        let sent: HeaderMap = [("x-doorward-peer", "9.9.9.9"), ("x-doorward-loopback-host", "1"), ("cookie", "a=b")].into_iter().collect();
        let seen = to_app(&sent, "192.0.2.1".parse().unwrap(), false);
        assert_eq!(seen.iter().collect::<Vec<_>>(), [("cookie", "a=b"), ("x-doorward-peer", "192.0.2.1")]);
    }

    #[test]
    fn an_upstreams_own_credential_replaces_the_clients() {
        let mut server = testing::config("https://a.test").servers.remove(0);
        server.upstream_headers = vec![("authorization".into(), crate::config::UpstreamCredential("Bearer theirs".into()))];
        let config = testing::config("https://a.test");
        let sent: HeaderMap = [("authorization", "Bearer ours"), ("cookie", "a=b"), ("x-forwarded-for", "9.9.9.9")].into_iter().collect();
        let seen = to_upstream(&sent, &server, &testing::admitted("ann"), "192.0.2.1".parse().unwrap(), &config);
        assert_eq!(seen.only("authorization"), Ok(Some("Bearer theirs")));
        assert_eq!((seen.first("cookie"), seen.only("x-doorward-user")), (None, Ok(Some("ann"))));
        assert_eq!((seen.only("x-forwarded-for"), seen.only("x-forwarded-proto")), (Ok(Some("192.0.2.1")), Ok(Some("https"))));
    }
}
