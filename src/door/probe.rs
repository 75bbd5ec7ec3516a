//! What the doctor is told: the proof that an answer comes from this door, and an event stream of two events with a pause
//! between them, which shows whether something on the way holds streams back. Only for a ticket that was given out through
//! the control socket ([`crate::oauth::probe`]); to everybody else there is nothing here.

use super::connection::Client;
use super::context::Context;
use super::exchange::{After, Terms};
use super::head::Head;
use super::refusal::Trouble;
use super::request::Content;
use super::respond::{self, Framing};
use super::{answer_headers, chunked, client_address};
use crate::clock;
use crate::http::answer::Answer;
use crate::http::headers::HeaderMap;
use crate::http::method::Method;
use crate::oauth::probe::{PROOF_FIELD, STREAM_PAUSE, TICKET_FIELD, proof};
use crate::store::Store;
use serde_json::json;
use std::net::IpAddr;
use std::thread;

/// Most content that a request for the stream may have, in bytes.
const BODY_BYTES: u64 = 4096;

/// Made from a good ticket alone.
pub(super) struct Proof(String);

impl Proof {
    /// Nothing without a ticket, with two, and with one that is not ours or no longer good.
    pub(super) fn of(store: &Store, headers: &HeaderMap) -> Option<Self> {
        let ticket = headers.only(TICKET_FIELD).ok().flatten()?;
        proof(store.key(), ticket, clock::now()).map(Self)
    }

    pub(super) fn sign(&self, answer: Answer) -> Answer {
        answer.with(PROOF_FIELD, &*self.0)
    }

    /// Whether the stream is wanted. No real client sends a message and then accepts events alone.
    pub(super) fn opens_stream(&self, head: &Head) -> bool {
        head.method == Method::Post && head.headers.only("accept") == Ok(Some("text/event-stream"))
    }

    /// Two events, framed and announced as those of a protected server are.
    pub(super) fn stream(
        &self,
        door: &Context,
        client: &mut Client,
        head: &Head,
        content: &mut Content,
        terms: Terms,
    ) -> Result<After, Trouble> {
        content.collect(door, &mut client.wire, BODY_BYTES)?;
        let mut fields = answer_headers::to_client(&[("content-type", "text/event-stream")].into_iter().collect(), None);
        fields.set(PROOF_FIELD, &*self.0);
        let framing = if terms.modern { Framing::Chunked } else { Framing::UntilClose };
        let write = |bytes: &[u8]| client.wire.write_all(bytes, door.deadlines.write_stall).map_err(|_| Trouble::Gone);
        let mut out = respond::head(200, &fields, framing, true, &door.config);
        frame(&mut out, framing, &first_event(door, client.peer, &head.headers));
        write(&out)?;
        thread::sleep(STREAM_PAUSE);
        out.clear();
        frame(&mut out, framing, "event: second\ndata: {}\n\n");
        if framing == Framing::Chunked {
            out.extend_from_slice(chunked::LAST);
        }
        write(&out)?;
        Ok(After::Close)
    }
}

fn frame(out: &mut Vec<u8>, framing: Framing, event: &str) {
    if framing == Framing::Chunked { chunked::write(out, event.as_bytes()) } else { out.extend_from_slice(event.as_bytes()) }
}

/// Says how the request looked from here: only we can tell whether a proxy spoke for somebody and was not believed.
fn first_event(door: &Context, peer: IpAddr, headers: &HeaderMap) -> String {
    let seen = json!({
        "forwarded": headers.first("x-forwarded-for").is_some(),
        "trusted": client_address::is_trusted(peer, &door.config),
        "peer": peer.to_canonical().to_string(),
    });
    format!("event: first\ndata: {seen}\n\n")
}
