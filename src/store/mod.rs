//! Durable state: loads records, applies decisions atomically, forgets what is over. It decides nothing itself.
//!
//! Everything is in one sled tree, one record a key (see [`record`] and [`crate::manual::storage`]). A decision is a closure
//! from what is stored to what shall be stored; it runs inside one transaction and may run again on a conflict, so it is
//! pure. A call that promises something returns only when that is on disk (see [`commit`]).

mod api_keys;
mod audit;
mod clients;
mod codes;
mod commit;
mod connections;
mod counters;
mod device;
mod flows;
mod forms;
mod guesses;
mod invitations;
mod mcp_sessions;
mod open;
mod pauses;
mod polled;
pub mod record;
pub mod restore;
mod sessions;
mod setup;
mod signing_keys;
pub mod snapshot;
mod sweep;
mod tables;
#[cfg(test)]
mod testing;
mod tokens;
mod trace;
mod transaction;
mod users;

pub use api_keys::ListedApiKey;
pub use audit::AuditCounts;
pub use clients::{MAX_DYNAMIC_CLIENTS, Registered};
pub use codes::NewTokens;
pub use commit::CommitCounts;
pub use connections::ListedConnection;
pub use counters::Over;
pub use device::{Begun, Entered, MAX_WAITING_DEVICES};
pub use guesses::{Guess, Outcome};
pub use setup::Claim;
pub use tokens::{RefreshTerms, Refreshed};
pub use users::{AddUser, Gone};

use crate::clock::UnixTime;
use crate::oauth::secret::ServerKey;
use record::{Record, Table};
use std::collections::HashMap;
use std::fmt;
use std::fs::File;
use std::path::PathBuf;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Condvar, Mutex, PoisonError, RwLock};
use std::time::Duration;

/// The data directory's store. One process has it open at a time.
pub struct Store {
    db: sled::Db,
    tree: sled::Tree,
    /// The data directory, and the lock that says whose it is.
    data: PathBuf,
    _lock: Arc<File>,
    committer: commit::Committer,
    /// Open to all who write; shut while a snapshot is taken.
    gate: RwLock<()>,
    /// How many decisions have changed something, since the start.
    changes: AtomicU64,
    /// How far the snapshots are.
    progress: Mutex<snapshot::Progress>,
    key: ServerKey,
    counters: counters::Counters,
    /// How often something that tokens depend on has ended, and the bell for those who wait for it.
    endings: (Mutex<u64>, Condvar),
    /// When the last use of each connection and key was last written, so that it is written once a minute and not once a call.
    uses: Mutex<HashMap<Vec<u8>, UnixTime>>,
    /// How far attempts to connect got.
    noted: Mutex<trace::Noted>,
}

/// Why the store could not do what was asked. Never the peer's doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreError {
    /// Another process has the data directory open.
    InUse,
    /// The data directory says that it was initialised, but its store is empty or gone.
    Missing,
    /// The store opens, and knows less than its newest snapshot does: a copy that was made at a bad moment.
    Behind,
    /// The data directory belongs to somebody else.
    Denied,
    /// The store cannot be read.
    Damaged(String),
    /// Written by a later version of this program.
    TooNew(u8),
    /// The disk is full or failing; the store accepts no more changes until the process is started again.
    Disk(String),
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InUse => f.write_str("the data directory is in use by another doorward"),
            Self::Missing => f.write_str("the data directory was initialised before, but its store is gone or empty"),
            Self::Behind => f.write_str("the store is older than its newest snapshot, so something of it was lost"),
            Self::Denied => f.write_str("the data directory belongs to another user of this machine: permission denied"),
            Self::Damaged(what) => write!(f, "the store cannot be read: {what}"),
            Self::TooNew(version) => write!(f, "the store was written by a later doorward (record version {version})"),
            Self::Disk(what) => write!(f, "the store cannot be written: {what}"),
        }
    }
}

impl std::error::Error for StoreError {}

impl From<sled::Error> for StoreError {
    fn from(error: sled::Error) -> Self {
        match error {
            sled::Error::Corruption { .. }
            | sled::Error::CollectionNotFound(_)
            | sled::Error::Unsupported(_)
            | sled::Error::ReportableBug(_) => Self::Damaged(error.to_string()),
            sled::Error::Io(io) => io.into(),
        }
    }
}

impl Store {
    /// The key from which values are derived that must come out the same again.
    pub fn key(&self) -> &ServerKey {
        &self.key
    }

    /// Whether records can be read and written.
    ///
    /// # Errors
    /// What stands against it.
    pub fn health(&self) -> Result<(), StoreError> {
        self.committer.check()?;
        self.is_claimed().map(|_| ())
    }

    /// One record.
    fn load<R: Record>(&self, key: &[u8]) -> Result<Option<R>, StoreError> {
        self.tree.get(record::key(R::TABLE, key))?.map(|bytes| record::decode(&bytes)).transpose()
    }

    /// Every record of a table. Not one moment's view: for lists, not for decisions.
    fn scan<R: Record>(&self) -> Result<Vec<R>, StoreError> {
        let entries = self.tree.scan_prefix([R::TABLE as u8]);
        entries.map(|entry| record::decode(&entry?.1)).collect()
    }

    /// The same, with the keys.
    fn scan_with_keys<R: Record>(&self) -> Result<Vec<(Vec<u8>, R)>, StoreError> {
        let entries = self.tree.scan_prefix([R::TABLE as u8]);
        let read = |(key, value): (sled::IVec, sled::IVec)| Ok((key.get(1..).unwrap_or_default().to_vec(), record::decode(&value)?));
        entries.map(|entry| read(entry?)).collect()
    }

    /// How many records a table has.
    fn count(&self, table: Table) -> usize {
        self.tree.scan_prefix([table as u8]).take_while(Result::is_ok).count()
    }

    /// Writes without waiting for the disk: for what may be lost in a crash without anybody being worse off.
    fn note<R: Record>(&self, key: &[u8], record: &R) -> Result<(), StoreError> {
        self.transact(|tx| tx.put(key, record))
    }

    /// Returns once everything written so far is on disk.
    fn commit(&self) -> Result<(), StoreError> {
        self.committer.commit(&self.db)
    }

    /// Puts on disk what nobody waited for, too: the last thing to do before the process ends.
    ///
    /// # Errors
    /// [`StoreError::Disk`].
    pub fn settle(&self) -> Result<(), StoreError> {
        self.write_counters()?;
        self.write_trace()?;
        self.commit()
    }

    /// Commits, then tells those who wait that something has ended.
    fn commit_ending(&self) -> Result<(), StoreError> {
        self.commit()?;
        let (count, bell) = &self.endings;
        *count.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        bell.notify_all();
        Ok(())
    }

    /// Blocks until something that tokens depend on has ended since the count was `seen`, or `timeout` has passed;
    /// gives the count now.
    pub fn wait_for_endings(&self, seen: u64, timeout: Duration) -> u64 {
        let (count, bell) = &self.endings;
        let guard = count.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = bell.wait_timeout_while(guard, timeout, |now| *now == seen);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }

    /// How many commits were asked for and how many times the disk was made to write, since the start.
    pub fn commit_counts(&self) -> CommitCounts {
        self.committer.counts()
    }
}
