//! The listening socket and the threads behind it: one for each connection, with a small stack. Nothing that goes wrong
//! with one connection, or with accepting one, ends the accepting.

use super::app::App;
use super::capacity::{self, Capacity, Place};
use super::connection::{self, Client};
use super::context::Context;
use super::deadlines::Deadlines;
use super::refusal::Refused;
use super::stop::Stop;
use super::streams::Streams;
use super::wire::Wire;
use super::{Backends, log, poll, respond};
use crate::clock;
use crate::config::Config;
use crate::store::Store;
use rustix::event::{PollFd, PollFlags};
use socket2::{Domain, Protocol, SockAddr, Socket, Type};
use std::io;
use std::net::{IpAddr, Shutdown, SocketAddr};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Once};
use std::thread;
use std::time::Duration;

/// Connections that may wait to be accepted; std's 128 makes bursts wait for retransmissions.
const BACKLOG: i32 = 1024;
/// Enough for the deepest path through a connection, measured by the tests, four times over.
const STACK: usize = 256 * 1024;
/// After an `accept` that failed, so that a lack of descriptors is no busy loop.
const BREATH: Duration = Duration::from_millis(50);
/// For connections whose last answer was given to come to their end.
const LEAVE: Duration = Duration::from_secs(2);
/// How often a stop looks whether the last request has been answered.
const LOOK: Duration = Duration::from_millis(10);
/// Fewer connections than this can be felt in a household.
const WORTH_A_WORD: usize = 1024;
/// How long the watcher waits for news before it looks at expired and new streams anyway.
const WATCH: Duration = Duration::from_millis(250);

/// The door, bound and not yet open.
pub struct Door {
    listener: Socket,
    address: SocketAddr,
    descriptors: usize,
    deadlines: Deadlines,
}

impl Door {
    /// Takes the address, and as many file descriptors as the system allows.
    ///
    /// # Errors
    /// When the address cannot be listened on.
    pub fn bind(listen: SocketAddr) -> io::Result<Self> {
        let descriptors = capacity::raise_descriptor_limit();
        let listener = Socket::new(Domain::for_address(listen), Type::STREAM, Some(Protocol::TCP))?;
        listener.set_reuse_address(true)?;
        // Accepted sockets inherit both on Linux; elsewhere `welcome` sets them.
        listener.set_tcp_nodelay(true)?;
        listener.set_keepalive(true)?;
        listener.set_nonblocking(true)?;
        listener.bind(&SockAddr::from(listen))?;
        listener.listen(BACKLOG)?;
        let address = listener.local_addr()?.as_socket().ok_or(io::ErrorKind::AddrNotAvailable)?;
        Ok(Self { listener, address, descriptors, deadlines: Deadlines::default() })
    }

    /// Where it listens, with the port that the system chose.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Other deadlines than the usual.
    #[must_use]
    pub fn with_deadlines(mut self, deadlines: Deadlines) -> Self {
        self.deadlines = deadlines;
        self
    }

    /// Serves until `stop` is asked; returns when requests under way are answered, or have had their time.
    ///
    /// # Errors
    /// When there is no thread to be had at the start. Nothing that comes later is an error.
    pub fn serve(self, config: Arc<Config>, store: Arc<Store>, backends: Backends, stop: Stop) -> io::Result<()> {
        let connections = capacity::connections_for(self.descriptors, config.limits.connections);
        // The default is what a machine with room takes; only a small number is worth a word.
        if connections < config.limits.connections.min(WORTH_A_WORD) {
            let why = "as many as the limit on open files allows; raise it with ulimit -n or LimitNOFILE";
            log::line(&format!("at most {connections} connections at once"), &why);
        }
        let door = Arc::new(Context {
            app: App::new(backends.app, config.limits.workers),
            demo: backends.demo,
            streams: Streams::new(config.limits.streams.min((connections / 2).max(1))),
            capacity: Capacity::new(connections),
            busy: Arc::new(AtomicUsize::new(0)),
            deadlines: self.deadlines,
            config,
            store,
            stop,
            unnamed_proxy: Once::new(),
        });
        let watched = Arc::clone(&door);
        let watcher = thread::Builder::new().name("streams".into()).stack_size(STACK).spawn(move || watch(&watched))?;
        accept_until_stopped(&door, &self.listener);
        drop(self.listener);
        wait(door.deadlines.drain, || door.is_busy());
        door.streams.close_all();
        // Their threads hold the store; whoever called us wants to close it.
        wait(LEAVE, || !door.capacity.is_empty());
        if watcher.join().is_err() {
            log::line("the watcher of streams ended early", &"panic");
        }
        Ok(())
    }
}

