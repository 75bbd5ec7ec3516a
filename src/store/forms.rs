//! Forms that count once: a reload of the answer must not do again what it shows once.

use super::record::{SpentForm, Table};
use super::{Store, StoreError};
use crate::clock::UnixTime;

impl Store {
    /// Marks a form as sent, until its session is over. False when it was sent before. Written no later than what the form
    /// asks for, which commits.
    pub fn spend_form(&self, mark: &[u8; 32], until: UnixTime) -> Result<bool, StoreError> {
        self.transact(|tx| {
            let fresh = tx.get::<SpentForm>(mark)?.is_none();
            if fresh {
                tx.put(mark, &SpentForm { until })?;
            }
            Ok(fresh)
        })
    }

    /// Lets it be sent again, since nothing came of it.
    pub fn give_form_back(&self, mark: &[u8; 32]) -> Result<(), StoreError> {
        self.transact(|tx| tx.remove(Table::SpentForm, mark))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::fixtures::seconds_later;
    use crate::store::testing::{at_once, store};

    #[test]
    fn of_many_who_send_one_form_at_once_one_is_the_first() {
        let store = store();
        let firsts = at_once(16, |_| store.spend_form(&[1; 32], seconds_later(60)).unwrap());
        assert_eq!(firsts.iter().filter(|first| **first).count(), 1);
        assert_eq!(store.spend_form(&[2; 32], seconds_later(60)), Ok(true), "another is another");
    }

    #[test]
    fn a_form_of_which_nothing_came_may_be_sent_again_and_every_mark_goes_with_its_session() {
        let store = store();
        assert_eq!(store.spend_form(&[1; 32], seconds_later(60)), Ok(true));
        store.give_form_back(&[1; 32]).unwrap();
        assert_eq!(store.spend_form(&[1; 32], seconds_later(60)), Ok(true));
        assert_eq!((store.sweep(seconds_later(60)), store.count(Table::SpentForm)), (Ok(1), 0));
    }
}
