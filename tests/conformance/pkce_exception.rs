//! Named redirect hosts may come without PKCE, and nobody else. C3 of the promises in `conformance.rs`.

use crate::support::browser::Browser;
use crate::support::client::{Client, Tokens, VERIFIER, call};
use crate::support::http;
use crate::support::{Doorward, OWNER, PASSWORD, Setup};
use serde_json::json;

const OLD: &str = "https://old.example.com/cb";
const NO_CHALLENGE: [(&str, &str); 2] = [("code_challenge", ""), ("code_challenge_method", "")];
const NO_VERIFIER: [(&str, &str); 1] = [("code_verifier", "")];

fn excepting() -> Doorward {
    Doorward::with(Setup::config("[clients]\nwithout_pkce = [\"old.example.com\"]\n"))
}

fn client(doorward: &Doorward, redirect_uri: &str) -> Client {
    Client::register_as(doorward, redirect_uri, json!({ "token_endpoint_auth_method": "none" }))
}

fn code(doorward: &Doorward, client: &Client, changes: &[(&str, &str)]) -> String {
    http::parameter(&client.approve(doorward, changes), "code").expect("a code")
}

fn error_of(doorward: &Doorward, client: &Client, changes: &[(&str, &str)]) -> Option<String> {
    let mut browser = Browser::new(doorward.address);
    let first = browser.get(&client.authorize_url(changes));
    http::parameter(&browser.sign_in(&first, OWNER, PASSWORD).location(), "error")
}

#[test]
fn a_named_host_may_leave_pkce_out_and_then_its_address_must_be_repeated() {
    let doorward = excepting();
    let client = client(&doorward, OLD);
    let code = code(&doorward, &client, &NO_CHALLENGE);
    let without_address = client.redeem(&doorward, &code, &[("code_verifier", ""), ("redirect_uri", "")]);
    assert_eq!(without_address.error(), (400, "invalid_request".into()));
    let elsewhere = client.redeem(&doorward, &code, &[("code_verifier", ""), ("redirect_uri", "https://old.example.com/other")]);
    assert_eq!(elsewhere.error(), (400, "invalid_grant".into()));
    let tokens = Tokens::of(&client.redeem(&doorward, &code, &NO_VERIFIER));
    assert_eq!(call(&doorward, "/mcp", &tokens.access).status, 200);
    assert_eq!(client.redeem(&doorward, &code, &NO_VERIFIER).error(), (400, "invalid_grant".into()));
    assert_eq!(call(&doorward, "/mcp", &tokens.access).status, 401);
}

#[test]
fn challenge_and_verifier_come_together_or_not_at_all() {
    let doorward = excepting();
    let client = client(&doorward, OLD);
    let bare = code(&doorward, &client, &NO_CHALLENGE);
    assert_eq!(client.redeem(&doorward, &bare, &[("code_verifier", VERIFIER)]).error(), (400, "invalid_grant".into()));
    let challenged = code(&doorward, &client, &[]);
    assert_eq!(client.redeem(&doorward, &challenged, &NO_VERIFIER).error(), (400, "invalid_request".into()));
    Tokens::of(&client.redeem(&doorward, &challenged, &[]));
    Tokens::of(&client.redeem(&doorward, &bare, &NO_VERIFIER));
}

#[test]
fn half_a_challenge_is_no_way_around() {
    let doorward = excepting();
    let client = client(&doorward, OLD);
    for changes in
        [[("code_challenge", ""), ("code_challenge_method", "S256")], [("code_challenge", VERIFIER), ("code_challenge_method", "plain")]]
    {
        assert_eq!(error_of(&doorward, &client, &changes).as_deref(), Some("invalid_request"), "{changes:?}");
    }
}

#[test]
fn nobody_else_may_leave_it_out() {
    let doorward = excepting();
    for uri in [
        "https://client.test/cb",
        "https://x.old.example.com/cb",
        "https://old.example.com:8443/cb",
        "http://127.0.0.1:7/cb",
        "cursor://old.example.com/cb",
    ] {
        assert_eq!(error_of(&doorward, &client(&doorward, uri), &NO_CHALLENGE).as_deref(), Some("invalid_request"), "{uri}");
    }
    let plain = Doorward::start();
    assert_eq!(error_of(&plain, &client(&plain, OLD), &NO_CHALLENGE).as_deref(), Some("invalid_request"));
}

#[test]
fn this_device_cannot_be_excepted() {
    let doorward = Doorward::start();
    for host in ["localhost", "127.0.0.1", "cursor"] {
        std::fs::write(doorward.folder.path().join("other.toml"), format!("[clients]\nwithout_pkce = [\"{host}\"]\n")).unwrap();
        let file = doorward.folder.path().join("other.toml");
        let refused = doorward.run(&["serve", "--listen", "127.0.0.1:0", "--config", file.to_str().unwrap()]);
        assert_eq!(refused.status.code(), Some(1), "{host}");
        assert!(String::from_utf8_lossy(&refused.stderr).contains("without_pkce"), "{host}");
    }
}

#[test]
fn an_exception_taken_back_is_none_for_codes_on_their_way() {
    let mut doorward = excepting();
    let client = client(&doorward, OLD);
    let code = code(&doorward, &client, &NO_CHALLENGE);
    doorward.stop();
    doorward.configure("");
    doorward.start_again();
    assert_eq!(client.redeem(&doorward, &code, &NO_VERIFIER).error(), (400, "invalid_request".into()));
}

#[test]
fn the_start_page_says_that_there_is_an_exception() {
    let doorward = excepting();
    let mut browser = Browser::new(doorward.address);
    let first = browser.get("/");
    let page = browser.sign_in(&first, OWNER, PASSWORD).text();
    assert!(page.contains("old.example.com may connect without PKCE"), "{page}");
}
