//! A connection: what one user granted to one client on one server, and whether it still stands.

use super::client::Client;
use super::error::Refusal;
use super::ids::{ClientId, ConnectionId, UserId};
use super::scope::Scope;
use super::user::User;
use crate::clock::UnixTime;
use serde::{Deserialize, Serialize};

/// One grant. Every token belongs to one; ending it ends them all. A stored record: frozen once released.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connection {
    /// Its name in lists and commands.
    pub id: ConnectionId,
    /// Who granted.
    pub user: UserId,
    /// To whom.
    pub client: ClientId,
    /// For the server at this path.
    pub server: String,
    /// What.
    pub scope: Scope,
    /// When.
    pub created_at: UnixTime,
    /// [`User::epoch`] at that moment.
    pub user_epoch: u32,
    /// When it ends by itself if it is not used: its last refresh token's end. `None` where its tokens do not expire.
    pub alive_until: Option<UnixTime>,
    /// Set once it is over; then nothing revives it.
    pub ended: Option<Ended>,
}

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// When.
    pub at: UnixTime,
    /// Why.
    pub why: EndReason,
}

/// Why a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum EndReason {
    /// A person took it back.
    RevokedByUser,
    /// The client gave it back (RFC 7009).
    RevokedByClient,
    /// Its code was presented a second time (RFC 6749 §10.5).
    CodeReplayed,
    /// An old refresh token was presented (RFC 9700 §4.14).
    RefreshTokenReused,
    /// The client was removed.
    ClientRemoved,
    /// The user was removed.
    UserRemoved,
}

/// Everything on which the life of a token depends, as it is stored right now.
#[derive(Clone, Debug)]
pub struct Standing {
    /// The grant.
    pub connection: Connection,
    /// Who granted it, unless removed since.
    pub user: Option<User>,
    /// To whom it was granted, unless removed since.
    pub client: Option<Client>,
}

/// Proof that a grant stands: not ended, its client and user still there, the user still allowed to use the server, the
/// password not changed since.
#[derive(Clone, Debug)]
pub struct StandingGrant {
    connection: Connection,
    user: User,
}

impl StandingGrant {
    /// The grant.
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Who granted it.
    pub fn user(&self) -> &User {
        &self.user
    }
}

/// Whether the grant stands.
///
/// # Errors
/// [`Refusal::GrantEnded`].
pub fn stands(standing: Standing) -> Result<StandingGrant, Refusal> {
    let Standing { connection, user: Some(user), client: Some(_) } = standing else { return Err(Refusal::GrantEnded) };
    let alive = connection.ended.is_none() && user.may_use(&connection.server) && user.epoch == connection.user_epoch;
    if alive { Ok(StandingGrant { connection, user }) } else { Err(Refusal::GrantEnded) }
}
