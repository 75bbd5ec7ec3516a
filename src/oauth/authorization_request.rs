//! The authorization request (RFC 6749 §4.1.1, OAuth 2.1 §4.1.1): read once, with a type for each of the two ways of
//! refusing it.

use super::client::Client;
use super::error::Refusal;
use super::params::Params;
use super::pkce::{Exemption, Pkce};
use super::poll;
use super::redirect_rules::RedirectRules;
use super::redirect_uri::{self, RegisteredRedirect};
use super::resource::{self, ProtectedResource};
use super::scope::Scope;
use crate::clock::UnixTime;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Longest `state` accepted, in bytes. Some clients put a URL into it.
pub const MAX_STATE: usize = 4096;
/// Longest `nonce` accepted, in bytes.
const MAX_NONCE: usize = 1024;

/// The client's `state`, given back as it came (RFC 6749 §4.1.2).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct State(pub Option<String>);

/// A refused authorization request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refuse {
    /// Nothing is proven yet: a page of ours says what is wrong, and no link leads anywhere (RFC 6749 §4.1.2.1).
    OnPage(Refusal),
    /// The address is proven: the client is told there, once the user is known (RFC 9700 §4.11.2).
    ToClient(RegisteredRedirect, State, Refusal),
}

/// A request that may be put before the user.
#[derive(Clone, Debug)]
pub struct AuthorizationRequest<'r> {
    /// Where the answer goes.
    pub redirect: RegisteredRedirect,
    /// True when the request named that address itself.
    pub redirect_was_sent: bool,
    /// True when the client fetches the answer by the state.
    pub polled: bool,
    /// Given back with the answer.
    pub state: State,
    /// RFC 7636 §4.3.
    pub pkce: Pkce,
    /// The scope that was asked for, known names and others.
    pub asked: Scope,
    /// The server that it names; all of them when it names none.
    pub resources: Vec<&'r ProtectedResource>,
    /// True when the request named its server itself.
    pub resource_was_sent: bool,
    /// OpenID Connect Core §3.1.2.1 `prompt`.
    pub prompt: Prompt,
    /// OpenID Connect Core §3.1.2.1 `nonce`.
    pub nonce: Option<String>,
    /// OpenID Connect Core §3.1.2.1 `max_age`.
    pub max_age: Option<Duration>,
}

impl AuthorizationRequest<'_> {
    /// False when the user has to sign in once more, because the sign-in is older than the client would have it.
    pub fn accepts_sign_in_of(&self, at: UnixTime, now: UnixTime) -> bool {
        self.max_age.is_none_or(|most| now.since(at) <= most)
    }
}

/// The part of `prompt` that makes a difference here: consent is asked for every time anyway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prompt {
    /// Sign in if need be.
    Default,
    /// Sign in again.
    Login,
    /// Show nothing: always refused, since consent is never silent.
    None,
}

/// Reads the request of `client`, which the caller looked up by `client_id`.
///
/// # Errors
/// [`Refuse`].
pub fn parse<'r>(
    params: &Params,
    client: &Client,
    resources: &'r [ProtectedResource],
    rules: &RedirectRules,
) -> Result<AuthorizationRequest<'r>, Refuse> {
    let sent = params.one("redirect_uri").map_err(Refuse::OnPage)?;
    let redirect =
        redirect_uri::find_registered(sent, &client.redirect_uris, client.origin.registered_by(), rules).map_err(Refuse::OnPage)?;
    let state = params.one("state").map_err(Refuse::OnPage)?.map(str::to_owned);
    if state.as_ref().is_some_and(|state| state.len() > MAX_STATE) {
        return Err(Refuse::OnPage(Refusal::ParameterTooLong("state")));
    }
    let polled = redirect.is_polled(rules.issuer());
    if polled && state.as_ref().is_none_or(|state| state.len() < poll::MIN_STATE) {
        return Err(Refuse::OnPage(Refusal::StateTooShort));
    }
    let state = State(state);
    let exemption = Exemption::of(&redirect.destination(), rules).filter(|_| !polled);
    let rest = parse_rest(params, resources, exemption).map_err(|refusal| match polled {
        true => Refuse::OnPage(refusal),
        false => Refuse::ToClient(redirect.clone(), state.clone(), refusal),
    })?;
    let (pkce, asked, resources, prompt, nonce) = rest;
    let resource_was_sent = params.all("resource").next().is_some();
    let max_age = params.all("max_age").find_map(|text| text.parse().ok()).map(Duration::from_secs);
    Ok(AuthorizationRequest {
        redirect,
        redirect_was_sent: sent.is_some(),
        polled,
        state,
        pkce,
        asked,
        resources,
        resource_was_sent,
        prompt,
        nonce,
        max_age,
    })
}

