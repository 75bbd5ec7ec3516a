//! Proof Key for Code Exchange, S256 only (RFC 7636, OAuth 2.1 §7.5).

use super::error::Refusal;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// An S256 code challenge: the SHA-256 that the verifier must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Challenge([u8; 32]);

impl Challenge {
    /// Reads `code_challenge` and `code_challenge_method`.
    ///
    /// # Errors
    /// An absent method means `plain` (RFC 7636 §4.3), which is refused like every other method but S256; a challenge
    /// that is not 43 characters of base64url is no S256 challenge.
    pub fn parse(challenge: Option<&str>, method: Option<&str>) -> Result<Self, Refusal> {
        let challenge = challenge.ok_or(Refusal::ChallengeMissing)?;
        if method != Some("S256") {
            return Err(Refusal::ChallengeMethodUnsupported);
        }
        let digest = URL_SAFE_NO_PAD.decode(challenge).map_err(|_| Refusal::ChallengeMalformed)?;
        digest.try_into().map(Self).map_err(|_| Refusal::ChallengeMalformed)
    }

    /// The `code_challenge` parameter that it came from.
    pub fn to_text(self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }
}

/// A `code_verifier` of the right form (RFC 7636 §4.1). Its `Debug` says nothing.
#[derive(Clone)]
pub struct Verifier(String);

impl Verifier {
    /// 43 to 128 unreserved characters.
    ///
    /// # Errors
    /// [`Refusal::VerifierMissing`], [`Refusal::VerifierMalformed`].
    pub fn parse(text: Option<&str>) -> Result<Self, Refusal> {
        let text = text.ok_or(Refusal::VerifierMissing)?;
        let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        let well_formed = (43..=128).contains(&text.len()) && text.bytes().all(unreserved);
        if well_formed { Ok(Self(text.to_owned())) } else { Err(Refusal::VerifierMalformed) }
    }
}

impl std::fmt::Debug for Verifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

/// Proof that whoever redeems a code is who asked for it. Made by [`verify`] alone.
#[derive(Clone, Copy, Debug)]
pub struct PkceVerified(());

/// RFC 7636 §4.6: `BASE64URL(SHA256(code_verifier)) == code_challenge`, compared in constant time.
///
/// # Errors
/// [`Refusal::VerifierWrong`].
pub fn verify(verifier: &Verifier, challenge: &Challenge) -> Result<PkceVerified, Refusal> {
    let digest = Sha256::digest(verifier.0.as_bytes());
    if bool::from(digest.as_slice().ct_eq(&challenge.0)) { Ok(PkceVerified(())) } else { Err(Refusal::VerifierWrong) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    #[test]
    fn the_example_of_rfc_7636_appendix_b_verifies() {
        let challenge = Challenge::parse(Some(CHALLENGE), Some("S256")).unwrap();
        assert!(verify(&Verifier::parse(Some(VERIFIER)).unwrap(), &challenge).is_ok());
    }

    #[test]
    fn another_verifier_does_not() {
        let challenge = Challenge::parse(Some(CHALLENGE), Some("S256")).unwrap();
        let other = Verifier::parse(Some(&VERIFIER.replace('k', "j"))).unwrap();
        assert_eq!(verify(&other, &challenge).unwrap_err(), Refusal::VerifierWrong);
    }

    #[test]
    fn any_method_but_s256_is_refused_and_never_read_as_plain() {
        for method in [None, Some("plain"), Some("s256"), Some("S256 "), Some("S512"), Some("S256,plain")] {
            assert_eq!(Challenge::parse(Some(CHALLENGE), method), Err(Refusal::ChallengeMethodUnsupported), "{method:?}");
        }
        assert_eq!(Challenge::parse(None, None), Err(Refusal::ChallengeMissing));
    }

    #[test]
    fn a_challenge_is_exactly_43_characters_of_base64url() {
        let padded = format!("{CHALLENGE}=");
        let long = format!("{CHALLENGE}A");
        for text in [&CHALLENGE[..42], &padded, &long, &CHALLENGE.replace('-', "+"), &CHALLENGE.replace('E', "\u{e9}"), &"A".repeat(128)] {
            assert_eq!(Challenge::parse(Some(text), Some("S256")), Err(Refusal::ChallengeMalformed), "{text}");
        }
    }

    #[test]
    fn verifiers_out_of_bounds_are_refused_before_hashing() {
        assert_eq!(Verifier::parse(None).unwrap_err(), Refusal::VerifierMissing);
        for text in
            [&VERIFIER[..42], &"a".repeat(129), &format!("{}\0", VERIFIER), &VERIFIER.replace('d', "\u{fc}"), &VERIFIER.replace('d', "+")]
        {
            assert_eq!(Verifier::parse(Some(text)).unwrap_err(), Refusal::VerifierMalformed, "{text:?}");
        }
    }

    #[test]
    fn a_challenge_with_bits_to_spare_is_no_sha_256() {
        for last in ['N', 'O', 'P', '9'] {
            let text = format!("{}{last}", &CHALLENGE[..42]);
            assert_eq!(Challenge::parse(Some(&text), Some("S256")), Err(Refusal::ChallengeMalformed), "{text}");
        }
    }

    #[test]
    fn the_challenge_itself_is_no_verifier() {
        let challenge = Challenge::parse(Some(CHALLENGE), Some("S256")).unwrap();
        assert!(verify(&Verifier::parse(Some(CHALLENGE)).unwrap(), &challenge).is_err());
    }

    #[test]
    fn verifiers_of_the_shortest_and_longest_form_are_read() {
        for text in ["~".repeat(43), "-._~".repeat(32)] {
            assert!(Verifier::parse(Some(&text)).is_ok(), "{text}");
        }
        assert_eq!(format!("{:?}", Verifier::parse(Some(VERIFIER)).unwrap()), "[redacted]");
    }
}
