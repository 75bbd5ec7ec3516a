//! Putting a store back from a snapshot: built beside the one that is there, then put in its place, so that a process that
//! dies in between leaves one of the two. What was there is kept.
//!
//! A snapshot knows nothing of what happened since it was taken: what was revoked would be alive again, and a refresh token
//! that was rotated since would be good in the hands of whoever kept the old one, while its owner's successor is unknown.
//! So everything ends that was let in before, unless the owner says otherwise ([`Access`]); accounts, clients and signing
//! keys stay.

use super::open::{self, STORE};
use super::record::{self, Record, SnapshotMark, Table};
use super::snapshot::MARK;
use super::snapshot::files;
use super::snapshot::format::{self, Flaw, Header, InstanceId, Snapshot};
use super::{Store, StoreError};
use crate::clock::UnixTime;
use crate::oauth::api_key::StoredApiKey;
use crate::oauth::audit::Occasion;
use crate::oauth::audit_kinds::What;
use crate::oauth::connection::Connection;
use crate::oauth::secret::Entropy;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Being built.
const NEW: &str = "store.new";
/// Built, and on disk as a whole.
const READY: &str = "store.ready";
/// What was there before, with the time.
const BEFORE: &str = "store.before-";
/// So often a start puts back a snapshot by itself while what was there is still kept; then a person has to look.
const BY_ITSELF: usize = 3;
/// Records written at once.
const BATCH: usize = 1000;

/// Where somebody is in the middle of something, or was let in once: good for minutes, or cheap to have again.
const PASSING: [Table; 9] = [
    Table::Session,
    Table::SpentForm,
    Table::Flow,
    Table::Code,
    Table::SetupLink,
    Table::Invitation,
    Table::DeviceCode,
    Table::UserCode,
    Table::PolledFlow,
];
/// What apps and scripts were given.
const GIVEN: [Table; 6] = [Table::Connection, Table::AccessToken, Table::RefreshToken, Table::ApiKey, Table::LastUse, Table::McpSession];

/// What becomes of what apps and scripts were given before the snapshot was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// It ends: whoever wants in is let in anew.
    End,
    /// It lives on, what was revoked since included.
    Keep,
}

/// What was put back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// The snapshot.
    pub header: Header,
    /// How many connections and API keys have ended with it.
    pub ended: (u32, u32),
    /// Where the store is that was there before.
    pub before: Option<PathBuf>,
}

/// A start that put a snapshot back by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovery {
    /// What was wrong with the store.
    pub reason: StoreError,
    /// What was put back.
    pub restored: Restored,
}

/// How many of each kind that people know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contents {
    /// Accounts.
    pub users: usize,
    /// Clients.
    pub clients: usize,
    /// Connections that had not ended.
    pub connections: u32,
    /// API keys.
    pub keys: u32,
}

impl Contents {
    /// Of a snapshot.
    ///
    /// # Errors
    /// [`Flaw::Record`].
    pub fn of(snapshot: &Snapshot<'_>) -> Result<Self, Flaw> {
        let mut contents = Self { users: 0, clients: 0, connections: 0, keys: 0 };
        for (key, value) in snapshot.records() {
            match key.first() {
                Some(table) if *table == Table::User as u8 => contents.users += 1,
                Some(table) if *table == Table::Client as u8 => contents.clients += 1,
                Some(table) if *table == Table::Connection as u8 => {
                    contents.connections += u32::from(record::decode::<Connection>(value)?.ended.is_none());
                }
                Some(table) if *table == StoredApiKey::TABLE as u8 => contents.keys += 1,
                _ => {}
            }
        }
        Ok(contents)
    }
}

impl Store {
    /// Puts the store of a snapshot in the place of the one in `data`, or where none is.
    ///
    /// # Errors
    /// [`StoreError`]; then what was there is there.
    pub fn restore(data: &Path, snapshot: &Snapshot<'_>, access: Access, now: UnixTime) -> Result<Restored, StoreError> {
        open::make_private(data)?;
        let lock = open::lock(data)?;
        let contents = Contents::of(snapshot).map_err(|flaw| StoreError::Damaged(flaw.to_string()))?;
        let ended = if access == Access::End { (contents.connections, contents.keys) } else { (0, 0) };
        let instance = build(data, snapshot, access, (&lock, ended), now)?;
        let before = exchange(data, now)?;
        open::write_marker(data, instance)?;
        Ok(Restored { header: snapshot.header, ended, before })
    }

