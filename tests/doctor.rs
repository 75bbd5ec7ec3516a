//! `doorward doctor` against what people have in front of their servers: each product's answers as they come over the
//! wire, real TLS, and the real program behind it.
#![allow(missing_docs, reason = "tests say what they are for by their names")]
mod support;

use serde_json::Value;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;
use support::proxy::{Act, Asked, Pass, Proxy, pem, wire};
use support::upstream::Upstream;
use support::{Doorward, Folder, Setup, run_in};

/// What the doctor said.
struct Report {
    code: i32,
    checks: Vec<Value>,
    stderr: String,
}

impl Report {
    #[track_caller]
    fn of(done: &std::process::Output) -> Self {
        let stderr = String::from_utf8(done.stderr.clone()).unwrap();
        let checks = serde_json::from_slice(&done.stdout).unwrap_or_else(|_| panic!("{}\n{stderr}", String::from_utf8_lossy(&done.stdout)));
        Self { code: done.status.code().unwrap(), checks, stderr }
    }

    #[track_caller]
    fn get(&self, id: &str) -> &Value {
        self.checks.iter().find(|check| check["id"] == id).unwrap_or_else(|| panic!("no {id} in {:#?}", self.checks))
    }

    #[track_caller]
    fn state(&self, id: &str) -> &str {
        self.get(id)["state"].as_str().unwrap()
    }

    /// State, product, and that the sentence has these words and a failure its hint.
    #[track_caller]
    fn says(&self, id: &str, state: &str, product: Option<&str>, words: &str) {
        let check = self.get(id);
        assert_eq!((check["state"].as_str(), check["product"].as_str()), (Some(state), product), "{check:#}");
        assert!(check["sentence"].as_str().unwrap().contains(words), "{check:#}");
        assert!(check["hint"].is_string() || !["failure", "warning"].contains(&state), "{check:#}");
    }

    fn ids(&self, state: &str) -> Vec<&str> {
        self.checks.iter().filter(|check| check["state"] == state).map(|check| check["id"].as_str().unwrap()).collect()
    }
}

/// A doorward behind a proxy that ends TLS for its public name.
struct House {
    doorward: Doorward,
    proxy: Proxy,
}

impl House {
    fn with(certificate: &str, setup: Setup, behaviour: impl Fn(&Asked) -> Act + Send + Sync + 'static) -> Self {
        let proxy = Proxy::bind();
        let doorward = Doorward::with(setup.flag("--public-url", &public(proxy.address)));
        proxy.serve(certificate, doorward.address, behaviour);
        Self { doorward, proxy }
    }

    fn new(behaviour: impl Fn(&Asked) -> Act + Send + Sync + 'static) -> Self {
        Self::with("good.pem", Setup::default(), behaviour)
    }

    #[track_caller]
    fn examine(&self) -> Report {
        self.examine_with(&["--ca-file", pem("authority.pem").to_str().unwrap()])
    }

    #[track_caller]
    fn examine_with(&self, flags: &[&str]) -> Report {
        Report::of(&self.doorward.run(&[&["doctor", "--json", "--address", "127.0.0.1"], flags].concat()))
    }
}

/// The public address of what a proxy at `address` stands in front of.
fn public(address: SocketAddr) -> String {
    format!("https://mcp.example.com:{}", address.port())
}

fn add_forwarded(_: &Asked) -> Act {
    Act::Pass(Pass { request_fields: "X-Forwarded-For: 203.0.113.7\r\n", ..Pass::default() })
}

#[test]
fn behind_a_proxy_that_does_its_work_everything_but_the_port_is_fine() {
    let house = House::with("good.pem", Setup::default().flag("--trusted-proxy", "127.0.0.1"), add_forwarded);
    let report = house.examine();
    assert_eq!((report.code, report.stderr.as_str()), (0, ""));
    assert_eq!(report.ids("failure"), Vec::<&str>::new());
    assert_eq!(report.ids("warning"), ["url"]);
    assert_eq!(report.ids("note"), ["dns", "clock"]);
    for id in [
        "running",
        "permissions",
        "space",
        "snapshot",
        "connect",
        "tls",
        "identity",
        "document /.well-known/oauth-authorization-server",
        "document /.well-known/openid-configuration",
        "document /.well-known/oauth-protected-resource/mcp",
        "document /mcp/.well-known/oauth-protected-resource",
        "document /.well-known/oauth-authorization-server/mcp",
        "document /.well-known/oauth-protected-resource",
        "document none",
        "endpoint /register",
        "endpoint /token",
        "challenge /mcp",
        "agents",
        "stream /mcp",
        "proxy",
    ] {
        assert_eq!(report.state(id), "ok", "{:#}", report.get(id));
    }
    report.says("url", "warning", None, "with port ");
    assert!(report.get("tls")["sentence"].as_str().unwrap().contains("trusted, and good for 3"));
    assert!(report.checks.iter().all(|check| check["ms"].is_u64()));
    assert!(report.get("stream /mcp")["ms"].as_u64().unwrap() >= 900);
}

