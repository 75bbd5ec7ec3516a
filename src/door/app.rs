//! The way to the application: a few connections to its Unix socket, kept open, each used by one request at a time.
//! The app's server must never wait for a client, so requests go in whole and answers come out whole.

use super::body::Body;
use super::log;
use super::refusal::Refused;
use super::response_head::{self, ResponseHead};
use super::wire::{Got, Wire};
use crate::clock;
use crate::http::answer::Answer;
use crate::http::headers::HeaderMap;
use socket2::{Domain, SockAddr, Socket, Type};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// For a connection to become free.
const LEASE: Duration = Duration::from_secs(10);
/// For the app to answer.
const ANSWER: Duration = Duration::from_secs(30);
/// For the app to take a request.
const STALL: Duration = Duration::from_secs(5);
/// Largest answer of the app's, in bytes.
const ANSWER_BYTES: usize = 16 * 1024 * 1024;

/// The pool. A slot is empty until its connection is needed, and again after an exchange that did not end cleanly.
pub(super) struct App {
    path: PathBuf,
    free: Mutex<Vec<Option<Wire>>>,
    freed: Condvar,
    opening: Mutex<()>,
}

/// One slot, taken out of the pool; it returns whatever happens.
struct Lease<'a> {
    app: &'a App,
    wire: Option<Wire>,
}

impl App {
    /// A pool of that many connections, opened now if the app is there, else when needed.
    pub(super) fn new(path: PathBuf, connections: usize) -> Self {
        let app = Self { path, free: Mutex::default(), freed: Condvar::new(), opening: Mutex::new(()) };
        let opened = (0..connections.max(1)).map(|_| app.open().ok()).collect();
        *app.lock() = opened;
        app
    }

    /// Sends one request, head and content, and gives the answer without what concerned only this hop.
    pub(super) fn ask(&self, request: &[u8], to_head: bool) -> Result<Answer, Refused> {
        let mut lease = self.lease()?;
        let failed = |error: io::Error| {
            log::line("the application did not answer", &error.kind());
            Refused::AppFailed
        };
        let mut wire = match lease.wire.take().and_then(still_good) {
            Some(wire) => wire,
            None => self.open().map_err(failed)?,
        };
        let (answer, reusable) = exchange(&mut wire, request, to_head).map_err(failed)?;
        lease.wire = Some(wire).filter(|_| reusable);
        Ok(answer)
    }

    fn lease(&self) -> Result<Lease<'_>, Refused> {
        let free = self.lock();
        let waited = self.freed.wait_timeout_while(free, LEASE, |free| free.is_empty());
        let (mut free, _) = waited.unwrap_or_else(PoisonError::into_inner);
        let wire = free.pop().ok_or(Refused::AppBusy)?;
        Ok(Lease { app: self, wire })
    }

    /// Opens a connection and sees one request through on it, and does so for one connection at a time: tiny_http 0.12
    /// can leave connections that arrive together without a thread, for as long as the others stay open.
    fn open(&self) -> io::Result<Wire> {
        let _one_at_a_time = self.opening.lock().unwrap_or_else(PoisonError::into_inner);
        let mut wire = connect(&self.path)?;
        exchange(&mut wire, b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n", false)?;
        Ok(wire)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Option<Wire>>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        self.app.lock().push(self.wire.take());
        self.app.freed.notify_one();
    }
}

/// An idle connection on which the app said something, or hung up, is of no use any more.
fn still_good(mut wire: Wire) -> Option<Wire> {
    matches!(wire.read(), Ok(Got::Nothing)).then_some(wire)
}

/// A connected Unix socket.
pub(super) fn connect(path: &Path) -> io::Result<Wire> {
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.connect(&SockAddr::unix(path)?)?;
    Wire::new(Arc::new(socket))
}

/// One request and its answer; the second value says whether the connection is as good as new.
fn exchange(wire: &mut Wire, request: &[u8], to_head: bool) -> io::Result<(Answer, bool)> {
    wire.write_all(request, STALL)?;
    let until = clock::instant() + ANSWER;
    let ResponseHead { status, headers, length, announced, keep_alive } = head(wire, to_head, until)?;
    let mut content = Body::new(length);
    let mut body = Vec::new();
    loop {
        content.take(wire, &mut body, ANSWER_BYTES).map_err(|_| io::ErrorKind::InvalidData)?;
        if body.len() >= ANSWER_BYTES {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        if content.is_over() {
            break;
        }
        if wire.fill(until)? == Got::End && !content.ends_here() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    let reusable = keep_alive && wire.buffered().is_empty();
    let mut headers = without_framing(&headers);
    // Only the app knows how long the content would have been that HEAD leaves out.
    if let Some(bytes) = announced.filter(|_| to_head) {
        headers.set("content-length", bytes.to_string());
    }
    Ok((Answer { status, headers, body }, reusable))
}

fn head(wire: &mut Wire, to_head: bool, until: Instant) -> io::Result<ResponseHead> {
    loop {
        let end = response_head::find_end(wire.buffered(), 0).map_err(|_| io::ErrorKind::InvalidData)?;
        if let Some(end) = end {
            let parsed = response_head::parse(wire.buffered().get(..end).unwrap_or_default(), to_head);
            wire.consume(end);
            return parsed.map_err(|_| io::ErrorKind::InvalidData.into());
        }
        if wire.fill(until)? == Got::End {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}

/// The app's answer is ours, all but the fields that framed it on this hop and the name of its server.
fn without_framing(headers: &HeaderMap) -> HeaderMap {
    let here = ["connection", "content-length", "keep-alive", "server", "te", "trailer", "transfer-encoding", "upgrade"];
    headers.iter().filter(|(name, _)| !here.contains(name)).collect()
}
