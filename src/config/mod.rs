//! Everything decided before the first request: flags, environment and file, read once, checked, with types.
//!
//! `raw` holds what people wrote; this module holds what it means. Nothing here is optional that later code would
//! have to test again.

mod clients;
mod issuer;
mod limits;
mod policy;
pub mod raw;
mod servers;
pub mod units;

pub use clients::Clients;
pub use limits::Limits;

use crate::oauth::resource::ProtectedResource;
use crate::oauth::term::Zone;
use raw::{Environment, Written};
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

/// What is wrong with the configuration, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// The setting and the reason.
    pub what: String,
    /// What to write instead.
    pub hint: String,
    /// The setting is one that has a flag.
    pub by_flag: bool,
}

impl ConfigError {
    fn new(what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { what: what.into(), hint: hint.into(), by_flag: false }
    }

    /// About a setting that has a flag, wherever it was written: a wrong value of a flag is bad usage.
    fn of_flag(what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { by_flag: true, ..Self::new(what, hint) }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

/// Where the door listens unless told otherwise.
const LISTEN: &str = "127.0.0.1:8787";

/// The address to listen on.
///
/// # Errors
/// When it is not `ADDRESS:PORT`.
pub fn listen_address(written: &Written) -> Result<SocketAddr, ConfigError> {
    let text = written.listen.as_deref().unwrap_or(LISTEN);
    text.parse().map_err(|_| {
        ConfigError::of_flag(format!("--listen {text} is not an address and a port"), "write it like 127.0.0.1:8787 or [::]:8787")
    })
}

/// Reads a public address as such, whatever it is good for.
///
/// # Errors
/// When it is more or less than an origin of http or https.
pub fn origin(text: &str) -> Result<Issuer, ConfigError> {
    issuer::read(text, true)
}

/// Decides everything, once the door is bound to `bound`: a port that the system chose is part of the default public URL.
///
/// # Errors
/// The first setting that is wrong.
pub fn decide(written: &Written, bound: SocketAddr, environment: Environment<'_>) -> Result<Config, ConfigError> {
    let issuer = issuer::decide(written.public_url.as_deref(), bound, written.allow_http)?;
    let (lifetimes, tokens) = policy::decide(&written.file.lifetimes)?;
    let servers = servers::decide(written, &issuer, bound, tokens, environment)?;
    let proxy = |text: &String| units::network("the trusted proxy", text).map_err(|error| ConfigError { by_flag: true, ..error });
    let trusted_proxies = written.trusted_proxies.iter().map(proxy).collect::<Result<_, _>>()?;
    Ok(Config {
        listen: bound,
        aliases: written.file.aliases.iter().map(|alias| alias.to_ascii_lowercase()).collect(),
        allowed_origins: written.file.allowed_origins.clone(),
        clients: clients::decide(&written.file.clients, &issuer)?,
        data: written.data.clone(),
        lifetimes,
        limits: limits::decide(&written.file.limits)?,
        issuer,
        servers,
        trusted_proxies,
        zone: units::zone(written.file.time_zone.as_deref())?,
    })
}

/// What the process runs with.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where the door listens.
    pub listen: SocketAddr,
    /// Our origin as clients and browsers see it. Every URL we publish starts with it.
    pub issuer: Issuer,
    /// Further `Host` values that are ours, lower case, with port where one is needed.
    pub aliases: Vec<String>,
    /// Browser origins besides our own that may call protected servers.
    pub allowed_origins: Vec<String>,
    /// Where answers may go, and which clients are trusted with what.
    pub clients: Clients,
    /// The data directory.
    pub data: PathBuf,
    /// The protected servers; at least one, no two at one path.
    pub servers: Vec<Server>,
    /// Peers whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<Network>,
    /// The clock on the wall of the people here.
    pub zone: Zone,
    /// How long things live.
    pub lifetimes: Lifetimes,
    /// How much is accepted.
    pub limits: Limits,
}

/// Our origin: `https://host[:port]`, or `http` for loopback (or where `--allow-http` says so). No path, no slash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issuer {
    /// The one string that is the issuer everywhere (RFC 8414 §2): compared byte for byte by clients.
    pub origin: String,
    /// The `Host` value that belongs to it: host, and port unless it is the scheme's own.
    pub host: String,
    /// True for `https`.
    pub secure: bool,
    /// True when plain `http` to another machine was allowed on purpose; every page says so.
    pub warned: bool,
}

/// One protected server.
#[derive(Clone, Debug)]
pub struct Server {
    /// What clients see.
    pub resource: ProtectedResource,
    /// What stands behind it.
    pub upstream: Upstream,
    /// Fields the gate adds on the way there: the upstream's own credential. Lower-case names.
    pub upstream_headers: Vec<(String, UpstreamCredential)>,
    /// How long the upstream may take until its response head is complete; then 504.
    pub upstream_timeout: Duration,
}

/// Where an upstream is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Upstream {
    /// The built-in demo server.
    Demo,
    /// Plain HTTP/1.1.
    Http {
        /// A name or address literal (IPv6 without brackets).
        host: String,
        /// TCP port.
        port: u16,
        /// The path that stands for our server's path: starts with a slash, no trailing slash unless it is the root `/`.
        path: String,
    },
}

impl fmt::Display for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Demo => f.write_str("built-in demo"),
            Self::Http { host, port, path } if host.contains(':') => write!(f, "http://[{host}]:{port}{path}"),
            Self::Http { host, port, path } => write!(f, "http://{host}:{port}{path}"),
        }
    }
}

/// A secret of the upstream's. Its `Debug` says nothing.
#[derive(Clone)]
pub struct UpstreamCredential(pub String);

impl fmt::Debug for UpstreamCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// An address range in CIDR notation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    /// Its first address.
    pub address: IpAddr,
    /// How many leading bits count.
    pub prefix: u8,
}

impl Network {
    /// True when the address lies in it. IPv4 addresses in IPv6 clothes are undressed first.
    pub fn contains(&self, address: IpAddr) -> bool {
        let bits = |address: IpAddr| match address.to_canonical() {
            IpAddr::V4(v4) => (u128::from(v4.to_bits()) << 96, 4),
            IpAddr::V6(v6) => (v6.to_bits(), 6),
        };
        let ((ours, family), (theirs, other)) = (bits(self.address), bits(address));
        let mask = if self.prefix == 0 { 0 } else { u128::MAX << (128 - u32::from(self.prefix.min(128))) };
        family == other && ours & mask == theirs & mask
    }
}

/// How long things live that belong to no server. The tokens of a server are its own matter: [`ProtectedResource::tokens`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lifetimes {
    /// Authorization codes.
    pub code: Duration,
    /// An authorization request waiting for consent.
    pub flow: Duration,
    /// A browser's sign-in, at most.
    pub session: Duration,
    /// The one-time link of the first run.
    pub setup_link: Duration,
    /// A one-time link with which somebody chooses a password.
    pub invitation: Duration,
}

impl Default for Lifetimes {
    fn default() -> Self {
        let minutes = |count: u64| Duration::from_secs(count * 60);
        Self {
            code: minutes(10),
            flow: minutes(10),
            session: minutes(30 * 24 * 60),
            setup_link: minutes(60),
            invitation: minutes(3 * 24 * 60),
        }
    }
}
