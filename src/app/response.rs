//! From a plain value to tiny_http's response: always with a length, always from memory.

use crate::http::answer::Answer;
use std::io::Cursor;
use tiny_http::{Header, Response};

/// Fields that tiny_http cannot hold are left out; none of ours is such.
pub(super) fn from(answer: Answer) -> Response<Cursor<Vec<u8>>> {
    let mut response = Response::from_data(answer.body).with_status_code(answer.status);
    for (name, value) in answer.headers.iter() {
        if let Ok(header) = Header::from_bytes(name.as_bytes(), value.as_bytes()) {
            response.add_header(header);
        }
    }
    response
}
