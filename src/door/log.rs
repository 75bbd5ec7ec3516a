//! One line on standard error, escaped and rationed: what strangers cause must not fill a disk or forge a line. Never
//! a token, a query or a field's value; callers pass fixed words and names from the configuration.

use crate::clock;
use std::io::Write;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Lines let through in one span of time.
const LINES: u32 = 20;
/// That span.
const SPAN: Duration = Duration::from_secs(10);

static RATION: Mutex<Ration> = Mutex::new(Ration { since: None, spent: 0 });

struct Ration {
    since: Option<Instant>,
    spent: u32,
}

/// Writes `what` and, in brackets, `why`. Standard error may be closed; there is nobody to tell then.
pub(super) fn line(what: &str, why: &dyn std::fmt::Display) {
    let spent = RATION.lock().map_or(0, |mut ration| ration.spend(clock::instant()));
    let text = if spent == LINES { "further lines are left out for a while".to_owned() } else { format!("{what} ({why})") };
    if spent <= LINES {
        let _ = writeln!(std::io::stderr(), "doorward: {}", plain(&text));
    }
}

/// One line whatever is in it: what is not printable is not printed.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

impl Ration {
    /// How many lines were written in this span before this one.
    fn spend(&mut self, now: Instant) -> u32 {
        if self.since.is_none_or(|since| now.duration_since(since) > SPAN) {
            *self = Self { since: Some(now), spent: 0 };
        }
        self.spent = self.spent.saturating_add(1);
        self.spent - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_rationed_and_the_ration_returns() {
        let mut ration = Ration { since: None, spent: 0 };
        let start = clock::instant();
        assert_eq!((0..30).map(|_| ration.spend(start)).last(), Some(29));
        assert_eq!(ration.spend(start + SPAN * 2), 0);
    }
}
