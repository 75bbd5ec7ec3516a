//! Snapshots as files: written whole or not at all, read back before they count, and never too many of them.

use super::format::{self, Flaw, Header, InstanceId, MAX_BYTES};
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// The folder of a data directory's snapshots.
pub(in crate::store) const FOLDER: &str = "snapshots";
/// So many are kept, the newest.
const KEEP: usize = 5;
const SUFFIX: &str = ".snapshot";
/// More than a head has.
const HEAD_BYTES: u64 = 128;
/// Room that is left to the store when a snapshot is written.
pub(in crate::store) const LEAVE_FREE: u64 = 64 * 1024 * 1024;

impl From<io::Error> for Flaw {
    fn from(error: io::Error) -> Self {
        Self::File(error.to_string())
    }
}

/// Writes the bytes of a snapshot to `path`, in place of what is there: beside it first, read back, and then renamed.
///
/// # Errors
/// [`Flaw`]; then `path` is as it was.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), Flaw> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut name = OsString::from(".");
    name.push(path.file_name().ok_or_else(|| Flaw::File("it has no name".to_owned()))?);
    name.push(format!(".{}.unfinished", std::process::id()));
    let beside = folder.join(name);
    let written = write_beside(&beside, bytes).and_then(|()| Ok(fs::rename(&beside, path)?));
    if written.is_err() {
        let _ = fs::remove_file(&beside);
        return written;
    }
    Ok(File::open(folder)?.sync_all()?)
}

fn write_beside(beside: &Path, bytes: &[u8]) -> Result<(), Flaw> {
    // Left behind by a process of the same number that was killed.
    let _ = fs::remove_file(beside);
    let mut file = File::options().write(true).create_new(true).mode(0o600).open(beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    if is_there(beside, bytes)? { Ok(()) } else { Err(Flaw::File("the disk gave back something else than was written".to_owned())) }
}

/// Whether a file holds exactly these bytes; read piece by piece, since both may be large.
fn is_there(path: &Path, bytes: &[u8]) -> io::Result<bool> {
    let (mut file, mut piece, mut rest) = (File::open(path)?, vec![0; 64 * 1024], bytes);
    loop {
        let count = file.read(&mut piece)?;
        match rest.split_at_checked(count) {
            Some((next, after)) if piece.get(..count) == Some(next) => rest = after,
            _ => return Ok(false),
        }
        if count == 0 {
            return Ok(rest.is_empty());
        }
    }
}

/// The bytes of a file that may be a snapshot.
///
/// # Errors
/// [`Flaw::File`], [`Flaw::TooLarge`].
pub fn read(path: &Path) -> Result<Vec<u8>, Flaw> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
    let length = bytes.len() as u64;
    if length > MAX_BYTES { Err(Flaw::TooLarge(length)) } else { Ok(bytes) }
}

/// True if a file begins as a snapshot does, of whatever form.
pub fn begins_like_one(path: &Path) -> bool {
    let mut head = Vec::new();
    let read = File::open(path).and_then(|file| file.take(HEAD_BYTES).read_to_end(&mut head));
    read.is_ok() && format::begins_like_one(&head)
}

/// The snapshots of a data directory that say they are of this doorward, or of any, newest first.
pub(in crate::store) fn list(data: &Path, of: Option<InstanceId>) -> Vec<(Header, PathBuf)> {
    let Ok(entries) = fs::read_dir(data.join(FOLDER)) else { return Vec::new() };
    let paths = entries.flatten().map(|entry| entry.path()).filter(|path| path.to_str().is_some_and(|path| path.ends_with(SUFFIX)));
    let mut found: Vec<(Header, PathBuf)> = paths.filter_map(|path| Some((head_of(&path)?, path))).collect();
    found.retain(|(header, _)| of.is_none_or(|of| of == header.instance));
    found.sort_by_key(|(header, _)| std::cmp::Reverse((header.number, header.taken_at)));
    found
}

/// Of those that claim a higher number than `known`: the newest that is whole and of this doorward, and, if none is, those
/// that are not. Only these are read to the end; a head alone may be a flipped bit.
pub(in crate::store) fn above(data: &Path, of: InstanceId, known: u64) -> Result<Header, Vec<(PathBuf, Flaw)>> {
    let mut damaged = Vec::new();
    for (_, path) in list(data, Some(of)).into_iter().take_while(|(header, _)| header.number > known) {
        match check(&path) {
            Ok(header) => return Ok(header),
            Err(flaw) => damaged.push((path, flaw)),
        }
    }
    Err(damaged)
}

fn check(path: &Path) -> Result<Header, Flaw> {
    let bytes = read(path)?;
    let snapshot = format::parse(&bytes)?;
    if snapshot.is_of_its_instance() { Ok(snapshot.header) } else { Err(Flaw::Nonsense("it is not of the doorward that it names")) }
}

fn head_of(path: &Path) -> Option<Header> {
    let mut head = Vec::new();
    File::open(path).ok()?.take(HEAD_BYTES).read_to_end(&mut head).ok()?;
    format::header(&head).ok().map(|(header, _)| header)
}

/// Whether there is room for one more snapshot, as large as the newest. It is asked before anything is written for it.
pub(in crate::store) fn prepare(data: &Path, of: InstanceId) -> Result<(), Flaw> {
    let newest = list(data, Some(of)).into_iter().next();
    let likely = newest.and_then(|(_, path)| fs::metadata(path).ok()).map_or(0, |newest| newest.len());
    let folder = data.join(FOLDER);
    fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
    room_for(&folder, likely)
}

