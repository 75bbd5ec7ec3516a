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
    let count = seconds / size;
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

/// "2 minutes", never too short.
pub(super) fn wait(wait: Wait) -> String {
    let seconds = wait.as_secs();
    let size = UNITS.into_iter().map(|(size, _)| size).find(|size| seconds >= *size).unwrap_or(1);
    span(Duration::from_secs(seconds.div_ceil(size).saturating_mul(size)))
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
            [1, 59, 60, 61, 900, 3599, 3601].map(|seconds| wait(Wait::seconds(seconds))),
            ["1 second", "59 seconds", "1 minute", "2 minutes", "15 minutes", "1 hour", "2 hours"]
        );
        assert_eq!(ago(UnixTime(0), UnixTime(125)), "2 minutes ago");
        assert_eq!(ago(UnixTime(9), UnixTime(5)), "just now");
    }
}
