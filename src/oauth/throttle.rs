//! Guessing made slow: passwords, and the links of the first run.
//!
//! After a few wrong tries each further one has to wait, twice as long each time. Counted are the account and the address,
//! so neither many addresses nor many names help; and all strangers together have a limit beside that. What a stranger does
//! must not keep the owner out, though: a browser in which somebody has signed in before is known again, and its tries count
//! for itself alone.
//!
//! A try counts as wrong from its beginning, and is taken back when it was right: so many at once gain nothing, and neither
//! does a crash.

use super::limits::{Limit, Wait};
use super::rates::Key;
use super::secret::ServerKey;
use super::user::UserName;
use crate::clock::UnixTime;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
// The addresses alone: `core` has no sockets.
use core::net::IpAddr;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use subtle::ConstantTimeEq;

/// The first wait; each further one is twice as long.
const FIRST_WAIT: Duration = Duration::from_secs(2);
/// The longest wait.
const LONGEST_WAIT: Duration = Duration::from_secs(15 * 60);
/// After so long without a try everything is forgotten.
const MEMORY: Duration = Duration::from_secs(24 * 60 * 60);
/// In which all strangers together have twenty times the tries of one account.
const SPAN_OF_ALL: Duration = Duration::from_secs(5 * 60);

/// How patient to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Wrong passwords for one account, from browsers that it does not know, before one has to wait.
    pub tries: u32,
}

impl Default for Terms {
    fn default() -> Self {
        Self { tries: 5 }
    }
}

impl Terms {
    /// What all strangers together may do.
    pub fn of_all(self) -> Option<Limit> {
        Limit::new(self.tries.saturating_mul(20), SPAN_OF_ALL)
    }
}

/// The wrong tries of somebody. A stored record: frozen once released.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tries {
    /// How many.
    pub wrong: u32,
    /// When the last one began.
    pub last: UnixTime,
}

impl Tries {
    /// One more, of which the first `free` need not wait.
    ///
    /// # Errors
    /// How long to wait before the next.
    pub fn another(earlier: Option<Self>, free: u32, now: UnixTime) -> Result<Self, Wait> {
        let Some(earlier) = earlier.filter(|earlier| !earlier.end().has_come(now)) else { return Ok(Self { wrong: 1, last: now }) };
        let left = earlier.last.after(wait_after(earlier.wrong, free)).since(now);
        // Longer than the longest is a clock that was set back.
        if left.is_zero() || left > LONGEST_WAIT {
            return Ok(Self { wrong: earlier.wrong.saturating_add(1), last: now });
        }
        Err(Wait::seconds(left.as_secs()))
    }

    /// One less; nothing if none is left.
    pub fn one_less(self) -> Option<Self> {
        (self.wrong > 1).then_some(Self { wrong: self.wrong.saturating_sub(1), ..self })
    }

    /// When they are of no interest any more.
    pub fn end(&self) -> UnixTime {
        self.last.after(MEMORY)
    }
}

fn wait_after(wrong: u32, free: u32) -> Duration {
    let Some(beyond) = wrong.checked_sub(free) else { return Duration::ZERO };
    FIRST_WAIT.saturating_mul(1_u32.checked_shl(beyond).unwrap_or(u32::MAX)).min(LONGEST_WAIT)
}

/// Somebody or something whose wrong tries are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subject {
    /// Who.
    pub key: Key,
    /// Tries that need not wait.
    pub free: u32,
    /// What a right try does to the count.
    pub when_right: WhenRight,
}

/// What a right try does to a count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhenRight {
    /// The account's, or the browser's: it proves that the others were its own mistakes.
    Forget,
    /// The address's: a right try for one account says nothing about those for others.
    TakeBack,
}

/// Who counts when a password for `name` is tried: the `device` alone if it is known, else the account and the address.
/// Whether the account exists makes no difference.
pub fn subjects(terms: Terms, key: &ServerKey, name: &UserName, device: Option<Key>, address: IpAddr) -> Vec<Subject> {
    match device {
        Some(key) => vec![Subject { key, free: terms.tries.saturating_mul(2), when_right: WhenRight::Forget }],
        None => {
            let account = Subject { key: account(key, name), free: terms.tries, when_right: WhenRight::Forget };
            std::iter::once(account).chain(of_address(terms, address)).collect()
        }
    }
}

