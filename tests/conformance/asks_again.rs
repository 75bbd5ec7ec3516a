//! Why an app asks again: told to the user whose connections they are, and to a browser whose own sign-in ran out; never to
//! a stranger.

use crate::support::browser::{self, Browser};
use crate::support::client::{CALLBACK, Client, Tokens, call};
use crate::support::http;
use crate::support::{Doorward, OWNER, PASSWORD, Setup, eventually};
use serde_json::json;

const CONFIG: &str = "[[server]]\npath = \"/notes\"\nname = \"Notes\"\nupstream = \"http://127.0.0.1:9/mcp\"\ndefault_scopes = [\"read\"]\n\
    [server.scopes]\nread = \"Read your notes\"\nwrite = \"Change your notes\"\n";

fn started() -> Doorward {
    let doorward = Doorward::with(Setup::config(CONFIG));
    doorward.add_user("bob", PASSWORD, &["--server", "/notes"]);
    doorward
}

fn signed_in(doorward: &Doorward, name: &str) -> Browser {
    let mut browser = Browser::new(doorward.address);
    let page = browser.get("/signin");
    assert_eq!(browser.sign_in(&page, name, PASSWORD).status, 200);
    browser
}

fn registered(doorward: &Doorward, name: &str, redirect_uri: &str, more: &[(&str, &str)]) -> Client {
    let mut metadata = json!({ "token_endpoint_auth_method": "none", "client_name": name });
    for (name, value) in more {
        metadata[*name] = json!(value);
    }
    Client::register_as(doorward, redirect_uri, metadata)
}

/// Lets an app in, in a browser that is signed in.
#[track_caller]
fn let_in(doorward: &Doorward, browser: &mut Browser, client: &Client, scope: &str) -> Tokens {
    let page = browser.get(&client.authorize_url(&[("scope", scope)]));
    let location = browser.submit(&browser::form(&page, "/consent").set("decision", "approve")).location();
    Tokens::of(&client.redeem(doorward, &http::parameter(&location, "code").expect("a code"), &[]))
}

/// What the consent page says about why the app asks again.
#[track_caller]
fn why(browser: &mut Browser, client: &Client, scope: &str) -> Option<String> {
    let page = browser.get(&client.authorize_url(&[("scope", scope)]));
    let text = browser::unescape(&page.text());
    assert!(text.contains("action=\"/consent\""), "{text}");
    let told = text.split("<dt>Why again</dt>\n<dd><bdi>").nth(1)?;
    Some(told.split("</bdi>").next().unwrap().to_owned())
}

fn connection_of(doorward: &Doorward, client: &Client) -> String {
    let all = doorward.json(&["connection", "list"]);
    let found = all.as_array().unwrap().iter().find(|connection| connection["client_id"] == client.id);
    found.unwrap()["id"].as_str().unwrap().to_owned()
}

#[test]
fn each_way_in_which_a_connection_ended_is_told_to_its_user_when_the_app_asks_again() {
    let doorward = started();
    let (mut bob, mut ann) = (signed_in(&doorward, "bob"), signed_in(&doorward, OWNER));
    let run = |arguments: &[&str]| assert!(doorward.run(arguments).status.success(), "{arguments:?}");
    type Ending<'a> = (&'a str, &'a dyn Fn(&Client, &Tokens), &'a str);
    let endings: [Ending<'_>; 4] = [
        ("Revoked", &|client, _| run(&["connection", "revoke", &connection_of(&doorward, client)]), "That was revoked here just now."),
        ("Returned", &|client, tokens| drop(client.revoke(&doorward, &tokens.refresh)), "It gave its access back just now."),
        (
            "Timed",
            &|client, tokens| {
                run(&["connection", "limit", &connection_of(&doorward, client), "--for", "1s"]);
                assert!(eventually(4, || call(&doorward, "/notes", &tokens.access).status == 401));
            },
            "You let the app in for a time, which was over just now.",
        ),
        (
            "Denied",
            &|_, _| {
                run(&["user", "deny", "bob", "/notes"]);
                run(&["user", "allow", "bob", "/notes"]);
            },
            "The server was taken from you just now.",
        ),
    ];
    for (number, (name, end, said)) in endings.into_iter().enumerate() {
        let client = registered(&doorward, name, &format!("{CALLBACK}/{number}"), &[]);
        assert_eq!(why(&mut bob, &client, "read"), None, "{name}: it asks for the first time");
        let tokens = let_in(&doorward, &mut bob, &client, "read");
        end(&client, &tokens);
        let told = why(&mut bob, &client, "read").unwrap_or_default();
        assert!(told.contains(said), "{name}: {told}");
        assert_eq!(why(&mut ann, &client, "read"), None, "{name}: nobody is told of what another let in");
    }
}

