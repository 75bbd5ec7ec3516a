//! What passes through to a protected server and back: never a credential of ours, always who is calling.
//! MCP authorization *access token privilege restriction*, MCP security best practices *token passthrough*, RFC 9110 §7.6.1.

use crate::support::browser::Browser;
use crate::support::client::{Client, MESSAGE, Tokens, call, call_with};
use crate::support::http;
use crate::support::site::Site;
use crate::support::upstream::Upstream;
use crate::support::{Doorward, OWNER, PASSWORD, Setup, run_in};
use serde_json::json;
use std::io::{Read, Write};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

fn site() -> &'static Site {
    static SITE: OnceLock<Site> = OnceLock::new();
    SITE.get_or_init(|| Site::shared(|upstream| Setup::upstream(upstream.address)))
}

/// A call that the upstream is to recognise by its path, and what it got.
fn relayed(tokens: &Tokens, place: &str, fields: &[(&str, &str)]) -> crate::support::upstream::Seen {
    let response = call_with(&site().doorward, &format!("/mcp/{place}"), &tokens.access, fields);
    assert_eq!(response.status, 200, "{}", response.text());
    let seen = site().upstream.seen();
    let mine: Vec<_> = seen.iter().filter(|seen| seen.line().contains(&format!("/mcp/{place} "))).collect();
    assert_eq!(mine.len(), 1);
    mine[0].clone()
}

#[test]
fn an_upstream_learns_who_calls_and_gets_no_credential_of_ours() {
    let mut browser = Browser::new(site().doorward.address);
    let client = site().client();
    let code = http::parameter(&client.approve_as(&mut browser, OWNER, PASSWORD, &[]), "code").unwrap();
    let tokens = Tokens::of(&client.redeem(&site().doorward, &code, &[]));
    let cookie: Vec<String> = browser.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let fields = [
        ("Cookie", cookie.join("; ")),
        ("X-Api-Key", tokens.access.clone()),
        ("Proxy-Authorization", format!("Bearer {}", tokens.access)),
        ("DPoP", "x".to_owned()),
        ("Referer", format!("{}/authorize?code={code}", site().doorward.origin())),
    ];
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let seen = relayed(&tokens, "who", &fields);
    assert_eq!(seen.all("x-doorward-user"), [OWNER]);
    assert_eq!(seen.all("x-doorward-client"), [&client.id]);
    assert_eq!(seen.all("x-doorward-scope"), ["mcp"]);
    assert_eq!(seen.all("host"), [site().upstream.address.to_string()]);
    assert_eq!(seen.body, MESSAGE.as_bytes());
    for secret in ["dwat_", "dwrt_", "dwac_", "dwss_", "doorward_session", "Bearer"] {
        assert!(!seen.head.contains(secret), "{secret} in {}", seen.head);
    }
    for name in ["authorization", "cookie", "x-api-key", "proxy-authorization", "referer", "dpop"] {
        assert!(seen.all(name).is_empty(), "{name}");
    }
}

#[test]
fn a_client_cannot_say_who_it_is_in_any_spelling() {
    let tokens = site().connect(&site().client());
    let spoofed = [
        ("X-Doorward-User", "root"),
        ("x-doorward-USER", "root"),
        ("X_Doorward_User", "root"),
        ("X.Doorward.User", "root"),
        ("X-Doorward-Admin", "root"),
        ("X-Forwarded-User", "root"),
        ("X-Forwarded-For", "6.6.6.6"),
        ("X-Real-IP", "6.6.6.6"),
        ("Forwarded", "for=6.6.6.6"),
        ("X-Remote-User", "root"),
        ("Remote-User", "root"),
        ("Remote_User", "root"),
        ("X-Auth-Request-User", "root"),
        ("X-Authenticated-Userid", "root"),
        ("X-WebAuth-User", "root"),
        ("X-HTTP-Method-Override", "DELETE"),
        ("Connection", "close, X-Doorward-User, X-Forwarded-For, X-Doorward-Scope"),
    ];
    let seen = relayed(&tokens, "spoofed", &spoofed);
    assert!(!seen.head.contains("root") && !seen.head.contains("6.6.6.6") && !seen.head.contains("DELETE"), "{}", seen.head);
    assert_eq!((seen.all("x-doorward-user"), seen.all("x-doorward-scope")), (vec![OWNER], vec!["mcp"]));
    assert_eq!(seen.all("x-forwarded-for"), ["127.0.0.1"]);
}

