//! Revocation by the client (RFC 7009).

use super::client_auth::AuthenticatedClient;
use super::connection::Connection;

/// Whether the client may end what the token belongs to. A token of another client's is left alone, and the answer is
/// the same as for an unknown one (RFC 7009 §2.1).
pub fn may_revoke(connection: &Connection, client: &AuthenticatedClient) -> bool {
    connection.client == client.client().id
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::fixtures::{authenticated, connection};

    #[test]
    fn a_client_ends_its_own_connections_and_no_others() {
        assert!(may_revoke(&connection(), &authenticated("claude")));
        assert!(!may_revoke(&connection(), &authenticated("cursor")));
    }
}
