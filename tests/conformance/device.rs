//! Devices without a browser. RFC 8628.

use crate::support::browser::{Browser, form};
use crate::support::client::{Client, Tokens, call};
use crate::support::http::{self, Response};
use crate::support::site::Site;
use crate::support::upstream::Upstream;
use crate::support::{Doorward, OWNER, PASSWORD, Setup};
use serde_json::{Value, json};
use std::sync::OnceLock;

const DEVICE: &str = "urn:ietf:params:oauth:grant-type:device_code";

fn config(upstream: &Upstream) -> String {
    let entry = |path: &str| {
        format!(
            "[[server]]\npath = \"{path}\"\nupstream = \"http://{}/mcp\"\ndefault_scopes = [\"read\"]\n\
             [server.scopes]\nread = \"Read\"\nwrite = \"Change\"\n",
            upstream.address
        )
    };
    [entry("/notes"), entry("/files")].concat()
}

fn site() -> &'static Site {
    static SITE: OnceLock<Site> = OnceLock::new();
    SITE.get_or_init(|| Site::shared(|upstream| Setup::config(config(upstream))))
}

fn doorward() -> &'static Doorward {
    &site().doorward
}

/// A public client that has the device grant and no redirect URI.
#[track_caller]
fn device_client(name: &str) -> Client {
    let metadata = json!({ "client_name": name, "grant_types": [DEVICE], "token_endpoint_auth_method": "none" });
    let response = http::post_json(doorward().address, "/register", &metadata);
    assert_eq!(response.status, 201, "{}", response.text());
    Client { id: response.json()["client_id"].as_str().unwrap().into(), secret: None, redirect_uri: String::new() }
}

#[track_caller]
fn begin(client: &Client, more: &[(&str, &str)]) -> Value {
    let response = http::post_form(doorward().address, "/device_authorization", &[&client.credentials()[..], more].concat(), &[]);
    assert_eq!((response.status, response.header("cache-control")), (200, Some("no-store")), "{}", response.text());
    response.json()
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().unwrap()
}

#[track_caller]
fn poll(client: &Client, code: &str, more: &[(&str, &str)]) -> Response {
    let pairs = [&[("grant_type", DEVICE), ("device_code", code)], &client.credentials()[..], more].concat();
    http::post_form(doorward().address, "/token", &pairs, &[])
}

fn signed_in(name: &str, password: &str) -> Browser {
    let mut browser = Browser::new(doorward().address);
    let page = browser.get("/signin");
    browser.sign_in(&page, name, password);
    browser
}

#[track_caller]
fn enter(browser: &mut Browser, user_code: &str) -> Response {
    let page = browser.get("/device");
    browser.submit(&form(&page, "/device").set("user_code", user_code))
}

#[track_caller]
fn approve(browser: &mut Browser, user_code: &str) -> Response {
    let page = enter(browser, user_code);
    assert_eq!(page.status, 200, "{}", page.text());
    browser.submit(&form(&page, "/device").set("server", "/notes").set("decision", "approve"))
}

#[test]
fn the_answer_holds_what_the_rfc_asks_for() {
    let begun = begin(&device_client("A lamp"), &[]);
    let page = format!("{}/device", doorward().origin());
    assert_eq!((text(&begun, "verification_uri"), &begun["expires_in"], &begun["interval"]), (page.as_str(), &json!(600), &json!(5)));
    assert_eq!(text(&begun, "verification_uri_complete"), format!("{page}?user_code={}", text(&begun, "user_code")));
    let code = text(&begun, "user_code");
    assert!(
        code.len() == 9 && code.as_bytes()[4] == b'-' && code.bytes().all(|byte| byte == b'-' || b"BCDFGHJKLMNPQRSTVWXZ".contains(&byte))
    );
    let metadata = http::get(doorward().address, "/.well-known/oauth-authorization-server").json();
    assert_eq!(text(&metadata, "device_authorization_endpoint"), format!("{}/device_authorization", doorward().origin()));
    assert!(metadata["grant_types_supported"].as_array().unwrap().contains(&json!(DEVICE)));
}