#[test]
fn what_mcp_needs_passes_both_ways() {
    let answer = "HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\nMcp-Session-Id: s-1\r\nMCP-Protocol-Version: 2025-06-18\r\n\
                  Set-Cookie: evil=1\r\nServer: secret/1\r\nContent-Length: 2\r\n\r\n{}";
    let upstream = Upstream::answering(answer);
    let doorward = Doorward::with(Setup::upstream(upstream.address));
    let client = Client::register(&doorward);
    let tokens = client.connect(&doorward);
    let response = call_with(&doorward, "/mcp", &tokens.access, &[("Last-Event-ID", "7"), ("Mcp-Session-Id", "s-0")]);
    assert_eq!((response.status, response.header("mcp-session-id")), (202, Some("s-1")));
    assert_eq!(response.header("mcp-protocol-version"), Some("2025-06-18"));
    assert_eq!((response.header("set-cookie"), response.header("server")), (None, None));
    let seen = upstream.only();
    assert_eq!((seen.all("last-event-id"), seen.all("mcp-session-id")), (vec!["7"], vec!["s-0"]));
    assert_eq!((seen.all("mcp-protocol-version"), seen.all("accept")), (vec!["2025-06-18"], vec!["application/json, text/event-stream"]));
}

#[test]
fn the_upstreams_own_credential_comes_from_the_environment_and_nobody_else_sees_it() {
    let upstream = Upstream::json();
    let config = format!(
        "[[server]]\npath = \"/home\"\nname = \"Home\"\nupstream = \"http://{}/api\"\n\
         upstream_header = {{ Authorization = \"Bearer ${{HOME_TOKEN}}\", X-Key = \"${{file:KEYFILE}}\" }}\n",
        upstream.address
    );
    let key = std::env::temp_dir().join(format!("dw-key-{}", std::process::id()));
    std::fs::write(&key, "from-a-file\n").unwrap();
    let config = config.replace("KEYFILE", key.to_str().unwrap());
    let setup = Setup { environment: vec![("HOME_TOKEN".into(), "upstream-canary".into())], ..Setup::config(config) };
    let doorward = Doorward::with(setup);
    let client = Client::register(&doorward);
    let tokens = client.connect(&doorward);
    let response = call_with(&doorward, "/home", &tokens.access, &[("X-Key", "mine"), ("X_Key", "mine")]);
    assert_eq!(response.status, 200);
    let seen = upstream.only();
    assert_eq!((seen.all("authorization"), seen.all("x-key")), (vec!["Bearer upstream-canary"], vec!["from-a-file"]));
    assert_eq!(seen.line(), "POST /api HTTP/1.1");
    let listed = doorward.run(&["server", "list", "--json"]);
    for text in [response.text(), format!("{:?}", response.headers), String::from_utf8_lossy(&listed.stdout).into_owned()] {
        assert!(!text.contains("canary"), "{text}");
    }
    // Without it there is no start, and the message names what is missing.
    let done = run_in(doorward.folder.path(), &["serve", "--listen", "127.0.0.1:0"], "");
    assert_eq!(done.status.code(), Some(1));
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(said.contains("HOME_TOKEN") && said.contains("hint:"), "{said}");
    let _ = std::fs::remove_file(key);
}

