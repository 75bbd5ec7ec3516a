//! Why an app that was let in before asks again, from what is remembered of its connections: ended ones stay a month.
//!
//! It is told on the consent page, to whoever is signed in there about their own connections; and on the sign-in page only to
//! a browser whose sign-in has run out by itself. Nobody else learns who connected what. That an account has signed in at a
//! browser once ([`super::throttle`]) is not enough: that mark outlives signing out, which people do to leave nothing behind.

use super::client::Client;
use super::connection::{Connection, Ended};
use super::consent::Offer;
use super::redirect_uri::{self, Destination};
use super::scope::Scope;
use super::user::User;
use crate::clock::UnixTime;

/// A connection of the user, and its client unless that was removed since.
#[derive(Clone, Debug)]
pub struct Earlier {
    /// The grant.
    pub connection: Connection,
    /// To whom.
    pub client: Option<Client>,
}

/// Why it asks again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// It is connected to the server at this path, and asks for these scopes besides.
    WantsMore(String, Scope),
    /// It is connected, and asks for nothing new.
    Connected,
    /// Its connection has ended.
    Ended(Ended),
    /// The password was changed since, or the account switched off for a while: that ends everything.
    AccountChanged,
    /// One of the same name whose answers went to the same place was let in at that time; this one registered anew.
    RegisteredAnew(UnixTime),
}

/// The reason, if it was let in before at one of the servers that it asks for.
///
/// What it was under its own id counts before what an app of its name was. A name is worth nothing by itself: an app that
/// borrows one must not be taken for an old acquaintance, so its answers must go to the same place, too.
pub fn why(asking: &Client, user: &User, offers: &[Offer], earlier: &[Earlier], now: UnixTime) -> Option<Reason> {
    let at_these = |one: &&Earlier| offers.iter().any(|offer| offer.server == one.connection.server);
    let theirs = || earlier.iter().filter(|one| one.connection.user == user.id).filter(at_these);
    let own: Vec<&Connection> = theirs().map(|one| &one.connection).filter(|one| one.client == asking.id).collect();
    if own.is_empty() {
        let kin = theirs().filter(|one| one.client.as_ref().is_some_and(|client| is_kin(client, asking)));
        return kin.map(|one| one.connection.created_at).max().map(Reason::RegisteredAnew);
    }
    let stands = |one: &&&Connection| !one.is_over(now) && one.user_epoch == user.epoch;
    if let Some(standing) = own.iter().filter(stands).max_by_key(|one| one.created_at) {
        let held =
            own.iter().filter(stands).filter(|one| one.server == standing.server).fold(Scope::default(), |held, one| held.with(&one.scope));
        let offered = offers.iter().find(|offer| offer.server == standing.server);
        let more: Scope = offered.into_iter().flat_map(|offer| offer.scope.names()).filter(|name| !held.contains(name)).collect();
        return Some(if more.is_empty() { Reason::Connected } else { Reason::WantsMore(standing.server.clone(), more) });
    }
    let ended = own.iter().filter_map(|one| one.ended.or_else(|| one.lapsed(now))).max_by_key(|ended| ended.at);
    Some(ended.map_or(Reason::AccountChanged, Reason::Ended))
}

