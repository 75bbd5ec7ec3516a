//! Accounts.

use super::api_keys::forget;
use super::connections::end;
use super::invitations;
use super::open::INSTANCE;
use super::record::{Instance, NameOwner, Record};
use super::transaction::{Step, Tx};
use super::{Store, StoreError};
use crate::clock::UnixTime;
use crate::oauth::api_key::StoredApiKey;
use crate::oauth::audit::{Event, Occasion};
use crate::oauth::audit_kinds::What;
use crate::oauth::connection::{Connection, EndReason};
use crate::oauth::ids::UserId;
use crate::oauth::invitation::Invitation;
use crate::oauth::secret::{InvitationLink, TokenHash};
use crate::oauth::user::{OwnerRemains, User, UserName, may_go};

/// What came of adding an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddUser {
    /// It is there.
    Added,
    /// The name is taken.
    NameTaken,
}

/// What came of taking something from an account that an owner may need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gone {
    /// It is as was asked; the account as it is then, or was.
    Done(User),
    /// It is the last owner who can sign in.
    LastOwner,
    /// There is no such account.
    Unknown,
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

    /// Switches an account off, unless nobody would be left to switch it on again. On disk before it returns, and open
    /// streams are told.
    pub fn disable_user(&self, id: &UserId, occasion: &Occasion) -> Result<Gone, StoreError> {
        let gone = self.with_an_owner_left(id, |tx, user, _remains| {
            if user.disabled {
                return Ok(user);
            }
            let user = user.switched_off();
            tx.put(user.id.as_str().as_bytes(), &user)?;
            tx.record(&occasion.event(What::UserDisabled).of_user(&user.name))?;
            Ok(user)
        })?;
        self.commit_ending()?;
        Ok(gone)
    }

    /// Takes the password from an account and makes a link with which its person chooses another, in place of any earlier
    /// link. On disk before it returns, and open streams are told.
    pub fn reset_user(
        &self,
        id: &UserId,
        link: &TokenHash<InvitationLink>,
        expires_at: UnixTime,
        occasion: &Occasion,
    ) -> Result<Gone, StoreError> {
        let gone = self.with_an_owner_left(id, |tx, user, _remains| {
            let user = user.reset();
            tx.put(user.id.as_str().as_bytes(), &user)?;
            tx.record(&occasion.event(What::PasswordReset).of_user(&user.name))?;
            invitations::put(tx, *link, &user, expires_at, occasion)?;
            Ok(user)
        })?;
        self.commit_ending()?;
        Ok(gone)
    }

    /// Runs `steps` on an account in one transaction, in which an owner who can sign in is seen to stay. Transactions come
    /// one after another, so that of two owners who take each other away at the same moment one is the last.
    fn with_an_owner_left(&self, id: &UserId, steps: impl Fn(&Tx<'_>, User, OwnerRemains) -> Step<User>) -> Result<Gone, StoreError> {
        let owners: Vec<UserId> = self.users()?.into_iter().filter(|user| user.owner).map(|user| user.id).collect();
        self.transact(|tx| {
            let Some(user) = tx.get::<User>(id.as_str().as_bytes())? else { return Ok(Gone::Unknown) };
            let now: Vec<Option<User>> = owners.iter().map(|id| tx.get(id.as_str().as_bytes())).collect::<Step<_>>()?;
            match may_go(&user, now.iter().flatten()) {
                Some(remains) => steps(tx, user, remains).map(Gone::Done),
                None => Ok(Gone::LastOwner),
            }
        })
    }

    /// Removes an account with its keys, and ends its connections, unless it is the last owner. On disk before it returns,
    /// and open streams are told.
    pub fn remove_user(&self, user: &User, occasion: &Occasion) -> Result<Gone, StoreError> {
        let theirs: Vec<Connection> = self.scan::<Connection>()?.into_iter().filter(|connection| connection.user == user.id).collect();
        let keys: Vec<(Vec<u8>, StoredApiKey)> = self.scan_with_keys()?;
        let gone = self.with_an_owner_left(&user.id, |tx, user, _remains| {
            tx.record(&occasion.event(What::UserRemoved).of_user(&user.name))?;
            for connection in &theirs {
                end(tx, &connection.id, EndReason::UserRemoved, occasion)?;
            }
            for (hash, key) in keys.iter().filter(|(_, key)| key.user == user.id) {
                forget(tx, hash, key, occasion)?;
            }
            tx.remove(User::TABLE, user.id.as_str().as_bytes())?;
            tx.remove(Invitation::TABLE, user.id.as_str().as_bytes())?;
            tx.remove(NameOwner::TABLE, user.name.folded().as_bytes())?;
            Ok(user)
        })?;
        self.commit_ending()?;
        Ok(gone)
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
    use crate::oauth::audit::Wanted;
    use crate::oauth::fixtures::{NOW, api_key, connection, occasion, seconds_later, secret, user};
    use crate::oauth::user::ServerAccess;
    use crate::store::record::Table;
    use crate::store::testing::{Temporary, at_once, store};

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

    fn owners(count: usize) -> (Temporary, Vec<User>) {
        let store = store();
        let owner = |number: usize| User {
            id: UserId::known_as(&format!("user_{number}")),
            owner: true,
            disabled: false,
            password: "hash".into(),
            ..user(&format!("owner{number}"))
        };
        let owners: Vec<User> = (0..count).map(owner).collect();
        for owner in &owners {
            assert_eq!(store.add_user(owner, &occasion()), Ok(AddUser::Added));
        }
        (store, owners)
    }

    #[test]
    fn of_owners_who_take_each_other_away_at_once_one_stays() {
        for round in 0..24 {
            let (store, owners) = owners(4);
            let gone = at_once(4, |number| match (number + round) % 3 {
                0 => store.disable_user(&owners[number].id, &occasion()).unwrap(),
                1 => store.remove_user(&owners[number], &occasion()).unwrap(),
                _ => store.reset_user(&owners[number].id, &secret::<InvitationLink>(1).hash(), seconds_later(60), &occasion()).unwrap(),
            });
            assert_eq!(gone.iter().filter(|gone| matches!(gone, Gone::LastOwner)).count(), 1, "{gone:?}");
            assert_eq!(store.users().unwrap().iter().filter(|user| user.is_acting_owner()).count(), 1, "{gone:?}");
        }
    }

    #[test]
    fn what_goes_has_ended_and_who_is_not_there_is_unknown() {
        let (store, owners) = owners(2);
        let link = secret::<InvitationLink>(1).hash();
        let Gone::Done(reset) = store.reset_user(&owners[0].id, &link, seconds_later(60), &occasion()).unwrap() else { panic!() };
        assert!(!reset.has_password() && reset.epoch == owners[0].epoch + 1);
        assert_eq!(store.invited(&link, NOW), Ok(Some(reset)));
        assert_eq!(store.disable_user(&owners[1].id, &occasion()), Ok(Gone::LastOwner), "an owner who cannot sign in is none");
        let Gone::Done(off) = store.disable_user(&owners[0].id, &occasion()).unwrap() else { panic!() };
        assert_eq!(store.disable_user(&owners[0].id, &occasion()), Ok(Gone::Done(off)), "once is enough");
        assert!(matches!(store.remove_user(&owners[0], &occasion()), Ok(Gone::Done(_))));
        assert_eq!((store.remove_user(&owners[0], &occasion()), store.count(Table::Invitation)), (Ok(Gone::Unknown), 0));
        let told: Vec<String> = store.events(&Wanted::newest(4)).unwrap().iter().map(|entry| entry.event.what.kind().to_owned()).collect();
        assert_eq!(told, ["user_removed", "user_disabled", "invitation_made", "password_reset"]);
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
