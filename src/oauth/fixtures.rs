//! Builders that the tests of several rules share: one valid thing of each sort, to be changed in the one respect that
//! a test is about.

use super::api_key::{self, KeyName, StoredApiKey};
use super::audit::Occasion;
use super::audit_kinds::What;
use super::client::{AuthMethod, Client, ClientOrigin, GrantType};
use super::client_auth::{self, AuthenticatedClient};
use super::connection::{Connection, EndReason, Ended, Standing, StandingGrant, stands};
use super::ids::{ClientId, ConnectionId, KeyId, UserId};
use super::params::Params;
use super::redirect_rules::RedirectRules;
use super::resource::ProtectedResource;
use super::scope::Scope;
use super::secret::{ClientSecret, Entropy, Kind, Secret};
use super::term::{Local, Zone};
use super::text::Shown;
use super::user::{ServerAccess, User, UserName};
use crate::clock::UnixTime;
use std::time::Duration;

/// Our origin.
pub(crate) const ISSUER: &str = "https://mcp.example.com";
/// The moment at which every test begins.
pub(crate) const NOW: UnixTime = UnixTime(1_700_000_000);
/// RFC 7636 App. B.
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
/// RFC 7636 App. B.
pub(crate) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
/// Registered by every client made here.
pub(crate) const CALLBACK: &str = "https://client.test/cb";

pub(crate) fn seconds_later(seconds: u64) -> UnixTime {
    NOW.after(Duration::from_secs(seconds))
}

/// The same moment, read off a clock that shows UTC.
pub(crate) fn local() -> Local {
    Local { now: NOW, zone: Zone::default() }
}

/// A command at the moment at which every test begins.
pub(crate) fn occasion() -> Occasion {
    Occasion::here(NOW)
}

pub(crate) fn secret<K: Kind>(byte: u8) -> Secret<K> {
    Secret::mint(&Entropy::new([byte; 32]))
}

pub(crate) fn params(text: &str) -> Params {
    Params::parse(text).unwrap()
}

/// The server at `path`: offers `read` and `write`, and `read` when nothing is asked for.
pub(crate) fn resource(path: &str) -> ProtectedResource {
    ProtectedResource {
        scopes: vec![("read".into(), "Read your notes".into()), ("write".into(), "Change your notes".into())],
        default_scope: Scope::parse("read"),
        ..ProtectedResource::plain(ISSUER, path, "Notes")
    }
}

/// Every host open.
pub(crate) fn rules() -> RedirectRules {
    RedirectRules::open(ISSUER)
}

/// A public client.
pub(crate) fn client(id: &str) -> Client {
    Client {
        id: ClientId::known_as(id),
        name: Some("Test client".into()),
        redirect_uris: vec![CALLBACK.into()],
        auth_method: AuthMethod::None,
        secret: None,
        registration_token: None,
        introspects: None,
        grant_types: GrantType::ALL.to_vec(),
        scope: None,
        application_type: None,
        client_uri: None,
        logo_uri: None,
        software: (None, None),
        origin: ClientOrigin::Dynamic,
        created_at: NOW,
        changed_at: None,
    }
}

/// A client with a secret.
pub(crate) fn confidential(id: &str, secret: &Secret<ClientSecret>) -> Client {
    Client { auth_method: AuthMethod::ClientSecretPost, secret: Some(secret.hash()), ..client(id) }
}

/// The public client `id`, authenticated.
pub(crate) fn authenticated(id: &str) -> AuthenticatedClient {
    let credentials = client_auth::credentials(&params(&format!("client_id={id}")), std::iter::empty()).unwrap();
    client_auth::authenticate(&credentials, Some(client(id))).unwrap()
}

/// An account that may use every server.
pub(crate) fn user(id: &str) -> User {
    User {
        id: UserId::known_as(id),
        name: UserName::parse(id).unwrap(),
        password: String::new(),
        owner: false,
        disabled: false,
        servers: ServerAccess::All,
        epoch: 3,
        created_at: NOW,
    }
}

