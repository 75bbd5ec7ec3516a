//! The command line: one file per command. A command says what it did on stdout and what went wrong on stderr, with a
//! hint; 0 is done, 1 failed, 2 bad usage.

mod backup;
mod client;
mod completions;
mod connection;
mod doctor;
mod key;
mod log;
mod paint;
mod run;
mod serve;
mod server;
mod setup;
mod table;
mod terminal;
mod trace;
mod user;

use crate::actions::{Failure, FailureKind};
use crate::config::ConfigError;
use argh::{ArgsInfo, EarlyExit, FromArgs};
use std::io::{self, Write};
use std::process::ExitCode;

/// The exit code of a command that cannot be understood.
const BAD_USAGE: u8 = 2;

/// OAuth for the MCP server you run at home: authorization server, sign-in and consent pages, and the gate in front of
/// any MCP server.
#[derive(FromArgs, ArgsInfo)]
#[argh(
    example = "doorward --upstream http://127.0.0.1:3001/mcp --public-url https://mcp.example.com",
    note = "Without a command it serves. Exit codes: 0 done, 1 failed, 2 bad usage."
)]
struct Cli {
    #[argh(subcommand)]
    command: Command,
}

#[derive(FromArgs, ArgsInfo)]
#[argh(subcommand)]
enum Command {
    Serve(serve::Serve),
    Setup(setup::Setup),
    User(user::User),
    Client(client::Client),
    Connection(connection::Connection),
    Key(key::Key),
    Server(server::Server),
    Log(log::Log),
    Backup(backup::Backup),
    Restore(backup::Restore),
    Doctor(doctor::Doctor),
    Completions(completions::Completions),
}

/// Runs the command that the arguments name.
pub fn main(arguments: &[String]) -> ExitCode {
    if matches!(arguments, [only] if only == "--version" || only == "-V") {
        say(&format!("doorward {}", env!("CARGO_PKG_VERSION")));
        return ExitCode::SUCCESS;
    }
    let words = with_default_command(arguments);
    let spelled_out = |word: &'_ String| if word == "-h" { "--help".to_owned() } else { word.clone() };
    let words: Vec<String> = with_dash_last(words.iter().map(spelled_out).collect());
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match Cli::from_args(&["doorward"], &words) {
        Ok(cli) => match run(cli.command) {
            Ok(()) => ExitCode::SUCCESS,
            Err(failure) => report(&failure),
        },
        Err(EarlyExit { output, status: Ok(()) }) => {
            say(output.trim_end());
            ExitCode::SUCCESS
        }
        Err(EarlyExit { output, status: Err(()) }) => {
            complain(output.trim_end(), "doorward --help lists the commands, doorward COMMAND --help explains one");
            ExitCode::from(BAD_USAGE)
        }
    }
}

/// `doorward` alone, or with flags only, is `doorward serve`.
fn with_default_command(arguments: &[String]) -> Vec<String> {
    let names_command =
        arguments.first().is_some_and(|first| !first.starts_with('-') || first == "--help" || first == "-h" || first == "help");
    let default = (!names_command).then(|| "serve".to_owned());
    default.into_iter().chain(arguments.iter().cloned()).collect()
}

/// `-` for standard output would be taken for a flag unless it stands behind the end of flags.
fn with_dash_last(words: Vec<String>) -> Vec<String> {
    if words.first().is_none_or(|command| command != "backup") || words.iter().filter(|word| *word == "-").count() != 1 {
        return words;
    }
    let others = words.into_iter().filter(|word| word != "-");
    others.chain(["--".to_owned(), "-".to_owned()]).collect()
}

fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Serve(command) => serve::run(command),
        Command::Setup(command) => setup::run(command),
        Command::User(command) => user::run(command),
        Command::Client(command) => client::run(command),
        Command::Connection(command) => connection::run(command),
        Command::Key(command) => key::run(command),
        Command::Server(command) => server::run(command),
        Command::Log(command) => log::run(&command),
        Command::Backup(command) => backup::run(command),
        Command::Restore(command) => backup::restore(&command),
        Command::Doctor(command) => doctor::run(command),
        Command::Completions(command) => {
            completions::run(&command);
            Ok(())
        }
    }
}

fn report(failure: &Failure) -> ExitCode {
    complain(&failure.what, &failure.hint);
    match failure.kind {
        FailureKind::Usage => ExitCode::from(BAD_USAGE),
        FailureKind::Refused | FailureKind::Unknown | FailureKind::Unavailable => ExitCode::FAILURE,
    }
}

/// What went wrong, and what to do, for whoever looks at standard error.
fn complain(what: &str, hint: &str) {
    let _ = writeln!(io::stderr(), "{} {what}\nhint: {hint}", paint::paint("error:", paint::RED, io::stderr()));
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        if error.by_flag { Self::usage(error.what, error.hint) } else { Self::new(error.what, error.hint) }
    }
}

/// Prints a line. Whoever reads may have had enough and closed the pipe; that is no failure of ours.
fn say(line: &str) {
    let _ = writeln!(io::stdout(), "{line}");
}

fn failure(what: impl Into<String>, hint: impl Into<String>) -> Failure {
    Failure::new(what, hint)
}

fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
