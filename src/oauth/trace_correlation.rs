//! Which attempt a step belongs to. A client's id says so wherever there is one. Before that there is only the place it
//! came from and the time; and since a hosted client discovers from its vendor's network while its user's browser
//! authorizes at home, the two meet by the id that the browser brings.

use super::address_class::{AddressClass, are_one_place};
use super::redirect_uri::Destination;
use super::trace::{Attempt, Seen, Trace};
use super::trace_step::{Outcome, Stage, Step};
use crate::clock::UnixTime;
use std::time::Duration;

/// Steps without a client's id belong together within this span.
const NAMELESS: Duration = Duration::from_secs(10 * 60);
/// Steps of one client belong together within this span.
const NAMED: Duration = Duration::from_secs(60 * 60);
/// An upstream's answer to a first call comes within this span.
const ANSWER: Duration = Duration::from_secs(2 * 60);
/// Attempts that are remembered: of those that only looked, of those that a client or a browser went on with, and of those
/// in which somebody signed in. Strangers can fill the first two and never the last.
const KEPT: [usize; 3] = [60, 60, 120];

impl Trace {
    /// Takes a step in. Gives the number of its attempt, or nothing where it belongs to none and begins none.
    pub fn note(&mut self, step: &Step) -> Option<u64> {
        // It tries how clients would fare, and means to connect nothing.
        if step.agent.is_doctor() {
            return None;
        }
        let found = self.find(step);
        if found.is_none() && !begins_one(step) {
            return None;
        }
        let number = self.next_step;
        self.next_step += 1;
        let place = found.unwrap_or_else(|| self.begin());
        let attempt = self.attempts.get_mut(place)?;
        attempt.take(step, number);
        let attempt = attempt.number;
        self.make_room();
        Some(attempt)
    }

    fn begin(&mut self) -> usize {
        let blank =
            Attempt { number: self.next_attempt, revision: 0, client: None, destination: None, server: None, user: None, seen: vec![] };
        self.next_attempt += 1;
        self.attempts.push(blank);
        self.attempts.len() - 1
    }

    /// The latest attempt to which the step belongs.
    fn find(&self, step: &Step) -> Option<usize> {
        let fits = |attempt: &Attempt| match (&step.client, step.stage) {
            (None, _) => is_of_place(attempt, step),
            // Who registers just now was nameless until now.
            (Some(_), Stage::Registration) => (attempt.client.is_none() && is_of_place(attempt, step)) || continues(attempt, step),
            (Some(_), Stage::Authorize | Stage::DeviceCode) => continues(attempt, step) || may_have_led_to(attempt, step),
            (Some(_), _) => continues(attempt, step),
        };
        let is_open = |attempt: &Attempt| !attempt.is_over() || may_undo(attempt, step);
        let candidates =
            self.attempts.iter().enumerate().filter(|(_, attempt)| is_open(attempt) && may_be_of_one(attempt, step) && fits(attempt));
        candidates
            .max_by_key(|(_, attempt)| {
                (is_gone_on_with(attempt, step), is_told_apart_by_program(attempt, step), attempt.last_at(), attempt.number)
            })
            .map(|(place, _)| place)
    }

    /// Forgets the oldest attempt of a tier that has too many.
    fn make_room(&mut self) {
        for (tier, most) in KEPT.into_iter().enumerate() {
            let of_tier = || self.attempts.iter().enumerate().filter(move |(_, attempt)| attempt.tier() == tier);
            if of_tier().count() > most
                && let Some((oldest, _)) = of_tier().min_by_key(|(_, attempt)| attempt.last_at())
            {
                self.attempts.remove(oldest);
            }
        }
    }
}

/// A call with a token that is refused happens every hour and means nothing by itself, and somebody who signs in to look at
/// the dashboard connects nothing.
fn begins_one(step: &Step) -> bool {
    match step.stage {
        Stage::Arrival | Stage::Challenge | Stage::ResourceMetadata | Stage::ServerMetadata => true,
        Stage::Registration | Stage::DeviceCode | Stage::Authorize => true,
        Stage::Token => step.outcome != Outcome::Passed,
        // Two people can have met in one attempt until the first of them decided.
        Stage::Consent => step.user.is_some() && step.client.is_some(),
        Stage::SignIn | Stage::Redirect | Stage::Call => false,
    }
}

