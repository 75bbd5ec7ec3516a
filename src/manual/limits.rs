//! How often, and how slowly: what was decided about limits by rate and about guessing, and why.
//!
//! # No span holds more than its number
//!
//! Ten an hour means that no hour holds eleven, wherever it begins. A count that begins anew each hour allows twice the number
//! around the full hour, and so, in the long run of any hour, does a bucket that fills again at a pace (the generic cell rate
//! algorithm, which this was at first). A list of times needs as many numbers as it allows. So time is cut into twelfths of the
//! span, and a twelfth counts until the whole of it is older than the span ([`crate::oauth::limits`]). The price is that
//! whoever does everything at once waits for the whole span and up to a twelfth more. What was refused costs nothing, so
//! `Retry-After` is true for whoever comes back then.
//!
//! Decided is in memory (the private module `store::counters`): a call through the gate waits for a lock and no transaction.
//! The memory is bounded, so a flood from very many addresses makes those forgotten that have spent least; those at their
//! limit stay.
//!
//! # What a limit must not break
//!
//! * Registering the same public metadata again gives the same id and costs nothing, even when nothing is left: hosted clients
//!   do so for each of their users, from few addresses. There is no limit on all registrations together, since that would let
//!   one stranger lock out everybody; the number of clients is bounded, and those without a grant make room.
//! * A change of a registration counts as one, since it writes as much; reading and removing it are free.
//! * A refresh that is answered with an earlier answer costs nothing and is never refused: a client that refreshes in twenty
//!   places at once rotates once. Only what is new counts, once it is done, so a few that come in the same moment may pass
//!   beyond the limit.
//! * A client without a secret is whoever says its name, so it is counted by name and address. A stranger who learns the id
//!   that everybody with the same metadata has cannot use up the allowance of others.
//! * `/authorize` counts by account once somebody is signed in, so that strangers at the same address do not use it up.
//! * Calls count by token once it is known to be good. What is refused anyway costs nothing and leaves nothing behind.
//! * Addresses of hosted clients ([`crate::oauth::known_clients`]) have thirty times as much, an IPv6 /48 four times as much as
//!   each /64 in it.
//! * Discovery, preflights, keys, health and pages are never limited.
//!
//! When the store cannot write, registrations and sign-ins are refused with 503: a limit that is not kept is not one. Calls
//! with a good token go on, counted in memory.
//!
//! # A try is wrong until it was right
//!
//! It is counted, on disk, before the password is hashed, and taken back afterwards: neither forty at once nor a crash nor a
//! closed connection gives a guess for nothing, and whoever has to wait costs no hash. The wait doubles from two seconds to
//! fifteen minutes, which leaves a guesser about a hundred tries a day and forgets nobody for ever.
//!
//! Counting by account alone would let a stranger keep the owner out, so a browser in which the account has signed in is known
//! by a cookie (an HMAC over the name; it opens nothing) and counts for itself alone. Counted by the name that was typed,
//! whether it exists or not, and under an HMAC, since people type passwords into the wrong field. A right password forgives the
//! account and not the address: else an account of one's own would make an address new. See [`crate::oauth::throttle`].
//!
//! The one-time link and client secrets have 256 bits, so nobody is kept waiting who has the right one; wrong links count as
//! guesses of their address, wrong secrets as token requests.
