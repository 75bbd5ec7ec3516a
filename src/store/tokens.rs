//! Tokens: the check of an access token, the rotation of a refresh token, and giving either back.

use super::connections::{end, standing};
use super::record::Table;
use super::transaction::{Step, Tx};
use super::{Store, StoreError};
use crate::clock::UnixTime;
use crate::oauth::audit::Occasion;
use crate::oauth::audit_kinds::What;
use crate::oauth::bearer::StoredAccessToken;
use crate::oauth::connection::{self, Connection, EndReason, Standing, StandingGrant};
use crate::oauth::error::Refusal;
use crate::oauth::ids::ConnectionId;
use crate::oauth::refresh::{self, Fate, Rotated, Rotation, StoredRefreshToken, Successor};
use crate::oauth::revocation::GivenBack;
use crate::oauth::scope::Scope;
use crate::oauth::secret::{AccessToken, RefreshToken, Secret, TokenHash};
use crate::oauth::token_policy::TokenEnds;

/// What a rotation needs to know besides the token.
pub struct RefreshTerms {
    /// Fresh chance, from which the successor follows.
    pub salt: [u8; 16],
    /// When and from where it is asked for.
    pub occasion: Occasion,
}

/// What came of a refresh.
pub enum Refreshed {
    /// These tokens, now or earlier.
    Issued {
        /// The pair.
        tokens: Successor,
        /// Of the access token.
        scope: Scope,
        /// What the client asked for when the grant was made.
        asked: Scope,
        /// Of the access token.
        expires_at: Option<UnixTime>,
        /// The answer was given before.
        is_repeat: bool,
    },
    /// None, and why.
    Refused(Refusal),
}

impl Store {
    /// The token and everything its life depends on.
    pub fn access_token(&self, hash: &TokenHash<AccessToken>) -> Result<Option<(StoredAccessToken, Standing)>, StoreError> {
        let Some(token) = self.load::<StoredAccessToken>(hash.as_bytes())? else { return Ok(None) };
        Ok(self.standing(&token.connection)?.map(|standing| (token, standing)))
    }

    /// The refresh token and everything its life depends on.
    pub fn refresh_token(&self, hash: &TokenHash<RefreshToken>) -> Result<Option<(StoredRefreshToken, Standing)>, StoreError> {
        let Some(token) = self.load::<StoredRefreshToken>(hash.as_bytes())? else { return Ok(None) };
        Ok(self.standing(&token.connection)?.map(|standing| (token, standing)))
    }

    /// Everything on which the life of a connection's tokens depends.
    fn standing(&self, id: &ConnectionId) -> Result<Option<Standing>, StoreError> {
        let Some(connection) = self.load::<Connection>(id.as_str().as_bytes())? else { return Ok(None) };
        let user = self.load(connection.user.as_str().as_bytes())?;
        let client = self.load(connection.client.as_str().as_bytes())?;
        Ok(Some(Standing { connection, user, client }))
    }

    /// Notes that a token was admitted. Not waited for; a note that fails changes nothing about the request.
    pub fn note_use(&self, hash: &TokenHash<AccessToken>, token: &StoredAccessToken, occasion: &Occasion) {
        if !token.used {
            // Read anew: the token may have been revoked since it was admitted, and a note must not bring it back.
            let _ = self.transact(|tx| match tx.get::<StoredAccessToken>(hash.as_bytes())? {
                Some(token) if !token.used => tx.put(hash.as_bytes(), &StoredAccessToken { used: true, ..token }),
                Some(_) | None => Ok(()),
            });
        }
        let _ = self.note_last_use(Table::Connection, token.connection.as_str().as_bytes(), occasion, |_, _| Ok(()));
    }

