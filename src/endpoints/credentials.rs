//! Names and passwords that people choose on a page, and what is wrong with them in their words.

use crate::oauth::params::Params;
use crate::oauth::user::{NewPassword, UserName};
use crate::pages::views::form::{Field, Form};
use crate::password;
use crate::random;

/// What is wrong, and in which field; one that is not on the page stands for the whole form.
pub(super) struct Wrong {
    field: &'static str,
    problem: &'static str,
}

impl Wrong {
    pub(super) fn new(field: &'static str, problem: &'static str) -> Self {
        Self { field, problem }
    }

    /// In words.
    pub(super) fn problem(&self) -> &'static str {
        self.problem
    }

    /// The form with everything that is wrong said in it.
    pub(super) fn mark(form: Form, wrong: &[Self]) -> Form {
        wrong.iter().fold(form, |form, wrong| form.refused_in(wrong.field, wrong.problem))
    }
}

/// Came without the token of this browser, and was not looked at.
pub(super) const STALE: Wrong =
    Wrong { field: "", problem: "The page had been open for too long, or cookies are switched off. Please try again." };
/// Too many are choosing or proving a password right now.
pub(super) const BUSY: Wrong = Wrong { field: "", problem: "The server is busy. Please try again." };

/// The fields of a password that is to be chosen.
pub(super) fn password_fields() -> [Field; 2] {
    [
        Field::new_password("password", "Password").with_rule("At least 8 characters. A few words in a row are easy to keep."),
        Field::new_password("password_again", "The same password again"),
    ]
}

/// The name that was chosen.
pub(super) fn name(params: &Params) -> Result<UserName, Wrong> {
    let problem = "Please choose a name of up to 64 letters, digits and . _ - + @, beginning with a letter or digit.";
    let typed = params.one("username").ok().flatten().unwrap_or_default();
    UserName::parse(typed.trim()).ok_or(Wrong::new("username", problem))
}

/// The password that was chosen, twice the same.
pub(super) fn password(params: &Params) -> Result<NewPassword, Wrong> {
    let text = |name| params.one(name).ok().flatten().unwrap_or_default();
    let chosen =
        NewPassword::parse(text("password")).ok_or(Wrong::new("password", "Please choose a password of at least 8 characters."))?;
    if text("password_again") == text("password") {
        Ok(chosen)
    } else {
        Err(Wrong::new("password_again", "The two passwords are not the same."))
    }
}

/// The password as it is stored.
pub(super) fn hash(chosen: &NewPassword) -> Result<String, Wrong> {
    password::hash(chosen.reveal(), &random::bytes()).map_err(|_| BUSY)
}

/// Both, or everything that is wrong with either.
pub(super) fn both<A, B>(one: Result<A, Wrong>, other: Result<B, Wrong>) -> Result<(A, B), Vec<Wrong>> {
    match (one, other) {
        (Ok(one), Ok(other)) => Ok((one, other)),
        (one, other) => Err(one.err().into_iter().chain(other.err()).collect()),
    }
}
