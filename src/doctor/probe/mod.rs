//! The doctor's hands: look-ups, connections, requests, files. Everything that is read is bounded in size and time, no
//! redirect is followed, and no token or secret is ever sent; the ticket of [`crate::oauth::probe`] is neither.

pub(super) mod files;
pub(super) mod net;
pub(super) mod tls;
pub(super) mod web;
