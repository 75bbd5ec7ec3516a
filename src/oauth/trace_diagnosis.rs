//! What the last step of an attempt means: the likely cause why nothing came after it, and what to do. The causes are
//! those that people met, most of them for days.

use super::address_class::AddressClass;
use super::redirect_uri::Destination;
use super::text::Shown;
use super::trace::{Attempt, Seen};
use super::trace_step::{Outcome, Stage};
use super::user::UserName;
use crate::clock::UnixTime;
use std::time::Duration;
use url::{Host, Url};

/// Between two steps of a program.
const PROGRAM: Duration = Duration::from_secs(60);
/// Between two steps of a person: as long as a page of ours waits.
const PERSON: Duration = Duration::from_secs(10 * 60);

/// How an attempt stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// The first call went through.
    Connected,
    /// The next step may come any moment.
    Waiting,
    /// It did not come.
    Stopped,
}

/// What to make of an attempt, or of none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnosis {
    /// How it stands.
    pub state: State,
    /// What happened last, and why most likely nothing came after it.
    pub sentence: String,
    /// What to do; empty where there is nothing to do.
    pub fix: String,
}

impl State {
    /// The word for scripts and for people.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Connected => "connected",
            Self::Waiting => "waiting",
            Self::Stopped => "stopped",
        }
    }
}

impl Attempt {
    /// What to make of it at this moment, at the doorward whose origin is `issuer`.
    pub fn diagnose(&self, issuer: &str, now: UnixTime) -> Diagnosis {
        let Some(last) = self.furthest() else { return nothing_arrived(issuer) };
        let (sentence, fix) = match &last.outcome {
            Outcome::Refused { said, fix } => (refused(self, last, said.as_str()), fix.clone()),
            Outcome::Passed => self.stopped_after(last, issuer),
        };
        let state = if self.has_passed(Stage::Call) && last.outcome == Outcome::Passed {
            State::Connected
        } else if last.outcome == Outcome::Passed && now.since(self.last_at()) < patience(last.stage) {
            State::Waiting
        } else {
            State::Stopped
        };
        let fix = if state == State::Stopped { with_proxy_hint(fix, last, issuer) } else { fix };
        Diagnosis { state, sentence, fix }
    }

    fn stopped_after(&self, last: &Seen, issuer: &str) -> (String, String) {
        let server = self.server.as_ref().map_or("", Shown::as_str);
        let address = format!("{issuer}{server}");
        let user = self.user.as_ref().map_or("the user", UserName::as_str);
        let (sentence, fix) = match last.stage {
            Stage::Arrival => ("a request came under a name that is not ours".to_owned(), HOST.to_owned()),
            Stage::Challenge if last.agent.is_browser() => {
                ("a browser opened the address; an app has not come yet".to_owned(), format!("Give {address} to the app, as the address of an MCP server."))
            }
            Stage::Challenge => (
                "the app was told to sign in, and did not ask how".to_owned(),
                format!("Press Connect in the app if it has such a button. Else something in front takes the WWW-Authenticate field away, or does not pass the paths below /.well-known/ on to doorward: every path of this host must reach it. To see what an app sees: doorward doctor --public-url {issuer}"),
            ),
            Stage::ResourceMetadata => (
                "the app read where to sign in, and went no further".to_owned(),
                format!("Give the app exactly this address, no slash more or less: {address}. And let {issuer}/.well-known/oauth-authorization-server reach doorward."),
            ),
            Stage::ServerMetadata => (
                "the app read how to sign in, and neither registered nor opened the sign-in page".to_owned(),
                "Press Connect in the app if it has such a button. An app that cannot register itself needs an entry: doorward client add --preset NAME, or --redirect-uri URI, and the client id from there in the app's settings.".to_owned(),
            ),
            Stage::Registration => (
                "the app registered, and no browser came to sign in".to_owned(),
                "Press Connect in the app. If a page opens that is not doorward's, the login of a proxy stands in front (Cloudflare Access, Authelia, oauth2-proxy): take this host out of it.".to_owned(),
            ),
            Stage::DeviceCode => (
                "the device shows its code, and nobody entered it".to_owned(),
                format!("Enter it at {issuer}/device within ten minutes; after that the device has to ask for a new one."),
            ),
            Stage::Authorize if self.user.is_none() => (
                "the sign-in page was shown, and nobody signed in".to_owned(),
                "Sign in there, or begin again in the app. For a forgotten password: doorward user password NAME".to_owned(),
            ),
            Stage::Authorize | Stage::SignIn => (
                format!("{user} was asked, and did not answer"),
                "Begin again in the app, and choose Approve: the page waits ten minutes.".to_owned(),
            ),
            Stage::Consent | Stage::Redirect => self.answer_lost(issuer),
            Stage::Token => (
                "the app has its tokens, and has not called the server".to_owned(),
                self.calls_blocked(last, &address),
            ),
            Stage::Call => ("connected".to_owned(), String::new()),
        };
        (sentence, fix)
    }

