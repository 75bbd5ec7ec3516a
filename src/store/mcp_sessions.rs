//! Whose the sessions of the MCP transport are. Ids are kept as hashes only.

use super::{Store, StoreError};
use crate::oauth::mcp_session::SessionOwner;
use sha2::{Digest, Sha256};

impl Store {
    /// Who owns the session `id` of the server at `server`.
    pub fn session_owner(&self, server: &str, id: &str) -> Result<Option<SessionOwner>, StoreError> {
        self.load(&key(server, id))
    }

    /// Binds a session. Not waited for: a binding lost in a crash is made again by the next use.
    pub fn bind_session(&self, server: &str, id: &str, owner: &SessionOwner) -> Result<(), StoreError> {
        self.note(&key(server, id), owner)
    }
}

fn key(server: &str, id: &str) -> [u8; 32] {
    // A path holds no NUL, so no two pairs run together.
    Sha256::new().chain_update(server).chain_update([0]).chain_update(id).finalize().into()
}
