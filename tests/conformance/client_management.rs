//! How a client reads, changes and removes its own registration, and why nobody else does. RFC 7592.

use crate::support::client::{Client, Tokens, call};
use crate::support::http::{self, Response};
use crate::support::site::Site;
use crate::support::{Doorward, Setup};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

fn site() -> &'static Site {
    static SITE: OnceLock<Site> = OnceLock::new();
    SITE.get_or_init(|| Site::shared(|upstream| Setup::upstream(upstream.address)))
}

/// A registration as its client was told.
struct Registered {
    body: Value,
}

impl Registered {
    #[track_caller]
    fn with(doorward: &Doorward, metadata: &Value) -> Self {
        let response = http::post_json(doorward.address, "/register", metadata);
        assert_eq!(response.status, 201, "{}", response.text());
        Self { body: response.json() }
    }

    /// One that is no other test's.
    #[track_caller]
    fn new(doorward: &Doorward, method: &str) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let uri = format!("http://127.0.0.1:7777/managed/{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        Self::with(doorward, &json!({ "redirect_uris": [uri], "token_endpoint_auth_method": method, "client_name": "Before" }))
    }

    fn text(&self, member: &str) -> &str {
        self.body[member].as_str().unwrap_or_else(|| panic!("no {member} in {}", self.body))
    }

    fn path(&self) -> String {
        format!("/register/{}", self.text("client_id"))
    }

    fn token(&self) -> &str {
        self.text("registration_access_token")
    }

    fn client(&self) -> Client {
        let redirect_uri = self.body["redirect_uris"][0].as_str().unwrap().to_owned();
        Client { id: self.text("client_id").to_owned(), secret: self.body["client_secret"].as_str().map(str::to_owned), redirect_uri }
    }

    #[track_caller]
    fn send(&self, doorward: &Doorward, method: &str, body: &Value) -> Response {
        manage(doorward, method, &self.path(), &[("Authorization", &format!("Bearer {}", self.token()))], body)
    }

    #[track_caller]
    fn read(&self, doorward: &Doorward) -> Response {
        self.send(doorward, "GET", &Value::Null)
    }

    /// Replaces the metadata by the id and these members.
    #[track_caller]
    fn put(&self, doorward: &Doorward, members: &Value) -> Response {
        let mut body = json!({ "client_id": self.text("client_id"), "redirect_uris": self.body["redirect_uris"] });
        for (name, value) in members.as_object().unwrap() {
            body[name] = value.clone();
        }
        self.send(doorward, "PUT", &body)
    }
}

#[track_caller]
fn manage(doorward: &Doorward, method: &str, path: &str, fields: &[(&str, &str)], body: &Value) -> Response {
    let text = if body.is_null() { String::new() } else { body.to_string() };
    let json = [("Content-Type", "application/json")];
    http::send(doorward.address, method, path, &[if body.is_null() { &[][..] } else { &json }, fields].concat(), text.as_bytes())
}

#[track_caller]
fn unauthorized(response: &Response, why: &str) {
    assert_eq!(response.error(), (401, "invalid_token".into()), "{why}: {}", response.text());
    assert!(response.header("www-authenticate").unwrap().starts_with("Bearer"), "{why}");
}

#[test]
fn a_client_reads_its_registration_with_the_token_it_was_given() {
    let site = site();
    for method in ["none", "client_secret_post", "client_secret_basic"] {
        let registered = Registered::new(&site.doorward, method);
        let uri = format!("{}{}", site.doorward.origin(), registered.path());
        assert_eq!((registered.text("registration_client_uri"), &registered.token()[..5]), (&*uri, "dwrg_"));
        let answer = registered.read(&site.doorward);
        assert_eq!((answer.status, answer.header("cache-control"), answer.header("pragma")), (200, Some("no-store"), Some("no-cache")));
        let mut expected = registered.body.clone();
        // A secret is shown once.
        expected.as_object_mut().unwrap().retain(|name, _| !name.starts_with("client_secret"));
        assert_eq!(answer.json(), expected, "{method}");
    }
}

