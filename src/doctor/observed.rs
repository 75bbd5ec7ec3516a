//! What probes bring back: plain values, bounded when they were read, believed in nothing.

use crate::http::headers::HeaderMap;
use serde_json::Value;
use std::time::Duration;

/// An answer.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    pub(super) status: u16,
    pub(super) fields: HeaderMap,
    /// Its first bytes, as text.
    pub(super) body: String,
    /// From the first byte sent to the last byte of the head.
    pub(super) time: Duration,
}

impl Seen {
    pub(super) fn field(&self, name: &str) -> &str {
        self.fields.first(name).unwrap_or_default()
    }

    pub(super) fn json(&self) -> Option<Value> {
        serde_json::from_str(&self.body).ok()
    }

    /// `type/subtype` in lower case.
    pub(super) fn media_type(&self) -> String {
        self.field("content-type").split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
    }

    /// The title of an HTML page.
    pub(super) fn title(&self) -> Option<&str> {
        // Lower case of ASCII alone, so that the places are the same.
        let lower = self.body.to_ascii_lowercase();
        let open = lower.find("<title")?;
        let start = open + lower.get(open..)?.find('>')? + 1;
        let end = start + lower.get(start..)?.find('<')?;
        self.body.get(start..end).map(str::trim).filter(|title| !title.is_empty())
    }
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// Nobody listens there.
    Refused,
    /// Nothing came within the time that clients give.
    Slow,
    /// There is no way there.
    Unreachable,
    /// The connection ended early.
    Closed,
    /// TLS failed.
    Tls(TlsTrouble),
    /// What came is no HTTP.
    NotHttp,
    /// Something else; in the words of whoever noticed.
    Other(String),
}

/// Why there is no TLS. `names` and `issuer` are text from the certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TlsTrouble {
    /// The certificate is for other names.
    WrongName(Vec<String>),
    /// Its time is over.
    Expired,
    /// Its time has not begun.
    NotYetValid,
    /// Nobody that the world trusts has signed it.
    UnknownIssuer,
    /// What came is no TLS.
    NotTls,
    /// Something else.
    Other(String),
}

/// A TLS connection that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SeenTls {
    /// When the certificate ends, in seconds since 1970, where that could be found out.
    pub(super) ends_at: Option<u64>,
}

/// Readable text of a certificate that was shown, trusted or not: makers put their names there.
pub(super) type CertificateText = String;

/// What came of a request.
pub(super) type Attempt = Result<Seen, Trouble>;

/// An answer whose content was watched as it came.
#[derive(Clone, Debug, Default)]
pub(super) struct SeenStream {
    /// With as much of the content as came.
    pub(super) seen: Seen,
    /// From the request to the first byte of content.
    pub(super) first: Option<Duration>,
    /// From the request to the end of the content.
    pub(super) end: Duration,
}

/// The files, as the system shows them.
#[derive(Clone, Debug, Default)]
pub(super) struct SeenFiles {
    /// Each with its mode; what is not there is left out.
    pub(super) modes: Vec<(String, u32)>,
    /// Bytes that are free where the data is.
    pub(super) free: Option<u64>,
}

/// What was asked of a peer: for sentences.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked<'a> {
    pub(super) method: &'static str,
    pub(super) path: &'a str,
}

impl std::fmt::Display for Asked<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

#[cfg(test)]
pub(super) mod testing {
    use super::*;

    /// An answer as it stands on the wire.
    pub(crate) fn wire(text: &str) -> Seen {
        let text = text.replace("\r\n", "\n");
        let (head, body) = text.split_once("\n\n").unwrap_or((&text, ""));
        let mut lines = head.lines();
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let fields = lines.map(|line| line.split_once(':').unwrap()).map(|(name, value)| (name, value.trim())).collect();
        Seen { status, fields, body: body.to_owned(), time: Duration::from_millis(30) }
    }

    #[test]
    fn a_title_is_found_whatever_surrounds_it() {
        let title = |body: &str| Seen { body: body.to_owned(), ..Seen::default() }.title().map(str::to_owned);
        assert_eq!(title("<html><TITLE lang=en> Log in </title>").as_deref(), Some("Log in"));
        for none in ["", "<title>", "<title></title>", "<title", "{}", "ÄÖ<title"] {
            assert_eq!(title(none), None, "{none}");
        }
    }
}
