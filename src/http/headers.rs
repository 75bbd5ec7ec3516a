//! Header fields as vetted text: lower-case names, visible ASCII values, order kept.

/// A list of fields. Names are stored in lower case; a name may occur more than once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeaderMap {
    fields: Vec<(String, String)>,
}

/// A field that must be single occurred several times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Repeated;

impl HeaderMap {
    /// No fields yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a field after those that are there. The value must already be free of control characters.
    pub fn append(&mut self, name: &str, value: impl Into<String>) {
        self.fields.push((name.to_ascii_lowercase(), value.into()));
    }

    /// Puts one field in place of all of that name.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.remove(name);
        self.append(name, value);
    }

    /// Takes out every field of that name.
    pub fn remove(&mut self, name: &str) {
        self.fields.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
    }

    /// Keeps the fields that `keep` approves of.
    pub fn retain(&mut self, mut keep: impl FnMut(&str, &str) -> bool) {
        self.fields.retain(|(name, value)| keep(name, value));
    }

    /// The first value of that name.
    pub fn first(&self, name: &str) -> Option<&str> {
        self.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// The value of a field that may occur once.
    ///
    /// # Errors
    /// [`Repeated`] when it occurs more often, so that nobody has to pick one.
    pub fn only(&self, name: &str) -> Result<Option<&str>, Repeated> {
        if self.all(name).nth(1).is_some() { Err(Repeated) } else { Ok(self.first(name)) }
    }

    /// Every value of that name, in order.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.iter().filter(move |(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// Every field, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.fields.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// How many fields there are.
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    /// True without any field.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }
}

impl<N: AsRef<str>, V: Into<String>> FromIterator<(N, V)> for HeaderMap {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(fields: I) -> Self {
        let mut map = Self::new();
        for (name, value) in fields {
            map.append(name.as_ref(), value);
        }
        map
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_without_case() {
        let map: HeaderMap = [("Accept", "a"), ("accept", "b")].into_iter().collect();
        assert_eq!(map.all("ACCEPT").collect::<Vec<_>>(), ["a", "b"]);
    }

    #[test]
    fn a_repeated_single_field_is_an_error_and_not_a_choice() {
        let map: HeaderMap = [("host", "a"), ("Host", "a")].into_iter().collect();
        assert_eq!(map.only("host"), Err(Repeated));
        assert_eq!(map.only("cookie"), Ok(None));
    }

    #[test]
    fn set_leaves_exactly_one() {
        let mut map: HeaderMap = [("x", "1"), ("X", "2")].into_iter().collect();
        map.set("X", "3");
        assert_eq!(map.only("x"), Ok(Some("3")));
    }
}
