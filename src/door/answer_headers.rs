//! Which fields of an upstream's answer reach the client. An upstream shares our origin in the eyes of a browser, so
//! nothing it sends may be stored there, run there, or speak in our name.

use super::cors;
use super::field::connection_options;
use crate::http::headers::HeaderMap;

/// Fields that describe the content or the call. Whatever else the standards know, now or later, may have power over
/// our origin (`Set-Cookie`, `Clear-Site-Data`, `Accept-CH`, …), speaks of this connection, or names what stands behind us.
const TRAVELS: [&str; 16] = [
    "accept-ranges",
    "allow",
    "content-encoding",
    "content-language",
    "content-range",
    "content-type",
    "date",
    "deprecation",
    "etag",
    "last-modified",
    "retry-after",
    "sunset",
    "traceparent",
    "tracestate",
    "vary",
    "warning",
];

/// Families of fields that no browser gives a meaning to: MCP's own, and what servers tell their clients.
const FAMILIES: [&str; 3] = ["mcp-", "ratelimit", "x-"];

/// Of those, the ones that browsers or proxies do give a meaning to, or that we alone may say.
const DROPPED: [&str; 14] = [
    "x-accel-",
    "x-content-",
    "x-dns-",
    "x-doorward-",
    "x-forwarded-",
    "x-frame-",
    "x-permitted-",
    "x-powered-by",
    "x-real-ip",
    "x-robots-",
    "x-sendfile",
    "x-sourcemap",
    "x-ua-",
    "x-xss-",
];

/// The fields for the client; `location`, when there is one, was mapped to our own address before.
pub(super) fn to_client(sent: &HeaderMap, location: Option<&str>) -> HeaderMap {
    let named: Vec<&str> = connection_options(sent).collect();
    let travels = |name: &str, value: &str| {
        let of_a_family =
            FAMILIES.iter().any(|family| name.starts_with(family)) && !DROPPED.iter().any(|dropped| name.starts_with(dropped));
        value.is_ascii() && (TRAVELS.contains(&name) || of_a_family) && !named.iter().any(|option| option.eq_ignore_ascii_case(name))
    };
    let mut fields: HeaderMap = sent.iter().filter(|(name, value)| travels(name, value)).collect();
    if let Some(location) = location {
        fields.set("location", location);
    }
    neutralise(&mut fields);
    cors::expose(&mut fields);
    fields
}

/// A page or a script of the upstream's must not run in our origin: no sniffing, nothing loaded, sandboxed, and saved
/// instead of shown unless it is one of the types that MCP speaks.
fn neutralise(fields: &mut HeaderMap) {
    if !is_harmless(fields.first("content-type").unwrap_or_default()) {
        fields.set("content-disposition", "attachment");
    }
    fields.set("cache-control", "no-store");
    fields.set("content-security-policy", "default-src 'none'; sandbox");
    fields.set("x-content-type-options", "nosniff");
    fields.set("x-accel-buffering", "no");
}

fn is_harmless(content_type: &str) -> bool {
    let media = media_type(content_type);
    let json = media == "application/json" || (media.starts_with("application/") && media.ends_with("+json"));
    json || media == "text/event-stream" || media == "text/plain"
}

/// `type/subtype` in lower case, without parameters.
pub(super) fn media_type(content_type: &str) -> String {
    content_type.split(';').next().unwrap_or_default().trim_matches([' ', '\t']).to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn relayed(fields: &[(&str, &str)]) -> HeaderMap {
        to_client(&fields.iter().copied().collect(), None)
    }

    #[test]
    fn what_clients_need_travels() {
        for (name, value) in [
            ("content-type", "application/json"),
            ("mcp-session-id", "1"),
            ("mcp-protocol-version", "2025-06-18"),
            ("retry-after", "1"),
            ("etag", "\"x\""),
            ("content-encoding", "gzip"),
            ("x-request-id", "1"),
            ("x-ratelimit-remaining", "1"),
            ("vary", "accept"),
        ] {
            assert_eq!(relayed(&[(name, value)]).only(name), Ok(Some(value)), "{name}");
        }
    }

    #[test]
    fn an_upstream_stores_nothing_and_rules_nothing_in_our_origin() {
        for name in [
            "accept-ch",
            "access-control-allow-credentials",
            "access-control-allow-origin",
            "alt-svc",
            "clear-site-data",
            "connection",
            "content-disposition",
            "content-length",
            "content-location",
            "content-security-policy",
            "cross-origin-opener-policy",
            "keep-alive",
            "link",
            "location",
            "nel",
            "origin-agent-cluster",
            "proxy-authenticate",
            "public-key-pins",
            "refresh",
            "report-to",
            "server",
            "service-worker-allowed",
            "set-cookie",
            "set-cookie2",
            "set-login",
            "sourcemap",
            "speculation-rules",
            "strict-transport-security",
            "te",
            "trailer",
            "transfer-encoding",
            "upgrade",
            "via",
            "www-authenticate",
            "x-accel-redirect",
            "x-content-security-policy",
            "x-doorward-user",
            "x-frame-options",
            "x-permitted-cross-domain-policies",
            "x-powered-by",
        ] {
            let fields = relayed(&[("content-type", "application/json"), (name, "evil")]);
            assert!(!fields.iter().any(|(_, value)| value.contains("evil")), "{name}");
        }
        assert_eq!(relayed(&[("connection", "x-a"), ("x-a", "1")]).first("x-a"), None);
    }

    #[test]
    fn everything_is_marked_as_data() {
        for content_type in
            ["text/html", "image/svg+xml", "application/javascript", "", "text/html; application/json", "application/xml", "text/plainx"]
        {
            let fields = relayed(&[("content-type", content_type), ("content-disposition", "inline")]);
            assert_eq!(fields.only("content-disposition"), Ok(Some("attachment")), "{content_type}");
            assert_eq!(fields.only("content-security-policy"), Ok(Some("default-src 'none'; sandbox")));
        }
        for content_type in [
            "application/json",
            "Application/JSON; charset=utf-8",
            "application/problem+json",
            "text/event-stream",
            "text/plain;charset=utf-8",
        ] {
            let fields = relayed(&[("content-type", content_type)]);
            assert_eq!(
                (fields.first("content-disposition"), fields.first("x-content-type-options")),
                (None, Some("nosniff")),
                "{content_type}"
            );
        }
        assert_eq!(relayed(&[("cache-control", "public, max-age=999")]).only("cache-control"), Ok(Some("no-store")));
    }
}
