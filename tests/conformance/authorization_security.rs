//! The authorization endpoint, sign-in and consent under attack: by links, by other sites' pages, by other browsers, by
//! other users of the same doorward.

use crate::support::browser::{self, Browser, Form};
use crate::support::client::{CALLBACK, Client, Tokens};
use crate::support::http::{self, Response};
use crate::support::site::Site;
use crate::support::{Doorward, OWNER, PASSWORD, Setup};
use serde_json::json;
use std::sync::OnceLock;

const EVIL: &str = "https://evil.test/cb";
const SESSION: &str = "doorward_session";

static SITE: OnceLock<Site> = OnceLock::new();

fn doorward() -> &'static Site {
    SITE.get_or_init(|| Site::shared(|upstream| Setup::upstream(upstream.address)))
}

fn with_client() -> (&'static Site, Client) {
    let doorward = doorward();
    let client = Client::register(doorward);
    (doorward, client)
}

/// A second user, and a browser in which they are signed in.
fn second_user(doorward: &Site, name: &str) -> Browser {
    doorward.add_user(name, PASSWORD, &[]);
    let mut browser = doorward.stranger();
    let page = browser.get("/signin");
    assert_eq!(browser.sign_in(&page, name, PASSWORD).status, 200);
    browser
}

/// A page of ours that leads nowhere else: no redirect, no refresh, and no reference that leaves this origin.
#[track_caller]
fn assert_is_local(response: &Response, status: u16, what: &str) {
    assert_eq!(response.status, status, "{what}: {}", response.text());
    assert_eq!(response.header("location"), None, "{what}");
    assert_eq!(response.header("refresh"), None, "{what}");
    assert_eq!(response.header("content-type"), Some("text/html; charset=utf-8"), "{what}");
    let html = browser::unescape(&response.text()).to_lowercase();
    assert!(!html.contains("http-equiv") && !html.contains("<script"), "{what}: {html}");
    for reference in ["href=\"", "src=\"", "action=\"", "srcset=\"", "data=\""] {
        for target in html.split(reference).skip(1) {
            assert!(target.starts_with('/') && !target.starts_with("//"), "{what}: a reference leads away: {html}");
        }
    }
    assert!(!html.contains("evil.test"), "{what}: repeats what was sent: {html}");
}

/// Presses Approve; gives the whole answer.
fn approve(browser: &mut Browser, consent: &Response) -> Response {
    browser.submit(&browser::form(consent, "/consent").set("decision", "approve"))
}

#[test]
fn an_unknown_client_or_an_unregistered_address_gets_a_page_without_a_way_out() {
    let (doorward, client) = with_client();
    let unknown = Client { id: "nobody".into(), redirect_uri: EVIL.into(), ..client.clone() };
    let mut urls = vec![
        unknown.authorize_url(&[]),
        unknown.authorize_url(&[("redirect_uri", "")]),
        unknown.authorize_url(&[("client_id", "https://evil.test/client.json")]),
        unknown.authorize_url(&[("client_id", &"x".repeat(3000))]),
        unknown.authorize_url(&[("client_id", "<script>evil.test</script>")]),
        "/authorize".to_owned(),
        "/authorize?client_id".to_owned(),
        "/authorize?%".to_owned(),
        format!("{}&x=%ff", client.authorize_url(&[])),
        format!("{}&x=%00", client.authorize_url(&[])),
    ];
    for address in [EVIL, "javascript:alert('evil.test')", "//evil.test", "data:text/html,evil.test", "https://evil.test#", "x"] {
        for (name, value) in
            [("response_type", "code"), ("response_type", "bogus"), ("scope", "\""), ("code_challenge", ""), ("prompt", "none")]
        {
            urls.push(client.authorize_url(&[("redirect_uri", address), (name, value)]));
        }
    }
    for url in urls {
        for mut browser in [doorward.owner(), doorward.stranger()] {
            assert_is_local(&browser.get(&url), 400, &url);
        }
    }
}

