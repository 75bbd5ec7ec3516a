//! The head of a request: bytes in, a vetted value or a refusal out (RFC 9112 §§2, 3, 5). `httparse` splits the fields;
//! what it would let pass and another reader might read differently is refused here. Reads no sockets.

use super::framing::{self, Length, Unclear};
use super::host::Authority;
use super::refusal::Refused;
use crate::http::headers::HeaderMap;
use crate::http::limits::HEAD_FIELDS;
use crate::http::method::Method;
use crate::http::path::{CanonicalPath, MAX_PATH};

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

/// Looks for the empty line that ends a head, from byte `from` on: what stands before was looked at earlier. Gives the
/// length of the head once it is complete.
///
/// Refuses on sight what no head may hold, so that nobody waits for the end of one that is lost already: a bare CR or LF
/// (RFC 9112 §2.2 lets a reader accept LF alone, and readers differ), control characters, and, in a request, all that
/// is not ASCII.
pub(super) fn find_end(bytes: &[u8], from: usize, allow_obsolete_text: bool) -> Result<Option<usize>, Refused> {
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
            return Err(Refused::MalformedHead);
        }
        if byte == b'\n' && bytes.get(..=at).is_some_and(|head| head.ends_with(b"\r\n\r\n")) {
            return Ok(Some(at + 1));
        }
        last = byte;
    }
    Ok(None)
}

/// Reads a complete head, empty line included.
pub(super) fn parse(bytes: &[u8]) -> Result<Head, Refused> {
    let line = bytes.split(|byte| *byte == b'\r').next().unwrap_or_default();
    let (method, target, modern) = request_line(std::str::from_utf8(line).map_err(|_| Refused::MalformedHead)?)?;
    let headers = fields(bytes)?;
    let host = headers.only("host").map_err(|_| Refused::HostMalformed)?.ok_or(Refused::HostMalformed)?;
    let authority = Authority::parse(host).ok_or(Refused::HostMalformed)?;
    let (path, query) = split_target(target, host)?;
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
    request.headers.iter().map(|field| Ok((field.name, value(field.value)?))).collect()
}

/// A field's value without the white space around it (RFC 9110 §5.5). A tab inside is refused: some readers split there.
pub(super) fn value(raw: &[u8]) -> Result<&str, Refused> {
    let text = std::str::from_utf8(raw).map_err(|_| Refused::MalformedHead)?.trim_matches([' ', '\t']);
    if text.bytes().all(|byte| matches!(byte, 0x20..=0x7e)) { Ok(text) } else { Err(Refused::MalformedHead) }
}

/// RFC 9112 §3.2: the origin form, or the absolute form when it names the very host that `Host` names.
fn split_target<'t>(target: &'t str, host: &str) -> Result<(CanonicalPath, Option<String>), Refused> {
    let local: &'t str = match target.split_once("://") {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https") => {
            let (named, _) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
            let local = rest.strip_prefix(named).unwrap_or_default();
            if !named.eq_ignore_ascii_case(host) {
                return Err(Refused::TargetMalformed);
            }
            local
        }
        Some(_) | None => target,
    };
    let (path, query) = local.split_once('?').map_or((local, None), |(path, query)| (path, Some(query)));
    if path.len() > MAX_PATH {
        return Err(Refused::TargetTooLong);
    }
    if query.is_some_and(|query| query.contains('#')) {
        return Err(Refused::TargetMalformed);
    }
    let path = CanonicalPath::parse(path).ok_or(Refused::TargetMalformed)?;
    Ok((path, query.map(str::to_owned)))
}

/// The options of every `Connection` field (RFC 9110 §7.6.1).
pub(super) fn connection_options(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    headers.all("connection").flat_map(|value| value.split(',')).map(|option| option.trim_matches([' ', '\t']))
}

/// RFC 9110 §10.1.1: the one expectation there is, or none.
fn expectation(headers: &HeaderMap) -> Result<bool, Refused> {
    match headers.only("expect") {
        Ok(None) => Ok(false),
        Ok(Some(value)) if value.eq_ignore_ascii_case("100-continue") => Ok(true),
        Ok(Some(_)) | Err(_) => Err(Refused::Expectation),
    }
}

/// RFC 9110 §5.6.2.
pub(super) fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Head, Refused> {
        let end = find_end(text.as_bytes(), 0, false)?.ok_or(Refused::HeadTooSlow)?;
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
    fn a_bare_line_feed_is_refused_before_the_head_is_complete() {
        assert_eq!(find_end(b"GET / HTTP/1.1\n", 0, false), Err(Refused::MalformedHead));
        assert_eq!(find_end(b"GET / HTTP/1.1\r", 0, false), Ok(None));
        assert_eq!(find_end(b"GET / HTTP/1.1\rX", 15, false), Err(Refused::MalformedHead));
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
                assert_eq!(find_end(&bytes, 0, false), Err(Refused::MalformedHead), "{byte:#x}");
            }
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
        for word in ["get", "PATCH", "PRI", "BREW"] {
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
    fn the_target_is_a_path_or_names_the_same_host() {
        assert_eq!(read("GET http://a.test/mcp?x HTTP/1.1\r\nHost: A.test\r\n\r\n").unwrap().path.as_str(), "/mcp");
        for target in [
            "*",
            "a.test:80",
            "http://b.test/mcp",
            "http://a.test:80/mcp",
            "http://a.test",
            "http://u@a.test/",
            "ftp://a.test/",
            "http:/mcp",
            "mcp",
            "//a.test/mcp",
            "http://10.0.0.1/",
            "/mcp#x",
            "/mcp?a#b",
            "/a/../mcp",
            "/%2e%2e/mcp",
            "?x",
            "\\mcp",
            "/mcp//b",
        ] {
            assert_eq!(refusal(&format!("GET {target} HTTP/1.1\r\nHost: a.test\r\n\r\n")), Refused::TargetMalformed, "{target}");
        }
        let long = format!("GET /{} HTTP/1.1\r\nHost: a.test\r\n\r\n", "a".repeat(MAX_PATH));
        assert_eq!(refusal(&long), Refused::TargetTooLong);
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
