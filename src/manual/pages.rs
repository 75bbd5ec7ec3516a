//! Decisions about the pages. The others are in [`super::decisions`].
//!
//! # No `form-action` on sign-in and consent
//!
//! Chromium applies `form-action` to every redirect after the form, including those that the client makes. A policy that
//! names only us would stop the browser on its way back to the client.
//!
//! # One script, by its hash
//!
//! Pages work without script. Where somebody is signed in, a few lines copy a text at the press of a button; they stand in
//! the page and the policy names their hash, so that nothing else runs there: not what an upstream serves under our origin,
//! which `script-src 'self'` would let in. Sign-in, consent and set-up have no script at all.
//!
//! The connect page alone may ask something of its own origin (`connect-src 'self'`): the script asks what has arrived, every few
//! seconds for a quarter of an hour while the page can be seen, and puts the part that the server rendered in its place. Nothing
//! in that part changes by the minute, or a screen reader would say it again and again.
//!
//! # Who sees what arrives
//!
//! An owner sees every attempt to connect. Anybody else sees one from the moment at which they have signed in for it: before
//! that nothing says whose it is, and whence strangers knock, and with what, is not for every account to read. An account that
//! was removed and made anew sees nothing of the one before ([`crate::oauth::trace::Attempt::is_of`]).
//!
//! # What was just done is a word in a cookie
//!
//! After a form the browser is sent on to a page, which says what was done. The redirect carries a word of ours and no text
//! (the private module `endpoints::room`), so no link can have a page of ours say something to somebody. What can be shown only
//! once, such as a client's secret, is the answer to the form itself and is kept nowhere.
//!
//! # What is shown once is made once
//!
//! A key, and a client's secret, are in the answer to the form that makes them. A reload sends that form again, so it carries
//! a number, of which the store keeps an HMAC until the session is over: the second time nothing is made and the page says so
//! (`Store::spend_form`). A form that was refused keeps its number.
//!
//! # What could take this doorward over asks for the password again
//!
//! Making somebody an owner, and a link into an account that has a password or is an owner's, ask the acting owner for their
//! own password in the same form (`endpoints::confirm`), however recently they signed in: a browser left open is the case to
//! guard against, and it may have been left a minute ago. Guesses count as at the sign-in. What only takes something away, which
//! an owner can give back, does not ask.
//!
//! # On a page everybody makes keys for themselves
//!
//! A key acts as its user. `doorward key add --user` makes one for somebody else, and needs the machine; an owner's browser,
//! should it be taken over, cannot act as anybody but the owner. It can revoke everybody's. Of a key the list shows how it
//! begins, 24 of its 256 bits, by which a person knows which script has it.
