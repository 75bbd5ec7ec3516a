//! Redirect URIs: which may be registered, and which registered one a request means.
//!
//! They are kept and compared as raw text. A URI is registered only if a URL parser prints exactly what it read, so
//! that no later reader can find another meaning in it. The single freedom is the port of a loopback address.

use super::error::{RedirectProblem, Refusal};
use super::poll;
use super::redirect_rules::RedirectRules;
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};
use url::{Host, Url};

/// Most redirect URIs of one client.
pub const MAX_URIS: usize = 10;
/// Longest redirect URI, in characters.
pub const MAX_LENGTH: usize = 500;

/// Parameters of our answer (RFC 6749 §4.1.2, RFC 9207 §2): a URI that brings its own would let two readers disagree.
const RESPONSE_PARAMETERS: [&str; 12] = [
    "code",
    "state",
    "iss",
    "error",
    "error_description",
    "error_uri",
    "response",
    "access_token",
    "id_token",
    "token_type",
    "expires_in",
    "session_state",
];

/// Who registers. An owner may name hosts of the home network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegisteredBy {
    /// Anybody, over the network.
    Stranger,
    /// A person in charge of this server.
    Owner,
}

/// Where an answer goes, in the terms of the consent page. Part of a stored record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Destination {
    /// A web site.
    Web {
        /// Its host, with the port where it is not 443.
        host: String,
    },
    /// Whatever program listens on this device.
    Loopback {
        /// The port, if the request names one.
        port: Option<u16>,
    },
    /// An application on this device that owns a scheme.
    Application {
        /// Scheme and what follows up to the path, such as `cursor://anysphere.cursor-mcp`.
        address: String,
    },
}

/// Proof that a URI is registered for the client that asked. Made by [`find_registered`] alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisteredRedirect {
    uri: String,
}

impl RegisteredRedirect {
    /// The URI as the request named it, or the only one registered.
    pub fn as_str(&self) -> &str {
        &self.uri
    }

    /// True for our own callback, from which the client fetches the answer.
    pub fn is_polled(&self, issuer: &str) -> bool {
        poll::is_callback(&self.uri, issuer)
    }

    /// Where it leads.
    pub fn destination(&self) -> Destination {
        destination(&self.uri)
    }
}

/// Whether `raw` may be registered under these rules.
///
/// RFC 6749 §3.1.2, RFC 8252 §7, RFC 9700 §2.1.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn registrable(raw: &str, by: RegisteredBy, rules: &RedirectRules) -> Result<(), RedirectProblem> {
    use RedirectProblem as Problem;
    if poll::is_callback(raw, rules.issuer()) {
        return Ok(());
    }
    if raw.chars().count() > MAX_LENGTH {
        return Err(Problem::TooLong);
    }
    if !raw.bytes().all(|byte| byte.is_ascii_graphic() && !b"\\\"<>^`{|}*".contains(&byte)) || hides_controls(raw) {
        return Err(Problem::NotCanonical);
    }
    if raw.contains('#') {
        return Err(Problem::Fragment);
    }
    if authority(raw).contains('@') {
        return Err(Problem::UserInfo);
    }
    let url = Url::parse(raw).map_err(|_| Problem::NotCanonical)?;
    let rootless = url.path() == "/" && url.query().is_none() && url.as_str().strip_suffix('/') == Some(raw);
    if url.as_str() != raw && !rootless || !has_plain_path(&url) {
        return Err(Problem::NotCanonical);
    }
    match url.scheme() {
        "https" => web_host(&url, by)?,
        "http" if loopback(raw).is_some() => (),
        "http" => return Err(Problem::PlainHttp),
        scheme if rules.admit_scheme(scheme) => (),
        _ => return Err(Problem::Scheme),
    }
    listed(raw, by, rules)?;
    // The port of a loopback URI is free, so it says nothing before it is used; there it is looked at again.
    if url.origin().ascii_serialization() == rules.issuer() && loopback(raw).is_none() {
        return Err(Problem::Ourselves);
    }
    let reserved = |name: &str| RESPONSE_PARAMETERS.iter().any(|reserved| name.eq_ignore_ascii_case(reserved));
    if url.query_pairs().any(|(name, _)| reserved(&name)) { Err(Problem::ResponseParameter) } else { Ok(()) }
}

