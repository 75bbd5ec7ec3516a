//! The owner of argon2: hashes and checks passwords, two at a time at most.
//!
//! One hash costs 19 MiB and some tens of milliseconds on purpose; the queue keeps strangers from spending more of
//! either than that.

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use std::sync::{Condvar, Mutex, PoisonError};

/// Hashes under way at once.
const AT_ONCE: usize = 2;
/// Callers that may wait for their turn.
const WAITING: usize = 16;
/// What we hash with: the first choice of the OWASP cheat sheet, m in KiB.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

static QUEUE: Queue = Queue { state: Mutex::new(State { running: 0, waiting: 0 }), freed: Condvar::new() };

/// Too many passwords are being checked; try again in a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Busy;

/// The argon2id string of a password, with `salt` from `random`.
///
/// # Errors
/// [`Busy`].
pub fn hash(password: &str, salt: &[u8; 16]) -> Result<String, Busy> {
    let _turn = QUEUE.enter()?;
    hasher().hash_password_with_salt(password.as_bytes(), salt).map(|hash| hash.to_string()).map_err(|_| Busy)
}

/// Whether `password` is the one behind `stored`. The same work is done when there is nothing to compare with, so that
/// the time says nothing about which accounts exist.
///
/// # Errors
/// [`Busy`].
pub fn verify(password: &str, stored: Option<&str>) -> Result<bool, Busy> {
    let _turn = QUEUE.enter()?;
    let parsed = stored.and_then(|text| PasswordHash::new(text).ok()).filter(is_ours);
    match parsed {
        Some(hash) => Ok(hasher().verify_password(password.as_bytes(), &hash).is_ok()),
        None => {
            let _ = hasher().hash_password_with_salt(password.as_bytes(), &[0; 16]);
            Ok(false)
        }
    }
}

/// A string that asks for more than we ever spend was not written by us.
fn is_ours(hash: &PasswordHash) -> bool {
    Params::try_from(hash).is_ok_and(|params| params.m_cost() <= MEMORY_KIB && params.t_cost() <= PASSES && params.p_cost() <= LANES)
}

fn hasher() -> Argon2<'static> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).unwrap_or_default();
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

struct Queue {
    state: Mutex<State>,
    freed: Condvar,
}

struct State {
    running: usize,
    waiting: usize,
}

struct Turn<'a>(&'a Queue);

impl Queue {
    fn enter(&self) -> Result<Turn<'_>, Busy> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.running >= AT_ONCE && state.waiting >= WAITING {
            return Err(Busy);
        }
        state.waiting += 1;
        while state.running >= AT_ONCE {
            state = self.freed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.waiting -= 1;
        state.running += 1;
        Ok(Turn(self))
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner).running -= 1;
        self.0.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_right_password_and_only_it_is_accepted() {
        let stored = hash("correct horse", &[7; 16]).unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        assert_eq!(verify("correct horse", Some(&stored)), Ok(true));
        for wrong in ["", "correct horse ", "Correct horse", "correct horse\0"] {
            assert_eq!(verify(wrong, Some(&stored)), Ok(false), "{wrong:?}");
        }
    }

    #[test]
    fn a_tampered_or_missing_hash_never_matches() {
        let stored = hash("secret", &[7; 16]).unwrap();
        let greedy = stored.replace("m=19456", "m=4194304");
        for bad in [None, Some(""), Some("plain"), Some(greedy.as_str()), Some("$argon2id$v=19$m=8,t=1,p=1$AAAA$")] {
            assert_eq!(verify("secret", bad), Ok(false), "{bad:?}");
        }
    }
}
