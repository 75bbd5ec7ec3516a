//! For how long an app is let in: a wish in words ("2 hours", "until Sunday") becomes the moment at which its connection
//! ends by itself. What that end means for tokens is [`super::connection`]'s to say.
//!
//! Days are those of the people who read the page, so they need a clock on the wall ([`Zone`]). Whatever names a day also
//! says which moment it means and in which zone: a wrong one is then seen, and no surprise.

use crate::calendar::{self, DAY};
use crate::clock::UnixTime;
use std::time::Duration;

/// The farthest end. Who wants more than a year wants no end.
pub const LONGEST: Duration = Duration::from_secs(366 * DAY);
/// The last second of a day: what lasts until Sunday lasts through it.
const END_OF_DAY: u64 = DAY - 1;
/// No zone is farther from UTC, in seconds.
const FARTHEST: i64 = 14 * 60 * 60;

/// How far the clock on the wall is ahead of UTC. A fixed span: summer and winter are the owner's to tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Zone {
    seconds_east: i64,
}

impl Zone {
    /// `UTC`, or an offset such as `+02:00`.
    pub fn parse(text: &str) -> Option<Self> {
        if text.eq_ignore_ascii_case("utc") || text == "Z" {
            return Some(Self::default());
        }
        let (sign, rest) = text.strip_prefix('+').map(|rest| (1, rest)).or_else(|| text.strip_prefix('-').map(|rest| (-1, rest)))?;
        let (hours, minutes) = rest.split_once(':')?;
        let two_digits = |text: &str| text.parse::<i64>().ok().filter(|_| text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit()));
        let seconds = two_digits(hours)? * 3600 + two_digits(minutes).filter(|minutes| *minutes < 60)? * 60;
        (seconds <= FARTHEST).then_some(Self { seconds_east: sign * seconds })
    }

    /// `UTC` or `UTC+02:00`.
    pub fn name(self) -> String {
        let (sign, span) = (if self.seconds_east < 0 { '-' } else { '+' }, self.seconds_east.abs());
        if span == 0 { "UTC".to_owned() } else { format!("UTC{sign}{:02}:{:02}", span / 3600, span / 60 % 60) }
    }

    /// Seconds since 1970 on the wall.
    fn wall(self, at: UnixTime) -> u64 {
        at.0.saturating_add_signed(self.seconds_east)
    }

    fn moment(self, wall: u64) -> UnixTime {
        UnixTime(wall.saturating_add_signed(-self.seconds_east))
    }
}

/// A moment, and the clock on the wall that people read it off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Local {
    /// Now.
    pub now: UnixTime,
    /// Of those who read the page.
    pub zone: Zone,
}

impl Local {
    /// Today, in days since 1970.
    fn today(self) -> u64 {
        self.zone.wall(self.now) / DAY
    }

    fn end_of(self, day: u64) -> UnixTime {
        self.zone.moment(day.saturating_mul(DAY).saturating_add(END_OF_DAY))
    }

    /// The next day of that name, today included.
    fn next(self, weekday: &str) -> Option<u64> {
        let named = |day: &u64| {
            let name = calendar::weekday_name(*day).to_ascii_lowercase();
            name == weekday || name.get(..3) == Some(weekday)
        };
        (self.today()..self.today() + 7).find(named)
    }
}

/// Why a wish cannot be met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TermProblem {
    /// It names no time.
    Unclear,
    /// It is no time at all.
    Zero,
    /// It is over already.
    Past,
    /// It is farther away than [`LONGEST`].
    TooFar,
}

/// What people write for a connection that has no end of its own.
pub const OPEN: &str = "off";

/// The moment that is wished for; `None` for [`OPEN`].
///
/// `2h`, `2 hours`, `45 s`, `7d`, `2 weeks`; `tonight`, `tomorrow`, `sunday`, `2026-11-29`, each to the end of that day. A
/// `for` or `until` before it makes no difference.
///
/// # Errors
/// [`TermProblem`].
pub fn end(text: &str, local: Local) -> Result<Option<UnixTime>, TermProblem> {
    let text = text.trim().to_lowercase();
    let text = ["for ", "until "].iter().find_map(|word| text.strip_prefix(word)).unwrap_or(&text).trim_start();
    if text == OPEN {
        return Ok(None);
    }
    let end = match span(text)? {
        Some(seconds) if seconds > LONGEST.as_secs() => return Err(TermProblem::TooFar),
        Some(seconds) => local.now.after(Duration::from_secs(seconds)),
        None => local.end_of(day(text, local).ok_or(TermProblem::Unclear)?),
    };
    if end.has_come(local.now) {
        Err(TermProblem::Past)
    } else if end.since(local.now) > LONGEST {
        Err(TermProblem::TooFar)
    } else {
        Ok(Some(end))
    }
}

