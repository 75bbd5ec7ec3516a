//! What the tests over HTTP share: the real binary on a free port, a client that says exactly what it is told to, a
//! browser without JavaScript, an upstream that remembers every byte.
//!
//! Nothing here knows how doorward works inside; it looks at sockets, processes and files only.
#![allow(dead_code, unreachable_pub, missing_docs, reason = "each test binary uses a part of this, and a test says itself what it is for")]

pub mod browser;
pub mod client;
pub mod http;
pub mod proxy;
pub mod site;
pub mod upstream;

use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

pub const OWNER: &str = "ann";
pub const PASSWORD: &str = "correct horse battery";

/// Tests do in a minute what people do in a month, and all from one address.
const NO_LIMITS: &str = "[limits]
register_per_hour = \"off\"
authorize_per_hour = \"off\"
token_per_minute = \"off\"
refresh_per_minute = \"off\"
calls_per_minute = \"off\"
poll_per_minute = \"off\"
devices_per_hour = \"off\"
sign_in_tries = \"off\"
";

static NUMBER: AtomicU32 = AtomicU32::new(0);

/// A folder of its own for a test; removed when dropped.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new() -> Self {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("dw-{}-{number}", std::process::id()));
        // As doorward would make it.
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&path).unwrap();
        Self(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// How to start a doorward.
#[derive(Clone, Default)]
pub struct Setup {
    /// `doorward.toml`, written into the data directory; `{upstream}` is not replaced, write it out.
    pub config: Option<String>,
    /// Further flags.
    pub flags: Vec<String>,
    /// Start without any account.
    pub without_owner: bool,
    /// Variables for the server.
    pub environment: Vec<(String, String)>,
    /// With the limits by rate that people get, or those that the configuration names.
    pub limited: bool,
}

impl Setup {
    /// In front of one upstream at `/mcp`.
    pub fn upstream(address: SocketAddr) -> Self {
        Self { flags: vec!["--upstream".into(), format!("http://{address}/mcp")], ..Self::default() }
    }

    pub fn config(text: impl Into<String>) -> Self {
        Self { config: Some(text.into()), ..Self::default() }
    }

    /// For tests about limits: all others have none.
    pub fn limited(self) -> Self {
        Self { limited: true, ..self }
    }

    pub fn flag(mut self, name: &str, value: &str) -> Self {
        self.flags.extend([name.to_owned(), value.to_owned()]);
        self
    }
}

impl Setup {
    fn write(&self, folder: &Path, config: &str) {
        let limits = if self.limited { "" } else { NO_LIMITS };
        std::fs::write(folder.join("doorward.toml"), format!("{config}\n{limits}")).unwrap();
    }
}

/// A running doorward with an owner.
pub struct Doorward {
    pub folder: Folder,
    pub address: SocketAddr,
    setup: Setup,
    child: Child,
}

impl Doorward {
    /// The demo server, an owner, and nothing else.
    pub fn start() -> Self {
        Self::with(Setup::default())
    }

    pub fn with(setup: Setup) -> Self {
        Self::on(Folder::new(), setup)
    }

    /// On a data directory that may be somebody's already.
    pub fn on(folder: Folder, setup: Setup) -> Self {
        setup.write(folder.path(), setup.config.as_deref().unwrap_or_default());
        let (child, address) = spawn(folder.path(), "127.0.0.1:0", &setup);
        let doorward = Self { folder, address, setup, child };
        if !doorward.setup.without_owner {
            doorward.add_user(OWNER, PASSWORD, &["--owner"]);
        }
        doorward
    }

    /// Ends it, and removes its folder, when this process ends in whatever way: for one that all tests of a file share,
    /// since nothing is ever dropped that is static.
    #[expect(clippy::zombie_processes, reason = "the minder outlives this process; that is what it is for")]
    pub fn end_with_this_process(&self) {
        let script = "read _; kill -9 \"$1\"; rm -rf \"$2\"";
        let mut minder = Command::new("sh");
        minder.args(["-c", script, "minder", &self.id().to_string()]).arg(self.folder.path());
        let mut minder = minder.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        // The minder reads until this end is closed, which only the end of this process does.
        std::mem::forget(minder.stdin.take());
    }

    /// Our origin, as a client types it.
    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn resource(&self) -> String {
        format!("{}/mcp", self.origin())
    }

    pub fn add_user(&self, name: &str, password: &str, flags: &[&str]) {
        let done = self.run_with_input(&[&["user", "add", name, "--password-stdin"], flags].concat(), &format!("{password}\n"));
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }

    /// Runs a command on this data directory.
    pub fn run(&self, arguments: &[&str]) -> Output {
        self.run_with_input(arguments, "")
    }

    pub fn run_with_input(&self, arguments: &[&str], input: &str) -> Output {
        run_in(self.folder.path(), arguments, input)
    }

    /// A command's JSON.
    pub fn json(&self, arguments: &[&str]) -> serde_json::Value {
        let done = self.run(&[arguments, &["--json"]].concat());
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        serde_json::from_slice(&done.stdout).unwrap()
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// kill -9.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// SIGTERM, and how it ended.
    pub fn stop(&mut self) -> std::process::ExitStatus {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        self.child.wait().unwrap()
    }

    /// Writes another `doorward.toml`, for the next start.
    pub fn configure(&self, config: &str) {
        self.setup.write(self.folder.path(), config);
    }

    /// Starts again on the same data and the same port, after [`Self::kill`] or [`Self::stop`].
    pub fn start_again(&mut self) {
        let listen = self.address.to_string();
        let (child, address) = spawn(self.folder.path(), &listen, &self.setup);
        self.child = child;
        self.address = address;
    }
}

impl Drop for Doorward {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The program under test.
pub fn program() -> &'static str {
    env!("CARGO_BIN_EXE_doorward")
}

/// Runs a command on a data directory.
pub fn run_in(data: &Path, arguments: &[&str], input: &str) -> Output {
    let mut command = Command::new(program());
    if data.is_dir() {
        command.current_dir(data);
    }
    command.args(arguments).env("DOORWARD_DATA", data).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // A command that needs no input may be over before it is written.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

fn spawn(data: &Path, listen: &str, setup: &Setup) -> (Child, SocketAddr) {
    for _ in 0..50 {
        let mut command = Command::new(program());
        command.args(["serve", "--listen", listen]).arg("--data").arg(data).args(&setup.flags).envs(setup.environment.iter().cloned());
        let stderr = if std::env::var_os("DOORWARD_TEST_STDERR").is_some() { Stdio::inherit() } else { Stdio::null() };
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(stderr).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let mut first = String::new();
        lines.read_line(&mut first).unwrap();
        if let Some(address) = first.trim().strip_prefix("listening on http://") {
            let address = address.parse().unwrap();
            // Nobody else reads the rest; an unread pipe must not fill up.
            thread::spawn(move || std::io::copy(&mut lines, &mut std::io::sink()));
            return (child, address);
        }
        // Right after kill -9 the port or the store may still be held for a moment.
        let _ = child.wait();
        thread::sleep(Duration::from_millis(100));
    }
    panic!("doorward does not start; run with DOORWARD_TEST_STDERR=1 to see why");
}

/// Waits until `happens` does, for at most `seconds`.
pub fn eventually(seconds: u64, mut happens: impl FnMut() -> bool) -> bool {
    for _ in 0..seconds * 50 {
        if happens() {
            return true;
        }
        thread::sleep(Duration::from_millis(20));
    }
    false
}
