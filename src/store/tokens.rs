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
use crate::oauth::scope::Scope;
use crate::oauth::secret::{AccessToken, RefreshToken, Secret, TokenHash};
use std::time::Duration;

/// What a rotation needs to know besides the token.
pub struct RefreshTerms {
    /// Fresh chance, from which the successor follows.
    pub salt: [u8; 16],
    /// How long a new access token lives.
    pub access_lifetime: Option<Duration>,
    /// How long a new refresh token lives.
    pub refresh_lifetime: Duration,
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
        /// Of the access token.
        expires_at: Option<UnixTime>,
    },
    /// None, and why.
    Refused(Refusal),
}

/// What the answer of a rotation is made of: the salt of its pair, and scope and end of its access token.
type Stored = ([u8; 16], Scope, Option<UnixTime>);

impl Store {
    /// The token and everything its life depends on.
    pub fn access_token(&self, hash: &TokenHash<AccessToken>) -> Result<Option<(StoredAccessToken, Standing)>, StoreError> {
        let Some(token) = self.load::<StoredAccessToken>(hash.as_bytes())? else { return Ok(None) };
        let Some(connection) = self.load::<Connection>(token.connection.as_str().as_bytes())? else { return Ok(None) };
        let user = self.load(connection.user.as_str().as_bytes())?;
        let client = self.load(connection.client.as_str().as_bytes())?;
        Ok(Some((token, Standing { connection, user, client })))
    }

    /// Notes that a token was admitted. Not waited for; a note that fails changes nothing about the request.
    pub fn note_use(&self, hash: &TokenHash<AccessToken>, token: &StoredAccessToken, now: UnixTime) {
        if !token.used {
            // Read anew: the token may have been revoked since it was admitted, and a note must not bring it back.
            let _ = self.transact(|tx| match tx.get::<StoredAccessToken>(hash.as_bytes())? {
                Some(token) if !token.used => tx.put(hash.as_bytes(), &StoredAccessToken { used: true, ..token }),
                Some(_) | None => Ok(()),
            });
        }
        let _ = self.note_last_use(Table::Connection, token.connection.as_str().as_bytes(), now, |_, _| Ok(()));
    }

    /// Rotates a refresh token as `decide` says. On disk before it returns.
    pub fn refresh(
        &self,
        presented: &Secret<RefreshToken>,
        terms: &RefreshTerms,
        decide: impl Fn(&StoredRefreshToken, Result<&StandingGrant, Refusal>, Option<Fate>) -> Rotation,
    ) -> Result<Refreshed, StoreError> {
        let hash = presented.hash();
        let (rotation, stored) = self.transact(|tx| {
            let Some(stored) = tx.get::<StoredRefreshToken>(hash.as_bytes())? else {
                return Ok((Rotation::Refuse(Refusal::RefreshTokenUnknown), None));
            };
            let earlier = stored.rotated.as_ref().map(|rotated| refresh::successor(presented, &rotated.salt, &self.key));
            let fate = earlier.as_ref().map(|pair| fate(tx, pair)).transpose()?;
            let grant = standing(tx, &stored.connection)?.ok_or(Refusal::GrantEnded).and_then(connection::stands);
            let rotation = decide(&stored, grant.as_ref().map_err(|refusal| *refusal), fate);
            let issued = self.apply(tx, presented, &stored, &rotation, terms)?;
            record(tx, &stored.connection, &rotation, &terms.occasion)?;
            Ok((rotation, issued))
        })?;
        match rotation {
            Rotation::Refuse(refusal) => return Ok(Refreshed::Refused(refusal)),
            Rotation::EndConnection(refusal) => {
                self.commit_ending()?;
                return Ok(Refreshed::Refused(refusal));
            }
            Rotation::Rotate(_) | Rotation::Repeat(_) => self.commit()?,
        }
        let Some((salt, scope, expires_at)) = stored else { return Ok(Refreshed::Refused(Refusal::RefreshTokenUnknown)) };
        Ok(Refreshed::Issued { tokens: refresh::successor(presented, &salt, &self.key), scope, expires_at })
    }

