//! Sends a request to an upstream, its content piece by piece as the client brings it: never held whole, never let
//! through further than the limit, and stopped when the upstream has said all it wants to say.

use super::chunked;
use super::connection::Client;
use super::context::Context;
use super::poll::{self, Departure};
use super::refusal::{Refused, Trouble};
use super::request::Content;
use super::response_head;
use super::wire::{Got, Wire};
use crate::clock;
use crate::http::limits::SERVER_BODY_BYTES;
use rustix::event::{PollFd, PollFlags};

/// Most content on its way at once.
const PIECE: usize = 16 * 1024;

/// Sends `message` and then the content. Returns when all is sent, or as soon as the upstream answers or hangs up: it
/// has made up its mind then, and the rest of the content is nobody's business.
pub(super) fn send(
    door: &Context,
    client: &mut Client,
    content: &mut Content,
    upstream: &mut Wire,
    message: Vec<u8>,
    chunked: bool,
) -> Result<(), Trouble> {
    content.invite(&client.wire, door.deadlines.write_stall)?;
    let (mut out, mut written) = (message, 0);
    let mut total = 0u64;
    loop {
        if written == out.len() {
            out.clear();
            written = 0;
        }
        if out.len() < PIECE && !content.body.is_over() && written == 0 {
            total += take(content, client, &mut out, chunked)?;
            if total > SERVER_BODY_BYTES {
                return Err(Refused::BodyTooLarge.into());
            }
        }
        if out.is_empty() && content.body.is_over() {
            return Ok(());
        }
        let left = out.get(written..).unwrap_or_default();
        match if left.is_empty() { Ok(0) } else { upstream.write(left) } {
            Ok(0) => {}
            Ok(count) => {
                written += count;
                continue;
            }
            // It hung up on us, perhaps after an answer; whoever reads next will see.
            Err(_) => return Ok(()),
        }
        if wait(door, client, upstream, !out.is_empty())? {
            return Ok(());
        }
    }
}

/// Moves a piece of content from the client's buffer, framed for the upstream. Gives its size.
fn take(content: &mut Content, client: &mut Client, out: &mut Vec<u8>, chunked: bool) -> Result<u64, Trouble> {
    let mut piece = Vec::new();
    content.body.take(&mut client.wire, &mut piece, PIECE).map_err(|_| Refused::MalformedBody)?;
    if chunked {
        chunked::write(out, &piece);
        if content.body.is_over() {
            out.extend_from_slice(chunked::LAST);
        }
    } else {
        out.extend_from_slice(&piece);
    }
    Ok(piece.len() as u64)
}

/// Waits until the upstream takes more or the client brings more, whichever is lacking. True when the upstream answers.
fn wait(door: &Context, client: &mut Client, upstream: &mut Wire, full: bool) -> Result<bool, Trouble> {
    let (ours, theirs) = (client.wire.socket().clone(), upstream.socket().clone());
    let mut departure = Departure::new();
    let (brings, takes) =
        if full { (departure.watch(&ours), PollFlags::IN | PollFlags::OUT) } else { (PollFd::new(&*ours, PollFlags::IN), PollFlags::IN) };
    let patience = if full { door.deadlines.write_stall } else { door.deadlines.body_stall };
    let mut fds = [brings, PollFd::new(&*theirs, takes)];
    if !poll::wait(&mut fds, clock::instant() + patience).map_err(|_| Trouble::Gone)? {
        return Err(if full { Refused::UpstreamSlow } else { Refused::BodyTooSlow }.into());
    }
    let [from_client, from_upstream] = fds.map(|fd| fd.revents());
    if !(from_upstream - PollFlags::OUT).is_empty() && answers(upstream) {
        return Ok(true);
    }
    if full {
        return if departure.has_come(from_client, &ours) { Err(Trouble::Gone) } else { Ok(false) };
    }
    if !from_client.is_empty() {
        match client.wire.read() {
            Ok(Got::Bytes | Got::Nothing) => {}
            Ok(Got::End) | Err(_) => return Err(Trouble::Gone),
        }
    }
    Ok(false)
}

/// Looks at what the upstream says meanwhile. An interim answer (RFC 9110 §15.2) is no reason to stop.
fn answers(upstream: &mut Wire) -> bool {
    if !matches!(upstream.read(), Ok(Got::Bytes | Got::Nothing)) {
        return true;
    }
    let interim = |bytes: &[u8]| bytes.starts_with(b"HTTP/1.1 1") && !bytes.starts_with(b"HTTP/1.1 101");
    while interim(upstream.buffered()) {
        match response_head::find_end(upstream.buffered(), 0) {
            Ok(Some(end)) => upstream.consume(end),
            Ok(None) => return false,
            Err(_) => return true,
        }
    }
    !upstream.buffered().is_empty()
}
