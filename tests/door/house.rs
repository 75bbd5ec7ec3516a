//! A door with everything around it: a configuration, a store with tokens, a fake app, a recording upstream.

use crate::client::Client;
use crate::fake::{App, Upstream};
use crate::grant::grant;
use doorward::clock::{self, UnixTime};
use doorward::config::{self, Clients, Config, Issuer, Lifetimes, Limits, Network, Server};
use doorward::door::{Backends, Deadlines, Door, Stop};
use doorward::oauth::audit::Occasion;
use doorward::oauth::connection::EndReason;
use doorward::oauth::ids::ConnectionId;
use doorward::oauth::rates::Rates;
use doorward::oauth::resource::ProtectedResource;
use doorward::oauth::scope::Scope;
use doorward::oauth::secret::Entropy;
use doorward::oauth::term::Zone;
use doorward::store::Store;
use std::net::SocketAddr;
use std::panic;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, Once};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Panics in threads of the door, in any test of this process.
static PANICS: AtomicU32 = AtomicU32::new(0);

/// Nothing that a peer sends may panic, not even where the panic would be caught.
fn count_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if matches!(thread::current().name(), Some("client" | "streams" | "demo")) {
                PANICS.fetch_add(1, Ordering::SeqCst);
            }
            usual(info);
        }));
    });
}

pub const ORIGIN: &str = "https://mcp.example.com";

pub struct House {
    pub address: SocketAddr,
    pub store: Arc<Store>,
    pub app: App,
    pub upstream: Upstream,
    pub other: Upstream,
    stop: Stop,
    serving: Option<JoinHandle<()>>,
    pub directory: PathBuf,
    granted: Mutex<Vec<(String, ConnectionId)>>,
}

impl House {
    /// With `/mcp` and `/notes` protected, each with an upstream of its own.
    pub fn open() -> Self {
        Self::with(|_, _| {})
    }

    pub fn with(change: impl FnOnce(&mut Config, &mut Deadlines)) -> Self {
        Self::before(App::start, change)
    }

    /// In front of another app, which `start` starts on the socket that it is given.
    pub fn before(start: impl FnOnce(&Path) -> App, change: impl FnOnce(&mut Config, &mut Deadlines)) -> Self {
        count_panics();
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("doorward-door-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let directory = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&directory).unwrap();
        let (app, upstream, other) = (start(&directory.join("app")), Upstream::start(), Upstream::start());
        let door = Door::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = door.local_addr();
        let mut config = configuration(address, &directory);
        config.servers = vec![server("/mcp", upstream.port), server("/notes", other.port)];
        let mut deadlines = Deadlines::default();
        change(&mut config, &mut deadlines);
        let (store, stop) =
            (Arc::new(Store::open(&directory.join("data"), &Entropy::new([7; 32]), clock::now()).unwrap()), Stop::new().unwrap());
        let door = door.with_deadlines(deadlines);
        let (shared, raised) = (Arc::clone(&store), stop.clone());
        let backends = Backends { app: directory.join("app"), demo: Some(directory.join("demo")) };
        let serving = thread::spawn(move || door.serve(Arc::new(config), shared, backends, raised).unwrap());
        Self { address, store, app, upstream, other, stop, serving: Some(serving), directory, granted: Mutex::default() }
    }

    pub fn connect(&self) -> Client {
        Client::connect(self.address)
    }

    /// A token of `user`'s for the server at `path`, through the client `client`.
    pub fn token_of(&self, user: &str, client: &str, path: &str, expires_at: Option<UnixTime>) -> String {
        let (secret, connection) = grant(&self.store, user, client, path, expires_at);
        self.granted.lock().unwrap().push((secret.reveal().to_owned(), connection));
        secret.reveal().to_owned()
    }

    pub fn token(&self) -> String {
        self.token_of("ann", "client_a", "/mcp", None)
    }

    /// Ends the connection behind a token, as a revocation does.
    pub fn revoke(&self, token: &str) {
        let granted = self.granted.lock().unwrap();
        let (_, connection) = granted.iter().find(|(known, _)| known == token).unwrap();
        assert!(self.store.end_connection(connection, None, EndReason::RevokedByUser, &Occasion::here(clock::now())).unwrap());
    }

    /// Has the connection behind a token end by itself so many seconds from now, or at no time of its own.
    pub fn limit(&self, token: &str, seconds: Option<u64>) {
        let granted = self.granted.lock().unwrap();
        let (_, connection) = granted.iter().find(|(known, _)| known == token).unwrap();
        let now = clock::now();
        let ends_at = seconds.map(|seconds| UnixTime(now.0 + seconds));
        assert!(self.store.limit_connection(connection, None, ends_at, &Occasion::here(now)).unwrap());
    }

    pub fn ask_to_stop(&self) {
        self.stop.ask();
    }

    pub fn wait_until_stopped(&mut self) {
        self.serving.take().unwrap().join().unwrap();
    }
}

impl Drop for House {
    /// The door ends by itself; waiting for it is a test of its own.
    fn drop(&mut self) {
        self.stop.ask();
        let _ = std::fs::remove_dir_all(&self.directory);
        assert!(PANICS.load(Ordering::SeqCst) == 0 || thread::panicking(), "a thread of the door panicked");
    }
}

fn configuration(address: SocketAddr, directory: &Path) -> Config {
    Config {
        listen: address,
        issuer: Issuer { origin: ORIGIN.into(), host: "mcp.example.com".into(), secure: true, warned: false },
        aliases: vec!["nas.local".into()],
        allowed_origins: vec!["https://app.test".into()],
        clients: Clients::undecided(ORIGIN),
        data: directory.to_owned(),
        servers: Vec::new(),
        trusted_proxies: Vec::new(),
        zone: Zone::default(),
        lifetimes: Lifetimes::default(),
        limits: Limits { workers: 2, rates: Rates::OFF, ..Limits::default() },
    }
}

pub fn loopback_is_a_proxy(config: &mut Config) {
    config.trusted_proxies = vec![Network { address: "127.0.0.0".parse().unwrap(), prefix: 8 }];
}

pub fn server(path: &str, port: u16) -> Server {
    Server {
        resource: ProtectedResource { default_scope: Scope::parse("read"), ..ProtectedResource::plain(ORIGIN, path, "Test") },
        upstream: config::Upstream::Http { host: "127.0.0.1".into(), port, path: "/up".into() },
        upstream_headers: Vec::new(),
        upstream_timeout: Duration::from_secs(10),
    }
}
