//! `doorward user`.

use super::table::{self, Column};
use super::{run::act, terminal};
use crate::actions::{Action, Failure};
use argh::{ArgsInfo, FromArgs};
use std::path::PathBuf;

const COLUMNS: &[Column] =
    &[("name", "NAME"), ("owner", "OWNER"), ("disabled", "DISABLED"), ("servers", "SERVERS"), ("created_at", "ADDED")];

/// add, list, change and remove accounts
#[derive(FromArgs, ArgsInfo)]
#[argh(subcommand, name = "user", example = "doorward user list")]
pub(super) struct User {
    #[argh(subcommand)]
    command: Command,
}

#[derive(FromArgs, ArgsInfo)]
#[argh(subcommand)]
enum Command {
    Add(Add),
    Invite(Invite),
    Reset(Reset),
    List(List),
    Password(Password),
    Disable(Disable),
    Enable(Enable),
    Remove(Remove),
    Allow(Allow),
    Deny(Deny),
}

/// add an account; asks for a password, or makes a link with which its person chooses one
#[derive(FromArgs, ArgsInfo)]
#[argh(subcommand, name = "add", example = "echo 'long and secret' | doorward user add ann --password-stdin --server /notes")]
struct Add {
    /// the name, or an e-mail address
    #[argh(positional)]
    name: String,
    /// read the password from the first line of standard input
    #[argh(switch)]
    password_stdin: bool,
    /// print a one-time link instead, with which the person chooses the password
    #[argh(switch)]
    invite: bool,
    /// a server the account may use, by its path; repeat for more; without it, all
    #[argh(option)]
    server: Vec<String>,
    /// may do everything
    #[argh(switch)]
    owner: bool,
    /// the data directory
    #[argh(option)]
    data: Option<PathBuf>,
    /// print JSON
    #[argh(switch)]
    json: bool,
}

/// print a one-time link with which the person of an account chooses a new password
#[derive(FromArgs, ArgsInfo)]
#[argh(subcommand, name = "invite", example = "doorward user invite bob")]
struct Invite {
    /// whose
    #[argh(positional)]
    name: String,
    /// the data directory
    #[argh(option)]
    data: Option<PathBuf>,
    /// print JSON
    #[argh(switch)]
    json: bool,
}

/// take a password away, with all that was let in under it, and print a one-time link for choosing another
#[derive(FromArgs, ArgsInfo)]
#[argh(subcommand, name = "reset", example = "doorward user reset bob")]
struct Reset {
    /// whose
    #[argh(positional)]
    name: String,
    /// the data directory
    #[argh(option)]
    data: Option<PathBuf>,
    /// print JSON
    #[argh(switch)]
    json: bool,
}

/// list the accounts
#[derive(FromArgs, ArgsInfo)]
#[argh(subcommand, name = "list", example = "doorward user list --json")]
struct List {
    /// the data directory
    #[argh(option)]
    data: Option<PathBuf>,
    /// print JSON
    #[argh(switch)]
    json: bool,
}

/// change a password; browsers and apps of the account must sign in again
#[derive(FromArgs, ArgsInfo)]
#[argh(subcommand, name = "password", example = "doorward user password ann")]
struct Password {
    /// whose
    #[argh(positional)]
    name: String,
    /// read the password from the first line of standard input
    #[argh(switch)]
    password_stdin: bool,
    /// the data directory
    #[argh(option)]
    data: Option<PathBuf>,
}

/// switch an account off; its connections end at once
#[derive(FromArgs, ArgsInfo)]
#[argh(subcommand, name = "disable", example = "doorward user disable ann")]
struct Disable {
    /// which
    #[argh(positional)]
    name: String,
    /// the data directory
    #[argh(option)]
    data: Option<PathBuf>,
}

/// switch an account on again
#[derive(FromArgs, ArgsInfo)]
#[argh(subcommand, name = "enable", example = "doorward user enable ann")]
struct Enable {
    /// which
    #[argh(positional)]
    name: String,
    /// the data directory
    #[argh(option)]
    data: Option<PathBuf>,
}

/// remove an account; its connections end at once
#[derive(FromArgs, ArgsInfo)]
#[argh(subcommand, name = "remove", example = "doorward user remove ann")]
struct Remove {
    /// which
    #[argh(positional)]
    name: String,
    /// the data directory
    #[argh(option)]
    data: Option<PathBuf>,
}

/// let an account use a server
#[derive(FromArgs, ArgsInfo)]
#[argh(subcommand, name = "allow", example = "doorward user allow ann /notes")]
struct Allow {
    /// which account
    #[argh(positional)]
    name: String,
    /// which server, by its path
    #[argh(positional)]
    path: String,
    /// the data directory
    #[argh(option)]
    data: Option<PathBuf>,
}

/// take a server from an account; its connections there end at once
#[derive(FromArgs, ArgsInfo)]
#[argh(subcommand, name = "deny", example = "doorward user deny ann /notes")]
struct Deny {
    /// which account
    #[argh(positional)]
    name: String,
    /// which server, by its path
    #[argh(positional)]
    path: String,
    /// the data directory
    #[argh(option)]
    data: Option<PathBuf>,
}

pub(super) fn run(user: User) -> Result<(), Failure> {
    let (data, json, action) = match user.command {
        Command::Add(add) => {
            let password = if add.invite { None } else { Some(terminal::new_password(add.password_stdin)?) };
            (add.data, add.json, Action::UserAdd { name: add.name, password, owner: add.owner, servers: add.server })
        }
        Command::Invite(invite) => (invite.data, invite.json, Action::UserInvite { name: invite.name }),
        Command::Reset(reset) => (reset.data, reset.json, Action::UserReset { name: reset.name }),
        Command::List(list) => (list.data, list.json, Action::UserList),
        Command::Password(change) => {
            let password = terminal::new_password(change.password_stdin)?;
            (change.data, false, Action::UserPassword { name: change.name, password })
        }
        Command::Disable(disable) => (disable.data, false, Action::UserDisable { name: disable.name }),
        Command::Enable(enable) => (enable.data, false, Action::UserEnable { name: enable.name }),
        Command::Remove(remove) => (remove.data, false, Action::UserRemove { name: remove.name }),
        Command::Allow(allow) => (allow.data, false, Action::UserAllow { name: allow.name, path: allow.path }),
        Command::Deny(deny) => (deny.data, false, Action::UserDeny { name: deny.name, path: deny.path }),
    };
    table::print(&act(data, action)?, json, COLUMNS);
    Ok(())
}
