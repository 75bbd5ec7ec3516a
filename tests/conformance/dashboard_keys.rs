//! API keys on their page: made for oneself, shown once, revoked; and what the gate makes of them.

use super::dashboard::{copied, form_beside, signed_in};
use crate::support::browser::{self, Browser, Form};
use crate::support::client::call;
use crate::support::http;
use crate::support::site::Site;
use crate::support::upstream::Upstream;
use crate::support::{PASSWORD, Setup};
use serde_json::json;

fn config(upstream: &Upstream) -> String {
    let upstream = upstream.address;
    format!(
        "[[server]]\npath = \"/notes\"\nname = \"Notes\"\nupstream = \"http://{upstream}/mcp\"\ndefault_scopes = [\"read\"]\n\
         [server.scopes]\nread = \"Read your notes\"\nwrite = \"Change your notes\"\n\
         [[server]]\npath = \"/files\"\nname = \"Files\"\nupstream = \"http://{upstream}/mcp\"\n"
    )
}

/// Two servers; ann owns them, bob may use one.
fn site() -> Site {
    let site = Site::new(|upstream| Setup::config(config(upstream)));
    site.doorward.add_user("bob", PASSWORD, &["--server", "/notes"]);
    site
}

/// The form as somebody fills it in who leaves all else as it is.
fn form(browser: &mut Browser, name: &str, server: &str) -> Form {
    browser::form(&browser.get("/keys"), "/keys/add").set("name", name).set("server", server).set("expires", "90d")
}

/// Makes a key on the page.
#[track_caller]
fn make(browser: &mut Browser, name: &str, server: &str) -> String {
    let form = form(browser, name, server);
    let answer = browser.submit(&form);
    assert_eq!(answer.status, 200, "{}", answer.text());
    copied(&answer, "key")
}

#[test]
fn a_key_made_on_its_page_is_shown_once_and_a_reload_makes_no_second_one() {
    let site = site();
    let mut ann = site.owner();
    let sent = form(&mut ann, "back up", "/notes");
    let answer = ann.submit(&sent);
    assert_eq!((answer.status, answer.header("cache-control")), (200, Some("no-store")), "{}", answer.text());
    let key = copied(&answer, "key");
    assert!(key.starts_with("dwky_") && copied(&answer, "field") == format!("Authorization: Bearer {key}"));
    assert_eq!(copied(&answer, "address"), format!("{}/notes", site.origin()));
    assert_eq!(call(&site.doorward, "/notes", &key).status, 200);
    assert_eq!(call(&site.doorward, "/files", &key).status, 403, "and nowhere else");
    for _ in 0..2 {
        let reloaded = ann.submit(&sent);
        assert!(reloaded.status == 409 && reloaded.text().contains("This was done already"), "{}", reloaded.text());
    }
    let page = browser::unescape(&ann.get("/keys").text());
    assert!(!page.contains(&key) && page.contains(&format!("{}…", &key[..9])), "how it begins, and no more: {page}");
    for shown in ["back up", "Read your notes", "last used <bdi>just now from", "It ends in 90 days."] {
        assert!(page.contains(shown), "{shown}: {page}");
    }
    let list = site.json(&["key", "list"]);
    assert_eq!((list.as_array().unwrap().len(), &list[0]["scope"], &list[0]["user"]), (1, &json!("read"), &json!("ann")));
    assert!(!site.run(&["log", "--json"]).stdout.windows(5).any(|window| window == b"dwky_"));
}

#[test]
fn of_many_who_send_the_form_at_once_one_key_is_made() {
    let site = site();
    let mut ann = site.owner();
    let sent = form(&mut ann, "double click", "/notes");
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let send = || ann.clone().submit(&sent).status;
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(send)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    assert_eq!(site.json(&["key", "list"]).as_array().unwrap().len(), 1);
}

#[test]
fn a_key_revoked_on_its_page_gets_401_with_the_next_call() {
    let site = site();
    let mut ann = site.owner();
    let (one, other) = (make(&mut ann, "one", "/notes"), make(&mut ann, "other", "/notes"));
    assert_eq!(call(&site.doorward, "/notes", &one).status, 200);
    let page = ann.get("/keys");
    let answer = ann.submit(&form_beside(&page, &one[..9], "/keys/revoke"));
    assert_eq!((answer.status, answer.location().as_str()), (303, "/keys"));
    assert_eq!((call(&site.doorward, "/notes", &one).status, call(&site.doorward, "/notes", &other).status), (401, 200));
    assert_eq!(ann.submit(&form_beside(&page, &one[..9], "/keys/revoke")).status, 404);
    let log = String::from_utf8(site.run(&["log", "--json"]).stdout).unwrap();
    for kind in ["key_created", "key_revoked"] {
        let line = log.lines().find(|line| line.contains(kind)).unwrap_or_else(|| panic!("no {kind}"));
        assert!(line.contains("\"by\":\"ann\"") && line.contains("/notes"), "{line}");
    }
}

