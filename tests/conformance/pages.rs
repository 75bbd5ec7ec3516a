//! What people see: set-up, sign-in, consent, messages, the start page. Their security fields, their words, and that
//! nothing in them is ever more than text.

use crate::support::browser::{self, Browser, Form};
use crate::support::client::{CALLBACK, Client};
use crate::support::http::{self, Response};
use crate::support::site::Site;
use crate::support::{Doorward, OWNER, PASSWORD, Setup};
use base64::Engine;
use serde_json::json;
use sha2::Digest;
use std::sync::OnceLock;

static SITE: OnceLock<Site> = OnceLock::new();

const SERVER_NAME: &str = "Notes & <b>more</b>";
const SENTENCE: &str = "Read <i>your</i> \"notes\" {{1234567*7}}";

fn doorward() -> &'static Site {
    SITE.get_or_init(|| Site::shared(|upstream| {
        Setup::config(format!(
            "[[server]]\npath = \"/mcp\"\nname = '{SERVER_NAME}'\nupstream = \"http://{}/mcp\"\n[server.scopes]\n\"read\" = '{SENTENCE}'\n",
            upstream.address
        ))
    }))
}

/// What a page may do: only a form whose answer may in the end lead to a client goes without `form-action`, and only in a
/// room of somebody signed in may the one script run.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Alone,
    ToClient,
    Room,
    /// A room whose script may ask this origin what is new.
    Watching,
}

#[track_caller]
fn assert_is_guarded(page: &Response, status: u16, kind: Kind, what: &str) {
    assert_eq!(page.status, status, "{what}: {}", page.text());
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"), "{what}");
    let policy = page.header("content-security-policy").expect(what);
    for part in ["default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'", "style-src 'self'"] {
        assert!(policy.split("; ").any(|known| known == part), "{what}: {policy}");
    }
    assert!(!policy.contains("unsafe") && !policy.contains('*'), "{what}: {policy}");
    assert_eq!(policy.contains("script-src"), matches!(kind, Kind::Room | Kind::Watching), "{what}: {policy}");
    let asks = policy.split("; ").any(|part| part == "connect-src 'self'");
    assert!(asks == (kind == Kind::Watching) && policy.matches("connect-src").count() == usize::from(asks), "{what}: {policy}");
    assert_eq!(policy.contains("form-action"), kind != Kind::ToClient, "{what}: {policy}");
    assert!(kind == Kind::ToClient || policy.contains("form-action 'self'"), "{what}: {policy}");
    let opener = if kind != Kind::ToClient { "same-origin" } else { "unsafe-none" };
    assert_eq!(page.header("cross-origin-opener-policy"), Some(opener), "{what}");
    assert_eq!(page.header("x-frame-options"), Some("DENY"), "{what}");
    assert_eq!(page.header("x-content-type-options"), Some("nosniff"), "{what}");
    assert_eq!(page.header("referrer-policy"), Some("no-referrer"), "{what}");
    assert_eq!(page.header("cache-control"), Some("no-store"), "{what}");
    assert_is_quiet(page, what);
}

/// The page without the script that its policy allows by hash.
fn without_our_script(page: &Response) -> String {
    let html = page.text();
    let Some((before, rest)) = html.split_once("<script>") else { return html };
    let (script, after) = rest.split_once("</script>").unwrap();
    let hash = base64::engine::general_purpose::STANDARD.encode(sha2::Sha256::digest(script));
    let allowed = page.header("content-security-policy").unwrap().contains(&format!("script-src 'sha256-{hash}'"));
    assert!(allowed && ["eval", "innerHTML", "outerHTML", "insertAdjacent"].iter().all(|word| !script.contains(word)), "{script}");
    assert!(script.matches("fetch(").count() == 1 && script.contains("fetch(arrived.dataset.arrived,"), "{script}");
    format!("{before}{after}")
}

