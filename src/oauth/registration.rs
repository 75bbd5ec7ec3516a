//! Dynamic client registration (RFC 7591 §2, §3).

use super::client::{AuthMethod, Client, ClientKinds, ClientOrigin, GrantType};
use super::error::{RedirectProblem, Refusal};
use super::ids::ClientId;
use super::redirect_rules::RedirectRules;
use super::redirect_uri::{self, MAX_URIS, RegisteredBy};
use super::registration_response::Issued;
use super::secret::Secret;
use super::text::is_invisible;
use crate::clock::UnixTime;
use serde::Deserialize;
use serde_json::{Value, json};
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
    auth_method: Option<AuthMethod>,
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
pub fn parse(body: &[u8], rules: &RedirectRules, taken: &TakenNames<'_>) -> Result<AcceptableMetadata, Refusal> {
    let sent = read(body)?;
    let links = [
        ("client_uri", &sent.client_uri),
        ("logo_uri", &sent.logo_uri),
        ("tos_uri", &sent.tos_uri),
        ("policy_uri", &sent.policy_uri),
        ("jwks_uri", &sent.jwks_uri),
    ];
    for (field, link) in links {
        if sent_text(link).is_some_and(|link| !is_public_link(link)) {
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
    let grant_types = grant_types(sent.grant_types)?;
    let by_redirect = grant_types.contains(&GrantType::AuthorizationCode);
    if sent.response_types.is_some_and(|types| (types.is_empty() && by_redirect) || types.iter().any(|kind| kind != "code")) {
        return Err(Refusal::MetadataField("response_types"));
    }
    Ok(AcceptableMetadata {
        redirect_uris: redirect_uris(sent.redirect_uris, by_redirect, rules)?,
        auth_method: auth_method(sent.token_endpoint_auth_method.as_deref())?,
        grant_types,
        name: name(sent.client_name, taken)?,
        client_uri: sent.client_uri.filter(|link| !link.is_empty()),
        logo_uri: sent.logo_uri.filter(|link| !link.is_empty()),
        scope: sent.scope,
        application_type: sent.application_type,
        software: (sent.software_id, sent.software_version),
    })
}

/// An object and nothing else: the deserializer would also take an array for the members in their order.
fn read(body: &[u8]) -> Result<Sent, Refusal> {
    let is_object = body.trim_ascii_start().first() == Some(&b'{');
    serde_json::from_slice(body).ok().filter(|_| is_object).ok_or(Refusal::MalformedMetadata)
}

/// Some clients send every member they know, those without a value as empty text: that is not sent.
fn sent_text(member: &Option<String>) -> Option<&str> {
    member.as_deref().filter(|text| !text.is_empty())
}

/// A client that receives no redirects, such as one on a device, needs no address (RFC 7591 §2).
fn redirect_uris(sent: Option<Value>, by_redirect: bool, rules: &RedirectRules) -> Result<Vec<String>, Refusal> {
    if !by_redirect && sent.as_ref().is_none_or(|sent| *sent == json!([])) {
        return Ok(Vec::new());
    }
    let uris: Option<Vec<String>> = sent.and_then(|value| serde_json::from_value(value).ok());
    let uris = uris.filter(|uris| !uris.is_empty()).ok_or(Refusal::RedirectUri(RedirectProblem::Missing))?;
    if uris.len() > MAX_URIS {
        return Err(Refusal::RedirectUri(RedirectProblem::TooMany));
    }
    for uri in &uris {
        redirect_uri::registrable(uri, RegisteredBy::Stranger, rules).map_err(Refusal::RedirectUri)?;
    }
    Ok(uris)
}

/// RFC 7591 §2 says that an absent method means `client_secret_basic`. Deviates: clients that leave it out understand
/// only `client_secret_post` in the answer.
const USUAL_METHOD: AuthMethod = AuthMethod::ClientSecretPost;

fn auth_method(sent: Option<&str>) -> Result<Option<AuthMethod>, Refusal> {
    sent.map(|sent| AuthMethod::parse(sent).ok_or(Refusal::MetadataField("token_endpoint_auth_method"))).transpose()
}

/// Known grants are kept, unknown ones left out. Every client may refresh: leaving `refresh_token` out is a habit and
/// not a wish to sign in every hour.
fn grant_types(sent: Option<Vec<String>>) -> Result<Vec<GrantType>, Refusal> {
    let Some(sent) = sent else { return Ok(GrantType::USUAL.to_vec()) };
    let starts = [GrantType::AuthorizationCode, GrantType::DeviceCode].map(GrantType::as_str);
    let can_start = sent.iter().any(|grant| starts.contains(&grant.as_str()));
    if sent.iter().any(|grant| REFUSED_GRANTS.contains(&grant.as_str())) || !can_start {
        return Err(Refusal::MetadataField("grant_types"));
    }
    Ok(GrantType::ALL
        .into_iter()
        .filter(|grant| sent.iter().any(|sent| sent == grant.as_str()) || *grant == GrantType::RefreshToken)
        .collect())
}

fn name(sent: Option<String>, taken: &TakenNames<'_>) -> Result<Option<String>, Refusal> {
    let Some(name) = sent.filter(|name| !name.is_empty()) else { return Ok(None) };
    if is_fit(&name, taken) { Ok(Some(name)) } else { Err(Refusal::ClientName) }
}

/// True for a name that a client may bear, whoever gives it: there is something, all of it can be seen, and it is neither
/// ours nor a server's.
pub fn is_fit(name: &str, taken: &TakenNames<'_>) -> bool {
    let printable = name.chars().count() <= MAX_NAME && !name.chars().any(is_invisible) && name.trim() == name;
    !name.is_empty() && printable && !impersonates(name, taken)
}

/// A name in brackets at the end is what Claude Code calls the server it connects to: it does not pretend to be it.
fn impersonates(name: &str, taken: &TakenNames<'_>) -> bool {
    let before_brackets = name.rsplit_once(" (").filter(|_| name.ends_with(')')).map_or(name, |(before, _)| before);
    has_words(before_brackets, OUR_NAME) || taken.servers.iter().any(|server| has_words(before_brackets, server))
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
    let tidy = link.len() <= MAX_TEXT && link.bytes().all(|byte| byte.is_ascii_graphic());
    let url = Url::parse(link).ok().filter(|url| tidy && url.scheme() == "https");
    url.is_some_and(|url| url.domain().is_some_and(|host| host.contains('.')) && url.username().is_empty() && url.password().is_none())
}

impl AcceptableMetadata {
    /// The same as the owner allows it: where only public clients are let in, one that asks for a secret is answered as a
    /// public one (RFC 7591 §2: the server may replace what was asked). Claude asks wherever it registers, and does without.
    #[must_use]
    pub fn of_kinds(self, clients: ClientKinds) -> Self {
        let asked = self.auth_method.unwrap_or(USUAL_METHOD);
        if clients.methods().contains(&asked) { self } else { Self { auth_method: Some(AuthMethod::None), ..self } }
    }

    /// True when the client will need a secret.
    pub fn wants_secret(&self) -> bool {
        self.auth_method != Some(AuthMethod::None)
    }

    /// The client that comes of it.
    pub fn into_client(self, id: ClientId, issued: &Issued, now: UnixTime) -> Client {
        Client {
            id,
            name: self.name,
            redirect_uris: self.redirect_uris,
            auth_method: self.auth_method.unwrap_or(USUAL_METHOD),
            secret: issued.secret.as_ref().map(Secret::hash),
            registration_token: issued.registration_token.as_ref().map(Secret::hash),
            introspects: None,
            grant_types: self.grant_types,
            scope: self.scope,
            application_type: self.application_type,
            client_uri: self.client_uri,
            logo_uri: self.logo_uri,
            software: self.software,
            origin: ClientOrigin::Dynamic,
            created_at: now,
            changed_at: None,
        }
    }

    /// What becomes of `client` when its metadata is replaced by this (RFC 7592 §2.2). Who it is, its secret and its token
    /// stay. So does whether it needs a secret: what users agreed to was a client that can prove who it is, or one that
    /// cannot.
    ///
    /// # Errors
    /// [`Refusal::MetadataField`] for a method of the other sort.
    pub(super) fn replace(self, client: &Client) -> Result<Client, Refusal> {
        let auth_method = self.auth_method.unwrap_or(client.auth_method);
        if (auth_method != AuthMethod::None) != client.is_confidential() {
            return Err(Refusal::MetadataField("token_endpoint_auth_method"));
        }
        let new = self.into_client(client.id.clone(), &Issued::default(), client.created_at);
        let Client { secret, registration_token, origin, changed_at, .. } = *client;
        Ok(Client { auth_method, secret, registration_token, origin, changed_at, ..new })
    }
}

/// The same for the same metadata. A public client that registers again is given the id it has, so that clients which
/// register on every connection do not fill the store; one with a secret cannot be, since only its hash is kept.
pub fn fingerprint(client: &Client) -> Option<[u8; 32]> {
    if client.is_confidential() {
        return None;
    }
    let grants: Vec<&str> = client.grant_types.iter().map(|grant| grant.as_str()).collect();
    let all = json!([
        client.redirect_uris,
        grants,
        client.name,
        client.client_uri,
        client.logo_uri,
        client.scope,
        client.application_type,
        client.software.0,
        client.software.1
    ]);
    Some(Sha256::digest(all.to_string()).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::error::ErrorCode;
    use crate::oauth::fixtures::{CALLBACK, ISSUER, NOW, rules, secret};
    use crate::oauth::registration_response::response;
    use crate::oauth::secret::{ClientSecret, RegistrationAccessToken};

    const TAKEN: [&str; 2] = ["Notes", "Home Files"];

    fn register(body: &str) -> Result<AcceptableMetadata, Refusal> {
        parse(body.as_bytes(), &rules(), &TakenNames { servers: TAKEN.to_vec() })
    }

    /// A good request with members added.
    fn with(members: &Value) -> Result<AcceptableMetadata, Refusal> {
        let mut body = json!({ "redirect_uris": [CALLBACK] });
        for (name, value) in members.as_object().unwrap() {
            body[name] = value.clone();
        }
        register(&body.to_string())
    }

    fn with_uris(uris: &Value) -> Result<AcceptableMetadata, Refusal> {
        with(&json!({ "redirect_uris": uris }))
    }

    fn named(name: &str) -> Result<AcceptableMetadata, Refusal> {
        with(&json!({ "client_name": name }))
    }

    fn refused(result: Result<AcceptableMetadata, Refusal>) -> Option<Refusal> {
        result.err()
    }

    fn into_client(metadata: AcceptableMetadata) -> Client {
        let issued = Issued { secret: metadata.wants_secret().then(|| secret(1)), registration_token: None };
        metadata.into_client(ClientId::mint([1; 16]), &issued, NOW)
    }

    fn answer(members: &Value) -> Value {
        let metadata = with(members).unwrap();
        let issued = Issued { secret: metadata.wants_secret().then(|| secret(1)), registration_token: None };
        response(&metadata.into_client(ClientId::mint([1; 16]), &issued, NOW), &issued, ISSUER)
    }

    #[test]
    fn redirect_uris_alone_are_enough() {
        let body = answer(&json!({}));
        assert_eq!(body["redirect_uris"], json!([CALLBACK]));
        assert_eq!(body["grant_types"], json!(["authorization_code", "refresh_token"]));
        assert_eq!(body["response_types"], json!(["code"]));
        assert_eq!(body["client_id_issued_at"], NOW.0);
    }

    #[test]
    fn the_method_asked_for_is_the_method_answered_and_none_means_post() {
        for method in ["none", "client_secret_post", "client_secret_basic"] {
            assert_eq!(answer(&json!({ "token_endpoint_auth_method": method }))["token_endpoint_auth_method"], method);
        }
        assert_eq!(answer(&json!({}))["token_endpoint_auth_method"], "client_secret_post");
        assert_eq!(answer(&json!({ "token_endpoint_auth_method": null }))["token_endpoint_auth_method"], "client_secret_post");
    }

    #[test]
    fn where_only_public_clients_are_let_in_every_method_is_answered_with_none_and_no_secret() {
        for method in [json!("none"), json!("client_secret_post"), json!("client_secret_basic"), Value::Null] {
            let asked = || with(&json!({ "token_endpoint_auth_method": method })).unwrap();
            assert_eq!(asked().of_kinds(ClientKinds::All).wants_secret(), asked().wants_secret(), "{method}");
            let metadata = asked().of_kinds(ClientKinds::PublicOnly);
            assert!(!metadata.wants_secret(), "{method}");
            let client = metadata.into_client(ClientId::mint([1; 16]), &Issued::default(), NOW);
            assert!(client.auth_method == AuthMethod::None && fingerprint(&client).is_some(), "{method}");
        }
    }

    #[test]
    fn a_secret_comes_with_its_end_and_only_to_those_who_asked() {
        let public = answer(&json!({ "token_endpoint_auth_method": "none" }));
        assert!(public.get("client_secret").is_none() && public.get("client_secret_expires_at").is_none());
        let confidential = answer(&json!({ "token_endpoint_auth_method": "client_secret_basic" }));
        assert_eq!(confidential["client_secret"], secret::<ClientSecret>(1).reveal());
        assert_eq!(confidential["client_secret_expires_at"], 0);
    }

    #[test]
    fn a_client_on_a_device_needs_no_redirect_uri() {
        const DEVICE: &str = "urn:ietf:params:oauth:grant-type:device_code";
        for more in [json!({}), json!({ "redirect_uris": [], "response_types": [] })] {
            let mut body = json!({ "grant_types": [DEVICE], "token_endpoint_auth_method": "none" });
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            let client = register(&body.to_string()).unwrap().into_client(ClientId::mint([1; 16]), &Issued::default(), NOW);
            assert_eq!(client.grant_types, [GrantType::RefreshToken, GrantType::DeviceCode]);
            let response = response(&client, &Issued::default(), ISSUER);
            assert_eq!((&response["redirect_uris"], &response["response_types"]), (&json!([]), &json!([])));
        }
        let both = json!({ "grant_types": ["authorization_code", DEVICE], "redirect_uris": [] });
        assert_eq!(refused(register(&both.to_string())), Some(Refusal::RedirectUri(RedirectProblem::Missing)));
        let bad = json!({ "grant_types": [DEVICE], "redirect_uris": ["javascript:alert(1)"] });
        assert!(matches!(refused(register(&bad.to_string())), Some(Refusal::RedirectUri(_))));
    }

    #[test]
    fn an_unknown_method_is_refused() {
        for method in ["", "None", "private_key_jwt", "client_secret_jwt", "tls_client_auth"] {
            let refusal = refused(with(&json!({ "token_endpoint_auth_method": method })));
            assert_eq!(refusal, Some(Refusal::MetadataField("token_endpoint_auth_method")), "{method}");
        }
    }

    #[test]
    fn grants_without_consent_are_refused_and_unknown_ones_left_out() {
        for grants in [json!(["password"]), json!(["authorization_code", "implicit"]), json!(["authorization_code", "client_credentials"])]
        {
            assert_eq!(refused(with(&json!({ "grant_types": grants }))), Some(Refusal::MetadataField("grant_types")), "{grants}");
        }
        for grants in [json!([]), json!(["refresh_token"]), json!(["urn:ietf:params:oauth:grant-type:jwt-bearer"])] {
            assert_eq!(refused(with(&json!({ "grant_types": grants }))), Some(Refusal::MetadataField("grant_types")), "{grants}");
        }
        let body = answer(&json!({ "grant_types": [
            "urn:ietf:params:oauth:grant-type:device_code", "refresh_token", "authorization_code", "urn:ietf:params:oauth:grant-type:jwt-bearer"
        ] }));
        let known = ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"];
        assert_eq!(body["grant_types"], json!(known));
    }

    #[test]
    fn every_client_may_refresh_even_when_it_forgot_to_say_so() {
        assert_eq!(
            answer(&json!({ "grant_types": ["authorization_code"] }))["grant_types"],
            json!(["authorization_code", "refresh_token"])
        );
    }

    #[test]
    fn code_is_the_only_response_type() {
        for types in [json!([]), json!(["token"]), json!(["code", "token"]), json!(["code id_token"])] {
            assert_eq!(refused(with(&json!({ "response_types": types }))), Some(Refusal::MetadataField("response_types")), "{types}");
        }
        assert!(with(&json!({ "response_types": ["code"] })).is_ok());
    }

    #[test]
    fn redirect_uris_are_a_list_of_texts_that_is_not_empty() {
        for uris in [json!(null), json!([]), json!([null]), json!([1]), json!([[CALLBACK]]), json!(CALLBACK), json!({ "0": CALLBACK })] {
            assert_eq!(refused(with_uris(&uris)), Some(Refusal::RedirectUri(RedirectProblem::Missing)), "{uris}");
        }
        assert_eq!(refused(register("{}")), Some(Refusal::RedirectUri(RedirectProblem::Missing)));
    }

    #[test]
    fn ten_redirect_uris_are_accepted_and_eleven_are_not() {
        let uris = |count: usize| json!((0..count).map(|n| format!("https://client.test/{n}")).collect::<Vec<_>>());
        assert!(with_uris(&uris(MAX_URIS)).is_ok());
        assert_eq!(refused(with_uris(&uris(MAX_URIS + 1))), Some(Refusal::RedirectUri(RedirectProblem::TooMany)));
    }

    #[test]
    fn one_bad_uri_refuses_the_whole_request() {
        for (bad, problem) in [
            ("javascript:alert(1)", RedirectProblem::Scheme),
            ("http://client.test/cb", RedirectProblem::PlainHttp),
            ("https://client.test/cb#x", RedirectProblem::Fragment),
            ("https://u@client.test/cb", RedirectProblem::UserInfo),
            ("https://client.test/a/../cb", RedirectProblem::NotCanonical),
            ("https://192.0.2.1/cb", RedirectProblem::Host),
            ("https://mcp.example.com/signin", RedirectProblem::Ourselves),
        ] {
            assert_eq!(refused(with_uris(&json!([CALLBACK, bad]))), Some(Refusal::RedirectUri(problem)), "{bad}");
        }
        assert_eq!(Refusal::RedirectUri(RedirectProblem::Scheme).wire().code, ErrorCode::InvalidRedirectUri);
    }

    #[test]
    fn metadata_is_one_json_object() {
        let by_position = format!("[[\"{CALLBACK}\"],\"none\",null,null,null,null,null,null,null,null,null,null,null,null]");
        let good = format!("{{\"redirect_uris\":[\"{CALLBACK}\"]}}");
        for body in ["", "null", "[]", "\"x\"", "{", "redirect_uris=x", &by_position, &format!("{good}{good}"), &format!("{good}x")] {
            assert_eq!(refused(register(body)), Some(Refusal::MalformedMetadata), "{body}");
        }
        assert!(parse(b"{\"redirect_uris\":[\"\xff\"]}", &rules(), &TakenNames { servers: vec![] }).is_err());
        assert!(register(&format!(" \r\n\t{good}\n")).is_ok());
    }

    #[test]
    fn a_member_sent_twice_is_an_error_in_any_spelling() {
        for twice in [
            r#"{"redirect_uris":["https://client.test/cb"],"redirect_uris":["https://evil.test"]}"#,
            r#"{"redirect_uris":["https://client.test/cb"],"redirect\u005furis":["https://evil.test"]}"#,
            r#"{"redirect_uris":["https://client.test/cb"],"client_name":"a","client_name":"a"}"#,
        ] {
            assert_eq!(refused(register(twice)), Some(Refusal::MalformedMetadata), "{twice}");
        }
    }

    #[test]
    fn a_member_of_the_wrong_type_is_an_error() {
        for members in [json!({ "client_name": 1 }), json!({ "grant_types": "authorization_code" }), json!({ "scope": ["read"] })] {
            assert_eq!(refused(with(&members)), Some(Refusal::MalformedMetadata), "{members}");
        }
    }

    #[test]
    fn null_is_the_same_as_nothing() {
        let body = answer(&json!({ "client_name": null, "scope": null, "logo_uri": null, "grant_types": null, "response_types": null }));
        assert!(body.as_object().unwrap().values().all(|value| !value.is_null()), "{body}");
        assert!(body.get("client_name").is_none());
    }

    #[test]
    fn nobody_gives_himself_what_is_ours_to_give() {
        let body = answer(&json!({
            "client_id": "chosen", "client_secret": "chosen", "client_id_issued_at": 1, "trusted": true, "skip_consent": true,
            "first_party": true, "owner": "ann", "created_at": 1, "status": "approved", "audience": "x", "origin": "Manual",
            "software_statement": "eyJhbGciOiJub25lIn0.e30.", "registration_access_token": "x", "contacts": ["a@b.test"],
        }));
        assert_eq!(body["client_id"], ClientId::mint([1; 16]).as_str());
        assert_eq!(body["client_id_issued_at"], NOW.0);
        assert_ne!(body["client_secret"], "chosen");
        for name in
            ["trusted", "skip_consent", "first_party", "owner", "status", "audience", "software_statement", "registration_access_token"]
        {
            assert!(body.get(name).is_none(), "{name}");
        }
        let client = with(&json!({ "origin": "Manual" })).unwrap().into_client(ClientId::mint([1; 16]), &Issued::default(), NOW);
        assert_eq!(client.origin, ClientOrigin::Dynamic);
    }

    #[test]
    fn what_was_sent_is_echoed() {
        let sent = json!({
            "client_name": "Claude Code (notes)", "scope": "read write", "application_type": "native", "client_uri": "https://client.test/",
            "logo_uri": "https://client.test/logo.png", "software_id": "2e6dc280", "software_version": "1.0",
        });
        let body = answer(&sent);
        for (name, value) in sent.as_object().unwrap() {
            assert_eq!(&body[name], value, "{name}");
        }
    }

    #[test]
    fn empty_text_is_the_same_as_nothing() {
        let names = ["client_name", "scope", "client_uri", "logo_uri", "tos_uri", "policy_uri", "jwks_uri", "application_type"];
        for name in names {
            assert!(answer(&json!({ name: "" })).get(name).is_none(), "{name}");
        }
    }

    #[test]
    fn links_are_https_to_a_named_host() {
        for field in ["client_uri", "logo_uri", "tos_uri", "policy_uri", "jwks_uri"] {
            for link in [
                "javascript:alert(1)",
                "data:image/png;base64,x",
                "file:///etc/passwd",
                "http://client.test/",
                "http://127.0.0.1/",
                "https://127.0.0.1/",
                "https://169.254.169.254/",
                "https://[::1]/",
                "https://localhost/",
                "https://u:p@client.test/",
                "/relative",
                "https://client.test/\u{202e}gnp",
                "https://client.test/\nx",
                &format!("https://client.test/{}", "x".repeat(MAX_TEXT)),
            ] {
                assert_eq!(refused(with(&json!({ field: link }))), Some(Refusal::MetadataField(field)), "{field} {link:.60}");
            }
        }
    }

    #[test]
    fn other_texts_are_printable_and_bounded() {
        for field in ["scope", "application_type", "software_id", "software_version"] {
            for text in ["a\nb", "a\u{1b}[31m", "gr\u{fc}n", &"x".repeat(MAX_TEXT + 1)] {
                assert_eq!(refused(with(&json!({ field: text }))), Some(Refusal::MetadataField(field)), "{field} {text:.20}");
            }
        }
    }

    #[test]
    fn names_of_real_clients_are_accepted() {
        for name in [
            "Claude",
            "Claude Code (Notes)",
            "Cursor",
            "MCP CLI Proxy",
            "Visual Studio Code",
            "goose",
            "Caf\u{e9} \u{1f600}",
            "Notebook",
            "My \u{e4}\u{f6}\u{fc}",
            &"x".repeat(MAX_NAME),
        ] {
            assert!(named(name).is_ok(), "{name}");
        }
    }

    #[test]
    fn a_name_that_hides_reorders_or_overflows_is_refused() {
        for name in [
            "a\nb",
            "a\0b",
            "a\u{1b}[31mb",
            "a\u{7f}",
            "a\u{85}b",
            "abc\u{202e}txt",
            "a\u{2066}b",
            "zero\u{200b}width",
            "soft\u{ad}hyphen",
            "\u{feff}bom",
            "a\u{3164}b",
            "a\u{2800}b",
            "a\u{e0041}b",
            " leading",
            "trailing ",
            "\u{a0}blank",
            " ",
            &"x".repeat(MAX_NAME + 1),
        ] {
            assert_eq!(refused(named(name)), Some(Refusal::ClientName), "{name:?}");
        }
    }

    #[test]
    fn a_client_is_not_called_like_us_or_like_a_server() {
        for name in [
            "doorward",
            "Doorward",
            "The DOORWARD sign-in",
            "doorward_admin",
            "x-doorward",
            "Notes",
            "notes for ann",
            "My NOTES!",
            "Notes (official)",
            "home files",
            "Home-Files",
            "The home  files app",
        ] {
            assert_eq!(refused(named(name)), Some(Refusal::ClientName), "{name}");
        }
    }

    #[test]
    fn a_server_named_in_brackets_at_the_end_is_what_the_client_connects_to() {
        for name in ["Claude Code (notes)", "Claude Code (Home Files)", "Cursor (My Notes)"] {
            assert!(named(name).is_ok(), "{name}");
        }
        for name in ["Claude (notes) Code", "(notes) Claude", "Notes(x)", "Notes (notes)"] {
            assert_eq!(refused(named(name)), Some(Refusal::ClientName), "{name}");
        }
    }

    #[test]
    fn a_server_whose_name_has_no_letters_takes_no_name_away() {
        let body = json!({ "redirect_uris": [CALLBACK], "client_name": "Claude ***" }).to_string();
        assert!(parse(body.as_bytes(), &rules(), &TakenNames { servers: vec!["***", ""] }).is_ok());
    }

    #[test]
    fn a_part_of_a_word_is_no_word() {
        for name in ["Notesy", "Keynotes", "Homefiles", "Home of Files", "doorwards"] {
            assert!(named(name).is_ok(), "{name}");
        }
    }

    #[test]
    fn a_public_client_that_registers_again_is_recognised() {
        let public = |more: Value| {
            let mut members = json!({ "token_endpoint_auth_method": "none", "client_name": "Claude" });
            members.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            fingerprint(&into_client(with(&members).unwrap()))
        };
        assert!(public(json!({})).is_some());
        assert_eq!(public(json!({})), public(json!({ "unknown": 1, "tos_uri": "https://client.test/" })));
        for other in [
            json!({ "client_name": "Cursor" }),
            json!({ "redirect_uris": ["https://client.test/other"] }),
            json!({ "redirect_uris": [CALLBACK, "http://127.0.0.1/"] }),
            json!({ "scope": "read" }),
            json!({ "logo_uri": "https://client.test/l" }),
            json!({ "client_uri": "https://client.test/l" }),
            json!({ "application_type": "native" }),
            json!({ "software_id": "x" }),
            json!({ "software_version": "x" }),
        ] {
            assert_ne!(public(json!({})), public(other.clone()), "{other}");
        }
    }

    #[test]
    fn a_client_with_a_secret_is_never_recognised() {
        assert!(fingerprint(&into_client(with(&json!({})).unwrap())).is_none());
        let by_basic = with(&json!({ "token_endpoint_auth_method": "client_secret_basic" })).unwrap();
        assert!(fingerprint(&into_client(by_basic)).is_none());
    }

    #[test]
    fn only_the_hash_of_a_secret_is_kept() {
        let (key, token) = (secret::<ClientSecret>(1), secret::<RegistrationAccessToken>(2));
        let issued = Issued { secret: Some(key.clone()), registration_token: Some(token.clone()) };
        let client = with(&json!({})).unwrap().into_client(ClientId::mint([1; 16]), &issued, NOW);
        assert_eq!((client.secret, client.registration_token), (Some(key.hash()), Some(token.hash())));
        let text = format!("{client:?}{}", serde_json::to_string(&client).unwrap());
        assert!(!text.contains(key.reveal()) && !text.contains(token.reveal()), "{text}");
    }
}