#[test]
fn a_changed_password_is_told_as_the_reason() {
    let doorward = started();
    let client = registered(&doorward, "Old", CALLBACK, &[]);
    let_in(&doorward, &mut signed_in(&doorward, "bob"), &client, "read");
    let done = doorward.run_with_input(&["user", "password", "bob", "--password-stdin"], &format!("{PASSWORD}\n"));
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let told = why(&mut signed_in(&doorward, "bob"), &client, "read").unwrap_or_default();
    assert!(told.contains("Your password was changed since"), "{told}");
}

#[test]
fn an_app_that_is_connected_asks_for_more_or_has_lost_its_access() {
    let doorward = started();
    let mut bob = signed_in(&doorward, "bob");
    let client = registered(&doorward, "Greedy", CALLBACK, &[]);
    let_in(&doorward, &mut bob, &client, "read");
    let told = |bob: &mut Browser, scope| why(bob, &client, scope).unwrap_or_default();
    assert_eq!(told(&mut bob, "read write"), "The app is connected already and asks for more: Change your notes.");
    assert_eq!(told(&mut bob, "read"), "The app is connected already. It has lost its access, or asks from a second place.");
}

#[test]
fn an_app_that_registered_anew_is_recognised_and_one_that_borrows_its_name_is_not() {
    let doorward = started();
    let mut bob = signed_in(&doorward, "bob");
    let hosted = "https://app.example.com/callback";
    let first = registered(&doorward, "Notebook", hosted, &[]);
    let_in(&doorward, &mut bob, &first, "read");
    let anew = registered(&doorward, "Notebook", hosted, &[("software_version", "2")]);
    assert_ne!(first.id, anew.id);
    let told = why(&mut bob, &anew, "read").unwrap_or_default();
    assert!(told.contains("was let in just now. This one registered anew."), "{told}");
    let imposter = registered(&doorward, "Notebook", "https://evil.example.net/callback", &[]);
    assert_eq!(why(&mut bob, &imposter, "read"), None, "a borrowed name makes no old acquaintance");
}

/// Whether the sign-in page of a browser tells anything of before.
#[track_caller]
fn told_at_sign_in(browser: &mut Browser, target: &str) -> Option<String> {
    let page = browser.get(target);
    let text = browser::unescape(&page.text());
    assert!(text.contains("action=\"/signin\""), "{text}");
    let at = text.find("Your sign-in here ended");
    assert!(at.is_some() || !["revoked", "connected already", "before."].iter().any(|word| text.contains(word)), "{text}");
    at.map(|at| text[at..].split("</bdi>").next().unwrap().to_owned())
}

#[test]
fn a_browser_whose_sign_in_ran_out_is_told_so_and_no_other_browser_is_told_anything() {
    let doorward = Doorward::with(Setup::config(format!("{CONFIG}\n[lifetimes]\nsession = \"4s\"\n")));
    let client = registered(&doorward, "Notebook", CALLBACK, &[]);
    let target = client.authorize_url(&[("scope", "read")]);
    let mut owner = signed_in(&doorward, OWNER);
    let_in(&doorward, &mut owner, &client, "read");
    assert!(doorward.run(&["connection", "revoke", &connection_of(&doorward, &client)]).status.success());
    let mut signed_out = signed_in(&doorward, OWNER);
    let form = browser::form(&signed_out.get("/"), "/signout");
    signed_out.submit(&form);
    assert!(signed_out.cookies.iter().any(|(name, _)| name.ends_with("doorward_device")), "it is known to the count of guesses still");
    let mut stolen = Browser::new(doorward.address);
    stolen.cookies = vec![("doorward_session".into(), "dwss_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".into())];
    assert!(eventually(8, || owner.get("/").text().contains("action=\"/signin\"")));
    let told = told_at_sign_in(&mut owner, &target).unwrap();
    assert_eq!(told, "Your sign-in here ended just now. You let the app in before. That was revoked here just now.");
    for elsewhere in ["/", "/device"] {
        assert_eq!(told_at_sign_in(&mut owner, elsewhere).as_deref(), Some("Your sign-in here ended just now."), "{elsewhere}");
    }
    for (mut browser, who) in [(Browser::new(doorward.address), "a stranger"), (signed_out, "who signed out"), (stolen, "who makes one up")]
    {
        assert_eq!(told_at_sign_in(&mut browser, &target), None, "{who}");
    }
    // The session opens nothing any more: it only says why.
    assert!(!owner.get("/settings").text().contains("/settings/password"));
    let done = doorward.run_with_input(&["user", "password", OWNER, "--password-stdin"], &format!("{PASSWORD}\n"));
    assert!(done.status.success());
    assert_eq!(told_at_sign_in(&mut owner, &target), None, "whoever changes a password shuts other browsers out of this, too");
}
