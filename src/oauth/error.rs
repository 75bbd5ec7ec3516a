//! Why something was refused, and the one table of what the peer is told about it.
//!
//! Rules say what happened ([`Refusal`]); [`Refusal::wire`] says which code, status and fixed text go out. No text here
//! repeats anything that a peer sent.

use super::limits::Wait;
use super::pause;
use std::borrow::Cow;

/// Registered error codes. RFC 6749 §4.1.2.1 and §5.2, RFC 6750 §3.1, RFC 7591 §3.2.2, RFC 8628 §3.5, RFC 8707 §2, OpenID Connect Core §3.1.2.6.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the code of the RFC")]
pub enum ErrorCode {
    AccessDenied,
    AuthorizationPending,
    ConsentRequired,
    ExpiredToken,
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
    SlowDown,
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
            Self::AuthorizationPending => "authorization_pending",
            Self::ConsentRequired => "consent_required",
            Self::ExpiredToken => "expired_token",
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
            Self::SlowDown => "slow_down",
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
    /// Leads where the owner of this server lets no answer go.
    NotListed,
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
    RegistrationTokenWrong,
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
    VerifierUnasked,
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
    // devices
    TooManyDevices,
    AnswerPending,
    DeviceTooSoon,
    AnswerDenied,
    DeviceCodeUnknown,
    DeviceCodeExpired,
    DeviceCodeReplayed,
    DeviceCodeOfAnotherClient,
    // polling
    StateTooShort,
    AnswerOver,
    // resources
    ResourceUnknown,
    ResourceMissing,
    ResourceRequired,
    ResourceNotGranted,
    // bearer tokens
    NoCredentials,
    CredentialsMalformed,
    TokenUnknown,
    TokenExpired,
    TokenEnded,
    TokenForAnotherResource,
    AnotherServerChosen,
    OpenIdNotGranted,
    // API keys
    KeyUnknown,
    KeyExpired,
    KeyEnded,
    KeyForAnotherServer,
    KeyScopeGone,
    // pauses
    ServerPaused,
    ServerPausedForNow,
    ClientPaused,
    // MCP
    SessionOfAnother,
    // ourselves
    TooManyRequests(Wait),
    Unavailable,
    Internal,
}

impl Refusal {
    /// The table. Exhaustive: a new refusal does not compile without a line here.
    #[expect(clippy::too_many_lines, reason = "a table, one line a row")]
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
            Self::RegistrationTokenWrong => (E::InvalidToken, 401, "the registration access token is not valid"),

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
            | Self::VerifierUnasked
            | Self::RedirectUriDiffers => (E::InvalidGrant, 400, "the authorization code is not valid"),
            Self::RefreshTokenUnknown | Self::RefreshTokenExpired | Self::RefreshTokenReused | Self::RefreshTokenOfAnotherClient => {
                (E::InvalidGrant, 400, "the refresh token is not valid")
            }
            Self::GrantEnded => (E::InvalidGrant, 400, "the grant has ended"),
            Self::ScopeBeyondGrant => (E::InvalidScope, 400, "the scope exceeds what was granted"),

            Self::TooManyDevices => (E::TemporarilyUnavailable, 503, "too many devices are waiting now"),
            Self::AnswerPending => (E::AuthorizationPending, 400, "the user has not answered yet"),
            Self::DeviceTooSoon => (E::SlowDown, 400, "wait five seconds longer between two requests"),
            Self::AnswerDenied => (E::AccessDenied, 400, "the user denied the request"),
            Self::StateTooShort => (E::InvalidRequest, 400, "state must be at least 22 characters that nobody can guess"),
            Self::AnswerOver => (E::ExpiredToken, 400, "the answer was fetched before, or too late"),
            Self::DeviceCodeExpired => (E::ExpiredToken, 400, "the device code has expired"),
            Self::DeviceCodeUnknown | Self::DeviceCodeReplayed | Self::DeviceCodeOfAnotherClient => {
                (E::InvalidGrant, 400, "the device code is not valid")
            }

