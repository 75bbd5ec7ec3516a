//! What endpoints tell the trace of attempts to connect.

use super::browser::SignedIn;
use super::{App, authorize};
use crate::clock;
use crate::http::request::Request;
use crate::oauth::client::Client;
use crate::oauth::client_auth;
use crate::oauth::error::Refusal;
use crate::oauth::ids::{ClientId, UserId};
use crate::oauth::known_clients;
use crate::oauth::params::Params;
use crate::oauth::trace_step::{Agent, Outcome, Stage, Step};
use crate::oauth::user::UserName;

/// A step of whoever sent the request.
pub(super) fn step(request: &Request, stage: Stage, outcome: Outcome) -> Step {
    Step::new(clock::now(), stage, outcome, request.peer, Agent::of(request.headers.first("user-agent")))
}

/// A discovery document was asked for; `place` is whose.
pub(super) fn discovery(app: &App, request: &Request, stage: Stage, place: &str, is_there: bool) {
    let path = place.strip_suffix('/').unwrap_or(place);
    let outcome = if is_there {
        Outcome::Passed
    } else {
        Outcome::turned_away("there is no such document", "Give the app exactly the address that doorward server list shows.")
    };
    let step = step(request, stage, outcome);
    let server = app.resource_at(path).map(|resource| resource.path.as_str());
    app.store.note_step(&step.at_server(server));
}

/// A browser came with an id that is not known here.
pub(super) fn unknown_client(app: &App, request: &Request, params: &Params) {
    let fix = known_clients::repairs(params.one("redirect_uri").ok().flatten()).join(" ");
    let step = step(request, Stage::Authorize, Outcome::turned_away("the app is not registered here", &fix));
    app.store.note_step(&step.of_unknown(params.one("client_id").ok().flatten().unwrap_or_default()));
}

/// Somebody signed in, or failed to, on the way to a client that waits for it.
pub(super) fn sign_in(app: &App, request: &Request, return_to: &str, outcome: Outcome, user: Option<&UserName>) {
    let Some((_, query)) = return_to.split_once('?').filter(|(path, _)| *path == "/authorize") else { return };
    let Ok(params) = Params::parse(query) else { return };
    let Some(id) = params.one("client_id").ok().flatten() else { return };
    let step = step(request, Stage::SignIn, outcome).by(user);
    let asking = authorize::find(app, &ClientId::known_as(id), &params).ok().flatten();
    app.store.note_step(&match asking {
        Some(asking) => step.of_client(Some(&asking.client)),
        None => step.of_unknown(id),
    });
}

/// A step of somebody signed in, at the browser.
pub(super) fn by(signed_in: &SignedIn, stage: Stage, outcome: Outcome) -> Step {
    Step::new(clock::now(), stage, outcome, signed_in.from, signed_in.agent.clone()).by(Some(&signed_in.user.name))
}

/// A client came for its first tokens. That a device is to ask again is no refusal.
pub(super) fn token<T>(app: &App, request: &Request, client: &Client, user: Option<&UserId>, params: &Params, result: &Result<T, Refusal>) {
    let again = matches!(result, Err(Refusal::AnswerPending | Refusal::DeviceTooSoon));
    if !again && !is_refresh(params) {
        let outcome = result.as_ref().map_or_else(Outcome::refused, |_| Outcome::Passed);
        let user = user.and_then(|id| app.store.user(id).ok().flatten());
        let step = step(request, Stage::Token, outcome).by(user.as_ref().map(|user| &user.name));
        app.store.note_step(&step.of_client(Some(client)));
    }
}

/// Refreshing is no part of connecting.
fn is_refresh(params: &Params) -> bool {
    matches!(params.one("grant_type"), Ok(Some("refresh_token")))
}

/// Whoever came for tokens could not be proven to be the client it named.
pub(super) fn unproven(app: &App, request: &Request, refusal: &Refusal) {
    let params = super::form(request).unwrap_or_default();
    if is_refresh(&params) {
        return;
    }
    let step = step(request, Stage::Token, Outcome::refused(refusal));
    let named = client_auth::credentials(&params, request.headers.all("authorization"));
    app.store.note_step(&match named {
        Ok(named) => of(app, step, named.client_id().as_str()),
        Err(_) => step,
    });
}

/// The step with the client of that id, known or not.
fn of(app: &App, step: Step, id: &str) -> Step {
    let known = if id.len() <= client_auth::MAX_ID { app.store.client(&ClientId::known_as(id)).ok().flatten() } else { None };
    match known {
        Some(client) => step.of_client(Some(&client)),
        None => step.of_unknown(id),
    }
}
