//! `/servers`: what is protected, for the owner.

use super::browser::Owner;
use super::room::{self, Room};
use super::{App, page, words};
use crate::clock;
use crate::config::Server;
use crate::http::answer::Answer;
use crate::http::request::Request;
use crate::pages::views::servers::{ServerEntry, ServersPage};
use crate::store::{ListedConnection, StoreError};

/// `GET /servers`.
pub fn show(app: &App, request: &Request, owner: &Owner<'_>) -> Answer {
    list(app, request, owner).unwrap_or_else(|error| page::unavailable(app, &error))
}

fn list(app: &App, request: &Request, owner: &Owner<'_>) -> Result<Answer, StoreError> {
    let connections = app.store.connections(None, clock::now())?;
    let view = ServersPage {
        frame: room::frame(app, request, owner.signed_in(), Room::Servers),
        servers: app.config.servers.iter().map(|server| entry(server, &connections)).collect(),
    };
    Ok(room::show(app, request, 200, &view))
}

fn entry(server: &Server, connections: &[ListedConnection]) -> ServerEntry {
    let resource = &server.resource;
    let count = connections.iter().filter(|listed| listed.connection.server == resource.path).count();
    ServerEntry {
        name: resource.name.clone(),
        path: resource.path.clone(),
        url: resource.uri.clone(),
        upstream: server.upstream.to_string(),
        scopes: resource.scopes.iter().map(|(_, sentence)| sentence.clone()).collect(),
        connections: words::count(count, "connection"),
    }
}
