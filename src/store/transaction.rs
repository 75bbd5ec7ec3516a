//! One decision, one transaction: what a closure sees and writes is seen and written by nobody else in between.

use super::record::{self, Record, Table};
use super::{Store, StoreError};
use crate::clock::UnixTime;
use sled::transaction::{ConflictableTransactionError, TransactionError, TransactionalTree, UnabortableTransactionError};
use std::cell::Cell;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

/// A transaction under way. Its closure may run again, so it must not do anything but read and write here.
pub(super) struct Tx<'a> {
    tree: &'a TransactionalTree,
    /// Set once anything was written.
    wrote: &'a Cell<bool>,
}

/// What a step of a transaction gives.
pub(super) type Step<T> = Result<T, ConflictableTransactionError<StoreError>>;

impl Store {
    /// Runs `steps` until they saw and wrote one consistent state. Not yet on disk: see [`Store::commit`].
    pub(super) fn transact<T>(&self, steps: impl Fn(&Tx<'_>) -> Step<T>) -> Result<T, StoreError> {
        self.committer.check()?;
        let wrote = Cell::new(false);
        // A snapshot shuts the gate: it sees the whole of a decision or nothing of it.
        let _open = self.gate.read().unwrap_or_else(PoisonError::into_inner);
        let done = self.tree.transaction(|tree| steps(&Tx { tree, wrote: &wrote })).map_err(|error| match error {
            TransactionError::Abort(error) => error,
            TransactionError::Storage(error) => error.into(),
        })?;
        self.changes.fetch_add(u64::from(wrote.get()), Ordering::Relaxed);
        Ok(done)
    }
}

impl Tx<'_> {
    /// One record.
    pub(super) fn get<R: Record>(&self, key: &[u8]) -> Step<Option<R>> {
        let bytes = self.get_raw(&record::key(R::TABLE, key))?;
        bytes.map(|bytes| record::decode(&bytes)).transpose().map_err(ConflictableTransactionError::Abort)
    }

    /// Writes a record, and when it may be forgotten.
    pub(super) fn put<R: Record>(&self, key: &[u8], record: &R) -> Step<()> {
        let bytes = record::encode(record).map_err(ConflictableTransactionError::Abort)?;
        let full = record::key(R::TABLE, key);
        if let Some(at) = record.forget_at() {
            self.mark(at, &full)?;
        }
        self.insert(full, bytes)
    }

    /// Removes a record; nothing happens if it is not there.
    pub(super) fn remove(&self, table: Table, key: &[u8]) -> Step<()> {
        self.remove_raw(&record::key(table, key))
    }

    /// The bytes at a full key.
    pub(super) fn get_raw(&self, full: &[u8]) -> Step<Option<sled::IVec>> {
        self.tree.get(full).map_err(unabortable)
    }

    /// Removes what is at a full key.
    pub(super) fn remove_raw(&self, full: &[u8]) -> Step<()> {
        if self.tree.remove(full).map_err(unabortable)?.is_some() {
            self.wrote.set(true);
        }
        Ok(())
    }

    /// Puts an expiry mark at a later moment.
    pub(super) fn mark(&self, at: UnixTime, full: &[u8]) -> Step<()> {
        self.insert(expiry_key(at, full), Vec::new())
    }

    fn insert(&self, full: Vec<u8>, bytes: Vec<u8>) -> Step<()> {
        self.tree.insert(full, bytes).map_err(unabortable)?;
        self.wrote.set(true);
        Ok(())
    }
}

/// Marks sort by time, so that the sweeper reads only what is due.
pub(super) fn expiry_key(at: UnixTime, full: &[u8]) -> Vec<u8> {
    let mut key = vec![Table::Expiry as u8];
    key.extend_from_slice(&at.0.to_be_bytes());
    key.extend_from_slice(full);
    key
}

fn unabortable(error: UnabortableTransactionError) -> ConflictableTransactionError<StoreError> {
    match error {
        UnabortableTransactionError::Conflict => ConflictableTransactionError::Conflict,
        UnabortableTransactionError::Storage(error) => ConflictableTransactionError::Storage(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::connection::Connection;
    use crate::oauth::fixtures::{NOW, connection, seconds_later};
    use crate::store::record::LastUse;
    use crate::store::testing::{at_once, store};

    #[test]
    fn of_many_changes_to_one_record_none_is_lost() {
        let store = store();
        store.put_all(&[(b"counter", LastUse { at: UnixTime(0), from: None })]);
        let add_one = |tx: &Tx<'_>| {
            let LastUse { at: UnixTime(count), .. } = tx.get(b"counter")?.unwrap();
            tx.put(b"counter", &LastUse { at: UnixTime(count + 1), from: None })
        };
        at_once(16, |_| (0..100).for_each(|_| store.transact(add_one).unwrap()));
        assert_eq!(store.load(b"counter"), Ok(Some(LastUse { at: UnixTime(1600), from: None })));
    }

    #[test]
    fn what_is_seen_and_written_together_stays_together() {
        let store = store();
        let both = |time: u64| {
            move |tx: &Tx<'_>| {
                tx.put(b"one", &LastUse { at: UnixTime(time), from: None })?;
                tx.put(b"two", &LastUse { at: UnixTime(time), from: None })
            }
        };
        store.transact(both(0)).unwrap();
        at_once(8, |number| {
            for round in 0..100 {
                store.transact(both(number as u64 * 1000 + round)).unwrap();
                let pair = |tx: &Tx<'_>| Ok((tx.get::<LastUse>(b"one")?, tx.get::<LastUse>(b"two")?));
                let (one, two) = store.transact(pair).unwrap();
                assert_eq!(one, two);
            }
        });
    }

    #[test]
    fn a_transaction_that_gives_up_changes_nothing() {
        let store = store();
        let given_up: Result<(), StoreError> = store.transact(|tx| {
            tx.put(b"x", &LastUse { at: NOW, from: None })?;
            assert_eq!(tx.get(b"x")?, Some(LastUse { at: NOW, from: None }));
            Err(ConflictableTransactionError::Abort(StoreError::Missing))
        });
        assert_eq!(given_up, Err(StoreError::Missing));
        assert_eq!(store.load::<LastUse>(b"x"), Ok(None));
    }

    #[test]
    fn a_damaged_record_is_an_error_and_never_absent() {
        let store = store();
        store.tree.insert(record::key(Table::LastUse, b"x"), &[12, 1, 0][..]).unwrap();
        assert!(matches!(store.transact(|tx| tx.get::<LastUse>(b"x")), Err(StoreError::Damaged(_))));
        assert!(matches!(store.load::<LastUse>(b"x"), Err(StoreError::Damaged(_))));
    }

    #[test]
    fn a_record_that_ends_is_marked_and_marks_sort_by_time() {
        let store = store();
        let ends = Connection { alive_until: Some(seconds_later(60)), ..connection() };
        store.put_all(&[(b"a", ends), (b"b", connection())]);
        let marks: Vec<Vec<u8>> = store.tree.scan_prefix([Table::Expiry as u8]).map(|entry| entry.unwrap().0.to_vec()).collect();
        assert_eq!(marks, [expiry_key(seconds_later(60), &record::key(Table::Connection, b"a"))]);
        assert!(expiry_key(UnixTime(255), b"z") < expiry_key(UnixTime(256), b"a"));
    }
}
