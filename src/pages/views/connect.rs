//! The page that says how an app is given an address.

use super::View;
use super::arrivals::Arrivals;
use super::house::Frame;
use crate::pages::qr::Drawing;
use serde::Serialize;

/// `connect.html`: the address of one server, and what to do with it in each app.
#[derive(Debug, Clone, Serialize)]
pub struct ConnectPage {
    /// What every room has.
    #[serde(flatten)]
    pub frame: Frame,
    /// The servers to choose from. One is no choice and is left out.
    pub servers: Vec<ServerTab>,
    /// The name of the one that is shown.
    pub server_name: String,
    /// Its address.
    pub address: CopyBox,
    /// The same for another device, where another device could use it.
    pub qr: Option<Drawing>,
    /// Who cannot reach it.
    pub limits: Option<String>,
    /// Why its calls wait at present.
    pub paused: Option<String>,
    /// How each app gets it.
    pub apps: Vec<AppCard>,
    /// The path of the server that is shown.
    pub path: String,
    /// The step from which on the page follows.
    pub since: u64,
    /// Another word for each state of what has arrived.
    pub version: String,
    /// What has arrived since.
    pub arrived: Arrivals,
    /// They see all of it, and not only what is theirs.
    pub sees_all: bool,
    /// What it means that an app does not appear there.
    pub missing: String,
    /// What to do then.
    pub missing_fix: String,
}

impl View for ConnectPage {
    const TEMPLATE: &'static str = "connect.html";
}

/// A server among those to choose from.
#[derive(Debug, Clone, Serialize)]
pub struct ServerTab {
    /// Its name.
    pub name: String,
    /// Its path, sent as `server`.
    pub path: String,
    /// True for the one that is shown.
    pub here: bool,
}

/// A text to be copied, by a button where there is script.
#[derive(Debug, Clone, Serialize)]
pub struct CopyBox {
    /// What the button refers to.
    pub id: String,
    /// What it is, or where it belongs.
    pub label: String,
    /// What is copied.
    pub text: String,
}

/// One app.
#[derive(Debug, Clone, Serialize)]
pub struct AppCard {
    /// The page opens with this one unfolded.
    pub open: bool,
    /// What people call it.
    pub name: String,
    /// Which part of it, or what it is.
    pub about: String,
    /// From where it connects, in a few words.
    pub reach: String,
    /// Why it cannot connect as things are.
    pub cannot: Option<String>,
    /// What opens the app with the address in it.
    pub link: Option<AppLink>,
    /// What is to be copied into it.
    pub copy: Option<CopyBox>,
    /// What to do, in order.
    pub steps: Vec<String>,
    /// Fields of its form, and what goes into each.
    pub fields: Vec<(String, String)>,
    /// What else to know.
    pub note: Option<String>,
}

/// A link into an app on the person's device.
#[derive(Debug, Clone, Serialize)]
pub struct AppLink {
    href: String,
    label: String,
}

impl AppLink {
    /// From the table of instructions and from nowhere else: a page has no other link that leaves this origin.
    pub fn of(link: &crate::oauth::instructions::AppLink) -> Self {
        Self { href: link.href.clone(), label: link.label.clone() }
    }
}
