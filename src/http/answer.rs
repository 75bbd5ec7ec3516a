//! An answer made by this program, as a plain value: the door writes it to a socket, the app hands it to tiny_http.

use super::headers::HeaderMap;

/// Status, fields and a whole body. Framing fields are added by whoever writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// RFC 9110 §15.
    pub status: u16,
    /// Without `Content-Length`, `Transfer-Encoding`, `Connection` and `Date`.
    pub headers: HeaderMap,
    /// All of it.
    pub body: Vec<u8>,
}

impl Answer {
    /// A status and nothing else.
    pub fn empty(status: u16) -> Self {
        let mut headers = HeaderMap::new();
        headers.set("cache-control", "no-store");
        Self { status, headers, body: Vec::new() }
    }

    /// JSON that nobody may keep (RFC 6749 §5.1).
    pub fn json(status: u16, body: &serde_json::Value) -> Self {
        let mut answer = Self::empty(status);
        answer.headers.set("content-type", "application/json");
        answer.headers.set("x-content-type-options", "nosniff");
        answer.body = body.to_string().into_bytes();
        answer
    }

    /// The JSON error object of RFC 6749 §5.2; `description` must be fixed text of ours.
    pub fn error(status: u16, code: &str, description: &str) -> Self {
        Self::json(status, &serde_json::json!({ "error": code, "error_description": description }))
    }

    /// The same answer with one more field.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.set(name, value);
        self
    }
}
