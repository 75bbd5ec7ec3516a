//! The request to stop: a flag that wakes whoever polls. What stopping means is decided by those who look at it.

use std::io;
use std::net::Shutdown;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A flag that is raised once and shared by its clones.
#[derive(Clone, Debug)]
pub struct Stop {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    asked: AtomicBool,
    /// Becomes readable for good, for every poller at once, when the other end is shut.
    watched: UnixStream,
    other: UnixStream,
}

impl Stop {
    /// A flag that is not raised.
    ///
    /// # Errors
    /// Without file descriptors.
    pub fn new() -> io::Result<Self> {
        let (watched, other) = UnixStream::pair()?;
        Ok(Self { inner: Arc::new(Inner { asked: AtomicBool::new(false), watched, other }) })
    }

    /// Raises the flag and wakes everyone. Harmless the second time.
    pub fn ask(&self) {
        self.inner.asked.store(true, Ordering::SeqCst);
        // The only failure is that it was shut before, by an earlier call.
        let _ = self.inner.other.shutdown(Shutdown::Both);
    }

    /// True once raised.
    pub fn is_asked(&self) -> bool {
        self.inner.asked.load(Ordering::SeqCst)
    }
}

impl AsFd for Stop {
    /// Readable once raised; never to be read from.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.inner.watched.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::event::{PollFd, PollFlags, Timespec, poll};

    #[test]
    fn asking_wakes_every_poller_and_keeps_waking() {
        let stop = Stop::new().unwrap();
        let other = stop.clone();
        let ready = |stop: &Stop| poll(&mut [PollFd::new(stop, PollFlags::IN)], Some(&Timespec { tv_sec: 0, tv_nsec: 0 })).unwrap() == 1;
        assert!(!ready(&stop) && !stop.is_asked());
        other.ask();
        other.ask();
        assert!(ready(&stop) && ready(&other) && ready(&stop) && stop.is_asked());
    }
}
