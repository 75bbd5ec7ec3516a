//! Clients: registering, finding, forgetting.

use super::connections::end;
use super::record::{FingerprintOwner, Record, Table};
use super::{Store, StoreError};
use crate::clock::UnixTime;
use crate::oauth::client::{Client, ClientOrigin};
use crate::oauth::connection::{Connection, EndReason};
use crate::oauth::ids::ClientId;
use std::collections::HashSet;

/// Most clients that registered themselves. Beyond it the oldest that never got a grant make room.
pub const MAX_DYNAMIC_CLIENTS: usize = 5_000;
/// How many make room at once, so that a flood does not cost a scan per registration.
const EVICTED_AT_ONCE: usize = 250;

/// What came of a registration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Registered {
    /// It is a client now.
    New(Client),
    /// The same metadata was registered before, and this is the client.
    Known(Client),
    /// All places are taken by clients with grants.
    Full,
}

impl Store {
    /// The client of that id.
    pub fn client(&self, id: &ClientId) -> Result<Option<Client>, StoreError> {
        self.load(id.as_str().as_bytes())
    }

    /// Every client.
    pub fn clients(&self) -> Result<Vec<Client>, StoreError> {
        self.scan()
    }

    /// Adds a client that registered itself. On disk before it returns.
    pub fn register_client(&self, client: &Client, fingerprint: Option<&[u8; 32]>) -> Result<Registered, StoreError> {
        if !self.make_room()? {
            return Ok(Registered::Full);
        }
        let registered = self.transact(|tx| {
            if let Some(fingerprint) = fingerprint {
                let owner = tx.get::<FingerprintOwner>(fingerprint)?;
                let known = owner.map(|FingerprintOwner(id)| tx.get::<Client>(id.as_str().as_bytes())).transpose()?.flatten();
                if let Some(known) = known {
                    return Ok(Registered::Known(known));
                }
                tx.put(fingerprint, &FingerprintOwner(client.id.clone()))?;
            }
            tx.put(client.id.as_str().as_bytes(), client)?;
            Ok(Registered::New(client.clone()))
        })?;
        self.commit()?;
        Ok(registered)
    }

    /// Adds a client that an owner entered. On disk before it returns.
    pub fn add_client(&self, client: &Client) -> Result<(), StoreError> {
        self.transact(|tx| tx.put(client.id.as_str().as_bytes(), client))?;
        self.commit()
    }

    /// Removes a client and ends its connections. False when there is none of that id.
    pub fn remove_client(&self, id: &ClientId, now: UnixTime) -> Result<bool, StoreError> {
        let theirs: Vec<Connection> = self.scan::<Connection>()?.into_iter().filter(|connection| connection.client == *id).collect();
        let removed = self.transact(|tx| {
            if tx.get::<Client>(id.as_str().as_bytes())?.is_none() {
                return Ok(false);
            }
            tx.remove(Client::TABLE, id.as_str().as_bytes())?;
            for connection in &theirs {
                end(tx, &connection.id, EndReason::ClientRemoved, now)?;
            }
            Ok(true)
        })?;
        self.commit_ending()?;
        Ok(removed)
    }

    fn make_room(&self) -> Result<bool, StoreError> {
        if self.count(Table::Client) < MAX_DYNAMIC_CLIENTS {
            return Ok(true);
        }
        let used: HashSet<ClientId> = self.scan::<Connection>()?.into_iter().map(|connection| connection.client).collect();
        let mut idle: Vec<Client> = self.clients()?;
        idle.retain(|client| client.origin != ClientOrigin::Manual && !used.contains(&client.id));
        idle.sort_by_key(|client| client.created_at);
        idle.truncate(EVICTED_AT_ONCE);
        self.transact(|tx| idle.iter().try_for_each(|client| tx.remove(Client::TABLE, client.id.as_str().as_bytes())))?;
        self.forget_dangling_fingerprints()?;
        Ok(!idle.is_empty())
    }

    fn forget_dangling_fingerprints(&self) -> Result<(), StoreError> {
        for (fingerprint, FingerprintOwner(id)) in self.scan_with_keys::<FingerprintOwner>()? {
            if self.client(&id)?.is_none() {
                self.transact(|tx| tx.remove(Table::ClientFingerprint, &fingerprint))?;
            }
        }
        Ok(())
    }
}
