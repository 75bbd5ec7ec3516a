//! Every file under `cli/`, each run twice on a directory of its own: while the server runs, and while it does not.
//!
//! A file holds commands and what comes of them: `$` a command, `<` a line for its standard input, `>` a line of its
//! standard output, `!` a line of its standard error, `?` its exit code (0 if none is named), `#` a comment. `[id]`,
//! `[time]`, `[age]`, `[port]` and `[version]` stand for what differs from run to run, `[*]` for any text, `[...]` alone
//! for all further lines; `[id:NAME]` is remembered and stands for the same text from then on, in commands too.
//! `[unordered]` lets the lines after it come in any order. `% no owner` and `% connected` say how things are at first.
#![allow(missing_docs, reason = "tests say what they are for by their names")]
mod support;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Output;
use support::client::{Client, call};
use support::{Doorward, Setup};

const CONFIG: &str = "[[server]]\npath = \"/notes\"\nname = \"Notes\"\nupstream = \"http://127.0.0.1:9/mcp\"\n\
                      [[server]]\npath = \"/files\"\nupstream = \"http://127.0.0.1:9/files\"\n\
                      [server.scopes]\nread = \"Read\"\nwrite = \"Change\"\n";

/// Texts remembered by name.
type Names = BTreeMap<String, String>;

/// A whole file.
#[derive(Default)]
struct Script {
    no_owner: bool,
    connected: bool,
    steps: Vec<Step>,
}

/// One command and what comes of it.
#[derive(Default)]
struct Step {
    line: usize,
    command: String,
    input: String,
    output: Vec<String>,
    errors: Vec<String>,
    code: i32,
}

fn read(name: &str, text: &str) -> Script {
    let mut script = Script::default();
    for (at, line) in text.lines().enumerate() {
        let (sign, rest) = line.split_at(line.len().min(1));
        let rest = rest.strip_prefix(' ').unwrap_or(rest);
        let place = || format!("{name}:{}", at + 1);
        match (sign, script.steps.last_mut()) {
            ("" | "#", _) => {}
            ("%", None) if rest == "no owner" => script.no_owner = true,
            ("%", None) if rest == "connected" => script.connected = true,
            ("$", _) => script.steps.push(Step { line: at + 1, command: rest.to_owned(), ..Step::default() }),
            ("<", Some(step)) => step.input += &format!("{rest}\n"),
            (">", Some(step)) => step.output.push(rest.to_owned()),
            ("[", Some(step)) if line == "[unordered]" => step.output.push(line.to_owned()),
            ("!", Some(step)) => step.errors.push(rest.to_owned()),
            ("?", Some(step)) => step.code = rest.parse().unwrap_or_else(|_| panic!("{}: no exit code", place())),
            _ => panic!("{}: not understood: {line}", place()),
        }
    }
    assert!(!script.steps.is_empty(), "{name} has no command");
    script
}

/// Words at blanks; single quotes hold some together.
fn words(command: &str) -> Vec<String> {
    let mut words = vec![];
    for (at, piece) in command.split('\'').enumerate() {
        if at % 2 == 1 {
            words.push(piece.to_owned());
        } else {
            words.extend(piece.split_whitespace().map(str::to_owned));
        }
    }
    words
}

fn with_names(text: &str, names: &Names) -> String {
    names.iter().fold(text.to_owned(), |text, (name, value)| text.replace(&format!("[id:{name}]"), value))
}

/// Whether a line is as expected; remembers what `[id:NAME]` stood for.
fn line_matches(expected: &str, line: &str, names: &mut Names) -> bool {
    let expected = with_names(expected, names);
    let mut found = Names::new();
    let matches = rest_matches(&expected, line, &mut found);
    if matches {
        names.append(&mut found);
    }
    matches
}

fn rest_matches(expected: &str, line: &str, found: &mut Names) -> bool {
    let Some((before, name, after)) = next_placeholder(expected) else { return expected == line };
    let Some(rest) = line.strip_prefix(before) else { return false };
    let fits = |text: &str| match name.split(':').next().unwrap() {
        "id" => !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)),
        "time" | "port" => !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()),
        "age" => text.trim_end() == "just now" || text.trim_end().ends_with(" min ago"),
        "version" => text.split('.').count() == 3 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.'),
        _ => true,
    };
    let ends = (0..=rest.len()).rev().filter(|end| rest.is_char_boundary(*end));
    for end in ends {
        if fits(&rest[..end]) && rest_matches(after, &rest[end..], found) {
            if let Some((_, name)) = name.split_once(':') {
                found.insert(name.to_owned(), rest[..end].to_owned());
            }
            return true;
        }
    }
    false
}

fn next_placeholder(text: &str) -> Option<(&str, &str, &str)> {
    let starts = text.match_indices('[').filter_map(|(start, _)| {
        let end = start + text[start..].find(']')?;
        let name = &text[start + 1..end];
        let known = ["id", "time", "age", "port", "version", "*"].contains(&name) || name.starts_with("id:");
        known.then(|| (&text[..start], name, &text[end + 1..]))
    });
    starts.into_iter().next()
}

