//! `/clients`: what is registered, and what an owner enters and removes.

use super::browser::{CheckedForm, Owner, Sent};
use super::home::named_by;
use super::room::{self, Room, Said};
use super::{App, page, words};
use crate::actions::{Action, Done, FailureKind};
use crate::clock::{self, UnixTime};
use crate::http::answer::Answer;
use crate::http::request::Request;
use crate::oauth::client::{AuthMethod, Client};
use crate::oauth::known_clients;
use crate::oauth::pause::Pauses;
use crate::pages::views::clients::{ClientAddedPage, ClientEntry, ClientsPage};
use crate::pages::views::connect::CopyBox;
use crate::pages::views::form::{Field, Form};
use crate::store::StoreError;

/// Most apps in the list: whoever floods the registration shall not make the page useless.
const MOST: usize = 100;

/// `GET /clients`.
pub fn show(app: &App, request: &Request, owner: &Owner<'_>) -> Answer {
    let form = form(app, owner, &Entered::default());
    list(app, request, owner, 200, form).unwrap_or_else(|error| page::unavailable(app, &error))
}

fn list(app: &App, request: &Request, owner: &Owner<'_>, status: u16, form: Form) -> Result<Answer, StoreError> {
    let now = clock::now();
    let connections = app.store.connections(None, now)?;
    let count = |client: &Client| connections.iter().filter(|listed| listed.connection.client == client.id).count();
    let mut clients: Vec<(usize, Client)> = app.store.clients()?.into_iter().map(|client| (count(&client), client)).collect();
    clients.sort_by_key(|(count, client)| (*count == 0, std::cmp::Reverse(client.created_at)));
    let pauses = app.store.pauses()?;
    let more = clients.len().saturating_sub(MOST);
    clients.truncate(MOST);
    let view = ClientsPage {
        frame: room::frame(app, request, owner.signed_in(), Room::Clients),
        clients: clients.into_iter().map(|(count, client)| entry(client, count, &pauses, now)).collect(),
        more: (more > 0).then(|| format!("{more} more that nobody uses are not shown; doorward client list has them all.")),
        form,
    };
    Ok(room::show(app, request, status, &view))
}

fn entry(client: Client, connections: usize, pauses: &Pauses, now: UnixTime) -> ClientEntry {
    ClientEntry {
        id: client.id.as_str().to_owned(),
        name: client.display_name().to_owned(),
        named_by: named_by(client.origin).to_owned(),
        since: words::ago(client.created_at, now),
        connections: words::count(connections, "connection"),
        unused: connections == 0,
        paused: pauses.client(&client.id).map(|since| words::ago(since, now)),
        proof: match (client.is_confidential(), client.auth_method) {
            (true, _) => "A secret of its own.",
            (false, AuthMethod::None | AuthMethod::ClientSecretPost | AuthMethod::ClientSecretBasic) => "None: only where its answers go.",
        }
        .to_owned(),
        redirect_uris: client.redirect_uris,
    }
}

/// What was filled in.
#[derive(Default)]
struct Entered {
    preset: String,
    redirect_uris: String,
    name: String,
    secret: bool,
}

fn form(app: &App, owner: &Owner<'_>, entered: &Entered) -> Form {
    let known = known_clients::presets().filter_map(|word| Some((word.to_owned(), known_clients::label(word)?.to_owned())));
    let fields = vec![
        Field::choice("preset", "Which app", &entered.preset, known),
        Field::lines("redirect_uris", "Callback addresses", &entered.redirect_uris)
            .with_rule("One a line, as the app’s settings show them. Needed for another app; known apps have theirs already.")
            .optional(),
        Field::text("name", "Name", &entered.name)
            .with_rule("What people read when it asks to be let in. Leave it empty for a known app.")
            .optional(),
        Field::tick("secret", "Give it a client secret", entered.secret).with_rule("Only if its form asks for one."),
    ];
    Form::new(app.form_token(owner.signed_in()), fields).numbered(app.form_number())
}

/// `POST /clients/add`. What is shown only once is the answer itself.
pub fn add(app: &App, request: &Request, owner: &Owner<'_>, filled_in: &CheckedForm) -> Answer {
    let text = |name| filled_in.text(name).to_owned();
    let entered = Entered {
        preset: text("preset"),
        redirect_uris: text("redirect_uris"),
        name: text("name"),
        secret: filled_in.text("secret") == "yes",
    };
    let name = entered.name.trim();
    let action = Action::ClientAdd {
        preset: Some(entered.preset.clone()),
        redirect_uris: entered.redirect_uris.split_whitespace().map(str::to_owned).collect(),
        name: (!name.is_empty()).then(|| name.to_owned()),
        secret: entered.secret,
    };
    match app.once(filled_in, || app.perform(owner.signed_in(), action)) {
        Ok(Sent::First(done)) => added(app, request, owner, &done),
        Ok(Sent::Before) => page::sent_before(app, (Room::Clients.href(), "See the apps")),
        Ok(Sent::InVain(failure)) => {
            let form = form(app, owner, &entered).refused_in("redirect_uris", &page::sentence(&failure.what));
            list(app, request, owner, 400, form).unwrap_or_else(|error| page::unavailable(app, &error))
        }
        Err(error) => page::unavailable(app, &error),
    }
}

fn added(app: &App, request: &Request, owner: &Owner<'_>, done: &Done) -> Answer {
    let text = |name: &str| done.data.get(name).and_then(|value| value.as_str());
    let issuer = app.issuer();
    let texts = [
        ("client-id", "Client id", text("id").map(str::to_owned)),
        ("client-secret", "Client secret", text("client_secret").map(str::to_owned)),
        ("authorization-url", "Authorization URL", Some(format!("{issuer}/authorize"))),
        ("token-url", "Access token URL", Some(format!("{issuer}/token"))),
    ];
    let copy = |(id, label, text): (&str, &str, Option<String>)| Some(CopyBox { id: id.to_owned(), label: label.to_owned(), text: text? });
    let view = ClientAddedPage {
        frame: room::frame(app, request, owner.signed_in(), Room::Clients),
        name: text("name").unwrap_or_default().to_owned(),
        copies: texts.into_iter().filter_map(copy).collect(),
        has_secret: text("client_secret").is_some(),
    };
    room::show(app, request, 200, &view)
}

/// `POST /clients/remove`.
pub fn remove(app: &App, request: &Request, owner: &Owner<'_>, form: &CheckedForm) -> Answer {
    change(app, request, owner, Action::ClientRemove { id: form.text("id").to_owned() }, Said::ClientRemoved)
}

/// `POST /clients/pause`.
pub fn pause(app: &App, request: &Request, owner: &Owner<'_>, form: &CheckedForm) -> Answer {
    change(app, request, owner, Action::ClientPause { id: form.text("id").to_owned() }, Said::ClientPaused)
}

/// `POST /clients/resume`.
pub fn resume(app: &App, request: &Request, owner: &Owner<'_>, form: &CheckedForm) -> Answer {
    change(app, request, owner, Action::ClientResume { id: form.text("id").to_owned() }, Said::ClientResumed)
}

fn change(app: &App, request: &Request, owner: &Owner<'_>, action: Action, said: Said) -> Answer {
    match app.perform(owner.signed_in(), action) {
        Ok(_) => room::done(app, request, Room::Clients, said),
        Err(failure) if failure.kind == FailureKind::Unknown => {
            page::nothing_here(app, "There is no such app", "It may have been removed before.")
        }
        Err(failure) => page::failed(app, &failure),
    }
}
