//! Which events there can be, what scripts call each, and how many are kept. What people read is in
//! [`super::audit_sentence`].

use super::connection::EndReason;
use super::text::Shown;
use crate::clock::UnixTime;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What can happen. A stored record: new kinds are added at the end, with a new version of [`super::audit::Entry`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "each has its sentence in audit_sentence.rs")]
pub enum What {
    // signing in
    SignedIn,
    SignInFailed,
    SignInThrottled,
    SignedOut,
    // the first run
    SetupLinkMade,
    SetupClaimed,
    // accounts
    UserAdded { owner: bool },
    PasswordChanged,
    UserDisabled,
    UserEnabled,
    UserRemoved,
    ServerAllowed,
    ServerDenied,
    // clients
    ClientAdded,
    ClientRegistered,
    ClientUpdated,
    ClientUnregistered,
    ClientRemoved,
    ClientAdopted,
    // consent
    ConsentGiven { scope: Shown, until: Option<UnixTime> },
    ConsentDenied,
    UserCodeWrong,
    PkceExceptionUsed,
    // tokens
    TokensIssued { scope: Shown },
    TokensRefreshed,
    TokensRepeated,
    AccessTokenReturned,
    RefreshTokenReturned,
    VerifierWrong,
    TokenOfAnother,
    ConnectionEnded(EndReason),
    // keys for scripts
    KeyCreated { key: Shown },
    KeyUsed { key: Shown },
    KeyRevoked { key: Shown },
    // pausing
    ServerPaused,
    ServerResumed,
    ClientPaused,
    ClientResumed,
    EverythingPaused,
    EverythingResumed,
    // limits
    LimitHit { limit: Shown },
    // doorward itself
    SigningKeyRotated,
    PublicUrlChanged { before: Shown, after: Shown },
    ServerAdded,
    ServerGone,
    SettingChanged { setting: Shown, before: Shown, after: Shown },
    // invitations
    InvitationMade,
    InvitationAccepted,
    // the store
    StoreRestored { taken_at: UnixTime, connections: u32, keys: u32 },
    PasswordReset,
    // connections for a time
    ConnectionLimited { until: Option<UnixTime> },
}

/// Every word for scripts.
pub const KINDS: [&str; 59] = [
    "signed_in",
    "sign_in_failed",
    "sign_in_throttled",
    "signed_out",
    "setup_link_made",
    "setup_claimed",
    "user_added",
    "password_changed",
    "password_reset",
    "user_disabled",
    "user_enabled",
    "user_removed",
    "server_allowed",
    "server_denied",
    "client_added",
    "client_registered",
    "client_updated",
    "client_unregistered",
    "client_removed",
    "client_adopted",
    "consent_given",
    "consent_denied",
    "user_code_wrong",
    "pkce_exception_used",
    "tokens_issued",
    "tokens_refreshed",
    "tokens_repeated",
    "access_token_returned",
    "refresh_token_returned",
    "verifier_wrong",
    "token_of_another",
    "key_created",
    "key_used",
    "key_revoked",
    "server_paused",
    "server_resumed",
    "client_paused",
    "client_resumed",
    "everything_paused",
    "everything_resumed",
    "limit_hit",
    "signing_key_rotated",
    "public_url_changed",
    "server_added",
    "server_gone",
    "setting_changed",
    "invitation_made",
    "invitation_accepted",
    "store_restored",
    "connection_revoked",
    "connection_returned",
    "code_replayed",
    "refresh_token_reused",
    "connection_ended_with_client",
    "connection_ended_with_user",
    "connection_ended_with_access",
    "connection_limited",
    "connection_time_over",
    "connection_unused",
];

