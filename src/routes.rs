//! THE table of the app: method, path, who may call, who may read the answer from another origin, handler.
//!
//! A row without an access does not compile. For forms the access is enforced here by type: their handler cannot be called
//! without the proof that somebody is signed in and that the form is ours. For clients and browsers it says whom the handler
//! itself has proven before it changes anything.

mod access;
mod path;

use crate::config::Config;
use crate::endpoints::{
    App, activity, arrivals, attempts, authorize, client_configuration, clients, connect, connections, consent, device,
    device_authorization, discovery, health, home, introspect, invite, keys, openid, page, poll, register, revoke, servers, settings,
    setup, signin, signout, token, users,
};
use crate::http::answer::Answer;
use crate::http::method::Method::{self, Delete, Get, Head, Options, Post, Put};
use crate::http::request::Request;
use crate::store::Store;
use access::Access;
use path::Path;
use std::sync::Arc;

/// One row.
pub struct Route {
    method: Method,
    path: Path,
    access: Access,
    cors: Cors,
}

/// Who may read the answer.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Cors {
    /// Scripts of any origin, without cookies: machine-facing endpoints (OAuth 2.1 §3.2).
    AnyOrigin,
    /// Nobody else: everything that a person sees, and `/authorize` (OAuth 2.1 §3.1).
    None,
}

const fn row(method: Method, path: &'static str, access: Access, cors: Cors) -> Route {
    Route { method, path: Path::Exact(path), access, cors }
}

const fn well_known(name: &'static str, handler: fn(&App, &Request, &str) -> Answer) -> Route {
    Route { method: Get, path: Path::WellKnown(name), access: Access::AnyoneAt(handler), cors: Cors::AnyOrigin }
}

const fn below(method: Method, path: &'static str, access: Access, cors: Cors) -> Route {
    Route { method, path: Path::Below(path), access, cors }
}

