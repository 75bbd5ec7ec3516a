//! The device authorization grant (RFC 8628): a device without a browser shows a code, a person enters it elsewhere, and
//! the device asks until the answer is there.

use super::client::Client;
use super::client_auth::AuthenticatedClient;
use super::connection::Agreed;
use super::consent::{Decision, Granted, Offer, Stale};
use super::consent_choice::{self, Missing};
use super::error::Refusal;
use super::ids::{ClientId, ConnectionId, UserId};
use super::limits::Wait;
use super::resource::{self, ProtectedResource};
use super::scope::Scope;
use super::secret::{DeviceCode, ServerKey, TokenHash};
use super::token_policy::TokenEnds;
use super::token_request::DeviceGrant;
use super::user::User;
use crate::clock::UnixTime;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;

/// RFC 8628 §6.1: consonants that are hard to take for one another, and of which no word can be made.
const ALPHABET: [char; 20] = ['B', 'C', 'D', 'F', 'G', 'H', 'J', 'K', 'L', 'M', 'N', 'P', 'Q', 'R', 'S', 'T', 'V', 'W', 'X', 'Z'];
const LETTERS: usize = 8;
/// Longest text looked at as a user code, in bytes.
const MAX_TYPED: usize = 64;

/// How long a device may wait for its person.
pub const LIFETIME: Duration = Duration::from_secs(600);
/// Seconds between two questions of a device, and by how much that grows each time it asks too soon (RFC 8628 §3.5).
pub const INTERVAL: u32 = 5;
/// Wrong codes that one account may enter in [`ENTRY_WINDOW`]: of 20^8 codes, that leaves a guesser none (RFC 8628 §5.1).
pub const MAX_WRONG_ENTRIES: u32 = 10;
/// The span in which they are counted.
pub const ENTRY_WINDOW: Duration = Duration::from_secs(60 * 60);

/// What a person reads off the device: 34 bits, so it is kept short-lived and its entering is counted.
#[derive(Clone, PartialEq, Eq)]
pub struct UserCode(String);

impl UserCode {
    /// A new code from fresh bits.
    pub fn mint(bits: [u8; 8]) -> Self {
        let mut rest = u64::from_be_bytes(bits);
        let mut text = String::with_capacity(LETTERS);
        for _ in 0..LETTERS {
            let count = ALPHABET.len() as u64;
            text.extend(ALPHABET.get((rest % count) as usize));
            rest /= count;
        }
        Self(text)
    }

    /// Reads what a person typed, in letters of either case, with whatever they put between them (RFC 8628 §6.1).
    pub fn parse(typed: &str) -> Option<Self> {
        let text: String = typed.chars().filter(|c| !c.is_whitespace() && !"-_.".contains(*c)).map(|c| c.to_ascii_uppercase()).collect();
        let known = text.chars().all(|c| ALPHABET.contains(&c));
        (typed.len() <= MAX_TYPED && text.len() == LETTERS && known).then_some(Self(text))
    }

    /// As the device shows it: `XXXX-XXXX`.
    pub fn shown(&self) -> String {
        let (first, second) = self.0.split_at_checked(LETTERS / 2).unwrap_or((&self.0, ""));
        format!("{first}-{second}")
    }

    /// Under what it is stored. A mere hash of so short a text could be undone; this one takes the server's key too.
    pub fn key(&self, key: &ServerKey) -> [u8; 32] {
        key.authenticate("user code of a device", &[self.0.as_bytes()])
    }
}

impl fmt::Debug for UserCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// What is remembered of a device that waits. A stored record: frozen once released.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredDeviceCode {
    /// Who asks.
    pub client: ClientId,
    /// Whether the request named its server itself.
    pub resource_was_sent: bool,
    /// What may be granted, the user choosing one of several.
    pub offers: Vec<Offer>,
    /// The scope that was asked for.
    pub asked: Scope,
    /// After this it is of no use.
    pub expires_at: UnixTime,
    /// Seconds that the device must leave between two questions.
    pub interval: u32,
    /// When it asked last.
    pub polled_at: Option<UnixTime>,
    /// What came of it.
    pub state: DeviceState,
}