    /// [`Self::open`]; where the store is gone, torn or damaged, puts the newest good snapshot in its place first.
    ///
    /// # Errors
    /// Those of [`Self::open`], where no snapshot helps.
    pub fn open_or_restore(data: &Path, entropy: &Entropy, now: UnixTime) -> Result<(Self, Option<Recovery>), StoreError> {
        let reason = match Self::open(data, entropy, now) {
            Err(reason @ (StoreError::Missing | StoreError::Behind | StoreError::Damaged(_))) => reason,
            opened => return Ok((opened?, None)),
        };
        let kept_before = fs::read_dir(data)?.flatten().filter(|entry| entry.file_name().to_string_lossy().starts_with(BEFORE)).count();
        let Some((_, bytes)) = newest_good(data).filter(|_| kept_before < BY_ITSELF) else { return Err(reason) };
        let snapshot = format::parse(&bytes).map_err(|flaw| StoreError::Damaged(flaw.to_string()))?;
        let restored = Self::restore(data, &snapshot, Access::End, now)?;
        Ok((Self::open(data, entropy, now)?, Some(Recovery { reason, restored })))
    }
}

/// The newest snapshot of the doorward that `data` says it is of which every byte is right.
pub(super) fn newest_good(data: &Path) -> Option<(Header, Vec<u8>)> {
    let whole = |path: PathBuf| {
        let bytes = files::read(&path).ok()?;
        let header = format::parse(&bytes).ok().filter(Snapshot::is_of_its_instance)?.header;
        Some((header, bytes))
    };
    let of = open::marked_instance(data);
    let is_of = |header: &Header| of.as_ref().is_none_or(|of| *of == header.instance.to_string());
    files::list(data, None).into_iter().filter(|(header, _)| is_of(header)).find_map(|(_, path)| whole(path))
}

/// Builds the store of a snapshot in [`READY`].
fn build(
    data: &Path,
    snapshot: &Snapshot<'_>,
    access: Access,
    (lock, ended): (&Arc<File>, (u32, u32)),
    now: UnixTime,
) -> Result<InstanceId, StoreError> {
    let (new, ready) = (data.join(NEW), data.join(READY));
    for left_behind in [&new, &ready] {
        if left_behind.try_exists()? {
            fs::remove_dir_all(left_behind)?;
        }
    }
    let (db, tree) = open::open_folder(&new)?;
    let mut batch = (sled::Batch::default(), 0);
    let goes = |table: u8| {
        let is = |of: &[Table]| of.iter().any(|of| *of as u8 == table);
        is(&PASSING) || (access == Access::End && is(&GIVEN))
    };
    for (key, value) in snapshot.records().filter(|(key, _)| !key.first().is_some_and(|table| goes(*table))) {
        batch.0.insert(key, value);
        batch.1 += 1;
        if batch.1 == BATCH {
            tree.apply_batch(std::mem::take(&mut batch).0)?;
        }
    }
    tree.apply_batch(batch.0)?;
    let store = Store::assemble((db, tree), &new, (data, Arc::clone(lock)), now)?;
    let newest = files::above(data, store.instance(), snapshot.header.number).unwrap_or(snapshot.header).number;
    let number = format::next(newest).map_err(|flaw| StoreError::Damaged(flaw.to_string()))?;
    let (connections, keys) = ended;
    let event = Occasion::here(now).event(What::StoreRestored { taken_at: snapshot.header.taken_at, connections, keys });
    store.transact(|tx| {
        tx.put(MARK, &SnapshotMark { number })?;
        tx.record(&event)
    })?;
    store.commit()?;
    let instance = store.instance();
    drop(store);
    for entry in fs::read_dir(&new)? {
        File::open(entry?.path())?.sync_all()?;
    }
    File::open(&new)?.sync_all()?;
    fs::rename(new, ready)?;
    File::open(data)?.sync_all()?;
    Ok(instance)
}

