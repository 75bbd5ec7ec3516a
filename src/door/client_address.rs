//! From which address a request comes: the peer's, or what a trusted proxy says. Nobody else is believed.

use crate::config::Config;
use crate::http::headers::HeaderMap;
use std::net::IpAddr;

/// The right-most address of `X-Forwarded-For` that is not itself a trusted proxy: what stands further left was written
/// by strangers. Anything that is no address on the way there means the peer itself.
pub(super) fn of(peer: IpAddr, headers: &HeaderMap, config: &Config) -> IpAddr {
    let peer = peer.to_canonical();
    let trusted = |address: IpAddr| config.trusted_proxies.iter().any(|network| network.contains(address));
    if !trusted(peer) {
        return peer;
    }
    let hops: Vec<&str> = headers.all("x-forwarded-for").flat_map(|value| value.split(',')).collect();
    let mut client = peer;
    for hop in hops.into_iter().rev() {
        let Ok(address) = hop.trim().parse::<IpAddr>() else { return peer };
        client = address.to_canonical();
        if !trusted(client) {
            break;
        }
    }
    client
}

/// True for a peer whose word about the request counts.
pub(super) fn is_trusted(peer: IpAddr, config: &Config) -> bool {
    config.trusted_proxies.iter().any(|network| network.contains(peer))
}

/// True when somebody on this machine or network passes on what others ask and was not named as a proxy: then all of them
/// have one address, and share what an address may do.
pub(super) fn is_unnamed_proxy(peer: IpAddr, headers: &HeaderMap, config: &Config) -> bool {
    let is_near = match peer.to_canonical() {
        IpAddr::V4(v4) => v4.is_loopback() || v4.is_private() || v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local(),
    };
    is_near && !is_trusted(peer, config) && headers.first("x-forwarded-for").is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Network;
    use crate::door::testing;

    fn client(peer: &str, forwarded: &[&str]) -> String {
        let mut config = testing::config("https://a.test");
        config.trusted_proxies = vec![Network { address: "10.0.0.0".parse().unwrap(), prefix: 8 }];
        let headers = forwarded.iter().map(|value| ("x-forwarded-for", *value)).collect();
        of(peer.parse().unwrap(), &headers, &config).to_string()
    }

    #[test]
    fn strangers_are_not_believed() {
        assert_eq!(client("192.0.2.1", &["9.9.9.9"]), "192.0.2.1");
        assert_eq!(client("::ffff:192.0.2.1", &["9.9.9.9"]), "192.0.2.1");
    }

    #[test]
    fn a_proxy_nearby_that_nobody_named_is_noticed_and_strangers_who_pretend_are_not() {
        let mut config = testing::config("https://a.test");
        config.trusted_proxies = vec![Network { address: "10.0.0.0".parse().unwrap(), prefix: 8 }];
        let forwarded: HeaderMap = [("x-forwarded-for", "203.0.113.7")].into_iter().collect();
        let noticed = |peer: &str, headers: &HeaderMap| is_unnamed_proxy(peer.parse().unwrap(), headers, &config);
        for near in ["127.0.0.1", "::1", "172.18.0.2", "192.168.1.5", "fd00::1", "::ffff:127.0.0.1"] {
            assert!(noticed(near, &forwarded) && !noticed(near, &HeaderMap::new()), "{near}");
        }
        for other in ["10.0.0.1", "203.0.113.7", "2001:db8::1"] {
            assert!(!noticed(other, &forwarded), "{other}");
        }
    }

    #[test]
    fn the_right_most_untrusted_hop_counts() {
        assert_eq!(client("10.0.0.1", &["6.6.6.6, 203.0.113.7"]), "203.0.113.7");
        assert_eq!(client("10.0.0.1", &["6.6.6.6", "203.0.113.7, 10.0.0.2"]), "203.0.113.7");
        assert_eq!(client("::ffff:10.0.0.1", &["::ffff:203.0.113.7"]), "203.0.113.7");
        assert_eq!(client("10.0.0.1", &["10.0.0.3, 10.0.0.2"]), "10.0.0.3");
        assert_eq!(client("10.0.0.1", &[]), "10.0.0.1");
    }

    #[test]
    fn junk_means_the_peer() {
        for junk in ["unknown", "203.0.113.7:80", "[::1]", "", ",", "203.0.113.7,", "_x", "203.0.113.7 x", &"9".repeat(10_000)] {
            assert_eq!(client("10.0.0.1", &[junk]), "10.0.0.1", "{junk}");
        }
    }
}
