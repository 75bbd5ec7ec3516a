//! Who gets through to a protected server, and what the others are told. RFC 6750, RFC 8707, RFC 9728 §5.1.

use crate::support::client::{Client, MCP, MESSAGE, Tokens, call, call_with};
use crate::support::http::{self, Response};
use crate::support::site::Site;
use crate::support::upstream::Upstream;
use crate::support::{OWNER, PASSWORD, Setup};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// Paths that a careless comparison takes for one another. The nested one is listed after the one it lies under.
const PATHS: [&str; 5] = ["/a", "/ab", "/A", "/a/b", "/quiet"];

struct Several {
    site: Site,
    upstreams: BTreeMap<&'static str, Upstream>,
}

/// An upstream that says which one it is.
fn named(path: &str) -> Upstream {
    let body = json!({ "served_by": path }).to_string();
    Upstream::answering(format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}", body.len()))
}

fn several() -> &'static Several {
    static SEVERAL: OnceLock<Several> = OnceLock::new();
    SEVERAL.get_or_init(|| {
        let upstreams: BTreeMap<&str, Upstream> = PATHS.into_iter().map(|path| (path, named(path))).collect();
        let entry = |path: &&str| format!("[[server]]\npath = \"{path}\"\nupstream = \"http://{}/up\"\n", upstreams[path].address);
        let site = Site::shared(|_| Setup::config(PATHS.iter().map(entry).collect::<String>()));
        Several { site, upstreams }
    })
}

fn tokens(path: &str) -> Tokens {
    let site = &several().site;
    site.connect_to(&site.client(), &[("resource", &format!("{}{path}", site.doorward.origin()))])
}

fn challenge(response: &Response) -> &str {
    response.header("www-authenticate").expect("a challenge")
}

fn metadata(path: &str) -> String {
    format!("resource_metadata=\"{}/.well-known/oauth-protected-resource{path}\"", several().site.doorward.origin())
}

#[track_caller]
fn unauthorized(response: &Response) {
    assert_eq!(response.error(), (401, "invalid_token".into()), "{}", response.text());
    assert!(challenge(response).contains("error=\"invalid_token\""), "{}", challenge(response));
}

/// A request to the server that nobody in this file may use, with these fields.
fn quiet(method: &str, target: &str, fields: &[(&str, &str)]) -> Response {
    let response =
        http::send(several().site.doorward.address, method, target, fields, if method == "POST" { MESSAGE.as_bytes() } else { b"" });
    assert_eq!(several().upstreams["/quiet"].connections(), 0, "{method} {target} {fields:?} got through");
    response
}

#[test]
fn without_credentials_every_method_is_told_where_to_begin_and_nothing_of_an_error() {
    for (target, document) in [("/quiet", "/quiet"), ("/quiet/", "/quiet/"), ("/quiet/sse", "/quiet"), ("/quiet?x=y", "/quiet")] {
        for method in ["GET", "POST", "DELETE", "HEAD", "PUT"] {
            let response = quiet(method, target, &[]);
            assert_eq!(response.status, 401, "{method} {target}");
            assert_eq!(challenge(&response), format!("Bearer {}, scope=\"mcp\"", metadata(document)), "{method} {target}");
            assert_eq!(response.header("content-type"), Some("application/json"));
            assert_eq!(response.header("cache-control"), Some("no-store"));
            assert_eq!(response.header("access-control-allow-origin"), Some("*"));
            assert!(response.header("access-control-expose-headers").unwrap().contains("WWW-Authenticate"));
            assert_eq!(response.body.is_empty(), method == "HEAD");
        }
    }
}

#[test]
fn the_document_that_a_challenge_names_is_there_and_describes_the_address_that_was_asked() {
    let site = &several().site;
    for path in ["/quiet", "/quiet/", "/a/b"] {
        let response = http::send(site.doorward.address, "POST", path, &MCP, MESSAGE.as_bytes());
        let text = challenge(&response);
        let url = text.split("resource_metadata=\"").nth(1).unwrap().split('"').next().unwrap();
        let document = http::get(site.doorward.address, url.strip_prefix(&site.doorward.origin()).unwrap()).json();
        assert_eq!(document["resource"], format!("{}{path}", site.doorward.origin()));
        assert_eq!(document["authorization_servers"], json!([site.doorward.origin()]));
    }
}

