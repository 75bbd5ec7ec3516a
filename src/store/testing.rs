//! A store in a folder of its own, for the tests of this part.

use super::Store;
use super::record::Record;
use crate::clock;
use crate::oauth::fixtures::NOW;
use crate::oauth::secret::Entropy;
use std::fs;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

/// A folder that is gone when dropped.
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("doorward-store-{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// An open store and its folder.
pub(super) struct Temporary {
    store: Store,
    _folder: Folder,
}

impl Deref for Temporary {
    type Target = Store;
    fn deref(&self) -> &Store {
        &self.store
    }
}

/// A new store.
pub(super) fn store() -> Temporary {
    let folder = Folder::new();
    Temporary { store: Store::open(folder.path(), &Entropy::new([1; 32]), NOW).unwrap(), _folder: folder }
}

impl Store {
    /// Puts records there without further ado.
    pub(super) fn put_all<R: Record>(&self, records: &[(&[u8], R)]) {
        self.transact(|tx| records.iter().try_for_each(|(key, record)| tx.put(key, record))).unwrap();
    }
}

/// What `work` gives in that many threads at once.
pub(super) fn at_once<T: Send>(threads: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let barrier = std::sync::Barrier::new(threads);
    thread::scope(|scope| {
        let start = |number| {
            let (barrier, work) = (&barrier, &work);
            scope.spawn(move || {
                barrier.wait();
                work(number)
            })
        };
        let running: Vec<_> = (0..threads).map(start).collect();
        running.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

/// Runs a test that opens damaged files in a process of its own. sled's threads may die of such files and leave whoever waits
/// for them waiting for ever; a process can be ended, and its test tried again.
pub(super) fn alone(name: &str, work: impl FnOnce()) {
    const MARK: &str = "DOORWARD_TEST_ALONE";
    if std::env::var(MARK).is_ok_and(|marked| marked == name) {
        return work();
    }
    for _ in 0..3 {
        let mut command = Command::new(std::env::current_exe().unwrap());
        let mut test = command.args(["--exact", name, "--nocapture"]).env(MARK, name).stdout(Stdio::null()).spawn().unwrap();
        let until = clock::instant() + Duration::from_secs(120);
        while clock::instant() < until {
            if let Some(status) = test.try_wait().unwrap() {
                assert!(status.success(), "{name} says why above");
                return;
            }
            thread::sleep(Duration::from_millis(50));
        }
        test.kill().unwrap();
        test.wait().unwrap();
    }
    panic!("{name} came to no end, three times");
}
