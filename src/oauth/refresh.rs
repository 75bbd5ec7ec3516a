//! Rotating a refresh token (RFC 6749 §6, RFC 9700 §4.14.2, OAuth 2.1 §4.3).
//!
//! Rotation is idempotent. The successor follows from the token presented and a salt kept with it, so the same token
//! brings the same answer again: hosted clients refresh from two machines at once, and an answer can get lost. What a
//! thief could do with that is bounded: once the successor has itself been rotated, or was used and some time has
//! passed, the old token is proof of theft and ends the connection.

use super::client_auth::AuthenticatedClient;
use super::connection::StandingGrant;
use super::error::Refusal;
use super::ids::ConnectionId;
use super::resource::{self, ProtectedResource};
use super::scope::{OFFLINE_ACCESS, Scope};
use super::secret::{AccessToken, RefreshToken, Secret, ServerKey};
use super::token_request::RefreshGrant;
use crate::clock::UnixTime;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// After its first use a token brings the same answer for so long, whatever happened to the answer.
pub const GRACE: Duration = Duration::from_secs(120);
/// And for so long if neither token of the answer was ever used: then the answer was lost.
pub const LOST_ANSWER: Duration = Duration::from_secs(24 * 60 * 60);

/// What is remembered of a refresh token. A stored record: frozen once released.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredRefreshToken {
    /// The grant it belongs to.
    pub connection: ConnectionId,
    /// After this it is of no use.
    pub expires_at: UnixTime,
    /// Set when it is first used; kept, so that a later use is recognised.
    pub rotated: Option<Rotated>,
}

/// The answer a token brought when it was first used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rotated {
    /// When.
    pub at: UnixTime,
    /// From which its successor follows.
    pub salt: [u8; 16],
    /// The scope of the access token in the answer.
    pub scope: Scope,
}

/// The pair of tokens that follows from a presented one.
pub struct Successor {
    /// The new access token.
    pub access: Secret<AccessToken>,
    /// The new refresh token.
    pub refresh: Secret<RefreshToken>,
}

/// Derives the pair. Without the server's key nobody can, not even with the presented token and the salt.
pub fn successor(presented: &Secret<RefreshToken>, salt: &[u8; 16], key: &ServerKey) -> Successor {
    let parts: [&[u8]; 2] = [presented.reveal().as_bytes(), salt];
    Successor { access: key.derive("access token of a rotation", &parts), refresh: key.derive("refresh token of a rotation", &parts) }
}

/// What has become of the pair in an earlier answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fate {
    /// Its access token was admitted somewhere.
    pub access_used: bool,
    /// Its refresh token was presented.
    pub refresh_used: bool,
}

/// What the store must do, and what the client is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// Write nothing.
    Refuse(Refusal),
    /// Theft, or as good as: the connection ends.
    EndConnection(Refusal),
    /// Rotate, and issue an access token of this scope.
    Rotate(Scope),
    /// Give the earlier answer again.
    Repeat(Rotated),
}

/// Decides about a refresh token that was found. `grant` is the grant it belongs to, or why that has ended; `fate` is
/// known when the token was rotated before.
pub fn rotate(
    stored: &StoredRefreshToken,
    grant: Result<&StandingGrant, Refusal>,
    fate: Option<Fate>,
    client: &AuthenticatedClient,
    resource: Option<&ProtectedResource>,
    request: &RefreshGrant,
    now: UnixTime,
) -> Rotation {
    let grant = match grant {
        Ok(grant) if grant.connection().client != client.client().id => return Rotation::Refuse(Refusal::RefreshTokenOfAnotherClient),
        Ok(grant) => grant,
        Err(refusal) => return Rotation::Refuse(refusal),
    };
    let sent = request.resources.iter().map(String::as_str);
    let Some(resource) = resource.filter(|resource| resource.path == grant.connection().server) else {
        return Rotation::Refuse(Refusal::GrantEnded);
    };
    if !resource::all_mean(sent, resource) {
        return Rotation::Refuse(Refusal::ResourceNotGranted);
    }
    let scope = match narrowed(request.scope.as_ref(), &grant.connection().scope, resource) {
        Ok(scope) => scope,
        Err(refusal) => return Rotation::Refuse(refusal),
    };
    match &stored.rotated {
        None if stored.expires_at.has_come(now) => Rotation::Refuse(Refusal::RefreshTokenExpired),
        None => Rotation::Rotate(scope),
        Some(rotated) if may_repeat(rotated, fate, now) => Rotation::Repeat(rotated.clone()),
        Some(_) => Rotation::EndConnection(Refusal::RefreshTokenReused),
    }
}

fn may_repeat(rotated: &Rotated, fate: Option<Fate>, now: UnixTime) -> bool {
    let Some(fate) = fate else { return false };
    let age = now.since(rotated.at);
    !fate.refresh_used && (age < GRACE || age < LOST_ANSWER && !fate.access_used)
}

/// RFC 6749 §6: at most what was granted. Names that no server here knows are dropped, and so is an `offline_access`
/// that was never granted, because clients add both by habit; a known scope that was not granted is an attempt to get more.
fn narrowed(asked: Option<&Scope>, granted: &Scope, resource: &ProtectedResource) -> Result<Scope, Refusal> {
    let Some(asked) = asked else { return Ok(granted.clone()) };
    let beyond = asked.names().any(|name| name != OFFLINE_ACCESS && resource.offered().contains(name) && !granted.contains(name));
    let kept = asked.and(granted);
    if beyond || kept.is_empty() { Err(Refusal::ScopeBeyondGrant) } else { Ok(kept) }
}
