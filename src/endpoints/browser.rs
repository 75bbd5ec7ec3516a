//! Who sits at the browser, and whether a form came from a page of ours.

use super::App;
use crate::clock::{self, UnixTime};
use crate::http::answer::Answer;
use crate::http::cookies::{self, Jar};
use crate::http::request::Request;
use crate::oauth::audit::{Event, Occasion};
use crate::oauth::audit_kinds::What;
use crate::oauth::params::Params;
use crate::oauth::rates::Key;
use crate::oauth::secret::{Secret, Session, TokenHash};
use crate::oauth::throttle;
use crate::oauth::trace_step::Agent;
use crate::oauth::user::{User, UserName};
use crate::random;
use crate::store::StoreError;
use crate::store::record::BrowserSession;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::net::IpAddr;
use subtle::ConstantTimeEq;

/// Holds the session of somebody who signed in.
pub(super) const SESSION: &str = "doorward_session";
/// Ties a form to the browser it was shown in while nobody is signed in.
const VISITOR: &str = "doorward_visitor";
/// Makes the browser known again to the account that has signed in here, so that nobody else's guesses keep it out.
const DEVICE: &str = "doorward_device";
/// As long as browsers keep a cookie.
const DEVICE_SECONDS: u64 = 400 * 24 * 60 * 60;

/// Proof that a browser is signed in, made by [`App::signed_in`] alone.
pub struct SignedIn {
    /// As whom.
    pub user: User,
    /// Under which session.
    pub session: TokenHash<Session>,
    /// When.
    pub at: UnixTime,
    /// From which address.
    pub from: IpAddr,
    /// By which program.
    pub agent: Agent,
    secret: Secret<Session>,
}

impl SignedIn {
    /// When and from where they ask for something, and who they are.
    pub fn occasion(&self) -> Occasion {
        Occasion::request(clock::now(), self.from).by(&self.user.name)
    }
}

/// Proof that somebody signed in is an owner, made by [`SignedIn::as_owner`] alone: what is only for owners asks for it.
pub struct Owner<'a>(&'a SignedIn);

impl SignedIn {
    /// The proof, if they are one.
    pub fn as_owner(&self) -> Option<Owner<'_>> {
        self.user.owner.then_some(Owner(self))
    }
}

impl Owner<'_> {
    /// Who it is.
    pub fn signed_in(&self) -> &SignedIn {
        self.0
    }
}

/// A form that was filled in on a page of ours in this browser. Made by [`App::check_form`] and
/// [`App::check_visitor_form`] alone.
pub struct CheckedForm {
    params: Params,
}

impl CheckedForm {
    /// What was filled in.
    pub fn params(&self) -> &Params {
        &self.params
    }

    /// The text of a field; empty when it was not sent, or sent twice.
    pub fn text(&self, name: &'static str) -> &str {
        self.params.one(name).ok().flatten().unwrap_or_default()
    }
}

/// What came of a form that counts once.
pub enum Sent<T, E> {
    /// What it asked for.
    First(T),
    /// Nothing: it may be sent again.
    InVain(E),
    /// Nothing: it was sent before.
    Before,
}

/// A browser without a session, known again by a cookie of chance.
pub struct Visitor {
    id: String,
    is_new: bool,
}

impl App {
    pub(super) fn jar(&self, request: &Request) -> Jar {
        if self.config.issuer.secure && !request.by_loopback_name { Jar::Secure } else { Jar::Plain }
    }

    /// Who is signed in, if anybody.
    ///
    /// # Errors
    /// When the store does not answer.
    pub fn signed_in(&self, request: &Request) -> Result<Option<SignedIn>, StoreError> {
        let name = self.jar(request).name(SESSION);
        let Some(secret) = cookies::read(&request.headers, &name).and_then(Secret::<Session>::parse) else { return Ok(None) };
        let session = secret.hash();
        let found = self.store.session(&session, clock::now())?;
        Ok(found.map(|(stored, user)| SignedIn {
            user,
            session,
            at: stored.signed_in_at,
            agent: Agent::of(request.headers.first("user-agent")),
            secret,
            from: request.peer,
        }))
    }

    /// Signs a user in under a new session; whatever session the browser had is over (session fixation).
    ///
    /// # Errors
    /// When the store does not answer.
    pub fn sign_in(&self, request: &Request, user: &User, answer: Answer) -> Result<Answer, StoreError> {
        self.forget_session(request, None)?;
        let secret = random::secret::<Session>();
        let occasion = super::occasion(request);
        let now = occasion.at;
        let lifetime = self.config.lifetimes.session;
        let session = BrowserSession { user: user.id.clone(), user_epoch: user.epoch, signed_in_at: now, expires_at: now.after(lifetime) };
        self.store.add_session(&secret.hash(), &session, &occasion.event(What::SignedIn).of_user(&user.name))?;
        // The end of a session is ours to say. The cookie lives on for a while, so that a browser can be told that it came.
        let kept = lifetime.saturating_add(BrowserSession::REMEMBERED);
        let mut answer = answer;
        answer.headers.append("set-cookie", self.jar(request).set(SESSION, secret.reveal(), Some(kept.as_secs())));
        answer.headers.append("set-cookie", self.jar(request).set(DEVICE, &self.device_mark(request, &user.name), Some(DEVICE_SECONDS)));
        Ok(answer)
    }

    /// This browser, if somebody of that name has signed in here before.
    pub(super) fn known_device(&self, request: &Request, name: &UserName) -> Option<Key> {
        let name_of_cookie = self.jar(request).name(DEVICE);
        throttle::known_device(self.store.key(), name, cookies::read(&request.headers, &name_of_cookie)?)
    }

