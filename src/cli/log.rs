//! `doorward log`: the audit log, oldest first, so that the newest stands where the eye is.

use super::run::{act, ask_running};
use super::{say, table, trace};
use crate::actions::{Action, Failure};
use crate::http::date;
use crate::oauth::audit::Wanted;
use crate::oauth::audit_kinds::KINDS;
use argh::{ArgsInfo, FromArgs};
use serde_json::Value;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

/// Between two questions for what is new.
pub(super) const FOLLOW_EVERY: Duration = Duration::from_secs(1);
/// Asked for at once.
const PAGE: usize = 200;
/// Addresses of IPv4 line up; longer ones push their line to the right.
const ADDRESS_WIDTH: usize = 15;

/// what happened: sign-ins, registrations, consents, tokens, revocations, changes. A line that begins with !! looks like theft
#[derive(FromArgs, ArgsInfo)]
#[argh(subcommand, name = "log", example = "doorward log --user ann --follow")]
pub(super) struct Log {
    /// go on with what happens from now on
    #[argh(switch)]
    pub(super) follow: bool,
    /// every attempt to connect instead: how far it got, why it stopped, and what helps
    #[argh(switch)]
    trace: bool,
    /// only what this user did, or what was done to them
    #[argh(option)]
    user: Option<String>,
    /// only this client, by its id or its name
    #[argh(option)]
    client: Option<String>,
    /// only events of this kind, as --json names them
    #[argh(option)]
    kind: Option<String>,
    /// only what looks like theft
    #[argh(switch)]
    alarms: bool,
    /// at most so many, the newest; default 100
    #[argh(option, default = "100")]
    last: usize,
    /// the data directory
    #[argh(option)]
    pub(super) data: Option<PathBuf>,
    /// print one JSON object a line
    #[argh(switch)]
    pub(super) json: bool,
}

pub(super) fn run(log: &Log) -> Result<(), Failure> {
    if log.trace {
        return trace::run(log);
    }
    if let Some(kind) = log.kind.as_deref().filter(|kind| !KINDS.contains(kind)) {
        return Err(Failure::usage(
            format!("there are no events of the kind {}", table::printable(kind)),
            format!("use one of: {}", KINDS.join(", ")),
        ));
    }
    let wanted =
        Wanted { user: log.user.clone(), client: log.client.clone(), kind: log.kind.clone(), alarms: log.alarms, ..Wanted::newest(PAGE) };
    let act_here = |wanted: Wanted| act(log.data.clone(), Action::Log { wanted });
    let entries = all(&wanted, log.last, |wanted| Ok(Some(act_here(wanted)?.data)))?.unwrap_or_default();
    print(&entries, log.json);
    if log.follow {
        return follow(log, &wanted, number(entries.first()));
    }
    if entries.is_empty() && !log.json {
        say(&nothing(log));
    }
    Ok(())
}

/// What an empty answer means: a filter that lets nothing through says nothing about the rest of the log.
fn nothing(log: &Log) -> String {
    let theirs: Vec<String> = log.user.iter().chain(&log.client).map(|name| table::printable(name)).collect();
    match (theirs.as_slice(), log.kind.is_some() || log.alarms) {
        ([], false) => "nothing happened yet".to_owned(),
        ([], true) => "nothing of that kind is in the log".to_owned(),
        (names, false) => format!("nothing of {} is in the log", names.join(" with ")),
        (names, true) => format!("nothing of that kind of {} is in the log", names.join(" with ")),
    }
}

/// Never returns but with a failure. Asks a running server alone: a store opened here would stand in the way of its next
/// start.
fn follow(log: &Log, wanted: &Wanted, mut seen: Option<u64>) -> Result<(), Failure> {
    let ask = |wanted: Wanted| Ok(ask_running(log.data.as_deref(), &Action::Log { wanted })?.map(|done| done.data));
    loop {
        thread::sleep(FOLLOW_EVERY);
        if let Some(new) = all(&Wanted { after: seen, ..wanted.clone() }, usize::MAX, ask)? {
            seen = number(new.first()).or(seen);
            print(&new, log.json);
        }
    }
}

/// Every entry that is wanted, newest first, page by page. Nothing when nobody answers.
fn all(wanted: &Wanted, most: usize, ask: impl Fn(Wanted) -> Result<Option<Value>, Failure>) -> Result<Option<Vec<Value>>, Failure> {
    let mut entries: Vec<Value> = Vec::new();
    while entries.len() < most {
        let limit = PAGE.min(most - entries.len());
        let Some(Value::Array(page)) = ask(Wanted { before: number(entries.last()), limit, ..wanted.clone() })? else { return Ok(None) };
        let is_last = page.len() < limit;
        entries.extend(page);
        if is_last {
            break;
        }
    }
    Ok(Some(entries))
}

fn number(entry: Option<&Value>) -> Option<u64> {
    entry?.get("number")?.as_u64()
}

fn print(newest_first: &[Value], json: bool) {
    for entry in newest_first.iter().rev() {
        say(&if json { entry.to_string() } else { line(entry) });
    }
}

fn line(entry: &Value) -> String {
    let text = |name: &str| table::printable(entry.get(name).and_then(Value::as_str).unwrap_or_default());
    let at = date::rfc3339(entry.get("at").and_then(Value::as_u64).unwrap_or_default());
    let mark = if entry.get("alarm").and_then(Value::as_bool).unwrap_or_default() { "!!" } else { "  " };
    format!("{mark} {at}  {:<ADDRESS_WIDTH$}  {}", text("from"), text("sentence"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// Answers from so many entries as the server does.
    fn of(count: u64) -> impl Fn(Wanted) -> Result<Option<Value>, Failure> {
        move |wanted| {
            let newest_first = (0..count)
                .rev()
                .filter(|number| wanted.after.is_none_or(|after| *number > after) && wanted.before.is_none_or(|before| *number < before));
            Ok(Some(newest_first.take(wanted.limit).map(|number| json!({ "number": number })).collect()))
        }
    }

    #[test]
    fn pages_are_asked_for_until_there_are_enough_or_no_more() {
        for (there, most, after) in
            [(0, 100, None), (3, 100, None), (450, 100, None), (450, 450, None), (200, 1000, None), (650, usize::MAX, Some(40))]
        {
            let got = all(&Wanted { after, ..Wanted::newest(PAGE) }, most, of(there)).unwrap().unwrap();
            let expected: Vec<u64> = (after.map_or(0, |after| after + 1)..there).rev().take(most).collect();
            assert_eq!(got.iter().map(|entry| number(Some(entry)).unwrap()).collect::<Vec<_>>(), expected, "{there} {most}");
        }
    }

    #[test]
    fn nobody_there_is_not_an_empty_log() {
        assert_eq!(all(&Wanted::newest(PAGE), 5, |_| Ok(None)), Ok(None));
    }

    #[test]
    fn what_looks_like_theft_is_marked() {
        let entry = |alarm: bool| json!({ "at": 784_111_777, "from": "203.0.113.9", "alarm": alarm, "sentence": "it\u{1b} happened" });
        assert_eq!(line(&entry(false)), "   1994-11-06T08:49:37Z  203.0.113.9      it\u{fffd} happened");
        assert!(line(&entry(true)).starts_with("!! 1994"));
    }
}
