//! Scripts: other answers, and everything that can go wrong.

use std::time::Duration;

use openai_realtime_ws::emulator::{Action, Admission, Emulator, Reply, Script};
use openai_realtime_ws::protocol::{ErrorDetails, ErrorEvent};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::client::{Client, TARGET, audio, joined, types};

async fn scripted(script: Script) -> Emulator {
    Emulator::builder().script(script).start().await.unwrap()
}

fn done(events: &[Value]) -> &Value {
    &events
        .iter()
        .find(|event| event["type"] == "response.done")
        .unwrap()["response"]
}

#[tokio::test]
async fn it_answers_what_it_is_told_to() {
    let emulator = scripted(Script::new().on_response(|turn| {
        match turn.user_text().as_str() {
            "sing" => Some(Reply::new().audio([7; 10_000], "La la")),
            "work" => Some(
                Reply::new()
                    .text("Let me see.")
                    .call("look", "{}")
                    .text("Done."),
            ),
            _ => None,
        }
    }))
    .await;
    let mut client = Client::text_session(&emulator).await;
    client.say("sing").await;
    let sung = client.respond(json!({})).await;
    assert_eq!(audio(&sung), [7; 10_000]);
    assert_eq!(
        joined(&sung, "response.output_audio_transcript.delta", "delta"),
        "La la"
    );

    client.say("work").await;
    let worked = client.respond(json!({})).await;
    let output: Vec<_> = done(&worked)["output"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["type"].as_str())
        .collect();
    assert_eq!(
        output,
        [Some("message"), Some("function_call"), Some("message")]
    );
    let last = worked
        .iter()
        .rfind(|event| event["type"] == "response.output_item.done")
        .unwrap();
    assert_eq!(last["output_index"], 2);

    client.say("rest").await;
    assert_eq!(
        joined(
            &client.respond(json!({})).await,
            "response.output_text.delta",
            "delta"
        ),
        "You said: rest"
    );
}

#[tokio::test]
async fn responses_fail_and_stay_incomplete() {
    let emulator = scripted(Script::new().on_response(|turn| {
        match turn.index() {
            0 => Reply::new()
                .text("Wel")
                .fail("server_error", "Out of words"),
            1 => Reply::new().incomplete("content_filter"),
            _ => Reply::new().send(
                ErrorEvent::default().error(
                    ErrorDetails::default()
                        .error_type("server_error")
                        .message("Oh"),
                ),
            ),
        }
    }))
    .await;
    let mut client = Client::text_session(&emulator).await;
    let failed = client.respond(json!({})).await;
    assert_eq!(
        done(&failed)["status_details"],
        json!({"type": "failed", "error": {"type": "server_error", "code": "server_error", "message": "Out of words"}})
    );
    assert_eq!(done(&failed)["output"][0]["status"], "incomplete");
    let incomplete = client.respond(json!({})).await;
    assert_eq!(
        done(&incomplete)["status_details"],
        json!({"type": "incomplete", "reason": "content_filter"})
    );
    let troubled = client.respond(json!({})).await;
    assert_eq!(
        types(&troubled),
        [
            "response.created",
            "error",
            "response.done",
            "rate_limits.updated"
        ]
    );
}

#[tokio::test]
async fn a_stalled_response_waits_for_its_cancellation() {
    let emulator = scripted(Script::new().on_response(|_| Reply::new().text("Hm").stall())).await;
    let mut client = Client::text_session(&emulator).await;
    client.send(json!({"type": "response.create"})).await;
    client.until("response.output_text.delta").await;
    // Everything else goes on.
    let busy = client.refused(json!({"type": "response.create"})).await;
    assert_eq!(busy["code"], "conversation_already_has_active_response");
    client.send(json!({"type": "response.cancel"})).await;
    let events = client.until("response.done").await;
    assert_eq!(done(&events)["status"], "cancelled");
}

#[tokio::test]
async fn connections_end_in_every_way() {
    let emulator = scripted(Script::new().on_response(|turn| {
        let reply = Reply::new().text("Bye");
        match turn.connection() {
            0 => reply.close(4321, "as told"),
            1 => reply.act(Action::Drop),
            _ => reply.act(Action::CutFrame),
        }
    }))
    .await;
    for connection in 0..3 {
        let mut client = Client::text_session(&emulator).await;
        client.send(json!({"type": "response.create"})).await;
        client.until("response.output_text.delta").await;
        match (connection, client.next_message().await) {
            (0, Some(Ok(Message::Close(Some(frame))))) => {
                assert_eq!(
                    (u16::from(frame.code), frame.reason.as_str()),
                    (4321, "as told")
                );
            }
            (1 | 2, Some(Err(Error::Protocol(ProtocolError::ResetWithoutClosingHandshake)))) => {}
            (_, other) => panic!("connection {connection} ended with {other:?}"),
        }
    }
}

