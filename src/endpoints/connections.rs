//! `POST /connections/…`: a user takes connections back, or says when they end.

use super::browser::{CheckedForm, Owner, SignedIn};
use super::room::{self, Room, Said};
use super::{App, page};
use crate::actions::{Action, FailureKind};
use crate::http::answer::Answer;
use crate::http::request::Request;
use crate::oauth::term;

/// Ends one: of the user's own, for an owner of anybody's. Somebody else's is treated like one that does not exist.
pub fn revoke(app: &App, request: &Request, signed_in: &SignedIn, form: &CheckedForm) -> Answer {
    let user = if signed_in.as_owner().is_some() { None } else { Some(own_name(signed_in)) };
    match app.perform(signed_in, Action::ConnectionRevoke { id: form.text("id").to_owned(), user }) {
        Ok(_) => room::done(app, request, Room::Overview, Said::Revoked),
        Err(failure) if failure.kind == FailureKind::Unknown => gone(app),
        Err(failure) => page::failed(app, &failure),
    }
}

/// Has one end by itself, or go on: of the user's own, for an owner of anybody's.
pub fn limit(app: &App, request: &Request, signed_in: &SignedIn, form: &CheckedForm) -> Answer {
    let user = if signed_in.as_owner().is_some() { None } else { Some(own_name(signed_in)) };
    let term = form.text("term").to_owned();
    let said = if term == term::OPEN { Said::Unlimited } else { Said::Limited };
    match app.perform(signed_in, Action::ConnectionLimit { id: form.text("id").to_owned(), user, term }) {
        Ok(_) => room::done(app, request, Room::Overview, said),
        Err(failure) if failure.kind == FailureKind::Unknown => gone(app),
        Err(failure) => page::failed(app, &failure),
    }
}

fn gone(app: &App) -> Answer {
    page::nothing_here(app, "There is no such connection", "It may have ended before.")
}

/// Ends all of the user's own.
pub fn revoke_mine(app: &App, request: &Request, signed_in: &SignedIn, _form: &CheckedForm) -> Answer {
    revoke_all(app, request, signed_in, Some(own_name(signed_in)))
}

/// Ends all there are.
pub fn revoke_everything(app: &App, request: &Request, owner: &Owner<'_>, _form: &CheckedForm) -> Answer {
    revoke_all(app, request, owner.signed_in(), None)
}

fn revoke_all(app: &App, request: &Request, signed_in: &SignedIn, user: Option<String>) -> Answer {
    match app.perform(signed_in, Action::ConnectionRevokeAll { user }) {
        Ok(_) => room::done(app, request, Room::Overview, Said::RevokedAll),
        Err(failure) => page::failed(app, &failure),
    }
}

fn own_name(signed_in: &SignedIn) -> String {
    signed_in.user.name.as_str().to_owned()
}
