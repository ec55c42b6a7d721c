//! The examples of REST calls, as they run without a key.
// Each example has `service` for itself.
#![allow(clippy::duplicate_mod)]

#[allow(dead_code)]
#[path = "../examples/ephemeral_token.rs"]
mod ephemeral_token;
#[allow(dead_code)]
#[path = "../examples/sideband_call.rs"]
mod sideband_call;
#[allow(dead_code)]
#[path = "../examples/sip_webhook.rs"]
mod sip_webhook;

use openai_realtime_ws::emulator::{CallState, Emulator};
use openai_realtime_ws::protocol::SessionConfig;
use openai_realtime_ws::{Config, OpenAIRealtimeWS, ServerEvent, rest};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use sip_webhook::{Desk, SECRET};

const KEY: &str = "sk-emulator-0123456789";

/// The whole answer to a request without a body.
async fn ask(port: u16, line: &str, headers: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let request = format!("{line} HTTP/1.1\r\nConnection: close\r\n{headers}\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn ephemeral_token_gives_a_page_a_key_that_opens_its_session() {
    let emulator = Emulator::builder().api_key(KEY).start().await.unwrap();
    let config = |key: &str| Config::new(key).insecure_loopback_url(emulator.ws_url());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let client = rest::Client::new(config(KEY)).unwrap();
    let server = tokio::spawn(ephemeral_token::serve(listener, client));

    for headers in [
        "Host: localhost\r\n".to_owned(),
        format!("Host: 127.0.0.1:{port}\r\nOrigin: http://127.0.0.1:{port}\r\n"),
        format!("Host: [::1]:{port}\r\n"),
    ] {
        let answer = ask(port, "POST /token", &headers).await;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200 "), "{answer}");
        assert!(head.contains("cache-control: no-store"), "{answer}");
        let token: Value = serde_json::from_str(body).unwrap();
        assert!(token["expires_at"].is_u64());
        let page = config(token["value"].as_str().unwrap()).model("gpt-realtime");
        let mut rt = OpenAIRealtimeWS::connect(page).await.unwrap();
        let Some(Ok(ServerEvent::SessionCreated(created))) = rt.next().await else {
            panic!("no session");
        };
        let SessionConfig::Realtime(session) = *created.session else {
            panic!("another session");
        };
        assert_eq!(
            session.instructions.as_deref(),
            Some("Be brief and friendly.")
        );
    }
    server.abort();
}

/// Only the server's own pages get a key, and only by POST.
#[tokio::test]
async fn ephemeral_token_mints_nothing_for_other_sites_or_on_get() {
    let emulator = Emulator::builder().api_key(KEY).start().await.unwrap();
    let config = Config::new(KEY).insecure_loopback_url(emulator.ws_url());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let client = rest::Client::new(config).unwrap();
    let server = tokio::spawn(ephemeral_token::serve(listener, client));
    for (line, headers, status) in [
        ("GET /token", "Host: localhost\r\n", 405),
        ("POST /token", "Host: rebound.example\r\n", 403),
        ("POST /token", "Host: localhost.rebound.example\r\n", 403),
        (
            "POST /token",
            "Host: localhost\r\nOrigin: https://elsewhere.example\r\n",
            403,
        ),
        (
            "POST /token",
            "Host: localhost:1\r\nOrigin: http://localhost:2\r\n",
            403,
        ),
        ("POST /token", "Host: localhost\r\nOrigin: null\r\n", 403),
    ] {
        let answer = ask(port, line, headers).await;
        let expected = format!("HTTP/1.1 {status} ");
        assert!(answer.starts_with(&expected), "{headers}: {answer}");
        assert!(!answer.contains("ek_"), "{answer}");
    }
    server.abort();
}

#[tokio::test]
async fn ephemeral_token_does_not_tell_pages_why_there_is_no_key() {
    let emulator = Emulator::builder().api_key(KEY).start().await.unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let config = Config::new("sk-wrong").insecure_loopback_url(emulator.ws_url());
    let client = rest::Client::new(config).unwrap();
    let server = tokio::spawn(ephemeral_token::serve(listener, client));
    let answer = ask(port, "POST /token", "Host: localhost\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 502 "), "{answer}");
    assert!(
        answer.ends_with(r#"{"error":"no token is available now"}"#),
        "{answer}"
    );
    server.abort();
}

#[tokio::test]
async fn sideband_call_sets_up_a_call_and_steers_it() {
    let service = sideband_call::service::Service::emulated().await.unwrap();
    let mut out = Vec::new();
    sideband_call::steer(&service, sideband_call::OFFER, &mut out)
        .await
        .unwrap();
    let out = String::from_utf8(out).unwrap();
    let lines: Vec<_> = out.lines().collect();
    let id = lines[0]
        .strip_prefix("call ")
        .and_then(|line| line.strip_suffix(" is set up"))
        .unwrap();
    assert!(lines[1].starts_with("the caller gets "), "{out}");
    assert_eq!(
        lines[2..4],
        ["attached to its session", "its instructions are changed"]
    );
    assert!(
        lines[4].starts_with("model: ") && lines[4].contains("What can you do for me?"),
        "{out}"
    );
    assert_eq!(lines[5..], ["hung up"]);

    let call = service.emulator.as_ref().unwrap().call(id).unwrap();
    assert_eq!(call.state(), CallState::Ended);
}

#[tokio::test]
async fn sip_webhook_takes_a_call_from_its_webhook_to_its_end() {
    let service = sip_webhook::service::Service::emulated().await.unwrap();
    let emulator = service.emulator.as_ref().unwrap();
    let (log, mut lines) = mpsc::unbounded_channel();
    let desk = Desk::new(service.config.clone(), SECRET, log).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = tokio::spawn(desk.serve(listener));

    let forged = emulator.incoming_call("whsec_b3RoZXI=");
    assert_eq!(sip_webhook::ring(port, &forged).await.unwrap(), "400");
    let line = lines.recv().await.unwrap();
    assert!(line.starts_with("a webhook was refused"), "{line}");
    let ringing = emulator.call(forged.call_id()).unwrap();
    assert_eq!(ringing.state(), CallState::Ringing);

    let call = emulator.incoming_call(SECRET);
    assert_eq!(sip_webhook::ring(port, &call).await.unwrap(), "200");
    let line = lines.recv().await.unwrap();
    assert_eq!(line, "sip:+14155550100@sip.example.com calls");
    assert_eq!(lines.recv().await.unwrap(), "accepted");
    let line = lines.recv().await.unwrap();
    assert!(line.starts_with("model: "), "{line}");
    let caller = rest::Client::new(service.config.clone()).unwrap();
    caller.calls().hang_up(call.call_id()).await.unwrap();
    assert_eq!(lines.recv().await.unwrap(), "over");
    server.abort();
}
