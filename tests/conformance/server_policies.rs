//! What an owner decides for each server: scopes, how long tokens live, and what becomes of them.
//! RFC 6749 §3.3, §5.1, §6; RFC 7009 §2.1; OAuth 2.1 §4.3.

use crate::support::browser::form;
use crate::support::client::{Client, Tokens, call};
use crate::support::http::{self, Response};
use crate::support::site::Site;
use crate::support::upstream::Upstream;
use crate::support::{Doorward, Setup};
use serde_json::{Value, json};
use std::sync::OnceLock;
use std::thread;
use std::time::Duration;

/// A server with the scopes `read` and `write` and what else is `decided` about it.
fn entry(upstream: &Upstream, path: &str, decided: &str) -> String {
    format!(
        "[[server]]\npath = \"{path}\"\nupstream = \"http://{}{path}\"\ndefault_scopes = [\"read\"]\n{decided}\n\
         [server.scopes]\nread = \"Read everything\"\nwrite = \"Change everything\"\n",
        upstream.address
    )
}

/// Servers of every kind.
fn site() -> &'static Site {
    static SITE: OnceLock<Site> = OnceLock::new();
    SITE.get_or_init(|| {
        Site::shared(|upstream| {
            let entries = [
                entry(upstream, "/plain", ""),
                entry(upstream, "/endless", "access_token = \"never\""),
                entry(upstream, "/monthly", "access_token = \"30d\"\nrefresh_token = \"30d\""),
                entry(upstream, "/brief", "access_token = \"1s\"\nrefresh_token = \"2s\""),
                entry(upstream, "/reusable", "refresh = \"reusable\"\naccess_token = \"2s\"\nrefresh_token = \"4s\""),
                format!("{}[server.implies]\nwrite = [\"read\"]\n", entry(upstream, "/stepped", "")),
                entry(upstream, "/lenient", "revoke = \"refresh-only\"\naccess_token = \"3s\""),
            ];
            Setup::config(format!("[lifetimes]\naccess_token = \"20m\"\n{}", entries.concat()))
        })
    })
}

fn doorward() -> &'static Doorward {
    &site().doorward
}

#[track_caller]
fn connect(client: &Client, path: &str) -> Tokens {
    connect_asking(client, path, &[])
}

#[track_caller]
fn connect_asking(client: &Client, path: &str, more: &[(&str, &str)]) -> Tokens {
    let resource = format!("{}{path}", doorward().origin());
    site().connect_to(client, &[&[("resource", resource.as_str())], more].concat())
}

#[track_caller]
fn refreshed(client: &Client, tokens: &Tokens) -> Tokens {
    Tokens::of(&client.refresh(doorward(), &tokens.refresh, &[]))
}

fn works(path: &str, access: &str) -> bool {
    call(doorward(), path, access).status == 200
}

#[track_caller]
fn refused(response: &Response) {
    assert_eq!(response.error(), (400, "invalid_grant".into()), "{}", response.text());
}

/// What an upstream is told that a token may do.
#[track_caller]
fn scope_at(path: &str, access: &str) -> String {
    let mark = format!("{path}/scope/{access:.12}");
    assert_eq!(call(doorward(), &mark, access).status, 200);
    let seen = site().upstream.seen();
    let mine = seen.iter().rev().find(|seen| seen.line().contains(&mark)).expect("the call");
    mine.all("x-doorward-scope")[0].to_owned()
}

// ---------------------------------------------------------------- lifetimes

#[test]
fn each_server_has_its_own_lifetimes_and_what_it_does_not_say_holds_for_all() {
    let client = site().client();
    for (path, expires_in) in [("/plain", json!(1200)), ("/monthly", json!(2_592_000)), ("/brief", json!(1)), ("/endless", Value::Null)] {
        let first = connect(&client, path);
        // A member that is `null` is no member: TypeScript clients refuse the whole answer for one.
        assert_eq!(first.body.get("expires_in").cloned().unwrap_or_default(), expires_in, "{path}");
        assert!(first.body.as_object().unwrap().values().all(|value| !value.is_null()), "{path}: {}", first.body);
        assert_eq!(refreshed(&client, &first).body.get("expires_in").cloned().unwrap_or_default(), expires_in, "{path} refreshed");
    }
}

