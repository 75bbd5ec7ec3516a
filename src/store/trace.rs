//! The trace of attempts to connect: in memory, and on disk every few minutes. It is a help and no promise, so nothing
//! waits for it, and what was noted since the last time is lost in a crash.

use super::record::{Record, Table};
use super::{Store, StoreError};
use crate::clock::UnixTime;
use crate::oauth::trace::{Attempt, Trace};
use crate::oauth::trace_step::Step;
use std::sync::{MutexGuard, PoisonError};
use std::time::Duration;

/// Between two writes: a stranger who knocks all day is to wear no disk out.
const WRITE_EVERY: Duration = Duration::from_secs(5 * 60);
const TRACE: &[u8] = b"";

/// What is remembered, and what of it is on disk.
#[derive(Default)]
pub(super) struct Noted {
    trace: Trace,
    /// Since the last write.
    changed: bool,
    written_at: Option<UnixTime>,
}

impl Record for Trace {
    const TABLE: Table = Table::Trace;
}

impl Store {
    /// What an earlier process noted. A trace that cannot be read is no reason not to start.
    pub(super) fn load_trace(&self) {
        if let Ok(Some(trace)) = self.load::<Trace>(TRACE) {
            self.noted().trace = trace;
        }
    }

    /// Notes something that arrived.
    pub fn note_step(&self, step: &Step) {
        let mut noted = self.noted();
        if noted.trace.note(step).is_some() {
            noted.changed = true;
        }
    }

    /// Every attempt that is remembered, oldest first.
    pub fn attempts(&self) -> Vec<Attempt> {
        self.noted().trace.attempts().to_vec()
    }

    /// The number that the next step will have.
    pub fn next_step(&self) -> u64 {
        self.noted().trace.next_step()
    }

    /// Writes the trace if it is time. Not waited for.
    pub(super) fn write_trace_in_time(&self, now: UnixTime) -> Result<(), StoreError> {
        let mut noted = self.noted();
        noted.trace.forget(now);
        if noted.written_at.is_some_and(|at| now.since(at) < WRITE_EVERY) {
            return Ok(());
        }
        noted.written_at = Some(now);
        drop(noted);
        self.write_trace()
    }

    /// Writes the trace if anything was noted. Whoever notes meanwhile does not wait for it.
    pub(super) fn write_trace(&self) -> Result<(), StoreError> {
        let mut noted = self.noted();
        if !std::mem::take(&mut noted.changed) {
            return Ok(());
        }
        let trace = noted.trace.clone();
        drop(noted);
        self.note(TRACE, &trace)
    }

    fn noted(&self) -> MutexGuard<'_, Noted> {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::fixtures::{NOW, seconds_later};
    use crate::oauth::secret::Entropy;
    use crate::oauth::trace_step::{Agent, Outcome, Stage};
    use crate::store::testing::{Folder, at_once, store};
    use std::net::Ipv4Addr;

    fn step(host: u8) -> Step {
        let from = Ipv4Addr::new(203, 0, 113, host).into();
        Step::new(NOW, Stage::Challenge, Outcome::Passed, from, Agent::of(None))
    }

    fn open(folder: &Folder) -> Store {
        Store::open(folder.path(), &Entropy::new([1; 32]), NOW).unwrap()
    }

    #[test]
    fn what_was_noted_is_there_after_an_orderly_stop_and_numbers_go_on() {
        let folder = Folder::new();
        let first = open(&folder);
        first.note_step(&step(1));
        let noted = first.attempts();
        first.settle().unwrap();
        drop(first);
        let second = open(&folder);
        assert_eq!((noted.len(), second.attempts()), (1, noted));
        second.note_step(&step(2));
        assert_eq!(second.attempts()[1].number, 1);
    }

    #[test]
    fn it_is_written_every_five_minutes_and_only_if_there_is_something_to_write() {
        let store = store();
        let on_disk = || store.load::<Trace>(TRACE).unwrap().map(|trace| trace.attempts().len());
        store.sweep(NOW).unwrap();
        assert_eq!(on_disk(), None);
        store.note_step(&step(1));
        store.sweep(seconds_later(299)).unwrap();
        assert_eq!(on_disk(), None);
        store.sweep(seconds_later(300)).unwrap();
        assert_eq!(on_disk(), Some(1));
        store.note_step(&step(2));
        store.sweep(seconds_later(599)).unwrap();
        assert_eq!(on_disk(), Some(1));
        store.sweep(seconds_later(600)).unwrap();
        assert_eq!(on_disk(), Some(2));
    }

    #[test]
    fn a_trace_that_cannot_be_read_is_no_reason_not_to_start() {
        let folder = Folder::new();
        let first = open(&folder);
        first.tree.insert([Table::Trace as u8], &[20, 9, 9][..]).unwrap();
        first.commit().unwrap();
        drop(first);
        assert_eq!(open(&folder).attempts(), []);
    }

    #[test]
    fn many_may_note_at_once() {
        let store = store();
        at_once(8, |number| (0..50).for_each(|_| store.note_step(&step(u8::try_from(number).unwrap()))));
        let times: u32 = store.attempts().iter().map(|attempt| attempt.seen[0].times).sum();
        assert_eq!((store.attempts().len(), times), (8, 400));
    }
}
