//! Redeeming a code: the decision, the connection and its first tokens, in one transaction.

use super::connections::end;
use super::transaction::{Step, Tx};
use super::{Store, StoreError};
use crate::clock::UnixTime;
use crate::oauth::bearer::StoredAccessToken;
use crate::oauth::code::{CodeState, Redemption, StoredCode};
use crate::oauth::connection::{Connection, EndReason};
use crate::oauth::ids::ConnectionId;
use crate::oauth::refresh::StoredRefreshToken;
use crate::oauth::secret::{AccessToken, AuthorizationCode, RefreshToken, TokenHash};
use crate::oauth::user::User;

/// What is stored if the code is good.
pub struct NewTokens {
    /// The name of the connection.
    pub connection: ConnectionId,
    /// The first access token.
    pub access: TokenHash<AccessToken>,
    /// The first refresh token.
    pub refresh: TokenHash<RefreshToken>,
    /// When the access token ends.
    pub access_expires_at: Option<UnixTime>,
    /// When the refresh token ends if it is not used.
    pub refresh_expires_at: UnixTime,
    /// Now.
    pub now: UnixTime,
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
            Redemption::CountGuess(_) | Redemption::Issue(_) => self.commit()?,
        }
        Ok(redeemed)
    }
}

fn apply(tx: &Tx<'_>, hash: &TokenHash<AuthorizationCode>, stored: &StoredCode, redemption: &Redemption, new: &NewTokens) -> Step<()> {
    match redemption {
        Redemption::Refuse(_) => Ok(()),
        Redemption::CountGuess(_) => match stored.state {
            CodeState::Fresh { guesses } => {
                let state = CodeState::Fresh { guesses: guesses.saturating_add(1) };
                tx.put(hash.as_bytes(), &StoredCode { state, ..stored.clone() })
            }
            CodeState::Spent { .. } => Ok(()),
        },
        Redemption::EndConnection(connection, _) => end(tx, connection, EndReason::CodeReplayed, new.now),
        Redemption::Issue(_) => {
            let state = CodeState::Spent { connection: new.connection.clone() };
            tx.put(hash.as_bytes(), &StoredCode { state, ..stored.clone() })?;
            open_connection(tx, stored, new)
        }
    }
}

fn open_connection(tx: &Tx<'_>, code: &StoredCode, new: &NewTokens) -> Step<()> {
    let connection = Connection {
        id: new.connection.clone(),
        user: code.user.clone(),
        client: code.client.clone(),
        server: code.server.clone(),
        scope: code.scope.clone(),
        created_at: new.now,
        user_epoch: code.user_epoch,
        authenticated_at: code.authentication.at,
        alive_until: new.access_expires_at.map(|_| new.refresh_expires_at),
        ended: None,
    };
    tx.put(new.connection.as_str().as_bytes(), &connection)?;
    let access = StoredAccessToken {
        connection: new.connection.clone(),
        scope: code.scope.clone(),
        issued_at: new.now,
        expires_at: new.access_expires_at,
        used: false,
    };
    tx.put(new.access.as_bytes(), &access)?;
    let refresh = StoredRefreshToken { connection: new.connection.clone(), expires_at: new.refresh_expires_at, rotated: None };
    tx.put(new.refresh.as_bytes(), &refresh)
}
