//! Whether events arrive when they are sent, and what the door saw of the proxy in front of it.

use super::path::{Expected, is_challenge};
use super::product::carrier;
use super::told;
use crate::doctor::finding::Finding;
use crate::doctor::observed::{Asked, SeenStream, Trouble};
use crate::oauth::probe::STREAM_PAUSE;
use core::net::IpAddr;
use serde_json::Value;

/// Whether the two events came with a pause between them, as they were sent.
pub(in crate::doctor) fn buffering(asked: Asked<'_>, came: &Result<SeenStream, Trouble>, expected: &Expected) -> Finding {
    let id = format!("stream {}", asked.path);
    let stream = match came {
        Ok(stream) => stream,
        Err(trouble) => {
            return Finding::note(
                id,
                format!("whether events are held back on {} cannot be told: {asked} {}", asked.path, told(trouble).0),
            );
        }
    };
    let seen = &stream.seen;
    let Some(first) = stream.first.filter(|_| seen.status == 200 && seen.body.contains("event: first")) else {
        // Where a proxy asks `/auth/check` and goes to the upstream itself, our door is not on the way.
        let why =
            if is_challenge(seen, asked.path, expected) { "this path is not relayed by doorward" } else { "it does not reach doorward" };
        return Finding::note(id, format!("whether events are held back on {} cannot be told: {why}", asked.path));
    };
    let gap = stream.end.saturating_sub(first);
    if gap >= STREAM_PAUSE / 2 {
        let product = carrier(seen);
        if seen.fields.first("content-encoding").is_some() {
            let hint = "switch compression off for text/event-stream: it may hold small events back";
            return Finding::warning(id, format!("events on {} are compressed on the way", asked.path), hint).by(product);
        }
        return Finding::ok(id, format!("events on {} arrive as they are sent (first after {} ms)", asked.path, first.as_millis()));
    }
    let product = carrier(seen);
    let hint = match product {
        Some("nginx") => "proxy_buffering off; in the location that leads to doorward, and no proxy_ignore_headers X-Accel-Buffering",
        Some("Caddy") => "reverse_proxy … { flush_interval -1 }",
        Some("Apache") => "ProxyPass … flushpackets=on",
        Some("Cloudflare") => {
            "a quick tunnel (trycloudflare.com) holds events back: use a named tunnel; otherwise look for a proxy behind Cloudflare"
        }
        Some(_) | None => "switch buffering of responses off for this host in every proxy on the way",
    };
    let sentence = format!("events on {} are held back and come all at once, {} ms after the request", asked.path, first.as_millis());
    Finding::failure(id, sentence, hint).by(product)
}

/// Whether a proxy said who is asking and was not believed. Nothing where no stream came, or there is no proxy.
pub(in crate::doctor) fn forwarded(came: &Result<SeenStream, Trouble>, expected: &Expected) -> Option<Finding> {
    let id = "proxy";
    let body = &came.as_ref().ok()?.seen.body;
    let said: Value = body.lines().find_map(|line| serde_json::from_str(line.strip_prefix("data: ")?).ok())?;
    let peer: IpAddr = said.get("peer")?.as_str()?.parse().ok()?;
    match (said.get("forwarded")?.as_bool()?, said.get("trusted")?.as_bool()?) {
        (true, false) => {
            let hint = format!("add --trusted-proxy {peer}: until then all clients count as one, for limits and in the log");
            Some(Finding::warning(id, format!("the proxy at {peer} says who is asking, and is not believed"), hint))
        }
        (true, true) => Some(Finding::ok(id, format!("the proxy at {peer} says who is asking, and is believed"))),
        // Something else than doorward ends TLS.
        (false, _) if expected.origin.scheme() == "https" => {
            let hint = "let it send X-Forwarded-For, and add --trusted-proxy for it: until then all clients count as one";
            Some(Finding::note(id, format!("the proxy at {peer} does not say who is asking")).hint(hint))
        }
        (false, _) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::finding::State;
    use crate::doctor::observed::Seen;
    use crate::doctor::observed::testing::wire;
    use std::time::Duration;
    use url::Url;

    const POST: Asked<'_> = Asked { method: "POST", path: "/mcp" };

    fn expected() -> Expected {
        Expected { origin: Url::parse("https://mcp.example.com").unwrap(), proof: None }
    }

    fn events(fields: &str, first: u64, end: u64) -> Result<SeenStream, Trouble> {
        let seen = wire(&format!("HTTP/1.1 200 OK\n{fields}\n\nevent: first\ndata: {{}}\n\nevent: second\n"));
        Ok(SeenStream { seen, first: Some(Duration::from_millis(first)), end: Duration::from_millis(end) })
    }

    #[test]
    fn events_that_come_together_were_held_back() {
        let of = |fields: &str, first, end| buffering(POST, &events(fields, first, end), &expected());
        assert_eq!(of("X: y", 40, 1050).state, State::Ok);
        let held = of("Server: nginx", 1010, 1011);
        assert_eq!((held.state, held.product), (State::Failure, Some("nginx")));
        assert!(held.hint.unwrap().contains("proxy_buffering off") && held.sentence.contains("1010 ms"));
        assert_eq!(of("X: y", 1010, 1020).product, None);
        assert_eq!(of("Content-Encoding: gzip", 40, 1050).state, State::Warning);
    }

    #[test]
    fn where_no_stream_comes_nothing_is_claimed() {
        assert_eq!(buffering(POST, &Err(Trouble::Slow), &expected()).state, State::Note);
        for text in [
            "HTTP/1.1 403 X",
            "HTTP/1.1 200 OK\n\n<html>",
            "HTTP/1.1 401 X\nWWW-Authenticate: Bearer resource_metadata=\"https://mcp.example.com/.well-known/oauth-protected-resource/mcp\"",
        ] {
            let came = Ok(SeenStream { seen: wire(text), first: None, end: Duration::ZERO });
            assert_eq!(buffering(POST, &came, &expected()).state, State::Note, "{text}");
        }
    }

    fn said(data: &str) -> Option<Finding> {
        let seen = Seen { body: format!("event: first\ndata: {data}\n\n"), ..Seen::default() };
        forwarded(&Ok(SeenStream { seen, ..SeenStream::default() }), &expected())
    }

    #[test]
    fn a_proxy_that_is_not_believed_is_named_with_the_flag() {
        let finding = said("{\"forwarded\":true,\"trusted\":false,\"peer\":\"172.18.0.2\"}").unwrap();
        assert!(finding.state == State::Warning && finding.hint.unwrap().contains("--trusted-proxy 172.18.0.2"));
        assert_eq!(said("{\"forwarded\":true,\"trusted\":true,\"peer\":\"127.0.0.1\"}").unwrap().state, State::Ok);
        assert_eq!(said("{\"forwarded\":false,\"trusted\":false,\"peer\":\"127.0.0.1\"}").unwrap().state, State::Note);
        let plain = Expected { origin: Url::parse("http://127.0.0.1:8787").unwrap(), proof: None };
        let seen = Seen { body: "data: {\"forwarded\":false,\"trusted\":false,\"peer\":\"127.0.0.1\"}\n".into(), ..Seen::default() };
        assert_eq!(forwarded(&Ok(SeenStream { seen, ..SeenStream::default() }), &plain), None);
        for junk in ["{}", "x", "{\"forwarded\":true,\"trusted\":false,\"peer\":\"\\u001b[2J\"}"] {
            assert_eq!(said(junk), None, "{junk}");
        }
    }
}
