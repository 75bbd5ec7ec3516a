//! The head of a back end's answer: bytes in, a vetted value out. An upstream is no stranger, but it is no friend
//! either: what cannot be read in one way only is not relayed. Reads no sockets.

use super::field;
use super::framing::{self, Length};
use super::refusal::Refused;
use crate::http::headers::HeaderMap;
use crate::http::limits::{RESPONSE_HEAD_BYTES, RESPONSE_HEAD_FIELDS};

/// Fields that must not leave a choice between two values.
const SINGLE: [&str; 3] = ["content-type", "location", "mcp-session-id"];

/// A response head.
#[derive(Debug)]
pub(super) struct ResponseHead {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) length: Length,
    /// What `Content-Length` says, also where there is no content (`HEAD`).
    pub(super) announced: Option<u64>,
    /// The back end keeps the connection open.
    pub(super) keep_alive: bool,
}

/// Where a head ends in `bytes`, of which the first `from` were looked at before.
pub(super) fn find_end(bytes: &[u8], from: usize) -> Result<Option<usize>, Refused> {
    let end = field::find_end(bytes, from, true).map_err(|_| Refused::UpstreamMalformed)?;
    if end.unwrap_or(bytes.len()) > RESPONSE_HEAD_BYTES { Err(Refused::UpstreamMalformed) } else { Ok(end) }
}

/// Reads a complete head. `to_head` says that the request's method was `HEAD`.
pub(super) fn parse(bytes: &[u8], to_head: bool) -> Result<ResponseHead, Refused> {
    let mut slots = [httparse::EMPTY_HEADER; RESPONSE_HEAD_FIELDS];
    let mut response = httparse::Response::new(&mut slots);
    let complete = response.parse(bytes).is_ok_and(|status| status == httparse::Status::Complete(bytes.len()));
    let (Some(status), Some(version), true) = (response.code, response.version, complete) else {
        return Err(Refused::UpstreamMalformed);
    };
    let headers = fields(response.headers)?;
    if !(100..=599).contains(&status) || SINGLE.iter().any(|name| headers.only(name).is_err()) {
        return Err(Refused::UpstreamMalformed);
    }
    let modern = version == 1;
    let bodiless = to_head || status < 200 || matches!(status, 204 | 304);
    let length = framing::of_response(&headers, modern, bodiless).map_err(|_| Refused::UpstreamMalformed)?;
    let announced = framing::content_length(&headers).map_err(|_| Refused::UpstreamMalformed)?;
    let keep_alive = modern && !field::connection_options(&headers).any(|option| option.eq_ignore_ascii_case("close"));
    Ok(ResponseHead { status, headers, length, announced, keep_alive })
}

/// Values beyond ASCII (RFC 9110 §5.5 *obs-text*) are left out: no field that matters has one.
fn fields(parsed: &[httparse::Header<'_>]) -> Result<HeaderMap, Refused> {
    let ascii = parsed.iter().filter(|raw| raw.value.is_ascii());
    ascii.map(|raw| Ok((raw.name, field::value(raw.value).map_err(|_| Refused::UpstreamMalformed)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<ResponseHead> {
        let end = find_end(text.as_bytes(), 0).ok()??;
        parse(&text.as_bytes()[..end], false).ok()
    }

    #[test]
    fn plain_answers_are_read() {
        let head = read("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}").unwrap();
        assert_eq!((head.status, head.length, head.keep_alive), (200, Length::Known(2), true));
        let old = read("HTTP/1.0 200 OK\r\n\r\n").unwrap();
        assert_eq!((old.length, old.keep_alive), (Length::UntilClose, false));
        assert_eq!(read("HTTP/1.1 204 No Content\r\n\r\n").unwrap().length, Length::None);
        assert!(read("HTTP/1.1 200\r\n\r\n").is_some());
        assert_eq!(read("HTTP/1.1 200 OK\r\nX: caf\u{e9}\r\nY: z\r\n\r\n").unwrap().headers.len(), 1);
    }

    #[test]
    fn an_answer_with_two_readings_is_none() {
        for text in [
            "HTTP/1.1 200 OK\nContent-Length: 2\n\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: xchunked\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\n",
            "HTTP/1.1 200 OK\r\nX: a\r\n folded\r\n\r\n",
            "HTTP/1.1 200 OK\r\nX : a\r\n\r\n",
            "HTTP/1.1 200 OK\r\nX: a\rb\r\n\r\n",
            "HTTP/1.1 200 OK\r\nX: a\0b\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Type: text/html\r\n\r\n",
            "HTTP/1.1 200 OK\r\nMcp-Session-Id: a\r\nMcp-Session-Id: b\r\n\r\n",
            "HTTP/1.1 99 OK\r\n\r\n",
            "HTTP/1.1 999 OK\r\n\r\n",
            "HTTP/1.1 20 OK\r\n\r\n",
            "HTTP/2.0 200 OK\r\n\r\n",
            "ICY 200 OK\r\n\r\n",
            "200 OK\r\n\r\n",
            "{}\r\n\r\n",
        ] {
            assert!(read(text).is_none(), "{text:?}");
        }
    }

    #[test]
    fn the_head_is_bounded() {
        let long = |bytes: usize| format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "x".repeat(bytes));
        assert!(read(&long(RESPONSE_HEAD_BYTES - 100)).is_some());
        assert!(find_end(long(RESPONSE_HEAD_BYTES).as_bytes(), 0).is_err());
        let many = |count: usize| format!("HTTP/1.1 200 OK\r\n{}\r\n", "X: y\r\n".repeat(count));
        assert!(read(&many(RESPONSE_HEAD_FIELDS)).is_some() && read(&many(RESPONSE_HEAD_FIELDS + 1)).is_none());
    }
}
