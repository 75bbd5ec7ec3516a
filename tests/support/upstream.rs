//! An MCP server's stand-in that remembers every byte it is sent and answers as it is told.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// What an upstream does with a connection once it has read the request's head and body.
pub type Behaviour = dyn Fn(&Seen, &mut TcpStream) + Send + Sync;

/// One request as it arrived.
#[derive(Clone, Debug)]
pub struct Seen {
    pub head: String,
    pub body: Vec<u8>,
}

impl Seen {
    pub fn all(&self, name: &str) -> Vec<&str> {
        let fields = self.head.split("\r\n").skip(1).filter_map(|line| line.split_once(':'));
        fields.filter(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim()).collect()
    }

    pub fn line(&self) -> &str {
        self.head.split("\r\n").next().unwrap()
    }
}

pub struct Upstream {
    pub address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    connections: Arc<Mutex<usize>>,
}

impl Upstream {
    /// Answers everything with these bytes.
    pub fn answering(bytes: impl Into<Vec<u8>>) -> Self {
        let bytes = bytes.into();
        Self::with(move |_, stream| drop(stream.write_all(&bytes)))
    }

    /// Answers everything with JSON.
    pub fn json() -> Self {
        Self::answering("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")
    }

    pub fn with(behaviour: impl Fn(&Seen, &mut TcpStream) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let upstream = Self { address: listener.local_addr().unwrap(), seen: Arc::default(), connections: Arc::default() };
        let (seen, connections, behaviour) = (Arc::clone(&upstream.seen), Arc::clone(&upstream.connections), Arc::new(behaviour));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                *connections.lock().unwrap() += 1;
                let (seen, behaviour) = (Arc::clone(&seen), Arc::clone(&behaviour));
                thread::spawn(move || serve(stream, &seen, &*behaviour));
            }
        });
        upstream
    }

    /// Everything so far.
    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// The only request so far.
    #[track_caller]
    pub fn only(&self) -> Seen {
        let seen = self.seen();
        assert_eq!(seen.len(), 1, "{seen:?}");
        seen[0].clone()
    }

    /// How many connections were opened: zero means that not a byte got here.
    pub fn connections(&self) -> usize {
        *self.connections.lock().unwrap()
    }
}

fn serve(mut stream: TcpStream, seen: &Mutex<Vec<Seen>>, behaviour: &Behaviour) {
    let _ = stream.set_read_timeout(Some(Duration::from_secs(60)));
    let Some(request) = read(&mut stream) else { return };
    seen.lock().unwrap().push(request.clone());
    behaviour(&request, &mut stream);
}

fn read(stream: &mut TcpStream) -> Option<Seen> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        more(stream, &mut bytes)?;
    };
    let seen = Seen { head: String::from_utf8_lossy(&bytes[..end]).into_owned(), body: Vec::new() };
    let mut body = bytes[end + 4..].to_vec();
    if let Some(length) = seen.all("content-length").first() {
        let length: usize = length.parse().unwrap();
        while body.len() < length {
            more(stream, &mut body)?;
        }
    } else if !seen.all("transfer-encoding").is_empty() {
        while !body.ends_with(b"0\r\n\r\n") {
            more(stream, &mut body)?;
        }
    }
    Some(Seen { body, ..seen })
}

fn more(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> Option<()> {
    let mut piece = [0; 65536];
    let count = stream.read(&mut piece).ok().filter(|count| *count > 0)?;
    bytes.extend_from_slice(&piece[..count]);
    Some(())
}
