//! Reverse proxies that answer themselves, and programs that live on the same host.

use super::{Culprit, EVERY_PATH, by, carrier, content, is_redirect};
use crate::doctor::observed::Seen;
use crate::oauth::text::Shown;
use url::Url;

pub(super) fn nginx(seen: &Seen, _: &Url) -> Option<Culprit> {
    let itself = seen.body.contains("<center>nginx") || seen.body.contains("<center>openresty") || seen.body.contains("Welcome to nginx!");
    if !itself && carrier(seen) != Some("nginx") {
        return None;
    }
    let all =
        "in its server block for this host: location / { proxy_pass http://127.0.0.1:8787; proxy_buffering off; }, and no other location";
    let (what, mend) = match seen.status {
        502..=504 if itself => {
            ("reaches nginx, which reaches no doorward".into(), "point proxy_pass to where doorward listens, and see that doorward runs")
        }
        _ if is_redirect(seen) => return None,
        status if itself && status != 200 => (format!("is answered by nginx itself with status {status}"), all),
        status => (format!("is answered by nginx, or something behind it, with {}, status {status}", content(seen)), all),
    };
    by("nginx", what, mend)
}

pub(super) fn apache(seen: &Seen, _: &Url) -> Option<Culprit> {
    if carrier(seen) != Some("Apache") || is_redirect(seen) {
        return None;
    }
    let mend = "in its VirtualHost: ProxyPass / http://127.0.0.1:8787/ flushpackets=on, and nothing else for this host";
    by("Apache", format!("is answered by Apache, or something behind it, with {}, status {}", content(seen), seen.status), mend)
}

pub(super) fn caddy(seen: &Seen, _: &Url) -> Option<Culprit> {
    if !seen.field("server").eq_ignore_ascii_case("caddy") {
        return None;
    }
    let site = "mcp.example.com { reverse_proxy 127.0.0.1:8787 { flush_interval -1 } }, with your host name and without a path";
    let (what, mend) = match seen.status {
        200 if seen.body.is_empty() => ("is answered by Caddy with an empty page: nothing in its Caddyfile is for this path", site),
        502..=504 => {
            ("reaches Caddy, which reaches no doorward", "point reverse_proxy to where doorward listens, and see that doorward runs")
        }
        _ => ("is answered by Caddy itself", site),
    };
    by("Caddy", format!("{what} (status {})", seen.status), mend)
}

/// Traefik says these, and so do others that are written in Go; of them Traefik is what stands in front of things.
pub(super) fn go_server(seen: &Seen, _: &Url) -> Option<Culprit> {
    let plain = seen.media_type() == "text/plain" && seen.field("server").is_empty();
    let (what, mend) = match (seen.status, seen.body.trim()) {
        (404, "404 page not found") if plain => (
            "matches no router of Traefik's",
            "give the router the rule Host(`…`) alone, without PathPrefix, and the entry point that has TLS",
        ),
        (502, "Bad Gateway") | (504, "Gateway Timeout") if plain => {
            ("reaches Traefik, which reaches no doorward", "point the service's URL to where doorward listens")
        }
        (503, "no available server") if plain => (
            "reaches Traefik, whose service has no server",
            "point the service's URL to where doorward listens; its health check can be /healthz",
        ),
        _ => return None,
    };
    by("Traefik", what, mend)
}

pub(super) fn haproxy(seen: &Seen, _: &Url) -> Option<Culprit> {
    let page = seen.body.contains("No server is available to handle this request.");
    page.then(|| by("HAProxy", "reaches HAProxy, which reaches no doorward", "point the backend's server to where doorward listens"))
        .flatten()
}

/// JSON of somebody else's, and pages whose title is a program's name.
pub(super) fn other_program(seen: &Seen, _: &Url) -> Option<Culprit> {
    if let Some(issuer) = seen.json().and_then(|json| json.get("issuer")?.as_str().map(Shown::new)) {
        let what = format!("is answered by another program, which says it is {issuer}");
        return Some(Culprit { product: None, what, mend: EVERY_PATH.into() });
    }
    let title = seen.title()?;
    let programs = [
        ("Synology", "Synology DSM"),
        ("Home Assistant", "Home Assistant"),
        ("Nextcloud", "Nextcloud"),
        ("Default Site", "Nginx Proxy Manager"),
    ];
    let (_, product) = programs.iter().find(|(word, _)| title.contains(word))?;
    by(product, format!("is answered by {product}, with a page"), EVERY_PATH)
}
