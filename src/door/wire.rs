//! One socket and the bytes read from it that nobody has used yet. Knows deadlines, knows nothing of HTTP.

use super::poll;
use crate::clock;
use rustix::buffer::spare_capacity;
use rustix::event::{PollFd, PollFlags};
use rustix::io::Errno;
use socket2::Socket;
use std::io::{self, Write};
use std::net::Shutdown;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Most bytes taken from a socket at once.
const PIECE: usize = 16 * 1024;

/// What one attempt to read gave.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Got {
    /// More bytes are buffered now.
    Bytes,
    /// Nothing there yet.
    Nothing,
    /// The peer has finished.
    End,
}

/// A non-blocking stream socket with its input buffer.
pub(super) struct Wire {
    socket: Arc<Socket>,
    input: Vec<u8>,
    used: usize,
}

impl Wire {
    /// Takes over a connected socket.
    pub(super) fn new(socket: Arc<Socket>) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        Ok(Self { socket, input: Vec::new(), used: 0 })
    }

    /// The socket, for polling and for those who may have to end it from outside.
    pub(super) fn socket(&self) -> &Arc<Socket> {
        &self.socket
    }

    /// Bytes read and not yet consumed.
    pub(super) fn buffered(&self) -> &[u8] {
        self.input.get(self.used..).unwrap_or_default()
    }

    /// Marks the first `count` buffered bytes as used.
    pub(super) fn consume(&mut self, count: usize) {
        self.used = self.input.len().min(self.used + count);
        if self.used == self.input.len() {
            self.input.clear();
            self.used = 0;
        }
    }

    /// Gives the buffer's memory back while nothing is in it: an idle connection should cost a socket and a few pages.
    pub(super) fn rest(&mut self) {
        if self.buffered().is_empty() {
            self.input = Vec::new();
            self.used = 0;
        }
    }

    /// Reads once, without waiting.
    pub(super) fn read(&mut self) -> io::Result<Got> {
        if self.used > 0 {
            self.input.drain(..self.used);
            self.used = 0;
        }
        self.input.reserve(PIECE);
        loop {
            match rustix::io::read(&*self.socket, spare_capacity(&mut self.input)) {
                Ok(0) => return Ok(Got::End),
                Ok(_) => return Ok(Got::Bytes),
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return Ok(Got::Nothing),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Waits for more bytes. `TimedOut` when the moment comes first.
    pub(super) fn fill(&mut self, until: Instant) -> io::Result<Got> {
        loop {
            let there = poll::wait(&mut [PollFd::new(&*self.socket, PollFlags::IN)], until)?;
            if !there {
                return Err(io::ErrorKind::TimedOut.into());
            }
            match self.read()? {
                Got::Nothing => {}
                got @ (Got::Bytes | Got::End) => return Ok(got),
            }
        }
    }

    /// Writes once, without waiting; zero when the peer takes nothing now.
    pub(super) fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            match (&*self.socket).write(bytes) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(0),
                done => return done,
            }
        }
    }

    /// Writes everything. `TimedOut` when the peer takes nothing for as long as `stall`.
    pub(super) fn write_all(&self, mut bytes: &[u8], stall: Duration) -> io::Result<()> {
        while !bytes.is_empty() {
            let count = self.write(bytes)?;
            bytes = bytes.get(count..).unwrap_or_default();
            if count == 0 {
                let ready = poll::wait(&mut [PollFd::new(&*self.socket, PollFlags::OUT)], clock::instant() + stall)?;
                if !ready {
                    return Err(io::ErrorKind::TimedOut.into());
                }
            }
        }
        Ok(())
    }

    /// Ends the connection so that what was written last still arrives: a socket closed over unread bytes resets the
    /// connection, and the peer would lose the answer. Reads and drops until the peer closes, for at most `patience` and
    /// `most` bytes.
    pub(super) fn close_gently(mut self, patience: Duration, most: u64) {
        let until = clock::instant() + patience;
        let mut dropped = 0;
        if self.socket.shutdown(Shutdown::Write).is_err() {
            return;
        }
        while dropped < most {
            dropped += self.buffered().len() as u64;
            self.input.clear();
            self.used = 0;
            match self.fill(until) {
                Ok(Got::Bytes) => {}
                Ok(Got::Nothing | Got::End) | Err(_) => return,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixStream;

    fn pair() -> (Wire, UnixStream) {
        let (ours, theirs) = UnixStream::pair().unwrap();
        (Wire::new(Arc::new(Socket::from(std::os::fd::OwnedFd::from(ours)))).unwrap(), theirs)
    }

    fn soon(millis: u64) -> Instant {
        clock::instant() + Duration::from_millis(millis)
    }

    #[test]
    fn bytes_are_kept_until_they_are_consumed() {
        let (mut wire, mut peer) = pair();
        peer.write_all(b"hello").unwrap();
        assert_eq!(wire.fill(soon(1000)).unwrap(), Got::Bytes);
        wire.consume(2);
        peer.write_all(b"!").unwrap();
        assert_eq!(wire.fill(soon(1000)).unwrap(), Got::Bytes);
        assert_eq!(wire.buffered(), b"llo!");
        wire.consume(4);
        wire.rest();
        drop(peer);
        assert_eq!(wire.fill(soon(1000)).unwrap(), Got::End);
    }

    #[test]
    fn a_silent_peer_is_a_timeout_and_so_is_one_that_does_not_read() {
        let (mut wire, _peer) = pair();
        assert_eq!(wire.fill(soon(5)).unwrap_err().kind(), io::ErrorKind::TimedOut);
        let stalled = wire.write_all(&vec![0; 8 << 20], Duration::from_millis(5));
        assert_eq!(stalled.unwrap_err().kind(), io::ErrorKind::TimedOut);
    }
}
