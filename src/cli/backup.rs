//! `doorward backup` and `doorward restore`.

use super::run::act;
use super::{environment, failure, say, table};
use crate::actions::{Action, Failure};
use crate::clock;
use crate::config::raw;
use crate::http::date;
use crate::store::Store;
use crate::store::restore::{Access, Contents, Restored};
use crate::store::snapshot::files;
use crate::store::snapshot::format::{self, Flaw, Header, Snapshot};
use argh::{ArgsInfo, FromArgs};
use rustix::termios::isatty;
use serde_json::{Value, json};
use std::fs;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

/// write everything that is stored to one file; the server may run meanwhile
#[derive(FromArgs, ArgsInfo)]
#[argh(
    subcommand,
    name = "backup",
    example = "doorward backup /mnt/backups/doorward.backup",
    example = "doorward backup - | age -r RECIPIENT > doorward.backup.age",
    note = "It holds the key that signs ID tokens, but no password, token or other secret that opens anything. Keep it to yourself.",
    note = "doorward.toml is not in it. A file that is there already is replaced only if it is a backup, too."
)]
pub(super) struct Backup {
    /// the file to write; - for standard output
    #[argh(positional)]
    file: String,
    /// the data directory
    #[argh(option)]
    data: Option<PathBuf>,
    /// print JSON
    #[argh(switch)]
    json: bool,
}

/// put a backup, or a snapshot of the data directory, in the place of what is stored; the server must not run
#[derive(FromArgs, ArgsInfo)]
#[argh(
    subcommand,
    name = "restore",
    example = "doorward restore /mnt/backups/doorward.backup",
    example = "doorward restore --check /mnt/backups/doorward.backup",
    note = "Apps and keys have to be let in anew afterwards: what was revoked since the backup would be alive again. Accounts, passwords and registered apps are those of the backup. What is stored now is kept beside it."
)]
pub(super) struct Restore {
    /// the file
    #[argh(positional)]
    file: PathBuf,
    /// say only whether it is good and what is in it
    #[argh(switch)]
    check: bool,
    /// let apps and keys go on; for a move to another machine, when nothing was revoked since
    #[argh(switch)]
    keep_access: bool,
    /// the data directory
    #[argh(option)]
    data: Option<PathBuf>,
    /// print JSON
    #[argh(switch)]
    json: bool,
}

pub(super) fn run(backup: Backup) -> Result<(), Failure> {
    let (to, from) = (backup.file.as_str(), clock::instant());
    if to == "-" && isatty(io::stdout()) {
        return Err(failure("a backup is nothing for a terminal", "give a file, or pass it on: doorward backup - > FILE"));
    }
    if to != "-" {
        may_be_written(Path::new(to))?;
    }
    let has_config = raw::data_directory(backup.data.as_deref(), &environment)?.join("doorward.toml").exists();
    let mut done = act(backup.data, Action::Backup)?;
    let bytes = std::mem::take(&mut done.attached);
    let snapshot =
        format::parse(&bytes).map_err(|flaw| failure(format!("the backup is no good: {flaw}"), "try again, then report this"))?;
    let written = if to == "-" { to_stdout(&bytes) } else { files::write(Path::new(to), &bytes) };
    written.map_err(|flaw| failure(format!("cannot write {to}: {flaw}"), "name a file that can be written, where there is room"))?;
    if backup.json && to != "-" {
        table::print(&done, true, &[]);
        return Ok(());
    }
    let what = if to == "-" { "the backup" } else { to };
    let took = clock::instant().duration_since(from).as_secs_f64();
    let kibibytes = bytes.len().div_ceil(1024);
    let mut text = format!("Wrote {what}: {} records, {kibibytes} KiB, in {took:.1} s.", snapshot.header.records);
    if has_config {
        text += "\ndoorward.toml is not in it; keep a copy of that, too.";
    }
    if to == "-" {
        let _ = writeln!(io::stderr(), "{text}");
    } else {
        say(&text);
    }
    Ok(())
}

