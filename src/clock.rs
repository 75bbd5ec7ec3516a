//! The only reader of time. Everything else is told what time it is.

use serde::{Deserialize, Serialize};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Seconds since 1970-01-01T00:00:00Z, the unit in which OAuth states times (RFC 7519 *NumericDate*, whole seconds).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct UnixTime(pub u64);

impl UnixTime {
    /// The moment `span` later; sub-second parts are dropped.
    pub fn after(self, span: Duration) -> Self {
        Self(self.0.saturating_add(span.as_secs()))
    }

    /// How long ago `earlier` was; nothing when it lies in the future.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_secs(self.0.saturating_sub(earlier.0))
    }

    /// The same for a sentence.
    pub fn in_words_since(self, earlier: Self) -> String {
        match self.since(earlier).as_secs() / 60 {
            minutes @ ..120 => format!("{minutes} minutes"),
            minutes @ ..2880 => format!("{} hours", minutes / 60),
            minutes => format!("{} days", minutes / 1440),
        }
    }

    /// True from the very second named onwards: what expires at `self` is dead at `self`.
    pub fn has_come(self, now: Self) -> bool {
        self <= now
    }
}

/// The wall clock.
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the wall clock")]
pub fn now() -> UnixTime {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH);
    UnixTime(since_epoch.map_or(0, |span| span.as_secs()))
}

/// The monotonic clock, for deadlines within this process.
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the monotonic clock")]
pub fn instant() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_expires_now_is_already_dead() {
        assert!(UnixTime(10).has_come(UnixTime(10)));
        assert!(!UnixTime(10).has_come(UnixTime(9)));
    }

    #[test]
    fn a_span_is_told_as_people_would_tell_it() {
        let told = |minutes: u64| UnixTime(minutes * 60).in_words_since(UnixTime(0));
        assert_eq!([told(0), told(119), told(120), told(2879), told(2880)], ["0 minutes", "119 minutes", "2 hours", "47 hours", "2 days"]);
    }

    #[test]
    fn a_clock_set_back_yields_no_negative_age() {
        assert_eq!(UnixTime(5).since(UnixTime(9)), Duration::ZERO);
    }
}