#[test]
fn what_is_sent_to_the_public_address_holds_no_secret_and_changes_nothing() {
    let house = House::new(|_| Act::pass());
    house.examine();
    let heads = house.proxy.heads();
    assert_eq!(heads.len(), 15);
    for head in &heads {
        let lower = head.to_ascii_lowercase();
        assert!(!lower.contains("authorization:") && !lower.contains("cookie:") && lower.contains("\r\nx-doorward-probe: "), "{head}");
        assert!(lower.contains("\r\nuser-agent: "), "{head}");
    }
    let by = |agent: &str| heads.iter().filter(|head| head.contains(&format!("user-agent: {agent}\r\n"))).count();
    assert!(by("python-httpx/0.28.1") > 8 && by("Claude-User") >= 3 && by("openai-mcp/1.0.0") == 1);
    assert_eq!(house.doorward.json(&["client", "list"]), serde_json::json!([]));
    // An examination is nobody's attempt to connect, and no event.
    let told = |flags: &[&str]| String::from_utf8(house.doorward.run(flags).stdout).unwrap();
    let trace = told(&["log", "--trace", "--json"]);
    assert!(trace.contains("\"state\":\"nothing\"") && trace.lines().count() == 1, "{trace}");
    assert_eq!(told(&["log", "--json"]).lines().count(), 1, "the owner's account alone");
}

#[test]
fn a_person_gets_lines_and_hints_and_no_colours_where_no_terminal_is() {
    let house = House::new(|_| Act::file("nginx-404.http"));
    let ca_file = pem("authority.pem");
    let done = house.doorward.run(&["doctor", "--address", "127.0.0.1", "--ca-file", ca_file.to_str().unwrap()]);
    let (text, errors) = (String::from_utf8(done.stdout).unwrap(), String::from_utf8(done.stderr).unwrap());
    assert_eq!(done.status.code(), Some(1));
    assert!(!text.contains('\u{1b}') && !errors.contains('\u{1b}'));
    assert!(text.contains("\nok       nobody else on this machine can read the data\n"), "{text}");
    assert!(text.contains("\nfailure  POST /register is answered by nginx itself with status 404\n"), "{text}");
    // Where many checks fail for one reason, its hint is given once.
    assert_eq!(text.matches("hint: in its server block").count(), 1, "{text}");
    assert!(text.contains(" checks: ") && errors.starts_with("error: ") && errors.contains(" checks failed\nhint: "), "{errors}");
}

