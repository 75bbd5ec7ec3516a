//! A step of an attempt to connect, as the door or an endpoint saw it.

use super::audit::NamedClient;
use super::client::Client;
use super::ids::ClientId;
use super::probe::DOCTOR;
use super::redirect_uri::{self, Destination};
use super::text::Shown;
use super::user::UserName;
use crate::clock::UnixTime;
// Addresses as values; `core` has nothing that could reach the network.
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use core::net::IpAddr;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Where an attempt can have got to, in the order of a whole one. A stored record: the order is part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Stage {
    /// A request for a name that is not ours.
    Arrival,
    /// 401, and where to begin.
    Challenge,
    /// RFC 9728: which authorization server.
    ResourceMetadata,
    /// RFC 8414: which endpoints.
    ServerMetadata,
    /// RFC 7591, or a client's metadata document.
    Registration,
    /// RFC 8628: a device asked for its codes.
    DeviceCode,
    /// The browser came.
    Authorize,
    /// Somebody signed in.
    SignIn,
    /// Somebody decided.
    Consent,
    /// The answer was sent.
    Redirect,
    /// Tokens.
    Token,
    /// The first call.
    Call,
}

impl Stage {
    /// Every stage.
    pub const ALL: [Self; 12] = [
        Self::Arrival,
        Self::Challenge,
        Self::ResourceMetadata,
        Self::ServerMetadata,
        Self::Registration,
        Self::DeviceCode,
        Self::Authorize,
        Self::SignIn,
        Self::Consent,
        Self::Redirect,
        Self::Token,
        Self::Call,
    ];

    /// The word for scripts.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Arrival => "arrival",
            Self::Challenge => "challenge",
            Self::ResourceMetadata => "resource_metadata",
            Self::ServerMetadata => "server_metadata",
            Self::Registration => "registration",
            Self::DeviceCode => "device_code",
            Self::Authorize => "authorize",
            Self::SignIn => "sign_in",
            Self::Consent => "consent",
            Self::Redirect => "redirect",
            Self::Token => "token",
            Self::Call => "first_call",
        }
    }

    /// The words for people.
    pub fn describe(self) -> &'static str {
        match self {
            Self::Arrival => "arrived under another name",
            Self::Challenge => "asked to sign in",
            Self::ResourceMetadata => "read about the server",
            Self::ServerMetadata => "read how to sign in",
            Self::Registration => "registered",
            Self::DeviceCode => "got a code to show",
            Self::Authorize => "opened the sign-in",
            Self::SignIn => "signed in",
            Self::Consent => "decided",
            Self::Redirect => "sent back with the answer",
            Self::Token => "fetched tokens",
            Self::Call => "first call",
        }
    }

    /// Done by a person's browser, which need not be where the client is.
    pub(super) fn is_of_browser(self) -> bool {
        matches!(self, Self::Authorize | Self::SignIn | Self::Consent | Self::Redirect)
    }
}

/// What came of a step. A stored record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// The next one may follow.
    Passed,
    /// It was refused.
    Refused {
        /// What the peer was told; empty where a person said no.
        said: Shown,
        /// What whoever runs this doorward can do; empty where there is nothing.
        fix: String,
    },
}

/// Something that arrived.
#[derive(Clone, Debug)]
pub struct Step {
    /// When.
    pub at: UnixTime,
    /// What.
    pub stage: Stage,
    /// What came of it.
    pub outcome: Outcome,
    /// From the real client's address.
    pub from: IpAddr,
    /// By which program.
    pub agent: Agent,
    /// By which client, once that is known.
    pub client: Option<NamedClient>,
    /// Where that client's answers go.
    pub destination: Option<Destination>,
    /// For which server, where that is known.
    pub server: Option<Shown>,
    /// By whom, where somebody is signed in.
    pub user: Option<UserName>,
}

impl Step {
    /// A step of somebody who is not known yet.
    pub fn new(at: UnixTime, stage: Stage, outcome: Outcome, from: IpAddr, agent: Agent) -> Self {
        Self { at, stage, outcome, from, agent, client: None, destination: None, server: None, user: None }
    }

    /// By that client, if it is known.
    #[must_use]
    pub fn of_client(self, client: Option<&Client>) -> Self {
        Self { client: client.map(NamedClient::of).or(self.client), ..self }
    }

    /// By a client that names itself so and is not known. What is no id of our form could be anything, a secret in the wrong
    /// field included, and is told apart by its hash alone.
    #[must_use]
    pub fn of_unknown(self, id: &str) -> Self {
        let is_ours = ClientId::known_as(id).is_of_our_form();
        let shown = if is_ours {
            id.to_owned()
        } else {
            format!("unknown_{}", URL_SAFE_NO_PAD.encode(Sha256::digest(id)).get(..8).unwrap_or_default())
        };
        Self { client: Some(NamedClient { id: Shown::new(&shown), name: Shown::new("an app that is not known here") }), ..self }
    }

