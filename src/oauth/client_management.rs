//! How a client that registered itself reads, changes and removes its registration (RFC 7592).
//!
//! The registration access token is the client's whole authority here. A public client whose metadata was registered a
//! second time has none any more: the repetition was given the same client, and neither may manage what is the other's
//! too ([`super::registration::fingerprint`]).

use super::bearer;
use super::client::{Client, ClientKinds};
use super::error::Refusal;
use super::redirect_rules::RedirectRules;
use super::registration::{self, AcceptableMetadata, TakenNames};
use super::secret::{ClientSecret, RegistrationAccessToken, Secret};
use crate::clock::UnixTime;
use serde::Deserialize;
use serde::de::IgnoredAny;
use subtle::ConstantTimeEq;

/// Reads the token of a request.
///
/// # Errors
/// [`Refusal::NoCredentials`], [`Refusal::CredentialsMalformed`], and [`Refusal::RegistrationTokenWrong`] for a
/// credential of another kind.
pub fn token<'a>(authorization: impl Iterator<Item = &'a str>) -> Result<Secret<RegistrationAccessToken>, Refusal> {
    Secret::parse(bearer::credential(authorization)?).ok_or(Refusal::RegistrationTokenWrong)
}

/// Proof that a request comes from the client that its address names. Made by [`authorize`] alone.
#[derive(Debug)]
pub struct ManagedClient(Client);

impl ManagedClient {
    /// The client.
    pub fn client(&self) -> &Client {
        &self.0
    }
}

/// Whether the token is that of the client at the address.
///
/// # Errors
/// [`Refusal::RegistrationTokenWrong`], with one and the same answer for a client that is unknown, one that has no
/// token and one that has another (RFC 7592 §2.1 has 401 for the first of these too), so that nobody learns which
/// clients exist.
pub fn authorize(client: Option<Client>, token: &Secret<RegistrationAccessToken>) -> Result<ManagedClient, Refusal> {
    let client = client.ok_or(Refusal::RegistrationTokenWrong)?;
    let same = client.registration_token.is_some_and(|expected| token.hash().as_bytes().ct_eq(expected.as_bytes()).into());
    if same { Ok(ManagedClient(client)) } else { Err(Refusal::RegistrationTokenWrong) }
}

/// The members that an update has besides the metadata (RFC 7592 §2.2).
#[derive(Deserialize)]
struct Sent {
    client_id: Option<String>,
    client_secret: Option<String>,
    registration_access_token: Option<IgnoredAny>,
    registration_client_uri: Option<IgnoredAny>,
    client_secret_expires_at: Option<IgnoredAny>,
    client_id_issued_at: Option<IgnoredAny>,
}

/// New metadata for a client that has to be the one it names.
#[derive(Debug)]
pub struct Update {
    client_id: String,
    client_secret: Option<String>,
    metadata: AcceptableMetadata,
}

impl Update {
    /// The same as the owner allows it, as at registration ([`AcceptableMetadata::of_kinds`]).
    #[must_use]
    pub fn of_kinds(self, clients: ClientKinds) -> Self {
        Self { metadata: self.metadata.of_kinds(clients), ..self }
    }
}

/// Reads and judges an update, under the rules of a registration.
///
/// # Errors
/// Those of [`registration::parse`], and [`Refusal::MetadataField`] for a `client_id` that is missing and for members that
/// are ours to say.
pub fn parse(body: &[u8], rules: &RedirectRules, taken: &TakenNames<'_>) -> Result<Update, Refusal> {
    let metadata = registration::parse(body, rules, taken)?;
    let sent: Sent = serde_json::from_slice(body).map_err(|_| Refusal::MalformedMetadata)?;
    let ours = [
        ("registration_access_token", sent.registration_access_token),
        ("registration_client_uri", sent.registration_client_uri),
        ("client_secret_expires_at", sent.client_secret_expires_at),
        ("client_id_issued_at", sent.client_id_issued_at),
    ];
    if let Some((name, _)) = ours.iter().find(|(_, value)| value.is_some()) {
        return Err(Refusal::MetadataField(name));
    }
    let client_id = sent.client_id.ok_or(Refusal::MetadataField("client_id"))?;
    Ok(Update { client_id, client_secret: sent.client_secret, metadata })
}

