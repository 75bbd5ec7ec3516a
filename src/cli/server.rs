//! `doorward server`.

use super::run::act;
use super::table::{self, Column};
use crate::actions::{Action, Failure};
use argh::{ArgsInfo, FromArgs};
use std::path::PathBuf;

const COLUMNS: &[Column] =
    &[("path", "PATH"), ("name", "NAME"), ("url", "ADDRESS FOR CLIENTS"), ("upstream", "UPSTREAM"), ("scopes", "SCOPES")];

/// list the protected servers
#[derive(FromArgs, ArgsInfo)]
#[argh(subcommand, name = "server", example = "doorward server list")]
pub(super) struct Server {
    #[argh(subcommand)]
    command: Command,
}

#[derive(FromArgs, ArgsInfo)]
#[argh(subcommand)]
enum Command {
    List(List),
}

/// list the protected servers and the addresses to give to clients
#[derive(FromArgs, ArgsInfo)]
#[argh(subcommand, name = "list", example = "doorward server list --json")]
struct List {
    /// the data directory
    #[argh(option)]
    data: Option<PathBuf>,
    /// print JSON
    #[argh(switch)]
    json: bool,
}

pub(super) fn run(server: Server) -> Result<(), Failure> {
    let Command::List(list) = server.command;
    table::print(&act(list.data, Action::ServerList)?, list.json, COLUMNS);
    Ok(())
}
