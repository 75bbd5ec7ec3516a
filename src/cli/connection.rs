//! `doorward connection`.

use super::run::act;
use super::table::{self, Column};
use crate::actions::{Action, Failure};
use crate::oauth::term;
use argh::{ArgsInfo, FromArgs};
use std::path::PathBuf;

const COLUMNS: &[Column] = &[
    ("id", "ID"),
    ("user", "USER"),
    ("client", "CLIENT"),
    ("server", "SERVER"),
    ("scope", "SCOPE"),
    ("created_at", "SINCE"),
    ("ends_at", "ENDS"),
    ("last_used_at", "LAST USED"),
    ("last_used_from", "FROM"),
];

/// list and revoke connections, and say when they end
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
    Limit(Limit),
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

/// have a connection end by itself, after a time or with a day
#[derive(FromArgs, ArgsInfo)]
#[argh(subcommand, name = "limit", example = "doorward connection limit ID --until sunday")]
struct Limit {
    /// which
    #[argh(positional)]
    id: String,
    /// a span from now, like 30m, 2h or 7d
    #[argh(option, long = "for")]
    span: Option<String>,
    /// a day, to its end: tonight, tomorrow, sunday or 2026-11-29
    #[argh(option)]
    until: Option<String>,
    /// at no time of its own any more
    #[argh(switch)]
    off: bool,
    /// the data directory
    #[argh(option)]
    data: Option<PathBuf>,
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
        Command::Limit(Limit { id, span, until, off, data }) => {
            (data, false, Action::ConnectionLimit { id, user: None, term: one_term(span, until, off)? })
        }
        Command::Revoke(revoke) => (revoke.data, false, Action::ConnectionRevoke { id: revoke.id, user: None }),
        Command::RevokeAll(revoke) => (revoke.data, false, Action::ConnectionRevokeAll { user: revoke.user }),
    };
    table::print(&act(data, action)?, json, COLUMNS);
    Ok(())
}

/// The one end that was given: never none by leaving something out.
fn one_term(span: Option<String>, until: Option<String>, off: bool) -> Result<String, Failure> {
    let mut given = span.into_iter().chain(until).chain(off.then(|| term::OPEN.to_owned()));
    match (given.next(), given.next()) {
        (Some(term), None) => Ok(term),
        (None, _) => Err(Failure::new("nothing says when it is to end", "give one of --for 2h, --until sunday and --off")),
        (Some(_), Some(_)) => Err(Failure::new("it can only have one end", "give one of --for 2h, --until sunday and --off")),
    }
}
