//! The ways into the house: the first run, and sign-in.

use super::form::Form;
use super::{ServerAddress, View};
use serde::Serialize;

/// `setup.html`: the first run, when nobody owns this doorward yet. Sent to `POST /setup`.
#[derive(Debug, Clone, Serialize)]
pub struct SetupPage {
    /// A warning about how this doorward is run, above everything else.
    pub banner: Option<String>,
    /// The one-time set-up token that came with the link.
    pub token: String,
    /// Name and password.
    pub form: Form,
    /// The protected addresses. An empty list leaves the section out.
    pub servers: Vec<ServerAddress>,
}

impl View for SetupPage {
    const TEMPLATE: &'static str = "setup.html";
}

/// `signin.html`: name and password. Sent to `POST /signin`.
#[derive(Debug, Clone, Serialize)]
pub struct SigninPage {
    /// A warning about how this doorward is run, above everything else.
    pub banner: Option<String>,
    /// The token that ties the form to this browser.
    pub csrf: String,
    /// The path on this origin to go on to after signing in.
    pub return_to: String,
    /// The name the waiting client gave itself; `None` when nobody is waiting.
    pub client_name: Option<String>,
    /// The server the client asks for; shown only together with `client_name`.
    pub server_name: Option<String>,
    /// Why somebody who was signed in here before signs in again; only for a browser whose own sign-in has run out.
    pub again: Option<String>,
    /// Why the last try was refused. Never tells a wrong name from a wrong password.
    pub error: Option<String>,
    /// A sentence saying when to try again; shown instead of `error` after too many tries.
    pub throttled: Option<String>,
    /// The name typed in the last try, else empty.
    pub username: String,
}

impl View for SigninPage {
    const TEMPLATE: &'static str = "signin.html";
}

/// `invite.html`: somebody chooses the password of their account by a one-time link. Sent to `POST /invite`.
#[derive(Debug, Clone, Serialize)]
pub struct InvitePage {
    /// A warning about how this doorward is run, above everything else.
    pub banner: Option<String>,
    /// The one-time token that came with the link.
    pub token: String,
    /// Whose account it is.
    pub username: String,
    /// It never had a password.
    pub is_new: bool,
    /// The password.
    pub form: Form,
}

impl View for InvitePage {
    const TEMPLATE: &'static str = "invite.html";
}
