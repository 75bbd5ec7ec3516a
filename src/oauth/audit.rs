//! What happened, for the owner to read: the events of the audit log. Which there can be is in [`super::audit_kinds`].
//!
//! An event names people, clients and servers as they were called then, since each may be gone when it is read. It has no
//! field that a secret would fit into, and nothing that a stranger typed: a name that is nobody's is left out, because
//! people type passwords into the wrong field.

use super::audit_kinds::{Class, What};
use super::client::Client;
use super::ids::ConnectionId;
use super::text::Shown;
use super::user::UserName;
use crate::clock::UnixTime;
// Addresses as values; `core` has nothing that could reach the network.
use core::net::IpAddr;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// When and from where something is asked for, and by whom where an account is signed in there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Occasion {
    /// When.
    pub at: UnixTime,
    /// The real client's address; `None` for a command on this machine.
    pub from: Option<IpAddr>,
    /// The account that is signed in there.
    pub by: Option<UserName>,
}

impl Occasion {
    /// A command on this machine, or doorward itself.
    pub fn here(at: UnixTime) -> Self {
        Self { at, from: None, by: None }
    }

    /// A request.
    pub fn request(at: UnixTime, from: IpAddr) -> Self {
        Self { at, from: Some(from), by: None }
    }

    /// The same, by somebody signed in.
    #[must_use]
    pub fn by(self, user: &UserName) -> Self {
        Self { by: Some(user.clone()), ..self }
    }

    /// The event that `what` happened on this occasion.
    pub fn event(&self, what: What) -> Event {
        Event { at: self.at, from: self.from, by: self.by.clone(), what, user: None, client: None, server: None, connection: None }
    }
}

/// Something that happened. A stored record: frozen once released.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// When.
    pub at: UnixTime,
    /// From which address; `None` is this machine.
    pub from: Option<IpAddr>,
    /// The account that was signed in where it was done.
    pub by: Option<UserName>,
    /// What.
    pub what: What,
    /// To or by which account.
    pub user: Option<UserName>,
    /// With which client.
    pub client: Option<NamedClient>,
    /// At the server of which path.
    pub server: Option<Shown>,
    /// In which connection.
    pub connection: Option<ConnectionId>,
}

/// A client by its id and by the name it had then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedClient {
    /// RFC 6749 §2.2.
    pub id: Shown,
    /// What it called itself.
    pub name: Shown,
}

impl NamedClient {
    /// As it is called now.
    pub fn of(client: &Client) -> Self {
        Self { id: Shown::new(client.id.as_str()), name: Shown::new(client.display_name()) }
    }
}

impl Event {
    /// Whom it is about.
    #[must_use]
    pub fn of_user(self, name: &UserName) -> Self {
        Self { user: Some(name.clone()), ..self }
    }

    /// Which client it is about.
    #[must_use]
    pub fn of_client(self, client: &Client) -> Self {
        Self { client: Some(NamedClient::of(client)), ..self }
    }

    /// Which server it is about.
    #[must_use]
    pub fn at_server(self, path: &str) -> Self {
        Self { server: Some(Shown::new(path)), ..self }
    }

    /// Which connection it is about.
    #[must_use]
    pub fn in_connection(self, id: &ConnectionId) -> Self {
        Self { connection: Some(id.clone()), ..self }
    }
}

/// An event and its place in the log. A stored record: frozen once released.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Counts every event that this data directory ever had.
    pub number: u64,
    /// What happened.
    pub event: Event,
}

impl Entry {
    /// For scripts. Members are added and never renamed; what does not apply is left out.
    pub fn json(&self) -> Value {
        let event = &self.event;
        let mut data = json!({
            "number": self.number,
            "at": event.at.0,
            "kind": event.what.kind(),
            "alarm": event.what.is_alarm(),
            "from": event.from.map_or_else(|| "this machine".to_owned(), |address| address.to_string()),
            "sentence": event.sentence(),
        });
        let members = [
            ("by", event.by.as_ref().map(UserName::as_str)),
            ("user", event.user.as_ref().map(UserName::as_str)),
            ("client", event.client.as_ref().map(|client| client.name.as_str())),
            ("client_id", event.client.as_ref().map(|client| client.id.as_str())),
            ("server", event.server.as_ref().map(Shown::as_str)),
            ("connection", event.connection.as_ref().map(ConnectionId::as_str)),
        ];
        if let Some(data) = data.as_object_mut() {
            data.extend(members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), json!(value?)))));
        }
        data
    }
}

