//! Guessing passwords, links, secrets and codes: made slow, without keeping anybody out of their own house.

use crate::support::browser::{Browser, Form, form};
use crate::support::client::Client;
use crate::support::http::{self, Response};
use crate::support::{Doorward, OWNER, PASSWORD, Setup};
use serde_json::{Value, json};
use std::thread;
use std::time::{Duration, Instant};

const WRONG: &str = "not the password";
const DEVICE: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// With the limits that people get.
fn doorward() -> Doorward {
    Doorward::with(Setup::default().limited())
}

/// The same, believing what is said of addresses.
fn behind_a_proxy() -> Doorward {
    Doorward::with(Setup::default().limited().flag("--trusted-proxy", "127.0.0.1"))
}

/// A browser with the sign-in form before it.
fn at_the_door(doorward: &Doorward) -> (Browser, Form) {
    let mut browser = Browser::new(doorward.address);
    let page = browser.get("/signin");
    let form = form(&page, "/signin");
    (browser, form)
}

/// One try by a browser that was never here.
fn attempt(doorward: &Doorward, name: &str, password: &str) -> Response {
    attempt_from(doorward, name, password, &[])
}

fn attempt_from(doorward: &Doorward, name: &str, password: &str, headers: &[(&str, &str)]) -> Response {
    let (mut browser, form) = at_the_door(doorward);
    submit(&mut browser, &form, name, password, headers)
}

fn submit(browser: &mut Browser, form: &Form, name: &str, password: &str, headers: &[(&str, &str)]) -> Response {
    browser.submit_with(&form.clone().set("username", name).set("password", password), headers)
}

/// How many of so many wrong passwords are looked at.
fn looked_at(doorward: &Doorward, count: usize, name: &str, headers: &[(&str, &str)]) -> usize {
    (0..count).filter(|_| attempt_from(doorward, name, WRONG, headers).status == 401).count()
}

/// A refusal for a person. Gives the seconds to wait.
#[track_caller]
fn told_to_wait(response: &Response) -> u64 {
    assert_eq!((response.status, response.header("content-type")), (429, Some("text/html; charset=utf-8")), "{}", response.text());
    assert_eq!((response.header("location"), response.header("cache-control")), (None, Some("no-store")));
    assert!(response.all("set-cookie").iter().all(|cookie| !cookie.contains("session")));
    let wait: u64 = response.header("retry-after").unwrap().parse().unwrap();
    let in_words = if wait < 60 { format!("Wait {wait} second") } else { format!("Wait {} minute", wait.div_ceil(60)) };
    assert!(response.text().contains(&in_words), "{in_words}: {}", response.text());
    wait
}

