//! `POST /revoke` (RFC 7009).

use super::App;
use super::token::{proven, refuse_client};
use crate::http::answer::Answer;
use crate::http::request::Request;
use crate::oauth::connection::Connection;
use crate::oauth::error::Refusal;
use crate::oauth::revocation;
use crate::oauth::token_parameter::{self, TokenParameter};
use crate::store::StoreError;

/// 200 once the token is of no use any more, also when it never was (RFC 7009 §2.2).
pub fn revoke(app: &App, request: &Request) -> Answer {
    match serve(app, request) {
        Ok(Ok(())) => Answer::empty(200),
        Ok(Err(refusal)) => refuse_client(request, &refusal),
        Err(error) => super::unavailable(&error),
    }
}

fn serve(app: &App, request: &Request) -> Result<Result<(), Refusal>, StoreError> {
    let (client, params) = match proven(app, request)? {
        Ok(proven) => proven,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let occasion = super::occasion(request);
    let may = |connection: &Connection| revocation::may_revoke(connection, &client);
    let given_back = |connection: &Connection| {
        let policy = app.resource_at(&connection.server).map(|resource| &resource.tokens);
        revocation::refresh_token(connection, &client, policy, occasion.at)
    };
    match token_parameter::parse(&params) {
        Err(refusal) => return Ok(Err(refusal)),
        // A key is taken back by its user, and by nobody who merely holds it.
        Ok(TokenParameter::Foreign | TokenParameter::Key(_)) => (),
        Ok(TokenParameter::Access(token)) => app.store.revoke_access_token(&token.hash(), &occasion, may)?,
        Ok(TokenParameter::Refresh(token)) => app.store.revoke_refresh_token(&token.hash(), &occasion, given_back)?,
    }
    Ok(Ok(()))
}
