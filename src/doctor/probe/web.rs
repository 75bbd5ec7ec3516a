//! Requests, each on a connection of its own, to addresses that were looked up before: what is judged is what was seen.

use super::net::{CONNECT, trouble};
use super::tls::of_error;
use crate::clock;
use crate::doctor::observed::{Attempt, Seen, SeenStream, TlsTrouble, Trouble};
use rustls::pki_types::CertificateDer;
use std::io::Read;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use ureq::config::Config;
use ureq::http::{Request, Response, Uri};
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};
use ureq::{Agent, AsSendBody, Body, Error};
use url::Url;

/// For the whole of an exchange: as long as Claude waits for discovery, registration and tokens.
const EXCHANGE: Duration = Duration::from_secs(10);
/// Most of a head that is read, in bytes.
const HEAD_BYTES: usize = 32 * 1024;
/// Most of a content that is read, in bytes.
const BODY_BYTES: usize = 64 * 1024;

/// Whom to ask.
pub(in crate::doctor) struct Web {
    agent: Agent,
}

/// What to ask.
#[derive(Clone, Copy, Debug)]
pub(in crate::doctor) struct Question<'a> {
    pub(in crate::doctor) url: &'a Url,
    /// As whom.
    pub(in crate::doctor) agent: &'a str,
    pub(in crate::doctor) fields: &'a [(&'a str, &'a str)],
    /// Sent by POST; without it, by GET.
    pub(in crate::doctor) content: Option<(&'a str, &'a str)>,
}

impl Web {
    /// Asks at these addresses alone, and trusts the public authorities, or `roots` in their place.
    pub(in crate::doctor) fn at(addresses: &[SocketAddr], roots: Option<&[CertificateDer<'static>]>) -> Self {
        let roots = roots.map_or(RootCerts::WebPki, |roots| {
            RootCerts::Specific(Arc::new(roots.iter().map(|root| Certificate::from_der(root).to_owned()).collect()))
        });
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            // The way that is examined is the one without a proxy of this machine's.
            .proxy(None)
            .max_idle_connections(0)
            .user_agent(ureq::config::AutoHeaderValue::None)
            .accept_encoding(ureq::config::AutoHeaderValue::None)
            .max_response_header_size(HEAD_BYTES)
            .timeout_connect(Some(CONNECT))
            .timeout_global(Some(EXCHANGE))
            .tls_config(TlsConfig::builder().root_certs(roots).build())
            .build();
        Self { agent: Agent::with_parts(config, DefaultConnector::default(), Fixed(addresses.to_vec())) }
    }

    /// One request and the head of its answer. For what may go on for ever.
    pub(in crate::doctor) fn knock(&self, question: &Question<'_>) -> Attempt {
        let began = clock::instant();
        let response = self.send(question)?;
        Ok(seen(&response, began.elapsed()))
    }

    /// One request and its answer, the content as far as [`BODY_BYTES`].
    pub(in crate::doctor) fn ask(&self, question: &Question<'_>) -> Attempt {
        self.watch(question).map(|stream| stream.seen)
    }

    /// The same, with the times at which the content came.
    pub(in crate::doctor) fn watch(&self, question: &Question<'_>) -> Result<SeenStream, Trouble> {
        let began = clock::instant();
        let response = self.send(question)?;
        let mut seen = seen(&response, began.elapsed());
        let mut body = response.into_body();
        let mut reader = body.as_reader();
        let (mut content, mut first, mut piece) = (Vec::new(), None, [0; 8192]);
        while content.len() < BODY_BYTES {
            // What broke off half-way is judged by what came.
            let Ok(count @ 1..) = reader.read(&mut piece) else { break };
            first = first.or_else(|| Some(began.elapsed()));
            content.extend_from_slice(piece.get(..count).unwrap_or_default());
        }
        seen.body = String::from_utf8_lossy(&content).into_owned();
        Ok(SeenStream { seen, first, end: began.elapsed() })
    }

    fn send(&self, question: &Question<'_>) -> Result<Response<Body>, Trouble> {
        match question.content {
            Some((media_type, content)) => self.run("POST", question, &[("content-type", media_type)], content),
            None => self.run("GET", question, &[], ()),
        }
    }

    fn run(
        &self,
        method: &str,
        question: &Question<'_>,
        more: &[(&str, &str)],
        content: impl AsSendBody,
    ) -> Result<Response<Body>, Trouble> {
        let begun = Request::builder().method(method).uri(question.url.as_str()).header("user-agent", question.agent);
        let with_fields = question.fields.iter().chain(more).fold(begun, |request, (name, value)| request.header(*name, *value));
        let request = with_fields.body(content).map_err(|error| Trouble::Other(error.to_string()))?;
        self.agent.run(request).map_err(of_ureq)
    }
}

/// The head alone.
fn seen(response: &Response<Body>, time: Duration) -> Seen {
    let plain = |value: &ureq::http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let fields = response.headers().iter().map(|(name, value)| (name.as_str().to_owned(), plain(value))).collect();
    Seen { status: response.status().as_u16(), fields, body: String::new(), time }
}

/// What ureq says, in our terms.
#[expect(clippy::wildcard_enum_match_arm, reason = "the errors are another crate's; those without a word of ours are shown in its words")]
fn of_ureq(error: Error) -> Trouble {
    match error {
        Error::Timeout(_) => Trouble::Slow,
        Error::Rustls(error) => Trouble::Tls(of_error(&error)),
        Error::Tls(what) => Trouble::Tls(TlsTrouble::Other(what.to_owned())),
        Error::Protocol(_) | Error::LargeResponseHeader(..) => Trouble::NotHttp,
        Error::Io(error) => match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            Some(inner) => Trouble::Tls(of_error(inner)),
            None => trouble(&error),
        },
        other => Trouble::Other(other.to_string()),
    }
}

/// The addresses that were looked up, whatever the name would say now.
#[derive(Debug)]
struct Fixed(Vec<SocketAddr>);

impl Resolver for Fixed {
    fn resolve(&self, _: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        let mut addresses = self.empty();
        for address in &self.0 {
            addresses.push(*address);
        }
        if addresses.is_empty() { Err(Error::HostNotFound) } else { Ok(addresses) }
    }
}
