//! Connections.

use super::users::find as find_user;
use super::{Done, Failure, done};
use crate::config::Config;
use crate::oauth::audit::Occasion;
use crate::oauth::connection::EndReason;
use crate::oauth::ids::ConnectionId;
use crate::oauth::term::{self, Local, TermProblem};
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
        Err(unknown(id))
    }
}

/// Has one end by itself as the `term` says ([`term::end`]); `user` limits that to this one's own.
pub(super) fn limit(
    store: &Store,
    config: &Config,
    occasion: &Occasion,
    id: &str,
    (user, term): (Option<&str>, &str),
) -> Result<Done, Failure> {
    let of = user.map(|name| find_user(store, name)).transpose()?.map(|user| user.id);
    let ends_at = term::end(term, Local { now: occasion.at, zone: config.zone }).map_err(|problem| impossible(term, problem))?;
    if !store.limit_connection(&ConnectionId::known_as(id), of.as_ref(), ends_at, occasion)? {
        return Err(unknown(id));
    }
    let message = match ends_at {
        Some(end) => format!("{id} ends on {}.", term::say(end, config.zone)),
        None => format!("{id} has no end of its own any more."),
    };
    Ok(done(message, json!({ "id": id, "ends_at": ends_at.map(|end| end.0) })))
}

fn impossible(term: &str, problem: TermProblem) -> Failure {
    let why = match problem {
        TermProblem::Unclear => "names no time",
        TermProblem::Zero => "is no time at all",
        TermProblem::Past => "is over already",
        TermProblem::TooFar => "is more than a year ahead",
    };
    Failure::new(format!("\"{term}\" {why}"), "write a span like 2h or 7d, or a day like tonight, sunday or 2026-11-29")
}

fn unknown(id: &str) -> Failure {
    Failure::unknown(format!("there is no connection {id}"), "to see which there are: doorward connection list")
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
        "ends_at": connection.ends_at.map(|end| end.0),
    });
    super::with_last_use(&mut data, listed.last_use);
    data
}
