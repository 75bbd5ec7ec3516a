//! What is configured, in words: how long things last, and which modes are on.

use super::{App, words};
use crate::oauth::client::ClientKinds;
use crate::oauth::resource::{Naming, ProtectedResource};
use crate::oauth::token_policy::{RefreshMode, RevokeReach};

/// In words, each server's where they are not all alike.
pub(super) fn lifetimes(app: &App) -> Vec<(String, String)> {
    let ours = &app.config.lifetimes;
    let here = [("A browser’s sign-in", ours.session), ("An app’s request", ours.flow), ("An invitation", ours.invitation)];
    let here = here.map(|(name, span)| (name.to_owned(), words::span(span)));
    here.into_iter().chain(for_each(app.resources(), ("An app’s access", "Access to"), access)).collect()
}

fn access(resource: &ProtectedResource) -> String {
    let tokens = &resource.tokens;
    match (tokens.access_token, tokens.refresh) {
        (None, _) => "until it is revoked".to_owned(),
        (Some(each), RefreshMode::Rotate) => {
            format!("renewed every {}, over when unused for {}", words::span(each), words::span(tokens.refresh_token))
        }
        (Some(each), RefreshMode::Reusable) => {
            format!(
                "renewed every {} with one lasting token, over when unused for {}",
                words::span(each),
                words::span(tokens.refresh_token)
            )
        }
    }
}

/// What holds for each server; once for all where they are alike.
fn for_each(
    resources: &[ProtectedResource],
    (all, each): (&str, &str),
    say: impl Fn(&ProtectedResource) -> String,
) -> Vec<(String, String)> {
    let said: Vec<String> = resources.iter().map(say).collect();
    match said.first() {
        Some(first) if said.iter().all(|other| other == first) => vec![(all.to_owned(), first.clone())],
        Some(_) | None => resources.iter().zip(said).map(|(resource, said)| (format!("{each} {}", resource.name), said)).collect(),
    }
}

/// Which modes are on, each in a sentence.
pub(super) fn modes(app: &App) -> Vec<(String, String)> {
    let rules = app.redirect_rules();
    let kinds = match app.config.clients.kinds {
        ClientKinds::All => "With and without a secret.",
        ClientKinds::PublicOnly => "Without a secret only.",
    };
    let answers = if rules.are_listed() { "To known apps and listed hosts only." } else { "To any app; an unknown host is warned of." };
    let known = if app.config.clients.adopt_known { "They are let in again by their address." } else { "They have to register anew." };
    let pkce = match rules.hosts_without_pkce() {
        [] => "Every app has to use it.".to_owned(),
        hosts => format!("Every app has to use it, but for {}.", hosts.join(", ")),
    };
    let here = [
        ("Apps", kinds.to_owned()),
        ("Answers go", answers.to_owned()),
        ("Known apps after a loss of data", known.to_owned()),
        ("PKCE", pkce),
    ];
    let named = for_each(app.resources(), ("An app names the server", "An app names"), |resource| naming(resource.naming).to_owned());
    let tokens = for_each(app.resources(), ("Refresh tokens", "Refresh tokens for"), refreshing);
    here.map(|(name, value)| (name.to_owned(), value)).into_iter().chain(named).chain(tokens).collect()
}

fn naming(naming: Naming) -> &'static str {
    match naming {
        Naming::Lenient => "In any spelling, or its user chooses.",
        Naming::Strict => "By its exact address.",
    }
}

fn refreshing(resource: &ProtectedResource) -> String {
    let used = match resource.tokens.refresh {
        RefreshMode::Rotate => "Each is used once, and one that comes back is taken for theft.",
        RefreshMode::Reusable => "One goes on working; its theft cannot be noticed.",
    };
    let returned = match resource.tokens.revoke {
        RevokeReach::All => "Given back, everything ends.",
        RevokeReach::RefreshOnly => "Given back, access lasts to its own end.",
    };
    format!("{used} {returned}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::fixtures::resource;
    use crate::oauth::token_policy::TokenPolicy;

    #[test]
    fn what_is_alike_is_said_once_and_what_differs_of_each() {
        let reusable = TokenPolicy { refresh: RefreshMode::Reusable, revoke: RevokeReach::RefreshOnly, ..TokenPolicy::default() };
        let (one, mut other) = (resource("/notes"), resource("/files"));
        assert_eq!(for_each(&[one.clone(), other.clone()], ("All", "At"), refreshing).len(), 1);
        other.tokens = reusable;
        let said = for_each(&[one, other.clone()], ("All", "At"), refreshing);
        assert_eq!(said.len(), 2);
        assert!(
            said[0].1.contains("used once") && said[1].1.contains("goes on working") && said[1].1.contains("to its own end"),
            "{said:?}"
        );
        assert_eq!(said[1].0, format!("At {}", other.name));
        assert!(for_each(&[], ("All", "At"), refreshing).is_empty());
    }
}