#[test]
fn the_consent_page_says_how_long_the_server_in_question_lets_it_last() {
    let client = site().client();
    for (path, says) in [
        ("/plain", "not been used for 90 days"),
        ("/brief", "not been used for 2 seconds"),
        ("/endless", "You can take it back at any time.</bdi>"),
    ] {
        let resource = format!("{}{path}", doorward().origin());
        let page = site().owner().get(&client.authorize_url(&[("resource", &resource)]));
        assert!(page.text().contains(says), "{path}: {}", page.text());
    }
    let choice = site().owner().get(&client.authorize_url(&[])).text();
    assert!(
        choice.contains("plain: You can take it back at any time. It also ends when it has not been used for 90 days. endless: You"),
        "{choice}"
    );
}

#[test]
fn tokens_that_do_not_expire_end_all_the_same_when_they_are_taken_back() {
    let client = site().client();
    let tokens = connect(&client, "/endless");
    thread::sleep(Duration::from_millis(1500));
    assert!(works("/endless", &tokens.access));
    let listed = doorward().json(&["connection", "list"]);
    let id = listed.as_array().unwrap().iter().find(|one| one["client_id"] == client.id).unwrap()["id"].as_str().unwrap().to_owned();
    assert!(doorward().run(&["connection", "revoke", &id]).status.success());
    assert!(!works("/endless", &tokens.access));
}

#[test]
fn when_everything_has_ended_the_same_client_is_let_in_again_for_a_full_term() {
    let client = site().client();
    let first = connect(&client, "/brief");
    thread::sleep(Duration::from_millis(3100));
    assert!(!works("/brief", &first.access));
    refused(&client.refresh(doorward(), &first.refresh, &[]));
    let again = connect(&client, "/brief");
    assert_eq!(again.body["expires_in"], 1);
    assert!(works("/brief", &again.access));
    assert!(!works("/brief", &first.access), "what has ended stays so");
    assert_eq!(connect(&client, "/monthly").body["expires_in"], 2_592_000);
}

// ---------------------------------------------------------------- refresh

#[test]
fn a_reusable_refresh_token_goes_on_working_and_is_answered_again() {
    let client = site().client();
    let first = connect(&client, "/reusable");
    let mut seen = vec![first.access.clone()];
    for _ in 0..3 {
        let next = refreshed(&client, &first);
        assert_eq!(next.refresh, first.refresh);
        assert!(works("/reusable", &next.access) && !seen.contains(&next.access));
        seen.push(next.access);
    }
    assert!(works("/reusable", &first.access), "the others live to their own end");
}

#[test]
fn each_use_of_a_reusable_refresh_token_begins_its_life_anew() {
    let client = site().client();
    let first = connect(&client, "/reusable");
    for _ in 0..3 {
        thread::sleep(Duration::from_millis(2500));
        assert!(works("/reusable", &refreshed(&client, &first).access));
    }
    assert!(!works("/reusable", &first.access));
    thread::sleep(Duration::from_millis(4100));
    refused(&client.refresh(doorward(), &first.refresh, &[]));
}

