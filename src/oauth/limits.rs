//! How often something may be done.
//!
//! A limit slides: nothing begins anew at the full hour. Each thing done puts off the moment at which all of it is made up
//! for, by as much as the limit's pace allows for one, and what would put it off too far is refused (the generic cell rate
//! algorithm). That moment is all that is remembered of a key. Who did nothing for a while may do the whole number at once;
//! who has just done so goes on at the pace, so that no span ever holds more than twice the number.

use crate::clock::UnixTime;
use serde::{Deserialize, Serialize};
use std::time::Duration;

const SECOND: u64 = 1_000_000;
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);

/// So many in a span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    most: u32,
    /// Between two at the pace, in microseconds.
    interval: u64,
}

impl Limit {
    /// Nothing, which is to say no limit, for none in a span and for more than one in a microsecond.
    pub fn new(most: u32, span: Duration) -> Option<Self> {
        let interval = u64::try_from(span.as_micros()).unwrap_or(u64::MAX).checked_div(most.into())?;
        (interval > 0).then_some(Self { most, interval })
    }

    /// So many times as much in the same span.
    #[must_use]
    pub fn times(self, factor: u32) -> Self {
        Self { most: self.most.saturating_mul(factor), interval: (self.interval / u64::from(factor.max(1))).max(1) }
    }

    /// The number.
    pub fn most(self) -> u32 {
        self.most
    }

    /// In which the whole number may be done at the pace.
    pub fn span(self) -> Duration {
        Duration::from_micros(self.whole())
    }

    /// The same in microseconds.
    fn whole(self) -> u64 {
        self.interval.saturating_mul(self.most.into())
    }
}

/// For how long nothing more will be accepted: whole seconds, at least one, never too few.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wait(u64);

impl Wait {
    /// So many seconds.
    pub const fn seconds(count: u64) -> Self {
        Self(if count == 0 { 1 } else { count })
    }

    /// RFC 9110 §10.2.3.
    pub fn as_secs(self) -> u64 {
        self.0
    }

    fn micros(count: u64) -> Self {
        Self::seconds(count.div_ceil(SECOND))
    }
}

/// What is remembered of a key. A stored record: frozen once released.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Spent {
    /// When all that was done is made up for, in microseconds since 1970.
    until: u64,
}

impl Spent {
    /// One more.
    ///
    /// # Errors
    /// How long to wait until there is room for it.
    pub fn another(earlier: Option<Self>, limit: Limit, now: UnixTime) -> Result<Self, Wait> {
        let (until, full) = Self::sum(earlier, limit, now);
        match until.saturating_sub(full) {
            0 => Ok(Self { until }),
            beyond => Err(Wait::micros(beyond)),
        }
    }

    /// One more, whether there is room or not: for what has been done already. Nobody owes more than the whole.
    #[must_use]
    pub fn another_anyway(earlier: Option<Self>, limit: Limit, now: UnixTime) -> Self {
        let (until, full) = Self::sum(earlier, limit, now);
        Self { until: until.min(full) }
    }

    /// When all with one more would be made up for, and when the whole number would.
    fn sum(earlier: Option<Self>, limit: Limit, now: UnixTime) -> (u64, u64) {
        let now = micros(now);
        // More than the whole is a clock that was set back, which must not shut anybody out until it has caught up.
        let owed = earlier.map_or(0, |earlier| earlier.until.saturating_sub(now)).min(limit.whole());
        (now.saturating_add(owed).saturating_add(limit.interval), now.saturating_add(limit.whole()))
    }

    /// One less, since it came to nothing.
    #[must_use]
    pub fn one_less(self, limit: Limit) -> Self {
        Self { until: self.until.saturating_sub(limit.interval) }
    }

    /// True when there is nothing left to remember.
    pub fn is_over(self, now: UnixTime) -> bool {
        self.until <= micros(now)
    }
}

fn micros(at: UnixTime) -> u64 {
    at.0.saturating_mul(SECOND)
}

/// So many in a minute.
pub fn per_minute(most: u32) -> Option<Limit> {
    Limit::new(most, MINUTE)
}