/// No script but ours, no style of its own, nothing loaded from elsewhere, no link out of here but into an app, and the
/// things every page has.
#[track_caller]
fn assert_is_quiet(page: &Response, what: &str) {
    let html = without_our_script(page);
    for tag in tags(&html) {
        let name = tag.split_ascii_whitespace().next().unwrap_or_default();
        assert!(!["script", "style", "iframe", "object", "embed", "img", "base"].contains(&name), "{what}: <{tag}>");
        let attributes = tag.split_ascii_whitespace().skip(1);
        let mut active = attributes.filter(|attribute| attribute.starts_with("on") || ["style=", "http-equiv="].contains(attribute));
        assert_eq!(active.next(), None, "{what}: <{tag}>");
    }
    let references = browser::unescape(&html);
    for reference in ["href=\"", "src=\"", "action=\""] {
        let app = |target: &str| ["cursor://anysphere", "vscode:mcp", "goose://extension"].iter().any(|app| target.starts_with(app));
        let stays = |target: &str| target.starts_with('#') || (target.starts_with('/') && !target.starts_with("//")) || app(target);
        assert!(references.split(reference).skip(1).all(stays), "{what}: {html}");
    }
    assert!(html.starts_with("<!doctype html>"), "{what}");
    for always in ["<html lang=\"en\">", "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">", "<title>", "<h1"] {
        assert!(html.contains(always), "{what} lacks {always}");
    }
    assert!(browser::forms(page).iter().all(|form| form.fields.iter().any(|(name, _)| name == "csrf")), "{what}: a form without a token");
}

/// The tags of a page in lower case, without the values of their attributes.
fn tags(html: &str) -> Vec<String> {
    let mut tags = vec![String::new()];
    let (mut in_tag, mut in_value) = (false, false);
    for character in html.to_lowercase().chars() {
        match character {
            '<' if !in_tag => in_tag = true,
            '"' if in_tag => in_value = !in_value,
            '>' if in_tag && !in_value => {
                in_tag = false;
                tags.push(String::new());
            }
            _ if in_tag && !in_value => tags.last_mut().unwrap().push(character),
            _ => {}
        }
    }
    tags
}

#[test]
fn every_page_is_guarded_whatever_its_status() {
    let doorward = doorward();
    let client = Client::register(doorward);
    let (mut owner, mut stranger) = (doorward.owner(), doorward.stranger());
    let signin = stranger.get(&client.authorize_url(&[]));
    assert_is_guarded(&signin, 200, Kind::ToClient, "sign-in for a client");
    assert_is_guarded(&stranger.get("/signin"), 200, Kind::ToClient, "sign-in");
    assert_is_guarded(&stranger.get("/"), 200, Kind::ToClient, "start page of a stranger");
    let wrong = browser::form(&signin, "/signin").set("username", "x").set("password", "x");
    assert_is_guarded(&stranger.submit(&wrong), 401, Kind::ToClient, "wrong password");
    assert_is_guarded(&stranger.submit(&wrong.set("csrf", "x")), 403, Kind::ToClient, "stale sign-in");
    assert_is_guarded(&owner.get(&client.authorize_url(&[])), 200, Kind::ToClient, "consent");
    assert_is_guarded(&owner.get("/"), 200, Kind::Room, "start page");
    assert_is_guarded(&owner.get("/connect"), 200, Kind::Watching, "connect");
    assert_is_guarded(&stranger.get("/connect"), 200, Kind::ToClient, "connect, for a stranger");
    assert_is_guarded(&owner.get("/connect?server=/none"), 404, Kind::Alone, "connect to nothing");
    assert_is_guarded(&owner.get("/authorize?client_id=x"), 400, Kind::Alone, "unknown client");
    assert_is_guarded(&owner.get(&client.authorize_url(&[("redirect_uri", "https://evil.test/")])), 400, Kind::Alone, "bad redirect");
    assert_is_guarded(&owner.get("/setup"), 403, Kind::Alone, "closed setup");
    assert_is_guarded(&stranger.get("/invite"), 403, Kind::Alone, "no invitation");
    for room in ["/servers", "/clients", "/users", "/settings"] {
        assert_is_guarded(&owner.get(room), 200, Kind::Room, room);
        assert_is_guarded(&stranger.get(room), 200, Kind::ToClient, room);
    }
    assert_is_guarded(&owner.exchange("GET", "/nothing", &[("Accept", "text/html")], b""), 404, Kind::Alone, "nothing there");
    let token = browser::form(&owner.get("/"), "/signout").fields[0].1.clone();
    let form = |action: &str, fields: &[(&str, &str)]| Form {
        action: action.into(),
        fields: fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
    };
    for action in ["/consent", "/signout", "/connections/revoke"] {
        assert_is_guarded(&owner.submit(&form(action, &[])), 403, Kind::Alone, action);
        assert_is_guarded(&stranger.submit(&form(action, &[])), 403, Kind::Alone, action);
    }
    assert_is_guarded(&owner.submit(&form("/consent", &[("csrf", &token)])), 400, Kind::Alone, "no flow");
    assert_is_guarded(&owner.submit(&form("/connections/revoke", &[("csrf", &token)])), 404, Kind::Alone, "no connection");
    let broken = stranger.exchange("POST", "/signin", &[("Content-Type", "text/plain")], b"username=x");
    assert_is_guarded(&broken, 400, Kind::Alone, "a broken form");
}