#[test]
fn many_who_share_a_reusable_refresh_token_all_go_on() {
    let client = site().client();
    let first = connect(&client, "/reusable");
    let all: Vec<Tokens> = thread::scope(|scope| {
        let running: Vec<_> = (0..8).map(|_| scope.spawn(|| refreshed(&client, &first))).collect();
        running.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(all.iter().all(|tokens| tokens.refresh == first.refresh && works("/reusable", &tokens.access)));
    refreshed(&client, &first);
}

#[test]
fn a_reusable_refresh_token_is_its_clients_alone_and_ends_with_its_connection() {
    let (client, other) = (site().client(), site().client());
    let first = connect(&client, "/reusable");
    refused(&other.refresh(doorward(), &first.refresh, &[]));
    let next = refreshed(&client, &first);
    assert_eq!(client.revoke(doorward(), &first.refresh).status, 200);
    refused(&client.refresh(doorward(), &first.refresh, &[]));
    assert!(!works("/reusable", &first.access) && !works("/reusable", &next.access));
}

#[test]
fn tokens_from_before_the_owner_chose_otherwise_keep_to_what_they_were() {
    let mut site = Site::new(|upstream| Setup::config(entry(upstream, "/mcp", "refresh = \"rotate\"")));
    let client = site.client();
    let first = site.connect(&client);
    let second = Tokens::of(&client.refresh(&site.doorward, &first.refresh, &[]));
    site.doorward.stop();
    let reusable = entry(&site.upstream, "/mcp", "refresh = \"reusable\"");
    site.doorward.configure(&reusable);
    site.doorward.start_again();
    let third = Tokens::of(&client.refresh(&site.doorward, &second.refresh, &[]));
    assert_eq!(third.refresh, second.refresh);
    let repeated = Tokens::of(&client.refresh(&site.doorward, &first.refresh, &[]));
    assert_eq!(repeated.refresh, second.refresh, "the one that was rotated still answers with its successor");
}

// ---------------------------------------------------------------- revocation

#[test]
fn where_the_owner_chose_it_access_tokens_outlive_their_refresh_token() {
    let client = site().client();
    let first = connect(&client, "/lenient");
    let second = refreshed(&client, &first);
    assert_eq!(client.revoke(doorward(), &second.refresh).status, 200);
    for token in [&second.refresh, &first.refresh, &second.refresh] {
        refused(&client.refresh(doorward(), token, &[]));
    }
    assert!(works("/lenient", &first.access) && works("/lenient", &second.access));
    let listed = |client: &Client| {
        let all = doorward().json(&["connection", "list"]);
        all.as_array().unwrap().iter().any(|one| one["client_id"] == client.id)
    };
    assert!(listed(&client), "what still opens something is listed");
    thread::sleep(Duration::from_millis(4100));
    assert!(!works("/lenient", &second.access) && !listed(&client));
}

#[test]
fn an_access_token_that_outlives_its_refresh_token_can_still_be_taken_back() {
    let client = site().client();
    let tokens = connect(&client, "/lenient");
    client.revoke(doorward(), &tokens.refresh);
    assert!(works("/lenient", &tokens.access));
    client.revoke(doorward(), &tokens.access);
    assert!(!works("/lenient", &tokens.access));
}

#[test]
fn unless_the_owner_chose_otherwise_everything_dies_with_the_refresh_token() {
    let client = site().client();
    for path in ["/plain", "/endless"] {
        let first = connect(&client, path);
        let second = refreshed(&client, &first);
        client.revoke(doorward(), &second.refresh);
        assert!(!works(path, &first.access) && !works(path, &second.access), "{path}");
    }
}

// ---------------------------------------------------------------- what a client is told

/// Asked, told in the answer (`None`: nothing), and what the token may do.
const WISHES: [(&str, Option<&str>, &str); 10] = [
    ("", Some("read"), "read"),
    ("read", Some("read"), "read"),
    ("write", Some("write"), "write"),
    ("write read", Some("write read"), "write read"),
    ("write admin", Some("write"), "write"),
    ("openid email profile", Some("openid email profile"), "read openid email profile"),
    ("openid write", Some("write openid"), "write openid"),
    ("offline_access", Some("offline_access"), "read offline_access"),
    ("admin", None, "read"),
    ("email profile", None, "read"),
];

#[track_caller]
fn assert_told(tokens: &Tokens, asked: &str, told: Option<&str>, may: &str) {
    assert_eq!(tokens.body.get("scope").and_then(Value::as_str).map(sorted), told.map(sorted), "told, asking {asked:?}");
    assert_eq!(sorted(&scope_at("/plain", &tokens.access)), sorted(may), "allowed, asking {asked:?}");
}

/// Scopes have no order (RFC 6749 §3.3).
fn sorted(scope: &str) -> Vec<&str> {
    let mut names: Vec<&str> = scope.split(' ').collect();
    names.sort_unstable();
    names
}

#[test]
fn the_server_can_be_used_whatever_was_asked_and_the_answer_never_names_more_than_that() {
    let client = site().client();
    for (asked, told, may) in WISHES {
        let first = connect_asking(&client, "/plain", &[("scope", asked)]);
        assert_told(&first, asked, told, may);
        let next = refreshed(&client, &first);
        assert_told(&next, asked, told, may);
        // Clients send their scope again with a refresh, and some add what they never asked for.
        let habit = Tokens::of(&client.refresh(doorward(), &next.refresh, &[("scope", asked)]));
        assert_told(&habit, asked, told, may);
    }
}

#[test]
fn the_consent_page_shows_what_is_granted_and_not_what_is_told() {
    let client = site().client();
    let resource = format!("{}/plain", doorward().origin());
    let page = site().owner().get(&client.authorize_url(&[("scope", "openid"), ("resource", &resource)])).text();
    assert!(page.contains("Read everything") && page.contains("Know that it is you") && !page.contains("Change everything"), "{page}");
}

#[test]
fn a_device_is_told_by_the_same_rule() {
    const DEVICE: &str = "urn:ietf:params:oauth:grant-type:device_code";
    let metadata = json!({ "client_name": "A lamp", "grant_types": [DEVICE], "token_endpoint_auth_method": "none" });
    let id = http::post_json(doorward().address, "/register", &metadata).json()["client_id"].as_str().unwrap().to_owned();
    let resource = format!("{}/plain", doorward().origin());
    let mut browser = site().owner();
    for (asked, told, may) in [WISHES[0], WISHES[5], WISHES[8]] {
        let asking = [("client_id", id.as_str()), ("scope", asked), ("resource", resource.as_str())];
        let begun = http::post_form(doorward().address, "/device_authorization", &asking, &[]).json();
        let page = browser.get("/device");
        let page = browser.submit(&form(&page, "/device").set("user_code", begun["user_code"].as_str().unwrap()));
        browser.submit(&form(&page, "/device").set("decision", "approve"));
        let asking = [("grant_type", DEVICE), ("device_code", begun["device_code"].as_str().unwrap()), ("client_id", &id)];
        let tokens = Tokens::of(&http::post_form(doorward().address, "/token", &asking, &[]));
        assert_told(&tokens, asked, told, may);
    }
}

// ---------------------------------------------------------------- scopes that include others

#[test]
fn who_may_write_may_read_where_the_owner_says_so_and_the_answer_names_what_was_asked() {
    let client = site().client();
    let writer = connect_asking(&client, "/stepped", &[("scope", "write")]);
    assert_eq!(writer.body["scope"], "write");
    assert_eq!(sorted(&scope_at("/stepped", &writer.access)), ["read", "write"]);
    let checked =
        http::send(doorward().address, "GET", "/auth/check/stepped", &[("Authorization", &format!("Bearer {}", writer.access))], b"");
    assert_eq!(sorted(checked.header("x-doorward-scope").unwrap()), ["read", "write"]);
    let reader = Tokens::of(&client.refresh(doorward(), &writer.refresh, &[("scope", "read")]));
    assert_eq!(reader.body["scope"], "read");
    assert_eq!(scope_at("/stepped", &reader.access), "read");
    let back = refreshed(&client, &reader);
    assert_eq!((&back.body["scope"], sorted(&scope_at("/stepped", &back.access))), (&json!("write"), vec!["read", "write"]));
}

#[test]
fn who_may_read_may_not_write_and_elsewhere_neither_includes_the_other() {
    let client = site().client();
    let reader = connect_asking(&client, "/stepped", &[("scope", "read")]);
    assert_eq!(scope_at("/stepped", &reader.access), "read");
    assert_eq!(client.refresh(doorward(), &reader.refresh, &[("scope", "read write")]).error(), (400, "invalid_scope".into()));
    let writer = connect_asking(&client, "/plain", &[("scope", "write")]);
    assert_eq!(scope_at("/plain", &writer.access), "write");
    assert_eq!(client.refresh(doorward(), &writer.refresh, &[("scope", "read")]).error(), (400, "invalid_scope".into()));
}

#[test]
fn the_consent_page_says_what_a_scope_includes_and_unticking_what_is_included_takes_it_out_of_the_answer_alone() {
    let client = site().client();
    let resource = format!("{}/stepped", doorward().origin());
    let asking = [("scope", "read write"), ("resource", resource.as_str())];
    let mut browser = site().owner();
    let page = browser.get(&client.authorize_url(&asking));
    assert!(
        page.text().contains("<bdi>Change everything</bdi> <span class=\"small\">and with it: <bdi>Read everything</bdi>"),
        "{}",
        page.text()
    );
    let mut answer = form(&page, "/consent").set("decision", "approve");
    answer.fields.retain(|(_, value)| value != "/stepped read");
    let code = http::parameter(&browser.submit(&answer).location(), "code").unwrap();
    let tokens = Tokens::of(&client.redeem(doorward(), &code, &[]));
    assert_eq!((&tokens.body["scope"], sorted(&scope_at("/stepped", &tokens.access))), (&json!("write"), vec!["read", "write"]));
}

#[test]
fn a_circle_among_scopes_stops_the_start_and_says_where_it_is() {
    let file = doorward().folder.path().join("circle.toml");
    let scopes = "[server.scopes]\nread = \"Read\"\nwrite = \"Change\"\n[server.implies]\nread = [\"write\"]\nwrite = [\"read\"]\n";
    std::fs::write(&file, format!("[[server]]\npath = \"/a\"\nupstream = \"http://127.0.0.1:1/\"\n{scopes}")).unwrap();
    let refused = doorward().run(&["serve", "--listen", "127.0.0.1:0", "--config", file.to_str().unwrap()]);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(1));
    assert!(said.contains("/a goes round in a circle: read implies write implies read") && said.contains("hint: "), "{said}");
}

// ---------------------------------------------------------------- strict naming

/// Where a server has to be named exactly, with two of them.
fn strict() -> &'static Site {
    static SITE: OnceLock<Site> = OnceLock::new();
    SITE.get_or_init(|| {
        Site::shared(|upstream| {
            Setup::config(format!("require_resource = true\n{}{}", entry(upstream, "/mcp", ""), entry(upstream, "/mcp/a", "")))
        })
    })
}

