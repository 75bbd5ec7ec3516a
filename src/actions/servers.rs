//! The protected servers.

use super::{Done, Failure, done};
use crate::config::{Config, Server};
use crate::oauth::audit::Occasion;
use crate::oauth::pause::{PauseAnswer, Pauses, Subject};
use crate::store::Store;
use serde_json::{Value, json};

/// Every server, with the address that clients are given and whether it is paused.
pub(super) fn list(store: &Store, config: &Config) -> Result<Done, Failure> {
    let pauses = store.pauses()?;
    Ok(done("", config.servers.iter().map(|server| describe(server, &pauses)).collect()))
}

fn describe(server: &Server, pauses: &Pauses) -> Value {
    let refusal = pauses.open(&server.resource).err();
    let by_itself = pauses.server(&server.resource.path).map(|pause| pause.since);
    let mut data = json!({
        "path": server.resource.path,
        "name": server.resource.name,
        "url": server.resource.uri,
        "upstream": server.upstream.to_string(),
        "scopes": server.resource.offered().to_string(),
        "paused": refusal.is_some(),
    });
    if let (Some(refusal), Some(members)) = (refusal, data.as_object_mut()) {
        members.insert("paused_answer".into(), json!(refusal.wire().status));
        members.extend(pauses.everything().or(by_itself).map(|since| ("paused_at".to_owned(), json!(since.0))));
    }
    data
}

/// Pauses one server, or all of them where no path is given: all of them say 503, and one says 403 unless it is to be
/// tried again later.
pub(super) fn pause(store: &Store, config: &Config, occasion: &Occasion, path: Option<&str>, retry_later: bool) -> Result<Done, Failure> {
    let Some(path) = path else {
        store.pause(&Subject::Everything, occasion)?;
        let message = "Paused everything. Apps stay connected; their calls get 503 until: doorward server resume --all";
        return Ok(done(message, json!({ "paused": true })));
    };
    let server = find(config, path)?;
    let (answer, status) = if retry_later { (PauseAnswer::RetryLater, 503) } else { (PauseAnswer::Closed, 403) };
    let path = &server.resource.path;
    store.pause(&Subject::Server(path.clone(), answer), occasion)?;
    let message = format!("Paused {path}. Apps stay connected; their calls get {status} until: doorward server resume {path}");
    Ok(done(message, describe(server, &store.pauses()?)))
}

/// Lets one server go on, or all that were paused together.
pub(super) fn resume(store: &Store, config: &Config, occasion: &Occasion, path: Option<&str>) -> Result<Done, Failure> {
    let Some(path) = path else {
        let changed = store.resume(&Subject::Everything, occasion)?;
        let pauses = store.pauses()?;
        let still: Vec<&str> =
            config.servers.iter().map(|server| &*server.resource.path).filter(|path| pauses.server(path).is_some()).collect();
        let what = if changed { "Resumed." } else { "It was not all paused." };
        let rest = if still.is_empty() { String::new() } else { format!(" Still paused by itself: {}", still.join(", ")) };
        return Ok(done(format!("{what}{rest}"), json!({ "paused": false, "still_paused": still })));
    };
    let server = find(config, path)?;
    let path = &server.resource.path;
    let changed = store.resume(&Subject::Server(path.clone(), PauseAnswer::Closed), occasion)?;
    let pauses = store.pauses()?;
    let message = match (changed, pauses.everything()) {
        (_, Some(_)) => format!("Everything is paused, {path} too, until: doorward server resume --all"),
        (true, None) => format!("Resumed {path}."),
        (false, None) => format!("{path} was not paused."),
    };
    Ok(done(message, describe(server, &pauses)))
}

/// The server that a person means: by its path, with or without slashes around it, or by the address that clients use.
pub(super) fn find<'c>(config: &'c Config, written: &str) -> Result<&'c Server, Failure> {
    let path = written.trim_end_matches('/');
    let is_meant =
        |server: &&Server| server.resource.path.trim_start_matches('/') == path.trim_start_matches('/') || server.resource.uri == path;
    let known = config.servers.iter().find(is_meant);
    known.ok_or_else(|| Failure::unknown(format!("there is no server at {written}"), "to see which there are: doorward server list"))
}
