//! The door from outside: hostile bytes, slow peers, exhaustion, and what reaches the back ends. In one process, over
//! real sockets; every client here writes bytes and nothing normalises them.

#![allow(unreachable_pub, missing_docs, reason = "nothing here is a library")]

mod app;
mod client;
mod fake;
mod framing;
mod gateway;
mod house;
mod limits;
mod streams;
