//! Rotating a refresh token (RFC 6749 §6, RFC 9700 §4.14.2, OAuth 2.1 §4.3).
//!
//! Rotation is idempotent. The successor follows from the token presented and a salt kept with it, so the same token
//! brings the same answer again: hosted clients refresh from two machines at once, and an answer can get lost. What a
//! thief could do with that is bounded: once the successor has itself been rotated, or was used and some time has
//! passed, the old token is proof of theft and ends the connection.
//!
//! Where the owner chose reusable tokens ([`RefreshMode::Reusable`]) nothing of this happens: the token goes on working,
//! each use begins its life anew, and theft is not noticed.

use super::client_auth::AuthenticatedClient;
use super::connection::{Connection, StandingGrant};
use super::error::Refusal;
use super::ids::ConnectionId;
use super::resource::{self, ProtectedResource};
use super::scope::{Scope, is_ours};
use super::secret::{AccessToken, RefreshToken, Secret, ServerKey};
use super::token_policy::{RefreshMode, TokenEnds};
use super::token_request::RefreshGrant;
use crate::clock::UnixTime;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// After its first use a token brings the same answer for so long, whatever happened to the answer.
pub const GRACE: Duration = Duration::from_secs(120);
/// And for so long if neither token of the answer was ever used: then the answer was lost.
pub const LOST_ANSWER: Duration = Duration::from_secs(24 * 60 * 60);

/// What is remembered of a refresh token. A stored record: frozen once released.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredRefreshToken {
    /// The grant it belongs to.
    pub connection: ConnectionId,
    /// After this it is of no use.
    pub expires_at: UnixTime,
    /// Set when it is first used; kept, so that a later use is recognised.
    pub rotated: Option<Rotated>,
}

/// The answer a token brought when it was first used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rotated {
    /// When.
    pub at: UnixTime,
    /// From which its successor follows.
    pub salt: [u8; 16],
    /// The scope of the access token in the answer.
    pub scope: Scope,
}

/// The pair of tokens that follows from a presented one.
pub struct Successor {
    /// The new access token.
    pub access: Secret<AccessToken>,
    /// The new refresh token.
    pub refresh: Secret<RefreshToken>,
}

/// Derives the pair. Without the server's key nobody can, not even with the presented token and the salt.
pub fn successor(presented: &Secret<RefreshToken>, salt: &[u8; 16], key: &ServerKey) -> Successor {
    let parts: [&[u8]; 2] = [presented.reveal().as_bytes(), salt];
    Successor { access: key.derive("access token of a rotation", &parts), refresh: key.derive("refresh token of a rotation", &parts) }
}

/// What has become of the pair in an earlier answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fate {
    /// Its access token was admitted somewhere.
    pub access_used: bool,
    /// Its refresh token was presented.
    pub refresh_used: bool,
}

/// What the store must do, and what the client is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// Write nothing.
    Refuse(Refusal),
    /// Theft, or as good as: the connection ends.
    EndConnection(Refusal),
    /// Rotate, and issue an access token of this scope.
    Rotate(Scope, TokenEnds),
    /// Give the earlier answer again. The ends are those of an access token that starts its life anew.
    Repeat(Rotated, TokenEnds),
    /// Issue an access token of this scope; the refresh token stays, and lives anew.
    Keep(Scope, TokenEnds),
}

