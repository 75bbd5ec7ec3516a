//! Dynamic registration (RFC 7591): what is answered, what is refused, and that a refusal leaves nothing behind.

use crate::support::client::Client;
use crate::support::http::{self, Response};
use crate::support::site::Site;
use crate::support::{Doorward, Setup};
use serde_json::{Value, json};
use std::sync::{Mutex, OnceLock, PoisonError};

const CALLBACK: &str = "https://client.test/cb";
const JSON: (&str, &str) = ("Content-Type", "application/json");

static SITE: OnceLock<Site> = OnceLock::new();
/// Held while a test counts clients, and by every other that registers some.
static COUNTING: Mutex<()> = Mutex::new(());

fn doorward() -> &'static Site {
    SITE.get_or_init(|| {
        Site::shared(|upstream| {
            Setup::config(format!("[[server]]\npath = \"/mcp\"\nname = \"Home Files\"\nupstream = \"http://{}/mcp\"\n", upstream.address))
        })
    })
}

fn register(doorward: &Doorward, metadata: &Value) -> Response {
    http::post_json(doorward.address, "/register", metadata)
}

/// Good metadata with members added or replaced.
fn with(members: Value) -> Value {
    let mut metadata = json!({ "redirect_uris": [CALLBACK], "token_endpoint_auth_method": "none" });
    let Value::Object(members) = members else { panic!("metadata is an object") };
    metadata.as_object_mut().unwrap().extend(members);
    metadata
}

#[track_caller]
fn accepted(doorward: &Doorward, members: Value) -> Value {
    let response = register(doorward, &with(members));
    assert_eq!(response.status, 201, "{}", response.text());
    response.json()
}

/// Sends requests that must all be refused with that code, and looks whether any of them left something behind.
#[track_caller]
fn all_refused(doorward: &Doorward, code: &str, bodies: impl IntoIterator<Item = Vec<u8>>) {
    let _alone = COUNTING.lock().unwrap_or_else(PoisonError::into_inner);
    let before = doorward.json(&["client", "list"]);
    for body in bodies {
        let response = http::send(doorward.address, "POST", "/register", &[JSON], &body);
        let text = String::from_utf8_lossy(&body).chars().take(200).collect::<String>();
        assert_eq!(response.error(), (400, code.to_owned()), "{text}");
        assert_eq!(response.header("access-control-allow-origin"), Some("*"), "{text}");
        assert!(!response.text().contains("evil"), "what was sent is not repeated: {}", response.text());
    }
    assert_eq!(doorward.json(&["client", "list"]), before, "a refused registration left something behind");
}

fn bodies(members: impl IntoIterator<Item = Value>) -> Vec<Vec<u8>> {
    members.into_iter().map(|members| with(members).to_string().into_bytes()).collect()
}

fn for_uris<'a>(uris: impl IntoIterator<Item = &'a str>) -> Vec<Vec<u8>> {
    bodies(uris.into_iter().map(|uri| json!({ "redirect_uris": [uri] })))
}

#[test]
fn a_client_gets_the_method_it_asked_for_and_a_secret_only_with_one_that_needs_it() {
    let doorward = doorward();
    let _counted = COUNTING.lock().unwrap_or_else(PoisonError::into_inner);
    for (asked, given) in [
        (json!("none"), "none"),
        (json!("client_secret_post"), "client_secret_post"),
        (json!("client_secret_basic"), "client_secret_basic"),
        (Value::Null, "client_secret_post"),
    ] {
        let mut metadata = json!({ "redirect_uris": [CALLBACK] });
        if !asked.is_null() {
            metadata["token_endpoint_auth_method"] = asked.clone();
        }
        let response = register(doorward, &metadata);
        assert_eq!(response.status, 201, "{}", response.text());
        assert_eq!(response.header("content-type"), Some("application/json"));
        assert_eq!(response.header("cache-control"), Some("no-store"));
        assert_eq!(response.header("pragma"), Some("no-cache"));
        assert_eq!(response.header("access-control-allow-origin"), Some("*"));
        assert_eq!(response.header("set-cookie"), None);
        let body = response.json();
        assert_eq!(body["token_endpoint_auth_method"], given, "{asked}");
        assert_eq!(body.get("client_secret").is_some(), given != "none", "{asked}");
        assert_eq!(body.get("client_secret_expires_at"), (given != "none").then_some(&json!(0)), "{asked}");
        assert_eq!(body["grant_types"], json!(["authorization_code", "refresh_token"]));
        assert_eq!(body["response_types"], json!(["code"]));
        assert!(body["client_id_issued_at"].as_u64().is_some_and(|at| at > 1_700_000_000));
        assert!(body.as_object().unwrap().values().all(|value| !value.is_null()), "{body}");
    }
}

