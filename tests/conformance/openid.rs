//! ID tokens, `/jwks`, `/userinfo` and a true `openid-configuration`. Shows B10; OpenID Connect Core §2, §3.1, §5, §12.

use crate::support::browser::{Browser, form, unescape};
use crate::support::client::{Client, Tokens, call};
use crate::support::http::{self, Response};
use crate::support::{Doorward, OWNER, PASSWORD};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

const ALL: [(&str, &str); 2] = [("scope", "mcp openid profile email"), ("nonce", "n-0S6_WzA2Mj")];

fn decoded(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).unwrap()
}

fn tokens(doorward: &Doorward, client: &Client, changes: &[(&str, &str)]) -> Tokens {
    let code = http::parameter(&client.approve(doorward, changes), "code").expect("a code");
    Tokens::of(&client.redeem(doorward, &code, &[]))
}

/// The claims of a token whose signature a key of `/jwks` verifies.
#[track_caller]
fn verified(doorward: &Doorward, token: &str) -> Value {
    let parts: Vec<&str> = token.split('.').collect();
    assert_eq!(parts.len(), 3, "{token}");
    let header: Value = serde_json::from_slice(&decoded(parts[0])).unwrap();
    let keys = http::get(doorward.address, "/jwks").json();
    let key = keys["keys"].as_array().unwrap().iter().find(|key| key["kid"] == header["kid"]).expect("the key");
    assert_eq!(
        (&header["alg"], &key["alg"], &key["kty"], &key["crv"], &key["use"]),
        (&json!("ES256"), &json!("ES256"), &json!("EC"), &json!("P-256"), &json!("sig"))
    );
    let point = [vec![4], decoded(key["x"].as_str().unwrap()), decoded(key["y"].as_str().unwrap())].concat();
    let input = format!("{}.{}", parts[0], parts[1]);
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(input.as_bytes(), &decoded(parts[2])).expect("a good signature");
    serde_json::from_slice(&decoded(parts[1])).unwrap()
}

fn id_token(tokens: &Tokens) -> &str {
    tokens.body["id_token"].as_str().expect("an ID token")
}

fn userinfo(doorward: &Doorward, method: &str, token: &str) -> Response {
    http::send(doorward.address, method, "/userinfo", &[("Authorization", &format!("Bearer {token}"))], b"")
}

#[test]
fn a_client_that_asks_for_openid_learns_who_signed_in() {
    let doorward = Doorward::start();
    let client = Client::register(&doorward);
    let tokens = tokens(&doorward, &client, &ALL);
    assert_eq!(tokens.body["scope"], "mcp openid profile email");
    let claims = verified(&doorward, id_token(&tokens));
    assert_eq!((claims["iss"].as_str(), claims["aud"].as_str()), (Some(&*doorward.origin()), Some(&*client.id)));
    assert_eq!((&claims["nonce"], &claims["preferred_username"], &claims["name"]), (&json!("n-0S6_WzA2Mj"), &json!(OWNER), &json!(OWNER)));
    let at = |name: &str| claims[name].as_u64().unwrap();
    assert!(at("auth_time") <= at("iat") && at("exp") == at("iat") + 3600);
    assert_eq!(decoded(claims["at_hash"].as_str().unwrap()), Sha256::digest(&tokens.access)[..16]);
    assert!(claims.get("email").is_none(), "ann is no e-mail address");
    assert!(claims["sub"].as_str().unwrap().starts_with("user_"));
    assert_eq!(call(&doorward, "/mcp", &tokens.access).status, 200);
    assert_eq!(call(&doorward, "/mcp", id_token(&tokens)).status, 401);
}

#[test]
fn a_refresh_brings_a_new_id_token_of_the_same_sign_in() {
    let doorward = Doorward::start();
    let client = Client::register(&doorward);
    let first = tokens(&doorward, &client, &ALL);
    let next = Tokens::of(&client.refresh(&doorward, &first.refresh, &[]));
    let (before, after) = (verified(&doorward, id_token(&first)), verified(&doorward, id_token(&next)));
    for name in ["iss", "sub", "aud", "auth_time"] {
        assert_eq!(before[name], after[name], "{name}");
    }
    assert!(after.get("nonce").is_none());
    assert_ne!(before["at_hash"], after["at_hash"]);
    let by_habit = Tokens::of(&client.refresh(&doorward, &next.refresh, &[("scope", "openid email profile")]));
    assert_eq!(by_habit.body["scope"], "mcp openid profile email");
    let without = Tokens::of(&client.refresh(&doorward, &by_habit.refresh, &[("scope", "mcp")]));
    assert!(without.body.get("id_token").is_none());
}

