//! What the configuration, and the running server, say about themselves.

use crate::actions::examination::Facts;
use crate::clock::UnixTime;
use crate::doctor::finding::Finding;
use crate::oauth::text::Shown;
use core::time::Duration;

/// One is taken every hour while things change.
const LATE: Duration = Duration::from_secs(2 * 60 * 60);

/// Whether it runs, and is this version, set up, and able to serve.
pub(in crate::doctor) fn running(facts: &Facts, version: &str) -> Vec<Finding> {
    let id = "running";
    let Some(running) = &facts.running else {
        let hint = format!("start it: doorward --data {}", facts.data.display());
        return vec![Finding::failure(id, format!("no doorward runs on {}", facts.data.display()), hint)];
    };
    let first = match &running.trouble {
        Some(trouble) => Finding::failure(
            id,
            format!("doorward runs and cannot serve: {}", Shown::new(trouble)),
            "see that the disk has room and can be written, then start it again",
        ),
        None if facts.version != version => {
            let sentence = format!("doorward {} runs, and this program is {version}", Shown::new(&facts.version));
            Finding::warning(id, sentence, "start the server again, so that the two are one version")
        }
        None => Finding::ok(id, format!("doorward {version} runs and listens on {}", facts.listen)),
    };
    let set_up = (!running.claimed).then(|| {
        Finding::warning("owner", "nobody has an account here yet, so no app can be let in", "doorward setup prints the one-time link")
    });
    let paused = (!running.paused.is_empty()).then(|| {
        let sentence = format!("calls are held up, because it is paused: {}", running.paused.join(", "));
        Finding::warning("paused", sentence, "doorward server resume PATH, or --all if all of it was paused")
    });
    std::iter::once(first).chain(set_up).chain(paused).collect()
}

/// Choices of the owner's that keep some clients out or let too much in.
pub(in crate::doctor) fn choices(facts: &Facts) -> Vec<Finding> {
    let mut findings = Vec::new();
    if !facts.without_pkce.is_empty() {
        let hosts = facts.without_pkce.join(", ");
        let hint = "remove it from without_pkce as soon as the client can do PKCE: whoever gets hold of such a code can use it";
        findings.push(Finding::warning("pkce", format!("codes for {hosts} go without PKCE"), hint));
    }
    if facts.redirects_listed {
        let note = Finding::note("clients", "answers go to known clients and to allowed_hosts only (redirect_hosts = \"listed\")");
        findings.push(note.hint("an app that cannot register is of a host in neither: add it to allowed_hosts"));
    }
    findings
}

/// Whether there is a snapshot from which the data could be put back, and how old it is.
pub(in crate::doctor) fn snapshot(facts: &Facts, now: UnixTime) -> Finding {
    let id = "snapshot";
    let hint = "see in its log why none can be written, most likely for want of room; meanwhile: doorward backup FILE";
    let Some(taken_at) = facts.snapshot else {
        return match &facts.running {
            Some(_) => Finding::warning(id, "there is no snapshot, so a copy of the data directory may not restore", hint),
            None => Finding::warning(
                id,
                "there is no snapshot, so what is damaged cannot be put back",
                "start doorward, which takes one at once; or doorward backup FILE",
            ),
        };
    };
    let told = format!("the newest snapshot is {} old", now.in_words_since(taken_at));
    match &facts.running {
        Some(running) if running.changed_since_snapshot && now.since(taken_at) > LATE => {
            Finding::warning(id, format!("{told}, and things have changed since"), hint)
        }
        Some(running) if !running.changed_since_snapshot => Finding::ok(id, format!("{told}, and nothing has changed since")),
        Some(_) | None => Finding::ok(id, told),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actions::examination::Running;
    use crate::doctor::finding::State;

    fn facts() -> Facts {
        let running = Running {
            trouble: None,
            claimed: true,
            paused: vec![],
            changed_since_snapshot: true,
            ticket: String::new(),
            proof: String::new(),
        };
        Facts {
            version: "1.2.3".into(),
            public_url: "https://mcp.example.com".into(),
            listen: "127.0.0.1:8787".parse().unwrap(),
            data: "/data".into(),
            servers: vec![],
            without_pkce: vec![],
            redirects_listed: false,
            snapshot: None,
            running: Some(running),
        }
    }

    fn states(facts: &Facts) -> Vec<(String, State)> {
        running(facts, "1.2.3").into_iter().chain(choices(facts)).map(|finding| (finding.id, finding.state)).collect()
    }

    #[test]
    fn a_server_that_runs_as_it_should_is_one_line() {
        assert_eq!(states(&facts()), [("running".to_owned(), State::Ok)]);
    }

    #[test]
    fn what_keeps_it_from_serving_is_told_first() {
        let running = facts().running.unwrap();
        assert_eq!(states(&Facts { running: None, ..facts() }), [("running".to_owned(), State::Failure)]);
        let broken = Running { trouble: Some("the disk".into()), ..running.clone() };
        assert_eq!(states(&Facts { running: Some(broken), ..facts() }), [("running".to_owned(), State::Failure)]);
        assert_eq!(states(&Facts { version: "1.2.2".into(), ..facts() }), [("running".to_owned(), State::Warning)]);
        let paused = Running { paused: vec!["/notes".into()], ..running.clone() };
        let expected = [("running".to_owned(), State::Ok), ("paused".to_owned(), State::Warning)];
        assert_eq!(states(&Facts { running: Some(paused), ..facts() }), expected);
        let unclaimed = Running { claimed: false, ..running };
        let expected = [("running".to_owned(), State::Ok), ("owner".to_owned(), State::Warning)];
        assert_eq!(states(&Facts { running: Some(unclaimed), ..facts() }), expected);
    }

    #[test]
    fn a_snapshot_is_missed_and_one_that_is_late_while_things_change() {
        let at = |snapshot: Option<u64>, changed: bool, now: u64| {
            let running = facts().running.map(|running| Running { changed_since_snapshot: changed, ..running });
            snapshot_of(&Facts { snapshot: snapshot.map(UnixTime), running, ..facts() }, now)
        };
        assert_eq!(at(Some(1000), true, 8200), (State::Ok, "the newest snapshot is 2 hours old".to_owned()));
        let late = (State::Warning, "the newest snapshot is 2 hours old, and things have changed since".to_owned());
        assert_eq!(at(Some(1000), true, 8201), late);
        let quiet = (State::Ok, "the newest snapshot is 5 days old, and nothing has changed since".to_owned());
        assert_eq!(at(Some(0), false, 5 * 86_400), quiet);
        assert_eq!(at(None, true, 0).0, State::Warning);
        let stopped = |snapshot| snapshot_of(&Facts { snapshot, running: None, ..facts() }, 9_000);
        assert_eq!(stopped(None).0, State::Warning);
        assert_eq!(stopped(Some(UnixTime(0))), (State::Ok, "the newest snapshot is 2 hours old".to_owned()));
        assert_eq!(at(Some(100), true, 0).0, State::Ok, "a clock that was set back");
    }

    fn snapshot_of(facts: &Facts, now: u64) -> (State, String) {
        let finding = snapshot(facts, UnixTime(now));
        assert_eq!(finding.hint.is_some(), finding.state == State::Warning);
        (finding.state, finding.sentence)
    }

    #[test]
    fn exceptions_are_called_to_mind() {
        let facts = Facts { without_pkce: vec!["old.test".into()], redirects_listed: true, ..facts() };
        let expected = [("running".to_owned(), State::Ok), ("pkce".to_owned(), State::Warning), ("clients".to_owned(), State::Note)];
        assert_eq!(states(&facts), expected);
    }
}
