//! The built-in MCP server: three harmless tools, so that one command shows the whole thing. It stands behind the door
//! like every protected server, and keeps no state. It authenticates nobody; that is what the door is for.
//!
//! Speaks streamable HTTP with JSON answers, in the revisions that open with `initialize` and in the stateless one.

use crate::clock;
use crate::http::date;
use serde_json::{Value, json};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use tiny_http::{Header, Request, Response, Server};

/// Revisions that open with `initialize`, newest first.
const HANDSHAKE: [&str; 3] = ["2025-11-25", "2025-06-18", "2025-03-26"];
/// The revision in which every request says all there is to know.
const STATELESS: &str = "2026-07-28";
/// Where a stateless request names its revision.
const VERSION_KEY: &str = "/params/_meta/io.modelcontextprotocol~1protocolVersion";
/// Largest message, in bytes.
const MAX_MESSAGE: u64 = 256 * 1024;
const WORKERS: usize = 2;

/// The running server; it ends when this is dropped.
pub struct Demo {
    server: Arc<Server>,
    workers: Vec<JoinHandle<()>>,
    socket: PathBuf,
}

/// Starts it on a Unix socket, in place of one that an earlier process left behind. Who may connect is decided by the
/// mode of the directory.
///
/// # Errors
/// When the socket cannot be made.
pub fn start(socket: &Path) -> io::Result<Demo> {
    match std::fs::remove_file(socket) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let server = Arc::new(Server::http_unix(socket).map_err(io::Error::other)?);
    let work = |server: Arc<Server>| move || while server.recv().is_ok_and(serve) {};
    let workers =
        (0..WORKERS).map(|_| thread::Builder::new().name("demo".into()).spawn(work(Arc::clone(&server)))).collect::<Result<_, _>>()?;
    Ok(Demo { server, workers, socket: socket.to_owned() })
}

impl Drop for Demo {
    fn drop(&mut self) {
        self.workers.iter().for_each(|_| self.server.unblock());
        for worker in self.workers.drain(..) {
            // A panic was printed when it happened.
            let _ = worker.join();
        }
        let _ = std::fs::remove_file(&self.socket);
    }
}

/// Serves one request. Always true: nothing that a client sends ends the worker.
fn serve(mut request: Request) -> bool {
    let (status, body) = match request.method().as_str() {
        "POST" => message(&mut request),
        "DELETE" => (200, None),
        _ => (405, Some(failure(&Value::Null, -32000, "send POST"))),
    };
    let kind = body.is_some().then_some(("Content-Type", "application/json"));
    let allow = (status == 405).then_some(("Allow", "POST, DELETE"));
    let bytes = body.map_or_else(Vec::new, |body| body.to_string().into_bytes());
    let mut response = Response::from_data(bytes).with_status_code(status);
    for (name, value) in kind.into_iter().chain(allow) {
        if let Ok(field) = Header::from_bytes(name, value) {
            response.add_header(field);
        }
    }
    // It fails when the client has gone, and then there is nobody to tell.
    let _ = request.respond(response);
    true
}

/// Who is asking, as the door says.
struct Caller {
    user: String,
    client: String,
    scope: String,
}

/// What of a request's fields counts.
struct Fields {
    caller: Caller,
    version: Option<String>,
    method: Option<String>,
    name: Option<String>,
}

fn fields(request: &Request) -> Fields {
    let field = |name: &str| {
        let field = request.headers().iter().find(|field| field.field.as_str().as_str().eq_ignore_ascii_case(name));
        field.map(|field| field.value.as_str().to_owned())
    };
    let said = |name: &str| field(name).unwrap_or_default();
    let caller = Caller { user: said("x-doorward-user"), client: said("x-doorward-client"), scope: said("x-doorward-scope") };
    Fields { caller, version: field("mcp-protocol-version"), method: field("mcp-method"), name: field("mcp-name") }
}

fn message(request: &mut Request) -> (u16, Option<Value>) {
    let fields = fields(request);
    let mut text = Vec::new();
    let whole = request.as_reader().take(MAX_MESSAGE + 1).read_to_end(&mut text).is_ok();
    if !whole || text.len() as u64 > MAX_MESSAGE {
        // What is left is read away here: dropped unread, tiny_http would make room for all of it at once.
        let _ = io::copy(request.as_reader(), &mut io::sink());
        return (413, Some(failure(&Value::Null, -32600, "the message is too large")));
    }
    answer(&text, &fields)
}

