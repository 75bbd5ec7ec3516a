//! `doorward completions`: what a shell offers at the tab key, made from the commands' own declarations, so that a command
//! or a flag that is added is offered, too.

mod bash;
mod fish;
mod zsh;

use super::say;
use argh::{ArgsInfo, CommandInfoWithArgs, FlagInfoKind, FromArgs};

/// Options whose value is a file or a directory; shells complete these by themselves.
const PATHS: [&str; 3] = ["--ca-file", "--config", "--data"];

/// print what a shell needs to complete commands and flags
#[derive(FromArgs, ArgsInfo)]
#[argh(subcommand, name = "completions", example = "source <(doorward completions bash)")]
pub(super) struct Completions {
    #[argh(subcommand)]
    shell: Shell,
}

#[derive(FromArgs, ArgsInfo)]
#[argh(subcommand)]
enum Shell {
    Bash(Bash),
    Zsh(Zsh),
    Fish(Fish),
}

/// for bash
#[derive(FromArgs, ArgsInfo)]
#[argh(subcommand, name = "bash", example = "doorward completions bash > ~/.local/share/bash-completion/completions/doorward")]
struct Bash {}

/// for zsh
#[derive(FromArgs, ArgsInfo)]
#[argh(subcommand, name = "zsh", example = "doorward completions zsh > \"${{fpath[1]}}/_doorward\"")]
struct Zsh {}

/// for fish
#[derive(FromArgs, ArgsInfo)]
#[argh(subcommand, name = "fish", example = "doorward completions fish > ~/.config/fish/completions/doorward.fish")]
struct Fish {}

pub(super) fn run(completions: &Completions) {
    let places = places(&super::Cli::get_args_info());
    let script = match completions.shell {
        Shell::Bash(Bash {}) => bash::script(&places),
        Shell::Zsh(Zsh {}) => zsh::script(&places),
        Shell::Fish(Fish {}) => fish::script(&places),
    };
    say(script.trim_end());
}

/// What can be said after some commands.
struct Place {
    /// The commands so far, each after a slash: empty at the start, then `/user`, then `/user/add`.
    at: String,
    /// The commands that may follow, each with what it does.
    commands: Vec<(String, String)>,
    flags: Vec<Flag>,
}

struct Flag {
    /// With its two hyphens.
    name: String,
    about: String,
    value: Value,
}

/// What follows a flag.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Value {
    None,
    Path,
    Text,
}

/// Every place that there is. What `serve` takes can be said without saying `serve`.
fn places(root: &CommandInfoWithArgs) -> Vec<Place> {
    let mut places = Vec::new();
    collect("", root, &mut places);
    let of_serve = root.commands.iter().filter(|command| command.name == "serve").flat_map(|command| flags(&command.command));
    let version = Flag { name: "--version".into(), about: "say which version this is".into(), value: Value::None };
    if let Some(start) = places.first_mut() {
        start.flags = of_serve.chain([version]).collect();
    }
    places
}

fn collect(at: &str, command: &CommandInfoWithArgs, places: &mut Vec<Place>) {
    let commands = command.commands.iter().map(|sub| (sub.name.to_owned(), one_line(sub.command.description)));
    places.push(Place { at: at.to_owned(), commands: commands.collect(), flags: flags(command) });
    for sub in &command.commands {
        collect(&format!("{at}/{}", sub.name), &sub.command, places);
    }
}

fn flags(command: &CommandInfoWithArgs) -> Vec<Flag> {
    let value = |name: &str, kind: &FlagInfoKind<'_>| match kind {
        FlagInfoKind::Switch => Value::None,
        FlagInfoKind::Option { .. } if PATHS.contains(&name) => Value::Path,
        FlagInfoKind::Option { .. } => Value::Text,
    };
    let flag = |flag: &argh::FlagInfo<'_>| Flag {
        name: flag.long.to_owned(),
        about: one_line(flag.description),
        value: value(flag.long, &flag.kind),
    };
    command.flags.iter().filter(|flag| !flag.hidden).map(flag).collect()
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The flags of every place that take such a value, each once.
fn taking(places: &[Place], value: Value) -> Vec<&str> {
    let all = places.iter().flat_map(|place| &place.flags).filter(|flag| flag.value == value);
    let mut names: Vec<&str> = all.map(|flag| flag.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// Every step from a place to one of its commands, as `/user:add`: what the shells compare with.
fn steps(places: &[Place]) -> Vec<String> {
    let steps = |place: &Place| place.commands.iter().map(|(name, _)| format!("{}:{name}", place.at)).collect::<Vec<_>>();
    places.iter().flat_map(steps).collect()
}

/// In single quotes, as bash and zsh read them.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> Vec<Place> {
        places(&crate::cli::Cli::get_args_info())
    }

    /// A flag with a value in one place and without in another would make the shells miscount.
    #[test]
    fn a_flag_takes_a_value_everywhere_or_nowhere() {
        let places = all();
        let values = [taking(&places, Value::Path), taking(&places, Value::Text)].concat();
        assert!(values.contains(&"--data") && values.contains(&"--listen"));
        for switch in taking(&places, Value::None) {
            assert!(!values.contains(&switch), "{switch}");
        }
    }

    #[test]
    fn every_flag_that_takes_a_path_is_known_to_take_one() {
        let paths = taking(&all(), Value::Path).len();
        assert_eq!(paths, PATHS.iter().filter(|path| taking(&all(), Value::Path).contains(path)).count());
        assert!(!taking(&all(), Value::Text).iter().any(|name| name.ends_with("-file") || name.ends_with("-dir")));
    }

    #[test]
    fn the_start_takes_what_serve_takes() {
        let places = all();
        let names = |at: &str| {
            let place = places.iter().find(|place| place.at == at).unwrap();
            place.flags.iter().map(|flag| flag.name.clone()).collect::<Vec<_>>()
        };
        assert_eq!([names("/serve"), vec!["--version".to_owned()]].concat(), names(""));
    }

    #[test]
    fn a_description_cannot_leave_its_quotes() {
        assert_eq!(quoted("it's"), "'it'\\''s'");
        assert_eq!(fish::quoted("it's \\"), "'it\\'s \\\\'");
    }
}
