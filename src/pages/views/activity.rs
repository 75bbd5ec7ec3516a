//! The page of what happened.

use super::View;
use super::form::ChoiceOption;
use super::house::Frame;
use serde::Serialize;

/// `activity.html`: the audit log; all of it for an owner, their own part for anybody else.
#[derive(Debug, Clone, Serialize)]
pub struct ActivityPage {
    /// What every room has.
    #[serde(flatten)]
    pub frame: Frame,
    /// True when only what looks like theft is shown.
    pub theft: bool,
    /// What else is asked for.
    pub filter: ActivityFilter,
    /// What happened, the newest first.
    pub events: Vec<EventLine>,
    /// The query of the next page: what happened before these.
    pub older: Option<String>,
}

impl View for ActivityPage {
    const TEMPLATE: &'static str = "activity.html";
}

/// What is to be shown; each is sent back under its own name.
#[derive(Debug, Clone, Serialize)]
pub struct ActivityFilter {
    /// True when anything is asked for.
    pub on: bool,
    /// `kind`: each kind of event, everything first.
    pub kinds: Vec<ChoiceOption>,
    /// `client`: the name or the id of an app.
    pub client: String,
    /// `user`: the name of a person. `None` for whoever sees their own part only.
    pub user: Option<String>,
}

/// Something that happened.
#[derive(Debug, Clone, Serialize)]
pub struct EventLine {
    /// True for what looks like theft.
    pub alarm: bool,
    /// What, in a sentence.
    pub sentence: String,
    /// When, for machines.
    pub at: String,
    /// When, for people.
    pub ago: String,
    /// Whence, and what kind of place that is.
    pub from: String,
}
