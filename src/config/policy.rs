//! How long tokens live, for all servers and for each: `[lifetimes]`, and the keys of a `[[server]]` that say otherwise.

use super::{ConfigError, Lifetimes, raw, units};
use crate::oauth::token_policy::{RefreshMode, RevokeReach, TokenPolicy};
use std::time::Duration;

/// Decides `[lifetimes]`: what belongs to no server, and what holds for the tokens of every server that says nothing else.
pub(super) fn decide(written: &raw::Lifetimes) -> Result<(Lifetimes, TokenPolicy), ConfigError> {
    let default = Lifetimes::default();
    let span = |text: &Option<String>, default| text.as_deref().map_or(Ok(default), units::span);
    let lifetimes = Lifetimes {
        code: span(&written.code, default.code)?,
        flow: span(&written.flow, default.flow)?,
        session: span(&written.session, default.session)?,
        setup_link: default.setup_link,
        invitation: default.invitation,
    };
    let tokens = with_spans(TokenPolicy::default(), written.access_token.as_deref(), written.refresh_token.as_deref())?;
    Ok((lifetimes, tokens))
}

/// Decides about the tokens of one server, `common` being what holds where it says nothing.
pub(super) fn of_server(written: &raw::Server, common: TokenPolicy) -> Result<TokenPolicy, ConfigError> {
    let of_this = |error: ConfigError| ConfigError { what: format!("[[server]] {}: {}", written.path, error.what), ..error };
    let unknown =
        |key: &str, word: &str, hint| Err(ConfigError::new(format!("[[server]] {}: {key} = \"{word}\" says nothing", written.path), hint));
    let refresh = match written.refresh.as_deref() {
        None => common.refresh,
        Some("rotate") => RefreshMode::Rotate,
        Some("reusable") => RefreshMode::Reusable,
        Some(other) => return unknown("refresh", other, "write \"rotate\", or \"reusable\" for refresh tokens that go on working"),
    };
    let revoke = match written.revoke.as_deref() {
        None => common.revoke,
        Some("all") => RevokeReach::All,
        Some("refresh-only") => RevokeReach::RefreshOnly,
        Some(other) => return unknown("revoke", other, "write \"all\", or \"refresh-only\" to let access tokens live on to their end"),
    };
    let spans = with_spans(common, written.access_token.as_deref(), written.refresh_token.as_deref()).map_err(of_this)?;
    Ok(TokenPolicy { refresh, revoke, ..spans })
}

fn with_spans(common: TokenPolicy, access: Option<&str>, refresh: Option<&str>) -> Result<TokenPolicy, ConfigError> {
    Ok(TokenPolicy {
        access_token: access.map_or(Ok(common.access_token), span_or_never)?,
        refresh_token: refresh.map_or(Ok(common.refresh_token), units::span)?,
        ..common
    })
}

fn span_or_never(text: &str) -> Result<Option<Duration>, ConfigError> {
    if text == "never" { Ok(None) } else { units::span(text).map(Some) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(60 * 60);
    const DAY: Duration = Duration::from_secs(24 * 60 * 60);

    fn decided(lifetimes: &str, server: &str) -> Result<TokenPolicy, ConfigError> {
        let (_, common) = decide(&toml::from_str(lifetimes).unwrap())?;
        of_server(&toml::from_str(&format!("path = \"/notes\"\nupstream = \"http://h:1/\"\n{server}")).unwrap(), common)
    }

    #[test]
    fn a_server_that_says_nothing_has_what_holds_for_all() {
        assert_eq!(decided("", ""), Ok(TokenPolicy::default()));
        let common = decided("access_token = \"2h\"\nrefresh_token = \"7d\"", "").unwrap();
        assert_eq!((common.access_token, common.refresh_token), (Some(2 * HOUR), 7 * DAY));
    }

    #[test]
    fn a_server_has_the_last_word_about_its_own_tokens() {
        let own = "access_token = \"30d\"\nrefresh = \"reusable\"\nrevoke = \"refresh-only\"";
        let policy = decided("access_token = \"2h\"\nrefresh_token = \"7d\"", own).unwrap();
        let expected = TokenPolicy {
            access_token: Some(30 * DAY),
            refresh_token: 7 * DAY,
            refresh: RefreshMode::Reusable,
            revoke: RevokeReach::RefreshOnly,
        };
        assert_eq!(policy, expected);
        assert_eq!(decided("access_token = \"never\"", "access_token = \"1h\"").unwrap().access_token, Some(HOUR));
        assert_eq!(decided("", "access_token = \"never\"").unwrap().access_token, None);
        assert_eq!(decided("", "refresh = \"rotate\"\nrevoke = \"all\"\nrefresh_token = \"90d\""), Ok(TokenPolicy::default()));
    }

    #[test]
    fn what_belongs_to_no_server_is_read_beside_it() {
        let (lifetimes, _) = decide(&toml::from_str("code = \"1m\"\nsession = \"1h\"").unwrap()).unwrap();
        assert_eq!((lifetimes.code, lifetimes.session, lifetimes.flow), (HOUR / 60, HOUR, Lifetimes::default().flow));
    }

    #[test]
    fn what_says_nothing_stops_the_start_and_names_the_server() {
        for server in [
            "refresh = \"once\"",
            "refresh = \"\"",
            "revoke = \"access\"",
            "access_token = \"always\"",
            "access_token = \"0s\"",
            "refresh_token = \"never\"",
        ] {
            let error = decided("", server).unwrap_err();
            assert!(error.what.contains("/notes") && !error.hint.is_empty(), "{server}: {error}");
        }
        assert!(decided("refresh_token = \"never\"", "").is_err());
    }
}