#[test]
fn nobody_is_sent_to_a_client_before_somebody_is_signed_in() {
    let (doorward, client) = with_client();
    for (name, value) in [
        ("response_type", "bogus"),
        ("response_type", ""),
        ("resource", "https://foreign.test/mcp"),
        ("code_challenge", ""),
        ("code_challenge_method", "plain"),
        ("response_mode", "form_post"),
        ("request", "x"),
        ("prompt", "none"),
        ("scope", "\u{7}"),
    ] {
        let mut browser = doorward.stranger();
        let page = browser.get(&client.authorize_url(&[(name, value)]));
        assert_is_local(&page, 200, name);
        assert!(page.text().contains("action=\"/signin\""), "{name}");
    }
}

#[test]
fn the_flow_of_one_browser_cannot_be_finished_in_another() {
    let (doorward, client) = with_client();
    let mut attacker = second_user(doorward, "mallory");
    let mut victim = doorward.owner();
    let theirs = attacker.get(&client.authorize_url(&[]));
    let own = victim.get(&client.authorize_url(&[]));
    let flow_of = |page: &Response| {
        let form = browser::form(page, "/consent");
        form.fields.iter().find(|(name, _)| name == "flow").unwrap().1.clone()
    };
    // The victim's own form, with the attacker's flow in it, and the other way round.
    let planted = browser::form(&own, "/consent").set("flow", &flow_of(&theirs)).set("decision", "approve");
    assert_is_local(&victim.submit(&planted), 400, "a planted flow");
    let stolen = browser::form(&theirs, "/consent").set("flow", &flow_of(&own)).set("decision", "approve");
    assert_is_local(&attacker.submit(&stolen), 400, "a stolen flow");
    // The same user in another browser.
    let mut other = doorward.stranger();
    let page = other.get(&client.authorize_url(&[]));
    let second = other.sign_in(&page, OWNER, PASSWORD);
    let moved = browser::form(&second, "/consent").set("flow", &flow_of(&own)).set("decision", "approve");
    assert_is_local(&other.submit(&moved), 400, "a flow of the same user elsewhere");
    // The whole form of another browser, and one without any session.
    let whole = browser::form(&theirs, "/consent").set("decision", "approve");
    assert_is_local(&victim.submit(&whole), 403, "another browser's form");
    assert_is_local(&doorward.stranger().submit(&whole), 403, "nobody's form");
    assert_eq!(approve(&mut victim, &own).status, 303, "nothing of this spoilt the victim's own flow");
    assert_eq!(approve(&mut attacker, &theirs).status, 303);
}

#[test]
fn a_flow_that_is_unknown_malformed_or_missing_grants_nothing() {
    let (doorward, client) = with_client();
    let mut owner = doorward.owner();
    let consent = owner.get(&client.authorize_url(&[]));
    let form = browser::form(&consent, "/consent");
    for flow in ["", "x", "dwfl_AAAA", "../../etc", "\u{0}", &"a".repeat(5000)] {
        assert_is_local_or_refused(&owner.submit(&form.clone().set("flow", flow).set("decision", "approve")), flow);
    }
    for decision in ["", "yes", "APPROVE", "approve ", "true", "1"] {
        assert_is_local_or_refused(&owner.submit(&form.clone().set("decision", decision)), decision);
    }
    let mut twice = form.clone().set("decision", "deny");
    twice.fields.push(("decision".into(), "approve".into()));
    assert_is_local_or_refused(&owner.submit(&twice), "two decisions");
    assert_eq!(approve(&mut owner, &consent).status, 303, "and the flow is still there");
}

#[track_caller]
fn assert_is_local_or_refused(response: &Response, what: &str) {
    assert!((400..500).contains(&response.status), "{what}: {}", response.status);
    assert_eq!(response.header("location"), None, "{what}");
}

#[test]
fn an_expired_flow_grants_nothing() {
    let doorward = Doorward::with(Setup::config("[lifetimes]\nflow = \"1s\"\n"));
    let client = Client::register(&doorward);
    let mut browser = Browser::new(doorward.address);
    let consent = client.reach_consent(&mut browser, OWNER, PASSWORD, &[]);
    std::thread::sleep(std::time::Duration::from_millis(2100));
    assert_is_local(&approve(&mut browser, &consent), 400, "an expired flow");
    let denied = browser.submit(&browser::form(&consent, "/consent").set("decision", "deny"));
    assert_is_local(&denied, 400, "an expired flow, denied");
    let again = browser.get(&client.authorize_url(&[]));
    assert_eq!(approve(&mut browser, &again).status, 303);
}

