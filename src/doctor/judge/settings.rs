//! What the configuration, and the running server, say about themselves.

use crate::actions::examination::Facts;
use crate::doctor::finding::Finding;
use crate::oauth::text::Shown;

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
    std::iter::once(first).chain(set_up).collect()
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actions::examination::Running;
    use crate::doctor::finding::State;

    fn facts() -> Facts {
        let running = Running { trouble: None, claimed: true, ticket: String::new(), proof: String::new() };
        Facts {
            version: "1.2.3".into(),
            public_url: "https://mcp.example.com".into(),
            listen: "127.0.0.1:8787".parse().unwrap(),
            data: "/data".into(),
            servers: vec![],
            trusts_a_proxy: false,
            without_pkce: vec![],
            redirects_listed: false,
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
        let unclaimed = Running { claimed: false, ..running };
        let expected = [("running".to_owned(), State::Ok), ("owner".to_owned(), State::Warning)];
        assert_eq!(states(&Facts { running: Some(unclaimed), ..facts() }), expected);
    }

    #[test]
    fn exceptions_are_called_to_mind() {
        let facts = Facts { without_pkce: vec!["old.test".into()], redirects_listed: true, ..facts() };
        let expected = [("running".to_owned(), State::Ok), ("pkce".to_owned(), State::Warning), ("clients".to_owned(), State::Note)];
        assert_eq!(states(&facts), expected);
    }
}
