//! `POST /connections/revoke`: a user takes a connection back.

use super::App;
use super::browser::{CheckedForm, SignedIn};
use super::page;
use super::room::{self, Room, Said};
use crate::http::answer::Answer;
use crate::http::request::Request;
use crate::oauth::connection::EndReason;
use crate::oauth::ids::ConnectionId;

/// Ends one of the user's own connections. Somebody else's is treated like one that does not exist.
pub fn revoke(app: &App, request: &Request, signed_in: &SignedIn, form: &CheckedForm) -> Answer {
    let id = ConnectionId::known_as(form.params().one("id").ok().flatten().unwrap_or_default());
    match app.store.end_connection(&id, Some(&signed_in.user.id), EndReason::RevokedByUser, &signed_in.occasion()) {
        Ok(true) => room::done(app, request, Room::Overview, Said::Revoked),
        Ok(false) => page::nothing_here(app, "There is no such connection", "It may have been revoked before."),
        Err(error) => page::unavailable(app, &error),
    }
}
