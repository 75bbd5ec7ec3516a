//! The well-known documents, at every spelling that clients try.

use super::{App, trace};
use crate::http::answer::Answer;
use crate::http::request::Request;
use crate::oauth::metadata;
use crate::oauth::trace_step::Stage;
use serde_json::Value;

/// Short enough that a change is noticed, long enough to spare a household's line.
pub(super) const CACHE: &str = "public, max-age=300";

fn document(document: &Value) -> Answer {
    Answer::json(200, document).with("cache-control", CACHE)
}

fn unknown() -> Answer {
    Answer::error(404, "not_found", "there is no such document here")
}

/// RFC 9728 §3.1. `place` is the path of the server that is asked about, as it stands in the URL; empty for the root,
/// where the only server answers (with several, none does: a parent would satisfy some clients and mislead others).
pub fn protected_resource(app: &App, request: &Request, place: &str) -> Answer {
    let slash = place.ends_with('/') && place.len() > 1;
    let path = place.strip_suffix('/').unwrap_or(place);
    let resource = match (path, app.resources()) {
        ("", [only]) => Some(only),
        _ => app.resource_at(path),
    };
    trace::discovery(app, request, Stage::ResourceMetadata, path, resource.is_some());
    resource.map_or_else(unknown, |resource| document(&metadata::protected_resource(resource, app.issuer(), slash)))
}

/// RFC 8414 §3. The issuer is our bare origin; the same document is given where clients glue a server's path to the name.
pub fn authorization_server(app: &App, request: &Request, place: &str) -> Answer {
    if !is_ours(app, request, place) {
        return unknown();
    }
    document(&metadata::authorization_server(app.issuer(), app.resources(), app.config.clients.kinds))
}

/// OpenID Connect Discovery §4.
pub fn openid_configuration(app: &App, request: &Request, place: &str) -> Answer {
    if !is_ours(app, request, place) {
        return unknown();
    }
    document(&metadata::openid_configuration(app.issuer(), app.resources(), app.config.clients.kinds))
}

fn is_ours(app: &App, request: &Request, place: &str) -> bool {
    let path = place.strip_suffix('/').unwrap_or(place);
    let is_ours = path.is_empty() || app.resource_at(path).is_some();
    trace::discovery(app, request, Stage::ServerMetadata, path, is_ours);
    is_ours
}