    /// Answers go there.
    #[must_use]
    pub fn answered_at(self, redirect_uri: &str) -> Self {
        Self { destination: Some(redirect_uri::destination(redirect_uri)), ..self }
    }

    /// For the server at that path, where one is named.
    #[must_use]
    pub fn at_server(self, path: Option<&str>) -> Self {
        Self { server: path.map(Shown::new).or(self.server), ..self }
    }

    /// Of that account, where one is signed in.
    #[must_use]
    pub fn by(self, user: Option<&UserName>) -> Self {
        Self { user: user.cloned().or(self.user), ..self }
    }
}

/// The program that made a request, by what it says of itself. A stored record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agent(Shown);

/// What hosted clients call themselves somewhere in a line that begins like a browser's.
const HOSTED_AGENTS: [&str; 4] = ["Claude-User", "ChatGPT-User", "openai-mcp", "Perplexity-User"];
/// Longest name that is kept, in characters.
const MAX_AGENT: usize = 60;
const BROWSER: &str = "a browser";
const NAMELESS: &str = "a nameless program";

impl Agent {
    /// Reads a `User-Agent` field (RFC 9110 §10.1.5): its first product, or that it is a browser.
    pub fn of(field: Option<&str>) -> Self {
        let field = field.unwrap_or_default().trim();
        let hosted = HOSTED_AGENTS.into_iter().find(|name| field.contains(name));
        let product: String = field.split_whitespace().next().unwrap_or_default().chars().take(MAX_AGENT).collect();
        Self(Shown::new(match hosted {
            Some(name) => name,
            None if field.starts_with("Mozilla/") => BROWSER,
            None if product.is_empty() => NAMELESS,
            None => &product,
        }))
    }

    /// What it calls itself.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// True for `doorward doctor`.
    pub fn is_doctor(&self) -> bool {
        self.as_str() == DOCTOR
    }

    /// True for what people look at pages with.
    pub fn is_browser(&self) -> bool {
        self.as_str() == BROWSER
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::fixtures::NOW;
    use core::net::Ipv4Addr;
    use std::collections::BTreeSet;

    fn agent(field: &str) -> String {
        Agent::of(Some(field)).as_str().to_owned()
    }

    #[test]
    fn a_program_is_known_by_its_first_product_and_a_hosted_one_by_its_name() {
        assert_eq!(agent("python-httpx/0.28.1"), "python-httpx/0.28.1");
        assert_eq!(agent("claude-code/2.1.9 (cli) node/22"), "claude-code/2.1.9");
        assert_eq!(agent("Mozilla/5.0 (compatible; Claude-User/1.0; +Claude-User@anthropic.com)"), "Claude-User");
        assert_eq!(agent("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36"), "a browser");
        assert_eq!((agent(""), Agent::of(None).as_str()), ("a nameless program".into(), "a nameless program"));
        assert!(agent("\u{1b}[31mx\u{202e}").chars().all(|c| !c.is_control() && c != '\u{202e}'));
        assert_eq!(agent(&"x".repeat(500)).len(), 60);
        assert!(Agent::of(Some("Mozilla/5.0")).is_browser() && !Agent::of(Some("Mozilla/5.0 Claude-User/1")).is_browser());
    }

    #[test]
    fn every_stage_has_words_of_its_own() {
        let words: BTreeSet<&str> = Stage::ALL.into_iter().flat_map(|stage| [stage.as_str(), stage.describe()]).collect();
        assert_eq!(words.len(), 2 * Stage::ALL.len());
        assert!(Stage::ALL.is_sorted());
    }

    #[test]
    fn what_could_be_a_secret_in_the_wrong_field_is_told_apart_and_not_shown() {
        let unknown = |id: &str| {
            let step = Step::new(NOW, Stage::Token, Outcome::Passed, Ipv4Addr::LOCALHOST.into(), Agent::of(None));
            step.of_unknown(id).client.unwrap().id.as_str().to_owned()
        };
        assert_eq!(unknown("client_AQEBAQEBAQEBAQEBAQEBAQ"), "client_AQEBAQEBAQEBAQEBAQEBAQ");
        for secret in ["dwcs_something", "hunter2", "client_hunter2", ""] {
            assert!(unknown(secret).starts_with("unknown_") && unknown(secret).len() == 16, "{secret}");
        }
        assert_ne!(unknown("one"), unknown("other"));
    }
}
