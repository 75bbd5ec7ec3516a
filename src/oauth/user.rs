//! Accounts: their names, and what they may use.

use super::ids::UserId;
use crate::clock::UnixTime;
use serde::{Deserialize, Serialize};

/// Longest account name, in characters.
pub const MAX_NAME: usize = 64;
/// Shortest password accepted, in characters.
pub const MIN_PASSWORD: usize = 8;
/// Longest password accepted, in bytes; refused before anything is hashed.
pub const MAX_PASSWORD: usize = 1024;

/// One account. A stored record: frozen once released.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Stays when the name changes.
    pub id: UserId,
    /// What the person types at sign-in, and what upstreams are told.
    pub name: UserName,
    /// The argon2id string of the password; empty until the person has chosen one.
    pub password: String,
    /// May do everything.
    pub owner: bool,
    /// May do nothing.
    pub disabled: bool,
    /// Which servers the account may use.
    pub servers: ServerAccess,
    /// Counts password changes: what was granted or signed in under an earlier number is dead.
    pub epoch: u32,
    /// When the account was made.
    pub created_at: UnixTime,
}

impl User {
    /// True once there is a password to sign in with.
    pub fn has_password(&self) -> bool {
        !self.password.is_empty()
    }

    /// True for an owner who can sign in: without one, nobody could set anything right from a browser.
    pub fn is_acting_owner(&self) -> bool {
        self.owner && !self.disabled && self.has_password()
    }

    /// The same account without its password. What was granted or signed in under it has ended.
    #[must_use]
    pub fn reset(self) -> Self {
        Self { password: String::new(), epoch: self.epoch.wrapping_add(1), ..self }
    }

    /// The same account switched off. What it granted is of no use from now on.
    #[must_use]
    pub fn switched_off(self) -> Self {
        Self { disabled: true, epoch: self.epoch.wrapping_add(1), ..self }
    }

    /// True when the account may use the server at `path` now.
    pub fn may_use(&self, path: &str) -> bool {
        !self.disabled && self.servers.allows(path)
    }
}

/// Proof that an owner who can sign in stays when an account goes. Made by [`may_go`] alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnerRemains(());

/// Whether an account may be switched off, reset or removed; `others` are all the others as they are at that moment.
pub fn may_go<'a>(user: &User, mut others: impl Iterator<Item = &'a User>) -> Option<OwnerRemains> {
    let remains = !user.owner || others.any(|other| other.id != user.id && other.is_acting_owner());
    remains.then_some(OwnerRemains(()))
}

/// The servers an account may use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ServerAccess {
    /// All, also those added later.
    All,
    /// Those at these paths.
    Only(Vec<String>),
}

impl ServerAccess {
    /// True when the server at `path` is among them.
    pub fn allows(&self, path: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(paths) => paths.iter().any(|allowed| allowed == path),
        }
    }
}

/// A name that can stand in a header, a log line and a page without surprise.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct UserName(String);

impl UserName {
    /// 1 to [`MAX_NAME`] of ASCII letters, digits and `. _ - + @`; begins with a letter or digit. E-mail addresses fit.
    pub fn parse(text: &str) -> Option<Self> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-+@".contains(&byte);
        let starts_well = text.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
        (starts_well && text.len() <= MAX_NAME && text.bytes().all(allowed)).then(|| Self(text.to_owned()))
    }

    /// As the person wrote it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form in which two spellings are the same account.
    pub fn folded(&self) -> String {
        self.0.to_ascii_lowercase()
    }
}

/// A password that may be chosen. Like every secret it has no `Debug` and leaves by [`Self::reveal`] alone.
pub struct NewPassword(String);

impl NewPassword {
    /// [`MIN_PASSWORD`] characters to [`MAX_PASSWORD`] bytes, of any kind: none is trimmed, cut or changed.
    pub fn parse(text: &str) -> Option<Self> {
        (text.chars().count() >= MIN_PASSWORD && text.len() <= MAX_PASSWORD).then(|| Self(text.to_owned()))
    }

    /// For hashing.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::fixtures::user;

    #[test]
    fn names_and_addresses_are_accepted() {
        for name in ["a", "Ann", "ann@example.com", "ann.b-c_d+e"] {
            assert!(UserName::parse(name).is_some(), "{name}");
        }
    }

    #[test]
    fn a_name_that_could_break_a_header_or_a_line_is_refused() {
        for name in ["", " ann", "ann\r\nX: y", "ann,bob", "\u{202e}nna", "@home", "<b>", &"a".repeat(MAX_NAME + 1)] {
            assert!(UserName::parse(name).is_none(), "{name}");
        }
    }

    #[test]
    fn an_account_without_a_server_may_not_use_it() {
        assert!(ServerAccess::All.allows("/notes"));
        assert!(!ServerAccess::Only(vec!["/notes".into()]).allows("/note"));
    }

    #[test]
    fn two_spellings_that_differ_in_case_alone_are_one_account() {
        let folded = |name| UserName::parse(name).unwrap().folded();
        assert_eq!(folded("Ann@Example.com"), folded("ann@example.COM"));
        assert_eq!(UserName::parse("Ann").unwrap().as_str(), "Ann");
    }

    #[test]
    fn a_password_is_judged_by_its_length_alone() {
        let long = "x".repeat(MAX_PASSWORD);
        for good in ["12345678", "        ", "\u{e4}\u{f6}\u{fc}\u{df}\u{e4}\u{f6}\u{fc}\u{df}", &long] {
            assert_eq!(NewPassword::parse(good).map(|chosen| chosen.reveal().to_owned()), Some(good.to_owned()));
        }
        for bad in ["", "1234567", "\u{e4}\u{f6}\u{fc}\u{df}", &format!("{long}x")] {
            assert!(NewPassword::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn an_owner_goes_only_where_another_stays_who_can_sign_in() {
        let owner = |name: &str| User { owner: true, disabled: false, password: "hash".into(), ..user(name) };
        let goes = |others: &[User]| may_go(&owner("ann"), others.iter()).is_some();
        assert!(goes(&[user("bob"), owner("carol")]));
        assert!(!goes(&[]) && !goes(&[user("bob")]) && !goes(&[owner("ann")]), "not with herself alone");
        assert!(!goes(&[owner("bob").switched_off()]) && !goes(&[owner("bob").reset()]));
        assert!(may_go(&User { owner: false, ..user("bob") }, [].iter()).is_some(), "anybody else may");
    }

    #[test]
    fn a_reset_account_has_no_password_and_nothing_from_before() {
        let reset = user("ann").reset();
        assert!(!reset.has_password() && reset.epoch != user("ann").epoch && !reset.disabled);
        let off = user("ann").switched_off();
        assert!(off.disabled && off.epoch != user("ann").epoch && off.password == user("ann").password);
    }

    #[test]
    fn a_disabled_account_may_use_nothing() {
        let disabled = User { disabled: true, owner: true, ..user("ann") };
        assert!(!disabled.may_use("/notes"));
        assert!(User { disabled: false, ..disabled }.may_use("/notes"));
    }
}
