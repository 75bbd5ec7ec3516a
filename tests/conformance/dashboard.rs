//! The rooms of somebody who is signed in: what each shows and to whom, what its forms do, and that the server itself
//! refuses what is not theirs.

use crate::support::browser::{self, Browser};
use crate::support::client::{CALLBACK, Client};
use crate::support::http::{self, Response};
use crate::support::{Doorward, PASSWORD, Setup};
use serde_json::{Value, json};

const TWO: &str = "public_url = \"https://mcp.example.com\"\n\
    [[server]]\npath = \"/notes\"\nname = \"Notes\"\nupstream = \"http://127.0.0.1:9/mcp\"\n\
    [server.scopes]\n\"notes:read\" = \"Read your notes\"\n\"notes:write\" = \"Change your notes\"\n\
    [[server]]\npath = \"/files\"\nname = \"Files\"\nupstream = \"http://127.0.0.1:9/mcp\"\n";

/// Two servers; ann owns them, bob may use one.
pub(super) fn house() -> Doorward {
    let doorward = Doorward::with(Setup::config(TWO));
    doorward.add_user("bob", PASSWORD, &["--server", "/notes"]);
    doorward
}

pub(super) fn signed_in(doorward: &Doorward, name: &str) -> Browser {
    let mut browser = Browser::new(doorward.address);
    let page = browser.get("/signin");
    assert_eq!(browser.sign_in(&page, name, PASSWORD).status, 200);
    browser
}

#[test]
fn the_connect_page_has_the_address_and_the_way_into_each_app() {
    let doorward = house();
    let mut owner = signed_in(&doorward, "ann");
    let text = browser::unescape(&owner.get("/connect?server=/files").text());
    for shown in [
        "https://mcp.example.com/files",
        "claude mcp add --transport http files https://mcp.example.com/files",
        "cursor://anysphere.cursor-deeplink/mcp/install?name=files&config=",
        "vscode:mcp/install?",
        "aria-label=\"QR code of the address\"",
        "https://mcp.example.com/authorize",
        "ChatGPT",
        "Insomnia",
    ] {
        assert!(text.contains(shown), "{shown} is missing: {text}");
    }
    assert!(!text.contains("cannot reach this address"), "a public address is for everybody");
    assert!(owner.get("/connect").text().contains("mcp.example.com&#x2f;notes"), "the first is shown when none is named");
}

#[test]
fn an_address_that_only_this_machine_reaches_is_said_to_be_one() {
    let doorward = Doorward::start();
    let text = signed_in(&doorward, "ann").get("/connect").text();
    assert!(text.contains("Only the machine that doorward runs on") && text.contains("Claude connects from the internet and cannot reach"));
    assert!(!text.contains("<svg viewBox=\"0 0 3"), "a code of it would be of use to nobody");
}

#[test]
fn nobody_is_shown_a_server_that_they_may_not_use() {
    let doorward = house();
    let mut bob = signed_in(&doorward, "bob");
    assert_eq!(bob.get("/connect?server=/notes").status, 200);
    for path in ["/", "/connect"] {
        assert!(!bob.get(path).text().contains("files"), "{path}");
    }
    let (theirs, none) = (bob.get("/connect?server=/files"), bob.get("/connect?server=/nothing"));
    assert_eq!((theirs.status, none.status), (404, 404));
    assert_eq!(theirs.body, none.body, "a server that is not theirs is like one that is not there");
}

#[test]
fn a_page_asked_for_before_sign_in_is_shown_after_it() {
    let doorward = house();
    let mut browser = Browser::new(doorward.address);
    let page = browser.get("/connect?server=/files");
    let form = browser::form(&page, "/signin").set("username", "ann").set("password", PASSWORD);
    let answer = browser.submit(&form);
    assert_eq!((answer.status, answer.location().as_str()), (303, "/connect?server=/files"));
}

