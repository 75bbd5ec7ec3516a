//! How many connections are open, in all and from one address. Counting is by guards, so that no way out of a
//! connection, a panic included, forgets to count back.

use super::client_address;
use crate::config::Config;
use crate::oauth::rates::household;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Connections of one address when the configuration names no number.
const PER_ADDRESS: usize = 128;
/// File descriptors kept for everything that is not a connection.
const RESERVED: usize = 64;
/// macOS accepts no soft limit above this, whatever the hard limit says.
const OPEN_MAX: u64 = 10_240;

/// Raises the soft limit on file descriptors to the hard one, as far as the system lets us; gives what it is then.
pub(super) fn raise_descriptor_limit() -> usize {
    let limit = getrlimit(Resource::Nofile);
    for wanted in [limit.maximum, Some(limit.maximum.unwrap_or(OPEN_MAX).min(OPEN_MAX))] {
        let more = wanted.is_none_or(|wanted| limit.current.is_some_and(|now| now < wanted));
        if more && setrlimit(Resource::Nofile, Rlimit { current: wanted, maximum: limit.maximum }).is_ok() {
            break;
        }
    }
    getrlimit(Resource::Nofile).current.map_or(usize::MAX, |now| usize::try_from(now).unwrap_or(usize::MAX))
}

/// Most connections that so many descriptors bear: one for the client, one for a back end, one spare.
pub(super) fn connections_for(descriptors: usize, wanted: usize) -> usize {
    wanted.min(descriptors.saturating_sub(RESERVED) / 3).max(1)
}

/// The counts.
pub(super) struct Capacity {
    most: usize,
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    all: usize,
    by_address: HashMap<IpAddr, usize>,
}

/// One counted connection.
pub(super) struct Place {
    capacity: Arc<Capacity>,
    key: IpAddr,
}

impl Capacity {
    pub(super) fn new(most: usize) -> Arc<Self> {
        Arc::new(Self { most, open: Mutex::default() })
    }

    /// Counts one more connection from `peer`; nothing when there is no room.
    pub(super) fn enter(self: &Arc<Self>, peer: IpAddr, config: &Config) -> Option<Place> {
        let exempt = peer.to_canonical().is_loopback() || client_address::is_trusted(peer, config);
        let most_here = match config.limits.connections_per_address {
            Some(number) => number,
            None if exempt => usize::MAX,
            None => PER_ADDRESS,
        };
        let key = household(peer);
        let mut open = self.lock();
        let here = open.by_address.get(&key).copied().unwrap_or(0);
        if open.all >= self.most || here >= most_here {
            return None;
        }
        open.all += 1;
        open.by_address.insert(key, here + 1);
        Some(Place { capacity: Arc::clone(self), key })
    }

    /// True when no connection is left.
    pub(super) fn is_empty(&self) -> bool {
        self.lock().all == 0
    }

    /// True when so few places are left that idle connections should not keep theirs for long.
    pub(super) fn is_crowded(&self) -> bool {
        self.lock().all > self.most / 4 * 3
    }

    /// The counts are plain numbers, whole after every statement: a panic elsewhere cannot have left them halfway.
    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.capacity.lock();
        open.all = open.all.saturating_sub(1);
        let left = open.by_address.get(&self.key).map_or(0, |here| here.saturating_sub(1));
        if left == 0 {
            open.by_address.remove(&self.key);
        } else {
            open.by_address.insert(self.key, left);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::door::testing;

    fn config(per_address: Option<usize>) -> Config {
        let mut config = testing::config("https://a.test");
        config.limits.connections_per_address = per_address;
        config
    }

    #[test]
    fn places_are_counted_and_given_back() {
        let (capacity, config) = (Capacity::new(2), config(None));
        let peer = "127.0.0.1".parse().unwrap();
        let first = capacity.enter(peer, &config);
        let second = capacity.enter(peer, &config);
        assert!(first.is_some() && second.is_some() && capacity.enter(peer, &config).is_none());
        drop(first);
        assert!(capacity.enter(peer, &config).is_some());
        drop(second);
        assert!(capacity.lock().by_address.is_empty());
    }

    #[test]
    fn a_v6_network_is_one_address() {
        let (capacity, config) = (Capacity::new(9), config(Some(1)));
        let _one = capacity.enter("2001:db8::1".parse().unwrap(), &config).unwrap();
        assert!(capacity.enter("2001:db8::ffff:2".parse().unwrap(), &config).is_none());
        assert!(capacity.enter("2001:db8:0:1::1".parse().unwrap(), &config).is_some());
        let _four = capacity.enter("192.0.2.1".parse().unwrap(), &config).unwrap();
        assert!(capacity.enter("::ffff:192.0.2.1".parse().unwrap(), &config).is_none());
    }

    #[test]
    fn loopback_is_exempt_only_while_no_number_is_set() {
        let local = "127.0.0.1".parse().unwrap();
        let (capacity, unset) = (Capacity::new(1000), config(None));
        let places: Vec<_> = (0..PER_ADDRESS + 1).filter_map(|_| capacity.enter(local, &unset)).collect();
        assert_eq!(places.len(), PER_ADDRESS + 1);
        let foreign: Vec<_> = (0..PER_ADDRESS + 1).filter_map(|_| capacity.enter("192.0.2.1".parse().unwrap(), &unset)).collect();
        assert_eq!(foreign.len(), PER_ADDRESS);
        assert!(capacity.enter(local, &config(Some(5))).is_none());
    }

    #[test]
    fn descriptors_bound_the_connections() {
        assert_eq!(connections_for(1024, 8192), 320);
        assert_eq!(connections_for(1 << 20, 8192), 8192);
        assert_eq!(connections_for(10, 8192), 1);
    }
}
