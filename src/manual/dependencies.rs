//! The crates that are used. Each is here because writing it again would be worse.
//!
//! | crate | for | why not our own |
//! |---|---|---|
//! | `argh` | the command line | small, no macros beyond a derive |
//! | `argon2` | password hashing | a security primitive |
//! | `base64` | tokens, PKCE, Basic | edge cases of a hostile format |
//! | `bincode` | stored records | compact, frozen, one line a record; 1.3.3 because 2 and 3 gain us nothing |
//! | `hmac`, `sha2` | derived secrets, hashes | security primitives |
//! | `httparse` | heads of requests and responses | a parser of hostile input |
//! | `minijinja` | pages | escaping that is on by default |
//! | `percent-encoding` | paths and forms | comes with `url`; strict reading is built on it |
//! | `qrcodegen` | the QR code of an address | error correction and masks are a standard to get right; no dependencies, finished, one author's reference in six languages |
//! | `rand` | chance | a security primitive |
//! | `ring` | ES256 signatures, their keys | a security primitive; comes with `rustls` |
//! | `rustix` | `poll`, descriptor limits, terminal modes, room on the disk | system calls without `unsafe` of ours |
//! | `rustls` | the doctor's look at a certificate | a security primitive; it is what `ureq` stands on |
//! | `serde`, `serde_json` | records, JSON | a parser of hostile input |
//! | `signal-hook` | SIGTERM | signal handling without `unsafe` of ours |
//! | `sled` | the store | embedded, transactions, no C |
//! | `socket2` | the listener | backlog and keep-alive, which std lacks |
//! | `subtle` | comparing secrets | a security primitive |
//! | `tiny_http` | the application's HTTP server | behind the door it does its work |
//! | `toml` | the configuration | a format that people write |
//! | `ureq` | the doctor's requests | a parser of hostile input; blocking, like the rest; without compression and cookies. Its trait for look-ups, used to ask at the very addresses that were judged, is not covered by its version numbers |
//! | `url` | URLs | a parser of hostile input |
//! | `webpki-roots` | Mozilla's authorities | what clients trust, whatever this machine does; comes with `ureq` |
//!
//! `rustls`, `ureq` and `webpki-roots`, with what they stand on, are 11 crates and 1.3 MB of the program.
