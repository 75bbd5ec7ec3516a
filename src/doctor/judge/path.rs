//! Whether each path leads to doorward, and whether what comes back is what doorward sent.

use super::product::{carrier, culprit};
use super::told;
use crate::doctor::finding::Finding;
use crate::doctor::observed::{Asked, Attempt, Seen};
use crate::oauth::probe::PROOF_FIELD;
use crate::oauth::text::Shown;
use serde_json::Value;
use std::time::Duration;
use url::Url;

/// Clients give up after ten; the first of them notice after this.
const SLOW: Duration = Duration::from_secs(3);

/// Who should be answering.
#[derive(Clone, Debug)]
pub(in crate::doctor) struct Expected {
    /// The origin that is asked, which is the issuer.
    pub(in crate::doctor) origin: Url,
    /// The proof that an answer comes from the doorward on this machine, where one runs.
    pub(in crate::doctor) proof: Option<String>,
}

impl Expected {
    pub(in crate::doctor) fn issuer(&self) -> String {
        self.origin.origin().ascii_serialization()
    }

    fn is_proven(&self, seen: &Seen) -> bool {
        self.proof.as_deref().is_some_and(|proof| seen.fields.only(PROOF_FIELD) == Ok(Some(proof)))
    }

    fn url(&self, asked: Asked<'_>) -> Url {
        self.origin.join(asked.path).unwrap_or_else(|_| self.origin.clone())
    }

    /// Somebody else answered.
    fn foreign(&self, id: String, asked: Asked<'_>, seen: &Seen) -> Finding {
        if self.is_proven(seen) {
            return refused(id, asked, seen, self);
        }
        let who = culprit(seen, &self.url(asked));
        Finding::failure(id, format!("{asked} {}", who.what), who.mend).by(who.product)
    }
}

/// What a discovery document must say.
#[derive(Clone, Copy, Debug)]
pub(in crate::doctor) enum Document<'a> {
    /// RFC 8414 §3.3: `issuer` is ours.
    AuthorizationServer,
    /// RFC 9728 §3.3: `resource` is the server at this path, and its authorization server is ours.
    ProtectedResource(&'a str),
}

impl Document<'_> {
    fn is_right(self, json: &Value, issuer: &str) -> bool {
        let says = |member: &str, value: &str| json.get(member).and_then(Value::as_str) == Some(value);
        match self {
            Self::AuthorizationServer => says("issuer", issuer),
            Self::ProtectedResource(path) => {
                let servers = json.get("authorization_servers").and_then(Value::as_array);
                says("resource", &format!("{issuer}{path}")) && servers.is_some_and(|servers| *servers == [issuer])
            }
        }
    }

    /// Whose document it says it is.
    fn names(self, json: &Value) -> Option<Url> {
        let member = match self {
            Self::AuthorizationServer => "issuer",
            Self::ProtectedResource(_) => "resource",
        };
        Url::parse(json.get(member)?.as_str()?).ok()
    }
}

/// Whether the name leads to this very doorward.
pub(in crate::doctor) fn identity(asked: Asked<'_>, came: &Attempt, expected: &Expected) -> Finding {
    let id = "identity".to_owned();
    let seen = match came {
        Ok(seen) => seen,
        Err(trouble) => return unanswered(id, asked, trouble),
    };
    let host = expected.origin.host_str().unwrap_or_default();
    let says_so = seen.json().is_some_and(|json| Document::AuthorizationServer.is_right(&json, &expected.issuer()));
    if expected.is_proven(seen) {
        return if seen.status == 421 {
            refused(id, asked, seen, expected)
        } else {
            Finding::ok(id, format!("{host} leads to this doorward"))
        };
    }
    match (&expected.proof, says_so) {
        (Some(_), true) => {
            let hint = "see where the name leads: another doorward, an old copy of it, or a cache in between; an answer of this one would prove it";
            Finding::failure(id, format!("{host} leads to a doorward that is not this one"), hint).by(carrier(seen))
        }
        (None, true) => Finding::note(id, format!("{host} leads to a doorward; whether it is yours could be told where it runs")),
        (_, false) => expected.foreign(id, asked, seen),
    }
}