#[test]
fn what_was_removed_between_the_page_and_the_button_grants_nothing() {
    let doorward = doorward();
    let mut owner = doorward.owner();
    let client = Client::register_as(doorward, "https://gone.test/cb", json!({ "token_endpoint_auth_method": "none" }));
    let consent = owner.get(&client.authorize_url(&[]));
    assert!(doorward.run(&["client", "remove", &client.id]).status.success());
    for decision in ["approve", "deny"] {
        let answer = owner.submit(&browser::form(&consent, "/consent").set("decision", decision));
        assert_is_local(&answer, 400, decision);
    }
    let client = Client::register(doorward);
    let mut guest = second_user(doorward, "guest");
    let consent = guest.get(&client.authorize_url(&[]));
    assert!(doorward.run(&["user", "deny", "guest", "/mcp"]).status.success());
    assert_is_local(&approve(&mut guest, &consent), 400, "a user without the server");
    for (name, command) in [("leaver", "disable"), ("goner", "remove")] {
        let mut browser = second_user(doorward, name);
        let consent = browser.get(&client.authorize_url(&[]));
        assert!(doorward.run(&["user", command, name]).status.success());
        assert_is_local(&approve(&mut browser, &consent), 403, command);
        assert!(browser.get("/").text().contains("action=\"/signin\""), "{command}: the session is over");
    }
    let mut browser = second_user(doorward, "changer");
    let consent = browser.get(&client.authorize_url(&[]));
    let changed = doorward.run_with_input(&["user", "password", "changer", "--password-stdin"], "another long password\n");
    assert!(changed.status.success());
    assert_is_local(&approve(&mut browser, &consent), 403, "a changed password");
    assert!(browser.get("/").text().contains("action=\"/signin\""), "a changed password ends every session");
}

#[test]
fn another_user_in_the_same_browser_is_asked_for_themselves() {
    let (doorward, client) = with_client();
    doorward.add_user("bea", PASSWORD, &[]);
    let mut browser = doorward.stranger();
    let page = browser.get(&client.authorize_url(&[("state", "kept & whole")]));
    let of_ann = browser.sign_in(&page, OWNER, PASSWORD);
    let old_form = browser::form(&of_ann, "/consent").set("decision", "approve");
    let left = browser.submit(&browser::form(&of_ann, "/signout"));
    assert_eq!(left.status, 303);
    let page = browser.follow(left);
    let of_bea = browser.sign_in(&page, "bea", PASSWORD);
    assert!(of_bea.text().contains(">bea</bdi>"), "{}", of_bea.text());
    assert_is_local(&browser.submit(&old_form), 403, "the form of the user before");
    let form = browser::form(&of_bea, "/consent");
    let mixed = Form { fields: old_form.fields.clone(), ..form.clone() }.set("csrf", &form.fields[0].1);
    assert_is_local(&browser.submit(&mixed), 400, "the flow of the user before");
    let location = browser.submit(&form.set("decision", "approve")).location();
    assert_eq!(http::parameter(&location, "state").as_deref(), Some("kept & whole"));
    let tokens = Tokens::of(&client.redeem(doorward, &http::parameter(&location, "code").unwrap(), &[]));
    let before = doorward.upstream.seen().len();
    crate::support::client::call(doorward, "/mcp", &tokens.access);
    let seen = doorward.upstream.seen();
    assert!(seen[before..].iter().any(|request| request.all("x-doorward-user") == ["bea"]));
}

