//! Copies, snapshots and backups: what makes a copy of a running data directory safe, and what a restore must not bring back.
//!
//! # Why there are snapshots
//!
//! The promise is: the data directory is backed up by copying it. sled alone does not keep it: a copy made while it writes at full
//! speed may open without an error and hold none of the records (ten of seventy-five, when this was measured; none of 477 at the
//! pace of this program with eight writers that wait for the disk). So the directory also holds snapshots
//! ([`crate::store::snapshot`]): files that are written whole or not at all and that say themselves whether they are whole. A
//! copy is exact, or at worst as old as its newest snapshot.
//!
//! The form of the file is in [`crate::store::snapshot::format`]. A snapshot is one moment: while its records are collected,
//! decisions wait at a gate. With 100,000 records, in a release build on two cores, that is 57 ms of the 360 ms until the file is on disk; at home,
//! with a thousand, less than a millisecond. It takes memory of about twice the size of the file, for that moment.
//! `cargo test --release --test figures -- --ignored --nocapture` measures it.
//!
//! # How a loss is noticed
//!
//! A store that is empty or cannot be read is easily known: the file `initialised` says that there was one, and every
//! record is read once at the start. One that opens and lacks something is known by a number: the store writes down the
//! number of a snapshot, and waits for the disk, before the snapshot's file gets its name. So no honest store knows of a
//! lower number than its newest snapshot. A flipped bit can claim such a number, too, so whatever claims it is read to the
//! end first: only a snapshot that is whole, and holds the key of this very doorward, speaks against the store. One that is
//! not is named at the start and left alone. This is not only for copies: of a store in one piece of 512 KiB, sled drops everything behind
//! a single flipped bit and opens without a word, in each of the 24 places that were tried. What is written after the newest snapshot and then cut off the end of the file is
//! not noticed; nothing could notice it but a second disk.
//!
//! Only `doorward serve` puts a snapshot back by itself, three times at most while what was there is kept. Other commands refuse and
//! say so: who lists the users does not expect every app to be disconnected.
//!
//! # What a restore ends
//!
//! A snapshot knows nothing of what happened since. Put back as it is, it would revive every connection and key that was
//! revoked since, and every refresh token that was rotated since: in the hands of whoever kept the old one, for the client's own is
//! unknown to it. So connections, tokens and API keys are left out, and with them everything that is under way: sessions, consent pages,
//! codes, links ([`crate::store::restore`]). Clients stay, so an app needs one click; passwords stay, and this is the
//! part that only its owner can mend, since a password that was changed since is the old one again.
//!
//! To make that loss small, a snapshot is taken within about a minute of anything that people decide, and not after an hour as
//! otherwise. What counts is the audit log's class of decisions, in which revocations, passwords and consents are and what
//! clients do by themselves all day is not.
//!
//! `--keep-access` is for moving to another machine. It was not made the default for fresh backups: that nothing was revoked
//! since is nothing that a file can know.
//!
//! # What is not in a backup
//!
//! `doorward.toml`: it is the owner's file, may lie elsewhere (`--config`), may hold a credential of an upstream although the manual
//! says otherwise, and a restore that replaced it would change who is protected and how. `doorward backup` reminds of it.
//!
//! # Who writes the file
//!
//! The command. The server hands the bytes over on the control socket, and never opens a path that a request names.
