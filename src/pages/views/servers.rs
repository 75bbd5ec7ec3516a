//! The page of the protected servers.

use super::View;
use super::house::Frame;
use serde::Serialize;

/// `servers.html`: what this doorward protects, for its owner.
#[derive(Debug, Clone, Serialize)]
pub struct ServersPage {
    /// What every room has.
    #[serde(flatten)]
    pub frame: Frame,
    /// When everything was paused, in words; `None` while it is not.
    pub everything_paused: Option<String>,
    /// Each of them.
    pub servers: Vec<ServerEntry>,
}

impl View for ServersPage {
    const TEMPLATE: &'static str = "servers.html";
}

/// One server, with the forms that pause it and let it go on; each sends back `path`.
#[derive(Debug, Clone, Serialize)]
pub struct ServerEntry {
    /// Its name.
    pub name: String,
    /// Its path.
    pub path: String,
    /// Whether calls go through, in words.
    pub state: String,
    /// They do not, for whatever reason.
    pub held_up: bool,
    /// It is paused by itself, and can be resumed by itself.
    pub paused: bool,
    /// What an app is given.
    pub url: String,
    /// Where it really is.
    pub upstream: String,
    /// What apps can be allowed there, each in words.
    pub scopes: Vec<String>,
    /// Nobody has connected an app to it yet.
    pub unused: bool,
    /// How many connections it has, in words.
    pub connections: String,
}
