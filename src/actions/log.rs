//! The audit log.

use super::{Done, Failure, done};
use crate::oauth::audit::{Entry, Wanted};
use crate::store::Store;

/// Most events in one answer.
const MOST: usize = 500;

/// The events that are wanted, newest first, at most [`MOST`]: whoever wants more asks for what came before those.
pub(super) fn read(store: &Store, wanted: Wanted) -> Result<Done, Failure> {
    let wanted = Wanted { limit: wanted.limit.min(MOST), ..wanted };
    Ok(done("", store.events(&wanted)?.iter().map(Entry::json).collect()))
}