/// Has `name` let an app in, and gives the app's client and its access token.
pub(super) fn let_in(doorward: &Doorward, name: &str, client_name: &str) -> (Client, String) {
    let client = Client::register_as(doorward, CALLBACK, json!({ "token_endpoint_auth_method": "none", "client_name": client_name }));
    let mut browser = signed_in(doorward, name);
    let page = browser.get(&client.authorize_url(&[("resource", "https://mcp.example.com/notes")]));
    let location = browser.submit(&browser::form(&page, "/consent").set("decision", "approve")).location();
    let tokens = client.redeem(doorward, &http::parameter(&location, "code").unwrap(), &[]);
    (client, tokens.json()["access_token"].as_str().unwrap().to_owned())
}

/// True while the gate lets the token through to the upstream, which is not there.
pub(super) fn is_let_through(doorward: &Doorward, token: &str) -> bool {
    let call = http::send(doorward.address, "POST", "/notes", &[("Authorization", &format!("Bearer {token}"))], b"{}");
    assert!(matches!(call.status, 401 | 502), "{}", call.status);
    call.status == 502
}

/// The form for `action` on a page that holds `text` in its entry.
pub(super) fn form_beside(page: &Response, text: &str, action: &str) -> browser::Form {
    let html = page.text();
    let mut entries = html.split("<li>").filter_map(|rest| rest.split("</li>").next());
    let entry = entries.find(|entry| entry.contains(text)).unwrap_or_else(|| panic!("{text} is not there: {html}"));
    browser::form(&Response { body: entry.as_bytes().to_vec(), ..page.clone() }, action)
}

#[test]
fn each_sees_and_revokes_what_they_let_in_and_an_owner_everything() {
    let doorward = house();
    let (_, anns) = let_in(&doorward, "ann", "Of Ann");
    let (_, bobs) = let_in(&doorward, "bob", "Of Bob");
    assert!(is_let_through(&doorward, &anns) && is_let_through(&doorward, &bobs));
    let (mut ann, mut bob) = (signed_in(&doorward, "ann"), signed_in(&doorward, "bob"));
    let (of_ann, of_bob) = (ann.get("/"), bob.get("/"));
    let text = browser::unescape(&of_ann.text());
    for shown in ["Of Ann", "Of Bob", "of <bdi>bob</bdi>", "Read your notes", "It chose this name itself.", "just now from this machine"] {
        assert!(text.contains(shown) || (shown.contains("this machine") && text.contains("just now from 127.0.0.1")), "{shown}: {text}");
    }
    assert!(of_bob.text().contains("Of Bob") && !of_bob.text().contains("Of Ann"));
    let foreign = form_beside(&of_ann, "Of Ann", "/connections/revoke").fields.iter().find(|(name, _)| name == "id").unwrap().1.clone();
    let refused = bob.submit(&form_beside(&of_bob, "Of Bob", "/connections/revoke").set("id", &foreign));
    let unknown = bob.submit(&form_beside(&of_bob, "Of Bob", "/connections/revoke").set("id", "conn_nothing"));
    assert_eq!((refused.status, refused.body), (404, unknown.body), "what is another's is like what is not there");
    assert!(is_let_through(&doorward, &anns));
    assert_eq!(ann.submit(&form_beside(&of_ann, "Of Bob", "/connections/revoke")).status, 303);
    assert!(!is_let_through(&doorward, &bobs) && is_let_through(&doorward, &anns), "the owner ends anybody's, and no other");
    let log = String::from_utf8(doorward.run(&["log", "--json"]).stdout).unwrap();
    let revoked = log.lines().find(|line| line.contains("\"connection_revoked\"")).unwrap();
    assert!(revoked.contains("\"by\":\"ann\"") && revoked.contains("\"user\":\"bob\""), "{revoked}");
}

#[test]
fn all_of_ones_own_end_together_and_everything_only_for_an_owner() {
    let doorward = house();
    let tokens = |name: &str| (0..2).map(|number| let_in(&doorward, name, &format!("{name} {number}")).1).collect::<Vec<_>>();
    let (anns, bobs) = (tokens("ann"), tokens("bob"));
    let mut bob = signed_in(&doorward, "bob");
    let home = bob.get("/");
    assert_eq!(bob.submit(&browser::form(&home, "/connections/revoke-mine")).status, 303);
    assert!(bobs.iter().all(|token| !is_let_through(&doorward, token)) && anns.iter().all(|token| is_let_through(&doorward, token)));
    let carols = let_in(&doorward, "bob", "once more").1;
    let mut ann = signed_in(&doorward, "ann");
    let home = ann.get("/");
    assert_eq!(ann.submit(&browser::form(&home, "/connections/revoke-everything")).status, 303);
    assert!(anns.iter().chain([&carols]).all(|token| !is_let_through(&doorward, token)));
    assert_eq!(doorward.json(&["connection", "list"]), json!([]));
}

