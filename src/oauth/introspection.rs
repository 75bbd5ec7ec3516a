//! What a token is good for, told to those whom it concerns (RFC 7662).

use super::api_key;
use super::bearer::{self, Bearer, StoredAccessToken};
use super::client_auth::AuthenticatedClient;
use super::connection::{self, Connection, Standing, StandingGrant};
use super::error::Refusal;
use super::pause::Pauses;
use super::refresh::StoredRefreshToken;
use super::resource::ProtectedResource;
use super::scope::Scope;
use super::user::User;
use crate::clock::UnixTime;
use serde_json::{Value, json};

/// What every answer needs to know.
pub struct Introspection<'a> {
    /// Who asks.
    pub client: &'a AuthenticatedClient,
    /// The protected servers.
    pub resources: &'a [ProtectedResource],
    /// Our origin.
    pub issuer: &'a str,
    /// Now.
    pub now: UnixTime,
}

/// RFC 7662 §2.2: this and nothing more for a token that is unknown, over, or none of the asking client's business. No
/// two of these can be told apart.
pub fn inactive() -> Value {
    json!({ "active": false })
}

/// True for the answer about a token that is good for something.
pub fn is_active(answer: &Value) -> bool {
    *answer != inactive()
}

impl Introspection<'_> {
    /// Whether a resource server may be told about a token now: while calls are held up at the gate they are here, too, since
    /// `inactive` would make apps connect anew. Any other client is told about its tokens, which stay what they are.
    ///
    /// # Errors
    /// [`Refusal::ServerPausedForNow`], [`Refusal::ClientPaused`].
    pub fn held_up(&self, pauses: &Pauses, stored: Option<&(StoredAccessToken, Standing)>) -> Result<(), Refusal> {
        let Some(resource) = self.served() else { return Ok(()) };
        // That a server is closed is for callers; who checks for them is to ask again.
        let open = pauses.open(resource).map_err(|_| Refusal::ServerPausedForNow)?;
        let connection = stored.map(|(_, standing)| &standing.connection).filter(|connection| connection.server == resource.path);
        connection.map_or(Ok(()), |connection| open.admits(&Bearer::Client(connection.client.clone())))
    }

    /// The answer about an access token. Its client is told what it was granted, and a resource server what that reaches,
    /// as an upstream is.
    pub fn access(&self, stored: Option<(StoredAccessToken, Standing)>) -> Value {
        let Ok((token, grant)) = bearer::alive(stored, self.now) else { return inactive() };
        let Some(resource) = self.resource(&grant) else { return inactive() };
        let scope = match grant.connection() {
            own if self.owns(own) => token.scope,
            ours if self.serves(ours) => resource.hierarchy.reach(&token.scope),
            _ => return inactive(),
        };
        let more = [("token_type", json!("Bearer")), ("iat", json!(token.issued_at.0))];
        self.describe(of(&grant), resource, &scope, grant.connection().within(token.expires_at), &more)
    }

    /// The answer about an API key: to the server that it is for what the gate tells an upstream, and nothing to anybody else.
    pub fn key(&self, stored: Option<api_key::Standing>) -> Value {
        let Some(resource) = self.served() else { return inactive() };
        let Ok((standing, scope)) = bearer::alive_key(stored, resource, self.now) else { return inactive() };
        let key = &standing.key;
        let more = [("token_type", json!("Bearer")), ("iat", json!(key.created_at.0))];
        self.describe((key.id.as_str(), &standing.user), resource, &scope, key.expires_at, &more)
    }

    /// The answer about a refresh token. One that was rotated is over, although it may still bring its old answer again:
    /// whoever asks shall use the newer one. Asking is no use of it, so nothing ends by it.
    pub fn refresh(&self, stored: Option<(StoredRefreshToken, Standing)>) -> Value {
        let alive = stored.filter(|(token, _)| token.rotated.is_none() && !token.expires_at.has_come(self.now));
        let Some((token, Ok(grant))) = alive.map(|(token, standing)| (token, connection::stands(standing, self.now))) else {
            return inactive();
        };
        let usable = grant.connection().refreshable && self.owns(grant.connection());
        let Some(resource) = self.resource(&grant).filter(|_| usable) else { return inactive() };
        self.describe(of(&grant), resource, &grant.connection().scope, grant.connection().within(Some(token.expires_at)), &[])
    }

    /// The server that the grant is for, while there is one.
    fn resource(&self, grant: &StandingGrant) -> Option<&ProtectedResource> {
        self.resources.iter().find(|resource| resource.path == grant.connection().server)
    }

    /// The members of RFC 7662 §2.2; a token that does not expire has no `exp`.
    fn describe(
        &self,
        (bearer, user): (&str, &User),
        resource: &ProtectedResource,
        scope: &Scope,
        end: Option<UnixTime>,
        more: &[(&str, Value)],
    ) -> Value {
        let mut answer = json!({
            "active": true,
            "scope": scope.to_string(),
            "client_id": bearer,
            "username": user.name.as_str(),
            "sub": user.id.as_str(),
            "aud": resource.uri,
            "iss": self.issuer,
        });
        if let Some(members) = answer.as_object_mut() {
            members.extend(end.map(|end| ("exp".to_owned(), json!(end.0))));
            members.extend(more.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        }
        answer
    }

    /// A client is told about what was issued to itself. RFC 7662 §2.1 wants every caller authorized. Deviates: a public
    /// client, which can prove nothing, may ask too, because the token that it shows would let it do all that the answer
    /// only tells of.
    fn owns(&self, connection: &Connection) -> bool {
        connection.client == self.client.client().id
    }

    /// A resource server, which the owner entered as one, is told about the access tokens that are for it. Those for
    /// another server are inactive to it (RFC 7662 §4), and refresh tokens are none of its business.
    fn serves(&self, connection: &Connection) -> bool {
        self.served().is_some_and(|resource| resource.path == connection.server)
    }

    /// The server that asks, if it is one that has proven so.
    fn served(&self) -> Option<&ProtectedResource> {
        let client = self.client.client();
        let path = client.introspects.as_ref().filter(|_| client.is_confidential())?;
        self.resources.iter().find(|resource| resource.path == *path)
    }
}