#[test]
fn a_person_enters_the_code_approves_and_the_device_has_tokens() {
    let client = device_client("A lamp");
    let begun = begin(&client, &[("scope", "read write offline_access")]);
    let code = text(&begun, "device_code");
    assert_eq!(poll(&client, code, &[]).error(), (400, "authorization_pending".into()));
    let mut browser = Browser::new(doorward().address);
    let target = text(&begun, "verification_uri_complete").strip_prefix(&doorward().origin()).unwrap().to_owned();
    let signin = browser.get(&target);
    let page = browser.sign_in(&signin, OWNER, PASSWORD);
    assert!(page.text().contains(text(&begun, "user_code")), "sign-in returns here with the code filled in");
    let typed = text(&begun, "user_code").replace('-', " ").to_lowercase();
    let consent = enter(&mut browser, &typed);
    for told in ["A lamp", text(&begun, "user_code"), "does it show exactly this code"] {
        assert!(consent.text().contains(told), "{told}: {}", consent.text());
    }
    let answer = form(&consent, "/device").set("server", "/files").set("decision", "approve");
    assert!(browser.submit(&answer).text().contains("Your device is let in"));
    assert!(browser.submit(&answer).text().contains("Your device is let in"), "a double click");
    let tokens = Tokens::of(&poll(&client, code, &[]));
    assert_eq!(tokens.body["scope"], "read write offline_access");
    assert_eq!(call(doorward(), "/files", &tokens.access).status, 200);
    assert_eq!(call(doorward(), "/notes", &tokens.access).status, 403);
    let next = Tokens::of(&client.refresh(doorward(), &tokens.refresh, &[]));
    assert_eq!(call(doorward(), "/files", &next.access).status, 200);
}

#[test]
fn a_device_that_asks_too_soon_is_slowed_down() {
    let client = device_client("A hasty lamp");
    let begun = begin(&client, &[]);
    let code = text(&begun, "device_code");
    let heard: Vec<String> = (0..3).map(|_| poll(&client, code, &[]).error().1).collect();
    assert_eq!(heard, ["authorization_pending", "slow_down", "slow_down"]);
}

#[test]
fn a_device_is_let_in_for_a_time() {
    let client = device_client("A visiting lamp");
    let begun = begin(&client, &[]);
    let mut browser = signed_in(OWNER, PASSWORD);
    let page = enter(&mut browser, text(&begun, "user_code"));
    assert!(page.text().contains("<select id=\"term\" name=\"term\""), "{}", page.text());
    let answer = form(&page, "/device").set("server", "/notes").set("decision", "approve");
    let again = browser.submit(&answer.clone().set("term", "0h"));
    assert!(again.status == 400 && again.text().contains("That is no time at all."), "{}", again.text());
    assert!(browser.submit(&answer.set("term", "2h")).text().contains("Your device is let in"));
    assert_eq!(Tokens::of(&poll(&client, text(&begun, "device_code"), &[])).body["expires_in"], 3600);
    let home = browser.get("/").text();
    let entry = home.split("<li>").find(|entry| entry.contains("A visiting lamp")).unwrap();
    assert!(entry.contains("Ends <bdi>in 2 hours ("), "{entry}");
}

#[test]
fn a_denial_is_told_to_the_device() {
    let client = device_client("A lamp");
    let begun = begin(&client, &[]);
    let mut browser = signed_in(OWNER, PASSWORD);
    let page = enter(&mut browser, text(&begun, "user_code"));
    let denied = form(&page, "/device").set("decision", "deny");
    assert!(browser.submit(&denied).text().contains("turned away"));
    assert_eq!(poll(&client, text(&begun, "device_code"), &[]).error(), (400, "access_denied".into()));
    assert_eq!(browser.submit(&denied.set("decision", "approve").set("server", "/notes")).status, 400);
    assert_eq!(poll(&client, text(&begun, "device_code"), &[]).error(), (400, "access_denied".into()));
}

#[test]
fn a_code_is_redeemed_once_and_a_replay_ends_the_connection() {
    let client = device_client("A lamp");
    let begun = begin(&client, &[]);
    let code = text(&begun, "device_code");
    approve(&mut signed_in(OWNER, PASSWORD), text(&begun, "user_code"));
    let thief = device_client("A thief");
    assert_eq!(poll(&thief, code, &[]).error(), (400, "invalid_grant".into()));
    let elsewhere = format!("{}/files", doorward().origin());
    assert_eq!(poll(&client, code, &[("resource", &elsewhere)]).error(), (400, "invalid_target".into()));
    let tokens = Tokens::of(&poll(&client, code, &[]));
    assert_eq!(poll(&thief, code, &[]).error(), (400, "invalid_grant".into()));
    assert_eq!(call(doorward(), "/notes", &tokens.access).status, 200, "a stranger's replay harms nobody");
    assert_eq!(poll(&client, code, &[]).error(), (400, "invalid_grant".into()));
    assert_eq!(call(doorward(), "/notes", &tokens.access).status, 401);
}

#[test]
fn at_most_one_of_many_questions_at_once_brings_tokens() {
    let client = device_client("A lamp");
    let begun = begin(&client, &[]);
    let code = text(&begun, "device_code");
    approve(&mut signed_in(OWNER, PASSWORD), text(&begun, "user_code"));
    let pairs = [&[("grant_type", DEVICE), ("device_code", code)], &client.credentials()[..]].concat();
    let requests = vec![http::form_request(doorward().address, "/token", &pairs); 8];
    let answers = http::race(doorward().address, &requests);
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
}

