//! The way to the host: a connection, TLS, and what plain http does.

use super::product::{carrier, culprit};
use super::{tls_told, told};
use crate::clock::UnixTime;
use crate::doctor::finding::Finding;
use crate::doctor::observed::{Attempt, CertificateText, SeenTls, TlsTrouble, Trouble};
use crate::oauth::text::Shown;
use core::net::SocketAddr;
use url::Url;

/// A certificate that ends within this is not being renewed, or late.
const RENEWED_BEFORE: u64 = 14 * 24 * 60 * 60;

/// Each address, and what connecting to it came to.
pub(in crate::doctor) fn connections(tried: &[(SocketAddr, Result<(), Trouble>)]) -> Finding {
    let id = "connect";
    let good: Vec<String> = tried.iter().filter(|(_, came)| came.is_ok()).map(|(address, _)| address.to_string()).collect();
    let bad = tried.iter().find_map(|(address, came)| came.as_ref().err().map(|trouble| (address, trouble)));
    let Some((address, trouble)) = bad else { return Finding::ok(id, format!("{} can be connected to", good.join(" and "))) };
    let sentence = format!("a connection to {address} {}", told(trouble).0);
    if good.is_empty() {
        let inside = "many routers do not lead to their own public address from inside; try from outside, from a phone without Wi-Fi";
        return Finding::failure(id, sentence, format!("{}; {inside}", told(trouble).1));
    }
    let family = if address.is_ipv6() { "AAAA" } else { "A" };
    let hint = format!("mend it or remove the {family} record: some clients try this address first, and some no other");
    Finding::warning(id, format!("{sentence}; {} can be connected to", good.join(" and ")), hint)
}

/// The TLS connection, and what could be read of the certificate.
pub(in crate::doctor) fn tls(host: &str, came: &Result<SeenTls, Trouble>, text: &CertificateText, now: UnixTime) -> Finding {
    let id = "tls";
    match came {
        Ok(SeenTls { ends_at: Some(end) }) if *end < now.0 + RENEWED_BEFORE => {
            let days = end.saturating_sub(now.0) / 86_400;
            let hint = "see why it is not renewed: what ends TLS usually does that a month before";
            Finding::warning(id, format!("the certificate of {host} ends in {days} days"), hint)
        }
        Ok(SeenTls { ends_at: Some(end) }) => {
            let days = end.saturating_sub(now.0) / 86_400;
            Finding::ok(id, format!("the certificate is for {host}, trusted, and good for {days} days"))
        }
        Ok(SeenTls { ends_at: None }) => Finding::ok(id, format!("the certificate is for {host} and trusted")),
        Err(Trouble::Tls(trouble)) => {
            let (product, hint) = certificate_mend(trouble, text);
            Finding::failure(id, format!("{host} cannot be reached by TLS: {}", tls_told(trouble)), hint).by(product)
        }
        Err(trouble) => {
            let (what, hint) = told(trouble);
            Finding::failure(id, format!("a TLS connection to {host} {what}"), hint)
        }
    }
}

/// Programs that make a certificate themselves put their name into it.
fn certificate_mend(trouble: &TlsTrouble, text: &str) -> (Option<&'static str>, &'static str) {
    let makers = [
        (
            "traefik.default",
            "Traefik",
            "Traefik has no certificate for this name: give the router tls.certresolver, or see why the resolver failed in Traefik's log",
        ),
        (
            "TRAEFIK DEFAULT CERT",
            "Traefik",
            "Traefik has no certificate for this name: give the router tls.certresolver, or see why the resolver failed in Traefik's log",
        ),
        (
            "Caddy Local Authority",
            "Caddy",
            "Caddy uses its own authority: remove tls internal, and let it reach the outside on port 80 or 443 to get a public certificate",
        ),
        (
            "CloudFlare Origin",
            "Cloudflare",
            "this certificate is for Cloudflare's eyes alone: switch the DNS record to proxied (the orange cloud)",
        ),
        ("Kubernetes Ingress Controller Fake Certificate", "nginx", "the ingress has no certificate for this name: see its tls section"),
        (
            "fritz.box",
            "FRITZ!Box",
            "the router answers: forward port 443 to the machine that ends TLS; from inside it may answer all the same, so try from outside",
        ),
        (
            "FRITZ!Box",
            "FRITZ!Box",
            "the router answers: forward port 443 to the machine that ends TLS; from inside it may answer all the same, so try from outside",
        ),
        ("synology", "Synology DSM", "Synology DSM answers with its own certificate: assign one for this name under Security, Certificate"),
    ];
    if let Some((_, product, mend)) = makers.iter().find(|(word, ..)| text.contains(word)) {
        return (Some(product), mend);
    }
    let mend = match trouble {
        TlsTrouble::WrongName(_) => "give what ends TLS a certificate for this very name",
        TlsTrouble::Expired => "renew it, and see why that does not happen by itself",
        TlsTrouble::NotYetValid => "see that the clocks of both machines are right",
        TlsTrouble::UnknownIssuer => {
            "use a certificate of a public authority (Let's Encrypt, a tunnel), and serve it with its intermediate; for an authority of your own: --ca-file FILE"
        }
        TlsTrouble::NotTls => "put TLS on this port, or the right port into the public URL",
        TlsTrouble::Other(_) => "look at the log of what ends TLS",
    };
    (None, mend)
}

