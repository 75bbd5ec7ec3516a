//! What known clients send, from registration to the first call and a refresh, replayed from `tests/vectors/replays/`.
//!
//! Each file says in `note` what is peculiar to its client. In its texts `{resource}`, `{code}` and the like stand for
//! what the client knows by then. Shows A3, A4, A7, C4, D2, E1, E4.

use crate::support::browser::unescape;
use crate::support::client::{MCP, MESSAGE, VERIFIER, challenge};
use crate::support::http::{self, Response};
use crate::support::site::Site;
use crate::support::{Setup, browser};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

fn site() -> &'static Site {
    static SITE: OnceLock<Site> = OnceLock::new();
    SITE.get_or_init(|| {
        Site::shared(|upstream| {
            Setup::config(format!(
                "[[server]]\npath = \"/mcp\"\nname = \"Notes\"\nupstream = \"http://{}/mcp\"\ndefault_scopes = [\"notes:read\"]\n\
                 [server.scopes]\n\"notes:read\" = \"Read your notes\"\n\"notes:write\" = \"Change your notes\"\n",
                upstream.address
            ))
        })
    })
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors").join(name)
}

fn read(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap_or_else(|fault| panic!("{}: {fault}", path.display()))
}

/// One client on its way through.
struct Replay {
    vector: Value,
    /// What stands for `{name}` by now.
    known: BTreeMap<&'static str, String>,
}

impl Replay {
    fn new(path: &Path) -> Self {
        let vector = read(path);
        let known = [
            ("resource", site().resource()),
            ("verifier", VERIFIER.to_owned()),
            ("challenge", challenge()),
            ("redirect_uri", vector["authorize"]["redirect_uri"].as_str().unwrap().to_owned()),
        ];
        Self { vector, known: known.into() }
    }

