//! Decisions, each with its reason and what would change it. Those about limits are in [`super::limits`], those about pages
//! in [`super::pages`], those about connections for a time in [`super::terms`].
//!
//! # Two listeners in one process
//!
//! tiny_http serves the application, but facing the network alone it can be ended by a stranger: a body announced with
//! `Content-Length: 50000000000` and never sent aborts the process when the request is dropped, one failed `accept` ends
//! its accepting for good, it has no deadlines and no limit on heads, and it accepts framing that two readers understand
//! differently. A gateway needs a strict, streaming reverse proxy anyway. So [`crate::door`] is that proxy and alone faces
//! the network; the application is one of its back ends, on a private Unix socket, where every request arrives complete,
//! framed once and within limits. The check of a bearer token never makes the second hop.
//!
//! # One sled tree
//!
//! Every record is in one tree, its table being the first byte of the key. A decision touches several tables (a code, a
//! connection, two tokens), and a transaction over one tree is the simplest that holds them together. One tree also keeps
//! the list of tables in one place, [`crate::store::record::Table`].
//!
//! # Our own `fdatasync`
//!
//! sled's `flush` on Linux writes to the file and waits for the page cache, not for the device. A promise that survives
//! power loss needs an `fdatasync` after it; group commit (the private module `store::commit`) makes one serve many.
//!
//! # Revocation is one write
//!
//! A token is never deleted to revoke it: it belongs to a connection, and each check asks whether that stands
//! ([`crate::oauth::connection::stands`]): not ended, client and user still there, password unchanged, server still
//! allowed. So ending a connection, removing a client or changing a password is one write, however many tokens there are,
//! and no path can forget one.
//!
//! # Refresh tokens rotate, and rotating is idempotent
//!
//! Hosted clients refresh from two machines at once, several processes share one token, and answers get lost. A strictly
//! single-use token logs all of these out. So the successor is derived from the token presented, a salt and the server's
//! key: the same token brings the same answer, without anything being stored in the clear. Theft is still noticed: once the
//! successor was itself rotated, or was used and two minutes have passed, the old token ends the connection. See
//! [`crate::oauth::refresh`].
//!
//! # An owner may choose refresh tokens that go on working
//!
//! Some clients cannot keep a new refresh token each time. For a server with `refresh = "reusable"` the token stays and is
//! answered again, and each use begins its life anew, so that `refresh_token` means the same in both modes: the time without
//! use after which everything is over. Deviates from OAuth 2.1 §4.3.1, which wants rotation for public clients: theft is not
//! noticed then, and the README says so beside the setting. A token that was rotated before the owner chose otherwise stays
//! closed ([`crate::oauth::refresh`]).
//!
//! # Given back, a refresh token ends everything, unless an owner says otherwise
//!
//! RFC 7009 §2.1 leaves open what becomes of the access tokens. People revoke to be safe, so they fall by default. With
//! `revoke = "refresh-only"` the connection is closed to refreshing and lives until its last access token ends. It is the
//! connection that is closed and not the one token, so that whichever of the family comes later is refused, and none of them
//! is taken for theft ([`crate::oauth::revocation`]).
//!
//! # A pause holds up calls and nothing else
//!
//! A paused server says so before it looks at anything that a call carries: with a 401 its client would throw its tokens away
//! or sign in again, and with a challenge some would ask for more scope in a circle. So nobody learns whether a token is good
//! while the server stands still, and a stranger is told of the pause too. Sign-in, consent and `/token` go on, since tokens
//! have to be renewed to be good afterwards; who connects meanwhile finds the server paused and needs no second sign-in
//! later. A pause of an app comes after its token, which alone says who calls: one that has expired is 401, and renewed.
//!
//! A server answers 403, as somebody who closes it wants it; 503 with `Retry-After` is the owner's choice there, and what a
//! paused app and a pause of everything say, since those are for a while. Calls under way end with it, streams and answers
//! alike. It is one record, read with every call ([`crate::oauth::pause`]).
//!
//! # Scopes that include others are told to the upstream and not to the client
//!
//! With `[server.implies]` a token for `notes:write` may do what `notes:read` allows. The connection and the answer hold what
//! was asked for and ticked; what that includes is added where it is judged: in what the upstream and `/auth/check` are told,
//! and when a refresh asks for less ([`crate::oauth::scope_hierarchy`]). So an answer never names more than was asked, and a
//! change of the table takes effect at once, for tokens that are out there too. The consent page says beside a scope what it
//! includes; unticking what is included takes it out of the answer and changes nothing else.
//!
//! # Strict naming leaves no spelling, and no secret leaves no exception
//!
//! `require_resource` is for owners whose clients all follow RFC 8707: no `resource`, another spelling or another server is
//! `invalid_target`, at `/authorize`, at `/device_authorization` and with each token request. A slash too many is another
//! spelling, although the document of that address names it: people are to be given the address as `doorward server list`
//! shows it.
//!
//! With `public_only`, who asks for a secret at registration is answered as a public client (RFC 7591 §2 lets the server
//! replace what was asked; refusing would lock out Claude, which always asks). A client that got a secret before is unknown
//! from then on, rather than let in without it: whoever has one of its refresh tokens would need nothing more. Its access
//! tokens live to their end, and everything is as before once the setting is gone.
//!
//! # A client is told of no scope that it did not ask for
//!
//! Many clients ask for scopes that their server does not have: `openid email profile` whatever it is, or those of another
//! server. They must be able to use the server all the same, so where nothing of the server's own was asked for, its default
//! is granted; the consent page, the list of connections and the upstream are told so. But some clients give a connection up
//! over a name in the answer that they did not ask for. So the answer names what was granted *and* asked for, has no `scope`
//! where that is nothing, and names everything to who asked for nothing ([`crate::oauth::scope::Scope::told_to`]). Deviates
//! from RFC 6749 §3.3, by which the client would be told all: what is kept back is a right, never a restriction.
//!
//! # An event is written with what it tells of
//!
//! A log beside the store can say what was rolled back, or miss what was committed when the process died. Here the event is
//! one more record in the transaction ([`crate::oauth::audit`]). Six rings with a bound each instead of one
//! ([`crate::oauth::audit_kinds::Class`]), since with one a stranger who fails to sign in ten thousand times would erase the
//! reuse of a token that came before. Names are stored as they were, since an account or a client may be gone when the log is
//! read. What was typed as a name is kept only where it is one: people type passwords into the wrong field.
//!
//! # The trace guesses, and never decides
//!
//! A client's discovery comes without any name, a hosted one's from another network and another program than its calls, and
//! its user's browser from a third place. [`crate::oauth::trace_correlation`] puts these together by client id, place and
//! time, which can be wrong where several apps connect at once behind a proxy that was not named. So nothing is ever allowed
//! or refused by it, it is kept apart from the audit log, and losing its last minutes in a crash costs nobody anything.
//!
//! # A flow has one code
//!
//! The code is derived from the flow's secret in the same way, so a double click on Approve gives the same answer, and the
//! browser that forgot the first redirect still arrives.
//!
//! # No row before sign-in
//!
//! `/authorize` without a session shows the sign-in page with the request in a hidden field, and stores nothing: a stranger
//! who opens it a million times costs no disk. The flow is stored when somebody signed in is asked.
//!
//! # Consent every time
//!
//! A client that registered itself cannot prove that it is the one that was agreed to before. The page is one click for
//! somebody who is signed in, and it is what stands between a popular client's id and a stranger's use of it.
//!
//! # A well-known client comes back without its registration
//!
//! Clients keep their id for ever, and most cannot be told to forget it: losing the data directory would lock Claude and
//! ChatGPT out of a server until each user has removed the connector. An unknown id whose answer goes to exactly a
//! well-known callback on the web is therefore put before the user under that very id, and stored when the user agrees
//! ([`crate::oauth::known_clients::adoptable`]). It gives a stranger nothing: whoever asks, the answer reaches the vendor's
//! own host, and open registration would have taken that address anyway. Never for loopback and application schemes, where
//! an address says nothing about who is behind it; never with a secret, since nothing is left to check it against.
//!
//! # Every https host, unless an owner lists them
//!
//! The clients of a home are more than any table has: the consent page names the host and warns where nobody knows it.
//! `redirect_hosts = "listed"` is for owners who would rather say no. It binds what strangers register, at registration and
//! again at every use; what the owner enters is allowed by being entered.
//!
//! # The user chooses the server where the request does not
//!
//! RFC 8707 leaves open what an absent `resource` means. With one server it means that one. With several, a token that is
//! good for all of them would be the worst answer and `invalid_target` locks out clients that never send it, so the user
//! picks one on the consent page, none being picked beforehand, and the token is for that one
//! ([`crate::oauth::consent_choice::choose`]). Scopes can be unticked there; what the form adds is ignored. Approved with nothing
//! ticked, the least is granted that the server grants to anybody, and the page says what that is. The only scope there
//! is and `offline_access` have no box: the one is what approving means, and without the other the app would ask again
//! every hour.
//!
//! # A device's code is short, so entering it is counted
//!
//! A user code has 34 bits (RFC 8628 §6.1). An account may enter ten wrong ones in an hour, counted in the store and in the
//! transaction that looks the code up, so neither a restart nor many requests at once give more. It is counted by account
//! and not by session, since signing in again costs nothing. A code that comes with the address is filled in and never
//! submitted, and the page after it says that whoever sent the link would be the one let in ([`crate::oauth::device`]).
//! An answer that waits is given even to a device that asks too soon.
//!
//! # The polling bridge says 400 until there is a code
//!
//! `/poll` answers in the words and with the status of RFC 8628 §3.5, so that 200 means a code and nothing else. A state that
//! nobody knows is pending too: nothing is stored before sign-in, so it may belong to a page that waits for its password.
//! On disk there is neither state nor code: the flow's secret follows from the state, a salt and the server's key, the code
//! from the flow's secret ([`crate::oauth::poll`]). The browser never sees the code, and a second sign-in ("Not you?") has
//! to start from the app again, because the state is not here to go on with.
//!
//! # ID tokens are signed with ES256 alone
//!
//! OpenID Connect Core §15.1 asks for RS256 as well. Deviates: a second algorithm is a second key to keep and a choice to be
//! tricked about, and every library of today reads ES256. A key is made on the first start and followed by a new one after
//! 90 days, which is published for a day before it signs; the old one stays published for a week longer than what it signed
//! ([`crate::oauth::signing_key`]). Nobody has to think of it, so there is no command for it.
//!
//! Access tokens stay opaque: whether they are good is asked of the store each time, which is what makes revoking them work.
//! An ID token opens nothing here.
//!
//! # `openid` stands in one document and not in the other
//!
//! Gemini CLI, Home Assistant, n8n, LibreChat and Cursor ask for every scope that `oauth-authorization-server` lists. Listing
//! `openid profile email` there would put three lines on every consent page for tokens that nobody reads; clients that want
//! them look into `openid-configuration`, which lists them, or ask without looking.
//!
//! # Nothing is agreed to before there is a user
//!
//! While no account exists, `/authorize` and `/register` answer 503 and the gate 401. The first account becomes the owner.
//!
//! # A password change ends what was granted under the old one
//!
//! Browsers and apps of that user must connect again. A password is changed when it may have leaked, and then it is not
//! known who granted what with it.
//!
//! # An API key is a user's, for one server, and falls with the password
//!
//! A key stands for one account (the owner's unless `--user` says otherwise) on one server, which it cannot exceed: what its
//! user may not use, it does not open. It ends with what ends that user's connections, a changed password included, since
//! whoever knew the password may have made keys, and switching an account off and on again brings none back. Scripts have to
//! be given a new one then; the list says which ones ended ([`crate::oauth::api_key`]). Its scopes are at most what the server
//! offers at the time of the call.
//!
//! At another server a key gets 403 without a challenge, where a token gets one: nobody can renew a key, and a
//! client that was configured with one must not begin to sign in. Its id stands where a client's would (`X-Doorward-Client`,
//! the owner of an MCP session), so one key cannot use what another opened.
//!
//! A token whose client named its server gets 401 elsewhere (MCP: a token for another audience is invalid); one whose user
//! chose, since the client named none, gets 403 `insufficient_scope`: it is good, and its client is to ask for more.
//!
//! # Whoever was given a client alone may manage it
//!
//! A public client that registers the same metadata again is given the client it has, and nobody can say whether it was the
//! same program or a stranger who repeated what everybody knows. A token that manages such a client (RFC 7592) would let
//! whoever was first, or next, send everybody's answers elsewhere or end everybody's connections. So the registration access
//! token is the first registrant's only while it is the only one: with the first repetition the token dies, in the same
//! transaction, and the answer to the repetition has none. The other way round, the first change takes the client out of the
//! index of metadata, and from then on nobody else is given it. A confidential client is never shared and always has a
//! token. Reading changes nothing ([`crate::oauth::client_management`], [`crate::store::record::FingerprintOwner`]).
//!
//! The token is drawn and kept as a hash. One derived from the server's key would need nothing stored, but then a copy of the
//! data directory would hold the tokens of all clients. It is not replaced on use: an answer that got lost would take the
//! client's control with it.
//!
//! A client stays public or confidential whatever it puts, since that is what its users agreed to, and its secret is ours to
//! choose. It is not shown a second time, although RFC 7592 §3 has it in every answer: only its hash is here.
//!
//! # A client may ask about its own tokens, and a public one too
//!
//! RFC 7662 §2.1 wants callers authorized, so that nobody tries out tokens. Ours have 256 bits, and a client is told about
//! nothing but what was issued to itself; a public client, which can only name itself, holds with the token more than the
//! answer says. An MCP server that checks tokens itself, beside a proxy that passes them on, is entered by the owner for one
//! path (`client add --resource-server`): it is told about access tokens for that path, whosever they are, can ask for none,
//! and its question counts as use, as a call at the gate does. A client with a secret is none by that alone: strangers may
//! register those. Unknown, over and another's are one answer, byte for byte. A rotated refresh token is inactive, although the
//! retry window may still answer it, and asking about one is never taken for its use ([`crate::oauth::introspection`]).
//!
//! # MCP sessions belong to a user and a client
//!
//! A session id is no authentication. The gate remembers (as a hash) for whom the upstream opened it and treats everybody
//! else's use as an unknown session; one that nobody is known to own becomes the first caller's, so that a restart of
//! doorward does not end sessions that the upstream still has.
//!
//! # Responses of an upstream never act in our origin
//!
//! Sign-in and the protected servers share an origin, because clients look for discovery documents and endpoints there.
//! So nothing from an upstream may run in it: cookies, challenges and policies of its own are dropped, everything carries
//! `sandbox` and `nosniff`, and what is not an MCP type is an attachment.
//!
//! # The doctor asks through the front door
//!
//! [`crate::doctor`] sends what clients send to the public address and judges what comes back, since what keeps clients out
//! is seldom here. It looks names up by this machine's resolver and says so: asking a public one would be a second way to
//! look names up, and would still not be the client's. It trusts Mozilla's list of authorities and not this machine's, because
//! clients do not know this machine's. What it sends changes nothing: registration and token requests are ones that must be
//! refused.
//!
//! That an answer comes from this doorward is proven by a ticket ([`crate::oauth::probe`]) that the running server gives out
//! through the control socket. The door adds the proof to every answer, whatever path and status, so that one answer shows
//! both what a client would see and who sent it. There is no path of its own for it: a proxy could treat that differently.
//! Documents and challenges are judged by what they say and not by the proof, since they are as good from a cache, or from a
//! proxy that asks `/auth/check`.
//!
//! The stream of the doctor's is the door's own: two events with a pause, sent as those of an upstream are, where a POST to a
//! protected server comes with a ticket and accepts events alone. It needs no token, and no upstream hears of it.
//!
//! An address that is not public, seen from here, is a warning and no failure: many households have a resolver that gives the
//! private one inside. Where a port other than 443 or plain http suffices for clients at home, it is a warning, too.
//!
//! # Completions are written here
//!
//! `argh_complete` 0.1.19 makes the bash script look at the last word alone, so that `list` is always the first command that
//! has one. The three scripts here follow the words from the start; they are made from the commands' own declarations, and
//! tests ask the real shells.
//!
//! # Deviations from the letter of an RFC
//!
//! * RFC 7591 §2: an absent `token_endpoint_auth_method` is answered with `client_secret_post`, since clients that leave it
//!   out understand nothing else ([`crate::oauth::registration`]).
//! * RFC 6749 §3.3: stray white space in `scope` is ignored, and so are names nobody knows ([`crate::oauth::scope`]).
//! * RFC 9728 §3.3: the root document describes the only server there is, although its identifier has a path.
//! * RFC 8707 §2: a trailing slash, a default port, letter case of the host and a query do not make another resource
//!   ([`crate::oauth::resource`]).
//! * RFC 7592 §3: answers to a confidential client hold no `client_secret` ([`crate::oauth::registration_response`]).
//! * RFC 7662 §2.1: public clients may introspect their own tokens ([`crate::oauth::introspection`]).
//! * A confidential client may send its secret by either method, whichever it registered ([`crate::oauth::client_auth`]).
//!
//! Which crates are used, and why, has a page of its own: [`super::dependencies`].
