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
    /// `scope`, stated wherever there is something to state, so that clients need not guess.
    pub scope: Scope,
    /// `id_token`, where `openid` was granted.
    pub id_token: Option<String>,
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
    if !issued.scope.is_empty() {
        body.insert("scope".into(), json!(issued.scope.to_string()));
    }
    if let Some(token) = &issued.id_token {
        body.insert("id_token".into(), json!(token));
    }
    Value::Object(body)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::fixtures::secret;

    fn issued(expires_in: Option<Duration>) -> Value {
        body(&Issued { access: secret(1), expires_in, refresh: secret(2), scope: Scope::parse("read write"), id_token: None })
    }

    #[test]
    fn the_answer_holds_all_that_clients_look_for() {
        let body = issued(Some(Duration::from_secs(3600)));
        assert_eq!(body["access_token"], secret::<AccessToken>(1).reveal());
        assert_eq!(body["refresh_token"], secret::<RefreshToken>(2).reveal());
        assert_eq!((&body["token_type"], &body["scope"]), (&json!("Bearer"), &json!("read write")));
        assert!(body["expires_in"].is_u64());
        assert_eq!(body.as_object().unwrap().len(), 5);
    }

    #[test]
    fn expires_in_is_whole_seconds_and_left_out_where_tokens_do_not_expire() {
        assert_eq!(issued(Some(Duration::from_millis(3_599_900)))["expires_in"], 3599);
        assert!(issued(None).get("expires_in").is_none());
    }

    #[test]
    fn a_scope_without_names_is_left_out() {
        let body = body(&Issued { access: secret(1), expires_in: None, refresh: secret(2), scope: Scope::default(), id_token: None });
        assert!(body.get("scope").is_none());
    }

    #[test]
    fn no_member_is_ever_null() {
        for body in [issued(None), issued(Some(Duration::ZERO))] {
            assert!(body.as_object().unwrap().values().all(|value| !value.is_null()), "{body}");
        }
    }
}