/// Every kind of answer that is known, given by the proxy to everything.
#[test]
fn each_product_in_between_is_named_with_what_to_change() {
    let given: Arc<Mutex<&str>> = Arc::default();
    let giving = Arc::clone(&given);
    let house = House::new(move |_| Act::file(&format!("{}.http", giving.lock().unwrap())));
    for (file, product, words) in [
        ("apache-404", Some("Apache"), "status 404"),
        ("authelia", Some("Authelia"), "is sent to Authelia's sign-in page"),
        ("authelia-401", Some("Authelia"), "is sent to Authelia's sign-in page"),
        ("authentik", Some("authentik"), "is sent to authentik's sign-in page"),
        ("basic", Some("nginx"), "is asked for a user name and password by the proxy"),
        ("caddy-502", Some("Caddy"), "reaches Caddy, which reaches no doorward"),
        ("caddy-empty", Some("Caddy"), "nothing in its Caddyfile is for this path"),
        ("cloudflare-access", Some("Cloudflare Access"), "sign-in page of Cloudflare Access"),
        ("cloudflare-block", Some("Cloudflare"), "turned away by Cloudflare's bot rules"),
        ("cloudflare-challenge", Some("Cloudflare"), "turned away by Cloudflare's bot rules"),
        ("cloudflare-loop", Some("Cloudflare"), "sent back to where it came from, without end"),
        ("cloudflare-origin", Some("Cloudflare"), "reaches Cloudflare, which reaches no doorward"),
        ("cloudflare-tunnel-down", Some("Cloudflare"), "finds no tunnel at Cloudflare"),
        ("cloudflare-tunnel-no-rule", Some("Cloudflare"), "tunnel, which has no rule for it"),
        ("fritzbox", Some("FRITZ!Box"), "is answered by the router"),
        ("haproxy-503", Some("HAProxy"), "reaches no doorward"),
        ("home-assistant", Some("Home Assistant"), "is answered by Home Assistant"),
        ("keycloak", Some("Keycloak"), "sign-in page of Keycloak"),
        ("nginx-404", Some("nginx"), "is answered by nginx itself with status 404"),
        ("nginx-502", Some("nginx"), "reaches nginx, which reaches no doorward"),
        ("nginx-index", Some("nginx"), "the page \"Turbo Notes\""),
        ("nginx-proxy-manager", Some("Nginx Proxy Manager"), "is answered by Nginx Proxy Manager"),
        ("nginx-welcome", Some("nginx"), "the page \"Welcome to nginx!\""),
        ("ngrok-offline", Some("ngrok"), "ends at ngrok (ERR_NGROK_3200)"),
        ("ngrok-warning", Some("ngrok"), "gets ngrok's warning page"),
        ("oauth2-proxy", Some("oauth2-proxy"), "is sent to oauth2-proxy's sign-in page"),
        ("oauth2-proxy-403", Some("oauth2-proxy"), "is sent to oauth2-proxy's sign-in page"),
        ("other-metadata", None, "another program, which says it is https://notes.example.com"),
        ("router-openwrt", Some("OpenWrt"), "is answered by the router"),
        ("synology", Some("Synology DSM"), "is answered by Synology DSM"),
        ("traefik-404", Some("Traefik"), "matches no router of Traefik's"),
        ("traefik-503", Some("Traefik"), "whose service has no server"),
        ("unknown-redirect", None, "is sent elsewhere, to https://portal.example.net/login"),
    ] {
        *given.lock().unwrap() = file;
        let report = house.examine();
        assert_eq!(report.code, 1, "{file}");
        report.says("challenge /mcp", "failure", product, words);
        assert_eq!(
            (report.state("identity"), report.state("endpoint /token"), report.state("stream /mcp")),
            ("failure", "failure", "note"),
            "{file}"
        );
        assert!(report.stderr.starts_with("error: "), "{file}");
    }
}

#[test]
fn a_rule_against_one_of_claudes_two_names_is_found_where_everything_else_works() {
    let house = House::new(|asked| match asked.field("user-agent") {
        Some("Claude-User") => Act::file("cloudflare-challenge.http"),
        _ => Act::pass(),
    });
    let report = house.examine();
    assert_eq!((report.code, report.ids("failure")), (1, vec!["challenge /mcp", "agents"]));
    report.says("agents", "failure", Some("Cloudflare"), "POST /mcp by Claude-User is turned away by Cloudflare's bot rules");
    assert!(
        report.get("agents")["sentence"]
            .as_str()
            .unwrap()
            .ends_with("while python-httpx/0.28.1, openai-mcp/1.0.0, doorward-doctor/0.1.0 gets through")
    );
    assert_eq!(report.state("stream /mcp"), "note");
}

#[test]
fn a_page_in_place_of_the_documents_is_found_though_calls_arrive() {
    let house = House::new(|asked| if asked.path().contains("/.well-known/") { Act::file("nginx-index.http") } else { Act::pass() });
    let report = house.examine();
    report.says(
        "document none",
        "failure",
        Some("nginx"),
        "GET /.well-known/doorward-doctor is answered by nginx, or something behind it, with the page",
    );
    assert_eq!((report.state("challenge /mcp"), report.state("endpoint /register")), ("ok", "ok"));
}

#[test]
fn paths_that_lead_elsewhere_are_told_one_by_one() {
    let house = House::new(|asked| match asked.path() {
        "/register" => Act::file("traefik-404.http"),
        "/token" => Act::Answer(wire(
            "HTTP/1.1 400 Bad Request\nContent-Type: application/json\nContent-Length: 25\n\n{\"error\":\"invalid_grant\"} ",
        )),
        _ => Act::pass(),
    });
    let report = house.examine();
    assert_eq!(report.ids("failure"), ["endpoint /register", "endpoint /token"]);
    report.says("endpoint /register", "failure", Some("Traefik"), "POST /register matches no router");
    report.says("endpoint /token", "failure", None, "answers in JSON that is not this doorward's");
}

