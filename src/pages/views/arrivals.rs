//! What has arrived of an app that somebody connects at this moment.

use super::View;
use super::trace::StepLine;
use serde::Serialize;

/// `arrived.html`: a part of `connect.html`, and by itself what its script puts in the place of that part.
#[derive(Debug, Clone, Serialize)]
pub struct ArrivedPart {
    /// See there.
    pub arrived: Arrivals,
}

impl View for ArrivedPart {
    const TEMPLATE: &'static str = "arrived.html";
}

/// What has arrived since somebody looks.
#[derive(Debug, Clone, Serialize)]
pub struct Arrivals {
    /// The latest first.
    pub attempts: Vec<Arrival>,
}

/// An attempt.
#[derive(Debug, Clone, Serialize)]
pub struct Arrival {
    /// `connected`, `waiting` or `stopped`.
    pub state: String,
    /// Which app, and how it stands.
    pub headline: String,
    /// What happened last, and why most likely nothing came after it.
    pub sentence: Option<String>,
    /// What to do.
    pub fix: Option<String>,
    /// What arrived, in order.
    pub steps: Vec<StepLine>,
}
