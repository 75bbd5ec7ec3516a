//! Redeeming a code: the decision, the connection and its first tokens, in one transaction.

use super::connections::end;
use super::transaction::{Step, Tx};
use super::{Store, StoreError};
use crate::oauth::audit::{Event, Occasion};
use crate::oauth::audit_kinds::What;
use crate::oauth::bearer::StoredAccessToken;
use crate::oauth::code::{CodeState, Redemption, StoredCode};
use crate::oauth::connection::{Agreed, EndReason};
use crate::oauth::error::Refusal;
use crate::oauth::ids::ConnectionId;
use crate::oauth::pkce::Pkce;
use crate::oauth::refresh::StoredRefreshToken;
use crate::oauth::secret::{AccessToken, AuthorizationCode, RefreshToken, TokenHash};
use crate::oauth::text::Shown;
use crate::oauth::token_policy::TokenEnds;
use crate::oauth::user::User;

/// What is stored if the code is good.
pub struct NewTokens {
    /// The name of the connection.
    pub connection: ConnectionId,
    /// The first access token.
    pub access: TokenHash<AccessToken>,
    /// The first refresh token.
    pub refresh: TokenHash<RefreshToken>,
    /// When and from where they are asked for.
    pub occasion: Occasion,
}

impl Store {
    /// Redeems a code as `decide` says. On disk before it returns. Gives the decision and the code as it was.
    pub fn redeem_code(
        &self,
        hash: &TokenHash<AuthorizationCode>,
        new: &NewTokens,
        decide: impl Fn(Option<&StoredCode>, Option<&User>) -> Redemption,
    ) -> Result<(Redemption, Option<StoredCode>), StoreError> {
        let redeemed = self.transact(|tx| {
            let stored: Option<StoredCode> = tx.get(hash.as_bytes())?;
            let user = stored.as_ref().map(|code| tx.get::<User>(code.user.as_str().as_bytes())).transpose()?.flatten();
            let redemption = decide(stored.as_ref(), user.as_ref());
            if let Some(stored) = &stored {
                apply(tx, hash, stored, &redemption, new)?;
            }
            Ok((redemption, stored))
        })?;
        match &redeemed.0 {
            Redemption::Refuse(_) => (),
            Redemption::EndConnection(..) => self.commit_ending()?,
            Redemption::CountGuess(_) | Redemption::Issue(..) => self.commit()?,
        }
        Ok(redeemed)
    }
}

fn apply(tx: &Tx<'_>, hash: &TokenHash<AuthorizationCode>, stored: &StoredCode, redemption: &Redemption, new: &NewTokens) -> Step<()> {
    match redemption {
        Redemption::Refuse(Refusal::CodeOfAnotherClient) => tx.record(&told(tx, stored, new, What::TokenOfAnother)?),
        Redemption::Refuse(_) => Ok(()),
        Redemption::CountGuess(_) => match stored.state {
            CodeState::Fresh { guesses } => {
                let state = CodeState::Fresh { guesses: guesses.saturating_add(1) };
                tx.put(hash.as_bytes(), &StoredCode { state, ..stored.clone() })?;
                tx.record(&told(tx, stored, new, What::VerifierWrong)?)
            }
            CodeState::Spent { .. } => Ok(()),
        },
        Redemption::EndConnection(connection, _) => end(tx, connection, EndReason::CodeReplayed, &new.occasion),
        Redemption::Issue(_, ends) => {
            let state = CodeState::Spent { connection: new.connection.clone() };
            tx.put(hash.as_bytes(), &StoredCode { state, ..stored.clone() })?;
            if stored.pkce == Pkce::Exempt {
                tx.record(&told(tx, stored, new, What::PkceExceptionUsed)?)?;
            }
            open_connection(tx, &stored.agreed(), ends, new)
        }
    }
}

/// The event that something happened to a code.
fn told(tx: &Tx<'_>, stored: &StoredCode, new: &NewTokens, what: What) -> Step<Event> {
    Ok(tx.naming(new.occasion.event(what), &stored.user, &stored.client)?.at_server(&stored.server))
}

