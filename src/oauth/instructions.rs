//! How each app is given the address of a server: one table, `instructions.toml` beside this file, filled in for one server.
//!
//! Words and links for people. Nothing is decided by it: an app that is not in the table connects in the same way.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
// Addresses as values; `core` has nothing that could reach the network.
use core::net::Ipv4Addr;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde_json::json;
use std::sync::LazyLock;
use url::{Host, Url};

/// One app.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Instructions {
    /// A word for it, unlike any other's.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Which part of it, or what it is.
    pub about: String,
    /// From where it connects.
    pub reach: Reach,
    /// What opens the app with the address in it.
    pub link: Option<AppLink>,
    /// What is to be copied into it.
    pub copy: Option<CopyText>,
    /// What to do, in order.
    #[serde(default)]
    pub steps: Vec<String>,
    /// Fields of its form, and what goes into each.
    #[serde(default)]
    pub fields: Vec<(String, String)>,
    /// What else to know.
    pub note: Option<String>,
}

/// A link into an app on the person's device.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AppLink {
    /// What it does.
    pub label: String,
    /// With the scheme of the app.
    pub href: String,
}

/// A text for the app, and where it belongs.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CopyText {
    /// Where.
    pub label: String,
    /// What.
    pub text: String,
}

/// From where an app connects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reach {
    /// From its vendor's machines: the address must be public, https and on port 443.
    Internet,
    /// From the person's own device: whatever that device reaches will do.
    Network,
}

/// Who can reach an address, judging by how it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whereabouts {
    /// This machine alone.
    ThisMachine,
    /// The network at home, or wherever a port other than 443 is let through.
    Network,
    /// Perhaps everybody.
    Internet,
}

#[derive(Deserialize)]
struct Table {
    app: Vec<Instructions>,
}

static INSTRUCTIONS: LazyLock<Vec<Instructions>> =
    LazyLock::new(|| toml::from_str::<Table>(include_str!("instructions.toml")).map(|table| table.app).unwrap_or_default());

/// The instructions of every app for the server at `path` of `origin`.
pub fn for_server(origin: &str, path: &str) -> Vec<Instructions> {
    let values = Values::new(origin, path);
    let fill = |text: &String| values.fill(text);
    let filled = |app: &Instructions| Instructions {
        link: app.link.as_ref().map(|link| AppLink { label: link.label.clone(), href: fill(&link.href) }),
        copy: app.copy.as_ref().map(|copy| CopyText { label: copy.label.clone(), text: fill(&copy.text).trim_end().to_owned() }),
        steps: app.steps.iter().map(fill).collect(),
        fields: app.fields.iter().map(|(name, value)| (name.clone(), fill(value))).collect(),
        ..app.clone()
    };
    INSTRUCTIONS.iter().map(filled).collect()
}

