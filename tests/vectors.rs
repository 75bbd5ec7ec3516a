//! Every file under `vectors/`: the examples of the RFCs, and what real clients send.

use doorward::oauth::bearer;
use doorward::oauth::client::ClientKinds;
use doorward::oauth::client_auth;
use doorward::oauth::error::Refusal;
use doorward::oauth::ids::ClientId;
use doorward::oauth::metadata;
use doorward::oauth::params::Params;
use doorward::oauth::pkce::{self, Challenge, Verifier};
use doorward::oauth::redirect_rules::RedirectRules;
use doorward::oauth::redirect_uri::{self, RegisteredBy};
use doorward::oauth::registration::{self, TakenNames};
use doorward::oauth::registration_response::{self, Issued};
use doorward::oauth::resource::ProtectedResource;
use doorward::oauth::scope::Scope;
use doorward::oauth::secret::{ClientSecret, Entropy, Secret};
use doorward::{clock::UnixTime, oauth::client::Client};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

const ISSUER: &str = "https://mcp.example.com";
const NOW: UnixTime = UnixTime(1_700_000_000);

/// Not read here: a note for people, answers that the doctor knows, records and snapshots that the store reads, and requests
/// that are sent to the program.
const READ_ELSEWHERE: [&str; 5] = ["README.md", "doctor/", "records/", "replays/", "snapshots/"];

fn rules() -> RedirectRules {
    RedirectRules::open(ISSUER)
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors")
}

fn files(directory: &Path, prefix: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let entry = entry.unwrap();
        let name = format!("{prefix}{}", entry.file_name().into_string().unwrap());
        if entry.file_type().unwrap().is_dir() {
            found.extend(files(&entry.path(), &format!("{name}/")));
        } else {
            found.push(name);
        }
    }
    found.sort();
    found
}

/// The contents of the file of that name, or of all files in it if it ends in a slash.
fn vectors(name: &str) -> Vec<(String, Value)> {
    let wanted = files(&root(), "").into_iter().filter(|file| is_for(file, name));
    let contents: Vec<_> = wanted.map(|file| (file.clone(), parse(&file))).collect();
    assert!(!contents.is_empty(), "there is no {name}");
    contents
}

fn vector(name: &str) -> Value {
    vectors(name).remove(0).1
}

fn parse(file: &str) -> Value {
    let text = fs::read_to_string(root().join(file)).unwrap();
    serde_json::from_str(&text).unwrap_or_else(|fault| panic!("{file}: {fault}"))
}

fn is_for(file: &str, name: &str) -> bool {
    file == name || name.ends_with('/') && file.starts_with(name)
}

#[test]
fn every_file_is_read() {
    for file in files(&root(), "") {
        let room = file.split_inclusive('/').next().unwrap();
        let read = ["vector", "vectors"].iter().any(|reader| include_str!("vectors.rs").contains(&format!("{reader}(\"{room}\")")));
        assert!(read || READ_ELSEWHERE.contains(&room), "nobody reads tests/vectors/{file}");
    }
}

fn items<'v>(vector: &'v Value, name: &str) -> &'v [Value] {
    vector[name].as_array().unwrap_or_else(|| panic!("a list named {name}"))
}

fn texts<'v>(vector: &'v Value, name: &str) -> Vec<&'v str> {
    items(vector, name).iter().map(|item| item.as_str().unwrap()).collect()
}

fn notes() -> ProtectedResource {
    ProtectedResource {
        scopes: vec![("notes:read".into(), "Read your notes".into()), ("notes:write".into(), "Change your notes".into())],
        default_scope: Scope::parse("notes:read"),
        ..ProtectedResource::plain(ISSUER, "/notes", "Notes")
    }
}

/// RFC 8414 §3.2, RFC 9728 §3.2: members with zero elements are left out, and nothing is `null`.
fn assert_full(document: &Value) {
    let full = |value: &Value| match value {
        Value::Null => false,
        Value::Array(items) => !items.is_empty() && items.iter().all(|item| item.as_str().is_some_and(|text| !text.is_empty())),
        Value::String(text) => !text.is_empty(),
        Value::Bool(_) | Value::Number(_) => true,
        Value::Object(_) => false,
    };
    for (name, value) in document.as_object().unwrap() {
        assert!(full(value), "{name}: {value}");
    }
}

