//! What clients and strangers see, over HTTP only.
#![allow(missing_docs, clippy::disallowed_methods, reason = "tests say what they are for by their names, and some measure")]
mod support;

#[path = "conformance/authorization.rs"]
mod authorization;
#[path = "conformance/authorization_security.rs"]
mod authorization_security;
#[path = "conformance/discovery.rs"]
mod discovery;
#[path = "conformance/flow.rs"]
mod flow;
#[path = "conformance/gateway.rs"]
mod gateway;
#[path = "conformance/pages.rs"]
mod pages;
#[path = "conformance/protected_resource.rs"]
mod protected_resource;
#[path = "conformance/registration.rs"]
mod registration;
#[path = "conformance/token_lifecycle.rs"]
mod token_lifecycle;
