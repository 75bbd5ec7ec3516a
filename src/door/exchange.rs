//! One request of one client: who is meant, may it be, and which back end answers. The order of the checks is here and
//! nowhere else: host, preflight, origin, token, method, type, and only then the content and anybody behind us.

use super::answer_headers::media_type;
use super::connection::Client;
use super::context::Context;
use super::gate::{self, Asked};
use super::head::Head;
use super::host::{self, Name};
use super::probe::Proof;
use super::refusal::{Refused, Trouble};
use super::relay::Relay;
use super::request::Content;
use super::route::{self, Route, Target};
use super::{check, client_address, cors, headers, log, respond, trace};
use crate::http::answer::Answer;
use crate::http::headers::HeaderMap;
use crate::http::limits::APP_BODY_BYTES;
use crate::http::method::Method;
use crate::oauth::probe::DOCTOR;
use std::net::IpAddr;

/// What becomes of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum After {
    /// The next request may follow.
    Next,
    /// An answer was given, and with it the connection ends.
    Close,
    /// There is no client any more, or what it has got cannot be completed.
    Gone,
}

/// What of a request decides how it is answered.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms {
    pub(super) to_head: bool,
    pub(super) modern: bool,
    pub(super) keep_alive: bool,
}

/// Serves one request.
pub(super) fn serve(door: &Context, client: &mut Client, mut head: Head, mut content: Content) -> After {
    let terms = Terms { to_head: head.method == Method::Head, modern: head.modern, keep_alive: head.keep_alive };
    let proof = Proof::of(&door.store, &head.headers);
    if proof.is_some() {
        head.headers.set("user-agent", DOCTOR);
    }
    match dispatch(door, client, head, &mut content, terms, proof.as_ref()) {
        Ok(after) => after,
        Err(Trouble::Answered(answer)) => {
            let answer = if let Some(proof) = proof { proof.sign(answer) } else { answer };
            give(door, client, &mut content, terms, &answer)
        }
        Err(Trouble::Gone) => After::Gone,
    }
}

fn dispatch(
    door: &Context,
    client: &mut Client,
    head: Head,
    content: &mut Content,
    terms: Terms,
    proof: Option<&Proof>,
) -> Result<After, Trouble> {
    let name = host::ours(&head.authority, &door.config);
    let path = head.path.clone();
    match route::find(&path, &door.config) {
        // A trusted proxy asks by whatever name it was itself asked by.
        Route::Check(below) if name.is_some() || client_address::is_trusted(client.peer, &door.config) => {
            Err(check::answer(door, client.peer, &head, below).into())
        }
        Route::Check(_) => Err(Refused::HostForeign.into()),
        Route::App => to_app(door, client, &head, content, name.ok_or_else(|| trace::foreign(door, client.peer, &head))?),
        Route::Server(target) => {
            name.ok_or_else(|| trace::foreign(door, client.peer, &head))?;
            if let Some(proof) = proof.filter(|proof| proof.opens_stream(&head)) {
                return proof.stream(door, client, &head, content, terms);
            }
            let relay = admit(door, client.peer, &head, target, terms).map_err(exposed)?;
            let from = client_address::of(client.peer, &head.headers, &door.config);
            let answered = relay.run(door, client, head, content, target.rest);
            trace::answered(door, from, &relay, &answered);
            answered.map_err(exposed)
        }
    }
}

/// Everything that must hold before a protected server hears of the request.
fn admit<'d>(door: &'d Context, peer: IpAddr, head: &Head, target: Target<'d>, terms: Terms) -> Result<Relay<'d>, Trouble> {
    let origin = head.headers.first("origin");
    if head.method == Method::Options {
        return Err(cors::preflight(&head.headers).into());
    }
    if origin.is_some_and(|origin| !host::may_call(origin, &head.authority, &door.config)) {
        return Err(Refused::OriginForeign.into());
    }
    let from = client_address::of(peer, &head.headers, &door.config);
    let asked = Asked { headers: &head.headers, query: head.query.as_deref(), from, slash: target.has_slash() };
    let pass = gate::pass(&door.store, &door.config, target.server, asked)?;
    match head.method {
        Method::Get | Method::Head | Method::Post | Method::Delete => {}
        Method::Put | Method::Patch | Method::Options => return Err(Refused::MethodNotAllowed.into()),
    }
    if head.method == Method::Post && target.is_endpoint() && !may_be_json(&head.headers) {
        return Err(Refused::NotJson.into());
    }
    Ok(Relay { server: target.server, pass, terms })
}

/// MCP messages are JSON, and a page of another origin cannot send that without asking first.
fn may_be_json(headers: &HeaderMap) -> bool {
    headers.first("content-type").is_none_or(|value| media_type(value) == "application/json")
}

/// Browsers show an answer of a protected server to the page that asked, refusals included; and what the door has to say
/// in the app's place, which is the same for everybody.
fn exposed(trouble: Trouble) -> Trouble {
    match trouble {
        Trouble::Answered(mut answer) => {
            cors::expose(&mut answer.headers);
            Trouble::Answered(answer)
        }
        Trouble::Gone => Trouble::Gone,
    }
}

fn to_app(door: &Context, client: &mut Client, head: &Head, content: &mut Content, name: Name) -> Result<After, Trouble> {
    let body = content.collect(door, &mut client.wire, APP_BODY_BYTES).map_err(exposed)?;
    let address = client_address::of(client.peer, &head.headers, &door.config);
    if client_address::is_unnamed_proxy(client.peer, &head.headers, &door.config) {
        door.unnamed_proxy.call_once(|| {
            let what = "what comes through a proxy counts as one client, limits included";
            log::line(what, &format_args!("to tell its clients apart: --trusted-proxy {}", client.peer.to_canonical()));
        });
    }
    let mut fields = headers::to_app(&head.headers, address, name == Name::Loopback);
    // The app compares `Origin` with the name by which the browser came.
    let host = match name {
        Name::Loopback => head.headers.first("host").unwrap_or_default(),
        Name::Public => &door.config.issuer.host,
    };
    fields.set("host", host);
    fields.set("content-length", body.len().to_string());
    let query = head.query.as_deref();
    let mut message = request_head(head.method, head.path.as_str(), query, &fields);
    message.extend_from_slice(&body);
    let answer = door.app.ask(&message, head.method == Method::Head).map_err(|trouble| exposed(trouble.into()))?;
    Err(answer.into())
}

/// The head of a request of ours to a back end.
pub(super) fn request_head(method: Method, path: &str, query: Option<&str>, fields: &HeaderMap) -> Vec<u8> {
    let query = query.map_or_else(String::new, |query| format!("?{query}"));
    let mut text = format!("{method} {path}{query} HTTP/1.1\r\n");
    for (name, value) in fields.iter() {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str("\r\n");
    text.into_bytes()
}

/// Gives a whole answer and settles what becomes of the connection.
fn give(door: &Context, client: &mut Client, content: &mut Content, terms: Terms, answer: &Answer) -> After {
    let goes_on = terms.keep_alive && content.can_be_passed() && !door.stop.is_asked();
    let bytes = respond::whole(answer, terms.to_head, !goes_on, &door.config);
    match client.wire.write_all(&bytes, door.deadlines.write_stall) {
        Err(_) => After::Gone,
        Ok(()) if goes_on && content.pass(&mut client.wire) => After::Next,
        Ok(()) => After::Close,
    }
}
