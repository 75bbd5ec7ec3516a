//! The bridge for clients that cannot receive a redirect: they open a page here and then ask for the answer, by the
//! `state` that they made up. RFC 8628 is the standard form of this; the bridge serves those who have only a browser to
//! open and a URL to fetch.
//!
//! To use it is a client's choice, made by registering our own callback. What it needs to know is its `state`, so that
//! has to be long; what it gets is a code, so that needs PKCE like any other. On disk there is neither: the flow's secret
//! follows from the state, and the code from the flow's secret.

use super::consent::{Flow, Outcome};
use super::ids::ClientId;
use super::secret::{Flow as FlowSecret, Secret, ServerKey};
use crate::clock::UnixTime;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The path that such a client registers, on our own origin.
pub const CALLBACK: &str = "/poll/callback";
/// Shortest `state` accepted here: 128 bits in base64url.
pub const MIN_STATE: usize = 22;
/// How long an approved request waits to be fetched.
pub const FETCHED_WITHIN: Duration = Duration::from_secs(120);
/// How long a state is remembered, so that whoever asks late hears that it is over.
const REMEMBERED: Duration = Duration::from_secs(60 * 60);

/// True for the one address of ours that may be registered.
pub fn is_callback(uri: &str, issuer: &str) -> bool {
    uri.strip_prefix(issuer) == Some(CALLBACK)
}

/// A request that is fetched and not sent. A stored record: frozen once released.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolledFlow {
    /// Who asks.
    pub client: ClientId,
    /// With the state, what the flow's secret follows from.
    pub salt: [u8; 16],
    /// True once the code was handed out.
    pub fetched: bool,
    /// After this the state is unknown again.
    pub expires_at: UnixTime,
}

impl PolledFlow {
    /// A request of `client` that begins now.
    pub fn begin(client: &ClientId, salt: [u8; 16], now: UnixTime) -> Self {
        Self { client: client.clone(), salt, fetched: false, expires_at: now.after(REMEMBERED) }
    }

    /// The secret of its flow, for whoever knows the state.
    pub fn flow(&self, state: &str, key: &ServerKey) -> Secret<FlowSecret> {
        key.derive("flow that is polled", &[self.client.as_str().as_bytes(), state.as_bytes(), &self.salt])
    }
}

/// Under what a state is stored.
pub fn state_key(state: &str, key: &ServerKey) -> [u8; 32] {
    key.authenticate("state that is polled", &[state.as_bytes()])
}

/// What whoever asks with a state is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fetch {
    /// Nobody has answered. A state that nobody knows is one that nobody has signed in for yet.
    Pending,
    /// The user said no.
    Denied,
    /// The code was fetched before, or too late.
    Over,
    /// Here is the code; note that it was handed out.
    HandOut,
}

