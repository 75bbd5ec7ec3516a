//! Flows: beginning one, and settling it by the user's decision.

use super::transaction::{Step, Tx};
use super::{Store, StoreError};
use crate::clock::UnixTime;
use crate::oauth::audit::Occasion;
use crate::oauth::audit_kinds::What;
use crate::oauth::client::Client;
use crate::oauth::code::{self, StoredCode};
use crate::oauth::consent::{self, Flow, Outcome, Verdict};
use crate::oauth::secret::{AuthorizationCode, Flow as FlowSecret, TokenHash};
use crate::oauth::text::Shown;

impl Store {
    /// Remembers a flow. On disk before it returns: somebody signed in is about to read its consent page.
    pub fn begin_flow(&self, hash: &TokenHash<FlowSecret>, flow: &Flow) -> Result<(), StoreError> {
        self.transact(|tx| tx.put(hash.as_bytes(), flow))?;
        self.commit()
    }

    /// The flow of that hash.
    pub fn flow(&self, hash: &TokenHash<FlowSecret>) -> Result<Option<Flow>, StoreError> {
        self.load(hash.as_bytes())
    }

    /// Applies the user's decision: an approval marks the flow and stores its one code, and `adopted` if that client is not
    /// there yet; a denial marks the flow. On disk before it returns. Gives the verdict and the flow as it was.
    pub fn settle_flow(
        &self,
        hash: &TokenHash<FlowSecret>,
        code: &TokenHash<AuthorizationCode>,
        code_expires_at: UnixTime,
        adopted: Option<&Client>,
        occasion: &Occasion,
        decide: impl Fn(Option<&Flow>) -> Verdict,
    ) -> Result<(Verdict, Option<Flow>), StoreError> {
        let settled = self.transact(|tx| {
            let flow: Option<Flow> = tx.get(hash.as_bytes())?;
            let verdict = decide(flow.as_ref());
            if let Some(flow) = &flow {
                match &verdict {
                    Verdict::Approve(_, proof) => {
                        tx.put(hash.as_bytes(), &consent::approved(flow, proof))?;
                        tx.put(code.as_bytes(), &code::issue(flow, proof, code_expires_at))?;
                        if let Some(client) = adopted {
                            add_if_new(tx, client, occasion)?;
                        }
                        let scope = Shown::new(&proof.granted().scope.to_string());
                        let event = tx.naming(
                            occasion.event(What::ConsentGiven { scope, until: proof.granted().ends_at }),
                            &flow.user,
                            &flow.client,
                        )?;
                        tx.record(&event.at_server(&proof.granted().server))?;
                    }
                    Verdict::Deny(..) => {
                        tx.put(hash.as_bytes(), &Flow { outcome: Outcome::Denied, ..flow.clone() })?;
                        let event = tx.naming(occasion.event(What::ConsentDenied), &flow.user, &flow.client)?;
                        tx.record(&adopted.map_or(event.clone(), |client| event.of_client(client)))?;
                    }
                    Verdict::Stale(_) | Verdict::Incomplete(..) | Verdict::ApprovedBefore(_) => (),
                }
            }
            Ok((verdict, flow))
        })?;
        self.commit()?;
        Ok(settled)
    }

    /// The code of that hash.
    pub fn code(&self, hash: &TokenHash<AuthorizationCode>) -> Result<Option<StoredCode>, StoreError> {
        self.load(hash.as_bytes())
    }
}

fn add_if_new(tx: &Tx<'_>, client: &Client, occasion: &Occasion) -> Step<()> {
    let id = client.id.as_str().as_bytes();
    if tx.get::<Client>(id)?.is_some() {
        return Ok(());
    }
    tx.put(id, client)?;
    tx.record(&occasion.event(What::ClientAdopted).of_client(client))
}
