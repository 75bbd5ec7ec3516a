//! The check of a bearer token before a protected server is reached (RFC 6750, RFC 9728 §5.1).

use super::api_key::{self, StandingKey};
use super::connection::{self, Standing, StandingGrant};
use super::error::{ErrorCode, Refusal};
use super::ids::{ClientId, ConnectionId, KeyId, UserId};
use super::pause::OpenServer;
use super::resource::ProtectedResource;
use super::scope::Scope;
use super::secret::{AccessToken, ApiKey, Secret};
use super::user::UserName;
use crate::clock::UnixTime;
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Times are whole seconds, cut down: without this a token would end up to a second before the `expires_in` that its
/// client was told, and some clients answer a refusal with a new sign-in rather than a refresh.
const ROUNDING: Duration = Duration::from_secs(1);

/// What is remembered of an access token. A stored record: frozen once released.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredAccessToken {
    /// The grant it belongs to.
    pub connection: ConnectionId,
    /// A part of the grant's scope, or all of it.
    pub scope: Scope,
    /// When it was issued.
    pub issued_at: UnixTime,
    /// When it ends by itself; `None` where the owner chose tokens that do not.
    pub expires_at: Option<UnixTime>,
    /// Set when it is first admitted: then its refresh token's predecessor is closed.
    pub used: bool,
}

/// What a request offered.
#[derive(Debug)]
pub enum Presented {
    /// A token of ours, by its form.
    Token(Secret<AccessToken>),
    /// An API key of ours, by its form.
    Key(Secret<ApiKey>),
    /// A well-formed bearer credential that is none of ours.
    Foreign,
}

/// Reads the `Authorization` fields of a request. Other schemes count as no credentials.
///
/// # Errors
/// [`Refusal::NoCredentials`] without any; [`Refusal::CredentialsMalformed`] for two fields or a broken one.
pub fn presented<'a>(authorization: impl Iterator<Item = &'a str>) -> Result<Presented, Refusal> {
    let credential = credential(authorization)?;
    let token = Secret::parse(credential).map(Presented::Token);
    Ok(token.or_else(|| Secret::parse(credential).map(Presented::Key)).unwrap_or(Presented::Foreign))
}

/// The bearer credential as it was sent (RFC 6750 §2.1).
pub(super) fn credential<'a>(mut authorization: impl Iterator<Item = &'a str>) -> Result<&'a str, Refusal> {
    let Some(value) = authorization.next() else { return Err(Refusal::NoCredentials) };
    if authorization.next().is_some() {
        return Err(Refusal::CredentialsMalformed);
    }
    let (scheme, credential) = value.split_once(' ').unwrap_or((value, ""));
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(Refusal::NoCredentials);
    }
    if is_token68(credential) { Ok(credential) } else { Err(Refusal::CredentialsMalformed) }
}

/// True when a query holds a token or a key of ours. It is never read there (OAuth 2.1 §5.1); beside one in its place it is a
/// second method in one request (RFC 6750 §2), and would be passed on into the logs of others. Read as an upstream reads it,
/// without its percent-encoding.
pub fn is_in_query(query: &str) -> bool {
    let is_ours = |piece: &str| Secret::<AccessToken>::parse(piece).is_some() || Secret::<ApiKey>::parse(piece).is_some();
    percent_decode_str(query).decode_utf8_lossy().split(['&', ';', '=']).any(is_ours)
}

/// RFC 9110 §11.2. Of any length: the JWT of another authorization server is long, well formed and none of ours, and
/// its client will only come to us for a new one after a 401.
fn is_token68(text: &str) -> bool {
    let body = text.trim_end_matches('=');
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte);
    !body.is_empty() && body.bytes().all(allowed)
}

/// Who carries a credential for its user (RFC 6750 §1.2). Part of a stored record: frozen once released.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Bearer {
    /// A client with its access token.
    Client(ClientId),
    /// A script with its API key.
    Key(KeyId),
}

impl Bearer {
    /// What upstreams are told. The two never look alike.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Client(id) => id.as_str(),
            Self::Key(id) => id.as_str(),
        }
    }
}

