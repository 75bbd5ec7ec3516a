//! Redeeming an authorization code (RFC 6749 §4.1.3, §10.5; OAuth 2.1 §4.1.3, §7.5).

use super::client_auth::AuthenticatedClient;
use super::connection::Agreed;
use super::consent::{ConsentGiven, Flow, Granted};
use super::error::Refusal;
use super::id_token::Authentication;
use super::ids::{ClientId, ConnectionId, UserId};
use super::pkce::{self, Exemption, Pkce, PkceVerified};
use super::redirect_rules::RedirectRules;
use super::redirect_uri;
use super::resource::{self, ProtectedResource};
use super::scope::Scope;
use super::token_policy::TokenEnds;
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
    /// Whether the client named that server itself.
    pub resource_was_sent: bool,
    /// To what.
    pub scope: Scope,
    /// What the client had asked for.
    pub asked: Scope,
    /// Until when, where it was given for a time.
    pub ends_at: Option<UnixTime>,
    /// Where it was sent.
    pub redirect_uri: String,
    /// RFC 7636.
    pub pkce: Pkce,
    /// When the user signed in, and what the request wants to see again.
    pub authentication: Authentication,
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

impl StoredCode {
    /// What was agreed to.
    pub fn agreed(&self) -> Agreed {
        let granted = Granted { server: self.server.clone(), scope: self.scope.clone(), ends_at: self.ends_at };
        Agreed {
            client: self.client.clone(),
            user: self.user.clone(),
            user_epoch: self.user_epoch,
            authenticated_at: self.authentication.at,
            granted,
            resource_was_sent: self.resource_was_sent,
            asked: self.asked.clone(),
        }
    }
}

/// The code that follows from a consent.
pub fn issue(flow: &Flow, proof: &ConsentGiven, expires_at: UnixTime) -> StoredCode {
    let granted = proof.granted().clone();
    StoredCode {
        client: flow.client.clone(),
        user: flow.user.clone(),
        user_epoch: flow.user_epoch,
        server: granted.server,
        resource_was_sent: flow.resource_was_sent,
        scope: granted.scope,
        asked: flow.asked.clone(),
        ends_at: granted.ends_at,
        redirect_uri: flow.redirect_uri.clone(),
        pkce: flow.pkce,
        authentication: flow.authentication.clone(),
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
    /// Mark the code spent and issue tokens with these ends.
    Issue(PkceVerified, TokenEnds),
}

/// Decides about a code.
///
/// A request that is not valid in itself harms nobody: otherwise whoever saw a code could end a stranger's connection
/// (OAuth 2.1 §7.5.2). So everything is checked before a replay may end anything. Only the guesses are counted before the
/// verifier is looked at, or they would limit nothing.
pub fn redeem(
    stored: Option<&StoredCode>,
    user: Option<&User>,
    resource: Option<&ProtectedResource>,
    client: &AuthenticatedClient,
    grant: &CodeGrant,
    rules: &RedirectRules,
    now: UnixTime,
) -> Redemption {
    let Some(stored) = stored else { return Redemption::Refuse(Refusal::CodeUnknown) };
    if stored.client != client.client().id {
        return Redemption::Refuse(Refusal::CodeOfAnotherClient);
    }
    let resource = match addresses_match(stored, grant, resource) {
        Ok(resource) => resource,
        Err(refusal) => return Redemption::Refuse(refusal),
    };
    let guessed_out = matches!(stored.state, CodeState::Fresh { guesses } if guesses >= MAX_GUESSES);
    if guessed_out {
        return Redemption::Refuse(Refusal::CodeGuessedTooOften);
    }
    // What the owner excepts now counts: an exception taken back is no exception for codes on their way either.
    let exemption = Exemption::of(&redirect_uri::destination(&stored.redirect_uri), rules);
    let proof = match (pkce::prove(&stored.pkce, grant.verifier.as_ref(), exemption), &stored.state) {
        (Ok(proof), _) => proof,
        (Err(refusal @ Refusal::VerifierWrong), CodeState::Fresh { .. }) => return Redemption::CountGuess(refusal),
        (Err(refusal), _) => return Redemption::Refuse(refusal),
    };
    match &stored.state {
        CodeState::Spent { connection } => Redemption::EndConnection(connection.clone(), Refusal::CodeReplayed),
        CodeState::Fresh { .. } if stored.expires_at.has_come(now) => Redemption::Refuse(Refusal::CodeExpired),
        CodeState::Fresh { .. } if !still_agreed(stored, user, now) => Redemption::Refuse(Refusal::GrantEnded),
        CodeState::Fresh { .. } => Redemption::Issue(proof, resource.tokens.ends(now)),
    }
}

/// `redirect_uri` as in the authorization request: OAuth 2.1 clients leave it out, so its absence is accepted where PKCE
/// stands in for it; present, it must be the same. `resource` must be what was granted, and a refusal must not spend the code.
fn addresses_match<'r>(
    stored: &StoredCode,
    grant: &CodeGrant,
    resource: Option<&'r ProtectedResource>,
) -> Result<&'r ProtectedResource, Refusal> {
    if grant.redirect_uri.as_ref().is_some_and(|sent| *sent != stored.redirect_uri) {
        return Err(Refusal::RedirectUriDiffers);
    }
    if grant.redirect_uri.is_none() && stored.pkce == Pkce::Exempt {
        return Err(Refusal::ParameterMissing("redirect_uri"));
    }
    // Whoever takes the server out of the configuration for a while has not ended what was agreed to.
    let resource = resource.filter(|resource| resource.path == stored.server).ok_or(Refusal::ResourceUnknown)?;
    resource::means(grant.resources.iter().map(String::as_str), resource).map(|()| resource)
}