#[test]
fn what_is_put_takes_the_place_of_what_there_was_and_the_secret_stays() {
    let site = site();
    let registered = Registered::new(&site.doorward, "client_secret_basic");
    let tokens = site.connect(&registered.client());
    let new = "http://127.0.0.1:7777/moved";
    let sent = json!({ "redirect_uris": [new], "client_name": "After", "client_secret": registered.text("client_secret") });
    let answer = registered.put(&site.doorward, &sent);
    assert_eq!((answer.status, answer.header("cache-control")), (200, Some("no-store")), "{}", answer.text());
    let body = answer.json();
    assert_eq!(
        (&body["redirect_uris"], &body["client_name"], &body["client_id"]),
        (&json!([new]), &json!("After"), &registered.body["client_id"])
    );
    assert_eq!(body["token_endpoint_auth_method"], "client_secret_basic", "what was not sent is as it was or as it usually is");
    assert_eq!((&body["registration_access_token"], body.get("client_secret")), (&registered.body["registration_access_token"], None));
    assert_eq!(registered.read(&site.doorward).json(), body);
    // What was granted before goes on, with the secret of before; answers go to the new address alone.
    let before = registered.client();
    Tokens::of(&before.refresh(&site.doorward, &tokens.refresh, &[]));
    assert_eq!(call(&site.doorward, "/mcp", &tokens.access).status, 200);
    assert_eq!(site.owner().get(&before.authorize_url(&[])).status, 400);
    let moved = Client { redirect_uri: new.to_owned(), ..before };
    site.connect(&moved);
    // Whoever is asked is told that it is not what it was.
    let page = site.owner().get(&moved.authorize_url(&[])).text();
    assert!(page.contains("After") && page.contains("changed what it says of itself"), "{page}");
    assert!(site.doorward.json(&["client", "show", &moved.id])["changed_at"].is_u64());
}

#[test]
fn an_update_keeps_to_the_rules_of_a_registration_and_a_refused_one_changes_nothing() {
    let site = site();
    let registered = Registered::new(&site.doorward, "none");
    let before = registered.read(&site.doorward).json();
    for (members, status, code) in [
        (json!({ "redirect_uris": ["https://client.test/cb", "http://evil.test/cb"] }), 400, "invalid_redirect_uri"),
        (json!({ "redirect_uris": ["javascript:alert(1)"] }), 400, "invalid_redirect_uri"),
        (json!({ "redirect_uris": [] }), 400, "invalid_redirect_uri"),
        (json!({ "redirect_uris": null }), 400, "invalid_redirect_uri"),
        (json!({ "redirect_uris": vec!["https://client.test/cb"; 11] }), 400, "invalid_redirect_uri"),
        (json!({ "client_name": "doorward" }), 400, "invalid_client_metadata"),
        (json!({ "client_name": "x".repeat(121) }), 400, "invalid_client_metadata"),
        (json!({ "client_name": "a\u{202e}b" }), 400, "invalid_client_metadata"),
        (json!({ "grant_types": ["client_credentials"] }), 400, "invalid_client_metadata"),
        (json!({ "response_types": ["token"] }), 400, "invalid_client_metadata"),
        (json!({ "logo_uri": "http://127.0.0.1/" }), 400, "invalid_client_metadata"),
        (json!({ "token_endpoint_auth_method": "private_key_jwt" }), 400, "invalid_client_metadata"),
        (json!({ "client_name": 7 }), 400, "invalid_client_metadata"),
    ] {
        assert_eq!(registered.put(&site.doorward, &members).error(), (status, code.into()), "{members}");
    }
    let field = format!("Bearer {}", registered.token());
    let body = json!({ "client_id": registered.text("client_id"), "redirect_uris": ["https://client.test/cb"] }).to_string();
    let fields = [("Authorization", field.as_str()), ("Content-Type", "text/plain")];
    assert_eq!(http::send(site.address, "PUT", &registered.path(), &fields, body.as_bytes()).status, 415);
    let twice = body.replacen('{', "{\"redirect_uris\":[\"https://evil.test/\"],", 1);
    let fields = [("Authorization", field.as_str()), ("Content-Type", "application/json")];
    for body in ["", "[]", "null", twice.as_str(), &"x".repeat(1024 * 1024)] {
        assert!(matches!(http::send(site.address, "PUT", &registered.path(), &fields, body.as_bytes()).status, 400 | 413));
    }
    assert_eq!(registered.read(&site.doorward).json(), before);
}

