//! Where a browser goes on to after a sign-in.

use crate::http::path::CanonicalPath;
use percent_encoding::percent_decode_str;

/// A path of ours to go on to: `/authorize` with a query, or a plain path. Anything else is the start page.
///
/// The text comes from a form field, so it is read again as if it were hostile: one leading slash, nothing that a browser
/// would take for another host, and a canonical path.
pub fn safe_return(sent: Option<&str>) -> String {
    let path = |text: &str| text.split_once('?').map_or(text.to_owned(), |(path, _)| path.to_owned());
    let visible = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\' && byte != b'#');
    let good = |text: &&str| visible(text) && CanonicalPath::parse(&path(text)).is_some();
    sent.filter(good).unwrap_or("/").to_owned()
}

/// `return_to` after a sign-in that was asked for by `prompt=login` or `max_age`: the wish is fulfilled then, and must not be
/// met again.
pub fn without_prompt(query: &str) -> String {
    let is_prompt = |name: &str| percent_decode_str(name).eq(*b"prompt") || percent_decode_str(name).eq(*b"max_age");
    let keep = |pair: &&str| !pair.split('=').next().is_some_and(is_prompt);
    query.split('&').filter(keep).collect::<Vec<_>>().join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_ours_are_returned_to() {
        for good in ["/", "/authorize?client_id=x&redirect_uri=https%3A%2F%2Fc.test", "/connections"] {
            assert_eq!(safe_return(Some(good)), good);
        }
        for bad in [
            "//evil.test",
            "/\\evil.test",
            "/\t/evil.test",
            "https:evil.test",
            "javascript:alert(1)",
            "/..//evil.test",
            "/%2f%2fevil.test",
            "https://x@evil.test/",
            "",
            "/a#b",
            "/a b",
        ] {
            assert_eq!(safe_return(Some(bad)), "/", "{bad:?}");
        }
    }

    #[test]
    fn a_fulfilled_prompt_is_not_asked_again() {
        assert_eq!(without_prompt("client_id=x&prompt=login&%70rompt=login&max_age=0&state=prompt"), "client_id=x&state=prompt");
    }
}
