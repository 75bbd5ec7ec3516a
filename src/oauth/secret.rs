//! Secrets that we hand out, and the hashes under which we remember them.
//!
//! A secret is 256 bits of chance behind a prefix that says what it is and before a checksum that makes a typo, or a
//! string that merely looks alike, recognisable without a look-up. Only its SHA-256 is ever stored.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;
use std::marker::PhantomData;

/// What a secret is good for. The kinds never stand for one another: each has its own prefix, type and table.
pub trait Kind {
    /// The first characters of every secret of the kind.
    const PREFIX: &'static str;
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name {}
        impl Kind for $name {
            const PREFIX: &'static str = $prefix;
        }
    )*};
}

kinds! {
    /// RFC 6749 §1.4.
    AccessToken = "dwat_";
    /// RFC 6749 §1.5.
    RefreshToken = "dwrt_";
    /// RFC 6749 §1.3.1.
    AuthorizationCode = "dwac_";
    /// RFC 6749 §2.3.1.
    ClientSecret = "dwcs_";
    /// A browser that signed in.
    Session = "dwss_";
    /// An authorization request waiting for consent.
    Flow = "dwfl_";
    /// RFC 8628 §3.2.
    DeviceCode = "dwdc_";
    /// RFC 7592 §1.2.
    RegistrationAccessToken = "dwrg_";
    /// What a script shows instead of an access token.
    ApiKey = "dwky_";
    /// The one-time link of the first run.
    SetupLink = "dwsl_";
    /// The one-time link with which a person chooses a password.
    InvitationLink = "dwin_";
}

const BODY: usize = 43;
const CHECKSUM: usize = 6;

/// 256 random bits, to be spent on one secret.
pub struct Entropy([u8; 32]);

impl Entropy {
    /// Takes the bits as drawn by `random`.
    pub fn new(bits: [u8; 32]) -> Self {
        Self(bits)
    }
}

/// A secret in the clear. It has no `Display`, no `Serialize` and no `PartialEq`; its `Debug` says nothing.
pub struct Secret<K: Kind> {
    text: String,
    kind: PhantomData<K>,
}

impl<K: Kind> Secret<K> {
    /// A new secret.
    pub fn mint(entropy: &Entropy) -> Self {
        Self::from_bits(&entropy.0)
    }

    fn from_bits(bits: &[u8; 32]) -> Self {
        let body = URL_SAFE_NO_PAD.encode(bits);
        let check = checksum(K::PREFIX, &body);
        Self { text: format!("{}{body}{check}", K::PREFIX), kind: PhantomData }
    }

    /// Reads what a peer presented. Nothing when it is not of this kind or its checksum is wrong.
    pub fn parse(presented: &str) -> Option<Self> {
        let rest = presented.strip_prefix(K::PREFIX)?;
        if rest.len() != BODY + CHECKSUM || !rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_') {
            return None;
        }
        let (body, check) = rest.split_at(BODY);
        (checksum(K::PREFIX, body) == check).then(|| Self { text: presented.to_owned(), kind: PhantomData })
    }

    /// The text, for the one who is to have it. The only door out.
    pub fn reveal(&self) -> &str {
        &self.text
    }

    /// How it begins: enough for a person to tell it from their others, and of no use to anybody else.
    pub fn beginning(&self) -> String {
        self.text.chars().take(K::PREFIX.len() + 4).collect()
    }

    /// Under what it is stored and looked up.
    pub fn hash(&self) -> TokenHash<K> {
        TokenHash { digest: Sha256::digest(self.text.as_bytes()).into(), kind: PhantomData }
    }
}

impl<K: Kind> Clone for Secret<K> {
    fn clone(&self) -> Self {
        Self { text: self.text.clone(), kind: PhantomData }
    }
}

impl<K: Kind> fmt::Debug for Secret<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

fn checksum(prefix: &str, body: &str) -> String {
    let digest = Sha256::new().chain_update(prefix).chain_update(body).finalize();
    let mut check = URL_SAFE_NO_PAD.encode(digest);
    check.truncate(CHECKSUM);
    check
}

/// SHA-256 of a secret: worthless to a thief because the secret has 256 bits of chance in it.
#[derive(Serialize, Deserialize)]
#[serde(bound = "")]
pub struct TokenHash<K> {
    digest: [u8; 32],
    #[serde(skip)]
    kind: PhantomData<K>,
}

impl<K> TokenHash<K> {
    /// The bytes used as a key in the store.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.digest
    }

    /// Reads a key of the store back.
    pub fn from_bytes(digest: [u8; 32]) -> Self {
        Self { digest, kind: PhantomData }
    }
}

impl<K> Clone for TokenHash<K> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K> Copy for TokenHash<K> {}
impl<K> PartialEq for TokenHash<K> {
    fn eq(&self, other: &Self) -> bool {
        self.digest == other.digest
    }
}
impl<K> Eq for TokenHash<K> {}
impl<K> fmt::Debug for TokenHash<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[hash]")
    }
}

/// A key of this server, from which values are derived that must come out the same again without being stored.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerKey([u8; 32]);

impl ServerKey {
    /// Takes the bits as drawn by `random`, once in the life of a data directory.
    pub fn new(entropy: &Entropy) -> Self {
        Self(entropy.0)
    }

    /// A secret that follows from `parts`. `label` keeps one use of the key apart from every other.
    pub fn derive<K: Kind>(&self, label: &str, parts: &[&[u8]]) -> Secret<K> {
        Secret::from_bits(&self.authenticate(label, parts))
    }