#[test]
fn a_client_cannot_become_another_nor_choose_its_secret_nor_do_without() {
    let site = site();
    let (public, keeper) = (Registered::new(&site.doorward, "none"), Registered::new(&site.doorward, "client_secret_post"));
    let refused = |registered: &Registered, members: Value| {
        let answer = registered.put(&site.doorward, &members);
        assert_eq!(answer.error(), (400, "invalid_client_metadata".into()), "{members}");
    };
    for registered in [&public, &keeper] {
        refused(registered, json!({ "client_id": Registered::new(&site.doorward, "none").text("client_id") }));
        refused(registered, json!({ "client_id": null }));
        refused(registered, json!({ "client_secret": "a secret of its own choice" }));
        for ours in ["registration_access_token", "registration_client_uri", "client_secret_expires_at", "client_id_issued_at"] {
            refused(registered, json!({ ours: registered.body.get(ours).cloned().unwrap_or(json!(0)) }));
        }
    }
    refused(&keeper, json!({ "token_endpoint_auth_method": "none" }));
    refused(&public, json!({ "token_endpoint_auth_method": "client_secret_post" }));
    // Members that would make it more than it is are not known, as at registration.
    let answer = public.put(&site.doorward, &json!({ "origin": "Manual", "trusted": true, "secret": "x", "created_at": 0 }));
    assert_eq!((answer.status, answer.json().get("client_secret")), (200, None));
    let shown = site.doorward.json(&["client", "show", public.text("client_id")]);
    assert_eq!(shown["registered"], "by itself");
}

#[test]
fn a_deleted_client_is_unknown_at_once_and_everything_of_it_has_ended() {
    let site = site();
    for method in ["none", "client_secret_basic"] {
        let registered = Registered::new(&site.doorward, method);
        let client = registered.client();
        let (tokens, code) = (site.connect(&client), site.code(&client));
        let answer = registered.send(&site.doorward, "DELETE", &Value::Null);
        assert_eq!((answer.status, answer.body.len(), answer.header("cache-control")), (204, 0, Some("no-store")), "{}", answer.text());
        assert_eq!(call(&site.doorward, "/mcp", &tokens.access).status, 401);
        assert_eq!(client.refresh(&site.doorward, &tokens.refresh, &[]).error(), (401, "invalid_client".into()));
        assert_eq!(client.redeem(&site.doorward, &code, &[]).error(), (401, "invalid_client".into()));
        for method in ["GET", "DELETE"] {
            unauthorized(&registered.send(&site.doorward, method, &Value::Null), method);
        }
        unauthorized(&registered.put(&site.doorward, &json!({})), "PUT");
        let listed = site.doorward.json(&["connection", "list"]);
        assert!(!listed.to_string().contains(&client.id), "{listed}");
    }
    // Who registers the same is another client.
    let metadata = json!({ "redirect_uris": ["http://127.0.0.1:7777/again"], "token_endpoint_auth_method": "none" });
    let first = Registered::with(&site.doorward, &metadata);
    first.send(&site.doorward, "DELETE", &Value::Null);
    let second = Registered::with(&site.doorward, &metadata);
    assert_ne!(second.text("client_id"), first.text("client_id"));
    unauthorized(&first.read(&site.doorward), "the token of the one before");
    assert_eq!(second.read(&site.doorward).status, 200);
}

#[test]
fn without_its_own_token_nobody_learns_or_changes_anything() {
    let site = site();
    let (mine, other) = (Registered::new(&site.doorward, "client_secret_basic"), Registered::new(&site.doorward, "none"));
    let client = mine.client();
    let tokens = site.connect(&client);
    let key = site.doorward.json(&["key", "add", "script", "--server", "/mcp"])["key"].as_str().unwrap().to_owned();
    let basic = format!("Basic {}", STANDARD.encode(format!("{}:{}", client.id, client.secret.as_deref().unwrap())));
    let bearer = |text: &str| format!("Bearer {text}");
    let own = mine.token();
    let wrong = [
        ("another client's token", bearer(other.token())),
        ("an access token", bearer(&tokens.access)),
        ("a refresh token", bearer(&tokens.refresh)),
        ("an API key", bearer(&key)),
        ("the secret", bearer(client.secret.as_deref().unwrap())),
        ("a typo", bearer(&own[..own.len() - 1])),
        ("upper case", bearer(&own.to_uppercase())),
        ("something else", bearer("undefined")),
    ];
    let before = mine.read(&site.doorward).json();
    let update = json!({ "client_id": client.id, "redirect_uris": ["https://evil.test/cb"] });
    for (method, body) in [("GET", Value::Null), ("PUT", update), ("DELETE", Value::Null)] {
        for (why, field) in &wrong {
            let answer = manage(&site.doorward, method, &mine.path(), &[("Authorization", field)], &body);
            unauthorized(&answer, why);
            // A client that does not exist is answered alike.
            let nobody = manage(&site.doorward, method, "/register/client_AAAAAAAAAAAAAAAAAAAAAA", &[("Authorization", field)], &body);
            assert_eq!((nobody.status, nobody.text(), nobody.headers.len()), (answer.status, answer.text(), answer.headers.len()), "{why}");
        }
        for fields in [vec![], vec![("Authorization", basic.as_str())], vec![("Cookie", own)]] {
            let answer = manage(&site.doorward, method, &format!("{}?access_token={own}", mine.path()), &fields, &body);
            unauthorized(&answer, "nothing");
            assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
        }
        let field = bearer(own);
        let twice = [("Authorization", field.as_str()), ("Authorization", field.as_str())];
        assert_eq!(manage(&site.doorward, method, &mine.path(), &twice, &body).error(), (400, "invalid_request".into()));
    }
    assert_eq!(mine.read(&site.doorward).json(), before);
    assert_eq!(call(&site.doorward, "/mcp", &tokens.access).status, 200);
    // What the owner entered has no token at all.
    let manual = site.doorward.json(&["client", "add", "--redirect-uri", "https://app.example.com/cb"]);
    let path = format!("/register/{}", manual["id"].as_str().unwrap());
    unauthorized(&manage(&site.doorward, "GET", &path, &[("Authorization", &bearer(own))], &Value::Null), "a client of the owner's");
    // And the token opens nothing else.
    unauthorized(&call(&site.doorward, "/mcp", own), "the gate");
}

