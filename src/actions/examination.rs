//! What the running server tells the doctor about itself, and the ticket by which its answers can be known.

use super::{Done, Failure, done};
use crate::clock;
use crate::clock::UnixTime;
use crate::config::{Config, Upstream};
use crate::oauth::probe;
use crate::random;
use crate::store::{Store, snapshot};
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::path::PathBuf;

/// What only the server, or its configuration, can say.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Facts {
    /// Of the program that answers.
    pub version: String,
    /// Our origin.
    pub public_url: String,
    /// Where the door listens.
    pub listen: SocketAddr,
    /// The data directory.
    pub data: PathBuf,
    /// The protected servers.
    pub servers: Vec<ProtectedServer>,
    /// Redirect hosts that were excepted from PKCE.
    pub without_pkce: Vec<String>,
    /// True when answers go to listed hosts only.
    pub redirects_listed: bool,
    /// When the newest snapshot was taken, as the data directory shows it.
    pub snapshot: Option<UnixTime>,
    /// What only a running server has.
    pub running: Option<Running>,
}

/// One protected server.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ProtectedServer {
    /// Its path.
    pub path: String,
    /// Host, port and path of its upstream; nothing for what is no address.
    pub upstream: Option<(String, u16, String)>,
}

/// The state of a running server.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Running {
    /// Why the store cannot serve, if it cannot.
    pub trouble: Option<String>,
    /// True once there is an owner.
    pub claimed: bool,
    /// Paths of servers whose calls are held up.
    pub paused: Vec<String>,
    /// True when something has changed since the newest snapshot.
    pub changed_since_snapshot: bool,
    /// For the doctor's requests.
    pub ticket: String,
    /// What answers of ours to them carry.
    pub proof: String,
}

impl Facts {
    /// What follows from the configuration, running or not.
    pub fn of(config: &Config) -> Self {
        let server = |server: &crate::config::Server| ProtectedServer {
            path: server.resource.path.clone(),
            upstream: match &server.upstream {
                Upstream::Demo => None,
                Upstream::Http { host, port, path } => Some((host.clone(), *port, path.clone())),
            },
        };
        let redirects = &config.clients.redirects;
        Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            public_url: config.issuer.origin.clone(),
            listen: config.listen,
            data: config.data.clone(),
            servers: config.servers.iter().map(server).collect(),
            without_pkce: redirects.hosts_without_pkce().to_vec(),
            redirects_listed: redirects.are_listed(),
            snapshot: snapshot::newest(&config.data),
            running: None,
        }
    }
}

/// The facts of this server, with a fresh ticket.
pub(super) fn begin(store: &Store, config: &Config) -> Result<Done, Failure> {
    let now = clock::now();
    let pauses = store.pauses()?;
    let paused = config.servers.iter().filter(|server| pauses.open(&server.resource).is_err());
    let ticket = probe::ticket(store.key(), random::bytes(), now);
    let running = Running {
        trouble: store.health().err().map(|error| error.to_string()),
        claimed: store.is_claimed()?,
        paused: paused.map(|server| server.resource.path.clone()).collect(),
        changed_since_snapshot: store.snapshot_state().is_behind,
        proof: probe::proof(store.key(), &ticket, now).unwrap_or_default(),
        ticket,
    };
    let facts = Facts { running: Some(running), ..Facts::of(config) };
    let data = serde_json::to_value(facts).map_err(|error| Failure::new(format!("cannot say what is here: {error}"), "report this"))?;
    Ok(done("", data))
}