    /// The code went out, and nobody came to redeem it.
    fn answer_lost(&self, issuer: &str) -> (String, String) {
        match &self.destination {
            Some(Destination::Web { host }) => (
                format!("the answer was sent to {host}, which did not come for its tokens"),
                format!(
                    "The servers of {host} must reach {issuer}/token: no login of a proxy and no bot protection on this host (Cloudflare: Bot Fight Mode, Block AI bots, AI Crawl Control). To try it with the names that they use: doorward doctor --public-url {issuer}"
                ),
            ),
            Some(Destination::Loopback { port }) => {
                let port = port.map_or_else(|| "a port".to_owned(), |port| format!("port {port}"));
                (
                    format!("the answer was sent to {port} of the machine that the browser runs on, and no app there came for its tokens"),
                    "Run the browser on the machine that the app runs on. Over ssh, forward the port (ssh -L), or copy the address that the browser ended at into the app, if it asks for that.".to_owned(),
                )
            }
            Some(Destination::Application { address }) => (
                format!("the answer was sent to the app that owns {address} on the device of the browser, and none came for its tokens"),
                "Approve on the device that the app is on, and let the browser open the app when it asks.".to_owned(),
            ),
            None => (
                "it was approved, and the app did not come for its tokens".to_owned(),
                "Look at the app or device that asked: it has to go on by itself.".to_owned(),
            ),
        }
    }

    fn calls_blocked(&self, last: &Seen, address: &str) -> String {
        let near = matches!(&self.destination, Some(Destination::Loopback { .. } | Destination::Application { .. }));
        if near || AddressClass::of(last.from).is_near() {
            return "Let the app load its servers again, or restart it.".to_owned();
        }
        format!(
            "If the app shows no tools, something in front blocks its calls: Claude signs in as python-httpx and calls as Claude-User, and Cloudflare's Block AI bots stops the second alone. Let POST {address} through."
        )
    }
}

const HOST: &str =
    "Let the proxy pass the Host field on as it came (nginx: proxy_set_header Host $host), or name the host in aliases of doorward.toml.";

fn refused(attempt: &Attempt, last: &Seen, said: &str) -> String {
    let user = attempt.user.as_ref().map_or("the user", UserName::as_str);
    match last.stage {
        Stage::Arrival => format!("a request came for {said}, which is no name of this doorward"),
        Stage::Challenge => format!("the app was turned away: {said}"),
        Stage::ResourceMetadata | Stage::ServerMetadata => format!("the app asked for a description where there is none: {said}"),
        Stage::Registration => format!("the registration was refused: {said}"),
        Stage::DeviceCode => format!("the device got no code: {said}"),
        Stage::Authorize => format!("the sign-in could not begin: {said}"),
        Stage::SignIn => format!("nobody got past the sign-in page: {said}"),
        Stage::Consent if said.is_empty() => format!("{user} turned the app away"),
        Stage::Consent | Stage::Redirect => format!("the answer was refused: {said}"),
        Stage::Token => format!("the app got no tokens: {said}"),
        Stage::Call => format!("the first call failed: {said}"),
    }
}