/// Every request to the app is answered by one of these rows or refused.
#[rustfmt::skip]
static ROUTES: &[Route] = &[
    well_known("oauth-protected-resource",   discovery::protected_resource),
    well_known("oauth-authorization-server", discovery::authorization_server),
    well_known("openid-configuration",       discovery::openid_configuration),

    //  method path                   access                                                 cors
    row(Get,  "/jwks",                Access::Anyone(openid::jwks),                          Cors::AnyOrigin),
    row(Get,  "/userinfo",            Access::Client(openid::userinfo),                      Cors::AnyOrigin),
    row(Post, "/userinfo",            Access::Client(openid::userinfo),                      Cors::AnyOrigin),
    row(Post, "/register",            Access::Client(register::register),                    Cors::AnyOrigin),
    below(Get,    "/register",        Access::ClientAt(client_configuration::read),          Cors::AnyOrigin),
    below(Put,    "/register",        Access::ClientAt(client_configuration::update),        Cors::AnyOrigin),
    below(Delete, "/register",        Access::ClientAt(client_configuration::delete),        Cors::AnyOrigin),
    row(Post, "/token",               Access::Client(token::grant),                          Cors::AnyOrigin),
    row(Post, "/device_authorization", Access::Client(device_authorization::begin),         Cors::AnyOrigin),
    row(Post, "/revoke",              Access::Client(revoke::revoke),                        Cors::AnyOrigin),
    row(Post, "/introspect",          Access::Client(introspect::introspect),                Cors::AnyOrigin),

    row(Get,  "/poll",                Access::Client(poll::fetch),                           Cors::AnyOrigin),

    row(Get,  "/poll/start",          Access::Browser(poll::start),                          Cors::None),
    row(Get,  "/poll/callback",       Access::Browser(poll::callback),                       Cors::None),
    row(Get,  "/authorize",           Access::Browser(authorize::show),                      Cors::None),
    row(Post, "/authorize",           Access::Browser(authorize::show),                      Cors::None),
    row(Post, "/consent",             Access::Form(|app, _, who, form| consent::submit(app, who, form)), Cors::None),
    row(Get,  "/device",              Access::Browser(device::show),                         Cors::None),
    row(Post, "/device",              Access::Form(|app, _, who, form| device::submit(app, who, form)), Cors::None),
    row(Get,  "/signin",              Access::Browser(signin::show),                         Cors::None),
    row(Post, "/signin",              Access::Browser(signin::submit),                       Cors::None),
    row(Post, "/signout",             Access::Form(signout::submit),                         Cors::None),
    row(Get,  "/setup",               Access::Browser(setup::show),                          Cors::None),
    row(Post, "/setup",               Access::Browser(setup::submit),                        Cors::None),
    row(Get,  "/invite",              Access::Browser(invite::show),                         Cors::None),
    row(Post, "/invite",              Access::Browser(invite::submit),                       Cors::None),
    row(Get,  "/",                    Access::Page(home::show),                              Cors::None),
    row(Get,  "/connect",             Access::Page(connect::show),                           Cors::None),
    row(Get,  "/connect/arrived",     Access::Page(arrivals::show),                          Cors::None),
    row(Get,  "/servers",             Access::OwnerPage(servers::show),                      Cors::None),
    row(Post, "/servers/pause",       Access::OwnerForm(servers::pause),                     Cors::None),
    row(Post, "/servers/resume",      Access::OwnerForm(servers::resume),                    Cors::None),
    row(Post, "/servers/pause-everything", Access::OwnerForm(servers::pause_everything),     Cors::None),
    row(Post, "/servers/resume-everything", Access::OwnerForm(servers::resume_everything),   Cors::None),
    row(Get,  "/clients",             Access::OwnerPage(clients::show),                      Cors::None),
    row(Post, "/clients/add",         Access::OwnerForm(clients::add),                       Cors::None),
    row(Post, "/clients/remove",      Access::OwnerForm(clients::remove),                    Cors::None),
    row(Post, "/clients/pause",       Access::OwnerForm(clients::pause),                     Cors::None),
    row(Post, "/clients/resume",      Access::OwnerForm(clients::resume),                    Cors::None),
    row(Get,  "/keys",                Access::Page(keys::show),                              Cors::None),
    row(Post, "/keys/add",            Access::Form(keys::add),                               Cors::None),
    row(Post, "/keys/revoke",         Access::Form(keys::revoke),                            Cors::None),
    row(Get,  "/users",               Access::OwnerPage(users::show),                        Cors::None),
    row(Post, "/users/add",           Access::OwnerForm(users::add),                         Cors::None),
    row(Post, "/users/invite",        Access::OwnerForm(users::invite),                      Cors::None),
    row(Post, "/users/reset",         Access::OwnerForm(users::reset),                       Cors::None),
    row(Post, "/users/allow",         Access::OwnerForm(users::allow),                       Cors::None),
    row(Post, "/users/deny",          Access::OwnerForm(users::deny),                        Cors::None),
    row(Post, "/users/disable",       Access::OwnerForm(users::disable),                     Cors::None),
    row(Post, "/users/enable",        Access::OwnerForm(users::enable),                      Cors::None),
    row(Post, "/users/remove",        Access::OwnerForm(users::remove),                      Cors::None),
    row(Get,  "/settings",            Access::Page(settings::show),                          Cors::None),
    row(Post, "/settings/password",   Access::Form(settings::change_password),               Cors::None),
    row(Get,  "/trace",               Access::OwnerPage(attempts::show),                     Cors::None),
    row(Get,  "/activity",            Access::Page(activity::show),                          Cors::None),
    row(Post, "/connections/revoke",  Access::Form(connections::revoke),                     Cors::None),
    row(Post, "/connections/limit",   Access::Form(connections::limit),                      Cors::None),
    row(Post, "/connections/revoke-mine", Access::Form(connections::revoke_mine),            Cors::None),
    row(Post, "/connections/revoke-everything", Access::OwnerForm(connections::revoke_everything), Cors::None),

    row(Get,  "/style.css",           Access::Anyone(health::stylesheet),                    Cors::None),
    row(Get,  "/icon.svg",            Access::Anyone(health::icon),                          Cors::None),
    row(Get,  "/healthz",             Access::Anyone(health::health),                        Cors::None),
    row(Get,  "/metrics",             Access::Anyone(health::metrics),                       Cors::None),
];

/// Everything that the app's server needs to answer requests.
#[derive(Clone)]
pub struct Site(App);

impl Site {
    /// The site of one configuration and one store.
    pub fn new(config: Arc<Config>, store: Arc<Store>) -> Self {
        Self(App::new(config, store))
    }

    /// Answers a request.
    pub fn answer(&self, request: &Request) -> Answer {
        answer(&self.0, request)
    }

