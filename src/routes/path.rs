//! How the path of a row is matched.

/// How a row's path is matched. Never by prefix.
pub(super) enum Path {
    /// This path.
    Exact(&'static str),
    /// A well-known document: `/.well-known/NAME`, `/.well-known/NAME/SERVER` and `/SERVER/.well-known/NAME`.
    WellKnown(&'static str),
    /// One name below this path: `/register/ID`.
    Below(&'static str),
}

impl Path {
    /// The place that a matching path names: for a well-known document the server's path, below a path the name, else nothing.
    pub(super) fn matches<'a>(&self, path: &'a str) -> Option<&'a str> {
        match self {
            Self::Exact(exact) => (path == *exact).then_some(""),
            Self::Below(parent) => {
                let name = path.strip_prefix(parent)?.strip_prefix('/')?;
                (!name.is_empty() && !name.contains('/')).then_some(name)
            }
            Self::WellKnown(name) => {
                let (before, after) = path.split_once("/.well-known/")?;
                let place = after.strip_prefix(name)?;
                let one_place = before.is_empty() || matches!(place, "" | "/");
                (one_place && (place.is_empty() || place.starts_with('/'))).then_some(if before.is_empty() { place } else { before })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_well_known_name_is_found_in_front_of_a_server_and_behind_it() {
        let path = Path::WellKnown("openid-configuration");
        assert_eq!(path.matches("/.well-known/openid-configuration"), Some(""));
        assert_eq!(path.matches("/.well-known/openid-configuration/notes/mcp"), Some("/notes/mcp"));
        assert_eq!(path.matches("/notes/mcp/.well-known/openid-configuration"), Some("/notes/mcp"));
        assert_eq!(path.matches("/notes/mcp/.well-known/openid-configuration/"), Some("/notes/mcp"));
        for other in
            ["/.well-known/openid-configurationx", "/a/.well-known/openid-configuration/b", "/openid-configuration", "/.well-known/"]
        {
            assert_eq!(path.matches(other), None, "{other}");
        }
    }

    #[test]
    fn a_name_below_a_path_is_one_segment() {
        let path = Path::Below("/register");
        assert_eq!(path.matches("/register/client_x"), Some("client_x"));
        for other in ["/register", "/register/", "/register/a/b", "/registers", "/registers/a", "/a/register/b", "//register/a"] {
            assert_eq!(path.matches(other), None, "{other}");
        }
    }
}
