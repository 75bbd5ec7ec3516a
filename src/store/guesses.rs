//! Who has guessed wrong, and how often: passwords, and the links of the first run.

use super::record::Table;
use super::{Store, StoreError};
use crate::clock::UnixTime;
use crate::oauth::limits::Wait;
use crate::oauth::rates::Key;
use crate::oauth::throttle::{Subject, Tries, WhenRight};

/// Leave to check one guess. It counts as wrong until [`Store::end_guess`] says otherwise.
#[derive(Debug)]
pub struct Guess {
    subjects: Vec<Subject>,
    is_last_free: bool,
}

impl Guess {
    /// True for the one after which somebody has to wait, if it is wrong: once in a series of them.
    pub fn is_last_free(&self) -> bool {
        self.is_last_free
    }
}

/// What came of a guess.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was right.
    Right,
    /// It was wrong.
    Wrong,
    /// Nobody looked at it.
    Unmade,
}

impl Store {
    /// Counts a guess, if none of those who count has to wait. On disk before it returns, so that neither a crash nor many
    /// guesses at once give more of them.
    pub fn begin_guess(&self, subjects: Vec<Subject>, now: UnixTime) -> Result<Result<Guess, Wait>, StoreError> {
        let begun = self.transact(|tx| {
            let mut refused = None;
            let mut counted = Vec::with_capacity(subjects.len());
            for subject in &subjects {
                match Tries::another(tx.get(subject.key.as_bytes())?, subject.free, now) {
                    Ok(tries) => counted.push((subject, tries)),
                    Err(wait) => refused = refused.max(Some(wait)),
                }
            }
            if let Some(wait) = refused {
                return Ok(Err(wait));
            }
            counted.iter().try_for_each(|(subject, tries)| tx.put(subject.key.as_bytes(), tries))?;
            Ok(Ok(counted.iter().any(|(subject, tries)| tries.wrong == subject.free)))
        })?;
        match begun {
            Ok(is_last_free) => {
                self.commit()?;
                Ok(Ok(Guess { subjects, is_last_free }))
            }
            Err(wait) => Ok(Err(wait)),
        }
    }

    /// Says what came of it. Not waited for: what is forgotten in a crash is a guess too many, not one too few.
    pub fn end_guess(&self, guess: &Guess, outcome: Outcome) -> Result<(), StoreError> {
        if outcome == Outcome::Wrong {
            return Ok(());
        }
        self.transact(|tx| {
            for Subject { key, when_right, .. } in &guess.subjects {
                let left = match (outcome, when_right) {
                    (Outcome::Right, WhenRight::Forget) => None,
                    (Outcome::Right | Outcome::Wrong | Outcome::Unmade, _) => tx.get::<Tries>(key.as_bytes())?.and_then(Tries::one_less),
                };
                match left {
                    Some(tries) => tx.put(key.as_bytes(), &tries)?,
                    None => tx.remove(Table::Tries, key.as_bytes())?,
                }
            }
            Ok(())
        })
    }

