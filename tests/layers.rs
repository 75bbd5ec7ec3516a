//! The architecture, checked: which part of `src/` may use which, where time and chance are read, how long a file may be.
//!
//! Rust lets modules call one another in circles, so the order is a table here. What counts is the word after every
//! `crate::` outside comments and tests.

use std::fs;
use std::path::Path;

/// Each part of `src/` (a directory or a file) and the parts that it may use. Highest floor first.
const MAY_USE: [(&str, &[&str]); 18] = [
    (
        "cli",
        &[
            "app", "door", "control", "doctor", "actions", "config", "store", "oauth", "clock", "http", "random", "password", "demo",
            "pages", "routes",
        ],
    ),
    ("doctor", &["actions", "oauth", "http", "clock"]),
    ("app", &["routes", "http"]),
    ("control", &["actions"]),
    ("routes", &["endpoints", "config", "store", "http"]),
    ("endpoints", &["actions", "pages", "store", "config", "http", "password", "random", "clock", "oauth"]),
    ("door", &["store", "config", "oauth", "clock", "http"]),
    ("actions", &["store", "oauth", "password", "random", "clock", "config"]),
    ("store", &["oauth", "clock"]),
    ("pages", &["oauth"]),
    ("config", &["oauth", "clock"]),
    ("demo", &["http", "clock"]),
    ("random", &["oauth"]),
    ("oauth", &["clock", "calendar"]),
    ("http", &["calendar"]),
    ("password", &[]),
    ("clock", &[]),
    ("calendar", &[]),
];

/// These may use everything: the two roots, and documentation.
const MAY_USE_ANYTHING: [&str; 3] = ["lib", "main", "manual"];

/// What the rules must not touch: the reading of time, and the world.
const IMPURE: [&str; 11] = [
    "SystemTime",
    "Instant",
    "clock::now",
    "clock::instant",
    "std::env",
    "std::fs",
    "std::io",
    "std::net",
    "std::os",
    "std::process",
    "std::thread",
];

/// Longest file, in lines without its tests.
const MAX_LINES: usize = 300;
/// Files that may be longer, and why: each is a table.
const LONG_TABLES: [(&str, &str); 1] = [("oauth/error.rs", "one line for every refusal, so that no two places can disagree")];

/// A file of `src/` without comments and tests.
struct Source {
    /// Below `src/`, with forward slashes.
    path: String,
    code: String,
    /// With comments, without tests.
    lines: usize,
}

impl Source {
    fn new(path: &str, text: &str) -> Self {
        let tested = without_tests(text);
        Self { path: path.to_owned(), code: without_comments(tested), lines: tested.lines().count() }
    }

    /// The part of `src/` that the file belongs to.
    fn part(&self) -> &str {
        self.path.split(['/', '.']).next().unwrap_or_default()
    }

    /// How many names follow `crate` in the module's path.
    fn depth(&self) -> usize {
        self.path.split('/').count() - usize::from(self.path.ends_with("/mod.rs"))
    }
}

/// Tests stand last in a file.
fn without_tests(text: &str) -> &str {
    text.find("\n#[cfg(test)]\nmod tests {").map_or(text, |at| &text[..=at])
}

fn without_comments(text: &str) -> String {
    let code = |line: &str| match line.find("//") {
        Some(0) => String::new(),
        Some(at) if line[..at].ends_with(char::is_whitespace) => line[..at].to_owned(),
        _ => line.to_owned(),
    };
    text.lines().map(|line| code(line) + "\n").collect()
}

/// The text after each `needle` that is not the end of a longer word.
fn after<'c>(code: &'c str, needle: &'c str) -> impl Iterator<Item = &'c str> {
    let whole = |at: usize| !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
    code.match_indices(needle).filter(move |(at, _)| whole(*at)).map(move |(at, _)| &code[at + needle.len()..])
}

fn word(text: &str) -> &str {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default()
}

/// The forbidden arrows of a file, each as a sentence.
fn arrows(source: &Source) -> Vec<String> {
    let (path, part) = (&source.path, source.part());
    if MAY_USE_ANYTHING.contains(&part) {
        return vec![];
    }
    let Some((_, allowed)) = MAY_USE.iter().find(|(known, _)| *known == part) else {
        return vec![format!("src/{path} belongs to no layer: give `{part}` a row in MAY_USE of tests/layers.rs.")];
    };
    let mut faults = Vec::new();
    for rest in after(&source.code, "crate::") {
        let used = word(rest);
        if used.is_empty() {
            let import = rest.split(['}', '\n']).next().unwrap_or_default();
            faults
                .push(format!("src/{path} imports `crate::{import}…` in a group, which hides the target: write one `use` for each part."));
        } else if used != part && !allowed.contains(&used) {
            let allowed = if allowed.is_empty() { "nothing of ours".to_owned() } else { allowed.join(", ") };
            faults.push(format!("src/{path} uses crate::{used}, but {part} may use only {allowed}."));
        }
    }
    for opening in ["pub use crate::", "pub(crate) use crate::"] {
        for used in after(&source.code, opening).map(word).filter(|used| *used != part) {
            faults.push(format!("src/{path} publishes crate::{used} as its own: let whoever needs {used} name it."));
        }
    }
    faults
}

