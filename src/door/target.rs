//! The request target (RFC 9112 §3.2): a path in its one spelling and a query nobody looks into.

use super::refusal::Refused;
use crate::http::path::{CanonicalPath, MAX_PATH};

/// RFC 9112 §3.2: the origin form, or the absolute form when it names the very host that `Host` names.
pub(super) fn split<'t>(target: &'t str, host: &str) -> Result<(CanonicalPath, Option<String>), Refused> {
    let local: &'t str = match target.split_once("://") {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https") => {
            let (named, _) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
            let local = rest.strip_prefix(named).unwrap_or_default();
            if !named.eq_ignore_ascii_case(host) {
                return Err(Refused::TargetMalformed);
            }
            local
        }
        Some(_) | None => target,
    };
    let (path, query) = local.split_once('?').map_or((local, None), |(path, query)| (path, Some(query)));
    if path.len() > MAX_PATH {
        return Err(Refused::TargetTooLong);
    }
    if query.is_some_and(|query| query.contains('#')) {
        return Err(Refused::TargetMalformed);
    }
    let path = CanonicalPath::parse(path).ok_or(Refused::TargetMalformed)?;
    Ok((path, query.map(str::to_owned)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(target: &str) -> Result<(String, Option<String>), Refused> {
        split(target, "a.test").map(|(path, query)| (path.as_str().to_owned(), query))
    }

    #[test]
    fn the_target_is_a_path_or_names_the_same_host() {
        assert_eq!(read("/mcp/x?a=%2F..&b"), Ok(("/mcp/x".into(), Some("a=%2F..&b".into()))));
        assert_eq!(read("/x?"), Ok(("/x".into(), Some(String::new()))));
        assert_eq!(read("http://A.test/mcp?x"), Ok(("/mcp".into(), Some("x".into()))));
        for target in [
            "*",
            "a.test:80",
            "http://b.test/mcp",
            "http://a.test:80/mcp",
            "http://a.test",
            "http://a.test?x",
            "http://u@a.test/",
            "ftp://a.test/",
            "http:/mcp",
            "mcp",
            "//a.test/mcp",
            "http://10.0.0.1/",
            "/mcp#x",
            "/mcp?a#b",
            "/a/../mcp",
            "/%2e%2e/mcp",
            "?x",
            "\\mcp",
            "/mcp//b",
            "",
        ] {
            assert_eq!(read(target), Err(Refused::TargetMalformed), "{target}");
        }
        assert_eq!(read(&format!("/{}", "a".repeat(MAX_PATH))), Err(Refused::TargetTooLong));
    }
}
