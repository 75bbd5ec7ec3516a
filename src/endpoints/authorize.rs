//! `/authorize` (RFC 6749 §3.1): the dispatcher of the browser's way through sign-in and consent.

use super::browser::SignedIn;
use super::page::{self, Message};
use super::{App, again, consent_page, limits, trace};
use crate::clock;
use crate::http::answer::Answer;
use crate::http::method::Method;
use crate::http::request::Request;
use crate::oauth::authorization_request::{self, AuthorizationRequest};
use crate::oauth::authorization_response::{self, Answer as ToClient};
use crate::oauth::authorization_step::{self, Step};
use crate::oauth::client::Client;
use crate::oauth::client_auth::MAX_ID;
use crate::oauth::consent::{self, Flow};
use crate::oauth::error::Refusal;
use crate::oauth::ids::ClientId;
use crate::oauth::known_clients;
use crate::oauth::params::Params;
use crate::oauth::poll::{self, PolledFlow};
use crate::oauth::rates::{Bucket, Key};
use crate::oauth::resource::ProtectedResource;
use crate::oauth::secret::Flow as FlowSecret;
use crate::oauth::trace_step::{Outcome, Stage, Step as TraceStep};
use crate::pages::views::MessageKind;
use crate::random;
use crate::store::StoreError;

/// `GET /authorize`, and `POST` with the same parameters in the body (OpenID Connect Core §3.1.2.1).
///
/// `HEAD` is answered without beginning anything.
pub fn show(app: &App, request: &Request) -> Answer {
    if request.method == Method::Head {
        return Answer::empty(200).with("content-type", "text/html; charset=utf-8");
    }
    serve(app, request).unwrap_or_else(|error| page::unavailable(app, &error))
}

fn serve(app: &App, request: &Request) -> Result<Answer, StoreError> {
    if app.is_unattended()? {
        let what = "Nobody has set this doorward up yet, so there is nobody who could agree to anything.";
        return Ok(
            page::error(app, 503, "Not set up yet", what, Some("On the machine where it runs: doorward setup")).with("retry-after", "60")
        );
    }
    let signed_in = app.signed_in(request)?;
    if let Err(refusal) = spend(app, request, signed_in.as_ref()) {
        return Ok(limits::page(app, &refusal));
    }
    let (params, query) = match read(request) {
        Ok(read) => read,
        Err(refusal) => return Ok(turned_away(app, request, &refusal)),
    };
    let id = match params.required("client_id") {
        Ok(id) => ClientId::known_as(id),
        Err(refusal) => return Ok(turned_away(app, request, &refusal)),
    };
    let Some(client) = find(app, &id, &params)? else {
        trace::unknown_client(app, request, &params);
        return Ok(unknown_client(app, &params));
    };
    let asked = authorization_request::parse(&params, &client.client, app.resources(), app.redirect_rules());
    let recent = |who: &SignedIn| asked.as_ref().map_or(true, |asked| asked.accepts_sign_in_of(who.at, clock::now()));
    let signed_in = signed_in.filter(recent);
    let resource = asked.as_ref().ok().and_then(|asked| the_only(&asked.resources)).map(|resource| resource.name.clone());
    let again = why_again(app, request, signed_in.as_ref(), &client.client, asked.as_ref().ok())?;
    let step = arrival(app, request, &client.client, asked.as_ref().ok(), signed_in.as_ref());
    let next = authorization_step::next(asked, signed_in.as_ref().map(|signed_in| &signed_in.user));
    app.store.note_step(&came_to(step, &next));
    match next {
        Step::ShowRefusal(refusal) => Ok(refused(app, &refusal)),
        Step::SignIn => {
            let return_to = format!("/authorize?{}", super::return_to::without_prompt(&query));
            Ok(super::signin::ask(app, request, &return_to, Some((client.client.display_name(), resource)), again))
        }
        Step::AnswerWithError(redirect, state, refusal) => {
            Ok(page::see_other(&authorization_response::location(&redirect, &state, &ToClient::Error(&refusal), app.issuer())))
        }
        Step::AskForConsent(asked) => match signed_in {
            Some(signed_in) => ask_for_consent(app, &signed_in, &client, &asked),
            None => Ok(refused(app, &Refusal::Internal)),
        },
    }
}

/// What a browser is told whose own sign-in has run out.
fn why_again(
    app: &App,
    request: &Request,
    signed_in: Option<&SignedIn>,
    client: &Client,
    asked: Option<&AuthorizationRequest<'_>>,
) -> Result<Option<String>, StoreError> {
    let run_out = if signed_in.is_none() { app.ran_out(request)? } else { None };
    let Some(run_out) = run_out else { return Ok(None) };
    let offers = asked.map(|asked| consent::offers(asked, &run_out.user)).unwrap_or_default();
    again::signs_in(app, &run_out, Some((client, &offers))).map(Some)
}

/// Somebody signed in has an allowance of their own, so that no stranger at the same address uses it up.
fn spend(app: &App, request: &Request, signed_in: Option<&SignedIn>) -> Result<(), Refusal> {
    let (charges, occasion) = match signed_in {
        Some(signed_in) => (app.charge(Bucket::Authorize, Key::user(&signed_in.user.id)).into_iter().collect(), signed_in.occasion()),
        None => (app.charges_of_address(Bucket::Authorize, request), super::occasion(request)),
    };
    app.spend(Bucket::Authorize, &charges, |what| occasion.event(what))
}

