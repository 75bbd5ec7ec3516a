//! Which fields of an upstream's answer reach the client. An upstream shares our origin in the eyes of a browser, so
//! nothing it sends may be stored there, run there, or speak in our name.

use super::cors;
use super::head::connection_options;
use crate::http::headers::HeaderMap;

/// Framing and hop-by-hop (RFC 9110 §7.6.1), state and power over our origin, and the names of what stands behind us.
const DROPPED: [&str; 30] = [
    "alt-svc",
    "clear-site-data",
    "connection",
    "content-disposition",
    "content-length",
    "content-location",
    "content-security-policy",
    "content-security-policy-report-only",
    "expect-ct",
    "keep-alive",
    "link",
    "location",
    "nel",
    "origin-agent-cluster",
    "proxy-authenticate",
    "proxy-connection",
    "public-key-pins",
    "refresh",
    "report-to",
    "reporting-endpoints",
    "server",
    "service-worker-allowed",
    "set-cookie",
    "sourcemap",
    "strict-transport-security",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "www-authenticate",
];

/// The same by family.
const FAMILIES: [&str; 6] = ["access-control-", "cross-origin-", "set-cookie", "x-accel-", "x-doorward-", "x-frame-"];

/// The fields for the client; `location`, when there is one, was mapped to our own address before.
pub(super) fn to_client(sent: &HeaderMap, location: Option<&str>) -> HeaderMap {
    let named: Vec<&str> = connection_options(sent).collect();
    let travels = |name: &str, value: &str| {
        value.is_ascii()
            && !DROPPED.contains(&name)
            && !FAMILIES.iter().any(|family| name.starts_with(family))
            && !named.iter().any(|option| option.eq_ignore_ascii_case(name))
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
        ] {
            assert_eq!(relayed(&[(name, value)]).only(name), Ok(Some(value)), "{name}");
        }
    }

    #[test]
    fn an_upstream_stores_nothing_and_rules_nothing_in_our_origin() {
        for name in DROPPED.iter().chain(&[
            "set-cookie2",
            "access-control-allow-credentials",
            "x-frame-options",
            "x-doorward-user",
            "cross-origin-opener-policy",
        ]) {
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
