//! The authorization request and its answer (RFC 6749 §4.1, RFC 7636, RFC 8707, RFC 9207), with a client that means well.

use crate::support::browser::{self, Browser};
use crate::support::client::{CALLBACK, Client, Tokens, call, challenge};
use crate::support::http::{self, Response};
use crate::support::site::Site;
use crate::support::{Doorward, OWNER, PASSWORD, Setup};
use serde_json::json;
use std::sync::OnceLock;

static SITE: OnceLock<Site> = OnceLock::new();

/// One server with two scopes.
fn doorward() -> &'static Site {
    SITE.get_or_init(|| {
        Site::shared(|upstream| {
            Setup::config(format!(
                "[[server]]\npath = \"/mcp\"\nname = \"Notes\"\nupstream = \"http://{}/mcp\"\ndefault_scopes = [\"read\"]\n\
             [server.scopes]\nread = \"Read your notes\"\nwrite = \"Change your notes\"\n",
                upstream.address
            ))
        })
    })
}

/// Presses a button on a consent page; gives where that leads.
#[track_caller]
fn press(browser: &mut Browser, consent: &Response, decision: &str) -> String {
    let answer = browser.submit(&browser::form(consent, "/consent").set("decision", decision));
    assert_eq!(answer.status, 303, "{}", answer.text());
    answer.location()
}

#[track_caller]
fn approve(browser: &mut Browser, url: &str) -> String {
    let consent = browser.get(url);
    press(browser, &consent, "approve")
}

/// What the client is told without anybody being asked, as `error`, after the usual checks of every such answer.
#[track_caller]
fn told(shared: &Site, client: &Client, url: &str) -> String {
    let answer = shared.owner().get(url);
    assert_eq!(answer.status, 303, "{url}: {}", answer.text());
    let location = answer.location();
    assert!(location.starts_with(&format!("{}?", client.redirect_uri)), "{location}");
    assert_eq!(http::parameter(&location, "code"), None, "{location}");
    assert_eq!(http::parameter(&location, "iss"), Some(shared.origin()), "{location}");
    assert_eq!(http::parameter(&location, "state").as_deref(), Some("the-state"), "{location}");
    let text = http::parameter(&location, "error_description").unwrap_or_default();
    assert!(text.bytes().all(|byte| matches!(byte, 0x20..=0x7e) && byte != b'"' && byte != b'\\'), "{text}");
    http::parameter(&location, "error").expect("an error")
}

/// The sentences of the scopes on a consent page.
fn scopes_on(page: &Response) -> Vec<String> {
    let html = page.text();
    let list = html.split("<ul class=\"scopes\">").nth(1).expect("a consent page").split("</ul>").next().unwrap();
    list.split("<bdi>").skip(1).map(|rest| rest.split("</bdi>").next().unwrap().to_owned()).collect()
}

#[test]
fn the_answer_goes_by_see_other_with_code_state_and_issuer_once_each() {
    let (doorward, client) = with_client();
    let location = approve(&mut doorward.owner(), &client.authorize_url(&[]));
    assert!(location.starts_with(&format!("{CALLBACK}?code=")), "{location}");
    let names: Vec<String> = http::query(&location).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["code", "state", "iss"]);
    assert_eq!(http::parameter(&location, "iss"), Some(doorward.origin()));
    let metadata = http::get(doorward.address, "/.well-known/oauth-authorization-server").json();
    assert_eq!(metadata["issuer"], doorward.origin());
    let code = http::parameter(&location, "code").unwrap();
    assert!(code.len() >= 43 && code.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)), "{code}");
    assert!(!location.contains(&challenge()), "the challenge is nobody else's business");
    let tokens = Tokens::of(&client.redeem(doorward, &code, &[]));
    assert_eq!(call(doorward, "/mcp", &tokens.access).status, 200);
}

fn with_client() -> (&'static Site, Client) {
    let doorward = doorward();
    let client = Client::register(doorward);
    (doorward, client)
}

