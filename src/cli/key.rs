//! `doorward key`.

use super::run::act;
use super::table::{self, Column};
use crate::actions::{Action, Failure};
use crate::config::units;
use argh::{ArgsInfo, FromArgs};
use std::path::PathBuf;

const COLUMNS: &[Column] = &[
    ("id", "ID"),
    ("name", "NAME"),
    ("user", "USER"),
    ("server", "SERVER"),
    ("scope", "SCOPE"),
    ("state", "STATE"),
    ("created_at", "SINCE"),
    ("expires_at", "UNTIL"),
    ("last_used_at", "LAST USED"),
];

/// add, list and revoke API keys for scripts
#[derive(FromArgs, ArgsInfo)]
#[argh(subcommand, name = "key", example = "doorward key list")]
pub(super) struct Key {
    #[argh(subcommand)]
    command: Command,
}

#[derive(FromArgs, ArgsInfo)]
#[argh(subcommand)]
enum Command {
    Add(Add),
    List(List),
    Revoke(Revoke),
}

/// make a key for one server; a script sends it as Authorization: Bearer
#[derive(FromArgs, ArgsInfo)]
#[argh(subcommand, name = "add", example = "doorward key add backup --server /notes --scope notes:read --expires 90d")]
struct Add {
    /// what to call it
    #[argh(positional)]
    name: String,
    /// the server it is for, by its path
    #[argh(option)]
    server: String,
    /// what it may do there; repeat for more; without it, what the server grants to anybody
    #[argh(option)]
    scope: Vec<String>,
    /// when it ends by itself, like 12h or 90d; without it, never
    #[argh(option)]
    expires: Option<String>,
    /// as whom it acts; without it, the owner
    #[argh(option)]
    user: Option<String>,
    /// the data directory
    #[argh(option)]
    data: Option<PathBuf>,
    /// print JSON
    #[argh(switch)]
    json: bool,
}

/// list the keys
#[derive(FromArgs, ArgsInfo)]
#[argh(subcommand, name = "list", example = "doorward key list --json")]
struct List {
    /// whose; without it, everybody's
    #[argh(option)]
    user: Option<String>,
    /// the data directory
    #[argh(option)]
    data: Option<PathBuf>,
    /// print JSON
    #[argh(switch)]
    json: bool,
}

/// end a key; the script's next call is refused
#[derive(FromArgs, ArgsInfo)]
#[argh(subcommand, name = "revoke", example = "doorward key revoke key_2b7wNEYUPxnQ0Z8rK1dLtA")]
struct Revoke {
    /// which, by its id
    #[argh(positional)]
    id: String,
    /// the data directory
    #[argh(option)]
    data: Option<PathBuf>,
}

pub(super) fn run(key: Key) -> Result<(), Failure> {
    let (data, json, action) = match key.command {
        Command::Add(add) => {
            let Add { name, server, scope, expires, user, data, json } = add;
            let expires_in = expires.as_deref().map(units::span).transpose().map_err(|error| Failure::usage(error.what, error.hint))?;
            (data, json, Action::KeyAdd { name, server, scopes: scope, expires_in, user })
        }
        Command::List(list) => (list.data, list.json, Action::KeyList { user: list.user }),
        Command::Revoke(revoke) => (revoke.data, false, Action::KeyRevoke { id: revoke.id, user: None }),
    };
    table::print(&act(data, action)?, json, COLUMNS);
    Ok(())
}