/// The client as it is from now on: everything that was sent takes the place of everything there was. That it changed is
/// remembered, so that nobody takes a new name for one that has stood here for a year.
///
/// # Errors
/// [`Refusal::MetadataField`] for another client's id, for a secret that is not the one it has (a client cannot choose
/// its secret), and for a method that would make a public client of a confidential one or the other way round.
pub fn update(client: ManagedClient, update: &Update, now: UnixTime) -> Result<Client, Refusal> {
    let ManagedClient(client) = client;
    if update.client_id != client.id.as_str() {
        return Err(Refusal::MetadataField("client_id"));
    }
    if let Some(text) = &update.client_secret {
        let sent = Secret::<ClientSecret>::parse(text).map(|secret| secret.hash());
        let same = sent.zip(client.secret).is_some_and(|(sent, known)| sent.as_bytes().ct_eq(known.as_bytes()).into());
        if !same {
            return Err(Refusal::MetadataField("client_secret"));
        }
    }
    let new = update.metadata.clone().replace(&client)?;
    Ok(if new == client { client } else { Client { changed_at: Some(now), ..new } })
}

/// The challenge of a refusal (RFC 6750 §3). There is nothing to discover for it: the token came with the registration.
pub fn challenge(refusal: &Refusal) -> String {
    let wire = refusal.wire();
    if *refusal == Refusal::NoCredentials {
        return "Bearer".to_owned();
    }
    format!("Bearer error=\"{}\", error_description=\"{}\"", wire.code.as_str(), wire.description)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::client::{AuthMethod, ClientOrigin, GrantType};
    use crate::oauth::error::RedirectProblem;
    use crate::oauth::fixtures::{CALLBACK, NOW, client, confidential, rules, secret};
    use crate::oauth::secret::{AccessToken, Kind};
    use serde_json::{Value, json};

    fn known() -> Client {
        Client { registration_token: Some(secret::<RegistrationAccessToken>(1).hash()), ..client("c1") }
    }

    fn keeper() -> Client {
        Client { registration_token: known().registration_token, ..confidential("c1", &secret(2)) }
    }

    fn managed(client: Client) -> ManagedClient {
        authorize(Some(client), &secret(1)).unwrap()
    }

    /// A good update of `c1` with members added; those that are `null` were not sent.
    fn read(members: &Value) -> Result<Update, Refusal> {
        let mut body = json!({ "client_id": "c1", "redirect_uris": ["https://new.test/cb"], "client_name": "New" });
        for (name, value) in members.as_object().unwrap() {
            body[name] = value.clone();
        }
        parse(body.to_string().as_bytes(), &rules(), &TakenNames { servers: vec!["Notes"] })
    }

    fn updated(client: Client, members: &Value) -> Result<Client, Refusal> {
        update(managed(client), &read(members)?, NOW)
    }

    #[test]
    fn only_the_clients_own_token_proves_anything() {
        assert_eq!(managed(known()).client(), &known());
        let without = client("c1");
        for (client, byte) in [(Some(known()), 2), (Some(without), 1), (None, 1)] {
            assert_eq!(authorize(client, &secret(byte)).unwrap_err(), Refusal::RegistrationTokenWrong);
        }
        assert_eq!(Refusal::RegistrationTokenWrong.wire().status, 401);
    }

    fn field<K: Kind>() -> String {
        format!("Bearer {}", secret::<K>(1).reveal())
    }

    #[test]
    fn no_other_credential_is_read_as_a_registration_token() {
        assert!(token([field::<RegistrationAccessToken>().as_str()].into_iter()).is_ok());
        for wrong in [field::<AccessToken>(), field::<ClientSecret>(), "Bearer x".into()] {
            assert_eq!(token([wrong.as_str()].into_iter()).unwrap_err(), Refusal::RegistrationTokenWrong, "{wrong}");
        }
        assert_eq!(token(["Basic YTpi"].into_iter()).unwrap_err(), Refusal::NoCredentials);
        assert_eq!(token(std::iter::empty()).unwrap_err(), Refusal::NoCredentials);
    }

    #[test]
    fn what_is_sent_takes_the_place_of_what_there_was_and_who_it_is_stays() {
        let before = Client { scope: Some("read".into()), created_at: UnixTime(7), origin: ClientOrigin::Dynamic, ..known() };
        let after = updated(before.clone(), &json!({ "grant_types": ["authorization_code"] })).unwrap();
        let expected = Client {
            name: Some("New".into()),
            redirect_uris: vec!["https://new.test/cb".into()],
            grant_types: vec![GrantType::AuthorizationCode, GrantType::RefreshToken],
            scope: None,
            changed_at: Some(NOW),
            ..before
        };
        assert_eq!(after, expected);
        let again = update(managed(after.clone()), &read(&json!({ "grant_types": ["authorization_code"] })).unwrap(), UnixTime(9));
        assert_eq!(again, Ok(after), "the same again is no change");
    }

    #[test]
    fn the_secret_stays_and_cannot_be_chosen() {
        let its_own = secret::<ClientSecret>(2).reveal().to_owned();
        for sent in [json!({}), json!({ "client_secret": its_own }), json!({ "client_secret": null })] {
            assert_eq!(updated(keeper(), &sent).unwrap().secret, keeper().secret, "{sent}");
        }
        let another = secret::<ClientSecret>(3).reveal().to_owned();
        for sent in ["", "chosen", another.as_str(), &its_own[..20]] {
            let refused = updated(keeper(), &json!({ "client_secret": sent })).unwrap_err();
            assert_eq!(refused, Refusal::MetadataField("client_secret"), "{sent}");
        }
        assert!(updated(known(), &json!({ "client_secret": its_own })).is_err());
    }

    #[test]
    fn a_client_stays_public_or_confidential() {
        let method = |client: Client, method: &str| updated(client, &json!({ "token_endpoint_auth_method": method }));
        assert_eq!(method(keeper(), "client_secret_basic").unwrap().auth_method, AuthMethod::ClientSecretBasic);
        assert_eq!(updated(keeper(), &json!({})).unwrap().auth_method, AuthMethod::ClientSecretPost);
        assert_eq!(updated(known(), &json!({})).unwrap().auth_method, AuthMethod::None);
        assert_eq!(method(keeper(), "none").unwrap_err(), Refusal::MetadataField("token_endpoint_auth_method"));
        assert_eq!(method(known(), "client_secret_post").unwrap_err(), Refusal::MetadataField("token_endpoint_auth_method"));
    }

    #[test]
    fn an_update_names_its_own_client_and_says_nothing_that_is_ours_to_say() {
        for (sent, field) in [
            (json!({ "client_id": null }), "client_id"),
            (json!({ "client_id": "c2" }), "client_id"),
            (json!({ "client_id": "" }), "client_id"),
            (json!({ "registration_access_token": "x" }), "registration_access_token"),
            (json!({ "registration_client_uri": "https://evil.test/" }), "registration_client_uri"),
            (json!({ "client_secret_expires_at": 0 }), "client_secret_expires_at"),
            (json!({ "client_id_issued_at": 1 }), "client_id_issued_at"),
        ] {
            assert_eq!(updated(known(), &sent).unwrap_err(), Refusal::MetadataField(field), "{sent}");
        }
        assert_eq!(updated(known(), &json!({ "client_id": 7 })).unwrap_err(), Refusal::MalformedMetadata);
    }

    #[test]
    fn an_update_keeps_to_the_rules_of_a_registration() {
        let bad_uri = json!({ "redirect_uris": [CALLBACK, "http://evil.test/cb"] });
        assert_eq!(updated(known(), &bad_uri).unwrap_err(), Refusal::RedirectUri(RedirectProblem::PlainHttp));
        assert_eq!(updated(known(), &json!({ "client_name": "Notes" })).unwrap_err(), Refusal::ClientName);
        assert_eq!(updated(known(), &json!({ "redirect_uris": null })).unwrap_err(), Refusal::RedirectUri(RedirectProblem::Missing));
        for body in ["[]", "", "{\"client_id\":\"c1\",\"client_id\":\"c1\",\"redirect_uris\":[\"https://new.test/cb\"]}"] {
            assert_eq!(
                parse(body.as_bytes(), &rules(), &TakenNames { servers: vec![] }).unwrap_err(),
                Refusal::MalformedMetadata,
                "{body}"
            );
        }
    }

    #[test]
    fn the_challenge_says_what_was_wrong_and_nothing_where_nothing_was_sent() {
        assert_eq!(challenge(&Refusal::NoCredentials), "Bearer");
        assert_eq!(
            challenge(&Refusal::RegistrationTokenWrong),
            "Bearer error=\"invalid_token\", error_description=\"the registration access token is not valid\""
        );
    }
}
