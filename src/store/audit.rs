//! The audit log: written within the transaction of the decision it tells of, bounded by class, read newest first.
//!
//! Each class of events is a ring of its own: its events are numbered without gaps, so that the one that has to go is known
//! by its number and no transaction has to search for it.

use super::record::{self, Table};
use super::transaction::{Step, Tx};
use super::{Store, StoreError};
use crate::clock::UnixTime;
use crate::oauth::audit::{Entry, Event, Occasion, Wanted};
use crate::oauth::audit_kinds::Class;
use crate::oauth::client::Client;
use crate::oauth::configuration::Configuration;
use crate::oauth::connection::Connection;
use crate::oauth::ids::{ClientId, UserId};
use crate::oauth::user::User;
use serde::{Deserialize, Serialize};
use std::iter::Peekable;

/// How many events there ever were.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditCounts {
    /// All: the number of the next one.
    pub events: u64,
    /// Of each class: its place in the ring of that class.
    pub of_class: [u64; Class::ALL.len()],
}

/// The key of the only counts.
pub(super) const COUNTS: &[u8] = b"";
/// Events forgotten in one transaction.
const BATCH: usize = 200;

impl Tx<'_> {
    /// Writes an event, in the same transaction as what it tells of: a decision that is not kept leaves no event.
    pub(super) fn record(&self, event: &Event) -> Step<()> {
        let class = event.what.class();
        let mut counts: AuditCounts = self.get(COUNTS)?.unwrap_or_default();
        let number = counts.events;
        let Some(of_class) = counts.of_class.get_mut(class as usize) else { return Ok(()) };
        let nth = *of_class;
        (counts.events, *of_class) = (number + 1, nth + 1);
        self.put(COUNTS, &counts)?;
        self.put(&key(class, nth), &Entry { number, event: event.clone() })?;
        nth.checked_sub(class.kept()).map_or(Ok(()), |oldest| self.remove(Table::Audit, &key(class, oldest)))
    }
}

impl Tx<'_> {
    /// Writes an event about a connection, with the names that its user and client have at this moment.
    pub(super) fn record_in(&self, connection: &Connection, event: Event) -> Step<()> {
        let event = event.in_connection(&connection.id);
        self.record(&self.naming(event, &connection.user, &connection.client)?.at_server(&connection.server))
    }

    /// The event with the names of its user and client.
    pub(super) fn naming(&self, mut event: Event, user: &UserId, client: &ClientId) -> Step<Event> {
        if let Some(user) = self.get::<User>(user.as_str().as_bytes())? {
            event = event.of_user(&user.name);
        }
        if let Some(client) = self.get::<Client>(client.as_str().as_bytes())? {
            event = event.of_client(&client);
        }
        Ok(event)
    }
}

fn key(class: Class, nth: u64) -> [u8; 9] {
    let mut key = [class as u8; 9];
    key[1..].copy_from_slice(&nth.to_be_bytes());
    key
}

impl Store {
    /// Writes an event that belongs to no transaction. Not waited for: the last half second of such events may be lost in
    /// a crash.
    pub fn record_event(&self, event: &Event) -> Result<(), StoreError> {
        self.transact(|tx| tx.record(event))
    }

    /// Remembers what is configured, and tells how it differs from the last time; the first time nothing is told.
    pub fn note_configuration(&self, now: &Configuration, occasion: &Occasion) -> Result<(), StoreError> {
        self.transact(|tx| {
            let before: Option<Configuration> = tx.get(b"")?;
            if before.as_ref() == Some(now) {
                return Ok(());
            }
            before.map_or(vec![], |before| now.changes_since(&before, occasion)).iter().try_for_each(|event| tx.record(event))?;
            tx.put(b"", now)
        })?;
        self.commit()
    }

    /// The events that are wanted, newest first.
    pub fn events(&self, wanted: &Wanted) -> Result<Vec<Entry>, StoreError> {
        // What is numbered below this is written whole. A later event may be seen in one class and its elder not yet in
        // another, and whoever asks for what came after the later one would never be told of the elder.
        let written = self.load::<AuditCounts>(COUNTS)?.unwrap_or_default().events;
        let wanted = Wanted { before: Some(wanted.before.map_or(written, |before| before.min(written))), ..wanted.clone() };
        let mut rings: Vec<_> = wanted.classes().iter().map(|class| self.newest_first(*class).peekable()).collect();
        let mut found = Vec::new();
        while found.len() < wanted.limit {
            let Some(entry) = next(&mut rings)? else { break };
            let is_too_old = wanted.since.is_some_and(|since| entry.event.at < since);
            if is_too_old || wanted.after.is_some_and(|after| entry.number <= after) {
                break;
            }
            if wanted.includes(&entry) {
                found.push(entry);
            }
        }
        Ok(found)
    }

