//! What clients and strangers see, over HTTP only.
#![allow(missing_docs, clippy::disallowed_methods, reason = "tests say what they are for by their names, and some measure")]
mod support;

#[path = "conformance/flow.rs"]
mod flow;
#[path = "conformance/gateway.rs"]
mod gateway;
#[path = "conformance/known_clients.rs"]
mod known_clients;
#[path = "conformance/openid.rs"]
mod openid;
#[path = "conformance/pkce_exception.rs"]
mod pkce_exception;
#[path = "conformance/protected_resource.rs"]
mod protected_resource;
#[path = "conformance/token_lifecycle.rs"]
mod token_lifecycle;
