//! Waiting for sockets until a moment. Every socket of the door is non-blocking and every wait goes through here, so a
//! deadline is absolute and no timeout is ever left behind on a socket.

use crate::clock;
use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::io::Errno;
use socket2::Socket;
use std::io;
use std::time::{Duration, Instant};

/// Waits until one of `fds` has something to report (true) or the moment has come (false).
///
/// # Errors
/// Those of `poll(2)`, which leave nothing to do but give up.
pub(super) fn wait(fds: &mut [PollFd<'_>], until: Instant) -> io::Result<bool> {
    loop {
        let left = timespec(until.saturating_duration_since(clock::instant()));
        match rustix::event::poll(fds, Some(&left)) {
            Ok(ready) => return Ok(ready > 0),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

fn timespec(span: Duration) -> Timespec {
    Timespec::try_from(span).unwrap_or(Timespec { tv_sec: i64::from(i32::MAX), tv_nsec: 0 })
}

/// True when the poll reported anything at all for this descriptor, errors included.
pub(super) fn is_ready(fd: &PollFd<'_>) -> bool {
    !fd.revents().is_empty()
}

/// Watches a peer from whom nothing is read now, only for its departure.
///
/// A half-closed connection counts as departed: that is how every closed one looks until something is written to it,
/// and MCP takes a disconnect for a cancellation.
pub(super) struct Departure {
    flags: PollFlags,
}

impl Departure {
    pub(super) fn new() -> Self {
        #[cfg(target_os = "linux")]
        let flags = PollFlags::RDHUP;
        #[cfg(not(target_os = "linux"))]
        let flags = PollFlags::IN;
        Self { flags }
    }

    /// What to poll.
    pub(super) fn watch<'s>(&self, peer: &'s Socket) -> PollFd<'s> {
        PollFd::new(peer, self.flags)
    }

    /// Reads the poll's report about `peer`.
    #[cfg(target_os = "linux")]
    pub(super) fn has_come(&mut self, report: PollFlags, _peer: &Socket) -> bool {
        report.intersects(PollFlags::RDHUP | PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL)
    }

    /// Reads the poll's report about `peer`. Without `POLLRDHUP` an end of file is seen by peeking; a request that waits
    /// its turn hides it, and from then on only errors are seen.
    #[cfg(not(target_os = "linux"))]
    pub(super) fn has_come(&mut self, report: PollFlags, peer: &Socket) -> bool {
        if report.intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL) {
            return true;
        }
        if !report.contains(PollFlags::IN) {
            return false;
        }
        let mut byte = [std::mem::MaybeUninit::uninit()];
        match peer.peek(&mut byte) {
            Ok(0) => true,
            Ok(_) => {
                self.flags = PollFlags::empty();
                false
            }
            Err(error) => error.kind() != io::ErrorKind::WouldBlock,
        }
    }
}
