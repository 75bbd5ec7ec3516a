//! The life of one client connection: request after request until one side has had enough.

use super::context::Context;
use super::exchange::{self, After};
use super::refusal::Refused;
use super::request::{self, Next};
use super::respond;
use super::wire::Wire;
use crate::http::limits::SERVER_BODY_BYTES;
use std::net::IpAddr;
use std::time::Duration;

/// For a client to see our last answer while it is still sending.
const FAREWELL: Duration = Duration::from_secs(1);
/// What it may send meanwhile, in bytes: as much as a server would have been sent. A proxy in front of us that cannot get
/// rid of a body answers 502 in our place, and a client that is told so never learns that its token has ended.
const FAREWELL_BYTES: u64 = SERVER_BODY_BYTES;

/// Who is on the other side.
pub(super) struct Client {
    pub(super) wire: Wire,
    /// The socket's peer, which need not be the client itself.
    pub(super) peer: IpAddr,
}

/// Serves a connection to its end.
pub(super) fn serve(door: &Context, mut client: Client) {
    loop {
        let after = match request::next(door, &mut client.wire) {
            Next::Request(head, content) => exchange::serve(door, &mut client, head, content),
            Next::Refused(refused) => dismiss(door, &client, refused),
            Next::Over => After::Gone,
        };
        match after {
            After::Next => {}
            After::Close => return client.wire.close_gently(FAREWELL, FAREWELL_BYTES),
            After::Gone => return,
        }
    }
}

/// Answers what was no request. Where the next one would begin is anybody's guess, so there is none.
fn dismiss(door: &Context, client: &Client, refused: Refused) -> After {
    let bytes = respond::whole(&refused.answer(), false, true, &door.config);
    match client.wire.write_all(&bytes, door.deadlines.write_stall) {
        Ok(()) => After::Close,
        Err(_) => After::Gone,
    }
}