/// JSON-RPC 2.0, one message at a time.
fn answer(text: &[u8], fields: &Fields) -> (u16, Option<Value>) {
    let Ok(message) = serde_json::from_slice::<Value>(text) else {
        return (400, Some(failure(&Value::Null, -32700, "the message is not JSON")));
    };
    let id = message.get("id").cloned();
    let known = id.clone().unwrap_or(Value::Null);
    let is_request =
        message.get("jsonrpc").and_then(Value::as_str) == Some("2.0") && matches!(known, Value::Null | Value::String(_) | Value::Number(_));
    let method = match message.get("method").and_then(Value::as_str) {
        Some(method) if is_request => method,
        // An answer to a question we never asked; the transport takes it like a notification.
        None if is_request && id.is_some() && (message.get("result").is_some() || message.get("error").is_some()) => return (202, None),
        Some(_) | None => return (400, Some(failure(&known, -32600, "the message is not a JSON-RPC request"))),
    };
    let Some(id) = id else { return (202, None) };
    let stated = message.pointer(VERSION_KEY).and_then(Value::as_str);
    let asked = stated.or(fields.version.as_deref());
    if asked.is_some_and(|version| method != "initialize" && version != STATELESS && !HANDSHAKE.contains(&version)) {
        let data = json!({ "supported": versions(), "requested": asked });
        let error = json!({ "code": -32022, "message": "the protocol version is not supported", "data": data });
        return (400, Some(json!({ "jsonrpc": "2.0", "id": id, "error": error })));
    }
    let stateless = asked == Some(STATELESS);
    if stateless && !mirrored(&message, method, stated, fields) {
        return (400, Some(failure(&id, -32020, "the header fields do not match the message")));
    }
    match call(method, message.get("params").unwrap_or(&Value::Null), &fields.caller) {
        Ok(mut result) => {
            if let Some(fields) = result.as_object_mut().filter(|_| stateless) {
                fields.insert("resultType".into(), json!("complete"));
            }
            (200, Some(json!({ "jsonrpc": "2.0", "id": id, "result": result })))
        }
        Err((code, text)) => (if stateless && code == -32601 { 404 } else { 200 }, Some(failure(&id, code, text))),
    }
}

/// MCP 2026-07-28, *server validation*: what the header fields repeat must agree with the message.
fn mirrored(message: &Value, method: &str, stated: Option<&str>, fields: &Fields) -> bool {
    let name = message.pointer("/params/name").and_then(Value::as_str);
    let version = stated.is_none_or(|stated| fields.version.as_deref() == Some(stated));
    version && fields.method.as_deref() == Some(method) && (method != "tools/call" || fields.name.as_deref() == name)
}

fn call(method: &str, params: &Value, caller: &Caller) -> Result<Value, (i64, &'static str)> {
    match method {
        "initialize" => {
            let asked = params.get("protocolVersion").and_then(Value::as_str).ok_or((-32602, "protocolVersion is missing"))?;
            let version = HANDSHAKE.iter().find(|known| **known == asked).unwrap_or(&HANDSHAKE[0]);
            Ok(json!({ "protocolVersion": version, "capabilities": { "tools": {} }, "serverInfo": identity() }))
        }
        "server/discover" => Ok(json!({
            "supportedVersions": versions(), "capabilities": { "tools": {} }, "serverInfo": identity(), "ttlMs": 3_600_000, "cacheScope": "public",
            "_meta": { "io.modelcontextprotocol/serverInfo": identity() },
        })),
        "ping" => Ok(json!({})),
        "tools/list" => Ok(json!({ "tools": tools(), "ttlMs": 3_600_000, "cacheScope": "public" })),
        "tools/call" => tool(params, caller),
        _ => Err((-32601, "the method does not exist")),
    }
}

fn versions() -> Vec<&'static str> {
    std::iter::once(STATELESS).chain(HANDSHAKE).collect()
}

fn identity() -> Value {
    json!({ "name": "doorward-demo", "title": "doorward demo", "version": env!("CARGO_PKG_VERSION") })
}

fn tools() -> Value {
    let nothing = json!({ "type": "object", "properties": {} });
    let text = json!({ "type": "object", "properties": { "text": { "type": "string" } }, "required": ["text"] });
    json!([
        { "name": "whoami", "description": "Says as whom and through which client you are calling.", "inputSchema": nothing },
        { "name": "echo", "description": "Says what you say.", "inputSchema": text },
        { "name": "clock", "description": "Says what time it is, in UTC.", "inputSchema": nothing },
    ])
}

