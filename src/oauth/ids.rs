//! Names of things: opaque, never guessed from one another, each with its own type.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use std::fmt;

/// 128 random bits, to be spent on one identifier.
pub type IdBits = [u8; 16];

/// How the ids of clients begin.
const CLIENT: &str = "client_";

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub struct $name(String);
        impl $name {
            /// A new identifier from fresh bits.
            pub fn mint(bits: IdBits) -> Self {
                Self(format!("{}{}", $prefix, URL_SAFE_NO_PAD.encode(bits)))
            }
            /// Takes an identifier as a peer or the store names it; whether it exists is another question.
            pub fn known_as(text: &str) -> Self {
                Self(text.to_owned())
            }
            /// The text on the wire and in the store.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

ids! {
    /// RFC 6749 §2.2. Never begins with `https://`, which is how a metadata document's URL is told apart.
    ClientId = CLIENT;
    /// An account; stays the same when the account is renamed.
    UserId = "user_";
    /// One grant: user × client × server × scopes.
    ConnectionId = "conn_";
    /// An API key, as lists and commands call it. It opens nothing.
    KeyId = "key_";
}

impl ClientId {
    /// True when it begins like one that we hand out.
    pub fn begins_like_ours(&self) -> bool {
        self.0.starts_with(CLIENT)
    }

    /// True for the form of those that we hand out. Whether we did is another question.
    pub fn is_of_our_form(&self) -> bool {
        let body = self.0.strip_prefix(CLIENT).and_then(|body| URL_SAFE_NO_PAD.decode(body).ok());
        body.is_some_and(|bits| bits.len() == size_of::<IdBits>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_need_no_encoding_anywhere() {
        let id = ClientId::mint([255; 16]);
        assert!(id.as_str().starts_with("client_"));
        assert!(id.as_str().bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
    }

    #[test]
    fn an_identifier_is_never_taken_for_the_address_of_a_metadata_document() {
        for bits in [[0; 16], [255; 16], [0x68; 16]] {
            assert!(!ClientId::mint(bits).as_str().starts_with("https:"));
        }
    }

    #[test]
    fn each_kind_says_what_it_is_and_keeps_all_its_bits() {
        assert!(UserId::mint([1; 16]).as_str().starts_with("user_"));
        assert!(ConnectionId::mint([1; 16]).as_str().starts_with("conn_"));
        assert_ne!(ClientId::mint([1; 16]), ClientId::mint([2; 16]));
        assert_eq!(ClientId::mint([1; 16]).as_str().len(), "client_".len() + 22);
    }

    #[test]
    fn what_a_peer_names_is_kept_as_it_came() {
        for text in ["", "client_x", "a b\u{fc}"] {
            assert_eq!(ClientId::known_as(text).to_string(), text);
        }
    }

    #[test]
    fn a_client_id_of_ours_is_told_by_its_form() {
        assert!(ClientId::mint([7; 16]).is_of_our_form() && ClientId::mint([7; 16]).begins_like_ours());
        for text in ["client_", "client_x", "client_AQEBAQEBAQEBAQEBAQEBAQx", "client_AQEBAQEBAQEBAQEBAQEBA=", "abc", ""] {
            assert!(!ClientId::known_as(text).is_of_our_form(), "{text}");
        }
    }
}
