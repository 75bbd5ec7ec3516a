//! What a person chooses on the consent form: which server, which of its scopes, and for how long. Its tests are beside those of
//! the flow that it is about, in [`super::consent`].

use super::consent::{Granted, Offer};
use super::params::Params;
use super::scope::{Scope, is_ours};
use super::term::{self, Local, TermProblem};
use crate::clock::UnixTime;

/// The server chosen on a consent form, the scopes left ticked, and for how long.
#[derive(Clone, Debug)]
pub struct Choice {
    server: Option<String>,
    ticked: Vec<(String, String)>,
    term: String,
    ends_at: Result<Option<UnixTime>, TermProblem>,
}

impl Choice {
    /// Reads a form: `server` holds a path, each `scope` a path and a name, since two servers may use one name. `term` is for
    /// how long ([`term::end`]); left out, it is until somebody takes it back.
    pub fn read(params: &Params, local: Local) -> Self {
        let ticked = params.all("scope").filter_map(|value| value.split_once(' '));
        let term = params.one("term").map_or("", |term| term.unwrap_or(term::OPEN));
        Self {
            server: params.one("server").ok().flatten().map(str::to_owned),
            ticked: ticked.map(|(server, name)| (server.to_owned(), name.to_owned())).collect(),
            term: term.to_owned(),
            ends_at: term::end(term, local),
        }
    }

    /// For how long, as it was chosen.
    pub fn term(&self) -> &str {
        &self.term
    }

    /// The server, if one was chosen.
    pub fn server(&self) -> Option<&str> {
        self.server.as_deref()
    }

    fn has(&self, server: &str, name: &str) -> bool {
        self.ticked.iter().any(|(at, ticked)| at == server && ticked == name)
    }
}

/// Nothing chosen: the only server, what it grants to anybody, until somebody takes it back.
impl Default for Choice {
    fn default() -> Self {
        Self { server: None, ticked: Vec::new(), term: term::OPEN.to_owned(), ends_at: Ok(None) }
    }
}

/// What a form must still say before it can be approved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// Which of the servers.
    Server,
    /// For how long: what it says cannot be met.
    Term(TermProblem),
}

/// What a choice among offers grants: never more than was offered. With nothing ticked it is the least that the server
/// grants to anybody, since the user approved.
///
/// # Errors
/// [`Missing`] when no server is chosen, or one that was not offered, or when the end that was chosen cannot be.
pub fn choose(offers: &[Offer], choice: &Choice) -> Result<Granted, Missing> {
    let offer = match (&choice.server, offers) {
        (None, [only]) => only,
        (None, _) => return Err(Missing::Server),
        (Some(server), _) => offers.iter().find(|offer| offer.server == *server).ok_or(Missing::Server)?,
    };
    let ours: Scope = offer.scope.names().filter(|name| is_ours(name)).collect();
    let kept: Scope = offer.scope.names().filter(|name| offer.is_settled(name) || choice.has(&offer.server, name)).collect();
    let allows_something = kept.names().any(|name| !is_ours(name));
    let scope = if allows_something { kept } else { offer.least.with(&ours) };
    let ends_at = choice.ends_at.map_err(Missing::Term)?;
    Ok(Granted { server: offer.server.clone(), scope, ends_at })
}