    fn filled(&self, text: &str) -> String {
        self.known.iter().fold(text.to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
    }

    /// Names and texts of an object, filled in; none if there is no such object.
    fn pairs(&self, object: &Value) -> Vec<(String, String)> {
        let members = object.as_object().into_iter().flatten();
        members.map(|(name, text)| (name.clone(), self.filled(text.as_str().unwrap()))).collect()
    }

    /// A request as this client sends it. A page of another origin asks first, and must be able to read the answer.
    #[track_caller]
    fn send(&self, method: &str, target: &str, fields: &[(&str, &str)], body: &str) -> Response {
        let origin = self.vector["origin"].as_str();
        let mut all = fields.to_vec();
        if let Some(agent) = self.vector["user_agent"].as_str().filter(|_| !fields.iter().any(|(name, _)| *name == "User-Agent")) {
            all.push(("User-Agent", agent));
        }
        if let Some(origin) = origin {
            let names: Vec<String> = fields.iter().map(|(name, _)| name.to_lowercase()).collect();
            let asks =
                [("Origin", origin), ("Access-Control-Request-Method", method), ("Access-Control-Request-Headers", &names.join(","))];
            let preflight = http::send(site().address, "OPTIONS", target, &asks, b"");
            assert_eq!((preflight.status, readable(&preflight, origin)), (204, true), "{target}: {preflight:?}");
            let allowed = preflight.header("access-control-allow-headers").unwrap().to_lowercase();
            for name in names {
                assert!(allowed.split(", ").any(|known| known == name), "{target}: {name} is not among {allowed}");
            }
            all.push(("Origin", origin));
        }
        let answer = http::send(site().address, method, target, &all, body.as_bytes());
        assert!(origin.is_none_or(|origin| readable(&answer, origin)), "{target}: {answer:?}");
        answer
    }

    /// A form for an endpoint: `form`, `headers` and how the secret travels are in `step`.
    #[track_caller]
    fn post(&self, target: &str, step: &Value) -> Response {
        let encoded = |name: &str| url::form_urlencoded::byte_serialize(self.known[name].as_bytes()).collect::<String>();
        let credential = match step["basic"].as_str() {
            None => None,
            Some("raw") => Some(format!("{}:{}", self.known["client_id"], self.known["client_secret"])),
            Some(_) => Some(format!("{}:{}", encoded("client_id"), encoded("client_secret"))),
        };
        let basic = credential.map(|credential| format!("Basic {}", STANDARD.encode(credential)));
        let (headers, form) = (self.pairs(&step["headers"]), self.pairs(&step["form"]));
        let mut fields = borrowed(&headers);
        fields.push(("Content-Type", "application/x-www-form-urlencoded;charset=UTF-8"));
        fields.extend(basic.as_deref().map(|basic| ("Authorization", basic)));
        self.send("POST", target, &fields, &http::encode(&borrowed(&form)))
    }

    fn expected(&self, name: &str) -> Option<&str> {
        self.vector["expect"][name].as_str()
    }
}

fn borrowed(pairs: &[(String, String)]) -> Vec<(&str, &str)> {
    pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

/// Whether a page of that origin may read the answer.
fn readable(answer: &Response, origin: &str) -> bool {
    answer.header("access-control-allow-origin").is_some_and(|allowed| allowed == "*" || allowed == origin)
}

/// Clients that validate with a schema take no null for a text or a list.
#[track_caller]
fn assert_no_null(value: &Value) {
    let members = value.as_object().into_iter().flatten().map(|(_, member)| member);
    for member in members.chain(value.as_array().into_iter().flatten()) {
        assert!(!member.is_null(), "{value}");
        assert_no_null(member);
    }
}

/// The challenge and the documents, where the client looks for them.
#[track_caller]
fn discovers(replay: &Replay) {
    if let Some(method) = replay.vector["probe"]["method"].as_str() {
        let headers = replay.pairs(&replay.vector["probe"]["headers"]);
        let refused = replay.send(method, "/mcp", &borrowed(&headers), "");
        let quoted = format!("resource_metadata=\"{}/.well-known/oauth-protected-resource/mcp\"", site().origin());
        assert_eq!((refused.status, method == "HEAD" && !refused.body.is_empty()), (401, false));
        assert!(refused.header("www-authenticate").is_some_and(|value| value.starts_with("Bearer ") && value.contains(&quoted)));
    }
    for target in replay.vector["discovery"].as_array().into_iter().flatten() {
        let answer = replay.send("GET", target.as_str().unwrap(), &[("MCP-Protocol-Version", "2024-11-05")], "");
        assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json")), "{target}");
        assert_no_null(&answer.json());
    }
}

#[track_caller]
fn registers(replay: &mut Replay) {
    if let Some(words) = replay.vector["manual"].as_array() {
        let words: Vec<&str> = ["client", "add"].into_iter().chain(words.iter().map(|word| word.as_str().unwrap())).collect();
        let done = site().run(&words);
        let said = String::from_utf8(done.stdout).unwrap();
        let line =
            |label: &str| said.lines().find_map(|line| line.strip_prefix(label)).map(|value| value.trim_start_matches(": ").to_owned());
        replay.known.insert("client_id", line("client id").unwrap_or_else(|| panic!("{said}{:?}", done.stderr)));
        replay.known.extend(line("client secret (shown this once)").map(|secret| ("client_secret", secret)));
        return;
    }
    let mut sent = read(&folder("registrations").join(replay.vector["register"].as_str().unwrap()));
    if let Some(more) = replay.vector["register_with"].as_object() {
        sent.as_object_mut().unwrap().extend(more.clone());
    }
    let answer = replay.send("POST", "/register", &[("Content-Type", "application/json")], &sent.to_string());
    assert_eq!(answer.status, 201, "{}", answer.text());
    let told = answer.json();
    assert_no_null(&told);
    assert_eq!(told["redirect_uris"], sent["redirect_uris"]);
    assert_eq!(told["token_endpoint_auth_method"].as_str(), replay.expected("method"));
    let grants = Some(&replay.vector["expect"]["grant_types"]).filter(|grants| !grants.is_null());
    assert_eq!(&told["grant_types"], grants.unwrap_or(&sent["grant_types"]));
    let asked = sent["scope"].as_str().filter(|scope| !scope.is_empty());
    assert!(asked.is_none_or(|asked| asked.split(' ').all(|name| told["scope"].as_str().unwrap_or_default().contains(name))), "{told}");
    let secret = told["client_secret"].as_str();
    assert_eq!(
        (secret.is_some(), told["client_secret_expires_at"].as_u64()),
        match replay.expected("method") {
            Some("none") => (false, None),
            _ => (true, Some(0)),
        }
    );
    replay.known.insert("client_id", told["client_id"].as_str().unwrap().to_owned());
    replay.known.extend(secret.map(|secret| ("client_secret", secret.to_owned())));
}

/// From the request in a browser to the callback.
#[track_caller]
fn is_approved(replay: &mut Replay) {
    let asked = replay.pairs(&replay.vector["authorize"]);
    let mut owner = site().owner();
    let page = owner.get(&format!("/authorize?{}", http::encode(&borrowed(&asked))));
    assert_eq!(page.status, 200, "{}", page.text());
    let shown = replay.expected("shows").unwrap_or("a program on this device");
    assert!(unescape(&page.text()).contains(shown), "{shown}: {}", page.text());
    let answer = owner.submit(&browser::form(&page, "/consent").set("decision", "approve")).location();
    let (callback, _) = answer.split_once('?').unwrap();
    assert_eq!(callback, replay.known["redirect_uri"]);
    let state = asked.iter().find(|(name, _)| name == "state").map(|(_, state)| state.clone());
    assert_eq!(http::parameter(&answer, "state"), state, "byte for byte");
    assert_eq!(http::parameter(&answer, "iss"), Some(site().origin()));
    assert_eq!(http::query(&answer).len(), if state.is_some() { 3 } else { 2 }, "{answer}");
    let code = http::parameter(&answer, "code").unwrap();
    // Some clients take the code as it stands in the address and encode it again.
    assert!(code.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)), "{code}");
    replay.known.insert("code", code);
}