#[test]
fn ids_and_secrets_are_long_enough_to_be_unguessable_and_plain_enough_for_any_header() {
    let doorward = doorward();
    let _counted = COUNTING.lock().unwrap_or_else(PoisonError::into_inner);
    let made: Vec<Value> = (0..20).map(|_| register(doorward, &json!({ "redirect_uris": [CALLBACK] })).json()).collect();
    for member in ["client_id", "client_secret"] {
        let mut texts: Vec<&str> = made.iter().map(|body| body[member].as_str().unwrap()).collect();
        for text in &texts {
            assert!((22..=200).contains(&text.len()), "{text}");
            assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._~-".contains(&byte)), "{text}");
            assert!(!text.starts_with("http"), "{text}");
        }
        texts.sort_unstable();
        texts.dedup();
        assert_eq!(texts.len(), 20, "{member} repeats");
    }
}

#[test]
fn everything_registered_comes_back_as_it_was_sent() {
    let doorward = doorward();
    let _counted = COUNTING.lock().unwrap_or_else(PoisonError::into_inner);
    let sent = json!({
        "redirect_uris": [
            "https://client.test/cb",
            "https://client.test/cb/",
            "https://client.test/cb?a=1&flag",
            "http://localhost/callback",
            "http://127.0.0.1:33418/",
            "http://[::1]:8080/x",
            "cursor://anysphere.cursor-mcp/oauth/callback",
            "vscode://vscode.github-authentication/did-authenticate",
            "com.example.app:/cb",
            "https://open.test/clients/mcp:id/callback",
        ],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "client_name": "Bücher & Cøde <3",
        "scope": "mcp offline_access unknown",
        "application_type": "native",
        "client_uri": "https://client.test",
        "logo_uri": "https://client.test/logo.png",
        "software_id": "e4b2",
        "software_version": "1.2.3",
    });
    let body = accepted(doorward, sent.clone());
    for (member, value) in sent.as_object().unwrap() {
        assert_eq!(&body[member], value, "{member}");
    }
    let listed = doorward.json(&["client", "show", body["client_id"].as_str().unwrap()]);
    assert!(listed.to_string().contains("cursor://anysphere.cursor-mcp/oauth/callback"), "{listed}");
}

#[test]
fn members_that_nobody_knows_and_grants_that_are_not_served_are_left_out() {
    let doorward = doorward();
    let _counted = COUNTING.lock().unwrap_or_else(PoisonError::into_inner);
    let body = accepted(
        doorward,
        json!({
            "grant_types": ["authorization_code", "urn:ietf:params:oauth:grant-type:jwt-bearer", "made_up"],
            "contacts": ["a@client.test"],
            "post_logout_redirect_uris": ["https://client.test/bye"],
            "client_uri#de": "javascript:alert(1)",
            "x": { "y": [1, null] },
            "deep": serde_json::from_str::<Value>(&format!("{}{}", "[".repeat(100), "]".repeat(100))).unwrap(),
            "scope": "",
            "client_name": "",
            "logo_uri": "",
            "software_statement": "eyJhbGciOiJub25lIn0.eyJjbGllbnRfbmFtZSI6IlRydXN0ZWQifQ.",
        }),
    );
    assert!(!body.to_string().contains("jwt-bearer") && !body.to_string().contains("made_up"), "{body}");
    for member in ["contacts", "client_uri#de", "x", "scope", "client_name", "logo_uri", "software_statement"] {
        assert!(body.get(member).is_none(), "{member}");
    }
    assert!(!body.to_string().contains("Trusted"), "an unsigned statement is believed");
}

