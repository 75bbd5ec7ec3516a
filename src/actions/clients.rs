//! Clients that an owner enters, sees and removes.

use super::servers;
use super::{Done, Failure, done};
use crate::config::Config;
use crate::oauth::audit::Occasion;
use crate::oauth::client::{AuthMethod, Client, ClientKinds, ClientOrigin, GrantType};
use crate::oauth::ids::ClientId;
use crate::oauth::known_clients::{self, Preset};
use crate::oauth::pause::{Pauses, Subject};
use crate::oauth::redirect_rules::RedirectRules;
use crate::oauth::redirect_uri::{self, MAX_URIS, RegisteredBy};
use crate::oauth::registration::{self, MAX_NAME, TakenNames};
use crate::oauth::secret::{ClientSecret, Secret};
use crate::oauth::text::Shown;
use crate::random;
use crate::store::Store;
use serde_json::{Value, json};

/// Enters a client; its secret, if it is to have one, is told this once.
pub(super) fn add(
    store: &Store,
    config: &Config,
    occasion: &Occasion,
    preset: Option<&str>,
    redirect_uris: Vec<String>,
    (name, with_secret): (Option<String>, bool),
) -> Result<Done, Failure> {
    let known = preset.map(|word| known_clients::preset(word).ok_or_else(|| unknown_preset(word))).transpose()?;
    let known = known.unwrap_or(Preset { name: None, redirect_uris: vec![] });
    let redirect_uris = [known.redirect_uris, redirect_uris].concat();
    check_name(name.as_deref(), config, None)?;
    check(&redirect_uris, &config.clients.redirects)?;
    if with_secret && config.clients.kinds == ClientKinds::PublicOnly {
        let hint = "leave --secret out, or take public_only out of doorward.toml and start doorward again";
        return Err(Failure::new("this doorward lets in public clients only (public_only)", hint));
    }
    let secret = with_secret.then(random::secret::<ClientSecret>);
    let client = Client {
        name: name.or(known.name),
        redirect_uris,
        auth_method: if with_secret { AuthMethod::ClientSecretPost } else { AuthMethod::None },
        secret: secret.as_ref().map(Secret::hash),
        ..entered(occasion)
    };
    enter(store, occasion, &client, secret.as_ref())
}

/// Enters a server that asks about the tokens for it; its secret is told this once.
pub(super) fn add_resource_server(
    store: &Store,
    config: &Config,
    occasion: &Occasion,
    path: &str,
    name: Option<String>,
) -> Result<Done, Failure> {
    let resource = &servers::find(config, path)?.resource;
    check_name(name.as_deref(), config, Some(&resource.path))?;
    let secret = random::secret::<ClientSecret>();
    let client = Client {
        name: name.or_else(|| Some(format!("{} (resource server)", resource.name))),
        auth_method: AuthMethod::ClientSecretBasic,
        secret: Some(secret.hash()),
        introspects: Some(resource.path.clone()),
        // It asks for no tokens, so it has no grants and no place for answers.
        grant_types: Vec::new(),
        ..entered(occasion)
    };
    enter(store, occasion, &client, Some(&secret))
}

/// A client of the owner's, of which nothing is known yet.
fn entered(occasion: &Occasion) -> Client {
    Client {
        id: ClientId::mint(random::bytes()),
        name: None,
        redirect_uris: Vec::new(),
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
        created_at: occasion.at,
        changed_at: None,
    }
}

fn enter(store: &Store, occasion: &Occasion, client: &Client, secret: Option<&Secret<ClientSecret>>) -> Result<Done, Failure> {
    store.add_client(client, occasion)?;
    let mut data = describe(client, &store.pauses()?);
    let mut message = format!("Added {}.\nclient id: {}", Shown::new(client.display_name()), client.id);
    if let (Some(secret), Some(members)) = (secret, data.as_object_mut()) {
        members.insert("client_secret".into(), json!(secret.reveal()));
        message.push_str(&format!("\nclient secret (shown this once): {}", secret.reveal()));
    }
    Ok(done(message, data))
}

fn unknown_preset(word: &str) -> Failure {
    let presets: Vec<&str> = known_clients::presets().collect();
    Failure::usage(format!("there is no preset {word}"), format!("use one of: {}; or --redirect-uri URI", presets.join(", ")))
}

