//! Figures, not checks: `cargo test --release --test door figures -- --ignored --nocapture --test-threads 1`. The door
//! runs in a process of its own, so that what it needs is not mixed with what the measuring needs.

use crate::client::Client;
use crate::fake::{EVENTS, Upstream};
use crate::house::House;
use doorward::clock;
use std::io::{BufRead, BufReader, Lines, Read, Write};
use std::net::SocketAddr;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

/// A door in another process.
struct Measured {
    child: Child,
    /// Held open, since the child says more at its end.
    _said: Lines<BufReader<ChildStdout>>,
    address: SocketAddr,
    token: String,
}

impl Measured {
    fn start(upstream: &Upstream) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "figures::child_to_be_measured", "--ignored", "--nocapture"])
            .env("UPSTREAM_PORT", upstream.port.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = said.by_ref().map_while(Result::ok).find(|line| line.contains("listening ")).unwrap();
        let mut words = line.rsplit_once("listening ").unwrap().1.split(' ');
        let address = words.next().unwrap().parse().unwrap();
        let token = words.next().unwrap().to_owned();
        Self { child, _said: said, address, token }
    }

    fn resident_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }
}

impl Drop for Measured {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

#[test]
#[ignore = "the child of the measurements"]
fn child_to_be_measured() {
    let port = std::env::var("UPSTREAM_PORT").unwrap().parse().unwrap();
    let house = House::with(|config, _| config.servers = vec![crate::house::server("/mcp", port)]);
    writeln!(std::io::stdout(), "listening {} {}", house.address, house.token()).unwrap();
    std::io::stdin().read_line(&mut String::new()).unwrap();
}

#[test]
#[ignore = "prints a figure"]
fn memory_of_idle_streams() {
    const STREAMS: u64 = 1000;
    let upstream = Upstream::start();
    upstream.plays(|stream, _| {
        let _ = stream.write_all(EVENTS).and(stream.write_all(b": hello\n\n"));
        let _ = stream.read(&mut [0]);
    });
    let door = Measured::start(&upstream);
    let idle = door.resident_kib();
    let streams: Vec<Client> = (0..STREAMS)
        .map(|_| {
            let mut client = Client::connect(door.address);
            client.get("/mcp", &door.token, "").head();
            client.chunk();
            client
        })
        .collect();
    let full = door.resident_kib();
    let each = (full - idle) as f64 / STREAMS as f64;
    writeln!(std::io::stdout(), "resident: {idle} KiB idle, {full} KiB with {STREAMS} idle streams, {each:.1} KiB each").unwrap();
    drop(streams);
}

#[test]
#[ignore = "prints a figure"]
fn requests_in_a_second() {
    let upstream = Upstream::start();
    let door = Measured::start(&upstream);
    let null = "OPTIONS /mcp HTTP/1.1\r\nHost: mcp.example.com\r\n\r\n".to_owned();
    let check = format!("GET /auth/check/mcp HTTP/1.1\r\nHost: mcp.example.com\r\nAuthorization: Bearer {}\r\n\r\n", door.token);
    let app = "GET /x HTTP/1.1\r\nHost: mcp.example.com\r\n\r\n".to_owned();
    for (name, request) in
        [("null answer", &null), ("bearer check", &check), ("app", &app), ("null answer", &null), ("bearer check", &check)]
    {
        let total: usize = std::thread::scope(|scope| {
            let clients: Vec<_> = (0..16).map(|_| scope.spawn(|| count(door.address, request))).collect();
            clients.into_iter().map(|client| client.join().unwrap()).sum()
        });
        writeln!(std::io::stdout(), "{name}: {} a second over 16 connections", total / 2).unwrap();
    }
}

/// How many requests one connection gets answered in two seconds.
fn count(address: SocketAddr, request: &str) -> usize {
    let mut client = Client::connect(address);
    let until = clock::instant() + Duration::from_secs(2);
    let mut done = 0;
    while clock::instant() < until {
        for _ in 0..50 {
            client.send(request).answer();
        }
        done += 50;
    }
    done
}
