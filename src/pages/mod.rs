//! The pages people see: turns a view into HTML.
//!
//! Owns the embedded templates, the stylesheet and the escaping; which page is shown, with which
//! status and which headers, is decided by whoever calls.

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use serde::Serialize;
use sha2::{Digest, Sha256};

pub mod qr;
pub mod views;

use views::View;

/// Every template by name. The names are what `extends`, `include` and [`View::TEMPLATE`] refer to.
const TEMPLATES: [(&str, &str); 29] = [
    ("layout.html", include_str!("../../templates/layout.html")),
    ("room.html", include_str!("../../templates/room.html")),
    ("page.js", SCRIPT),
    ("copy.html", include_str!("../../templates/copy.html")),
    ("form.html", include_str!("../../templates/form.html")),
    ("field.html", include_str!("../../templates/field.html")),
    ("setup.html", include_str!("../../templates/setup.html")),
    ("signin.html", include_str!("../../templates/signin.html")),
    ("consent.html", include_str!("../../templates/consent.html")),
    ("device.html", include_str!("../../templates/device.html")),
    ("scopes.html", include_str!("../../templates/scopes.html")),
    ("message.html", include_str!("../../templates/message.html")),
    ("connection.html", include_str!("../../templates/connection.html")),
    ("home.html", include_str!("../../templates/home.html")),
    ("connect.html", include_str!("../../templates/connect.html")),
    ("clients.html", include_str!("../../templates/clients.html")),
    ("client_added.html", include_str!("../../templates/client_added.html")),
    ("keys.html", include_str!("../../templates/keys.html")),
    ("key.html", include_str!("../../templates/key.html")),
    ("key_added.html", include_str!("../../templates/key_added.html")),
    ("invite.html", include_str!("../../templates/invite.html")),
    ("users.html", include_str!("../../templates/users.html")),
    ("user_invited.html", include_str!("../../templates/user_invited.html")),
    ("servers.html", include_str!("../../templates/servers.html")),
    ("settings.html", include_str!("../../templates/settings.html")),
    ("activity.html", include_str!("../../templates/activity.html")),
    ("arrived.html", include_str!("../../templates/arrived.html")),
    ("trail.html", include_str!("../../templates/trail.html")),
    ("trace.html", include_str!("../../templates/trace.html")),
];

/// The one script, in the pages of somebody who is signed in. Everything works without it.
const SCRIPT: &str = include_str!("../../templates/page.js");

/// CSP Level 3 §2.3.1: the source expression that allows the script and no other.
static SCRIPT_SOURCE: LazyLock<String> =
    LazyLock::new(|| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(SCRIPT.trim_end_matches('\n')))));

/// Parsed once, at the first page. A template that does not parse fails every page and the tests.
static ENVIRONMENT: LazyLock<Result<Environment<'static>, PageError>> = LazyLock::new(environment);

/// A page could not be rendered: a mistake in doorward, never in a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageError {
    template: String,
    reason: String,
}

impl std::fmt::Display for PageError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "cannot render {}: {}", self.template, self.reason)
    }
}

impl std::error::Error for PageError {}

/// The page that shows a view.
///
/// # Errors
/// [`PageError`].
pub fn render<V: View>(view: &V) -> Result<String, PageError> {
    fill(V::TEMPLATE, view)
}

/// What a content security policy says to let the one script run.
pub fn script_source() -> &'static str {
    &SCRIPT_SOURCE
}

/// The one stylesheet, served as `/style.css`. Pages hold no style of their own, so that the
/// content security policy can refuse inline styles.
pub fn stylesheet() -> &'static str {
    include_str!("../../templates/style.css")
}

/// The sign of the house, served as `/icon.svg` and shown in the tab.
pub fn icon() -> &'static str {
    include_str!("../../templates/icon.svg")
}

fn fill(name: &str, view: impl Serialize) -> Result<String, PageError> {
    let failed = |error: minijinja::Error| page_error(name, &error);
    let environment = ENVIRONMENT.as_ref().map_err(Clone::clone)?;
    let template = environment.get_template(name).map_err(failed)?;
    template.render(Serde(view)).map_err(failed)
}