#[track_caller]
fn told_at_the_client(site: &Site, client: &Client, changes: &[(&str, &str)]) -> Option<String> {
    http::parameter(&site.owner().get(&client.authorize_url(changes)).location(), "error")
}

#[test]
fn where_the_owner_is_strict_a_server_is_named_by_its_exact_address_from_beginning_to_end() {
    let (site, client) = (strict(), strict().client());
    let exact = site.resource();
    let named = [("resource", exact.as_str())];
    let code = site.code_for(&client, &named);
    assert_eq!(client.redeem(&site.doorward, &code, &[]).error(), (400, "invalid_target".into()));
    let tokens = Tokens::of(&client.redeem(&site.doorward, &code, &named));
    assert_eq!(call(&site.doorward, "/mcp", &tokens.access).status, 200);
    assert_eq!(call(&site.doorward, "/mcp/a", &tokens.access).status, 401);
    assert_eq!(client.refresh(&site.doorward, &tokens.refresh, &[]).error(), (400, "invalid_target".into()));
    let other = format!("{exact}/a");
    assert_eq!(client.refresh(&site.doorward, &tokens.refresh, &[("resource", &other)]).error(), (400, "invalid_target".into()));
    let next = Tokens::of(&client.refresh(&site.doorward, &tokens.refresh, &named));
    assert_eq!(call(&site.doorward, "/mcp", &next.access).status, 200);
}

