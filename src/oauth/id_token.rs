//! ID tokens (OpenID Connect Core §2) and the claims of `/userinfo` (§5.3): who signed in, told to a client that asked with
//! the scope `openid`. They are for clients that want a name to show; no server here takes one for an access token.

use super::bearer;
use super::connection::{Standing, StandingGrant};
use super::error::Refusal;
use super::ids::ClientId;
use super::scope::{EMAIL, OPENID, PROFILE, Scope};
use super::secret::{AccessToken, Secret};
use super::signing_key::PublicKey;
use super::token_policy;
use super::user::User;
use crate::clock::UnixTime;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::time::Duration;

/// How long an ID token is to be believed.
pub const LIFETIME: Duration = Duration::from_secs(60 * 60);
/// Every claim there can be (OpenID Connect Discovery §3).
pub const CLAIMS: [&str; 12] =
    ["iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "at_hash", "preferred_username", "name", "email", "email_verified"];

/// The sign-in behind a request, and what the request wants to see again. A stored record: frozen once released.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authentication {
    /// `auth_time`.
    pub at: UnixTime,
    /// `nonce`, given back as it came.
    pub nonce: Option<String>,
}

/// What an ID token says.
pub struct IdToken<'a> {
    /// `iss`.
    pub issuer: &'a str,
    /// `aud`.
    pub client: &'a ClientId,
    /// Who signed in.
    pub user: &'a User,
    /// What was granted.
    pub scope: &'a Scope,
    /// The access token that comes with it.
    pub access: &'a Secret<AccessToken>,
    /// `auth_time`.
    pub authenticated_at: UnixTime,
    /// `nonce`; only with a code (OpenID Connect Core §12.2).
    pub nonce: Option<&'a str>,
    /// When the connection ends, where it was given for a time: what is told of it is told until then.
    pub ends_at: Option<UnixTime>,
    /// `iat`.
    pub now: UnixTime,
}

impl IdToken<'_> {
    /// The JWS signing input under a key (RFC 7515 §5.1): header and payload.
    pub fn signing_input(&self, key: &PublicKey) -> String {
        let header = json!({ "alg": "ES256", "typ": "JWT", "kid": key.id() });
        let mut claims = about(self.user, self.scope);
        claims.insert("iss".into(), json!(self.issuer));
        claims.insert("aud".into(), json!(self.client.as_str()));
        claims.insert("iat".into(), json!(self.now.0));
        claims.insert("exp".into(), json!(token_policy::earlier(self.ends_at, Some(self.now.after(LIFETIME))).map(|end| end.0)));
        claims.insert("auth_time".into(), json!(self.authenticated_at.0));
        claims.insert("at_hash".into(), json!(at_hash(self.access.reveal())));
        if let Some(nonce) = self.nonce {
            claims.insert("nonce".into(), json!(nonce));
        }
        let encode = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
        format!("{}.{}", encode(&header), encode(&Value::Object(claims)))
    }
}