/// Which part of the log is to be read, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wanted {
    /// Only what is newer than this number.
    pub after: Option<u64>,
    /// Only what is older than this number: the next page.
    pub before: Option<u64>,
    /// Only this kind ([`What::kind`]).
    pub kind: Option<String>,
    /// Only what this account did or what was done to it, however its letters are cased.
    pub user: Option<String>,
    /// Only this client, by its id or by its name.
    pub client: Option<String>,
    /// Only what looks like theft.
    pub alarms: bool,
    /// Only what happened from then on.
    pub since: Option<UnixTime>,
    /// At most so many.
    pub limit: usize,
}

impl Wanted {
    /// The newest `limit` of all.
    pub fn newest(limit: usize) -> Self {
        Self { after: None, before: None, kind: None, user: None, client: None, alarms: false, since: None, limit }
    }

    /// The classes in which one of them can be.
    pub fn classes(&self) -> &'static [Class] {
        if self.alarms { &Class::WITH_ALARMS } else { &Class::ALL }
    }

    /// True when the entry is one of them.
    pub fn includes(&self, entry: &Entry) -> bool {
        let event = &entry.event;
        let is_of = |wanted: &String| [&event.user, &event.by].into_iter().flatten().any(|user| user.as_str().eq_ignore_ascii_case(wanted));
        let is_by = |wanted: &String| {
            let wanted = Shown::new(wanted);
            event.client.as_ref().is_some_and(|client| client.id == wanted || client.name == wanted)
        };
        self.after.is_none_or(|after| entry.number > after)
            && self.before.is_none_or(|before| entry.number < before)
            && (!self.alarms || event.what.is_alarm())
            && self.since.is_none_or(|since| event.at >= since)
            && self.kind.as_ref().is_none_or(|kind| event.what.kind() == kind)
            && self.user.as_ref().is_none_or(is_of)
            && self.client.as_ref().is_none_or(is_by)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::connection::EndReason;
    use crate::oauth::fixtures::{NOW, client, connection, user};
    use core::net::Ipv4Addr;

    fn full() -> Event {
        let occasion = Occasion::request(NOW, IpAddr::V4(Ipv4Addr::new(203, 0, 113, 9))).by(&user("root").name);
        let event = occasion.event(What::ConnectionEnded(EndReason::RevokedByUser));
        event.of_user(&user("ann").name).of_client(&client("claude")).at_server("/notes").in_connection(&connection().id)
    }

    #[test]
    fn a_script_reads_every_member_by_its_name() {
        let expected = json!({
            "number": 7,
            "at": NOW.0,
            "kind": "connection_revoked",
            "alarm": false,
            "from": "203.0.113.9",
            "sentence": "the connection of \"Test client\" to /notes of ann was revoked by root",
            "by": "root",
            "user": "ann",
            "client": "Test client",
            "client_id": "claude",
            "server": "/notes",
            "connection": "conn_1",
        });
        assert_eq!(Entry { number: 7, event: full() }.json(), expected);
    }

    #[test]
    fn what_does_not_apply_is_left_out_and_a_command_has_no_address() {
        let data = Entry { number: 0, event: Occasion::here(NOW).event(What::EverythingPaused) }.json();
        assert_eq!(data["from"], "this machine");
        assert_eq!(data.as_object().unwrap().len(), 6, "{data}");
    }

    #[test]
    fn a_client_can_put_nothing_into_the_log_but_one_bounded_line() {
        let hostile = Client { name: Some(format!("a\r\n\u{1b}[2J{}", "x".repeat(10_000))), ..client("claude") };
        let event = Event { client: None, ..full() }.of_client(&hostile).at_server("/a\nb");
        let line = event.sentence();
        assert!(line.len() < 600 && !line.chars().any(char::is_control), "{line:?}");
    }

    #[test]
    fn a_user_is_found_by_what_they_did_and_by_what_was_done_to_them() {
        let entry = Entry { number: 7, event: full() };
        let of = |name: &str| Wanted { user: Some(name.to_owned()), ..Wanted::newest(1) }.includes(&entry);
        assert!(of("ANN") && of("root") && !of("bob") && !of(""));
    }
}