#[test]
fn pages_are_never_framed_kept_or_followed_by_what_a_form_held() {
    let doorward = doorward();
    let client = Client::register(doorward);
    let mut owner = doorward.owner();
    let consent = owner.get(&client.authorize_url(&[]));
    for decision in ["deny", "approve"] {
        let consent = if decision == "deny" { owner.get(&client.authorize_url(&[])) } else { consent.clone() };
        let answer = owner.submit(&browser::form(&consent, "/consent").set("decision", decision));
        assert_eq!((answer.status, answer.body.len()), (303, 0), "no 307, no 308, nothing to read");
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        let flow = browser::form(&consent, "/consent").fields.into_iter().find(|(name, _)| name == "flow").unwrap().1;
        assert!(!answer.location().contains(&flow) && !answer.location().contains("csrf"));
    }
}

#[test]
fn the_sign_in_page_begins_at_the_name_and_says_what_was_wrong_where_it_is_heard() {
    let doorward = doorward();
    doorward.add_user("bob@example.com", PASSWORD, &[]);
    let mut browser = doorward.stranger();
    let page = browser.get("/signin");
    let html = page.text();
    let inputs = || html.split('<').filter(|tag| tag.starts_with("input "));
    let focused: Vec<&str> = inputs().filter(|tag| tag.contains(" autofocus")).collect();
    assert!(
        matches!(focused.as_slice(), [only] if only.contains("name=\"username\"") && only.contains("autocomplete=\"username\"")),
        "{html}"
    );
    assert!(inputs().any(|tag| tag.contains("type=\"password\"") && tag.contains("autocomplete=\"current-password\"")));
    assert!(html.contains("Name or e-mail") && !html.contains("role=\"alert\""));
    let form = browser::form(&page, "/signin").set("username", "bob@example.com");
    let wrong = browser.submit(&form.clone().set("password", "wrong password"));
    let text = wrong.text();
    assert_eq!(wrong.status, 401);
    assert!(text.contains("role=\"alert\" id=\"error\"") && text.contains("aria-describedby=\"error\""), "{text}");
    assert!(text.contains("value=\"bob@example.com\"") && !text.contains("wrong password"), "the name stays, the password does not");
    let right = browser.submit(&browser::form(&wrong, "/signin").set("username", "bob@example.com").set("password", PASSWORD));
    assert_eq!(right.status, 303);
    assert!(browser.get("/").text().contains("bob@example.com"));
}

#[test]
fn the_consent_page_says_who_asks_where_the_answer_goes_for_what_and_as_whom() {
    let doorward = doorward();
    let mut owner = doorward.owner();
    for (uri, destination) in [
        ("https://app.client.test/oauth/cb", "app.client.test"),
        ("http://localhost:7777/callback", "a program on this device, port"),
        ("cursor://anysphere.cursor-mcp/oauth/callback", "cursor://anysphere.cursor-mcp"),
        ("com.example.app:/cb", "com.example.app:"),
    ] {
        let client = Client::register_as(doorward, uri, json!({ "token_endpoint_auth_method": "none", "client_name": "Claude" }));
        let page = owner.get(&client.authorize_url(&[]));
        let text = browser::unescape(&page.text());
        let (resource, id) = (doorward.resource(), client.id.as_str());
        let words =
            ["Claude", "The app chose this name", "It registered itself", destination, uri, id, resource.as_str(), SERVER_NAME, SENTENCE];
        for word in
            words.iter().chain(&[OWNER, "90 days", "Approve", "Deny", "Not you?", "Approve only if you started this connection yourself"])
        {
            assert!(text.contains(word), "{uri}: {word} is missing");
        }
        let (shown, name) = (text.find(destination).unwrap(), text.find("Claude").unwrap());
        assert!(shown < name, "the destination comes before every word that the client chose");
    }
    let longest = "W\u{fc}".repeat(60);
    let metadata = json!({ "token_endpoint_auth_method": "none", "client_name": longest });
    let host = format!("https://{}.{}.client.test/cb", "a".repeat(63), "b".repeat(63));
    let client = Client::register_as(doorward, &host, metadata);
    let text = browser::unescape(&owner.get(&client.authorize_url(&[])).text());
    assert!(text.contains(&longest) && text.contains(&host[8..host.len() - 3]), "nothing is cut off");
}

