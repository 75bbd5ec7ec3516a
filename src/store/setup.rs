//! The first run: one link, one use, one owner.

use super::open::INSTANCE;
use super::record::{Instance, Record, StoredSetupLink};
use super::users::{self, AddUser};
use super::{Store, StoreError};
use crate::clock::UnixTime;
use crate::oauth::audit::Occasion;
use crate::oauth::audit_kinds::What;
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
    pub fn set_setup_link(&self, hash: &TokenHash<SetupLink>, expires_at: UnixTime, occasion: &Occasion) -> Result<(), StoreError> {
        self.transact(|tx| {
            tx.put(LINK, &StoredSetupLink { hash: *hash, expires_at })?;
            tx.record(&occasion.event(What::SetupLinkMade))
        })?;
        self.commit()
    }

    /// True while the link would be accepted.
    pub fn is_setup_link(&self, hash: &TokenHash<SetupLink>, now: UnixTime) -> Result<bool, StoreError> {
        Ok(!self.is_claimed()? && self.load::<StoredSetupLink>(LINK)?.is_some_and(|link| accepts(&link, hash, now)))
    }

    /// Makes `owner` the owner if the link is good and nobody was faster. On disk before it returns.
    pub fn claim(&self, hash: &TokenHash<SetupLink>, owner: &User, occasion: &Occasion) -> Result<Claim, StoreError> {
        let claim = self.transact(|tx| {
            if tx.get::<Instance>(INSTANCE)?.is_some_and(|instance| instance.claimed) {
                return Ok(Claim::AlreadyOwned);
            }
            if !tx.get::<StoredSetupLink>(LINK)?.is_some_and(|link| accepts(&link, hash, occasion.at)) {
                return Ok(Claim::WrongLink);
            }
            match users::add(tx, owner, &occasion.event(What::SetupClaimed))? {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::fixtures::{NOW, occasion, seconds_later, secret, user};
    use crate::store::testing::{at_once, store};

    fn link(byte: u8) -> TokenHash<SetupLink> {
        secret::<SetupLink>(byte).hash()
    }

    fn owner(name: &str) -> User {
        User { owner: true, ..user(name) }
    }

    #[test]
    fn of_many_with_the_right_link_one_becomes_the_owner() {
        let store = store();
        store.set_setup_link(&link(1), seconds_later(60), &occasion()).unwrap();
        let claims = at_once(32, |number| store.claim(&link(1), &owner(&format!("user{number}")), &occasion()).unwrap());
        assert_eq!(claims.iter().filter(|claim| **claim == Claim::Claimed).count(), 1);
        assert_eq!(claims.iter().filter(|claim| **claim == Claim::AlreadyOwned).count(), 31);
        assert_eq!(store.users().unwrap().len(), 1);
        assert_eq!((store.is_claimed(), store.is_setup_link(&link(1), NOW)), (Ok(true), Ok(false)));
    }

    #[test]
    fn a_link_works_until_its_end_and_gives_way_to_a_newer_one() {
        let store = store();
        store.set_setup_link(&link(1), seconds_later(60), &occasion()).unwrap();
        assert_eq!(store.claim(&link(2), &owner("eve"), &occasion()), Ok(Claim::WrongLink));
        assert_eq!(store.claim(&link(1), &owner("ann"), &Occasion::here(seconds_later(60))), Ok(Claim::WrongLink));
        store.set_setup_link(&link(2), seconds_later(60), &occasion()).unwrap();
        assert_eq!(store.claim(&link(1), &owner("eve"), &occasion()), Ok(Claim::WrongLink));
        assert_eq!(store.is_setup_link(&link(2), seconds_later(59)), Ok(true));
        assert_eq!(store.claim(&link(2), &owner("ann"), &Occasion::here(seconds_later(59))), Ok(Claim::Claimed));
    }

    #[test]
    fn a_taken_name_spends_no_link() {
        let store = store();
        store.add_user(&user("ann"), &occasion()).unwrap();
        store.set_setup_link(&link(1), seconds_later(60), &occasion()).unwrap();
        assert_eq!(store.claim(&link(1), &owner("Ann"), &occasion()), Ok(Claim::NameTaken));
        assert_eq!(store.claim(&link(1), &owner("bob"), &occasion()), Ok(Claim::Claimed));
    }

    #[test]
    fn an_instance_once_owned_cannot_be_claimed_though_its_owner_is_gone() {
        let store = store();
        store.add_user(&owner("ann"), &occasion()).unwrap();
        // Not by any action of ours, which would leave one; by whatever else.
        store.transact(|tx| tx.remove(User::TABLE, owner("ann").id.as_str().as_bytes())).unwrap();
        store.set_setup_link(&link(1), seconds_later(60), &occasion()).unwrap();
        assert_eq!(store.claim(&link(1), &owner("eve"), &occasion()), Ok(Claim::AlreadyOwned));
        assert_eq!(store.users(), Ok(vec![]));
    }
}
