//! The pages of the accounts.

use super::View;
use super::connect::CopyBox;
use super::form::Form;
use super::house::Frame;
use crate::pages::qr::Drawing;
use serde::Serialize;

/// `users.html`: everybody who has an account, and a form for one more.
#[derive(Debug, Clone, Serialize)]
pub struct UsersPage {
    /// What every room has.
    #[serde(flatten)]
    pub frame: Frame,
    /// Oldest first.
    pub users: Vec<UserEntry>,
    /// Adds one (`POST /users/add`).
    pub form: Form,
}

impl View for UsersPage {
    const TEMPLATE: &'static str = "users.html";
}

/// One account, with the buttons for it; each sends back `name`.
#[derive(Debug, Clone, Serialize)]
pub struct UserEntry {
    /// The name.
    pub name: String,
    /// "You", "owner", "switched off" and the like.
    pub marks: Vec<String>,
    /// Since when there is this account, and how many connections it has.
    pub about: String,
    /// Which servers it may use.
    pub servers: Vec<UserServer>,
    /// It is switched off.
    pub disabled: bool,
    /// It is who reads this.
    pub is_me: bool,
    /// A link for it takes a reset, which asks for the owner's own password.
    pub guarded: bool,
}

/// Whether an account may use a server.
#[derive(Debug, Clone, Serialize)]
pub struct UserServer {
    /// The name of the server.
    pub name: String,
    /// Its path.
    pub path: String,
    /// It may.
    pub allowed: bool,
}

/// `user_invited.html`: the link with which somebody chooses a password, shown this once.
#[derive(Debug, Clone, Serialize)]
pub struct UserInvitedPage {
    /// What every room has.
    #[serde(flatten)]
    pub frame: Frame,
    /// Whose.
    pub name: String,
    /// The link.
    pub link: CopyBox,
    /// The same for the phone of whoever stands beside.
    pub qr: Option<Drawing>,
    /// How long it works, in words.
    pub lasts: String,
}

impl View for UserInvitedPage {
    const TEMPLATE: &'static str = "user_invited.html";
}
