//! The token that a client asks something about (RFC 7009 §2.1, RFC 7662 §2.1).

use super::error::Refusal;
use super::params::Params;
use super::secret::{AccessToken, ApiKey, RefreshToken, Secret};

/// What `token` holds, by its form.
#[derive(Debug)]
pub enum TokenParameter {
    /// An access token.
    Access(Secret<AccessToken>),
    /// A refresh token.
    Refresh(Secret<RefreshToken>),
    /// An API key, which is no client's.
    Key(Secret<ApiKey>),
    /// None of ours; that is no error (RFC 7009 §2.2, RFC 7662 §2.2).
    Foreign,
}

/// Reads `token`. `token_type_hint` is not needed: a token says itself what it is.
///
/// # Errors
/// A missing or repeated `token`.
pub fn parse(params: &Params) -> Result<TokenParameter, Refusal> {
    let text = params.required("token")?;
    let access = Secret::parse(text).map(TokenParameter::Access);
    let refresh = || Secret::parse(text).map(TokenParameter::Refresh);
    let key = || Secret::parse(text).map(TokenParameter::Key);
    Ok(access.or_else(refresh).or_else(key).unwrap_or(TokenParameter::Foreign))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::fixtures::{params, secret};
    use crate::oauth::secret::{ApiKey, AuthorizationCode, Kind};

    fn form<K: Kind>(hint: &str) -> Params {
        params(&format!("token={}{hint}", secret::<K>(1).reveal()))
    }

    #[test]
    fn a_token_says_itself_what_it_is_whatever_the_hint() {
        for hint in
            ["", "&token_type_hint=access_token", "&token_type_hint=refresh_token", "&token_type_hint=nonsense", "&token_type_hint="]
        {
            assert!(matches!(parse(&form::<AccessToken>(hint)), Ok(TokenParameter::Access(_))), "{hint}");
            assert!(matches!(parse(&form::<RefreshToken>(hint)), Ok(TokenParameter::Refresh(_))), "{hint}");
            assert!(matches!(parse(&form::<ApiKey>(hint)), Ok(TokenParameter::Key(_))), "{hint}");
        }
    }

    #[test]
    fn what_is_none_of_ours_is_no_error() {
        for token in ["x", "dwat_", "dwrt_short", "eyJhbGciOiJub25lIn0.e30."] {
            assert!(matches!(parse(&params(&format!("token={token}"))), Ok(TokenParameter::Foreign)), "{token}");
        }
        assert!(matches!(parse(&form::<AuthorizationCode>("")), Ok(TokenParameter::Foreign)));
    }

    #[test]
    fn a_token_is_needed_once() {
        assert_eq!(parse(&params("")).unwrap_err(), Refusal::ParameterMissing("token"));
        assert_eq!(parse(&params("token=")).unwrap_err(), Refusal::ParameterMissing("token"));
        assert_eq!(parse(&params("token=a&token=a")).unwrap_err(), Refusal::ParameterRepeated("token"));
    }

    #[test]
    fn a_token_in_a_log_shows_nothing() {
        let text = format!("{:?}", parse(&form::<AccessToken>("")).unwrap());
        assert!(!text.contains("dwat_"), "{text}");
    }
}
