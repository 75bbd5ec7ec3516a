//! The first run: one link, one use, one owner.

use super::open::INSTANCE;
use super::record::{Instance, Record, StoredSetupLink};
use super::users::{self, AddUser};
use super::{Store, StoreError};
use crate::clock::UnixTime;
use crate::oauth::secret::{SetupLink, TokenHash};
use crate::oauth::user::User;

const LINK: &[u8] = b"";

/// What came of an attempt to claim the instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// The account owns it now.
    Claimed,
    /// The link is not the current one, or its hour is over.
    WrongLink,
    /// Somebody owns it already.
    AlreadyOwned,
    /// The name is taken by an account that was added by command.
    NameTaken,
}

impl Store {
    /// True once an owner exists or existed.
    pub fn is_claimed(&self) -> Result<bool, StoreError> {
        Ok(self.load::<Instance>(INSTANCE)?.is_some_and(|instance| instance.claimed))
    }

    /// Puts a new link in place of any earlier one. On disk before it returns.
    pub fn set_setup_link(&self, hash: &TokenHash<SetupLink>, expires_at: UnixTime) -> Result<(), StoreError> {
        self.transact(|tx| tx.put(LINK, &StoredSetupLink { hash: *hash, expires_at }))?;
        self.commit()
    }

    /// True while the link would be accepted.
    pub fn is_setup_link(&self, hash: &TokenHash<SetupLink>, now: UnixTime) -> Result<bool, StoreError> {
        Ok(!self.is_claimed()? && self.load::<StoredSetupLink>(LINK)?.is_some_and(|link| accepts(&link, hash, now)))
    }

    /// Makes `owner` the owner if the link is good and nobody was faster. On disk before it returns.
    pub fn claim(&self, hash: &TokenHash<SetupLink>, owner: &User, now: UnixTime) -> Result<Claim, StoreError> {
        let claim = self.transact(|tx| {
            if tx.get::<Instance>(INSTANCE)?.is_some_and(|instance| instance.claimed) {
                return Ok(Claim::AlreadyOwned);
            }
            if !tx.get::<StoredSetupLink>(LINK)?.is_some_and(|link| accepts(&link, hash, now)) {
                return Ok(Claim::WrongLink);
            }
            match users::add(tx, owner)? {
                AddUser::NameTaken => Ok(Claim::NameTaken),
                AddUser::Added => {
                    tx.remove(StoredSetupLink::TABLE, LINK)?;
                    Ok(Claim::Claimed)
                }
            }
        })?;
        self.commit()?;
        Ok(claim)
    }
}

fn accepts(link: &StoredSetupLink, hash: &TokenHash<SetupLink>, now: UnixTime) -> bool {
    link.hash == *hash && !link.expires_at.has_come(now)
}
