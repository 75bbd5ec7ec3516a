//! The protected servers.

use super::raw::{self, Environment, Written};
use super::{ConfigError, Issuer, Server, Upstream, UpstreamCredential, policy, units};
use crate::oauth::resource::{Naming, ProtectedResource};
use crate::oauth::scope::{Scope, is_ours, is_scope_name};
use crate::oauth::scope_hierarchy::{Circle, ScopeHierarchy};
use crate::oauth::token_policy::TokenPolicy;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;
use std::{fs, path::Path};
use url::Url;

/// Where the only server is when `--upstream` names it.
const DEFAULT_PATH: &str = "/mcp";
/// The scope of a server for which none is configured.
const DEFAULT_SCOPE: (&str, &str) = ("mcp", "Use everything this server offers");
/// Time to the upstream's response head: below the sixty seconds after which the first clients give up on us.
const UPSTREAM_TIMEOUT: Duration = Duration::from_secs(55);
/// First segments of paths that are ours, or will be.
const OURS: [&str; 31] = [
    ".well-known",
    "activity",
    "api",
    "auth",
    "authorize",
    "clients",
    "connect",
    "connections",
    "consent",
    "device",
    "device_authorization",
    "healthz",
    "icon.svg",
    "introspect",
    "invite",
    "jwks",
    "keys",
    "metrics",
    "poll",
    "register",
    "revoke",
    "servers",
    "settings",
    "setup",
    "signin",
    "signout",
    "style.css",
    "token",
    "trace",
    "userinfo",
    "users",
];

/// Decides the servers: those of the file, or the one that `--upstream` names, or the built-in demo. `tokens` is what holds
/// for the tokens of a server that says nothing about them.
pub(super) fn decide(
    written: &Written,
    issuer: &Issuer,
    bound: SocketAddr,
    tokens: TokenPolicy,
    environment: Environment<'_>,
) -> Result<Vec<Server>, ConfigError> {
    let listed = &written.file.servers;
    let naming = if written.file.require_resource { Naming::Strict } else { Naming::Lenient };
    if let (Some(upstream), false) = (&written.upstream, listed.is_empty()) {
        return Err(ConfigError::new(
            format!("--upstream {upstream} is given, and the configuration file lists servers"),
            "use one of the two: add it to the file as a [[server]]",
        ));
    }
    if listed.is_empty() {
        let (name, upstream) = match &written.upstream {
            Some(url) => ("Your MCP server", upstream(url, bound)?),
            None => ("doorward demo", Upstream::Demo),
        };
        let mut only = plain(DEFAULT_PATH, name, upstream, issuer);
        only.resource.tokens = tokens;
        only.resource.naming = naming;
        return Ok(vec![only]);
    }
    let mut servers: Vec<Server> = Vec::new();
    for entry in listed {
        let mut server = server(entry, issuer, bound, environment)?;
        server.resource.tokens = policy::of_server(entry, tokens)?;
        server.resource.naming = naming;
        if servers.iter().any(|other| other.resource.path == server.resource.path) {
            return Err(ConfigError::new(format!("two servers have the path {}", entry.path), "give each [[server]] a path of its own"));
        }
        servers.push(server);
    }
    Ok(servers)
}

fn plain(path: &str, name: &str, upstream: Upstream, issuer: &Issuer) -> Server {
    let (scope, sentence) = DEFAULT_SCOPE;
    Server {
        resource: ProtectedResource {
            scopes: vec![(scope.to_owned(), sentence.to_owned())],
            default_scope: Scope::parse(scope),
            ..ProtectedResource::plain(&issuer.origin, path, name)
        },
        upstream,
        upstream_headers: Vec::new(),
        upstream_timeout: UPSTREAM_TIMEOUT,
    }
}