/// The same name, and a place in common to which answers go. Ports of this device are anybody's.
fn is_kin(one: &Client, other: &Client) -> bool {
    let places = |client: &Client| -> Vec<Destination> {
        let place = |uri: &String| match redirect_uri::destination(uri) {
            Destination::Loopback { .. } => Destination::Loopback { port: None },
            other @ (Destination::Web { .. } | Destination::Application { .. }) => other,
        };
        client.redirect_uris.iter().map(place).collect()
    };
    let theirs = places(other);
    one.id != other.id && one.display_name() == other.display_name() && places(one).iter().any(|place| theirs.contains(place))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::connection::EndReason;
    use crate::oauth::fixtures::{NOW, client, connection, seconds_later, user};
    use crate::oauth::ids::{ClientId, UserId};

    fn before(connection: Connection) -> Earlier {
        Earlier { client: Some(client(connection.client.as_str())), connection }
    }

    fn ended(why: EndReason, seconds: u64) -> Connection {
        Connection { ended: Some(Ended { at: seconds_later(seconds), why }), ..connection() }
    }

    fn offer(scope: &str) -> Vec<Offer> {
        vec![Offer { server: "/notes".into(), scope: Scope::parse(scope), least: Scope::parse("read") }]
    }

    fn why_at(asking: &Client, scope: &str, earlier: &[Earlier], seconds: u64) -> Option<Reason> {
        why(asking, &user("ann"), &offer(scope), earlier, seconds_later(seconds))
    }

    fn told(earlier: &[Earlier]) -> Option<Reason> {
        why_at(&client("claude"), "read", earlier, 100)
    }

    #[test]
    fn whoever_asks_for_the_first_time_is_told_nothing() {
        assert_eq!(told(&[]), None);
        let bobs = before(Connection { user: UserId::known_as("bob"), ..connection() });
        let elsewhere = before(Connection { server: "/files".into(), ..connection() });
        let removed = Earlier { client: None, connection: Connection { client: ClientId::known_as("gone"), ..connection() } };
        for other in [bobs, elsewhere, removed] {
            assert_eq!(told(&[other]), None);
        }
    }

    #[test]
    fn an_end_is_told_with_its_reason_and_its_time_and_the_latest_counts() {
        for why in [EndReason::RevokedByUser, EndReason::RevokedByClient, EndReason::TimeOver, EndReason::ClientRemoved] {
            let earlier = [before(ended(EndReason::CodeReplayed, 5)), before(ended(why, 10)), before(ended(EndReason::Unused, 3))];
            assert_eq!(told(&earlier), Some(Reason::Ended(Ended { at: seconds_later(10), why })));
        }
    }

    #[test]
    fn what_has_lapsed_and_is_not_noted_yet_is_told_too() {
        let limited = before(Connection { ends_at: Some(seconds_later(99)), ..connection() });
        assert_eq!(told(&[limited]), Some(Reason::Ended(Ended { at: seconds_later(99), why: EndReason::TimeOver })));
        let unused = before(Connection { alive_until: Some(seconds_later(98)), ..connection() });
        assert_eq!(told(&[unused]), Some(Reason::Ended(Ended { at: seconds_later(98), why: EndReason::Unused })));
    }

    #[test]
    fn who_is_connected_asks_for_more_or_for_nothing_new() {
        let narrow = || before(Connection { scope: Scope::parse("read"), ..connection() });
        let more = |scope: &str| why_at(&client("claude"), scope, &[narrow(), before(ended(EndReason::RevokedByUser, 50))], 100);
        assert_eq!(more("read"), Some(Reason::Connected));
        assert_eq!(more("read write"), Some(Reason::WantsMore("/notes".into(), Scope::parse("write"))));
        let both = [narrow(), before(Connection { scope: Scope::parse("write"), ..connection() })];
        assert_eq!(why_at(&client("claude"), "read write", &both, 100), Some(Reason::Connected), "it has it in another connection");
    }

    #[test]
    fn a_changed_account_is_a_reason_of_its_own() {
        let old = before(Connection { user_epoch: 2, ..connection() });
        assert_eq!(told(&[old]), Some(Reason::AccountChanged));
    }

    #[test]
    fn one_that_registered_anew_is_recognised_by_its_name_and_by_where_its_answers_go() {
        let asking = |uri: &str, name: &str| Client { redirect_uris: vec![uri.into()], name: Some(name.into()), ..client("anew") };
        let why_of = |asking: &Client| why_at(asking, "read", &[before(connection())], 100);
        assert_eq!(why_of(&asking("https://client.test/other", "Test client")), Some(Reason::RegisteredAnew(NOW)));
        for stranger in [asking("https://evil.test/cb", "Test client"), asking("https://client.test/cb", "Another")] {
            assert_eq!(why_of(&stranger), None, "{stranger:?}");
        }
        let here = |port: u16| Client { redirect_uris: vec![format!("http://127.0.0.1:{port}/cb")], ..client("claude") };
        let earlier = [Earlier { client: Some(here(1)), connection: connection() }];
        let anew = Client { id: ClientId::known_as("anew"), ..here(2) };
        assert_eq!(why_at(&anew, "read", &earlier, 100), Some(Reason::RegisteredAnew(NOW)), "another port of this device");
    }

    #[test]
    fn what_it_was_itself_counts_before_what_one_of_its_name_was() {
        let kin = Earlier { client: Some(client("kin")), connection: Connection { client: ClientId::known_as("kin"), ..connection() } };
        let own = before(ended(EndReason::RevokedByUser, 1));
        assert!(matches!(told(&[kin, own]), Some(Reason::Ended(_))));
    }
}
