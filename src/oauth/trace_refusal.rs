//! A refusal as a step of an attempt: what the client was told, and what whoever runs this doorward can do about it.

use super::error::{RedirectProblem, Refusal};
use super::text::Shown;
use super::trace_step::Outcome;

const FORGET: &str =
    "The app remembers a registration that is not known here. Make it forget that: remove the server from the app, and add it again.";
const REGISTER_ANEW: &str = "Remove the server from the app and add it again, so that it registers anew; or enter the address it uses: doorward client add --redirect-uri URI";
const RETRY: &str = "Begin again in the app. If it happens again, the app has a fault, or two of it share one registration.";
const ADDRESS: &str = "Give the app exactly the address that doorward server list shows.";
const CONNECT_ANEW: &str = "Let the app connect anew: remove the server from it, and add it again.";
const LIMITED: &str = "Wait a little. If that happens in usual use, allow more in [limits] of doorward.toml; behind a proxy, name it as trusted, or all who come through it share one allowance.";
const AT_FAULT: &str = "The app asks in a way that the standard does not allow: look for a newer version of it.";

impl Outcome {
    /// That it was refused for this.
    pub fn refused(refusal: &Refusal) -> Self {
        Self::turned_away(&refusal.wire().description, fix(refusal))
    }

    /// That it was refused in other words than the table's.
    pub fn turned_away(said: &str, fix: &str) -> Self {
        Self::Refused { said: Shown::new(said), fix: fix.to_owned() }
    }
}

/// What helps. Exhaustive: a new refusal does not compile without advice.
#[expect(clippy::too_many_lines, reason = "a table, one line a row")]
fn fix(refusal: &Refusal) -> &'static str {
    use Refusal as R;
    match refusal {
        R::RedirectUri(problem) => of_address(*problem),
        R::ClientName => "Give the app another name than that of your server, if its name can be chosen.",
        R::TooManyClients => "Remove clients that nobody uses: doorward client list, doorward client remove ID",
        R::ClientUnknown | R::RegistrationTokenWrong => FORGET,
        R::ClientSecretMissing | R::ClientSecretWrong | R::BasicMalformed => {
            "Enter the client's secret in the app again; a new one comes with a new entry: doorward client add --secret"
        }
        R::RedirectUriUnregistered | R::RedirectUriDiffers => REGISTER_ANEW,
        R::ChallengeMissing | R::ChallengeMethodUnsupported => {
            "The app does not use PKCE: look for a newer version, or except the host of its address with without_pkce in doorward.toml."
        }
        R::ResourceUnknown | R::ResourceNotGranted | R::ResourceMissing | R::ResourceRequired => ADDRESS,
        R::ServerPaused | R::ServerPausedForNow => "Let the server go on: doorward server resume PATH, or --all",
        R::ClientPaused => "Let the app go on: doorward client resume ID",
        R::ServerNotAllowed => "Let the user in: doorward user allow NAME PATH",
        R::CodeExpired | R::DeviceCodeExpired | R::AnswerOver => "It took longer than ten minutes. Begin again in the app.",
        R::CodeUnknown
        | R::CodeReplayed
        | R::CodeOfAnotherClient
        | R::VerifierWrong
        | R::VerifierUnasked
        | R::CodeGuessedTooOften
        | R::DeviceCodeUnknown
        | R::DeviceCodeReplayed
        | R::DeviceCodeOfAnotherClient
        | R::DeniedByUser
        | R::AnswerDenied
        | R::ConsentRequired
        | R::GrantEnded => RETRY,
        R::TokenUnknown
        | R::TokenExpired
        | R::TokenEnded
        | R::TokenForAnotherResource
        | R::AnotherServerChosen
        | R::OpenIdNotGranted
        | R::RefreshTokenUnknown
        | R::RefreshTokenExpired
        | R::RefreshTokenReused
        | R::RefreshTokenOfAnotherClient
        | R::ScopeBeyondGrant
        | R::SessionOfAnother => CONNECT_ANEW,
        R::KeyUnknown | R::KeyExpired | R::KeyEnded | R::KeyForAnotherServer | R::KeyScopeGone => {
            "Make a key for this server, and give it to the script: doorward key add NAME --server PATH"
        }
        R::TooManyRequests(_) | R::TooManyDevices | R::DeviceTooSoon | R::AnswerPending => LIMITED,
        R::Unavailable | R::Internal => "Look at doorward's own output: it says what is wrong.",
        R::NotAForm
        | R::MalformedForm
        | R::ParameterMissing(_)
        | R::ParameterRepeated(_)
        | R::ParameterTooLong(_)
        | R::TwoClientCredentials
        | R::AssertionUnsupported
        | R::NotJson
        | R::MalformedMetadata
        | R::MetadataField(_)
        | R::ResponseTypeUnsupported
        | R::ResponseModeUnsupported
        | R::RequestObjectUnsupported
        | R::ChallengeMalformed
        | R::GrantTypeUnsupported
        | R::GrantTypeNotRegistered
        | R::VerifierMissing
        | R::VerifierMalformed
        | R::StateTooShort
        | R::NoCredentials
        | R::CredentialsMalformed => AT_FAULT,
    }
}

