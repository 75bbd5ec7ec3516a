//! The chunked transfer coding (RFC 9112 §7.1): a strict reader that works on bytes in memory, and the writer.

use crate::http::limits::{CHUNK_LINE_BYTES, TRAILER_BYTES};

/// Longest chunk size accepted, in hexadecimal digits; far beyond any limit on bodies and far from overflow.
const SIZE_DIGITS: usize = 8;

/// The bytes are no chunked content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed;

/// What the first bytes of the input are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Too few to tell.
    More,
    /// So many bytes of framing, to be passed over.
    Framing(usize),
    /// So many bytes of content.
    Content(usize),
    /// So many bytes of framing, and with them it is over.
    End(usize),
}

/// Where in the coding the reader stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reader {
    /// Before a line with a size.
    Size,
    /// Within a chunk, so many bytes before its end.
    Content(u64),
    /// Before the line end that closes a chunk.
    ChunkEnd,
    /// In the trailer section, so many bytes of it read.
    Trailer(usize),
}

impl Reader {
    /// Looks at the input and moves on by what the step says; the caller then drops those bytes.
    pub(super) fn step(&mut self, input: &[u8]) -> Result<Step, Malformed> {
        match *self {
            Self::Size => self.size(input),
            Self::Content(left) => {
                let here = usize::try_from(left).unwrap_or(usize::MAX).min(input.len());
                if here == 0 {
                    return Ok(Step::More);
                }
                let left = left - here as u64;
                *self = if left == 0 { Self::ChunkEnd } else { Self::Content(left) };
                Ok(Step::Content(here))
            }
            Self::ChunkEnd => match input {
                [b'\r', b'\n', ..] => {
                    *self = Self::Size;
                    Ok(Step::Framing(2))
                }
                [] | [b'\r'] => Ok(Step::More),
                _ => Err(Malformed),
            },
            Self::Trailer(read) => self.trailer(input, read),
        }
    }

    /// Extensions are passed over (RFC 9112 §7.1.1 asks so of who does not know them), in bounds.
    fn size(&mut self, input: &[u8]) -> Result<Step, Malformed> {
        let Some(line) = line(input, CHUNK_LINE_BYTES)? else { return Ok(Step::More) };
        let (digits, extension) = line.split_once(';').unwrap_or((line, ""));
        let tidy = !digits.is_empty() && digits.len() <= SIZE_DIGITS && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !tidy || !extension.bytes().all(is_text) {
            return Err(Malformed);
        }
        let size = u64::from_str_radix(digits, 16).map_err(|_| Malformed)?;
        *self = if size == 0 { Self::Trailer(0) } else { Self::Content(size) };
        Ok(Step::Framing(line.len() + 2))
    }

    /// Trailer fields are read, checked for form and dropped: nothing behind us needs any, and some readers merge them
    /// into the head.
    fn trailer(&mut self, input: &[u8], read: usize) -> Result<Step, Malformed> {
        let Some(line) = line(input, TRAILER_BYTES.saturating_sub(read))? else { return Ok(Step::More) };
        let used = line.len() + 2;
        if line.is_empty() {
            return Ok(Step::End(used));
        }
        let (name, value) = line.split_once(':').ok_or(Malformed)?;
        let well_formed = !name.is_empty() && name.bytes().all(super::field::is_token_byte) && value.bytes().all(is_text);
        if !well_formed || FORBIDDEN.iter().any(|forbidden| name.eq_ignore_ascii_case(forbidden)) {
            return Err(Malformed);
        }
        *self = Self::Trailer(read + used);
        Ok(Step::Framing(used))
    }
}

/// RFC 9110 §6.5.1: fields about framing, routing and authentication cannot come after the content.
const FORBIDDEN: [&str; 8] =
    ["transfer-encoding", "content-length", "host", "authorization", "cookie", "connection", "content-encoding", "trailer"];

fn is_text(byte: u8) -> bool {
    matches!(byte, b'\t' | 0x20..=0x7e)
}

/// The first line without its CRLF; nothing when it is not complete yet. A bare CR or LF is no line end.
fn line(input: &[u8], most: usize) -> Result<Option<&str>, Malformed> {
    let seen = input.get(..most.min(input.len())).unwrap_or_default();
    let Some(end) = seen.iter().position(|byte| matches!(byte, b'\r' | b'\n')) else {
        return if input.len() >= most { Err(Malformed) } else { Ok(None) };
    };
    match seen.get(end..) {
        Some([b'\r', b'\n', ..]) => std::str::from_utf8(seen.get(..end).unwrap_or_default()).map(Some).map_err(|_| Malformed),
        Some([b'\r']) if input.len() < most => Ok(None),
        _ => Err(Malformed),
    }
}

