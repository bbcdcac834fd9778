//! TLS with certificate files.

use std::sync::Arc;

use axum_server::tls_rustls::RustlsConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::{ServerError, TlsConfig};

/// Loads the certificate and the key.
pub(crate) fn load(config: &TlsConfig) -> Result<RustlsConfig, ServerError> {
    read(config).map(|tls| RustlsConfig::from_config(Arc::new(tls)))
}

/// Reloads the files on SIGHUP, so that a certificate can be renewed without a restart. Open connections keep
/// the old certificate. So does the server if the new files are not usable.
#[cfg(unix)]
pub(crate) async fn reload_on_hangup(config: TlsConfig, current: RustlsConfig) {
    use tokio::signal::unix::{SignalKind, signal};

    let mut hangups = match signal(SignalKind::hangup()) {
        Ok(hangups) => hangups,
        Err(error) => {
            tracing::warn!("SIGHUP will not reload the certificate: {error}");
            return;
        }
    };
    while hangups.recv().await.is_some() {
        match read(&config) {
            Ok(tls) => {
                current.reload_from_config(Arc::new(tls));
                tracing::info!("reloaded the certificate");
            }
            Err(error) => tracing::error!("keeping the old certificate: {error}"),
        }
    }
}

#[cfg(not(unix))]
pub(crate) async fn reload_on_hangup(_: TlsConfig, _: RustlsConfig) {}

fn read(config: &TlsConfig) -> Result<rustls::ServerConfig, ServerError> {
    let failed = |detail: String| ServerError::Tls {
        certificate: config.certificate.clone(),
        key: config.key.clone(),
        detail,
    };
    let chain = CertificateDer::pem_file_iter(&config.certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| failed(format!("certificate: {error}")))?;
    let key = PrivateKeyDer::from_pem_file(&config.key)
        .map_err(|error| failed(format!("key: {error}")))?;
    let mut tls = rustls::ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
        .map_err(|error| failed(error.to_string()))?;
    // WebSockets need HTTP/1.1.
    tls.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(tls)
}
