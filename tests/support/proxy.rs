//! A reverse proxy with TLS that stands in front of a doorward, and does to what passes what real ones do.

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// What becomes of a request.
pub enum Act {
    /// It is passed on, and the answer passed back.
    Pass(Pass),
    /// These bytes are the answer.
    Answer(Vec<u8>),
}

/// How something is passed on.
#[derive(Default)]
pub struct Pass {
    /// In place of the `Host` that came.
    pub host: Option<&'static str>,
    /// Added to the request.
    pub request_fields: &'static str,
    /// Said about the head of the answer, which is text.
    pub edit: Option<fn(String) -> String>,
    /// The answer is held back until it is whole.
    pub buffered: bool,
    /// To another than the usual address.
    pub elsewhere: Option<SocketAddr>,
}

impl Act {
    pub fn pass() -> Self {
        Self::Pass(Pass::default())
    }

    /// The bytes of a file of `tests/vectors/doctor`.
    pub fn file(name: &str) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/doctor").join(name);
        Self::Answer(wire(&std::fs::read_to_string(path).unwrap()))
    }

    pub fn edit(edit: fn(String) -> String) -> Self {
        Self::Pass(Pass { edit: Some(edit), ..Pass::default() })
    }
}

/// A text with the line ends of HTTP in its head.
pub fn wire(text: &str) -> Vec<u8> {
    let (head, body) = text.split_once("\n\n").unwrap_or((text.trim_end(), ""));
    format!("{}\r\n\r\n{body}", head.replace('\n', "\r\n")).into_bytes()
}

/// A request's head and what follows it.
pub struct Asked {
    pub head: String,
    body: Vec<u8>,
}

impl Asked {
    pub fn field(&self, name: &str) -> Option<&str> {
        let fields = self.head.lines().skip(1).filter_map(|line| line.split_once(": "));
        fields.filter(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value).next()
    }

    pub fn path(&self) -> &str {
        self.head.split(' ').nth(1).unwrap()
    }
}

type Behaviour = dyn Fn(&Asked) -> Act + Send + Sync;

pub struct Proxy {
    pub address: SocketAddr,
    listener: TcpListener,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    /// Takes a port, so that a doorward can be told its public address before it starts.
    pub fn bind() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        Self { address: listener.local_addr().unwrap(), listener, heads: Arc::default() }
    }

    /// Serves with that certificate (a file of `tests/support/tls`), in front of what listens at `target`.
    pub fn serve(&self, certificate: &str, target: SocketAddr, behaviour: impl Fn(&Asked) -> Act + Send + Sync + 'static) {
        let config = Arc::new(config(certificate));
        let (listener, heads, behaviour) = (self.listener.try_clone().unwrap(), Arc::clone(&self.heads), Arc::new(behaviour));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (config, heads, behaviour) = (Arc::clone(&config), Arc::clone(&heads), Arc::clone(&behaviour));
                thread::spawn(move || attend(stream, config, target, &heads, &*behaviour));
            }
        });
    }

    /// The heads of all requests so far.
    pub fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }
}

/// A file of `tests/support/tls`.
pub fn pem(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/tls").join(name)
}

fn config(certificate: &str) -> ServerConfig {
    let chain = CertificateDer::pem_file_iter(pem(certificate)).unwrap().collect::<Result<_, _>>().unwrap();
    let key = PrivateKeyDer::from_pem_file(pem("key.pem")).unwrap();
    let builder = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()));
    builder.with_safe_default_protocol_versions().unwrap().with_no_client_auth().with_single_cert(chain, key).unwrap()
}

type Tls = StreamOwned<ServerConnection, TcpStream>;

fn attend(stream: TcpStream, config: Arc<ServerConfig>, target: SocketAddr, heads: &Mutex<Vec<String>>, behaviour: &Behaviour) {
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let mut client = StreamOwned::new(ServerConnection::new(config).unwrap(), stream);
    let Some(asked) = read(&mut client) else { return };
    heads.lock().unwrap().push(asked.head.clone());
    // Whoever asked may have gone; that is the end of it.
    let _ = match behaviour(&asked) {
        Act::Answer(bytes) => client.write_all(&bytes).and_then(|()| client.flush()),
        Act::Pass(pass) => pass_on(&mut client, &asked, target, &pass),
    };
    client.conn.send_close_notify();
    let _ = client.flush();
}

fn read(client: &mut Tls) -> Option<Asked> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        more(client, &mut bytes)?;
    };
    let asked = Asked { head: String::from_utf8(bytes[..end].to_vec()).unwrap(), body: Vec::new() };
    let mut body = bytes[end + 4..].to_vec();
    let length: usize = asked.field("content-length").map_or(0, |length| length.parse().unwrap());
    while body.len() < length {
        more(client, &mut body)?;
    }
    Some(Asked { body, ..asked })
}

fn more(from: &mut impl Read, bytes: &mut Vec<u8>) -> Option<()> {
    let mut piece = [0; 65536];
    let count = from.read(&mut piece).ok().filter(|count| *count > 0)?;
    bytes.extend_from_slice(&piece[..count]);
    Some(())
}

fn pass_on(client: &mut Tls, asked: &Asked, target: SocketAddr, pass: &Pass) -> std::io::Result<()> {
    let mut upstream = TcpStream::connect(pass.elsewhere.unwrap_or(target))?;
    let mut head = format!("{}\r\n{}connection: close\r\n\r\n", asked.head, pass.request_fields);
    if let Some(host) = pass.host {
        let line = head.lines().find(|line| line.to_ascii_lowercase().starts_with("host:")).unwrap().to_owned();
        head = head.replace(&line, &format!("host: {host}"));
    }
    upstream.write_all(&[head.as_bytes(), &asked.body].concat())?;
    let mut bytes = Vec::new();
    if pass.buffered {
        while more(&mut upstream, &mut bytes).is_some() {}
    }
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        more(&mut upstream, &mut bytes).ok_or(std::io::ErrorKind::UnexpectedEof)?;
    };
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let head = pass.edit.map_or(head.clone(), |edit| edit(head));
    client.write_all(&[head.as_bytes(), &bytes[end..]].concat())?;
    client.flush()?;
    loop {
        let mut piece = Vec::new();
        if more(&mut upstream, &mut piece).is_none() {
            return Ok(());
        }
        client.write_all(&piece)?;
        client.flush()?;
    }
}
