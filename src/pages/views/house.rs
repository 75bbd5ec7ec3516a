//! The rooms of the house: what somebody sees who is signed in.

use super::View;
use super::connect::CopyBox;
use super::form::ChoiceOption;
use serde::Serialize;

/// What every room has: who is in it, and the ways to the others.
#[derive(Debug, Clone, Serialize)]
pub struct Frame {
    /// A warning about how this doorward is run, above everything else.
    pub banner: Option<String>,
    /// The token of the session, carried by every form on the page.
    pub csrf: String,
    /// Who is signed in.
    pub username: String,
    /// The rooms that this person may enter.
    pub rooms: Vec<Room>,
    /// What was just done, in a sentence.
    pub said: Option<String>,
}

/// A room in the list of all.
#[derive(Debug, Clone, Serialize)]
pub struct Room {
    /// Its path on this origin.
    pub href: &'static str,
    /// Its name.
    pub label: &'static str,
    /// True for the one that this is.
    pub here: bool,
}

/// `home.html`: what is connected, and where it is taken back.
#[derive(Debug, Clone, Serialize)]
pub struct HomePage {
    /// What every room has.
    #[serde(flatten)]
    pub frame: Frame,
    /// What looked like theft lately, if anything did.
    pub alarm: Option<String>,
    /// What is paused of what concerns them, each in a sentence.
    pub paused: Vec<String>,
    /// They may let it go on.
    pub may_resume: bool,
    /// The ends to choose from for a connection. Sent back as `term` to `POST /connections/limit`.
    pub terms: Vec<ChoiceOption>,
    /// The zone of their times.
    pub zone: String,
    /// The servers this person may use.
    pub servers: Vec<ServerLine>,
    /// What they let in. An empty list shows how to connect the first app.
    pub connections: Vec<ConnectionLine>,
    /// What others let in, for an owner.
    pub others: Vec<ConnectionLine>,
}

impl View for HomePage {
    const TEMPLATE: &'static str = "home.html";
}

/// A server and its address.
#[derive(Debug, Clone, Serialize)]
pub struct ServerLine {
    /// Its name.
    pub name: String,
    /// Its path.
    pub path: String,
    /// What an app is given.
    pub address: CopyBox,
}

/// One connection, with the button that ends it (`POST /connections/revoke`).
#[derive(Debug, Clone, Serialize)]
pub struct ConnectionLine {
    /// The connection's identifier, sent back as `id`.
    pub id: String,
    /// The name of the client.
    pub client_name: String,
    /// Whose word that name is: "It chose this name itself."
    pub named_by: String,
    /// The server it uses.
    pub server_name: String,
    /// Its calls wait, since something about it is paused.
    pub held_up: bool,
    /// Who let it in, unless that is who reads this.
    pub whose: Option<String>,
    /// What it may do there, each in words.
    pub scopes: Vec<String>,
    /// When it was let in: "3 days ago".
    pub since: String,
    /// When and from where it last used what it may: "2 hours ago from 203.0.113.9". `None` if never.
    pub last_used: Option<String>,
    /// When it ends by itself, if it was given for a time: "in 2 hours (Sun 29 Nov 2026, 23:59 UTC)".
    pub ends: Option<String>,
}