#[test]
fn a_challenge_is_made_of_configuration_alone() {
    let plain = challenge(&quiet("POST", "/quiet", &MCP)).to_owned();
    let fields = [
        ("X-Forwarded-Host", "evil.test"),
        ("X-Forwarded-Proto", "https"),
        ("Forwarded", "host=evil.test"),
        ("X-Original-URL", "/evil"),
        ("X-Forwarded-Prefix", "/evil"),
        ("Referer", "https://evil.test/"),
    ];
    let port = several().site.doorward.address.port();
    assert_eq!(challenge(&quiet("POST", "/quiet?\"%0d%0ax:y", &[&MCP[..], &fields].concat())), plain);
    assert_eq!(challenge(&quiet("POST", "/quiet", &[("Host", &format!("localhost:{port}"))])), plain);
    assert_eq!(challenge(&quiet("POST", "/quiet/%22%22", &MCP)), plain);
}

#[test]
fn a_token_opens_its_own_server_and_none_whose_path_resembles_it() {
    let several = several();
    let tokens: Vec<(&str, Tokens)> = PATHS[..4].iter().map(|path| (*path, tokens(path))).collect();
    for (own, tokens) in &tokens {
        for path in PATHS {
            let response = call(&several.site.doorward, path, &tokens.access);
            if path == *own {
                assert_eq!((response.status, &response.json()["served_by"]), (200, &json!(own)));
                let below = call(&several.site.doorward, &format!("{path}/x/y?z"), &tokens.access);
                assert_eq!(below.json()["served_by"], *own);
                assert_eq!(several.upstreams[own].seen().last().unwrap().line(), "POST /up/x/y?z HTTP/1.1");
            } else {
                unauthorized(&response);
                assert_eq!(challenge(&response).split(',').next().unwrap(), format!("Bearer {}", metadata(path)));
            }
        }
        assert!(
            several
                .upstreams
                .iter()
                .all(|(path, upstream)| upstream.seen().iter().all(|seen| path == own || !seen.head.contains(&tokens.access)))
        );
    }
    let (_, first) = &tokens[0];
    for near in ["/ab/x", "/a/b/x", "/A/x", "/quiet/a"] {
        unauthorized(&call(&several.site.doorward, near, &first.access));
    }
    for elsewhere in ["/abc", "/a.b", "/aa"] {
        assert_eq!(call(&several.site.doorward, elsewhere, &first.access).status, 404, "{elsewhere}");
    }
    for ambiguous in ["/a/../ab", "/a/./b", "/a//b", "/a%2fb", "/%61", "//a", "/a;/b", "/a\\b", "/a/%2e%2e/ab"] {
        assert_eq!(call(&several.site.doorward, ambiguous, &first.access).status, 400, "{ambiguous}");
    }
    assert_eq!(several.upstreams["/quiet"].connections(), 0);
}

#[test]
fn the_server_that_a_request_means_is_the_one_that_its_token_is_for() {
    let site = &several().site;
    let client = site.client();
    // With several there is no default, and a token for all of them does not exist.
    for wrong in ["https://evil.test/a", "/a", "a", &site.doorward.origin(), &format!("{}/a/b/c", site.doorward.origin())] {
        let answer = site_refusal(&client, &[("resource", wrong)]);
        assert_eq!(answer.as_deref(), Some("invalid_target"), "{wrong}");
    }
    let (one, other) = (format!("{}/a", site.doorward.origin()), format!("{}/ab", site.doorward.origin()));
    assert_eq!(site_refusal(&client, &[("resource", &one), ("resource", &other)]).as_deref(), Some("invalid_target"));
    // Case of the host, default port and trailing slash are the same server; the case of the path is not.
    let spelled = format!("{}/a/", site.doorward.origin().replace("http://", "HTTP://"));
    let tokens = site.connect_to(&client, &[("resource", &spelled)]);
    assert_eq!(call(&site.doorward, "/a", &tokens.access).status, 200);
    unauthorized(&call(&site.doorward, "/A", &tokens.access));
}