#[test]
fn nothing_that_a_consent_form_sends_changes_what_is_granted() {
    let (doorward, client) = with_client();
    let mut owner = doorward.owner();
    let consent = owner.get(&client.authorize_url(&[("scope", "mcp")]));
    let extra = [
        ("redirect_uri", EVIL),
        ("client_id", "nobody"),
        ("scope", "mcp admin offline_access"),
        ("resource", "https://evil.test/mcp"),
        ("state", "changed"),
        ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
        ("code_challenge_method", "plain"),
        ("user", "mallory"),
        ("username", "mallory"),
        ("expires_in", "999999999"),
        ("iss", "https://evil.test"),
        ("return_to", EVIL),
    ];
    let elsewhere = browser::form(&consent, "/consent").set("server", "/other").set("decision", "approve");
    assert_eq!(
        (owner.submit(&elsewhere).status, owner.submit(&elsewhere).header("location")),
        (400, None),
        "a server that was not offered"
    );
    let form = extra.iter().fold(browser::form(&consent, "/consent"), |form, (name, value)| form.set(name, value));
    let form = Form { action: "/consent?redirect_uri=https%3A%2F%2Fevil.test&decision=deny".into(), ..form };
    let answer = owner.submit(&form.set("decision", "approve"));
    let location = answer.location();
    assert!(location.starts_with(&format!("{CALLBACK}?code=")), "{location}");
    assert!(!location.contains("evil") && !location.contains("changed"), "{location}");
    let tokens = Tokens::of(&client.redeem(doorward, &http::parameter(&location, "code").unwrap(), &[]));
    assert_eq!(tokens.body["scope"], "mcp");
    assert!(tokens.body["expires_in"].as_u64().unwrap() <= 3600);
}

#[test]
fn consent_is_asked_for_every_time_whatever_the_request_says() {
    let (doorward, client) = with_client();
    let mut owner = doorward.owner();
    let consent = owner.get(&client.authorize_url(&[]));
    assert_eq!(approve(&mut owner, &consent).status, 303);
    for more in ["", "&approve=1", "&consent=yes", "&decision=approve", "&prompt=", "&approval_prompt=auto", "&skip_consent=true"] {
        for accept in ["text/html", "application/json", "*/*"] {
            let url = format!("{}{more}", client.authorize_url(&[]));
            let page = owner.exchange("GET", &url, &[("Accept", accept), ("X-Requested-With", "XMLHttpRequest")], b"");
            assert_eq!((page.status, page.header("location")), (200, None), "{more}");
            assert!(page.text().contains("action=\"/consent\""), "{more}");
        }
    }
    let by_get = owner.get("/consent?decision=approve");
    assert_eq!((by_get.status, by_get.header("location")), (405, None));
}

/// Every form there is, with a browser in which it would be accepted.
fn every_form(doorward: &Site, client: &Client) -> Vec<(Browser, Form)> {
    let mut stranger = doorward.stranger();
    let signin = stranger.get("/signin");
    let signin = browser::form(&signin, "/signin").set("username", OWNER).set("password", PASSWORD);
    let mut user = second_user(doorward, &format!("user-{}", client.id));
    let consent = user.get(&client.authorize_url(&[]));
    let location = approve(&mut user, &consent).location();
    assert_eq!(client.redeem(doorward, &http::parameter(&location, "code").unwrap(), &[]).status, 200);
    let pages = [user.get("/"), user.get(&client.authorize_url(&[]))];
    let mut forms = vec![(stranger, signin)];
    let shown = pages.iter().flat_map(browser::forms).map(|form| form.set("decision", "approve"));
    forms.extend(shown.map(|form| (user.clone(), form)));
    let actions: Vec<&str> = forms.iter().map(|(_, form)| form.action.as_str()).collect();
    for expected in ["/signin", "/consent", "/signout", "/connections/revoke"] {
        assert!(actions.contains(&expected), "{expected} is not among {actions:?}");
    }
    forms
}