#[test]
fn what_was_done_is_said_once_and_in_no_words_but_ours() {
    let doorward = Doorward::start();
    let mut owner = signed_in(&doorward, "ann");
    let client = Client::register(&doorward);
    let page = owner.get(&client.authorize_url(&[]));
    let location = owner.submit(&browser::form(&page, "/consent").set("decision", "approve")).location();
    let tokens = client.redeem(&doorward, &http::parameter(&location, "code").unwrap(), &[]);
    assert!(location.starts_with(CALLBACK) && tokens.status == 200);
    let home = owner.get("/");
    let answer = owner.submit(&browser::form(&home, "/connections/revoke"));
    assert_eq!(answer.location(), "/");
    assert!(owner.get("/").text().contains("role=\"status\""));
    assert!(!owner.get("/").text().contains("role=\"status\""), "once");
    for planted in ["<b>Pay up</b>", "revoked2", ""] {
        owner.cookies.push(("doorward_said".into(), planted.into()));
        let page = owner.get("/");
        assert!(!page.text().contains("role=\"status\"") && !page.text().contains("Pay up"));
        owner.cookies.retain(|(name, _)| name != "doorward_said");
    }
}

/// Every room and form that is for owners alone. A test of the routes counts them.
const FOR_OWNERS: [(&str, &str); 21] = [
    ("GET", "/users"),
    ("POST", "/users/add"),
    ("POST", "/users/invite"),
    ("POST", "/users/reset"),
    ("POST", "/users/allow"),
    ("POST", "/users/deny"),
    ("POST", "/users/disable"),
    ("POST", "/users/enable"),
    ("POST", "/users/remove"),
    ("GET", "/servers"),
    ("POST", "/servers/pause"),
    ("POST", "/servers/resume"),
    ("POST", "/servers/pause-everything"),
    ("POST", "/servers/resume-everything"),
    ("GET", "/trace"),
    ("GET", "/clients"),
    ("POST", "/clients/add"),
    ("POST", "/clients/remove"),
    ("POST", "/clients/pause"),
    ("POST", "/clients/resume"),
    ("POST", "/connections/revoke-everything"),
];

/// Every form of anybody who is signed in. A test of the routes counts them, too.
const FOR_ANYBODY: [(&str, &str); 9] = [
    ("POST", "/consent"),
    ("POST", "/device"),
    ("POST", "/signout"),
    ("POST", "/settings/password"),
    ("POST", "/connections/limit"),
    ("POST", "/connections/revoke"),
    ("POST", "/connections/revoke-mine"),
    ("POST", "/keys/add"),
    ("POST", "/keys/revoke"),
];

#[test]
fn no_form_is_accepted_that_did_not_come_from_a_page_of_this_browser() {
    let doorward = house();
    let (mut ann, mut bob) = (signed_in(&doorward, "ann"), signed_in(&doorward, "bob"));
    let token = browser::form(&ann.get("/"), "/signout").fields[0].1.clone();
    let anothers = browser::form(&bob.get("/"), "/signout").fields[0].1.clone();
    let state = || ["user", "client", "server", "key"].map(|noun| doorward.json(&[noun, "list"]));
    let before = state();
    for (_, path) in FOR_OWNERS.iter().chain(&FOR_ANYBODY).filter(|(method, _)| *method == "POST") {
        let fields = |token: &str| {
            let common = [("csrf", token), ("name", "bob"), ("path", "/notes"), ("server", "/notes"), ("preset", "claude")];
            http::encode(&common.map(|(name, value)| (name, value)))
        };
        let form = ("Content-Type", "application/x-www-form-urlencoded");
        for (token, kind, site, origin) in [
            ("", form, "same-origin", "null"),
            ("x", form, "same-origin", "null"),
            (anothers.as_str(), form, "same-origin", "null"),
            (token.as_str(), form, "cross-site", "https://evil.test"),
            (token.as_str(), form, "same-site", "null"),
            (token.as_str(), form, "same-origin", "https://evil.test"),
            (token.as_str(), ("Content-Type", "text/plain"), "same-origin", "null"),
        ] {
            let answer = ann.exchange("POST", path, &[kind, ("Sec-Fetch-Site", site), ("Origin", origin)], fields(token).as_bytes());
            assert_eq!(answer.status, 403, "{path} {token:?} {kind:?} {site} {origin}");
            assert!(answer.text().contains("This form was not accepted"), "{path}: {}", answer.text());
        }
        let mut nobody = Browser::new(doorward.address);
        assert_eq!(nobody.exchange("POST", path, &[form], fields(&token).as_bytes()).status, 403, "{path}");
    }
    assert_eq!(state(), before, "and nothing was changed");
    assert_eq!(ann.get("/").status, 200, "nobody was signed out");
}

