//! TLS with a certificate of the emulator's own, made when it starts.

use std::io;
use std::sync::Arc;

use rcgen::{CertificateParams, CertifiedKey, DistinguishedName, DnType, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::TlsAcceptor;

/// The first byte of a TLS connection: a handshake record. An HTTP request begins with a letter.
pub(super) const CLIENT_HELLO: u8 = 0x16;

/// A self-signed certificate for the loopback names, and what accepts TLS with it.
pub(super) struct TlsSetup {
    pub(super) acceptor: TlsAcceptor,
    pub(super) certificate_pem: String,
}

impl TlsSetup {
    pub(super) fn new() -> io::Result<Self> {
        let CertifiedKey { cert, signing_key } = self_signed().map_err(io::Error::other)?;
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(signing_key.serialize_der()));
        let config =
            ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
                .with_safe_default_protocol_versions()
                .and_then(|config| {
                    config
                        .with_no_client_auth()
                        .with_single_cert(vec![cert.der().clone()], key)
                })
                .map_err(io::Error::other)?;
        Ok(Self {
            acceptor: TlsAcceptor::from(Arc::new(config)),
            certificate_pem: cert.pem(),
        })
    }
}

fn self_signed() -> Result<CertifiedKey<KeyPair>, rcgen::Error> {
    let mut params = CertificateParams::new(["localhost", "127.0.0.1", "::1"].map(String::from))?;
    params.distinguished_name = DistinguishedName::new();
    params
        .distinguished_name
        .push(DnType::CommonName, "Realtime emulator");
    let signing_key = KeyPair::generate()?;
    let cert = params.self_signed(&signing_key)?;
    Ok(CertifiedKey { cert, signing_key })
}
