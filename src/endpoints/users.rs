//! `/users`: the accounts, for the owner.

use super::browser::{CheckedForm, Owner};
use super::confirm::{self, Confirmed};
use super::page::Message;
use super::room::{self, Room, Said};
use super::{App, page, words};
use crate::actions::{Action, Done, FailureKind};
use crate::clock::{self, UnixTime};
use crate::http::answer::Answer;
use crate::http::request::Request;
use crate::oauth::resource::ProtectedResource;
use crate::oauth::user::{User, UserName};
use crate::pages::qr;
use crate::pages::views::MessageKind;
use crate::pages::views::connect::CopyBox;
use crate::pages::views::form::{Field, Form};
use crate::pages::views::users::{UserEntry, UserInvitedPage, UserServer, UsersPage};
use crate::store::{ListedConnection, StoreError};

/// `GET /users`.
pub fn show(app: &App, request: &Request, owner: &Owner<'_>) -> Answer {
    let form = form(app, owner, "", "", false);
    list(app, request, owner, 200, form).unwrap_or_else(|error| page::unavailable(app, &error))
}

fn list(app: &App, request: &Request, owner: &Owner<'_>, status: u16, form: Form) -> Result<Answer, StoreError> {
    let now = clock::now();
    let connections = app.store.connections(None, now)?;
    let me = owner.signed_in();
    let view = UsersPage {
        frame: room::frame(app, request, me, Room::Users),
        users: app.store.users()?.iter().map(|user| entry(app, user, me.user.id == user.id, &connections, now)).collect(),
        form,
    };
    Ok(room::show(app, request, status, &view))
}

fn entry(app: &App, user: &User, is_me: bool, connections: &[ListedConnection], now: UnixTime) -> UserEntry {
    let count = connections.iter().filter(|listed| listed.connection.user == user.id).count();
    let marks =
        [(is_me, "you"), (user.owner, "owner"), (user.disabled, "switched off"), (!user.has_password() && !user.disabled, "invited")];
    let server = |resource: &ProtectedResource| UserServer {
        name: resource.name.clone(),
        path: resource.path.clone(),
        allowed: user.servers.allows(&resource.path),
    };
    UserEntry {
        name: user.name.as_str().to_owned(),
        marks: marks.into_iter().filter(|(applies, _)| *applies).map(|(_, mark)| mark.to_owned()).collect(),
        about: format!("{}, added {}", words::count(count, "connection"), words::ago(user.created_at, now)),
        servers: app.resources().iter().map(server).collect(),
        disabled: user.disabled,
        is_me,
        guarded: is_guarded(user),
    }
}

fn form(app: &App, owner: &Owner<'_>, name: &str, server: &str, is_owner: bool) -> Form {
    let each = app.resources().iter().map(|resource| (resource.path.clone(), format!("{} only", resource.name)));
    let all = (String::new(), "All servers, also those added later".to_owned());
    let fields = vec![
        Field::text("name", "Name or e-mail", name).with_rule("They sign in with it. You need no password of theirs."),
        Field::choice("server", "May let apps use", server, std::iter::once(all).chain(each)).optional(),
        Field::tick("owner", "An owner, who may do everything here", is_owner),
        Field::password(confirm::FIELD, "Your own password").with_rule("Only asked for to make an owner.").optional(),
    ];
    Form::new(app.form_token(owner.signed_in()), fields)
}

/// What somebody is added as. Whoever is made an owner could take this doorward over.
enum Role {
    Ordinary,
    Owner(Confirmed),
}

/// `POST /users/add`. The link is shown in the answer and nowhere else.
pub fn add(app: &App, request: &Request, owner: &Owner<'_>, filled_in: &CheckedForm) -> Answer {
    let (name, server, is_owner) = (filled_in.text("name").trim(), filled_in.text("server"), filled_in.text("owner") == "yes");
    let again = |status, field: &str, problem: &str| {
        let form = form(app, owner, name, server, is_owner).refused_in(field, problem);
        list(app, request, owner, status, form).unwrap_or_else(|error| page::unavailable(app, &error))
    };
    let confirmed = is_owner.then(|| confirm::own_password(app, request, owner.signed_in(), filled_in));
    let role = match confirmed {
        None => Role::Ordinary,
        Some(Ok(Ok(confirmed))) => Role::Owner(confirmed),
        Some(Ok(Err(unconfirmed))) => return unconfirmed.answer(|status, wrong| again(status, confirm::FIELD, wrong.problem())),
        Some(Err(error)) => return page::unavailable(app, &error),
    };
    match app.perform(owner.signed_in(), adding(name, server, &role)) {
        Ok(done) => invited(app, request, owner, &done),
        Err(failure) => {
            let what = format!("{} {}", page::sentence(&failure.what), failure_rule(&failure.hint));
            again(400, "name", what.trim_end())
        }
    }
}

fn adding(name: &str, server: &str, role: &Role) -> Action {
    let owner = match role {
        Role::Ordinary => false,
        Role::Owner(Confirmed { .. }) => true,
    };
    let servers = if server.is_empty() { vec![] } else { vec![server.to_owned()] };
    Action::UserAdd { name: name.to_owned(), password: None, owner, servers }
}

