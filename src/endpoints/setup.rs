//! `/setup`: the first run. Whoever holds the one-time link becomes the owner.

use super::App;
use super::credentials::{self, STALE, Wrong};
use super::guess;
use super::limits;
use super::page::{self, Kind, Message};
use super::room::Room;
use crate::clock;
use crate::http::answer::Answer;
use crate::http::request::Request;
use crate::oauth::ids::UserId;
use crate::oauth::params::Params;
use crate::oauth::secret::{Secret, SetupLink};
use crate::oauth::user::{ServerAccess, User, UserName};
use crate::pages;
use crate::pages::views::entry::SetupPage;
use crate::pages::views::form::{Field, Form};
use crate::pages::views::{MessageKind, ServerAddress};
use crate::random;
use crate::store::{Claim, StoreError};

/// `GET /setup?token=…`: shows the form and spends nothing.
pub fn show(app: &App, request: &Request) -> Answer {
    let params = Params::parse(&request.query).unwrap_or_default();
    match link(app, &params) {
        Ok(Some(link)) => form(app, request, 200, &link, "", &[]),
        Ok(None) => closed(app, request, &params).unwrap_or_else(|error| page::unavailable(app, &error)),
        Err(error) => page::unavailable(app, &error),
    }
}

/// The link in a request, if it is the current one.
fn link(app: &App, params: &Params) -> Result<Option<Secret<SetupLink>>, StoreError> {
    let Some(link) = params.one("token").ok().flatten().and_then(Secret::<SetupLink>::parse) else { return Ok(None) };
    Ok(app.store.is_setup_link(&link.hash(), clock::now())?.then_some(link))
}

/// The page, and what was wrong with the form when it came before.
fn form(app: &App, request: &Request, status: u16, link: &Secret<SetupLink>, username: &str, wrong: &[Wrong]) -> Answer {
    let visitor = app.visitor(request);
    let address = |server: &crate::config::Server| ServerAddress { name: server.resource.name.clone(), url: server.resource.uri.clone() };
    let [password, again] = credentials::password_fields();
    let fields = vec![Field::username("Name", username).focused(), password, again];
    let view = SetupPage {
        banner: app.banner(),
        token: link.reveal().to_owned(),
        form: Wrong::mark(Form::new(app.visitor_token(&visitor), fields), wrong),
        servers: app.config.servers.iter().map(address).collect(),
    };
    app.remember_visitor(request, &visitor, page::page(status, Kind::Alone, pages::render(&view)))
}

/// `POST /setup`.
pub fn submit(app: &App, request: &Request) -> Answer {
    serve(app, request).unwrap_or_else(|error| page::unavailable(app, &error))
}

fn serve(app: &App, request: &Request) -> Result<Answer, StoreError> {
    let params = super::form(request).unwrap_or_default();
    let Some(link) = link(app, &params)? else { return closed(app, request, &params) };
    let Some(filled_in) = app.check_visitor_form(request, params) else { return Ok(form(app, request, 403, &link, "", &[STALE])) };
    let params = filled_in.params();
    let typed = params.one("username").ok().flatten().unwrap_or_default();
    let (name, password) = match credentials::both(credentials::name(params), credentials::password(params)) {
        Ok(chosen) => chosen,
        Err(wrong) => return Ok(form(app, request, 400, &link, typed, &wrong)),
    };
    match credentials::hash(&password) {
        Ok(hash) => claim(app, request, &link, name, hash),
        Err(busy) => Ok(form(app, request, 503, &link, typed, &[busy])),
    }
}

fn claim(app: &App, request: &Request, link: &Secret<SetupLink>, name: UserName, hash: String) -> Result<Answer, StoreError> {
    let occasion = super::occasion(request);
    let owner = User {
        id: UserId::mint(random::bytes()),
        name,
        password: hash,
        owner: true,
        disabled: false,
        servers: ServerAccess::All,
        epoch: 0,
        created_at: occasion.at,
    };
    match app.store.claim(&link.hash(), &owner, &occasion)? {
        Claim::Claimed => app.sign_in(request, &owner, page::see_other(Room::Connect.href())),
        Claim::WrongLink | Claim::AlreadyOwned => Ok(link_does_not_work(app)),
        Claim::NameTaken => {
            let taken = Wrong::new("username", "This name is taken. Please choose another.");
            Ok(form(app, request, 400, link, owner.name.as_str(), &[taken]))
        }
    }
}

/// No link, an old one, or nothing left to set up. A link of our form that is not the current one may be a guess.
fn closed(app: &App, request: &Request, params: &Params) -> Result<Answer, StoreError> {
    let may_be_guess = params.one("token").ok().flatten().is_some_and(|sent| Secret::<SetupLink>::parse(sent).is_some());
    let counted = if may_be_guess { guess::wrong_link(app, request)? } else { Ok(()) };
    Ok(counted.map_or_else(|refusal| limits::page(app, &refusal), |()| link_does_not_work(app)))
}

/// One page for all, so that it tells a stranger nothing.
fn link_does_not_work(app: &App) -> Answer {
    let message = Message {
        kind: MessageKind::Error,
        title: "This link does not work",
        paragraphs: &["A set-up link works once, for an hour, and only while this doorward has no owner."],
        hint: Some("For a fresh link, run on the machine where it runs: doorward setup"),
        steps: &[],
        link: Some(("/", "Go to the start page")),
    };
    page::message(app, 403, &message)
}
