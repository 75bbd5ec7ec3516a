//! API keys: made for one user and one server, shown once, revoked by id.

use super::servers::find as find_server;
use super::users::find as find_user;
use super::{Done, Failure, done};
use crate::clock::UnixTime;
use crate::config::Config;
use crate::oauth::api_key::{KeyName, KeyState, MAX_NAME, MAX_PER_USER, Standing, StoredApiKey};
use crate::oauth::audit::Occasion;
use crate::oauth::ids::KeyId;
use crate::oauth::resource::ProtectedResource;
use crate::oauth::scope::Scope;
use crate::oauth::secret::ApiKey;
use crate::oauth::user::User;
use crate::random;
use crate::store::{ListedApiKey, Store};
use serde_json::{Value, json};
use std::time::Duration;

/// What a new key shall be.
pub(super) struct Wanted<'a> {
    pub(super) name: &'a str,
    pub(super) server: &'a str,
    pub(super) scopes: &'a [String],
    pub(super) expires_in: Option<Duration>,
    pub(super) user: Option<&'a str>,
}

/// Makes a key; it is told this once.
pub(super) fn add(store: &Store, config: &Config, occasion: &Occasion, wanted: &Wanted<'_>) -> Result<Done, Failure> {
    let name = KeyName::parse(wanted.name)
        .ok_or_else(|| Failure::new("the name of the key cannot be used", format!("use up to {MAX_NAME} visible characters")))?;
    let resource = &find_server(config, wanted.server)?.resource;
    let scope = scope(resource, wanted.scopes)?;
    let user = match wanted.user {
        Some(name) => find_user(store, name)?,
        None => the_owner(store)?,
    };
    may_use(&user, resource)?;
    if store.api_keys(Some(&user.id))?.len() >= MAX_PER_USER {
        let hint = "end one that is not needed any more: doorward key list, then doorward key revoke ID";
        return Err(Failure::new(format!("{} has {MAX_PER_USER} keys already", user.name.as_str()), hint));
    }
    let secret = random::secret::<ApiKey>();
    let key = StoredApiKey {
        id: KeyId::mint(random::bytes()),
        name,
        user: user.id.clone(),
        user_epoch: user.epoch,
        server: resource.path.clone(),
        scope,
        created_at: occasion.at,
        expires_at: wanted.expires_in.map(|span| occasion.at.after(span)),
        begins: secret.beginning(),
    };
    store.add_api_key(&secret.hash(), &key, occasion)?;
    let message = format!(
        "Added the key {} for {} on {}.\nkey id: {}\nkey (shown this once): {}",
        key.name.as_str(),
        user.name.as_str(),
        key.server,
        key.id,
        secret.reveal()
    );
    let mut data = describe(&ListedApiKey { standing: Standing { key, user: Some(user) }, last_use: None }, occasion.at);
    if let Some(members) = data.as_object_mut() {
        members.insert("key".into(), json!(secret.reveal()));
    }
    Ok(done(message, data))
}

/// What was asked for, all of which the server must offer; without a wish what it grants to anybody.
fn scope(resource: &ProtectedResource, asked: &[String]) -> Result<Scope, Failure> {
    let offered = resource.offered();
    if let Some(unknown) = asked.iter().find(|name| !offered.contains(name)) {
        let hint = if offered.is_empty() { "leave --scope out: it has none".to_owned() } else { format!("use one of: {offered}") };
        return Err(Failure::new(format!("{} does not offer the scope {unknown}", resource.path), hint));
    }
    Ok(if asked.is_empty() { resource.default_scope.clone() } else { asked.iter().collect() })
}

fn the_owner(store: &Store) -> Result<User, Failure> {
    let mut owners = store.users()?.into_iter().filter(|user| user.owner && !user.disabled);
    match (owners.next(), owners.next()) {
        (Some(owner), None) => Ok(owner),
        (None, _) => Err(Failure::new("there is no owner yet", "make one first: doorward setup, or doorward user add NAME --owner")),
        (Some(_), Some(_)) => Err(Failure::new("there are several owners", "say whose key it is: --user NAME")),
    }
}

fn may_use(user: &User, resource: &ProtectedResource) -> Result<(), Failure> {
    let (name, path) = (user.name.as_str(), &resource.path);
    if user.disabled {
        return Err(Failure::new(format!("{name} is disabled"), format!("switch the account on first: doorward user enable {name}")));
    }
    if user.may_use(path) {
        return Ok(());
    }
    Err(Failure::new(format!("{name} may not use {path}"), format!("allow it first: doorward user allow {name} {path}")))
}

/// Every key; `user` limits that to this one's own.
pub(super) fn list(store: &Store, occasion: &Occasion, user: Option<&str>) -> Result<Done, Failure> {
    let of = user.map(|name| find_user(store, name)).transpose()?.map(|user| user.id);
    Ok(done("", store.api_keys(of.as_ref())?.iter().map(|listed| describe(listed, occasion.at)).collect()))
}

/// Ends one; `user` limits that to this one's own.
pub(super) fn revoke(store: &Store, occasion: &Occasion, id: &str, user: Option<&str>) -> Result<Done, Failure> {
    let of = user.map(|name| find_user(store, name)).transpose()?.map(|user| user.id);
    let revoked = store.revoke_api_keys(occasion, |key| key.id.as_str() == id && of.as_ref().is_none_or(|user| key.user == *user))?;
    if revoked > 0 {
        Ok(done(format!("Revoked {id}."), json!({ "id": id })))
    } else {
        Err(Failure::unknown(format!("there is no key {id}"), "to see which there are: doorward key list"))
    }
}

fn describe(listed: &ListedApiKey, now: UnixTime) -> Value {
    let Standing { key, user } = &listed.standing;
    let mut data = json!({
        "id": key.id.as_str(),
        "name": key.name.as_str(),
        "begins": key.begins,
        "user": user.as_ref().map_or("(removed)", |user| user.name.as_str()),
        "server": key.server,
        "scope": key.scope.to_string(),
        "state": match listed.standing.state(now) {
            KeyState::Active => "active",
            KeyState::Expired => "expired",
            KeyState::Ended => "ended",
        },
        "created_at": key.created_at.0,
    });
    if let (Some(at), Some(members)) = (key.expires_at, data.as_object_mut()) {
        members.insert("expires_at".into(), json!(at.0));
    }
    super::with_last_use(&mut data, listed.last_use);
    data
}
