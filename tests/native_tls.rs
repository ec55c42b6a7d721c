//! TLS: whom the native transport trusts, what it shows for itself, and that nothing is said before.
#![cfg(feature = "emulator")]

use std::error::Error as _;

use futures_util::StreamExt;
use openai_realtime_ws::emulator::Emulator;
use openai_realtime_ws::native::Connector;
use openai_realtime_ws::{Config, Error, OpenAIRealtimeWS, TransportError};
use rustls::pki_types::pem::PemObject;
use tokio::io::AsyncWriteExt;

mod tls_server;

use tls_server::{Authority, Identity, KEY, Server, report, trusting};

/// Connects to `https://localhost` with this certificate; what the client got, and the server saw.
async fn attempt(connector: Connector, identity: &Identity) -> (Error, Result<String, String>) {
    let server = Server::start(identity.config(), |mut stream| async move {
        stream
            .write_all(b"HTTP/1.1 401 No\r\ncontent-length: 0\r\n\r\n")
            .await
            .unwrap();
        stream.shutdown().await.unwrap();
    })
    .await;
    let config = server.config("localhost");
    let error = OpenAIRealtimeWS::open(connector, config).await.unwrap_err();
    (error, server.task.await.unwrap())
}

/// The client broke TLS off, for a reason that its error names, and the server got no request.
async fn is_broken_off(connector: Connector, identity: &Identity, reason: &str) {
    let (error, seen) = attempt(connector, identity).await;
    assert!(
        matches!(&error, Error::Connect(TransportError::Tls(_))),
        "{error:?}"
    );
    let report = report(&error);
    assert!(report.contains(reason), "{report}");
    let alert = seen.unwrap_err();
    assert!(alert.contains("alert"), "{alert}");
    assert!(!format!("{report}{error:?}{alert}").contains(KEY));
}

#[tokio::test]
async fn a_wrong_certificate_is_named_and_ends_it_before_the_credential_contract_91() {
    let ours = Authority::new("ours");
    let theirs = Authority::new("theirs");
    is_broken_off(trusting(&ours), &theirs.issue("localhost"), "UnknownIssuer").await;
    is_broken_off(
        trusting(&ours),
        &ours.issue("elsewhere.example"),
        "not valid for name \"localhost\"",
    )
    .await;
    is_broken_off(trusting(&ours), &ours.issue_expired("localhost"), "expired").await;
    is_broken_off(
        Connector::new().no_proxy(),
        &ours.issue("localhost"),
        "UnknownIssuer",
    )
    .await;

    let (error, seen) = attempt(trusting(&ours), &ours.issue("localhost")).await;
    assert!(
        matches!(&error, Error::Connect(TransportError::Refused(_))),
        "{error:?}"
    );
    assert!(seen.unwrap().contains(KEY), "the right one gets it");
}

#[cfg(feature = "webpki-roots")]
#[tokio::test]
async fn webpki_roots_stand_in_for_the_platforms() {
    let authority = Authority::new("ours");
    let identity = authority.issue("localhost");
    is_broken_off(
        Connector::new().no_proxy().webpki_roots(),
        &identity,
        "UnknownIssuer",
    )
    .await;
    let (error, seen) = attempt(trusting(&authority).webpki_roots(), &identity).await;
    assert!(
        matches!(&error, Error::Connect(TransportError::Refused(_))),
        "{error:?}"
    );
    assert!(seen.is_ok());
}

#[tokio::test]
async fn a_client_certificate_is_shown_to_a_server_that_asks() {
    let authority = Authority::new("ours");
    let identity = authority.issue("localhost");
    let client = authority.issue("client");
    let start = || {
        Server::start(authority.asking(&identity), |mut stream| async move {
            let shown = stream
                .get_ref()
                .1
                .peer_certificates()
                .map(<[_]>::to_vec)
                .unwrap();
            let answer = format!(
                "HTTP/1.1 403 No\r\nx-request-id: {}\r\ncontent-length: 0\r\n\r\n",
                shown.len()
            );
            stream.write_all(answer.as_bytes()).await.unwrap();
            stream.shutdown().await.unwrap();
        })
    };
    let server = start().await;
    let connector = trusting(&authority)
        .client_certificate_pem(client.certificate_pem.as_bytes(), client.key_pem.as_bytes())
        .unwrap();
    let error = OpenAIRealtimeWS::open(connector, server.config("localhost"))
        .await
        .unwrap_err();
    let Error::Connect(TransportError::Refused(refusal)) = &error else {
        panic!("{error:?}")
    };
    assert_eq!(
        (refusal.status, refusal.request_id.as_deref()),
        (403, Some("1"))
    );
    assert!(server.task.await.unwrap().is_ok());

    let server = start().await;
    let error = OpenAIRealtimeWS::open(trusting(&authority), server.config("localhost"))
        .await
        .unwrap_err();
    assert!(matches!(&error, Error::Connect(_)), "{error:?}");
    let seen = server.task.await.unwrap();
    assert!(
        seen.unwrap_err().contains("no certificates"),
        "nobody came in without"
    );
}

#[test]
fn what_is_no_certificate_or_no_key_or_not_its_key_is_refused_at_once() {
    let authority = Authority::new("ours");
    let (one, other) = (authority.issue("one"), authority.issue("other"));
    let reason = |result: Result<Connector, TransportError>| {
        let error = result.unwrap_err();
        assert!(matches!(error, TransportError::Tls(_)), "{error:?}");
        error.source().unwrap().to_string()
    };
    let identity = |certificate: &str, key: &str| {
        Connector::new().client_certificate_pem(certificate.as_bytes(), key.as_bytes())
    };
    assert!(identity(&one.certificate_pem, &one.key_pem).is_ok());
    let nothing = "there is no certificate in the PEM text";
    assert_eq!(reason(Connector::new().root_certificate_pem(b"")), nothing);
    assert_eq!(reason(identity(&one.key_pem, &one.key_pem)), nothing);
    assert!(reason(identity(&one.certificate_pem, "")).contains("no items found"));
    assert!(reason(identity(&one.certificate_pem, &other.key_pem)).contains("KeyMismatch"));
}

#[tokio::test]
async fn the_callers_own_settings_are_used() {
    let emulator = Emulator::start().await.unwrap();
    let mut roots = rustls::RootCertStore::empty();
    let pem =
        rustls::pki_types::CertificateDer::from_pem_slice(emulator.certificate_pem().as_bytes());
    roots.add(pem.unwrap()).unwrap();
    let provider = rustls::crypto::ring::default_provider();
    let settings = rustls::ClientConfig::builder_with_provider(provider.into())
        .with_protocol_versions(&[&rustls::version::TLS12])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connector = Connector::new().no_proxy().tls_config(settings.into());
    let config = Config::new(KEY).model("m").base_url(emulator.wss_url());
    let mut rt = OpenAIRealtimeWS::open(connector, config).await.unwrap();
    assert_eq!(
        rt.next().await.unwrap().unwrap().event_type(),
        "session.created"
    );
    assert!(emulator.connections()[0].upgrade().is_tls());
}
