//! What `--help` says is what the shells offer: every command and flag, each where it can be said, asked of the real shells
//! where they are installed. And every help has an example.
#![allow(missing_docs, reason = "tests say what they are for by their names")]
mod support;

use std::collections::BTreeSet;
use std::process::{Command, Stdio};
use support::{Folder, program};

/// A command, its commands and flags as its help lists them.
struct Help {
    place: Vec<String>,
    text: String,
    words: BTreeSet<String>,
    commands: Vec<String>,
}

fn stdout(command: &mut Command) -> String {
    let done = command.stdin(Stdio::null()).output().unwrap();
    assert!(done.status.success(), "{command:?}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap()
}

/// The words that begin the lines below a heading.
fn listed(text: &str, heading: &str) -> Vec<String> {
    let lines = text.lines().skip_while(|line| *line != heading).skip(1).take_while(|line| !line.is_empty());
    let names = lines.filter_map(|line| line.strip_prefix("  ").filter(|rest| !rest.starts_with(' ')));
    names.filter_map(|line| line.split([' ', ',']).next().map(str::to_owned)).collect()
}

fn help(place: &[String]) -> Help {
    let text = stdout(Command::new(program()).args(place).arg("--help"));
    let commands = listed(&text, "Commands:");
    let words = listed(&text, "Options:").into_iter().chain(commands.clone()).collect();
    Help { place: place.to_vec(), text, words, commands }
}

/// The help of every command, found by asking each for its commands.
fn all() -> Vec<Help> {
    let mut found = vec![help(&[])];
    let mut at = 0;
    while at < found.len() {
        let deeper: Vec<Vec<String>> =
            found[at].commands.iter().map(|name| [&found[at].place[..], std::slice::from_ref(name)].concat()).collect();
        found.extend(deeper.iter().map(|place| help(place)));
        at += 1;
    }
    assert!(found.len() > 20);
    // Without a command it serves, so what `serve` takes can be said at once.
    let of_serve = help(&["serve".to_owned()]).words;
    found[0].words.extend(of_serve);
    found[0].words.insert("--version".to_owned());
    found
}

fn is_installed(shell: &str) -> bool {
    let there = Command::new(shell).args(["-c", "true"]).stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok();
    if !there {
        eprintln!("{shell} is not installed: not asked");
    }
    there
}

/// A shell that has read its script, asked by `question` what may follow the words given as arguments.
struct Shell {
    name: &'static str,
    folder: Folder,
    question: &'static str,
}

impl Shell {
    fn new(name: &'static str, question: &'static str) -> Option<Self> {
        let folder = Folder::new();
        let script = stdout(Command::new(program()).args(["completions", name]));
        std::fs::write(folder.path().join("script"), script).unwrap();
        is_installed(name).then_some(Self { name, folder, question })
    }

    fn offers(&self, words: &[&str]) -> BTreeSet<String> {
        let script = self.folder.path().join("script");
        let flags: &[&str] = if self.name == "fish" { &["--no-config", "-c"] } else { &["-c"] };
        let mut command = Command::new(self.name);
        command.args(flags).arg(self.question).args(if self.name == "fish" { vec![] } else { vec!["ask"] });
        command.env("SCRIPT", script).env("HOME", self.folder.path()).args(["doorward"]).args(words);
        stdout(&mut command).lines().map(str::to_owned).collect()
    }

    /// What may follow a command is exactly what its help lists.
    fn agrees_with_help(&self) {
        let syntax = Command::new(self.name).arg("-n").arg(self.folder.path().join("script")).status().unwrap();
        assert!(syntax.success(), "{} does not understand its script", self.name);
        for help in all() {
            let place: Vec<&str> = help.place.iter().map(String::as_str).collect();
            let flags = self.offers(&[&place[..], &["-"]].concat());
            let mut offered = self.offers(&[&place[..], &[""]].concat());
            // fish and zsh speak of flags once a hyphen is typed.
            offered.extend(flags);
            assert_eq!(offered, help.words, "{} after {place:?}", self.name);
        }
        assert!(self.offers(&["--upstream", "server", "us"]).contains("user"), "{} takes a value for a command", self.name);
        assert!(self.offers(&["user", "add", "--server", "list", "--own"]).contains("--owner"), "{}", self.name);
        assert!(!self.offers(&["user", "add", "--server", ""]).contains("--owner"), "{} takes a value for a flag", self.name);
    }
}

#[test]
fn bash_offers_what_the_help_lists() {
    let question = r#"
        source "$SCRIPT"
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
        _doorward
        for word in "${COMPREPLY[@]}"; do printf '%s\n' "$word"; done
    "#;
    if let Some(bash) = Shell::new("bash", question) {
        bash.agrees_with_help();
    }
}

#[test]
fn zsh_offers_what_the_help_lists() {
    // The parts of zsh's own that the script calls need a terminal; these say what they are told.
    let question = r#"
        compdef() {}; _files() {}; _message() {}
        _describe() { local list=$@[-1] word; for word in "${(@P)list}"; do case ${word%%:*} in ("${words[-1]}"*) print -r -- "${word%%:*}";; esac; done }
        source "$SCRIPT"
        words=("$@") CURRENT=$#
        _doorward
    "#;
    if let Some(zsh) = Shell::new("zsh", question) {
        zsh.agrees_with_help();
    }
}

#[test]
fn fish_offers_what_the_help_lists() {
    let question = "source $SCRIPT; complete -C (string join ' ' -- $argv) | string replace -r '\\t.*' ''; true";
    if let Some(fish) = Shell::new("fish", question) {
        fish.agrees_with_help();
    }
}

/// The command line that other people's scripts depend on: each command, and what it takes. More may be added.
const CONTRACT: [(&str, &str); 25] = [
    ("serve", "--listen --public-url --data --upstream --config --trusted-proxy --allow-http"),
    ("user add", "name --password-stdin --server --owner"),
    ("user list", "--json"),
    ("user password", "name"),
    ("user disable", "name"),
    ("user remove", "name"),
    ("user allow", "name path"),
    ("user deny", "name path"),
    ("client add", "--preset --redirect-uri --name --secret"),
    ("client list", "--json"),
    ("client show", "id"),
    ("client remove", "id"),
    ("connection list", "--json"),
    ("connection revoke", "id"),
    ("key add", "name --server --scope --expires"),
    ("key list", "--json"),
    ("key revoke", "id"),
    ("server list", "--json"),
    ("server pause", "path"),
    ("server resume", "path"),
    ("setup", ""),
    ("log", "--follow --trace --json"),
    ("backup", "file"),
    ("restore", "file"),
    ("doctor", "--public-url"),
];

#[test]
fn the_command_line_that_scripts_depend_on_is_there() {
    for (command, takes) in CONTRACT {
        let place: Vec<String> = command.split(' ').map(str::to_owned).collect();
        let help = help(&place);
        let taken = [listed(&help.text, "Positional Arguments:"), listed(&help.text, "Options:")].concat();
        for word in takes.split_whitespace() {
            assert!(taken.iter().any(|taken| taken == word), "doorward {command} does not take {word}: {taken:?}");
        }
    }
}

/// What is run by the files of `tests/cli`: each command as its words, and whether it succeeds there.
fn run_by_files() -> Vec<(Vec<String>, bool)> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli");
    let texts = std::fs::read_dir(folder).unwrap().map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap());
    let commands = |text: String| {
        let steps = text.split("$ doorward ").skip(1).map(|step| {
            let words = step.lines().next().unwrap_or_default().split_whitespace().map(str::to_owned).collect();
            (words, !step.lines().any(|line| line.starts_with("? ")))
        });
        steps.collect::<Vec<(Vec<String>, bool)>>()
    };
    texts.flat_map(commands).collect()
}

