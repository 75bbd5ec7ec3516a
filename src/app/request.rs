//! From tiny_http's request to a plain value.

use crate::http::headers::HeaderMap;
use crate::http::limits::APP_BODY_BYTES;
use crate::http::method::Method;
use crate::http::path::CanonicalPath;
use crate::http::request::{LOOPBACK_FIELD, PEER_FIELD, Request};
use std::io::Read;
use std::net::{IpAddr, Ipv4Addr};

/// Nothing when it is not as the door sends requests.
pub(super) fn read(incoming: &mut tiny_http::Request) -> Option<Request> {
    let method = Method::parse(incoming.method().as_str())?;
    let (path, query) = incoming.url().split_once('?').unwrap_or((incoming.url(), ""));
    let (path, query) = (CanonicalPath::parse(path)?.as_str().to_owned(), query.to_owned());
    let fields = incoming.headers().iter();
    let headers: HeaderMap = fields.map(|field| (field.field.as_str().as_str().to_owned(), field.value.as_str().to_owned())).collect();
    let mut body = Vec::new();
    incoming.as_reader().take(APP_BODY_BYTES + 1).read_to_end(&mut body).ok()?;
    if body.len() as u64 > APP_BODY_BYTES {
        return None;
    }
    let peer = headers.first(PEER_FIELD).and_then(|text| text.parse().ok()).unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    let by_loopback_name = headers.first(LOOPBACK_FIELD).is_some();
    Some(Request { method, path, query, headers, body, peer, by_loopback_name })
}
