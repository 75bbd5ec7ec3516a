//! Taking from what a peer may do. How much that is, is [`crate::oauth::rates`]'s; by whom it is counted is said by each
//! endpoint.

use super::App;
use super::page;
use super::words;
use crate::clock;
use crate::http::answer::Answer;
use crate::http::request::Request;
use crate::oauth::audit::{Event, Occasion};
use crate::oauth::audit_kinds::What;
use crate::oauth::client_auth::AuthenticatedClient;
use crate::oauth::error::Refusal;
use crate::oauth::ids::ClientId;
use crate::oauth::limits::Wait;
use crate::oauth::rates::{Bucket, Charge, Key};
use crate::oauth::text::Shown;
use crate::store::{Over, StoreError};

impl App {
    /// What a request takes from the allowance of its address. Nothing, here and below, where there is no limit.
    pub(super) fn charges_of_address(&self, bucket: Bucket, request: &Request) -> Vec<Charge> {
        let of_address = |limit| Charge::of_address(limit, request.peer, self.is_hosted(request));
        self.config.limits.rates.of(bucket).map(of_address).unwrap_or_default()
    }

    /// What a request takes from that names a client.
    pub(super) fn charge_of_claim(&self, bucket: Bucket, id: &ClientId, request: &Request) -> Option<Charge> {
        self.config.limits.rates.of(bucket).map(|limit| Charge::of_claim(limit, id, request.peer, self.is_hosted(request)))
    }

    /// What a client's request takes from.
    pub(super) fn charge_of_client(&self, bucket: Bucket, client: &AuthenticatedClient, request: &Request) -> Option<Charge> {
        self.config.limits.rates.of(bucket).map(|limit| Charge::of_client(limit, client, request.peer, self.is_hosted(request)))
    }

    /// What something takes from that `key` stands for.
    pub(super) fn charge(&self, bucket: Bucket, key: Key) -> Option<Charge> {
        self.config.limits.rates.of(bucket).map(|limit| Charge { key, limit })
    }

    fn is_hosted(&self, request: &Request) -> bool {
        self.config.limits.is_hosted(request.peer)
    }

    /// Takes one from each. `about` says on what occasion, for the audit log.
    ///
    /// # Errors
    /// [`Refusal::TooManyRequests`]: then nothing was taken.
    pub(super) fn spend(&self, bucket: Bucket, charges: &[Charge], about: impl FnOnce(What) -> Event) -> Result<(), Refusal> {
        self.store.spend(bucket, charges, clock::now()).map_err(|over| self.over(bucket, over, about))
    }

    /// The same, and not to be forgotten in a crash.
    pub(super) fn spend_for_good(
        &self,
        bucket: Bucket,
        charges: &[Charge],
        occasion: &Occasion,
    ) -> Result<Result<(), Refusal>, StoreError> {
        let spent = self.store.spend_for_good(bucket, charges, occasion.at)?;
        Ok(spent.map_err(|over| self.over(bucket, over, |what| occasion.event(what))))
    }

    /// That there is no more is written down once for each key and span: a flood must not become a flood of writes.
    pub(super) fn over(&self, bucket: Bucket, Over { wait, is_news }: Over, about: impl FnOnce(What) -> Event) -> Refusal {
        if is_news {
            super::record(self, &about(What::LimitHit { limit: Shown::new(bucket.noun()) }));
        }
        Refusal::TooManyRequests(wait)
    }
}

/// The page for a person who was too fast, or shares an address with somebody who was.
pub(super) fn page(app: &App, refusal: &Refusal) -> Answer {
    let wait = refusal.retry_after().unwrap_or(Wait::seconds(1));
    let what = "There were too many requests from where you are.";
    let hint = format!("Wait {} and try again.", words::wait(wait));
    page::error(app, refusal.wire().status, "Too many requests", what, Some(&hint)).with("retry-after", wait.as_secs().to_string())
}
