//! Redeeming an authorization code (RFC 6749 §4.1.3, §10.5; OAuth 2.1 §4.1.3, §7.5).

use super::client_auth::AuthenticatedClient;
use super::consent::{ConsentGiven, Flow};
use super::error::Refusal;
use super::ids::{ClientId, ConnectionId, UserId};
use super::pkce::{self, Challenge, PkceVerified};
use super::resource::{self, ProtectedResource};
use super::scope::Scope;
use super::token_request::CodeGrant;
use super::user::User;
use crate::clock::UnixTime;
use serde::{Deserialize, Serialize};

/// Wrong verifiers after which a code is spent: a guesser gets no more, and a client with a bug can try again.
pub const MAX_GUESSES: u8 = 5;

/// What is remembered of a code. A stored record: frozen once released.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredCode {
    /// To whom it was issued.
    pub client: ClientId,
    /// Who agreed.
    pub user: UserId,
    /// [`User::epoch`] at that moment.
    pub user_epoch: u32,
    /// For the server at this path.
    pub server: String,
    /// To what.
    pub scope: Scope,
    /// Where it was sent.
    pub redirect_uri: String,
    /// Whether the request named that address itself.
    pub redirect_was_sent: bool,
    /// RFC 7636.
    pub challenge: Challenge,
    /// After this it is of no use.
    pub expires_at: UnixTime,
    /// Whether it can still be redeemed.
    pub state: CodeState,
}

/// Whether a code can still be redeemed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CodeState {
    /// Yes; so many wrong verifiers were presented with it.
    Fresh {
        /// How many.
        guesses: u8,
    },
    /// It was, and this came of it.
    Spent {
        /// What ends if it is presented again.
        connection: ConnectionId,
    },
}

/// The code that follows from a consent.
pub fn issue(flow: &Flow, _proof: &ConsentGiven, expires_at: UnixTime) -> StoredCode {
    StoredCode {
        client: flow.client.clone(),
        user: flow.user.clone(),
        user_epoch: flow.user_epoch,
        server: flow.server.clone(),
        scope: flow.scope.clone(),
        redirect_uri: flow.redirect_uri.clone(),
        redirect_was_sent: flow.redirect_was_sent,
        challenge: flow.challenge,
        expires_at,
        state: CodeState::Fresh { guesses: 0 },
    }
}

/// What the store must do, and what the client is told.
#[derive(Debug)]
pub enum Redemption {
    /// Write nothing.
    Refuse(Refusal),
    /// Count a wrong verifier.
    CountGuess(Refusal),
    /// A second, otherwise valid use: what the first produced must fall (RFC 6749 §10.5).
    EndConnection(ConnectionId, Refusal),
    /// Mark the code spent and issue tokens.
    Issue(PkceVerified),
}

/// Decides about a code.
///
/// A request that is not valid in itself harms nobody: otherwise whoever saw a code could end a stranger's connection
/// (OAuth 2.1 §7.5.2). So everything is checked before the code's own state is looked at.
pub fn redeem(
    stored: Option<&StoredCode>,
    user: Option<&User>,
    resource: Option<&ProtectedResource>,
    client: &AuthenticatedClient,
    grant: &CodeGrant,
    now: UnixTime,
) -> Redemption {
    let Some(stored) = stored else { return Redemption::Refuse(Refusal::CodeUnknown) };
    if stored.client != client.client().id {
        return Redemption::Refuse(Refusal::CodeOfAnotherClient);
    }
    if let Err(refusal) = addresses_match(stored, grant, resource) {
        return Redemption::Refuse(refusal);
    }
    let spent = matches!(stored.state, CodeState::Fresh { guesses } if guesses >= MAX_GUESSES);
    if spent {
        return Redemption::Refuse(Refusal::CodeGuessedTooOften);
    }
    let proof = match pkce::verify(&grant.verifier, &stored.challenge) {
        Ok(proof) => proof,
        Err(refusal) => return Redemption::CountGuess(refusal),
    };
    match &stored.state {
        CodeState::Spent { connection } => Redemption::EndConnection(connection.clone(), Refusal::CodeReplayed),
        CodeState::Fresh { .. } if stored.expires_at.has_come(now) => Redemption::Refuse(Refusal::CodeExpired),
        CodeState::Fresh { .. } if !still_agreed(stored, user) => Redemption::Refuse(Refusal::GrantEnded),
        CodeState::Fresh { .. } => Redemption::Issue(proof),
    }
}

/// `redirect_uri` as in the authorization request: OAuth 2.1 clients leave it out, so its absence is accepted; present,
/// it must be the same. `resource` must be what was granted, and a refusal must not spend the code.
fn addresses_match(stored: &StoredCode, grant: &CodeGrant, resource: Option<&ProtectedResource>) -> Result<(), Refusal> {
    if grant.redirect_uri.as_ref().is_some_and(|sent| *sent != stored.redirect_uri) {
        return Err(Refusal::RedirectUriDiffers);
    }
    let resource = resource.filter(|resource| resource.path == stored.server).ok_or(Refusal::GrantEnded)?;
    if resource::all_mean(grant.resources.iter().map(String::as_str), resource) { Ok(()) } else { Err(Refusal::ResourceNotGranted) }
}

fn still_agreed(stored: &StoredCode, user: Option<&User>) -> bool {
    user.is_some_and(|user| user.id == stored.user && user.epoch == stored.user_epoch && user.may_use(&stored.server))
}