/// A new connection and its first tokens.
pub(super) fn open_connection(tx: &Tx<'_>, agreed: &Agreed, ends: &TokenEnds, new: &NewTokens) -> Step<()> {
    let connection = agreed.connection(new.connection.clone(), ends, new.occasion.at);
    tx.put(new.connection.as_str().as_bytes(), &connection)?;
    let scope = Shown::new(&connection.scope.to_string());
    tx.record_in(&connection, new.occasion.event(What::TokensIssued { scope }))?;
    let access = StoredAccessToken {
        connection: new.connection.clone(),
        scope: connection.scope,
        issued_at: new.occasion.at,
        expires_at: ends.access,
        used: false,
    };
    tx.put(new.access.as_bytes(), &access)?;
    let refresh = StoredRefreshToken { connection: new.connection.clone(), expires_at: ends.refresh, rotated: None };
    tx.put(new.refresh.as_bytes(), &refresh)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::code;
    use crate::oauth::connection::Connection;
    use crate::oauth::error::Refusal;
    use crate::oauth::fixtures::{
        CALLBACK, CHALLENGE, ISSUER, NOW, VERIFIER, authenticated, occasion, params, resource, seconds_later, secret, user,
    };
    use crate::oauth::id_token::Authentication;
    use crate::oauth::ids::{ClientId, UserId};
    use crate::oauth::pkce::{Challenge, Pkce, Verifier};
    use crate::oauth::redirect_rules::RedirectRules;
    use crate::oauth::scope::Scope;
    use crate::oauth::secret::Secret;
    use crate::oauth::token_request::{self, TokenRequest};
    use crate::store::testing::{Temporary, at_once, store};
    use std::time::Duration;

    const OTHER_VERIFIER: &str = "another-code-verifier-of-at-least-forty-three-characters";

    fn code() -> Secret<AuthorizationCode> {
        secret(1)
    }

    fn with_code() -> Temporary {
        let store = store();
        store.add_user(&user("ann"), &occasion()).unwrap();
        let stored = StoredCode {
            client: ClientId::known_as("claude"),
            user: UserId::known_as("ann"),
            user_epoch: 3,
            server: "/notes".into(),
            resource_was_sent: true,
            scope: Scope::parse("read"),
            ends_at: None,
            asked: Scope::parse("read admin"),
            redirect_uri: CALLBACK.into(),
            pkce: Pkce::S256(Challenge::parse(Some(CHALLENGE), Some("S256")).unwrap()),
            authentication: Authentication { at: NOW, nonce: None },
            expires_at: seconds_later(600),
            state: CodeState::Fresh { guesses: 0 },
        };
        store.put_all(&[(code().hash().as_bytes(), stored)]);
        store
    }

    fn redeem(store: &Temporary, number: usize, verifier: &str) -> Redemption {
        redeem_for(store, number, verifier, 7200)
    }

    fn redeem_for(store: &Temporary, number: usize, verifier: &str, refresh_seconds: u64) -> Redemption {
        let byte = u8::try_from(number).unwrap();
        let new = NewTokens {
            connection: ConnectionId::known_as(&format!("conn_{number}")),
            access: secret::<AccessToken>(byte).hash(),
            refresh: secret::<RefreshToken>(byte).hash(),
            occasion: occasion(),
        };
        let form = format!("grant_type=authorization_code&code={}&code_verifier={verifier}", code().reveal());
        let Ok(TokenRequest::Code(grant)) = token_request::parse(&params(&form)) else { panic!("not a code grant") };
        assert!(Verifier::parse(Some(verifier)).is_ok());
        let (client, mut server, rules) = (authenticated("claude"), resource("/notes"), RedirectRules::open(ISSUER));
        server.tokens.refresh_token = Duration::from_secs(refresh_seconds);
        let decide =
            |stored: Option<&StoredCode>, user: Option<&User>| code::redeem(stored, user, Some(&server), &client, &grant, &rules, NOW);
        store.redeem_code(&code().hash(), &new, decide).unwrap().0
    }

    fn connections(store: &Temporary) -> Vec<Connection> {
        store.scan().unwrap()
    }

    #[test]
    fn of_many_who_redeem_one_code_one_gets_tokens_and_the_others_end_them() {
        let store = with_code();
        let redemptions = at_once(32, |number| redeem(&store, number, VERIFIER));
        let issued = redemptions.iter().filter(|redemption| matches!(redemption, Redemption::Issue(..))).count();
        let replayed = redemptions.iter().filter(|redemption| matches!(redemption, Redemption::EndConnection(..))).count();
        assert_eq!((issued, replayed), (1, 31));
        let connections = connections(&store);
        assert_eq!(connections.len(), 1);
        assert_eq!(connections[0].ended.map(|ended| ended.why), Some(EndReason::CodeReplayed));
        assert_eq!(store.scan::<StoredAccessToken>().unwrap().len(), 1);
        assert_eq!(store.scan::<StoredRefreshToken>().unwrap().len(), 1);
    }

    #[test]
    fn every_wrong_guess_is_counted_whoever_guesses_beside() {
        let store = with_code();
        at_once(4, |number| redeem(&store, number, OTHER_VERIFIER));
        assert_eq!(store.code(&code().hash()).unwrap().unwrap().state, CodeState::Fresh { guesses: 4 });
        at_once(8, |number| redeem(&store, number, OTHER_VERIFIER));
        assert_eq!(store.code(&code().hash()).unwrap().unwrap().state, CodeState::Fresh { guesses: code::MAX_GUESSES });
        assert!(matches!(redeem(&store, 1, VERIFIER), Redemption::Refuse(Refusal::CodeGuessedTooOften)));
        assert_eq!(connections(&store), []);
    }

    #[test]
    fn a_connection_is_listed_for_as_long_as_any_of_its_tokens_lives() {
        let store = with_code();
        redeem_for(&store, 1, VERIFIER, 60);
        assert_eq!(connections(&store)[0].alive_until, Some(seconds_later(3600)), "the access token outlives the refresh token");
    }

    #[test]
    fn a_code_brings_a_connection_that_knows_what_was_agreed() {
        let store = with_code();
        redeem(&store, 7, VERIFIER);
        let connection = &connections(&store)[0];
        assert_eq!((connection.id.as_str(), connection.user.as_str(), connection.client.as_str()), ("conn_7", "ann", "claude"));
        assert_eq!((connection.server.as_str(), connection.user_epoch, connection.alive_until), ("/notes", 3, Some(seconds_later(7200))));
        assert_eq!((&connection.scope, &connection.asked), (&Scope::parse("read"), &Scope::parse("read admin")));
        let (token, standing) = store.access_token(&secret::<AccessToken>(7).hash()).unwrap().unwrap();
        assert_eq!((token.scope, token.expires_at, token.used), (Scope::parse("read"), Some(seconds_later(3600)), false));
        assert_eq!(&standing.connection, connection);
    }
}