/// Text that would do something if it were taken for more than text.
const PAYLOADS: [&str; 9] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "'-alert(1)-'",
    "</title><svg onload=alert(1)>",
    "</bdi></p><form action=https://evil.test>",
    "{{1234567*7}}",
    "{% raw %}",
    "${1234567*7}",
    "&#x3c;b&#x3e; &lt;b&gt;",
];

/// The page shows a payload as itself, or not at all.
#[track_caller]
fn assert_is_inert(page: &Response, payload: &str, must_show: bool, what: &str) {
    let html = without_our_script(page);
    if payload.contains(['<', '"', '&']) {
        assert!(!html.contains(payload), "{what}: {payload} stands in the page: {html}");
    }
    let lower = html.to_lowercase();
    for never in ["<script", "<img", "<svg on", "<form action=https", "onerror=alert(1)>"] {
        assert!(!lower.contains(never), "{what}: {payload} became {never}");
    }
    let shown = browser::unescape(&html);
    assert!(!must_show || shown.contains(payload), "{what}: {payload} is not shown as it is: {html}");
    assert!(!payload.contains("1234567*7") || !html.contains("8641969"), "{what}: {payload} was calculated");
}

#[test]
fn what_a_client_or_a_link_says_is_text_on_every_page() {
    let doorward = doorward();
    let mut owner = doorward.owner();
    for payload in PAYLOADS {
        let metadata = json!({ "token_endpoint_auth_method": "none", "client_name": payload });
        let client = Client::register_as(doorward, "http://127.0.0.1:7777/'-alert(1)-'", metadata);
        let more = [("state", payload), ("scope", payload), ("login_hint", payload), ("nonce", payload), (payload, "x")];
        let url = client.authorize_url(&more);
        let mut stranger = doorward.stranger();
        let signin = stranger.get(&url);
        assert_is_inert(&signin, payload, true, "client_name on the sign-in page");
        let wrong = browser::form(&signin, "/signin").set("username", payload).set("password", payload).set("csrf", payload);
        assert_is_inert(&stranger.submit(&wrong), payload, false, "fields of a stale sign-in");
        let consent = owner.get(&url);
        assert_is_inert(&consent, payload, true, "client_name on the consent page");
        assert_is_quiet(&consent, payload);
        let location = owner.submit(&browser::form(&consent, "/consent").set("decision", "approve")).location();
        assert_eq!(client.redeem(doorward, &http::parameter(&location, "code").unwrap(), &[]).status, 200);
        let home = owner.get("/");
        assert_is_inert(&home, payload, true, "client_name on the start page");
        assert_is_quiet(&home, payload);
        for (name, value) in [("client_id", payload), ("redirect_uri", payload), ("resource", payload), ("response_type", payload)] {
            let answer = owner.get(&client.authorize_url(&[(name, value)]));
            if answer.status != 303 {
                assert_is_inert(&answer, payload, false, name);
            }
        }
        let query = http::encode(&[("token", payload), ("error", payload), ("error_description", payload), ("message", payload)]);
        for path in ["/", "/signin", "/setup"] {
            assert_is_inert(&owner.get(&format!("{path}?{query}")), payload, false, path);
        }
    }
    let mut stranger = doorward.stranger();
    let page = stranger.get("/signin");
    let wrong = browser::form(&page, "/signin").set("username", PAYLOADS[1]).set("password", PAYLOADS[1]);
    assert_is_inert(&stranger.submit(&wrong), PAYLOADS[1], false, "fields of a refused sign-in");
    let path = owner.exchange("GET", "/%3Cscript%3Ealert(1)%3C/script%3E", &[("Accept", "text/html")], b"");
    assert_is_inert(&path, PAYLOADS[0], false, "a path");
}

