//! What the door tells the trace of attempts to connect: who came under a wrong name, who was told to sign in, whose first
//! call it was and what came of it. The app tells of all between.

use super::client_address;
use super::context::Context;
use super::gate::{Asked, Pass};
use super::head::Head;
use super::refusal::{Refused, Trouble};
use super::relay::Relay;
use super::route;
use crate::clock;
use crate::config::Server;
use crate::http::headers::HeaderMap;
use crate::oauth::bearer::Bearer;
use crate::oauth::error::Refusal;
use crate::oauth::trace_step::{Agent, Outcome, Stage, Step};
use crate::store::Store;
use std::net::IpAddr;

const HOST: &str =
    "Let the proxy pass the Host field on as it came (nginx: proxy_set_header Host $host), or name the host in aliases of doorward.toml.";
const UPSTREAM: &str = "Start your MCP server, and look at its upstream in doorward.toml.";

fn step(stage: Stage, outcome: Outcome, headers: &HeaderMap, from: IpAddr) -> Step {
    Step::new(clock::now(), stage, outcome, from, Agent::of(headers.first("user-agent")))
}

/// A request for a protected server, and what the gate made of it. A token is told of once, at its first use.
pub(super) fn judged(store: &Store, server: &Server, asked: Asked<'_>, judged: &Result<Pass, Refusal>) {
    let step = |stage, outcome| step(stage, outcome, asked.headers, asked.from).at_server(Some(&server.resource.path));
    match judged {
        Ok(pass) if pass.is_first => store.note_step(&named(store, step(Stage::Call, Outcome::Passed), pass)),
        Ok(_) => {}
        Err(Refusal::NoCredentials) => store.note_step(&step(Stage::Challenge, Outcome::Passed)),
        Err(refusal) => store.note_step(&step(Stage::Call, Outcome::refused(refusal))),
    }
}

/// What came of a first call, where it was no answer of the upstream's.
pub(super) fn answered<T>(door: &Context, from: IpAddr, relay: &Relay<'_>, answered: &Result<T, Trouble>) {
    let Err(Trouble::Answered(answer)) = answered else { return };
    if relay.pass.is_first && answer.status >= 500 {
        let said = format!("{} instead of an answer of the server behind", answer.status);
        let step = step(Stage::Call, Outcome::turned_away(&said, UPSTREAM), &HeaderMap::new(), from);
        door.store.note_step(&named(&door.store, step, &relay.pass).at_server(Some(&relay.server.resource.path)));
    }
}

/// The step with the client and the user that may pass.
fn named(store: &Store, step: Step, pass: &Pass) -> Step {
    let client = match pass.admitted.bearer() {
        Bearer::Client(id) => store.client(id).ok().flatten(),
        Bearer::Key(_) => None,
    };
    step.of_client(client.as_ref()).by(Some(pass.admitted.user()))
}

/// A request under a name that is not ours. Told of where an app would look; the rest is scanners.
pub(super) fn foreign(door: &Context, peer: IpAddr, head: &Head) -> Refused {
    let path = &head.path;
    let by_an_app = path.as_str().contains("/.well-known/oauth-") || route::server(path, &door.config).is_some();
    if !by_an_app {
        return Refused::HostForeign;
    }
    let from = client_address::of(peer, &head.headers, &door.config);
    let host = head.headers.first("host").unwrap_or_default();
    door.store.note_step(&step(Stage::Arrival, Outcome::turned_away(host, HOST), &head.headers, from));
    Refused::HostForeign
}
