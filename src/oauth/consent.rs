//! A request in progress, and what the user decides about it.
//!
//! The flow is what counts: nothing that the consent form sends can change the client, the address, the scope or the
//! challenge that were read when the request came.

use super::authorization_request::{AuthorizationRequest, State};
use super::client::Client;
use super::error::Refusal;
use super::ids::{ClientId, UserId};
use super::pkce::Challenge;
use super::redirect_uri::{self, RegisteredRedirect};
use super::scope::Scope;
use super::secret::{AuthorizationCode, Flow as FlowSecret, Secret, ServerKey, Session, TokenHash};
use super::user::User;
use crate::clock::UnixTime;
use serde::{Deserialize, Serialize};

/// An authorization request that waits for its user. A stored record: frozen once released.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flow {
    /// The browser session in which it began; no other may finish it.
    pub session: TokenHash<Session>,
    /// The user of that session.
    pub user: UserId,
    /// [`User::epoch`] at that moment.
    pub user_epoch: u32,
    /// Who asks.
    pub client: ClientId,
    /// Where the answer goes.
    pub redirect_uri: String,
    /// Whether the request named that address itself.
    pub redirect_was_sent: bool,
    /// Given back with the answer.
    pub state: State,
    /// RFC 7636.
    pub challenge: Challenge,
    /// What will be granted.
    pub scope: Scope,
    /// For the server at this path.
    pub server: String,
    /// After this it is gone.
    pub expires_at: UnixTime,
    /// What the user said.
    pub outcome: Outcome,
}

/// What the user said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// Nothing yet.
    Pending,
    /// Yes.
    Approved,
    /// No.
    Denied,
}

/// The button that was pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Approve.
    Approve,
    /// Deny.
    Deny,
}

/// Begins a flow for the user who is signed in.
pub fn begin(request: &AuthorizationRequest<'_>, client: &Client, session: TokenHash<Session>, user: &User, expires_at: UnixTime) -> Flow {
    Flow {
        session,
        user: user.id.clone(),
        user_epoch: user.epoch,
        client: client.id.clone(),
        redirect_uri: request.redirect.as_str().to_owned(),
        redirect_was_sent: request.redirect_was_sent,
        state: request.state.clone(),
        challenge: request.challenge,
        scope: request.scope.clone(),
        server: request.resource.path.clone(),
        expires_at,
        outcome: Outcome::Pending,
    }
}

/// What is true right now of those whom a flow concerns.
pub struct Parties<'a> {
    /// The session from which the form came.
    pub session: TokenHash<Session>,
    /// Its user.
    pub user: &'a User,
    /// The client, unless it was removed since.
    pub client: Option<&'a Client>,
    /// Our origin.
    pub issuer: &'a str,
}

/// Proof that the user agreed to this very flow in this very session. Made by [`decide`] alone.
#[derive(Debug)]
pub struct ConsentGiven(());

/// What follows from a decision.
#[derive(Debug)]
pub enum Verdict {
    /// The form is stale or somebody else's; nothing changes and nothing is sent to the client.
    Stale(Stale),
    /// Mark the flow approved and store its code.
    Approve(RegisteredRedirect, ConsentGiven),
    /// It was approved before (a double click, a reload): the same answer again.
    ApprovedBefore(RegisteredRedirect),
    /// Mark the flow denied and tell the client.
    Deny(RegisteredRedirect, Refusal),
}

/// Why a form is of no use any more, for the page that says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stale {
    /// No such flow, or it waited too long.
    Expired,
    /// It began in another browser, or as another user.
    Foreign,
    /// The client or its address was removed, or the user may no longer use the server.
    Withdrawn,
    /// It was answered with the other button.
    Answered,
}

/// Whether the decision may take effect.
pub fn decide(flow: Option<&Flow>, decision: Decision, parties: &Parties<'_>, now: UnixTime) -> Verdict {
    let Some(flow) = flow.filter(|flow| !flow.expires_at.has_come(now)) else { return Verdict::Stale(Stale::Expired) };
    if flow.session != parties.session || flow.user != parties.user.id || flow.user_epoch != parties.user.epoch {
        return Verdict::Stale(Stale::Foreign);
    }
    let Some(client) = parties.client.filter(|client| client.id == flow.client) else { return Verdict::Stale(Stale::Withdrawn) };
    let Ok(redirect) = redirect_uri::find_registered(Some(&flow.redirect_uri), &client.redirect_uris, parties.issuer) else {
        return Verdict::Stale(Stale::Withdrawn);
    };
    match (decision, flow.outcome) {
        (Decision::Deny, Outcome::Pending | Outcome::Denied) => Verdict::Deny(redirect, Refusal::DeniedByUser),
        (Decision::Approve, Outcome::Pending | Outcome::Approved) if !parties.user.may_use(&flow.server) => {
            Verdict::Stale(Stale::Withdrawn)
        }
        (Decision::Approve, Outcome::Pending) => Verdict::Approve(redirect, ConsentGiven(())),
        (Decision::Approve, Outcome::Approved) => Verdict::ApprovedBefore(redirect),
        (Decision::Approve, Outcome::Denied) | (Decision::Deny, Outcome::Approved) => Verdict::Stale(Stale::Answered),
    }
}

/// The one code of a flow. It follows from the flow, so that a double click gives the same answer without the code
/// being kept anywhere in the clear.
pub fn code_of(flow: &Secret<FlowSecret>, key: &ServerKey) -> Secret<AuthorizationCode> {
    key.derive("authorization code of a flow", &[flow.reveal().as_bytes()])
}