/// The rule of registration: the name stands on pages and in lists as any other does. A resource server is never on a consent
/// page, and may bear the name of the server at `its_own` path, which it is.
fn check_name(name: Option<&str>, config: &Config, its_own: Option<&str>) -> Result<(), Failure> {
    let others = config.servers.iter().map(|server| &server.resource).filter(|resource| its_own != Some(resource.path.as_str()));
    let taken = TakenNames { servers: others.map(|resource| resource.name.as_str()).collect() };
    if name.is_none_or(|name| registration::is_fit(name, &taken)) {
        return Ok(());
    }
    let hint = format!("use up to {MAX_NAME} visible characters, and neither doorward nor the name of a server as a word");
    Err(Failure::usage("the name of the client cannot be used", hint))
}

fn check(uris: &[String], rules: &RedirectRules) -> Result<(), Failure> {
    if uris.is_empty() || uris.len() > MAX_URIS {
        return Err(Failure::usage(
            format!("a client needs 1 to {MAX_URIS} redirect URIs"),
            "give them with --redirect-uri URI, or use --preset NAME",
        ));
    }
    for uri in uris {
        redirect_uri::registrable(uri, RegisteredBy::Owner, rules).map_err(|problem| {
            Failure::usage(format!("{uri} cannot be used: {}", problem.describe()), "copy the address from the app's own settings")
        })?;
    }
    Ok(())
}

/// Every client.
pub(super) fn list(store: &Store) -> Result<Done, Failure> {
    let mut clients = store.clients()?;
    clients.sort_by_key(|client| client.created_at);
    let pauses = store.pauses()?;
    Ok(done("", clients.iter().map(|client| describe(client, &pauses)).collect()))
}

/// One client.
pub(super) fn show(store: &Store, id: &str) -> Result<Done, Failure> {
    let client = store.client(&ClientId::known_as(id))?.ok_or_else(|| unknown(id))?;
    Ok(done("", describe(&client, &store.pauses()?)))
}

/// Removes a client and ends its connections.
pub(super) fn remove(store: &Store, occasion: &Occasion, id: &str) -> Result<Done, Failure> {
    let removed = store.remove_client(&ClientId::known_as(id), occasion)?;
    if removed { Ok(done(format!("Removed {id}; its connections have ended."), json!({ "id": id }))) } else { Err(unknown(id)) }
}

/// Holds up the calls of a client, at every server.
pub(super) fn pause(store: &Store, occasion: &Occasion, id: &str) -> Result<Done, Failure> {
    let client = store.client(&ClientId::known_as(id))?.ok_or_else(|| unknown(id))?;
    store.pause(&Subject::Client(client.id.clone()), occasion)?;
    let name = Shown::new(client.display_name());
    let message = format!("Paused {name}. It stays connected; its calls get 503 until: doorward client resume {id}");
    Ok(done(message, describe(&client, &store.pauses()?)))
}

/// Lets it go on.
pub(super) fn resume(store: &Store, occasion: &Occasion, id: &str) -> Result<Done, Failure> {
    let client = store.client(&ClientId::known_as(id))?.ok_or_else(|| unknown(id))?;
    let changed = store.resume(&Subject::Client(client.id.clone()), occasion)?;
    let name = Shown::new(client.display_name());
    let message = if changed { format!("Resumed {name}.") } else { format!("{name} was not paused.") };
    Ok(done(message, describe(&client, &store.pauses()?)))
}

fn unknown(id: &str) -> Failure {
    Failure::unknown(format!("there is no client {id}"), "to see which there are: doorward client list")
}

fn describe(client: &Client, pauses: &Pauses) -> Value {
    let mut data = json!({
        "id": client.id.as_str(),
        "name": client.display_name(),
        "redirect_uris": client.redirect_uris,
        "token_endpoint_auth_method": client.auth_method.as_str(),
        "registered": match client.origin {
            ClientOrigin::Dynamic => "by itself",
            ClientOrigin::Manual => "by the owner",
            ClientOrigin::Known => "by its address",
        },
        "created_at": client.created_at.0,
        "paused": pauses.client(&client.id).is_some(),
    });
    if let Some(members) = data.as_object_mut() {
        members.extend(client.introspects.as_ref().map(|path| ("introspects".to_owned(), json!(path))));
        members.extend(client.changed_at.map(|at| ("changed_at".to_owned(), json!(at.0))));
    }
    data
}
