//! Who answered instead of doorward, and what to change there. Each row knows one product by what it is known to send;
//! the first that fits counts, and the last fits everything.
//!
//! `tests/vectors/doctor/` has an answer of each kind, as it came over the wire.

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
    cloudflare_access,
    cloudflare_rules,
    authelia,
    authentik,
    oauth2_proxy,
    keycloak,
    password,
    ngrok,
    other_program,
    router,
    nginx,
    apache,
    caddy,
    go_server,
    haproxy,
    cloudflare_network,
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

fn cloudflare_access(seen: &Seen, asked: &Url) -> Option<Culprit> {
    let leads_there = target(seen, asked).is_some_and(|url| {
        url.host_str().is_some_and(|host| host.ends_with(".cloudflareaccess.com")) || url.path().starts_with("/cdn-cgi/access/")
    });
    let challenges = seen.field("www-authenticate").starts_with("Cloudflare-Access");
    if !leads_there && !challenges {
        return None;
    }
    let mend = "Cloudflare, Zero Trust, Access, Applications: remove this host name, or add a policy Bypass for everyone";
    by("Cloudflare Access", "is sent to a sign-in page of Cloudflare Access", mend)
}

fn cloudflare_rules(seen: &Seen, _: &Url) -> Option<Culprit> {
    let body = seen.body.as_str();
    let edge_said = carrier(seen) == Some("Cloudflare") && body.contains("error code: 10") && !body.contains("error code: 1033");
    if seen.field("cf-mitigated").is_empty() && !edge_said && !(seen.status == 403 && body.contains("| Cloudflare</title>")) {
        return None;
    }
    let mend = "Cloudflare, Security: switch off Block AI bots and Bot Fight Mode for this host, or add a custom rule Skip for it";
    by("Cloudflare", format!("is turned away by Cloudflare's bot rules (status {})", seen.status), mend)
}

/// Answers of Cloudflare's network about itself: the tunnel, or the way to the origin.
fn cloudflare_network(seen: &Seen, _: &Url) -> Option<Culprit> {
    if carrier(seen) != Some("Cloudflare") {
        return None;
    }
    let (what, mend) = match seen.status {
        530 => (
            "finds no tunnel at Cloudflare",
            "start cloudflared here: cloudflared tunnel run; cloudflared tunnel info NAME says who is connected",
        ),
        502 | 504 | 520..=524 => {
            ("reaches Cloudflare, which reaches no doorward", "point the tunnel's service, or the DNS record, to where doorward listens")
        }
        525 | 526 => {
            ("reaches Cloudflare, which does not trust the certificate behind it", "give the origin a certificate that Cloudflare trusts")
        }
        429 => ("is turned away by Cloudflare: too many requests", "Cloudflare, Security, Rate limiting rules: leave this host out"),
        404 if seen.body.trim().is_empty() => (
            "ends at Cloudflare's tunnel, which has no rule for it",
            "add the host name to the tunnel's ingress rules (or its public hostnames), without a path",
        ),
        _ => return None,
    };
    by("Cloudflare", format!("{what} (status {})", seen.status), mend)
}

fn authelia(seen: &Seen, asked: &Url) -> Option<Culprit> {
    let target = target(seen, asked)?;
    let portal =
        has_parameter(&target, "rd") && (has_parameter(&target, "rm") || target.host_str().is_some_and(|host| host.contains("authelia")));
    portal.then(|| by("Authelia", "is sent to Authelia's sign-in page", NOT_BEFORE_DOORWARD)).flatten()
}

fn authentik(seen: &Seen, asked: &Url) -> Option<Culprit> {
    let there = target(seen, asked).is_some_and(|url| url.path().starts_with("/outpost.goauthentik.io/"));
    let cookie = seen.fields.all("set-cookie").any(|cookie| cookie.starts_with("authentik_"));
    (there || cookie).then(|| by("authentik", "is sent to authentik's sign-in page", NOT_BEFORE_DOORWARD)).flatten()
}

