//! A TLS connection made to look at the certificate: trusted by the authorities that clients trust (Mozilla's list), not
//! by those of this machine, which may know one that nobody else does.

use super::net::{CONNECT, trouble};
use crate::clock;
use crate::doctor::observed::{CertificateText, SeenTls, TlsTrouble, Trouble};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, ClientConnection, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// For the whole handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// When every certificate of today has ended.
const LATER: Duration = Duration::from_secs(200 * 365 * 24 * 60 * 60);

/// What came of the connection, and the readable text of the certificate that was shown.
pub(in crate::doctor) fn look(
    address: SocketAddr,
    host: &str,
    roots: Option<&[CertificateDer<'static>]>,
) -> (Result<SeenTls, Trouble>, CertificateText) {
    let witness = match witness(roots) {
        Ok(witness) => witness,
        Err(error) => return (Err(Trouble::Tls(TlsTrouble::Other(error))), String::new()),
    };
    let came = handshake(address, host, &witness);
    let text = witness.shown.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map(|shown| readable(&shown.certificate));
    (came.map(|()| SeenTls { ends_at: witness.ends_at() }), text.unwrap_or_default())
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

fn witness(roots: Option<&[CertificateDer<'static>]>) -> Result<Arc<Witness>, String> {
    let mut store = RootCertStore::empty();
    match roots {
        Some(roots) => {
            store.add_parsable_certificates(roots.iter().cloned());
        }
        None => store.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
    }
    let inner = WebPkiServerVerifier::builder_with_provider(Arc::new(store), provider()).build().map_err(|error| error.to_string())?;
    Ok(Arc::new(Witness { inner, shown: Mutex::new(None) }))
}

fn handshake(address: SocketAddr, host: &str, witness: &Arc<Witness>) -> Result<(), Trouble> {
    let other = |error: Error| Trouble::Tls(of_error(&error));
    let name = ServerName::try_from(host.trim_matches(['[', ']']).to_owned())
        .map_err(|_| Trouble::Tls(TlsTrouble::Other("the name is none".into())))?;
    let config = ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions().map_err(other)?;
    // Called dangerous because a verifier can be careless; this one asks the usual one and passes its answer on.
    let mut config = config.dangerous().with_custom_certificate_verifier(Arc::clone(witness) as _).with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    let mut connection = ClientConnection::new(Arc::new(config), name).map_err(other)?;
    let stream = TcpStream::connect_timeout(&address, CONNECT).map_err(|error| trouble(&error))?;
    let mut stream = Until { stream, end: clock::instant() + HANDSHAKE };
    connection.complete_io(&mut stream).map(|_| ()).map_err(|error| match error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) {
        Some(inner) => Trouble::Tls(of_error(inner)),
        None => trouble(&error),
    })
}

/// What rustls says, in our terms.
#[expect(clippy::wildcard_enum_match_arm, reason = "the errors are another crate's; those without a word of ours are shown in its words")]
pub(super) fn of_error(error: &Error) -> TlsTrouble {
    match error {
        Error::InvalidCertificate(CertificateError::NotValidForNameContext { presented, .. }) => {
            let plain = |name: &String| name.trim_start_matches("DnsName(\"").trim_end_matches("\")").to_owned();
            TlsTrouble::WrongName(presented.iter().take(5).map(plain).collect())
        }
        Error::InvalidCertificate(CertificateError::NotValidForName) => TlsTrouble::WrongName(Vec::new()),
        Error::InvalidCertificate(CertificateError::Expired | CertificateError::ExpiredContext { .. }) => TlsTrouble::Expired,
        Error::InvalidCertificate(CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. }) => TlsTrouble::NotYetValid,
        Error::InvalidCertificate(CertificateError::UnknownIssuer) => TlsTrouble::UnknownIssuer,
        // A certificate that somebody signed himself is often an authority's at the same time; rustls notices that first.
        Error::InvalidCertificate(CertificateError::Other(other)) if other.to_string().contains("CaUsedAsEndEntity") => {
            TlsTrouble::UnknownIssuer
        }
        Error::InvalidMessage(_) => TlsTrouble::NotTls,
        other => TlsTrouble::Other(other.to_string()),
    }
}

/// Runs of printable text in a certificate: names, as their makers wrote them.
fn readable(certificate: &[u8]) -> String {
    let runs = certificate.split(|byte| !(0x20..0x7f).contains(byte)).filter(|run| run.len() > 3);
    runs.map(String::from_utf8_lossy).collect::<Vec<_>>().join(" ")
}

/// Reading and writing come to an end together, however slowly the other side drips.
struct Until {
    stream: TcpStream,
    end: Instant,
}

impl Until {
    fn left(&self) -> io::Result<Option<Duration>> {
        let left = self.end.saturating_duration_since(clock::instant());
        if left.is_zero() { Err(ErrorKind::TimedOut.into()) } else { Ok(Some(left)) }
    }
}

impl Read for Until {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.set_read_timeout(self.left()?)?;
        self.stream.read(buffer)
    }
}

impl Write for Until {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.set_write_timeout(self.left()?)?;
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

/// Keeps what was shown, and leaves the judgement to rustls.
#[derive(Debug)]
struct Witness {
    inner: Arc<WebPkiServerVerifier>,
    shown: Mutex<Option<Shown>>,
}

#[derive(Debug)]
struct Shown {
    certificate: CertificateDer<'static>,
    intermediates: Vec<CertificateDer<'static>>,
    name: ServerName<'static>,
}

impl Witness {
    /// When the certificate ends, from what the verifier says about a day on which it surely has.
    fn ends_at(&self) -> Option<u64> {
        let guard = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        let Shown { certificate, intermediates, name } = guard.as_ref()?;
        let then = UnixTime::since_unix_epoch(LATER);
        match self.inner.verify_server_cert(certificate, intermediates, name, &[], then) {
            Err(Error::InvalidCertificate(CertificateError::ExpiredContext { not_after, .. })) => Some(not_after.as_secs()),
            Ok(_) | Err(_) => None,
        }
    }
}

impl ServerCertVerifier for Witness {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let shown = Shown {
            certificate: certificate.clone().into_owned(),
            intermediates: intermediates.iter().map(|one| one.clone().into_owned()).collect(),
            name: name.to_owned(),
        };
        *self.shown.lock().unwrap_or_else(PoisonError::into_inner) = Some(shown);
        self.inner.verify_server_cert(certificate, intermediates, name, ocsp, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}
