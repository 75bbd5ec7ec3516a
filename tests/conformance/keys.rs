//! API keys: what a script shows instead of an access token, and everything that must not follow from having one.

use crate::support::client::{Client, MESSAGE, Tokens, call, call_with};
use crate::support::http::{self, Response};
use crate::support::site::Site;
use crate::support::upstream::Upstream;
use crate::support::{Doorward, OWNER, PASSWORD, Setup, eventually};
use serde_json::json;
use std::io::{Read, Write};
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

/// The server `/notes` with two scopes, and `/quiet`, which nobody in this file may use.
fn config(notes: &Upstream, quiet: &Upstream) -> String {
    format!(
        "[[server]]\npath = \"/notes\"\nupstream = \"http://{}/up\"\ndefault_scopes = [\"read\"]\n\
         [server.scopes]\nread = \"Read\"\nwrite = \"Change\"\n\
         [[server]]\npath = \"/quiet\"\nupstream = \"http://{}/up\"\n",
        notes.address, quiet.address
    )
}

struct Two {
    site: Site,
    quiet: Upstream,
}

fn two() -> &'static Two {
    static TWO: OnceLock<Two> = OnceLock::new();
    TWO.get_or_init(|| {
        let quiet = Upstream::json();
        Two { site: Site::shared(|notes| Setup::config(config(notes, &quiet))), quiet }
    })
}

/// A key as its owner was shown it.
struct Key {
    id: String,
    text: String,
}

impl Key {
    #[track_caller]
    fn add(doorward: &Doorward, arguments: &[&str]) -> Self {
        let data = doorward.json(&[&["key", "add", "test"], arguments].concat());
        Self { id: data["id"].as_str().unwrap().to_owned(), text: data["key"].as_str().unwrap().to_owned() }
    }

    fn field(&self) -> String {
        format!("Bearer {}", self.text)
    }
}

#[track_caller]
fn run(doorward: &Doorward, arguments: &[&str]) {
    assert!(doorward.run(arguments).status.success(), "{arguments:?}");
}

#[track_caller]
fn unauthorized(response: &Response) {
    assert_eq!(response.error(), (401, "invalid_token".into()), "{}", response.text());
    let challenge = response.header("www-authenticate").unwrap();
    assert!(challenge.starts_with("Bearer resource_metadata=") && challenge.contains("error=\"invalid_token\""), "{challenge}");
}

#[test]
fn a_key_calls_its_server_as_its_user_and_the_upstream_never_sees_it() {
    let site = &two().site;
    let key = Key::add(&site.doorward, &["--server", "/notes", "--scope", "write"]);
    let answer = call(&site.doorward, "/notes/below", &key.text);
    assert_eq!(answer.status, 200, "{}", answer.text());
    let seen = site.upstream.seen().into_iter().find(|seen| seen.all("x-doorward-client") == [&*key.id]).expect("the call");
    assert_eq!((seen.all("x-doorward-user"), seen.all("x-doorward-scope")), (vec![OWNER], vec!["write"]));
    assert!(seen.all("authorization").is_empty() && !seen.head.contains("dwky_"), "{}", seen.head);
    // Without a wish it gets what everybody gets.
    let usual = Key::add(&site.doorward, &["--server", "/notes"]);
    let value = usual.field();
    let check = http::send(site.address, "GET", "/auth/check/notes", &[("Authorization", &value)], b"");
    assert_eq!((check.status, check.header("x-doorward-scope")), (200, Some("read")));
    assert_eq!((check.header("x-doorward-user"), check.header("x-doorward-client")), (Some(OWNER), Some(&*usual.id)));
}

