//! Who may call a row, and what is proven before its handler is.

use crate::endpoints::browser::{CheckedForm, Owner, SignedIn};
use crate::endpoints::{App, page, signin};
use crate::http::answer::Answer;
use crate::http::request::Request;

type Open = fn(&App, &Request) -> Answer;
type PageHandler = fn(&App, &Request, &SignedIn) -> Answer;
type FormHandler = fn(&App, &Request, &SignedIn, &CheckedForm) -> Answer;

/// Who may call, and what is called.
pub(super) enum Access {
    /// Anyone; nothing is changed by it.
    Anyone(Open),
    /// Anyone, and the place that the path names is passed on.
    AnyoneAt(fn(&App, &Request, &str) -> Answer),
    /// A client: the handler has it proven by [`crate::oauth::client_auth`], or by its token ([`crate::oauth::bearer`]); at
    /// registration it makes it one, and at `/poll` it is known by the state that only it knows.
    Client(Open),
    /// A client, proven by the handler to be the one that the path names ([`crate::oauth::client_management`]).
    ClientAt(fn(&App, &Request, &str) -> Answer),
    /// A browser that need not be signed in: a page, or a form that checks the visitor's token itself.
    Browser(Open),
    /// A page of somebody signed in; anybody else is asked to sign in.
    Page(PageHandler),
    /// A form of somebody signed in.
    Form(FormHandler),
    /// A page of an owner.
    OwnerPage(fn(&App, &Request, &Owner<'_>) -> Answer),
    /// A form of an owner.
    OwnerForm(fn(&App, &Request, &Owner<'_>, &CheckedForm) -> Answer),
}

impl Access {
    pub(super) fn call(&self, app: &App, request: &Request, place: &str) -> Answer {
        match self {
            Self::Anyone(handler) | Self::Client(handler) | Self::Browser(handler) => handler(app, request),
            Self::AnyoneAt(handler) | Self::ClientAt(handler) => handler(app, request, place),
            Self::Page(handler) => with_page(app, request, |who| handler(app, request, who)),
            Self::OwnerPage(handler) => with_page(app, request, |who| match who.as_owner() {
                Some(owner) => handler(app, request, &owner),
                None => page::owners_only(app),
            }),
            Self::Form(handler) => with_form(app, request, |who, form| handler(app, request, who, form)),
            Self::OwnerForm(handler) => with_form(app, request, |who, form| match who.as_owner() {
                Some(owner) => handler(app, request, &owner, form),
                None => page::owners_only(app),
            }),
        }
    }
}

/// Proves that somebody is signed in, and only then shows the page; else the way to it leads over sign-in.
fn with_page(app: &App, request: &Request, show: impl Fn(&SignedIn) -> Answer) -> Answer {
    match app.signed_in(request) {
        Ok(Some(signed_in)) => show(&signed_in),
        Ok(None) => signin::ask_for_page(app, request),
        Err(error) => page::unavailable(app, &error),
    }
}

/// Proves that somebody is signed in and that the form is ours, and only then calls.
fn with_form(app: &App, request: &Request, handle: impl Fn(&SignedIn, &CheckedForm) -> Answer) -> Answer {
    let signed_in = match app.signed_in(request) {
        Ok(signed_in) => signed_in,
        Err(error) => return page::unavailable(app, &error),
    };
    let Some(signed_in) = signed_in else {
        let hint = "Go back to where you started and sign in again.";
        return page::error(app, 403, "You are not signed in", "Nothing was changed.", Some(hint));
    };
    match app.check_form(request, &signed_in) {
        Some(form) => handle(&signed_in, &form),
        None => {
            let what = "This form did not come from a page of this doorward in this browser. Nothing was changed.";
            page::error(app, 403, "This form was not accepted", what, Some("Open the page again and repeat what you did."))
        }
    }
}