/// What ann granted to the client `claude` on the server at `/notes`: `read write`.
pub(crate) fn connection() -> Connection {
    Connection {
        id: ConnectionId::known_as("conn_1"),
        user: UserId::known_as("ann"),
        client: ClientId::known_as("claude"),
        server: "/notes".into(),
        resource_was_sent: true,
        scope: Scope::parse("read write"),
        asked: Scope::default(),
        created_at: NOW,
        user_epoch: 3,
        authenticated_at: NOW,
        ends_at: None,
        access_until: None,
        alive_until: None,
        refreshable: true,
        ended: None::<Ended>,
    }
}

/// The same with everything it depends on.
pub(crate) fn standing() -> Standing {
    Standing { connection: connection(), user: Some(user("ann")), client: Some(client("claude")) }
}

/// ann's key `key_1` for the server at `/notes`: `read write`, for an hour.
pub(crate) fn api_key() -> StoredApiKey {
    StoredApiKey {
        id: KeyId::known_as("key_1"),
        name: KeyName::parse("backup").unwrap(),
        user: UserId::known_as("ann"),
        user_epoch: 3,
        server: "/notes".into(),
        scope: Scope::parse("read write"),
        created_at: NOW,
        expires_at: Some(seconds_later(3600)),
        begins: "dwky_AQEB".into(),
    }
}

/// The same with its user.
pub(crate) fn key_standing() -> api_key::Standing {
    api_key::Standing { key: api_key(), user: Some(user("ann")) }
}

/// ann's connection, proven to stand.
pub(crate) fn standing_grant() -> StandingGrant {
    stands(standing(), NOW).unwrap()
}

/// One event of every kind.
#[expect(clippy::too_many_lines, reason = "a table, one line a kind")]
pub(crate) fn every_kind() -> Vec<What> {
    let text = || Shown::new("laptop");
    let (before, after) = (Shown::new("http://127.0.0.1:8787"), Shown::new(ISSUER));
    let plain = [
        What::SignedIn,
        What::SignInFailed,
        What::SignInThrottled,
        What::SignedOut,
        What::SetupLinkMade,
        What::SetupClaimed,
        What::UserAdded { owner: false },
        What::PasswordChanged,
        What::UserDisabled,
        What::UserEnabled,
        What::UserRemoved,
        What::ServerAllowed,
        What::ServerDenied,
        What::ClientAdded,
        What::ClientRegistered,
        What::ClientUpdated,
        What::ClientUnregistered,
        What::ClientRemoved,
        What::ClientAdopted,
        What::ConsentGiven { scope: Shown::new("read"), until: None },
        What::ConsentDenied,
        What::UserCodeWrong,
        What::PkceExceptionUsed,
        What::TokensIssued { scope: Shown::new("read") },
        What::TokensRefreshed,
        What::TokensRepeated,
        What::AccessTokenReturned,
        What::RefreshTokenReturned,
        What::VerifierWrong,
        What::TokenOfAnother,
        What::KeyCreated { key: text() },
        What::KeyUsed { key: text() },
        What::KeyRevoked { key: text() },
        What::ServerPaused,
        What::ServerResumed,
        What::ClientPaused,
        What::ClientResumed,
        What::EverythingPaused,
        What::EverythingResumed,
        What::LimitHit { limit: Shown::new("registrations") },
        What::SigningKeyRotated,
        What::PublicUrlChanged { before: before.clone(), after: after.clone() },
        What::ServerAdded,
        What::ServerGone,
        What::SettingChanged { setting: text(), before, after },
        What::InvitationMade,
        What::InvitationAccepted,
        What::StoreRestored { taken_at: NOW, connections: 2, keys: 1 },
        What::PasswordReset,
        What::ConnectionLimited { until: Some(seconds_later(7200)) },
    ];
    let reasons = [
        EndReason::RevokedByUser,
        EndReason::RevokedByClient,
        EndReason::CodeReplayed,
        EndReason::RefreshTokenReused,
        EndReason::ClientRemoved,
        EndReason::UserRemoved,
        EndReason::ServerDenied,
        EndReason::TimeOver,
        EndReason::Unused,
    ];
    plain.into_iter().chain(reasons.map(What::ConnectionEnded)).collect()
}
