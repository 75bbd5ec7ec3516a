//! Holds every MCP session to the user and the client (or API key) that opened it. The rule is [`mcp_session`]'s; here it is applied to
//! what passes through, before anything goes on in either direction.

use super::gate::Pass;
use super::log;
use super::refusal::{Refused, Trouble};
use crate::clock;
use crate::config::Server;
use crate::http::answer::Answer;
use crate::http::headers::HeaderMap;
use crate::oauth::mcp_session::{self, SessionOwner};
use crate::store::{Store, StoreError};

const FIELD: &str = "mcp-session-id";

/// Judges the session that a request names, if it names one; gives its name.
pub(super) fn judge(store: &Store, server: &Server, headers: &HeaderMap, pass: &Pass) -> Result<Option<String>, Trouble> {
    let Some(id) = headers.only(FIELD).map_err(|_| Refused::FieldRepeated)? else { return Ok(None) };
    if !mcp_session::is_session_id(id) {
        return Err(Refused::SessionMalformed.into());
    }
    let used = store.use_session(&server.resource.path, id, &caller(pass)).map_err(|error| unreadable(&error))?;
    used.map_err(|refusal| {
        let wire = refusal.wire();
        Answer::error(wire.status, wire.code.as_str(), &wire.description)
    })?;
    Ok(Some(id.to_owned()))
}

/// Binds the session that an answer names to the caller, unless it is the one that was `judged`. Whoever had one of the
/// same name had it from the same upstream, which has just given it to somebody else.
pub(super) fn bind(store: &Store, server: &Server, answered: &HeaderMap, judged: Option<&str>, pass: &Pass) -> Result<(), Trouble> {
    let Some(id) = answered.first(FIELD).filter(|id| Some(*id) != judged) else { return Ok(()) };
    if !mcp_session::is_session_id(id) {
        return Err(Refused::UpstreamMalformed.into());
    }
    store.bind_session(&server.resource.path, id, &caller(pass)).map_err(|error| unreadable(&error).into())
}

fn unreadable(error: &StoreError) -> Refused {
    log::line("the store cannot say whose a session is", error);
    Refused::StoreUnavailable
}

fn caller(pass: &Pass) -> SessionOwner {
    SessionOwner { user: pass.admitted.user_id().clone(), bearer: pass.admitted.bearer().clone(), seen_at: clock::now() }
}
