//! An attempt as people and scripts are shown it: the same for `doorward log --trace` and the dashboard.

use super::address_class::AddressClass;
use super::redirect_uri::Destination;
use super::text::Shown;
use super::trace::{Attempt, Seen};
use super::trace_diagnosis::Diagnosis;
use super::trace_step::{Outcome, Stage};
use super::user::UserName;
use crate::clock::UnixTime;
use serde::Serialize;

/// An attempt. Members are added and never renamed.
#[derive(Clone, Debug, Serialize)]
pub struct AttemptView {
    /// Counts the attempts.
    pub attempt: u64,
    /// The number of its latest step: whoever follows asks for what is later.
    pub revision: u64,
    /// When it began.
    pub began_at: u64,
    /// When its latest step arrived.
    pub last_at: u64,
    /// `connected`, `waiting` or `stopped`.
    pub state: &'static str,
    /// What the app is called, or by what program it was.
    pub client: String,
    /// Its id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// Where its answers go.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destination: Option<String>,
    /// The server it wants.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
    /// Who is signed in at its browser.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The furthest stage.
    pub reached: &'static str,
    /// What happened last, and why most likely nothing came after it.
    pub sentence: String,
    /// What to do; empty where there is nothing to do.
    pub fix: String,
    /// What arrived, in order.
    pub steps: Vec<StepView>,
}

/// A stage of an attempt.
#[derive(Clone, Debug, Serialize)]
pub struct StepView {
    /// Counts every step.
    pub number: u64,
    /// For scripts.
    pub stage: &'static str,
    /// For people.
    pub label: &'static str,
    /// When it arrived last.
    pub at: u64,
    /// How often.
    pub times: u32,
    /// Whence.
    pub from: String,
    /// What kind of place that is.
    pub place: &'static str,
    /// By which program.
    pub agent: String,
    /// Whether it was proven to be the user's.
    #[serde(skip)]
    pub is_the_users: bool,
    /// Whether it went through.
    pub passed: bool,
    /// What the peer was told where it did not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub said: Option<String>,
}

impl Attempt {
    /// The attempt as it stands at this moment.
    pub fn view(&self, issuer: &str, now: UnixTime) -> AttemptView {
        let Diagnosis { state, sentence, fix } = self.diagnose(issuer, now);
        let program = || self.seen.first().map_or_else(String::new, |seen| seen.agent.as_str().to_owned());
        AttemptView {
            attempt: self.number,
            revision: self.revision,
            began_at: self.began_at().0,
            last_at: self.last_at().0,
            state: state.as_str(),
            client: self.client.as_ref().map_or_else(program, |client| client.name.as_str().to_owned()),
            client_id: self.client.as_ref().map(|client| client.id.as_str().to_owned()),
            destination: self.destination.as_ref().map(destination),
            server: self.server.as_ref().map(|server| server.as_str().to_owned()),
            user: self.user.as_ref().map(|user| UserName::as_str(user).to_owned()),
            reached: self.furthest().map_or("", |seen| seen.stage.as_str()),
            sentence,
            fix,
            steps: self.seen.iter().map(step).collect(),
        }
    }
}

fn step(seen: &Seen) -> StepView {
    StepView {
        number: seen.number,
        stage: seen.stage.as_str(),
        label: seen.stage.describe(),
        at: seen.last_at.0,
        times: seen.times,
        from: seen.from.to_string(),
        place: AddressClass::of(seen.from).describe(),
        agent: seen.agent.as_str().to_owned(),
        is_the_users: seen.user.is_some(),
        passed: seen.outcome == Outcome::Passed,
        said: match &seen.outcome {
            Outcome::Passed => None,
            Outcome::Refused { said, .. } => Some(said.as_str().to_owned()).filter(|said| !said.is_empty()),
        },
    }
}

fn destination(destination: &Destination) -> String {
    let text = match destination {
        Destination::Web { host } => host.clone(),
        Destination::Loopback { port: Some(port) } => format!("port {port} of the browser's machine"),
        Destination::Loopback { port: None } => "the browser's machine".to_owned(),
        Destination::Application { address } => address.clone(),
    };
    Shown::new(&text).as_str().to_owned()
}

/// The stages that an attempt can still come to, in words: what a page shows after what arrived.
pub fn ahead(attempt: &Attempt) -> impl Iterator<Item = &'static str> {
    let reached = attempt.furthest().map(|seen| seen.stage);
    Stage::ALL.into_iter().filter(move |stage| Some(*stage) > reached && *stage != Stage::DeviceCode).map(Stage::describe)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::fixtures::{ISSUER, NOW, client, seconds_later, user};
    use crate::oauth::trace::Trace;
    use crate::oauth::trace_step::{Agent, Step};
    use serde_json::json;

    fn attempt() -> Attempt {
        let step = |stage| Step::new(NOW, stage, Outcome::Passed, "160.79.104.9".parse().unwrap(), Agent::of(Some("node")));
        let mut trace = Trace::default();
        let who = user("ann").name;
        let authorize = step(Stage::Authorize).of_client(Some(&client("c1"))).answered_at("https://claude.ai/cb");
        trace.note(&authorize.at_server(Some("/notes")).by(Some(&who)));
        trace.note(&Step {
            outcome: Outcome::turned_away("the code is not valid", "Again."),
            ..step(Stage::Token).of_client(Some(&client("c1"))).by(Some(&who))
        });
        trace.attempts()[0].clone()
    }

    #[test]
    fn a_script_reads_every_member_by_its_name() {
        let step = |number, stage: &str, label: &str, passed| {
            json!({ "number": number, "stage": stage, "label": label, "at": NOW.0, "times": 1, "from": "160.79.104.9",
                    "place": "Anthropic", "agent": "node", "passed": passed })
        };
        let mut refused = step(1, "token", "fetched tokens", false);
        refused["said"] = json!("the code is not valid");
        let expected = json!({
            "attempt": 0, "revision": 1, "began_at": NOW.0, "last_at": NOW.0, "state": "stopped", "client": "Test client",
            "client_id": "c1", "destination": "claude.ai", "server": "/notes", "user": "ann", "reached": "token",
            "sentence": "the app got no tokens: the code is not valid", "fix": "Again.",
            "steps": [step(0, "authorize", "opened the sign-in", true), refused],
        });
        assert_eq!(serde_json::to_value(attempt().view(ISSUER, seconds_later(0))).unwrap(), expected);
    }

    #[test]
    fn what_is_ahead_is_what_comes_after_the_furthest_step() {
        assert_eq!(ahead(&attempt()).collect::<Vec<_>>(), ["first call"]);
        let fresh = Attempt { seen: vec![], ..attempt() };
        assert_eq!(ahead(&fresh).count(), Stage::ALL.len() - 1);
    }
}