/// Proof that a request may reach the server it asks for, and as whom. Made by [`admit`] and [`admit_key`] alone.
#[derive(Clone, Debug)]
pub struct Admitted {
    user: UserName,
    user_id: UserId,
    bearer: Bearer,
    scope: Scope,
    expires_at: Option<UnixTime>,
    ends_at: Option<UnixTime>,
}

impl Admitted {
    /// The account's name.
    pub fn user(&self) -> &UserName {
        &self.user
    }
    /// The account.
    pub fn user_id(&self) -> &UserId {
        &self.user_id
    }
    /// Who carries the credential.
    pub fn bearer(&self) -> &Bearer {
        &self.bearer
    }
    /// What it may do: the scopes of the credential and those that they include.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }
    /// When the credential ends by itself.
    pub fn expires_at(&self) -> Option<UnixTime> {
        self.expires_at
    }
    /// When the connection itself ends, where it was given for a time: then nothing of it goes on, not even an answer under way.
    pub fn ends_at(&self) -> Option<UnixTime> {
        self.ends_at
    }
}

/// Whether the token opens this very server now.
///
/// Expired, revoked, unknown and foreign tokens are all `invalid_token` with 401 (RFC 6750 §3.1), since clients renew
/// or reconnect on 401 and give up on 403. So is a token for another server that its client had named itself. A client that
/// named none was not told which the user chose: its token is fine, and to throw it away would cost it the server that it
/// has, so it is told with 403 to ask for this one as well (RFC 6750 §3.1 `insufficient_scope`).
///
/// # Errors
/// The refusal; [`challenge`] says how it goes on the wire.
pub fn admit(stored: Option<(StoredAccessToken, Standing)>, server: &OpenServer<'_>, now: UnixTime) -> Result<Admitted, Refusal> {
    let (token, grant) = alive(stored, now)?;
    let (open, server) = (server, server.resource());
    if grant.connection().server != server.path {
        let named = grant.connection().resource_was_sent;
        return Err(if named { Refusal::TokenForAnotherResource } else { Refusal::AnotherServerChosen });
    }
    let bearer = Bearer::Client(grant.connection().client.clone());
    open.admits(&bearer)?;
    Ok(Admitted {
        user: grant.user().name.clone(),
        user_id: grant.user().id.clone(),
        bearer,
        scope: server.hierarchy.reach(&token.scope),
        expires_at: grant.connection().within(token.expires_at),
        ends_at: grant.connection().ends_at,
    })
}

/// Whether the key opens this very server now.
///
/// For another server it is refused with 403 where a token gets 401: nobody can renew a key, and a client that was given
/// one must not begin to sign in. Of its scopes only those count that the server still offers.
///
/// # Errors
/// The refusal; a dead key is `invalid_token` with 401 like a dead token.
pub fn admit_key(stored: Option<api_key::Standing>, server: &OpenServer<'_>, now: UnixTime) -> Result<Admitted, Refusal> {
    let (StandingKey { key, user }, scope) = alive_key(stored, server.resource(), now)?;
    let bearer = Bearer::Key(key.id);
    server.admits(&bearer)?;
    Ok(Admitted { user: user.name, user_id: user.id, bearer, scope, expires_at: key.expires_at, ends_at: None })
}

/// The key with its user, while both are alive and it is for this very server, and what it may do there.
pub(super) fn alive_key(
    stored: Option<api_key::Standing>,
    server: &ProtectedResource,
    now: UnixTime,
) -> Result<(StandingKey, Scope), Refusal> {
    let standing = api_key::alive(stored, now)?;
    let key = &standing.key;
    if key.server != server.path {
        return Err(Refusal::KeyForAnotherServer);
    }
    let scope = server.hierarchy.reach(&key.scope.and(&server.offered()));
    if scope.is_empty() && !key.scope.is_empty() { Err(Refusal::KeyScopeGone) } else { Ok((standing, scope)) }
}

/// The token with its grant, while both are alive. What it opens is another question.
pub(super) fn alive(stored: Option<(StoredAccessToken, Standing)>, now: UnixTime) -> Result<(StoredAccessToken, StandingGrant), Refusal> {
    let (token, standing) = stored.ok_or(Refusal::TokenUnknown)?;
    let grant = connection::stands(standing, now).map_err(|_| Refusal::TokenEnded)?;
    if token.expires_at.is_some_and(|end| end.after(ROUNDING).has_come(now)) { Err(Refusal::TokenExpired) } else { Ok((token, grant)) }
}

