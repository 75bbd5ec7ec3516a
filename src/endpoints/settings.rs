//! `/settings`: one's own password, and for an owner what is configured.

use super::browser::{CheckedForm, SignedIn};
use super::confirm;
use super::credentials::{self, Wrong};
use super::room::{self, Room, Said};
use super::{App, page, words};
use crate::actions::{self, Action};
use crate::http::answer::Answer;
use crate::http::request::Request;
use crate::oauth::resource::ProtectedResource;
use crate::oauth::token_policy::RefreshMode;
use crate::pages::views::form::{Field, Form};
use crate::pages::views::settings::{Setting, SettingsPage};
use crate::store::StoreError;

/// `GET /settings`.
pub fn show(app: &App, request: &Request, signed_in: &SignedIn) -> Answer {
    answer(app, request, signed_in, 200, &[])
}

fn answer(app: &App, request: &Request, signed_in: &SignedIn, status: u16, wrong: &[Wrong]) -> Answer {
    let form = Wrong::mark(form(app, signed_in), wrong);
    let view = of_owner(app, request, signed_in, form);
    room::show(app, request, status, &view)
}

fn of_owner(app: &App, request: &Request, signed_in: &SignedIn, form: Form) -> SettingsPage {
    let is_owner = signed_in.as_owner().is_some();
    let setting = |(name, value): (String, String)| Setting { name, value: if value.is_empty() { "none".to_owned() } else { value } };
    SettingsPage {
        frame: room::frame(app, request, signed_in, Room::Settings),
        form,
        lifetimes: if is_owner { lifetimes(app).into_iter().map(setting).collect() } else { vec![] },
        settings: if is_owner { actions::configured(&app.config).into_iter().map(setting).collect() } else { vec![] },
    }
}

fn form(app: &App, signed_in: &SignedIn) -> Form {
    let [password, again] = credentials::password_fields();
    let fields = vec![
        Field::password(confirm::FIELD, "Your password now"),
        Field { label: "New password", ..password },
        Field { label: "The new one again", ..again },
    ];
    Form::new(app.form_token(signed_in), fields)
}

/// In words, each server's where they are not all alike.
fn lifetimes(app: &App) -> Vec<(String, String)> {
    let ours = &app.config.lifetimes;
    let here = [("A browser’s sign-in", ours.session), ("An app’s request", ours.flow), ("An invitation", ours.invitation)];
    let here = here.map(|(name, span)| (name.to_owned(), words::span(span)));
    let resources = app.resources();
    let alike = resources.windows(2).all(|pair| matches!(pair, [one, other] if one.tokens == other.tokens));
    let shown = if alike { resources.get(..1).unwrap_or_default() } else { resources };
    let of_server = |resource: &ProtectedResource| {
        let name = if alike { "An app’s access".to_owned() } else { format!("Access to {}", resource.name) };
        (name, access(resource))
    };
    here.into_iter().chain(shown.iter().map(of_server)).collect()
}

fn access(resource: &ProtectedResource) -> String {
    let tokens = &resource.tokens;
    match (tokens.access_token, tokens.refresh) {
        (None, _) => "until it is revoked".to_owned(),
        (Some(each), RefreshMode::Rotate) => {
            format!("renewed every {}, over when unused for {}", words::span(each), words::span(tokens.refresh_token))
        }
        (Some(each), RefreshMode::Reusable) => {
            format!(
                "renewed every {} with one lasting token, over when unused for {}",
                words::span(each),
                words::span(tokens.refresh_token)
            )
        }
    }
}

/// `POST /settings/password`. The password of now is asked for: an open browser is not its owner.
pub fn change_password(app: &App, request: &Request, signed_in: &SignedIn, form: &CheckedForm) -> Answer {
    change(app, request, signed_in, form).unwrap_or_else(|error| page::unavailable(app, &error))
}

fn change(app: &App, request: &Request, signed_in: &SignedIn, form: &CheckedForm) -> Result<Answer, StoreError> {
    let name = signed_in.user.name.as_str();
    let password = match credentials::password(form.params()) {
        Ok(password) => password,
        Err(wrong) => return Ok(answer(app, request, signed_in, 400, &[wrong])),
    };
    if let Err(unconfirmed) = confirm::own_password(app, request, signed_in, form)? {
        return Ok(unconfirmed.answer(|status, wrong| answer(app, request, signed_in, status, &[wrong])));
    }
    let action = Action::UserPassword { name: name.to_owned(), password: password.reveal().to_owned() };
    if let Err(failure) = app.perform(signed_in, action) {
        return Ok(page::failed(app, &failure));
    }
    // Every session has ended with the password before it, this one too: this browser has just shown that it is still theirs.
    match app.store.user(&signed_in.user.id)? {
        Some(user) => app.sign_in(request, &user, room::done(app, request, Room::Settings, Said::PasswordChanged)),
        None => Ok(page::see_other(Room::Overview.href())),
    }
}
