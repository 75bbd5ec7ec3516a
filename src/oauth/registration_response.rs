//! What a client that registers itself is told (RFC 7591 §3.2.1, RFC 7592 §3).

use super::client::{Client, GrantType};
use super::secret::{ClientSecret, RegistrationAccessToken, Secret};
use serde_json::{Map, Value, json};

/// What a client is told once and nobody else ever is.
#[derive(Default)]
pub struct Issued {
    /// For a confidential client.
    pub secret: Option<Secret<ClientSecret>>,
    /// For a client whose registration is its own alone.
    pub registration_token: Option<Secret<RegistrationAccessToken>>,
}

/// The answer (RFC 7591 §3.2.1, RFC 7592 §3): everything as registered, and what was issued.
pub fn response(client: &Client, issued: &Issued, issuer: &str) -> Value {
    let mut body = Map::new();
    body.insert("client_id".into(), json!(client.id.as_str()));
    body.insert("client_id_issued_at".into(), json!(client.created_at.0));
    if let Some(secret) = &issued.secret {
        body.insert("client_secret".into(), json!(secret.reveal()));
        body.insert("client_secret_expires_at".into(), json!(0));
    }
    if let Some(token) = &issued.registration_token {
        body.insert("registration_access_token".into(), json!(token.reveal()));
        body.insert("registration_client_uri".into(), json!(format!("{issuer}/register/{}", client.id)));
    }
    body.insert("redirect_uris".into(), json!(client.redirect_uris));
    body.insert("token_endpoint_auth_method".into(), json!(client.auth_method.as_str()));
    body.insert("grant_types".into(), json!(client.grant_types.iter().map(|grant| grant.as_str()).collect::<Vec<_>>()));
    let by_redirect = client.grant_types.contains(&GrantType::AuthorizationCode);
    body.insert("response_types".into(), if by_redirect { json!(["code"]) } else { json!([]) });
    let texts = [
        ("client_name", &client.name),
        ("scope", &client.scope),
        ("application_type", &client.application_type),
        ("client_uri", &client.client_uri),
        ("logo_uri", &client.logo_uri),
        ("software_id", &client.software.0),
        ("software_version", &client.software.1),
    ];
    for (name, text) in texts {
        if let Some(text) = text.as_deref().filter(|text| !text.is_empty()) {
            body.insert(name.into(), json!(text));
        }
    }
    Value::Object(body)
}
