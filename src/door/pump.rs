//! The content of an upstream's answer on its way to the client: every piece as it arrives, in bounded memory, and
//! next to none while nothing arrives, since most streams are silent most of the time.

use super::body::Body;
use super::chunked;
use super::connection::Client;
use super::context::Context;
use super::framing::Length;
use super::poll::{self, Departure};
use super::relay::Relay;
use super::respond::Framing;
use super::streams::Entry;
use super::wire::{Got, Wire};
use crate::clock;
use rustix::event::{PollFd, PollFlags};
use std::time::{Duration, Instant};

/// Most content on its way at once.
const PIECE: usize = 16 * 1024;
/// From when on any answer counts as a stream.
const LONG: Duration = Duration::from_secs(30);
/// A comment of the event stream format: a line that begins with a colon.
const COMMENT: &[u8] = b":\n";

/// The client has left, or the upstream broke off. What was sent stays visibly incomplete.
#[derive(Debug)]
pub(super) struct Broken;

/// How the content comes and goes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Flow {
    /// As the upstream frames it.
    pub(super) length: Length,
    /// As the client gets it.
    pub(super) framing: Framing,
    /// An event stream: it may be silent for as long as it likes.
    pub(super) events: bool,
    /// Comments may be put in: nothing counts the bytes or compresses them.
    pub(super) comments: bool,
}

/// One answer's way.
pub(super) struct Pump<'p> {
    door: &'p Context,
    client: &'p Client,
    relay: &'p Relay<'p>,
    upstream: Wire,
    body: Body,
    flow: Flow,
    departure: Departure,
    /// Set while the answer is in the registry of streams.
    entry: Option<Entry>,
    began: Instant,
    /// When something was last passed on.
    last_word: Instant,
    /// The last byte passed on; a line end before the first.
    last_byte: u8,
}

impl<'p> Pump<'p> {
    pub(super) fn new(
        door: &'p Context,
        client: &'p Client,
        relay: &'p Relay<'p>,
        upstream: Wire,
        flow: Flow,
        entry: Option<Entry>,
    ) -> Self {
        let now = clock::instant();
        let (body, departure) = (Body::new(flow.length), Departure::new());
        Self { door, client, relay, upstream, body, flow, departure, entry, began: now, last_word: now, last_byte: b'\n' }
    }

    /// Passes on `head` and then everything up to the end.
    pub(super) fn run(mut self, head: Vec<u8>) -> Result<(), Broken> {
        let mut out = head;
        loop {
            let more = self.take(&mut out)?;
            if !out.is_empty() {
                self.client.wire.write_all(&out, self.door.deadlines.write_stall).map_err(|_| Broken)?;
                self.last_word = clock::instant();
            }
            if self.body.is_over() {
                return Ok(());
            }
            out.clear();
            if !more {
                out = Vec::new();
                self.upstream.rest();
                self.wait()?;
            }
        }
    }

    /// Frames what is there for the client. True when there may be more at once.
    fn take(&mut self, out: &mut Vec<u8>) -> Result<bool, Broken> {
        let mut piece = Vec::new();
        self.body.take(&mut self.upstream, &mut piece, PIECE).map_err(|_| Broken)?;
        self.last_byte = piece.last().copied().unwrap_or(self.last_byte);
        if self.flow.framing == Framing::Chunked {
            chunked::write(out, &piece);
            if self.body.is_over() {
                out.extend_from_slice(chunked::LAST);
            }
        } else {
            out.extend_from_slice(&piece);
        }
        Ok(!piece.is_empty())
    }

    /// Waits for the upstream to say more, for the client to leave, or for the time to do something about the silence.
    fn wait(&mut self) -> Result<(), Broken> {
        let ours = self.client.wire.socket();
        let theirs = self.upstream.socket().clone();
        let mut fds = [PollFd::new(&*theirs, PollFlags::IN), self.departure.watch(ours)];
        let there = poll::wait(&mut fds, self.next_duty()).map_err(|_| Broken)?;
        let [from_upstream, from_client] = fds.map(|fd| fd.revents());
        if !there {
            return self.be_silent();
        }
        if self.departure.has_come(from_client, ours) {
            return Err(Broken);
        }
        if from_upstream.is_empty() {
            return Ok(());
        }
        match self.upstream.read() {
            Ok(Got::Bytes | Got::Nothing) => Ok(()),
            Ok(Got::End) if self.body.ends_here() => Ok(()),
            Ok(Got::End) | Err(_) => Err(Broken),
        }
    }

    /// When the silence becomes too long for something.
    fn next_duty(&self) -> Instant {
        let patience = self.last_word + self.patience();
        if self.entry.is_none() { patience.min(self.began + LONG) } else { patience }
    }

    fn patience(&self) -> Duration {
        let deadlines = &self.door.deadlines;
        if self.flow.events { deadlines.heartbeat } else { deadlines.body_stall.max(self.relay.server.upstream_timeout) }
    }

    /// Does what the silence calls for.
    fn be_silent(&mut self) -> Result<(), Broken> {
        let now = clock::instant();
        if self.entry.is_none() && now >= self.began + LONG {
            let slot = self.door.streams.count();
            self.entry = Some(slot.enter(&self.relay.pass, self.relay.server, self.client.wire.socket(), true));
        }
        if now < self.last_word + self.patience() {
            return Ok(());
        }
        if !self.flow.events {
            return Err(Broken);
        }
        self.last_word = now;
        // Only between lines: within one, a comment would become part of an event.
        if self.flow.comments && self.last_byte == b'\n' {
            let mut out = Vec::new();
            if self.flow.framing == Framing::Chunked {
                chunked::write(&mut out, COMMENT)
            } else {
                out.extend_from_slice(COMMENT)
            }
            self.client.wire.write_all(&out, self.door.deadlines.write_stall).map_err(|_| Broken)?;
        }
        Ok(())
    }
}