impl What {
    /// The word for scripts, and which class it counts against. Exhaustive: a new kind does not compile without a line here.
    fn row(&self) -> (&'static str, Class) {
        use Class::{Alarms, Attempts, Decisions, SignIns, Strangers, Uses};
        match self {
            Self::SignedIn => ("signed_in", SignIns),
            Self::SignInFailed => ("sign_in_failed", Attempts),
            Self::SignInThrottled => ("sign_in_throttled", Attempts),
            Self::SignedOut => ("signed_out", SignIns),
            Self::SetupLinkMade => ("setup_link_made", Decisions),
            Self::SetupClaimed => ("setup_claimed", Decisions),
            Self::UserAdded { .. } => ("user_added", Decisions),
            Self::PasswordChanged => ("password_changed", Decisions),
            Self::UserDisabled => ("user_disabled", Decisions),
            Self::UserEnabled => ("user_enabled", Decisions),
            Self::UserRemoved => ("user_removed", Decisions),
            Self::ServerAllowed => ("server_allowed", Decisions),
            Self::ServerDenied => ("server_denied", Decisions),
            Self::ClientAdded => ("client_added", Decisions),
            Self::ClientRegistered => ("client_registered", Strangers),
            Self::ClientUpdated => ("client_updated", Strangers),
            Self::ClientUnregistered => ("client_unregistered", Strangers),
            Self::ClientRemoved => ("client_removed", Decisions),
            Self::ClientAdopted => ("client_adopted", Decisions),
            Self::ConsentGiven { .. } => ("consent_given", Decisions),
            Self::ConsentDenied => ("consent_denied", Decisions),
            Self::UserCodeWrong => ("user_code_wrong", Attempts),
            Self::PkceExceptionUsed => ("pkce_exception_used", Decisions),
            Self::TokensIssued { .. } => ("tokens_issued", SignIns),
            Self::TokensRefreshed => ("tokens_refreshed", Uses),
            Self::TokensRepeated => ("tokens_repeated", Uses),
            Self::AccessTokenReturned => ("access_token_returned", Uses),
            Self::RefreshTokenReturned => ("refresh_token_returned", Uses),
            Self::VerifierWrong => ("verifier_wrong", Attempts),
            Self::TokenOfAnother => ("token_of_another", Alarms),
            Self::ConnectionEnded(why @ (EndReason::RefreshTokenReused | EndReason::CodeReplayed)) => (ended(*why), Alarms),
            Self::ConnectionEnded(why) => (ended(*why), Decisions),
            Self::KeyCreated { .. } => ("key_created", Decisions),
            Self::KeyUsed { .. } => ("key_used", Uses),
            Self::KeyRevoked { .. } => ("key_revoked", Decisions),
            Self::ServerPaused => ("server_paused", Decisions),
            Self::ServerResumed => ("server_resumed", Decisions),
            Self::ClientPaused => ("client_paused", Decisions),
            Self::ClientResumed => ("client_resumed", Decisions),
            Self::EverythingPaused => ("everything_paused", Decisions),
            Self::EverythingResumed => ("everything_resumed", Decisions),
            Self::LimitHit { .. } => ("limit_hit", Strangers),
            Self::SigningKeyRotated => ("signing_key_rotated", Decisions),
            Self::PublicUrlChanged { .. } => ("public_url_changed", Decisions),
            Self::ServerAdded => ("server_added", Decisions),
            Self::ServerGone => ("server_gone", Decisions),
            Self::SettingChanged { .. } => ("setting_changed", Decisions),
            Self::InvitationMade => ("invitation_made", Decisions),
            Self::InvitationAccepted => ("invitation_accepted", Decisions),
            Self::StoreRestored { .. } => ("store_restored", Decisions),
            Self::PasswordReset => ("password_reset", Decisions),
            Self::ConnectionLimited { .. } => ("connection_limited", Decisions),
        }
    }

    /// The word for scripts.
    pub fn kind(&self) -> &'static str {
        self.row().0
    }

    /// Which class it counts against.
    pub fn class(&self) -> Class {
        self.row().1
    }

    /// True for what looks like theft: the owner is to see it without looking for it.
    pub fn is_alarm(&self) -> bool {
        matches!(self, Self::TokenOfAnother | Self::ConnectionEnded(EndReason::RefreshTokenReused | EndReason::CodeReplayed))
    }
}

fn ended(why: EndReason) -> &'static str {
    match why {
        EndReason::RevokedByUser => "connection_revoked",
        EndReason::RevokedByClient => "connection_returned",
        EndReason::CodeReplayed => "code_replayed",
        EndReason::RefreshTokenReused => "refresh_token_reused",
        EndReason::ClientRemoved => "connection_ended_with_client",
        EndReason::UserRemoved => "connection_ended_with_user",
        EndReason::ServerDenied => "connection_ended_with_access",
        EndReason::TimeOver => "connection_time_over",
        EndReason::Unused => "connection_unused",
    }
}

