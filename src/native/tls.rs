//! TLS settings, and the TLS handshake over a connected stream.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, LazyLock, Mutex, OnceLock, PoisonError};

use rustls::client::ResolvesClientCert;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ClientConfig, InvalidMessage, SignatureScheme};
use rustls_platform_verifier::Verifier;
use tokio_rustls::TlsConnector;

use super::tcp::Io;
use crate::transport::{Source, TransportError};

/// The only protocol that is spoken inside of TLS.
const ALPN: &[u8] = b"http/1.1";

/// TLS settings: trusted root certificates and the client's own certificate, or a configuration of
/// the caller's.
#[derive(Clone)]
pub(super) struct Tls {
    roots: Roots,
    extra_roots: Vec<CertificateDer<'static>>,
    identity: Option<Arc<CertifiedKey>>,
    /// The caller's configuration. It replaces all of the above, and goes with none of it.
    own: Option<Arc<ClientConfig>>,
    /// The resulting configuration. Reading the system's roots takes a while, so the first
    /// connection does it once for all.
    config: Shared,
}

/// Configuration that the first connection makes for all connectors of the same settings. So a
/// connector for each call reads the roots once, and resumes TLS sessions.
type Shared = Arc<OnceLock<Arc<ClientConfig>>>;

/// The root certificates that are trusted without being named.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Roots {
    Platform,
    #[cfg(feature = "webpki-roots")]
    WebPki,
}

/// The other end of a TLS connection.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Peer {
    Server,
    /// A proxy never sees the client's certificate, which is for the server.
    Proxy,
}

/// The platform's roots. All such settings share one configuration.
impl Default for Tls {
    fn default() -> Self {
        // Reading the platform's roots takes milliseconds: connectors without settings share them.
        Self {
            roots: Roots::Platform,
            extra_roots: Vec::new(),
            identity: None,
            own: None,
            config: shared(Roots::Platform, &[]),
        }
    }
}

