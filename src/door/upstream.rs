//! The way to a protected server: one connection for one request, so that nothing of one exchange can reach another,
//! and the address of what is asked there.

use super::app;
use super::context::Context;
use super::log;
use super::refusal::Refused;
use super::wire::Wire;
use crate::clock;
use crate::config::{Server, Upstream};
use socket2::{Domain, Protocol, SockAddr, Socket, TcpKeepalive, Type};
use std::io;
use std::net::ToSocketAddrs;
use std::sync::Arc;
use std::time::Duration;

/// Silence after which the system asks whether an upstream is still there at all.
const KEEPALIVE: Duration = Duration::from_secs(60);

/// Connects to what stands behind `server`.
pub(super) fn connect(server: &Server, door: &Context) -> Result<Wire, Refused> {
    let connected = match (&server.upstream, &door.demo) {
        (Upstream::Demo, Some(path)) => app::connect(path),
        (Upstream::Demo, None) => Err(io::ErrorKind::NotFound.into()),
        (Upstream::Http { host, port, .. }, _) => tcp(host, *port, door.deadlines.connect),
    };
    connected.map_err(|error| {
        log::line(&format!("the upstream of {} cannot be reached", server.resource.path), &error);
        Refused::UpstreamUnreachable
    })
}

/// Tries the addresses of `host` in turn, all within one deadline.
fn tcp(host: &str, port: u16, patience: Duration) -> io::Result<Wire> {
    let until = clock::instant() + patience;
    let mut last = io::Error::from(io::ErrorKind::NotFound);
    for address in (host, port).to_socket_addrs()? {
        let left = until.saturating_duration_since(clock::instant()).max(Duration::from_millis(1));
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
        socket.set_tcp_nodelay(true)?;
        socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(KEEPALIVE))?;
        match socket.connect_timeout(&SockAddr::from(address), left) {
            Ok(()) => return Wire::new(Arc::new(socket)),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// The `Host` that the upstream is asked by, from the configuration and never from the client.
pub(super) fn host(upstream: &Upstream) -> String {
    match upstream {
        Upstream::Demo => "localhost".into(),
        Upstream::Http { host, port, .. } => {
            let host = if host.contains(':') { format!("[{host}]") } else { host.clone() };
            if *port == 80 { host } else { format!("{host}:{port}") }
        }
    }
}

/// The upstream's path for the part `rest` of ours: kept byte for byte behind the upstream's own beginning.
pub(super) fn path(upstream: &Upstream, rest: &str) -> String {
    let base = base(upstream);
    match (base, rest) {
        ("/", "") => "/".into(),
        ("/", rest) => rest.into(),
        (base, rest) => format!("{base}{rest}"),
    }
}

/// Where the upstream's part of its own server begins.
pub(super) fn base(upstream: &Upstream) -> &str {
    match upstream {
        Upstream::Demo => "/mcp",
        Upstream::Http { path, .. } => path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(host: &str, port: u16, path: &str) -> Upstream {
        Upstream::Http { host: host.into(), port, path: path.into() }
    }

    #[test]
    fn our_path_is_replaced_and_the_rest_kept() {
        assert_eq!(path(&at("h", 1, "/up"), ""), "/up");
        assert_eq!(path(&at("h", 1, "/up"), "/"), "/up/");
        assert_eq!(path(&at("h", 1, "/up"), "/a%20b"), "/up/a%20b");
        assert_eq!(path(&at("h", 1, "/"), ""), "/");
        assert_eq!(path(&at("h", 1, "/"), "/x"), "/x");
    }

    #[test]
    fn the_host_is_as_configured() {
        assert_eq!(host(&at("127.0.0.1", 8000, "/")), "127.0.0.1:8000");
        assert_eq!(host(&at("::1", 80, "/")), "[::1]");
    }
}
