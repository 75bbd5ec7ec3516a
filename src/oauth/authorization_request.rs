//! The authorization request (RFC 6749 §4.1.1, OAuth 2.1 §4.1.1): read once, with a type for each of the two ways of
//! refusing it.

use super::client::Client;
use super::error::Refusal;
use super::params::Params;
use super::pkce::Challenge;
use super::redirect_uri::{self, RegisteredRedirect};
use super::resource::{self, ProtectedResource};
use super::scope::Scope;
use serde::{Deserialize, Serialize};

/// Longest `state` accepted, in bytes. Some clients put a URL into it.
pub const MAX_STATE: usize = 4096;

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
    /// True when the request named that address itself: then the token request must repeat it (RFC 6749 §4.1.3).
    pub redirect_was_sent: bool,
    /// Given back with the answer.
    pub state: State,
    /// RFC 7636 §4.3.
    pub challenge: Challenge,
    /// What will be granted if the user agrees.
    pub scope: Scope,
    /// For which server.
    pub resource: &'r ProtectedResource,
    /// OpenID Connect Core §3.1.2.1 `prompt`.
    pub prompt: Prompt,
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
    issuer: &str,
) -> Result<AuthorizationRequest<'r>, Refuse> {
    let sent = params.one("redirect_uri").map_err(Refuse::OnPage)?;
    let redirect = redirect_uri::find_registered(sent, &client.redirect_uris, issuer).map_err(Refuse::OnPage)?;
    let state = params.one("state").map_err(Refuse::OnPage)?.map(str::to_owned);
    if state.as_ref().is_some_and(|state| state.len() > MAX_STATE) {
        return Err(Refuse::OnPage(Refusal::ParameterTooLong("state")));
    }
    let state = State(state);
    let rest = parse_rest(params, resources).map_err(|refusal| Refuse::ToClient(redirect.clone(), state.clone(), refusal))?;
    let (challenge, scope, resource, prompt) = rest;
    Ok(AuthorizationRequest { redirect, redirect_was_sent: sent.is_some(), state, challenge, scope, resource, prompt })
}

type Rest<'r> = (Challenge, Scope, &'r ProtectedResource, Prompt);

fn parse_rest<'r>(params: &Params, resources: &'r [ProtectedResource]) -> Result<Rest<'r>, Refusal> {
    if params.required("response_type")? != "code" {
        return Err(Refusal::ResponseTypeUnsupported);
    }
    if params.one("response_mode")?.is_some_and(|mode| mode != "query") {
        return Err(Refusal::ResponseModeUnsupported);
    }
    if params.all("request").chain(params.all("request_uri")).next().is_some() {
        return Err(Refusal::RequestObjectUnsupported);
    }
    let challenge = Challenge::parse(params.one("code_challenge")?, params.one("code_challenge_method")?)?;
    let resource = resource::resolve(params.all("resource"), resources)?;
    let asked = Scope::parse(params.one("scope")?.unwrap_or_default());
    Ok((challenge, resource.grantable(&asked), resource, prompt(params)))
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
