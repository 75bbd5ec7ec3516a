//! Whose an MCP transport session is. Possession of a session id is no authentication: a session belongs to the user
//! and client (or API key) that it was opened for (MCP security best practices, *session hijacking*).

use super::bearer::Bearer;
use super::error::Refusal;
use super::ids::UserId;
use crate::clock::UnixTime;
use serde::{Deserialize, Serialize};

/// Longest `Mcp-Session-Id` accepted, in bytes.
pub const MAX_ID: usize = 256;

/// Who may use a session. A stored record: frozen once released.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionOwner {
    /// The account.
    pub user: UserId,
    /// Who carried that user's credential.
    pub bearer: Bearer,
    /// When we last saw it bound, to the hour.
    pub seen_at: UnixTime,
}

/// Visible ASCII without more ado (MCP streamable HTTP, *session management*), at most [`MAX_ID`] bytes.
pub fn is_session_id(text: &str) -> bool {
    !text.is_empty() && text.len() <= MAX_ID && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Whether `caller` may use a session that is bound to `owner`. A session nobody is known to own (its upstream made it
/// before we were there) becomes the first caller's.
///
/// # Errors
/// [`Refusal::SessionOfAnother`]: 404, the same as for a session that does not exist.
pub fn may_use(owner: Option<&SessionOwner>, caller: &SessionOwner) -> Result<(), Refusal> {
    match owner {
        Some(owner) if owner.user != caller.user || owner.bearer != caller.bearer => Err(Refusal::SessionOfAnother),
        Some(_) | None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::ids::{ClientId, KeyId};

    fn owner(user: &str, client: &str) -> SessionOwner {
        SessionOwner { user: UserId::known_as(user), bearer: Bearer::Client(ClientId::known_as(client)), seen_at: UnixTime(0) }
    }

    #[test]
    fn a_session_is_no_use_to_another_user_or_another_client_of_the_same_user() {
        let bound = owner("ann", "claude");
        assert_eq!(may_use(Some(&bound), &owner("bob", "claude")), Err(Refusal::SessionOfAnother));
        assert_eq!(may_use(Some(&bound), &owner("ann", "cursor")), Err(Refusal::SessionOfAnother));
        assert_eq!(may_use(Some(&bound), &owner("ann", "claude")), Ok(()));
        let key = SessionOwner { bearer: Bearer::Key(KeyId::known_as("claude")), ..owner("ann", "claude") };
        assert_eq!(may_use(Some(&bound), &key), Err(Refusal::SessionOfAnother));
    }

    #[test]
    fn session_ids_are_visible_ascii() {
        assert!(is_session_id("1868a90c-5c5f"));
        for id in ["", "a b", "a\r\nb", "\u{e9}", &"x".repeat(MAX_ID + 1)] {
            assert!(!is_session_id(id), "{id:?}");
        }
    }

    #[test]
    fn a_session_without_an_owner_becomes_the_first_callers() {
        assert_eq!(may_use(None, &owner("ann", "claude")), Ok(()));
    }

    #[test]
    fn a_session_of_another_looks_like_one_that_does_not_exist() {
        assert_eq!(Refusal::SessionOfAnother.wire().status, 404);
        assert!(is_session_id(&"x".repeat(MAX_ID)));
    }
}
