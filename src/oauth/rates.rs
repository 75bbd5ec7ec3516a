//! What is limited, by whom it is counted, and how much there is. How a limit works is [`super::limits`]'s.

use super::client::Client;
use super::client_auth::AuthenticatedClient;
use super::ids::{ClientId, UserId};
use super::limits::{Limit, per_hour, per_minute};
use super::secret::TokenHash;
use super::throttle::Terms;
// The addresses alone: `core` has no sockets.
use core::net::IpAddr;
use sha2::{Digest, Sha256};

/// How many times as much a site (an IPv6 /48) may do as one household (a /64): it is handed out to many, or to one.
const HOUSEHOLDS: u32 = 4;
/// How many times as much an address may do that is known to stand for many people.
const HOSTED: u32 = 30;

/// What is counted, each apart from the others. The numbers stand in the store and are never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Bucket {
    /// Registrations of an address.
    Register = 0,
    /// Authorization requests: of an address, and of an account once somebody is signed in.
    Authorize = 1,
    /// Requests of a client to the endpoints that only clients call.
    Token = 2,
    /// Refresh tokens of a client that were rotated.
    Refresh = 3,
    /// Calls with a token.
    Calls = 4,
    /// Questions of an address at the polling bridge.
    Poll = 5,
    /// Devices that an address begins.
    Devices = 6,
    /// Wrong passwords of everybody together.
    Passwords = 7,
}

impl Bucket {
    /// What was too many, for the owner to read.
    pub fn noun(self) -> &'static str {
        match self {
            Self::Register => "registrations",
            Self::Authorize => "authorization requests",
            Self::Token => "token requests",
            Self::Refresh => "refreshes",
            Self::Calls => "calls with one token",
            Self::Poll => "polls",
            Self::Devices => "devices",
            Self::Passwords => "wrong passwords of all strangers together",
        }
    }

    /// Every one, by its number.
    pub const ALL: [Self; 8] =
        [Self::Register, Self::Authorize, Self::Token, Self::Refresh, Self::Calls, Self::Poll, Self::Devices, Self::Passwords];
}

/// Whose it is: 128 bits that follow from the address, the client, the account or the token, so that neither the memory
/// nor the disk that one takes is up to a stranger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key([u8; 16]);

impl Key {
    /// An address; of IPv6 the /64, since whoever has one address usually has them all.
    pub fn household(address: IpAddr) -> Self {
        match household(address) {
            IpAddr::V4(address) => Self::of("v4", &[&address.octets()]),
            IpAddr::V6(address) => Self::of("v6", &[&address.octets()]),
        }
    }

    /// The IPv6 /48 that an address belongs to.
    pub fn site(address: IpAddr) -> Option<Self> {
        match address.to_canonical() {
            IpAddr::V4(_) => None,
            IpAddr::V6(address) => Some(Self::of("v6 site", &[&network(address.to_bits(), 48).to_be_bytes()])),
        }
    }

    /// A client that has proven who it is.
    pub fn client(id: &ClientId) -> Self {
        Self::of("client", &[id.as_str().as_bytes()])
    }

    /// A client that is known by its name alone, which anybody can say: only what comes from one address is its own.
    pub fn client_at(id: &ClientId, address: IpAddr) -> Self {
        Self::of("client at", &[&Self::household(address).0, id.as_str().as_bytes()])
    }

    /// An account.
    pub fn user(id: &UserId) -> Self {
        Self::of("user", &[id.as_str().as_bytes()])
    }

    /// A token.
    pub fn token<K>(hash: &TokenHash<K>) -> Self {
        Self::first_half(hash.as_bytes())
    }

    /// All together.
    pub fn everybody() -> Self {
        Self::of("everybody", &[])
    }

    /// What follows from a key of the server's.
    pub(super) fn derived(bits: &[u8; 32]) -> Self {
        Self::first_half(bits)
    }

    /// As it stands in the store.
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// Reads a key of the store back.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    fn of(label: &str, parts: &[&[u8]]) -> Self {
        let mut digest = Sha256::new();
        for part in std::iter::once(label.as_bytes()).chain(parts.iter().copied()) {
            digest.update((part.len() as u64).to_be_bytes());
            digest.update(part);
        }
        Self::first_half(&digest.finalize().into())
    }

    fn first_half(bits: &[u8; 32]) -> Self {
        Self(bits.first_chunk().copied().unwrap_or_default())
    }
}

