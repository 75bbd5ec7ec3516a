//! Connections for a time: they end by themselves, in the second that was said, and nothing of them outlives it.

use crate::support::browser::{self, Browser, form};
use crate::support::client::{Client, Tokens, call};
use crate::support::http::{self, Response};
use crate::support::site::Site;
use crate::support::{Doorward, OWNER, PASSWORD, Setup, eventually};
use serde_json::{Value, json};
use std::sync::OnceLock;
use std::time::Duration;

fn site() -> &'static Site {
    static SITE: OnceLock<Site> = OnceLock::new();
    SITE.get_or_init(|| {
        Site::shared(|upstream| {
            let server =
                |path: &str, more: &str| format!("[[server]]\npath = \"{path}\"\nupstream = \"http://{}/mcp\"\n{more}", upstream.address);
            let servers = [server("/notes", ""), server("/endless", "access_token = \"never\"\n")].concat();
            Setup::config(format!("time_zone = \"+02:00\"\n{servers}"))
        })
    })
}

/// The consent page for a server, in the owner's browser.
#[track_caller]
fn asked(browser: &mut Browser, client: &Client, path: &str) -> Response {
    browser.get(&client.authorize_url(&[("resource", &format!("{}{path}", site().origin()))]))
}

/// Tokens for a server, approved for a term.
#[track_caller]
fn connect_for(client: &Client, path: &str, term: &str) -> Tokens {
    let mut browser = site().owner();
    let page = asked(&mut browser, client, path);
    let location = browser.submit(&form(&page, "/consent").set("term", term).set("decision", "approve")).location();
    Tokens::of(&client.redeem(site(), &http::parameter(&location, "code").expect("a code"), &[]))
}

fn check(path: &str, token: &str) -> Response {
    let authorization = format!("Bearer {token}");
    http::send(site().address, "GET", &format!("/auth/check{path}"), &[("Authorization", &authorization)], b"")
}

fn introspected(client: &Client, token: &str) -> Value {
    http::post_form(site().address, "/introspect", &[&[("token", token)], client.credentials().as_slice()].concat(), &[]).json()
}

/// The connection of a client, as commands list it.
fn listed(doorward: &Doorward, client: &Client) -> Option<Value> {
    let all = doorward.json(&["connection", "list"]);
    all.as_array().unwrap().iter().find(|connection| connection["client_id"] == client.id).cloned()
}

#[test]
fn what_was_given_for_a_time_ends_then_and_nothing_of_it_later() {
    for path in ["/notes", "/endless"] {
        let client = site().client();
        let tokens = connect_for(&client, path, "4s");
        let (told, listed_end) = (tokens.body["expires_in"].as_u64().unwrap(), listed(site(), &client).unwrap()["ends_at"].as_u64());
        assert!(told <= 4, "{path}: {told}");
        assert_eq!((call(site(), path, &tokens.access).status, check(path, &tokens.access).status), (200, 200), "{path}");
        let renewed = client.refresh(site(), &tokens.refresh, &[]).json();
        assert!(renewed["expires_in"].as_u64().unwrap() <= told, "{path}: a refresh puts nothing off: {renewed}");
        let (access, refresh) = (renewed["access_token"].as_str().unwrap(), renewed["refresh_token"].as_str().unwrap());
        let ends: Vec<Option<u64>> = [access, refresh].map(|token| introspected(&client, token)["exp"].as_u64()).to_vec();
        assert_eq!(ends, [listed_end, listed_end], "{path}");
        assert!(eventually(6, || call(site(), path, access).status == 401), "{path}");
        let refused = call(site(), path, access);
        assert!(refused.header("www-authenticate").unwrap().contains("error=\"invalid_token\""), "{path}");
        assert_eq!(check(path, access).status, 401, "{path}");
        let refused = client.refresh(site(), refresh, &[]);
        assert_eq!((refused.status, &refused.json()["error"]), (400, &json!("invalid_grant")), "{path}");
        for token in [access, refresh, &tokens.access] {
            assert_eq!(introspected(&client, token), json!({ "active": false }), "{path}");
        }
        assert_eq!(listed(site(), &client), None, "{path}");
    }
}

