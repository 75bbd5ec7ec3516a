//! `doorward server`.

use super::run::act;
use super::table::{self, Column};
use crate::actions::{Action, Failure};
use argh::{ArgsInfo, FromArgs};
use std::path::PathBuf;

const COLUMNS: &[Column] = &[
    ("path", "PATH"),
    ("name", "NAME"),
    ("url", "ADDRESS FOR CLIENTS"),
    ("upstream", "UPSTREAM"),
    ("scopes", "SCOPES"),
    ("paused", "PAUSED"),
];

/// list, pause and resume the protected servers
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
    Pause(Pause),
    Resume(Resume),
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

/// hold up all calls to a server; apps stay connected and go on when it is resumed
#[derive(FromArgs, ArgsInfo)]
#[argh(subcommand, name = "pause", example = "doorward server pause /notes --retry-later")]
struct Pause {
    /// which, by its path
    #[argh(positional)]
    path: Option<String>,
    /// every server; calls are told to try again later
    #[argh(switch)]
    all: bool,
    /// tell calls to try again later (503) and not that it is closed (403)
    #[argh(switch)]
    retry_later: bool,
    /// the data directory
    #[argh(option)]
    data: Option<PathBuf>,
}

/// let a server go on
#[derive(FromArgs, ArgsInfo)]
#[argh(subcommand, name = "resume", example = "doorward server resume /notes")]
struct Resume {
    /// which, by its path
    #[argh(positional)]
    path: Option<String>,
    /// all that were paused together
    #[argh(switch)]
    all: bool,
    /// the data directory
    #[argh(option)]
    data: Option<PathBuf>,
}

pub(super) fn run(server: Server) -> Result<(), Failure> {
    let (data, json, action) = match server.command {
        Command::List(list) => (list.data, list.json, Action::ServerList),
        Command::Pause(pause) => {
            (pause.data, false, Action::ServerPause { path: one_or_all(pause.path, pause.all)?, retry_later: pause.retry_later })
        }
        Command::Resume(resume) => (resume.data, false, Action::ServerResume { path: one_or_all(resume.path, resume.all)? }),
    };
    table::print(&act(data, action)?, json, COLUMNS);
    Ok(())
}

/// A path, or nothing for all: never all by leaving something out.
fn one_or_all(path: Option<String>, all: bool) -> Result<Option<String>, Failure> {
    match (path, all) {
        (Some(_), true) => Err(Failure::usage("a path and --all are two different things", "give one of the two")),
        (None, false) => Err(Failure::usage("nothing says which server is meant", "give its path, as in doorward server list, or --all")),
        (path, _) => Ok(path),
    }
}
