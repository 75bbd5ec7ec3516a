//! Back ends that record what reaches them and answer as told: an app on a Unix socket, upstreams on TCP.

use doorward::clock;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

/// Reads one request: head and content as they came. Nothing when the peer closes before its end.
fn read_request(stream: &mut impl Read, with_content: bool) -> Option<String> {
    let mut bytes = Vec::new();
    let mut piece = [0; 65536];
    loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n").map(|at| at + 4) {
            let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
            let field = |name: &str| head.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
            let length = field("content-length: ").map_or(0, |value| value.parse::<usize>().unwrap());
            let whole = match field("transfer-encoding: chunked") {
                Some(_) => bytes.ends_with(b"\r\n0\r\n\r\n") || bytes[end..] == *b"0\r\n\r\n",
                None => bytes.len() >= end + length,
            };
            if whole || !with_content {
                return Some(String::from_utf8_lossy(&bytes).into_owned());
            }
        }
        match stream.read(&mut piece) {
            Ok(0) | Err(_) => return None,
            Ok(count) => bytes.extend_from_slice(&piece[..count]),
        }
    }
}

/// The app: keeps connections open, echoes the request as text, and misbehaves on some paths.
pub struct App {
    pub connections: Arc<AtomicUsize>,
}

impl App {
    /// tiny_http as it is, with as many threads as the door has connections; answers with the path, `/long/N` with N
    /// bytes.
    pub fn stock(socket: &Path) -> Self {
        let server = Arc::new(tiny_http::Server::http_unix(socket).unwrap());
        for _ in 0..2 {
            let server = Arc::clone(&server);
            thread::spawn(move || {
                while let Ok(request) = server.recv() {
                    let path = request.url().to_owned();
                    let body = path.strip_prefix("/long/").map_or(path.clone(), |count| "x".repeat(count.parse().unwrap()));
                    let status = if path == "/empty" { 204 } else { 200 };
                    let _ = request.respond(tiny_http::Response::from_string(body).with_status_code(status));
                }
            });
        }
        Self { connections: Arc::default() }
    }

    pub fn start(socket: &Path) -> Self {
        let listener = UnixListener::bind(socket).unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&connections);
        thread::spawn(move || {
            for stream in listener.incoming() {
                count.fetch_add(1, Ordering::SeqCst);
                thread::spawn(move || serve_app(stream.unwrap()));
            }
        });
        Self { connections }
    }
}

fn serve_app(mut stream: UnixStream) {
    while let Some(request) = read_request(&mut stream, true) {
        let path = request.split(' ').nth(1).unwrap();
        let mut body = request.clone();
        match path {
            "/break" => return,
            "/half" => {
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf");
                return;
            }
            "/garbage" => body = "\r\n\r\ngarbage".into(),
            "/slow" => thread::sleep(Duration::from_millis(300)),
            _ => {}
        }
        let content = if request.starts_with("HEAD ") { "" } else { &body };
        let answer = format!("HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nContent-Length: {}\r\n\r\n{content}", body.len());
        let answer = if path == "/garbage" { body } else { answer };
        if stream.write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

type Script = Arc<dyn Fn(&mut TcpStream, &str) + Send + Sync>;

/// An upstream: one request per connection, recorded byte for byte.
pub struct Upstream {
    pub port: u16,
    seen: Arc<Mutex<Vec<String>>>,
    script: Arc<Mutex<(bool, Script)>>,
}

impl Upstream {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let script: Arc<Mutex<(bool, Script)>> = Arc::new(Mutex::new((true, plain(json("{}")))));
        let (record, play) = (Arc::clone(&seen), Arc::clone(&script));
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (record, (content, script)) = (Arc::clone(&record), play.lock().unwrap().clone());
                thread::spawn(move || {
                    let mut stream = stream.unwrap();
                    stream.set_nodelay(true).unwrap();
                    if let Some(request) = read_request(&mut stream, content) {
                        record.lock().unwrap().push(request.clone());
                        script(&mut stream, &request);
                    } else {
                        record.lock().unwrap().push("incomplete".into());
                    }
                });
            }
        });
        Self { port, seen, script }
    }

    /// Answers with these bytes from now on, and closes.
    pub fn answers(&self, bytes: impl Into<Vec<u8>>) {
        *self.script.lock().unwrap() = (true, plain(bytes.into()));
    }

    /// Runs `script` after each request was read.
    pub fn plays(&self, script: impl Fn(&mut TcpStream, &str) + Send + Sync + 'static) {
        *self.script.lock().unwrap() = (true, Arc::new(script));
    }

    /// Runs `script` after the head of each request was read, whatever else is to come.
    pub fn plays_early(&self, script: impl Fn(&mut TcpStream, &str) + Send + Sync + 'static) {
        *self.script.lock().unwrap() = (false, Arc::new(script));
    }

    /// The requests so far.
    pub fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }

    /// The only request so far.
    pub fn only(&self) -> String {
        let seen = self.seen();
        assert_eq!(seen.len(), 1, "{seen:?}");
        seen[0].clone()
    }
}

fn plain(bytes: Vec<u8>) -> Script {
    Arc::new(move |stream, _| {
        let _ = stream.write_all(&bytes);
    })
}

pub fn json(body: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

/// The head of an event stream that ends with its connection.
pub const EVENTS: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";

/// A script that opens an event stream, passes on what the test says, and reports how long it took for the door to
/// hang up after the test asks for it.
pub struct Stage {
    pub lines: mpsc::Sender<Vec<u8>>,
    pub hung_up: mpsc::Receiver<Instant>,
}

pub fn stage(upstream: &Upstream, head: &'static [u8]) -> Stage {
    let (lines, says) = mpsc::channel::<Vec<u8>>();
    let (tell, hung_up) = mpsc::channel();
    let says = Mutex::new(says);
    upstream.plays(move |stream, _| {
        let _ = stream.write_all(head);
        let mut watched = stream.try_clone().unwrap();
        let tell = tell.clone();
        let watcher = thread::spawn(move || {
            let mut byte = [0];
            while matches!(watched.read(&mut byte), Ok(1..)) {}
            let _ = tell.send(clock::instant());
        });
        let says = says.lock().unwrap();
        while let Ok(line) = says.recv() {
            if stream.write_all(&line).is_err() {
                break;
            }
        }
        let _ = stream.shutdown(std::net::Shutdown::Write);
        drop(says);
        let _ = watcher.join();
    });
    Stage { lines, hung_up }
}
