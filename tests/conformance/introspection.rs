//! What a token is good for, told to those whom it concerns, and what everybody else is told. RFC 7662.

use crate::support::client::{Client, Tokens, VERIFIER, call};
use crate::support::http::{self, Response};
use crate::support::site::Site;
use crate::support::{Doorward, OWNER, PASSWORD, Setup, eventually};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::sync::OnceLock;

fn site() -> &'static Site {
    static SITE: OnceLock<Site> = OnceLock::new();
    SITE.get_or_init(|| Site::shared(|upstream| Setup::upstream(upstream.address)))
}

/// A client with a secret that is no other test's.
#[track_caller]
fn confidential(doorward: &Doorward, name: &str) -> Client {
    let metadata = json!({ "token_endpoint_auth_method": "client_secret_basic", "client_name": name });
    Client::register_as(doorward, &format!("http://127.0.0.1:7777/{name}"), metadata)
}

fn basic(client: &Client) -> String {
    format!("Basic {}", STANDARD.encode(format!("{}:{}", client.id, client.secret.as_deref().unwrap_or_default())))
}

/// Asks with the credentials in the body.
#[track_caller]
fn ask(doorward: &Doorward, client: &Client, token: &str) -> Response {
    http::post_form(doorward.address, "/introspect", &[&[("token", token)], client.credentials().as_slice()].concat(), &[])
}

