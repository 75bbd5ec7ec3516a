//! API keys: adding, looking up, listing, revoking. A key is stored under its hash; there are few, so that who knows only
//! its id looks through all of them.

use super::record::{LastUse, Table};
use super::transaction::{Step, Tx};
use super::{Store, StoreError};
use crate::oauth::api_key::{MAX_PER_USER, Standing, StoredApiKey};
use crate::oauth::audit::{Event, Occasion};
use crate::oauth::audit_kinds::What;
use crate::oauth::ids::UserId;
use crate::oauth::secret::{ApiKey, TokenHash};
use crate::oauth::text::Shown;
use crate::oauth::user::User;
use std::sync::PoisonError;

/// A busy key is recorded once in each of these, or it would push everything else out of the log.
const HOUR: u64 = 60 * 60;

/// Why a key was not added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotAdded {
    /// Its user has [`MAX_PER_USER`].
    TooMany,
    /// Its user was removed, switched off or taken off the server, or got another password, in this moment.
    Denied,
}

/// A key with what a list shows beside it.
#[derive(Clone, Debug)]
pub struct ListedApiKey {
    /// The key and its user.
    pub standing: Standing,
    /// When and from where it was last used.
    pub last_use: Option<LastUse>,
}

impl Store {
    /// The key and everything its life depends on.
    pub fn api_key(&self, hash: &TokenHash<ApiKey>) -> Result<Option<Standing>, StoreError> {
        let Some(key) = self.load::<StoredApiKey>(hash.as_bytes())? else { return Ok(None) };
        let user = self.user(&key.user)?;
        Ok(Some(Standing { key, user }))
    }

    /// Every key, oldest first; of one user or of all.
    pub fn api_keys(&self, of: Option<&UserId>) -> Result<Vec<ListedApiKey>, StoreError> {
        let mut all: Vec<(Vec<u8>, StoredApiKey)> = self.scan_with_keys()?;
        all.retain(|(_, key)| of.is_none_or(|user| key.user == *user));
        all.sort_by_key(|(_, key)| key.created_at);
        let listed = |(hash, key): (Vec<u8>, StoredApiKey)| {
            let last_use = self.load(&hash)?;
            Ok(ListedApiKey { last_use, standing: Standing { user: self.user(&key.user)?, key } })
        };
        all.into_iter().map(listed).collect()
    }

    /// Adds a key, if its user may still have it. On disk before it returns.
    pub fn add_api_key(
        &self,
        hash: &TokenHash<ApiKey>,
        key: &StoredApiKey,
        occasion: &Occasion,
    ) -> Result<Result<(), NotAdded>, StoreError> {
        let _one_at_a_time = self.adding_keys.lock().unwrap_or_else(PoisonError::into_inner);
        if self.api_keys(Some(&key.user))?.len() >= MAX_PER_USER {
            return Ok(Err(NotAdded::TooMany));
        }
        let added = self.transact(|tx| {
            let user: Option<User> = tx.get(key.user.as_str().as_bytes())?;
            if !user.is_some_and(|user| user.may_use(&key.server) && user.epoch == key.user_epoch) {
                return Ok(Err(NotAdded::Denied));
            }
            tx.put(hash.as_bytes(), key)?;
            record(tx, key, occasion.event(What::KeyCreated { key: Shown::new(key.name.as_str()) }))?;
            Ok(Ok(()))
        })?;
        self.commit()?;
        Ok(added)
    }

    /// Forgets the keys that `which` names, and gives how many those were. On disk before it returns, and open streams
    /// are told.
    pub fn revoke_api_keys(&self, occasion: &Occasion, which: impl Fn(&StoredApiKey) -> bool) -> Result<usize, StoreError> {
        let mut keys: Vec<(Vec<u8>, StoredApiKey)> = self.scan_with_keys()?;
        keys.retain(|(_, key)| which(key));
        self.transact(|tx| keys.iter().try_for_each(|(hash, key)| forget(tx, hash, key, occasion)))?;
        self.commit_ending()?;
        Ok(keys.len())
    }

    /// Notes that a key was admitted, and records it once in an hour. Not waited for; a note that fails changes nothing
    /// about the request.
    pub fn note_key_use(&self, hash: &TokenHash<ApiKey>, occasion: &Occasion) {
        let noted = |tx: &Tx<'_>, last: Option<LastUse>| {
            if last.is_some_and(|last| last.at.0 / HOUR == occasion.at.0 / HOUR) {
                return Ok(());
            }
            let Some(key) = tx.get::<StoredApiKey>(hash.as_bytes())? else { return Ok(()) };
            record(tx, &key, occasion.event(What::KeyUsed { key: Shown::new(key.name.as_str()) }))
        };
        let _ = self.note_last_use(Table::ApiKey, hash.as_bytes(), occasion, noted);
    }
}

/// Forgets one key.
pub(super) fn forget(tx: &Tx<'_>, hash: &[u8], key: &StoredApiKey, occasion: &Occasion) -> Step<()> {
    record(tx, key, occasion.event(What::KeyRevoked { key: Shown::new(key.name.as_str()) }))?;
    tx.remove(Table::ApiKey, hash)?;
    tx.remove(Table::LastUse, hash)
}

