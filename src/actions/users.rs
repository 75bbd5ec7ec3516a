//! Accounts.

use super::servers;
use super::{Done, Failure, done};
use crate::config::Config;
use crate::oauth::audit::{Event, Occasion};
use crate::oauth::audit_kinds::What;
use crate::oauth::connection::EndReason;
use crate::oauth::ids::UserId;
use crate::oauth::secret::{InvitationLink, Secret};
use crate::oauth::throttle;
use crate::oauth::user::{MAX_PASSWORD, MIN_PASSWORD, NewPassword, ServerAccess, User, UserName};
use crate::password;
use crate::random;
use crate::store::{AddUser, Gone, Store};
use serde_json::{Value, json};

/// Adds an account; without a password its person chooses one by the link that is told this once. While there is none with that right, the first one becomes the owner.
pub(super) fn add(
    store: &Store,
    config: &Config,
    occasion: &Occasion,
    name: &str,
    password: Option<&str>,
    (owner, servers): (bool, &[String]),
) -> Result<Done, Failure> {
    let name = read_name(name)?;
    let servers: Vec<String> = servers.iter().map(|path| known_server(config, path)).collect::<Result<_, _>>()?;
    let first = !store.is_claimed()? && !store.users()?.iter().any(|user| user.owner);
    let user = User {
        id: UserId::mint(random::bytes()),
        name,
        password: password.map_or(Ok(String::new()), hash)?,
        owner: owner || first,
        disabled: false,
        servers: if servers.is_empty() { ServerAccess::All } else { ServerAccess::Only(servers) },
        epoch: 0,
        created_at: occasion.at,
    };
    match store.add_user(&user, occasion)? {
        AddUser::Added => {
            let role = if first && !owner { " They are the owner, since there was none." } else { "" };
            let added = format!("Added {}.{role}", user.name.as_str());
            if user.has_password() {
                return Ok(done(added, describe(&user)));
            }
            let invited = link_for(store, config, occasion, &user)?;
            Ok(done(format!("{added} {}", invited.message), invited.data))
        }
        AddUser::NameTaken => {
            let name = user.name.as_str();
            Err(Failure::new(format!("there is a user {name} already"), format!("to change the password: doorward user password {name}")))
        }
    }
}

/// Makes a link with which the person of an account chooses a new password. The old one is good until then.
pub(super) fn invite(store: &Store, config: &Config, occasion: &Occasion, name: &str) -> Result<Done, Failure> {
    let user = find(store, name)?;
    link_for(store, config, occasion, &user)
}

/// Takes the password of an account away, and with it whatever was granted or signed in; its person chooses another by link.
pub(super) fn reset(store: &Store, config: &Config, occasion: &Occasion, name: &str) -> Result<Done, Failure> {
    let user = find(store, name)?;
    if user.disabled {
        return Err(disabled(user.name.as_str()));
    }
    let link = random::secret::<InvitationLink>();
    // Whoever can do this need not wait for those who guessed at the old one.
    store.forgive(&throttle::account(store.key(), &user.name))?;
    let user = gone(&user, store.reset_user(&user.id, &link.hash(), occasion.at.after(config.lifetimes.invitation), occasion)?)?;
    let shown = link_shown(config, &user, &link);
    let ended = format!("The password of {} works no more, and what it had let in has ended.", user.name.as_str());
    Ok(done(format!("{ended}\n{}", shown.message), shown.data))
}

fn disabled(name: &str) -> Failure {
    Failure::new(format!("{name} is disabled"), format!("switch the account on first: doorward user enable {name}"))
}

fn link_for(store: &Store, config: &Config, occasion: &Occasion, user: &User) -> Result<Done, Failure> {
    let link = random::secret::<InvitationLink>();
    let name = user.name.as_str();
    let ends = occasion.at.after(config.lifetimes.invitation);
    let user = store.invite(&link.hash(), &user.id, ends, occasion)?.ok_or_else(|| disabled(name))?;
    Ok(link_shown(config, &user, &link))
}

fn link_shown(config: &Config, user: &User, link: &Secret<InvitationLink>) -> Done {
    let name = user.name.as_str();
    let url = format!("{}/invite?token={}", config.issuer.origin, link.reveal());
    let hours = config.lifetimes.invitation.as_secs() / 3600;
    let mut data = describe(user);
    if let Some(members) = data.as_object_mut() {
        members.insert("url".into(), json!(url));
    }
    done(format!("{name} chooses a password here (once, within {hours} hours):\n\n    {url}\n"), data)
}

/// Every account.
pub(super) fn list(store: &Store) -> Result<Done, Failure> {
    Ok(done("", store.users()?.iter().map(describe).collect()))
}

/// Changes a password. Everything granted or signed in under the old one ends.
pub(super) fn set_password(store: &Store, occasion: &Occasion, name: &str, password: &str) -> Result<Done, Failure> {
    let user = find(store, name)?;
    let hash = hash(password)?;
    let change = |user: User| User { password: hash.clone(), epoch: user.epoch.wrapping_add(1), ..user };
    // Whoever can do this need not wait for those who guessed at the old one.
    store.forgive(&throttle::account(store.key(), &user.name))?;
    changed(
        store,
        &user,
        &occasion.event(What::PasswordChanged),
        change,
        "Changed the password. Browsers and apps of this user must sign in again, and their API keys have ended.",
    )
}