    /// The mark that this browser has for the name, or a new one: a browser stays the same one, however often it signs in.
    fn device_mark(&self, request: &Request, name: &UserName) -> String {
        let kept = cookies::read(&request.headers, &self.jar(request).name(DEVICE)).filter(|_| self.known_device(request, name).is_some());
        kept.map_or_else(|| throttle::device_mark(self.store.key(), name, &random::bytes()), str::to_owned)
    }

    /// Signs out: the session is over on the server, and the cookie is taken away.
    ///
    /// # Errors
    /// When the store does not answer.
    pub fn sign_out(&self, request: &Request, signed_in: &SignedIn, answer: Answer) -> Result<Answer, StoreError> {
        let event = signed_in.occasion().event(What::SignedOut).of_user(&signed_in.user.name);
        self.forget_session(request, Some(&event))?;
        let mut answer = answer;
        answer.headers.append("set-cookie", self.jar(request).clear(SESSION));
        Ok(answer)
    }

    fn forget_session(&self, request: &Request, event: Option<&Event>) -> Result<(), StoreError> {
        let name = self.jar(request).name(SESSION);
        let old = cookies::read(&request.headers, &name).and_then(Secret::<Session>::parse);
        old.map_or(Ok(()), |old| self.store.remove_session(&old.hash(), event))
    }

    /// The browser as it is known without a session.
    pub fn visitor(&self, request: &Request) -> Visitor {
        let name = self.jar(request).name(VISITOR);
        let known = cookies::read(&request.headers, &name).filter(|id| is_visitor_id(id));
        match known {
            Some(id) => Visitor { id: id.to_owned(), is_new: false },
            None => Visitor { id: URL_SAFE_NO_PAD.encode(random::bytes::<18>()), is_new: true },
        }
    }

    /// Sets the visitor's cookie if it was not there.
    pub fn remember_visitor(&self, request: &Request, visitor: &Visitor, mut answer: Answer) -> Answer {
        if visitor.is_new {
            answer.headers.append("set-cookie", self.jar(request).set(VISITOR, &visitor.id, None));
        }
        answer
    }

    /// The hidden value of forms shown to somebody who is signed in.
    pub fn form_token(&self, signed_in: &SignedIn) -> String {
        self.token("form of a session", signed_in.secret.reveal())
    }

    /// The hidden value of forms shown to somebody who is not.
    pub fn visitor_token(&self, visitor: &Visitor) -> String {
        self.token("form of a visitor", &visitor.id)
    }

    fn token(&self, label: &str, browser: &str) -> String {
        URL_SAFE_NO_PAD.encode(self.store.key().authenticate(label, &[browser.as_bytes()]))
    }

    /// The form in a request of somebody signed in, if it came from a page of ours.
    pub fn check_form(&self, request: &Request, signed_in: &SignedIn) -> Option<CheckedForm> {
        let params = super::form(request).ok()?;
        self.check(request, params, &self.form_token(signed_in))
    }

    /// A number for a form that shall count once.
    pub fn form_number(&self) -> String {
        URL_SAFE_NO_PAD.encode(random::bytes::<18>())
    }

    /// Has `act` done unless this very form was sent before: what is shown once is made once, however often the answer is
    /// reloaded. One of which nothing comes may be sent again.
    ///
    /// # Errors
    /// When the store does not answer.
    pub fn once<T, E>(&self, form: &CheckedForm, act: impl FnOnce() -> Result<T, E>) -> Result<Sent<T, E>, StoreError> {
        let parts = [form.text("csrf"), form.text("once")].map(str::as_bytes);
        let mark = self.store.key().authenticate("a form that counts once", &parts);
        if !self.store.spend_form(&mark, clock::now().after(self.config.lifetimes.session))? {
            return Ok(Sent::Before);
        }
        match act() {
            Ok(done) => Ok(Sent::First(done)),
            Err(failure) => {
                self.store.give_form_back(&mark)?;
                Ok(Sent::InVain(failure))
            }
        }
    }

    /// The form of somebody not signed in, if it came from a page of ours.
    pub fn check_visitor_form(&self, request: &Request, params: Params) -> Option<CheckedForm> {
        let visitor = self.visitor(request);
        if visitor.is_new { None } else { self.check(request, params, &self.visitor_token(&visitor)) }
    }

    /// The hidden value decides. What the browser says about where the form came from must not speak against it; `null`
    /// is what browsers send from pages that, like ours, give no referrer.
    fn check(&self, request: &Request, params: Params, expected: &str) -> Option<CheckedForm> {
        let sent = params.one("csrf").ok().flatten()?;
        let same = bool::from(sent.as_bytes().ct_eq(expected.as_bytes()));
        let site = request.headers.first("sec-fetch-site");
        let from_here = site.is_none_or(|site| matches!(site, "same-origin" | "none"));
        let origin = request.headers.first("origin");
        let own_origin = origin.is_none_or(|origin| origin == "null" || self.is_own_origin(origin, request));
        (same && from_here && own_origin).then_some(CheckedForm { params })
    }

    fn is_own_origin(&self, origin: &str, request: &Request) -> bool {
        let host = request.headers.first("host").unwrap_or_default();
        origin == self.issuer() || (request.by_loopback_name && origin.strip_prefix("http://") == Some(host))
    }
}

fn is_visitor_id(id: &str) -> bool {
    id.len() == 24 && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}