/// The error of an authorization request that should not lead to a consent page: in a redirect or on a page.
fn site_refusal(client: &Client, changes: &[(&str, &str)]) -> Option<String> {
    let site = &several().site;
    let mut browser = crate::support::browser::Browser::new(site.doorward.address);
    let mut answer = browser.get(&client.authorize_url(changes));
    if answer.status == 200 && answer.text().contains("action=\"/signin\"") {
        answer = browser.sign_in(&answer, OWNER, PASSWORD);
    }
    assert!(!answer.text().contains("action=\"/consent\""), "{}", answer.text());
    http::parameter(&answer.location(), "error")
}

#[test]
fn a_token_counts_in_the_authorization_field_alone() {
    let token = tokens("/a").access;
    let address = several().site.doorward.address;
    let before = several().upstreams["/a"].seen().len();
    let cookie = format!("access_token={token}; Authorization=Bearer {token}");
    let form = format!("access_token={token}");
    let kind = ("Content-Type", "application/x-www-form-urlencoded");
    for (target, fields, body) in [
        (format!("/a?access_token={token}"), vec![], ""),
        (format!("/a?authorization=Bearer%20{token}"), vec![], ""),
        ("/a".into(), vec![("Cookie", cookie.as_str())], ""),
        ("/a".into(), vec![kind], form.as_str()),
        ("/a".into(), vec![("X-Api-Key", token.as_str()), ("X-Access-Token", token.as_str())], ""),
        ("/a".into(), vec![("Proxy-Authorization", &*format!("Bearer {token}"))], ""),
        ("/a".into(), vec![("X-Authorization", &*format!("Bearer {token}"))], ""),
    ] {
        let response = http::send(address, "POST", &target, &fields, body.as_bytes());
        assert_eq!(response.status, 401, "{target} {fields:?}");
        assert!(!challenge(&response).contains("error="), "nothing was presented: {}", challenge(&response));
        assert!(!response.text().contains(&token));
    }
    let token = tokens("/ab").access;
    assert_eq!(call(&several().site.doorward, "/ab", &token).status, 200);
    assert!(several().upstreams["/a"].seen()[before..].iter().all(|seen| !seen.head.contains(&token)));
}

#[test]
fn two_credentials_are_one_too_many() {
    let token = tokens("/a").access;
    let (value, other) = (format!("Bearer {token}"), tokens("/a").access);
    for fields in [
        vec![("Authorization", value.clone()), ("Authorization", value.clone())],
        vec![("Authorization", value.clone()), ("authorization", format!("Bearer {other}"))],
        vec![("Authorization", "Basic eDp5".to_owned()), ("Authorization", value.clone())],
        vec![("Authorization", format!("Bearer {token}, Bearer {other}"))],
        vec![("Authorization", format!("Bearer {token},Basic eDp5"))],
        vec![("Authorization", format!("Bearer {token} {other}"))],
    ] {
        let borrowed: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let response = quiet("POST", "/quiet", &borrowed);
        assert_eq!(response.error(), (400, "invalid_request".into()), "{fields:?}");
        let response = http::send(several().site.doorward.address, "POST", "/a", &borrowed, b"{}");
        assert_eq!(response.error(), (400, "invalid_request".into()), "{fields:?}");
        assert!(challenge(&response).contains("error=\"invalid_request\""));
    }
}

#[test]
fn a_token_in_the_query_beside_the_one_in_its_place_never_reaches_the_upstream() {
    let token = tokens("/a").access;
    let other = tokens("/ab").access;
    for query in [format!("access_token={token}"), format!("x=y&token={token}"), format!("access_token={other}")] {
        let response = call(&several().site.doorward, &format!("/a?{query}"), &token);
        assert_eq!(response.error(), (400, "invalid_request".into()), "{query}");
    }
    assert_eq!(call(&several().site.doorward, "/a?access_token=of-the-upstreams-own", &token).status, 200);
    let seen = several().upstreams["/a"].seen();
    assert!(seen.iter().all(|seen| !seen.head.contains(&token) && !seen.head.contains(&other)));
}

