//! One admitted request, relayed to its protected server and back. The steps in order; how each is done is in the file
//! of its name.

use super::connection::Client;
use super::context::Context;
use super::exchange::{After, Terms, request_head};
use super::framing::Length;
use super::gate::Pass;
use super::head::Head;
use super::pump::{Flow, Pump};
use super::refusal::{Refused, Trouble};
use super::request::Content;
use super::respond::{self, Framing};
use super::response_head::ResponseHead;
use super::streams::Slot;
use super::wire::Wire;
use super::{answer_headers, client_address, headers, location, receive, send, session, upstream};
use crate::clock;
use crate::config::Server;
use crate::http::headers::HeaderMap;
use crate::http::limits::SERVER_BODY_BYTES;
use crate::http::method::Method;

/// A request that may pass. Made after the gate has said so.
pub(super) struct Relay<'d> {
    pub(super) server: &'d Server,
    pub(super) pass: Pass,
    pub(super) terms: Terms,
}

/// An upstream that has begun to answer.
struct Answering {
    wire: Wire,
    head: ResponseHead,
    /// The path that was asked for there.
    path: String,
    /// The session that the request named.
    session: Option<String>,
    /// The place of a stream, where one was sought before.
    slot: Option<Slot>,
}

impl Relay<'_> {
    /// Relays there and back. `rest` is the part of the path below the server's own.
    pub(super) fn run(&self, door: &Context, client: &mut Client, head: Head, content: &mut Content, rest: &str) -> Result<After, Trouble> {
        let answering = self.ask(door, client, head, content, rest)?;
        self.answer(door, client, content, answering)
    }

    /// Takes the head, so that a stream does not hold on to it for hours.
    fn ask(&self, door: &Context, client: &mut Client, head: Head, content: &mut Content, rest: &str) -> Result<Answering, Trouble> {
        let session = session::judge(&door.store, self.server, &head.headers, &self.pass)?;
        if content.body.left().is_some_and(|left| left > SERVER_BODY_BYTES) {
            return Err(Refused::BodyTooLarge.into());
        }
        // A GET asks for a stream, so its place is sought before anybody is troubled. Other requests may turn out to be
        // answered by one, and have to find a place then.
        let slot = match head.method {
            Method::Get => Some(door.streams.reserve().ok_or(Refused::TooManyStreams)?),
            Method::Head | Method::Post | Method::Put | Method::Delete | Method::Patch | Method::Options => None,
        };
        let path = upstream::path(&self.server.upstream, rest);
        let message = self.message(door, client, &head, &path);
        let chunked = head.length == Length::Chunked;
        drop(head);
        let mut wire = upstream::connect(self.server, door)?;
        send::send(door, client, content, &mut wire, message, chunked)?;
        let until = clock::instant() + self.server.upstream_timeout;
        let head = receive::head(client, &mut wire, self.terms.to_head, until)?;
        Ok(Answering { wire, head, path, session, slot })
    }

    /// The head of the request as the upstream gets it.
    fn message(&self, door: &Context, client: &Client, head: &Head, path: &str) -> Vec<u8> {
        let address = client_address::of(client.peer, &head.headers, &door.config);
        let mut fields = headers::to_upstream(&head.headers, self.server, &self.pass.admitted, address, &door.config);
        fields.set("host", upstream::host(&self.server.upstream));
        fields.set("connection", "close");
        match head.length {
            Length::Chunked => fields.set("transfer-encoding", "chunked"),
            Length::Known(bytes) => fields.set("content-length", bytes.to_string()),
            Length::None | Length::UntilClose if head.method == Method::Post => fields.set("content-length", "0"),
            Length::None | Length::UntilClose => {}
        }
        request_head(head.method, path, head.query.as_deref(), &fields)
    }

    fn answer(&self, door: &Context, client: &mut Client, content: &mut Content, answering: Answering) -> Result<After, Trouble> {
        let Answering { wire, head, path, session, slot } = answering;
        let fields = self.judge(door, &head, &path, session.as_deref())?;
        let framing = self.framing(&head);
        let events = is_event_stream(&fields) && head.length != Length::None;
        // Only a GET has its place already: it listens, and nobody waits for its end. What answers a call is waited for.
        let listens = slot.is_some();
        let slot = match slot {
            None if events => Some(door.streams.reserve().ok_or(Refused::TooManyStreams)?),
            slot => slot.filter(|_| events),
        };
        if events && listens {
            content.busy = None;
        }
        let goes_on = self.terms.keep_alive && framing != Framing::UntilClose && content.can_be_passed() && !door.stop.is_asked();
        let first = respond::head(head.status, &fields, framing, !goes_on, &door.config);
        // A comment can be put into the stream only where nothing counts its bytes or compresses them.
        let plain = fields.first("content-encoding").is_none() && !matches!(framing, Framing::Length(_) | Framing::Bare);
        let flow = Flow { length: head.length, framing, events, comments: events && plain };
        drop((fields, head, path, session));
        let entry = slot.map(|slot| slot.enter(&self.pass, self.server, client.wire.socket(), !listens));
        client.wire.rest();
        Pump::new(door, client, self, wire, flow, entry).run(first).map_err(|_| Trouble::Gone)?;
        Ok(if goes_on && content.pass(&mut client.wire) { After::Next } else { After::Close })
    }

    /// Whether the upstream's answer may be passed on, and with which fields.
    fn judge(&self, door: &Context, head: &ResponseHead, path: &str, session: Option<&str>) -> Result<HeaderMap, Trouble> {
        // Its challenge would send the client to an authorization server of its choice, and ours was satisfied already.
        if matches!(head.status, 401 | 407) {
            return Err(Refused::UpstreamWantsCredentials.into());
        }
        let location = head.headers.first("location");
        let ours = location.and_then(|location| location::ours(location, path, self.server));
        if (300..=399).contains(&head.status) && location.is_some() && ours.is_none() {
            return Err(Refused::UpstreamRedirects.into());
        }
        session::bind(&door.store, self.server, &head.headers, session, &self.pass)?;
        Ok(answer_headers::to_client(&head.headers, ours.as_deref()))
    }

    /// How the content goes on to the client: framed anew, by its length where that is known.
    fn framing(&self, head: &ResponseHead) -> Framing {
        match (head.length, head.announced) {
            (Length::Known(bytes), _) => Framing::Length(bytes),
            (Length::None, Some(bytes)) if self.terms.to_head && !matches!(head.status, 204 | 304) => Framing::Length(bytes),
            (Length::None, _) => Framing::Bare,
            (Length::Chunked | Length::UntilClose, _) if self.terms.modern => Framing::Chunked,
            (Length::Chunked | Length::UntilClose, _) => Framing::UntilClose,
        }
    }
}

fn is_event_stream(fields: &HeaderMap) -> bool {
    fields.first("content-type").is_some_and(|value| answer_headers::media_type(value) == "text/event-stream")
}