/// Whether attempt and step can be of one person. Clients that registered alike share an id and anybody can learn it, so an
/// id alone neither gives an attempt of one user to another, nor begins it anew, nor makes it fail: whoever is refused
/// without proof of the user is at least where the client itself was seen.
fn may_be_of_one(attempt: &Attempt, step: &Step) -> bool {
    if let (Some(known), Some(named)) = (&attempt.user, &step.user) {
        return known.folded() == named.folded();
    }
    if step.user.is_some() {
        return true;
    }
    match step.stage {
        Stage::Arrival | Stage::Challenge | Stage::ResourceMetadata | Stage::ServerMetadata => true,
        Stage::Registration | Stage::DeviceCode | Stage::Authorize | Stage::SignIn => attempt.user.is_none(),
        // Only somebody signed in decides.
        Stage::Consent => true,
        Stage::Redirect | Stage::Token | Stage::Call => {
            step.outcome == Outcome::Passed || (is_of_place(attempt, step) && !attempt.has_proven(step.stage))
        }
    }
}

/// What comes after a sign-in belongs to an attempt in which that user signed in, rather than to a later one in which nobody
/// has.
fn is_gone_on_with(attempt: &Attempt, step: &Step) -> bool {
    step.stage > Stage::SignIn && step.user.is_some() && attempt.user.is_some()
}

/// That the first call was let through is known before what came of it behind.
fn may_undo(attempt: &Attempt, step: &Step) -> bool {
    step.stage == Stage::Call && step.outcome != Outcome::Passed && step.client.is_some() && is_recent(attempt, step.at, ANSWER)
}

fn is_recent(attempt: &Attempt, now: UnixTime, span: Duration) -> bool {
    now.since(attempt.last_at()) < span
}

/// Without an id: from where the client itself was seen before, for the same server, not long ago.
fn is_of_place(attempt: &Attempt, step: &Step) -> bool {
    let same_server = attempt.server.is_none() || step.server.is_none() || attempt.server == step.server;
    let mut there = attempt.seen.iter().filter(|seen| !seen.stage.is_of_browser());
    let same_place = there.any(|seen| are_one_place(seen.from, step.from) && seen.agent.is_browser() == step.agent.is_browser());
    let expected = step.stage != Stage::Call || attempt.has_passed(Stage::Token);
    let other_name = (step.stage == Stage::Arrival) != attempt.seen.iter().any(|seen| seen.stage == Stage::Arrival);
    same_server && same_place && expected && !other_name && is_recent(attempt, step.at, NAMELESS)
}

/// With an id: the attempt of that client. A browser that comes again after its answer was sent, or after tokens were
/// refused, begins anew; a first call may come at any time after the tokens.
fn continues(attempt: &Attempt, step: &Step) -> bool {
    let same_client = attempt.client.as_ref().zip(step.client.as_ref()).is_some_and(|(known, named)| known.id == named.id);
    let furthest = attempt.furthest().map(|seen| seen.stage);
    let expected = match step.stage {
        Stage::Authorize | Stage::DeviceCode | Stage::Registration => furthest < Some(Stage::Redirect),
        Stage::SignIn | Stage::Consent => !attempt.seen.iter().any(is_refusal_of_tokens),
        Stage::Call => attempt.has_passed(Stage::Token),
        Stage::Arrival | Stage::Challenge | Stage::ResourceMetadata | Stage::ServerMetadata => true,
        Stage::Redirect | Stage::Token => true,
    };
    same_client && expected && (step.stage == Stage::Call || is_recent(attempt, step.at, NAMED))
}

fn is_refusal_of_tokens(seen: &Seen) -> bool {
    seen.stage == Stage::Token && seen.outcome != Outcome::Passed
}

