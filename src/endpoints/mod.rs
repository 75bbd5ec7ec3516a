//! One file per URL: load, decide, commit, answer. The deciding is done in [`crate::oauth`], the committing in
//! [`crate::store`].

pub mod activity;
mod again;
pub mod arrivals;
pub mod attempts;
pub mod authorize;
pub mod browser;
pub mod client_configuration;
pub mod clients;
mod confirm;
pub mod connect;
pub mod connections;
pub mod consent;
mod consent_page;
mod credentials;
pub mod device;
pub mod device_authorization;
pub mod discovery;
mod guess;
pub mod health;
pub mod home;
pub mod introspect;
pub mod invite;
pub mod keys;
mod limits;
pub mod openid;
pub mod page;
pub mod poll;
pub mod register;
pub mod revoke;
mod room;
pub mod servers;
pub mod settings;
pub mod setup;
pub mod signin;
pub mod signout;
pub mod token;
mod trace;
pub mod users;
mod words;

use crate::actions::{self, Action, Done, Failure};
use crate::clock;
use crate::config::Config;
use crate::http::answer::Answer;
use crate::http::request::Request;
use crate::oauth::audit::{Event, Occasion};
use crate::oauth::client::Client;
use crate::oauth::error::Refusal;
use crate::oauth::ids::ClientId;
use crate::oauth::params::Params;
use crate::oauth::redirect_rules::RedirectRules;
use crate::oauth::registration::TakenNames;
use crate::oauth::resource::ProtectedResource;
use crate::oauth::term::Local;
use crate::store::{Store, StoreError};
use browser::SignedIn;
use std::sync::Arc;

/// What every endpoint has at hand.
#[derive(Clone)]
pub struct App {
    /// What was decided at the start.
    pub config: Arc<Config>,
    /// What is remembered.
    pub store: Arc<Store>,
    resources: Arc<[ProtectedResource]>,
}

impl App {
    /// Puts the two together.
    pub fn new(config: Arc<Config>, store: Arc<Store>) -> Self {
        let resources = config.servers.iter().map(|server| server.resource.clone()).collect();
        Self { config, store, resources }
    }

    /// Our origin.
    fn issuer(&self) -> &str {
        &self.config.issuer.origin
    }

    /// Where answers may go.
    fn redirect_rules(&self) -> &RedirectRules {
        &self.config.clients.redirects
    }

    /// The protected servers as clients see them.
    fn resources(&self) -> &[ProtectedResource] {
        &self.resources
    }

    /// What no client may call itself.
    fn taken_names(&self) -> TakenNames<'_> {
        TakenNames { servers: self.resources.iter().map(|resource| resource.name.as_str()).collect() }
    }

    /// The protected server at `path`.
    fn resource_at(&self, path: &str) -> Option<&ProtectedResource> {
        self.resources.iter().find(|resource| resource.path == path)
    }

    /// The client of that id, unless the owner lets in none of its kind (any more).
    fn client(&self, id: &ClientId) -> Result<Option<Client>, StoreError> {
        Ok(self.store.client(id)?.filter(|client| self.config.clients.kinds.admit(client)))
    }

    /// Now, on the clock of the people here.
    fn local(&self) -> Local {
        Local { now: clock::now(), zone: self.config.zone }
    }

    /// Does what somebody signed in asks for: the same functions that the commands call, and recorded as theirs.
    fn perform(&self, by: &SignedIn, action: Action) -> Result<Done, Failure> {
        actions::perform(&self.store, &self.config, &by.occasion(), action)
    }

    /// True while nobody has an account here: then nothing can be agreed to, and nothing is registered.
    fn is_unattended(&self) -> Result<bool, StoreError> {
        Ok(!self.store.is_claimed()? && self.store.users()?.is_empty())
    }
}

/// The refusal as the JSON that every machine-facing endpoint answers with.
fn refuse(refusal: &Refusal) -> Answer {
    let wire = refusal.wire();
    let answer = Answer::error(wire.status, wire.code.as_str(), &wire.description);
    match refusal.retry_after() {
        Some(wait) => answer.with("retry-after", wait.as_secs().to_string()),
        None => answer,
    }
}

/// What a bug looks like from outside.
pub fn internal_error() -> Answer {
    refuse(&Refusal::Internal)
}

/// A store that does not answer is never the client's fault: 503, so that nobody throws tokens away.
fn unavailable(error: &StoreError) -> Answer {
    log(&format!("store: {error}"));
    refuse(&Refusal::Unavailable).with("retry-after", "30")
}

/// When and from where a request is made.
fn occasion(request: &Request) -> Occasion {
    Occasion::request(clock::now(), request.peer)
}

/// Writes an event that belongs to no decision; one that cannot be written changes nothing about the answer.
fn record(app: &App, event: &Event) {
    if let Err(error) = app.store.record_event(event) {
        log(&format!("store: {error}"));
    }
}

/// One line for whoever runs the server. Never a secret, never text of a peer's.
fn log(line: &str) {
    eprintln!("doorward: {line}");
}

/// The body as a form (RFC 6749 §3.2): only of the one media type, so that no other site's page can send it unasked.
fn form(request: &Request) -> Result<Params, Refusal> {
    if !request.has_media_type("application/x-www-form-urlencoded") {
        return Err(Refusal::NotAForm);
    }
    let text = std::str::from_utf8(&request.body).map_err(|_| Refusal::MalformedForm)?;
    Params::parse(text)
}
