//! The trace of attempts to connect.

use super::{Done, done};
use crate::config::Config;
use crate::oauth::audit::Occasion;
use crate::oauth::trace_diagnosis::nothing_arrived;
use crate::oauth::trace_view::AttemptView;
use crate::store::Store;
use serde_json::json;

/// Most attempts in one answer.
const MOST: usize = 100;

/// The latest attempts, the latest last, each as it stands now; `after` leaves out those in which nothing has happened since
/// that step. And what it means that an app is not among them.
pub(super) fn read(store: &Store, config: &Config, occasion: &Occasion, after: Option<u64>) -> Done {
    let mut attempts: Vec<AttemptView> = attempts(store, config, occasion);
    attempts.retain(|attempt| after.is_none_or(|after| attempt.revision > after));
    let surplus = attempts.len().saturating_sub(MOST);
    attempts.drain(..surplus);
    let nothing = nothing_arrived(&config.issuer.origin);
    done("", json!({ "attempts": attempts, "nothing": { "sentence": nothing.sentence, "fix": nothing.fix } }))
}

/// Every attempt that is remembered, the one with the latest step last: for the dashboard, too.
pub fn attempts(store: &Store, config: &Config, occasion: &Occasion) -> Vec<AttemptView> {
    let mut attempts = store.attempts();
    attempts.sort_by_key(|attempt| attempt.revision);
    attempts.iter().map(|attempt| attempt.view(&config.issuer.origin, occasion.at)).collect()
}