/// A client that kept its id from an earlier time is nameless until its browser comes. Who looked around just before, from
/// where such a client would, is taken to be it.
fn may_have_led_to(attempt: &Attempt, step: &Step) -> bool {
    let nameless = attempt.client.is_none() && is_recent(attempt, step.at, NAMELESS);
    let same_server = attempt.server.is_none() || step.server.is_none() || attempt.server == step.server;
    let Some(seen) = attempt.seen.iter().rev().find(|seen| !seen.stage.is_of_browser()) else { return false };
    let from_here = are_one_place(seen.from, step.from);
    let class = AddressClass::of(seen.from);
    let likely = match &step.destination {
        Some(Destination::Web { .. }) => from_here || (!class.is_near() && !seen.agent.is_browser()),
        Some(Destination::Loopback { .. } | Destination::Application { .. }) => from_here || class.is_near(),
        None => from_here,
    };
    nameless && same_server && likely && seen.stage != Stage::Arrival
}

/// Of several nameless programs at one place, which: behind a proxy that was not named, everybody is at one place.
fn is_told_apart_by_program(attempt: &Attempt, step: &Step) -> bool {
    step.client.is_none() && attempt.seen.iter().any(|seen| seen.agent == step.agent)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::fixtures::{NOW, client, seconds_later, user};
    use crate::oauth::trace_step::Agent;
    use core::net::IpAddr;

    const CLAUDE: &str = "160.79.104.9";
    const CLAUDE_TOO: &str = "160.79.106.1";
    const HOME: &str = "203.0.113.9";
    const LAN: &str = "192.168.1.5";
    const BROWSER: &str = "Mozilla/5.0 (X11; Linux x86_64)";

    fn step(seconds: u64, stage: Stage, from: &str, agent: &str) -> Step {
        let from: IpAddr = from.parse().unwrap();
        Step::new(seconds_later(seconds), stage, Outcome::Passed, from, Agent::of(Some(agent)))
    }

    fn named(seconds: u64, stage: Stage, from: &str, agent: &str, id: &str) -> Step {
        step(seconds, stage, from, agent).of_client(Some(&client(id)))
    }

    /// What becomes of the steps: to which attempt each belongs.
    fn attempts(steps: &[Step]) -> Vec<Option<u64>> {
        let mut trace = Trace::default();
        steps.iter().map(|step| trace.note(step)).collect()
    }

    fn one(steps: &[Step]) -> Trace {
        assert_eq!(attempts(steps), vec![Some(0); steps.len()]);
        let mut trace = Trace::default();
        for step in steps {
            trace.note(step);
        }
        trace
    }

    #[test]
    fn a_hosted_client_is_one_attempt_across_its_two_programs_its_addresses_and_a_browser_at_home() {
        let trace = one(&[
            step(0, Stage::Challenge, CLAUDE, "Claude-User").at_server(Some("/notes")),
            step(1, Stage::ResourceMetadata, CLAUDE_TOO, "python-httpx/0.28.1").at_server(Some("/notes")),
            step(2, Stage::ServerMetadata, CLAUDE, "python-httpx/0.28.1"),
            named(3, Stage::Registration, CLAUDE, "python-httpx/0.28.1", "c1"),
            named(20, Stage::Authorize, HOME, BROWSER, "c1"),
            named(30, Stage::SignIn, HOME, BROWSER, "c1").by(Some(&user("ann").name)),
            named(40, Stage::Consent, HOME, BROWSER, "c1"),
            named(40, Stage::Redirect, HOME, BROWSER, "c1"),
            step(41, Stage::ServerMetadata, CLAUDE_TOO, "python-httpx/0.28.1"),
            named(42, Stage::Token, CLAUDE_TOO, "python-httpx/0.28.1", "c1"),
            named(43, Stage::Call, CLAUDE, "Claude-User", "c1"),
        ]);
        let attempt = &trace.attempts()[0];
        assert_eq!((attempt.seen.len(), attempt.revision, attempt.is_over()), (10, 10, true));
        assert_eq!((attempt.began_at(), attempt.last_at()), (NOW, seconds_later(43)));
        assert_eq!(attempt.client.as_ref().unwrap().id.as_str(), "c1");
        assert_eq!(attempt.user.as_ref(), Some(&user("ann").name));
    }

    #[test]
    fn a_client_that_kept_its_id_is_met_with_whoever_looked_around_just_before() {
        let looked = |from: &str, agent: &str| step(0, Stage::Challenge, from, agent).at_server(Some("/notes"));
        let came = |uri: &str| named(9, Stage::Authorize, HOME, BROWSER, "c1").answered_at(uri).at_server(Some("/notes"));
        let (web, loopback) = ("https://claude.ai/cb", "http://127.0.0.1:7777/cb");
        for (from, agent, uri, is_one) in [
            (CLAUDE, "python-httpx/0.28.1", web, true),
            ("198.51.100.7", "some-cloud/1", web, true),
            (HOME, "node", web, true),
            (LAN, "node", web, false),
            (LAN, "claude-code/2", loopback, true),
            (HOME, "claude-code/2", loopback, true),
            (CLAUDE, "python-httpx/0.28.1", loopback, false),
            ("198.51.100.7", BROWSER, web, false),
        ] {
            let same = attempts(&[looked(from, agent), came(uri)]) == [Some(0), Some(0)];
            assert_eq!(same, is_one, "{from} {agent} {uri}");
        }
        let elsewhere = named(9, Stage::Authorize, HOME, BROWSER, "c1").answered_at(web).at_server(Some("/files"));
        assert_eq!(attempts(&[looked(CLAUDE, "python-httpx/0.28.1"), elsewhere]), [Some(0), Some(1)]);
        let late = Step { at: seconds_later(601), ..came(web) };
        assert_eq!(attempts(&[looked(CLAUDE, "python-httpx/0.28.1"), late]), [Some(0), Some(1)]);
    }

    #[test]
    fn two_clients_at_one_place_are_told_apart_by_their_programs_and_their_ids() {
        let steps = [
            step(0, Stage::Challenge, LAN, "node"),
            step(1, Stage::Challenge, "192.168.1.6", "claude-code/2"),
            step(2, Stage::ResourceMetadata, LAN, "node"),
            step(3, Stage::ResourceMetadata, "192.168.1.6", "claude-code/2"),
            named(4, Stage::Registration, LAN, "node", "c1"),
            named(5, Stage::Registration, "192.168.1.6", "claude-code/2", "c2"),
            named(6, Stage::Authorize, LAN, BROWSER, "c2"),
            named(7, Stage::Authorize, LAN, BROWSER, "c1"),
            named(8, Stage::Token, LAN, "node", "c1"),
        ];
        assert_eq!(attempts(&steps), [0, 1, 0, 1, 0, 1, 1, 0, 0].map(Some));
        let behind_one_proxy = [
            step(0, Stage::Challenge, "127.0.0.1", "node").at_server(Some("/a")),
            step(1, Stage::Challenge, "127.0.0.1", "claude-code/2").at_server(Some("/b")),
            step(2, Stage::ServerMetadata, "127.0.0.1", "node"),
        ];
        assert_eq!(attempts(&behind_one_proxy), [0, 1, 0].map(Some));
    }

    #[test]
    fn after_success_or_a_denial_or_a_pause_a_new_attempt_begins() {
        let denied = Step { outcome: Outcome::turned_away("", ""), ..named(5, Stage::Consent, HOME, BROWSER, "c1") };
        for end in [named(5, Stage::Call, LAN, "node", "c1"), denied] {
            let before = [
                step(0, Stage::Challenge, LAN, "node"),
                named(1, Stage::Registration, LAN, "node", "c1"),
                named(2, Stage::Token, LAN, "node", "c1"),
                end,
            ];
            let again = [&before[..], &[step(6, Stage::Challenge, LAN, "node"), named(7, Stage::Authorize, LAN, BROWSER, "c1")]].concat();
            assert_eq!(attempts(&again), [0, 0, 0, 0, 1, 1].map(Some));
        }
        let later = [step(0, Stage::Challenge, LAN, "node"), step(600, Stage::Challenge, LAN, "node")];
        assert_eq!(attempts(&later), [0, 1].map(Some));
    }

    #[test]
    fn a_browser_that_comes_again_after_its_answer_was_lost_begins_anew() {
        let steps = [
            named(0, Stage::Authorize, HOME, BROWSER, "c1"),
            named(1, Stage::Authorize, HOME, BROWSER, "c1"),
            named(2, Stage::Redirect, HOME, BROWSER, "c1"),
            named(60, Stage::Authorize, HOME, BROWSER, "c1"),
            named(61, Stage::Token, CLAUDE, "python-httpx/0.28.1", "c1"),
        ];
        assert_eq!(attempts(&steps), [0, 0, 0, 1, 1].map(Some));
    }

    #[test]
    fn what_belongs_to_no_attempt_begins_none() {
        let refused = |stage| Step { outcome: Outcome::turned_away("no", ""), ..step(0, stage, LAN, "node") };
        assert_eq!(attempts(&[refused(Stage::Call)]), [None], "tokens expire every hour");
        assert_eq!(attempts(&[named(0, Stage::SignIn, LAN, BROWSER, "c1"), named(0, Stage::Call, LAN, "node", "c1")]), [None, None]);
        assert_eq!(attempts(&[named(0, Stage::Token, LAN, "node", "c1")]), [None]);
        assert_eq!(attempts(&[refused(Stage::Token)]), [Some(0)], "that nobody gets tokens is worth telling");
    }

    #[test]
    fn a_call_that_is_refused_right_after_the_tokens_belongs_to_them() {
        let refused = Step { outcome: Outcome::turned_away("no", ""), ..step(9, Stage::Call, LAN, "node") };
        let steps = [step(0, Stage::Challenge, LAN, "node"), named(1, Stage::Registration, LAN, "node", "c1"), refused.clone()];
        assert_eq!(attempts(&steps), [Some(0), Some(0), None]);
        let with_tokens = [&steps[..2], &[named(8, Stage::Token, LAN, "node", "c1"), refused]].concat();
        assert_eq!(attempts(&with_tokens), vec![Some(0); 4]);
    }

    #[test]
    fn a_first_call_that_failed_behind_the_gate_is_no_connection_and_a_later_failure_is_no_first_call() {
        let failed = |seconds| Step { outcome: Outcome::turned_away("502", ""), ..named(seconds, Stage::Call, LAN, "node", "c1") };
        let connected = [
            named(0, Stage::Authorize, HOME, BROWSER, "c1"),
            named(1, Stage::Token, LAN, "node", "c1"),
            named(2, Stage::Call, LAN, "node", "c1"),
        ];
        let trace = one(&[&connected[..], &[failed(60)]].concat());
        assert!(!trace.attempts()[0].is_over());
        assert_eq!(attempts(&[&connected[..], &[failed(3600)]].concat()), [Some(0), Some(0), Some(0), None]);
    }

    #[test]
    fn a_first_call_may_come_the_next_day() {
        let steps = [
            named(0, Stage::Authorize, HOME, BROWSER, "c1"),
            named(9, Stage::Token, LAN, "node", "c1"),
            named(90_000, Stage::Call, LAN, "node", "c1"),
        ];
        assert_eq!(attempts(&steps), vec![Some(0); 3]);
    }

    fn of(name: &str, step: Step) -> Step {
        step.by(Some(&user(name).name))
    }

    fn refused(step: Step) -> Step {
        Step { outcome: Outcome::turned_away("no", ""), ..step }
    }

    #[test]
    fn of_people_who_share_an_id_each_has_their_own_attempt() {
        let steps = [
            named(0, Stage::Registration, CLAUDE, "python-httpx/0.28.1", "c1"),
            of("ann", named(1, Stage::Authorize, HOME, BROWSER, "c1")),
            of("bob", named(2, Stage::Authorize, LAN, BROWSER, "c1")),
            named(3, Stage::Authorize, "198.51.100.7", BROWSER, "c1"),
            of("Ann", named(4, Stage::Consent, HOME, BROWSER, "c1")),
            of("bob", named(5, Stage::Consent, LAN, BROWSER, "c1")),
            of("ann", named(6, Stage::Token, CLAUDE, "python-httpx/0.28.1", "c1")),
            of("bob", named(7, Stage::Token, CLAUDE, "python-httpx/0.28.1", "c1")),
            of("ann", named(8, Stage::Call, CLAUDE, "Claude-User", "c1")),
            of("bob", refused(named(9, Stage::Call, CLAUDE, "Claude-User", "c1"))),
        ];
        assert_eq!(attempts(&steps), [0, 0, 1, 2, 0, 1, 0, 1, 0, 1].map(Some));
        let two_devices = [
            named(0, Stage::DeviceCode, HOME, "lamp", "c1"),
            named(1, Stage::DeviceCode, LAN, "lamp", "c1"),
            of("ann", named(2, Stage::Consent, HOME, BROWSER, "c1")),
            of("bob", named(3, Stage::Consent, LAN, BROWSER, "c1")),
        ];
        assert_eq!(attempts(&two_devices), [0, 0, 0, 1].map(Some));
    }

    #[test]
    fn whoever_knows_an_id_and_proves_nothing_makes_no_attempt_of_anothers_fail() {
        let registered = [
            named(0, Stage::Registration, CLAUDE, "python-httpx/0.28.1", "c1"),
            of("ann", named(1, Stage::Authorize, HOME, BROWSER, "c1")),
        ];
        let bogus = |from: &str| refused(named(2, Stage::Token, from, "curl/8", "c1"));
        let after = |more: &[Step]| attempts(&[&registered[..], more].concat())[2..].to_vec();
        assert_eq!(after(&[bogus("198.51.100.7"), bogus("198.51.100.7")]), [Some(1), Some(1)]);
        assert_eq!(after(&[bogus(CLAUDE_TOO)]), [Some(0)], "from where the client was seen");
        assert_eq!(after(&[of("ann", bogus("198.51.100.7"))]), [Some(0)], "with a code of hers");
        let proven = of("ann", named(2, Stage::Token, CLAUDE, "python-httpx/0.28.1", "c1"));
        assert_eq!(after(&[proven, bogus(CLAUDE_TOO)]), [Some(0), Some(1)], "she has her tokens");
        assert_eq!(after(&[refused(named(2, Stage::SignIn, LAN, BROWSER, "c1"))]), [None]);
        let next = named(3, Stage::Authorize, HOME, BROWSER, "c1");
        assert_eq!(attempts(&[bogus("198.51.100.7"), next]), [Some(0), Some(1)], "nor do they begin hers with a failure");
    }

    #[test]
    fn strangers_fill_their_own_places_and_never_push_out_an_attempt_with_a_user() {
        let mut trace = Trace::default();
        trace.note(&named(0, Stage::Authorize, HOME, BROWSER, "mine"));
        trace.note(&named(1, Stage::SignIn, HOME, BROWSER, "mine").by(Some(&user("ann").name)));
        for number in 0..500_u64 {
            let from = format!("198.51.{}.{}", number / 250, number % 250);
            trace.note(&step(10 + number, Stage::Challenge, &from, "scanner/1"));
            trace.note(&named(10 + number, Stage::Registration, "192.0.2.1", "scanner/2", &format!("c{number}")));
        }
        assert_eq!(trace.attempts().len(), 60 + 60 + 1);
        assert_eq!(trace.attempts()[0].client.as_ref().unwrap().id.as_str(), "mine");
        let numbers: Vec<u64> = trace.attempts().iter().map(|attempt| attempt.number).collect();
        assert!(numbers.is_sorted() && numbers.contains(&1000), "the newest are kept: {numbers:?}");
    }

    #[test]
    fn a_flood_of_one_kind_makes_one_attempt() {
        let knocks: Vec<Step> = (0..10_000).map(|number| step(number / 100, Stage::Challenge, "2001:db8::1", "x")).collect();
        let trace = one(&knocks);
        let seen = &trace.attempts()[0].seen;
        assert_eq!((seen.len(), seen[0].times, seen[0].last_at), (1, 10_000, seconds_later(99)));
    }

    #[test]
    fn a_month_old_attempt_is_forgotten() {
        let mut trace = one(&[step(0, Stage::Challenge, LAN, "node")]);
        trace.forget(seconds_later(30 * 24 * 3600 - 1));
        assert_eq!(trace.attempts().len(), 1);
        trace.forget(seconds_later(30 * 24 * 3600));
        assert_eq!(trace.attempts(), []);
    }
}
