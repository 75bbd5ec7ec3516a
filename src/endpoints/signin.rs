//! `/signin`: name and password. It decides who is there and nothing else; where to go on is up to the page that sent here.

use super::browser::{self, CheckedForm};
use super::page::{self, Kind};
use super::{App, trace};
use crate::http::answer::Answer;
use crate::http::request::Request;
use crate::oauth::audit_kinds::What;
use crate::oauth::trace_step::Outcome;
use crate::oauth::user::{MAX_PASSWORD, User, UserName};
use crate::pages;
use crate::pages::views::entry::SigninPage;
use crate::password;
use crate::store::StoreError;

const WRONG: &str = "The name or the password is not right.";
const STALE: &str = "The page had been open for too long, or cookies are switched off. Please try again.";
const BUSY: &str = "Many people are signing in right now. Try again in a few seconds.";

/// `GET /signin`.
pub fn show(app: &App, request: &Request) -> Answer {
    ask(app, request, "/", None)
}

/// The sign-in page, on the way to `return_to`; `for_client` is who waits there, and for which server.
pub fn ask(app: &App, request: &Request, return_to: &str, for_client: Option<(&str, Option<String>)>) -> Answer {
    let (client_name, server_name) = for_client.map_or((None, None), |(client, server)| (Some(client.to_owned()), server));
    let view = SigninPage { client_name, server_name, ..blank(app, return_to) };
    render(app, request, 200, view)
}

/// The sign-in page, on the way to the page that was asked for.
pub fn ask_for_page(app: &App, request: &Request) -> Answer {
    let target = if request.query.is_empty() { request.path.clone() } else { format!("{}?{}", request.path, request.query) };
    match app.is_unattended() {
        Ok(true) => page::not_set_up(app),
        Ok(false) => ask(app, request, &browser::safe_return(Some(&target)), None),
        Err(error) => page::unavailable(app, &error),
    }
}

fn blank(app: &App, return_to: &str) -> SigninPage {
    SigninPage {
        banner: app.banner(),
        csrf: String::new(),
        return_to: return_to.to_owned(),
        client_name: None,
        server_name: None,
        error: None,
        throttled: None,
        username: String::new(),
    }
}

fn render(app: &App, request: &Request, status: u16, view: SigninPage) -> Answer {
    let visitor = app.visitor(request);
    let view = SigninPage { csrf: app.visitor_token(&visitor), ..view };
    app.remember_visitor(request, &visitor, page::page(status, Kind::ToClient, pages::render(&view)))
}

/// `POST /signin`.
pub fn submit(app: &App, request: &Request) -> Answer {
    let Ok(params) = super::form(request) else {
        return page::error(app, 400, "This form cannot be read", "The sign-in form arrived broken.", Some("Open the page again."));
    };
    let return_to = browser::safe_return(params.one("return_to").ok().flatten());
    let typed = params.one("username").ok().flatten().unwrap_or_default().to_owned();
    let again = |status, view: SigninPage| {
        let username = UserName::parse(&typed).map(|name| name.as_str().to_owned()).unwrap_or_default();
        render(app, request, status, SigninPage { username, ..view })
    };
    let Some(form) = app.check_visitor_form(request, params) else {
        return again(403, SigninPage { error: Some(STALE.to_owned()), ..blank(app, &return_to) });
    };
    match authenticate(app, &form) {
        Ok(Attempt::Right(user)) => {
            trace::sign_in(app, request, &return_to, Outcome::Passed, Some(&user.name));
            let signed_in = app.sign_in(request, &user, page::see_other(&return_to));
            signed_in.unwrap_or_else(|error| page::unavailable(app, &error))
        }
        Ok(Attempt::Wrong(named)) => {
            record_failure(app, request, named.as_ref());
            let fix = "For a new password: doorward user password NAME. To see the names: doorward user list";
            trace::sign_in(app, request, &return_to, Outcome::turned_away("the name or the password is not right", fix), None);
            again(401, SigninPage { error: Some(WRONG.to_owned()), ..blank(app, &return_to) })
        }
        Ok(Attempt::Busy) => again(429, SigninPage { throttled: Some(BUSY.to_owned()), ..blank(app, &return_to) }).with("retry-after", "5"),
        Err(error) => page::unavailable(app, &error),
    }
}

enum Attempt {
    Right(Box<User>),
    /// With the name, if it is somebody's.
    Wrong(Option<UserName>),
    Busy,
}

/// The same work and the same answer whether the name is unknown, the account disabled or the password wrong.
fn authenticate(app: &App, form: &CheckedForm) -> Result<Attempt, StoreError> {
    let params = form.params();
    let typed = params.one("username").ok().flatten().and_then(|text| UserName::parse(text.trim()));
    let password = params.one("password").ok().flatten().unwrap_or_default();
    let account = typed.map(|name| app.store.user_named(&name)).transpose()?.flatten();
    let named = account.as_ref().map(|user| user.name.clone());
    let user = account.filter(|user| !user.disabled);
    let (password, user) = if password.is_empty() || password.len() > MAX_PASSWORD { ("", None) } else { (password, user) };
    let right = match password::verify(password, user.as_ref().map(|user| user.password.as_str())) {
        Err(password::Busy) => return Ok(Attempt::Busy),
        Ok(right) => right,
    };
    Ok(user.filter(|_| right).map_or(Attempt::Wrong(named), |user| Attempt::Right(Box::new(user))))
}

/// What was typed is told only where it is the name of an account: people type passwords into the wrong field.
fn record_failure(app: &App, request: &Request, named: Option<&UserName>) {
    let event = super::occasion(request).event(What::SignInFailed);
    let event = named.map_or(event.clone(), |name| event.of_user(name));
    if let Err(error) = app.store.record_event(&event) {
        super::log(&format!("store: {error}"));
    }
}