#[test]
fn a_challenge_that_was_touched_on_the_way_is_shown() {
    let without = |head: String| head.lines().filter(|line| !line.starts_with("www-authenticate")).collect::<Vec<_>>().join("\r\n");
    let plain = |head: String| head.replace("resource_metadata=\"https:", "resource_metadata=\"http:");
    let twice = |head: String| format!("{head}\r\nWWW-Authenticate: Basic realm=\"x\"");
    for (edit, words) in [
        (without as fn(String) -> String, "WWW-Authenticate is gone"),
        (plain, "WWW-Authenticate was changed on the way: Bearer resource_metadata=\"http:"),
        (twice, "more than one WWW-Authenticate"),
    ] {
        let house = House::new(move |asked| if asked.path() == "/mcp" { Act::edit(edit) } else { Act::pass() });
        let report = house.examine();
        report.says("challenge /mcp", "failure", None, words);
        assert_eq!(report.state("identity"), "ok");
    }
}

#[test]
fn documents_that_were_touched_on_the_way_are_warned_of() {
    let house = House::new(|asked| match asked.path() {
        "/.well-known/openid-configuration" => Act::edit(|head| head.replace("content-type: application/json", "content-type: text/html")),
        "/.well-known/oauth-protected-resource" => Act::edit(|head| format!("{head}\r\nAccess-Control-Allow-Origin: *\r\nServer: nginx")),
        "/.well-known/oauth-authorization-server/mcp" => Act::edit(|head| format!("{head}\r\nContent-Encoding: br")),
        _ => Act::pass(),
    });
    let report = house.examine();
    assert_eq!(report.code, 0);
    report.says("document /.well-known/openid-configuration", "warning", None, "comes as \"text/html\"");
    report.says("document /.well-known/oauth-protected-resource", "warning", Some("nginx"), "two Access-Control-Allow-Origin");
    report.says("document /.well-known/oauth-authorization-server/mcp", "warning", None, "is compressed");
}

#[test]
fn events_that_are_held_back_are_noticed() {
    let house = House::new(|asked| {
        let edit: fn(String) -> String = |head| format!("{head}\r\nServer: nginx/1.24.0");
        Act::Pass(Pass { buffered: asked.path() == "/mcp", edit: Some(edit), ..Pass::default() })
    });
    let report = house.examine();
    assert_eq!((report.code, report.ids("failure")), (1, vec!["stream /mcp"]));
    report.says("stream /mcp", "failure", Some("nginx"), "events on /mcp are held back and come all at once");
    assert!(report.get("stream /mcp")["hint"].as_str().unwrap().contains("proxy_buffering off"));
    report.says("clock", "ok", None, "the date that nginx states");
}

#[test]
fn a_redirect_is_never_followed() {
    let trap = Upstream::json();
    let location = format!("http://{}/", trap.address);
    let house = House::new(move |_| Act::Answer(wire(&format!("HTTP/1.1 302 Found\nLocation: {location}\nContent-Length: 0\n"))));
    assert_eq!(house.examine().code, 1);
    assert_eq!(trap.connections(), 0);
}

#[test]
fn a_date_of_somebody_elses_tells_a_wrong_clock() {
    let late: fn(String) -> String = |head| {
        let kept: Vec<&str> = head.lines().filter(|line| !line.starts_with("date")).collect();
        format!("{}\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nServer: cloudflare", kept.join("\r\n"))
    };
    let report = House::new(move |_| Act::edit(late)).examine();
    report.says("clock", "warning", Some("Cloudflare"), "seconds ahead of the date");
    assert_eq!(report.code, 0);
}

#[test]
fn another_doorward_under_the_same_name_is_not_taken_for_this_one() {
    let proxy = Proxy::bind();
    let setup = Setup::default().flag("--public-url", &public(proxy.address));
    let (ours, other) = (Doorward::with(setup.clone()), Doorward::with(setup));
    proxy.serve("good.pem", other.address, |_| Act::pass());
    let house = House { doorward: ours, proxy };
    let report = house.examine();
    report.says("identity", "failure", None, "leads to a doorward that is not this one");
    assert_eq!(report.state("document /.well-known/oauth-authorization-server"), "ok");
    report.says("endpoint /token", "failure", None, "not this doorward's");
}

