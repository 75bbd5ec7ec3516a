//! Backups, snapshots and copies: what is put back, what is not, and that nothing of it happens in silence (Z7).
#![allow(missing_docs, reason = "tests say what they are for by their names")]
#![allow(clippy::disallowed_methods, reason = "a test may look at the clock")]
mod support;

use std::fs;
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};
use support::client::{Client, Tokens, call};
use support::site::Site;
use support::{Doorward, Folder, OWNER, PASSWORD, Setup, eventually, http, program, run_in};

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[track_caller]
fn good(done: &Output) -> String {
    assert_eq!(done.status.code(), Some(0), "{}", text(&done.stderr));
    text(&done.stdout)
}

/// A failure that says what it is and what helps.
#[track_caller]
fn refused(done: &Output) -> String {
    let said = text(&done.stderr);
    assert_eq!((done.status.code(), done.stdout.len()), (Some(1), 0), "{said}");
    assert!(said.starts_with("error: ") && said.contains("\nhint: "), "{said}");
    said
}

fn site() -> Site {
    Site::new(|upstream| Setup::upstream(upstream.address))
}

fn key(doorward: &Doorward) -> String {
    doorward.json(&["key", "add", "script", "--server", "/mcp"])["key"].as_str().unwrap().to_owned()
}

fn backup(doorward: &Doorward, to: &Folder) -> PathBuf {
    let file = to.path().join("doorward.backup");
    good(&doorward.run(&["backup", file.to_str().unwrap()]));
    file
}

fn snapshots(data: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(data.join("snapshots")) else { return vec![] };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).filter(|path| path.extension().is_some()).collect();
    paths.sort();
    paths
}

#[test]
fn after_a_restore_people_and_apps_are_as_they_were_and_nothing_lives_that_could_have_been_revoked() {
    let mut site = site();
    let (client, key) = (site.client(), key(&site));
    let tokens = site.connect(&client);
    let elsewhere = Folder::new();
    let file = backup(&site, &elsewhere);
    let address = site.doorward.address;
    // A backup is made beside everything else, and disturbs nothing.
    assert_eq!((call(&site, "/mcp", &tokens.access).status, call(&site, "/mcp", &key).status), (200, 200));
    site.doorward.add_user("late", PASSWORD, &[]);
    let id = site.doorward.json(&["connection", "list"])[0]["id"].as_str().unwrap().to_owned();
    good(&site.doorward.run(&["connection", "revoke", &id]));
    assert!(refused(&site.doorward.run(&["restore", file.to_str().unwrap()])).contains("in use by another doorward"));
    assert!(site.doorward.stop().success());
    let said = good(&site.doorward.run(&["restore", file.to_str().unwrap()]));
    assert!(said.contains("Connections that have ended: 1, keys: 1.") && said.contains("/store.before-"), "{said}");
    site.doorward.start_again();
    assert_eq!(site.doorward.address, address);
    let names: Vec<String> =
        site.doorward.json(&["user", "list"]).as_array().unwrap().iter().map(|user| user["name"].as_str().unwrap().to_owned()).collect();
    assert_eq!(names, [OWNER]);
    for secret in [&tokens.access, &key] {
        assert_eq!(call(&site, "/mcp", secret).status, 401, "what was let in before is back");
    }
    assert_eq!(client.refresh(&site.doorward, &tokens.refresh, &[]).error(), (400, "invalid_grant".into()));
    assert_eq!(site.doorward.json(&["connection", "list"]), serde_json::json!([]));
    let log = good(&site.doorward.run(&["log", "--kind", "store_restored"]));
    assert!(log.contains("connections that have ended with it: 1, keys: 1"), "{log}");
    // The app is known, so it is one click.
    let again = client.connect(&site.doorward);
    assert_eq!(call(&site, "/mcp", &again.access).status, 200);
}

#[test]
fn who_moves_to_another_machine_may_keep_what_was_given() {
    let mut site = site();
    let (client, key) = (site.client(), key(&site));
    let tokens = site.connect(&client);
    let elsewhere = Folder::new();
    let file = backup(&site, &elsewhere);
    assert!(site.doorward.stop().success());
    let new = Folder::new();
    let said = good(&run_in(new.path(), &["restore", "--keep-access", file.to_str().unwrap()], ""));
    assert!(said.contains("Apps and keys go on"), "{said}");
    fs::copy(site.doorward.folder.path().join("doorward.toml"), new.path().join("doorward.toml")).unwrap();
    // Tokens are for the public URL, which stays.
    let setup = Setup { without_owner: true, ..Setup::upstream(site.upstream.address) };
    let moved = Doorward::on(new, setup.flag("--public-url", &site.doorward.origin()));
    for secret in [&tokens.access, &key] {
        assert_eq!(call(&moved, "/mcp", secret).status, 200);
    }
    assert_eq!(moved.json(&["connection", "list"]).as_array().unwrap().len(), 1);
}