#[test]
fn pkce_is_that_of_rfc_7636() {
    let vector = &vector("pkce.json");
    let verified = |pair: &Value| {
        let challenge = Challenge::parse(pair["code_challenge"].as_str(), Some("S256")).unwrap();
        pkce::verify(&Verifier::parse(pair["code_verifier"].as_str()).unwrap(), &challenge).is_ok()
    };
    assert!(items(vector, "verifies").iter().all(verified));
    assert!(!items(vector, "does_not_verify").iter().any(verified));
    let challenge = vector["verifies"][0]["code_challenge"].as_str();
    for method in items(vector, "refused_methods") {
        assert_eq!(Challenge::parse(challenge, method.as_str()), Err(Refusal::ChallengeMethodUnsupported), "{method}");
    }
    for challenge in items(vector, "refused_challenges") {
        assert!(Challenge::parse(challenge.as_str(), Some("S256")).is_err(), "{challenge}");
    }
    for verifier in items(vector, "refused_verifiers") {
        assert!(Verifier::parse(verifier.as_str()).is_err(), "{verifier}");
    }
}

#[test]
fn forms_are_read_as_rfc_6749_appendix_b_says() {
    let vector = &vector("form.json");
    for case in items(vector, "read") {
        let form = Params::parse(case["form"].as_str().unwrap()).unwrap();
        assert_eq!(form.all(case["name"].as_str().unwrap()).next(), case["value"].as_str(), "{case}");
    }
    for form in texts(vector, "refused") {
        assert_eq!(Params::parse(form), Err(Refusal::MalformedForm), "{form}");
    }
    for form in texts(vector, "repeated") {
        assert_eq!(Params::parse(form).unwrap().one("a"), Err(Refusal::ParameterRepeated("a")), "{form}");
    }
}

#[test]
fn basic_credentials_are_read_as_rfc_6749_says() {
    let vector = &vector("basic.json");
    let read = |field: &str| client_auth::credentials(&Params::default(), std::iter::once(field));
    for case in items(vector, "read") {
        let credentials = read(case["authorization"].as_str().unwrap()).unwrap();
        assert_eq!(credentials.client_id().as_str(), case["client_id"], "{case}");
    }
    for field in texts(vector, "refused") {
        assert_eq!(read(field).unwrap_err(), Refusal::BasicMalformed, "{field}");
        assert!(client_auth::tried_basic(std::iter::once(field)), "{field}");
    }
    for field in texts(vector, "not_basic") {
        assert_eq!(read(field).unwrap_err(), Refusal::ParameterMissing("client_id"), "{field}");
        assert!(!client_auth::tried_basic(std::iter::once(field)), "{field}");
    }
}

#[test]
fn the_challenge_is_that_of_rfc_6750() {
    let vector = &vector("challenge.json");
    let cases = vector.as_object().unwrap();
    assert_eq!(cases.len(), 4);
    for (name, case) in cases {
        let refusal = match name.as_str() {
            "no credentials" => Refusal::NoCredentials,
            "expired" => Refusal::TokenExpired,
            "unknown" => Refusal::TokenUnknown,
            "malformed" => Refusal::CredentialsMalformed,
            other => panic!("no refusal is called {other}"),
        };
        assert_eq!(bearer::challenge(&refusal, ISSUER, &notes(), false), case["value"], "{name}");
        assert_eq!(refusal.wire().status, case["status"], "{name}");
        assert!(bearer::is_challenged(&refusal), "{name}");
        assert_is_one_challenge(case["value"].as_str().unwrap());
    }
}

/// RFC 9110 §11.6.1: a scheme, then `name="value"` separated by commas, each name once.
fn assert_is_one_challenge(value: &str) {
    let parameters = value.strip_prefix("Bearer ").unwrap();
    let mut names = Vec::new();
    for parameter in parameters.split("\", ") {
        let (name, quoted) = parameter.split_once("=\"").unwrap();
        let inner = quoted.trim_end_matches('"');
        assert!(inner.bytes().all(|byte| matches!(byte, 0x20..=0x21 | 0x23..=0x5B | 0x5D..=0x7E)), "{parameter}");
        assert!(!names.contains(&name), "{name} twice");
        names.push(name);
    }
}