fn tool(params: &Value, caller: &Caller) -> Result<Value, (i64, &'static str)> {
    let text = match params.get("name").and_then(Value::as_str) {
        Some("whoami") => {
            let scope = if caller.scope.is_empty() { "no scopes" } else { &caller.scope };
            format!("You are {}, calling through {} with {scope}.", caller.user, caller.client)
        }
        Some("echo") => params.pointer("/arguments/text").and_then(Value::as_str).ok_or((-32602, "text is missing"))?.to_owned(),
        Some("clock") => date::rfc3339(clock::now().0),
        Some(_) => return Err((-32602, "the tool does not exist")),
        None => return Err((-32602, "name is missing")),
    };
    Ok(json!({ "content": [{ "type": "text", "text": text }], "isError": false }))
}

fn failure(id: &Value, code: i64, message: &str) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "error": { "code": code, "message": message } })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(message: &Value, version: Option<&str>) -> (u16, Value) {
        let text = |pointer: &str| message.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        let caller = Caller { user: "ann".into(), client: "client_x".into(), scope: "read".into() };
        let fields = Fields { caller, version: version.map(str::to_owned), method: text("/method"), name: text("/params/name") };
        let (status, body) = answer(message.to_string().as_bytes(), &fields);
        (status, body.unwrap_or(Value::Null))
    }

    fn request(method: &str, params: &Value) -> Value {
        json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params })
    }

    #[test]
    fn every_handshake_revision_is_spoken_as_asked_and_others_get_the_newest() {
        for (asked, given) in
            [("2025-03-26", "2025-03-26"), ("2025-06-18", "2025-06-18"), ("2025-11-25", "2025-11-25"), ("2099-01-01", "2025-11-25")]
        {
            let (status, body) = ask(&request("initialize", &json!({ "protocolVersion": asked })), None);
            assert_eq!((status, &body["result"]["protocolVersion"]), (200, &json!(given)));
        }
    }

    #[test]
    fn the_stateless_revision_needs_no_handshake() {
        for (method, params) in [("server/discover", json!({})), ("tools/list", json!({})), ("tools/call", json!({ "name": "whoami" }))] {
            let (status, body) = ask(&request(method, &params), Some(STATELESS));
            assert_eq!((status, &body["result"]["resultType"]), (200, &json!("complete")), "{method}");
        }
        assert_eq!(ask(&request("nonsense", &json!({})), Some(STATELESS)).0, 404);
        let (status, body) = ask(&request("tools/list", &json!({})), Some("1900-01-01"));
        assert_eq!((status, &body["error"]["code"]), (400, &json!(-32022)));
    }

    #[test]
    fn the_tools_answer() {
        let said = |name: &str, arguments: Value| {
            let (_, body) = ask(&request("tools/call", &json!({ "name": name, "arguments": arguments })), None);
            body["result"]["content"][0]["text"].as_str().map(str::to_owned)
        };
        assert_eq!(said("whoami", json!({})).as_deref(), Some("You are ann, calling through client_x with read."));
        assert_eq!(said("echo", json!({ "text": "hi" })).as_deref(), Some("hi"));
        assert!(said("clock", json!({})).is_some_and(|time| time.ends_with('Z')));
    }

    #[test]
    fn errors_have_the_codes_of_json_rpc() {
        let fields = Fields {
            caller: Caller { user: String::new(), client: String::new(), scope: String::new() },
            version: None,
            method: None,
            name: None,
        };
        assert_eq!(answer(b"{", &fields).1.unwrap()["error"]["code"], -32700);
        for (message, code) in [
            (json!([]), -32600),
            (json!({ "jsonrpc": "1.0", "id": 1, "method": "ping" }), -32600),
            (json!({ "jsonrpc": "2.0", "id": {}, "method": "ping" }), -32600),
            (json!({ "jsonrpc": "2.0", "id": 1, "method": 5 }), -32600),
            (request("nonsense", &json!({})), -32601),
            (request("initialize", &json!({})), -32602),
            (request("tools/call", &json!({ "name": "x" })), -32602),
            (request("tools/call", &json!({ "name": "echo" })), -32602),
        ] {
            assert_eq!(ask(&message, None).1["error"]["code"], code, "{message}");
        }
    }

    #[test]
    fn notifications_are_taken_without_an_answer() {
        assert_eq!(ask(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }), None), (202, Value::Null));
    }
}
