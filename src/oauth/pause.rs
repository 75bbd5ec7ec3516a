//! Standing still for a while: a server, a client or everything. Tokens and connections stay what they are, so that nobody
//! has to connect anew when it goes on. Only calls are held up; sign-in, consent and `/token` go on.

use super::bearer::Bearer;
use super::error::Refusal;
use super::ids::ClientId;
use super::limits::Wait;
use super::resource::ProtectedResource;
use crate::clock::UnixTime;
use serde::{Deserialize, Serialize};

/// What a call that comes too early is told to wait (RFC 9110 §10.2.3): short, since nobody knows how long a pause is.
pub const RETRY_AFTER: Wait = Wait::seconds(60);

/// Everything that is paused. A stored record: frozen once released.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pauses {
    everything: Option<UnixTime>,
    servers: Vec<(String, ServerPause)>,
    clients: Vec<(ClientId, UnixTime)>,
}

/// How a server is paused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerPause {
    /// Since when.
    pub since: UnixTime,
    /// What its calls are told.
    pub answer: PauseAnswer,
}

/// What the calls of a paused server are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PauseAnswer {
    /// 403: that it is closed.
    Closed,
    /// 503: to try again later.
    RetryLater,
}

/// What can be paused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// Every server.
    Everything,
    /// The server at this path, and what its calls are told.
    Server(String, PauseAnswer),
    /// A client.
    Client(ClientId),
}

impl Pauses {
    /// The same with one more pause; one that there was already keeps its time.
    #[must_use]
    pub fn paused(mut self, subject: &Subject, now: UnixTime) -> Self {
        match subject {
            Subject::Everything => self.everything = self.everything.or(Some(now)),
            Subject::Server(path, answer) => {
                let since = self.server(path).map_or(now, |before| before.since);
                self.servers.retain(|(known, _)| known != path);
                self.servers.push((path.clone(), ServerPause { since, answer: *answer }));
            }
            Subject::Client(id) if self.client(id).is_none() => self.clients.push((id.clone(), now)),
            Subject::Client(_) => (),
        }
        self
    }

    /// The same without a pause. What is paused by itself stays so when everything else goes on.
    #[must_use]
    pub fn resumed(mut self, subject: &Subject) -> Self {
        match subject {
            Subject::Everything => self.everything = None,
            Subject::Server(path, _) => self.servers.retain(|(known, _)| known != path),
            Subject::Client(id) => self.clients.retain(|(known, _)| known != id),
        }
        self
    }

    /// Since when everything is paused.
    pub fn everything(&self) -> Option<UnixTime> {
        self.everything
    }

    /// How a server is paused by itself.
    pub fn server(&self, path: &str) -> Option<ServerPause> {
        self.servers.iter().find(|(known, _)| known == path).map(|(_, pause)| *pause)
    }

    /// Since when a client is paused.
    pub fn client(&self, id: &ClientId) -> Option<UnixTime> {
        self.clients.iter().find(|(known, _)| known == id).map(|(_, since)| *since)
    }

    /// Every client that is paused, and since when.
    pub fn clients(&self) -> &[(ClientId, UnixTime)] {
        &self.clients
    }

    /// Whether calls to a server may be looked at. Asked before anything else about them: a call to a paused server is told
    /// so whatever it carries, since a 401 would make its client throw its tokens away or sign in again.
    ///
    /// # Errors
    /// [`Refusal::ServerPaused`], [`Refusal::ServerPausedForNow`].
    pub fn open<'a>(&'a self, resource: &'a ProtectedResource) -> Result<OpenServer<'a>, Refusal> {
        match (self.everything, self.server(&resource.path).map(|pause| pause.answer)) {
            (Some(_), _) | (None, Some(PauseAnswer::RetryLater)) => Err(Refusal::ServerPausedForNow),
            (None, Some(PauseAnswer::Closed)) => Err(Refusal::ServerPaused),
            (None, None) => Ok(OpenServer { resource, pauses: self }),
        }
    }
}

/// Proof that a server is not paused. Made by [`Pauses::open`] alone.
#[derive(Clone, Copy, Debug)]
pub struct OpenServer<'a> {
    resource: &'a ProtectedResource,
    pauses: &'a Pauses,
}

