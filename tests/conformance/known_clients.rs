//! Clients that many people use: where answers may go, who is named on the consent page, who is let in again after a loss
//! of data. Shows A4, B1, E2.

use crate::support::browser::{Browser, form, unescape};
use crate::support::client::{Client, Tokens, call};
use crate::support::http::{self, Response};
use crate::support::{Doorward, OWNER, PASSWORD, Setup};
use serde_json::json;

const CLAUDE: &str = "https://claude.ai/api/mcp/auth_callback";
const LISTED: &str = "[clients]\nredirect_hosts = \"listed\"\nallowed_hosts = [\"n8n.home.test\"]\nallowed_schemes = [\"myapp\"]\n";

/// A client that some earlier doorward knew.
fn stale(id: &str, redirect_uri: &str) -> Client {
    Client { id: id.into(), secret: None, redirect_uri: redirect_uri.into() }
}

fn register(doorward: &Doorward, redirect_uri: &str) -> Response {
    http::post_json(doorward.address, "/register", &json!({ "redirect_uris": [redirect_uri], "token_endpoint_auth_method": "none" }))
}

fn consent(doorward: &Doorward, client: &Client) -> (Browser, Response) {
    let mut browser = Browser::new(doorward.address);
    let page = client.reach_consent(&mut browser, OWNER, PASSWORD, &[]);
    (browser, page)
}

