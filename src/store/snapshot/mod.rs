//! Snapshots: every record of one moment, in a file that says itself whether it is whole. The store takes them by itself,
//! so that a copy of the data directory restores whatever happened while it was made; and a backup is one of them.
//!
//! Each has a number, which the store writes down before the file is written. So a store that knows of a lower number than
//! its newest snapshot has lost something, although it opens: see [`super::restore`].

pub mod files;
pub mod format;

use super::audit::{self, AuditCounts};
use super::record::SnapshotMark;
use super::{Store, StoreError, restore};
use crate::clock;
use crate::clock::UnixTime;
use crate::oauth::audit_kinds::Class;
use format::{Flaw, Header, InstanceId};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{MutexGuard, PoisonError};
use std::time::Duration;

/// Between two snapshots while things change.
const EVERY: Duration = Duration::from_secs(60 * 60);
/// The same after somebody decided something: an app let in, an account added, a password changed, access taken back. A
/// snapshot from before it knows nothing of the revocation, and these are rare.
const AFTER_A_DECISION: Duration = Duration::from_secs(60);

/// The key of the only mark.
pub(super) const MARK: &[u8] = b"";

/// A snapshot that was taken.
pub struct Taken {
    /// What it says about itself.
    pub header: Header,
    /// All of it.
    pub bytes: Vec<u8>,
    /// How long those who write were kept waiting.
    pub held: Duration,
    /// How many changes there had been.
    changes: u64,
}

/// How far the snapshots of this data directory are.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// When the newest was taken, by this process or before it.
    newest: Option<UnixTime>,
    /// How many changes of this process are in it.
    changes: u64,
    /// How many decisions of people.
    decisions: u64,
    /// When the last try failed, if it did.
    failed: Option<UnixTime>,
}

/// How things stand with the snapshots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SnapshotState {
    /// When the newest was taken.
    pub newest: Option<UnixTime>,
    /// True when something has changed since.
    pub is_behind: bool,
}

impl Progress {
    /// As things are when a data directory is opened.
    pub(super) fn since(newest: Option<UnixTime>) -> Self {
        Self { newest, ..Self::default() }
    }
}

/// When the newest snapshot of a data directory was taken that could be put back.
pub fn newest(data: &Path) -> Option<UnixTime> {
    restore::newest_good(data).map(|(header, _)| header.taken_at)
}

impl Store {
    /// Which doorward this is.
    pub fn instance(&self) -> InstanceId {
        InstanceId::of(&self.key)
    }

    /// Every record of this moment: of each decision all or nothing. Whoever writes meanwhile waits.
    ///
    /// # Errors
    /// When a record cannot be read, or the store accepts no more changes: what it holds then was promised to nobody.
    pub fn snapshot(&self, now: UnixTime) -> Result<Taken, StoreError> {
        self.committer.check()?;
        let gate = self.gate.write().unwrap_or_else(PoisonError::into_inner);
        let from = clock::instant();
        let records: Vec<(sled::IVec, sled::IVec)> = self.tree.iter().collect::<Result<_, _>>()?;
        let (number, changes) = (self.snapshot_number()?, self.changes.load(Ordering::Relaxed));
        let held = clock::instant().duration_since(from);
        drop(gate);
        let header = Header { instance: self.instance(), number, taken_at: now, records: records.len() as u64 };
        let bytes = format::encode(header, &records);
        Ok(Taken { header, bytes, held, changes })
    }

    /// The number of the newest snapshot that the store knows of.
    pub(super) fn snapshot_number(&self) -> Result<u64, StoreError> {
        Ok(self.load::<SnapshotMark>(MARK)?.map_or(0, |mark| mark.number))
    }

    /// Takes a snapshot and puts it among those of the data directory.
    ///
    /// # Errors
    /// [`Flaw`]; then the earlier ones are there as before.
    pub fn keep_snapshot(&self, now: UnixTime) -> Result<Header, Flaw> {
        self.keep(&mut self.progress(), now)
    }

    /// The same, if it is time for one. Gives whether it was.
    ///
    /// # Errors
    /// [`Flaw`]; where there was no room for it, it is tried again with the next call, and else after an hour.
    pub fn keep_snapshot_in_time(&self, now: UnixTime) -> Result<bool, Flaw> {
        let mut progress = self.progress();
        if self.changes.load(Ordering::Relaxed) == progress.changes {
            return Ok(false);
        }
        let pace = if self.decisions()? == progress.decisions { EVERY } else { AFTER_A_DECISION };
        // A clock that was set back must not put it off for ever.
        let is_time = progress.newest.is_none_or(|newest| newest.after(pace).has_come(now) || newest > now);
        let rests = progress.failed.is_some_and(|failed| failed <= now && !failed.after(EVERY).has_come(now));
        if !is_time || rests {
            return Ok(false);
        }
        self.keep(&mut progress, now)?;
        Ok(true)
    }

