//! `/device` (RFC 8628 §3.3): a person enters the code that a device shows, and decides about the device.

use super::browser::{CheckedForm, SignedIn};
use super::consent_page::{self, Asking};
use super::page::{self, Kind, Message};
use super::{App, consent, trace, words};
use crate::http::answer::Answer;
use crate::http::request::Request;
use crate::oauth::consent::{Decision, Stale};
use crate::oauth::consent_choice::{Choice, Missing};
use crate::oauth::device::{self, DeviceCodeHash, DeviceState, StoredDeviceCode, UserCode, Verdict};
use crate::oauth::params::Params;
use crate::oauth::trace_step::{Outcome, Stage};
use crate::pages;
use crate::pages::views::MessageKind;
use crate::pages::views::consent::{Destination, DevicePage};
use crate::store::{Entered, StoreError};

const UNKNOWN: &str = "No device shows this code now. Check it letter by letter; a code lives for ten minutes.";

/// `GET /device`: where the code is entered. One that came with the address is only filled in: whoever made the address
/// is not whoever looks at the device (RFC 8628 §5.4).
pub fn show(app: &App, request: &Request) -> Answer {
    let params = Params::parse(&request.query).unwrap_or_default();
    let sent = params.one("user_code").ok().flatten().and_then(UserCode::parse);
    match app.signed_in(request) {
        Ok(Some(signed_in)) => entry(app, &signed_in, 200, sent.as_ref(), None),
        Ok(None) => match super::signin::again_in(app, request) {
            Ok(again) => super::signin::ask(app, request, &address(sent.as_ref()), None, again),
            Err(error) => page::unavailable(app, &error),
        },
        Err(error) => page::unavailable(app, &error),
    }
}

/// The page's address with a code filled in.
pub(super) fn address(user_code: Option<&UserCode>) -> String {
    user_code.map_or_else(|| "/device".to_owned(), |code| format!("/device?user_code={}", code.shown()))
}

/// `POST /device`: the code, and on the next page the decision with the same code.
pub fn submit(app: &App, signed_in: &SignedIn, form: &CheckedForm) -> Answer {
    serve(app, signed_in, form.params()).unwrap_or_else(|error| page::unavailable(app, &error))
}

fn serve(app: &App, signed_in: &SignedIn, params: &Params) -> Result<Answer, StoreError> {
    let user_code = params.one("user_code").ok().flatten().and_then(UserCode::parse);
    let key = user_code.as_ref().map(|code| code.key(app.store.key()));
    let entered = app.store.enter_user_code(key.as_ref(), &signed_in.user.id, &signed_in.occasion())?;
    let (hash, stored, user_code) = match (entered, user_code) {
        (Entered::TooMany(wait), user_code) => {
            let text = format!("Those were too many wrong codes. Wait {} and try again.", words::wait(wait));
            let answer = entry(app, signed_in, 429, user_code.as_ref(), Some(&text));
            return Ok(answer.with("retry-after", wait.as_secs().to_string()));
        }
        (Entered::Found(hash, stored), Some(user_code)) => (hash, stored, user_code),
        (Entered::Unknown | Entered::Found(..), user_code) => return Ok(entry(app, signed_in, 400, user_code.as_ref(), Some(UNKNOWN))),
    };
    let choice = Choice::read(params, app.local());
    match params.one("decision") {
        Ok(Some("approve")) => settle(app, signed_in, &hash, &stored, &user_code, Decision::Approve(&choice)),
        Ok(Some("deny")) => settle(app, signed_in, &hash, &stored, &user_code, Decision::Deny),
        _ if stored.state != DeviceState::Pending => Ok(entry(app, signed_in, 400, Some(&user_code), Some(UNKNOWN))),
        _ => ask(app, signed_in, &stored, &user_code, None),
    }
}

fn settle(
    app: &App,
    signed_in: &SignedIn,
    hash: &DeviceCodeHash,
    stored: &StoredDeviceCode,
    user_code: &UserCode,
    decision: Decision<'_>,
) -> Result<Answer, StoreError> {
    let client = app.client(&stored.client)?;
    let occasion = signed_in.occasion();
    let verdict = app.store.settle_device(hash, &occasion, |stored| {
        device::decide(stored, decision, (&signed_in.user, signed_in.at), client.as_ref(), occasion.at)
    })?;
    let outcome = match &verdict {
        Verdict::Settle(DeviceState::Approved { .. }) => Some(Outcome::Passed),
        Verdict::Settle(DeviceState::Denied { .. }) => Some(Outcome::turned_away("", "")),
        Verdict::Settle(DeviceState::Pending | DeviceState::Spent { .. })
        | Verdict::Stale(_)
        | Verdict::Incomplete(_)
        | Verdict::Before => None,
    };
    if let Some(outcome) = outcome {
        app.store.note_step(&trace::by(signed_in, Stage::Consent, outcome).of_client(client.as_ref()));
    }
    Ok(match (verdict, decision) {
        (Verdict::Stale(why), _) => consent::stale(app, why),
        (Verdict::Incomplete(missing), Decision::Approve(choice)) => ask(app, signed_in, stored, user_code, Some((choice, missing)))?,
        (Verdict::Incomplete(_), Decision::Deny) => consent::stale(app, Stale::Expired),
        (Verdict::Settle(_) | Verdict::Before, Decision::Approve(_)) => {
            done(app, "Your device is let in", "It goes on by itself within a few seconds.")
        }
        (Verdict::Settle(_) | Verdict::Before, Decision::Deny) => done(app, "The device was turned away", "It gets nothing from here."),
    })
}

fn ask(
    app: &App,
    signed_in: &SignedIn,
    stored: &StoredDeviceCode,
    user_code: &UserCode,
    again: Option<(&Choice, Missing)>,
) -> Result<Answer, StoreError> {
    let Some(client) = app.client(&stored.client)? else { return Ok(consent::stale(app, Stale::Withdrawn)) };
    let offers = device::usable(&stored.offers, &signed_in.user);
    if offers.is_empty() {
        let what = "You may not use the server that this device asks for.";
        return Ok(page::error(app, 403, "This is not for you to decide", what, Some("Ask the owner of this doorward.")));
    }
    let destination = Destination::Device { code: user_code.shown() };
    let asking = Asking { client: &client, is_new: false, offers: &offers, destination, redirect_uri: None, flow: None };
    consent_page::show(app, signed_in, asking, again)
}

fn entry(app: &App, signed_in: &SignedIn, status: u16, user_code: Option<&UserCode>, error: Option<&str>) -> Answer {
    let view = DevicePage {
        banner: app.banner(),
        csrf: app.form_token(signed_in),
        user_code: user_code.map(UserCode::shown).unwrap_or_default(),
        error: error.map(str::to_owned),
        username: signed_in.user.name.as_str().to_owned(),
    };
    page::page(status, Kind::Alone, pages::render(&view))
}

fn done(app: &App, title: &str, text: &str) -> Answer {
    let paragraphs = &[text, "You can close this page."];
    let link = Some(("/", "See what is connected"));
    page::message(app, 200, &Message { kind: MessageKind::Success, title, paragraphs, hint: None, steps: &[], link })
}
