//! The calendar: days since 1970 as years, months, days and days of the week, and back. It reads no clock.

const WEEKDAYS: [&str; 7] = ["Thursday", "Friday", "Saturday", "Sunday", "Monday", "Tuesday", "Wednesday"];
const MONTHS: [&str; 12] =
    ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];

/// Seconds of a day.
pub const DAY: u64 = 86_400;

/// The name of a day, counted since 1970.
pub fn weekday_name(days: u64) -> &'static str {
    pick(&WEEKDAYS, days % 7)
}

/// The name of a month, counted from 1.
pub fn month_name(month: u64) -> &'static str {
    pick(&MONTHS, month.saturating_sub(1))
}

/// Days since 1970: the inverse of [`civil`]. Days that a month does not have run on into the next.
pub fn days(year: u64, month: u64, day: u64) -> Option<u64> {
    let year = if month <= 2 { year.checked_sub(1)? } else { year };
    let (era, of_era) = (year / 400, year % 400);
    let march = if month > 2 { month - 3 } else { month + 9 };
    let of_year = (153 * march + 2) / 5 + day.checked_sub(1)?;
    (era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year).checked_sub(719_468)
}

/// `08:49:37`
pub fn time_of_day(seconds: u64) -> String {
    format!("{:02}:{:02}:{:02}", seconds / 3600 % 24, seconds / 60 % 60, seconds % 60)
}

/// Year, month and day, by counting in years that begin in March, so that the odd day comes last.
pub fn civil(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let (era, of_era) = (shifted / 146_097, shifted % 146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * march + 2) / 5 + 1;
    let month = if march < 10 { march + 3 } else { march - 9 };
    (year + era * 400 + u64::from(month <= 2), month, day)
}

fn pick(names: &[&'static str], at: u64) -> &'static str {
    usize::try_from(at).ok().and_then(|at| names.get(at)).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_dates_are_the_inverse_of_one_another() {
        for day in (0..60_000).chain([719_468, 2_932_896]) {
            let (year, month, number) = civil(day);
            assert_eq!(days(year, month, number), Some(day));
        }
    }

    #[test]
    fn days_have_the_names_that_people_give_them() {
        assert_eq!((weekday_name(0), month_name(1)), ("Thursday", "January"));
        let day = days(2026, 11, 29).unwrap();
        assert_eq!((weekday_name(day), month_name(civil(day).1)), ("Sunday", "November"));
        assert_eq!((month_name(0), month_name(12), month_name(13)), ("January", "December", ""));
    }
}
