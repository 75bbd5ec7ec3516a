//! Opening a data directory: once initialised it is never mistaken for a new one.

use super::commit::Committer;
use super::counters::Counters;
use super::record::{self, INSTANCE, Instance, Record, Table};
use super::restore;
use super::snapshot::Progress;
use super::snapshot::files;
use super::snapshot::format::InstanceId;
use super::{Store, StoreError};
use crate::clock::UnixTime;
use crate::oauth::secret::{Entropy, ServerKey};
use std::fs::{self, File, TryLockError};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::panic::{self, AssertUnwindSafe};
use std::path::Path;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, RwLock};
use std::thread;
use std::time::Duration;
use std::{collections::HashMap, io};

/// The folder of sled's files in the data directory.
pub(super) const STORE: &str = "store";
/// The file that says "initialised": from then on an empty store is a loss and not a first start.
const MARKER: &str = "initialised";
/// Before the instance in it.
const INSTANCE_LINE: &str = "instance ";
/// Locked by the process that has the directory.
const LOCK: &str = "lock";
/// A store that was closed a moment ago is locked until sled's own threads are done with it. Whether another process has
/// it is known before, from the lock of the directory.
const LOCK_TRIES: u32 = 100;
const LOCK_PAUSE: Duration = Duration::from_millis(20);
const CACHE_BYTES: u64 = 32 * 1024 * 1024;

impl Store {
    /// True when the directory was a doorward's before.
    ///
    /// # Errors
    /// When that cannot be seen.
    pub fn is_at(data: &Path) -> Result<bool, StoreError> {
        Ok(data.join(MARKER).try_exists()? || !files::list(data, None).is_empty())
    }

    /// Opens the data directory, making it if it does not exist. `entropy` becomes the server's key on the first start.
    ///
    /// # Errors
    /// Every [`StoreError`]; nothing is repaired that would lose data, and nothing is made anew where something was.
    pub fn open(data: &Path, entropy: &Entropy, now: UnixTime) -> Result<Self, StoreError> {
        make_private(data)?;
        let lock = lock(data)?;
        restore::finish(data)?;
        let folder = data.join(STORE);
        let initialised = Self::is_at(data)?;
        if initialised && !folder.join("db").try_exists()? {
            return Err(StoreError::Missing);
        }
        let mut store = caught(|| {
            let (db, tree) = open_folder(&folder)?;
            if tree.get(record::key(Table::Instance, INSTANCE))?.is_none() {
                if initialised {
                    return Err(StoreError::Missing);
                }
                initialise(&tree, entropy, now)?;
            }
            Self::assemble((db, tree), &folder, (data, lock), now)
        })?;
        store.damaged_snapshots = match files::above(data, store.instance(), store.snapshot_number()?) {
            Ok(_) => return Err(StoreError::Behind),
            Err(damaged) => damaged,
        };
        store.commit()?;
        if marked_instance(data).as_deref() != Some(&store.instance().to_string()) {
            File::open(&folder)?.sync_all()?;
            write_marker(data, store.instance())?;
        }
        Ok(store)
    }

    /// The store of an open folder, once every record in it was read: damage is noticed now or never at a good moment.
    pub(super) fn assemble(
        (db, tree): (sled::Db, sled::Tree),
        folder: &Path,
        (data, lock): (&Path, Arc<File>),
        now: UnixTime,
    ) -> Result<Self, StoreError> {
        let instance = tree.get(record::key(Table::Instance, INSTANCE))?.ok_or(StoreError::Missing)?;
        let instance: Instance = record::decode(&instance)?;
        // It would go on failing without end, hence the end at the first failure.
        tree.iter().try_for_each(|entry| entry.map(|_| ()))?;
        let file = File::options().read(true).write(true).open(folder.join("db"))?;
        let counters = Counters::load(&tree, now)?;
        // From a head alone: whatever it claims, the next one is not put off by more than the time between two.
        let newest = files::list(data, Some(InstanceId::of(&instance.key))).first().map(|(header, _)| header.taken_at);
        let store = Self {
            db,
            tree,
            data: data.to_path_buf(),
            _lock: lock,
            committer: Committer::new(file),
            gate: RwLock::default(),
            // Whether the process before this one left changes that no snapshot has is not known.
            changes: AtomicU64::new(1),
            progress: Mutex::new(Progress::since(newest)),
            damaged_snapshots: Vec::new(),
            key: instance.key,
            counters,
            endings: Default::default(),
            uses: Mutex::new(HashMap::new()),
            adding_keys: Mutex::new(()),
            noted: Mutex::default(),
        };
        store.load_trace();
        Ok(store)
    }
}