#[test]
fn the_scheme_is_read_in_any_case_and_everything_else_exactly() {
    let token = tokens("/a").access;
    let ask =
        |value: &str| http::send(several().site.doorward.address, "POST", "/a", &[&MCP[..], &[("Authorization", value)]].concat(), b"{}");
    for scheme in ["Bearer", "bearer", "BEARER", "bEaReR"] {
        assert_eq!(ask(&format!("{scheme} {token}")).status, 200, "{scheme}");
    }
    // White space around a field's value is none of it.
    assert_eq!(ask(&format!("  Bearer {token} \t")).status, 200);
    for (value, status) in [
        ("Bearer".into(), 400),
        ("Bearer ".into(), 400),
        (format!("Bearer  {token}"), 400),
        (format!("Bearer {token} x"), 400),
        (format!("Bearer \"{token}\""), 400),
        (format!("Bearer: {token}"), 401),
        (format!("Bearer{token}"), 401),
        (token.clone(), 401),
        (format!("Token {token}"), 401),
        (format!("Basic {token}"), 401),
        (format!("Bearer {}", token.to_uppercase()), 401),
        (format!("Bearer {token}="), 401),
        (format!("Bearer {}", &token[..token.len() - 1]), 401),
        (format!("Bearer {}", &token[5..]), 401),
        ("Bearer undefined".into(), 401),
        ("Bearer null".into(), 401),
        (format!("Bearer {}", "x".repeat(12_000)), 401),
        (format!("Bearer {}", "x".repeat(64_000)), 431),
    ] {
        assert_eq!(ask(&value).status, status, "{value:.60}");
    }
    for value in [&b"Bearer\tx"[..], b"Bearer \xff\xfe", b"Bearer a\tb", b"Bearer \x00"] {
        let mut request = b"POST /quiet HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\nConnection: close\r\nAuthorization: ".to_vec();
        request.extend_from_slice(value);
        request.extend_from_slice(b"\r\n\r\n");
        let response = http::parse(&http::raw(several().site.doorward.address, &request), false);
        assert!(matches!(response.status, 400 | 401), "{}", response.status);
    }
    assert_eq!(several().upstreams["/quiet"].connections(), 0);
}

#[test]
fn a_token_of_another_issuer_is_none_whatever_it_claims() {
    let encode = |text: &str| base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, text);
    let resource = format!("{}/quiet", several().site.doorward.origin());
    let body = encode(&json!({ "aud": [resource, "x"], "sub": "ann", "exp": 1e300, "scope": "mcp" }).to_string());
    for head in [
        json!({ "alg": "none" }),
        json!({ "alg": "HS256", "kid": "../../../../dev/null" }),
        json!({ "alg": "RS256", "jku": "http://evil.test/", "x5u": "http://evil.test/", "jwk": { "kty": "oct", "k": "" } }),
    ] {
        let token = format!("Bearer {}.{body}.{}", encode(&head.to_string()), encode("x"));
        unauthorized(&quiet("POST", "/quiet", &[("Authorization", &token)]));
    }
}

#[test]
fn a_wrong_token_is_refused_alike_whatever_is_wrong_with_it_by_every_method_and_below_every_path() {
    let (foreign, revoked) = (tokens("/a").access, tokens("/quiet"));
    let wrong = ["dwat_x".to_owned(), "x".to_owned(), revoked.refresh.clone(), foreign];
    for token in &wrong {
        for target in
            ["/quiet", "/quiet/", "/quiet/sse", "/quiet/message", "/quiet/messages?sessionId=1", "/quiet/mcp_message", "/quiet/.well-known"]
        {
            for method in ["GET", "POST", "DELETE", "HEAD"] {
                let response = quiet(method, target, &[("Authorization", &format!("Bearer {token}"))]);
                assert_eq!(response.status, 401, "{method} {target}");
                assert!(challenge(&response).contains("error=\"invalid_token\""));
            }
        }
    }
}

