//! What a client is (RFC 7591 §2).

use super::ids::ClientId;
use super::redirect_uri::RegisteredBy;
use super::secret::{ClientSecret, RegistrationAccessToken, TokenHash};
use crate::clock::UnixTime;
use serde::{Deserialize, Serialize};

/// A registered client. A stored record: frozen once released.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Client {
    /// RFC 6749 §2.2.
    pub id: ClientId,
    /// What it calls itself.
    pub name: Option<String>,
    /// Where answers may go, as raw text: stored and compared byte for byte.
    pub redirect_uris: Vec<String>,
    /// How it said it would authenticate.
    pub auth_method: AuthMethod,
    /// SHA-256 of its secret, for a confidential client.
    pub secret: Option<TokenHash<ClientSecret>>,
    /// SHA-256 of the token by which it manages its own registration (RFC 7592 §1.2), as long as the registration is its own
    /// alone.
    pub registration_token: Option<TokenHash<RegistrationAccessToken>>,
    /// The server, by its path, about whose tokens it may ask (RFC 7662): then it is a resource server and nothing else.
    pub introspects: Option<String>,
    /// The grants it registered.
    pub grant_types: Vec<GrantType>,
    /// The `scope` it registered, echoed and not enforced: what counts is what the user grants.
    pub scope: Option<String>,
    /// `native`, `web` or what else it sent; echoed and not enforced.
    pub application_type: Option<String>,
    /// Its home page; never fetched.
    pub client_uri: Option<String>,
    /// Its picture; never fetched.
    pub logo_uri: Option<String>,
    /// `software_id` and `software_version`, echoed.
    pub software: (Option<String>, Option<String>),
    /// Who brought it here.
    pub origin: ClientOrigin,
    /// When.
    pub created_at: UnixTime,
    /// When it last changed what it says of itself (RFC 7592 §2.2).
    pub changed_at: Option<UnixTime>,
}

impl Client {
    /// A client with a secret must use it everywhere (RFC 6749 §2.1).
    pub fn is_confidential(&self) -> bool {
        self.secret.is_some()
    }

    /// What people are shown when it did not say what it is called.
    pub fn display_name(&self) -> &str {
        self.name.as_deref().unwrap_or("An application without a name")
    }
}

/// RFC 7591 §2 `token_endpoint_auth_method`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AuthMethod {
    /// A public client.
    None,
    /// The secret in the body.
    ClientSecretPost,
    /// The secret in an `Authorization: Basic` header.
    ClientSecretBasic,
}

impl AuthMethod {
    /// Every method there is, in the order in which metadata lists them.
    pub const ALL: [Self; 3] = [Self::None, Self::ClientSecretPost, Self::ClientSecretBasic];

    /// The registered name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::ClientSecretPost => "client_secret_post",
            Self::ClientSecretBasic => "client_secret_basic",
        }
    }

    /// Reads the registered name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.as_str() == text)
    }
}

/// Which kinds of clients an owner lets in (RFC 6749 §2.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClientKinds {
    /// Public ones and those with a secret.
    #[default]
    All,
    /// Public ones alone.
    PublicOnly,
}

impl ClientKinds {
    /// How they may authenticate, in the order in which metadata lists it.
    pub fn methods(self) -> &'static [AuthMethod] {
        match self {
            Self::All => &AuthMethod::ALL,
            Self::PublicOnly => &[AuthMethod::None],
        }
    }

    /// True for a client of these kinds. One that got its secret before the owner decided is not let in without it: whoever
    /// has its tokens would need nothing more to renew them. A resource server is no client in this sense: it gets no tokens.
    pub fn admit(self, client: &Client) -> bool {
        match self {
            Self::All => true,
            Self::PublicOnly => !client.is_confidential() || client.introspects.is_some(),
        }
    }
}

/// RFC 7591 §2 `grant_types`, those that this server knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum GrantType {
    /// RFC 6749 §4.1.
    AuthorizationCode,
    /// RFC 6749 §6.
    RefreshToken,
    /// RFC 8628 §3.4.
    DeviceCode,
}

impl GrantType {
    /// Every grant there is, in the order in which metadata lists them.
    pub const ALL: [Self; 3] = [Self::AuthorizationCode, Self::RefreshToken, Self::DeviceCode];
    /// What a client gets that does not say which it wants.
    pub const USUAL: [Self; 2] = [Self::AuthorizationCode, Self::RefreshToken];

    /// The registered name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AuthorizationCode => "authorization_code",
            Self::RefreshToken => "refresh_token",
            Self::DeviceCode => "urn:ietf:params:oauth:grant-type:device_code",
        }
    }

    /// Reads the registered name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|grant| grant.as_str() == text)
    }
}

/// Who brought a client here. The consent page says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ClientOrigin {
    /// It registered itself (RFC 7591).
    Dynamic,
    /// An owner entered it.
    Manual,
    /// A user let it in again under the id it came with, recognised by where its answers go
    /// ([`super::known_clients::adoptable`]).
    Known,
}

impl ClientOrigin {
    /// By whose word its redirect URIs are here.
    pub fn registered_by(self) -> RegisteredBy {
        match self {
            Self::Manual => RegisteredBy::Owner,
            Self::Dynamic | Self::Known => RegisteredBy::Stranger,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::fixtures::{client, confidential, secret};

    #[test]
    fn a_client_is_confidential_by_its_secret_and_not_by_what_it_said() {
        assert!(!client("a").is_confidential());
        assert!(confidential("a", &secret(1)).is_confidential());
        assert!(!Client { auth_method: AuthMethod::ClientSecretBasic, ..client("a") }.is_confidential());
    }

    #[test]
    fn where_only_public_clients_are_let_in_one_with_a_secret_is_not() {
        let with_secret = confidential("a", &secret(1));
        assert!(ClientKinds::All.admit(&with_secret) && ClientKinds::All.admit(&client("a")));
        assert!(!ClientKinds::PublicOnly.admit(&with_secret) && ClientKinds::PublicOnly.admit(&client("a")));
        assert!(ClientKinds::PublicOnly.admit(&Client { introspects: Some("/notes".into()), ..with_secret }));
        assert_eq!((ClientKinds::All.methods().len(), ClientKinds::PublicOnly.methods()), (3, [AuthMethod::None].as_slice()));
    }

    #[test]
    fn every_registered_name_is_read_back() {
        for method in AuthMethod::ALL {
            assert_eq!(AuthMethod::parse(method.as_str()), Some(method));
        }
        for grant in GrantType::ALL {
            assert_eq!(GrantType::parse(grant.as_str()), Some(grant));
        }
    }

    #[test]
    fn a_name_that_is_nearly_right_is_not_known() {
        for text in ["", "None", "none ", "client_secret_jwt", "private_key_jwt", "tls_client_auth"] {
            assert_eq!(AuthMethod::parse(text), None, "{text}");
        }
        for text in ["", "code", "implicit", "password", "client_credentials", "Authorization_Code"] {
            assert_eq!(GrantType::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_client_without_a_name_is_still_called_something() {
        assert_eq!(client("a").display_name(), "Test client");
        assert!(!Client { name: None, ..client("a") }.display_name().is_empty());
    }
}