    /// Looks first, which costs nothing, and then writes: a disk that has no room is not worn out by trying.
    fn keep(&self, progress: &mut Progress, now: UnixTime) -> Result<Header, Flaw> {
        files::prepare(&self.data, self.instance())?;
        let kept = self.write_snapshot(progress, now);
        if kept.is_err() {
            progress.failed = Some(now);
        }
        kept
    }

    fn write_snapshot(&self, progress: &mut Progress, now: UnixTime) -> Result<Header, Flaw> {
        let decisions = self.decisions()?;
        let number = format::next(self.snapshot_number()?)?;
        self.transact(|tx| tx.put(MARK, &SnapshotMark { number }))?;
        self.commit()?;
        let taken = self.snapshot(now)?;
        format::parse(&taken.bytes)?;
        files::keep(&self.data, &taken.header, &taken.bytes)?;
        *progress = Progress { newest: Some(now), changes: taken.changes, decisions, failed: None };
        Ok(taken.header)
    }

    /// How many the audit log has ever told of.
    fn decisions(&self) -> Result<u64, StoreError> {
        let counts: AuditCounts = self.load(audit::COUNTS)?.unwrap_or_default();
        Ok(counts.of_class.get(Class::Decisions as usize).copied().unwrap_or_default())
    }

    /// The files that the start passed over, although they claim to be newer than the store, and what is wrong with each.
    pub fn damaged_snapshots(&self) -> &[(PathBuf, Flaw)] {
        &self.damaged_snapshots
    }