#[test]
fn a_connection_without_a_term_has_no_end_of_its_own() {
    let client = site().client();
    for term in ["", "off"] {
        let tokens = if term.is_empty() {
            site().connect_to(&client, &[("resource", &format!("{}/notes", site().origin()))])
        } else {
            connect_for(&client, "/notes", term)
        };
        assert_eq!(tokens.body["expires_in"], 3600);
    }
    assert!(listed(site(), &client).unwrap()["ends_at"].is_null(), "a script finds the member, and null in it");
}

#[test]
fn a_code_that_comes_after_the_end_opens_nothing() {
    let client = site().client();
    let mut browser = site().owner();
    let page = asked(&mut browser, &client, "/notes");
    let location = browser.submit(&form(&page, "/consent").set("term", "1s").set("decision", "approve")).location();
    std::thread::sleep(Duration::from_millis(2100));
    let refused = client.redeem(site(), &http::parameter(&location, "code").unwrap(), &[]);
    assert_eq!((refused.status, &refused.json()["error"]), (400, &json!("invalid_grant")));
}

#[test]
fn the_page_offers_some_ends_says_which_moment_each_is_and_chooses_none() {
    let text = asked(&mut site().owner(), &site().client(), "/notes").text();
    assert!(text.contains("<label for=\"term\">") && text.contains("<select id=\"term\" name=\"term\""), "{text}");
    for shown in [
        "selected>until I take it back<",
        "value=\"2h\">for 2 hours<",
        "value=\"7d\">for 7 days<",
        ", 23:59<",
        "Times are <bdi>UTC+02:00</bdi>.",
    ] {
        assert!(text.contains(shown), "{shown}: {text}");
    }
    assert_eq!(text.matches(" selected").count(), 1);
}

#[test]
fn an_end_that_cannot_be_is_asked_for_again_and_nothing_is_granted() {
    let client = site().client();
    let mut browser = site().owner();
    let mut page = asked(&mut browser, &client, "/notes");
    for (term, said) in [
        ("0h", "That is no time at all."),
        ("2020-01-01", "That time is over by now."),
        ("367d", "That is more than a year ahead."),
        ("<b>", "Choose for how long."),
    ] {
        page = browser.submit(&form(&page, "/consent").set("term", term).set("decision", "approve"));
        assert_eq!(page.status, 400, "{term}");
        assert!(page.text().contains(said) && !page.text().contains("<b>"), "{term}: {}", page.text());
    }
    let location = browser.submit(&form(&page, "/consent").set("term", "1h").set("decision", "approve")).location();
    assert!(http::parameter(&location, "code").is_some(), "{location}");
}

#[test]
fn what_was_chosen_stays_chosen_while_something_else_is_missing() {
    let client = site().client();
    let mut browser = site().owner();
    let page = browser.get(&client.authorize_url(&[]));
    let again = browser.submit(&form(&page, "/consent").set("term", "7d").set("decision", "approve"));
    assert!(again.text().contains("Choose the server") && again.text().contains("value=\"7d\" selected>"), "{}", again.text());
}

fn signed_in(doorward: &Doorward, name: &str) -> Browser {
    let mut browser = Browser::new(doorward.address);
    let page = browser.get("/signin");
    assert_eq!(browser.sign_in(&page, name, PASSWORD).status, 200);
    browser
}

/// The form that sets the end of a client's connection.
#[track_caller]
fn limit_form(page: &Response, connection: &str) -> browser::Form {
    let is_its = |form: &browser::Form| form.action == "/connections/limit" && form.fields.contains(&("id".into(), connection.into()));
    browser::forms(page).into_iter().find(is_its).unwrap_or_else(|| panic!("{connection}: {}", page.text()))
}

