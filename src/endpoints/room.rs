//! What the pages of somebody signed in have in common: the list of rooms, who may enter which, and what was just done.

use super::App;
use super::browser::SignedIn;
use super::page::{self, Kind};
use crate::http::answer::Answer;
use crate::http::cookies;
use crate::http::request::Request;
use crate::pages;
use crate::pages::views::View;
use crate::pages::views::house::{self, Frame};

/// Carries what was just done over the redirect after a form, for one page.
const SAID: &str = "doorward_said";
/// How long a browser may take for that redirect.
const SAID_SECONDS: u64 = 60;

/// A page of the house.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Room {
    /// `/`
    Overview,
    /// `/connect`
    Connect,
    /// `/servers`
    Servers,
    /// `/clients`
    Clients,
    /// `/keys`
    Keys,
    /// `/users`
    Users,
    /// `/activity`
    Activity,
    /// `/trace`
    Trace,
    /// `/settings`
    Settings,
}

impl Room {
    /// In the order of the list.
    const ALL: [Self; 9] =
        [Self::Overview, Self::Connect, Self::Servers, Self::Clients, Self::Keys, Self::Users, Self::Trace, Self::Activity, Self::Settings];

    /// Its path.
    pub(super) fn href(self) -> &'static str {
        match self {
            Self::Overview => "/",
            Self::Connect => "/connect",
            Self::Servers => "/servers",
            Self::Clients => "/clients",
            Self::Keys => "/keys",
            Self::Users => "/users",
            Self::Activity => "/activity",
            Self::Trace => "/trace",
            Self::Settings => "/settings",
        }
    }

    fn label(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::Connect => "Connect an app",
            Self::Servers => "Servers",
            Self::Clients => "Apps",
            Self::Keys => "Keys",
            Self::Users => "People",
            Self::Activity => "Activity",
            Self::Trace => "Attempts",
            Self::Settings => "Settings",
        }
    }

    /// Where only an owner may enter ([`crate::routes`] sees to it), nobody else is shown the way.
    fn is_for_owners(self) -> bool {
        match self {
            Self::Overview | Self::Connect | Self::Keys | Self::Activity | Self::Settings => false,
            Self::Servers | Self::Clients | Self::Users | Self::Trace => true,
        }
    }
}

/// Something that was done, to be said on the page after it. The browser carries a word of ours and no text, so that nobody
/// can have a page of ours say something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Said {
    Revoked,
    RevokedAll,
    Limited,
    Unlimited,
    ClientRemoved,
    Allowed,
    Denied,
    UserDisabled,
    UserEnabled,
    UserRemoved,
    PasswordChanged,
    ServerPaused,
    ServerResumed,
    EverythingPaused,
    EverythingResumed,
    ClientPaused,
    ClientResumed,
    KeyRevoked,
}

impl Said {
    const ALL: [Self; 18] = [
        Self::Revoked,
        Self::RevokedAll,
        Self::Limited,
        Self::Unlimited,
        Self::ClientRemoved,
        Self::Allowed,
        Self::Denied,
        Self::UserDisabled,
        Self::UserEnabled,
        Self::UserRemoved,
        Self::PasswordChanged,
        Self::ServerPaused,
        Self::ServerResumed,
        Self::EverythingPaused,
        Self::EverythingResumed,
        Self::ClientPaused,
        Self::ClientResumed,
        Self::KeyRevoked,
    ];

    /// The word that the browser carries, and what the page says.
    fn row(self) -> (&'static str, &'static str) {
        match self {
            Self::Revoked => ("revoked", "Revoked. The app’s next call is refused."),
            Self::RevokedAll => ("revoked-all", "All revoked. Every app’s next call is refused."),
            Self::Limited => ("limited", "Saved. It ends by itself at that time."),
            Self::Unlimited => ("unlimited", "Saved. It has no end of its own."),
            Self::ClientRemoved => ("client-removed", "Removed. Its connections have ended."),
            Self::Allowed => ("allowed", "Allowed."),
            Self::Denied => ("denied", "Taken away. Connections and keys for that server have ended."),
            Self::UserDisabled => ("user-disabled", "Switched off. Their connections and keys have ended."),
            Self::UserEnabled => ("user-enabled", "Switched on again. Their apps have to be let in anew."),
            Self::PasswordChanged => ("password-changed", "Changed. Your other browsers are signed out, and your apps connect anew."),
            Self::UserRemoved => ("user-removed", "Removed. Their connections and keys have ended."),
            Self::ServerPaused => ("server-paused", "Paused. Apps stay connected; their calls to it wait until you resume it."),
            Self::ServerResumed => ("server-resumed", "Resumed. Nobody has to connect anew."),
            Self::EverythingPaused => ("everything-paused", "Paused. Apps stay connected; all their calls wait until you resume them."),
            Self::EverythingResumed => ("everything-resumed", "Resumed. What is paused by itself stays so."),
            Self::ClientPaused => ("client-paused", "Paused. The app stays connected; its calls wait until you resume it."),
            Self::KeyRevoked => ("key-revoked", "Revoked. The script’s next call is refused."),
            Self::ClientResumed => ("client-resumed", "Resumed. It need not connect anew."),
        }
    }

    fn word(self) -> &'static str {
        self.row().0
    }

    fn sentence(self) -> &'static str {
        self.row().1
    }
}

/// On to a room, which will say what was done.
pub(super) fn done(app: &App, request: &Request, room: Room, said: Said) -> Answer {
    let mut answer = page::see_other(room.href());
    answer.headers.append("set-cookie", app.jar(request).set(SAID, said.word(), Some(SAID_SECONDS)));
    answer
}

/// What the page of `here` has in common with the others.
pub(super) fn frame(app: &App, request: &Request, signed_in: &SignedIn, here: Room) -> Frame {
    let room = |room: Room| house::Room { href: room.href(), label: room.label(), here: room == here };
    Frame {
        banner: app.banner().or_else(|| without_pkce(app)),
        csrf: app.form_token(signed_in),
        username: signed_in.user.name.as_str().to_owned(),
        rooms: Room::ALL.into_iter().filter(|room| signed_in.user.owner || !room.is_for_owners()).map(room).collect(),
        said: said(app, request).map(|said| said.sentence().to_owned()),
    }
}

fn said(app: &App, request: &Request) -> Option<Said> {
    let word = cookies::read(&request.headers, &app.jar(request).name(SAID))?;
    Said::ALL.into_iter().find(|said| said.word() == word)
}

/// The page. What was done is said once.
pub(super) fn show<V: View>(app: &App, request: &Request, status: u16, view: &V) -> Answer {
    show_as(app, request, (status, Kind::Room), view)
}

/// The same for a page whose script may do more.
pub(super) fn show_as<V: View>(app: &App, request: &Request, (status, kind): (u16, Kind), view: &V) -> Answer {
    let mut answer = page::page(status, kind, pages::render(view));
    if said(app, request).is_some() {
        answer.headers.append("set-cookie", app.jar(request).clear(SAID));
    }
    answer
}

/// The exception that an owner has made, lest it be forgotten.
fn without_pkce(app: &App) -> Option<String> {
    let hosts = app.redirect_rules().hosts_without_pkce();
    let text = || format!("Apps at {} may connect without PKCE: whoever gets hold of their code can use it.", hosts.join(", "));
    (!hosts.is_empty()).then(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_things_done_share_a_word_and_each_says_something() {
        for (at, said) in Said::ALL.iter().enumerate() {
            assert!(Said::ALL[..at].iter().all(|other| other.word() != said.word()), "{said:?}");
            assert!(said.sentence().ends_with('.'), "{said:?}");
        }
    }
}