fn server(entry: &raw::Server, issuer: &Issuer, bound: SocketAddr, environment: Environment<'_>) -> Result<Server, ConfigError> {
    check_path(&entry.path)?;
    let name = entry.name.clone().unwrap_or_else(|| entry.path.trim_start_matches('/').to_owned());
    let mut server = plain(&entry.path, &name, upstream(&entry.upstream, bound)?, issuer);
    if !entry.scopes.is_empty() {
        server.resource.scopes = scopes(entry)?;
        server.resource.default_scope = server.resource.offered();
    }
    if let Some(defaults) = &entry.default_scopes {
        let defaults: Scope = defaults.iter().collect();
        if !server.resource.offered().covers(&defaults) {
            let what = format!("default_scopes of {} names a scope that is not in [server.scopes]", entry.path);
            return Err(ConfigError::new(what, "describe each scope under [server.scopes]: \"notes:read\" = \"Read your notes\""));
        }
        server.resource.default_scope = defaults;
    }
    server.resource.hierarchy = hierarchy(entry, &server.resource.offered())?;
    if let Some(text) = &entry.upstream_timeout {
        server.upstream_timeout = units::span(text)?;
    }
    for (name, value) in &entry.upstream_header {
        server.upstream_headers.push(header(entry, name, value, environment)?);
    }
    Ok(server)
}

/// A path in its one spelling, below the root, and none of ours.
fn check_path(path: &str) -> Result<(), ConfigError> {
    let segments: Vec<&str> = path.strip_prefix('/').unwrap_or_default().split('/').collect();
    let plain = |segment: &&str| {
        !segment.is_empty()
            && segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
            && !matches!(*segment, "." | "..")
    };
    if !segments.iter().all(plain) || segments.contains(&".well-known") {
        return Err(ConfigError::new(
            format!("the server path {path} cannot be used"),
            "write it like /notes: letters, digits and - . _ ~, no slash at the end",
        ));
    }
    if segments.first().is_some_and(|first| OURS.contains(first)) {
        return Err(ConfigError::new(format!("the server path {path} belongs to doorward itself"), "choose another, such as /notes"));
    }
    Ok(())
}

fn scopes(entry: &raw::Server) -> Result<Vec<(String, String)>, ConfigError> {
    let read = |(name, sentence): (&String, &toml::Value)| {
        let sentence = sentence.as_str().filter(|_| is_scope_name(name) && !is_ours(name));
        let what = || format!("the scope {name} of {} is not a name with a sentence", entry.path);
        sentence
            .map(|sentence| (name.clone(), sentence.to_owned()))
            .ok_or_else(|| ConfigError::new(what(), "write it like \"notes:read\" = \"Read your notes\""))
    };
    entry.scopes.iter().map(read).collect()
}

/// Which scopes include others, all of them scopes of this server.
fn hierarchy(entry: &raw::Server, offered: &Scope) -> Result<ScopeHierarchy, ConfigError> {
    let named = entry.implies.iter().flat_map(|(name, included)| std::iter::once(name).chain(included));
    if let Some(unknown) = named.into_iter().find(|name| !offered.contains(name)) {
        let what = format!("[server.implies] of {} names {unknown}, which is not in [server.scopes]", entry.path);
        return Err(ConfigError::new(what, "describe each scope under [server.scopes]: \"notes:read\" = \"Read your notes\""));
    }
    let direct: Vec<(String, Scope)> = entry.implies.iter().map(|(name, included)| (name.clone(), included.iter().collect())).collect();
    ScopeHierarchy::new(&direct).map_err(|Circle(way)| {
        let what = format!("[server.implies] of {} goes round in a circle: {}", entry.path, way.join(" implies "));
        ConfigError::new(what, "take one of these out; list under a scope only those that allow less than it does")
    })
}

