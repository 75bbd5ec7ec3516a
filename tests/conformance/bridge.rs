//! The bridge for clients that cannot receive a redirect: a page is opened, the answer is fetched by `state`.

use crate::support::browser::{Browser, form};
use crate::support::client::{Client, Tokens, VERIFIER, call, challenge};
use crate::support::http::{self, Response};
use crate::support::site::Site;
use crate::support::{Doorward, OWNER, PASSWORD, Setup};
use serde_json::json;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

fn site() -> &'static Site {
    static SITE: OnceLock<Site> = OnceLock::new();
    SITE.get_or_init(|| Site::shared(|upstream| Setup::upstream(upstream.address)))
}

fn doorward() -> &'static Doorward {
    &site().doorward
}

/// A client that fetches its answers.
fn plugin(doorward: &Doorward) -> Client {
    Client::register_as(doorward, &format!("{}/poll/callback", doorward.origin()), json!({ "token_endpoint_auth_method": "none" }))
}

/// A state that no other test has.
fn state() -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    format!("a-state-nobody-guesses-{}", NUMBER.fetch_add(1, Ordering::Relaxed))
}

fn start(client: &Client, state: &str) -> String {
    let challenge = challenge();
    let pairs = [("client_id", client.id.as_str()), ("state", state), ("code_challenge", &challenge), ("code_challenge_method", "S256")];
    format!("/poll/start?{}", http::encode(&pairs))
}

fn poll(doorward: &Doorward, state: &str) -> Response {
    http::get(doorward.address, &format!("/poll?{}", http::encode(&[("state", state)])))
}

/// The consent page of a browser that opens what the client told it to.
#[track_caller]
fn opened(doorward: &Doorward, client: &Client, state: &str) -> (Browser, Response) {
    let mut browser = Browser::new(doorward.address);
    let first = browser.get(&start(client, state));
    let first = browser.follow(first);
    let page = browser.sign_in(&first, OWNER, PASSWORD);
    (browser, page)
}

#[track_caller]
fn answer(doorward: &Doorward, client: &Client, state: &str, decision: &str) -> Response {
    let (mut browser, page) = opened(doorward, client, state);
    let answer = browser.submit(&form(&page, "/consent").set("decision", decision));
    assert!(answer.location().starts_with("/poll/callback"), "{}", answer.location());
    assert!(!answer.location().contains("code=") && !answer.location().contains(state));
    browser.follow(answer)
}

fn redeem(doorward: &Doorward, client: &Client, code: &str, verifier: &str) -> Response {
    client.redeem(doorward, code, &[("code_verifier", verifier)])
}

#[test]
fn a_client_opens_a_page_and_fetches_its_code_once() {
    let (client, state) = (plugin(doorward()), state());
    assert_eq!(poll(doorward(), &state).error(), (400, "authorization_pending".into()), "before anybody signed in");
    let (mut browser, page) = opened(doorward(), &client, &state);
    assert!(page.text().contains("the app that opened this page"), "{}", page.text());
    assert_eq!(poll(doorward(), &state).error(), (400, "authorization_pending".into()));
    let approve = form(&page, "/consent").set("decision", "approve");
    let done = browser.submit(&approve);
    assert_eq!(browser.submit(&approve).location(), done.location(), "a double click");
    assert!(browser.follow(done).text().contains("Go back to the app"));
    let taken = http::send(doorward().address, "HEAD", &format!("/poll?state={state}"), &[], b"");
    assert_eq!(taken.status, 200, "HEAD takes nothing");
    let fetched = poll(doorward(), &state);
    assert_eq!((fetched.status, fetched.header("cache-control")), (200, Some("no-store")), "{}", fetched.text());
    let body = fetched.json();
    assert_eq!((body["state"].as_str(), body["iss"].as_str()), (Some(state.as_str()), Some(doorward().origin().as_str())));
    assert_eq!(poll(doorward(), &state).error(), (400, "expired_token".into()), "once");
    let code = body["code"].as_str().unwrap();
    assert_eq!(redeem(doorward(), &client, code, &VERIFIER.replace('a', "b")).error(), (400, "invalid_grant".into()), "only with PKCE");
    let tokens = Tokens::of(&redeem(doorward(), &client, code, VERIFIER));
    assert_eq!(call(doorward(), "/mcp", &tokens.access).status, 200);
    assert_eq!(redeem(doorward(), &client, code, VERIFIER).error(), (400, "invalid_grant".into()));
    assert_eq!(call(doorward(), "/mcp", &tokens.access).status, 401, "a replayed code ends its connection here too");
}

#[test]
fn a_denial_is_told() {
    let (client, state) = (plugin(doorward()), state());
    assert!(answer(doorward(), &client, &state, "deny").text().contains("was not let in"));
    assert_eq!(poll(doorward(), &state).error(), (400, "access_denied".into()));
}

