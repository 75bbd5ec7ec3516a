//! The pages people see: turns a view into HTML.
//!
//! Owns the embedded templates, the stylesheet and the escaping; which page is shown, with which
//! status and which headers, is decided by whoever calls.

use std::sync::LazyLock;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use serde::Serialize;

pub mod views;

use views::{ConsentPage, HomePage, MessagePage, SetupPage, SigninPage};

/// Every template by name. The names are what `extends` refers to.
const TEMPLATES: [(&str, &str); 6] = [
    ("layout.html", include_str!("../../templates/layout.html")),
    ("setup.html", include_str!("../../templates/setup.html")),
    ("signin.html", include_str!("../../templates/signin.html")),
    ("consent.html", include_str!("../../templates/consent.html")),
    ("message.html", include_str!("../../templates/message.html")),
    ("home.html", include_str!("../../templates/home.html")),
];

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

/// The page of the first run.
pub fn render_setup(view: &SetupPage) -> Result<String, PageError> {
    render("setup.html", view)
}

/// The page that asks for name and password.
pub fn render_signin(view: &SigninPage) -> Result<String, PageError> {
    render("signin.html", view)
}

/// The page that asks whether a client may come in.
pub fn render_consent(view: &ConsentPage) -> Result<String, PageError> {
    render("consent.html", view)
}

/// The page that says one thing, errors included.
pub fn render_message(view: &MessagePage) -> Result<String, PageError> {
    render("message.html", view)
}

/// The page of addresses and connections.
pub fn render_home(view: &HomePage) -> Result<String, PageError> {
    render("home.html", view)
}

/// The one stylesheet, served as `/style.css`. Pages hold no style of their own, so that the
/// content security policy can refuse inline styles.
pub fn stylesheet() -> &'static str {
    include_str!("../../templates/style.css")
}

fn render(name: &str, view: impl Serialize) -> Result<String, PageError> {
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

fn page_error(template: &str, error: &minijinja::Error) -> PageError {
    PageError { template: template.to_owned(), reason: error.to_string() }
}