#[test]
fn a_stranger_cannot_assign_itself_what_is_not_its_own() {
    let doorward = doorward();
    let _counted = COUNTING.lock().unwrap_or_else(PoisonError::into_inner);
    let body = accepted(
        doorward,
        json!({
            "client_name": "Assigns itself",
            "client_id": "mine", "client_secret": "known", "client_id_issued_at": 1, "client_secret_expires_at": 1,
            "id": "mine", "trusted": true, "skip_consent": true, "first_party": true, "owner": true, "origin": "manual",
            "registered": "by the owner", "created_at": 1, "status": "active", "audience": "*", "auth_method": "none", "secret": "x",
            "registration_access_token": "known", "verified": true,
        }),
    );
    let id = body["client_id"].as_str().unwrap();
    assert_ne!(id, "mine");
    assert!(body.get("client_secret").is_none() && body["client_id_issued_at"] != 1, "{body}");
    let known = register(doorward, &with(json!({ "client_name": "Assigns nothing" }))).json();
    let show = |id: &str| doorward.json(&["client", "show", id]);
    let plain = |mut value: Value, id: &str| {
        let text = value.to_string().replace(id, "ID").replace("Assigns itself", "NAME").replace("Assigns nothing", "NAME");
        value = serde_json::from_str(&text).unwrap();
        value.pointer_mut("/created_at").map(Value::take);
        value.pointer_mut("/0/created_at").map(Value::take);
        value
    };
    let other = known["client_id"].as_str().unwrap();
    assert_eq!(plain(show(id), id), plain(show(other), other), "the stored records differ in more than the name");
}

#[test]
fn a_public_client_that_registers_again_is_the_same_client_and_any_difference_makes_another() {
    let doorward = doorward();
    let _counted = COUNTING.lock().unwrap_or_else(PoisonError::into_inner);
    let id = |members: Value| accepted(doorward, members)["client_id"].as_str().unwrap().to_owned();
    let first = id(json!({ "client_name": "Again" }));
    let before = doorward.json(&["client", "list"]);
    for _ in 0..5 {
        assert_eq!(id(json!({ "client_name": "Again" })), first);
        assert_eq!(id(json!({ "client_name": "Again", "unknown": 1 })), first);
    }
    assert_eq!(doorward.json(&["client", "list"]), before);
    for other in [
        json!({ "client_name": "Again." }),
        json!({ "client_name": "Again", "scope": "mcp" }),
        json!({ "client_name": "Again", "redirect_uris": [CALLBACK, "http://localhost/cb"] }),
        json!({ "client_name": "Again", "redirect_uris": ["https://client.test/cb/"] }),
        json!({ "client_name": "Again", "application_type": "web" }),
    ] {
        assert_ne!(id(other.clone()), first, "{other}");
    }
    let confidential = json!({ "client_name": "Again", "token_endpoint_auth_method": "client_secret_post" });
    assert_ne!(id(confidential.clone()), id(confidential), "the secret of the first would be lost, or told to a stranger");
}

#[test]
fn what_is_no_json_object_of_known_types_is_refused() {
    let doorward = doorward();
    let deep = |open: &str, inner: &str, close: &str| {
        format!("{{\"redirect_uris\":{}{inner}{}}}", open.repeat(5000), close.repeat(5000)).into_bytes()
    };
    let mut hostile: Vec<Vec<u8>> = [
        "",
        "null",
        "[]",
        "\"x\"",
        "1",
        "{",
        "{}}",
        "{\"redirect_uris\":[\"https://client.test/cb\"]} {}",
        "[{\"redirect_uris\":[\"https://client.test/cb\"]}]",
        "[[\"https://client.test/cb\"],\"none\"]",
        "{'redirect_uris':['https://client.test/cb']}",
        "{\"redirect_uris\":[\"https://client.test/cb\"],}",
        "{\"redirect_uris\":[\"https://client.test/cb\"],\"redirect_uris\":[\"https://evil.test/cb\"]}",
        "{\"redirect_uris\":[\"https://client.test/cb\"],\"redirect\\u005furis\":[\"https://evil.test/cb\"]}",
        "{\"redirect_uris\":[\"https://client.test/cb\"],\"client_name\":\"a\",\"client_name\":\"b\"}",
        "{\"redirect_uris\":[\"https://client.test/cb\"],\"client_name\":\"\\ud800\"}",
        "{\"redirect_uris\":[\"https://client.test/cb\"],\"client_name\":NaN}",
        "redirect_uris=https%3A%2F%2Fclient.test%2Fcb",
    ]
    .iter()
    .map(|text| text.as_bytes().to_vec())
    .collect();
    hostile.extend([deep("[", "", "]"), deep("{\"a\":", "1", "}")]);
    hostile.push(b"{\"redirect_uris\":[\"https://client.test/cb\"],\"client_name\":\"\xff\xfe\"}".to_vec());
    hostile.push(b"\xef\xbb\xbf{\"redirect_uris\":[\"https://client.test/cb\"]}".to_vec());
    hostile.extend(bodies([
        json!({ "client_name": 1 }),
        json!({ "client_name": ["Claude"] }),
        json!({ "client_name": { "de": "x" } }),
        json!({ "grant_types": "authorization_code" }),
        json!({ "grant_types": [1] }),
        json!({ "grant_types": { "0": "authorization_code" } }),
        json!({ "response_types": "code" }),
        json!({ "token_endpoint_auth_method": ["none"] }),
        json!({ "token_endpoint_auth_method": 0 }),
        json!({ "scope": ["mcp"] }),
        json!({ "client_uri": false }),
        json!({ "software_id": 1.5 }),
    ]));
    all_refused(doorward, "invalid_client_metadata", hostile);
}

