//! Request methods we serve; any other word is refused before it means anything.

use std::fmt;

/// RFC 9110 §9.3 and RFC 5789, the subset that this server answers. `CONNECT` and `TRACE` are left out on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    /// Read.
    Get,
    /// Read the head only.
    Head,
    /// Act.
    Post,
    /// Replace (RFC 7592 client management).
    Put,
    /// Remove (RFC 7592, or an MCP session).
    Delete,
    /// Change a part. Nothing here has this method; it is known so that `/auth/check` can judge it and others say 405.
    Patch,
    /// Ask what is allowed (CORS preflight).
    Options,
}

impl Method {
    /// Case-sensitive, as RFC 9110 §9.1 asks.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "GET" => Some(Self::Get),
            "HEAD" => Some(Self::Head),
            "POST" => Some(Self::Post),
            "PUT" => Some(Self::Put),
            "DELETE" => Some(Self::Delete),
            "PATCH" => Some(Self::Patch),
            "OPTIONS" => Some(Self::Options),
            _ => None,
        }
    }

    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
            Self::Patch => "PATCH",
            Self::Options => "OPTIONS",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tunnels_and_lower_case_are_not_methods() {
        for word in ["CONNECT", "TRACE", "get", "PRI", "G@T", ""] {
            assert_eq!(Method::parse(word), None, "{word}");
        }
    }
}
