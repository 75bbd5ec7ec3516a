//! What the browser must do next. Sign-in and consent never lead to one another: each returns to `/authorize`, which
//! asks here. Only this file knows the order.

use super::authorization_request::{AuthorizationRequest, Prompt, Refuse, State};
use super::error::Refusal;
use super::redirect_uri::RegisteredRedirect;
use super::user::User;
use crate::clock::UnixTime;
use std::time::Duration;

/// For so long a sign-in counts as the one that `prompt=login` asks for. It has to be the browser's way from the
/// sign-in page back to `/authorize`: without it the two would send the browser to and fro for ever.
pub const FRESH_SIGN_IN: Duration = Duration::from_secs(120);

/// Who is signed in.
#[derive(Clone, Copy, Debug)]
pub struct SignedIn<'u> {
    /// The account.
    pub user: &'u User,
    /// When the password was given.
    pub at: UnixTime,
}

/// The next step.
#[derive(Debug)]
pub enum Step<'r> {
    /// Say on a page of ours what is wrong. Needs no user: nothing leaves this server.
    ShowRefusal(Refusal),
    /// Find out who is there.
    SignIn,
    /// Tell the client what is wrong. The user is known, so we are no open redirector (RFC 9700 §4.11.2).
    AnswerWithError(RegisteredRedirect, State, Refusal),
    /// Ask for consent.
    AskForConsent(AuthorizationRequest<'r>),
}

/// Decides the step from the request as it was read and from who is signed in.
///
/// Consent is asked for every time: a client that registered itself, or one on a loopback address, cannot prove that
/// it is the one that was agreed to before (OAuth 2.1 §7.3.1).
pub fn next<'r>(request: Result<AuthorizationRequest<'r>, Refuse>, signed_in: Option<SignedIn<'_>>, now: UnixTime) -> Step<'r> {
    match (request, signed_in) {
        (Err(Refuse::OnPage(refusal)), _) => Step::ShowRefusal(refusal),
        (_, None) => Step::SignIn,
        (Err(Refuse::ToClient(redirect, state, refusal)), Some(_)) => Step::AnswerWithError(redirect, state, refusal),
        (Ok(request), Some(signed_in)) => judge(request, signed_in, now),
    }
}

fn judge<'r>(request: AuthorizationRequest<'r>, signed_in: SignedIn<'_>, now: UnixTime) -> Step<'r> {
    match request.prompt {
        Prompt::None => Step::AnswerWithError(request.redirect, request.state, Refusal::ConsentRequired),
        Prompt::Login if now.since(signed_in.at) >= FRESH_SIGN_IN => Step::SignIn,
        Prompt::Login | Prompt::Default if signed_in.user.may_use(&request.resource.path) => Step::AskForConsent(request),
        Prompt::Login | Prompt::Default => Step::AnswerWithError(request.redirect, request.state, Refusal::ServerNotAllowed),
    }
}
