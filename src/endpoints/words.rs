//! Spans of time and scopes in words.

use crate::clock::UnixTime;
use crate::oauth::limits::Wait;
use crate::oauth::resource::ProtectedResource;
use crate::oauth::scope::OURS;
use crate::oauth::term::{self, Local, Offered, TermProblem};
use crate::pages::views::form::ChoiceOption;
use std::time::Duration;

const UNITS: [(u64, &str); 4] = [(24 * 60 * 60, "day"), (60 * 60, "hour"), (60, "minute"), (1, "second")];

/// "3 hours", in the largest unit that fits.
pub(super) fn span(span: Duration) -> String {
    let seconds = span.as_secs();
    let (size, unit) = UNITS.into_iter().find(|(size, _)| seconds >= *size).unwrap_or((1, "second"));
    counted(seconds / size, unit)
}

fn counted(count: u64, unit: &str) -> String {
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

/// "1 connection", "3 connections", "no connections".
pub(super) fn count(number: usize, thing: &str) -> String {
    match number {
        0 => format!("no {thing}s"),
        1 => format!("1 {thing}"),
        many => format!("{many} {thing}s"),
    }
}

/// "65 minutes": never too short, and not much too long.
pub(super) fn wait(wait: Wait) -> String {
    let seconds = wait.as_secs();
    let (size, unit) = UNITS.into_iter().find(|(size, _)| seconds > 2 * size).unwrap_or((1, "second"));
    counted(seconds.div_ceil(size), unit)
}

/// "3 hours ago", or "just now".
pub(super) fn ago(then: UnixTime, now: UnixTime) -> String {
    let age = now.since(then);
    if age < Duration::from_secs(60) { "just now".to_owned() } else { format!("{} ago", span(age)) }
}

/// "in 2 hours", to the nearest of the largest unit that fits, so that two hours are not "1 hour" a second later.
pub(super) fn ahead(then: UnixTime, now: UnixTime) -> String {
    let seconds = then.since(now).as_secs();
    // What rounds up to a whole larger unit is said in that one.
    let fits = |size: &u64| seconds + size / 120 >= *size;
    let size = UNITS.into_iter().map(|(size, _)| size).find(fits).unwrap_or(1);
    format!("in {}", span(Duration::from_secs((seconds + size / 2) / size * size)))
}

/// The ends that a form offers, none at all (called `open`) first.
pub(super) fn terms(local: Local, open: &str, chosen: &str) -> Vec<ChoiceOption> {
    let none = Offered { value: term::OPEN.to_owned(), label: open.to_owned() };
    let option = |Offered { value, label }| ChoiceOption { chosen: value == chosen, value, label };
    std::iter::once(none).chain(term::offered(local)).map(option).collect()
}

/// What an owner is told about an end that cannot be had, and how to write one.
pub(super) fn term_problem(problem: TermProblem) -> &'static str {
    match problem {
        TermProblem::Unclear => "Choose for how long.",
        TermProblem::Zero => "That is no time at all. Choose for how long.",
        TermProblem::Past => "That time is over by now. Choose another.",
        TermProblem::TooFar => "That is more than a year ahead. Choose an earlier end, or none.",
    }
}

/// What a scope allows, in the words of its server or our own; its name where nobody described it.
pub(super) fn scope(resource: Option<&ProtectedResource>, name: &str) -> String {
    let described = |(known, _): &&(String, String)| known == name;
    let of_server = resource.and_then(|resource| resource.scopes.iter().find(described)).map(|(_, sentence)| sentence.as_str());
    let sentence = of_server.or_else(|| OURS.iter().find(|(ours, _)| *ours == name).map(|(_, sentence)| *sentence));
    sentence.unwrap_or(name).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_ahead_is_told_to_the_nearest_unit() {
        let told = |seconds: u64| ahead(UnixTime(1_000 + seconds), UnixTime(1_000));
        assert_eq!([told(7200), told(7195), told(3590), told(3600)], ["in 2 hours", "in 2 hours", "in 1 hour", "in 1 hour"]);
        assert_eq!(
            [told(5), told(59), told(60), told(100), told(3000)],
            ["in 5 seconds", "in 59 seconds", "in 1 minute", "in 2 minutes", "in 50 minutes"]
        );
        assert_eq!([told(86_395), told(7 * 86_400 - 3), told(26 * 3600)], ["in 1 day", "in 7 days", "in 1 day"]);
    }

    #[test]
    fn spans_are_told_in_the_largest_unit() {
        assert_eq!(span(Duration::from_secs(90 * 24 * 3600)), "90 days");
        assert_eq!(span(Duration::from_secs(3600)), "1 hour");
        assert_eq!(
            [1, 59, 61, 121, 900, 3599, 3700].map(|seconds| wait(Wait::seconds(seconds))),
            ["1 second", "59 seconds", "61 seconds", "3 minutes", "15 minutes", "60 minutes", "62 minutes"]
        );
        assert_eq!(ago(UnixTime(0), UnixTime(125)), "2 minutes ago");
        assert_eq!(ago(UnixTime(9), UnixTime(5)), "just now");
    }
}
