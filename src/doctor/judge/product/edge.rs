//! What stands at the edge: Cloudflare, ngrok, and the router of the household.

use super::{Culprit, by, carrier, target};
use crate::doctor::observed::Seen;
use crate::oauth::text::Shown;
use url::Url;

pub(super) fn cloudflare_access(seen: &Seen, asked: &Url) -> Option<Culprit> {
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

pub(super) fn cloudflare_rules(seen: &Seen, _: &Url) -> Option<Culprit> {
    let body = seen.body.as_str();
    let edge_said = carrier(seen) == Some("Cloudflare") && body.contains("error code: 10") && !body.contains("error code: 1033");
    if seen.field("cf-mitigated").is_empty() && !edge_said && !(seen.status == 403 && body.contains("| Cloudflare</title>")) {
        return None;
    }
    let mend = "Cloudflare, Security: switch off Block AI bots and Bot Fight Mode for this host, or add a custom rule Skip for it";
    by("Cloudflare", format!("is turned away by Cloudflare's bot rules (status {})", seen.status), mend)
}

/// Answers of Cloudflare's network about itself: the tunnel, or the way to the origin.
pub(super) fn cloudflare_network(seen: &Seen, _: &Url) -> Option<Culprit> {
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

pub(super) fn ngrok(seen: &Seen, _: &Url) -> Option<Culprit> {
    match seen.field("ngrok-error-code") {
        "" => None,
        "ERR_NGROK_6024" => {
            by("ngrok", "gets ngrok's warning page", "use a domain of your own, or a paid plan: the free one shows a page first")
        }
        code => by("ngrok", format!("ends at ngrok ({})", Shown::new(code)), "start the tunnel: ngrok http 8787 --url https://YOUR-DOMAIN"),
    }
}

/// From inside, many routers answer on the household's own public address themselves.
pub(super) fn router(seen: &Seen, _: &Url) -> Option<Culprit> {
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
