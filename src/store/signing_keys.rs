//! The keys that sign ID tokens.

use super::{Store, StoreError};
use crate::oauth::audit::Occasion;
use crate::oauth::audit_kinds::What;
use crate::oauth::signing_key::SigningKey;

impl Store {
    /// Every key, those included that sign no more or not yet.
    pub fn signing_keys(&self) -> Result<Vec<SigningKey>, StoreError> {
        self.scan()
    }

    /// Adds a key that follows the others. On disk before it returns, so before anything is signed with it.
    pub fn add_signing_key(&self, new: &SigningKey) -> Result<(), StoreError> {
        let mut earlier = self.signing_keys()?;
        earlier.retain(|key| key.replaced_at.is_none());
        self.transact(|tx| {
            for key in &earlier {
                let replaced = SigningKey { replaced_at: Some(new.created_at), ..key.clone() };
                tx.put(key.public.id().as_bytes(), &replaced)?;
            }
            if !earlier.is_empty() {
                tx.record(&Occasion::here(new.created_at).event(What::SigningKeyRotated))?;
            }
            tx.put(new.public.id().as_bytes(), new)
        })?;
        self.commit()
    }
}