/// Returns the configuration of these roots, which is made if there is none yet.
fn shared(roots: Roots, extra_roots: &[CertificateDer<'static>]) -> Shared {
    /// Number of sets of additional roots whose configuration is kept: a program has one or two.
    const KEPT: usize = 4;
    type Kept = (Roots, Vec<CertificateDer<'static>>, Shared);
    static PLATFORM: LazyLock<Shared> = LazyLock::new(Arc::default);
    static OTHERS: Mutex<VecDeque<Kept>> = Mutex::new(VecDeque::new());

    if roots == Roots::Platform && extra_roots.is_empty() {
        return Arc::clone(&PLATFORM);
    }
    // Nothing panics while the lock is held.
    let mut others = OTHERS.lock().unwrap_or_else(PoisonError::into_inner);
    let found = others
        .iter()
        .position(|(kind, extra, _)| *kind == roots && extra == extra_roots);
    // The one that was used last is kept longest.
    let kept = found.and_then(|at| others.remove(at));
    let kept = kept.unwrap_or_else(|| (roots, extra_roots.to_vec(), Arc::default()));
    let config = Arc::clone(&kept.2);
    others.push_back(kept);
    if others.len() > KEPT {
        others.pop_front();
    }
    config
}

impl Tls {
    #[cfg(feature = "webpki-roots")]
    pub(super) fn trust_webpki_roots(&mut self) {
        self.roots = Roots::WebPki;
        self.share();
    }

    /// Trusts the certificates in `pem`, too.
    pub(super) fn trust(&mut self, pem: &[u8]) -> Result<(), TransportError> {
        self.extra_roots.extend(certificates(pem)?);
        self.share();
        Ok(())
    }

    /// Shares the configuration of the present settings. A client's certificate and a caller's own
    /// configuration are shared by the clones of their connector alone.
    fn share(&mut self) {
        self.config = if self.identity.is_none() && self.own.is_none() {
            shared(self.roots, &self.extra_roots)
        } else {
            Arc::default()
        };
    }

    /// Shows this certificate to servers that ask for one, and signs with its key.
    pub(super) fn identify(
        &mut self,
        certificate: &[u8],
        key: &[u8],
    ) -> Result<(), TransportError> {
        let chain = certificates(certificate)?;
        let key = PrivateKeyDer::from_pem_slice(key).map_err(tls_error)?;
        let identity = CertifiedKey::from_der(chain, key, &ring::default_provider());
        self.identity = Some(Arc::new(identity.map_err(tls_error)?));
        self.config = Arc::default();
        Ok(())
    }

    /// Uses the caller's configuration.
    pub(super) fn replace(&mut self, config: Arc<ClientConfig>) {
        self.own = Some(config);
        self.config = Arc::default();
    }

    /// Agrees on TLS over a connected stream.
    ///
    /// # Errors
    /// [`TransportError::Tls`] if both sides cannot agree, [`TransportError::NoTls`] if the peer
    /// answers in another protocol, [`TransportError::Lost`] if the connection breaks.
    pub(super) async fn connect(
        &self,
        peer: Peer,
        host: &str,
        stream: Box<dyn Io>,
    ) -> Result<Box<dyn Io>, TransportError> {
        let name = ServerName::try_from(host.to_owned()).map_err(tls_error)?;
        let connecting = TlsConnector::from(self.config(peer)?).connect(name, stream);
        Ok(Box::new(connecting.await.map_err(handshake_error)?))
    }

    fn config(&self, peer: Peer) -> Result<Arc<ClientConfig>, TransportError> {
        let config = self.checked()?;
        // The certificate identifies the user to the server, and is none of the proxy's business.
        if peer == Peer::Server || !config.client_auth_cert_resolver.has_certs() {
            return Ok(config);
        }
        let mut config = (*config).clone();
        config.client_auth_cert_resolver = Arc::new(NoCertificate);
        Ok(Arc::new(config))
    }

    /// The configuration for servers, or the error that these settings come to.
    pub(super) fn checked(&self) -> Result<Arc<ClientConfig>, TransportError> {
        if let Some(config) = self.config.get() {
            return Ok(Arc::clone(config));
        }
        let config = match &self.own {
            None => Arc::new(self.build().map_err(tls_error)?),
            // In either order of the calls: one of the two settings would be lost in silence.
            Some(_) if self.has_settings() => {
                return Err(tls_error(
                    "`Connector::tls_config` replaces every other TLS setting: put the root and \
                     client certificates into the `ClientConfig`, or leave `tls_config` out",
                ));
            }
            Some(own) => http_1_only(own),
        };
        Ok(Arc::clone(self.config.get_or_init(|| config)))
    }

    fn has_settings(&self) -> bool {
        self.roots != Roots::Platform || !self.extra_roots.is_empty() || self.identity.is_some()
    }

    fn build(&self) -> Result<ClientConfig, rustls::Error> {
        let provider = Arc::new(ring::default_provider());
        let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()?;
        let config = match self.roots {
            Roots::Platform => config
                // The name warns of verifiers that check less. This one is the platform's own.
                .dangerous()
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

/// A caller's configuration without any protocol that this crate does not speak, such as HTTP/2.
fn http_1_only(own: &Arc<ClientConfig>) -> Arc<ClientConfig> {
    // HTTP/2 has another way to open WebSockets, which few servers offer (RFC 8441).
    if own.alpn_protocols.iter().all(|protocol| protocol == ALPN) {
        return Arc::clone(own);
    }
    let mut config = (**own).clone();
    config.alpn_protocols = vec![ALPN.to_vec()];
    Arc::new(config)
}

/// Stands in for the client's certificate where it must not be shown.
#[derive(Debug)]
struct NoCertificate;

impl ResolvesClientCert for NoCertificate {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        None
    }

    fn has_certs(&self) -> bool {
        false
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

/// Tells a peer that rejects TLS from a connection that broke meanwhile. Only the latter is worth
/// another attempt.
fn handshake_error(error: io::Error) -> TransportError {
    // rustls wraps its own errors. Any other error is the network's, and worth another attempt.
    let cause = error.get_ref().and_then(|cause| cause.downcast_ref());
    match cause {
        Some(rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType)) => {
            TransportError::NoTls
        }
        Some(_) => tls_error(error),
        None => TransportError::Lost(error.into()),
    }
}

fn tls_error(error: impl Into<Source>) -> TransportError {
    TransportError::Tls(error.into())
}

#[cfg(test)]
#[cfg(feature = "emulator")]
mod tests {
    use std::sync::Arc;

    use super::Tls;

    fn trusting(pem: &[String]) -> Tls {
        let mut tls = Tls::default();
        for pem in pem {
            tls.trust(pem.as_bytes()).unwrap();
        }
        tls
    }

    #[test]
    fn connectors_of_the_same_roots_share_one_configuration() {
        let certificate = |name: &str| {
            let certified = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
            certified.cert.pem()
        };
        let roots: Vec<_> = (0..6)
            .map(|at| certificate(&format!("{at}.test")))
            .collect();
        let first = trusting(&roots[..1]).checked().unwrap();
        let again = trusting(&roots[..1]).checked().unwrap();
        assert!(Arc::ptr_eq(&first, &again));
        let both = trusting(&roots[..2]).checked().unwrap();
        assert!(!Arc::ptr_eq(&first, &both));
        assert!(!Arc::ptr_eq(&first, &Tls::default().checked().unwrap()));

        let mut own = trusting(&roots[..1]);
        own.replace(Arc::clone(&first));
        let refused = own.checked();
        assert!(refused.is_err(), "roots and an own configuration");
        assert!(trusting(&roots[..1]).checked().is_ok(), "it is not shared");

        // Only the last few are kept, so many sets of roots cannot fill the memory.
        for root in &roots {
            trusting(std::slice::from_ref(root));
        }
        let later = trusting(&roots[..1]).checked().unwrap();
        assert!(!Arc::ptr_eq(&first, &later));
    }
}
