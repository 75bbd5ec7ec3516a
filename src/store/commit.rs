//! Group commit: many callers, one write to the disk.
//!
//! sled's own `flush` on Linux does not reach past the device's cache, so each commit ends with an `fdatasync` of ours on
//! the same file. The first caller to come leads: it flushes for everybody who wrote before, while those who come
//! meanwhile wait for the next turn.

use super::StoreError;
use std::fs::File;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// What was asked and what was done, since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CommitCounts {
    /// Calls that waited for the disk.
    pub commits: u64,
    /// Times the disk was made to write.
    pub syncs: u64,
}

pub(super) struct Committer {
    file: File,
    turn: Mutex<Turn>,
    done: Condvar,
}

#[derive(Default)]
struct Turn {
    asked: u64,
    finished: u64,
    syncs: u64,
    leading: bool,
    failed: Option<StoreError>,
}

impl Committer {
    /// Commits to `file`, which is sled's own.
    pub(super) fn new(file: File) -> Self {
        Self { file, turn: Mutex::default(), done: Condvar::new() }
    }

    /// After one failed write nothing is accepted any more: what the disk then holds is unknown, and asking it again
    /// would answer "fine" (a failed `fsync` forgets what it did not write).
    pub(super) fn check(&self) -> Result<(), StoreError> {
        self.turn().failed.clone().map_or(Ok(()), Err)
    }

    pub(super) fn counts(&self) -> CommitCounts {
        let turn = self.turn();
        CommitCounts { commits: turn.asked, syncs: turn.syncs }
    }

    /// Returns once everything that was written before the call is on disk.
    pub(super) fn commit(&self, db: &sled::Db) -> Result<(), StoreError> {
        let mut turn = self.turn();
        turn.asked += 1;
        let mine = turn.asked;
        loop {
            if let Some(error) = &turn.failed {
                return Err(error.clone());
            }
            if turn.finished >= mine {
                return Ok(());
            }
            turn = if turn.leading { self.done.wait(turn).unwrap_or_else(PoisonError::into_inner) } else { self.lead(turn, db) };
        }
    }

    fn lead<'a>(&'a self, mut turn: MutexGuard<'a, Turn>, db: &sled::Db) -> MutexGuard<'a, Turn> {
        turn.leading = true;
        let covered = turn.asked;
        drop(turn);
        let written =
            db.flush().map_err(StoreError::from).and_then(|_| self.file.sync_data().map_err(|error| StoreError::Disk(error.to_string())));
        let mut turn = self.turn();
        turn.leading = false;
        turn.syncs += 1;
        match written {
            Ok(()) => turn.finished = covered,
            Err(error) => turn.failed = Some(error),
        }
        self.done.notify_all();
        turn
    }

    fn turn(&self) -> MutexGuard<'_, Turn> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::fixtures::NOW;
    use crate::store::record::LastUse;
    use crate::store::testing::{at_once, store};

    #[test]
    fn many_commits_share_one_write_to_the_disk() {
        let store = store();
        let before = store.commit_counts();
        at_once(32, |number| {
            for round in 0..20_u8 {
                let key = [u8::try_from(number).unwrap(), round];
                store.note(&key, &LastUse { at: NOW, from: None }).unwrap();
                store.commit().unwrap();
            }
        });
        let after = store.commit_counts();
        let (commits, syncs) = (after.commits - before.commits, after.syncs - before.syncs);
        assert_eq!(commits, 32 * 20);
        assert!(syncs < commits / 2 && syncs > 0, "{syncs} writes for {commits} commits");
    }

    #[test]
    fn a_commit_alone_writes_once() {
        let store = store();
        let before = store.commit_counts().syncs;
        for round in 1..=3 {
            store.commit().unwrap();
            assert_eq!(store.commit_counts().syncs, before + round);
        }
    }

    #[test]
    fn after_one_failed_write_nothing_is_accepted_any_more_and_nobody_waits_for_ever() {
        let store = store();
        // A device that cannot be made to write.
        let failing = Committer::new(File::open("/dev/null").unwrap());
        let answers = at_once(16, |_| failing.commit(&store.db));
        assert!(answers.iter().all(|answer| matches!(answer, Err(StoreError::Disk(_)))), "{answers:?}");
        assert!(matches!(failing.check(), Err(StoreError::Disk(_))));
        assert_eq!(failing.counts().syncs, 1, "a failed write is not tried again");
    }
}
