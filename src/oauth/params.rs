//! Parameters: `application/x-www-form-urlencoded` text from a query or a body, read strictly (RFC 6749 App. B).

use super::error::Refusal;
use percent_encoding::percent_decode_str;

/// Most pairs accepted in one form: a consent form holds one for each scope of each server.
pub const MAX_PAIRS: usize = 512;

/// Names and values in the order in which they came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Params {
    pairs: Vec<(String, String)>,
}

impl Params {
    /// Reads the text. Empty text holds no parameters.
    ///
    /// # Errors
    /// [`Refusal::MalformedForm`] for a broken percent-escape, text that is not UTF-8, a NUL or too many pairs: never a
    /// repaired value.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let mut pairs = Vec::new();
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            if pairs.len() == MAX_PAIRS {
                return Err(Refusal::MalformedForm);
            }
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            pairs.push((decode(name)?, decode(value)?));
        }
        Ok(Self { pairs })
    }

    /// The value of a parameter that may be sent once; sent empty is not sent (RFC 6749 §3.1).
    ///
    /// # Errors
    /// [`Refusal::ParameterRepeated`] when it was sent more than once, even with equal values.
    pub fn one(&self, name: &'static str) -> Result<Option<&str>, Refusal> {
        let mut values = self.pairs.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str());
        let first = values.next();
        if values.next().is_some() {
            return Err(Refusal::ParameterRepeated(name));
        }
        Ok(first.filter(|value| !value.is_empty()))
    }

    /// The value of a parameter that must be sent once.
    ///
    /// # Errors
    /// [`Refusal::ParameterMissing`], [`Refusal::ParameterRepeated`].
    pub fn required(&self, name: &'static str) -> Result<&str, Refusal> {
        self.one(name)?.ok_or(Refusal::ParameterMissing(name))
    }

    /// Every non-empty value of a parameter that may be repeated (RFC 8707 `resource`).
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.pairs.iter().filter(move |(known, value)| known == name && !value.is_empty()).map(|(_, value)| value.as_str())
    }
}

fn decode(raw: &str) -> Result<String, Refusal> {
    if !escapes_are_whole(raw) {
        return Err(Refusal::MalformedForm);
    }
    let spaced = raw.replace('+', " ");
    let text = percent_decode_str(&spaced).decode_utf8().map_err(|_| Refusal::MalformedForm)?;
    if text.contains('\0') { Err(Refusal::MalformedForm) } else { Ok(text.into_owned()) }
}

fn escapes_are_whole(raw: &str) -> bool {
    raw.split('%').skip(1).all(|after| {
        let mut digits = after.bytes();
        matches!((digits.next(), digits.next()), (Some(a), Some(b)) if a.is_ascii_hexdigit() && b.is_ascii_hexdigit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plus_and_percent_are_decoded_once() {
        let form = Params::parse("scope=a+b&state=%252B%2B&x").unwrap();
        assert_eq!(form.one("scope"), Ok(Some("a b")));
        assert_eq!(form.one("state"), Ok(Some("%2B+")));
        assert_eq!(form.one("x"), Ok(None));
    }

    #[test]
    fn a_parameter_sent_twice_is_an_error_even_when_equal() {
        let form = Params::parse("code=a&code=a").unwrap();
        assert_eq!(form.one("code"), Err(Refusal::ParameterRepeated("code")));
        assert_eq!(form.all("code").count(), 2);
    }

    #[test]
    fn broken_escapes_and_foreign_encodings_are_refused() {
        for raw in ["a=%", "a=%2", "a=%zz", "a=%ff", "a=%00", "%=b"] {
            assert_eq!(Params::parse(raw), Err(Refusal::MalformedForm), "{raw}");
        }
    }

    #[test]
    fn the_number_of_pairs_is_bounded() {
        assert!(Params::parse(&"a=b&".repeat(MAX_PAIRS)).is_ok());
        assert_eq!(Params::parse(&"a=b&".repeat(MAX_PAIRS + 1)), Err(Refusal::MalformedForm));
    }

    #[test]
    fn empty_is_absent_and_empty_text_holds_nothing() {
        for text in ["", "&", "&&", "a", "a=", "=b"] {
            assert_eq!(Params::parse(text).unwrap().one("a"), Ok(None), "{text}");
        }
        assert_eq!(Params::parse("a=").unwrap().required("a"), Err(Refusal::ParameterMissing("a")));
        assert_eq!(Params::parse("resource=&resource=x").unwrap().all("resource").collect::<Vec<_>>(), ["x"]);
    }

    #[test]
    fn a_parameter_sent_once_full_and_once_empty_is_still_sent_twice() {
        for text in ["a=&a=x", "a=x&a", "a&a"] {
            assert_eq!(Params::parse(text).unwrap().one("a"), Err(Refusal::ParameterRepeated("a")), "{text}");
        }
    }

    #[test]
    fn names_are_decoded_and_compared_with_case() {
        let form = Params::parse("%63ode=x&CODE=y&c+d=z").unwrap();
        assert_eq!((form.one("code"), form.one("CODE"), form.one("c d")), (Ok(Some("x")), Ok(Some("y")), Ok(Some("z"))));
        assert_eq!(Params::parse("code=a&%63ode=b").unwrap().one("code"), Err(Refusal::ParameterRepeated("code")));
    }

    #[test]
    fn only_the_first_equals_sign_divides_and_a_semicolon_never() {
        let form = Params::parse("a=b=c&d=e;f=g").unwrap();
        assert_eq!((form.one("a"), form.one("d"), form.one("f")), (Ok(Some("b=c")), Ok(Some("e;f=g")), Ok(None)));
    }

    #[test]
    fn line_breaks_survive_as_values_and_nowhere_else() {
        assert_eq!(Params::parse("state=%0d%0aSet-Cookie").unwrap().one("state"), Ok(Some("\r\nSet-Cookie")));
    }
}
