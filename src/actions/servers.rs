//! The protected servers.

use super::{Done, done};
use crate::config::{Config, Upstream};
use serde_json::json;

/// Every server, with the address that clients are given.
pub(super) fn list(config: &Config) -> Done {
    let describe = |server: &crate::config::Server| {
        let upstream = match &server.upstream {
            Upstream::Demo => "built-in demo".to_owned(),
            Upstream::Http { host, port, path } => format!("http://{host}:{port}{path}"),
        };
        json!({
            "path": server.resource.path,
            "name": server.resource.name,
            "url": server.resource.uri,
            "upstream": upstream,
            "scopes": server.resource.offered().to_string(),
        })
    };
    done("", config.servers.iter().map(describe).collect())
}