#[test]
fn redirect_uris_must_be_a_list_of_a_few_texts() {
    let doorward = doorward();
    let many: Vec<String> = (0..1000).map(|number| format!("https://client.test/{number}")).collect();
    let mut wrong = bodies([
        json!({ "redirect_uris": null }),
        json!({ "redirect_uris": CALLBACK }),
        json!({ "redirect_uris": [] }),
        json!({ "redirect_uris": [null] }),
        json!({ "redirect_uris": [1] }),
        json!({ "redirect_uris": [""] }),
        json!({ "redirect_uris": [[CALLBACK]] }),
        json!({ "redirect_uris": { "0": CALLBACK } }),
        json!({ "redirect_uris": [{ "uri": CALLBACK }] }),
        json!({ "redirect_uris": many }),
        json!({ "redirect_uris": many[..11] }),
        json!({ "redirect_uris": [format!("https://client.test/{}", "a".repeat(481))] }),
        json!({ "redirect_uris": [format!("https://client.test/{}", "a".repeat(40_000))] }),
    ]);
    wrong.push(b"{}".to_vec());
    wrong.push(b"{\"token_endpoint_auth_method\":\"none\"}".to_vec());
    all_refused(doorward, "invalid_redirect_uri", wrong);
    let _counted = COUNTING.lock().unwrap_or_else(PoisonError::into_inner);
    let longest = format!("https://client.test/{}", "a".repeat(480));
    assert_eq!(longest.len(), 500);
    accepted(doorward, json!({ "redirect_uris": [longest] }));
    accepted(doorward, json!({ "redirect_uris": many[..10] }));
}

#[test]
fn schemes_that_run_or_read_something_are_refused_however_they_are_spelt() {
    all_refused(
        doorward(),
        "invalid_redirect_uri",
        for_uris([
            "javascript:alert(1)",
            "JaVaScRiPt:alert(1)",
            "java\tscript:alert(1)",
            "\u{1}javascript:alert(1)",
            " javascript:alert(1)",
            "javascript://client.test/%0aalert(1)",
            "data:text/html,x",
            "vbscript:x",
            "blob:https://client.test/x",
            "file:///etc/passwd",
            "about:blank",
            "view-source:https://client.test/",
            "filesystem:https://client.test/x",
            "ws://client.test/cb",
            "wss://client.test/cb",
            "ftp://client.test/cb",
            "mailto:a@client.test",
            "tel:1",
            "intent://x#Intent;end",
            "jar:https://client.test!/",
            "search-ms:query=x",
            "myapp:/cb",
            "localhost:3000/cb",
            "httpx://client.test/cb",
            "https+x://client.test/cb",
            "urn:ietf:wg:oauth:2.0:oob",
        ]),
    );
}

