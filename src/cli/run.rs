//! Having an action done: by the running server, or here on the store when none is running.

use super::{environment, failure};
use crate::actions::{self, Action, Done, Failure};
use crate::clock;
use crate::config::{self, Config, raw};
use crate::control;
use crate::oauth::audit::Occasion;
use crate::random;
use crate::store::Store;
use std::io;
use std::path::{Path, PathBuf};

/// Has it done.
pub(super) fn act(data: Option<PathBuf>, action: Action) -> Result<Done, Failure> {
    match ask_running(data.as_deref(), &action)? {
        Some(done) => Ok(done),
        None => on_the_store(data, action),
    }
}

/// Has it done by the running server. Nothing when none is running.
pub(super) fn ask_running(data: Option<&Path>, action: &Action) -> Result<Option<Done>, Failure> {
    let folder = raw::data_directory(data, &environment)?;
    match control::ask(&folder, action) {
        Ok(reply) => reply.transpose(),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Err(failure(
            format!("{} belongs to another user of this machine", folder.display()),
            "run it as that user: sudo -u USER doorward …",
        )),
        Err(error) => Err(failure(format!("the running doorward does not answer: {error}"), "look at its log, or start it again")),
    }
}

fn on_the_store(data: Option<PathBuf>, action: Action) -> Result<Done, Failure> {
    let folder = &raw::data_directory(data.as_deref(), &environment)?;
    let flags = raw::Flags { data, ..raw::Flags::default() };
    let makes_sense_first = matches!(action, Action::UserAdd { .. } | Action::ClientAdd { .. } | Action::Setup);
    if !makes_sense_first && !Store::is_at(folder)? {
        let what = format!("there is no doorward in {}", folder.display());
        return Err(failure(what, "name its data directory with --data DIR, or start one there: doorward --data DIR"));
    }
    let config = as_served(&flags)?;
    let store = Store::open(folder, &random::entropy(), clock::now())?;
    actions::perform(&store, &config, &Occasion::here(clock::now()), action)
}

/// The configuration that the server would have. A port left to the system is not known yet, which matters to no action
/// but to the link of the first run.
pub(super) fn as_served(flags: &raw::Flags) -> Result<Config, Failure> {
    let written = raw::read(flags, &environment)?;
    Ok(config::decide(&written, config::listen_address(&written)?, &environment)?)
}