/// Plain HTTP to a host of the home network; never to ourselves, and never with a password in the URL.
fn upstream(text: &str, bound: SocketAddr) -> Result<Upstream, ConfigError> {
    let hint = "write it like http://127.0.0.1:8000/mcp";
    let wrong = |what: &str| ConfigError::new(format!("an upstream URL {what}"), hint);
    let url = Url::parse(text).map_err(|_| wrong("is not a URL"))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(ConfigError::new("an upstream URL carries a password", "put the credential into upstream_header instead"));
    }
    if url.scheme() != "http" {
        return Err(wrong("is not http"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("carries a query or fragment"));
    }
    let host = url.host_str().ok_or_else(|| wrong("has no host"))?.trim_start_matches('[').trim_end_matches(']').to_owned();
    let port = url.port_or_known_default().ok_or_else(|| wrong("has no port"))?;
    let address: Option<IpAddr> = if host == "localhost" { Some(IpAddr::from([127, 0, 0, 1])) } else { host.parse().ok() };
    let to_us = address.is_some_and(|address| address == bound.ip() || (bound.ip().is_unspecified() && address.is_loopback()));
    if to_us && port == bound.port() {
        return Err(wrong("leads back to doorward itself"));
    }
    let path = url.path().trim_end_matches('/');
    Ok(Upstream::Http { host, port, path: if path.is_empty() { "/".to_owned() } else { path.to_owned() } })
}

/// The upstream's own credential: text with `${NAME}` from the environment or `${file:PATH}` from a file.
fn header(entry: &raw::Server, name: &str, value: &str, environment: Environment<'_>) -> Result<(String, UpstreamCredential), ConfigError> {
    let token = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte));
    let framing = ["host", "connection", "content-length", "transfer-encoding"].iter().any(|framing| name.eq_ignore_ascii_case(framing));
    let value = expand(entry, value, environment)?;
    if !token || framing || !value.bytes().all(|byte| matches!(byte, 0x20..=0x7E)) {
        return Err(ConfigError::new(
            format!("upstream_header {name} of {} cannot be sent", entry.path),
            "use a header name and printable ASCII",
        ));
    }
    Ok((name.to_ascii_lowercase(), UpstreamCredential(value)))
}

