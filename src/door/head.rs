//! The head of a request: bytes in, a vetted value or a refusal out (RFC 9112 §§2, 3, 5). `httparse` splits the fields;
//! what it would let pass and another reader might read differently is refused here. Reads no sockets.

use super::field::{self, connection_options, is_token_byte};
use super::framing::{self, Length, Unclear};
use super::host::Authority;
use super::refusal::Refused;
use super::target;
use crate::http::headers::HeaderMap;
use crate::http::limits::HEAD_FIELDS;
use crate::http::method::Method;
use crate::http::path::CanonicalPath;

/// Fields of which a second one would leave it to each reader which of the two counts.
const SINGLE: [&str; 7] = ["content-type", "origin", "mcp-session-id", "mcp-protocol-version", "mcp-method", "mcp-name", "last-event-id"];

/// A request head that can be read in one way only.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) method: Method,
    pub(super) path: CanonicalPath,
    /// Without its question mark, as it came.
    pub(super) query: Option<String>,
    /// All fields, also those that were understood here.
    pub(super) headers: HeaderMap,
    /// From `Host`.
    pub(super) authority: Authority,
    pub(super) length: Length,
    /// HTTP/1.1; otherwise HTTP/1.0.
    pub(super) modern: bool,
    /// The client would send another request on this connection.
    pub(super) keep_alive: bool,
    /// The client waits for `100 Continue` before it sends the content.
    pub(super) expects_continue: bool,
}

/// Reads a complete head, empty line included.
pub(super) fn parse(bytes: &[u8]) -> Result<Head, Refused> {
    let line = bytes.split(|byte| *byte == b'\r').next().unwrap_or_default();
    let (method, target, modern) = request_line(std::str::from_utf8(line).map_err(|_| Refused::MalformedHead)?)?;
    let headers = fields(bytes)?;
    let host = headers.only("host").map_err(|_| Refused::HostMalformed)?.ok_or(Refused::HostMalformed)?;
    let authority = Authority::parse(host).ok_or(Refused::HostMalformed)?;
    let (path, query) = target::split(target, host)?;
    if SINGLE.iter().any(|name| headers.only(name).is_err()) {
        return Err(Refused::FieldRepeated);
    }
    let length = framing::of_request(&headers, modern).map_err(|unclear| match unclear {
        Unclear::Malformed => Refused::MalformedFraming,
        Unclear::Coding => Refused::UnknownCoding,
    })?;
    let keep_alive = modern && !connection_options(&headers).any(|option| option.eq_ignore_ascii_case("close"));
    let expects_continue = expectation(&headers)? && modern && length != Length::None;
    Ok(Head { method, path, query, headers, authority, length, modern, keep_alive, expects_continue })
}

/// Method, target and whether the version is 1.1, from a line with exactly two spaces in it.
fn request_line(line: &str) -> Result<(Method, &str, bool), Refused> {
    let mut words = line.split(' ');
    let (Some(word), Some(target), Some(version), None) = (words.next(), words.next(), words.next(), words.next()) else {
        return Err(Refused::MalformedHead);
    };
    let modern = match version {
        "HTTP/1.1" => true,
        "HTTP/1.0" => false,
        _ if version.starts_with("HTTP/") => return Err(Refused::Version),
        _ => return Err(Refused::MalformedHead),
    };
    if word.is_empty() || !word.bytes().all(is_token_byte) || !target.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Refused::MalformedHead);
    }
    let method = Method::parse(word).ok_or(match word {
        "TRACE" | "CONNECT" => Refused::MethodNotAllowed,
        _ => Refused::MethodUnknown,
    })?;
    Ok((method, target, modern))
}

fn fields(bytes: &[u8]) -> Result<HeaderMap, Refused> {
    let mut slots = [httparse::EMPTY_HEADER; HEAD_FIELDS];
    let mut request = httparse::Request::new(&mut slots);
    match request.parse(bytes) {
        Ok(httparse::Status::Complete(end)) if end == bytes.len() => {}
        Ok(_) => return Err(Refused::MalformedHead),
        Err(httparse::Error::TooManyHeaders) => return Err(Refused::HeadTooLarge),
        Err(_) => return Err(Refused::MalformedHead),
    }
    request.headers.iter().map(|field| Ok((field.name, field::value(field.value).map_err(|_| Refused::MalformedHead)?))).collect()
}