/// What helps where the address of the answer was refused.
fn of_address(problem: RedirectProblem) -> &'static str {
    use RedirectProblem as P;
    match problem {
        P::NotListed => {
            "If you trust the app, name the host of its address in allowed_hosts of doorward.toml (or its scheme in allowed_schemes), or set redirect_hosts = \"open\"."
        }
        P::Scheme => "If you trust the app and the scheme is its own, name it in allowed_schemes of doorward.toml.",
        P::PlainHttp => "Use the app on this device, or give it an https address for the answer.",
        P::Host => "Enter the app yourself, so that its address on your network is accepted: doorward client add --redirect-uri URI",
        P::Missing | P::TooMany | P::TooLong | P::NotCanonical | P::UserInfo | P::Fragment | P::ResponseParameter | P::Ourselves => {
            AT_FAULT
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::limits::Wait;

    fn parts(refusal: &Refusal) -> (String, String) {
        match Outcome::refused(refusal) {
            Outcome::Refused { said, fix } => (said.as_str().to_owned(), fix),
            Outcome::Passed => panic!("passed"),
        }
    }

    #[test]
    fn what_was_said_is_what_the_client_was_told() {
        let (said, fix) = parts(&Refusal::RedirectUri(RedirectProblem::NotListed));
        assert_eq!(said, "the owner of this server has not allowed the host or scheme of the redirect URI");
        assert!(fix.contains("allowed_hosts"), "{fix}");
    }

    #[test]
    fn each_of_the_usual_reasons_has_its_own_advice_and_the_rest_is_the_apps_fault() {
        for (refusal, word) in [
            (Refusal::RedirectUri(RedirectProblem::Scheme), "allowed_schemes"),
            (Refusal::ClientUnknown, "forget"),
            (Refusal::ClientSecretWrong, "secret"),
            (Refusal::RedirectUriUnregistered, "registers anew"),
            (Refusal::ChallengeMissing, "PKCE"),
            (Refusal::ResourceUnknown, "exactly the address"),
            (Refusal::ServerNotAllowed, "doorward user allow"),
            (Refusal::ServerPaused, "doorward server resume"),
            (Refusal::ClientPaused, "doorward client resume"),
            (Refusal::CodeExpired, "ten minutes"),
            (Refusal::VerifierWrong, "Begin again"),
            (Refusal::TooManyRequests(Wait::seconds(7)), "[limits]"),
            (Refusal::Unavailable, "own output"),
            (Refusal::TokenForAnotherResource, "connect anew"),
            (Refusal::RedirectUri(RedirectProblem::Host), "doorward client add"),
            (Refusal::ParameterMissing("code"), "standard"),
        ] {
            assert!(parts(&refusal).1.contains(word), "{refusal:?}: {}", parts(&refusal).1);
        }
    }
}