/// Writes one chunk. Nothing for nothing, since an empty chunk would be the last.
pub(super) fn write(out: &mut Vec<u8>, content: &[u8]) {
    if !content.is_empty() {
        out.extend_from_slice(format!("{:x}\r\n", content.len()).as_bytes());
        out.extend_from_slice(content);
        out.extend_from_slice(b"\r\n");
    }
}

/// The last chunk, without trailers.
pub(super) const LAST: &[u8] = b"0\r\n\r\n";

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads `input`, given piece by piece; the content and how many bytes were used, once it is complete.
    fn read(input: &[u8], piece: usize) -> Result<Option<(Vec<u8>, usize)>, Malformed> {
        let (mut reader, mut content, mut used, mut given) = (Reader::Size, Vec::new(), 0, 0);
        loop {
            match reader.step(&input[used..given])? {
                Step::More if given == input.len() => return Ok(None),
                Step::More => given = input.len().min(given + piece),
                Step::Framing(count) => used += count,
                Step::Content(count) => {
                    content.extend_from_slice(&input[used..used + count]);
                    used += count;
                }
                Step::End(count) => return Ok(Some((content, used + count))),
            }
        }
    }

    #[test]
    fn content_is_read_however_it_is_cut() {
        let input = b"5\r\nhello\r\nA;x=\"y\"\r\n, world123\r\n000\r\nX-Sum: 1\r\n\r\nGET /";
        for piece in [1, 2, 3, 7, 100] {
            assert_eq!(read(input, piece), Ok(Some((b"hello, world123".to_vec(), input.len() - 5))), "{piece}");
        }
    }

    #[test]
    fn an_end_that_has_not_come_is_waited_for() {
        for input in ["", "5", "5\r", "5\r\nhel", "5\r\nhello", "5\r\nhello\r", "0\r\n", "0\r\n\r", "0\r\nX: y\r\n"] {
            assert_eq!(read(input.as_bytes(), 1), Ok(None), "{input:?}");
        }
    }

    #[test]
    fn anything_that_two_readers_could_read_differently_is_refused() {
        for input in [
            "\r\n",
            "\n",
            "5\nhello",
            "5\rhello\r\n",
            "+5\r\n",
            "-5\r\n",
            " 5\r\n",
            "5 \r\n",
            "5 ;x\r\n",
            "0x5\r\n",
            "g\r\n",
            ";x\r\n",
            "5_0\r\n",
            "fffffffff\r\n",
            "ffffffffffffffffff\r\n",
            "5\r\nhello5\r\n",
            "5\r\nhello\n",
            "5\r\nhello\r5",
            "5;\0\r\n",
            "5;a\nb\r\n",
            "0\r\nX\r\n",
            "0\r\n: y\r\n",
            "0\r\nX : y\r\n",
            "0\r\n X: y\r\n",
            "0\r\nX: \0\r\n",
            "0\r\n\n",
            "0\r\nX: y\n\r\n",
            "0\r\nContent-Length: 5\r\n",
            "0\r\nTransfer-Encoding: chunked\r\n",
            "0\r\nAuthorization: x\r\n",
            "0\r\nHOST: x\r\n",
            "5;\u{e9}\r\n",
        ] {
            assert_eq!(read(input.as_bytes(), 1), Err(Malformed), "{input:?}");
            assert_eq!(read(input.as_bytes(), 4096), Err(Malformed), "{input:?}");
        }
    }

    #[test]
    fn extensions_and_trailers_are_bounded() {
        let extension = |length: usize| format!("5;{}\r\nhello\r\n0\r\n\r\n", "x".repeat(length));
        assert!(read(extension(CHUNK_LINE_BYTES - 4).as_bytes(), 1).unwrap().is_some());
        assert_eq!(read(extension(CHUNK_LINE_BYTES).as_bytes(), 1), Err(Malformed));
        assert_eq!(read(extension(1 << 20).as_bytes(), 4096), Err(Malformed));
        let trailers = |count: usize| format!("0\r\n{}\r\n", "X: 1234\r\n".repeat(count));
        assert!(read(trailers(TRAILER_BYTES / 9 - 1).as_bytes(), 100).unwrap().is_some());
        assert_eq!(read(trailers(TRAILER_BYTES).as_bytes(), 100), Err(Malformed));
    }

    #[test]
    fn what_is_written_is_read_back() {
        let mut out = Vec::new();
        write(&mut out, b"hello");
        write(&mut out, b"");
        write(&mut out, &[b'x'; 300]);
        out.extend_from_slice(LAST);
        let (content, used) = read(&out, 50).unwrap().unwrap();
        assert_eq!((content.len(), used), (305, out.len()));
    }
}
