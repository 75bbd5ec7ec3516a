//! Connections.

use super::{Done, Failure, done};
use crate::oauth::audit::Occasion;
use crate::oauth::connection::EndReason;
use crate::oauth::ids::ConnectionId;
use crate::store::{ListedConnection, Store};
use serde_json::{Value, json};

/// Every connection that stands.
pub(super) fn list(store: &Store, occasion: &Occasion) -> Result<Done, Failure> {
    Ok(done("", store.connections(None, occasion.at)?.iter().map(describe).collect()))
}

/// Ends one.
pub(super) fn revoke(store: &Store, occasion: &Occasion, id: &str) -> Result<Done, Failure> {
    if store.end_connection(&ConnectionId::known_as(id), None, EndReason::RevokedByUser, occasion)? {
        Ok(done(format!("Revoked {id}."), json!({ "id": id })))
    } else {
        Err(Failure::new(format!("there is no connection {id}"), "to see which there are: doorward connection list"))
    }
}

fn describe(listed: &ListedConnection) -> Value {
    let connection = &listed.connection;
    let mut data = json!({
        "id": connection.id.as_str(),
        "user": listed.user.as_ref().map_or("(removed)", |user| user.name.as_str()),
        "client": listed.client.as_ref().map_or("(removed)", |client| client.display_name()),
        "client_id": connection.client.as_str(),
        "server": connection.server,
        "scope": connection.scope.to_string(),
        "created_at": connection.created_at.0,
    });
    if let (Some(at), Some(members)) = (listed.last_used_at, data.as_object_mut()) {
        members.insert("last_used_at".into(), json!(at.0));
    }
    data
}
