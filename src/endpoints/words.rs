//! Spans of time and scopes in words.

use crate::clock::UnixTime;
use crate::oauth::limits::Wait;
use crate::oauth::resource::ProtectedResource;
use crate::oauth::scope::OURS;
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
