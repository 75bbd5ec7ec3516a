//! The page of attempts to connect.

use super::View;
use super::house::Frame;
use serde::Serialize;

/// `trace.html`: how far each app got that tried to connect, for the owner.
#[derive(Debug, Clone, Serialize)]
pub struct TracePage {
    /// What every room has.
    #[serde(flatten)]
    pub frame: Frame,
    /// The latest first.
    pub attempts: Vec<AttemptFold>,
    /// What it means that an app is not among them.
    pub missing: String,
    /// What to do then.
    pub missing_fix: String,
}

impl View for TracePage {
    const TEMPLATE: &'static str = "trace.html";
}

/// An attempt, folded.
#[derive(Debug, Clone, Serialize)]
pub struct AttemptFold {
    /// True for the one that is shown unfolded.
    pub open: bool,
    /// What the app is called, or by what program it was.
    pub client: String,
    /// The server it wants, where that is known.
    pub server: Option<String>,
    /// When its latest step arrived.
    pub when: String,
    /// How it stands, in a word.
    pub state: String,
    /// True when something has to be done.
    pub stopped: bool,
    /// What happened last, and why most likely nothing came after it.
    pub sentence: String,
    /// What to do.
    pub fix: Option<String>,
    /// What arrived, in order.
    pub steps: Vec<StepLine>,
}

/// A step.
#[derive(Debug, Clone, Serialize)]
pub struct StepLine {
    /// True when it went through.
    pub passed: bool,
    /// What it was.
    pub label: String,
    /// When, for machines.
    pub at: String,
    /// The time of day, for people.
    pub time: String,
    /// How often, where more than once.
    pub times: Option<String>,
    /// Whence and by what, for whoever may know.
    pub by: Option<StepBy>,
    /// What the peer was told where it did not go through.
    pub said: Option<String>,
}

/// Whence a step came and by what.
#[derive(Debug, Clone, Serialize)]
pub struct StepBy {
    /// Whence, and what kind of place that is.
    pub from: String,
    /// By which program.
    pub agent: String,
}