#[test]
fn a_client_that_several_were_given_is_nobodys_to_manage() {
    let site = site();
    let metadata =
        json!({ "redirect_uris": ["http://127.0.0.1:7777/shared"], "token_endpoint_auth_method": "none", "client_name": "Shared" });
    let first = Registered::with(&site.doorward, &metadata);
    assert_eq!(first.read(&site.doorward).status, 200);
    let again = Registered::with(&site.doorward, &metadata);
    assert_eq!(again.text("client_id"), first.text("client_id"));
    for member in ["registration_access_token", "registration_client_uri"] {
        assert!(again.body.get(member).is_none(), "{}", again.body);
    }
    let tokens = site.connect(&again.client());
    unauthorized(&first.read(&site.doorward), "GET");
    unauthorized(&first.put(&site.doorward, &json!({ "redirect_uris": ["https://evil.test/cb"] })), "PUT");
    unauthorized(&first.send(&site.doorward, "DELETE", &Value::Null), "DELETE");
    assert_eq!(call(&site.doorward, "/mcp", &tokens.access).status, 200);
    let third = Registered::with(&site.doorward, &metadata);
    assert_eq!((third.text("client_id"), third.body.get("registration_access_token")), (first.text("client_id"), None));
    // One with a secret is never given to anybody else.
    let metadata = json!({ "redirect_uris": ["http://127.0.0.1:7777/shared"], "token_endpoint_auth_method": "client_secret_post" });
    let (one, two) = (Registered::with(&site.doorward, &metadata), Registered::with(&site.doorward, &metadata));
    assert_ne!(one.text("client_id"), two.text("client_id"));
    assert_eq!((one.read(&site.doorward).status, two.read(&site.doorward).status), (200, 200));
}

#[test]
fn the_first_change_makes_a_client_its_own() {
    let site = site();
    let metadata = json!({ "redirect_uris": ["http://127.0.0.1:7777/own"], "token_endpoint_auth_method": "none" });
    let own = Registered::with(&site.doorward, &metadata);
    assert_eq!(own.put(&site.doorward, &json!({ "token_endpoint_auth_method": "none" })).status, 200);
    let other = Registered::with(&site.doorward, &metadata);
    assert_ne!(other.text("client_id"), own.text("client_id"));
    assert_eq!((own.read(&site.doorward).status, other.read(&site.doorward).status), (200, 200));
    // Nor does what it has become give it to others.
    let moved = json!({ "redirect_uris": ["http://127.0.0.1:7777/own/moved"], "token_endpoint_auth_method": "none" });
    assert_eq!(own.put(&site.doorward, &moved).status, 200);
    assert_ne!(Registered::with(&site.doorward, &moved).text("client_id"), own.text("client_id"));
    assert_eq!(own.read(&site.doorward).status, 200);
}