#[test]
fn no_form_is_accepted_from_another_site_or_with_anything_but_its_own_token() {
    let doorward = doorward();
    let client = Client::register_as(doorward, CALLBACK, json!({ "token_endpoint_auth_method": "none", "client_name": "Forger" }));
    let before = doorward.json(&["connection", "list"]).to_string().matches("Forger").count();
    let forms = every_form(doorward, &client);
    let made = doorward.json(&["connection", "list"]).to_string().matches("Forger").count();
    assert!(made > before);
    let other = second_user(doorward, "other-token");
    let other_token = browser::form(&other.clone().get("/"), "/signout").fields[0].1.clone();
    for (browser, form) in &forms {
        let refused = |form: &Form, headers: &[(&str, &str)], what: &str| {
            let answer = browser.clone().submit_with(form, headers);
            assert_eq!(answer.status, 403, "{} {what}: {}", form.action, answer.text());
            assert_eq!(answer.header("location"), None, "{} {what}", form.action);
            assert!(answer.all("set-cookie").iter().all(|cookie| !cookie.contains("session")), "{} {what}", form.action);
        };
        let mut missing = form.clone();
        missing.fields.retain(|(name, _)| name != "csrf");
        refused(&missing, &[], "without a token");
        for token in ["", "x", other_token.as_str(), &"A".repeat(43)] {
            refused(&form.clone().set("csrf", token), &[], token);
        }
        let mut twice = form.clone();
        twice.fields.push(("csrf".into(), form.fields.iter().find(|(name, _)| name == "csrf").unwrap().1.clone()));
        refused(&twice, &[], "with two tokens");
        for origin in ["https://evil.test", "http://localhost.evil.test", "http://127.0.0.1:1", "https://127.0.0.1", "file://", ""] {
            refused(form, &[("Origin", origin)], origin);
        }
        for site in ["cross-site", "same-site", "weird"] {
            refused(form, &[("Sec-Fetch-Site", site), ("Origin", "null")], site);
        }
        for kind in ["text/plain", "application/json", "multipart/form-data; boundary=x"] {
            let pairs: Vec<(&str, &str)> = form.fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            let answer = browser.clone().exchange("POST", &form.action, &[("Content-Type", kind)], http::encode(&pairs).as_bytes());
            assert!(matches!(answer.status, 400 | 403 | 415), "{} as {kind}: {}", form.action, answer.status);
        }
        let no_cookie = doorward.stranger().submit(form);
        assert_eq!((no_cookie.status, no_cookie.header("location")), (403, None), "{} without a cookie", form.action);
    }
    assert_eq!(doorward.json(&["connection", "list"]).to_string().matches("Forger").count(), made, "a forged form took effect");
    for (browser, form) in forms.iter().filter(|(_, form)| form.action != "/signout") {
        let headers = [("Origin", doorward.origin()), ("Sec-Fetch-Site", "same-origin".into())];
        let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        // Somebody chooses an end; without one there is nothing to do.
        let form = if form.action == "/connections/limit" { form.clone().set("term", "7d") } else { form.clone() };
        assert_eq!(browser.clone().submit_with(&form, &headers).status, 303, "{} from our own page", form.action);
    }
}

#[test]
fn signing_in_gives_a_new_session_and_ends_the_one_before() {
    let doorward = doorward();
    let mut browser = doorward.stranger();
    browser.cookies.push((SESSION.into(), "dwse_planted-by-somebody-who-waits-for-it-to-become-good".into()));
    let page = browser.get("/signin");
    browser.sign_in(&page, OWNER, PASSWORD);
    let session = |browser: &Browser| browser.cookies.iter().find(|(name, _)| name == SESSION).unwrap().1.clone();
    let first = session(&browser);
    assert!(!first.contains("planted"));
    let mut with_first = browser.clone();
    assert!(with_first.get("/").text().contains("Sign out"));
    let page = browser.get("/signin");
    browser.sign_in(&page, OWNER, PASSWORD);
    assert_ne!(session(&browser), first);
    assert!(with_first.get("/").text().contains("action=\"/signin\""), "the session before is over");
}

#[test]
fn a_session_cookie_that_comes_twice_is_nobodys() {
    let doorward = doorward();
    let mut owner = doorward.owner();
    assert!(owner.get("/").text().contains("Sign out"));
    let own = owner.cookies.iter().find(|(name, _)| name == SESSION).unwrap().clone();
    for second in [own.clone(), (SESSION.into(), "x".into())] {
        for front in [true, false] {
            let mut tossed = owner.clone();
            tossed.cookies.insert(if front { 0 } else { tossed.cookies.len() }, second.clone());
            assert!(tossed.get("/").text().contains("action=\"/signin\""), "{second:?} {front}");
        }
    }
    for (name, value) in [("Doorward_Session", own.1.as_str()), (SESSION, &own.1[1..]), (SESSION, &format!("{}x", own.1)), (SESSION, "")] {
        let mut browser = doorward.stranger();
        browser.cookies.push((name.into(), value.into()));
        assert!(browser.get("/").text().contains("action=\"/signin\""), "{name}");
    }
}