/// Puts what is ready in place; gives where what was there is now.
fn exchange(data: &Path, now: UnixTime) -> Result<Option<PathBuf>, StoreError> {
    let store = data.join(STORE);
    let mut before = None;
    if store.try_exists()? {
        let free = |number: u32| {
            let name = if number == 0 { format!("{BEFORE}{}", now.0) } else { format!("{BEFORE}{}-{number}", now.0) };
            Some(data.join(name)).filter(|path| !path.exists())
        };
        let aside = (0..1000).find_map(free).ok_or_else(|| StoreError::Disk("too many stores are kept from before".to_owned()))?;
        fs::rename(&store, &aside)?;
        before = Some(aside);
    }
    finish(data)?;
    Ok(before)
}

/// The second half of an exchange: after the first there is no store, and one that is ready. Where there are both, the
/// exchange was never begun, and must not be finished at some later loss.
pub(super) fn finish(data: &Path) -> Result<(), StoreError> {
    let (store, ready) = (data.join(STORE), data.join(READY));
    if !ready.try_exists()? {
        return Ok(());
    }
    if store.try_exists()? {
        fs::remove_dir_all(ready)?;
    } else {
        fs::rename(ready, store)?;
    }
    Ok(File::open(data)?.sync_all()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;
    use crate::oauth::audit::Wanted;
    use crate::oauth::fixtures::{NOW, api_key, client, connection, occasion, seconds_later, secret, user};
    use crate::oauth::ids::UserId;
    use crate::oauth::secret::ApiKey;
    use crate::store::record::{BrowserSession, NameOwner};
    use crate::store::testing::{Folder, alone, at_once};
    use std::io;
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
    use std::time::Duration;

    fn open(data: &Path) -> Result<Store, StoreError> {
        Store::open(data, &Entropy::new([1; 32]), NOW)
    }

    fn recovered(data: &Path) -> (Store, Option<Recovery>) {
        Store::open_or_restore(data, &Entropy::new([2; 32]), seconds_later(60)).unwrap()
    }

    /// A doorward in use, and a backup of it.
    fn in_use(folder: &Folder) -> (Store, Vec<u8>) {
        let store = open(folder.path()).unwrap();
        store.add_user(&user("ann"), &occasion()).unwrap();
        store.add_client(&client("claude"), &occasion()).unwrap();
        store.put_all(&[(connection().id.as_str().as_bytes(), connection())]);
        store.add_api_key(&secret::<ApiKey>(1).hash(), &api_key(), &occasion()).unwrap().unwrap();
        let session = BrowserSession { user: user("ann").id, user_epoch: 0, signed_in_at: NOW, expires_at: seconds_later(9999) };
        store.put_all(&[(b"session", session)]);
        let bytes = store.snapshot(NOW).unwrap().bytes;
        (store, bytes)
    }

    fn counts(store: &Store) -> [usize; 5] {
        [Table::User, Table::Client, Table::Connection, Table::ApiKey, Table::Session].map(|table| store.count(table))
    }

    #[test]
    fn accounts_and_clients_are_put_back_and_what_apps_were_given_has_ended() {
        let (from, to) = (Folder::new(), Folder::new());
        let (store, bytes) = in_use(&from);
        let snapshot = format::parse(&bytes).unwrap();
        assert_eq!(Contents::of(&snapshot).unwrap(), Contents { users: 1, clients: 1, connections: 1, keys: 1 });
        let data = to.path().join("new");
        let restored = Store::restore(&data, &snapshot, Access::End, seconds_later(7200)).unwrap();
        assert_eq!((restored.ended, restored.before), ((1, 1), None));
        let copy = open(&data).unwrap();
        assert_eq!((counts(&copy), copy.key(), copy.instance()), ([1, 1, 0, 0, 0], store.key(), store.instance()));
        let last = copy.events(&Wanted::newest(1)).unwrap().remove(0).event.sentence();
        assert_eq!(last, "the data was put back as it was 2 hours before; connections that have ended with it: 1, keys: 1");
    }

    #[test]
    fn an_owner_may_keep_what_apps_were_given_but_nobody_stays_signed_in() {
        let (from, to) = (Folder::new(), Folder::new());
        let (_store, bytes) = in_use(&from);
        let restored = Store::restore(to.path(), &format::parse(&bytes).unwrap(), Access::Keep, NOW).unwrap();
        assert_eq!(restored.ended, (0, 0));
        assert_eq!(counts(&open(to.path()).unwrap()), [1, 1, 1, 1, 0]);
    }

    #[test]
    fn what_was_there_is_kept_and_an_older_backup_is_not_taken_for_a_loss() {
        let folder = Folder::new();
        let (store, bytes) = in_use(&folder);
        let snapshot = format::parse(&bytes).unwrap();
        for _ in 0..3 {
            store.keep_snapshot(NOW).unwrap();
        }
        store.add_user(&user("bob"), &occasion()).unwrap();
        assert_eq!(Store::restore(folder.path(), &snapshot, Access::End, NOW), Err(StoreError::InUse));
        drop(store);
        let restored = Store::restore(folder.path(), &snapshot, Access::End, NOW).unwrap();
        let again = Store::restore(folder.path(), &snapshot, Access::End, NOW).unwrap();
        assert_ne!(restored.before, again.before);
        let (store, recovery) = recovered(folder.path());
        assert_eq!((store.users().unwrap().len(), recovery), (1, None));
        drop(store);
        fs::remove_dir_all(folder.path().join(STORE)).unwrap();
        fs::rename(restored.before.unwrap(), folder.path().join(STORE)).unwrap();
        // Its number is that of before, so it is behind; the snapshots of then are still there.
        assert_eq!(open(folder.path()).err(), None);
    }

    #[test]
    fn an_exchange_that_was_interrupted_is_finished_or_never_was() {
        let (from, folder) = (Folder::new(), Folder::new());
        let (store, bytes) = in_use(&from);
        drop(store);
        drop(open(folder.path()).unwrap());
        let snapshot = format::parse(&bytes).unwrap();
        let begin = || {
            let lock = open::lock(folder.path()).unwrap();
            build(folder.path(), &snapshot, Access::End, (&lock, (0, 0)), NOW).unwrap();
        };
        // Before the store of then was put aside.
        begin();
        assert_eq!(open(folder.path()).unwrap().users().unwrap().len(), 0);
        assert!(!folder.path().join(READY).exists(), "it would be taken for the store at the next loss");
        // And after it.
        begin();
        fs::rename(folder.path().join(STORE), folder.path().join("aside")).unwrap();
        assert_eq!(open(folder.path()).unwrap().users().unwrap().len(), 1);
    }

    #[test]
    fn whatever_happens_to_the_store_the_newest_good_snapshot_is_put_back_and_it_is_said() {
        type Damage<'d> = (&'d str, &'d dyn Fn(&Path));
        let damages: [Damage<'_>; 5] = [
            ("it was deleted", &|store| fs::remove_dir_all(store).unwrap()),
            ("it was emptied", &|store| {
                fs::remove_dir_all(store).unwrap();
                drop(sled::open(store).unwrap());
            }),
            ("its file was cut", &|store| File::options().write(true).open(store.join("db")).unwrap().set_len(1000).unwrap()),
            ("its file was emptied", &|store| fs::write(store.join("db"), b"").unwrap()),
            ("its file was overwritten", &|store| fs::write(store.join("db"), vec![0x5a; 100_000]).unwrap()),
        ];
        for (what, damage) in damages {
            let folder = Folder::new();
            let (store, _) = in_use(&folder);
            store.keep_snapshot(NOW).unwrap();
            store.add_user(&user("bob"), &occasion()).unwrap();
            store.settle().unwrap();
            drop(store);
            damage(&folder.path().join(STORE));
            assert!(open(folder.path()).is_err(), "{what}: a command repairs nothing");
            let (store, recovery) = recovered(folder.path());
            let recovery = recovery.unwrap_or_else(|| panic!("{what}: nothing was put back"));
            assert_eq!((counts(&store), recovery.restored.ended), ([1, 1, 0, 0, 0], (1, 1)), "{what}");
            assert_eq!(recovery.restored.header.taken_at, NOW, "{what}");
            assert_eq!(recovery.restored.before.is_some(), what != "it was deleted", "{what}");
            drop(store);
            assert_eq!(recovered(folder.path()).1, None, "{what}: put back twice");
        }
    }

    /// sled drops what comes after a flipped bit or a cut, and opens without an error: only the number of the newest snapshot
    /// tells. Behind the last record of the file nothing is lost.
    #[test]
    fn wherever_a_bit_flips_or_the_file_is_cut_nothing_is_lost_that_a_snapshot_knows() {
        alone("store::restore::tests::wherever_a_bit_flips_or_the_file_is_cut_nothing_is_lost_that_a_snapshot_knows", flip_and_cut);
    }

    fn flip_and_cut() {
        let folder = Folder::new();
        let (store, _) = in_use(&folder);
        let many: Vec<[u8; 2]> = (0..400_u16).map(u16::to_be_bytes).collect();
        let owner = NameOwner(UserId::known_as(&"x".repeat(300)));
        store.put_all(&many.iter().map(|key| (&key[..], owner.clone())).collect::<Vec<_>>());
        store.keep_snapshot(NOW).unwrap();
        store.settle().unwrap();
        drop(store);
        // Opened again, sled has an index of what is where, and does not read the whole file any more.
        drop(open(folder.path()).unwrap());
        let length = fs::metadata(folder.path().join(STORE).join("db")).unwrap().len();
        let mut put_back = 0;
        for at in (0..length).step_by(usize::try_from(length / 20).unwrap()) {
            for cut in [true, false] {
                let there = Folder::new();
                copy(folder.path(), there.path()).unwrap();
                let db = there.path().join(STORE).join("db");
                if cut {
                    File::options().write(true).open(db).unwrap().set_len(at).unwrap();
                } else {
                    let mut bytes = fs::read(&db).unwrap();
                    bytes[usize::try_from(at).unwrap()] ^= 1 << (at % 8);
                    fs::write(db, bytes).unwrap();
                }
                let (store, recovery) = recovered(there.path());
                put_back += u32::from(recovery.is_some());
                let [users, clients, ..] = counts(&store);
                assert_eq!((users, clients, store.count(Table::UserName)), (1, 1, 401), "at {at}, cut: {cut}, {recovery:?}");
                assert!(store.snapshot(NOW).is_ok(), "at {at}, cut: {cut}: what is damaged was not noticed");
            }
        }
        assert!(put_back > 10, "{put_back}");
    }

    #[test]
    fn a_copy_of_the_store_that_is_older_than_the_newest_snapshot_is_not_believed() {
        let folder = Folder::new();
        let (store, _) = in_use(&folder);
        store.keep_snapshot(NOW).unwrap();
        store.settle().unwrap();
        drop(store);
        let kept = Folder::new();
        copy(&folder.path().join(STORE), &kept.path().join(STORE)).unwrap();
        let store = open(folder.path()).unwrap();
        store.add_user(&user("bob"), &occasion()).unwrap();
        store.keep_snapshot(NOW).unwrap();
        drop(store);
        fs::remove_dir_all(folder.path().join(STORE)).unwrap();
        copy(&kept.path().join(STORE), &folder.path().join(STORE)).unwrap();
        assert_eq!(open(folder.path()).err(), Some(StoreError::Behind));
        let (store, recovery) = recovered(folder.path());
        assert_eq!((recovery.unwrap().reason, store.users().unwrap().len()), (StoreError::Behind, 2));
    }

    #[test]
    fn a_bit_that_flips_in_the_head_of_a_snapshot_moves_no_good_store() {
        let folder = Folder::new();
        let (store, _) = in_use(&folder);
        let first = store.keep_snapshot(NOW).unwrap();
        let second = store.keep_snapshot(seconds_later(10)).unwrap();
        store.add_user(&user("bob"), &occasion()).unwrap();
        drop(store);
        let (_, oldest) = files::list(folder.path(), None).remove(1);
        let whole = fs::read(&oldest).unwrap();
        // Format, instance, number, time, count and length.
        for bit in (18 * 8..67 * 8).step_by(7) {
            let mut bytes = whole.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            fs::write(&oldest, &bytes).unwrap();
            let number = format::header(&bytes).map_or(0, |(header, _)| header.number);
            let is_higher = (35..43).contains(&(bit / 8)) && number > second.number;
            let (store, recovery) = recovered(folder.path());
            assert_eq!((recovery, store.users().unwrap().len()), (None, 2), "bit {bit}");
            assert_eq!(store.damaged_snapshots().len(), usize::from(is_higher), "bit {bit}");
            assert_eq!(crate::store::snapshot::newest(folder.path()), Some(second.taken_at), "bit {bit}");
        }
        // A checksum that fits is not enough: whoever has no key of this doorward's cannot make one.
        let forged = format::encode::<Vec<u8>, Vec<u8>>(Header { number: 99, ..first }, &[]);
        fs::write(&oldest, forged).unwrap();
        let (store, recovery) = recovered(folder.path());
        assert_eq!((recovery, store.damaged_snapshots().len()), (None, 1));
        drop(store);
        // What is damaged moves the numbers of a restore no more than a start.
        fs::remove_dir_all(folder.path().join(STORE)).unwrap();
        let (store, recovery) = recovered(folder.path());
        assert_eq!((recovery.unwrap().restored.header, store.snapshot_number()), (second, Ok(second.number + 1)));
    }

    #[test]
    fn a_damaged_snapshot_is_passed_over_and_one_of_another_doorward_is_never_used() {
        let (folder, other) = (Folder::new(), Folder::new());
        let (store, _) = in_use(&folder);
        let first = store.keep_snapshot(NOW).unwrap();
        store.keep_snapshot(seconds_later(10)).unwrap();
        drop(store);
        let (_, newest) = files::list(folder.path(), None).remove(0);
        let mut bytes = fs::read(&newest).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(&newest, bytes).unwrap();
        let foreign = Store::open(other.path(), &Entropy::new([9; 32]), NOW).unwrap();
        let foreign = foreign.snapshot(seconds_later(99)).unwrap();
        files::keep(folder.path(), &Header { number: 99, ..foreign.header }, &foreign.bytes).unwrap();
        fs::remove_dir_all(folder.path().join(STORE)).unwrap();
        let (_, recovery) = recovered(folder.path());
        assert_eq!(recovery.unwrap().restored.header, first);
    }

    #[test]
    fn without_a_good_snapshot_or_after_three_times_it_is_left_to_a_person() {
        let folder = Folder::new();
        drop(open(folder.path()).unwrap());
        fs::remove_dir_all(folder.path().join(STORE)).unwrap();
        let fails = || Store::open_or_restore(folder.path(), &Entropy::new([2; 32]), NOW).err();
        assert_eq!((fails(), fails()), (Some(StoreError::Missing), Some(StoreError::Missing)));
        let folder = Folder::new();
        open(folder.path()).unwrap().keep_snapshot(NOW).unwrap();
        for round in 0..4 {
            fs::write(folder.path().join(STORE).join("db"), b"").unwrap();
            let opened = Store::open_or_restore(folder.path(), &Entropy::new([2; 32]), seconds_later(round));
            assert_eq!(opened.is_ok(), round < 3, "{round}");
        }
    }

    #[test]
    fn a_directory_without_its_marker_is_known_by_its_snapshots() {
        let folder = Folder::new();
        open(folder.path()).unwrap().keep_snapshot(NOW).unwrap();
        fs::remove_file(folder.path().join("initialised")).unwrap();
        fs::remove_dir_all(folder.path().join(STORE)).unwrap();
        assert_eq!((Store::is_at(folder.path()), open(folder.path()).err()), (Ok(true), Some(StoreError::Missing)));
        assert!(recovered(folder.path()).1.is_some());
    }

    /// As `cp -r` does it: files that go meanwhile are passed over.
    fn copy(from: &Path, to: &Path) -> io::Result<()> {
        fs::create_dir_all(to)?;
        for entry in fs::read_dir(from)?.flatten() {
            let target = to.join(entry.file_name());
            let copied = if entry.path().is_dir() { copy(&entry.path(), &target) } else { fs::copy(entry.path(), target).map(|_| ()) };
            copied.or_else(|error| if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) })?;
        }
        Ok(())
    }

    const WRITERS: usize = 8;
    /// Each writes to so many records in turn.
    const RING: u64 = 200;

    fn ring_key(writer: usize, place: u64) -> Vec<u8> {
        [&[u8::try_from(writer).unwrap()][..], &place.to_be_bytes()].concat()
    }

    /// Z7: a copy of the data directory taken at any moment restores.
    #[test]
    fn a_copy_made_while_eight_write_opens_and_holds_what_was_promised_before_the_newest_snapshot() {
        alone(
            "store::restore::tests::a_copy_made_while_eight_write_opens_and_holds_what_was_promised_before_the_newest_snapshot",
            copy_while_eight_write,
        );
    }

    fn copy_while_eight_write() {
        let seconds = std::env::var("DOORWARD_TEST_SECONDS").map_or(8, |text| text.parse().unwrap());
        let folder = Folder::new();
        let store = open(folder.path()).unwrap();
        let acknowledged: Vec<AtomicU64> = (0..WRITERS).map(|_| AtomicU64::new(0)).collect();
        let promised = Mutex::new(vec![0; WRITERS]);
        let over = AtomicBool::new(false);
        let write = |writer: usize| {
            for round in 1.. {
                if over.load(Ordering::Relaxed) {
                    return;
                }
                let value = NameOwner(UserId::known_as(&format!("{round:0>500}")));
                store.transact(|tx| tx.put(&ring_key(writer, round % RING), &value)).unwrap();
                if round % 4 == 0 {
                    store.commit().unwrap();
                    acknowledged[writer].store(round, Ordering::SeqCst);
                }
            }
        };
        let snapshots = || {
            while !over.load(Ordering::Relaxed) {
                let before: Vec<u64> = acknowledged.iter().map(|count| count.load(Ordering::SeqCst)).collect();
                store.keep_snapshot(NOW).unwrap();
                *promised.lock().unwrap() = before;
                std::thread::sleep(Duration::from_millis(150));
            }
        };
        let (mut copies, mut put_back) = (0, 0);
        let mut copy_and_open = || {
            let until = clock::instant() + Duration::from_secs(seconds);
            while clock::instant() < until {
                let there = Folder::new();
                let promised = promised.lock().unwrap().clone();
                copy(folder.path(), there.path()).unwrap();
                let (copied, recovery) = recovered(there.path());
                copies += 1;
                put_back += u32::from(recovery.is_some());
                for (writer, promised) in promised.into_iter().enumerate() {
                    for round in (promised.saturating_sub(RING - 1).max(1))..=promised {
                        let found: Option<NameOwner> = copied.load(&ring_key(writer, round % RING)).unwrap();
                        let found: u64 = found.expect("a record is gone").0.as_str().trim_start_matches('0').parse().unwrap();
                        assert!(found >= round, "writer {writer}: {found} of {round}, {recovery:?}");
                    }
                }
            }
            over.store(true, Ordering::Relaxed);
        };
        std::thread::scope(|scope| {
            scope.spawn(|| at_once(WRITERS, write));
            scope.spawn(snapshots);
            // Whatever fails, the others must come to an end.
            let copied = std::panic::catch_unwind(std::panic::AssertUnwindSafe(&mut copy_and_open));
            over.store(true, Ordering::Relaxed);
            copied.unwrap();
        });
        eprintln!("{copies} copies, {put_back} of them put back from a snapshot");
        assert!(copies > 3);
    }
}
