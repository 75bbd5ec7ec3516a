//! What a client finds before it knows anything: challenges, well-known documents, and the ways through them that the
//! four revisions take.

use crate::support::browser;
use crate::support::client::{self, VERIFIER};
use crate::support::http::{self, Response};
use crate::support::site::Site;
use crate::support::{Doorward, Setup};
use serde_json::{Value, json};
use std::sync::OnceLock;

const PRM: &str = "oauth-protected-resource";
const AS: &str = "oauth-authorization-server";
const OIDC: &str = "openid-configuration";

const TWO_SERVERS: &str = r#"
public_url = "https://mcp.example.com"
[[server]]
path = "/notes"
name = "Notes"
upstream = "http://127.0.0.1:9/mcp"
default_scopes = ["notes:read"]
[server.scopes]
"notes:read" = "Read your notes"
"notes:write" = "Change your notes"
[[server]]
path = "/home/mcp"
name = "Home"
upstream = "http://127.0.0.1:9/mcp"
"#;
const PUBLIC: &str = "https://mcp.example.com";

static ONE: OnceLock<Site> = OnceLock::new();

fn one() -> &'static Site {
    ONE.get_or_init(|| Site::shared(|upstream| Setup::upstream(upstream.address)))
}

fn two() -> Doorward {
    Doorward::with(Setup { without_owner: true, ..Setup::config(TWO_SERVERS) })
}

/// As a proxy in front of it asks.
fn ask_public(doorward: &Doorward, method: &str, target: &str) -> Response {
    http::send(doorward.address, method, target, &[("Host", "mcp.example.com")], b"")
}

/// Every spelling of a document for the only server at `/mcp`.
fn spellings(name: &str) -> [String; 3] {
    [format!("/.well-known/{name}"), format!("/.well-known/{name}/mcp"), format!("/mcp/.well-known/{name}")]
}

/// No `null`, no empty text, list or object anywhere (RFC 8414 §3.2, RFC 9728 §3.2).
fn is_full(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(_) | Value::Number(_) => true,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty() && items.iter().all(is_full),
        Value::Object(members) => !members.is_empty() && members.values().all(is_full),
    }
}

#[track_caller]
fn assert_is_document(response: &Response, target: &str) {
    assert_eq!(response.status, 200, "{target}: {}", response.text());
    assert_eq!(response.header("content-type"), Some("application/json"), "{target}");
    assert_eq!(response.header("access-control-allow-origin"), Some("*"), "{target}");
    assert_eq!(response.header("access-control-allow-credentials"), None, "{target}");
    assert_eq!(response.header("x-content-type-options"), Some("nosniff"), "{target}");
    assert_eq!(response.header("set-cookie"), None, "{target}");
    assert_eq!(response.header("content-encoding"), None, "{target}");
    let age = response.header("cache-control").and_then(|value| value.split_once("max-age=")).expect("a time to keep it");
    assert!(age.1.parse::<u32>().unwrap() <= 300, "{target}");
}

#[test]
fn every_spelling_gives_the_document_with_and_without_slash_and_query() {
    let one = one();
    for name in [PRM, AS, OIDC] {
        let expected = http::get(one.address, &format!("/.well-known/{name}")).json();
        for path in spellings(name) {
            for tail in ["", "/", "?a=1&b", "/?resource=x"] {
                let target = format!("{path}{tail}");
                let response = http::get(one.address, &target);
                assert_is_document(&response, &target);
                let mut document = response.json();
                if name == PRM && path.ends_with("/mcp") && tail.starts_with('/') {
                    assert_eq!(document["resource"], format!("{}/", one.resource()), "{target}");
                    document["resource"] = json!(one.resource());
                }
                assert_eq!(document, expected, "{target}");
            }
        }
    }
}

#[test]
fn head_answers_as_get_does_without_the_content() {
    let one = one();
    for path in [PRM, AS, OIDC].iter().flat_map(|name| spellings(name)) {
        let (get, head) = (http::get(one.address, &path), http::send(one.address, "HEAD", &path, &[], b""));
        assert_eq!((head.status, head.body.len()), (200, 0), "{path}");
        let known = |response: &Response| {
            let fields =
                response.headers.iter().filter(|(name, _)| !["date", "content-length"].contains(&name.to_ascii_lowercase().as_str()));
            fields.cloned().collect::<Vec<_>>()
        };
        assert_eq!(known(&head), known(&get), "{path}");
        let length = get.body.len().to_string();
        assert!(head.header("content-length").is_none_or(|told| told == length), "{path}: a length that is not GET's");
    }
}

