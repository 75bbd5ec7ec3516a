//! Codes, refresh tokens and revocation: what brings tokens, what ends them, and that nothing else does either.
//! RFC 6749 §2.3, §4.1.3, §5, §6, §10.5; RFC 7009; RFC 8707 §2.2; RFC 9700 §4.14.

use crate::support::browser::{Browser, form};
use crate::support::client::{Client, Tokens, VERIFIER, call};
use crate::support::http::{self, Response};
use crate::support::site::Site;
use crate::support::upstream::Upstream;
use crate::support::{Doorward, OWNER, PASSWORD, Setup};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::sync::OnceLock;
use std::thread;
use std::time::Duration;

const OTHER_VERIFIER: &str = "another-code-verifier-of-at-least-forty-three-characters";

fn server(upstream: &Upstream) -> String {
    format!(
        "[[server]]\npath = \"/mcp\"\nupstream = \"http://{}/mcp\"\ndefault_scopes = [\"read\"]\n\
         [server.scopes]\nread = \"Read\"\nwrite = \"Change\"\n",
        upstream.address
    )
}

fn site() -> &'static Site {
    static SITE: OnceLock<Site> = OnceLock::new();
    SITE.get_or_init(|| Site::shared(|upstream| Setup::config(server(upstream))))
}

/// Where everything ends soon.
fn hasty() -> &'static Site {
    static SITE: OnceLock<Site> = OnceLock::new();
    let lifetimes = "[lifetimes]\ncode = \"2s\"\naccess_token = \"2s\"\nrefresh_token = \"6s\"\n";
    SITE.get_or_init(|| Site::shared(|upstream| Setup::config(format!("{lifetimes}{}", server(upstream)))))
}

fn works(site: &Site, access: &str) -> bool {
    let status = call(&site.doorward, "/mcp", access).status;
    assert!(matches!(status, 200 | 401), "{status}");
    status == 200
}

#[track_caller]
fn refused(response: &Response, code: &str) {
    let expected = if code == "invalid_client" { 401 } else { 400 };
    assert_eq!(response.error(), (expected, code.to_owned()), "{}", response.text());
    assert!(response.json().get("access_token").is_none());
}

fn confidential(site: &Site, method: &str, path: &str) -> Client {
    let redirect_uri = format!("http://127.0.0.1:7777/{path}");
    Client::register_as(&site.doorward, &redirect_uri, json!({ "token_endpoint_auth_method": method }))
}

fn basic(text: &str) -> String {
    format!("Basic {}", STANDARD.encode(text))
}

/// A token request with the credentials in a header.
fn with_authorization(site: &Site, pairs: &[(&str, &str)], values: &[&str]) -> Response {
    let fields: Vec<(&str, &str)> = values.iter().map(|value| ("Authorization", *value)).collect();
    http::post_form(site.doorward.address, "/token", pairs, &fields)
}

fn without<'a>(pairs: Vec<(&'a str, &'a str)>, names: &[&str]) -> Vec<(&'a str, &'a str)> {
    pairs.into_iter().filter(|(name, _)| !names.contains(name)).collect()
}

// ---------------------------------------------------------------- codes