/// A discovery document.
pub(in crate::doctor) fn document(document: Document<'_>, asked: Asked<'_>, came: &Attempt, expected: &Expected) -> Finding {
    let id = format!("document {}", asked.path);
    let seen = match came {
        Ok(seen) => seen,
        Err(trouble) => return unanswered(id, asked, trouble),
    };
    let json = seen.json().filter(|_| seen.status == 200);
    let Some(json) = json else { return expected.foreign(id, asked, seen) };
    if document.is_right(&json, &expected.issuer()) {
        return intact(id, asked, seen);
    }
    let named = document.names(&json).filter(|named| expected.is_proven(seen) || named.host_str() == expected.origin.host_str());
    let Some(named) = named else { return expected.foreign(id, asked, seen) };
    let named = Shown::new(named.as_str().trim_end_matches('/'));
    let hint = format!("start doorward with --public-url {}", expected.issuer());
    Finding::failure(id, format!("{asked} is about {named}, and clients compare that with the address they were given"), hint)
}

/// An address where there must be nothing: clients try many, and take a page or a redirect for a document.
pub(in crate::doctor) fn absent(asked: Asked<'_>, came: &Attempt, expected: &Expected) -> Finding {
    let id = "document none".to_owned();
    match came {
        Ok(seen) if seen.status == 404 && seen.json().is_some() => {
            Finding::ok(id, "a document that does not exist is a 404 in JSON, as clients want it")
        }
        Ok(seen) => expected.foreign(id, asked, seen),
        Err(trouble) => unanswered(id, asked, trouble),
    }
}

/// An endpoint that was sent what it must refuse: in JSON, by this doorward.
pub(in crate::doctor) fn endpoint(asked: Asked<'_>, came: &Attempt, expected: &Expected) -> Finding {
    let id = format!("endpoint {}", asked.path);
    let seen = match came {
        Ok(seen) => seen,
        Err(trouble) => return unanswered(id, asked, trouble),
    };
    let refuses = (400..=503).contains(&seen.status) && seen.json().is_some_and(|json| json.get("error").is_some_and(Value::is_string));
    let ours = expected.proof.is_none() || expected.is_proven(seen);
    match (refuses, ours) {
        (true, true) => Finding::ok(id, format!("{asked} answers in JSON")),
        (true, false) => {
            let hint = "send every path of this host to doorward";
            Finding::failure(id, format!("{asked} answers in JSON that is not this doorward's"), hint).by(carrier(seen))
        }
        (false, _) => expected.foreign(id, asked, seen),
    }
}

/// RFC 9728 §5.1: a call without a token is answered with 401 and the one challenge that leads to the server's document.
pub(in crate::doctor) fn challenge(asked: Asked<'_>, came: &Attempt, expected: &Expected) -> Finding {
    let id = format!("challenge {}", asked.path);
    let seen = match came {
        Ok(seen) => seen,
        Err(trouble) => return unanswered(id, asked, trouble),
    };
    if is_challenge(seen, asked.path, expected) {
        return Finding::ok(id, format!("{asked} without a token is answered with 401 and the way to sign in"));
    }
    let challenges: Vec<&str> = seen.fields.all("www-authenticate").collect();
    let hint = "let the answer pass as it is: no own error pages for 401 (proxy_intercept_errors, errors, handle_errors), no header rules";
    match challenges.as_slice() {
        [] if seen.status == 401 && (expected.is_proven(seen) || seen.json().is_some()) => {
            Finding::failure(id, format!("{asked} is answered with 401, and WWW-Authenticate is gone"), hint).by(carrier(seen))
        }
        [one] if seen.status == 401 && one.contains("resource_metadata=") && expected.is_proven(seen) => {
            let sentence = format!("{asked} is answered with 401, and WWW-Authenticate was changed on the way: {}", Shown::new(one));
            Finding::failure(id, sentence, hint).by(carrier(seen))
        }
        [_, _, ..] if seen.status == 401 && expected.is_proven(seen) => {
            Finding::failure(id, format!("{asked} is answered with more than one WWW-Authenticate, and clients read one"), hint)
                .by(carrier(seen))
        }
        _ => expected.foreign(id, asked, seen),
    }
}

