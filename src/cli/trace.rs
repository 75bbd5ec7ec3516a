//! `doorward log --trace`: how far each attempt to connect got, the latest last.

use super::log::{FOLLOW_EVERY, Log};
use super::run::{act, ask_running};
use super::{say, table};
use crate::actions::{Action, Failure};
use crate::http::date;
use serde_json::{Value, json};
use std::thread;

/// What is told of a stage, so that programs line up behind it.
const LABEL_WIDTH: usize = 26;
/// The address and its kind, likewise.
const PLACE_WIDTH: usize = 30;

pub(super) fn run(log: &Log) -> Result<(), Failure> {
    let answer = act(log.data.clone(), Action::Trace { after: None })?.data;
    for attempt in list(&answer, "attempts") {
        say(&if log.json { attempt.to_string() } else { whole(attempt) });
    }
    if log.follow {
        return follow(log, latest(&answer));
    }
    say_what_is_not_there(&answer, log.json);
    Ok(())
}

/// Never returns but with a failure. Of a running server alone, as for the log.
fn follow(log: &Log, mut seen: Option<u64>) -> Result<(), Failure> {
    loop {
        thread::sleep(FOLLOW_EVERY);
        let Some(answer) = ask_running(log.data.as_deref(), &Action::Trace { after: seen })? else { continue };
        for attempt in list(&answer.data, "attempts") {
            let line = if log.json { attempt.to_string() } else { news(attempt, seen) };
            say(line.trim_end());
        }
        seen = latest(&answer.data).or(seen);
    }
}

/// An app of which nothing arrived leaves nothing to list, and that says something, too.
fn say_what_is_not_there(answer: &Value, json: bool) {
    let (sentence, fix) = (text(&answer["nothing"], "sentence"), text(&answer["nothing"], "fix"));
    let none = list(answer, "attempts").is_empty();
    if json {
        if none {
            say(&json!({ "attempt": null, "state": "nothing", "sentence": sentence, "fix": fix }).to_string());
        }
        return;
    }
    say(&format!("{}\n    {sentence}\n    -> {fix}", if none { "No app has tried to connect." } else { "An app that is not here:" }));
}

/// An attempt from its first step to what to do.
fn whole(attempt: &Value) -> String {
    let began = date::rfc3339(attempt["began_at"].as_u64().unwrap_or_default());
    let mut told = format!("#{}  {began}  {}: {}\n", attempt["attempt"], title(attempt), text(attempt, "state"));
    for step in list(attempt, "steps") {
        told.push_str(&format!("    {}\n", step_line(step)));
    }
    told.push_str(&conclusion(attempt));
    if text(attempt, "state") == "waiting" && !text(attempt, "fix").is_empty() {
        told.push_str(&format!("    If nothing more comes: {}\n", text(attempt, "fix")));
    }
    told
}

/// The steps that are new, and what follows from them.
fn news(attempt: &Value, seen: Option<u64>) -> String {
    let is_new = |step: &&Value| seen.is_none_or(|seen| step["number"].as_u64().is_some_and(|number| number > seen));
    let line = |step: &Value| format!("#{} {}  {}\n", attempt["attempt"], title(attempt), step_line(step));
    list(attempt, "steps").iter().filter(is_new).map(line).collect::<String>() + &conclusion(attempt)
}

fn title(attempt: &Value) -> String {
    let server = Some(text(attempt, "server")).filter(|server| !server.is_empty());
    format!("{}{}", text(attempt, "client"), server.map(|server| format!(" for {server}")).unwrap_or_default())
}

fn step_line(step: &Value) -> String {
    let at = date::rfc3339(step["at"].as_u64().unwrap_or_default());
    let time = at.get(11..19).unwrap_or_default();
    let times = step["times"].as_u64().filter(|times| *times > 1).map(|times| format!(" ({times} times)")).unwrap_or_default();
    let label = format!("{}{times}", text(step, "label"));
    let place = format!("{} ({})", text(step, "from"), text(step, "place"));
    let said = Some(text(step, "said")).filter(|said| !said.is_empty()).map(|said| format!(": {said}"));
    let refused = if step["passed"] == true { String::new() } else { format!("  refused{}", said.unwrap_or_default()) };
    format!("{time}  {label:<LABEL_WIDTH$}  {place:<PLACE_WIDTH$}  {}{refused}", text(step, "agent"))
}

fn conclusion(attempt: &Value) -> String {
    let fix = Some(text(attempt, "fix")).filter(|fix| !fix.is_empty() && text(attempt, "state") == "stopped");
    format!("    {}\n{}", text(attempt, "sentence"), fix.map(|fix| format!("    -> {fix}\n")).unwrap_or_default())
}

fn text(value: &Value, member: &str) -> String {
    table::printable(value[member].as_str().unwrap_or_default())
}

fn list<'v>(value: &'v Value, member: &str) -> &'v [Value] {
    value[member].as_array().map_or(&[], Vec::as_slice)
}

fn latest(answer: &Value) -> Option<u64> {
    list(answer, "attempts").iter().filter_map(|attempt| attempt["revision"].as_u64()).max()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempt(state: &str) -> Value {
        json!({
            "attempt": 3, "revision": 9, "began_at": 784_111_777, "client": "Claude", "server": "/notes", "state": state,
            "sentence": "the app got no tokens", "fix": "Begin again.",
            "steps": [
                { "number": 7, "at": 784_111_777, "times": 2, "label": "asked to sign in", "from": "160.79.104.9", "place": "Anthropic", "agent": "Claude-User", "passed": true },
                { "number": 9, "at": 784_111_790, "times": 1, "label": "fetched tokens", "from": "160.79.104.9", "place": "Anthropic", "agent": "python-httpx/0.28.1", "passed": false, "said": "no\u{1b}" },
            ],
        })
    }

    #[test]
    fn an_attempt_is_told_from_its_first_step_to_what_to_do() {
        let expected = "\
#3  1994-11-06T08:49:37Z  Claude for /notes: stopped
    08:49:37  asked to sign in (2 times)  160.79.104.9 (Anthropic)        Claude-User
    08:49:50  fetched tokens              160.79.104.9 (Anthropic)        python-httpx/0.28.1  refused: no\u{fffd}
    the app got no tokens
    -> Begin again.
";
        assert_eq!(whole(&attempt("stopped")), expected);
        assert!(whole(&attempt("waiting")).ends_with("\n    If nothing more comes: Begin again.\n"));
    }

    #[test]
    fn whoever_follows_is_told_what_is_new_and_no_more() {
        assert_eq!(news(&attempt("waiting"), Some(7)).lines().count(), 2);
        assert!(news(&attempt("waiting"), Some(7)).starts_with("#3 Claude for /notes  08:49:50  fetched tokens"));
        assert_eq!(news(&attempt("waiting"), None).lines().count(), 3);
        assert_eq!(latest(&json!({ "attempts": [attempt("waiting")] })), Some(9));
    }
}
