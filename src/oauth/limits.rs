//! How often something may be done.
//!
//! No span ever holds more than the number, wherever it begins. Time is cut into slots, a twelfth of the span each, and what
//! is remembered of a key is how many were done in each of the last ones. A slot counts in full until the whole of it is older
//! than the span, so whoever did everything at once waits for the span and at most a twelfth more.

use crate::clock::UnixTime;
use serde::{Deserialize, Serialize};
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);
/// Into so many slots a span is cut.
const SLOTS: usize = 12;

/// So many in a span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    most: u32,
    /// In seconds, at least one.
    span: u64,
}

impl Limit {
    /// None for none in a span, which is to say no limit. A span is whole seconds.
    pub fn new(most: u32, span: Duration) -> Option<Self> {
        (most > 0).then_some(Self { most, span: span.as_secs().max(1) })
    }

    /// So many times as much in the same span.
    #[must_use]
    pub fn times(self, factor: u32) -> Self {
        Self { most: self.most.saturating_mul(factor), ..self }
    }

    /// The number.
    pub fn most(self) -> u32 {
        self.most
    }

    /// The span.
    pub fn span(self) -> Duration {
        Duration::from_secs(self.span)
    }

    /// Seconds of a slot.
    fn width(self) -> u64 {
        self.span.div_ceil(SLOTS as u64)
    }

    /// So many slots before the present one may hold something that is not older than the span.
    fn slots_before(self) -> u64 {
        self.span.div_ceil(self.width())
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
}

/// What is remembered of a key. A stored record: frozen once released.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spent {
    /// Seconds of a slot.
    width: u64,
    /// The number of the newest slot, counted since 1970.
    newest: u64,
    /// How many in each slot, the newest first.
    counts: [u32; SLOTS + 1],
}

impl Spent {
    /// One more.
    ///
    /// # Errors
    /// How long to wait until there is room for it.
    pub fn another(earlier: Option<Self>, limit: Limit, now: UnixTime) -> Result<Self, Wait> {
        let spent = Self::seen(earlier, limit, now);
        if spent.total() < limit.most { Ok(spent.one_more()) } else { Err(spent.wait(limit, now)) }
    }

    /// One more, whether there is room or not: for what has been done already.
    #[must_use]
    pub fn another_anyway(earlier: Option<Self>, limit: Limit, now: UnixTime) -> Self {
        Self::seen(earlier, limit, now).one_more()
    }

    /// One less, since it came to nothing.
    #[must_use]
    pub fn one_less(mut self) -> Self {
        if let Some(count) = self.counts.iter_mut().find(|count| **count > 0) {
            *count -= 1;
        }
        self
    }

    /// True when there is nothing left to remember.
    pub fn is_over(&self, now: UnixTime) -> bool {
        self.total() == 0 || (now.0 / self.width.max(1)).saturating_sub(self.newest) > SLOTS as u64
    }

    /// How much this is beside others of the same limit: the number, then how lately.
    pub fn rank(&self) -> (u32, u64) {
        (self.total(), self.newest)
    }

    /// What counts at this moment. What seems to lie in the future was done before a clock was set back; it counts as done
    /// now, which shuts nobody out for longer than the span.
    fn seen(earlier: Option<Self>, limit: Limit, now: UnixTime) -> Self {
        let (width, slot) = (limit.width(), now.0 / limit.width());
        let mut seen = Self { width, newest: slot, counts: [0; SLOTS + 1] };
        let Some(earlier) = earlier else { return seen };
        let age = if earlier.width == width { slot.saturating_sub(earlier.newest) } else { 0 };
        let ages = usize::try_from(age).unwrap_or(usize::MAX);
        let kept = usize::try_from(limit.slots_before() + 1).unwrap_or(usize::MAX);
        for (new, old) in seen.counts.iter_mut().take(kept).skip(ages).zip(earlier.counts) {
            *new = old;
        }
        seen
    }

    /// Until enough of the oldest slots have left the span.
    fn wait(&self, limit: Limit, now: UnixTime) -> Wait {
        let (mut left, mut slots_until_gone) = (self.total(), 0);
        for (age, count) in self.counts.iter().enumerate().rev() {
            if left < limit.most {
                break;
            }
            left = left.saturating_sub(*count);
            slots_until_gone = (limit.slots_before() + 1).saturating_sub(age as u64);
        }
        Wait::seconds(self.newest.saturating_add(slots_until_gone).saturating_mul(self.width).saturating_sub(now.0))
    }

    fn one_more(mut self) -> Self {
        let [newest, ..] = &mut self.counts;
        *newest = newest.saturating_add(1);
        self
    }

    fn total(&self) -> u32 {
        self.counts.iter().fold(0, |total, count| total.saturating_add(*count))
    }
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
    fn the_wait_is_true_and_at_most_a_twelfth_longer_than_the_span() {
        for limit in [per_hour(10), per_minute(100), per_minute(7), per_hour(3600), Limit::new(2, Duration::from_secs(7))] {
            let limit = limit.unwrap();
            for start in 0..310 {
                let (_, spent) = burst(None, limit, 5000, seconds_later(start));
                let wait = Spent::another(spent, limit, seconds_later(start)).unwrap_err().as_secs();
                assert!((limit.span..=limit.span + limit.width()).contains(&wait), "{limit:?} {start} {wait}");
                assert!(Spent::another(spent, limit, seconds_later(start + wait - 1)).is_err(), "{limit:?} {start} {wait}");
                assert!(Spent::another(spent, limit, seconds_later(start + wait)).is_ok(), "{limit:?} {start} {wait}");
            }
        }
    }

