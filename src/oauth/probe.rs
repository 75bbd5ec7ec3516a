//! How the doctor knows that an answer comes from this doorward and from no other host: it is given a ticket through the
//! control socket, sends it along with its requests, and every answer of ours then carries the proof that belongs to it.
//!
//! A ticket says nothing, opens nothing and is good for ten minutes. Whoever is in between sees it, and may ask for the
//! proof himself: that proves that he can reach us, which being in between he can. Nobody can make one up, so a stranger
//! learns nothing by asking; in particular not whether two addresses are one doorward.

use super::secret::ServerKey;
use crate::clock::UnixTime;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::time::Duration;
use subtle::ConstantTimeEq;

/// The field of a request that holds the ticket.
pub const TICKET_FIELD: &str = "x-doorward-probe";
/// The field of an answer that holds the proof.
pub const PROOF_FIELD: &str = "x-doorward-proof";
/// What the doctor is called, when it does not try how a client would fare. The door puts it in place of the name in every
/// request with a good ticket, so that nobody takes an examination for a client's attempt.
pub const DOCTOR: &str = concat!("doorward-doctor/", env!("CARGO_PKG_VERSION"));
/// Between the two events of the stream that a ticket brings where a server's event stream would begin.
pub const STREAM_PAUSE: Duration = Duration::from_secs(1);

/// Long enough for the slowest examination.
const LIFETIME: Duration = Duration::from_secs(10 * 60);
const EXPIRY: usize = 8;
const NONCE: usize = 16;
const MAC: usize = 32;

/// A new ticket.
pub fn ticket(key: &ServerKey, nonce: [u8; NONCE], now: UnixTime) -> String {
    let expires_at = now.after(LIFETIME).0.to_be_bytes();
    let mac = key.authenticate("probe ticket", &[&expires_at, &nonce]);
    URL_SAFE_NO_PAD.encode([&expires_at[..], &nonce, &mac].concat())
}

/// What an answer to a request with that ticket carries; nothing for what is no ticket of ours, or no longer.
pub fn proof(key: &ServerKey, ticket: &str, now: UnixTime) -> Option<String> {
    let bytes = URL_SAFE_NO_PAD.decode(ticket).ok()?;
    let (expires_at, rest) = bytes.split_first_chunk::<EXPIRY>()?;
    let (nonce, mac) = rest.split_first_chunk::<NONCE>()?;
    let genuine: bool = key.authenticate("probe ticket", &[expires_at, nonce]).ct_eq(<&[u8; MAC]>::try_from(mac).ok()?).into();
    let alive = !UnixTime(u64::from_be_bytes(*expires_at)).has_come(now);
    (genuine && alive).then(|| URL_SAFE_NO_PAD.encode(key.authenticate("probe proof", &[&bytes])))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::fixtures::{NOW, seconds_later};
    use crate::oauth::secret::Entropy;

    fn key(byte: u8) -> ServerKey {
        ServerKey::new(&Entropy::new([byte; 32]))
    }

    #[test]
    fn a_ticket_brings_the_same_proof_until_its_end_and_none_after() {
        let ours = ticket(&key(1), [2; NONCE], NOW);
        let first = proof(&key(1), &ours, NOW).unwrap();
        assert_eq!(proof(&key(1), &ours, seconds_later(599)).as_deref(), Some(&*first));
        assert_eq!(proof(&key(1), &ours, seconds_later(600)), None);
        assert_ne!(proof(&key(1), &ticket(&key(1), [3; NONCE], NOW), NOW), Some(first));
    }

    #[test]
    fn nobody_makes_or_changes_a_ticket_without_the_key() {
        let ours = ticket(&key(1), [2; NONCE], NOW);
        assert_eq!(proof(&key(9), &ours, NOW), None);
        for at in 0..ours.len() {
            let mut changed = ours.clone().into_bytes();
            changed[at] = if changed[at] == b'x' { b'y' } else { b'x' };
            // The last character has bits that say nothing, and base64 refuses those that are set.
            assert_eq!(proof(&key(1), std::str::from_utf8(&changed).unwrap(), NOW), None, "at {at}");
        }
        for junk in ["", "x", &ours[1..], &format!("{ours}AAAA"), &"A".repeat(75), &"A".repeat(5000), "ü"] {
            assert_eq!(proof(&key(1), junk, NOW), None, "{junk}");
        }
    }

    #[test]
    fn the_proof_says_nothing_that_the_ticket_says() {
        let ours = ticket(&key(1), [2; NONCE], NOW);
        let proof = proof(&key(1), &ours, NOW).unwrap();
        assert!(proof.len() == 43 && !ours.contains(&proof));
    }
}
