//! Opening a data directory: once initialised it is never mistaken for a new one.

use super::commit::Committer;
use super::record::{self, Instance, Record, Table};
use super::{Store, StoreError};
use crate::clock::UnixTime;
use crate::oauth::secret::{Entropy, ServerKey};
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Mutex;
use std::{collections::HashMap, io};

/// The folder of sled's files in the data directory.
const STORE: &str = "store";
/// The file that says "initialised": from then on an empty store is a loss and not a first start.
const MARKER: &str = "initialised";
/// The key of the only instance record.
pub(super) const INSTANCE: &[u8] = b"";
const CACHE_BYTES: u64 = 32 * 1024 * 1024;

impl Store {
    /// Opens the data directory, making it if it does not exist. `entropy` becomes the server's key on the first start.
    ///
    /// # Errors
    /// Every [`StoreError`]; nothing is repaired that would lose data, and nothing is made anew where something was.
    pub fn open(data: &Path, entropy: &Entropy, now: UnixTime) -> Result<Self, StoreError> {
        make_private(data)?;
        let folder = data.join(STORE);
        let marker = data.join(MARKER);
        if marker.exists() && !folder.join("db").exists() {
            return Err(StoreError::Missing);
        }
        make_private(&folder)?;
        remove_half_written_snapshots(&folder)?;
        let db = open_sled(&folder)?;
        let tree = db.open_tree("records")?;
        let instance = match tree.get(record::key(Table::Instance, INSTANCE))? {
            Some(bytes) => record::decode(&bytes)?,
            None if marker.exists() => return Err(StoreError::Missing),
            None => initialise(&tree, entropy, now)?,
        };
        let file = File::options().read(true).write(true).open(folder.join("db"))?;
        let store = Self {
            db,
            tree,
            committer: Committer::new(file),
            key: instance.key,
            endings: Default::default(),
            uses: Mutex::new(HashMap::new()),
        };
        store.commit()?;
        if !marker.exists() {
            write_marker(data, &marker)?;
        }
        Ok(store)
    }
}

fn initialise(tree: &sled::Tree, entropy: &Entropy, now: UnixTime) -> Result<Instance, StoreError> {
    let instance = Instance { key: ServerKey::new(entropy), claimed: false, created_at: now };
    tree.insert(record::key(Instance::TABLE, INSTANCE), record::encode(&instance)?)?;
    Ok(instance)
}

fn open_sled(folder: &Path) -> Result<sled::Db, StoreError> {
    let config = sled::Config::new().path(folder).cache_capacity(CACHE_BYTES).flush_every_ms(Some(500)).mode(sled::Mode::LowSpace);
    match config.open() {
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

fn make_private(folder: &Path) -> Result<(), StoreError> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    Ok(())
}

/// Written last: the store is on disk by now, and so are the names of its files once the folders are synced.
fn write_marker(data: &Path, marker: &Path) -> Result<(), StoreError> {
    File::open(data.join(STORE))?.sync_all()?;
    let mut file = File::options().write(true).create(true).truncate(true).mode(0o600).open(marker)?;
    file.write_all(b"This data directory belongs to doorward and holds its store. Remove it only as a whole.\n")?;
    file.sync_all()?;
    File::open(data)?.sync_all()?;
    Ok(())
}

impl From<io::Error> for StoreError {
    fn from(error: io::Error) -> Self {
        Self::Disk(error.to_string())
    }
}
