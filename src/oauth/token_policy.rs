//! What an owner decides about the tokens of one server: how long they live, whether a refresh token is followed by
//! another (RFC 9700 §4.14.2), and what falls when one is given back (RFC 7009 §2.1).

use crate::clock::UnixTime;
use std::time::Duration;

/// The decisions for one server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenPolicy {
    /// How long an access token lives; `None` where it does not end by itself.
    pub access_token: Option<Duration>,
    /// How long a refresh token lives, counted from its last use.
    pub refresh_token: Duration,
    /// What using a refresh token does to it.
    pub refresh: RefreshMode,
    /// What giving back a refresh token ends.
    pub revoke: RevokeReach,
}

/// What using a refresh token does to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RefreshMode {
    /// It is followed by another, and an old one that comes back is noticed ([`super::refresh`]).
    #[default]
    Rotate,
    /// It goes on working, and is answered again. Nobody can tell a thief's use of it from its client's.
    Reusable,
}

/// What giving back a refresh token ends (RFC 7009 §2.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RevokeReach {
    /// The whole connection.
    #[default]
    All,
    /// Refreshing; access tokens live on to their end.
    RefreshOnly,
}

/// Access tokens for an hour, refresh tokens for 90 days, rotated; given back, everything ends.
impl Default for TokenPolicy {
    fn default() -> Self {
        Self {
            access_token: Some(Duration::from_secs(60 * 60)),
            refresh_token: Duration::from_secs(90 * 24 * 60 * 60),
            refresh: RefreshMode::default(),
            revoke: RevokeReach::default(),
        }
    }
}

impl TokenPolicy {
    /// When tokens end that are issued now.
    pub fn ends(&self, now: UnixTime) -> TokenEnds {
        TokenEnds { access: self.access_token.map(|span| now.after(span)), refresh: now.after(self.refresh_token) }
    }

    /// Each decision by the name and in the words of the configuration.
    pub fn settings(&self) -> [(&'static str, String); 4] {
        let seconds = |span: Duration| format!("{} s", span.as_secs());
        let refresh = match self.refresh {
            RefreshMode::Rotate => "rotate",
            RefreshMode::Reusable => "reusable",
        };
        let revoke = match self.revoke {
            RevokeReach::All => "all",
            RevokeReach::RefreshOnly => "refresh-only",
        };
        [
            ("access_token", self.access_token.map_or_else(|| "never".to_owned(), seconds)),
            ("refresh_token", seconds(self.refresh_token)),
            ("refresh", refresh.to_owned()),
            ("revoke", revoke.to_owned()),
        ]
    }

    /// For how long a connection that nobody uses stays usable: the life of its longest token, if that ends.
    pub fn idle_life(&self) -> Option<Duration> {
        self.access_token.map(|access| access.max(self.refresh_token))
    }
}

/// When the two tokens of one answer end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenEnds {
    /// The access token; `None` where it does not end by itself.
    pub access: Option<UnixTime>,
    /// The refresh token, unless it is used before.
    pub refresh: UnixTime,
}

/// RFC 6749 §5.1 `expires_in` of a token that ends at `end`.
pub fn expires_in(end: Option<UnixTime>, now: UnixTime) -> Option<Duration> {
    end.map(|end| end.since(now))
}

/// The earlier of two ends, of which `None` is the latest.
pub fn earlier(one: Option<UnixTime>, other: Option<UnixTime>) -> Option<UnixTime> {
    one.into_iter().chain(other).min()
}

/// The later of two ends, of which `None` is the latest.
pub fn later(one: Option<UnixTime>, other: Option<UnixTime>) -> Option<UnixTime> {
    one.zip(other).map(|(one, other)| one.max(other))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::fixtures::{NOW, seconds_later};

    fn of(access: Option<u64>, refresh: u64) -> TokenPolicy {
        let access_token = access.map(Duration::from_secs);
        TokenPolicy { access_token, refresh_token: Duration::from_secs(refresh), ..TokenPolicy::default() }
    }

    #[test]
    fn undecided_tokens_live_an_hour_and_ninety_days_and_fall_together() {
        let policy = TokenPolicy::default();
        assert_eq!(policy.ends(NOW), TokenEnds { access: Some(seconds_later(3600)), refresh: seconds_later(7_776_000) });
        assert_eq!((policy.refresh, policy.revoke), (RefreshMode::Rotate, RevokeReach::All));
    }

    #[test]
    fn a_token_without_an_end_has_no_expires_in() {
        let ends = of(None, 60).ends(NOW);
        assert_eq!((ends.access, expires_in(ends.access, NOW)), (None, None));
        assert_eq!(expires_in(Some(seconds_later(7)), NOW), Some(Duration::from_secs(7)));
        assert_eq!(expires_in(Some(NOW), seconds_later(7)), Some(Duration::ZERO), "what is over is not negative");
    }

    #[test]
    fn an_idle_connection_lasts_as_long_as_its_longest_token() {
        assert_eq!(of(Some(60), 3600).idle_life(), Some(Duration::from_secs(3600)));
        assert_eq!(of(Some(3600), 60).idle_life(), Some(Duration::from_secs(3600)));
        assert_eq!(of(None, 60).idle_life(), None);
    }

    #[test]
    fn what_was_decided_is_told_in_the_words_of_the_configuration() {
        let told = |policy: TokenPolicy| policy.settings().map(|(_, value)| value);
        assert_eq!(told(TokenPolicy::default()), ["3600 s", "7776000 s", "rotate", "all"]);
        let other = TokenPolicy { refresh: RefreshMode::Reusable, revoke: RevokeReach::RefreshOnly, ..of(None, 60) };
        assert_eq!(told(other), ["never", "60 s", "reusable", "refresh-only"]);
    }

    #[test]
    fn no_end_is_later_than_any_end() {
        assert_eq!(later(Some(NOW), Some(seconds_later(1))), Some(seconds_later(1)));
        assert_eq!(later(Some(seconds_later(1)), Some(NOW)), Some(seconds_later(1)));
        assert_eq!(later(None, Some(NOW)), None);
        assert_eq!(earlier(None, Some(NOW)), Some(NOW));
        assert_eq!(earlier(Some(seconds_later(1)), Some(NOW)), Some(NOW));
        assert_eq!(earlier(None, None), None);
        assert_eq!(later(Some(NOW), None), None);
    }
}
