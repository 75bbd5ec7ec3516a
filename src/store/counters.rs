//! How much of each limit is spent. What is decided is decided in memory, since a call through the gate must wait neither
//! for a transaction nor for the disk; the table follows within a second, so that a restart gives nobody a fresh allowance.
//!
//! After a crash what was spent in the last second or two may be forgotten. Where that would be too much to give away, a
//! count is written before the answer ([`Store::spend_for_good`]).

use super::record::{self, Table};
use super::transaction::{Step, Tx};
use super::{Store, StoreError};
use crate::clock::UnixTime;
use crate::oauth::limits::{Spent, Wait};
use crate::oauth::rates::{Bucket, Charge, Key};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Most keys remembered of one bucket. Beyond it those are forgotten that have spent least, so that a flood of strangers
/// makes nobody forgotten who is near their limit. With this number a map takes 3.5 MiB, and with one more it would take seven.
const MOST: usize = 28_000;
/// Records written in one transaction.
const BATCH: usize = 500;

/// The counts of every bucket.
#[derive(Default)]
pub(super) struct Counters {
    shelves: [Mutex<Shelf>; Bucket::ALL.len()],
    /// Held by whoever writes, so that an older count is never written over a newer one.
    writing: Mutex<()>,
}

/// The counts of one bucket.
#[derive(Default)]
struct Shelf {
    counts: HashMap<Key, Count>,
    /// Keys whose record is older than their count.
    changed: Vec<Key>,
    /// Keys that are forgotten here and still have a record.
    gone: Vec<Key>,
}

struct Count {
    spent: Spent,
    is_written: bool,
    is_changed: bool,
    /// When it was last said that there was no more room.
    told: Option<UnixTime>,
}

/// There is no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Over {
    /// Until there is.
    pub wait: Wait,
    /// True once in the span of the limit for each key: whoever writes that down is not made to write without end.
    pub is_news: bool,
}

impl Counters {
    /// What the table remembers.
    pub(super) fn load(tree: &sled::Tree, now: UnixTime) -> Result<Self, StoreError> {
        let counters = Self::default();
        for entry in tree.scan_prefix([Table::Counter as u8]) {
            let (full, value) = entry?;
            let spent: Spent = record::decode(&value)?;
            let (bucket, key) = read_key(&full).ok_or_else(|| StoreError::Damaged("the key of a counter".to_owned()))?;
            let mut shelf = counters.shelf(bucket);
            if spent.is_over(now) {
                shelf.gone.push(key);
            } else {
                shelf.counts.insert(key, Count { spent, is_written: true, is_changed: false, told: None });
            }
        }
        Ok(counters)
    }

    /// Every count is whole after every statement: a panic elsewhere cannot have left it halfway.
    fn shelf(&self, bucket: Bucket) -> MutexGuard<'_, Shelf> {
        let [register, authorize, token, refresh, calls, poll, devices, passwords] = &self.shelves;
        let shelf = match bucket {
            Bucket::Register => register,
            Bucket::Authorize => authorize,
            Bucket::Token => token,
            Bucket::Refresh => refresh,
            Bucket::Calls => calls,
            Bucket::Poll => poll,
            Bucket::Devices => devices,
            Bucket::Passwords => passwords,
        };
        shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets what is made up for.
    fn tidy(&self, now: UnixTime) {
        Bucket::ALL.into_iter().for_each(|bucket| self.shelf(bucket).forget(|spent| spent.is_over(now)));
    }
}

impl Shelf {
    fn spent(&self, key: &Key) -> Option<Spent> {
        self.counts.get(key).map(|count| count.spent)
    }

    fn room(&self, Charge { key, limit }: &Charge, now: UnixTime) -> Result<(), Wait> {
        Spent::another(self.spent(key), *limit, now).map(|_| ())
    }

    /// True if it was not said in the last span that this one has no room.
    fn tell(&mut self, Charge { key, limit }: &Charge, now: UnixTime) -> bool {
        let Some(count) = self.counts.get_mut(key) else { return false };
        let is_news = count.told.is_none_or(|told| told.after(limit.span()).has_come(now));
        if is_news {
            count.told = Some(now);
        }
        is_news
    }

    fn put(&mut self, key: Key, spent: Spent, now: UnixTime) {
        if let Some(count) = self.counts.get_mut(&key) {
            count.spent = spent;
            if !count.is_changed {
                count.is_changed = true;
                self.changed.push(key);
            }
            return;
        }
        if self.counts.len() >= MOST {
            self.make_room(now);
        }
        self.counts.insert(key, Count { spent, is_written: false, is_changed: true, told: None });
        self.changed.push(key);
    }