/// Somebody else's file is not to be lost by a slip of the hand.
fn may_be_written(path: &Path) -> Result<(), Failure> {
    let told = |what: String, hint: &str| Err(failure(what, hint));
    match fs::metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => told(format!("cannot write {}: {error}", path.display()), "name a file that can be written"),
        Ok(there) if there.is_dir() => told(
            format!("{} is a directory", path.display()),
            &format!("name a file in it: doorward backup {}", path.join("doorward.backup").display()),
        ),
        Ok(there) if there.is_file() && files::begins_like_one(path) => Ok(()),
        Ok(_) => told(format!("{} is there already, and no backup", path.display()), "name another file, or remove that one first"),
    }
}

fn to_stdout(bytes: &[u8]) -> Result<(), Flaw> {
    let mut out = io::stdout().lock();
    out.write_all(bytes)?;
    Ok(out.flush()?)
}

pub(super) fn restore(restore: &Restore) -> Result<(), Failure> {
    let file = restore.file.display().to_string();
    let no_good = |flaw: Flaw| {
        let hint = match flaw {
            Flaw::File(_) => "name a file that doorward backup wrote, or one of the folder \"snapshots\" in a data directory",
            Flaw::OtherForm(_) => "install the version that wrote it, or a later one",
            Flaw::Foreign
            | Flaw::CutShort(_)
            | Flaw::TooLong(_)
            | Flaw::Changed
            | Flaw::Nonsense(_)
            | Flaw::TooLarge(_)
            | Flaw::Record(_) => "take another: an earlier backup, or one of the folder \"snapshots\" in the data directory",
        };
        failure(format!("cannot use {file}: {flaw}"), hint)
    };
    let bytes = files::read(&restore.file).map_err(no_good)?;
    let snapshot = format::parse(&bytes).map_err(no_good)?;
    let contents = Contents::of(&snapshot).map_err(no_good)?;
    let mut data = told_of(&snapshot.header, &contents);
    let mut text = if restore.check { format!("{file} is good: {}", of(&snapshot, &contents)) } else { String::new() };
    if !restore.check {
        let folder = raw::data_directory(restore.data.as_deref(), &environment)?;
        let access = if restore.keep_access { Access::Keep } else { Access::End };
        let restored = Store::restore(&folder, &snapshot, access, clock::now())?;
        text = format!("Restored {} into {}.\n{}", of(&snapshot, &contents), folder.display(), after(&restored, access));
        if let Some(members) = data.as_object_mut() {
            members.insert("ended_connections".into(), json!(restored.ended.0));
            members.insert("ended_keys".into(), json!(restored.ended.1));
            members.insert("before".into(), json!(restored.before.map(|before| before.display().to_string())));
        }
    }
    say(&if restore.json { format!("{data:#}") } else { text });
    Ok(())
}

fn told_of(header: &Header, contents: &Contents) -> Value {
    json!({
        "taken_at": header.taken_at.0,
        "instance": header.instance.to_string(),
        "records": header.records,
        "users": contents.users,
        "clients": contents.clients,
        "connections": contents.connections,
        "keys": contents.keys,
    })
}

fn of(snapshot: &Snapshot<'_>, contents: &Contents) -> String {
    let Contents { users, clients, connections, keys } = contents;
    let Header { records, taken_at, .. } = snapshot.header;
    format!(
        "{records} records of {} ({}), among them people: {users}, apps: {clients}, connections: {connections}, keys: {keys}",
        date::rfc3339(taken_at.0),
        table::age(taken_at.0)
    )
}

fn after(restored: &Restored, access: Access) -> String {
    let (connections, keys) = restored.ended;
    let ended = match access {
        Access::End => format!("Connections that have ended: {connections}, keys: {keys}. Apps connect anew, scripts need new keys."),
        Access::Keep => "Apps and keys go on, those included that were revoked since: doorward connection list, doorward key list.".into(),
    };
    let people = "Accounts and passwords are those of then: see doorward user list.";
    let before =
        restored.before.as_ref().map(|before| format!("\nWhat was there before is in {}; remove it when all is well.", before.display()));
    format!("{ended}\n{people}{}", before.unwrap_or_default())
}
