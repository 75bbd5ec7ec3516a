//! `/keys`: the API keys of whoever is signed in, and for an owner everybody's.
//!
//! A key acts as its user, so that a page makes one for nobody but who is signed in; for somebody else there is the command.

use super::browser::{CheckedForm, Sent, SignedIn};
use super::room::{self, Room, Said};
use super::{App, home, page, words};
use crate::actions::{Action, Done, FailureKind};
use crate::clock::{self, UnixTime};
use crate::http::answer::Answer;
use crate::http::request::Request;
use crate::oauth::api_key::{KeyName, KeyState, MAX_NAME};
use crate::oauth::limits::Wait;
use crate::oauth::resource::ProtectedResource;
use crate::pages::views::connect::CopyBox;
use crate::pages::views::form::{Field, Form};
use crate::pages::views::keys::{KeyAddedPage, KeyEntry, KeyScope, KeyServer, KeysPage};
use crate::store::{ListedApiKey, StoreError};
use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// After how many days a key may end, as it is sent and as it is read; nothing stands for never.
const ENDS: [(&str, &str, Option<u32>); 4] =
    [("30d", "In 30 days", Some(30)), ("90d", "In 90 days", Some(90)), ("1y", "In a year", Some(365)), ("never", "Never by itself", None)];

/// What was filled in.
struct Entered<'a> {
    name: &'a str,
    expires: &'a str,
    server: &'a str,
    /// Each the path of its server, a space and its name; `None` before anybody has chosen.
    scopes: Option<Vec<&'a str>>,
}

impl<'a> Entered<'a> {
    const NOTHING: Self = Self { name: "", expires: "90d", server: "", scopes: None };

    fn read(form: &'a CheckedForm) -> Self {
        let scopes = Some(form.params().all("scope").collect());
        Self { name: form.text("name").trim(), expires: form.text("expires"), server: form.text("server"), scopes }
    }

    /// The scopes that were ticked at a server.
    fn scopes_at<'s>(&'s self, path: &'s str) -> impl Iterator<Item = &'a str> + 's {
        let all = self.scopes.iter().flatten();
        all.filter_map(move |sent| sent.strip_prefix(path)?.strip_prefix(' '))
    }
}

/// `GET /keys`.
pub fn show(app: &App, request: &Request, signed_in: &SignedIn) -> Answer {
    answer(app, request, signed_in, 200, (&Entered::NOTHING, None))
}