/// Whether it is the challenge of the server at `path`, unchanged.
pub(super) fn is_challenge(seen: &Seen, path: &str, expected: &Expected) -> bool {
    let start = format!("Bearer resource_metadata=\"{}/.well-known/oauth-protected-resource{path}\"", expected.issuer());
    seen.status == 401 && seen.fields.only("www-authenticate").ok().flatten().is_some_and(|challenge| challenge.starts_with(&start))
}

fn unanswered(id: String, asked: Asked<'_>, trouble: &crate::doctor::observed::Trouble) -> Finding {
    let (what, hint) = told(trouble);
    Finding::failure(id, format!("{asked} {what}"), hint)
}

/// It reached this doorward, which said no.
fn refused(id: String, asked: Asked<'_>, seen: &Seen, expected: &Expected) -> Finding {
    if seen.status == 421 {
        let host = expected.origin.host_str().unwrap_or_default();
        let hint = format!("start doorward with --public-url {}, or let the proxy pass the Host as it came", expected.issuer());
        return Finding::failure(id, format!("{asked} reaches this doorward under a name that it does not know, instead of {host}"), hint)
            .by(carrier(seen));
    }
    let said = seen.json().and_then(|json| json.get("error_description")?.as_str().map(Shown::new));
    let said = said.map_or_else(String::new, |said| format!(": {said}"));
    Finding::failure(id, format!("{asked} is refused by doorward with status {}{said}", seen.status), "look at doorward's own log")
}

