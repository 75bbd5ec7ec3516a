//! Long answers: event by event, watched, counted, ended in time, and never held in memory.

use crate::client::Client;
use crate::fake::{EVENTS, json, stage};
use crate::house::House;
use doorward::clock;
use std::io::{ErrorKind, Read, Write};
use std::sync::mpsc;
use std::time::Duration;

/// An open event stream, its head read.
fn open(house: &House, token: &str) -> Client {
    let mut client = house.connect();
    client.get("/mcp", token, "Accept: text/event-stream\r\n");
    let head = client.head();
    assert_eq!((head.status, head.field("content-type")), (200, Some("text/event-stream")));
    assert_eq!((head.field("x-accel-buffering"), head.field("cache-control")), (Some("no"), Some("no-store")));
    client
}

#[test]
fn every_event_arrives_when_it_is_sent() {
    let house = House::open();
    let stage = stage(&house.upstream, EVENTS);
    let mut client = open(&house, &house.token());
    let delays = (0..8).map(|number| {
        let event = format!("data: {number}\n\n");
        let sent = clock::instant();
        stage.lines.send(event.clone().into_bytes()).unwrap();
        assert_eq!(client.chunk(), event);
        sent.elapsed()
    });
    let quickest = delays.min().unwrap();
    assert!(quickest < Duration::from_millis(50), "{quickest:?}");
    drop(stage.lines);
    assert_eq!(client.chunk(), "");
}

#[test]
fn a_stream_of_chunks_is_passed_on_too_and_the_connection_goes_on_after_it() {
    let house = House::open();
    let token = house.token();
    house.upstream.answers(
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n: a\n\r\n4\r\n: b\n\r\n0\r\n\r\n",
    );
    let mut client = house.connect();
    assert_eq!(client.post("/mcp", &token, "", "{}").answer().body, ": a\n: b\n");
    house.upstream.answers(json("{}"));
    assert_eq!(client.post("/mcp", &token, "", "{}").answer().body, "{}");
}

#[test]
fn a_client_that_leaves_takes_its_upstream_request_with_it() {
    let house = House::open();
    let token = house.token();
    let stage = stage(&house.upstream, EVENTS);
    let client = open(&house, &token);
    let left = clock::instant();
    drop(client);
    let hung_up = stage.hung_up.recv_timeout(Duration::from_secs(5)).unwrap();
    assert!(hung_up - left < Duration::from_secs(1));
}

#[test]
fn a_client_that_leaves_while_it_waits_for_an_answer_does_so_too() {
    let house = House::open();
    let token = house.token();
    let stage = stage(&house.upstream, b"");
    let mut client = house.connect();
    client.post("/mcp", &token, "", "{}");
    while house.upstream.seen().is_empty() {
        std::thread::sleep(Duration::from_millis(5));
    }
    let left = clock::instant();
    drop(client);
    let hung_up = stage.hung_up.recv_timeout(Duration::from_secs(5)).unwrap();
    assert!(hung_up - left < Duration::from_secs(1));
}

#[test]
fn a_stream_ends_with_its_token() {
    let house = House::open();
    let (kept, revoked) = (house.token(), house.token());
    let stage = stage(&house.upstream, EVENTS);
    let mut client = open(&house, &revoked);
    // It was judged once after it was opened; what counts is that it is judged again.
    std::thread::sleep(Duration::from_millis(400));
    house.revoke(&revoked);
    assert!(client.ended_after() < Duration::from_secs(2));
    assert!(stage.hung_up.recv_timeout(Duration::from_secs(2)).is_ok());
    drop(stage.lines);
    assert_eq!(house.connect().post("/mcp", &revoked, "", "{}").answer().status, 401);
    assert_eq!(house.connect().post("/notes", &kept, "", "{}").answer().status, 401);
}

#[test]
fn other_streams_go_on() {
    let house = House::open();
    let (kept, revoked) = (house.token(), house.token());
    let stage = stage(&house.upstream, EVENTS);
    let mut client = open(&house, &kept);
    house.revoke(&revoked);
    std::thread::sleep(Duration::from_millis(600));
    stage.lines.send(b"data: still here\n\n".to_vec()).unwrap();
    assert_eq!(client.chunk(), "data: still here\n\n");
}

#[test]
fn a_stream_ends_when_its_token_expires() {
    let house = House::open();
    let soon = clock::UnixTime(clock::now().0 + 2);
    let token = house.token_of("ann", "client_a", "/mcp", Some(soon));
    let _stage = stage(&house.upstream, EVENTS);
    let mut client = open(&house, &token);
    assert!(client.ended_after() < Duration::from_secs(4));
}

/// The answer to a call, as an event stream under way.
fn call(house: &House, token: &str) -> Client {
    let mut client = house.connect();
    client.post("/mcp", token, "", "{}");
    assert_eq!(client.head().field("content-type"), Some("text/event-stream"));
    client
}

