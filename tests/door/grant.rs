//! A token in the store, by the way on which a real one gets there: an account, a client, a consent, a code.

use doorward::clock::{self, UnixTime};
use doorward::oauth::audit::Occasion;
use doorward::oauth::authorization_request::State;
use doorward::oauth::client::{AuthMethod, Client, ClientOrigin, GrantType};
use doorward::oauth::code::{Redemption, StoredCode};
use doorward::oauth::consent::{self, Decision, Flow, Offer, Outcome, Parties};
use doorward::oauth::consent_choice::Choice;
use doorward::oauth::id_token::Authentication;
use doorward::oauth::ids::{ClientId, ConnectionId, UserId};
use doorward::oauth::params::Params;
use doorward::oauth::pkce::{self, Challenge, Pkce, Verifier};
use doorward::oauth::redirect_rules::RedirectRules;
use doorward::oauth::scope::Scope;
use doorward::oauth::secret::{AccessToken, AuthorizationCode, Flow as FlowSecret, RefreshToken, Secret, Session};
use doorward::oauth::term::{Local, Zone};
use doorward::oauth::token_policy::TokenEnds;
use doorward::oauth::user::{ServerAccess, User, UserName};
use doorward::random;
use doorward::store::{NewTokens, Store};

const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const CALLBACK: &str = "https://client.test/cb";

/// A token of `user`'s for the server at `path`, through the client `client`, and the connection it belongs to.
pub fn grant(store: &Store, user: &str, client: &str, path: &str, expires_at: Option<UnixTime>) -> (Secret<AccessToken>, ConnectionId) {
    let (user, client, now) = (account(store, user), registered(store, client), clock::now());
    let flow = Flow {
        session: random::secret::<Session>().hash(),
        user: user.id.clone(),
        user_epoch: user.epoch,
        client: client.id.clone(),
        redirect_uri: CALLBACK.into(),
        redirect_was_sent: true,
        polled: false,
        state: State(None),
        pkce: Pkce::S256(challenge()),
        asked: Scope::parse("read"),
        resource_was_sent: true,
        offers: vec![Offer { server: path.into(), scope: Scope::parse("read"), least: Scope::parse("read") }],
        expires_at: UnixTime(now.0 + 600),
        outcome: Outcome::Pending,
        authentication: Authentication { at: now, nonce: None },
        adopts: false,
    };
    let (secret, code) = (random::secret::<FlowSecret>(), random::secret::<AuthorizationCode>());
    store.begin_flow(&secret.hash(), &flow).unwrap();
    let parties = Parties { session: flow.session, user: &user, client: Some(&client), rules: &RedirectRules::open("https://as.test") };
    let choice = Choice::read(&Params::parse(&format!("scope={path}+read")).unwrap(), Local { now, zone: Zone::default() });
    let decide = |flow: Option<&Flow>| consent::decide(flow, Decision::Approve(&choice), &parties, now);
    store.settle_flow(&secret.hash(), &code.hash(), UnixTime(now.0 + 600), None, &Occasion::here(now), decide).unwrap();
    let access = random::secret::<AccessToken>();
    let connection = ConnectionId::mint(random::bytes());
    let (hash, refresh) = (access.hash(), random::secret::<RefreshToken>().hash());
    let new = NewTokens { connection: connection.clone(), access: hash, refresh, occasion: Occasion::here(now) };
    let ends = TokenEnds { access: expires_at, refresh: UnixTime(now.0 + 3600) };
    let verifier = Verifier::parse(Some(VERIFIER)).unwrap();
    let prove = |stored: &StoredCode| pkce::prove(&stored.pkce, Some(&verifier), None).unwrap();
    let redeemed = store.redeem_code(&code.hash(), &new, |stored, _| Redemption::Issue(prove(stored.unwrap()), ends));
    assert!(matches!(redeemed.unwrap().0, Redemption::Issue(..)));
    (access, connection)
}

fn challenge() -> Challenge {
    Challenge::parse(Some(CHALLENGE), Some("S256")).unwrap()
}

fn account(store: &Store, name: &str) -> User {
    let name = UserName::parse(name).unwrap();
    if let Some(user) = store.user_named(&name).unwrap() {
        return user;
    }
    let user = User {
        id: UserId::mint(random::bytes()),
        name,
        password: String::new(),
        owner: false,
        disabled: false,
        servers: ServerAccess::All,
        epoch: 0,
        created_at: clock::now(),
    };
    store.add_user(&user, &Occasion::here(clock::now())).unwrap();
    user
}

fn registered(store: &Store, id: &str) -> Client {
    let client = Client {
        id: ClientId::known_as(id),
        name: None,
        redirect_uris: vec![CALLBACK.into()],
        auth_method: AuthMethod::None,
        secret: None,
        registration_token: None,
        introspects: None,
        grant_types: GrantType::ALL.to_vec(),
        scope: None,
        application_type: None,
        client_uri: None,
        logo_uri: None,
        software: (None, None),
        origin: ClientOrigin::Manual,
        created_at: clock::now(),
        changed_at: None,
    };
    store.add_client(&client, &Occasion::here(clock::now())).unwrap();
    client
}
