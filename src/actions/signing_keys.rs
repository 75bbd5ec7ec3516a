//! The keys that sign ID tokens: nobody has to think of them.

use crate::clock;
use crate::oauth::signing_key::{self, SigningKey};
use crate::random;
use crate::store::{Store, StoreError};

/// Makes the first key, and a new one whenever it is due. Called at the start and from time to time, by one thread.
///
/// # Errors
/// When the store does not answer.
pub fn tend(store: &Store) -> Result<(), StoreError> {
    let now = clock::now();
    if !signing_key::is_due(&store.signing_keys()?, now) {
        return Ok(());
    }
    match random::signing_key() {
        Some((private, public)) => store.add_signing_key(&SigningKey { private, public, created_at: now, replaced_at: None }),
        None => Ok(()),
    }
}
