//! Why the door itself refuses or fails, and what the peer is told: one table. No text names a host, a file or anything
//! that was sent. Refusals of tokens and sessions are [`crate::oauth::error`]'s.

use crate::http::answer::Answer;

/// Why there is no relayed answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    // the request
    MalformedHead,
    MalformedFraming,
    MalformedBody,
    UnknownCoding,
    Version,
    MethodUnknown,
    MethodNotAllowed,
    HostMalformed,
    HostForeign,
    OriginForeign,
    TargetMalformed,
    TargetTooLong,
    FieldRepeated,
    Expectation,
    HeadTooLarge,
    HeadTooSlow,
    BodyTooLarge,
    BodyTooSlow,
    NotJson,
    SessionMalformed,
    NoServerNamed,
    // ourselves
    Crowded,
    AppBusy,
    AppFailed,
    TooManyStreams,
    StoreUnavailable,
    // the upstream
    UpstreamUnreachable,
    UpstreamSlow,
    UpstreamMalformed,
    UpstreamWantsCredentials,
    UpstreamRedirects,
}

impl Refused {
    /// What goes out. Exhaustive: a new refusal does not compile without a line here.
    pub(super) fn answer(self) -> Answer {
        let (status, code, description) = match self {
            Self::MalformedHead => (400, "invalid_request", "the request is not well-formed HTTP/1.1"),
            Self::MalformedFraming => (400, "invalid_request", "the length of the request cannot be told"),
            Self::MalformedBody => (400, "invalid_request", "the content is not well-formed"),
            Self::UnknownCoding => (501, "invalid_request", "the transfer coding is not supported"),
            Self::Version => (505, "invalid_request", "send HTTP/1.1"),
            Self::MethodUnknown => (501, "invalid_request", "the method is not supported"),
            Self::MethodNotAllowed => (405, "invalid_request", "the method is not allowed here"),
            Self::HostMalformed => (400, "invalid_request", "send exactly one valid Host field"),
            Self::HostForeign => (421, "invalid_request", "this server does not answer to that host name"),
            Self::OriginForeign => (403, "access_denied", "pages of this origin may not call this server"),
            Self::TargetMalformed => (400, "invalid_request", "the request target is not in normal form"),
            Self::TargetTooLong => (414, "invalid_request", "the request target is too long"),
            Self::FieldRepeated => (400, "invalid_request", "a field that must be single was repeated"),
            Self::Expectation => (417, "invalid_request", "the expectation is not supported"),
            Self::HeadTooLarge => (431, "invalid_request", "the request head is too large"),
            Self::HeadTooSlow => (408, "invalid_request", "the request head took too long"),
            Self::BodyTooLarge => (413, "invalid_request", "the content is too large"),
            Self::BodyTooSlow => (408, "invalid_request", "the content took too long"),
            Self::NotJson => (415, "invalid_request", "send application/json"),
            Self::SessionMalformed => (400, "invalid_request", "the Mcp-Session-Id is not valid"),
            Self::NoServerNamed => (403, "access_denied", "the request names no protected server"),
            Self::Crowded => (503, "temporarily_unavailable", "too many connections, try again"),
            Self::AppBusy => (503, "temporarily_unavailable", "the server is busy, try again"),
            Self::AppFailed => (500, "server_error", "the server could not complete the request"),
            Self::TooManyStreams => (503, "temporarily_unavailable", "too many open streams, try again"),
            Self::StoreUnavailable => (503, "temporarily_unavailable", "the server is busy, try again"),
            Self::UpstreamUnreachable => (502, "bad_gateway", "the MCP server behind this gate cannot be reached"),
            Self::UpstreamSlow => (504, "gateway_timeout", "the MCP server behind this gate took too long to answer"),
            Self::UpstreamMalformed => (502, "bad_gateway", "the MCP server behind this gate gave no valid answer"),
            Self::UpstreamWantsCredentials => (502, "bad_gateway", "the MCP server behind this gate wants credentials of its own"),
            Self::UpstreamRedirects => (502, "bad_gateway", "the MCP server behind this gate points elsewhere"),
        };
        let answer = Answer::error(status, code, description);
        match status {
            405 => answer.with("allow", "GET, HEAD, POST, DELETE, OPTIONS"),
            503 => answer.with("retry-after", "5"),
            _ => answer,
        }
    }
}

/// Why an exchange did not end with the answer that was asked for.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The client is told so.
    Answered(Answer),
    /// There is no client any more.
    Gone,
}

impl From<Refused> for Trouble {
    fn from(refused: Refused) -> Self {
        Self::Answered(refused.answer())
    }
}

impl From<Answer> for Trouble {
    fn from(answer: Answer) -> Self {
        Self::Answered(answer)
    }
}
