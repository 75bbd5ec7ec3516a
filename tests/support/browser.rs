//! A browser without JavaScript: keeps cookies, follows redirects within the origin, fills in forms.

use super::http::{self, Response};
use std::net::SocketAddr;

#[derive(Clone)]
pub struct Browser {
    address: SocketAddr,
    /// What it believes to speak to, if not the address.
    pub host: Option<String>,
    pub cookies: Vec<(String, String)>,
}

/// A form on a page.
#[derive(Clone, Debug)]
pub struct Form {
    pub action: String,
    pub fields: Vec<(String, String)>,
}

impl Form {
    pub fn set(mut self, name: &str, value: &str) -> Self {
        self.fields.retain(|(known, _)| known != name);
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }
}

impl Browser {
    pub fn new(address: SocketAddr) -> Self {
        Self { address, host: None, cookies: Vec::new() }
    }

    #[track_caller]
    pub fn get(&mut self, target: &str) -> Response {
        self.exchange("GET", target, &[], b"")
    }

    #[track_caller]
    pub fn submit(&mut self, form: &Form) -> Response {
        self.submit_with(form, &[("Origin", "null"), ("Sec-Fetch-Site", "same-origin")])
    }

    #[track_caller]
    pub fn submit_with(&mut self, form: &Form, headers: &[(&str, &str)]) -> Response {
        let pairs: Vec<(&str, &str)> = form.fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let kind = [("Content-Type", "application/x-www-form-urlencoded")];
        self.exchange("POST", &form.action, &[&kind, headers].concat(), http::encode(&pairs).as_bytes())
    }

    /// Any request, with the cookies there are.
    #[track_caller]
    pub fn exchange(&mut self, method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Response {
        let jar: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let jar = jar.join("; ");
        let host = self.host.clone();
        let mut all = headers.to_vec();
        all.extend(host.as_deref().map(|host| ("Host", host)));
        if !jar.is_empty() {
            all.push(("Cookie", &jar));
        }
        let response = http::send(self.address, method, target, &all, body);
        for cookie in response.all("set-cookie") {
            let pair = cookie.split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            self.cookies.retain(|(known, _)| known != name);
            if !cookie.contains("Max-Age=0") {
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
        response
    }

    /// Follows redirects as long as they stay here.
    #[track_caller]
    pub fn follow(&mut self, mut response: Response) -> Response {
        while let (303, Some(location)) = (response.status, response.header("location")) {
            if !location.starts_with('/') {
                break;
            }
            let location = location.to_owned();
            response = self.get(&location);
        }
        response
    }

    /// Signs in on the page that `response` shows, and follows.
    #[track_caller]
    pub fn sign_in(&mut self, response: &Response, name: &str, password: &str) -> Response {
        let form = form(response, "/signin").set("username", name).set("password", password);
        let answer = self.submit(&form);
        self.follow(answer)
    }
}

/// The form with that action on a page.
#[track_caller]
pub fn form(response: &Response, action: &str) -> Form {
    let found = forms(response).into_iter().find(|form| form.action == action);
    found.unwrap_or_else(|| panic!("no form for {action} ({}): {}", response.status, response.text()))
}

/// Every form on a page, with its hidden fields.
#[track_caller]
pub fn forms(response: &Response) -> Vec<Form> {
    let html = response.text();
    html.split("<form ").skip(1).map(|rest| read_form(&rest[..rest.find("</form>").unwrap()])).collect()
}

fn read_form(inside: &str) -> Form {
    let inputs = inside.split("<input ").skip(1).map(|tag| &tag[..tag.find('>').unwrap()]);
    let hidden = inputs.filter(|tag| tag.contains("type=\"hidden\""));
    let fields = hidden.map(|tag| (attribute(tag, "name"), attribute(tag, "value"))).collect();
    Form { action: attribute(inside, "action"), fields }
}

fn attribute(tag: &str, name: &str) -> String {
    let start = tag.find(&format!("{name}=\"")).unwrap() + name.len() + 2;
    let value = &tag[start..];
    unescape(&value[..value.find('"').unwrap()])
}

/// The entities that our pages use.
pub fn unescape(text: &str) -> String {
    let named = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#x27;", "'"), ("&#x2f;", "/"), ("&amp;", "&")];
    named.iter().fold(text.to_owned(), |text, (entity, character)| text.replace(entity, character))
}