/// Decides about a refresh token that was found. `grant` is the grant it belongs to, or why that has ended; `fate` is
/// known when the token was rotated before.
pub fn rotate(
    stored: &StoredRefreshToken,
    grant: Result<&StandingGrant, Refusal>,
    fate: Option<Fate>,
    client: &AuthenticatedClient,
    resource: Option<&ProtectedResource>,
    request: &RefreshGrant,
    now: UnixTime,
) -> Rotation {
    let grant = match grant {
        Ok(grant) if grant.connection().client != client.client().id => return Rotation::Refuse(Refusal::RefreshTokenOfAnotherClient),
        Ok(grant) => grant,
        Err(refusal) => return Rotation::Refuse(refusal),
    };
    let sent = request.resources.iter().map(String::as_str);
    // The token is as good as ever once the server is back: `invalid_grant` would make its client throw it away.
    let Some(resource) = resource.filter(|resource| resource.path == grant.connection().server) else {
        return Rotation::Refuse(Refusal::ResourceUnknown);
    };
    if let Err(refusal) = resource::means(sent, resource) {
        return Rotation::Refuse(refusal);
    }
    if !grant.connection().refreshable {
        return Rotation::Refuse(Refusal::GrantEnded);
    }
    let scope = match narrowed(request.scope.as_ref(), grant.connection(), resource) {
        Ok(scope) => scope,
        Err(refusal) => return Rotation::Refuse(refusal),
    };
    let ends = resource.tokens.ends(now);
    match (&stored.rotated, resource.tokens.refresh) {
        (None, _) if stored.expires_at.has_come(now) => Rotation::Refuse(Refusal::RefreshTokenExpired),
        (None, RefreshMode::Rotate) => Rotation::Rotate(scope, ends),
        (None, RefreshMode::Reusable) => Rotation::Keep(scope, ends),
        // Whatever the owner chose since: it was rotated, so another has taken its place.
        (Some(rotated), _) if may_repeat(rotated, fate, now) => Rotation::Repeat(rotated.clone(), ends),
        (Some(_), _) => Rotation::EndConnection(Refusal::RefreshTokenReused),
    }
}

/// The same decision where a limit has a say: without `room` nothing new is given, but an earlier answer always is. Clients
/// that refresh in several places at once get theirs by repeating.
pub fn within(rotation: Rotation, room: Result<(), Refusal>) -> Rotation {
    match (rotation, room) {
        (Rotation::Rotate(..) | Rotation::Keep(..), Err(refusal)) => Rotation::Refuse(refusal),
        (rotation, _) => rotation,
    }
}

fn may_repeat(rotated: &Rotated, fate: Option<Fate>, now: UnixTime) -> bool {
    let Some(fate) = fate else { return false };
    let age = now.since(rotated.at);
    !fate.refresh_used && (age < GRACE || age < LOST_ANSWER && !fate.access_used)
}

/// RFC 6749 §6: at most what was granted, and what that includes. Clients repeat what they asked for at first, though the
/// user left a part of it out, and add names by habit: what this server does not know is dropped, and so is what was asked
/// for at first. Any other scope of this server is an attempt to get more.
///
/// Whoever names nothing of this server (`openid email profile`) has asked for nothing, and whoever repeats the first
/// request gets what that brought, or would be locked out at the first refresh. Only a choice that leaves nothing is refused.
fn narrowed(asked: Option<&Scope>, grant: &Connection, resource: &ProtectedResource) -> Result<Scope, Refusal> {
    let Some(asked) = asked else { return Ok(grant.scope.clone()) };
    let held = resource.hierarchy.reach(&grant.scope);
    let names_something = |scope: &Scope| scope.names().any(|name| !is_ours(name));
    let known = asked.and(&resource.offered());
    if known.names().any(|name| !is_ours(name) && !held.contains(name) && !grant.asked.contains(name)) {
        return Err(Refusal::ScopeBeyondGrant);
    }
    let kept = asked.and(&held);
    if names_something(&kept) {
        return Ok(kept);
    }
    let repeats = !grant.asked.is_empty() && asked.covers(&grant.asked);
    if names_something(&known) && !repeats { Err(Refusal::ScopeBeyondGrant) } else { Ok(grant.scope.clone()) }
}