/// The registered URI that a request means (OAuth 2.1 §2.3.1, §4.1.1; RFC 8252 §7.3).
///
/// Byte for byte, except that a loopback URI matches with any port; `localhost`, `127.0.0.1` and `[::1]` never stand
/// for one another. Left out, it means the only one registered. What the owner has since taken off the list is refused
/// like what was never on it.
///
/// # Errors
/// [`Refusal::ParameterMissing`], [`Refusal::RedirectUriUnregistered`] or [`Refusal::RedirectUri`]; all are shown on a
/// page of ours, since there is no address yet that an answer could safely go to.
pub fn find_registered(
    requested: Option<&str>,
    registered: &[String],
    by: RegisteredBy,
    rules: &RedirectRules,
) -> Result<RegisteredRedirect, Refusal> {
    let meant = match (requested, registered) {
        (Some(requested), _) => requested,
        (None, [only]) => only.as_str(),
        (None, _) => return Err(Refusal::ParameterMissing("redirect_uri")),
    };
    let same = |known: &String| known == meant || is_same_loopback(known, meant);
    let polled = poll::is_callback(meant, rules.issuer()) && registered.iter().any(|known| known == meant);
    if !polled && (!registered.iter().any(same) || leads_to(meant, rules.issuer())) {
        return Err(Refusal::RedirectUriUnregistered);
    }
    if !polled {
        listed(meant, by, rules).map_err(Refusal::RedirectUri)?;
    }
    Ok(RegisteredRedirect { uri: meant.to_owned() })
}

/// The owner's rules about hosts and schemes, at registration and again whenever an answer is to go there. They bind
/// strangers: what an owner enters is thereby allowed.
fn listed(raw: &str, by: RegisteredBy, rules: &RedirectRules) -> Result<(), RedirectProblem> {
    let admitted = match (by, destination(raw)) {
        (RegisteredBy::Owner, _) | (RegisteredBy::Stranger, Destination::Loopback { .. }) => true,
        (RegisteredBy::Stranger, Destination::Web { host }) => rules.admit_host(&host),
        (RegisteredBy::Stranger, Destination::Application { .. }) => rules.admit_scheme(raw.split(':').next().unwrap_or_default()),
    };
    if admitted { Ok(()) } else { Err(RedirectProblem::NotListed) }
}

fn leads_to(uri: &str, issuer: &str) -> bool {
    // A server on loopback answers to every loopback name.
    if let (Some(uri), Some(issuer)) = (loopback(uri), loopback(issuer)) {
        return uri.port.unwrap_or(80) == issuer.port.unwrap_or(80);
    }
    uri.strip_prefix(issuer).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']))
}

fn is_same_loopback(known: &str, requested: &str) -> bool {
    match (loopback(known), loopback(requested)) {
        (Some(known), Some(requested)) => known.host == requested.host && known.rest == requested.rest,
        _ => false,
    }
}

struct Loopback<'a> {
    host: &'a str,
    port: Option<u16>,
    rest: &'a str,
}

/// Cuts `http://HOST[:PORT]REST` for the three loopback hosts; nothing for any other spelling.
fn loopback(raw: &str) -> Option<Loopback<'_>> {
    let after_scheme = raw.strip_prefix("http://")?;
    let host = ["localhost", "127.0.0.1", "[::1]"].into_iter().find(|host| after_scheme.starts_with(host))?;
    let after_host = after_scheme.strip_prefix(host)?;
    let (port, rest) = match after_host.strip_prefix(':') {
        None => (None, after_host),
        Some(tail) => {
            let digits = tail.find(|c: char| !c.is_ascii_digit()).map_or(tail, |end| tail.get(..end).unwrap_or_default());
            let port: u16 = digits.parse().ok().filter(|_| !digits.starts_with('0'))?;
            (Some(port), tail.strip_prefix(digits)?)
        }
    };
    let rest = if rest.is_empty() { "/" } else { rest };
    rest.starts_with(['/', '?']).then_some(Loopback { host, port, rest })
}