/// The seconds of a span; `None` for what is no span.
fn span(text: &str) -> Result<Option<u64>, TermProblem> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (Some(count), Some(unit)) = (text.get(..digits), text.get(digits..)) else { return Ok(None) };
    let unit = match unit.trim() {
        "s" | "sec" | "second" | "seconds" => 1,
        "m" | "min" | "minute" | "minutes" => 60,
        "h" | "hour" | "hours" => 3600,
        "d" | "day" | "days" => DAY,
        "w" | "week" | "weeks" => 7 * DAY,
        _ => return Ok(None),
    };
    match count.parse::<u64>() {
        Ok(0) => Err(TermProblem::Zero),
        Ok(count) => count.checked_mul(unit).map(Some).ok_or(TermProblem::TooFar),
        Err(_) if count.is_empty() => Ok(None),
        Err(_) => Err(TermProblem::TooFar),
    }
}

/// The day that is named, in days since 1970.
fn day(text: &str, local: Local) -> Option<u64> {
    match text {
        "today" | "tonight" => Some(local.today()),
        "tomorrow" => Some(local.today() + 1),
        _ => local.next(text).or_else(|| date(text)),
    }
}

/// ISO 8601: `2026-11-29`, if there is such a day.
fn date(text: &str) -> Option<u64> {
    let [year, month, day] = *text.split('-').collect::<Vec<_>>() else { return None };
    let number = |digits: &str, length: usize| {
        digits.parse::<u64>().ok().filter(|_| digits.len() == length && digits.bytes().all(|b| b.is_ascii_digit()))
    };
    let asked = (number(year, 4)?, number(month, 2).filter(|month| (1..=12).contains(month))?, number(day, 2)?);
    let days = calendar::days(asked.0, asked.1, asked.2)?;
    (calendar::civil(days) == asked).then_some(days)
}

/// An end that a page offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offered {
    /// As it is sent, for [`end`]. A day by its date, so that it means the same when the page is answered after midnight.
    pub value: String,
    /// As it is read, beside the name of the zone.
    pub label: String,
}

/// The ends that a page offers beside none at all: those that lie ahead, each once.
pub fn offered(local: Local) -> Vec<Offered> {
    let span = |value: &str, label: &str| Some((value.to_owned(), label.to_owned()));
    let day = |day: Option<u64>, name: &str| {
        let (year, month, number) = calendar::civil(day?);
        let name = if name.is_empty() { say_day(day?) } else { name.to_owned() };
        let hour = calendar::time_of_day(END_OF_DAY);
        let label = format!("until {name}, {}", hour.get(..5).unwrap_or_default());
        Some((format!("{year:04}-{month:02}-{number:02}"), label))
    };
    let today = local.today();
    let sunday = local.next("sunday").filter(|sunday| *sunday != today);
    let all = [
        span("1h", "for 1 hour"),
        span("2h", "for 2 hours"),
        day(Some(today), "tonight"),
        day(sunday, ""),
        span("7d", "for 7 days"),
        span("30d", "for 30 days"),
    ];
    let possible = |(value, _): &(String, String)| end(value, local).is_ok();
    all.into_iter().flatten().filter(possible).map(|(value, label)| Offered { value, label }).collect()
}

/// `Sun 29 Nov`
fn say_day(day: u64) -> String {
    let (_, month, number) = calendar::civil(day);
    let short = |name: &'static str| name.get(..3).unwrap_or(name);
    format!("{} {number} {}", short(calendar::weekday_name(day)), short(calendar::month_name(month)))
}

