//! What the owner configured, as far as the audit log tells of a change in it.

use super::audit::{Event, Occasion};
use super::audit_kinds::What;
use super::text::Shown;
use serde::{Deserialize, Serialize};

/// What was configured at a start. A stored record: frozen once released.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Configuration {
    /// Our origin.
    pub public_url: String,
    /// The paths of the protected servers.
    pub servers: Vec<String>,
    /// What else is worth telling of, by its name in the configuration.
    pub settings: Vec<(String, String)>,
}

impl Configuration {
    /// What is different since `before`. A setting that was not looked at then has not changed.
    pub fn changes_since(&self, before: &Self, occasion: &Occasion) -> Vec<Event> {
        let url = (self.public_url != before.public_url).then(|| {
            occasion.event(What::PublicUrlChanged { before: Shown::new(&before.public_url), after: Shown::new(&self.public_url) })
        });
        let added = missing_in(&before.servers, &self.servers).map(|path| occasion.event(What::ServerAdded).at_server(path));
        let gone = missing_in(&self.servers, &before.servers).map(|path| occasion.event(What::ServerGone).at_server(path));
        let settings = self.settings.iter().filter_map(|(name, after)| {
            let (_, before) = before.settings.iter().find(|(known, before)| known == name && before != after)?;
            Some(occasion.event(What::SettingChanged { setting: Shown::new(name), before: value(before), after: value(after) }))
        });
        url.into_iter().chain(added).chain(gone).chain(settings).collect()
    }
}

fn missing_in<'p>(there: &'p [String], paths: &'p [String]) -> impl Iterator<Item = &'p String> {
    paths.iter().filter(|path| !there.contains(path))
}

fn value(text: &str) -> Shown {
    Shown::new(if text.is_empty() { "empty" } else { text })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::fixtures::NOW;

    fn configuration(url: &str, servers: &[&str], settings: &[(&str, &str)]) -> Configuration {
        Configuration {
            public_url: url.into(),
            servers: servers.iter().map(|path| (*path).to_owned()).collect(),
            settings: settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        }
    }

    fn changes(before: &Configuration, after: &Configuration) -> Vec<String> {
        after.changes_since(before, &Occasion::here(NOW)).iter().map(Event::sentence).collect()
    }

    #[test]
    fn each_change_is_told_and_nothing_else() {
        let before = configuration("http://127.0.0.1:1", &["/a", "/b"], &[("redirect_hosts", "open"), ("without_pkce", ""), ("same", "x")]);
        let after = configuration(
            "https://mcp.test",
            &["/b", "/c"],
            &[("without_pkce", "legacy.test"), ("redirect_hosts", "listed"), ("new", "y"), ("same", "x")],
        );
        let expected = [
            "the public URL is https://mcp.test and was http://127.0.0.1:1",
            "/c is protected since this start",
            "/a is not protected any more since this start",
            "without_pkce is legacy.test and was empty",
            "redirect_hosts is listed and was open",
        ];
        assert_eq!(changes(&before, &after), expected);
        assert_eq!(changes(&after, &after), [""; 0]);
    }

    #[test]
    fn servers_in_another_order_are_the_same_servers() {
        let of = |servers: &[&str]| configuration("https://mcp.test", servers, &[]);
        assert_eq!(changes(&of(&["/a", "/b"]), &of(&["/b", "/a"])), [""; 0]);
    }
}
