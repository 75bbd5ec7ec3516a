//! `/userinfo` and `/jwks` (OpenID Connect Core §5.3, RFC 7517), and the ID token of a token response.

use super::App;
use crate::clock::UnixTime;
use crate::http::answer::Answer;
use crate::http::request::Request;
use crate::oauth::bearer::{self, Presented};
use crate::oauth::connection::Standing;
use crate::oauth::error::Refusal;
use crate::oauth::id_token::{self, IdToken, Identified};
use crate::oauth::rates::{Bucket, Key};
use crate::oauth::scope::{OPENID, Scope};
use crate::oauth::secret::{AccessToken, Secret};
use crate::oauth::signing_key;
use crate::random;
use crate::store::StoreError;

/// The public keys. They change seldom, and a new one is here for a day before it signs.
pub fn jwks(app: &App, _request: &Request) -> Answer {
    match app.store.signing_keys() {
        Ok(keys) => Answer::json(200, &signing_key::published(&keys)).with("cache-control", super::discovery::CACHE),
        Err(error) => super::unavailable(&error),
    }
}

/// Who the bearer's user is.
pub fn userinfo(app: &App, request: &Request) -> Answer {
    match identify(app, request) {
        Ok(Ok(identified)) => Answer::json(200, &identified.claims()),
        Ok(Err(refusal)) if refusal.retry_after().is_some() => super::refuse(&refusal),
        Ok(Err(refusal)) => super::refuse(&refusal).with("www-authenticate", id_token::challenge(&refusal)),
        Err(error) => super::unavailable(&error),
    }
}

fn identify(app: &App, request: &Request) -> Result<Result<Identified, Refusal>, StoreError> {
    let token = match bearer::presented(request.headers.all("authorization")) {
        Ok(Presented::Token(token)) => token,
        Ok(Presented::Key(_) | Presented::Foreign) => return Ok(Err(Refusal::TokenUnknown)),
        Err(refusal) => return Ok(Err(refusal)),
    };
    let (hash, occasion) = (token.hash(), super::occasion(request));
    let stored = app.store.access_token(&hash)?;
    let record = stored.as_ref().map(|(record, _)| record.clone());
    let identified = id_token::identify(stored, occasion.at);
    if let (Ok(_), Some(record)) = (&identified, &record) {
        let charge = app.charge(Bucket::Calls, Key::token(&hash));
        if let Err(refusal) = app.spend(Bucket::Calls, charge.as_slice(), |what| occasion.event(what)) {
            return Ok(Err(refusal));
        }
        app.store.note_use(&hash, record, &occasion);
    }
    Ok(identified)
}

/// The ID token that goes with a new access token, if the user agreed to `openid`.
pub(super) fn id_token(
    app: &App,
    access: &Secret<AccessToken>,
    scope: &Scope,
    nonce: Option<&str>,
    now: UnixTime,
) -> Result<Option<String>, StoreError> {
    if !scope.contains(OPENID) {
        return Ok(None);
    }
    let Some((_, Standing { connection, user: Some(user), .. })) = app.store.access_token(&access.hash())? else { return Ok(None) };
    let keys = app.store.signing_keys()?;
    let Some(key) = signing_key::signer(&keys, now) else {
        super::log("there is no key to sign an ID token with");
        return Ok(None);
    };
    let (issuer, client, authenticated_at) = (app.issuer(), &connection.client, connection.authenticated_at);
    let token = IdToken { issuer, client, user: &user, scope, access, authenticated_at, nonce, ends_at: connection.ends_at, now };
    let input = token.signing_input(&key.public);
    Ok(random::sign(&key.private, input.as_bytes()).map(|signature| id_token::seal(&input, &signature)))
}
