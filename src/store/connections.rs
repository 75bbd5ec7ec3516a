//! Connections: listing and ending them, and when they were last used.

use super::record::LastUse;
use super::transaction::{Step, Tx};
use super::{Store, StoreError};
use crate::clock::UnixTime;
use crate::oauth::client::Client;
use crate::oauth::connection::{Connection, EndReason, Ended, Standing};
use crate::oauth::ids::{ConnectionId, UserId};
use crate::oauth::user::User;
use std::sync::PoisonError;
use std::time::Duration;

/// How exact the time of the last use is.
const USE_PRECISION: Duration = Duration::from_secs(60);

/// A connection with what a list shows beside it.
#[derive(Clone, Debug)]
pub struct ListedConnection {
    /// The grant.
    pub connection: Connection,
    /// Who granted it, unless removed since.
    pub user: Option<User>,
    /// To whom, unless removed since.
    pub client: Option<Client>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<UnixTime>,
}

impl Store {
    /// Every connection that is not over, oldest first; of one user or of all.
    pub fn connections(&self, of: Option<&UserId>, now: UnixTime) -> Result<Vec<ListedConnection>, StoreError> {
        let mut all: Vec<Connection> = self.scan()?;
        all.retain(|connection| connection.ended.is_none() && connection.alive_until.is_none_or(|end| !end.has_come(now)));
        all.retain(|connection| of.is_none_or(|user| connection.user == *user));
        all.sort_by_key(|connection| connection.created_at);
        all.into_iter()
            .map(|connection| {
                Ok(ListedConnection {
                    user: self.load(connection.user.as_str().as_bytes())?,
                    client: self.client(&connection.client)?,
                    last_used_at: self.load(connection.id.as_str().as_bytes())?.map(|LastUse(at)| at),
                    connection,
                })
            })
            .collect()
    }

    /// Ends a connection; `of` limits that to one user's own. False when there is no such connection. On disk before it
    /// returns, and open streams are told.
    pub fn end_connection(&self, id: &ConnectionId, of: Option<&UserId>, why: EndReason, now: UnixTime) -> Result<bool, StoreError> {
        let found = self.transact(|tx| {
            let connection: Option<Connection> = tx.get(id.as_str().as_bytes())?;
            let found = connection.is_some_and(|connection| of.is_none_or(|user| connection.user == *user));
            if found {
                end(tx, id, why, now)?;
            }
            Ok(found)
        })?;
        self.commit_ending()?;
        Ok(found)
    }

    /// Notes that a connection was used, once a minute. Not waited for.
    pub(super) fn note_connection_use(&self, id: &ConnectionId, now: UnixTime) -> Result<(), StoreError> {
        let mut uses = self.uses.lock().unwrap_or_else(PoisonError::into_inner);
        if uses.get(id).is_some_and(|last| now.since(*last) < USE_PRECISION) {
            return Ok(());
        }
        uses.insert(id.clone(), now);
        drop(uses);
        self.note(id.as_str().as_bytes(), &LastUse(now))
    }
}

/// Marks a connection as over, unless it already is.
pub(super) fn end(tx: &Tx<'_>, id: &ConnectionId, why: EndReason, now: UnixTime) -> Step<()> {
    let Some(mut connection) = tx.get::<Connection>(id.as_str().as_bytes())? else { return Ok(()) };
    if connection.ended.is_none() {
        connection.ended = Some(Ended { at: now, why });
        tx.put(id.as_str().as_bytes(), &connection)?;
    }
    Ok(())
}

/// Everything on which the life of a connection's tokens depends.
pub(super) fn standing(tx: &Tx<'_>, id: &ConnectionId) -> Step<Option<Standing>> {
    let Some(connection) = tx.get::<Connection>(id.as_str().as_bytes())? else { return Ok(None) };
    let user = tx.get(connection.user.as_str().as_bytes())?;
    let client = tx.get(connection.client.as_str().as_bytes())?;
    Ok(Some(Standing { connection, user, client }))
}
