//! The whole way, once.

use crate::support::client::{Client, Tokens, call};
use crate::support::upstream::Upstream;
use crate::support::{Doorward, Setup, http};

#[test]
fn a_client_registers_is_approved_calls_refreshes_and_is_revoked() {
    let upstream = Upstream::json();
    let doorward = Doorward::with(Setup::upstream(upstream.address));
    let client = Client::register(&doorward);
    let answer = client.approve(&doorward, &[]);
    assert!(answer.starts_with("http://127.0.0.1:7777/callback?"), "{answer}");
    assert_eq!(http::parameter(&answer, "state").as_deref(), Some("the-state"));
    assert_eq!(http::parameter(&answer, "iss"), Some(doorward.origin()));
    let code = http::parameter(&answer, "code").unwrap();
    let tokens = Tokens::of(&client.redeem(&doorward, &code, &[]));
    assert_eq!(call(&doorward, "/mcp", &tokens.access).status, 200);
    let seen = upstream.only();
    assert_eq!(seen.line(), "POST /mcp HTTP/1.1");
    assert!(!seen.head.contains("dwat_"));
    assert_eq!(seen.all("x-doorward-user"), ["ann"]);
    let next = Tokens::of(&client.refresh(&doorward, &tokens.refresh, &[]));
    assert_eq!(call(&doorward, "/mcp", &next.access).status, 200);
    assert_eq!(client.revoke(&doorward, &next.refresh).status, 200);
    assert_eq!(call(&doorward, "/mcp", &next.access).status, 401);
    assert_eq!(client.refresh(&doorward, &next.refresh, &[]).error(), (400, "invalid_grant".into()));
}