/// What is wrong with the lines, if anything.
fn compare(expected: &[String], text: &str, names: &mut Names) -> Result<(), String> {
    let mut lines: Vec<&str> = text.lines().collect();
    let mut unordered = false;
    for expected in expected {
        match expected.as_str() {
            "[...]" => return Ok(()),
            "[unordered]" => unordered = true,
            _ => {
                let candidates = if unordered { lines.len() } else { lines.len().min(1) };
                let Some(at) = (0..candidates).find(|at| line_matches(expected, lines[*at], names)) else {
                    return Err(format!("expected: {expected}\ngot:\n{text}"));
                };
                lines.remove(at);
            }
        }
    }
    if lines.is_empty() { Ok(()) } else { Err(format!("more lines than expected:\n{text}")) }
}

fn judge(step: &Step, done: &Output, names: &mut Names) -> Result<(), String> {
    let (stdout, stderr) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    if done.status.code() != Some(step.code) {
        return Err(format!("ended with {:?} instead of {}\n{stdout}{stderr}", done.status.code(), step.code));
    }
    compare(&step.output, &stdout, names)?;
    compare(&step.errors, &stderr, names)?;
    let words = words(&step.command);
    // What a backup holds is no text.
    if !words.iter().any(|word| word == "-") && format!("{stdout}{stderr}").contains('\u{1b}') {
        return Err("it speaks to a terminal, and there is none".to_owned());
    }
    if step.code == 0 && words.iter().any(|word| word == "--json") { is_json(&words, &stdout) } else { Ok(()) }
}

/// One value, and of the log one a line.
fn is_json(words: &[String], stdout: &str) -> Result<(), String> {
    let values: Vec<&str> = if words[1] == "log" { stdout.lines().collect() } else { vec![stdout] };
    let fault = values.into_iter().find_map(|value| serde_json::from_str::<serde_json::Value>(value).err());
    fault.map_or(Ok(()), |fault| Err(format!("no JSON: {fault}\n{stdout}")))
}

/// Runs a file; gives what went wrong.
fn run(name: &str, text: &str, running: bool) -> Vec<String> {
    let script = read(name, text);
    let mut doorward = Doorward::with(Setup { without_owner: script.no_owner, ..Setup::config(CONFIG) });
    if script.connected {
        let client = Client::register(&doorward);
        let resource = format!("{}/notes", doorward.origin());
        let code = support::http::parameter(&client.approve(&doorward, &[("resource", &resource)]), "code").unwrap();
        let tokens = support::client::Tokens::of(&client.redeem(&doorward, &code, &[]));
        assert_eq!(call(&doorward, "/notes", &tokens.access).status, 502);
    }
    if !running {
        assert!(doorward.stop().success());
    }
    let mut names = Names::new();
    let mut faults = vec![];
    for step in &script.steps {
        let words = words(&with_names(&step.command, &names));
        assert_eq!(words[0], "doorward", "{name}:{}", step.line);
        let arguments: Vec<&str> = words[1..].iter().map(String::as_str).collect();
        let done = doorward.run_with_input(&arguments, &step.input);
        if let Err(fault) = judge(step, &done, &mut names) {
            faults.push(format!(
                "{name}:{} (server {}): {}\n{fault}",
                step.line,
                if running { "running" } else { "stopped" },
                step.command
            ));
        }
    }
    faults
}

fn run_all(running: bool) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli");
    let mut faults = vec![];
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        assert!(path.is_file() && name.ends_with(".txt"), "nobody reads {name}");
        faults.extend(run(&name, &std::fs::read_to_string(&path).unwrap(), running));
        count += 1;
    }
    assert!(count > 0 && faults.is_empty(), "{}", faults.join("\n\n"));
}

#[test]
fn commands_say_what_the_files_say_while_the_server_runs() {
    run_all(true);
}

#[test]
fn commands_say_what_the_files_say_while_no_server_runs() {
    run_all(false);
}

#[test]
fn a_command_on_a_directory_with_a_long_name_needs_no_server() {
    let folder = support::Folder::new();
    let long = folder.path().join("x".repeat(150));
    std::fs::create_dir(&long).unwrap();
    let added = support::run_in(&long, &["user", "add", "ann", "--password-stdin"], "a long password\n");
    assert_eq!(added.status.code(), Some(0), "{}", String::from_utf8_lossy(&added.stderr));
    let done = support::run_in(&long, &["user", "list"], "");
    assert!(done.status.success() && String::from_utf8_lossy(&done.stdout).contains("ann"));
}

#[test]
fn a_command_on_a_directory_that_was_never_a_doorward_makes_none_of_it() {
    let folder = support::Folder::new();
    let nowhere = folder.path().join("nowhere");
    let done = support::run_in(&nowhere, &["user", "list"], "");
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert_eq!((done.status.code(), nowhere.exists()), (Some(1), false));
    assert!(said.starts_with("error: there is no doorward in ") && said.contains("\nhint: "), "{said}");
}