fn secret() -> Secret<ClientSecret> {
    Secret::mint(&Entropy::new([1; 32]))
}

/// Registers as a stranger would, beside servers of which two have the names they get when nobody gives them one.
fn register(body: &Value) -> Result<(Client, Value), Refusal> {
    let taken = TakenNames { servers: vec!["Notes", "MCP server", "doorward demo"] };
    let metadata = registration::parse(body.to_string().as_bytes(), &rules(), &taken)?;
    let issued = Issued { secret: metadata.wants_secret().then(secret), registration_token: None };
    let client = metadata.into_client(ClientId::mint([7; 16]), &issued, NOW);
    let response = registration_response::response(&client, &issued, ISSUER);
    Ok((client, response))
}

#[test]
fn a_registration_is_answered_as_rfc_7591_says() {
    let vector = &vector("registration_response.json");
    let full = serde_json::json!({
        "redirect_uris": ["https://client.test/cb"], "client_name": "Client", "scope": "notes:read", "application_type": "web",
        "client_uri": "https://client.test/", "logo_uri": "https://client.test/l", "software_id": "s", "software_version": "1",
        "software_statement": "e30.e30.", "jwks": {"keys": []}, "registration_access_token": "x", "error": "x",
    });
    for method in ["none", "client_secret_post", "client_secret_basic"] {
        let mut body = full.clone();
        body["token_endpoint_auth_method"] = method.into();
        let (_, response) = register(&body).unwrap();
        let has = |name: &&str| response.get(*name).is_some();
        assert!(texts(vector, "always").iter().all(has), "{response}");
        assert!(texts(vector, "when_sent").iter().all(has), "{response}");
        assert!(!texts(vector, "never").iter().any(has), "{response}");
        assert!(texts(vector, "with_a_secret").iter().all(|name| has(name) == (method != "none")), "{response}");
    }
    let (_, least) = register(&serde_json::json!({ "redirect_uris": ["https://client.test/cb"] })).unwrap();
    assert!(!texts(vector, "when_sent").iter().any(|name| least.get(*name).is_some()), "{least}");
}

#[test]
fn the_server_document_is_that_of_rfc_8414() {
    let vector = &vector("authorization_server.json");
    let document = metadata::authorization_server(ISSUER, &[notes()], ClientKinds::All);
    let openid = metadata::openid_configuration(ISSUER, &[notes()], ClientKinds::All);
    for document in [&document, &openid] {
        assert_full(document);
        assert_eq!(document["issuer"], vector["issuer"]);
        for name in texts(vector, "urls") {
            let url = document[name].as_str().unwrap();
            assert!(url.starts_with("https://mcp.example.com/") && !url.contains('#'), "{name}: {url}");
        }
        for (name, list) in vector["lists"].as_object().unwrap() {
            let of_openid = vector["openid_only"].get(name).filter(|_| *document == openid);
            assert_eq!(&document[name], of_openid.unwrap_or(list), "{name}");
        }
        for (name, flag) in vector["flags"].as_object().unwrap() {
            assert_eq!(&document[name], flag, "{name}");
        }
        for name in texts(vector, "forbidden") {
            assert!(document.get(name).is_none(), "{name}");
        }
    }
    for (name, list) in vector["openid_only"].as_object().unwrap() {
        assert_eq!(&openid[name], list, "{name}");
        assert_ne!(document.get(name), Some(list), "{name}");
    }
    let named = 1 + items(vector, "urls").len() + vector["lists"].as_object().unwrap().len() + vector["flags"].as_object().unwrap().len();
    assert_eq!(document.as_object().unwrap().len(), named, "a member that the vector does not name: {document}");
}

#[test]
fn the_resource_document_is_that_of_rfc_9728() {
    let vector = &vector("protected_resource.json");
    for (name, slash) in [("without_slash", false), ("with_slash", true)] {
        let document = metadata::protected_resource(&notes(), ISSUER, slash);
        assert_full(&document);
        assert_eq!(document, vector[name], "{name}");
    }
}

