//! Why something was refused, and the one table of what the peer is told about it.
//!
//! Rules say what happened ([`Refusal`]); [`Refusal::wire`] says which code, status and fixed text go out. No text here
//! repeats anything that a peer sent.

use std::borrow::Cow;

/// Registered error codes. RFC 6749 §4.1.2.1 and §5.2, RFC 6750 §3.1, RFC 7591 §3.2.2, RFC 8707 §2, OpenID Connect Core §3.1.2.6.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the code of the RFC")]
pub enum ErrorCode {
    AccessDenied,
    ConsentRequired,
    InsufficientScope,
    InvalidClient,
    InvalidClientMetadata,
    InvalidGrant,
    InvalidRedirectUri,
    InvalidRequest,
    InvalidScope,
    InvalidTarget,
    InvalidToken,
    RequestNotSupported,
    ServerError,
    TemporarilyUnavailable,
    UnauthorizedClient,
    UnsupportedGrantType,
    UnsupportedResponseType,
}

impl ErrorCode {
    /// The code on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AccessDenied => "access_denied",
            Self::ConsentRequired => "consent_required",
            Self::InsufficientScope => "insufficient_scope",
            Self::InvalidClient => "invalid_client",
            Self::InvalidClientMetadata => "invalid_client_metadata",
            Self::InvalidGrant => "invalid_grant",
            Self::InvalidRedirectUri => "invalid_redirect_uri",
            Self::InvalidRequest => "invalid_request",
            Self::InvalidScope => "invalid_scope",
            Self::InvalidTarget => "invalid_target",
            Self::InvalidToken => "invalid_token",
            Self::RequestNotSupported => "request_not_supported",
            Self::ServerError => "server_error",
            Self::TemporarilyUnavailable => "temporarily_unavailable",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::UnsupportedResponseType => "unsupported_response_type",
        }
    }
}

/// What a peer is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wire {
    /// The `error` member or parameter.
    pub code: ErrorCode,
    /// The status where the answer is not a redirect.
    pub status: u16,
    /// The `error_description`: characters of RFC 6749 §5.2 only.
    pub description: Cow<'static, str>,
}

/// What a redirect URI was refused for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RedirectProblem {
    /// None was given, or no list of texts.
    Missing,
    /// More than may be registered.
    TooMany,
    /// Longer than may be registered.
    TooLong,
    /// Not an absolute URI in its one normal spelling.
    NotCanonical,
    /// Carries user information.
    UserInfo,
    /// Carries a fragment (RFC 6749 §3.1.2).
    Fragment,
    /// Plain `http` to something other than this device.
    PlainHttp,
    /// A host that is no public name.
    Host,
    /// A scheme that no known application has registered.
    Scheme,
    /// Carries a parameter that belongs to our answer.
    ResponseParameter,
    /// Leads back to this server.
    Ourselves,
}

