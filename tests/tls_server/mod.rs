//! A TLS server for one connection, with any certificate. A test writes its answer byte by byte.

// Each test file uses a part of it.
#![allow(dead_code)]

use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;

use openai_realtime_ws::Config;
use openai_realtime_ws::native::Connector;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd,
};
use rustls::RootCertStore;
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::{ClientCertVerifierBuilder, ServerConfig, WebPkiClientVerifier};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// The key that must not be seen where it does not belong.
pub const KEY: &str = "sk-secret-key";

/// Issues certificates.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate and its key.
pub struct Identity {
    pub certificate: CertificateDer<'static>,
    pub certificate_pem: String,
    pub key_pem: String,
    key: PrivateKeyDer<'static>,
}

impl Authority {
    pub fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    pub fn pem(&self) -> String {
        self.0.pem()
    }

    /// A certificate for a name.
    pub fn issue(&self, name: &str) -> Identity {
        self.sign(&CertificateParams::new([name.to_owned()]).unwrap())
    }

    /// An expired certificate for a name.
    pub fn issue_expired(&self, name: &str) -> Identity {
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2021, 1, 1);
        self.sign(&params)
    }

    fn sign(&self, params: &CertificateParams) -> Identity {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        Identity {
            certificate: certificate.der().clone(),
            certificate_pem: certificate.pem(),
            key_pem: key.serialize_pem(),
            key: PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
        }
    }

    /// A server's settings that ask every client for a certificate of this authority.
    pub fn asking(&self, identity: &Identity) -> ServerConfig {
        self.asking_clients(identity, |verifier| verifier)
    }

    /// A server's settings that ask every client for a certificate, and accept clients without one.
    pub fn asking_politely(&self, identity: &Identity) -> ServerConfig {
        self.asking_clients(identity, ClientCertVerifierBuilder::allow_unauthenticated)
    }

    fn asking_clients(
        &self,
        identity: &Identity,
        rule: impl FnOnce(ClientCertVerifierBuilder) -> ClientCertVerifierBuilder,
    ) -> ServerConfig {
        let mut roots = RootCertStore::empty();
        roots.add(self.0.der().clone()).unwrap();
        let provider = Arc::new(ring::default_provider());
        let verifier =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
        ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(rule(verifier).build().unwrap())
            .with_single_cert(vec![identity.certificate.clone()], identity.key.clone_key())
            .unwrap()
    }
}

impl Identity {
    pub fn config(&self) -> ServerConfig {
        ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![self.certificate.clone()], self.key.clone_key())
            .unwrap()
    }
}

/// A server for one connection. Its task returns the request's head, or the error of its TLS.
pub struct Server {
    pub address: SocketAddr,
    pub task: JoinHandle<Result<String, String>>,
}

impl Server {
    /// Agrees on TLS, reads the request, and runs `serve`.
    pub async fn start<F>(
        config: ServerConfig,
        serve: impl FnOnce(TlsStream<TcpStream>) -> F + Send + 'static,
    ) -> Self
    where
        F: Future<Output = ()> + Send,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let task = tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            let mut stream = TlsAcceptor::from(Arc::new(config))
                .accept(stream)
                .await
                .map_err(|error| error.to_string())?;
            let request = read_head(&mut stream)
                .await
                .map_err(|error| error.to_string())?;
            serve(stream).await;
            let again = futures_util::future::poll_immediate(Box::pin(listener.accept())).await;
            assert!(again.is_none(), "a second connection");
            Ok(request)
        });
        Self { address, task }
    }

    /// Configuration that reaches the server by this name.
    pub fn config(&self, host: &str) -> Config {
        Config::new(KEY)
            .model("m")
            .base_url(format!("https://{host}:{}/v1", self.address.port()))
    }
}

/// Reads up to the empty line.
pub async fn read_head(stream: &mut (impl AsyncRead + Unpin)) -> std::io::Result<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    Ok(String::from_utf8(head).unwrap())
}

/// A connector that trusts an authority, and ignores the environment.
pub fn trusting(authority: &Authority) -> Connector {
    Connector::new()
        .no_proxy()
        .root_certificate_pem(authority.pem().as_bytes())
        .unwrap()
}

/// The error, and all its causes.
pub fn report(error: &dyn Error) -> String {
    let mut report = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        report = format!("{report}: {error}");
        cause = error.source();
    }
    report
}