fn log(doorward: &Doorward, kind: &str) -> Vec<Value> {
    let told = doorward.run(&["log", "--kind", kind, "--json"]);
    assert!(told.status.success());
    String::from_utf8(told.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn after_a_few_wrong_passwords_each_further_one_waits_twice_as_long_and_the_page_says_for_how_long() {
    let doorward = doorward();
    assert_eq!(looked_at(&doorward, 20, OWNER, &[]), 5);
    let wait = told_to_wait(&attempt(&doorward, OWNER, PASSWORD));
    assert!(wait <= 2, "{wait}");
    thread::sleep(Duration::from_secs(wait));
    assert_eq!(attempt(&doorward, OWNER, WRONG).status, 401);
    let wait = told_to_wait(&attempt(&doorward, OWNER, PASSWORD));
    assert!((3..=4).contains(&wait), "{wait}");
    thread::sleep(Duration::from_secs(wait));
    // The right one is right again, and the mistakes before it are forgiven.
    assert_eq!(attempt(&doorward, OWNER, PASSWORD).status, 303);
    assert_eq!(looked_at(&doorward, 10, OWNER, &[]), 4, "by the address, which had six wrong ones before and has ten that are free");
    assert_eq!(log(&doorward, "sign_in_throttled").len(), 2);
}

#[test]
fn a_browser_in_which_the_owner_has_signed_in_before_is_kept_out_by_nobody() {
    let doorward = behind_a_proxy();
    let (mut known, page) = at_the_door(&doorward);
    assert_eq!(submit(&mut known, &page, OWNER, PASSWORD, &[]).status, 303);
    let front = known.get("/");
    assert_eq!(known.submit(&form(&front, "/signout")).status, 303);
    let page = form(&known.get("/signin"), "/signin");
    // Strangers, from the same address and from others, until nobody unknown is looked at.
    for number in 0..40 {
        looked_at(&doorward, 3, if number % 2 == 0 { OWNER } else { "bob" }, &[("X-Forwarded-For", &format!("203.0.113.{number}"))]);
    }
    assert!(looked_at(&doorward, 20, OWNER, &[]) <= 5);
    told_to_wait(&attempt(&doorward, OWNER, PASSWORD));
    // In the known browser even a few mistakes are allowed, and then the right one.
    for _ in 0..3 {
        assert_eq!(submit(&mut known, &page, OWNER, WRONG, &[]).status, 401);
    }
    assert_eq!(submit(&mut known, &page, OWNER, PASSWORD, &[]).status, 303);
    // What the owner did well does not help the strangers: it would give them five tries. On a busy machine their wait may be
    // over by now, and then they have one.
    assert!(looked_at(&doorward, 8, OWNER, &[]) <= 2);
}

#[test]
fn a_known_browser_is_slowed_down_too_and_is_known_for_its_own_account_alone() {
    let doorward = doorward();
    doorward.add_user("bob", "another password", &[]);
    let (mut known, page) = at_the_door(&doorward);
    assert_eq!(submit(&mut known, &page, "bob", "another password", &[]).status, 303);
    known.cookies.retain(|(name, _)| name != "doorward_session");
    let mut tries = 0;
    while submit(&mut known, &page, "bob", WRONG, &[]).status == 401 {
        tries += 1;
    }
    assert_eq!(tries, 10);
    told_to_wait(&submit(&mut known, &page, "bob", "another password", &[]));
    // For the owner's account it is a stranger, whatever it has done to its mark.
    let (name, mark) = known.cookies.iter().find(|(name, _)| name == "doorward_device").unwrap().clone();
    assert_eq!(looked_at_in(&mut known, &page, OWNER), 5);
    for forged in [mark.replace('.', ".A"), mark.split('.').next().unwrap().to_owned(), "x".repeat(4000), String::new()] {
        known.cookies.retain(|(known, _)| *known != name);
        known.cookies.push((name.clone(), forged));
        assert_eq!(looked_at_in(&mut known, &page, OWNER), 0);
    }
}

fn looked_at_in(browser: &mut Browser, page: &Form, name: &str) -> usize {
    (0..20).filter(|_| submit(browser, page, name, WRONG, &[]).status == 401).count()
}

#[test]
fn a_page_says_the_same_for_every_name_that_is_tried_too_often() {
    let doorward = behind_a_proxy();
    doorward.add_user("bob", "another password", &[]);
    assert!(doorward.run(&["user", "disable", "bob"]).status.success());
    // Each name from addresses of its own, and in a form of the same browser, so that nothing else differs.
    let (mut browser, page) = at_the_door(&doorward);
    let mut answers = vec![];
    for (number, name) in [OWNER, "bob", "zoe"].into_iter().enumerate() {
        let address = format!("203.0.113.{number}");
        let mut of_name = vec![];
        for _ in 0..7 {
            let mut answer = submit(&mut browser, &page, name, WRONG, &[("X-Forwarded-For", &address)]);
            answer.headers.retain(|(name, _)| !name.eq_ignore_ascii_case("date"));
            let text = answer.text().replace(&format!("value=\"{name}\""), "value=\"NAME\"");
            of_name.push((answer.status, answer.headers, text.replace("Wait 1 second ", "Wait 2 seconds ")));
        }
        of_name.iter_mut().for_each(|(_, headers, _)| {
            headers.retain(|(name, _)| !["retry-after", "content-length"].contains(&&*name.to_ascii_lowercase()))
        });
        answers.push(of_name);
    }
    assert_eq!(answers[0].iter().map(|(status, ..)| *status).collect::<Vec<_>>(), [401, 401, 401, 401, 401, 429, 429]);
    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[0], answers[2]);
}

#[test]
fn whoever_has_to_wait_costs_no_hash() {
    let doorward = doorward();
    let fastest = |expected: u16, count: usize| {
        let (mut browser, page) = at_the_door(&doorward);
        let mut times: Vec<Duration> = (0..count)
            .map(|_| {
                let start = Instant::now();
                assert_eq!(submit(&mut browser, &page, OWNER, WRONG, &[]).status, expected);
                start.elapsed()
            })
            .collect();
        times.sort();
        times[0]
    };
    let (hashed, refused) = (fastest(401, 5), fastest(429, 20));
    assert!(refused * 2 < hashed, "{refused:?} and {hashed:?}");
}

#[test]
fn of_many_guesses_at_once_no_more_are_looked_at_than_one_after_another() {
    let doorward = doorward();
    let (browser, page) = at_the_door(&doorward);
    let pairs = page.set("username", OWNER).set("password", WRONG);
    let pairs: Vec<(&str, &str)> = pairs.fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let cookie = browser.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ");
    let fields = [("Content-Type", "application/x-www-form-urlencoded"), ("Cookie", cookie.as_str())];
    let request = http::request(doorward.address, "POST", "/signin", &fields, http::encode(&pairs).as_bytes());
    let answers = http::race(doorward.address, &vec![request; 40]);
    let looked_at = answers.iter().filter(|answer| answer.status == 401).count();
    assert!((1..=5).contains(&looked_at), "{looked_at}");
    assert!(answers.iter().all(|answer| matches!(answer.status, 401 | 429)));
}

#[test]
fn whoever_does_not_stay_for_the_answer_has_guessed_all_the_same() {
    let doorward = doorward();
    let (browser, page) = at_the_door(&doorward);
    let pairs = page.clone().set("username", OWNER).set("password", WRONG);
    let pairs: Vec<(&str, &str)> = pairs.fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let cookie = browser.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ");
    let fields = [("Content-Type", "application/x-www-form-urlencoded"), ("Cookie", cookie.as_str())];
    let request = http::request(doorward.address, "POST", "/signin", &fields, http::encode(&pairs).as_bytes());
    for _ in 0..60 {
        let stream = http::connect(doorward.address);
        let _ = std::io::Write::write_all(&mut &stream, &request);
        socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap();
    }
    told_to_wait(&attempt(&doorward, OWNER, PASSWORD));
    // Nobody else is kept waiting by them.
    assert_eq!(http::get(doorward.address, "/healthz").status, 200);
    assert_eq!(attempt(&doorward, "zoe", WRONG).status, 401);
}

#[test]
fn neither_a_restart_nor_kill_9_makes_a_guesser_new() {
    let mut doorward = doorward();
    assert_eq!(looked_at(&doorward, 3, OWNER, &[]), 3);
    doorward.kill();
    doorward.start_again();
    assert_eq!(looked_at(&doorward, 10, OWNER, &[]), 2);
    doorward.stop();
    doorward.start_again();
    // Two seconds may have passed meanwhile, and then one more is looked at and the next has to wait for four.
    assert!(looked_at(&doorward, 10, OWNER, &[]) <= 1);
}

#[test]
fn many_addresses_at_one_account_are_slowed_down_as_one() {
    let doorward = behind_a_proxy();
    let looked =
        (0..60).map(|number| looked_at(&doorward, 1, OWNER, &[("X-Forwarded-For", &format!("203.0.113.{number}"))])).sum::<usize>();
    assert!((5..=7).contains(&looked), "{looked}");
    assert_eq!(attempt_from(&doorward, "zoe", WRONG, &[("X-Forwarded-For", "203.0.113.1")]).status, 401, "other accounts are not");
}

#[test]
fn one_password_tried_at_many_accounts_is_slowed_down_by_address() {
    let doorward = behind_a_proxy();
    doorward.add_user("bob", "another password", &[]);
    let try_all = |address: &str| {
        (0..60).filter(|name| looked_at(&doorward, 1, &format!("user{name}"), &[("X-Forwarded-For", address)]) == 1).count()
    };
    let looked = try_all("203.0.113.1");
    assert!((10..=12).contains(&looked), "{looked}");
    // Signing in to an account of one's own does not make the address new.
    let before = told_to_wait(&attempt_from(&doorward, "bob", "another password", &[("X-Forwarded-For", "203.0.113.1")]));
    thread::sleep(Duration::from_secs(before));
    assert_eq!(attempt_from(&doorward, "bob", "another password", &[("X-Forwarded-For", "203.0.113.1")]).status, 303);
    let looked = try_all("203.0.113.1");
    assert!(looked <= 2, "{looked}");
    // A network of IPv6 is one address, and a site has a limit above that.
    let looked = (0..30)
        .filter(|host| looked_at(&doorward, 1, &format!("six{host}"), &[("X-Forwarded-For", &format!("2001:db8::{host:x}"))]) == 1)
        .count();
    assert!((10..=12).contains(&looked), "{looked}");
}

#[test]
fn many_addresses_at_many_accounts_are_slowed_down_all_together_and_known_browsers_are_not() {
    let doorward = behind_a_proxy();
    let (mut known, page) = at_the_door(&doorward);
    assert_eq!(submit(&mut known, &page, OWNER, PASSWORD, &[]).status, 303);
    known.cookies.retain(|(name, _)| name != "doorward_session");
    let start = Instant::now();
    let looked = (0..250)
        .filter(|number| looked_at(&doorward, 1, &format!("user{number}"), &[("X-Forwarded-For", &format!("198.51.100.{number}"))]) == 1)
        .count();
    let most = 101 + start.elapsed().as_secs() as usize / 3;
    assert!((90..=most).contains(&looked), "{looked} of at most {most}");
    assert_eq!(submit(&mut known, &page, OWNER, PASSWORD, &[]).status, 303);
    assert_eq!(log(&doorward, "limit_hit").len(), 1);
}

#[test]
fn a_password_set_on_the_machine_itself_ends_the_waiting() {
    let doorward = doorward();
    looked_at(&doorward, 10, OWNER, &[]);
    told_to_wait(&attempt(&doorward, OWNER, PASSWORD));
    let done = doorward.run_with_input(&["user", "password", OWNER, "--password-stdin"], "a new password\n");
    assert!(done.status.success());
    assert_eq!(attempt(&doorward, OWNER, "a new password").status, 303);
}

#[test]
fn what_no_account_can_have_is_answered_like_any_wrong_password() {
    let doorward = behind_a_proxy();
    let long = "x".repeat(50_000);
    for (number, (name, password)) in
        [(OWNER, ""), (OWNER, &*long), ("zoe", ""), ("zoe", &*long), (&*long, WRONG), ("", WRONG), ("<b>", WRONG)].into_iter().enumerate()
    {
        let answer = attempt_from(&doorward, name, password, &[("X-Forwarded-For", &format!("203.0.113.{number}"))]);
        assert_eq!(answer.status, 401, "{number}");
        assert!(answer.text().contains("The name or the password is not right."));
    }
    // A form that is not ours is refused before it counts.
    let (mut browser, page) = at_the_door(&doorward);
    for _ in 0..20 {
        assert_eq!(browser.submit(&page.clone().set("csrf", "x").set("username", "max").set("password", WRONG)).status, 403);
    }
    assert_eq!(looked_at(&doorward, 10, "max", &[]), 5);
}

#[test]
fn wrong_links_of_the_first_run_count_as_guesses_and_the_right_one_works_all_the_same() {
    let doorward = Doorward::with(Setup { without_owner: true, ..Setup::default().limited() });
    let link = |doorward: &Doorward| {
        let said = doorward.run(&["setup"]);
        let text = String::from_utf8(said.stdout).unwrap();
        let at = text.find("/setup?token=").unwrap();
        text[at..].split_whitespace().next().unwrap().to_owned()
    };
    let old = link(&doorward);
    let current = link(&doorward);
    let mut browser = Browser::new(doorward.address);
    let statuses: Vec<u16> = (0..15).map(|_| browser.get(&old).status).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 403).count(), 10, "{statuses:?}");
    told_to_wait(&browser.get(&old));
    // They share their count with passwords.
    told_to_wait(&attempt(&doorward, OWNER, WRONG));
    // What has not even the form of a link is no guess.
    assert_eq!(browser.get("/setup?token=x").status, 403);
    assert_eq!(browser.get(&current).status, 200);
    let page = browser.get(&current);
    let filled = form(&page, "/setup").set("username", OWNER).set("password", PASSWORD).set("password_again", PASSWORD);
    assert_eq!(browser.submit(&filled).status, 303);
}