#[test]
fn where_the_owner_is_strict_no_other_spelling_names_a_server() {
    let (site, client) = (strict(), strict().client());
    let (exact, origin) = (site.resource(), site.origin());
    assert_eq!(told_at_the_client(site, &client, &[]).as_deref(), Some("invalid_target"));
    for raw in [
        format!("{exact}/"),
        format!("{exact}?x=y"),
        exact.replace("http", "HTTP"),
        exact.replace("127.0.0.1", "localhost"),
        origin.clone(),
        format!("{origin}/"),
        format!("{exact}x"),
    ] {
        assert_eq!(told_at_the_client(site, &client, &[("resource", &raw)]).as_deref(), Some("invalid_target"), "{raw}");
        let both = [("resource", exact.as_str()), ("resource", raw.as_str())];
        assert_eq!(told_at_the_client(site, &client, &both).as_deref(), Some("invalid_target"), "{raw}");
        let code = site.code_for(&client, &[("resource", &exact)]);
        assert_eq!(client.redeem(&site.doorward, &code, &[("resource", &raw)]).error(), (400, "invalid_target".into()), "{raw}");
        Tokens::of(&client.redeem(&site.doorward, &code, &[("resource", &exact)]));
    }
}

#[test]
fn where_the_owner_is_strict_a_device_names_its_server_too() {
    let metadata = json!({ "grant_types": ["urn:ietf:params:oauth:grant-type:device_code"], "token_endpoint_auth_method": "none" });
    let address = strict().doorward.address;
    let id = http::post_json(address, "/register", &metadata).json()["client_id"].as_str().unwrap().to_owned();
    let begin =
        |more: &[(&str, &str)]| http::post_form(address, "/device_authorization", &[&[("client_id", id.as_str())], more].concat(), &[]);
    assert_eq!(begin(&[]).error(), (400, "invalid_target".into()));
    assert_eq!(begin(&[("resource", &format!("{}/", strict().resource()))]).error(), (400, "invalid_target".into()));
    assert_eq!(begin(&[("resource", &strict().resource())]).status, 200);
}

