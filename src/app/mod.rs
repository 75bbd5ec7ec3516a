//! The application's HTTP server: tiny_http on a private Unix socket on one side, plain values on the other.
//!
//! Only the door speaks to it, so every request arrives complete, framed once and within limits. Nothing here decides
//! anything; [`crate::routes`] does.

mod request;
mod response;

use crate::routes::Site;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

/// The running application.
pub struct Running {
    server: Arc<tiny_http::Server>,
    workers: Vec<JoinHandle<()>>,
}

/// Serves the site on `socket` with that many workers.
///
/// # Errors
/// When the socket cannot be made or a thread cannot be started.
pub fn start(socket: &Path, workers: usize, site: &Site) -> io::Result<Running> {
    let server = Arc::new(tiny_http::Server::http_unix(socket).map_err(io::Error::other)?);
    let start_worker = |number: usize| {
        let (server, site) = (Arc::clone(&server), site.clone());
        thread::Builder::new().name(format!("app-{number}")).spawn(move || work(&server, &site))
    };
    let workers = (0..workers).map(start_worker).collect::<io::Result<_>>()?;
    Ok(Running { server, workers })
}

impl Running {
    /// Lets every worker finish what it is at, then returns.
    pub fn stop(self) {
        for _ in &self.workers {
            self.server.unblock();
        }
        for worker in self.workers {
            let _ = worker.join();
        }
    }
}

fn work(server: &tiny_http::Server, site: &Site) {
    while let Ok(mut incoming) = server.recv() {
        let answer = match request::read(&mut incoming) {
            Some(request) => {
                // A bug met by one request must not take the worker with it.
                let answered = catch_unwind(AssertUnwindSafe(|| site.answer(&request)));
                answered.unwrap_or_else(|_| Site::broken())
            }
            None => Site::broken(),
        };
        let _ = incoming.respond(response::from(answer));
    }
}
