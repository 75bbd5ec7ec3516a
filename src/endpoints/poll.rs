//! `/poll`: the bridge for clients that cannot receive a redirect ([`crate::oauth::poll`]).

use super::page::{self, Message};
use super::{App, authorize, trace};
use crate::clock;
use crate::http::answer::Answer;
use crate::http::method::Method;
use crate::http::request::Request;
use crate::oauth::authorization_request::MAX_STATE;
use crate::oauth::consent;
use crate::oauth::error::Refusal;
use crate::oauth::params::Params;
use crate::oauth::poll::{self, Fetch, MIN_STATE};
use crate::oauth::rates::Bucket;
use crate::oauth::trace_step::{Outcome, Stage};
use crate::pages::views::MessageKind;
use crate::store::StoreError;
use serde_json::json;
use url::form_urlencoded::Serializer;

/// What an authorization request through the bridge may say.
const PASSED_ON: [&str; 5] = ["client_id", "state", "code_challenge", "code_challenge_method", "scope"];

/// `GET /poll/start`: the authorization request whose answer comes to our own callback. All checks are those of `/authorize`.
pub fn start(app: &App, request: &Request) -> Answer {
    match begin(app, request) {
        Ok(location) => page::see_other(&location),
        Err(refusal) => authorize::refused(app, &refusal),
    }
}

fn begin(app: &App, request: &Request) -> Result<String, Refusal> {
    let params = Params::parse(&request.query)?;
    let mut query = Serializer::new(String::new());
    query.append_pair("response_type", "code").append_pair("redirect_uri", &format!("{}{}", app.issuer(), poll::CALLBACK));
    for name in PASSED_ON {
        if let Some(value) = params.one(name)? {
            query.append_pair(name, value);
        }
    }
    query.extend_pairs(params.all("resource").map(|resource| ("resource", resource)));
    Ok(format!("/authorize?{}", query.finish()))
}

/// `GET /poll/callback`: where the browser ends. It brings no code; the app fetches that itself.
pub fn callback(app: &App, request: &Request) -> Answer {
    let failed = Params::parse(&request.query).is_ok_and(|params| params.all("error").next().is_some());
    let (kind, title, text) = if failed {
        (MessageKind::Info, "The app was not let in", "It is told so when it asks.")
    } else {
        (MessageKind::Success, "Go back to the app", "It fetches your answer by itself within a few seconds.")
    };
    let paragraphs = &[text, "You can close this window."];
    page::message(app, 200, &Message { kind, title, paragraphs, hint: None, steps: &[], link: None })
}

/// `GET /poll`: the code, once, for whoever knows the state. `HEAD` takes nothing.
pub fn fetch(app: &App, request: &Request) -> Answer {
    let state = Params::parse(&request.query).and_then(|params| params.required("state").map(str::to_owned));
    match state {
        Err(refusal) => super::refuse(&refusal),
        Ok(state) if state.len() < MIN_STATE => super::refuse(&Refusal::StateTooShort),
        Ok(state) if state.len() > MAX_STATE => super::refuse(&Refusal::ParameterTooLong("state")),
        Ok(_) if request.method == Method::Head => Answer::empty(200).with("content-type", "application/json"),
        Ok(state) => {
            match app.spend(Bucket::Poll, &app.charges_of_address(Bucket::Poll, request), |what| super::occasion(request).event(what)) {
                Ok(()) => hand_out(app, request, &state).unwrap_or_else(|error| super::unavailable(&error)),
                Err(refusal) => super::refuse(&refusal),
            }
        }
    }
}

fn hand_out(app: &App, request: &Request, state: &str) -> Result<Answer, StoreError> {
    let key = app.store.key();
    let now = clock::now();
    let flow_of = |polled: &poll::PolledFlow| polled.flow(state, key).hash();
    let (fetch, polled) = app.store.fetch_polled(&poll::state_key(state, key), flow_of, |polled, flow| poll::fetch(polled, flow, now))?;
    Ok(match (fetch, polled) {
        (Fetch::HandOut, Some(polled)) => {
            let client = app.store.client(&polled.client)?;
            app.store.note_step(&trace::step(request, Stage::Redirect, Outcome::Passed).of_client(client.as_ref()));
            let code = consent::code_of(&polled.flow(state, key), key);
            Answer::json(200, &json!({ "code": code.reveal(), "state": state, "iss": app.issuer() })).with("pragma", "no-cache")
        }
        (Fetch::Denied, _) => super::refuse(&Refusal::AnswerDenied),
        (Fetch::Over, _) => super::refuse(&Refusal::AnswerOver),
        (Fetch::Pending, _) | (Fetch::HandOut, None) => super::refuse(&Refusal::AnswerPending),
    })
}
