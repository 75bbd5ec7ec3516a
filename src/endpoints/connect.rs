//! `/connect`: the address of a server, and how each app is given it.

use super::App;
use super::arrivals::{self, Watch};
use super::browser::SignedIn;
use super::page::{self, Kind};
use super::room::{self, Room};
use crate::http::answer::Answer;
use crate::http::request::Request;
use crate::oauth::instructions::{self, Instructions, Reach, Whereabouts};
use crate::oauth::params::Params;
use crate::oauth::resource::ProtectedResource;
use crate::oauth::trace_diagnosis::nothing_arrived;
use crate::pages::qr;
use crate::pages::views::connect::{AppCard, AppLink, ConnectPage, CopyBox, ServerTab};

/// `GET /connect`, for the server that `server` names, else for the first that the person may use.
pub fn show(app: &App, request: &Request, signed_in: &SignedIn) -> Answer {
    let params = Params::parse(&request.query).unwrap_or_default();
    let usable: Vec<&ProtectedResource> = app.resources().iter().filter(|resource| signed_in.user.may_use(&resource.path)).collect();
    let wanted = params.one("server").ok().flatten();
    let shown = match wanted {
        Some(path) => usable.iter().find(|resource| resource.path == path),
        None => usable.first(),
    };
    let Some(shown) = shown else {
        let what = "You have not been given access to a server here. Ask the owner of this doorward.";
        return page::nothing_here(app, "There is no such server", what);
    };
    let tab = |resource: &&ProtectedResource| ServerTab {
        name: resource.name.clone(),
        path: resource.path.clone(),
        here: resource.path == shown.path,
    };
    let watch = Watch::read(app, &params, &shown.path);
    let followed = arrivals::follow(app, signed_in, &watch);
    let missing = nothing_arrived(app.issuer());
    let whereabouts = instructions::whereabouts(app.issuer());
    let view = ConnectPage {
        frame: room::frame(app, request, signed_in, Room::Connect),
        servers: if usable.len() > 1 { usable.iter().map(tab).collect() } else { vec![] },
        server_name: shown.name.clone(),
        address: CopyBox { id: "address".to_owned(), label: format!("the address of {}", shown.name), text: shown.uri.clone() },
        qr: if whereabouts == Whereabouts::ThisMachine { None } else { qr::draw(&shown.uri) },
        limits: limits(whereabouts).map(str::to_owned),
        paused: paused(app, shown),
        apps: apps(app, shown, whereabouts),
        path: shown.path.clone(),
        since: watch.since,
        version: followed.version,
        arrived: followed.arrived,
        sees_all: signed_in.as_owner().is_some(),
        missing: page::sentence(&missing.sentence),
        missing_fix: missing.fix,
    };
    room::show_as(app, request, (200, Kind::Watching), &view)
}

/// That an app may connect now and has to wait with its calls. A store that does not answer is no reason to say it.
fn paused(app: &App, server: &ProtectedResource) -> Option<String> {
    let held_up = app.store.pauses().is_ok_and(|pauses| pauses.open(server).is_err());
    held_up.then(|| format!("{} is paused. An app can be connected now; its calls wait until it is resumed.", server.name))
}

/// Every app; the first that can connect as things are is unfolded.
fn apps(app: &App, server: &ProtectedResource, whereabouts: Whereabouts) -> Vec<AppCard> {
    let mut cards: Vec<AppCard> = instructions::for_server(app.issuer(), &server.path).iter().map(|app| card(app, whereabouts)).collect();
    if let Some(first) = cards.iter_mut().find(|card| card.cannot.is_none()) {
        first.open = true;
    }
    cards
}

fn limits(whereabouts: Whereabouts) -> Option<&'static str> {
    match whereabouts {
        Whereabouts::ThisMachine => Some(
            "Only the machine that doorward runs on reaches this address. Phones, other computers and apps on the internet need another one: a public URL, with which doorward is started.",
        ),
        Whereabouts::Network => Some(
            "This address works where it can be reached: in your network, or through your VPN. Apps on the internet need one that is public, https and on port 443.",
        ),
        Whereabouts::Internet => None,
    }
}

fn card(app: &Instructions, whereabouts: Whereabouts) -> AppCard {
    let (reach, cannot) = match (app.reach, whereabouts) {
        (Reach::Network, _) => ("works at home too", None),
        (Reach::Internet, Whereabouts::Internet) => ("needs a public address", None),
        (Reach::Internet, Whereabouts::ThisMachine | Whereabouts::Network) => {
            let why = format!(
                "{} connects from the internet and cannot reach this address: it has to be public, https and on port 443.",
                app.name
            );
            ("needs a public address", Some(why))
        }
    };
    AppCard {
        open: false,
        name: app.name.clone(),
        about: app.about.clone(),
        reach: reach.to_owned(),
        cannot,
        link: app.link.as_ref().map(AppLink::of),
        copy: app.copy.as_ref().map(|copy| CopyBox { id: format!("copy-{}", app.id), label: copy.label.clone(), text: copy.text.clone() }),
        steps: app.steps.clone(),
        fields: app.fields.clone(),
        note: app.note.clone(),
    }
}