/// The answer that gives nothing away, byte for byte.
#[track_caller]
fn inactive(response: &Response, why: &str) {
    assert_eq!((response.status, response.text().as_str()), (200, r#"{"active":false}"#), "{why}");
    assert_eq!((response.header("content-type"), response.header("cache-control")), (Some("application/json"), Some("no-store")), "{why}");
}

#[track_caller]
fn active(response: &Response) -> Value {
    assert_eq!((response.status, response.header("cache-control")), (200, Some("no-store")), "{}", response.text());
    let body = response.json();
    assert_eq!(body["active"], true, "{body}");
    body
}

#[test]
fn a_client_is_told_everything_about_its_own_tokens_however_it_authenticates() {
    let site = site();
    let keeper = confidential(&site.doorward, "keeper");
    let tokens = site.connect(&keeper);
    let posted = active(&ask(&site.doorward, &keeper, &tokens.access));
    let by_basic = http::post_form(site.address, "/introspect", &[("token", &tokens.access)], &[("Authorization", &basic(&keeper))]);
    assert_eq!(active(&by_basic), posted);
    let users = site.doorward.json(&["user", "list"]);
    let lifetime = posted["exp"].as_u64().unwrap() - posted["iat"].as_u64().unwrap();
    let expected = json!({
        "active": true, "scope": "mcp", "client_id": keeper.id, "username": OWNER, "token_type": "Bearer", "exp": posted["exp"],
        "iat": posted["iat"], "sub": users[0]["id"], "aud": site.doorward.resource(), "iss": site.doorward.origin(),
    });
    assert_eq!((posted, lifetime), (expected, 3600));
    let refresh = active(&ask(&site.doorward, &keeper, &tokens.refresh));
    assert_eq!((&refresh["client_id"], refresh.get("token_type")), (&json!(keeper.id), None));
    assert!(refresh["exp"].as_u64() > Some(3600 * 24));
    // A public client has nothing to prove, but the token.
    let public = site.client();
    let tokens = site.connect(&public);
    assert_eq!(active(&ask(&site.doorward, &public, &tokens.access))["client_id"], json!(public.id));
}

#[test]
fn a_hint_is_a_hint_and_what_nobody_knows_changes_nothing() {
    let (site, client) = (site(), site().client());
    let tokens = site.connect(&client);
    for hint in ["access_token", "refresh_token", "nonsense", ""] {
        let form = [("token", &*tokens.refresh), ("token_type_hint", hint), ("client_id", &client.id), ("callback", "x")];
        active(&http::post_form(site.address, "/introspect", &form, &[("Accept", "application/token-introspection+jwt")]));
    }
}

#[test]
fn what_is_unknown_over_or_anothers_is_inactive_in_the_same_bytes() {
    let site = site();
    let (keeper, public) = (confidential(&site.doorward, "asking"), site.client());
    let theirs = site.connect(&public);
    let code = site.code(&public);
    let key = site.doorward.json(&["key", "add", "script", "--server", "/mcp"])["key"].as_str().unwrap().to_owned();
    let of_keeper = site.connect(&keeper);
    for asking in [&keeper, &site.client()] {
        for (why, token) in [
            ("another's access token", &*theirs.access),
            ("another's refresh token", &theirs.refresh),
            ("a code", &code),
            ("an API key", &key),
            ("a secret", keeper.secret.as_deref().unwrap()),
            ("an unknown token", "dwat_never_issued"),
            ("none of ours", "eyJhbGciOiJub25lIn0.e30."),
            ("a typo", &of_keeper.access[..of_keeper.access.len() - 1]),
            ("something long", &"x".repeat(10_000)),
        ] {
            inactive(&ask(&site.doorward, asking, token), why);
        }
    }
    inactive(&ask(&site.doorward, &public, &of_keeper.access), "a public client may not ask about a confidential one's");
    // None of these questions cost anybody anything.
    active(&ask(&site.doorward, &public, &theirs.access));
    Tokens::of(&public.refresh(&site.doorward, &theirs.refresh, &[]));
    Tokens::of(&public.redeem(&site.doorward, &code, &[("code_verifier", VERIFIER)]));
}

#[test]
fn a_token_is_inactive_from_the_moment_that_ends_it() {
    let doorward = Doorward::start();
    doorward.add_user("bob", PASSWORD, &[]);
    let mut browser = crate::support::browser::Browser::new(doorward.address);
    let client = Client::register(&doorward);
    let mut connect = || {
        let code = http::parameter(&client.approve_as(&mut browser, "bob", PASSWORD, &[]), "code").unwrap();
        Tokens::of(&client.redeem(&doorward, &code, &[]))
    };
    let run = |arguments: &[&str]| assert!(doorward.run(arguments).status.success(), "{arguments:?}");
    let over = |why: &str, tokens: &Tokens| {
        inactive(&ask(&doorward, &client, &tokens.access), why);
        inactive(&ask(&doorward, &client, &tokens.refresh), why);
    };
    let tokens = connect();
    client.revoke(&doorward, &tokens.access);
    inactive(&ask(&doorward, &client, &tokens.access), "the access token given back");
    active(&ask(&doorward, &client, &tokens.refresh));
    client.revoke(&doorward, &tokens.refresh);
    over("the refresh token given back", &tokens);
    let tokens = connect();
    let id = doorward.json(&["connection", "list"])[0]["id"].as_str().unwrap().to_owned();
    run(&["connection", "revoke", &id]);
    over("the connection revoked", &tokens);
    let tokens = connect();
    run(&["user", "deny", "bob", "/mcp"]);
    over("the server denied", &tokens);
    run(&["user", "allow", "bob", "/mcp"]);
    let tokens = connect();
    run(&["user", "disable", "bob"]);
    over("the user disabled", &tokens);
    run(&["user", "enable", "bob"]);
    over("the user enabled again", &tokens);
}

#[test]
fn a_rotated_refresh_token_is_inactive_and_asking_about_it_is_no_theft() {
    let (site, client) = (site(), site().client());
    let first = site.connect(&client);
    let next = Tokens::of(&client.refresh(&site.doorward, &first.refresh, &[]));
    let last = Tokens::of(&client.refresh(&site.doorward, &next.refresh, &[]));
    for _ in 0..3 {
        inactive(&ask(&site.doorward, &client, &first.refresh), "rotated twice");
        inactive(&ask(&site.doorward, &client, &next.refresh), "rotated");
    }
    active(&ask(&site.doorward, &client, &last.refresh));
    assert_eq!(call(&site.doorward, "/mcp", &last.access).status, 200);
}

#[test]
fn tokens_live_an_hour_and_ninety_days_unless_the_owner_says_otherwise() {
    let ends = |site: &Site| {
        let client = site.client();
        let tokens = site.connect(&client);
        let access = active(&ask(&site.doorward, &client, &tokens.access));
        let refresh = active(&ask(&site.doorward, &client, &tokens.refresh));
        let at = |told: &Value, name: &str| told[name].as_u64().unwrap();
        (at(&access, "exp") - at(&access, "iat"), at(&refresh, "exp").abs_diff(at(&access, "iat")))
    };
    assert_eq!(ends(site()), (3600, 90 * 24 * 3600));
    let chosen = Site::new(|upstream| {
        let server = format!("[[server]]\npath = \"/mcp\"\nupstream = \"http://{}/mcp\"\n", upstream.address);
        Setup::config(format!("[lifetimes]\naccess_token = \"15m\"\nrefresh_token = \"7d\"\n{server}"))
    });
    assert_eq!(ends(&chosen), (15 * 60, 7 * 24 * 3600));
}

#[test]
fn a_token_ends_when_it_was_said_to_and_one_without_an_end_has_no_exp() {
    let brief = Site::new(|upstream| {
        let server = format!("[[server]]\npath = \"/mcp\"\nupstream = \"http://{}/mcp\"\n", upstream.address);
        Setup::config(format!("[lifetimes]\naccess_token = \"1s\"\n{server}"))
    });
    let client = brief.client();
    let tokens = brief.connect(&client);
    assert!(eventually(10, || ask(&brief.doorward, &client, &tokens.access).json()["active"] == false));
    inactive(&ask(&brief.doorward, &client, &tokens.access), "expired");
    active(&ask(&brief.doorward, &client, &tokens.refresh));
    let endless = Site::new(|upstream| {
        let server = format!("[[server]]\npath = \"/mcp\"\nupstream = \"http://{}/mcp\"\n", upstream.address);
        Setup::config(format!("[lifetimes]\naccess_token = \"never\"\n{server}"))
    });
    let client = endless.client();
    let told = active(&ask(&endless.doorward, &client, &endless.connect(&client).access));
    assert!(told.get("exp").is_none() && told["iat"].is_u64(), "{told}");
}

#[test]
fn a_resource_server_is_told_about_the_tokens_for_it_and_can_do_nothing_else() {
    let site = Site::new(|upstream| {
        let server = |path: &str| format!("[[server]]\npath = \"{path}\"\nupstream = \"http://{}/mcp\"\n", upstream.address);
        Setup::config(format!("{}{}", server("/notes"), server("/files")))
    });
    let entered = site.doorward.json(&["client", "add", "--resource-server", "/notes", "--name", "Notes itself"]);
    let text = |member: &str| entered[member].as_str().unwrap().to_owned();
    let server = Client { id: text("id"), secret: Some(text("client_secret")), redirect_uri: "https://app.example.com/cb".into() };
    let client = site.client();
    let resource = |path: &str| format!("{}{path}", site.doorward.origin());
    let notes = site.connect_to(&client, &[("resource", &resource("/notes"))]);
    let files = site.connect_to(&client, &[("resource", &resource("/files"))]);
    let field = [("Authorization", &*basic(&server))];
    let told = active(&http::post_form(site.address, "/introspect", &[("token", &notes.access)], &field));
    assert_eq!((&told["client_id"], &told["aud"], &told["username"]), (&json!(client.id), &json!(resource("/notes")), &json!(OWNER)));
    inactive(&ask(&site.doorward, &server, &files.access), "a token for another server");
    inactive(&ask(&site.doorward, &server, &notes.refresh), "a refresh token");
    let unproven = Client { secret: None, ..server.clone() };
    assert_eq!(ask(&site.doorward, &unproven, &notes.access).error(), (401, "invalid_client".into()));
    // That it was asked about counts as use, as if it had come to the gate.
    let listed = site.doorward.json(&["connection", "list"]);
    let of_notes = listed.as_array().unwrap().iter().find(|listed| listed["server"] == "/notes").unwrap();
    assert!(of_notes["last_used_at"].is_u64(), "{of_notes}");
    // It is no client that anybody could be sent to, or that could get or end a token.
    assert_eq!(site.owner().get(&server.authorize_url(&[("resource", &resource("/notes"))])).status, 400);
    let answer = http::post_form(site.address, "/device_authorization", &server.credentials(), &[]);
    assert_eq!(answer.error(), (400, "unauthorized_client".into()));
    assert_eq!(server.refresh(&site.doorward, &notes.refresh, &[]).error(), (400, "unauthorized_client".into()));
    assert_eq!(server.revoke(&site.doorward, &notes.access).status, 200);
    assert_eq!(call(&site.doorward, "/notes", &notes.access).status, 200);
    assert!(site.doorward.run(&["client", "remove", &server.id]).status.success());
    assert_eq!(ask(&site.doorward, &server, &notes.access).error(), (401, "invalid_client".into()));
}

#[test]
fn a_resource_server_is_told_about_the_keys_for_it_while_they_stand() {
    let site = Site::new(|upstream| {
        let server = |path: &str| format!("[[server]]\npath = \"{path}\"\nupstream = \"http://{}/mcp\"\n", upstream.address);
        let scopes = "[server.scopes]\nread = \"Read\"\nwrite = \"Change\"\n[server.implies]\nwrite = [\"read\"]\n";
        Setup::config(format!("{}{scopes}{}", server("/notes"), server("/files")))
    });
    let doorward = &site.doorward;
    let entered = doorward.json(&["client", "add", "--resource-server", "/notes"]);
    let text = |value: &Value, member: &str| value[member].as_str().unwrap().to_owned();
    let server = Client { id: text(&entered, "id"), secret: Some(text(&entered, "client_secret")), redirect_uri: String::new() };
    let ours = doorward.json(&["key", "add", "script", "--server", "/notes", "--scope", "write", "--expires", "1h"]);
    let (key, id) = (text(&ours, "key"), text(&ours, "id"));
    let told = active(&ask(doorward, &server, &key));
    let checked = http::send(site.address, "GET", "/auth/check/notes", &[("Authorization", &format!("Bearer {key}"))], b"");
    for (member, field) in [("client_id", "x-doorward-client"), ("username", "x-doorward-user"), ("scope", "x-doorward-scope")] {
        assert_eq!(told[member].as_str(), checked.header(field), "{member}");
    }
    let users = doorward.json(&["user", "list"]);
    let expected = json!({
        "active": true, "scope": "write read", "client_id": id, "username": OWNER, "token_type": "Bearer", "sub": users[0]["id"],
        "iat": ours["created_at"], "exp": ours["expires_at"], "aud": format!("{}/notes", doorward.origin()), "iss": doorward.origin(),
    });
    assert_eq!(told, expected);
    let theirs = doorward.json(&["key", "add", "other", "--server", "/files"]);
    inactive(&ask(doorward, &server, &text(&theirs, "key")), "a key for another server");
    let (keeper, public) = (confidential(doorward, "curious"), site.client());
    for other in [&keeper, &public] {
        inactive(&ask(doorward, other, &key), "somebody else asks");
        assert_eq!(other.revoke(doorward, &key).status, 200);
    }
    assert!(doorward.run(&["server", "pause", "/notes"]).status.success());
    assert_eq!(ask(doorward, &server, &key).error(), (503, "temporarily_unavailable".into()));
    assert!(doorward.run(&["server", "resume", "/notes"]).status.success());
    active(&ask(doorward, &server, &key));
    assert!(doorward.run(&["key", "revoke", &id]).status.success());
    inactive(&ask(doorward, &server, &key), "revoked");
    let brief = doorward.json(&["key", "add", "brief", "--server", "/notes", "--expires", "1s"]);
    assert!(eventually(10, || ask(doorward, &server, &text(&brief, "key")).json()["active"] == false), "expired");
}

#[test]
fn a_client_that_the_owner_entered_is_told_about_its_own_tokens_and_about_no_others() {
    let site = site();
    let entered = site.doorward.json(&["client", "add", "--redirect-uri", "https://app.example.com/cb", "--secret"]);
    let text = |member: &str| entered[member].as_str().unwrap().to_owned();
    let keeper = Client { id: text("id"), secret: Some(text("client_secret")), redirect_uri: "https://app.example.com/cb".into() };
    let tokens = site.connect(&keeper);
    active(&ask(&site.doorward, &keeper, &tokens.access));
    inactive(&ask(&site.doorward, &keeper, &site.connect(&site.client()).access), "another's");
    let shown = site.doorward.json(&["client", "show", &keeper.id]).to_string();
    assert!(!shown.contains("dwcs_") && !shown.contains(keeper.secret.as_deref().unwrap()), "a secret is shown once: {shown}");
}

#[test]
fn whoever_does_not_prove_who_it_is_learns_nothing() {
    let site = site();
    let keeper = confidential(&site.doorward, "proving");
    let tokens = site.connect(&keeper);
    let token = ("token", &*tokens.access);
    let (bearer, key) = (
        format!("Bearer {}", tokens.access),
        format!("Bearer {}", site.doorward.json(&["key", "add", "script", "--server", "/mcp"])["key"].as_str().unwrap()),
    );
    let wrong = Client { secret: Some(format!("{}x", keeper.secret.as_deref().unwrap())), ..keeper.clone() };
    let field = basic(&wrong);
    for (why, form, fields) in [
        ("nothing", vec![token], vec![]),
        ("the token itself", vec![token], vec![("Authorization", &*bearer)]),
        ("an API key", vec![token], vec![("Authorization", &*key)]),
        ("no secret", vec![token, ("client_id", &keeper.id)], vec![]),
        ("a wrong secret", vec![token, ("client_id", &keeper.id), ("client_secret", wrong.secret.as_deref().unwrap())], vec![]),
        ("a wrong secret by Basic", vec![token], vec![("Authorization", &*field)]),
        ("an unknown client", vec![token, ("client_id", "client_unknown")], vec![]),
    ] {
        let answer = http::post_form(site.address, "/introspect", &form, &fields);
        assert_eq!(answer.error(), (401, "invalid_client".into()), "{why}");
        assert!(answer.header("www-authenticate").unwrap().starts_with("Basic "), "{why}");
        assert!(!answer.text().contains("active"), "{why}: {}", answer.text());
    }
}

#[test]
fn only_a_form_with_one_token_is_read_and_only_by_post() {
    let (site, client) = (site(), site().client());
    let tokens = site.connect(&client);
    let id = ("client_id", &*client.id);
    let token = ("token", &*tokens.access);
    let post = |pairs: &[(&str, &str)]| http::post_form(site.address, "/introspect", pairs, &[]).error();
    assert_eq!(post(&[id]), (400, "invalid_request".into()));
    assert_eq!(post(&[id, ("token", "")]), (400, "invalid_request".into()));
    assert_eq!(post(&[id, token, token]), (400, "invalid_request".into()));
    let query = format!("/introspect?{}", http::encode(&[id, token]));
    assert_eq!(http::post_form(site.address, &query, &[], &[]).status, 401, "a query is not read");
    let body = json!({ "client_id": client.id, "token": tokens.access });
    assert_eq!(http::post_json(site.address, "/introspect", &body).error(), (415, "invalid_request".into()));
    let answer = http::get(site.address, &query);
    assert_eq!((answer.status, answer.header("allow")), (405, Some("POST")));
    assert!(!answer.text().contains("active"));
}
