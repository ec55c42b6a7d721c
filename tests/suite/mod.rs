//! Suite of every session: written once, run over each transport.
//!
//! The other end answers as the emulator does without a script: text with `You said: …`, speech
//! with the same speech, a function's output with `The function answered: …`.

use std::pin::pin;
use std::sync::{Arc, Mutex};

use futures_util::{FutureExt, future};
use openai_realtime_ws::protocol::{
    AudioConfig, AudioInput, ConversationItemCreate, ConversationItemDelete, ErrorEvent,
    InputAudioBufferAppend, InputAudioBufferCommit, Modality, Patch, RealtimeSession,
    ResponseCreate, ResponseDone, ResponseOutputTextDelta, ResponseStatus, SessionUpdate,
    SessionUpdated, Tool,
};
use openai_realtime_ws::{
    ClientEvent, CloseFrame, Config, Connector, Error, InvalidClose, SendErrorKind, ServerEvent,
    Session,
};
use serde_json::json;

/// A test of each row over one transport. `$server` is an async function that gives a connector, a
/// configuration, and what keeps the other end alive.
macro_rules! session_tests {
    (#[$test:meta] $server:path) => {
        suite::session_tests!(#[$test] $server, suite: text_turn, audio_turn, tool_turn,
            an_error_of_the_server_ends_nothing, listeners_hear_in_order, once_and_off,
            emitted_events, senders_wait_for_room, close_returns_the_peers_frame,
            close_codes_are_checked);
    };
    (#[$test:meta] $server:path, $rows:ident: $($row:ident),*) => {
        $(
            #[$test]
            async fn $row() {
                let (connector, config, _server) = $server().await;
                $rows::$row(connector, config).await;
            }
        )*
    };
}
pub(crate) use session_tests;

/// An open session that replies in text, and only when asked to.
pub async fn open<C: Connector>(connector: C, config: Config) -> Session<C> {
    let mut rt = Session::open(connector, config).await.unwrap();
    let first = rt.next().await.unwrap().unwrap();
    assert!(matches!(first, ServerEvent::SessionCreated(_)), "{first:?}");
    set_up(&mut rt).await;
    rt
}

/// Has the session reply in text, and only when asked to.
pub async fn set_up<C: Connector>(rt: &mut Session<C>) {
    let input = AudioInput::default().turn_detection(Patch::Clear);
    update(
        rt,
        RealtimeSession::new()
            .output_modalities([Modality::Text])
            .audio(AudioConfig::default().input(input)),
    )
    .await;
}

async fn update<C: Connector>(rt: &mut Session<C>, session: RealtimeSession) {
    rt.send(SessionUpdate::new(session)).await.unwrap();
    rt.emitted::<SessionUpdated>().await.unwrap();
}

/// Says something, and asks for a reply.
pub async fn say<C: Connector>(rt: &mut Session<C>, text: &str) {
    rt.send(ConversationItemCreate::user_text(text))
        .await
        .unwrap();
    rt.send(ResponseCreate::default()).await.unwrap();
}

/// The text of the next response, put together from its pieces.
pub async fn reply<C: Connector>(rt: &mut Session<C>) -> String {
    let mut text = String::new();
    loop {
        match rt.next().await.unwrap().unwrap() {
            ServerEvent::ResponseOutputTextDelta(event) => text += &event.delta,
            ServerEvent::ResponseDone(event) => {
                assert_eq!(event.response.status, Some(ResponseStatus::Completed));
                assert_eq!(event.response.text(), text);
                return text;
            }
            event => assert!(!matches!(event, ServerEvent::Error(_)), "{event:?}"),
        }
    }
}

/// The next error that the server reports.
async fn reported_error<C: Connector>(rt: &mut Session<C>) -> ErrorEvent {
    loop {
        if let ServerEvent::Error(error) = rt.next().await.unwrap().unwrap() {
            return error;
        }
    }
}

pub async fn text_turn<C: Connector>(connector: C, config: Config) {
    let mut rt = open(connector, config).await;
    say(&mut rt, "Schöne Grüße, 世界 👋").await;
    assert_eq!(reply(&mut rt).await, "You said: Schöne Grüße, 世界 👋");
    say(&mut rt, "And again").await;
    assert_eq!(reply(&mut rt).await, "You said: And again");
}

