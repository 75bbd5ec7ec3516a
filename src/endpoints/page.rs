//! Answers for people: pages with their security fields, and redirects.

use super::App;
use crate::http::answer::Answer;
use crate::oauth::error::Refusal;
use crate::pages::views::{Link, MessageKind, MessagePage};
use crate::pages::{self, PageError};

/// Pages from which a form's answer may lead to a client. Chromium applies `form-action` to every redirect after the
/// form, so a policy that names only us would hold the browser back from the client (and from where that leads).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leads {
    /// Nowhere but here.
    Here,
    /// To a client in the end; such a page may also be a pop-up that keeps its opener.
    ToClient,
}

/// A page with the fields that keep it ours: not framed, not kept, no script, nothing from elsewhere.
pub fn page(status: u16, leads: Leads, html: Result<String, PageError>) -> Answer {
    let html = match html {
        Ok(html) => html,
        Err(error) => {
            super::log(&format!("pages: {error}"));
            return super::refuse(&Refusal::Internal);
        }
    };
    let (form_action, opener) = match leads {
        Leads::Here => ("; form-action 'self'", "same-origin"),
        Leads::ToClient => ("", "unsafe-none"),
    };
    let policy = format!("default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'{form_action}");
    let mut answer = Answer::empty(status)
        .with("content-type", "text/html; charset=utf-8")
        .with("content-security-policy", policy)
        .with("cross-origin-opener-policy", opener)
        .with("x-frame-options", "DENY")
        .with("x-content-type-options", "nosniff")
        .with("referrer-policy", "no-referrer");
    answer.body = html.into_bytes();
    answer
}

/// See Other: whatever the browser sent before, it now asks with GET, and no form field travels on (RFC 9700 §4.12).
pub fn see_other(location: &str) -> Answer {
    Answer::empty(303).with("location", location).with("referrer-policy", "no-referrer")
}

/// One thing to say.
pub struct Message<'a> {
    /// How it is meant.
    pub kind: MessageKind,
    /// In one line.
    pub title: &'a str,
    /// What happened.
    pub paragraphs: &'a [&'a str],
    /// What mends it.
    pub hint: Option<&'a str>,
    /// What to do, in order.
    pub steps: &'a [&'a str],
    /// Where to go from here: path and label.
    pub link: Option<(&'a str, &'a str)>,
}

/// A page that says one thing.
pub fn message(app: &App, status: u16, message: &Message<'_>) -> Answer {
    let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    let view = MessagePage {
        banner: app.banner(),
        kind: message.kind,
        title: message.title.to_owned(),
        paragraphs: owned(message.paragraphs),
        hint: message.hint.map(str::to_owned),
        steps: owned(message.steps),
        link: message.link.and_then(|(path, label)| Link::to(path, label)),
    };
    page(status, Leads::Here, pages::render(&view))
}

/// An error page in the simplest form.
pub fn error(app: &App, status: u16, title: &str, what: &str, hint: Option<&str>) -> Answer {
    message(app, status, &Message { kind: MessageKind::Error, title, paragraphs: &[what], hint, steps: &[], link: None })
}

/// A request for something that is not there, or is not for whoever asks: they are not told which.
pub fn nothing_here(app: &App, title: &str, what: &str) -> Answer {
    let link = Some(("/", "Go to the start page"));
    message(app, 404, &Message { kind: MessageKind::Error, title, paragraphs: &[what], hint: None, steps: &[], link })
}

/// The page when the store does not answer.
pub fn unavailable(app: &App, cause: &crate::store::StoreError) -> Answer {
    super::log(&format!("store: {cause}"));
    let what = "doorward could not read or write its data just now. Nothing was changed.";
    error(app, 503, "Not available right now", what, Some("Try again in a moment. If it stays, the log of doorward says why."))
        .with("retry-after", "30")
}

impl App {
    /// The warning that every page carries while this server runs in the clear.
    pub(super) fn banner(&self) -> Option<String> {
        let text = "This doorward is reached over plain http. Anybody on the network in between can read what you type here.";
        self.config.issuer.warned.then(|| text.to_owned())
    }
}
