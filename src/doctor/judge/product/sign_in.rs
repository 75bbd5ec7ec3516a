//! Sign-in pages that are put in front of other programs.

use super::{Culprit, NOT_BEFORE_DOORWARD, by, carrier, has_parameter, target};
use crate::doctor::observed::Seen;
use url::Url;

pub(super) fn authelia(seen: &Seen, asked: &Url) -> Option<Culprit> {
    let target = target(seen, asked)?;
    let portal =
        has_parameter(&target, "rd") && (has_parameter(&target, "rm") || target.host_str().is_some_and(|host| host.contains("authelia")));
    portal.then(|| by("Authelia", "is sent to Authelia's sign-in page", NOT_BEFORE_DOORWARD)).flatten()
}

pub(super) fn authentik(seen: &Seen, asked: &Url) -> Option<Culprit> {
    let there = target(seen, asked).is_some_and(|url| url.path().starts_with("/outpost.goauthentik.io/"));
    let cookie = seen.fields.all("set-cookie").any(|cookie| cookie.starts_with("authentik_"));
    (there || cookie).then(|| by("authentik", "is sent to authentik's sign-in page", NOT_BEFORE_DOORWARD)).flatten()
}

pub(super) fn oauth2_proxy(seen: &Seen, asked: &Url) -> Option<Culprit> {
    let there = target(seen, asked).is_some_and(|url| ["/oauth2/sign_in", "/oauth2/start"].contains(&url.path()));
    let page =
        seen.body.contains("action=\"/oauth2/start\"") || seen.fields.all("set-cookie").any(|cookie| cookie.starts_with("_oauth2_proxy"));
    (there || page).then(|| by("oauth2-proxy", "is sent to oauth2-proxy's sign-in page", NOT_BEFORE_DOORWARD)).flatten()
}

pub(super) fn keycloak(seen: &Seen, asked: &Url) -> Option<Culprit> {
    let there = target(seen, asked).is_some_and(|url| url.path().contains("/protocol/openid-connect/auth"));
    there.then(|| by("Keycloak", "is sent to a sign-in page of Keycloak", NOT_BEFORE_DOORWARD)).flatten()
}

/// A password that the proxy itself asks for.
pub(super) fn password(seen: &Seen, _: &Url) -> Option<Culprit> {
    let asks =
        seen.fields.all("www-authenticate").any(|challenge| challenge.get(..5).is_some_and(|word| word.eq_ignore_ascii_case("basic")));
    let mend = "take the password away from this host (auth_basic, basic_auth, a BasicAuth middleware): clients have one Authorization field, and it is doorward's";
    asks.then(|| Culprit { product: carrier(seen), what: "is asked for a user name and password by the proxy".into(), mend: mend.into() })
}