pub async fn audio_turn<C: Connector>(connector: C, config: Config) {
    let mut rt = open(connector, config).await;
    update(
        &mut rt,
        RealtimeSession::new().output_modalities([Modality::Audio]),
    )
    .await;
    // A fifth of a second at 24,000 Hz: every value differs from its neighbours.
    let spoken: Vec<i16> = (0..4800_i16).map(|n| n.wrapping_mul(7919)).collect();
    for piece in spoken.chunks(1700) {
        rt.send(InputAudioBufferAppend::pcm16(piece)).await.unwrap();
    }
    rt.send(InputAudioBufferCommit::default()).await.unwrap();
    rt.send(ResponseCreate::default()).await.unwrap();
    let (mut heard, mut transcript) = (Vec::new(), String::new());
    loop {
        match rt.next().await.unwrap().unwrap() {
            ServerEvent::ResponseOutputAudioDelta(event) => {
                heard.extend(event.delta.to_pcm16().unwrap());
            }
            ServerEvent::ResponseOutputAudioTranscriptDelta(event) => transcript += &event.delta,
            ServerEvent::ResponseDone(_) => break,
            event => assert!(!matches!(event, ServerEvent::Error(_)), "{event:?}"),
        }
    }
    assert_eq!(transcript, "You spoke for 0.2 seconds.");
    assert!(
        heard == spoken,
        "{} samples came back, of {}",
        heard.len(),
        spoken.len()
    );
}

pub async fn tool_turn<C: Connector>(connector: C, config: Config) {
    let mut rt = open(connector, config).await;
    let parameters =
        json!({"type": "object", "properties": {"city": {"type": "string", "examples": ["Oslo"]}}});
    let tool = Tool::function("get_weather", "The weather in a city", parameters);
    update(&mut rt, RealtimeSession::new().tools([tool])).await;
    say(&mut rt, "Use get_weather for Oslo.").await;
    let mut call = None;
    loop {
        match rt.next().await.unwrap().unwrap() {
            ServerEvent::ResponseFunctionCallArgumentsDone(event) => call = Some(event),
            ServerEvent::ResponseDone(_) => break,
            event => assert!(!matches!(event, ServerEvent::Error(_)), "{event:?}"),
        }
    }
    let call = call.unwrap();
    assert_eq!(call.arguments, r#"{"city":"Oslo"}"#);
    let output = ConversationItemCreate::function_output(call.call_id, "18 degrees");
    rt.send(output).await.unwrap();
    rt.send(ResponseCreate::default()).await.unwrap();
    assert_eq!(reply(&mut rt).await, "The function answered: 18 degrees");
}

/// Contracts 50 and 57.
pub async fn an_error_of_the_server_ends_nothing<C: Connector>(connector: C, config: Config) {
    let mut rt = open(connector, config).await;
    let unknown = ConversationItemDelete::default()
        .item_id("item_unknown")
        .event_id("evt_mine");
    rt.send(unknown).await.unwrap();
    let error = reported_error(&mut rt).await;
    assert_eq!(error.error.event_id.as_deref(), Some("evt_mine"));
    assert_eq!(error.error.error_type, "invalid_request_error");
    say(&mut rt, "Still there?").await;
    assert_eq!(reply(&mut rt).await, "You said: Still there?");
}

type Log = Arc<Mutex<Vec<String>>>;

/// Notes what a listener heard.
fn note(log: &Log) -> impl FnMut(&str) + Send + 'static + use<> {
    let log = Arc::clone(log);
    move |what| log.lock().unwrap().push(what.to_owned())
}

fn noted(log: &Log) -> Vec<String> {
    std::mem::take(&mut log.lock().unwrap())
}

/// Contracts 41, 56 and 58.
pub async fn listeners_hear_in_order<C: Connector>(connector: C, config: Config) {
    let mut rt = open(connector, config).await;
    let log = Log::default();
    let mut named = note(&log);
    rt.on_type("response.output_text.delta", move |event| {
        named(&format!("by name {}", event.event_type()));
    });
    let mut typed = note(&log);
    rt.on(move |event: &ResponseOutputTextDelta| typed(&format!("by type {}", event.delta)));
    let mut errors = note(&log);
    rt.on_error(move |error| errors(&format!("error {error}")));
    let mut all = note(&log);
    rt.on_event(move |event| all(&format!("all {}", event.event_type())));

    say(&mut rt, "Hi").await;
    let text = reply(&mut rt).await;
    let heard = noted(&log);
    let at = heard
        .iter()
        .position(|what| what == "all response.output_text.delta")
        .unwrap();
    assert_eq!(heard[at + 1], "by name response.output_text.delta");
    let pieces: String = heard
        .iter()
        .filter_map(|what| what.strip_prefix("by type "))
        .collect();
    assert_eq!(pieces, text);

    rt.send(ConversationItemDelete::default().item_id("item_unknown"))
        .await
        .unwrap();
    let error = reported_error(&mut rt).await;
    let heard = noted(&log);
    assert_eq!(
        heard[heard.len() - 2..],
        ["all error".to_owned(), format!("error {error}")]
    );
}

