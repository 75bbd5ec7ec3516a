//! The application's HTTP server: tiny_http on a private Unix socket on one side, plain values on the other.
//!
//! Only the door speaks to it, so every request arrives complete, framed once and within limits. Nothing here decides
//! anything; [`crate::routes`] does.

mod request;
mod response;

use crate::config::Config;
use crate::endpoints::App;
use crate::http::answer::Answer;
use crate::oauth::error::Refusal;
use crate::routes;
use crate::store::Store;
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

/// Serves the app on `socket` with as many workers as the configuration says.
///
/// # Errors
/// When the socket cannot be made or a thread cannot be started.
pub fn start(socket: &Path, config: Arc<Config>, store: Arc<Store>) -> io::Result<Running> {
    let server = Arc::new(tiny_http::Server::http_unix(socket).map_err(io::Error::other)?);
    let workers = config.limits.workers;
    let app = App::new(config, store);
    let start_worker = |number: usize| {
        let (server, app) = (Arc::clone(&server), app.clone());
        thread::Builder::new().name(format!("app-{number}")).spawn(move || work(&server, &app))
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

fn work(server: &tiny_http::Server, app: &App) {
    while let Ok(mut incoming) = server.recv() {
        let answer = match request::read(&mut incoming) {
            Some(request) => {
                // A bug met by one request must not take the worker with it.
                let answered = catch_unwind(AssertUnwindSafe(|| routes::answer(app, &request)));
                answered.unwrap_or_else(|_| internal_error())
            }
            None => internal_error(),
        };
        let _ = incoming.respond(response::from(answer));
    }
}

fn internal_error() -> Answer {
    let wire = Refusal::Internal.wire();
    Answer::error(wire.status, wire.code.as_str(), &wire.description)
}
