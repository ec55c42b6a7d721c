//! Time: replies at the pace of speech, over sockets, on tokio's paused clock.

use std::time::Duration;

use openai_realtime_ws::emulator::{Emulator, Reply, Script};
use serde_json::json;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Message;

use crate::client::{Client, audio, types};

/// An emulator that replies at the pace of speech.
async fn paced(script: Script) -> Emulator {
    let builder = Emulator::builder().pace(1.0).script(script);
    builder.start().await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_spoken_reply_takes_as_long_as_it_lasts() {
    let emulator =
        paced(Script::new().on_response(|_| Reply::new().audio(vec![1; 48_000 * 30], "Long")))
            .await;
    let mut client = Client::conversation(&emulator).await;
    let start = Instant::now();
    client.send(json!({"type": "response.create"})).await;
    let mut reply = client.until("response.output_audio.delta").await;
    let first = start.elapsed();
    assert!(first < Duration::from_secs(1), "{first:?}");
    reply.append(&mut client.until("response.done").await);
    assert_eq!(audio(&reply).len(), 48_000 * 30);
    let all = start.elapsed();
    assert!(
        all >= Duration::from_secs(30) && all < Duration::from_secs(31),
        "{all:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_reply_is_cut_short_by_the_client() {
    let emulator =
        paced(Script::new().on_response(|_| Reply::new().audio(vec![1; 48_000 * 30], "Long")))
            .await;
    let mut client = Client::conversation(&emulator).await;
    client.send(json!({"type": "response.create"})).await;
    let mut deltas = 0;
    while deltas < 5 {
        deltas += usize::from(client.next().await["type"] == "response.output_audio.delta");
    }
    client.send(json!({"type": "response.cancel"})).await;
    let rest = client.until("response.done").await;
    assert_eq!(rest.last().unwrap()["response"]["status"], "cancelled");
    assert!(audio(&rest).is_empty(), "{:?}", types(&rest));
}

#[tokio::test(start_paused = true)]
async fn it_pings_every_20_seconds() {
    let emulator = Emulator::start().await.unwrap();
    let mut client = Client::conversation(&emulator).await;
    let start = Instant::now();
    for pings in 1..=3 {
        assert!(matches!(
            client.next_message().await,
            Some(Ok(Message::Ping(_)))
        ));
        assert_eq!(start.elapsed().as_secs(), 20 * pings);
    }
    client.say("The session goes on.").await;
}

#[tokio::test(start_paused = true)]
async fn scripts_may_wait_for_anything() {
    let script = Script::new().on_response_async(|turn| async move {
        tokio::time::sleep(Duration::from_secs(90)).await;
        Reply::new().text(turn.user_text().to_uppercase())
    });
    let emulator = Emulator::builder().script(script).start().await.unwrap();
    let mut client = Client::text_session(&emulator).await;
    client.say("Hi").await;
    let start = Instant::now();
    client.send(json!({"type": "response.create"})).await;
    let mut text = String::new();
    while text.is_empty() {
        if let Some(Ok(Message::Text(event))) = client.next_message().await {
            let event: serde_json::Value = serde_json::from_str(&event).unwrap();
            text.push_str(event["delta"].as_str().unwrap_or_default());
        }
    }
    assert_eq!((text.as_str(), start.elapsed().as_secs()), ("HI", 90));
}
