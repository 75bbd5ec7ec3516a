//! What an owner can do, one file per noun. The control socket and a command on a stopped server call the same
//! functions, and so do the pages where they offer the same.

mod backup;
mod clients;
mod configuration;
mod connections;
pub mod examination;
mod keys;
mod log;
mod servers;
mod setup;
mod signing_keys;
mod trace;
mod users;

pub use configuration::compare as compare_configuration;
pub use configuration::settings as configured;
pub use signing_keys::tend as tend_signing_keys;
pub use trace::attempts as traced_attempts;

use crate::config::Config;
use crate::oauth::audit::{Occasion, Wanted};
use crate::store::record::LastUse;
use crate::store::{Store, StoreError};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::time::Duration;

/// An action with everything it needs. It may hold a password, so it has no `Debug`.
#[derive(Serialize, Deserialize)]
#[expect(missing_docs, reason = "each is the command of the same name; its fields are that command's arguments")]
pub enum Action {
    UserAdd { name: String, password: Option<String>, owner: bool, servers: Vec<String> },
    UserInvite { name: String },
    UserReset { name: String },
    UserList,
    UserPassword { name: String, password: String },
    UserDisable { name: String },
    UserEnable { name: String },
    UserRemove { name: String },
    UserAllow { name: String, path: String },
    UserDeny { name: String, path: String },
    ClientAdd { preset: Option<String>, redirect_uris: Vec<String>, name: Option<String>, secret: bool },
    ResourceServerAdd { path: String, name: Option<String> },
    ClientList,
    ClientShow { id: String },
    ClientRemove { id: String },
    ClientPause { id: String },
    ClientResume { id: String },
    ConnectionList,
    ConnectionLimit { id: String, user: Option<String>, term: String },
    ConnectionRevoke { id: String, user: Option<String> },
    ConnectionRevokeAll { user: Option<String> },
    KeyAdd { name: String, server: String, scopes: Vec<String>, expires_in: Option<Duration>, user: Option<String> },
    KeyList { user: Option<String> },
    KeyRevoke { id: String, user: Option<String> },
    ServerList,
    ServerPause { path: Option<String>, retry_later: bool },
    ServerResume { path: Option<String> },
    Setup,
    Backup,
    Examination,
    Log { wanted: Wanted },
    Trace { after: Option<u64> },
}

/// What came of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Done {
    /// For a person; empty where the data says it all.
    pub message: String,
    /// For a script, and for the tables that people see.
    pub data: Value,
    /// What is neither, and goes beside it.
    #[serde(skip)]
    pub attached: Vec<u8>,
}

/// Why nothing came of it, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The thing and the reason.
    pub what: String,
    /// The command that mends it.
    pub hint: String,
    /// Of which kind it is.
    #[serde(default)]
    pub kind: FailureKind,
}

/// What a page makes of a failure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum FailureKind {
    /// What was asked for cannot be had in this way.
    #[default]
    Refused,
    /// There is nothing of that name.
    Unknown,
    /// Not now.
    Unavailable,
}

impl Failure {
    /// Something is in the way.
    pub fn new(what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { what: what.into(), hint: hint.into(), kind: FailureKind::Refused }
    }

    /// There is nothing of that name.
    fn unknown(what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { kind: FailureKind::Unknown, ..Self::new(what, hint) }
    }

    fn unavailable(what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { kind: FailureKind::Unavailable, ..Self::new(what, hint) }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let hint = match error {
            StoreError::InUse => "stop the other doorward, or give another directory with --data DIR",
            StoreError::Missing | StoreError::Behind | StoreError::Damaged(_) => {
                "start doorward, which puts its newest good snapshot back where there is one; else: doorward restore FILE"
            }
            StoreError::Denied => "run it as the user that owns the data directory: sudo -u USER doorward …",
            StoreError::TooNew(_) => "install the version that wrote it, or a later one",
            StoreError::Disk(_) => "check that the disk has room and can be written, then start doorward again",
        };
        Self::unavailable(error.to_string(), hint)
    }
}

/// Does it, on that occasion.
///
/// # Errors
/// [`Failure`]; then nothing was changed.
pub fn perform(store: &Store, config: &Config, occasion: &Occasion, action: Action) -> Result<Done, Failure> {
    match action {
        Action::UserAdd { name, password, owner, servers } => {
            users::add(store, config, occasion, &name, password.as_deref(), (owner, &servers))
        }
        Action::UserInvite { name } => users::invite(store, config, occasion, &name),
        Action::UserReset { name } => users::reset(store, config, occasion, &name),
        Action::UserList => users::list(store),
        Action::UserPassword { name, password } => users::set_password(store, occasion, &name, &password),
        Action::UserDisable { name } => users::disable(store, occasion, &name),
        Action::UserEnable { name } => users::enable(store, occasion, &name),
        Action::UserRemove { name } => users::remove(store, occasion, &name),
        Action::UserAllow { name, path } => users::allow(store, config, occasion, &name, &path),
        Action::UserDeny { name, path } => users::deny(store, config, occasion, &name, &path),
        Action::ClientAdd { preset, redirect_uris, name, secret } => {
            clients::add(store, config, occasion, preset.as_deref(), redirect_uris, (name, secret))
        }
        Action::ResourceServerAdd { path, name } => clients::add_resource_server(store, config, occasion, &path, name),
        Action::ClientList => clients::list(store),
        Action::ClientShow { id } => clients::show(store, &id),
        Action::ClientRemove { id } => clients::remove(store, occasion, &id),
        Action::ClientPause { id } => clients::pause(store, occasion, &id),
        Action::ClientResume { id } => clients::resume(store, occasion, &id),
        Action::ConnectionList => connections::list(store, occasion),
        Action::ConnectionLimit { id, user, term } => connections::limit(store, config, occasion, &id, (user.as_deref(), &term)),
        Action::ConnectionRevoke { id, user } => connections::revoke(store, occasion, &id, user.as_deref()),
        Action::ConnectionRevokeAll { user } => connections::revoke_all(store, occasion, user.as_deref()),
        Action::KeyAdd { name, server, scopes, expires_in, user } => {
            let wanted = keys::Wanted { name: &name, server: &server, scopes: &scopes, expires_in, user: user.as_deref() };
            keys::add(store, config, occasion, &wanted)
        }
        Action::KeyList { user } => keys::list(store, occasion, user.as_deref()),
        Action::KeyRevoke { id, user } => keys::revoke(store, occasion, &id, user.as_deref()),
        Action::ServerList => servers::list(store, config),
        Action::ServerPause { path, retry_later } => servers::pause(store, config, occasion, path.as_deref(), retry_later),
        Action::ServerResume { path } => servers::resume(store, config, occasion, path.as_deref()),
        Action::Setup => setup::fresh_link(store, config, occasion),
        Action::Backup => backup::take(store),
        Action::Log { wanted } => log::read(store, wanted),
        Action::Trace { after } => Ok(trace::read(store, config, occasion, after)),
        Action::Examination => examination::begin(store, config),
    }
}

/// When and from where something was last used, if it was.
fn with_last_use(data: &mut Value, last: Option<LastUse>) {
    if let (Some(LastUse { at, from }), Some(members)) = (last, data.as_object_mut()) {
        members.insert("last_used_at".into(), json!(at.0));
        members.insert("last_used_from".into(), json!(from.map_or_else(|| "this machine".to_owned(), |from| from.to_string())));
    }
}

fn done(message: impl Into<String>, data: Value) -> Done {
    Done { message: message.into(), data, attached: Vec::new() }
}