#[test]
fn the_secret_of_a_client_is_guessed_no_faster_than_a_client_may_ask_and_an_unknown_one_alike() {
    let doorward = doorward();
    let client =
        Client::register_as(&doorward, "http://127.0.0.1:7777/callback", json!({ "token_endpoint_auth_method": "client_secret_post" }));
    let guess = |id: &str, path: &str| {
        http::post_form(
            doorward.address,
            path,
            &[
                ("grant_type", "refresh_token"),
                ("refresh_token", "dwrt_x"),
                ("token", "dwrt_x"),
                ("client_id", id),
                ("client_secret", "dwcs_x"),
            ],
            &[],
        )
    };
    let mut answers = vec![];
    for id in [&*client.id, "client_AAAAAAAAAAAAAAAAAAAAAA"] {
        let mut number = 0;
        let statuses: Vec<u16> = (0..70)
            .map(|_| {
                number += 1;
                guess(id, ["/token", "/revoke", "/device_authorization"][number % 3]).status
            })
            .collect();
        assert!((60..=63).contains(&statuses.iter().filter(|status| **status == 401).count()), "{statuses:?}");
        let refused = guess(id, "/token");
        assert_eq!((refused.error(), refused.header("www-authenticate")), ((429, "temporarily_unavailable".into()), None));
        answers.push(refused.text());
    }
    assert_eq!(answers[0], answers[1]);
}