/// Who counts when something is tried that belongs to no account.
pub fn of_address(terms: Terms, address: IpAddr) -> Vec<Subject> {
    let subject = |key, factor| Subject { key, free: terms.tries.saturating_mul(factor), when_right: WhenRight::TakeBack };
    let site = Key::site(address).map(|key| subject(key, 8));
    std::iter::once(subject(Key::household(address), 2)).chain(site).collect()
}

/// The account of a name. People type passwords into the wrong field, so a mere hash would not do.
pub fn account(key: &ServerKey, name: &UserName) -> Key {
    Key::derived(&key.authenticate("tries for an account", &[name.folded().as_bytes()]))
}

/// What a browser keeps in which somebody of that name has signed in. It opens nothing: it only makes the browser's tries
/// its own.
pub fn device_mark(key: &ServerKey, name: &UserName, bits: &[u8; 16]) -> String {
    format!("{}.{}", URL_SAFE_NO_PAD.encode(bits), URL_SAFE_NO_PAD.encode(tag(key, name, bits)))
}

/// The browser that keeps a mark, if the mark is ours and was made for this name.
pub fn known_device(key: &ServerKey, name: &UserName, mark: &str) -> Option<Key> {
    let (bits, sent) = mark.split_once('.')?;
    let bits = URL_SAFE_NO_PAD.decode(bits).ok().filter(|bits| bits.len() == 16)?;
    let sent = URL_SAFE_NO_PAD.decode(sent).ok()?;
    let ours = bool::from(sent.ct_eq(&tag(key, name, &bits)));
    ours.then(|| Key::derived(&key.authenticate("tries of a device", &[&bits])))
}