#[test]
fn listed_redirect_uris_may_be_registered() {
    let vector = &vector("redirect_uris_accepted.json");
    for (kind, uris) in vector.as_object().unwrap() {
        for uri in uris.as_array().unwrap().iter().map(|uri| uri.as_str().unwrap()) {
            assert_eq!(redirect_uri::registrable(uri, RegisteredBy::Stranger, &rules()), Ok(()), "{kind}: {uri}");
            let found = redirect_uri::find_registered(Some(uri), &[uri.to_owned()], RegisteredBy::Stranger, &rules());
            assert_eq!(found.unwrap().as_str(), uri);
        }
    }
}

#[test]
fn listed_redirect_uris_are_refused_for_the_reason_named() {
    let vector = &vector("redirect_uris_refused.json");
    for (problem, uris) in vector.as_object().unwrap() {
        for uri in uris.as_array().unwrap().iter().map(|uri| uri.as_str().unwrap()) {
            let refused = redirect_uri::registrable(uri, RegisteredBy::Stranger, &rules());
            assert_eq!(refused.map_err(|problem| format!("{problem:?}")), Err(problem.clone()), "{uri:?}");
        }
    }
}

#[test]
fn redirect_uris_match_as_listed() {
    let vector = &vector("redirect_uris_matched.json");
    for (name, matched) in [("matched", true), ("not_matched", false)] {
        for pair in items(vector, name) {
            let (registered, requested) = (pair[0].as_str().unwrap(), pair[1].as_str().unwrap());

            let found = redirect_uri::find_registered(Some(requested), &[registered.to_owned()], RegisteredBy::Stranger, &rules());
            assert_eq!(found.is_ok(), matched, "{registered} and {requested}");
        }
    }
}

#[test]
fn real_clients_can_register() {
    for (file, body) in vectors("registrations/") {
        assert_registers(&file, &body);
    }
}

/// What clients check in the answer: everything as they sent it, the method they asked for, a secret only with a method
/// that uses one, nothing that is `null`.
fn assert_registers(file: &str, body: &Value) {
    let (client, response) = register(body).unwrap_or_else(|refusal| panic!("{file}: {refusal:?}"));
    assert_full(&response);
    assert_eq!(response["redirect_uris"], body["redirect_uris"], "{file}");
    assert_eq!(response["response_types"], serde_json::json!(["code"]), "{file}");
    let method = body["token_endpoint_auth_method"].as_str().unwrap_or("client_secret_post");
    assert_eq!(response["token_endpoint_auth_method"], method, "{file}");
    assert_eq!(response.get("client_secret").is_some(), method != "none", "{file}");
    assert_eq!(response.get("client_secret_expires_at"), (method != "none").then_some(&Value::from(0)), "{file}");
    assert_eq!(response["client_id_issued_at"], NOW.0, "{file}");
    let granted = texts(&response, "grant_types");
    let device = "urn:ietf:params:oauth:grant-type:device_code";
    let wanted = if body["grant_types"].as_array().is_some_and(|sent| sent.contains(&device.into())) { vec![device] } else { vec![] };
    assert_eq!(granted, [&["authorization_code", "refresh_token"], &wanted[..]].concat(), "{file}");
    for name in ["client_name", "scope", "application_type", "client_uri", "logo_uri", "software_id", "software_version"] {
        let sent = body[name].as_str().filter(|text| !text.is_empty());
        assert_eq!(response[name].as_str(), sent, "{file}: {name}");
    }
    assert_needs_no_encoding(response["client_id"].as_str().unwrap());
    assert_needs_no_encoding(response["client_secret"].as_str().unwrap_or("none"));
    assert_every_uri_can_be_used(file, &client);
}

fn assert_needs_no_encoding(text: &str) {
    assert!(text.len() <= 200 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)), "{text}");
}

fn assert_every_uri_can_be_used(file: &str, client: &Client) {
    for uri in &client.redirect_uris {
        assert!(redirect_uri::find_registered(Some(uri), &client.redirect_uris, RegisteredBy::Stranger, &rules()).is_ok(), "{file}: {uri}");
        for host in ["http://127.0.0.1", "http://localhost"] {
            let Some(rest) = uri.strip_prefix(host) else { continue };
            let path = rest.find('/').map_or("/", |at| &rest[at..]);
            let elsewhere = format!("{host}:59999{path}");
            assert!(
                redirect_uri::find_registered(Some(&elsewhere), &client.redirect_uris, RegisteredBy::Stranger, &rules()).is_ok(),
                "{file}: {elsewhere}"
            );
        }
    }
}