/// What `http://` on port 80 does for a host that has https.
pub(in crate::doctor) fn plain_http(asked: &Url, came: &Attempt) -> Finding {
    let id = "http";
    let seen = match came {
        Ok(seen) => seen,
        Err(Trouble::Refused | Trouble::Slow | Trouble::Unreachable | Trouble::Closed) => {
            return Finding::ok(id, "nothing answers by plain http on port 80, which nobody needs");
        }
        Err(trouble) => return Finding::note(id, format!("plain http {}", told(trouble).0)),
    };
    let target =
        seen.fields.first("location").and_then(|location| asked.join(location).ok()).filter(|_| (300..=399).contains(&seen.status));
    match target {
        Some(target) if target.scheme() == "https" && target.host_str() == asked.host_str() => Finding::ok(id, "plain http leads to https"),
        Some(target) if target.scheme() == "http" && target == *asked => {
            let who = culprit(seen, asked);
            Finding::warning(id, format!("plain http {}", who.what), who.mend).by(who.product)
        }
        Some(target) => {
            let host = Shown::new(target.host_str().unwrap_or_default());
            Finding::warning(id, format!("plain http leads to {host}"), "let it lead to https on the same host").by(carrier(seen))
        }
        None => {
            let sentence = format!("plain http is answered (status {}) without leading to https", seen.status);
            Finding::warning(id, sentence, "let port 80 redirect to https: what is sent in the clear can be read").by(carrier(seen))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::finding::State;
    use crate::doctor::observed::testing::wire;

    const NOW: UnixTime = UnixTime(1_800_000_000);

    fn tried(list: &[(&str, Result<(), Trouble>)]) -> Finding {
        connections(&list.iter().map(|(address, came)| (address.parse().unwrap(), came.clone())).collect::<Vec<_>>())
    }

    #[test]
    fn one_dead_address_of_two_is_a_warning_and_all_of_them_a_failure() {
        assert_eq!(tried(&[("93.184.216.34:443", Ok(())), ("[2606::1]:443", Ok(()))]).state, State::Ok);
        let half = tried(&[("93.184.216.34:443", Ok(())), ("[2606::1]:443", Err(Trouble::Slow))]);
        assert!(half.state == State::Warning && half.hint.unwrap().contains("AAAA record"));
        let none = tried(&[("93.184.216.34:443", Err(Trouble::Refused))]);
        assert_eq!((none.state, none.sentence.as_str()), (State::Failure, "a connection to 93.184.216.34:443 finds nobody listening"));
        assert!(none.hint.unwrap().contains("without Wi-Fi"));
    }

    fn of_tls(trouble: TlsTrouble, text: &str) -> Finding {
        tls("h.test", &Err(Trouble::Tls(trouble)), &text.to_owned(), NOW)
    }

    #[test]
    fn a_certificate_near_its_end_is_told_before_clients_see_it() {
        let ending = |days: u64| tls("h.test", &Ok(SeenTls { ends_at: Some(NOW.0 + days * 86_400) }), &String::new(), NOW);
        assert_eq!((ending(13).state, ending(14).state), (State::Warning, State::Ok));
        assert!(ending(60).sentence.contains("good for 60 days"));
        assert_eq!(tls("h.test", &Ok(SeenTls { ends_at: None }), &String::new(), NOW).state, State::Ok);
    }

    #[test]
    fn who_made_a_certificate_is_named_by_what_stands_in_it() {
        for (text, product) in [
            ("..U\u{4}..TRAEFIK DEFAULT CERT0..", Some("Traefik")),
            ("4e.8a.traefik.default", Some("Traefik")),
            ("Caddy Local Authority - ECC Intermediate", Some("Caddy")),
            ("CloudFlare Origin SSL Certificate Authority", Some("Cloudflare")),
            ("fritz.box", Some("FRITZ!Box")),
            ("Let's Encrypt", None),
        ] {
            assert_eq!(of_tls(TlsTrouble::UnknownIssuer, text).product, product, "{text}");
        }
    }

    #[test]
    fn the_names_of_a_wrong_certificate_are_shown_harmlessly() {
        let finding = of_tls(TlsTrouble::WrongName(vec!["other.test".into(), "\u{1b}[2J".into()]), "");
        assert!(finding.sentence.contains("other.test") && !finding.sentence.contains('\u{1b}'), "{}", finding.sentence);
        assert_eq!(finding.state, State::Failure);
    }

    #[test]
    fn plain_http_may_be_closed_or_lead_to_https_and_nothing_else() {
        let asked = Url::parse("http://mcp.example.com/").unwrap();
        let of = |text: &str| plain_http(&asked, &Ok(wire(text)));
        assert_eq!(plain_http(&asked, &Err(Trouble::Refused)).state, State::Ok);
        assert_eq!(of("HTTP/1.1 308 X\nLocation: https://mcp.example.com/\nServer: Caddy").state, State::Ok);
        for text in
            ["HTTP/1.1 200 OK", "HTTP/1.1 301 X\nLocation: http://mcp.example.com/", "HTTP/1.1 302 X\nLocation: https://login.test/"]
        {
            assert_eq!(of(text).state, State::Warning, "{text}");
        }
    }
}
