//! Cookies, by RFC 6265 §4.1 and the `__Host-` prefix of its successor.

use super::headers::HeaderMap;

/// The value of a cookie. One that comes twice is not there: somebody may have planted the other
/// (a sibling host can set cookies for us, but none with a `__Host-` name).
pub fn read<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let pairs = headers.all("cookie").flat_map(|field| field.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let mut values = pairs.filter(|(known, _)| *known == name).map(|(_, value)| value);
    let first = values.next();
    first.filter(|value| values.next().is_none() && !value.is_empty())
}

/// Where a cookie goes, which decides its name and attributes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Jar {
    /// Over https: `__Host-` and `Secure`.
    Secure,
    /// Over plain HTTP to this machine, where a browser would not keep a `Secure` cookie.
    Plain,
}

impl Jar {
    /// The full name.
    pub fn name(self, name: &str) -> String {
        match self {
            Self::Secure => format!("__Host-{name}"),
            Self::Plain => name.to_owned(),
        }
    }

    /// A `Set-Cookie` value that lasts `seconds`, or as long as the browser runs.
    pub fn set(self, name: &str, value: &str, seconds: Option<u64>) -> String {
        let secure = match self {
            Self::Secure => "; Secure",
            Self::Plain => "",
        };
        let age = seconds.map(|seconds| format!("; Max-Age={seconds}")).unwrap_or_default();
        format!("{}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{age}", self.name(name))
    }

    /// A `Set-Cookie` value that takes the cookie away.
    pub fn clear(self, name: &str) -> String {
        self.set(name, "", Some(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cookies(fields: &[&str]) -> HeaderMap {
        fields.iter().map(|field| ("cookie", *field)).collect()
    }

    #[test]
    fn a_cookie_is_found_by_its_exact_name() {
        let headers = cookies(&["a=1; __Host-s=2", "b=3"]);
        assert_eq!(read(&headers, "__Host-s"), Some("2"));
        assert_eq!(read(&headers, "s"), None);
    }

    #[test]
    fn a_cookie_that_comes_twice_is_not_believed() {
        assert_eq!(read(&cookies(&["s=1; s=2"]), "s"), None);
        assert_eq!(read(&cookies(&["s=1", "s=1"]), "s"), None);
    }

    #[test]
    fn over_https_a_cookie_has_the_host_prefix() {
        assert_eq!(Jar::Secure.set("s", "v", None), "__Host-s=v; Path=/; HttpOnly; SameSite=Lax; Secure");
        assert_eq!(Jar::Plain.clear("s"), "s=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0");
    }
}
