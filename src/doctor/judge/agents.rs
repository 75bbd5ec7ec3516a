//! Whether programs are treated alike whatever they call themselves. Claude comes as two: one for discovery and tokens,
//! another for the calls; rules against robots often let the first pass and stop the second, and then an app is
//! "connected" and has no tools.

use super::path::{Expected, is_challenge};
use super::product::culprit;
use super::told;
use crate::doctor::finding::Finding;
use crate::doctor::observed::Attempt;

/// What came of the same call under each name; the last is the doctor's own.
pub(in crate::doctor) fn alike(path: &str, calls: &[(&'static str, Attempt)], expected: &Expected) -> Finding {
    let id = "agents";
    let passes = |came: &Attempt| came.as_ref().is_ok_and(|seen| is_challenge(seen, path, expected));
    let (passed, stopped): (Vec<_>, Vec<_>) = calls.iter().partition(|(_, came)| passes(came));
    let names = |list: &[&(&'static str, Attempt)]| list.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    let Some((_, first)) = stopped.first() else {
        return Finding::ok(id, format!("{} are treated alike", names(&passed)));
    };
    if passed.is_empty() {
        return Finding::note(id, "whether the names of programs matter cannot be told while none gets through");
    }
    let (product, what, mend) = match first {
        Ok(seen) => {
            let who = culprit(seen, &expected.origin.join(path).unwrap_or_else(|_| expected.origin.clone()));
            (who.product, who.what, who.mend)
        }
        Err(trouble) => (None, told(trouble).0, told(trouble).1.to_owned()),
    };
    let sentence = format!("POST {path} by {} {what}, while {} gets through", names(&stopped), names(&passed));
    Finding::failure(id, sentence, mend).by(product)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::finding::State;
    use crate::doctor::observed::Trouble;
    use crate::doctor::observed::testing::wire;
    use url::Url;

    fn expected() -> Expected {
        Expected { origin: Url::parse("https://mcp.example.com").unwrap(), proof: None }
    }

    fn passed() -> Attempt {
        Ok(wire(
            "HTTP/1.1 401 X\nWWW-Authenticate: Bearer resource_metadata=\"https://mcp.example.com/.well-known/oauth-protected-resource/mcp\"",
        ))
    }

    fn stopped() -> Attempt {
        Ok(wire("HTTP/1.1 403 X\nServer: cloudflare\ncf-mitigated: challenge"))
    }

    #[test]
    fn one_that_is_stopped_is_named_with_who_stops_it() {
        let finding = alike("/mcp", &[("Claude-User", stopped()), ("python-httpx", passed()), ("doorward", passed())], &expected());
        assert_eq!((finding.state, finding.product), (State::Failure, Some("Cloudflare")));
        assert!(finding.sentence.starts_with("POST /mcp by Claude-User is turned away by Cloudflare's bot rules"), "{}", finding.sentence);
        assert!(finding.sentence.ends_with("while python-httpx, doorward gets through"), "{}", finding.sentence);
    }

    #[test]
    fn all_or_none_is_no_difference() {
        assert_eq!(alike("/mcp", &[("a", passed()), ("b", passed())], &expected()).state, State::Ok);
        assert_eq!(alike("/mcp", &[("a", stopped()), ("b", Err(Trouble::Slow))], &expected()).state, State::Note);
    }
}
