//! The application behind the door: what it is told, and that no client can keep it from the others.

use crate::fake::App;
use crate::house::{House, loopback_is_a_proxy};
use std::sync::atomic::Ordering;
use std::time::Duration;

#[test]
fn the_app_is_told_who_calls_and_believes_nobody_else() {
    let house = House::open();
    let fields = "X-Doorward-Peer: 9.9.9.9\r\nX-Doorward-Loopback-Host: 1\r\nX_Doorward_Peer: 9.9.9.9\r\nX-Forwarded-For: 9.9.9.9\r\n\
                  Connection: x-doorward-peer, X-Mine\r\nX-Mine: 1\r\nTE: trailers\r\nUpgrade: h2c\r\nCookie: a=b\r\nAuthorization: Basic YTpi\r\n";
    let told = house.connect().request("GET /x?y=z", fields, "").answer().body;
    assert!(told.starts_with("GET /x?y=z HTTP/1.1\r\n"), "{told}");
    for line in ["x-doorward-peer: 127.0.0.1", "cookie: a=b", "authorization: Basic YTpi", "content-length: 0", "host: mcp.example.com"] {
        assert_eq!(told.lines().filter(|known| *known == line).count(), 1, "{line} in {told}");
    }
    for absent in ["9.9.9.9", "loopback", "x-mine", "te:", "upgrade", "connection", "x-forwarded"] {
        assert!(!told.contains(absent), "{absent} in {told}");
    }
}

#[test]
fn the_app_is_told_when_it_was_called_by_a_loopback_name() {
    let house = House::open();
    let mut client = house.connect();
    client.send("GET /x HTTP/1.1\r\nHost: localhost:8787\r\n\r\n");
    assert!(client.answer().body.contains("\r\nx-doorward-loopback-host: 1\r\n"));
}

#[test]
fn a_trusted_proxy_names_the_client() {
    let house = House::with(|config, _| loopback_is_a_proxy(config));
    let peer = |forwarded: &str| {
        let told = house.connect().request("GET /x", forwarded, "").answer().body;
        told.lines().find_map(|line| line.strip_prefix("x-doorward-peer: ")).unwrap().to_owned()
    };
    assert_eq!(peer("X-Forwarded-For: 6.6.6.6, 203.0.113.7\r\n"), "203.0.113.7");
    assert_eq!(peer("X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-For: 203.0.113.7\r\n"), "203.0.113.7");
    assert_eq!(peer("X-Forwarded-For: unknown\r\n"), "127.0.0.1");
}

#[test]
fn the_apps_answer_is_passed_on_whole() {
    let house = House::open();
    let answer = house.connect().request("GET /x", "", "").answer();
    assert_eq!((answer.status, answer.field("set-cookie")), (200, Some("a=b")));
    assert_eq!(answer.field("strict-transport-security"), Some("max-age=31536000"));
    assert!(answer.field("access-control-allow-origin").is_none());
}

#[test]
fn content_reaches_the_app_whole_and_with_its_length() {
    let house = House::open();
    let told = house.connect().request("POST /token", "Transfer-Encoding: chunked\r\n", "3\r\na=b\r\n2\r\n&c\r\n0\r\n\r\n").answer().body;
    assert!(told.contains("\r\ncontent-length: 5\r\n") && told.ends_with("\r\n\r\na=b&c") && !told.contains("transfer-encoding"), "{told}");
}

#[test]
fn content_for_the_app_is_bounded_in_size_and_time() {
    let house = House::with(|_, deadlines| deadlines.app_body = Duration::from_millis(200));
    let ask = |fields: &str, content: &str| {
        let mut client = house.connect();
        client.try_send(format!("POST /token HTTP/1.1\r\nHost: mcp.example.com\r\n{fields}\r\n\r\n{content}"));
        let answer = client.answer();
        assert!(client.is_ended());
        answer.status
    };
    assert_eq!(ask("Content-Length: 65537", ""), 413);
    assert_eq!(ask("Content-Length: 50000000000", ""), 413);
    assert_eq!(ask("Transfer-Encoding: chunked", &format!("10001\r\n{}\r\n0\r\n\r\n", "x".repeat(65537))), 413);
    assert_eq!(ask("Content-Length: 2000", "x"), 408);
    assert_eq!(ask("Transfer-Encoding: chunked", "5\r\nhello\r\n"), 408);
    let full = "x".repeat(65536);
    assert_eq!(house.connect().request("POST /token", "Content-Length: 65536\r\n", &full).answer().status, 200);
}

#[test]
fn the_app_comes_back_after_its_connections_broke() {
    let house = House::open();
    for path in ["/break", "/half", "/garbage"] {
        for _ in 0..6 {
            let answer = house.connect().request(&format!("GET {path}"), "", "").answer();
            assert_eq!((answer.status, answer.field("content-type")), (500, Some("application/json")), "{path}");
        }
        for _ in 0..6 {
            assert_eq!(house.connect().request("GET /x", "", "").answer().status, 200);
        }
    }
    // Two workers, and one new connection for each that broke: nothing was opened needlessly.
    assert_eq!(house.app.connections.load(Ordering::SeqCst), 2 + 18);
}

#[test]
fn clients_that_leave_or_dawdle_keep_no_worker() {
    let house = House::open();
    for _ in 0..50 {
        house.connect().request("GET /x", "", "");
    }
    let _dawdlers: Vec<_> = (0..50)
        .map(|_| {
            let mut client = house.connect();
            client.request("POST /token", "Content-Length: 2000\r\n", "");
            client
        })
        .collect();
    assert_eq!(house.connect().request("GET /x", "", "").answer().status, 200);
}

#[test]
fn requests_wait_for_a_worker() {
    let house = House::open();
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| assert_eq!(house.connect().request("GET /slow", "", "").answer().status, 200));
        }
    });
}

#[test]
fn the_stock_server_answers_everybody_behind_the_door() {
    let house = House::before(App::stock, |_, _| {});
    std::thread::scope(|scope| {
        for thread in 0..16 {
            let house = &house;
            scope.spawn(move || {
                let mut client = house.connect();
                for round in 0..20 {
                    let path = format!("/{thread}/{round}");
                    assert_eq!(client.request(&format!("GET {path}"), "", "").answer().body, path);
                    // Long answers come in chunks from there.
                    assert_eq!(
                        client.request("POST /long/50000", "Content-Length: 2000\r\n", &"y".repeat(2000)).answer().body.len(),
                        50_000
                    );
                    client.request("HEAD /long/10", "", "");
                    assert_eq!(client.head().field("content-length"), Some("10"));
                    assert_eq!(client.request("DELETE /empty", "", "").answer().status, 204);
                }
            });
        }
    });
}
