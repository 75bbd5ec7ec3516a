//! doorward: OAuth for the MCP server you run at home. One binary that is the authorization server, the sign-in and
//! consent pages, and the gate in front of any MCP server.
//!
//! ```text
//! client → door → ┬ a server's path  → oauth::bearer::admit → relay → the MCP server
//!                 ├ /auth/check      → oauth::bearer::admit → 200 · 401 · 403
//!                 └ everything else  → relay → app (tiny_http) → routes → endpoints → { oauth, store, pages }
//! ```
//!
//! Where to look first:
//!
//! | question | file |
//! |---|---|
//! | may this redirect URI be used? | [`oauth::redirect_uri`] |
//! | what happens if a code is sent twice? | [`oauth::code`] |
//! | what if a refresh token is? | [`oauth::refresh`] |
//! | why did I get `invalid_target`? | [`oauth::error`] |
//! | who may call `/register`? | [`routes`], column *access* |
//! | how does `POST /token` travel? | [`endpoints::token`], then [`oauth::code`] or [`oauth::refresh`], then [`store`] |
//! | who judges `POST /mcp`? | [`door::gate`], by [`oauth::bearer`] |
//! | why did I get 429? | [`oauth::rates`], for passwords [`oauth::throttle`] |
//! | what is stored about a token? | [`store::record`], [`manual::storage`] |
//! | who strips the `Authorization` header? | [`door`], `headers.rs` |
//! | what does the consent page get to see? | [`pages::views`] |
//! | what is told in the log, and when is it forgotten? | [`oauth::audit_kinds`], [`oauth::audit`] |
//! | why did an app not connect? | [`oauth::trace_diagnosis`], [`oauth::trace_correlation`] |
//! | how does the doctor know who is in the way? | [`doctor`], `judge/product/` |
//! | why is it built this way? | [`manual::decisions`], [`manual::pages`] |
//!
//! Nothing calls back up: `cli`, then `doctor`, `app` and `door` and `control`, then `routes`, `endpoints` and `actions`, then
//! `pages`, `config` and `store`, and `oauth` as the ground on which everything stands. `tests/layers.rs` holds the table.
// Nothing a peer sends may panic a worker.
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

pub mod actions;
pub mod app;
pub mod calendar;
pub mod cli;
pub mod clock;
pub mod config;
pub mod control;
pub mod demo;
pub mod doctor;
pub mod door;
pub mod endpoints;
pub mod http;
pub mod manual;
pub mod oauth;
pub mod pages;
pub mod password;
pub mod random;
pub mod routes;
pub mod store;