#[test]
fn what_is_for_owners_is_refused_to_others_by_the_server_itself() {
    let doorward = house();
    let (mut ann, mut bob) = (signed_in(&doorward, "ann"), signed_in(&doorward, "bob"));
    let token = browser::form(&bob.get("/"), "/signout").fields[0].1.clone();
    for (method, path) in FOR_OWNERS {
        let body = http::encode(&[("csrf", &token), ("id", "x"), ("name", "ann"), ("path", "/notes")]);
        for kind in ["application/x-www-form-urlencoded", "application/json"] {
            let headers = [("Content-Type", kind), ("Origin", "null"), ("Sec-Fetch-Site", "same-origin")];
            let answer = bob.exchange(method, path, &headers, if method == "GET" { b"" } else { body.as_bytes() });
            assert_eq!(answer.status, 403, "{method} {path} {kind}");
        }
        for other in ["PUT", "DELETE", "HEAD", "POST", "GET"] {
            let answer = bob.exchange(other, path, &[], b"");
            assert!(matches!(answer.status, 403 | 405), "{other} {path}: {}", answer.status);
        }
        if method == "GET" {
            assert_eq!(ann.get(path).status, 200, "{path}");
            assert!(!bob.get("/").text().contains(&format!("href=\"{path}\"")), "nobody is shown a way that is closed");
        }
    }
}

#[test]
fn the_servers_page_shows_the_owner_where_each_really_is() {
    let doorward = house();
    let text = browser::unescape(&signed_in(&doorward, "ann").get("/servers").text());
    for shown in ["Notes", "https://mcp.example.com/notes", "http://127.0.0.1:9/mcp", "Change your notes", "Files"] {
        assert!(text.contains(shown), "{shown}");
    }
}

/// What is to be copied on a page, by the id of its box.
pub(super) fn copied(page: &Response, id: &str) -> String {
    let html = page.text();
    let rest = html.split(&format!("id=\"{id}\"><bdi>")).nth(1).unwrap_or_else(|| panic!("no {id}: {html}"));
    browser::unescape(rest.split("</bdi>").next().unwrap())
}

