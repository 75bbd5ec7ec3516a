//! `/`: what is protected and what is connected, for whoever is signed in.

use super::browser::SignedIn;
use super::room::{self, Room};
use super::{App, page, words};
use crate::clock;
use crate::http::answer::Answer;
use crate::http::request::Request;
use crate::oauth::resource::ProtectedResource;
use crate::pages::views::connect::CopyBox;
use crate::pages::views::house::{ConnectionLine, HomePage, ServerLine};
use crate::store::{ListedConnection, StoreError};

/// The start page.
pub fn show(app: &App, request: &Request, signed_in: &SignedIn) -> Answer {
    overview(app, request, signed_in).unwrap_or_else(|error| page::unavailable(app, &error))
}

fn overview(app: &App, request: &Request, signed_in: &SignedIn) -> Result<Answer, StoreError> {
    let now = clock::now();
    let name_of = |path: &str| app.resource_at(path).map_or_else(|| path.to_owned(), |resource| resource.name.clone());
    let line = |listed: ListedConnection| ConnectionLine {
        id: listed.connection.id.as_str().to_owned(),
        client_name: listed.client.map_or_else(|| "A removed app".to_owned(), |client| client.display_name().to_owned()),
        server_name: name_of(&listed.connection.server),
        scopes: listed.connection.scope.names().map(str::to_owned).collect(),
        since: words::ago(listed.connection.created_at, now),
        last_used: listed.last_used_at.map(|at| words::ago(at, now)),
    };
    let usable = app.resources().iter().filter(|resource| signed_in.user.may_use(&resource.path));
    let view = HomePage {
        frame: room::frame(app, request, signed_in, Room::Overview),
        servers: usable.enumerate().map(|(number, resource)| server(number, resource)).collect(),
        connections: app.store.connections(Some(&signed_in.user.id), now)?.into_iter().map(line).collect(),
    };
    Ok(room::show(app, request, 200, &view))
}

fn server(number: usize, resource: &ProtectedResource) -> ServerLine {
    let label = format!("the address of {}", resource.name);
    let address = CopyBox { id: format!("address-{number}"), label, text: resource.uri.clone() };
    ServerLine { name: resource.name.clone(), path: resource.path.clone(), address }
}
