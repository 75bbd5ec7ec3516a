//! One stored record of every type, in every version ever released: what was written once stays readable, and means
//! what it meant.
//!
//! bincode is positional, so a field moved or a variant inserted would change the meaning of data on people's disks
//! without any error. A file here is never changed; a new version of a record gets a file of its own.
#![allow(missing_docs, reason = "tests say what they are for by their names")]

use doorward::clock::UnixTime;
use doorward::oauth::api_key::{KeyName, StoredApiKey};
use doorward::oauth::audit::{Entry, Occasion};
use doorward::oauth::audit_kinds::What;
use doorward::oauth::authorization_request::State;
use doorward::oauth::bearer::{Bearer, StoredAccessToken};
use doorward::oauth::client::{AuthMethod, Client, ClientOrigin, GrantType};
use doorward::oauth::code::{CodeState, StoredCode};
use doorward::oauth::configuration::Configuration;
use doorward::oauth::connection::{Connection, EndReason, Ended};
use doorward::oauth::consent::{Flow, Offer, Outcome};
use doorward::oauth::id_token::Authentication;
use doorward::oauth::ids::{ClientId, ConnectionId, KeyId, UserId};
use doorward::oauth::invitation::Invitation;
use doorward::oauth::limits::{Spent, per_hour};
use doorward::oauth::mcp_session::SessionOwner;
use doorward::oauth::pause::{PauseAnswer, Pauses, Subject};
use doorward::oauth::pkce::{Challenge, Pkce};
use doorward::oauth::refresh::{Rotated, StoredRefreshToken};
use doorward::oauth::scope::Scope;
use doorward::oauth::secret::{Entropy, ServerKey, TokenHash};
use doorward::oauth::signing_key::{PrivateKey, PublicKey, SigningKey};
use doorward::oauth::text::Shown;
use doorward::oauth::throttle::Tries;
use doorward::oauth::trace::Trace;
use doorward::oauth::trace_step::{self, Agent, Stage, Step};
use doorward::oauth::user::{ServerAccess, User, UserName};
use doorward::store::record::{
    self, BrowserSession, FingerprintOwner, Instance, LastUse, NameOwner, Record, SnapshotMark, SpentForm, StoredSetupLink,
};
use doorward::store::restore::Access;
use doorward::store::snapshot::format::{self, Header, InstanceId};
use doorward::store::{AuditCounts, Store};
use std::collections::BTreeSet;
use std::fmt::Debug;
use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

const AT: UnixTime = UnixTime(1_700_000_000);
const LATER: UnixTime = UnixTime(1_700_003_600);

type Check = Box<dyn Fn(&[u8]) -> Result<(), String>>;

/// A record that is the same for ever, and the file that holds it.
struct Golden {
    file: &'static str,
    bytes: Vec<u8>,
    check: Check,
}

fn golden<R: Record + PartialEq + Debug + 'static>(file: &'static str, expected: R) -> Golden {
    let bytes = record::encode(&expected).unwrap();
    let check = move |stored: &[u8]| {
        let read = record::decode::<R>(stored).map_err(|error| format!("{file} is not readable any more: {error}"))?;
        if read != expected {
            return Err(format!("{file} means something else now: {read:?}"));
        }
        if stored[1] == R::VERSION && record::encode(&read).unwrap() != stored {
            return Err(format!("{file} is written differently now"));
        }
        Ok(())
    };
    Golden { file, bytes, check: Box::new(check) }
}

fn hash<K>(byte: u8) -> TokenHash<K> {
    TokenHash::from_bytes([byte; 32])
}

fn challenge() -> Challenge {
    Challenge::parse(Some("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"), Some("S256")).unwrap()
}

fn ann() -> UserId {
    UserId::known_as("user_ann")
}

fn claude() -> ClientId {
    ClientId::known_as("client_claude")
}

fn one() -> ConnectionId {
    ConnectionId::known_as("conn_one")
}

fn user() -> User {
    User {
        id: ann(),
        name: UserName::parse("Ann@example.com").unwrap(),
        password: "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA".into(),
        owner: true,
        disabled: false,
        servers: ServerAccess::All,
        epoch: 7,
        created_at: AT,
    }
}

fn client() -> Client {
    Client {
        id: claude(),
        name: Some("Claude".into()),
        redirect_uris: vec!["https://claude.ai/api/mcp/auth_callback".into(), "http://127.0.0.1/callback".into()],
        auth_method: AuthMethod::ClientSecretBasic,
        secret: Some(hash(1)),
        registration_token: Some(hash(2)),
        introspects: None,
        grant_types: vec![GrantType::AuthorizationCode, GrantType::RefreshToken],
        scope: Some("read write".into()),
        application_type: Some("web".into()),
        client_uri: Some("https://claude.ai/".into()),
        logo_uri: Some("https://claude.ai/logo.png".into()),
        software: (Some("claude".into()), Some("1.0".into())),
        origin: ClientOrigin::Dynamic,
        created_at: AT,
        changed_at: Some(LATER),
    }
}