#[test]
fn what_the_owner_wrote_in_the_configuration_is_text_too() {
    let doorward = doorward();
    let client = Client::register(doorward);
    let mut owner = doorward.owner();
    for (page, texts) in [
        (owner.get(&client.authorize_url(&[])), vec![SERVER_NAME, SENTENCE]),
        (doorward.stranger().get(&client.authorize_url(&[])), vec![SERVER_NAME]),
        (owner.get("/"), vec![SERVER_NAME]),
    ] {
        for text in texts {
            assert_is_inert(&page, text, true, "configuration");
        }
    }
}

#[test]
fn other_methods_are_refused_everywhere_and_the_answer_names_the_right_ones() {
    let doorward = doorward();
    let all = ["GET", "HEAD", "POST", "PUT", "DELETE"];
    for (path, allowed) in [
        ("/", "GET, HEAD"),
        ("/connect", "GET, HEAD"),
        ("/users", "GET, HEAD"),
        ("/settings/password", "POST"),
        ("/users/remove", "POST"),
        ("/invite", "GET, HEAD, POST"),
        ("/icon.svg", "GET, HEAD"),
        ("/signin", "GET, HEAD, POST"),
        ("/signout", "POST"),
        ("/consent", "POST"),
        ("/connections/revoke", "POST"),
        ("/setup", "GET, HEAD, POST"),
        ("/authorize", "GET, HEAD, POST"),
        ("/style.css", "GET, HEAD"),
        ("/healthz", "GET, HEAD"),
        ("/jwks", "GET, HEAD"),
        ("/token", "POST"),
        ("/revoke", "POST"),
        ("/register", "POST"),
    ] {
        let allowed: Vec<&str> = allowed.split(", ").collect();
        for method in all.iter().filter(|method| !allowed.contains(method)) {
            let answer = http::send(doorward.address, method, path, &[("Accept", "text/html")], b"");
            assert_eq!(answer.status, 405, "{method} {path}");
            let mut named: Vec<&str> = answer.header("allow").unwrap().split(", ").collect();
            named.sort_unstable();
            assert_eq!(named, allowed, "{method} {path}");
        }
        let options = http::send(doorward.address, "OPTIONS", path, &[], b"");
        assert_eq!((options.status, options.body.len()), (204, 0), "{path}");
        for method in ["TRACE", "PATCH", "CONNECT", "PROPFIND", "get"] {
            let answer = http::send(doorward.address, method, path, &[], b"");
            assert!(matches!(answer.status, 400 | 405 | 501), "{method} {path}: {}", answer.status);
        }
    }
}

#[test]
fn what_is_accepted_has_no_influence_on_what_is_served() {
    let doorward = doorward();
    let client = Client::register(doorward);
    let mut browser = doorward.stranger();
    browser.get("/signin");
    let metadata = "/.well-known/oauth-authorization-server";
    for path in [
        &client.authorize_url(&[("redirect_uri", "https://evil.test/")]),
        "/",
        "/connect",
        "/signin",
        "/setup",
        "/token",
        metadata,
        "/healthz",
        "/style.css",
    ] {
        let seen: Vec<_> = ["text/html", "application/json", "text/event-stream", "*/*", "", "image/*;q=0"]
            .iter()
            .map(|accept| {
                let answer = browser.clone().exchange("GET", path, &[("Accept", accept)], b"");
                (answer.status, answer.header("content-type").map(str::to_owned), answer.body)
            })
            .collect();
        assert!(seen.windows(2).all(|pair| pair[0] == pair[1]), "{path}");
    }
}

#[test]
fn files_are_not_served_but_the_stylesheet_and_the_icon_are() {
    let doorward = doorward();
    let style = http::get(doorward.address, "/style.css");
    assert_eq!((style.status, style.header("content-type")), (200, Some("text/css; charset=utf-8")));
    assert_eq!(style.header("x-content-type-options"), Some("nosniff"));
    let text = style.text();
    assert!(!text.contains("url(") && !text.contains("@import") && !text.contains("http"), "the stylesheet loads nothing");
    let icon = http::get(doorward.address, "/icon.svg");
    assert_eq!((icon.status, icon.header("content-type")), (200, Some("image/svg+xml")));
    assert_eq!(icon.header("content-security-policy"), Some("default-src 'none'; frame-ancestors 'none'"));
    for path in [
        "/style.css/",
        "/style.css.map",
        "/templates/layout.html",
        "/.env",
        "/.git/config",
        "/doorward.toml",
        "/run/control.sock",
        "/favicon.ico",
        "/icon.svg.map",
    ] {
        assert_eq!(http::get(doorward.address, path).status, 404, "{path}");
    }
    for path in ["/static/../../etc/passwd", "/%2e%2e/etc/passwd", "/..\\x", "//etc/passwd", "/style.css%00"] {
        assert!(matches!(http::get(doorward.address, path).status, 400 | 404), "{path}");
    }
}