#[test]
fn the_request_may_be_fetched_twice_and_either_page_finishes_it() {
    let (doorward, client) = with_client();
    let mut owner = doorward.owner();
    let pages = [owner.get(&client.authorize_url(&[])), owner.get(&client.authorize_url(&[]))];
    let mut codes: Vec<String> = pages.iter().map(|page| http::parameter(&press(&mut owner, page, "approve"), "code").unwrap()).collect();
    for code in &codes {
        assert_eq!(client.redeem(doorward, code, &[]).status, 200, "each answer is good by itself");
    }
    codes.dedup();
    assert_eq!(codes.len(), 2);
}

#[test]
fn a_request_before_sign_in_goes_on_after_it_as_it_was() {
    let (doorward, client) = with_client();
    let state = "a b+c%2F&=?#\u{fc}";
    let mut browser = doorward.stranger();
    let first = browser.get(&client.authorize_url(&[("state", state), ("scope", "write")]));
    let again = browser.get(&client.authorize_url(&[("state", state), ("scope", "write")]));
    assert_eq!((first.status, again.status), (200, 200));
    let consent = browser.sign_in(&first, OWNER, PASSWORD);
    assert_eq!(scopes_on(&consent), ["Change your notes"]);
    assert_eq!(http::parameter(&press(&mut browser, &consent, "approve"), "state").as_deref(), Some(state));
}

#[test]
fn a_posted_form_is_the_same_request_and_query_and_body_are_never_merged() {
    let (doorward, client) = with_client();
    let other = Client::register_as(doorward, "https://client.test/cb", json!({ "token_endpoint_auth_method": "none" }));
    let mut owner = doorward.owner();
    let post = |owner: &mut Browser, target: &str, body: &str| {
        owner.exchange("POST", target, &[("Content-Type", "application/x-www-form-urlencoded")], body.as_bytes())
    };
    let (_, query) = client.authorize_url(&[]).split_once('?').map(|(path, query)| (path.to_owned(), query.to_owned())).unwrap();
    let consent = post(&mut owner, "/authorize", &query);
    assert_eq!(consent.status, 200, "{}", consent.text());
    let location = press(&mut owner, &consent, "approve");
    assert!(location.starts_with(CALLBACK), "{location}");
    for target in [format!("/authorize?client_id={}", other.id), "/authorize?x=1".to_owned(), format!("/authorize?{query}")] {
        let refused = post(&mut owner, &target, &query);
        assert_eq!((refused.status, refused.header("location")), (400, None), "{target}");
    }
    for kind in ["application/json", "text/plain", "multipart/form-data; boundary=x"] {
        let refused = owner.exchange("POST", "/authorize", &[("Content-Type", kind)], query.as_bytes());
        assert!(matches!(refused.status, 400 | 415) && refused.header("location").is_none(), "{kind}");
    }
    let mut stranger = doorward.stranger();
    let page = post(&mut stranger, "/authorize", &query);
    let consent = stranger.sign_in(&page, OWNER, PASSWORD);
    assert!(press(&mut stranger, &consent, "approve").starts_with(CALLBACK), "the way back from sign-in holds the request");
}

#[test]
fn the_state_comes_back_byte_for_byte_up_to_four_kilobytes_and_not_at_all_if_none_came() {
    let (doorward, client) = with_client();
    let mut owner = doorward.owner();
    let long = "\u{fc}%".repeat(1365) + "z";
    assert_eq!(long.len(), 4096);
    let whole_range: String = (1..=0x7f_u8).map(char::from).collect();
    for state in [
        "s",
        "vscode://dynamicauthprovider/github/authorize?nonce=a%20b&c=+",
        "+ %2B&=;,'\"<>",
        "\r\nSet-Cookie: a=b",
        "日本語 🚪",
        &whole_range,
        &long,
    ] {
        let location = approve(&mut owner, &client.authorize_url(&[("state", state)]));
        assert_eq!(http::parameter(&location, "state").as_deref(), Some(state));
        let location = told_at(&mut owner, &client.authorize_url(&[("state", state), ("prompt", "none")]));
        assert_eq!(http::parameter(&location, "state").as_deref(), Some(state), "in an error too");
    }
    for absent in [client.authorize_url(&[("state", "")]), format!("{}&state=", client.authorize_url(&[("state", "")]))] {
        assert_eq!(http::parameter(&approve(&mut owner, &absent), "state"), None);
    }
    let too_long = owner.get(&client.authorize_url(&[("state", &"s".repeat(4097))]));
    assert_eq!((too_long.status, too_long.header("location")), (400, None));
    let beyond_all = owner.get(&client.authorize_url(&[("state", &"s".repeat(20_000))]));
    assert!(matches!(beyond_all.status, 414 | 431), "{}", beyond_all.status);
}