/// What came of a device's request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeviceState {
    /// Nothing yet.
    Pending,
    /// Somebody said yes.
    Approved {
        /// Who.
        user: UserId,
        /// [`User::epoch`] at that moment.
        user_epoch: u32,
        /// When they had signed in.
        signed_in_at: UnixTime,
        /// To what.
        granted: Granted,
    },
    /// Somebody said no.
    Denied {
        /// Who.
        user: UserId,
    },
    /// The device has its tokens.
    Spent {
        /// Who said yes.
        user: UserId,
        /// What ends if the code is presented again.
        connection: ConnectionId,
    },
}

/// The request of a device as it is first stored.
pub fn begin(client: &ClientId, resource_was_sent: bool, offers: Vec<Offer>, asked: Scope, now: UnixTime) -> StoredDeviceCode {
    StoredDeviceCode {
        client: client.clone(),
        resource_was_sent,
        offers,
        asked,
        expires_at: now.after(LIFETIME),
        interval: INTERVAL,
        polled_at: None,
        state: DeviceState::Pending,
    }
}

/// What follows from a person's decision.
#[derive(Debug)]
pub enum Verdict {
    /// Nothing can be decided any more.
    Stale(Stale),
    /// The form does not say enough; nothing changes, and it is shown again.
    Incomplete(Missing),
    /// Remember the answer.
    Settle(DeviceState),
    /// The same answer was given before.
    Before,
}

/// Whether a person's decision about a device may take effect.
///
/// `user` has been signed in since the moment beside it.
pub fn decide(
    stored: Option<&StoredDeviceCode>,
    decision: Decision<'_>,
    (user, signed_in_at): (&User, UnixTime),
    client: Option<&Client>,
    now: UnixTime,
) -> Verdict {
    let Some(stored) = stored.filter(|stored| !stored.expires_at.has_come(now)) else { return Verdict::Stale(Stale::Expired) };
    if client.is_none_or(|client| client.id != stored.client) {
        return Verdict::Stale(Stale::Withdrawn);
    }
    match (&stored.state, decision) {
        (DeviceState::Pending, Decision::Deny) => Verdict::Settle(DeviceState::Denied { user: user.id.clone() }),
        (DeviceState::Pending, Decision::Approve(choice)) => match consent_choice::choose(&usable(&stored.offers, user), choice) {
            Err(missing) => Verdict::Incomplete(missing),
            Ok(granted) => Verdict::Settle(DeviceState::Approved { user: user.id.clone(), user_epoch: user.epoch, signed_in_at, granted }),
        },
        (DeviceState::Approved { user: by, .. } | DeviceState::Spent { user: by, .. } | DeviceState::Denied { user: by }, _)
            if *by != user.id =>
        {
            Verdict::Stale(Stale::Foreign)
        }
        (DeviceState::Approved { .. } | DeviceState::Spent { .. }, Decision::Approve(_)) | (DeviceState::Denied { .. }, Decision::Deny) => {
            Verdict::Before
        }
        (DeviceState::Approved { .. } | DeviceState::Spent { .. }, Decision::Deny) | (DeviceState::Denied { .. }, Decision::Approve(_)) => {
            Verdict::Stale(Stale::Answered)
        }
    }
}

/// Those of the offers whose server this user may use.
pub fn usable(offers: &[Offer], user: &User) -> Vec<Offer> {
    offers.iter().filter(|offer| user.may_use(&offer.server)).cloned().collect()
}

/// What the store must do, and what the device is told.
#[derive(Debug)]
pub enum Poll {
    /// Write nothing.
    Refuse(Refusal),
    /// Note that it asked.
    Wait,
    /// Note that it asked, and let it wait longer from now on.
    SlowDown,
    /// A second, otherwise valid redemption: what the first produced must fall (as for RFC 6749 §10.5).
    EndConnection(ConnectionId, Refusal),
    /// Mark the code spent and issue tokens with these ends.
    Issue(Agreed, TokenEnds),
}