#[test]
fn signing_out_ends_the_session_on_the_server_and_only_a_form_does_it() {
    let doorward = doorward();
    let mut browser = doorward.stranger();
    let page = browser.get("/signin");
    let home = browser.sign_in(&page, OWNER, PASSWORD);
    for method in ["GET", "HEAD", "DELETE"] {
        assert_eq!(browser.exchange(method, "/signout", &[], b"").status, 405, "{method}");
    }
    assert!(browser.get("/").text().contains("Sign out"));
    let mut copy = browser.clone();
    let answer = browser.submit(&browser::form(&home, "/signout"));
    assert_eq!((answer.status, answer.location().as_str()), (303, "/signin"));
    assert!(answer.header("set-cookie").unwrap().contains("Max-Age=0"));
    assert!(copy.get("/").text().contains("action=\"/signin\""), "a copied cookie is of no use after signing out");
    assert_eq!(copy.submit(&browser::form(&home, "/signout")).status, 403);
}

#[test]
fn signing_in_fails_in_the_same_way_whatever_is_wrong() {
    let doorward = doorward();
    doorward.add_user("disabled", PASSWORD, &[]);
    assert!(doorward.run(&["user", "disable", "disabled"]).status.success());
    let mut browser = doorward.stranger();
    let page = browser.get("/signin");
    let form = browser::form(&page, "/signin");
    let mut seen = Vec::new();
    let long = "x".repeat(2000);
    for (name, password) in [
        ("nobody00", PASSWORD),
        ("disabled", PASSWORD),
        ("disabled", "wrong password"),
        (OWNER, "wrong password"),
        (OWNER, ""),
        (OWNER, &long),
        ("nobody00", ""),
        ("", ""),
        ("<script>", "x"),
        (OWNER, &format!("{PASSWORD}\u{0}")),
        (OWNER, &format!("{PASSWORD} ")),
        (OWNER, &PASSWORD.to_uppercase()),
    ] {
        let answer = browser.submit(&form.clone().set("username", name).set("password", password));
        if answer.status == 400 {
            assert!(password.contains('\0'), "only what is no form at all is refused otherwise");
            continue;
        }
        let fields: Vec<_> =
            answer.headers.iter().filter(|(field, _)| !matches!(field.as_str(), "date" | "content-length")).cloned().collect();
        let html = if name.len() > 1 { answer.text().replace(&format!("value=\"{name}\""), "value=\"\"") } else { answer.text() };
        seen.push((answer.status, fields, html));
    }
    assert_eq!(seen[0].0, 401);
    assert!(seen[0].2.contains("The name or the password is not right."));
    for other in &seen[1..] {
        assert_eq!(other, &seen[0]);
    }
}

#[test]
fn credentials_anywhere_but_in_the_form_are_not_looked_at() {
    let doorward = doorward();
    let mut browser = doorward.stranger();
    let page = browser.get(&format!("/signin?username={OWNER}&password=correct+horse+battery"));
    assert!(!page.text().contains("correct") && !page.text().contains(&format!("value=\"{OWNER}\"")), "{}", page.text());
    let form = browser::form(&page, "/signin");
    let action = format!("/signin?username={OWNER}&password=correct+horse+battery");
    assert_eq!(browser.submit(&Form { action, ..form }).status, 401);
    let basic = browser.exchange("GET", "/", &[("Authorization", "Basic YW5uOmNvcnJlY3QgaG9yc2UgYmF0dGVyeQ==")], b"");
    assert!(basic.text().contains("action=\"/signin\""));
    assert!(!browser.cookies.iter().any(|(name, _)| name == SESSION));
}