#[track_caller]
fn told_at(owner: &mut Browser, url: &str) -> String {
    owner.get(url).location()
}

#[test]
fn any_wish_for_scopes_is_met_as_far_as_it_can_be() {
    let (doorward, client) = with_client();
    let mut owner = doorward.owner();
    for (asked, told) in [
        ("", "read"),
        ("read", "read"),
        ("write", "write"),
        ("read write", "read write"),
        (" write  read ", "read write"),
        ("write write", "write"),
        ("write admin", "write"),
        ("openid email profile write", "email openid profile write"),
        ("email profile write", "write"),
        ("READ write", "write"),
        ("\"<script>\" \\ read", "read"),
        ("read offline_access", "offline_access read"),
    ] {
        let location = approve(&mut owner, &client.authorize_url(&[("scope", asked)]));
        let tokens = Tokens::of(&client.redeem(doorward, &http::parameter(&location, "code").unwrap(), &[]));
        let mut names: Vec<&str> = tokens.body["scope"].as_str().unwrap().split(' ').collect();
        names.sort_unstable();
        assert_eq!(names.join(" "), told, "{asked:?}");
    }
    let empty = format!("{}&scope=", client.authorize_url(&[]));
    assert_eq!(scopes_on(&owner.get(&empty)), ["Read your notes"]);
    let many: Vec<String> = (0..400).map(|number| format!("scope-{number}")).collect();
    assert_eq!(owner.get(&client.authorize_url(&[("scope", &many.join(" "))])).status, 200);
}

#[test]
fn a_resource_is_understood_in_every_spelling_that_clients_send() {
    let (doorward, client) = with_client();
    let mut owner = doorward.owner();
    let (origin, resource) = (doorward.origin(), doorward.resource());
    let spellings = [
        resource.clone(),
        format!("{resource}/"),
        format!("{resource}?source=x"),
        resource.replace("http", "HTTP"),
        origin.clone(),
        format!("{origin}/"),
    ];
    for sent in &spellings {
        assert_eq!(owner.get(&client.authorize_url(&[("resource", sent)])).status, 200, "{sent}");
    }
    assert_eq!(owner.get(&client.authorize_url(&[("resource", &resource), ("resource", &spellings[1])])).status, 200);
    let address = doorward.address;
    for foreign in [
        "https://evil.test/mcp".to_owned(),
        format!("{origin}/other"),
        format!("{origin}/mcpx"),
        format!("{origin}/mcp/deeper"),
        format!("{resource}#x"),
        format!("https://{address}/mcp"),
        format!("http://x@{address}/mcp"),
        "/mcp".to_owned(),
        "mcp".to_owned(),
        format!("{origin}/x/../mcp"),
    ] {
        assert_eq!(told(doorward, &client, &client.authorize_url(&[("resource", &foreign)])), "invalid_target", "{foreign}");
    }
    let both = [("resource", resource.as_str()), ("resource", "https://evil.test/mcp")];
    assert_eq!(told(doorward, &client, &client.authorize_url(&both)), "invalid_target");
}

#[test]
fn with_several_servers_the_one_that_is_named_is_the_one_that_is_granted() {
    let config = "[[server]]\npath = \"/notes\"\nname = \"Notes\"\nupstream = \"http://127.0.0.1:9/\"\n\
                  [[server]]\npath = \"/files\"\nname = \"Files\"\nupstream = \"http://127.0.0.1:9/\"\n";
    let doorward = Doorward::with(Setup::config(config));
    let client = Client::register(&doorward);
    let mut browser = Browser::new(doorward.address);
    let files = format!("{}/files", doorward.origin());
    let consent = client.reach_consent(&mut browser, OWNER, PASSWORD, &[("resource", &files)]);
    let shown = browser::unescape(&consent.text());
    assert!(shown.contains(&files) && !shown.contains("/notes"), "{shown}");
    let code = http::parameter(&press(&mut browser, &consent, "approve"), "code").unwrap();
    let elsewhere = client.redeem(&doorward, &code, &[("resource", &format!("{}/notes", doorward.origin()))]);
    assert_eq!(elsewhere.error(), (400, "invalid_target".into()));
    let tokens = Tokens::of(&client.redeem(&doorward, &code, &[("resource", &files)]));
    assert_eq!(call(&doorward, "/notes", &tokens.access).status, 401, "a token for one server opens no other");
    assert_ne!(call(&doorward, "/files", &tokens.access).status, 401);
    let two = [("resource", files.as_str()), ("resource", &format!("{}/notes", doorward.origin()))];
    let location = browser.get(&client.authorize_url(&two)).location();
    assert_eq!(http::parameter(&location, "error").as_deref(), Some("invalid_target"));
}

