//! Who answered instead of doorward, and what to change there. Each row knows one product by what it is known to send;
//! the first that fits counts, and the last fits everything.
//!
//! `tests/vectors/doctor/` has an answer of each kind, as it came over the wire.

mod edge;
mod server;
mod sign_in;

use crate::doctor::observed::Seen;
use crate::oauth::text::Shown;
use url::Url;

/// Who stands in between, in sentences.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Culprit {
    /// Its name, where it can be told.
    pub(super) product: Option<&'static str>,
    /// What it does, as the rest of a sentence that begins with the request.
    pub(super) what: String,
    /// What to change.
    pub(super) mend: String,
}

type Row = fn(&Seen, &Url) -> Option<Culprit>;

/// What stands on the edge comes before what stands behind it: an nginx page that passed through Cloudflare is nginx's.
const ROWS: [Row; 17] = [
    loop_back,
    edge::cloudflare_access,
    edge::cloudflare_rules,
    sign_in::authelia,
    sign_in::authentik,
    sign_in::oauth2_proxy,
    sign_in::keycloak,
    sign_in::password,
    edge::ngrok,
    server::other_program,
    edge::router,
    server::nginx,
    server::apache,
    server::caddy,
    server::go_server,
    server::haproxy,
    edge::cloudflare_network,
];

const NOT_BEFORE_DOORWARD: &str = "clients cannot pass a sign-in page: take it away from this host; doorward asks people to sign in itself";
const EVERY_PATH: &str = "give doorward a host name of its own and send every path of it there, /.well-known/ included";

/// Who answered a request for `asked`.
pub(super) fn culprit(seen: &Seen, asked: &Url) -> Culprit {
    ROWS.iter().find_map(|row| row(seen, asked)).unwrap_or_else(|| somebody(seen))
}

/// The product that an answer of ours, or somebody's, came through.
pub(super) fn carrier(seen: &Seen) -> Option<&'static str> {
    let (server, via) = (seen.field("server").to_ascii_lowercase(), seen.field("via").to_ascii_lowercase());
    let known = [("cloudflare", "Cloudflare"), ("openresty", "nginx"), ("nginx", "nginx"), ("caddy", "Caddy"), ("apache", "Apache")];
    let named = known.iter().find(|(word, _)| server.contains(word) || via.contains(word)).map(|(_, name)| *name);
    named.or_else(|| is_set(seen, "cf-ray").then_some("Cloudflare"))
}

fn by(product: &'static str, what: impl Into<String>, mend: impl Into<String>) -> Option<Culprit> {
    Some(Culprit { product: Some(product), what: what.into(), mend: mend.into() })
}

fn is_set(seen: &Seen, name: &str) -> bool {
    seen.fields.first(name).is_some()
}

/// Where a redirect leads, or where a page that stands for one points.
fn target(seen: &Seen, asked: &Url) -> Option<Url> {
    asked.join(seen.fields.first("location")?).ok()
}

fn is_redirect(seen: &Seen) -> bool {
    (300..=399).contains(&seen.status)
}

fn has_parameter(url: &Url, name: &str) -> bool {
    url.query_pairs().any(|(known, _)| known == name)
}

/// To the very address that was asked, or to the same by http, which comes back: nobody arrives.
fn loop_back(seen: &Seen, asked: &Url) -> Option<Culprit> {
    let target = target(seen, asked).filter(|_| is_redirect(seen))?;
    let same = target.host_str() == asked.host_str() && target.path() == asked.path() && matches!(target.scheme(), "http" | "https");
    if !same {
        return None;
    }
    let what = "is sent back to where it came from, without end";
    let behind = "the proxy behind the one that ends TLS sends http to https once more: switch that off there";
    Some(match carrier(seen) {
        Some("Cloudflare") => Culprit {
            product: Some("Cloudflare"),
            what: what.into(),
            mend: "Cloudflare, SSL/TLS, Overview: choose Full (strict) in place of Flexible; with a tunnel, let it lead to doorward's own address".into(),
        },
        product => Culprit { product, what: what.into(), mend: behind.into() },
    })
}

/// Nobody known. What was seen, in as few words as will let its owner recognise it.
fn somebody(seen: &Seen) -> Culprit {
    let (product, status) = (carrier(seen), seen.status);
    let (what, mend) = match seen.fields.first("location").filter(|_| is_redirect(seen)) {
        Some(location) => (format!("is sent elsewhere, to {} (status {status})", Shown::new(location)), NOT_BEFORE_DOORWARD),
        None => (format!("is answered by something else with {}, status {status}", content(seen)), EVERY_PATH),
    };
    Culprit { product, what, mend: mend.into() }
}

