//! The connect page while somebody connects an app: what arrives is on it, for those whom it concerns.

use super::dashboard::signed_in;
use crate::support::browser::{self, Browser};
use crate::support::client::{Client, Tokens, call};
use crate::support::http::{self, Response};
use crate::support::site::Site;
use crate::support::upstream::Upstream;
use crate::support::{PASSWORD, Setup};
use serde_json::{Value, json};

fn config(upstream: &Upstream) -> String {
    let entry = |path: &str| format!("[[server]]\npath = \"{path}\"\nupstream = \"http://{}/mcp\"\n", upstream.address);
    format!("{}{}", entry("/notes"), entry("/files"))
}

fn site() -> Site {
    let site = Site::new(|upstream| Setup::config(config(upstream)));
    site.doorward.add_user("bob", PASSWORD, &["--server", "/notes"]);
    site
}

/// Where the script of the page asks, and where the link beside it leads.
#[track_caller]
fn watched(page: &Response) -> [String; 2] {
    let html = browser::unescape(&page.text());
    let between =
        |start: &str| html.split(start).nth(1).unwrap_or_else(|| panic!("no {start}: {html}")).split('"').next().unwrap().to_owned();
    let again =
        html.split("<a class=\"button quiet\" href=\"").find(|rest| rest.starts_with("/connect?server=") && rest.contains("Check again"));
    let again = again.unwrap().split('"').next().unwrap();
    [between("data-arrived=\""), again.split('#').next().unwrap().to_owned()]
}

#[track_caller]
fn news(browser: &mut Browser, target: &str) -> Value {
    let answer = browser.get(target);
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json")), "{}", answer.text());
    assert_eq!((answer.header("cache-control"), answer.header("access-control-allow-origin")), (Some("no-store"), None));
    answer.json()
}

fn html(news: &Value) -> String {
    browser::unescape(news["html"].as_str().unwrap())
}

fn register(site: &Site, name: &str) -> Client {
    let redirect_uri = "http://127.0.0.1:7777/callback";
    Client::register_as(&site.doorward, redirect_uri, json!({ "token_endpoint_auth_method": "none", "client_name": name }))
}

#[test]
fn the_steps_of_an_app_appear_as_they_arrive_until_it_is_connected() {
    let site = site();
    register(&site, "Too early");
    let mut ann = site.owner();
    let page = ann.get("/connect?server=/notes");
    assert!(page.text().contains("Nothing has arrived yet since you opened this page.") && page.text().contains("aria-live=\"polite\""));
    let [asks, again] = watched(&page);
    let nothing = news(&mut ann, &asks);
    assert_eq!((&nothing["version"], &nothing["over"]), (&json!(""), &json!(false)));
    assert!(html(&nothing).contains("Nothing has arrived yet") && !html(&nothing).contains("Too early"), "{nothing}");

    let client = register(&site, "Claude");
    let registered = news(&mut ann, &asks);
    assert!(html(&registered).contains("Claude is on its way") && registered["version"] != "", "{registered}");
    assert_eq!(news(&mut ann, &asks)["version"], registered["version"], "nothing new is nothing new");

    let location = client.approve_as(&mut ann, "ann", PASSWORD, &[("resource", &format!("{}/notes", site.origin()))]);
    let approved = news(&mut ann, &asks);
    assert!(approved["version"] != registered["version"] && html(&approved).contains("was sent to port 7777"), "{approved}");
    let tokens = Tokens::of(&client.redeem(&site.doorward, &http::parameter(&location, "code").unwrap(), &[]));
    assert_eq!(news(&mut ann, &asks)["over"], false);
    assert_eq!(call(&site.doorward, "/notes", &tokens.access).status, 200);
    let connected = news(&mut ann, &asks);
    assert!(connected["over"] == true && html(&connected).contains("Connected: Claude, just now"), "{connected}");
    // The same without script.
    let page = ann.get(&again);
    assert!(page.text().contains("Connected: Claude, just now") && watched(&page) == [asks, again], "{}", page.text());
    let [elsewhere, _] = watched(&ann.get("/connect?server=/files&since=0"));
    assert!(!html(&news(&mut ann, &elsewhere)).contains("Connected: Claude"), "it is connected to the other one");
}

