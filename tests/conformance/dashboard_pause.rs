//! Pausing on the pages: the same as by command, seen at the gate.

use super::dashboard::{form_beside, signed_in};
use crate::support::browser::{self, Browser};
use crate::support::client::{Client, Tokens, call};
use crate::support::http::Response;
use crate::support::site::Site;
use crate::support::upstream::Upstream;
use crate::support::{PASSWORD, Setup};
use serde_json::json;

fn config(upstream: &Upstream) -> String {
    let entry = |path: &str, name: &str| {
        format!("[[server]]\npath = \"{path}\"\nname = \"{name}\"\nupstream = \"http://{}/mcp\"\n", upstream.address)
    };
    format!("{}{}", entry("/notes", "Notes"), entry("/files", "Files"))
}

fn site() -> Site {
    let site = Site::new(|upstream| Setup::config(config(upstream)));
    site.doorward.add_user("bob", PASSWORD, &["--server", "/notes"]);
    site
}

#[track_caller]
fn connect(site: &Site, client: &Client, path: &str) -> Tokens {
    site.connect_to(client, &[("resource", &format!("{}{path}", site.origin()))])
}

/// The form for `action` on the card of a server.
#[track_caller]
fn of_server(page: &Response, name: &str, action: &str) -> browser::Form {
    let html = page.text();
    let mut cards = html.split("<section ").filter(|card| card.contains(&format!("<bdi class=\"name\">{name}</bdi>")));
    let card = cards.next().unwrap_or_else(|| panic!("{name} is not there: {html}"));
    browser::form(&Response { body: card.as_bytes().to_vec(), ..page.clone() }, action)
}

/// Sends a form, which succeeds and is said to have.
#[track_caller]
fn act(browser: &mut Browser, form: &browser::Form, page: &str) -> String {
    let answer = browser.submit(form);
    assert_eq!((answer.status, answer.location().as_str()), (303, page), "{}", form.action);
    let page = browser.get(page);
    assert!(page.text().contains("role=\"status\""), "{} is said to be done", form.action);
    page.text()
}

#[test]
fn a_server_paused_on_its_page_refuses_a_token_that_worked_and_takes_it_again_after() {
    let site = site();
    let client = site.client();
    let (notes, files) = (connect(&site, &client, "/notes"), connect(&site, &client, "/files"));
    let mut owner = site.owner();
    for (answer, status, said) in [("closed", 403, "Calls get 403"), ("later", 503, "Calls get 503"), ("", 403, "Calls get 403")] {
        assert_eq!(call(&site.doorward, "/notes", &notes.access).status, 200);
        let page = owner.get("/servers");
        assert!(!page.text().contains("action=\"/servers/resume\"") && page.text().contains("Open to calls"));
        let shown = act(&mut owner, &of_server(&page, "Notes", "/servers/pause").set("answer", answer), "/servers");
        assert!(shown.contains(said) && shown.contains("Paused by itself just now"), "{shown}");
        let refused = call(&site.doorward, "/notes", &notes.access);
        assert_eq!((refused.status, refused.header("www-authenticate")), (status, None), "{}", refused.text());
        assert_eq!(call(&site.doorward, "/files", &files.access).status, 200, "the other one goes on");
        let page = owner.get("/servers");
        assert_eq!(page.text().matches("action=\"/servers/pause\"").count(), 1, "what is paused is not paused again");
        act(&mut owner, &of_server(&page, "Notes", "/servers/resume"), "/servers");
    }
    assert_eq!(call(&site.doorward, "/notes", &notes.access).status, 200, "with the token from before");
    let unknown = owner.submit(&of_server(&owner.clone().get("/servers"), "Notes", "/servers/pause").set("path", "/none"));
    assert_eq!(unknown.status, 404);
    let log = String::from_utf8(site.run(&["log", "--json"]).stdout).unwrap();
    for kind in ["server_paused", "server_resumed"] {
        let line = log.lines().find(|line| line.contains(kind)).unwrap_or_else(|| panic!("no {kind}"));
        assert!(line.contains("\"by\":\"ann\"") && line.contains("/notes"), "{line}");
    }
}

