//! The protected servers.

use super::{Done, done};
use crate::config::Config;
use serde_json::json;

/// Every server, with the address that clients are given.
pub(super) fn list(config: &Config) -> Done {
    let describe = |server: &crate::config::Server| {
        json!({
            "path": server.resource.path,
            "name": server.resource.name,
            "url": server.resource.uri,
            "upstream": server.upstream.to_string(),
            "scopes": server.resource.offered().to_string(),
        })
    };
    done("", config.servers.iter().map(describe).collect())
}