type Rest<'r> = (Pkce, Scope, Vec<&'r ProtectedResource>, Prompt, Option<String>);

fn parse_rest<'r>(params: &Params, resources: &'r [ProtectedResource], exemption: Option<Exemption>) -> Result<Rest<'r>, Refusal> {
    if params.required("response_type")? != "code" {
        return Err(Refusal::ResponseTypeUnsupported);
    }
    if params.one("response_mode")?.is_some_and(|mode| mode != "query") {
        return Err(Refusal::ResponseModeUnsupported);
    }
    if params.all("request").chain(params.all("request_uri")).next().is_some() {
        return Err(Refusal::RequestObjectUnsupported);
    }
    let pkce = Pkce::asked(params.one("code_challenge")?, params.one("code_challenge_method")?, exemption)?;
    let resources = resource::candidates(params.all("resource"), resources)?;
    let asked = Scope::parse(params.one("scope")?.unwrap_or_default());
    let nonce = params.one("nonce")?.map(str::to_owned);
    if nonce.as_ref().is_some_and(|nonce| nonce.len() > MAX_NONCE) {
        return Err(Refusal::ParameterTooLong("nonce"));
    }
    Ok((pkce, asked, resources, prompt(params), nonce))
}

/// `prompt` may hold several words and comes twice from some clients; unknown words are ignored.
fn prompt(params: &Params) -> Prompt {
    let mut words = params.all("prompt").flat_map(str::split_ascii_whitespace).peekable();
    let mut prompt = Prompt::Default;
    for word in &mut words {
        match word {
            "none" => return Prompt::None,
            "login" | "select_account" => prompt = Prompt::Login,
            _ => (),
        }
    }
    prompt
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::fixtures::{CALLBACK, CHALLENGE, client, params, resource, rules};
    use url::form_urlencoded::Serializer;

    /// A good request with some parameters replaced; an empty value removes the parameter.
    fn query(changes: &[(&str, &str)]) -> String {
        let good =
            [("response_type", "code"), ("redirect_uri", CALLBACK), ("code_challenge", CHALLENGE), ("code_challenge_method", "S256")];
        let mut query = Serializer::new(String::new());
        query.extend_pairs(good.iter().filter(|(name, _)| !changes.iter().any(|(changed, _)| changed == name)));
        query.extend_pairs(changes.iter().filter(|(_, value)| !value.is_empty()));
        query.finish()
    }

    fn read<'r>(query: &str, resources: &'r [ProtectedResource]) -> Result<AuthorizationRequest<'r>, Refuse> {
        parse(&params(query), &client("claude"), resources, &rules())
    }

    fn on_page(query: &str) -> Option<Refusal> {
        match read(query, &[resource("/notes")]) {
            Err(Refuse::OnPage(refusal)) => Some(refusal),
            Err(Refuse::ToClient(..)) | Ok(_) => None,
        }
    }

    fn to_client(query: &str) -> Option<(String, State, Refusal)> {
        match read(query, &[resource("/notes")]) {
            Err(Refuse::ToClient(redirect, state, refusal)) => Some((redirect.as_str().into(), state, refusal)),
            Err(Refuse::OnPage(_)) | Ok(_) => None,
        }
    }

    fn told(changes: &[(&str, &str)]) -> Option<Refusal> {
        to_client(&query(changes)).map(|(_, _, refusal)| refusal)
    }

    #[test]
    fn the_least_that_is_needed_is_enough() {
        let resources = [resource("/notes")];
        let request = read(&query(&[]), &resources).unwrap();
        assert_eq!(request.redirect.as_str(), CALLBACK);
        assert_eq!(request.state, State(None));
        assert!(request.asked.is_empty());
        assert_eq!(request.resources[0].path, "/notes");
        assert!(!request.resource_was_sent);
        assert_eq!(request.prompt, Prompt::Default);
        assert!(request.redirect_was_sent);
    }

    #[test]
    fn no_fault_leads_to_an_address_that_is_not_registered() {
        for redirect in
            ["https://evil.test", "https://client.test/cb/", "https://client.test/cb#x", "javascript:alert(1)", "//client.test/cb"]
        {
            for fault in ["response_type", "code_challenge", "scope", "resource"] {
                let query = query(&[("redirect_uri", redirect), (fault, "bogus")]);
                assert_eq!(on_page(&query), Some(Refusal::RedirectUriUnregistered), "{query}");
            }
        }
    }

    #[test]
    fn an_address_named_twice_proves_nothing() {
        let twice = format!("{}&redirect_uri=https%3A%2F%2Fevil.test", query(&[]));
        assert_eq!(on_page(&twice), Some(Refusal::ParameterRepeated("redirect_uri")));
    }

    #[test]
    fn left_out_the_address_is_the_only_one_registered_and_the_request_remembers_that() {
        let resources = [resource("/notes")];
        let request = read(&query(&[("redirect_uri", "")]), &resources).unwrap();
        assert_eq!(request.redirect.as_str(), CALLBACK);
        assert!(!request.redirect_was_sent);
    }

    #[test]
    fn the_state_comes_back_byte_for_byte() {
        let resources = [resource("/notes")];
        for state in ["vscode://dynamicauthprovider/x/authorize?nonce=a%20b&c=+", "\u{fc} \u{1f600}\r\n", "=&=", &"s".repeat(MAX_STATE)] {
            let request = read(&query(&[("state", state)]), &resources).unwrap();
            assert_eq!(request.state, State(Some(state.to_owned())));
        }
    }

    #[test]
    fn a_state_that_is_too_long_or_sent_twice_is_shown_on_a_page() {
        assert_eq!(on_page(&query(&[("state", &"s".repeat(MAX_STATE + 1))])), Some(Refusal::ParameterTooLong("state")));
        assert_eq!(on_page(&query(&[("state", "a"), ("state", "a")])), Some(Refusal::ParameterRepeated("state")));
    }

    #[test]
    fn other_faults_are_told_to_the_client_with_its_state() {
        let (address, state, refusal) = to_client(&query(&[("response_type", "token"), ("state", "s1")])).unwrap();
        assert_eq!((address.as_str(), state), (CALLBACK, State(Some("s1".into()))));
        assert_eq!(refusal, Refusal::ResponseTypeUnsupported);
    }

    #[test]
    fn code_is_the_only_response_type() {
        assert_eq!(told(&[("response_type", "")]), Some(Refusal::ParameterMissing("response_type")));
        for kind in ["token", "id_token", "code token", "Code", "none"] {
            assert_eq!(told(&[("response_type", kind)]), Some(Refusal::ResponseTypeUnsupported), "{kind}");
        }
    }

    #[test]
    fn the_answer_goes_in_the_query_and_nowhere_else() {
        for mode in ["fragment", "form_post", "web_message", "query.jwt", "form_post.jwt"] {
            assert_eq!(told(&[("response_mode", mode)]), Some(Refusal::ResponseModeUnsupported), "{mode}");
        }
        assert!(read(&query(&[("response_mode", "query")]), &[resource("/notes")]).is_ok());
    }

    #[test]
    fn request_objects_are_refused_and_not_overlooked() {
        for name in ["request", "request_uri"] {
            assert_eq!(told(&[(name, "https://x.test/r")]), Some(Refusal::RequestObjectUnsupported), "{name}");
        }
    }

    #[test]
    fn there_is_no_way_around_pkce() {
        assert_eq!(told(&[("code_challenge", "")]), Some(Refusal::ChallengeMissing));
        assert_eq!(told(&[("code_challenge", ""), ("code_challenge_method", "")]), Some(Refusal::ChallengeMissing));
        for method in ["", "plain", "s256", "S512"] {
            assert_eq!(told(&[("code_challenge_method", method)]), Some(Refusal::ChallengeMethodUnsupported), "{method}");
        }
        assert_eq!(told(&[("code_challenge", "short")]), Some(Refusal::ChallengeMalformed));
        assert_eq!(
            told(&[("code_challenge", CHALLENGE), ("code_challenge", CHALLENGE)]),
            Some(Refusal::ParameterRepeated("code_challenge"))
        );
    }

    #[test]
    fn unknown_or_missing_scopes_are_no_fault() {
        let resources = [resource("/notes")];
        for (asked, granted) in [
            ("", "read"),
            ("openid email profile", "read openid email profile"),
            ("email profile", "read"),
            (" write  admin ", "write"),
            ("write read write", "write read"),
            ("offline_access write", "write offline_access"),
        ] {
            let request = read(&query(&[("scope", asked)]), &resources).unwrap();
            assert_eq!(request.resources[0].grantable(&request.asked).to_string(), granted, "{asked}");
        }
        assert!(read(&format!("{}&scope=", query(&[])), &resources).is_ok());
    }

    #[test]
    fn a_foreign_resource_is_told_to_the_client() {
        for raw in ["https://evil.test/notes", "/notes", "https://mcp.example.com/notes#x", "https://mcp.example.com/notesx"] {
            assert_eq!(told(&[("resource", raw)]), Some(Refusal::ResourceUnknown), "{raw}");
        }
    }

    #[test]
    fn with_several_servers_the_one_that_is_named_is_meant_and_without_a_name_all_are() {
        let resources = [resource("/notes"), resource("/files")];
        let paths = |request: &AuthorizationRequest<'_>| request.resources.iter().map(|resource| resource.path.clone()).collect::<Vec<_>>();
        let request = read(&query(&[]), &resources).unwrap();
        assert_eq!((paths(&request), request.resource_was_sent), (vec!["/notes".into(), "/files".into()], false));
        let request = read(&query(&[("resource", "https://mcp.example.com/files")]), &resources).unwrap();
        assert_eq!((paths(&request), request.resource_was_sent), (vec!["/files".into()], true));
    }

    #[test]
    fn prompt_may_hold_several_words_come_twice_and_be_unknown() {
        let resources = [resource("/notes")];
        for (words, meant) in [
            (vec!["consent"], Prompt::Default),
            (vec!["consent", "consent"], Prompt::Default),
            (vec!["create"], Prompt::Default),
            (vec!["login"], Prompt::Login),
            (vec!["consent select_account"], Prompt::Login),
            (vec!["none"], Prompt::None),
            (vec!["login", "none"], Prompt::None),
        ] {
            let changes: Vec<_> = words.iter().map(|word| ("prompt", *word)).collect();
            assert_eq!(read(&query(&changes), &resources).unwrap().prompt, meant, "{words:?}");
        }
    }

    #[test]
    fn a_nonce_is_kept_as_it_came_and_not_if_it_is_too_long() {
        let resources = [resource("/notes")];
        assert_eq!(read(&query(&[("nonce", "n \u{fc}")]), &resources).unwrap().nonce.as_deref(), Some("n \u{fc}"));
        assert_eq!(told(&[("nonce", &"n".repeat(MAX_NONCE + 1))]), Some(Refusal::ParameterTooLong("nonce")));
        assert_eq!(told(&[("nonce", "a"), ("nonce", "b")]), Some(Refusal::ParameterRepeated("nonce")));
    }

    #[test]
    fn a_sign_in_may_be_as_old_as_the_client_says_and_any_age_if_it_says_nothing() {
        let resources = [resource("/notes")];
        let accepts = |max_age: &str, age: u64| {
            read(&query(&[("max_age", max_age)]), &resources).unwrap().accepts_sign_in_of(UnixTime(1000), UnixTime(1000 + age))
        };
        assert!(accepts("60", 60) && !accepts("60", 61) && accepts("0", 0) && !accepts("0", 1));
        for nothing in ["", "x", "-1", "1.5"] {
            assert!(accepts(nothing, 1_000_000), "{nothing}");
        }
    }

    #[test]
    fn parameters_nobody_knows_are_ignored() {
        let extra = [("access_type", "offline"), ("audience", "x"), ("claims", "{}"), ("login_hint", "<script>"), ("display", "popup")];
        assert!(read(&query(&extra), &[resource("/notes")]).is_ok());
    }
}