    fn newest_first(&self, class: Class) -> impl Iterator<Item = Result<Entry, StoreError>> {
        let entries = self.tree.scan_prefix([Table::Audit as u8, class as u8]).rev();
        entries.map(|entry| record::decode(&entry?.1))
    }

    /// Forgets events that are older than their class is kept. Gives how many those were.
    pub(super) fn forget_old_events(&self, now: UnixTime) -> Result<usize, StoreError> {
        let mut forgotten = 0;
        for class in Class::ALL {
            loop {
                let old = self.oldest_due(class, now)?;
                self.transact(|tx| old.iter().try_for_each(|key| tx.remove_raw(key)))?;
                forgotten += old.len();
                if old.len() < BATCH {
                    break;
                }
            }
        }
        Ok(forgotten)
    }

    fn oldest_due(&self, class: Class, now: UnixTime) -> Result<Vec<Vec<u8>>, StoreError> {
        let mut due = Vec::new();
        for entry in self.tree.scan_prefix([Table::Audit as u8, class as u8]).take(BATCH) {
            let (key, value) = entry?;
            let Entry { event, .. } = record::decode(&value)?;
            if !event.at.after(class.age()).has_come(now) {
                break;
            }
            due.push(key.to_vec());
        }
        Ok(due)
    }
}

