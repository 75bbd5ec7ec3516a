//! The figures of the README, measured. Not part of a test run, since a figure cannot fail:
//!
//! ```text
//! cargo test --release --test figures -- --ignored --nocapture
//! ```
#![allow(missing_docs, clippy::disallowed_methods, clippy::print_stdout, reason = "a program that measures and prints")]

mod support;

use doorward::clock::UnixTime;
use doorward::oauth::ids::UserId;
use doorward::oauth::secret::{Entropy, ServerKey};
use doorward::store::Store;
use doorward::store::record::{self, Instance, NameOwner, Record};
use doorward::store::restore::Access;
use doorward::store::snapshot::format::{self, Header, InstanceId};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};
use support::browser::Browser;
use support::client::{Client, Tokens};
use support::upstream::Upstream;
use support::{Doorward, OWNER, PASSWORD, Setup, http};

const FOR: Duration = Duration::from_secs(3);
const CLIENTS: usize = 8;

/// Requests per second on kept-open connections: the same bytes over and over, answers of one known size.
fn rate(doorward: &Doorward, request: &str, status: &str) -> f64 {
    let done = Arc::new(AtomicU64::new(0));
    let until = Instant::now() + FOR;
    let threads: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let (done, request, address, status) = (Arc::clone(&done), request.to_owned(), doorward.address, status.to_owned());
            thread::spawn(move || {
                let mut stream = http::connect(address);
                let mut buffer = [0; 8192];
                while Instant::now() < until {
                    stream.write_all(request.as_bytes()).unwrap();
                    let mut got = 0;
                    while !whole(&buffer[..got]) {
                        got += stream.read(&mut buffer[got..]).unwrap();
                    }
                    assert!(buffer.starts_with(status.as_bytes()), "{}", String::from_utf8_lossy(&buffer[..got]));
                    done.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    done.load(Ordering::Relaxed) as f64 / FOR.as_secs_f64()
}

/// True once the head and as much body as it announces are there.
fn whole(bytes: &[u8]) -> bool {
    let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else { return false };
    let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
    let length = head.split("content-length: ").nth(1).map_or(0, |rest| rest.split("\r\n").next().unwrap().parse().unwrap());
    bytes.len() >= end + 4 + length
}

fn resident_kib(doorward: &Doorward) -> u64 {
    resident_kib_of(doorward.id())
}

fn resident_kib_of(process: u32) -> u64 {
    status_kib(process, "VmRSS")
}

fn status_kib(process: u32, name: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

fn metric(doorward: &Doorward, name: &str) -> u64 {
    let text = http::get(doorward.address, "/metrics").text();
    text.lines().find_map(|line| line.strip_prefix(&format!("{name} "))).unwrap().parse().unwrap()
}

fn report(what: &str, figure: impl AsRef<str>) {
    println!("{what:<64} {}", figure.as_ref());
}

#[test]
#[ignore = "measures; run it by name"]
fn figures() {
    start_up();
    checks();
    exchanges();
    streams();
    snapshots();
    size();
}

fn start_up() {
    let mut times: Vec<f64> = (0..7)
        .map(|_| {
            let from = Instant::now();
            let doorward = Doorward::with(Setup { without_owner: true, ..Setup::default() });
            assert_eq!(http::get(doorward.address, "/healthz").status, 200);
            from.elapsed().as_secs_f64() * 1000.0
        })
        .collect();
    times.sort_by(f64::total_cmp);
    report("start on an empty data directory to the first 200, median of 7", format!("{:.0} ms", times[3]));
}

fn checks() {
    let upstream = Upstream::json();
    // Counted as always, and never too many.
    let counted = Setup { config: Some("[limits]\ncalls_per_minute = 10000000\n".into()), ..Setup::upstream(upstream.address) };
    let doorward = Doorward::with(counted.limited());
    report("resident memory, idle", format!("{:.1} MiB", resident_kib(&doorward) as f64 / 1024.0));
    let token = Client::register(&doorward).connect(&doorward).access;
    let host = doorward.address;
    let null = format!("OPTIONS /mcp HTTP/1.1\r\nHost: {host}\r\n\r\n");
    let check = format!("GET /auth/check/mcp HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n\r\n");
    let refused = format!("GET /auth/check/mcp HTTP/1.1\r\nHost: {host}\r\n\r\n");
    let null = rate(&doorward, &null, "HTTP/1.1 204");
    let check = rate(&doorward, &check, "HTTP/1.1 200");
    let refused = rate(&doorward, &refused, "HTTP/1.1 401");
    report("null answer of the door (a preflight), 8 connections", format!("{null:.0}/s"));
    report("bearer check through the door", format!("{check:.0}/s, {:.2} of the null answer", check / null));
    report("refusal without a token", format!("{refused:.0}/s, {:.2} of the null answer", refused / null));
}

fn exchanges() {
    let doorward = Doorward::start();
    let client = Client::register(&doorward);
    let mut browser = Browser::new(doorward.address);
    let count = 400;
    let codes: Vec<String> =
        (0..count).map(|_| http::parameter(&client.approve_as(&mut browser, OWNER, PASSWORD, &[]), "code").unwrap()).collect();
    let (commits, syncs) = (metric(&doorward, "doorward_commits_total"), metric(&doorward, "doorward_syncs_total"));
    let from = Instant::now();
    thread::scope(|scope| {
        for codes in codes.chunks(count / 16) {
            let (client, doorward) = (&client, &doorward);
            scope.spawn(move || codes.iter().for_each(|code| drop(Tokens::of(&client.redeem(doorward, code, &[])))));
        }
    });
    let seconds = from.elapsed().as_secs_f64();
    let commits = metric(&doorward, "doorward_commits_total") - commits;
    let syncs = metric(&doorward, "doorward_syncs_total") - syncs;
    report("code to token, each on disk before its answer, 16 at once", format!("{:.0}/s", count as f64 / seconds));
    report(
        "of these sharing one fdatasync, on average",
        format!("{:.1} ({commits} commits, {syncs} syncs)", commits as f64 / syncs as f64),
    );
}

fn streams() {
    const OPEN: usize = 1000;
    let upstream = Upstream::with(|_, stream| {
        let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n: hello\n\n";
        let _ = stream.write_all(head.as_bytes());
        thread::sleep(Duration::from_secs(120));
    });
    let doorward = Doorward::with(Setup::upstream(upstream.address));
    let token = Client::register(&doorward).connect(&doorward).access;
    thread::sleep(Duration::from_millis(500));
    let before = resident_kib(&doorward);
    let request =
        format!("GET /mcp HTTP/1.1\r\nHost: {}\r\nAccept: text/event-stream\r\nAuthorization: Bearer {token}\r\n\r\n", doorward.address);
    let open: Vec<TcpStream> = (0..OPEN)
        .map(|_| {
            let mut stream = http::connect(doorward.address);
            stream.write_all(request.as_bytes()).unwrap();
            let mut got = Vec::new();
            while !got.windows(7).any(|window| window == b": hello") {
                let mut piece = [0; 2048];
                let count = stream.read(&mut piece).unwrap();
                assert!(count > 0, "{}", String::from_utf8_lossy(&got));
                got.extend_from_slice(&piece[..count]);
            }
            stream
        })
        .collect();
    let after = resident_kib(&doorward);
    report("resident memory with 1,000 idle streams", format!("{:.1} MiB", after as f64 / 1024.0));
    report("of that for one stream", format!("{:.1} KiB", (after - before) as f64 / OPEN as f64));
    let from = Instant::now();
    assert_eq!(http::post_form(doorward.address, "/token", &[("grant_type", "x")], &[]).status, 400);
    report("an answer of /token meanwhile", format!("{:.1} ms", from.elapsed().as_secs_f64() * 1000.0));
    drop(open);
}

/// A hundred times what a home has.
fn snapshots() {
    const RECORDS: u32 = 100_000;
    let at = UnixTime(1_700_000_000);
    let key = ServerKey::new(&Entropy::new([3; 32]));
    let header = Header { instance: InstanceId::of(&key), number: 1, taken_at: at, records: 0 };
    let first = (vec![Instance::TABLE as u8], record::encode(&Instance { key, claimed: true, created_at: at }).unwrap());
    let owner = record::encode(&NameOwner(UserId::known_as(&"x".repeat(180)))).unwrap();
    let others = (0..RECORDS).map(|number| ([&[NameOwner::TABLE as u8][..], &number.to_be_bytes(), &[7; 28]].concat(), owner.clone()));
    let bytes = format::encode(header, &[first].into_iter().chain(others).collect::<Vec<_>>());
    let folder = support::Folder::new();
    let from = Instant::now();
    Store::restore(folder.path(), &format::parse(&bytes).unwrap(), Access::End, at).unwrap();
    report("restore of 100,000 records", milliseconds(from));
    drop(bytes);
    let from = Instant::now();
    let store = Store::open(folder.path(), &Entropy::new([1; 32]), at).unwrap();
    report("open of a store of 100,000 records, each read once", milliseconds(from));
    let mut held: Vec<f64> = (0..7).map(|_| store.snapshot(at).unwrap().held.as_secs_f64() * 1000.0).collect();
    held.sort_by(f64::total_cmp);
    report("of a snapshot of it, during which decisions wait, median of 7", format!("{:.0} ms", held[3]));
    let before = resident_kib_of(std::process::id());
    let from = Instant::now();
    store.keep_snapshot(at).unwrap();
    report("a snapshot of it on disk, read back and checked", milliseconds(from));
    let peak = status_kib(std::process::id(), "VmHWM");
    report(
        "resident memory before it, and at most since the restore began",
        format!("{:.0} and {:.0} MiB", before as f64 / 1024.0, peak as f64 / 1024.0),
    );
}

fn milliseconds(from: Instant) -> String {
    format!("{:.0} ms", from.elapsed().as_secs_f64() * 1000.0)
}

fn size() {
    let bytes = std::fs::metadata(support::program()).unwrap().len();
    report("size of the program", format!("{:.2} MB", bytes as f64 / 1e6));
    let tree = Command::new(env!("CARGO")).args(["tree", "--edges", "normal", "--prefix", "none", "--locked"]).output().unwrap();
    let tree = String::from_utf8(tree.stdout).unwrap();
    let mut crates: Vec<&str> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
    crates.sort_unstable();
    crates.dedup();
    report("crates in the program, this one included", format!("{}", crates.len()));
}
