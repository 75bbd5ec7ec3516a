//! Flows whose code is fetched by the client and not sent to it.

use super::{Store, StoreError};
use crate::oauth::consent::Flow;
use crate::oauth::poll::{Fetch, PolledFlow};
use crate::oauth::secret::{Flow as FlowSecret, TokenHash};

impl Store {
    /// Remembers a flow and the state by which it is asked for; an earlier one of that state can no longer be fetched. On
    /// disk before it returns.
    pub fn begin_polled(&self, state: &[u8; 32], polled: &PolledFlow, hash: &TokenHash<FlowSecret>, flow: &Flow) -> Result<(), StoreError> {
        self.transact(|tx| {
            tx.put(state, polled)?;
            tx.put(hash.as_bytes(), flow)
        })?;
        self.commit()
    }

    /// Answers a question as `decide` says. That a code was handed out is on disk before this returns.
    pub fn fetch_polled(
        &self,
        state: &[u8; 32],
        flow_of: impl Fn(&PolledFlow) -> TokenHash<FlowSecret>,
        decide: impl Fn(Option<&PolledFlow>, Option<&Flow>) -> Fetch,
    ) -> Result<(Fetch, Option<PolledFlow>), StoreError> {
        let fetched = self.transact(|tx| {
            let polled: Option<PolledFlow> = tx.get(state)?;
            let flow: Option<Flow> = polled.as_ref().map(|polled| tx.get(flow_of(polled).as_bytes())).transpose()?.flatten();
            let fetch = decide(polled.as_ref(), flow.as_ref());
            if let (Fetch::HandOut, Some(polled)) = (fetch, &polled) {
                tx.put(state, &PolledFlow { fetched: true, ..polled.clone() })?;
            }
            Ok((fetch, polled))
        })?;
        if fetched.0 == Fetch::HandOut {
            self.commit()?;
        }
        Ok(fetched)
    }
}