#[test]
fn a_browser_may_ask_before_it_reads_and_nobody_may_change_a_document() {
    let one = one();
    for path in [PRM, AS, OIDC].iter().flat_map(|name| spellings(name)) {
        let asked = [
            ("Origin", "https://inspector.test"),
            ("Access-Control-Request-Method", "GET"),
            ("Access-Control-Request-Headers", "mcp-protocol-version"),
        ];
        let preflight = http::send(one.address, "OPTIONS", &path, &asked, b"");
        assert_eq!((preflight.status, preflight.body.len()), (204, 0), "{path}");
        assert_eq!(preflight.header("access-control-allow-origin"), Some("*"), "{path}");
        assert_eq!(preflight.header("access-control-allow-credentials"), None, "{path}");
        assert!(preflight.header("access-control-allow-methods").unwrap().contains("GET"), "{path}");
        assert!(preflight.header("access-control-allow-headers").unwrap().to_lowercase().contains("mcp-protocol-version"), "{path}");
        for method in ["POST", "PUT", "DELETE"] {
            let refused = http::send(one.address, method, &path, &[], b"");
            assert_eq!(refused.error().0, 405, "{method} {path}");
            let allowed = refused.header("allow").unwrap();
            assert!(allowed.contains("GET") && allowed.contains("HEAD") && !allowed.contains(method), "{method} {path}: {allowed}");
            assert_eq!(refused.header("access-control-allow-origin"), Some("*"), "{method} {path}");
        }
    }
}

#[test]
fn whatever_a_machine_is_told_a_page_of_any_origin_can_read() {
    let one = one();
    let large = "x".repeat(70_000);
    let (form, json) = ("application/x-www-form-urlencoded", "application/json");
    for origin in ["null", "https://plugin.test"] {
        let ask = |method: &str, target: &str, kind: &str, body: &str| {
            let fields = [("Origin", origin), ("Content-Type", kind)];
            http::send(one.address, method, target, &fields, body.as_bytes())
        };
        for path in ["/register", "/token", "/revoke", "/introspect", "/device_authorization"] {
            let right = if path == "/register" { json } else { form };
            let asked = [("Origin", origin), ("Access-Control-Request-Method", "POST"), ("Access-Control-Request-Headers", "content-type")];
            let preflight = http::send(one.address, "OPTIONS", path, &asked, b"");
            assert_eq!((preflight.status, preflight.header("access-control-allow-origin")), (204, Some("*")), "{path}");
            for (method, kind, body, expected) in
                [("POST", right, "x", 4), ("POST", "text/plain", "x", 4), ("POST", right, &*large, 413), ("GET", right, "", 405)]
            {
                let answer = ask(method, path, kind, body);
                assert!(answer.status == expected || answer.status / 100 == expected, "{method} {path}: {}", answer.status);
                assert_eq!(answer.header("access-control-allow-origin"), Some("*"), "{method} {path} {}", answer.status);
                assert_eq!(answer.header("access-control-allow-credentials"), None, "{method} {path}");
                assert!(!answer.error().1.is_empty(), "{method} {path}");
            }
        }
        for (path, status) in [("/jwks", 200), ("/userinfo", 401), ("/poll?state=x", 400), ("/.well-known/x", 404), ("/mcp", 403)] {
            let answer = ask("GET", path, json, "");
            assert_eq!((answer.status, answer.header("access-control-allow-origin")), (status, Some("*")), "{path}");
        }
        for path in ["/authorize", "/signin", "/consent", "/device", "/"] {
            assert_eq!(ask("GET", path, json, "").header("access-control-allow-origin"), None, "{path} is for people");
        }
    }
}