/// Decides about a device's question (RFC 8628 §3.4, §3.5). As for a code, a request that is not valid in itself harms
/// nobody.
pub fn poll(
    stored: Option<&StoredDeviceCode>,
    user: Option<&User>,
    resource: Option<&ProtectedResource>,
    client: &AuthenticatedClient,
    grant: &DeviceGrant,
    now: UnixTime,
) -> Poll {
    let Some(stored) = stored else { return Poll::Refuse(Refusal::DeviceCodeUnknown) };
    if stored.client != client.client().id {
        return Poll::Refuse(Refusal::DeviceCodeOfAnotherClient);
    }
    let expired = stored.expires_at.has_come(now);
    match &stored.state {
        DeviceState::Spent { connection, .. } => Poll::EndConnection(connection.clone(), Refusal::DeviceCodeReplayed),
        DeviceState::Pending | DeviceState::Denied { .. } | DeviceState::Approved { .. } if expired => {
            Poll::Refuse(Refusal::DeviceCodeExpired)
        }
        DeviceState::Denied { .. } => Poll::Refuse(Refusal::AnswerDenied),
        DeviceState::Pending if asks_too_soon(stored, now) => Poll::SlowDown,
        DeviceState::Pending => Poll::Wait,
        DeviceState::Approved { user: by, user_epoch, signed_in_at, granted } => {
            let in_time = granted.ends_at.is_none_or(|end| !end.has_come(now));
            let stands = in_time && user.is_some_and(|user| user.id == *by && user.epoch == *user_epoch && user.may_use(&granted.server));
            if !stands {
                return Poll::Refuse(Refusal::GrantEnded);
            }
            // The answer is still there once the server is back.
            let Some(resource) = resource.filter(|resource| resource.path == granted.server) else {
                return Poll::Refuse(Refusal::ResourceUnknown);
            };
            if let Err(refusal) = resource::means(grant.resources.iter().map(String::as_str), resource) {
                return Poll::Refuse(refusal);
            }
            let client = stored.client.clone();
            let (user_epoch, authenticated_at) = (*user_epoch, *signed_in_at);
            let (granted, asked, resource_was_sent) = (granted.clone(), stored.asked.clone(), stored.resource_was_sent);
            let agreed = Agreed { client, user: by.clone(), user_epoch, authenticated_at, granted, resource_was_sent, asked };
            Poll::Issue(agreed, resource.tokens.ends(now))
        }
    }
}

/// A second less than the interval passes: times are whole seconds, and a network hurries some questions.
fn asks_too_soon(stored: &StoredDeviceCode, now: UnixTime) -> bool {
    stored.polled_at.is_some_and(|last| now.since(last) + Duration::from_secs(1) < Duration::from_secs(stored.interval.into()))
}

/// The record after a question that brought no tokens.
pub fn asked(stored: &StoredDeviceCode, too_soon: bool, now: UnixTime) -> StoredDeviceCode {
    let interval = if too_soon { stored.interval.saturating_add(INTERVAL) } else { stored.interval };
    StoredDeviceCode { polled_at: Some(now), interval, ..stored.clone() }
}

/// The codes that a device was given, and what a person entered for them.
pub type DeviceCodeHash = TokenHash<DeviceCode>;

/// How many wrong codes an account has entered lately. A stored record: frozen once released.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WrongEntries {
    /// How many since then.
    pub count: u32,
    /// Then.
    pub since: UnixTime,
}

impl WrongEntries {
    /// How long no more may be tried, if they were too many.
    pub fn wait(&self, now: UnixTime) -> Option<Wait> {
        let too_many = self.count >= MAX_WRONG_ENTRIES && !self.end().has_come(now);
        too_many.then(|| Wait::seconds(self.end().since(now).as_secs()))
    }

    /// When the count is of no interest any more.
    pub fn end(&self) -> UnixTime {
        self.since.after(ENTRY_WINDOW)
    }

