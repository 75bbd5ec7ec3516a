//! A request to the app: complete, within limits, vetted by the door.

use super::headers::HeaderMap;
use super::method::Method;
use std::net::IpAddr;

/// The door tells the app the client's address in this field, and drops it from what clients send.
pub const PEER_FIELD: &str = "x-doorward-peer";
/// Set by the door when the request's `Host` was loopback rather than the public one.
pub const LOOPBACK_FIELD: &str = "x-doorward-loopback-host";

/// One request.
#[derive(Clone, Debug)]
pub struct Request {
    /// What to do.
    pub method: Method,
    /// To what: a canonical path.
    pub path: String,
    /// What follows the `?`; empty without one.
    pub query: String,
    /// Vetted fields.
    pub headers: HeaderMap,
    /// All of it.
    pub body: Vec<u8>,
    /// Whose request it is.
    pub peer: IpAddr,
    /// True when the browser spoke to us by a loopback name, over plain HTTP.
    pub by_loopback_name: bool,
}

impl Request {
    /// True when the body's media type is `wanted`, whatever parameters follow it. Two types are none.
    pub fn has_media_type(&self, wanted: &str) -> bool {
        let sent = self.headers.only("content-type").ok().flatten().unwrap_or_default();
        let media = sent.split(';').next().unwrap_or_default().trim();
        media.eq_ignore_ascii_case(wanted) && !sent.contains(',')
    }
}
