//! `doorward doctor`: looks at the public address from this machine and through whatever stands in between, and says in
//! sentences what keeps clients out and how to mend it.
//!
//! | question | file |
//! |---|---|
//! | what is looked at, in which order? | [`examination`] |
//! | what does a check come to? | [`finding`] |
//! | what is brought back? | [`observed`] |
//! | how is it brought? | [`probe`]: [`probe::net`], [`probe::tls`], [`probe::web`], [`probe::files`] |
//! | what does it mean? | [`judge`]: [`judge::settings`], [`judge::machine`], [`judge::address`], [`judge::way`], [`judge::path`], [`judge::agents`], [`judge::stream`] |
//! | who answered instead of us? | [`judge::product`] |
//!
//! The judges are pure; `tests/layers.rs` holds them to it. What comes back from the network is believed in nothing: it
//! is bounded, and shown only as [`crate::oauth::text::Shown`].

mod examination;
mod finding;
mod judge;
mod observed;
mod probe;

pub use examination::{Authority, Check, News, Patient, examine, read_authorities};
pub use finding::{Finding, State};