#[test]
fn an_owner_enters_an_app_by_its_platform_and_its_secret_is_shown_once_and_works() {
    let doorward = Doorward::start();
    let mut owner = signed_in(&doorward, "ann");
    let page = owner.get("/clients");
    let form = browser::form(&page, "/clients/add").set("preset", "claude-both").set("secret", "yes");
    let added = owner.submit(&form);
    assert_eq!((added.status, added.header("cache-control")), (200, Some("no-store")));
    let (id, secret) = (copied(&added, "client-id"), copied(&added, "client-secret"));
    let reloaded = owner.submit(&form);
    assert!(reloaded.status == 409 && !reloaded.text().contains("dwcs_"), "a reload makes no second one: {}", reloaded.text());
    assert_eq!(doorward.json(&["client", "list"]).as_array().unwrap().len(), 1);
    assert_eq!(copied(&added, "token-url"), format!("{}/token", doorward.origin()));
    let list = owner.get("/clients");
    assert!(list.text().contains(&id) && !list.text().contains(&secret), "the secret is nowhere any more");
    for address in ["https://claude.ai/api/mcp/auth_callback", "http://localhost:6277/callback", "http://localhost:6279/callback"] {
        assert!(browser::unescape(&list.text()).contains(address), "{address}");
    }
    let client = Client { id: id.clone(), secret: Some(secret.clone()), redirect_uri: "http://localhost:6278/callback".into() };
    let location = client.approve(&doorward, &[]);
    let code = http::parameter(&location, "code").unwrap();
    assert_eq!(client.redeem(&doorward, &code, &[("client_secret", "wrong")]).status, 401);
    assert_eq!(client.redeem(&doorward, &code, &[("client_secret", &secret)]).status, 200);
    let removed = owner.submit(&browser::form(&owner.clone().get("/clients"), "/clients/remove"));
    assert_eq!((removed.status, removed.location().as_str()), (303, "/clients"));
    assert_eq!(doorward.json(&["client", "list"]), json!([]));
    assert_eq!(doorward.json(&["connection", "list"]), json!([]), "its connections ended with it");
    let fresh = owner.get("/clients");
    assert_eq!(owner.submit(&browser::form(&fresh, "/clients/add").set("preset", "x").set("id", &id)).status, 400);
    let mut again = browser::form(&page, "/clients/add").set("id", &id);
    again.action = "/clients/remove".into();
    assert_eq!(owner.submit(&again).status, 404, "what is not there cannot be removed");
}

#[test]
fn an_app_of_ones_own_needs_its_addresses_and_what_was_entered_is_kept() {
    let doorward = Doorward::start();
    let mut owner = signed_in(&doorward, "ann");
    let empty = browser::form(&owner.get("/clients"), "/clients/add").set("preset", "custom").set("name", "My <NAS>").set("secret", "");
    for (uris, wrong) in [("", "needs 1 to 10"), ("javascript:alert(1)", "cannot be used"), ("https://a.test/#x", "cannot be used")] {
        let page = owner.submit(&empty.clone().set("redirect_uris", uris));
        let text = browser::unescape(&page.text());
        assert_eq!(page.status, 400, "{uris}");
        assert!(text.contains(wrong) && text.contains("aria-invalid=\"true\"") && text.contains("My <NAS>"), "{uris}: {text}");
        assert!(page.text().contains("value=\"custom\" selected") && page.text().contains("<title>Error: "));
    }
    let added = owner.submit(&empty.set("redirect_uris", "https://nas.test/cb\r\nhttps://nas.test/other\r\n"));
    assert!(added.status == 200 && !added.text().contains("client-secret"), "{}", added.text());
    let client = &doorward.json(&["client", "list"])[0];
    assert_eq!(
        (&client["redirect_uris"], &client["name"]),
        (&json!(["https://nas.test/cb", "https://nas.test/other"]), &json!("My <NAS>"))
    );
}

#[test]
fn however_many_apps_there_are_the_list_stays_readable_and_holds_those_in_use() {
    let doorward = Doorward::start();
    let add = |number: u32| doorward.json(&["client", "add", "--redirect-uri", CALLBACK, "--name", &format!("App {number}")]);
    let first = add(0)["id"].as_str().unwrap().to_owned();
    let client = Client { id: first, secret: None, redirect_uri: CALLBACK.into() };
    assert_eq!(client.redeem(&doorward, &client.code(&doorward), &[]).status, 200);
    (1..103).for_each(|number| drop(add(number)));
    let page = signed_in(&doorward, "ann").get("/clients").text();
    assert_eq!(page.matches("action=\"/clients/remove\"").count(), 100);
    assert!(page.contains("App 0<") && page.contains("3 more that nobody uses"), "those in use come first");
}

/// The form of a person's entry on the page of people.
pub(super) fn of_person(page: &Response, name: &str, action: &str) -> browser::Form {
    let found = browser::forms(page).into_iter().find(|form| form.action == action && form.fields.contains(&("name".into(), name.into())));
    found.unwrap_or_else(|| panic!("no {action} for {name}: {}", page.text()))
}

