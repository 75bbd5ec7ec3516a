//! `/`: what is connected and what is protected, for whoever is signed in.

use super::browser::SignedIn;
use super::room::{self, Room};
use super::{App, activity, page, words};
use crate::clock::{self, UnixTime};
use crate::http::answer::Answer;
use crate::http::request::Request;
use crate::oauth::bearer::Bearer;
use crate::oauth::client::{Client, ClientOrigin};
use crate::oauth::ids::ClientId;
use crate::oauth::pause::Pauses;
use crate::oauth::resource::ProtectedResource;
use crate::oauth::term;
use crate::pages::views::connect::CopyBox;
use crate::pages::views::house::{ConnectionLine, HomePage, ServerLine};
use crate::store::record::LastUse;
use crate::store::{ListedConnection, StoreError};

/// The start page.
pub fn show(app: &App, request: &Request, signed_in: &SignedIn) -> Answer {
    overview(app, request, signed_in).unwrap_or_else(|error| page::unavailable(app, &error))
}

fn overview(app: &App, request: &Request, signed_in: &SignedIn) -> Result<Answer, StoreError> {
    let now = clock::now();
    let me = &signed_in.user.id;
    let of_all = signed_in.as_owner().is_some();
    let listed = app.store.connections(if of_all { None } else { Some(me) }, now)?;
    let pauses = app.store.pauses()?;
    let paused = paused(app, signed_in, &pauses, &listed, now)?;
    let (mine, others): (Vec<_>, Vec<_>) = listed.into_iter().partition(|listed| listed.connection.user == *me);
    let line = |listed: ListedConnection, named: bool| ConnectionLine {
        held_up: is_held_up(app, &listed, &pauses),
        ..line(app, listed, named, now)
    };
    let lines = |listed: Vec<ListedConnection>, named: bool| listed.into_iter().map(|listed| line(listed, named)).collect();
    let usable = app.resources().iter().filter(|resource| signed_in.user.may_use(&resource.path));
    let view = HomePage {
        frame: room::frame(app, request, signed_in, Room::Overview),
        alarm: activity::reminder(app, signed_in, now)?,
        paused,
        may_resume: of_all,
        terms: words::terms(app.local(), "when I take it back", ""),
        zone: app.config.zone.name(),
        servers: usable.enumerate().map(|(number, resource)| server(number, resource)).collect(),
        connections: lines(mine, false),
        others: lines(others, true),
    };
    Ok(room::show(app, request, 200, &view))
}

/// What is paused, each in a sentence: for an owner everything, for anybody else what they may use and what they let in.
fn paused(app: &App, signed_in: &SignedIn, pauses: &Pauses, listed: &[ListedConnection], now: UnixTime) -> Result<Vec<String>, StoreError> {
    let sentence = |name: &str, since: UnixTime| format!("{name} was paused {}.", words::ago(since, now));
    let is_owner = signed_in.as_owner().is_some();
    let everything = pauses.everything().map(|since| sentence("Everything", since));
    let visible = app.resources().iter().filter(|resource| is_owner || signed_in.user.may_use(&resource.path));
    let servers = visible.filter_map(|resource| Some(sentence(&resource.name, pauses.server(&resource.path)?.since)));
    let mut sentences: Vec<String> = everything.into_iter().chain(servers).collect();
    let concerns = |id: &ClientId| is_owner || listed.iter().any(|listed| listed.connection.client == *id);
    for (id, since) in pauses.clients().iter().filter(|(id, _)| concerns(id)) {
        sentences.extend(app.store.client(id)?.map(|client| sentence(client.display_name(), *since)));
    }
    Ok(sentences)
}

/// Whether the calls of a connection wait, for whichever reason.
fn is_held_up(app: &App, listed: &ListedConnection, pauses: &Pauses) -> bool {
    let caller = Bearer::Client(listed.connection.client.clone());
    let resource = app.resource_at(&listed.connection.server);
    resource.is_some_and(|resource| pauses.open(resource).and_then(|open| open.admits(&caller)).is_err())
}

/// A connection as the list shows it; `named` with whoever let it in.
fn line(app: &App, listed: ListedConnection, named: bool, now: UnixTime) -> ConnectionLine {
    let ListedConnection { connection, user, client, last_use } = listed;
    let resource = app.resource_at(&connection.server);
    let whose = || user.map_or_else(|| "a removed user".to_owned(), |user| user.name.as_str().to_owned());
    ConnectionLine {
        id: connection.id.as_str().to_owned(),
        client_name: client.as_ref().map_or("A removed app", Client::display_name).to_owned(),
        named_by: client.map_or("", |client| named_by(client.origin)).to_owned(),
        server_name: resource.map_or(connection.server.as_str(), |resource| resource.name.as_str()).to_owned(),
        held_up: false,
        whose: named.then(whose),
        scopes: connection.scope.names().map(|name| words::scope(resource, name)).collect(),
        since: words::ago(connection.created_at, now),
        last_used: last_use.map(|last| last_used(last, now)),
        ends: connection.ends_at.map(|end| format!("{} ({})", words::ahead(end, now), term::say(end, app.config.zone))),
    }
}

/// A name is worth what stands behind it.
pub(super) fn named_by(origin: ClientOrigin) -> &'static str {
    match origin {
        ClientOrigin::Dynamic => "It chose this name itself.",
        ClientOrigin::Manual => "The owner entered it.",
        ClientOrigin::Known => "It is known by its address.",
    }
}

/// "2 hours ago from 203.0.113.9".
pub(super) fn last_used(last: LastUse, now: UnixTime) -> String {
    let from = last.from.map_or_else(|| "this machine".to_owned(), |from| from.to_string());
    format!("{} from {from}", words::ago(last.at, now))
}

fn server(number: usize, resource: &ProtectedResource) -> ServerLine {
    let label = format!("the address of {}", resource.name);
    let address = CopyBox { id: format!("address-{number}"), label, text: resource.uri.clone() };
    ServerLine { name: resource.name.clone(), path: resource.path.clone(), address }
}