fn bare_client() -> Client {
    Client {
        name: None,
        redirect_uris: vec![],
        auth_method: AuthMethod::None,
        secret: None,
        registration_token: None,
        introspects: Some("/notes".into()),
        grant_types: vec![],
        scope: None,
        application_type: None,
        client_uri: None,
        logo_uri: None,
        software: (None, None),
        origin: ClientOrigin::Manual,
        changed_at: None,
        ..client()
    }
}

fn authentication() -> Authentication {
    Authentication { at: AT, nonce: Some("the nonce".into()) }
}

fn signing_key(replaced_at: Option<UnixTime>) -> SigningKey {
    let public = PublicKey::from_point(&[4; 65]).unwrap();
    SigningKey { private: PrivateKey::new(b"PKCS#8"), public, created_at: AT, replaced_at }
}

fn flow(outcome: Outcome) -> Flow {
    Flow {
        session: hash(2),
        user: ann(),
        user_epoch: 7,
        client: claude(),
        redirect_uri: "https://claude.ai/api/mcp/auth_callback".into(),
        redirect_was_sent: true,
        polled: false,
        state: State(Some("the state".into())),
        pkce: Pkce::S256(challenge()),
        asked: Scope::parse("read write"),
        resource_was_sent: true,
        offers: vec![Offer { server: "/notes".into(), scope: Scope::parse("read write"), least: Scope::parse("read") }],
        expires_at: LATER,
        outcome,
        authentication: authentication(),
        adopts: false,
    }
}

fn code(state: CodeState) -> StoredCode {
    StoredCode {
        client: claude(),
        user: ann(),
        user_epoch: 7,
        server: "/notes".into(),
        resource_was_sent: true,
        scope: Scope::parse("read"),
        asked: Scope::parse("read admin"),
        ends_at: Some(LATER),
        redirect_uri: "http://127.0.0.1:50123/callback".into(),
        pkce: Pkce::S256(challenge()),
        authentication: authentication(),
        expires_at: LATER,
        state,
    }
}

fn connection(why: Option<EndReason>) -> Connection {
    Connection {
        id: one(),
        user: ann(),
        client: claude(),
        server: "/notes".into(),
        resource_was_sent: true,
        scope: Scope::parse("read write"),
        asked: Scope::parse("write admin"),
        created_at: AT,
        user_epoch: 7,
        authenticated_at: AT,
        ends_at: Some(LATER),
        access_until: Some(AT),
        alive_until: Some(LATER),
        refreshable: true,
        ended: why.map(|why| Ended { at: LATER, why }),
    }
}

fn access_token() -> StoredAccessToken {
    StoredAccessToken { connection: one(), scope: Scope::parse("read"), issued_at: AT, expires_at: Some(LATER), used: true }
}

fn refresh_token(rotated: Option<Rotated>) -> StoredRefreshToken {
    StoredRefreshToken { connection: one(), expires_at: LATER, rotated }
}

fn api_key() -> StoredApiKey {
    StoredApiKey {
        id: KeyId::known_as("key_one"),
        name: KeyName::parse("backup").unwrap(),
        user: ann(),
        user_epoch: 7,
        server: "/notes".into(),
        scope: Scope::parse("read write"),
        created_at: AT,
        expires_at: Some(LATER),
        begins: "dwky_AbCd".into(),
    }
}

fn pauses() -> Pauses {
    let subjects = [
        Subject::Everything,
        Subject::Server("/notes".into(), PauseAnswer::Closed),
        Subject::Server("/files".into(), PauseAnswer::RetryLater),
        Subject::Client(claude()),
    ];
    subjects.iter().fold(Pauses::default(), |pauses, subject| pauses.paused(subject, AT))
}

