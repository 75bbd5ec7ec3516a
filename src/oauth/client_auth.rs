//! Client authentication at the token, revocation and registration endpoints (RFC 6749 §2.3, OAuth 2.1 §2.4).

use super::client::Client;
use super::error::Refusal;
use super::ids::ClientId;
use super::params::Params;
use super::secret::{ClientSecret, Secret};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;
use subtle::ConstantTimeEq;

/// Longest `client_id` looked at, in bytes.
pub const MAX_ID: usize = 512;
/// Longest `Authorization: Basic` credential looked at, in bytes.
const MAX_BASIC: usize = 2048;

/// What a request says about its client.
#[derive(Debug)]
pub struct ClientCredentials {
    id: ClientId,
    secret: Option<String>,
}

impl ClientCredentials {
    /// The client it claims to be.
    pub fn client_id(&self) -> &ClientId {
        &self.id
    }
}

/// Proof that a request comes from the client it names: by its secret, or, for a public client, by name alone.
/// Made by [`authenticate`] alone.
#[derive(Debug)]
pub struct AuthenticatedClient(Client);

impl AuthenticatedClient {
    /// The client.
    pub fn client(&self) -> &Client {
        &self.0
    }
}

/// Reads `client_id` and `client_secret` from the body or from Basic authentication.
///
/// An id repeated in the body beside Basic is fine when equal. Other authorization schemes are none of ours.
///
/// # Errors
/// [`Refusal::TwoClientCredentials`], [`Refusal::BasicMalformed`], [`Refusal::AssertionUnsupported`], or a missing id.
pub fn credentials<'a>(params: &Params, mut authorization: impl Iterator<Item = &'a str>) -> Result<ClientCredentials, Refusal> {
    if params.one("client_assertion")?.is_some() || params.one("client_assertion_type")?.is_some() {
        return Err(Refusal::AssertionUnsupported);
    }
    let posted_id = params.one("client_id")?;
    let posted_secret = params.one("client_secret")?;
    let field = authorization.next();
    // RFC 9110 §11.6.2 has one Authorization field: of two nobody can say which counts, whatever their schemes.
    if authorization.next().is_some() {
        return Err(Refusal::TwoClientCredentials);
    }
    let Some(basic) = field.and_then(basic_credential) else {
        let id = posted_id.ok_or(Refusal::ParameterMissing("client_id"))?;
        if id.len() > MAX_ID {
            return Err(Refusal::ParameterTooLong("client_id"));
        }
        return Ok(ClientCredentials { id: ClientId::known_as(id), secret: posted_secret.map(str::to_owned) });
    };
    let (id, secret) = decode_basic(basic).ok_or(Refusal::BasicMalformed)?;
    if posted_secret.is_some() || posted_id.is_some_and(|posted| posted != id) {
        return Err(Refusal::TwoClientCredentials);
    }
    Ok(ClientCredentials { id: ClientId::known_as(&id), secret: Some(secret).filter(|secret| !secret.is_empty()) })
}

/// True when a request tried Basic authentication: then its failure is answered with a challenge (RFC 6749 §5.2).
pub fn tried_basic<'a>(mut authorization: impl Iterator<Item = &'a str>) -> bool {
    authorization.any(|value| basic_credential(value).is_some())
}

fn basic_credential(value: &str) -> Option<&str> {
    let (scheme, credential) = value.split_once(' ').unwrap_or((value, ""));
    scheme.eq_ignore_ascii_case("basic").then_some(credential)
}

/// RFC 6749 §2.3.1 asks for form-encoding inside Basic; half of the clients leave it out. What we hand out needs none,
/// so that both readings agree.
fn decode_basic(credential: &str) -> Option<(String, String)> {
    if credential.len() > MAX_BASIC {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(credential).ok()?).ok()?;
    let (id, secret) = text.split_once(':')?;
    let decode = |part: &str| percent_decode_str(part).decode_utf8().ok().map(std::borrow::Cow::into_owned);
    let (id, secret) = (decode(id)?, decode(secret)?);
    (!id.is_empty() && id.len() <= MAX_ID).then_some((id, secret))
}

