//! A bundle over HTTP or HTTPS: its beginning, a look at that, and then the rest.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use moead_bundle::reader::Sealed;
use moead_terminal::printer::Printer;
use moead_update::apply::{self, Request};
use moead_update::disk::board::BoardDisk;
use moead_update::download::Download;
use moead_update::host::{Host, Time};
use moead_update::installed::releases;
use rustls::CertificateError;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

/// Beside the releases: on the same file system, and swept like everything that ends so.
const FILE: &str = "download.part";
/// How long servers are waited for.
struct Patience {
    /// To find one and reach it, TLS included.
    connect: Duration,
    /// One that says nothing for that long is gone.
    silence: Duration,
}

const PATIENCE: Patience = Patience { connect: Duration::from_secs(30), silence: Duration::from_secs(60) };

/// The least that must come: a minute in which fewer bytes came than [`LEAST`] is the last one. The update's lock is held meanwhile.
const MINUTE: Duration = Duration::from_secs(60);
const LEAST: u64 = 60_000;

/// A server's words, as long as it does not dawdle.
struct Paced<'a, R> {
    words: R,
    time: &'a dyn Time,
    began: Duration,
    /// Bytes, since then.
    came: u64,
}

impl<'a, R> Paced<'a, R> {
    fn new(words: R, time: &'a dyn Time) -> Self {
        Self { words, time, began: time.now(), came: 0 }
    }
}

impl<R: io::Read> io::Read for Paced<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.words.read(buffer)?;
        self.came += count as u64;
        let now = self.time.now();
        if now.saturating_sub(self.began) >= MINUTE {
            if self.came < LEAST && count > 0 {
                let words = format!("{} bytes came in a minute, expected {LEAST}", self.came);
                return Err(io::Error::new(io::ErrorKind::TimedOut, words));
            }
            (self.began, self.came) = (now, 0);
        }
        Ok(count)
    }
}

/// Why there is nothing to fetch.
#[derive(Debug, thiserror::Error)]
pub(in crate::cli) enum FetchError {
    /// Nobody could be trusted.
    #[error("this machine has no certificates to know servers by{0}")]
    NoCertificates(String),
    /// The server shows a certificate that is no reason to trust it.
    #[error("the server's certificate {}", in_words(.0))]
    Certificate(CertificateError),
    /// From TLS out of it.
    #[error("the server leads to {0}, where everybody can look on")]
    Plain(String),
    /// The server's word, or the connection's.
    #[error(transparent)]
    Http(ureq::Error),
    /// A length that is not that of the manifest.
    #[error("the server announces {announced} bytes, and {signed} were signed")]
    Length {
        /// By the server.
        announced: u64,
        /// By the manifest.
        signed: u64,
    },
}

impl From<ureq::Error> for FetchError {
    fn from(error: ureq::Error) -> Self {
        // A handshake that failed comes as an error of the connection.
        let tls = match &error {
            ureq::Error::Rustls(error) => Some(error),
            ureq::Error::Io(error) => error.get_ref().and_then(|error| error.downcast_ref()),
            _ => None,
        };
        match tls {
            Some(rustls::Error::InvalidCertificate(reason)) => Self::Certificate(reason.clone()),
            _ => match error {
                ureq::Error::RequireHttpsOnly(address) => Self::Plain(address),
                error => Self::Http(error),
            },
        }
    }
}

fn in_words(reason: &CertificateError) -> String {
    match reason {
        // The second: by somebody who has the name of one whom it knows.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            "is signed by nobody whom this machine knows".into()
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "has expired, by this machine's clock".into()
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "is not valid yet, by this machine's clock".into()
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "is for another name than the address has".into()
        }
        other => format!("is refused: {other}"),
    }
}

/// Whether that is no path.
pub(super) fn is_address(name: &str) -> bool {
    let scheme = name.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
    scheme.is_some_and(|scheme| scheme == "http" || scheme == "https")
}

/// Fetches a bundle that the board takes, and no other. Its bytes are reached through the open file alone: its name is gone, whatever happened.
pub(super) fn fetch(
    host: &mut Host<'_>,
    disk: &BoardDisk,
    address: &str,
    request: &Request<'_>,
    printer: &Printer,
) -> anyhow::Result<Sealed> {
    let path = disk.here(&releases().join(FILE));
    let fetched = fetch_into(&path, host, address, request, printer);
    let removed = match std::fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    };
    // What went wrong first is what counts; what cannot be removed now is swept by the next start.
    let sealed = fetched?;
    removed?;
    Ok(sealed)
}

