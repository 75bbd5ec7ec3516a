//! `/`: what is protected and what is connected, for whoever is signed in.

use super::browser::SignedIn;
use super::room::{self, Room};
use super::{App, page, words};
use crate::clock;
use crate::http::answer::Answer;
use crate::http::request::Request;
use crate::oauth::resource::ProtectedResource;
use crate::pages::views::ServerAddress;
use crate::pages::views::house::{ConnectionLine, HomePage};
use crate::store::{ListedConnection, StoreError};

/// The start page, or the way to sign in.
pub fn show(app: &App, request: &Request) -> Answer {
    let shown = app.signed_in(request).and_then(|signed_in| match signed_in {
        None if app.is_unattended()? => {
            let what = "This doorward has just been started and nobody owns it yet.";
            Ok(page::error(app, 503, "Not set up yet", what, Some("On the machine where it runs: doorward setup"))
                .with("retry-after", "60"))
        }
        None => Ok(super::signin::ask(app, request, "/", None)),
        Some(signed_in) => overview(app, &signed_in),
    });
    shown.unwrap_or_else(|error| page::unavailable(app, &error))
}

fn overview(app: &App, signed_in: &SignedIn) -> Result<Answer, StoreError> {
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
    let address = |resource: &ProtectedResource| ServerAddress { name: resource.name.clone(), url: resource.uri.clone() };
    let view = HomePage {
        frame: room::frame(app, signed_in, Room::Overview),
        servers: app.resources().iter().filter(|resource| signed_in.user.may_use(&resource.path)).map(address).collect(),
        connections: app.store.connections(Some(&signed_in.user.id), now)?.into_iter().map(line).collect(),
    };
    Ok(room::show(200, &view))
}