#[test]
fn a_wish_for_login_is_granted_once_and_one_for_silence_never() {
    let (doorward, client) = with_client();
    for words in ["consent", "consent consent", "create", "unknown words"] {
        let page = doorward.owner().get(&client.authorize_url(&[("prompt", words)]));
        assert!(page.text().contains("action=\"/consent\""), "{words}");
    }
    let twice = doorward.owner().get(&client.authorize_url(&[("prompt", "consent"), ("prompt", "consent")]));
    assert!(twice.text().contains("action=\"/consent\""));
    for words in ["login", "select_account", "consent login"] {
        assert!(doorward.owner().get(&client.authorize_url(&[("prompt", words)])).text().contains("action=\"/signin\""), "{words}");
    }
    let mut browser = doorward.stranger();
    browser.cookies = doorward.owner().cookies;
    let asked = browser.get(&client.authorize_url(&[("prompt", "login")]));
    // The session of the others must not end by this sign-in.
    browser.cookies.retain(|(name, _)| !name.contains("session"));
    let consent = browser.sign_in(&asked, OWNER, PASSWORD);
    assert!(consent.text().contains("action=\"/consent\""), "asked for once more");
    for words in ["none", "none login", "login none"] {
        assert_eq!(told(doorward, &client, &client.authorize_url(&[("prompt", words)])), "consent_required", "{words}");
    }
}

#[test]
fn a_fault_is_told_to_the_client_of_somebody_who_is_signed_in() {
    let (doorward, client) = with_client();
    for (name, value, error) in [
        ("response_type", "", "invalid_request"),
        ("response_type", "token", "unsupported_response_type"),
        ("response_type", "id_token", "unsupported_response_type"),
        ("response_type", "code token", "unsupported_response_type"),
        ("response_type", "CODE", "unsupported_response_type"),
        ("response_type", "none", "unsupported_response_type"),
        ("response_mode", "fragment", "invalid_request"),
        ("response_mode", "form_post", "invalid_request"),
        ("response_mode", "web_message", "invalid_request"),
        ("response_mode", "query.jwt", "invalid_request"),
        ("request", "eyJhbGciOiJub25lIn0.e30.", "request_not_supported"),
        ("request_uri", "https://evil.test/r", "request_not_supported"),
    ] {
        let error_told = told(doorward, &client, &client.authorize_url(&[(name, value)]));
        assert_eq!(error_told, error, "{name}={value}");
    }
    assert_eq!(doorward.owner().get(&client.authorize_url(&[("response_mode", "query")])).status, 200);
}

#[test]
fn there_is_no_way_around_pkce_for_any_kind_of_client() {
    let doorward = doorward();
    let confidential = Client::register_as(doorward, CALLBACK, json!({ "token_endpoint_auth_method": "client_secret_post" }));
    let good = challenge();
    for client in [Client::register(doorward), confidential] {
        let refused = |changes: &[(&str, &str)]| {
            assert_eq!(told(doorward, &client, &client.authorize_url(changes)), "invalid_request", "{changes:?}");
        };
        refused(&[("code_challenge", ""), ("code_challenge_method", "")]);
        refused(&[("code_challenge", "")]);
        for method in ["", "plain", "PLAIN", "s256", "S512", "S256 ", "S256,plain", "none"] {
            refused(&[("code_challenge_method", method)]);
        }
        refused(&[("code_challenge_method", "S256"), ("code_challenge_method", "plain")]);
        refused(&[("code_challenge_method", "S256"), ("code_challenge_method", "S256")]);
        refused(&[("code_challenge", &good), ("code_challenge", &good)]);
        for wrong in [&good[1..], &format!("{good}A"), &"a".repeat(128), &format!("{}=", &good[..42]), &format!("{}+", &good[..42])] {
            refused(&[("code_challenge", wrong)]);
        }
        refused(&[("code_challenge", &format!("{}/", &good[..42]))]);
        refused(&[("code_challenge", &format!("{}\u{fc}", &good[..42]))]);
    }
}