fn ids(doorward: &Doorward) -> Vec<String> {
    doorward.json(&["client", "list"]).as_array().unwrap().iter().map(|client| client["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn open_every_host_is_taken_and_an_unknown_one_is_warned_of() {
    let doorward = Doorward::start();
    let unknown = Client::register_as(&doorward, "https://client.test/cb", json!({ "token_endpoint_auth_method": "none" }));
    let page = consent(&doorward, &unknown).1.text();
    assert!(page.contains("doorward does not know this address"), "{page}");
    let claude = Client::register_as(&doorward, CLAUDE, json!({ "token_endpoint_auth_method": "none", "client_name": "Something" }));
    let page = unescape(&consent(&doorward, &claude).1.text());
    assert!(page.contains("A known address of <bdi>Claude</bdi>."), "{page}");
    assert!(!page.contains("doorward does not know this address"));
}

#[test]
fn a_client_that_only_calls_itself_claude_is_not_called_known() {
    let doorward = Doorward::start();
    let fake =
        Client::register_as(&doorward, "https://evil.test/cb", json!({ "token_endpoint_auth_method": "none", "client_name": "Claude" }));
    let page = consent(&doorward, &fake).1.text();
    assert!(page.contains("doorward does not know this address") && !page.contains("address of <bdi>Claude"), "{page}");
}

#[test]
fn listed_only_known_hosts_and_those_that_the_owner_names_are_taken() {
    let doorward = Doorward::with(Setup::config(LISTED));
    for uri in [CLAUDE, "https://n8n.home.test/cb", "http://127.0.0.1:9/cb", "cursor://x/cb", "com.example.app:/cb", "myapp:/cb"] {
        assert_eq!(register(&doorward, uri).status, 201, "{uri}");
    }
    for uri in ["https://client.test/cb", "https://evil.claude.ai/cb", "https://claude.ai:8443/cb"] {
        assert_eq!(register(&doorward, uri).error(), (400, "invalid_redirect_uri".into()), "{uri}");
    }
    assert!(doorward.run(&["client", "add", "--redirect-uri", "https://client.test/cb"]).status.success());
    let named = Client::register_as(&doorward, "https://n8n.home.test/other", json!({ "token_endpoint_auth_method": "none" }));
    let page = consent(&doorward, &named).1.text();
    assert!(!page.contains("doorward does not know this address"), "{page}");
}

#[test]
fn each_of_the_three_classes_of_address_is_judged_by_its_own_rule() {
    let doorward = Doorward::with(Setup::config(LISTED));
    let hosts = "claude.ai claude.com chatgpt.com chat.openai.com cursor.com www.cursor.com vscode.dev insiders.vscode.dev grok.com \
                 gemini.google.com perplexity.ai www.perplexity.ai";
    let hosted = hosts.split(' ').map(|host| (format!("https://{host}/cb"), format!("https://{host}.evil.test/cb")));
    let schemes = ["cursor:", "vscode:", "vscode-insiders:", "claude:", "claude-desktop:", "com.example.app:"];
    let applications = schemes.map(|scheme| (format!("{scheme}/cb"), format!("x{}/cb", scheme.replace('.', "-"))));
    let loopback =
        ["localhost", "127.0.0.1", "[::1]"].map(|host| (format!("http://{host}:7777/cb"), format!("http://{host}.evil.test/cb")));
    for (good, bad) in hosted.chain(applications).chain(loopback) {
        assert_eq!(register(&doorward, &good).status, 201, "{good}");
        assert_eq!(register(&doorward, &bad).error(), (400, "invalid_redirect_uri".into()), "{bad}");
    }
}

#[test]
fn a_host_taken_off_the_list_gets_no_answer_any_more() {
    let mut doorward = Doorward::start();
    let client = Client::register_as(&doorward, "https://client.test/cb", json!({ "token_endpoint_auth_method": "none" }));
    assert_eq!(consent(&doorward, &client).1.status, 200);
    doorward.stop();
    doorward.configure(LISTED);
    doorward.start_again();
    let refused = http::get(doorward.address, &client.authorize_url(&[]));
    assert_eq!((refused.status, refused.header("location")), (400, None));
    assert!(refused.text().contains("has not allowed the host"), "{}", refused.text());
}

#[test]
fn a_well_known_client_with_an_id_from_before_a_loss_of_data_is_let_in_again() {
    let doorward = Doorward::start();
    let client = stale("client_AQEBAQEBAQEBAQEBAQEBAQ", CLAUDE);
    let (mut browser, page) = consent(&doorward, &client);
    let text = unescape(&page.text());
    assert!(text.contains("not registered here before; it is recognised by its address"), "{text}");
    assert!(ids(&doorward).is_empty(), "nothing is stored before somebody agreed");
    let answer = browser.submit(&form(&page, "/consent").set("decision", "approve")).location();
    assert!(answer.starts_with(CLAUDE), "{answer}");
    assert_eq!(ids(&doorward), [client.id.as_str()]);
    let code = http::parameter(&answer, "code").unwrap();
    // The secret it may have had is gone with the data; PKCE is what counts now.
    let tokens = Tokens::of(&client.redeem(&doorward, &code, &[("client_secret", "dwcs_from_before")]));
    assert_eq!(call(&doorward, "/mcp", &tokens.access).status, 200);
    Tokens::of(&client.refresh(&doorward, &tokens.refresh, &[]));
    let again = unescape(&consent(&doorward, &client).1.text());
    assert!(again.contains("It was recognised by its address and let in"), "{again}");
}

#[test]
fn a_double_click_lets_a_client_in_once_and_gives_the_same_answer() {
    let doorward = Doorward::start();
    let (mut browser, page) = consent(&doorward, &stale("from-before", CLAUDE));
    let approve = form(&page, "/consent").set("decision", "approve");
    assert_eq!(browser.submit(&approve).location(), browser.submit(&approve).location());
    assert_eq!(ids(&doorward), ["from-before"]);
}

#[test]
fn denying_lets_nobody_in() {
    let doorward = Doorward::start();
    let (mut browser, page) = consent(&doorward, &stale("from-before", CLAUDE));
    let answer = browser.submit(&form(&page, "/consent").set("decision", "deny")).location();
    assert_eq!(http::parameter(&answer, "error").as_deref(), Some("access_denied"));
    assert!(ids(&doorward).is_empty());
}

#[test]
fn an_unknown_id_with_any_other_address_or_form_stays_unknown() {
    let doorward = Doorward::start();
    for (id, uri) in [
        ("from-before", "https://evil.test/api/mcp/auth_callback"),
        ("from-before", "https://claude.ai/api/mcp/auth_callback/"),
        ("from-before", "https://claude.ai/"),
        ("from-before", "http://localhost:1/callback"),
        ("from-before", "http://127.0.0.1:33418/"),
        ("from-before", "cursor://anysphere.cursor-mcp/oauth/callback"),
        ("client_mine", CLAUDE),
        ("https://claude.ai/oauth/other", CLAUDE),
        ("a b", CLAUDE),
    ] {
        let refused = http::get(doorward.address, &stale(id, uri).authorize_url(&[]));
        assert_eq!((refused.status, refused.header("location")), (400, None), "{id} {uri}");
        assert!(refused.text().contains("not registered here"), "{id} {uri}");
    }
}

#[test]
fn a_client_that_nobody_let_in_is_unknown_to_the_token_endpoint() {
    let doorward = Doorward::start();
    let client = stale("from-before", CLAUDE);
    assert_eq!(http::get(doorward.address, &client.authorize_url(&[])).status, 200);
    assert_eq!(client.redeem(&doorward, "dwac_x", &[]).error(), (401, "invalid_client".into()));
    assert_eq!(client.refresh(&doorward, "dwrt_x", &[]).error(), (401, "invalid_client".into()));
    assert!(ids(&doorward).is_empty());
}

#[test]
fn a_client_removed_while_it_waits_for_consent_does_not_come_back_by_it() {
    let doorward = Doorward::start();
    let client = Client::register_as(&doorward, CLAUDE, json!({ "token_endpoint_auth_method": "none" }));
    let (mut browser, page) = consent(&doorward, &client);
    assert!(doorward.run(&["client", "remove", &client.id]).status.success());
    let answer = browser.submit(&form(&page, "/consent").set("decision", "approve"));
    assert_eq!((answer.status, answer.header("location")), (400, None));
    assert!(ids(&doorward).is_empty());
}

#[test]
fn an_owner_may_switch_letting_in_off_also_while_somebody_is_asked() {
    let mut doorward = Doorward::start();
    let client = stale("from-before", CLAUDE);
    let (mut browser, page) = consent(&doorward, &client);
    doorward.stop();
    doorward.configure("[clients]\nadopt_known = false\n");
    doorward.start_again();
    assert_eq!(browser.submit(&form(&page, "/consent").set("decision", "approve")).status, 400);
    assert_eq!(http::get(doorward.address, &client.authorize_url(&[])).status, 400);
    assert!(ids(&doorward).is_empty());
}

#[test]
fn the_page_for_an_unknown_client_has_the_steps_of_that_client_alone() {
    let doorward = Doorward::start();
    let page = |uri: &str| unescape(&http::get(doorward.address, &stale("x y", uri).authorize_url(&[])).text());
    let claude = page(CLAUDE);
    assert!(claude.contains("remove the connector and add it again") && !claude.contains("ChatGPT"), "{claude}");
    let cursor = page("cursor://anysphere.cursor-mcp/oauth/callback");
    assert!(cursor.contains("Cursor: Settings") && !cursor.contains("Claude"), "{cursor}");
    let local = page("http://localhost:5/callback");
    assert!(local.contains("Claude Code") && local.contains("mcp-remote") && !local.contains("ChatGPT"), "{local}");
    assert!(page("").contains("ChatGPT"));
}

#[test]
fn a_preset_enters_the_platform_that_the_owner_names() {
    let doorward = Doorward::start();
    let add = |word: &str| doorward.json(&["client", "add", "--preset", word]);
    let uris =
        |word: &str| add(word)["redirect_uris"].as_array().unwrap().iter().map(|uri| uri.as_str().unwrap().to_owned()).collect::<Vec<_>>();
    assert_eq!(uris("claude"), [CLAUDE, "https://claude.com/api/mcp/auth_callback"]);
    for port in 6277..=6279 {
        assert!(uris("claude-desktop").contains(&format!("http://localhost:{port}/callback")));
    }
    assert_eq!(uris("claude-both"), [uris("claude"), uris("claude-desktop")].concat());
    let custom = doorward.json(&["client", "add", "--preset", "custom", "--redirect-uri", "https://nas.home/cb", "--name", "NAS"]);
    assert_eq!((custom["redirect_uris"][0].as_str(), custom["name"].as_str()), (Some("https://nas.home/cb"), Some("NAS")));
    for word in ["custom", "netscape"] {
        assert_eq!(doorward.run(&["client", "add", "--preset", word]).status.code(), Some(2), "{word}");
    }
}