/// Decides about a question.
pub fn fetch(polled: Option<&PolledFlow>, flow: Option<&Flow>, now: UnixTime) -> Fetch {
    let Some(polled) = polled.filter(|polled| !polled.expires_at.has_come(now)) else { return Fetch::Pending };
    let Some(flow) = flow.filter(|flow| !polled.fetched && !flow.expires_at.has_come(now)) else { return Fetch::Over };
    match flow.outcome {
        Outcome::Pending => Fetch::Pending,
        Outcome::Denied => Fetch::Denied,
        Outcome::Approved => Fetch::HandOut,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::authorization_request::{AuthorizationRequest, Refuse, State, parse};
    use crate::oauth::client::Client;
    use crate::oauth::consent::{self, Decision, Parties, Verdict};
    use crate::oauth::consent_choice::Choice;
    use crate::oauth::error::{RedirectProblem, Refusal};
    use crate::oauth::fixtures::{CHALLENGE, ISSUER, NOW, client, local, params, resource, rules, seconds_later, secret, user};
    use crate::oauth::redirect_uri::{RegisteredBy, registrable};
    use crate::oauth::resource::ProtectedResource;
    use crate::oauth::secret::{Entropy, Session};

    const STATE: &str = "0123456789abcdefghijkl";

    fn ours() -> String {
        format!("{ISSUER}{CALLBACK}")
    }

    fn poller() -> Client {
        Client { redirect_uris: vec![ours()], ..client("plugin") }
    }

    fn read<'r>(more: &str, resources: &'r [ProtectedResource]) -> Result<AuthorizationRequest<'r>, Refuse> {
        let query = format!("response_type=code&code_challenge={CHALLENGE}&code_challenge_method=S256&{more}");
        parse(&params(&query), &poller(), resources, &rules())
    }

    fn flow() -> Flow {
        let resources = [resource("/notes")];
        let request = read(&format!("state={STATE}"), &resources).unwrap();
        consent::begin(&request, &poller(), (secret::<Session>(1).hash(), NOW), &user("ann"), seconds_later(600))
    }

    fn approved(seconds: u64) -> Flow {
        let (flow, ann, poller) = (flow(), user("ann"), poller());
        let parties = Parties { session: flow.session, user: &ann, client: Some(&poller), rules: &rules() };
        let choice = Choice::read(&params("scope=/notes+read"), local());
        match consent::decide(Some(&flow), Decision::Approve(&choice), &parties, seconds_later(seconds)) {
            Verdict::Approve(_, proof) => consent::approved(&flow, &proof),
            Verdict::Stale(_) | Verdict::Incomplete(..) | Verdict::ApprovedBefore(_) | Verdict::Deny(..) => panic!("not approved"),
        }
    }

    fn polled() -> PolledFlow {
        PolledFlow::begin(&poller().id, [1; 16], NOW)
    }

    fn fetched(flow: Option<&Flow>, seconds: u64) -> Fetch {
        fetch(Some(&polled()), flow, seconds_later(seconds))
    }

    #[test]
    fn our_own_callback_is_the_one_address_of_ours_that_may_be_registered() {
        for by in [RegisteredBy::Stranger, RegisteredBy::Owner] {
            assert_eq!(registrable(&ours(), by, &rules()), Ok(()));
            for more in ["/", "?x=y", "/x", "#x", "/../token"] {
                assert!(registrable(&format!("{}{more}", ours()), by, &rules()).is_err(), "{more}");
            }
            assert_eq!(registrable(&format!("{ISSUER}/poll"), by, &rules()), Err(RedirectProblem::Ourselves));
        }
    }

    #[test]
    fn a_client_that_did_not_register_our_callback_cannot_use_it() {
        let query = format!("response_type=code&code_challenge={CHALLENGE}&code_challenge_method=S256&redirect_uri={}", ours());
        let refused = parse(&params(&query), &client("claude"), &[], &rules());
        assert!(matches!(refused, Err(Refuse::OnPage(Refusal::RedirectUriUnregistered))));
    }

    #[test]
    fn the_state_is_needed_and_has_to_be_long() {
        for state in ["", "state=short", &format!("state={}", &STATE[1..])] {
            assert!(matches!(read(state, &[resource("/notes")]), Err(Refuse::OnPage(Refusal::StateTooShort))), "{state}");
        }
        assert!(read(&format!("state={STATE}"), &[resource("/notes")]).is_ok());
    }

    #[test]
    fn faults_are_shown_on_a_page_since_nobody_waits_at_the_callback() {
        let resources = [resource("/notes")];
        let fault = read(&format!("state={STATE}&resource=https%3A%2F%2Fevil.test"), &resources);
        assert!(matches!(fault, Err(Refuse::OnPage(Refusal::ResourceUnknown))));
    }

    #[test]
    fn the_flow_does_not_hold_the_state() {
        assert_eq!((flow().state, flow().polled), (State(None), true));
    }

    #[test]
    fn the_secret_of_the_flow_follows_from_the_state_and_from_nothing_that_is_stored() {
        let key = |byte| ServerKey::new(&Entropy::new([byte; 32]));
        let flow = |polled: &PolledFlow, state, byte| polled.flow(state, &key(byte)).reveal().to_owned();
        let first = flow(&polled(), STATE, 1);
        assert_eq!(first, flow(&polled(), STATE, 1));
        let again = PolledFlow { salt: [2; 16], ..polled() };
        let others = PolledFlow { client: ClientId::known_as("other"), ..polled() };
        for other in [flow(&polled(), "another", 1), flow(&polled(), STATE, 2), flow(&again, STATE, 1), flow(&others, STATE, 1)] {
            assert_ne!(first, other);
        }
        assert_ne!(state_key(STATE, &key(1)), state_key("another", &key(1)));
    }

    #[test]
    fn until_somebody_answers_it_is_pending_known_or_not() {
        assert_eq!(fetch(None, None, NOW), Fetch::Pending);
        assert_eq!(fetched(Some(&flow()), 599), Fetch::Pending);
        assert_eq!(fetched(Some(&flow()), 600), Fetch::Over);
    }

    #[test]
    fn an_approved_request_is_fetched_once_within_two_minutes() {
        let flow = approved(100);
        assert_eq!(fetched(Some(&flow), 219), Fetch::HandOut);
        assert_eq!(fetched(Some(&flow), 220), Fetch::Over);
        assert_eq!(fetched(None, 700), Fetch::Over);
        let fetched = PolledFlow { fetched: true, ..polled() };
        assert_eq!(fetch(Some(&fetched), Some(&flow), seconds_later(101)), Fetch::Over);
    }

    #[test]
    fn a_denial_is_told() {
        let flow = Flow { outcome: Outcome::Denied, ..flow() };
        assert_eq!(fetched(Some(&flow), 1), Fetch::Denied);
    }
}