/// The `WWW-Authenticate` value: one challenge, `Bearer` first, every value quoted and taken from the configuration.
///
/// Without credentials it carries no error (RFC 6750 §3.1). The value is the same each time, since clients compare it.
/// `slash` repeats the trailing slash of the address that was asked, so that the document named describes that address.
pub fn challenge(refusal: &Refusal, issuer: &str, server: &ProtectedResource, slash: bool) -> String {
    let tail = if slash { "/" } else { "" };
    let mut value = format!("Bearer resource_metadata=\"{issuer}/.well-known/oauth-protected-resource{}{tail}\"", server.path);
    if !server.default_scope.is_empty() {
        value.push_str(&format!(", scope=\"{}\"", server.default_scope));
    }
    if *refusal != Refusal::NoCredentials {
        let wire = refusal.wire();
        value.push_str(&format!(", error=\"{}\", error_description=\"{}\"", wire.code.as_str(), wire.description));
    }
    value
}

/// True for the refusals that are answered with a challenge; the others are answered without one.
pub fn is_challenged(refusal: &Refusal) -> bool {
    matches!(refusal.wire().code, ErrorCode::InvalidToken | ErrorCode::InvalidRequest | ErrorCode::InsufficientScope)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::api_key::StoredApiKey;
    use crate::oauth::connection::{Connection, EndReason, Ended};
    use crate::oauth::fixtures::{ISSUER, NOW, api_key, connection, key_standing, resource, seconds_later, secret, standing, user};
    use crate::oauth::pause::{Pauses, Subject};
    use crate::oauth::scope_hierarchy::ScopeHierarchy;
    use crate::oauth::secret::{AuthorizationCode, ClientSecret, Kind, RefreshToken, Session};
    use crate::oauth::user::{ServerAccess, User};

    /// While nothing is paused.
    fn admit(stored: Option<(StoredAccessToken, Standing)>, server: &ProtectedResource, now: UnixTime) -> Result<Admitted, Refusal> {
        super::admit(stored, &Pauses::default().open(server).unwrap(), now)
    }

    fn admit_key(stored: Option<api_key::Standing>, server: &ProtectedResource, now: UnixTime) -> Result<Admitted, Refusal> {
        super::admit_key(stored, &Pauses::default().open(server).unwrap(), now)
    }

    fn read(fields: &[&str]) -> Result<Presented, Refusal> {
        presented(fields.iter().copied())
    }

    fn token() -> StoredAccessToken {
        StoredAccessToken {
            connection: connection().id,
            scope: Scope::parse("read"),
            issued_at: NOW,
            expires_at: Some(seconds_later(3600)),
            used: false,
        }
    }

    fn admitted(standing: Standing, path: &str, seconds: u64) -> Result<Admitted, Refusal> {
        admit(Some((token(), standing)), &resource(path), seconds_later(seconds))
    }

    #[test]
    fn a_connection_for_a_time_ends_its_tokens_in_that_second_whatever_they_say() {
        let until = |seconds| Standing { connection: Connection { ends_at: Some(seconds_later(seconds)), ..connection() }, ..standing() };
        assert_eq!(admitted(until(60), "/notes", 59).unwrap().expires_at(), Some(seconds_later(60)));
        assert_eq!(admitted(until(60), "/notes", 59).unwrap().ends_at(), Some(seconds_later(60)));
        assert_eq!(admitted(until(60), "/notes", 60).unwrap_err(), Refusal::TokenEnded);
        assert_eq!(admitted(until(7200), "/notes", 0).unwrap().expires_at(), Some(seconds_later(3600)));
        let endless = StoredAccessToken { expires_at: None, ..token() };
        let at = |seconds| admit(Some((endless.clone(), until(60))), &resource("/notes"), seconds_later(seconds));
        assert_eq!((at(59).unwrap().expires_at(), at(60).unwrap_err()), (Some(seconds_later(60)), Refusal::TokenEnded));
    }

    #[test]
    fn a_token_of_ours_is_noticed_in_a_query_and_nothing_else_is() {
        let token = secret::<AccessToken>(1).reveal().to_owned();
        for query in [format!("access_token={token}"), format!("a=b&x={token}&c"), token.clone(), format!("{token}=x")] {
            assert!(is_in_query(&query), "{query}");
        }
        let key = secret::<ApiKey>(1).reveal().to_owned();
        assert!(is_in_query(&format!("api_key={key}")));
        assert!(is_in_query(&format!("api_key={}", key.replacen('d', "%64", 1))));
        for query in [String::new(), "access_token=theirs".into(), format!("x={}", &token[1..]), "x=dwat_x".into()] {
            assert!(!is_in_query(&query), "{query}");
        }
    }

    #[test]
    fn the_scheme_is_read_in_any_case() {
        let text = secret::<AccessToken>(1).reveal().to_owned();
        for scheme in ["Bearer", "bearer", "bEaReR", "BEARER"] {
            assert!(matches!(read(&[&format!("{scheme} {text}")]), Ok(Presented::Token(_))), "{scheme}");
        }
    }

    #[test]
    fn no_credentials_and_another_scheme_are_the_same() {
        for fields in [&[][..], &["Basic YTpi"], &["Digest x"], &["DPoP abc"], &[""], &["Bearer\tabc"], &["Bearerabc"]] {
            assert_eq!(read(fields).unwrap_err(), Refusal::NoCredentials, "{fields:?}");
        }
    }

    #[test]
    fn two_tokens_or_a_broken_one_are_malformed() {
        let nul = "Bearer a\0";
        for fields in [
            &["Bearer a", "Bearer a"][..],
            &["Basic YTpi", "Bearer a"],
            &["Bearer a, Bearer b"],
            &["Bearer"],
            &["Bearer "],
            &["Bearer  a"],
            &["Bearer a "],
            &["Bearer =a"],
            &["Bearer a\u{fc}"],
            &["Bearer a\"b"],
            &[nul],
        ] {
            assert_eq!(read(fields).unwrap_err(), Refusal::CredentialsMalformed, "{fields:?}");
        }
    }

    #[test]
    fn a_foreign_token_is_well_formed_however_long() {
        let jwt = format!("Bearer eyJhbGciOiJub25lIn0.{}.", "e".repeat(3000));
        for field in ["Bearer undefined", "Bearer a+b/c==", &jwt] {
            assert!(matches!(read(&[field]), Ok(Presented::Foreign)), "{field}");
        }
    }

    fn as_bearer<K: Kind>() -> Result<Presented, Refusal> {
        read(&[&format!("Bearer {}", secret::<K>(1).reveal())])
    }

    #[test]
    fn no_other_secret_passes_for_an_access_token() {
        let others = [as_bearer::<AuthorizationCode>(), as_bearer::<RefreshToken>(), as_bearer::<ClientSecret>(), as_bearer::<Session>()];
        for other in others {
            assert!(matches!(other, Ok(Presented::Foreign)), "{other:?}");
        }
    }

    #[test]
    fn a_key_is_told_from_a_token() {
        assert!(matches!(as_bearer::<ApiKey>(), Ok(Presented::Key(_))));
        assert!(matches!(as_bearer::<AccessToken>(), Ok(Presented::Token(_))));
    }

    #[test]
    fn a_good_token_is_admitted_as_its_user_and_client_with_its_own_scope() {
        let admitted = admitted(standing(), "/notes", 0).unwrap();
        assert_eq!(admitted.user().as_str(), "ann");
        assert_eq!(admitted.user_id().as_str(), "ann");
        assert_eq!(admitted.bearer(), &Bearer::Client(ClientId::known_as("claude")));
        assert_eq!(admitted.scope().to_string(), "read");
        assert_eq!(admitted.expires_at(), Some(seconds_later(3600)));
    }

    #[test]
    fn who_is_admitted_may_do_what_the_scopes_include() {
        let hierarchy = ScopeHierarchy::new(&[("write".into(), Scope::parse("read"))]).unwrap();
        let server = ProtectedResource { hierarchy, ..resource("/notes") };
        let may = |scope: &str| {
            let token = StoredAccessToken { scope: Scope::parse(scope), ..token() };
            admit(Some((token, standing())), &server, NOW).unwrap().scope().to_string()
        };
        assert_eq!((may("write").as_str(), may("read").as_str()), ("write read", "read"));
        let key = key_standing();
        let key = api_key::Standing { key: StoredApiKey { scope: Scope::parse("write"), ..key.key }, ..key };
        assert_eq!(admit_key(Some(key), &server, NOW).unwrap().scope().to_string(), "write read");
    }

    #[test]
    fn a_client_that_is_paused_is_told_so_where_its_token_is_good_and_nowhere_else() {
        let (server, pauses) = (resource("/notes"), Pauses::default().paused(&Subject::Client(ClientId::known_as("claude")), NOW));
        let open = pauses.open(&server).unwrap();
        let at = |seconds| super::admit(Some((token(), standing())), &open, seconds_later(seconds)).unwrap_err();
        assert_eq!((at(0), at(3601)), (Refusal::ClientPaused, Refusal::TokenExpired));
        assert!(super::admit_key(Some(key_standing()), &open, NOW).is_ok(), "a script is no client");
    }

    #[test]
    fn a_token_lives_as_long_as_its_client_was_told_and_no_second_more() {
        assert!(admitted(standing(), "/notes", 3600).is_ok());
        assert_eq!(admitted(standing(), "/notes", 3601).unwrap_err(), Refusal::TokenExpired);
    }

    #[test]
    fn a_token_without_an_end_does_not_expire() {
        let stored = StoredAccessToken { expires_at: None, ..token() };
        assert!(admit(Some((stored, standing())), &resource("/notes"), UnixTime(u64::MAX)).is_ok());
    }

    #[test]
    fn a_token_opens_no_server_but_its_own() {
        for path in ["/note", "/notesx", "/notes/a", "/Notes", "/files", ""] {
            assert_eq!(admitted(standing(), path, 0).unwrap_err(), Refusal::TokenForAnotherResource, "{path}");
            let chosen = Connection { resource_was_sent: false, ..connection() };
            let refusal = admitted(Standing { connection: chosen, ..standing() }, path, 0).unwrap_err();
            assert_eq!((&refusal, refusal.wire().status), (&Refusal::AnotherServerChosen, 403), "{path}");
            assert!(is_challenged(&refusal));
        }
    }

    #[test]
    fn a_token_falls_with_its_grant() {
        let ended = Some(Ended { at: NOW, why: EndReason::RevokedByUser });
        let allowed_elsewhere = User { servers: ServerAccess::Only(vec!["/files".into()]), ..user("ann") };
        for standing in [
            Standing { connection: Connection { ended, ..connection() }, ..standing() },
            Standing { user: None, ..standing() },
            Standing { client: None, ..standing() },
            Standing { user: Some(User { disabled: true, ..user("ann") }), ..standing() },
            Standing { user: Some(User { epoch: 4, ..user("ann") }), ..standing() },
            Standing { user: Some(allowed_elsewhere), ..standing() },
        ] {
            assert_eq!(admitted(standing, "/notes", 0).unwrap_err(), Refusal::TokenEnded);
        }
    }

    fn by_key(key: StoredApiKey, path: &str, seconds: u64) -> Result<Admitted, Refusal> {
        admit_key(Some(api_key::Standing { key, ..key_standing() }), &resource(path), seconds_later(seconds))
    }

    #[test]
    fn a_good_key_is_admitted_as_its_user_and_as_itself_with_its_own_scope() {
        let admitted = by_key(api_key(), "/notes", 0).unwrap();
        assert_eq!((admitted.user().as_str(), admitted.user_id().as_str()), ("ann", "ann"));
        assert_eq!(admitted.bearer(), &Bearer::Key(api_key().id));
        assert_eq!(admitted.bearer().as_str(), "key_1");
        assert_eq!(admitted.scope().to_string(), "read write");
        assert_eq!(admitted.expires_at(), Some(seconds_later(3600)));
    }

    #[test]
    fn a_key_opens_no_server_but_its_own_and_is_forbidden_rather_than_unauthorized_elsewhere() {
        for path in ["/note", "/notesx", "/notes/a", "/Notes", "/files", ""] {
            let refusal = by_key(api_key(), path, 0).unwrap_err();
            assert_eq!(refusal, Refusal::KeyForAnotherServer, "{path}");
            assert!(refusal.wire().status == 403 && !is_challenged(&refusal));
        }
        // A dead key says nothing about the server that it was for.
        assert_eq!(by_key(api_key(), "/files", 3600).unwrap_err(), Refusal::KeyExpired);
    }

    #[test]
    fn of_a_keys_scopes_those_count_that_the_server_still_offers() {
        let scoped = |scope| by_key(StoredApiKey { scope: Scope::parse(scope), ..api_key() }, "/notes", 0);
        assert_eq!(scoped("write gone").unwrap().scope().to_string(), "write");
        assert_eq!(scoped("").unwrap().scope().to_string(), "");
        let refusal = scoped("gone openid").unwrap_err();
        assert_eq!(refusal, Refusal::KeyScopeGone);
        assert!(challenge(&refusal, ISSUER, &resource("/notes"), false).contains("error=\"insufficient_scope\""));
    }

    #[test]
    fn every_dead_key_is_401_invalid_token() {
        assert_eq!(admit_key(None, &resource("/notes"), NOW).unwrap_err(), Refusal::KeyUnknown);
        for refusal in [Refusal::KeyUnknown, Refusal::KeyExpired, Refusal::KeyEnded] {
            assert_eq!((refusal.wire().status, refusal.wire().code), (401, ErrorCode::InvalidToken), "{refusal:?}");
        }
    }

    #[test]
    fn every_dead_token_is_401_invalid_token_so_that_clients_renew_it() {
        assert_eq!(admit(None, &resource("/notes"), NOW).unwrap_err(), Refusal::TokenUnknown);
        for refusal in [Refusal::TokenUnknown, Refusal::TokenExpired, Refusal::TokenEnded, Refusal::TokenForAnotherResource] {
            let wire = refusal.wire();
            assert_eq!((wire.status, wire.code), (401, ErrorCode::InvalidToken), "{refusal:?}");
            assert!(is_challenged(&refusal));
        }
    }

    #[test]
    fn the_challenge_without_credentials_carries_no_error() {
        assert_eq!(
            challenge(&Refusal::NoCredentials, ISSUER, &resource("/notes"), false),
            "Bearer resource_metadata=\"https://mcp.example.com/.well-known/oauth-protected-resource/notes\", scope=\"read\""
        );
    }

    #[test]
    fn the_challenge_names_the_document_of_the_address_that_was_asked() {
        let value = challenge(&Refusal::TokenExpired, ISSUER, &resource("/notes"), true);
        assert!(value.contains("/.well-known/oauth-protected-resource/notes/\""), "{value}");
        assert!(value.ends_with("error=\"invalid_token\", error_description=\"the access token has expired\""), "{value}");
    }

    #[test]
    fn the_challenge_names_no_scope_where_there_is_none() {
        let bare = ProtectedResource { default_scope: Scope::default(), ..resource("/notes") };
        assert!(!challenge(&Refusal::NoCredentials, ISSUER, &bare, false).contains("scope"));
    }

    #[test]
    fn clients_that_search_the_challenge_for_words_find_each_once() {
        for refusal in [Refusal::TokenUnknown, Refusal::TokenExpired, Refusal::AnotherServerChosen, Refusal::CredentialsMalformed] {
            let value = challenge(&refusal, ISSUER, &resource("/notes"), false);
            for word in ["Bearer", "resource_metadata=", "scope=", "error=", "error_description="] {
                assert_eq!(value.matches(word).count(), 1, "{word} in {value}");
            }
            assert!(value.starts_with("Bearer ") && value.is_ascii(), "{value}");
        }
    }

    #[test]
    fn a_busy_server_sends_no_challenge() {
        for refusal in [Refusal::Unavailable, Refusal::Internal] {
            assert!(!is_challenged(&refusal));
        }
    }
}
