//! `POST /token` (RFC 6749 §3.2).

use super::{App, openid, trace};
use crate::http::answer::Answer;
use crate::http::request::Request;
use crate::oauth::audit::Occasion;
use crate::oauth::client::GrantType;
use crate::oauth::client_auth::{self, AuthenticatedClient};
use crate::oauth::code::{self, Redemption, StoredCode};
use crate::oauth::device::{self, DeviceState, Poll};
use crate::oauth::error::{ErrorCode, Refusal};
use crate::oauth::ids::{ConnectionId, UserId};
use crate::oauth::params::Params;
use crate::oauth::rates::{Bucket, Charge};
use crate::oauth::refresh;
use crate::oauth::secret::{AccessToken, RefreshToken, Secret};
use crate::oauth::token_policy;
use crate::oauth::token_request::{self, CodeGrant, DeviceGrant, RefreshGrant, TokenRequest};
use crate::oauth::token_response::{self, Issued};
use crate::random;
use crate::store::{NewTokens, RefreshTerms, Refreshed, StoreError};

/// How a client may say who it is (RFC 7617 §2).
pub(super) const BASIC: &str = "Basic realm=\"doorward\"";

/// Answers every token request, refused ones included, in JSON.
pub fn grant(app: &App, request: &Request) -> Answer {
    match serve(app, request) {
        Ok(Ok(issued)) => Answer::json(200, &token_response::body(&issued)).with("pragma", "no-cache"),
        Ok(Err(refusal)) => refuse_client(request, &refusal),
        Err(error) => super::unavailable(&error),
    }
}

fn serve(app: &App, request: &Request) -> Result<Result<Issued, Refusal>, StoreError> {
    let (client, params) = match proven(app, request)? {
        Ok(proven) => proven,
        Err(refusal) => {
            trace::unproven(app, request, &refusal);
            return Ok(Err(refusal));
        }
    };
    let (answer, user) = answer(app, request, &client, &params)?;
    trace::token(app, request, client.client(), user.as_ref(), &params, &answer);
    Ok(answer)
}

/// An answer, and by whose code it was asked for, where that is known.
type Answered = (Result<Issued, Refusal>, Option<UserId>);

fn answer(app: &App, request: &Request, client: &AuthenticatedClient, params: &Params) -> Result<Answered, StoreError> {
    match token_request::parse(params) {
        Err(refusal) => Ok((Err(refusal), None)),
        Ok(TokenRequest::Code(grant)) => redeem(app, client, &grant, super::occasion(request)),
        Ok(TokenRequest::Refresh(grant)) if client.client().grant_types.contains(&GrantType::RefreshToken) => {
            Ok((rotate(app, client, &grant, request)?, None))
        }
        Ok(TokenRequest::Device(grant)) if client.client().grant_types.contains(&GrantType::DeviceCode) => {
            poll(app, client, &grant, super::occasion(request))
        }
        Ok(TokenRequest::Refresh(_) | TokenRequest::Device(_)) => Ok((Err(Refusal::GrantTypeNotRegistered), None)),
    }
}

/// Reads the form of a request, finds the client that it names and has it proven. Shared by the endpoints that only
/// clients call.
pub(super) fn proven(app: &App, request: &Request) -> Result<Result<(AuthenticatedClient, Params), Refusal>, StoreError> {
    let read =
        super::form(request).and_then(|params| Ok((client_auth::credentials(&params, request.headers.all("authorization"))?, params)));
    let (presented, params) = match read {
        Ok(read) => read,
        Err(refusal) => return Ok(Err(refusal)),
    };
    // Before anything is compared, so that a secret cannot be guessed any faster; and for names that nobody has alike.
    let claim = app.charge_of_claim(Bucket::Token, presented.client_id(), request);
    if let Err(refusal) = app.spend(Bucket::Token, claim.as_slice(), |what| super::occasion(request).event(what)) {
        return Ok(Err(refusal));
    }
    let known = app.client(presented.client_id())?;
    Ok(client_auth::authenticate(&presented, known).and_then(|client| {
        count(app, request, &client, claim)?;
        Ok((client, params))
    }))
}

/// What is asked under a name counts for the name and the address; of a client that has proven its secret, for itself as
/// well. A resource server asks about each call that it gets, so once it is proven it is not counted.
fn count(app: &App, request: &Request, client: &AuthenticatedClient, claim: Option<Charge>) -> Result<(), Refusal> {
    if let (true, Some(claim)) = (client.client().introspects.is_some(), &claim) {
        app.store.give_back(Bucket::Token, claim, super::occasion(request).at);
        return Ok(());
    }
    let own = app.charge_of_client(Bucket::Token, client, request).filter(|own| Some(*own) != claim);
    app.spend(Bucket::Token, own.as_slice(), |what| super::occasion(request).event(what).of_client(client.client()))
}

