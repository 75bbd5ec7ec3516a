//! `doorward setup`.

use super::{run::act, table};
use crate::actions::{Action, Failure};
use argh::FromArgs;
use std::path::PathBuf;

/// print a fresh one-time link for the first run, while there is no owner
#[derive(FromArgs)]
#[argh(subcommand, name = "setup")]
pub(super) struct Setup {
    /// the data directory
    #[argh(option)]
    data: Option<PathBuf>,
    /// print JSON
    #[argh(switch)]
    json: bool,
}

pub(super) fn run(setup: Setup) -> Result<(), Failure> {
    table::print(&act(setup.data, Action::Setup)?, setup.json, &[]);
    Ok(())
}