/// The path and query of a link of ours.
pub(super) fn local(url: &str) -> &str {
    url.split_once("://").unwrap().1.split_once('/').map(|(host, _)| &url[url.find(host).unwrap() + host.len()..]).unwrap()
}

pub(super) fn choose(page: &Response, password: &str) -> browser::Form {
    browser::form(page, "/invite").set("password", password).set("password_again", password)
}

#[test]
fn somebody_invited_chooses_a_password_once_and_is_signed_in() {
    let doorward = house();
    let mut ann = signed_in(&doorward, "ann");
    let form = browser::form(&ann.get("/users"), "/users/add").set("name", "carol@example.com").set("server", "/files");
    let answer = ann.submit(&form);
    assert_eq!((answer.status, answer.header("cache-control")), (200, Some("no-store")), "{}", answer.text());
    let link = copied(&answer, "link");
    assert!(link.starts_with("https://mcp.example.com/invite?token=dwin_") && answer.text().contains("QR code of the link"));
    assert!(!ann.get("/users").text().contains("dwin_"), "the link is nowhere any more");
    assert!(ann.get("/users").text().contains(">invited<"));
    let mut carol = Browser::new(doorward.address);
    let signin = carol.get("/signin");
    let refused = carol.submit(&browser::form(&signin, "/signin").set("username", "carol@example.com").set("password", ""));
    assert_eq!(refused.status, 401, "without a password nobody signs in");
    let page = carol.get(local(&link));
    assert!(page.status == 200 && page.text().contains("carol@example.com"), "{}", page.text());
    assert_eq!(carol.get(local(&link)).status, 200, "looking spends nothing");
    for (password, again) in [("short", "short"), (PASSWORD, "another password"), ("", "")] {
        let refused = carol.submit(&choose(&page, password).set("password_again", again));
        assert!(refused.status == 400 && !refused.text().contains(PASSWORD), "{password}");
    }
    for forged in [choose(&page, PASSWORD).set("csrf", "x"), choose(&page, PASSWORD).set("csrf", "")] {
        assert_eq!(carol.submit(&forged).status, 403);
    }
    let foreign = carol.submit_with(&choose(&page, PASSWORD), &[("Origin", "https://evil.test"), ("Sec-Fetch-Site", "cross-site")]);
    assert_eq!((foreign.status, Browser::new(doorward.address).submit(&choose(&page, PASSWORD)).status), (403, 403));
    let done = carol.submit(&choose(&page, PASSWORD));
    assert_eq!((done.status, done.location().as_str()), (303, "/connect"));
    let connect = carol.get("/connect").text();
    assert!(connect.contains("The address of <bdi>Files</bdi>") && !connect.contains("Notes"), "and may use what was given");
    for spent in [carol.get(local(&link)), carol.submit(&choose(&page, "another password"))] {
        assert!(spent.status == 403 && spent.text().contains("This link does not work"), "once");
    }
    signed_in(&doorward, "carol@example.com");
    let log = String::from_utf8(doorward.run(&["log", "--json"]).stdout).unwrap();
    assert!(log.contains("\"invitation_made\"") && log.contains("\"invitation_accepted\"") && !log.contains("dwin_"), "{log}");
}

#[test]
fn a_link_that_is_old_replaced_forged_or_for_an_account_switched_off_opens_nothing() {
    let doorward = house();
    let link = |name: &str| doorward.json(&["user", "invite", name])["url"].as_str().unwrap().to_owned();
    let (first, second) = (link("bob"), link("bob"));
    let get = |url: &str| http::get(doorward.address, local(url));
    assert_eq!((get(&first).status, get(&second).status), (403, 200), "a newer one takes the place of an older one");
    let other = link("ann");
    for forged in
        ["/invite", "/invite?token=", "/invite?token=x", &local(&second)[..local(&second).len() - 1], &format!("{}x", local(&other))]
    {
        let page = http::get(doorward.address, forged);
        assert!(page.status == 403 && page.body == get(&first).body, "{forged}: all alike");
    }
    assert!(doorward.run(&["user", "disable", "bob"]).status.success());
    assert_eq!(get(&second).status, 403);
    assert!(doorward.run(&["user", "enable", "bob"]).status.success());
    assert_eq!(get(&second).status, 403, "what was made before stays ended");
    let refused = doorward.run(&["user", "invite", "nobody"]);
    assert!(!refused.status.success());
}