#[test]
fn a_proof_of_yesterday_proves_nothing() {
    let old = House::new(|_| Act::pass());
    old.examine();
    let head = old.proxy.heads().remove(0);
    let ticket = head.lines().find_map(|line| line.strip_prefix("x-doorward-probe: ")).unwrap().to_owned();
    let answer = support::http::send(old.doorward.address, "GET", "/healthz", &[("X-Doorward-Probe", &ticket)], b"");
    let proof = answer.header("x-doorward-proof").unwrap().to_owned();
    // Somebody else who has seen an examination cannot pass for this doorward in the next.
    let replay = format!("HTTP/1.1 200 OK\nContent-Type: application/json\nX-Doorward-Proof: {proof}\nContent-Length: 2\n\n{{}}");
    let proxy = Proxy::bind();
    proxy.serve("good.pem", old.doorward.address, move |_| Act::Answer(wire(&replay)));
    let house = House { proxy, ..old };
    let public_url = public(house.proxy.address);
    let report = house.examine_with(&["--public-url", &public_url, "--ca-file", pem("authority.pem").to_str().unwrap()]);
    assert_eq!(report.state("identity"), "failure");
}

#[test]
fn a_name_that_doorward_does_not_know_is_told_with_the_flag_to_set() {
    let house = House::new(|_| Act::Pass(Pass { host: Some("nas.local"), ..Pass::default() }));
    let report = house.examine();
    report.says("identity", "failure", None, "reaches this doorward under a name that it does not know");
    assert!(report.get("identity")["hint"].as_str().unwrap().contains(&format!("--public-url {}", public(house.proxy.address))));
}

#[test]
fn an_address_that_doorward_was_not_told_of_is_found_in_its_documents() {
    let proxy = Proxy::bind();
    let doorward = Doorward::with(
        Setup::config(format!("aliases = [\"mcp.example.com:{}\"]\n", proxy.address.port()))
            .flag("--public-url", "https://mcp.example.com"),
    );
    proxy.serve("good.pem", doorward.address, |_| Act::pass());
    let house = House { doorward, proxy };
    let asked = public(house.proxy.address);
    let report = house.examine_with(&["--public-url", &asked, "--ca-file", pem("authority.pem").to_str().unwrap()]);
    let id = "document /.well-known/oauth-authorization-server";
    report.says(id, "failure", None, "is about https://mcp.example.com, and clients compare");
    assert_eq!(report.get(id)["hint"], format!("start doorward with --public-url {asked}"));
}

#[test]
fn a_proxy_that_is_not_believed_is_named() {
    let report = House::new(add_forwarded).examine();
    report.says("proxy", "warning", None, "the proxy at 127.0.0.1 says who is asking, and is not believed");
    assert!(report.get("proxy")["hint"].as_str().unwrap().contains("--trusted-proxy 127.0.0.1"));
    House::new(|_| Act::pass()).examine().says("proxy", "note", None, "does not say who is asking");
}

#[test]
fn a_certificate_that_clients_refuse_ends_the_way_and_says_why() {
    let authority = pem("authority.pem");
    let trusted: &[&str] = &["--ca-file", authority.to_str().unwrap()];
    for (certificate, flags, product, words) in [
        ("other.pem", trusted, None, "the certificate is for other.example.com"),
        ("expired.pem", trusted, None, "the certificate has expired"),
        ("good.pem", &[], None, "nobody whom clients trust has signed the certificate"),
        ("traefik.pem", &[], Some("Traefik"), "nobody whom clients trust"),
    ] {
        let house = House::with(certificate, Setup::default(), |_| Act::pass());
        let report = house.examine_with(flags);
        report.says("tls", "failure", product, words);
        assert_eq!((report.code, report.checks.last().unwrap()["id"].as_str()), (1, Some("tls")), "{certificate}");
        assert!(house.proxy.heads().is_empty());
    }
}

/// Answers every connection with these bytes, for as long as the peer takes them.
fn raw_server(bytes: &'static [u8], for_ever: bool) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            thread::spawn(move || {
                let _ = stream.read(&mut [0; 4096]);
                while stream.write_all(bytes).is_ok() && for_ever {}
            });
        }
    });
    address
}