#[test]
fn a_parameter_that_comes_twice_is_refused_and_an_empty_one_did_not_come() {
    let (doorward, client) = with_client();
    for name in ["response_type", "scope", "code_challenge", "code_challenge_method", "response_mode"] {
        let url = format!("{}&{name}=x&{name}=x", client.authorize_url(&[]));
        assert_eq!(told(doorward, &client, &url), "invalid_request", "{name}");
    }
    for name in ["client_id", "redirect_uri", "state"] {
        for more in [format!("&{name}=x"), format!("&{name}=")] {
            let answer = doorward.owner().get(&format!("{}{more}", client.authorize_url(&[])));
            assert_eq!((answer.status, answer.header("location")), (400, None), "{more}");
        }
    }
    let url = format!("{}&response_mode=&scope=&resource=&prompt=&request=&request_uri=&nonce=", client.authorize_url(&[]));
    assert_eq!(doorward.owner().get(&url).status, 200);
    assert_eq!(doorward.owner().get(&client.authorize_url(&[("client_id", "")])).status, 400);
}

#[test]
fn parameters_that_nobody_knows_change_nothing() {
    let (doorward, client) = with_client();
    let more = [
        ("access_type", "offline"),
        ("audience", "https://evil.test"),
        ("claims", "{\"id_token\":{}}"),
        ("nonce", "n"),
        ("login_hint", "<script>alert(1)</script>"),
        ("ui_locales", "xx"),
        ("acr_values", "9"),
        ("display", "popup"),
        ("max_age", "-1"),
        ("id_token_hint", "x"),
        ("Client_Id", "other"),
    ];
    let page = doorward.owner().get(&client.authorize_url(&more));
    assert_eq!(page.status, 200);
    assert!(!page.text().contains("alert(1)") && !page.text().contains("evil.test"));
}

#[test]
fn denying_tells_the_client_and_grants_nothing() {
    let doorward = doorward();
    let metadata = json!({ "token_endpoint_auth_method": "none", "client_name": "Denied" });
    let client = Client::register_as(doorward, CALLBACK, metadata);
    let mut owner = doorward.owner();
    let consent = owner.get(&client.authorize_url(&[]));
    for _ in 0..2 {
        let location = press(&mut owner, &consent, "deny");
        assert_eq!(http::parameter(&location, "error").as_deref(), Some("access_denied"));
        assert_eq!(http::parameter(&location, "state").as_deref(), Some("the-state"));
        assert_eq!(http::parameter(&location, "iss"), Some(doorward.origin()));
        assert_eq!(http::parameter(&location, "code"), None);
    }
    let late = owner.submit(&browser::form(&consent, "/consent").set("decision", "approve"));
    assert_eq!((late.status, late.header("location")), (400, None), "a denied request cannot be approved any more");
    assert!(!doorward.json(&["connection", "list"]).to_string().contains("Denied"));
    let code = http::parameter(&approve(&mut owner, &client.authorize_url(&[])), "code").unwrap();
    Tokens::of(&client.redeem(doorward, &code, &[]));
    assert!(doorward.json(&["connection", "list"]).to_string().contains("Denied"), "a connection would have been seen");
}