#[test]
fn an_end_is_set_put_off_and_taken_away_by_whom_it_belongs_to_and_by_the_owner() {
    let doorward = Doorward::start();
    doorward.add_user("bob", PASSWORD, &["--server", "/mcp"]);
    let (anns, bobs) = (Client::register(&doorward), Client::register_as(&doorward, "http://127.0.0.1:7777/bob", json!({})));
    let tokens = anns.connect(&doorward);
    let location = bobs.approve_as(&mut Browser::new(doorward.address), "bob", PASSWORD, &[]);
    let code = http::parameter(&location, "code").unwrap();
    assert_eq!(bobs.redeem(&doorward, &code, &[]).status, 200);
    let id = |client: &Client| listed(&doorward, client).unwrap()["id"].as_str().unwrap().to_owned();
    let (of_ann, of_bob) = (id(&anns), id(&bobs));
    let (mut ann, mut bob) = (signed_in(&doorward, OWNER), signed_in(&doorward, "bob"));

    let his = limit_form(&bob.get("/"), &of_bob);
    let done = bob.submit(&his.clone().set("term", "2h"));
    assert!(bob.follow(done).text().contains("Saved. It ends by itself at that time."));
    assert!(bob.get("/").text().contains("Ends <bdi>in 2 hours ("), "{}", bob.get("/").text());
    let (foreign, unknown) = (his.clone().set("id", &of_ann).set("term", "1h"), his.clone().set("id", "conn_nothing").set("term", "1h"));
    let (foreign, unknown) = (bob.submit(&foreign), bob.submit(&unknown));
    assert_eq!((foreign.status, foreign.body), (404, unknown.body), "what is another's is like what is not there");
    assert!(listed(&doorward, &anns).unwrap()["ends_at"].is_null());
    for nonsense in ["", "0h", "soon"] {
        assert_eq!(bob.submit(&his.clone().set("term", nonsense)).status, 400, "{nonsense:?}");
    }
    assert_eq!(bob.submit(&his.clone().set("term", "1h").set("csrf", "x")).status, 403);

    let theirs = limit_form(&ann.get("/"), &of_bob);
    let done = ann.submit(&theirs.set("term", "off"));
    assert!(ann.follow(done).text().contains("Saved. It has no end of its own."));
    assert!(listed(&doorward, &bobs).unwrap()["ends_at"].is_null());

    assert!(doorward.run(&["connection", "limit", &of_ann, "--for", "2s"]).status.success());
    assert!(eventually(4, || call(&doorward, "/mcp", &tokens.access).status == 401));
    let gone = doorward.run(&["connection", "limit", &of_ann, "--off"]);
    assert!(!gone.status.success(), "nothing revives what has ended");
    let log = String::from_utf8(doorward.run(&["log", "--json"]).stdout).unwrap();
    let limited: Vec<&str> = log.lines().filter(|line| line.contains("\"connection_limited\"")).collect();
    assert_eq!(limited.len(), 3, "{log}");
    assert!(limited.iter().any(|line| line.contains("\"by\":\"ann\"") && line.contains("\"user\":\"bob\"")), "{limited:?}");
}

#[test]
fn an_end_that_comes_by_itself_is_told_in_the_log() {
    let mut doorward = Doorward::start();
    let client = Client::register(&doorward);
    let mut browser = signed_in(&doorward, OWNER);
    let page = browser.get(&client.authorize_url(&[]));
    let location = browser.submit(&form(&page, "/consent").set("term", "1h").set("decision", "approve")).location();
    let tokens = Tokens::of(&client.redeem(&doorward, &http::parameter(&location, "code").unwrap(), &[]));
    let id = listed(&doorward, &client).unwrap()["id"].as_str().unwrap().to_owned();
    assert!(doorward.run(&["connection", "limit", &id, "--for", "1s"]).status.success());
    assert!(eventually(4, || call(&doorward, "/mcp", &tokens.access).status == 401));
    // Ends are noted at the start and once a minute.
    assert!(doorward.stop().success());
    doorward.start_again();
    let told = || String::from_utf8(doorward.run(&["log"]).stdout).unwrap();
    assert!(eventually(5, || told().contains("has ended by itself: the time it was given for was over")), "{}", told());
    assert!(told().contains(", until "), "{}", told());
}