fn patience(stage: Stage) -> Duration {
    match stage {
        Stage::Arrival | Stage::Challenge | Stage::ResourceMetadata | Stage::ServerMetadata => PROGRAM,
        Stage::Consent | Stage::Redirect | Stage::Token | Stage::Call => PROGRAM,
        Stage::Registration | Stage::DeviceCode | Stage::Authorize | Stage::SignIn => PERSON,
    }
}

/// A public origin that only this machine ever calls has a proxy of which doorward was not told.
fn with_proxy_hint(fix: String, last: &Seen, issuer: &str) -> String {
    let unnamed = AddressClass::of(last.from) == AddressClass::Loopback && reach(issuer) == Reach::World;
    if !unnamed {
        return fix;
    }
    format!("{fix} (All requests seem to come from this machine: name your proxy with --trusted-proxy, and apps can be told apart by their addresses.)").trim_start().to_owned()
}

/// From where an origin can be reached.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reach {
    Machine,
    Network,
    OtherPort,
    World,
}

fn reach(issuer: &str) -> Reach {
    let url = Url::parse(issuer).ok();
    let address = |host: Option<Host<&str>>| match host {
        Some(Host::Ipv4(v4)) => Some(AddressClass::of(v4.into())),
        Some(Host::Ipv6(v6)) => Some(AddressClass::of(v6.into())),
        Some(Host::Domain("localhost")) => Some(AddressClass::Loopback),
        Some(Host::Domain(_)) | None => None,
    };
    match url.as_ref().and_then(|url| address(url.host())) {
        Some(AddressClass::Loopback) => Reach::Machine,
        Some(AddressClass::Lan | AddressClass::Shared) => Reach::Network,
        Some(AddressClass::Hosted(_) | AddressClass::Public) | None => {
            let odd_port = url.is_some_and(|url| url.port().is_some());
            if odd_port { Reach::OtherPort } else { Reach::World }
        }
    }
}

