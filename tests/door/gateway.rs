//! What reaches a protected server, what comes back from it, and who may ask at all.

use crate::fake::json;
use crate::house::{House, loopback_is_a_proxy};
use doorward::config::UpstreamCredential;
use std::io::Write;
use std::time::Duration;

/// A page of any origin can read every answer of a protected server.
fn assert_exposed(answer: &crate::client::Answer) {
    assert_eq!(answer.all("access-control-allow-origin"), ["*"], "{}", answer.head);
    assert!(answer.field("access-control-expose-headers").is_some_and(|fields| fields.contains("Mcp-Session-Id")));
    assert!(answer.all("access-control-allow-credentials").is_empty());
}

#[test]
fn a_call_goes_there_and_back() {
    let house = House::open();
    let token = house.token();
    house.upstream.answers(json("{\"ok\":true}"));
    let mut client = house.connect();
    let answer =
        client.post("/mcp", &token, "MCP-Protocol-Version: 2025-06-18\r\nAccept: application/json, text/event-stream\r\n", "{}").answer();
    assert_eq!((answer.status, answer.body.as_str()), (200, "{\"ok\":true}"));
    assert_exposed(&answer);
    let seen = house.upstream.only();
    for line in [
        "POST /up HTTP/1.1",
        "mcp-protocol-version: 2025-06-18",
        "accept: application/json, text/event-stream",
        "x-doorward-user: ann",
        "x-doorward-client: client_a",
        "x-doorward-scope: read",
        "x-forwarded-for: 127.0.0.1",
        "x-forwarded-host: mcp.example.com",
        "x-forwarded-proto: https",
        "connection: close",
    ] {
        assert_eq!(seen.lines().filter(|known| *known == line).count(), 1, "{line} in {seen}");
    }
    assert!(seen.contains(&format!("\r\nhost: 127.0.0.1:{}\r\n", house.upstream.port)));
    assert!(!seen.contains(&token));
    assert_eq!(client.post("/mcp/deeper/x?q=%2F..&access_token=no", &token, "", "{}").answer().status, 200);
    assert!(house.upstream.seen()[1].starts_with("POST /up/deeper/x?q=%2F..&access_token=no HTTP/1.1\r\n"));
}

#[test]
fn nobody_passes_without_a_token_by_any_method_or_path() {
    let house = House::open();
    let (other, ended, dead) = (
        house.token_of("ann", "client_a", "/notes", None),
        house.token(),
        house.token_of("ann", "client_a", "/mcp", Some(doorward::clock::UnixTime(1))),
    );
    house.revoke(&ended);
    let unknown = doorward::random::secret::<doorward::oauth::secret::AccessToken>().reveal().to_owned();
    for path in ["/mcp", "/mcp/", "/mcp/sse", "/mcp/messages?x=1", "/mcp/unknown"] {
        for method in ["GET", "POST", "DELETE", "PUT", "HEAD"] {
            for authorization in [
                String::new(),
                format!("Authorization: Bearer {other}\r\n"),
                format!("Authorization: Bearer {ended}\r\n"),
                format!("Authorization: Bearer {dead}\r\n"),
                format!("Authorization: Bearer {unknown}\r\n"),
                "Authorization: Bearer eyJhbGciOiJub25lIn0.e30.\r\n".into(),
                "Authorization: Basic YTpi\r\n".into(),
                "Mcp-Session-Id: 1\r\nCookie: session=1\r\n".into(),
            ] {
                let mut client = house.connect();
                client.request(&format!("{method} {path}"), &authorization, "");
                let answer = if method == "HEAD" { client.head() } else { client.answer() };
                assert_eq!(answer.status, 401, "{method} {path} {authorization}");
                assert_eq!(answer.all("www-authenticate").len(), 1);
                assert!(
                    answer
                        .field("www-authenticate")
                        .unwrap()
                        .starts_with("Bearer resource_metadata=\"https://mcp.example.com/.well-known/oauth-protected-resource/mcp")
                );
                assert_exposed(&answer);
            }
        }
    }
    let token = house.token();
    for fields in [
        format!("Authorization: Bearer {token}\r\nAuthorization: Bearer {token}\r\n"),
        format!("Authorization: Bearer {token}, Bearer {token}\r\n"),
        format!("Authorization: Bearer  {token}\r\n"),
        "Authorization: Bearer\r\n".into(),
        format!("Authorization: Bearer {}\r\n", "x".repeat(10_000)),
    ] {
        let answer = house.connect().request("GET /mcp", &fields, "").answer();
        assert!(matches!(answer.status, 400 | 401), "{fields}");
    }
    assert_eq!(house.connect().request("GET /mcp", &format!("Authorization: bEaReR {token}\r\n"), "").answer().status, 200);
    assert_eq!(house.upstream.seen().len(), 1);
    assert!(house.other.seen().is_empty());
}