    /// Forgets the wrong guesses at an account: its owner has come in by another way.
    pub fn forgive(&self, account: &Key) -> Result<(), StoreError> {
        self.transact(|tx| tx.remove(Table::Tries, account.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::fixtures::{NOW, seconds_later};
    use crate::oauth::ids::UserId;
    use crate::oauth::secret::Entropy;
    use crate::store::testing::{Folder, Temporary, at_once, store};

    fn key(name: &str) -> Key {
        Key::user(&UserId::known_as(name))
    }

    fn account(name: &str) -> Subject {
        Subject { key: key(name), free: 3, when_right: WhenRight::Forget }
    }

    fn address() -> Subject {
        Subject { key: key("address"), free: 6, when_right: WhenRight::TakeBack }
    }

    fn guess(store: &Store, subjects: &[Subject], outcome: Outcome, now: UnixTime) -> Result<(), Wait> {
        let begun = store.begin_guess(subjects.to_vec(), now).unwrap()?;
        store.end_guess(&begun, outcome).unwrap();
        Ok(())
    }

    /// How many of so many wrong guesses are looked at.
    fn looked_at(store: &Store, subjects: &[Subject], asked: usize, now: UnixTime) -> usize {
        (0..asked).filter(|_| guess(store, subjects, Outcome::Wrong, now).is_ok()).count()
    }

    fn wrong(store: &Temporary, subject: &Subject) -> u32 {
        store.load::<Tries>(subject.key.as_bytes()).unwrap().map_or(0, |tries| tries.wrong)
    }

    #[test]
    fn who_guessed_wrong_too_often_has_to_wait_and_a_refused_guess_counts_for_nobody() {
        let store = store();
        assert_eq!(looked_at(&store, &[account("ann"), address()], 20, NOW), 3);
        assert_eq!((wrong(&store, &account("ann")), wrong(&store, &address())), (3, 3));
        assert_eq!(guess(&store, &[account("ann"), address()], Outcome::Right, NOW), Err(Wait::seconds(2)));
        assert_eq!(guess(&store, &[account("ann"), address()], Outcome::Right, seconds_later(2)), Ok(()));
    }

    #[test]
    fn the_guess_after_which_somebody_has_to_wait_is_one_in_a_series() {
        let store = store();
        let guess = |number: u64| store.begin_guess(vec![account("ann")], seconds_later(number * 900)).unwrap().unwrap();
        let last: Vec<bool> = (0..8).map(|number| guess(number).is_last_free()).collect();
        assert_eq!(last, [false, false, true, false, false, false, false, false]);
    }

    #[test]
    fn many_names_from_one_address_are_as_bad_as_one_name_many_times() {
        let store = store();
        let tried = ["a", "b", "c", "d", "e", "f", "g", "h"];
        let through = tried.iter().filter(|name| guess(&store, &[account(name), address()], Outcome::Wrong, NOW).is_ok()).count();
        assert_eq!(through, 6);
    }

    #[test]
    fn a_right_guess_clears_the_account_and_takes_back_only_itself_from_the_address() {
        let store = store();
        looked_at(&store, &[account("ann"), address()], 2, NOW);
        assert_eq!(guess(&store, &[account("bob"), address()], Outcome::Right, NOW), Ok(()));
        assert_eq!((wrong(&store, &account("ann")), wrong(&store, &account("bob")), wrong(&store, &address())), (2, 0, 2));
        assert_eq!(guess(&store, &[account("ann"), address()], Outcome::Right, NOW), Ok(()));
        assert_eq!((wrong(&store, &account("ann")), wrong(&store, &address())), (0, 2));
    }

    #[test]
    fn a_guess_that_nobody_looked_at_counts_for_nothing() {
        let store = store();
        looked_at(&store, &[account("ann"), address()], 2, NOW);
        for _ in 0..50 {
            assert_eq!(guess(&store, &[account("ann"), address()], Outcome::Unmade, NOW), Ok(()));
        }
        assert_eq!((wrong(&store, &account("ann")), wrong(&store, &address())), (2, 2));
    }

    #[test]
    fn of_many_guesses_at_once_no_more_are_looked_at_than_one_after_another() {
        let store = store();
        let looked = at_once(16, |_| looked_at(&store, &[account("ann")], 4, NOW));
        assert_eq!(looked.into_iter().sum::<usize>(), 3);
    }

    #[test]
    fn a_guess_counts_from_its_beginning_even_if_the_process_dies_over_it() {
        let folder = Folder::new();
        let open = || Store::open(folder.path(), &Entropy::new([1; 32]), NOW).unwrap();
        let store = open();
        for _ in 0..3 {
            assert!(store.begin_guess(vec![account("ann")], NOW).unwrap().is_ok());
        }
        drop(store);
        assert_eq!(looked_at(&open(), &[account("ann")], 5, NOW), 0);
    }

    #[test]
    fn wrong_guesses_are_forgotten_after_a_day_and_when_they_are_forgiven() {
        let store = store();
        looked_at(&store, &[account("ann"), address()], 3, NOW);
        store.forgive(&key("ann")).unwrap();
        assert_eq!((wrong(&store, &account("ann")), wrong(&store, &address())), (0, 3));
        assert_eq!(store.sweep(seconds_later(24 * 3600 - 1)), Ok(0));
        assert_eq!(store.sweep(seconds_later(24 * 3600)), Ok(1));
    }
}