#[test]
fn metadata_below_a_server_is_ours_and_open_and_the_upstream_is_not_asked() {
    let quiet = Site::new(|upstream| Setup::upstream(upstream.address));
    let address = quiet.doorward.address;
    for document in ["oauth-protected-resource", "oauth-authorization-server", "openid-configuration"] {
        let direct = http::get(address, &format!("/.well-known/{document}/mcp"));
        let below = http::get(address, &format!("/mcp/.well-known/{document}"));
        assert_eq!((direct.status, below.status), (200, 200), "{document}");
        assert_eq!(direct.json(), below.json(), "{document}");
        assert_eq!(below.header("access-control-allow-origin"), Some("*"));
    }
    for other in ["/mcp/.well-known/other", "/mcp/x/.well-known/oauth-protected-resource", "/mcp/.well-known"] {
        let status = http::get(address, other).status;
        assert!(matches!(status, 401 | 404), "{other}: {status}");
    }
    let post = http::post_json(address, "/mcp/.well-known/oauth-protected-resource", &json!({}));
    assert_eq!(post.status, 405);
    assert_eq!(quiet.upstream.connections(), 0);
}

#[test]
fn a_session_is_of_no_use_to_another_client_or_another_user() {
    let answer = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nMcp-Session-Id: the-session\r\nContent-Length: 2\r\n\r\n{}";
    let upstream = Upstream::answering(answer);
    let doorward = Doorward::with(Setup::upstream(upstream.address));
    doorward.add_user("bob", PASSWORD, &[]);
    let (client, other) = (Client::register(&doorward), register_another(&doorward));
    let mut owner = Browser::new(doorward.address);
    let connect = |client: &Client, browser: &mut Browser, name: &str| {
        let code = http::parameter(&client.approve_as(browser, name, PASSWORD, &[]), "code").unwrap();
        Tokens::of(&client.redeem(&doorward, &code, &[]))
    };
    let mine = connect(&client, &mut owner, OWNER);
    let again = connect(&client, &mut owner, OWNER);
    let another = connect(&other, &mut owner, OWNER);
    let bobs = connect(&client, &mut Browser::new(doorward.address), "bob");
    let session = [("Mcp-Session-Id", "the-session")];
    assert_eq!(call(&doorward, "/mcp", &mine.access).header("mcp-session-id"), Some("the-session"));
    assert_eq!(call_with(&doorward, "/mcp", &mine.access, &session).status, 200);
    assert_eq!(call_with(&doorward, "/mcp", &again.access, &session).status, 200, "the same client after it connected again");
    let before = upstream.connections();
    for thief in [&another, &bobs] {
        for method in ["POST", "GET", "DELETE"] {
            let value = format!("Bearer {}", thief.access);
            let fields = [("Authorization", value.as_str()), session[0], ("Content-Type", "application/json"), ("Last-Event-ID", "1")];
            let response = http::send(doorward.address, method, "/mcp", &fields, if method == "POST" { b"{}" } else { b"" });
            assert_eq!(response.status, 404, "{method}");
        }
    }
    for malformed in ["", "a b", "\u{fc}", &"x".repeat(5_000)] {
        let response = call_with(&doorward, "/mcp", &mine.access, &[("Mcp-Session-Id", malformed)]);
        assert!(matches!(response.status, 400 | 404), "{malformed:.20}: {}", response.status);
    }
    assert_eq!(call_with(&doorward, "/mcp", &mine.access, &[session[0], ("Mcp-Session-Id", "other")]).status, 400);
    assert_eq!(call_with(&doorward, "/mcp", "dwat_x", &session).status, 401);
    assert_eq!(upstream.connections(), before);
}

fn register_another(doorward: &Doorward) -> Client {
    Client::register_as(doorward, "http://127.0.0.1:7777/another", json!({ "token_endpoint_auth_method": "none" }))
}

/// An upstream that begins a stream and does not end it.
fn streaming() -> Upstream {
    Upstream::with(|_, stream| {
        let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n";
        let _ = stream.write_all(head.as_bytes());
        let _ = stream.read(&mut [0; 1]);
    })
}

