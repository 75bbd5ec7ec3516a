//! `/servers`: what is protected, and the forms that pause it, for the owner.

use super::browser::{CheckedForm, Owner};
use super::room::{self, Room, Said};
use super::{App, page, words};
use crate::actions::{Action, FailureKind};
use crate::clock::{self, UnixTime};
use crate::config::Server;
use crate::http::answer::Answer;
use crate::http::request::Request;
use crate::oauth::pause::{PauseAnswer, Pauses};
use crate::pages::views::servers::{ServerEntry, ServersPage};
use crate::store::{ListedConnection, StoreError};

/// `GET /servers`.
pub fn show(app: &App, request: &Request, owner: &Owner<'_>) -> Answer {
    list(app, request, owner).unwrap_or_else(|error| page::unavailable(app, &error))
}

fn list(app: &App, request: &Request, owner: &Owner<'_>) -> Result<Answer, StoreError> {
    let now = clock::now();
    let connections = app.store.connections(None, now)?;
    let pauses = app.store.pauses()?;
    let view = ServersPage {
        frame: room::frame(app, request, owner.signed_in(), Room::Servers),
        everything_paused: pauses.everything().map(|since| words::ago(since, now)),
        servers: app.config.servers.iter().map(|server| entry(server, &connections, &pauses, now)).collect(),
    };
    Ok(room::show(app, request, 200, &view))
}

fn entry(server: &Server, connections: &[ListedConnection], pauses: &Pauses, now: UnixTime) -> ServerEntry {
    let resource = &server.resource;
    let count = connections.iter().filter(|listed| listed.connection.server == resource.path).count();
    ServerEntry {
        name: resource.name.clone(),
        path: resource.path.clone(),
        state: state(pauses, &resource.path, now),
        held_up: pauses.open(resource).is_err(),
        paused: pauses.server(&resource.path).is_some(),
        url: resource.uri.clone(),
        upstream: server.upstream.to_string(),
        scopes: resource.scopes.iter().map(|(_, sentence)| sentence.clone()).collect(),
        unused: count == 0,
        connections: words::count(count, "connection"),
    }
}

fn state(pauses: &Pauses, path: &str, now: UnixTime) -> String {
    match (pauses.server(path), pauses.everything()) {
        (None, None) => "Open to calls".to_owned(),
        (None, Some(_)) => "Paused with everything else. Calls get 503 and are told to come back.".to_owned(),
        (Some(pause), everything) => {
            let answer = match (pause.answer, everything) {
                (PauseAnswer::Closed, None) => "Calls get 403 and are told that it is closed.",
                (PauseAnswer::RetryLater, None) => "Calls get 503 and are told to come back.",
                (PauseAnswer::Closed | PauseAnswer::RetryLater, Some(_)) => "It stays so when everything else goes on.",
            };
            format!("Paused by itself {}. {answer}", words::ago(pause.since, now))
        }
    }
}

/// `POST /servers/pause`.
pub fn pause(app: &App, request: &Request, owner: &Owner<'_>, form: &CheckedForm) -> Answer {
    let path = Some(form.text("path").to_owned());
    let action = Action::ServerPause { path, retry_later: form.text("answer") == "later" };
    change(app, request, owner, action, Said::ServerPaused)
}

/// `POST /servers/resume`.
pub fn resume(app: &App, request: &Request, owner: &Owner<'_>, form: &CheckedForm) -> Answer {
    change(app, request, owner, Action::ServerResume { path: Some(form.text("path").to_owned()) }, Said::ServerResumed)
}

/// `POST /servers/pause-everything`.
pub fn pause_everything(app: &App, request: &Request, owner: &Owner<'_>, _form: &CheckedForm) -> Answer {
    change(app, request, owner, Action::ServerPause { path: None, retry_later: true }, Said::EverythingPaused)
}

/// `POST /servers/resume-everything`.
pub fn resume_everything(app: &App, request: &Request, owner: &Owner<'_>, _form: &CheckedForm) -> Answer {
    change(app, request, owner, Action::ServerResume { path: None }, Said::EverythingResumed)
}

fn change(app: &App, request: &Request, owner: &Owner<'_>, action: Action, said: Said) -> Answer {
    match app.perform(owner.signed_in(), action) {
        Ok(_) => room::done(app, request, Room::Servers, said),
        Err(failure) if failure.kind == FailureKind::Unknown => {
            page::nothing_here(app, "There is no such server", "It may have been taken out of doorward.toml.")
        }
        Err(failure) => page::failed(app, &failure),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::pause::Subject;

    #[test]
    fn the_state_says_what_calls_are_told_and_what_a_resume_would_change() {
        let at = UnixTime(100);
        let server = |answer| Subject::Server("/notes".into(), answer);
        let said = |subjects: &[Subject]| {
            let pauses = subjects.iter().fold(Pauses::default(), |pauses, subject| pauses.paused(subject, at));
            state(&pauses, "/notes", UnixTime(160))
        };
        assert_eq!(said(&[]), "Open to calls");
        assert!(said(&[server(PauseAnswer::Closed)]).starts_with("Paused by itself 1 minute ago. Calls get 403"));
        assert!(said(&[server(PauseAnswer::RetryLater)]).contains("Calls get 503"));
        assert!(said(&[Subject::Everything]).starts_with("Paused with everything else."));
        assert!(said(&[Subject::Everything, server(PauseAnswer::Closed)]).ends_with("It stays so when everything else goes on."));
    }
}