#[test]
fn a_big_body_is_not_asked_for_before_the_token_is_good() {
    let head = "POST /quiet HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 104857600\r\nExpect: 100-continue\r\n\r\n";
    let mut stream = http::connect(several().site.doorward.address);
    std::io::Write::write_all(&mut stream, head.as_bytes()).unwrap();
    let mut first = [0; 12];
    std::io::Read::read_exact(&mut stream, &mut first).unwrap();
    assert_eq!(&first, b"HTTP/1.1 401");
}

#[test]
fn a_page_of_another_origin_gets_nothing_even_with_a_token() {
    let token = tokens("/a").access;
    let origin = several().site.doorward.origin();
    for foreign in ["https://evil.test", "null", &format!("{origin}.evil.test"), "http://evil.test:80", &format!("{origin}/"), "file://"] {
        let response = call_with(&several().site.doorward, "/a", &token, &[("Origin", foreign)]);
        assert_eq!(response.status, 403, "{foreign}");
    }
    assert_eq!(call_with(&several().site.doorward, "/a", &token, &[("Origin", &origin)]).status, 200);
    let twice = call_with(&several().site.doorward, "/a", &token, &[("Origin", &origin), ("Origin", "https://evil.test")]);
    assert_eq!(twice.status, 400);
}

// ---------------------------------------------------------------- the same check for other proxies

fn check(site: &Site, target: &str, token: Option<&str>, fields: &[(&str, &str)]) -> Response {
    let value = token.map(|token| format!("Bearer {token}"));
    let credential: Vec<(&str, &str)> = value.iter().map(|value| ("Authorization", value.as_str())).collect();
    http::send(site.doorward.address, "GET", target, &[&credential[..], fields].concat(), b"")
}

#[test]
fn a_check_names_who_was_let_in_and_overwrites_what_the_client_said() {
    let site = &several().site;
    let client = site.client();
    let token = site.connect_to(&client, &[("resource", &format!("{}/a", site.doorward.origin()))]).access;
    let spoofed = [("X-Doorward-User", "root"), ("X-Forwarded-User", "root"), ("X_Doorward_User", "root"), ("Remote-User", "root")];
    let before = several().upstreams["/a"].connections();
    for method in ["GET", "POST", "HEAD", "DELETE"] {
        let value = format!("Bearer {token}");
        let response =
            http::send(site.doorward.address, method, "/auth/check/a", &[&[("Authorization", &*value)], &spoofed[..]].concat(), b"");
        assert_eq!((response.status, response.header("x-doorward-user")), (200, Some(OWNER)), "{method}");
        assert_eq!((response.header("x-doorward-client"), response.header("x-doorward-scope")), (Some(&*client.id), Some("mcp")));
        assert_eq!(response.header("cache-control"), Some("no-store"));
        assert_eq!((response.header("set-cookie"), response.header("location")), (None, None));
        assert!(!response.headers.iter().any(|(_, value)| value.contains("root") || value.contains("dwat_")));
    }
    assert_eq!(several().upstreams["/a"].connections(), before, "a check asks nobody");
}

