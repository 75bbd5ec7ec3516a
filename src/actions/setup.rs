//! The link of the first run.

use super::{Done, Failure, done};
use crate::config::Config;
use crate::oauth::audit::Occasion;
use crate::oauth::secret::SetupLink;
use crate::random;
use crate::store::Store;
use serde_json::json;

/// A fresh one-time link, in place of any earlier one. It goes to the caller's terminal and nowhere else.
pub(super) fn fresh_link(store: &Store, config: &Config, occasion: &Occasion) -> Result<Done, Failure> {
    if store.is_claimed()? {
        return Err(Failure::new("this doorward has an owner", "to add an account: doorward user add NAME"));
    }
    let link = random::secret::<SetupLink>();
    store.set_setup_link(&link.hash(), occasion.at.after(config.lifetimes.setup_link), occasion)?;
    let url = format!("{}/setup?token={}", config.issuer.origin, link.reveal());
    let minutes = config.lifetimes.setup_link.as_secs() / 60;
    Ok(done(format!("Finish setting up here (once, within {minutes} minutes):\n\n    {url}\n"), json!({ "url": url })))
}
