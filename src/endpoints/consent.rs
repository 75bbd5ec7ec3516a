//! `POST /consent`: the user's decision takes effect.

use super::browser::{CheckedForm, SignedIn};
use super::page::{self, Message};
use super::{App, consent_page, trace};
use crate::clock;
use crate::http::answer::Answer;
use crate::oauth::authorization_request::State;
use crate::oauth::authorization_response::{self, Answer as ToClient};
use crate::oauth::client::Client;
use crate::oauth::code::CodeState;
use crate::oauth::consent::{self, Decision, Flow, Parties, Stale, Verdict};
use crate::oauth::consent_choice::Choice;
use crate::oauth::known_clients;
use crate::oauth::poll;
use crate::oauth::redirect_uri::RegisteredRedirect;
use crate::oauth::secret::{AuthorizationCode, Flow as FlowSecret, Secret};
use crate::oauth::trace_step::{Outcome, Stage};
use crate::pages::views::MessageKind;
use crate::store::StoreError;

/// The decision, of somebody signed in, on a form of ours.
pub fn submit(app: &App, signed_in: &SignedIn, form: &CheckedForm) -> Answer {
    let params = form.params();
    let choice = Choice::read(params, app.local());
    let decision = match params.one("decision") {
        Ok(Some("approve")) => Decision::Approve(&choice),
        Ok(Some("deny")) => Decision::Deny,
        _ => return stale(app, Stale::Expired),
    };
    let flow = params.one("flow").ok().flatten().and_then(Secret::<FlowSecret>::parse);
    let Some(flow) = flow else { return stale(app, Stale::Expired) };
    settle(app, &flow, decision, signed_in).unwrap_or_else(|error| page::unavailable(app, &error))
}

fn settle(app: &App, secret: &Secret<FlowSecret>, decision: Decision<'_>, signed_in: &SignedIn) -> Result<Answer, StoreError> {
    let occasion = signed_in.occasion();
    let now = occasion.at;
    let hash = secret.hash();
    let Some(begun) = app.store.flow(&hash)? else { return Ok(stale(app, Stale::Expired)) };
    let known = app.client(&begun.client)?;
    let adopted = if known.is_none() { adopted(app, &begun) } else { None };
    let client = known.as_ref().or(adopted.as_ref());
    let parties = Parties { session: signed_in.session, user: &signed_in.user, client, rules: app.redirect_rules() };
    let code = consent::code_of(secret, app.store.key());
    let code_ends = now.after(app.config.lifetimes.code);
    let decide = |flow: Option<&Flow>| consent::decide(flow, decision, &parties, now);
    let (verdict, flow) = app.store.settle_flow(&hash, &code.hash(), code_ends, adopted.as_ref(), &occasion, decide)?;
    let state = flow.as_ref().map(|flow| flow.state.clone()).unwrap_or_default();
    tell(app, signed_in, client, &verdict);
    Ok(match verdict {
        Verdict::Stale(why) => stale(app, why),
        Verdict::Incomplete(redirect, missing) => match (decision, &flow, &client) {
            (Decision::Approve(choice), Some(flow), Some(client)) => {
                consent_page::of_flow(app, signed_in, client, &redirect, flow, secret, Some((choice, missing)))?
            }
            _ => stale(app, Stale::Expired),
        },
        Verdict::Approve(redirect, _) => to_client(app, &redirect, &state, &ToClient::Code(&code)),
        Verdict::ApprovedBefore(redirect) => again(app, &redirect, &state, &code)?,
        Verdict::Deny(redirect, refusal) => to_client(app, &redirect, &state, &ToClient::Error(&refusal)),
    })
}

/// What the trace of attempts hears: the decision, and that the answer is on its way.
fn tell(app: &App, signed_in: &SignedIn, client: Option<&Client>, verdict: &Verdict) {
    let note = |stage, outcome, server: Option<&str>| {
        app.store.note_step(&trace::by(signed_in, stage, outcome).of_client(client).at_server(server));
    };
    match verdict {
        Verdict::Approve(redirect, given) => {
            note(Stage::Consent, Outcome::Passed, Some(&given.granted().server));
            if !redirect.is_polled(app.issuer()) {
                note(Stage::Redirect, Outcome::Passed, None);
            }
        }
        Verdict::Deny(..) => note(Stage::Consent, Outcome::turned_away("", ""), None),
        Verdict::Stale(_) | Verdict::Incomplete(..) | Verdict::ApprovedBefore(_) => {}
    }
}

/// The client that agreeing lets in: only one that was unknown when the flow began, never one that was removed since.
fn adopted(app: &App, flow: &Flow) -> Option<Client> {
    let may = flow.adopts && app.config.clients.adopt_known;
    may.then(|| known_clients::adoptable(&flow.client, &flow.redirect_uri, clock::now())).flatten()
}

fn to_client(app: &App, redirect: &RegisteredRedirect, state: &State, answer: &ToClient<'_>) -> Answer {
    if redirect.is_polled(app.issuer()) {
        // The client fetches the code itself; none ends up in the history of this browser.
        return match answer {
            ToClient::Code(_) => page::see_other(poll::CALLBACK),
            ToClient::Error(refusal) => page::see_other(&format!("{}?error={}", poll::CALLBACK, refusal.wire().code.as_str())),
        };
    }
    page::see_other(&authorization_response::location(redirect, state, answer, app.issuer()))
}

/// A double click: the browser forgot the first answer, so it gets it again. Once the app has what it came for, a repeat
/// is only told so.
fn again(app: &App, redirect: &RegisteredRedirect, state: &State, code: &Secret<AuthorizationCode>) -> Result<Answer, StoreError> {
    let stored = app.store.code(&code.hash())?;
    let unused = stored.is_some_and(|stored| matches!(stored.state, CodeState::Fresh { .. }));
    if unused {
        return Ok(to_client(app, redirect, state, &ToClient::Code(code)));
    }
    let text = "You approved this connection, and the app has been let in. You can close this page.";
    let message = Message {
        kind: MessageKind::Success,
        title: "Already done",
        paragraphs: &[text],
        hint: None,
        steps: &[],
        link: Some(("/", "See what is connected")),
    };
    Ok(page::message(app, 200, &message))
}

/// Nothing happened, and why.
pub(super) fn stale(app: &App, why: Stale) -> Answer {
    let what = match why {
        Stale::Expired => "This request has waited too long, or this doorward does not know it.",
        Stale::Foreign => "This request began in another browser, or under another name. It can only be finished where it began.",
        Stale::Withdrawn => "What this request was about has been removed in the meantime.",
        Stale::Answered => "You have answered this request already, with the other button.",
    };
    page::error(app, 400, "Nothing was changed", what, Some("Go back to the app and start the connection again."))
}