#[test]
fn a_check_refuses_with_the_challenge_of_the_server_in_question() {
    let site = &several().site;
    let token = tokens("/a").access;
    for path in ["/ab", "/a/b", "/A", "/quiet"] {
        let response = check(site, &format!("/auth/check{path}"), Some(&token), &[]);
        unauthorized(&response);
        assert!(challenge(&response).contains(&metadata(path)));
        let bare = check(site, &format!("/auth/check{path}"), None, &[]);
        assert_eq!((bare.status, challenge(&bare).contains("error=")), (401, false));
    }
    assert_eq!(check(site, "/auth/check/a/below", Some(&token), &[]).status, 200);
    for nothing in ["/auth/check", "/auth/check/", "/auth/check/nothing", "/auth/check/ac", "/auth/check/a/.."] {
        let status = check(site, nothing, Some(&token), &[]).status;
        assert!(matches!(status, 400 | 403), "{nothing}: {status}");
    }
    // A proxy passes 401 and 403 on, and answers 500 for anything else that is not 2xx.
    for fields in [&[("Authorization", "Bearer a b")][..], &[("Authorization", "Bearer a"), ("Authorization", "Bearer b")]] {
        let malformed = check(site, "/auth/check/a", None, fields);
        assert_eq!(malformed.status, 401, "{fields:?}");
        assert!(challenge(&malformed).contains("error=\"invalid_request\""));
    }
    for cookie in ["\u{1f}", "a=b; a=c", &"x".repeat(12_000), "doorward_session=dwss_x"] {
        let status = check(site, "/auth/check/a", None, &[("Cookie", cookie)]).status;
        assert!(matches!(status, 400 | 401), "{status}");
    }
    for agent in ["GoogleHC/1.0", "kube-probe/1.28", "ELB-HealthChecker/2.0"] {
        assert_eq!(check(site, "/auth/check/a", None, &[("User-Agent", agent)]).status, 401);
    }
}

#[test]
fn what_a_stranger_says_about_the_path_does_not_count() {
    let site = &several().site;
    let token = tokens("/a").access;
    for name in ["X-Forwarded-Uri", "X-Original-URI", "X-Original-URL", "X-Rewrite-URL", "X-Forwarded-Path", "X-Forwarded-Prefix"] {
        assert_eq!(check(site, "/auth/check", Some(&token), &[(name, "/a")]).status, 403, "{name}");
        assert_eq!(check(site, "/auth/check/quiet", Some(&token), &[(name, "/a")]).status, 401, "{name}");
    }
}

#[test]
fn a_trusted_proxy_names_the_path_once_and_in_one_spelling() {
    let site = Site::new(|upstream| {
        let entry = |path: &str| format!("[[server]]\npath = \"{path}\"\nupstream = \"http://{}/up\"\n", upstream.address);
        Setup::config(format!("trusted_proxies = [\"127.0.0.1\"]\n{}{}", entry("/a"), entry("/b")))
    });
    let token = site.connect_to(&site.client(), &[("resource", &format!("{}/a", site.doorward.origin()))]).access;
    let ask = |fields: &[(&str, &str)]| check(&site, "/auth/check", Some(&token), fields).status;
    for uri in ["/a", "/a/", "/a/x?y=/b", "/a?x=../b"] {
        assert_eq!(ask(&[("X-Forwarded-Uri", uri)]), 200, "{uri}");
        assert_eq!(ask(&[("X-Original-URI", uri)]), 200, "{uri}");
    }
    let traefik =
        [("X-Forwarded-Method", "POST"), ("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "a.test"), ("X-Forwarded-For", "192.0.2.7")];
    assert_eq!(ask(&[&traefik[..], &[("X-Forwarded-Uri", "/a/x")]].concat()), 200);
    for uri in ["/b", "/b/../a", "/b?/a"] {
        assert!(matches!(ask(&[("X-Forwarded-Uri", uri)]), 401 | 403), "{uri}");
    }
    for uri in
        ["/a/../b", "//a", "/a//", "/%61", "/a%2f", "/a;x", "a", "", "https://evil.test/a", "/ab", "/A", "/", "/a/./x", &"/a".repeat(5_000)]
    {
        let status = ask(&[("X-Forwarded-Uri", uri)]);
        assert!(matches!(status, 401 | 403), "{uri:.40}: {status}");
    }
    assert_eq!(ask(&[("X-Forwarded-Uri", "/a"), ("X-Forwarded-Uri", "/b")]), 403);
    assert_eq!(ask(&[("X-Forwarded-Uri", "/a"), ("X-Original-URI", "/a")]), 403);
    assert_eq!(ask(&[]), 403);
    // The address that the proxy was configured with is stronger than what it passes on.
    assert_eq!(check(&site, "/auth/check/b", Some(&token), &[("X-Forwarded-Uri", "/a")]).status, 401);
    assert_eq!(site.upstream.connections(), 0);
}
