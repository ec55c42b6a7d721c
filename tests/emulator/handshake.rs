//! Letting clients in: keys, subprotocols, targets, TLS, and an end.

use std::sync::Arc;
use std::time::Duration;

use openai_realtime_ws::emulator::Emulator;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::client::{Client, TARGET};

/// The HTTP status and the error's code of a refused connection.
async fn refusal(emulator: &Emulator, target: &str, headers: &[(&str, &str)]) -> (u16, String) {
    let Err(Error::Http(response)) = Client::open(emulator, target, headers).await.map(|_| ())
    else {
        panic!("it is refused")
    };
    assert_eq!(response.headers()["content-type"], "application/json");
    let body: serde_json::Value =
        serde_json::from_slice(response.body().as_deref().unwrap()).unwrap();
    assert_eq!(body["error"]["type"], "invalid_request_error");
    (
        response.status().as_u16(),
        body["error"]["code"].as_str().unwrap().to_owned(),
    )
}

#[tokio::test]
async fn only_the_right_key_is_let_in() {
    let emulator = Emulator::builder()
        .api_key("sk-test")
        .start()
        .await
        .unwrap();
    let wrong = (401, "invalid_api_key".to_owned());
    assert_eq!(
        refusal(&emulator, TARGET, &[("authorization", "Bearer sk-other")]).await,
        wrong
    );
    assert_eq!(refusal(&emulator, TARGET, &[]).await, wrong);
    for header in [("authorization", "Bearer sk-test"), ("api-key", "sk-test")] {
        let (mut client, response) = Client::open(&emulator, TARGET, &[header]).await.unwrap();
        assert_eq!(response.headers().get("sec-websocket-protocol"), None);
        assert_eq!(client.next().await["type"], "session.created");
    }
    let seen = emulator.connections();
    let refused: Vec<_> = seen
        .iter()
        .map(openai_realtime_ws::emulator::ConnectionRecord::refused)
        .collect();
    assert_eq!(refused, [Some(401), Some(401), None, None]);
    assert_eq!(
        seen[0].upgrade().header("authorization"),
        Some("Bearer sk-other")
    );
    assert!(seen[0].has_ended());
}

#[tokio::test]
async fn the_subprotocol_is_confirmed_and_the_key_in_it_is_not() {
    let emulator = Emulator::builder()
        .api_key("sk-test")
        .start()
        .await
        .unwrap();
    let offers = [(
        "sec-websocket-protocol",
        "realtime, openai-insecure-api-key.sk-test",
    )];
    let (_, response) = Client::open(&emulator, TARGET, &offers).await.unwrap();
    assert_eq!(response.headers()["sec-websocket-protocol"], "realtime");
}

#[tokio::test]
async fn a_target_is_needed() {
    let emulator = Emulator::start().await.unwrap();
    assert_eq!(
        refusal(&emulator, "/realtime", &[]).await,
        (400, "missing_model".to_owned())
    );
    assert_eq!(
        refusal(&emulator, "/chat", &[]).await,
        (404, "not_found".to_owned())
    );
    let (mut client, _) = Client::open(&emulator, "/realtime?intent=transcription", &[])
        .await
        .unwrap();
    assert_eq!(client.next().await["session"]["type"], "transcription");
}

#[tokio::test]
async fn tls_is_spoken_on_the_same_port() {
    let emulator = Emulator::start().await.unwrap();
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(emulator.certificate_pem().as_bytes()).unwrap())
        .unwrap();
    let config =
        ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
    let connector = TlsConnector::from(Arc::new(config));
    for (index, name) in ["localhost", "127.0.0.1", "::1"].into_iter().enumerate() {
        let stream = TcpStream::connect(("127.0.0.1", emulator.port()))
            .await
            .unwrap();
        let stream = connector
            .connect(ServerName::try_from(name).unwrap(), stream)
            .await
            .unwrap();
        let (mut socket, _) = client_async(format!("{}{TARGET}", emulator.wss_url()), stream)
            .await
            .unwrap();
        let message = futures_util::StreamExt::next(&mut socket)
            .await
            .unwrap()
            .unwrap();
        assert!(message.into_text().unwrap().contains("session.created"));
        assert!(emulator.connections()[index].upgrade().is_tls());
    }
}

#[tokio::test]
async fn a_session_ends_with_its_lifetime() {
    let emulator = Emulator::builder()
        .lifetime(Duration::from_millis(1))
        .start()
        .await
        .unwrap();
    let mut client = Client::conversation(&emulator).await;
    let Some(Ok(Message::Close(Some(frame)))) = client.next_message().await else {
        panic!("a close")
    };
    assert_eq!(u16::from(frame.code), 1001);
    assert!(
        frame.reason.contains("maximum duration"),
        "{}",
        frame.reason
    );
}

#[tokio::test]
async fn a_close_is_answered_and_noted() {
    let emulator = Emulator::start().await.unwrap();
    let mut client = Client::conversation(&emulator).await;
    client.close(3001, "enough").await;
    let Some(Ok(Message::Close(Some(frame)))) = client.next_message().await else {
        panic!("a close")
    };
    assert_eq!(u16::from(frame.code), 3001);
    assert!(client.next_message().await.is_none());
    let seen = emulator
        .until(|connections| connections[0].has_ended())
        .await;
    assert_eq!(seen[0].close(), Some((3001, "enough")));
}

#[tokio::test]
async fn dropping_it_ends_its_connections() {
    let emulator = Emulator::start().await.unwrap();
    let mut client = Client::conversation(&emulator).await;
    let port = emulator.port();
    drop(emulator);
    assert!(!matches!(client.next_message().await, Some(Ok(_))));
    assert!(TcpStream::connect(("127.0.0.1", port)).await.is_err());
}