/// The doctor on a machine without a doorward.
fn from_elsewhere(flags: &[&str]) -> std::process::Output {
    run_in(Folder::new().path(), &[&["doctor", "--json"], flags].concat(), "")
}

#[test]
fn what_is_no_tls_no_http_or_nobody_is_called_so() {
    let no_tls = raw_server(b"HTTP/1.1 400 Bad Request\r\n\r\n", false);
    let report = Report::of(&from_elsewhere(&["--public-url", &public(no_tls), "--address", "127.0.0.1"]));
    report.says("tls", "failure", None, "does not speak TLS");
    let no_http = raw_server(b"SSH-2.0-OpenSSH_9.2\r\n", false);
    let report = Report::of(&from_elsewhere(&["--public-url", &format!("http://{no_http}")]));
    report.says("identity", "failure", None, "gets what is no HTTP");
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let report = Report::of(&from_elsewhere(&["--public-url", &format!("http://{nobody}")]));
    report.says("connect", "failure", None, "finds nobody listening");
    assert_eq!(report.checks.last().unwrap()["id"], "connect");
}

#[test]
fn an_answer_without_end_is_read_in_part_and_one_that_never_comes_is_given_up() {
    for (bytes, words) in [
        (
            &b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<title>Endless</title>xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"[..],
            "the page \"Endless\"",
        ),
        (b"HTTP/1.1 200 OK\r\nX: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n", "gets what is no HTTP"),
    ] {
        let address = raw_server(bytes, true);
        let begun = doorward::clock::instant();
        let report = Report::of(&from_elsewhere(&["--public-url", &format!("http://{address}")]));
        assert!(begun.elapsed() < Duration::from_secs(20));
        report.says("identity", "failure", None, words);
    }
}

#[test]
fn from_another_machine_the_paths_are_found_in_the_document_and_nothing_is_proven() {
    let config = "[[server]]\npath = \"/notes\"\nupstream = \"http://127.0.0.1:9/\"\n[[server]]\npath = \"/files\"\nupstream = \"http://127.0.0.1:9/\"\n";
    let house = House::with("good.pem", Setup::config(config), |_| Act::pass());
    let url = public(house.proxy.address);
    let report =
        Report::of(&from_elsewhere(&["--public-url", &url, "--address", "127.0.0.1", "--ca-file", pem("authority.pem").to_str().unwrap()]));
    assert_eq!((report.code, report.ids("failure")), (0, vec![]));
    report.says("identity", "note", None, "leads to a doorward; whether it is yours");
    assert_eq!((report.state("challenge /notes"), report.state("challenge /files")), ("ok", "ok"));
    assert!(!house.proxy.heads().iter().any(|head| head.contains("x-doorward-probe")));
    assert!(!report.checks.iter().any(|check| check["id"] == "running" || check["id"] == "stream /notes"));
}

#[test]
fn a_name_that_leads_nowhere_ends_the_way() {
    let report = Report::of(&from_elsewhere(&["--public-url", "https://doorward-test.invalid"]));
    report.says("dns", "failure", None, "doorward-test.invalid has no address, says this machine's resolver");
    assert_eq!((report.code, report.checks.len()), (1, 2));
}

#[test]
fn with_neither_a_doorward_nor_an_address_there_is_nothing_to_look_at() {
    let done = from_elsewhere(&[]);
    assert_eq!((done.status.code(), done.stdout.len()), (Some(1), 0));
    let errors = String::from_utf8(done.stderr).unwrap();
    assert!(
        errors.starts_with("error: there is no doorward here") && errors.contains("hint: ") && errors.contains("--public-url"),
        "{errors}"
    );
}

#[test]
fn a_doorward_that_does_not_run_is_the_first_failure() {
    let mut house = House::new(|_| Act::file("caddy-502.http"));
    assert!(house.doorward.stop().success());
    // What the flags of `serve` said is not known when it does not run; the file, or the flag, says it.
    let public_url = public(house.proxy.address);
    let report = house.examine_with(&["--public-url", &public_url, "--ca-file", pem("authority.pem").to_str().unwrap()]);
    assert_eq!((report.code, report.ids("failure")[0]), (1, "running"));
    report.says("running", "failure", None, "no doorward runs on ");
    report.says("identity", "failure", Some("Caddy"), "reaches Caddy, which reaches no doorward");
}