/// The browser came, as the trace of attempts tells it.
fn arrival(app: &App, request: &Request, client: &Client, asked: Option<&AuthorizationRequest<'_>>, who: Option<&SignedIn>) -> TraceStep {
    let step = trace::step(request, Stage::Authorize, Outcome::Passed).of_client(Some(client)).by(who.map(|who| &who.user.name));
    let Some(asked) = asked else { return step };
    let step = if asked.redirect.is_polled(app.issuer()) { step } else { step.answered_at(asked.redirect.as_str()) };
    step.at_server(the_only(&asked.resources).map(|only| only.path.as_str()))
}

fn came_to(step: TraceStep, next: &Step<'_>) -> TraceStep {
    match next {
        Step::ShowRefusal(refusal) | Step::AnswerWithError(_, _, refusal) => TraceStep { outcome: Outcome::refused(refusal), ..step },
        Step::SignIn | Step::AskForConsent(_) => step,
    }
}

/// Refused before it is known who asks.
fn turned_away(app: &App, request: &Request, refusal: &Refusal) -> Answer {
    app.store.note_step(&trace::step(request, Stage::Authorize, Outcome::refused(refusal)));
    refused(app, refusal)
}

/// The client that asks.
pub(super) struct Asking {
    pub(super) client: Client,
    /// Not known here; recognised by where its answer goes. Nothing is stored of it before a user agrees.
    is_new: bool,
}

/// The server that a request is about, unless it leaves that to the user.
fn the_only<'r>(resources: &[&'r ProtectedResource]) -> Option<&'r ProtectedResource> {
    match resources {
        [only] => Some(only),
        _ => None,
    }
}

/// The client of that id, or the well-known one that it stands for.
pub(super) fn find(app: &App, id: &ClientId, params: &Params) -> Result<Option<Asking>, StoreError> {
    let known = if id.as_str().len() <= MAX_ID { app.store.client(id)? } else { None };
    if let Some(client) = known {
        // One whose kind is not let in is not let in by its address either.
        let admitted = app.config.clients.kinds.admit(&client);
        return Ok(admitted.then_some(Asking { client, is_new: false }));
    }
    let redirect_uri = params.one("redirect_uri").ok().flatten().filter(|_| app.config.clients.adopt_known);
    let adoptable = redirect_uri.and_then(|uri| known_clients::adoptable(id, uri, clock::now()));
    Ok(adoptable.map(|client| Asking { client, is_new: true }))
}

/// The parameters, from the query of a GET or the body of a POST and never from both; and the same as query text, for the
/// way back from sign-in.
fn read(request: &Request) -> Result<(Params, String), Refusal> {
    match request.method {
        Method::Post if !request.query.is_empty() => Err(Refusal::MalformedForm),
        Method::Post => {
            let params = super::form(request)?;
            let text = std::str::from_utf8(&request.body).map_err(|_| Refusal::MalformedForm)?;
            Ok((params, text.to_owned()))
        }
        Method::Get | Method::Head | Method::Put | Method::Delete | Method::Patch | Method::Options => {
            Ok((Params::parse(&request.query)?, request.query.clone()))
        }
    }
}

fn ask_for_consent(app: &App, signed_in: &SignedIn, asking: &Asking, asked: &AuthorizationRequest<'_>) -> Result<Answer, StoreError> {
    let client = &asking.client;
    let now = clock::now();
    let polled =
        asked.state.0.as_deref().filter(|_| asked.polled).map(|state| (state, PolledFlow::begin(&client.id, random::bytes(), now)));
    let secret = polled.as_ref().map_or_else(random::secret::<FlowSecret>, |(state, polled)| polled.flow(state, app.store.key()));
    let begun = consent::begin(asked, client, (signed_in.session, signed_in.at), &signed_in.user, now.after(app.config.lifetimes.flow));
    let flow = Flow { adopts: asking.is_new, ..begun };
    match &polled {
        Some((state, polled)) => app.store.begin_polled(&poll::state_key(state, app.store.key()), polled, &secret.hash(), &flow)?,
        None => app.store.begin_flow(&secret.hash(), &flow)?,
    }
    consent_page::of_flow(app, signed_in, client, &asked.redirect, &flow, &secret, None)
}

/// A request that cannot be answered to anybody: said here, in a sentence, with no link to wherever it wanted to go.
pub(super) fn refused(app: &App, refusal: &Refusal) -> Answer {
    let wire = refusal.wire();
    let what = format!("The app that sent you here asked in a way that cannot be answered: {}.", wire.description);
    let hint = "Go back to the app and start the connection again. If this page comes back, its settings for this server are out of date.";
    page::error(app, wire.status, "This request cannot go on", &what, Some(hint))
}

/// Clients remember their registration for ever; here is how each is made to forget it.
fn unknown_client(app: &App, params: &Params) -> Answer {
    let steps = known_clients::repairs(params.one("redirect_uri").ok().flatten());
    page::message(
        app,
        400,
        &Message {
            kind: MessageKind::Error,
            title: "This app is not registered here",
            paragraphs: &[
                "The app that sent you here uses a registration that this doorward does not know. It was removed, or it belongs to another doorward.",
                "Make the app forget its registration, then connect again:",
            ],
            hint: None,
            steps: &steps,
            link: None,
        },
    )
}