#[test]
fn a_call_under_way_is_answered_although_its_token_expires() {
    let house = House::open();
    let soon = clock::UnixTime(clock::now().0 + 1);
    let token = house.token_of("ann", "client_a", "/mcp", Some(soon));
    let stage = stage(&house.upstream, EVENTS);
    let mut client = call(&house, &token);
    std::thread::sleep(Duration::from_millis(2600));
    assert_eq!(house.connect().post("/mcp", &token, "", "{}").answer().status, 401);
    stage.lines.send(b"data: done\n\n".to_vec()).unwrap();
    assert_eq!(client.chunk(), "data: done\n\n");
}

#[test]
fn a_connection_for_a_time_ends_what_listens_and_what_answers_alike() {
    let house = House::open();
    for answers in [false, true] {
        let token = house.token();
        let _stage = stage(&house.upstream, EVENTS);
        let mut client = if answers { call(&house, &token) } else { open(&house, &token) };
        // Set while the stream is open, and late enough that it was judged before.
        std::thread::sleep(Duration::from_millis(400));
        house.limit(&token, Some(2));
        assert!(client.ended_after() < Duration::from_secs(4), "{answers}");
        assert_eq!(house.connect().post("/mcp", &token, "", "{}").answer().status, 401);
    }
}

#[test]
fn an_end_that_was_put_off_cuts_nothing() {
    let house = House::open();
    let token = house.token();
    let stage = stage(&house.upstream, EVENTS);
    house.limit(&token, Some(2));
    let mut client = open(&house, &token);
    house.limit(&token, None);
    std::thread::sleep(Duration::from_millis(3000));
    stage.lines.send(b"data: still here\n\n".to_vec()).unwrap();
    assert_eq!(client.chunk(), "data: still here\n\n");
}

#[test]
fn a_call_under_way_ends_when_its_token_is_revoked() {
    let house = House::open();
    let token = house.token();
    let _stage = stage(&house.upstream, EVENTS);
    let mut client = call(&house, &token);
    house.revoke(&token);
    assert!(client.ended_after() < Duration::from_secs(2));
}

#[test]
fn a_stop_waits_for_the_answer_to_a_call() {
    let mut house = House::open();
    let token = house.token();
    let stage = stage(&house.upstream, EVENTS);
    let mut client = call(&house, &token);
    house.ask_to_stop();
    std::thread::sleep(Duration::from_millis(300));
    stage.lines.send(b"data: done\n\n".to_vec()).unwrap();
    assert_eq!(client.chunk(), "data: done\n\n");
    drop(stage.lines);
    assert_eq!(client.chunk(), "");
    house.wait_until_stopped();
}

#[test]
fn silence_is_filled_with_comments_between_events_only() {
    let house = House::with(|_, deadlines| deadlines.heartbeat = Duration::from_millis(100));
    let token = house.token();
    let stage = stage(&house.upstream, EVENTS);
    let mut client = open(&house, &token);
    assert_eq!((client.chunk(), client.chunk()), (":\n".into(), ":\n".into()));
    stage.lines.send(b"data: half".to_vec()).unwrap();
    while client.chunk() != "data: half" {}
    std::thread::sleep(Duration::from_millis(400));
    stage.lines.send(b" and half\n\n".to_vec()).unwrap();
    assert_eq!(client.chunk(), " and half\n\n");
    assert_eq!(client.chunk(), ":\n");
}

#[test]
fn compressed_or_counted_streams_are_left_alone() {
    for field in ["Content-Encoding: gzip", "Content-Length: 4"] {
        let head = format!("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n{field}\r\n\r\n");
        let house = House::with(|_, deadlines| deadlines.heartbeat = Duration::from_millis(50));
        let token = house.token();
        let stage = stage(&house.upstream, Box::leak(head.into_boxed_str()).as_bytes());
        let mut client = house.connect();
        client.get("/mcp", &token, "").head();
        std::thread::sleep(Duration::from_millis(250));
        stage.lines.send(b"abcd".to_vec()).unwrap();
        drop(stage.lines);
        let rest = client.until("abcd");
        assert!(rest == "abcd" || rest == "4\r\nabcd", "{rest:?}");
    }
}

