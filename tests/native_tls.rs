//! TLS: the servers that the native transport trusts, its own certificate, and that it sends
//! nothing before both are checked.
#![cfg(feature = "emulator")]

use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;

use openai_realtime_ws::emulator::Emulator;
use openai_realtime_ws::native::Connector;
use openai_realtime_ws::{Config, Error, OpenAIRealtimeWS, Reconnect, TransportError};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

mod raw_server;
mod tls_server;

use tls_server::{Authority, Identity, KEY, Server, read_head, report, trusting};

/// Connects to a server with this certificate. Returns the client's error, and the request that the
/// server saw or its own error.
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

/// Asserts that the client broke off TLS for this reason, and the server got no request.
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
fn unreadable_certificates_and_keys_are_refused_at_once() {
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
    let pem = CertificateDer::from_pem_slice(emulator.certificate_pem().as_bytes());
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

fn tls_settings(roots: rustls::RootCertStore) -> rustls::ClientConfig {
    let provider = rustls::crypto::ring::default_provider();
    rustls::ClientConfig::builder_with_provider(provider.into())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth()
}

#[tokio::test]
async fn two_sources_of_tls_settings_are_an_error() {
    let authority = Authority::new("ours");
    let client = authority.issue("client");
    let own = || Arc::new(tls_settings(rustls::RootCertStore::empty()));
    let connector = || Connector::new().no_proxy();
    let root = |connector: Connector| connector.root_certificate_pem(authority.pem().as_bytes());
    let (certificate, key) = (client.certificate_pem.as_bytes(), client.key_pem.as_bytes());
    let identified = connector().tls_config(own());
    for mixed in [
        root(connector().tls_config(own())).unwrap(),
        root(connector()).unwrap().tls_config(own()),
        identified.client_certificate_pem(certificate, key).unwrap(),
        #[cfg(feature = "webpki-roots")]
        connector().tls_config(own()).webpki_roots(),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://{}/v1", listener.local_addr().unwrap());
        let config = Config::new(KEY).model("m").base_url(url);
        let error = OpenAIRealtimeWS::open(mixed, config).await.unwrap_err();
        assert!(
            matches!(&error, Error::Connect(TransportError::Tls(_))),
            "{error:?}"
        );
        let report = report(&error);
        assert!(
            report.contains("`Connector::tls_config` replaces"),
            "{report}"
        );
    }
}

#[tokio::test]
async fn of_the_callers_alpn_only_http_1_is_offered() {
    let emulator = Emulator::start().await.unwrap();
    let mut roots = rustls::RootCertStore::empty();
    let pem = CertificateDer::from_pem_slice(emulator.certificate_pem().as_bytes());
    roots.add(pem.unwrap()).unwrap();
    let mut settings = tls_settings(roots);
    settings.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let connector = Connector::new().no_proxy().tls_config(settings.into());
    let config = Config::new(KEY).model("m").base_url(emulator.wss_url());
    let mut rt = OpenAIRealtimeWS::open(connector, config).await.unwrap();
    let first = rt.next().await.unwrap().unwrap();
    assert_eq!(first.event_type(), "session.created");
}

/// Breaks a connection after the client's first bytes: by a reset, or by an end.
async fn break_off(mut stream: TcpStream, reset: bool) {
    stream.read_u8().await.unwrap();
    if reset {
        stream.set_zero_linger().unwrap();
    } else {
        // The head of a handshake record whose rest never comes.
        stream.write_all(&[22, 3, 3, 0, 90, 2]).await.unwrap();
        stream.shutdown().await.unwrap();
    }
}

#[tokio::test]
async fn a_connection_that_breaks_during_tls_is_lost() {
    for reset in [true, false] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://{}/v1", listener.local_addr().unwrap());
        let config = Config::new(KEY).model("m").base_url(url);
        let open = OpenAIRealtimeWS::open(Connector::new().no_proxy(), config);
        let serve = async { break_off(listener.accept().await.unwrap().0, reset).await };
        let (opened, ()) = tokio::join!(open, serve);
        let error = opened.unwrap_err();
        assert!(
            matches!(&error, Error::Connect(TransportError::Lost(_))),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn a_reconnect_attempt_that_breaks_during_tls_is_retried() {
    let authority = Authority::new("ours");
    let acceptor = TlsAcceptor::from(Arc::new(authority.issue("localhost").config()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let serve = async {
        let websocket = async || {
            let (stream, _) = listener.accept().await.unwrap();
            let mut stream = acceptor.accept(stream).await.unwrap();
            let request = read_head(&mut stream).await.unwrap();
            let answer = raw_server::acceptance(&request);
            stream.write_all(answer.as_bytes()).await.unwrap();
            stream.flush().await.unwrap();
            stream
        };
        drop(websocket().await);
        for reset in [true, false] {
            break_off(listener.accept().await.unwrap().0, reset).await;
        }
        let mut stream = websocket().await;
        let event = raw_server::frame(1, br#"{"type":"back.again"}"#);
        stream.write_all(&event).await.unwrap();
        let close = raw_server::frame(8, &1000_u16.to_be_bytes());
        stream.write_all(&close).await.unwrap();
        stream.flush().await.unwrap();
        let _ = stream.read_u8().await;
    };
    let reconnect = Reconnect::default().initial_delay(Duration::from_millis(1));
    let config = Config::new(KEY)
        .model("m")
        .base_url(format!("https://localhost:{port}/v1"))
        .reconnect(reconnect);
    let converse = async {
        let mut rt = OpenAIRealtimeWS::open(trusting(&authority), config)
            .await
            .unwrap();
        let mut events = Vec::new();
        while let Some(event) = rt.next().await {
            events.push(event.unwrap().event_type().to_owned());
        }
        events
    };
    let (events, ()) = tokio::join!(converse, serve);
    assert_eq!(events, ["back.again"]);
}

#[tokio::test]
async fn a_server_without_tls_is_named_with_the_ways_to_reach_it() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    let config = Config::new(KEY).model("m").base_url(url);
    let open = OpenAIRealtimeWS::open(Connector::new().no_proxy(), config);
    let serve = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let answer = b"HTTP/1.1 400 Bad Request\r\n\r\n";
        stream.write_all(answer).await.unwrap();
        stream
    };
    let (opened, _stream) = tokio::join!(open, serve);
    let error = opened.unwrap_err();
    assert!(
        matches!(&error, Error::Connect(TransportError::NoTls)),
        "{error:?}"
    );
    let report = report(&error);
    for expected in [
        "does not speak TLS",
        "insecure_loopback_url",
        "insecure_cleartext_url",
    ] {
        assert!(report.contains(expected), "{report}");
    }
}