fn expand(entry: &raw::Server, text: &str, environment: Environment<'_>) -> Result<String, ConfigError> {
    let Some((before, rest)) = text.split_once("${") else { return Ok(text.to_owned()) };
    let unset = |name: &str| {
        ConfigError::new(format!("upstream_header of {} needs {name}, which is not there", entry.path), "set it before doorward starts")
    };
    let (name, after) = rest.split_once('}').ok_or_else(|| unset("a closing brace"))?;
    let value = match name.strip_prefix("file:") {
        Some(file) => fs::read_to_string(Path::new(file)).ok().map(|text| text.trim_end().to_owned()),
        None => environment(name),
    };
    Ok(format!("{before}{}{}", value.ok_or_else(|| unset(name))?, expand(entry, after, environment)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::raw::{Flags, read};

    fn decided(toml: &str) -> Result<Vec<Server>, ConfigError> {
        let folder = std::env::temp_dir().join(format!("doorward-config-{}-{:p}", std::process::id(), toml));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("doorward.toml"), toml).unwrap();
        let environment = |name: &str| (name == "NOTES_TOKEN").then(|| "s3cret".to_owned());
        let written = read(&Flags { data: Some(folder.clone()), ..Flags::default() }, &environment);
        fs::remove_dir_all(&folder).unwrap();
        let issuer = super::super::issuer::decide(Some("https://mcp.example.com"), "127.0.0.1:8787".parse().unwrap(), false)?;
        decide(&written?, &issuer, "127.0.0.1:8787".parse().unwrap(), TokenPolicy::default(), &environment)
    }

    #[test]
    fn a_full_server_is_read() {
        let servers = decided(
            "[[server]]\npath = \"/notes\"\nname = \"Notes\"\nupstream = \"http://127.0.0.1:8000/mcp/\"\nupstream_header = { Authorization = \"Bearer ${NOTES_TOKEN}\" }\ndefault_scopes = [\"notes:read\"]\n[server.scopes]\n\"notes:write\" = \"Change your notes\"\n\"notes:read\" = \"Read your notes\"\n",
        )
        .unwrap();
        let notes = &servers[0];
        assert_eq!(notes.resource.uri, "https://mcp.example.com/notes");
        assert_eq!(notes.upstream, Upstream::Http { host: "127.0.0.1".into(), port: 8000, path: "/mcp".into() });
        assert_eq!(notes.upstream_headers[0].1.0, "Bearer s3cret");
        assert!(!format!("{notes:?}").contains("s3cret"));
        assert_eq!(notes.resource.default_scope.to_string(), "notes:read");
    }

    #[test]
    fn a_wrong_setting_stops_the_start_and_secrets_are_not_echoed() {
        for bad in [
            "pulic_url = \"https://x.test\"",
            "[[server]]\npath = \"/notes\"",
            "[[server]]\npath = \"/\"\nupstream = \"http://h:1/\"",
            "[[server]]\npath = \"/token\"\nupstream = \"http://h:1/\"",
            "[[server]]\npath = \"/a/../b\"\nupstream = \"http://h:1/\"",
            "[[server]]\npath = \"/a\"\nupstream = \"http://u:p4ss@h:1/\"",
            "[[server]]\npath = \"/a\"\nupstream = \"http://127.0.0.1:8787/\"",
            "[[server]]\npath = \"/a\"\nupstream = \"http://h:1/\"\n[[server]]\npath = \"/a\"\nupstream = \"http://h:2/\"",
            "[[server]]\npath = \"/a\"\nupstream = \"http://h:1/\"\nupstream_header = { X = \"${MISSING}\" }",
            "[[server]]\npath = \"/a\"\nupstream = \"http://h:1/\"\ndefault_scopes = [\"unknown\"]",
        ] {
            let error = decided(bad).unwrap_err();
            assert!(!error.what.contains("p4ss"), "{error}");
        }
    }

    const SCOPES: &str = "[[server]]\npath = \"/notes\"\nupstream = \"http://h:1/\"\n[server.scopes]\nread = \"Read\"\nwrite = \"Change\"\nadmin = \"All\"\n[server.implies]\n";

    #[test]
    fn a_server_has_to_be_named_exactly_where_the_owner_asks_for_that() {
        let naming = |toml: &str| decided(toml).unwrap()[0].resource.naming;
        assert_eq!((naming(""), naming("require_resource = true")), (Naming::Lenient, Naming::Strict));
        let server = "[[server]]\npath = \"/a\"\nupstream = \"http://h:1/\"\n";
        assert_eq!((naming(server), naming(&format!("require_resource = true\n{server}"))), (Naming::Lenient, Naming::Strict));
    }

    #[test]
    fn scopes_include_others_where_the_owner_says_so() {
        let servers = decided(&format!("{SCOPES}admin = [\"write\"]\nwrite = [\"read\"]")).unwrap();
        assert_eq!(servers[0].resource.hierarchy.reach(&Scope::parse("admin")).to_string(), "admin write read");
        assert_eq!(decided(SCOPES).unwrap()[0].resource.hierarchy, ScopeHierarchy::default());
    }

    #[test]
    fn scopes_that_are_unknown_or_include_themselves_stop_the_start() {
        let told = |implies: &str| decided(&format!("{SCOPES}{implies}")).unwrap_err().what;
        assert!(told("write = [\"rede\"]").contains("names rede"));
        assert!(told("wirte = [\"read\"]").contains("names wirte"));
        assert!(told("write = [\"openid\"]").contains("names openid"));
        assert!(told("write = [\"read\"]\nread = [\"write\"]").ends_with("read implies write implies read"));
        assert!(told("read = [\"read\"]").ends_with("read implies read"));
    }

    #[test]
    fn without_any_server_the_demo_is_protected() {
        assert_eq!(decided("").unwrap()[0].upstream, Upstream::Demo);
    }
}
