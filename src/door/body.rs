//! The content of a message as it comes from a wire, whatever its framing, for requests and responses alike. Moves
//! bytes between buffers; limits and deadlines are the caller's.

use super::chunked::{Reader, Step};
use super::framing::Length;
use super::wire::Wire;

/// The content is not framed as its head said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed;

/// What is still to come of one message's content.
#[derive(Debug)]
pub(super) struct Body {
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Known(u64),
    Chunked(Reader),
    UntilClose,
    Over,
    /// Nobody can tell where the next message begins.
    Broken,
}

impl Body {
    pub(super) fn new(length: Length) -> Self {
        let state = match length {
            Length::None | Length::Known(0) => State::Over,
            Length::Known(bytes) => State::Known(bytes),
            Length::Chunked => State::Chunked(Reader::Size),
            Length::UntilClose => State::UntilClose,
        };
        Self { state }
    }

    /// True when all of it was taken.
    pub(super) fn is_over(&self) -> bool {
        self.state == State::Over
    }

    /// How much is left, where that is known.
    pub(super) fn left(&self) -> Option<u64> {
        match self.state {
            State::Known(left) => Some(left),
            State::Over => Some(0),
            State::Chunked(_) | State::UntilClose | State::Broken => None,
        }
    }

    /// The peer has closed: whether that is a proper end of this content.
    pub(super) fn ends_here(&mut self) -> bool {
        let proper = matches!(self.state, State::UntilClose | State::Over);
        self.state = if proper { State::Over } else { State::Broken };
        proper
    }

    /// Moves content from the wire's buffer to the end of `out`, up to `room` bytes.
    pub(super) fn take(&mut self, wire: &mut Wire, out: &mut Vec<u8>, room: usize) -> Result<(), Malformed> {
        let full = out.len() + room;
        while out.len() < full {
            let (used, content) = self.step(wire.buffered(), full - out.len())?;
            if used == 0 {
                break;
            }
            if content {
                out.extend_from_slice(wire.buffered().get(..used).unwrap_or_default());
            }
            wire.consume(used);
        }
        Ok(())
    }

    /// How many of the first bytes of `input` belong together, and whether they are content.
    fn step(&mut self, input: &[u8], room: usize) -> Result<(usize, bool), Malformed> {
        let here = input.len().min(room);
        match &mut self.state {
            State::Over | State::Broken => Ok((0, false)),
            State::UntilClose => Ok((here, true)),
            State::Known(left) => {
                let here = usize::try_from(*left).unwrap_or(usize::MAX).min(here);
                *left -= here as u64;
                if *left == 0 {
                    self.state = State::Over;
                }
                Ok((here, true))
            }
            State::Chunked(reader) => {
                // Content is taken as there is room; a line of framing must be seen whole.
                let view = if matches!(reader, Reader::Content(_)) { input.get(..here).unwrap_or_default() } else { input };
                match reader.step(view) {
                    Ok(Step::More) => Ok((0, false)),
                    Ok(Step::Framing(used)) => Ok((used, false)),
                    Ok(Step::Content(used)) => Ok((used, true)),
                    Ok(Step::End(used)) => {
                        self.state = State::Over;
                        Ok((used, false))
                    }
                    Err(_) => {
                        self.state = State::Broken;
                        Err(Malformed)
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;
    use socket2::Socket;
    use std::io::Write;
    use std::os::fd::OwnedFd;
    use std::os::unix::net::UnixStream;
    use std::sync::Arc;
    use std::time::Duration;

    /// Takes what it can of `input`; the content, whether it is over, and what is left on the wire.
    fn take(length: Length, input: &str, room: usize) -> Result<(String, bool, String), Malformed> {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        let mut wire = Wire::new(Arc::new(Socket::from(OwnedFd::from(ours)))).unwrap();
        theirs.write_all(input.as_bytes()).unwrap();
        wire.fill(clock::instant() + Duration::from_secs(1)).unwrap();
        let (mut body, mut all) = (Body::new(length), Vec::new());
        loop {
            let mut out = Vec::new();
            body.take(&mut wire, &mut out, room)?;
            if out.is_empty() {
                break;
            }
            assert!(out.len() <= room);
            all.extend(out);
        }
        let left = String::from_utf8(wire.buffered().to_vec()).unwrap();
        Ok((String::from_utf8(all).unwrap(), body.is_over(), left))
    }

    #[test]
    fn content_ends_where_its_framing_says_and_the_rest_stays_on_the_wire() {
        for room in [1, 3, 1000] {
            assert_eq!(take(Length::Known(5), "helloGET /", room), Ok(("hello".into(), true, "GET /".into())));
            assert_eq!(take(Length::Chunked, "2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\nGET /", room), Ok(("hello".into(), true, "GET /".into())));
            assert_eq!(take(Length::UntilClose, "hello", room), Ok(("hello".into(), false, String::new())));
            assert_eq!(take(Length::None, "GET /", room), Ok((String::new(), true, "GET /".into())));
        }
    }

    #[test]
    fn broken_chunks_are_an_error() {
        assert_eq!(take(Length::Chunked, "2\r\nhel\r\n", 1000), Err(Malformed));
    }

    #[test]
    fn closing_ends_only_content_that_runs_until_then() {
        assert!(Body::new(Length::UntilClose).ends_here());
        assert!(!Body::new(Length::Known(1)).ends_here());
        assert!(!Body::new(Length::Chunked).ends_here());
    }
}
