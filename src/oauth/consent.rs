//! A request in progress, and what the user decides about it.
//!
//! The flow is what counts: the consent form can choose among what the flow offers, and leave something out; nothing that
//! it sends can change the client, the address or the challenge, or add a server or a scope.

use super::authorization_request::{AuthorizationRequest, State};
use super::client::Client;
use super::consent_choice::{self, Choice, Missing};
use super::error::Refusal;
use super::id_token::Authentication;
use super::ids::{ClientId, UserId};
use super::pkce::Pkce;
use super::poll;
use super::redirect_rules::RedirectRules;
use super::redirect_uri::{self, RegisteredRedirect};
use super::resource::ProtectedResource;
use super::scope::{Scope, is_ours};
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
    /// Whether the client fetches the answer ([`super::poll`]).
    pub polled: bool,
    /// Given back with the answer; not kept where it is what the answer is fetched by.
    pub state: State,
    /// RFC 7636.
    pub pkce: Pkce,
    /// The scope that was asked for.
    pub asked: Scope,
    /// Whether the request named its server itself.
    pub resource_was_sent: bool,
    /// What may be granted, the user choosing one of several; once approved, what was.
    pub offers: Vec<Offer>,
    /// After this it is gone.
    pub expires_at: UnixTime,
    /// What the user said.
    pub outcome: Outcome,
    /// When the user signed in, and what the request wants to see again.
    pub authentication: Authentication,
    /// The client was not known when this began; agreeing lets it in under the id it came with.
    pub adopts: bool,
}

/// What may be granted on one server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// Its path.
    pub server: String,
    /// The most that may be granted there.
    pub scope: Scope,
    /// The least: what is granted when nothing is ticked.
    pub least: Scope,
}

impl Offer {
    /// What a request for `asked` may be granted on `resource`.
    pub fn new(resource: &ProtectedResource, asked: &Scope) -> Self {
        let scope = resource.grantable(asked);
        let least = Some(scope.and(&resource.default_scope)).filter(|least| !least.is_empty());
        Self { server: resource.path.clone(), least: least.unwrap_or_else(|| scope.clone()), scope }
    }

    /// True when there is nothing to choose about the name: the only thing to be done there, or a scope of ours.
    pub fn is_settled(&self, name: &str) -> bool {
        is_ours(name) || self.scope.names().filter(|name| !is_ours(name)).count() == 1
    }
}

/// What was granted: one offer, or a part of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Granted {
    /// On the server at this path.
    pub server: String,
    /// This.
    pub scope: Scope,
    /// Until then, where it was given for a time.
    pub ends_at: Option<UnixTime>,
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
#[derive(Clone, Copy, Debug)]
pub enum Decision<'a> {
    /// Approve, and what was chosen and left ticked.
    Approve(&'a Choice),
    /// Deny.
    Deny,
}

