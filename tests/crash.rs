//! A process that is killed, and a data directory that was damaged: what was promised is still there, and nothing ever
//! starts anew where something was.
#![allow(missing_docs, reason = "tests say what they are for by their names")]
mod support;

use std::fs;
use std::io::{Read, Write};
use std::path::Path;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;
use support::client::{Client, Tokens, call};
use support::http::{self, Response};
use support::site::Site;
use support::upstream::Upstream;
use support::{Doorward, PASSWORD, Setup, run_in};

const ROUNDS: u64 = 6;
const CODES: usize = 32;

/// What one client did with its one code, and what it was told.
struct Trail {
    client: Client,
    code: String,
    story: Story,
    /// Every token response, in order.
    got: Vec<Tokens>,
    /// A second redemption was refused.
    replayed: bool,
    /// A revocation was answered.
    revoked: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Story {
    Redeems,
    Refreshes,
    Revokes,
    Races,
}

const STORIES: [Story; 4] = [Story::Redeems, Story::Refreshes, Story::Revokes, Story::Races];

/// Sends until the server is gone; gives up where there is no answer.
fn post(site: &Site, path: &str, pairs: &[(&str, &str)]) -> Option<Response> {
    let answer = http::attempt(site.doorward.address, &http::form_request(site.doorward.address, path, pairs))?;
    assert!(matches!(answer.status, 200 | 400), "{}: {}", answer.status, answer.text());
    Some(answer)
}

fn walk(site: &Site, trail: &Mutex<Trail>) -> Option<()> {
    let (client, code, story) = {
        let trail = trail.lock().unwrap();
        (trail.client.clone(), trail.code.clone(), trail.story)
    };
    let answer = post(site, "/token", &client.redemption(&code))?;
    if answer.status == 400 {
        assert_eq!(story, Story::Races, "{}", answer.text());
        trail.lock().unwrap().replayed = true;
        return Some(());
    }
    trail.lock().unwrap().got.push(Tokens::of(&answer));
    for _ in 0..4 {
        let refresh = trail.lock().unwrap().got.last().unwrap().refresh.clone();
        match story {
            Story::Redeems | Story::Races => return Some(()),
            Story::Revokes => {
                let answer = post(site, "/revoke", &[("token", &refresh), ("client_id", &client.id)])?;
                assert_eq!(answer.status, 200);
                trail.lock().unwrap().revoked = true;
                return Some(());
            }
            Story::Refreshes => {
                let answer = post(site, "/token", &client.rotation(&refresh))?;
                trail.lock().unwrap().got.push(Tokens::of(&answer));
            }
        }
    }
    Some(())
}

/// What must hold of a trail after the crash.
fn check(site: &Site, trail: &Trail, round: u64) {
    let told =
        format!("round {round}, {:?}, {} answers, replayed {}, revoked {}", trail.story, trail.got.len(), trail.replayed, trail.revoked);
    let client = &trail.client;
    let ended = trail.revoked || (trail.replayed && !trail.got.is_empty());
    for tokens in &trail.got {
        let status = call(&site.doorward, "/mcp", &tokens.access).status;
        match trail.story {
            _ if ended => assert_eq!(status, 401, "what ended is back: {told}"),
            // The other request of the pair may have been done without being answered, and so may the revocation.
            Story::Races | Story::Revokes => assert!(matches!(status, 200 | 401), "{status}: {told}"),
            Story::Redeems | Story::Refreshes => assert_eq!(status, 200, "a token that was answered is gone: {told}"),
        }
    }
    if let Some(last) = trail.got.last() {
        let answer = client.refresh(&site.doorward, &last.refresh, &[]);
        match trail.story {
            _ if ended => assert_eq!(answer.error(), (400, "invalid_grant".into()), "{told}"),
            Story::Races | Story::Revokes => assert!(matches!(answer.status, 200 | 400), "{told}"),
            Story::Redeems | Story::Refreshes => drop(Tokens::of(&answer)),
        }
    }
    // The code: once more at most, and never beside what it brought before.
    let answer = client.redeem(&site.doorward, &trail.code, &[]);
    if !trail.got.is_empty() || trail.replayed {
        assert_eq!(answer.error(), (400, "invalid_grant".into()), "a code was good twice: {told}");
    } else {
        assert!(matches!(answer.status, 200 | 400), "{told}");
    }
    let after = client.redeem(&site.doorward, &trail.code, &[]);
    assert_eq!(after.error(), (400, "invalid_grant".into()), "{told}");
    for tokens in &trail.got {
        assert_eq!(call(&site.doorward, "/mcp", &tokens.access).status, 401, "a replay after the crash ended nothing: {told}");
    }
}

#[test]
fn what_was_answered_before_kill_9_holds_after_it_and_no_code_brings_two_families() {
    let mut site = Site::new(|upstream| Setup::upstream(upstream.address));
    for round in 0..ROUNDS {
        let prepare = |number: usize| {
            let client = site.client();
            let code = site.code(&client);
            Mutex::new(Trail { client, code, story: STORIES[number % STORIES.len()], got: vec![], replayed: false, revoked: false })
        };
        let trails: Vec<Mutex<Trail>> = (0..CODES).map(prepare).collect();
        let registered = Mutex::new(Vec::new());
        let delay = Duration::from_millis(5 + rand::random::<u64>() % 150);
        let pid = rustix::process::Pid::from_raw(site.doorward.id().cast_signed()).unwrap();
        thread::scope(|scope| {
            for lane in 0..4 {
                let (site, trails) = (&site, &trails);
                scope.spawn(move || {
                    for trail in trails.iter().skip(lane).step_by(4) {
                        let twice = trail.lock().unwrap().story == Story::Races;
                        let done = thread::scope(|pair| {
                            let other = twice.then(|| pair.spawn(|| walk(site, trail)));
                            walk(site, trail).and(other.map_or(Some(()), |other| other.join().unwrap()))
                        });
                        if done.is_none() {
                            break;
                        }
                    }
                });
            }
            let (site, registered) = (&site, &registered);
            scope.spawn(move || {
                for number in 0..1000 {
                    let uri = format!("http://127.0.0.1:7777/round/{round}/{number}");
                    let body = format!("{{\"redirect_uris\":[\"{uri}\"],\"token_endpoint_auth_method\":\"none\"}}");
                    let json = [("Content-Type", "application/json")];
                    let request = http::request(site.doorward.address, "POST", "/register", &json, body.as_bytes());
                    let Some(answer) = http::attempt(site.doorward.address, &request) else { break };
                    assert_eq!(answer.status, 201);
                    registered.lock().unwrap().push(answer.json()["client_id"].as_str().unwrap().to_owned());
                }
            });
            thread::sleep(delay);
            rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
        });
        site.doorward.kill();
        site.doorward.start_again();
        let standing = site.doorward.json(&["connection", "list"]);
        for trail in &trails {
            let trail = trail.lock().unwrap();
            let families = standing.as_array().unwrap().iter().filter(|one| one["client_id"] == *trail.client.id).count();
            assert!(families <= 1, "{families} families of one code");
            assert!(families == 1 || trail.got.is_empty() || !matches!(trail.story, Story::Redeems | Story::Refreshes));
            check(&site, &trail, round);
        }
        for id in registered.lock().unwrap().iter() {
            let pairs = [("grant_type", "refresh_token"), ("refresh_token", "x"), ("client_id", id)];
            let answer = http::post_form(site.doorward.address, "/token", &pairs, &[]);
            assert_eq!(answer.error(), (400, "invalid_grant".into()), "a registered client is gone");
        }
    }
}

#[test]
fn a_device_and_a_consent_page_that_wait_outlive_kill_9() {
    const DEVICE: &str = "urn:ietf:params:oauth:grant-type:device_code";
    let mut site = Site::new(|upstream| Setup::upstream(upstream.address));
    let lamp = serde_json::json!({ "grant_types": [DEVICE], "token_endpoint_auth_method": "none" });
    let lamp = http::post_json(site.doorward.address, "/register", &lamp).json()["client_id"].as_str().unwrap().to_owned();
    let client = site.client();
    let uri = format!("{}/poll/callback", site.doorward.origin());
    let plugin = Client::register_as(&site.doorward, &uri, serde_json::json!({ "token_endpoint_auth_method": "none" }));
    // Each with a process of its own, so that none rides on the write of another.
    for number in 0..3 {
        let begun = http::post_form(site.doorward.address, "/device_authorization", &[("client_id", &lamp)], &[]).json();
        site.doorward.kill();
        site.doorward.start_again();
        let poll = [("grant_type", DEVICE), ("device_code", begun["device_code"].as_str().unwrap()), ("client_id", &lamp)];
        let answer = http::post_form(site.doorward.address, "/token", &poll, &[]);
        assert_eq!(answer.error(), (400, "authorization_pending".into()));

        let mut owner = site.owner();
        let page = owner.get(&client.authorize_url(&[]));
        site.doorward.kill();
        site.doorward.start_again();
        let answer = owner.submit(&support::browser::form(&page, "/consent").set("decision", "approve"));
        assert_eq!(answer.status, 303, "{}", answer.text());
        let code = http::parameter(&answer.location(), "code").expect("a code");
        Tokens::of(&client.redeem(&site.doorward, &code, &[]));

        let state = format!("a-state-nobody-guesses-{number}");
        let page = owner.get(&plugin.authorize_url(&[("state", &state)]));
        site.doorward.kill();
        site.doorward.start_again();
        assert_eq!(owner.submit(&support::browser::form(&page, "/consent").set("decision", "approve")).status, 303);
        let fetched = http::get(site.doorward.address, &format!("/poll?state={state}"));
        assert_eq!(fetched.status, 200, "{}", fetched.text());
    }
}

/// A start that must fail; gives what it says.
#[track_caller]
fn refused_start(data: &Path) -> String {
    let done = run_in(data, &["serve", "--listen", "127.0.0.1:0"], "");
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert_eq!((done.status.code(), done.stdout.is_empty()), (Some(1), true), "{said}");
    assert!(said.starts_with("error: ") && said.contains("\nhint: "), "{said}");
    said
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[test]
fn a_directory_whose_store_and_snapshots_are_gone_is_never_taken_for_a_new_one() {
    let mut doorward = Doorward::start();
    assert!(doorward.stop().success());
    let data = doorward.folder.path().to_path_buf();
    fs::remove_dir_all(data.join("snapshots")).unwrap();
    let store = data.join("store");
    let kept = support::Folder::new();
    copy(&store, kept.path());
    let losses: [(&str, &dyn Fn()); 6] = [
        ("the folder was deleted", &|| fs::remove_dir_all(&store).unwrap()),
        ("the folder was emptied", &|| {
            fs::remove_dir_all(&store).unwrap();
            fs::create_dir(&store).unwrap();
        }),
        ("the file was deleted", &|| fs::remove_file(store.join("db")).unwrap()),
        ("the file was emptied", &|| fs::write(store.join("db"), b"").unwrap()),
        ("everything is there and empty", &|| {
            for entry in fs::read_dir(&store).unwrap().map(Result::unwrap).filter(|entry| entry.path().is_file()) {
                fs::write(entry.path(), b"").unwrap();
            }
        }),
        ("the file holds something else", &|| {
            let length = fs::metadata(store.join("db")).unwrap().len();
            fs::write(store.join("db"), vec![0x5a; usize::try_from(length).unwrap()]).unwrap();
        }),
    ];
    for (loss, lose) in losses {
        lose();
        for attempt in 0..2 {
            let said = refused_start(&data);
            assert!(said.contains("store"), "{loss}, attempt {attempt}: {said}");
            for command in [&["setup"][..], &["user", "list"], &["user", "add", "eve", "--password-stdin", "--owner"]] {
                let done = run_in(&data, command, "a password of eve's\n");
                assert_eq!(done.status.code(), Some(1), "{loss}: {command:?} {}", String::from_utf8_lossy(&done.stdout));
            }
        }
        fs::remove_dir_all(&store).unwrap_or_default();
        copy(kept.path(), &store);
        let users = run_in(&data, &["user", "list"], "");
        assert!(String::from_utf8_lossy(&users.stdout).contains("ann"), "{loss}: {}", String::from_utf8_lossy(&users.stderr));
    }
    doorward.start_again();
    assert_eq!(http::get(doorward.address, "/healthz").status, 200);
}

#[test]
fn a_snapshot_that_was_being_written_does_not_stop_the_start() {
    let mut doorward = Doorward::start();
    doorward.kill();
    let store = doorward.folder.path().join("store");
    for name in ["snap.0000000000000FFF.generating", "snap.generating"] {
        fs::write(store.join(name), b"").unwrap();
    }
    doorward.start_again();
    assert!(!store.join("snap.generating").exists());
    assert!(String::from_utf8_lossy(&doorward.run(&["user", "list"]).stdout).contains("ann"));
}

#[test]
fn a_damaged_snapshot_is_set_aside_and_nothing_is_lost() {
    let mut doorward = Doorward::start();
    assert!(doorward.stop().success());
    doorward.start_again();
    assert!(doorward.stop().success());
    let store = doorward.folder.path().join("store");
    let is_snapshot = |path: &std::path::PathBuf| path.file_name().unwrap().to_str().unwrap().starts_with("snap.");
    let snapshots: Vec<_> = fs::read_dir(&store).unwrap().map(|entry| entry.unwrap().path()).filter(is_snapshot).collect();
    assert!(!snapshots.is_empty(), "there is nothing to damage");
    for path in &snapshots {
        let mut bytes = fs::read(path).unwrap();
        if let Some(byte) = bytes.get_mut(3) {
            *byte ^= 0x40;
        }
        fs::write(path, bytes).unwrap();
    }
    doorward.start_again();
    assert!(String::from_utf8_lossy(&doorward.run(&["user", "list"]).stdout).contains("ann"), "of {snapshots:?}");
}

#[test]
fn a_second_process_on_the_same_directory_is_refused_and_disturbs_nobody() {
    let doorward = Doorward::start();
    let said = refused_start(doorward.folder.path());
    assert!(said.contains("in use by another doorward"), "{said}");
    assert_eq!(http::get(doorward.address, "/healthz").status, 200);
    assert!(doorward.run(&["user", "list"]).status.success(), "the second took the control socket with it");
    assert_eq!(http::get(doorward.address, "/.well-known/oauth-authorization-server").status, 200);
}

#[test]
fn sigterm_lets_requests_finish_and_ends_with_0() {
    let slow = Upstream::with(|_, stream| {
        thread::sleep(Duration::from_millis(800));
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}");
    });
    let mut doorward = Doorward::with(Setup::upstream(slow.address));
    let client = Client::register(&doorward);
    let tokens = client.connect(&doorward);
    let mut idle = http::connect(doorward.address);
    let mut waiting = http::connect(doorward.address);
    let value = format!("Bearer {}", tokens.access);
    let fields = [("Authorization", value.as_str()), ("Content-Type", "application/json")];
    waiting.write_all(&http::request(doorward.address, "POST", "/mcp", &fields, b"{}")).unwrap();
    assert!(support::eventually(5, || slow.connections() == 1));
    let status = doorward.stop();
    assert_eq!(status.code(), Some(0));
    let mut answer = Vec::new();
    waiting.read_to_end(&mut answer).unwrap();
    assert_eq!(http::parse(&answer, false).status, 200);
    assert_eq!(idle.read(&mut [0; 1]).unwrap(), 0);
    assert!(!doorward.folder.path().join("control.sock").exists());
    doorward.start_again();
    Tokens::of(&client.refresh(&doorward, &tokens.refresh, &[]));
}

#[test]
fn of_many_first_visitors_with_the_right_link_one_becomes_the_owner() {
    let doorward = Doorward::with(Setup { without_owner: true, ..Setup::default() });
    let url = doorward.json(&["setup"])["url"].as_str().unwrap().to_owned();
    let target = url.strip_prefix(&doorward.origin()).unwrap().to_owned();
    let forms: Vec<(String, support::browser::Form)> = (0..4)
        .map(|number| {
            let mut browser = support::browser::Browser::new(doorward.address);
            let page = browser.get(&target);
            let form = support::browser::form(&page, "/setup").set("username", &format!("owner{number}"));
            let cookies: Vec<String> = browser.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            (cookies.join("; "), form.set("password", PASSWORD).set("password_again", PASSWORD))
        })
        .collect();
    let request = |(cookies, form): &(String, support::browser::Form)| {
        let pairs: Vec<(&str, &str)> = form.fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let fields = [("Content-Type", "application/x-www-form-urlencoded"), ("Cookie", cookies.as_str()), ("Origin", "null")];
        http::request(doorward.address, "POST", "/setup", &fields, http::encode(&pairs).as_bytes())
    };
    let answers = http::race(doorward.address, &forms.iter().map(request).collect::<Vec<_>>());
    let statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 303).count(), 1, "{statuses:?}");
    let users = doorward.json(&["user", "list"]);
    assert_eq!(users.as_array().unwrap().len(), 1);
    // Closed for ever: after a restart, and for a link of the past.
    assert_eq!(http::get(doorward.address, &target).status, 403);
    assert_eq!(doorward.run(&["setup"]).status.code(), Some(1));
}

#[test]
fn before_there_is_an_owner_nothing_is_registered_agreed_to_or_let_through() {
    let upstream = Upstream::json();
    let mut doorward = Doorward::with(Setup { without_owner: true, ..Setup::upstream(upstream.address) });
    for restarted in [false, true] {
        let address = doorward.address;
        let body = serde_json::json!({ "redirect_uris": ["http://127.0.0.1:7777/cb"] });
        assert_eq!(http::post_json(address, "/register", &body).status, 503, "{restarted}");
        let authorize = http::get(address, "/authorize?response_type=code&client_id=x");
        assert!(matches!(authorize.status, 400 | 503), "{}", authorize.status);
        assert!(http::post_form(address, "/token", &[("grant_type", "authorization_code")], &[]).status >= 400);
        assert_eq!(http::post_json(address, "/mcp", &body).status, 401);
        assert_eq!(http::get(address, "/auth/check/mcp").status, 401);
        assert_eq!(http::get(address, "/setup").status, 403);
        assert_eq!(http::get(address, "/setup?token=dwsl_x").status, 403);
        doorward.kill();
        doorward.start_again();
    }
    assert_eq!(upstream.connections(), 0);
}