/// What the places in the table stand for. Origin and path are of characters that mean nothing to a shell, in JSON and in
/// a query ([`crate::config`] takes no others).
struct Values([(&'static str, String); 6]);

impl Values {
    fn new(origin: &str, path: &str) -> Self {
        let url = format!("{origin}{path}");
        let id = path.trim_matches('/').replace('/', "-");
        let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let cursor = STANDARD.encode(json!({ "url": url }).to_string());
        let vscode = json!({ "name": id, "type": "http", "url": url }).to_string();
        Self([
            ("{encoded_url}", encoded(&url)),
            ("{cursor_config}", encoded(&cursor)),
            ("{vscode_config}", encoded(&vscode)),
            ("{url}", url),
            ("{id}", id),
            ("{origin}", origin.to_owned()),
        ])
    }

    fn fill(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, (place, value)| text.replace(place, value))
    }
}

/// Who can reach `origin`.
pub fn whereabouts(origin: &str) -> Whereabouts {
    let Ok(url) = Url::parse(origin) else { return Whereabouts::Network };
    let at_home = |name: &str| !name.contains('.') || AT_HOME.iter().any(|ending| name.ends_with(ending));
    let (this_machine, private) = match url.host() {
        Some(Host::Domain(name)) => (name == "localhost", at_home(name)),
        Some(Host::Ipv4(address)) => (address.is_loopback(), is_private(address)),
        Some(Host::Ipv6(address)) => (address.is_loopback(), address.is_unique_local() || address.is_unicast_link_local()),
        None => (false, true),
    };
    match (this_machine, private || url.scheme() != "https" || url.port().is_some()) {
        (true, _) => Whereabouts::ThisMachine,
        (false, true) => Whereabouts::Network,
        (false, false) => Whereabouts::Internet,
    }
}

/// Endings of names that no public directory knows (RFC 6762, RFC 8375, RFC 6761 and the habits of routers).
const AT_HOME: [&str; 7] = [".local", ".home.arpa", ".internal", ".lan", ".home", ".localdomain", ".localhost"];

fn is_private(address: Ipv4Addr) -> bool {
    let [first, second, ..] = address.octets();
    address.is_private() || address.is_link_local() || (first == 100 && (64..128).contains(&second))
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::engine::general_purpose::STANDARD;
    use percent_encoding::percent_decode_str;
    use serde_json::Value;
    use std::collections::HashSet;

    fn notes() -> Vec<Instructions> {
        for_server("https://mcp.example.com", "/home/notes")
    }

    fn app(id: &str) -> Instructions {
        notes().into_iter().find(|app| app.id == id).unwrap()
    }

    #[test]
    fn the_table_can_be_read_and_every_place_in_it_is_filled() {
        let table: Table = toml::from_str(include_str!("instructions.toml")).unwrap();
        assert_eq!(table.app.len(), notes().len());
        for app in notes() {
            let places = ["{url}", "{id}", "{origin}", "_url}", "_config}"];
            let text = format!("{app:?}");
            assert!(!places.iter().any(|place| text.contains(place)), "{text}");
            assert!(!app.steps.is_empty() && app.steps.iter().all(|step| step.ends_with(['.', ':'])), "{text}");
        }
    }

    #[test]
    fn no_two_apps_share_a_word() {
        let mut seen = HashSet::new();
        assert!(notes().into_iter().all(|app| seen.insert(app.id)));
    }

    #[test]
    fn a_one_liner_holds_the_address_and_a_name_without_slashes() {
        let copied = |id: &str| app(id).copy.unwrap().text;
        assert_eq!(copied("claude-code"), "claude mcp add --transport http home-notes https://mcp.example.com/home/notes");
        assert_eq!(copied("vscode"), r#"code --add-mcp '{"name":"home-notes","type":"http","url":"https://mcp.example.com/home/notes"}'"#);
        let cursor: Value = serde_json::from_str(&copied("cursor")).unwrap();
        assert_eq!(cursor["mcpServers"]["home-notes"]["url"], "https://mcp.example.com/home/notes");
    }

    #[test]
    fn a_link_opens_its_own_app_with_the_address_in_it() {
        let href = |id: &str| app(id).link.unwrap().href;
        let config = href("cursor").split_once("&config=").unwrap().1.to_owned();
        let config = STANDARD.decode(percent_decode_str(&config).collect::<Vec<u8>>()).unwrap();
        assert_eq!(serde_json::from_slice::<Value>(&config).unwrap(), json!({ "url": "https://mcp.example.com/home/notes" }));
        let config = href("vscode").split_once('?').unwrap().1.to_owned();
        let config: Value = serde_json::from_str(&percent_decode_str(&config).decode_utf8().unwrap()).unwrap();
        assert_eq!(config, json!({ "name": "home-notes", "type": "http", "url": "https://mcp.example.com/home/notes" }));
        assert!(href("goose").contains("url=https%3A%2F%2Fmcp%2Eexample%2Ecom%2Fhome%2Fnotes&type=streamable_http"));
        for (id, scheme) in [("cursor", "cursor://"), ("vscode", "vscode:"), ("goose", "goose://")] {
            let href = href(id);
            assert!(href.starts_with(scheme) && href.is_ascii() && !href.contains([' ', '"', '\'', '<']), "{href}");
        }
        assert_eq!(notes().iter().filter(|app| app.link.is_some()).count(), 3, "a link of a new app belongs into this test");
    }

    #[test]
    fn those_that_connect_from_outside_are_said_to() {
        let outside: Vec<String> = notes().into_iter().filter(|app| app.reach == Reach::Internet).map(|app| app.id).collect();
        assert_eq!(outside, ["claude", "chatgpt"]);
    }

    #[test]
    fn an_address_tells_who_can_reach_it() {
        for origin in ["http://127.0.0.1:8787", "http://localhost:8787", "http://[::1]:8787", "https://localhost"] {
            assert_eq!(whereabouts(origin), Whereabouts::ThisMachine, "{origin}");
        }
        for origin in [
            "http://192.168.1.5:8787",
            "https://192.168.1.5",
            "https://100.101.1.1",
            "https://[fd00::1]",
            "https://nas.local",
            "https://nas",
            "https://mcp.example.com:8443",
            "http://mcp.example.com",
        ] {
            assert_eq!(whereabouts(origin), Whereabouts::Network, "{origin}");
        }
        for origin in ["https://mcp.example.com", "https://203.0.113.9", "https://home.example"] {
            assert_eq!(whereabouts(origin), Whereabouts::Internet, "{origin}");
        }
    }
}
