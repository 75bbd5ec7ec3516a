//! Which tables there are, what the store itself remembers, and how records are written: one codec for all. In which
//! table a record is, and when it may be forgotten, is in `tables.rs`.
//!
//! A value is `table, version, bincode`. bincode is positional: a field added, removed or moved changes the meaning of
//! what is on disk, so a struct that was released is never changed. A new version gets a struct of its own, and
//! [`decode`] upgrades in memory. `tests/vectors/records` holds one record of every version ever released.

use super::StoreError;
use crate::clock::UnixTime;
use crate::oauth::audit::Occasion;
use crate::oauth::device::DeviceCodeHash;
use crate::oauth::ids::{ClientId, UserId};
use crate::oauth::secret::{ServerKey, SetupLink, TokenHash};
use bincode::Options;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use std::time::Duration;

/// The tables, by the byte that every key and value begins with. Numbers are never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
#[expect(missing_docs, reason = "each is named like its record")]
pub enum Table {
    Expiry = 0,
    Instance = 1,
    User = 2,
    UserName = 3,
    Client = 4,
    ClientFingerprint = 5,
    Session = 6,
    Flow = 7,
    Code = 8,
    AccessToken = 9,
    RefreshToken = 10,
    Connection = 11,
    LastUse = 12,
    McpSession = 13,
    SetupLink = 14,
    Audit = 15,
    AuditCounts = 16,
    Counter = 17,
    Tries = 18,
    Configuration = 19,
    Trace = 20,
    Pauses = 30,
    ApiKey = 32,
    SpentForm = 33,
    DeviceCode = 40,
    UserCode = 41,
    WrongEntries = 42,
    PolledFlow = 43,
    SigningKey = 50,
    Invitation = 60,
    Snapshot = 61,
}

/// Something that is stored.
pub trait Record: Serialize + DeserializeOwned {
    /// Where.
    const TABLE: Table;
    /// In which form. Every released form stays readable.
    const VERSION: u8 = 1;
    /// When the sweeper may forget it; `None` keeps it.
    fn forget_at(&self) -> Option<UnixTime> {
        None
    }
}

/// What makes a data directory one instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instance {
    /// From which values are derived.
    pub key: ServerKey,
    /// True for ever once an owner exists: then nobody can claim the instance over the network again.
    pub claimed: bool,
    /// When it was made.
    pub created_at: UnixTime,
}

/// Which account a folded name belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NameOwner(pub UserId);

/// Which public client has some metadata.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FingerprintOwner(pub ClientId);

/// A browser that signed in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BrowserSession {
    /// As whom.
    pub user: UserId,
    /// [`User::epoch`](crate::oauth::user::User::epoch) at that moment.
    pub user_epoch: u32,
    /// When.
    pub signed_in_at: UnixTime,
    /// Until when.
    pub expires_at: UnixTime,
}

impl BrowserSession {
    /// For so long after its end it is remembered that somebody was signed in, so that they can be told why they sign in again.
    pub const REMEMBERED: Duration = Duration::from_secs(30 * 24 * 60 * 60);
}

/// A form that was sent, and is not to be accepted again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpentForm {
    /// Its session is over by then, and the form with it.
    pub until: UnixTime,
}

/// When a connection or an API key was last used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastUse {
    /// When, to the minute.
    pub at: UnixTime,
    /// From which address; `None` is this machine.
    pub from: Option<IpAddr>,
}

impl LastUse {
    /// The use on that occasion.
    pub fn on(occasion: &Occasion) -> Self {
        Self { at: occasion.at, from: occasion.from }
    }
}

/// The one-time link of the first run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredSetupLink {
    /// Its hash; a newer link takes the place of an older one.
    pub hash: TokenHash<SetupLink>,
    /// Until when it works.
    pub expires_at: UnixTime,
}

/// Which snapshot was taken last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotMark {
    /// Its number. Written before its file: a store with a lower number than a file of its own has lost something.
    pub number: u64,
}

/// Which device shows a user code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserCodeOwner {
    /// The hash of the code that the device itself keeps.
    pub code: DeviceCodeHash,
    /// Until when it shows it.
    pub expires_at: UnixTime,
}

/// The key of a record in the tree.
pub(super) fn key(table: Table, key: &[u8]) -> Vec<u8> {
    let mut full = Vec::with_capacity(1 + key.len());
    full.push(table as u8);
    full.extend_from_slice(key);
    full
}

/// A record as it is stored.
///
/// # Errors
/// [`StoreError::Damaged`] for a value that bincode cannot hold, which no record is.
pub fn encode<R: Record>(record: &R) -> Result<Vec<u8>, StoreError> {
    let mut bytes = vec![R::TABLE as u8, R::VERSION];
    codec().serialize_into(&mut bytes, record).map_err(|error| StoreError::Damaged(error.to_string()))?;
    Ok(bytes)
}

/// Reads a stored value, all of it.
///
/// # Errors
/// [`StoreError::TooNew`] for a version that this program does not know, [`StoreError::Damaged`] for anything else that
/// is not exactly one record of this table.
pub fn decode<R: Record>(bytes: &[u8]) -> Result<R, StoreError> {
    match bytes {
        [table, version, body @ ..] if *table == R::TABLE as u8 => {
            if *version > R::VERSION {
                return Err(StoreError::TooNew(*version));
            }
            codec().deserialize(body).map_err(|error| StoreError::Damaged(format!("{:?}: {error}", R::TABLE)))
        }
        _ => Err(StoreError::Damaged(format!("a value of another kind among {:?}", R::TABLE))),
    }
}

/// Fixed-size integers, trailing bytes refused.
fn codec() -> impl Options {
    bincode::DefaultOptions::new().with_fixint_encoding()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_read_back() {
        let use_ = LastUse { at: UnixTime(7), from: None };
        assert_eq!(decode::<LastUse>(&encode(&use_).unwrap()), Ok(use_));
    }

    #[test]
    fn a_later_version_is_refused_and_not_guessed_at() {
        let mut bytes = encode(&LastUse { at: UnixTime(7), from: None }).unwrap();
        bytes[1] = 2;
        assert_eq!(decode::<LastUse>(&bytes), Err(StoreError::TooNew(2)));
    }

    #[test]
    fn trailing_missing_and_foreign_bytes_are_damage() {
        let bytes = encode(&LastUse { at: UnixTime(7), from: None }).unwrap();
        let longer = [&bytes[..], &[0]].concat();
        for damaged in [&longer[..], &bytes[..bytes.len() - 1], &[], &[2, 1, 0]] {
            assert!(matches!(decode::<LastUse>(damaged), Err(StoreError::Damaged(_))));
        }
    }
}
