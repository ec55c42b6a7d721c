//! Requests, collisions and turns.

use openai_realtime_ws::ServerEvent;
use openai_realtime_ws::conversation::{CancelledBy, Outcome, RequestError, TurnEvent};
use openai_realtime_ws::emulator::{Action, Reply};
use openai_realtime_ws::protocol::{
    AudioConfig, AudioInput, ErrorDetails, ErrorEvent, RealtimeSession, ResponseCreate,
    SessionUpdate, TranscriptionConfig,
};

use super::*;

#[tokio::test]
async fn requests_of_the_user_are_answered_in_order() {
    let script = Script::new().on_response(|turn| Reply::new().text(turn.user_text()));
    let emulator = scripted(script).pace(4.0).start().await.unwrap();
    let (mut conversation, handle) = talk(&emulator).await;
    let answers = futures_util::future::join3(
        handle.say("One."),
        handle.respond(ResponseCreate::default()),
        handle.respond(ResponseCreate::default()),
    );
    let (one, two, three) = while_talking(&mut conversation, answers).await;
    for answer in [one, two, three] {
        let answer = answer.unwrap();
        assert_eq!(
            (answer.text().as_str(), answer.outcome),
            ("One.", Outcome::Completed)
        );
    }
    assert_eq!(count(&sent(&emulator, 0), "response.create"), 3);
}

#[tokio::test]
async fn a_collision_with_turn_detection_is_dealt_with() {
    let voice = |index: usize| Reply::new().pcm16(vec![0; 12_000], format!("Reply {index}."));
    let script = Script::new().on_response(move |turn| voice(turn.index()));
    let emulator = scripted(script).pace(2.0).start().await.unwrap();
    let (mut conversation, handle) = talk(&emulator).await;
    // The server begins a response to the speech before it reads the request.
    let (audio, asked) = (
        handle.append(speech()),
        handle.respond(ResponseCreate::default()),
    );
    let answer = while_talking(&mut conversation, async {
        audio.await.unwrap();
        asked.await
    })
    .await
    .unwrap();
    assert_eq!(answer.text(), "Reply 1.");
    assert_eq!(answer.outcome, Outcome::Completed);
    let said: Vec<_> = lines(&conversation)
        .into_iter()
        .filter(|line| line.starts_with("assistant"))
        .collect();
    assert_eq!(said, ["assistant: Reply 0.", "assistant: Reply 1."]);
    // It collided, and was asked for again.
    assert_eq!(count(&sent(&emulator, 0), "response.create"), 2);
}

#[tokio::test]
async fn a_request_that_is_refused_ends_with_the_refusal() {
    let refusal = ErrorEvent::default().error(
        ErrorDetails::default()
            .error_type("invalid_request_error")
            .code("invalid_value")
            .message("response.create: no"),
    );
    let script = Script::new().on_event(move |event| {
        let refused = event.event_type() == "response.create";
        refused.then(|| vec![Action::send(refusal.clone())])
    });
    let emulator = scripted(script).start().await.unwrap();
    let (mut conversation, handle) = talk(&emulator).await;
    let answer = handle.say("Hello?");
    let mut refused = false;
    while let Some(event) = conversation.next().await {
        match event.unwrap() {
            ConversationEvent::ServerError(error) => {
                refused = error.error.code.as_deref() == Some("invalid_value");
            }
            ConversationEvent::Response(_) => break,
            _ => {}
        }
    }
    assert!(refused);
    assert!(matches!(answer.await, Err(RequestError::Refused(_))));
}

#[tokio::test]
async fn a_reply_is_cancelled_and_the_next_one_follows() {
    let script = Script::new().on_response(|turn| match turn.index() {
        0 => Reply::new().text("Endless").stall(),
        _ => Reply::new().text("Next."),
    });
    let emulator = scripted(script).start().await.unwrap();
    let (mut conversation, handle) = talk(&emulator).await;
    let first = handle.say("Talk.");
    until(&mut conversation, |event| {
        matches!(event, ConversationEvent::Text(_))
    })
    .await;
    let second = handle.say("Stop.");
    handle.cancel();
    let (first, second) =
        while_talking(&mut conversation, futures_util::future::join(first, second)).await;
    assert_eq!(
        first.unwrap().outcome,
        Outcome::Cancelled(CancelledBy::Client)
    );
    assert_eq!(second.unwrap().text(), "Next.");
}

#[tokio::test]
async fn turns_are_told_with_their_latency() {
    let script = Script::new().on_response(|_| {
        Reply::new()
            .wait(Duration::from_millis(30))
            .pcm16(vec![0; 2_400], "Hi.")
    });
    let emulator = scripted(script).start().await.unwrap();
    let (mut conversation, handle) = talk(&emulator).await;
    let transcription = TranscriptionConfig::default().model("gpt-4o-transcribe");
    let audio = AudioConfig::default().input(AudioInput::default().transcription(transcription));
    handle.send(SessionUpdate::new(RealtimeSession::new().audio(audio)));
    until(&mut conversation, |event| {
        let ConversationEvent::Other(event) = event else {
            return false;
        };
        matches!(**event, ServerEvent::SessionUpdated(_))
    })
    .await;
    handle.append(speech()).await.unwrap();
    let events = until(&mut conversation, |event| {
        matches!(event, ConversationEvent::Turn(TurnEvent::TurnDone(_)))
    })
    .await;
    let turns = events.into_iter().filter_map(|event| match event {
        ConversationEvent::Turn(turn) => Some(turn),
        _ => None,
    });
    let turns: Vec<_> = turns.collect();
    assert!(
        matches!(turns[0], TurnEvent::SpeechStarted { .. }),
        "{turns:?}"
    );
    assert!(
        matches!(turns[1], TurnEvent::SpeechStopped { .. }),
        "{turns:?}"
    );
    assert!(
        matches!(turns[2], TurnEvent::TurnStarted { .. }),
        "{turns:?}"
    );
    assert!(
        matches!(turns[3], TurnEvent::FirstAudio { .. }),
        "{turns:?}"
    );
    let TurnEvent::TurnDone(turn) = &turns[4] else {
        panic!("{turns:?}");
    };
    assert_eq!(turn.outcome, Some(Outcome::Completed));
    let latency = turn.latency().unwrap();
    assert!(
        latency >= Duration::from_millis(30) && latency < Duration::from_secs(30),
        "{latency:?}"
    );
    let said = lines(&conversation);
    assert!(said[0].ends_with("seconds of speech"), "{said:?}");
    assert_eq!(said[1..], ["assistant: Hi."]);
}

#[tokio::test]
async fn closing_ends_everything_that_waits() {
    let script = Script::new().on_response(|_| Reply::new().stall());
    let emulator = scripted(script).start().await.unwrap();
    let (mut conversation, handle) = talk(&emulator).await;
    let (first, second) = (handle.say("Hello?"), handle.say("Still there?"));
    until(&mut conversation, |event| {
        matches!(event, ConversationEvent::Turn(_))
    })
    .await;
    handle.close();
    while let Some(event) = conversation.next().await {
        event.unwrap();
    }
    assert_eq!(first.await, Err(RequestError::Closed));
    assert_eq!(second.await, Err(RequestError::Closed));
    assert!(handle.is_closed());
    // A request that comes too late gets an error.
    assert_eq!(handle.say("Hello?").await, Err(RequestError::Closed));
    assert_eq!(conversation.session().closed().unwrap().frame.code, 1000);
}
