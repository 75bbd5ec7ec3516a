//! `/trace`: how far each app got that tried to connect, for the owner.

use super::App;
use super::browser::Owner;
use super::room::{self, Room};
use super::{page, words};
use crate::actions;
use crate::clock::{self, UnixTime};
use crate::http::answer::Answer;
use crate::http::date;
use crate::http::request::Request;
use crate::oauth::audit::Occasion;
use crate::oauth::trace_diagnosis::nothing_arrived;
use crate::oauth::trace_view::{AttemptView, StepView};
use crate::pages::views::trace::{AttemptFold, StepLine, TracePage};

/// Attempts on the page.
const SHOWN: usize = 40;

/// `GET /trace`.
pub fn show(app: &App, request: &Request, owner: &Owner<'_>) -> Answer {
    let now = clock::now();
    let attempts = actions::traced_attempts(&app.store, &app.config, &Occasion::here(now));
    let missing = nothing_arrived(app.issuer());
    let view = TracePage {
        frame: room::frame(app, request, owner.signed_in(), Room::Trace),
        attempts: attempts.into_iter().rev().take(SHOWN).enumerate().map(|(place, attempt)| fold(attempt, place == 0, now)).collect(),
        missing: page::sentence(&missing.sentence),
        missing_fix: missing.fix,
    };
    room::show(app, request, 200, &view)
}

fn fold(attempt: AttemptView, open: bool, now: UnixTime) -> AttemptFold {
    let stopped = attempt.state == "stopped";
    AttemptFold {
        open,
        client: attempt.client,
        server: attempt.server,
        when: words::ago(UnixTime(attempt.last_at), now),
        state: attempt.state.to_owned(),
        stopped,
        sentence: page::sentence(&attempt.sentence),
        fix: Some(attempt.fix).filter(|fix| !fix.is_empty()).map(|fix| if stopped { fix } else { format!("If nothing more comes: {fix}") }),
        steps: attempt.steps.into_iter().map(line).collect(),
    }
}

pub(super) fn line(step: StepView) -> StepLine {
    let at = date::rfc3339(step.at);
    StepLine {
        passed: step.passed,
        label: step.label.to_owned(),
        time: at.get(11..19).unwrap_or_default().to_owned(),
        at,
        times: (step.times > 1).then(|| format!("{} times", step.times)),
        from: format!("{} ({})", step.from, step.place),
        agent: step.agent,
        said: step.said,
    }
}
