//! Browser sessions.

use super::record::{BrowserSession, Record};
use super::{Store, StoreError};
use crate::clock::UnixTime;
use crate::oauth::audit::Event;
use crate::oauth::secret::{Session, TokenHash};
use crate::oauth::user::User;

impl Store {
    /// Remembers a sign-in. On disk before it returns.
    pub fn add_session(&self, hash: &TokenHash<Session>, session: &BrowserSession, event: &Event) -> Result<(), StoreError> {
        self.transact(|tx| {
            tx.put(hash.as_bytes(), session)?;
            tx.record(event)
        })?;
        self.commit()
    }

    /// The session and its user, while both are good: not over, not signed out, account enabled, password unchanged.
    pub fn session(&self, hash: &TokenHash<Session>, now: UnixTime) -> Result<Option<(BrowserSession, User)>, StoreError> {
        let Some(session) = self.load::<BrowserSession>(hash.as_bytes())? else { return Ok(None) };
        let user = self.user(&session.user)?;
        let good = |user: &User| !user.disabled && user.epoch == session.user_epoch && !session.expires_at.has_come(now);
        Ok(user.filter(good).map(|user| (session, user)))
    }

    /// The session and its user, if it has ended by itself and in no other way: whoever signed out, or whose password was
    /// changed since, is not remembered by the browser.
    pub fn session_that_ran_out(&self, hash: &TokenHash<Session>, now: UnixTime) -> Result<Option<(BrowserSession, User)>, StoreError> {
        let Some(session) = self.load::<BrowserSession>(hash.as_bytes())? else { return Ok(None) };
        let user = self.user(&session.user)?;
        let remembered = session.expires_at.has_come(now) && !session.expires_at.after(BrowserSession::REMEMBERED).has_come(now);
        let same = |user: &User| remembered && !user.disabled && user.epoch == session.user_epoch;
        Ok(user.filter(same).map(|user| (session, user)))
    }

    /// Forgets a session; `event` tells of a person who signed out. On disk before it returns.
    pub fn remove_session(&self, hash: &TokenHash<Session>, event: Option<&Event>) -> Result<(), StoreError> {
        self.transact(|tx| {
            tx.remove(BrowserSession::TABLE, hash.as_bytes())?;
            event.map_or(Ok(()), |event| tx.record(event))
        })?;
        self.commit()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::audit_kinds::What;
    use crate::oauth::fixtures::{NOW, occasion, seconds_later, secret, user};
    use crate::store::testing::store;

    #[test]
    fn a_session_is_good_until_its_end_its_removal_or_a_change_of_its_user() {
        let store = store();
        store.add_user(&user("ann"), &occasion()).unwrap();
        let hash = secret::<Session>(1).hash();
        let session = BrowserSession { user: user("ann").id, user_epoch: 3, signed_in_at: NOW, expires_at: seconds_later(60) };
        let signed_in = occasion().event(What::SignedIn);
        store.add_session(&hash, &session, &signed_in).unwrap();
        let good = |seconds| store.session(&hash, seconds_later(seconds)).unwrap().is_some();
        assert!(good(0) && good(59) && !good(60));
        let ran_out = |seconds| store.session_that_ran_out(&hash, seconds_later(seconds)).unwrap().is_some();
        let month = BrowserSession::REMEMBERED.as_secs();
        assert!(!ran_out(59) && ran_out(60) && ran_out(60 + month - 1) && !ran_out(60 + month));
        let set = |change: fn(User) -> User| drop(store.change_user(&user("ann").id, &signed_in, change).unwrap());
        set(|user| User { disabled: true, ..user });
        assert!(!good(0) && !ran_out(60));
        set(|user| User { disabled: false, epoch: 4, ..user });
        assert!(!good(0) && !ran_out(60));
        set(|user| User { epoch: 3, ..user });
        assert!(good(0));
        assert_eq!(store.session(&secret::<Session>(2).hash(), NOW), Ok(None));
        store.remove_session(&hash, None).unwrap();
        assert!(!good(0) && !ran_out(60), "who signs out leaves nothing behind");
    }
}
