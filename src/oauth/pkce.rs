//! Proof Key for Code Exchange, S256 only (RFC 7636, OAuth 2.1 §7.5), and the one exception that an owner can make.

use super::error::Refusal;
use super::redirect_rules::RedirectRules;
use super::redirect_uri::Destination;
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

/// How a code is tied to whoever asked for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Pkce {
    /// RFC 7636 §4.2.
    S256(Challenge),
    /// Not at all: the owner excepted the host that the code goes to.
    Exempt,
}

impl Pkce {
    /// Reads `code_challenge` and `code_challenge_method`. With an exemption both may be left out; one that is sent counts.
    ///
    /// # Errors
    /// As [`Challenge::parse`].
    pub fn asked(challenge: Option<&str>, method: Option<&str>, exemption: Option<Exemption>) -> Result<Self, Refusal> {
        match (challenge, method, exemption) {
            (None, None, Some(_)) => Ok(Self::Exempt),
            _ => Challenge::parse(challenge, method).map(Self::S256),
        }
    }
}

/// Proof that the owner lets codes for a host go without PKCE. Made by [`Exemption::of`] alone.
#[derive(Clone, Copy, Debug)]
pub struct Exemption(());

impl Exemption {
    /// The exemption of a destination: a site that the owner named, never this device.
    pub fn of(destination: &Destination, rules: &RedirectRules) -> Option<Self> {
        match destination {
            Destination::Web { host } => rules.is_without_pkce(host).then_some(Self(())),
            Destination::Loopback { .. } | Destination::Application { .. } => None,
        }
    }
}

/// Proof that whoever redeems a code is who asked for it. Made by [`verify`], and by [`exempt`] where an owner does
/// without that proof.
#[derive(Clone, Copy, Debug)]
pub struct PkceVerified(());

/// Whether whoever redeems a code is who asked for it.
///
/// # Errors
/// [`Refusal::VerifierMissing`], [`Refusal::VerifierWrong`]; [`Refusal::VerifierUnasked`] for a verifier with a code that
/// was asked for without a challenge, where somebody may have taken the challenge away (RFC 9700 §4.8.2).
pub fn prove(pkce: &Pkce, verifier: Option<&Verifier>, exemption: Option<Exemption>) -> Result<PkceVerified, Refusal> {
    match (pkce, verifier) {
        (Pkce::S256(challenge), Some(verifier)) => verify(verifier, challenge),
        (Pkce::S256(_), None) => Err(Refusal::VerifierMissing),
        (Pkce::Exempt, Some(_)) => Err(Refusal::VerifierUnasked),
        (Pkce::Exempt, None) => exemption.map(exempt).ok_or(Refusal::VerifierMissing),
    }
}

/// Deviates from OAuth 2.1 §7.5 because an owner said so, for a host that cannot do it.
fn exempt(_: Exemption) -> PkceVerified {
    PkceVerified(())
}

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
    use crate::oauth::fixtures::rules;
    use crate::oauth::redirect_uri;

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

    fn exemption(uri: &str) -> Option<Exemption> {
        let rules = rules().without_pkce(vec!["old.test".into(), "localhost".into(), "x".into()]);
        Exemption::of(&redirect_uri::destination(uri), &rules)
    }

    #[test]
    fn only_a_site_that_was_named_is_exempt() {
        assert!(exemption("https://old.test/cb").is_some());
        for uri in [
            "https://client.test/cb",
            "https://old.test:8443/cb",
            "https://x.old.test/cb",
            "http://localhost/cb",
            "x://x/cb",
            "http://old.test/",
        ] {
            assert!(exemption(uri).is_none(), "{uri}");
        }
        assert!(Exemption::of(&redirect_uri::destination("https://old.test/cb"), &rules()).is_none());
    }

    #[test]
    fn an_exempt_host_may_leave_the_challenge_out_and_one_that_is_sent_counts() {
        let exemption = exemption("https://old.test/cb");
        assert_eq!(Pkce::asked(None, None, exemption), Ok(Pkce::Exempt));
        assert_eq!(Pkce::asked(None, None, None), Err(Refusal::ChallengeMissing));
        assert!(matches!(Pkce::asked(Some(CHALLENGE), Some("S256"), exemption), Ok(Pkce::S256(_))));
        assert_eq!(Pkce::asked(Some(CHALLENGE), Some("plain"), exemption), Err(Refusal::ChallengeMethodUnsupported));
        assert_eq!(Pkce::asked(None, Some("S256"), exemption), Err(Refusal::ChallengeMissing));
    }

    #[test]
    fn challenge_and_verifier_come_together_or_not_at_all() {
        let verifier = Verifier::parse(Some(VERIFIER)).unwrap();
        let challenged = Pkce::S256(Challenge::parse(Some(CHALLENGE), Some("S256")).unwrap());
        let exemption = exemption("https://old.test/cb");
        assert!(prove(&challenged, Some(&verifier), None).is_ok());
        assert_eq!(prove(&challenged, None, exemption).unwrap_err(), Refusal::VerifierMissing);
        assert!(prove(&Pkce::Exempt, None, exemption).is_ok());
        assert_eq!(prove(&Pkce::Exempt, None, None).unwrap_err(), Refusal::VerifierMissing);
        assert_eq!(prove(&Pkce::Exempt, Some(&verifier), exemption).unwrap_err(), Refusal::VerifierUnasked);
    }
}
