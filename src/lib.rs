//! doorward: OAuth for the MCP server you run at home.
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

pub mod clock;
pub mod config;
pub mod demo;
pub mod door;
pub mod http;
pub mod oauth;
pub mod random;
pub mod store;
