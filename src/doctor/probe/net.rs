//! Names and connections.

use crate::doctor::observed::Trouble;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// For a look-up: the system's own patience is longer than anybody's.
const LOOK_UP: Duration = Duration::from_secs(10);
/// For a connection.
pub(super) const CONNECT: Duration = Duration::from_secs(5);
/// Addresses of one name that are looked at.
const ADDRESSES: usize = 8;

/// The addresses of a name, by this machine's resolver; none where it knows none or takes too long.
pub(in crate::doctor) fn look_up(host: &str) -> Vec<IpAddr> {
    let asked = (host.trim_matches(['[', ']']).to_owned(), 0);
    let (answer, waiting) = mpsc::channel();
    // The system's call cannot be called off; its thread ends when it does, or with the process.
    thread::spawn(move || answer.send(asked.to_socket_addrs().map(|found| found.map(|address| address.ip()).collect::<Vec<_>>())));
    let found = waiting.recv_timeout(LOOK_UP).ok().and_then(Result::ok).unwrap_or_default();
    let mut addresses: Vec<IpAddr> = Vec::new();
    for address in found {
        if !addresses.contains(&address) && addresses.len() < ADDRESSES {
            addresses.push(address);
        }
    }
    addresses
}

/// Whether a connection can be made.
pub(in crate::doctor) fn connect(address: SocketAddr) -> Result<(), Trouble> {
    TcpStream::connect_timeout(&address, CONNECT).map(|_| ()).map_err(|error| trouble(&error))
}

/// What went wrong, in our terms.
#[expect(clippy::wildcard_enum_match_arm, reason = "the kinds are the system's, and most never happen here")]
pub(super) fn trouble(error: &io::Error) -> Trouble {
    match error.kind() {
        ErrorKind::ConnectionRefused => Trouble::Refused,
        ErrorKind::TimedOut | ErrorKind::WouldBlock => Trouble::Slow,
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable | ErrorKind::AddrNotAvailable => Trouble::Unreachable,
        ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted | ErrorKind::BrokenPipe => Trouble::Closed,
        _ => Trouble::Other(error.to_string()),
    }
}
