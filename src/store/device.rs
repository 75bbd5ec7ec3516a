//! Devices that wait for their person: beginning, entering a code, the answer, and asking for it.

use super::codes::{NewTokens, open_connection};
use super::connections::end;
use super::record::{Table, UserCodeOwner};
use super::transaction::{Step, Tx};
use super::{Store, StoreError};
use crate::oauth::audit::Occasion;
use crate::oauth::audit_kinds::What;
use crate::oauth::connection::EndReason;
use crate::oauth::device::{self, DeviceCodeHash, DeviceState, Poll, StoredDeviceCode, Verdict, WrongEntries};
use crate::oauth::error::Refusal;
use crate::oauth::ids::{ClientId, UserId};
use crate::oauth::limits::Wait;
use crate::oauth::text::Shown;
use crate::oauth::user::User;

/// Most devices that wait at once: anybody can begin one.
pub const MAX_WAITING_DEVICES: usize = 1_000;

/// What came of beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begun {
    /// The device can show its code.
    Waiting,
    /// Another device shows the same code: draw again.
    Taken,
    /// Too many wait.
    Full,
}

/// What came of entering a user code.
#[derive(Clone, Debug)]
pub enum Entered {
    /// Too many wrong ones lately; this one was not looked at, and none will be for so long.
    TooMany(Wait),
    /// No device shows it, and that was counted.
    Unknown,
    /// A device shows it, or did until it was answered.
    Found(DeviceCodeHash, Box<StoredDeviceCode>),
}

impl Store {
    /// Remembers a device under its two codes. On disk before it returns: its person may be reading the code by then.
    pub fn begin_device(&self, code: &DeviceCodeHash, user_code: &[u8; 32], stored: &StoredDeviceCode) -> Result<Begun, StoreError> {
        if self.count(Table::DeviceCode) >= MAX_WAITING_DEVICES {
            return Ok(Begun::Full);
        }
        let begun = self.transact(|tx| {
            if tx.get::<UserCodeOwner>(user_code)?.is_some() {
                return Ok(Begun::Taken);
            }
            tx.put(user_code, &UserCodeOwner { code: *code, expires_at: stored.expires_at })?;
            tx.put(code.as_bytes(), stored)?;
            Ok(Begun::Waiting)
        })?;
        if begun == Begun::Waiting {
            self.commit()?;
        }
        Ok(begun)
    }

    /// The device that shows a code which `user` has entered, unless that user has been guessing. A wrong code is counted
    /// in the same transaction. `None` is a text that no code can be.
    pub fn enter_user_code(&self, user_code: Option<&[u8; 32]>, user: &UserId, occasion: &Occasion) -> Result<Entered, StoreError> {
        let now = occasion.at;
        let entered = self.transact(|tx| {
            let wrong: Option<WrongEntries> = tx.get(user.as_str().as_bytes())?;
            if let Some(wait) = wrong.and_then(|wrong| wrong.wait(now)) {
                return Ok(Entered::TooMany(wait));
            }
            let owner: Option<UserCodeOwner> = user_code.map(|key| tx.get(key)).transpose()?.flatten();
            if let Some(UserCodeOwner { code, .. }) = owner
                && let Some(stored) = tx.get::<StoredDeviceCode>(code.as_bytes())?
                && !stored.expires_at.has_come(now)
            {
                return Ok(Entered::Found(code, Box::new(stored)));
            }
            tx.put(user.as_str().as_bytes(), &WrongEntries::with_another(wrong, now))?;
            let event = occasion.event(What::UserCodeWrong);
            tx.record(&tx.get::<User>(user.as_str().as_bytes())?.map_or(event.clone(), |user| event.of_user(&user.name)))?;
            Ok(Entered::Unknown)
        })?;
        if matches!(entered, Entered::Unknown) {
            self.commit()?;
        }
        Ok(entered)
    }

