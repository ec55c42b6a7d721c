//! A conversation with tools, over every transport that can have the emulator at the other end.

use futures_util::future::{Either, select};
use openai_realtime_ws::conversation::{Conversation, ConversationEvent, Tools};
use openai_realtime_ws::protocol::FunctionTool;
use openai_realtime_ws::{Config, Connector};
use serde::Deserialize;
use serde_json::json;

use crate::suite::open;

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