#[test]
fn plain_http_on_a_network_is_warned_of_on_every_page() {
    let mut setup = Setup::default().flag("--public-url", "http://192.168.1.5:8787");
    setup.flags.push("--allow-http".into());
    let doorward = Doorward::with(setup);
    let mut browser = Browser::new(doorward.address);
    browser.host = Some("192.168.1.5:8787".into());
    let signin = browser.get("/signin");
    let home = browser.sign_in(&signin, OWNER, PASSWORD);
    for page in [signin, home, browser.get("/authorize?client_id=x"), browser.get("/setup")] {
        assert!(page.text().contains("class=\"banner\"") && page.text().contains("plain http"), "{}", page.text());
        assert_eq!(page.header("strict-transport-security"), None);
    }
    assert!(!doorward_page().contains("class=\"banner\""));
}

fn doorward_page() -> String {
    doorward().stranger().get("/signin").text()
}

// --- the first run

fn fresh() -> Doorward {
    Doorward::with(Setup { without_owner: true, ..Setup::default() })
}

/// The path and query of a fresh one-time link.
fn setup_link(doorward: &Doorward) -> String {
    let done = doorward.run(&["setup"]);
    assert!(done.status.success());
    let text = String::from_utf8(done.stdout).unwrap();
    let url = text.split_whitespace().find(|word| word.contains("/setup?token=")).expect("a link").to_owned();
    url.strip_prefix(&doorward.origin()).expect("a link to here").to_owned()
}

fn claim(page: &Response, name: &str, password: &str) -> Form {
    browser::form(page, "/setup").set("username", name).set("password", password).set("password_again", password)
}

#[test]
fn before_there_is_an_owner_nothing_can_be_registered_agreed_to_or_called() {
    let doorward = fresh();
    let registered = http::post_json(doorward.address, "/register", &json!({ "redirect_uris": [CALLBACK] }));
    assert_eq!(registered.error(), (503, "temporarily_unavailable".into()));
    assert!(registered.header("retry-after").is_some());
    assert_eq!(registered.header("access-control-allow-origin"), Some("*"));
    let mut browser = Browser::new(doorward.address);
    for target in ["/authorize", "/authorize?client_id=x&response_type=code", "/"] {
        let page = browser.get(target);
        assert_is_guarded(&page, 503, Kind::Alone, target);
        assert!(page.text().contains("doorward setup") && page.header("retry-after").is_some(), "{target}");
    }
    assert_eq!(http::post_form(doorward.address, "/token", &[("grant_type", "authorization_code"), ("client_id", "x")], &[]).status, 401);
    for path in ["/mcp", "/auth/check"] {
        assert_eq!(http::send(doorward.address, "POST", path, &[("Content-Type", "application/json")], b"{}").status, 401, "{path}");
    }
    for (name, password) in [("admin", "admin"), ("admin", "")] {
        let page = browser.get("/signin");
        let answer = browser.submit(&browser::form(&page, "/signin").set("username", name).set("password", password));
        assert_eq!(answer.status, 401, "{name}");
    }
    assert_eq!(doorward.json(&["user", "list"]), json!([]));
}

