//! Dynamic client registration (RFC 7591 §2, §3).

use super::client::{AuthMethod, Client, ClientOrigin, GrantType};
use super::error::{RedirectProblem, Refusal};
use super::ids::ClientId;
use super::redirect_uri::{self, MAX_URIS, RegisteredBy};
use super::secret::{ClientSecret, Secret};
use crate::clock::UnixTime;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use url::Url;

/// Longest `client_name`, in characters.
pub const MAX_NAME: usize = 120;
/// Longest of the other texts, in bytes.
const MAX_TEXT: usize = 1024;
/// Grants that would give tokens without a user's consent: asking for them is refused rather than overlooked.
const REFUSED_GRANTS: [&str; 3] = ["implicit", "password", "client_credentials"];
/// What we call ourselves.
const OUR_NAME: &str = "doorward";

/// The metadata as sent. A repeated member is an error, an unknown one is ignored (RFC 7591 §2).
#[derive(Deserialize)]
struct Sent {
    redirect_uris: Option<Value>,
    token_endpoint_auth_method: Option<String>,
    grant_types: Option<Vec<String>>,
    response_types: Option<Vec<String>>,
    client_name: Option<String>,
    client_uri: Option<String>,
    logo_uri: Option<String>,
    tos_uri: Option<String>,
    policy_uri: Option<String>,
    jwks_uri: Option<String>,
    scope: Option<String>,
    application_type: Option<String>,
    software_id: Option<String>,
    software_version: Option<String>,
}

/// Metadata that may be registered. Made by [`parse`] alone.
#[derive(Clone, Debug)]
pub struct AcceptableMetadata {
    redirect_uris: Vec<String>,
    auth_method: AuthMethod,
    grant_types: Vec<GrantType>,
    name: Option<String>,
    client_uri: Option<String>,
    logo_uri: Option<String>,
    scope: Option<String>,
    application_type: Option<String>,
    software: (Option<String>, Option<String>),
}

/// Names that a client may not bear as a word of its own name.
pub struct TakenNames<'a> {
    /// The protected servers' names.
    pub servers: Vec<&'a str>,
}

/// Reads and judges a registration request.
///
/// # Errors
/// [`Refusal::MalformedMetadata`], [`Refusal::RedirectUri`] for the first bad URI (one bad URI refuses the whole
/// request; none is dropped in silence), [`Refusal::ClientName`], [`Refusal::MetadataField`].
pub fn parse(body: &[u8], issuer: &str, taken: &TakenNames<'_>) -> Result<AcceptableMetadata, Refusal> {
    let sent: Sent = serde_json::from_slice(body).map_err(|_| Refusal::MalformedMetadata)?;
    let links = [
        ("client_uri", &sent.client_uri),
        ("logo_uri", &sent.logo_uri),
        ("tos_uri", &sent.tos_uri),
        ("policy_uri", &sent.policy_uri),
        ("jwks_uri", &sent.jwks_uri),
    ];
    for (field, link) in links {
        if link.as_deref().is_some_and(|link| !is_public_link(link)) {
            return Err(Refusal::MetadataField(field));
        }
    }
    let texts = [
        ("scope", &sent.scope),
        ("application_type", &sent.application_type),
        ("software_id", &sent.software_id),
        ("software_version", &sent.software_version),
    ];
    for (field, text) in texts {
        if text.as_deref().is_some_and(|text| text.len() > MAX_TEXT || !text.bytes().all(|byte| matches!(byte, 0x20..=0x7E))) {
            return Err(Refusal::MetadataField(field));
        }
    }
    if sent.response_types.is_some_and(|types| types.is_empty() || types.iter().any(|kind| kind != "code")) {
        return Err(Refusal::MetadataField("response_types"));
    }
    Ok(AcceptableMetadata {
        redirect_uris: redirect_uris(sent.redirect_uris, issuer)?,
        auth_method: auth_method(sent.token_endpoint_auth_method.as_deref())?,
        grant_types: grant_types(sent.grant_types)?,
        name: name(sent.client_name, taken)?,
        client_uri: sent.client_uri,
        logo_uri: sent.logo_uri,
        scope: sent.scope,
        application_type: sent.application_type,
        software: (sent.software_id, sent.software_version),
    })
}

fn redirect_uris(sent: Option<Value>, issuer: &str) -> Result<Vec<String>, Refusal> {
    let uris: Option<Vec<String>> = sent.and_then(|value| serde_json::from_value(value).ok());
    let uris = uris.filter(|uris| !uris.is_empty()).ok_or(Refusal::RedirectUri(RedirectProblem::Missing))?;
    if uris.len() > MAX_URIS {
        return Err(Refusal::RedirectUri(RedirectProblem::TooMany));
    }
    for uri in &uris {
        redirect_uri::registrable(uri, RegisteredBy::Stranger, issuer).map_err(Refusal::RedirectUri)?;
    }
    Ok(uris)
}