/// Every record of version 1; of records with alternatives, one for each.
fn goldens() -> Vec<Golden> {
    let rotated = Rotated { at: AT, salt: [9; 16], scope: Scope::parse("read") };
    let only = ServerAccess::Only(vec!["/notes".into(), "/files".into()]);
    vec![
        golden("instance.1.bin", Instance { key: ServerKey::new(&Entropy::new([3; 32])), claimed: true, created_at: AT }),
        golden("user.1.bin", user()),
        golden("user.1.limited.bin", User { owner: false, disabled: true, servers: only, ..user() }),
        golden("user_name.1.bin", NameOwner(ann())),
        golden("client.1.bin", client()),
        golden("client.1.post.bin", Client { auth_method: AuthMethod::ClientSecretPost, ..client() }),
        golden("client.1.bare.bin", bare_client()),
        golden("client_fingerprint.1.bin", FingerprintOwner(claude())),
        golden("session.1.bin", BrowserSession { user: ann(), user_epoch: 7, signed_in_at: AT, expires_at: LATER }),
        golden("flow.1.pending.bin", flow(Outcome::Pending)),
        golden("flow.1.approved.bin", flow(Outcome::Approved)),
        golden("flow.1.denied.bin", Flow { state: State(None), redirect_was_sent: false, ..flow(Outcome::Denied) }),
        golden("code.1.fresh.bin", code(CodeState::Fresh { guesses: 3 })),
        golden("code.1.spent.bin", code(CodeState::Spent { connection: one() })),
        golden("access_token.1.bin", access_token()),
        golden("access_token.1.endless.bin", StoredAccessToken { expires_at: None, used: false, ..access_token() }),
        golden("refresh_token.1.bin", refresh_token(None)),
        golden("refresh_token.1.rotated.bin", refresh_token(Some(rotated))),
        golden("connection.1.bin", Connection { access_until: None, alive_until: None, ends_at: None, ..connection(None) }),
        golden("connection.1.given_back.bin", connection(None).without_refresh()),
        golden("connection.1.revoked_by_user.bin", connection(Some(EndReason::RevokedByUser))),
        golden("connection.1.revoked_by_client.bin", connection(Some(EndReason::RevokedByClient))),
        golden("connection.1.code_replayed.bin", connection(Some(EndReason::CodeReplayed))),
        golden("connection.1.refresh_token_reused.bin", connection(Some(EndReason::RefreshTokenReused))),
        golden("connection.1.client_removed.bin", connection(Some(EndReason::ClientRemoved))),
        golden("connection.1.user_removed.bin", connection(Some(EndReason::UserRemoved))),
        golden("connection.1.server_denied.bin", connection(Some(EndReason::ServerDenied))),
        golden("connection.1.time_over.bin", connection(Some(EndReason::TimeOver))),
        golden("connection.1.unused.bin", connection(Some(EndReason::Unused))),
        golden("last_use.1.bin", LastUse { at: AT, from: Some(IpAddr::from([203, 0, 113, 9])) }),
        golden("mcp_session.1.bin", SessionOwner { user: ann(), bearer: Bearer::Client(claude()), seen_at: AT }),
        golden("mcp_session.1.key.bin", SessionOwner { user: ann(), bearer: Bearer::Key(KeyId::known_as("key_one")), seen_at: AT }),
        golden("pauses.1.bin", pauses()),
        golden("pauses.1.none.bin", Pauses::default()),
        golden("api_key.1.bin", api_key()),
        golden("api_key.1.endless.bin", StoredApiKey { expires_at: None, ..api_key() }),
        golden("spent_form.1.bin", SpentForm { until: LATER }),
        golden("setup_link.1.bin", StoredSetupLink { hash: hash(4), expires_at: LATER }),
        golden("invitation.1.bin", Invitation { link: hash(5), user: ann(), user_epoch: 3, expires_at: LATER }),
        golden("audit.1.bin", entry(What::SettingChanged { setting: Shown::new("a"), before: Shown::new("b"), after: Shown::new("c") })),
        golden("audit.1.ended.bin", entry(What::ConnectionEnded(EndReason::RefreshTokenReused))),
        golden("audit.1.bare.bin", Entry { number: 0, event: Occasion::here(AT).event(What::SignedIn) }),
        golden("audit_counts.1.bin", AuditCounts { events: 21, of_class: [1, 2, 3, 4, 5, 6] }),
        golden("configuration.1.bin", configuration()),
        golden("counter.1.bin", Spent::another_anyway(None, per_hour(10).unwrap(), AT)),
        golden("tries.1.bin", Tries { wrong: 7, last: AT }),
        golden("trace.1.bin", trace()),
        golden("snapshot.1.bin", SnapshotMark { number: 7 }),
        golden("signing_key.1.bin", signing_key(None)),
        golden("signing_key.1.replaced.bin", signing_key(Some(LATER))),
    ]
}

fn entry(what: What) -> Entry {
    let event = Occasion::request(AT, IpAddr::from([203, 0, 113, 9])).by(&user().name).event(what);
    Entry { number: 7, event: event.of_user(&user().name).of_client(&client()).at_server("/notes").in_connection(&one()) }
}

