//! A refusal as a step of an attempt: what the client was told, and what whoever runs this doorward can do about it.

use super::error::{RedirectProblem, Refusal};
use super::text::Shown;
use super::trace_step::Outcome;

const FORGET: &str =
    "The app remembers a registration that is not known here. Make it forget that: remove the server from the app, and add it again.";
const REGISTER_ANEW: &str = "Remove the server from the app and add it again, so that it registers anew; or enter the address it uses: doorward client add --redirect-uri URI";
const RETRY: &str = "Begin again in the app. If it happens again, the app has a fault, or two of it share one registration.";
const ADDRESS: &str = "Give the app exactly the address that doorward server list shows.";
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

/// What helps, for the refusals that people meet; for the rest that it is the app's fault.
fn fix(refusal: &Refusal) -> &'static str {
    const FIXES: [(&[Refusal], &str); 16] = [
        (
            &[Refusal::RedirectUri(RedirectProblem::NotListed)],
            "If you trust the app, name the host of its address in allowed_hosts of doorward.toml (or its scheme in allowed_schemes), or set redirect_hosts = \"open\".",
        ),
        (
            &[Refusal::RedirectUri(RedirectProblem::Scheme)],
            "If you trust the app and the scheme is its own, name it in allowed_schemes of doorward.toml.",
        ),
        (&[Refusal::RedirectUri(RedirectProblem::PlainHttp)], "Use the app on this device, or give it an https address for the answer."),
        (&[Refusal::ClientName], "Give the app another name than that of your server, if its name can be chosen."),
        (&[Refusal::TooManyClients], "Remove clients that nobody uses: doorward client list, doorward client remove ID"),
        (&[Refusal::ClientUnknown], FORGET),
        (
            &[Refusal::ClientSecretMissing, Refusal::ClientSecretWrong, Refusal::BasicMalformed],
            "Enter the client's secret in the app again; a new one comes with a new entry: doorward client add --secret",
        ),
        (&[Refusal::RedirectUriUnregistered, Refusal::RedirectUriDiffers], REGISTER_ANEW),
        (
            &[Refusal::ChallengeMissing, Refusal::ChallengeMethodUnsupported],
            "The app does not use PKCE: look for a newer version, or except the host of its address with without_pkce in doorward.toml.",
        ),
        (&[Refusal::ResourceUnknown, Refusal::ResourceNotGranted, Refusal::ResourceMissing, Refusal::ResourceRequired], ADDRESS),
        (&[Refusal::ServerPaused, Refusal::ServerPausedForNow], "Let the server go on: doorward server resume PATH, or --all"),
        (&[Refusal::ClientPaused], "Let the app go on: doorward client resume ID"),
        (&[Refusal::ServerNotAllowed], "Let the user in: doorward user allow NAME PATH"),
        (&[Refusal::CodeExpired, Refusal::DeviceCodeExpired], "It took longer than ten minutes. Begin again in the app."),
        (
            &[
                Refusal::CodeUnknown,
                Refusal::CodeReplayed,
                Refusal::CodeOfAnotherClient,
                Refusal::VerifierWrong,
                Refusal::CodeGuessedTooOften,
            ],
            RETRY,
        ),
        (&[Refusal::Unavailable, Refusal::Internal], "Look at doorward's own output: it says what is wrong."),
    ];
    let otherwise = if refusal.retry_after().is_some() { LIMITED } else { AT_FAULT };
    FIXES.iter().find(|(refusals, _)| refusals.contains(refusal)).map_or(otherwise, |(_, fix)| fix)
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
            (Refusal::ParameterMissing("code"), "standard"),
        ] {
            assert!(parts(&refusal).1.contains(word), "{refusal:?}: {}", parts(&refusal).1);
        }
    }
}
