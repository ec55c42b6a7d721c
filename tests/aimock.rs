//! The native client with a server that no one here wrote: `@copilotkit/aimock`, whose WebSocket
//! stack and reading of the protocol are its own. `cargo xtask test aimock` starts it; its answers
//! are in `tests/node/aimock.json`.
#![cfg(feature = "native")]

use openai_realtime_ws::protocol::{
    AudioInput, ConversationItemCreate, ConversationItemInputAudioTranscriptionCompleted,
    InputAudioBufferAppend, InputAudioBufferCommit, Item, Modality, RealtimeSession,
    ResponseCreate, ResponseDone, ResponseFunctionCallArgumentsDone, ResponseStatus,
    SessionCreated, SessionUpdate, Tool, TranscriptionAudio, TranscriptionConfig,
    TranscriptionSession,
};
use openai_realtime_ws::{Config, Error, OpenAIRealtimeWS, ServerEvent, Target};

fn config() -> Config {
    let url = std::env::var("AIMOCK_URL").expect("AIMOCK_URL: run `cargo xtask test aimock`");
    Config::new("sk-any").insecure_loopback_url(url)
}

async fn session() -> OpenAIRealtimeWS {
    let mut rt = OpenAIRealtimeWS::connect(config().model("gpt-realtime"))
        .await
        .unwrap();
    rt.emitted::<SessionCreated>().await.unwrap();
    let text = RealtimeSession::new().output_modalities([Modality::Text]);
    rt.send(SessionUpdate::new(text)).await.unwrap();
    rt
}

/// Says `text`, and collects the reply's pieces until it is done.
async fn say(rt: &mut OpenAIRealtimeWS, text: &str) -> (Vec<String>, ResponseDone) {
    rt.send(ConversationItemCreate::user_text(text))
        .await
        .unwrap();
    respond(rt).await
}

async fn respond(rt: &mut OpenAIRealtimeWS) -> (Vec<String>, ResponseDone) {
    rt.send(ResponseCreate::default()).await.unwrap();
    let mut pieces = Vec::new();
    loop {
        match rt.next().await.expect("the session goes on").unwrap() {
            ServerEvent::ResponseOutputTextDelta(e) => pieces.push(e.delta),
            ServerEvent::ResponseDone(done) => return (pieces, done),
            ServerEvent::Error(error) => panic!("{error}"),
            _ => {}
        }
    }
}

#[tokio::test]
async fn a_text_turn() {
    let mut rt = session().await;
    let (pieces, done) = say(&mut rt, "Say hello.").await;
    assert!(pieces.len() > 1, "it comes in pieces: {pieces:?}");
    assert_eq!(
        pieces.concat(),
        "Hello from the mock server, in a few pieces."
    );
    assert_eq!(done.response.status, Some(ResponseStatus::Completed));
    let closed = rt.close().await.unwrap();
    assert_eq!(closed.frame.code, 1000);
    assert_eq!(closed.unsent, []);
}

#[tokio::test]
async fn a_tool_turn() {
    let mut rt = session().await;
    let parameters =
        serde_json::json!({"type": "object", "properties": {"city": {"type": "string"}}});
    let tool = Tool::function("get_weather", "The weather in a city", parameters);
    rt.send(SessionUpdate::new(RealtimeSession::new().tools([tool])))
        .await
        .unwrap();
    rt.send(ConversationItemCreate::user_text(
        "What is the weather in Oslo?",
    ))
    .await
    .unwrap();
    rt.send(ResponseCreate::default()).await.unwrap();
    let call: ResponseFunctionCallArgumentsDone = rt.emitted().await.unwrap();
    assert_eq!(call.call_id, "call_weather");
    assert_eq!(
        call.name, "",
        "it leaves the name out here, and that costs nothing"
    );
    let arguments: serde_json::Value = serde_json::from_str(&call.arguments).unwrap();
    assert_eq!(arguments, serde_json::json!({"city": "Oslo"}));
    let done: ResponseDone = rt.emitted().await.unwrap();
    let [Item::FunctionCall(item)] = &done.response.output[..] else {
        panic!("{:?}", done.response.output)
    };
    assert_eq!(item.name, "get_weather");

    rt.send(ConversationItemCreate::function_output(
        call.call_id,
        "18 degrees",
    ))
    .await
    .unwrap();
    let (pieces, _) = respond(&mut rt).await;
    assert_eq!(pieces.concat(), "It is 18 degrees in Oslo.");
}

#[tokio::test]
async fn a_transcription() {
    let mut rt = OpenAIRealtimeWS::connect(config().target(Target::Transcription))
        .await
        .unwrap();
    let input =
        AudioInput::default().transcription(TranscriptionConfig::default().model("whisper-1"));
    let session = TranscriptionSession::new().audio(TranscriptionAudio::default().input(input));
    rt.send(SessionUpdate::new(session)).await.unwrap();
    rt.send(InputAudioBufferAppend::pcm16(&[0; 4_800]))
        .await
        .unwrap();
    rt.send(InputAudioBufferCommit::default()).await.unwrap();
    let heard: ConversationItemInputAudioTranscriptionCompleted = rt.emitted().await.unwrap();
    assert_eq!(heard.transcript, "A sentence that somebody spoke.");
    rt.close().await.unwrap();
}

#[tokio::test]
async fn an_error_and_the_session_goes_on_contract_57() {
    let mut rt = session().await;
    let (_, done) = say(&mut rt, "Break.").await;
    assert_eq!(done.response.status, Some(ResponseStatus::Failed));
    let error = done.response.status_details.unwrap().error.unwrap();
    assert_eq!(error.code.as_deref(), Some("told_to_fail"));

    let unknown =
        serde_json::json!({"type": "session.update", "session": {"type": "no_such_type"}});
    let unknown: openai_realtime_ws::ClientEvent = serde_json::from_value(unknown).unwrap();
    rt.send(unknown).await.unwrap();
    let error = rt.emitted::<ResponseDone>().await.unwrap_err();
    assert!(
        matches!(&error, Error::Server(e) if !e.error.message.is_empty()),
        "{error:?}"
    );

    let (pieces, _) = say(&mut rt, "Say hello.").await;
    assert_eq!(
        pieces.concat(),
        "Hello from the mock server, in a few pieces."
    );
}