    fn apply(
        &self,
        tx: &Tx<'_>,
        presented: &Secret<RefreshToken>,
        stored: &StoredRefreshToken,
        rotation: &Rotation,
        terms: &RefreshTerms,
    ) -> Step<Option<Stored>> {
        match rotation {
            Rotation::Refuse(_) => Ok(None),
            Rotation::EndConnection(_) => {
                end(tx, &stored.connection, EndReason::RefreshTokenReused, &terms.occasion)?;
                Ok(None)
            }
            Rotation::Rotate(scope) => {
                let rotated = Rotated { at: terms.occasion.at, salt: terms.salt, scope: scope.clone() };
                tx.put(presented.hash().as_bytes(), &StoredRefreshToken { rotated: Some(rotated), ..stored.clone() })?;
                let next = refresh::successor(presented, &terms.salt, &self.key);
                let expires_at = store_pair(tx, &next, stored, scope, terms)?;
                Ok(Some((terms.salt, scope.clone(), expires_at)))
            }
            Rotation::Repeat(rotated) => {
                let next = refresh::successor(presented, &rotated.salt, &self.key);
                let expires_at = revive(tx, &next, stored, rotated, terms)?;
                Ok(Some((rotated.salt, rotated.scope.clone(), expires_at)))
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

    /// Ends the connection of a refresh token that its client gives back. On disk before it returns.
    pub fn revoke_refresh_token(
        &self,
        hash: &TokenHash<RefreshToken>,
        occasion: &Occasion,
        may: impl Fn(&Connection) -> bool,
    ) -> Result<(), StoreError> {
        let revoked = self.transact(|tx| {
            let token: Option<StoredRefreshToken> = tx.get(hash.as_bytes())?;
            let connection = token.map(|token| tx.get::<Connection>(token.connection.as_str().as_bytes())).transpose()?.flatten();
            let found = connection.filter(&may);
            if let Some(connection) = &found {
                end(tx, &connection.id, EndReason::RevokedByClient, occasion)?;
            }
            Ok(found.is_some())
        })?;
        self.commit_revocation(revoked)
    }

    /// What was not found may have been revoked a moment ago by a call that still waits for the disk, so this waits too;
    /// but every open stream is judged again only where something ended, or strangers could ask for that at will.
    fn commit_revocation(&self, revoked: bool) -> Result<(), StoreError> {
        if revoked { self.commit_ending() } else { self.commit() }
    }
}

/// What is told of a rotation; how a connection ends is told where it is ended.
fn record(tx: &Tx<'_>, connection: &ConnectionId, rotation: &Rotation, occasion: &Occasion) -> Step<()> {
    let what = match rotation {
        Rotation::Refuse(Refusal::RefreshTokenOfAnotherClient) => What::TokenOfAnother,
        Rotation::Refuse(_) | Rotation::EndConnection(_) => return Ok(()),
        Rotation::Rotate(_) => What::TokensRefreshed,
        Rotation::Repeat(_) => What::TokensRepeated,
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

fn store_pair(tx: &Tx<'_>, pair: &Successor, stored: &StoredRefreshToken, scope: &Scope, terms: &RefreshTerms) -> Step<Option<UnixTime>> {
    let refresh_expires_at = terms.occasion.at.after(terms.refresh_lifetime);
    let next = StoredRefreshToken { connection: stored.connection.clone(), expires_at: refresh_expires_at, rotated: None };
    tx.put(pair.refresh.hash().as_bytes(), &next)?;
    if let Some(mut connection) = tx.get::<Connection>(stored.connection.as_str().as_bytes())? {
        connection.alive_until = terms.access_lifetime.map(|span| refresh_expires_at.max(terms.occasion.at.after(span)));
        tx.put(stored.connection.as_str().as_bytes(), &connection)?;
    }
    put_access(tx, pair, stored, scope, terms)
}

fn put_access(tx: &Tx<'_>, pair: &Successor, stored: &StoredRefreshToken, scope: &Scope, terms: &RefreshTerms) -> Step<Option<UnixTime>> {
    let expires_at = terms.access_lifetime.map(|span| terms.occasion.at.after(span));
    let access = StoredAccessToken {
        connection: stored.connection.clone(),
        scope: scope.clone(),
        issued_at: terms.occasion.at,
        expires_at,
        used: false,
    };
    tx.put(pair.access.hash().as_bytes(), &access)?;
    Ok(expires_at)
}

/// The earlier answer again. An access token that nobody ever used starts its life anew, or the answer would be dead on
/// arrival when it was lost an hour ago. One that is not there was revoked, since it is kept for as long as it may be
/// given again: it stays dead, and the answer says so by its end.
fn revive(tx: &Tx<'_>, pair: &Successor, stored: &StoredRefreshToken, rotated: &Rotated, terms: &RefreshTerms) -> Step<Option<UnixTime>> {
    match tx.get::<StoredAccessToken>(pair.access.hash().as_bytes())? {
        Some(token) if token.used => Ok(token.expires_at),
        Some(_) => put_access(tx, pair, stored, &rotated.scope, terms),
        None => Ok(Some(terms.occasion.at)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::fixtures::{NOW, authenticated, client, connection, occasion, params, resource, seconds_later, secret, user};
    use crate::oauth::token_request::{self, TokenRequest};
    use crate::store::testing::{Temporary, at_once, store};

    fn access() -> TokenHash<AccessToken> {
        secret::<AccessToken>(1).hash()
    }

    fn connected() -> Temporary {
        let store = store();
        store.add_user(&user("ann"), &occasion()).unwrap();
        store.add_client(&client("claude"), &occasion()).unwrap();
        store.put_all(&[(connection().id.as_str().as_bytes(), connection())]);
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
        let now = seconds_later(seconds);
        let terms = RefreshTerms {
            salt: [salt; 16],
            access_lifetime: Some(Duration::from_secs(3600)),
            refresh_lifetime: Duration::from_secs(7200),
            occasion: Occasion::here(now),
        };
        let form = format!("grant_type=refresh_token&refresh_token={}", presented.reveal());
        let Ok(TokenRequest::Refresh(grant)) = token_request::parse(&params(&form)) else { panic!("not a refresh") };
        let (client, server) = (authenticated("claude"), resource("/notes"));
        let decide = |stored: &StoredRefreshToken, standing: Result<&StandingGrant, Refusal>, fate: Option<Fate>| {
            refresh::rotate(stored, standing, fate, &client, Some(&server), &grant, now)
        };
        match store.refresh(presented, &terms, decide).unwrap() {
            Refreshed::Issued { tokens, expires_at, .. } => Ok((tokens, expires_at)),
            Refreshed::Refused(refusal) => Err(refusal),
        }
    }

    fn is_good(store: &Temporary, hash: &TokenHash<AccessToken>) -> bool {
        store.access_token(hash).unwrap().is_some_and(|(_, standing)| connection::stands(standing).is_ok())
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
        store.note_use(&access(), &admitted, NOW);
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
        store.note_use(&pair.access.hash(), &token, seconds_later(5001));
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
    fn a_revocation_that_ends_nothing_wakes_nobody() {
        let store = connected();
        let count = || store.wait_for_endings(u64::MAX, Duration::ZERO);
        let before = count();
        store.revoke_access_token(&secret::<AccessToken>(9).hash(), &occasion(), |_| true).unwrap();
        store.revoke_refresh_token(&secret::<RefreshToken>(9).hash(), &occasion(), |_| true).unwrap();
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
        store.revoke_refresh_token(&refresh, &occasion(), |_| false).unwrap();
        assert!(is_good(&store, &access()));
        store.revoke_refresh_token(&secret::<RefreshToken>(9).hash(), &occasion(), |_| true).unwrap();
        assert!(is_good(&store, &access()));
        store.revoke_refresh_token(&refresh, &occasion(), |_| true).unwrap();
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
                    store.revoke_refresh_token(&first.hash(), &occasion(), |_| true).unwrap();
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