impl<'a> OpenServer<'a> {
    /// The server.
    pub fn resource(&self) -> &'a ProtectedResource {
        self.resource
    }

    /// Whether whoever carries a credential may call now.
    ///
    /// # Errors
    /// [`Refusal::ClientPaused`].
    pub fn admits(&self, bearer: &Bearer) -> Result<(), Refusal> {
        match bearer {
            Bearer::Client(id) if self.pauses.client(id).is_some() => Err(Refusal::ClientPaused),
            Bearer::Client(_) | Bearer::Key(_) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::error::ErrorCode;
    use crate::oauth::fixtures::{NOW, resource, seconds_later};
    use crate::oauth::ids::KeyId;

    fn server(path: &str, answer: PauseAnswer) -> Subject {
        Subject::Server(path.into(), answer)
    }

    fn client(id: &str) -> Subject {
        Subject::Client(ClientId::known_as(id))
    }

    fn with(subjects: &[Subject]) -> Pauses {
        subjects.iter().fold(Pauses::default(), |pauses, subject| pauses.paused(subject, NOW))
    }

    /// What a call to `path` by the client `id` comes to.
    fn called(pauses: &Pauses, path: &str, id: &str) -> Option<Refusal> {
        pauses.open(&resource(path)).and_then(|server| server.admits(&Bearer::Client(ClientId::known_as(id)))).err()
    }

    #[test]
    fn nothing_is_paused_at_first() {
        assert_eq!(called(&Pauses::default(), "/notes", "claude"), None);
    }

    #[test]
    fn a_paused_server_refuses_everybody_in_its_own_way_and_the_others_go_on() {
        let pauses = with(&[server("/notes", PauseAnswer::Closed), server("/files", PauseAnswer::RetryLater)]);
        assert_eq!(called(&pauses, "/notes", "claude"), Some(Refusal::ServerPaused));
        assert_eq!(called(&pauses, "/files", "claude"), Some(Refusal::ServerPausedForNow));
        for path in ["/note", "/notes/a", "/Notes", "/house"] {
            assert_eq!(called(&pauses, path, "claude"), None, "{path}");
        }
    }

    #[test]
    fn a_paused_client_is_paused_everywhere_and_nobody_else_is() {
        let pauses = with(&[client("claude")]);
        assert_eq!(called(&pauses, "/notes", "claude"), Some(Refusal::ClientPaused));
        assert_eq!(called(&pauses, "/files", "claude"), Some(Refusal::ClientPaused));
        assert_eq!(called(&pauses, "/notes", "cursor"), None);
        let key = Bearer::Key(KeyId::known_as("claude"));
        assert_eq!(pauses.open(&resource("/notes")).unwrap().admits(&key), Ok(()), "a key is no client");
    }

    #[test]
    fn with_everything_paused_each_server_says_to_come_back_and_what_was_paused_by_itself_stays_so() {
        let pauses = with(&[Subject::Everything, server("/notes", PauseAnswer::Closed), client("claude")]);
        for path in ["/notes", "/files"] {
            assert_eq!(called(&pauses, path, "cursor"), Some(Refusal::ServerPausedForNow), "{path}");
        }
        let pauses = pauses.resumed(&Subject::Everything);
        assert_eq!(called(&pauses, "/notes", "cursor"), Some(Refusal::ServerPaused));
        assert_eq!((called(&pauses, "/files", "cursor"), called(&pauses, "/files", "claude")), (None, Some(Refusal::ClientPaused)));
    }

    #[test]
    fn resuming_ends_one_pause_and_no_other() {
        let all = [server("/notes", PauseAnswer::Closed), server("/files", PauseAnswer::Closed), client("claude"), client("cursor")];
        let pauses = with(&all);
        assert_eq!(pauses.clone().resumed(&all[0]), with(&[all[1].clone(), all[2].clone(), all[3].clone()]));
        assert_eq!(pauses.clone().resumed(&all[2]), with(&[all[0].clone(), all[1].clone(), all[3].clone()]));
        assert_eq!(pauses.clone().resumed(&server("/house", PauseAnswer::Closed)), pauses);
        assert_eq!(all.iter().fold(pauses, |pauses, one| pauses.resumed(one)), Pauses::default());
    }

    #[test]
    fn pausing_again_changes_the_answer_and_not_the_time() {
        for subject in [Subject::Everything, client("claude")] {
            let once = with(std::slice::from_ref(&subject));
            assert_eq!(once.clone().paused(&subject, seconds_later(60)), once);
        }
        let pauses = with(&[server("/notes", PauseAnswer::Closed)]).paused(&server("/notes", PauseAnswer::RetryLater), seconds_later(60));
        assert_eq!(pauses.server("/notes"), Some(ServerPause { since: NOW, answer: PauseAnswer::RetryLater }));
    }

    #[test]
    fn no_pause_looks_like_a_bad_token() {
        for refusal in [Refusal::ServerPaused, Refusal::ServerPausedForNow, Refusal::ClientPaused] {
            let wire = refusal.wire();
            assert!(matches!(wire.status, 403 | 503) && !crate::oauth::bearer::is_challenged(&refusal), "{refusal:?}");
            assert_eq!(wire.code == ErrorCode::TemporarilyUnavailable, wire.status == 503);
            assert!(wire.description.contains("paused"), "{refusal:?}");
        }
    }
}