#[test]
fn nobody_is_given_a_client_that_another_is_changing_at_that_moment() {
    let site = site();
    for round in 0..20 {
        let metadata = json!({ "redirect_uris": [format!("http://127.0.0.1:7777/race/{round}")], "token_endpoint_auth_method": "none" });
        let first = Registered::with(&site.doorward, &metadata);
        let mut change = metadata.clone();
        change["client_id"] = first.body["client_id"].clone();
        let kind = ("Content-Type", "application/json");
        let field = format!("Bearer {}", first.token());
        let again = http::request(site.address, "POST", "/register", &[kind], metadata.to_string().as_bytes());
        let put = http::request(site.address, "PUT", &first.path(), &[kind, ("Authorization", &field)], change.to_string().as_bytes());
        let mut all = vec![again; 4];
        all.insert(round % 5, put);
        let mut answers = http::race(site.address, &all);
        let put = answers.remove(round % 5);
        let given = |answer: &Response| answer.json()["client_id"] == first.body["client_id"];
        assert!(matches!(put.status, 200 | 401), "{}", put.text());
        assert!(answers.iter().all(|answer| given(answer) == (put.status == 401)), "round {round}: {} and {answers:?}", put.status);
    }
}

#[test]
fn where_only_public_clients_are_let_in_a_client_that_asks_for_a_secret_again_does_without_again() {
    let doorward = Doorward::with(Setup::config("[clients]\npublic_only = true\n"));
    let registered = Registered::new(&doorward, "client_secret_post");
    assert_eq!(registered.text("token_endpoint_auth_method"), "none");
    let answer = registered.put(&doorward, &json!({ "token_endpoint_auth_method": "client_secret_post", "client_name": "After" }));
    assert_eq!((answer.status, &answer.json()["token_endpoint_auth_method"]), (200, &json!("none")), "{}", answer.text());
    assert!(answer.json().get("client_secret").is_none());
}

#[test]
fn of_many_who_delete_at_once_one_does() {
    let site = site();
    let registered = Registered::new(&site.doorward, "none");
    let field = format!("Bearer {}", registered.token());
    let delete = http::request(site.address, "DELETE", &registered.path(), &[("Authorization", &field)], b"");
    let answers = http::race(site.address, &vec![delete; 8]);
    assert_eq!(answers.iter().filter(|answer| answer.status == 204).count(), 1);
    assert_eq!(answers.iter().filter(|answer| answer.status == 401).count(), 7);
}

#[test]
fn a_registration_is_managed_by_three_methods_and_from_any_origin() {
    let site = site();
    let registered = Registered::new(&site.doorward, "none");
    for method in ["POST", "PATCH"] {
        let answer = registered.send(&site.doorward, method, &json!({}));
        assert_eq!((answer.status, answer.header("allow")), (405, Some("GET, PUT, DELETE, HEAD")), "{method}");
    }
    let head = registered.send(&site.doorward, "HEAD", &Value::Null);
    assert_eq!((head.status, head.body.len()), (200, 0));
    let ask = [("Origin", "https://app.example.com"), ("Access-Control-Request-Method", "PUT")];
    let preflight = http::send(site.address, "OPTIONS", &registered.path(), &ask, b"");
    assert_eq!((preflight.status, preflight.header("access-control-allow-origin")), (204, Some("*")));
    let methods = preflight.header("access-control-allow-methods").unwrap();
    assert!(methods.contains("PUT") && methods.contains("DELETE"), "{methods}");
    assert_eq!(registered.read(&site.doorward).header("access-control-allow-origin"), Some("*"));
    for path in ["/register/", &format!("{}/", registered.path()), &format!("{}/x", registered.path()), "/registers/x"] {
        let field = format!("Bearer {}", registered.token());
        assert_eq!(manage(&site.doorward, "GET", path, &[("Authorization", &field)], &Value::Null).status, 404, "{path}");
    }
}

#[test]
fn a_registration_can_be_managed_after_kill_9_and_its_token_is_nowhere_to_be_read() {
    let mut doorward = Doorward::start();
    let registered = Registered::new(&doorward, "client_secret_post");
    doorward.kill();
    doorward.start_again();
    assert_eq!(registered.put(&doorward, &json!({ "client_name": "After" })).status, 200);
    doorward.kill();
    doorward.start_again();
    assert_eq!(registered.read(&doorward).json()["client_name"], "After");
    let told = doorward.run(&["log", "--json"]);
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    assert!(told.contains("client_updated") && !told.contains("dwrg_"), "{told}");
    let mut folders = vec![doorward.folder.path().to_path_buf()];
    while let Some(path) = folders.pop() {
        if path.is_dir() {
            folders.extend(std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.is_file() {
            let bytes = std::fs::read(&path).unwrap();
            let token = registered.token().as_bytes();
            assert!(!bytes.windows(token.len()).any(|window| window == token), "{}", path.display());
        }
    }
    assert_eq!(registered.send(&doorward, "DELETE", &Value::Null).status, 204);
    doorward.kill();
    doorward.start_again();
    unauthorized(&registered.read(&doorward), "after it was deleted");
}
