//! A request in progress, and what the user decides about it.
//!
//! The flow is what counts: nothing that the consent form sends can change the client, the address, the scope or the
//! challenge that were read when the request came.

use super::authorization_request::{AuthorizationRequest, State};
use super::client::Client;
use super::error::Refusal;
use super::id_token::Authentication;
use super::ids::{ClientId, UserId};
use super::pkce::Pkce;
use super::redirect_rules::RedirectRules;
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
    pub pkce: Pkce,
    /// What will be granted.
    pub scope: Scope,
    /// For the server at this path.
    pub server: String,
    /// After this it is gone.
    pub expires_at: UnixTime,
    /// What the user said.
    pub outcome: Outcome,
    /// When the user signed in, and what the request wants to see again.
    pub authentication: Authentication,
    /// The client was not known when this began; agreeing lets it in under the id it came with.
    pub adopts: bool,
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

/// Begins a flow for the user who signed in under `session` at that time.
pub fn begin(
    request: &AuthorizationRequest<'_>,
    client: &Client,
    (session, signed_in_at): (TokenHash<Session>, UnixTime),
    user: &User,
    expires_at: UnixTime,
) -> Flow {
    Flow {
        session,
        user: user.id.clone(),
        user_epoch: user.epoch,
        client: client.id.clone(),
        redirect_uri: request.redirect.as_str().to_owned(),
        redirect_was_sent: request.redirect_was_sent,
        state: request.state.clone(),
        pkce: request.pkce,
        scope: request.scope.clone(),
        server: request.resource.path.clone(),
        expires_at,
        outcome: Outcome::Pending,
        authentication: Authentication { at: signed_in_at, nonce: request.nonce.clone() },
        adopts: false,
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
    /// Where answers may go.
    pub rules: &'a RedirectRules,
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
    let Ok(redirect) =
        redirect_uri::find_registered(Some(&flow.redirect_uri), &client.redirect_uris, client.origin.registered_by(), parties.rules)
    else {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::authorization_request::parse;
    use crate::oauth::code::{CodeState, issue};
    use crate::oauth::fixtures::{CALLBACK, CHALLENGE, client, params, resource, rules, seconds_later, secret, user};
    use crate::oauth::resource::ProtectedResource;
    use crate::oauth::secret::Entropy;
    use crate::oauth::user::ServerAccess;

    fn session(byte: u8) -> TokenHash<Session> {
        secret::<Session>(byte).hash()
    }

    fn begun(resources: &[ProtectedResource]) -> Flow {
        let query = format!("response_type=code&scope=read&state=s&code_challenge={CHALLENGE}&code_challenge_method=S256");
        let request = parse(&params(&query), &client("claude"), resources, &rules()).unwrap();
        begin(&request, &client("claude"), (session(1), seconds_later(0)), &user("ann"), seconds_later(600))
    }

    fn flow() -> Flow {
        begun(&[resource("/notes")])
    }

    fn with(outcome: Outcome) -> Flow {
        Flow { outcome, ..flow() }
    }

    fn said(verdict: Verdict) -> String {
        match verdict {
            Verdict::Stale(stale) => format!("stale {stale:?}"),
            Verdict::Approve(redirect, ConsentGiven(())) => format!("approve {}", redirect.as_str()),
            Verdict::ApprovedBefore(redirect) => format!("again {}", redirect.as_str()),
            Verdict::Deny(redirect, refusal) => format!("deny {} {refusal:?}", redirect.as_str()),
        }
    }

    fn decided(flow: &Flow, decision: Decision) -> String {
        decided_by(flow, decision, session(1), &user("ann"), Some(&client("claude")), 0)
    }

    fn decided_by(
        flow: &Flow,
        decision: Decision,
        session: TokenHash<Session>,
        user: &User,
        client: Option<&Client>,
        seconds: u64,
    ) -> String {
        said(decide(Some(flow), decision, &Parties { session, user, client, rules: &rules() }, seconds_later(seconds)))
    }

    fn approve_as(session: TokenHash<Session>, user: &User) -> String {
        decided_by(&flow(), Decision::Approve, session, user, Some(&client("claude")), 0)
    }

    #[test]
    fn a_flow_holds_what_the_request_said_and_nothing_is_decided() {
        let flow = flow();
        assert_eq!((flow.client.as_str(), flow.user.as_str(), flow.user_epoch), ("claude", "ann", 3));
        assert_eq!((flow.redirect_uri.as_str(), flow.redirect_was_sent), (CALLBACK, false));
        assert_eq!((flow.scope.to_string().as_str(), flow.server.as_str()), ("read", "/notes"));
        assert_eq!((flow.state.0.as_deref(), flow.outcome), (Some("s"), Outcome::Pending));
    }

    #[test]
    fn the_user_of_the_session_may_say_yes_or_no() {
        assert_eq!(decided(&flow(), Decision::Approve), format!("approve {CALLBACK}"));
        assert_eq!(decided(&flow(), Decision::Deny), format!("deny {CALLBACK} DeniedByUser"));
    }

    #[test]
    fn the_code_that_follows_grants_what_the_flow_holds() {
        let flow = flow();
        let code = issue(&flow, &ConsentGiven(()), seconds_later(600));
        assert_eq!((&code.client, &code.user, code.user_epoch), (&flow.client, &flow.user, flow.user_epoch));
        assert_eq!((&code.scope, &code.server, &code.redirect_uri), (&flow.scope, &flow.server, &flow.redirect_uri));
        assert_eq!(code.pkce, flow.pkce);
        assert_eq!((code.state, code.expires_at), (CodeState::Fresh { guesses: 0 }, seconds_later(600)));
    }

    #[test]
    fn a_double_click_gets_the_same_answer_and_not_a_second_code() {
        assert_eq!(decided(&with(Outcome::Approved), Decision::Approve), format!("again {CALLBACK}"));
        assert_eq!(decided(&with(Outcome::Denied), Decision::Deny), format!("deny {CALLBACK} DeniedByUser"));
    }

    #[test]
    fn an_answer_is_not_changed_by_the_other_button() {
        assert_eq!(decided(&with(Outcome::Approved), Decision::Deny), "stale Answered");
        assert_eq!(decided(&with(Outcome::Denied), Decision::Approve), "stale Answered");
    }

    #[test]
    fn no_flow_and_one_that_waited_too_long_are_the_same() {
        let ann = user("ann");
        let claude = client("claude");
        let parties = Parties { session: session(1), user: &ann, client: Some(&claude), rules: &rules() };
        assert_eq!(said(decide(None, Decision::Approve, &parties, seconds_later(0))), "stale Expired");
        let at = |seconds| decided_by(&flow(), Decision::Approve, session(1), &ann, Some(&claude), seconds);
        assert_eq!(at(599), format!("approve {CALLBACK}"));
        assert_eq!(at(600), "stale Expired");
    }

    #[test]
    fn a_form_from_another_browser_is_foreign() {
        assert_eq!(approve_as(session(2), &user("ann")), "stale Foreign");
    }

    #[test]
    fn a_form_sent_after_another_user_signed_in_is_foreign() {
        assert_eq!(approve_as(session(1), &user("bob")), "stale Foreign");
        assert_eq!(approve_as(session(1), &User { epoch: 4, ..user("ann") }), "stale Foreign");
    }

    #[test]
    fn what_was_withdrawn_meanwhile_cannot_be_approved() {
        let moved = Client { redirect_uris: vec!["https://client.test/elsewhere".into()], ..client("claude") };
        for client in [None, Some(moved), Some(client("cursor"))] {
            for decision in [Decision::Approve, Decision::Deny] {
                let said = decided_by(&flow(), decision, session(1), &user("ann"), client.as_ref(), 0);
                assert_eq!(said, "stale Withdrawn", "{client:?}");
            }
        }
    }

    #[test]
    fn a_user_taken_off_the_server_can_deny_but_not_approve() {
        let ann = User { servers: ServerAccess::Only(vec![]), ..user("ann") };
        for outcome in [Outcome::Pending, Outcome::Approved] {
            assert_eq!(decided_by(&with(outcome), Decision::Approve, session(1), &ann, Some(&client("claude")), 0), "stale Withdrawn");
        }
        assert!(decided_by(&flow(), Decision::Deny, session(1), &ann, Some(&client("claude")), 0).starts_with("deny"));
    }

    #[test]
    fn a_loopback_flow_keeps_its_port() {
        let client = Client { redirect_uris: vec!["http://127.0.0.1/cb".into()], ..client("claude") };
        let flow = Flow { redirect_uri: "http://127.0.0.1:50123/cb".into(), ..flow() };
        let said = decided_by(&flow, Decision::Approve, session(1), &user("ann"), Some(&client), 0);
        assert_eq!(said, "approve http://127.0.0.1:50123/cb");
    }

    #[test]
    fn a_flow_has_one_code_and_no_other_flow_or_server_has_it() {
        let key = ServerKey::new(&Entropy::new([7; 32]));
        let other_key = ServerKey::new(&Entropy::new([8; 32]));
        let code = |byte, key| code_of(&secret(byte), key).reveal().to_owned();
        assert_eq!(code(1, &key), code(1, &key));
        assert_ne!(code(1, &key), code(2, &key));
        assert_ne!(code(1, &key), code(1, &other_key));
    }
}
