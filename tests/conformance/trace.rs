//! The trace of attempts to connect: a real flow from the challenge to the first call, and flows that stop at each step,
//! each with its sentence. CLIENTS.md's pain points are what the sentences answer.

use crate::support::browser::{Browser, form, unescape};
use crate::support::client::{Client, MESSAGE, Tokens, VERIFIER, call};
use crate::support::http::{self, Response};
use crate::support::upstream::Upstream;
use crate::support::{Doorward, OWNER, PASSWORD, Setup, eventually, program};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

const CLAUDE: &str = "https://claude.ai/api/mcp/auth_callback";
const PRM: &str = "/.well-known/oauth-protected-resource/mcp";
const ASM: &str = "/.well-known/oauth-authorization-server";
const DEVICE: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// Behind a proxy, so that requests can come from anywhere.
fn doorward(upstream: &Upstream) -> Doorward {
    Doorward::with(Setup::upstream(upstream.address).flag("--trusted-proxy", "127.0.0.1"))
}

/// A program somewhere in the world.
#[derive(Clone, Copy)]
struct Program {
    from: &'static str,
    agent: &'static str,
}

/// As Claude discovers and fetches tokens, and as it calls.
const HTTPX: Program = Program { from: "160.79.104.9", agent: "python-httpx/0.28.1" };
const CALLER: Program = Program { from: "160.79.106.1", agent: "Claude-User" };
const LAPTOP: Program = Program { from: "192.168.1.5", agent: "claude-code/2.1.9" };

impl Program {
    fn send(self, doorward: &Doorward, method: &str, target: &str, more: &[(&str, &str)], body: &[u8]) -> Response {
        let fields = [&[("X-Forwarded-For", self.from), ("User-Agent", self.agent)], more].concat();
        http::send(doorward.address, method, target, &fields, body)
    }

    #[track_caller]
    fn is_challenged(self, doorward: &Doorward) {
        let answer = self.send(doorward, "POST", "/mcp", &[("Content-Type", "application/json")], MESSAGE.as_bytes());
        assert_eq!(answer.status, 401);
    }

    #[track_caller]
    fn reads(self, doorward: &Doorward, document: &str) {
        assert_eq!(self.send(doorward, "GET", document, &[], b"").status, 200, "{document}");
    }

    #[track_caller]
    fn registers(self, doorward: &Doorward, name: &str, redirect_uri: &str) -> Client {
        let metadata = json!({ "client_name": name, "redirect_uris": [redirect_uri], "token_endpoint_auth_method": "none" });
        let answer = self.send(doorward, "POST", "/register", &[("Content-Type", "application/json")], metadata.to_string().as_bytes());
        assert_eq!(answer.status, 201, "{}", answer.text());
        Client { id: answer.json()["client_id"].as_str().unwrap().into(), secret: None, redirect_uri: redirect_uri.into() }
    }

    fn asks_for_tokens(self, doorward: &Doorward, pairs: &[(&str, &str)]) -> Response {
        let form = [("Content-Type", "application/x-www-form-urlencoded")];
        self.send(doorward, "POST", "/token", &form, http::encode(pairs).as_bytes())
    }

    fn calls(self, doorward: &Doorward, token: &str) -> Response {
        let authorization = format!("Bearer {token}");
        let fields = [("Authorization", authorization.as_str()), ("Content-Type", "application/json")];
        self.send(doorward, "POST", "/mcp", &fields, MESSAGE.as_bytes())
    }
}

