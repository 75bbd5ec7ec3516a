//! Connections: listing and ending them, and when they were last used.

use super::record::{self, LastUse, Table};
use super::transaction::{Step, Tx};
use super::{Store, StoreError};
use crate::clock::UnixTime;
use crate::oauth::asks_again::Earlier;
use crate::oauth::audit::Occasion;
use crate::oauth::audit_kinds::What;
use crate::oauth::client::Client;
use crate::oauth::connection::{Connection, EndReason, Ended, Standing};
use crate::oauth::ids::{ConnectionId, UserId};
use crate::oauth::user::User;
use std::sync::PoisonError;
use std::time::Duration;

/// How exact the time of the last use is.
const USE_PRECISION: Duration = Duration::from_secs(60);
/// Above this many, uses that need not be remembered any more are forgotten.
const USES_REMEMBERED: usize = 1024;

/// A connection with what a list shows beside it.
#[derive(Clone, Debug)]
pub struct ListedConnection {
    /// The grant.
    pub connection: Connection,
    /// Who granted it, unless removed since.
    pub user: Option<User>,
    /// To whom, unless removed since.
    pub client: Option<Client>,
    /// When and from where it was last used.
    pub last_use: Option<LastUse>,
}

impl Store {
    /// Every connection that is not over, oldest first; of one user or of all.
    pub fn connections(&self, of: Option<&UserId>, now: UnixTime) -> Result<Vec<ListedConnection>, StoreError> {
        let mut all: Vec<Connection> = self.scan()?;
        all.retain(|connection| !connection.is_over(now));
        all.retain(|connection| of.is_none_or(|user| connection.user == *user));
        all.sort_by_key(|connection| connection.created_at);
        all.into_iter()
            .map(|connection| {
                Ok(ListedConnection {
                    user: self.load(connection.user.as_str().as_bytes())?,
                    client: self.client(&connection.client)?,
                    last_use: self.load(connection.id.as_str().as_bytes())?,
                    connection,
                })
            })
            .collect()
    }

    /// Every connection of a user that is remembered, those that have ended included.
    pub fn earlier_connections(&self, of: &UserId) -> Result<Vec<Earlier>, StoreError> {
        let mut theirs: Vec<Connection> = self.scan()?;
        theirs.retain(|connection| connection.user == *of);
        theirs.into_iter().map(|connection| Ok(Earlier { client: self.client(&connection.client)?, connection })).collect()
    }

    /// Ends a connection; `of` limits that to one user's own. False when there is no such connection. On disk before it
    /// returns, and open streams are told.
    pub fn end_connection(&self, id: &ConnectionId, of: Option<&UserId>, why: EndReason, occasion: &Occasion) -> Result<bool, StoreError> {
        let found = self.transact(|tx| {
            let connection: Option<Connection> = tx.get(id.as_str().as_bytes())?;
            let found = connection.is_some_and(|connection| of.is_none_or(|user| connection.user == *user));
            if found {
                end(tx, id, why, occasion)?;
            }
            Ok(found)
        })?;
        self.commit_ending()?;
        Ok(found)
    }

    /// Has a connection end by itself at `ends_at`, or at no time of its own; `of` limits that to one user's own. False when
    /// there is no such connection, or it is over: nothing revives it. On disk before it returns, and open streams are told.
    pub fn limit_connection(
        &self,
        id: &ConnectionId,
        of: Option<&UserId>,
        ends_at: Option<UnixTime>,
        occasion: &Occasion,
    ) -> Result<bool, StoreError> {
        let found = self.transact(|tx| {
            let connection: Option<Connection> = tx.get(id.as_str().as_bytes())?;
            let theirs = connection.filter(|connection| of.is_none_or(|user| connection.user == *user));
            let Some(connection) = theirs.filter(|connection| !connection.is_over(occasion.at)) else { return Ok(false) };
            tx.record_in(&connection, occasion.event(What::ConnectionLimited { until: ends_at }))?;
            tx.put(id.as_str().as_bytes(), &Connection { ends_at, ..connection })?;
            Ok(true)
        })?;
        self.commit_revocation(found)?;
        Ok(found)
    }

    /// Ends every connection, or every one of one user; gives how many those were. On disk before it returns, and open
    /// streams are told.
    pub fn end_connections(&self, of: Option<&UserId>, why: EndReason, occasion: &Occasion) -> Result<usize, StoreError> {
        let standing = self.connections(of, occasion.at)?;
        self.transact(|tx| standing.iter().try_for_each(|listed| end(tx, &listed.connection.id, why, occasion)))?;
        self.commit_ending()?;
        Ok(standing.len())
    }

