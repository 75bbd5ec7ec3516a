//! `doorward serve`: puts the parts together, says where to finish setting up, and waits to be told to stop.

use super::{environment, failure, say, table};
use crate::actions::{self, Action, Failure};
use crate::app;
use crate::clock;
use crate::config::{self, Config, Upstream, raw};
use crate::control;
use crate::demo;
use crate::door::{Backends, Door, Stop};
use crate::http::date;
use crate::oauth::audit::Occasion;
use crate::random;
use crate::routes::Site;
use crate::store::Store;
use crate::store::restore::Recovery;
use argh::{ArgsInfo, FromArgs};
use rustix::termios::isatty;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use std::fs::{self, DirBuilder};
use std::io::{self, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// Between two sweeps of what is over.
const SWEEP_EVERY: Duration = Duration::from_secs(60);
/// Between two writings of what was spent of each limit.
const WRITE_COUNTERS_EVERY: Duration = Duration::from_secs(1);
/// Between two looks whether it is time for a snapshot.
const LOOK_FOR_CHANGES_EVERY: Duration = Duration::from_secs(10);

/// run the server (the default)
#[derive(FromArgs, ArgsInfo)]
#[argh(
    subcommand,
    name = "serve",
    example = "doorward --upstream http://127.0.0.1:3001/mcp --public-url https://mcp.example.com",
    note = "Every flag has an environment twin: DOORWARD_LISTEN, DOORWARD_PUBLIC_URL, DOORWARD_DATA, DOORWARD_UPSTREAM, DOORWARD_CONFIG, DOORWARD_TRUSTED_PROXY, DOORWARD_ALLOW_HTTP."
)]
pub(super) struct Serve {
    /// where to listen; default 127.0.0.1:8787
    #[argh(option)]
    listen: Option<String>,
    /// our address as clients see it, such as https://mcp.example.com
    #[argh(option)]
    public_url: Option<String>,
    /// the data directory
    #[argh(option)]
    data: Option<PathBuf>,
    /// the MCP server to protect, such as http://127.0.0.1:3001/mcp
    #[argh(option)]
    upstream: Option<String>,
    /// the configuration file; default doorward.toml in the data directory
    #[argh(option)]
    config: Option<PathBuf>,
    /// a proxy whose X-Forwarded-For is believed, such as 127.0.0.1; repeat for more
    #[argh(option)]
    trusted_proxy: Vec<String>,
    /// permit a public URL with plain http on a network you trust
    #[argh(switch)]
    allow_http: bool,
}

pub(super) fn run(serve: Serve) -> Result<(), Failure> {
    quiet_panics();
    let flags = raw::Flags {
        listen: serve.listen,
        public_url: serve.public_url,
        data: serve.data,
        upstream: serve.upstream,
        config: serve.config,
        trusted_proxies: serve.trusted_proxy,
        allow_http: serve.allow_http,
    };
    let written = raw::read(&flags, &environment)?;
    let address = config::listen_address(&written)?;
    let door = Door::bind(address)
        .map_err(|error| failure(format!("cannot listen on {address}: {error}"), "choose another with --listen ADDRESS:PORT"))?;
    let config = Arc::new(config::decide(&written, door.local_addr(), &environment)?);
    let (store, recovery) = Store::open_or_restore(&config.data, &random::entropy(), clock::now())?;
    if let Some(recovery) = recovery {
        eprintln!("{}", told(&recovery));
    }
    for (path, flaw) in store.damaged_snapshots() {
        eprintln!("warning: the snapshot {} is damaged: {flaw}; nothing was taken from it, and it may be removed", path.display());
    }
    let store = Arc::new(store);
    actions::tend_signing_keys(&store)?;
    actions::compare_configuration(&store, &config, &Occasion::here(clock::now()))?;
    let started = start(&config, &store)
        .map_err(|error| failure(format!("cannot start: {error}"), "check that the data directory can be written and its path is short"))?;
    announce(&config, &store, door.local_addr())?;
    let served = door.serve(Arc::clone(&config), Arc::clone(&store), started.backends, started.stop);
    started.app.stop();
    let _ = fs::remove_file(control::socket_of(&config.data));
    store.settle()?;
    keep_last_snapshot(&store);
    served.map_err(|error| {
        failure(format!("cannot go on serving: {error}"), "start it again; if this repeats, look at limits of threads and files")
    })
}

struct Started {
    app: app::Running,
    _demo: Option<demo::Demo>,
    backends: Backends,
    stop: Stop,
}

/// Everything behind the door, on sockets in a private folder of the data directory.
fn start(config: &Arc<Config>, store: &Arc<Store>) -> io::Result<Started> {
    let folder = config.data.join("run");
    DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
    let app_socket = fresh(&folder, "app.sock");
    let site = Site::new(Arc::clone(config), Arc::clone(store));
    let app = app::start(&app_socket, config.limits.workers, &site)?;
    let wants_demo = config.servers.iter().any(|server| server.upstream == Upstream::Demo);
    let demo = wants_demo.then(|| fresh(&folder, "demo.sock"));
    let running_demo = demo.as_deref().map(demo::start).transpose()?;
    let (of_config, of_store) = (Arc::clone(config), Arc::clone(store));
    control::serve(&config.data, move |action| actions::perform(&of_store, &of_config, &Occasion::here(clock::now()), action))?;
    sweep(Arc::clone(store))?;
    write_counters(Arc::clone(store))?;
    keep_snapshots(Arc::clone(store))?;
    let stop = Stop::new()?;
    watch_signals(stop.clone())?;
    Ok(Started { app, _demo: running_demo, backends: Backends { app: app_socket, demo }, stop })
}