#[test]
fn an_app_that_is_turned_away_is_said_to_be_and_why() {
    let site = site();
    let mut ann = site.owner();
    let [asks, again] = watched(&ann.get("/connect?server=/notes"));
    let client = Client { id: "client_unknown".into(), secret: None, redirect_uri: "https://app.test/cb".into() };
    assert_eq!(site.stranger().get(&client.authorize_url(&[])).status, 400);
    let stopped = news(&mut ann, &asks);
    let shown = html(&stopped);
    assert!(shown.contains("did not get through") && shown.contains("not registered here") && stopped["over"] == false, "{stopped}");
    let text = browser::unescape(&ann.get(&again).text());
    assert!(text.contains("did not get through") && text.contains("not registered here"), "{text}");
}

#[test]
fn nobody_but_an_owner_sees_an_attempt_before_it_is_theirs() {
    let site = site();
    let (mut ann, mut bob) = (site.owner(), signed_in(&site.doorward, "bob"));
    let [asks, again] = watched(&bob.get("/connect?server=/notes"));
    let of_bob = register(&site, "Of bob");
    let of_ann = register(&site, "Of ann");
    let seen = html(&news(&mut bob, &asks));
    assert!(seen.contains("Nothing has arrived yet"), "who registered is nobody's yet: {seen}");
    let notes = format!("{}/notes", site.origin());
    of_ann.approve_as(&mut ann, "ann", PASSWORD, &[("resource", &notes)]);
    let location = of_bob.approve_as(&mut bob, "bob", PASSWORD, &[("resource", &notes)]);
    let seen = html(&news(&mut bob, &asks));
    assert!(seen.contains("Of bob is on its way") && !seen.contains("Of ann"), "{seen}");
    assert!(!bob.get(&again).text().contains("Of ann"));
    let everything = html(&news(&mut ann, &asks));
    assert!(everything.contains("Of bob") && everything.contains("Of ann"), "{everything}");
    let tokens = Tokens::of(&of_bob.redeem(&site.doorward, &http::parameter(&location, "code").unwrap(), &[]));
    assert_eq!(call(&site.doorward, "/notes", &tokens.access).status, 200);
    assert!(html(&news(&mut bob, &asks)).contains("Connected: Of bob, just now"));
    let all = html(&news(&mut bob, "/connect/arrived?server=/notes&since=0"));
    assert!(!all.contains("Of ann"), "whatever step is asked for: {all}");
    // What is asked for must be theirs to use, and somebody must be signed in.
    for target in ["/connect/arrived?server=/files&since=0", "/connect/arrived?server=/none&since=0", "/connect/arrived"] {
        assert_eq!(bob.get(target).status, 404, "{target}");
    }
    let stranger = site.stranger().get(&asks);
    assert!(stranger.header("content-type") != Some("application/json") && !stranger.text().contains("Of bob"), "{}", stranger.text());
    // Somebody else of the same name is somebody else.
    assert!(site.run(&["user", "remove", "bob"]).status.success());
    std::thread::sleep(std::time::Duration::from_millis(1100));
    site.doorward.add_user("bob", PASSWORD, &["--server", "/notes"]);
    let mut another = signed_in(&site.doorward, "bob");
    assert!(!html(&news(&mut another, "/connect/arrived?server=/notes&since=0")).contains("Of bob"));
}

#[test]
fn a_paused_server_says_so_where_an_app_is_connected_to_it() {
    let site = site();
    let mut ann = site.owner();
    assert!(!ann.get("/connect?server=/notes").text().contains(" is paused."));
    assert!(site.run(&["server", "pause", "/notes"]).status.success());
    assert!(ann.get("/connect?server=/notes").text().contains(" is paused."));
    assert!(!ann.get("/connect?server=/files").text().contains(" is paused."));
}
