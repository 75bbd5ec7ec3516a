//! Forgetting what is over, a batch at a time, so that no request waits long for it.

use super::connections::note_lapse;
use super::record::{self, BrowserSession, Record, SpentForm, StoredSetupLink, Table, UserCodeOwner};
use super::tables::LOOK_AGAIN;
use super::transaction::{Step, Tx, expiry_key};
use super::{Store, StoreError};
use crate::clock::UnixTime;
use crate::oauth::api_key::StoredApiKey;
use crate::oauth::bearer::StoredAccessToken;
use crate::oauth::code::StoredCode;
use crate::oauth::connection::Connection;
use crate::oauth::consent::Flow;
use crate::oauth::device::{StoredDeviceCode, WrongEntries};
use crate::oauth::invitation::Invitation;
use crate::oauth::mcp_session::SessionOwner;
use crate::oauth::poll::PolledFlow;
use crate::oauth::refresh::StoredRefreshToken;
use crate::oauth::signing_key::SigningKey;
use crate::oauth::throttle::Tries;

/// Records looked at in one transaction.
const BATCH: usize = 200;

impl Store {
    /// Forgets everything that is due. Gives how many records that were.
    pub fn sweep(&self, now: UnixTime) -> Result<usize, StoreError> {
        self.tidy_counters(now);
        self.write_trace_in_time(now)?;
        let mut forgotten = self.forget_old_events(now)?;
        loop {
            let due = self.due(now)?;
            if due.is_empty() {
                return Ok(forgotten);
            }
            forgotten += self.forget(&due, now)?;
        }
    }

    fn due(&self, now: UnixTime) -> Result<Vec<Vec<u8>>, StoreError> {
        let first = expiry_key(UnixTime(0), &[]);
        let past = expiry_key(UnixTime(now.0.saturating_add(1)), &[]);
        self.tree.range(first..past).take(BATCH).map(|entry| Ok(entry?.0.to_vec())).collect()
    }

    /// A mark only says when to look: a record that lives longer by now is marked again at its later end.
    fn forget(&self, marks: &[Vec<u8>], now: UnixTime) -> Result<usize, StoreError> {
        self.transact(|tx| {
            let mut forgotten = 0;
            for mark in marks {
                tx.remove_raw(mark)?;
                let Some(full) = mark.get(9..) else { continue };
                let Some(bytes) = tx.get_raw(full)? else { continue };
                if full.first() == Some(&(Table::Connection as u8))
                    && let Ok(connection) = record::decode(&bytes)
                    && note_lapse(tx, &connection, now)?
                {
                    continue;
                }
                match end_of(tx, &bytes, now)? {
                    Ok(Some(later)) if !later.has_come(now) => tx.mark(later, full)?,
                    Ok(Some(_)) => {
                        tx.remove_raw(full)?;
                        if let [table, key @ ..] = full
                            && [Table::Connection as u8, Table::ApiKey as u8].contains(table)
                        {
                            tx.remove(Table::LastUse, key)?;
                        }
                        forgotten += 1;
                    }
                    Ok(None) => (),
                    // A damaged record is for whoever reads it to complain about; the others are swept all the same.
                    Err(_) => (),
                }
            }
            Ok(forgotten)
        })
    }
}

/// When the record is to be forgotten, which for a token without an end depends on its connection.
fn end_of(tx: &Tx<'_>, bytes: &[u8], now: UnixTime) -> Step<Result<Option<UnixTime>, StoreError>> {
    if bytes.first() == Some(&(Table::AccessToken as u8))
        && let Ok(StoredAccessToken { expires_at: None, connection, .. }) = record::decode(bytes)
    {
        let connection: Option<Connection> = tx.get(connection.as_str().as_bytes())?;
        return Ok(Ok(Some(connection.map_or(now, |_| now.after(LOOK_AGAIN)))));
    }
    Ok(forget_at(bytes))
}

