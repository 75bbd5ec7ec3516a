//! `/activity`: what happened; all of it for an owner, their own part for anybody else.

use super::browser::SignedIn;
use super::room::{self, Room};
use super::{App, page, words};
use crate::clock::{self, UnixTime};
use crate::http::answer::Answer;
use crate::http::date;
use crate::http::request::Request;
use crate::oauth::address_class::AddressClass;
use crate::oauth::audit::{Entry, Wanted};
use crate::oauth::audit_kinds::{KINDS, What};
use crate::oauth::params::Params;
use crate::pages::views::activity::{ActivityFilter, ActivityPage, EventLine};
use crate::pages::views::form::ChoiceOption;
use crate::store::StoreError;
use std::time::Duration;
use url::form_urlencoded::Serializer;

/// Events on a page.
const PAGE: usize = 50;
/// For so long the overview reminds of what looks like theft, and of data that was put back.
const REMINDED: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// `GET /activity`; `theft` shows only what looks like it, `kind`, `client` and, to an owner, `user` only what is of that,
/// and `before` the page after one that ended with that event.
pub fn show(app: &App, request: &Request, signed_in: &SignedIn) -> Answer {
    list(app, request, signed_in).unwrap_or_else(|error| page::unavailable(app, &error))
}

fn list(app: &App, request: &Request, signed_in: &SignedIn) -> Result<Answer, StoreError> {
    let now = clock::now();
    let params = Params::parse(&request.query).unwrap_or_default();
    let asked = |name: &'static str| params.one(name).ok().flatten().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    let theft = asked("theft").is_some();
    let (kind, client) = (asked("kind"), asked("client"));
    let user = asked("user").filter(|_| signed_in.as_owner().is_some());
    let own = of(signed_in, PAGE);
    let wanted = Wanted {
        alarms: theft,
        before: asked("before").and_then(|text| text.parse().ok()),
        kind: kind.clone(),
        client: client.clone(),
        user: user.clone().or(own.user.clone()),
        ..own
    };
    let entries = app.store.events(&wanted)?;
    let view = ActivityPage {
        frame: room::frame(app, request, signed_in, Room::Activity),
        theft,
        older: entries.last().filter(|_| entries.len() == PAGE).map(|last| older(last, &wanted, user.as_deref())),
        filter: ActivityFilter {
            on: kind.is_some() || client.is_some() || user.is_some(),
            kinds: kinds(kind.as_deref()),
            client: client.unwrap_or_default(),
            user: signed_in.as_owner().map(|_| user.unwrap_or_default()),
        },
        events: entries.into_iter().map(|entry| line(&entry, now)).collect(),
    };
    Ok(room::show(app, request, 200, &view))
}

/// What somebody may read: what they did or what was done to them, but nothing of an earlier account of their name; an owner
/// all.
fn of(signed_in: &SignedIn, limit: usize) -> Wanted {
    let all = Wanted::newest(limit);
    match signed_in.as_owner() {
        Some(_) => all,
        None => Wanted { user: Some(signed_in.user.name.as_str().to_owned()), since: Some(signed_in.user.created_at), ..all },
    }
}

fn older(last: &Entry, wanted: &Wanted, user: Option<&str>) -> String {
    let mut query = Serializer::new(String::new());
    query.append_pair("before", &last.number.to_string());
    let theft = wanted.alarms.then_some("1");
    for (name, value) in [("theft", theft), ("kind", wanted.kind.as_deref()), ("client", wanted.client.as_deref()), ("user", user)] {
        query.extend_pairs(value.map(|value| (name, value)));
    }
    query.finish()
}

/// The words for scripts are good enough for people once they are words.
fn kinds(chosen: Option<&str>) -> Vec<ChoiceOption> {
    let everything = ChoiceOption { value: String::new(), label: "everything".to_owned(), chosen: chosen.is_none() };
    let mut kinds = KINDS;
    kinds.sort_unstable();
    let kind = |kind: &str| ChoiceOption { value: kind.to_owned(), label: kind.replace('_', " "), chosen: chosen == Some(kind) };
    std::iter::once(everything).chain(kinds.into_iter().map(kind)).collect()
}

fn line(entry: &Entry, now: UnixTime) -> EventLine {
    let event = &entry.event;
    let place = |address| format!("{address} ({})", AddressClass::of(address).describe());
    EventLine {
        alarm: event.what.is_alarm(),
        sentence: event.sentence(),
        at: date::rfc3339(event.at.0),
        ago: words::ago(event.at, now),
        from: event.from.map_or_else(|| "this machine".to_owned(), place),
    }
}

/// What the overview says of what looked like theft lately, if anything did.
pub(super) fn reminder(app: &App, signed_in: &SignedIn, now: UnixTime) -> Result<Option<String>, StoreError> {
    let alarms = app.store.events(&Wanted { alarms: true, since: lately(signed_in, now), ..of(signed_in, PAGE) })?;
    Ok(match alarms.len() {
        0 => None,
        1 => Some("Something happened in the last 7 days that looks like theft.".to_owned()),
        PAGE.. => Some(format!("At least {PAGE} things happened in the last 7 days that look like theft.")),
        some => Some(format!("{some} things happened in the last 7 days that look like theft.")),
    })
}

/// What the overview says to an owner when the data was put back lately: what was decided since may have come undone.
pub(super) fn put_back(app: &App, signed_in: &SignedIn, now: UnixTime) -> Result<Option<String>, StoreError> {
    let kind = Some("store_restored".to_owned());
    let newest = app.store.events(&Wanted { kind, since: lately(signed_in, now), ..of(signed_in, 1) })?;
    let sentence = |entry: &Entry| {
        let What::StoreRestored { taken_at, .. } = entry.event.what else { return None };
        let (ago, age) = (words::ago(entry.event.at, now), entry.event.at.in_words_since(taken_at));
        Some(format!(
            "The data was put back {ago} as it was {age} before. Whatever was decided in between is undone: look who may still do what."
        ))
    };
    Ok(newest.first().and_then(sentence))
}

fn lately(signed_in: &SignedIn, now: UnixTime) -> Option<UnixTime> {
    Some(UnixTime(now.0.saturating_sub(REMINDED.as_secs())).max(signed_in.user.created_at))
}