#[test]
fn nobody_who_did_not_ask_for_openid_gets_an_id_token() {
    let doorward = Doorward::start();
    let client = Client::register(&doorward);
    for (asked, told) in [("mcp", "mcp"), ("mcp profile email", "mcp"), ("", "mcp"), ("offline_access", "offline_access")] {
        let tokens = tokens(&doorward, &client, &[("scope", asked), ("nonce", "n")]);
        assert_eq!(tokens.body["scope"], told, "{asked}");
        assert!(tokens.body.get("id_token").is_none(), "{asked}");
        let refused = userinfo(&doorward, "GET", &tokens.access);
        assert_eq!(refused.error(), (403, "insufficient_scope".into()), "{asked}");
        assert!(refused.header("www-authenticate").unwrap().starts_with("Bearer scope=\"openid\", error=\"insufficient_scope\""));
    }
}

#[test]
fn userinfo_tells_what_was_agreed_to_and_nothing_to_strangers() {
    let doorward = Doorward::start();
    doorward.add_user("bob@example.com", PASSWORD, &[]);
    let client = Client::register(&doorward);
    let answer = client.approve_as(&mut Browser::new(doorward.address), "bob@example.com", PASSWORD, &[("scope", "openid email")]);
    let tokens = Tokens::of(&client.redeem(&doorward, &http::parameter(&answer, "code").unwrap(), &[]));
    let claims = verified(&doorward, id_token(&tokens));
    for method in ["GET", "POST"] {
        let told = userinfo(&doorward, method, &tokens.access);
        assert_eq!((told.status, told.header("cache-control")), (200, Some("no-store")));
        assert_eq!(told.json(), json!({ "sub": claims["sub"], "email": "bob@example.com", "email_verified": false }));
    }
    for token in ["x", "dwat_x", &tokens.refresh, id_token(&tokens)] {
        assert_eq!(userinfo(&doorward, "GET", token).error(), (401, "invalid_token".into()), "{token}");
    }
    let nothing = http::get(doorward.address, "/userinfo");
    assert_eq!((nothing.status, nothing.header("www-authenticate")), (401, Some("Bearer scope=\"openid\"")));
    assert_eq!(client.revoke(&doorward, &tokens.refresh).status, 200);
    assert_eq!(userinfo(&doorward, "GET", &tokens.access).error(), (401, "invalid_token".into()));
}

#[test]
fn a_client_may_ask_for_a_fresh_sign_in_and_gets_one_not_more() {
    let doorward = Doorward::start();
    let client = Client::register(&doorward);
    let mut browser = Browser::new(doorward.address);
    let page = client.reach_consent(&mut browser, OWNER, PASSWORD, &ALL);
    let first = browser.submit(&form(&page, "/consent").set("decision", "approve")).location();
    let first = Tokens::of(&client.redeem(&doorward, &http::parameter(&first, "code").unwrap(), &[]));
    std::thread::sleep(std::time::Duration::from_millis(2100));
    let asked = [ALL.as_slice(), &[("max_age", "1")]].concat();
    assert!(browser.get(&client.authorize_url(&asked)).text().contains("action=\"/signin\""));
    let answer = client.approve_as(&mut browser, OWNER, PASSWORD, &asked);
    let again = Tokens::of(&client.redeem(&doorward, &http::parameter(&answer, "code").unwrap(), &[]));
    let at = |tokens: &Tokens| verified(&doorward, id_token(tokens))["auth_time"].as_u64().unwrap();
    assert!(at(&again) > at(&first));
    let patient = [ALL.as_slice(), &[("max_age", "3600")]].concat();
    assert!(browser.get(&client.authorize_url(&patient)).text().contains("action=\"/consent\""));
}

