//! `/setup`: the first run. Whoever holds the one-time link becomes the owner.

use super::App;
use super::browser::CheckedForm;
use super::guess;
use super::limits;
use super::page::{self, Leads, Message};
use crate::clock;
use crate::http::answer::Answer;
use crate::http::request::Request;
use crate::oauth::ids::UserId;
use crate::oauth::params::Params;
use crate::oauth::secret::{Secret, SetupLink};
use crate::oauth::user::{MAX_PASSWORD, MIN_PASSWORD, ServerAccess, User, UserName};
use crate::pages;
use crate::pages::views::{MessageKind, ServerAddress, SetupPage};
use crate::password;
use crate::random;
use crate::store::{Claim, StoreError};

/// `GET /setup?token=…`: shows the form and spends nothing.
pub fn show(app: &App, request: &Request) -> Answer {
    let params = Params::parse(&request.query).unwrap_or_default();
    match link(app, &params) {
        Ok(Some(link)) => form(app, request, 200, &link, "", None),
        Ok(None) => closed(app, request, &params).unwrap_or_else(|error| page::unavailable(app, &error)),
        Err(error) => page::unavailable(app, &error),
    }
}

/// The link in a request, if it is the current one.
fn link(app: &App, params: &Params) -> Result<Option<Secret<SetupLink>>, StoreError> {
    let Some(link) = params.one("token").ok().flatten().and_then(Secret::<SetupLink>::parse) else { return Ok(None) };
    Ok(app.store.is_setup_link(&link.hash(), clock::now())?.then_some(link))
}

fn form(app: &App, request: &Request, status: u16, link: &Secret<SetupLink>, username: &str, error: Option<&str>) -> Answer {
    let visitor = app.visitor(request);
    let address = |server: &crate::config::Server| ServerAddress { name: server.resource.name.clone(), url: server.resource.uri.clone() };
    let view = SetupPage {
        banner: app.banner(),
        csrf: app.visitor_token(&visitor),
        token: link.reveal().to_owned(),
        error: error.map(str::to_owned),
        username: username.to_owned(),
        servers: app.config.servers.iter().map(address).collect(),
    };
    app.remember_visitor(request, &visitor, page::page(status, Leads::Here, pages::render_setup(&view)))
}

/// `POST /setup`.
pub fn submit(app: &App, request: &Request) -> Answer {
    serve(app, request).unwrap_or_else(|error| page::unavailable(app, &error))
}

fn serve(app: &App, request: &Request) -> Result<Answer, StoreError> {
    let params = super::form(request).unwrap_or_default();
    let Some(link) = link(app, &params)? else { return closed(app, request, &params) };
    let Some(filled_in) = app.check_visitor_form(request, params) else {
        return Ok(form(
            app,
            request,
            403,
            &link,
            "",
            Some("The page had been open for too long, or cookies are switched off. Please try again."),
        ));
    };
    let typed = filled_in.params().one("username").ok().flatten().unwrap_or_default();
    let chosen = match choose(&filled_in) {
        Ok(chosen) => chosen,
        Err(problem) => return Ok(form(app, request, 400, &link, typed, Some(problem))),
    };
    let Ok(hash) = password::hash(&chosen.password, &random::bytes()) else {
        return Ok(form(app, request, 503, &link, typed, Some("The server is busy. Please try again.")));
    };
    claim(app, request, &link, chosen.name, hash)
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
        Claim::Claimed => app.sign_in(request, &owner, page::see_other("/")),
        Claim::WrongLink | Claim::AlreadyOwned => Ok(link_does_not_work(app)),
        Claim::NameTaken => Ok(form(app, request, 400, link, owner.name.as_str(), Some("This name is taken. Please choose another."))),
    }
}

struct Chosen {
    name: UserName,
    password: String,
}

fn choose(form: &CheckedForm) -> Result<Chosen, &'static str> {
    let text = |name| form.params().one(name).ok().flatten().unwrap_or_default();
    let name = UserName::parse(text("username").trim())
        .ok_or("Please choose a name of up to 64 letters, digits and . _ - + @, beginning with a letter or digit.")?;
    let password = text("password");
    if password.chars().count() < MIN_PASSWORD || password.len() > MAX_PASSWORD {
        return Err("Please choose a password of at least 8 characters.");
    }
    if password != text("password_again") {
        return Err("The two passwords are not the same.");
    }
    Ok(Chosen { name, password: password.to_owned() })
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