/// So many in an hour.
pub fn per_hour(most: u32) -> Option<Limit> {
    Limit::new(most, HOUR)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::fixtures::{NOW, seconds_later};

    /// How many of `asked` in one second are accepted, and what is remembered then.
    fn burst(mut spent: Option<Spent>, limit: Limit, asked: u32, now: UnixTime) -> (u32, Option<Spent>) {
        let mut accepted = 0;
        for _ in 0..asked {
            if let Ok(next) = Spent::another(spent, limit, now) {
                spent = Some(next);
                accepted += 1;
            }
        }
        (accepted, spent)
    }

    #[test]
    fn the_whole_number_may_come_at_once_and_not_one_more() {
        for (limit, most) in [(per_hour(10), 10), (per_minute(100), 100), (per_minute(7), 7), (per_hour(1), 1)] {
            let (accepted, _) = burst(None, limit.unwrap(), 500, NOW);
            assert_eq!(accepted, most);
        }
    }

    #[test]
    fn the_wait_is_true_and_no_longer_than_it_must_be() {
        for limit in [per_hour(10), per_minute(100), per_minute(7), per_hour(3600), Limit::new(2, Duration::from_secs(7))] {
            let limit = limit.unwrap();
            let (_, spent) = burst(None, limit, 5000, NOW);
            let wait = Spent::another(spent, limit, NOW).unwrap_err().as_secs();
            assert!(Spent::another(spent, limit, seconds_later(wait)).is_ok(), "{limit:?} {wait}");
            assert!(wait == 1 || Spent::another(spent, limit, seconds_later(wait - 1)).is_err(), "{limit:?} {wait}");
        }
        assert_eq!(Spent::another(burst(None, per_hour(10).unwrap(), 10, NOW).1, per_hour(10).unwrap(), NOW), Err(Wait(360)));
    }

    #[test]
    fn nothing_begins_anew_at_the_full_hour() {
        let limit = per_hour(10).unwrap();
        // NOW is 13 minutes past an hour of UTC; wherever a window might begin, the eleventh is refused.
        for start in (0..7200).step_by(60) {
            let (_, spent) = burst(None, limit, 10, seconds_later(start));
            let (accepted, _) = burst(spent, limit, 10, seconds_later(start + 359));
            assert_eq!(accepted, 0, "{start}");
        }
    }

    #[test]
    fn at_the_pace_it_goes_on_for_ever_and_any_faster_it_does_not() {
        let limit = per_minute(60).unwrap();
        let (_, mut spent) = burst(None, limit, 60, NOW);
        for second in 1..=600 {
            let (accepted, next) = burst(spent, limit, 3, seconds_later(second));
            assert_eq!(accepted, 1, "{second}");
            spent = next;
        }
    }

    #[test]
    fn no_span_holds_more_than_twice_the_number() {
        let limit = per_minute(10).unwrap();
        let mut spent = None;
        let mut accepted_at = Vec::new();
        for second in 0..600 {
            let (accepted, next) = burst(spent, limit, 100, seconds_later(second));
            spent = next;
            accepted_at.extend(vec![second; accepted as usize]);
        }
        for start in 0..540 {
            let within = accepted_at.iter().filter(|at| (start..start + 60).contains(*at)).count();
            assert!(within < 20, "{within} within the minute from {start}");
        }
    }

    #[test]
    fn what_was_refused_costs_nothing() {
        let limit = per_minute(10).unwrap();
        let (_, spent) = burst(None, limit, 10, NOW);
        let (_, hammered) = burst(spent, limit, 10_000, NOW);
        assert_eq!(spent, hammered);
    }

    #[test]
    fn after_a_rest_the_whole_number_is_there_again_and_nothing_is_remembered() {
        let limit = per_hour(10).unwrap();
        let (_, spent) = burst(None, limit, 10, NOW);
        assert!(!spent.unwrap().is_over(seconds_later(3599)));
        assert!(spent.unwrap().is_over(seconds_later(3600)));
        assert_eq!(burst(spent, limit, 100, seconds_later(3600)).0, 10);
    }

    #[test]
    fn what_has_been_done_counts_although_there_was_no_room() {
        let limit = per_minute(10).unwrap();
        let (_, spent) = burst(None, limit, 10, NOW);
        let (accepted, spent) = burst(spent, limit, 3, seconds_later(6));
        assert_eq!(accepted, 1);
        let over = Spent::another_anyway(spent, limit, seconds_later(6));
        assert_eq!(Spent::another(Some(over), limit, seconds_later(6)), Err(Wait(6)));
        let half = burst(None, limit, 5, NOW).1;
        assert_eq!(burst(Some(Spent::another_anyway(half, limit, NOW)), limit, 10, NOW).0, 4);
    }

    #[test]
    fn what_came_to_nothing_is_given_back() {
        let limit = per_minute(10).unwrap();
        let (_, spent) = burst(None, limit, 10, NOW);
        assert_eq!(burst(spent.map(|spent| spent.one_less(limit)), limit, 5, NOW).0, 1);
    }

    #[test]
    fn a_clock_that_is_set_back_shuts_nobody_out_for_longer_than_the_span() {
        let limit = per_minute(10).unwrap();
        let (_, spent) = burst(None, limit, 10, seconds_later(365 * 24 * 3600));
        assert_eq!(Spent::another(spent, limit, NOW), Err(Wait(6)));
    }

    #[test]
    fn a_smaller_limit_holds_from_its_first_day() {
        let (_, spent) = burst(None, per_minute(100).unwrap(), 100, NOW);
        assert_eq!(burst(spent, per_minute(10).unwrap(), 10, NOW).0, 0);
    }

    #[test]
    fn none_in_a_span_is_no_limit_and_neither_is_a_pace_that_cannot_be_told() {
        assert_eq!((per_minute(0), per_hour(0), Limit::new(2, Duration::from_micros(1))), (None, None, None));
        assert!(Limit::new(10_000_000, MINUTE).is_some());
    }

    #[test]
    fn so_many_times_as_much_is_so_many_times_as_much_at_once_and_in_the_long_run() {
        let limit = per_hour(10).unwrap().times(30);
        let (accepted, spent) = burst(None, limit, 1000, NOW);
        assert_eq!(accepted, 300);
        assert_eq!(burst(spent, limit, 1000, seconds_later(360)).0, 30);
    }
}
