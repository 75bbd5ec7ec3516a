//! Who may pass to a protected server: reads the credentials, looks up, asks the rule. One answer for the gateway and
//! for `/auth/check`.

use super::log;
use crate::clock;
use crate::config::{Config, Server};
use crate::http::answer::Answer;
use crate::http::headers::HeaderMap;
use crate::oauth::audit::Occasion;
use crate::oauth::audit_kinds::What;
use crate::oauth::bearer::{self, Admitted, Presented};
use crate::oauth::error::Refusal;
use crate::oauth::limits::Wait;
use crate::oauth::rates::{Bucket, Charge, Key};
use crate::oauth::secret::{AccessToken, TokenHash};
use crate::oauth::text::Shown;
use crate::store::{Over, Store, StoreError};
use std::net::IpAddr;

/// An admitted request and the token it came with, so that an open stream can be judged again later.
#[derive(Clone, Debug)]
pub struct Pass {
    /// As whom it may pass.
    pub admitted: Admitted,
    /// The token's hash.
    pub token: TokenHash<AccessToken>,
}

/// Judges a request for `server` by its `Authorization` fields. A second token in the `query` would reach the upstream.
///
/// # Errors
/// The complete answer to give: 401 or 400 with the challenge; 429 when it calls too often and 503 when the store cannot
/// answer (never 401, which would make clients throw their tokens away).
pub fn pass(
    store: &Store,
    config: &Config,
    server: &Server,
    headers: &HeaderMap,
    query: Option<&str>,
    (from, slash): (IpAddr, bool),
) -> Result<Pass, Answer> {
    let judged = judge(store, server, headers, query).and_then(|pass| within_limit(store, config, server, from, pass));
    judged.map_err(|refusal| refuse(&refusal, config, server, slash))
}

/// So many calls a minute with one token, whatever they are for and wherever they come from.
fn within_limit(store: &Store, config: &Config, server: &Server, from: IpAddr, pass: Pass) -> Result<Pass, Refusal> {
    let Some(limit) = config.limits.rates.calls else { return Ok(pass) };
    let now = clock::now();
    match store.spend(Bucket::Calls, &[Charge { key: Key::token(&pass.token), limit }], now) {
        Ok(()) => Ok(pass),
        Err(Over { wait, is_news }) => {
            if is_news {
                let what = What::LimitHit { limit: Shown::new(Bucket::Calls.noun()) };
                let event = Occasion::request(now, from).event(what).of_user(pass.admitted.user()).at_server(&server.resource.path);
                store.record_event(&event).unwrap_or_else(|error| log::line("an event could not be written", &error));
            }
            Err(Refusal::TooManyRequests(wait))
        }
    }
}

fn judge(store: &Store, server: &Server, headers: &HeaderMap, query: Option<&str>) -> Result<Pass, Refusal> {
    let presented = bearer::presented(headers.all("authorization"))?;
    if query.is_some_and(bearer::is_in_query) {
        return Err(Refusal::CredentialsMalformed);
    }
    let Presented::Token(secret) = presented else { return Err(Refusal::TokenUnknown) };
    let token = secret.hash();
    let now = clock::now();
    let stored = store.access_token(&token).map_err(|error| unreadable(&error))?;
    let as_stored = stored.as_ref().map(|(token, _)| token.clone());
    let admitted = bearer::admit(stored, &server.resource, now)?;
    if let Some(stored) = as_stored {
        store.note_use(&token, &stored, now);
    }
    Ok(Pass { admitted, token })
}

/// Judges a token that was admitted before: true as long as it would be admitted again.
///
/// # Errors
/// Why not; [`Refusal::Unavailable`] when the store cannot say.
pub fn readmit(store: &Store, server: &Server, token: TokenHash<AccessToken>) -> Result<Admitted, Refusal> {
    let stored = store.access_token(&token).map_err(|error| unreadable(&error))?;
    bearer::admit(stored, &server.resource, clock::now())
}

/// The client is told to come back; the one who runs the server is told why.
fn unreadable(error: &StoreError) -> Refusal {
    log::line("the store cannot say whether a token is good", error);
    Refusal::Unavailable
}

fn refuse(refusal: &Refusal, config: &Config, server: &Server, slash: bool) -> Answer {
    let wire = refusal.wire();
    let answer = Answer::error(wire.status, wire.code.as_str(), &wire.description);
    if bearer::is_challenged(refusal) {
        let challenge = bearer::challenge(refusal, &config.issuer.origin, &server.resource, slash);
        answer.with("www-authenticate", challenge)
    } else {
        answer.with("retry-after", refusal.retry_after().map_or(5, Wait::as_secs).to_string())
    }
}
