//! `POST /device_authorization` (RFC 8628 §3.1, §3.2).

use super::token::{proven, refuse_client};
use super::{App, trace};
use crate::clock;
use crate::http::answer::Answer;
use crate::http::request::Request;
use crate::oauth::client::GrantType;
use crate::oauth::consent::Offer;
use crate::oauth::device::{self, UserCode};
use crate::oauth::error::Refusal;
use crate::oauth::rates::Bucket;
use crate::oauth::resource;
use crate::oauth::scope::Scope;
use crate::oauth::trace_step::{Outcome, Stage};
use crate::random;
use crate::store::{Begun, StoreError};
use serde_json::json;

/// Draws, should another device show the same code: more than two are never needed.
const DRAWS: usize = 8;

/// Gives a device its two codes, or refuses in JSON.
pub fn begin(app: &App, request: &Request) -> Answer {
    match serve(app, request) {
        Ok(Ok(answer)) => answer,
        Ok(Err(refusal)) => refuse_client(request, &refusal),
        Err(error) => super::unavailable(&error),
    }
}

fn serve(app: &App, request: &Request) -> Result<Result<Answer, Refusal>, StoreError> {
    let (client, params) = match proven(app, request)? {
        Ok(proven) => proven,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let client = client.client();
    if !client.grant_types.contains(&GrantType::DeviceCode) {
        return Ok(Err(Refusal::GrantTypeNotRegistered));
    }
    let asked = match params.one("scope") {
        Ok(text) => Scope::parse(text.unwrap_or_default()),
        Err(refusal) => return Ok(Err(refusal)),
    };
    let resources = match resource::candidates(params.all("resource"), app.resources()) {
        Ok(resources) => resources,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let offers = resources.iter().map(|resource| Offer::new(resource, &asked)).collect();
    let charges = app.charges_of_address(Bucket::Devices, request);
    if let Err(refusal) = app.spend(Bucket::Devices, &charges, |what| super::occasion(request).event(what).of_client(client)) {
        return Ok(Err(refusal));
    }
    let resource_was_sent = params.all("resource").next().is_some();
    let stored = device::begin(&client.id, resource_was_sent, offers, asked, clock::now());
    let code = random::secret();
    for _ in 0..DRAWS {
        let user_code = UserCode::mint(random::bytes());
        match app.store.begin_device(&code.hash(), &user_code.key(app.store.key()), &stored)? {
            Begun::Waiting => {
                app.store.note_step(&trace::step(request, Stage::DeviceCode, Outcome::Passed).of_client(Some(client)));
                return Ok(Ok(answer(app, code.reveal(), &user_code)));
            }
            Begun::Taken => (),
            Begun::Full => return Ok(Err(Refusal::TooManyDevices)),
        }
    }
    Ok(Err(Refusal::Unavailable))
}

fn answer(app: &App, device_code: &str, user_code: &UserCode) -> Answer {
    let page = format!("{}/device", app.issuer());
    let body = json!({
        "device_code": device_code,
        "user_code": user_code.shown(),
        "verification_uri": page,
        "verification_uri_complete": format!("{page}?user_code={}", user_code.shown()),
        "expires_in": device::LIFETIME.as_secs(),
        "interval": device::INTERVAL,
    });
    Answer::json(200, &body).with("pragma", "no-cache")
}
