//! The public URL as it is written, and the addresses that its name stands for.
//!
//! Names are looked up by this machine's resolver. A resolver outside may say something else (split horizon), which
//! nothing in here can see; the sentences say whose word it is.

use crate::doctor::finding::Finding;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use url::{Host, Url};

/// Who can reach an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    Everybody,
    ThisMachine,
    /// RFC 1918, RFC 4193.
    ThisNetwork,
    /// RFC 6598: behind the provider's own translation, and what Tailscale gives its machines.
    ThisProvider,
    /// RFC 3927, RFC 4291 §2.5.6.
    ThisLink,
    /// Kept for documentation, multicast, tests and other ends.
    Nobody,
}

impl Reach {
    fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(v4) => Self::of_v4(v4),
            IpAddr::V6(v6) => Self::of_v6(v6),
        }
    }

    fn of_v4(address: Ipv4Addr) -> Self {
        match address.octets() {
            [127, ..] => Self::ThisMachine,
            _ if address.is_private() => Self::ThisNetwork,
            [100, 64..=127, ..] => Self::ThisProvider,
            [169, 254, ..] => Self::ThisLink,
            // IANA special-purpose registry: this network, protocol assignments, documentation, benchmarks, multicast, reserved.
            [0 | 224..=255, ..] | [192, 0, 0 | 2, _] | [198, 18 | 19, ..] | [198, 51, 100, _] | [203, 0, 113, _] => Self::Nobody,
            _ => Self::Everybody,
        }
    }

    fn of_v6(address: Ipv6Addr) -> Self {
        match address.segments() {
            [0, 0, 0, 0, 0, 0, 0, 1] => Self::ThisMachine,
            [0xfc00..=0xfdff, ..] => Self::ThisNetwork,
            [0xfe80..=0xfebf, ..] => Self::ThisLink,
            [0x2001, 0xdb8, ..] => Self::Nobody,
            [0x2000..=0x3fff, ..] => Self::Everybody,
            _ => Self::Nobody,
        }
    }

    fn told(self) -> &'static str {
        match self {
            Self::Everybody => "public",
            Self::ThisMachine => "this machine alone",
            Self::ThisNetwork => "a private address",
            Self::ThisProvider => "a shared address (CGNAT or Tailscale)",
            Self::ThisLink => "an address of this link alone",
            Self::Nobody => "an address that nobody has",
        }
    }
}

/// The URL itself.
pub(in crate::doctor) fn url(url: &Url) -> Finding {
    let id = "url";
    let told = format!("the public URL is {}", url.origin().ascii_serialization());
    let reach = match url.host() {
        Some(Host::Ipv4(v4)) => Some(Reach::of_v4(v4)),
        Some(Host::Ipv6(v6)) => Some(Reach::of_v6(v6)),
        Some(Host::Domain(_)) | None => None,
    };
    if reach == Some(Reach::ThisMachine) || url.host_str() == Some("localhost") {
        return Finding::note(id, format!("{told}: only programs on this machine can use it"))
            .hint("for clients elsewhere: --public-url https://YOUR-HOST, and a tunnel or a proxy in front");
    }
    if url.scheme() != "https" {
        let hint = "hosted clients (Claude, ChatGPT) refuse http, and everybody in between can read along: put TLS in front";
        return Finding::warning(id, format!("{told}, without TLS"), hint);
    }
    if reach.is_some() {
        let hint = "give it a name: hosted clients refuse addresses, and certificates for them are rare";
        return Finding::warning(id, format!("{told}, an address and no name"), hint);
    }
    match url.port() {
        Some(port) => {
            let hint = "Claude connects to port 443 and to no other: publish it there";
            Finding::warning(id, format!("{told}, with port {port}"), hint)
        }
        None => Finding::ok(id, told),
    }
}

