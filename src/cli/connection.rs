//! `doorward connection`.

use super::run::act;
use super::table::{self, Column};
use crate::actions::{Action, Failure};
use argh::{ArgsInfo, FromArgs};
use std::path::PathBuf;

const COLUMNS: &[Column] = &[
    ("id", "ID"),
    ("user", "USER"),
    ("client", "CLIENT"),
    ("server", "SERVER"),
    ("scope", "SCOPE"),
    ("created_at", "SINCE"),
    ("last_used_at", "LAST USED"),
    ("last_used_from", "FROM"),
];

/// list and revoke connections
#[derive(FromArgs, ArgsInfo)]
#[argh(subcommand, name = "connection", example = "doorward connection list")]
pub(super) struct Connection {
    #[argh(subcommand)]
    command: Command,
}

#[derive(FromArgs, ArgsInfo)]
#[argh(subcommand)]
enum Command {
    List(List),
    Revoke(Revoke),
    RevokeAll(RevokeAll),
}

/// list what is connected
#[derive(FromArgs, ArgsInfo)]
#[argh(subcommand, name = "list", example = "doorward connection list --json")]
struct List {
    /// the data directory
    #[argh(option)]
    data: Option<PathBuf>,
    /// print JSON
    #[argh(switch)]
    json: bool,
}

/// end a connection; the app's next call is refused
#[derive(FromArgs, ArgsInfo)]
#[argh(subcommand, name = "revoke", example = "doorward connection revoke ID")]
struct Revoke {
    /// which
    #[argh(positional)]
    id: String,
    /// the data directory
    #[argh(option)]
    data: Option<PathBuf>,
}

/// end every connection, or every one of a user
#[derive(FromArgs, ArgsInfo)]
#[argh(subcommand, name = "revoke-all", example = "doorward connection revoke-all --user bob")]
struct RevokeAll {
    /// only those of this user
    #[argh(option)]
    user: Option<String>,
    /// the data directory
    #[argh(option)]
    data: Option<PathBuf>,
}

pub(super) fn run(connection: Connection) -> Result<(), Failure> {
    let (data, json, action) = match connection.command {
        Command::List(list) => (list.data, list.json, Action::ConnectionList),
        Command::Revoke(revoke) => (revoke.data, false, Action::ConnectionRevoke { id: revoke.id, user: None }),
        Command::RevokeAll(revoke) => (revoke.data, false, Action::ConnectionRevokeAll { user: revoke.user }),
    };
    table::print(&act(data, action)?, json, COLUMNS);
    Ok(())
}
