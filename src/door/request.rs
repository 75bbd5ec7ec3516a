//! Takes requests from a client's wire: the head whole and within its deadline, the content only when somebody wants
//! it. Decides nothing about either.

use super::body::Body;
use super::context::{Busy, Context};
use super::field;
use super::framing::Length;
use super::head::{self, Head};
use super::poll;
use super::refusal::{Refused, Trouble};
use super::wire::{Got, Wire};
use crate::clock;
use crate::http::limits::HEAD_BYTES;
use rustix::event::{PollFd, PollFlags};
use std::io::ErrorKind;
use std::time::Duration;

/// Content nobody wanted that is still read, so that the connection can go on.
const DRAINED: u64 = 64 * 1024;
/// For reading it.
const DRAIN_PATIENCE: Duration = Duration::from_secs(1);

/// What came next on a connection.
pub(super) enum Next {
    /// A request, its content not yet read.
    Request(Head, Content),
    /// Something that is none; the connection cannot go on.
    Refused(Refused),
    /// Nothing: closed by the peer, idle for too long, or we stop.
    Over,
}

/// The content of a request, as far as it has not been read.
pub(super) struct Content {
    pub(super) body: Body,
    /// The client waits to be told to send it.
    waiting: bool,
    /// Held while the request is under way.
    pub(super) busy: Option<Busy>,
}

/// Waits for the next request.
pub(super) fn next(door: &Context, wire: &mut Wire) -> Next {
    if wire.buffered().is_empty() && !first_byte(door, wire) {
        return Next::Over;
    }
    let until = clock::instant() + door.deadlines.head;
    let mut seen = 0;
    loop {
        let Ok(end) = field::find_end(wire.buffered(), seen, false) else { return Next::Refused(Refused::MalformedHead) };
        seen = wire.buffered().len();
        if end.unwrap_or(seen) > HEAD_BYTES {
            return Next::Refused(too_large(wire.buffered()));
        }
        if let Some(end) = end {
            let parsed = head::parse(wire.buffered().get(..end).unwrap_or_default());
            wire.consume(end);
            return match parsed {
                Ok(head) => {
                    let content = Content::new(head.length, head.expects_continue, door.begin());
                    Next::Request(head, content)
                }
                Err(refused) => Next::Refused(refused),
            };
        }
        match wire.fill(until) {
            Ok(Got::Bytes | Got::Nothing) => {}
            Err(error) if error.kind() == ErrorKind::TimedOut => return Next::Refused(Refused::HeadTooSlow),
            Ok(Got::End) | Err(_) => return Next::Over,
        }
    }
}

/// A head without even a first line in the space for all of it has a target that is too long.
fn too_large(bytes: &[u8]) -> Refused {
    let line = bytes.iter().take(HEAD_BYTES).any(|byte| *byte == b'\r');
    if line { Refused::HeadTooLarge } else { Refused::TargetTooLong }
}

/// Waits in silence. False when the silence lasts too long, which is decided anew every few seconds, since places may
/// have become scarce meanwhile.
fn first_byte(door: &Context, wire: &mut Wire) -> bool {
    wire.rest();
    let start = clock::instant();
    loop {
        let patience = if door.capacity.is_crowded() { door.deadlines.idle_when_crowded } else { door.deadlines.idle };
        let now = clock::instant();
        if now >= start + patience {
            return false;
        }
        let until = (start + patience).min(now + door.deadlines.idle_when_crowded);
        let socket = wire.socket().clone();
        let mut fds = [PollFd::new(&*socket, PollFlags::IN), PollFd::new(&door.stop, PollFlags::IN)];
        match poll::wait(&mut fds, until) {
            Ok(true) => {}
            Ok(false) => continue,
            Err(_) => return false,
        }
        let [client, _stop] = &fds;
        if !poll::is_ready(client) {
            return false;
        }
        match wire.read() {
            Ok(Got::Bytes) => return true,
            Ok(Got::Nothing) => {}
            Ok(Got::End) | Err(_) => return false,
        }
    }
}

impl Content {
    fn new(length: Length, waiting: bool, busy: Busy) -> Self {
        Self { body: Body::new(length), waiting, busy: Some(busy) }
    }

    /// Tells a client that waits for it to send the content (RFC 9110 §10.1.1). Only for a request that is wanted.
    pub(super) fn invite(&mut self, wire: &Wire, stall: Duration) -> Result<(), Trouble> {
        if self.waiting && wire.buffered().is_empty() {
            wire.write_all(b"HTTP/1.1 100 Continue\r\n\r\n", stall).map_err(|_| Trouble::Gone)?;
        }
        self.waiting = false;
        Ok(())
    }

    /// Reads all of it into memory, within one deadline for the whole.
    pub(super) fn collect(&mut self, door: &Context, wire: &mut Wire, most: u64) -> Result<Vec<u8>, Trouble> {
        if self.body.left().is_some_and(|left| left > most) {
            return Err(Refused::BodyTooLarge.into());
        }
        self.invite(wire, door.deadlines.write_stall)?;
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let until = clock::instant() + door.deadlines.app_body;
        let mut all = Vec::new();
        loop {
            let room = (most + 1).saturating_sub(all.len());
            self.body.take(wire, &mut all, room).map_err(|_| Refused::MalformedBody)?;
            if all.len() > most {
                return Err(Refused::BodyTooLarge.into());
            }
            if self.body.is_over() {
                return Ok(all);
            }
            match wire.fill(until) {
                Ok(Got::Bytes | Got::Nothing) => {}
                Err(error) if error.kind() == ErrorKind::TimedOut => return Err(Refused::BodyTooSlow.into()),
                Ok(Got::End) | Err(_) => return Err(Trouble::Gone),
            }
        }
    }

    /// True when the next request can be reached: nothing is left, or so little that reading it is cheaper than a new
    /// connection. A client that waits to be invited may never send it, so its content cannot be waited for.
    pub(super) fn can_be_passed(&self) -> bool {
        self.body.is_over() || (!self.waiting && self.body.left().is_some_and(|left| left <= DRAINED))
    }

    /// Reads and drops what is left. True when the next request stands at the beginning of the wire's buffer.
    pub(super) fn pass(&mut self, wire: &mut Wire) -> bool {
        let until = clock::instant() + DRAIN_PATIENCE;
        let mut dropped = Vec::new();
        loop {
            dropped.clear();
            if self.body.take(wire, &mut dropped, 8192).is_err() {
                return false;
            }
            if self.body.is_over() {
                return true;
            }
            if dropped.is_empty() && !matches!(wire.fill(until), Ok(Got::Bytes)) {
                return false;
            }
        }
    }
}
