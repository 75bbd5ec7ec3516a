//! A one-time link with which a person chooses the password of their account: the first, or one in place of a lost one.

use super::ids::UserId;
use super::secret::{InvitationLink, TokenHash};
use super::user::User;
use crate::clock::UnixTime;
use serde::{Deserialize, Serialize};

/// An invitation, stored under the account that it is for, so that a newer one is in the place of an older one. A stored
/// record: frozen once released.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invitation {
    /// Its link.
    pub link: TokenHash<InvitationLink>,
    /// Whose password is to be chosen.
    pub user: UserId,
    /// [`User::epoch`] when it was made: a password chosen or an account switched off since ends it.
    pub user_epoch: u32,
    /// Until when it works.
    pub expires_at: UnixTime,
}

/// The account whose password may be chosen with the link now.
pub fn invited(invitation: &Invitation, link: &TokenHash<InvitationLink>, user: Option<User>, now: UnixTime) -> Option<User> {
    let user = user.filter(|user| user.id == invitation.user && user.epoch == invitation.user_epoch && !user.disabled);
    user.filter(|_| invitation.link == *link && !invitation.expires_at.has_come(now))
}

/// The account once the password is chosen. Whatever was granted or signed in before ends with the password before it.
#[must_use]
pub fn accept(user: User, password: String) -> User {
    User { password, epoch: user.epoch.wrapping_add(1), ..user }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::fixtures::{seconds_later, secret, user};

    fn link(byte: u8) -> TokenHash<InvitationLink> {
        secret::<InvitationLink>(byte).hash()
    }

    fn invitation() -> Invitation {
        Invitation { link: link(1), user: user("ann").id, user_epoch: user("ann").epoch, expires_at: seconds_later(60) }
    }

    #[test]
    fn an_invitation_stands_until_its_end() {
        let at = |seconds| invited(&invitation(), &link(1), Some(user("ann")), seconds_later(seconds));
        assert_eq!((at(59), at(60)), (Some(user("ann")), None));
        assert_eq!(invited(&invitation(), &link(2), Some(user("ann")), seconds_later(0)), None, "with its link alone");
    }

    #[test]
    fn an_invitation_falls_with_its_account_and_with_what_ends_everything_else() {
        let with = |user: Option<User>| invited(&invitation(), &link(1), user, seconds_later(0));
        assert_eq!(with(None), None);
        assert_eq!(with(Some(User { disabled: true, ..user("ann") })), None);
        assert_eq!(with(Some(User { epoch: user("ann").epoch + 1, ..user("ann") })), None);
        assert_eq!(with(Some(User { id: user("bob").id, ..user("ann") })), None);
    }

    #[test]
    fn whoever_has_accepted_cannot_accept_again() {
        let accepted = accept(user("ann"), "hash".into());
        assert_eq!((accepted.password.as_str(), accepted.owner), ("hash", user("ann").owner));
        assert_eq!(invited(&invitation(), &link(1), Some(accepted), seconds_later(0)), None);
    }
}