/// RFC 9110 §10.1.1: the one expectation there is, or none.
fn expectation(headers: &HeaderMap) -> Result<bool, Refused> {
    match headers.only("expect") {
        Ok(None) => Ok(false),
        Ok(Some(value)) if value.eq_ignore_ascii_case("100-continue") => Ok(true),
        Ok(Some(_)) | Err(_) => Err(Refused::Expectation),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Head, Refused> {
        let end = field::find_end(text.as_bytes(), 0, false).map_err(|_| Refused::MalformedHead)?.ok_or(Refused::HeadTooSlow)?;
        parse(&text.as_bytes()[..end])
    }

    fn refusal(text: &str) -> Refused {
        read(text).expect_err(text)
    }

    fn with(field: &str) -> String {
        format!("POST /mcp HTTP/1.1\r\nHost: a.test\r\n{field}\r\n\r\n")
    }

    #[test]
    fn a_plain_request_is_read() {
        let head = read("POST /mcp/x?a=%2F..&b HTTP/1.1\r\nHost: a.test\r\nX-A: \t b c \t\r\nContent-Length: 5\r\n\r\n").unwrap();
        assert_eq!((head.method, head.path.as_str(), head.query.as_deref()), (Method::Post, "/mcp/x", Some("a=%2F..&b")));
        assert_eq!((head.length, head.headers.first("x-a"), head.keep_alive), (Length::Known(5), Some("b c"), true));
    }

    #[test]
    fn line_ends_are_crlf_and_nothing_else() {
        for text in [
            "GET / HTTP/1.1\nHost: a.test\n\n",
            "GET / HTTP/1.1\r\nHost: a.test\n\r\n",
            "GET / HTTP/1.1\r\nHost: a.test\r\n\n",
            "GET / HTTP/1.1\rHost: a.test\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a.test\r\nX: a\nY: b\r\n\r\n",
            "\r\nGET / HTTP/1.1\r\nHost: a.test\r\n\r\n",
            "\nGET / HTTP/1.1\r\nHost: a.test\r\n\r\n",
            "\r\n\r\n",
            "GET / HTTP/1.1\r\n\r\r\n\r\n",
        ] {
            assert_eq!(refusal(text), Refused::MalformedHead, "{text:?}");
        }
    }

    #[test]
    fn fields_have_one_form() {
        for field in [
            "X : y",
            " X: y",
            "\tX: y",
            "X\t: y",
            "X",
            ": y",
            "X y: z",
            "X: a\tb",
            "X: y\r\n folded",
            "X: y\r\n\tfolded",
            "Transfer-Encoding : chunked",
            " Transfer-Encoding: chunked",
            "X(: y",
        ] {
            assert_eq!(refusal(&with(field)), Refused::MalformedHead, "{field:?}");
        }
    }

    #[test]
    fn the_request_line_has_two_spaces_and_no_more() {
        for line in [
            "GET  / HTTP/1.1",
            "GET / HTTP/1.1 ",
            " GET / HTTP/1.1",
            "GET /  HTTP/1.1",
            "GET / x HTTP/1.1",
            "GET /",
            "GET\t/\tHTTP/1.1",
            "GET /\t HTTP/1.1",
            "G@T / HTTP/1.1",
            "GET / http/1.1",
            "GET / HTTPS/1.1",
            " / HTTP/1.1",
        ] {
            assert_eq!(refusal(&format!("{line}\r\nHost: a.test\r\n\r\n")), Refused::MalformedHead, "{line:?}");
        }
    }

    #[test]
    fn versions_besides_1_0_and_1_1_are_not_spoken() {
        for version in ["HTTP/0.9", "HTTP/1.2", "HTTP/2.0", "HTTP/2", "HTTP/3", "HTTP/1.10", "HTTP/01.1"] {
            assert_eq!(refusal(&format!("GET / {version}\r\nHost: a.test\r\n\r\n")), Refused::Version, "{version}");
        }
        assert_eq!(refusal("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), Refused::Version);
    }

    #[test]
    fn methods_are_words_we_know() {
        for word in ["TRACE", "CONNECT"] {
            assert_eq!(refusal(&format!("{word} / HTTP/1.1\r\nHost: a.test\r\n\r\n")), Refused::MethodNotAllowed);
        }
        for word in ["get", "patch", "PRI", "BREW"] {
            assert_eq!(refusal(&format!("{word} / HTTP/1.1\r\nHost: a.test\r\n\r\n")), Refused::MethodUnknown);
        }
    }

    #[test]
    fn there_is_exactly_one_host() {
        for hosts in [
            "",
            "Host: a.test\r\nHost: a.test\r\n",
            "Host: a, b\r\n",
            "Host:\r\n",
            "Host: a b\r\n",
            "Host: u@a.test\r\n",
            "Host: a.test/\r\n",
        ] {
            for version in ["HTTP/1.1", "HTTP/1.0"] {
                assert_eq!(refusal(&format!("GET / {version}\r\n{hosts}\r\n")), Refused::HostMalformed, "{hosts:?}");
            }
        }
    }

    #[test]
    fn unclear_framing_is_refused() {
        for field in [
            "Content-Length: 5\r\nContent-Length: 5",
            "Content-Length: 5, 5",
            "Content-Length: +5",
            "Content-Length: 5\r\nTransfer-Encoding: chunked",
        ] {
            assert_eq!(refusal(&with(field)), Refused::MalformedFraming, "{field}");
        }
        assert_eq!(refusal(&with("Transfer-Encoding: chunked, identity")), Refused::UnknownCoding);
    }

    #[test]
    fn fields_that_must_be_single_are() {
        for name in SINGLE {
            assert_eq!(refusal(&with(&format!("{name}: a\r\n{name}: a"))), Refused::FieldRepeated, "{name}");
        }
    }

    #[test]
    fn expectations_are_one_or_none() {
        assert!(read(&with("Expect: 100-Continue\r\nContent-Length: 5")).unwrap().expects_continue);
        assert!(!read(&with("Expect: 100-continue")).unwrap().expects_continue);
        for field in ["Expect: 200-ok", "Expect: 100-continue\r\nExpect: 100-continue", "Expect:"] {
            assert_eq!(refusal(&with(field)), Refused::Expectation, "{field}");
        }
    }

    #[test]
    fn the_number_of_fields_is_bounded() {
        let many = |count: usize| format!("GET / HTTP/1.1\r\nHost: a.test\r\n{}\r\n", "X: y\r\n".repeat(count));
        assert!(read(&many(HEAD_FIELDS - 1)).is_ok());
        assert_eq!(refusal(&many(HEAD_FIELDS)), Refused::HeadTooLarge);
    }

    #[test]
    fn close_among_other_options_ends_the_connection() {
        assert!(!read(&with("Connection: keep-alive, Close")).unwrap().keep_alive);
        assert!(!read("GET / HTTP/1.0\r\nHost: a.test\r\nConnection: keep-alive\r\n\r\n").unwrap().keep_alive);
    }
}