#[test]
fn a_key_counts_in_the_authorization_field_alone() {
    let site = &two().site;
    let key = Key::add(&site.doorward, &["--server", "/quiet"]);
    let (cookie, form) = (format!("api_key={0}; Authorization=Bearer {0}", key.text), format!("api_key={}", key.text));
    let kind = ("Content-Type", "application/x-www-form-urlencoded");
    for (target, fields, body) in [
        (format!("/quiet?api_key={}", key.text), vec![], ""),
        (format!("/quiet?access_token={}", key.text), vec![], ""),
        ("/quiet".into(), vec![("Cookie", cookie.as_str())], ""),
        ("/quiet".into(), vec![kind], form.as_str()),
        ("/quiet".into(), vec![("X-Api-Key", key.text.as_str())], ""),
        ("/quiet".into(), vec![("Authorization", key.text.as_str())], ""),
        ("/quiet".into(), vec![("Authorization", &*format!("ApiKey {}", key.text))], ""),
    ] {
        let answer = http::send(site.address, "POST", &target, &fields, body.as_bytes());
        assert_eq!(answer.status, 401, "{target} {fields:?}");
        assert!(!answer.header("www-authenticate").unwrap().contains("error="), "nothing was presented");
    }
    // Beside a credential in its place, one in the query would be passed on.
    let answer = call(&site.doorward, &format!("/quiet?api_key={}", key.text), &key.text);
    assert_eq!(answer.error(), (400, "invalid_request".into()));
    // So it is where another proxy asks and passes it on; nginx wants a 401.
    let (field, named) = (key.field(), format!("/quiet?api_key={}", key.text));
    for (target, extra) in [
        (format!("/auth/check/quiet?access_token={}", key.text), None),
        ("/auth/check/quiet".into(), Some("X-Original-URI")),
        ("/auth/check/quiet".into(), Some("X-Forwarded-Uri")),
    ] {
        let fields: Vec<(&str, &str)> =
            [Some(("Authorization", &*field)), extra.map(|name| (name, &*named))].into_iter().flatten().collect();
        let answer = http::send(site.address, "GET", &target, &fields, b"");
        assert_eq!(answer.error(), (401, "invalid_request".into()), "{target} {extra:?}");
    }
    let harmless = [("Authorization", &*field), ("X-Original-URI", "/quiet?q=1"), ("X-Forwarded-Uri", "/quiet")];
    assert_eq!(http::send(site.address, "GET", "/auth/check/quiet?a=b", &harmless, b"").status, 200);
    let both = [("Authorization", key.field()), ("Authorization", key.field())];
    let both: Vec<(&str, &str)> = both.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert_eq!(http::send(site.address, "POST", "/quiet", &both, b"{}").error(), (400, "invalid_request".into()));
    assert_eq!(two().quiet.connections(), 0);
}

#[test]
fn a_key_is_forbidden_any_server_but_its_own() {
    let site = &two().site;
    let key = Key::add(&site.doorward, &["--server", "/notes"]);
    for path in ["/quiet", "/quiet/notes", "/quiet/"] {
        let answer = call(&site.doorward, path, &key.text);
        assert_eq!(answer.error(), (403, "access_denied".into()), "{path}");
        // A challenge would make clients begin to sign in, which helps nobody who was given a key.
        assert_eq!((answer.header("www-authenticate"), answer.header("retry-after")), (None, None));
    }
    let value = key.field();
    assert_eq!(http::send(site.address, "GET", "/auth/check/quiet", &[("Authorization", &value)], b"").status, 403);
    assert_eq!(two().quiet.connections(), 0);
}

#[test]
fn what_is_not_a_key_is_refused_however_much_it_looks_like_one() {
    let site = &two().site;
    let key = Key::add(&site.doorward, &["--server", "/notes"]);
    let other = if key.text.ends_with('A') { "B" } else { "A" };
    for wrong in [
        key.id.clone(),
        key.text[..key.text.len() - 1].to_owned(),
        format!("{}{other}", &key.text[..key.text.len() - 1]),
        key.text.to_uppercase(),
        key.text.replace("dwky_", "dwat_"),
        key.text[5..].to_owned(),
        "dwky_".to_owned(),
    ] {
        unauthorized(&call(&site.doorward, "/notes", &wrong));
    }
}

#[test]
fn what_ends_a_key_ends_it_at_once() {
    let doorward = Doorward::start();
    doorward.add_user("bob", PASSWORD, &["--server", "/mcp"]);
    let ends = |why: &str, end: &dyn Fn(&Key)| {
        let key = Key::add(&doorward, &["--server", "/mcp", "--user", "bob"]);
        assert_eq!(call(&doorward, "/mcp", &key.text).status, 200, "{why}");
        end(&key);
        let answer = call(&doorward, "/mcp", &key.text);
        assert_eq!(answer.error(), (401, "invalid_token".into()), "{why}");
        key
    };
    let bystander = Key::add(&doorward, &["--server", "/mcp"]);
    ends("revoked", &|key| run(&doorward, &["key", "revoke", &key.id]));
    let denied = ends("server denied", &|_| run(&doorward, &["user", "deny", "bob", "/mcp"]));
    run(&doorward, &["user", "allow", "bob", "/mcp"]);
    assert_eq!(call(&doorward, "/mcp", &denied.text).status, 401, "what was denied stays ended");
    let disabled = ends("user disabled", &|_| run(&doorward, &["user", "disable", "bob"]));
    run(&doorward, &["user", "enable", "bob"]);
    assert_eq!(call(&doorward, "/mcp", &disabled.text).status, 401, "what ended stays so");
    ends("password changed", &|_| {
        assert!(doorward.run_with_input(&["user", "password", "bob", "--password-stdin"], "another long password\n").status.success());
    });
    ends("user removed", &|_| run(&doorward, &["user", "remove", "bob"]));
    assert_eq!(call(&doorward, "/mcp", &bystander.text).status, 200);
}