/// What a request offers to that user.
pub fn offers(request: &AuthorizationRequest<'_>, user: &User) -> Vec<Offer> {
    let usable = request.resources.iter().filter(|resource| user.may_use(&resource.path));
    usable.map(|resource| Offer::new(resource, &request.asked)).collect()
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
        polled: request.polled,
        state: if request.polled { State(None) } else { request.state.clone() },
        pkce: request.pkce,
        asked: request.asked.clone(),
        resource_was_sent: request.resource_was_sent,
        offers: offers(request, user),
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

/// Proof that the user agreed to this very flow in this very session, and to what. Made by [`decide`] alone.
#[derive(Debug)]
pub struct ConsentGiven {
    granted: Granted,
    at: UnixTime,
}

impl ConsentGiven {
    /// What the user agreed to.
    pub fn granted(&self) -> &Granted {
        &self.granted
    }
}

/// What follows from a decision.
#[derive(Debug)]
pub enum Verdict {
    /// The form is stale or somebody else's; nothing changes and nothing is sent to the client.
    Stale(Stale),
    /// The form does not say enough; nothing changes, and it is shown again.
    Incomplete(RegisteredRedirect, Missing),
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
pub fn decide(flow: Option<&Flow>, decision: Decision<'_>, parties: &Parties<'_>, now: UnixTime) -> Verdict {
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
        (Decision::Approve(_), Outcome::Pending | Outcome::Approved)
            if !flow.offers.iter().any(|offer| parties.user.may_use(&offer.server)) =>
        {
            Verdict::Stale(Stale::Withdrawn)
        }
        (Decision::Approve(choice), Outcome::Pending) => match consent_choice::choose(&flow.offers, choice) {
            Err(missing) => Verdict::Incomplete(redirect, missing),
            Ok(granted) if !parties.user.may_use(&granted.server) => Verdict::Stale(Stale::Withdrawn),
            Ok(granted) => Verdict::Approve(redirect, ConsentGiven { granted, at: now }),
        },
        (Decision::Approve(_), Outcome::Approved) => Verdict::ApprovedBefore(redirect),
        (Decision::Approve(_), Outcome::Denied) | (Decision::Deny, Outcome::Approved) => Verdict::Stale(Stale::Answered),
    }
}

/// The flow after an approval: it offers what was granted and nothing else any more. One that is polled ends when nobody
/// fetches it.
pub fn approved(flow: &Flow, proof: &ConsentGiven) -> Flow {
    let Granted { server, scope, .. } = proof.granted().clone();
    let expires_at = if flow.polled { proof.at.after(poll::FETCHED_WITHIN) } else { flow.expires_at };
    Flow { outcome: Outcome::Approved, offers: vec![Offer { server, least: scope.clone(), scope }], expires_at, ..flow.clone() }
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
    use crate::oauth::consent_choice::choose;
    use crate::oauth::fixtures::{CALLBACK, CHALLENGE, client, local, params, resource, rules, seconds_later, secret, user};
    use crate::oauth::resource::ProtectedResource;
    use crate::oauth::secret::Entropy;
    use crate::oauth::term::TermProblem;
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
            Verdict::Incomplete(_, missing) => format!("incomplete {missing:?}"),
            Verdict::Approve(redirect, _) => format!("approve {}", redirect.as_str()),
            Verdict::ApprovedBefore(redirect) => format!("again {}", redirect.as_str()),
            Verdict::Deny(redirect, refusal) => format!("deny {} {refusal:?}", redirect.as_str()),
        }
    }

    /// The form as it is shown, with nothing changed.
    fn as_shown(flow: &Flow) -> Choice {
        let ticked = |offer: &Offer| offer.scope.names().map(|name| format!("scope={}+{name}", offer.server)).collect::<Vec<_>>();
        form(&flow.offers.iter().flat_map(ticked).collect::<Vec<_>>().join("&"))
    }

    fn approve(flow: &Flow) -> String {
        decided(flow, Decision::Approve(&as_shown(flow)))
    }

    fn decided(flow: &Flow, decision: Decision<'_>) -> String {
        decided_by(flow, decision, session(1), &user("ann"), Some(&client("claude")), 0)
    }

    fn decided_by(
        flow: &Flow,
        decision: Decision<'_>,
        session: TokenHash<Session>,
        user: &User,
        client: Option<&Client>,
        seconds: u64,
    ) -> String {
        said(decide(Some(flow), decision, &Parties { session, user, client, rules: &rules() }, seconds_later(seconds)))
    }

    fn approve_as(session: TokenHash<Session>, user: &User) -> String {
        decided_by(&flow(), Decision::Approve(&as_shown(&flow())), session, user, Some(&client("claude")), 0)
    }

    #[test]
    fn a_flow_holds_what_the_request_said_and_nothing_is_decided() {
        let flow = flow();
        assert_eq!((flow.client.as_str(), flow.user.as_str(), flow.user_epoch), ("claude", "ann", 3));
        assert_eq!((flow.redirect_uri.as_str(), flow.redirect_was_sent), (CALLBACK, false));
        assert_eq!(flow.offers, [Offer { server: "/notes".into(), scope: Scope::parse("read"), least: Scope::parse("read") }]);
        assert_eq!((flow.asked.to_string().as_str(), flow.resource_was_sent), ("read", false));
        assert_eq!((flow.state.0.as_deref(), flow.outcome), (Some("s"), Outcome::Pending));
    }

    #[test]
    fn the_user_of_the_session_may_say_yes_or_no() {
        assert_eq!(approve(&flow()), format!("approve {CALLBACK}"));
        assert_eq!(decided(&flow(), Decision::Deny), format!("deny {CALLBACK} DeniedByUser"));
    }

    #[test]
    fn the_code_that_follows_grants_what_the_flow_holds() {
        let flow = flow();
        let granted = choose(&flow.offers, &as_shown(&flow)).unwrap();
        let code = issue(&flow, &ConsentGiven { granted: granted.clone(), at: seconds_later(0) }, seconds_later(600));
        assert_eq!((&code.client, &code.user, code.user_epoch), (&flow.client, &flow.user, flow.user_epoch));
        assert_eq!((&code.scope, &code.server, &code.redirect_uri), (&granted.scope, &granted.server, &flow.redirect_uri));
        assert_eq!(code.pkce, flow.pkce);
        assert_eq!((code.state, code.expires_at), (CodeState::Fresh { guesses: 0 }, seconds_later(600)));
    }

    #[test]
    fn a_double_click_gets_the_same_answer_and_not_a_second_code() {
        assert_eq!(approve(&with(Outcome::Approved)), format!("again {CALLBACK}"));
        assert_eq!(decided(&with(Outcome::Approved), Decision::Approve(&Choice::default())), format!("again {CALLBACK}"));
        assert_eq!(decided(&with(Outcome::Denied), Decision::Deny), format!("deny {CALLBACK} DeniedByUser"));
    }

    #[test]
    fn an_answer_is_not_changed_by_the_other_button() {
        assert_eq!(decided(&with(Outcome::Approved), Decision::Deny), "stale Answered");
        assert_eq!(approve(&with(Outcome::Denied)), "stale Answered");
    }

    #[test]
    fn no_flow_and_one_that_waited_too_long_are_the_same() {
        let ann = user("ann");
        let claude = client("claude");
        let parties = Parties { session: session(1), user: &ann, client: Some(&claude), rules: &rules() };
        assert_eq!(said(decide(None, Decision::Approve(&Choice::default()), &parties, seconds_later(0))), "stale Expired");
        let at = |seconds| decided_by(&flow(), Decision::Approve(&as_shown(&flow())), session(1), &ann, Some(&claude), seconds);
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
            for decision in [Decision::Approve(&as_shown(&flow())), Decision::Deny] {
                let said = decided_by(&flow(), decision, session(1), &user("ann"), client.as_ref(), 0);
                assert_eq!(said, "stale Withdrawn", "{client:?}");
            }
        }
    }

    #[test]
    fn a_user_taken_off_the_server_can_deny_but_not_approve() {
        let ann = User { servers: ServerAccess::Only(vec![]), ..user("ann") };
        for outcome in [Outcome::Pending, Outcome::Approved] {
            let flow = with(outcome);
            let said = decided_by(&flow, Decision::Approve(&as_shown(&flow)), session(1), &ann, Some(&client("claude")), 0);
            assert_eq!(said, "stale Withdrawn");
        }
        assert!(decided_by(&flow(), Decision::Deny, session(1), &ann, Some(&client("claude")), 0).starts_with("deny"));
    }

    #[test]
    fn a_loopback_flow_keeps_its_port() {
        let client = Client { redirect_uris: vec!["http://127.0.0.1/cb".into()], ..client("claude") };
        let flow = Flow { redirect_uri: "http://127.0.0.1:50123/cb".into(), ..flow() };
        let said = decided_by(&flow, Decision::Approve(&as_shown(&flow)), session(1), &user("ann"), Some(&client), 0);
        assert_eq!(said, "approve http://127.0.0.1:50123/cb");
    }

    fn two_servers() -> Flow {
        begun(&[resource("/notes"), resource("/files")])
    }

    /// A form as text.
    fn form(text: &str) -> Choice {
        Choice::read(&params(text), local())
    }

    fn chosen(flow: &Flow, text: &str) -> Result<String, Missing> {
        let granted = choose(&flow.offers, &form(text))?;
        Ok(format!("{} {}", granted.server, granted.scope))
    }

    #[test]
    fn with_several_servers_one_is_chosen_and_its_own_ticks_count() {
        let flow = two_servers();
        assert_eq!(approve(&flow), "incomplete Server");
        assert_eq!(chosen(&flow, "server=/files&scope=/notes+read&scope=/files+read"), Ok("/files read".into()));
        assert_eq!(chosen(&flow, "server=/files&scope=/notes+read"), Ok("/files read".into()), "the only thing there is settled");
    }

    #[test]
    fn a_choice_among_servers_is_offered_only_of_those_the_user_may_use() {
        let ann = User { servers: ServerAccess::Only(vec!["/files".into()]), ..user("ann") };
        let query = format!("response_type=code&code_challenge={CHALLENGE}&code_challenge_method=S256");
        let both = [resource("/notes"), resource("/files")];
        let request = parse(&params(&query), &client("claude"), &both, &rules()).unwrap();
        let flow = begin(&request, &client("claude"), (session(1), seconds_later(0)), &ann, seconds_later(600));
        assert_eq!(flow.offers.iter().map(|offer| offer.server.as_str()).collect::<Vec<_>>(), ["/files"]);
    }

    #[test]
    fn a_form_adds_neither_a_server_nor_a_scope() {
        let flow = flow();
        assert_eq!(chosen(&flow, "server=/files&scope=/files+read"), Err(Missing::Server));
        assert_eq!(chosen(&two_servers(), "server=/house&scope=/house+read"), Err(Missing::Server));
        assert_eq!(chosen(&flow, "scope=/notes+read&scope=/notes+write&scope=/notes+admin&scope=write"), Ok("/notes read".into()));
        assert_eq!(chosen(&flow, "server=/notes&server=/files&scope=/notes+read"), Ok("/notes read".into()));
        assert_eq!(chosen(&flow, "scope=/notes+read+write"), Ok("/notes read".into()));
    }

    #[test]
    fn unticking_leaves_out_and_nothing_ticked_is_the_least() {
        let least = Scope::parse("read");
        let all = Offer { server: "/notes".into(), scope: Scope::parse("read write offline_access"), least };
        let flow = Flow { offers: vec![all], ..flow() };
        assert_eq!(chosen(&flow, "scope=/notes+read&scope=/notes+write"), Ok("/notes read write offline_access".into()));
        assert_eq!(chosen(&flow, "scope=/notes+write"), Ok("/notes write offline_access".into()));
        assert_eq!(chosen(&flow, ""), Ok("/notes read offline_access".into()));
        assert_eq!(chosen(&flow, "scope=/notes+admin"), Ok("/notes read offline_access".into()));
    }

    #[test]
    fn it_lasts_for_as_long_as_was_chosen_and_for_ever_when_nothing_was() {
        let ends = |text: &str| choose(&flow().offers, &form(text)).map(|granted| granted.ends_at);
        assert_eq!((ends(""), ends("term=off")), (Ok(None), Ok(None)));
        assert_eq!(ends("term=2h"), Ok(Some(seconds_later(7200))));
        for (term, problem) in [
            ("0h", TermProblem::Zero),
            ("1999-01-01", TermProblem::Past),
            ("9999d", TermProblem::TooFar),
            ("soon", TermProblem::Unclear),
            ("1h&term=2h", TermProblem::Unclear),
        ] {
            assert_eq!(ends(&format!("term={term}")), Err(Missing::Term(problem)), "{term}");
        }
        assert_eq!(decided(&flow(), Decision::Approve(&form("term=0h"))), "incomplete Term(Zero)");
        let denied = decided(&flow(), Decision::Deny);
        assert_eq!(denied, format!("deny {CALLBACK} DeniedByUser"), "denying needs no end");
    }

    #[test]
    fn the_code_that_follows_ends_what_comes_of_it() {
        let granted = choose(&flow().offers, &form("term=2h")).unwrap();
        let code = issue(&flow(), &ConsentGiven { granted, at: seconds_later(0) }, seconds_later(600));
        assert_eq!((code.ends_at, code.agreed().granted.ends_at), (Some(seconds_later(7200)), Some(seconds_later(7200))));
    }

    #[test]
    fn a_server_without_scopes_needs_no_tick() {
        let offer = Offer { server: "/notes".into(), scope: Scope::default(), least: Scope::default() };
        assert_eq!(chosen(&Flow { offers: vec![offer], ..flow() }, ""), Ok("/notes ".into()));
    }

    #[test]
    fn a_flow_that_was_approved_offers_what_was_granted_and_nothing_else() {
        let flow = two_servers();
        let granted = choose(&flow.offers, &form("server=/files&scope=/files+read")).unwrap();
        let after = approved(&flow, &ConsentGiven { granted, at: seconds_later(0) });
        assert_eq!((after.offers.len(), after.offers[0].server.as_str(), after.outcome), (1, "/files", Outcome::Approved));
        let ann = User { servers: ServerAccess::Only(vec!["/notes".into()]), ..user("ann") };
        let said = decided_by(&after, Decision::Approve(&form("server=/notes")), session(1), &ann, Some(&client("claude")), 0);
        assert_eq!(said, "stale Withdrawn");
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