/// Paths by `super` that lead out of the file's own part, where the table cannot see them.
fn ways_out(source: &Source) -> Vec<String> {
    let chain = vec!["super::"; source.depth()].concat();
    let roots = ["lib", "main"].contains(&source.part());
    let found = !roots && after(&source.code, &chain).next().is_some();
    let fault = format!("src/{} leaves {} by `{chain}`: write `crate::`, so that the table sees it.", source.path, source.part());
    if found { vec![fault] } else { vec![] }
}

/// The rules, and what the doctor makes of its observations.
fn is_pure(source: &Source) -> bool {
    source.part() == "oauth" || source.path.starts_with("doctor/judge/")
}

/// Who reads time or chance without being the one who may.
fn readers(source: &Source) -> Vec<String> {
    let path = &source.path;
    let mut faults = Vec::new();
    for clock in ["SystemTime::now", "Instant::now"] {
        if path != "clock.rs" && after(&source.code, clock).next().is_some() {
            faults.push(format!("src/{path} reads {clock}: time is an argument, only clock.rs reads it."));
        }
    }
    if path != "random.rs" && ["rand::", "use rand;"].iter().any(|chance| after(&source.code, chance).next().is_some()) {
        faults.push(format!("src/{path} uses rand: chance is an argument, only random.rs draws it."));
    }
    if is_pure(source) {
        for impure in IMPURE.iter().filter(|impure| after(&source.code, impure).next().is_some()) {
            faults.push(format!("src/{path} uses {impure}: the rules are pure, and of time they know the type UnixTime alone."));
        }
        for used in after(&source.code, "crate::clock::").map(word).filter(|used| *used != "UnixTime") {
            faults.push(format!("src/{path} uses crate::clock::{used}: of time the rules know the type UnixTime alone."));
        }
    }
    faults
}

fn length(source: &Source) -> Option<String> {
    let Source { path, lines, .. } = source;
    let is_table = LONG_TABLES.iter().any(|(table, _)| table == path);
    (*lines > MAX_LINES && !is_table).then(|| {
        format!("src/{path} has {lines} lines without its tests: find the second thing in it, or name it in LONG_TABLES with the reason.")
    })
}

/// Every file of `src/` but those that are compiled for tests alone.
fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&root, "", &mut files);
    let for_tests: Vec<String> = files.iter().flat_map(|(path, text)| test_modules(path, text)).collect();
    let kept = files.iter().filter(|(path, _)| !for_tests.iter().any(|module| is_of_module(path, module)));
    kept.map(|(path, text)| Source::new(path, text)).collect()
}

fn is_of_module(path: &str, module: &str) -> bool {
    path.strip_prefix(module).is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
}

/// Modules that a file declares below `#[cfg(test)]`, as paths without `.rs`.
fn test_modules(path: &str, text: &str) -> Vec<String> {
    let room = match path.rsplit_once('/') {
        Some((room, "mod.rs")) => format!("{room}/"),
        None if path == "lib.rs" || path == "main.rs" => String::new(),
        _ => format!("{}/", path.trim_end_matches(".rs")),
    };
    let declared = text.split("#[cfg(test)]\n").skip(1).filter_map(|rest| rest.lines().next());
    let names = declared.filter_map(|line| line.trim_start_matches("pub(crate) ").strip_prefix("mod ")?.strip_suffix(';'));
    names.map(|name| format!("{room}{name}")).collect()
}

fn collect(directory: &Path, prefix: &str, files: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(directory).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let path = format!("{prefix}{name}");
        if entry.file_type().unwrap().is_dir() {
            collect(&entry.path(), &format!("{path}/"), files);
        } else if name.ends_with(".rs") {
            files.push((path, fs::read_to_string(entry.path()).unwrap()));
        }
    }
}

