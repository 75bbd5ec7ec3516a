//! What most tests need and few disturb: a doorward, what it protects, and its owner at a browser, signed in once.

use super::browser::Browser;
use super::client::{Client, Tokens};
use super::upstream::Upstream;
use super::{Doorward, OWNER, PASSWORD, Setup, http};
use serde_json::json;
use std::ops::Deref;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

pub struct Site {
    pub doorward: Doorward,
    pub upstream: Upstream,
    owner: Mutex<Browser>,
}

impl Deref for Site {
    type Target = Doorward;
    fn deref(&self) -> &Doorward {
        &self.doorward
    }
}

static CLIENTS: AtomicU32 = AtomicU32::new(0);

impl Site {
    /// For all tests of a file, until the process ends.
    pub fn shared(configure: impl FnOnce(&Upstream) -> Setup) -> Self {
        let site = Self::new(configure);
        site.doorward.end_with_this_process();
        site
    }

    pub fn new(configure: impl FnOnce(&Upstream) -> Setup) -> Self {
        let upstream = Upstream::json();
        let doorward = Doorward::with(configure(&upstream));
        let owner = Mutex::new(Browser::new(doorward.address));
        Self { doorward, upstream, owner }
    }

    /// A browser in which the owner is signed in. All have one session, and each a cookie jar of its own.
    #[track_caller]
    pub fn owner(&self) -> Browser {
        let mut browser = self.owner.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let page = browser.get("/");
        if page.text().contains("action=\"/signin\"") {
            assert_eq!(browser.sign_in(&page, OWNER, PASSWORD).status, 200);
        }
        browser.clone()
    }

    /// A browser that was never here.
    pub fn stranger(&self) -> Browser {
        Browser::new(self.address)
    }

    /// A public client that is no other test's.
    #[track_caller]
    pub fn client(&self) -> Client {
        let number = CLIENTS.fetch_add(1, Ordering::Relaxed);
        let redirect_uri = format!("http://127.0.0.1:7777/callback/{number}");
        Client::register_as(&self.doorward, &redirect_uri, json!({ "token_endpoint_auth_method": "none" }))
    }

    /// Where the owner's browser is sent once everything is approved.
    #[track_caller]
    pub fn approve(&self, client: &Client, changes: &[(&str, &str)]) -> String {
        let mut browser = self.owner.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        client.approve_as(&mut browser, OWNER, PASSWORD, changes)
    }

    #[track_caller]
    pub fn code(&self, client: &Client) -> String {
        self.code_for(client, &[])
    }

    #[track_caller]
    pub fn code_for(&self, client: &Client, changes: &[(&str, &str)]) -> String {
        http::parameter(&self.approve(client, changes), "code").expect("a code")
    }

    #[track_caller]
    pub fn connect(&self, client: &Client) -> Tokens {
        self.connect_to(client, &[])
    }

    #[track_caller]
    pub fn connect_to(&self, client: &Client, changes: &[(&str, &str)]) -> Tokens {
        let code = self.code_for(client, changes);
        Tokens::of(&client.redeem(&self.doorward, &code, &[]))
    }
}
