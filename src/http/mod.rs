//! Plain values of HTTP that the door and the app share. No sockets, no policy.
//!
//! | value | file |
//! |---|---|
//! | request method | [`method`] |
//! | field names and values | [`headers`] |
//! | a path nobody can read in two ways | [`path`] |
//! | cookies | [`cookies`] |
//! | a request to the app | [`request`] |
//! | an answer made here | [`answer`] |
//! | a date | [`date`] |
//! | sizes and deadlines | [`limits`] |

pub mod answer;
pub mod cookies;
pub mod date;
pub mod headers;
pub mod limits;
pub mod method;
pub mod path;
pub mod request;
