//! The pages of the clients, which people call apps.

use super::View;
use super::connect::CopyBox;
use super::form::Form;
use super::house::Frame;
use serde::Serialize;

/// `clients.html`: every app that is registered, and a form for one that cannot register itself.
#[derive(Debug, Clone, Serialize)]
pub struct ClientsPage {
    /// What every room has.
    #[serde(flatten)]
    pub frame: Frame,
    /// Those with connections first, then the youngest.
    pub clients: Vec<ClientEntry>,
    /// How many more there are, and where to see them.
    pub more: Option<String>,
    /// Adds one (`POST /clients/add`).
    pub form: Form,
}

impl View for ClientsPage {
    const TEMPLATE: &'static str = "clients.html";
}

/// One app, with the buttons that pause it, let it go on (`POST /clients/pause`, `/clients/resume`) and remove it (`POST
/// /clients/remove`).
#[derive(Debug, Clone, Serialize)]
pub struct ClientEntry {
    /// RFC 6749 §2.2; sent back as `id`.
    pub id: String,
    /// The name of it.
    pub name: String,
    /// Whose word that name is.
    pub named_by: String,
    /// When it came.
    pub since: String,
    /// How many connections it has, in words.
    pub connections: String,
    /// It has none.
    pub unused: bool,
    /// When it was paused, in words; `None` while it is not.
    pub paused: Option<String>,
    /// Where answers may go.
    pub redirect_uris: Vec<String>,
    /// How it proves who it is, in words.
    pub proof: String,
}

/// `client_added.html`: what is to be copied into the app, the secret this once.
#[derive(Debug, Clone, Serialize)]
pub struct ClientAddedPage {
    /// What every room has.
    #[serde(flatten)]
    pub frame: Frame,
    /// The name of the app.
    pub name: String,
    /// Client id, secret and addresses.
    pub copies: Vec<CopyBox>,
    /// True when a secret is among them.
    pub has_secret: bool,
}

impl View for ClientAddedPage {
    const TEMPLATE: &'static str = "client_added.html";
}
