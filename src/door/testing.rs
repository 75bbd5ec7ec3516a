//! Values for the tests of this module.

use crate::clock::UnixTime;
use crate::config::{Clients, Config, Issuer, Lifetimes, Limits, Server, Upstream};
use crate::oauth::bearer::{self, Admitted, StoredAccessToken};
use crate::oauth::client::{AuthMethod, Client, ClientOrigin};
use crate::oauth::connection::{Connection, Standing};
use crate::oauth::ids::{ClientId, ConnectionId, UserId};
use crate::oauth::pause::Pauses;
use crate::oauth::resource::ProtectedResource;
use crate::oauth::scope::Scope;
use crate::oauth::term::Zone;
use crate::oauth::user::{ServerAccess, User, UserName};
use std::time::Duration;

/// A configuration with the servers `/mcp` (at `http://127.0.0.1:9/up`) and `/notes` (the demo).
pub(crate) fn config(origin: &str) -> Config {
    let host = origin.split_once("://").unwrap().1;
    Config {
        listen: "127.0.0.1:0".parse().unwrap(),
        issuer: Issuer { origin: origin.into(), host: host.into(), secure: origin.starts_with("https"), warned: false },
        aliases: Vec::new(),
        allowed_origins: Vec::new(),
        clients: Clients::undecided(origin),
        data: "/nonexistent".into(),
        servers: vec![
            server(origin, "/mcp", Upstream::Http { host: "127.0.0.1".into(), port: 9, path: "/up".into() }),
            server(origin, "/notes", Upstream::Demo),
        ],
        trusted_proxies: Vec::new(),
        zone: Zone::default(),
        lifetimes: Lifetimes::default(),
        limits: Limits::default(),
    }
}

/// One protected server.
pub(crate) fn server(origin: &str, path: &str, upstream: Upstream) -> Server {
    Server {
        resource: ProtectedResource::plain(origin, path, "Test"),
        upstream,
        upstream_headers: Vec::new(),
        upstream_timeout: Duration::from_secs(5),
    }
}

/// Proof of admission for a user of that name, as client `client_x`, to `/mcp`.
pub(crate) fn admitted(user: &str) -> Admitted {
    let (token, standing) = token(user, "/mcp");
    let server = server("https://a.test", "/mcp", Upstream::Demo);
    bearer::admit(Some((token, standing)), &Pauses::default().open(&server.resource).unwrap(), UnixTime(0)).unwrap()
}

/// A token as the store would give it.
pub(crate) fn token(user: &str, path: &str) -> (StoredAccessToken, Standing) {
    let (user_id, client_id, id) = (UserId::known_as(user), ClientId::known_as("client_x"), ConnectionId::known_as("conn_x"));
    let created_at = UnixTime(0);
    let connection = Connection {
        id: id.clone(),
        user: user_id.clone(),
        client: client_id.clone(),
        server: path.into(),
        resource_was_sent: true,
        scope: Scope::default(),
        asked: Scope::default(),
        created_at,
        user_epoch: 0,
        authenticated_at: UnixTime(0),
        ends_at: None,
        access_until: None,
        alive_until: None,
        refreshable: true,
        ended: None,
    };
    let user = User {
        id: user_id,
        name: UserName::parse(user).unwrap(),
        password: String::new(),
        owner: false,
        disabled: false,
        servers: ServerAccess::All,
        epoch: 0,
        created_at,
    };
    let client = Client {
        id: client_id,
        name: None,
        redirect_uris: Vec::new(),
        auth_method: AuthMethod::None,
        secret: None,
        registration_token: None,
        introspects: None,
        grant_types: Vec::new(),
        scope: None,
        application_type: None,
        client_uri: None,
        logo_uri: None,
        software: (None, None),
        origin: ClientOrigin::Dynamic,
        created_at,
        changed_at: None,
    };
    let token = StoredAccessToken { connection: id, scope: Scope::default(), issued_at: created_at, expires_at: None, used: false };
    (token, Standing { connection, user: Some(user), client: Some(client) })
}