#[test]
fn what_a_command_did_is_seen_by_the_server_and_the_other_way_round() {
    let mut doorward = Doorward::with(Setup::config(CONFIG));
    doorward.add_user("bob", "a long password", &[]);
    assert!(doorward.stop().success());
    assert!(doorward.run(&["user", "disable", "bob"]).status.success());
    doorward.start_again();
    let bob = doorward.json(&["user", "list"]).as_array().unwrap().iter().find(|user| user["name"] == "bob").unwrap().clone();
    assert_eq!(bob["disabled"], true);
}

/// A start that must fail, by flags or by variables; gives how it ends and what it says.
fn failed_start(flags: &[&str], variables: &[(&str, &str)]) -> (Option<i32>, String) {
    let folder = support::Folder::new();
    let mut command = std::process::Command::new(support::program());
    command.args(["serve", "--data"]).arg(folder.path()).args(flags).envs(variables.iter().copied());
    let done = command.output().unwrap();
    (done.status.code(), String::from_utf8(done.stderr).unwrap().replace(folder.path().to_str().unwrap(), "DATA"))
}

#[test]
fn every_flag_of_serve_has_a_twin_in_the_environment() {
    let on_any_port: &[&str] = &["--listen", "127.0.0.1:0"];
    let wrong = [
        ("--listen", "DOORWARD_LISTEN", "nonsense"),
        ("--public-url", "DOORWARD_PUBLIC_URL", "nonsense"),
        ("--upstream", "DOORWARD_UPSTREAM", "nonsense"),
        ("--config", "DOORWARD_CONFIG", "/nowhere/doorward.toml"),
        ("--trusted-proxy", "DOORWARD_TRUSTED_PROXY", "0.0.0.0/0"),
    ];
    for (flag, variable, value) in wrong {
        let rest = if flag == "--listen" { &[] } else { on_any_port };
        let by_flag = failed_start(&[rest, &[flag, value]].concat(), &[]);
        assert_eq!(failed_start(rest, &[(variable, value)]), by_flag);
        let (code, said) = by_flag;
        // A wrong value is bad usage; a file that is not there is none.
        assert_eq!(code, Some(if flag == "--config" { 1 } else { 2 }), "{flag}: {said}");
        assert!(said.starts_with("error: ") && said.contains("\nhint: "), "{flag}: {said}");
    }
    // Allowed by either, the address is no longer what stands in the way.
    let plain: &[&str] = &["--listen", "127.0.0.1:0", "--public-url", "http://doorward.lan", "--upstream", "nonsense"];
    let by_flag = failed_start(&[plain, &["--allow-http"]].concat(), &[]);
    assert_eq!(failed_start(plain, &[("DOORWARD_ALLOW_HTTP", "1")]), by_flag);
    assert_ne!(failed_start(plain, &[]), by_flag);
    // The variable for the data directory is how all tests run their commands. None is forgotten, and each is named.
    let help = std::process::Command::new(support::program()).args(["serve", "--help"]).output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let flags: Vec<&str> = help.lines().filter_map(|line| line.strip_prefix("  --")?.split([' ', ',']).next()).collect();
    let known = ["data", "allow-http", "help"].into_iter().chain(wrong.map(|(flag, ..)| flag.trim_start_matches("--")));
    assert_eq!(flags.iter().copied().collect::<std::collections::BTreeSet<_>>(), known.collect());
    for flag in flags.iter().filter(|flag| **flag != "help") {
        assert!(help.contains(&format!("DOORWARD_{}", flag.to_uppercase().replace('-', "_"))), "--{flag}");
    }
}

#[test]
fn only_the_owner_of_the_files_can_give_orders() {
    use std::os::unix::fs::PermissionsExt;
    let doorward = Doorward::start();
    let mode = |name: &str| std::fs::metadata(doorward.folder.path().join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("control.sock"), mode("store"), mode("run")), (0o600, 0o700, 0o700));
}

#[test]
fn the_reader_of_the_files_notices_what_differs() {
    let names = &mut Names::new();
    assert!(line_matches("a [id:x] b", "a 1_- b", names));
    assert_eq!(names["x"], "1_-");
    assert!(line_matches("[id:x]", "1_-", names) && !line_matches("[id:x]", "2", names));
    assert!(!line_matches("[time]", "x", names) && !line_matches("[age]", "soon", names) && !line_matches("a", "ab", names));
    let expected = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>();
    assert!(compare(&expected(&["a", "[...]"]), "a\nb\n", names).is_ok());
    assert!(compare(&expected(&["a"]), "a\nb\n", names).is_err());
    assert!(compare(&expected(&["a", "b"]), "a\n", names).is_err());
    assert!(compare(&expected(&["[unordered]", "b", "a"]), "a\nb\n", names).is_ok());
    assert!(compare(&expected(&["b", "a"]), "a\nb\n", names).is_err());
}
