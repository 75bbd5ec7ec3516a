//! A door with everything around it: a configuration, a store with tokens, a fake app, a recording upstream.

use crate::client::Client;
use crate::fake::{App, Upstream};
use doorward::clock::{self, UnixTime};
use doorward::config::{self, Config, Issuer, Lifetimes, Limits, Network, Server};
use doorward::door::{Backends, Deadlines, Door, Stop};
use doorward::oauth::bearer::StoredAccessToken;
use doorward::oauth::client::{AuthMethod, Client as OAuthClient, ClientOrigin};
use doorward::oauth::connection::{Connection, EndReason, Ended, Standing};
use doorward::oauth::ids::{ClientId, ConnectionId, UserId};
use doorward::oauth::resource::ProtectedResource;
use doorward::oauth::scope::Scope;
use doorward::oauth::secret::{AccessToken, Entropy, Secret};
use doorward::oauth::user::{ServerAccess, User, UserName};
use doorward::store::Store;
use std::net::SocketAddr;
use std::panic;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU8, AtomicU32, Ordering};
use std::sync::{Arc, Once};
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
    minted: AtomicU8,
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
        let (store, stop) = (Arc::new(Store::default()), Stop::new().unwrap());
        let door = door.with_deadlines(deadlines);
        let (shared, raised) = (Arc::clone(&store), stop.clone());
        let backends = Backends { app: directory.join("app"), demo: Some(directory.join("demo")) };
        let serving = thread::spawn(move || door.serve(Arc::new(config), shared, backends, raised).unwrap());
        Self { address, store, app, upstream, other, stop, serving: Some(serving), directory, minted: AtomicU8::new(0) }
    }

    pub fn connect(&self) -> Client {
        Client::connect(self.address)
    }

    /// A token of `user`'s for the server at `path`, through the client `client`.
    pub fn token_of(&self, user: &str, client: &str, path: &str, expires_at: Option<UnixTime>) -> String {
        let secret: Secret<AccessToken> = Secret::mint(&Entropy::new([self.minted.fetch_add(1, Ordering::Relaxed); 32]));
        let mut stored = token(user, client, path);
        stored.0.expires_at = expires_at;
        self.store.tokens.lock().unwrap().insert(*secret.hash().as_bytes(), stored);
        secret.reveal().to_owned()
    }

    pub fn token(&self) -> String {
        self.token_of("ann", "client_a", "/mcp", None)
    }

    /// Ends the connection behind a token, as a revocation does.
    pub fn revoke(&self, token: &str) {
        let hash = Secret::<AccessToken>::parse(token).unwrap().hash();
        let ended = Ended { at: clock::now(), why: EndReason::RevokedByUser };
        self.store.tokens.lock().unwrap().get_mut(hash.as_bytes()).unwrap().1.connection.ended = Some(ended);
        *self.store.endings.0.lock().unwrap() += 1;
        self.store.endings.1.notify_all();
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
        data: directory.to_owned(),
        servers: Vec::new(),
        trusted_proxies: Vec::new(),
        lifetimes: Lifetimes::default(),
        limits: Limits { workers: 2, ..Limits::default() },
    }
}

pub fn loopback_is_a_proxy(config: &mut Config) {
    config.trusted_proxies = vec![Network { address: "127.0.0.0".parse().unwrap(), prefix: 8 }];
}

pub fn server(path: &str, port: u16) -> Server {
    Server {
        resource: ProtectedResource {
            path: path.into(),
            uri: format!("{ORIGIN}{path}"),
            name: "Test".into(),
            scopes: Vec::new(),
            default_scope: Scope::parse("read"),
        },
        upstream: config::Upstream::Http { host: "127.0.0.1".into(), port, path: "/up".into() },
        upstream_headers: Vec::new(),
        upstream_timeout: Duration::from_secs(10),
    }
}

fn token(user: &str, client: &str, path: &str) -> (StoredAccessToken, Standing) {
    let (id, created_at) = (ConnectionId::known_as("conn_x"), UnixTime(0));
    let (user_id, client_id) = (UserId::known_as(user), ClientId::known_as(client));
    let connection = Connection {
        id: id.clone(),
        user: user_id.clone(),
        client: client_id.clone(),
        server: path.into(),
        scope: Scope::parse("read"),
        created_at,
        user_epoch: 0,
        ended: None,
    };
    let user = User {
        id: user_id,
        name: UserName::parse(user).unwrap(),
        password: String::new(),
        owner: false,
        disabled: false,
        servers: ServerAccess::All,
        epoch: 0,
        created_at,
    };
    let client = OAuthClient {
        id: client_id,
        name: None,
        redirect_uris: Vec::new(),
        auth_method: AuthMethod::None,
        secret: None,
        grant_types: Vec::new(),
        scope: None,
        application_type: None,
        client_uri: None,
        logo_uri: None,
        software: (None, None),
        origin: ClientOrigin::Dynamic,
        created_at,
    };
    let token = StoredAccessToken { connection: id, scope: Scope::parse("read"), issued_at: created_at, expires_at: None, used: false };
    (token, Standing { connection, user: Some(user), client: Some(client) })
}
