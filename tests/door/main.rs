//! The door from outside: hostile bytes, slow peers, exhaustion, and what reaches the back ends. In one process, over
//! real sockets; every client here writes bytes and nothing normalises them.

#![allow(
    unreachable_pub,
    missing_docs,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "nothing here is a library, it measures, and a child tells where it listens"
)]

mod app;
mod client;
mod demo;
mod fake;
mod figures;
mod framing;
mod gateway;
mod grant;
mod house;
mod limits;
mod probe;
mod streams;
