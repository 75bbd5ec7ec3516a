//! Why an app asks again, and why somebody has to sign in again, in words. The reasons are [`crate::oauth::asks_again`]'s.

use super::browser::SESSION;
use super::{App, words};
use crate::clock::{self, UnixTime};
use crate::http::cookies;
use crate::http::request::Request;
use crate::oauth::asks_again::{self, Reason};
use crate::oauth::client::Client;
use crate::oauth::connection::{EndReason, Ended};
use crate::oauth::consent::Offer;
use crate::oauth::secret::{Secret, Session};
use crate::oauth::user::User;
use crate::store::StoreError;

/// Somebody whose sign-in in this browser has ended by itself, made by [`App::ran_out`] alone. It opens nothing: they are
/// only told why they sign in again.
pub(super) struct RunOut {
    /// Who.
    pub(super) user: User,
    /// When it ended.
    at: UnixTime,
}

impl App {
    /// Whose sign-in has run out in this browser, if anybody's has.
    ///
    /// # Errors
    /// When the store does not answer.
    pub(super) fn ran_out(&self, request: &Request) -> Result<Option<RunOut>, StoreError> {
        let name = self.jar(request).name(SESSION);
        let Some(secret) = cookies::read(&request.headers, &name).and_then(Secret::<Session>::parse) else { return Ok(None) };
        let found = self.store.session_that_ran_out(&secret.hash(), clock::now())?;
        Ok(found.map(|(stored, user)| RunOut { user, at: stored.expires_at }))
    }
}

/// Why the app asks again, for the user whose connections these are; nothing if it asks for the first time.
///
/// # Errors
/// When the store does not answer.
pub(super) fn app_asks(app: &App, client: &Client, user: &User, offers: &[Offer]) -> Result<Option<String>, StoreError> {
    let now = clock::now();
    let earlier = app.store.earlier_connections(&user.id)?;
    Ok(asks_again::why(client, user, offers, &earlier, now).map(|reason| sentence(app, &reason, now)))
}

/// Why somebody whose sign-in has run out in this browser signs in again, and why the app that waits for them asks.
///
/// # Errors
/// When the store does not answer.
pub(super) fn signs_in(app: &App, run_out: &RunOut, waiting: Option<(&Client, &[Offer])>) -> Result<String, StoreError> {
    let own = format!("Your sign-in here ended {}.", words::ago(run_out.at, clock::now()));
    let of_app = waiting.map(|(client, offers)| app_asks(app, client, &run_out.user, offers)).transpose()?.flatten();
    Ok(of_app.map_or(own.clone(), |of_app| format!("{own} {of_app}")))
}

fn sentence(app: &App, reason: &Reason, now: UnixTime) -> String {
    match reason {
        Reason::WantsMore(server, scope) => {
            let resource = app.resource_at(server);
            let more: Vec<String> = scope.names().map(|name| words::scope(resource, name)).collect();
            format!("The app is connected already and asks for more: {}.", more.join(", "))
        }
        Reason::Connected => "The app is connected already. It has lost its access, or asks from a second place.".to_owned(),
        Reason::Ended(ended) => ended_sentence(*ended, now),
        Reason::AccountChanged => "You let the app in before. Your password was changed since, or your account switched off.".to_owned(),
        Reason::RegisteredAnew(at) => {
            format!("An app of this name, with answers to the same place, was let in {}. This one registered anew.", words::ago(*at, now))
        }
    }
}

fn ended_sentence(Ended { at, why }: Ended, now: UnixTime) -> String {
    let how = match why {
        EndReason::TimeOver => return format!("You let the app in for a time, which was over {}.", words::ago(at, now)),
        EndReason::Unused => "It was not used for so long that this ended",
        EndReason::RevokedByUser => "That was revoked here",
        EndReason::RevokedByClient => "It gave its access back",
        EndReason::CodeReplayed | EndReason::RefreshTokenReused => "Something looked like theft, so this ended",
        EndReason::ClientRemoved => "It was removed here",
        EndReason::UserRemoved => "The account was removed",
        EndReason::ServerDenied => "The server was taken from you",
    };
    format!("You let the app in before. {how} {}.", words::ago(at, now))
}