/// Who carries the tokens of a grant, and for whom.
fn of(grant: &StandingGrant) -> (&str, &User) {
    (grant.connection().client.as_str(), grant.user())
}

/// RFC 7662 §2.3: whoever does not say who it is gets 401, as does whoever cannot prove it.
pub fn unauthorized(refusal: Refusal) -> Refusal {
    if refusal == Refusal::ParameterMissing("client_id") { Refusal::ClientUnknown } else { refusal }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::api_key::StoredApiKey;
    use crate::oauth::client::Client;
    use crate::oauth::client_auth;
    use crate::oauth::connection::{EndReason, Ended};
    use crate::oauth::fixtures::{
        ISSUER, NOW, api_key, authenticated, confidential, connection, key_standing, params, resource, seconds_later, secret, standing,
        user,
    };
    use crate::oauth::refresh::Rotated;
    use crate::oauth::scope_hierarchy::ScopeHierarchy;
    use crate::oauth::secret::ClientSecret;
    use crate::oauth::user::User;

    fn access_token() -> StoredAccessToken {
        StoredAccessToken {
            connection: connection().id,
            scope: Scope::parse("read"),
            issued_at: NOW,
            expires_at: Some(seconds_later(3600)),
            used: true,
        }
    }

    fn refresh_token() -> StoredRefreshToken {
        StoredRefreshToken { connection: connection().id, expires_at: seconds_later(7200), rotated: None }
    }

    /// What `claude` is told about both tokens so many seconds later, the one to which they were issued.
    fn told_later(standing: &Standing, seconds: u64) -> [Value; 2] {
        told_to("claude", standing, seconds)
    }

    fn told_to(client: &str, standing: &Standing, seconds: u64) -> [Value; 2] {
        let (client, resources) = (authenticated(client), [resource("/files"), resource("/notes")]);
        let asked = Introspection { client: &client, resources: &resources, issuer: ISSUER, now: seconds_later(seconds) };
        [asked.access(Some((access_token(), standing.clone()))), asked.refresh(Some((refresh_token(), standing.clone())))]
    }

    #[test]
    fn a_client_is_told_everything_about_its_own_tokens() {
        let [access, refresh] = told_later(&standing(), 0);
        let expected = json!({
            "active": true,
            "scope": "read",
            "client_id": "claude",
            "username": "ann",
            "token_type": "Bearer",
            "exp": seconds_later(3600).0,
            "iat": NOW.0,
            "sub": "ann",
            "aud": "https://mcp.example.com/notes",
            "iss": ISSUER,
        });
        assert_eq!(access, expected);
        assert_eq!((&refresh["active"], &refresh["scope"]), (&json!(true), &json!("read write")));
        assert_eq!((&refresh["exp"], refresh.get("token_type")), (&json!(seconds_later(7200).0), None));
    }

    #[test]
    fn a_refresh_token_that_was_given_back_is_over_while_its_access_tokens_live_on() {
        let [access, refresh] = told_later(&Standing { connection: connection().without_refresh(), ..standing() }, 0);
        assert_eq!((&access["active"], refresh), (&json!(true), inactive()));
    }

    #[test]
    fn a_token_that_does_not_expire_has_no_exp() {
        let (client, resources) = (authenticated("claude"), [resource("/notes")]);
        let asked = Introspection { client: &client, resources: &resources, issuer: ISSUER, now: UnixTime(u64::MAX) };
        let answer = asked.access(Some((StoredAccessToken { expires_at: None, ..access_token() }, standing())));
        assert_eq!((&answer["active"], answer.get("exp")), (&json!(true), None));
    }

    #[test]
    fn what_is_told_of_a_connection_for_a_time_ends_with_it() {
        let limited = Standing { connection: Connection { ends_at: Some(seconds_later(60)), ..connection() }, ..standing() };
        let [access, refresh] = told_later(&limited, 59);
        assert_eq!((&access["exp"], &refresh["exp"]), (&json!(seconds_later(60).0), &json!(seconds_later(60).0)));
        assert_eq!(told_later(&limited, 60), [inactive(), inactive()]);
    }

    #[test]
    fn a_token_is_over_when_it_is_refused_elsewhere() {
        assert_eq!(told_later(&standing(), 3601)[0], inactive());
        assert_eq!(told_later(&standing(), 7199)[1]["active"], true);
        assert_eq!(told_later(&standing(), 7200)[1], inactive());
        let ended = Some(Ended { at: NOW, why: EndReason::RevokedByUser });
        for standing in [
            Standing { connection: Connection { ended, ..connection() }, ..standing() },
            Standing { user: None, ..standing() },
            Standing { client: None, ..standing() },
            Standing { user: Some(User { disabled: true, ..user("ann") }), ..standing() },
            Standing { user: Some(User { epoch: 4, ..user("ann") }), ..standing() },
            Standing { connection: Connection { server: "/gone".into(), ..connection() }, ..standing() },
        ] {
            assert_eq!(told_later(&standing, 0), [inactive(), inactive()], "{standing:?}");
        }
    }

    #[test]
    fn what_is_anothers_looks_like_what_is_unknown() {
        let client = authenticated("cursor");
        let asked = Introspection { client: &client, resources: &[resource("/notes")], issuer: ISSUER, now: NOW };
        assert_eq!((asked.access(None), asked.refresh(None)), (inactive(), inactive()));
        assert_eq!(told_to("cursor", &standing(), 0), [inactive(), inactive()]);
        assert_eq!(inactive().as_object().unwrap().len(), 1);
    }

    /// The client `rs`, with its secret.
    fn proven(client: Client) -> AuthenticatedClient {
        let form = format!("client_id=rs&client_secret={}", secret::<ClientSecret>(1).reveal());
        let credentials = client_auth::credentials(&params(&form), std::iter::empty()).unwrap();
        client_auth::authenticate(&credentials, Some(client)).unwrap()
    }

    #[test]
    fn a_resource_server_is_told_about_the_access_tokens_for_it_and_nothing_else() {
        let told = |client: Client| {
            let client = proven(client);
            let resources = [resource("/notes"), resource("/files")];
            let asked = Introspection { client: &client, resources: &resources, issuer: ISSUER, now: NOW };
            [asked.access(Some((access_token(), standing()))), asked.refresh(Some((refresh_token(), standing())))]
        };
        let server = |path: &str| Client { introspects: Some(path.into()), ..confidential("rs", &secret(1)) };
        let [access, refresh] = told(server("/notes"));
        assert_eq!((&access["client_id"], &access["aud"]), (&json!("claude"), &json!("https://mcp.example.com/notes")));
        assert_eq!((refresh, &access["scope"]), (inactive(), &json!("read")));
        for other in [server("/files"), server("/note"), server(""), confidential("rs", &secret(1))] {
            assert_eq!(told(other.clone()), [inactive(), inactive()], "{other:?}");
        }
        let unproven = Client { secret: None, ..server("/notes") };
        assert_eq!(told(unproven), [inactive(), inactive()]);
    }

    /// What `client` is told about a key so many seconds later, where `read` includes `write`.
    fn told_of_key(client: Client, stored: Option<api_key::Standing>, seconds: u64) -> Value {
        let hierarchy = ScopeHierarchy::new(&[("read".into(), Scope::parse("write"))]).unwrap();
        let resources = [resource("/files"), ProtectedResource { hierarchy, ..resource("/notes") }];
        let client = proven(client);
        Introspection { client: &client, resources: &resources, issuer: ISSUER, now: seconds_later(seconds) }.key(stored)
    }

    fn resource_server(path: &str) -> Client {
        Client { introspects: Some(path.into()), ..confidential("rs", &secret(1)) }
    }

    #[test]
    fn a_resource_server_is_told_about_a_key_for_it_what_the_gate_tells_an_upstream() {
        let reads = api_key::Standing { key: StoredApiKey { scope: Scope::parse("read"), ..api_key() }, ..key_standing() };
        let expected = json!({
            "active": true,
            "scope": "read write",
            "client_id": "key_1",
            "username": "ann",
            "token_type": "Bearer",
            "exp": seconds_later(3600).0,
            "iat": api_key().created_at.0,
            "sub": "ann",
            "aud": "https://mcp.example.com/notes",
            "iss": ISSUER,
        });
        assert_eq!(told_of_key(resource_server("/notes"), Some(reads), 0), expected);
        let endless = api_key::Standing { key: StoredApiKey { expires_at: None, ..api_key() }, ..key_standing() };
        assert_eq!(told_of_key(resource_server("/notes"), Some(endless), 0).get("exp"), None);
    }

    #[test]
    fn a_key_is_inactive_once_it_has_ended_and_to_anybody_but_its_server() {
        let active = |client, stored, seconds| is_active(&told_of_key(client, stored, seconds));
        assert!(active(resource_server("/notes"), Some(key_standing()), 3599));
        assert!(!active(resource_server("/notes"), Some(key_standing()), 3600));
        assert!(!active(resource_server("/notes"), None, 0));
        let of_nobody = api_key::Standing { user: None, ..key_standing() };
        assert!(!active(resource_server("/notes"), Some(of_nobody), 0));
        let gone = api_key::Standing { key: StoredApiKey { scope: Scope::parse("gone"), ..api_key() }, ..key_standing() };
        assert!(!active(resource_server("/notes"), Some(gone), 0));
        let unproven = Client { secret: None, ..resource_server("/notes") };
        for other in [resource_server("/files"), resource_server("/note"), confidential("rs", &secret(1)), unproven] {
            assert!(!active(other.clone(), Some(key_standing()), 0), "{other:?}");
        }
    }

    #[test]
    fn a_resource_server_is_told_what_a_scope_reaches_and_a_client_what_it_was_granted() {
        let hierarchy = ScopeHierarchy::new(&[("read".into(), Scope::parse("write"))]).unwrap();
        let resources = [ProtectedResource { hierarchy, ..resource("/notes") }];
        let told = |client: &AuthenticatedClient| {
            let asked = Introspection { client, resources: &resources, issuer: ISSUER, now: NOW };
            asked.access(Some((access_token(), standing())))["scope"].clone()
        };
        let server = Client { introspects: Some("/notes".into()), ..confidential("rs", &secret(1)) };
        assert_eq!(told(&proven(server)), "read write");
        assert_eq!(told(&authenticated("claude")), "read");
    }

    #[test]
    fn a_rotated_refresh_token_is_over_while_its_answer_may_still_be_repeated() {
        let client = authenticated("claude");
        let asked = Introspection { client: &client, resources: &[resource("/notes")], issuer: ISSUER, now: NOW };
        let rotated = Some(Rotated { at: NOW, salt: [1; 16], scope: Scope::parse("read") });
        assert_eq!(asked.refresh(Some((StoredRefreshToken { rotated, ..refresh_token() }, standing()))), inactive());
    }

    #[test]
    fn whoever_says_nothing_of_itself_is_unauthorized() {
        assert_eq!(unauthorized(Refusal::ParameterMissing("client_id")).wire().status, 401);
        for refusal in [Refusal::ParameterMissing("token"), Refusal::NotAForm, Refusal::ClientSecretWrong] {
            assert_eq!(unauthorized(refusal), refusal);
        }
    }
}
