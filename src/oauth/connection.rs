//! A connection: what one user granted to one client on one server, and whether it still stands.

use super::client::Client;
use super::consent::Granted;
use super::error::Refusal;
use super::ids::{ClientId, ConnectionId, UserId};
use super::scope::Scope;
use super::token_policy::{self, TokenEnds};
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
    /// Whether the client named that server itself.
    pub resource_was_sent: bool,
    /// What.
    pub scope: Scope,
    /// What its client asked for, known names and others: it is told of nothing else.
    pub asked: Scope,
    /// When.
    pub created_at: UnixTime,
    /// [`User::epoch`] at that moment.
    pub user_epoch: u32,
    /// When that user had signed in (OpenID Connect Core §2 `auth_time`).
    pub authenticated_at: UnixTime,
    /// When it ends by itself, whatever its tokens say, because it was given for a time ([`super::term`]). Nothing of a token
    /// is changed by this, so that it can be set later, put off and taken away; whoever tells of a token's end asks
    /// [`Self::within`].
    pub ends_at: Option<UnixTime>,
    /// When the last of its access tokens ends; `None` where one does not end by itself.
    pub access_until: Option<UnixTime>,
    /// When it ends by itself if it is not used: the end of its last token. `None` where its tokens do not expire.
    pub alive_until: Option<UnixTime>,
    /// False once its client gave its refresh token back while its access tokens live on
    /// ([`super::token_policy::RevokeReach::RefreshOnly`]).
    pub refreshable: bool,
    /// Set once it is over; then nothing revives it.
    pub ended: Option<Ended>,
}

impl Connection {
    /// When it ends if nobody does anything: its own end, or that of its last token.
    pub fn lapses_at(&self) -> Option<UnixTime> {
        self.within(self.alive_until)
    }

    /// The end of something of it that would end then: never later than its own.
    pub fn within(&self, end: Option<UnixTime>) -> Option<UnixTime> {
        token_policy::earlier(end, self.ends_at)
    }

    /// True once it has ended, by whatever way, whether or not that has been noted.
    pub fn is_over(&self, now: UnixTime) -> bool {
        self.ended.is_some() || self.lapses_at().is_some_and(|end| end.has_come(now))
    }

    /// How it has ended by itself, if it has.
    pub fn lapsed(&self, now: UnixTime) -> Option<Ended> {
        let at = self.lapses_at().filter(|end| self.ended.is_none() && end.has_come(now))?;
        let why = if self.ends_at == Some(at) { EndReason::TimeOver } else { EndReason::Unused };
        Some(Ended { at, why })
    }

    /// The same after tokens with these ends were issued.
    #[must_use]
    pub fn with_tokens(self, ends: &TokenEnds) -> Self {
        let access_until = token_policy::later(self.access_until, ends.access);
        Self { access_until, alive_until: token_policy::later(access_until, Some(ends.refresh)), ..self }
    }

    /// The same after one more access token with this end was issued.
    #[must_use]
    pub fn with_access(self, end: Option<UnixTime>) -> Self {
        let alive_until = token_policy::later(self.alive_until, end);
        Self { access_until: token_policy::later(self.access_until, end), alive_until, ..self }
    }

    /// The same after its client gave its refresh token back: what is left is its access tokens.
    #[must_use]
    pub fn without_refresh(self) -> Self {
        Self { alive_until: self.access_until, refreshable: false, ..self }
    }
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
    /// It was given for a time, and that is over.
    TimeOver,
    /// It was not used for longer than its tokens live.
    Unused,
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
    /// Whether the client named that server itself.
    pub resource_was_sent: bool,
    /// What the client had asked for.
    pub asked: Scope,
}

