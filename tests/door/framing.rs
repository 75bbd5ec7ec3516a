//! Where one request ends and the next begins: one reading, or none.

use crate::client::Client;
use crate::fake::json;
use crate::house::House;
use std::time::Duration;

/// Sends raw bytes on a fresh connection; the status of the answer, after which the connection must end.
fn refused(house: &House, bytes: &str) -> u16 {
    let mut client = house.connect();
    client.try_send(bytes);
    let answer = client.answer();
    assert!(client.is_ended(), "{bytes:?} left the connection open");
    assert!(answer.body.starts_with("{\"error\":"), "{bytes:?} was answered {}", answer.body);
    answer.status
}

#[test]
fn what_could_be_read_in_two_ways_is_refused_and_reaches_nobody() {
    let house = House::open();
    let token = house.token();
    let post =
        format!("POST /mcp HTTP/1.1\r\nHost: mcp.example.com\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n");
    for (fields, status) in [
        ("Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", 400),
        ("Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello", 400),
        ("Content-Length: 0\r\nContent-Length: 44\r\n\r\nGET /mcp/smuggled HTTP/1.1\r\nHost: a.test\r\n\r\n", 400),
        ("Content-Length: 5, 5\r\n\r\nhello", 400),
        ("Content-Length: +5\r\n\r\nhello", 400),
        ("Content-Length: -5\r\n\r\nhello", 400),
        ("Content-Length: 0x5\r\n\r\nhello", 400),
        ("Content-Length: 18446744073709551616\r\n\r\nhello", 400),
        ("Content-Length:\r\n\r\nhello", 400),
        ("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        ("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", 400),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        ("Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", 501),
        ("Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 501),
        ("Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n", 400),
        ("Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", 400),
        ("X: y\r\n Content-Length: 5\r\n\r\nhello", 400),
        ("X: y\nContent-Length: 5\r\n\r\nhello", 400),
        ("X: y\rContent-Length: 5\r\n\r\nhello", 400),
        ("X: \0\r\n\r\n", 400),
        ("X: \u{e9}\r\n\r\n", 400),
        ("Host: mcp.example.com\r\n\r\n", 400),
        ("Expect: 200-ok\r\nContent-Length: 5\r\n\r\nhello", 417),
        ("MCP-Protocol-Version: 2025-06-18\r\nMCP-Protocol-Version: 2025-03-26\r\n\r\n", 400),
        ("Origin: https://app.test\r\nOrigin: https://app.test\r\n\r\n", 400),
    ] {
        assert_eq!(refused(&house, &format!("{post}{fields}")), status, "{fields:?}");
    }
    assert!(house.upstream.seen().is_empty());
}

#[test]
fn request_lines_that_are_none_are_refused() {
    let house = House::open();
    for (line, status) in [
        ("GET / HTTP/2.0", 505),
        ("GET / HTTP/0.9", 505),
        ("GET / HTTP/1.2", 505),
        ("GET /", 400),
        ("GET  / HTTP/1.1", 400),
        ("GET\t/ HTTP/1.1", 400),
        ("g@t / HTTP/1.1", 400),
        ("get / HTTP/1.1", 501),
        ("patch / HTTP/1.1", 501),
        ("TRACE / HTTP/1.1", 405),
        ("CONNECT mcp.example.com:443 HTTP/1.1", 405),
        ("OPTIONS * HTTP/1.1", 400),
        ("GET http://10.0.0.1/ HTTP/1.1", 400),
        ("GET /a/../mcp HTTP/1.1", 400),
        ("GET /mcp/%2e%2e/x HTTP/1.1", 400),
        ("GET /mcp/..%2fx HTTP/1.1", 400),
        ("GET /mcp;x HTTP/1.1", 400),
        ("GET //mcp HTTP/1.1", 400),
        ("GET /\\mcp HTTP/1.1", 400),
        ("GET /mcp/%00 HTTP/1.1", 400),
    ] {
        assert_eq!(refused(&house, &format!("{line}\r\nHost: mcp.example.com\r\n\r\n")), status, "{line:?}");
    }
    for head in [
        "GET / HTTP/1.0\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n",
        "\x16\x03\x01\r\n\r\n",
        "\r\n\r\n",
        "GET / HTTP/1.1\nHost: a\n\n",
    ] {
        assert_eq!(refused(&house, head), 400, "{head:?}");
    }
    assert_eq!(refused(&house, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 505);
}

#[test]
fn the_size_of_a_head_is_bounded() {
    let house = House::open();
    let long = "x".repeat(20_000);
    assert_eq!(refused(&house, &format!("GET /?{long} HTTP/1.1\r\nHost: mcp.example.com\r\n\r\n")), 414);
    assert_eq!(refused(&house, &format!("GET /{} HTTP/1.1\r\nHost: mcp.example.com\r\n\r\n", &long[..3000])), 414);
    assert_eq!(refused(&house, &format!("GET / HTTP/1.1\r\nHost: mcp.example.com\r\nX: {long}\r\n\r\n")), 431);
    assert_eq!(refused(&house, &format!("GET / HTTP/1.1\r\nHost: mcp.example.com\r\n{}\r\n", "X: y\r\n".repeat(100))), 431);
}

#[test]
fn a_head_may_come_byte_by_byte() {
    let house = House::open();
    let mut client = house.connect();
    for byte in b"GET /x HTTP/1.1\r\nHost: mcp.example.com\r\n\r\n" {
        client.send([*byte]);
    }
    assert_eq!(client.answer().status, 200);
}

#[test]
fn a_head_that_does_not_come_is_given_up() {
    let house = House::with(|_, deadlines| deadlines.head = Duration::from_millis(100));
    let mut client = house.connect();
    client.send("GET /x HTT");
    assert_eq!(client.answer().status, 408);
    assert!(client.is_ended());
}

#[test]
fn a_silent_connection_is_ended_without_a_word() {
    let house = House::with(|_, deadlines| deadlines.idle = Duration::from_millis(100));
    assert!(house.connect().is_ended());
    let mut client = house.connect();
    client.request("GET /x", "", "").answer();
    assert!(client.is_ended());
}

#[test]
fn pipelined_requests_are_answered_one_after_the_other() {
    let house = House::open();
    let token = house.token();
    let mut client = house.connect();
    let get = "GET /one HTTP/1.1\r\nHost: mcp.example.com\r\n\r\n";
    let post = format!(
        "POST /mcp HTTP/1.1\r\nHost: mcp.example.com\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{{}}\r\n0\r\n\r\n"
    );
    client.send(format!("{get}{post}{}", get.replace("one", "two")));
    assert!(client.answer().body.starts_with("GET /one "));
    assert_eq!(client.answer().body, "{}");
    assert!(client.answer().body.starts_with("GET /two "));
}

#[test]
fn what_follows_a_refused_request_is_judged_on_its_own() {
    let house = House::open();
    let mut client = house.connect();
    // The content of the first looks like a request; it must never become one.
    let inner = "GET /inner HTTP/1.1\r\nHost: mcp.example.com\r\n\r\n";
    client.request("POST /mcp", &format!("Content-Length: {}\r\n", inner.len()), inner);
    client.request("GET /next", "", "");
    assert_eq!(client.answer().status, 401);
    assert!(client.answer().body.starts_with("GET /next "));
    // Where the length is not known beforehand, nothing follows at all.
    client.request("POST /mcp", "Transfer-Encoding: chunked\r\n", "2\r\nxx\r\n0\r\n\r\n").request("GET /next", "", "");
    assert_eq!(client.answer().status, 401);
    assert!(client.is_ended());
}

#[test]
fn content_is_framed_anew_for_the_upstream() {
    let house = House::open();
    let token = house.token();
    house.connect().post("/mcp", &token, "", "{\"a\":1}").answer();
    let fields = format!("Authorization: Bearer {token}\r\nContent-Type: application/json\r\nTransfer-Encoding: CHUNKED\r\n");
    house.connect().request("POST /mcp", &fields, "2;x=y\r\n{}\r\n0\r\nX-Trailer: z\r\n\r\n").answer();
    house.connect().post("/mcp", &token, "", "").answer();
    let seen = house.upstream.seen();
    assert!(seen[0].contains("\r\ncontent-length: 7\r\n") && seen[0].ends_with("\r\n\r\n{\"a\":1}"), "{}", seen[0]);
    assert!(seen[1].contains("\r\ntransfer-encoding: chunked\r\n") && seen[1].ends_with("\r\n\r\n2\r\n{}\r\n0\r\n\r\n"), "{}", seen[1]);
    assert!(!seen[1].contains("content-length") && !seen[1].contains("railer"), "{}", seen[1]);
    assert!(seen[2].contains("\r\ncontent-length: 0\r\n"), "{}", seen[2]);
}

#[test]
fn broken_chunks_end_the_request_there_and_here() {
    let house = House::open();
    let token = house.token();
    let fields = format!("Authorization: Bearer {token}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n");
    for content in [
        "+2\r\n{}\r\n0\r\n\r\n",
        "2\n{}\r\n0\r\n\r\n",
        "2\r\n{}0\r\n\r\n",
        "fffffffffffffffff\r\n",
        "2\r\n{}\r\n0\r\nContent-Length: 5\r\n\r\n",
    ] {
        let mut client = house.connect();
        client.request("POST /mcp", &fields, content);
        assert_eq!(client.answer().status, 400, "{content:?}");
        assert!(client.is_ended());
    }
    assert!(house.upstream.seen().iter().all(|seen| seen == "incomplete"), "{:?}", house.upstream.seen());
}

#[test]
fn an_http_1_0_client_is_answered_and_dismissed() {
    let house = House::open();
    let token = house.token();
    let mut client = house.connect();
    client.send("GET /x HTTP/1.0\r\nHost: mcp.example.com\r\nConnection: keep-alive\r\n\r\n");
    assert_eq!(client.answer().status, 200);
    assert!(client.is_ended());
    house.upstream.answers("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
    let mut client = house.connect();
    client.send(format!("GET /mcp HTTP/1.0\r\nHost: mcp.example.com\r\nAuthorization: Bearer {token}\r\n\r\n"));
    let answer = client.answer();
    assert_eq!((answer.body.as_str(), answer.field("transfer-encoding")), ("hello", None));
}

#[test]
fn an_answer_to_head_has_no_content() {
    let house = House::open();
    let token = house.token();
    let mut client = house.connect();
    client.request("HEAD /x", "", "");
    let head = client.head();
    assert!(head.status == 200 && head.field("content-length").is_some());
    client.request("HEAD /mcp", &format!("Authorization: Bearer {token}\r\n"), "");
    house.upstream.answers(json("{}"));
    assert_eq!(client.head().status, 200);
    client.request("HEAD /mcp", "", "");
    assert_eq!(client.head().status, 401);
    assert!(client.request("GET /next", "", "").answer().body.starts_with("GET /next "));
}

#[test]
fn continue_is_said_only_to_those_who_may_pass() {
    let house = House::open();
    let token = house.token();
    let expecting = |client: &mut Client, authorization: &str, length: usize| {
        client.request(
            "POST /mcp",
            &format!("{authorization}Content-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: {length}\r\n"),
            "",
        );
    };
    let mut client = house.connect();
    expecting(&mut client, "", 100 << 20);
    assert_eq!(client.answer().status, 401);
    assert!(client.is_ended());
    assert!(house.upstream.seen().is_empty());

    let mut client = house.connect();
    expecting(&mut client, &format!("Authorization: Bearer {token}\r\n"), 2);
    assert_eq!(client.head().status, 100);
    client.send("{}");
    assert_eq!(client.answer().status, 200);
    assert!(!house.upstream.only().contains("expect"));
}

#[test]
fn requests_of_many_clients_never_change_owner() {
    let house = House::open();
    let token = house.token();
    house.upstream.plays(|stream, request| {
        use std::io::Write;
        let body = request.rsplit("\r\n\r\n").next().unwrap();
        let _ = stream.write_all(&json(body));
    });
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let (house, token) = (&house, &token);
            scope.spawn(move || {
                let mut client = house.connect();
                for round in 0..50 {
                    let nonce = format!("\"{thread}-{round}\"");
                    assert_eq!(client.post("/mcp", token, "", &nonce).answer().body, nonce);
                    assert!(
                        client
                            .request(&format!("GET /{thread}/{round}"), "", "")
                            .answer()
                            .body
                            .starts_with(&format!("GET /{thread}/{round} "))
                    );
                }
            });
        }
    });
}

#[test]
fn mutilated_requests_hang_nothing_and_break_nothing() {
    let short = Duration::from_millis(100);
    let house = House::with(|_, deadlines| (deadlines.head, deadlines.app_body, deadlines.body_stall) = (short, short, short));
    let token = house.token();
    let inner = "GET /inner HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let length = inner.len();
    let seeds = [
        format!(
            "POST /mcp HTTP/1.1\r\nHost: mcp.example.com\r\nAuthorization: Bearer {token}\r\nTransfer-Encoding: chunked\r\n\r\n{length:x};x\r\n{inner}\r\n0\r\nX: y\r\n\r\n"
        ),
        format!(
            "POST /mcp/a?b HTTP/1.1\r\nHost: mcp.example.com\r\nAuthorization: Bearer {token}\r\nContent-Length: {length}\r\nConnection: keep-alive, X\r\n\r\n{inner}"
        ),
        format!("POST /token HTTP/1.1\r\nHost: mcp.example.com\r\nContent-Length: {length}\r\nCookie: a=b\r\n\r\n{inner}"),
    ];
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut draw = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % below as u64).unwrap()
    };
    for _ in 0..1500 {
        let mut bytes = seeds[draw(3)].clone().into_bytes();
        for _ in 0..=draw(3) {
            let at = draw(bytes.len());
            match draw(4) {
                0 => bytes[at] = u8::try_from(draw(256)).unwrap(),
                1 => drop(bytes.remove(at)),
                2 => bytes.insert(at, b"\r\n\t :;,0\0f"[draw(10)]),
                _ => bytes.truncate(at.max(20)),
            }
        }
        let mut client = house.connect();
        client.try_send(&bytes);
        let _ = client.stream.shutdown(std::net::Shutdown::Write);
        client.rest();
    }
    assert_eq!(house.connect().request("GET /x", "", "").answer().status, 200);
}