#[test]
fn an_unknown_document_is_a_json_404_that_every_origin_can_read() {
    let one = one();
    for target in [
        "/.well-known/",
        "/.well-known/nothing",
        "/.well-known/oauth-protected-resourcex",
        "/.well-known/oauth-protected-resource/mc",
        "/.well-known/oauth-protected-resource/mcpx",
        "/.well-known/oauth-protected-resource/mcp/more",
        "/.well-known/oauth-protected-resource/other",
        "/.well-known/oauth-authorization-server/other",
        "/.well-known/openid-configuration/other/mcp",
        "/.well-known/OAuth-Authorization-Server",
        "/.well-known/jwks.json",
        "/other/.well-known/oauth-protected-resource",
        "/other/.well-known/openid-configuration",
        "/mcp/.well-known/nothing",
        "/mcp/.well-known/oauth-protected-resource/mcp",
        "/mcp/.well-known/",
    ] {
        for method in ["GET", "HEAD"] {
            let response = http::send(one.address, method, target, &[("Accept", "text/html,*/*"), ("Origin", "null")], b"");
            assert_eq!(response.status, 404, "{method} {target}");
            assert_eq!(response.header("content-type"), Some("application/json"), "{method} {target}");
            assert_eq!(response.header("access-control-allow-origin"), Some("*"), "{method} {target}");
            assert_eq!(response.header("location"), None, "{method} {target}");
            assert_eq!(response.header("www-authenticate"), None, "{method} {target}");
        }
    }
}

#[test]
fn no_document_holds_null_or_anything_empty() {
    let (one, two) = (one(), two());
    let documents = [PRM, AS, OIDC].iter().flat_map(|name| spellings(name)).map(|path| http::get(one.address, &path).json());
    let places = ["/notes", "/home/mcp"].iter().flat_map(|place| [PRM, AS, OIDC].map(|name| format!("/.well-known/{name}{place}")));
    for document in documents.chain(places.map(|path| ask_public(&two, "GET", &path).json())) {
        assert!(is_full(&document), "{document}");
    }
}

