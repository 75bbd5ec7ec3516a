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
            Prompt::Default if !request.resources.iter().any(|resource| user.may_use(&resource.path)) => {
                Step::AnswerWithError(request.redirect, request.state, Refusal::ServerNotAllowed)
            }
            Prompt::Default => Step::AskForConsent(request),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::authorization_request::parse;
    use crate::oauth::fixtures::{CALLBACK, CHALLENGE, client, params, resource, rules, user};
    use crate::oauth::resource::ProtectedResource;
    use crate::oauth::user::ServerAccess;

    fn request<'r>(more: &str, resources: &'r [ProtectedResource]) -> Result<AuthorizationRequest<'r>, Refuse> {
        let query = format!("response_type=code&state=s&code_challenge={CHALLENGE}&code_challenge_method=S256{more}");
        parse(&params(&query), &client("claude"), resources, &rules())
    }

    fn step(more: &str, user: Option<&User>) -> String {
        let resources = [resource("/notes")];
        match next(request(more, &resources), user) {
            Step::ShowRefusal(refusal) => format!("page {refusal:?}"),
            Step::SignIn => "sign in".into(),
            Step::AnswerWithError(redirect, State(state), refusal) => format!("{} {state:?} {refusal:?}", redirect.as_str()),
            Step::AskForConsent(request) => format!("consent {}", request.resources[0].path),
        }
    }

    #[test]
    fn a_stranger_signs_in_first_and_a_user_is_asked() {
        assert_eq!(step("", None), "sign in");
        assert_eq!(step("", Some(&user("ann"))), "consent /notes");
    }

    #[test]
    fn consent_is_never_remembered() {
        assert_eq!(step("", Some(&user("ann"))), step("", Some(&user("ann"))));
        assert_eq!(step("&prompt=consent", Some(&user("ann"))), "consent /notes");
    }

    #[test]
    fn without_a_user_nobody_is_sent_to_a_client() {
        for fault in ["&response_type=code", "&resource=https%3A%2F%2Fevil.test", "&response_mode=fragment", "&prompt=none"] {
            assert_eq!(step(fault, None), "sign in", "{fault}");
        }
    }

    #[test]
    fn a_user_is_sent_back_with_the_error_and_the_state() {
        assert_eq!(step("&resource=https%3A%2F%2Fevil.test", Some(&user("ann"))), format!("{CALLBACK} Some(\"s\") ResourceUnknown"));
        assert_eq!(step("&prompt=none", Some(&user("ann"))), format!("{CALLBACK} Some(\"s\") ConsentRequired"));
    }

    #[test]
    fn an_unproven_address_is_refused_on_a_page_whoever_is_there() {
        let query = "&redirect_uri=https%3A%2F%2Fevil.test";
        assert_eq!(step(query, None), "page RedirectUriUnregistered");
        assert_eq!(step(query, Some(&user("ann"))), "page RedirectUriUnregistered");
    }

    #[test]
    fn a_user_without_the_server_is_not_asked() {
        let other = User { servers: ServerAccess::Only(vec!["/files".into()]), ..user("bob") };
        let disabled = User { disabled: true, ..user("ann") };
        for user in [other, disabled] {
            assert_eq!(step("", Some(&user)), format!("{CALLBACK} Some(\"s\") ServerNotAllowed"));
        }
    }

    #[test]
    fn prompt_login_asks_a_user_who_is_there_to_sign_in_again() {
        for words in ["login", "select_account", "consent+login"] {
            assert_eq!(step(&format!("&prompt={words}"), Some(&user("ann"))), "sign in", "{words}");
        }
    }
}
