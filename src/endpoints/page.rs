//! Answers for people: pages with their security fields, and redirects.

use super::App;
use crate::actions::{Failure, FailureKind};
use crate::http::answer::Answer;
use crate::oauth::error::Refusal;
use crate::pages::views::{Link, MessageKind, MessagePage};
use crate::pages::{self, PageError};

/// What a page may do, and what it leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It stands alone and leads nowhere but here.
    Alone,
    /// A form's answer may lead to a client in the end. Chromium applies `form-action` to every redirect after the form, so
    /// a policy that names only us would hold the browser back from the client (and from where that leads). Such a page
    /// may also be a pop-up that keeps its opener.
    ToClient,
    /// A room of somebody signed in: the one script may run.
    Room,
    /// A room whose script may ask this origin, and no other, what is new.
    Watching,
}

/// A page with the fields that keep it ours: not framed, not kept, no script but our own, nothing from elsewhere.
pub fn page(status: u16, kind: Kind, html: Result<String, PageError>) -> Answer {
    let html = match html {
        Ok(html) => html,
        Err(error) => return broken(&error),
    };
    let (more, opener) = match kind {
        Kind::Alone => ("; form-action 'self'".to_owned(), "same-origin"),
        Kind::ToClient => (String::new(), "unsafe-none"),
        Kind::Room => (format!("; form-action 'self'; script-src {}", pages::script_source()), "same-origin"),
        Kind::Watching => (format!("; form-action 'self'; script-src {}; connect-src 'self'", pages::script_source()), "same-origin"),
    };
    let policy = format!("default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'{more}");
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

/// A page that cannot be shown: a mistake in doorward.
pub fn broken(error: &PageError) -> Answer {
    super::log(&format!("pages: {error}"));
    super::refuse(&Refusal::Internal)
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
    page(status, Kind::Alone, pages::render(&view))
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

/// A form that counts once was sent a second time.
pub fn sent_before(app: &App, room: (&'static str, &'static str)) -> Answer {
    let what = "This form was sent before, and what it made was shown then, once. Nothing was made a second time.";
    let message =
        Message { kind: MessageKind::Info, title: "This was done already", paragraphs: &[what], hint: None, steps: &[], link: Some(room) };
    self::message(app, 409, &message)
}

/// Something that was asked for on a page was not done.
pub fn failed(app: &App, failure: &Failure) -> Answer {
    let status = match failure.kind {
        FailureKind::Refused => 400,
        FailureKind::Unknown => 404,
        FailureKind::Unavailable => 503,
    };
    error(app, status, "That was not done", &sentence(&failure.what), Some(&sentence(&failure.hint)))
}

/// The words of a command as a sentence of a page. An address at its beginning stays as it was typed.
pub fn sentence(text: &str) -> String {
    if text.split(' ').next().is_some_and(|word| word.contains(":/")) {
        return format!("{text}.");
    }
    let mut letters = text.chars();
    letters.next().map(|first| format!("{}{}.", first.to_uppercase(), letters.as_str())).unwrap_or_default()
}

/// What only an owner may see or do.
pub fn owners_only(app: &App) -> Answer {
    let what = "Only the owner of this doorward may see or do this. Nothing was changed.";
    let link = Some(("/", "Go to the start page"));
    message(
        app,
        403,
        &Message { kind: MessageKind::Error, title: "This is for the owner", paragraphs: &[what], hint: None, steps: &[], link },
    )
}

/// While nobody owns this doorward, there is nobody to sign in.
pub fn not_set_up(app: &App) -> Answer {
    let what = "This doorward has just been started and nobody owns it yet.";
    error(app, 503, "Not set up yet", what, Some("On the machine where it runs: doorward setup")).with("retry-after", "60")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_begins_with_a_capital_unless_with_an_address() {
        for (text, said) in [
            ("there is no such app", "There is no such app."),
            ("\u{e9}mile is gone", "\u{c9}mile is gone."),
            ("http://a.example/cb cannot be used", "http://a.example/cb cannot be used."),
            ("com.example.app:/cb cannot be used", "com.example.app:/cb cannot be used."),
            ("", ""),
        ] {
            assert_eq!(sentence(text), said);
        }
    }
}