/// Whom an address stands for: itself, or its /64. An IPv4 address in IPv6 clothes is undressed first.
pub fn household(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        v4 @ IpAddr::V4(_) => v4,
        IpAddr::V6(v6) => IpAddr::V6(network(v6.to_bits(), 64).into()),
    }
}

fn network(bits: u128, prefix: u32) -> u128 {
    bits & (u128::MAX << (128 - prefix))
}

/// One thing that a request takes from. A request may take from several, and takes from none unless there is room in all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Charge {
    /// Whose.
    pub key: Key,
    /// How much there is.
    pub limit: Limit,
}

impl Charge {
    /// What a request from `address` takes from: its household, and of IPv6 the site. `hosted` for an address that is known
    /// to stand for many people.
    pub fn of_address(limit: Limit, address: IpAddr, hosted: bool) -> Vec<Self> {
        let limit = if hosted { limit.times(HOSTED) } else { limit };
        let household = Self { key: Key::household(address), limit };
        let site = Key::site(address).map(|key| Self { key, limit: limit.times(HOUSEHOLDS) });
        std::iter::once(household).chain(site).collect()
    }

    /// What a request takes from that names a client, whether it is that client or not.
    pub fn of_claim(limit: Limit, id: &ClientId, address: IpAddr, hosted: bool) -> Self {
        Self { key: Key::client_at(id, address), limit: if hosted { limit.times(HOSTED) } else { limit } }
    }

    /// What a request of a client takes from. Without a secret the client is whoever says its name, so only what comes from
    /// one address is its own: nobody uses up what belongs to others by saying the same name.
    pub fn of_client(limit: Limit, client: &AuthenticatedClient, address: IpAddr, hosted: bool) -> Self {
        let Client { id, secret, .. } = client.client();
        match secret {
            Some(_) => Self { key: Key::client(id), limit },
            None => Self::of_claim(limit, id, address, hosted),
        }
    }
}

/// The limits that hold; without one there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rates {
    /// [`Bucket::Register`], an hour.
    pub register: Option<Limit>,
    /// [`Bucket::Authorize`], an hour.
    pub authorize: Option<Limit>,
    /// [`Bucket::Token`], a minute.
    pub token: Option<Limit>,
    /// [`Bucket::Refresh`], a minute.
    pub refresh: Option<Limit>,
    /// [`Bucket::Calls`], a minute.
    pub calls: Option<Limit>,
    /// [`Bucket::Poll`], a minute.
    pub poll: Option<Limit>,
    /// [`Bucket::Devices`], an hour.
    pub devices: Option<Limit>,
    /// [`Bucket::Passwords`], and how each account, device and address is slowed down.
    pub sign_in: Option<Terms>,
}

impl Default for Rates {
    fn default() -> Self {
        Self {
            register: per_hour(10),
            authorize: per_hour(100),
            token: per_minute(60),
            refresh: per_minute(10),
            calls: per_minute(100),
            poll: per_minute(120),
            devices: per_hour(30),
            sign_in: Some(Terms::default()),
        }
    }
}

impl Rates {
    /// No limit at all.
    pub const OFF: Self =
        Self { register: None, authorize: None, token: None, refresh: None, calls: None, poll: None, devices: None, sign_in: None };