#[test]
fn a_big_post_without_a_token_is_refused_before_it_is_read() {
    let house = House::open();
    let mut client = house.connect();
    client.request("POST /mcp", "Content-Length: 104857600\r\n", "");
    assert_eq!(client.answer().status, 401);
    assert!(client.is_ended());
    assert!(house.upstream.seen().is_empty());
}

#[test]
fn a_refusal_arrives_at_a_client_that_cannot_stop_sending() {
    let house = House::open();
    let mut client = house.connect();
    client.request("POST /mcp", "Authorization: Bearer dwat_x\r\nContent-Length: 8388608\r\nContent-Type: application/json\r\n", "");
    client.send("x".repeat(8 * 1024 * 1024));
    assert_eq!(client.answer().status, 401);
}

#[test]
fn methods_that_mcp_does_not_use_are_refused_after_the_token() {
    let house = House::open();
    let token = house.token();
    let answer = house.connect().request("PUT /mcp", &format!("Authorization: Bearer {token}\r\n"), "").answer();
    assert_eq!((answer.status, answer.field("allow")), (405, Some("GET, HEAD, POST, DELETE, OPTIONS")));
    assert_eq!(house.connect().request("DELETE /mcp", &format!("Authorization: Bearer {token}\r\n"), "").answer().status, 200);
    assert!(house.upstream.only().starts_with("DELETE /up HTTP/1.1\r\n"));
}

#[test]
fn messages_are_json() {
    let house = House::open();
    let token = house.token();
    let post = |kind: &str| {
        let fields = format!("Authorization: Bearer {token}\r\nContent-Type: {kind}\r\nContent-Length: 2\r\n");
        house.connect().request("POST /mcp", &fields, "{}").answer().status
    };
    for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain; application/json"] {
        assert_eq!(post(kind), 415, "{kind}");
    }
    assert!(house.upstream.seen().is_empty());
    assert_eq!(post("Application/JSON; charset=utf-8"), 200);
}

#[test]
fn a_client_cannot_say_who_it_is() {
    let house =
        House::with(|config, _| config.servers[0].upstream_headers = vec![("x-api-key".into(), UpstreamCredential("theirs".into()))]);
    let token = house.token();
    let names = [
        "X-Doorward-User",
        "X-Doorward-Client",
        "X-Doorward-Scope",
        "X-User",
        "Remote-User",
        "X-Remote-User",
        "X-Auth-Request-User",
        "X-Auth-Request-Email",
        "X-Authenticated-User",
        "X-Forwarded-User",
        "X-Forwarded-Email",
        "X-Forwarded-Groups",
        "X-Forwarded-For",
        "X-Forwarded-Host",
        "X-Forwarded-Proto",
        "Forwarded",
        "Via",
        "X-Real-IP",
        "X-HTTP-Method-Override",
        "X-Api-Key",
        "Cookie",
        "Proxy-Authorization",
        "Keep-Alive",
        "TE",
        "Trailer",
        "Upgrade",
        "HTTP2-Settings",
        "Mcp_Session_Id",
    ];
    for spelling in [
        |name: &str| name.to_owned(),
        |name: &str| name.to_uppercase(),
        |name: &str| name.replace('-', "_"),
        |name: &str| name.replace('-', "."),
    ] {
        let fields: String = names.iter().map(|name| format!("{}: evil\r\n", spelling(name))).collect();
        assert_eq!(house.connect().post("/mcp", &token, &fields, "{}").answer().status, 200);
    }
    // What the client says about the connection cannot take ours away.
    let fields = "Connection: close, X-Doorward-User, x-doorward-client, X-Forwarded-For, X-Api-Key, Content-Length, Host, X-Mine\r\nX-Mine: evil\r\n";
    assert_eq!(house.connect().post("/mcp", &token, fields, "{}").answer().status, 200);
    assert_eq!(house.upstream.seen().len(), 5);
    for seen in house.upstream.seen() {
        assert!(!seen.contains("evil"), "{seen}");
        for line in
            ["x-doorward-user: ann", "x-doorward-client: client_a", "x-forwarded-for: 127.0.0.1", "x-api-key: theirs", "content-length: 2"]
        {
            assert_eq!(seen.lines().filter(|known| *known == line).count(), 1, "{line} in {seen}");
        }
    }
}

