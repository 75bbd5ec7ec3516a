//! What clients and strangers see, over HTTP only.
#![allow(missing_docs, clippy::disallowed_methods, reason = "tests say what they are for by their names, and some measure")]
mod support;

#[path = "conformance/bridge.rs"]
mod bridge;
#[path = "conformance/consent_choice.rs"]
mod consent_choice;
#[path = "conformance/device.rs"]
mod device;
#[path = "conformance/flow.rs"]
mod flow;
#[path = "conformance/gateway.rs"]
mod gateway;
#[path = "conformance/protected_resource.rs"]
mod protected_resource;
#[path = "conformance/token_lifecycle.rs"]
mod token_lifecycle;
