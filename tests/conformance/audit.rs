//! The audit log: who did what, told with its effect, and never a secret. Shows B12, Z6.

use crate::support::browser::{Browser, form, unescape};
use crate::support::client::{Client, Tokens, VERIFIER, call, challenge};
use crate::support::{Doorward, OWNER, PASSWORD, Setup, eventually, http, program};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

const DEVICE: &str = "urn:ietf:params:oauth:grant-type:device_code";
const CLAUDE: &str = "https://claude.ai/api/mcp/auth_callback";

/// What `doorward log` prints as JSON, oldest first.
#[track_caller]
fn log(doorward: &Doorward, filter: &[&str]) -> Vec<Value> {
    let done = doorward.run(&[&["log", "--json", "--last", "5000"], filter].concat());
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn kinds(doorward: &Doorward) -> Vec<String> {
    log(doorward, &[]).iter().map(|entry| entry["kind"].as_str().unwrap().to_owned()).collect()
}

/// The only event of a kind.
#[track_caller]
fn only(doorward: &Doorward, kind: &str) -> Value {
    let found = log(doorward, &["--kind", kind]);
    assert_eq!(found.len(), 1, "{kind} in {:?}", kinds(doorward));
    found[0].clone()
}

#[track_caller]
fn has(event: &Value, members: &[(&str, &str)]) {
    for (name, value) in members {
        assert_eq!(event[name], *value, "{name} of {event}");
    }
}

fn named(doorward: &Doorward, name: &str) -> Client {
    let redirect_uri = format!("http://127.0.0.1:7777/{}", name.len());
    Client::register_as(doorward, &redirect_uri, json!({ "token_endpoint_auth_method": "none", "client_name": name }))
}

fn redeem_wrongly(doorward: &Doorward, client: &Client, code: &str) {
    let wrong = VERIFIER.replace('a', "b");
    assert_eq!(client.redeem(doorward, code, &[("code_verifier", &wrong)]).status, 400);
}

#[test]
fn a_whole_flow_is_told_step_by_step() {
    let doorward = Doorward::start();
    let lamp = named(&doorward, "Lamp");
    named(&doorward, "Lamp");
    let mut browser = Browser::new(doorward.address);
    let first = browser.get(&lamp.authorize_url(&[]));
    for (name, password) in [("ANN", "not this one"), ("nobody-here", PASSWORD)] {
        assert_eq!(browser.sign_in(&first, name, password).status, 401);
    }
    let consent = browser.sign_in(&first, OWNER, PASSWORD);
    browser.submit(&form(&consent, "/consent").set("decision", "deny"));
    let code = http::parameter(&lamp.approve_as(&mut browser, OWNER, PASSWORD, &[]), "code").unwrap();
    redeem_wrongly(&doorward, &lamp, &code);
    let tokens = Tokens::of(&lamp.redeem(&doorward, &code, &[]));
    let next = Tokens::of(&lamp.refresh(&doorward, &tokens.refresh, &[]));
    assert_eq!(lamp.refresh(&doorward, &tokens.refresh, &[]).status, 200);
    assert_eq!(lamp.revoke(&doorward, &next.access).status, 200);
    assert_eq!(lamp.revoke(&doorward, &next.refresh).status, 200);
    let home = browser.get("/");
    assert_eq!(browser.submit(&form(&home, "/signout")).status, 303);
    let expected = [
        "user_added",
        "client_registered",
        "sign_in_failed",
        "sign_in_failed",
        "signed_in",
        "consent_denied",
        "consent_given",
        "verifier_wrong",
        "tokens_issued",
        "tokens_refreshed",
        "tokens_repeated",
        "access_token_returned",
        "connection_returned",
        "signed_out",
    ];
    assert_eq!(kinds(&doorward), expected);
    let events = log(&doorward, &[]);
    has(&events[0], &[("user", "ann"), ("from", "this machine")]);
    has(&events[2], &[("user", "ann"), ("from", "127.0.0.1"), ("sentence", "somebody failed to sign in as ann")]);
    assert!(events[3].get("user").is_none(), "a name that is nobody's is not kept: {}", events[3]);
    has(&events[6], &[("user", "ann"), ("by", "ann"), ("client", "Lamp"), ("client_id", &lamp.id), ("server", "/mcp")]);
    let connection = events[8]["connection"].as_str().unwrap();
    for event in &events[8..13] {
        has(event, &[("connection", connection), ("user", "ann"), ("client", "Lamp"), ("server", "/mcp")]);
    }
    assert!(events.iter().all(|event| event["alarm"] == false && event["at"].as_u64().unwrap() > 1_700_000_000));
    assert_eq!(log(&doorward, &["--user", "Ann"]).len(), 12, "all but a stranger's failure and the registration");
    assert_eq!(log(&doorward, &["--client", "Lamp"]), log(&doorward, &["--client", &lamp.id]));
}

#[test]
fn what_looks_like_theft_is_an_alarm_that_nobody_overlooks() {
    let doorward = Doorward::start();
    let (lamp, thief) = (named(&doorward, "Lamp"), named(&doorward, "Thief"));
    let code = lamp.code(&doorward);
    assert_eq!(thief.redeem(&doorward, &code, &[("redirect_uri", &lamp.redirect_uri)]).status, 400);
    let first = Tokens::of(&lamp.redeem(&doorward, &code, &[]));
    assert_eq!(thief.refresh(&doorward, &first.refresh, &[]).status, 400);
    let second = Tokens::of(&lamp.refresh(&doorward, &first.refresh, &[]));
    Tokens::of(&lamp.refresh(&doorward, &second.refresh, &[]));
    for _ in 0..3 {
        assert_eq!(lamp.refresh(&doorward, &first.refresh, &[]).status, 400);
    }
    let reused = only(&doorward, "refresh_token_reused");
    has(&reused, &[("user", "ann"), ("client", "Lamp"), ("server", "/mcp"), ("from", "127.0.0.1")]);
    let again = lamp.code(&doorward);
    Tokens::of(&lamp.redeem(&doorward, &again, &[]));
    for _ in 0..3 {
        assert_eq!(lamp.redeem(&doorward, &again, &[]).status, 400);
    }
    only(&doorward, "code_replayed");
    let alarms: Vec<Value> = log(&doorward, &[]).into_iter().filter(|event| event["alarm"] == true).collect();
    let kinds: Vec<&str> = alarms.iter().map(|event| event["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["token_of_another", "token_of_another", "refresh_token_reused", "code_replayed"]);
    let for_people = String::from_utf8(doorward.run(&["log"]).stdout).unwrap();
    assert_eq!(for_people.lines().filter(|line| line.starts_with("!! ")).count(), 4, "{for_people}");
    assert!(for_people.contains("an old refresh token was used again, which looks like theft"), "{for_people}");
}

#[test]
fn how_a_connection_ended_is_told_whoever_ended_it() {
    let doorward = Doorward::start();
    doorward.add_user("bob", PASSWORD, &[]);
    let lamp = named(&doorward, "Lamp");
    lamp.connect(&doorward);
    let mut browser = Browser::new(doorward.address);
    let signin = browser.get("/signin");
    let home = browser.sign_in(&signin, OWNER, PASSWORD);
    assert_eq!(browser.submit(&form(&home, "/connections/revoke")).status, 303);
    has(&only(&doorward, "connection_revoked"), &[("user", "ann"), ("by", "ann"), ("from", "127.0.0.1"), ("client", "Lamp")]);
    let bob = |client: &Client| {
        let answer = client.approve_as(&mut Browser::new(doorward.address), "bob", PASSWORD, &[]);
        Tokens::of(&client.redeem(&doorward, &http::parameter(&answer, "code").unwrap(), &[]));
    };
    bob(&lamp);
    assert!(doorward.run(&["user", "deny", "bob", "/mcp"]).status.success());
    has(&only(&doorward, "connection_ended_with_access"), &[("user", "bob"), ("from", "this machine")]);
    assert!(doorward.run(&["user", "allow", "bob", "/mcp"]).status.success());
    bob(&lamp);
    assert!(doorward.run(&["client", "remove", &lamp.id]).status.success());
    has(&only(&doorward, "connection_ended_with_client"), &[("user", "bob"), ("client", "Lamp")]);
    bob(&named(&doorward, "Radio"));
    assert!(doorward.run(&["user", "remove", "bob"]).status.success());
    has(&only(&doorward, "connection_ended_with_user"), &[("user", "bob"), ("client", "Radio")]);
    has(&only(&doorward, "user_removed"), &[("user", "bob")]);
    for kind in ["server_denied", "server_allowed", "client_removed"] {
        only(&doorward, kind);
    }
}

#[test]
fn a_client_that_came_back_and_one_without_pkce_are_told() {
    let doorward = Doorward::with(Setup::config("[clients]\nwithout_pkce = [\"old.example.com\"]\n"));
    let stale = Client { id: "client_AQEBAQEBAQEBAQEBAQEBAQ".into(), secret: None, redirect_uri: CLAUDE.into() };
    let answer = stale.approve(&doorward, &[]);
    Tokens::of(&stale.redeem(&doorward, &http::parameter(&answer, "code").unwrap(), &[]));
    has(&only(&doorward, "client_adopted"), &[("client", "Claude"), ("client_id", &stale.id), ("by", "ann")]);
    let old = Client::register_as(&doorward, "https://old.example.com/cb", json!({ "token_endpoint_auth_method": "none" }));
    let answer = old.approve(&doorward, &[("code_challenge", ""), ("code_challenge_method", "")]);
    Tokens::of(&old.redeem(&doorward, &http::parameter(&answer, "code").unwrap(), &[("code_verifier", "")]));
    has(&only(&doorward, "pkce_exception_used"), &[("client_id", &old.id), ("user", "ann")]);
}

#[test]
fn the_first_run_is_told() {
    let doorward = Doorward::with(Setup { without_owner: true, ..Setup::default() });
    let link = setup_link(&doorward);
    let mut browser = Browser::new(doorward.address);
    let page = browser.get(&link);
    let claim = form(&page, "/setup").set("username", "zoe").set("password", PASSWORD).set("password_again", PASSWORD);
    assert_eq!(browser.submit(&claim).status, 303);
    assert_eq!(kinds(&doorward), ["setup_link_made", "setup_claimed", "signed_in"]);
    has(&only(&doorward, "setup_claimed"), &[("user", "zoe"), ("from", "127.0.0.1")]);
}

fn setup_link(doorward: &Doorward) -> String {
    let text = String::from_utf8(doorward.run(&["setup"]).stdout).unwrap();
    let url = text.split_whitespace().find(|word| word.contains("/setup?token=")).expect("a link").to_owned();
    url.strip_prefix(&doorward.origin()).unwrap().to_owned()
}

#[test]
fn a_configuration_that_differs_from_the_last_start_is_told_once() {
    let config = |servers: &str, clients: &str| {
        format!("{servers}[clients]\n{clients}\n").replace("SERVER", "[[server]]\nupstream = \"http://127.0.0.1:9/mcp\"\npath = ")
    };
    let mut doorward = Doorward::with(Setup::config(config("SERVER \"/notes\"\n", "redirect_hosts = \"open\"")));
    assert_eq!(kinds(&doorward), ["user_added"], "nothing changed at the first start");
    let later = config("SERVER \"/files\"\n", "redirect_hosts = \"listed\"\nallowed_hosts = [\"n8n.home.test\"]");
    doorward.configure(&format!("public_url = \"https://mcp.example.com\"\n{later}"));
    for _ in 0..2 {
        assert!(doorward.stop().success());
        doorward.start_again();
    }
    let told: Vec<String> = log(&doorward, &[]).iter().skip(1).map(|event| event["sentence"].as_str().unwrap().to_owned()).collect();
    let expected = [
        format!("the public URL is https://mcp.example.com and was {}", doorward.origin()),
        "/files is protected since this start".into(),
        "/notes is not protected any more since this start".into(),
        "redirect_hosts is listed and was open".into(),
        "allowed_hosts is n8n.home.test and was empty".into(),
    ];
    assert_eq!(told, expected);
}

#[test]
fn behind_a_proxy_the_real_address_is_told() {
    let doorward = Doorward::with(Setup::default().flag("--trusted-proxy", "127.0.0.1"));
    let metadata = json!({ "redirect_uris": ["http://127.0.0.1:7777/cb"], "token_endpoint_auth_method": "none" });
    let fields = [("Content-Type", "application/json"), ("X-Forwarded-For", "203.0.113.9")];
    assert_eq!(http::send(doorward.address, "POST", "/register", &fields, metadata.to_string().as_bytes()).status, 201);
    has(&only(&doorward, "client_registered"), &[("from", "203.0.113.9")]);
}

#[test]
fn a_device_is_told_from_its_code_to_its_tokens() {
    let doorward = Doorward::start();
    let metadata = json!({ "client_name": "Lamp", "grant_types": [DEVICE], "token_endpoint_auth_method": "none" });
    let id = http::post_json(doorward.address, "/register", &metadata).json()["client_id"].as_str().unwrap().to_owned();
    let (mut browser, begun) = (Browser::new(doorward.address), begin_device(&doorward, &id));
    let signin = browser.get("/device");
    let page = browser.sign_in(&signin, OWNER, PASSWORD);
    assert_eq!(browser.submit(&form(&page, "/device").set("user_code", "BBBB-BBBB")).status, 400);
    for (begun, decision) in [(begin_device(&doorward, &id), "deny"), (begun.clone(), "approve")] {
        let consent = browser.submit(&form(&page, "/device").set("user_code", begun["user_code"].as_str().unwrap()));
        assert_eq!(browser.submit(&form(&consent, "/device").set("decision", decision)).status, 200);
    }
    let thief = named_device(&doorward, "Thief");
    for (client, status) in [(&thief, 400), (&id, 200), (&id, 400)] {
        let pairs = [("grant_type", DEVICE), ("device_code", begun["device_code"].as_str().unwrap()), ("client_id", client)];
        assert_eq!(http::post_form(doorward.address, "/token", &pairs, &[]).status, status);
    }
    let told = &kinds(&doorward)[3..];
    let expected =
        ["user_code_wrong", "consent_denied", "consent_given", "client_registered", "token_of_another", "tokens_issued", "code_replayed"];
    assert_eq!(told, expected);
    has(&only(&doorward, "user_code_wrong"), &[("user", "ann")]);
    has(&only(&doorward, "token_of_another"), &[("client", "Lamp"), ("user", "ann")]);
}

#[test]
fn a_stranger_cannot_ring_the_alarm() {
    let doorward = Doorward::start();
    let (lamp, thief) = (named_device(&doorward, "Lamp"), named_device(&doorward, "Thief"));
    let begun = begin_device(&doorward, &lamp);
    let pairs = [("grant_type", DEVICE), ("device_code", begun["device_code"].as_str().unwrap()), ("client_id", &thief)];
    assert_eq!(http::post_form(doorward.address, "/token", &pairs, &[]).status, 400);
    let alarms = log(&doorward, &[]).into_iter().filter(|event| event["alarm"] == true).count();
    assert_eq!(alarms, 0, "nobody has agreed to anything yet");
}

fn named_device(doorward: &Doorward, name: &str) -> String {
    let metadata = json!({ "client_name": name, "grant_types": [DEVICE], "token_endpoint_auth_method": "none" });
    http::post_json(doorward.address, "/register", &metadata).json()["client_id"].as_str().unwrap().to_owned()
}

fn begin_device(doorward: &Doorward, id: &str) -> Value {
    http::post_form(doorward.address, "/device_authorization", &[("client_id", id)], &[]).json()
}

/// Does everything that has a secret in it, and gives the secrets.
fn secrets_of_a_full_flow(doorward: &Doorward) -> Vec<String> {
    let mut secrets = vec![PASSWORD.to_owned(), VERIFIER.to_owned(), challenge(), "the-secret-state".to_owned()];
    let metadata = json!({ "client_name": "Lamp", "token_endpoint_auth_method": "client_secret_post" });
    let lamp = Client::register_as(doorward, "https://lamp.test/cb", metadata);
    secrets.extend(lamp.secret.clone());
    let mut browser = Browser::new(doorward.address);
    let first = browser.get(&lamp.authorize_url(&[("state", "the-secret-state")]));
    // As people do: the password in the wrong field.
    for (name, password) in [("a-password-typed-as-a-name", "x"), ("ann", "a-wrong-password-typed")] {
        assert_eq!(browser.sign_in(&first, name, password).status, 401);
        secrets.extend([name, password].into_iter().filter(|text| text.len() > 3).map(str::to_owned));
    }
    let consent = browser.sign_in(&first, OWNER, PASSWORD);
    let filled_in = form(&consent, "/consent");
    secrets.extend(filled_in.fields.iter().filter(|(name, _)| matches!(name.as_str(), "csrf" | "flow")).map(|(_, value)| value.clone()));
    let answer = browser.submit(&filled_in.set("decision", "approve")).location();
    secrets.extend(browser.cookies.iter().map(|(_, value)| value.clone()));
    let code = http::parameter(&answer, "code").unwrap();
    redeem_wrongly(doorward, &lamp, &code);
    let tokens = Tokens::of(&lamp.redeem(doorward, &code, &[]));
    let next = Tokens::of(&lamp.refresh(doorward, &tokens.refresh, &[]));
    assert_eq!(call(doorward, "/mcp", &next.access).status, 200);
    assert_eq!(lamp.revoke(doorward, &next.refresh).status, 200);
    let begun = begin_device(doorward, &named_device(doorward, "Radio"));
    secrets.extend(["device_code", "user_code"].map(|name| begun[name].as_str().unwrap().to_owned()));
    secrets.extend([code, tokens.access, tokens.refresh, next.access, next.refresh]);
    secrets
}

#[test]
fn no_secret_of_a_whole_flow_is_in_the_log() {
    let doorward = Doorward::with(Setup { without_owner: true, ..Setup::default() });
    let link = setup_link(&doorward);
    doorward.add_user(OWNER, PASSWORD, &["--owner"]);
    let mut secrets = secrets_of_a_full_flow(&doorward);
    secrets.push(http::parameter(&link, "token").unwrap());
    let texts: Vec<String> =
        [&["log", "--json"][..], &["log"]].iter().map(|words| String::from_utf8(doorward.run(words).stdout).unwrap()).collect();
    assert!(secrets.len() > 18 && texts.iter().all(|text| text.lines().count() > 10), "{} {texts:?}", secrets.len());
    for secret in &secrets {
        assert!(secret.len() > 3 && texts.iter().all(|text| !text.contains(secret.as_str())), "{secret} in {texts:?}");
    }
}

#[test]
fn a_client_cannot_write_lines_of_its_own_or_speak_to_the_terminal() {
    let doorward = Doorward::start();
    for name in ["a\u{1b}[2Jb", "a\nb", "a\u{202e}b"] {
        let metadata = json!({ "redirect_uris": ["http://127.0.0.1:1/"], "client_name": name });
        assert_eq!(http::post_json(doorward.address, "/register", &metadata).status, 400, "refused at the door already");
    }
    let quoted = named(&doorward, "\"}]{\"kind\":\"user_added\"");
    let event = only(&doorward, "client_registered");
    has(&event, &[("client", "\"}]{\"kind\":\"user_added\""), ("client_id", &quoted.id)]);
    let text = String::from_utf8(doorward.run(&["log"]).stdout).unwrap();
    assert_eq!(text.lines().count(), 2, "{text}");
}

#[test]
fn what_was_answered_is_told_after_kill_9_and_after_a_restart() {
    let mut doorward = Doorward::start();
    let lamp = named(&doorward, "Lamp");
    let tokens = lamp.connect(&doorward);
    assert_eq!(lamp.revoke(&doorward, &tokens.refresh).status, 200);
    doorward.kill();
    let stopped = kinds(&doorward);
    assert_eq!(stopped, ["user_added", "client_registered", "signed_in", "consent_given", "tokens_issued", "connection_returned"]);
    doorward.start_again();
    assert_eq!(kinds(&doorward), stopped);
    lamp.connect(&doorward);
    assert!(doorward.stop().success());
    doorward.start_again();
    let events = log(&doorward, &[]);
    let numbers: Vec<u64> = events.iter().map(|event| event["number"].as_u64().unwrap()).collect();
    assert_eq!(numbers, (0..9).collect::<Vec<u64>>(), "no number is left out or given twice");
}

/// `doorward log --follow --json`, and its lines.
struct Follower {
    child: Child,
    lines: Receiver<Value>,
}

impl Follower {
    fn of(doorward: &Doorward) -> Self {
        let mut command = Command::new(program());
        command.args(["log", "--follow", "--json", "--last", "1", "--data"]).arg(doorward.folder.path());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = channel();
        thread::spawn(move || output.lines().map_while(Result::ok).all(|line| sender.send(serde_json::from_str(&line).unwrap()).is_ok()));
        Self { child, lines }
    }

    #[track_caller]
    fn next(&self) -> String {
        self.lines.recv_timeout(Duration::from_secs(20)).expect("a line")["kind"].as_str().unwrap().to_owned()
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn whoever_follows_is_told_of_everything_once_across_a_restart() {
    let mut doorward = Doorward::start();
    named(&doorward, "Lamp");
    let follower = Follower::of(&doorward);
    assert_eq!(follower.next(), "client_registered", "--last 1");
    doorward.add_user("bob", PASSWORD, &[]);
    assert_eq!(follower.next(), "user_added");
    assert!(doorward.stop().success());
    thread::sleep(Duration::from_millis(1500));
    assert!(doorward.run(&["user", "disable", "bob"]).status.success(), "a follower holds no store");
    doorward.start_again();
    doorward.add_user("carol", PASSWORD, &[]);
    assert_eq!([follower.next(), follower.next()], ["user_disabled", "user_added"]);
    assert!(eventually(1, || follower.lines.try_recv().is_err()));
}

/// A browser in which somebody is signed in.
fn signed_in(doorward: &Doorward, name: &str) -> Browser {
    let mut browser = Browser::new(doorward.address);
    let page = browser.get("/signin");
    assert_eq!(browser.sign_in(&page, name, PASSWORD).status, 200);
    browser
}

#[test]
fn the_activity_page_shows_an_owner_everything_and_others_their_own_part() {
    let doorward = Doorward::start();
    doorward.add_user("bob", PASSWORD, &[]);
    named(&doorward, "Lamp").connect(&doorward);
    let ann = unescape(&signed_in(&doorward, "ann").get("/activity").text());
    for shown in [
        "\"Lamp\" registered itself",
        "ann let \"Lamp\" use /mcp",
        "the account bob was added",
        "127.0.0.1 (this machine)",
        "from <bdi>this machine",
    ] {
        assert!(ann.contains(shown), "{shown}: {ann}");
    }
    let newest_first = |first: &str, then: &str| ann.find(first).unwrap() < ann.find(then).unwrap();
    assert!(
        newest_first("ann let \"Lamp\" use", "\"Lamp\" registered itself")
            && newest_first("\"Lamp\" registered", "the account bob was added")
    );
    let mut owner = signed_in(&doorward, "ann");
    let mut shown = |query: &str| unescape(&owner.get(&format!("/activity?{query}")).text());
    for (query, has, has_not) in [
        ("client=Lamp", "ann let \"Lamp\" use", "the account bob"),
        ("kind=user_added&client=", "the account bob was added", "Lamp"),
        ("user=bob", "the account bob was added", "ann let"),
        ("kind=signed_in&client=Lamp", "Nothing like that is in the log.", "ann let"),
    ] {
        let page = shown(query);
        let events = &page[page.find("aria-label=\"What happened\"").unwrap()..];
        assert!(events.contains(has) && !events.contains(has_not), "{query}: {page}");
    }
    let mut browser = signed_in(&doorward, "bob");
    for target in ["/activity", "/activity?user=ann", "/activity?before=99"] {
        let bob = unescape(&browser.get(target).text());
        assert!(bob.contains("bob signed in") && bob.contains("the account bob was added"), "{bob}");
        assert!(!bob.contains("Lamp") && !bob.contains("ann signed in"), "{target}: {bob}");
    }
    assert!(doorward.run(&["user", "remove", "bob"]).status.success());
    thread::sleep(Duration::from_millis(1100));
    doorward.add_user("bob", PASSWORD, &[]);
    let anew = unescape(&signed_in(&doorward, "bob").get("/activity").text());
    assert!(anew.contains("the account bob was added") && !anew.contains("was removed"), "another account of that name: {anew}");
    let stranger = Browser::new(doorward.address).get("/activity");
    assert!(stranger.text().contains("action=\"/signin\"") && !stranger.text().contains("Lamp"));
}

#[test]
fn the_activity_page_goes_back_page_by_page() {
    let doorward = Doorward::start();
    for number in 0..60 {
        let redirect_uri = format!("http://127.0.0.1:7777/{number}");
        Client::register_as(
            &doorward,
            &redirect_uri,
            json!({ "token_endpoint_auth_method": "none", "client_name": format!("App {number}x") }),
        );
    }
    let mut browser = signed_in(&doorward, "ann");
    let first = browser.get("/activity").text();
    let shows = |page: &str, number: usize| page.contains(&format!("App {number}x&quot; registered"));
    assert!(shows(&first, 59) && shows(&first, 11) && !shows(&first, 10), "fifty, the sign-in among them");
    let older = unescape(first.split("href=\"/activity?before").nth(1).unwrap().split('"').next().unwrap());
    let second = browser.get(&format!("/activity?before{older}")).text();
    assert!(shows(&second, 10) && shows(&second, 0) && !shows(&second, 11) && second.contains("the account ann was added"));
    assert!(!second.contains("?before"), "that was all");
    for odd in ["/activity?before=x", "/activity?before=1&before=2", "/activity?theft&theft", "/activity?%00"] {
        assert_eq!(browser.get(odd).status, 200, "{odd}");
    }
}

#[test]
fn what_looks_like_theft_is_said_on_the_overview_and_shown_apart() {
    let doorward = Doorward::start();
    doorward.add_user("bob", PASSWORD, &[]);
    let lamp = named(&doorward, "Lamp");
    let (mut ann, mut bob) = (signed_in(&doorward, "ann"), signed_in(&doorward, "bob"));
    assert!(!ann.get("/").text().contains("looks like theft"));
    assert!(ann.get("/activity?theft=1").text().contains("Nothing that looks like theft has happened."));
    let code = lamp.code(&doorward);
    Tokens::of(&lamp.redeem(&doorward, &code, &[]));
    assert_eq!(lamp.redeem(&doorward, &code, &[]).status, 400);
    let overview = ann.get("/").text();
    assert!(
        overview.contains("Something happened in the last 7 days that looks like theft.")
            && overview.contains("href=\"/activity?theft=1\"")
    );
    let theft = unescape(&ann.get("/activity?theft=1").text());
    assert!(theft.contains("a code was used twice") && theft.contains("class=\"alarm\"") && !theft.contains("signed in</bdi>"), "{theft}");
    assert!(!bob.get("/").text().contains("looks like theft") && !bob.get("/activity?theft=1").text().contains("used twice"));
}
