//! Whole conversations over the emulator.

use std::time::Duration;

use openai_realtime_ws::conversation::{
    Conversation, ConversationEvent, ConversationHandle, HistoryEntry, Tools,
};
use openai_realtime_ws::emulator::{Emulator, EmulatorBuilder, Script, TurnRequest};
use openai_realtime_ws::native::Connector;
use openai_realtime_ws::protocol::{Audio, FunctionTool, Item};
use openai_realtime_ws::{Config, OpenAIRealtimeWS};

mod interruptions;
mod old_pattern;
mod outages;
mod requests;
mod transcription;
mod turns;
mod with_tools;

type Talk = Conversation<Connector>;

fn scripted(script: Script) -> EmulatorBuilder {
    Emulator::builder().script(script)
}

fn config(emulator: &Emulator) -> Config {
    Config::new("sk-test")
        .model("gpt-realtime")
        .insecure_loopback_url(emulator.ws_url())
}

/// A conversation with an emulator.
async fn talk(emulator: &Emulator) -> (Talk, ConversationHandle) {
    talk_by(config(emulator)).await
}

async fn talk_by(config: Config) -> (Talk, ConversationHandle) {
    let conversation = Conversation::new(OpenAIRealtimeWS::connect(config).await.unwrap());
    let handle = conversation.handle();
    (conversation, handle)
}

/// Polls the conversation until an event fulfils a condition, and gives all events up to that one.
async fn until(
    conversation: &mut Talk,
    mut fulfils: impl FnMut(&ConversationEvent) -> bool,
) -> Vec<ConversationEvent> {
    let mut events = Vec::new();
    let all = async {
        loop {
            let event = conversation.next().await.expect("it has ended").unwrap();
            assert!(
                !matches!(event, ConversationEvent::ServerError(_)),
                "{event:?}"
            );
            let last = fulfils(&event);
            events.push(event);
            if last {
                return;
            }
        }
    };
    // Generous: a machine under load is slow.
    tokio::time::timeout(Duration::from_secs(60), all)
        .await
        .expect("the event never comes");
    events
}

/// Polls the conversation until a future is ready.
async fn while_talking<T>(conversation: &mut Talk, future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    loop {
        tokio::select! {
            biased;
            output = &mut future => return output,
            event = conversation.next() => {
                let event = event.expect("it has ended").unwrap();
                assert!(!matches!(event, ConversationEvent::ServerError(_)), "{event:?}");
            }
        }
    }
}

/// The types of the events that a client sent on a connection, but for audio.
fn sent(emulator: &Emulator, connection: usize) -> Vec<String> {
    let connections = emulator.connections();
    let types = connections[connection].event_types().into_iter();
    let types = types.filter(|event| *event != "input_audio_buffer.append");
    types.map(str::to_owned).collect()
}

fn count(types: &[String], wanted: &str) -> usize {
    types.iter().filter(|event| *event == wanted).count()
}

/// Returns the conversation, a line for each entry: `user: Hello.`
fn lines(conversation: &Talk) -> Vec<String> {
    let line = |entry: &HistoryEntry| {
        let role = entry
            .role()
            .map_or_else(|| format!("{:?}", entry.kind()), ToString::to_string);
        format!("{role}: {}", entry.text())
    };
    conversation.history().entries().iter().map(line).collect()
}

/// Half a second of a voice, then silence for turn detection.
fn speech() -> Audio {
    let mut samples: Vec<i16> = (0..12_000)
        .map(|n| if n % 40 < 20 { 9_000 } else { -9_000 })
        .collect();
    samples.resize(samples.len() + 24_000, 0);
    Audio::from_pcm16(&samples)
}

fn named(name: &str) -> FunctionTool {
    FunctionTool::default().name(name)
}

fn no_tools() -> Tools {
    Tools::new()
}

/// The outputs of functions that the model knows.
fn outputs(turn: &TurnRequest) -> Vec<String> {
    let outputs = turn.items().iter().filter_map(|item| match item {
        Item::FunctionCallOutput(output) => Some(output.output.clone()),
        _ => None,
    });
    outputs.collect()
}