fn assert_none(mut faults: Vec<String>) {
    faults.sort();
    faults.dedup();
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

#[test]
fn nothing_calls_back_up() {
    assert_none(sources().iter().flat_map(arrows).collect());
}

#[test]
fn nobody_leaves_his_part_by_super() {
    assert_none(sources().iter().flat_map(ways_out).collect());
}

#[test]
fn time_and_chance_are_read_in_one_place_and_the_rules_are_pure() {
    assert_none(sources().iter().flat_map(readers).collect());
}

#[test]
fn whether_a_password_is_right_is_asked_in_one_place_so_that_all_guesses_share_one_count() {
    let asks = |source: &Source| after(&source.code, "password::verify").next().is_some();
    let places: Vec<String> = sources().into_iter().filter(asks).map(|source| source.path).collect();
    assert_eq!(places, ["endpoints/guess.rs"]);
}

#[test]
fn no_file_is_long_that_is_no_table() {
    assert_none(sources().iter().filter_map(length).collect());
}

#[test]
fn the_table_itself_has_no_circle() {
    let mut settled: Vec<&str> = Vec::new();
    while settled.len() < MAY_USE.len() {
        let stands = |(part, uses): &&(&str, &[&str])| !settled.contains(part) && uses.iter().all(|used| settled.contains(used));
        let next = MAY_USE.iter().find(stands).map(|(part, _)| *part);
        settled.push(next.unwrap_or_else(|| panic!("a circle, or a part without a row; settled so far: {settled:?}")));
    }
}

#[test]
fn long_tables_exist_are_long_and_have_a_reason() {
    let sources = sources();
    for (path, reason) in LONG_TABLES {
        let long = sources.iter().any(|source| source.path == path && source.lines > MAX_LINES);
        assert!(long && !reason.is_empty(), "{path} needs no place in LONG_TABLES");
    }
}

/// What is wrong with a file of that name and text.
fn faults(path: &str, text: &str) -> Vec<String> {
    let source = Source::new(path, text);
    [arrows(&source), ways_out(&source), readers(&source)].concat()
}

#[test]
fn a_forbidden_arrow_is_named_with_file_and_allowed_set() {
    assert_eq!(
        faults("store/codes.rs", "use crate::door::gate;\n"),
        ["src/store/codes.rs uses crate::door, but store may use only oauth, clock."]
    );
    assert_eq!(faults("clock.rs", "use crate::oauth::ids;\n"), ["src/clock.rs uses crate::oauth, but clock may use only nothing of ours."]);
    assert_eq!(faults("oauth/code.rs", "fn f() -> crate::http::method::Method {}\n").len(), 1);
}

#[test]
fn an_allowed_arrow_and_a_comment_are_no_fault() {
    for text in ["use crate::oauth::ids;\n", "use crate::store::record;\n", "/// See [`crate::door`].\n", "let x = 1; // crate::door\n"] {
        assert!(faults("store/codes.rs", text).is_empty(), "{text}");
    }
    assert!(faults("main.rs", "use crate::door;\n").is_empty());
}

#[test]
fn an_arrow_in_a_test_is_no_fault() {
    assert!(faults("store/codes.rs", "fn f() {}\n\n#[cfg(test)]\nmod tests {\n    use crate::door::gate;\n}\n").is_empty());
}

#[test]
fn a_group_a_star_and_a_second_name_are_refused() {
    for text in ["use crate::{clock, oauth};\n", "use crate::*;\n", "pub use crate::oauth::ids;\n", "pub(crate) use crate::oauth::ids;\n"] {
        assert_eq!(faults("store/codes.rs", text).len(), 1, "{text}");
    }
}

#[test]
fn super_may_climb_within_a_part_and_not_out_of_it() {
    assert!(faults("store/codes.rs", "use super::record;\n").is_empty());
    assert!(faults("door/body/chunked.rs", "use super::super::limits;\n").is_empty());
    for path in ["store/codes.rs", "oauth/code.rs"] {
        assert_eq!(faults(path, "use super::super::door::gate;\n").len(), 1, "{path}");
    }
    assert_eq!(faults("store/mod.rs", "use super::door::gate;\n").len(), 1);
    assert_eq!(faults("clock.rs", "use super::door::gate;\n").len(), 1);
}

#[test]
fn a_second_reader_of_time_or_chance_is_found() {
    assert_eq!(faults("store/codes.rs", "let now = std::time::SystemTime::now();\n").len(), 1);
    assert_eq!(faults("door/head.rs", "let now = Instant::now();\n").len(), 1);
    assert_eq!(faults("store/codes.rs", "let x = rand::rng();\n").len(), 1);
    assert!(faults("store/codes.rs", "let x = operand::new();\n").is_empty());
    assert!(faults("random.rs", "use rand::Rng;\n").is_empty());
}

#[test]
fn the_rules_know_the_type_of_time_and_not_the_reading_of_it() {
    assert!(faults("oauth/code.rs", "use crate::clock::UnixTime;\nuse std::time::Duration;\n").is_empty());
    for text in ["use crate::clock::now;\n", "use crate::clock::{UnixTime, now};\n", "use crate::clock;\nlet x = clock::now();\n"] {
        assert!(!faults("oauth/code.rs", text).is_empty(), "{text}");
    }
    assert!(!faults("oauth/code.rs", "use std::fs;\n").is_empty());
    assert!(!faults("doctor/judge/way.rs", "use std::net::TcpStream;\n").is_empty());
    assert!(faults("doctor/probe/net.rs", "use std::net::TcpStream;\n").is_empty());
}

#[test]
fn a_part_without_a_row_is_a_fault() {
    assert_eq!(faults("cache.rs", "").len(), 1);
}

#[test]
fn modules_for_tests_alone_are_left_out() {
    assert_eq!(test_modules("oauth/mod.rs", "pub mod error;\n#[cfg(test)]\nmod fixtures;\n"), ["oauth/fixtures"]);
    assert_eq!(test_modules("lib.rs", "#[cfg(test)]\npub(crate) mod fixtures;\n"), ["fixtures"]);
    assert!(is_of_module("oauth/fixtures.rs", "oauth/fixtures") && !is_of_module("oauth/fixtures2.rs", "oauth/fixtures"));
}
