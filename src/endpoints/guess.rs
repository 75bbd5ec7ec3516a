//! Checking what somebody may be guessing. Whatever page asks for a password has it checked here and nowhere else, so that
//! all of them share one count ([`crate::oauth::throttle`]).

use super::App;
use crate::clock;
use crate::http::request::Request;
use crate::oauth::audit_kinds::What;
use crate::oauth::error::Refusal;
use crate::oauth::limits::Wait;
use crate::oauth::rates::{Bucket, Charge, Key};
use crate::oauth::throttle::{self, Terms};
use crate::oauth::user::{MAX_PASSWORD, User, UserName};
use crate::password;
use crate::store::{Guess, Outcome, StoreError};

/// What came of a password.
pub(super) enum Checked {
    /// It is this account's.
    Right(Box<User>),
    /// It is not, or there is no such account, or it is disabled.
    Wrong,
    /// It was not looked at, because of the guesses before it.
    TooMany(Wait),
    /// It was not looked at, because too many others are.
    Busy,
}

/// Checks a password for the account of a name. The same work and the same answer whether the name is unknown, the account
/// disabled or the password wrong; none of the work while somebody has to wait.
pub(super) fn password(app: &App, request: &Request, typed: &str, password: &str) -> Result<Checked, StoreError> {
    let name = UserName::parse(typed.trim());
    let begun = match begin(app, request, name.as_ref())? {
        Ok(begun) => begun,
        Err(wait) => return Ok(Checked::TooMany(wait)),
    };
    let account = name.map(|name| app.store.user_named(&name)).transpose()?.flatten();
    let named = account.as_ref().map(|user| user.name.clone());
    let user = account.filter(|user| !user.disabled);
    let (password, user) = if password.is_empty() || password.len() > MAX_PASSWORD { ("", None) } else { (password, user) };
    let right = match password::verify(password, user.as_ref().map(|user| user.password.as_str())) {
        Err(password::Busy) => {
            begun.end(app, Outcome::Unmade)?;
            return Ok(Checked::Busy);
        }
        Ok(right) => right,
    };
    let Some(user) = user.filter(|_| right) else {
        record_failure(app, request, named.as_ref(), begun.guess.as_ref());
        return Ok(Checked::Wrong);
    };
    begun.end(app, Outcome::Right)?;
    Ok(Checked::Right(Box::new(user)))
}

/// A guess that was let through; nothing where there is no limit. It counts as wrong until it is ended.
struct Begun {
    guess: Option<Guess>,
    of_all: Option<Charge>,
}

fn begin(app: &App, request: &Request, name: Option<&UserName>) -> Result<Result<Begun, Wait>, StoreError> {
    let Some(terms) = app.config.limits.rates.sign_in else { return Ok(Ok(Begun { guess: None, of_all: None })) };
    let now = clock::now();
    let device = name.and_then(|name| app.known_device(request, name));
    let of_all = if device.is_none() { app.charge(Bucket::Passwords, Key::everybody()) } else { None };
    if let Err(over) = app.store.spend(Bucket::Passwords, of_all.as_slice(), now) {
        app.over(Bucket::Passwords, over, |what| super::occasion(request).event(what));
        return Ok(Err(over.wait));
    }
    let subjects = match name {
        Some(name) => throttle::subjects(terms, app.store.key(), name, device, request.peer),
        None => throttle::of_address(terms, request.peer),
    };
    let begun = app.store.begin_guess(subjects, now)?;
    if let (Err(_), Some(charge)) = (&begun, &of_all) {
        app.store.give_back(Bucket::Passwords, charge, now);
    }
    Ok(begun.map(|guess| Begun { guess: Some(guess), of_all }))
}

impl Begun {
    fn end(&self, app: &App, outcome: Outcome) -> Result<(), StoreError> {
        if let Some(charge) = &self.of_all {
            app.store.give_back(Bucket::Passwords, charge, clock::now());
        }
        self.guess.as_ref().map_or(Ok(()), |guess| app.store.end_guess(guess, outcome))
    }
}

/// Counts a link of the first run that is none. A right one needs no leave: it cannot be guessed, and a stranger must not
/// keep it from working.
pub(super) fn wrong_link(app: &App, request: &Request) -> Result<Result<(), Refusal>, StoreError> {
    let Some(Terms { .. }) = app.config.limits.rates.sign_in else { return Ok(Ok(())) };
    Ok(match begin(app, request, None)? {
        Ok(_counted) => Ok(()),
        Err(wait) => Err(Refusal::TooManyRequests(wait)),
    })
}

/// What was typed is told only where it is the name of an account: people type passwords into the wrong field.
fn record_failure(app: &App, request: &Request, named: Option<&UserName>, guess: Option<&Guess>) {
    let kinds = [Some(What::SignInFailed), guess.filter(|guess| guess.is_last_free()).map(|_| What::SignInThrottled)];
    for what in kinds.into_iter().flatten() {
        let event = super::occasion(request).event(what);
        super::record(app, &named.map_or(event.clone(), |name| event.of_user(name)));
    }
}
