//! What clients and strangers see, over HTTP only.
#![allow(missing_docs, reason = "tests say what they are for by their names")]
mod support;

#[path = "conformance/authorization.rs"]
mod authorization;
#[path = "conformance/authorization_security.rs"]
mod authorization_security;
#[path = "conformance/discovery.rs"]
mod discovery;
#[path = "conformance/flow.rs"]
mod flow;
#[path = "conformance/pages.rs"]
mod pages;
#[path = "conformance/registration.rs"]
mod registration;