#[test]
fn the_server_document_holds_exactly_what_is_done_here() {
    let doorward = two();
    let document = ask_public(&doorward, "GET", &format!("/.well-known/{AS}")).json();
    let expected = json!({
        "issuer": PUBLIC,
        "authorization_endpoint": format!("{PUBLIC}/authorize"),
        "token_endpoint": format!("{PUBLIC}/token"),
        "registration_endpoint": format!("{PUBLIC}/register"),
        "revocation_endpoint": format!("{PUBLIC}/revoke"),
        "introspection_endpoint": format!("{PUBLIC}/introspect"),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": true,
        "token_endpoint_auth_methods_supported": ["none", "client_secret_post", "client_secret_basic"],
        "revocation_endpoint_auth_methods_supported": ["none", "client_secret_post", "client_secret_basic"],
        "introspection_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
        "scopes_supported": ["notes:read", "notes:write", "mcp", "offline_access"],
        "protected_resources": [format!("{PUBLIC}/notes"), format!("{PUBLIC}/home/mcp")],
    });
    for (member, value) in expected.as_object().unwrap() {
        assert_eq!(&document[member], value, "{member}");
    }
    let grants: Vec<&str> = document["grant_types_supported"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert!(grants.starts_with(&["authorization_code", "refresh_token"]), "{grants:?}");
    assert!(["implicit", "password", "client_credentials"].iter().all(|never| !grants.contains(never)), "{grants:?}");
    let openid = ask_public(&doorward, "GET", &format!("/.well-known/{OIDC}")).json();
    assert_eq!(openid["jwks_uri"], format!("{PUBLIC}/jwks"));
    assert_eq!(openid["subject_types_supported"], json!(["public"]));
    assert_eq!(openid["id_token_signing_alg_values_supported"], json!(["ES256"]));
    let scopes = ["notes:read", "notes:write", "mcp", "offline_access", "openid", "profile", "email"];
    assert_eq!(openid["scopes_supported"], json!(scopes), "only this document names the scopes of OpenID");
    for (member, value) in document.as_object().unwrap().iter().filter(|(member, _)| *member != "scopes_supported") {
        assert_eq!(&openid[member], value, "{member} differs between the two documents");
    }
}

#[test]
fn every_endpoint_that_is_named_is_there() {
    let one = one();
    let document = http::get(one.address, &format!("/.well-known/{OIDC}")).json();
    let endpoints = document.as_object().unwrap().iter().filter(|(name, _)| name.ends_with("_endpoint") || *name == "jwks_uri");
    for (name, url) in endpoints {
        let path = url.as_str().unwrap().strip_prefix(&one.origin()).expect("every URL begins with the issuer");
        let method = if matches!(name.as_str(), "authorization_endpoint" | "jwks_uri" | "userinfo_endpoint") { "GET" } else { "POST" };
        let status = http::send(one.address, method, path, &[], b"").status;
        assert!(![404, 405, 500, 501].contains(&status), "{name}: {method} {path} is answered {status}");
    }
    let keys = http::get(one.address, "/jwks");
    assert_is_document(&keys, "/jwks");
    let private = ["d", "p", "q", "k"];
    assert!(keys.json()["keys"].as_array().unwrap().iter().all(|key| private.iter().all(|member| key.get(member).is_none())));
}

#[test]
fn each_of_two_servers_has_its_document_and_the_root_has_none() {
    let doorward = two();
    for (path, name, scopes) in [("/notes", "Notes", json!(["notes:read", "notes:write"])), ("/home/mcp", "Home", json!(["mcp"]))] {
        let expected = json!({
            "resource": format!("{PUBLIC}{path}"),
            "authorization_servers": [PUBLIC],
            "bearer_methods_supported": ["header"],
            "resource_name": name,
            "resource_documentation": format!("{PUBLIC}/"),
            "scopes_supported": scopes,
        });
        for target in [format!("/.well-known/{PRM}{path}"), format!("{path}/.well-known/{PRM}"), format!("/.well-known/{PRM}{path}?x")] {
            let response = ask_public(&doorward, "GET", &target);
            assert_is_document(&response, &target);
            assert_eq!(response.json(), expected, "{target}");
        }
        let with_slash = ask_public(&doorward, "GET", &format!("/.well-known/{PRM}{path}/")).json();
        assert_eq!(with_slash["resource"], format!("{PUBLIC}{path}/"));
        for name in [AS, OIDC] {
            for target in
                [format!("/.well-known/{name}{path}"), format!("/.well-known/{name}{path}/"), format!("{path}/.well-known/{name}")]
            {
                assert_eq!(ask_public(&doorward, "GET", &target).json()["issuer"], PUBLIC, "{target}");
            }
        }
    }
    for target in [format!("/.well-known/{PRM}"), format!("/.well-known/{PRM}/"), format!("/.well-known/{PRM}/home")] {
        assert_eq!(ask_public(&doorward, "GET", &target).error_of_nothing(), 404, "{target}");
    }
    for path in ["/.well-known/oauth-authorization-server/home", "/home/.well-known/openid-configuration"] {
        assert_eq!(ask_public(&doorward, "GET", path).status, 404, "{path}");
    }
}

impl Response {
    /// The status of a JSON error that every origin can read.
    #[track_caller]
    fn error_of_nothing(&self) -> u16 {
        assert_eq!(self.header("access-control-allow-origin"), Some("*"));
        self.error().0
    }
}

/// What a stranger, or a careless proxy, may claim about where a request went.
const CLAIMS: [(&str, &str); 9] = [
    ("X-Forwarded-Host", "evil.test"),
    ("X-Forwarded-Proto", "http"),
    ("X-Forwarded-Port", "1"),
    ("X-Forwarded-Prefix", "/evil"),
    ("X-Forwarded-Server", "evil.test"),
    ("Forwarded", "host=evil.test;proto=http"),
    ("X-Original-Host", "evil.test"),
    ("X-Original-URL", "/evil"),
    ("X-Rewrite-URL", "/evil"),
];

#[test]
fn what_a_request_claims_about_its_host_changes_nothing() {
    let doorward = two();
    for path in ["/.well-known/oauth-protected-resource/notes", "/.well-known/openid-configuration", "/notes"] {
        let plain = ask_public(&doorward, "GET", path);
        assert!(!format!("{plain:?}").contains("evil"));
        for claim in CLAIMS {
            let claimed = http::send(doorward.address, "GET", path, &[("Host", "mcp.example.com"), claim], b"");
            assert_eq!((claimed.status, &claimed.body), (plain.status, &plain.body), "{path} {claim:?}");
            assert_eq!(claimed.header("www-authenticate"), plain.header("www-authenticate"), "{path} {claim:?}");
        }
        for host in ["MCP.example.com", "mcp.example.com:443", "localhost", "127.0.0.1:1"] {
            let response = http::send(doorward.address, "GET", path, &[("Host", host)], b"");
            assert_eq!((response.status, &response.body), (plain.status, &plain.body), "{path} {host}");
            assert_eq!(response.header("www-authenticate"), plain.header("www-authenticate"), "{path} {host}");
        }
        for host in ["evil.test", "mcp.example.com.evil.test", "mcp.example.com:8443", "10.0.0.1", "mcp.example.com."] {
            let response = http::send(doorward.address, "GET", path, &[("Host", host)], b"");
            assert_eq!(response.status, 421, "{path} {host}");
            assert!(!response.text().contains("evil"), "{path} {host}");
        }
        let absolute = http::send(doorward.address, "GET", &format!("http://evil.test{path}"), &[("Host", "mcp.example.com")], b"");
        assert!(matches!(absolute.status, 400 | 421), "{path}: {}", absolute.status);
    }
}

#[test]
fn without_a_token_every_method_is_challenged_with_the_way_to_the_document() {
    let one = one();
    for (path, document) in [("/mcp", "/.well-known/oauth-protected-resource/mcp"), ("/mcp/", "/.well-known/oauth-protected-resource/mcp/")]
    {
        for method in ["GET", "HEAD", "POST", "DELETE", "PUT"] {
            let response = http::send(one.address, method, path, &[("Content-Type", "application/json")], b"");
            assert_eq!(response.status, 401, "{method} {path}");
            let expected = format!("Bearer resource_metadata=\"{}{document}\", scope=\"mcp\"", one.origin());
            assert_eq!(response.header("www-authenticate"), Some(expected.as_str()), "{method} {path}");
            assert_eq!(response.header("set-cookie"), None, "{method} {path}");
            assert_eq!(response.header("access-control-allow-origin"), Some("*"), "{method} {path}");
            assert!(response.header("access-control-expose-headers").unwrap().contains("WWW-Authenticate"), "{method} {path}");
        }
        let found = http::get(one.address, document).json();
        assert_eq!(found["resource"], format!("{}{path}", one.origin()), "the document names the address that was typed");
    }
    let admitted = one.upstream.seen().iter().all(|request| !request.all("x-doorward-user").is_empty());
    assert!(admitted, "nothing of this reaches the server behind");
}

/// The rest of the way, with what a client of a revision sends; ends with a call that the server behind answers.
#[track_caller]
fn connect(one: &Site, server: &Value, registration: Value, more: &[(&str, &str)]) -> (String, Value) {
    let path_of = |member: &str| server[member].as_str().unwrap().strip_prefix(&one.origin()).unwrap().to_owned();
    let mut metadata = registration;
    metadata["redirect_uris"] = json!(["http://localhost:33418/callback"]);
    let registered = http::post_json(one.address, &path_of("registration_endpoint"), &metadata);
    assert_eq!(registered.status, 201, "{}", registered.text());
    let id = registered.json()["client_id"].as_str().unwrap().to_owned();
    let challenge = client::challenge();
    let mut pairs = vec![("response_type", "code"), ("client_id", &id), ("redirect_uri", "http://localhost:33418/callback")];
    pairs.extend([("code_challenge", challenge.as_str()), ("code_challenge_method", "S256")]);
    pairs.extend(more);
    let mut owner = one.owner();
    let consent = owner.get(&format!("{}?{}", path_of("authorization_endpoint"), http::encode(&pairs)));
    let location = owner.submit(&browser::form(&consent, "/consent").set("decision", "approve")).location();
    let code = http::parameter(&location, "code").unwrap();
    let mut pairs = vec![("grant_type", "authorization_code"), ("code", &code), ("client_id", &id), ("code_verifier", VERIFIER)];
    pairs.push(("redirect_uri", "http://localhost:33418/callback"));
    pairs.extend(more.iter().filter(|(name, _)| *name == "resource"));
    let tokens = http::post_form(one.address, &path_of("token_endpoint"), &pairs, &[]);
    assert_eq!(tokens.status, 200, "{}", tokens.text());
    assert!(is_full(&tokens.json()));
    let access = tokens.json()["access_token"].as_str().unwrap().to_owned();
    assert_eq!(client::call(one, "/mcp", &access).status, 200);
    (location, tokens.json())
}

fn get_json(one: &Site, url: &str) -> Option<Value> {
    let path = url.strip_prefix(&one.origin()).expect("a client stays at the origin");
    let response = http::send(one.address, "GET", path, &[("MCP-Protocol-Version", "2025-06-18")], b"");
    (response.status == 200).then(|| response.json())
}

/// The value of `resource_metadata` in the challenge.
fn challenged(one: &Site) -> String {
    let response = http::send(one.address, "POST", "/mcp", &[("Content-Type", "application/json")], b"{}");
    let challenge = response.header("www-authenticate").unwrap().to_owned();
    challenge.split("resource_metadata=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
}

#[test]
fn a_client_of_2025_03_26_finds_the_endpoints_at_the_origin_and_sends_neither_state_nor_scope_nor_resource() {
    let one = one();
    let server = get_json(one, &format!("{}/.well-known/{AS}", one.origin())).unwrap();
    let methods = server["code_challenge_methods_supported"].as_array().unwrap();
    assert!(methods.contains(&json!("S256")));
    let guessed = json!({
        "authorization_endpoint": format!("{}/authorize", one.origin()),
        "token_endpoint": format!("{}/token", one.origin()),
        "registration_endpoint": format!("{}/register", one.origin()),
    });
    for (member, url) in guessed.as_object().unwrap() {
        assert_eq!(&server[member], url, "a client that finds no document guesses {member}");
    }
    let (location, tokens) = connect(one, &server, json!({ "token_endpoint_auth_method": "none" }), &[]);
    assert_eq!(http::parameter(&location, "state"), None);
    assert_eq!(tokens["scope"], "mcp");
}

#[test]
fn a_client_of_2025_06_18_finds_the_server_through_the_document_at_the_root() {
    let one = one();
    let resource = get_json(one, &format!("{}/.well-known/{PRM}", one.origin())).unwrap();
    assert_eq!(resource["authorization_servers"].as_array().unwrap().len(), 1);
    let issuer = resource["authorization_servers"][0].as_str().unwrap();
    let server = get_json(one, &format!("{issuer}/.well-known/{AS}")).unwrap();
    let asked = resource["resource"].as_str().unwrap().to_owned();
    assert_eq!(asked, one.resource());
    let registration = json!({ "token_endpoint_auth_method": "none", "grant_types": ["authorization_code", "refresh_token"] });
    connect(one, &server, registration, &[("resource", &asked), ("state", "s")]);
}

/// The document of the resource in the order of 2025-11-25: challenge, path, root.
fn resource_documents(one: &Site) -> Vec<Value> {
    let origin = one.origin();
    let places = [challenged(one), format!("{origin}/.well-known/{PRM}/mcp"), format!("{origin}/.well-known/{PRM}")];
    places.iter().map(|url| get_json(one, url).expect("every place has it")).collect()
}

#[test]
fn a_client_of_2025_11_25_finds_the_same_through_challenge_path_and_root() {
    let one = one();
    let documents = resource_documents(one);
    assert!(documents.windows(2).all(|pair| pair[0] == pair[1]), "{documents:?}");
    let issuer = documents[0]["authorization_servers"][0].as_str().unwrap().to_owned();
    let order = [format!("{issuer}/.well-known/{AS}"), format!("{issuer}/.well-known/{OIDC}")];
    let servers: Vec<Value> = order.iter().map(|url| get_json(one, url).unwrap()).collect();
    assert_eq!(servers[0]["token_endpoint"], servers[1]["token_endpoint"]);
    let scope = documents[0]["scopes_supported"].as_array().unwrap().iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" ");
    let resource = documents[0]["resource"].as_str().unwrap().to_owned();
    for server in servers {
        let sent = [("resource", resource.as_str()), ("scope", scope.as_str()), ("state", "s"), ("prompt", "consent")];
        connect(one, &server, json!({ "token_endpoint_auth_method": "none", "client_name": "Of 2025" }), &sent);
    }
}

#[test]
fn a_client_of_2026_07_28_gets_the_issuer_back_in_every_place_where_it_compares_it() {
    let one = one();
    let resource = resource_documents(one).remove(0);
    assert_eq!(resource["resource"], one.resource(), "the identifier from which the URL was made");
    let issuer = resource["authorization_servers"][0].as_str().unwrap().to_owned();
    let server = get_json(one, &format!("{issuer}/.well-known/{AS}")).unwrap();
    assert_eq!(server["issuer"], issuer);
    assert!(!resource["scopes_supported"].as_array().unwrap().contains(&json!("offline_access")));
    assert!(server["scopes_supported"].as_array().unwrap().contains(&json!("offline_access")));
    assert_eq!(server["authorization_response_iss_parameter_supported"], true);
    let asked = one.resource();
    let registration = json!({
        "token_endpoint_auth_method": "none",
        "application_type": "native",
        "grant_types": ["authorization_code", "refresh_token"],
    });
    let sent = [("resource", asked.as_str()), ("scope", "mcp offline_access"), ("state", "s"), ("prompt", "consent")];
    let (location, tokens) = connect(one, &server, registration, &sent);
    assert_eq!(http::parameter(&location, "iss"), Some(issuer));
    assert_eq!(http::parameter(&location, "state").as_deref(), Some("s"));
    let granted: Vec<&str> = tokens["scope"].as_str().unwrap().split(' ').collect();
    assert!(granted.iter().all(|scope| ["mcp", "offline_access"].contains(scope)), "{granted:?}");
}
