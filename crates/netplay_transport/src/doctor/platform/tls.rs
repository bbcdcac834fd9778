//! TLS to the server, with the authorities that the game's own connections trust, and what is wrong where it fails.

use std::io;
use std::sync::Arc;

use futures_rustls::TlsConnector;
use futures_rustls::client::TlsStream;
use netplay_core::doctor::TlsFailure;
use rustls::pki_types::ServerName;
use rustls::{CertificateError, ClientConfig, RootCertStore};
use smol::net::TcpStream;

/// What is trusted.
pub(super) fn client_config(roots: RootCertStore) -> Result<Arc<ClientConfig>, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    Ok(Arc::new(config?.with_root_certificates(roots).with_no_client_auth()))
}

/// The authorities that are trusted everywhere.
pub(super) fn public_roots() -> RootCertStore {
    RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() }
}

/// Starts TLS on a connection.
pub(super) async fn start(
    config: Result<Arc<ClientConfig>, rustls::Error>,
    host: String,
    stream: TcpStream,
) -> Result<TlsStream<TcpStream>, TlsFailure> {
    let config = config.map_err(|error| TlsFailure::Other(error.to_string()))?;
    let name = ServerName::try_from(host).map_err(|error| TlsFailure::Other(error.to_string()))?;
    TlsConnector::from(config).connect(name, stream).await.map_err(|error| failure(&error))
}

/// What is wrong, by the kind of the error.
fn failure(error: &io::Error) -> TlsFailure {
    let of_tls = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match of_tls {
        Some(rustls::Error::InvalidCertificate(fault)) => match fault {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                TlsFailure::Expired
            }
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                TlsFailure::NotYetValid
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                TlsFailure::WrongName
            }
            CertificateError::UnknownIssuer => TlsFailure::Untrusted,
            fault => TlsFailure::Other(fault.to_string()),
        },
        Some(rustls::Error::InvalidMessage(_)) => TlsFailure::NotTls,
        Some(error) => TlsFailure::Other(error.to_string()),
        None => TlsFailure::Other(error.to_string()),
    }
}

#[cfg(test)]
#[path = "tls_tests.rs"]
mod tests;