fn oauth2_proxy(seen: &Seen, asked: &Url) -> Option<Culprit> {
    let there = target(seen, asked).is_some_and(|url| ["/oauth2/sign_in", "/oauth2/start"].contains(&url.path()));
    let page =
        seen.body.contains("action=\"/oauth2/start\"") || seen.fields.all("set-cookie").any(|cookie| cookie.starts_with("_oauth2_proxy"));
    (there || page).then(|| by("oauth2-proxy", "is sent to oauth2-proxy's sign-in page", NOT_BEFORE_DOORWARD)).flatten()
}

fn keycloak(seen: &Seen, asked: &Url) -> Option<Culprit> {
    let there = target(seen, asked).is_some_and(|url| url.path().contains("/protocol/openid-connect/auth"));
    there.then(|| by("Keycloak", "is sent to a sign-in page of Keycloak", NOT_BEFORE_DOORWARD)).flatten()
}

/// A password that the proxy itself asks for.
fn password(seen: &Seen, _: &Url) -> Option<Culprit> {
    let asks =
        seen.fields.all("www-authenticate").any(|challenge| challenge.get(..5).is_some_and(|word| word.eq_ignore_ascii_case("basic")));
    let mend = "take the password away from this host (auth_basic, basic_auth, a BasicAuth middleware): clients have one Authorization field, and it is doorward's";
    asks.then(|| Culprit { product: carrier(seen), what: "is asked for a user name and password by the proxy".into(), mend: mend.into() })
}

fn ngrok(seen: &Seen, _: &Url) -> Option<Culprit> {
    match seen.field("ngrok-error-code") {
        "" => None,
        "ERR_NGROK_6024" => {
            by("ngrok", "gets ngrok's warning page", "use a domain of your own, or a paid plan: the free one shows a page first")
        }
        code => by("ngrok", format!("ends at ngrok ({})", Shown::new(code)), "start the tunnel: ngrok http 8787 --url https://YOUR-DOMAIN"),
    }
}

/// JSON of somebody else's, and pages whose title is a program's name.
fn other_program(seen: &Seen, _: &Url) -> Option<Culprit> {
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

/// From inside, many routers answer on the household's own public address themselves.
fn router(seen: &Seen, _: &Url) -> Option<Culprit> {
    let title = seen.title()?;
    let makers = [
        ("FRITZ!Box", "FRITZ!Box"),
        ("OpenWrt", "OpenWrt"),
        ("LuCI", "OpenWrt"),
        ("pfSense", "pfSense"),
        ("OPNsense", "OPNsense"),
        ("UniFi", "UniFi"),
        ("MikroTik", "MikroTik"),
        ("RouterOS", "MikroTik"),
        ("TP-L", "TP-Link router"),
        ("ASUS", "ASUS router"),
        ("NETGEAR", "NETGEAR router"),
        ("Speedport", "Speedport"),
    ];
    let (_, product) = makers.iter().find(|(word, _)| title.contains(word))?;
    let mend = "forward port 443 to the machine that ends TLS; from inside, the router may answer in its place all the same: try from outside, from a phone without Wi-Fi";
    by(product, format!("is answered by the router ({product})"), mend)
}

fn nginx(seen: &Seen, _: &Url) -> Option<Culprit> {
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

fn apache(seen: &Seen, _: &Url) -> Option<Culprit> {
    if carrier(seen) != Some("Apache") || is_redirect(seen) {
        return None;
    }
    let mend = "in its VirtualHost: ProxyPass / http://127.0.0.1:8787/ flushpackets=on, and nothing else for this host";
    by("Apache", format!("is answered by Apache, or something behind it, with {}, status {}", content(seen), seen.status), mend)
}

fn caddy(seen: &Seen, _: &Url) -> Option<Culprit> {
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
fn go_server(seen: &Seen, _: &Url) -> Option<Culprit> {
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

fn haproxy(seen: &Seen, _: &Url) -> Option<Culprit> {
    let page = seen.body.contains("No server is available to handle this request.");
    page.then(|| by("HAProxy", "reaches HAProxy, which reaches no doorward", "point the backend's server to where doorward listens"))
        .flatten()
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