#[test]
fn addresses_that_two_readers_could_take_differently_are_refused() {
    all_refused(
        doorward(),
        "invalid_redirect_uri",
        for_uris([
            "//client.test/cb",
            "/cb",
            "cb",
            "https:client.test/cb",
            "https:/client.test/cb",
            "https:///client.test/cb",
            "https:\\\\client.test",
            "https://client.test\\@evil.test/",
            "https://client.test\\.evil.test/",
            "https://client.test@evil.test/cb",
            "https://client.test:pw@evil.test/",
            "https://a@b@evil.test/",
            "https://@evil.test/",
            "https://CLIENT.test/cb",
            "HTTPS://client.test/cb",
            "https://client.test./cb",
            "https://client.test:443/cb",
            "https://client.test:0443/cb",
            "https://client.test:/cb",
            "https://client.test:99999/cb",
            "https://\u{ff45}xample.test/cb",
            "https://exa\u{ad}mple.test/cb",
            "https://exa%6dple.test/cb",
            "https://example\u{3002}test/cb",
            "https://client.test/a/../cb",
            "https://client.test/%2e%2e/cb",
            "https://client.test/a/..;/cb",
            "https://client.test//cb",
            "https://client.test/./cb",
            "https://client.test/cb#x",
            "https://client.test/cb#",
            "https://*.client.test/cb",
            "https://client.test/*",
            "http://localhost:*/cb",
            "cursor://*",
            " https://client.test/cb",
            "https://client.test/cb ",
            "https://client.test/c b",
            "https://client.test/cb\r\nX: y",
            "https://client.test/\u{0}",
            "https://client.test/\u{7f}",
            "https://client.test/\u{85}",
            "https://client.test/\u{2028}",
            "https://client.test/\u{a0}",
            "https://client.test/%00",
            "https://client.test/%0d%0aX",
            "https://client.test/\"><script>",
        ]),
    );
}

#[test]
fn plain_http_is_for_this_device_alone_and_no_look_alike_of_it() {
    all_refused(
        doorward(),
        "invalid_redirect_uri",
        for_uris([
            "http://client.test/cb",
            "http://192.168.1.5/cb",
            "http://10.0.0.2:3000/cb",
            "http://localhost.evil.test/",
            "http://127.0.0.1.evil.test/",
            "http://localhost@evil.test/",
            "http://127.0.0.1%2f@evil.test/",
            "http://localhost:80@evil.test:80/",
            "http://localhost%2eevil.test/",
            "http://127.1/cb",
            "http://0x7f.0.0.1/cb",
            "http://2130706433/cb",
            "http://0.0.0.0/cb",
            "http://127.0.0.2/cb",
            "http://localhost:0/cb",
            "http://localhost:65536/cb",
            "http://localhost:080/cb",
            "https://203.0.113.9/cb",
            "https://[2001:db8::1]/cb",
            "https://printer/cb",
            "https://nas.local/cb",
            "https://localhost/cb",
        ]),
    );
}

#[test]
fn addresses_of_our_own_and_those_with_parameters_of_our_answer_are_refused() {
    let doorward = doorward();
    let (mut ours, reserved) =
        (vec![], ["code=x", "state=", "error=x", "iss=https://x.test", "access_token=x", "%63ode=x", "CODE=1", "a=1&code"]);
    ours.extend(reserved.iter().map(|query| format!("https://client.test/cb?{query}")));
    all_refused(doorward, "invalid_redirect_uri", for_uris(ours.iter().map(String::as_str)));
    let own = Doorward::with(Setup::default().flag("--public-url", "https://mcp.example.com"));
    let addresses = ["https://mcp.example.com/signin?next=x", "https://mcp.example.com/consent", "https://mcp.example.com/mcp"];
    all_refused(&own, "invalid_redirect_uri", for_uris(addresses));
}

#[test]
fn one_bad_address_among_good_ones_refuses_them_all() {
    let doorward = doorward();
    let good = ["https://client.test/one", "http://localhost/cb", "cursor://anysphere.cursor-mcp/oauth/callback"];
    let mixed = (0..=good.len()).map(|at| {
        let mut uris = good.to_vec();
        uris.insert(at, "javascript:alert(1)");
        json!({ "redirect_uris": uris })
    });
    all_refused(doorward, "invalid_redirect_uri", bodies(mixed));
}

#[test]
fn what_would_give_more_than_a_code_is_refused() {
    let doorward = doorward();
    let asked = [
        json!({ "grant_types": ["implicit"] }),
        json!({ "grant_types": ["authorization_code", "implicit"] }),
        json!({ "grant_types": ["password"] }),
        json!({ "grant_types": ["authorization_code", "client_credentials"] }),
        json!({ "grant_types": ["refresh_token"] }),
        json!({ "grant_types": [] }),
        json!({ "response_types": ["token"] }),
        json!({ "response_types": ["code", "id_token"] }),
        json!({ "response_types": [] }),
        json!({ "token_endpoint_auth_method": "client_secret_jwt" }),
        json!({ "token_endpoint_auth_method": "None" }),
        json!({ "token_endpoint_auth_method": "" }),
        json!({ "scope": "a\u{7}b" }),
        json!({ "scope": "a".repeat(2000) }),
        json!({ "software_id": "x\r\ny" }),
    ];
    all_refused(doorward, "invalid_client_metadata", bodies(asked));
}