    /// A quarter at a time, so that a flood does not cost a look at everything for each key.
    fn make_room(&mut self, now: UnixTime) {
        self.forget(|spent| spent.is_over(now));
        if self.counts.len() > MOST / 4 * 3 {
            let mut all: Vec<_> = self.counts.values().map(|count| count.spent.rank()).collect();
            let (_, least, _) = all.select_nth_unstable(MOST / 4);
            let least = *least;
            self.forget(|spent| spent.rank() <= least);
        }
    }

    fn forget(&mut self, is_meant: impl Fn(Spent) -> bool) {
        let gone = &mut self.gone;
        self.counts.retain(|key, count| {
            let stays = !is_meant(count.spent);
            if !stays && count.is_written {
                gone.push(*key);
            }
            stays
        });
        let counts = &self.counts;
        self.changed.retain(|key| counts.contains_key(key));
    }

    /// What is to be written and what is to be removed. From now on it counts as done.
    fn take_changes(&mut self) -> (Vec<(Key, Spent)>, Vec<Key>) {
        let changed = std::mem::take(&mut self.changed);
        let mut written = Vec::with_capacity(changed.len());
        for key in changed {
            if let Some(count) = self.counts.get_mut(&key) {
                count.is_changed = false;
                count.is_written = true;
                written.push((key, count.spent));
            }
        }
        (written, std::mem::take(&mut self.gone))
    }
}

impl Store {
    /// Takes one from each, if there is room in all.
    ///
    /// # Errors
    /// How long to wait until there is.
    pub fn spend(&self, bucket: Bucket, charges: &[Charge], now: UnixTime) -> Result<(), Over> {
        let mut shelf = self.counters.shelf(bucket);
        let lacking = charges.iter().filter_map(|charge| Some((shelf.room(charge, now).err()?, charge)));
        if let Some((wait, charge)) = lacking.max_by_key(|(wait, _)| *wait) {
            return Err(Over { wait, is_news: shelf.tell(charge, now) });
        }
        for Charge { key, limit } in charges {
            let spent = Spent::another_anyway(shelf.spent(key), *limit, now);
            shelf.put(*key, spent, now);
        }
        Ok(())
    }

    /// The same, and not to be forgotten in a crash: on disk with the next commit.
    ///
    /// # Errors
    /// When it cannot be written. Then nothing was allowed.
    pub fn spend_for_good(&self, bucket: Bucket, charges: &[Charge], now: UnixTime) -> Result<Result<(), Over>, StoreError> {
        let spent = self.spend(bucket, charges, now);
        self.write_counters()?;
        Ok(spent)
    }

    /// Whether there is room. Nothing is taken.
    ///
    /// # Errors
    /// How long to wait until there is.
    pub fn has_room(&self, bucket: Bucket, charge: &Charge, now: UnixTime) -> Result<(), Wait> {
        self.counters.shelf(bucket).room(charge, now)
    }

    /// Takes one for what has been done already, whether there was room or not.
    pub fn spend_anyway(&self, bucket: Bucket, Charge { key, limit }: &Charge, now: UnixTime) {
        let mut shelf = self.counters.shelf(bucket);
        let spent = Spent::another_anyway(shelf.spent(key), *limit, now);
        shelf.put(*key, spent, now);
    }

    /// Gives one back that came to nothing.
    pub fn give_back(&self, bucket: Bucket, Charge { key, .. }: &Charge, now: UnixTime) {
        let mut shelf = self.counters.shelf(bucket);
        if let Some(spent) = shelf.spent(key) {
            shelf.put(*key, spent.one_less(), now);
        }
    }

    /// Writes what has changed since the last time. Not waited for.
    ///
    /// # Errors
    /// When it cannot be written; the counts in memory hold all the same.
    pub fn write_counters(&self) -> Result<(), StoreError> {
        let _one_at_a_time = self.counters.writing.lock().unwrap_or_else(PoisonError::into_inner);
        self.committer.check()?;
        for bucket in Bucket::ALL {
            let (changed, gone) = self.counters.shelf(bucket).take_changes();
            let full = |key: &Key| stored_key(bucket, key);
            self.in_batches(&gone, |tx, key| tx.remove(Table::Counter, &full(key)))?;
            self.in_batches(&changed, |tx, (key, spent)| tx.put(&full(key), spent))?;
        }
        Ok(())
    }

