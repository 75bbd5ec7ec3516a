//! `POST /register` (RFC 7591).

use super::{App, trace};
use crate::http::answer::Answer;
use crate::http::request::Request;
use crate::oauth::client::Client;
use crate::oauth::error::Refusal;
use crate::oauth::ids::ClientId;
use crate::oauth::rates::Bucket;
use crate::oauth::registration;
use crate::oauth::registration_response::{Issued, response};
use crate::oauth::trace_step::{Outcome, Stage};
use crate::random;
use crate::store::{Registered, StoreError};

/// Registers a client, or refuses with the error object of RFC 7591 §3.2.2.
pub fn register(app: &App, request: &Request) -> Answer {
    match serve(app, request) {
        Ok(Ok(answer)) => answer,
        Ok(Err(refusal)) => {
            app.store.note_step(&trace::step(request, Stage::Registration, Outcome::refused(&refusal)));
            super::refuse(&refusal)
        }
        Err(error) => super::unavailable(&error),
    }
}

fn serve(app: &App, request: &Request) -> Result<Result<Answer, Refusal>, StoreError> {
    if app.is_unattended()? {
        let answer = Answer::error(503, "temporarily_unavailable", "this server has not been set up yet: its owner runs doorward setup");
        return Ok(Ok(answer.with("retry-after", "60")));
    }
    if !request.has_media_type("application/json") {
        return Ok(Err(Refusal::NotJson));
    }
    let metadata = match registration::parse(&request.body, app.redirect_rules(), &app.taken_names()) {
        Ok(metadata) => metadata.of_kinds(app.config.clients.kinds),
        Err(refusal) => return Ok(Err(refusal)),
    };
    let occasion = super::occasion(request);
    let issued = Issued { secret: metadata.wants_secret().then(random::secret), registration_token: Some(random::secret()) };
    let client = metadata.into_client(ClientId::mint(random::bytes()), &issued, occasion.at);
    // A client that several were given is nobody's alone to manage.
    let again = |known| created(app, request, &known, &Issued::default());
    if let Some(known) = app.store.share_client(&client)? {
        return Ok(Ok(again(known)));
    }
    let charges = app.charges_of_address(Bucket::Register, request);
    if let Err(refusal) = app.spend_for_good(Bucket::Register, &charges, &occasion)? {
        return Ok(Err(refusal));
    }
    Ok(match app.store.register_client(&client, &occasion)? {
        Registered::New(client) => Ok(created(app, request, &client, &issued)),
        Registered::Known(known) => Ok(again(known)),
        Registered::Full => Err(Refusal::TooManyClients),
    })
}

fn created(app: &App, request: &Request, client: &Client, issued: &Issued) -> Answer {
    app.store.note_step(&trace::step(request, Stage::Registration, Outcome::Passed).of_client(Some(client)));
    Answer::json(201, &response(client, issued, app.issuer())).with("pragma", "no-cache")
}