#[test]
fn an_open_stream_ends_with_what_it_stands_on() {
    let upstream = streaming();
    let doorward = Doorward::with(Setup::upstream(upstream.address));
    doorward.add_user("bob", PASSWORD, &[]);
    let (mut bob, mut owner) = (Browser::new(doorward.address), Browser::new(doorward.address));
    let client = Client::register(&doorward);
    let mut connect = |client: &Client, bobs: bool| {
        let (browser, name) = if bobs { (&mut bob, "bob") } else { (&mut owner, OWNER) };
        let code = http::parameter(&client.approve_as(browser, name, PASSWORD, &[]), "code").unwrap();
        (code.clone(), Tokens::of(&client.redeem(&doorward, &code, &[])))
    };
    let run = |arguments: &[&str]| assert!(doorward.run(arguments).status.success(), "{arguments:?}");
    let bystander = open_stream(&doorward, &connect(&client, false).1.access);
    let ends = |why: &str, tokens: &Tokens, end: &dyn Fn()| {
        let mut stream = open_stream(&doorward, &tokens.access);
        let begun = Instant::now();
        end();
        let _ = stream.read_to_end(&mut Vec::new());
        assert!(begun.elapsed() < Duration::from_secs(3), "{why}: {:?}", begun.elapsed());
        assert_eq!(call(&doorward, "/mcp", &tokens.access).status, 401, "{why}");
    };
    let tokens = connect(&client, false).1;
    ends("access token revoked", &tokens, &|| drop(client.revoke(&doorward, &tokens.access)));
    let tokens = connect(&client, false).1;
    ends("refresh token revoked", &tokens, &|| drop(client.revoke(&doorward, &tokens.refresh)));
    let (code, tokens) = connect(&client, false);
    ends("code replayed", &tokens, &|| drop(client.redeem(&doorward, &code, &[])));
    let tokens = connect(&client, false).1;
    ends("refresh token reused", &tokens, &|| {
        let next = Tokens::of(&client.refresh(&doorward, &tokens.refresh, &[]));
        Tokens::of(&client.refresh(&doorward, &next.refresh, &[]));
        assert_eq!(client.refresh(&doorward, &tokens.refresh, &[]).status, 400);
    });
    let another = register_another(&doorward);
    let tokens = connect(&another, false).1;
    ends("client removed", &tokens, &|| run(&["client", "remove", &another.id]));
    let tokens = connect(&client, true).1;
    ends("server denied", &tokens, &|| run(&["user", "deny", "bob", "/mcp"]));
    run(&["user", "allow", "bob", "/mcp"]);
    let tokens = connect(&client, true).1;
    ends("user disabled", &tokens, &|| run(&["user", "disable", "bob"]));
    // None of it was the bystander's business.
    bystander.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    let read = (&bystander).read(&mut [0; 64]);
    assert!(read.as_ref().map_or_else(|error| error.kind() == std::io::ErrorKind::WouldBlock, |count| *count > 0), "{read:?}");
}

/// A stream of which the first event has come.
fn open_stream(doorward: &Doorward, token: &str) -> std::net::TcpStream {
    let mut stream = http::connect(doorward.address);
    let request =
        format!("GET /mcp HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {token}\r\nAccept: text/event-stream\r\n\r\n", doorward.address);
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
fn trouble_behind_the_gate_is_told_in_json_without_names() {
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = gone.local_addr().unwrap();
    drop(gone);
    let hostile = Upstream::answering(
        "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Bearer resource_metadata=\"https://evil.test/\"\r\nContent-Length: 0\r\n\r\n",
    );
    let config = format!(
        "[[server]]\npath = \"/gone\"\nupstream = \"http://{address}/\"\n[[server]]\npath = \"/hostile\"\nupstream = \"http://{}/\"\n",
        hostile.address
    );
    let site = Site::new(|_| Setup::config(config));
    let client = site.client();
    for path in ["/gone", "/hostile"] {
        let tokens = site.connect_to(&client, &[("resource", &format!("{}{path}", site.doorward.origin()))]);
        let response = call(&site.doorward, path, &tokens.access);
        assert_eq!((response.status, response.header("www-authenticate")), (502, None), "{path}");
        let text = response.text();
        assert!(response.json()["error"].is_string());
        assert!(!text.contains("127.0.0.1") && !text.contains(&address.port().to_string()) && !text.contains("evil"), "{text}");
    }
}