    /// The answer when something broke that should not.
    pub fn broken() -> Answer {
        crate::endpoints::internal_error()
    }
}

fn answer(app: &App, request: &Request) -> Answer {
    let here: Vec<(&Route, &str)> = ROUTES.iter().filter_map(|route| Some((route, route.path.matches(&request.path)?))).collect();
    let cors = here.first().map_or_else(|| cors_of_unknown(&request.path), |(route, _)| route.cors);
    let asked = if request.method == Head { Get } else { request.method };
    let answer = match here.iter().find(|(route, _)| route.method == asked) {
        Some((route, place)) => route.access.call(app, request, place),
        None if here.is_empty() => unknown(app, request),
        None if request.method == Options => preflight(&here, cors),
        None => Answer::error(405, "method_not_allowed", "the method is not allowed here").with("allow", allowed(&here)),
    };
    finish(app, request, answer, cors)
}

fn allowed(here: &[(&Route, &str)]) -> String {
    let mut words: Vec<&str> = here.iter().map(|(route, _)| route.method.as_str()).collect();
    if words.contains(&Get.as_str()) {
        words.push(Head.as_str());
    }
    words.join(", ")
}

/// Fetch standard, CORS preflight: answered before anything else is looked at.
fn preflight(here: &[(&Route, &str)], cors: Cors) -> Answer {
    let answer = Answer::empty(204).with("allow", allowed(here));
    if cors == Cors::None {
        return answer;
    }
    answer
        .with("access-control-allow-methods", "GET, POST, PUT, DELETE, OPTIONS")
        .with("access-control-allow-headers", "Authorization, Content-Type, Accept, MCP-Protocol-Version, DPoP")
        .with("access-control-max-age", "600")
}

/// Nothing here, in the language of whoever asks.
fn unknown(app: &App, request: &Request) -> Answer {
    let for_person = request.headers.first("accept").is_some_and(|accept| accept.contains("text/html"));
    match request.method {
        Get | Head if for_person && cors_of_unknown(&request.path) == Cors::None => {
            page::nothing_here(app, "There is nothing here", "This doorward has no page at this address.")
        }
        Get | Head | Post | Put | Delete | Options => Answer::error(404, "not_found", "there is nothing at this address"),
    }
}

/// Clients look for well-known documents in many places and must be able to read that there is none.
fn cors_of_unknown(path: &str) -> Cors {
    if path.contains("/.well-known/") { Cors::AnyOrigin } else { Cors::None }
}

fn finish(app: &App, request: &Request, mut answer: Answer, cors: Cors) -> Answer {
    if cors == Cors::AnyOrigin {
        answer.headers.set("access-control-allow-origin", "*");
        answer.headers.set("access-control-expose-headers", "WWW-Authenticate, Retry-After");
    }
    if app.config.issuer.secure && !request.by_loopback_name {
        answer.headers.set("strict-transport-security", "max-age=31536000");
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_person_sees_is_never_readable_from_another_origin() {
        for route in ROUTES {
            let personal = match route.access {
                Access::Anyone(_) | Access::AnyoneAt(_) | Access::Client(_) | Access::ClientAt(_) => false,
                Access::Browser(_) | Access::Page(_) | Access::Form(_) | Access::OwnerPage(_) | Access::OwnerForm(_) => true,
            };
            assert!(!personal || route.cors == Cors::None);
        }
    }

    #[test]
    fn every_form_and_every_row_for_owners_is_tried_by_somebody_who_may_not() {
        let tried = include_str!("../tests/conformance/dashboard.rs");
        for route in ROUTES {
            if let (Path::Exact(path), Access::Form(_) | Access::OwnerPage(_) | Access::OwnerForm(_)) = (&route.path, &route.access) {
                let row = format!("(\"{}\", \"{path}\")", route.method.as_str());
                assert!(tried.contains(&row), "{row} is missing in FOR_OWNERS or FOR_ANYBODY");
            }
        }
    }

    #[test]
    fn no_two_rows_answer_the_same_request() {
        for (at, route) in ROUTES.iter().enumerate() {
            let path = match route.path {
                Path::Exact(path) => path.to_owned(),
                Path::Below(parent) => format!("{parent}/x"),
                Path::WellKnown(_) => continue,
            };
            assert!(!ROUTES[at + 1..].iter().any(|other| other.method == route.method && other.path.matches(&path).is_some()), "{path}");
        }
    }
}