    /// Rotates a refresh token as `decide` says. On disk before it returns.
    pub fn refresh(
        &self,
        presented: &Secret<RefreshToken>,
        terms: &RefreshTerms,
        decide: impl Fn(&StoredRefreshToken, Result<&StandingGrant, Refusal>, Option<Fate>) -> Rotation,
    ) -> Result<Refreshed, StoreError> {
        let hash = presented.hash();
        let (rotation, issued) = self.transact(|tx| {
            let Some(stored) = tx.get::<StoredRefreshToken>(hash.as_bytes())? else {
                return Ok((Rotation::Refuse(Refusal::RefreshTokenUnknown), None));
            };
            let earlier = stored.rotated.as_ref().map(|rotated| refresh::successor(presented, &rotated.salt, &self.key));
            let fate = earlier.as_ref().map(|pair| fate(tx, pair)).transpose()?;
            let grant =
                standing(tx, &stored.connection)?.ok_or(Refusal::GrantEnded).and_then(|grant| connection::stands(grant, terms.occasion.at));
            let rotation = decide(&stored, grant.as_ref().map_err(|refusal| *refusal), fate);
            let issued = self.apply(tx, presented, &stored, &rotation, terms)?;
            record(tx, &stored.connection, &rotation, &terms.occasion)?;
            Ok((rotation, issued.zip(grant.ok())))
        })?;
        let is_repeat = matches!(rotation, Rotation::Repeat(..));
        match rotation {
            Rotation::Refuse(refusal) => return Ok(Refreshed::Refused(refusal)),
            Rotation::EndConnection(refusal) => {
                self.commit_ending()?;
                return Ok(Refreshed::Refused(refusal));
            }
            Rotation::Rotate(..) | Rotation::Repeat(..) | Rotation::Keep(..) => self.commit()?,
        }
        Ok(issued.map_or(Refreshed::Refused(Refusal::RefreshTokenUnknown), |((tokens, scope, expires_at), grant)| {
            let asked = grant.connection().asked.clone();
            let expires_at = grant.connection().within(expires_at);
            Refreshed::Issued { tokens, scope, asked, expires_at, is_repeat }
        }))
    }

    /// Writes what a rotation changes; gives the pair of the answer, and scope and end of its access token.
    fn apply(
        &self,
        tx: &Tx<'_>,
        presented: &Secret<RefreshToken>,
        stored: &StoredRefreshToken,
        rotation: &Rotation,
        terms: &RefreshTerms,
    ) -> Step<Option<(Successor, Scope, Option<UnixTime>)>> {
        let successor = |salt| refresh::successor(presented, salt, &self.key);
        match rotation {
            Rotation::Refuse(_) => Ok(None),
            Rotation::EndConnection(_) => {
                end(tx, &stored.connection, EndReason::RefreshTokenReused, &terms.occasion)?;
                Ok(None)
            }
            Rotation::Rotate(scope, ends) => {
                let next = successor(&terms.salt);
                let rotated = Rotated { at: terms.occasion.at, salt: terms.salt, scope: scope.clone() };
                tx.put(presented.hash().as_bytes(), &StoredRefreshToken { rotated: Some(rotated), ..stored.clone() })?;
                tx.put(next.refresh.hash().as_bytes(), &StoredRefreshToken { expires_at: ends.refresh, ..stored.clone() })?;
                change(tx, &stored.connection, |connection| connection.with_tokens(ends))?;
                put_access(tx, &next, stored, scope, ends.access, terms.occasion.at)?;
                Ok(Some((next, scope.clone(), ends.access)))
            }
            Rotation::Repeat(rotated, ends) => {
                let next = successor(&rotated.salt);
                let expires_at = revive(tx, &next, stored, rotated, ends, terms.occasion.at)?;
                Ok(Some((next, rotated.scope.clone(), expires_at)))
            }
            Rotation::Keep(scope, ends) => {
                let next = Successor { refresh: presented.clone(), ..successor(&terms.salt) };
                tx.put(presented.hash().as_bytes(), &StoredRefreshToken { expires_at: ends.refresh, ..stored.clone() })?;
                change(tx, &stored.connection, |connection| connection.with_tokens(ends))?;
                put_access(tx, &next, stored, scope, ends.access, terms.occasion.at)?;
                Ok(Some((next, scope.clone(), ends.access)))
            }
        }
    }