#[test]
fn after_sign_in_the_way_leads_to_a_page_of_ours_or_to_the_start() {
    let doorward = doorward();
    let mut browser = doorward.stranger();
    for target in [
        "//evil.test",
        "/\\evil.test",
        "/\t/evil.test",
        "https:evil.test",
        "https://evil.test/",
        "javascript:alert(1)",
        "/..//evil.test",
        "%2f%2fevil.test",
        "/%2f%2fevil.test",
        "/a\r\nSet-Cookie: x=y",
    ] {
        let page =
            browser.get(&format!("/signin?return_to={}&next=//evil.test&rd=//evil.test", http::encode(&[("x", target)]).replace("x=", "")));
        let form = browser::form(&page, "/signin");
        assert!(!form.fields.iter().any(|(_, value)| value.contains("evil")), "a link decides nothing: {form:?}");
        let wrong = browser.submit(&form.set("return_to", target).set("username", OWNER).set("password", "not the password"));
        assert_eq!(wrong.status, 401);
        let kept = browser::form(&wrong, "/signin").fields.into_iter().find(|(name, _)| name == "return_to").unwrap().1;
        assert_eq!(kept, "/", "{target:?}");
    }
    let page = browser.get("/signin");
    let form = browser::form(&page, "/signin").set("return_to", "//evil.test").set("username", OWNER).set("password", PASSWORD);
    let answer = browser.submit(&form);
    assert_eq!((answer.status, answer.location().as_str()), (303, "/"));
}

#[test]
fn a_state_cannot_write_a_header_or_a_second_parameter() {
    let (doorward, client) = with_client();
    let mut owner = doorward.owner();
    for state in ["a\r\nSet-Cookie: evil=1", "a&code=evil&iss=evil", "a#fragment", "a\u{2028}b", "%0d%0aX-Evil: 1"] {
        let consent = owner.get(&client.authorize_url(&[("state", state)]));
        let answer = approve(&mut owner, &consent);
        let location = answer.location();
        assert_eq!(http::parameter(&location, "state").as_deref(), Some(state));
        assert!(location.is_ascii() && !location.contains('#'), "{location}");
        assert!(http::parameter(&location, "code").is_some() && http::parameter(&location, "iss").is_some(), "once each: {location}");
        assert!(answer.all("set-cookie").is_empty() && answer.all("x-evil").is_empty());
    }
}

#[test]
fn nothing_that_a_person_sees_can_be_read_by_another_origin() {
    let (doorward, client) = with_client();
    let url = client.authorize_url(&[]);
    for (method, path) in [
        ("GET", url.as_str()),
        ("OPTIONS", url.as_str()),
        ("GET", "/signin"),
        ("OPTIONS", "/signin"),
        ("POST", "/signin"),
        ("POST", "/consent"),
        ("OPTIONS", "/consent"),
        ("POST", "/signout"),
        ("GET", "/"),
        ("OPTIONS", "/"),
        ("GET", "/setup"),
        ("POST", "/connections/revoke"),
        ("OPTIONS", "/connections/revoke"),
        ("GET", "/nothing"),
    ] {
        for origin in ["https://evil.test", "null", "http://localhost:6274"] {
            let asked = [("Origin", origin), ("Access-Control-Request-Method", "POST")];
            let answer = doorward.owner().exchange(method, path, &asked, b"");
            let cors = answer.headers.iter().find(|(name, _)| name.to_lowercase().starts_with("access-control-"));
            assert_eq!(cors, None, "{method} {path} for {origin}");
        }
    }
}

#[test]
fn over_https_cookies_are_bound_to_this_host_and_plain_ones_are_not_believed() {
    let doorward = Doorward::with(Setup::default().flag("--public-url", "https://mcp.example.com"));
    let mut browser = Browser::new(doorward.address);
    browser.host = Some("mcp.example.com".into());
    let page = browser.get("/signin");
    let form = browser::form(&page, "/signin").set("username", OWNER).set("password", PASSWORD);
    let own = [("Origin", "https://mcp.example.com"), ("Sec-Fetch-Site", "same-origin")];
    let answer = browser.submit_with(&form, &own);
    assert_eq!(answer.status, 303, "{}", answer.text());
    for cookie in page.all("set-cookie").iter().chain(&answer.all("set-cookie")) {
        assert!(cookie.starts_with("__Host-"), "{cookie}");
        for attribute in ["; Secure", "; HttpOnly", "; Path=/", "; SameSite=Lax"] {
            assert!(cookie.contains(attribute), "{cookie}");
        }
        assert!(!cookie.contains("Domain"), "{cookie}");
    }
    assert_eq!(answer.header("strict-transport-security"), Some("max-age=31536000"));
    assert!(browser.get("/").text().contains("Sign out"));
    let mut tossed = browser.clone();
    for (name, _) in &mut tossed.cookies {
        *name = name.trim_start_matches("__Host-").to_owned();
    }
    assert!(tossed.get("/").text().contains("action=\"/signin\""), "a cookie that a sibling host can plant");
    let mut by_loopback = browser.clone();
    by_loopback.host = None;
    assert!(by_loopback.get("/").text().contains("action=\"/signin\""));
    let foreign = Client { id: "x".into(), secret: None, redirect_uri: EVIL.into() };
    browser.host = Some("evil.test".into());
    assert_eq!(browser.get(&foreign.authorize_url(&[])).status, 421);
}

