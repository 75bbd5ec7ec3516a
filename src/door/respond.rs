//! Puts an answer on the wire: status line, fields, framing. Knows what every answer of this origin carries; knows
//! nothing of where an answer comes from.

use crate::clock;
use crate::config::Config;
use crate::http::answer::Answer;
use crate::http::date;
use crate::http::headers::HeaderMap;

/// How the content of an answer will be framed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// No content and no field about it (RFC 9110 §8.6: 204 and 304).
    Bare,
    /// So many bytes.
    Length(u64),
    /// Chunk by chunk.
    Chunked,
    /// Until the connection ends, for HTTP/1.0.
    UntilClose,
}

/// The head of an answer. `close` announces that the connection ends after it.
pub(super) fn head(status: u16, fields: &HeaderMap, framing: Framing, close: bool, config: &Config) -> Vec<u8> {
    let mut text = format!("HTTP/1.1 {status} {}\r\n", reason(status));
    let mut field = |name: &str, value: &str| {
        text.push_str(name);
        text.push_str(": ");
        text.push_str(value);
        text.push_str("\r\n");
    };
    fields.iter().for_each(|(name, value)| field(name, value));
    match framing {
        Framing::Bare | Framing::UntilClose => {}
        Framing::Length(bytes) => field("content-length", &bytes.to_string()),
        Framing::Chunked => field("transfer-encoding", "chunked"),
    }
    // RFC 9110 §6.6.1: whoever has a clock says the time, unless the answer's origin has said it.
    if fields.first("date").is_none() {
        field("date", &date::imf_fixdate(clock::now().0));
    }
    if config.issuer.secure && fields.first("strict-transport-security").is_none() {
        field("strict-transport-security", "max-age=31536000");
    }
    if close || framing == Framing::UntilClose {
        field("connection", "close");
    }
    text.push_str("\r\n");
    text.into_bytes()
}

/// A whole answer. To `HEAD` the content is only announced (RFC 9110 §9.3.2): by the answer itself where it was made
/// without its content, and not at all where nobody knows, since a wrong length would be a lie about `GET` (§8.6).
pub(super) fn whole(answer: &Answer, to_head: bool, close: bool, config: &Config) -> Vec<u8> {
    let untold = to_head && (answer.body.is_empty() || answer.headers.first("content-length").is_some());
    let framing = if untold || matches!(answer.status, 204 | 304) { Framing::Bare } else { Framing::Length(answer.body.len() as u64) };
    let mut bytes = head(answer.status, &answer.headers, framing, close, config);
    if !to_head && framing != Framing::Bare {
        bytes.extend_from_slice(&answer.body);
    }
    bytes
}

/// RFC 9110 §15; clients ignore it, people who read bytes do not.
fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        204 => "No Content",
        206 => "Partial Content",
        301 => "Moved Permanently",
        302 => "Found",
        303 => "See Other",
        304 => "Not Modified",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        406 => "Not Acceptable",
        408 => "Request Timeout",
        409 => "Conflict",
        410 => "Gone",
        413 => "Content Too Large",
        414 => "URI Too Long",
        415 => "Unsupported Media Type",
        417 => "Expectation Failed",
        421 => "Misdirected Request",
        422 => "Unprocessable Content",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        505 => "HTTP Version Not Supported",
        _ => "Status",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::door::testing;

    fn text(answer: &Answer, to_head: bool, close: bool) -> String {
        let mut answer = answer.clone();
        answer.headers.set("date", "now");
        String::from_utf8(whole(&answer, to_head, close, &testing::config("http://127.0.0.1:8787"))).unwrap()
    }

    #[test]
    fn an_answer_has_its_length_and_its_content() {
        let answer = Answer { status: 200, headers: HeaderMap::new(), body: b"hello".to_vec() };
        assert_eq!(text(&answer, false, false), "HTTP/1.1 200 OK\r\ndate: now\r\ncontent-length: 5\r\n\r\nhello");
        assert_eq!(text(&answer, true, true), "HTTP/1.1 200 OK\r\ndate: now\r\ncontent-length: 5\r\nconnection: close\r\n\r\n");
    }

    #[test]
    fn an_answer_to_head_tells_no_length_that_it_does_not_know() {
        let answer = Answer { status: 200, headers: HeaderMap::new(), body: vec![] };
        assert_eq!(text(&answer, true, false).matches("content-length").count(), 0);
    }

    #[test]
    fn an_answer_to_head_may_announce_content_that_was_never_made() {
        let answer = Answer::empty(200).with("content-length", "10");
        assert_eq!(text(&answer, true, false).matches("content-length: ").count(), 1);
    }

    #[test]
    fn a_bodiless_status_carries_no_length() {
        let answer = Answer { status: 204, headers: HeaderMap::new(), body: b"hello".to_vec() };
        assert_eq!(text(&answer, false, false), "HTTP/1.1 204 No Content\r\ndate: now\r\n\r\n");
    }

    #[test]
    fn an_https_origin_says_so_on_every_answer() {
        let config = testing::config("https://a.test");
        let bytes = whole(&Answer::empty(404), false, false, &config);
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.contains("strict-transport-security: max-age=31536000\r\n") && text.contains("\r\ndate: "), "{text}");
    }
}