    /// Each by its name in the configuration, for the owner to read.
    pub fn settings(&self) -> [(&'static str, String); 8] {
        let number = |limit: Option<Limit>| limit.map_or_else(|| "off".to_owned(), |limit| limit.most().to_string());
        [
            ("limits.register_per_hour", number(self.register)),
            ("limits.authorize_per_hour", number(self.authorize)),
            ("limits.token_per_minute", number(self.token)),
            ("limits.refresh_per_minute", number(self.refresh)),
            ("limits.calls_per_minute", number(self.calls)),
            ("limits.poll_per_minute", number(self.poll)),
            ("limits.devices_per_hour", number(self.devices)),
            ("limits.sign_in_tries", self.sign_in.map_or_else(|| "off".to_owned(), |terms| terms.tries.to_string())),
        ]
    }

    /// The limit of a bucket.
    pub fn of(&self, bucket: Bucket) -> Option<Limit> {
        match bucket {
            Bucket::Register => self.register,
            Bucket::Authorize => self.authorize,
            Bucket::Token => self.token,
            Bucket::Refresh => self.refresh,
            Bucket::Calls => self.calls,
            Bucket::Poll => self.poll,
            Bucket::Devices => self.devices,
            Bucket::Passwords => self.sign_in.and_then(Terms::of_all),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::client_auth;
    use crate::oauth::fixtures::{authenticated, confidential, params, secret};
    use crate::oauth::secret::AccessToken;
    use std::collections::HashSet;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_household_is_one_whatever_address_of_its_own_it_uses() {
        let key = |text| Key::household(address(text));
        assert_eq!(key("2001:db8::1"), key("2001:db8::ffff:2"));
        assert_ne!(key("2001:db8::1"), key("2001:db8:0:1::1"));
        assert_eq!(key("192.0.2.1"), key("::ffff:192.0.2.1"));
        assert_ne!(key("192.0.2.1"), key("192.0.2.2"));
        assert_eq!(household(address("2001:db8:1:2:3:4:5:6")), address("2001:db8:1:2::"));
    }

    #[test]
    fn a_site_has_a_limit_of_its_own_above_that_of_its_households() {
        let limit = per_hour(10).unwrap();
        let charges = |text| Charge::of_address(limit, address(text), false);
        let (one, other) = (charges("2001:db8::1"), charges("2001:db8:0:1::1"));
        assert_eq!((one.len(), charges("192.0.2.1").len()), (2, 1));
        assert_ne!(one[0], other[0]);
        assert_eq!(one[1], other[1]);
        assert_ne!(one[1], charges("2001:db8:1::1")[1]);
        assert_eq!((one[0].limit, one[1].limit), (limit, limit.times(HOUSEHOLDS)));
    }

    #[test]
    fn an_address_that_stands_for_many_may_do_more() {
        let limit = per_hour(10).unwrap();
        let [many] = Charge::of_address(limit, address("160.79.104.1"), true)[..] else { panic!("one charge") };
        assert_eq!(many.limit, limit.times(HOSTED));
    }

    #[test]
    fn a_client_is_one_everywhere_if_it_has_a_secret_and_else_one_for_each_address() {
        let limit = per_minute(10).unwrap();
        let (here, there) = (address("192.0.2.1"), address("192.0.2.2"));
        let public = authenticated("claude");
        let of_public = |address| Charge::of_client(limit, &public, address, false);
        assert_ne!(of_public(here), of_public(there));
        assert_eq!(of_public(here), Charge::of_claim(limit, &public.client().id, here, false));
        assert_eq!(Charge::of_client(limit, &public, here, true).limit, limit.times(HOSTED));
        let secret = secret(1);
        let form = params(&format!("client_id=s1&client_secret={}", secret.reveal()));
        let credentials = client_auth::credentials(&form, std::iter::empty()).unwrap();
        let proven = client_auth::authenticate(&credentials, Some(confidential("s1", &secret))).unwrap();
        let of_proven = |address, hosted| Charge::of_client(limit, &proven, address, hosted);
        assert_eq!(of_proven(here, false), of_proven(there, true));
        assert_ne!(of_proven(here, false).key, Charge::of_claim(limit, &proven.client().id, here, false).key);
    }

    #[test]
    fn no_two_of_different_sorts_share_a_key() {
        let id = ClientId::known_as("x");
        let keys = [
            Key::household(address("192.0.2.1")),
            Key::household(address("192.0.2.2")),
            Key::household(address("2001:db8::")),
            Key::site(address("2001:db8::")).unwrap(),
            Key::client(&id),
            Key::client_at(&id, address("192.0.2.1")),
            Key::client_at(&id, address("192.0.2.2")),
            Key::user(&UserId::known_as("x")),
            Key::token(&TokenHash::<AccessToken>::from_bytes([7; 32])),
            Key::everybody(),
        ];
        assert_eq!(keys.iter().collect::<HashSet<_>>().len(), keys.len());
        assert_eq!(Key::from_bytes(*keys[0].as_bytes()), keys[0]);
    }

    #[test]
    fn an_owner_reads_the_numbers_that_they_wrote() {
        assert_eq!(Rates::default().settings()[0], ("limits.register_per_hour", "10".to_owned()));
        assert_eq!(Rates::default().settings()[7], ("limits.sign_in_tries", "5".to_owned()));
        assert!(Rates::OFF.settings().iter().all(|(_, value)| value == "off"));
    }

    #[test]
    fn a_bucket_is_found_by_its_number() {
        for (number, bucket) in Bucket::ALL.into_iter().enumerate() {
            assert_eq!(bucket as usize, number);
            assert!(Rates::default().of(bucket).is_some() && Rates::OFF.of(bucket).is_none(), "{bucket:?}");
        }
    }
}
