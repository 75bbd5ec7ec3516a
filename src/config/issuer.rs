//! The public URL, which is the issuer.

use super::{ConfigError, Issuer};
use std::net::SocketAddr;
use url::{Host, Url};

/// Decides the issuer: what was configured, or the address that the door is bound to when that is loopback.
pub(super) fn decide(written: Option<&str>, bound: SocketAddr, allow_http: bool) -> Result<Issuer, ConfigError> {
    let Some(text) = written else {
        if bound.ip().is_loopback() {
            return read(&format!("http://{bound}"), allow_http);
        }
        let what = format!("--listen {bound} can be reached by others, but there is no public URL");
        return Err(ConfigError::of_flag(what, "add --public-url https://mcp.example.com, the address that clients will use"));
    };
    read(text, allow_http)
}

pub(super) fn read(text: &str, allow_http: bool) -> Result<Issuer, ConfigError> {
    let hint = "write it like https://mcp.example.com, without a path";
    let url = Url::parse(text).map_err(|_| ConfigError::of_flag(format!("the public URL {text} is not a URL"), hint))?;
    let bare =
        url.path() == "/" && url.query().is_none() && url.fragment().is_none() && url.username().is_empty() && url.password().is_none();
    let Some(host) = url.host_str().filter(|_| bare && !text.contains('@')) else {
        return Err(ConfigError::of_flag(format!("the public URL {text} is more than an origin"), hint));
    };
    let secure = url.scheme() == "https";
    let loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    if !secure && (url.scheme() != "http" || !(loopback || allow_http)) {
        let hint = "use https (a tunnel or a reverse proxy gives you that), or --allow-http for a network you trust";
        return Err(ConfigError::of_flag(format!("the public URL {text} is not https"), hint));
    }
    Ok(Issuer {
        origin: url.origin().ascii_serialization(),
        host: url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")),
        secure,
        warned: !secure && !loopback,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn issuer(text: &str, allow_http: bool) -> Option<(String, String, bool)> {
        read(text, allow_http).ok().map(|issuer| (issuer.origin, issuer.host, issuer.warned))
    }

    #[test]
    fn an_origin_is_kept_without_slash_and_default_port() {
        let plain = Some(("https://mcp.example.com".into(), "mcp.example.com".into(), false));
        assert_eq!(issuer("https://MCP.example.com:443/", false), plain);
        assert_eq!(
            issuer("https://mcp.example.com:8443", false),
            Some(("https://mcp.example.com:8443".into(), "mcp.example.com:8443".into(), false))
        );
        assert_eq!(issuer("http://[::1]:8787", false), Some(("http://[::1]:8787".into(), "[::1]:8787".into(), false)));
    }

    #[test]
    fn plain_http_needs_loopback_or_permission_and_then_warns() {
        assert!(issuer("http://127.0.0.1:8787", false).is_some());
        assert_eq!(issuer("http://192.168.1.5:8787", false), None);
        assert_eq!(issuer("http://192.168.1.5:8787", true), Some(("http://192.168.1.5:8787".into(), "192.168.1.5:8787".into(), true)));
    }

    #[test]
    fn more_than_an_origin_is_refused() {
        for text in [
            "https://h.test/path",
            "https://h.test/?q",
            "https://h.test/#f",
            "https://u@h.test",
            "https://@h.test",
            "ftp://h.test",
            "h.test",
            "",
        ] {
            assert_eq!(issuer(text, true), None, "{text}");
        }
    }

    #[test]
    fn an_address_that_others_reach_needs_a_public_url() {
        assert!(decide(None, "0.0.0.0:8787".parse().unwrap(), false).is_err());
        assert_eq!(decide(None, "127.0.0.1:1234".parse().unwrap(), false).unwrap().origin, "http://127.0.0.1:1234");
    }
}