#[test]
fn a_host_that_is_not_ours_is_misdirected() {
    let house = House::open();
    let token = house.token();
    let ask = |host: &str, path: &str| {
        let mut client = house.connect();
        client.send(format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n\r\n"));
        client.answer().status
    };
    for path in ["/mcp", "/x", "/auth/check/mcp"] {
        for host in ["evil.test", "mcp.example.com.", "mcp.example.com:444", "10.0.0.1", "localhost.evil.test"] {
            assert_eq!(ask(host, path), 421, "{host} {path}");
        }
        for host in ["MCP.example.com", "mcp.example.com:443", "nas.local", "localhost:1", "127.0.0.1", "[::1]:8787"] {
            assert_eq!(ask(host, path), 200, "{host} {path}");
        }
    }
    assert!(house.upstream.seen().iter().all(|seen| seen.contains(&format!("\r\nhost: 127.0.0.1:{}\r\n", house.upstream.port))));
}

#[test]
fn a_page_of_another_origin_may_not_call() {
    let house = House::open();
    let token = house.token();
    let ask = |host: &str, origin: &str| {
        let mut client = house.connect();
        client.send(format!("GET /mcp HTTP/1.1\r\nHost: {host}\r\nOrigin: {origin}\r\nAuthorization: Bearer {token}\r\n\r\n"));
        let answer = client.answer();
        assert_exposed(&answer);
        answer.status
    };
    for origin in ["https://evil.test", "null", "https://mcp.example.com.evil.test", "http://mcp.example.com", "http://localhost:6274", ""]
    {
        assert_eq!(ask("mcp.example.com", origin), 403, "{origin}");
    }
    assert!(house.upstream.seen().is_empty());
    assert_eq!(ask("mcp.example.com", "https://mcp.example.com"), 200);
    assert_eq!(ask("mcp.example.com", "https://app.test"), 200);
    assert_eq!(ask("127.0.0.1", "http://localhost:6274"), 200);
    assert!(house.upstream.seen().iter().all(|seen| !seen.contains("origin")));
}

#[test]
fn a_preflight_needs_no_token() {
    let house = House::open();
    let fields = "Origin: https://app.test\r\nAccess-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: authorization,mcp-param-city,x-evil\r\n";
    let answer = house.connect().request("OPTIONS /mcp", fields, "").answer();
    assert_eq!((answer.status, answer.field("access-control-max-age")), (204, Some("600")));
    assert_exposed(&answer);
    let allowed = answer.field("access-control-allow-headers").unwrap();
    for name in ["Authorization", "Content-Type", "MCP-Protocol-Version", "Mcp-Session-Id", "Last-Event-ID", "mcp-param-city"] {
        assert!(allowed.contains(name), "{name}");
    }
    assert!(!allowed.contains("x-evil") && house.upstream.seen().is_empty());
}

#[test]
fn an_upstreams_page_does_not_run_in_our_origin() {
    let house = House::open();
    let token = house.token();
    house.upstream.answers(
        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nSet-Cookie: session=evil\r\nAccess-Control-Allow-Origin: https://evil.test\r\n\
         Access-Control-Allow-Credentials: true\r\nClear-Site-Data: \"*\"\r\nStrict-Transport-Security: max-age=0\r\nCache-Control: public\r\nX-Frame-Options: ALLOW\r\n\
         Content-Security-Policy: script-src *\r\nRefresh: 0; url=https://evil.test\r\nServer: evil\r\nContent-Length: 8\r\n\r\n<script>",
    );
    let answer = house.connect().get("/mcp", &token, "").answer();
    assert_eq!((answer.status, answer.body.as_str()), (200, "<script>"));
    assert_exposed(&answer);
    assert!(!answer.head.contains("evil") && answer.field("set-cookie").is_none(), "{}", answer.head);
    for (name, value) in [
        ("content-disposition", "attachment"),
        ("content-security-policy", "default-src 'none'; sandbox"),
        ("x-content-type-options", "nosniff"),
        ("cache-control", "no-store"),
        ("strict-transport-security", "max-age=31536000"),
    ] {
        assert_eq!(answer.all(name), [value], "{name}");
    }
}

#[test]
fn an_upstreams_challenge_and_its_redirects_out_become_502() {
    let house = House::open();
    let token = house.token();
    for answer in [
        "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Bearer resource_metadata=\"https://evil.test/\"\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 302 Found\r\nLocation: https://evil.test/\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 307 Temporary Redirect\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 308 Permanent Redirect\r\nLocation: http://localhost/up\r\nContent-Length: 0\r\n\r\n",
    ] {
        house.upstream.answers(answer);
        let got = house.connect().post("/mcp", &token, "", "{}").answer();
        assert_eq!((got.status, got.field("content-type")), (502, Some("application/json")), "{answer}");
        assert!(!got.head.contains("evil") && got.field("www-authenticate").is_none() && got.field("location").is_none(), "{}", got.head);
        assert_exposed(&got);
    }
    house.upstream.answers("HTTP/1.1 403 Forbidden\r\nWWW-Authenticate: Bearer scope=\"x\"\r\nContent-Length: 2\r\n\r\nno");
    let got = house.connect().post("/mcp", &token, "", "{}").answer();
    assert_eq!((got.status, got.body.as_str(), got.field("www-authenticate")), (403, "no", None));
    house.upstream.answers(format!(
        "HTTP/1.1 307 Temporary Redirect\r\nLocation: http://127.0.0.1:{}/up/\r\nContent-Length: 0\r\n\r\n",
        house.upstream.port
    ));
    let got = house.connect().post("/mcp", &token, "", "{}").answer();
    assert_eq!((got.status, got.field("location")), (307, Some("/mcp/")));
}

#[test]
fn statuses_that_clients_read_pass_with_their_content() {
    let house = House::open();
    let token = house.token();
    let mut client = house.connect();
    for status in [202, 400, 404, 405, 415, 429, 500, 503] {
        house.upstream.answers(format!("HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{{}}"));
        let answer = client.post("/mcp", &token, "", "{}").answer();
        assert_eq!((answer.status, answer.body.as_str()), (status, "{}"));
        assert_exposed(&answer);
    }
    for status in [204, 304] {
        house.upstream.answers(format!("HTTP/1.1 {status} X\r\nContent-Length: 5\r\n\r\n"));
        assert_eq!(client.post("/mcp", &token, "", "{}").answer().status, status);
    }
}

#[test]
fn interim_answers_are_passed_over() {
    let house = House::open();
    let token = house.token();
    let interim = "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n";
    house.upstream.answers([interim.repeat(8).as_bytes(), &json("{}")].concat());
    assert_eq!(house.connect().post("/mcp", &token, "", "{}").answer().status, 200);
}

#[test]
fn an_answer_that_is_none_becomes_502_and_names_nobody() {
    let house = House::open();
    let token = house.token();
    let endless = "HTTP/1.1 100 Continue\r\n\r\n".repeat(100);
    let large = format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "x".repeat(1 << 20));
    for answer in [
        "",
        "HTTP/1.1 200 OK\r\nContent-",
        "garbage\r\n\r\n",
        "HTTP/1.1 200 OK\nContent-Length: 2\n\n{}",
        "HTTP/1.1 200 OK\r\nX: a\rSet-Cookie: b\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n{}",
        "HTTP/1.1 1000 OK\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n",
        "HTTP/1.1 200 OK\r\nMcp-Session-Id: a\r\nMcp-Session-Id: b\r\n\r\n",
        "HTTP/1.1 200 OK\r\nMcp-Session-Id: a b\r\nContent-Length: 0\r\n\r\n",
        &endless,
        &large,
    ] {
        house.upstream.answers(answer);
        let mut client = house.connect();
        let got = client.post("/mcp", &token, "", "{}").answer();
        let shown = &answer[..answer.len().min(80)];
        assert_eq!((got.status, got.field("content-type")), (502, Some("application/json")), "{shown}");
        assert!(!got.body.contains("127.0.0.1") && !got.body.contains(&house.upstream.port.to_string()), "{}", got.body);
        assert_exposed(&got);
        assert_eq!(client.request("GET /x", "", "").answer().status, 200, "{shown}");
    }
}

