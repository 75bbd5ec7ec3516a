//! What every connection of one door shares.

use super::app::App;
use super::capacity::Capacity;
use super::deadlines::Deadlines;
use super::stop::Stop;
use super::streams::Streams;
use crate::config::Config;
use crate::store::Store;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Once};

/// Shared, and never changed after the door has opened, but for its counts.
pub(super) struct Context {
    pub(super) config: Arc<Config>,
    pub(super) store: Arc<Store>,
    pub(super) app: App,
    /// The socket of the demo server, where there is one.
    pub(super) demo: Option<PathBuf>,
    pub(super) streams: Arc<Streams>,
    pub(super) capacity: Arc<Capacity>,
    pub(super) busy: Arc<AtomicUsize>,
    pub(super) stop: Stop,
    /// That a proxy is not trusted is said once.
    pub(super) unnamed_proxy: Once,
    pub(super) deadlines: Deadlines,
}

/// One request under way, counted so that a stop can wait for it. Streams that a client listens to
/// give theirs back early: nobody waits for their end.
#[derive(Debug)]
pub(super) struct Busy(Arc<AtomicUsize>);

impl Context {
    pub(super) fn begin(&self) -> Busy {
        self.busy.fetch_add(1, Ordering::SeqCst);
        Busy(Arc::clone(&self.busy))
    }

    pub(super) fn is_busy(&self) -> bool {
        self.busy.load(Ordering::SeqCst) > 0
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}