    /// Applies a person's decision. On disk before it returns.
    pub fn settle_device(
        &self,
        code: &DeviceCodeHash,
        occasion: &Occasion,
        decide: impl Fn(Option<&StoredDeviceCode>) -> Verdict,
    ) -> Result<Verdict, StoreError> {
        let verdict = self.transact(|tx| {
            let stored: Option<StoredDeviceCode> = tx.get(code.as_bytes())?;
            let verdict = decide(stored.as_ref());
            if let (Verdict::Settle(state), Some(stored)) = (&verdict, stored) {
                record_answer(tx, &stored.client, state, occasion)?;
                tx.put(code.as_bytes(), &StoredDeviceCode { state: state.clone(), ..stored })?;
            }
            Ok(verdict)
        })?;
        self.commit()?;
        Ok(verdict)
    }

    /// Answers a device as `decide` says. Tokens, and the end of a connection, are on disk before it returns.
    pub fn poll_device(
        &self,
        code: &DeviceCodeHash,
        new: &NewTokens,
        decide: impl Fn(Option<&StoredDeviceCode>, Option<&User>) -> Poll,
    ) -> Result<Poll, StoreError> {
        let poll = self.transact(|tx| {
            let stored: Option<StoredDeviceCode> = tx.get(code.as_bytes())?;
            let Some(stored) = stored else { return Ok(decide(None, None)) };
            let user = match &stored.state {
                DeviceState::Approved { user, .. } => tx.get::<User>(user.as_str().as_bytes())?,
                DeviceState::Pending | DeviceState::Denied { .. } | DeviceState::Spent { .. } => None,
            };
            let poll = decide(Some(&stored), user.as_ref());
            match &poll {
                Poll::Refuse(Refusal::DeviceCodeOfAnotherClient) => record_theft(tx, &stored, &new.occasion)?,
                Poll::Refuse(_) => (),
                Poll::Wait => tx.put(code.as_bytes(), &device::asked(&stored, false, new.occasion.at))?,
                Poll::SlowDown => tx.put(code.as_bytes(), &device::asked(&stored, true, new.occasion.at))?,
                Poll::EndConnection(connection, _) => end(tx, connection, EndReason::CodeReplayed, &new.occasion)?,
                Poll::Issue(agreed, ends) => {
                    let state = DeviceState::Spent { user: agreed.user.clone(), connection: new.connection.clone() };
                    tx.put(code.as_bytes(), &StoredDeviceCode { state, ..stored })?;
                    open_connection(tx, agreed, ends, new)?;
                }
            }
            Ok(poll)
        })?;
        match &poll {
            Poll::Refuse(_) | Poll::Wait | Poll::SlowDown => (),
            Poll::EndConnection(..) => self.commit_ending()?,
            Poll::Issue(..) => self.commit()?,
        }
        Ok(poll)
    }
}

fn record_answer(tx: &Tx<'_>, client: &ClientId, state: &DeviceState, occasion: &Occasion) -> Step<()> {
    match state {
        DeviceState::Approved { user, granted, .. } => {
            let scope = Shown::new(&granted.scope.to_string());
            let event = tx.naming(occasion.event(What::ConsentGiven { scope, until: granted.ends_at }), user, client)?;
            tx.record(&event.at_server(&granted.server))
        }
        DeviceState::Denied { user } => tx.record(&tx.naming(occasion.event(What::ConsentDenied), user, client)?),
        DeviceState::Pending | DeviceState::Spent { .. } => Ok(()),
    }
}

/// While nobody has answered, there is nothing to steal, and anybody can begin a device and ask for it as another client:
/// strangers could ring the alarm at will.
fn record_theft(tx: &Tx<'_>, stored: &StoredDeviceCode, occasion: &Occasion) -> Step<()> {
    match &stored.state {
        DeviceState::Approved { user, .. } | DeviceState::Spent { user, .. } => {
            tx.record(&tx.naming(occasion.event(What::TokenOfAnother), user, &stored.client)?)
        }
        DeviceState::Pending | DeviceState::Denied { .. } => Ok(()),
    }
}
