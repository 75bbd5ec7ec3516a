//! `/connect/arrived`: what has arrived of an app that somebody connects at this moment, for the connect page and its script.
//!
//! An owner sees every attempt. Anybody else sees one from the moment at which they have signed in for it: before that nothing
//! says whose it is, and whence strangers knock is the owner's to know.

use super::App;
use super::browser::SignedIn;
use super::{attempts, page, words};
use crate::clock::{self, UnixTime};
use crate::http::answer::Answer;
use crate::http::request::Request;
use crate::oauth::params::Params;
use crate::oauth::trace::Attempt;
use crate::oauth::trace_diagnosis::State;
use crate::pages;
use crate::pages::views::arrivals::{Arrival, Arrivals, ArrivedPart};
use serde_json::json;

/// Attempts that are shown at once.
const SHOWN: usize = 3;

/// What somebody follows: attempts for one server, from one step on.
pub(super) struct Watch<'a> {
    pub(super) server: &'a str,
    pub(super) since: u64,
}

impl<'a> Watch<'a> {
    /// As a query says it; without a step, from now on.
    pub(super) fn read(app: &App, params: &Params, server: &'a str) -> Self {
        let since = params.one("since").ok().flatten().and_then(|text| text.parse().ok());
        Self { server, since: since.unwrap_or_else(|| app.store.next_step()) }
    }

    fn sees(&self, attempt: &Attempt, signed_in: &SignedIn) -> bool {
        let theirs = signed_in.as_owner().is_some() || attempt.is_of(&signed_in.user);
        theirs && attempt.revision >= self.since && attempt.may_be_for(self.server)
    }
}

/// `GET /connect/arrived`: the part of the page, and a word that changes when it does.
pub fn show(app: &App, request: &Request, signed_in: &SignedIn) -> Answer {
    let params = Params::parse(&request.query).unwrap_or_default();
    let path = params.one("server").ok().flatten().unwrap_or_default();
    if !app.resource_at(path).is_some_and(|resource| signed_in.user.may_use(&resource.path)) {
        return page::nothing_here(app, "There is no such server", "Nothing is followed here.");
    }
    let followed = follow(app, signed_in, &Watch::read(app, &params, path));
    match pages::render(&ArrivedPart { arrived: followed.arrived }) {
        Ok(html) => Answer::json(200, &json!({ "version": followed.version, "over": followed.over, "html": html })),
        Err(error) => page::broken(&error),
    }
}

/// What has arrived, as it stands at this moment.
pub(super) struct Followed {
    pub(super) arrived: Arrivals,
    /// Another word for each state of it.
    pub(super) version: String,
    /// The app is connected; there is nothing more to wait for.
    over: bool,
}

/// What has arrived, the latest first.
pub(super) fn follow(app: &App, signed_in: &SignedIn, watch: &Watch<'_>) -> Followed {
    let now = clock::now();
    let mut seen: Vec<Attempt> = app.store.attempts().into_iter().filter(|attempt| watch.sees(attempt, signed_in)).collect();
    seen.sort_by_key(|attempt| std::cmp::Reverse(attempt.revision));
    seen.truncate(SHOWN);
    let states: Vec<State> = seen.iter().map(|attempt| attempt.diagnose(app.issuer(), now).state).collect();
    let words = seen.iter().zip(&states).map(|(attempt, state)| format!("{}-{}", attempt.revision, state.as_str()));
    let attempts = seen.iter().zip(&states).map(|(attempt, state)| arrival(app, attempt, *state, now)).collect();
    let version = words.collect::<Vec<_>>().join(" ");
    Followed { arrived: Arrivals { attempts }, version, over: states.first() == Some(&State::Connected) }
}

/// One attempt. Nothing in it changes by the minute, or a screen reader would say it again each time.
fn arrival(app: &App, attempt: &Attempt, state: State, now: UnixTime) -> Arrival {
    let view = attempt.view(app.issuer(), now);
    let fix = Some(view.fix).filter(|fix| !fix.is_empty());
    let (headline, sentence, fix) = match state {
        State::Connected => (format!("Connected: {}, {}", view.client, words::ago(attempt.last_at(), now)), None, None),
        State::Waiting => {
            let next = fix.map(|fix| format!("If nothing more comes: {fix}"));
            (format!("{} is on its way", view.client), Some(page::sentence(&view.sentence)), next)
        }
        State::Stopped => (format!("{} did not get through", view.client), Some(page::sentence(&view.sentence)), fix),
    };
    Arrival { state: state.as_str().to_owned(), headline, sentence, fix, steps: view.steps.into_iter().map(attempts::line).collect() }
}