#[test]
fn what_an_owner_does_to_an_account_takes_effect_at_once() {
    let doorward = house();
    let (_, token) = let_in(&doorward, "bob", "Of Bob");
    let mut ann = signed_in(&doorward, "ann");
    let mut act = |action: &str| {
        let page = ann.get("/users");
        let answer = ann.submit(&of_person(&page, "bob", action));
        assert_eq!((answer.status, answer.location().as_str()), (303, "/users"), "{action}");
        assert!(ann.get("/users").text().contains("role=\"status\""), "{action} is said to be done");
    };
    act("/users/deny");
    assert!(!is_let_through(&doorward, &token));
    act("/users/allow");
    assert!(!is_let_through(&doorward, &token), "what was taken away stays ended");
    let (_, token) = let_in(&doorward, "bob", "Once more");
    let mut bob = signed_in(&doorward, "bob");
    act("/users/disable");
    assert!(!is_let_through(&doorward, &token) && !bob.get("/").text().contains("Sign out"));
    act("/users/enable");
    assert_eq!(account(&doorward, "bob")["disabled"], false);
    act("/users/remove");
    assert_eq!(doorward.json(&["user", "list"]).as_array().unwrap().len(), 1);
    let page = ann.get("/users");
    assert!(!page.text().contains("action=\"/users/remove\""), "nobody removes themselves by a slip");
    let mut by_hand = browser::form(&page, "/users/add");
    for (action, name, status) in
        [("/users/remove", "ann", 400), ("/users/disable", "ann", 400), ("/users/remove", "bob", 404), ("/users/allow", "ann", 404)]
    {
        by_hand.action = action.into();
        assert_eq!(ann.submit(&by_hand.clone().set("name", name).set("path", "/none")).status, status, "{action} {name}");
    }
    assert_eq!(account(&doorward, "ann")["disabled"], false, "the only owner stays");
    let taken = ann.submit(&browser::form(&page, "/users/add").set("name", "ANN"));
    assert!(taken.status == 400 && taken.text().contains("There is a user ANN already"), "{}", taken.text());
}

pub(super) fn account(doorward: &Doorward, name: &str) -> Value {
    let list = doorward.json(&["user", "list"]);
    list.as_array().unwrap().iter().find(|user| user["name"] == name).unwrap().clone()
}

#[test]
fn ones_own_password_is_changed_with_the_one_before_and_ends_what_it_opened() {
    let doorward = house();
    let (_, token) = let_in(&doorward, "bob", "Of Bob");
    let (mut bob, mut elsewhere) = (signed_in(&doorward, "bob"), signed_in(&doorward, "bob"));
    let page = bob.get("/settings");
    let form = |current: &str, password: &str, again: &str| {
        let form = browser::form(&page, "/settings/password").set("current", current);
        // What is not asked for is not read.
        form.set("password", password).set("password_again", again).set("name", "ann").set("owner", "yes").set("username", "ann")
    };
    for (current, password, again, field) in [
        ("wrong", "entirely different", "entirely different", "current"),
        ("", "entirely different", "entirely different", "current"),
        (PASSWORD, "short", "short", "password"),
        (PASSWORD, "entirely different", "entirely otherwise", "password_again"),
    ] {
        let refused = bob.submit(&form(current, password, again));
        assert_eq!(refused.status, 400, "{field}");
        assert!(refused.text().contains(&format!("id=\"{field}-wrong\"")), "{field}: {}", refused.text());
        assert!(!refused.text().contains(PASSWORD) && !refused.text().contains("entirely"), "no password is sent back");
    }
    assert!(is_let_through(&doorward, &token) && elsewhere.get("/").text().contains("Sign out"), "nothing has changed so far");
    let long = "x".repeat(128);
    let done = bob.submit(&form(PASSWORD, &long, &long));
    assert_eq!((done.status, done.location().as_str()), (303, "/settings"));
    assert!(bob.get("/settings").text().contains("role=\"status\""), "this browser stays signed in");
    assert!(!elsewhere.get("/").text().contains("Sign out") && !is_let_through(&doorward, &token));
    let mut again = Browser::new(doorward.address);
    let signin = again.get("/signin");
    assert_eq!(again.sign_in(&signin, "bob", PASSWORD).status, 401);
    assert_eq!(again.sign_in(&signin, "bob", &long).status, 200);
    signed_in(&doorward, "ann");
    assert_eq!(account(&doorward, "bob")["owner"], false);
}

