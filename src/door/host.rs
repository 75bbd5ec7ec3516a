//! Which `Host` and `Origin` values are ours (RFC 9110 §7.2, MCP streamable HTTP *security warning*). A page that made a
//! browser resolve its own name to our address still sends its own name: DNS rebinding ends here.

use crate::config::{Config, Issuer};

/// The value of a `Host` field, in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Authority {
    host: String,
    port: Option<u16>,
}

impl Authority {
    /// A name, an IPv4 address or an IPv6 address in brackets, and perhaps a port. No user information.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => (host, Some(port)),
            Some(_) | None => (text, None),
        };
        let port = match port {
            Some(digits) if digits.len() <= 5 && digits.bytes().all(|byte| byte.is_ascii_digit()) => Some(digits.parse().ok()?),
            Some(_) => return None,
            None => None,
        };
        let name = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
        let well_formed = match host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
            None => !host.is_empty() && host.bytes().all(name),
        };
        well_formed.then(|| Self { host: host.to_ascii_lowercase(), port })
    }

    /// This very machine, by name or address, at any port: a local tunnel or proxy may have moved it.
    pub(super) fn is_loopback(&self) -> bool {
        matches!(self.host.as_str(), "localhost" | "127.0.0.1" | "[::1]")
    }

    fn without_default_port(&self, issuer: &Issuer) -> Self {
        let default = if issuer.secure { 443 } else { 80 };
        Self { host: self.host.clone(), port: self.port.filter(|port| *port != default) }
    }
}

/// Under which of our names a request came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Name {
    /// The issuer's host or an alias.
    Public,
    /// Loopback, where that is not the public name.
    Loopback,
}

/// Whether the request is meant for us.
pub(super) fn ours(authority: &Authority, config: &Config) -> Option<Name> {
    let asked = authority.without_default_port(&config.issuer);
    let known = |name: &str| Authority::parse(name).is_some_and(|known| known.without_default_port(&config.issuer) == asked);
    if known(&config.issuer.host) || config.aliases.iter().any(|alias| known(alias)) {
        Some(Name::Public)
    } else {
        authority.is_loopback().then_some(Name::Loopback)
    }
}

/// Whether a browser page at `origin` may call the protected servers. `null` may not: any page can have it.
pub(super) fn may_call(origin: &str, host: &Authority, config: &Config) -> bool {
    let listed = std::iter::once(&config.issuer.origin).chain(&config.allowed_origins).any(|ours| ours.eq_ignore_ascii_case(origin));
    listed || (host.is_loopback() && is_loopback_origin(origin))
}

fn is_loopback_origin(origin: &str) -> bool {
    let authority = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://")).and_then(Authority::parse);
    authority.is_some_and(|authority| authority.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::door::testing;

    fn name(host: &str) -> Option<Name> {
        let mut config = testing::config("https://mcp.example.com");
        config.aliases = vec!["nas.local:8787".into()];
        ours(&Authority::parse(host)?, &config)
    }

    #[test]
    fn our_names_are_known_in_any_case_and_with_the_default_port() {
        for host in ["mcp.example.com", "MCP.Example.com", "mcp.example.com:443", "nas.local:8787"] {
            assert_eq!(name(host), Some(Name::Public), "{host}");
        }
        for host in ["localhost", "LOCALHOST:1", "127.0.0.1:8787", "[::1]", "[::1]:80"] {
            assert_eq!(name(host), Some(Name::Loopback), "{host}");
        }
    }

    #[test]
    fn every_other_name_is_not_ours() {
        for host in [
            "evil.test",
            "mcp.example.com.",
            "mcp.example.com:444",
            "mcp.example.com:80",
            "mcp.example.com.evil.test",
            "xmcp.example.com",
            "nas.local",
            "127.0.0.2",
            "0.0.0.0",
            "localhost.evil.test",
            "localhost.",
            "10.0.0.1",
            "mcp.example.com@evil.test",
            "",
            ":443",
            "[::1",
            "::1",
            "[::1]x",
            "[127.0.0.1]",
            "mcp.example.com:",
            "mcp.example.com:x",
            "mcp.example.com:000443",
            "mcp.example.com:99999",
            "a b",
            "a,b",
            "a/b",
        ] {
            assert_eq!(name(host), None, "{host}");
        }
    }

    #[test]
    fn a_loopback_issuer_is_the_public_name() {
        let config = testing::config("http://127.0.0.1:8787");
        assert_eq!(ours(&Authority::parse("127.0.0.1:8787").unwrap(), &config), Some(Name::Public));
        assert_eq!(ours(&Authority::parse("localhost:8787").unwrap(), &config), Some(Name::Loopback));
    }

    #[test]
    fn only_listed_origins_may_call_and_loopback_ones_only_over_loopback() {
        let mut config = testing::config("https://mcp.example.com");
        config.allowed_origins = vec!["https://app.test".into()];
        let public = Authority::parse("mcp.example.com").unwrap();
        let local = Authority::parse("localhost:8787").unwrap();
        for origin in ["https://mcp.example.com", "https://APP.test"] {
            assert!(may_call(origin, &public, &config) && may_call(origin, &local, &config), "{origin}");
        }
        for origin in ["http://localhost:6274", "http://127.0.0.1", "https://[::1]:1"] {
            assert!(!may_call(origin, &public, &config) && may_call(origin, &local, &config), "{origin}");
        }
        for origin in [
            "https://evil.test",
            "null",
            "",
            "https://mcp.example.com.evil.test",
            "https://mcp.example.com:444",
            "http://mcp.example.com",
            "localhost",
            "http://localhost.evil.test",
            "http://localhost:1/",
            "file://localhost",
            "https://mcp.example.com https://evil.test",
        ] {
            assert!(!may_call(origin, &public, &config) && !may_call(origin, &local, &config), "{origin}");
        }
    }
}
