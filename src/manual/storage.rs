//! What is on disk.
//!
//! ```text
//! DATA/                    mode 0700
//!   doorward.toml          yours; optional
//!   initialised            "this was a doorward", and which: then an empty store is a loss, not a first start
//!   lock                   locked by the process that has the directory
//!   store/                 sled: one tree, `records`
//!   store.before-TIME/     the one that was there before a restore; yours to remove
//!   snapshots/             the newest five, each by its number and the instance
//!   control.sock           mode 0600, while the server runs
//!   run/                   sockets of the parts, while the server runs
//! ```
//!
//! # Keys and values
//!
//! A key is one byte for the table and then what identifies the record; a value is the table again, a version and the
//! record in bincode ([`crate::store::record`]). Secrets are stored as SHA-256 only; they have 256 bits of chance, so the
//! hash is worth nothing to a thief. Passwords are argon2id strings.
//!
//! | table | key | record |
//! |---|---|---|
//! | Instance | (none) | [`crate::store::record::Instance`]: the server's key, and whether it was ever claimed |
//! | User | user id | [`crate::oauth::user::User`] |
//! | UserName | folded name | [`crate::store::record::NameOwner`] |
//! | Client | client id | [`crate::oauth::client::Client`] |
//! | ClientFingerprint | hash of the metadata | [`crate::store::record::FingerprintOwner`] |
//! | Session | hash of the cookie | [`crate::store::record::BrowserSession`] |
//! | Flow | hash of the flow's secret | [`crate::oauth::consent::Flow`] |
//! | Code | hash of the code | [`crate::oauth::code::StoredCode`] |
//! | AccessToken | hash of the token | [`crate::oauth::bearer::StoredAccessToken`] |
//! | RefreshToken | hash of the token | [`crate::oauth::refresh::StoredRefreshToken`] |
//! | Connection | connection id | [`crate::oauth::connection::Connection`] |
//! | Pauses | (none) | [`crate::oauth::pause::Pauses`]: what is paused, and how |
//! | ApiKey | hash of the key | [`crate::oauth::api_key::StoredApiKey`] |
//! | SpentForm | HMAC of the form's token and number | [`crate::store::record::SpentForm`]: its reload does nothing |
//! | LastUse | connection id, or hash of an API key | [`crate::store::record::LastUse`] |
//! | McpSession | hash of server and session id | [`crate::oauth::mcp_session::SessionOwner`] |
//! | Audit | class, place in its ring | [`crate::oauth::audit::Entry`] |
//! | AuditCounts | (none) | [`crate::store::AuditCounts`] |
//! | Configuration | (none) | [`crate::oauth::configuration::Configuration`] at the last start |
//! | Counter | bucket, 128 bits of whose it is | [`crate::oauth::limits::Spent`]: written once a second, from memory |
//! | Tries | 128 bits of the account, address or browser | [`crate::oauth::throttle::Tries`] |
//! | Trace | (none) | [`crate::oauth::trace::Trace`]: how far the latest attempts to connect got |
//! | DeviceCode | hash of the device's code | [`crate::oauth::device::StoredDeviceCode`] |
//! | UserCode | HMAC of the code that a person enters | [`crate::store::record::UserCodeOwner`] |
//! | WrongEntries | user id | [`crate::oauth::device::WrongEntries`] |
//! | PolledFlow | HMAC of the client's `state` | [`crate::oauth::poll::PolledFlow`] |
//! | SetupLink | (none) | [`crate::store::record::StoredSetupLink`] |
//! | Invitation | user id | [`crate::oauth::invitation::Invitation`] |
//! | SigningKey | its `kid` | [`crate::oauth::signing_key::SigningKey`]: the private key of ID tokens, in the clear |
//! | Snapshot | (none) | [`crate::store::record::SnapshotMark`]: the number of the newest snapshot |
//! | Expiry | time, then a full key | nothing: a mark that says when to look |
//!
//! # When something is on disk
//!
//! Whatever an answer promises is on disk before the answer: registrations, consents, tokens, keys, revocations, accounts,
//! sign-ins. What may be lost in a crash without anybody being worse off is written without waiting: a flow, the time of a
//! last use, the owner of an MCP session, a device that waits, the event of a sign-in that failed. The trace of
//! attempts to connect is kept in memory and written every five minutes and at an orderly stop. Every other event of the
//! audit log is in the transaction of what it tells of ([`crate::oauth::audit`]).
//!
//! What was spent of a limit is decided in memory and written once a second and at a stop; sled brings it to the file within
//! half a second. So a crash gives back what was spent in the last two seconds at most, and nothing of registrations and
//! wrong passwords: these are written before they are answered.
//!
//! # What is forgotten, and when
//!
//! A record says itself ([`crate::store::record::Record::forget_at`]); the sweeper looks once a minute. Spent codes stay a
//! day so that a replay is noticed, rotated refresh tokens stay until they would have ended, ended connections, expired API keys and
//! sign-ins that ran out a month, so that people can be told what has ended.
//! A connection that ends by itself, because its time is over or nobody uses it, is noted as ended by the sweeper, with its event.
//!
//! Counters have no marks either: they go with those in memory, when all that was spent is made up for, and when there are more
//! than 28,000 of one bucket. Then those go first that have spent least.
//!
//! Events have no marks: each class is a ring with a number of places ([`crate::oauth::audit_kinds::Class`]), an event that
//! finds none free takes that of the oldest, and the sweeper takes what is too old off its end.
//!
//! # Copies, snapshots, backups
//!
//! They are told of in [`super::backups`].
//!
//! # When the disk fails
//!
//! After one failed write nothing more is accepted, reading goes on, and `/healthz` answers 503: what the disk then holds
//! is unknown, and asking it again would answer "fine".
