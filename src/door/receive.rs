//! Waits for the head of an upstream's answer, with an eye on the client: when it leaves, nobody needs the answer.

use super::connection::Client;
use super::poll::{self, Departure};
use super::refusal::{Refused, Trouble};
use super::response_head::{self, ResponseHead};
use super::wire::{Got, Wire};
use rustix::event::{PollFd, PollFlags};
use std::time::Instant;

/// Interim answers passed over before the real one.
const INTERIM: usize = 8;

/// The final head (RFC 9110 §15.2: interim ones are passed over). `101` was never asked for, so it is no answer.
pub(super) fn head(client: &Client, upstream: &mut Wire, to_head: bool, until: Instant) -> Result<ResponseHead, Trouble> {
    let mut departure = Departure::new();
    let (mut seen, mut interim) = (0, 0);
    loop {
        if let Some(end) = response_head::find_end(upstream.buffered(), seen)? {
            let head = response_head::parse(upstream.buffered().get(..end).unwrap_or_default(), to_head)?;
            upstream.consume(end);
            if head.status >= 200 {
                return Ok(head);
            }
            (seen, interim) = (0, interim + 1);
            if head.status == 101 || interim > INTERIM {
                return Err(Refused::UpstreamMalformed.into());
            }
            continue;
        }
        seen = upstream.buffered().len();
        wait(client, upstream, &mut departure, until)?;
    }
}

/// Waits for more of the answer.
fn wait(client: &Client, upstream: &mut Wire, departure: &mut Departure, until: Instant) -> Result<(), Trouble> {
    let (ours, theirs) = (client.wire.socket(), upstream.socket().clone());
    let mut fds = [PollFd::new(&*theirs, PollFlags::IN), departure.watch(ours)];
    if !poll::wait(&mut fds, until).map_err(|_| Refused::UpstreamMalformed)? {
        return Err(Refused::UpstreamSlow.into());
    }
    let [from_upstream, from_client] = fds.map(|fd| fd.revents());
    if departure.has_come(from_client, ours) {
        return Err(Trouble::Gone);
    }
    if from_upstream.is_empty() {
        return Ok(());
    }
    match upstream.read() {
        Ok(Got::Bytes | Got::Nothing) => Ok(()),
        Ok(Got::End) | Err(_) => Err(Refused::UpstreamMalformed.into()),
    }
}