fn trace(doorward: &Doorward) -> Vec<Value> {
    let done = doorward.run(&["log", "--trace", "--json"]);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The only attempt.
#[track_caller]
fn only(doorward: &Doorward) -> Value {
    let mut attempts = trace(doorward);
    assert_eq!(attempts.len(), 1, "{attempts:#?}");
    attempts.remove(0)
}

fn stages(attempt: &Value) -> Vec<&str> {
    attempt["steps"].as_array().unwrap().iter().map(|step| step["stage"].as_str().unwrap()).collect()
}

/// That the only attempt stands so, ends there, and says and advises that.
#[track_caller]
fn stops(doorward: &Doorward, state: &str, reached: &str, said: &str, fix: &str) {
    let attempt = only(doorward);
    assert_eq!((&attempt["state"], &attempt["reached"]), (&json!(state), &json!(reached)), "{attempt:#}");
    let text = |name: &str| attempt[name].as_str().unwrap().to_owned();
    assert!(text("sentence").contains(said), "{attempt:#}");
    assert!(text("fix").contains(fix) && (fix.is_empty() == text("fix").is_empty()), "{attempt:#}");
}

#[test]
fn a_real_flow_is_one_attempt_from_the_challenge_to_the_first_call() {
    let upstream = Upstream::json();
    let doorward = doorward(&upstream);
    CALLER.is_challenged(&doorward);
    HTTPX.reads(&doorward, PRM);
    HTTPX.reads(&doorward, ASM);
    let claude = HTTPX.registers(&doorward, "Claude", CLAUDE);
    let code = http::parameter(&claude.approve(&doorward, &[]), "code").unwrap();
    HTTPX.reads(&doorward, ASM);
    let tokens = Tokens::of(&HTTPX.asks_for_tokens(&doorward, &claude.redemption(&code)));
    assert_eq!(CALLER.calls(&doorward, &tokens.access).status, 200);
    let attempt = only(&doorward);
    let whole = [
        "challenge",
        "resource_metadata",
        "server_metadata",
        "registration",
        "authorize",
        "sign_in",
        "consent",
        "redirect",
        "token",
        "first_call",
    ];
    assert_eq!(stages(&attempt), whole);
    let expected = [("state", "connected"), ("client", "Claude"), ("client_id", &claude.id), ("server", "/mcp"), ("user", "ann")];
    for (name, value) in expected.into_iter().chain([("destination", "claude.ai"), ("sentence", "connected"), ("fix", "")]) {
        assert_eq!(attempt[name], value, "{name} of {attempt:#}");
    }
    let step = |at: usize| &attempt["steps"][at];
    assert_eq!((&step(0)["from"], &step(0)["place"], &step(0)["agent"]), (&json!(CALLER.from), &json!("Anthropic"), &json!("Claude-User")));
    assert_eq!((&step(2)["times"], &step(2)["agent"]), (&json!(2), &json!(HTTPX.agent)));
    assert_eq!((&step(4)["place"], &step(9)["from"]), (&json!("this machine"), &json!(CALLER.from)));
    let refresh = |client: &Client, token: &str| HTTPX.asks_for_tokens(&doorward, &client.rotation(token)).status;
    let unknown = Client { id: "client_AQEBAQEBAQEBAQEBAQEBAQ".into(), ..claude.clone() };
    let statuses = [
        CALLER.calls(&doorward, &tokens.access).status,
        refresh(&claude, &tokens.refresh),
        refresh(&claude, &tokens.access),
        refresh(&unknown, &tokens.refresh),
        CALLER.calls(&doorward, &tokens.refresh).status,
    ];
    assert_eq!(statuses, [200, 200, 400, 401, 401]);
    assert_eq!(only(&doorward), attempt, "what a connected client does all day is nothing new");
}

#[test]
fn each_step_is_the_last_one_until_the_next_arrives() {
    let upstream = Upstream::json();
    let doorward = doorward(&upstream);
    CALLER.is_challenged(&doorward);
    stops(&doorward, "waiting", "challenge", "was told to sign in, and did not ask how", "WWW-Authenticate");
    HTTPX.reads(&doorward, PRM);
    stops(&doorward, "waiting", "resource_metadata", "read where to sign in", &doorward.resource());
    HTTPX.reads(&doorward, ASM);
    stops(&doorward, "waiting", "server_metadata", "neither registered nor opened", "doorward client add");
    let claude = HTTPX.registers(&doorward, "Claude", CLAUDE);
    stops(&doorward, "waiting", "registration", "no browser came", "the login of a proxy");
    let mut browser = Browser::new(doorward.address);
    let page = browser.get(&claude.authorize_url(&[]));
    stops(&doorward, "waiting", "authorize", "nobody signed in", "doorward user password");
    assert_eq!(browser.sign_in(&page, OWNER, "not the password").status, 401);
    stops(
        &doorward,
        "stopped",
        "sign_in",
        "nobody got past the sign-in page: the name or the password is not right",
        "doorward user password",
    );
    let consent = browser.sign_in(&page, OWNER, PASSWORD);
    stops(&doorward, "waiting", "sign_in", "ann was asked, and did not answer", "Approve");
    let answer = browser.submit(&form(&consent, "/consent").set("decision", "approve")).location();
    stops(&doorward, "waiting", "redirect", "sent to claude.ai, which did not come for its tokens", "bot protection");
    let code = http::parameter(&answer, "code").unwrap();
    let wrong = VERIFIER.replace('a', "b");
    let mut pairs = claude.redemption(&code);
    pairs.retain(|(name, _)| *name != "code_verifier");
    pairs.push(("code_verifier", &wrong));
    assert_eq!(HTTPX.asks_for_tokens(&doorward, &pairs).status, 400);
    stops(&doorward, "stopped", "token", "got no tokens: the authorization code is not valid", "Begin again");
    let tokens = Tokens::of(&HTTPX.asks_for_tokens(&doorward, &claude.redemption(&code)));
    stops(&doorward, "waiting", "token", "has not called the server", "Cloudflare's Block AI bots");
    assert_eq!(CALLER.calls(&doorward, &tokens.refresh).status, 401);
    stops(&doorward, "stopped", "first_call", "the first call failed: the access token is not valid", "connect anew");
    assert_eq!(CALLER.calls(&doorward, &tokens.access).status, 200);
    stops(&doorward, "connected", "first_call", "connected", "");
}

#[test]
fn what_is_refused_says_why_and_what_to_do() {
    let upstream = Upstream::json();
    let config =
        format!("[clients]\nredirect_hosts = \"listed\"\n[[server]]\npath = \"/mcp\"\nupstream = \"http://{}/mcp\"\n", upstream.address);
    let listed = Doorward::with(Setup::config(config).flag("--trusted-proxy", "127.0.0.1"));
    let metadata = json!({ "redirect_uris": ["https://nobody.test/cb"] }).to_string();
    let json = [("Content-Type", "application/json")];
    assert_eq!(HTTPX.send(&listed, "POST", "/register", &json, metadata.as_bytes()).status, 400);
    stops(&listed, "stopped", "registration", "has not allowed the host", "allowed_hosts");

    let other = doorward(&upstream);
    let forgotten =
        Client { id: "client_AQEBAQEBAQEBAQEBAQEBAQ".into(), secret: None, redirect_uri: "http://127.0.0.1:7777/callback".into() };
    assert_eq!(Browser::new(other.address).get(&forgotten.authorize_url(&[])).status, 400);
    stops(&other, "stopped", "authorize", "is not registered here", "Claude Code: type /mcp");

    let without_pkce = doorward(&upstream);
    let client = LAPTOP.registers(&without_pkce, "Old app", "http://127.0.0.1:7777/callback");
    let mut browser = Browser::new(without_pkce.address);
    let page = browser.get(&client.authorize_url(&[("code_challenge", "")]));
    browser.sign_in(&page, OWNER, PASSWORD);
    let attempt = only(&without_pkce);
    assert!(attempt["steps"][1]["said"] == "code_challenge is required", "{attempt:#}");

    let stranger = doorward(&upstream);
    assert_eq!(
        HTTPX.asks_for_tokens(&stranger, &[("grant_type", "authorization_code"), ("client_id", "a-secret-in-the-wrong-field")]).status,
        401
    );
    stops(&stranger, "stopped", "token", "got no tokens: client authentication failed", "forget");
    assert!(!only(&stranger).to_string().contains("a-secret-in-the-wrong-field"));
}

#[test]
fn a_denial_is_a_decision_and_the_next_try_another_attempt() {
    let upstream = Upstream::json();
    let doorward = doorward(&upstream);
    let client = LAPTOP.registers(&doorward, "Claude Code", "http://127.0.0.1:7777/callback");
    let mut browser = Browser::new(doorward.address);
    let consent = client.reach_consent(&mut browser, OWNER, PASSWORD, &[]);
    browser.submit(&form(&consent, "/consent").set("decision", "deny"));
    stops(&doorward, "stopped", "consent", "ann turned the app away", "");
    client.reach_consent(&mut browser, OWNER, PASSWORD, &[]);
    assert_eq!(trace(&doorward).len(), 2);
}

#[test]
fn a_client_that_kept_its_registration_is_met_with_its_own_discovery() {
    let upstream = Upstream::json();
    let doorward = doorward(&upstream);
    let claude = HTTPX.registers(&doorward, "Claude", CLAUDE);
    let laptop = LAPTOP.registers(&doorward, "Claude Code", "http://127.0.0.1:7777/callback");
    for client in [&claude, &laptop] {
        let code = http::parameter(&client.approve(&doorward, &[]), "code").unwrap();
        let tokens = Tokens::of(&HTTPX.asks_for_tokens(&doorward, &client.redemption(&code)));
        assert_eq!(call(&doorward, "/mcp", &tokens.access).status, 200);
    }
    assert_eq!(trace(&doorward).len(), 2);
    CALLER.is_challenged(&doorward);
    LAPTOP.is_challenged(&doorward);
    laptop.reach_consent(&mut Browser::new(doorward.address), OWNER, PASSWORD, &[]);
    claude.reach_consent(&mut Browser::new(doorward.address), OWNER, PASSWORD, &[]);
    let attempts = trace(&doorward);
    assert_eq!(attempts.len(), 4, "{attempts:#?}");
    let told: Vec<_> = attempts[2..].iter().map(|attempt| (attempt["client_id"].as_str().unwrap(), stages(attempt))).collect();
    let whole = || vec!["challenge", "authorize", "sign_in"];
    assert_eq!(told, [(laptop.id.as_str(), whole()), (claude.id.as_str(), whole())]);
}

#[test]
fn a_device_is_traced_from_its_code() {
    let upstream = Upstream::json();
    let doorward = doorward(&upstream);
    let metadata = json!({ "client_name": "Lamp", "grant_types": [DEVICE], "token_endpoint_auth_method": "none" });
    let id = http::post_json(doorward.address, "/register", &metadata).json()["client_id"].as_str().unwrap().to_owned();
    let begun = http::post_form(doorward.address, "/device_authorization", &[("client_id", &id)], &[]).json();
    stops(
        &doorward,
        "waiting",
        "device_code",
        "the device shows its code, and nobody entered it",
        &format!("{}/device", doorward.origin()),
    );
    let pairs = [("grant_type", DEVICE), ("device_code", begun["device_code"].as_str().unwrap()), ("client_id", &id)];
    assert_eq!(http::post_form(doorward.address, "/token", &pairs, &[]).status, 400);
    stops(&doorward, "waiting", "device_code", "nobody entered it", "ten minutes");
    let mut browser = Browser::new(doorward.address);
    let signin = browser.get("/device");
    let page = browser.sign_in(&signin, OWNER, PASSWORD);
    let consent = browser.submit(&form(&page, "/device").set("user_code", begun["user_code"].as_str().unwrap()));
    browser.submit(&form(&consent, "/device").set("decision", "approve"));
    stops(&doorward, "waiting", "consent", "it was approved, and the app did not come", "has to go on by itself");
    let tokens = Tokens::of(&http::post_form(doorward.address, "/token", &pairs, &[]));
    assert_eq!(call(&doorward, "/mcp", &tokens.access).status, 200);
    stops(&doorward, "connected", "first_call", "connected", "");
}

#[test]
fn an_upstream_that_is_down_is_the_last_stop() {
    let doorward = Doorward::with(Setup::upstream("127.0.0.1:9".parse().unwrap()));
    let client = LAPTOP.registers(&doorward, "Claude Code", "http://127.0.0.1:7777/callback");
    let tokens = client.connect(&doorward);
    assert_eq!(call(&doorward, "/mcp", &tokens.access).status, 502);
    stops(&doorward, "stopped", "first_call", "the first call failed: 502", "Start your MCP server");
}

#[test]
fn a_request_under_a_wrong_name_and_one_for_a_wrong_document_are_told() {
    let upstream = Upstream::json();
    let wrong_name = doorward(&upstream);
    assert_eq!(HTTPX.send(&wrong_name, "GET", PRM, &[("Host", "mcp.example.com")], b"").status, 421);
    stops(
        &wrong_name,
        "stopped",
        "arrival",
        "a request came for mcp.example.com, which is no name of this doorward",
        "proxy_set_header Host",
    );
    assert_eq!(HTTPX.send(&wrong_name, "GET", "/wp-login.php", &[("Host", "10.0.0.1")], b"").status, 421);
    assert_eq!(trace(&wrong_name).len(), 1, "scanners are no apps");

    let wrong_path = doorward(&upstream);
    let missing = "/.well-known/oauth-protected-resource/mcp/sse";
    assert_eq!(HTTPX.send(&wrong_path, "GET", missing, &[], b"").status, 404);
    stops(&wrong_path, "stopped", "resource_metadata", "there is no such document", "doorward server list");
}

#[test]
fn a_check_for_a_proxy_counts_as_the_challenge_and_the_call() {
    let upstream = Upstream::json();
    let doorward = doorward(&upstream);
    assert_eq!(LAPTOP.send(&doorward, "GET", "/auth/check/mcp", &[], b"").status, 401);
    let client = LAPTOP.registers(&doorward, "Claude Code", "http://127.0.0.1:7777/callback");
    let tokens = client.connect(&doorward);
    let authorization = format!("Bearer {}", tokens.access);
    assert_eq!(LAPTOP.send(&doorward, "GET", "/auth/check/mcp", &[("Authorization", &authorization)], b"").status, 200);
    stops(&doorward, "connected", "first_call", "connected", "");
    assert_eq!(stages(&only(&doorward))[0], "challenge");
}

#[test]
fn nothing_is_a_result_too() {
    let doorward = Doorward::start();
    stops_at_nothing(&doorward, "can be reached from this machine alone", "--public-url");
    let port = Doorward::with(Setup::default().flag("--public-url", "https://mcp.example.com:8443"));
    stops_at_nothing(&port, "not on port 443", "443");
    let public = Doorward::with(Setup::default().flag("--public-url", "https://mcp.example.com"));
    stops_at_nothing(&public, "cannot find or reach https://mcp.example.com", "doorward doctor");
}

#[track_caller]
fn stops_at_nothing(doorward: &Doorward, said: &str, fix: &str) {
    let nothing = only(doorward);
    assert_eq!((&nothing["attempt"], &nothing["state"]), (&Value::Null, &json!("nothing")));
    assert!(nothing["sentence"].as_str().unwrap().contains(said) && nothing["fix"].as_str().unwrap().contains(fix), "{nothing}");
    let for_people = String::from_utf8(doorward.run(&["log", "--trace"]).stdout).unwrap();
    assert!(for_people.starts_with("No app has tried to connect.\n") && for_people.contains(said), "{for_people}");
}

#[test]
fn people_read_the_steps_the_reason_and_the_advice() {
    let upstream = Upstream::json();
    let doorward = doorward(&upstream);
    let metadata = json!({ "redirect_uris": ["javascript:alert(1)"] }).to_string();
    CALLER.is_challenged(&doorward);
    HTTPX.send(&doorward, "POST", "/register", &[("Content-Type", "application/json")], metadata.as_bytes());
    let text = String::from_utf8(doorward.run(&["log", "--trace"]).stdout).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].starts_with("#0  20") && lines[0].ends_with("  Claude-User for /mcp: stopped"), "{text}");
    assert!(lines[1].contains("asked to sign in") && lines[1].contains("160.79.106.1 (Anthropic)"), "{text}");
    assert!(lines[2].contains("python-httpx/0.28.1  refused: "), "{text}");
    assert!(lines[3].contains("the registration was refused") && lines[4].starts_with("    -> "), "{text}");
    assert_eq!(lines[6], "An app that is not here:", "{text}");
}

