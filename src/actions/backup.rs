//! A backup: every record of one moment, as a file that says itself whether it is whole.

use super::{Done, Failure};
use crate::clock;
use crate::store::Store;
use serde_json::json;

/// Takes one. Where it goes is the business of whoever asked: nothing is written to a place that a request names.
pub(super) fn take(store: &Store) -> Result<Done, Failure> {
    // What is in memory alone so far belongs to this moment, too.
    store.settle()?;
    let taken = store.snapshot(clock::now())?;
    let data = json!({ "records": taken.header.records, "bytes": taken.bytes.len(), "taken_at": taken.header.taken_at.0 });
    Ok(Done { message: String::new(), data, attached: taken.bytes })
}
