//! An event as one sentence that a person understands without knowing OAuth.

use super::audit::Event;
use super::audit_kinds::What;
use super::connection::EndReason;
use super::term::{self, Zone};
use super::text::Shown;
use super::user::UserName;
use crate::clock::UnixTime;

impl Event {
    /// What happened, in one line.
    #[expect(clippy::too_many_lines, reason = "a table, one line a kind")]
    pub fn sentence(&self) -> String {
        let user = self.user.as_ref().map_or("somebody", UserName::as_str);
        let client = self.client.as_ref().map_or_else(|| "an app".to_owned(), |client| quoted(&client.name));
        let client = client.as_str();
        let server = self.server.as_ref().map_or("a server", Shown::as_str);
        let by = self.by.as_ref().filter(|by| self.user.as_ref() != Some(*by)).map(|by| format!(" by {}", by.as_str()));
        let by = by.unwrap_or_default();
        match &self.what {
            What::SignedIn => format!("{user} signed in"),
            What::SignInFailed => match &self.user {
                Some(user) => format!("somebody failed to sign in as {}", user.as_str()),
                None => "somebody failed to sign in with a name that nobody has".to_owned(),
            },
            What::SignInThrottled => match &self.user {
                Some(user) => format!("too many sign-ins for {}; the next ones have to wait", user.as_str()),
                None => "too many sign-ins; the next ones have to wait".to_owned(),
            },
            What::SignedOut => format!("{user} signed out"),
            What::SetupLinkMade => "a link for setting up was made; whoever opens it becomes the owner".to_owned(),
            What::SetupClaimed => format!("{user} set this doorward up and is its owner"),
            What::UserAdded { owner: true } => format!("the account {user} was added{by}, as an owner"),
            What::UserAdded { owner: false } => format!("the account {user} was added{by}"),
            What::PasswordChanged => format!("the password of {user} was changed{by}; what was granted before has ended"),
            What::UserDisabled => format!("the account {user} was switched off{by}"),
            What::UserEnabled => format!("the account {user} was switched on again{by}"),
            What::UserRemoved => format!("the account {user} was removed{by}"),
            What::ServerAllowed => format!("{user} may use {server} from now on{by}"),
            What::ServerDenied => format!("{server} was taken from {user}{by}"),
            What::ClientAdded => format!("{client} was entered as a client{by}"),
            What::ClientRegistered => format!("{client} registered itself"),
            What::ClientUpdated => format!("{client} changed its registration"),
            What::ClientUnregistered => format!("{client} removed its registration"),
            What::ClientRemoved => format!("{client} was removed{by}"),
            What::ClientAdopted => format!("{client} was let in again under the id it had before, known by where its answers go"),
            What::ConsentGiven { scope, until } => {
                let until = until.map(|end| format!(", until {}", moment(end))).unwrap_or_default();
                format!("{user} let {client} use {server}{}{until}", permitted(scope))
            }
            What::ConsentDenied => format!("{user} turned {client} away"),
            What::UserCodeWrong => format!("{user} entered a code that no device shows"),
            What::PkceExceptionUsed => format!("{client} connected without PKCE, as the configuration excepts it"),
            What::TokensIssued { scope } => format!("{client} got tokens for {server} of {user}{}", permitted(scope)),
            What::TokensRefreshed => format!("{client} renewed its tokens for {server} of {user}"),
            What::TokensRepeated => format!("{client} asked for its renewed tokens again and got the same ones"),
            What::AccessTokenReturned => format!("{client} gave an access token back"),
            What::RefreshTokenReturned => format!("{client} gave the refresh token for {server} of {user} back; its access tokens live on"),
            What::VerifierWrong => format!("{client} presented a code of {user} with a wrong PKCE verifier"),
            What::TokenOfAnother => {
                format!("another app presented what {client} got for {server} of {user}, which looks like theft; it was refused")
            }
            What::ConnectionEnded(why) => ended(*why, client, server, user, &by),
            What::KeyCreated { key } => format!("the key \"{key}\" of {user} for {server} was made{by}"),
            What::KeyUsed { key } => format!("the key \"{key}\" of {user} was used at {server}"),
            What::KeyRevoked { key } => format!("the key \"{key}\" of {user} was revoked{by}"),
            What::ServerPaused => format!("{server} was paused{by}"),
            What::ServerResumed => format!("{server} was resumed{by}"),
            What::ClientPaused => format!("{client} was paused{by}"),
            What::ClientResumed => format!("{client} was resumed{by}"),
            What::EverythingPaused => format!("everything was paused{by}"),
            What::EverythingResumed => format!("everything was resumed{by}"),
            What::LimitHit { limit } => format!("turned away by the limit on {limit}"),
            What::SigningKeyRotated => "a new key signs ID tokens".to_owned(),
            What::PublicUrlChanged { before, after } => format!("the public URL is {after} and was {before}"),
            What::ServerAdded => format!("{server} is protected since this start"),
            What::ServerGone => format!("{server} is not protected any more since this start"),
            What::InvitationMade => format!("a link with which {user} chooses a password was made{by}"),
            What::InvitationAccepted => format!("{user} chose a password; what was granted before has ended"),
            What::PasswordReset => format!("the password of {user} was taken away{by}; what was granted before has ended"),
            What::ConnectionLimited { until: Some(end) } => {
                format!("the connection of {client} to {server} of {user} was made to end on {}{by}", moment(*end))
            }
            What::ConnectionLimited { until: None } => {
                format!("the connection of {client} to {server} of {user} was given back its time{by}: it has no end of its own")
            }
            What::SettingChanged { setting, before, after } => format!("{setting} is {after} and was {before}"),
            What::StoreRestored { taken_at, connections, keys } => {
                let age = self.at.in_words_since(*taken_at);
                format!("the data was put back as it was {age} before; connections that have ended with it: {connections}, keys: {keys}")
            }
        }
    }
}

