//! `POST /introspect` (RFC 7662).

use super::App;
use super::token::{proven, refuse_client};
use crate::clock;
use crate::http::answer::Answer;
use crate::http::request::Request;
use crate::oauth::error::{ErrorCode, Refusal};
use crate::oauth::introspection::{self, Introspection};
use crate::oauth::token_parameter::{self, TokenParameter};
use crate::store::StoreError;
use serde_json::Value;

/// 200 whatever the token is; only the request itself can be refused.
pub fn introspect(app: &App, request: &Request) -> Answer {
    match serve(app, request) {
        Ok(Ok(told)) => Answer::json(200, &told),
        Ok(Err(refusal)) => refuse(request, introspection::unauthorized(refusal)),
        Err(error) => super::unavailable(&error),
    }
}

/// RFC 9110 §15.5.2: every 401 says how it is done.
fn refuse(request: &Request, refusal: Refusal) -> Answer {
    let answer = refuse_client(request, &refusal);
    if refusal.wire().code == ErrorCode::InvalidClient { answer.with("www-authenticate", super::token::BASIC) } else { answer }
}

fn serve(app: &App, request: &Request) -> Result<Result<Value, Refusal>, StoreError> {
    let (client, params) = match proven(app, request)? {
        Ok(proven) => proven,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let asked = Introspection { client: &client, resources: app.resources(), issuer: app.issuer(), now: clock::now() };
    Ok(match token_parameter::parse(&params) {
        Err(refusal) => Err(refusal),
        Ok(TokenParameter::Foreign) => Ok(introspection::inactive()),
        Ok(TokenParameter::Access(token)) => {
            let stored = app.store.access_token(&token.hash())?;
            if let Err(refusal) = asked.held_up(&app.store.pauses()?, stored.as_ref()) {
                return Ok(Err(refusal));
            }
            let record = stored.as_ref().map(|(record, _)| record.clone());
            let answer = asked.access(stored);
            // A token that a resource server was shown is in use, as if it had come to the gate.
            if let Some(record) = record.filter(|_| client.client().introspects.is_some() && introspection::is_active(&answer)) {
                app.store.note_use(&token.hash(), &record, &super::occasion(request));
            }
            Ok(answer)
        }
        Ok(TokenParameter::Key(key)) => {
            if let Err(refusal) = asked.held_up(&app.store.pauses()?, None) {
                return Ok(Err(refusal));
            }
            let answer = asked.key(app.store.api_key(&key.hash())?);
            if introspection::is_active(&answer) {
                app.store.note_key_use(&key.hash(), &super::occasion(request));
            }
            Ok(answer)
        }
        Ok(TokenParameter::Refresh(token)) => Ok(asked.refresh(app.store.refresh_token(&token.hash())?)),
    })
}
