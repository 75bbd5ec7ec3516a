//! What a person chooses on the consent page: one of several servers, and how far the app may go there.
//! RFC 6749 §3.3, RFC 8707 §2.

use crate::support::browser::{Browser, Form, form};
use crate::support::client::{Client, Tokens, call};
use crate::support::http::{self, Response};
use crate::support::site::Site;
use crate::support::upstream::Upstream;
use crate::support::{Doorward, OWNER, PASSWORD, Setup};
use std::sync::OnceLock;

fn config(upstream: &Upstream) -> String {
    let entry = |path: &str, name: &str| {
        format!(
            "[[server]]\npath = \"{path}\"\nname = \"{name}\"\nupstream = \"http://{}/mcp\"\ndefault_scopes = [\"read\"]\n\
             [server.scopes]\nread = \"Read everything\"\nwrite = \"Change everything\"\n",
            upstream.address
        )
    };
    [entry("/notes", "Notes"), entry("/files", "Files"), entry("/house", "House")].concat()
}

fn site() -> &'static Site {
    static SITE: OnceLock<Site> = OnceLock::new();
    SITE.get_or_init(|| Site::shared(|upstream| Setup::config(config(upstream))))
}

/// The consent form as it is shown, in a browser of its own.
#[track_caller]
fn shown(client: &Client, changes: &[(&str, &str)]) -> (Browser, Response) {
    let mut browser = Browser::new(site().doorward.address);
    let page = client.reach_consent(&mut browser, OWNER, PASSWORD, changes);
    (browser, page)
}

fn without(mut form: Form, value: &str) -> Form {
    form.fields.retain(|(_, known)| known != value);
    form
}

fn tick(mut form: Form, value: &str) -> Form {
    form.fields.push(("scope".into(), value.into()));
    form
}

#[track_caller]
fn tokens_of(client: &Client, doorward: &Doorward, answer: &Response) -> Tokens {
    let code = http::parameter(&answer.location(), "code").expect("a code");
    Tokens::of(&client.redeem(doorward, &code, &[]))
}

fn approve(page: &Response) -> Form {
    form(page, "/consent").set("decision", "approve")
}

#[test]
fn without_a_resource_the_user_chooses_the_server_and_the_token_is_good_there_alone() {
    let (doorward, client) = (&site().doorward, site().client());
    let (mut browser, page) = shown(&client, &[("scope", "read write")]);
    for text in ["Notes", "Files", "House"] {
        assert!(page.text().contains(text), "{text}");
    }
    assert!(!page.text().contains("type=\"radio\" name=\"server\" value=\"&#x2f;notes\" required checked"));
    let answer = browser.submit(&approve(&page).set("server", "/files"));
    let tokens = tokens_of(&client, doorward, &answer);
    assert_eq!(tokens.body["scope"], "read write");
    assert_eq!(call(doorward, "/files", &tokens.access).status, 200);
    for other in ["/notes", "/house"] {
        let refused = call(doorward, other, &tokens.access);
        assert_eq!(refused.error(), (403, "insufficient_scope".into()), "{other}");
        let challenge = refused.header("www-authenticate").unwrap();
        assert!(challenge.contains(&format!("/.well-known/oauth-protected-resource{other}\"")), "{challenge}");
        let checked = http::send(
            doorward.address,
            "GET",
            &format!("/auth/check{other}"),
            &[("Authorization", &format!("Bearer {}", tokens.access))],
            b"",
        );
        assert_eq!((checked.status, checked.header("www-authenticate")), (403, Some(challenge)), "{other}");
    }
    let refreshed = Tokens::of(&client.refresh(doorward, &tokens.refresh, &[]));
    assert_eq!(call(doorward, "/files", &refreshed.access).status, 200);
    let listed = doorward.json(&["connection", "list"]);
    assert!(listed.as_array().unwrap().iter().any(|connection| connection["server"] == "/files"), "{listed}");
}

#[test]
fn nothing_is_chosen_for_the_user() {
    let client = site().client();
    let (mut browser, page) = shown(&client, &[]);
    let again = browser.submit(&approve(&page));
    assert_eq!((again.status, again.header("location")), (400, None));
    assert!(again.text().contains("Choose the server"), "{}", again.text());
    let answer = browser.submit(&approve(&again).set("server", "/notes"));
    assert_eq!(tokens_of(&client, &site().doorward, &answer).body["scope"], "read");
}

#[test]
fn a_server_that_is_named_is_the_only_one_offered() {
    let client = site().client();
    let resource = format!("{}/house", site().doorward.origin());
    let (mut browser, page) = shown(&client, &[("resource", &resource)]);
    assert!(!page.text().contains("type=\"radio\"") && !page.text().contains("Files"));
    let answer = browser.submit(&approve(&page).set("server", "/files"));
    assert_eq!(answer.status, 400, "another server in the form");
    let answer = browser.submit(&approve(&page));
    let tokens = tokens_of(&client, &site().doorward, &answer);
    assert_eq!(call(&site().doorward, "/house", &tokens.access).status, 200);
    assert_eq!(call(&site().doorward, "/files", &tokens.access).error(), (401, "invalid_token".into()));
}

