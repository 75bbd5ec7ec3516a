//! What the owner configured, compared with the last start.

use crate::config::{Config, Network};
use crate::oauth::audit::Occasion;
use crate::oauth::configuration::Configuration;
use crate::store::{Store, StoreError};
use std::time::Duration;

/// Tells the audit log how the configuration differs from the last start.
///
/// # Errors
/// When the store does not answer.
pub fn compare(store: &Store, config: &Config, occasion: &Occasion) -> Result<(), StoreError> {
    store.note_configuration(&describe(config), occasion)
}

/// What is worth an event when it changes. No upstream and no header of one: either may hold a secret.
fn describe(config: &Config) -> Configuration {
    let network = |network: &Network| format!("{}/{}", network.address, network.prefix);
    let ours = [
        ("adopt_known", config.clients.adopt_known.to_string()),
        ("allowed_origins", config.allowed_origins.join(" ")),
        ("aliases", config.aliases.join(" ")),
        ("trusted_proxies", config.trusted_proxies.iter().map(network).collect::<Vec<_>>().join(" ")),
        ("lifetimes.access_token", config.lifetimes.access_token.map_or_else(|| "never".to_owned(), seconds)),
        ("lifetimes.refresh_token", seconds(config.lifetimes.refresh_token)),
    ];
    let settings = config.clients.redirects.settings().into_iter().chain(ours);
    Configuration {
        public_url: config.issuer.origin.clone(),
        servers: config.servers.iter().map(|server| server.resource.path.clone()).collect(),
        settings: settings.map(|(name, value)| (name.to_owned(), value)).collect(),
    }
}

fn seconds(span: Duration) -> String {
    format!("{} s", span.as_secs())
}