/// An app chooses its name itself. Between marks it cannot pass for a part of the sentence.
fn quoted(name: &Shown) -> String {
    format!("\"{}\"", name.as_str().replace('"', "'"))
}

fn ended(why: EndReason, client: &str, server: &str, user: &str, by: &str) -> String {
    let connection = format!("the connection of {client} to {server} of {user}");
    match why {
        EndReason::RevokedByUser => format!("{connection} was revoked{by}"),
        EndReason::RevokedByClient => format!("{connection} was given back by the app"),
        EndReason::CodeReplayed => format!("a code was used twice, which looks like theft: {connection} has ended"),
        EndReason::RefreshTokenReused => format!("an old refresh token was used again, which looks like theft: {connection} has ended"),
        EndReason::ClientRemoved => format!("{connection} has ended, since the app was removed"),
        EndReason::UserRemoved => format!("{connection} has ended, since the account was removed"),
        EndReason::ServerDenied => format!("{connection} has ended, since the server was taken from the account"),
        EndReason::TimeOver => format!("{connection} has ended by itself: the time it was given for was over"),
        EndReason::Unused => format!("{connection} has ended by itself: it was not used for longer than its tokens live"),
    }
}

/// The log is the same for everybody who reads it, so its moments are in UTC.
fn moment(at: UnixTime) -> String {
    term::say(at, Zone::default())
}

fn permitted(scope: &Shown) -> String {
    if scope.as_str().is_empty() { String::new() } else { format!(" ({scope})") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::audit::Occasion;
    use crate::oauth::client::Client;
    use crate::oauth::fixtures::{NOW, client, every_kind, user};
    use std::collections::BTreeSet;

    fn about(what: What) -> Event {
        Occasion::here(NOW).event(what).of_user(&user("ann").name).of_client(&client("claude")).at_server("/notes")
    }

    #[test]
    fn every_kind_says_something_of_its_own_with_and_without_names() {
        let with: BTreeSet<String> = every_kind().into_iter().map(|what| about(what).sentence()).collect();
        let without: BTreeSet<String> = every_kind().into_iter().map(|what| Occasion::here(NOW).event(what).sentence()).collect();
        assert_eq!((with.len(), without.len()), (every_kind().len(), every_kind().len()));
        for sentence in with.iter().chain(&without) {
            assert!(!sentence.contains("  ") && !sentence.ends_with(['.', ' ']) && !sentence.contains('\n'), "{sentence:?}");
        }
    }

    #[test]
    fn a_theft_is_called_one_and_says_what_it_cost() {
        let reused = about(What::ConnectionEnded(EndReason::RefreshTokenReused)).sentence();
        assert_eq!(
            reused,
            "an old refresh token was used again, which looks like theft: the connection of \"Test client\" to /notes of ann has ended"
        );
    }

    #[test]
    fn a_name_of_an_app_cannot_pass_for_a_part_of_the_sentence() {
        let posing = Client { name: Some("Lamp\" was removed by ann; \"It".into()), ..client("claude") };
        let event = Event { client: None, ..about(What::ClientRegistered) }.of_client(&posing);
        assert_eq!(event.sentence(), "\"Lamp' was removed by ann; 'It\" registered itself");
    }

    #[test]
    fn who_did_it_is_named_unless_they_did_it_to_themselves() {
        let by = |name: &str| Event { by: Some(user(name).name), ..about(What::PasswordChanged) }.sentence();
        assert!(by("root").starts_with("the password of ann was changed by root;"), "{}", by("root"));
        assert!(by("ann").starts_with("the password of ann was changed;"), "{}", by("ann"));
    }

    #[test]
    fn what_was_permitted_is_named_where_anything_was() {
        let given = |scope: &str| about(What::ConsentGiven { scope: Shown::new(scope), until: None }).sentence();
        assert_eq!(given("read write"), "ann let \"Test client\" use /notes (read write)");
        assert_eq!(given(""), "ann let \"Test client\" use /notes");
        let until = What::ConsentGiven { scope: Shown::new("read"), until: Some(UnixTime(1_795_996_799)) };
        assert_eq!(about(until).sentence(), "ann let \"Test client\" use /notes (read), until Sun 29 Nov 2026, 23:59 UTC");
    }
}