/// Escapes in every template whatever its name, and refuses a field that a view does not have.
fn environment() -> Result<Environment<'static>, PageError> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    let syntax = SyntaxConfig::builder().trim_blocks(true).build().map_err(|error| page_error("the syntax", &error))?;
    environment.set_syntax(syntax);
    for (name, source) in TEMPLATES {
        environment.add_template(name, source).map_err(|error| page_error(name, &error))?;
    }
    Ok(environment)
}

/// With the causes below it: an error in an included template says there what it is.
fn page_error(template: &str, error: &minijinja::Error) -> PageError {
    let causes = std::iter::successors(std::error::Error::source(error), |cause| cause.source());
    let reasons: Vec<String> = std::iter::once(error.to_string()).chain(causes.map(ToString::to_string)).collect();
    PageError { template: template.to_owned(), reason: reasons.join(": ") }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::views::activity::{ActivityFilter, ActivityPage, EventLine};
    use super::views::arrivals::{Arrival, Arrivals, ArrivedPart};
    use super::views::clients::{ClientAddedPage, ClientEntry, ClientsPage};
    use super::views::connect::{AppCard, AppLink, ConnectPage, CopyBox, ServerTab};
    use super::views::consent::{ConsentPage, Destination, DevicePage, ScopeLine, ServerChoice};
    use super::views::entry::{InvitePage, SetupPage, SigninPage};
    use super::views::form::{ChoiceOption, Field, Form};
    use super::views::house::{ConnectionLine, Frame, HomePage, Room, ServerLine};
    use super::views::keys::{KeyAddedPage, KeyEntry, KeyScope, KeyServer, KeysPage};
    use super::views::servers::{ServerEntry, ServersPage};
    use super::views::settings::{Setting, SettingsPage};
    use super::views::trace::{AttemptFold, StepBy, StepLine, TracePage};
    use super::views::users::{UserEntry, UserInvitedPage, UserServer, UsersPage};
    use super::views::{Link, MessageKind, MessagePage, ServerAddress};
    use super::*;

    const HOSTILE: [&str; 9] = [
        "<script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "'><svg onload=alert(1)>",
        "</title></textarea><script>",
        "{{7*7}}{% if true %}in{% endif %}",
        "${7*7}",
        "&#x3c;script&#x3e;",
        "javascript:alert(1)",
        "\u{2028}\u{202e}",
    ];

    /// Every text field of `view`, one after another, replaced by `text`, and what came of it.
    fn each_field_replaced(name: &str, view: &impl Serialize, text: &str) -> Vec<(String, String)> {
        let view = serde_json::to_value(view).unwrap();
        let mut places = Vec::new();
        text_places(&view, "", &mut places);
        assert!(places.len() > 3, "{name} shows something");
        let replaced = |place: &String| {
            let mut view = view.clone();
            *view.pointer_mut(place).unwrap() = Value::from(text);
            (place.clone(), fill(name, view).unwrap())
        };
        places.iter().map(replaced).collect()
    }

    /// JSON pointers to all strings but the two that name a variant of ours.
    fn text_places(value: &Value, at: &str, places: &mut Vec<String>) {
        match value {
            Value::String(_) if !at.ends_with("/kind") => places.push(at.to_owned()),
            Value::Array(items) => items.iter().enumerate().for_each(|(i, item)| text_places(item, &format!("{at}/{i}"), places)),
            Value::Object(fields) => fields.iter().for_each(|(key, field)| text_places(field, &format!("{at}/{key}"), places)),
            Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// The markup without the text: names of elements and attributes in order, with values left out.
    fn skeleton(html: &str) -> String {
        let mut out = String::new();
        let (mut in_tag, mut in_value) = (false, false);
        for c in html.chars() {
            match c {
                '"' if in_tag => in_value = !in_value,
                '<' if !in_tag => in_tag = true,
                '>' if in_tag && !in_value => in_tag = false,
                _ if !in_tag || in_value => continue,
                _ => {}
            }
            out.push(c);
        }
        out
    }

    /// What a browser makes of the five entities that escaping writes.
    fn decoded(html: &str) -> String {
        let html = html.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&#x27;", "'");
        html.replace("&#x2f;", "/").replace("&amp;", "&")
    }

    /// A page with all its optional parts, so that every field is shown.
    fn full_pages() -> Vec<(&'static str, Value)> {
        let hosts = [hosted(Some("Claude")), hosted(None), Destination::Loopback { port: 4711 }, custom_scheme(), Destination::Poll];
        let mut pages = vec![
            ("setup.html", serde_json::to_value(setup()).unwrap()),
            ("signin.html", serde_json::to_value(signin()).unwrap()),
            ("signin.html", serde_json::to_value(SigninPage { error: None, throttled: some("Wait."), ..signin() }).unwrap()),
            ("device.html", serde_json::to_value(device()).unwrap()),
            ("consent.html", serde_json::to_value(consent_of_device()).unwrap()),
            ("message.html", serde_json::to_value(message()).unwrap()),
            ("home.html", serde_json::to_value(home()).unwrap()),
            ("arrived.html", serde_json::to_value(ArrivedPart { arrived: arrivals() }).unwrap()),
            ("connect.html", serde_json::to_value(connect()).unwrap()),
            ("servers.html", serde_json::to_value(servers_page()).unwrap()),
            ("invite.html", serde_json::to_value(invite()).unwrap()),
            ("users.html", serde_json::to_value(users()).unwrap()),
            ("user_invited.html", serde_json::to_value(user_invited()).unwrap()),
            ("clients.html", serde_json::to_value(clients()).unwrap()),
            ("keys.html", serde_json::to_value(keys()).unwrap()),
            ("key_added.html", serde_json::to_value(key_added()).unwrap()),
            ("client_added.html", serde_json::to_value(client_added()).unwrap()),
            ("settings.html", serde_json::to_value(settings()).unwrap()),
            ("activity.html", serde_json::to_value(activity()).unwrap()),
            ("trace.html", serde_json::to_value(trace()).unwrap()),
        ];
        pages.push(("consent.html", serde_json::to_value(consent_with_choice()).unwrap()));
        for destination in hosts {
            pages.push(("consent.html", serde_json::to_value(consent(destination)).unwrap()));
        }
        pages
    }

    fn some(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    fn hosted(known_as: Option<&str>) -> Destination {
        Destination::Host {
            host: "claude.ai".to_owned(),
            known_as: known_as.map(str::to_owned),
            note: known_as.and(some("It goes on from there.")),
        }
    }

    fn custom_scheme() -> Destination {
        Destination::Application { begins: "cursor://".to_owned() }
    }

    fn servers() -> Vec<ServerAddress> {
        vec![ServerAddress { name: "Notes".to_owned(), url: "https://mcp.example.com/notes".to_owned() }]
    }

    fn setup() -> SetupPage {
        let fields = vec![Field::username("Name", "ana").focused(), Field::new_password("password", "Password").with_rule("Long.")];
        let form = Form::new("csrf-1".to_owned(), fields).refused("Not so.").refused_in("password", "Too short.");
        SetupPage { banner: some("Plain http."), token: "token-1".to_owned(), form, servers: servers() }
    }

    fn signin() -> SigninPage {
        SigninPage {
            banner: some("Plain http."),
            csrf: "csrf-1".to_owned(),
            return_to: "authorize".to_owned(),
            client_name: some("Claude"),
            server_name: some("Notes"),
            again: some("Your sign-in ended."),
            error: some("Wrong."),
            throttled: None,
            username: "ana".to_owned(),
        }
    }

    fn consent(destination: Destination) -> ConsentPage {
        ConsentPage {
            banner: some("Plain http."),
            csrf: "csrf-1".to_owned(),
            flow: some("flow-1"),
            problem: some("Choose one."),
            destination,
            redirect_uri: some("https://claude.ai/cb"),
            client_id: "client-1".to_owned(),
            client_name: "Claude".to_owned(),
            client_registered: "It registered itself 2 minutes ago.".to_owned(),
            again: some("It was revoked."),
            servers: vec![choice("/notes")],
            username: "ana".to_owned(),
            terms: terms(),
            zone: "UTC".to_owned(),
            lasts: "Until you revoke it.".to_owned(),
        }
    }

    fn terms() -> Vec<ChoiceOption> {
        let option = |value: &str, label: &str| ChoiceOption { value: value.to_owned(), label: label.to_owned(), chosen: value == "off" };
        vec![option("off", "until I take it back"), option("2h", "for 2 hours")]
    }

    fn choice(path: &str) -> ServerChoice {
        let scopes = vec![ScopeLine {
            name: "notes:read".to_owned(),
            description: "Read your notes".to_owned(),
            includes: some("See their titles"),
            settled: false,
        }];
        let url = format!("https://mcp.example.com{path}");
        ServerChoice { path: path.to_owned(), name: "Notes".to_owned(), url, scopes, least: "Read your notes".to_owned(), chosen: false }
    }

    fn consent_with_choice() -> ConsentPage {
        ConsentPage { servers: vec![choice("/notes"), choice("/files")], ..consent(hosted(None)) }
    }

    fn consent_of_device() -> ConsentPage {
        ConsentPage { flow: None, redirect_uri: None, ..consent(Destination::Device { code: "BCDF-GHJK".to_owned() }) }
    }

    fn device() -> DevicePage {
        let (csrf, user_code, username) = ("csrf-1".to_owned(), "BCDF-GHJK".to_owned(), "ana".to_owned());
        DevicePage { banner: some("Plain http."), csrf, user_code, error: some("Unknown."), username }
    }

    fn message() -> MessagePage {
        MessagePage {
            banner: some("Plain http."),
            kind: MessageKind::Error,
            title: "No".to_owned(),
            paragraphs: vec!["Because.".to_owned()],
            hint: some("doorward doctor"),
            steps: vec!["First.".to_owned()],
            link: Link::to("/", "Home"),
        }
    }

    fn home() -> HomePage {
        let line = |id: &str, whose: Option<&str>| ConnectionLine {
            id: id.to_owned(),
            client_name: "Claude".to_owned(),
            named_by: "It chose this name itself.".to_owned(),
            server_name: "Notes".to_owned(),
            held_up: true,
            whose: whose.map(str::to_owned),
            scopes: vec!["Read your notes".to_owned(), "Change your notes".to_owned()],
            since: "3 days ago".to_owned(),
            last_used: some("yesterday from 203.0.113.9"),
            ends: some("in 2 hours"),
        };
        let server = ServerLine { name: "Notes".to_owned(), path: "/notes".to_owned(), address: copied() };
        let (connections, others) = (vec![line("id-1", None), line("id-2", None)], vec![line("id-3", Some("bob"))]);
        let paused = vec!["Notes was paused.".to_owned()];
        HomePage {
            frame: frame(),
            alarm: some("Theft."),
            put_back: some("Put back."),
            paused,
            may_resume: true,
            terms: terms(),
            zone: "UTC".to_owned(),
            servers: vec![server],
            connections,
            others,
        }
    }

    fn servers_page() -> ServersPage {
        let server = |paused| ServerEntry {
            name: "Notes".to_owned(),
            path: "/notes".to_owned(),
            state: "Paused.".to_owned(),
            held_up: paused,
            paused,
            unused: paused,
            url: "https://mcp.example.com/notes".to_owned(),
            upstream: "http://127.0.0.1:8000/mcp".to_owned(),
            scopes: vec!["Read your notes".to_owned(), "Change your notes".to_owned()],
            connections: "2 apps".to_owned(),
        };
        ServersPage { frame: frame(), everything_paused: some("just now"), servers: vec![server(true), server(false)] }
    }

    fn clients() -> ClientsPage {
        let client = ClientEntry {
            id: "client-1".to_owned(),
            name: "Claude".to_owned(),
            named_by: "It chose this name itself.".to_owned(),
            since: "3 days ago".to_owned(),
            connections: "1 connection".to_owned(),
            unused: false,
            paused: some("just now"),
            redirect_uris: vec!["https://claude.ai/cb".to_owned(), "https://claude.com/cb".to_owned()],
            proof: "None.".to_owned(),
        };
        let fields = [
            Field::choice("preset", "Which", "a", [("a".to_owned(), "A".to_owned())].into_iter()),
            Field::lines("uris", "Addresses", "x").optional(),
            Field::text("name", "Name", "x"),
            Field::tick("secret", "A secret", true),
        ];
        let form = Form::new("csrf-1".to_owned(), fields.map(|field| field.with_rule("So.")).to_vec());
        ClientsPage { frame: frame(), clients: vec![client], more: some("3 more."), form: form.refused_in("uris", "Not so.") }
    }

    fn keys() -> KeysPage {
        let key = |whose: Option<&str>| KeyEntry {
            id: "key-1".to_owned(),
            name: "backup".to_owned(),
            begins: "dwky_AbCd".to_owned(),
            server_name: "Notes".to_owned(),
            whose: whose.map(str::to_owned),
            scopes: vec!["Read your notes".to_owned()],
            since: "3 days ago".to_owned(),
            last_used: some("just now from 203.0.113.9"),
            ends: "It ends in 90 days.".to_owned(),
            works: whose.is_none(),
        };
        let scope = |settled| KeyScope { name: "read".to_owned(), description: "Read your notes".to_owned(), ticked: true, settled };
        let server =
            |chosen| KeyServer { path: "/notes".to_owned(), name: "Notes".to_owned(), scopes: vec![scope(false), scope(true)], chosen };
        let form = Form::new("csrf-1".to_owned(), vec![Field::text("name", "Name", "x")]).numbered("number-1".to_owned());
        let (keys, others, servers) = (vec![key(None)], vec![key(Some("bob"))], vec![server(true), server(false)]);
        KeysPage { frame: frame(), keys, others, form: form.refused("Not so."), servers }
    }

    fn key_added() -> KeyAddedPage {
        KeyAddedPage { frame: frame(), name: "backup".to_owned(), copies: vec![copied()] }
    }

    fn client_added() -> ClientAddedPage {
        ClientAddedPage { frame: frame(), name: "Claude".to_owned(), copies: vec![copied()], has_secret: true }
    }

    fn invite() -> InvitePage {
        let form = Form::new("csrf-1".to_owned(), vec![Field::new_password("password", "Password")]).refused("Not so.");
        InvitePage { banner: some("Plain http."), token: "token-1".to_owned(), username: "bob".to_owned(), is_new: true, form }
    }

    fn users() -> UsersPage {
        let server = |allowed| UserServer { name: "Notes".to_owned(), path: "/notes".to_owned(), allowed };
        let user = |disabled| UserEntry {
            name: "bob".to_owned(),
            marks: vec!["owner".to_owned()],
            about: "2 connections".to_owned(),
            servers: vec![server(true), server(false)],
            disabled,
            is_me: false,
            guarded: true,
            owner: true,
        };
        let form = Form::new("csrf-1".to_owned(), vec![Field::text("name", "Name", "bob")]);
        UsersPage { frame: frame(), users: vec![user(false), user(true)], form }
    }

    fn settings() -> SettingsPage {
        let setting = || Setting { name: "without_pkce".to_owned(), value: "none".to_owned() };
        let form = Form::new("csrf-1".to_owned(), vec![Field::new_password("current", "Now")]).refused_in("current", "Wrong.");
        SettingsPage { frame: frame(), form, lifetimes: vec![setting()], modes: vec![setting()], settings: vec![setting(), setting()] }
    }

    fn user_invited() -> UserInvitedPage {
        let (name, lasts) = ("bob".to_owned(), "within 3 days".to_owned());
        UserInvitedPage { frame: frame(), name, link: copied(), qr: qr::draw("https://mcp.example.com/invite"), lasts }
    }

    fn activity() -> ActivityPage {
        let event = |alarm: bool| EventLine {
            alarm,
            sentence: "ana signed in".to_owned(),
            at: "2026-07-28T14:03:11Z".to_owned(),
            ago: "2 minutes ago".to_owned(),
            from: "203.0.113.9 (internet)".to_owned(),
        };
        let kind = |value: &str, chosen| ChoiceOption { value: value.to_owned(), label: value.replace('_', " "), chosen };
        let filter = ActivityFilter {
            on: true,
            kinds: vec![kind("", false), kind("signed_in", true)],
            client: "Claude".to_owned(),
            user: some("ana"),
        };
        ActivityPage { frame: frame(), theft: false, filter, events: vec![event(false), event(true)], older: some("before=7") }
    }

    fn step(passed: bool) -> StepLine {
        StepLine {
            passed,
            label: "fetched tokens".to_owned(),
            at: "2026-07-28T14:03:11Z".to_owned(),
            time: "14:03:11".to_owned(),
            times: some("2 times"),
            by: Some(StepBy { from: "160.79.104.9 (Anthropic)".to_owned(), agent: "python-httpx/0.28.1".to_owned() }),
            said: some("no"),
        }
    }

    fn arrivals() -> Arrivals {
        let attempt = Arrival {
            state: "stopped".to_owned(),
            headline: "Claude did not get through".to_owned(),
            sentence: some("The app got no tokens."),
            fix: some("Begin again."),
            steps: vec![step(true), step(false)],
        };
        Arrivals { attempts: vec![attempt] }
    }

    fn trace() -> TracePage {
        let attempt = AttemptFold {
            open: true,
            client: "Claude".to_owned(),
            server: some("/notes"),
            when: "just now".to_owned(),
            state: "stopped".to_owned(),
            stopped: true,
            sentence: "The app got no tokens.".to_owned(),
            fix: some("Begin again."),
            steps: vec![step(true), step(false)],
        };
        let (missing, missing_fix) = ("Nothing of it arrived.".to_owned(), "Look at DNS.".to_owned());
        TracePage { frame: frame(), attempts: vec![attempt], missing, missing_fix }
    }

    fn copied() -> CopyBox {
        let (id, label, text) = ("box-1".to_owned(), "In a terminal".to_owned(), "claude mcp add".to_owned());
        CopyBox { id, label, text }
    }

    fn connect() -> ConnectPage {
        let instructions = crate::oauth::instructions::for_server("https://mcp.example.com", "/notes");
        let link = instructions.iter().find_map(|app| app.link.as_ref()).unwrap();
        let app = AppCard {
            open: true,
            name: "Cursor".to_owned(),
            about: "desktop".to_owned(),
            reach: "works at home".to_owned(),
            cannot: some("It cannot."),
            link: Some(AppLink::of(link)),
            copy: Some(copied()),
            steps: vec!["First.".to_owned(), "Then.".to_owned()],
            fields: vec![("Token URL".to_owned(), "there".to_owned())],
            note: some("Besides."),
        };
        let tab = ServerTab { name: "Notes".to_owned(), path: "/notes".to_owned(), here: true };
        let server_name = "Notes".to_owned();
        let (qr, limits) = (qr::draw("https://mcp.example.com/notes"), some("Only here."));
        ConnectPage {
            frame: frame(),
            servers: vec![tab],
            server_name,
            address: copied(),
            qr,
            limits,
            paused: some("Notes is paused."),
            apps: vec![app],
            path: "/notes".to_owned(),
            since: 7,
            version: "12-stopped".to_owned(),
            arrived: arrivals(),
            sees_all: true,
            missing: "Nothing of it arrived.".to_owned(),
            missing_fix: "Look at DNS.".to_owned(),
        }
    }

    fn frame() -> Frame {
        let rooms = vec![Room { href: "/", label: "Overview", here: true }, Room { href: "/x", label: "Other", here: false }];
        Frame { banner: some("Plain http."), csrf: "csrf-1".to_owned(), username: "ana".to_owned(), rooms, said: some("Done.") }
    }

    #[test]
    fn hostile_text_in_any_field_stays_text() {
        for (name, view) in full_pages() {
            let clean = skeleton(&fill(name, &view).unwrap());
            for text in HOSTILE {
                for (place, html) in each_field_replaced(name, &view, text) {
                    assert_eq!(skeleton(&html), clean, "{name} {place} {text}");
                    assert!(!html.contains("49"), "{name} {place} was evaluated");
                }
            }
        }
    }

    #[test]
    fn every_text_field_of_every_view_is_shown_as_it_is() {
        let text = "<b>\"It's\" & {{7*7}}</b>";
        for (name, view) in full_pages() {
            for (place, html) in each_field_replaced(name, &view, text) {
                assert!(decoded(&html).contains(text), "{name} {place}");
            }
        }
    }

    #[test]
    fn a_view_without_one_of_its_fields_is_an_error() {
        for (name, view) in full_pages() {
            for field in view.as_object().unwrap().keys() {
                let mut view = view.clone();
                view.as_object_mut().unwrap().remove(field);
                let error = fill(name, view).unwrap_err();
                assert!(error.to_string().contains("undefined"), "{name} without {field}: {error}");
            }
        }
    }

    #[test]
    fn a_long_value_is_never_cut() {
        let long = "long-".repeat(1000);
        for (name, view) in full_pages() {
            for (place, html) in each_field_replaced(name, &view, &long) {
                assert!(html.contains(&long), "{name} {place}");
            }
        }
    }

    #[test]
    fn the_destination_stands_before_everything_a_client_chose() {
        for destination in [hosted(None), Destination::Loopback { port: 4711 }, custom_scheme()] {
            let html = render(&consent(destination)).unwrap();
            let plate = html.find("class=\"plate").unwrap();
            let chosen = ["Claude<", "Read your notes", "client-1"];
            assert!(chosen.iter().all(|text| html.find(text).unwrap() > plate), "{html}");
        }
    }

    #[test]
    fn deny_names_the_destination() {
        let deny = |destination| {
            let html = render(&consent(destination)).unwrap();
            let button = html.split("value=\"deny\">").nth(1).unwrap().split("</button>").next().unwrap().to_owned();
            decoded(&button.replace("<bdi>", "").replace("</bdi>", "")).split_whitespace().collect::<Vec<_>>().join(" ")
        };
        assert_eq!(deny(hosted(None)), "Deny and go back to claude.ai");
        assert_eq!(deny(Destination::Loopback { port: 4711 }), "Deny and go back to the program on port 4711");
        assert_eq!(deny(custom_scheme()), "Deny and go back to cursor://…");
    }

    #[test]
    fn every_destination_but_a_known_one_carries_a_warning() {
        let warned = |destination| render(&consent(destination)).unwrap().contains("class=\"notice warning\"");
        assert!(!warned(hosted(Some("Claude"))));
        let device = Destination::Device { code: "BCDF-GHJK".to_owned() };
        for destination in [hosted(None), Destination::Loopback { port: 4711 }, custom_scheme(), device, Destination::Poll] {
            assert!(warned(destination));
        }
    }

    #[test]
    fn approve_does_not_stand_out_for_an_unknown_host() {
        let approve = "class=\"primary\" type=\"submit\" name=\"decision\" value=\"approve\"";
        assert!(render(&consent(hosted(Some("Claude")))).unwrap().contains(approve));
        assert!(!render(&consent(hosted(None))).unwrap().contains(approve));
    }

    #[test]
    fn the_forms_keep_their_field_names() {
        let contract = [
            (render(&setup()), "/setup", vec!["token", "csrf", "username", "password"]),
            (render(&signin()), "/signin", vec!["csrf", "return_to", "username", "password"]),
            (render(&consent(hosted(None))), "/consent", vec!["csrf", "flow", "server", "scope", "term", "decision", "decision"]),
            (
                render(&consent_with_choice()),
                "/consent",
                vec!["csrf", "flow", "server", "scope", "server", "scope", "term", "decision", "decision"],
            ),
            (render(&device()), "/device", vec!["csrf", "user_code"]),
            (render(&consent_of_device()), "/device", vec!["csrf", "user_code", "server", "scope", "term", "decision", "decision"]),
            (render(&home()), "/connections/revoke", vec!["csrf", "id"]),
            (render(&home()), "/connections/limit", vec!["csrf", "id", "term"]),
            (render(&home()), "/connections/revoke-mine", vec!["csrf"]),
            (render(&home()), "/connections/revoke-everything", vec!["csrf"]),
            (render(&home()), "/signout", vec!["csrf"]),
        ];
        for (html, action, expected) in contract {
            let html = html.unwrap();
            let form = html.split(&format!("method=\"post\" action=\"{action}\">")).nth(1).unwrap().split("</form>").next().unwrap();
            let names: Vec<&str> = form.split(" name=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
            assert_eq!(names, expected, "{action}");
        }
    }

    #[test]
    fn a_page_without_its_optional_parts_renders_too() {
        let signin = SigninPage { banner: None, client_name: None, server_name: None, error: None, ..signin() };
        let signin = render(&signin).unwrap();
        assert!(!signin.contains("role=\"alert\"") && !signin.contains("class=\"banner\""));
        let message = MessagePage { banner: None, hint: None, steps: vec![], link: None, kind: MessageKind::Info, ..message() };
        assert!(!render(&message).unwrap().contains("role=\"alert\""));
        let home = HomePage { connections: vec![], others: vec![], ..home() };
        assert!(render(&home).unwrap().contains("Connect the first app"));
        let home = HomePage { servers: vec![], connections: vec![], ..home };
        assert!(render(&home).unwrap().contains("Ask the owner"));
    }

    #[test]
    fn every_scope_is_ticked_and_no_server_is_chosen_beforehand() {
        let html = render(&consent_with_choice()).unwrap();
        let radios: Vec<&str> = html.split("<input ").filter(|input| input.starts_with("type=\"radio\"")).collect();
        assert!(radios.len() == 2 && radios.iter().all(|radio| !radio.split('>').next().unwrap().contains("checked")), "{html}");
        assert_eq!(html.matches("name=\"scope\" value=\"&#x2f;notes notes:read\" checked").count(), 1, "{html}");
        assert_eq!(html.matches("name=\"scope\" value=\"&#x2f;files notes:read\" checked").count(), 1, "{html}");
        assert!(!render(&consent(hosted(None))).unwrap().contains("type=\"radio\""));
    }

    #[test]
    fn the_script_in_a_room_is_exactly_the_one_that_the_policy_allows() {
        let html = render(&home()).unwrap();
        let script = html.split("<script>").nth(1).unwrap().split("</script>").next().unwrap();
        assert_eq!(script_source(), format!("'sha256-{}'", STANDARD.encode(Sha256::digest(script))));
        assert_eq!(html.matches("<script").count(), 1);
    }

    /// The content security policy allows one stylesheet of our own, in rooms one script, and nothing else.
    #[test]
    fn no_template_asks_for_what_the_policy_refuses() {
        for (name, source) in TEMPLATES {
            let source = source.replace("<script>{% include \"page.js\" %}</script>", "");
            for refused in ["<script", "<style", " style=", " onclick=", " onload=", "src=", "|safe", "autoescape", "http:", "https:"] {
                assert!(!source.contains(refused), "{name} contains {refused}");
            }
        }
        for refused in ["url(", "@import", "@font-face"] {
            assert!(!stylesheet().contains(refused), "{refused}");
        }
    }
}
