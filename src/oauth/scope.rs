//! Scopes: what is asked for, what a server offers, what is granted.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Longest scope name, in bytes.
pub const MAX_NAME: usize = 128;
/// Most names in one list.
pub const MAX_NAMES: usize = 64;

/// The scope that asks for a refresh token (OpenID Connect Core §11). It belongs to the authorization server and to no
/// protected resource, so it is never in a challenge.
pub const OFFLINE_ACCESS: &str = "offline_access";
/// The scope that asks for an ID token (OpenID Connect Core §3.1.2.1).
pub const OPENID: &str = "openid";
/// The scope that asks for a name (OpenID Connect Core §5.4).
pub const PROFILE: &str = "profile";
/// The scope that asks for an e-mail address (OpenID Connect Core §5.4).
pub const EMAIL: &str = "email";

/// The scopes of the authorization server itself, each with what the consent page says of it. No protected resource has
/// one of these, and each is granted only when asked for.
pub const OURS: [(&str, &str); 4] = [
    (OFFLINE_ACCESS, "Stay connected while you are away"),
    (OPENID, "Know that it is you, by an identifier of your account"),
    (PROFILE, "See the name of your account"),
    (EMAIL, "See your e-mail address, if your account is named by one"),
];

/// True for a scope of the authorization server itself.
pub fn is_ours(name: &str) -> bool {
    OURS.iter().any(|(ours, _)| *ours == name)
}

/// RFC 6749 §3.3: a list of names without order or repetition. Kept in the order in which they came.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scope {
    names: Vec<String>,
}

impl Scope {
    /// Reads a list as clients send it: any white space between names, any at the ends; names that no scope can have
    /// are left out, and so is what exceeds [`MAX_NAMES`].
    ///
    /// Deviates from RFC 6749 §3.3, which has one space between names, because clients send leading and doubled ones.
    pub fn parse(text: &str) -> Self {
        text.split_ascii_whitespace().filter(|name| is_scope_name(name)).take(MAX_NAMES).collect()
    }

    /// The names that `other` has too.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        self.names.iter().filter(|name| other.contains(name)).collect()
    }

    /// What of [`OURS`] a request for these gets. The other two of OpenID mean nothing without `openid` (OpenID Connect
    /// Core §5.4).
    #[must_use]
    pub fn ours(&self) -> Self {
        let means = |name: &str| is_ours(name) && (name == OFFLINE_ACCESS || self.contains(OPENID));
        self.names.iter().filter(|name| means(name)).collect()
    }

    /// What of this its client is told: nothing that it did not ask for by name, if it asked for anything.
    ///
    /// Deviates from RFC 6749 §3.3, by which it would be told everything that it was granted: clients give up a connection
    /// over a name that they did not ask for.
    #[must_use]
    pub fn told_to(&self, asked: &Self) -> Self {
        if asked.is_empty() { self.clone() } else { self.and(asked) }
    }

    /// The names of both.
    #[must_use]
    pub fn with(&self, other: &Self) -> Self {
        self.names.iter().chain(&other.names).collect()
    }

    /// True when every name of `other` is here.
    pub fn covers(&self, other: &Self) -> bool {
        other.names.iter().all(|name| self.contains(name))
    }

    /// True when the name is here.
    pub fn contains(&self, name: &str) -> bool {
        self.names.iter().any(|known| known == name)
    }

    /// True without any name.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// The names in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }
}

impl<S: AsRef<str>> FromIterator<S> for Scope {
    fn from_iter<I: IntoIterator<Item = S>>(names: I) -> Self {
        let mut scope = Self::default();
        for name in names {
            if !scope.contains(name.as_ref()) {
                scope.names.push(name.as_ref().to_owned());
            }
        }
        scope
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.names.join(" "))
    }
}

/// RFC 6749 §3.3: `scope-token = 1*( %x21 / %x23-5B / %x5D-7E )`, and not longer than [`MAX_NAME`].
pub fn is_scope_name(name: &str) -> bool {
    let allowed = |byte: u8| matches!(byte, 0x21 | 0x23..=0x5B | 0x5D..=0x7E);
    !name.is_empty() && name.len() <= MAX_NAME && name.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stray_blanks_and_repetition_do_not_matter() {
        assert_eq!(Scope::parse("  read  write read ").to_string(), "read write");
    }

    #[test]
    fn a_name_that_no_scope_can_have_is_left_out() {
        assert_eq!(Scope::parse("read \"quoted\" back\\slash gr\u{fc}n").to_string(), "read");
        assert!(!is_scope_name(&"x".repeat(MAX_NAME + 1)));
    }

    #[test]
    fn the_number_of_names_is_bounded() {
        let many: Vec<String> = (0..200).map(|n| format!("s{n}")).collect();
        assert_eq!(Scope::parse(&many.join(" ")).names().count(), MAX_NAMES);
    }

    #[test]
    fn an_intersection_never_adds() {
        let asked = Scope::parse("a b c");
        let offered = Scope::parse("c d a");
        assert_eq!(asked.and(&offered).to_string(), "a c");
        assert!(asked.covers(&asked.and(&offered)));
    }

    #[test]
    fn a_client_is_told_of_nothing_that_it_did_not_ask_for() {
        let granted = Scope::parse("read openid");
        let told = |asked: &str| granted.told_to(&Scope::parse(asked)).to_string();
        assert_eq!(told("openid email profile"), "openid");
        assert_eq!(told("admin read"), "read");
        assert_eq!(told("admin"), "");
        assert_eq!(told(""), "read openid", "who asked for nothing is told everything");
    }

    #[test]
    fn every_kind_of_blank_divides_and_an_empty_list_is_empty() {
        assert_eq!(Scope::parse("a\tb\nc  d").names().count(), 4);
        for text in ["", " ", "\t\n"] {
            assert!(Scope::parse(text).is_empty(), "{text:?}");
            assert_eq!(Scope::parse(text).to_string(), "");
        }
    }

    #[test]
    fn names_are_compared_byte_for_byte() {
        let scope = Scope::parse("read notes:write");
        assert!(scope.contains("notes:write"));
        for name in ["Read", "rea", "reads", "notes:", "notes:*", ""] {
            assert!(!scope.contains(name), "{name}");
        }
    }

    #[test]
    fn nothing_covers_more_than_it_holds() {
        assert!(Scope::parse("a b").covers(&Scope::parse("b")));
        assert!(Scope::parse("a").covers(&Scope::default()));
        assert!(!Scope::parse("a").covers(&Scope::parse("a b")));
        assert!(!Scope::default().covers(&Scope::parse("a")));
    }

    #[test]
    fn a_union_keeps_the_order_and_repeats_nothing() {
        assert_eq!(Scope::parse("b a").with(&Scope::parse("a c")).to_string(), "b a c");
    }
}
