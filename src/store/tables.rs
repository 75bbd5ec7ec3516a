//! In which table each record is, and when it may be forgotten.

use super::StoreError;
use super::audit::AuditCounts;
use super::record::{
    self, BrowserSession, FingerprintOwner, Instance, LastUse, NameOwner, Record, SnapshotMark, SpentForm, StoredSetupLink, Table,
    UserCodeOwner,
};
use crate::clock::UnixTime;
use crate::oauth::api_key::StoredApiKey;
use crate::oauth::audit::Entry;
use crate::oauth::bearer::StoredAccessToken;
use crate::oauth::client::Client;
use crate::oauth::code::{CodeState, StoredCode};
use crate::oauth::configuration::Configuration;
use crate::oauth::connection::Connection;
use crate::oauth::consent::Flow;
use crate::oauth::device::{DeviceState, StoredDeviceCode, WrongEntries};
use crate::oauth::invitation::Invitation;
use crate::oauth::limits::Spent;
use crate::oauth::mcp_session::SessionOwner;
use crate::oauth::pause::Pauses;
use crate::oauth::poll::PolledFlow;
use crate::oauth::refresh::{LOST_ANSWER, StoredRefreshToken};
use crate::oauth::signing_key::SigningKey;
use crate::oauth::throttle::Tries;
use crate::oauth::trace::Trace;
use crate::oauth::user::User;
use std::time::Duration;

const KEEP_ENDED: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// How often a token without an end is looked at.
pub(super) const LOOK_AGAIN: Duration = Duration::from_secs(30 * 24 * 60 * 60);
const KEEP_SPENT_CODE: Duration = Duration::from_secs(24 * 60 * 60);
/// Long enough for a device to hear that its time is over.
const KEEP_EXPIRED_DEVICE: Duration = Duration::from_secs(5 * 60);
const KEEP_MCP_SESSION: Duration = Duration::from_secs(7 * 24 * 60 * 60);

impl Record for Instance {
    const TABLE: Table = Table::Instance;
}
impl Record for User {
    const TABLE: Table = Table::User;
}
impl Record for NameOwner {
    const TABLE: Table = Table::UserName;
}
impl Record for Client {
    const TABLE: Table = Table::Client;
}
impl Record for FingerprintOwner {
    const TABLE: Table = Table::ClientFingerprint;
}
impl Record for BrowserSession {
    const TABLE: Table = Table::Session;
    fn forget_at(&self) -> Option<UnixTime> {
        Some(self.expires_at.after(Self::REMEMBERED))
    }
}
impl Record for Flow {
    const TABLE: Table = Table::Flow;
    fn forget_at(&self) -> Option<UnixTime> {
        Some(self.expires_at)
    }
}
impl Record for StoredCode {
    const TABLE: Table = Table::Code;
    /// A spent code stays known for a while, so that a replay is noticed.
    fn forget_at(&self) -> Option<UnixTime> {
        Some(match self.state {
            CodeState::Fresh { .. } => self.expires_at,
            CodeState::Spent { .. } => self.expires_at.after(KEEP_SPENT_CODE),
        })
    }
}
impl Record for StoredAccessToken {
    const TABLE: Table = Table::AccessToken;
    /// Kept beyond its end for as long as a rotation may have to know whether it was used. One without an end is looked at
    /// from time to time: it goes when its connection has gone.
    fn forget_at(&self) -> Option<UnixTime> {
        Some(self.expires_at.map_or(self.issued_at.after(LOOK_AGAIN), |end| end.after(LOST_ANSWER)))
    }
}
impl Record for StoredRefreshToken {
    const TABLE: Table = Table::RefreshToken;
    fn forget_at(&self) -> Option<UnixTime> {
        Some(self.expires_at)
    }
}
impl Record for Connection {
    const TABLE: Table = Table::Connection;
    /// One that ends by itself is not forgotten then: the sweeper notes the end, and it is kept like any other that ended.
    fn forget_at(&self) -> Option<UnixTime> {
        match self.ended {
            Some(ended) => Some(ended.at.after(KEEP_ENDED)),
            None => self.lapses_at(),
        }
    }
}
impl Record for StoredApiKey {
    const TABLE: Table = Table::ApiKey;
    /// One whose time is over stays in the list for a while, so that its owner sees why a script has stopped.
    fn forget_at(&self) -> Option<UnixTime> {
        self.expires_at.map(|end| end.after(KEEP_ENDED))
    }
}
impl Record for SpentForm {
    const TABLE: Table = Table::SpentForm;
    fn forget_at(&self) -> Option<UnixTime> {
        Some(self.until)
    }
}
impl Record for LastUse {
    const TABLE: Table = Table::LastUse;
}
impl Record for SessionOwner {
    const TABLE: Table = Table::McpSession;
    fn forget_at(&self) -> Option<UnixTime> {
        Some(self.seen_at.after(KEEP_MCP_SESSION))
    }
}
impl Record for Invitation {
    const TABLE: Table = Table::Invitation;
    fn forget_at(&self) -> Option<UnixTime> {
        Some(self.expires_at)
    }
}
impl Record for StoredSetupLink {
    const TABLE: Table = Table::SetupLink;
    fn forget_at(&self) -> Option<UnixTime> {
        Some(self.expires_at)
    }
}