/// Switches an account off. What it granted is of no use from now on.
pub(super) fn disable(store: &Store, occasion: &Occasion, name: &str) -> Result<Done, Failure> {
    let user = find(store, name)?;
    let user = gone(&user, store.disable_user(&user.id, occasion)?)?;
    Ok(done("Disabled the user; their connections and API keys have ended.", describe(&user)))
}

/// Switches an account on again. What it granted before stays ended.
pub(super) fn enable(store: &Store, occasion: &Occasion, name: &str) -> Result<Done, Failure> {
    let user = find(store, name)?;
    let change = |user: User| User { disabled: false, ..user };
    let message = "Enabled the user; their apps connect anew, and their scripts need new API keys.";
    changed(store, &user, &occasion.event(What::UserEnabled), change, message)
}

/// Without an owner who can sign in, nobody could ever set this right from a browser.
fn gone(user: &User, gone: Gone) -> Result<User, Failure> {
    let name = user.name.as_str();
    match gone {
        Gone::Done(user) => Ok(user),
        Gone::LastOwner => Err(Failure::new(format!("{name} is the only owner"), "add another first: doorward user add NAME --owner")),
        Gone::Unknown => Err(unknown(name)),
    }
}

/// Removes an account and ends its connections.
pub(super) fn remove(store: &Store, occasion: &Occasion, name: &str) -> Result<Done, Failure> {
    let user = find(store, name)?;
    gone(&user, store.remove_user(&user, occasion)?)?;
    Ok(done(format!("Removed {}; their connections and API keys have ended.", user.name.as_str()), describe(&user)))
}

/// Lets an account use a server.
pub(super) fn allow(store: &Store, config: &Config, occasion: &Occasion, name: &str, path: &str) -> Result<Done, Failure> {
    let user = find(store, name)?;
    let path = &known_server(config, path)?;
    let change = |user: User| {
        let servers = match &user.servers {
            ServerAccess::All => ServerAccess::All,
            ServerAccess::Only(paths) if paths.iter().any(|allowed| allowed == path) => user.servers.clone(),
            ServerAccess::Only(paths) => ServerAccess::Only(paths.iter().cloned().chain([path.to_owned()]).collect()),
        };
        User { servers, ..user }
    };
    changed(store, &user, &occasion.event(What::ServerAllowed).at_server(path), change, "Allowed.")
}

/// Takes a server from an account; its connections there end at once.
pub(super) fn deny(store: &Store, config: &Config, occasion: &Occasion, name: &str, path: &str) -> Result<Done, Failure> {
    let user = find(store, name)?;
    let path = &known_server(config, path)?;
    let all: Vec<String> = config.servers.iter().map(|server| server.resource.path.clone()).collect();
    let change = |user: User| {
        let allowed = match &user.servers {
            ServerAccess::All => all.clone(),
            ServerAccess::Only(paths) => paths.clone(),
        };
        User { servers: ServerAccess::Only(allowed.into_iter().filter(|allowed| allowed != path).collect()), ..user }
    };
    let event = occasion.event(What::ServerDenied).at_server(path);
    let message = "Denied; their connections to this server and their API keys for it have ended.";
    let denied = changed(store, &user, &event, change, message)?;
    // The user may not use the server from the change above on; ending connections and keys keeps a later "allow" from
    // bringing them back.
    for listed in store.connections(Some(&user.id), occasion.at)?.iter().filter(|listed| listed.connection.server == *path) {
        store.end_connection(&listed.connection.id, None, EndReason::ServerDenied, occasion)?;
    }
    store.revoke_api_keys(occasion, |key| key.user == user.id && key.server == *path)?;
    Ok(denied)
}

fn changed(store: &Store, user: &User, event: &Event, change: impl Fn(User) -> User, message: &str) -> Result<Done, Failure> {
    let changed = store.change_user(&user.id, event, change)?;
    changed.map(|user| done(message, describe(&user))).ok_or_else(|| unknown(user.name.as_str()))
}

/// The account of that name.
pub(super) fn find(store: &Store, name: &str) -> Result<User, Failure> {
    store.user_named(&read_name(name)?)?.ok_or_else(|| unknown(name))
}

fn unknown(name: &str) -> Failure {
    Failure::unknown(format!("there is no user {name}"), "to see who there is: doorward user list")
}

fn read_name(name: &str) -> Result<UserName, Failure> {
    let hint = "use up to 64 letters, digits and . _ - + @, beginning with a letter or digit";
    UserName::parse(name).ok_or_else(|| Failure::new("the user name cannot be used", hint))
}

fn hash(password: &str) -> Result<String, Failure> {
    let unfit = || format!("the password has fewer than {MIN_PASSWORD} characters or more than {MAX_PASSWORD} bytes");
    let password = NewPassword::parse(password).ok_or_else(|| Failure::new(unfit(), "choose another"))?;
    password::hash(password.reveal(), &random::bytes())
        .map_err(|_| Failure::unavailable("too many passwords are being checked right now", "try again in a moment"))
}

fn known_server(config: &Config, written: &str) -> Result<String, Failure> {
    Ok(servers::find(config, written)?.resource.path.clone())
}

fn describe(user: &User) -> Value {
    let servers = match &user.servers {
        ServerAccess::All => json!("all"),
        ServerAccess::Only(paths) => json!(paths),
    };
    json!({
        "id": user.id.as_str(),
        "name": user.name.as_str(),
        "owner": user.owner,
        "disabled": user.disabled,
        "servers": servers,
        "created_at": user.created_at.0,
    })
}
