//! The check of a bearer token before a protected server is reached (RFC 6750, RFC 9728 §5.1).

use super::connection::{self, Standing};
use super::error::{ErrorCode, Refusal};
use super::ids::{ClientId, ConnectionId, UserId};
use super::resource::ProtectedResource;
use super::scope::Scope;
use super::secret::{AccessToken, Secret};
use super::user::UserName;
use crate::clock::UnixTime;
use serde::{Deserialize, Serialize};

/// Longest credential looked at, in bytes.
const MAX_CREDENTIAL: usize = 512;

/// What is remembered of an access token. A stored record: frozen once released.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredAccessToken {
    /// The grant it belongs to.
    pub connection: ConnectionId,
    /// A part of the grant's scope, or all of it.
    pub scope: Scope,
    /// When it was issued.
    pub issued_at: UnixTime,
    /// When it ends by itself; `None` where the owner chose tokens that do not.
    pub expires_at: Option<UnixTime>,
    /// Set when it is first admitted: then its refresh token's predecessor is closed.
    pub used: bool,
}

/// What a request offered.
#[derive(Debug)]
pub enum Presented {
    /// A token of ours, by its form.
    Token(Secret<AccessToken>),
    /// A well-formed bearer credential that is none of ours.
    Foreign,
}

/// Reads the `Authorization` fields of a request. Other schemes count as no credentials.
///
/// # Errors
/// [`Refusal::NoCredentials`] without any; [`Refusal::CredentialsMalformed`] for two fields or a broken one.
pub fn presented<'a>(mut authorization: impl Iterator<Item = &'a str>) -> Result<Presented, Refusal> {
    let Some(value) = authorization.next() else { return Err(Refusal::NoCredentials) };
    if authorization.next().is_some() {
        return Err(Refusal::CredentialsMalformed);
    }
    let (scheme, credential) = value.split_once(' ').unwrap_or((value, ""));
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(Refusal::NoCredentials);
    }
    if !is_token68(credential) {
        return Err(Refusal::CredentialsMalformed);
    }
    Ok(Secret::parse(credential).map_or(Presented::Foreign, Presented::Token))
}

/// RFC 9110 §11.2, and no longer than anything we ever issue needs.
fn is_token68(text: &str) -> bool {
    let body = text.trim_end_matches('=');
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte);
    !body.is_empty() && text.len() <= MAX_CREDENTIAL && body.bytes().all(allowed)
}

/// Proof that a request may reach the server it asks for, and as whom. Made by [`admit`] alone.
#[derive(Clone, Debug)]
pub struct Admitted {
    user: UserName,
    user_id: UserId,
    client: ClientId,
    scope: Scope,
    expires_at: Option<UnixTime>,
}

impl Admitted {
    /// The account's name.
    pub fn user(&self) -> &UserName {
        &self.user
    }
    /// The account.
    pub fn user_id(&self) -> &UserId {
        &self.user_id
    }
    /// The client that carries the token.
    pub fn client(&self) -> &ClientId {
        &self.client
    }
    /// What it may do.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }
    /// When the token ends by itself.
    pub fn expires_at(&self) -> Option<UnixTime> {
        self.expires_at
    }
}

/// Whether the token opens this very server now.
///
/// Expired, revoked, unknown and foreign tokens are all `invalid_token` with 401 (RFC 6750 §3.1), since clients renew
/// or reconnect on 401 and give up on 403.
///
/// # Errors
/// The refusal; [`challenge`] says how it goes on the wire.
pub fn admit(stored: Option<(StoredAccessToken, Standing)>, server: &ProtectedResource, now: UnixTime) -> Result<Admitted, Refusal> {
    let (token, standing) = stored.ok_or(Refusal::TokenUnknown)?;
    let grant = connection::stands(standing).map_err(|_| Refusal::TokenEnded)?;
    if token.expires_at.is_some_and(|end| end.has_come(now)) {
        return Err(Refusal::TokenExpired);
    }
    if grant.connection().server != server.path {
        return Err(Refusal::TokenForAnotherResource);
    }
    Ok(Admitted {
        user: grant.user().name.clone(),
        user_id: grant.user().id.clone(),
        client: grant.connection().client.clone(),
        scope: token.scope,
        expires_at: token.expires_at,
    })
}

/// The `WWW-Authenticate` value: one challenge, `Bearer` first, every value quoted and taken from the configuration.
///
/// Without credentials it carries no error (RFC 6750 §3.1). The value is the same each time, since clients compare it.
/// `slash` repeats the trailing slash of the address that was asked, so that the document named describes that address.
pub fn challenge(refusal: &Refusal, issuer: &str, server: &ProtectedResource, slash: bool) -> String {
    let tail = if slash { "/" } else { "" };
    let mut value = format!("Bearer resource_metadata=\"{issuer}/.well-known/oauth-protected-resource{}{tail}\"", server.path);
    if !server.default_scope.is_empty() {
        value.push_str(&format!(", scope=\"{}\"", server.default_scope));
    }
    if *refusal != Refusal::NoCredentials {
        let wire = refusal.wire();
        value.push_str(&format!(", error=\"{}\", error_description=\"{}\"", wire.code.as_str(), wire.description));
    }
    value
}

/// True for the refusals that are answered with a challenge; the others are answered without one.
pub fn is_challenged(refusal: &Refusal) -> bool {
    matches!(refusal.wire().code, ErrorCode::InvalidToken | ErrorCode::InvalidRequest | ErrorCode::InsufficientScope)
}
