//! How often what may be done, by whom it is counted, and what whoever is too fast is told.

use crate::support::browser::{Browser, form};
use crate::support::client::{Client, MCP, MESSAGE, Tokens, call, call_with};
use crate::support::http::{self, Response};
use crate::support::upstream::Upstream;
use crate::support::{Doorward, OWNER, PASSWORD, Setup, eventually};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

const DEVICE: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// The demo server, an owner, and these limits beside the usual ones.
fn limited(limits: &str) -> Doorward {
    Doorward::with(Setup::config(format!("[limits]\n{limits}\n")).limited())
}

/// The same, believing what is said of addresses.
fn behind_a_proxy(limits: &str) -> Doorward {
    Doorward::with(Setup::config(format!("[limits]\n{limits}\n")).limited().flag("--trusted-proxy", "127.0.0.1"))
}

/// Registers what nobody has registered.
#[track_caller]
fn register(doorward: &Doorward, headers: &[(&str, &str)]) -> Response {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let metadata = json!({ "redirect_uris": [format!("http://127.0.0.1/{number}")], "token_endpoint_auth_method": "none" });
    let json = [("Content-Type", "application/json")];
    http::send(doorward.address, "POST", "/register", &[&json, headers].concat(), metadata.to_string().as_bytes())
}

fn from(address: &str) -> [(&str, &str); 1] {
    [("X-Forwarded-For", address)]
}

/// How many of so many answers are anything but 429.
fn accepted(count: usize, mut ask: impl FnMut() -> Response) -> usize {
    (0..count).filter(|_| ask().status != 429).count()
}

/// A refusal for machines: what it says, and that it says it is to them alone. Gives the seconds to wait.
#[track_caller]
fn told_to_wait(response: &Response) -> u64 {
    assert_eq!(response.error(), (429, "temporarily_unavailable".to_owned()), "{}", response.text());
    assert_eq!(response.header("www-authenticate"), None);
    assert_eq!(response.header("access-control-allow-origin"), Some("*"));
    assert!(response.header("access-control-expose-headers").unwrap().contains("Retry-After"));
    let members: Vec<String> = response.json().as_object().unwrap().keys().cloned().collect();
    assert_eq!(members, ["error", "error_description"]);
    assert!(!response.text().bytes().any(|byte| byte.is_ascii_digit()), "a number of ours: {}", response.text());
    response.header("retry-after").unwrap().parse().unwrap()
}

#[test]
fn a_change_of_a_registration_counts_as_one_and_reading_and_removing_it_do_not() {
    let doorward = limited("register_per_hour = 3");
    let registered = register(&doorward, &[]).json();
    let id = registered["client_id"].as_str().unwrap();
    let field = format!("Bearer {}", registered["registration_access_token"].as_str().unwrap());
    let fields = [("Content-Type", "application/json"), ("Authorization", field.as_str())];
    let manage = |method: &str, name: &str| {
        let body = json!({ "client_id": id, "redirect_uris": registered["redirect_uris"], "client_name": name }).to_string();
        http::send(doorward.address, method, &format!("/register/{id}"), &fields, body.as_bytes())
    };
    assert_eq!((manage("PUT", "doorward").status, manage("PUT", "One").status, manage("PUT", "Two").status), (400, 200, 200));
    told_to_wait(&manage("PUT", "Three"));
    told_to_wait(&register(&doorward, &[]));
    for _ in 0..5 {
        assert_eq!(manage("GET", "").json()["client_name"], "Two");
    }
    assert_eq!(manage("DELETE", "").status, 204);
}

fn authorize(doorward: &Doorward, client: &Client, headers: &[(&str, &str)]) -> Response {
    http::send(doorward.address, "GET", &client.authorize_url(&[]), headers, b"")
}

fn check(doorward: &Doorward, token: &str) -> Response {
    http::send(doorward.address, "GET", "/auth/check/mcp", &[("Authorization", &format!("Bearer {token}"))], b"")
}

