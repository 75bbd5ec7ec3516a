//! HTTP/1.1 without an opinion: sends the bytes it is given, reads what comes.

use serde_json::Value;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// An answer.
#[derive(Clone, Debug)]
pub struct Response {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Response {
    /// The only value of a header, or none. Several fail the test.
    pub fn header(&self, name: &str) -> Option<&str> {
        let all = self.all(name);
        assert!(all.len() <= 1, "{name} comes {} times", all.len());
        all.first().copied()
    }

    pub fn all(&self, name: &str) -> Vec<&str> {
        self.headers.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str()).collect()
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("not JSON ({}): {}", self.status, self.text()))
    }

    /// The `error` of an OAuth error answer; checks that it is JSON that nobody keeps.
    #[track_caller]
    pub fn error(&self) -> (u16, String) {
        assert_eq!(self.header("content-type"), Some("application/json"), "{self:?}");
        assert_eq!(self.header("cache-control"), Some("no-store"), "{self:?}");
        (self.status, self.json()["error"].as_str().unwrap_or_default().to_owned())
    }

    #[track_caller]
    pub fn location(&self) -> String {
        self.header("location").unwrap_or_else(|| panic!("no Location ({}): {}", self.status, self.text())).to_owned()
    }
}

/// Sends raw bytes and reads until the other side closes.
pub fn raw(address: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let mut stream = connect(address);
    let _ = stream.write_all(bytes);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    answer
}

/// The answer to a request, if there is a whole one: the other side may die at any moment.
pub fn attempt(address: SocketAddr, request: &[u8]) -> Option<Response> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.write_all(request).ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok()?;
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&answer[..end]).to_ascii_lowercase();
    let length = head.split("content-length: ").nth(1)?.split("\r\n").next()?.parse::<usize>().ok()?;
    (answer.len() == end + 4 + length).then(|| parse(&answer, false))
}

pub fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

/// One request on a connection of its own.
#[track_caller]
pub fn send(address: SocketAddr, method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Response {
    parse(&raw(address, &request(address, method, target, headers, body)), method == "HEAD")
}

/// The bytes of a request that is the only one on its connection.
pub fn request(address: SocketAddr, method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut head = format!("{method} {target} HTTP/1.1\r\n");
    if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
        head.push_str(&format!("Host: {address}\r\n"));
    }
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    if !body.is_empty() || matches!(method, "POST" | "PUT") {
        head.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    head.push_str("Connection: close\r\n\r\n");
    [head.as_bytes(), body].concat()
}

/// The bytes of a form sent by POST.
pub fn form_request(address: SocketAddr, target: &str, pairs: &[(&str, &str)]) -> Vec<u8> {
    let form = [("Content-Type", "application/x-www-form-urlencoded")];
    request(address, "POST", target, &form, encode(pairs).as_bytes())
}

/// Sends requests so that all of them become complete in the same moment: everything but their last bytes first.
#[track_caller]
pub fn race(address: SocketAddr, requests: &[Vec<u8>]) -> Vec<Response> {
    let begin = |bytes: &Vec<u8>| {
        let mut stream = connect(address);
        stream.write_all(&bytes[..bytes.len() - 1]).unwrap();
        stream
    };
    let mut streams: Vec<TcpStream> = requests.iter().map(begin).collect();
    for (stream, bytes) in streams.iter_mut().zip(requests) {
        stream.write_all(&bytes[bytes.len() - 1..]).unwrap();
    }
    let finish = |mut stream: TcpStream| {
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        parse(&answer, false)
    };
    streams.into_iter().map(finish).collect()
}

#[track_caller]
pub fn get(address: SocketAddr, target: &str) -> Response {
    send(address, "GET", target, &[], b"")
}

#[track_caller]
pub fn post_form(address: SocketAddr, target: &str, pairs: &[(&str, &str)], headers: &[(&str, &str)]) -> Response {
    let form = [("Content-Type", "application/x-www-form-urlencoded")];
    send(address, "POST", target, &[&form, headers].concat(), encode(pairs).as_bytes())
}

#[track_caller]
pub fn post_json(address: SocketAddr, target: &str, body: &Value) -> Response {
    send(address, "POST", target, &[("Content-Type", "application/json")], body.to_string().as_bytes())
}

/// `application/x-www-form-urlencoded`.
pub fn encode(pairs: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// The parameters of a URL's query.
pub fn query(url: &str) -> Vec<(String, String)> {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    url::form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

/// The only value of a parameter, or none.
#[track_caller]
pub fn parameter(url: &str, name: &str) -> Option<String> {
    let mut values = query(url).into_iter().filter(|(known, _)| known == name).map(|(_, value)| value);
    let first = values.next();
    assert!(values.next().is_none(), "{name} comes twice in {url}");
    first
}

/// Reads one answer, which must be complete.
#[track_caller]
pub fn parse(bytes: &[u8], is_head: bool) -> Response {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
    let end = end.unwrap_or_else(|| panic!("no answer: {:?}", String::from_utf8_lossy(bytes)));
    let head = std::str::from_utf8(&bytes[..end]).unwrap();
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers: Vec<(String, String)> =
        lines.map(|line| line.split_once(':').map(|(name, value)| (name.to_owned(), value.trim().to_owned())).unwrap()).collect();
    let mut response = Response { status, headers, body: bytes[end + 4..].to_vec() };
    if status == 100 {
        return parse(&bytes[end + 4..], is_head);
    }
    if response.header("transfer-encoding") == Some("chunked") {
        response.body = dechunk(&response.body);
    } else if let (Some(length), false) = (response.header("content-length"), is_head) {
        assert_eq!(response.body.len(), length.parse::<usize>().unwrap(), "the body is cut or too long");
    }
    response
}

#[track_caller]
fn dechunk(mut bytes: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    loop {
        let end = bytes.windows(2).position(|window| window == b"\r\n").expect("a chunk without a size");
        let size = usize::from_str_radix(std::str::from_utf8(&bytes[..end]).unwrap(), 16).unwrap();
        if size == 0 {
            return body;
        }
        body.extend_from_slice(&bytes[end + 2..end + 2 + size]);
        bytes = &bytes[end + 4 + size..];
    }
}
