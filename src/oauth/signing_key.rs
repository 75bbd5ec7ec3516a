//! The keys that sign ID tokens, ES256 (RFC 7518 §3.4): when a new one is due, which one signs, which are published
//! (RFC 7517). Made and used in [`crate::random`], since both take chance.

use crate::clock::UnixTime;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::fmt;
use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// After this a key is followed by a new one.
const LIFETIME: Duration = DAY.saturating_mul(90);
/// A key is published for so long before it signs, so that nobody meets it without having been able to read it.
const ANNOUNCED: Duration = DAY;
/// And for so long after it signed last: an hour for the tokens, a week for clocks and caches.
const REMEMBERED: Duration = DAY.saturating_mul(7).saturating_add(super::id_token::LIFETIME);

/// A private key in PKCS#8. Its `Debug` says nothing.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrivateKey(Vec<u8>);

impl PrivateKey {
    /// Takes the document as made.
    pub fn new(pkcs8: &[u8]) -> Self {
        Self(pkcs8.to_vec())
    }

    /// The document, for whoever signs.
    pub fn pkcs8(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// A point on P-256.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublicKey {
    x: [u8; 32],
    y: [u8; 32],
}

impl PublicKey {
    /// Reads the uncompressed form (SEC 1 §2.3.3).
    pub fn from_point(point: &[u8]) -> Option<Self> {
        let (form, coordinates) = point.split_first()?;
        let (x, y) = coordinates.split_first_chunk::<32>()?;
        (*form == 4).then_some(Self { x: *x, y: y.try_into().ok()? })
    }

    /// `kid`: the thumbprint of RFC 7638, so that it follows from the key and nothing else.
    pub fn id(&self) -> String {
        let [x, y] = self.coordinates();
        URL_SAFE_NO_PAD.encode(Sha256::digest(format!("{{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"{x}\",\"y\":\"{y}\"}}")))
    }

    /// RFC 7517 §4, RFC 7518 §6.2.1.
    pub fn jwk(&self) -> Value {
        let [x, y] = self.coordinates();
        json!({ "kty": "EC", "crv": "P-256", "x": x, "y": y, "use": "sig", "alg": "ES256", "kid": self.id() })
    }

    fn coordinates(&self) -> [String; 2] {
        [self.x, self.y].map(|coordinate| URL_SAFE_NO_PAD.encode(coordinate))
    }
}

/// A key pair of this server. A stored record: frozen once released.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SigningKey {
    /// What signs.
    pub private: PrivateKey,
    /// What is published.
    pub public: PublicKey,
    /// When it was made.
    pub created_at: UnixTime,
    /// When the next one was made.
    pub replaced_at: Option<UnixTime>,
}

impl SigningKey {
    /// When nobody needs it any more.
    pub fn forget_at(&self) -> Option<UnixTime> {
        self.replaced_at.map(|at| at.after(ANNOUNCED).after(REMEMBERED))
    }
}

/// True when a new key is to be made.
pub fn is_due(keys: &[SigningKey], now: UnixTime) -> bool {
    keys.iter().all(|key| key.replaced_at.is_some() || key.created_at.after(LIFETIME).has_come(now))
}

/// The key that signs now: the newest that was published long enough, or else the oldest there is.
pub fn signer(keys: &[SigningKey], now: UnixTime) -> Option<&SigningKey> {
    let announced = keys.iter().filter(|key| key.created_at.after(ANNOUNCED).has_come(now));
    announced.max_by_key(|key| key.created_at).or_else(|| keys.iter().min_by_key(|key| key.created_at))
}

/// RFC 7517 §5: every public key, those included that sign no more or not yet.
pub fn published(keys: &[SigningKey]) -> Value {
    json!({ "keys": keys.iter().map(|key| key.public.jwk()).collect::<Vec<_>>() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::fixtures::{NOW, seconds_later};

    /// RFC 7515 App. A.3.
    const X: &str = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
    const Y: &str = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";

    fn public() -> PublicKey {
        let coordinates = [X, Y].map(|text| URL_SAFE_NO_PAD.decode(text).unwrap()).concat();
        PublicKey::from_point(&[vec![4], coordinates].concat()).unwrap()
    }

    fn key(created_at: UnixTime, replaced_at: Option<UnixTime>) -> SigningKey {
        SigningKey { private: PrivateKey::new(b"private"), public: public(), created_at, replaced_at }
    }

    fn days_later(days: u64) -> UnixTime {
        seconds_later(days * 86_400)
    }

    #[test]
    fn a_key_is_published_with_what_verifiers_need_and_nothing_private() {
        let jwk = public().jwk();
        assert_eq!((&jwk["x"], &jwk["y"]), (&json!(X), &json!(Y)));
        for (name, value) in [("kty", "EC"), ("crv", "P-256"), ("alg", "ES256"), ("use", "sig")] {
            assert_eq!(jwk[name], value);
        }
        assert_eq!(jwk.as_object().unwrap().len(), 7);
        assert!(!published(&[key(NOW, None)]).to_string().contains("\"d\""));
        assert!(!format!("{:?}", key(NOW, None)).contains("private\""));
    }

    #[test]
    fn the_id_of_a_key_follows_from_the_key() {
        assert_eq!(public().id(), public().id());
        let other = PublicKey { y: [1; 32], ..public() };
        assert_ne!(public().id(), other.id());
        assert_eq!(public().id().len(), 43);
    }

    #[test]
    fn only_an_uncompressed_point_is_read() {
        for point in [vec![], vec![4], vec![2; 33], vec![4; 64], vec![4; 66], vec![3; 65]] {
            assert_eq!(PublicKey::from_point(&point), None);
        }
    }

    #[test]
    fn the_first_key_is_made_at_once_and_the_next_after_ninety_days() {
        assert!(is_due(&[], NOW));
        assert!(!is_due(&[key(NOW, None)], days_later(89)));
        assert!(is_due(&[key(NOW, None)], days_later(90)));
        assert!(!is_due(&[key(NOW, Some(days_later(90))), key(days_later(90), None)], days_later(91)));
    }

    #[test]
    fn a_new_key_is_published_for_a_day_before_it_signs() {
        let keys = [key(NOW, Some(days_later(90))), key(days_later(90), None)];
        assert_eq!(signer(&keys, days_later(90)), Some(&keys[0]));
        assert_eq!(signer(&keys, days_later(91)), Some(&keys[1]));
        assert_eq!(published(&keys)["keys"].as_array().unwrap().len(), 2);
    }

    #[test]
    fn the_only_key_signs_whatever_the_clock_says() {
        for now in [NOW, days_later(1), UnixTime(0)] {
            assert!(signer(&[key(NOW, None)], now).is_some());
        }
        assert_eq!(signer(&[], NOW), None);
    }

    #[test]
    fn an_old_key_stays_published_longer_than_anything_it_signed() {
        assert_eq!(key(NOW, None).forget_at(), None);
        let last_token_ends = days_later(91).after(crate::oauth::id_token::LIFETIME);
        let forgotten = key(NOW, Some(days_later(90))).forget_at().unwrap();
        assert_eq!(forgotten.since(last_token_ends), DAY * 7);
    }
}