#[test]
fn streams_are_counted_and_leave_room_for_everything_else() {
    let house = House::with(|config, _| config.limits.streams = 2);
    let token = house.token();
    let stage = stage(&house.upstream, EVENTS);
    let held = [open(&house, &token)];
    // The second upstream handler waits for the first one's script, which is of no matter: GETs are counted before.
    let mut second = house.connect();
    second.get("/mcp", &token, "");
    while house.upstream.seen().len() < 2 {
        std::thread::sleep(Duration::from_millis(5));
    }
    let refused = house.connect().get("/mcp", &token, "").answer();
    assert_eq!((refused.status, refused.field("retry-after")), (503, Some("5")));
    assert_eq!(house.upstream.seen().len(), 2);
    assert_eq!(house.connect().request("GET /x", "", "").answer().status, 200);
    // A POST that turns out to be answered by a stream has no place either.
    assert_eq!(house.connect().post("/mcp", &token, "", "{}").answer().status, 503);
    drop((held, second, stage));
    house.upstream.answers(json("{}"));
    let until = clock::instant() + Duration::from_secs(5);
    while house.connect().get("/mcp", &token, "").answer().status != 200 {
        assert!(clock::instant() < until, "the places were not given back");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_stop_lets_requests_finish_and_ends_streams() {
    let mut house = House::open();
    let token = house.token();
    let stage = stage(&house.upstream, EVENTS);
    let mut stream = open(&house, &token);
    let mut idle = house.connect();
    idle.request("GET /x", "", "").answer();
    let mut slow = house.connect();
    slow.request("GET /slow", "", "");
    std::thread::sleep(Duration::from_millis(100));
    house.ask_to_stop();
    let answer = slow.answer();
    assert_eq!((answer.status, answer.field("connection")), (200, Some("close")));
    assert!(idle.is_ended());
    stream.rest();
    house.wait_until_stopped();
    assert!(std::net::TcpStream::connect(house.address).is_err());
    drop(stage);
}

#[test]
fn content_is_taken_from_the_client_no_faster_than_the_upstream_takes_it() {
    let house = House::open();
    let token = house.token();
    let (go, wait) = mpsc::channel::<()>();
    let (tell, total) = mpsc::channel();
    let wait = std::sync::Mutex::new(wait);
    house.upstream.plays_early(move |stream, first| {
        let _ = wait.lock().unwrap().recv();
        let (mut piece, mut sum) = (vec![0; 1 << 20], first.split("\r\n\r\n").nth(1).unwrap().len());
        while sum < 64 << 20 {
            match stream.read(&mut piece) {
                Ok(0) | Err(_) => break,
                Ok(count) => sum += count,
            }
        }
        tell.send(sum).unwrap();
        let _ = stream.write_all(&json("{}"));
    });
    let mut client = house.connect();
    client.request(
        "POST /mcp",
        &format!("Authorization: Bearer {token}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n", 64 << 20),
        "",
    );
    let (piece, mut sent) = (vec![b' '; 1 << 20], 0);
    client.stream.set_write_timeout(Some(Duration::from_millis(300))).unwrap();
    let stalled = loop {
        match client.stream.write(&piece[..piece.len().min((64 << 20) - sent)]) {
            Ok(0) => break false,
            Ok(count) => sent += count,
            Err(error) => break matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
        }
    };
    // What the systems' socket buffers hold on four sides is theirs; the rest would have been ours.
    assert!(stalled && sent < 32 << 20, "{sent} bytes went in while nobody read");
    client.stream.set_write_timeout(Some(Duration::from_secs(10))).unwrap();
    go.send(()).unwrap();
    while sent < 64 << 20 {
        sent += client.stream.write(&piece[..piece.len().min((64 << 20) - sent)]).unwrap();
    }
    assert_eq!(client.answer().body, "{}");
    assert_eq!(total.recv().unwrap(), 64 << 20);
}

#[test]
fn a_client_that_does_not_read_is_cut_and_not_waited_for_in_memory() {
    let house = House::with(|_, deadlines| deadlines.write_stall = Duration::from_millis(200));
    let token = house.token();
    let (tell, total) = mpsc::channel();
    house.upstream.plays(move |stream, _| {
        let _ = stream.write_all(EVENTS);
        let (piece, mut sum) = (vec![b'\n'; 1 << 20], 0);
        while sum < 256 << 20 {
            match stream.write(&piece) {
                Ok(0) | Err(_) => break,
                Ok(count) => sum += count,
            }
        }
        tell.send(sum).unwrap();
    });
    let mut client = house.connect();
    client.get("/mcp", &token, "");
    let written = total.recv_timeout(Duration::from_secs(10)).unwrap();
    assert!(written < 64 << 20, "{written} bytes were taken for a client that read nothing");
}

#[test]
fn content_beyond_the_limit_is_refused_when_announced_and_when_it_comes() {
    let house = House::open();
    let token = house.token();
    let fields = format!("Authorization: Bearer {token}\r\nContent-Type: application/json\r\n");
    let mut client = house.connect();
    client.request("POST /mcp", &format!("{fields}Content-Length: {}\r\n", (64 << 20) + 1), "");
    assert_eq!(client.answer().status, 413);
    assert!(house.upstream.seen().is_empty());
    house.upstream.plays_early(|stream, _| {
        let _ = std::io::copy(stream, &mut std::io::sink());
    });
    let mut client = house.connect();
    client.request("POST /mcp", &format!("{fields}Transfer-Encoding: chunked\r\n"), "");
    let chunk = format!("100000\r\n{}\r\n", " ".repeat(1 << 20));
    for _ in 0..66 {
        client.try_send(&chunk);
    }
    assert_eq!(client.answer().status, 413);
}

#[test]
fn content_that_stalls_is_given_up() {
    let house = House::with(|_, deadlines| deadlines.body_stall = Duration::from_millis(100));
    let token = house.token();
    let mut client = house.connect();
    client.request(
        "POST /mcp",
        &format!("Authorization: Bearer {token}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n"),
        "{",
    );
    assert_eq!(client.answer().status, 408);
    assert!(client.is_ended());
}
