//! What the owner configured, compared with the last start.

use crate::config::{Config, Network, Server};
use crate::oauth::audit::Occasion;
use crate::oauth::client::ClientKinds;
use crate::oauth::configuration::Configuration;
use crate::oauth::resource::Naming;
use crate::store::{Store, StoreError};

/// Tells the audit log how the configuration differs from the last start.
///
/// # Errors
/// When the store does not answer.
pub fn compare(store: &Store, config: &Config, occasion: &Occasion) -> Result<(), StoreError> {
    store.note_configuration(&describe(config), occasion)
}

/// What holds since the start, each setting by its name in the configuration.
pub fn settings(config: &Config) -> Vec<(String, String)> {
    let Configuration { public_url, settings, .. } = describe(config);
    std::iter::once(("public_url".to_owned(), public_url)).chain(settings).collect()
}

/// What is worth an event when it changes. No upstream and no header of one: either may hold a secret.
fn describe(config: &Config) -> Configuration {
    let network = |network: &Network| format!("{}/{}", network.address, network.prefix);
    let ours = [
        ("adopt_known", config.clients.adopt_known.to_string()),
        ("public_only", (config.clients.kinds == ClientKinds::PublicOnly).to_string()),
        ("require_resource", config.servers.iter().all(|server| server.resource.naming == Naming::Strict).to_string()),
        ("time_zone", config.zone.name()),
        ("allowed_origins", config.allowed_origins.join(" ")),
        ("aliases", config.aliases.join(" ")),
        ("trusted_proxies", config.trusted_proxies.iter().map(network).collect::<Vec<_>>().join(" ")),
    ];
    let of_server = |server: &Server| {
        let path = server.resource.path.clone();
        server.resource.tokens.settings().map(move |(name, value)| (format!("{name} of {path}"), value))
    };
    let settings = config
        .clients
        .redirects
        .settings()
        .into_iter()
        .chain(ours)
        .chain(config.limits.rates.settings())
        .map(|(name, value)| (name.to_owned(), value));
    Configuration {
        public_url: config.issuer.origin.clone(),
        servers: config.servers.iter().map(|server| server.resource.path.clone()).collect(),
        settings: settings.chain(config.servers.iter().flat_map(of_server)).collect(),
    }
}