fn tag(key: &ServerKey, name: &UserName, bits: &[u8]) -> [u8; 32] {
    key.authenticate("device of an account", &[name.folded().as_bytes(), bits])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::fixtures::{NOW, seconds_later};
    use crate::oauth::secret::Entropy;

    const TERMS: Terms = Terms { tries: 5 };

    fn key() -> ServerKey {
        ServerKey::new(&Entropy::new([9; 32]))
    }

    fn name(text: &str) -> UserName {
        UserName::parse(text).unwrap()
    }

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    /// What is remembered after so many wrong tries, each made as soon as it may be, and the waits between them.
    fn guessed(count: u32, free: u32) -> (Tries, Vec<u64>) {
        let (mut tries, mut now, mut waits) = (None, NOW, vec![]);
        for _ in 0..count {
            let wait = Tries::another(tries, free, now).err().map_or(0, Wait::as_secs);
            now = now.after(Duration::from_secs(wait));
            waits.push(wait);
            tries = Some(Tries::another(tries, free, now).unwrap());
        }
        (tries.unwrap(), waits)
    }

    #[test]
    fn the_first_few_tries_are_free_and_each_after_them_waits_twice_as_long() {
        assert_eq!(guessed(16, 5).1, [0, 0, 0, 0, 0, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]);
    }

    #[test]
    fn a_guesser_gets_about_a_hundred_tries_a_day() {
        let (tries, waits) = guessed(200, 5);
        let day = 24 * 60 * 60;
        let mut at = 0;
        let within = waits
            .iter()
            .take_while(|wait| {
                at += *wait;
                at < day
            })
            .count();
        assert!((90..120).contains(&within), "{within}");
        assert!(Tries::another(Some(tries), 5, tries.last).is_err());
    }

    #[test]
    fn a_wait_is_true_to_the_second() {
        let (tries, _) = guessed(8, 5);
        let wait = Tries::another(Some(tries), 5, tries.last).unwrap_err().as_secs();
        assert_eq!(wait, 16);
        assert!(Tries::another(Some(tries), 5, UnixTime(tries.last.0 + wait - 1)).is_err());
        assert!(Tries::another(Some(tries), 5, UnixTime(tries.last.0 + wait)).is_ok());
    }

    #[test]
    fn a_day_without_a_try_forgets_all_and_less_does_not() {
        let (tries, _) = guessed(20, 5);
        let day = 24 * 60 * 60;
        let after = |seconds: u64| Tries::another(Some(tries), 5, UnixTime(tries.last.0 + seconds)).unwrap().wrong;
        assert_eq!((after(day - 1), after(day)), (21, 1));
    }

    #[test]
    fn waiting_for_it_again_and_again_makes_it_no_longer() {
        let (tries, _) = guessed(10, 5);
        let early = UnixTime(tries.last.0 + 1);
        assert_eq!(Tries::another(Some(tries), 5, early), Tries::another(Some(tries), 5, early));
    }

    #[test]
    fn a_clock_that_is_set_back_shuts_nobody_out_for_longer_than_the_longest_wait() {
        let tries = Tries { wrong: 50, last: seconds_later(365 * 24 * 3600) };
        assert!(Tries::another(Some(tries), 5, NOW).is_ok());
        let tries = Tries { wrong: 50, last: NOW };
        assert_eq!(Tries::another(Some(tries), 5, NOW), Err(Wait::seconds(900)));
    }

    #[test]
    fn numbers_do_not_run_over() {
        let tries = Tries { wrong: u32::MAX, last: NOW };
        assert_eq!(Tries::another(Some(tries), 0, NOW), Err(Wait::seconds(900)));
        assert_eq!(Tries::another(Some(tries), 0, seconds_later(900)).unwrap().wrong, u32::MAX);
    }

    #[test]
    fn what_was_taken_back_never_was() {
        let one = Tries::another(None, 5, NOW).unwrap();
        assert_eq!(one.one_less(), None);
        assert_eq!(Tries { wrong: 7, last: NOW }.one_less(), Some(Tries { wrong: 6, last: NOW }));
    }

    #[test]
    fn of_a_stranger_the_account_and_the_address_count_and_of_a_known_browser_only_itself() {
        let keys = |device, from| subjects(TERMS, &key(), &name("ann"), device, address(from)).len();
        assert_eq!((keys(None, "192.0.2.1"), keys(None, "2001:db8::1")), (2, 3));
        let device = known_device(&key(), &name("ann"), &device_mark(&key(), &name("ann"), &[1; 16]));
        let [only] = subjects(TERMS, &key(), &name("ann"), device, address("192.0.2.1"))[..] else { panic!("one subject") };
        assert_eq!(Some(only.key), device);
        assert!(!subjects(TERMS, &key(), &name("ann"), None, address("192.0.2.1")).contains(&only));
    }

    #[test]
    fn the_address_is_not_forgiven_when_one_of_its_accounts_signs_in() {
        for subject in subjects(TERMS, &key(), &name("ann"), None, address("2001:db8::1")) {
            let expected = if subject.key == account(&key(), &name("ann")) { WhenRight::Forget } else { WhenRight::TakeBack };
            assert_eq!(subject.when_right, expected);
        }
    }

    #[test]
    fn an_account_is_one_in_whatever_letters_and_says_nothing_without_the_key() {
        assert_eq!(account(&key(), &name("Ann")), account(&key(), &name("aNN")));
        assert_ne!(account(&key(), &name("ann")), account(&key(), &name("bob")));
        assert_ne!(account(&key(), &name("ann")), account(&ServerKey::new(&Entropy::new([8; 32])), &name("ann")));
    }

    #[test]
    fn a_mark_counts_for_its_name_alone_and_not_when_it_was_touched() {
        let mark = device_mark(&key(), &name("Ann"), &[1; 16]);
        assert!(known_device(&key(), &name("ann"), &mark).is_some());
        assert!(known_device(&key(), &name("bob"), &mark).is_none());
        assert!(known_device(&ServerKey::new(&Entropy::new([8; 32])), &name("ann"), &mark).is_none());
        let other = device_mark(&key(), &name("ann"), &[2; 16]);
        let (bits, tag) = mark.split_once('.').unwrap();
        let (other_bits, other_tag) = other.split_once('.').unwrap();
        let short = URL_SAFE_NO_PAD.encode([1; 8]);
        for forged in [
            format!("{other_bits}.{tag}"),
            format!("{bits}.{other_tag}"),
            format!("{bits}."),
            format!("{short}.{tag}"),
            bits.to_owned(),
            format!(".{tag}"),
            String::new(),
            ".".into(),
            "x".repeat(100_000),
        ] {
            assert!(known_device(&key(), &name("ann"), &forged).is_none(), "{forged:.80}");
        }
    }

    #[test]
    fn two_browsers_of_one_account_are_two() {
        let device = |bits| known_device(&key(), &name("ann"), &device_mark(&key(), &name("ann"), &bits));
        assert_ne!(device([1; 16]), device([2; 16]));
        assert_eq!(device([1; 16]), device([1; 16]));
    }

    #[test]
    fn all_strangers_together_have_twenty_times_the_tries_of_one_account() {
        assert_eq!(TERMS.of_all(), Limit::new(100, Duration::from_secs(300)));
        assert_eq!(Terms { tries: 0 }.of_all(), None);
    }
}