/// Writes an event about a key, with the name that its user has at this moment.
fn record(tx: &Tx<'_>, key: &StoredApiKey, event: Event) -> Step<()> {
    let event = event.at_server(&key.server);
    let user: Option<User> = tx.get(key.user.as_str().as_bytes())?;
    tx.record(&user.iter().fold(event, |event, user| event.of_user(&user.name)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::audit::Wanted;
    use crate::oauth::fixtures::{api_key, occasion, seconds_later, secret, user};
    use crate::oauth::ids::KeyId;
    use crate::store::testing::{Temporary, at_once, store};
    use std::time::Duration;

    fn later(seconds: u64) -> Occasion {
        Occasion { at: seconds_later(seconds), ..occasion() }
    }

    fn hash(byte: u8) -> TokenHash<ApiKey> {
        secret::<ApiKey>(byte).hash()
    }

    fn with_two() -> Temporary {
        let store = store();
        store.add_user(&user("ann"), &occasion()).unwrap();
        let younger = StoredApiKey { id: KeyId::known_as("key_2"), created_at: seconds_later(5), expires_at: None, ..api_key() };
        store.add_api_key(&hash(2), &younger, &occasion()).unwrap().unwrap();
        store.add_api_key(&hash(1), &api_key(), &occasion()).unwrap().unwrap();
        store
    }

    fn ids(store: &Temporary) -> Vec<String> {
        store.api_keys(None).unwrap().iter().map(|listed| listed.standing.key.id.to_string()).collect()
    }

    #[test]
    fn a_key_is_found_by_its_hash_with_its_user() {
        let store = with_two();
        let found = store.api_key(&hash(1)).unwrap().unwrap();
        assert_eq!((found.key, found.user), (api_key(), Some(user("ann"))));
        assert!(store.api_key(&hash(3)).unwrap().is_none());
    }

    #[test]
    fn a_key_is_added_only_while_its_user_may_have_it_and_of_many_at_once_no_more_than_there_may_be() {
        let store = with_two();
        let add = |number: usize, key: StoredApiKey| {
            let id = KeyId::known_as(&format!("key_{number}"));
            let hash = TokenHash::from_bytes(std::array::from_fn(|at| number.to_be_bytes().get(at).copied().unwrap_or(9)));
            store.add_api_key(&hash, &StoredApiKey { id, ..key }, &occasion()).unwrap()
        };
        for key in [StoredApiKey { user_epoch: 2, ..api_key() }, StoredApiKey { user: UserId::known_as("nobody"), ..api_key() }] {
            assert_eq!(add(10, key), Err(NotAdded::Denied));
        }
        let added = at_once(8, |thread| (0..30).filter(|number| add(100 * thread + number, api_key()).is_ok()).count());
        assert_eq!(added.into_iter().sum::<usize>(), MAX_PER_USER - 2);
        assert_eq!(add(9999, api_key()), Err(NotAdded::TooMany));
    }

    #[test]
    fn a_list_is_oldest_first_and_knows_the_last_use() {
        let store = with_two();
        store.note_key_use(&hash(1), &later(60));
        assert_eq!(ids(&store), ["key_1", "key_2"]);
        assert_eq!(store.api_keys(Some(&user("ann").id)).unwrap().len(), 2);
        assert!(store.api_keys(Some(&UserId::known_as("bob"))).unwrap().is_empty());
        let uses: Vec<_> = store.api_keys(None).unwrap().iter().map(|listed| listed.last_use.map(|last| last.at)).collect();
        assert_eq!(uses, [Some(seconds_later(60)), None]);
    }

    #[test]
    fn a_revoked_key_is_gone_with_its_last_use_and_open_streams_are_told() {
        let store = with_two();
        store.note_key_use(&hash(1), &occasion());
        let seen = store.wait_for_endings(u64::MAX, Duration::ZERO);
        assert_eq!(store.revoke_api_keys(&occasion(), |key| key.id == api_key().id), Ok(1));
        assert!(store.wait_for_endings(seen, Duration::ZERO) > seen);
        assert!(store.api_key(&hash(1)).unwrap().is_none());
        assert_eq!((ids(&store), store.count(Table::LastUse)), (vec!["key_2".to_owned()], 0));
        assert_eq!(store.revoke_api_keys(&occasion(), |key| key.id == api_key().id), Ok(0));
        store.note_key_use(&hash(1), &later(600));
        assert_eq!(store.count(Table::LastUse), 0, "a use that was under way leaves nothing behind");
    }

    #[test]
    fn an_expired_key_stays_in_the_list_for_a_month() {
        let store = with_two();
        store.note_key_use(&hash(1), &occasion());
        let month = 30 * 24 * 60 * 60;
        assert_eq!(store.sweep(seconds_later(3600 + month - 1)), Ok(0));
        assert_eq!(store.sweep(seconds_later(3600 + month)), Ok(1));
        assert_eq!((ids(&store), store.count(Table::LastUse)), (vec!["key_2".to_owned()], 0));
    }

    #[test]
    fn what_becomes_of_a_key_is_recorded_and_its_use_once_in_an_hour() {
        let store = store();
        store.add_user(&user("ann"), &occasion()).unwrap();
        store.add_api_key(&hash(1), &api_key(), &occasion()).unwrap().unwrap();
        for minute in 0..180 {
            store.note_key_use(&hash(1), &later(minute * 60));
        }
        store.revoke_api_keys(&occasion(), |_| true).unwrap();
        let events = store.events(&Wanted { user: Some("ann".into()), ..Wanted::newest(9) }).unwrap();
        let sentences: Vec<String> = events.iter().rev().skip(1).map(|entry| entry.event.sentence()).collect();
        let used = "the key \"backup\" of ann was used at /notes";
        let (made, revoked) = ("the key \"backup\" of ann for /notes was made", "the key \"backup\" of ann was revoked");
        // From the middle of an hour on, three hours touch four.
        assert_eq!(sentences, [made, used, used, used, used, revoked]);
    }
}