#[test]
fn an_answer_that_breaks_off_stays_visibly_incomplete() {
    let house = House::open();
    let token = house.token();
    house.upstream.answers("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n5\r\nwor");
    let mut client = house.connect();
    client.post("/mcp", &token, "", "{}").head();
    let rest = client.rest();
    assert!(rest.contains("hello") && !rest.contains("\r\n0\r\n"), "{rest:?}");
    house.upstream.answers("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
    let mut client = house.connect();
    client.post("/mcp", &token, "", "{}").head();
    assert_eq!(client.rest(), "hello");
}

#[test]
fn an_upstream_that_is_down_is_502_and_a_slow_one_504() {
    let house = House::with(|config, _| {
        config.servers[0].upstream_timeout = Duration::from_millis(200);
        let doorward::config::Upstream::Http { port, .. } = &mut config.servers[1].upstream else { panic!() };
        *port = 1;
    });
    let (token, notes) = (house.token(), house.token_of("ann", "client_a", "/notes", None));
    let mut client = house.connect();
    let down = client.post("/notes", &notes, "", "{}").answer();
    assert_eq!((down.status, down.field("content-type")), (502, Some("application/json")));
    house.upstream.plays(|_, _| std::thread::sleep(Duration::from_secs(1)));
    let slow = client.post("/mcp", &token, "", "{}").answer();
    assert_eq!((slow.status, slow.field("content-type")), (504, Some("application/json")));
    assert_exposed(&down);
    assert_exposed(&slow);
}

#[test]
fn an_upstream_may_answer_before_it_has_heard_all() {
    let house = House::open();
    let token = house.token();
    house.upstream.plays_early(|stream, _| {
        let _ = stream.write_all(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n\r\nno");
        std::thread::sleep(Duration::from_millis(300));
    });
    let mut client = house.connect();
    let fields = format!("Authorization: Bearer {token}\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n");
    client.request("POST /mcp", &fields, "{");
    let answer = client.answer();
    assert_eq!((answer.status, answer.body.as_str()), (413, "no"));
    assert!(client.is_ended());
}

#[test]
fn a_session_belongs_to_the_user_and_client_that_opened_it() {
    let house = House::open();
    let (ann, same_client, same_user) =
        (house.token(), house.token_of("bob", "client_a", "/mcp", None), house.token_of("ann", "client_b", "/mcp", None));
    house.upstream.answers("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nMcp-Session-Id: s-1\r\nContent-Length: 2\r\n\r\n{}");
    assert_eq!(house.connect().post("/mcp", &ann, "", "{}").answer().field("mcp-session-id"), Some("s-1"));
    house.upstream.answers(json("{}"));
    for token in [&same_client, &same_user] {
        for method in ["GET", "POST", "DELETE"] {
            let fields = format!("Authorization: Bearer {token}\r\nMcp-Session-Id: s-1\r\nLast-Event-ID: 5\r\n");
            let answer = house.connect().request(&format!("{method} /mcp"), &fields, "").answer();
            assert_eq!((answer.status, answer.field("content-type")), (404, Some("application/json")), "{method}");
            assert_exposed(&answer);
        }
    }
    assert_eq!(house.upstream.seen().len(), 1);
    assert_eq!(house.connect().post("/mcp", &ann, "Mcp-Session-Id: s-1\r\n", "{}").answer().status, 200);
    // The same name at another server is another session; an unknown one becomes the first caller's.
    let notes = house.token_of("bob", "client_a", "/notes", None);
    assert_eq!(house.connect().post("/notes", &notes, "Mcp-Session-Id: s-1\r\n", "{}").answer().status, 200);
    assert_eq!(house.connect().post("/mcp", &same_client, "Mcp-Session-Id: s-2\r\n", "{}").answer().status, 200);
    assert_eq!(house.connect().post("/mcp", &ann, "Mcp-Session-Id: s-2\r\n", "{}").answer().status, 404);
    let long = "x".repeat(300);
    for id in ["", "a b", &long] {
        assert_eq!(house.connect().post("/mcp", &ann, &format!("Mcp-Session-Id: {id}\r\n"), "{}").answer().status, 400, "{id:?}");
    }
    assert_eq!(house.connect().post("/mcp", &ann, "Mcp-Session-Id: s-1\r\nMcp-Session-Id: s-1\r\n", "{}").answer().status, 400);
}

#[test]
fn a_check_for_other_proxies_says_yes_or_no_and_asks_nobody() {
    let house = House::with(|config, _| loopback_is_a_proxy(config));
    let token = house.token();
    let check = |path: &str, fields: &str| house.connect().get(path, &token, fields).answer();
    let yes = check("/auth/check/mcp", "X-Doorward-User: admin\r\n");
    assert_eq!((yes.status, yes.body.as_str()), (200, ""));
    for (name, value) in [("x-doorward-user", "ann"), ("x-doorward-client", "client_a"), ("x-doorward-scope", "read")] {
        assert_eq!(yes.all(name), [value]);
    }
    assert_eq!(check("/auth/check", "X-Forwarded-Uri: /mcp/x?y\r\n").status, 200);
    assert_eq!(check("/auth/check", "X-Original-URI: /mcp\r\n").status, 200);
    assert_eq!(check("/auth/check/notes", "").status, 401);
    for method in ["HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] {
        let ask = |fields: &str| house.connect().request(&format!("{method} /auth/check/mcp"), fields, "").head().status;
        assert_eq!((ask(""), ask(&format!("Authorization: Bearer {token}\r\n"))), (401, 200), "{method}");
    }
    for fields in [
        "",
        "X-Forwarded-Uri: /mcp\r\nX-Forwarded-Uri: /mcp\r\n",
        "X-Forwarded-Uri: /mcp\r\nX-Original-URI: /notes\r\n",
        "X-Forwarded-Uri: /notes/../mcp\r\n",
        "X-Forwarded-Uri: /other\r\n",
    ] {
        assert_eq!(check("/auth/check", fields).status, 403, "{fields}");
    }
    assert_eq!(check("/auth/check/other", "").status, 403);
    // The proxy may ask by the name that it was asked by itself.
    let mut proxy = house.connect();
    proxy.send(format!("GET /auth/check/mcp HTTP/1.1\r\nHost: notes.example.net\r\nAuthorization: Bearer {token}\r\n\r\n"));
    assert_eq!(proxy.answer().status, 200);
    assert!(house.upstream.seen().is_empty());
}

#[test]
fn a_strangers_word_about_the_path_does_not_count() {
    let house = House::open();
    let token = house.token();
    assert_eq!(house.connect().get("/auth/check", &token, "X-Forwarded-Uri: /mcp\r\n").answer().status, 403);
    assert_eq!(house.connect().get("/auth/check/mcp", &token, "").answer().status, 200);
}