#[test]
fn links_lead_to_public_https_addresses_or_nowhere() {
    let doorward = doorward();
    let bad =
        ["javascript:alert(1)", "data:text/html,x", "file:///x", "http://127.0.0.1/logo", "http://client.test/", "https://127.0.0.1/x"];
    let more = ["https://user@client.test/", "https://localhost/x", "//client.test/x", "https://client.test/\u{202e}", "x"];
    let members = ["client_uri", "logo_uri", "tos_uri", "policy_uri", "jwks_uri"];
    let asked = members.iter().flat_map(|member| bad.iter().chain(&more).map(move |link| json!({ *member: link })));
    all_refused(doorward, "invalid_client_metadata", bodies(asked));
}

#[test]
fn a_name_that_hides_something_or_pretends_to_be_us_is_refused() {
    let doorward = doorward();
    let hidden = [
        "a\nb",
        "a\u{0}b",
        "\u{1b}[31mred",
        "a\u{202e}b",
        "a\u{200b}b",
        "\u{feff}a",
        "a\u{2066}b",
        "a\u{ad}b",
        " a",
        "a ",
        "\t",
        "a\u{2028}b",
    ];
    let ours = ["doorward", "Doorward", "The DOORWARD app", "doorward!", "my-doorward", "Home Files", "the home files", "home-files"];
    let long = ["x".repeat(121), "\u{fc}".repeat(121), "x".repeat(10_240)];
    let all = hidden.iter().chain(&ours).map(|name| (*name).to_owned()).chain(long);
    all_refused(doorward, "invalid_client_metadata", bodies(all.map(|name| json!({ "client_name": name }))));
    let _counted = COUNTING.lock().unwrap_or_else(PoisonError::into_inner);
    for name in ["doorwards", "Files", "Claude Code (Home Files)", "日本語", "O'Neil & Söhne <b>", &"\u{fc}".repeat(120), "{{7*7}}"] {
        assert_eq!(accepted(doorward, json!({ "client_name": name }))["client_name"], name);
    }
}

#[test]
fn only_json_said_to_be_json_is_read() {
    let doorward = doorward();
    let _alone = COUNTING.lock().unwrap_or_else(PoisonError::into_inner);
    let before = doorward.json(&["client", "list"]);
    let body = with(json!({ "client_name": "By another type" })).to_string();
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "text/json",
        "application/jsonx",
        "application/json, text/plain",
        "text/plain; application/json",
        "",
    ] {
        let response = http::send(doorward.address, "POST", "/register", &[("Content-Type", kind)], body.as_bytes());
        assert_eq!(response.error(), (415, "invalid_client_metadata".into()), "{kind:?}");
    }
    assert_eq!(http::send(doorward.address, "POST", "/register", &[], body.as_bytes()).error().0, 415, "without a type");
    let twice = http::send(doorward.address, "POST", "/register", &[JSON, JSON], body.as_bytes());
    assert!(matches!(twice.status, 400 | 415), "{}", twice.status);
    let compressed = http::send(doorward.address, "POST", "/register", &[JSON, ("Content-Encoding", "gzip")], b"\x1f\x8b\x08\x00garbage");
    assert!((400..500).contains(&compressed.status), "{}", compressed.status);
    assert_eq!(doorward.json(&["client", "list"]), before);
    for kind in ["application/json", "Application/JSON", "application/json; charset=utf-8", "application/json;charset=UTF-8"] {
        let response = http::send(doorward.address, "POST", "/register", &[("Content-Type", kind)], body.as_bytes());
        assert_eq!(response.status, 201, "{kind}");
    }
}