impl Agreed {
    /// The connection that comes of it, with tokens of these ends.
    pub fn connection(&self, id: ConnectionId, ends: &TokenEnds, now: UnixTime) -> Connection {
        Connection {
            id,
            user: self.user.clone(),
            client: self.client.clone(),
            server: self.granted.server.clone(),
            resource_was_sent: self.resource_was_sent,
            scope: self.granted.scope.clone(),
            asked: self.asked.clone(),
            created_at: now,
            user_epoch: self.user_epoch,
            authenticated_at: self.authenticated_at,
            ends_at: self.granted.ends_at,
            access_until: ends.access,
            alive_until: token_policy::later(ends.access, Some(ends.refresh)),
            refreshable: true,
            ended: None,
        }
    }
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

/// Proof that a grant stands: not ended, its time not over, its client and user still there, the user still allowed to use the server, the
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
pub fn stands(standing: Standing, now: UnixTime) -> Result<StandingGrant, Refusal> {
    let Standing { connection, user: Some(user), client: Some(_) } = standing else { return Err(Refusal::GrantEnded) };
    let in_time = connection.ends_at.is_none_or(|end| !end.has_come(now));
    let alive = connection.ended.is_none() && in_time && user.may_use(&connection.server) && user.epoch == connection.user_epoch;
    if alive { Ok(StandingGrant { connection, user }) } else { Err(Refusal::GrantEnded) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::fixtures::{NOW, connection, seconds_later, standing, user};
    use crate::oauth::user::ServerAccess;

    #[test]
    fn a_grant_stands_while_nothing_has_happened_to_it() {
        let grant = stands(standing(), NOW).unwrap();
        assert_eq!(grant.connection(), &connection());
        assert_eq!(grant.user(), &user("ann"));
    }

    #[test]
    fn a_grant_lasts_as_long_as_the_last_of_its_tokens() {
        let ends = |access: Option<u64>, refresh| TokenEnds { access: access.map(seconds_later), refresh: seconds_later(refresh) };
        let young = Connection { access_until: Some(NOW), alive_until: Some(NOW), ..connection() };
        let after = |grant: &Connection, ends: &TokenEnds| {
            let grant = grant.clone().with_tokens(ends);
            (grant.access_until, grant.alive_until)
        };
        assert_eq!(after(&young, &ends(Some(10), 90)), (Some(seconds_later(10)), Some(seconds_later(90))));
        assert_eq!(after(&young, &ends(Some(90), 10)), (Some(seconds_later(90)), Some(seconds_later(90))));
        assert_eq!(after(&young, &ends(None, 90)), (None, None));
        let endless = young.clone().with_tokens(&ends(None, 90));
        assert_eq!(after(&endless, &ends(Some(10), 90)), (None, None), "the token without an end is still there");
        let older = young.clone().with_tokens(&ends(Some(500), 90));
        let again = Connection { alive_until: Some(seconds_later(90)), ..young.clone() };
        let until = |end: Option<u64>| again.clone().with_access(end.map(seconds_later)).alive_until;
        assert_eq!((until(Some(10)), until(Some(95)), until(None)), (Some(seconds_later(90)), Some(seconds_later(95)), None));
        assert_eq!(after(&older, &ends(Some(10), 90)), (Some(seconds_later(500)), Some(seconds_later(500))));
    }

    #[test]
    fn without_its_refresh_token_a_grant_lasts_as_long_as_its_access_tokens() {
        let grant = Connection { access_until: Some(seconds_later(10)), alive_until: Some(seconds_later(90)), ..connection() };
        let left = grant.without_refresh();
        assert_eq!((left.alive_until, left.refreshable, left.ended), (Some(seconds_later(10)), false, None));
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
            EndReason::ServerDenied,
            EndReason::TimeOver,
            EndReason::Unused,
        ] {
            let ended = Connection { ended: Some(Ended { at: NOW, why }), ..connection() };
            assert_eq!(stands(Standing { connection: ended, ..standing() }, NOW).unwrap_err(), Refusal::GrantEnded, "{why:?}");
        }
    }

    #[test]
    fn a_grant_falls_with_its_user_and_with_its_client() {
        assert!(stands(Standing { user: None, ..standing() }, NOW).is_err());
        assert!(stands(Standing { client: None, ..standing() }, NOW).is_err());
        assert!(stands(Standing { user: None, client: None, ..standing() }, NOW).is_err());
    }

    #[test]
    fn a_changed_password_ends_what_was_granted_before() {
        for epoch in [0, 2, 4] {
            let changed = Some(User { epoch, ..user("ann") });
            assert!(stands(Standing { user: changed, ..standing() }, NOW).is_err(), "{epoch}");
        }
    }

    #[test]
    fn a_user_taken_off_the_server_loses_the_grant_and_gets_it_back() {
        let with = |servers| stands(Standing { user: Some(User { servers, ..user("ann") }), ..standing() }, NOW);
        assert!(with(ServerAccess::Only(vec![])).is_err());
        assert!(with(ServerAccess::Only(vec!["/notes/".into(), "/note".into()])).is_err());
        assert!(with(ServerAccess::Only(vec!["/files".into(), "/notes".into()])).is_ok());
    }

    #[test]
    fn a_disabled_user_has_no_grants() {
        assert!(stands(Standing { user: Some(User { disabled: true, ..user("ann") }), ..standing() }, NOW).is_err());
    }

    #[test]
    fn a_grant_for_a_time_falls_in_the_second_of_its_end() {
        let limited = Connection { ends_at: Some(seconds_later(60)), ..connection() };
        let at = |seconds| stands(Standing { connection: limited.clone(), ..standing() }, seconds_later(seconds));
        assert!(at(59).is_ok());
        assert_eq!(at(60).unwrap_err(), Refusal::GrantEnded);
    }

    #[test]
    fn nothing_of_a_grant_for_a_time_outlives_it_and_what_is_shorter_stays_so() {
        let limited = Connection { ends_at: Some(seconds_later(60)), ..connection() };
        assert_eq!(limited.within(Some(seconds_later(3600))), Some(seconds_later(60)));
        assert_eq!(limited.within(Some(seconds_later(10))), Some(seconds_later(10)));
        assert_eq!(limited.within(None), Some(seconds_later(60)), "a token that does not expire ends with it");
        assert_eq!(connection().within(Some(NOW)), Some(NOW));
    }

    #[test]
    fn a_grant_lapses_by_its_own_end_or_by_that_of_its_last_token() {
        let of = |alive: Option<u64>, ends: Option<u64>| {
            let connection = Connection { alive_until: alive.map(seconds_later), ends_at: ends.map(seconds_later), ..connection() };
            assert_eq!(connection.is_over(seconds_later(100)), connection.lapsed(seconds_later(100)).is_some());
            connection.lapsed(seconds_later(100)).map(|ended| (ended.at.since(NOW).as_secs(), ended.why))
        };
        assert_eq!(of(Some(90), Some(60)), Some((60, EndReason::TimeOver)));
        assert_eq!(of(Some(60), Some(90)), Some((60, EndReason::Unused)));
        assert_eq!(of(None, Some(100)), Some((100, EndReason::TimeOver)));
        assert_eq!(of(Some(60), None), Some((60, EndReason::Unused)));
        assert_eq!((of(None, None), of(Some(101), Some(200)), of(None, Some(101))), (None, None, None));
        let ended = Connection { ends_at: Some(NOW), ended: Some(Ended { at: NOW, why: EndReason::RevokedByUser }), ..connection() };
        assert_eq!((ended.lapsed(seconds_later(100)), ended.is_over(NOW)), (None, true), "what has ended does not end again");
    }
}
