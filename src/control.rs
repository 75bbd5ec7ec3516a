//! The socket between a command and the running server. Nothing but a way to reach [`crate::actions`].
//!
//! One line of JSON each way; behind the answer, what is attached to it. Whoever can open the socket, which is in the data directory with mode 0600, could also
//! open the store; so it asks for nothing more.

use crate::actions::{Action, Done, Failure};
use std::fs;
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

/// Longest message, in bytes.
const MAX_MESSAGE: u64 = 1024 * 1024;
/// Most that is attached: the largest snapshot that is read.
const MAX_ATTACHED: u64 = 1024 * 1024 * 1024;
/// For the other side to say its line.
const PATIENCE: Duration = Duration::from_secs(30);

/// Where the socket of a data directory is.
pub fn socket_of(data: &Path) -> PathBuf {
    data.join("control.sock")
}

/// Has commands done by `perform`, in a thread of its own until the process ends.
///
/// # Errors
/// When the socket cannot be made.
pub fn serve(data: &Path, perform: impl Fn(Action) -> Result<Done, Failure> + Send + 'static) -> io::Result<()> {
    let path = socket_of(data);
    // Left behind by a process that was killed; that no other runs is known, since the store could be opened.
    let _ = fs::remove_file(&path);
    let listener = UnixListener::bind(&path)?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600))?;
    thread::Builder::new().name("control".into()).spawn(move || {
        for stream in listener.incoming().flatten() {
            // A command that goes away mid-sentence is its own business.
            let _ = answer(&stream, &perform);
        }
    })?;
    Ok(())
}

fn answer(mut stream: &UnixStream, perform: &impl Fn(Action) -> Result<Done, Failure>) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let action: Action = serde_json::from_str(&line(&mut BufReader::new(stream))?)?;
    let reply = perform(action);
    writeln!(stream, "{}", serde_json::to_string(&reply)?)?;
    stream.write_all(reply.as_ref().map_or(&[], |done| &done.attached))
}

/// Has the running server do it. Nothing when none is running.
///
/// # Errors
/// When a server is running but does not answer.
pub fn ask(data: &Path, action: &Action) -> io::Result<Option<Result<Done, Failure>>> {
    let mut stream = match UnixStream::connect(socket_of(data)) {
        // No socket, one left behind by a process that was killed, or a path too long for any.
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused | ErrorKind::InvalidInput) => {
            return Ok(None);
        }
        stream => stream?,
    };
    stream.set_read_timeout(Some(PATIENCE))?;
    writeln!(stream, "{}", serde_json::to_string(action)?)?;
    let mut reader = BufReader::new(&stream);
    let mut reply: Result<Done, Failure> = serde_json::from_str(&line(&mut reader)?)?;
    if let Ok(done) = &mut reply {
        reader.take(MAX_ATTACHED).read_to_end(&mut done.attached)?;
    }
    Ok(Some(reply))
}

fn line(reader: &mut impl BufRead) -> io::Result<String> {
    let mut line = String::new();
    reader.take(MAX_MESSAGE).read_line(&mut line)?;
    Ok(line)
}
