//! Clients: registering, finding, forgetting.

use super::connections::end;
use super::record::{FingerprintOwner, Record, Table};
use super::transaction::{Step, Tx};
use super::{Store, StoreError};
use crate::oauth::audit::Occasion;
use crate::oauth::audit_kinds::What;
use crate::oauth::client::{Client, ClientOrigin};
use crate::oauth::connection::{Connection, EndReason};
use crate::oauth::error::Refusal;
use crate::oauth::ids::ClientId;
use crate::oauth::registration;
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

    /// The client that registered the same before, if there is one: it is given again, and from then on nobody manages it by
    /// a token. That costs neither a place nor anything of what an address may register. On disk before it returns.
    pub fn share_client(&self, client: &Client) -> Result<Option<Client>, StoreError> {
        let Some(fingerprint) = registration::fingerprint(client) else { return Ok(None) };
        let known = self.transact(|tx| share(tx, &fingerprint))?;
        if known.is_some() {
            self.commit()?;
        }
        Ok(known)
    }

    /// Adds a client that registered itself, or shares the one that registered the same. On disk before it returns.
    pub fn register_client(&self, client: &Client, occasion: &Occasion) -> Result<Registered, StoreError> {
        // Who registered the same before needs no room.
        if let Some(known) = self.share_client(client)? {
            return Ok(Registered::Known(known));
        }
        let fingerprint = registration::fingerprint(client);
        if !self.make_room()? {
            return Ok(Registered::Full);
        }
        let registered = self.transact(|tx| {
            if let Some(fingerprint) = &fingerprint {
                if let Some(known) = share(tx, fingerprint)? {
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

    /// Changes a client as `decide` says. It is no longer the one that is given to whoever registers what it was. On disk
    /// before it returns.
    pub fn update_client(
        &self,
        id: &ClientId,
        occasion: &Occasion,
        decide: impl Fn(Option<Client>) -> Result<Client, Refusal>,
    ) -> Result<Result<Client, Refusal>, StoreError> {
        let updated = self.transact(|tx| {
            let known: Option<Client> = tx.get(id.as_str().as_bytes())?;
            let client = match decide(known.clone()) {
                Ok(client) => client,
                Err(refusal) => return Ok(Err(refusal)),
            };
            known.map_or(Ok(()), |known| forget_fingerprint(tx, &known))?;
            tx.put(id.as_str().as_bytes(), &client)?;
            tx.record(&occasion.event(What::ClientUpdated).of_client(&client))?;
            Ok(Ok(client))
        })?;
        self.commit()?;
        Ok(updated)
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
        let known = |client: Option<Client>| client.map(|_| ()).ok_or(Refusal::ClientUnknown);
        Ok(self.remove_client_as(id, occasion, What::ClientRemoved, known)?.is_ok())
    }

    /// Removes a client that wants it so, if `may` says yes, and ends its connections. On disk before it returns, and open
    /// streams are told.
    pub fn unregister_client(
        &self,
        id: &ClientId,
        occasion: &Occasion,
        may: impl Fn(Option<Client>) -> Result<(), Refusal>,
    ) -> Result<Result<(), Refusal>, StoreError> {
        self.remove_client_as(id, occasion, What::ClientUnregistered, may)
    }

    fn remove_client_as(
        &self,
        id: &ClientId,
        occasion: &Occasion,
        what: What,
        may: impl Fn(Option<Client>) -> Result<(), Refusal>,
    ) -> Result<Result<(), Refusal>, StoreError> {
        let theirs: Vec<Connection> = self.scan::<Connection>()?.into_iter().filter(|connection| connection.client == *id).collect();
        let event = occasion.event(what);
        let removed = self.transact(|tx| {
            let known: Option<Client> = tx.get(id.as_str().as_bytes())?;
            if let Err(refusal) = may(known.clone()) {
                return Ok(Err(refusal));
            }
            if let Some(client) = known {
                tx.record(&event.clone().of_client(&client))?;
                forget_fingerprint(tx, &client)?;
            }
            for connection in &theirs {
                end(tx, &connection.id, EndReason::ClientRemoved, occasion)?;
            }
            tx.remove(Client::TABLE, id.as_str().as_bytes())?;
            Ok(Ok(()))
        })?;
        // Anybody may register and remove at will: open streams are judged again only where somebody let the client in. Looked
        // up after the removal, since nobody lets it in any more.
        let was_let_in = self.scan::<Connection>()?.iter().any(|connection| connection.client == *id);
        self.commit_revocation(was_let_in)?;
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

/// The client that has that metadata, without a token of its own from now on.
fn share(tx: &Tx<'_>, fingerprint: &[u8; 32]) -> Step<Option<Client>> {
    let Some(FingerprintOwner(id)) = tx.get(fingerprint)? else { return Ok(None) };
    let Some(known) = tx.get::<Client>(id.as_str().as_bytes())? else { return Ok(None) };
    if known.registration_token.is_none() {
        return Ok(Some(known));
    }
    let shared = Client { registration_token: None, ..known };
    tx.put(id.as_str().as_bytes(), &shared)?;
    Ok(Some(shared))
}

/// Forgets that a client is the one with its metadata, if it is.
fn forget_fingerprint(tx: &Tx<'_>, client: &Client) -> Step<()> {
    let Some(fingerprint) = registration::fingerprint(client) else { return Ok(()) };
    match tx.get(&fingerprint)? {
        Some(FingerprintOwner(id)) if id == client.id => tx.remove(Table::ClientFingerprint, &fingerprint),
        Some(FingerprintOwner(_)) | None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::fixtures::{NOW, client, connection, occasion, seconds_later, secret};
    use crate::oauth::secret::{ClientSecret, RegistrationAccessToken};
    use crate::store::testing::{Temporary, at_once, store};
    use std::time::Duration;

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
        assert_eq!(store.register_client(&new, &occasion()), Ok(Registered::New(new)));
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
        store.put_all(&[(&registration::fingerprint(&numbered(3)).unwrap(), FingerprintOwner(numbered(3).id))]);
        let stranger = Client { name: Some("Another".into()), ..numbered(100_000) };
        assert_eq!(store.register_client(&stranger, &occasion()), Ok(Registered::Full));
        assert_eq!(store.register_client(&numbered(100_001), &occasion()), Ok(Registered::Known(numbered(3))));
        assert_eq!(store.clients().unwrap().len(), MAX_DYNAMIC_CLIENTS);
        // An owner can always enter one.
        let manual = Client { origin: ClientOrigin::Manual, ..numbered(100_002) };
        assert_eq!(store.add_client(&manual, &occasion()), Ok(()));
    }

    #[test]
    fn the_same_metadata_registered_by_many_at_once_is_one_client() {
        let store = store();
        let registered = at_once(16, |number| store.register_client(&numbered(number), &occasion()).unwrap());
        let new: Vec<&Registered> = registered.iter().filter(|one| matches!(one, Registered::New(_))).collect();
        assert_eq!((new.len(), store.clients().unwrap().len()), (1, 1));
        let Registered::New(one) = new[0] else { unreachable!() };
        assert_eq!(registered.iter().filter(|other| **other == Registered::Known(one.clone())).count(), 15);
    }

    #[test]
    fn a_removed_client_takes_its_connections_along_and_may_come_back_as_another() {
        let store = store();
        store.register_client(&numbered(1), &occasion()).unwrap();
        let theirs = Connection { client: numbered(1).id, ..connection() };
        store.put_all(&[(b"conn_1", theirs), (b"conn_2", connection())]);
        assert_eq!(store.remove_client(&numbered(1).id, &occasion()), Ok(true));
        assert_eq!(store.remove_client(&numbered(1).id, &occasion()), Ok(false));
        let ended = store.load::<Connection>(b"conn_1").unwrap().unwrap().ended.unwrap();
        assert_eq!((ended.at, ended.why), (NOW, EndReason::ClientRemoved));
        assert_eq!(store.load::<Connection>(b"conn_2").unwrap().unwrap().ended, None);
        assert_eq!(store.register_client(&numbered(2), &occasion()), Ok(Registered::New(numbered(2))));
    }

    /// A client with a token of its own to manage its registration.
    fn managing(number: usize) -> Client {
        Client { registration_token: Some(secret::<RegistrationAccessToken>(1).hash()), ..numbered(number) }
    }

    #[test]
    fn who_is_given_a_client_that_others_have_gets_it_without_a_token_and_takes_theirs() {
        let store = store();
        assert_eq!(store.register_client(&managing(1), &occasion()), Ok(Registered::New(managing(1))));
        assert_eq!(store.client(&managing(1).id), Ok(Some(managing(1))));
        for number in [2, 3] {
            assert_eq!(store.register_client(&managing(number), &occasion()), Ok(Registered::Known(numbered(1))));
            assert_eq!(store.client(&managing(1).id), Ok(Some(numbered(1))));
        }
        let keeper = |number| Client { secret: Some(secret::<ClientSecret>(2).hash()), ..managing(number) };
        for number in [4, 5] {
            assert_eq!(store.register_client(&keeper(number), &occasion()), Ok(Registered::New(keeper(number))));
        }
    }

    #[test]
    fn a_changed_client_is_given_to_nobody_else_and_a_refused_change_changes_nothing() {
        let store = store();
        store.register_client(&managing(1), &occasion()).unwrap();
        let change =
            |decide: fn(Option<Client>) -> Result<Client, Refusal>| store.update_client(&managing(1).id, &occasion(), decide).unwrap();
        assert_eq!(change(|_| Err(Refusal::RegistrationTokenWrong)), Err(Refusal::RegistrationTokenWrong));
        assert_eq!(store.client(&managing(1).id), Ok(Some(managing(1))));
        let named = Client { name: Some("New".into()), ..managing(1) };
        assert_eq!(
            change(|client| client.map(|client| Client { name: Some("New".into()), ..client }).ok_or(Refusal::ClientUnknown)),
            Ok(named)
        );
        assert_eq!(store.count(Table::ClientFingerprint), 0);
        assert_eq!(store.register_client(&managing(2), &occasion()), Ok(Registered::New(managing(2))));
        // The one that is like it by now keeps its own place.
        change(|client| client.map(|client| Client { name: numbered(1).name, ..client }).ok_or(Refusal::ClientUnknown)).unwrap();
        change(|client| client.ok_or(Refusal::ClientUnknown)).unwrap();
        assert_eq!(store.register_client(&managing(3), &occasion()), Ok(Registered::Known(numbered(2))));
    }

    #[test]
    fn a_client_that_may_not_remove_itself_stays_with_its_connections() {
        let store = store();
        store.register_client(&managing(1), &occasion()).unwrap();
        store.put_all(&[(b"conn_1", Connection { client: managing(1).id, ..connection() })]);
        let remove = |verdict: Result<(), Refusal>| store.unregister_client(&managing(1).id, &occasion(), |_| verdict).unwrap();
        assert_eq!(remove(Err(Refusal::RegistrationTokenWrong)), Err(Refusal::RegistrationTokenWrong));
        assert_eq!(store.load::<Connection>(b"conn_1").unwrap().unwrap().ended, None);
        assert_eq!(remove(Ok(())), Ok(()));
        assert_eq!((store.clients(), store.count(Table::ClientFingerprint)), (Ok(vec![]), 0));
        assert!(store.load::<Connection>(b"conn_1").unwrap().unwrap().ended.is_some());
    }

    #[test]
    fn open_streams_are_judged_again_only_for_a_client_that_was_let_in() {
        let store = store();
        let rings = |number| {
            let seen = store.wait_for_endings(u64::MAX, Duration::ZERO);
            store.unregister_client(&managing(number).id, &occasion(), |_| Ok(())).unwrap().unwrap();
            store.wait_for_endings(seen, Duration::ZERO) > seen
        };
        for number in [1, 2] {
            store.register_client(&managing(number), &occasion()).unwrap();
        }
        store.put_all(&[(b"conn_1", Connection { client: managing(1).id, ..connection() })]);
        assert_eq!((rings(2), rings(1)), (false, true));
    }
}