#[test]
fn a_code_brings_everything_that_clients_look_for_and_nobody_keeps_the_answer() {
    let client = site().client();
    let code = site().code_for(&client, &[("scope", "read write")]);
    let response = client.redeem(&site().doorward, &code, &[]);
    let tokens = Tokens::of(&response);
    assert_eq!(tokens.body["token_type"], "Bearer");
    assert_eq!(tokens.body["expires_in"], 3600);
    assert_eq!(tokens.body["scope"], "read write");
    assert!(tokens.access.starts_with("dwat_") && tokens.refresh.starts_with("dwrt_"), "{tokens:?}");
    assert_eq!(response.header("content-type"), Some("application/json"));
    assert_eq!(response.header("cache-control"), Some("no-store"));
    assert_eq!(response.header("pragma"), Some("no-cache"));
    assert_eq!(response.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(response.header("access-control-allow-origin"), Some("*"));
    assert_eq!((response.header("access-control-allow-credentials"), response.header("set-cookie")), (None, None));
    assert!(works(site(), &tokens.access));
}

#[test]
fn a_code_redeemed_twice_ends_everything_that_came_of_it() {
    let client = site().client();
    let code = site().code(&client);
    let first = Tokens::of(&client.redeem(&site().doorward, &code, &[]));
    let second = Tokens::of(&client.refresh(&site().doorward, &first.refresh, &[]));
    let third = Tokens::of(&client.refresh(&site().doorward, &second.refresh, &[]));
    refused(&client.redeem(&site().doorward, &code, &[]), "invalid_grant");
    for tokens in [&first, &second, &third] {
        assert!(!works(site(), &tokens.access));
        refused(&client.refresh(&site().doorward, &tokens.refresh, &[]), "invalid_grant");
    }
    refused(&client.redeem(&site().doorward, &code, &[]), "invalid_grant");
}

#[test]
fn a_replay_that_is_not_valid_in_itself_ends_nothing() {
    let (client, stranger) = (site().client(), site().client());
    let code = site().code(&client);
    let tokens = Tokens::of(&client.redeem(&site().doorward, &code, &[]));
    refused(&client.redeem(&site().doorward, &code, &[("code_verifier", OTHER_VERIFIER)]), "invalid_grant");
    refused(&client.redeem(&site().doorward, &code, &[("redirect_uri", "http://127.0.0.1:7777/x")]), "invalid_grant");
    refused(&client.redeem(&site().doorward, &code, &[("resource", "https://evil.test/")]), "invalid_target");
    refused(&client.redeem(&site().doorward, &code, &[("client_id", &stranger.id)]), "invalid_grant");
    refused(&client.redeem(&site().doorward, &code, &[("client_id", "client_unknown")]), "invalid_client");
    assert!(works(site(), &tokens.access));
    Tokens::of(&client.refresh(&site().doorward, &tokens.refresh, &[]));
}

/// As long and as well formed as `real`, with the right checksum, but another.
fn forged(real: &str) -> String {
    let (prefix, rest) = real.split_at(5);
    let (body, _) = rest.split_at(43);
    let first = if body.starts_with('A') { 'B' } else { 'A' };
    let body = format!("{first}{}", &body[1..]);
    let check = URL_SAFE_NO_PAD.encode(Sha256::new().chain_update(prefix).chain_update(&body).finalize());
    format!("{prefix}{body}{}", &check[..6])
}

#[test]
fn a_forged_code_or_token_that_resembles_a_real_one_touches_nothing() {
    let client = site().client();
    let code = site().code(&client);
    let cut = &code[..code.len() - 1];
    for other in [&*forged(&code), cut, &format!("{code}x"), &code.to_uppercase(), "user:grant:1", &"dwac_".repeat(2000)] {
        refused(&client.redeem(&site().doorward, other, &[]), "invalid_grant");
    }
    let tokens = Tokens::of(&client.redeem(&site().doorward, &code, &[]));
    refused(&client.redeem(&site().doorward, &forged(&code), &[]), "invalid_grant");
    refused(&client.refresh(&site().doorward, &forged(&tokens.refresh), &[]), "invalid_grant");
    assert!(!works(site(), &forged(&tokens.access)));
    assert!(works(site(), &tokens.access));
}

#[test]
fn of_many_simultaneous_requests_with_one_code_at_most_one_is_answered_with_tokens() {
    let client = site().client();
    for count in [2, 20, 200] {
        let code = site().code(&client);
        let request = http::form_request(site().doorward.address, "/token", &client.redemption(&code));
        let answers = http::race(site().doorward.address, &vec![request; count]);
        let (lucky, rest): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
        assert_eq!(lucky.len(), 1, "of {count}");
        for answer in &rest {
            assert!(matches!(answer.status, 400 | 503), "{}: {}", answer.status, answer.text());
        }
        assert!(rest.iter().any(|answer| answer.status == 400), "nobody else got as far as the code");
        // The others were replays: what the lucky one got has ended, so that no two families ever live.
        let tokens = Tokens::of(lucky[0]);
        assert!(!works(site(), &tokens.access));
        refused(&client.refresh(&site().doorward, &tokens.refresh, &[]), "invalid_grant");
    }
}

#[test]
fn a_code_is_of_no_use_to_another_client_even_with_the_right_verifier() {
    let (client, thief) = (site().client(), site().client());
    let keeper = confidential(site(), "client_secret_post", "thief");
    let code = site().code(&client);
    refused(&thief.redeem(&site().doorward, &code, &[("redirect_uri", &client.redirect_uri)]), "invalid_grant");
    refused(&thief.redeem(&site().doorward, &code, &[("redirect_uri", "")]), "invalid_grant");
    refused(&keeper.redeem(&site().doorward, &code, &[("redirect_uri", &client.redirect_uri)]), "invalid_grant");
    Tokens::of(&client.redeem(&site().doorward, &code, &[]));
}

#[test]
fn a_request_without_a_client_or_with_two_is_refused() {
    let (client, other) = (site().client(), site().client());
    let code = site().code(&client);
    refused(&client.redeem(&site().doorward, &code, &[("client_id", "")]), "invalid_request");
    refused(&with_authorization(site(), &client.redemption(&code), &[&basic(&format!("{}:", other.id))]), "invalid_request");
    Tokens::of(&client.redeem(&site().doorward, &code, &[]));
}

#[test]
fn a_wrong_verifier_leaves_the_code_alone_and_five_spend_it() {
    let client = site().client();
    let code = site().code(&client);
    for _ in 0..4 {
        refused(&client.redeem(&site().doorward, &code, &[("code_verifier", OTHER_VERIFIER)]), "invalid_grant");
    }
    // What is no verifier at all is no guess.
    for malformed in ["short", &"x".repeat(129), "spaces are not allowed in a verifier, however long it may be"] {
        refused(&client.redeem(&site().doorward, &code, &[("code_verifier", malformed)]), "invalid_request");
    }
    refused(&client.redeem(&site().doorward, &code, &[("code_verifier", "")]), "invalid_request");
    Tokens::of(&client.redeem(&site().doorward, &code, &[]));
    let code = site().code(&client);
    for _ in 0..5 {
        refused(&client.redeem(&site().doorward, &code, &[("code_verifier", OTHER_VERIFIER)]), "invalid_grant");
    }
    refused(&client.redeem(&site().doorward, &code, &[]), "invalid_grant");
}

#[test]
fn a_challenge_is_not_a_verifier() {
    let client = site().client();
    let code = site().code(&client);
    refused(&client.redeem(&site().doorward, &code, &[("code_verifier", &crate::support::client::challenge())]), "invalid_grant");
    Tokens::of(&client.redeem(&site().doorward, &code, &[]));
}

#[test]
fn a_code_that_has_expired_stays_so_and_its_tokens_never_exist() {
    let client = hasty().client();
    let code = hasty().code(&client);
    thread::sleep(Duration::from_millis(2100));
    refused(&client.redeem(&hasty().doorward, &code, &[]), "invalid_grant");
    refused(&client.redeem(&hasty().doorward, &code, &[]), "invalid_grant");
}

#[test]
fn a_redirect_uri_may_be_left_out_and_must_not_differ() {
    let client = site().client();
    let code = site().code(&client);
    let changed = client.redirect_uri.replace("7777", "7778");
    for other in [&*format!("{}/", client.redirect_uri), &changed, "https://evil.test/", &client.redirect_uri.to_uppercase()] {
        refused(&client.redeem(&site().doorward, &code, &[("redirect_uri", other)]), "invalid_grant");
    }
    Tokens::of(&client.redeem(&site().doorward, &code, &[("redirect_uri", "")]));
}

#[test]
fn the_loopback_port_that_was_asked_for_is_the_one_to_repeat() {
    let client = site().client();
    let moved = client.redirect_uri.replace("7777", "50123");
    let code = site().code_for(&client, &[("redirect_uri", &moved)]);
    refused(&client.redeem(&site().doorward, &code, &[]), "invalid_grant");
    Tokens::of(&client.redeem(&site().doorward, &code, &[("redirect_uri", &moved)]));
}

#[test]
fn a_foreign_resource_is_refused_and_the_code_lives_on() {
    let client = site().client();
    let code = site().code(&client);
    let (resource, origin) = (site().doorward.resource(), site().doorward.origin());
    let (below, above) = (format!("{resource}/x"), format!("{origin}/mc"));
    for foreign in ["https://evil.test/mcp", "mcp", "/mcp", "http://", &below, &above, &format!("{resource}#x"), &"x".repeat(8192)] {
        refused(&client.redeem(&site().doorward, &code, &[("resource", foreign)]), "invalid_target");
    }
    refused(&client.redeem(&site().doorward, &code, &[("resource", &resource), ("resource", "https://evil.test/")]), "invalid_target");
    let spelled = format!("{resource}/");
    Tokens::of(&client.redeem(&site().doorward, &code, &[("resource", &resource), ("resource", &spelled)]));
}

#[test]
fn a_parameter_sent_twice_is_refused_and_the_code_lives_on() {
    let client = site().client();
    let code = site().code(&client);
    for (name, value) in client.redemption(&code) {
        for again in [value, "another"] {
            let pairs = [&client.redemption(&code)[..], &[(name, again)]].concat();
            refused(&http::post_form(site().doorward.address, "/token", &pairs, &[]), "invalid_request");
        }
    }
    Tokens::of(&client.redeem(&site().doorward, &code, &[]));
}

#[test]
fn parameters_in_the_query_are_not_read() {
    let client = site().client();
    let code = site().code(&client);
    let target = format!("/token?{}", http::encode(&client.redemption(&code)));
    refused(&http::post_form(site().doorward.address, &target, &[], &[]), "invalid_request");
    let half = without(client.redemption(&code), &["code"]);
    refused(&http::post_form(site().doorward.address, &format!("/token?code={code}"), &half, &[]), "invalid_request");
    Tokens::of(&client.redeem(&site().doorward, &code, &[]));
}

#[test]
fn the_token_endpoint_takes_post_alone() {
    let client = site().client();
    let code = site().code(&client);
    let body = http::encode(&client.redemption(&code));
    for path in ["/token", "/revoke"] {
        for method in ["GET", "PUT", "DELETE", "HEAD"] {
            let fields = [("Content-Type", "application/x-www-form-urlencoded")];
            let body = if method == "PUT" { body.as_bytes() } else { b"" };
            let answer =
                http::send(site().doorward.address, method, &format!("{path}?{}", http::encode(&client.redemption(&code))), &fields, body);
            assert_eq!((answer.status, answer.header("allow")), (405, Some("POST")), "{method} {path}");
            assert_eq!(answer.header("content-type"), Some("application/json"));
        }
        let preflight = [("Origin", "https://app.test"), ("Access-Control-Request-Method", "POST")];
        let answer = http::send(site().doorward.address, "OPTIONS", path, &preflight, b"");
        assert_eq!((answer.status, answer.header("access-control-allow-origin")), (204, Some("*")));
        assert!(answer.header("access-control-allow-methods").unwrap().contains("POST"));
        assert_eq!(answer.header("access-control-allow-credentials"), None);
    }
    Tokens::of(&client.redeem(&site().doorward, &code, &[]));
}

#[test]
fn only_a_form_is_read_whatever_else_resembles_one() {
    let client = site().client();
    let code = site().code(&client);
    let form = http::encode(&client.redemption(&code));
    let send = |kind: &[(&str, &str)], body: &str| http::send(site().doorward.address, "POST", "/token", kind, body.as_bytes());
    let object: serde_json::Map<_, _> = client.redemption(&code).iter().map(|(name, value)| (name.to_string(), json!(value))).collect();
    let object = serde_json::Value::Object(object).to_string();
    for kind in [
        "application/json",
        "multipart/form-data; boundary=x",
        "text/plain",
        "application/json, application/x-www-form-urlencoded",
        "application/x-www-form-urlencodedx",
        "",
    ] {
        for body in [&form, &object] {
            let answer = send(&[("Content-Type", kind)], body);
            assert!(matches!(answer.error(), (400 | 415, _)), "{kind}: {}", answer.text());
        }
    }
    assert!(matches!(send(&[], &form).error(), (400 | 415, _)));
    for broken in ["grant_type=%", "grant_type=%zz", "grant_type=%00", "a=\u{fc}&grant_type=%ff"] {
        let answer = send(&[("Content-Type", "application/x-www-form-urlencoded")], broken);
        assert_eq!(answer.error().0, 400, "{broken}");
    }
    Tokens::of(&send(&[("Content-Type", "Application/X-WWW-Form-URLEncoded; charset=UTF-8")], &form));
}

#[test]
fn a_body_that_is_too_large_is_refused_with_json() {
    let pairs = [("grant_type", "authorization_code"), ("code", &*"x".repeat(1_100_000))];
    let answer = http::post_form(site().doorward.address, "/token", &pairs, &[]);
    assert_eq!(answer.status, 413);
    assert_eq!(answer.header("content-type"), Some("application/json"));
}

#[test]
fn no_other_grant_exists() {
    let client = site().client();
    let code = site().code(&client);
    for grant in [
        "password",
        "implicit",
        "client_credentials",
        "authorization_code ",
        "Authorization_code",
        "urn:ietf:params:oauth:grant-type:token-exchange",
        "urn:ietf:params:oauth:grant-type:jwt-bearer",
    ] {
        let answer = client.redeem(&site().doorward, &code, &[("grant_type", grant), ("username", OWNER), ("password", PASSWORD)]);
        refused(&answer, "unsupported_grant_type");
        let wrong = client.redeem(&site().doorward, &code, &[("grant_type", grant), ("username", OWNER), ("password", "wrong")]);
        assert_eq!(answer.body, wrong.body, "{grant}");
    }
    for missing in ["grant_type", "code"] {
        refused(&client.redeem(&site().doorward, &code, &[(missing, "")]), "invalid_request");
    }
    Tokens::of(&client.redeem(&site().doorward, &code, &[]));
}

#[test]
fn a_parameter_sent_empty_was_not_sent() {
    let client = site().client();
    let code = site().code(&client);
    let pairs = without(client.redemption(&code), &["redirect_uri"]);
    let empty = ["redirect_uri", "resource", "scope", "client_secret", "client_assertion"].map(|name| (name, ""));
    let answer = http::post_form(site().doorward.address, "/token", &[&pairs[..], &empty].concat(), &[]);
    let tokens = Tokens::of(&answer);
    let pairs = [&client.rotation(&tokens.refresh)[..], &[("scope", ""), ("resource", "")]].concat();
    Tokens::of(&http::post_form(site().doorward.address, "/token", &pairs, &[]));
}

#[test]
fn a_refusal_repeats_nothing_that_was_sent() {
    let client = site().client();
    let markup = "<script>alert(1)</script>\"'\\\u{fc}";
    for name in ["grant_type", "code", "redirect_uri", "code_verifier", "client_id", "resource", "refresh_token", "client_secret"] {
        let answer = client.redeem(&site().doorward, "dwac_x", &[(name, markup)]);
        let (status, _) = answer.error();
        assert!(matches!(status, 400 | 401), "{name}");
        assert!(!answer.text().contains("<s") && !answer.text().contains("alert"), "{name}: {}", answer.text());
        let description = answer.json()["error_description"].as_str().unwrap().to_owned();
        assert!(description.bytes().all(|byte| matches!(byte, 0x20..=0x7E) && !b"\"\\".contains(&byte)), "{description}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!((answer.header("set-cookie"), answer.header("access-control-allow-credentials")), (None, None));
    }
}

/// What an owner may do to somebody between two requests of their client.
const BLOWS: [(&[&str], &str); 4] = [
    (&["user", "password", "NAME", "--password-stdin"], "another password\n"),
    (&["user", "disable", "NAME"], ""),
    (&["user", "deny", "NAME", "/mcp"], ""),
    (&["user", "remove", "NAME"], ""),
];

fn strike(doorward: &Doorward, (command, input): (&[&str], &str), name: &str) {
    let command: Vec<&str> = command.iter().map(|word| if *word == "NAME" { name } else { *word }).collect();
    let done = doorward.run_with_input(&command, input);
    assert!(done.status.success(), "{command:?}: {}", String::from_utf8_lossy(&done.stderr));
}

#[test]
fn what_happens_to_a_user_ends_their_codes_and_tokens_within_the_same_second() {
    let client = site().client();
    for (number, blow) in BLOWS.into_iter().enumerate() {
        let name = format!("user{number}");
        site().doorward.add_user(&name, PASSWORD, &[]);
        let mut browser = Browser::new(site().doorward.address);
        let code = |browser: &mut Browser| http::parameter(&client.approve_as(browser, &name, PASSWORD, &[]), "code").unwrap();
        let waiting = code(&mut browser);
        let tokens = Tokens::of(&client.redeem(&site().doorward, &code(&mut browser), &[]));
        let consent = client.reach_consent(&mut browser, &name, PASSWORD, &[]);
        assert!(works(site(), &tokens.access));
        strike(&site().doorward, blow, &name);
        assert!(!works(site(), &tokens.access), "{blow:?}");
        refused(&client.redeem(&site().doorward, &waiting, &[]), "invalid_grant");
        refused(&client.refresh(&site().doorward, &tokens.refresh, &[]), "invalid_grant");
        let answer = browser.submit(&form(&consent, "/consent").set("decision", "approve"));
        assert!(matches!(answer.status, 400 | 403), "{blow:?}: {}", answer.status);
    }
}

#[test]
fn a_removed_client_is_unknown_and_its_tokens_are_dead() {
    let client = site().client();
    let waiting = site().code(&client);
    let tokens = site().connect(&client);
    let done = site().doorward.run(&["client", "remove", &client.id]);
    assert!(done.status.success());
    refused(&client.redeem(&site().doorward, &waiting, &[]), "invalid_client");
    refused(&client.refresh(&site().doorward, &tokens.refresh, &[]), "invalid_client");
    assert!(!works(site(), &tokens.access));
}

#[test]
fn a_connection_revoked_by_command_is_over_at_once() {
    let client = site().client();
    let tokens = site().connect(&client);
    let listed = site().doorward.json(&["connection", "list"]);
    let ours = listed.as_array().unwrap().iter().find(|connection| connection["client_id"] == *client.id).unwrap().clone();
    assert!(site().doorward.run(&["connection", "revoke", ours["id"].as_str().unwrap()]).status.success());
    assert!(!works(site(), &tokens.access));
    refused(&client.refresh(&site().doorward, &tokens.refresh, &[]), "invalid_grant");
}

#[test]
fn no_kind_of_secret_stands_for_another() {
    let keeper = confidential(site(), "client_secret_post", "kinds");
    let spare = site().code(&keeper);
    let tokens = site().connect(&keeper);
    let mut browser = Browser::new(site().doorward.address);
    let consent = keeper.reach_consent(&mut browser, OWNER, PASSWORD, &[]);
    let field = |name: &str| form(&consent, "/consent").fields.iter().find(|(known, _)| known == name).unwrap().1.clone();
    let session = browser.cookies.iter().find(|(name, _)| name.contains("session")).unwrap().1.clone();
    let secret = keeper.secret.clone().unwrap();
    let others = [spare.clone(), secret.clone(), field("flow"), field("csrf"), session];
    for other in others.iter().chain([&tokens.refresh]) {
        assert!(!works(site(), other), "{other:.6} passes for an access token");
    }
    for other in others.iter().chain([&tokens.access]) {
        refused(&keeper.refresh(&site().doorward, other, &[]), "invalid_grant");
    }
    for other in others[1..].iter().chain([&tokens.access, &tokens.refresh]) {
        refused(&keeper.redeem(&site().doorward, other, &[]), "invalid_grant");
    }
    for other in [&spare, &tokens.access, &tokens.refresh, &field("flow")] {
        refused(&keeper.redeem(&site().doorward, &spare, &[("client_secret", other)]), "invalid_client");
    }
    for other in &others {
        assert_eq!(keeper.revoke(&site().doorward, other).status, 200);
    }
    // None of that did anything.
    assert!(works(site(), &tokens.access));
    Tokens::of(&keeper.redeem(&site().doorward, &spare, &[]));
}

// ---------------------------------------------------------------- client authentication

#[test]
fn a_secret_may_come_in_the_body_or_by_basic_raw_or_form_encoded_whatever_was_registered() {
    for method in ["client_secret_post", "client_secret_basic"] {
        let keeper = confidential(site(), method, method);
        let secret = keeper.secret.as_deref().unwrap();
        let code = || site().code(&keeper);
        Tokens::of(&keeper.redeem(&site().doorward, &code(), &[]));
        let encoded = |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
        for credential in [format!("{}:{secret}", keeper.id), format!("{}:{}", encoded(&keeper.id), encoded(secret))] {
            for scheme in ["Basic", "basic", "BASIC"] {
                let value = basic(&credential).replacen("Basic", scheme, 1);
                let code = code();
                Tokens::of(&with_authorization(site(), &without(keeper.redemption(&code), &["client_id", "client_secret"]), &[&value]));
            }
            let code = code();
            let with_id = without(keeper.redemption(&code), &["client_secret"]);
            Tokens::of(&with_authorization(site(), &with_id, &[&basic(&credential)]));
        }
    }
}

#[test]
fn a_client_with_a_secret_cannot_do_without_and_its_code_survives_the_attempts() {
    let keeper = confidential(site(), "client_secret_post", "keeper");
    let secret = keeper.secret.clone().unwrap();
    let code = site().code(&keeper);
    let other = confidential(site(), "client_secret_post", "other").secret.unwrap();
    for wrong in ["", "wrong", &other, &secret[..secret.len() - 1], &format!("{secret}x"), &"x".repeat(20_000)] {
        let answer = keeper.redeem(&site().doorward, &code, &[("client_secret", wrong)]);
        refused(&answer, "invalid_client");
        assert_eq!(answer.header("www-authenticate"), None, "Basic was not used");
        let pairs = without(keeper.redemption(&code), &["client_id", "client_secret"]);
        if wrong.len() < 1000 {
            let answer = with_authorization(site(), &pairs, &[&basic(&format!("{}:{wrong}", keeper.id))]);
            refused(&answer, "invalid_client");
            assert!(answer.header("www-authenticate").unwrap().starts_with("Basic realm="), "{answer:?}");
        }
    }
    for path in ["/token", "/revoke"] {
        let answer = http::post_form(site().doorward.address, path, &[("client_id", &keeper.id), ("token", "x")], &[]);
        refused(&answer, "invalid_client");
    }
    Tokens::of(&keeper.redeem(&site().doorward, &code, &[]));
}

#[test]
fn nobody_learns_which_clients_exist() {
    let keeper = confidential(site(), "client_secret_basic", "existing");
    let known = keeper.redeem(&site().doorward, "dwac_x", &[("client_secret", "wrong")]);
    let unknown = keeper.redeem(&site().doorward, "dwac_x", &[("client_secret", "wrong"), ("client_id", "client_nobody")]);
    refused(&known, "invalid_client");
    assert_eq!((&known.body, known.headers.len()), (&unknown.body, unknown.headers.len()));
    let nobody = [("grant_type", "refresh_token"), ("refresh_token", "x")];
    let by_basic = with_authorization(site(), &nobody, &[&basic("client_nobody:x")]);
    refused(&by_basic, "invalid_client");
    assert_eq!(by_basic.body, with_authorization(site(), &nobody, &[&basic(&format!("{}:x", keeper.id))]).body);
}

#[test]
fn credentials_in_two_places_are_refused() {
    let keeper = confidential(site(), "client_secret_post", "twice");
    let secret = keeper.secret.clone().unwrap();
    let code = site().code(&keeper);
    let right = basic(&format!("{}:{secret}", keeper.id));
    refused(&with_authorization(site(), &keeper.redemption(&code), &[&right]), "invalid_request");
    let bare = without(keeper.redemption(&code), &["client_id", "client_secret"]);
    assert_eq!(with_authorization(site(), &bare, &[&right, &right]).status, 400);
    assert_eq!(with_authorization(site(), &bare, &[&right, "Bearer x"]).status, 400);
    Tokens::of(&with_authorization(site(), &bare, &[&right]));
}

#[test]
fn a_broken_basic_credential_is_answered_with_401_and_a_challenge() {
    let client = site().client();
    let pairs = [("grant_type", "refresh_token"), ("refresh_token", "x")];
    let values =
        ["Basic", "Basic ", "Basic !!!", "Basic =", &basic("no colon"), &basic("%zz:x"), &basic(":x"), &basic("\u{0}:\u{0}"), "Basic a b"];
    for value in values {
        let answer = with_authorization(site(), &pairs, &[value]);
        refused(&answer, "invalid_client");
        assert!(answer.header("www-authenticate").unwrap().starts_with("Basic "), "{value}");
    }
    let long = basic(&"x".repeat(8_000));
    refused(&with_authorization(site(), &pairs, &[&long]), "invalid_client");
    assert_eq!(with_authorization(site(), &pairs, &[&basic(&"x".repeat(64_000))]).status, 431);
    // A public client may name itself by Basic with an empty password.
    let tokens = site().connect(&client);
    let value = basic(&format!("{}:", client.id));
    Tokens::of(&with_authorization(site(), &without(client.rotation(&tokens.refresh), &["client_id"]), &[&value]));
}

#[test]
fn an_assertion_never_falls_back_to_no_authentication() {
    let client = site().client();
    let code = site().code(&client);
    let assertion = [
        ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
        ("client_assertion", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0."),
    ];
    refused(&client.redeem(&site().doorward, &code, &assertion), "invalid_client");
    refused(&client.redeem(&site().doorward, &code, &assertion[1..]), "invalid_client");
    Tokens::of(&client.redeem(&site().doorward, &code, &[]));
}

#[test]
fn a_public_client_that_sends_a_secret_it_never_got_is_let_in_by_its_verifier() {
    let client = site().client();
    let code = site().code(&client);
    Tokens::of(&client.redeem(&site().doorward, &code, &[("client_secret", "whatever")]));
}

// ---------------------------------------------------------------- refresh

#[test]
fn a_refresh_brings_two_new_tokens_and_the_old_access_token_lives_to_its_end() {
    let client = site().client();
    let first = site().connect_to(&client, &[("scope", "read write")]);
    let response = client.refresh(&site().doorward, &first.refresh, &[]);
    let second = Tokens::of(&response);
    assert!(first.access != second.access && first.refresh != second.refresh);
    assert_eq!((&second.body["scope"], &second.body["expires_in"]), (&json!("read write"), &json!(3600)));
    assert_eq!((response.header("cache-control"), response.header("pragma")), (Some("no-store"), Some("no-cache")));
    assert!(works(site(), &first.access) && works(site(), &second.access));
    Tokens::of(&client.refresh(&site().doorward, &second.refresh, &[]));
}

fn same(one: &Tokens, other: &Tokens) -> bool {
    (&one.access, &one.refresh) == (&other.access, &other.refresh)
}

#[test]
fn the_same_refresh_token_again_brings_the_same_answer_used_or_not() {
    let client = site().client();
    let first = site().connect(&client);
    let second = Tokens::of(&client.refresh(&site().doorward, &first.refresh, &[]));
    let again = Tokens::of(&client.refresh(&site().doorward, &first.refresh, &[]));
    assert!(same(&second, &again));
    assert!(works(site(), &second.access));
    let late = Tokens::of(&client.refresh(&site().doorward, &first.refresh, &[]));
    assert!(same(&second, &late), "the access token's use does not end the two minutes");
    assert!(works(site(), &late.access));
    Tokens::of(&client.refresh(&site().doorward, &late.refresh, &[]));
}

#[test]
fn simultaneous_refreshes_with_one_token_get_the_same_answer() {
    let client = site().client();
    for count in [2, 20, 200] {
        let first = site().connect(&client);
        let request = http::form_request(site().doorward.address, "/token", &client.rotation(&first.refresh));
        let answers = http::race(site().doorward.address, &vec![request; count]);
        let served: Vec<Tokens> = answers.iter().filter(|answer| answer.status != 503).map(Tokens::of).collect();
        assert!(served.len() * 2 >= count, "only {} of {count} were served", served.len());
        assert!(served.iter().all(|tokens| same(tokens, &served[0])));
        assert!(works(site(), &served[0].access));
        Tokens::of(&client.refresh(&site().doorward, &served[0].refresh, &[]));
    }
}

#[test]
fn an_old_refresh_token_after_its_successor_was_rotated_is_theft_and_ends_the_connection_at_once() {
    let client = site().client();
    let first = site().connect(&client);
    let bystander = site().connect(&client);
    let second = Tokens::of(&client.refresh(&site().doorward, &first.refresh, &[]));
    let third = Tokens::of(&client.refresh(&site().doorward, &second.refresh, &[]));
    refused(&client.refresh(&site().doorward, &first.refresh, &[]), "invalid_grant");
    for tokens in [&first, &second, &third] {
        assert!(!works(site(), &tokens.access));
        refused(&client.refresh(&site().doorward, &tokens.refresh, &[]), "invalid_grant");
    }
    // That family alone.
    assert!(works(site(), &bystander.access));
    Tokens::of(&client.refresh(&site().doorward, &bystander.refresh, &[]));
}

#[test]
fn theft_by_somebody_else_is_not_decided_by_a_stranger() {
    let (client, stranger) = (site().client(), site().client());
    let first = site().connect(&client);
    let second = Tokens::of(&client.refresh(&site().doorward, &first.refresh, &[]));
    let third = Tokens::of(&client.refresh(&site().doorward, &second.refresh, &[]));
    refused(&client.refresh(&site().doorward, &first.refresh, &[("client_id", &stranger.id)]), "invalid_grant");
    refused(&client.refresh(&site().doorward, &first.refresh, &[("resource", "https://evil.test/")]), "invalid_target");
    assert!(works(site(), &third.access));
    Tokens::of(&client.refresh(&site().doorward, &third.refresh, &[]));
}

#[test]
fn a_refresh_token_belongs_to_its_client() {
    let (client, thief) = (site().client(), site().client());
    let keeper = confidential(site(), "client_secret_post", "rt-thief");
    let tokens = site().connect(&client);
    refused(&thief.refresh(&site().doorward, &tokens.refresh, &[]), "invalid_grant");
    refused(&keeper.refresh(&site().doorward, &tokens.refresh, &[]), "invalid_grant");
    refused(&client.refresh(&site().doorward, &tokens.refresh, &[("client_id", "")]), "invalid_request");
    Tokens::of(&client.refresh(&site().doorward, &tokens.refresh, &[]));
}

#[test]
fn a_refresh_narrows_the_scope_of_one_access_token_and_never_widens_the_grant() {
    let client = site().client();
    let scope = |tokens: &Tokens| tokens.body["scope"].as_str().unwrap().to_owned();
    let both = site().connect_to(&client, &[("scope", "read write")]);
    let narrow = Tokens::of(&client.refresh(&site().doorward, &both.refresh, &[("scope", "read")]));
    assert_eq!(scope(&narrow), "read");
    let wide = Tokens::of(&client.refresh(&site().doorward, &narrow.refresh, &[("scope", "write read")]));
    assert_eq!(scope(&wide), "write read");
    let full = Tokens::of(&client.refresh(&site().doorward, &wide.refresh, &[]));
    assert_eq!(scope(&full), "read write");
    // Names nobody knows, and offline_access by habit, are dropped.
    let habit = Tokens::of(&client.refresh(&site().doorward, &full.refresh, &[("scope", "read openid offline_access")]));
    assert_eq!(scope(&habit), "read");
    let foreign = Tokens::of(&client.refresh(&site().doorward, &habit.refresh, &[("scope", "openid profile")]));
    assert_eq!(scope(&foreign), "read write");

    let little = site().connect_to(&client, &[("scope", "read")]);
    refused(&client.refresh(&site().doorward, &little.refresh, &[("scope", "read write")]), "invalid_scope");
    let still = Tokens::of(&client.refresh(&site().doorward, &little.refresh, &[]));
    assert_eq!(scope(&still), "read");
}

#[test]
fn a_refresh_for_another_resource_rotates_nothing() {
    let client = site().client();
    let first = site().connect(&client);
    let resource = site().doorward.resource();
    for foreign in ["https://evil.test/mcp", "mcp", &format!("{resource}/x"), &format!("{resource}#f")] {
        refused(&client.refresh(&site().doorward, &first.refresh, &[("resource", foreign)]), "invalid_target");
    }
    refused(
        &client.refresh(&site().doorward, &first.refresh, &[("resource", &resource), ("resource", "https://evil.test/")]),
        "invalid_target",
    );
    let second = Tokens::of(&client.refresh(&site().doorward, &first.refresh, &[("resource", &resource)]));
    let third = Tokens::of(&client.refresh(&site().doorward, &second.refresh, &[("resource", &format!("{resource}/"))]));
    assert!(works(site(), &third.access));
}

#[test]
fn a_refresh_token_is_read_from_the_body_once_and_nowhere_else() {
    let client = site().client();
    let tokens = site().connect(&client);
    let address = site().doorward.address;
    let target = format!("/token?{}", http::encode(&client.rotation(&tokens.refresh)));
    refused(&http::post_form(address, &target, &[], &[]), "invalid_request");
    let twice = [&client.rotation(&tokens.refresh)[..], &[("refresh_token", &tokens.refresh)]].concat();
    refused(&http::post_form(address, "/token", &twice, &[]), "invalid_request");
    let bare = without(client.rotation(&tokens.refresh), &["refresh_token"]);
    let value = format!("Bearer {}", tokens.refresh);
    refused(&http::post_form(address, "/token", &bare, &[("Authorization", &value)]), "invalid_request");
    refused(&client.refresh(&site().doorward, &"x".repeat(60_000), &[]), "invalid_grant");
    Tokens::of(&client.refresh(&site().doorward, &tokens.refresh, &[]));
}

#[test]
fn access_and_refresh_tokens_end_when_they_were_said_to() {
    let client = hasty().client();
    let first = hasty().connect(&client);
    assert_eq!(first.body["expires_in"], 2);
    assert!(works(hasty(), &first.access));
    // Whole seconds are rounded in the client's favour.
    thread::sleep(Duration::from_millis(3100));
    let answer = call(&hasty().doorward, "/mcp", &first.access);
    assert_eq!(answer.status, 401);
    assert!(answer.header("www-authenticate").unwrap().contains("error=\"invalid_token\""));
    // The refresh token still lives, and its successor's time counts from now.
    let second = Tokens::of(&client.refresh(&hasty().doorward, &first.refresh, &[]));
    assert!(works(hasty(), &second.access));
    thread::sleep(Duration::from_millis(2100));
    // The access token of a lost answer is given anew, or it would be dead on arrival.
    let third = Tokens::of(&client.refresh(&hasty().doorward, &second.refresh, &[]));
    assert!(works(hasty(), &third.access));
    thread::sleep(Duration::from_millis(6100));
    refused(&client.refresh(&hasty().doorward, &third.refresh, &[]), "invalid_grant");
    assert!(!works(hasty(), &third.access));
}

#[test]
fn where_the_owner_chose_it_access_tokens_do_not_expire_and_still_end() {
    let lifetimes = "[lifetimes]\naccess_token = \"never\"\n";
    let site = Site::new(|upstream| Setup::config(format!("{lifetimes}{}", server(upstream))));
    let client = site.client();
    let first = site.connect(&client);
    assert!(first.body.get("expires_in").is_none(), "{}", first.body);
    let second = Tokens::of(&client.refresh(&site.doorward, &first.refresh, &[]));
    assert!(second.body.get("expires_in").is_none(), "{}", second.body);
    assert!(works(&site, &first.access) && works(&site, &second.access));
    client.revoke(&site.doorward, &second.refresh);
    assert!(!works(&site, &first.access) && !works(&site, &second.access));
}

#[test]
fn everything_is_as_it_was_after_a_restart_and_after_kill_9() {
    let mut site = Site::new(|upstream| Setup::config(server(upstream)));
    let client = site.client();
    let keeper = confidential(&site, "client_secret_basic", "keeper");
    let theft = site.connect(&client);
    let stolen = Tokens::of(&client.refresh(&site.doorward, &theft.refresh, &[]));
    let newest = Tokens::of(&client.refresh(&site.doorward, &stolen.refresh, &[]));
    let lost = site.connect(&client);
    let answer = Tokens::of(&client.refresh(&site.doorward, &lost.refresh, &[]));
    let revoked = site.connect(&keeper);
    assert_eq!(keeper.revoke(&site.doorward, &revoked.refresh).status, 200);
    let (fresh, spent) = (site.code(&client), site.code(&client));
    let of_spent = Tokens::of(&client.redeem(&site.doorward, &spent, &[]));

    site.doorward.kill();
    site.doorward.start_again();
    assert!(works(&site, &newest.access) && works(&site, &of_spent.access));
    assert!(same(&answer, &Tokens::of(&client.refresh(&site.doorward, &lost.refresh, &[]))));
    refused(&keeper.refresh(&site.doorward, &revoked.refresh, &[]), "invalid_grant");

    assert!(site.doorward.stop().success());
    site.doorward.start_again();
    assert!(!works(&site, &revoked.access));
    refused(&client.refresh(&site.doorward, &theft.refresh, &[]), "invalid_grant");
    assert!(!works(&site, &newest.access), "the reuse of a token from before the restart was not noticed");
    refused(&client.redeem(&site.doorward, &spent, &[]), "invalid_grant");
    assert!(!works(&site, &of_spent.access), "the replay of a code from before the restart was not noticed");
    Tokens::of(&client.redeem(&site.doorward, &fresh, &[]));
    // Browsers stay signed in, clients stay registered.
    Tokens::of(&keeper.redeem(&site.doorward, &site.code(&keeper), &[]));
}

#[test]
fn a_client_that_registered_no_refresh_grant_can_refresh_all_the_same() {
    let metadata = json!({ "token_endpoint_auth_method": "none", "grant_types": ["authorization_code"] });
    let client = Client::register_as(&site().doorward, "http://127.0.0.1:7777/no-refresh", metadata);
    let tokens = site().connect(&client);
    Tokens::of(&client.refresh(&site().doorward, &tokens.refresh, &[]));
}

// ---------------------------------------------------------------- revocation

#[test]
fn a_revoked_refresh_token_takes_its_whole_connection_with_it() {
    let client = site().client();
    for old in [false, true] {
        let first = site().connect(&client);
        let second = Tokens::of(&client.refresh(&site().doorward, &first.refresh, &[]));
        let answer = client.revoke(&site().doorward, if old { &first.refresh } else { &second.refresh });
        assert_eq!((answer.status, answer.body.len()), (200, 0));
        for tokens in [&first, &second] {
            assert!(!works(site(), &tokens.access));
            refused(&client.refresh(&site().doorward, &tokens.refresh, &[]), "invalid_grant");
        }
    }
}

#[test]
fn a_revoked_access_token_dies_alone() {
    let client = site().client();
    let first = site().connect(&client);
    let second = Tokens::of(&client.refresh(&site().doorward, &first.refresh, &[]));
    assert_eq!(client.revoke(&site().doorward, &first.access).status, 200);
    assert!(!works(site(), &first.access));
    assert!(works(site(), &second.access));
    Tokens::of(&client.refresh(&site().doorward, &second.refresh, &[]));
}

#[test]
fn a_revoked_access_token_stays_dead_when_the_answer_it_came_in_is_given_again() {
    let client = site().client();
    for used in [false, true] {
        let first = site().connect(&client);
        let second = Tokens::of(&client.refresh(&site().doorward, &first.refresh, &[]));
        assert!(!used || works(site(), &second.access));
        assert_eq!(client.revoke(&site().doorward, &second.access).status, 200);
        let again = Tokens::of(&client.refresh(&site().doorward, &first.refresh, &[]));
        assert!(same(&second, &again));
        assert!(!works(site(), &second.access), "revocation was undone");
        assert_eq!(again.body["expires_in"], 0, "the client is told to refresh at once");
        let third = Tokens::of(&client.refresh(&site().doorward, &again.refresh, &[]));
        assert!(works(site(), &third.access));
    }
}

#[test]
fn another_clients_token_is_left_alone_and_the_answer_does_not_say_so() {
    let (client, stranger) = (site().client(), site().client());
    let keeper = confidential(site(), "client_secret_post", "victim");
    let (tokens, kept) = (site().connect(&client), site().connect(&keeper));
    let unknown = stranger.revoke(&site().doorward, "dwat_unknown");
    for token in [&tokens.access, &tokens.refresh, &kept.access, &kept.refresh] {
        let answer = stranger.revoke(&site().doorward, token);
        assert_eq!((answer.status, &answer.body), (200, &unknown.body));
    }
    let anonymous = [("token", kept.refresh.as_str()), ("client_id", &keeper.id)];
    refused(&http::post_form(site().doorward.address, "/revoke", &anonymous, &[]), "invalid_client");
    refused(&http::post_form(site().doorward.address, "/revoke", &anonymous[..1], &[]), "invalid_request");
    for (client, tokens) in [(&client, &tokens), (&keeper, &kept)] {
        assert!(works(site(), &tokens.access));
        Tokens::of(&client.refresh(&site().doorward, &tokens.refresh, &[]));
    }
}

#[test]
fn a_hint_is_a_hint_and_an_unknown_token_is_no_error() {
    let client = site().client();
    let send = |token: &str, hint: &str| {
        let pairs = [("token", token), ("token_type_hint", hint), ("client_id", &client.id)];
        http::post_form(site().doorward.address, "/revoke", &pairs, &[]).status
    };
    for hint in ["access_token", "refresh_token", "nonsense", ""] {
        let tokens = site().connect(&client);
        assert_eq!(send(&tokens.access, hint), 200);
        assert!(!works(site(), &tokens.access));
        assert_eq!(send(&tokens.refresh, hint), 200);
        refused(&client.refresh(&site().doorward, &tokens.refresh, &[]), "invalid_grant");
    }
    for unknown in ["x", "dwat_", "eyJhbGciOiJub25lIn0.e30.", &forged(&site().connect(&client).access), &"x".repeat(10_000)] {
        assert_eq!(send(unknown, "access_token"), 200, "{unknown:.20}");
    }
}

#[test]
fn a_revocation_needs_a_form_with_one_token() {
    let client = site().client();
    let tokens = site().connect(&client);
    let address = site().doorward.address;
    let (id, token) = (("client_id", &*client.id), ("token", &*tokens.refresh));
    refused(&http::post_form(address, "/revoke", &[id], &[]), "invalid_request");
    refused(&http::post_form(address, "/revoke", &[id, ("token", "")], &[]), "invalid_request");
    refused(&http::post_form(address, "/revoke", &[id, token, token], &[]), "invalid_request");
    refused(&http::post_form(address, &format!("/revoke?token={}", tokens.refresh), &[id], &[]), "invalid_request");
    let answer = http::post_json(address, "/revoke", &json!({ "client_id": client.id, "token": tokens.refresh }));
    assert!(matches!(answer.error(), (400 | 415, _)));
    let answer = http::get(address, &format!("/revoke?callback=f&token={}&client_id={}", tokens.refresh, client.id));
    assert_eq!((answer.status, answer.header("content-type")), (405, Some("application/json")));
    assert!(!answer.text().contains("f("), "{}", answer.text());
    Tokens::of(&client.refresh(&site().doorward, &tokens.refresh, &[]));
}

#[test]
fn after_a_revocation_was_answered_nothing_of_the_connection_works_whatever_ran_beside_it() {
    let client = site().client();
    let address = site().doorward.address;
    for round in 0..15 {
        let tokens = site().connect(&client);
        let refresh = http::form_request(address, "/token", &client.rotation(&tokens.refresh));
        let revoke = http::form_request(address, "/revoke", &[("token", &tokens.refresh), ("client_id", &client.id)]);
        let mut all = vec![refresh; 6];
        all.insert(round % 6, revoke);
        let answers = http::race(address, &all);
        assert_eq!(answers[round % 6].status, 200);
        let given: Vec<Tokens> = answers.iter().filter(|answer| answer.status == 200 && !answer.body.is_empty()).map(Tokens::of).collect();
        for tokens in given.iter().chain([&tokens]) {
            assert!(!works(site(), &tokens.access));
            refused(&client.refresh(&site().doorward, &tokens.refresh, &[]), "invalid_grant");
        }
    }
}

#[test]
fn a_revoked_access_token_is_not_brought_back_by_a_call_that_ran_beside_it() {
    let client = site().client();
    let address = site().doorward.address;
    for round in 0..25 {
        let tokens = site().connect(&client);
        let value = format!("Bearer {}", tokens.access);
        let called = http::request(address, "POST", "/mcp", &[("Authorization", &value), ("Content-Type", "application/json")], b"{}");
        let revoke = http::form_request(address, "/revoke", &[("token", &tokens.access), ("client_id", &client.id)]);
        let mut all = vec![called; 8];
        all.insert(round % 8, revoke);
        assert_eq!(http::race(address, &all)[round % 8].status, 200);
        assert!(!works(site(), &tokens.access), "round {round}");
    }
}

#[test]
fn nothing_that_a_client_sent_or_got_is_readable_in_the_data_directory() {
    let site = Site::new(|upstream| Setup::config(server(upstream)));
    let keeper = confidential(&site, "client_secret_post", "canary");
    let code = site.code(&keeper);
    let tokens = Tokens::of(&keeper.redeem(&site.doorward, &code, &[]));
    let next = Tokens::of(&keeper.refresh(&site.doorward, &tokens.refresh, &[]));
    let unused = site.code(&keeper);
    thread::sleep(Duration::from_millis(700));
    let secrets =
        [&code, &unused, &tokens.access, &tokens.refresh, &next.access, &next.refresh, keeper.secret.as_ref().unwrap(), PASSWORD, VERIFIER];
    let mut files = vec![site.doorward.folder.path().to_path_buf()];
    let mut read = 0;
    while let Some(path) = files.pop() {
        if path.is_dir() {
            files.extend(std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.is_file() {
            let bytes = std::fs::read(&path).unwrap();
            read += bytes.len();
            for secret in secrets {
                let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
                assert!(!found, "{} holds {secret:.8}", path.display());
            }
        }
    }
    assert!(read > 2_000, "the store was not there to be read");
}