#[test]
fn nobody_revokes_the_connection_of_somebody_else() {
    let doorward = doorward();
    let client = Client::register_as(doorward, CALLBACK, json!({ "token_endpoint_auth_method": "none", "client_name": "Of the owner" }));
    let mut owner = doorward.owner();
    let consent = owner.get(&client.authorize_url(&[]));
    let code = http::parameter(&approve(&mut owner, &consent).location(), "code").unwrap();
    let tokens = Tokens::of(&client.redeem(doorward, &code, &[]));
    let home = owner.get("/");
    let theirs = home.text().split("Of the owner").next().map(str::len).unwrap();
    let form = browser::forms(&Response { body: home.body[theirs..].to_vec(), ..home })
        .into_iter()
        .find(|form| form.action == "/connections/revoke")
        .unwrap();
    let id = form.fields.iter().find(|(name, _)| name == "id").unwrap().1.clone();
    let mut other = second_user(doorward, "idor");
    let page = other.get("/");
    assert!(!page.text().contains("Of the owner"));
    let token = browser::form(&page, "/signout").fields[0].1.clone();
    for target in [id.as_str(), "", "x", &client.id] {
        let forged =
            Form { action: "/connections/revoke".into(), fields: vec![("csrf".into(), token.clone()), ("id".into(), target.into())] };
        assert_eq!(other.submit(&forged).status, 404, "{target}");
    }
    assert_eq!(crate::support::client::call(doorward, "/mcp", &tokens.access).status, 200);
    assert_eq!(owner.submit(&form).status, 303);
    assert_eq!(crate::support::client::call(doorward, "/mcp", &tokens.access).status, 401);
}

#[test]
fn a_page_of_ours_may_send_its_form_under_each_loopback_name_and_no_other_may() {
    let doorward = doorward();
    let port = doorward.address.port();
    for name in ["localhost", "127.0.0.1", "[::1]"] {
        let mut browser = doorward.stranger();
        browser.host = Some(format!("{name}:{port}"));
        let page = browser.get("/signin");
        let form = browser::form(&page, "/signin").set("username", OWNER).set("password", PASSWORD);
        for other in
            ["http://localhost:1", "http://127.0.0.1:1", "https://localhost", &format!("https://{name}:{port}"), "http://localhost"]
        {
            assert_eq!(browser.submit_with(&form, &[("Origin", other)]).status, 403, "{other} at {name}");
        }
        let own = format!("http://{name}:{port}");
        assert_eq!(browser.submit_with(&form, &[("Origin", &own)]).status, 303, "{own}");
    }
}

#[test]
fn a_session_ends_on_the_server_when_its_time_is_over() {
    let doorward = Doorward::with(Setup::config("[lifetimes]\nsession = \"2s\"\n"));
    let mut browser = Browser::new(doorward.address);
    let page = browser.get("/signin");
    let home = browser.sign_in(&page, OWNER, PASSWORD);
    assert!(home.text().contains("Sign out"));
    std::thread::sleep(std::time::Duration::from_millis(3100));
    assert!(browser.get("/").text().contains("action=\"/signin\""), "the cookie alone, kept beyond its time, is nobody");
    assert_eq!(browser.submit(&browser::form(&home, "/signout")).status, 403);
}