#[test]
fn the_trace_holds_no_secret_and_survives_a_restart() {
    let upstream = Upstream::json();
    let mut doorward = doorward(&upstream);
    let client = LAPTOP.registers(&doorward, "Claude Code", "http://127.0.0.1:7777/callback");
    let code = http::parameter(&client.approve(&doorward, &[("state", "the-secret-state")]), "code").unwrap();
    let tokens = Tokens::of(&client.redeem(&doorward, &code, &[]));
    assert_eq!(call(&doorward, "/mcp", &tokens.access).status, 200);
    let before = trace(&doorward);
    for secret in [&code, &tokens.access, &tokens.refresh, VERIFIER, PASSWORD, "the-secret-state", "dwss_", "dwfl_"] {
        assert!(!Value::from(before.clone()).to_string().contains(secret), "{secret} in {before:#?}");
    }
    assert!(doorward.stop().success());
    assert_eq!(trace(&doorward), before, "on the store, while no server runs");
    doorward.start_again();
    assert_eq!(trace(&doorward), before);
    LAPTOP.is_challenged(&doorward);
    assert_eq!(trace(&doorward).len(), 2);
    doorward.kill();
    doorward.start_again();
    assert_eq!(trace(&doorward)[..1], before[..], "kill -9 costs the last minutes and no more");
}

