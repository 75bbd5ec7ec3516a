//! `GET`, `PUT` and `DELETE /register/ID`: the client configuration endpoint (RFC 7592 §2).

use super::App;
use crate::http::answer::Answer;
use crate::http::request::Request;
use crate::oauth::client::Client;
use crate::oauth::client_management::{self as management, ManagedClient};
use crate::oauth::error::{ErrorCode, Refusal};
use crate::oauth::ids::ClientId;
use crate::oauth::rates::Bucket;
use crate::oauth::registration_response::{Issued, response};
use crate::oauth::secret::{RegistrationAccessToken, Secret};
use crate::store::StoreError;

type Outcome = Result<Result<Answer, Refusal>, StoreError>;

/// What is registered now (§2.1).
pub fn read(app: &App, request: &Request, id: &str) -> Answer {
    answer(proven(app, request, id).map(|proven| proven.map(|(client, token)| registered(app, client.client(), token))))
}

/// Replaces it (§2.2).
pub fn update(app: &App, request: &Request, id: &str) -> Answer {
    answer(replace(app, request, id))
}

/// Removes the client; its connections end (§2.3).
pub fn delete(app: &App, request: &Request, id: &str) -> Answer {
    answer(remove(app, request, id))
}

fn answer(outcome: Outcome) -> Answer {
    match outcome {
        Ok(Ok(answer)) => answer,
        Ok(Err(refusal)) => {
            let answer = super::refuse(&refusal);
            let challenged = matches!(refusal.wire().code, ErrorCode::InvalidToken | ErrorCode::InvalidRequest);
            if challenged { answer.with("www-authenticate", management::challenge(&refusal)) } else { answer }
        }
        Err(error) => super::unavailable(&error),
    }
}

/// The client that the address names, if the request carries its token, and that token.
fn proven(app: &App, request: &Request, id: &str) -> Result<Result<(ManagedClient, Secret<RegistrationAccessToken>), Refusal>, StoreError> {
    let token = match management::token(request.headers.all("authorization")) {
        Ok(token) => token,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let known = app.client(&ClientId::known_as(id))?;
    Ok(management::authorize(known, &token).map(|client| (client, token)))
}

fn replace(app: &App, request: &Request, id: &str) -> Outcome {
    // Before anything of the body is looked at; and again where it is decided.
    let (client, token) = match proven(app, request, id)? {
        Ok(proven) => proven,
        Err(refusal) => return Ok(Err(refusal)),
    };
    if !request.has_media_type("application/json") {
        return Ok(Err(Refusal::NotJson));
    }
    let update = match management::parse(&request.body, app.redirect_rules(), &app.taken_names()) {
        Ok(update) => update.of_kinds(app.config.clients.kinds),
        Err(refusal) => return Ok(Err(refusal)),
    };
    // Anybody has a client and its token for the asking, so an update counts as the registration that it stands for.
    let occasion = super::occasion(request);
    if let Err(refusal) = app.spend_for_good(Bucket::Register, &app.charges_of_address(Bucket::Register, request), &occasion)? {
        return Ok(Err(refusal));
    }
    let decide = |known| management::authorize(known, &token).and_then(|client| management::update(client, &update, occasion.at));
    let updated = app.store.update_client(&client.client().id, &occasion, decide)?;
    Ok(updated.map(|client| registered(app, &client, token)))
}

fn remove(app: &App, request: &Request, id: &str) -> Outcome {
    let (client, token) = match proven(app, request, id)? {
        Ok(proven) => proven,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let may = |known| management::authorize(known, &token).map(|_| ());
    let removed = app.store.unregister_client(&client.client().id, &super::occasion(request), may)?;
    Ok(removed.map(|()| Answer::empty(204)))
}

/// §3: the token that was sent is the token it has. The secret cannot be shown again, since only its hash is kept.
fn registered(app: &App, client: &Client, token: Secret<RegistrationAccessToken>) -> Answer {
    let issued = Issued { secret: None, registration_token: Some(token) };
    Answer::json(200, &response(client, &issued, app.issuer())).with("pragma", "no-cache")
}
