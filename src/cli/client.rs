//! `doorward client`.

use super::run::act;
use super::table::{self, Column};
use crate::actions::{Action, Failure};
use argh::{ArgsInfo, FromArgs};
use std::path::PathBuf;

const COLUMNS: &[Column] = &[
    ("id", "ID"),
    ("name", "NAME"),
    ("registered", "REGISTERED"),
    ("created_at", "WHEN"),
    ("paused", "PAUSED"),
    ("redirect_uris", "REDIRECT URIS"),
];

/// add, list, pause and remove clients
#[derive(FromArgs, ArgsInfo)]
#[argh(subcommand, name = "client", example = "doorward client add --preset chatgpt")]
pub(super) struct Client {
    #[argh(subcommand)]
    command: Command,
}

#[derive(FromArgs, ArgsInfo)]
#[argh(subcommand)]
enum Command {
    Add(Add),
    List(List),
    Show(Show),
    Remove(Remove),
    Pause(Pause),
    Resume(Resume),
}

/// enter a client that cannot register itself
#[derive(FromArgs, ArgsInfo)]
#[argh(subcommand, name = "add", example = "doorward client add --preset claude --secret")]
struct Add {
    /// a known client: claude, claude-desktop, claude-both, claude-code, chatgpt, cursor, vscode, grok, postman, …; custom
    #[argh(option)]
    preset: Option<String>,
    /// where it receives answers; repeat for more
    #[argh(option)]
    redirect_uri: Vec<String>,
    /// what people call it
    #[argh(option)]
    name: Option<String>,
    /// give it a secret, shown this once
    #[argh(switch)]
    secret: bool,
    /// instead of all these: a server, by its path, that asks /introspect about its tokens; it gets a secret
    #[argh(option)]
    resource_server: Option<String>,
    /// the data directory
    #[argh(option)]
    data: Option<PathBuf>,
    /// print JSON
    #[argh(switch)]
    json: bool,
}

impl Add {
    fn action(self) -> Result<Action, Failure> {
        let Self { preset, redirect_uri: redirect_uris, name, secret, resource_server, .. } = self;
        match resource_server {
            None => Ok(Action::ClientAdd { preset, redirect_uris, name, secret }),
            Some(path) if preset.is_none() && redirect_uris.is_empty() => Ok(Action::ResourceServerAdd { path, name }),
            Some(_) => {
                let hint = "leave --preset and --redirect-uri out, or enter a client of its own";
                Err(Failure::usage("a resource server receives no answers", hint))
            }
        }
    }
}

/// list the clients
#[derive(FromArgs, ArgsInfo)]
#[argh(subcommand, name = "list", example = "doorward client list --json")]
struct List {
    /// the data directory
    #[argh(option)]
    data: Option<PathBuf>,
    /// print JSON
    #[argh(switch)]
    json: bool,
}

/// show one client
#[derive(FromArgs, ArgsInfo)]
#[argh(subcommand, name = "show", example = "doorward client show ID")]
struct Show {
    /// which
    #[argh(positional)]
    id: String,
    /// the data directory
    #[argh(option)]
    data: Option<PathBuf>,
    /// print JSON
    #[argh(switch)]
    json: bool,
}

/// remove a client; its connections end at once
#[derive(FromArgs, ArgsInfo)]
#[argh(subcommand, name = "remove", example = "doorward client remove ID")]
struct Remove {
    /// which
    #[argh(positional)]
    id: String,
    /// the data directory
    #[argh(option)]
    data: Option<PathBuf>,
}

/// hold up the calls of a client; it stays connected and goes on when it is resumed
#[derive(FromArgs, ArgsInfo)]
#[argh(subcommand, name = "pause", example = "doorward client pause ID")]
struct Pause {
    /// which
    #[argh(positional)]
    id: String,
    /// the data directory
    #[argh(option)]
    data: Option<PathBuf>,
}

/// let a client go on
#[derive(FromArgs, ArgsInfo)]
#[argh(subcommand, name = "resume", example = "doorward client resume ID")]
struct Resume {
    /// which
    #[argh(positional)]
    id: String,
    /// the data directory
    #[argh(option)]
    data: Option<PathBuf>,
}

pub(super) fn run(client: Client) -> Result<(), Failure> {
    let (data, json, action) = match client.command {
        Command::Add(add) => (add.data.clone(), add.json, add.action()?),
        Command::List(list) => (list.data, list.json, Action::ClientList),
        Command::Show(show) => (show.data, show.json, Action::ClientShow { id: show.id }),
        Command::Remove(remove) => (remove.data, false, Action::ClientRemove { id: remove.id }),
        Command::Pause(pause) => (pause.data, false, Action::ClientPause { id: pause.id }),
        Command::Resume(resume) => (resume.data, false, Action::ClientResume { id: resume.id }),
    };
    table::print(&act(data, action)?, json, COLUMNS);
    Ok(())
}
