//! Small texts with a meaning: spans of time, address ranges.

use super::{ConfigError, Network};
use crate::oauth::term::Zone;
use std::net::IpAddr;
use std::time::Duration;

/// `90d`, `12h`, `10m`, `30s`.
///
/// # Errors
/// For anything else.
pub fn span(text: &str) -> Result<Duration, ConfigError> {
    let unit = text.chars().last().and_then(|unit| match unit {
        's' => Some(1),
        'm' => Some(60),
        'h' => Some(60 * 60),
        'd' => Some(24 * 60 * 60),
        _ => None,
    });
    let count: Option<u64> = text.get(..text.len().saturating_sub(1)).and_then(|digits| digits.parse().ok());
    let seconds = count.zip(unit).and_then(|(count, unit)| count.checked_mul(unit)).filter(|seconds| *seconds > 0);
    seconds
        .map(Duration::from_secs)
        .ok_or_else(|| ConfigError::new(format!("{text} is not a span of time"), "write it like 30s, 10m, 12h or 90d"))
}

/// `time_zone`: UTC, or an offset from it.
pub(super) fn zone(text: Option<&str>) -> Result<Zone, ConfigError> {
    let Some(text) = text else { return Ok(Zone::default()) };
    let hint = "write it as an offset from UTC, like +02:00";
    Zone::parse(text).ok_or_else(|| ConfigError::new(format!("the time_zone {text} is not an offset"), hint))
}

/// `192.168.1.0/24`, or one address. Everybody is no range: then nobody would be told apart.
pub(super) fn network(what: &str, text: &str) -> Result<Network, ConfigError> {
    let (address, prefix) = text.split_once('/').unwrap_or((text, ""));
    let address: Option<IpAddr> = address.parse().ok();
    let most = match address {
        Some(IpAddr::V4(_)) => 32,
        Some(IpAddr::V6(_)) | None => 128,
    };
    let prefix = if prefix.is_empty() { Some(most) } else { prefix.parse().ok().filter(|prefix| *prefix <= most) };
    match address.zip(prefix) {
        Some((_, 0)) => Err(ConfigError::new(format!("{what} {text} is everybody"), "name its own address, such as 127.0.0.1")),
        Some((address, prefix)) => Ok(Network { address, prefix }),
        None => Err(ConfigError::new(format!("{what} {text} is not an address range"), "write it like 172.18.0.0/16 or 127.0.0.1")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_is_an_offset_and_utc_unless_somebody_says_so() {
        assert_eq!(zone(None).unwrap().name(), "UTC");
        assert_eq!(zone(Some("+02:00")).unwrap().name(), "UTC+02:00");
        assert!(zone(Some("Europe/Berlin")).is_err(), "names of zones change with the law, and nothing here knows it");
    }

    #[test]
    fn spans_have_a_unit() {
        assert_eq!(span("90d").unwrap(), Duration::from_secs(90 * 86_400));
        assert_eq!(span("2s").unwrap(), Duration::from_secs(2));
        for bad in ["", "s", "10", "-1s", "0s", "1w", "1.5h", "99999999999999999999d", "\u{e9}"] {
            assert!(span(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_range_contains_its_own_family_only() {
        let lan = network("the proxy", "192.168.1.0/24").unwrap();
        assert!(lan.contains("192.168.1.77".parse().unwrap()));
        assert!(lan.contains("::ffff:192.168.1.77".parse().unwrap()));
        assert!(!lan.contains("192.168.2.1".parse().unwrap()));
        assert!(!lan.contains("::1".parse().unwrap()));
        assert!(network("the proxy", "::1").unwrap().contains("::1".parse().unwrap()));
    }

    #[test]
    fn trusting_everybody_is_refused() {
        for bad in ["0.0.0.0/0", "::/0", "10.0.0.0/33", "proxy", ""] {
            assert!(network("the proxy", bad).is_err(), "{bad:?}");
        }
    }
}
