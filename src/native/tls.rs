use std::sync::{Arc, LazyLock, OnceLock};

use rustls::ClientConfig;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls_platform_verifier::Verifier;
use tokio_rustls::TlsConnector;

use super::socket::Io;
use crate::transport::{Source, TransportError};

/// Whom to trust, and what to show for oneself.
#[derive(Clone)]
pub struct Tls {
    roots: Roots,
    extra_roots: Vec<CertificateDer<'static>>,
    identity: Option<Arc<CertifiedKey>>,
    /// What all this comes to. Reading the system's roots takes a while, so it is done once, at the first connection.
    config: Arc<OnceLock<Arc<ClientConfig>>>,
}

/// The root certificates that are trusted without being named.
#[derive(Clone, Copy)]
enum Roots {
    Platform,
    #[cfg(feature = "webpki-roots")]
    WebPki,
}

/// With the platform's roots. All such share their configuration.
impl Default for Tls {
    fn default() -> Self {
        static SHARED: LazyLock<Arc<OnceLock<Arc<ClientConfig>>>> = LazyLock::new(Arc::default);
        Self {
            roots: Roots::Platform,
            extra_roots: Vec::new(),
            identity: None,
            config: Arc::clone(&SHARED),
        }
    }
}

impl Tls {
    #[cfg(feature = "webpki-roots")]
    pub fn trust_webpki_roots(&mut self) {
        self.roots = Roots::WebPki;
        self.config = Arc::default();
    }

    /// Trusts the certificates in `pem`, too.
    pub fn trust(&mut self, pem: &[u8]) -> Result<(), TransportError> {
        self.extra_roots.extend(certificates(pem)?);
        self.config = Arc::default();
        Ok(())
    }

    /// Shows this certificate to servers that ask for one, and proves by the key that it is ours.
    pub fn identify(&mut self, certificate: &[u8], key: &[u8]) -> Result<(), TransportError> {
        let chain = certificates(certificate)?;
        let key = PrivateKeyDer::from_pem_slice(key).map_err(tls_error)?;
        let identity = CertifiedKey::from_der(chain, key, &ring::default_provider());
        self.identity = Some(Arc::new(identity.map_err(tls_error)?));
        self.config = Arc::default();
        Ok(())
    }

    /// Takes a configuration as it is.
    pub fn replace(&mut self, config: Arc<ClientConfig>) {
        self.config = Arc::new(OnceLock::from(config));
    }

    /// Agrees on TLS over a connected stream.
    pub async fn connect(
        &self,
        host: &str,
        stream: Box<dyn Io>,
    ) -> Result<Box<dyn Io>, TransportError> {
        let name = ServerName::try_from(host.to_owned()).map_err(tls_error)?;
        let stream = TlsConnector::from(self.config()?)
            .connect(name, stream)
            .await
            .map_err(tls_error)?;
        Ok(Box::new(stream))
    }

    pub fn config(&self) -> Result<Arc<ClientConfig>, TransportError> {
        if let Some(config) = self.config.get() {
            return Ok(Arc::clone(config));
        }
        let config = Arc::new(self.build().map_err(tls_error)?);
        Ok(Arc::clone(self.config.get_or_init(|| config)))
    }

    fn build(&self) -> Result<ClientConfig, rustls::Error> {
        let provider = Arc::new(ring::default_provider());
        let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()?;
        let config = match self.roots {
            Roots::Platform => config
                .dangerous() // The name is for verifiers that check less; this one is the platform's own.
                .with_custom_certificate_verifier(self.platform_verifier(provider)?),
            #[cfg(feature = "webpki-roots")]
            Roots::WebPki => config.with_root_certificates(self.webpki_roots()?),
        };
        Ok(match &self.identity {
            None => config.with_no_client_auth(),
            Some(identity) => config
                .with_client_cert_resolver(Arc::new(SingleCertAndKey::from(Arc::clone(identity)))),
        })
    }

    fn platform_verifier(
        &self,
        provider: Arc<CryptoProvider>,
    ) -> Result<Arc<Verifier>, rustls::Error> {
        Verifier::new_with_extra_roots(self.extra_roots.iter().cloned(), provider).map(Arc::new)
    }

    #[cfg(feature = "webpki-roots")]
    fn webpki_roots(&self) -> Result<rustls::RootCertStore, rustls::Error> {
        let roots = webpki_roots::TLS_SERVER_ROOTS.iter().cloned();
        let mut roots: rustls::RootCertStore = roots.collect();
        for root in &self.extra_roots {
            roots.add(root.clone())?;
        }
        Ok(roots)
    }
}

fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, TransportError> {
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let certificates = certificates.map_err(tls_error)?;
    if certificates.is_empty() {
        return Err(tls_error("there is no certificate in the PEM text"));
    }
    Ok(certificates)
}

fn tls_error(error: impl Into<Source>) -> TransportError {
    TransportError::Tls(error.into())
}