fn accept_until_stopped(door: &Arc<Context>, listener: &Socket) {
    let mut failures = 0u64;
    while !door.stop.is_asked() {
        let mut fds = [PollFd::new(listener, PollFlags::IN), PollFd::new(&door.stop, PollFlags::IN)];
        let woken = poll::wait(&mut fds, clock::instant() + Duration::from_secs(3600));
        if door.stop.is_asked() {
            return;
        }
        match woken.and_then(|_| listener.accept()) {
            Ok((socket, peer)) => welcome(door, socket, &peer),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => {
                failures += 1;
                log::line(&format!("a connection could not be accepted, the {failures}th time"), &error);
                thread::sleep(BREATH);
            }
        }
    }
}

/// Gives a connection its thread, or sends it away.
fn welcome(door: &Arc<Context>, socket: Socket, peer: &SockAddr) {
    // A peer that reset the connection before we looked has no address and nothing to say.
    let Some(peer) = peer.as_socket().map(|address| address.ip()) else { return };
    #[cfg(not(target_os = "linux"))]
    if socket.set_tcp_nodelay(true).and_then(|()| socket.set_keepalive(true)).is_err() {
        return;
    }
    let socket = Arc::new(socket);
    let Some(place) = door.capacity.enter(peer, &door.config) else {
        log::line("a connection was sent away", &"too many are open");
        return send_away(door, socket);
    };
    let (shared, theirs) = (Arc::clone(door), Arc::clone(&socket));
    let spawned = thread::Builder::new().name("client".into()).stack_size(STACK).spawn(move || attend(&shared, theirs, peer, place));
    if let Err(error) = spawned {
        log::line("a connection was sent away", &error);
        send_away(door, socket);
    }
}

/// The whole of a connection's thread. The place is given back at its end, whatever the end is.
fn attend(door: &Context, socket: Arc<Socket>, peer: IpAddr, _place: Place) {
    let served = catch_unwind(AssertUnwindSafe(|| {
        if let Ok(wire) = Wire::new(socket) {
            connection::serve(door, Client { wire, peer });
        }
    }));
    if served.is_err() {
        log::line("a connection was given up", &"panic");
    }
}

/// Says 503, as far as that goes without waiting: this is the thread that accepts.
fn send_away(door: &Context, socket: Arc<Socket>) {
    let answer = respond::whole(&Refused::Crowded.answer(), false, true, &door.config);
    if let Ok(mut wire) = Wire::new(socket) {
        // Reading what is there already keeps the close from resetting the connection over it.
        let _ = wire.read().and(wire.write(&answer));
        let _ = wire.socket().shutdown(Shutdown::Write);
        let _ = wire.read();
    }
}

/// Waits as long as something is so, but no longer than `patience`. Connections between requests see the stop by
/// themselves.
fn wait(patience: Duration, is_so: impl Fn() -> bool) {
    let until = clock::instant() + patience;
    while is_so() && clock::instant() < until {
        thread::sleep(LOOK);
    }
}

/// Judges open streams whenever something has ended, and the due ones a few times a second.
fn watch(door: &Context) {
    let mut seen = 0;
    while !door.stop.is_asked() {
        let now = door.store.wait_for_endings(seen, WATCH);
        door.streams.judge(now != seen, &door.store, &door.config);
        seen = now;
    }
}