/// RFC 6749 §5.2: a client that tried Basic is told that Basic it is.
pub(super) fn refuse_client(request: &Request, refusal: &Refusal) -> Answer {
    let answer = super::refuse(refusal);
    let failed_basic = refusal.wire().code == ErrorCode::InvalidClient && client_auth::tried_basic(request.headers.all("authorization"));
    if failed_basic { answer.with("www-authenticate", BASIC) } else { answer }
}

/// What a new connection begins with, and how that is stored.
fn first_tokens(occasion: Occasion) -> (Secret<AccessToken>, Secret<RefreshToken>, NewTokens) {
    let (access, refresh) = (random::secret::<AccessToken>(), random::secret::<RefreshToken>());
    let new = NewTokens { connection: ConnectionId::mint(random::bytes()), access: access.hash(), refresh: refresh.hash(), occasion };
    (access, refresh, new)
}

fn redeem(app: &App, client: &AuthenticatedClient, grant: &CodeGrant, occasion: Occasion) -> Result<Answered, StoreError> {
    let now = occasion.at;
    let (access, refresh, new) = first_tokens(occasion);
    let (redemption, stored) = app.store.redeem_code(&grant.code.hash(), &new, |stored, user| {
        let resource = stored.and_then(|stored| app.resource_at(&stored.server));
        code::redeem(stored, user, resource, client, grant, app.redirect_rules(), now)
    })?;
    let user = stored.as_ref().filter(|stored| stored.client == client.client().id).map(|stored| stored.user.clone());
    let answer = match (redemption, stored) {
        (Redemption::Issue(_, ends), Some(StoredCode { scope, asked, authentication, .. })) => {
            let id_token = openid::id_token(app, &access, &scope, authentication.nonce.as_deref(), now)?;
            let expires_in = token_policy::expires_in(ends.access, now);
            Ok(Issued { access, expires_in, refresh, scope: scope.told_to(&asked), id_token })
        }
        (Redemption::Issue(..), None) => Err(Refusal::CodeUnknown),
        (Redemption::Refuse(refusal) | Redemption::CountGuess(refusal) | Redemption::EndConnection(_, refusal), _) => Err(refusal),
    };
    Ok((answer, user))
}

fn poll(app: &App, client: &AuthenticatedClient, grant: &DeviceGrant, occasion: Occasion) -> Result<Answered, StoreError> {
    let now = occasion.at;
    let (access, refresh, new) = first_tokens(occasion);
    let poll = app.store.poll_device(&grant.code.hash(), &new, |stored, user| {
        let resource = stored.and_then(|stored| match &stored.state {
            DeviceState::Approved { granted, .. } => app.resource_at(&granted.server),
            DeviceState::Pending | DeviceState::Denied { .. } | DeviceState::Spent { .. } => None,
        });
        device::poll(stored, user, resource, client, grant, now)
    })?;
    Ok(match poll {
        Poll::Issue(agreed, ends) => {
            let scope = agreed.granted.scope;
            let id_token = openid::id_token(app, &access, &scope, None, now)?;
            let expires_in = token_policy::expires_in(ends.access, now);
            (Ok(Issued { access, expires_in, refresh, scope: scope.told_to(&agreed.asked), id_token }), Some(agreed.user))
        }
        Poll::Wait => (Err(Refusal::AnswerPending), None),
        Poll::SlowDown => (Err(Refusal::DeviceTooSoon), None),
        Poll::Refuse(refusal) | Poll::EndConnection(_, refusal) => (Err(refusal), None),
    })
}

fn rotate(app: &App, client: &AuthenticatedClient, grant: &RefreshGrant, request: &Request) -> Result<Result<Issued, Refusal>, StoreError> {
    let occasion = super::occasion(request);
    let now = occasion.at;
    let terms = RefreshTerms { salt: random::bytes(), occasion };
    let charge = app.charge_of_client(Bucket::Refresh, client, request);
    let room = charge.map_or(Ok(()), |charge| app.store.has_room(Bucket::Refresh, &charge, now)).map_err(Refusal::TooManyRequests);
    let refreshed = app.store.refresh(&grant.token, &terms, |stored, standing, fate| {
        let resource = standing.ok().and_then(|standing| app.resource_at(&standing.connection().server));
        refresh::within(refresh::rotate(stored, standing, fate, client, resource, grant, now), room)
    })?;
    Ok(match refreshed {
        Refreshed::Refused(refusal) => {
            let about = |what| terms.occasion.event(what).of_client(client.client());
            Err(app.spend(Bucket::Refresh, charge.as_slice(), about).err().unwrap_or(refusal))
        }
        Refreshed::Issued { tokens, scope, asked, expires_at, is_repeat } => {
            if let Some(charge) = charge.filter(|_| !is_repeat) {
                app.store.spend_anyway(Bucket::Refresh, &charge, now);
            }
            let expires_in = token_policy::expires_in(expires_at, now);
            let id_token = openid::id_token(app, &tokens.access, &scope, None, now)?;
            let scope = refresh::told(&scope, &asked, grant);
            Ok(Issued { access: tokens.access, expires_in, refresh: tokens.refresh, scope, id_token })
        }
    })
}