#[test]
fn approving_twice_gives_the_same_code_until_it_is_used_and_no_code_after() {
    let (doorward, client) = with_client();
    let mut owner = doorward.owner();
    let consent = owner.get(&client.authorize_url(&[]));
    let first = press(&mut owner, &consent, "approve");
    assert_eq!(press(&mut owner, &consent, "approve"), first);
    let denied = owner.submit(&browser::form(&consent, "/consent").set("decision", "deny"));
    assert_eq!((denied.status, denied.header("location")), (400, None));
    let tokens = Tokens::of(&client.redeem(doorward, &http::parameter(&first, "code").unwrap(), &[]));
    let again = owner.submit(&browser::form(&consent, "/consent").set("decision", "approve"));
    assert_eq!((again.status, again.header("location")), (200, None));
    assert!(again.text().contains("Already done") && !again.text().contains("code="), "{}", again.text());
    assert_eq!(call(doorward, "/mcp", &tokens.access).status, 200, "a reload takes nothing back");
}

#[test]
fn twenty_clicks_at_once_give_one_code() {
    let (doorward, client) = with_client();
    let mut owner = doorward.owner();
    let consent = owner.get(&client.authorize_url(&[]));
    let form = browser::form(&consent, "/consent").set("decision", "approve");
    let clicks: Vec<_> = (0..20)
        .map(|_| {
            let (mut browser, form) = (owner.clone(), form.clone());
            std::thread::spawn(move || browser.submit(&form).location())
        })
        .collect();
    let mut locations: Vec<String> = clicks.into_iter().map(|click| click.join().unwrap()).collect();
    locations.dedup();
    assert_eq!(locations.len(), 1, "{locations:?}");
    assert_eq!(client.redeem(doorward, &http::parameter(&locations[0], "code").unwrap(), &[]).status, 200);
}

#[test]
fn two_flows_in_two_tabs_end_each_at_its_own_client() {
    let doorward = doorward();
    let one = Client::register(doorward);
    let other = Client::register_as(doorward, "https://client.test/cb", json!({ "token_endpoint_auth_method": "none" }));
    let mut owner = doorward.owner();
    let pages = [owner.get(&one.authorize_url(&[("state", "1")])), owner.get(&other.authorize_url(&[("state", "2")]))];
    let second = press(&mut owner, &pages[1], "approve");
    let first = press(&mut owner, &pages[0], "approve");
    assert!(first.starts_with(CALLBACK) && second.starts_with("https://client.test/cb?"), "{first} {second}");
    assert_eq!((http::parameter(&first, "state"), http::parameter(&second, "state")), (Some("1".into()), Some("2".into())));
    let codes = [&first, &second].map(|location| http::parameter(location, "code").unwrap());
    assert_eq!(one.redeem(doorward, &codes[1], &[]).error(), (400, "invalid_grant".into()), "the other's code");
    let tokens = Tokens::of(&one.redeem(doorward, &codes[0], &[]));
    assert_eq!(other.redeem(doorward, &codes[1], &[]).status, 200);
    assert_eq!(call(doorward, "/mcp", &tokens.access).status, 200);
}

#[test]
fn a_loopback_address_matches_with_any_port_and_in_nothing_else() {
    let doorward = doorward();
    let client = Client::register_as(doorward, "http://127.0.0.1:7777/cb?a=1", json!({ "token_endpoint_auth_method": "none" }));
    let mut owner = doorward.owner();
    for good in ["http://127.0.0.1:7777/cb?a=1", "http://127.0.0.1:1/cb?a=1", "http://127.0.0.1:65535/cb?a=1", "http://127.0.0.1/cb?a=1"] {
        let location = approve(&mut owner, &client.authorize_url(&[("redirect_uri", good)]));
        assert!(location.starts_with(&format!("{good}&code=")), "{location}");
        let code = http::parameter(&location, "code").unwrap();
        assert_eq!(client.redeem(doorward, &code, &[("redirect_uri", "http://127.0.0.1:2/cb?a=1")]).error().1, "invalid_grant");
        assert_eq!(client.redeem(doorward, &code, &[("redirect_uri", good)]).status, 200, "{good}");
    }
    for bad in [
        "http://127.0.0.1:0/cb?a=1",
        "http://127.0.0.1:65536/cb?a=1",
        "http://127.0.0.1:080/cb?a=1",
        "http://127.0.0.1:+80/cb?a=1",
        "http://127.0.0.1:/cb?a=1",
        "http://127.0.0.1:99999999999/cb?a=1",
        "http://127.0.0.1:7777/cb",
        "http://127.0.0.1:7777/cb?a=2",
        "http://127.0.0.1:7777/cb?a=1&b=2",
        "http://127.0.0.1:7777/cb/?a=1",
        "http://127.0.0.1:7777/CB?a=1",
        "http://127.0.0.1:7777/%63b?a=1",
        "http://127.0.0.1:7777/cb?a=1#x",
        "https://127.0.0.1:7777/cb?a=1",
        "http://localhost:7777/cb?a=1",
        "http://[::1]:7777/cb?a=1",
        "http://127.0.0.2:7777/cb?a=1",
        "http://x@127.0.0.1:7777/cb?a=1",
        "http://127.0.0.1.evil.test:7777/cb?a=1",
    ] {
        let refused = owner.get(&client.authorize_url(&[("redirect_uri", bad)]));
        assert_eq!((refused.status, refused.header("location")), (400, None), "{bad}");
    }
}

