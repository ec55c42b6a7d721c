use std::sync::{Arc, OnceLock};

use rustls::ClientConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls_platform_verifier::Verifier;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::socket::Io;
use crate::transport::{Source, TransportError};

/// Settings with the system's roots: reading them takes a while, so it is done once.
pub fn with_system_roots() -> Result<Arc<ClientConfig>, TransportError> {
    static SHARED: OnceLock<Arc<ClientConfig>> = OnceLock::new();
    if let Some(config) = SHARED.get() {
        return Ok(Arc::clone(config));
    }
    let config = config([])?;
    Ok(Arc::clone(SHARED.get_or_init(|| config)))
}

/// Settings with the system's roots and those in `pem`.
pub fn with_roots(pem: &[u8]) -> Result<Arc<ClientConfig>, TransportError> {
    let roots: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let roots = roots.map_err(tls_error)?;
    if roots.is_empty() {
        return Err(tls_error("there is no certificate in the PEM text"));
    }
    config(roots)
}

fn config(
    roots: impl IntoIterator<Item = CertificateDer<'static>>,
) -> Result<Arc<ClientConfig>, TransportError> {
    let provider = Arc::new(ring::default_provider());
    let verifier =
        Verifier::new_with_extra_roots(roots, Arc::clone(&provider)).map_err(tls_error)?;
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(tls_error)?
        .dangerous() // The name is for verifiers that check less; this one is the platform's own.
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    Ok(Arc::new(config))
}

/// Agrees on TLS over a connected stream.
pub async fn connect(
    config: Option<Arc<ClientConfig>>,
    host: &str,
    stream: TcpStream,
) -> Result<Box<dyn Io>, TransportError> {
    let config = config.map_or_else(with_system_roots, Ok)?;
    let name = ServerName::try_from(host.to_owned()).map_err(tls_error)?;
    let stream = TlsConnector::from(config)
        .connect(name, stream)
        .await
        .map_err(tls_error)?;
    Ok(Box::new(stream))
}

fn tls_error(error: impl Into<Source>) -> TransportError {
    TransportError::Tls(error.into())
}
