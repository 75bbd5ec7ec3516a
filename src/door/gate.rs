//! Who may pass to a protected server: reads the credentials, looks up, asks the rule. One answer for the gateway and
//! for `/auth/check`.

use super::{log, trace};
use crate::clock;
use crate::config::{Config, Server};
use crate::http::answer::Answer;
use crate::http::headers::HeaderMap;
use crate::oauth::audit::Occasion;
use crate::oauth::audit_kinds::What;
use crate::oauth::bearer::{self, Admitted, Presented};
use crate::oauth::error::Refusal;
use crate::oauth::pause::{OpenServer, Pauses};
use crate::oauth::rates::{Bucket, Charge, Key};
use crate::oauth::secret::{AccessToken, ApiKey, TokenHash};
use crate::oauth::text::Shown;
use crate::store::{Over, Store, StoreError};
use std::net::IpAddr;

/// Under what a credential is looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credential {
    /// An access token.
    Token(TokenHash<AccessToken>),
    /// An API key.
    Key(TokenHash<ApiKey>),
}

/// An admitted request and the credential it came with, so that an open stream can be judged again later.
#[derive(Clone, Debug)]
pub struct Pass {
    /// As whom it may pass.
    pub admitted: Admitted,
    /// By what.
    pub credential: Credential,
    /// Whether the credential is a token that was never used before.
    pub is_first: bool,
}

/// What a request for a protected server is judged by.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'r> {
    /// Its fields.
    pub headers: &'r HeaderMap,
    /// Its query, where one would reach the upstream.
    pub query: Option<&'r str>,
    /// The real client's address.
    pub from: IpAddr,
    /// Whether its path is the server's with a slash behind it.
    pub slash: bool,
}

/// Judges a request for `server` by its `Authorization` fields. A second credential in the query would reach the upstream.
///
/// # Errors
/// The complete answer to give: 401, 400 or 403 with the challenge, 403 without one for the key of another server or a server
/// that is paused, 429 for whoever calls too often, 503 for what is paused for now or when the store cannot answer (none of
/// these is ever 401, which would make clients throw their tokens away).
pub fn pass(store: &Store, config: &Config, server: &Server, asked: Asked<'_>) -> Result<Pass, Answer> {
    let judged = judge(store, server, asked);
    trace::judged(store, server, asked, &judged);
    let judged = judged.and_then(|pass| within_limit(store, config, server, asked.from, pass));
    judged.map_err(|refusal| refuse(&refusal, config, server, asked.slash))
}

/// So many calls a minute with one credential, whatever they are for and wherever they come from.
fn within_limit(store: &Store, config: &Config, server: &Server, from: IpAddr, pass: Pass) -> Result<Pass, Refusal> {
    let Some(limit) = config.limits.rates.calls else { return Ok(pass) };
    let key = match pass.credential {
        Credential::Token(token) => Key::token(&token),
        Credential::Key(key) => Key::token(&key),
    };
    let now = clock::now();
    match store.spend(Bucket::Calls, &[Charge { key, limit }], now) {
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

fn judge(store: &Store, server: &Server, asked: Asked<'_>) -> Result<Pass, Refusal> {
    let pauses = pauses(store)?;
    let open = pauses.open(&server.resource)?;
    let presented = bearer::presented(asked.headers.all("authorization"))?;
    if asked.query.is_some_and(bearer::is_in_query) {
        return Err(Refusal::CredentialsMalformed);
    }
    let occasion = Occasion::request(clock::now(), asked.from);
    match presented {
        Presented::Token(secret) => by_token(store, &open, secret.hash(), &occasion),
        Presented::Key(secret) => by_key(store, &open, secret.hash(), &occasion),
        Presented::Foreign => Err(Refusal::TokenUnknown),
    }
}

fn by_token(store: &Store, server: &OpenServer<'_>, token: TokenHash<AccessToken>, occasion: &Occasion) -> Result<Pass, Refusal> {
    let stored = store.access_token(&token).map_err(|error| unreadable(&error))?;
    let as_stored = stored.as_ref().map(|(token, _)| token.clone());
    let admitted = bearer::admit(stored, server, occasion.at)?;
    if let Some(stored) = &as_stored {
        store.note_use(&token, stored, occasion);
    }
    let is_first = as_stored.is_some_and(|stored| !stored.used);
    Ok(Pass { admitted, credential: Credential::Token(token), is_first })
}

fn by_key(store: &Store, server: &OpenServer<'_>, key: TokenHash<ApiKey>, occasion: &Occasion) -> Result<Pass, Refusal> {
    let stored = store.api_key(&key).map_err(|error| unreadable(&error))?;
    let admitted = bearer::admit_key(stored, server, occasion.at)?;
    store.note_key_use(&key, occasion);
    Ok(Pass { admitted, credential: Credential::Key(key), is_first: false })
}

/// Judges a credential that was admitted before: as long as it would be admitted again. Looking again is no use of it.
///
/// # Errors
/// Why not; [`Refusal::Unavailable`] when the store cannot say.
pub fn readmit(store: &Store, server: &Server, credential: Credential) -> Result<Admitted, Refusal> {
    let (now, pauses) = (clock::now(), pauses(store)?);
    let open = pauses.open(&server.resource)?;
    match credential {
        Credential::Token(token) => bearer::admit(store.access_token(&token).map_err(|error| unreadable(&error))?, &open, now),
        Credential::Key(key) => bearer::admit_key(store.api_key(&key).map_err(|error| unreadable(&error))?, &open, now),
    }
}

fn pauses(store: &Store) -> Result<Pauses, Refusal> {
    store.pauses().map_err(|error| unreadable(&error))
}

/// The client is told to come back; the one who runs the server is told why.
fn unreadable(error: &StoreError) -> Refusal {
    log::line("the store cannot say who may pass", error);
    Refusal::Unavailable
}

fn refuse(refusal: &Refusal, config: &Config, server: &Server, slash: bool) -> Answer {
    let wire = refusal.wire();
    let answer = Answer::error(wire.status, wire.code.as_str(), &wire.description);
    if bearer::is_challenged(refusal) {
        let challenge = bearer::challenge(refusal, &config.issuer.origin, &server.resource, slash);
        answer.with("www-authenticate", challenge)
    } else if let Some(wait) = refusal.retry_after() {
        answer.with("retry-after", wait.as_secs().to_string())
    } else if wire.status == 503 {
        answer.with("retry-after", "5")
    } else {
        answer
    }
}