/// Events that share one bound. What strangers can cause without limit never pushes out what people decided, nor what a
/// client does every hour what happened once. A stored record: the number is part of keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Class {
    /// What a person decided, and how connections end: each needs an owner, or a user's consent before it.
    Decisions = 0,
    /// Who came in.
    SignIns = 1,
    /// What happens by itself all day.
    Uses = 2,
    /// Who failed to prove something.
    Attempts = 3,
    /// What anybody can cause who reaches us.
    Strangers = 4,
    /// What looks like theft. Nobody must be able to erase it, by failing to sign in or by deciding this and that.
    Alarms = 5,
}

impl Class {
    /// Every class.
    pub const ALL: [Self; 6] = [Self::Decisions, Self::SignIns, Self::Uses, Self::Attempts, Self::Strangers, Self::Alarms];

    /// Those that hold what looks like theft.
    pub const WITH_ALARMS: [Self; 2] = [Self::Decisions, Self::Alarms];

    /// The newest so many are kept.
    pub fn kept(self) -> u64 {
        match self {
            Self::Decisions => 5_000,
            Self::SignIns | Self::Uses => 3_000,
            Self::Attempts | Self::Strangers => 2_000,
            Self::Alarms => 1_000,
        }
    }

    /// For so long.
    pub fn age(self) -> Duration {
        const DAY: u64 = 24 * 60 * 60;
        Duration::from_secs(match self {
            Self::Decisions | Self::Alarms => 400 * DAY,
            Self::SignIns | Self::Uses => 90 * DAY,
            Self::Attempts | Self::Strangers => 30 * DAY,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::fixtures::every_kind;
    use std::collections::BTreeSet;

    #[test]
    fn every_kind_is_tested_and_has_a_place_of_its_own_on_disk() {
        let places: BTreeSet<u32> = every_kind().iter().map(|what| bincode::serialize(what).unwrap()[0].into()).collect();
        let count = u32::try_from(places.len()).unwrap();
        assert_eq!(places, (0..count).collect());
        let next = bincode::deserialize::<What>(&count.to_le_bytes()).unwrap_err();
        assert!(next.to_string().contains("invalid value"), "a kind is missing among the fixtures: {next}");
    }

    #[test]
    fn every_kind_has_a_word_of_its_own_for_scripts() {
        let words: BTreeSet<&str> = every_kind().iter().map(What::kind).collect();
        assert_eq!(words.len(), every_kind().len());
        assert_eq!(words, KINDS.into_iter().collect());
        assert_eq!(words.len(), KINDS.len());
        assert!(words.iter().all(|word| word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')), "{words:?}");
    }

    #[test]
    fn what_strangers_can_cause_never_counts_against_what_people_decided() {
        for what in [What::SignInFailed, What::SignInThrottled, What::ClientRegistered, What::ClientUpdated, What::ClientUnregistered] {
            assert!(matches!(what.class(), Class::Attempts | Class::Strangers), "{what:?}");
        }
        for what in [What::ConnectionEnded(EndReason::RevokedByUser), What::ConsentDenied, What::ServerGone] {
            assert_eq!(what.class(), Class::Decisions, "{what:?}");
        }
    }

    #[test]
    fn what_looks_like_theft_is_pushed_out_by_nothing_else() {
        for what in
            [What::TokenOfAnother, What::ConnectionEnded(EndReason::RefreshTokenReused), What::ConnectionEnded(EndReason::CodeReplayed)]
        {
            assert_eq!(what.class(), Class::Alarms, "{what:?}");
        }
    }

    #[test]
    fn an_alarm_is_never_pushed_out_by_what_strangers_do() {
        for alarm in every_kind().iter().filter(|what| what.is_alarm()) {
            assert!(matches!(alarm.class(), Class::Alarms | Class::Decisions), "{alarm:?}");
        }
    }

    #[test]
    fn theft_is_an_alarm_and_little_else_is() {
        let alarms: Vec<&str> = every_kind().iter().filter(|what| what.is_alarm()).map(What::kind).collect();
        assert_eq!(alarms, ["token_of_another", "code_replayed", "refresh_token_reused"]);
        assert!(every_kind().iter().all(|what| !what.is_alarm() || Class::WITH_ALARMS.contains(&what.class())));
    }
}
