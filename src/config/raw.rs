//! What people wrote: flags, environment and `doorward.toml`, before anything is decided.
//!
//! A flag beats its environment twin, which beats the file. An unknown key in the file is an error: a typo must not
//! switch a protection off in silence.

use super::ConfigError;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The flags of `serve`, as written.
#[derive(Clone, Debug, Default)]
pub struct Flags {
    /// `--listen`
    pub listen: Option<String>,
    /// `--public-url`
    pub public_url: Option<String>,
    /// `--data`
    pub data: Option<PathBuf>,
    /// `--upstream`
    pub upstream: Option<String>,
    /// `--config`
    pub config: Option<PathBuf>,
    /// `--trusted-proxy`, any number
    pub trusted_proxies: Vec<String>,
    /// `--allow-http`
    pub allow_http: bool,
}

/// `doorward.toml`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct File {
    pub(super) listen: Option<String>,
    pub(super) public_url: Option<String>,
    pub(super) upstream: Option<String>,
    pub(super) allow_http: bool,
    pub(super) aliases: Vec<String>,
    pub(super) allowed_origins: Vec<String>,
    pub(super) trusted_proxies: Vec<String>,
    pub(super) require_resource: bool,
    pub(super) time_zone: Option<String>,
    pub(super) clients: Clients,
    pub(super) lifetimes: Lifetimes,
    pub(super) limits: Limits,
    #[serde(rename = "server")]
    pub(super) servers: Vec<Server>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Clients {
    pub(super) redirect_hosts: Option<String>,
    pub(super) allowed_hosts: Vec<String>,
    pub(super) allowed_schemes: Vec<String>,
    pub(super) adopt_known: Option<bool>,
    pub(super) without_pkce: Vec<String>,
    pub(super) public_only: bool,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Lifetimes {
    pub(super) code: Option<String>,
    pub(super) access_token: Option<String>,
    pub(super) refresh_token: Option<String>,
    pub(super) flow: Option<String>,
    pub(super) session: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Limits {
    pub(super) connections: Option<usize>,
    pub(super) connections_per_address: Option<usize>,
    pub(super) streams: Option<usize>,
    pub(super) workers: Option<usize>,
    // A number, or "off".
    pub(super) register_per_hour: Option<toml::Value>,
    pub(super) authorize_per_hour: Option<toml::Value>,
    pub(super) token_per_minute: Option<toml::Value>,
    pub(super) refresh_per_minute: Option<toml::Value>,
    pub(super) calls_per_minute: Option<toml::Value>,
    pub(super) poll_per_minute: Option<toml::Value>,
    pub(super) devices_per_hour: Option<toml::Value>,
    pub(super) sign_in_tries: Option<toml::Value>,
    pub(super) hosted_networks: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Server {
    pub(super) path: String,
    pub(super) name: Option<String>,
    pub(super) upstream: String,
    #[serde(default)]
    pub(super) upstream_header: BTreeMap<String, String>,
    pub(super) upstream_timeout: Option<String>,
    pub(super) access_token: Option<String>,
    pub(super) refresh_token: Option<String>,
    pub(super) refresh: Option<String>,
    pub(super) revoke: Option<String>,
    pub(super) default_scopes: Option<Vec<String>>,
    #[serde(default)]
    pub(super) scopes: toml::Table,
    #[serde(default)]
    pub(super) implies: BTreeMap<String, Vec<String>>,
}

/// Flags, environment and file together, each setting already taken from where it counts.
#[derive(Clone, Debug)]
pub struct Written {
    pub(super) listen: Option<String>,
    pub(super) public_url: Option<String>,
    pub(super) data: PathBuf,
    pub(super) upstream: Option<String>,
    pub(super) trusted_proxies: Vec<String>,
    pub(super) allow_http: bool,
    pub(super) file: File,
}

/// Reads a variable of the environment. An argument, so that tests need not change the process's own.
pub type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Where the data is: `--data`, `DOORWARD_DATA`, what systemd gives, `$XDG_DATA_HOME/doorward`, `~/.local/share/doorward`.
///
/// # Errors
/// When none of them is set.
pub fn data_directory(flag: Option<&Path>, environment: Environment<'_>) -> Result<PathBuf, ConfigError> {
    let named = flag.map(Path::to_path_buf).or_else(|| environment("DOORWARD_DATA").map(PathBuf::from));
    let by_systemd = || environment("STATE_DIRECTORY").and_then(|list| list.split(':').next().map(PathBuf::from));
    let by_xdg = || environment("XDG_DATA_HOME").filter(|home| !home.is_empty()).map(|home| Path::new(&home).join("doorward"));
    let by_home = || environment("HOME").map(|home| Path::new(&home).join(".local/share/doorward"));
    named
        .or_else(by_systemd)
        .or_else(by_xdg)
        .or_else(by_home)
        .ok_or_else(|| ConfigError::new("there is no data directory: neither --data nor HOME is set", "give one with --data DIR"))
}

/// Puts flags, environment and file together.
///
/// # Errors
/// A file that cannot be read or is not valid.
pub fn read(flags: &Flags, environment: Environment<'_>) -> Result<Written, ConfigError> {
    let data = data_directory(flags.data.as_deref(), environment)?;
    let named = flags.config.clone().or_else(|| environment("DOORWARD_CONFIG").map(PathBuf::from));
    let file = match named {
        Some(path) => read_file(&path)?,
        None => read_default(&data.join("doorward.toml"))?,
    };
    let listed = environment("DOORWARD_TRUSTED_PROXY").map(|list| list.split(',').map(|one| one.trim().to_owned()).collect());
    let proxies = if flags.trusted_proxies.is_empty() { listed.unwrap_or_default() } else { flags.trusted_proxies.clone() };
    let allowed = |text: String| matches!(text.as_str(), "1" | "true" | "yes" | "on");
    let pick = |flag: &Option<String>, name: &str, in_file: &Option<String>| {
        flag.clone().or_else(|| environment(name)).or_else(|| in_file.clone())
    };
    Ok(Written {
        listen: pick(&flags.listen, "DOORWARD_LISTEN", &file.listen),
        public_url: pick(&flags.public_url, "DOORWARD_PUBLIC_URL", &file.public_url),
        upstream: pick(&flags.upstream, "DOORWARD_UPSTREAM", &file.upstream),
        trusted_proxies: if proxies.is_empty() { file.trusted_proxies.clone() } else { proxies },
        allow_http: flags.allow_http || environment("DOORWARD_ALLOW_HTTP").is_some_and(allowed) || file.allow_http,
        data,
        file,
    })
}

/// The file in the data directory need not be there; one that is there and cannot be read is an error, or a lost
/// permission would silently start something else.
fn read_default(path: &Path) -> Result<File, ConfigError> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(File::default()),
        Ok(_) | Err(_) => read_file(path),
    }
}

fn read_file(path: &Path) -> Result<File, ConfigError> {
    let name = path.display();
    let text = fs::read_to_string(path)
        .map_err(|error| ConfigError::new(format!("cannot read {name}: {error}"), "name a readable file with --config FILE"))?;
    // The parser's own message quotes the line, which may hold a secret; the place and the reason are enough.
    toml::from_str(&text).map_err(|error| {
        let line = error.span().map_or(1, |span| text.get(..span.start).unwrap_or_default().matches('\n').count() + 1);
        ConfigError::new(format!("{name}, line {line}: {}", error.message()), "correct that line; the README lists every setting")
    })
}