#[tokio::test]
async fn text_goes_out_as_it_is() {
    let emulator = scripted(
        Script::new().on_response(|_| Reply::new().raw("{").raw(r#"{"type":"future.event"}"#)),
    )
    .await;
    let mut client = Client::text_session(&emulator).await;
    client.send(json!({"type": "response.create"})).await;
    assert_eq!(client.next().await["type"], "response.created");
    let Some(Ok(Message::Text(bad))) = client.next_message().await else {
        panic!("a text")
    };
    assert_eq!(bad.as_str(), "{");
    assert_eq!(client.next().await, json!({"type": "future.event"}));
}

#[tokio::test]
async fn connections_are_decided_on_one_by_one() {
    let emulator = scripted(
        Script::new().on_connect(|upgrade| match upgrade.connection() {
            0 => Admission::refuse(503),
            1 => Admission::accept().after(0, Action::close(1013, "later")),
            2 => Admission::accept().after(1, Action::Drop),
            _ => Admission::accept(),
        }),
    )
    .await;
    let Err(Error::Http(response)) = Client::open(&emulator, TARGET, &[]).await.map(|_| ()) else {
        panic!("refused")
    };
    assert_eq!(response.status(), 503);

    let (mut client, _) = Client::open(&emulator, TARGET, &[]).await.unwrap();
    let Some(Ok(Message::Close(Some(frame)))) = client.next_message().await else {
        panic!("a close")
    };
    assert_eq!(u16::from(frame.code), 1013);

    let mut client = Client::conversation(&emulator).await;
    assert!(matches!(client.next_message().await, Some(Err(_))));

    let mut client = Client::conversation(&emulator).await;
    client.say("Hi").await;
    let seen = emulator.connections();
    assert_eq!(
        (
            seen.len(),
            seen[0].refused(),
            seen[2].sent(),
            seen[3].sent()
        ),
        (4, Some(503), 1, 3)
    );
}

#[tokio::test]
async fn events_are_seen_and_can_be_taken_over() {
    let emulator = scripted(Script::new().on_event(|event| {
        (event.event_type() == "session.update")
            .then(|| vec![Action::Raw(r#"{"type":"later"}"#.to_owned())])
    }))
    .await;
    let mut client = Client::conversation(&emulator).await;
    client
        .send(json!({"type": "session.update", "session": {"type": "realtime"}}))
        .await;
    assert_eq!(client.next().await["type"], "later");
    client.say("Hi").await;
    let seen = emulator
        .until(|connections| connections[0].events().len() == 2)
        .await;
    assert_eq!(
        seen[0].event_types(),
        ["session.update", "conversation.item.create"]
    );
    assert!(seen[0].events()[1].text().contains(r#""text":"Hi""#));
}

#[tokio::test]
async fn time_ends_connections_that_nothing_else_would() {
    let soon = Duration::from_millis(1);
    let emulator = scripted(Script::new().on_connect(move |upgrade| {
        let stalled = Admission::accept().after(1, Action::Stall);
        match upgrade.connection() {
            0 => stalled.after_time(soon, Action::Drop),
            1 => stalled.after_time(soon, Action::close(1012, "restart")),
            _ => stalled.after_time(soon, Action::Raw("late".to_owned())),
        }
    }))
    .await;
    for connection in 0..3 {
        let mut client = Client::conversation(&emulator).await;
        match (connection, client.next_message().await) {
            (0, Some(Err(Error::Protocol(ProtocolError::ResetWithoutClosingHandshake)))) => {}
            (1, Some(Ok(Message::Close(Some(frame))))) => {
                assert_eq!(
                    (u16::from(frame.code), frame.reason.as_str()),
                    (1012, "restart")
                );
            }
            (2, Some(Ok(Message::Text(text)))) => assert_eq!(text, "late"),
            (_, other) => panic!("connection {connection}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn time_ends_a_connection_that_is_not_read() {
    let emulator = scripted(
        Script::new()
            .on_connect(|_| Admission::accept().after_time(Duration::from_millis(50), Action::Drop))
            .on_event(|_| Some(vec![Action::Raw("x".repeat(20 * 1024 * 1024))])),
    )
    .await;
    let mut client = Client::conversation(&emulator).await;
    client.send(json!({"type": "response.create"})).await;
    emulator
        .until(|connections| connections[0].has_ended())
        .await;
}

#[tokio::test]
async fn a_handshake_may_never_be_answered() {
    let emulator = scripted(Script::new().on_connect(|_| Admission::ignore())).await;
    let mut stream = tokio::net::TcpStream::connect(("127.0.0.1", emulator.port()))
        .await
        .unwrap();
    let request =
        "GET /v1/realtime?model=m HTTP/1.1\r\nhost: localhost\r\nupgrade: websocket\r\n\r\n";
    tokio::io::AsyncWriteExt::write_all(&mut stream, request.as_bytes())
        .await
        .unwrap();
    let seen = emulator.until(|connections| !connections.is_empty()).await;
    assert_eq!((seen[0].refused(), seen[0].has_ended()), (None, false));
    // It lasts as long as the client does.
    drop(stream);
    emulator
        .until(|connections| connections[0].has_ended())
        .await;
}

#[tokio::test]
async fn bytes_go_out_as_they_are_between_frames() {
    let emulator = scripted(Script::new().on_connect(|upgrade| {
        let bytes: &[u8] = match upgrade.connection() {
            // "Hi", in two fragments.
            0 => b"\x01\x01H\x80\x01i",
            // A reserved opcode.
            _ => b"\x83\x00",
        };
        Admission::accept().after(1, Action::Bytes(bytes.into()))
    }))
    .await;
    let mut client = Client::conversation(&emulator).await;
    let Some(Ok(Message::Text(text))) = client.next_message().await else {
        panic!("a text")
    };
    assert_eq!(text, "Hi");
    client.say("The session goes on.").await;

    let mut client = Client::conversation(&emulator).await;
    assert!(matches!(
        client.next_message().await,
        Some(Err(Error::Protocol(_)))
    ));
}

#[tokio::test]
async fn an_emulator_that_does_not_record_forgets_what_has_ended() {
    let emulator = Emulator::builder()
        .record_events(false)
        .start()
        .await
        .unwrap();
    let first = Client::conversation(&emulator).await;
    let mut second = Client::conversation(&emulator).await;
    drop(first);
    let seen = emulator.until(|connections| connections.len() == 1).await;
    assert_eq!(seen[0].upgrade().connection(), 1);
    second.say("Hi").await;
    assert!(emulator.connections()[0].events().is_empty());
    let _third = Client::conversation(&emulator).await;
    assert_eq!(emulator.connections()[1].upgrade().connection(), 2);
}