/// A hint that is about what is accepted and not about another command.
fn failure_rule(hint: &str) -> String {
    if hint.contains("doorward ") { String::new() } else { page::sentence(hint) }
}

/// `POST /users/invite`: another link for somebody who has not used theirs. Whoever has a password, or is an owner, gets one
/// by [`reset`].
pub fn invite(app: &App, request: &Request, owner: &Owner<'_>, form: &CheckedForm) -> Answer {
    let name = form.text("name").to_owned();
    match UserName::parse(&name).map(|name| app.store.user_named(&name)).transpose() {
        Ok(user) if user.as_ref().is_some_and(|user| user.as_ref().is_some_and(is_guarded)) => {
            page::error(app, 400, "That was not done", "This account needs a reset, which asks for your own password.", None)
        }
        Ok(_) => link_made(app, request, owner, Action::UserInvite { name }),
        Err(error) => page::unavailable(app, &error),
    }
}

/// A link for it is the way into an account that somebody uses, or that may do everything.
fn is_guarded(user: &User) -> bool {
    user.owner || user.has_password()
}

/// `POST /users/reset`: what was let in ends at once, and a link takes the place of the password.
pub fn reset(app: &App, request: &Request, owner: &Owner<'_>, form: &CheckedForm) -> Answer {
    match confirm::own_password(app, request, owner.signed_in(), form) {
        Ok(Ok(Confirmed { .. })) => link_made(app, request, owner, Action::UserReset { name: form.text("name").to_owned() }),
        Ok(Err(unconfirmed)) => unconfirmed.answer(|status, wrong| not_reset(app, status, wrong.problem())),
        Err(error) => page::unavailable(app, &error),
    }
}

fn not_reset(app: &App, status: u16, problem: &str) -> Answer {
    let paragraphs = &[problem, "Nothing was changed."];
    let link = Some((Room::Users.href(), "Back to the people"));
    let title = "That was not done";
    page::message(app, status, &Message { kind: MessageKind::Error, title, paragraphs, hint: None, steps: &[], link })
}

fn link_made(app: &App, request: &Request, owner: &Owner<'_>, action: Action) -> Answer {
    match app.perform(owner.signed_in(), action) {
        Ok(done) => invited(app, request, owner, &done),
        Err(failure) if failure.kind == FailureKind::Unknown => unknown(app),
        Err(failure) => page::failed(app, &failure),
    }
}

fn invited(app: &App, request: &Request, owner: &Owner<'_>, done: &Done) -> Answer {
    let text = |name: &str| done.data.get(name).and_then(|value| value.as_str()).unwrap_or_default().to_owned();
    let (name, url) = (text("name"), text("url"));
    let view = UserInvitedPage {
        frame: room::frame(app, request, owner.signed_in(), Room::Users),
        qr: qr::draw(&url),
        link: CopyBox { id: "link".to_owned(), label: format!("the link for {name}"), text: url },
        name,
        lasts: format!("within {}", words::span(app.config.lifetimes.invitation)),
    };
    room::show(app, request, 200, &view)
}

/// `POST /users/allow`.
pub fn allow(app: &App, request: &Request, owner: &Owner<'_>, form: &CheckedForm) -> Answer {
    change(app, request, owner, Action::UserAllow { name: form.text("name").to_owned(), path: form.text("path").to_owned() }, Said::Allowed)
}

/// `POST /users/deny`.
pub fn deny(app: &App, request: &Request, owner: &Owner<'_>, form: &CheckedForm) -> Answer {
    change(app, request, owner, Action::UserDeny { name: form.text("name").to_owned(), path: form.text("path").to_owned() }, Said::Denied)
}

/// `POST /users/disable`.
pub fn disable(app: &App, request: &Request, owner: &Owner<'_>, form: &CheckedForm) -> Answer {
    change(app, request, owner, Action::UserDisable { name: form.text("name").to_owned() }, Said::UserDisabled)
}

/// `POST /users/enable`.
pub fn enable(app: &App, request: &Request, owner: &Owner<'_>, form: &CheckedForm) -> Answer {
    change(app, request, owner, Action::UserEnable { name: form.text("name").to_owned() }, Said::UserEnabled)
}

/// `POST /users/remove`.
pub fn remove(app: &App, request: &Request, owner: &Owner<'_>, form: &CheckedForm) -> Answer {
    change(app, request, owner, Action::UserRemove { name: form.text("name").to_owned() }, Said::UserRemoved)
}

fn change(app: &App, request: &Request, owner: &Owner<'_>, action: Action, said: Said) -> Answer {
    match app.perform(owner.signed_in(), action) {
        Ok(_) => room::done(app, request, Room::Users, said),
        Err(failure) if failure.kind == FailureKind::Unknown => unknown(app),
        Err(failure) => page::failed(app, &failure),
    }
}

fn unknown(app: &App) -> Answer {
    page::nothing_here(app, "There is no such account or server", "It may have been removed before.")
}