#[test]
fn everything_is_paused_and_resumed_by_one_button_and_the_page_says_what_stays_paused() {
    let site = site();
    let client = site.client();
    let (notes, files) = (connect(&site, &client, "/notes"), connect(&site, &client, "/files"));
    let mut owner = site.owner();
    let page = owner.get("/servers");
    act(&mut owner, &of_server(&page, "Notes", "/servers/pause").set("answer", "closed"), "/servers");
    let shown = act(&mut owner, &browser::form(&page, "/servers/pause-everything"), "/servers");
    assert!(shown.contains("Everything is paused") && !shown.contains("action=\"/servers/pause-everything\""), "{shown}");
    assert_eq!(shown.matches(">paused</span>").count(), 2, "and so is each server: {shown}");
    for (path, tokens) in [("/notes", &notes), ("/files", &files)] {
        assert_eq!(call(&site.doorward, path, &tokens.access).status, 503);
    }
    let form = browser::form(&owner.get("/servers"), "/servers/resume-everything");
    let shown = act(&mut owner, &form, "/servers");
    assert!(!shown.contains("Everything is paused") && shown.contains("Paused by itself"));
    assert_eq!(call(&site.doorward, "/files", &files.access).status, 200);
    assert_eq!(call(&site.doorward, "/notes", &notes.access).status, 403);
}

#[test]
fn an_app_paused_on_its_page_waits_at_every_server_and_nobody_else_does() {
    let site = site();
    let (client, other) = (site.client(), site.client());
    let (notes, files) = (connect(&site, &client, "/notes"), connect(&site, &client, "/files"));
    let others = connect(&site, &other, "/notes");
    let mut owner = site.owner();
    let page = owner.get("/clients");
    let shown = act(&mut owner, &form_beside(&page, &client.id, "/clients/pause"), "/clients");
    assert_eq!(shown.matches("chip warn\">paused").count(), 1, "{shown}");
    for (path, tokens) in [("/notes", &notes), ("/files", &files)] {
        assert_eq!(call(&site.doorward, path, &tokens.access).status, 503);
    }
    assert_eq!(call(&site.doorward, "/notes", &others.access).status, 200);
    assert_eq!(site.json(&["client", "show", &client.id])["paused"], json!(true));
    let page = owner.get("/clients");
    act(&mut owner, &form_beside(&page, &client.id, "/clients/resume"), "/clients");
    assert_eq!(call(&site.doorward, "/notes", &notes.access).status, 200, "with the token from before");
    let unknown = form_beside(&page, &client.id, "/clients/resume").set("id", "client_nothing");
    assert_eq!(owner.submit(&unknown).status, 404);
}

#[test]
fn the_overview_says_what_is_paused_to_those_whom_it_concerns() {
    let site = site();
    let client = site.client();
    connect(&site, &client, "/notes");
    connect(&site, &client, "/files");
    let (mut ann, mut bob) = (site.owner(), signed_in(&site.doorward, "bob"));
    assert!(!ann.get("/").text().contains("paused"));
    let run = |arguments: &[&str]| assert!(site.run(arguments).status.success(), "{arguments:?}");
    run(&["server", "pause", "/files"]);
    let text = ann.get("/").text();
    assert!(text.contains("Files was paused just now.") && text.contains("href=\"/servers\">Servers</a> and"), "{text}");
    assert_eq!(text.matches("chip warn\">paused").count(), 1, "the connection to it, and no other");
    assert!(!bob.get("/").text().contains("paused"), "it is not his");
    run(&["client", "pause", &client.id]);
    let text = ann.get("/").text();
    assert_eq!((text.matches(" was paused just now.").count(), text.matches("chip warn\">paused").count()), (2, 2), "{text}");
    assert!(!bob.get("/").text().contains("paused"), "nor is that");
    run(&["server", "pause", "/notes", "--retry-later"]);
    run(&["server", "pause", "--all"]);
    let text = bob.get("/").text();
    assert!(text.contains("Everything was paused just now.") && text.contains("Notes was paused just now."), "{text}");
    assert!(!text.contains("Files") && !text.contains("href=\"/servers\""), "{text}");
}
