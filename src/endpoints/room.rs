//! What the pages of somebody signed in have in common: the list of rooms, and who may enter which.

use super::App;
use super::browser::SignedIn;
use super::page::{self, Leads};
use crate::http::answer::Answer;
use crate::pages;
use crate::pages::views::View;
use crate::pages::views::house::{self, Frame};

/// A page of the house.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Room {
    /// `/`
    Overview,
}

impl Room {
    /// In the order of the list.
    const ALL: [Self; 1] = [Self::Overview];

    fn href(self) -> &'static str {
        match self {
            Self::Overview => "/",
        }
    }

    fn label(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
        }
    }
}

/// What the page of `here` has in common with the others.
pub(super) fn frame(app: &App, signed_in: &SignedIn, here: Room) -> Frame {
    let room = |room: Room| house::Room { href: room.href(), label: room.label(), here: room == here };
    Frame {
        banner: app.banner().or_else(|| without_pkce(app)),
        csrf: app.form_token(signed_in),
        username: signed_in.user.name.as_str().to_owned(),
        rooms: Room::ALL.into_iter().map(room).collect(),
        said: None,
    }
}

/// The page.
pub(super) fn show<V: View>(status: u16, view: &V) -> Answer {
    page::page(status, Leads::Here, pages::render(view))
}

/// The exception that an owner has made, lest it be forgotten.
fn without_pkce(app: &App) -> Option<String> {
    let hosts = app.redirect_rules().hosts_without_pkce();
    let text = || format!("Apps at {} may connect without PKCE: whoever gets hold of their code can use it.", hosts.join(", "));
    (!hosts.is_empty()).then(text)
}