#[test]
fn of_many_questions_at_once_one_gets_the_code() {
    let (client, state) = (plugin(doorward()), state());
    answer(doorward(), &client, &state, "approve");
    let request = http::request(doorward().address, "GET", &format!("/poll?state={state}"), &[], b"");
    let answers = http::race(doorward().address, &vec![request; 8]);
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
}

#[test]
fn whoever_does_not_know_the_state_learns_nothing() {
    let (client, state) = (plugin(doorward()), state());
    answer(doorward(), &client, &state, "approve");
    for other in [&state[1..], &format!("{state}x"), &state.to_uppercase(), "another-state-of-some-length"] {
        assert_eq!(poll(doorward(), other).error(), (400, "authorization_pending".into()), "{other}");
    }
    for short in ["", "short", "123456789012345678901"] {
        assert_eq!(poll(doorward(), short).error(), (400, "invalid_request".into()), "{short}");
    }
    assert_eq!(http::get(doorward().address, &format!("/poll?state={state}&state={state}")).error(), (400, "invalid_request".into()));
    assert_eq!(poll(doorward(), &state).status, 200);
}

#[test]
fn no_short_state_no_missing_pkce_and_no_other_client_begins_anything() {
    let (client, state) = (plugin(doorward()), state());
    let refused = |target: &str| {
        let mut browser = Browser::new(doorward().address);
        let first = browser.get(target);
        let page = browser.follow(first);
        assert_eq!((page.status, page.header("location")), (400, None), "{target}: {}", page.text());
    };
    refused(&start(&client, "too-short-to-be-secret"[..21].into()));
    refused(&format!("/poll/start?client_id={}&state={state}", client.id));
    refused(&format!("/poll/start?client_id={}&state={state}&code_challenge={}&code_challenge_method=plain", client.id, challenge()));
    refused(&start(&site().client(), &state));
    refused(&start(&Client { id: "client_unknown".into(), ..client.clone() }, &state));
    refused(&format!("{}&state=again-and-again-and-again", start(&client, &state)));
}

#[test]
fn our_callback_and_no_other_address_of_ours_can_be_registered() {
    for path in ["/poll", "/poll/callback/", "/poll/callback?x=y", "/token"] {
        let uris = json!({ "redirect_uris": [format!("https://mcp.example.com{path}")] });
        let doorward = site_in_public();
        let response = http::post_json(doorward.address, "/register", &uris);
        assert_eq!(response.error(), (400, "invalid_redirect_uri".into()), "{path}");
    }
    let uris = json!({ "redirect_uris": ["https://mcp.example.com/poll/callback"] });
    assert_eq!(http::post_json(site_in_public().address, "/register", &uris).status, 201);
}

fn site_in_public() -> &'static Doorward {
    static PUBLIC: OnceLock<Doorward> = OnceLock::new();
    PUBLIC.get_or_init(|| {
        let doorward = Doorward::with(Setup::default().flag("--public-url", "https://mcp.example.com"));
        doorward.end_with_this_process();
        doorward
    })
}

#[test]
fn any_origin_may_ask_and_no_page_of_the_bridge_can_be_read_from_elsewhere() {
    let headers = [("Origin", "https://plugin.test")];
    let answer = |target: &str| http::send(doorward().address, "GET", target, &headers, b"");
    assert_eq!(answer(&format!("/poll?state={}", state())).header("access-control-allow-origin"), Some("*"));
    for page in ["/poll/start", "/poll/callback"] {
        assert_eq!(answer(page).header("access-control-allow-origin"), None, "{page}");
    }
}

#[test]
fn not_you_ends_here_since_the_state_is_not_kept() {
    let (client, state) = (plugin(doorward()), state());
    let (mut browser, page) = opened(doorward(), &client, &state);
    assert_eq!(browser.submit(&form(&page, "/signout")).location(), "/signin");
}

#[test]
fn an_answer_survives_a_restart_and_neither_state_nor_code_is_on_disk() {
    let mut doorward = Doorward::start();
    let (client, state) = (plugin(&doorward), state());
    answer(&doorward, &client, &state, "approve");
    doorward.kill();
    doorward.start_again();
    let code = poll(&doorward, &state).json()["code"].as_str().unwrap().to_owned();
    doorward.kill();
    let bytes = std::fs::read(doorward.folder.path().join("store/db")).unwrap();
    for secret in [&state, &code] {
        assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()), "{secret}");
    }
    doorward.start_again();
    assert_eq!(poll(&doorward, &state).error(), (400, "expired_token".into()), "handed out once, restart or not");
    assert_eq!(redeem(&doorward, &client, &code, VERIFIER).status, 200);
}