/// Whether the client is who it says.
///
/// A confidential client may send its secret in either way, whichever it registered, because clients do. A secret from
/// a public client proves nothing and is ignored.
///
/// # Errors
/// All of them are `invalid_client` with one and the same answer, so that nobody learns which client ids exist.
pub fn authenticate(presented: &ClientCredentials, known: Option<Client>) -> Result<AuthenticatedClient, Refusal> {
    let client = known.filter(|client| client.id == presented.id).ok_or(Refusal::ClientUnknown)?;
    let Some(expected) = client.secret else { return Ok(AuthenticatedClient(client)) };
    let text = presented.secret.as_deref().ok_or(Refusal::ClientSecretMissing)?;
    let secret = Secret::<ClientSecret>::parse(text).ok_or(Refusal::ClientSecretWrong)?;
    let same = bool::from(secret.hash().as_bytes().ct_eq(expected.as_bytes()));
    if same { Ok(AuthenticatedClient(client)) } else { Err(Refusal::ClientSecretWrong) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::client::AuthMethod;
    use crate::oauth::error::ErrorCode;
    use crate::oauth::fixtures::{self, client, confidential, params, secret};
    use crate::oauth::secret::AccessToken;

    fn basic(text: &str) -> String {
        format!("Basic {}", STANDARD.encode(text))
    }

    fn read(form: &str, fields: &[&str]) -> Result<ClientCredentials, Refusal> {
        credentials(&params(form), fields.iter().copied())
    }

    /// What becomes of a request of the confidential client `s1` whose secret is made of ones.
    fn attempt(form: &str, fields: &[&str]) -> Result<(), Refusal> {
        let known = confidential("s1", &secret(1));
        authenticate(&read(form, fields)?, Some(known)).map(|_| ())
    }

    fn good_secret() -> String {
        secret::<ClientSecret>(1).reveal().to_owned()
    }

    #[test]
    fn a_public_client_is_known_by_name_alone() {
        let proof = authenticate(&read("client_id=claude", &[]).unwrap(), Some(client("claude"))).unwrap();
        assert_eq!(proof.client().id.as_str(), "claude");
    }

    #[test]
    fn a_secret_from_a_public_client_is_ignored() {
        for form in ["client_id=claude&client_secret=", "client_id=claude&client_secret=whatever"] {
            assert!(authenticate(&read(form, &[]).unwrap(), Some(client("claude"))).is_ok(), "{form}");
        }
        let field = basic("claude:");
        assert!(authenticate(&read("", &[&field]).unwrap(), Some(client("claude"))).is_ok());
    }

    #[test]
    fn a_secret_is_accepted_in_either_way_whichever_was_registered() {
        let secret = good_secret();
        for method in [AuthMethod::ClientSecretPost, AuthMethod::ClientSecretBasic, AuthMethod::None] {
            let known = Client { auth_method: method, ..confidential("s1", &fixtures::secret(1)) };
            let posted = read(&format!("client_id=s1&client_secret={secret}"), &[]).unwrap();
            let field = basic(&format!("s1:{secret}"));
            let in_header = read("client_id=s1", &[&field]).unwrap();
            assert!(authenticate(&posted, Some(known.clone())).is_ok(), "{method:?}");
            assert!(authenticate(&in_header, Some(known)).is_ok(), "{method:?}");
        }
    }

    #[test]
    fn a_confidential_client_gets_nowhere_without_its_secret() {
        let other = secret::<ClientSecret>(2).reveal().to_owned();
        let of_another_kind = secret::<AccessToken>(1).reveal().to_owned();
        for (form, refusal) in [
            ("client_id=s1".into(), Refusal::ClientSecretMissing),
            ("client_id=s1&client_secret=".into(), Refusal::ClientSecretMissing),
            (format!("client_id=s1&client_secret={other}"), Refusal::ClientSecretWrong),
            (format!("client_id=s1&client_secret={of_another_kind}"), Refusal::ClientSecretWrong),
            (format!("client_id=s1&client_secret={}", &good_secret()[..20]), Refusal::ClientSecretWrong),
            (format!("client_id=s1&client_secret={}x", good_secret()), Refusal::ClientSecretWrong),
        ] {
            assert_eq!(attempt(&form, &[]), Err(refusal), "{form}");
        }
        assert_eq!(attempt("", &[&basic("s1:")]), Err(Refusal::ClientSecretMissing));
    }

    #[test]
    fn an_unknown_client_and_a_wrong_secret_are_told_the_same() {
        let unknown = authenticate(&read("client_id=ghost", &[]).unwrap(), None).unwrap_err();
        let wrong = attempt("client_id=s1&client_secret=x", &[]).unwrap_err();
        assert_ne!(unknown, wrong);
        assert_eq!(unknown.wire(), wrong.wire());
        assert_eq!((wrong.wire().code, wrong.wire().status), (ErrorCode::InvalidClient, 401));
    }

    #[test]
    fn a_look_up_that_brings_another_client_proves_nothing() {
        let credentials = read("client_id=claude", &[]).unwrap();
        assert_eq!(authenticate(&credentials, Some(client("cursor"))).unwrap_err(), Refusal::ClientUnknown);
    }

    #[test]
    fn basic_is_read_raw_and_form_encoded() {
        let secret = good_secret();
        for text in [format!("s1:{secret}"), format!("%73%31:{}", secret.replace('_', "%5F").replace('-', "%2D"))] {
            assert_eq!(attempt("", &[&basic(&text)]), Ok(()), "{text}");
        }
        let lower_case = basic(&format!("s1:{secret}")).replace("Basic", "basic");
        assert_eq!(attempt("grant_type=refresh_token", &[&lower_case]), Ok(()));
    }

    #[test]
    fn broken_basic_is_a_failed_authentication_and_nothing_worse() {
        let not_text = format!("Basic {}", STANDARD.encode([0xff, b':', b'x']));
        let long = basic(&"x".repeat(65536));
        for field in [
            "Basic",
            "Basic ",
            "Basic !!!",
            "Basic a",
            &basic("nocolon"),
            &basic(":secret"),
            &basic("%ff:x"),
            &basic("s1:%ff"),
            &not_text,
            &long,
        ] {
            assert_eq!(read("", &[field]).unwrap_err(), Refusal::BasicMalformed, "{field:.40}");
            assert!(tried_basic([field].into_iter()));
        }
        assert_eq!(Refusal::BasicMalformed.wire().status, 401);
    }

    #[test]
    fn two_credentials_in_one_request_are_refused() {
        let field = basic(&format!("s1:{}", good_secret()));
        let both = format!("client_id=s1&client_secret={}", good_secret());
        assert_eq!(attempt(&both, &[&field]), Err(Refusal::TwoClientCredentials));
        assert_eq!(attempt("client_id=other", &[&field]), Err(Refusal::TwoClientCredentials));
        assert_eq!(attempt("", &[&field, &field]), Err(Refusal::TwoClientCredentials));
        assert_eq!(Refusal::TwoClientCredentials.wire().code, ErrorCode::InvalidRequest);
    }

    #[test]
    fn an_id_repeated_beside_basic_is_fine() {
        let field = basic(&format!("s1:{}", good_secret()));
        assert_eq!(attempt("client_id=s1", &[&field]), Ok(()));
        assert_eq!(attempt("client_id=s1&client_secret=", &[&field]), Ok(()));
    }

    #[test]
    fn an_id_is_needed_once_and_within_bounds() {
        assert_eq!(read("", &[]).unwrap_err(), Refusal::ParameterMissing("client_id"));
        assert_eq!(read("client_id=", &[]).unwrap_err(), Refusal::ParameterMissing("client_id"));
        assert_eq!(read("client_id=a&client_id=a", &[]).unwrap_err(), Refusal::ParameterRepeated("client_id"));
        assert_eq!(read("client_id=a&client_secret=x&client_secret=x", &[]).unwrap_err(), Refusal::ParameterRepeated("client_secret"));
        let long = "x".repeat(MAX_ID + 1);
        assert_eq!(read(&format!("client_id={long}"), &[]).unwrap_err(), Refusal::ParameterTooLong("client_id"));
        assert_eq!(read("", &[&basic(&format!("{long}:x"))]).unwrap_err(), Refusal::BasicMalformed);
    }

    #[test]
    fn an_assertion_never_falls_back_to_the_name_alone() {
        for form in ["client_id=claude&client_assertion=e30.e30.", "client_id=claude&client_assertion_type=urn%3Ax"] {
            assert_eq!(read(form, &[]).unwrap_err(), Refusal::AssertionUnsupported, "{form}");
        }
        assert_eq!(Refusal::AssertionUnsupported.wire().code, ErrorCode::InvalidClient);
    }

    #[test]
    fn other_authorization_schemes_are_none_of_ours() {
        assert!(read("client_id=claude", &["Bearer abc"]).is_ok());
        assert!(!tried_basic(["Bearer abc", "Basically x"].into_iter()));
    }
}