fn room_for(folder: &Path, bytes: u64) -> Result<(), Flaw> {
    let room = rustix::fs::statvfs(folder).map_err(io::Error::from)?;
    let free = room.f_bavail.saturating_mul(room.f_frsize);
    if free < LEAVE_FREE.saturating_add(bytes) { Err(Flaw::File(format!("the disk has only {} MiB left", free >> 20))) } else { Ok(()) }
}

/// Puts a snapshot among those of a data directory that is [prepared](prepare), and lets the oldest go.
pub(in crate::store) fn keep(data: &Path, header: &Header, bytes: &[u8]) -> Result<(), Flaw> {
    let folder = data.join(FOLDER);
    room_for(&folder, bytes.len() as u64)?;
    // The number first, with leading zeros: then a list of files is in order, too.
    write(&folder.join(format!("{:010}-{}{SUFFIX}", header.number, header.instance)), bytes)?;
    clear_away(&folder)?;
    // One that claims to be newer than the newest is damaged, and takes nobody's place.
    let honest = list(data, Some(header.instance)).into_iter().filter(|(other, _)| other.number <= header.number);
    for (_, old) in honest.skip(KEEP) {
        fs::remove_file(old)?;
    }
    Ok(())
}

/// What was being written when a process was killed.
fn clear_away(folder: &Path) -> Result<(), Flaw> {
    for entry in fs::read_dir(folder)?.flatten() {
        if entry.file_name().to_str().is_some_and(|name| name.starts_with('.') && name.ends_with(".unfinished")) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::fixtures::NOW;
    use crate::oauth::secret::{Entropy, ServerKey};
    use crate::store::testing::Folder;
    use std::os::unix::fs::PermissionsExt;

    fn header(instance: u8, number: u64) -> Header {
        Header { instance: InstanceId::of(&ServerKey::new(&Entropy::new([instance; 32]))), number, taken_at: NOW, records: 0 }
    }

    fn empty(header: Header) -> Vec<u8> {
        format::encode::<Vec<u8>, Vec<u8>>(header, &[])
    }

    fn keep(data: &Path, header: &Header, bytes: &[u8]) -> Result<(), Flaw> {
        prepare(data, header.instance)?;
        super::keep(data, header, bytes)
    }

    fn numbers(folder: &Folder, of: Option<InstanceId>) -> Vec<u64> {
        list(folder.path(), of).iter().map(|(header, _)| header.number).collect()
    }

    #[test]
    fn the_newest_are_kept_and_those_of_another_doorward_are_left_alone() {
        let folder = Folder::new();
        keep(folder.path(), &header(2, 1), &empty(header(2, 1))).unwrap();
        for number in 1..=12 {
            keep(folder.path(), &header(1, number), &empty(header(1, number))).unwrap();
        }
        assert_eq!(numbers(&folder, Some(header(1, 0).instance)), [12, 11, 10, 9, 8]);
        assert_eq!(numbers(&folder, Some(header(2, 0).instance)), [1]);
        assert_eq!(numbers(&folder, None).len(), 6);
        fs::write(folder.path().join(FOLDER).join("x.snapshot"), empty(header(1, 1 << 40))).unwrap();
        keep(folder.path(), &header(1, 13), &empty(header(1, 13))).unwrap();
        assert_eq!(numbers(&folder, Some(header(1, 0).instance)), [1 << 40, 13, 12, 11, 10, 9]);
    }

    #[test]
    fn what_was_being_written_is_no_snapshot_and_is_cleared_away() {
        let folder = Folder::new();
        let snapshots = folder.path().join(FOLDER);
        keep(folder.path(), &header(1, 1), &empty(header(1, 1))).unwrap();
        let unfinished = snapshots.join(".0000000002-x.snapshot.77.unfinished");
        fs::write(&unfinished, empty(header(1, 2))).unwrap();
        fs::write(snapshots.join("note.txt"), "mine").unwrap();
        assert_eq!(numbers(&folder, None), [1]);
        keep(folder.path(), &header(1, 2), &empty(header(1, 2))).unwrap();
        assert!(!unfinished.exists() && snapshots.join("note.txt").exists());
    }

    #[test]
    fn a_file_is_replaced_whole_or_not_at_all_and_is_nobody_elses() {
        let folder = Folder::new();
        let path = folder.path().join("x");
        write(&path, b"one").unwrap();
        write(&path, b"two").unwrap();
        assert_eq!((fs::read(&path).unwrap(), fs::metadata(&path).unwrap().permissions().mode() & 0o777), (b"two".to_vec(), 0o600));
        let large: Vec<u8> = (0..200_000_u32).map(|number| number.to_be_bytes()[3]).collect();
        write(&path, &large).unwrap();
        for other in [&large[1..], &large[..199_999], &[&large[..], b"x"].concat(), b""] {
            assert!(!is_there(&path, other).unwrap());
        }
        assert!(is_there(&path, &large).unwrap());
        fs::create_dir(folder.path().join("taken")).unwrap();
        assert!(matches!(write(&folder.path().join("taken"), b"x"), Err(Flaw::File(_))));
        assert!(matches!(write(&folder.path().join("nowhere/x"), b"x"), Err(Flaw::File(_))));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "something was left behind");
    }
}