#[test]
fn whoever_guesses_at_an_open_browser_is_held_up_like_at_the_sign_in() {
    let doorward = Doorward::with(Setup::default().limited());
    let mut owner = signed_in(&doorward, "ann");
    let form = browser::form(&owner.get("/settings"), "/settings/password").set("password", "entirely different");
    let form = form.set("password_again", "entirely different").set("current", "wrong");
    let statuses: Vec<u16> = (0..30).map(|_| owner.submit(&form).status).collect();
    assert!(statuses.contains(&429), "{statuses:?}");
}

#[test]
fn an_owner_reads_what_is_configured_and_nobody_else_does() {
    let doorward = house();
    let text = browser::unescape(&signed_in(&doorward, "ann").get("/settings").text());
    for shown in ["https://mcp.example.com", "adopt_known", "30 days", "renewed every 1 hour, over when unused for 90 days"] {
        assert!(text.contains(shown), "{shown}: {text}");
    }
    for shown in ["Every app has to use it.", "With and without a secret.", "or its user chooses.", "Given back, everything ends."] {
        assert!(text.contains(shown), "{shown}: {text}");
    }
    let bobs = signed_in(&doorward, "bob").get("/settings").text();
    assert!(!bobs.contains("adopt_known") && !bobs.contains("90 days") && !bobs.contains("PKCE"));
    // What is set otherwise is said otherwise, and of each server where they differ.
    let strict = "require_resource = true\n[clients]\npublic_only = true\nredirect_hosts = \"listed\"\nadopt_known = false\nwithout_pkce = [\"old.test\"]\n";
    let (first, second) = TWO.split_once("[[server]]\npath = \"/files\"").unwrap();
    let config = format!(
        "{first}[[server]]\npath = \"/files\"{second}refresh = \"reusable\"\nrevoke = \"refresh-only\"\naccess_token = \"never\"\n"
    );
    let (url, servers) = config.split_once('\n').unwrap();
    let doorward = Doorward::with(Setup::config(format!("{url}\n{strict}{servers}")));
    let text = browser::unescape(&signed_in(&doorward, "ann").get("/settings").text());
    for shown in [
        "Without a secret only.",
        "listed hosts only.",
        "They have to register anew.",
        "but for old.test.",
        "By its exact address.",
        "Refresh tokens for Notes",
        "Refresh tokens for Files",
        "One goes on working",
        "until it is revoked",
    ] {
        assert!(text.contains(shown), "{shown}: {text}");
    }
}

#[test]
fn a_name_that_an_owner_gives_is_judged_as_one_that_a_client_gives_itself() {
    let doorward = house();
    let mut owner = signed_in(&doorward, "ann");
    let form = browser::form(&owner.get("/clients"), "/clients/add").set("preset", "custom").set("redirect_uris", "https://nas.test/cb");
    for name in ["x".repeat(121), "a\u{1b}[31mb".into(), "a\u{202e}b".into(), "Doorward sign-in".into()] {
        let page = owner.submit(&form.clone().set("name", &name));
        let text = browser::unescape(&page.text());
        assert_eq!(page.status, 400, "{name:?}");
        assert!(text.contains("Use up to 120 visible characters") && text.contains("id=\"name-wrong\""), "{name:?}: {text}");
        let done = doorward.run(&["client", "add", "--redirect-uri", "https://nas.test/cb", "--name", &name]);
        assert_eq!((done.status.code(), done.stdout.len()), (Some(2), 0), "{name:?}");
        assert!(!done.stderr.contains(&0x1b), "{name:?}");
    }
    assert_eq!(doorward.json(&["client", "list"]), json!([]));
    assert_eq!(owner.submit(&form.set("name", "x".repeat(120).as_str())).status, 200);
}
