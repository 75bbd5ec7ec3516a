//! API keys: what a script shows instead of an access token. Each is for one user and one server, works at the gate and
//! nowhere else, and lives until it is revoked or its time is over. What it opens is [`super::bearer::admit_key`]'s to say.

use super::error::Refusal;
use super::ids::{KeyId, UserId};

use super::scope::Scope;
use super::text::is_invisible;
use super::user::User;
use crate::clock::UnixTime;
use serde::{Deserialize, Serialize};

/// Longest name of a key, in characters.
pub const MAX_NAME: usize = 64;
/// Most keys of one account, those included whose time is over.
pub const MAX_PER_USER: usize = 100;

/// What is remembered of a key. A stored record: frozen once released.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredApiKey {
    /// Its name in commands.
    pub id: KeyId,
    /// What people call it.
    pub name: KeyName,
    /// As whom it acts.
    pub user: UserId,
    /// [`User::epoch`] when it was made.
    pub user_epoch: u32,
    /// For the server at this path.
    pub server: String,
    /// What it may do there.
    pub scope: Scope,
    /// When it was made.
    pub created_at: UnixTime,
    /// When it ends by itself, if it does.
    pub expires_at: Option<UnixTime>,
    /// How it begins ([`super::secret::Secret::beginning`]): by that a person knows which script has it.
    pub begins: String,
}

/// A name that can stand in a list, a log line and a page without surprise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyName(String);

impl KeyName {
    /// 1 to [`MAX_NAME`] characters that can be seen, without blanks at the ends.
    pub fn parse(text: &str) -> Option<Self> {
        let fits = !text.is_empty() && text.chars().count() <= MAX_NAME && text.trim() == text;
        (fits && !text.chars().any(is_invisible)).then(|| Self(text.to_owned()))
    }

    /// As it was given.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A key with everything on which its life depends, as it is stored right now.
#[derive(Clone, Debug)]
pub struct Standing {
    /// The key.
    pub key: StoredApiKey,
    /// As whom it acts, unless removed since.
    pub user: Option<User>,
}

/// Proof that a key is alive: known, not expired, its user there, still allowed to use the server, the password not
/// changed since.
#[derive(Clone, Debug)]
pub(super) struct StandingKey {
    pub(super) key: StoredApiKey,
    pub(super) user: User,
}

/// The key with its user, while both are alive.
///
/// # Errors
/// [`Refusal::KeyUnknown`], [`Refusal::KeyEnded`], [`Refusal::KeyExpired`].
pub(super) fn alive(stored: Option<Standing>, now: UnixTime) -> Result<StandingKey, Refusal> {
    let Standing { key, user } = stored.ok_or(Refusal::KeyUnknown)?;
    let user = user.filter(|user| user.may_use(&key.server) && user.epoch == key.user_epoch).ok_or(Refusal::KeyEnded)?;
    if key.expires_at.is_some_and(|end| end.has_come(now)) { Err(Refusal::KeyExpired) } else { Ok(StandingKey { key, user }) }
}

/// How a key is, for lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyState {
    /// It works.
    Active,
    /// Its time is over.
    Expired,
    /// Its user was removed, disabled or taken off the server, or got another password.
    Ended,
}

impl Standing {
    /// How the key is.
    pub fn state(&self, now: UnixTime) -> KeyState {
        match alive(Some(self.clone()), now) {
            Ok(_) => KeyState::Active,
            Err(Refusal::KeyExpired) => KeyState::Expired,
            Err(_) => KeyState::Ended,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::fixtures::{NOW, key_standing, seconds_later, user};
    use crate::oauth::user::ServerAccess;

    fn refused(standing: Standing, seconds: u64) -> Option<Refusal> {
        alive(Some(standing), seconds_later(seconds)).err()
    }

    #[test]
    fn a_key_lives_until_its_end_and_one_without_an_end_goes_on() {
        assert_eq!(refused(key_standing(), 3599), None);
        assert_eq!(refused(key_standing(), 3600), Some(Refusal::KeyExpired));
        let endless = Standing { key: StoredApiKey { expires_at: None, ..key_standing().key }, ..key_standing() };
        assert!(alive(Some(endless), UnixTime(u64::MAX)).is_ok());
        assert_eq!(alive(None, NOW).unwrap_err(), Refusal::KeyUnknown);
    }

    #[test]
    fn a_key_falls_with_its_user() {
        let elsewhere = ServerAccess::Only(vec!["/note".into(), "/files".into()]);
        for changed in [
            None,
            Some(User { disabled: true, ..user("ann") }),
            Some(User { epoch: 4, ..user("ann") }),
            Some(User { epoch: 2, ..user("ann") }),
            Some(User { servers: elsewhere, ..user("ann") }),
        ] {
            let standing = Standing { user: changed.clone(), ..key_standing() };
            assert_eq!(refused(standing.clone(), 0), Some(Refusal::KeyEnded), "{changed:?}");
            assert_eq!(standing.state(NOW), KeyState::Ended);
        }
    }

    #[test]
    fn a_list_tells_a_key_that_works_from_one_whose_time_is_over() {
        assert_eq!(key_standing().state(NOW), KeyState::Active);
        assert_eq!(key_standing().state(seconds_later(3600)), KeyState::Expired);
    }

    #[test]
    fn a_name_is_short_and_visible() {
        for name in ["backup", "n\u{e4}chtliche Sicherung", "a", "<b>x</b>", &"x".repeat(MAX_NAME)] {
            assert_eq!(KeyName::parse(name).unwrap().as_str(), name);
        }
        for name in ["", " a", "a ", "a\nb", "a\u{1b}[31m", "a\u{202e}b", "a\u{200b}", &"x".repeat(MAX_NAME + 1)] {
            assert!(KeyName::parse(name).is_none(), "{name:?}");
        }
    }
}