#[test]
fn only_the_current_link_opens_the_first_run_and_only_once() {
    let doorward = fresh();
    let mut browser = Browser::new(doorward.address);
    let old = setup_link(&doorward);
    let link = setup_link(&doorward);
    let token = link.split_once('=').unwrap().1;
    assert!(token.len() >= 43, "{token}");
    let wrong =
        [&old, "/setup", "/setup?token=", "/setup?token=x", &link[..link.len() - 1], &format!("{link}x"), &format!("{link}&token={token}")];
    for wrong in wrong {
        assert_is_guarded(&browser.get(wrong), 403, Kind::Alone, wrong);
    }
    let page = browser.get(&link);
    assert_is_guarded(&page, 200, Kind::Alone, "setup");
    assert_is_guarded(&browser.get(&link), 200, Kind::Alone, "looking spends nothing");
    for (name, password, again) in [
        ("ann", "short", "short"),
        ("ann", PASSWORD, "another password"),
        ("", PASSWORD, PASSWORD),
        ("<b>", PASSWORD, PASSWORD),
        ("a b", PASSWORD, PASSWORD),
    ] {
        let answer = browser.submit(&claim(&page, name, password).set("password_again", again));
        assert_is_guarded(&answer, 400, Kind::Alone, name);
        assert!(!answer.text().contains(PASSWORD), "a password is never sent back");
    }
    for payload in PAYLOADS {
        assert_is_inert(&browser.submit(&claim(&page, payload, "x")), payload, true, "a name at setup");
    }
    for forged in [claim(&page, "ann", PASSWORD).set("csrf", "x"), claim(&page, "ann", PASSWORD).set("csrf", "")] {
        assert_eq!(browser.submit(&forged).status, 403);
    }
    let cross_site =
        browser.submit_with(&claim(&page, "ann", PASSWORD), &[("Origin", "https://evil.test"), ("Sec-Fetch-Site", "cross-site")]);
    assert_eq!(cross_site.status, 403);
    assert_eq!(Browser::new(doorward.address).submit(&claim(&page, "ann", PASSWORD)).status, 403);
    assert_eq!(browser.submit(&claim(&page, "ann", PASSWORD).set("token", old.split_once('=').unwrap().1)).status, 403);
    assert_eq!(doorward.json(&["user", "list"]), json!([]), "none of this made an account");
    let done = browser.submit(&claim(&page, "ann", PASSWORD));
    assert_eq!((done.status, done.location().as_str()), (303, "/connect"));
    assert!(browser.get("/").text().contains("Signed in as"), "and is signed in");
    assert_is_guarded(&browser.submit(&claim(&page, "bob", PASSWORD)), 403, Kind::Alone, "the same form again");
    assert_is_guarded(&browser.get(&link), 403, Kind::Alone, "the link again");
    assert!(!doorward.run(&["setup"]).status.success(), "there is no link any more");
    let users = doorward.json(&["user", "list"]);
    assert_eq!((users.as_array().unwrap().len(), &users[0]["name"]), (1, &json!("ann")));
    assert_eq!(http::post_json(doorward.address, "/register", &json!({ "redirect_uris": [CALLBACK] })).status, 201);
}

#[test]
fn of_many_who_claim_at_once_one_becomes_the_owner() {
    let mut doorward = fresh();
    let link = setup_link(&doorward);
    let claims: Vec<_> = (0..6)
        .map(|number| {
            let (address, link) = (doorward.address, link.clone());
            std::thread::spawn(move || {
                let mut browser = Browser::new(address);
                let page = browser.get(&link);
                let mut answer = browser.submit(&claim(&page, &format!("claimant{number}"), PASSWORD));
                while answer.status == 503 {
                    answer = browser.submit(&claim(&page, &format!("claimant{number}"), PASSWORD));
                }
                answer.status
            })
        })
        .collect();
    let mut statuses: Vec<u16> = claims.into_iter().map(|claim| claim.join().unwrap()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses.iter().filter(|status| **status == 303).count(), 1, "{statuses:?}");
    assert!(statuses.iter().all(|status| matches!(status, 303 | 403)), "{statuses:?}");
    assert_eq!(doorward.json(&["user", "list"]).as_array().unwrap().len(), 1);
    doorward.kill();
    doorward.start_again();
    assert_eq!(http::get(doorward.address, &link).status, 403, "closed for ever");
    assert_eq!(doorward.json(&["user", "list"]).as_array().unwrap().len(), 1);
}

#[test]
fn when_the_only_account_is_removed_the_first_run_does_not_begin_again_for_strangers() {
    let doorward = fresh();
    let link = setup_link(&doorward);
    doorward.add_user(OWNER, PASSWORD, &[]);
    assert_eq!(http::get(doorward.address, &link).status, 403, "the first account is the owner, so the link is of no use");
    let removed = doorward.run(&["user", "remove", OWNER]);
    let page = http::get(doorward.address, &link);
    assert_eq!(page.status, 403, "an old link stays dead ({})", String::from_utf8_lossy(&removed.stderr));
}