/// Now and then sled panics over files that were copied while they were written, rather than call them damaged.
fn caught<T>(open: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
    let damaged = |_| Err(StoreError::Damaged("sled cannot make sense of its files".to_owned()));
    panic::catch_unwind(AssertUnwindSafe(open)).unwrap_or_else(damaged)
}

/// Held by the one process that may touch what is in the directory, whatever state its store is in.
pub(super) fn lock(data: &Path) -> Result<Arc<File>, StoreError> {
    let file = File::options().write(true).create(true).truncate(false).mode(0o600).open(data.join(LOCK))?;
    match file.try_lock() {
        Ok(()) => Ok(Arc::new(file)),
        Err(TryLockError::WouldBlock) => Err(StoreError::InUse),
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}

/// sled's own files, and the one tree in them.
pub(super) fn open_folder(folder: &Path) -> Result<(sled::Db, sled::Tree), StoreError> {
    make_private(folder)?;
    remove_half_written_snapshots(folder)?;
    let db = open_sled(folder)?;
    let tree = db.open_tree("records")?;
    Ok((db, tree))
}

fn initialise(tree: &sled::Tree, entropy: &Entropy, now: UnixTime) -> Result<(), StoreError> {
    let instance = Instance { key: ServerKey::new(entropy), claimed: false, created_at: now };
    tree.insert(record::key(Instance::TABLE, INSTANCE), record::encode(&instance)?)?;
    Ok(())
}

fn open_sled(folder: &Path) -> Result<sled::Db, StoreError> {
    let config = sled::Config::new().path(folder).cache_capacity(CACHE_BYTES).flush_every_ms(Some(500)).mode(sled::Mode::LowSpace);
    let mut opened = config.open();
    for _ in 0..LOCK_TRIES {
        match &opened {
            Err(sled::Error::Io(error)) if is_lock(error) => thread::sleep(LOCK_PAUSE),
            Ok(_) | Err(_) => break,
        }
        opened = config.open();
    }
    match opened {
        Err(sled::Error::Io(error)) if is_lock(&error) => Err(StoreError::InUse),
        // A damaged snapshot is only a short cut through the log; without it sled reads the log itself.
        Err(sled::Error::Corruption { .. }) => {
            set_snapshots_aside(folder)?;
            Ok(config.open()?)
        }
        other => Ok(other?),
    }
}

fn is_lock(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::WouldBlock || error.to_string().contains("could not acquire lock")
}

/// sled takes a snapshot that was being written when the process died for a real one, and then cannot open.
fn remove_half_written_snapshots(folder: &Path) -> Result<(), StoreError> {
    for path in files_named(folder, "snap.", ".generating")? {
        fs::remove_file(path)?;
    }
    Ok(())
}

fn set_snapshots_aside(folder: &Path) -> Result<(), StoreError> {
    for path in files_named(folder, "snap.", "")? {
        let mut aside = path.clone().into_os_string();
        aside.push(".aside");
        fs::rename(&path, folder.join("..").join(Path::new(&aside).file_name().unwrap_or_default()))?;
    }
    Ok(())
}

fn files_named(folder: &Path, prefix: &str, suffix: &str) -> Result<Vec<std::path::PathBuf>, StoreError> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        if name.to_str().is_some_and(|name| name.starts_with(prefix) && name.ends_with(suffix)) {
            found.push(entry.path());
        }
    }
    Ok(found)
}

pub(super) fn make_private(folder: &Path) -> Result<(), StoreError> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    Ok(())
}

/// Written last: the store is on disk by now, and so are the names of its files once the folders are synced.
pub(super) fn write_marker(data: &Path, instance: InstanceId) -> Result<(), StoreError> {
    let text =
        format!("This data directory belongs to doorward and holds its store. Remove it only as a whole.\n{INSTANCE_LINE}{instance}\n");
    let beside = data.join(format!("{MARKER}.new"));
    let mut file = File::options().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(beside, data.join(MARKER))?;
    File::open(data)?.sync_all()?;
    Ok(())
}

/// The instance that the marker names.
pub(super) fn marked_instance(data: &Path) -> Option<String> {
    let text = fs::read_to_string(data.join(MARKER)).ok()?;
    text.lines().find_map(|line| line.strip_prefix(INSTANCE_LINE)).map(str::to_owned)
}