#[test]
fn an_address_that_is_left_out_is_the_only_one_there_is() {
    let doorward = doorward();
    let only = Client::register(doorward);
    let location = approve(&mut doorward.owner(), &only.authorize_url(&[("redirect_uri", "")]));
    assert!(location.starts_with(&format!("{CALLBACK}?code=")), "{location}");
    let code = http::parameter(&location, "code").unwrap();
    assert_eq!(only.redeem(doorward, &code, &[("redirect_uri", "")]).status, 200);
    let metadata = json!({ "redirect_uris": [CALLBACK, "https://client.test/cb"], "token_endpoint_auth_method": "none" });
    let id = http::post_json(doorward.address, "/register", &metadata).json()["client_id"].as_str().unwrap().to_owned();
    let several = Client { id, secret: None, redirect_uri: String::new() };
    let refused = doorward.owner().get(&several.authorize_url(&[("redirect_uri", "")]));
    assert_eq!((refused.status, refused.header("location")), (400, None));
}

#[test]
fn the_query_of_a_registered_address_is_kept_as_it_is() {
    let doorward = doorward();
    let uri = "https://client.test/cb?a=1&flag&b=%ff&c=%2F";
    let client = Client::register_as(doorward, uri, json!({ "token_endpoint_auth_method": "none" }));
    for decision in ["approve", "deny"] {
        let mut owner = doorward.owner();
        let consent = owner.get(&client.authorize_url(&[]));
        let location = press(&mut owner, &consent, decision);
        assert!(location.starts_with(&format!("{uri}&")), "{location}");
    }
}

#[test]
fn head_and_options_begin_nothing_and_other_methods_are_not_there() {
    let (doorward, client) = with_client();
    let mut owner = doorward.owner();
    let head = owner.exchange("HEAD", &client.authorize_url(&[]), &[], b"");
    assert_eq!((head.status, head.body.len(), head.header("location")), (200, 0, None));
    let unproven = owner.exchange("HEAD", &client.authorize_url(&[("redirect_uri", "https://evil.test/")]), &[], b"");
    assert_eq!((unproven.status, unproven.header("location")), (200, None));
    let options = owner.exchange("OPTIONS", &client.authorize_url(&[]), &[("Origin", "https://x.test")], b"");
    assert_eq!((options.status, options.header("access-control-allow-origin")), (204, None));
    for method in ["PUT", "DELETE"] {
        let refused = owner.exchange(method, &client.authorize_url(&[]), &[], b"");
        assert_eq!(refused.error().0, 405, "{method}");
        assert_eq!(refused.header("allow"), Some("GET, POST, HEAD"), "{method}");
    }
}

#[test]
fn a_user_without_the_server_is_not_asked_and_the_client_is_told() {
    let (doorward, client) = with_client();
    doorward.add_user("guest", PASSWORD, &["--server", "/mcp"]);
    assert!(doorward.run(&["user", "deny", "guest", "/mcp"]).status.success());
    let mut browser = doorward.stranger();
    let page = browser.get(&client.authorize_url(&[]));
    let answer = browser.sign_in(&page, "guest", PASSWORD);
    assert_eq!(http::parameter(&answer.location(), "error").as_deref(), Some("access_denied"));
    assert!(doorward.run(&["user", "allow", "guest", "/mcp"]).status.success());
    let consent = browser.get(&client.authorize_url(&[]));
    assert!(press(&mut browser, &consent, "approve").contains("code="));
}
