//! The protected servers.

use super::{Done, Failure, done};
use crate::config::{Config, Server};
use serde_json::json;

/// Every server, with the address that clients are given.
pub(super) fn list(config: &Config) -> Done {
    let describe = |server: &Server| {
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

/// The server that a person means: by its path, with or without slashes around it, or by the address that clients use.
pub(super) fn find<'c>(config: &'c Config, written: &str) -> Result<&'c Server, Failure> {
    let path = written.trim_end_matches('/');
    let is_meant =
        |server: &&Server| server.resource.path.trim_start_matches('/') == path.trim_start_matches('/') || server.resource.uri == path;
    let known = config.servers.iter().find(is_meant);
    known.ok_or_else(|| Failure::unknown(format!("there is no server at {written}"), "to see which there are: doorward server list"))
}
