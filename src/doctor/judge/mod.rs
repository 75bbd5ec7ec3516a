//! What observations mean. Pure: what was seen goes in, findings come out.

pub(super) mod address;
pub(super) mod agents;
pub(super) mod machine;
pub(super) mod path;
pub(super) mod product;
pub(super) mod settings;
pub(super) mod stream;
pub(super) mod way;

use crate::doctor::observed::{TlsTrouble, Trouble};
use crate::oauth::text::Shown;

/// The trouble as the rest of a sentence that begins with the request, and what may be done.
fn told(trouble: &Trouble) -> (String, &'static str) {
    let (what, mend) = match trouble {
        Trouble::Refused => ("finds nobody listening", "start what ends TLS for this host, and forward its port to it"),
        Trouble::Slow => (
            "gets no answer within ten seconds, which is as long as clients wait",
            "look at the load and the logs of what stands in front of doorward",
        ),
        Trouble::Unreachable => ("finds no way to that address", "see that this machine is online, and that the address is right"),
        Trouble::Closed => ("is cut off before an answer", "look at the log of what stands in front of doorward"),
        Trouble::Tls(tls) => {
            return (format!("gets no TLS connection: {}", tls_told(tls)), "look at the certificate of what ends TLS for this host");
        }
        Trouble::NotHttp => ("gets what is no HTTP", "the port belongs to something else: see what listens there"),
        Trouble::Other(what) => return (format!("fails: {}", Shown::new(what)), "look at the log of what stands in front of doorward"),
    };
    (what.to_owned(), mend)
}

fn tls_told(trouble: &TlsTrouble) -> String {
    match trouble {
        TlsTrouble::WrongName(names) if names.is_empty() => "the certificate is for another name".to_owned(),
        TlsTrouble::WrongName(names) => format!("the certificate is for {}", Shown::new(&names.join(", "))),
        TlsTrouble::Expired => "the certificate has expired".to_owned(),
        TlsTrouble::NotYetValid => "the certificate is not valid yet".to_owned(),
        TlsTrouble::UnknownIssuer => "nobody whom clients trust has signed the certificate".to_owned(),
        TlsTrouble::NotTls => "what answers there does not speak TLS".to_owned(),
        TlsTrouble::Other(what) => Shown::new(what).to_string(),
    }
}