fn fetch_into(
    path: &Path,
    host: &mut Host<'_>,
    address: &str,
    request: &Request<'_>,
    printer: &Printer,
) -> anyhow::Result<Sealed> {
    let agent = agent(address, &PATIENCE)?;
    let response = agent.get(address).call().map_err(FetchError::from)?;
    let announced = response.body().content_length();
    let mut body = Paced::new(response.into_body().into_reader(), host.time);
    let (download, sealed) = Download::begin(&mut body, path)?;
    let signed = sealed.whole_length();
    apply::admit(host, &sealed, request, signed.saturating_sub(download.there()))?;
    if let Some(announced) = announced.filter(|&announced| announced != signed) {
        return Err(FetchError::Length { announced, signed }.into());
    }
    let bar = printer.progress().bar(signed, "bytes");
    bar.advance(download.there());
    Ok(download.finish(signed, &mut |count| bar.advance(count))?)
}

/// A client for that address. What it fetches is signed; certificates only keep strangers from seeing it, so what begins with TLS is not
/// led out of it, while a plain address may be led into it.
fn agent(address: &str, patience: &Patience) -> Result<ureq::Agent, FetchError> {
    let found = rustls_native_certs::load_native_certs();
    let is_secure = address.to_ascii_lowercase().starts_with("https");
    if is_secure && found.certs.is_empty() {
        let causes = found.errors.iter().map(|error| format!("; {error}")).collect();
        return Err(FetchError::NoCertificates(causes));
    }
    let certificates: Vec<_> =
        found.certs.iter().map(|certificate| Certificate::from_der(certificate).to_owned()).collect();
    let tls = TlsConfig::builder()
        .root_certs(RootCerts::Specific(Arc::new(certificates)))
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()));
    let config = ureq::Agent::config_builder()
        .user_agent(concat!("moead-edge/", env!("CARGO_PKG_VERSION")))
        .https_only(is_secure)
        .tls_config(tls.build())
        .timeout_connect(Some(patience.connect))
        .timeout_recv_response(Some(patience.silence))
        .timeout_per_read(Some(patience.silence));
    Ok(config.build().into())
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn addresses_are_told_from_paths() {
        for address in ["http://h/b.moead", "https://h", "HTTPS://h"] {
            assert!(is_address(address), "{address}");
        }
        for path in ["b.moead", "/srv/b.moead", "http:/b", "ftp://h/b", "a/http://b"] {
            assert!(!is_address(path), "{path}");
        }
    }
    /// A server that takes a connection, says that much and then no more; its address.
    fn silent(scheme: &str, said: &'static [u8]) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("{scheme}://{}/b.moead", listener.local_addr().unwrap());
        std::thread::spawn(move || {
            let (mut connection, _) = listener.accept().unwrap();
            connection.write_all(said).unwrap();
            // Until the other side has had enough.
            while matches!(connection.read(&mut [0; 512]), Ok(1..)) {}
        });
        address
    }

    /// Time that passes by so much whenever it is looked at.
    struct Steps(std::cell::Cell<Duration>, Duration);

    impl Time for Steps {
        fn now(&self) -> Duration {
            self.0.replace(self.0.get() + self.1)
        }

        fn pause(&self, _: Duration) {}

        fn date(&self) -> String {
            String::new()
        }
    }

    #[test]
    fn a_server_that_dawdles_is_given_up() {
        let bundle = vec![7; 200_000];
        let fetched = |piece: usize, seconds: u64| {
            let time = Steps(std::cell::Cell::default(), Duration::from_secs(seconds));
            let mut body = Paced::new(bundle.as_slice(), &time);
            let mut there = Vec::new();
            let mut room = vec![0; piece];
            loop {
                match body.read(&mut room) {
                    Ok(0) => return (there.len(), None),
                    Ok(count) => there.extend_from_slice(&room[..count]),
                    Err(error) => return (there.len(), Some(error.to_string())),
                }
            }
        };
        assert_eq!(fetched(1100, 1), (bundle.len(), None));
        let words = Some("54000 bytes came in a minute, expected 60000".to_owned());
        assert_eq!(fetched(900, 1), (53_100, words));
        // One byte at a time, before a silence would be one.
        let words = Some("2 bytes came in a minute, expected 60000".to_owned());
        assert_eq!(fetched(1, 30), (1, words));
    }

    #[test]
    fn a_silent_server_is_given_up() {
        let moment = Duration::from_millis(50);
        let impatient = Patience { connect: moment, silence: moment };
        let said = |address: &str| {
            let response = agent(address, &impatient).unwrap().get(address).call();
            let read = |response: ureq::http::Response<ureq::Body>| {
                let mut bytes = Vec::new();
                let ended = response.into_body().into_reader().read_to_end(&mut bytes);
                format!("{bytes:?} {}", ended.unwrap_err())
            };
            response.map_or_else(|error| FetchError::from(error).to_string(), read)
        };
        assert_eq!(said(&silent("https", b"")), "timeout: connect");
        assert_eq!(said(&silent("http", b"")), "timeout: receive response");
        assert_eq!(
            said(&silent("http", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab")),
            "[97, 98] timeout: per read"
        );
    }
}
