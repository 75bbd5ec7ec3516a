//! What the browser must do next. Sign-in and consent never lead to one another: each returns to `/authorize`, which
//! asks here. Only this file knows the order.

use super::authorization_request::{AuthorizationRequest, Prompt, Refuse, State};
use super::error::Refusal;
use super::redirect_uri::RegisteredRedirect;
use super::user::User;

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
pub fn next<'r>(request: Result<AuthorizationRequest<'r>, Refuse>, user: Option<&User>) -> Step<'r> {
    let request = match request {
        Err(Refuse::OnPage(refusal)) => return Step::ShowRefusal(refusal),
        other => other,
    };
    let Some(user) = user else { return Step::SignIn };
    match request {
        Err(Refuse::OnPage(refusal)) => Step::ShowRefusal(refusal),
        Err(Refuse::ToClient(redirect, state, refusal)) => Step::AnswerWithError(redirect, state, refusal),
        Ok(request) => match request.prompt {
            Prompt::Login => Step::SignIn,
            Prompt::None => Step::AnswerWithError(request.redirect, request.state, Refusal::ConsentRequired),
            Prompt::Default if !user.may_use(&request.resource.path) => {
                Step::AnswerWithError(request.redirect, request.state, Refusal::ServerNotAllowed)
            }
            Prompt::Default => Step::AskForConsent(request),
        },
    }
}