            Self::ResourceUnknown => (E::InvalidTarget, 400, "the resource is not served here"),
            Self::ResourceMissing => (E::InvalidTarget, 400, "several resources are served here, name one with the resource parameter"),
            Self::ResourceRequired => (E::InvalidTarget, 400, "name one server with the resource parameter, by its exact address"),
            Self::ResourceNotGranted => (E::InvalidTarget, 400, "the resource was not granted"),

            Self::NoCredentials => (E::InvalidToken, 401, "an access token is required"),
            Self::CredentialsMalformed => (E::InvalidRequest, 400, "send one Authorization header with one bearer token"),
            Self::TokenUnknown | Self::TokenEnded => (E::InvalidToken, 401, "the access token is not valid"),
            Self::TokenExpired => (E::InvalidToken, 401, "the access token has expired"),
            Self::TokenForAnotherResource => (E::InvalidToken, 401, "the access token is for another resource"),
            Self::AnotherServerChosen => (E::InsufficientScope, 403, "the user chose another server for this access token"),
            Self::OpenIdNotGranted => (E::InsufficientScope, 403, "the access token was not granted openid"),

            Self::KeyUnknown | Self::KeyEnded => (E::InvalidToken, 401, "the API key is not valid"),
            Self::KeyExpired => (E::InvalidToken, 401, "the API key has expired"),
            Self::KeyForAnotherServer => (E::AccessDenied, 403, "the API key is for another server"),
            Self::KeyScopeGone => (E::InsufficientScope, 403, "the API key has no scope that this server offers"),

            Self::ServerPaused => (E::AccessDenied, 403, "the owner has paused this server, nothing has to be connected anew"),
            Self::ServerPausedForNow => {
                (E::TemporarilyUnavailable, 503, "the owner has paused this server, try again later, nothing has to be connected anew")
            }
            Self::ClientPaused => {
                (E::TemporarilyUnavailable, 503, "the owner has paused this app, try again later, nothing has to be connected anew")
            }

            Self::SessionOfAnother => (E::InvalidRequest, 404, "the session does not exist"),

