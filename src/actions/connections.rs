//! Connections.

use super::users::find as find_user;
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

/// Ends one; `user` limits that to this one's own.
pub(super) fn revoke(store: &Store, occasion: &Occasion, id: &str, user: Option<&str>) -> Result<Done, Failure> {
    let of = user.map(|name| find_user(store, name)).transpose()?.map(|user| user.id);
    if store.end_connection(&ConnectionId::known_as(id), of.as_ref(), EndReason::RevokedByUser, occasion)? {
        Ok(done(format!("Revoked {id}."), json!({ "id": id })))
    } else {
        Err(Failure::unknown(format!("there is no connection {id}"), "to see which there are: doorward connection list"))
    }
}

/// Ends all; `user` limits that to this one's own.
pub(super) fn revoke_all(store: &Store, occasion: &Occasion, user: Option<&str>) -> Result<Done, Failure> {
    let of = user.map(|name| find_user(store, name)).transpose()?.map(|user| user.id);
    let count = store.end_connections(of.as_ref(), EndReason::RevokedByUser, occasion)?;
    let what = if count == 1 { "1 connection".to_owned() } else { format!("{count} connections") };
    Ok(done(format!("Revoked {what}."), json!({ "revoked": count })))
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
    super::with_last_use(&mut data, listed.last_use);
    data
}
