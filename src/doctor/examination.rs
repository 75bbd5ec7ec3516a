//! The examination: which checks there are, in which order, and what each needs to have been seen before.

use super::finding::Finding;
use super::judge::path::{Document, Expected};
use super::judge::{address, agents, machine, path, settings, stream, way};
use super::observed::{Asked, Attempt, Seen, Trouble};
use super::probe::web::{Question, Web};
use super::probe::{files, net, tls};
use crate::actions::examination::Facts;
use crate::clock;
use crate::oauth::probe::{DOCTOR, TICKET_FIELD};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde::Serialize;
use serde_json::Value;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::time::Instant;
use url::{Host, Url};

/// Claude, where it looks for documents, registers and fetches tokens.
const CLAUDE_HTTP: &str = "python-httpx/0.28.1";
/// Claude, where it calls an MCP server.
const CLAUDE_USER: &str = "Claude-User";
/// ChatGPT's connectors.
const OPENAI: &str = "openai-mcp/1.0.0";
/// Servers whose paths are looked at one by one.
const SERVERS: usize = 8;

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";
/// What an MCP client sends first.
const HELLO: &str = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"doorward-doctor","version":"1"}}}"#;

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

struct Visit<'v> {
    patient: &'v Patient,
    expected: Expected,
    tell: &'v mut dyn FnMut(News<'_>),
    /// When the last thing was found.
    since: Instant,
}

impl Visit<'_> {
    fn begins(&mut self, what: &str) {
        (self.tell)(News::Begins(what));
    }

    fn found(&mut self, finding: Finding) {
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
            machine::snapshots(&facts.data),
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

    /// Every path that clients use, asked as clients ask.
    fn the_paths(&mut self, web: &Web) {
        let asked = Asked { method: "GET", path: "/.well-known/oauth-authorization-server" };
        let first = self.ask(web, asked, CLAUDE_HTTP, None);
        let now = clock::now();
        self.found(path::identity(asked, &first, &self.expected));
        self.found(path::document(Document::AuthorizationServer, asked, &first, &self.expected));
        let servers = self.servers(&first);
        self.documents(web, &servers);
        self.endpoints(web);
        for server in &servers {
            let asked = Asked { method: "POST", path: server };
            let came = self.ask(web, asked, CLAUDE_USER, Some((JSON, HELLO)));
            self.found(path::challenge(asked, &came, &self.expected));
        }
        if let Some(server) = servers.first() {
            self.agents(web, server);
        }
        self.streams(web, &servers);
        self.found(machine::clock(&first, now));
    }

    /// The servers' paths: as doorward says, or as its document does; else the usual one.
    fn servers(&self, document: &Attempt) -> Vec<String> {
        let issuer = self.expected.issuer();
        let listed: Vec<String> = match &self.patient.facts {
            Some(facts) => facts.servers.iter().map(|server| server.path.clone()).collect(),
            None => {
                let json = document.as_ref().ok().and_then(Seen::json).unwrap_or_default();
                let uris = json.get("protected_resources").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
                let paths = uris.filter_map(|uri| uri.strip_prefix(&issuer).filter(|path| path.starts_with('/')));
                paths.map(str::to_owned).collect()
            }
        };
        if listed.is_empty() { vec!["/mcp".to_owned()] } else { listed.into_iter().take(SERVERS).collect() }
    }

    fn documents(&mut self, web: &Web, servers: &[String]) {
        let mut documents = vec![("/.well-known/openid-configuration".to_owned(), Document::AuthorizationServer)];
        for server in servers {
            let of_server = Document::ProtectedResource(server);
            documents.push((format!("/.well-known/oauth-protected-resource{server}"), of_server));
            documents.push((format!("{server}/.well-known/oauth-protected-resource"), of_server));
            documents.push((format!("/.well-known/oauth-authorization-server{server}"), Document::AuthorizationServer));
        }
        if let [only] = servers {
            documents.push(("/.well-known/oauth-protected-resource".to_owned(), Document::ProtectedResource(only)));
        }
        for (path, document) in &documents {
            let asked = Asked { method: "GET", path };
            let came = self.ask(web, asked, CLAUDE_HTTP, None);
            self.found(path::document(*document, asked, &came, &self.expected));
        }
        let asked = Asked { method: "GET", path: "/.well-known/doorward-doctor" };
        let came = self.ask(web, asked, CLAUDE_HTTP, None);
        self.found(path::absent(asked, &came, &self.expected));
    }

    /// With requests that must be refused: nobody is registered, and no code is spent.
    fn endpoints(&mut self, web: &Web) {
        for (path, content) in [("/register", (JSON, "{\"redirect_uris\":[]}")), ("/token", (FORM, "grant_type=authorization_code"))] {
            let asked = Asked { method: "POST", path };
            let came = self.ask(web, asked, CLAUDE_HTTP, Some(content));
            self.found(path::endpoint(asked, &came, &self.expected));
        }
    }

    fn agents(&mut self, web: &Web, server: &str) {
        let asked = Asked { method: "POST", path: server };
        let call = |agent: &'static str| (agent, self.ask(web, asked, agent, Some((JSON, HELLO))));
        let calls: Vec<_> = [CLAUDE_USER, CLAUDE_HTTP, OPENAI, DOCTOR].map(call).into();
        self.found(agents::alike(server, &calls, &self.expected));
    }

    fn streams(&mut self, web: &Web, servers: &[String]) {
        let Some(ticket) = self.ticket() else { return };
        let mut forwarded = None;
        for server in servers {
            let asked = Asked { method: "POST", path: server };
            let Ok(url) = self.patient.url.join(server) else { continue };
            self.begins(&format!("{asked}, as a stream"));
            let fields = [("accept", "text/event-stream"), (TICKET_FIELD, ticket.as_str())];
            let came = web.watch(&Question { url: &url, agent: CLAUDE_USER, fields: &fields, content: Some((JSON, "{}")) });
            self.found(stream::buffering(asked, &came, &self.expected));
            forwarded = forwarded.or_else(|| stream::forwarded(&came, &self.expected));
        }
        if let Some(finding) = forwarded {
            self.found(finding);
        }
    }

    fn ticket(&self) -> Option<String> {
        self.patient.facts.as_ref()?.running.as_ref().map(|running| running.ticket.clone())
    }

    fn ask(&mut self, web: &Web, asked: Asked<'_>, agent: &str, content: Option<(&str, &str)>) -> Attempt {
        let Ok(url) = self.patient.url.join(asked.path) else { return Err(Trouble::Other("the path is none".into())) };
        self.begins(&format!("{asked} as {agent}"));
        let ticket = self.ticket();
        let accept = [("accept", "application/json, text/event-stream")];
        let fields: Vec<(&str, &str)> = accept.into_iter().chain(ticket.as_deref().map(|ticket| (TICKET_FIELD, ticket))).collect();
        web.ask(&Question { url: &url, agent, fields: &fields, content })
    }
}
