//! Accounts on their page, where it is about who may take this doorward over: owners and passwords.

use super::dashboard::{account, choose, copied, house, is_let_through, let_in, local, of_person, signed_in};
use crate::support::browser::{self, Browser};
use crate::support::{Doorward, PASSWORD, Setup};
use serde_json::json;

fn kinds(doorward: &Doorward) -> Vec<serde_json::Value> {
    let log = String::from_utf8(doorward.run(&["log", "--json"]).stdout).unwrap();
    log.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_reset_takes_the_password_and_all_that_it_let_in_at_once_and_a_link_replaces_it() {
    let doorward = house();
    let (_, token) = let_in(&doorward, "bob", "Of Bob");
    let key = doorward.json(&["key", "add", "script", "--server", "/notes", "--user", "bob"])["key"].as_str().unwrap().to_owned();
    let (mut ann, mut bob) = (signed_in(&doorward, "ann"), signed_in(&doorward, "bob"));
    let form = of_person(&ann.get("/users"), "bob", "/users/reset");
    for wrong in ["", "not my password"] {
        let refused = ann.submit(&form.clone().set("current", wrong));
        assert!(refused.status == 400 && refused.text().contains("That is not your password."), "{}", refused.text());
    }
    assert!(is_let_through(&doorward, &token) && bob.get("/").text().contains("Sign out"), "nothing has changed so far");
    let answer = ann.submit(&form.set("current", PASSWORD));
    assert_eq!((answer.status, answer.header("cache-control")), (200, Some("no-store")), "{}", answer.text());
    let link = copied(&answer, "link");
    assert!(!is_let_through(&doorward, &token) && !is_let_through(&doorward, &key) && !bob.get("/").text().contains("Sign out"));
    let mut browser = Browser::new(doorward.address);
    let signin = browser.get("/signin");
    assert_eq!(browser.sign_in(&signin, "bob", PASSWORD).status, 401, "the old password works no more");
    let page = browser.get(local(&link));
    assert_eq!(browser.submit(&choose(&page, "entirely different")).status, 303);
    assert!(browser.get("/").text().contains("Sign out"));
    assert_eq!(browser.submit(&choose(&page, "yet another one")).status, 403, "once");
    let event = kinds(&doorward).into_iter().find(|event| event["kind"] == "password_reset").expect("it is in the log");
    assert_eq!((&event["by"], &event["user"]), (&json!("ann"), &json!("bob")));
}

#[test]
fn whoever_makes_an_owner_types_their_own_password_again() {
    let doorward = house();
    let mut ann = signed_in(&doorward, "ann");
    let form = browser::form(&ann.get("/users"), "/users/add").set("name", "carol").set("owner", "yes");
    for wrong in ["", "not my password"] {
        let refused = ann.submit(&form.clone().set("current", wrong));
        let text = refused.text();
        assert!(refused.status == 400 && text.contains("id=\"current-wrong\"") && text.contains("value=\"carol\""), "{text}");
        assert!(!text.contains("not my password"), "no password is sent back");
    }
    assert_eq!(doorward.json(&["user", "list"]).as_array().unwrap().len(), 2, "nobody was added");
    let first = copied(&ann.submit(&form.set("current", PASSWORD)), "link");
    assert_eq!(account(&doorward, "carol")["owner"], true);
    // A link for an owner, or for whoever has a password, is a way to take over: only the reset makes one.
    let page = ann.get("/users");
    for name in ["carol", "bob"] {
        let mut invite = of_person(&page, name, "/users/reset").set("current", PASSWORD);
        invite.action = "/users/invite".into();
        let refused = ann.submit(&invite);
        assert!(refused.status == 400 && !refused.text().contains("dwin_"), "{name}: {}", refused.text());
    }
    let second = copied(&ann.submit(&of_person(&page, "carol", "/users/reset").set("current", PASSWORD)), "link");
    let mut carol = Browser::new(doorward.address);
    assert_eq!((carol.get(local(&first)).status, carol.get(local(&second)).status), (403, 200));
    let ordinary = browser::form(&page, "/users/add").set("name", "dave");
    assert_eq!(ann.submit(&ordinary).status, 200, "for anybody else it is not asked");
    let again = ann.get("/users");
    assert!(copied(&ann.submit(&of_person(&again, "dave", "/users/invite")), "link").contains("dwin_"));
}

#[test]
fn whoever_guesses_the_owners_password_at_an_open_browser_is_held_up() {
    let doorward = Doorward::with(Setup::default().limited());
    doorward.add_user("bob", PASSWORD, &[]);
    let mut ann = signed_in(&doorward, "ann");
    let form = of_person(&ann.get("/users"), "bob", "/users/reset").set("current", "wrong");
    let answers: Vec<_> = (0..30).map(|_| ann.submit(&form)).collect();
    let held_up = answers.iter().find(|answer| answer.status == 429).expect("after some guesses");
    assert!(held_up.header("retry-after").is_some());
    assert_eq!(kinds(&doorward).iter().filter(|event| event["kind"] == "password_reset").count(), 0);
}

#[test]
fn of_two_owners_who_switch_each_other_off_at_once_one_stays() {
    let doorward = house();
    doorward.add_user("carol", PASSWORD, &["--owner"]);
    for round in 0..4 {
        let (mut ann, mut carol) = (signed_in(&doorward, "ann"), signed_in(&doorward, "carol"));
        let of_ann = of_person(&carol.get("/users"), "ann", "/users/disable");
        let of_carol = of_person(&ann.get("/users"), "carol", "/users/disable");
        std::thread::scope(|scope| {
            scope.spawn(|| carol.submit(&of_ann));
            scope.spawn(|| ann.submit(&of_carol));
        });
        let enabled: Vec<&str> = ["ann", "carol"].into_iter().filter(|name| account(&doorward, name)["disabled"] == false).collect();
        assert_eq!(enabled.len(), 1, "round {round}: {enabled:?}");
        signed_in(&doorward, enabled[0]);
        for name in ["ann", "carol"] {
            assert!(doorward.run(&["user", "enable", name]).status.success());
        }
    }
}