    /// HMAC-SHA-256 over `label` and `parts`, each preceded by its length so that no two lists collide.
    pub fn authenticate(&self, label: &str, parts: &[&[u8]]) -> [u8; 32] {
        // RFC 2104 §2 pads a short key with zeros to the hash's block; done here, nothing can fail.
        let mut block = [0; 64];
        block[..32].copy_from_slice(&self.0);
        let mut mac = Hmac::<Sha256>::new(&block.into());
        for part in std::iter::once(label.as_bytes()).chain(parts.iter().copied()) {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }
}

impl fmt::Debug for ServerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(byte: u8) -> Secret<AccessToken> {
        Secret::mint(&Entropy::new([byte; 32]))
    }

    #[test]
    fn a_secret_is_read_back_and_a_typo_is_not() {
        let text = token(7).reveal().to_owned();
        assert!(Secret::<AccessToken>::parse(&text).is_some());
        for at in AccessToken::PREFIX.len()..text.len() {
            let mut typo = text.clone().into_bytes();
            typo[at] = if typo[at] == b'x' { b'y' } else { b'x' };
            assert!(Secret::<AccessToken>::parse(std::str::from_utf8(&typo).unwrap()).is_none(), "at {at}");
        }
    }

    #[test]
    fn one_kind_is_never_read_as_another() {
        let text = token(7).reveal().to_owned();
        assert!(Secret::<RefreshToken>::parse(&text).is_none());
        assert!(Secret::<RefreshToken>::parse(&text.replace("dwat_", "dwrt_")).is_none());
    }

    #[test]
    fn debug_output_holds_nothing_of_the_secret() {
        assert_eq!(format!("{:?} {:?}", token(7), ServerKey::new(&Entropy::new([9; 32]))), "[redacted] [redacted]");
    }

    #[test]
    fn derived_secrets_repeat_and_do_not_collide() {
        let key = ServerKey::new(&Entropy::new([9; 32]));
        let derive = |label, parts: &[&[u8]]| key.derive::<AccessToken>(label, parts).reveal().to_owned();
        assert_eq!(derive("a", &[b"x", b"y"]), derive("a", &[b"x", b"y"]));
        assert_ne!(derive("a", &[b"x", b"y"]), derive("a", &[b"xy", b""]));
        assert_ne!(derive("a", &[b"x"]), derive("b", &[b"x"]));
    }

    #[test]
    fn secrets_hold_only_characters_that_no_client_encodes() {
        let secret = token(255);
        assert!(secret.reveal().bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
    }

    #[test]
    fn two_secrets_differ_wherever_their_bits_do() {
        assert_ne!(token(1).reveal(), token(2).reveal());
        assert_ne!(token(1).hash(), token(2).hash());
        assert_eq!(token(1).hash(), token(1).clone().hash());
    }

    #[test]
    fn what_only_looks_like_a_secret_is_not_read() {
        let text = token(7).reveal().to_owned();
        let longer = format!("{text}A");
        let padded = format!(" {text}");
        let upper = text.to_uppercase();
        for other in ["", "dwat_", "dwat", &text[1..], &text[..text.len() - 1], &longer, &padded, &upper, &"x".repeat(100_000)] {
            assert!(Secret::<AccessToken>::parse(other).is_none(), "{other:.60}");
        }
        assert!(Secret::<AccessToken>::parse(&format!("dwat_{}", "\u{fc}".repeat(25))).is_none());
    }

    #[test]
    fn every_kind_has_a_prefix_of_its_own() {
        let prefixes = [
            AccessToken::PREFIX,
            RefreshToken::PREFIX,
            AuthorizationCode::PREFIX,
            ClientSecret::PREFIX,
            Session::PREFIX,
            Flow::PREFIX,
            DeviceCode::PREFIX,
            RegistrationAccessToken::PREFIX,
            ApiKey::PREFIX,
            SetupLink::PREFIX,
            InvitationLink::PREFIX,
        ];
        for (at, prefix) in prefixes.iter().enumerate() {
            assert!(prefix.starts_with("dw") && prefix.ends_with('_') && prefix.len() == 5, "{prefix}");
            assert!(!prefixes[at + 1..].contains(prefix), "{prefix}");
        }
    }

    #[test]
    fn a_hash_is_the_sha_256_of_the_whole_text() {
        let digest: [u8; 32] = Sha256::digest(token(7).reveal()).into();
        assert_eq!(token(7).hash().as_bytes(), &digest);
        assert_eq!(TokenHash::<AccessToken>::from_bytes(digest), token(7).hash());
        assert_eq!(format!("{:?}", token(7).hash()), "[hash]");
    }

    #[test]
    fn a_key_authenticates_as_rfc_2104_says() {
        let key = [0x0b; 32];
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
        for part in [&b"label"[..], b"part"] {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        let expected: [u8; 32] = mac.finalize().into_bytes().into();
        assert_eq!(ServerKey::new(&Entropy::new(key)).authenticate("label", &[b"part"]), expected);
    }

    #[test]
    fn a_derived_secret_is_as_good_as_a_minted_one() {
        let derived = ServerKey::new(&Entropy::new([9; 32])).derive::<AccessToken>("a", &[]);
        assert!(Secret::<AccessToken>::parse(derived.reveal()).is_some());
    }
}
