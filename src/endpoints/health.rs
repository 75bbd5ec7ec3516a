//! What a supervisor asks: health for anyone, figures for this machine; and the two files that pages refer to.

use super::App;
use crate::http::answer::Answer;
use crate::http::request::Request;
use crate::pages;
use serde_json::json;

/// 200 while requests can be served: the store can be read and accepts changes.
pub fn health(app: &App, _request: &Request) -> Answer {
    match app.store.health() {
        Ok(()) => Answer::json(200, &json!({ "status": "ok" })),
        Err(error) => super::unavailable(&error),
    }
}

/// Figures in the text format of Prometheus, for whoever asks from this machine by a loopback name. A proxy on this
/// machine that passes such a name on would show them to the world; they are counts and nothing else.
pub fn metrics(app: &App, request: &Request) -> Answer {
    let issuer = &app.config.issuer;
    let public_name_is_loopback = !issuer.secure && !issuer.warned;
    if !request.peer.is_loopback() || !(request.by_loopback_name || public_name_is_loopback) {
        return Answer::error(404, "not_found", "there is nothing at this address");
    }
    let counts = app.store.commit_counts();
    let figures = [
        ("doorward_commits_total", "Writes that waited for the disk", counts.commits),
        ("doorward_syncs_total", "Times the disk was made to write", counts.syncs),
    ];
    let text = figures.iter().map(|(name, help, value)| format!("# HELP {name} {help}\n# TYPE {name} counter\n{name} {value}\n"));
    let mut answer = Answer::empty(200).with("content-type", "text/plain; version=0.0.4; charset=utf-8");
    answer.body = text.collect::<String>().into_bytes();
    answer
}

/// The one stylesheet.
pub fn stylesheet(_app: &App, _request: &Request) -> Answer {
    asset("text/css; charset=utf-8", pages::stylesheet())
}

/// The sign of the house.
pub fn icon(_app: &App, _request: &Request) -> Answer {
    asset("image/svg+xml", pages::icon())
}

fn asset(media_type: &str, text: &str) -> Answer {
    let mut answer = Answer::empty(200)
        .with("content-type", media_type)
        .with("content-security-policy", "default-src 'none'; frame-ancestors 'none'")
        .with("x-content-type-options", "nosniff")
        .with("cache-control", "public, max-age=300");
    answer.body = text.as_bytes().to_vec();
    answer
}