/// RFC 7591 §2 says that an absent method means `client_secret_basic`. Deviates: clients that leave it out understand
/// only `client_secret_post` in the answer.
fn auth_method(sent: Option<&str>) -> Result<AuthMethod, Refusal> {
    sent.map_or(Some(AuthMethod::ClientSecretPost), AuthMethod::parse).ok_or(Refusal::MetadataField("token_endpoint_auth_method"))
}

/// Known grants are kept, unknown ones left out. Every client may refresh: leaving `refresh_token` out is a habit and
/// not a wish to sign in every hour.
fn grant_types(sent: Option<Vec<String>>) -> Result<Vec<GrantType>, Refusal> {
    let Some(sent) = sent else { return Ok(GrantType::ALL.to_vec()) };
    if sent.iter().any(|grant| REFUSED_GRANTS.contains(&grant.as_str())) || !sent.iter().any(|grant| grant == "authorization_code") {
        return Err(Refusal::MetadataField("grant_types"));
    }
    Ok(GrantType::ALL
        .into_iter()
        .filter(|grant| sent.iter().any(|sent| sent == grant.as_str()) || *grant == GrantType::RefreshToken)
        .collect())
}

fn name(sent: Option<String>, taken: &TakenNames<'_>) -> Result<Option<String>, Refusal> {
    let Some(name) = sent.filter(|name| !name.is_empty()) else { return Ok(None) };
    let printable = name.chars().count() <= MAX_NAME && !name.chars().any(is_invisible) && name.trim() == name;
    if printable && !impersonates(&name, taken) { Ok(Some(name)) } else { Err(Refusal::ClientName) }
}

/// Control characters, and those that hide, reorder or take no room.
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{AD}' | '\u{61C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E0FFF}')
}

/// A server's name in brackets at the end is what Claude Code calls itself: it says what it connects to and does not
/// pretend to be it.
fn impersonates(name: &str, taken: &TakenNames<'_>) -> bool {
    let before_brackets = name.rsplit_once(" (").filter(|_| name.ends_with(')')).map_or(name, |(before, _)| before);
    has_words(name, OUR_NAME) || taken.servers.iter().any(|server| has_words(before_brackets, server))
}

/// Whether the words of `phrase` stand in `text` one after the other, whatever is around and between them.
fn has_words(text: &str, phrase: &str) -> bool {
    let words = |text: &str| -> Vec<String> {
        text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
    };
    let (text, phrase) = (words(text), words(phrase));
    !phrase.is_empty() && text.windows(phrase.len()).any(|window| window == phrase)
}

/// Links are shown at most as text and never fetched; still nothing but `https` to a named host is kept.
fn is_public_link(link: &str) -> bool {
    let url = Url::parse(link).ok().filter(|url| link.len() <= MAX_TEXT && url.scheme() == "https");
    url.is_some_and(|url| url.domain().is_some_and(|host| host.contains('.')) && url.username().is_empty() && url.password().is_none())
}

impl AcceptableMetadata {
    /// True when the client will need a secret.
    pub fn wants_secret(&self) -> bool {
        self.auth_method != AuthMethod::None
    }

    /// The same for the same metadata. A public client that registers again is given the id it has, so that clients
    /// which register on every connection do not fill the store; one with a secret cannot be, since only its hash is kept.
    pub fn fingerprint(&self) -> Option<[u8; 32]> {
        if self.wants_secret() {
            return None;
        }
        let grants: Vec<&str> = self.grant_types.iter().map(|grant| grant.as_str()).collect();
        let all = json!([
            self.redirect_uris,
            grants,
            self.name,
            self.client_uri,
            self.logo_uri,
            self.scope,
            self.application_type,
            self.software.0,
            self.software.1
        ]);
        Some(Sha256::digest(all.to_string()).into())
    }

    /// The client that comes of it.
    pub fn into_client(self, id: ClientId, secret: Option<&Secret<ClientSecret>>, now: UnixTime) -> Client {
        Client {
            id,
            name: self.name,
            redirect_uris: self.redirect_uris,
            auth_method: self.auth_method,
            secret: secret.map(Secret::hash),
            grant_types: self.grant_types,
            scope: self.scope,
            application_type: self.application_type,
            client_uri: self.client_uri,
            logo_uri: self.logo_uri,
            software: self.software,
            origin: ClientOrigin::Dynamic,
            created_at: now,
        }
    }
}

/// The answer (RFC 7591 §3.2.1): everything as registered, and the secret this once.
pub fn response(client: &Client, secret: Option<&Secret<ClientSecret>>) -> Value {
    let mut body = Map::new();
    body.insert("client_id".into(), json!(client.id.as_str()));
    body.insert("client_id_issued_at".into(), json!(client.created_at.0));
    if let Some(secret) = secret {
        body.insert("client_secret".into(), json!(secret.reveal()));
        body.insert("client_secret_expires_at".into(), json!(0));
    }
    body.insert("redirect_uris".into(), json!(client.redirect_uris));
    body.insert("token_endpoint_auth_method".into(), json!(client.auth_method.as_str()));
    body.insert("grant_types".into(), json!(client.grant_types.iter().map(|grant| grant.as_str()).collect::<Vec<_>>()));
    body.insert("response_types".into(), json!(["code"]));
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
