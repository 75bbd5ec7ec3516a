//! Revocation by the client (RFC 7009).

use super::client_auth::AuthenticatedClient;
use super::connection::Connection;
use super::error::Refusal;
use super::params::Params;
use super::secret::{AccessToken, RefreshToken, Secret};

/// The token a client gives back.
#[derive(Debug)]
pub enum Returned {
    /// An access token.
    Access(Secret<AccessToken>),
    /// A refresh token.
    Refresh(Secret<RefreshToken>),
    /// None of ours; that is no error (RFC 7009 §2.2).
    Foreign,
}

/// Reads `token`. `token_type_hint` is not needed: a token says itself what it is.
///
/// # Errors
/// A missing or repeated `token`.
pub fn parse(params: &Params) -> Result<Returned, Refusal> {
    let text = params.required("token")?;
    let access = Secret::parse(text).map(Returned::Access);
    Ok(access.or_else(|| Secret::parse(text).map(Returned::Refresh)).unwrap_or(Returned::Foreign))
}

/// Whether the client may end what the token belongs to. A token of another client's is left alone, and the answer is
/// the same as for an unknown one (RFC 7009 §2.1).
pub fn may_revoke(connection: &Connection, client: &AuthenticatedClient) -> bool {
    connection.client == client.client().id
}