#[test]
fn each_makes_keys_for_themselves_and_sees_and_revokes_their_own_and_an_owner_everybodys() {
    let site = site();
    let (mut ann, mut bob) = (site.owner(), signed_in(&site.doorward, "bob"));
    let anns = make(&mut ann, "of ann", "/notes");
    let sent = form(&mut bob, "of bob", "/notes").set("user", "ann").set("scope", "/notes write");
    let answer = bob.submit(&sent);
    let bobs = copied(&answer, "key");
    let whose = |name: &str| site.json(&["key", "list", "--user", name])[0]["name"].clone();
    assert_eq!((whose("ann"), whose("bob")), (json!("of ann"), json!("of bob")), "a key is for whoever is signed in");
    assert_eq!(call(&site.doorward, "/notes", &bobs).status, 200);
    let not_his = form(&mut bob, "no", "/files");
    let refused = bob.submit(&not_his);
    assert!(refused.status == 400 && refused.text().contains("Please choose a server."), "{}", refused.text());
    let theirs = bob.get("/keys");
    assert!(!theirs.text().contains("of ann") && !theirs.text().contains("Files"), "{}", theirs.text());
    let all = ann.get("/keys");
    assert!(all.text().contains("Keys of others") && all.text().contains("of <bdi>bob</bdi>"), "{}", all.text());
    let foreign = form_beside(&all, &anns[..9], "/keys/revoke").fields.iter().find(|(name, _)| name == "id").unwrap().1.clone();
    let refused = bob.submit(&form_beside(&theirs, "of bob", "/keys/revoke").set("id", &foreign));
    let unknown = bob.submit(&form_beside(&theirs, "of bob", "/keys/revoke").set("id", "key_nothing"));
    assert_eq!((refused.status, refused.body), (404, unknown.body), "what is another's is like what is not there");
    assert_eq!(call(&site.doorward, "/notes", &anns).status, 200);
    assert_eq!(ann.submit(&form_beside(&all, "of bob", "/keys/revoke")).status, 303);
    assert_eq!(call(&site.doorward, "/notes", &bobs).status, 401);
}

#[test]
fn what_was_wrong_with_a_key_is_said_and_what_was_entered_is_kept() {
    let site = site();
    let mut ann = site.owner();
    let good = form(&mut ann, "script", "/notes");
    let without_scope = Form { fields: good.fields.iter().filter(|(name, _)| name != "scope").cloned().collect(), ..good.clone() };
    for (form, wrong) in [
        (good.clone().set("name", ""), "visible characters"),
        (good.clone().set("name", &"x".repeat(65)), "visible characters"),
        (good.clone().set("expires", "10y"), "choose when it ends"),
        (good.clone().set("server", "/none"), "choose a server"),
        (without_scope, "tick what the key may do"),
        (good.clone().set("scope", "/notes admin"), "does not offer the scope admin"),
    ] {
        let page = ann.submit(&form);
        assert!(page.status == 400 && page.text().contains(wrong) && page.text().contains("<title>Error: "), "{wrong}: {}", page.text());
        assert!(wrong == "visible characters" || page.text().contains("value=\"script\""), "{wrong}: what was typed is kept");
    }
    let page = ann.submit(&good.clone().set("name", "").set("scope", "/notes write").set("server", "/files")).text();
    assert!(page.contains("value=\"&#x2f;files\" checked") && page.contains("value=\"&#x2f;notes write\" checked"), "{page}");
    assert!(!page.contains("value=\"&#x2f;notes read\" checked"), "{page}");
    assert_eq!(site.json(&["key", "list"]), json!([]));
    let endless = ann.submit(&good.set("expires", "never"));
    assert_eq!(endless.status, 200, "the same form, once it is right: {}", endless.text());
    assert_eq!(site.json(&["key", "list"])[0].get("expires_at"), None);
    assert!(ann.get("/keys").text().contains("It does not end by itself."));
    assert_eq!(http::get(site.address, "/keys").text().matches("script").count(), 0, "and nobody else reads it");
}