/// Old ones are forgotten by [`crate::store::Store::sweep`] ring by ring, without marks: a flood must not leave any.
impl Record for Entry {
    const TABLE: Table = Table::Audit;
}
impl Record for AuditCounts {
    const TABLE: Table = Table::AuditCounts;
}
impl Record for Configuration {
    const TABLE: Table = Table::Configuration;
}

impl Record for Spent {
    /// It is forgotten with the count in memory, which knows when; no mark is needed.
    const TABLE: Table = Table::Counter;
}
impl Record for Tries {
    const TABLE: Table = Table::Tries;
    fn forget_at(&self) -> Option<UnixTime> {
        Some(self.end())
    }
}
impl Record for StoredDeviceCode {
    const TABLE: Table = Table::DeviceCode;
    /// A spent one stays known for a while, so that a replay is noticed.
    fn forget_at(&self) -> Option<UnixTime> {
        Some(match self.state {
            DeviceState::Pending | DeviceState::Denied { .. } | DeviceState::Approved { .. } => self.expires_at.after(KEEP_EXPIRED_DEVICE),
            DeviceState::Spent { .. } => self.expires_at.after(KEEP_SPENT_CODE),
        })
    }
}
impl Record for UserCodeOwner {
    const TABLE: Table = Table::UserCode;
    fn forget_at(&self) -> Option<UnixTime> {
        Some(self.expires_at)
    }
}
impl Record for WrongEntries {
    const TABLE: Table = Table::WrongEntries;
    fn forget_at(&self) -> Option<UnixTime> {
        Some(self.end())
    }
}
impl Record for SigningKey {
    const TABLE: Table = Table::SigningKey;
    fn forget_at(&self) -> Option<UnixTime> {
        Self::forget_at(self)
    }
}
impl Record for PolledFlow {
    const TABLE: Table = Table::PolledFlow;
    fn forget_at(&self) -> Option<UnixTime> {
        Some(self.expires_at)
    }
}
impl Record for Pauses {
    const TABLE: Table = Table::Pauses;
}
impl Record for SnapshotMark {
    const TABLE: Table = Table::Snapshot;
}

/// Reads a value by the table that it names, as proof that it can be read. Marks of the sweeper's have none.
pub(super) fn check(key: &[u8], value: &[u8]) -> Result<(), StoreError> {
    type Reader = fn(&[u8]) -> Result<(), StoreError>;
    fn of<R: Record>() -> (Table, Reader) {
        (R::TABLE, |value| record::decode::<R>(value).map(|_| ()))
    }
    let readers = [
        of::<Instance>(),
        of::<User>(),
        of::<NameOwner>(),
        of::<Client>(),
        of::<FingerprintOwner>(),
        of::<BrowserSession>(),
        of::<Flow>(),
        of::<StoredCode>(),
        of::<StoredAccessToken>(),
        of::<StoredRefreshToken>(),
        of::<Connection>(),
        of::<LastUse>(),
        of::<SessionOwner>(),
        of::<StoredSetupLink>(),
        of::<Entry>(),
        of::<AuditCounts>(),
        of::<Spent>(),
        of::<Tries>(),
        of::<Configuration>(),
        of::<Trace>(),
        of::<Pauses>(),
        of::<StoredApiKey>(),
        of::<SpentForm>(),
        of::<StoredDeviceCode>(),
        of::<UserCodeOwner>(),
        of::<WrongEntries>(),
        of::<PolledFlow>(),
        of::<SigningKey>(),
        of::<Invitation>(),
        of::<SnapshotMark>(),
    ];
    match key {
        [table, ..] if *table == Table::Expiry as u8 && value.is_empty() => Ok(()),
        [table, ..] => match readers.iter().find(|(known, _)| *known as u8 == *table) {
            Some((_, read)) => read(value),
            None => Err(StoreError::Damaged(format!("a record of a kind that this version does not know (table {table})"))),
        },
        [] => Err(StoreError::Damaged("a record without a key".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A kind of record that was forgotten here could be stored and never restored.
    #[test]
    fn every_table_has_a_reader() {
        let source = include_str!("record.rs");
        let tables = source.split("pub enum Table {").nth(1).unwrap().split('}').next().unwrap();
        let numbers: Vec<u8> = tables.lines().filter_map(|line| line.trim().strip_suffix(',')?.split(" = ").nth(1)?.parse().ok()).collect();
        assert!(numbers.len() > 25 && numbers.contains(&(Table::Snapshot as u8)), "{numbers:?}");
        for number in numbers.into_iter().filter(|number| *number != Table::Expiry as u8) {
            let StoreError::Damaged(what) = check(&[number, 1], &[]).unwrap_err() else { panic!("table {number}") };
            assert!(!what.contains("does not know"), "table {number} has no reader");
        }
        assert_eq!(check(&[Table::Expiry as u8, 1], &[]), Ok(()));
        assert!(check(&[Table::Expiry as u8, 1], &[1]).is_err() && check(&[], &[]).is_err() && check(&[255], &[255]).is_err());
    }
}
