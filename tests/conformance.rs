//! What clients and strangers see, over HTTP only.
#![allow(missing_docs, reason = "tests say what they are for by their names")]
mod support;

#[path = "conformance/flow.rs"]
mod flow;
