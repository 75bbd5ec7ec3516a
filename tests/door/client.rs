//! A client that writes bytes and reads answers. It repairs nothing, and complains about answers that are not framed.

use doorward::clock;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

pub struct Client {
    pub stream: TcpStream,
    buffer: Vec<u8>,
}

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Answer {
    /// The values of a field, in order.
    pub fn all(&self, name: &str) -> Vec<&str> {
        let fields = self.head.lines().skip(1).filter_map(|line| line.split_once(": "));
        fields.filter(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value).collect()
    }

    pub fn field(&self, name: &str) -> Option<&str> {
        self.all(name).first().copied()
    }
}

impl Client {
    pub fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        stream.set_write_timeout(Some(Duration::from_secs(10))).unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, buffer: Vec::new() }
    }

    pub fn send(&mut self, bytes: impl AsRef<[u8]>) -> &mut Self {
        self.stream.write_all(bytes.as_ref()).unwrap();
        self
    }

    /// As [`Self::send`], to a peer that may have heard enough already.
    pub fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> &mut Self {
        let _ = self.stream.write_all(bytes.as_ref());
        self
    }

    /// Sends a request with the usual fields and `fields` (lines with their ends).
    pub fn request(&mut self, line: &str, fields: &str, body: &str) -> &mut Self {
        self.send(format!("{line} HTTP/1.1\r\nHost: mcp.example.com\r\n{fields}\r\n{body}"))
    }

    /// Sends a POST to `path` with a token and content of known length.
    pub fn post(&mut self, path: &str, token: &str, fields: &str, body: &str) -> &mut Self {
        let length = body.len();
        let fields = format!("Authorization: Bearer {token}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n{fields}");
        self.request(&format!("POST {path}"), &fields, body)
    }

    pub fn get(&mut self, path: &str, token: &str, fields: &str) -> &mut Self {
        self.request(&format!("GET {path}"), &format!("Authorization: Bearer {token}\r\n{fields}"), "")
    }

    /// Reads more; false at the end of the stream.
    fn more(&mut self) -> bool {
        let mut piece = [0; 65536];
        match self.stream.read(&mut piece) {
            Ok(0) => false,
            Ok(count) => {
                self.buffer.extend_from_slice(&piece[..count]);
                true
            }
            Err(error) if error.kind() == ErrorKind::ConnectionReset => false,
            Err(error) => panic!("{error}, after {:?}", String::from_utf8_lossy(&self.buffer)),
        }
    }

    fn take(&mut self, count: usize) -> String {
        String::from_utf8(self.buffer.drain(..count).collect()).unwrap()
    }

    /// Reads up to and with `end`.
    pub fn until(&mut self, end: &str) -> String {
        loop {
            if let Some(at) = self.buffer.windows(end.len()).position(|window| window == end.as_bytes()) {
                return self.take(at + end.len());
            }
            assert!(self.more(), "ended before {end:?}: {:?}", String::from_utf8_lossy(&self.buffer));
        }
    }

    /// A head alone, as before a stream.
    pub fn head(&mut self) -> Answer {
        let head = self.until("\r\n\r\n");
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Answer { status, head, body: String::new() }
    }

    /// A chunk's content; nothing for the last.
    pub fn chunk(&mut self) -> String {
        let size = usize::from_str_radix(self.until("\r\n").trim(), 16).unwrap();
        while self.buffer.len() < size + 2 {
            assert!(self.more(), "ended within a chunk");
        }
        let content = self.take(size);
        assert_eq!(self.take(2), "\r\n");
        content
    }

    /// A whole answer to anything but HEAD.
    pub fn answer(&mut self) -> Answer {
        let mut answer = self.head();
        if let Some(length) = answer.field("content-length") {
            let length = length.parse().unwrap();
            while self.buffer.len() < length {
                assert!(self.more(), "ended within the content");
            }
            answer.body = self.take(length);
        } else if answer.field("transfer-encoding") == Some("chunked") {
            loop {
                let chunk = self.chunk();
                if chunk.is_empty() {
                    break;
                }
                answer.body.push_str(&chunk);
            }
        } else if answer.status != 204 && answer.status != 304 {
            answer.body = self.rest();
        }
        answer
    }

    /// Everything up to the end of the stream.
    pub fn rest(&mut self) -> String {
        while self.more() {}
        self.take(self.buffer.len())
    }

    /// True when the door ends the connection without another word.
    pub fn is_ended(&mut self) -> bool {
        self.buffer.is_empty() && !self.more()
    }

    /// How long the door takes to end the connection.
    pub fn ended_after(&mut self) -> Duration {
        let start = clock::instant();
        self.rest();
        start.elapsed()
    }
}
