//! The token request (RFC 6749 §4.1.3, §6), read once into a value whose fields are all there.

use super::error::Refusal;
use super::params::Params;
use super::pkce::Verifier;
use super::scope::Scope;
use super::secret::{AuthorizationCode, DeviceCode, RefreshToken, Secret};

/// What a client asks of the token endpoint.
#[derive(Debug)]
pub enum TokenRequest {
    /// RFC 6749 §4.1.3.
    Code(CodeGrant),
    /// RFC 6749 §6.
    Refresh(RefreshGrant),
    /// RFC 8628 §3.4.
    Device(DeviceGrant),
}

/// `grant_type=authorization_code`.
#[derive(Debug)]
pub struct CodeGrant {
    /// `code`.
    pub code: Secret<AuthorizationCode>,
    /// `redirect_uri`, which OAuth 2.1 clients leave out.
    pub redirect_uri: Option<String>,
    /// `code_verifier`. Whether it may be missing depends on the code.
    pub verifier: Option<Verifier>,
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

/// `grant_type=urn:ietf:params:oauth:grant-type:device_code`.
#[derive(Debug)]
pub struct DeviceGrant {
    /// `device_code`.
    pub code: Secret<DeviceCode>,
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
            let verifier = params.one("code_verifier")?.map(|text| Verifier::parse(Some(text))).transpose()?;
            let code = Secret::parse(code).ok_or(Refusal::CodeUnknown)?;
            Ok(TokenRequest::Code(CodeGrant { code, redirect_uri, verifier, resources }))
        }
        "refresh_token" => {
            let scope = params.one("scope")?.map(Scope::parse);
            let token = Secret::parse(params.required("refresh_token")?).ok_or(Refusal::RefreshTokenUnknown)?;
            Ok(TokenRequest::Refresh(RefreshGrant { token, scope, resources }))
        }
        "urn:ietf:params:oauth:grant-type:device_code" => {
            let code = Secret::parse(params.required("device_code")?).ok_or(Refusal::DeviceCodeUnknown)?;
            Ok(TokenRequest::Device(DeviceGrant { code, resources }))
        }
        _ => Err(Refusal::GrantTypeUnsupported),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::error::ErrorCode;
    use crate::oauth::fixtures::{CALLBACK, VERIFIER, params, secret};
    use crate::oauth::secret::{AccessToken, ClientSecret};

    fn code() -> String {
        secret::<AuthorizationCode>(1).reveal().to_owned()
    }

    fn refresh_token() -> String {
        secret::<RefreshToken>(1).reveal().to_owned()
    }

    fn read(form: &str) -> Result<TokenRequest, Refusal> {
        parse(&params(form))
    }

    fn code_grant(form: &str) -> Result<CodeGrant, Refusal> {
        match read(form)? {
            TokenRequest::Code(grant) => Ok(grant),
            TokenRequest::Refresh(_) | TokenRequest::Device(_) => Err(Refusal::GrantTypeUnsupported),
        }
    }

    fn refresh_grant(form: &str) -> Result<RefreshGrant, Refusal> {
        match read(form)? {
            TokenRequest::Refresh(grant) => Ok(grant),
            TokenRequest::Code(_) | TokenRequest::Device(_) => Err(Refusal::GrantTypeUnsupported),
        }
    }

    #[test]
    fn a_code_is_read_with_its_verifier() {
        let form = format!("grant_type=authorization_code&code={}&code_verifier={VERIFIER}", code());
        let grant = code_grant(&form).unwrap();
        assert_eq!(grant.code.reveal(), code());
        assert_eq!((grant.redirect_uri, grant.resources), (None, vec![]));
        let more = "&redirect_uri=https%3A%2F%2Fclient.test%2Fcb&resource=https%3A%2F%2Fa.test&resource=https%3A%2F%2Fb.test";
        let grant = code_grant(&format!("{form}{more}")).unwrap();
        assert_eq!(grant.redirect_uri.as_deref(), Some(CALLBACK));
        assert_eq!(grant.resources, ["https://a.test", "https://b.test"]);
    }

    #[test]
    fn a_malformed_verifier_is_refused_and_never_taken_for_a_missing_one() {
        let without = format!("grant_type=authorization_code&code={}", code());
        assert!(code_grant(&without).unwrap().verifier.is_none());
        assert!(code_grant(&format!("{without}&code_verifier=")).unwrap().verifier.is_none());
        assert_eq!(code_grant(&format!("{without}&code_verifier=short")).unwrap_err(), Refusal::VerifierMalformed);
    }