fn content(seen: &Seen) -> String {
    match (seen.title(), seen.media_type().as_str()) {
        (Some(title), _) => format!("the page \"{}\"", Shown::new(title)),
        (None, "text/html") => "a page".to_owned(),
        (None, "") if seen.body.is_empty() => "nothing".to_owned(),
        (None, "") => "something of no stated type".to_owned(),
        (None, media_type) => Shown::new(media_type).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::observed::testing::wire;
    use std::fs;
    use std::path::Path;

    /// Every file, the product that must be named, and words that the sentence must have.
    const KNOWN: [(&str, Option<&str>, &str); 33] = [
        ("apache-404", Some("Apache"), "status 404"),
        ("authelia", Some("Authelia"), "Authelia's sign-in page"),
        ("authelia-401", Some("Authelia"), "Authelia's sign-in page"),
        ("authentik", Some("authentik"), "authentik's sign-in page"),
        ("basic", Some("nginx"), "user name and password"),
        ("caddy-502", Some("Caddy"), "reaches no doorward"),
        ("caddy-empty", Some("Caddy"), "empty page"),
        ("cloudflare-access", Some("Cloudflare Access"), "sign-in page of Cloudflare Access"),
        ("cloudflare-block", Some("Cloudflare"), "bot rules (status 403)"),
        ("cloudflare-challenge", Some("Cloudflare"), "bot rules (status 403)"),
        ("cloudflare-loop", Some("Cloudflare"), "without end"),
        ("cloudflare-origin", Some("Cloudflare"), "reaches no doorward (status 502)"),
        ("cloudflare-tunnel-down", Some("Cloudflare"), "no tunnel"),
        ("cloudflare-tunnel-no-rule", Some("Cloudflare"), "no rule for it"),
        ("fritzbox", Some("FRITZ!Box"), "the router"),
        ("haproxy-503", Some("HAProxy"), "reaches no doorward"),
        ("home-assistant", Some("Home Assistant"), "Home Assistant"),
        ("keycloak", Some("Keycloak"), "sign-in page of Keycloak"),
        ("nginx-404", Some("nginx"), "nginx itself with status 404"),
        ("nginx-502", Some("nginx"), "reaches no doorward"),
        ("nginx-index", Some("nginx"), "the page \"Turbo Notes\""),
        ("nginx-proxy-manager", Some("Nginx Proxy Manager"), "Nginx Proxy Manager"),
        ("nginx-welcome", Some("nginx"), "Welcome to nginx!"),
        ("ngrok-offline", Some("ngrok"), "ERR_NGROK_3200"),
        ("ngrok-warning", Some("ngrok"), "warning page"),
        ("oauth2-proxy", Some("oauth2-proxy"), "oauth2-proxy's sign-in page"),
        ("oauth2-proxy-403", Some("oauth2-proxy"), "oauth2-proxy's sign-in page"),
        ("other-metadata", None, "says it is https://notes.example.com"),
        ("router-openwrt", Some("OpenWrt"), "the router"),
        ("synology", Some("Synology DSM"), "Synology DSM"),
        ("traefik-404", Some("Traefik"), "matches no router"),
        ("traefik-503", Some("Traefik"), "no server"),
        ("unknown-redirect", None, "to https://portal.example.net/login"),
    ];

    fn of(text: &str) -> Culprit {
        culprit(&wire(text), &Url::parse("https://mcp.example.com/mcp").unwrap())
    }

    #[test]
    fn every_answer_that_was_kept_is_known_for_what_it_is() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/doctor");
        let mut files = 0;
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap();
            let (_, product, words) = KNOWN.iter().find(|(known, ..)| *known == name).unwrap_or_else(|| panic!("{name} is in no row"));
            let culprit = of(&fs::read_to_string(&path).unwrap());
            assert_eq!(culprit.product, *product, "{name}: {}", culprit.what);
            assert!(culprit.what.contains(words) && !culprit.mend.is_empty(), "{name}: {}", culprit.what);
            files += 1;
        }
        assert_eq!(files, KNOWN.len());
    }

    #[test]
    fn whatever_comes_is_put_into_words() {
        for text in [
            "HTTP/1.1 200 OK",
            "HTTP/1.1 302 Found\nLocation: \u{7f}\u{1b}[2J",
            "HTTP/1.1 999 X\nContent-Type: x/y\n\n\u{1b}[31m<title>\u{1b}[31m</title>",
        ] {
            let culprit = of(text);
            assert!(!culprit.what.is_empty() && !culprit.what.contains('\u{1b}'), "{text}: {}", culprit.what);
        }
    }

    #[test]
    fn a_redirect_to_http_and_one_to_itself_are_a_loop_and_others_are_not() {
        for location in ["https://mcp.example.com/mcp", "http://mcp.example.com/mcp", "/mcp", "https://MCP.example.com:443/mcp"] {
            assert!(of(&format!("HTTP/1.1 301 Moved\nLocation: {location}")).what.contains("without end"), "{location}");
        }
        for location in ["https://mcp.example.com/mcp/", "https://other.example.com/mcp", "ftp://mcp.example.com/mcp", "::"] {
            assert!(!of(&format!("HTTP/1.1 301 Moved\nLocation: {location}")).what.contains("without end"), "{location}");
        }
    }
}