#[test]
fn a_key_ends_when_it_was_said_to() {
    let site = &two().site;
    let key = Key::add(&site.doorward, &["--server", "/notes", "--expires", "2s"]);
    assert_eq!(call(&site.doorward, "/notes", &key.text).status, 200);
    assert!(eventually(10, || call(&site.doorward, "/notes", &key.text).status == 401));
    unauthorized(&call(&site.doorward, "/notes", &key.text));
    let listed = site.doorward.json(&["key", "list"]);
    let listed = listed.as_array().unwrap().iter().find(|listed| listed["id"] == *key.id).unwrap();
    assert_eq!(listed["state"], "expired");
}

#[test]
fn a_key_opens_nothing_but_its_server() {
    let site = &two().site;
    let key = Key::add(&site.doorward, &["--server", "/notes"]);
    let (client, field) = (site.client(), key.field());
    let bearer = [("Authorization", field.as_str())];
    assert_eq!(http::send(site.address, "GET", "/userinfo", &bearer, b"").error(), (401, "invalid_token".into()));
    let id = ("client_id", &*client.id);
    for pairs in [
        vec![id, ("grant_type", "refresh_token"), ("refresh_token", &*key.text)],
        vec![id, ("grant_type", "authorization_code"), ("code", &key.text), ("code_verifier", crate::support::client::VERIFIER)],
        vec![("grant_type", "refresh_token"), ("refresh_token", "x"), ("client_id", &key.id), ("client_secret", &key.text)],
    ] {
        let answer = http::post_form(site.address, "/token", &pairs, &bearer);
        assert!(matches!(answer.status, 400 | 401), "{pairs:?}: {}", answer.text());
    }
    let asked = [id, ("token", &*key.text)];
    assert_eq!(http::post_form(site.address, "/introspect", &asked, &bearer).text(), r#"{"active":false}"#);
    assert_eq!(http::post_form(site.address, "/introspect", &asked[1..], &bearer).status, 401);
    // Giving it back is not the client's to do; nobody learns whether there was one.
    let answer = http::post_form(site.address, "/revoke", &[id, ("token", &key.text)], &bearer);
    assert_eq!(answer.status, 200);
    assert_eq!(call(&site.doorward, "/notes", &key.text).status, 200);
    for path in ["/", "/consent", "/connections/revoke", "/device"] {
        let method = if path == "/" { "GET" } else { "POST" };
        let answer = http::send(site.address, method, path, &bearer, b"");
        assert!(!answer.text().contains("action=\"/connections/revoke\""), "{path}");
        assert!(matches!(answer.status, 200 | 303 | 403), "{path}: {}", answer.status);
    }
    assert_eq!(http::send(site.address, "POST", "/register", &bearer, b"{}").status, 415);
}

#[test]
fn a_key_whose_scopes_are_offered_no_more_is_told_so() {
    let notes = Upstream::json();
    let config = |scopes: &str| format!("[[server]]\npath = \"/notes\"\nupstream = \"http://{}/up\"\n{scopes}", notes.address);
    let mut doorward = Doorward::with(Setup::config(config("[server.scopes]\nread = \"Read\"\nwrite = \"Change\"\n")));
    let (read, both) = (
        Key::add(&doorward, &["--server", "/notes", "--scope", "read"]),
        Key::add(&doorward, &["--server", "/notes", "--scope", "read", "--scope", "write"]),
    );
    doorward.stop();
    doorward.configure(&config("[server.scopes]\nwrite = \"Change\"\n"));
    doorward.start_again();
    assert_eq!(call(&doorward, "/notes", &both.text).status, 200);
    assert_eq!(notes.only().all("x-doorward-scope"), ["write"]);
    let answer = call(&doorward, "/notes", &read.text);
    assert_eq!(answer.error(), (403, "insufficient_scope".into()));
    let challenge = answer.header("www-authenticate").unwrap();
    assert!(challenge.starts_with("Bearer ") && challenge.contains("error=\"insufficient_scope\""), "{challenge}");
    assert_eq!(notes.connections(), 1);
}

#[test]
fn an_open_stream_ends_with_its_key() {
    let upstream = Upstream::with(|_, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n");
        let _ = stream.read(&mut [0; 1]);
    });
    let doorward = Doorward::with(Setup::upstream(upstream.address));
    let ends = |why: &str, arguments: &[&str], end: &dyn Fn(&Key)| {
        let key = Key::add(&doorward, &[&["--server", "/mcp"], arguments].concat());
        let mut stream = http::connect(doorward.address);
        let fields = [("Authorization", &*key.field()), ("Accept", "text/event-stream")];
        stream.write_all(&http::request(doorward.address, "GET", "/mcp", &fields, b"")).unwrap();
        let mut seen = vec![];
        while !seen.ends_with(b"data: 1\n\n\r\n") {
            let mut piece = [0; 1024];
            let count = stream.read(&mut piece).unwrap();
            assert!(count > 0, "{why}: no stream: {}", String::from_utf8_lossy(&seen));
            seen.extend_from_slice(&piece[..count]);
        }
        // A stream that has just begun is judged a second time in any case.
        thread::sleep(Duration::from_millis(1500));
        let begun = Instant::now();
        end(&key);
        let _ = stream.read_to_end(&mut vec![]);
        assert!(begun.elapsed() < Duration::from_secs(5), "{why}: {:?}", begun.elapsed());
    };
    ends("revoked", &[], &|key| run(&doorward, &["key", "revoke", &key.id]));
    ends("expired", &["--expires", "3s"], &|_| ());
    doorward.add_user("bob", PASSWORD, &[]);
    ends("user disabled", &["--user", "bob"], &|_| run(&doorward, &["user", "disable", "bob"]));
}

