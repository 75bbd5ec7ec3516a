//! A request path that every later reader understands in the same way.
//!
//! The router decides by the path, and so does whatever stands behind us. Where two readers could disagree
//! (dot segments, encoded slashes, doubled slashes, path parameters, needless percent-encoding) the path is
//! refused, never repaired.

use percent_encoding::percent_decode_str;

/// Longest path accepted, in bytes.
pub const MAX_PATH: usize = 2048;

/// An absolute path in its one spelling. RFC 3986 §3.3, narrowed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CanonicalPath(String);

impl CanonicalPath {
    /// Accepts `/` and `/segment/segment` with an optional trailing slash.
    ///
    /// Nothing is accepted that holds `//`, `.` or `..` as a segment, `\`, `;`, control characters, non-ASCII, or a
    /// percent-escape of anything but a byte that cannot stand there plainly (so no `%2f`, `%2e`, `%61`, `%00`).
    pub fn parse(raw: &str) -> Option<Self> {
        let rest = raw.strip_prefix('/')?;
        if raw.len() > MAX_PATH || !raw.bytes().all(may_stand_in_a_path) {
            return None;
        }
        let mut segments = rest.split('/').peekable();
        while let Some(segment) = segments.next() {
            let is_last = segments.peek().is_none();
            if (segment.is_empty() && !is_last) || segment == "." || segment == ".." || !escapes_are_needed(segment) {
                return None;
            }
        }
        Some(Self(raw.to_owned()))
    }

    /// The path as it came, which is its only spelling.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What follows `prefix` when the prefix ends at a segment boundary: `""`, `"/"` or `"/more"`.
    pub fn below(&self, prefix: &str) -> Option<&str> {
        let rest = self.0.strip_prefix(prefix)?;
        (rest.is_empty() || rest.starts_with('/')).then_some(rest)
    }
}

fn may_stand_in_a_path(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"/-._~!$&'()*+,=:@%".contains(&byte)
}

/// Every `%XX` must be well formed and encode a byte of a non-ASCII UTF-8 character, a space or one of `"<>^`{|}?#[]`.
fn escapes_are_needed(segment: &str) -> bool {
    let mut rest = segment;
    while let Some(at) = rest.find('%') {
        let Some(digits) = rest.get(at + 1..at + 3) else { return false };
        let Ok(byte) = u8::from_str_radix(digits, 16) else { return false };
        let needed = byte >= 0x80 || b" \"<>^`{|}?#[]".contains(&byte);
        if !needed || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return false;
        }
        rest = rest.get(at + 3..).unwrap_or_default();
    }
    percent_decode_str(segment).decode_utf8().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_paths_are_accepted_as_they_are() {
        for raw in ["/", "/mcp", "/mcp/", "/a-b/c.d/e~f", "/open/clients/mcp:id/callback", "/caf%C3%A9"] {
            assert_eq!(CanonicalPath::parse(raw).map(|path| path.0), Some(raw.to_owned()), "{raw}");
        }
    }

    #[test]
    fn a_path_with_two_readings_is_refused() {
        let ambiguous = [
            "",
            "mcp",
            "//mcp",
            "/mcp//b",
            "/./mcp",
            "/mcp/..",
            "/mcp/../b",
            "/mcp/%2e%2e/b",
            "/mcp/.%2e/b",
            "/mcp/..%2fb",
            "/mcp%2fb",
            "/mcp/%252e",
            "/mcp/..;/b",
            "/mcp;x=1",
            "/mcp/..\\b",
            "/mcp/%5cb",
            "/mcp/%00",
            "/mcp/%0d%0a",
            "/mcp/%62",
            "/mcp/%",
            "/mcp/%2",
            "/mcp/%zz",
            "/mcp/%+1",
            "/mcp/%c0%ae",
            "/mcp/\u{ff0e}",
            "/mcp?x",
            "/mcp#x",
            "/m cp",
            "/mcp/\t",
            "/mcp/%7f",
        ];
        for raw in ambiguous {
            assert_eq!(CanonicalPath::parse(raw), None, "{raw:?}");
        }
    }

    #[test]
    fn a_prefix_ends_at_a_segment() {
        let path = |raw| CanonicalPath::parse(raw).unwrap();
        assert_eq!(path("/mcp").below("/mcp"), Some(""));
        assert_eq!(path("/mcp/x").below("/mcp"), Some("/x"));
        assert_eq!(path("/mcpx").below("/mcp"), None);
        assert_eq!(path("/MCP").below("/mcp"), None);
    }
}
