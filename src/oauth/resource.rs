//! Protected resources, and which of them a `resource` parameter means (RFC 8707 §2).

use super::error::Refusal;
use super::scope::Scope;
use super::scope_hierarchy::ScopeHierarchy;
use super::token_policy::TokenPolicy;
use url::Url;

/// Longest `resource` value looked at, in bytes.
pub const MAX_RESOURCE: usize = 2048;

/// One protected server: how a client sees it, and what its owner decided about its tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProtectedResource {
    /// Its path on our origin, such as `/notes`: starts with a slash, ends without one.
    pub path: String,
    /// Its identifier (RFC 8707): our origin and the path, exactly the address that people type.
    pub uri: String,
    /// What people call it.
    pub name: String,
    /// Scope names and the sentence that the consent page shows for each.
    pub scopes: Vec<(String, String)>,
    /// What is granted when nothing usable is asked for, and what the challenge names.
    pub default_scope: Scope,
    /// Which of its scopes include others.
    pub hierarchy: ScopeHierarchy,
    /// How long its tokens live, and what becomes of them.
    pub tokens: TokenPolicy,
    /// How a request has to name it.
    pub naming: Naming,
}

/// How a request has to name a server (RFC 8707 §2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Naming {
    /// In any spelling that clients use, or not at all.
    #[default]
    Lenient,
    /// By its identifier, byte for byte.
    Strict,
}

impl ProtectedResource {
    /// The server at `path` of an origin, without scopes and with nothing else decided.
    pub fn plain(origin: &str, path: &str, name: &str) -> Self {
        Self {
            path: path.to_owned(),
            uri: format!("{origin}{path}"),
            name: name.to_owned(),
            scopes: vec![],
            default_scope: Scope::default(),
            hierarchy: ScopeHierarchy::default(),
            tokens: TokenPolicy::default(),
            naming: Naming::default(),
        }
    }

    /// All scopes it offers.
    pub fn offered(&self) -> Scope {
        self.scopes.iter().map(|(name, _)| name).collect()
    }

    /// True when `raw` names it.
    fn is_named(&self, raw: &str) -> bool {
        match self.naming {
            Naming::Strict => raw == self.uri,
            Naming::Lenient => comparable(raw).is_some_and(|asked| comparable(&self.uri) == Some(asked)),
        }
    }

    /// What a request for `asked` may be granted here: the known part, or the default when nothing known is left.
    ///
    /// RFC 6749 §3.3 lets the server ignore scopes in part. The scopes of the server itself are granted only when asked for.
    pub fn grantable(&self, asked: &Scope) -> Scope {
        let known = asked.and(&self.offered());
        let granted = if known.is_empty() { self.default_scope.clone() } else { known };
        granted.with(&asked.ours())
    }
}

/// The resources that the request may mean: the one that it names, or all of them when it names none. Then the user
/// chooses among them, and the token is for the one chosen.
///
/// Each value sent must name one, all the same one: compared after
/// lower-casing scheme and host and dropping a default port, a trailing slash and a query (clients add all of these).
/// Our bare origin means the only resource too, since older clients send the parent of what they want.
/// None of this freedom is left where the owner asks for strict naming.
///
/// # Errors
/// `invalid_target`: [`Refusal::ResourceUnknown`] for anything else; [`Refusal::ResourceMissing`] when nothing was sent and
/// there is none, [`Refusal::ResourceRequired`] when it has to be sent.
pub fn candidates<'a, 'r>(
    sent: impl Iterator<Item = &'a str>,
    resources: &'r [ProtectedResource],
) -> Result<Vec<&'r ProtectedResource>, Refusal> {
    let mut meant: Option<&'r ProtectedResource> = None;
    for raw in sent {
        let this = find(raw, resources).ok_or(Refusal::ResourceUnknown)?;
        if meant.is_some_and(|earlier| earlier.path != this.path) {
            return Err(Refusal::ResourceUnknown);
        }
        meant = Some(this);
    }
    match (meant, resources) {
        (Some(resource), _) => Ok(vec![resource]),
        (None, []) => Err(Refusal::ResourceMissing),
        (None, all) => {
            let unnamed: Vec<_> = all.iter().filter(|resource| resource.naming == Naming::Lenient).collect();
            if unnamed.is_empty() { Err(Refusal::ResourceRequired) } else { Ok(unnamed) }
        }
    }
}

/// Whether a token request means the resource that was granted, by what it sends: nothing, or nothing else.
///
/// # Errors
/// `invalid_target`: [`Refusal::ResourceNotGranted`], or [`Refusal::ResourceRequired`] where it has to be sent.
pub fn means<'a>(sent: impl Iterator<Item = &'a str>, granted: &ProtectedResource) -> Result<(), Refusal> {
    let mut sent = sent.peekable();
    if granted.naming == Naming::Strict && sent.peek().is_none() {
        return Err(Refusal::ResourceRequired);
    }
    if sent.all(|raw| find(raw, std::slice::from_ref(granted)).is_some()) { Ok(()) } else { Err(Refusal::ResourceNotGranted) }
}

