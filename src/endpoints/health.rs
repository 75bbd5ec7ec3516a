//! What a supervisor asks, and the stylesheet.

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

/// The one stylesheet.
pub fn stylesheet(_app: &App, _request: &Request) -> Answer {
    let mut answer = Answer::empty(200)
        .with("content-type", "text/css; charset=utf-8")
        .with("x-content-type-options", "nosniff")
        .with("cache-control", "public, max-age=300");
    answer.body = pages::stylesheet().as_bytes().to_vec();
    answer
}