    fn in_batches<T>(&self, all: &[T], step: impl Fn(&Tx<'_>, &T) -> Step<()>) -> Result<(), StoreError> {
        all.chunks(BATCH).try_for_each(|batch| self.transact(|tx| batch.iter().try_for_each(|one| step(tx, one))))
    }

    /// Forgets the counts that are made up for.
    pub(super) fn tidy_counters(&self, now: UnixTime) {
        self.counters.tidy(now);
    }
}

fn stored_key(bucket: Bucket, key: &Key) -> Vec<u8> {
    std::iter::once(bucket as u8).chain(*key.as_bytes()).collect()
}

fn read_key(full: &[u8]) -> Option<(Bucket, Key)> {
    let [_table, number, key @ ..] = full else { return None };
    let bucket = Bucket::ALL.into_iter().find(|bucket| *bucket as u8 == *number)?;
    Some((bucket, Key::from_bytes(key.try_into().ok()?)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::fixtures::{NOW, seconds_later};
    use crate::oauth::ids::UserId;
    use crate::oauth::limits::{Limit, per_hour, per_minute};
    use crate::oauth::secret::Entropy;
    use crate::store::commit::Committer;
    use crate::store::testing::{Folder, Temporary, at_once, store};
    use std::fs::File;

    const TEN: fn() -> Limit = || per_hour(10).unwrap();

    fn key(number: usize) -> Key {
        Key::user(&UserId::known_as(&number.to_string()))
    }

    fn one(number: usize) -> [Charge; 1] {
        [Charge { key: key(number), limit: TEN() }]
    }

    /// How many of so many are accepted.
    fn accepted(store: &Store, charges: &[Charge], asked: usize, now: UnixTime) -> usize {
        (0..asked).filter(|_| store.spend(Bucket::Register, charges, now).is_ok()).count()
    }

    fn records(store: &Temporary) -> usize {
        store.count(Table::Counter)
    }

    fn open(folder: &Folder, now: UnixTime) -> Store {
        Store::open(folder.path(), &Entropy::new([1; 32]), now).unwrap()
    }

    #[test]
    fn each_key_and_each_bucket_has_its_own() {
        let store = store();
        assert_eq!(accepted(&store, &one(1), 20, NOW), 10);
        assert_eq!(accepted(&store, &one(2), 20, NOW), 10);
        let elsewhere = Bucket::ALL.into_iter().filter(|bucket| store.spend(*bucket, &one(1), NOW).is_ok()).count();
        assert_eq!(elsewhere, Bucket::ALL.len() - 1);
    }

    #[test]
    fn nothing_is_taken_from_one_unless_there_is_room_in_all() {
        let store = store();
        let both = [one(1)[0], Charge { limit: per_hour(3).unwrap(), ..one(2)[0] }];
        assert_eq!(accepted(&store, &both, 100, NOW), 3);
        assert_eq!(accepted(&store, &one(1), 100, NOW), 7);
        let full = [Charge { limit: per_minute(3).unwrap(), ..one(3)[0] }, both[1]];
        (0..3).for_each(|_| store.spend_anyway(Bucket::Register, &full[0], NOW));
        for order in [full, [full[1], full[0]]] {
            let wait = store.spend(Bucket::Register, &order, NOW).unwrap_err().wait;
            assert!(wait >= Wait::seconds(3600), "the longer of the two waits: {wait:?}");
        }
    }

    #[test]
    fn of_many_at_once_no_more_get_through_than_one_after_another() {
        let store = store();
        let limit = per_minute(100).unwrap();
        let charge = [Charge { key: key(1), limit }];
        let through = at_once(8, |_| (0..200).filter(|_| store.spend(Bucket::Calls, &charge, NOW).is_ok()).count());
        assert_eq!(through.into_iter().sum::<usize>(), 100);
    }

    #[test]
    fn that_there_is_no_room_is_news_once_in_a_span_for_each_key() {
        let store = store();
        let news =
            |number, now| (0..50).filter(|_| store.spend(Bucket::Register, &one(number), now).is_err_and(|over| over.is_news)).count();
        assert_eq!((news(1, NOW), news(1, NOW), news(2, NOW), news(1, seconds_later(3599))), (1, 0, 1, 0));
        assert_eq!((news(1, seconds_later(3600)), news(1, seconds_later(3600))), (1, 0));
    }

    #[test]
    fn what_was_spent_is_spent_after_a_restart() {
        let folder = Folder::new();
        let store = open(&folder, NOW);
        assert_eq!(accepted(&store, &one(1), 7, NOW), 7);
        store.settle().unwrap();
        drop(store);
        let store = open(&folder, seconds_later(1));
        assert_eq!(accepted(&store, &one(1), 20, seconds_later(1)), 3);
    }

    #[test]
    fn a_restart_forgets_what_is_made_up_for_and_so_does_the_disk() {
        let folder = Folder::new();
        let store = open(&folder, NOW);
        accepted(&store, &one(1), 7, NOW);
        store.settle().unwrap();
        drop(store);
        let store = open(&folder, seconds_later(2 * 3600));
        store.settle().unwrap();
        assert_eq!(store.count(Table::Counter), 0);
    }

    #[test]
    fn only_what_changed_is_written_and_what_is_over_is_removed() {
        let store = store();
        assert_eq!((0..3).map(|number| accepted(&store, &one(number), 1, NOW)).sum::<usize>(), 3);
        store.write_counters().unwrap();
        assert_eq!(records(&store), 3);
        store.tree.clear().unwrap();
        accepted(&store, &one(1), 1, NOW);
        store.write_counters().unwrap();
        assert_eq!(records(&store), 1, "the others had not changed");
        assert_eq!(store.sweep(seconds_later(100_000)), Ok(0));
        store.write_counters().unwrap();
        assert_eq!((records(&store), store.counters.shelf(Bucket::Register).counts.len()), (0, 0));
    }

    #[test]
    fn a_million_strangers_take_a_bounded_room_and_make_nobody_forgotten_who_is_at_their_limit() {
        let store = store();
        assert_eq!(accepted(&store, &one(7), 10, NOW), 10);
        for number in 1000..1_001_000 {
            assert!(
                store
                    .spend(Bucket::Register, &[Charge { key: Key::from_bytes((number as u128).to_be_bytes()), limit: TEN() }], NOW)
                    .is_ok()
            );
        }
        let shelf = store.counters.shelf(Bucket::Register);
        assert!(shelf.counts.len() <= MOST && shelf.changed.len() <= MOST && shelf.gone.len() <= MOST);
        assert!(shelf.counts.capacity() < 2 * MOST);
        drop(shelf);
        store.write_counters().unwrap();
        assert!(records(&store) <= MOST);
        assert_eq!(accepted(&store, &one(7), 10, NOW), 0);
    }

    #[test]
    fn the_disk_follows_when_room_was_made() {
        let store = store();
        let flood = |from: usize| (from..=from + MOST).filter(|number| accepted(&store, &one(*number), 1, NOW) == 1).count();
        for round in 0..3 {
            assert_eq!(flood(round * 100_000), MOST + 1);
            store.write_counters().unwrap();
            assert_eq!(records(&store), store.counters.shelf(Bucket::Register).counts.len());
        }
    }

    #[test]
    fn what_has_been_done_counts_and_what_came_to_nothing_does_not() {
        let store = store();
        assert_eq!(accepted(&store, &one(1), 9, NOW), 9);
        assert_eq!(store.has_room(Bucket::Register, &one(1)[0], NOW), Ok(()));
        store.spend_anyway(Bucket::Register, &one(1)[0], NOW);
        assert!(store.has_room(Bucket::Register, &one(1)[0], NOW).is_err());
        store.give_back(Bucket::Register, &one(1)[0], NOW);
        assert_eq!(accepted(&store, &one(1), 9, NOW), 1);
        store.give_back(Bucket::Register, &one(2)[0], NOW);
        assert_eq!(accepted(&store, &one(2), 20, NOW), 10, "nobody gets more than there is");
    }

    #[test]
    fn a_count_for_good_is_written_at_once() {
        let store = store();
        assert_eq!(store.spend_for_good(Bucket::Register, &one(1), NOW), Ok(Ok(())));
        assert_eq!(records(&store), 1);
    }

    #[test]
    fn on_a_disk_that_cannot_be_written_nothing_is_allowed_that_has_to_be_remembered() {
        let folder = Folder::new();
        let mut store = open(&folder, NOW);
        // A device that cannot be made to write.
        store.committer = Committer::new(File::open("/dev/null").unwrap());
        assert!(matches!(store.commit(), Err(StoreError::Disk(_))));
        assert!(matches!(store.spend_for_good(Bucket::Register, &one(1), NOW), Err(StoreError::Disk(_))));
        assert!(matches!(store.begin_guess(vec![], NOW), Err(StoreError::Disk(_))));
        assert_eq!(accepted(&store, &one(2), 20, NOW), 10, "what is counted in memory is still counted");
    }

    #[test]
    fn a_lock_that_was_poisoned_still_limits() {
        let store = store();
        let _ = std::thread::scope(|scope| {
            let poison = || {
                let _held = store.counters.shelf(Bucket::Register);
                panic!("on purpose");
            };
            scope.spawn(poison).join()
        });
        assert_eq!(accepted(&store, &one(1), 20, NOW), 10);
    }

    #[test]
    fn a_counter_that_cannot_be_read_is_damage_and_never_a_fresh_allowance() {
        let folder = Folder::new();
        let store = open(&folder, NOW);
        for key in [vec![Table::Counter as u8, 0, 1], vec![Table::Counter as u8, 99].into_iter().chain([0; 16]).collect()] {
            store.tree.insert(&key, record::encode(&Spent::another_anyway(None, TEN(), NOW)).unwrap()).unwrap();
            assert!(matches!(Counters::load(&store.tree, NOW), Err(StoreError::Damaged(_))));
            store.tree.remove(&key).unwrap();
        }
    }
}
