//! What each page gets to see: one plain struct per template, already in words.
//!
//! A view decides nothing. Times, lifetimes and scopes arrive as the text a person reads, so that
//! nothing here depends on the rules, and a template shows a field or leaves it out.

use serde::Serialize;

/// `setup.html`: the first run, when nobody owns this doorward yet. Sent to `POST /setup`.
#[derive(Debug, Clone, Serialize)]
pub struct SetupPage {
    /// A warning about how this doorward is run, above everything else.
    pub banner: Option<String>,
    /// The token that ties the form to this browser.
    pub csrf: String,
    /// The one-time set-up token that came with the link.
    pub token: String,
    /// Why the last try was refused.
    pub error: Option<String>,
    /// The name typed in the last try, else empty.
    pub username: String,
    /// The protected addresses. An empty list leaves the section out.
    pub servers: Vec<ServerAddress>,
}

/// `signin.html`: name and password. Sent to `POST /signin`.
#[derive(Debug, Clone, Serialize)]
pub struct SigninPage {
    /// A warning about how this doorward is run, above everything else.
    pub banner: Option<String>,
    /// The token that ties the form to this browser.
    pub csrf: String,
    /// The path on this origin to go on to after signing in.
    pub return_to: String,
    /// The name the waiting client gave itself; `None` when nobody is waiting.
    pub client_name: Option<String>,
    /// The server the client asks for; shown only together with `client_name`.
    pub server_name: Option<String>,
    /// Why the last try was refused. Never tells a wrong name from a wrong password.
    pub error: Option<String>,
    /// A sentence saying when to try again; shown instead of `error` after too many tries.
    pub throttled: Option<String>,
    /// The name typed in the last try, else empty.
    pub username: String,
}

/// `consent.html`: one person decides about one client and one server. Sent to `POST /consent`.
#[derive(Debug, Clone, Serialize)]
pub struct ConsentPage {
    /// A warning about how this doorward is run, above everything else.
    pub banner: Option<String>,
    /// The token that ties the forms to this session; used by both the answer and the sign-out.
    pub csrf: String,
    /// The flow being answered; the sign-out form carries it too, to return here afterwards.
    pub flow: Option<String>,
    /// What the last answer lacked.
    pub problem: Option<String>,
    /// Where the answer goes: the one thing on this page that a client cannot make up.
    pub destination: Destination,
    /// The redirect URI in full, as the client sent it.
    pub redirect_uri: Option<String>,
    /// The client's identifier.
    pub client_id: String,
    /// The name the client gave itself. Shown as its own claim.
    pub client_name: String,
    /// A sentence on where the client comes from: "It registered itself 2 minutes ago."
    pub client_registered: String,
    /// A sentence on what doorward could verify about the client, when it could.
    pub client_verified: Option<String>,
    /// The server that would be opened, or several of which the person chooses one.
    pub servers: Vec<ServerChoice>,
    /// Who is signed in, and on whose behalf the client would act.
    pub username: String,
    /// A sentence on how long the access lasts and how it ends.
    pub lasts: String,
}

/// Where a browser takes the answer of the consent page.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Destination {
    /// An `https` redirect URI.
    Host {
        /// Host, and port unless it is the default, in ASCII: look-alike letters must not pass.
        host: String,
        /// Whose address this is, from the table of known clients. `None` shows a warning.
        known_as: Option<String>,
    },
    /// A loopback redirect URI: any program on the device may own the port.
    Loopback {
        /// The port the answer goes to.
        port: u16,
    },
    /// A custom scheme: the device decides which application opens.
    Application {
        /// How the URI begins, `cursor://` or `com.example.app:/`.
        begins: String,
    },
    /// An app that fetches the answer itself, wherever it runs.
    Poll,
    /// A device that shows a code and fetches the answer itself.
    Device {
        /// The code.
        code: String,
    },
}

/// A server that may be opened, and how far. Sent back as `server`.
#[derive(Debug, Clone, Serialize)]
pub struct ServerChoice {
    /// Its path.
    pub path: String,
    /// Its name.
    pub name: String,
    /// Its address: the audience of the tokens.
    pub url: String,
    /// What would be allowed there. Each is sent back as `scope`: the path, a space and the name.
    pub scopes: Vec<ScopeLine>,
    /// What the app may do there when nothing is ticked, in words.
    pub least: String,
    /// True when it was chosen before.
    pub chosen: bool,
}

/// `device.html`: where a person enters the code that a device shows. Sent to `POST /device`.
#[derive(Debug, Clone, Serialize)]
pub struct DevicePage {
    /// A warning about how this doorward is run, above everything else.
    pub banner: Option<String>,
    /// The token that ties the form to this session.
    pub csrf: String,
    /// The code as it was typed or came with the address, else empty.
    pub user_code: String,
    /// Why the last try was refused.
    pub error: Option<String>,
    /// Who is signed in.
    pub username: String,
}

/// One scope that is asked for.
#[derive(Debug, Clone, Serialize)]
pub struct ScopeLine {
    /// The scope as it stands in the request.
    pub name: String,
    /// What it allows, in words.
    pub description: String,
    /// True when it comes with approving and cannot be left out.
    pub settled: bool,
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

/// `home.html`: what a signed-in person sees first, and where they revoke.
#[derive(Debug, Clone, Serialize)]
pub struct HomePage {
    /// A warning about how this doorward is run, above everything else.
    pub banner: Option<String>,
    /// The token of the session, carried by every form on the page.
    pub csrf: String,
    /// Who is signed in.
    pub username: String,
    /// The addresses this person may give to an app.
    pub servers: Vec<ServerAddress>,
    /// What is connected. An empty list shows how to connect the first app.
    pub connections: Vec<ConnectionLine>,
}

/// A protected server and the address an app needs.
#[derive(Debug, Clone, Serialize)]
pub struct ServerAddress {
    /// Its name.
    pub name: String,
    /// Its full URL.
    pub url: String,
}

/// One connection, with the button that ends it (`POST /connections/revoke`).
#[derive(Debug, Clone, Serialize)]
pub struct ConnectionLine {
    /// The connection's identifier, sent back as `id`.
    pub id: String,
    /// The name the client gave itself.
    pub client_name: String,
    /// The server it uses.
    pub server_name: String,
    /// The scopes it holds.
    pub scopes: Vec<String>,
    /// When it was made: "3 May 2026".
    pub since: String,
    /// When a token of it was last accepted: "2 hours ago". `None` if never.
    pub last_used: Option<String>,
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
