//! The examination: which checks there are, in which order, and what each needs to have been seen before.

use super::finding::Finding;
use super::judge::path::Expected;
use super::judge::{address, machine, settings, way};
use super::probe::web::{Question, Web};
use super::probe::{files, net, tls};
use crate::actions::examination::Facts;
use crate::clock;
use crate::oauth::probe::DOCTOR;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde::Serialize;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::time::Instant;
use url::{Host, Url};

/// Servers whose paths are looked at one by one.
pub(super) const SERVERS: usize = 8;

/// A certificate authority's certificate.
pub type Authority = CertificateDer<'static>;

/// Who is to be examined.
pub struct Patient {
    /// The public address.
    pub url: Url,
    /// What the doorward on this machine says about itself, where there is one.
    pub facts: Option<Facts>,
    /// Where to connect instead of where the name leads; without a port, to the one of the URL.
    pub address: Option<(IpAddr, Option<u16>)>,
    /// Authorities to trust in place of the public ones.
    pub authorities: Option<Vec<Authority>>,
}

/// A finding, and how long it took to find.
#[derive(Clone, Debug, Serialize)]
pub struct Check {
    /// What was found.
    #[serde(flatten)]
    pub finding: Finding,
    /// Milliseconds.
    pub ms: u64,
}

/// The certificates of a PEM file.
///
/// # Errors
/// What is wrong with it.
pub fn read_authorities(file: &Path) -> Result<Vec<Authority>, String> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_file_iter(file).and_then(Iterator::collect);
    match found {
        Ok(found) if found.is_empty() => Err("there is no certificate in it".to_owned()),
        found => found.map_err(|error| error.to_string()),
    }
}

/// What whoever waits is told.
#[derive(Clone, Debug)]
pub enum News<'a> {
    /// Something begins that may take a while.
    Begins(&'a str),
    /// Something was found.
    Found(Check),
}

/// Examines the patient.
pub fn examine(patient: &Patient, tell: &mut dyn FnMut(News<'_>)) {
    let proof = patient.facts.as_ref().and_then(|facts| facts.running.as_ref()).map(|running| running.proof.clone());
    let expected = Expected { origin: patient.url.clone(), proof };
    let mut visit = Visit { patient, expected, tell, since: clock::instant() };
    visit.this_machine();
    if let Some(web) = visit.the_way() {
        visit.the_paths(&web);
    }
}

pub(super) struct Visit<'v> {
    pub(super) patient: &'v Patient,
    pub(super) expected: Expected,
    tell: &'v mut dyn FnMut(News<'_>),
    /// When the last thing was found.
    since: Instant,
}

impl Visit<'_> {
    pub(super) fn begins(&mut self, what: &str) {
        (self.tell)(News::Begins(what));
    }

    pub(super) fn found(&mut self, finding: Finding) {
        let now = clock::instant();
        let ms = u64::try_from(now.duration_since(self.since).as_millis()).unwrap_or(u64::MAX);
        self.since = now;
        (self.tell)(News::Found(Check { finding, ms }));
    }

    /// Everything that can be seen without leaving.
    fn this_machine(&mut self) {
        let Some(facts) = &self.patient.facts else { return };
        let seen = files::look(&facts.data);
        let findings = settings::running(facts, env!("CARGO_PKG_VERSION")).into_iter().chain(settings::choices(facts)).chain([
            machine::permissions(&facts.data, &seen),
            machine::space(&seen),
            settings::snapshot(facts, clock::now()),
        ]);
        for finding in findings {
            self.found(finding);
        }
        for server in facts.servers.iter().take(SERVERS) {
            if let Some((host, port, path)) = &server.upstream {
                self.upstream(&server.path, host, *port, path);
            }
        }
    }

    fn upstream(&mut self, server: &str, host: &str, port: u16, path: &str) {
        let authority = if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
        let text = format!("http://{authority}{path}");
        let Ok(url) = Url::parse(&text) else { return };
        self.begins(&text);
        let accept = [("accept", "application/json, text/event-stream")];
        let addresses: Vec<SocketAddr> = net::look_up(host).into_iter().map(|address| SocketAddr::new(address, port)).collect();
        let came = Web::at(&addresses, None).knock(&Question { url: &url, agent: DOCTOR, fields: &accept, content: None });
        self.found(machine::upstream(server, &text, &came));
    }

    /// As far as something that speaks HTTP; nothing where the way ends before.
    fn the_way(&mut self) -> Option<Web> {
        let (patient, url) = (self.patient, &self.patient.url);
        self.found(address::url(url));
        let addresses = self.addresses()?;
        self.begins("connections");
        let tried: Vec<_> = addresses.iter().map(|at| (*at, net::connect(*at))).collect();
        self.found(way::connections(&tried));
        let good: Vec<SocketAddr> = tried.iter().filter(|(_, came)| came.is_ok()).map(|(at, _)| *at).collect();
        let first = *good.first()?;
        if url.scheme() == "https" {
            self.begins("TLS");
            let host = url.host_str()?;
            let (came, text) = tls::look(first, host, patient.authorities.as_deref());
            self.found(way::tls(host, &came, &text, clock::now()));
            came.ok()?;
        }
        if url.scheme() == "https" && first.port() == 443 {
            self.plain_http(&good);
        }
        Some(Web::at(&good, patient.authorities.as_deref()))
    }

    fn addresses(&mut self) -> Option<Vec<SocketAddr>> {
        let url = &self.patient.url;
        let port = url.port_or_known_default()?;
        if let Some((address, its_port)) = self.patient.address {
            let at = SocketAddr::new(address, its_port.unwrap_or(port));
            self.found(Finding::note("dns", format!("{at} is used, whatever the name leads to")));
            return Some(vec![at]);
        }
        let host = url.host_str()?;
        let named = matches!(url.host(), Some(Host::Domain(name)) if name != "localhost");
        self.begins("addresses");
        let addresses = net::look_up(host);
        if named {
            self.found(address::names(host, &addresses));
        }
        (!addresses.is_empty()).then(|| addresses.into_iter().map(|address| SocketAddr::new(address, port)).collect())
    }

    fn plain_http(&mut self, addresses: &[SocketAddr]) {
        let mut plain = self.patient.url.clone();
        if plain.set_scheme("http").is_ok() {
            self.begins("plain http");
            let addresses: Vec<_> = addresses.iter().map(|at| SocketAddr::new(at.ip(), 80)).collect();
            let came = Web::at(&addresses, None).ask(&Question { url: &plain, agent: DOCTOR, fields: &[], content: None });
            self.found(way::plain_http(&plain, &came));
        }
    }
}
