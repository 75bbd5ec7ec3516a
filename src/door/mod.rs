//! The door: what faces the network. A strict, streaming reverse proxy with two kinds of back end, the application and
//! the protected servers. Everything that comes from outside is read here first, once, and in bounds.
//!
//! | question | file |
//! |---|---|
//! | how are connections accepted, counted, ended? | [`listen`], [`capacity`], [`connection`], [`stop`] |
//! | what is a well-formed request? | [`head`], [`field`], [`target`], [`framing`], [`chunked`], [`body`], [`request`] |
//! | is it meant for us, and may that page ask? | [`host`], [`cors`] |
//! | in which order is it judged? | [`exchange`] |
//! | who answers it? | [`route`] |
//! | may it pass to a protected server? | [`gate`], [`session`], [`check`] |
//! | how does it get there and back? | [`relay`]: [`upstream`], [`send`], [`receive`], [`pump`] |
//! | how does it get to the app? | [`app`] |
//! | which fields travel? | [`headers`] there, [`answer_headers`] back, [`location`] |
//! | what may an upstream answer? | [`response_head`] |
//! | whose address is it? | [`client_address`] |
//! | what does the doctor get to see? | [`probe`] |
//! | which streams are open, and may they go on? | [`streams`] |
//! | why was it refused, and in which words? | [`refusal`], [`respond`] |
//! | what does the trace of attempts hear? | [`trace`] |
//! | how does it wait? | [`poll`], [`wire`], [`deadlines`] |
//!
//! It knows no OAuth but the gate, no HTML, and nothing of what is inside a message.

mod answer_headers;
mod app;
mod body;
mod capacity;
mod check;
mod chunked;
mod client_address;
mod connection;
mod context;
mod cors;
mod deadlines;
mod exchange;
mod field;
mod framing;
pub mod gate;
mod head;
mod headers;
mod host;
mod listen;
mod location;
mod log;
mod poll;
mod probe;
mod pump;
mod receive;
mod refusal;
mod relay;
mod request;
mod respond;
mod response_head;
mod route;
mod send;
mod session;
mod stop;
mod streams;
mod target;
#[cfg(test)]
pub(crate) mod testing;
mod trace;
mod upstream;
mod wire;

pub use deadlines::Deadlines;
pub use listen::Door;
pub use stop::Stop;

use std::path::PathBuf;

/// Where the back ends of this process are.
#[derive(Clone, Debug)]
pub struct Backends {
    /// The app's Unix socket.
    pub app: PathBuf,
    /// The demo server's Unix socket, where a server of the configuration is it.
    pub demo: Option<PathBuf>,
}