    /// Forgets an access token that its client gives back. On disk before it returns.
    pub fn revoke_access_token(
        &self,
        hash: &TokenHash<AccessToken>,
        occasion: &Occasion,
        may: impl Fn(&Connection) -> bool,
    ) -> Result<(), StoreError> {
        let revoked = self.transact(|tx| {
            let token: Option<StoredAccessToken> = tx.get(hash.as_bytes())?;
            let connection = token.map(|token| tx.get::<Connection>(token.connection.as_str().as_bytes())).transpose()?.flatten();
            let found = connection.filter(&may);
            if let Some(connection) = &found {
                tx.remove(Table::AccessToken, hash.as_bytes())?;
                tx.record_in(connection, occasion.event(What::AccessTokenReturned))?;
            }
            Ok(found.is_some())
        })?;
        self.commit_revocation(revoked)
    }

    /// Does what `decide` says about a refresh token that its client gives back. On disk before it returns.
    pub fn revoke_refresh_token(
        &self,
        hash: &TokenHash<RefreshToken>,
        occasion: &Occasion,
        decide: impl Fn(&Connection) -> GivenBack,
    ) -> Result<(), StoreError> {
        let ended = self.transact(|tx| {
            let token: Option<StoredRefreshToken> = tx.get(hash.as_bytes())?;
            let connection = token.map(|token| tx.get::<Connection>(token.connection.as_str().as_bytes())).transpose()?.flatten();
            let Some(connection) = connection else { return Ok(false) };
            match decide(&connection) {
                GivenBack::Nothing => Ok(false),
                GivenBack::Refresh => {
                    change(tx, &connection.id, Connection::without_refresh)?;
                    tx.record_in(&connection, occasion.event(What::RefreshTokenReturned))?;
                    Ok(false)
                }
                GivenBack::Connection => {
                    end(tx, &connection.id, EndReason::RevokedByClient, occasion)?;
                    Ok(true)
                }
            }
        })?;
        self.commit_revocation(ended)
    }

    /// What was not found may have been revoked a moment ago by a call that still waits for the disk, so this waits too;
    /// but every open stream is judged again only where something ended, or strangers could ask for that at will.
    pub(super) fn commit_revocation(&self, revoked: bool) -> Result<(), StoreError> {
        if revoked { self.commit_ending() } else { self.commit() }
    }
}

/// What is told of a rotation; how a connection ends is told where it is ended.
fn record(tx: &Tx<'_>, connection: &ConnectionId, rotation: &Rotation, occasion: &Occasion) -> Step<()> {
    let what = match rotation {
        Rotation::Refuse(Refusal::RefreshTokenOfAnotherClient) => What::TokenOfAnother,
        Rotation::Refuse(_) | Rotation::EndConnection(_) => return Ok(()),
        Rotation::Rotate(..) | Rotation::Keep(..) => What::TokensRefreshed,
        Rotation::Repeat(..) => What::TokensRepeated,
    };
    let connection: Option<Connection> = tx.get(connection.as_str().as_bytes())?;
    connection.map_or(Ok(()), |connection| tx.record_in(&connection, occasion.event(what)))
}

/// A token that is no longer known counts as used: nothing is given twice on a guess.
fn fate(tx: &Tx<'_>, pair: &Successor) -> Step<Fate> {
    let access: Option<StoredAccessToken> = tx.get(pair.access.hash().as_bytes())?;
    let refresh: Option<StoredRefreshToken> = tx.get(pair.refresh.hash().as_bytes())?;
    Ok(Fate { access_used: access.is_none_or(|token| token.used), refresh_used: refresh.is_none_or(|token| token.rotated.is_some()) })
}

fn change(tx: &Tx<'_>, id: &ConnectionId, how: impl Fn(Connection) -> Connection) -> Step<()> {
    let connection: Option<Connection> = tx.get(id.as_str().as_bytes())?;
    connection.map_or(Ok(()), |connection| tx.put(id.as_str().as_bytes(), &how(connection)))
}

