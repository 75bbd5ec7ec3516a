//! Invitations: made for one account, used once.

use super::record::Record;
use super::transaction::{Step, Tx};
use super::{Store, StoreError};
use crate::clock::UnixTime;
use crate::oauth::audit::Occasion;
use crate::oauth::audit_kinds::What;
use crate::oauth::ids::UserId;
use crate::oauth::invitation::{Invitation, accept, invited};
use crate::oauth::secret::{InvitationLink, TokenHash};
use crate::oauth::user::User;

impl Store {
    /// Makes an invitation in place of any earlier one of the account. Nothing when there is no such account, or it is
    /// switched off. On disk before it returns.
    pub fn invite(
        &self,
        link: &TokenHash<InvitationLink>,
        id: &UserId,
        expires_at: UnixTime,
        occasion: &Occasion,
    ) -> Result<Option<User>, StoreError> {
        let user = self.transact(|tx| {
            let Some(user) = tx.get::<User>(id.as_str().as_bytes())?.filter(|user| !user.disabled) else { return Ok(None) };
            put(tx, *link, &user, expires_at, occasion)?;
            Ok(Some(user))
        })?;
        self.commit()?;
        Ok(user)
    }

    /// Whose password may be chosen with the link. Spends nothing.
    pub fn invited(&self, hash: &TokenHash<InvitationLink>, now: UnixTime) -> Result<Option<User>, StoreError> {
        let Some(invitation) = self.invitation(hash)? else { return Ok(None) };
        let user = self.user(&invitation.user)?;
        Ok(invited(&invitation, hash, user, now))
    }

    /// The invitation of that link. There is at most one for each account, so that all are looked through.
    fn invitation(&self, link: &TokenHash<InvitationLink>) -> Result<Option<Invitation>, StoreError> {
        Ok(self.scan::<Invitation>()?.into_iter().find(|invitation| invitation.link == *link))
    }

    /// Sets the password of whoever the link invites, once: gives the account as it is then. On disk before it returns, and
    /// open streams are told.
    pub fn accept_invitation(
        &self,
        hash: &TokenHash<InvitationLink>,
        password: &str,
        occasion: &Occasion,
    ) -> Result<Option<User>, StoreError> {
        let Some(found) = self.invitation(hash)? else { return Ok(None) };
        let accepted = self.transact(|tx| {
            let id = found.user.as_str().as_bytes();
            // It may have been used, or a newer one have come in its place, since it was found.
            let Some(invitation) = tx.get::<Invitation>(id)? else { return Ok(None) };
            let Some(user) = invited(&invitation, hash, tx.get(id)?, occasion.at) else { return Ok(None) };
            let user = accept(user, password.to_owned());
            tx.put(id, &user)?;
            tx.remove(Invitation::TABLE, id)?;
            tx.record(&occasion.event(What::InvitationAccepted).of_user(&user.name))?;
            Ok(Some(user))
        })?;
        self.commit_ending()?;
        Ok(accepted)
    }
}

/// Makes an invitation within a transaction.
pub(super) fn put(tx: &Tx<'_>, link: TokenHash<InvitationLink>, user: &User, expires_at: UnixTime, occasion: &Occasion) -> Step<()> {
    let invitation = Invitation { link, user: user.id.clone(), user_epoch: user.epoch, expires_at };
    tx.put(user.id.as_str().as_bytes(), &invitation)?;
    tx.record(&occasion.event(What::InvitationMade).of_user(&user.name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::fixtures::{NOW, occasion, seconds_later, secret, user};
    use crate::store::record::Table;
    use crate::store::testing::{Temporary, at_once, store};

    fn link(byte: u8) -> TokenHash<InvitationLink> {
        secret::<InvitationLink>(byte).hash()
    }

    fn with_ann() -> Temporary {
        let store = store();
        store.add_user(&user("ann"), &occasion()).unwrap();
        store
    }

    fn invite(store: &Temporary, byte: u8) {
        assert!(store.invite(&link(byte), &user("ann").id, seconds_later(60), &occasion()).unwrap().is_some());
    }

    #[test]
    fn of_many_with_the_same_link_one_sets_the_password() {
        let store = with_ann();
        invite(&store, 1);
        assert_eq!(store.invited(&link(1), NOW), Ok(Some(user("ann"))));
        let accepted = at_once(16, |number| store.accept_invitation(&link(1), &format!("hash {number}"), &occasion()).unwrap());
        let accepted: Vec<User> = accepted.into_iter().flatten().collect();
        assert_eq!(accepted.len(), 1);
        assert_eq!(store.user(&user("ann").id), Ok(Some(accepted[0].clone())));
        assert_eq!((store.invited(&link(1), NOW), store.count(Table::Invitation)), (Ok(None), 0));
    }

    #[test]
    fn a_newer_link_takes_the_place_of_an_older_one_and_of_nobody_elses() {
        let store = with_ann();
        store.add_user(&user("bob"), &occasion()).unwrap();
        store.invite(&link(9), &user("bob").id, seconds_later(60), &occasion()).unwrap();
        invite(&store, 1);
        invite(&store, 2);
        assert_eq!((store.invited(&link(1), NOW), store.invited(&link(2), NOW)), (Ok(None), Ok(Some(user("ann")))));
        assert_eq!(store.invited(&link(9), NOW), Ok(Some(user("bob"))));
    }

    #[test]
    fn of_many_links_made_at_once_one_is_good() {
        for _ in 0..8 {
            let store = with_ann();
            at_once(8, |number| invite(&store, u8::try_from(number).unwrap()));
            let good = (0..8).filter(|number| store.invited(&link(*number), NOW).unwrap().is_some()).count();
            assert_eq!((good, store.count(Table::Invitation)), (1, 1));
        }
    }

    #[test]
    fn nobody_is_invited_to_an_account_that_is_not_there_or_off() {
        let store = with_ann();
        assert_eq!(store.invite(&link(1), &user("bob").id, seconds_later(60), &occasion()), Ok(None));
        invite(&store, 1);
        store.change_user(&user("ann").id, &occasion().event(What::UserDisabled), |user| User { disabled: true, ..user }).unwrap();
        assert_eq!(store.invited(&link(1), NOW), Ok(None));
        assert_eq!(store.accept_invitation(&link(1), "hash", &occasion()), Ok(None));
        assert_eq!(store.invite(&link(2), &user("ann").id, seconds_later(60), &occasion()), Ok(None));
    }

    #[test]
    fn a_link_whose_time_is_over_is_of_no_use_and_is_forgotten() {
        let store = with_ann();
        invite(&store, 1);
        assert_eq!(store.accept_invitation(&link(1), "hash", &Occasion::here(seconds_later(60))), Ok(None));
        assert_eq!((store.sweep(seconds_later(60)), store.count(Table::Invitation)), (Ok(1), 0));
    }
}