#[test]
fn whoever_follows_sees_each_step_as_it_arrives() {
    let upstream = Upstream::json();
    let doorward = doorward(&upstream);
    let mut command = Command::new(program());
    command.args(["log", "--trace", "--follow", "--data"]).arg(doorward.folder.path()).stdout(Stdio::piped());
    let mut follower = command.spawn().unwrap();
    let output = BufReader::new(follower.stdout.take().unwrap());
    let (sender, lines) = channel();
    thread::spawn(move || output.lines().map_while(Result::ok).all(|line| sender.send(line).is_ok()));
    thread::sleep(Duration::from_millis(300));
    CALLER.is_challenged(&doorward);
    let next = || lines.recv_timeout(Duration::from_secs(20)).unwrap();
    assert!(next().contains("asked to sign in") && next().contains("did not ask how"));
    HTTPX.reads(&doorward, PRM);
    assert!(next().contains("read about the server") && next().contains("read where to sign in"));
    assert!(eventually(2, || lines.try_recv().is_err()));
    follower.kill().unwrap();
    follower.wait().unwrap();
}

#[test]
fn the_owner_sees_the_attempts_on_a_page() {
    let upstream = Upstream::json();
    let doorward = doorward(&upstream);
    let mut owner = Browser::new(doorward.address);
    let signin = owner.get("/signin");
    owner.sign_in(&signin, OWNER, PASSWORD);
    let empty = owner.get("/trace").text();
    assert!(empty.contains("No app has tried to connect.") && empty.contains("can be reached from this machine alone"), "{empty}");
    CALLER.is_challenged(&doorward);
    let metadata = json!({ "client_name": "<b>Evil</b>", "redirect_uris": ["javascript:alert(1)"] }).to_string();
    HTTPX.send(&doorward, "POST", "/register", &[("Content-Type", "application/json")], metadata.as_bytes());
    LAPTOP.registers(&doorward, "<b>Mine</b>", "http://127.0.0.1:7777/callback");
    let page = owner.get("/trace");
    let text = unescape(&page.text());
    let shown = [
        "Claude-User",
        "160.79.104.9 (Anthropic)",
        "The registration was refused: the scheme of the redirect URI is not allowed.",
        "The app registered, and no browser came to sign in.",
        "192.168.1.5 (local network)",
    ];
    for shown in shown {
        assert!(text.contains(shown), "{shown}: {text}");
    }
    assert!(page.text().contains("&lt;b&gt;Mine") && !page.text().contains("<b>"));
    assert!(text.find("192.168.1.5").unwrap() < text.find("160.79.104.9").unwrap(), "the latest first");
}
