//! Connections for a time: why they end as they do, and whose days are meant. The rule is [`crate::oauth::term`].
//!
//! # A connection for a time ends by one field of the connection
//!
//! Its end is not written into its tokens: each check asks the connection ([`crate::oauth::connection::stands`]), and whoever
//! tells of a token's end takes the earlier of the two ([`crate::oauth::connection::Connection::within`]). So an end can be
//! set, put off and taken away later without touching a token, tokens that do not expire need no exception, and no path can
//! forget it. It ends like a revocation and not like an expiry: an answer under way, which may outlive its token, is cut.
//! The second of rounding that tokens get at the gate it does not get. The sweeper notes the end and writes its event.
//!
//! # Days are those of a configured offset
//!
//! "Until Sunday" needs a clock on the wall. The standard library knows none, and the crates that do bring a data base of zones
//! or a reader of the system's; and a doorward on a rented machine or in a container would read UTC there whatever its people
//! live by. So days are UTC's, or those of `time_zone = "+02:00"`, and every page that names a day names the zone beside it. In
//! summer it is an hour off until the owner says so; nobody is surprised, since what is shown is what happens. An end is
//! sent as a span or a date and not as a word like `tonight`, so that a form answered after midnight cannot mean another day.