/// The token (RFC 7515 §7.1).
pub fn seal(signing_input: &str, signature: &[u8]) -> String {
    format!("{signing_input}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// OpenID Connect Core §3.1.3.6: the left half of the hash that belongs to the algorithm.
fn at_hash(access_token: &str) -> String {
    let digest = Sha256::digest(access_token);
    URL_SAFE_NO_PAD.encode(digest.get(..16).unwrap_or_default())
}

/// OpenID Connect Core §5.1, §5.4: who somebody is, as far as was agreed. Nobody has verified an address that an account is
/// named by.
pub fn about(user: &User, scope: &Scope) -> Map<String, Value> {
    let name = user.name.as_str();
    let mut claims = Map::new();
    claims.insert("sub".into(), json!(user.id.as_str()));
    if scope.contains(PROFILE) {
        claims.insert("preferred_username".into(), json!(name));
        claims.insert("name".into(), json!(name));
    }
    if scope.contains(EMAIL) && is_email(name) {
        claims.insert("email".into(), json!(name));
        claims.insert("email_verified".into(), json!(false));
    }
    claims
}

fn is_email(name: &str) -> bool {
    name.split_once('@').is_some_and(|(user, host)| !user.is_empty() && host.contains('.') && !host.contains('@') && !host.ends_with('.'))
}

/// Proof that a token may read who its user is. Made by [`identify`] alone.
#[derive(Clone, Debug)]
pub struct Identified {
    grant: StandingGrant,
    scope: Scope,
}

impl Identified {
    /// What is told.
    pub fn claims(&self) -> Value {
        Value::Object(about(self.grant.user(), &self.scope))
    }
}

/// Whether a token opens `/userinfo` (OpenID Connect Core §5.3). It is for whichever server it was granted for: what is
/// told is known to that client anyway.
///
/// # Errors
/// As for a server, and [`Refusal::OpenIdNotGranted`].
pub fn identify(stored: Option<(bearer::StoredAccessToken, Standing)>, now: UnixTime) -> Result<Identified, Refusal> {
    let (token, grant) = bearer::alive(stored, now)?;
    if !token.scope.contains(OPENID) {
        return Err(Refusal::OpenIdNotGranted);
    }
    Ok(Identified { grant, scope: token.scope })
}

/// The challenge of `/userinfo` (RFC 6750 §3).
pub fn challenge(refusal: &Refusal) -> String {
    let wire = refusal.wire();
    let error = format!(", error=\"{}\", error_description=\"{}\"", wire.code.as_str(), wire.description);
    format!("Bearer scope=\"{OPENID}\"{}", if *refusal == Refusal::NoCredentials { "" } else { &error })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::fixtures::{ISSUER, NOW, seconds_later, secret, standing, user};
    use crate::oauth::ids::ConnectionId;
    use crate::oauth::user::UserName;
    use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};

    fn claims(token: &str) -> Value {
        let payload = token.split('.').nth(1).unwrap();
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
    }

    fn point(x: &str, y: &str) -> Vec<u8> {
        [x, y].iter().fold(vec![4], |point, text| [point, URL_SAFE_NO_PAD.decode(text).unwrap()].concat())
    }

    fn input(scope: &str, nonce: Option<&str>) -> String {
        input_until(scope, nonce, None)
    }

    fn input_until(scope: &str, nonce: Option<&str>, ends_at: Option<UnixTime>) -> String {
        let (user, scope, access) = (user("ann@example.com"), Scope::parse(scope), secret(1));
        let client = ClientId::known_as("claude");
        let token = IdToken {
            issuer: ISSUER,
            client: &client,
            user: &user,
            scope: &scope,
            access: &access,
            authenticated_at: NOW,
            nonce,
            ends_at,
            now: seconds_later(60),
        };
        token.signing_input(&PublicKey::from_point(&[4; 65]).unwrap())
    }

    #[test]
    fn the_example_of_rfc_7515_appendix_a_3_verifies_as_we_seal_it() {
        let point = point("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0");
        let input = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
        let signature = "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
        let bytes = URL_SAFE_NO_PAD.decode(signature).unwrap();
        let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point);
        assert!(key.verify(input.as_bytes(), &bytes).is_ok());
        assert_eq!(seal(input, &bytes), format!("{input}.{signature}"));
    }

    #[test]
    fn the_access_token_is_bound_as_in_the_example_of_openid_connect_core() {
        assert_eq!(at_hash("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"), "77QmUPtjPfzWtF2AnpK9RQ");
    }

    #[test]
    fn a_token_says_for_whom_by_whom_when_and_with_what() {
        let said = claims(&input("openid", Some("n-0S6")));
        assert_eq!((&said["iss"], &said["sub"], &said["aud"]), (&json!(ISSUER), &json!("ann@example.com"), &json!("claude")));
        assert_eq!((&said["auth_time"], &said["iat"]), (&json!(NOW.0), &json!(NOW.0 + 60)));
        assert_eq!(said["exp"], NOW.0 + 60 + 3600);
        assert_eq!(claims(&input_until("openid", None, Some(seconds_later(90))))["exp"], NOW.0 + 90, "no later than the connection");
        assert_eq!(claims(&input_until("openid", None, Some(seconds_later(9000))))["exp"], NOW.0 + 60 + 3600);
        assert_eq!((&said["nonce"], said["at_hash"].as_str().unwrap().len()), (&json!("n-0S6"), 22));
        assert_eq!(said.as_object().unwrap().len(), 8, "{said}");
        assert!(claims(&input("openid", None)).get("nonce").is_none());
        assert!(said.as_object().unwrap().keys().all(|name| CLAIMS.contains(&name.as_str())));
    }

    #[test]
    fn the_header_names_the_key_and_the_one_algorithm() {
        let input = input("openid", None);
        let header: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(input.split('.').next().unwrap()).unwrap()).unwrap();
        assert_eq!(header, json!({ "alg": "ES256", "typ": "JWT", "kid": PublicKey::from_point(&[4; 65]).unwrap().id() }));
    }

    #[test]
    fn name_and_address_are_told_only_to_those_who_may_know() {
        let said = |scope: &str| claims(&input(scope, None));
        assert!(said("openid").get("name").is_none() && said("openid").get("email").is_none());
        assert_eq!(said("openid profile")["preferred_username"], "ann@example.com");
        assert!(said("openid profile").get("email").is_none());
        let email = said("openid email");
        assert_eq!((&email["email"], &email["email_verified"]), (&json!("ann@example.com"), &json!(false)));
        assert!(email.get("name").is_none());
    }

    #[test]
    fn a_name_that_is_no_address_is_told_as_none() {
        for name in ["ann", "ann@home", "a@b@c.test", "ann@home."] {
            let user = User { name: UserName::parse(name).unwrap(), ..user("ann") };
            assert!(about(&user, &Scope::parse("openid email")).get("email").is_none(), "{name}");
        }
    }

    fn stored(scope: &str) -> Option<(bearer::StoredAccessToken, Standing)> {
        let token = bearer::StoredAccessToken {
            connection: ConnectionId::known_as("conn_1"),
            scope: Scope::parse(scope),
            issued_at: NOW,
            expires_at: Some(seconds_later(3600)),
            used: false,
        };
        Some((token, standing()))
    }

    #[test]
    fn userinfo_opens_to_a_living_token_with_the_scope_and_to_no_other() {
        assert_eq!(
            identify(stored("read openid profile"), NOW).unwrap().claims(),
            json!({ "sub": "ann", "preferred_username": "ann", "name": "ann" })
        );
        assert_eq!(identify(stored("read"), NOW).unwrap_err(), Refusal::OpenIdNotGranted);
        assert_eq!(identify(stored("openid"), seconds_later(3601)).unwrap_err(), Refusal::TokenExpired);
        assert_eq!(identify(None, NOW).unwrap_err(), Refusal::TokenUnknown);
        let removed = stored("openid").map(|(token, standing)| (token, Standing { user: None, ..standing }));
        assert_eq!(identify(removed, NOW).unwrap_err(), Refusal::TokenEnded);
    }

    #[test]
    fn a_challenge_names_the_scope_and_the_error_if_there_was_one() {
        assert_eq!(challenge(&Refusal::NoCredentials), "Bearer scope=\"openid\"");
        assert!(challenge(&Refusal::OpenIdNotGranted).starts_with("Bearer scope=\"openid\", error=\"insufficient_scope\", "));
    }
}
