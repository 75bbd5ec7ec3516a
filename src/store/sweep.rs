//! Forgetting what is over, a batch at a time, so that no request waits long for it.

use super::record::{self, BrowserSession, Record, StoredSetupLink, Table};
use super::transaction::expiry_key;
use super::{Store, StoreError};
use crate::clock::UnixTime;
use crate::oauth::bearer::StoredAccessToken;
use crate::oauth::code::StoredCode;
use crate::oauth::connection::Connection;
use crate::oauth::consent::Flow;
use crate::oauth::mcp_session::SessionOwner;
use crate::oauth::refresh::StoredRefreshToken;
use crate::oauth::signing_key::SigningKey;

/// Records looked at in one transaction.
const BATCH: usize = 200;

impl Store {
    /// Forgets everything that is due. Gives how many records that were.
    pub fn sweep(&self, now: UnixTime) -> Result<usize, StoreError> {
        let mut forgotten = 0;
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
                match forget_at(&bytes) {
                    Ok(Some(later)) if !later.has_come(now) => tx.mark(later, full)?,
                    Ok(Some(_)) => {
                        tx.remove_raw(full)?;
                        if let [table, key @ ..] = full
                            && *table == Table::Connection as u8
                        {
                            tx.remove(Table::LastUse, key)?;
                        }
                        forgotten += 1;
                    }
                    Ok(None) => (),
                    Err(error) => return Err(sled::transaction::ConflictableTransactionError::Abort(error)),
                }
            }
            Ok(forgotten)
        })
    }
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
        (Table::McpSession, of::<SessionOwner>),
        (Table::SetupLink, of::<StoredSetupLink>),
        (Table::SigningKey, of::<SigningKey>),
    ];
    readers.iter().find(|(known, _)| *known as u8 == *table).map_or(Ok(None), |(_, read)| read(bytes))
}
