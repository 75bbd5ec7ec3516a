//! The token response (RFC 6749 §5.1).

use super::scope::Scope;
use super::secret::{AccessToken, RefreshToken, Secret};
use serde_json::{Map, Value, json};
use std::time::Duration;

/// What was issued.
pub struct Issued {
    /// `access_token`.
    pub access: Secret<AccessToken>,
    /// `expires_in`; `None` where tokens do not expire.
    pub expires_in: Option<Duration>,
    /// `refresh_token`.
    pub refresh: Secret<RefreshToken>,
    /// `scope`, stated always so that clients need not guess.
    pub scope: Scope,
}

/// The body. No member is ever `null`: several clients refuse the whole answer for one.
pub fn body(issued: &Issued) -> Value {
    let mut body = Map::new();
    body.insert("access_token".into(), json!(issued.access.reveal()));
    body.insert("token_type".into(), json!("Bearer"));
    if let Some(span) = issued.expires_in {
        body.insert("expires_in".into(), json!(span.as_secs()));
    }
    body.insert("refresh_token".into(), json!(issued.refresh.reveal()));
    body.insert("scope".into(), json!(issued.scope.to_string()));
    Value::Object(body)
}
