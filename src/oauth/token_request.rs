//! The token request (RFC 6749 §4.1.3, §6), read once into a value whose fields are all there.

use super::error::Refusal;
use super::params::Params;
use super::pkce::Verifier;
use super::scope::Scope;
use super::secret::{AuthorizationCode, RefreshToken, Secret};

/// Longest credential looked at, in bytes.
const MAX_CREDENTIAL: usize = 512;

/// What a client asks of the token endpoint.
#[derive(Debug)]
pub enum TokenRequest {
    /// RFC 6749 §4.1.3.
    Code(CodeGrant),
    /// RFC 6749 §6.
    Refresh(RefreshGrant),
}

/// `grant_type=authorization_code`.
#[derive(Debug)]
pub struct CodeGrant {
    /// `code`.
    pub code: Secret<AuthorizationCode>,
    /// `redirect_uri`, which OAuth 2.1 clients leave out.
    pub redirect_uri: Option<String>,
    /// `code_verifier`.
    pub verifier: Verifier,
    /// `resource`, any number.
    pub resources: Vec<String>,
}

/// `grant_type=refresh_token`.
#[derive(Debug)]
pub struct RefreshGrant {
    /// `refresh_token`.
    pub token: Secret<RefreshToken>,
    /// `scope`, if the client wants less than it was granted.
    pub scope: Option<Scope>,
    /// `resource`, any number.
    pub resources: Vec<String>,
}

/// Reads the request.
///
/// # Errors
/// What is missing, repeated or malformed. A code or token that cannot be one of ours is refused here, without a look-up.
pub fn parse(params: &Params) -> Result<TokenRequest, Refusal> {
    let resources = params.all("resource").map(str::to_owned).collect();
    match params.required("grant_type")? {
        "authorization_code" => {
            let code = params.required("code")?;
            let redirect_uri = params.one("redirect_uri")?.map(str::to_owned);
            let verifier = Verifier::parse(params.one("code_verifier")?)?;
            let code = presented(code).ok_or(Refusal::CodeUnknown)?;
            Ok(TokenRequest::Code(CodeGrant { code, redirect_uri, verifier, resources }))
        }
        "refresh_token" => {
            let scope = params.one("scope")?.map(Scope::parse);
            let token = presented(params.required("refresh_token")?).ok_or(Refusal::RefreshTokenUnknown)?;
            Ok(TokenRequest::Refresh(RefreshGrant { token, scope, resources }))
        }
        _ => Err(Refusal::GrantTypeUnsupported),
    }
}

fn presented<K: super::secret::Kind>(text: &str) -> Option<Secret<K>> {
    Secret::parse(text).filter(|_| text.len() <= MAX_CREDENTIAL)
}