    /// One more.
    pub fn with_another(earlier: Option<Self>, now: UnixTime) -> Self {
        match earlier.filter(|earlier| !earlier.end().has_come(now)) {
            Some(earlier) => Self { count: earlier.count.saturating_add(1), ..earlier },
            None => Self { count: 1, since: now },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::consent_choice::Choice;
    use crate::oauth::error::ErrorCode;
    use crate::oauth::fixtures::{NOW, authenticated, client, local, params, resource, seconds_later, secret, user};
    use crate::oauth::scope::Scope;
    use crate::oauth::secret::Entropy;
    use crate::oauth::user::ServerAccess;

    fn pending() -> StoredDeviceCode {
        let offer = |server: &str| Offer { server: server.into(), scope: Scope::parse("read"), least: Scope::parse("read") };
        begin(&ClientId::known_as("claude"), false, vec![offer("/notes"), offer("/files")], Scope::parse("read"), NOW)
    }

    fn form() -> Choice {
        Choice::read(&params("server=/notes&scope=/notes+read"), local())
    }

    fn settled(decision: Decision<'_>) -> StoredDeviceCode {
        match decide(Some(&pending()), decision, (&user("ann"), NOW), Some(&client("claude")), NOW) {
            Verdict::Settle(state) => StoredDeviceCode { state, ..pending() },
            other @ (Verdict::Stale(_) | Verdict::Incomplete(_) | Verdict::Before) => panic!("{other:?}"),
        }
    }

    fn approved() -> StoredDeviceCode {
        settled(Decision::Approve(&form()))
    }

    fn denied() -> StoredDeviceCode {
        settled(Decision::Deny)
    }

    fn spent() -> StoredDeviceCode {
        let state = DeviceState::Spent { user: UserId::known_as("ann"), connection: ConnectionId::known_as("conn_1") };
        StoredDeviceCode { state, ..pending() }
    }

    fn said(verdict: &Verdict) -> String {
        match verdict {
            Verdict::Stale(stale) => format!("{stale:?}"),
            Verdict::Incomplete(missing) => format!("incomplete {missing:?}"),
            Verdict::Settle(_) => "settle".into(),
            Verdict::Before => "before".into(),
        }
    }

    fn decided(stored: &StoredDeviceCode, decision: Decision<'_>, user: &User) -> String {
        said(&decide(Some(stored), decision, (user, NOW), Some(&client("claude")), NOW))
    }

    fn polled(stored: &StoredDeviceCode, seconds: u64) -> Result<String, Refusal> {
        polled_by(stored, "claude", Some(&user("ann")), &[], seconds)
    }

    fn polled_by(stored: &StoredDeviceCode, by: &str, user: Option<&User>, sent: &[&str], seconds: u64) -> Result<String, Refusal> {
        let grant = DeviceGrant { code: secret(1), resources: sent.iter().map(|raw| (*raw).to_owned()).collect() };
        let server = resource("/notes");
        match poll(Some(stored), user, Some(&server), &authenticated(by), &grant, seconds_later(seconds)) {
            Poll::Refuse(refusal) => Err(refusal),
            Poll::Wait => Ok("wait".into()),
            Poll::SlowDown => Ok("slow down".into()),
            Poll::EndConnection(connection, _) => Ok(format!("end {connection}")),
            Poll::Issue(agreed, _) => Ok(format!("{} {}", agreed.granted.server, agreed.granted.scope)),
        }
    }

    #[test]
    fn what_was_given_for_a_time_ends_even_if_the_device_asks_only_then() {
        let choice = Choice::read(&params("server=/notes&term=20s"), local());
        let stored = settled(Decision::Approve(&choice));
        let DeviceState::Approved { granted, .. } = &stored.state else { panic!("{stored:?}") };
        assert_eq!(granted.ends_at, Some(seconds_later(20)));
        assert_eq!((polled(&stored, 19), polled(&stored, 20)), (Ok("/notes read".into()), Err(Refusal::GrantEnded)));
    }

    #[test]
    fn a_code_is_eight_consonants_with_a_hyphen_between() {
        for byte in 0..=255 {
            let shown = UserCode::mint([byte, 7, byte, 3, byte, 99, byte, byte]).shown();
            assert_eq!((shown.len(), shown.find('-')), (9, Some(4)), "{shown}");
            assert!(shown.chars().all(|c| c == '-' || ALPHABET.contains(&c)), "{shown}");
        }
        assert_ne!(UserCode::mint([1; 8]).shown(), UserCode::mint([2; 8]).shown());
    }

    #[test]
    fn a_code_is_read_however_it_is_typed_and_nothing_else_is() {
        let code = UserCode::parse("BCDF-GHJK").unwrap();
        for typed in ["bcdfghjk", " bcdf ghjk ", "B-C-D-F-G-H-J-K", "BCDF_GHJK", "bcdf.ghjk"] {
            assert_eq!(UserCode::parse(typed), Some(code.clone()), "{typed}");
        }
        for typed in ["", "BCDF-GHJ", "BCDF-GHJKL", "ACDF-GHJK", "BCDF-GHJ1", "BCDF\u{ff0d}GHJK", &" ".repeat(100)] {
            assert_eq!(UserCode::parse(typed), None, "{typed}");
        }
        assert_eq!(format!("{code:?}"), "[redacted]");
    }

    #[test]
    fn what_is_stored_of_a_user_code_cannot_be_undone_without_the_servers_key() {
        let code = UserCode::parse("BCDF-GHJK").unwrap();
        let key = |byte| ServerKey::new(&Entropy::new([byte; 32]));
        assert_eq!(code.key(&key(1)), code.key(&key(1)));
        assert_ne!(code.key(&key(1)), code.key(&key(2)));
    }

    #[test]
    fn a_device_waits_until_somebody_answers() {
        assert_eq!(polled(&pending(), 0), Ok("wait".into()));
        assert_eq!(polled(&approved(), 3), Ok("/notes read".into()));
        assert_eq!(polled(&denied(), 3), Err(Refusal::AnswerDenied));
    }

    #[test]
    fn who_asks_too_soon_waits_five_seconds_longer_each_time() {
        let mut stored = asked(&pending(), false, seconds_later(10));
        assert_eq!(polled(&stored, 14), Ok("wait".into()));
        assert_eq!(polled(&stored, 13), Ok("slow down".into()));
        stored = asked(&stored, true, seconds_later(13));
        assert_eq!((stored.interval, stored.polled_at), (10, Some(seconds_later(13))));
        assert_eq!(polled(&stored, 18), Ok("slow down".into()));
        assert_eq!(polled(&stored, 23), Ok("wait".into()));
        let answered = StoredDeviceCode { state: approved().state, ..stored };
        assert_eq!(polled(&answered, 13), Ok("/notes read".into()), "an answer need not wait");
    }

    #[test]
    fn the_end_comes_in_its_second_whatever_was_answered() {
        for stored in [pending(), approved(), denied()] {
            assert!(polled(&stored, 599) != Err(Refusal::DeviceCodeExpired));
            assert_eq!(polled(&stored, 600), Err(Refusal::DeviceCodeExpired));
        }
    }

    #[test]
    fn a_second_redemption_ends_what_the_first_brought_even_late() {
        assert_eq!(polled(&spent(), 1), Ok("end conn_1".into()));
        assert_eq!(polled(&spent(), 10_000), Ok("end conn_1".into()));
        assert_eq!(polled_by(&spent(), "cursor", None, &[], 1), Err(Refusal::DeviceCodeOfAnotherClient));
    }

    #[test]
    fn a_code_is_bound_to_its_client_and_its_server() {
        assert_eq!(polled_by(&approved(), "cursor", Some(&user("ann")), &[], 1), Err(Refusal::DeviceCodeOfAnotherClient));
        let ann = user("ann");
        let ours = ["https://mcp.example.com/notes"];
        assert_eq!(polled_by(&approved(), "claude", Some(&ann), &ours, 1), Ok("/notes read".into()));
        let other = ["https://mcp.example.com/files"];
        assert_eq!(polled_by(&approved(), "claude", Some(&ann), &other, 1), Err(Refusal::ResourceNotGranted));
    }

    #[test]
    fn an_answer_for_a_server_that_is_gone_waits_for_its_return() {
        let (grant, ann) = (DeviceGrant { code: secret(1), resources: vec![] }, user("ann"));
        for server in [None, Some(resource("/files"))] {
            let poll = poll(Some(&approved()), Some(&ann), server.as_ref(), &authenticated("claude"), &grant, NOW);
            assert!(matches!(poll, Poll::Refuse(Refusal::ResourceUnknown)), "{poll:?}");
        }
    }

    #[test]
    fn what_happens_to_the_user_before_the_device_asks_counts() {
        let (ann, bob) = (user("ann"), user("bob"));
        let moved = User { servers: ServerAccess::Only(vec!["/files".into()]), ..ann.clone() };
        let changed = User { epoch: 4, ..ann.clone() };
        let disabled = User { disabled: true, ..ann };
        for user in [None, Some(&bob), Some(&moved), Some(&changed), Some(&disabled)] {
            assert_eq!(polled_by(&approved(), "claude", user, &[], 1), Err(Refusal::GrantEnded));
        }
    }

    #[test]
    fn an_answer_stands_and_only_its_author_hears_it_again() {
        let (ann, bob, form) = (user("ann"), user("bob"), form());
        let approve = Decision::Approve(&form);
        for stored in [approved(), spent()] {
            assert_eq!(decided(&stored, approve, &ann), "before");
            assert_eq!(decided(&stored, Decision::Deny, &ann), "Answered");
            assert_eq!(decided(&stored, approve, &bob), "Foreign");
        }
        assert_eq!(decided(&denied(), Decision::Deny, &ann), "before");
        assert_eq!(decided(&denied(), approve, &ann), "Answered");
        assert_eq!(decided(&denied(), Decision::Deny, &bob), "Foreign");
    }

    #[test]
    fn nothing_is_granted_that_was_not_offered_or_that_the_user_may_not_use() {
        let approve = |text: &str, user: &User| decided(&pending(), Decision::Approve(&Choice::read(&params(text), local())), user);
        assert_eq!(approve("server=/house&scope=/house+read", &user("ann")), "incomplete Server");
        assert_eq!(approve("server=/notes&scope=/notes+admin", &user("ann")), "settle", "and only what was offered there");
        assert_eq!(approve("scope=/notes+read", &user("ann")), "incomplete Server");
        let ann = User { servers: ServerAccess::Only(vec!["/files".into()]), ..user("ann") };
        assert_eq!(approve("server=/notes&scope=/notes+read", &ann), "incomplete Server");
        assert_eq!(approve("scope=/files+read", &ann), "settle");
    }

    #[test]
    fn what_is_gone_cannot_be_answered() {
        let form = form();
        let at = |seconds, stored: Option<&StoredDeviceCode>, known: Option<&Client>| {
            said(&decide(stored, Decision::Approve(&form), (&user("ann"), NOW), known, seconds_later(seconds)))
        };
        assert_eq!(at(0, None, Some(&client("claude"))), "Expired");
        assert_eq!(at(600, Some(&pending()), Some(&client("claude"))), "Expired");
        assert_eq!(at(0, Some(&pending()), None), "Withdrawn");
        assert_eq!(at(0, Some(&pending()), Some(&client("cursor"))), "Withdrawn");
    }

    #[test]
    fn ten_wrong_codes_an_hour_and_no_more() {
        let mut wrong = None;
        for count in 1..=MAX_WRONG_ENTRIES {
            assert!(wrong.is_none_or(|wrong: WrongEntries| wrong.wait(NOW).is_none()), "{count}");
            wrong = Some(WrongEntries::with_another(wrong, NOW));
        }
        assert_eq!(wrong.unwrap().wait(seconds_later(3599)), Some(Wait::seconds(1)));
        assert_eq!(wrong.unwrap().wait(seconds_later(3600)), None);
        assert_eq!(WrongEntries::with_another(wrong, seconds_later(3600)).count, 1);
    }

    #[test]
    fn a_device_is_told_in_the_words_of_the_rfc() {
        for (refusal, code) in [
            (Refusal::AnswerPending, ErrorCode::AuthorizationPending),
            (Refusal::DeviceTooSoon, ErrorCode::SlowDown),
            (Refusal::AnswerDenied, ErrorCode::AccessDenied),
            (Refusal::DeviceCodeExpired, ErrorCode::ExpiredToken),
            (Refusal::DeviceCodeUnknown, ErrorCode::InvalidGrant),
        ] {
            assert_eq!((refusal.wire().code, refusal.wire().status), (code, 400), "{refusal:?}");
        }
        assert_eq!(Refusal::DeviceCodeUnknown.wire(), Refusal::DeviceCodeOfAnotherClient.wire());
    }
}
