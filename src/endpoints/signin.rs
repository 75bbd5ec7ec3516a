//! `/signin`: name and password. It decides who is there and nothing else; where to go on is up to the page that sent here.

use super::guess::{self, Checked};
use super::page::{self, Kind};
use super::return_to;
use super::{App, again, trace, words};
use crate::http::answer::Answer;
use crate::http::request::Request;
use crate::oauth::trace_step::Outcome;
use crate::oauth::user::UserName;
use crate::pages;
use crate::pages::views::entry::SigninPage;
use crate::store::StoreError;

const WRONG: &str = "The name or the password is not right.";
const STALE: &str = "The page had been open for too long, or cookies are switched off. Please try again.";
const KNOWN: &str = "A browser in which you have signed in before is not held up by what others try.";
const BUSY: &str = "Many people are signing in right now. Try again in a few seconds.";

/// `GET /signin`.
pub fn show(app: &App, request: &Request) -> Answer {
    ask(app, request, "/", None, None)
}

/// The sign-in page, on the way to `return_to`; `for_client` is who waits there, and for which server; `again` is why somebody
/// who was signed in here before has to sign in again.
pub fn ask(app: &App, request: &Request, return_to: &str, for_client: Option<(&str, Option<String>)>, again: Option<String>) -> Answer {
    let (client_name, server_name) = for_client.map_or((None, None), |(client, server)| (Some(client.to_owned()), server));
    let view = SigninPage { client_name, server_name, again, ..blank(app, return_to) };
    render(app, request, 200, view)
}

/// The sign-in page, on the way to the page that was asked for.
pub fn ask_for_page(app: &App, request: &Request) -> Answer {
    let target = if request.query.is_empty() { request.path.clone() } else { format!("{}?{}", request.path, request.query) };
    match app.is_unattended() {
        Ok(true) => page::not_set_up(app),
        Ok(false) => match again_in(app, request) {
            Ok(again) => ask(app, request, &return_to::safe_return(Some(&target)), None, again),
            Err(error) => page::unavailable(app, &error),
        },
        Err(error) => page::unavailable(app, &error),
    }
}

/// Why somebody who was signed in here before has to sign in again.
pub(super) fn again_in(app: &App, request: &Request) -> Result<Option<String>, StoreError> {
    app.ran_out(request)?.map(|run_out| again::signs_in(app, &run_out, None)).transpose()
}

fn blank(app: &App, return_to: &str) -> SigninPage {
    SigninPage {
        banner: app.banner(),
        csrf: String::new(),
        return_to: return_to.to_owned(),
        client_name: None,
        server_name: None,
        again: None,
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
    let return_to = return_to::safe_return(params.one("return_to").ok().flatten());
    let typed = params.one("username").ok().flatten().unwrap_or_default().to_owned();
    let again = |status, view: SigninPage| {
        let username = UserName::parse(&typed).map(|name| name.as_str().to_owned()).unwrap_or_default();
        render(app, request, status, SigninPage { username, ..view })
    };
    let Some(form) = app.check_visitor_form(request, params) else {
        return again(403, SigninPage { error: Some(STALE.to_owned()), ..blank(app, &return_to) });
    };
    let password = form.params().one("password").ok().flatten().unwrap_or_default();
    match guess::password(app, request, &typed, password) {
        Ok(Checked::Right(user)) => {
            trace::sign_in(app, request, &return_to, Outcome::Passed, Some(&user.name));
            let signed_in = app.sign_in(request, &user, page::see_other(&return_to));
            signed_in.unwrap_or_else(|error| page::unavailable(app, &error))
        }
        Ok(Checked::Wrong) => {
            let fix = "For a new password: doorward user password NAME. To see the names: doorward user list";
            trace::sign_in(app, request, &return_to, Outcome::turned_away("the name or the password is not right", fix), None);
            again(401, SigninPage { error: Some(WRONG.to_owned()), ..blank(app, &return_to) })
        }
        Ok(Checked::TooMany(wait)) => {
            let fix = "Use a browser that has signed in before, or set the password anew: doorward user password NAME";
            trace::sign_in(app, request, &return_to, Outcome::turned_away("too many wrong passwords", fix), None);
            let text = format!("Wait {} and try again. {KNOWN}", words::wait(wait));
            let view = SigninPage { throttled: Some(text), ..blank(app, &return_to) };
            again(429, view).with("retry-after", wait.as_secs().to_string())
        }
        Ok(Checked::Busy) => again(429, SigninPage { throttled: Some(BUSY.to_owned()), ..blank(app, &return_to) }).with("retry-after", "5"),
        Err(error) => page::unavailable(app, &error),
    }
}
