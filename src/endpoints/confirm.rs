//! The password of whoever is signed in, asked for once more: an open browser is not its owner.

use super::App;
use super::browser::{CheckedForm, SignedIn};
use super::credentials::{self, Wrong};
use super::guess::{self, Checked};
use crate::http::answer::Answer;
use crate::http::request::Request;
use crate::oauth::limits::Wait;
use crate::store::StoreError;

/// The field that it is typed into.
pub(super) const FIELD: &str = "current";

/// Proof that whoever is signed in typed their password into this very form. Made by [`own_password`] alone.
pub(super) struct Confirmed(());

/// What was wrong with it.
pub(super) struct Unconfirmed {
    status: u16,
    wrong: Wrong,
    wait: Option<Wait>,
}

/// Has the password in the form checked, like every password that somebody may be guessing.
pub(super) fn own_password(
    app: &App,
    request: &Request,
    signed_in: &SignedIn,
    form: &CheckedForm,
) -> Result<Result<Confirmed, Unconfirmed>, StoreError> {
    let refuse = |status, wrong, wait| Err(Unconfirmed { status, wrong, wait });
    Ok(match guess::password(app, request, signed_in.user.name.as_str(), form.text(FIELD))? {
        Checked::Right(_) => Ok(Confirmed(())),
        Checked::Wrong => refuse(400, Wrong::new(FIELD, "That is not your password."), None),
        Checked::TooMany(wait) => refuse(429, Wrong::new(FIELD, "Too many wrong passwords. Wait a while and try again."), Some(wait)),
        Checked::Busy => refuse(503, credentials::BUSY, None),
    })
}

impl Unconfirmed {
    /// The page that says so, with what its status needs.
    pub(super) fn answer(self, show: impl FnOnce(u16, Wrong) -> Answer) -> Answer {
        let answer = show(self.status, self.wrong);
        match self.wait {
            Some(wait) => answer.with("retry-after", wait.as_secs().to_string()),
            None => answer,
        }
    }
}