/// A moment on the wall, and on which wall: `Sun 29 Nov 2026, 23:59 UTC`.
pub fn say(at: UnixTime, zone: Zone) -> String {
    let wall = zone.wall(at);
    let (year, _, _) = calendar::civil(wall / DAY);
    let time = calendar::time_of_day(wall);
    format!("{} {year}, {} {}", say_day(wall / DAY), time.get(..5).unwrap_or_default(), zone.name())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Saturday 21 November 2026, 16:00 UTC.
    const NOW: UnixTime = UnixTime(1_795_276_800);

    fn at(zone: &str) -> Local {
        Local { now: NOW, zone: Zone::parse(zone).unwrap() }
    }

    fn wished(text: &str) -> Result<Option<u64>, TermProblem> {
        end(text, at("UTC")).map(|end| end.map(|end| end.0 - NOW.0))
    }

    fn said(text: &str, zone: &str) -> String {
        end(text, at(zone)).unwrap().map_or_else(|| "open".to_owned(), |end| say(end, at(zone).zone))
    }

    #[test]
    fn a_span_is_read_as_people_write_it() {
        for (text, seconds) in [
            ("2 hours", 7200),
            ("2h", 7200),
            (" 2 Hours ", 7200),
            ("for 2 hours", 7200),
            ("1 hour", 3600),
            ("30m", 1800),
            ("30 min", 1800),
            ("7d", 7 * DAY),
            ("7 days", 7 * DAY),
            ("2 weeks", 14 * DAY),
            ("45s", 45),
            ("1 second", 1),
            ("366d", 366 * DAY),
        ] {
            assert_eq!(wished(text), Ok(Some(seconds)), "{text}");
        }
        assert_eq!(wished("off"), Ok(None));
    }

    #[test]
    fn a_day_lasts_to_its_end() {
        for (text, end) in [
            ("tonight", "Sat 21 Nov 2026, 23:59 UTC"),
            ("until today", "Sat 21 Nov 2026, 23:59 UTC"),
            ("tomorrow", "Sun 22 Nov 2026, 23:59 UTC"),
            ("until Sunday", "Sun 22 Nov 2026, 23:59 UTC"),
            ("sun", "Sun 22 Nov 2026, 23:59 UTC"),
            ("saturday", "Sat 21 Nov 2026, 23:59 UTC"),
            ("friday", "Fri 27 Nov 2026, 23:59 UTC"),
            ("2026-11-29", "Sun 29 Nov 2026, 23:59 UTC"),
            ("until 2027-02-28", "Sun 28 Feb 2027, 23:59 UTC"),
        ] {
            assert_eq!(said(text, "UTC"), end, "{text}");
        }
        assert_eq!(wished("tonight"), Ok(Some(8 * 3600 - 1)), "to the last second");
    }

    #[test]
    fn a_day_is_one_of_the_clock_on_the_wall() {
        assert_eq!(said("tonight", "+09:00"), "Sun 22 Nov 2026, 23:59 UTC+09:00", "it is Sunday in Tokyo already");
        assert_eq!(said("saturday", "+09:00"), "Sat 28 Nov 2026, 23:59 UTC+09:00");
        assert_eq!(said("tonight", "-03:30"), "Sat 21 Nov 2026, 23:59 UTC-03:30");
        assert_eq!(end("tonight", at("+02:00")), Ok(Some(UnixTime(NOW.0 + 6 * 3600 - 1))));
        assert_eq!(end("2h", at("+02:00")), end("2h", at("UTC")), "a span is the same everywhere");
    }

    #[test]
    fn what_cannot_be_met_is_refused() {
        for text in ["0h", "0 days", "000s"] {
            assert_eq!(wished(text), Err(TermProblem::Zero), "{text}");
        }
        for text in ["2026-11-20", "1970-01-01"] {
            assert_eq!(wished(text), Err(TermProblem::Past), "{text}");
        }
        for text in ["367d", "53w", "2027-12-01", "9999-12-31", "99999999999999999999h", "18446744073709551615w"] {
            assert_eq!(wished(text), Err(TermProblem::TooFar), "{text}");
        }
        for text in [
            "",
            "2",
            "h",
            "-2h",
            "2 fortnights",
            "someday",
            "2026-02-30",
            "2026-13-01",
            "2026-1-1",
            "+026-01-01",
            "2h 30m",
            "\u{0662}h",
            "until",
        ] {
            assert_eq!(wished(text), Err(TermProblem::Unclear), "{text}");
        }
    }

    #[test]
    fn the_last_second_of_a_day_is_too_late_for_it() {
        let last = Local { now: UnixTime(NOW.0 + 8 * 3600 - 1), ..at("UTC") };
        assert_eq!(end("tonight", last), Err(TermProblem::Past));
        assert!(offered(last).iter().all(|offered| !offered.label.contains("tonight")));
    }

    #[test]
    fn what_is_offered_is_short_says_its_moment_and_is_accepted() {
        let labels = |local| offered(local).into_iter().map(|offered| offered.label).collect::<Vec<_>>();
        let of_saturday = ["for 1 hour", "for 2 hours", "until tonight, 23:59", "until Sun 22 Nov, 23:59", "for 7 days", "for 30 days"];
        assert_eq!(labels(at("UTC")), of_saturday);
        assert_eq!(labels(at("+09:00")).len(), 5, "on a Sunday its night is tonight");
        assert!(offered(at("+09:00")).iter().all(|offered| end(&offered.value, at("+09:00")).is_ok()));
    }

    #[test]
    fn a_choice_answered_after_midnight_means_the_day_that_was_read() {
        let tonight = offered(at("UTC")).into_iter().find(|offered| offered.label.contains("tonight")).unwrap().value;
        let later = Local { now: UnixTime(NOW.0 + 9 * 3600), ..at("UTC") };
        assert_eq!(end(&tonight, later), Err(TermProblem::Past));
    }

    #[test]
    fn a_zone_is_an_offset_and_nothing_else() {
        for (text, name) in [("UTC", "UTC"), ("utc", "UTC"), ("+00:00", "UTC"), ("+02:00", "UTC+02:00"), ("-09:30", "UTC-09:30")] {
            assert_eq!(Zone::parse(text).unwrap().name(), name);
        }
        for text in ["", "Europe/Berlin", "+2", "02:00", "+2:00", "+02:60", "+15:00", "+-2:00", "+02:00:00"] {
            assert_eq!(Zone::parse(text), None, "{text}");
        }
    }
}