/// Where a redirect URI leads.
pub fn destination(uri: &str) -> Destination {
    if let Some(loopback) = loopback(uri) {
        return Destination::Loopback { port: loopback.port };
    }
    let host = authority(uri);
    match uri.strip_prefix("https://") {
        Some(_) => Destination::Web { host: host.to_owned() },
        None => {
            let scheme = uri.split(':').next().unwrap_or_default();
            let address = if host.is_empty() { format!("{scheme}:") } else { format!("{scheme}://{host}") };
            Destination::Application { address }
        }
    }
}

/// What stands between `://` and the next `/`, `?` or `#`.
fn authority(raw: &str) -> &str {
    let after = raw.split_once("://").map_or("", |(_, after)| after);
    after.split(['/', '?', '#']).next().unwrap_or_default()
}

fn hides_controls(raw: &str) -> bool {
    percent_decode_str(raw).any(|byte| byte.is_ascii_control())
}

/// No empty first segment, and no segment that some server reads as "here" or "one up", whatever it hides behind.
fn has_plain_path(url: &Url) -> bool {
    let path = url.path().to_ascii_lowercase().replace("%2e", ".").replace("%2f", "/").replace("%5c", "/").replace("%3b", ";");
    let moves = |segment: &str| matches!(segment.split(';').next(), Some("." | ".."));
    !path.starts_with("//") && !path.split('/').any(moves)
}

