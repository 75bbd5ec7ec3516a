//! How much is accepted, and how often: the table `[limits]`.

use super::{ConfigError, Network, raw, units};
use crate::oauth::known_clients;
use crate::oauth::limits::{Limit, per_hour, per_minute};
use crate::oauth::rates::Rates;
use crate::oauth::throttle::Terms;
use std::net::IpAddr;
use toml::Value;

/// More than this in a minute is no limit that anybody could feel.
const MOST: u32 = 10_000_000;

/// What holds for everybody who comes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections open at once.
    pub connections: usize,
    /// Connections of one address (an IPv6 /64 counts as one). `None` lets loopback and trusted proxies open as many as
    /// they like and holds everybody else to 128; a number holds for all.
    pub connections_per_address: Option<usize>,
    /// Event streams open at once; the rest of the connections is left for everything else.
    pub streams: usize,
    /// Threads that serve the app.
    pub workers: usize,
    /// How often what may be done.
    pub rates: Rates,
    /// Addresses that stand for many people.
    pub hosted: Vec<Network>,
}

impl Default for Limits {
    fn default() -> Self {
        let hosted = known_clients::egress().filter_map(|text| units::network("the hosted network", text).ok()).collect();
        Self { connections: 8192, connections_per_address: None, streams: 4096, workers: 8, rates: Rates::default(), hosted }
    }
}

impl Limits {
    /// True for an address from which many people's requests come, so that it may do more.
    pub fn is_hosted(&self, address: IpAddr) -> bool {
        self.hosted.iter().any(|network| network.contains(address))
    }
}

/// Decides `[limits]`.
pub(super) fn decide(written: &raw::Limits) -> Result<Limits, ConfigError> {
    let Limits { connections, streams, workers, mut hosted, .. } = Limits::default();
    for text in &written.hosted_networks {
        hosted.push(units::network("the hosted network", text)?);
    }
    Ok(Limits {
        connections: written.connections.unwrap_or(connections).max(1),
        connections_per_address: written.connections_per_address,
        streams: written.streams.unwrap_or(streams),
        workers: written.workers.unwrap_or(workers).clamp(1, 64),
        rates: rates(written)?,
        hosted,
    })
}

fn rates(written: &raw::Limits) -> Result<Rates, ConfigError> {
    let default = Rates::default();
    Ok(Rates {
        register: rate("register_per_hour", written.register_per_hour.as_ref(), per_hour, default.register)?,
        authorize: rate("authorize_per_hour", written.authorize_per_hour.as_ref(), per_hour, default.authorize)?,
        token: rate("token_per_minute", written.token_per_minute.as_ref(), per_minute, default.token)?,
        refresh: rate("refresh_per_minute", written.refresh_per_minute.as_ref(), per_minute, default.refresh)?,
        calls: rate("calls_per_minute", written.calls_per_minute.as_ref(), per_minute, default.calls)?,
        poll: rate("poll_per_minute", written.poll_per_minute.as_ref(), per_minute, default.poll)?,
        devices: rate("devices_per_hour", written.devices_per_hour.as_ref(), per_hour, default.devices)?,
        sign_in: match &written.sign_in_tries {
            Some(value) => number("sign_in_tries", value)?.map(|tries| Terms { tries }),
            None => default.sign_in,
        },
    })
}

fn rate(
    setting: &str,
    written: Option<&Value>,
    per: fn(u32) -> Option<Limit>,
    default: Option<Limit>,
) -> Result<Option<Limit>, ConfigError> {
    written.map_or(Ok(default), |value| Ok(number(setting, value)?.and_then(per)))
}

/// A number; none for `"off"`. With `0` some mean nothing at all and some no limit, so it means neither.
fn number(setting: &str, value: &Value) -> Result<Option<u32>, ConfigError> {
    if value.as_str() == Some("off") {
        return Ok(None);
    }
    match value.as_integer().and_then(|number| u32::try_from(number).ok()) {
        Some(number) if (1..=MOST).contains(&number) => Ok(Some(number)),
        Some(_) | None => {
            let hint = format!("write a number from 1 to {MOST}, or \"off\" for no limit");
            Err(ConfigError::new(format!("{setting} = {value} is no limit"), hint))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decided(toml: &str) -> Result<Limits, ConfigError> {
        decide(&toml::from_str(toml).unwrap())
    }

    #[test]
    fn what_an_owner_does_not_write_is_the_default() {
        assert_eq!(decided("").unwrap(), Limits::default());
        let rates = decided("calls_per_minute = 7").unwrap().rates;
        assert_eq!(rates, Rates { calls: per_minute(7), ..Rates::default() });
    }

    #[test]
    fn the_defaults_are_those_that_are_promised() {
        let rates = Rates::default();
        assert_eq!((rates.register, rates.refresh, rates.calls), (per_hour(10), per_minute(10), per_minute(100)));
    }

    #[test]
    fn each_setting_sets_its_own_limit_and_off_means_none() {
        let names = [
            ("register_per_hour", per_hour as fn(u32) -> Option<Limit>),
            ("authorize_per_hour", per_hour),
            ("token_per_minute", per_minute),
            ("refresh_per_minute", per_minute),
            ("calls_per_minute", per_minute),
            ("poll_per_minute", per_minute),
            ("devices_per_hour", per_hour),
        ];
        let all = |rates: Rates| [rates.register, rates.authorize, rates.token, rates.refresh, rates.calls, rates.poll, rates.devices];
        for (at, (name, per)) in names.into_iter().enumerate() {
            for (text, expected) in [("77", per(77)), ("\"off\"", None)] {
                let mut others = all(Rates::default());
                others[at] = expected;
                assert_eq!(all(decided(&format!("{name} = {text}")).unwrap().rates), others, "{name} = {text}");
            }
        }
        assert_eq!(decided("sign_in_tries = 3").unwrap().rates.sign_in, Some(Terms { tries: 3 }));
        assert_eq!(decided("sign_in_tries = \"off\"").unwrap().rates.sign_in, None);
    }

    #[test]
    fn what_is_no_limit_stops_the_start() {
        for text in ["0", "-1", "\"none\"", "\"10\"", "1.5", "true", "10000001", "[10]"] {
            for name in ["register_per_hour", "calls_per_minute", "sign_in_tries"] {
                assert!(decided(&format!("{name} = {text}")).is_err(), "{name} = {text}");
            }
        }
        assert!(toml::from_str::<raw::Limits>("registrations_per_hour = 1").is_err());
        assert!(decided("hosted_networks = [\"everybody\"]").is_err() && decided("hosted_networks = [\"0.0.0.0/0\"]").is_err());
    }

    #[test]
    fn addresses_of_known_hosts_stand_for_many_and_an_owner_can_add_more() {
        let hosted = |limits: &Limits, text: &str| limits.is_hosted(text.parse().unwrap());
        let usual = Limits::default();
        assert!(hosted(&usual, "160.79.104.1") && hosted(&usual, "160.79.111.254") && hosted(&usual, "::ffff:160.79.106.35"));
        assert!(!hosted(&usual, "160.79.112.1") && !hosted(&usual, "160.79.103.255") && !hosted(&usual, "127.0.0.1"));
        let more = decided("hosted_networks = [\"203.0.113.0/24\", \"2001:db8::/32\"]").unwrap();
        assert!(hosted(&more, "203.0.113.7") && hosted(&more, "2001:db8::1") && hosted(&more, "160.79.104.1"));
    }
}