impl From<io::Error> for StoreError {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::PermissionDenied { Self::Denied } else { Self::Disk(error.to_string()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::fixtures::{NOW, occasion, user};
    use crate::store::testing::Folder;
    use std::os::unix::fs::PermissionsExt;

    fn open(folder: &Folder) -> Result<Store, StoreError> {
        Store::open(folder.path(), &Entropy::new([u8::from(folder.path().join(MARKER).exists()); 32]), NOW)
    }

    #[test]
    fn what_was_stored_is_there_when_it_is_opened_again_and_the_key_is_the_same() {
        let folder = Folder::new();
        let store = open(&folder).unwrap();
        store.add_user(&user("ann"), &occasion()).unwrap();
        let key = store.key().clone();
        drop(store);
        let store = open(&folder).unwrap();
        assert_eq!((store.users(), store.key()), (Ok(vec![user("ann")]), &key));
    }

    #[test]
    fn what_sled_panics_over_is_damage() {
        assert!(matches!(caught::<()>(|| panic!("on purpose")), Err(StoreError::Damaged(_))));
        assert_eq!(caught(|| Ok(1)), Ok(1));
    }

    #[test]
    fn a_second_opening_is_refused_while_the_first_lasts() {
        let folder = Folder::new();
        let first = open(&folder).unwrap();
        assert_eq!(open(&folder).err(), Some(StoreError::InUse));
        drop(first);
        assert!(open(&folder).is_ok());
    }

    #[test]
    fn a_store_that_is_gone_or_empty_where_one_was_is_missing_and_stays_so() {
        let folder = Folder::new();
        drop(open(&folder).unwrap());
        let store = folder.path().join(STORE);
        fs::remove_dir_all(&store).unwrap();
        for _ in 0..2 {
            assert_eq!(open(&folder).err(), Some(StoreError::Missing));
        }
        // An empty store of the right form, as a copy taken at a bad moment can be.
        fs::create_dir(&store).unwrap();
        drop(sled::open(&store).unwrap());
        for _ in 0..2 {
            assert_eq!(open(&folder).err(), Some(StoreError::Missing));
        }
    }

    #[test]
    fn a_first_start_that_died_before_the_marker_was_written_is_finished_by_the_next() {
        let folder = Folder::new();
        let store = open(&folder).unwrap();
        let key = store.key().clone();
        drop(store);
        fs::remove_file(folder.path().join(MARKER)).unwrap();
        let store = open(&folder).unwrap();
        assert_eq!(store.key(), &key);
        assert!(folder.path().join(MARKER).exists());
    }

    #[test]
    fn a_store_of_a_later_version_is_left_alone() {
        let folder = Folder::new();
        let store = open(&folder).unwrap();
        let mut bytes = store.tree.get(record::key(Table::Instance, INSTANCE)).unwrap().unwrap().to_vec();
        bytes[1] += 1;
        store.tree.insert(record::key(Table::Instance, INSTANCE), bytes.clone()).unwrap();
        drop(store);
        assert_eq!(open(&folder).err(), Some(StoreError::TooNew(2)));
        let db = open_sled(&folder.path().join(STORE)).unwrap();
        let kept = db.open_tree("records").unwrap().get(record::key(Table::Instance, INSTANCE)).unwrap();
        assert_eq!(kept.as_deref(), Some(&bytes[..]));
    }

    #[test]
    fn snapshots_that_were_being_written_are_cleared_away_and_finished_ones_are_not() {
        let folder = Folder::new();
        fs::write(folder.path().join("snap.01.generating"), b"").unwrap();
        fs::write(folder.path().join("snap.02"), b"x").unwrap();
        remove_half_written_snapshots(folder.path()).unwrap();
        assert_eq!(files_named(folder.path(), "snap.", "").unwrap(), [folder.path().join("snap.02")]);
    }

    #[test]
    fn nobody_else_on_the_machine_can_look_inside() {
        let folder = Folder::new();
        let data = folder.path().join("new");
        drop(Store::open(&data, &Entropy::new([0; 32]), NOW).unwrap());
        for (name, mode) in [("", 0o700), (STORE, 0o700), (MARKER, 0o600), (LOCK, 0o600)] {
            assert_eq!(fs::metadata(data.join(name)).unwrap().permissions().mode() & 0o777, mode, "{name}");
        }
    }
}
