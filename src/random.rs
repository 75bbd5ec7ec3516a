//! The only reader of chance. Rules take random values as arguments. Keys are made and signatures are given here, because
//! both take chance.

use crate::oauth::secret::{Entropy, Kind, Secret};
use crate::oauth::signing_key::{PrivateKey, PublicKey};
use rand::Rng;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};

/// Fresh bytes from the operating system's generator, by way of a cryptographic generator seeded from it.
#[expect(clippy::disallowed_methods, reason = "this is the one place that draws randomness")]
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut drawn = [0; N];
    rand::rng().fill_bytes(&mut drawn);
    drawn
}

/// 256 bits to make one secret of.
pub fn entropy() -> Entropy {
    Entropy::new(bytes())
}

/// A new secret of the kind asked for.
pub fn secret<K: Kind>() -> Secret<K> {
    Secret::mint(&entropy())
}

/// A new key pair for ES256; nothing if the system gives no chance.
pub fn signing_key() -> Option<(PrivateKey, PublicKey)> {
    let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).ok()?;
    let private = PrivateKey::new(document.as_ref());
    let public = PublicKey::from_point(pair(&private)?.public_key().as_ref())?;
    Some((private, public))
}

/// RFC 7518 §3.4: an ES256 signature.
pub fn sign(key: &PrivateKey, message: &[u8]) -> Option<Vec<u8>> {
    pair(key)?.sign(&SystemRandom::new(), message).ok().map(|signature| signature.as_ref().to_vec())
}

fn pair(key: &PrivateKey) -> Option<EcdsaKeyPair> {
    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, key.pkcs8(), &SystemRandom::new()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};

    #[test]
    fn what_a_key_signs_its_public_half_verifies_and_no_other() {
        let (private, _) = signing_key().unwrap();
        let (other, _) = signing_key().unwrap();
        let signature = sign(&private, b"message").unwrap();
        assert_eq!(signature.len(), 64);
        let verifies = |key: &PrivateKey, message: &[u8]| {
            UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, pair(key).unwrap().public_key().as_ref()).verify(message, &signature).is_ok()
        };
        assert!(verifies(&private, b"message"));
        assert!(!verifies(&private, b"another") && !verifies(&other, b"message"));
    }

    #[test]
    fn a_damaged_key_signs_nothing() {
        assert_eq!(sign(&PrivateKey::new(b"damaged"), b"message"), None);
    }
}
