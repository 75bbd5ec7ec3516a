//! A minimal OAuth client that does everything right unless told to misbehave.

use super::browser::{self, Browser};
use super::http::{self, Response};
use super::{Doorward, OWNER, PASSWORD};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

pub const VERIFIER: &str = "a-code-verifier-of-at-least-forty-three-characters";
pub const CALLBACK: &str = "http://127.0.0.1:7777/callback";

/// S256 of [`VERIFIER`].
pub fn challenge() -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER))
}

/// A registered client.
#[derive(Clone, Debug)]
pub struct Client {
    pub id: String,
    pub secret: Option<String>,
    pub redirect_uri: String,
}

/// What a token response holds.
#[derive(Clone, Debug)]
pub struct Tokens {
    pub access: String,
    pub refresh: String,
    pub body: Value,
}

impl Tokens {
    #[track_caller]
    pub fn of(response: &Response) -> Self {
        assert_eq!(response.status, 200, "{}", response.text());
        let body = response.json();
        Self { access: body["access_token"].as_str().unwrap().into(), refresh: body["refresh_token"].as_str().unwrap().into(), body }
    }
}

impl Client {
    /// A public client with the loopback callback.
    #[track_caller]
    pub fn register(doorward: &Doorward) -> Self {
        Self::register_as(doorward, CALLBACK, json!({ "token_endpoint_auth_method": "none" }))
    }

    #[track_caller]
    pub fn register_as(doorward: &Doorward, redirect_uri: &str, mut metadata: Value) -> Self {
        metadata["redirect_uris"] = json!([redirect_uri]);
        let response = http::post_json(doorward.address, "/register", &metadata);
        assert_eq!(response.status, 201, "{}", response.text());
        let body = response.json();
        let secret = body["client_secret"].as_str().map(str::to_owned);
        Self { id: body["client_id"].as_str().unwrap().to_owned(), secret, redirect_uri: redirect_uri.to_owned() }
    }

    /// A correct authorization request, with some parameters changed, or left out where the new value is empty.
    pub fn authorize_url(&self, changes: &[(&str, &str)]) -> String {
        let challenge = challenge();
        let mut pairs = vec![
            ("response_type", "code"),
            ("client_id", &self.id),
            ("redirect_uri", &self.redirect_uri),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
            ("state", "the-state"),
        ];
        pairs.retain(|(name, _)| !changes.iter().any(|(changed, _)| changed == name));
        pairs.extend(changes.iter().filter(|(_, value)| !value.is_empty()));
        format!("/authorize?{}", http::encode(&pairs))
    }

    /// Walks the owner through sign-in and consent; gives where the browser is sent at the end.
    #[track_caller]
    pub fn approve(&self, doorward: &Doorward, changes: &[(&str, &str)]) -> String {
        self.approve_as(&mut Browser::new(doorward.address), OWNER, PASSWORD, changes)
    }

    #[track_caller]
    pub fn approve_as(&self, browser: &mut Browser, name: &str, password: &str, changes: &[(&str, &str)]) -> String {
        let consent = self.reach_consent(browser, name, password, changes);
        browser.submit(&browser::form(&consent, "/consent").set("decision", "approve")).location()
    }

    /// As far as the consent page.
    #[track_caller]
    pub fn reach_consent(&self, browser: &mut Browser, name: &str, password: &str, changes: &[(&str, &str)]) -> Response {
        let first = browser.get(&self.authorize_url(changes));
        assert_eq!(first.status, 200, "{}", first.text());
        if first.text().contains("action=\"/signin\"") { browser.sign_in(&first, name, password) } else { first }
    }

    /// A code, all the way from the start.
    #[track_caller]
    pub fn code(&self, doorward: &Doorward) -> String {
        http::parameter(&self.approve(doorward, &[]), "code").expect("a code")
    }

    /// The token request for a code, with some parameters changed or left out.
    #[track_caller]
    pub fn redeem(&self, doorward: &Doorward, code: &str, changes: &[(&str, &str)]) -> Response {
        self.token(doorward, &self.redemption(code), changes)
    }

    #[track_caller]
    pub fn refresh(&self, doorward: &Doorward, token: &str, changes: &[(&str, &str)]) -> Response {
        self.token(doorward, &self.rotation(token), changes)
    }

    #[track_caller]
    fn token(&self, doorward: &Doorward, pairs: &[(&str, &str)], changes: &[(&str, &str)]) -> Response {
        let mut pairs = pairs.to_vec();
        pairs.retain(|(name, _)| !changes.iter().any(|(changed, _)| changed == name));
        pairs.extend(changes.iter().filter(|(_, value)| !value.is_empty()));
        http::post_form(doorward.address, "/token", &pairs, &[])
    }

    /// The parameters of a correct token request for a code.
    pub fn redemption<'a>(&'a self, code: &'a str) -> Vec<(&'a str, &'a str)> {
        let pairs =
            [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", &*self.redirect_uri), ("code_verifier", VERIFIER)];
        [&pairs, self.credentials().as_slice()].concat()
    }

    /// The parameters of a correct refresh.
    pub fn rotation<'a>(&'a self, token: &'a str) -> Vec<(&'a str, &'a str)> {
        [&[("grant_type", "refresh_token"), ("refresh_token", token)], self.credentials().as_slice()].concat()
    }

    pub fn credentials(&self) -> Vec<(&str, &str)> {
        let secret = self.secret.as_deref().map(|secret| ("client_secret", secret));
        [("client_id", self.id.as_str())].into_iter().chain(secret).collect()
    }

    #[track_caller]
    pub fn revoke(&self, doorward: &Doorward, token: &str) -> Response {
        http::post_form(doorward.address, "/revoke", &[&[("token", token)], self.credentials().as_slice()].concat(), &[])
    }

    /// Tokens, all the way from the start.
    #[track_caller]
    pub fn connect(&self, doorward: &Doorward) -> Tokens {
        let code = self.code(doorward);
        Tokens::of(&self.redeem(doorward, &code, &[]))
    }
}

/// An MCP call with a token.
#[track_caller]
pub fn call(doorward: &Doorward, path: &str, token: &str) -> Response {
    call_with(doorward, path, token, &[])
}

/// The same with further fields.
#[track_caller]
pub fn call_with(doorward: &Doorward, path: &str, token: &str, more: &[(&str, &str)]) -> Response {
    let authorization = format!("Bearer {token}");
    let fields = [&[("Authorization", authorization.as_str())], &MCP[..], more].concat();
    http::send(doorward.address, "POST", path, &fields, MESSAGE.as_bytes())
}

/// The fields of an MCP message.
pub const MCP: [(&str, &str); 3] =
    [("Content-Type", "application/json"), ("Accept", "application/json, text/event-stream"), ("MCP-Protocol-Version", "2025-06-18")];

/// An MCP message.
pub const MESSAGE: &str = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{}}"#;
