//! What each page gets to see: one plain struct per template, already in words.
//!
//! A view decides nothing. Times, lifetimes and scopes arrive as the text a person reads, so that
//! nothing here depends on the rules, and a template shows a field or leaves it out.

pub mod activity;
pub mod arrivals;
pub mod clients;
pub mod connect;
pub mod consent;
pub mod entry;
pub mod form;
pub mod house;
pub mod keys;
pub mod servers;
pub mod settings;
pub mod trace;
pub mod users;

use serde::Serialize;

/// A view and the template that shows it.
pub trait View: Serialize {
    /// Its name among [`super::TEMPLATES`].
    const TEMPLATE: &'static str;
}

/// `message.html`: one thing to say, and what to do next. Also the page of every error.
#[derive(Debug, Clone, Serialize)]
pub struct MessagePage {
    /// A warning about how this doorward is run, above everything else.
    pub banner: Option<String>,
    /// How it is meant.
    pub kind: MessageKind,
    /// The heading, and the title of the window.
    pub title: String,
    /// What happened.
    pub paragraphs: Vec<String>,
    /// The one thing that mends it, or the command that does.
    pub hint: Option<String>,
    /// What to do, in order. An empty list leaves it out.
    pub steps: Vec<String>,
    /// Where to go from here.
    pub link: Option<Link>,
}

impl View for MessagePage {
    const TEMPLATE: &'static str = "message.html";
}

/// How a message is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum MessageKind {
    /// Something was refused or went wrong.
    Error,
    /// Neither good nor bad.
    Info,
    /// It worked.
    Success,
}

/// A link to a path on this origin. No other kind of link can be made.
#[derive(Debug, Clone, Serialize)]
pub struct Link {
    href: String,
    label: String,
}

impl Link {
    /// `None` unless `path` stays on this origin in every browser: one leading slash, no backslash
    /// (browsers read it as a slash), nothing a URL parser drops silently (tab, newline, spaces).
    pub fn to(path: &str, label: &str) -> Option<Link> {
        let stays = path.starts_with('/') && !path.starts_with("//");
        let plain = path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
        (stays && plain).then(|| Link { href: path.to_owned(), label: label.to_owned() })
    }
}

/// A protected server and the address an app needs.
#[derive(Debug, Clone, Serialize)]
pub struct ServerAddress {
    /// Its name.
    pub name: String,
    /// Its full URL.
    pub url: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_stays_on_this_origin() {
        for path in ["/", "/signin", "/authorize?flow=abc&x=1", "/a//b"] {
            assert!(Link::to(path, "Go").is_some(), "{path}");
        }
    }

    #[test]
    fn a_link_to_anywhere_else_cannot_be_made() {
        for path in [
            "",
            "signin",
            "//evil.test",
            "/\\evil.test",
            "\\/evil.test",
            "/\t/evil.test",
            "/\n/evil.test",
            " /",
            "https://evil.test",
            "https:evil.test",
            "javascript:alert(1)",
            "/\u{2028}x",
            "/ü",
        ] {
            assert!(Link::to(path, "Go").is_none(), "{path:?}");
        }
    }
}
