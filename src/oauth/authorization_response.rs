//! Every redirect back to a client is built here (RFC 6749 §4.1.2, RFC 9207), so that none can forget `state` or `iss`.

use super::authorization_request::State;
use super::error::Refusal;
use super::redirect_uri::RegisteredRedirect;
use super::secret::{AuthorizationCode, Secret};
use url::form_urlencoded::Serializer;

/// What the client is told.
pub enum Answer<'a> {
    /// RFC 6749 §4.1.2.
    Code(&'a Secret<AuthorizationCode>),
    /// RFC 6749 §4.1.2.1.
    Error(&'a Refusal),
}

/// The `Location` of the answer: the registered URI byte for byte, and our parameters after whatever query it has.
pub fn location(redirect: &RegisteredRedirect, state: &State, answer: &Answer<'_>, issuer: &str) -> String {
    let mut query = Serializer::new(String::new());
    match answer {
        Answer::Code(code) => {
            query.append_pair("code", code.reveal());
        }
        Answer::Error(refusal) => {
            let wire = refusal.wire();
            query.append_pair("error", wire.code.as_str()).append_pair("error_description", &wire.description);
        }
    }
    if let State(Some(state)) = state {
        query.append_pair("state", state);
    }
    query.append_pair("iss", issuer);
    let uri = redirect.as_str();
    let joint = match uri.split_once('?') {
        None => "?",
        Some((_, "")) => "",
        Some(_) => "&",
    };
    format!("{uri}{joint}{}", query.finish())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::redirect_rules::RedirectRules;
    use crate::oauth::redirect_uri::{RegisteredBy, find_registered};
    use crate::oauth::secret::Entropy;

    fn answer(uri: &str, state: Option<&str>) -> String {
        let redirect = find_registered(None, &[uri.to_owned()], RegisteredBy::Stranger, &RedirectRules::open("https://as.test")).unwrap();
        location(&redirect, &State(state.map(str::to_owned)), &Answer::Error(&Refusal::DeniedByUser), "https://as.test")
    }

    #[test]
    fn the_registered_query_is_kept_byte_for_byte() {
        assert!(answer("https://c.test/cb?a=1&flag&b=%ff", None).starts_with("https://c.test/cb?a=1&flag&b=%ff&error=access_denied&"));
        assert!(answer("https://c.test/cb?", None).starts_with("https://c.test/cb?error="));
    }

    #[test]
    fn success_and_error_carry_state_and_issuer_exactly_once() {
        let redirect =
            find_registered(None, &["cursor://x/cb".to_owned()], RegisteredBy::Stranger, &RedirectRules::open("https://as.test")).unwrap();
        let code = Secret::mint(&Entropy::new([1; 32]));
        let success = location(&redirect, &State(Some("s".into())), &Answer::Code(&code), "https://as.test");
        for text in [success, answer("cursor://x/cb", Some("s"))] {
            assert_eq!(text.matches("state=s").count(), 1, "{text}");
            assert_eq!(text.matches("iss=https%3A%2F%2Fas.test").count(), 1, "{text}");
        }
    }

    #[test]
    fn a_state_cannot_break_out_of_its_parameter() {
        let text = answer("https://c.test/cb", Some("a&code=x\r\nSet-Cookie: y=1#\u{fc}"));
        assert!(!text.contains("&code=x") && !text.contains('\r') && !text.contains('#'), "{text}");
        let query = text.split_once('?').unwrap().1;
        let state = url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "state").unwrap().1;
        assert_eq!(state, "a&code=x\r\nSet-Cookie: y=1#\u{fc}");
    }

    #[test]
    fn a_request_without_state_is_answered_without_one() {
        assert!(!answer("https://c.test/cb", None).contains("state="));
    }

    #[test]
    fn an_error_carries_its_code_its_text_and_no_code_to_redeem() {
        let text = answer("https://c.test/cb", Some("s"));
        assert_eq!(
            text,
            "https://c.test/cb?error=access_denied&error_description=the+user+denied+the+request&state=s&iss=https%3A%2F%2Fas.test"
        );
    }

    #[test]
    fn a_code_needs_no_encoding_so_that_clients_which_encode_it_twice_still_match() {
        let redirect =
            find_registered(None, &["http://127.0.0.1:33418/".to_owned()], RegisteredBy::Stranger, &RedirectRules::open("https://as.test"))
                .unwrap();
        let code = Secret::mint(&Entropy::new([255; 32]));
        let text = location(&redirect, &State(None), &Answer::Code(&code), "https://as.test");
        assert_eq!(text, format!("http://127.0.0.1:33418/?code={}&iss=https%3A%2F%2Fas.test", code.reveal()));
        assert!(!text.contains("error"));
    }

    #[test]
    fn the_longest_state_comes_back_whole() {
        let state = "%2B \u{1f600}".repeat(400);
        let text = answer("https://c.test/cb", Some(&state));
        let query = text.split_once('?').unwrap().1;
        let back = url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "state").unwrap().1;
        assert_eq!(back, state);
    }
}
