//! How long the door waits for what. The values are those of [`crate::http::limits`]; tests shorten them.

use crate::http::limits;
use std::time::Duration;

/// How long the door waits for what.
#[derive(Clone, Copy, Debug)]
pub struct Deadlines {
    /// From the first byte of a request head to its last.
    pub head: Duration,
    /// For the whole body of a request to the app.
    pub app_body: Duration,
    /// Between two pieces of a streamed body.
    pub body_stall: Duration,
    /// On a connection with nothing asked.
    pub idle: Duration,
    /// The same when connections are scarce.
    pub idle_when_crowded: Duration,
    /// For a peer to take what is written to it.
    pub write_stall: Duration,
    /// For an upstream to accept a connection.
    pub connect: Duration,
    /// Silence on an event stream before a comment is sent.
    pub heartbeat: Duration,
    /// For requests under way when the process is asked to stop.
    pub drain: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            head: limits::HEAD_DEADLINE,
            app_body: limits::APP_BODY_DEADLINE,
            body_stall: limits::BODY_STALL,
            idle: limits::IDLE,
            idle_when_crowded: limits::IDLE_WHEN_CROWDED,
            write_stall: limits::WRITE_STALL,
            connect: limits::CONNECT,
            heartbeat: limits::STREAM_HEARTBEAT,
            drain: limits::DRAIN,
        }
    }
}
