//! STUB while the store is being written; the signatures are final.
#![allow(missing_docs, clippy::unwrap_used, clippy::allow_attributes_without_reason, clippy::disallowed_methods)]

use crate::oauth::bearer::StoredAccessToken;
use crate::oauth::connection::Standing;
use crate::oauth::mcp_session::SessionOwner;
use crate::oauth::secret::{AccessToken, TokenHash};
use std::collections::HashMap;
use std::sync::{Condvar, Mutex};
use std::time::Duration;

#[derive(Debug)]
pub struct StoreError;

#[derive(Default)]
pub struct Store {
    pub tokens: Mutex<HashMap<[u8; 32], (StoredAccessToken, Standing)>>,
    pub sessions: Mutex<HashMap<(String, String), SessionOwner>>,
    pub endings: (Mutex<u64>, Condvar),
}

impl Store {
    /// The token and everything its life depends on.
    pub fn access_token(&self, hash: &TokenHash<AccessToken>) -> Result<Option<(StoredAccessToken, Standing)>, StoreError> {
        Ok(self.tokens.lock().unwrap().get(hash.as_bytes()).cloned())
    }

    /// Blocks until something that tokens depend on has ended since the count was `seen`, or `timeout` has passed;
    /// gives the count now.
    pub fn wait_for_endings(&self, seen: u64, timeout: Duration) -> u64 {
        let (count, changed) = &self.endings;
        let guard = count.lock().unwrap();
        *changed.wait_timeout_while(guard, timeout, |now| *now == seen).unwrap().0
    }

    /// Who owns the session `id` of the server at `server`.
    pub fn session_owner(&self, server: &str, id: &str) -> Result<Option<SessionOwner>, StoreError> {
        Ok(self.sessions.lock().unwrap().get(&(server.into(), id.into())).cloned())
    }

    /// Binds a session (not waited for on disk: a lost binding is made again by the next use).
    pub fn bind_session(&self, server: &str, id: &str, owner: &SessionOwner) -> Result<(), StoreError> {
        self.sessions.lock().unwrap().insert((server.into(), id.into()), owner.clone());
        Ok(())
    }
}