#[test]
fn ten_wrong_user_codes_are_enough_for_an_hour_and_the_page_says_so() {
    let mut doorward = doorward();
    let signed_in = |doorward: &Doorward| {
        let (mut browser, page) = at_the_door(doorward);
        assert_eq!(submit(&mut browser, &page, OWNER, PASSWORD, &[]).status, 303);
        browser
    };
    let enter = |browser: &mut Browser, code: &str| {
        let page = browser.get("/device");
        browser.submit(&form(&page, "/device").set("user_code", code))
    };
    let mut browser = signed_in(&doorward);
    for _ in 0..10 {
        assert_eq!(enter(&mut browser, "BBBB-BBBB").status, 400);
    }
    let refused = enter(&mut browser, "BBBB-BBBB");
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((3500..=3600).contains(&wait), "{wait}");
    assert!(refused.text().contains("Wait 1 hour and try again.") || refused.text().contains("Wait 60 minutes"), "{}", refused.text());
    doorward.kill();
    doorward.start_again();
    // Neither a restart nor another browser helps.
    let mut another = signed_in(&doorward);
    let metadata = json!({ "grant_types": [DEVICE], "token_endpoint_auth_method": "none" });
    let id = http::post_json(doorward.address, "/register", &metadata).json()["client_id"].as_str().unwrap().to_owned();
    let begun = http::post_form(doorward.address, "/device_authorization", &[("client_id", &id)], &[]).json();
    assert_eq!(enter(&mut another, begun["user_code"].as_str().unwrap()).status, 429);
}

#[test]
fn an_owner_can_switch_the_waiting_off_or_allow_more_tries() {
    let off = Doorward::with(Setup::config("[limits]\nsign_in_tries = \"off\"").limited());
    assert_eq!(looked_at(&off, 15, OWNER, &[]), 15);
    let few = Doorward::with(Setup::config("[limits]\nsign_in_tries = 2").limited());
    assert_eq!(looked_at(&few, 15, OWNER, &[]), 2);
}
