//! `/invite`: whoever holds the one-time link chooses the password of the account that it is for.

use super::App;
use super::credentials::{self, STALE, Wrong};
use super::page::{self, Kind, Message};
use super::room::Room;
use crate::clock;
use crate::http::answer::Answer;
use crate::http::request::Request;
use crate::oauth::params::Params;
use crate::oauth::secret::{InvitationLink, Secret};
use crate::oauth::user::User;
use crate::pages;
use crate::pages::views::MessageKind;
use crate::pages::views::entry::InvitePage;
use crate::pages::views::form::Form;
use crate::store::StoreError;

/// `GET /invite?token=…`: shows the form and spends nothing.
pub fn show(app: &App, request: &Request) -> Answer {
    let params = Params::parse(&request.query).unwrap_or_default();
    match invited(app, &params) {
        Ok(Some((link, user))) => form(app, request, 200, &link, &user, &[]),
        Ok(None) => closed(app),
        Err(error) => page::unavailable(app, &error),
    }
}

/// The link in a request and whom it is for, if it is good.
fn invited(app: &App, params: &Params) -> Result<Option<(Secret<InvitationLink>, User)>, StoreError> {
    let Some(link) = params.one("token").ok().flatten().and_then(Secret::<InvitationLink>::parse) else { return Ok(None) };
    Ok(app.store.invited(&link.hash(), clock::now())?.map(|user| (link, user)))
}

fn form(app: &App, request: &Request, status: u16, link: &Secret<InvitationLink>, user: &User, wrong: &[Wrong]) -> Answer {
    let visitor = app.visitor(request);
    let [password, again] = credentials::password_fields();
    let view = InvitePage {
        banner: app.banner(),
        token: link.reveal().to_owned(),
        username: user.name.as_str().to_owned(),
        is_new: !user.has_password(),
        form: Wrong::mark(Form::new(app.visitor_token(&visitor), vec![password.focused(), again]), wrong),
    };
    app.remember_visitor(request, &visitor, page::page(status, Kind::Alone, pages::render(&view)))
}

/// `POST /invite`.
pub fn submit(app: &App, request: &Request) -> Answer {
    serve(app, request).unwrap_or_else(|error| page::unavailable(app, &error))
}

fn serve(app: &App, request: &Request) -> Result<Answer, StoreError> {
    let params = super::form(request).unwrap_or_default();
    let Some((link, user)) = invited(app, &params)? else { return Ok(closed(app)) };
    let again = |status, wrong| Ok(form(app, request, status, &link, &user, &[wrong]));
    let Some(filled_in) = app.check_visitor_form(request, params) else { return again(403, STALE) };
    let password = match credentials::password(filled_in.params()) {
        Ok(password) => password,
        Err(wrong) => return again(400, wrong),
    };
    let hash = match credentials::hash(&password) {
        Ok(hash) => hash,
        Err(busy) => return again(503, busy),
    };
    match app.store.accept_invitation(&link.hash(), &hash, &super::occasion(request))? {
        Some(user) => app.sign_in(request, &user, page::see_other(Room::Connect.href())),
        None => Ok(closed(app)),
    }
}

/// No link, an old one or one that was used: one page for all, so that it tells a stranger nothing.
fn closed(app: &App) -> Answer {
    let message = Message {
        kind: MessageKind::Error,
        title: "This link does not work",
        paragraphs: &["An invitation works once and for a few days, and a newer one takes its place."],
        hint: Some("Ask the owner of this doorward for another."),
        steps: &[],
        link: Some(("/", "Go to the start page")),
    };
    page::message(app, 403, &message)
}
