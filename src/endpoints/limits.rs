//! Taking from what a peer may do. How much that is, is [`crate::oauth::rates`]'s; by whom it is counted is said by each
//! endpoint.

use super::App;
use super::page;
use super::words;
use crate::clock;
use crate::http::answer::Answer;
use crate::http::request::Request;
use crate::oauth::error::Refusal;
use crate::oauth::limits::Wait;
use crate::oauth::rates::{Bucket, Charge, Key};
use crate::store::StoreError;

impl App {
    /// What a request takes from the allowance of its address; nothing where there is no limit.
    fn charges_of_address(&self, bucket: Bucket, request: &Request) -> Vec<Charge> {
        let hosted = self.config.limits.is_hosted(request.peer);
        let limit = self.config.limits.rates.of(bucket);
        limit.map(|limit| Charge::of_address(limit, request.peer, hosted)).unwrap_or_default()
    }

    /// What something takes from the allowance of `key`.
    fn charge(&self, bucket: Bucket, key: Key) -> Option<Charge> {
        self.config.limits.rates.of(bucket).map(|limit| Charge { key, limit })
    }

    /// Takes one from what an address may do.
    pub(super) fn spend_of_address(&self, bucket: Bucket, request: &Request) -> Result<(), Refusal> {
        self.store.spend(bucket, &self.charges_of_address(bucket, request), clock::now()).map_err(Refusal::TooManyRequests)
    }

    /// The same, and not to be forgotten in a crash.
    pub(super) fn spend_of_address_for_good(&self, bucket: Bucket, request: &Request) -> Result<Result<(), Refusal>, StoreError> {
        let spent = self.store.spend_for_good(bucket, &self.charges_of_address(bucket, request), clock::now())?;
        Ok(spent.map_err(Refusal::TooManyRequests))
    }

    /// Takes one from what `key` stands for.
    pub(super) fn spend(&self, bucket: Bucket, key: Key) -> Result<(), Refusal> {
        let charge = self.charge(bucket, key);
        self.store.spend(bucket, charge.as_slice(), clock::now()).map_err(Refusal::TooManyRequests)
    }

    /// Whether `key` may do one more. Nothing is taken.
    pub(super) fn has_room(&self, bucket: Bucket, key: Key) -> Result<(), Refusal> {
        let room = self.charge(bucket, key).map_or(Ok(()), |charge| self.store.has_room(bucket, charge, clock::now()));
        room.map_err(Refusal::TooManyRequests)
    }

    /// Takes one for what `key` has done.
    pub(super) fn spend_anyway(&self, bucket: Bucket, key: Key) {
        if let Some(charge) = self.charge(bucket, key) {
            self.store.spend_anyway(bucket, charge, clock::now());
        }
    }
}

/// The page for a person who was too fast, or shares an address with somebody who was.
pub(super) fn page(app: &App, wait: Wait) -> Answer {
    let what = "There were too many requests from where you are.";
    let hint = format!("Wait {} and try again.", words::wait(wait));
    page::error(app, 429, "Too many requests", what, Some(&hint)).with("retry-after", wait.as_secs().to_string())
}
