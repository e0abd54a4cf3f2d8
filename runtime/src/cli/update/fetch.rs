//! A bundle over HTTP or HTTPS: its beginning, a look at that, and then the rest.

use std::sync::Arc;
use std::time::Duration;

use moead_bundle::reader::Sealed;
use moead_terminal::printer::Printer;
use moead_update::apply::{self, Request};
use moead_update::disk::board::BoardDisk;
use moead_update::download::Download;
use moead_update::host::Host;
use moead_update::installed::releases;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

/// Beside the releases: on the same file system, and swept like everything that ends so.
const FILE: &str = "download.part";
/// A server that says nothing for that long is gone.
const SILENCE: Duration = Duration::from_secs(60);
/// To find a server and reach it.
const CONNECT: Duration = Duration::from_secs(30);

/// Why there is nothing to fetch.
#[derive(Debug, thiserror::Error)]
pub(in crate::cli) enum FetchError {
    /// Nobody could be trusted.
    #[error("this machine has no certificates to know servers by{0}")]
    NoCertificates(String),
    /// The server's word, or the connection's.
    #[error(transparent)]
    Http(#[from] ureq::Error),
    /// A length that is not that of the manifest.
    #[error("the server announces {announced} bytes, and {signed} were signed")]
    Length {
        /// By the server.
        announced: u64,
        /// By the manifest.
        signed: u64,
    },
}

/// Whether that is no path.
pub(super) fn is_address(name: &str) -> bool {
    let scheme = name.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
    scheme.is_some_and(|scheme| scheme == "http" || scheme == "https")
}

/// Fetches a bundle that the board takes, and no other.
pub(super) fn fetch(
    host: &mut Host<'_>,
    disk: &BoardDisk,
    address: &str,
    request: &Request<'_>,
    printer: &Printer,
) -> anyhow::Result<Sealed> {
    let agent = agent(address)?;
    let response = agent.get(address).call().map_err(FetchError::Http)?;
    let announced = response.body().content_length();
    let mut body = response.into_body().into_reader();
    let path = disk.here(&releases().join(FILE));
    let (download, sealed) = Download::begin(&mut body, &path)?;
    let signed = sealed.whole_length();
    apply::admit(host, &sealed, request, signed.saturating_sub(download.there()))?;
    if let Some(announced) = announced.filter(|&announced| announced != signed) {
        return Err(FetchError::Length { announced, signed }.into());
    }
    let bar = printer.progress().bar(signed, "bytes");
    bar.advance(download.there());
    let sealed = download.finish(signed, &mut |count| bar.advance(count))?;
    // Its bytes are reached through the open file from here on; whatever comes next, its name is gone.
    std::fs::remove_file(&path)?;
    Ok(sealed)
}

/// A client for that address. What it fetches is signed; certificates only keep strangers from seeing it.
fn agent(address: &str) -> Result<ureq::Agent, FetchError> {
    let mut config = ureq::Agent::config_builder()
        .user_agent(concat!("moead-edge/", env!("CARGO_PKG_VERSION")))
        .timeout_connect(Some(CONNECT))
        .timeout_recv_response(Some(SILENCE))
        .timeout_per_read(Some(SILENCE));
    if address.to_ascii_lowercase().starts_with("https") {
        let found = rustls_native_certs::load_native_certs();
        if found.certs.is_empty() {
            let causes = found.errors.iter().map(|error| format!("; {error}")).collect();
            return Err(FetchError::NoCertificates(causes));
        }
        let certificates: Vec<_> =
            found.certs.iter().map(|certificate| Certificate::from_der(certificate).to_owned()).collect();
        let tls = TlsConfig::builder()
            .root_certs(RootCerts::Specific(Arc::new(certificates)))
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()));
        config = config.tls_config(tls.build());
    }
    Ok(config.build().into())
}

#[cfg(test)]
mod tests {
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
}
