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
pub fn credentials<'a>(params: &Params, authorization: impl Iterator<Item = &'a str>) -> Result<ClientCredentials, Refusal> {
    if params.one("client_assertion")?.is_some() || params.one("client_assertion_type")?.is_some() {
        return Err(Refusal::AssertionUnsupported);
    }
    let posted_id = params.one("client_id")?;
    let posted_secret = params.one("client_secret")?;
    let mut basics = authorization.filter_map(basic_credential);
    let basic = basics.next();
    if basics.next().is_some() {
        return Err(Refusal::TwoClientCredentials);
    }
    let Some(basic) = basic else {
        let id = posted_id.filter(|id| id.len() <= MAX_ID).ok_or(Refusal::ParameterMissing("client_id"))?;
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
