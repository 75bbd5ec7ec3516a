//! Accounts.

use super::api_keys::forget;
use super::connections::end;
use super::open::INSTANCE;
use super::record::{Instance, NameOwner, Record};
use super::transaction::{Step, Tx};
use super::{Store, StoreError};
use crate::oauth::api_key::StoredApiKey;
use crate::oauth::audit::{Event, Occasion};
use crate::oauth::audit_kinds::What;
use crate::oauth::connection::{Connection, EndReason};
use crate::oauth::ids::UserId;
use crate::oauth::user::{User, UserName};

/// What came of adding an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddUser {
    /// It is there.
    Added,
    /// The name is taken.
    NameTaken,
}

impl Store {
    /// The account of that id.
    pub fn user(&self, id: &UserId) -> Result<Option<User>, StoreError> {
        self.load(id.as_str().as_bytes())
    }

    /// The account of that name, however its letters are cased.
    pub fn user_named(&self, name: &UserName) -> Result<Option<User>, StoreError> {
        let owner: Option<NameOwner> = self.load(name.folded().as_bytes())?;
        owner.map_or(Ok(None), |NameOwner(id)| self.user(&id))
    }

    /// Every account, oldest first.
    pub fn users(&self) -> Result<Vec<User>, StoreError> {
        let mut users: Vec<User> = self.scan()?;
        users.sort_by_key(|user| user.created_at);
        Ok(users)
    }

    /// Adds an account. On disk before it returns.
    pub fn add_user(&self, user: &User, occasion: &Occasion) -> Result<AddUser, StoreError> {
        let what = What::UserAdded { owner: user.owner };
        let added = self.transact(|tx| add(tx, user, &occasion.event(what.clone())))?;
        self.commit()?;
        Ok(added)
    }

    /// Changes an account as `change` says, which is what `event` tells of; what tokens depend on may have changed with it.
    /// Nothing when there is none. On disk before it returns, and open streams are told.
    pub fn change_user(&self, id: &UserId, event: &Event, change: impl Fn(User) -> User) -> Result<Option<User>, StoreError> {
        let changed = self.transact(|tx| {
            let Some(before) = tx.get::<User>(id.as_str().as_bytes())? else { return Ok(None) };
            let user = change(before.clone());
            if user != before {
                tx.put(id.as_str().as_bytes(), &user)?;
                tx.record(&event.clone().of_user(&user.name))?;
            }
            Ok(Some(user))
        })?;
        self.commit_ending()?;
        Ok(changed)
    }

    /// Removes an account with its keys, and ends its connections. On disk before it returns, and open streams are told.
    pub fn remove_user(&self, user: &User, occasion: &Occasion) -> Result<(), StoreError> {
        let theirs: Vec<Connection> = self.scan::<Connection>()?.into_iter().filter(|connection| connection.user == user.id).collect();
        let keys: Vec<(Vec<u8>, StoredApiKey)> = self.scan_with_keys()?;
        self.transact(|tx| {
            tx.record(&occasion.event(What::UserRemoved).of_user(&user.name))?;
            for connection in &theirs {
                end(tx, &connection.id, EndReason::UserRemoved, occasion)?;
            }
            for (hash, key) in keys.iter().filter(|(_, key)| key.user == user.id) {
                forget(tx, hash, key, occasion)?;
            }
            tx.remove(User::TABLE, user.id.as_str().as_bytes())?;
            tx.remove(NameOwner::TABLE, user.name.folded().as_bytes())
        })?;
        self.commit_ending()
    }
}

/// Adds an account within a transaction, which is what `event` tells of. The first owner closes the door through which
/// strangers could claim the instance.
pub(super) fn add(tx: &Tx<'_>, user: &User, event: &Event) -> Step<AddUser> {
    let folded = user.name.folded();
    if tx.get::<NameOwner>(folded.as_bytes())?.is_some() {
        return Ok(AddUser::NameTaken);
    }
    tx.put(folded.as_bytes(), &NameOwner(user.id.clone()))?;
    tx.put(user.id.as_str().as_bytes(), user)?;
    tx.record(&event.clone().of_user(&user.name))?;
    if user.owner
        && let Some(instance) = tx.get::<Instance>(INSTANCE)?
    {
        tx.put(INSTANCE, &Instance { claimed: true, ..instance })?;
    }
    Ok(AddUser::Added)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::fixtures::{api_key, connection, occasion, user};
    use crate::oauth::user::ServerAccess;
    use crate::store::testing::{at_once, store};

    #[test]
    fn of_many_who_want_one_name_one_gets_it() {
        let store = store();
        let spelled = |number: usize| if number.is_multiple_of(2) { "Ann" } else { "aNN" };
        let added = at_once(16, |number| {
            let account = User { id: UserId::known_as(&format!("user_{number}")), ..user(spelled(number)) };
            store.add_user(&account, &occasion()).unwrap()
        });
        assert_eq!(added.iter().filter(|added| **added == AddUser::Added).count(), 1);
        assert_eq!(store.users().unwrap().len(), 1);
        assert!(store.user_named(&UserName::parse("ANN").unwrap()).unwrap().is_some());
    }

    #[test]
    fn of_many_changes_none_is_lost() {
        let store = store();
        store.add_user(&user("ann"), &occasion()).unwrap();
        let next = |user: User| User { epoch: user.epoch + 1, ..user };
        at_once(16, |_| store.change_user(&user("ann").id, &occasion().event(What::UserEnabled), next).unwrap().unwrap());
        assert_eq!(store.user(&user("ann").id).unwrap().unwrap().epoch, user("ann").epoch + 16);
    }

    #[test]
    fn a_change_to_nobody_makes_nobody() {
        let store = store();
        let change = |user: User| User { servers: ServerAccess::All, ..user };
        assert_eq!(store.change_user(&UserId::known_as("nobody"), &occasion().event(What::UserEnabled), change), Ok(None));
        assert_eq!(store.users(), Ok(vec![]));
    }

    #[test]
    fn a_removed_user_takes_their_connections_along_and_frees_the_name() {
        let store = store();
        store.add_user(&user("ann"), &occasion()).unwrap();
        let bobs = Connection { user: UserId::known_as("bob"), ..connection() };
        store.put_all(&[(b"conn_1", connection()), (b"conn_2", bobs)]);
        let bobs = StoredApiKey { user: UserId::known_as("bob"), ..api_key() };
        store.put_all(&[(&[1; 32], api_key()), (&[2; 32], bobs.clone())]);
        store.remove_user(&user("ann"), &occasion()).unwrap();
        let why = |id: &[u8]| store.load::<Connection>(id).unwrap().unwrap().ended.map(|ended| ended.why);
        assert_eq!((why(b"conn_1"), why(b"conn_2")), (Some(EndReason::UserRemoved), None));
        assert_eq!(store.scan(), Ok(vec![bobs]));
        assert_eq!(store.user_named(&user("ann").name), Ok(None));
        assert_eq!(store.add_user(&user("ann"), &occasion()), Ok(AddUser::Added));
    }

    #[test]
    fn only_an_owner_claims_the_instance() {
        let store = store();
        store.add_user(&user("bob"), &occasion()).unwrap();
        assert_eq!(store.is_claimed(), Ok(false));
        store.add_user(&User { owner: true, ..user("ann") }, &occasion()).unwrap();
        assert_eq!(store.is_claimed(), Ok(true));
    }
}
