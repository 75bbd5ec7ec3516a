//! One decision, one transaction: what a closure sees and writes is seen and written by nobody else in between.

use super::record::{self, Record, Table};
use super::{Store, StoreError};
use crate::clock::UnixTime;
use sled::transaction::{ConflictableTransactionError, TransactionError, TransactionalTree, UnabortableTransactionError};

/// A transaction under way. Its closure may run again, so it must not do anything but read and write here.
pub(super) struct Tx<'a>(&'a TransactionalTree);

/// What a step of a transaction gives.
pub(super) type Step<T> = Result<T, ConflictableTransactionError<StoreError>>;

impl Store {
    /// Runs `steps` until they saw and wrote one consistent state. Not yet on disk: see [`Store::commit`].
    pub(super) fn transact<T>(&self, steps: impl Fn(&Tx<'_>) -> Step<T>) -> Result<T, StoreError> {
        self.committer.check()?;
        self.tree.transaction(|tree| steps(&Tx(tree))).map_err(|error| match error {
            TransactionError::Abort(error) => error,
            TransactionError::Storage(error) => error.into(),
        })
    }
}

impl Tx<'_> {
    /// One record.
    pub(super) fn get<R: Record>(&self, key: &[u8]) -> Step<Option<R>> {
        let bytes = self.0.get(record::key(R::TABLE, key)).map_err(unabortable)?;
        bytes.map(|bytes| record::decode(&bytes)).transpose().map_err(ConflictableTransactionError::Abort)
    }

    /// Writes a record, and when it may be forgotten.
    pub(super) fn put<R: Record>(&self, key: &[u8], record: &R) -> Step<()> {
        let bytes = record::encode(record).map_err(ConflictableTransactionError::Abort)?;
        let full = record::key(R::TABLE, key);
        if let Some(at) = record.forget_at() {
            self.0.insert(expiry_key(at, &full), Vec::new()).map_err(unabortable)?;
        }
        self.0.insert(full, bytes).map_err(unabortable)?;
        Ok(())
    }

    /// Removes a record; nothing happens if it is not there.
    pub(super) fn remove(&self, table: Table, key: &[u8]) -> Step<()> {
        self.remove_raw(&record::key(table, key))
    }

    /// The bytes at a full key.
    pub(super) fn get_raw(&self, full: &[u8]) -> Step<Option<sled::IVec>> {
        self.0.get(full).map_err(unabortable)
    }

    /// Removes what is at a full key.
    pub(super) fn remove_raw(&self, full: &[u8]) -> Step<()> {
        self.0.remove(full).map_err(unabortable)?;
        Ok(())
    }

    /// Puts an expiry mark at a later moment.
    pub(super) fn mark(&self, at: UnixTime, full: &[u8]) -> Step<()> {
        self.0.insert(expiry_key(at, full), Vec::new()).map_err(unabortable)?;
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