fn still_agreed(stored: &StoredCode, user: Option<&User>, now: UnixTime) -> bool {
    let in_time = stored.ends_at.is_none_or(|end| !end.has_come(now));
    in_time && user.is_some_and(|user| user.id == stored.user && user.epoch == stored.user_epoch && user.may_use(&stored.server))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::client_auth;
    use crate::oauth::error::ErrorCode;
    use crate::oauth::fixtures::{
        CALLBACK, CHALLENGE, VERIFIER, authenticated, confidential, params, resource, rules, seconds_later, secret, user,
    };
    use crate::oauth::pkce::{Challenge, Verifier};
    use crate::oauth::secret::ClientSecret;
    use crate::oauth::user::ServerAccess;
    use std::time::Duration;

    const OTHER_VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXX";

    fn stored() -> StoredCode {
        StoredCode {
            client: ClientId::known_as("claude"),
            user: UserId::known_as("ann"),
            user_epoch: 3,
            server: "/notes".into(),
            resource_was_sent: true,
            scope: Scope::parse("read"),
            asked: Scope::default(),
            ends_at: None,
            redirect_uri: CALLBACK.into(),
            pkce: Pkce::S256(Challenge::parse(Some(CHALLENGE), Some("S256")).unwrap()),
            authentication: Authentication { at: seconds_later(0), nonce: None },
            expires_at: seconds_later(600),
            state: CodeState::Fresh { guesses: 0 },
        }
    }

    fn spent() -> StoredCode {
        StoredCode { state: CodeState::Spent { connection: ConnectionId::known_as("conn_1") }, ..stored() }
    }

    fn grant() -> CodeGrant {
        CodeGrant {
            code: secret(1),
            redirect_uri: Some(CALLBACK.into()),
            verifier: Some(Verifier::parse(Some(VERIFIER)).unwrap()),
            resources: vec![],
        }
    }

    fn with_verifier(verifier: &str) -> CodeGrant {
        CodeGrant { verifier: Some(Verifier::parse(Some(verifier)).unwrap()), ..grant() }
    }

    /// One word for the decision, and the refusal.
    fn outcome(redemption: Redemption) -> (&'static str, Option<Refusal>) {
        match redemption {
            Redemption::Refuse(refusal) => ("refuse", Some(refusal)),
            Redemption::CountGuess(refusal) => ("count", Some(refusal)),
            Redemption::EndConnection(connection, refusal) => {
                assert_eq!(connection.as_str(), "conn_1");
                ("end", Some(refusal))
            }
            Redemption::Issue(..) => ("issue", None),
        }
    }

    fn redeemed(code: &StoredCode, grant: &CodeGrant) -> (&'static str, Option<Refusal>) {
        redeemed_at(code, grant, 0)
    }

    fn redeemed_at(code: &StoredCode, grant: &CodeGrant, seconds: u64) -> (&'static str, Option<Refusal>) {
        let server = resource("/notes");
        outcome(redeem(Some(code), Some(&user("ann")), Some(&server), &authenticated("claude"), grant, &rules(), seconds_later(seconds)))
    }

    #[test]
    fn a_valid_request_is_answered_with_tokens() {
        assert_eq!(redeemed(&stored(), &grant()), ("issue", None));
    }

    #[test]
    fn the_tokens_end_when_the_owner_of_the_server_says() {
        let mut server = resource("/notes");
        server.tokens.access_token = None;
        server.tokens.refresh_token = Duration::from_secs(60);
        let now = seconds_later(5);
        let redemption = redeem(Some(&stored()), Some(&user("ann")), Some(&server), &authenticated("claude"), &grant(), &rules(), now);
        let Redemption::Issue(_, ends) = redemption else { panic!("{redemption:?}") };
        assert_eq!(ends, TokenEnds { access: None, refresh: seconds_later(65) });
    }

    #[test]
    fn a_code_redeemed_twice_ends_its_connection() {
        assert_eq!(redeemed(&spent(), &grant()), ("end", Some(Refusal::CodeReplayed)));
    }

    #[test]
    fn a_code_replayed_after_its_time_ends_its_connection_still() {
        assert_eq!(redeemed_at(&spent(), &grant(), 100_000), ("end", Some(Refusal::CodeReplayed)));
    }

    #[test]
    fn an_invalid_replay_ends_nothing_and_writes_nothing() {
        let elsewhere = CodeGrant { redirect_uri: Some("https://evil.test/cb".into()), ..grant() };
        let for_another = CodeGrant { resources: vec!["https://evil.test/".into()], ..grant() };
        assert_eq!(redeemed(&spent(), &with_verifier(OTHER_VERIFIER)), ("refuse", Some(Refusal::VerifierWrong)));
        assert_eq!(redeemed(&spent(), &elsewhere), ("refuse", Some(Refusal::RedirectUriDiffers)));
        assert_eq!(redeemed(&spent(), &for_another), ("refuse", Some(Refusal::ResourceNotGranted)));
        let server = resource("/notes");
        let by_another =
            redeem(Some(&spent()), Some(&user("ann")), Some(&server), &authenticated("cursor"), &grant(), &rules(), seconds_later(0));
        assert_eq!(outcome(by_another), ("refuse", Some(Refusal::CodeOfAnotherClient)));
    }

    #[test]
    fn an_unknown_code_is_refused() {
        let server = resource("/notes");
        let redemption = redeem(None, None, Some(&server), &authenticated("claude"), &grant(), &rules(), seconds_later(0));
        assert_eq!(outcome(redemption), ("refuse", Some(Refusal::CodeUnknown)));
    }

    #[test]
    fn a_code_is_bound_to_its_client_even_with_the_right_verifier() {
        let key = secret::<ClientSecret>(1);
        let form = params(&format!("client_id=s1&client_secret={}", key.reveal()));
        let credentials = client_auth::credentials(&form, std::iter::empty()).unwrap();
        let confidential = client_auth::authenticate(&credentials, Some(confidential("s1", &key))).unwrap();
        let server = resource("/notes");
        for thief in [authenticated("cursor"), confidential] {
            let redemption = redeem(Some(&stored()), Some(&user("ann")), Some(&server), &thief, &grant(), &rules(), seconds_later(0));
            assert_eq!(outcome(redemption), ("refuse", Some(Refusal::CodeOfAnotherClient)));
        }
    }

    #[test]
    fn a_wrong_verifier_is_counted_and_the_fifth_spends_the_code() {
        for guesses in 0..MAX_GUESSES {
            let code = StoredCode { state: CodeState::Fresh { guesses }, ..stored() };
            assert_eq!(redeemed(&code, &with_verifier(OTHER_VERIFIER)), ("count", Some(Refusal::VerifierWrong)));
            assert_eq!(redeemed(&code, &grant()), ("issue", None), "the client may try again after {guesses}");
        }
        let code = StoredCode { state: CodeState::Fresh { guesses: MAX_GUESSES }, ..stored() };
        assert_eq!(redeemed(&code, &grant()), ("refuse", Some(Refusal::CodeGuessedTooOften)));
    }

    #[test]
    fn a_code_dies_in_the_second_of_its_end() {
        assert_eq!(redeemed_at(&stored(), &grant(), 599), ("issue", None));
        assert_eq!(redeemed_at(&stored(), &grant(), 600), ("refuse", Some(Refusal::CodeExpired)));
    }

    #[test]
    fn a_code_for_a_time_that_is_over_opens_nothing() {
        let short = StoredCode { ends_at: Some(seconds_later(5)), ..stored() };
        assert_eq!(redeemed_at(&short, &grant(), 4), ("issue", None));
        assert_eq!(redeemed_at(&short, &grant(), 5), ("refuse", Some(Refusal::GrantEnded)));
    }

    #[test]
    fn redirect_uri_may_be_left_out_and_must_not_differ() {
        assert_eq!(redeemed(&stored(), &CodeGrant { redirect_uri: None, ..grant() }), ("issue", None));
        for other in ["https://client.test/cb/", "https://client.test/CB", "https://client.test/cb?x", "http://client.test/cb"] {
            let differs = CodeGrant { redirect_uri: Some(other.into()), ..grant() };
            assert_eq!(redeemed(&stored(), &differs), ("refuse", Some(Refusal::RedirectUriDiffers)), "{other}");
        }
    }

    #[test]
    fn the_loopback_port_that_was_used_is_the_one_to_repeat() {
        let code = StoredCode { redirect_uri: "http://127.0.0.1:50123/cb".into(), ..stored() };
        let repeating = |uri: &str| redeemed(&code, &CodeGrant { redirect_uri: Some(uri.into()), ..grant() });
        assert_eq!(repeating("http://127.0.0.1:50123/cb"), ("issue", None));
        assert_eq!(repeating("http://127.0.0.1:50124/cb"), ("refuse", Some(Refusal::RedirectUriDiffers)));
        assert_eq!(repeating("http://127.0.0.1/cb"), ("refuse", Some(Refusal::RedirectUriDiffers)));
    }

    #[test]
    fn a_foreign_resource_is_refused_and_the_code_lives_on() {
        let foreign = CodeGrant { resources: vec!["https://mcp.example.com/files".into()], ..grant() };
        assert_eq!(redeemed(&stored(), &foreign), ("refuse", Some(Refusal::ResourceNotGranted)));
        assert_eq!(Refusal::ResourceNotGranted.wire().code, ErrorCode::InvalidTarget);
        let ours =
            CodeGrant { resources: vec!["https://mcp.example.com/notes".into(), "https://MCP.example.com/notes/?x=y".into()], ..grant() };
        assert_eq!(redeemed(&stored(), &ours), ("issue", None));
    }

    #[test]
    fn a_code_for_a_server_that_is_gone_is_refused_and_lives_on() {
        for server in [None, Some(resource("/files"))] {
            let redemption = redeem(
                Some(&stored()),
                Some(&user("ann")),
                server.as_ref(),
                &authenticated("claude"),
                &grant(),
                &rules(),
                seconds_later(0),
            );
            assert_eq!(outcome(redemption), ("refuse", Some(Refusal::ResourceUnknown)));
        }
    }

    #[test]
    fn what_happens_to_the_user_before_redemption_counts() {
        let server = resource("/notes");
        for user in [
            None,
            Some(User { disabled: true, ..user("ann") }),
            Some(User { epoch: 4, ..user("ann") }),
            Some(User { servers: ServerAccess::Only(vec!["/files".into()]), ..user("ann") }),
            Some(user("bob")),
        ] {
            let redemption =
                redeem(Some(&stored()), user.as_ref(), Some(&server), &authenticated("claude"), &grant(), &rules(), seconds_later(0));
            assert_eq!(outcome(redemption), ("refuse", Some(Refusal::GrantEnded)), "{user:?}");
        }
    }

    #[test]
    fn nobody_learns_from_the_answer_what_was_wrong_with_a_code() {
        let refusals = [
            Refusal::CodeUnknown,
            Refusal::CodeExpired,
            Refusal::CodeReplayed,
            Refusal::CodeOfAnotherClient,
            Refusal::CodeGuessedTooOften,
            Refusal::VerifierWrong,
            Refusal::RedirectUriDiffers,
        ];
        for refusal in refusals {
            assert_eq!(refusal.wire(), Refusal::CodeUnknown.wire());
            assert_eq!((refusal.wire().code, refusal.wire().status), (ErrorCode::InvalidGrant, 400));
        }
    }

    fn without_pkce(code: &StoredCode, grant: &CodeGrant, excepted: &str) -> (&'static str, Option<Refusal>) {
        let rules = rules().without_pkce(vec![excepted.to_owned()]);
        let (server, ann) = (resource("/notes"), user("ann"));
        outcome(redeem(Some(code), Some(&ann), Some(&server), &authenticated("claude"), grant, &rules, seconds_later(0)))
    }

    #[test]
    fn a_code_without_a_challenge_is_good_only_while_its_host_is_excepted() {
        let code = StoredCode { pkce: Pkce::Exempt, ..stored() };
        let grant = CodeGrant { verifier: None, ..grant() };
        assert_eq!(without_pkce(&code, &grant, "client.test"), ("issue", None));
        assert_eq!(without_pkce(&code, &grant, "other.test"), ("refuse", Some(Refusal::VerifierMissing)));
    }

    #[test]
    fn a_code_without_a_challenge_needs_its_address_and_takes_no_verifier() {
        let code = StoredCode { pkce: Pkce::Exempt, ..stored() };
        let without_address = CodeGrant { redirect_uri: None, verifier: None, ..grant() };
        assert_eq!(without_pkce(&code, &without_address, "client.test"), ("refuse", Some(Refusal::ParameterMissing("redirect_uri"))));
        assert_eq!(without_pkce(&code, &grant(), "client.test"), ("refuse", Some(Refusal::VerifierUnasked)));
    }

    #[test]
    fn an_excepted_host_that_sent_a_challenge_is_held_to_it() {
        let grant = CodeGrant { verifier: None, ..grant() };
        assert_eq!(without_pkce(&stored(), &grant, "client.test"), ("refuse", Some(Refusal::VerifierMissing)));
        assert_eq!(without_pkce(&stored(), &with_verifier(OTHER_VERIFIER), "client.test"), ("count", Some(Refusal::VerifierWrong)));
    }
}