/// What of an access token's scope the client is told: what it asks for now and what it asked for when the grant was made
/// ([`Scope::told_to`]).
pub fn told(scope: &Scope, asked_at_first: &Scope, request: &RefreshGrant) -> Scope {
    match &request.scope {
        Some(now) if !asked_at_first.is_empty() => scope.told_to(&asked_at_first.with(now)),
        Some(_) | None => scope.told_to(asked_at_first),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::connection::{Standing, stands};
    use crate::oauth::error::ErrorCode;
    use crate::oauth::fixtures::{NOW, authenticated, connection, resource, seconds_later, secret, standing, standing_grant};
    use crate::oauth::limits::Wait;
    use crate::oauth::scope_hierarchy::ScopeHierarchy;
    use crate::oauth::secret::Entropy;
    use crate::oauth::token_policy::TokenPolicy;

    const UNTOUCHED: Fate = Fate { access_used: false, refresh_used: false };
    const IN_USE: Fate = Fate { access_used: true, refresh_used: false };
    const ROTATED: Fate = Fate { access_used: true, refresh_used: true };

    fn fresh() -> StoredRefreshToken {
        StoredRefreshToken { connection: connection().id, expires_at: seconds_later(7_776_000), rotated: None }
    }

    fn rotated() -> Rotated {
        Rotated { at: NOW, salt: [5; 16], scope: Scope::parse("read write") }
    }

    fn used() -> StoredRefreshToken {
        StoredRefreshToken { rotated: Some(rotated()), ..fresh() }
    }

    fn request() -> RefreshGrant {
        RefreshGrant { token: secret(1), scope: None, resources: vec![] }
    }

    fn asking(scope: &str) -> RefreshGrant {
        RefreshGrant { scope: Some(Scope::parse(scope)), ..request() }
    }

    fn decided(stored: &StoredRefreshToken, fate: Option<Fate>, request: &RefreshGrant, seconds: u64) -> Rotation {
        let server = resource("/notes");
        rotate(stored, Ok(&standing_grant()), fate, &authenticated("claude"), Some(&server), request, seconds_later(seconds))
    }

    /// At the start.
    fn rotates(scope: &str) -> Rotation {
        Rotation::Rotate(Scope::parse(scope), resource("/notes").tokens.ends(NOW))
    }

    fn repeats(seconds: u64) -> Rotation {
        Rotation::Repeat(rotated(), resource("/notes").tokens.ends(seconds_later(seconds)))
    }

    /// Where the owner chose tokens that go on working.
    fn reusable() -> ProtectedResource {
        let tokens = TokenPolicy { refresh: RefreshMode::Reusable, ..TokenPolicy::default() };
        ProtectedResource { tokens, ..resource("/notes") }
    }

    fn again(fate: Fate, seconds: u64) -> Rotation {
        decided(&used(), Some(fate), &request(), seconds)
    }

    fn granted(scope: &str, request: &RefreshGrant) -> Rotation {
        let connection = Connection { scope: Scope::parse(scope), ..connection() };
        let grant = stands(Standing { connection, ..standing() }, NOW).unwrap();
        rotate(&fresh(), Ok(&grant), None, &authenticated("claude"), Some(&resource("/notes")), request, NOW)
    }

    #[test]
    fn a_limit_holds_back_new_tokens_and_no_earlier_answer() {
        let over = Err(Refusal::TooManyRequests(Wait::seconds(6)));
        assert_eq!(within(decided(&fresh(), None, &request(), 0), over), Rotation::Refuse(Refusal::TooManyRequests(Wait::seconds(6))));
        assert!(matches!(within(again(UNTOUCHED, 1), over), Rotation::Repeat(..)));
        assert!(matches!(within(again(ROTATED, 1), over), Rotation::EndConnection(_)), "theft is theft");
        assert!(matches!(within(decided(&fresh(), None, &request(), 0), Ok(())), Rotation::Rotate(..)));
    }

    #[test]
    fn a_fresh_token_rotates_to_the_whole_grant() {
        assert_eq!(decided(&fresh(), None, &request(), 0), rotates("read write"));
    }

    #[test]
    fn a_token_dies_in_the_second_of_its_end() {
        let end = 7_776_000;
        assert!(matches!(decided(&fresh(), None, &request(), end - 1), Rotation::Rotate(..)));
        assert_eq!(decided(&fresh(), None, &request(), end), Rotation::Refuse(Refusal::RefreshTokenExpired));
    }

    #[test]
    fn within_the_grace_the_same_token_brings_the_same_answer() {
        for fate in [UNTOUCHED, IN_USE] {
            for seconds in [0, 1, 60, 119] {
                assert_eq!(again(fate, seconds), repeats(seconds), "{fate:?} after {seconds}");
            }
        }
    }

    #[test]
    fn a_lost_answer_is_given_again_for_a_day() {
        for seconds in [120, 3600, 24 * 3600 - 1] {
            assert_eq!(again(UNTOUCHED, seconds), repeats(seconds), "{seconds}");
        }
        assert_eq!(again(UNTOUCHED, 24 * 3600), Rotation::EndConnection(Refusal::RefreshTokenReused));
    }

    #[test]
    fn after_the_grace_an_answer_in_use_makes_the_old_token_proof_of_theft() {
        for seconds in [120, 600, 24 * 3600] {
            assert_eq!(again(IN_USE, seconds), Rotation::EndConnection(Refusal::RefreshTokenReused), "{seconds}");
        }
    }

    #[test]
    fn once_the_successor_is_rotated_the_grace_is_over_at_once() {
        for fate in [ROTATED, Fate { access_used: false, refresh_used: true }] {
            for seconds in [0, 1, 119, 120] {
                assert_eq!(again(fate, seconds), Rotation::EndConnection(Refusal::RefreshTokenReused), "{seconds}");
            }
        }
    }

    #[test]
    fn the_grace_counts_from_the_first_use_and_does_not_slide() {
        let mut ends = None;
        for seconds in 0..300 {
            if let Rotation::EndConnection(_) = again(IN_USE, seconds) {
                ends = ends.or(Some(seconds));
            }
        }
        assert_eq!(ends, Some(GRACE.as_secs()));
    }

    #[test]
    fn nothing_is_repeated_when_nobody_knows_what_became_of_the_answer() {
        assert_eq!(decided(&used(), None, &request(), 1), Rotation::EndConnection(Refusal::RefreshTokenReused));
    }

    #[test]
    fn a_used_token_is_recognised_long_after_its_own_end() {
        assert_eq!(again(IN_USE, 100_000_000), Rotation::EndConnection(Refusal::RefreshTokenReused));
    }

    #[test]
    fn a_clock_set_back_revives_nothing_that_was_rotated_further() {
        let later = StoredRefreshToken { rotated: Some(Rotated { at: seconds_later(3600), ..rotated() }), ..fresh() };
        assert_eq!(decided(&later, Some(ROTATED), &request(), 0), Rotation::EndConnection(Refusal::RefreshTokenReused));
    }

    #[test]
    fn a_reusable_token_stays_and_lives_anew_with_each_use() {
        let used_at = |seconds| {
            let (server, now) = (reusable(), seconds_later(seconds));
            rotate(&fresh(), Ok(&standing_grant()), None, &authenticated("claude"), Some(&server), &request(), now)
        };
        let ends = TokenEnds { access: Some(seconds_later(3605)), refresh: seconds_later(7_776_005) };
        assert_eq!(used_at(5), Rotation::Keep(Scope::parse("read write"), ends));
        assert_eq!(used_at(7_776_000), Rotation::Refuse(Refusal::RefreshTokenExpired), "one that nobody used ends");
    }

    #[test]
    fn a_token_that_was_rotated_stays_closed_when_the_owner_chooses_reusable_ones() {
        let server = reusable();
        let at = |fate, seconds| {
            rotate(&used(), Ok(&standing_grant()), Some(fate), &authenticated("claude"), Some(&server), &request(), seconds_later(seconds))
        };
        assert_eq!(at(IN_USE, 60), repeats(60));
        assert_eq!(at(ROTATED, 60), Rotation::EndConnection(Refusal::RefreshTokenReused));
    }

    #[test]
    fn a_grant_whose_refresh_token_was_given_back_is_refused_whichever_of_its_tokens_comes_and_nothing_ends() {
        let left = stands(Standing { connection: connection().without_refresh(), ..standing() }, NOW).unwrap();
        for (stored, server) in [(fresh(), resource("/notes")), (used(), resource("/notes")), (fresh(), reusable())] {
            let rotation = rotate(&stored, Ok(&left), Some(ROTATED), &authenticated("claude"), Some(&server), &request(), NOW);
            assert_eq!(rotation, Rotation::Refuse(Refusal::GrantEnded));
        }
    }

    #[test]
    fn another_client_gets_nothing_and_ends_nothing() {
        let server = resource("/notes");
        for stored in [fresh(), used()] {
            let thief = authenticated("cursor");
            let rotation = rotate(&stored, Ok(&standing_grant()), Some(ROTATED), &thief, Some(&server), &request(), NOW);
            assert_eq!(rotation, Rotation::Refuse(Refusal::RefreshTokenOfAnotherClient));
        }
    }

    #[test]
    fn an_ended_grant_is_refused_whatever_the_token() {
        let server = resource("/notes");
        for stored in [fresh(), used()] {
            let rotation =
                rotate(&stored, Err(Refusal::GrantEnded), Some(UNTOUCHED), &authenticated("claude"), Some(&server), &request(), NOW);
            assert_eq!(rotation, Rotation::Refuse(Refusal::GrantEnded));
        }
    }

    #[test]
    fn a_foreign_resource_is_refused_before_anything_is_written() {
        for raw in ["https://evil.test/notes", "https://mcp.example.com/files", "/notes", "https://mcp.example.com/notes#x"] {
            let foreign = RefreshGrant { resources: vec!["https://mcp.example.com/notes".into(), raw.into()], ..request() };
            for stored in [fresh(), used()] {
                assert_eq!(decided(&stored, Some(ROTATED), &foreign, 0), Rotation::Refuse(Refusal::ResourceNotGranted), "{raw}");
            }
        }
        let ours = RefreshGrant { resources: vec!["https://mcp.example.com/notes/".into()], ..request() };
        assert!(matches!(decided(&fresh(), None, &ours, 0), Rotation::Rotate(..)));
    }

    #[test]
    fn a_token_for_a_server_that_is_gone_is_refused_in_a_way_that_lets_its_client_keep_it() {
        for server in [None, Some(resource("/files"))] {
            for (stored, fate) in [(fresh(), None), (used(), Some(ROTATED))] {
                let rotation = rotate(&stored, Ok(&standing_grant()), fate, &authenticated("claude"), server.as_ref(), &request(), NOW);
                assert_eq!(rotation, Rotation::Refuse(Refusal::ResourceUnknown));
            }
        }
        assert_eq!(Refusal::ResourceUnknown.wire().code, ErrorCode::InvalidTarget);
    }

    #[test]
    fn less_may_be_asked_for_and_more_may_not() {
        assert_eq!(granted("read write", &asking("read")), rotates("read"));
        assert_eq!(granted("read write", &asking("write read")), rotates("write read"));
        assert_eq!(granted("read", &asking("write")), Rotation::Refuse(Refusal::ScopeBeyondGrant));
        assert_eq!(granted("read", &asking("read write")), Rotation::Refuse(Refusal::ScopeBeyondGrant));
        assert_eq!(Refusal::ScopeBeyondGrant.wire().code, ErrorCode::InvalidScope);
    }

    /// What a client gets that asked for `at_first`, was granted `scope` and now asks for `now`.
    fn narrowed_from(at_first: &str, scope: &str, now: &str) -> Result<String, Refusal> {
        let grant = Connection { scope: Scope::parse(scope), asked: Scope::parse(at_first), ..connection() };
        narrowed(Some(&Scope::parse(now)), &grant, &resource("/notes")).map(|scope| scope.to_string())
    }

    #[test]
    fn a_client_may_repeat_what_it_asked_for_at_first_although_the_user_left_a_part_out() {
        assert_eq!(narrowed_from("read write", "read", "read write"), Ok("read".into()));
        assert_eq!(narrowed_from("write read openid", "read", "write read openid"), Ok("read".into()));
        assert_eq!(narrowed_from("read write admin", "write", "read write admin"), Ok("write".into()));
        assert_eq!(narrowed_from("read", "read", "read write"), Err(Refusal::ScopeBeyondGrant), "nobody was asked about this");
        assert_eq!(narrowed_from("", "read", "read write"), Err(Refusal::ScopeBeyondGrant));
        assert_eq!(narrowed_from("read write", "read", "write"), Err(Refusal::ScopeBeyondGrant), "nothing is left");
    }

    #[test]
    fn repeating_the_first_request_brings_what_it_brought_even_if_the_server_offers_more_since() {
        assert_eq!(narrowed_from("write", "read", "write"), Ok("read".into()));
        assert_eq!(narrowed_from("write openid", "read openid", "openid write"), Ok("read openid".into()));
        assert_eq!(narrowed_from("admin", "read", "admin"), Ok("read".into()));
    }

    #[test]
    fn what_the_grant_includes_may_be_asked_for_and_not_the_other_way_round() {
        let hierarchy = ScopeHierarchy::new(&[("write".into(), Scope::parse("read"))]).unwrap();
        let server = ProtectedResource { hierarchy, ..resource("/notes") };
        let asked = |granted: &str, asked: &str| {
            let connection = Connection { scope: Scope::parse(granted), ..connection() };
            let grant = stands(Standing { connection, ..standing() }, NOW).unwrap();
            rotate(&fresh(), Ok(&grant), None, &authenticated("claude"), Some(&server), &asking(asked), NOW)
        };
        assert_eq!(asked("write", "read"), rotates("read"));
        assert_eq!(asked("write", "read write"), rotates("read write"));
        assert_eq!(asked("write", ""), rotates("write"));
        assert_eq!(asked("read", "write"), Rotation::Refuse(Refusal::ScopeBeyondGrant));
    }

    #[test]
    fn asking_for_less_once_does_not_shrink_the_grant() {
        assert_eq!(decided(&fresh(), None, &asking("read"), 0), rotates("read"));
        assert_eq!(decided(&fresh(), None, &request(), 0), rotates("read write"));
    }

    #[test]
    fn names_that_no_server_knows_are_dropped() {
        assert_eq!(granted("read write", &asking("read admin")), rotates("read"));
        assert_eq!(granted("read", &asking("openid email profile")), rotates("read"));
        assert_eq!(granted("read openid email profile", &asking("openid email profile")), rotates("read openid email profile"));
        assert_eq!(granted("read", &asking("")), rotates("read"));
    }

    #[test]
    fn offline_access_is_added_by_habit_and_never_in_the_way() {
        assert_eq!(granted("read", &asking("read offline_access")), rotates("read"));
        assert_eq!(granted("read", &asking("offline_access")), rotates("read"));
        assert_eq!(granted("read offline_access", &asking("offline_access")), rotates("read offline_access"));
        assert_eq!(granted("read offline_access", &asking("offline_access read")), rotates("offline_access read"));
    }

    #[test]
    fn a_client_is_told_what_it_asked_for_now_and_at_first() {
        let told =
            |scope: &str, at_first: &str, request: &RefreshGrant| told(&Scope::parse(scope), &Scope::parse(at_first), request).to_string();
        assert_eq!(told("read openid", "openid email", &request()), "openid");
        assert_eq!(told("read", "openid", &asking("read")), "read");
        assert_eq!(told("read write", "read write", &asking("openid")), "read write");
        assert_eq!(told("read", "", &asking("openid")), "read", "who asked for nothing was told everything then");
        assert_eq!(told("read", "admin", &request()), "");
    }

    #[test]
    fn the_successor_follows_from_token_salt_and_key_and_from_nothing_less() {
        let key = ServerKey::new(&Entropy::new([7; 32]));
        let pair = |token: u8, salt: u8, key: &ServerKey| {
            let pair = successor(&secret(token), &[salt; 16], key);
            (pair.access.reveal().to_owned(), pair.refresh.reveal().to_owned())
        };
        assert_eq!(pair(1, 5, &key), pair(1, 5, &key));
        for other in [pair(2, 5, &key), pair(1, 6, &key), pair(1, 5, &ServerKey::new(&Entropy::new([8; 32])))] {
            assert_ne!(pair(1, 5, &key).0, other.0);
            assert_ne!(pair(1, 5, &key).1, other.1);
        }
    }

    #[test]
    fn the_two_tokens_of_a_successor_share_no_bits() {
        let pair = successor(&secret(1), &[5; 16], &ServerKey::new(&Entropy::new([7; 32])));
        assert_ne!(pair.access.reveal().strip_prefix("dwat_"), pair.refresh.reveal().strip_prefix("dwrt_"));
        assert_ne!(pair.access.reveal()[5..20], pair.refresh.reveal()[5..20]);
    }

    /// One family of tokens as a store would keep it. Tokens are named by their generation.
    struct Family {
        tokens: Vec<(Secret<RefreshToken>, StoredRefreshToken)>,
        access_used: Vec<bool>,
        ended: bool,
        seconds: u64,
    }

    impl Family {
        fn new() -> Self {
            Self { tokens: vec![(secret(1), fresh())], access_used: vec![false], ended: false, seconds: 0 }
        }

        /// Presents a generation after some time; gives the generation of the answer.
        fn present(&mut self, generation: usize, wait: u64) -> Result<usize, Refusal> {
            self.seconds += wait;
            let key = ServerKey::new(&Entropy::new([7; 32]));
            let (token, stored) = self.tokens[generation].clone();
            let fate = stored.rotated.is_some().then(|| Fate {
                access_used: self.access_used[generation + 1],
                refresh_used: self.tokens[generation + 1].1.rotated.is_some(),
            });
            let standing = standing_grant();
            let grant = if self.ended { Err(Refusal::GrantEnded) } else { Ok(&standing) };
            let now = seconds_later(self.seconds);
            match rotate(&stored, grant, fate, &authenticated("claude"), Some(&resource("/notes")), &request(), now) {
                Rotation::Refuse(refusal) => return Err(refusal),
                Rotation::EndConnection(refusal) => {
                    self.ended = true;
                    return Err(refusal);
                }
                Rotation::Keep(..) => panic!("nothing was said of reusing"),
                Rotation::Repeat(earlier, _) => {
                    let again = successor(&token, &earlier.salt, &key).refresh;
                    assert_eq!(again.hash(), self.tokens[generation + 1].0.hash(), "the same answer again");
                }
                Rotation::Rotate(scope, _) => {
                    assert_eq!(generation + 1, self.tokens.len(), "only the newest token rotates");
                    let salt = [u8::try_from(generation).unwrap(); 16];
                    self.tokens[generation].1.rotated = Some(Rotated { at: now, salt, scope });
                    let next = StoredRefreshToken { expires_at: seconds_later(self.seconds + 7_776_000), ..fresh() };
                    self.tokens.push((successor(&token, &salt, &key).refresh, next));
                    self.access_used.push(false);
                }
            }
            Ok(generation + 1)
        }

        fn call(&mut self, generation: usize) {
            self.access_used[generation] = true;
        }
    }

    #[test]
    fn two_machines_that_share_a_token_both_go_on() {
        let mut family = Family::new();
        assert_eq!(family.present(0, 0), Ok(1));
        family.call(1);
        assert_eq!(family.present(0, 60), Ok(1));
        assert_eq!(family.present(1, 3600), Ok(2));
        family.call(2);
        assert_eq!(family.present(1, 90), Ok(2));
        assert!(!family.ended);
    }

    #[test]
    fn a_client_that_lost_the_answer_overnight_goes_on() {
        let mut family = Family::new();
        assert_eq!(family.present(0, 0), Ok(1));
        assert_eq!(family.present(0, 10 * 3600), Ok(1));
        family.call(1);
        assert_eq!(family.present(1, 3600), Ok(2));
    }

    #[test]
    fn thief_and_victim_both_end_without_tokens_whoever_is_first() {
        let mut family = Family::new();
        assert_eq!(family.present(0, 0), Ok(1));
        family.call(1);
        assert_eq!(family.present(1, 3600), Ok(2), "whoever is first has a token");
        assert_eq!(family.present(0, 1), Err(Refusal::RefreshTokenReused), "until the other one comes");
        for generation in [0, 1, 2] {
            assert_eq!(family.present(generation, 1), Err(Refusal::GrantEnded));
        }
    }

    #[test]
    fn repeating_a_token_every_second_works_for_the_grace_and_not_longer() {
        let mut family = Family::new();
        assert_eq!(family.present(0, 0), Ok(1));
        family.call(1);
        for second in 1..GRACE.as_secs() {
            assert_eq!(family.present(0, 1), Ok(1), "{second}");
        }
        assert_eq!(family.present(0, 1), Err(Refusal::RefreshTokenReused));
    }

    /// All ways of presenting five tokens in a row, at once, after the grace or after a day, used or not.
    #[test]
    fn whatever_is_presented_a_family_has_at_most_one_living_end() {
        let mut seen_ended = 0;
        for walk in 0..5_u32.pow(5) {
            let mut family = Family::new();
            for step in 0..5 {
                let choice = (walk / 5_u32.pow(step)) % 5;
                let newest = family.tokens.len() - 1;
                let generation = if choice < 3 { newest } else { newest.saturating_sub(choice as usize - 2) };
                let wait = [1, 130, 90_000][choice as usize % 3];
                if let (Ok(answer), true) = (family.present(generation, wait), choice % 2 == 0) {
                    family.call(answer);
                }
                let living = family.tokens.iter().filter(|(_, stored)| stored.rotated.is_none()).count();
                assert_eq!(living, 1, "walk {walk}");
                if family.ended {
                    assert!((0..family.tokens.len()).all(|generation| family.present(generation, 0).is_err()), "walk {walk}");
                }
            }
            seen_ended += u32::from(family.ended);
        }
        assert!(seen_ended > 100, "the walks do reach theft: {seen_ended}");
    }
}
