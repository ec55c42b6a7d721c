//! The relay of `examples/relay.rs`, with as many users as it takes.

use std::time::Duration;

use futures_util::future::join_all;
use futures_util::{SinkExt, StreamExt};
use openai_realtime_ws::Config;
use openai_realtime_ws::emulator::Emulator;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

#[allow(dead_code)]
#[path = "../examples/relay.rs"]
mod relay;

type Page = WebSocketStream<TcpStream>;

const ORIGIN: &str = "https://app.example";

/// An emulator that wants a key, and a relay in front of it that has it.
async fn start(users: usize) -> (Emulator, u16) {
    let emulator = Emulator::builder()
        .api_key("sk-real")
        .start()
        .await
        .unwrap();
    let config = Config::new("sk-real").insecure_loopback_url(emulator.ws_url());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(relay::Relay::new(config, users, ORIGIN).serve(listener));
    (emulator, port)
}

async fn connect(port: u16) -> Result<Page, Error> {
    connect_from(port, ORIGIN).await
}

/// Connects as a page of this origin does.
async fn connect_from(port: u16, origin: &'static str) -> Result<Page, Error> {
    let stream = TcpStream::connect(("127.0.0.1", port)).await?;
    let url = format!("ws://127.0.0.1:{port}/realtime");
    let mut request = url.into_client_request()?;
    let origin = HeaderValue::from_static(origin);
    request.headers_mut().insert("origin", origin);
    Ok(client_async(request, stream).await?.0)
}

async fn next(page: &mut Page) -> Value {
    loop {
        let message = timeout(Duration::from_secs(60), page.next())
            .await
            .expect("an event");
        if let Message::Text(text) = message.unwrap().unwrap() {
            return serde_json::from_str(&text).unwrap();
        }
    }
}

/// Reads up to an event of a type.
async fn until(page: &mut Page, event_type: &str) -> Value {
    loop {
        let event = next(page).await;
        if event["type"] == event_type {
            return event;
        }
    }
}

async fn send(page: &mut Page, text: &str) {
    page.send(Message::text(text)).await.unwrap();
}

#[tokio::test]
async fn pages_of_other_sites_are_refused() {
    let (emulator, port) = start(1).await;
    for other in ["https://app.example.evil", "http://app.example", "null"] {
        let refused = connect_from(port, other).await.unwrap_err();
        assert!(
            matches!(&refused, Error::Http(response) if response.status() == 403),
            "{other}: {refused:?}"
        );
    }
    assert!(emulator.connections().is_empty());
    let mut page = connect(port).await.unwrap();
    assert_eq!(next(&mut page).await["type"], "session.created");
}

/// A user with a name: says three things, and hears each of them.
async fn user(port: u16, number: usize) -> Vec<String> {
    let mut page = connect(port).await.unwrap();
    assert_eq!(next(&mut page).await["type"], "session.created");
    let mut sent = Vec::new();
    for turn in 0..3 {
        // Unusual spaces, and the page's own ids, come through as they are.
        let item = format!(
            r#"{{ "type":"conversation.item.create",  "event_id":"page_{number}_{turn}", "item":{{"type":"message","role":"user","content":[{{"type":"input_text","text":"user {number}, turn {turn}"}}]}}}}"#
        );
        let ask = r#"{"type":"response.create","response":{"output_modalities":["text"]}}"#;
        send(&mut page, &item).await;
        send(&mut page, ask).await;
        let mut reply = String::new();
        loop {
            let event = next(&mut page).await;
            match event["type"].as_str().unwrap() {
                "response.output_text.delta" => reply += event["delta"].as_str().unwrap(),
                "response.done" => break,
                "error" => panic!("{event}"),
                _ => {}
            }
        }
        assert_eq!(reply, format!("You said: user {number}, turn {turn}"));
        sent.extend([item, ask.to_owned()]);
    }
    page.close(None).await.unwrap();
    sent
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_users_are_served_at_a_time_and_nothing_is_lost_or_changed() {
    let (emulator, port) = start(100).await;
    let mut sent = join_all((0..100).map(|number| user(port, number))).await;
    // The service got what the pages sent, byte for byte, behind the server's own settings.
    let mut received: Vec<Vec<String>> = emulator
        .connections()
        .iter()
        .map(|connection| {
            let mut texts = connection
                .events()
                .iter()
                .map(|event| event.text().to_string());
            assert!(texts.next().unwrap().contains("session.update"));
            texts.collect()
        })
        .collect();
    sent.sort();
    received.sort();
    assert_eq!(sent, received);
}

#[tokio::test]
async fn there_are_no_more_users_than_places() {
    let (_emulator, port) = start(2).await;
    let mut first = connect(port).await.unwrap();
    let mut second = connect(port).await.unwrap();
    for page in [&mut first, &mut second] {
        assert_eq!(next(page).await["type"], "session.created");
    }
    let Err(Error::Http(refusal)) = connect(port).await else {
        panic!("a third user")
    };
    assert_eq!(refusal.status(), 503);
    // A place is free again once its user has left.
    first.close(None).await.unwrap();
    while first.next().await.is_some() {}
    let third = async {
        while connect(port).await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    timeout(Duration::from_secs(20), third)
        .await
        .expect("a free place");
}

#[tokio::test]
async fn a_page_cannot_change_the_servers_settings() {
    let (emulator, port) = start(1).await;
    let mut page = connect(port).await.unwrap();
    for forbidden in [
        json!({"type": "session.update", "session": {"type": "realtime", "instructions": "Mine."}}),
        json!({"no": "event"}),
    ] {
        send(&mut page, &forbidden.to_string()).await;
        let error = until(&mut page, "error").await;
        assert_eq!(error["error"]["code"], "not_allowed");
    }
    send(&mut page, r#"{"type":"input_audio_buffer.clear"}"#).await;
    until(&mut page, "input_audio_buffer.cleared").await;
    let types: Vec<String> = emulator.connections()[0]
        .event_types()
        .into_iter()
        .map(ToOwned::to_owned)
        .collect();
    assert_eq!(types, ["session.update", "input_audio_buffer.clear"]);
}

#[tokio::test]
async fn a_wrong_key_is_not_explained_to_the_page() {
    let emulator = Emulator::builder()
        .api_key("sk-real")
        .start()
        .await
        .unwrap();
    let config = Config::new("sk-wrong").insecure_loopback_url(emulator.ws_url());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(relay::Relay::new(config, 1, ORIGIN).serve(listener));
    let mut page = connect(port).await.unwrap();
    loop {
        match page.next().await.unwrap().unwrap() {
            Message::Close(Some(frame)) => {
                assert_eq!(u16::from(frame.code), 1011);
                assert_eq!(frame.reason.as_str(), "the session ended with an error");
                return;
            }
            Message::Text(text) => assert!(!text.contains("sk-wrong"), "{text}"),
            _ => {}
        }
    }
}
