//! `POST /register` (RFC 7591).

use super::App;
use crate::http::answer::Answer;
use crate::http::request::Request;
use crate::oauth::error::Refusal;
use crate::oauth::ids::ClientId;
use crate::oauth::registration::{self, TakenNames};
use crate::oauth::secret::ClientSecret;
use crate::random;
use crate::store::{Registered, StoreError};

/// Registers a client, or refuses with the error object of RFC 7591 §3.2.2.
pub fn register(app: &App, request: &Request) -> Answer {
    match serve(app, request) {
        Ok(Ok(answer)) => answer,
        Ok(Err(refusal)) => super::refuse(&refusal),
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
    let taken = TakenNames { servers: app.resources().iter().map(|resource| resource.name.as_str()).collect() };
    let metadata = match registration::parse(&request.body, app.redirect_rules(), &taken) {
        Ok(metadata) => metadata,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let occasion = super::occasion(request);
    let fingerprint = metadata.fingerprint();
    let secret = metadata.wants_secret().then(random::secret::<ClientSecret>);
    let client = metadata.into_client(ClientId::mint(random::bytes()), secret.as_ref(), occasion.at);
    Ok(match app.store.register_client(&client, fingerprint.as_ref(), &occasion)? {
        Registered::New(client) | Registered::Known(client) => {
            Ok(Answer::json(201, &registration::response(&client, secret.as_ref())).with("pragma", "no-cache"))
        }
        Registered::Full => Err(Refusal::TooManyClients),
    })
}
