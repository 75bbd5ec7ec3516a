//! `POST /signout`.

use super::browser::{CheckedForm, SignedIn};
use super::{App, device, page};
use crate::http::answer::Answer;
use crate::http::request::Request;
use crate::oauth::consent::Flow;
use crate::oauth::device::UserCode;
use crate::oauth::params::Params;
use crate::oauth::pkce::Pkce;
use crate::oauth::secret::{Flow as FlowSecret, Secret};
use crate::store::StoreError;
use url::form_urlencoded::Serializer;

/// Ends the session. From the consent page ("Not you?") the request goes on under whoever signs in next.
pub fn submit(app: &App, request: &Request, signed_in: &SignedIn, form: &CheckedForm) -> Answer {
    let next = pending(app, form.params(), signed_in).and_then(|next| app.sign_out(request, signed_in, page::see_other(&next)));
    next.unwrap_or_else(|error| page::unavailable(app, &error))
}

fn pending(app: &App, params: &Params, signed_in: &SignedIn) -> Result<String, StoreError> {
    if let Some(user_code) = params.one("user_code").ok().flatten().and_then(UserCode::parse) {
        return Ok(device::address(Some(&user_code)));
    }
    let Some(secret) = params.one("flow").ok().flatten().and_then(Secret::<FlowSecret>::parse) else { return Ok("/signin".to_owned()) };
    let flow = app.store.flow(&secret.hash())?.filter(|flow| flow.session == signed_in.session && !flow.polled);
    Ok(flow.map_or_else(|| "/signin".to_owned(), |flow| begin_again(app, &flow)))
}

/// The authorization request from which the flow came.
fn begin_again(app: &App, flow: &Flow) -> String {
    let mut query = Serializer::new(String::new());
    query.append_pair("response_type", "code").append_pair("client_id", flow.client.as_str());
    if flow.redirect_was_sent {
        query.append_pair("redirect_uri", &flow.redirect_uri);
    }
    if let Some(state) = &flow.state.0 {
        query.append_pair("state", state);
    }
    match flow.pkce {
        Pkce::S256(challenge) => {
            query.append_pair("code_challenge", &challenge.to_text()).append_pair("code_challenge_method", "S256");
        }
        Pkce::Exempt => (),
    }
    if let Some(nonce) = &flow.authentication.nonce {
        query.append_pair("nonce", nonce);
    }
    query.append_pair("scope", &flow.asked.to_string());
    let named = flow.offers.first().filter(|_| flow.resource_was_sent).and_then(|offer| app.resource_at(&offer.server));
    if let Some(resource) = named {
        query.append_pair("resource", &resource.uri);
    }
    format!("/authorize?{}", query.finish())
}