#[test]
fn every_command_succeeds_and_fails_in_a_file_of_tests_cli() {
    let run = run_by_files();
    for help in all().iter().filter(|help| help.commands.is_empty()) {
        let is_it = |words: &[String]| words.starts_with(&help.place) && words.get(help.place.len()).is_none_or(|next| next != "--help");
        for outcome in [true, false] {
            // A server that starts never ends, and what the doctor finds depends on the machine: tests/doctor.rs has both.
            if outcome && ["serve", "doctor"].contains(&help.place[0].as_str()) {
                continue;
            }
            let is_run = run.iter().any(|(words, succeeds)| is_it(words) && *succeeds == outcome);
            assert!(is_run, "no file of tests/cli runs {:?} so that it {}", help.place, if outcome { "succeeds" } else { "fails" });
        }
    }
}

#[test]
fn every_list_is_there_for_scripts_too() {
    let lists: Vec<Help> = all().into_iter().filter(|help| help.place.last().is_some_and(|name| name == "list")).collect();
    assert!(lists.len() >= 5);
    for help in lists {
        assert!(help.words.contains("--json"), "{:?}", help.place);
    }
}

#[test]
fn every_help_has_an_example_of_its_own_command() {
    for help in all() {
        let command = [&["doorward".to_owned()], &help.place[..]].concat().join(" ");
        let examples = help.text.split_once("Examples:\n").unwrap_or_else(|| panic!("{command} --help has no example")).1;
        assert!(
            examples.lines().next().unwrap().contains(if help.place == ["serve"] { "doorward" } else { &command }),
            "{command}: {examples}"
        );
    }
}