fn forget_at(bytes: &[u8]) -> Result<Option<UnixTime>, StoreError> {
    fn of<R: Record>(bytes: &[u8]) -> Result<Option<UnixTime>, StoreError> {
        record::decode::<R>(bytes).map(|record| record.forget_at())
    }
    let Some(table) = bytes.first() else { return Ok(None) };
    let readers = [
        (Table::Session, of::<BrowserSession> as fn(&[u8]) -> _),
        (Table::Flow, of::<Flow>),
        (Table::Code, of::<StoredCode>),
        (Table::AccessToken, of::<StoredAccessToken>),
        (Table::RefreshToken, of::<StoredRefreshToken>),
        (Table::Connection, of::<Connection>),
        (Table::ApiKey, of::<StoredApiKey>),
        (Table::McpSession, of::<SessionOwner>),
        (Table::SpentForm, of::<SpentForm>),
        (Table::SetupLink, of::<StoredSetupLink>),
        (Table::Invitation, of::<Invitation>),
        (Table::DeviceCode, of::<StoredDeviceCode>),
        (Table::UserCode, of::<UserCodeOwner>),
        (Table::PolledFlow, of::<PolledFlow>),
        (Table::WrongEntries, of::<WrongEntries>),
        (Table::SigningKey, of::<SigningKey>),
        (Table::Tries, of::<Tries>),
    ];
    readers.iter().find(|(known, _)| *known as u8 == *table).map_or(Ok(None), |(_, read)| read(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::audit::Wanted;
    use crate::oauth::bearer::Bearer;
    use crate::oauth::connection::{EndReason, Ended};
    use crate::oauth::fixtures::{NOW, connection, seconds_later};
    use crate::oauth::scope::Scope;
    use crate::store::record::LastUse;
    use crate::store::testing::{Temporary, store};

    const DAY: u64 = 24 * 60 * 60;

    /// A record that is forgotten then.
    fn ending(seconds: u64) -> SessionOwner {
        let seen_at = UnixTime(seconds_later(seconds).0 - 7 * DAY);
        SessionOwner { user: connection().user, bearer: Bearer::Client(connection().client), seen_at }
    }

    fn marks(store: &Temporary) -> usize {
        store.count(Table::Expiry)
    }

    #[test]
    fn what_is_due_is_forgotten_and_nothing_else() {
        let store = store();
        store.put_all(&[(b"a", ending(60)), (b"b", ending(61))]);
        store.put_all(&[(b"c", connection())]);
        assert_eq!(store.sweep(seconds_later(59)), Ok(0));
        assert_eq!(store.sweep(seconds_later(60)), Ok(1));
        assert_eq!(store.load::<SessionOwner>(b"a"), Ok(None));
        assert_eq!(store.sweep(seconds_later(1000 * DAY)), Ok(1));
        assert_eq!(store.load(b"c"), Ok(Some(connection())), "what has no end stays");
        assert_eq!(marks(&store), 0);
    }

    #[test]
    fn a_record_that_lives_longer_than_its_mark_stays_until_its_later_end() {
        let store = store();
        store.put_all(&[(b"a", ending(60))]);
        store.put_all(&[(b"a", ending(120))]);
        assert_eq!(store.sweep(seconds_later(60)), Ok(0));
        assert_eq!(store.load(b"a"), Ok(Some(ending(120))));
        assert_eq!(store.sweep(seconds_later(119)), Ok(0));
        assert_eq!(store.sweep(seconds_later(120)), Ok(1));
        assert_eq!((store.load::<SessionOwner>(b"a"), marks(&store)), (Ok(None), 0));
    }

    #[test]
    fn a_mark_is_renewed_even_where_nobody_wrote_one() {
        let store = store();
        store.put_all(&[(b"a", ending(60))]);
        // As it would be after an upgrade that keeps such records for longer.
        let longer = record::encode(&ending(500)).unwrap();
        store.tree.insert(record::key(Table::McpSession, b"a"), longer).unwrap();
        assert_eq!((store.sweep(seconds_later(60)), marks(&store)), (Ok(0), 1));
        assert_eq!(store.sweep(seconds_later(500)), Ok(1));
    }

    #[test]
    fn a_record_that_got_no_end_any_more_is_never_forgotten() {
        let store = store();
        store.put_all(&[(b"a", Connection { ends_at: Some(seconds_later(60)), ..connection() })]);
        store.put_all(&[(b"a", connection())]);
        assert_eq!((store.sweep(seconds_later(1000 * DAY)), marks(&store)), (Ok(0), 0));
        assert_eq!(store.load(b"a"), Ok(Some(connection())));
    }

    #[test]
    fn an_ended_connection_is_kept_for_a_while_and_takes_its_last_use_with_it() {
        let store = store();
        let ended = Connection {
            ended: Some(Ended { at: NOW, why: EndReason::RevokedByUser }),
            alive_until: Some(seconds_later(60)),
            ..connection()
        };
        store.put_all(&[(b"a", ended)]);
        store.put_all(&[(b"a", LastUse { at: NOW, from: None })]);
        assert_eq!(store.sweep(seconds_later(29 * DAY)), Ok(0));
        assert_eq!(store.sweep(seconds_later(30 * DAY)), Ok(1));
        assert_eq!((store.load::<SessionOwner>(b"a"), store.load::<LastUse>(b"a")), (Ok(None), Ok(None)));
    }

    /// A connection in a store, and how it has ended so far.
    fn swept(connection: Connection, seconds: u64) -> (Temporary, Option<Ended>) {
        let store = store();
        store.put_all(&[(b"conn_1", connection)]);
        store.sweep(seconds_later(seconds)).unwrap();
        let ended = store.load::<Connection>(b"conn_1").unwrap().unwrap().ended;
        (store, ended)
    }

    fn kinds(store: &Temporary) -> Vec<&'static str> {
        store.events(&Wanted::newest(10)).unwrap().iter().map(|entry| entry.event.what.kind()).collect()
    }

    #[test]
    fn a_connection_whose_time_is_over_is_noted_as_ended_once_and_forgotten_a_month_later() {
        let limited = Connection { ends_at: Some(seconds_later(60)), alive_until: Some(seconds_later(3600)), ..connection() };
        let (store, ended) = swept(limited.clone(), 59);
        assert_eq!((ended, kinds(&store).len()), (None, 0));
        let (store, ended) = swept(limited, 90);
        assert_eq!(ended, Some(Ended { at: seconds_later(60), why: EndReason::TimeOver }), "when it ended and not when that was noted");
        assert_eq!((store.sweep(seconds_later(3600)), kinds(&store)), (Ok(0), vec!["connection_time_over"]));
        assert_eq!(store.sweep(seconds_later(60 + 30 * DAY - 1)), Ok(0));
        assert_eq!((store.sweep(seconds_later(60 + 30 * DAY)), store.count(Table::Connection), marks(&store)), (Ok(1), 0, 0));
    }

    #[test]
    fn a_connection_that_nobody_uses_any_more_is_noted_as_ended_too() {
        let (store, ended) = swept(Connection { alive_until: Some(seconds_later(60)), ..connection() }, 60);
        assert_eq!(ended, Some(Ended { at: seconds_later(60), why: EndReason::Unused }));
        assert_eq!(kinds(&store), ["connection_unused"]);
        let (store, ended) = swept(connection(), 1000 * DAY);
        assert_eq!((ended, kinds(&store).len()), (None, 0), "what has no end stays");
    }

    #[test]
    fn after_a_long_absence_an_end_is_noted_and_forgotten_at_once() {
        let store = store();
        store.put_all(&[(b"conn_1", Connection { ends_at: Some(seconds_later(60)), ..connection() })]);
        assert_eq!((store.sweep(seconds_later(90 * DAY)), store.count(Table::Connection), marks(&store)), (Ok(1), 0, 0));
        assert_eq!(kinds(&store), ["connection_time_over"]);
    }

    #[test]
    fn a_damaged_connection_keeps_nothing_else_from_being_swept() {
        let store = store();
        store.put_all(&[(b"a", Connection { ends_at: Some(seconds_later(60)), ..connection() })]);
        store.put_all(&[(b"b", ending(60))]);
        store.tree.insert(record::key(Table::Connection, b"a"), &[Table::Connection as u8, 1, 7][..]).unwrap();
        assert_eq!(store.sweep(seconds_later(60)), Ok(1));
    }

    #[test]
    fn an_access_token_is_kept_for_as_long_as_a_lost_answer_may_be_asked_for_again() {
        let store = store();
        let token = StoredAccessToken {
            connection: connection().id,
            scope: Scope::default(),
            issued_at: NOW,
            expires_at: Some(seconds_later(3600)),
            used: false,
        };
        store.put_all(&[(b"a", token)]);
        assert_eq!(store.sweep(seconds_later(3600 + DAY - 1)), Ok(0));
        assert_eq!(store.sweep(seconds_later(3600 + DAY)), Ok(1));
    }

    #[test]
    fn a_token_without_an_end_goes_with_its_connection() {
        let store = store();
        let id = connection().id;
        let token = StoredAccessToken { connection: id.clone(), scope: Scope::default(), issued_at: NOW, expires_at: None, used: false };
        store.put_all(&[(b"a", token)]);
        store.put_all(&[(id.as_str().as_bytes(), connection())]);
        for day in [30, 60, 1000] {
            assert_eq!((store.sweep(seconds_later(day * DAY)), marks(&store)), (Ok(0), 1), "day {day}");
        }
        let ended = Ended { at: seconds_later(1000 * DAY), why: EndReason::RevokedByUser };
        store.put_all(&[(id.as_str().as_bytes(), Connection { ended: Some(ended), ..connection() })]);
        store.sweep(seconds_later(1031 * DAY)).unwrap();
        assert_eq!(store.count(Table::Connection), 0);
        store.sweep(seconds_later(1062 * DAY)).unwrap();
        assert_eq!((store.count(Table::AccessToken), marks(&store)), (0, 0));
    }

    #[test]
    fn more_than_one_batch_is_forgotten_at_once() {
        let store = store();
        let keys: Vec<[u8; 4]> = (0..(3 * BATCH as u32 + 1)).map(u32::to_be_bytes).collect();
        let records: Vec<(&[u8], SessionOwner)> = keys.iter().map(|key| (&key[..], ending(60))).collect();
        store.put_all(&records);
        assert_eq!(store.sweep(seconds_later(60)), Ok(keys.len()));
        assert_eq!((store.count(Table::McpSession), marks(&store)), (0, 0));
    }

    #[test]
    fn sweeping_beside_changes_forgets_nothing_that_lives() {
        let store = store();
        store.put_all(&[(b"a", ending(1))]);
        crate::store::testing::at_once(4, |number| {
            for round in 1..200 {
                if number == 0 {
                    store.put_all(&[(b"a", ending(round + 1))]);
                } else {
                    store.sweep(seconds_later(round / 2)).unwrap();
                }
            }
        });
        assert_eq!(store.load(b"a"), Ok(Some(ending(200))));
    }
}
