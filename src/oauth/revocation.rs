//! Revocation by the client (RFC 7009).

use super::client_auth::AuthenticatedClient;
use super::connection::Connection;
use super::token_policy::{RevokeReach, TokenPolicy};
use crate::clock::UnixTime;

/// Whether the client may end what the token belongs to. A token of another client's is left alone, and the answer is
/// the same as for an unknown one (RFC 7009 §2.1).
pub fn may_revoke(connection: &Connection, client: &AuthenticatedClient) -> bool {
    connection.client == client.client().id
}

/// What ends when a refresh token is given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GivenBack {
    /// Nothing.
    Nothing,
    /// Refreshing; access tokens live on to their end.
    Refresh,
    /// Everything.
    Connection,
}

/// RFC 7009 §2.1: with a refresh token its access tokens fall, unless the owner of the server lets them live on. `policy`
/// is that of the connection's server, if it is still there.
pub fn refresh_token(connection: &Connection, client: &AuthenticatedClient, policy: Option<&TokenPolicy>, now: UnixTime) -> GivenBack {
    if !may_revoke(connection, client) {
        return GivenBack::Nothing;
    }
    let something_is_left = connection.access_until.is_none_or(|end| !end.has_come(now));
    match policy.map(|policy| policy.revoke) {
        Some(RevokeReach::RefreshOnly) if something_is_left => GivenBack::Refresh,
        Some(RevokeReach::RefreshOnly | RevokeReach::All) | None => GivenBack::Connection,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::fixtures::{authenticated, connection, seconds_later};

    #[test]
    fn a_client_ends_its_own_connections_and_no_others() {
        assert!(may_revoke(&connection(), &authenticated("claude")));
        assert!(!may_revoke(&connection(), &authenticated("cursor")));
    }

    #[test]
    fn with_a_refresh_token_everything_falls_unless_the_owner_lets_access_tokens_live_on() {
        let grant = Connection { access_until: Some(seconds_later(60)), ..connection() };
        let policy = |revoke| TokenPolicy { revoke, ..TokenPolicy::default() };
        let given_back = |client: &str, policy: Option<TokenPolicy>, seconds| {
            refresh_token(&grant, &authenticated(client), policy.as_ref(), seconds_later(seconds))
        };
        assert_eq!(given_back("claude", Some(policy(RevokeReach::All)), 0), GivenBack::Connection);
        assert_eq!(given_back("claude", Some(policy(RevokeReach::RefreshOnly)), 59), GivenBack::Refresh);
        assert_eq!(given_back("claude", Some(policy(RevokeReach::RefreshOnly)), 60), GivenBack::Connection, "none is left");
        assert_eq!(given_back("claude", None, 0), GivenBack::Connection, "the server is gone");
        assert_eq!(given_back("cursor", Some(policy(RevokeReach::All)), 0), GivenBack::Nothing);
    }
}