fn limit_hits(doorward: &Doorward) -> Vec<Value> {
    let told = doorward.run(&["log", "--kind", "limit_hit", "--json"]);
    assert!(told.status.success());
    String::from_utf8(told.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn the_eleventh_registration_of_an_address_in_an_hour_is_told_to_wait_in_the_words_of_the_rfc() {
    let doorward = Doorward::with(Setup::default().limited());
    for number in 1..=10 {
        assert_eq!(register(&doorward, &[]).status, 201, "{number}");
    }
    let wait = told_to_wait(&register(&doorward, &[]));
    assert!((3590..=3900).contains(&wait), "{wait}");
    // What is no registration costs nothing and is answered as ever.
    let refused = http::post_json(doorward.address, "/register", &json!({ "redirect_uris": ["http://evil.test/"] }));
    assert_eq!(refused.error(), (400, "invalid_redirect_uri".to_owned()));
    assert_eq!(limit_hits(&doorward).len(), 1, "once for all that were turned away");
}

#[test]
fn whoever_registered_the_same_before_gets_its_id_again_although_nothing_is_left() {
    let doorward = limited("register_per_hour = 1");
    let metadata = json!({ "redirect_uris": ["http://127.0.0.1/callback"], "token_endpoint_auth_method": "none" });
    let first = http::post_json(doorward.address, "/register", &metadata).json();
    told_to_wait(&register(&doorward, &[]));
    for _ in 0..20 {
        let again = http::post_json(doorward.address, "/register", &metadata);
        assert_eq!((again.status, &again.json()["client_id"]), (201, &first["client_id"]));
    }
}

#[test]
fn a_changed_registration_counts_as_one() {
    let doorward = limited("register_per_hour = 3");
    let client = register(&doorward, &[]).json();
    let (path, token) = (format!("/register/{}", client["client_id"].as_str().unwrap()), &client["registration_access_token"]);
    let bearer = format!("Bearer {}", token.as_str().unwrap());
    let fields = [("Authorization", &*bearer), ("Content-Type", "application/json")];
    let change = |name: &str| {
        let body = json!({ "client_id": client["client_id"], "redirect_uris": client["redirect_uris"], "client_name": name });
        http::send(doorward.address, "PUT", &path, &fields, body.to_string().as_bytes())
    };
    assert_eq!((change("One").status, change("Two").status), (200, 200));
    told_to_wait(&change("Three"));
    told_to_wait(&register(&doorward, &[]));
    let read = http::send(doorward.address, "GET", &path, &fields, b"");
    assert_eq!((read.status, read.json()["client_name"].as_str()), (200, Some("Two")), "what was refused changed nothing");
    assert_eq!(http::send(doorward.address, "DELETE", &path, &fields, b"").status, 204);
}

#[test]
fn what_a_stranger_says_about_its_address_changes_nothing() {
    let doorward = limited("register_per_hour = 3");
    let names = [
        "X-Forwarded-For",
        "X-Real-IP",
        "Forwarded",
        "True-Client-IP",
        "CF-Connecting-IP",
        "X-Client-IP",
        "X-Cluster-Client-IP",
        "X-Doorward-Peer",
    ];
    let mut number = 0;
    let through = accepted(40, || {
        number += 1;
        let address =
            if names[number % names.len()] == "Forwarded" { format!("for=203.0.113.{number}") } else { format!("203.0.113.{number}") };
        register(&doorward, &[(names[number % names.len()], &address)])
    });
    assert_eq!(through, 3);
}

#[test]
fn behind_a_trusted_proxy_the_right_most_address_that_is_not_its_own_counts() {
    let doorward = behind_a_proxy("register_per_hour = 2");
    let through = |forwarded: &str| accepted(5, || register(&doorward, &[("X-Forwarded-For", forwarded)]));
    assert_eq!(through("203.0.113.7"), 2);
    // What stands left of it was written by strangers.
    assert_eq!(through("198.51.100.1, 203.0.113.7"), 0);
    assert_eq!(through("203.0.113.7, 127.0.0.1"), 0);
    assert_eq!(through("::ffff:203.0.113.7"), 0);
    assert_eq!(through("203.0.113.7, 198.51.100.1"), 2);
    let two_fields = accepted(5, || register(&doorward, &[("X-Forwarded-For", "9.9.9.9"), ("X-Forwarded-For", "203.0.113.7")]));
    assert_eq!(two_fields, 0);
    // What is no address is the proxy itself, and so is a proxy that says nothing.
    let junk = ["unknown", "203.0.113.7:80", "[2001:db8::1]", "", "203.0.113.8,", "203.0.113.8 x"];
    let mut junk = junk.iter().cycle();
    assert_eq!(accepted(12, || register(&doorward, &[("X-Forwarded-For", junk.next().unwrap())])), 2);
    assert_eq!(accepted(3, || register(&doorward, &[])), 0);
}

#[test]
fn an_ipv6_network_is_one_address_and_a_site_of_many_has_a_limit_of_its_own() {
    let doorward = behind_a_proxy("register_per_hour = 2");
    let mut host = 0;
    let one_network = accepted(10, || {
        host += 1;
        register(&doorward, &from(&format!("2001:db8:1:1::{host:x}")))
    });
    assert_eq!(one_network, 2);
    let mut network = 1;
    let one_site = accepted(20, || {
        network += 1;
        register(&doorward, &from(&format!("2001:db8:1:{network:x}::1")))
    });
    assert_eq!(one_site, 2 * 4 - 2, "the site has four times as much, and two were spent");
    assert_eq!(accepted(5, || register(&doorward, &from("2001:db8:2:1::1"))), 2);
}

#[test]
fn an_address_that_many_people_share_may_do_more_and_an_owner_can_name_others() {
    let doorward = behind_a_proxy("register_per_hour = 2\nauthorize_per_hour = 2\nhosted_networks = [\"203.0.113.0/24\"]");
    for address in ["160.79.104.10", "203.0.113.7"] {
        assert_eq!(accepted(61, || register(&doorward, &from(address))), 60, "{address}");
        let client = Client { id: "client_x".into(), secret: None, redirect_uri: "http://127.0.0.1/".into() };
        assert_eq!(accepted(61, || authorize(&doorward, &client, &from(address))), 60, "{address}");
    }
    assert_eq!(accepted(5, || register(&doorward, &from("160.79.103.255"))), 2);
}

#[test]
fn neither_a_restart_nor_kill_9_gives_a_fresh_allowance() {
    let mut doorward = limited("register_per_hour = 4\ncalls_per_minute = 20");
    let token = Client::register(&doorward).connect(&doorward).access;
    assert_eq!(register(&doorward, &[]).status, 201);
    let start = Instant::now();
    assert_eq!(accepted(10, || check(&doorward, &token)), 10);
    doorward.stop();
    doorward.start_again();
    assert_eq!(register(&doorward, &[]).status, 201);
    let after_stop = accepted(30, || check(&doorward, &token));
    let most = 11 + start.elapsed().as_secs() as usize / 3;
    assert!((10..=most).contains(&after_stop), "{after_stop} of the 10 that were left and of those that came anew meanwhile");
    // A registration is on disk before its answer, and so is its count.
    assert_eq!(register(&doorward, &[]).status, 201);
    doorward.kill();
    doorward.start_again();
    told_to_wait(&register(&doorward, &[]));
}

#[test]
fn after_kill_9_at_most_what_was_spent_in_the_last_moment_is_given_again() {
    let mut doorward = limited("calls_per_minute = 30\nauthorize_per_hour = 20");
    let client = Client::register(&doorward);
    let token = client.connect(&doorward).access;
    assert!(accepted(40, || check(&doorward, &token)) >= 30);
    let start = Instant::now();
    assert!(accepted(30, || authorize(&doorward, &client, &[])) <= 20);
    // Written within a second, and by the store to the file within half a second.
    thread::sleep(Duration::from_secs(2));
    doorward.kill();
    doorward.start_again();
    let calls = accepted(30, || check(&doorward, &token));
    let most = 2 + start.elapsed().as_secs() as usize / 2;
    assert!(calls <= most, "{calls} calls, although one in two seconds comes anew");
    assert_eq!(accepted(5, || authorize(&doorward, &client, &[])), 0);
}

#[test]
fn another_spelling_of_a_path_is_the_same_path_or_none() {
    let doorward = limited("register_per_hour = 1\nauthorize_per_hour = 1");
    assert_eq!(register(&doorward, &[]).status, 201);
    let client = Client { id: "client_x".into(), secret: None, redirect_uri: "http://127.0.0.1/".into() };
    assert_ne!(authorize(&doorward, &client, &[]).status, 429);
    let metadata = json!({ "redirect_uris": ["http://127.0.0.1/other"], "token_endpoint_auth_method": "none" }).to_string();
    let fields = [("Content-Type", "application/json")];
    for path in [
        "//register",
        "/register/",
        "/REGISTER",
        "/%72egister",
        "/register?x",
        "/./register",
        "/x/../register",
        "/register%2f",
        "/register;x",
    ] {
        let status = http::send(doorward.address, "POST", path, &fields, metadata.as_bytes()).status;
        assert!(matches!(status, 400 | 404 | 429), "{path}: {status}");
    }
    for path in
        ["//authorize", "/authorize/", "/AUTHORIZE", "/%61uthorize", "/authorize?", "/authorize?x=y", "/poll/start?client_id=client_x"]
    {
        let status = Browser::new(doorward.address).get(path).status;
        assert!(matches!(status, 303 | 400 | 404 | 429), "{path}: {status}");
    }
    assert_eq!(
        http::send(doorward.address, "POST", "/authorize", &[("Content-Type", "application/x-www-form-urlencoded")], b"x=y").status,
        429
    );
    let other_host = http::send(doorward.address, "POST", "/register", &[("Host", "localhost"), fields[0]], metadata.as_bytes());
    assert!(matches!(other_host.status, 421 | 429), "{}", other_host.status);
}

#[test]
fn each_request_counts_however_many_come_on_one_connection() {
    let doorward = Doorward::with(Setup::default().limited());
    let token = Client::register(&doorward).connect(&doorward).access;
    let request = format!("GET /auth/check/mcp HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {token}\r\n\r\n", doorward.address);
    let mut stream = http::connect(doorward.address);
    let start = Instant::now();
    let mut writer = stream.try_clone().unwrap();
    let sender = thread::spawn(move || (0..1000).for_each(|_| writer.write_all(request.as_bytes()).unwrap()));
    let mut seen = String::new();
    let mut buffer = [0; 65536];
    while seen.matches("HTTP/1.1 ").count() < 1000 || !seen.ends_with('}') {
        let count = stream.read(&mut buffer).unwrap();
        assert!(count > 0, "{}", seen.matches("HTTP/1.1 ").count());
        seen.push_str(std::str::from_utf8(&buffer[..count]).unwrap());
    }
    sender.join().unwrap();
    let through = seen.matches("HTTP/1.1 200").count();
    // Should it take longer than a minute, there is more.
    let most = 100 * (1 + start.elapsed().as_secs() as usize / 60);
    assert!((100..=most).contains(&through), "{through} of at most {most}");
    assert_eq!(through + seen.matches("HTTP/1.1 429").count(), 1000);
}

#[test]
fn one_token_may_call_a_hundred_times_at_once_and_what_it_does_touches_no_other() {
    let upstream = Upstream::json();
    let doorward = Doorward::with(Setup::upstream(upstream.address).limited());
    let (one, other) = (Client::register(&doorward).connect(&doorward).access, Client::register(&doorward).connect(&doorward).access);
    let through = accepted(130, || call(&doorward, "/mcp", &one));
    assert!((100..=105).contains(&through), "{through}");
    let before = upstream.seen().len();
    let refused = call(&doorward, "/mcp", &one);
    assert!((1..=65).contains(&told_to_wait(&refused)));
    assert_eq!(upstream.seen().len(), before, "the server does not hear of what is too much");
    // The same token everywhere, by every method, is the same token.
    assert_eq!(check(&doorward, &one).status, 429);
    for method in ["GET", "DELETE", "POST"] {
        let authorization = format!("Bearer {one}");
        let fields = [&MCP[..], &[("Authorization", &authorization)]].concat();
        assert_eq!(http::send(doorward.address, method, "/mcp/x", &fields, MESSAGE.as_bytes()).status, 429, "{method}");
    }
    assert_eq!(accepted(100, || call(&doorward, "/mcp", &other)), 100);
    assert_eq!(limit_hits(&doorward).len(), 1);
    assert_eq!(limit_hits(&doorward)[0]["user"], OWNER);
}

#[test]
fn after_the_time_that_was_named_what_was_refused_is_accepted() {
    let doorward = limited("calls_per_minute = 30\ntoken_per_minute = 40\nrefresh_per_minute = 5");
    let client = Client::register(&doorward);
    let tokens = client.connect(&doorward);
    assert_eq!(accepted(40, || check(&doorward, &tokens.access)), 30);
    let calls = told_to_wait_at_the_check(&check(&doorward, &tokens.access));
    // A token that is not good is refused as such, and a new one of the same connection has its own allowance.
    assert_eq!(check(&doorward, "dwat_x").status, 401);
    let mut next = Tokens::of(&client.refresh(&doorward, &tokens.refresh, &[]));
    assert_eq!(check(&doorward, &next.access).status, 200);
    for _ in 0..4 {
        next = Tokens::of(&client.refresh(&doorward, &next.refresh, &[]));
    }
    let refreshes = told_to_wait(&client.refresh(&doorward, &next.refresh, &[]));
    accepted(40, || client.redeem(&doorward, "dwac_x", &[]));
    let requests = told_to_wait(&client.redeem(&doorward, "dwac_x", &[]));
    let wait = calls.max(refreshes).max(requests);
    assert!((50..=65).contains(&wait), "{calls} {refreshes} {requests}");
    thread::sleep(Duration::from_secs(wait));
    assert_eq!(check(&doorward, &tokens.access).status, 200);
    assert_eq!(client.refresh(&doorward, &next.refresh, &[]).status, 200, "the token is none the worse");
    assert_eq!(client.redeem(&doorward, "dwac_x", &[]).error(), (400, "invalid_grant".to_owned()));
}

/// As everywhere, but that no page may read it.
#[track_caller]
fn told_to_wait_at_the_check(response: &Response) -> u64 {
    assert_eq!(response.error(), (429, "temporarily_unavailable".to_owned()));
    assert_eq!(response.header("www-authenticate"), None);
    response.header("retry-after").unwrap().parse().unwrap()
}

#[test]
fn who_somebody_is_may_be_asked_as_often_as_anything_with_one_token() {
    let doorward = limited("calls_per_minute = 10");
    let client = Client::register(&doorward);
    let code = http::parameter(&client.approve(&doorward, &[("scope", "openid")]), "code").unwrap();
    let token = Tokens::of(&client.redeem(&doorward, &code, &[])).access;
    let authorization = format!("Bearer {token}");
    let through = accepted(20, || http::send(doorward.address, "GET", "/userinfo", &[("Authorization", &authorization)], b""));
    assert!((10..=11).contains(&through), "{through}");
    told_to_wait(&http::send(doorward.address, "GET", "/userinfo", &[("Authorization", &authorization)], b""));
    assert_eq!(call_with(&doorward, "/mcp", &token, &[]).status, 429);
}

#[test]
fn discovery_preflights_and_health_are_never_limited() {
    let all = "register_per_hour = 1\nauthorize_per_hour = 1\ntoken_per_minute = 1\nrefresh_per_minute = 1\ncalls_per_minute = 1\npoll_per_minute = 1\ndevices_per_hour = 1\nsign_in_tries = 1";
    let doorward = limited(all);
    let client = Client::register(&doorward);
    for _ in 0..60 {
        for path in [
            "/.well-known/oauth-protected-resource/mcp",
            "/mcp/.well-known/oauth-protected-resource",
            "/.well-known/oauth-authorization-server",
            "/.well-known/openid-configuration",
            "/jwks",
            "/healthz",
            "/style.css",
            "/signin",
        ] {
            assert_eq!(http::get(doorward.address, path).status, 200, "{path}");
        }
        for path in ["/mcp", "/register", "/token", "/poll", "/userinfo"] {
            assert_eq!(http::send(doorward.address, "OPTIONS", path, &[("Origin", "https://a.test")], b"").status, 204, "{path}");
        }
        assert_eq!(http::send(doorward.address, "HEAD", &client.authorize_url(&[]), &[], b"").status, 200);
        assert_eq!(
            http::send(doorward.address, "POST", "/mcp", &MCP, MESSAGE.as_bytes()).status,
            401,
            "without a token there is nothing to count"
        );
    }
}

#[test]
fn authorization_requests_are_counted_by_address_and_the_page_says_in_words_how_long_to_wait() {
    let doorward = behind_a_proxy("authorize_per_hour = 20");
    let client = Client { id: "client_x".into(), secret: None, redirect_uri: "http://127.0.0.1/".into() };
    assert_eq!(accepted(30, || authorize(&doorward, &client, &from("203.0.113.7"))), 20);
    assert_eq!(accepted(30, || authorize(&doorward, &client, &from("203.0.113.8"))), 20);
    let page = authorize(&doorward, &client, &from("203.0.113.7"));
    let wait: u64 = page.header("retry-after").unwrap().parse().unwrap();
    assert!((3590..=3900).contains(&wait), "{wait}");
    assert_eq!((page.status, page.header("content-type")), (429, Some("text/html; charset=utf-8")));
    assert!(page.text().contains("Wait 6"), "{}", page.text());
    assert_eq!(
        (page.header("location"), page.header("access-control-allow-origin"), page.header("cache-control")),
        (None, None, Some("no-store"))
    );
}

#[test]
fn somebody_signed_in_has_an_allowance_of_their_own_that_no_stranger_uses_up() {
    let doorward = limited("authorize_per_hour = 5\nsign_in_tries = \"off\"");
    let client = Client::register(&doorward);
    let mut owner = Browser::new(doorward.address);
    let page = owner.get("/signin");
    owner.sign_in(&page, OWNER, PASSWORD);
    assert_eq!(accepted(10, || authorize(&doorward, &client, &[])), 5);
    assert_eq!(accepted(10, || owner.get(&client.authorize_url(&[]))), 5);
    // Signing in again in another browser brings nothing.
    let mut another = Browser::new(doorward.address);
    let page = another.get("/signin");
    another.sign_in(&page, OWNER, PASSWORD);
    assert_eq!(another.get(&client.authorize_url(&[])).status, 429);
}

#[test]
fn token_requests_are_counted_by_client_and_every_endpoint_of_clients_counts() {
    let doorward = limited("token_per_minute = 30");
    let (one, other) = (
        Client::register(&doorward),
        Client::register_as(&doorward, "http://127.0.0.1:7777/other", json!({ "token_endpoint_auth_method": "none" })),
    );
    let mut number = 0;
    let through = accepted(60, || {
        number += 1;
        if number % 2 == 0 { one.redeem(&doorward, "dwac_x", &[]) } else { one.revoke(&doorward, "dwrt_x") }
    });
    assert!((30..=32).contains(&through), "{through}");
    told_to_wait(&one.redeem(&doorward, "dwac_x", &[]));
    assert_eq!(other.redeem(&doorward, "dwac_x", &[]).error(), (400, "invalid_grant".to_owned()));
}

#[test]
fn a_resource_server_may_ask_about_every_call_that_it_gets() {
    let doorward = limited("token_per_minute = 5");
    let entered = doorward.json(&["client", "add", "--resource-server", "/mcp", "--name", "Notes itself"]);
    let (id, secret) = (entered["id"].as_str().unwrap(), entered["client_secret"].as_str().unwrap());
    let ask = |secret: &str| {
        http::post_form(doorward.address, "/introspect", &[("client_id", id), ("client_secret", secret), ("token", "dwat_x")], &[])
    };
    assert_eq!(accepted(50, || ask(secret)), 50);
    // Wrong secrets are counted as everywhere.
    assert!(accepted(20, || ask("dwcs_x")) <= 7);
}

#[test]
fn a_client_without_a_secret_is_not_stopped_by_whoever_says_its_name_elsewhere() {
    let doorward = behind_a_proxy("token_per_minute = 10\nsign_in_tries = \"off\"");
    let client = Client::register(&doorward);
    let tokens = client.connect(&doorward);
    let flood = |address| accepted(30, || http::post_form(doorward.address, "/token", &client.rotation("dwrt_x"), &from(address)));
    assert!(flood("203.0.113.7") <= 12);
    assert_eq!(client.refresh(&doorward, &tokens.refresh, &[]).status, 200);
    // One with a secret is itself wherever it comes from.
    let secret =
        Client::register_as(&doorward, "http://127.0.0.1:7777/secret", json!({ "token_endpoint_auth_method": "client_secret_post" }));
    let mut number = 0;
    let through = accepted(40, || {
        number += 1;
        http::post_form(doorward.address, "/token", &secret.redemption("dwac_x"), &from(&format!("203.0.113.{number}")))
    });
    assert!((10..=12).contains(&through), "{through}");
}

#[test]
fn the_eleventh_refresh_of_a_client_in_a_minute_has_to_wait() {
    let doorward = Doorward::with(Setup::default().limited());
    let client = Client::register(&doorward);
    let another = Client::register_as(&doorward, "http://127.0.0.1:7777/other", json!({ "token_endpoint_auth_method": "none" }));
    let others = another.connect(&doorward).refresh;
    let mut refresh = client.connect(&doorward).refresh;
    for number in 1..=10 {
        refresh = Tokens::of(&client.refresh(&doorward, &refresh, &[])).refresh;
        assert!(!refresh.is_empty(), "{number}");
    }
    told_to_wait(&client.refresh(&doorward, &refresh, &[]));
    told_to_wait(&client.refresh(&doorward, &others, &[]));
    assert_eq!(another.refresh(&doorward, &others, &[]).status, 200);
}

#[test]
fn a_client_that_refreshes_in_many_places_at_once_is_answered_in_all_of_them() {
    let doorward = Doorward::with(Setup::default().limited());
    let client = Client::register(&doorward);
    let mut refresh = client.connect(&doorward).refresh;
    for _ in 0..9 {
        let next = Tokens::of(&client.refresh(&doorward, &refresh, &[])).refresh;
        assert_eq!(Tokens::of(&client.refresh(&doorward, &refresh, &[])).refresh, next, "an earlier answer costs nothing");
        refresh = next;
    }
    // One is left: it is enough for all of them, and afterwards the answer is still there for whoever lost it.
    let request = http::form_request(doorward.address, "/token", &client.rotation(&refresh));
    let answers = http::race(doorward.address, &vec![request; 20]);
    let got: Vec<String> = answers.iter().map(|answer| Tokens::of(answer).refresh).collect();
    assert!(got.iter().all(|one| *one == got[0]));
    assert_eq!(Tokens::of(&client.refresh(&doorward, &refresh, &[])).refresh, got[0]);
    told_to_wait(&client.refresh(&doorward, &got[0], &[]));
}

#[test]
fn devices_and_questions_at_the_bridge_are_counted_by_address() {
    let doorward = behind_a_proxy("devices_per_hour = 3\npoll_per_minute = 10");
    let metadata = json!({ "grant_types": [DEVICE], "token_endpoint_auth_method": "none" });
    let id = http::post_json(doorward.address, "/register", &metadata).json()["client_id"].as_str().unwrap().to_owned();
    let begin = |address| http::post_form(doorward.address, "/device_authorization", &[("client_id", &id)], &from(address));
    assert_eq!(accepted(6, || begin("203.0.113.7")), 3);
    assert_eq!(accepted(6, || begin("203.0.113.8")), 3);
    let wait = told_to_wait(&begin("203.0.113.7"));
    assert!((3590..=3900).contains(&wait), "{wait}");
    let ask = |address| http::send(doorward.address, "GET", "/poll?state=a-state-that-nobody-has-chosen", &from(address), b"");
    assert_eq!(accepted(10, || ask("203.0.113.7")), 10);
    assert!(told_to_wait(&ask("203.0.113.7")) <= 65);
    assert_eq!(ask("203.0.113.8").error(), (400, "authorization_pending".to_owned()));
}

#[test]
fn an_owner_can_switch_each_limit_off() {
    let doorward = limited(
        "register_per_hour = \"off\"\nauthorize_per_hour = \"off\"\ncalls_per_minute = \"off\"\ntoken_per_minute = \"off\"\nrefresh_per_minute = \"off\"",
    );
    assert_eq!(accepted(30, || register(&doorward, &[])), 30);
    let client = Client::register(&doorward);
    let tokens = client.connect(&doorward);
    assert_eq!(accepted(120, || authorize(&doorward, &client, &[])), 120);
    assert_eq!(accepted(150, || check(&doorward, &tokens.access)), 150);
    let mut refresh = tokens.refresh;
    for _ in 0..70 {
        refresh = Tokens::of(&client.refresh(&doorward, &refresh, &[])).refresh;
    }
}

#[test]
fn usual_use_meets_no_limit() {
    let doorward = Doorward::with(Setup::default().limited());
    let client = Client::register(&doorward);
    let mut browser = Browser::new(doorward.address);
    for round in 0..5 {
        let consent = client.reach_consent(&mut browser, OWNER, PASSWORD, &[]);
        let location = browser.submit(&form(&consent, "/consent").set("decision", "approve")).location();
        let tokens = Tokens::of(&client.redeem(&doorward, &http::parameter(&location, "code").unwrap(), &[]));
        assert_eq!(accepted(50, || call(&doorward, "/mcp", &tokens.access)), 50, "{round}");
        assert_eq!(client.refresh(&doorward, &tokens.refresh, &[]).status, 200);
    }
    assert!(eventually(1, || limit_hits(&doorward).is_empty()));
}