#[test]
fn a_user_is_offered_the_servers_that_he_may_use() {
    let doorward = &site().doorward;
    doorward.add_user("two", "a password of two", &["--server", "/notes", "--server", "/files"]);
    doorward.add_user("one", "a password of one", &["--server", "/house"]);
    let client = site().client();
    let mut browser = Browser::new(doorward.address);
    let page = client.reach_consent(&mut browser, "two", "a password of two", &[]);
    assert!(page.text().contains("Files") && !page.text().contains("House"));
    let refused = browser.submit(&approve(&page).set("server", "/house"));
    assert_eq!((refused.status, refused.header("location")), (400, None));
    let mut browser = Browser::new(doorward.address);
    let page = client.reach_consent(&mut browser, "one", "a password of one", &[]);
    assert!(!page.text().contains("type=\"radio\""), "one server needs no choice");
    let answer = browser.submit(&approve(&page));
    assert_eq!(call(doorward, "/house", &tokens_of(&client, doorward, &answer).access).status, 200);
}

#[test]
fn what_is_unticked_is_not_granted_and_what_was_not_asked_cannot_be_ticked() {
    let (doorward, client) = (&site().doorward, site().client());
    let resource = format!("{}/notes", doorward.origin());
    let (mut browser, page) = shown(&client, &[("scope", "read write"), ("resource", &resource)]);
    let answer = browser.submit(&without(approve(&page), "/notes write"));
    assert_eq!(tokens_of(&client, doorward, &answer).body["scope"], "read");
    let (mut browser, page) = shown(&client, &[("scope", "read"), ("resource", &resource)]);
    let more = ["/notes write", "/files read", "/notes admin", "write"].into_iter().fold(approve(&page), tick);
    let answer = browser.submit(&more.set("user", "bob").set("expires_in", "99999999"));
    assert_eq!(tokens_of(&client, doorward, &answer).body["scope"], "read");
}

#[test]
fn with_everything_unticked_the_least_is_granted_and_the_page_says_what_that_is() {
    let (doorward, client) = (&site().doorward, site().client());
    let resource = format!("{}/notes", doorward.origin());
    let (mut browser, page) = shown(&client, &[("scope", "read write"), ("resource", &resource)]);
    assert!(page.text().contains("With nothing ticked: <bdi>Read"), "{}", page.text());
    let answer = browser.submit(&without(without(approve(&page), "/notes read"), "/notes write"));
    assert_eq!(tokens_of(&client, doorward, &answer).body["scope"], "read");
}

#[test]
fn what_there_is_no_choice_about_has_no_box_and_staying_connected_is_such() {
    let (doorward, client) = (&site().doorward, site().client());
    let resource = format!("{}/notes", doorward.origin());
    let (mut browser, page) = shown(&client, &[("scope", "read offline_access"), ("resource", &resource)]);
    assert!(!page.text().contains("type=\"checkbox\""), "{}", page.text());
    let tokens = tokens_of(&client, doorward, &browser.submit(&approve(&page)));
    assert_eq!(tokens.body["scope"], "read offline_access");
    assert!(!tokens.refresh.is_empty());
}

#[test]
fn two_clicks_bring_one_code_and_the_first_choice_stands() {
    let client = site().client();
    let (mut browser, page) = shown(&client, &[]);
    let first = browser.submit(&approve(&page).set("server", "/notes"));
    let second = browser.submit(&approve(&page).set("server", "/files"));
    assert_eq!(first.location(), second.location());
    let tokens = tokens_of(&client, &site().doorward, &second);
    assert_eq!(call(&site().doorward, "/notes", &tokens.access).status, 200);
    assert_eq!(call(&site().doorward, "/files", &tokens.access).status, 403);
}

#[test]
fn not_you_begins_the_same_request_again() {
    let client = site().client();
    let (mut browser, page) = shown(&client, &[("scope", "write")]);
    let signed_out = browser.submit(&form(&page, "/signout"));
    let signin = browser.follow(signed_out);
    let page = browser.sign_in(&signin, OWNER, PASSWORD);
    assert!(page.text().contains("Change everything") && page.text().contains("type=\"radio\""), "{}", page.text());
}

#[test]
fn a_client_that_repeats_its_first_scope_is_refreshed_although_the_user_left_a_part_out() {
    let (doorward, client) = (&site().doorward, site().client());
    let resource = format!("{}/notes", doorward.origin());
    let asked = "read write admin offline_access";
    let (mut browser, page) = shown(&client, &[("scope", asked), ("resource", &resource)]);
    let answer = browser.submit(&without(approve(&page), "/notes write"));
    let mut tokens = tokens_of(&client, doorward, &answer);
    for again in [asked, "write read", asked] {
        tokens = Tokens::of(&client.refresh(doorward, &tokens.refresh, &[("scope", again)]));
        let told: Vec<&str> = tokens.body["scope"].as_str().unwrap().split(' ').filter(|name| *name != "offline_access").collect();
        assert_eq!(told, ["read"], "what was left out stays out");
    }
    let nothing_left = client.refresh(doorward, &tokens.refresh, &[("scope", "write")]);
    assert_eq!(nothing_left.error(), (400, "invalid_scope".into()));
    Tokens::of(&client.refresh(doorward, &tokens.refresh, &[]));
}
