//! Sizes and deadlines at the network's edge. One page, so that they can be judged together.

use std::time::Duration;

/// Request line and fields together, in bytes; beyond it 431.
pub const HEAD_BYTES: usize = 16 * 1024;
/// Fields in one request; beyond it 431.
pub const HEAD_FIELDS: usize = 64;
/// A body for the app's own endpoints, in bytes; beyond it 413.
pub const APP_BODY_BYTES: u64 = 64 * 1024;
/// A body for a protected server, in bytes; beyond it 413.
pub const SERVER_BODY_BYTES: u64 = 64 * 1024 * 1024;
/// One line that introduces a chunk, with its extensions, in bytes.
pub const CHUNK_LINE_BYTES: usize = 256;
/// Trailer section after a chunked body, in bytes; trailers are read and dropped.
pub const TRAILER_BYTES: usize = 4 * 1024;
/// An upstream's response head, in bytes.
pub const RESPONSE_HEAD_BYTES: usize = 32 * 1024;
/// Fields in an upstream's response.
pub const RESPONSE_HEAD_FIELDS: usize = 100;

/// From the first byte of a request head to its last.
pub const HEAD_DEADLINE: Duration = Duration::from_secs(10);
/// For the whole body of a request to the app.
pub const APP_BODY_DEADLINE: Duration = Duration::from_secs(15);
/// Between two pieces of a streamed body.
pub const BODY_STALL: Duration = Duration::from_secs(30);
/// A connection kept open with nothing asked.
pub const IDLE: Duration = Duration::from_secs(60);
/// The same when connections are scarce.
pub const IDLE_WHEN_CROWDED: Duration = Duration::from_secs(5);
/// For a peer to take what is written to it.
pub const WRITE_STALL: Duration = Duration::from_secs(20);
/// For an upstream to accept a connection.
pub const CONNECT: Duration = Duration::from_secs(5);
/// Silence on an event stream after which a comment is sent, so that nothing in between gives up on it.
pub const STREAM_HEARTBEAT: Duration = Duration::from_secs(20);
/// For requests under way when the process is asked to stop.
pub const DRAIN: Duration = Duration::from_secs(10);