/// Every stage, and answers that go to each kind of place.
fn trace() -> Trace {
    let from = IpAddr::from([160, 79, 104, 9]);
    let mut trace = Trace::default();
    for (number, uri) in
        ["https://claude.ai/cb", "http://127.0.0.1:7777/cb", "http://localhost/cb", "cursor://x/cb"].into_iter().enumerate()
    {
        let client = Client { id: ClientId::known_as(&format!("client_{number}")), ..client() };
        for stage in Stage::ALL {
            let outcome = if stage == Stage::Token { trace_step::Outcome::turned_away("said", "fix") } else { trace_step::Outcome::Passed };
            let step = Step::new(AT, stage, outcome, from, Agent::of(Some("node/22")));
            trace.note(&step.of_client(Some(&client)).answered_at(uri).at_server(Some("/notes")).by(Some(&user().name)));
        }
    }
    assert_eq!(trace.attempts().len(), 4);
    trace
}

fn configuration() -> Configuration {
    let settings = vec![("redirect_hosts".into(), "open".into()), ("allowed_hosts".into(), String::new())];
    Configuration { public_url: "https://mcp.example.com".into(), servers: vec!["/notes".into(), "/files".into()], settings }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/records")
}

#[test]
fn every_record_ever_released_is_read_as_what_it_was_and_written_as_it_is() {
    let faults: Vec<String> = goldens()
        .iter()
        .filter_map(|golden| match fs::read(folder().join(golden.file)) {
            Ok(stored) => (golden.check)(&stored).err(),
            Err(error) => Some(format!("{}: {error}", golden.file)),
        })
        .collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_file_is_read_and_every_table_has_one() {
    let known: BTreeSet<String> = goldens().iter().map(|golden| golden.file.to_owned()).collect();
    let there: BTreeSet<String> = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(known, there);
    // Tables 1 to 20, 30, 32, 33, 50, 60 and 61; table 0 holds marks, which have no value.
    let tables: BTreeSet<u8> = goldens().iter().map(|golden| golden.bytes[0]).collect();
    assert_eq!(tables, (1..=20).chain([30, 32, 33, 50, 60, 61]).collect());
}

/// Three records in the first form of a snapshot: a doorward with one account.
fn golden_snapshot() -> (PathBuf, Vec<u8>) {
    let key = ServerKey::new(&Entropy::new([3; 32]));
    let header = Header { instance: InstanceId::of(&key), number: 7, taken_at: AT, records: 3 };
    let instance = Instance { key, claimed: true, created_at: AT };
    let records = [
        (vec![Instance::TABLE as u8], record::encode(&instance).unwrap()),
        ([&[User::TABLE as u8], ann().as_str().as_bytes()].concat(), record::encode(&user()).unwrap()),
        ([&[NameOwner::TABLE as u8], &b"ann@example.com"[..]].concat(), record::encode(&NameOwner(ann())).unwrap()),
    ];
    (folder().join("../snapshots/1.snapshot"), format::encode(header, &records))
}

#[test]
fn a_snapshot_of_every_form_ever_released_is_read_and_put_back() {
    let (path, written) = golden_snapshot();
    let stored = fs::read(path).unwrap();
    assert!(stored == written, "a snapshot is written differently now: give it a new form");
    let snapshot = format::parse(&stored).unwrap();
    assert_eq!((snapshot.header.number, snapshot.header.taken_at, snapshot.header.records), (7, AT, 3));
    let data = std::env::temp_dir().join(format!("doorward-golden-{}", std::process::id()));
    let restored = Store::restore(&data, &snapshot, Access::End, LATER);
    let users = Store::open(&data, &Entropy::new([1; 32]), LATER).and_then(|store| store.users());
    fs::remove_dir_all(data).unwrap();
    assert_eq!((restored.unwrap().ended, users), ((0, 0), Ok(vec![user()])));
}

#[test]
fn a_record_that_was_cut_or_lengthened_is_damage_and_never_another_record() {
    for golden in goldens() {
        let whole = &golden.bytes;
        for end in 0..whole.len() {
            assert!((golden.check)(&whole[..end]).is_err(), "{} cut at {end}", golden.file);
        }
        assert!((golden.check)(&[whole, &[0][..]].concat()).is_err(), "{}", golden.file);
        let mut newer = whole.clone();
        newer[1] += 1;
        assert!((golden.check)(&newer).unwrap_err().contains("later doorward"), "{}", golden.file);
        for table in (0..=20).filter(|table| *table != whole[0]) {
            let mut foreign = whole.clone();
            foreign[0] = table;
            assert!((golden.check)(&foreign).is_err(), "{} as {table}", golden.file);
        }
    }
}

/// Writes the files that are not there yet: `cargo test --test records -- --ignored`. It never changes one.
#[test]
#[ignore = "writes the files; run once for a new version of a record"]
fn write_the_files_that_are_missing() {
    let records = goldens().into_iter().map(|golden| (folder().join(golden.file), golden.bytes));
    for (path, bytes) in records.chain([golden_snapshot()]) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        if !path.exists() {
            fs::write(path, bytes).unwrap();
        }
    }
}
