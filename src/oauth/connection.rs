//! A connection: what one user granted to one client on one server, and whether it still stands.

use super::client::Client;
use super::consent::Granted;
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
    /// When that user had signed in (OpenID Connect Core §2 `auth_time`).
    pub authenticated_at: UnixTime,
    /// When it ends by itself if it is not used: the end of its last token. `None` where its tokens do not expire.
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
    /// The server was taken from the user.
    ServerDenied,
}

/// What a connection is made of: who agreed, to whom and to what.
#[derive(Clone, Debug)]
pub struct Agreed {
    /// To whom.
    pub client: ClientId,
    /// Who.
    pub user: UserId,
    /// [`User::epoch`] at that moment.
    pub user_epoch: u32,
    /// When they had signed in.
    pub authenticated_at: UnixTime,
    /// To what.
    pub granted: Granted,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::fixtures::{NOW, connection, standing, user};
    use crate::oauth::user::ServerAccess;

    #[test]
    fn a_grant_stands_while_nothing_has_happened_to_it() {
        let grant = stands(standing()).unwrap();
        assert_eq!(grant.connection(), &connection());
        assert_eq!(grant.user(), &user("ann"));
    }

    #[test]
    fn an_ended_grant_falls_whatever_the_reason() {
        for why in [
            EndReason::RevokedByUser,
            EndReason::RevokedByClient,
            EndReason::CodeReplayed,
            EndReason::RefreshTokenReused,
            EndReason::ClientRemoved,
            EndReason::UserRemoved,
        ] {
            let ended = Connection { ended: Some(Ended { at: NOW, why }), ..connection() };
            assert_eq!(stands(Standing { connection: ended, ..standing() }).unwrap_err(), Refusal::GrantEnded, "{why:?}");
        }
    }

    #[test]
    fn a_grant_falls_with_its_user_and_with_its_client() {
        assert!(stands(Standing { user: None, ..standing() }).is_err());
        assert!(stands(Standing { client: None, ..standing() }).is_err());
        assert!(stands(Standing { user: None, client: None, ..standing() }).is_err());
    }

    #[test]
    fn a_changed_password_ends_what_was_granted_before() {
        for epoch in [0, 2, 4] {
            let changed = Some(User { epoch, ..user("ann") });
            assert!(stands(Standing { user: changed, ..standing() }).is_err(), "{epoch}");
        }
    }

    #[test]
    fn a_user_taken_off_the_server_loses_the_grant_and_gets_it_back() {
        let with = |servers| stands(Standing { user: Some(User { servers, ..user("ann") }), ..standing() });
        assert!(with(ServerAccess::Only(vec![])).is_err());
        assert!(with(ServerAccess::Only(vec!["/notes/".into(), "/note".into()])).is_err());
        assert!(with(ServerAccess::Only(vec!["/files".into(), "/notes".into()])).is_ok());
    }

    #[test]
    fn a_disabled_user_has_no_grants() {
        assert!(stands(Standing { user: Some(User { disabled: true, ..user("ann") }), ..standing() }).is_err());
    }
}
