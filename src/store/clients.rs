//! Clients: registering, finding, forgetting.

use super::connections::end;
use super::record::{FingerprintOwner, Record, Table};
use super::{Store, StoreError};
use crate::oauth::audit::Occasion;
use crate::oauth::audit_kinds::What;
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
    pub fn register_client(&self, client: &Client, fingerprint: Option<&[u8; 32]>, occasion: &Occasion) -> Result<Registered, StoreError> {
        if let Some(known) = fingerprint.map(|fingerprint| self.known_client(fingerprint)).transpose()?.flatten() {
            self.commit()?;
            return Ok(Registered::Known(known));
        }
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
            tx.record(&occasion.event(What::ClientRegistered).of_client(client))?;
            Ok(Registered::New(client.clone()))
        })?;
        self.commit()?;
        Ok(registered)
    }

    /// Adds a client that an owner entered. On disk before it returns.
    pub fn add_client(&self, client: &Client, occasion: &Occasion) -> Result<(), StoreError> {
        self.transact(|tx| {
            tx.put(client.id.as_str().as_bytes(), client)?;
            tx.record(&occasion.event(What::ClientAdded).of_client(client))
        })?;
        self.commit()
    }

    /// Removes a client and ends its connections. False when there is none of that id.
    pub fn remove_client(&self, id: &ClientId, occasion: &Occasion) -> Result<bool, StoreError> {
        let theirs: Vec<Connection> = self.scan::<Connection>()?.into_iter().filter(|connection| connection.client == *id).collect();
        let removed = self.transact(|tx| {
            let Some(client) = tx.get::<Client>(id.as_str().as_bytes())? else { return Ok(false) };
            tx.record(&occasion.event(What::ClientRemoved).of_client(&client))?;
            for connection in &theirs {
                end(tx, &connection.id, EndReason::ClientRemoved, occasion)?;
            }
            tx.remove(Client::TABLE, id.as_str().as_bytes())?;
            Ok(true)
        })?;
        self.commit_ending()?;
        Ok(removed)
    }

    /// Who registered the same before needs no room.
    fn known_client(&self, fingerprint: &[u8; 32]) -> Result<Option<Client>, StoreError> {
        let owner: Option<FingerprintOwner> = self.load(fingerprint)?;
        owner.map_or(Ok(None), |FingerprintOwner(id)| self.client(&id))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::fixtures::{NOW, client, connection, occasion, seconds_later};
    use crate::store::testing::{Temporary, at_once, store};

    /// So many clients, each a second younger than the one before; those for which `granted` says so have a grant.
    fn filled(count: usize, granted: impl Fn(usize) -> bool) -> Temporary {
        let store = store();
        let clients: Vec<Client> = (0..count).map(numbered).collect();
        let records: Vec<(&[u8], Client)> = clients.iter().map(|client| (client.id.as_str().as_bytes(), client.clone())).collect();
        store.put_all(&records);
        let grant = |client: &Client| Connection { client: client.id.clone(), ..connection() };
        let with_grants = clients.iter().enumerate().filter(|(number, _)| granted(*number));
        let grants: Vec<(&[u8], Connection)> = with_grants.map(|(_, client)| (client.id.as_str().as_bytes(), grant(client))).collect();
        store.put_all(&grants);
        store
    }

    fn numbered(number: usize) -> Client {
        Client { created_at: seconds_later(number as u64), ..client(&format!("client_{number}")) }
    }

    fn is_there(store: &Temporary, number: usize) -> bool {
        store.client(&numbered(number).id).unwrap().is_some()
    }

    #[test]
    fn when_it_is_full_the_oldest_without_a_grant_make_room() {
        let store = filled(MAX_DYNAMIC_CLIENTS, |number| number % 2 == 0);
        store.put_all(&[(b"client_1", Client { origin: ClientOrigin::Manual, ..numbered(1) })]);
        store.put_all(&[(&[7; 32], FingerprintOwner(numbered(3).id)), (&[8; 32], FingerprintOwner(numbered(4).id))]);
        let new = numbered(100_000);
        assert_eq!(store.register_client(&new, None, &occasion()), Ok(Registered::New(new)));
        let gone: Vec<usize> = (0..MAX_DYNAMIC_CLIENTS).filter(|number| !is_there(&store, *number)).collect();
        // The odd ones from 3 on: number 1 was entered by the owner.
        let expected: Vec<usize> = (3..).step_by(2).take(EVICTED_AT_ONCE).collect();
        assert_eq!(gone, expected);
        assert_eq!(store.load::<FingerprintOwner>(&[7; 32]), Ok(None));
        assert_eq!(store.load(&[8; 32]), Ok(Some(FingerprintOwner(numbered(4).id))));
    }

    #[test]
    fn when_all_have_grants_nobody_makes_room_and_who_is_known_needs_none() {
        let store = filled(MAX_DYNAMIC_CLIENTS, |_| true);
        store.put_all(&[(&[7; 32], FingerprintOwner(numbered(3).id))]);
        assert_eq!(store.register_client(&numbered(100_000), Some(&[9; 32]), &occasion()), Ok(Registered::Full));
        assert_eq!(store.register_client(&numbered(100_001), Some(&[7; 32]), &occasion()), Ok(Registered::Known(numbered(3))));
        assert_eq!(store.clients().unwrap().len(), MAX_DYNAMIC_CLIENTS);
        // An owner can always enter one.
        let manual = Client { origin: ClientOrigin::Manual, ..numbered(100_002) };
        assert_eq!(store.add_client(&manual, &occasion()), Ok(()));
    }

    #[test]
    fn the_same_metadata_registered_by_many_at_once_is_one_client() {
        let store = store();
        let registered = at_once(16, |number| store.register_client(&numbered(number), Some(&[7; 32]), &occasion()).unwrap());
        let new: Vec<&Registered> = registered.iter().filter(|one| matches!(one, Registered::New(_))).collect();
        assert_eq!((new.len(), store.clients().unwrap().len()), (1, 1));
        let Registered::New(one) = new[0] else { unreachable!() };
        assert_eq!(registered.iter().filter(|other| **other == Registered::Known(one.clone())).count(), 15);
    }

    #[test]
    fn a_removed_client_takes_its_connections_along_and_may_come_back_as_another() {
        let store = store();
        store.register_client(&numbered(1), Some(&[7; 32]), &occasion()).unwrap();
        let theirs = Connection { client: numbered(1).id, ..connection() };
        store.put_all(&[(b"conn_1", theirs), (b"conn_2", connection())]);
        assert_eq!(store.remove_client(&numbered(1).id, &occasion()), Ok(true));
        assert_eq!(store.remove_client(&numbered(1).id, &occasion()), Ok(false));
        let ended = store.load::<Connection>(b"conn_1").unwrap().unwrap().ended.unwrap();
        assert_eq!((ended.at, ended.why), (NOW, EndReason::ClientRemoved));
        assert_eq!(store.load::<Connection>(b"conn_2").unwrap().unwrap().ended, None);
        assert_eq!(store.register_client(&numbered(2), Some(&[7; 32]), &occasion()), Ok(Registered::New(numbered(2))));
    }
}