/// Why a request was refused, in our words. The log shows it with its fields; the peer sees [`Refusal::wire`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are sentences; their texts are in the table below")]
pub enum Refusal {
    // requests in general
    NotAForm,
    MalformedForm,
    ParameterMissing(&'static str),
    ParameterRepeated(&'static str),
    ParameterTooLong(&'static str),
    // clients
    ClientUnknown,
    ClientSecretMissing,
    ClientSecretWrong,
    TwoClientCredentials,
    BasicMalformed,
    AssertionUnsupported,
    // registration
    NotJson,
    MalformedMetadata,
    RedirectUri(RedirectProblem),
    ClientName,
    MetadataField(&'static str),
    TooManyClients,
    // authorization
    RedirectUriUnregistered,
    ResponseTypeUnsupported,
    ResponseModeUnsupported,
    RequestObjectUnsupported,
    ChallengeMissing,
    ChallengeMethodUnsupported,
    ChallengeMalformed,
    ConsentRequired,
    DeniedByUser,
    ServerNotAllowed,
    // tokens
    GrantTypeUnsupported,
    GrantTypeNotRegistered,
    VerifierMissing,
    VerifierMalformed,
    VerifierWrong,
    CodeUnknown,
    CodeExpired,
    CodeReplayed,
    CodeOfAnotherClient,
    CodeGuessedTooOften,
    RedirectUriDiffers,
    RefreshTokenUnknown,
    RefreshTokenExpired,
    RefreshTokenReused,
    RefreshTokenOfAnotherClient,
    GrantEnded,
    ScopeBeyondGrant,
    // resources
    ResourceUnknown,
    ResourceMissing,
    ResourceNotGranted,
    // bearer tokens
    NoCredentials,
    CredentialsMalformed,
    TokenUnknown,
    TokenExpired,
    TokenEnded,
    TokenForAnotherResource,
    // MCP
    SessionOfAnother,
    // ourselves
    Unavailable,
    Internal,
}

impl Refusal {
    /// The table. Exhaustive: a new refusal does not compile without a line here.
    pub fn wire(&self) -> Wire {
        use ErrorCode as E;
        let (code, status, description) = match self {
            Self::NotAForm => (E::InvalidRequest, 415, "send application/x-www-form-urlencoded in the body"),
            Self::MalformedForm => (E::InvalidRequest, 400, "the form is malformed"),
            Self::ParameterMissing(name) => return parameter(name, "is missing"),
            Self::ParameterRepeated(name) => return parameter(name, "must be sent once"),
            Self::ParameterTooLong(name) => return parameter(name, "is too long"),

            Self::ClientUnknown | Self::ClientSecretMissing | Self::ClientSecretWrong | Self::BasicMalformed => {
                (E::InvalidClient, 401, "client authentication failed")
            }
            Self::AssertionUnsupported => (E::InvalidClient, 401, "client assertions are not supported"),
            Self::TwoClientCredentials => (E::InvalidRequest, 400, "send client credentials in one way only"),

            Self::NotJson => (E::InvalidClientMetadata, 415, "send application/json"),
            Self::MalformedMetadata => (E::InvalidClientMetadata, 400, "the client metadata is not a JSON object as RFC 7591 describes it"),
            Self::RedirectUri(problem) => (E::InvalidRedirectUri, 400, problem.describe()),
            Self::ClientName => {
                (E::InvalidClientMetadata, 400, "client_name must be at most 120 printable characters and not the name of this server")
            }
            Self::MetadataField(name) => {
                return Wire { code: E::InvalidClientMetadata, status: 400, description: format!("{name} is not acceptable").into() };
            }
            Self::TooManyClients => (E::TemporarilyUnavailable, 503, "no more clients can be registered now"),

            Self::RedirectUriUnregistered => (E::InvalidRequest, 400, "redirect_uri is not registered for this client"),
            Self::ResponseTypeUnsupported => (E::UnsupportedResponseType, 400, "only response_type=code is supported"),
            Self::ResponseModeUnsupported => (E::InvalidRequest, 400, "only response_mode=query is supported"),
            Self::RequestObjectUnsupported => (E::RequestNotSupported, 400, "request objects are not supported"),
            Self::ChallengeMissing => (E::InvalidRequest, 400, "code_challenge is required"),
            Self::ChallengeMethodUnsupported => {
                (E::InvalidRequest, 400, "transform algorithm not supported, use code_challenge_method=S256")
            }
            Self::ChallengeMalformed => (E::InvalidRequest, 400, "code_challenge is not an S256 challenge"),
            Self::ConsentRequired => (E::ConsentRequired, 400, "the user has to be asked"),
            Self::DeniedByUser => (E::AccessDenied, 403, "the user denied the request"),
            Self::ServerNotAllowed => (E::AccessDenied, 403, "the user may not use this server"),

            Self::GrantTypeUnsupported => (E::UnsupportedGrantType, 400, "the grant type is not supported"),
            Self::GrantTypeNotRegistered => (E::UnauthorizedClient, 400, "the client did not register this grant type"),
            Self::VerifierMissing => (E::InvalidRequest, 400, "code_verifier is missing"),
            Self::VerifierMalformed => (E::InvalidRequest, 400, "code_verifier must be 43 to 128 unreserved characters"),
            Self::CodeUnknown
            | Self::CodeExpired
            | Self::CodeReplayed
            | Self::CodeOfAnotherClient
            | Self::CodeGuessedTooOften
            | Self::VerifierWrong
            | Self::RedirectUriDiffers => (E::InvalidGrant, 400, "the authorization code is not valid"),
            Self::RefreshTokenUnknown | Self::RefreshTokenExpired | Self::RefreshTokenReused | Self::RefreshTokenOfAnotherClient => {
                (E::InvalidGrant, 400, "the refresh token is not valid")
            }
            Self::GrantEnded => (E::InvalidGrant, 400, "the grant has ended"),
            Self::ScopeBeyondGrant => (E::InvalidScope, 400, "the scope exceeds what was granted"),

            Self::ResourceUnknown => (E::InvalidTarget, 400, "the resource is not served here"),
            Self::ResourceMissing => (E::InvalidTarget, 400, "several resources are served here, name one with the resource parameter"),
            Self::ResourceNotGranted => (E::InvalidTarget, 400, "the resource was not granted"),

            Self::NoCredentials => (E::InvalidToken, 401, "an access token is required"),
            Self::CredentialsMalformed => (E::InvalidRequest, 400, "send one Authorization header with one bearer token"),
            Self::TokenUnknown | Self::TokenEnded => (E::InvalidToken, 401, "the access token is not valid"),
            Self::TokenExpired => (E::InvalidToken, 401, "the access token has expired"),
            Self::TokenForAnotherResource => (E::InvalidToken, 401, "the access token is for another resource"),

            Self::SessionOfAnother => (E::InvalidRequest, 404, "the session does not exist"),

            Self::Unavailable => (E::TemporarilyUnavailable, 503, "the server is busy, try again"),
            Self::Internal => (E::ServerError, 500, "the server could not complete the request"),
        };
        Wire { code, status, description: description.into() }
    }
}

fn parameter(name: &str, what: &str) -> Wire {
    Wire { code: ErrorCode::InvalidRequest, status: 400, description: format!("{name} {what}").into() }
}

impl RedirectProblem {
    /// What the developer of the client should change.
    pub fn describe(self) -> &'static str {
        match self {
            Self::Missing => "redirect_uris must be a list of at least one URI",
            Self::TooMany => "at most 10 redirect URIs can be registered",
            Self::TooLong => "a redirect URI has at most 500 characters",
            Self::NotCanonical => "a redirect URI must be absolute and in normal form",
            Self::UserInfo => "a redirect URI must not carry user information",
            Self::Fragment => "a redirect URI must not carry a fragment",
            Self::PlainHttp => "a redirect URI must be https unless it is a loopback address",
            Self::Host => "a redirect URI must name a public host",
            Self::Scheme => "the scheme of the redirect URI is not allowed",
            Self::ResponseParameter => "a redirect URI must not carry parameters of the authorization response",
            Self::Ourselves => "a redirect URI must not lead to this server",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptions_keep_to_the_characters_of_the_rfc() {
        for refusal in [
            Refusal::NotAForm,
            Refusal::ParameterMissing("code"),
            Refusal::ClientName,
            Refusal::ResourceMissing,
            Refusal::MetadataField("logo_uri"),
        ] {
            let text = refusal.wire().description;
            assert!(text.bytes().all(|byte| matches!(byte, 0x20..=0x21 | 0x23..=0x5B | 0x5D..=0x7E)), "{text}");
            assert!(!text.contains("scope=") && !text.contains("resource_metadata="), "{text}");
        }
    }

    #[test]
    fn a_dead_refresh_token_is_an_invalid_grant_and_never_an_invalid_client() {
        for refusal in [Refusal::RefreshTokenUnknown, Refusal::RefreshTokenReused, Refusal::GrantEnded] {
            let wire = refusal.wire();
            assert_eq!((wire.code, wire.status), (ErrorCode::InvalidGrant, 400));
        }
    }
}
