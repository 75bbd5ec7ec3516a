//! Who is trusted with what, by boundary. SECURITY.md says how to report what this page gets wrong.
//!
//! # The network
//!
//! Nobody on it is trusted. Every byte meets a limit, a deadline and a strict parser in [`crate::door`] before any decision
//! is made; what two readers could understand differently is refused and never repaired. URLs that we publish come from
//! the configuration; client addresses are believed only from proxies that were named.
//!
//! Whoever guesses is slowed down by account and by address ([`crate::oauth::throttle`]), and whatever leaves something behind
//! or costs something is limited by rate ([`crate::oauth::rates`]). Both take an address for a person, so both are weaker
//! against somebody who has very many, and stricter than meant with many people behind one that is no trusted proxy.
//!
//! # Clients
//!
//! Anyone may register one. What a client says of itself is shown as its own claim; what counts is where the answer goes,
//! which the consent page shows first. An answer goes only to an address that was registered byte for byte
//! ([`crate::oauth::redirect_uri`]), and a code only to whoever has the verifier ([`crate::oauth::pkce`]).
//!
//! A client to which nobody else was given the same id may change what it says, its addresses included, by a token of its own
//! ([`crate::oauth::client_management`]). Whoever steals that token can do the same; what users agreed to before stays bound to
//! the client's secret or refresh tokens, and the consent page says when something was changed.
//!
//! Hosts in `without_pkce` are the exception that an owner can make: a code for them is worth something to whoever sees it. It
//! is bound to client and address then, and the start says so.
//!
//! The table of known clients ([`crate::oauth::known_clients`]) says to whom an address belongs. It trusts those named to keep
//! their own hosts; a client gets no right by being in it, and a user is asked all the same.
//!
//! # Whoever stands in between
//!
//! A proxy or tunnel that ends TLS reads and can change everything; it is trusted by being put there. It also sees the doctor's
//! ticket ([`crate::oauth::probe`]), with which it can have the proof and a short event stream for ten minutes: it learns that
//! it can reach us, which it knew. A ticket cannot be made without the server's key, so to a stranger the door says nothing
//! by which two of its addresses could be known for one.
//!
//! # Browsers
//!
//! Nothing leaves without a click of a signed-in user on a page that names the destination. Forms carry a token bound to
//! the session; a flow can only be finished in the session in which it began ([`crate::oauth::consent`]).
//!
//! Two ways in have no address to name, the device grant and the polling bridge: whoever began the request gets the answer,
//! so somebody may be talked into answering a stranger's. There the page says so instead, Approve does not stand out, and
//! no code is entered by an address alone ([`crate::oauth::device`], [`crate::oauth::poll`]).
//!
//! # Upstreams
//!
//! They are trusted with what they are sent and with nothing here. They never see a client's credential
//! ([`crate::door`]); identity fields come from us alone; their answers cannot set cookies, run script, challenge or
//! redirect clients elsewhere.
//!
//! # The data directory
//!
//! A copy holds no usable token, API key, code, session, secret or password. It does hold the private key that signs ID tokens, with
//! which a thief can tell *other* programs that somebody signed in here (it opens nothing of ours; the key is followed by a new
//! one every 90 days), and the server's key, from which successors of
//! refresh tokens follow for whoever also has the refresh token itself, names, addresses of clients, and whatever
//! `doorward.toml` holds. The audit log in it says who did what from which address, for as long as each class of events is
//! kept, and the trace of attempts to connect from where and by which program each step came. Strangers can fill their own part
//! of either; neither shows anything of theirs but bounded names, and what a client calls its id only where it has the form of
//! one of ours.
//!
//! # The machine
//!
//! Whoever can read the data directory as its owner can open the store, and so can use the control socket.
//!
//! # Out of scope
//!
//! A malicious program on the user's own device that listens on the loopback port of a client; what an MCP server or a
//! model does with what it is given; a compromised upstream reading what it is sent; floods that fill the line;
//! sender-constrained tokens, which no client supports; secrecy against root.