/// The tokens of an answer, which every client must be able to read.
#[track_caller]
fn gets_tokens(replay: &mut Replay, answer: &Response) {
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!((answer.header("content-type"), answer.header("cache-control")), (Some("application/json"), Some("no-store")));
    let told = answer.json();
    assert_no_null(&told);
    assert_eq!((told["token_type"].as_str(), told["expires_in"].as_u64()), (Some("Bearer"), Some(3600)));
    assert_eq!(told["scope"].as_str(), replay.expected("scope"));
    for name in ["access_token", "refresh_token"] {
        let before = replay.known.insert(name, told[name].as_str().unwrap().to_owned());
        assert_ne!(before.as_ref(), replay.known.get(name), "{name} is another each time");
    }
}

#[track_caller]
fn calls(replay: &Replay) -> u16 {
    let authorization = format!("Bearer {}", replay.known["access_token"]);
    let headers = replay.pairs(&replay.vector["call"]["headers"]);
    let usual = MCP.into_iter().filter(|(name, _)| !headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(name)));
    let fields: Vec<(&str, &str)> = [("Authorization", &*authorization)].into_iter().chain(usual).chain(borrowed(&headers)).collect();
    replay.send("POST", "/mcp", &fields, MESSAGE).status
}

#[track_caller]
fn replayed(path: &Path) {
    let mut replay = Replay::new(path);
    discovers(&replay);
    registers(&mut replay);
    is_approved(&mut replay);
    let answer = replay.post("/token", &replay.vector["token"]);
    gets_tokens(&mut replay, &answer);
    assert_eq!(calls(&replay), 200);
    let answer = replay.post("/token", &replay.vector["refresh"]);
    gets_tokens(&mut replay, &answer);
    assert_eq!(calls(&replay), 200);
    if replay.vector["revoke"].is_object() {
        assert_eq!(replay.post("/revoke", &replay.vector["revoke"]).status, 200);
        assert_eq!(calls(&replay), 401);
    }
}

#[test]
fn known_clients_go_from_registration_to_the_first_call_and_a_refresh() {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder("replays")).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(paths.len() > 20, "{}", paths.len());
    let failed: Vec<&PathBuf> = paths.iter().filter(|path| std::panic::catch_unwind(|| replayed(path)).is_err()).collect();
    assert!(failed.is_empty(), "{failed:?}");
}
