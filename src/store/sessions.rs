//! Browser sessions.

use super::record::{BrowserSession, Record};
use super::{Store, StoreError};
use crate::clock::UnixTime;
use crate::oauth::secret::{Session, TokenHash};
use crate::oauth::user::User;

impl Store {
    /// Remembers a sign-in. On disk before it returns.
    pub fn add_session(&self, hash: &TokenHash<Session>, session: &BrowserSession) -> Result<(), StoreError> {
        self.transact(|tx| tx.put(hash.as_bytes(), session))?;
        self.commit()
    }

    /// The session and its user, while both are good: not over, not signed out, account enabled, password unchanged.
    pub fn session(&self, hash: &TokenHash<Session>, now: UnixTime) -> Result<Option<(BrowserSession, User)>, StoreError> {
        let Some(session) = self.load::<BrowserSession>(hash.as_bytes())? else { return Ok(None) };
        let user = self.user(&session.user)?;
        let good = |user: &User| !user.disabled && user.epoch == session.user_epoch && !session.expires_at.has_come(now);
        Ok(user.filter(good).map(|user| (session, user)))
    }

    /// Forgets a session. On disk before it returns.
    pub fn remove_session(&self, hash: &TokenHash<Session>) -> Result<(), StoreError> {
        self.transact(|tx| tx.remove(BrowserSession::TABLE, hash.as_bytes()))?;
        self.commit()
    }
}