fn find<'r>(raw: &str, resources: &'r [ProtectedResource]) -> Option<&'r ProtectedResource> {
    let named = resources.iter().find(|resource| resource.is_named(raw));
    match resources {
        [only] if only.naming == Naming::Lenient => {
            named.or_else(|| (comparable(&origin_of(&only.uri)?) == Some(comparable(raw)?)).then_some(only))
        }
        _ => named,
    }
}

fn origin_of(uri: &str) -> Option<String> {
    Some(Url::parse(uri).ok()?.origin().ascii_serialization())
}

/// Scheme, host, port and path in the form in which two spellings of one resource are equal. What stands in the query
/// does not matter.
fn comparable(raw: &str) -> Option<String> {
    let tidy = raw.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\') && raw.len() <= MAX_RESOURCE;
    let (_, address) = raw.split('?').next()?.split_once("://")?;
    let moves = |segment: &str| matches!(segment, "." | "..") || segment.contains("%2e") || segment.contains("%2E");
    if !tidy || address.starts_with('/') || address.contains('@') || address.split('/').any(moves) {
        return None;
    }
    let url = Url::parse(raw).ok()?;
    let web = matches!(url.scheme(), "https" | "http") && url.fragment().is_none();
    let path = url.path().strip_suffix('/').unwrap_or(url.path());
    web.then(|| format!("{}{path}", url.origin().ascii_serialization()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resource(path: &str) -> ProtectedResource {
        ProtectedResource {
            scopes: vec![("read".into(), "Read".into()), ("write".into(), "Write".into())],
            default_scope: Scope::parse("read"),
            ..ProtectedResource::plain("https://mcp.example.com", path, "Notes")
        }
    }

    fn meant(sent: &[&str], resources: &[ProtectedResource]) -> Result<String, Refusal> {
        let found = candidates(sent.iter().copied(), resources)?;
        Ok(found.iter().map(|resource| resource.path.as_str()).collect::<Vec<_>>().join(" or "))
    }

    #[test]
    fn spellings_that_clients_really_send_are_understood() {
        let only = [resource("/mcp")];
        for raw in [
            "https://mcp.example.com/mcp",
            "https://mcp.example.com/mcp/",
            "https://MCP.example.com:443/mcp",
            "https://mcp.example.com/mcp?kb_name=x",
            "https://mcp.example.com/mcp?kb_name=ann@example.com/../x",
            "https://mcp.example.com",
            "https://mcp.example.com/",
        ] {
            assert_eq!(meant(&[raw], &only), Ok("/mcp".into()), "{raw}");
        }
        assert_eq!(meant(&[], &only), Ok("/mcp".into()));
    }

    #[test]
    fn anything_else_is_an_unknown_target() {
        let only = [resource("/mcp")];
        for raw in [
            "/mcp",
            "mcp",
            "https://mcp.example.com/mcp#x",
            "https://u@mcp.example.com/mcp",
            "https://@mcp.example.com/mcp",
            "http://mcp.example.com/mcp",
            "https://mcp.example.com:444/mcp",
            "https://evil.test/mcp",
            "https://mcp.example.com/mcp/a/..",
            "https://mcp.example.com/a/%2e%2e/mcp",
            "https://mcp.example.com/mcpx",
            "https://mcp.example.com/MCP",
            "https://mcp.example.com\\mcp",
            "https:///mcp.example.com/mcp",
            "https://mcp.example.com/m cp",
            "urn:x",
            "",
        ] {
            assert_eq!(meant(&[raw], &only), Err(Refusal::ResourceUnknown), "{raw}");
        }
    }

    #[test]
    fn with_several_resources_nothing_is_guessed() {
        let two = [resource("/a"), resource("/ab")];
        assert_eq!(meant(&[], &two), Ok("/a or /ab".into()));
        assert_eq!(meant(&["https://mcp.example.com/"], &two), Err(Refusal::ResourceUnknown));
        assert_eq!(meant(&["https://mcp.example.com/ab"], &two), Ok("/ab".into()));
        assert_eq!(meant(&["https://mcp.example.com/ab", "https://mcp.example.com/a"], &two), Err(Refusal::ResourceUnknown));
        assert_eq!(meant(&["https://mcp.example.com/a", "https://mcp.example.com/a/"], &two), Ok("/a".into()));
    }

    #[test]
    fn unknown_scopes_are_dropped_and_nothing_left_means_the_default() {
        let notes = resource("/notes");
        assert_eq!(notes.grantable(&Scope::parse("write admin")).to_string(), "write");
        assert_eq!(notes.grantable(&Scope::parse("openid email profile")).to_string(), "read openid email profile");
        assert_eq!(notes.grantable(&Scope::parse("email profile")).to_string(), "read");
        assert_eq!(notes.grantable(&Scope::parse("")).to_string(), "read");
        assert_eq!(notes.grantable(&Scope::parse("offline_access")).to_string(), "read offline_access");
    }

    #[test]
    fn several_spellings_of_one_resource_are_one() {
        let only = [resource("/mcp")];
        assert_eq!(meant(&["https://mcp.example.com/mcp", "https://mcp.example.com/mcp/?a=b"], &only), Ok("/mcp".into()));
        assert_eq!(meant(&["https://mcp.example.com/mcp", "https://evil.test/mcp"], &only), Err(Refusal::ResourceUnknown));
    }

    #[test]
    fn a_path_is_matched_whole_and_with_case() {
        let servers = [resource("/a"), resource("/a/b"), resource("/ab"), resource("/A")];
        for path in ["/a", "/a/b", "/ab", "/A"] {
            assert_eq!(meant(&[&format!("https://mcp.example.com{path}")], &servers), Ok(path.into()));
            assert_eq!(meant(&[&format!("https://mcp.example.com{path}/")], &servers), Ok(path.into()));
        }
        for path in ["/", "/b", "/a/c", "/a/b/c", "/aB", "/a//", "//a", "/%61"] {
            assert_eq!(meant(&[&format!("https://mcp.example.com{path}")], &servers), Err(Refusal::ResourceUnknown), "{path}");
        }
    }

    #[test]
    fn a_very_long_resource_is_refused_unread() {
        let long = format!("https://mcp.example.com/mcp?{}", "x".repeat(MAX_RESOURCE));
        assert_eq!(meant(&[&long], &[resource("/mcp")]), Err(Refusal::ResourceUnknown));
    }

    #[test]
    fn at_the_token_endpoint_every_value_must_mean_the_granted_resource() {
        let granted = resource("/a");
        let all = |sent: &[&str]| means(sent.iter().copied(), &granted);
        assert_eq!(all(&[]), Ok(()));
        assert_eq!(all(&["https://mcp.example.com/a", "https://MCP.example.com/a/"]), Ok(()));
        assert_eq!(all(&["https://mcp.example.com/a", "https://mcp.example.com/ab"]), Err(Refusal::ResourceNotGranted));
        assert_eq!(all(&["https://evil.test/a"]), Err(Refusal::ResourceNotGranted));
    }

    fn strict(path: &str) -> ProtectedResource {
        ProtectedResource { naming: Naming::Strict, ..resource(path) }
    }

    #[test]
    fn where_naming_is_strict_only_the_identifier_itself_is_a_name() {
        for servers in [vec![strict("/mcp")], vec![strict("/mcp"), strict("/mcp/a")]] {
            assert_eq!(meant(&["https://mcp.example.com/mcp"], &servers), Ok("/mcp".into()));
            assert_eq!(meant(&["https://mcp.example.com/mcp", "https://mcp.example.com/mcp"], &servers), Ok("/mcp".into()));
            for raw in [
                "https://mcp.example.com/mcp/",
                "https://mcp.example.com:443/mcp",
                "https://MCP.example.com/mcp",
                "HTTPS://mcp.example.com/mcp",
                "https://mcp.example.com/mcp?x",
                "https://mcp.example.com/mcp#x",
                "https://mcp.example.com/mcp ",
                "https://mcp.example.com/MCP",
                "https://mcp.example.com/%6Dcp",
                "https://mcp.example.com/",
                "https://mcp.example.com",
            ] {
                assert_eq!(meant(&[raw], &servers), Err(Refusal::ResourceUnknown), "{raw}");
                assert_eq!(meant(&["https://mcp.example.com/mcp", raw], &servers), Err(Refusal::ResourceUnknown), "{raw}");
                assert_eq!(means([raw].into_iter(), &servers[0]), Err(Refusal::ResourceNotGranted), "{raw}");
            }
            assert_eq!(meant(&[], &servers), Err(Refusal::ResourceRequired));
            assert_eq!(means(std::iter::empty(), &servers[0]), Err(Refusal::ResourceRequired));
            assert_eq!(means(["https://mcp.example.com/mcp"].into_iter(), &servers[0]), Ok(()));
        }
    }

    #[test]
    fn without_servers_nothing_is_meant() {
        assert_eq!(meant(&[], &[]), Err(Refusal::ResourceMissing));
        assert_eq!(meant(&["https://mcp.example.com/"], &[]), Err(Refusal::ResourceUnknown));
    }
}