#[test]
fn the_consent_page_says_in_words_what_openid_tells() {
    let doorward = Doorward::start();
    let client = Client::register(&doorward);
    let page = client.reach_consent(&mut Browser::new(doorward.address), OWNER, PASSWORD, &ALL);
    let text = unescape(&page.text());
    for sentence in ["Know that it is you", "See the name of your account", "See your e-mail address"] {
        assert!(text.contains(sentence), "{sentence}: {text}");
    }
}

#[test]
fn a_request_taken_over_by_another_user_keeps_its_nonce() {
    let doorward = Doorward::start();
    doorward.add_user("bob", PASSWORD, &[]);
    let client = Client::register(&doorward);
    let mut browser = Browser::new(doorward.address);
    let page = client.reach_consent(&mut browser, OWNER, PASSWORD, &ALL);
    let sign_out = browser.submit(&form(&page, "/signout"));
    let sign_in = browser.follow(sign_out);
    let page = browser.sign_in(&sign_in, "bob", PASSWORD);
    let answer = browser.submit(&form(&page, "/consent").set("decision", "approve")).location();
    let tokens = Tokens::of(&client.redeem(&doorward, &http::parameter(&answer, "code").unwrap(), &[]));
    let claims = verified(&doorward, id_token(&tokens));
    assert_eq!((&claims["nonce"], &claims["name"]), (&json!("n-0S6_WzA2Mj"), &json!("bob")));
}

#[test]
fn the_key_survives_a_restart_and_nothing_private_is_published() {
    let mut doorward = Doorward::start();
    let client = Client::register(&doorward);
    let token = id_token(&tokens(&doorward, &client, &ALL)).to_owned();
    let before = http::get(doorward.address, "/jwks");
    doorward.kill();
    doorward.start_again();
    let after = http::get(doorward.address, "/jwks");
    assert_eq!(before.json(), after.json());
    verified(&doorward, &token);
    let keys = after.json();
    let [key] = keys["keys"].as_array().unwrap().as_slice() else { panic!("{keys}") };
    assert_eq!(key.as_object().unwrap().len(), 7, "{key}");
    assert_eq!((after.header("access-control-allow-origin"), after.header("cache-control")), (Some("*"), Some("public, max-age=300")));
}

#[test]
fn the_openid_document_is_true_and_the_other_stays_short() {
    let doorward = Doorward::start();
    let openid = http::get(doorward.address, "/.well-known/openid-configuration").json();
    for (name, path) in [("jwks_uri", "/jwks"), ("userinfo_endpoint", "/userinfo")] {
        let url = format!("{}{path}", doorward.origin());
        assert_eq!(openid[name], url);
        assert_ne!(http::get(doorward.address, path).status, 404, "{path}");
    }
    assert_eq!(openid["scopes_supported"], json!(["mcp", "offline_access", "openid", "profile", "email"]));
    assert_eq!(openid["id_token_signing_alg_values_supported"], json!(["ES256"]));
    assert_eq!(openid["subject_types_supported"], json!(["public"]));
    let client = Client::register(&doorward);
    let claims = verified(&doorward, id_token(&tokens(&doorward, &client, &ALL)));
    let listed = openid["claims_supported"].as_array().unwrap();
    assert!(claims.as_object().unwrap().keys().all(|name| listed.contains(&json!(name))), "{claims}");
    let plain = http::get(doorward.address, "/.well-known/oauth-authorization-server").json();
    assert_eq!(plain["scopes_supported"], json!(["mcp", "offline_access"]));
}

#[test]
fn a_server_cannot_have_a_scope_that_is_ours() {
    let doorward = Doorward::start();
    let file = doorward.folder.path().join("other.toml");
    for name in ["openid", "profile", "email", "offline_access"] {
        std::fs::write(&file, format!("[[server]]\npath = \"/a\"\nupstream = \"http://127.0.0.1:1/\"\n[server.scopes]\n{name} = \"x\"\n"))
            .unwrap();
        let refused = doorward.run(&["serve", "--listen", "127.0.0.1:0", "--config", file.to_str().unwrap()]);
        assert_eq!(refused.status.code(), Some(1), "{name}");
    }
}