fn put_access(
    tx: &Tx<'_>,
    pair: &Successor,
    stored: &StoredRefreshToken,
    scope: &Scope,
    expires_at: Option<UnixTime>,
    now: UnixTime,
) -> Step<()> {
    let connection = stored.connection.clone();
    let access = StoredAccessToken { connection, scope: scope.clone(), issued_at: now, expires_at, used: false };
    tx.put(pair.access.hash().as_bytes(), &access)
}

/// The earlier answer again; gives the end of its access token. One that nobody ever used starts its life anew, or the
/// answer would be dead on arrival when it was lost an hour ago. One that is not there was revoked, since it is kept for as
/// long as it may be given again: it stays dead, and the answer says so by its end.
fn revive(
    tx: &Tx<'_>,
    pair: &Successor,
    stored: &StoredRefreshToken,
    rotated: &Rotated,
    ends: &TokenEnds,
    now: UnixTime,
) -> Step<Option<UnixTime>> {
    match tx.get::<StoredAccessToken>(pair.access.hash().as_bytes())? {
        Some(token) if token.used => Ok(token.expires_at),
        Some(_) => {
            change(tx, &stored.connection, |connection| connection.with_access(ends.access))?;
            put_access(tx, pair, stored, &rotated.scope, ends.access, now)?;
            Ok(ends.access)
        }
        None => Ok(Some(now)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::fixtures::{NOW, authenticated, client, connection, occasion, params, resource, seconds_later, secret, user};
    use crate::oauth::token_policy::RefreshMode;
    use crate::oauth::token_request::{self, TokenRequest};
    use crate::store::testing::{Temporary, at_once, store};
    use std::time::Duration;

    fn access() -> TokenHash<AccessToken> {
        secret::<AccessToken>(1).hash()
    }

    fn connected() -> Temporary {
        let store = store();
        store.add_user(&user("ann"), &occasion()).unwrap();
        store.add_client(&client("claude"), &occasion()).unwrap();
        let (access_until, alive_until) = (Some(seconds_later(3600)), Some(seconds_later(7200)));
        store.put_all(&[(connection().id.as_str().as_bytes(), Connection { access_until, alive_until, ..connection() })]);
        let token = StoredAccessToken {
            connection: connection().id,
            scope: Scope::parse("read"),
            issued_at: NOW,
            expires_at: Some(seconds_later(3600)),
            used: false,
        };
        store.put_all(&[(access().as_bytes(), token)]);
        let token = StoredRefreshToken { connection: connection().id, expires_at: seconds_later(7200), rotated: None };
        store.put_all(&[(secret::<RefreshToken>(1).hash().as_bytes(), token)]);
        store
    }

    fn refresh_at(
        store: &Temporary,
        presented: &Secret<RefreshToken>,
        salt: u8,
        seconds: u64,
    ) -> Result<(Successor, Option<UnixTime>), Refusal> {
        refresh_in(store, presented, salt, seconds, RefreshMode::Rotate)
    }

    fn refresh_in(
        store: &Temporary,
        presented: &Secret<RefreshToken>,
        salt: u8,
        seconds: u64,
        mode: RefreshMode,
    ) -> Result<(Successor, Option<UnixTime>), Refusal> {
        let now = seconds_later(seconds);
        let terms = RefreshTerms { salt: [salt; 16], occasion: Occasion::here(now) };
        let form = format!("grant_type=refresh_token&refresh_token={}", presented.reveal());
        let Ok(TokenRequest::Refresh(grant)) = token_request::parse(&params(&form)) else { panic!("not a refresh") };
        let (client, mut server) = (authenticated("claude"), resource("/notes"));
        server.tokens.refresh_token = Duration::from_secs(7200);
        server.tokens.refresh = mode;
        let decide = |stored: &StoredRefreshToken, standing: Result<&StandingGrant, Refusal>, fate: Option<Fate>| {
            refresh::rotate(stored, standing, fate, &client, Some(&server), &grant, now)
        };
        match store.refresh(presented, &terms, decide).unwrap() {
            Refreshed::Issued { tokens, expires_at, .. } => Ok((tokens, expires_at)),
            Refreshed::Refused(refusal) => Err(refusal),
        }
    }

    fn is_good(store: &Temporary, hash: &TokenHash<AccessToken>) -> bool {
        store.access_token(hash).unwrap().is_some_and(|(_, standing)| connection::stands(standing, NOW).is_ok())
    }

    #[test]
    fn many_who_refresh_at_once_get_one_and_the_same_pair() {
        let store = connected();
        let first = secret(1);
        let pairs = at_once(32, |salt| refresh_at(&store, &first, u8::try_from(salt).unwrap(), 0).unwrap().0);
        assert!(pairs.iter().all(|pair| pair.access.hash() == pairs[0].access.hash() && pair.refresh.hash() == pairs[0].refresh.hash()));
        assert_eq!(store.scan::<StoredRefreshToken>().unwrap().len(), 2);
        assert!(is_good(&store, &pairs[0].access.hash()));
    }

    #[test]
    fn a_revoked_access_token_is_not_brought_back_by_the_note_that_it_was_used() {
        let store = connected();
        let (admitted, _) = store.access_token(&access()).unwrap().unwrap();
        store.revoke_access_token(&access(), &occasion(), |_| true).unwrap();
        store.note_use(&access(), &admitted, &occasion());
        assert!(!is_good(&store, &access()));
    }

    #[test]
    fn a_revoked_access_token_is_not_brought_back_by_the_answer_it_came_in() {
        let store = connected();
        let first = secret(1);
        let (pair, _) = refresh_at(&store, &first, 1, 0).unwrap();
        store.revoke_access_token(&pair.access.hash(), &occasion(), |_| true).unwrap();
        let (again, expires_at) = refresh_at(&store, &first, 2, 30).unwrap();
        assert_eq!((again.access.hash(), expires_at), (pair.access.hash(), Some(seconds_later(30))));
        assert!(!is_good(&store, &pair.access.hash()));
    }

    #[test]
    fn the_access_token_of_a_lost_answer_starts_its_life_anew_and_one_in_use_does_not() {
        let store = connected();
        let first = secret(1);
        let (pair, expires_at) = refresh_at(&store, &first, 1, 0).unwrap();
        assert_eq!(expires_at, Some(seconds_later(3600)));
        assert_eq!(refresh_at(&store, &first, 2, 5000).unwrap().1, Some(seconds_later(8600)));
        let (token, _) = store.access_token(&pair.access.hash()).unwrap().unwrap();
        store.note_use(&pair.access.hash(), &token, &Occasion::here(seconds_later(5001)));
        assert!(store.access_token(&pair.access.hash()).unwrap().unwrap().0.used);
        assert_eq!(refresh_at(&store, &first, 3, 5002).err(), Some(Refusal::RefreshTokenReused));
        assert!(!is_good(&store, &pair.access.hash()));
    }

    #[test]
    fn a_rotation_lengthens_the_life_of_its_connection() {
        let store = connected();
        refresh_at(&store, &secret(1), 1, 100).unwrap();
        let stored: Connection = store.load(connection().id.as_str().as_bytes()).unwrap().unwrap();
        assert_eq!(stored.alive_until, Some(seconds_later(7300)));
        assert_eq!(store.sweep(seconds_later(7200)), Ok(1), "only the token that was rotated is forgotten");
    }

    #[test]
    fn a_reusable_token_brings_a_new_access_token_each_time_and_lives_anew() {
        let store = connected();
        let token = secret(1);
        let pairs = at_once(8, |salt| refresh_in(&store, &token, u8::try_from(salt).unwrap(), 100, RefreshMode::Reusable).unwrap().0);
        for (number, pair) in pairs.iter().enumerate() {
            assert_eq!(pair.refresh.hash(), token.hash());
            assert!(is_good(&store, &pair.access.hash()));
            assert!(pairs[..number].iter().all(|other| other.access.hash() != pair.access.hash()));
        }
        let kept: Vec<StoredRefreshToken> = store.scan().unwrap();
        assert_eq!(kept, [StoredRefreshToken { connection: connection().id, expires_at: seconds_later(7300), rotated: None }]);
        assert!(refresh_in(&store, &token, 1, 7299, RefreshMode::Reusable).is_ok(), "used in time");
        assert!(refresh_in(&store, &token, 2, 14_498, RefreshMode::Reusable).is_ok(), "and again");
        let last = refresh_in(&store, &token, 3, 21_698, RefreshMode::Reusable).err();
        assert_eq!(last, Some(Refusal::RefreshTokenExpired));
    }

    #[test]
    fn given_back_alone_a_refresh_token_leaves_the_access_tokens_and_nothing_that_renews_them() {
        let store = connected();
        let first = secret(1);
        let (pair, _) = refresh_at(&store, &first, 1, 0).unwrap();
        let seen = store.wait_for_endings(u64::MAX, Duration::ZERO);
        store.revoke_refresh_token(&pair.refresh.hash(), &occasion(), |_| GivenBack::Refresh).unwrap();
        assert_eq!(store.wait_for_endings(u64::MAX, Duration::ZERO), seen, "no stream has to be judged again");
        assert!(is_good(&store, &access()) && is_good(&store, &pair.access.hash()));
        for token in [&first, &pair.refresh] {
            assert_eq!(refresh_at(&store, token, 2, 1).err(), Some(Refusal::GrantEnded));
        }
        assert!(is_good(&store, &pair.access.hash()), "asking again harms nobody");
        let left: Connection = store.load(connection().id.as_str().as_bytes()).unwrap().unwrap();
        assert_eq!((left.alive_until, left.refreshable), (Some(seconds_later(3600)), false));
    }

    #[test]
    fn a_revocation_that_ends_nothing_wakes_nobody() {
        let store = connected();
        let count = || store.wait_for_endings(u64::MAX, Duration::ZERO);
        let before = count();
        store.revoke_access_token(&secret::<AccessToken>(9).hash(), &occasion(), |_| true).unwrap();
        store.revoke_refresh_token(&secret::<RefreshToken>(9).hash(), &occasion(), |_| GivenBack::Connection).unwrap();
        store.revoke_access_token(&access(), &occasion(), |_| false).unwrap();
        assert_eq!(count(), before);
        store.revoke_access_token(&access(), &occasion(), |_| true).unwrap();
        assert_eq!(count(), before + 1);
    }

    #[test]
    fn whoever_may_not_revoke_changes_nothing() {
        let store = connected();
        let refresh = secret::<RefreshToken>(1).hash();
        store.revoke_access_token(&access(), &occasion(), |_| false).unwrap();
        store.revoke_refresh_token(&refresh, &occasion(), |_| GivenBack::Nothing).unwrap();
        assert!(is_good(&store, &access()));
        store.revoke_refresh_token(&secret::<RefreshToken>(9).hash(), &occasion(), |_| GivenBack::Connection).unwrap();
        assert!(is_good(&store, &access()));
        store.revoke_refresh_token(&refresh, &occasion(), |_| GivenBack::Connection).unwrap();
        assert!(!is_good(&store, &access()));
        assert_eq!(refresh_at(&store, &secret(1), 1, 0).err(), Some(Refusal::GrantEnded));
    }

    #[test]
    fn a_revocation_beside_refreshes_leaves_nothing_alive() {
        for _ in 0..10 {
            let store = connected();
            let first = secret(1);
            let pairs = at_once(8, |number| {
                if number == 3 {
                    store.revoke_refresh_token(&first.hash(), &occasion(), |_| GivenBack::Connection).unwrap();
                    return None;
                }
                refresh_at(&store, &first, 1, 0).ok()
            });
            for (pair, _) in pairs.into_iter().flatten() {
                assert!(!is_good(&store, &pair.access.hash()));
                assert!(refresh_at(&store, &pair.refresh, 2, 0).is_err());
            }
        }
    }
}