fn answer(app: &App, request: &Request, signed_in: &SignedIn, status: u16, filled_in: (&Entered<'_>, Option<(&str, &str)>)) -> Answer {
    list(app, request, signed_in, status, filled_in).unwrap_or_else(|error| page::unavailable(app, &error))
}

fn list(
    app: &App,
    request: &Request,
    signed_in: &SignedIn,
    status: u16,
    (entered, wrong): (&Entered<'_>, Option<(&str, &str)>),
) -> Result<Answer, StoreError> {
    let now = clock::now();
    let me = &signed_in.user.id;
    let listed = app.store.api_keys(if signed_in.as_owner().is_some() { None } else { Some(me) })?;
    let (mine, others): (Vec<_>, Vec<_>) = listed.into_iter().partition(|listed| listed.standing.key.user == *me);
    let entries = |listed: Vec<ListedApiKey>, named: bool| listed.into_iter().map(|listed| entry(app, listed, named, now)).collect();
    let form = form(app, signed_in, entered);
    let view = KeysPage {
        frame: room::frame(app, request, signed_in, Room::Keys),
        keys: entries(mine, false),
        others: entries(others, true),
        form: wrong.map_or(form.clone(), |(field, problem)| form.refused_in(field, problem)),
        servers: servers(app, signed_in, entered),
    };
    Ok(room::show(app, request, status, &view))
}

fn entry(app: &App, listed: ListedApiKey, named: bool, now: UnixTime) -> KeyEntry {
    let state = listed.standing.state(now);
    let (key, user) = (listed.standing.key, listed.standing.user);
    let resource = app.resource_at(&key.server);
    let whose = || user.map_or_else(|| "a removed user".to_owned(), |user| user.name.as_str().to_owned());
    KeyEntry {
        ends: ends(state, key.expires_at, now),
        works: state == KeyState::Active,
        id: key.id.as_str().to_owned(),
        name: key.name.as_str().to_owned(),
        begins: key.begins,
        server_name: resource.map_or(key.server.as_str(), |resource| resource.name.as_str()).to_owned(),
        whose: named.then(whose),
        scopes: key.scope.names().map(|name| words::scope(resource, name)).collect(),
        since: words::ago(key.created_at, now),
        last_used: listed.last_use.map(|last| home::last_used(last, now)),
    }
}

fn ends(state: KeyState, end: Option<UnixTime>, now: UnixTime) -> String {
    match (state, end) {
        (KeyState::Ended, _) => "It has ended with its person’s password, account or access to the server.".to_owned(),
        (KeyState::Active, None) => "It does not end by itself.".to_owned(),
        (KeyState::Active, Some(end)) => format!("It ends in {}.", words::wait(Wait::seconds(end.since(now).as_secs()))),
        (KeyState::Expired, end) => format!("It ended {}.", words::ago(end.unwrap_or(now), now)),
    }
}

fn form(app: &App, signed_in: &SignedIn, entered: &Entered<'_>) -> Form {
    let ends = ENDS.iter().map(|(word, label, _)| ((*word).to_owned(), (*label).to_owned()));
    let fields = vec![
        Field::text("name", "Name of the key", entered.name).with_rule("By which you will know the script that has it."),
        Field::choice("expires", "Ends", entered.expires, ends),
    ];
    Form::new(app.form_token(signed_in), fields).numbered(app.form_number())
}

/// The servers that they may use; the first is chosen where they have not.
fn servers(app: &App, signed_in: &SignedIn, entered: &Entered<'_>) -> Vec<KeyServer> {
    let usable: Vec<&ProtectedResource> = app.resources().iter().filter(|resource| signed_in.user.may_use(&resource.path)).collect();
    let chosen = usable.iter().find(|resource| resource.path == entered.server).or(usable.first()).map(|resource| resource.path.as_str());
    let server = |resource: &&ProtectedResource| KeyServer {
        chosen: Some(resource.path.as_str()) == chosen,
        path: resource.path.clone(),
        name: resource.name.clone(),
        scopes: resource.scopes.iter().map(|(name, description)| scope(resource, name, description, entered)).collect(),
    };
    usable.iter().map(server).collect()
}

fn scope(resource: &ProtectedResource, name: &str, description: &str, entered: &Entered<'_>) -> KeyScope {
    let ticked = match entered.scopes {
        None => resource.default_scope.contains(name),
        Some(_) => entered.scopes_at(&resource.path).any(|ticked| ticked == name),
    };
    KeyScope { name: name.to_owned(), description: description.to_owned(), ticked, settled: resource.scopes.len() == 1 }
}

/// `POST /keys/add`. The key is in the answer and nowhere else.
pub fn add(app: &App, request: &Request, signed_in: &SignedIn, filled_in: &CheckedForm) -> Answer {
    let entered = Entered::read(filled_in);
    let refuse = |field, problem: &str| answer(app, request, signed_in, 400, (&entered, Some((field, problem))));
    if KeyName::parse(entered.name).is_none() {
        return refuse("name", &format!("Please give it a name of up to {MAX_NAME} visible characters."));
    }
    let Some((_, _, days)) = ENDS.iter().find(|(word, _, _)| *word == entered.expires) else {
        return refuse("expires", "Please choose when it ends.");
    };
    let usable = app.resource_at(entered.server).filter(|resource| signed_in.user.may_use(&resource.path));
    let Some(resource) = usable else { return refuse("server", "Please choose a server.") };
    let scopes: Vec<String> = entered.scopes_at(&resource.path).map(str::to_owned).collect();
    if scopes.is_empty() && resource.scopes.len() > 1 {
        return refuse("server", "Please tick what the key may do.");
    }
    let action = Action::KeyAdd {
        name: entered.name.to_owned(),
        server: resource.path.clone(),
        scopes,
        expires_in: days.map(|days| DAY * days),
        user: Some(signed_in.user.name.as_str().to_owned()),
    };
    match app.once(filled_in, || app.perform(signed_in, action)) {
        Ok(Sent::First(done)) => added(app, request, signed_in, resource, &done),
        Ok(Sent::Before) => page::sent_before(app, (Room::Keys.href(), "See the keys")),
        Ok(Sent::InVain(failure)) => refuse("", &page::sentence(&failure.what)),
        Err(error) => page::unavailable(app, &error),
    }
}

fn added(app: &App, request: &Request, signed_in: &SignedIn, resource: &ProtectedResource, done: &Done) -> Answer {
    let text = |name: &str| done.data.get(name).and_then(|value| value.as_str()).unwrap_or_default();
    let copy = |id: &str, label: &str, text: String| CopyBox { id: id.to_owned(), label: label.to_owned(), text };
    let view = KeyAddedPage {
        frame: room::frame(app, request, signed_in, Room::Keys),
        name: text("name").to_owned(),
        copies: vec![
            copy("key", "The key", text("key").to_owned()),
            copy("field", "The header field that carries it", format!("Authorization: Bearer {}", text("key"))),
            copy("address", "The address that takes it", resource.uri.clone()),
        ],
    };
    room::show(app, request, 200, &view)
}

/// `POST /keys/revoke`: one's own, for an owner anybody's. Somebody else's is treated like one that does not exist.
pub fn revoke(app: &App, request: &Request, signed_in: &SignedIn, form: &CheckedForm) -> Answer {
    let user = if signed_in.as_owner().is_some() { None } else { Some(signed_in.user.name.as_str().to_owned()) };
    match app.perform(signed_in, Action::KeyRevoke { id: form.text("id").to_owned(), user }) {
        Ok(_) => room::done(app, request, Room::Keys, Said::KeyRevoked),
        Err(failure) if failure.kind == FailureKind::Unknown => {
            page::nothing_here(app, "There is no such key", "It may have been revoked before.")
        }
        Err(failure) => page::failed(app, &failure),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_says_when_a_key_ends_or_why_it_has() {
        let now = UnixTime(1_000_000);
        let in_days = |days: u32| Some(now.after(DAY * days));
        assert_eq!(ends(KeyState::Active, None, now), "It does not end by itself.");
        assert_eq!(ends(KeyState::Active, in_days(90), now), "It ends in 90 days.");
        assert_eq!(ends(KeyState::Expired, Some(UnixTime(now.0 - 7200)), now), "It ended 2 hours ago.");
        assert!(ends(KeyState::Ended, in_days(90), now).starts_with("It has ended with its person"));
    }

    #[test]
    fn only_what_was_ticked_at_the_chosen_server_counts() {
        let sent = vec!["/notes read", "/notes write", "/notes2 admin", "/files read", "/notes", "read"];
        let entered = Entered { scopes: Some(sent), server: "/notes", ..Entered::NOTHING };
        assert_eq!(entered.scopes_at("/notes").collect::<Vec<_>>(), ["read", "write"]);
        assert_eq!(entered.scopes_at("/none").count(), 0);
    }
}
