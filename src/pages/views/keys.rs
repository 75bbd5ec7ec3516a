//! The pages of the API keys.

use super::View;
use super::connect::CopyBox;
use super::form::Form;
use super::house::Frame;
use serde::Serialize;

/// `keys.html`: one's own keys, for an owner everybody's, and a form for one more (`POST /keys/add`).
#[derive(Debug, Clone, Serialize)]
pub struct KeysPage {
    /// What every room has.
    #[serde(flatten)]
    pub frame: Frame,
    /// Their own, oldest first.
    pub keys: Vec<KeyEntry>,
    /// Those of others, for an owner.
    pub others: Vec<KeyEntry>,
    /// Name and end.
    pub form: Form,
    /// What a key may be for; none is chosen in the form where there is none.
    pub servers: Vec<KeyServer>,
}

impl View for KeysPage {
    const TEMPLATE: &'static str = "keys.html";
}

/// One key, with the button that ends it (`POST /keys/revoke`).
#[derive(Debug, Clone, Serialize)]
pub struct KeyEntry {
    /// Its id, sent back as `id`.
    pub id: String,
    /// What its person calls it.
    pub name: String,
    /// How it begins.
    pub begins: String,
    /// The server that it is for.
    pub server_name: String,
    /// Whose it is, unless that is who reads this.
    pub whose: Option<String>,
    /// What it may do there, each in words.
    pub scopes: Vec<String>,
    /// When it was made.
    pub since: String,
    /// When and from where it was last used. `None` if never.
    pub last_used: Option<String>,
    /// When it ends or why it has, in a sentence.
    pub ends: String,
    /// It works.
    pub works: bool,
}

/// A server that a key may be for. Sent back as `server`.
#[derive(Debug, Clone, Serialize)]
pub struct KeyServer {
    /// Its path.
    pub path: String,
    /// Its name.
    pub name: String,
    /// What a key may do there. Each is sent back as `scope`: the path, a space and the name.
    pub scopes: Vec<KeyScope>,
    /// It is the one that was chosen.
    pub chosen: bool,
}

/// Something that a key may do.
#[derive(Debug, Clone, Serialize)]
pub struct KeyScope {
    /// The scope.
    pub name: String,
    /// In words.
    pub description: String,
    /// It is ticked.
    pub ticked: bool,
    /// It is all there is, and comes with the server.
    pub settled: bool,
}

/// `key_added.html`: the key, this once.
#[derive(Debug, Clone, Serialize)]
pub struct KeyAddedPage {
    /// What every room has.
    #[serde(flatten)]
    pub frame: Frame,
    /// What its person calls it.
    pub name: String,
    /// The key, the field that carries it, and the address that takes it.
    pub copies: Vec<CopyBox>,
}

impl View for KeyAddedPage {
    const TEMPLATE: &'static str = "key_added.html";
}
