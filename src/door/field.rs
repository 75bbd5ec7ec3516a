//! What the heads of requests and of responses have in common, byte by byte (RFC 9110 §5, RFC 9112 §2.2): where one
//! ends, what may stand in it, what a value is. Knows no field by name but `Connection`.

use crate::http::headers::HeaderMap;

/// The bytes are no head of a message, or one that readers could read differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed;

/// Looks for the empty line that ends a head, from byte `from` on: what stands before was looked at earlier. Gives the
/// length of the head once it is complete.
///
/// Refuses on sight what no head may hold, so that nobody waits for the end of one that is lost already: a bare CR or LF
/// (RFC 9112 §2.2 lets a reader accept LF alone, and readers differ), control characters, and, in a request, all that
/// is not ASCII.
pub(super) fn find_end(bytes: &[u8], from: usize, allow_obsolete_text: bool) -> Result<Option<usize>, Malformed> {
    let mut last = from.checked_sub(1).and_then(|before| bytes.get(before)).copied().unwrap_or(0);
    for (at, &byte) in bytes.iter().enumerate().skip(from) {
        let fits = match byte {
            b'\n' => last == b'\r',
            _ if last == b'\r' => false,
            b'\r' | b'\t' | 0x20..=0x7e => true,
            0x80..=0xff => allow_obsolete_text,
            _ => false,
        };
        if !fits {
            return Err(Malformed);
        }
        if byte == b'\n' && bytes.get(..=at).is_some_and(|head| head.ends_with(b"\r\n\r\n")) {
            return Ok(Some(at + 1));
        }
        last = byte;
    }
    Ok(None)
}

/// A field's value without the white space around it (RFC 9110 §5.5). A tab inside is refused: some readers split there.
pub(super) fn value(raw: &[u8]) -> Result<&str, Malformed> {
    let text = std::str::from_utf8(raw).map_err(|_| Malformed)?.trim_matches([' ', '\t']);
    if text.bytes().all(|byte| matches!(byte, 0x20..=0x7e)) { Ok(text) } else { Err(Malformed) }
}

/// The options of every `Connection` field (RFC 9110 §7.6.1).
pub(super) fn connection_options(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    headers.all("connection").flat_map(|value| value.split(',')).map(|option| option.trim_matches([' ', '\t']))
}

/// RFC 9110 §5.6.2.
pub(super) fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_line_feed_is_refused_before_the_head_is_complete() {
        assert_eq!(find_end(b"GET / HTTP/1.1\n", 0, false), Err(Malformed));
        assert_eq!(find_end(b"GET / HTTP/1.1\r", 0, false), Ok(None));
        assert_eq!(find_end(b"GET / HTTP/1.1\rX", 15, false), Err(Malformed));
    }

    #[test]
    fn control_characters_and_foreign_bytes_are_refused_anywhere() {
        for byte in (0..=255u8).filter(|byte| !matches!(byte, b'\t' | b'\r' | b'\n' | 0x20..=0x7e)) {
            for template in [
                "GET /@ HTTP/1.1\r\nHost: a.test\r\n\r\n",
                "GET / HTTP/1.1\r\nHost: a.test\r\nX@: y\r\n\r\n",
                "GET / HTTP/1.1\r\nHost: a.test\r\nX: a@\r\n\r\n",
            ] {
                let mut bytes = template.as_bytes().to_vec();
                let at = template.find('@').unwrap();
                bytes[at] = byte;
                assert_eq!(find_end(&bytes, 0, false), Err(Malformed), "{byte:#x}");
            }
        }
    }

    #[test]
    fn a_value_has_no_white_space_around_it_and_no_tab_inside() {
        assert_eq!(value(b" \t a b \t"), Ok("a b"));
        assert_eq!(value(b""), Ok(""));
        for raw in [&b"a\tb"[..], b"a\0", b"\xe9", b"a\r"] {
            assert_eq!(value(raw), Err(Malformed), "{raw:?}");
        }
    }
}
