//! `doorward setup`.

use super::{run::act, table};
use crate::actions::{Action, Failure};
use argh::{ArgsInfo, FromArgs};
use std::path::PathBuf;

/// print a fresh one-time link for the first run, while there is no owner
#[derive(FromArgs, ArgsInfo)]
#[argh(subcommand, name = "setup", example = "doorward setup --data /var/lib/doorward")]
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