fn web_host(url: &Url, by: RegisteredBy) -> Result<(), RedirectProblem> {
    let Some(Host::Domain(host)) = url.host() else {
        return if by == RegisteredBy::Owner && url.host().is_some() { Ok(()) } else { Err(RedirectProblem::Host) };
    };
    let labels = host.split('.').count();
    let public = labels >= 2 && !host.ends_with('.') && !host.ends_with(".local") && !host.ends_with(".localhost");
    if public || by == RegisteredBy::Owner { Ok(()) } else { Err(RedirectProblem::Host) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::fixtures::rules;
    use crate::oauth::redirect_rules::RedirectHosts;

    fn register(raw: &str) -> Result<(), RedirectProblem> {
        registrable(raw, RegisteredBy::Stranger, &rules())
    }

    fn find(requested: &str, registered: &str) -> bool {
        find_registered(Some(requested), &[registered.to_owned()], RegisteredBy::Stranger, &rules()).is_ok()
    }

    #[test]
    fn callbacks_of_real_clients_are_accepted() {
        for raw in [
            "https://claude.ai/api/mcp/auth_callback",
            "https://grok.com/connectors-oauth-exchange-code/",
            "http://localhost:8787/callback",
            "http://127.0.0.1/",
            "http://127.0.0.1:33418/",
            "http://[::1]:9/cb",
            "http://localhost",
            "cursor://anysphere.cursor-mcp/oauth/callback",
            "claude://claude.ai/mcp-auth-callback/sdk",
            "com.example.app:/cb",
            "https://insiders.vscode.dev/redirect",
            "https://openwebui.example.net/oauth/clients/mcp:notes/callback",
            "https://client.test/cb?a=1&flag&b=%ff",
        ] {
            assert_eq!(register(raw), Ok(()), "{raw}");
        }
    }

    #[test]
    fn schemes_are_an_allow_list() {
        for raw in [
            "javascript:alert(1)",
            "JaVaScRiPt:alert(1)",
            "data:text/html,x",
            "vbscript:x",
            "blob:https://x.test/1",
            "file:///etc/passwd",
            "about:blank",
            "view-source:https://x.test/",
            "ws://x.test/",
            "ftp://x.test/",
            "mailto:a@x.test",
            "tel:1",
            "intent:x",
            "myapp:/cb",
            "localhost:3000/cb",
            "httpx://client.test",
            "https+x://client.test",
        ] {
            assert!(register(raw).is_err(), "{raw}");
        }
    }

    #[test]
    fn plain_http_is_for_loopback_only_and_look_alikes_are_not_loopback() {
        for raw in [
            "http://client.test/cb",
            "http://192.168.1.5/cb",
            "http://10.0.0.2:3000/cb",
            "http://localhost.evil.test/",
            "http://127.0.0.1.evil.test/",
            "http://localhost@evil.test/",
            "http://127.0.0.1%2f@evil.test/",
            "http://localhost:80@evil.test:80/",
            "http://localhost%2eevil.test/",
            "http://127.1/",
            "http://0x7f.0.0.1/",
            "http://2130706433/",
            "http://127.0.0.2/",
            "http://LOCALHOST/cb",
        ] {
            assert!(register(raw).is_err(), "{raw}");
        }
    }

    #[test]
    fn a_uri_that_a_parser_would_repair_is_refused() {
        for raw in [
            "ht\ntps://good.test/cb",
            " https://good.test/cb",
            "https://good.test/cb ",
            "https://good.test/c b",
            "https://good.test/\u{85}",
            "https://good.test/%00",
            "https://good.test/%0d%0a",
            "https://\u{ff45}xample.test/",
            "https://exa%6dple.test/",
            "https://Good.test/",
            "https://good.test./",
            "https://good.test\\@evil.test/",
            "https:\\\\evil.test",
            "https:/evil.test",
            "https:evil.test",
            "https:///evil.test",
            "//evil.test/cb",
            "/cb",
            "cb",
            "https://good.test:443/",
            "https://good.test:/",
            "https://good.test:0443/",
            "https://good.test:99999/",
            "https://good.test/a/../cb",
            "https://good.test/%2e%2e/cb",
            "https://good.test/a/..;/cb",
            "https://good.test//cb",
            "https://good.test/./cb",
            "cursor://x/../y",
            "https://*.good.test/cb",
            "https://good.test/*",
            "http://localhost:*/cb",
            "https://a@b@evil.test/",
            "https://u:p@good.test/",
            "https://@evil.test/",
            "https://good.test/cb#x",
            "https://good.test/cb#",
            "",
        ] {
            assert!(register(raw).is_err(), "{raw:?}");
        }
    }

    #[test]
    fn strangers_name_public_hosts_and_owners_any() {
        for raw in ["https://203.0.113.9/cb", "https://[2001:db8::1]/cb", "https://nas/cb", "https://nas.local/cb"] {
            assert_eq!(register(raw), Err(RedirectProblem::Host), "{raw}");
            assert_eq!(registrable(raw, RegisteredBy::Owner, &rules()), Ok(()), "{raw}");
        }
    }

    #[test]
    fn parameters_of_our_answer_are_refused_in_any_spelling() {
        for raw in [
            "https://c.test/?code=x",
            "https://c.test/?a=1&STATE=",
            "https://c.test/?%63ode=x",
            "https://c.test/?iss=x",
            "cursor://x/?error=1",
        ] {
            assert_eq!(register(raw), Err(RedirectProblem::ResponseParameter), "{raw}");
        }
    }

    #[test]
    fn an_answer_never_leads_back_to_this_server() {
        assert_eq!(register("https://mcp.example.com/signin"), Err(RedirectProblem::Ourselves));
        let us = "http://127.0.0.1:8787";
        for registered in ["http://127.0.0.1/cb", "http://127.0.0.1:8787/cb"] {
            let registered = [registered.to_owned()];
            assert!(
                find_registered(Some("http://127.0.0.1:8787/cb"), &registered, RegisteredBy::Stranger, &RedirectRules::open(us)).is_err()
            );
            assert!(
                find_registered(Some("http://127.0.0.1:8788/cb"), &registered, RegisteredBy::Stranger, &RedirectRules::open(us)).is_ok()
            );
        }
        assert!(find_registered(None, &["http://127.0.0.1:8787/cb".to_owned()], RegisteredBy::Stranger, &RedirectRules::open(us)).is_err());
        assert!(find_registered(None, &["http://127.0.0.1:8787".to_owned()], RegisteredBy::Stranger, &RedirectRules::open(us)).is_err());
    }

    #[test]
    fn a_loopback_uri_that_happens_to_name_our_port_may_be_registered() {
        assert_eq!(
            registrable("http://localhost:8787/callback", RegisteredBy::Stranger, &RedirectRules::open("http://localhost:8787")),
            Ok(())
        );
    }

    #[test]
    fn length_is_bounded() {
        let fits = format!("https://c.test/{}", "x".repeat(MAX_LENGTH - 15));
        assert_eq!(register(&fits), Ok(()));
        assert_eq!(register(&format!("{fits}x")), Err(RedirectProblem::TooLong));
    }

    #[test]
    fn a_loopback_port_is_free_and_nothing_else_is() {
        let registered = "http://127.0.0.1:7777/cb";
        for port in ["1", "65535", "7777"] {
            assert!(find(&format!("http://127.0.0.1:{port}/cb"), registered));
        }
        assert!(find("http://127.0.0.1/cb", registered));
        for other in [
            "http://127.0.0.1:0/cb",
            "http://127.0.0.1:65536/cb",
            "http://127.0.0.1:080/cb",
            "http://127.0.0.1:+80/cb",
            "http://127.0.0.1:/cb",
            "http://127.0.0.1:99999999999/cb",
            "http://127.0.0.1:\u{ff18}/cb",
            "http://127.0.0.1:7777/cb/",
            "http://127.0.0.1:7777/CB",
            "http://127.0.0.1:7777/cb?x",
            "https://127.0.0.1:7777/cb",
            "http://localhost:7777/cb",
            "http://[::1]:7777/cb",
            "http://127.0.0.2:7777/cb",
            "http://127.0.0.1:7777@evil.test/cb",
            "http://127.0.0.1.evil.test/cb",
            "http://127.0.0.1:7777evil.test/cb",
        ] {
            assert!(!find(other, registered), "{other}");
        }
        assert!(find("http://localhost:3000/", "http://localhost"));
    }

    #[test]
    fn everything_else_is_compared_byte_for_byte() {
        let registered = "https://client.test/cb";
        assert!(find(registered, registered));
        for other in [
            "https://client.test/CB",
            "https://CLIENT.test/cb",
            "https://client.test/cb/",
            "https://client.test/cb?",
            "https://client.test/cb?x=1",
            "https://client.test:443/cb",
            "https://client.test/%63b",
        ] {
            assert!(!find(other, registered), "{other}");
        }
    }

    #[test]
    fn left_out_it_means_the_only_one() {
        let one = ["https://client.test/cb".to_owned()];
        assert_eq!(find_registered(None, &one, RegisteredBy::Stranger, &rules()).unwrap().as_str(), "https://client.test/cb");
        let two = ["https://client.test/a".to_owned(), "https://client.test/b".to_owned()];
        assert_eq!(find_registered(None, &two, RegisteredBy::Stranger, &rules()), Err(Refusal::ParameterMissing("redirect_uri")));
    }

    #[test]
    fn the_page_is_told_where_the_answer_goes() {
        let at = |uri: &str| RegisteredRedirect { uri: uri.into() }.destination();
        assert_eq!(at("https://claude.ai/cb"), Destination::Web { host: "claude.ai".into() });
        assert_eq!(at("http://[::1]:91/cb"), Destination::Loopback { port: Some(91) });
        assert_eq!(at("cursor://anysphere.cursor-mcp/x"), Destination::Application { address: "cursor://anysphere.cursor-mcp".into() });
        assert_eq!(at("com.example.app:/cb"), Destination::Application { address: "com.example.app:".into() });
    }

    #[test]
    fn hosts_and_schemes_off_the_list_are_refused_at_registration_and_at_use() {
        let listed = rules().with(RedirectHosts::Listed, vec!["n8n.home.test".into()], vec!["myapp".into()]);
        let both = |raw: &str, by| {
            let at_registration = registrable(raw, by, &listed);
            let at_use = find_registered(Some(raw), &[raw.to_owned()], by, &listed).map(|_| ());
            assert_eq!(at_registration.map_err(Refusal::RedirectUri), at_use, "{raw}");
            at_registration
        };
        for raw in ["https://claude.ai/anything", "https://n8n.home.test/cb", "http://127.0.0.1:9/cb", "cursor://x/cb", "myapp:/cb"] {
            assert_eq!(both(raw, RegisteredBy::Stranger), Ok(()), "{raw}");
        }
        for raw in ["https://client.test/cb", "https://evil.claude.ai/cb", "https://claude.ai:8443/cb"] {
            assert_eq!(both(raw, RegisteredBy::Stranger), Err(RedirectProblem::NotListed), "{raw}");
            assert_eq!(both(raw, RegisteredBy::Owner), Ok(()), "{raw}");
        }
    }

    #[test]
    fn a_scheme_taken_off_the_list_is_refused_although_it_is_registered() {
        let found = find_registered(Some("myapp:/cb"), &["myapp:/cb".to_owned()], RegisteredBy::Stranger, &rules());
        assert_eq!(found, Err(Refusal::RedirectUri(RedirectProblem::NotListed)));
    }
}