/// Contracts 59 and 60.
pub async fn once_and_off<C: Connector>(connector: C, config: Config) {
    let mut rt = open(connector, config).await;
    let log = Log::default();
    let mut once = note(&log);
    rt.once(move |_: &ResponseDone| once("once"));
    let mut always = note(&log);
    rt.on(move |_: &ResponseDone| always("always"));
    let mut never = note(&log);
    let taken_back = rt.on(move |_: &ResponseDone| never("never"));
    assert!(rt.off(taken_back));
    assert!(!rt.off(taken_back), "it is gone already");
    for _ in 0..2 {
        say(&mut rt, "Hi").await;
        reply(&mut rt).await;
    }
    assert_eq!(noted(&log), ["once", "always", "always"]);
}

/// Contract 61.
pub async fn emitted_events<C: Connector>(connector: C, config: Config) {
    let mut rt = open(connector, config).await;
    let log = Log::default();
    let mut deltas = note(&log);
    rt.on(move |event: &ResponseOutputTextDelta| deltas(&event.delta));
    say(&mut rt, "Hi").await;
    let done = rt.emitted::<ResponseDone>().await.unwrap();
    assert_eq!(done.response.status, Some(ResponseStatus::Completed));
    assert_eq!(
        noted(&log).concat(),
        "You said: Hi",
        "listeners hear what passes"
    );

    rt.send(ConversationItemDelete::default().item_id("item_unknown"))
        .await
        .unwrap();
    let error = rt.emitted::<ResponseDone>().await.unwrap_err();
    assert!(matches!(error, Error::Server(_)), "{error:?}");

    rt.close().await.unwrap();
    let error = rt.emitted::<ResponseDone>().await.unwrap_err();
    assert!(matches!(error, Error::Closed(_)), "{error:?}");
}

/// Contract 69.
pub async fn senders_wait_for_room<C: Connector>(connector: C, config: Config) {
    let rt = open(connector, config.max_queue_bytes(1)).await;
    let (sender, mut receiver) = rt.split();
    let first = ClientEvent::from(ConversationItemCreate::user_text("Hi"));
    sender.try_send(first.clone()).unwrap();
    assert_eq!(
        sender.buffered_amount(),
        serde_json::to_string(&first).unwrap().len()
    );

    let refused = sender.try_send(ResponseCreate::default()).unwrap_err();
    assert_eq!(refused.kind, SendErrorKind::Full);
    assert_eq!(refused.event, ResponseCreate::default().into());
    let elsewhere = sender.clone();
    let mut waits = pin!(elsewhere.send(refused.event));
    assert!(waits.as_mut().now_or_never().is_none(), "the queue is full");

    let answer = async {
        loop {
            if let ServerEvent::ResponseDone(event) = receiver.next().await.unwrap().unwrap() {
                return event.response.text();
            }
        }
    };
    let (sent, answer) = future::join(waits, answer).await;
    sent.unwrap();
    assert_eq!(answer, "You said: Hi");
    assert_eq!(sender.buffered_amount(), 0);

    receiver.into_session().close().await.unwrap();
    let refused = sender.send(ResponseCreate::default()).await.unwrap_err();
    assert_eq!(refused.kind, SendErrorKind::Closed);
    assert!(sender.is_closed());
}

pub async fn close_returns_the_peers_frame<C: Connector>(connector: C, config: Config) {
    let mut rt = open(connector, config).await;
    let frame = CloseFrame::new(4001, "that is all — danke").unwrap();
    let closed = rt.close_with(frame.clone()).await.unwrap();
    assert_eq!(closed.frame, frame);
    assert_eq!(closed.unsent, []);
    assert!(
        rt.next().await.is_none(),
        "a close of one's own is no error"
    );
    assert_eq!(rt.closed(), Some(&closed));
    assert_eq!(
        rt.close().await.unwrap(),
        closed,
        "a second close changes nothing"
    );
    let refused = rt.send(ResponseCreate::default()).await.unwrap_err();
    assert_eq!(refused.kind, SendErrorKind::Closed);
    assert_eq!(refused.event, ResponseCreate::default().into());
}

/// Contract 67: what may not be sent is refused, and the session goes on.
pub async fn close_codes_are_checked<C: Connector>(connector: C, config: Config) {
    let mut rt = open(connector, config).await;
    let error = rt.close_with(CloseFrame::NO_STATUS).await.unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("close code 1005 may not be sent")
    );
    assert!(matches!(error, InvalidClose::Code(1005)), "{error:?}");
    let reason = "x".repeat(124).into();
    let error = rt
        .close_with(CloseFrame { code: 1000, reason })
        .await
        .unwrap_err();
    assert!(
        matches!(error, InvalidClose::Reason { bytes: 124, .. }),
        "{error:?}"
    );
    say(&mut rt, "Hi").await;
    assert_eq!(reply(&mut rt).await, "You said: Hi");
}
