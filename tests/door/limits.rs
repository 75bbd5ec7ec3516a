//! Many peers at once, and a system that has nothing left to give.

use crate::client::Client;
use crate::house::House;
use doorward::clock;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, Stdio};
use std::time::Duration;

#[test]
fn slow_heads_delay_nobody_and_are_cleared_away() {
    let house = House::with(|_, deadlines| deadlines.head = Duration::from_secs(2));
    let mut slow: Vec<Client> = (0..300).map(|_| house.connect()).collect();
    for client in &mut slow {
        client.send("G");
    }
    let start = clock::instant();
    assert_eq!(house.connect().request("GET /x", "", "").answer().status, 200);
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
    // One more byte does not buy more time.
    for client in &mut slow {
        client.send("E");
    }
    for client in &mut slow {
        assert_eq!(client.answer().status, 408);
    }
    assert!(start.elapsed() < Duration::from_secs(8));
}

#[test]
fn one_address_has_so_many_places_and_gets_them_back() {
    let house = House::with(|config, _| config.limits.connections_per_address = Some(3));
    let mut held: Vec<Client> = (0..3).map(|_| house.connect()).collect();
    for client in &mut held {
        assert_eq!(client.request("GET /x", "", "").answer().status, 200);
    }
    let refused = house.connect().answer();
    assert_eq!((refused.status, refused.field("retry-after")), (503, Some("5")));
    held.clear();
    until_served(house.address);
}

#[test]
fn all_have_so_many_places_and_idle_ones_make_room_when_they_are_scarce() {
    let house = House::with(|config, deadlines| {
        config.limits.connections = 4;
        deadlines.idle_when_crowded = Duration::from_millis(200);
    });
    let mut held: Vec<Client> = (0..4).map(|_| house.connect()).collect();
    for client in &mut held {
        assert_eq!(client.request("GET /x", "", "").answer().status, 200);
    }
    assert_eq!(house.connect().answer().status, 503);
    // Nobody leaves of their own will.
    until_served(house.address);
}

#[test]
fn resets_at_any_moment_do_no_harm() {
    let house = House::open();
    let token = house.token();
    for round in 0..200 {
        let mut client = house.connect();
        match round % 4 {
            0 => {}
            1 => drop(client.try_send("GET /x HTTP/1.1\r\nHo")),
            2 => drop(client.request("GET /x", "", "")),
            _ => drop(client.post("/mcp", &token, "", "{}")),
        }
        // A close over unread bytes, and one that does not linger, is a reset.
        socket2::SockRef::from(&client.stream).set_linger(Some(Duration::ZERO)).unwrap();
    }
    until_served(house.address);
    assert_eq!(house.connect().post("/mcp", &token, "", "{}").answer().status, 200);
}

/// Asks until there is an answer, for a few seconds.
fn until_served(address: SocketAddr) {
    let until = clock::instant() + Duration::from_secs(8);
    while Client::connect(address).try_send("GET /x HTTP/1.1\r\nHost: mcp.example.com\r\n\r\n").answer().status != 200 {
        assert!(clock::instant() < until, "nobody was served again");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn running_out_of_descriptors_is_survived() {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "limits::child_with_few_descriptors", "--ignored", "--nocapture"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let address: SocketAddr = lines.find_map(|line| line.unwrap().rsplit_once("listening ")?.1.parse().ok()).unwrap();
    // Far more than it has descriptors for; those it cannot accept wait in the system's queue.
    let crowd: Vec<TcpStream> = (0..100).map(|_| TcpStream::connect(address).unwrap()).collect();
    std::thread::sleep(Duration::from_millis(400));
    drop(crowd);
    until_served(address);
    child.stdin.take().unwrap().write_all(b"\n").unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    let log = String::from_utf8(output.stderr).unwrap();
    assert!(log.contains("could not be accepted"), "it was never short of descriptors: {log}");
    assert!(log.lines().count() < 50, "{log}");
}

#[test]
#[ignore = "the child of the test above"]
fn child_with_few_descriptors() {
    let house = House::open();
    let taken = std::fs::read_dir("/dev/fd").unwrap().count() as u64;
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: Some(taken + 12), ..limit }).unwrap();
    writeln!(std::io::stdout(), "listening {}", house.address).unwrap();
    std::io::stdin().read_line(&mut String::new()).unwrap();
}
