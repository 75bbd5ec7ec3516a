//! `/auth/check`: the gate's judgement for people who have a proxy of their own (nginx `auth_request`, Caddy
//! `forward_auth`, Traefik ForwardAuth). Nothing is relayed.

use super::client_address;
use super::context::Context;
use super::gate::{self, Asked, Pass};
use super::head::Head;
use super::refusal::Refused;
use super::route::{self, Target};
use crate::config::Config;
use crate::http::answer::Answer;
use crate::http::headers::HeaderMap;
use crate::http::path::CanonicalPath;
use std::net::IpAddr;

/// The answer for the server that `below` or the proxy names.
pub(super) fn answer(door: &Context, peer: IpAddr, head: &Head, below: &str) -> Answer {
    let config = &door.config;
    let Some(path) = path_in_question(config, peer, &head.headers, below) else { return Refused::NoServerNamed.answer() };
    let Some(Target { server, rest }) = route::server(&path, config) else { return Refused::NoServerNamed.answer() };
    let from = client_address::of(peer, &head.headers, config);
    let query = queries(head);
    let asked = Asked { headers: &head.headers, query: Some(&query), from, slash: rest == "/" };
    match gate::pass(&door.store, config, server, asked) {
        Ok(pass) => granted(&pass),
        Err(refusal) => for_a_proxy(refusal),
    }
}

/// Every query that the upstream may be sent, as far as the proxy says it: its own, and that of what was asked of it. A
/// stranger who names one here only speaks against itself.
fn queries(head: &Head) -> String {
    let fields = ["x-forwarded-uri", "x-original-uri"].into_iter().flat_map(|name| head.headers.all(name));
    let named = fields.filter_map(|uri| uri.split_once('?')).map(|(_, query)| query);
    head.query.as_deref().into_iter().chain(named).collect::<Vec<_>>().join("&")
}

/// Deviates from RFC 6750 §3.1, which has 400 for malformed credentials, because a proxy understands 401 and 403 alone:
/// nginx answers its client 500 for anything else. The challenge still says `invalid_request`.
fn for_a_proxy(refusal: Answer) -> Answer {
    if refusal.status == 400 { Answer { status: 401, ..refusal } } else { refusal }
}

/// All identity fields always, so that a proxy that copies them overwrites whatever the client sent under those names.
fn granted(pass: &Pass) -> Answer {
    Answer::empty(200)
        .with("x-doorward-user", pass.admitted.user().as_str())
        .with("x-doorward-client", pass.admitted.bearer().as_str())
        .with("x-doorward-scope", pass.admitted.scope().to_string())
}

/// Which path is to be judged: the one in the address; else what a trusted proxy says was asked for, once and clearly;
/// else that of the only server. Never a guess.
fn path_in_question(config: &Config, peer: IpAddr, headers: &HeaderMap, below: &str) -> Option<CanonicalPath> {
    if !matches!(below, "" | "/") {
        return CanonicalPath::parse(below);
    }
    if client_address::is_trusted(peer, config) {
        let mut named = headers.all("x-forwarded-uri").chain(headers.all("x-original-uri"));
        match (named.next(), named.next()) {
            (Some(uri), None) => return CanonicalPath::parse(uri.split('?').next().unwrap_or_default()),
            (Some(_), Some(_)) => return None,
            (None, _) => {}
        }
    }
    match config.servers.as_slice() {
        [only] => CanonicalPath::parse(&only.resource.path),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Network;
    use crate::door::testing;

    fn named(peer: &str, fields: &[(&str, &str)], below: &str) -> Option<String> {
        let mut config = testing::config("https://a.test");
        config.trusted_proxies = vec![Network { address: "10.0.0.0".parse().unwrap(), prefix: 8 }];
        let path = path_in_question(&config, peer.parse().unwrap(), &fields.iter().copied().collect(), below)?;
        Some(path.as_str().to_owned())
    }

    #[test]
    fn the_address_names_the_server_before_anything_else() {
        assert_eq!(named("10.0.0.1", &[("x-forwarded-uri", "/notes")], "/mcp").as_deref(), Some("/mcp"));
    }

    #[test]
    fn a_trusted_proxy_names_the_server_once_and_clearly() {
        assert_eq!(named("10.0.0.1", &[("x-forwarded-uri", "/notes/x?y=/mcp")], "").as_deref(), Some("/notes/x"));
        assert_eq!(named("::ffff:10.0.0.1", &[("x-original-uri", "/mcp")], "/").as_deref(), Some("/mcp"));
        for fields in [
            &[("x-forwarded-uri", "/mcp"), ("x-forwarded-uri", "/mcp")][..],
            &[("x-forwarded-uri", "/mcp"), ("x-original-uri", "/notes")],
            &[("x-forwarded-uri", "https://a.test/mcp")],
            &[("x-forwarded-uri", "/notes/../mcp")],
            &[("x-forwarded-uri", "mcp")],
            &[("x-forwarded-uri", "")],
        ] {
            assert_eq!(named("10.0.0.1", fields, ""), None, "{fields:?}");
        }
    }

    #[test]
    fn a_stranger_names_nothing_and_with_several_servers_nothing_is_guessed() {
        assert_eq!(named("192.0.2.1", &[("x-forwarded-uri", "/mcp")], ""), None);
    }

    #[test]
    fn with_one_server_there_is_nothing_to_name() {
        let mut config = testing::config("https://a.test");
        config.servers.truncate(1);
        let path = path_in_question(&config, "192.0.2.1".parse().unwrap(), &HeaderMap::new(), "");
        assert_eq!(path.unwrap().as_str(), "/mcp");
    }
}