    #[test]
    fn a_refresh_token_is_read_with_what_is_asked_for() {
        let form = format!("grant_type=refresh_token&refresh_token={}", refresh_token());
        let grant = refresh_grant(&form).unwrap();
        assert_eq!(grant.token.reveal(), refresh_token());
        assert_eq!((grant.scope, grant.resources), (None, vec![]));
        assert_eq!(refresh_grant(&format!("{form}&scope=")).unwrap().scope, None);
        let grant = refresh_grant(&format!("{form}&scope=+read++write&resource=https%3A%2F%2Fa.test")).unwrap();
        assert_eq!(grant.scope.unwrap().to_string(), "read write");
        assert_eq!(grant.resources, ["https://a.test"]);
    }

    #[test]
    fn a_device_code_is_read_and_no_other_secret_passes_for_it() {
        let kind = "urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code";
        let form = format!("grant_type={kind}&device_code={}", secret::<DeviceCode>(1).reveal());
        assert!(matches!(read(&form), Ok(TokenRequest::Device(grant)) if grant.resources.is_empty()));
        assert_eq!(read(&format!("grant_type={kind}")).unwrap_err(), Refusal::ParameterMissing("device_code"));
        assert_eq!(read(&format!("{form}&device_code=x")).unwrap_err(), Refusal::ParameterRepeated("device_code"));
        for other in [code(), refresh_token(), "BCDF-GHJK".into()] {
            assert_eq!(read(&format!("grant_type={kind}&device_code={other}")).unwrap_err(), Refusal::DeviceCodeUnknown, "{other}");
        }
    }

    #[test]
    fn no_other_grant_exists() {
        for kind in [
            "password",
            "implicit",
            "client_credentials",
            "authorization_code+",
            "Authorization_code",
            "urn:ietf:params:oauth:grant-type:token-exchange",
            "urn:ietf:params:oauth:grant-type:jwt-bearer",
        ] {
            let form = format!("grant_type={kind}&username=ann&password=right&code={}&code_verifier={VERIFIER}", code());
            assert_eq!(read(&form).unwrap_err(), Refusal::GrantTypeUnsupported, "{kind}");
        }
        assert_eq!(Refusal::GrantTypeUnsupported.wire().code, ErrorCode::UnsupportedGrantType);
    }

    #[test]
    fn what_is_missing_is_named() {
        assert_eq!(read("").unwrap_err(), Refusal::ParameterMissing("grant_type"));
        assert_eq!(read("grant_type=").unwrap_err(), Refusal::ParameterMissing("grant_type"));
        assert_eq!(read("grant_type=authorization_code").unwrap_err(), Refusal::ParameterMissing("code"));
        assert_eq!(read("grant_type=refresh_token&refresh_token=").unwrap_err(), Refusal::ParameterMissing("refresh_token"));
    }

    #[test]
    fn a_parameter_sent_twice_is_refused() {
        let good = format!("grant_type=authorization_code&code={}&code_verifier={VERIFIER}&redirect_uri=https%3A%2F%2Fx.test", code());
        for name in ["grant_type", "code", "code_verifier", "redirect_uri"] {
            assert_eq!(read(&format!("{good}&{name}=x")).unwrap_err(), Refusal::ParameterRepeated(name));
        }
        let good = format!("grant_type=refresh_token&refresh_token={}&scope=read", refresh_token());
        for name in ["grant_type", "refresh_token", "scope"] {
            assert_eq!(read(&format!("{good}&{name}=x")).unwrap_err(), Refusal::ParameterRepeated(name));
        }
    }

    #[test]
    fn no_other_secret_passes_for_a_code_or_a_refresh_token() {
        let others = [
            secret::<AccessToken>(1).reveal().to_owned(),
            secret::<ClientSecret>(1).reveal().to_owned(),
            "user:grant:1".into(),
            "x".repeat(100_000),
        ];
        for other in others.iter().chain([&refresh_token()]) {
            let form = format!("grant_type=authorization_code&code={other}&code_verifier={VERIFIER}");
            assert_eq!(read(&form).unwrap_err(), Refusal::CodeUnknown, "{other:.30}");
        }
        for other in others.iter().chain([&code()]) {
            let form = format!("grant_type=refresh_token&refresh_token={other}");
            assert_eq!(read(&form).unwrap_err(), Refusal::RefreshTokenUnknown, "{other:.30}");
        }
    }

    #[test]
    fn a_request_in_a_log_shows_no_secret() {
        let form = format!("grant_type=authorization_code&code={}&code_verifier={VERIFIER}", code());
        let text = format!("{:?}", read(&form).unwrap());
        assert!(!text.contains(&code()) && !text.contains(VERIFIER), "{text}");
        let text = format!("{:?}", read(&format!("grant_type=refresh_token&refresh_token={}", refresh_token())).unwrap());
        assert!(!text.contains(&refresh_token()), "{text}");
    }
}