// ---------------------------------------------------------------- public clients only

#[test]
fn where_only_public_clients_are_let_in_one_that_asks_for_a_secret_is_answered_without_and_connects() {
    let site = Site::new(|upstream| Setup::config(format!("[clients]\npublic_only = true\n{}", entry(upstream, "/mcp", ""))));
    let asked = |method: Value| {
        let body = json!({ "redirect_uris": ["https://claude.ai/api/mcp/auth_callback"], "token_endpoint_auth_method": method });
        http::post_json(site.doorward.address, "/register", &body)
    };
    for method in [json!("client_secret_post"), json!("client_secret_basic"), json!("none"), Value::Null] {
        let answer = asked(method.clone());
        assert_eq!(answer.status, 201, "{}", answer.text());
        let body = answer.json();
        assert_eq!(body["token_endpoint_auth_method"], "none", "{method}");
        assert!(body.get("client_secret").is_none() && body.get("client_secret_expires_at").is_none(), "{body}");
    }
    for document in ["oauth-authorization-server", "openid-configuration"] {
        let document = http::get(site.doorward.address, &format!("/.well-known/{document}")).json();
        for endpoint in ["token", "revocation"] {
            assert_eq!(document[format!("{endpoint}_endpoint_auth_methods_supported")], json!(["none"]));
        }
        // A resource server has a secret all the same.
        assert_eq!(document["introspection_endpoint_auth_methods_supported"], json!(["client_secret_post", "client_secret_basic"]));
    }
    let client = Client::register_as(&site.doorward, "http://127.0.0.1:7777/secretive", json!({}));
    assert_eq!(client.secret, None);
    let code = site.code(&client);
    let tokens = Tokens::of(&client.redeem(&site.doorward, &code, &[("client_secret", "made up")]));
    assert_eq!(call(&site.doorward, "/mcp", &tokens.access).status, 200);
}

