//! What the doctor's requests bring, and that they bring it to nobody else.

use crate::house::{House, loopback_is_a_proxy};
use doorward::clock::{self, UnixTime};
use doorward::oauth::probe::{STREAM_PAUSE, proof, ticket};
use std::time::Duration;

const STREAM: &str = "Accept: text/event-stream\r\nContent-Type: application/json\r\nContent-Length: 2\r\n";

fn with_ticket(house: &House, now: UnixTime) -> (String, Option<String>) {
    let ticket = ticket(house.store.key(), [5; 16], now);
    let proof = proof(house.store.key(), &ticket, clock::now());
    (format!("X-Doorward-Probe: {ticket}\r\n"), proof)
}

#[test]
fn every_answer_of_ours_carries_the_proof_whatever_it_is() {
    let house = House::open();
    let (field, proof) = with_ticket(&house, clock::now());
    for (line, status) in
        [("GET /.well-known/x", 200), ("POST /mcp", 401), ("GET /notes/", 401), ("OPTIONS /mcp", 204), ("GET /auth/check", 403)]
    {
        let answer = house.connect().request(line, &format!("{field}Content-Length: 0\r\n"), "").answer();
        assert_eq!((answer.status, answer.all("x-doorward-proof")), (status, vec![proof.as_deref().unwrap()]), "{line}");
    }
    let foreign = house.connect().send(format!("GET /mcp HTTP/1.1\r\nHost: other.test\r\n{field}\r\n")).answer();
    assert_eq!((foreign.status, foreign.field("x-doorward-proof")), (421, proof.as_deref()));
}

#[test]
fn without_a_good_ticket_there_is_neither_proof_nor_stream() {
    let house = House::open();
    let (good, _) = with_ticket(&house, clock::now());
    let expired = with_ticket(&house, UnixTime(clock::now().0 - 601)).0;
    let of_another = format!(
        "X-Doorward-Probe: {}\r\n",
        ticket(&doorward::oauth::secret::ServerKey::new(&doorward::oauth::secret::Entropy::new([8; 32])), [5; 16], clock::now())
    );
    for fields in [String::new(), expired, of_another, good.repeat(2), "X-Doorward-Probe: \r\n".into(), "X-Doorward-Probe: AAAA\r\n".into()]
    {
        let answer = house.connect().request("POST /mcp", &format!("{fields}{STREAM}"), "{}").answer();
        assert_eq!((answer.status, answer.field("x-doorward-proof")), (401, None), "{fields}");
    }
    assert_eq!(house.upstream.seen().len() + house.other.seen().len(), 0);
}

#[test]
fn the_ticket_goes_no_further_than_the_door() {
    let house = House::open();
    let (field, _) = with_ticket(&house, clock::now());
    let token = house.token();
    let answer = house.connect().post("/mcp", &token, &field, "{}").answer();
    assert_eq!((answer.status, answer.field("x-doorward-proof")), (200, None));
    assert!(!house.upstream.only().to_ascii_lowercase().contains("x-doorward-probe"));
    assert!(!house.connect().request("GET /x", &field, "").answer().body.to_ascii_lowercase().contains("x-doorward-probe"));
}

#[test]
fn the_stream_pauses_between_its_two_events_and_troubles_nobody_behind_the_door() {
    let house = House::open();
    let (field, proof) = with_ticket(&house, clock::now());
    let mut client = house.connect();
    let before = clock::instant();
    client.request("POST /mcp", &format!("{field}{STREAM}"), "{}");
    let head = client.head();
    assert_eq!((head.status, head.field("x-doorward-proof")), (200, proof.as_deref()));
    assert_eq!((head.field("content-type"), head.field("x-accel-buffering")), (Some("text/event-stream"), Some("no")));
    let first = client.chunk();
    assert!(before.elapsed() < Duration::from_millis(700));
    assert!(
        first.starts_with("event: first\ndata: {") && first.contains("\"forwarded\":false") && first.contains("\"trusted\":false"),
        "{first}"
    );
    assert_eq!((client.chunk().as_str(), client.chunk().as_str()), ("event: second\ndata: {}\n\n", ""));
    assert!(before.elapsed() >= STREAM_PAUSE);
    assert!(client.is_ended());
    assert!(house.upstream.seen().is_empty());
}

#[test]
fn only_a_post_to_a_server_that_wants_events_alone_opens_the_stream() {
    let house = House::open();
    let (field, _) = with_ticket(&house, clock::now());
    for (line, fields) in [
        ("GET /mcp", "Accept: text/event-stream\r\n"),
        ("HEAD /mcp", "Accept: text/event-stream\r\n"),
        ("POST /mcp", "Accept: application/json, text/event-stream\r\nContent-Length: 0\r\n"),
        ("POST /auth/check/mcp", "Accept: text/event-stream\r\nContent-Length: 0\r\n"),
    ] {
        let mut client = house.connect();
        client.request(line, &format!("{field}{fields}"), "");
        assert_eq!(client.head().status, 401, "{line}");
    }
    let too_much =
        house.connect().request("POST /mcp", &format!("{field}Accept: text/event-stream\r\nContent-Length: 5000\r\n"), "").answer();
    assert_eq!(too_much.status, 413);
}

#[test]
fn the_stream_says_whether_a_proxy_spoke_and_was_believed() {
    for believed in [false, true] {
        let house = House::with(|config, _| {
            if believed {
                loopback_is_a_proxy(config)
            }
        });
        let (field, _) = with_ticket(&house, clock::now());
        let mut client = house.connect();
        client.request("POST /mcp", &format!("{field}{STREAM}X-Forwarded-For: 203.0.113.7\r\n"), "{}");
        client.head();
        let first = client.chunk();
        assert!(first.contains("\"forwarded\":true") && first.contains(&format!("\"trusted\":{believed}")), "{first}");
        assert!(first.contains("\"peer\":\"127.0.0.1\""), "{first}");
    }
}

#[test]
fn a_client_of_the_old_version_gets_the_stream_unframed() {
    let house = House::open();
    let (field, _) = with_ticket(&house, clock::now());
    let mut client = house.connect();
    client.send(format!("POST /mcp HTTP/1.0\r\nHost: mcp.example.com\r\n{field}{STREAM}\r\n{{}}"));
    assert_eq!(client.head().field("transfer-encoding"), None);
    assert!(client.rest().ends_with("}\n\nevent: second\ndata: {}\n\n"));
}