#[test]
fn a_session_of_a_key_is_of_no_use_to_another_key_or_to_a_client_of_the_same_user() {
    let upstream = Upstream::answering(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nMcp-Session-Id: the-session\r\nContent-Length: 2\r\n\r\n{}",
    );
    let doorward = Doorward::with(Setup::upstream(upstream.address));
    let (key, another) = (Key::add(&doorward, &["--server", "/mcp"]), Key::add(&doorward, &["--server", "/mcp"]));
    let client = Client::register(&doorward);
    let tokens = Tokens::of(&client.redeem(&doorward, &client.code(&doorward), &[]));
    let with_session = |credential: &str| call_with(&doorward, "/mcp", credential, &[("Mcp-Session-Id", "the-session")]).status;
    assert_eq!(call(&doorward, "/mcp", &key.text).header("mcp-session-id"), Some("the-session"));
    assert_eq!(with_session(&another.text), 404);
    assert_eq!(with_session(&tokens.access), 404);
    assert_eq!(with_session(&key.text), 200);
}

#[test]
fn a_key_is_on_disk_when_it_is_shown_and_only_as_a_hash() {
    let mut doorward = Doorward::start();
    let key = Key::add(&doorward, &["--server", "/mcp"]);
    doorward.kill();
    doorward.start_again();
    assert_eq!(call(&doorward, "/mcp", &key.text).status, 200);
    // The last use is noted, and the key is nowhere to be read.
    let listed = doorward.json(&["key", "list"]);
    assert!(listed[0]["last_used_at"].as_u64().is_some_and(|at| at >= listed[0]["created_at"].as_u64().unwrap()), "{listed}");
    assert!(!listed.to_string().contains(&key.text[..10]), "how it begins, and no more");
    run(&doorward, &["key", "revoke", &key.id]);
    doorward.kill();
    doorward.start_again();
    assert_eq!(call(&doorward, "/mcp", &key.text).status, 401);
    assert_eq!(doorward.json(&["key", "list"]), json!([]));
    thread::sleep(Duration::from_millis(700));
    let mut folders = vec![doorward.folder.path().to_path_buf()];
    while let Some(path) = folders.pop() {
        if path.is_dir() {
            folders.extend(std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.is_file() {
            let bytes = std::fs::read(&path).unwrap();
            assert!(!bytes.windows(key.text.len()).any(|window| window == key.text.as_bytes()), "{}", path.display());
        }
    }
}

#[test]
fn an_account_has_a_bounded_number_of_keys() {
    let doorward = Doorward::start();
    doorward.add_user("bob", PASSWORD, &[]);
    let keys: Vec<Key> = (0..100).map(|_| Key::add(&doorward, &["--server", "/mcp", "--user", "bob"])).collect();
    let one_more = || doorward.run(&["key", "add", "test", "--server", "/mcp", "--user", "bob"]);
    let refused = one_more();
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("bob has 100 keys already"));
    Key::add(&doorward, &["--server", "/mcp", "--user", OWNER]);
    run(&doorward, &["key", "revoke", &keys[7].id]);
    assert!(one_more().status.success());
}

#[test]
fn a_key_says_json_or_nothing_like_a_token_does() {
    let site = &two().site;
    let key = Key::add(&site.doorward, &["--server", "/notes"]);
    let value = key.field();
    let fields = [("Authorization", value.as_str()), ("Content-Type", "text/plain")];
    assert_eq!(http::send(site.address, "POST", "/notes", &fields, MESSAGE.as_bytes()).status, 415);
    let fields = [("Authorization", value.as_str()), ("Origin", "https://evil.test")];
    assert_eq!(http::send(site.address, "POST", "/notes", &fields, MESSAGE.as_bytes()).status, 403);
}
