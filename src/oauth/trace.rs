//! How far an attempt to connect got: every step that arrives, by the attempt that it belongs to. Clients tell their users
//! next to nothing when a connection fails, and most failures leave nothing in any log; here the last step says where.
//!
//! What arrives is a [`Step`]. Which attempt it belongs to is decided in [`super::trace_correlation`], what the last one means
//! in [`super::trace_diagnosis`].

use super::address_class::AddressClass;
use super::audit::NamedClient;
use super::redirect_uri::Destination;
use super::text::Shown;
use super::trace_step::{Agent, Outcome, Stage, Step};
use super::user::{User, UserName};
use crate::clock::UnixTime;
// Addresses as values; `core` has nothing that could reach the network.
use core::net::IpAddr;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// An attempt to connect. A stored record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// Counts the attempts of this data directory.
    pub number: u64,
    /// The number of its latest step.
    pub revision: u64,
    /// Which client, once that is known.
    pub client: Option<NamedClient>,
    /// Where its answers go.
    pub destination: Option<Destination>,
    /// Which server, where that is known.
    pub server: Option<Shown>,
    /// Who is signed in at its browser.
    pub user: Option<UserName>,
    /// What arrived, each stage once, in the order in which each arrived first.
    pub seen: Vec<Seen>,
}

/// A stage of an attempt. A stored record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// Counts every step; the latest of this stage.
    pub number: u64,
    /// Which.
    pub stage: Stage,
    /// When it arrived first.
    pub at: UnixTime,
    /// When it arrived last.
    pub last_at: UnixTime,
    /// How often.
    pub times: u32,
    /// Whence, the last time.
    pub from: IpAddr,
    /// By which program, the last time.
    pub agent: Agent,
    /// What came of it, the last time.
    pub outcome: Outcome,
}

impl Attempt {
    /// When its first step arrived.
    pub fn began_at(&self) -> UnixTime {
        self.seen.first().map_or(UnixTime(0), |seen| seen.at)
    }

    /// When its latest step arrived.
    pub fn last_at(&self) -> UnixTime {
        self.seen.iter().map(|seen| seen.last_at).max().unwrap_or(UnixTime(0))
    }

    /// The furthest stage that was reached, passed or not.
    pub fn furthest(&self) -> Option<&Seen> {
        self.seen.iter().max_by_key(|seen| seen.stage)
    }

    /// True when that stage was passed.
    pub fn has_passed(&self, stage: Stage) -> bool {
        self.seen.iter().any(|seen| seen.stage == stage && seen.outcome == Outcome::Passed)
    }

    /// True once there is nothing to wait for: connected, or turned away by a person.
    pub fn is_over(&self) -> bool {
        let denied = self.seen.iter().any(|seen| seen.stage == Stage::Consent && seen.outcome != Outcome::Passed);
        denied || self.has_passed(Stage::Call)
    }

    /// Where the client itself is, as far as that was seen.
    pub fn place(&self) -> Option<AddressClass> {
        self.seen.iter().rev().find(|seen| !seen.stage.is_of_browser()).map(|seen| AddressClass::of(seen.from))
    }

    /// True for an attempt of that account: they signed in at its browser. What an earlier account of their name did is not
    /// theirs.
    pub fn is_of(&self, user: &User) -> bool {
        let same = self.user.as_ref().is_some_and(|name| name.folded() == user.name.folded());
        same && self.began_at() >= user.created_at
    }

    /// True where nothing says that it is for another server.
    pub fn may_be_for(&self, path: &str) -> bool {
        self.server.as_ref().is_none_or(|server| server.as_str() == path)
    }

    /// Takes a step in.
    pub(super) fn take(&mut self, step: &Step, number: u64) {
        self.revision = number;
        self.client = step.client.clone().or(self.client.take());
        self.destination = step.destination.clone().or(self.destination.take());
        self.server = step.server.clone().or(self.server.take());
        self.user = step.user.clone().or(self.user.take());
        let (at, outcome) = (step.at, step.outcome.clone());
        let now = Seen { number, stage: step.stage, at, last_at: at, times: 1, from: step.from, agent: step.agent.clone(), outcome };
        match self.seen.iter_mut().find(|seen| seen.stage == step.stage) {
            Some(seen) => *seen = Seen { at: seen.at, times: seen.times.saturating_add(1), ..now },
            None => self.seen.push(now),
        }
    }
}

/// Every attempt that is remembered, oldest first. A stored record: frozen once released.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trace {
    pub(super) attempts: Vec<Attempt>,
    pub(super) next_attempt: u64,
    pub(super) next_step: u64,
}

/// For so long an attempt is remembered.
const KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);

impl Trace {
    /// Every attempt, oldest first.
    pub fn attempts(&self) -> &[Attempt] {
        &self.attempts
    }

    /// The number that the next step will have: what is seen from now on has this one or a later one.
    pub fn next_step(&self) -> u64 {
        self.next_step
    }

    /// Forgets what is too old to help anybody.
    pub fn forget(&mut self, now: UnixTime) {
        self.attempts.retain(|attempt| now.since(attempt.last_at()) < KEPT);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::fixtures::{NOW, seconds_later, user};

    fn attempt(by: Option<&str>, at: UnixTime) -> Attempt {
        let from = IpAddr::from([203, 0, 113, 9]);
        let step = Step::new(at, Stage::Authorize, Outcome::Passed, from, Agent::of(None));
        let step = step.by(by.map(|name| user(name).name).as_ref()).at_server(Some("/notes"));
        let mut trace = Trace::default();
        trace.note(&step);
        trace.attempts.remove(0)
    }

    #[test]
    fn an_attempt_is_of_whoever_signed_in_for_it_and_of_no_later_account_of_that_name() {
        assert!(attempt(Some("Ann"), NOW).is_of(&user("ann")));
        assert!(!attempt(Some("bob"), NOW).is_of(&user("ann")) && !attempt(None, NOW).is_of(&user("ann")));
        let later = User { created_at: seconds_later(1), ..user("ann") };
        assert!(!attempt(Some("ann"), NOW).is_of(&later));
    }

    #[test]
    fn an_attempt_that_names_a_server_is_for_no_other() {
        let named = attempt(None, NOW);
        assert!(named.may_be_for("/notes") && !named.may_be_for("/note"));
        assert!(Attempt { server: None, ..named }.may_be_for("/files"));
    }

    #[test]
    fn what_comes_from_now_on_has_the_next_number_or_a_later_one() {
        let mut trace = Trace::default();
        let step = |at| Step::new(at, Stage::Authorize, Outcome::Passed, IpAddr::from([203, 0, 113, 9]), Agent::of(None));
        trace.note(&step(NOW));
        let from_now_on = trace.next_step();
        assert!(trace.attempts().iter().all(|attempt| attempt.revision < from_now_on));
        trace.note(&step(seconds_later(1)));
        assert!(trace.attempts().iter().any(|attempt| attempt.revision >= from_now_on));
    }
}
