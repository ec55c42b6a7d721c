//! Letting clients in: keys, subprotocols, targets, TLS, and an end.

use std::sync::Arc;
use std::time::Duration;

use openai_realtime_ws::emulator::Emulator;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::json;
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

/// The error's code, and the code and the reason of the close, of a connection that is opened and
/// closed at once.
async fn closed(
    emulator: &Emulator,
    target: &str,
    headers: &[(&str, &str)],
) -> (String, u16, String) {
    let (mut client, response) = Client::open(emulator, target, headers).await.unwrap();
    assert_eq!(response.status(), 101);
    let error = client.next().await;
    assert_eq!(
        (&error["type"], &error["error"]["type"]),
        (&"error".into(), &"invalid_request_error".into())
    );
    // What a client sends at once is not answered any more.
    client.send(json!({"type": "response.create"})).await;
    let Some(Ok(Message::Close(Some(frame)))) = client.next_message().await else {
        panic!("a close")
    };
    let code = error["error"]["code"].as_str().unwrap().to_owned();
    (code, frame.code.into(), frame.reason.to_string())
}

fn close(code: &str, close: u16) -> (String, u16, String) {
    (
        code.to_owned(),
        close,
        format!("invalid_request_error.{code}"),
    )
}

#[tokio::test]
async fn a_wrong_key_gets_an_error_and_a_close() {
    let emulator = Emulator::builder()
        .api_key("sk-test")
        .start()
        .await
        .unwrap();
    let wrong = close("invalid_api_key", 3000);
    let other = [("authorization", "Bearer sk-other")];
    assert_eq!(closed(&emulator, TARGET, &other).await, wrong);
    assert_eq!(closed(&emulator, TARGET, &[]).await, wrong);
    let offers = [(
        "sec-websocket-protocol",
        "realtime, openai-insecure-api-key.sk-other",
    )];
    assert_eq!(closed(&emulator, TARGET, &offers).await, wrong);
    for header in [("authorization", "Bearer sk-test"), ("api-key", "sk-test")] {
        let (mut client, response) = Client::open(&emulator, TARGET, &[header]).await.unwrap();
        assert_eq!(response.headers().get("sec-websocket-protocol"), None);
        assert_eq!(client.next().await["type"], "session.created");
    }
    let seen = emulator.connections();
    assert_eq!(
        (seen[0].refused(), seen[0].upgrade().header("authorization")),
        (None, Some("Bearer sk-other"))
    );
}

#[tokio::test]
async fn a_wrong_or_a_missing_model_gets_an_error_and_a_close() {
    let emulator = Emulator::builder()
        .models(["gpt-realtime-2.1", "gpt-realtime-translate"])
        .start()
        .await
        .unwrap();
    for (target, expected) in [
        ("/realtime", close("missing_model", 4000)),
        ("/realtime/translations", close("missing_model", 4000)),
        ("/realtime?model=gpt-3", close("invalid_model", 4000)),
    ] {
        assert_eq!(closed(&emulator, target, &[]).await, expected, "{target}");
    }
    for target in [
        "/realtime?model=gpt-realtime-2.1",
        "/realtime/translations?model=gpt-realtime-translate",
        "/realtime?intent=transcription",
    ] {
        let (mut client, _) = Client::open(&emulator, target, &[]).await.unwrap();
        assert_eq!(client.next().await["type"], "session.created", "{target}");
    }
}

#[tokio::test]
async fn handshakes_are_refused_if_it_is_told_to() {
    let emulator = Emulator::builder()
        .api_key("sk-test")
        .models(["gpt-realtime-2.1"])
        .refuse_handshakes(true)
        .start()
        .await
        .unwrap();
    let other = [("authorization", "Bearer sk-other")];
    let right = [("authorization", "Bearer sk-test")];
    for (target, headers, status, code) in [
        (TARGET, &other, 401, "invalid_api_key"),
        ("/realtime", &right, 400, "missing_model"),
        ("/realtime?model=gpt-3", &right, 400, "invalid_model"),
    ] {
        assert_eq!(
            refusal(&emulator, target, headers).await,
            (status, code.to_owned()),
            "{target}"
        );
    }
    let seen = emulator.connections();
    assert_eq!(seen[0].refused(), Some(401));
    assert!(seen[0].has_ended());
}

#[tokio::test]
async fn an_azure_url_names_a_deployment() {
    let emulator = Emulator::start().await.unwrap();
    let base = emulator.ws_url().replace("/v1", "/openai");
    for target in [
        "/realtime?api-version=2024-10-01-preview&deployment=dep",
        "/v1/realtime?model=dep",
    ] {
        let mut client = Client::open_at(&emulator, &format!("{base}{target}"))
            .await
            .unwrap();
        assert_eq!(client.next().await["session"]["model"], "dep", "{target}");
        // The update names the model that is deployed.
        let session =
            json!({"type": "realtime", "model": "gpt-realtime-2.1", "instructions": "Hi"});
        assert_eq!(client.update(session).await["instructions"], "Hi");
    }
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
async fn sessions_are_served_at_one_path() {
    let emulator = Emulator::start().await.unwrap();
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