            Self::TooManyRequests(_) => (E::TemporarilyUnavailable, 429, "too many requests, try again later"),
            Self::Unavailable => (E::TemporarilyUnavailable, 503, "the server is busy, try again"),
            Self::Internal => (E::ServerError, 500, "the server could not complete the request"),
        };
        Wire { code, status, description: description.into() }
    }

    /// How long the peer is asked to wait, where that is known (RFC 9110 §10.2.3).
    pub fn retry_after(&self) -> Option<Wait> {
        let paused = matches!(self, Self::ServerPausedForNow | Self::ClientPaused).then_some(pause::RETRY_AFTER);
        if let Self::TooManyRequests(wait) = self { Some(*wait) } else { paused }
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
            Self::NotListed => "the owner of this server has not allowed the host or scheme of the redirect URI",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::{redirect_uri, registration};
    use Refusal as R;

    const EVERY: [Refusal; 80] = [
        R::NotAForm,
        R::MalformedForm,
        R::ParameterMissing("code"),
        R::ParameterRepeated("code"),
        R::ParameterTooLong("state"),
        R::ClientUnknown,
        R::ClientSecretMissing,
        R::ClientSecretWrong,
        R::TwoClientCredentials,
        R::BasicMalformed,
        R::AssertionUnsupported,
        R::NotJson,
        R::MalformedMetadata,
        R::RedirectUri(RedirectProblem::Missing),
        R::ClientName,
        R::MetadataField("logo_uri"),
        R::TooManyClients,
        R::RegistrationTokenWrong,
        R::RedirectUriUnregistered,
        R::ResponseTypeUnsupported,
        R::ResponseModeUnsupported,
        R::RequestObjectUnsupported,
        R::ChallengeMissing,
        R::ChallengeMethodUnsupported,
        R::ChallengeMalformed,
        R::ConsentRequired,
        R::DeniedByUser,
        R::ServerNotAllowed,
        R::GrantTypeUnsupported,
        R::GrantTypeNotRegistered,
        R::VerifierMissing,
        R::VerifierMalformed,
        R::VerifierWrong,
        R::VerifierUnasked,
        R::CodeUnknown,
        R::CodeExpired,
        R::CodeReplayed,
        R::CodeOfAnotherClient,
        R::CodeGuessedTooOften,
        R::RedirectUriDiffers,
        R::RefreshTokenUnknown,
        R::RefreshTokenExpired,
        R::RefreshTokenReused,
        R::RefreshTokenOfAnotherClient,
        R::GrantEnded,
        R::ScopeBeyondGrant,
        R::TooManyDevices,
        R::AnswerPending,
        R::DeviceTooSoon,
        R::AnswerDenied,
        R::DeviceCodeUnknown,
        R::DeviceCodeExpired,
        R::DeviceCodeReplayed,
        R::DeviceCodeOfAnotherClient,
        R::StateTooShort,
        R::AnswerOver,
        R::ResourceUnknown,
        R::ResourceMissing,
        R::ResourceRequired,
        R::ResourceNotGranted,
        R::NoCredentials,
        R::CredentialsMalformed,
        R::TokenUnknown,
        R::TokenExpired,
        R::TokenEnded,
        R::TokenForAnotherResource,
        R::AnotherServerChosen,
        R::OpenIdNotGranted,
        R::KeyUnknown,
        R::KeyExpired,
        R::KeyEnded,
        R::KeyForAnotherServer,
        R::KeyScopeGone,
        R::ServerPaused,
        R::ServerPausedForNow,
        R::ClientPaused,
        R::SessionOfAnother,
        R::TooManyRequests(Wait::seconds(7)),
        R::Unavailable,
        R::Internal,
    ];

    const PROBLEMS: [RedirectProblem; 12] = [
        RedirectProblem::Missing,
        RedirectProblem::TooMany,
        RedirectProblem::TooLong,
        RedirectProblem::NotCanonical,
        RedirectProblem::UserInfo,
        RedirectProblem::Fragment,
        RedirectProblem::PlainHttp,
        RedirectProblem::Host,
        RedirectProblem::Scheme,
        RedirectProblem::ResponseParameter,
        RedirectProblem::Ourselves,
        RedirectProblem::NotListed,
    ];

    /// The variants of an enum of this file, as its own text names them.
    fn variants(name: &str) -> Vec<&'static str> {
        let body = include_str!("error.rs").split_once(&format!("pub enum {name} {{")).unwrap().1.split_once("\n}").unwrap().0;
        let lines = body.lines().map(str::trim).filter(|line| line.starts_with(|c: char| c.is_ascii_uppercase()));
        lines.map(|line| line.split(['(', ',']).next().unwrap()).collect()
    }

    /// RFC 6749 §5.2.
    fn is_description(text: &str) -> bool {
        !text.is_empty() && text.bytes().all(|byte| matches!(byte, 0x20..=0x21 | 0x23..=0x5B | 0x5D..=0x7E))
    }

    #[test]
    fn these_tests_know_every_refusal() {
        let known: Vec<String> = EVERY.iter().map(|refusal| format!("{refusal:?}").split('(').next().unwrap().to_owned()).collect();
        assert_eq!(known, variants("Refusal"));
        assert_eq!(PROBLEMS.map(|problem| format!("{problem:?}")).to_vec(), variants("RedirectProblem"));
    }

    #[test]
    fn descriptions_keep_to_the_characters_of_the_rfc() {
        for refusal in EVERY.into_iter().chain(PROBLEMS.map(R::RedirectUri)) {
            let text = refusal.wire().description;
            assert!(is_description(&text), "{refusal:?}: {text}");
        }
    }

    #[test]
    fn no_description_holds_a_word_that_clients_search_the_challenge_for() {
        for refusal in EVERY {
            let text = refusal.wire().description;
            for word in ["scope=", "resource_metadata=", "error=", "Bearer"] {
                assert!(!text.contains(word), "{refusal:?}: {text}");
            }
        }
    }

    #[test]
    fn every_problem_of_a_redirect_uri_has_a_text_of_its_own() {
        for (at, problem) in PROBLEMS.iter().enumerate() {
            let wire = R::RedirectUri(*problem).wire();
            assert_eq!((wire.code, wire.status), (ErrorCode::InvalidRedirectUri, 400));
            assert!(PROBLEMS[at + 1..].iter().all(|other| other.describe() != problem.describe()), "{problem:?}");
        }
    }

    #[test]
    fn limits_in_texts_are_the_limits() {
        assert!(RedirectProblem::TooMany.describe().contains(&redirect_uri::MAX_URIS.to_string()));
        assert!(RedirectProblem::TooLong.describe().contains(&redirect_uri::MAX_LENGTH.to_string()));
        assert!(R::ClientName.wire().description.contains(&registration::MAX_NAME.to_string()));
    }

    #[test]
    fn a_status_fits_its_code() {
        for refusal in EVERY {
            let Wire { code, status, .. } = refusal.wire();
            let fits = match code {
                ErrorCode::InvalidClient | ErrorCode::InvalidToken => status == 401,
                ErrorCode::InsufficientScope => status == 403,
                // RFC 8628 §3.5 puts it into an error of the token endpoint.
                ErrorCode::AccessDenied => matches!(status, 400 | 403),
                ErrorCode::ServerError => status == 500,
                ErrorCode::TemporarilyUnavailable => matches!(status, 429 | 503),
                ErrorCode::InvalidRequest => matches!(status, 400 | 404 | 415),
                ErrorCode::InvalidClientMetadata => matches!(status, 400 | 415),
                ErrorCode::AuthorizationPending
                | ErrorCode::ConsentRequired
                | ErrorCode::ExpiredToken
                | ErrorCode::SlowDown
                | ErrorCode::InvalidGrant
                | ErrorCode::InvalidRedirectUri
                | ErrorCode::InvalidScope
                | ErrorCode::InvalidTarget
                | ErrorCode::RequestNotSupported
                | ErrorCode::UnauthorizedClient
                | ErrorCode::UnsupportedGrantType
                | ErrorCode::UnsupportedResponseType => status == 400,
            };
            assert!(fits, "{refusal:?}: {status}");
        }
    }

    #[test]
    fn a_code_on_the_wire_is_its_name_in_small_letters() {
        for refusal in EVERY {
            let code = refusal.wire().code;
            assert_eq!(code.as_str().replace('_', ""), format!("{code:?}").to_ascii_lowercase());
        }
    }

    #[test]
    fn a_dead_refresh_token_is_an_invalid_grant_and_never_an_invalid_client() {
        for refusal in
            [R::RefreshTokenUnknown, R::RefreshTokenExpired, R::RefreshTokenReused, R::RefreshTokenOfAnotherClient, R::GrantEnded]
        {
            let wire = refusal.wire();
            assert_eq!((wire.code, wire.status), (ErrorCode::InvalidGrant, 400), "{refusal:?}");
        }
    }

    #[test]
    fn a_client_that_is_gone_is_exactly_invalid_client_so_that_it_registers_again() {
        assert_eq!((R::ClientUnknown.wire().code.as_str(), R::ClientUnknown.wire().status), ("invalid_client", 401));
    }

    #[test]
    fn whoever_asks_too_often_is_told_to_wait_and_never_that_something_is_wrong_with_their_token() {
        for refusal in EVERY {
            let paused = matches!(refusal, R::ServerPausedForNow | R::ClientPaused);
            assert_eq!(refusal.retry_after().is_some(), refusal.wire().status == 429 || paused, "{refusal:?}");
        }
        assert_eq!(R::TooManyRequests(Wait::seconds(7)).retry_after().map(Wait::as_secs), Some(7));
    }

    #[test]
    fn nothing_a_peer_sent_is_repeated() {
        assert_eq!(R::ParameterMissing("code").wire().description, "code is missing");
        assert_eq!(R::MetadataField("logo_uri").wire().description, "logo_uri is not acceptable");
    }

    #[test]
    fn a_method_that_is_refused_is_told_in_the_words_of_rfc_7636() {
        let wire = R::ChallengeMethodUnsupported.wire();
        assert!(wire.code == ErrorCode::InvalidRequest && wire.description.starts_with("transform algorithm not supported"));
    }
}
