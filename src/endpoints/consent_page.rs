//! The consent page: what a waiting request looks like to the person who decides about it.

use super::browser::SignedIn;
use super::page::{self, Kind};
use super::{App, again, words};
use crate::clock;
use crate::http::answer::Answer;
use crate::oauth::client::{Client, ClientOrigin};
use crate::oauth::consent::{Flow, Offer};
use crate::oauth::consent_choice::{Choice, Missing};
use crate::oauth::known_clients;
use crate::oauth::redirect_uri::{self, RegisteredRedirect};
use crate::oauth::resource::ProtectedResource;
use crate::oauth::secret::{Flow as FlowSecret, Secret};
use crate::oauth::term;
use crate::pages;
use crate::pages::views::consent::{ConsentPage, Destination, ScopeLine, ServerChoice};
use crate::store::StoreError;

/// A request as the page shows it.
pub(super) struct Asking<'a> {
    /// Who asks.
    pub(super) client: &'a Client,
    /// The client was not known here; it is recognised by where its answer goes.
    pub(super) is_new: bool,
    /// What may be granted.
    pub(super) offers: &'a [Offer],
    /// Where the answer goes.
    pub(super) destination: Destination,
    /// The address of that, in full, where there is one.
    pub(super) redirect_uri: Option<String>,
    /// The secret of the flow, where there is one.
    pub(super) flow: Option<String>,
}

/// The page of a flow.
///
/// # Errors
/// When the store does not answer.
pub(super) fn of_flow(
    app: &App,
    signed_in: &SignedIn,
    client: &Client,
    redirect: &RegisteredRedirect,
    flow: &Flow,
    secret: &Secret<FlowSecret>,
    again: Option<(&Choice, Missing)>,
) -> Result<Answer, StoreError> {
    let asking = Asking {
        client,
        is_new: flow.adopts,
        offers: &flow.offers,
        destination: destination(app, redirect),
        redirect_uri: Some(redirect.as_str().to_owned()),
        flow: Some(secret.reveal().to_owned()),
    };
    show(app, signed_in, asking, again)
}

fn destination(app: &App, redirect: &RegisteredRedirect) -> Destination {
    if redirect.is_polled(app.issuer()) {
        return Destination::Poll;
    }
    let whose = |host: &str| match known_clients::whose(host) {
        Some(known) => (Some(known.name.clone()), known.note.clone()),
        None => (app.redirect_rules().was_named(host).then(|| "an app that the owner allows".to_owned()), None),
    };
    match redirect.destination() {
        redirect_uri::Destination::Web { host } => {
            let (known_as, note) = whose(&host);
            Destination::Host { host, known_as, note }
        }
        redirect_uri::Destination::Loopback { port } => Destination::Loopback { port: port.unwrap_or(80) },
        redirect_uri::Destination::Application { address } => Destination::Application { begins: address },
    }
}

/// The page; `again` is what was chosen on it before and what that lacked.
///
/// # Errors
/// When the store does not answer.
pub(super) fn show(app: &App, signed_in: &SignedIn, asking: Asking<'_>, again: Option<(&Choice, Missing)>) -> Result<Answer, StoreError> {
    let (client, destination) = (asking.client, asking.destination);
    let registered = words::ago(client.created_at, clock::now());
    let chosen = again.and_then(|(choice, _)| choice.server());
    let term = again.map_or(term::OPEN, |(choice, _)| choice.term());
    let usable: Vec<&Offer> = asking.offers.iter().filter(|offer| signed_in.user.may_use(&offer.server)).collect();
    let view = ConsentPage {
        banner: app.banner(),
        csrf: app.form_token(signed_in),
        flow: asking.flow,
        problem: again.map(|(_, missing)| problem(missing).to_owned()),
        destination,
        redirect_uri: asking.redirect_uri,
        client_id: client.id.as_str().to_owned(),
        client_name: client.display_name().to_owned(),
        client_registered: match client.origin {
            ClientOrigin::Dynamic => match client.changed_at.map(|at| words::ago(at, clock::now())) {
                None => format!("It registered itself {registered}."),
                Some(changed) => format!("It registered itself {registered} and changed what it says of itself {changed}."),
            },
            ClientOrigin::Manual => format!("The owner entered it {registered}."),
            ClientOrigin::Known if asking.is_new => "It was not registered here before; it is recognised by its address.".to_owned(),
            ClientOrigin::Known => format!("It was recognised by its address and let in {registered}."),
        },
        terms: words::terms(app.local(), "until I take it back", term),
        zone: app.config.zone.name(),
        lasts: lasts(app, &usable),
        again: again::app_asks(app, client, &signed_in.user, asking.offers)?,
        servers: usable.into_iter().filter_map(|offer| server(app, offer, chosen)).collect(),
        username: signed_in.user.name.as_str().to_owned(),
    };
    Ok(page::page(if again.is_some() { 400 } else { 200 }, Kind::ToClient, pages::render(&view)))
}

/// What else ends the access; where the servers to choose from differ, for each.
fn lasts(app: &App, offers: &[&Offer]) -> String {
    let sentence = |resource: &ProtectedResource| match resource.tokens.idle_life() {
        Some(span) => format!("You can take it back at any time. It also ends when it has not been used for {}.", words::span(span)),
        None => "You can take it back at any time.".to_owned(),
    };
    let each: Vec<(String, String)> =
        offers.iter().filter_map(|offer| app.resource_at(&offer.server)).map(|one| (one.name.clone(), sentence(one))).collect();
    match each.as_slice() {
        [(_, first), rest @ ..] if rest.iter().all(|(_, other)| other == first) => first.clone(),
        _ => each.iter().map(|(name, sentence)| format!("{name}: {sentence}")).collect::<Vec<_>>().join(" "),
    }
}

fn problem(missing: Missing) -> &'static str {
    match missing {
        Missing::Server => "Choose the server that the app may use, or deny.",
        Missing::Term(problem) => words::term_problem(problem),
    }
}

fn server(app: &App, offer: &Offer, chosen: Option<&str>) -> Option<ServerChoice> {
    let resource = app.resource_at(&offer.server)?;
    let description = |name: &str| words::scope(Some(resource), name);
    let includes = |name: &str| {
        let included = resource.hierarchy.included_in(name);
        (!included.is_empty()).then(|| included.names().map(description).collect::<Vec<_>>().join(", "))
    };
    let line = |name: &str| ScopeLine {
        name: name.to_owned(),
        description: description(name),
        includes: includes(name),
        settled: offer.is_settled(name),
    };
    Some(ServerChoice {
        path: offer.server.clone(),
        name: resource.name.clone(),
        url: resource.uri.clone(),
        scopes: offer.scope.names().map(line).collect(),
        least: offer.least.names().map(description).collect::<Vec<_>>().join(", "),
        chosen: chosen == Some(&offer.server),
    })
}