/// What it means that nothing of an app was seen at all.
pub fn nothing_arrived(issuer: &str) -> Diagnosis {
    let (sentence, fix) = match reach(issuer) {
        Reach::Machine => (
            format!("nothing of it arrived: {issuer} can be reached from this machine alone"),
            "Apps on this machine connect to it. Claude (on the web, the desktop and the phone), ChatGPT and others that run elsewhere need a public https address: doorward --public-url URL, behind a tunnel or proxy.".to_owned(),
        ),
        Reach::Network => (
            format!("nothing of it arrived: {issuer} can be reached from your own network alone"),
            "Claude Code, Cursor, VS Code and the like on your network connect to it. Claude (on the web, the desktop and the phone), ChatGPT and others that run elsewhere need a public https address: doorward --public-url URL, behind a tunnel or proxy.".to_owned(),
        ),
        Reach::OtherPort => (
            format!("nothing of it arrived: {issuer} is not on port 443, and some hosted apps, Claude among them, connect to no other"),
            "Publish it on port 443, under a host of its own.".to_owned(),
        ),
        Reach::World => (
            format!("nothing of it arrived: its servers cannot find or reach {issuer}, or something in front turns them away"),
            format!("The name must have a public IPv4 address (no private or CGNAT one, no other answer at home), the tunnel or proxy must pass every path on, and no bot protection may stand in front. To look from outside: doorward doctor --public-url {issuer}"),
        ),
    };
    Diagnosis { state: State::Stopped, sentence, fix }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::fixtures::{ISSUER, NOW, client, seconds_later, user};
    use crate::oauth::trace::Trace;
    use crate::oauth::trace_step::{Agent, Step};

    const LATER: u64 = 24 * 3600;
    const HOSTED: &str = "160.79.104.9";
    const WEB: &str = "https://claude.ai/api/mcp/auth_callback";

    fn step(stage: Stage, from: &str, agent: &str) -> Step {
        let step = Step::new(NOW, stage, Outcome::Passed, from.parse().unwrap(), Agent::of(Some(agent)));
        step.at_server(Some("/notes"))
    }

    /// An attempt of a client whose answers go to `uri`, as far as `last`.
    fn as_far_as(last: Stage, uri: &str, from: &str) -> Attempt {
        let mut trace = Trace::default();
        for stage in Stage::ALL.into_iter().filter(|stage| *stage <= last && !matches!(stage, Stage::Arrival | Stage::DeviceCode)) {
            let step = step(stage, from, "node");
            let step = if stage < Stage::Registration { step } else { step.of_client(Some(&client("c1"))).answered_at(uri) };
            let who = user("ann").name;
            trace.note(&step.by(Some(&who).filter(|_| stage >= Stage::SignIn)));
        }
        trace.attempts()[0].clone()
    }

    fn diagnose(attempt: &Attempt, seconds: u64) -> Diagnosis {
        attempt.diagnose(ISSUER, seconds_later(seconds))
    }

    #[test]
    fn every_stop_says_what_happened_last_and_what_to_do() {
        for (last, said, fix) in [
            (Stage::Challenge, "was told to sign in, and did not ask how", "WWW-Authenticate"),
            (Stage::ResourceMetadata, "read where to sign in", "https://mcp.example.com/notes."),
            (Stage::ServerMetadata, "neither registered nor opened", "doorward client add --preset"),
            (Stage::Registration, "no browser came", "Cloudflare Access"),
            (Stage::Authorize, "nobody signed in", "doorward user password NAME"),
            (Stage::SignIn, "ann was asked, and did not answer", "Approve"),
            (Stage::Redirect, "sent to claude.ai, which did not come", "https://mcp.example.com/token"),
            (Stage::Token, "has not called the server", "Claude-User"),
        ] {
            let told = diagnose(&as_far_as(last, WEB, HOSTED), LATER);
            assert_eq!(told.state, State::Stopped, "{last:?}");
            assert!(told.sentence.contains(said) && told.fix.contains(fix), "{last:?}: {told:?}");
        }
        let done = diagnose(&as_far_as(Stage::Call, WEB, HOSTED), LATER);
        assert_eq!((done.state, done.fix.as_str()), (State::Connected, ""));
    }

    #[test]
    fn a_lost_answer_is_explained_by_where_it_went() {
        for (uri, said, fix) in [
            (WEB, "claude.ai", "bot protection"),
            ("http://127.0.0.1:33418/", "port 33418 of the machine that the browser runs on", "ssh -L"),
            ("http://localhost/callback", "a port of the machine", "ssh -L"),
            ("cursor://anysphere.cursor-mcp/oauth/callback", "cursor://anysphere.cursor-mcp", "open the app"),
        ] {
            let told = diagnose(&as_far_as(Stage::Redirect, uri, "192.168.1.5"), LATER);
            assert!(told.sentence.contains(said) && told.fix.contains(fix), "{told:?}");
        }
        let without_address = Attempt { destination: None, ..as_far_as(Stage::Consent, WEB, HOSTED) };
        assert!(diagnose(&without_address, LATER).sentence.contains("approved"));
    }

    #[test]
    fn a_client_at_home_is_not_told_of_bot_protection() {
        let near = diagnose(&as_far_as(Stage::Token, "http://127.0.0.1:1/cb", "192.168.1.5"), LATER);
        assert!(!near.fix.contains("Cloudflare"), "{near:?}");
    }

    #[test]
    fn while_the_next_step_may_come_nothing_is_called_a_stop() {
        for (last, patience) in [(Stage::Challenge, 60), (Stage::Registration, 600), (Stage::SignIn, 600), (Stage::Redirect, 60)] {
            let attempt = as_far_as(last, WEB, HOSTED);
            assert_eq!(diagnose(&attempt, patience - 1).state, State::Waiting, "{last:?}");
            assert_eq!(diagnose(&attempt, patience).state, State::Stopped, "{last:?}");
        }
    }

    #[test]
    fn what_was_refused_is_a_stop_at_once_in_the_words_that_the_client_was_told() {
        let mut trace = Trace::default();
        trace.note(&Step { outcome: Outcome::turned_away("no such place", "Look there."), ..step(Stage::Registration, HOSTED, "node") });
        let told = diagnose(&trace.attempts()[0], 0);
        assert_eq!(told.state, State::Stopped);
        assert_eq!((told.sentence.as_str(), told.fix.as_str()), ("the registration was refused: no such place", "Look there."));
        trace.note(&step(Stage::Registration, HOSTED, "node").of_client(Some(&client("c1"))));
        assert_eq!(diagnose(&trace.attempts()[0], 0).state, State::Waiting, "the second try went through");
    }

    #[test]
    fn a_person_who_said_no_is_named_and_nothing_is_to_be_mended() {
        let denied = Step { outcome: Outcome::turned_away("", ""), ..step(Stage::Consent, HOSTED, "Mozilla/5.0") };
        let mut trace = Trace::default();
        let who = user("ann").name;
        trace.note(&step(Stage::Authorize, HOSTED, "Mozilla/5.0").of_client(Some(&client("c1"))).by(Some(&who)));
        trace.note(&denied.of_client(Some(&client("c1"))));
        let told = diagnose(&trace.attempts()[0], LATER);
        assert_eq!((told.sentence.as_str(), told.fix.as_str()), ("ann turned the app away", ""));
    }

    #[test]
    fn a_browser_at_the_servers_address_is_no_app() {
        let mut trace = Trace::default();
        trace.note(&step(Stage::Challenge, "203.0.113.9", "Mozilla/5.0"));
        let told = diagnose(&trace.attempts()[0], LATER);
        assert!(told.sentence.contains("a browser opened the address") && told.fix.contains("https://mcp.example.com/notes"), "{told:?}");
    }

    #[test]
    fn a_wrong_host_name_is_shown_and_a_proxy_that_was_not_named_is_noticed() {
        let mut trace = Trace::default();
        trace.note(&Step { outcome: Outcome::turned_away("10.0.0.7:8787", HOST), ..step(Stage::Arrival, "127.0.0.1", "node") });
        let told = diagnose(&trace.attempts()[0], LATER);
        assert_eq!(told.sentence, "a request came for 10.0.0.7:8787, which is no name of this doorward");
        assert!(told.fix.contains("proxy_set_header Host") && told.fix.contains("--trusted-proxy"), "{told:?}");
        let here = trace.attempts()[0].diagnose("http://127.0.0.1:8787", seconds_later(LATER));
        assert!(!here.fix.contains("--trusted-proxy"), "{here:?}");
    }

    #[test]
    fn nothing_is_a_result_and_depends_on_where_the_address_leads() {
        for (issuer, said) in [
            ("http://127.0.0.1:8787", "from this machine alone"),
            ("http://localhost:8787", "from this machine alone"),
            ("http://[::1]:8787", "from this machine alone"),
            ("https://192.168.1.5", "from your own network alone"),
            ("https://100.101.102.103", "from your own network alone"),
            ("https://mcp.example.com:8443", "not on port 443"),
            ("https://mcp.example.com", "cannot find or reach"),
        ] {
            let told = nothing_arrived(issuer);
            assert!(told.sentence.contains(said) && told.sentence.contains(issuer) && !told.fix.is_empty(), "{told:?}");
        }
    }
}