    #[test]
    fn no_span_holds_more_than_the_number_however_it_is_filled() {
        for (limit, every) in [(per_minute(10), 1), (per_minute(10), 7), (Limit::new(3, Duration::from_secs(7)), 1), (per_minute(100), 3)] {
            let limit = limit.unwrap();
            let (mut spent, mut accepted_at) = (None, Vec::new());
            for second in 0..600 {
                let asked = if second % every == 0 { 1 + second as u32 % 5 * 30 } else { 0 };
                let (accepted, next) = burst(spent, limit, asked, seconds_later(second));
                spent = next;
                accepted_at.extend(vec![second; accepted as usize]);
            }
            for start in 0..600 {
                let within = accepted_at.iter().filter(|at| (start..start + limit.span).contains(*at)).count();
                assert!(within <= limit.most as usize, "{within} of {limit:?} from {start}");
            }
            assert!(accepted_at.len() >= limit.most as usize * 4, "{limit:?} is hardly ever reached");
        }
    }

    #[test]
    fn at_the_pace_it_goes_on_for_ever() {
        let limit = per_minute(60).unwrap();
        let mut spent = None;
        // A slot counts in full a little longer than it must, so the pace is a twelfth slower than the number.
        for second in (0..6000).step_by(13).map(|twelfths| twelfths / 12 + 1) {
            let (accepted, next) = burst(spent, limit, 1, seconds_later(second));
            assert_eq!(accepted, 1, "{second}");
            spent = next;
        }
    }

    #[test]
    fn the_wait_is_for_as_many_of_the_oldest_as_stand_in_the_way() {
        let limit = per_minute(10).unwrap();
        let (_, mut spent) = burst(None, limit, 5, NOW);
        for _ in 0..9 {
            spent = Some(Spent::another_anyway(spent, limit, seconds_later(30)));
        }
        let wait = Spent::another(spent, limit, seconds_later(31)).unwrap_err();
        assert!((Wait(29)..=Wait(34)).contains(&wait), "nine of the younger ones leave room for one: {wait:?}");
        spent = Some(Spent::another_anyway(spent, limit, seconds_later(31)));
        let wait = Spent::another(spent, limit, seconds_later(31)).unwrap_err();
        assert!(wait > Wait(58), "ten do not: {wait:?}");
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
        assert!(!spent.unwrap().is_over(seconds_later(3600)));
        assert!(spent.unwrap().is_over(seconds_later(3900)));
        assert_eq!(burst(spent, limit, 100, seconds_later(3900)).0, 10);
    }

    #[test]
    fn what_has_been_done_counts_although_there_was_no_room() {
        let limit = per_minute(10).unwrap();
        let (_, spent) = burst(None, limit, 5, NOW);
        assert_eq!(burst(Some(Spent::another_anyway(spent, limit, NOW)), limit, 10, NOW).0, 4);
        let (_, full) = burst(None, limit, 10, NOW);
        let over = Spent::another_anyway(full, limit, seconds_later(30));
        assert_eq!(burst(Some(over), limit, 100, seconds_later(65)).0, 9);
    }

    #[test]
    fn what_came_to_nothing_is_given_back() {
        let limit = per_minute(10).unwrap();
        let (_, spent) = burst(None, limit, 10, NOW);
        assert_eq!(burst(spent.map(Spent::one_less), limit, 5, NOW).0, 1);
        let none = Spent::another_anyway(None, limit, NOW).one_less();
        assert_eq!((none.one_less(), none.is_over(NOW)), (none, true));
    }

    #[test]
    fn a_clock_that_is_set_back_shuts_nobody_out_for_longer_than_the_span() {
        let limit = per_minute(10).unwrap();
        let (_, spent) = burst(None, limit, 10, seconds_later(365 * 24 * 3600));
        assert!(Spent::another(spent, limit, NOW).unwrap_err() <= Wait(65));
    }

    #[test]
    fn a_smaller_limit_holds_from_its_first_day_and_so_does_another_span() {
        let (_, spent) = burst(None, per_minute(100).unwrap(), 100, NOW);
        assert_eq!(burst(spent, per_minute(10).unwrap(), 10, NOW).0, 0);
        assert_eq!(burst(spent, per_hour(10).unwrap(), 10, seconds_later(10)).0, 0);
    }

    #[test]
    fn none_in_a_span_is_no_limit() {
        assert_eq!((per_minute(0), per_hour(0)), (None, None));
    }

    #[test]
    fn so_many_times_as_much_is_so_many_times_as_much_in_the_same_span() {
        let limit = per_hour(10).unwrap().times(30);
        let (accepted, spent) = burst(None, limit, 1000, NOW);
        assert_eq!(accepted, 300);
        assert_eq!(burst(spent, limit, 1000, seconds_later(3599)).0, 0);
    }
}