#[test]
fn only_who_registered_the_grant_may_use_it() {
    let client = site().client();
    let refused = http::post_form(doorward().address, "/device_authorization", &client.credentials(), &[]);
    assert_eq!(refused.error(), (400, "unauthorized_client".into()));
    let unknown = http::post_form(doorward().address, "/device_authorization", &[("client_id", "client_unknown")], &[]);
    assert_eq!(unknown.error(), (401, "invalid_client".into()));
    let begun = begin(&device_client("A lamp"), &[]);
    assert_eq!(poll(&client, text(&begun, "device_code"), &[]).error(), (400, "unauthorized_client".into()));
    let lamp = device_client("A lamp");
    let pairs = [&lamp.credentials()[..], &[("resource", "https://evil.test/")]].concat();
    let answer = http::post_form(doorward().address, "/device_authorization", &pairs, &[]);
    assert_eq!(answer.error(), (400, "invalid_target".into()));
}

#[test]
fn a_page_of_any_origin_may_ask_and_none_may_frame_or_read_the_persons_page() {
    let headers = [("Origin", "https://plugin.test")];
    let client = device_client("A plugin");
    let answer = http::post_form(doorward().address, "/device_authorization", &client.credentials(), &headers);
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    let page = http::send(doorward().address, "GET", "/device", &headers, b"");
    assert_eq!((page.header("access-control-allow-origin"), page.header("x-frame-options")), (None, Some("DENY")));
}

#[test]
fn ten_wrong_codes_are_the_end_of_guessing_and_another_session_changes_nothing() {
    doorward().add_user("guesser", "a password to guess", &[]);
    let begun = begin(&device_client("A lamp"), &[]);
    let mut browser = signed_in("guesser", "a password to guess");
    for count in 0..10 {
        let typed = if count % 2 == 0 { "BBBB-BBBB" } else { "no code" };
        assert_eq!(enter(&mut browser, typed).status, 400, "{count}");
    }
    for mut browser in [browser, signed_in("guesser", "a password to guess")] {
        let refused = enter(&mut browser, text(&begun, "user_code"));
        assert_eq!(refused.status, 429, "{}", refused.text());
        let page = browser.get("/device");
        let blind = form(&page, "/device").set("user_code", text(&begun, "user_code")).set("decision", "approve").set("server", "/notes");
        assert_eq!(browser.submit(&blind).status, 429, "the decision is no way around");
    }
    assert_eq!(enter(&mut signed_in(OWNER, PASSWORD), text(&begun, "user_code")).status, 200, "others are not held up");
}

#[test]
fn the_form_of_another_site_or_session_does_nothing() {
    let client = device_client("A lamp");
    let begun = begin(&client, &[]);
    let mut browser = signed_in(OWNER, PASSWORD);
    let page = enter(&mut browser, text(&begun, "user_code"));
    let approve = form(&page, "/device").set("server", "/notes").set("decision", "approve");
    let cross = browser.submit_with(&approve, &[("Origin", "https://evil.test"), ("Sec-Fetch-Site", "cross-site")]);
    assert_eq!(cross.status, 403);
    assert_eq!(signed_in(OWNER, PASSWORD).submit(&approve).status, 403, "the token is another session's");
    assert_eq!(Browser::new(doorward().address).submit(&approve).status, 403);
    assert_eq!(poll(&client, text(&begun, "device_code"), &[]).error(), (400, "authorization_pending".into()));
}

#[test]
fn a_device_and_its_answer_survive_a_restart_and_nothing_of_it_is_on_disk_in_the_clear() {
    let upstream = Upstream::json();
    let mut doorward = Doorward::with(Setup::upstream(upstream.address));
    let metadata = json!({ "grant_types": [DEVICE], "token_endpoint_auth_method": "none" });
    let id = http::post_json(doorward.address, "/register", &metadata).json()["client_id"].as_str().unwrap().to_owned();
    let begun = http::post_form(doorward.address, "/device_authorization", &[("client_id", &id)], &[]).json();
    let mut browser = Browser::new(doorward.address);
    let signin = browser.get("/device");
    let page = browser.sign_in(&signin, OWNER, PASSWORD);
    let consent = browser.submit(&form(&page, "/device").set("user_code", text(&begun, "user_code")));
    browser.submit(&form(&consent, "/device").set("decision", "approve"));
    doorward.kill();
    let bytes = std::fs::read(doorward.folder.path().join("store/db")).unwrap();
    let user_code = text(&begun, "user_code");
    for secret in [text(&begun, "device_code"), user_code, &user_code.replace('-', "")] {
        assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()));
    }
    doorward.start_again();
    let pairs = [("grant_type", DEVICE), ("device_code", text(&begun, "device_code")), ("client_id", &id)];
    let tokens = Tokens::of(&http::post_form(doorward.address, "/token", &pairs, &[]));
    assert_eq!(call(&doorward, "/mcp", &tokens.access).status, 200);
}