/// Right in what it says; and in how it comes?
fn intact(id: String, asked: Asked<'_>, seen: &Seen) -> Finding {
    let product = carrier(seen);
    if seen.fields.first("content-encoding").is_some() {
        let hint = "switch compression off for this host: it was not asked for, and some clients cannot read it";
        return Finding::warning(id, format!("{asked} is compressed on the way"), hint).by(product);
    }
    if seen.media_type() != "application/json" {
        let named = Shown::new(seen.field("content-type"));
        return Finding::warning(id, format!("{asked} is JSON and comes as \"{named}\""), "let the Content-Type pass as it is").by(product);
    }
    if seen.fields.all("access-control-allow-origin").count() > 1 {
        let hint = "remove the CORS rules of the proxy for this host: browsers refuse two";
        return Finding::warning(id, format!("{asked} comes with two Access-Control-Allow-Origin"), hint).by(product);
    }
    if seen.time > SLOW {
        let seconds = seen.time.as_secs();
        return Finding::warning(id, format!("{asked} took {seconds} seconds"), "clients give up after ten: look at what slows it down")
            .by(product);
    }
    Finding::ok(id, format!("{asked} is as it should be"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::finding::State;
    use crate::doctor::observed::Trouble;
    use crate::doctor::observed::testing::wire;

    const SERVER: &str = "{\"issuer\":\"https://mcp.example.com\"}";
    const RESOURCE: &str = "{\"resource\":\"https://mcp.example.com/notes\",\"authorization_servers\":[\"https://mcp.example.com\"]}";
    const GET: Asked<'_> = Asked { method: "GET", path: "/.well-known/oauth-authorization-server" };
    const POST: Asked<'_> = Asked { method: "POST", path: "/notes" };

    fn running() -> Expected {
        Expected { origin: Url::parse("https://mcp.example.com").unwrap(), proof: Some("the-proof".into()) }
    }

    fn elsewhere() -> Expected {
        Expected { proof: None, ..running() }
    }

    /// An answer with the proof, and one without.
    fn both(status: &str, fields: &str, body: &str) -> [Attempt; 2] {
        let proven = wire(&format!("HTTP/1.1 {status}\nX-Doorward-Proof: the-proof\n{fields}\n\n{body}"));
        [Ok(proven), Ok(wire(&format!("HTTP/1.1 {status}\n{fields}\n\n{body}")))]
    }

    const JSON: &str = "Content-Type: application/json";

    #[test]
    fn only_the_proof_tells_this_doorward_from_another() {
        let [proven, unproven] = both("200 OK", JSON, SERVER);
        assert_eq!(identity(GET, &proven, &running()).state, State::Ok);
        let other = identity(GET, &unproven, &running());
        assert!(other.state == State::Failure && other.sentence.contains("not this one"), "{other:?}");
        assert_eq!(identity(GET, &unproven, &elsewhere()).state, State::Note);
        let [_, page] = both("200 OK", "Content-Type: text/html\nServer: nginx", "<title>Hi</title>");
        for expected in [running(), elsewhere()] {
            let finding = identity(GET, &page, &expected);
            assert_eq!((finding.state, finding.product), (State::Failure, Some("nginx")));
        }
        let wrong = wire(&format!("HTTP/1.1 200 OK\nX-Doorward-Proof: another\n\n{SERVER}"));
        assert_eq!(identity(GET, &Ok(wrong), &running()).state, State::Failure);
    }

    #[test]
    fn a_host_that_doorward_does_not_know_is_told_with_the_flag_that_mends_it() {
        let [proven, _] = both("421 Misdirected", JSON, "{\"error\":\"invalid_request\"}");
        let finding = identity(GET, &proven, &running());
        assert!(finding.sentence.contains("a name that it does not know"), "{}", finding.sentence);
        assert!(finding.hint.unwrap().contains("--public-url https://mcp.example.com"));
    }

    #[test]
    fn a_document_is_right_when_it_names_this_address() {
        let [_, server] = both("200 OK", JSON, SERVER);
        let [_, resource] = both("200 OK", JSON, RESOURCE);
        assert_eq!(document(Document::AuthorizationServer, GET, &server, &elsewhere()).state, State::Ok);
        assert_eq!(document(Document::ProtectedResource("/notes"), GET, &resource, &elsewhere()).state, State::Ok);
        assert_eq!(document(Document::ProtectedResource("/files"), GET, &resource, &elsewhere()).state, State::Failure);
        assert_eq!(document(Document::AuthorizationServer, GET, &resource, &elsewhere()).state, State::Failure);
    }

    #[test]
    fn a_document_about_another_name_of_ours_says_which_flag_to_set() {
        for issuer in ["http://mcp.example.com", "https://mcp.example.com:8787", "http://127.0.0.1:8787"] {
            let [proven, _] = both("200 OK", JSON, &format!("{{\"issuer\":\"{issuer}\"}}"));
            let finding = document(Document::AuthorizationServer, GET, &proven, &running());
            assert!(finding.sentence.contains(issuer) && finding.hint.unwrap().contains("--public-url https://mcp.example.com"));
        }
        let [_, other] = both("200 OK", JSON, "{\"issuer\":\"https://else.test\"}");
        assert!(document(Document::AuthorizationServer, GET, &other, &elsewhere()).sentence.contains("another program"));
    }

    #[test]
    fn what_was_done_to_a_document_on_the_way_is_a_warning() {
        for (fields, words) in [
            ("Content-Type: application/json\nContent-Encoding: gzip", "compressed"),
            ("Content-Type: text/plain", "comes as \"text/plain\""),
            ("Content-Type: application/json\nAccess-Control-Allow-Origin: *\nAccess-Control-Allow-Origin: *", "two Access-Control"),
        ] {
            let [proven, _] = both("200 OK", fields, SERVER);
            let finding = document(Document::AuthorizationServer, GET, &proven, &running());
            assert!(finding.state == State::Warning && finding.sentence.contains(words), "{}", finding.sentence);
        }
        let mut slow = wire(&format!("HTTP/1.1 200 OK\n{JSON}\n\n{SERVER}"));
        slow.time = Duration::from_secs(4);
        assert_eq!(document(Document::AuthorizationServer, GET, &Ok(slow), &running()).state, State::Warning);
    }

    #[test]
    fn what_does_not_exist_must_be_a_404_in_json() {
        let [_, json] = both("404 Not Found", JSON, "{\"error\":\"not_found\"}");
        assert_eq!(absent(GET, &json, &elsewhere()).state, State::Ok);
        for (status, fields, body) in [
            ("404 Not Found", "Content-Type: text/html", "<center>nginx</center>"),
            ("200 OK", "Content-Type: text/html", "<title>App</title>"),
            ("302 Found", "Location: https://login.test/", ""),
            ("401 Unauthorized", "WWW-Authenticate: Basic", ""),
        ] {
            let [_, other] = both(status, fields, body);
            assert_eq!(absent(GET, &other, &running()).state, State::Failure, "{status}");
        }
    }

    #[test]
    fn an_endpoint_refuses_in_json_and_is_ours() {
        let [proven, unproven] = both("400 Bad Request", JSON, "{\"error\":\"invalid_request\"}");
        let post = Asked { method: "POST", path: "/token" };
        assert_eq!(endpoint(post, &proven, &running()).state, State::Ok);
        assert_eq!(endpoint(post, &unproven, &elsewhere()).state, State::Ok);
        let other = endpoint(post, &unproven, &running());
        assert!(other.state == State::Failure && other.sentence.contains("not this doorward's"));
        let [_, page] = both("403 Forbidden", "Content-Type: text/html\ncf-mitigated: challenge\nServer: cloudflare", "");
        assert_eq!(endpoint(post, &page, &running()).product, Some("Cloudflare"));
        assert!(endpoint(post, &Err(Trouble::Slow), &running()).sentence.contains("ten seconds"));
    }

    #[test]
    fn the_challenge_must_come_alone_and_unchanged() {
        let ours = "WWW-Authenticate: Bearer resource_metadata=\"https://mcp.example.com/.well-known/oauth-protected-resource/notes\", scope=\"a\"";
        let of = |status: &str, fields: &str| {
            let [proven, _] = both(status, &format!("Content-Type: application/json\n{fields}"), "{}");
            challenge(POST, &proven, &running())
        };
        assert_eq!(of("401 X", ours).state, State::Ok);
        for (fields, words) in [
            ("X: y".to_owned(), "is gone"),
            (ours.replace("https:", "http:"), "was changed on the way"),
            (format!("{ours}\nWWW-Authenticate: Negotiate"), "more than one"),
            (format!("WWW-Authenticate: Negotiate\n{ours}"), "more than one"),
        ] {
            let finding = of("401 X", &fields);
            assert!(finding.state == State::Failure && finding.sentence.contains(words), "{fields}: {}", finding.sentence);
        }
        assert_eq!(of("403 X", ours).state, State::Failure);
        assert_eq!(of("200 X", ours).state, State::Failure);
    }

    #[test]
    fn a_challenge_is_as_good_where_a_proxy_gives_it_in_our_name() {
        // Behind auth_request the answer is the proxy's, and carries our challenge without the proof.
        let ours = "WWW-Authenticate: Bearer resource_metadata=\"https://mcp.example.com/.well-known/oauth-protected-resource/notes\"";
        let [_, unproven] = both("401 X", ours, "<html>");
        assert_eq!(challenge(POST, &unproven, &running()).state, State::Ok);
        let [_, without] = both("401 X", "Content-Type: text/html\nServer: nginx", "<center>nginx</center>");
        assert_eq!(challenge(POST, &without, &running()).product, Some("nginx"));
    }
}