    /// How things stand with the snapshots.
    pub fn snapshot_state(&self) -> SnapshotState {
        let progress = self.progress();
        SnapshotState { newest: progress.newest, is_behind: self.changes.load(Ordering::Relaxed) != progress.changes }
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl From<StoreError> for Flaw {
    fn from(error: StoreError) -> Self {
        Self::Record(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::fixtures::{NOW, occasion, seconds_later, user};
    use crate::oauth::secret::Entropy;
    use crate::store::record::{LastUse, Table};
    use crate::store::testing::{Folder, at_once, store};
    use std::sync::atomic::AtomicBool;

    fn open(folder: &Folder) -> Store {
        Store::open(folder.path(), &Entropy::new([1; 32]), NOW).unwrap()
    }

    fn note(store: &Store, key: &[u8]) {
        store.note(key, &LastUse { at: NOW, from: None }).unwrap();
    }

    #[test]
    fn a_snapshot_holds_every_record_of_its_moment() {
        let store = store();
        store.add_user(&user("ann"), &occasion()).unwrap();
        let taken = store.snapshot(NOW).unwrap();
        let read = format::parse(&taken.bytes).unwrap();
        let in_store: Vec<(Vec<u8>, Vec<u8>)> = store.tree.iter().map(Result::unwrap).map(|(k, v)| (k.to_vec(), v.to_vec())).collect();
        let in_snapshot: Vec<(Vec<u8>, Vec<u8>)> = read.records().map(|(k, v)| (k.to_vec(), v.to_vec())).collect();
        assert_eq!((in_snapshot, read.header, read.header.taken_at), (in_store, taken.header, NOW));
    }

    #[test]
    fn no_decision_is_ever_half_in_a_snapshot() {
        let store = store();
        // The two halves of a decision lie on pages of their own, far apart.
        (0..2000_u16).for_each(|number| note(&store, &[&[1, 255], &number.to_be_bytes()[..], &[0; 60]].concat()));
        let done = AtomicBool::new(false);
        at_once(5, |number| {
            if number == 0 {
                for _ in 0..60 {
                    let taken = store.snapshot(NOW).unwrap();
                    let snapshot = format::parse(&taken.bytes).unwrap();
                    let halves = |half: u8| {
                        let of_half = move |key: &[u8]| key.len() == 3 && key[..2] == [Table::LastUse as u8, half];
                        snapshot.records().filter(move |(key, _)| of_half(key)).map(|(key, value)| (key[2], value))
                    };
                    let torn = halves(1).ne(halves(2));
                    if torn {
                        done.store(true, Ordering::Relaxed);
                    }
                    assert!(!torn, "a decision was torn");
                }
                done.store(true, Ordering::Relaxed);
            }
            for round in 0.. {
                if done.load(Ordering::Relaxed) {
                    break;
                }
                let both = LastUse { at: UnixTime(round), from: None };
                let name = u8::try_from(number).unwrap();
                store.transact(|tx| tx.put(&[1, name], &both).and_then(|()| tx.put(&[2, name], &both))).unwrap();
            }
        });
    }

    #[test]
    fn one_is_taken_every_hour_if_something_has_changed() {
        let folder = Folder::new();
        let store = open(&folder);
        assert_eq!(store.keep_snapshot_in_time(NOW), Ok(true), "the first at once");
        let in_time = |seconds: u64| store.keep_snapshot_in_time(seconds_later(seconds)).unwrap();
        assert!(!in_time(7200), "nothing has changed");
        assert_eq!(store.snapshot_state(), SnapshotState { newest: Some(NOW), is_behind: false });
        note(&store, b"a");
        assert_eq!(store.snapshot_state(), SnapshotState { newest: Some(NOW), is_behind: true });
        assert_eq!([in_time(3599), in_time(3600), in_time(7200)], [false, true, false]);
        let numbers: Vec<u64> = files::list(folder.path(), None).iter().map(|(header, _)| header.number).collect();
        assert_eq!((numbers, newest(folder.path())), (vec![2, 1], Some(seconds_later(3600))));
    }

    #[test]
    fn what_somebody_decided_is_in_a_snapshot_within_a_minute() {
        let folder = Folder::new();
        let store = open(&folder);
        store.add_user(&user("ann"), &occasion()).unwrap();
        store.keep_snapshot(NOW).unwrap();
        store.remove_user(&user("ann"), &occasion()).unwrap();
        let in_time = |seconds: u64| store.keep_snapshot_in_time(seconds_later(seconds)).unwrap();
        assert_eq!([in_time(59), in_time(60)], [false, true]);
        note(&store, b"a");
        assert_eq!([in_time(61), in_time(120), in_time(3660)], [false, false, true], "a decision hurries one snapshot and no more");
    }

    #[test]
    fn the_next_process_goes_on_with_number_and_pace_and_a_clock_set_back_puts_nothing_off() {
        let folder = Folder::new();
        let first = open(&folder);
        assert_eq!(first.keep_snapshot(NOW).unwrap().number, 1);
        drop(first);
        let second = open(&folder);
        assert_eq!(second.keep_snapshot_in_time(seconds_later(60)), Ok(false));
        assert_eq!(second.keep_snapshot_in_time(seconds_later(3600)), Ok(true));
        assert_eq!(second.snapshot_number(), Ok(2));
        note(&second, b"a");
        assert_eq!(second.keep_snapshot_in_time(NOW), Ok(true));
    }

    #[test]
    fn a_snapshot_that_cannot_be_written_hurts_nobody_and_is_tried_again() {
        let folder = Folder::new();
        let store = open(&folder);
        let snapshots = folder.path().join(files::FOLDER);
        std::fs::write(&snapshots, "in the way").unwrap();
        assert!(matches!(store.keep_snapshot_in_time(NOW), Err(Flaw::File(_))));
        store.add_user(&user("ann"), &occasion()).unwrap();
        assert_eq!(store.health(), Ok(()));
        std::fs::remove_file(snapshots).unwrap();
        assert_eq!(store.keep_snapshot_in_time(NOW), Ok(true));
    }

    #[test]
    fn a_disk_without_room_is_not_written_to_and_another_failure_is_not_repeated_for_an_hour() {
        let folder = Folder::new();
        let store = open(&folder);
        store.keep_snapshot(NOW).unwrap();
        store.add_user(&user("ann"), &occasion()).unwrap();
        // As large as no disk has room for, and it takes none.
        let (_, newest) = files::list(folder.path(), None).remove(0);
        let length = std::fs::metadata(&newest).unwrap().len();
        let grow = |length| std::fs::File::options().write(true).open(&newest).unwrap().set_len(length).unwrap();
        grow(1 << 43);
        for seconds in [60, 70] {
            assert!(matches!(store.keep_snapshot_in_time(seconds_later(seconds)), Err(Flaw::File(_))));
        }
        assert_eq!(store.snapshot_number(), Ok(1));
        grow(length);
        let in_the_way = folder.path().join(files::FOLDER).join(format!("0000000002-{}.snapshot", store.instance()));
        std::fs::create_dir(in_the_way).unwrap();
        assert!(store.keep_snapshot_in_time(seconds_later(80)).is_err());
        assert_eq!(store.keep_snapshot_in_time(seconds_later(3679)), Ok(false));
        assert_eq!(store.snapshot_number(), Ok(2));
        assert_eq!(store.keep_snapshot_in_time(seconds_later(3680)), Ok(true));
    }

    #[test]
    fn after_the_last_number_there_is_none() {
        let folder = Folder::new();
        let store = open(&folder);
        store.put_all(&[(MARK, SnapshotMark { number: u64::MAX })]);
        assert_eq!(store.keep_snapshot(NOW).err(), Some(Flaw::Nonsense("no number follows its own")));
    }
}