    /// Notes that a connection or a key was used, once a minute, under the key of its record in `table`. Not waited for.
    /// What is gone by then is not brought back by half. `also` is done in the same transaction, and told of the use before.
    pub(super) fn note_last_use(
        &self,
        table: Table,
        key: &[u8],
        occasion: &Occasion,
        also: impl Fn(&Tx<'_>, Option<LastUse>) -> Step<()>,
    ) -> Result<(), StoreError> {
        let now = occasion.at;
        let mut uses = self.uses.lock().unwrap_or_else(PoisonError::into_inner);
        if uses.get(key).is_some_and(|last| now.since(*last) < USE_PRECISION) {
            return Ok(());
        }
        uses.insert(key.to_vec(), now);
        if uses.len() > USES_REMEMBERED {
            uses.retain(|_, last| now.since(*last) < USE_PRECISION);
        }
        drop(uses);
        self.transact(|tx| {
            if tx.get_raw(&record::key(table, key))?.is_none() {
                return Ok(());
            }
            also(tx, tx.get(key)?)?;
            tx.put(key, &LastUse::on(occasion))
        })
    }
}

/// Marks a connection as over, unless it already is.
pub(super) fn end(tx: &Tx<'_>, id: &ConnectionId, why: EndReason, occasion: &Occasion) -> Step<()> {
    let Some(mut connection) = tx.get::<Connection>(id.as_str().as_bytes())? else { return Ok(()) };
    if connection.ended.is_some() {
        return Ok(());
    }
    tx.record_in(&connection, occasion.event(What::ConnectionEnded(why)))?;
    connection.ended = Some(Ended { at: occasion.at, why });
    tx.put(id.as_str().as_bytes(), &connection)
}

/// Notes the end of a connection that has ended by itself; false if it has not.
pub(super) fn note_lapse(tx: &Tx<'_>, connection: &Connection, now: UnixTime) -> Step<bool> {
    let Some(ended) = connection.lapsed(now) else { return Ok(false) };
    tx.record_in(connection, Occasion::here(now).event(What::ConnectionEnded(ended.why)))?;
    tx.put(connection.id.as_str().as_bytes(), &Connection { ended: Some(ended), ..connection.clone() })?;
    Ok(true)
}

/// Everything on which the life of a connection's tokens depends.
pub(super) fn standing(tx: &Tx<'_>, id: &ConnectionId) -> Step<Option<Standing>> {
    let Some(connection) = tx.get::<Connection>(id.as_str().as_bytes())? else { return Ok(None) };
    let user = tx.get(connection.user.as_str().as_bytes())?;
    let client = tx.get(connection.client.as_str().as_bytes())?;
    Ok(Some(Standing { connection, user, client }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::audit::Wanted;
    use crate::oauth::fixtures::{NOW, client, connection, occasion, seconds_later, user};
    use crate::store::testing::store;

    fn named(id: &str) -> Connection {
        Connection { id: ConnectionId::known_as(id), ..connection() }
    }

    #[test]
    fn a_list_holds_what_stands_oldest_first_with_those_it_concerns() {
        let store = store();
        store.add_user(&user("ann"), &occasion()).unwrap();
        store.add_client(&client("claude"), &occasion()).unwrap();
        let ended = Connection { ended: Some(Ended { at: NOW, why: EndReason::RevokedByUser }), ..named("ended") };
        let over = Connection { alive_until: Some(seconds_later(10)), ..named("over") };
        let young = Connection { created_at: seconds_later(5), alive_until: Some(seconds_later(11)), ..named("young") };
        let bobs = Connection { user: UserId::known_as("bob"), client: crate::oauth::ids::ClientId::known_as("gone"), ..named("bobs") };
        store.put_all(&[(b"ended", ended), (b"over", over), (b"young", young), (b"old", named("old")), (b"zbobs", bobs)]);
        store.note_last_use(Table::Connection, b"old", &occasion(), |_, _| Ok(())).unwrap();
        let list = |of: Option<&UserId>| store.connections(of, seconds_later(10)).unwrap();
        let names = |list: &[ListedConnection]| list.iter().map(|one| one.connection.id.to_string()).collect::<Vec<_>>();
        assert_eq!(names(&list(None)), ["old", "bobs", "young"]);
        assert_eq!(names(&list(Some(&user("ann").id))), ["old", "young"]);
        let all = list(None);
        assert_eq!(
            (&all[0].user, &all[0].client, all[0].last_use),
            (&Some(user("ann")), &Some(client("claude")), Some(LastUse::on(&occasion())))
        );
        assert_eq!((&all[1].user, &all[1].client, all[1].last_use), (&None, &None, None));
    }

    #[test]
    fn nobody_ends_a_connection_of_somebody_else() {
        let store = store();
        store.put_all(&[(b"conn_1", connection())]);
        let id = connection().id;
        let end_as = |of: Option<&str>| store.end_connection(&id, of.map(UserId::known_as).as_ref(), EndReason::RevokedByUser, &occasion());
        assert_eq!(end_as(Some("bob")), Ok(false));
        assert_eq!(store.load(b"conn_1"), Ok(Some(connection())));
        assert_eq!(end_as(Some("ann")), Ok(true));
        assert_eq!(store.end_connection(&ConnectionId::known_as("no"), None, EndReason::RevokedByUser, &occasion()), Ok(false));
    }

    #[test]
    fn an_end_is_set_put_off_and_taken_away_and_each_is_told() {
        let store = store();
        store.put_all(&[(b"conn_1", connection())]);
        let limit = |of: Option<&str>, seconds: Option<u64>, at: u64| {
            let occasion = Occasion::here(seconds_later(at));
            let of = of.map(UserId::known_as);
            store.limit_connection(&connection().id, of.as_ref(), seconds.map(seconds_later), &occasion).unwrap()
        };
        let ends_at = || store.load::<Connection>(b"conn_1").unwrap().unwrap().ends_at;
        assert!(!limit(Some("bob"), Some(60), 0), "somebody else's is like one that is not there");
        assert_eq!(ends_at(), None);
        for (of, seconds) in [(Some("ann"), Some(60)), (None, Some(120)), (None, None), (None, Some(60))] {
            let seen = store.wait_for_endings(u64::MAX, Duration::ZERO);
            assert!(limit(of, seconds, 0));
            assert_eq!(ends_at(), seconds.map(seconds_later));
            assert_ne!(store.wait_for_endings(u64::MAX, Duration::ZERO), seen, "open streams hear of it");
        }
        assert_eq!(store.events(&Wanted::newest(10)).unwrap().len(), 4);
        assert!(!limit(None, Some(600), 60), "nothing revives what is over, even before that is noted");
        assert!(limit(None, Some(600), 59));
    }

    #[test]
    fn all_of_one_user_or_of_everybody_end_at_once_and_only_those_that_stand_are_counted() {
        let store = store();
        let bobs = Connection { user: UserId::known_as("bob"), ..named("bobs") };
        let over = Connection { alive_until: Some(NOW), ..named("over") };
        store.put_all(&[(b"one", named("one")), (b"two", named("two")), (b"bobs", bobs), (b"over", over)]);
        let end_of = |of: Option<&str>| store.end_connections(of.map(UserId::known_as).as_ref(), EndReason::RevokedByUser, &occasion());
        assert_eq!(end_of(Some("ann")), Ok(2));
        assert_eq!(store.connections(None, NOW).unwrap().len(), 1, "another's is left alone");
        assert_eq!((end_of(Some("ann")), end_of(None), end_of(None)), (Ok(0), Ok(1), Ok(0)));
    }

    #[test]
    fn what_has_ended_keeps_its_first_reason_and_tells_those_who_wait() {
        let store = store();
        store.put_all(&[(b"conn_1", connection())]);
        let seen = store.wait_for_endings(u64::MAX, Duration::ZERO);
        for (why, at) in [(EndReason::CodeReplayed, NOW), (EndReason::RevokedByUser, seconds_later(5))] {
            store.end_connection(&connection().id, None, why, &Occasion::here(at)).unwrap();
        }
        let ended = store.load::<Connection>(b"conn_1").unwrap().unwrap().ended;
        assert_eq!(ended, Some(Ended { at: NOW, why: EndReason::CodeReplayed }));
        assert!(store.wait_for_endings(seen, Duration::ZERO) > seen);
    }

    #[test]
    fn a_use_is_noted_once_a_minute() {
        let store = store();
        let id = connection().id;
        store.put_all(&[(id.as_str().as_bytes(), connection())]);
        let noted = |second| {
            store.note_last_use(Table::Connection, id.as_str().as_bytes(), &Occasion::here(seconds_later(second)), |_, _| Ok(())).unwrap();
            store.load::<LastUse>(id.as_str().as_bytes()).unwrap().unwrap().at
        };
        assert_eq!(noted(0), NOW);
        assert_eq!(noted(59), NOW);
        assert_eq!(noted(60), seconds_later(60));
    }

    #[test]
    fn what_is_gone_is_not_used() {
        let store = store();
        store.note_last_use(Table::Connection, b"gone", &occasion(), |_, _| Ok(())).unwrap();
        assert_eq!(store.load::<LastUse>(b"gone"), Ok(None));
    }
}
