//! The paths of the public address, asked one by one as clients ask.

use super::examination::{SERVERS, Visit};
use super::finding::State;
use super::judge::path::Document;
use super::judge::{agents, machine, path, stream};
use super::observed::{Asked, Attempt, Seen, Trouble};
use super::probe::web::{Question, Web};
use crate::clock;
use crate::oauth::probe::{DOCTOR, TICKET_FIELD};
use serde_json::Value;

/// Claude, where it looks for documents, registers and fetches tokens.
const CLAUDE_HTTP: &str = "python-httpx/0.28.1";
/// Claude, where it calls an MCP server.
const CLAUDE_USER: &str = "Claude-User";
/// ChatGPT's connectors.
const OPENAI: &str = "openai-mcp/1.0.0";
const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";
/// What an MCP client sends first.
const HELLO: &str = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"doorward-doctor","version":"1"}}}"#;

impl Visit<'_> {
    /// Every path that clients use, asked as clients ask.
    pub(super) fn the_paths(&mut self, web: &Web) {
        let asked = Asked { method: "GET", path: "/.well-known/oauth-authorization-server" };
        let first = self.ask(web, asked, CLAUDE_HTTP, None);
        let now = clock::now();
        self.found(path::identity(asked, &first, &self.expected));
        self.found(path::document(Document::AuthorizationServer, asked, &first, &self.expected));
        let servers = self.servers(&first);
        self.documents(web, &servers);
        self.endpoints(web);
        // What a paused server answers says nothing about the way to it; its stream, which is the door's own, does.
        let open: Vec<&String> = servers.iter().filter(|server| !self.is_paused(server)).collect();
        for server in &open {
            let asked = Asked { method: "POST", path: server };
            let came = self.ask(web, asked, CLAUDE_USER, Some((JSON, HELLO)));
            self.found(path::challenge(asked, &came, &self.expected));
        }
        if let Some(server) = open.first() {
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
            let watch = || web.watch(&Question { url: &url, agent: CLAUDE_USER, fields: &fields, content: Some((JSON, "{}")) });
            let mut came = watch();
            // A machine that is busy at the wrong moment looks like a proxy that holds events back. A proxy does so again.
            if stream::buffering(asked, &came, &self.expected).state == State::Failure {
                came = watch();
            }
            self.found(stream::buffering(asked, &came, &self.expected));
            forwarded = forwarded.or_else(|| stream::forwarded(&came, &self.expected));
        }
        if let Some(finding) = forwarded {
            self.found(finding);
        }
    }

    fn is_paused(&self, server: &str) -> bool {
        let running = self.patient.facts.as_ref().and_then(|facts| facts.running.as_ref());
        running.is_some_and(|running| running.paused.iter().any(|path| path == server))
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