#[test]
fn a_backup_is_whole_is_nobody_elses_and_says_what_it_is_on_either_way_out() {
    let mut doorward = Doorward::start();
    let elsewhere = Folder::new();
    for running in [true, false] {
        let file = backup(&doorward, &elsewhere);
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 1, "something was left behind");
        let done = doorward.run(&["backup", "-"]);
        assert!(text(&done.stderr).starts_with("Wrote the backup: "), "{}", text(&done.stderr));
        fs::write(&file, &done.stdout).unwrap();
        assert!(good(&doorward.run(&["restore", "--check", file.to_str().unwrap()])).contains("people: 1"));
        assert!(!text(&done.stdout).contains(PASSWORD));
        if running {
            assert!(doorward.stop().success());
        }
    }
    let nowhere = Folder::new();
    assert!(refused(&run_in(nowhere.path(), &["backup", "x"], "")).contains("there is no doorward in"));
}

#[test]
fn each_kind_of_damage_is_named_and_changes_nothing() {
    let mut doorward = Doorward::start();
    let elsewhere = Folder::new();
    let file = backup(&doorward, &elsewhere);
    assert!(doorward.stop().success());
    let whole = fs::read(&file).unwrap();
    let with = |at: usize, byte: u8| {
        let mut bytes = whole.clone();
        bytes[at] = byte;
        bytes
    };
    let damages = [
        (whole[..whole.len() - 1].to_vec(), "it was cut short: 1 bytes are missing"),
        (whole[..40].to_vec(), "it was cut short"),
        (vec![], "it was cut short"),
        ([&whole[..], b"xyz"].concat(), "3 bytes follow its end"),
        (with(whole.len() / 2, whole[whole.len() / 2] ^ 4), "the checksum differs"),
        (with(whole.len() - 1, whole[whole.len() - 1] ^ 1), "the checksum differs"),
        (with(18, 2), "a form that this version does not know (number 2)"),
        (with(0, b'D'), "it is no snapshot of doorward's"),
    ];
    let before: Vec<_> = fs::read_dir(doorward.folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    for (bytes, said) in damages {
        fs::write(&file, bytes).unwrap();
        for flags in [&["restore"][..], &["restore", "--check"]] {
            let error = refused(&doorward.run(&[flags, &[file.to_str().unwrap()]].concat()));
            assert!(error.contains(said), "{said}: {error}");
        }
    }
    let after: Vec<_> = fs::read_dir(doorward.folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(before, after);
    assert!(good(&doorward.run(&["user", "list"])).contains(OWNER));
}

/// Starts on `data` until it listens or ends; gives what it said to standard error, and ends it.
fn start_and_hear(data: &Path) -> String {
    let mut command = Command::new(program());
    command
        .args(["serve", "--listen", "127.0.0.1:0", "--data"])
        .arg(data)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut first = [0; 12];
    let _ = child.stdout.take().unwrap().read(&mut first);
    let _ = rustix::process::kill_process(rustix::process::Pid::from_child(&child), rustix::process::Signal::TERM);
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    child.wait().unwrap();
    said
}

#[test]
fn a_store_that_is_gone_or_torn_is_put_back_at_the_start_and_that_is_said_once() {
    type Loss<'l> = (&'l str, &'l dyn Fn(&Path));
    let losses: [Loss<'_>; 4] = [
        ("the folder was deleted", &|store| fs::remove_dir_all(store).unwrap()),
        ("the file was deleted", &|store| fs::remove_file(store.join("db")).unwrap()),
        ("the file was emptied", &|store| fs::write(store.join("db"), b"").unwrap()),
        ("the file holds something else", &|store| fs::write(store.join("db"), vec![0x5a; 60_000]).unwrap()),
    ];
    for (loss, lose) in losses {
        let mut doorward = Doorward::start();
        assert!(doorward.stop().success());
        let data = doorward.folder.path().to_path_buf();
        lose(&data.join("store"));
        // A command mends nothing by itself.
        let said = refused(&doorward.run(&["user", "list"]));
        assert!(said.contains("hint: start doorward"), "{loss}: {said}");
        let said = start_and_hear(&data);
        assert!(said.starts_with("warning: ") && said.contains("(just now) was put in its place"), "{loss}: {said}");
        assert!(!start_and_hear(&data).contains("put in its place"), "{loss}: put back twice");
        doorward.start_again();
        assert!(good(&doorward.run(&["user", "list"])).contains(OWNER), "{loss}");
        let mut browser = support::browser::Browser::new(doorward.address);
        let page = browser.get("/");
        assert_eq!(browser.sign_in(&page, OWNER, PASSWORD).status, 200, "{loss}");
        let overview = browser.get("/").text();
        assert!(overview.contains("The data was put back") && overview.contains("role=\"alert\""), "{loss}: {overview}");
    }
}

#[test]
fn a_flipped_bit_in_the_head_of_a_snapshot_brings_nothing_back_that_was_taken_away() {
    let mut site = site();
    let data = site.doorward.folder.path().to_path_buf();
    assert!(eventually(10, || snapshots(&data).len() == 1));
    site.doorward.add_user("bob", PASSWORD, &[]);
    assert!(site.doorward.stop().success());
    site.doorward.start_again();
    good(&site.doorward.run(&["user", "disable", "bob"]));
    let key = key(&site);
    site.doorward.kill();
    let oldest = snapshots(&data).remove(0);
    let mut bytes = fs::read(&oldest).unwrap();
    bytes[35 + 7] ^= 1 << 6;
    fs::write(&oldest, bytes).unwrap();
    let said = start_and_hear(&data);
    assert!(said.contains(&format!("the snapshot {} is damaged", oldest.display())), "{said}");
    assert!(!said.contains("put in its place"), "{said}");
    site.doorward.start_again();
    let users = site.doorward.json(&["user", "list"]);
    let bob = users.as_array().unwrap().iter().find(|user| user["name"] == "bob").unwrap();
    assert_eq!(bob["disabled"], true, "{bob}");
    assert_eq!(call(&site, "/mcp", &key).status, 200);
    let mut browser = support::browser::Browser::new(site.doorward.address);
    let page = browser.get("/");
    browser.sign_in(&page, OWNER, PASSWORD);
    assert!(!browser.get("/").text().contains("put back"));
}

#[test]
fn a_snapshot_is_taken_at_the_first_start_and_at_each_orderly_end() {
    let mut doorward = Doorward::start();
    let data = doorward.folder.path().to_path_buf();
    assert!(eventually(10, || snapshots(&data).len() == 1));
    let mut before = String::new();
    for _ in 0..7 {
        assert!(doorward.stop().success());
        let there = snapshots(&data);
        assert!(there.len() <= 5, "more than are kept");
        let newest = there.last().unwrap().to_str().unwrap().to_owned();
        assert_ne!(newest, before, "none was taken at the end");
        before.clone_from(&newest);
        assert!(good(&run_in(&data, &["restore", "--check", &newest], "")).contains("people: 1"));
        doorward.start_again();
    }
    assert!((5..=6).contains(&snapshots(&data).len()), "as many as are kept, and one that is being made");
    assert_eq!(fs::metadata(data.join("snapshots")).unwrap().permissions().mode() & 0o777, 0o700);
    for snapshot in snapshots(&data) {
        assert_eq!(fs::metadata(snapshot).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn kill_9_while_a_snapshot_is_written_leaves_no_half_of_one() {
    let mut doorward = Doorward::start();
    let data = doorward.folder.path().to_path_buf();
    let pid = |doorward: &Doorward| rustix::process::Pid::from_raw(doorward.id().cast_signed()).unwrap();
    for round in 0..12 {
        doorward.add_user(&format!("user{round}"), PASSWORD, &[]);
        rustix::process::kill_process(pid(&doorward), rustix::process::Signal::TERM).unwrap();
        thread::sleep(Duration::from_millis(round * 3));
        doorward.kill();
        for snapshot in snapshots(&data) {
            good(&run_in(&data, &["restore", "--check", snapshot.to_str().unwrap()], ""));
        }
        doorward.start_again();
        let users = doorward.json(&["user", "list"]).as_array().unwrap().len();
        assert_eq!(users, usize::try_from(round).unwrap() + 2, "an account that was answered is gone");
        assert!(!fs::read_dir(&data).unwrap().any(|entry| entry.unwrap().file_name().to_string_lossy().starts_with("store.before-")));
    }
}

/// As `cp -r` does it: what goes meanwhile is passed over, and sockets stay behind.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().flatten() {
        let Ok(kind) = entry.file_type() else { continue };
        let target = to.join(entry.file_name());
        if kind.is_dir() {
            copy(&entry.path(), &target);
        } else if kind.is_file()
            && let Err(error) = fs::copy(entry.path(), target)
        {
            assert_eq!(error.kind(), io::ErrorKind::NotFound);
        }
    }
}

/// Z7, from outside: whoever was answered before the copy was begun is known in it.
#[test]
fn a_copy_of_the_directory_while_it_is_in_use_starts_and_knows_who_was_answered() {
    let site = site();
    let registered: Mutex<Vec<(Client, Tokens)>> = Mutex::default();
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    let client = site.client();
                    let tokens = site.connect(&client);
                    registered.lock().unwrap().push((client, tokens));
                }
            });
        }
        let copies = || {
            let until = Instant::now() + Duration::from_secs(8);
            for round in 1.. {
                thread::sleep(Duration::from_millis(300));
                let answered: Vec<(Client, Tokens)> = registered.lock().unwrap().clone();
                let there = Folder::new();
                copy(site.doorward.folder.path(), there.path());
                let setup = Setup { without_owner: true, ..Setup::upstream(site.upstream.address) };
                let copied = Doorward::on(there, setup.flag("--public-url", &site.doorward.origin()));
                for (client, tokens) in answered.iter().rev().take(20) {
                    assert_eq!(call(&copied, "/mcp", &tokens.access).status, 200, "round {round}");
                    Tokens::of(&client.refresh(&copied, &tokens.refresh, &[]));
                }
                if Instant::now() > until {
                    return round;
                }
            }
            0
        };
        let rounds = std::panic::catch_unwind(std::panic::AssertUnwindSafe(copies));
        over.store(true, Ordering::Relaxed);
        assert!(rounds.unwrap() > 2);
    });
    assert_eq!(http::get(site.doorward.address, "/healthz").status, 200);
}
