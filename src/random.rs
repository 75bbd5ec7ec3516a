//! The only reader of chance. Rules take random values as arguments.

use crate::oauth::secret::{Entropy, Kind, Secret};
use rand::Rng;

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