/// What the name stands for; nothing where it stands for nothing.
pub(in crate::doctor) fn names(host: &str, addresses: &[IpAddr]) -> Finding {
    let id = "dns";
    let list: Vec<String> = addresses.iter().map(IpAddr::to_string).collect();
    let told = format!("{host} is {}, says this machine's resolver", list.join(", "));
    let odd = addresses.iter().map(|address| (address, Reach::of(*address))).find(|(_, reach)| *reach != Reach::Everybody);
    if addresses.is_empty() {
        let hint = format!("make an A record for it at whoever serves the domain; dig +short {host} @1.1.1.1 asks from outside");
        return Finding::failure(id, format!("{host} has no address, says this machine's resolver"), hint);
    }
    if let Some((address, reach)) = odd {
        let tailnet = reach == Reach::ThisProvider && host.ends_with(".ts.net");
        let hint = if tailnet {
            "this is the address inside your tailnet; the world sees another one if Funnel is on: tailscale funnel status".to_owned()
        } else {
            format!(
                "hosted clients come from outside and give up without a word if they see it, too; ask a resolver outside: dig +short {host} @1.1.1.1"
            )
        };
        let sentence = format!("{told}; {address} is {}", reach.told());
        return Finding::warning(id, sentence, hint).by(tailnet.then_some("Tailscale"));
    }
    if addresses.iter().all(IpAddr::is_ipv6) {
        return Finding::warning(id, format!("{told}, and no IPv4 address"), "make an A record, too: some hosted clients have IPv4 alone");
    }
    Finding::ok(id, told)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::finding::State;

    fn of_url(text: &str) -> (State, String) {
        let finding = url(&Url::parse(text).unwrap());
        (finding.state, finding.sentence)
    }

    fn of_names(host: &str, list: &[&str]) -> Finding {
        names(host, &list.iter().map(|text| text.parse().unwrap()).collect::<Vec<_>>())
    }

    #[test]
    fn an_https_name_on_its_own_port_is_as_it_should_be_and_nothing_else_is() {
        assert_eq!(of_url("https://mcp.example.com"), (State::Ok, "the public URL is https://mcp.example.com".into()));
        for (text, state, words) in [
            ("https://mcp.example.com:8443", State::Warning, "with port 8443"),
            ("http://nas.local:8787", State::Warning, "without TLS"),
            ("https://93.184.216.34", State::Warning, "no name"),
            ("https://[2606:2800:21f::1]", State::Warning, "no name"),
            ("http://127.0.0.1:8787", State::Note, "only programs on this machine"),
            ("http://localhost:8787", State::Note, "only programs on this machine"),
            ("https://[::1]", State::Note, "only programs on this machine"),
        ] {
            let (found, sentence) = of_url(text);
            assert!(found == state && sentence.contains(words), "{text}: {sentence}");
        }
    }

    #[test]
    fn public_addresses_are_fine_if_one_is_of_the_old_kind() {
        let finding = of_names("h.test", &["93.184.216.34", "2606:2800:21f::1"]);
        assert_eq!((finding.state, finding.hint), (State::Ok, None));
        assert_eq!(finding.sentence, "h.test is 93.184.216.34, 2606:2800:21f::1, says this machine's resolver");
        assert!(of_names("h.test", &["2606:2800:21f::1"]).sentence.ends_with("no IPv4 address"));
        assert_eq!(of_names("h.test", &["2606:2800:21f::1"]).state, State::Warning);
    }

    #[test]
    fn a_name_without_an_address_keeps_everybody_out() {
        assert_eq!(of_names("h.test", &[]).state, State::Failure);
    }

    #[test]
    fn one_address_that_the_world_cannot_reach_is_told_by_its_kind() {
        for (address, words) in [
            ("192.168.178.20", "192.168.178.20 is a private address"),
            ("10.0.0.1", "private"),
            ("172.31.255.255", "private"),
            ("100.64.0.1", "CGNAT"),
            ("100.127.255.254", "CGNAT"),
            ("169.254.1.1", "this link"),
            ("127.0.1.1", "this machine"),
            ("0.0.0.0", "nobody"),
            ("198.18.0.1", "nobody"),
            ("203.0.113.9", "nobody"),
            ("255.255.255.255", "nobody"),
            ("::1", "this machine"),
            ("fd00::1", "private"),
            ("fe80::1", "this link"),
            ("2001:db8::1", "nobody"),
            ("::ffff:10.1.2.3", "private"),
            ("ff02::1", "nobody"),
        ] {
            let finding = of_names("h.test", &["93.184.216.34", address]);
            assert!(finding.state == State::Warning && finding.sentence.contains(words), "{address}: {}", finding.sentence);
            assert!(finding.hint.unwrap().contains("@1.1.1.1"));
        }
        for address in ["100.63.255.255", "100.128.0.1", "172.32.0.1", "9.255.255.255", "2606:4700::1111", "198.20.0.1"] {
            assert_eq!(of_names("h.test", &["1.1.1.1", address]).state, State::Ok, "{address}");
        }
    }

    #[test]
    fn inside_a_tailnet_the_hint_speaks_of_funnel() {
        let finding = of_names("nas.tail1234.ts.net", &["100.101.102.103"]);
        assert_eq!(finding.product, Some("Tailscale"));
        assert!(finding.hint.unwrap().contains("tailscale funnel status"));
        assert_eq!(of_names("nas.example.com", &["100.101.102.103"]).product, None);
    }
}
