//! Whose the sessions of the MCP transport are. Ids are kept as hashes only.

use super::{Store, StoreError};
use crate::oauth::error::Refusal;
use crate::oauth::mcp_session::{self, SessionOwner};
use sha2::{Digest, Sha256};
use std::time::Duration;

/// How old the stored time of a session's last use may become.
const RENEWAL: Duration = Duration::from_secs(60 * 60);

impl Store {
    /// Whether `caller` may use the session `id` of the server at `server`; one that nobody owns becomes theirs, and of
    /// two who come at once only one gets it.
    pub fn use_session(&self, server: &str, id: &str, caller: &SessionOwner) -> Result<Result<(), Refusal>, StoreError> {
        let key = key(server, id);
        let fresh = |owner: &SessionOwner| caller.seen_at.since(owner.seen_at) < RENEWAL;
        let owner: Option<SessionOwner> = self.load(&key)?;
        if owner.as_ref().is_some_and(fresh) {
            return Ok(mcp_session::may_use(owner.as_ref(), caller));
        }
        self.transact(|tx| {
            let owner: Option<SessionOwner> = tx.get(&key)?;
            let verdict = mcp_session::may_use(owner.as_ref(), caller);
            if verdict.is_ok() {
                tx.put(&key, caller)?;
            }
            Ok(verdict)
        })
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::UnixTime;
    use crate::oauth::bearer::Bearer;
    use crate::oauth::ids::{ClientId, UserId};
    use crate::store::testing::{at_once, store};

    fn caller(number: usize, at: u64) -> SessionOwner {
        let bearer = Bearer::Client(ClientId::known_as(&format!("client_{number}")));
        SessionOwner { user: UserId::known_as("ann"), bearer, seen_at: UnixTime(at) }
    }

    #[test]
    fn of_many_who_come_at_once_to_a_session_nobody_owns_one_gets_it() {
        let store = store();
        let verdicts = at_once(16, |number| store.use_session("/mcp", "s", &caller(number, 0)).unwrap());
        assert_eq!(verdicts.iter().filter(|verdict| verdict.is_ok()).count(), 1);
        let winner = verdicts.iter().position(Result::is_ok).unwrap();
        assert_eq!(store.use_session("/mcp", "s", &caller(winner, 999_999)), Ok(Ok(())));
    }

    #[test]
    fn a_session_is_named_by_its_server_and_its_id_together() {
        let store = store();
        store.bind_session("/mcp", "s", &caller(1, 0)).unwrap();
        assert_eq!(store.use_session("/mcp", "s", &caller(2, 0)), Ok(Err(Refusal::SessionOfAnother)));
        for (server, id) in [("/mc", "ps"), ("/mcps", ""), ("/notes", "s"), ("/mcp", "S")] {
            assert_eq!(store.use_session(server, id, &caller(2, 0)), Ok(Ok(())), "{server} {id}");
        }
    }

    #[test]
    fn what_the_upstream_gives_anew_belongs_to_whom_it_was_given() {
        let store = store();
        store.bind_session("/mcp", "s", &caller(1, 0)).unwrap();
        store.bind_session("/mcp", "s", &caller(2, 0)).unwrap();
        assert_eq!(store.use_session("/mcp", "s", &caller(1, 0)), Ok(Err(Refusal::SessionOfAnother)));
        assert_eq!(store.use_session("/mcp", "s", &caller(2, 0)), Ok(Ok(())));
    }
}
