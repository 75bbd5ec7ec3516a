//! Revocation by the client (RFC 7009).

use super::client_auth::AuthenticatedClient;
use super::connection::Connection;
use super::error::Refusal;
use super::params::Params;
use super::secret::{AccessToken, RefreshToken, Secret};
use super::token_policy::{RevokeReach, TokenPolicy};
use crate::clock::UnixTime;

/// The token a client gives back.
#[derive(Debug)]
pub enum Returned {
    /// An access token.
    Access(Secret<AccessToken>),
    /// A refresh token.
    Refresh(Secret<RefreshToken>),
    /// None of ours; that is no error (RFC 7009 §2.2).
    Foreign,
}

/// Reads `token`. `token_type_hint` is not needed: a token says itself what it is.
///
/// # Errors
/// A missing or repeated `token`.
pub fn parse(params: &Params) -> Result<Returned, Refusal> {
    let text = params.required("token")?;
    let access = Secret::parse(text).map(Returned::Access);
    Ok(access.or_else(|| Secret::parse(text).map(Returned::Refresh)).unwrap_or(Returned::Foreign))
}

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
    use crate::oauth::fixtures::{authenticated, connection, params, seconds_later, secret};
    use crate::oauth::secret::{AuthorizationCode, Kind};

    fn form<K: Kind>(hint: &str) -> Params {
        params(&format!("token={}{hint}", secret::<K>(1).reveal()))
    }

    #[test]
    fn a_token_says_itself_what_it_is_whatever_the_hint() {
        for hint in
            ["", "&token_type_hint=access_token", "&token_type_hint=refresh_token", "&token_type_hint=nonsense", "&token_type_hint="]
        {
            assert!(matches!(parse(&form::<AccessToken>(hint)), Ok(Returned::Access(_))), "{hint}");
            assert!(matches!(parse(&form::<RefreshToken>(hint)), Ok(Returned::Refresh(_))), "{hint}");
        }
    }

    #[test]
    fn what_is_none_of_ours_is_no_error() {
        for token in ["x", "dwat_", "dwrt_short", "eyJhbGciOiJub25lIn0.e30."] {
            assert!(matches!(parse(&params(&format!("token={token}"))), Ok(Returned::Foreign)), "{token}");
        }
        assert!(matches!(parse(&form::<AuthorizationCode>("")), Ok(Returned::Foreign)));
    }

    #[test]
    fn a_token_is_needed_once() {
        assert_eq!(parse(&params("")).unwrap_err(), Refusal::ParameterMissing("token"));
        assert_eq!(parse(&params("token=")).unwrap_err(), Refusal::ParameterMissing("token"));
        assert_eq!(parse(&params("token=a&token=a")).unwrap_err(), Refusal::ParameterRepeated("token"));
    }

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

    #[test]
    fn a_returned_token_in_a_log_shows_nothing() {
        let text = format!("{:?}", parse(&form::<AccessToken>("")).unwrap());
        assert!(!text.contains("dwat_"), "{text}");
    }
}