/// The newest of what the rings have next.
fn next<I: Iterator<Item = Result<Entry, StoreError>>>(rings: &mut [Peekable<I>]) -> Result<Option<Entry>, StoreError> {
    let number = |next: &Result<Entry, StoreError>| next.as_ref().map_or(u64::MAX, |entry| entry.number);
    let newest = rings.iter_mut().filter_map(|ring| ring.peek().map(number).map(|number| (number, ring))).max_by_key(|(number, _)| *number);
    newest.and_then(|(_, ring)| ring.next()).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::audit_kinds::What;
    use crate::oauth::connection::EndReason;
    use crate::oauth::fixtures::{NOW, client, seconds_later, user};
    use crate::oauth::text::Shown;
    use crate::store::testing::{at_once, store};
    use sled::transaction::ConflictableTransactionError;

    const DAY: u64 = 24 * 60 * 60;

    fn event(what: What) -> Event {
        Occasion::here(NOW).event(what)
    }

    fn limit_hit() -> Event {
        event(What::LimitHit { limit: Shown::new("registrations") })
    }

    fn kinds(store: &Store, wanted: &Wanted) -> Vec<&'static str> {
        store.events(wanted).unwrap().iter().map(|entry| entry.event.what.kind()).collect()
    }

    #[test]
    fn events_are_read_newest_first_whatever_their_class() {
        let store = store();
        assert_eq!(store.events(&Wanted::newest(9)), Ok(vec![]));
        for what in [What::UserRemoved, What::SignInFailed, What::SignedIn, What::ClientRegistered, What::TokensRefreshed, What::SignedIn] {
            store.record_event(&event(what)).unwrap();
        }
        let all = ["signed_in", "tokens_refreshed", "client_registered", "signed_in", "sign_in_failed", "user_removed"];
        assert_eq!(kinds(&store, &Wanted::newest(9)), all);
        assert_eq!(kinds(&store, &Wanted::newest(2)), all[..2]);
        assert_eq!(kinds(&store, &Wanted { before: Some(4), ..Wanted::newest(2) }), all[2..4]);
        assert_eq!(kinds(&store, &Wanted { after: Some(2), ..Wanted::newest(9) }), all[..3]);
        assert_eq!(kinds(&store, &Wanted { after: Some(5), ..Wanted::newest(9) }), [""; 0]);
        let numbers: Vec<u64> = store.events(&Wanted::newest(9)).unwrap().iter().map(|entry| entry.number).collect();
        assert_eq!(numbers, [5, 4, 3, 2, 1, 0]);
    }

    #[test]
    fn what_is_asked_for_is_found_behind_anything_else() {
        let store = store();
        store.record_event(&event(What::ClientAdopted).of_client(&client("claude")).of_user(&user("ann").name)).unwrap();
        (0..50).for_each(|_| store.record_event(&limit_hit()).unwrap());
        let wanted = |kind: Option<&str>, user: Option<&str>, client: Option<&str>| Wanted {
            kind: kind.map(str::to_owned),
            user: user.map(str::to_owned),
            client: client.map(str::to_owned),
            ..Wanted::newest(9)
        };
        for hit in [wanted(Some("client_adopted"), None, None), wanted(None, Some("ANN"), None), wanted(None, None, Some("claude"))] {
            assert_eq!(kinds(&store, &hit), ["client_adopted"], "{hit:?}");
        }
        assert_eq!(kinds(&store, &wanted(None, Some("bob"), None)), [""; 0]);
        assert_eq!(kinds(&store, &wanted(Some("client_adopted"), Some("ann"), Some("cursor"))), [""; 0]);
    }

    #[test]
    fn what_looks_like_theft_is_found_among_everything_and_only_as_far_back_as_asked() {
        let store = store();
        let at = |seconds: u64, what: What| Occasion::here(seconds_later(seconds)).event(what);
        store.record_event(&at(0, What::TokenOfAnother)).unwrap();
        store.record_event(&at(50, What::ConnectionEnded(EndReason::CodeReplayed))).unwrap();
        (0..20).for_each(|_| store.record_event(&at(60, What::SignedIn)).unwrap());
        let alarms = Wanted { alarms: true, ..Wanted::newest(9) };
        assert_eq!(kinds(&store, &alarms), ["code_replayed", "token_of_another"]);
        assert_eq!(kinds(&store, &Wanted { since: Some(seconds_later(50)), ..alarms }), ["code_replayed"]);
        assert_eq!(kinds(&store, &Wanted { since: Some(seconds_later(61)), ..Wanted::newest(9) }), [""; 0]);
    }

    #[test]
    fn strangers_push_out_one_another_and_nobody_else() {
        let store = store();
        store.record_event(&event(What::UserRemoved)).unwrap();
        store.record_event(&event(What::SignInFailed)).unwrap();
        for _ in 0..Class::Strangers.kept() + 10 {
            store.record_event(&limit_hit()).unwrap();
        }
        let all = store.events(&Wanted::newest(usize::MAX)).unwrap();
        assert_eq!(all.len() as u64, Class::Strangers.kept() + 2);
        assert_eq!(store.count(Table::Audit), all.len());
        let (newest, oldest) = (&all[0], &all[all.len() - 1]);
        assert_eq!((newest.number, oldest.event.what.kind()), (Class::Strangers.kept() + 11, "user_removed"));
    }

    #[test]
    fn events_are_forgotten_with_age_each_class_in_its_own_time() {
        let store = store();
        for what in [What::UserRemoved, What::SignedIn, What::SignInFailed] {
            store.record_event(&event(what)).unwrap();
        }
        (0..BATCH * 2 + 1).for_each(|_| store.record_event(&limit_hit()).unwrap());
        assert_eq!(store.sweep(seconds_later(30 * DAY - 1)), Ok(0));
        assert_eq!(store.sweep(seconds_later(30 * DAY)), Ok(BATCH * 2 + 2));
        assert_eq!(kinds(&store, &Wanted::newest(9)), ["signed_in", "user_removed"]);
        assert_eq!(store.sweep(seconds_later(90 * DAY)), Ok(1));
        assert_eq!(store.sweep(seconds_later(400 * DAY)), Ok(1));
        store.record_event(&event(What::SignedIn)).unwrap();
        assert_eq!(store.events(&Wanted::newest(9)).unwrap()[0].number, 3 + 2 * BATCH as u64 + 1, "numbers go on");
    }

    #[test]
    fn a_decision_that_is_given_up_leaves_no_event() {
        let store = store();
        let given_up: Result<(), StoreError> = store.transact(|tx| {
            tx.record(&limit_hit())?;
            Err(ConflictableTransactionError::Abort(StoreError::Missing))
        });
        assert_eq!((given_up, store.events(&Wanted::newest(9))), (Err(StoreError::Missing), Ok(vec![])));
    }

    #[test]
    fn whoever_follows_misses_nothing_while_many_write() {
        let store = store();
        const EACH: usize = 200;
        let read = at_once(4, |thread| {
            let mut seen: Vec<u64> = vec![];
            for _ in 0..EACH {
                if thread > 0 {
                    let what = if thread == 1 { What::UserRemoved } else { What::SignedIn };
                    store.record_event(&event(what)).unwrap();
                }
                let new = store.events(&Wanted { after: seen.last().copied(), ..Wanted::newest(usize::MAX) }).unwrap();
                seen.extend(new.iter().rev().map(|entry| entry.number));
            }
            seen
        });
        for seen in read {
            assert_eq!(seen, (0..seen.len() as u64).collect::<Vec<_>>());
        }
    }
}
