//! The long answers that are open right now: counted against a cap, judged again when something that tokens depend on
//! has ended, and closed from outside when they may not go on (MCP 2026-07-28 *access token usage*: every request, and
//! so every stream, stands on a valid token).

use super::gate::{self, Credential, Pass};
use crate::clock;
use crate::config::{Config, Server};
use crate::oauth::error::Refusal;
use crate::store::Store;
use socket2::Socket;
use std::collections::HashMap;
use std::net::Shutdown;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The registry.
pub(super) struct Streams {
    most: usize,
    taken: AtomicUsize,
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    next: u64,
    streams: HashMap<u64, Stream>,
}

/// What is needed to judge a stream again and to end it.
struct Stream {
    server: String,
    credential: Credential,
    client: Arc<Socket>,
    /// The answer to a call, which was admitted once and for all: it may outlive its credential, but not what that stood on.
    answers: bool,
    /// Not judged since it was entered: its credential may have ended between its admission and its entry here.
    fresh: bool,
    expires_at: Option<clock::UnixTime>,
    /// The end of what the credential stands on: an answer does not outlive that either.
    ends_at: Option<clock::UnixTime>,
}

impl Stream {
    /// True when its time has come, so that it has to be judged.
    fn is_due(&self, now: clock::UnixTime) -> bool {
        let come = |end: Option<clock::UnixTime>| end.is_some_and(|end| end.has_come(now));
        self.fresh || come(self.ends_at) || (!self.answers && come(self.expires_at))
    }
}

/// The right to one stream, counted.
pub(super) struct Slot {
    streams: Arc<Streams>,
}

/// One stream in the registry.
pub(super) struct Entry {
    slot: Slot,
    id: u64,
}

impl Streams {
    pub(super) fn new(most: usize) -> Arc<Self> {
        Arc::new(Self { most, taken: AtomicUsize::new(0), open: Mutex::default() })
    }

    /// Counts one more stream; nothing when there is no room.
    pub(super) fn reserve(self: &Arc<Self>) -> Option<Slot> {
        let slot = self.count();
        (self.taken.load(Ordering::Relaxed) <= self.most).then_some(slot)
    }

    /// Counts an answer that became a long one under way. It is not cut for being one too many.
    pub(super) fn count(self: &Arc<Self>) -> Slot {
        self.taken.fetch_add(1, Ordering::Relaxed);
        Slot { streams: Arc::clone(self) }
    }

    /// One judgement of the open streams: all of them, or only those that are new or past their time.
    pub(super) fn judge(&self, all: bool, store: &Store, config: &Config) {
        let now = clock::now();
        let mut due: Vec<(u64, String, Credential, bool)> = Vec::new();
        for (id, stream) in &mut self.lock().streams {
            if all || stream.is_due(now) {
                stream.fresh = false;
                due.push((*id, stream.server.clone(), stream.credential, stream.answers));
            }
        }
        // The store is asked without the lock: whoever opens a stream must not wait for it.
        for (id, path, credential, answers) in due {
            let server = config.servers.iter().find(|server| server.resource.path == path);
            match server.map(|server| judged(store, server, credential, answers)) {
                Some(Judged::GoesOn(until)) => self.note_ends(id, until),
                Some(Judged::Unknown) => {}
                Some(Judged::Ends) | None => self.close(id),
            }
        }
    }

    /// The ends of a stream that goes on: they may have been put off, or set, since it was entered.
    fn note_ends(&self, id: u64, until: Option<Until>) {
        if let (Some(stream), Some(until)) = (self.lock().streams.get_mut(&id), until) {
            (stream.expires_at, stream.ends_at) = (until.expires_at, until.ends_at);
        }
    }

    /// Ends all streams, at the end of the process.
    pub(super) fn close_all(&self) {
        let ids: Vec<u64> = self.lock().streams.keys().copied().collect();
        for id in ids {
            self.close(id);
        }
    }

    /// Shuts the client's side. The thread that serves it sees the client gone, and ends the upstream's side as always.
    fn close(&self, id: u64) {
        if let Some(stream) = self.lock().streams.get(&id) {
            // It fails only on a connection that is gone already.
            let _ = stream.client.shutdown(Shutdown::Both);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// When a stream has to be judged next.
struct Until {
    expires_at: Option<clock::UnixTime>,
    ends_at: Option<clock::UnixTime>,
}

/// What becomes of a stream.
enum Judged {
    /// It goes on, until then where that is known anew.
    GoesOn(Option<Until>),
    /// The store cannot answer: it ends no stream, and will be asked again.
    Unknown,
    Ends,
}

/// A call under way when its token expires is answered: clients renew for the next call, and would lose this one.
fn judged(store: &Store, server: &Server, credential: Credential, answers: bool) -> Judged {
    match gate::readmit(store, server, credential) {
        Ok(admitted) => Judged::GoesOn(Some(Until { expires_at: admitted.expires_at(), ends_at: admitted.ends_at() })),
        Err(Refusal::Unavailable) => Judged::Unknown,
        Err(Refusal::TokenExpired | Refusal::KeyExpired) if answers => Judged::GoesOn(None),
        Err(_) => Judged::Ends,
    }
}

impl Slot {
    /// Enters the stream that the slot was for: the answer to a call, or one that somebody listens to.
    pub(super) fn enter(self, pass: &Pass, server: &Server, client: &Arc<Socket>, answers: bool) -> Entry {
        let stream = Stream {
            server: server.resource.path.clone(),
            credential: pass.credential,
            client: Arc::clone(client),
            answers,
            fresh: true,
            expires_at: pass.admitted.expires_at(),
            ends_at: pass.admitted.ends_at(),
        };
        let mut open = self.streams.lock();
        let id = open.next;
        open.next += 1;
        open.streams.insert(id, stream);
        drop(open);
        Entry { slot: self, id }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.streams.taken.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.slot.streams.lock().streams.remove(&self.id);
    }
}
