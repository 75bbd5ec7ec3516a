//! What is paused.

use super::{Store, StoreError};
use crate::oauth::audit::{Event, Occasion};
use crate::oauth::audit_kinds::What;
use crate::oauth::client::Client;
use crate::oauth::pause::{Pauses, Subject};

/// The key of the only record.
const PAUSES: &[u8] = b"";

impl Store {
    /// Everything that is paused.
    pub fn pauses(&self) -> Result<Pauses, StoreError> {
        Ok(self.load(PAUSES)?.unwrap_or_default())
    }

    /// Pauses something. False when it was paused in the same way before. On disk before it returns, and open streams are
    /// told.
    pub fn pause(&self, subject: &Subject, occasion: &Occasion) -> Result<bool, StoreError> {
        let what = match subject {
            Subject::Everything => What::EverythingPaused,
            Subject::Server(..) => What::ServerPaused,
            Subject::Client(_) => What::ClientPaused,
        };
        self.change_pauses(subject, &occasion.event(what), |pauses| pauses.paused(subject, occasion.at))
    }

    /// Lets it go on. False when it was not paused. On disk before it returns.
    pub fn resume(&self, subject: &Subject, occasion: &Occasion) -> Result<bool, StoreError> {
        let what = match subject {
            Subject::Everything => What::EverythingResumed,
            Subject::Server(..) => What::ServerResumed,
            Subject::Client(_) => What::ClientResumed,
        };
        self.change_pauses(subject, &occasion.event(what), |pauses| pauses.resumed(subject))
    }

    fn change_pauses(&self, subject: &Subject, event: &Event, change: impl Fn(Pauses) -> Pauses) -> Result<bool, StoreError> {
        let changed = self.transact(|tx| {
            let before: Pauses = tx.get(PAUSES)?.unwrap_or_default();
            let after = change(before.clone());
            if after == before {
                return Ok(false);
            }
            tx.put(PAUSES, &after)?;
            let event = match subject {
                Subject::Everything => event.clone(),
                Subject::Server(path, _) => event.clone().at_server(path),
                Subject::Client(id) => match tx.get::<Client>(id.as_str().as_bytes())? {
                    Some(client) => event.clone().of_client(&client),
                    None => event.clone(),
                },
            };
            tx.record(&event)?;
            Ok(true)
        })?;
        self.commit_ending()?;
        Ok(changed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::audit::Wanted;
    use crate::oauth::fixtures::{NOW, client, occasion};
    use crate::oauth::ids::ClientId;
    use crate::oauth::pause::PauseAnswer;
    use crate::store::testing::{at_once, store};
    use std::time::Duration;

    fn subjects() -> [Subject; 3] {
        [Subject::Everything, Subject::Server("/notes".into(), PauseAnswer::Closed), Subject::Client(ClientId::known_as("claude"))]
    }

    #[test]
    fn a_pause_is_kept_told_to_those_who_wait_and_recorded_once() {
        let store = store();
        store.add_client(&client("claude"), &occasion()).unwrap();
        let before = store.wait_for_endings(u64::MAX, Duration::ZERO);
        for subject in &subjects() {
            assert_eq!((store.pause(subject, &occasion()), store.pause(subject, &occasion())), (Ok(true), Ok(false)));
        }
        let pauses = store.pauses().unwrap();
        assert_eq!((pauses.everything(), pauses.client(&ClientId::known_as("claude"))), (Some(NOW), Some(NOW)));
        assert!(store.wait_for_endings(before, Duration::ZERO) > before);
        for subject in &subjects() {
            assert_eq!((store.resume(subject, &occasion()), store.resume(subject, &occasion())), (Ok(true), Ok(false)));
        }
        assert_eq!(store.pauses(), Ok(Pauses::default()));
        let events = store.events(&Wanted::newest(6)).unwrap();
        let told: Vec<String> = events.iter().rev().map(|entry| entry.event.sentence()).collect();
        let expected = [
            "everything was paused",
            "/notes was paused",
            "\"Test client\" was paused",
            "everything was resumed",
            "/notes was resumed",
            "\"Test client\" was resumed",
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn of_many_pauses_at_once_none_is_lost() {
        let store = store();
        let one = |number| Subject::Server(format!("/{number}"), PauseAnswer::RetryLater);
        at_once(16, |number| store.pause(&one(number), &occasion()).unwrap());
        let pauses = store.pauses().unwrap();
        assert!((0..16).all(|number| pauses.server(&format!("/{number}")).is_some()));
    }
}
