//! Pausing a server, a client or everything: calls are held up, and nobody has to connect anew.
//! RFC 9110 §10.2.3, §15.5.4, §15.6.4; RFC 6750 §3.

use crate::support::browser::Browser;
use crate::support::client::{Client, MCP, MESSAGE, Tokens, call};
use crate::support::http::{self, Response};
use crate::support::site::Site;
use crate::support::upstream::Upstream;
use crate::support::{Doorward, OWNER, PASSWORD, Setup};
use serde_json::Value;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

/// Two servers. Access tokens end soon, so that some are seen to be renewed.
fn config(upstream: &Upstream) -> String {
    let entry = |path: &str| format!("[[server]]\npath = \"{path}\"\nupstream = \"http://{}/mcp\"\n", upstream.address);
    format!("[lifetimes]\naccess_token = \"2s\"\n{}{}", entry("/notes"), entry("/files"))
}

fn site() -> Site {
    Site::new(|upstream| Setup::config(config(upstream)))
}

#[track_caller]
fn connect(site: &Site, client: &Client, path: &str) -> Tokens {
    site.connect_to(client, &[("resource", &format!("{}{path}", site.origin()))])
}

#[track_caller]
fn run(doorward: &Doorward, arguments: &[&str]) {
    let done = doorward.run(arguments);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

/// A refusal that says "paused", and nothing that would make a client sign in again.
#[track_caller]
fn held_up(response: &Response, status: u16) {
    let error = if status == 403 { "access_denied" } else { "temporarily_unavailable" };
    assert_eq!(response.error(), (status, error.to_owned()), "{}", response.text());
    assert_eq!(response.header("www-authenticate"), None);
    assert_eq!(response.header("retry-after"), (status == 503).then_some("60"));
    let said = response.json()["error_description"].as_str().unwrap().to_owned();
    assert!(said.contains("paused") && said.contains("nothing has to be connected anew"), "{said}");
}

fn check(doorward: &Doorward, path: &str, token: &str) -> Response {
    http::send(doorward.address, "GET", &format!("/auth/check{path}"), &[("Authorization", &format!("Bearer {token}"))], b"")
}

#[test]
fn a_paused_server_answers_403_with_a_reason_and_goes_on_where_it_was() {
    let site = site();
    let client = site.client();
    let (notes, files) = (connect(&site, &client, "/notes"), connect(&site, &client, "/files"));
    run(&site.doorward, &["server", "pause", "/notes"]);
    let before = site.upstream.connections();
    held_up(&call(&site.doorward, "/notes", &notes.access), 403);
    held_up(&call(&site.doorward, "/notes/below", &notes.access), 403);
    held_up(&check(&site.doorward, "/notes", &notes.access), 403);
    assert_eq!(site.upstream.connections(), before, "nothing reaches the server behind");
    assert_eq!(call(&site.doorward, "/files", &files.access).status, 200, "the other one goes on");
    run(&site.doorward, &["server", "resume", "/notes"]);
    let renewed = Tokens::of(&client.refresh(&site.doorward, &notes.refresh, &[]));
    assert_eq!(call(&site.doorward, "/notes", &renewed.access).status, 200);
    assert_eq!(check(&site.doorward, "/notes", &renewed.access).status, 200);
}

#[test]
fn a_server_that_checks_tokens_itself_is_told_to_ask_again_and_never_that_they_are_over() {
    let site = Site::new(|upstream| Setup::config(config(upstream).replace("2s", "1h")));
    let client = site.client();
    let (notes, files) = (connect(&site, &client, "/notes"), connect(&site, &client, "/files"));
    let entered = site.doorward.json(&["client", "add", "--resource-server", "/notes"]);
    let [id, secret] = ["id", "client_secret"].map(|member| entered[member].as_str().unwrap());
    let ask = |token: &str| {
        let form = [("client_id", id), ("client_secret", secret), ("token", token)];
        http::post_form(site.doorward.address, "/introspect", &form, &[])
    };
    let active = |token: &str| ask(token).json()["active"].clone();
    assert_eq!(active(&notes.access), true);
    for (pause, resume) in [
        (["server", "pause", "/notes"], ["server", "resume", "/notes"]),
        (["server", "pause", "--all"], ["server", "resume", "--all"]),
        (["client", "pause", &client.id], ["client", "resume", &client.id]),
    ] {
        run(&site.doorward, &pause);
        held_up(&ask(&notes.access), 503);
        if pause[0] == "client" {
            assert_eq!(active(&files.access), false, "the token of another server is none of its business");
        }
        run(&site.doorward, &resume);
        assert_eq!(active(&notes.access), true);
    }
}

#[test]
fn a_paused_server_never_says_401_whatever_a_call_carries() {
    let site = site();
    let client = site.client();
    let tokens = connect(&site, &client, "/notes");
    let other = connect(&site, &client, "/files");
    client.revoke(&site.doorward, &other.refresh);
    for (flags, status) in [(&[][..], 403), (&["--retry-later"], 503)] {
        run(&site.doorward, &[&["server", "pause", "/notes"], flags].concat());
        for value in [
            format!("Bearer {}", tokens.access),
            format!("Bearer {}", other.access),
            "Bearer x".into(),
            "Bearer a b".into(),
            "Basic x".into(),
        ] {
            for method in ["GET", "POST", "DELETE"] {
                let fields = [&[("Authorization", value.as_str())], &MCP[..]].concat();
                held_up(&http::send(site.doorward.address, method, "/notes", &fields, b""), status);
            }
        }
        held_up(&http::send(site.doorward.address, "POST", "/notes", &MCP, MESSAGE.as_bytes()), status);
        held_up(&http::send(site.doorward.address, "GET", "/auth/check/notes", &[], b""), status);
    }
}

#[test]
fn clients_keep_and_renew_their_tokens_and_new_ones_connect_while_a_server_is_paused() {
    let site = site();
    let client = site.client();
    let first = connect(&site, &client, "/notes");
    run(&site.doorward, &["server", "pause", "/notes", "--retry-later"]);
    let second = Tokens::of(&client.refresh(&site.doorward, &first.refresh, &[]));
    thread::sleep(Duration::from_millis(3100));
    held_up(&call(&site.doorward, "/notes", &second.access), 503);
    let third = Tokens::of(&client.refresh(&site.doorward, &second.refresh, &[]));
    let newcomer = site.client();
    let fresh = connect(&site, &newcomer, "/notes");
    held_up(&call(&site.doorward, "/notes", &fresh.access), 503);
    assert_eq!(http::get(site.doorward.address, "/.well-known/oauth-protected-resource/notes").status, 200);
    run(&site.doorward, &["server", "resume", "/notes"]);
    assert_eq!(call(&site.doorward, "/notes", &third.access).status, 200);
    assert_eq!(call(&site.doorward, "/notes", &fresh.access).status, 200);
}

#[test]
fn a_paused_client_is_told_to_come_back_everywhere_and_nobody_else_is() {
    let site = site();
    let (client, other) = (site.client(), site.client());
    let (notes, files) = (connect(&site, &client, "/notes"), connect(&site, &client, "/files"));
    let others = connect(&site, &other, "/notes");
    run(&site.doorward, &["client", "pause", &client.id]);
    held_up(&call(&site.doorward, "/notes", &notes.access), 503);
    held_up(&call(&site.doorward, "/files", &files.access), 503);
    held_up(&check(&site.doorward, "/files", &files.access), 503);
    assert_eq!(call(&site.doorward, "/notes", &others.access).status, 200);
    let renewed = Tokens::of(&client.refresh(&site.doorward, &notes.refresh, &[]));
    held_up(&call(&site.doorward, "/notes", &renewed.access), 503);
    assert_eq!(site.doorward.json(&["client", "show", &client.id])["paused"], true);
    run(&site.doorward, &["client", "resume", &client.id]);
    assert_eq!(call(&site.doorward, "/notes", &renewed.access).status, 200);
}

#[test]
fn everything_can_be_paused_at_once_and_what_is_paused_by_itself_stays_so_after() {
    let site = site();
    let client = site.client();
    let (notes, files) = (connect(&site, &client, "/notes"), connect(&site, &client, "/files"));
    let made = site.doorward.run(&["key", "add", "script", "--server", "/files", "--json"]);
    let key = serde_json::from_slice::<Value>(&made.stdout).unwrap()["key"].as_str().unwrap().to_owned();
    assert_eq!(call(&site.doorward, "/files", &key).status, 200);
    run(&site.doorward, &["server", "pause", "/notes"]);
    run(&site.doorward, &["server", "pause", "--all"]);
    held_up(&call(&site.doorward, "/notes", &notes.access), 503);
    held_up(&call(&site.doorward, "/files", &files.access), 503);
    held_up(&call(&site.doorward, "/files", &key), 503);
    run(&site.doorward, &["server", "resume", "--all"]);
    held_up(&call(&site.doorward, "/notes", &notes.access), 403);
    assert_eq!(call(&site.doorward, "/files", &key).status, 200);
    let renewed = Tokens::of(&client.refresh(&site.doorward, &files.refresh, &[]));
    assert_eq!(call(&site.doorward, "/files", &renewed.access).status, 200);
}

#[test]
fn a_pause_survives_a_restart_and_kill_9_and_may_be_made_while_nothing_runs() {
    let mut site = site();
    let (client, other) = (site.client(), site.client());
    let tokens = connect(&site, &client, "/notes");
    run(&site.doorward, &["server", "pause", "/notes"]);
    run(&site.doorward, &["client", "pause", &other.id]);
    site.doorward.kill();
    site.doorward.start_again();
    held_up(&call(&site.doorward, "/notes", &tokens.access), 403);
    assert_eq!(site.doorward.json(&["client", "show", &other.id])["paused"], true);
    site.doorward.stop();
    run(&site.doorward, &["server", "resume", "/notes"]);
    run(&site.doorward, &["server", "pause", "/files", "--retry-later"]);
    site.doorward.start_again();
    let renewed = Tokens::of(&client.refresh(&site.doorward, &tokens.refresh, &[]));
    assert_eq!(call(&site.doorward, "/notes", &renewed.access).status, 200);
    held_up(&call(&site.doorward, "/files", &renewed.access), 503);
}

#[test]
fn a_page_of_another_origin_can_read_that_a_server_is_paused() {
    let site = Site::new(|upstream| Setup::config(format!("allowed_origins = [\"https://app.test\"]\n{}", config(upstream))));
    run(&site.doorward, &["server", "pause", "/notes", "--retry-later"]);
    let fields = [&[("Origin", "https://app.test"), ("Authorization", "Bearer x")], &MCP[..]].concat();
    let answer = http::send(site.doorward.address, "POST", "/notes", &fields, MESSAGE.as_bytes());
    held_up(&answer, 503);
    assert!(answer.header("access-control-allow-origin").is_some());
}

#[test]
fn a_pause_is_in_the_log_with_its_end() {
    let site = site();
    let client = site.client();
    let kinds = || -> Vec<String> {
        let log = site.doorward.run(&["log", "--json"]);
        let events = String::from_utf8_lossy(&log.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect::<Vec<Value>>();
        events.iter().map(|event| event["kind"].as_str().unwrap().to_owned()).collect()
    };
    let before = kinds().len();
    for arguments in [
        &["server", "pause", "/notes"][..],
        &["server", "pause", "/notes"],
        &["server", "resume", "/notes"],
        &["client", "pause", &client.id],
        &["client", "resume", &client.id],
        &["server", "pause", "--all"],
        &["server", "resume", "--all"],
    ] {
        run(&site.doorward, arguments);
    }
    let all = kinds();
    assert_eq!(all.len() - before, 6, "pausing what is paused is nothing new: {all:?}");
    for kind in ["client_paused", "client_resumed", "everything_paused", "everything_resumed", "server_paused", "server_resumed"] {
        assert!(all.iter().any(|known| known == kind), "{kind}");
    }
}

/// A new stream is looked at once in any case; one of this age only when something happened.
const OLD: Duration = Duration::from_millis(700);

/// An upstream that begins a stream and does not end it.
fn streaming() -> Upstream {
    Upstream::with(|_, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n");
        let _ = stream.read(&mut [0; 1]);
    })
}

/// A stream of which the first event has come: one that is listened to, or the answer to a call.
fn open_stream(doorward: &Doorward, method: &str, path: &str, token: &str) -> TcpStream {
    let mut stream = http::connect(doorward.address);
    let body = if method == "POST" { MESSAGE } else { "" };
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {token}\r\nAccept: text/event-stream\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        doorward.address,
        body.len()
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut seen = Vec::new();
    let mut piece = [0; 1024];
    while !seen.windows(7).any(|window| window == b"data: 1") {
        let count = stream.read(&mut piece).unwrap();
        assert!(count > 0, "no stream: {}", String::from_utf8_lossy(&seen));
        seen.extend_from_slice(&piece[..count]);
    }
    stream
}

#[test]
fn open_streams_end_with_the_pause_and_only_those_that_it_concerns() {
    let upstream = streaming();
    let entry = |path: &str| format!("[[server]]\npath = \"{path}\"\nupstream = \"http://{}/mcp\"\n", upstream.address);
    let doorward = Doorward::with(Setup::config(format!("{}{}", entry("/notes"), entry("/files"))));
    let mut owner = Browser::new(doorward.address);
    let client = Client::register(&doorward);
    let mut connect = |path: &str| {
        let resource = format!("{}{path}", doorward.origin());
        let answer = client.approve_as(&mut owner, OWNER, PASSWORD, &[("resource", &resource)]);
        Tokens::of(&client.redeem(&doorward, &http::parameter(&answer, "code").unwrap(), &[]))
    };
    let (notes, files) = (connect("/notes"), connect("/files"));
    let bystander = open_stream(&doorward, "GET", "/files", &files.access);
    for (pause, resume) in [
        (&["server", "pause", "/notes"][..], &["server", "resume", "/notes"][..]),
        (&["server", "pause", "/notes", "--retry-later"], &["server", "resume", "/notes"]),
    ] {
        let mut streams = [open_stream(&doorward, "GET", "/notes", &notes.access), open_stream(&doorward, "POST", "/notes", &notes.access)];
        thread::sleep(OLD);
        run(&doorward, pause);
        let begun = Instant::now();
        for stream in &mut streams {
            let _ = stream.read_to_end(&mut Vec::new());
        }
        assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
        run(&doorward, resume);
        drop(open_stream(&doorward, "GET", "/notes", &notes.access));
    }
    // None of it was the bystander's business, until it was.
    bystander.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    let read = (&bystander).read(&mut [0; 64]);
    assert!(read.as_ref().map_or_else(|error| error.kind() == std::io::ErrorKind::WouldBlock, |count| *count > 0), "{read:?}");
    for (pause, resume) in [
        (&["client", "pause", &client.id][..], &["client", "resume", &client.id][..]),
        (&["server", "pause", "--all"], &["server", "resume", "--all"]),
    ] {
        let mut stream = open_stream(&doorward, "GET", "/files", &files.access);
        thread::sleep(OLD);
        run(&doorward, pause);
        let begun = Instant::now();
        let _ = stream.read_to_end(&mut Vec::new());
        assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
        run(&doorward, resume);
    }
}
