//! One running doorward for the tests of a file that do not disturb one another, and one sign-in for all of them.
//!
//! The first test starts it, the last one that holds it stops it: nothing outlives the test process, and a test that
//! runs alone is merely a little slower.

use super::browser::Browser;
use super::upstream::Upstream;
use super::{Doorward, OWNER, PASSWORD, Setup};
use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// A running doorward with its upstream and a browser in which the owner is signed in.
pub struct Shared {
    pub doorward: Doorward,
    pub upstream: Upstream,
    signed_in: Browser,
}

impl Deref for Shared {
    type Target = Doorward;
    fn deref(&self) -> &Doorward {
        &self.doorward
    }
}

impl Shared {
    /// The owner's browser. Every copy has the same session and a cookie jar of its own.
    pub fn owner(&self) -> Browser {
        self.signed_in.clone()
    }

    /// A browser that was never here.
    pub fn stranger(&self) -> Browser {
        Browser::new(self.address)
    }
}

/// Where a file keeps its doorward.
pub struct Slot(Mutex<Weak<Shared>>);

impl Slot {
    pub const fn new() -> Self {
        Self(Mutex::new(Weak::new()))
    }

    /// The doorward of this slot, started if nobody holds it.
    pub fn get(&self, setup: impl FnOnce(&Upstream) -> Setup) -> Arc<Shared> {
        let mut slot = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(running) = slot.upgrade() {
            return running;
        }
        let upstream = Upstream::json();
        let doorward = Doorward::with(setup(&upstream));
        let mut signed_in = Browser::new(doorward.address);
        let page = signed_in.get("/signin");
        assert_eq!(signed_in.sign_in(&page, OWNER, PASSWORD).status, 200);
        let shared = Arc::new(Shared { doorward, upstream, signed_in });
        *slot = Arc::downgrade(&shared);
        shared
    }
}