#[test]
fn where_only_public_clients_are_let_in_one_with_a_secret_gets_nothing_new_until_the_owner_changes_their_mind() {
    let mut site = Site::new(|upstream| Setup::config(entry(upstream, "/mcp", "")));
    let client =
        Client::register_as(&site.doorward, "http://127.0.0.1:7777/secret", json!({ "token_endpoint_auth_method": "client_secret_post" }));
    let (code, tokens) = (site.code(&client), site.connect(&client));
    let restart = |site: &mut Site, clients: &str| {
        site.doorward.stop();
        let config = format!("{clients}{}", entry(&site.upstream, "/mcp", ""));
        std::fs::write(site.doorward.folder.path().join("doorward.toml"), config).unwrap();
        site.doorward.start_again();
    };
    restart(&mut site, "[clients]\npublic_only = true\n");
    assert_eq!(client.redeem(&site.doorward, &code, &[]).error(), (401, "invalid_client".into()));
    for secret in [client.secret.as_deref().unwrap(), ""] {
        let refused = client.refresh(&site.doorward, &tokens.refresh, &[("client_secret", secret)]);
        assert_eq!(refused.error(), (401, "invalid_client".into()));
    }
    let page = site.owner().get(&client.authorize_url(&[]));
    assert!(page.status == 400 && page.text().contains("not registered here"), "{}", page.text());
    let refused = site.doorward.run(&["client", "add", "--redirect-uri", "https://c.test/cb", "--secret"]);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(refused.status.code() == Some(1) && said.contains("public_only") && said.contains("hint: leave --secret out"), "{said}");
    assert!(site.doorward.run(&["client", "add", "--redirect-uri", "https://c.test/cb"]).status.success());
    let entered = site.doorward.json(&["client", "add", "--resource-server", "/mcp"]);
    let server = [("client_id", entered["id"].as_str().unwrap()), ("client_secret", entered["client_secret"].as_str().unwrap())];
    let told = http::post_form(site.doorward.address, "/introspect", &[&server[..], &[("token", &tokens.access)]].concat(), &[]);
    assert_eq!(told.json()["active"], true, "{}", told.text());
    restart(&mut site, "");
    let next = Tokens::of(&client.refresh(&site.doorward, &tokens.refresh, &[]));
    assert_eq!(call(&site.doorward, "/mcp", &next.access).status, 200);
}

#[test]
fn what_was_granted_waits_while_its_server_is_not_in_the_configuration() {
    let mut both = String::new();
    let mut site = Site::new(|upstream| {
        let server = |path: &str| format!("[[server]]\npath = \"{path}\"\nupstream = \"http://{}/mcp\"\n", upstream.address);
        both = format!("{}{}", server("/notes"), server("/files"));
        Setup::config(both.clone())
    });
    let client = site.client();
    let resource = format!("{}/notes", site.doorward.origin());
    let tokens = site.connect_to(&client, &[("resource", &resource)]);
    let code = site.code_for(&client, &[("resource", &resource)]);
    site.doorward.stop();
    site.doorward.configure(&both.replace("path = \"/notes\"", "path = \"/elsewhere\""));
    site.doorward.start_again();
    for _ in 0..3 {
        assert_eq!(client.refresh(&site.doorward, &tokens.refresh, &[]).error(), (400, "invalid_target".into()));
        assert_eq!(client.redeem(&site.doorward, &code, &[]).error(), (400, "invalid_target".into()));
    }
    site.doorward.stop();
    site.doorward.configure(&both);
    site.doorward.start_again();
    let next = Tokens::of(&client.refresh(&site.doorward, &tokens.refresh, &[]));
    assert_eq!(call(&site.doorward, "/notes", &next.access).status, 200);
    Tokens::of(&client.redeem(&site.doorward, &code, &[]));
}
