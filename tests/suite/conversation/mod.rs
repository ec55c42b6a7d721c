//! Conversations over every transport that can have the emulator at the other end. The session's
//! instructions say what the emulator replies: see `examples/emulator/replies.rs`.

use std::sync::{Arc, Mutex};

use futures_util::future::{Either, select};
use openai_realtime_ws::conversation::{
    Conversation, ConversationEvent, ConversationHandle, HistoryEntry, Tools,
};
use openai_realtime_ws::protocol::{Audio, FunctionTool, RealtimeSession, SessionUpdate};
use openai_realtime_ws::{Config, Connector, Error, ServerEvent, Session};
use serde::Deserialize;
use serde_json::json;

use crate::suite::open;

mod interruptions;
mod outages;
mod tools;
mod turns;

pub use interruptions::*;
pub use outages::*;
pub use tools::*;
pub use turns::*;

/// A test of each row over one transport: see [`session_tests`](super::suite::session_tests).
macro_rules! conversation_tests {
    (#[$test:meta] $server:path) => {
        suite::session_tests!(#[$test] $server, conversation:
            tools_are_answered_and_the_history_kept,
            requests_are_answered_in_order, a_collision_with_turn_detection_is_dealt_with,
            a_request_beside_two_calls_needs_no_third_response, a_slow_tool_holds_up_nothing,
            failures_of_tools_are_told_once, the_user_may_speak_at_every_moment_of_two_items,
            a_button_interrupts, a_reply_breaks_off, a_tool_runs_over_an_outage,
            a_reply_is_heard_over_an_outage, an_interrupted_reply_comes_back_as_heard,
            a_session_that_is_not_restored_is_seeded, a_renewal_in_the_middle_of_a_call);
    };
}
pub(crate) use conversation_tests;

/// A conversation whose model replies as it is told to.
struct Talk<C: Connector> {
    conversation: Conversation<C>,
    handle: ConversationHandle,
    /// Codes of the errors that the server reported, harmless ones among them.
    errors: Arc<Mutex<Vec<String>>>,
    instructions: String,
}

impl<C: Connector> Talk<C> {
    /// Opens a session whose replies are these, one after the other.
    async fn start(connector: C, config: Config, replies: &[&str]) -> Self {
        // Each test has a list of its own, also if the same test runs elsewhere.
        let name = format!("{:x}{:x}", connector.seed(), connector.seed());
        let instructions = format!("replies:{name} / {}", replies.join(" / "));
        let mut session = Session::open(connector, config).await.unwrap();
        let errors = Arc::new(Mutex::new(Vec::new()));
        let reported = Arc::clone(&errors);
        session.on_error(move |error| {
            if let Error::Server(error) = error {
                let code = error.error.code.clone().unwrap_or_default();
                reported.lock().unwrap().push(code);
            }
        });
        let conversation = Conversation::new(session);
        let mut talk = Self {
            handle: conversation.handle(),
            conversation,
            errors,
            instructions,
        };
        talk.set_up().await;
        talk
    }

    /// Gives the session its instructions.
    async fn set_up(&mut self) {
        let session = RealtimeSession::new().instructions(self.instructions.as_str());
        let updated = self.handle.request(SessionUpdate::new(session));
        self.during(updated).await.unwrap();
    }

    fn with_tools(mut self, tools: Tools) -> Self {
        self.conversation = self.conversation.tools(tools);
        self
    }

    /// Polls the conversation until an event fulfils a condition, and gives all up to that one.
    async fn until(
        &mut self,
        mut fulfils: impl FnMut(&ConversationEvent) -> bool,
    ) -> Vec<ConversationEvent> {
        let mut events = Vec::new();
        loop {
            let event = self.conversation.next().await.expect("it has ended");
            let event = event.unwrap();
            let last = fulfils(&event);
            events.push(event);
            if last {
                return events;
            }
        }
    }

    /// Polls the conversation until a future is ready.
    async fn during<T>(&mut self, future: impl Future<Output = T>) -> T {
        let mut future = std::pin::pin!(future);
        loop {
            match select(&mut future, self.conversation.next()).await {
                Either::Left((output, _)) => return output,
                Either::Right((event, _)) => drop(event.expect("it has ended").unwrap()),
            }
        }
    }

    /// Says something, and returns the reply.
    async fn say(&mut self, text: &str) -> String {
        let answer = self.handle.say(text);
        self.during(answer).await.unwrap().text()
    }

    /// What was said, one line an entry: `user: Hello.`
    fn lines(&self) -> Vec<String> {
        let line = |entry: &HistoryEntry| {
            let role = entry.role().map(ToString::to_string);
            let role = role.unwrap_or_else(|| format!("{:?}", entry.kind()));
            format!("{role}: {}", entry.text())
        };
        self.conversation
            .history()
            .entries()
            .iter()
            .map(line)
            .collect()
    }

    /// Closes, and checks that the server has refused nothing but requests that collided.
    async fn end(mut self) {
        self.conversation.close().await.unwrap();
        let errors = self.errors.lock().unwrap();
        let unexpected = |code: &&String| *code != "conversation_already_has_active_response";
        assert_eq!(errors.iter().find(unexpected), None);
    }
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

/// Returns true for an event of the server of this kind, which the conversation passes on.
fn other(event: &ConversationEvent, is_it: impl FnOnce(&ServerEvent) -> bool) -> bool {
    matches!(event, ConversationEvent::Other(event) if is_it(event))
}

#[derive(Deserialize)]
struct City {
    city: String,
}

pub async fn tools_are_answered_and_the_history_kept<C: Connector>(connector: C, config: Config) {
    let parameters = json!({"type": "object", "properties":
        {"city": {"type": "string", "examples": ["Oslo"]}}});
    let weather = FunctionTool::default()
        .name("get_weather")
        .description("The weather in a city")
        .parameters(parameters);
    let tools = Tools::new().function(weather, |city: City| async move {
        format!("18 degrees in {}", city.city)
    });
    let mut conversation = Conversation::new(open(connector, config).await).tools(tools);
    let handle = conversation.handle();
    let answer = handle.say("Use get_weather for Oslo.");

    let expected = "The function answered: 18 degrees in Oslo";
    let mut reply = String::new();
    let mut tools_done = 0;
    while reply != expected {
        match conversation.next().await.unwrap().unwrap() {
            ConversationEvent::Text(event) => reply += &event.delta,
            ConversationEvent::ToolDone { result, .. } => {
                assert_eq!(result.output, "18 degrees in Oslo");
                tools_done += 1;
            }
            event => assert!(
                !matches!(event, ConversationEvent::ServerError(_)),
                "{event:?}"
            ),
        }
    }
    assert_eq!(tools_done, 1);
    // The request was answered by a call, and the reply to its output is a response of its own.
    assert_eq!(answer.await.unwrap().response.function_calls().count(), 1);
    let entries = conversation.history().entries().iter();
    let texts: Vec<_> = entries.map(|entry| entry.text().into_owned()).collect();
    assert_eq!(
        texts,
        [
            "Use get_weather for Oslo.",
            r#"{"city":"Oslo"}"#,
            "18 degrees in Oslo",
            expected
        ]
    );

    // A handle acts from elsewhere while the conversation is polled.
    let mut next = handle.say("Hello.");
    loop {
        match select(&mut next, conversation.next()).await {
            Either::Left((answer, _)) => {
                assert_eq!(answer.unwrap().text(), "You said: Hello.");
                break;
            }
            Either::Right((event, _)) => drop(event.unwrap().unwrap()),
        }
    }
    conversation.close().await.unwrap();
    assert!(handle.is_closed());
}
