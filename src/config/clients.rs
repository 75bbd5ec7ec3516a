//! Where answers may go, and which clients are trusted with what: the table `[clients]`.

use super::{ConfigError, Issuer, raw};
use crate::oauth::client::ClientKinds;
use crate::oauth::redirect_rules::{RedirectHosts, RedirectRules};
use url::{Host, Url};

/// Schemes that browsers act on themselves: an answer under one of them is not an answer to an application.
const ACTIVE_SCHEMES: [&str; 16] = [
    "about",
    "blob",
    "chrome",
    "data",
    "feed",
    "file",
    "filesystem",
    "ftp",
    "http",
    "https",
    "intent",
    "jar",
    "javascript",
    "vbscript",
    "view-source",
    "ws",
];

/// What an owner decided about clients.
#[derive(Clone, Debug)]
pub struct Clients {
    /// Where answers may go.
    pub redirects: RedirectRules,
    /// Whether a user may let a well-known client in again under an id that is not known here.
    pub adopt_known: bool,
    /// Which kinds of clients there may be.
    pub kinds: ClientKinds,
}

impl Clients {
    /// What holds where an owner decided nothing.
    pub fn undecided(issuer: &str) -> Self {
        Self { redirects: RedirectRules::open(issuer), adopt_known: true, kinds: ClientKinds::All }
    }
}

/// Decides `[clients]`.
pub(super) fn decide(written: &raw::Clients, issuer: &Issuer) -> Result<Clients, ConfigError> {
    let hosts = match written.redirect_hosts.as_deref() {
        None | Some("open") => RedirectHosts::Open,
        Some("listed") => RedirectHosts::Listed,
        Some(other) => {
            return Err(ConfigError::new(
                format!("redirect_hosts = \"{other}\" says nothing"),
                "write \"open\" for every https host, or \"listed\" for known hosts and those in allowed_hosts",
            ));
        }
    };
    let allowed_hosts = written.allowed_hosts.iter().map(|text| host(text, "allowed_hosts")).collect::<Result<_, _>>()?;
    let without_pkce = written.without_pkce.iter().map(|text| host(text, "without_pkce")).collect::<Result<_, _>>()?;
    let allowed_schemes = written.allowed_schemes.iter().map(|text| scheme(text)).collect::<Result<_, _>>()?;
    Ok(Clients {
        redirects: RedirectRules::open(&issuer.origin).with(hosts, allowed_hosts, allowed_schemes).without_pkce(without_pkce),
        adopt_known: written.adopt_known.unwrap_or(true),
        kinds: if written.public_only { ClientKinds::PublicOnly } else { ClientKinds::All },
    })
}

/// A host as it stands in an https URL.
fn host(text: &str, setting: &str) -> Result<String, ConfigError> {
    let url = Url::parse(&format!("https://{text}/")).ok();
    let plain = url.filter(|url| {
        url.as_str() == format!("https://{text}/") && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:".contains(&byte))
    });
    let named = plain.is_some_and(|url| matches!(url.host(), Some(Host::Domain(name)) if name.contains('.')));
    if named {
        return Ok(text.to_owned());
    }
    Err(ConfigError::new(
        format!("{setting} names {text}, which is no host"),
        "write it like \"n8n.example.com\", in lower case and without https://",
    ))
}

fn scheme(text: &str) -> Result<String, ConfigError> {
    let form = text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"+-.".contains(&byte));
    if form && text.starts_with(|first: char| first.is_ascii_lowercase()) && !ACTIVE_SCHEMES.contains(&text) {
        return Ok(text.to_owned());
    }
    Err(ConfigError::new(
        format!("allowed_schemes names {text}, under which no application receives answers"),
        "write the scheme alone, like \"myapp\"",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decided(toml: &str) -> Result<Clients, ConfigError> {
        let issuer = super::super::issuer::decide(Some("https://mcp.example.com"), "127.0.0.1:8787".parse().unwrap(), false)?;
        decide(&toml::from_str(toml).unwrap(), &issuer)
    }

    #[test]
    fn every_host_is_open_and_known_clients_come_back_unless_an_owner_says_otherwise() {
        let clients = decided("").unwrap();
        assert_eq!(clients.redirects, RedirectRules::open("https://mcp.example.com"));
        assert!(clients.adopt_known);
        assert!(!decided("adopt_known = false").unwrap().adopt_known);
        assert_eq!((clients.kinds, decided("public_only = true").unwrap().kinds), (ClientKinds::All, ClientKinds::PublicOnly));
    }

    #[test]
    fn a_list_is_read_with_what_the_owner_adds() {
        let toml =
            "redirect_hosts = \"listed\"\nallowed_hosts = [\"n8n.example.com\", \"files.example.com:8443\"]\nallowed_schemes = [\"myapp\"]";
        let rules = decided(toml).unwrap().redirects;
        assert!(rules.admit_host("n8n.example.com") && rules.admit_host("files.example.com:8443") && rules.admit_host("claude.ai"));
        assert!(!rules.admit_host("client.test") && rules.admit_scheme("myapp"));
    }

    #[test]
    fn hosts_without_pkce_are_named_one_by_one_and_never_this_device() {
        assert!(decided("").unwrap().redirects.hosts_without_pkce().is_empty());
        assert!(decided("without_pkce = [\"old.example.com\"]").unwrap().redirects.is_without_pkce("old.example.com"));
        for host in ["localhost", "127.0.0.1", "[::1]", "*", "*.example.com", "https://old.example.com", "myapp", ""] {
            assert!(decided(&format!("without_pkce = [\"{host}\"]")).is_err(), "{host}");
        }
    }

    #[test]
    fn what_is_no_host_and_no_scheme_stops_the_start() {
        for host in
            ["https://a.test", "a.test/", "A.test", "a b.test", "*.test.example", "localhost", "127.0.0.1", "u@a.test", "a.test:443", ""]
        {
            assert!(decided(&format!("allowed_hosts = [\"{host}\"]")).is_err(), "{host}");
        }
        for scheme in ["javascript", "data", "file", "http", "https", "MyApp", "my app", "my:", "1x", ""] {
            assert!(decided(&format!("allowed_schemes = [\"{scheme}\"]")).is_err(), "{scheme}");
        }
        assert!(decided("redirect_hosts = \"closed\"").is_err());
    }
}
