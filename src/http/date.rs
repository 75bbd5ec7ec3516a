//! Seconds since 1970 as the dates that HTTP and people write, in UTC.

use crate::calendar::{civil, days, month_name, time_of_day, weekday_name};

/// The only format that RFC 9110 §5.6.7 lets us write: `Sun, 06 Nov 1994 08:49:37 GMT`.
pub fn imf_fixdate(seconds: u64) -> String {
    let (year, month, day) = civil(seconds / 86_400);
    let (name, month) = (short(weekday_name(seconds / 86_400)), short(month_name(month)));
    format!("{name}, {day:02} {month} {year:04} {} GMT", time_of_day(seconds))
}

/// RFC 3339: `1994-11-06T08:49:37Z`.
pub fn rfc3339(seconds: u64) -> String {
    let (year, month, day) = civil(seconds / 86_400);
    format!("{year:04}-{month:02}-{day:02}T{}Z", time_of_day(seconds))
}

/// Reads what [`imf_fixdate`] writes. The older two formats of RFC 9110 §5.6.7 are nobody's any more.
pub fn parse_imf_fixdate(text: &str) -> Option<u64> {
    let [_, day, month, year, time, "GMT"] = *text.split(' ').collect::<Vec<_>>() else { return None };
    let [hour, minute, second] = *time.split(':').collect::<Vec<_>>() else { return None };
    let number = |digits: &str, most: u64| digits.parse::<u64>().ok().filter(|number| *number <= most && digits.len() <= 4);
    let month = (1..=12).find(|number| short(month_name(*number)) == month)?;
    let days = days(number(year, 9999)?, month, number(day, 31)?)?;
    Some(days * 86_400 + number(hour, 23)? * 3600 + number(minute, 59)? * 60 + number(second, 60)?)
}

/// The first three letters, as protocols have them.
fn short(name: &str) -> &str {
    name.get(..3).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_rfc_is_met() {
        assert_eq!(imf_fixdate(784_111_777), "Sun, 06 Nov 1994 08:49:37 GMT");
    }

    #[test]
    fn what_is_written_is_read_back() {
        for seconds in [0, 784_111_777, 951_782_399, 951_782_400, 1_709_164_800, 4_107_542_400, 1_798_761_599] {
            assert_eq!(parse_imf_fixdate(&imf_fixdate(seconds)), Some(seconds));
        }
    }

    #[test]
    fn what_is_no_date_is_not_read() {
        for text in [
            "",
            "Sun, 06 Nov 1994 08:49:37 CET",
            "Sun, 06 Nov 1994 08:49 GMT",
            "Sun, 06 Foo 1994 08:49:37 GMT",
            "Sun, 0 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 99999 08:49:37 GMT",
            "Sun, 06 Nov 1900 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun, 06 Nov 1994 24:49:37 GMT",
        ] {
            assert_eq!(parse_imf_fixdate(text), None, "{text}");
        }
    }

    #[test]
    fn leap_days_and_centuries_are_where_they_belong() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_709_164_800, "2024-02-29T00:00:00Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
            (1_798_761_599, "2026-12-31T23:59:59Z"),
        ] {
            assert_eq!(rfc3339(seconds), text);
        }
    }
}