#[test]
fn files_that_others_can_reach_are_named() {
    let doorward = Doorward::start();
    let folder = doorward.folder.path();
    let set = |name: &str, mode| std::fs::set_permissions(folder.join(name), std::fs::Permissions::from_mode(mode)).unwrap();
    set("", 0o750);
    let report = Report::of(&doorward.run(&["doctor", "--json"]));
    report.says("permissions", "warning", None, &format!("{} (750)", folder.display()));
    set("store", 0o755);
    let report = Report::of(&doorward.run(&["doctor", "--json"]));
    report.says("permissions", "failure", None, &format!("{} (755)", folder.join("store").display()));
    assert_eq!(report.get("permissions")["hint"], format!("chmod -R go-rwx {}", folder.display()));
}

#[test]
fn upstreams_are_knocked_at_without_their_credential() {
    let (good, missing) = (Upstream::json(), Upstream::answering("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"));
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let server = |path: &str, address: SocketAddr| {
        format!(
            "[[server]]\npath = \"{path}\"\nupstream = \"http://{address}/mcp\"\nupstream_header = {{ Authorization = \"Bearer s3cret\" }}\n"
        )
    };
    let config = [server("/good", good.address), server("/missing", missing.address), server("/nobody", nobody)].concat();
    let doorward = Doorward::with(Setup::config(config));
    let report = Report::of(&doorward.run(&["doctor", "--json"]));
    report.says("upstream /good", "ok", None, "answers (status 200)");
    report.says("upstream /missing", "warning", None, "answers 404");
    report.says("upstream /nobody", "failure", None, "finds nobody listening");
    assert_eq!(report.ids("failure"), ["upstream /nobody"]);
    assert!(!good.seen().iter().any(|seen| seen.head.contains("s3cret")));
}

#[test]
fn an_upstream_that_answers_with_a_stream_does_not_hold_the_doctor_up() {
    let endless = Upstream::with(|_, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n: hello\n\n");
        thread::sleep(Duration::from_secs(30));
    });
    let doorward = Doorward::with(Setup::upstream(endless.address));
    let report = Report::of(&doorward.run(&["doctor", "--json"]));
    assert!(report.state("upstream /mcp") == "ok" && report.get("upstream /mcp")["ms"].as_u64().unwrap() < 5000);
}

#[test]
fn exceptions_of_the_owners_are_called_to_mind() {
    let doorward = Doorward::with(Setup::config("[clients]\nredirect_hosts = \"listed\"\nwithout_pkce = [\"old.example.com\"]\n"));
    let report = Report::of(&doorward.run(&["doctor", "--json"]));
    report.says("pkce", "warning", None, "codes for old.example.com go without PKCE");
    report.says("clients", "note", None, "listed");
    assert_eq!(report.code, 0);
}

#[test]
fn a_doorward_that_nobody_owns_says_so() {
    let doorward = Doorward::with(Setup { without_owner: true, ..Setup::default() });
    let report = Report::of(&doorward.run(&["doctor", "--json"]));
    report.says("owner", "warning", None, "nobody has an account here yet");
    assert_eq!((report.state("endpoint /register"), report.code), ("ok", 0));
}

#[test]
fn a_server_that_is_paused_is_told_with_the_way_on() {
    let doorward = Doorward::start();
    assert!(doorward.run(&["server", "pause", "/mcp"]).status.success());
    let report = Report::of(&doorward.run(&["doctor", "--json"]));
    report.says("paused", "warning", None, "it is paused: /mcp");
    assert_eq!((report.code, report.state("stream /mcp")), (0, "ok"));
    assert!(!report.checks.iter().any(|check| check["id"] == "challenge /mcp"));
}

#[test]
fn a_wrong_file_of_authorities_is_told_before_anything_is_asked() {
    let folder = Folder::new();
    let empty = folder.path().join("empty.pem");
    std::fs::write(&empty, "nothing").unwrap();
    for file in [empty.as_path(), Path::new("/nowhere/ca.pem")] {
        let done = from_elsewhere(&["--public-url", "https://mcp.example.com", "--ca-file", file.to_str().unwrap()]);
        let errors = String::from_utf8(done.stderr).unwrap();
        assert_eq!((done.status.code(), done.stdout.len()), (Some(1), 0));
        assert!(errors.starts_with(&format!("error: cannot use {}: ", file.display())) && errors.contains("\nhint: "), "{errors}");
    }
}