#[test]
fn a_mebibyte_is_too_much_and_is_said_so_in_json() {
    let doorward = doorward();
    let _alone = COUNTING.lock().unwrap_or_else(PoisonError::into_inner);
    let before = doorward.json(&["client", "list"]);
    for length in [65 * 1024, 1024 * 1024] {
        let body = with(json!({ "padding": "a".repeat(length) })).to_string();
        let response = http::send(doorward.address, "POST", "/register", &[JSON], body.as_bytes());
        assert_eq!(response.error().0, 413, "{length}");
    }
    let endless = format!(
        "POST /register HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: 9999999999999\r\n\r\n{{",
        doorward.address
    );
    let answer = http::raw(doorward.address, endless.as_bytes());
    assert!(answer.starts_with(b"HTTP/1.1 413"), "{}", String::from_utf8_lossy(&answer));
    assert_eq!(doorward.json(&["client", "list"]), before);
}

#[test]
fn other_methods_are_refused_in_json_and_say_which_is_meant() {
    let doorward = doorward();
    for path in ["/register", "/token", "/revoke"] {
        for method in ["GET", "HEAD", "PUT", "DELETE"] {
            let response = http::send(doorward.address, method, path, &[("Accept", "text/html")], b"");
            assert_eq!(response.status, 405, "{method} {path}");
            assert_eq!(response.header("allow"), Some("POST"), "{method} {path}");
            assert_eq!(response.header("content-type"), Some("application/json"), "{method} {path}");
            assert_eq!(response.header("access-control-allow-origin"), Some("*"), "{method} {path}");
        }
        let asked =
            [("Origin", "https://x.test"), ("Access-Control-Request-Method", "POST"), ("Access-Control-Request-Headers", "content-type")];
        let preflight = http::send(doorward.address, "OPTIONS", path, &asked, b"");
        assert_eq!((preflight.status, preflight.header("access-control-allow-origin")), (204, Some("*")), "{path}");
        assert!(preflight.header("access-control-allow-methods").unwrap().contains("POST"), "{path}");
        assert!(preflight.header("access-control-allow-headers").unwrap().to_lowercase().contains("content-type"), "{path}");
    }
}

#[test]
fn registration_needs_no_credentials_and_believes_none() {
    let doorward = doorward();
    let _counted = COUNTING.lock().unwrap_or_else(PoisonError::into_inner);
    let body = with(json!({ "client_name": "Bearer of nothing" })).to_string();
    for header in [
        ("Authorization", "Bearer nonsense"),
        ("Authorization", "Basic !!"),
        ("Cookie", "doorward_session=x"),
        ("Origin", "https://evil.test"),
    ] {
        assert_eq!(http::send(doorward.address, "POST", "/register", &[JSON, header], body.as_bytes()).status, 201, "{header:?}");
    }
}

#[test]
fn the_registrations_of_real_clients_are_accepted_as_they_are_sent() {
    let doorward = doorward();
    let _counted = COUNTING.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/registrations");
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let vector: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let sent = ["request", "sent", "body", "metadata"].iter().find_map(|member| vector.get(member)).unwrap_or(&vector);
        let response = register(doorward, sent);
        assert_eq!(response.status, 201, "{}: {}", path.display(), response.text());
        assert_eq!(response.json()["redirect_uris"], sent["redirect_uris"], "{}", path.display());
        seen += 1;
    }
    assert!(seen >= 10, "{seen}");
}

#[test]
fn a_client_is_still_registered_after_a_restart_and_after_kill() {
    let mut doorward = Doorward::start();
    let client = Client::register(&doorward);
    doorward.kill();
    doorward.start_again();
    assert_eq!(Client::register(&doorward).id, client.id);
    assert!(doorward.stop().success());
    doorward.start_again();
    assert_eq!(http::get(doorward.address, &client.authorize_url(&[])).status, 200);
}

#[test]
fn a_removed_client_is_unknown_everywhere_and_may_register_anew() {
    let doorward = doorward();
    let _counted = COUNTING.lock().unwrap_or_else(PoisonError::into_inner);
    let client = Client::register_as(doorward, CALLBACK, json!({ "token_endpoint_auth_method": "none", "client_name": "Removed soon" }));
    assert!(doorward.run(&["client", "remove", &client.id]).status.success());
    assert_eq!(http::get(doorward.address, &client.authorize_url(&[])).status, 400);
    assert_eq!(client.redeem(doorward, "x", &[]).error(), (401, "invalid_client".into()));
    let again = Client::register_as(doorward, CALLBACK, json!({ "token_endpoint_auth_method": "none", "client_name": "Removed soon" }));
    assert_ne!(again.id, client.id);
    assert_eq!(http::get(doorward.address, &again.authorize_url(&[])).status, 200);
}