/// A socket left behind by a process that was killed stands in the way of a new one.
fn fresh(folder: &Path, name: &str) -> PathBuf {
    let path = folder.join(name);
    let _ = fs::remove_file(&path);
    path
}

fn sweep(store: Arc<Store>) -> io::Result<()> {
    let body = move || loop {
        thread::sleep(SWEEP_EVERY);
        let tended = store.sweep(clock::now()).and_then(|_| actions::tend_signing_keys(&store));
        if let Err(error) = tended {
            eprintln!("doorward: store: {error}");
        }
    };
    thread::Builder::new().name("sweep".into()).spawn(body).map(|_| ())
}

/// What was spent of each limit reaches the store soon enough that a crash gives nobody much of it back.
fn write_counters(store: Arc<Store>) -> io::Result<()> {
    let body = move || {
        let mut failed = false;
        loop {
            thread::sleep(WRITE_COUNTERS_EVERY);
            let written = store.write_counters();
            if let Err(error) = &written
                && !failed
            {
                eprintln!("doorward: store: the counters cannot be written: {error}");
            }
            failed = written.is_err();
        }
    };
    thread::Builder::new().name("counters".into()).spawn(body).map(|_| ())
}

/// A snapshot that cannot be written is told of once, and tried again.
fn keep_snapshots(store: Arc<Store>) -> io::Result<()> {
    let body = move || {
        let mut failed = false;
        loop {
            let kept = store.keep_snapshot_in_time(clock::now());
            if let Err(flaw) = &kept
                && !failed
            {
                eprintln!("doorward: no snapshot can be written: {flaw}; it is tried again");
            }
            failed = kept.is_err();
            thread::sleep(LOOK_FOR_CHANGES_EVERY);
        }
    };
    thread::Builder::new().name("snapshots".into()).spawn(body).map(|_| ())
}

/// What is in the store at an orderly end is in a snapshot, too.
fn keep_last_snapshot(store: &Store) {
    if store.snapshot_state().is_behind
        && let Err(flaw) = store.keep_snapshot(clock::now())
    {
        eprintln!("doorward: no snapshot can be written: {flaw}");
    }
}

/// For whoever started it: that something was lost, and what.
fn told(recovery: &Recovery) -> String {
    let Recovery { reason, restored } = recovery;
    let (connections, keys) = restored.ended;
    let at = date::rfc3339(restored.header.taken_at.0);
    let lost = table::age(restored.header.taken_at.0);
    let before = restored.before.as_ref().map(|before| format!("; what was there is in {}", before.display())).unwrap_or_default();
    format!(
        "warning: {reason}{before}\n\
         warning: the snapshot of {at} ({lost}) was put in its place; whatever happened since is lost\n\
         warning: connections that have ended with it: {connections}, keys: {keys}; apps connect anew; accounts and passwords are those of then"
    )
}

/// The first signal drains, the second does not wait.
fn watch_signals(stop: Stop) -> io::Result<()> {
    let mut signals = Signals::new([SIGTERM, SIGINT])?;
    let body = move || {
        for (count, _) in signals.forever().enumerate() {
            if count > 0 {
                std::process::exit(1);
            }
            stop.ask();
        }
    };
    thread::Builder::new().name("signals".into()).spawn(body).map(|_| ())
}

/// The first line is for scripts. The one-time link is for a terminal only: no log and no journal ever holds it.
fn announce(config: &Config, store: &Store, address: std::net::SocketAddr) -> Result<(), Failure> {
    say(&format!("listening on http://{address}"));
    for server in &config.servers {
        say(&format!("protecting {} at {}", server.resource.name, server.resource.uri));
    }
    if config.issuer.warned {
        eprintln!("warning: {} is plain http; anybody on the network in between can read passwords and tokens", config.issuer.origin);
    }
    for host in config.clients.redirects.hosts_without_pkce() {
        eprintln!("warning: codes for {host} go without PKCE (without_pkce); whoever gets hold of one can use it");
    }
    let locked_out = store.clients()?.iter().filter(|client| !config.clients.kinds.admit(client)).count();
    if locked_out > 0 {
        eprintln!("warning: {locked_out} clients have a secret and are not let in (public_only); see doorward client list");
    }
    if !store.is_claimed()? {
        if isatty(io::stdout()) {
            say(&format!("\n{}", actions::perform(store, config, &Occasion::here(clock::now()), Action::Setup)?.message));
        } else {
            say(&format!("not set up yet: run doorward setup --data {} for a one-time link", config.data.display()));
        }
    }
    let _ = io::stdout().flush();
    Ok(())
}

/// A panic is a bug; where it happened is told, what it was looking at is not.
fn quiet_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map_or_else(String::new, |at| format!(" at {}:{}", at.file(), at.line()));
        eprintln!("doorward: internal error{place}; please report it");
    }));
}
