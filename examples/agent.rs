//! An agent with three tools, in text: `agent [QUESTION]`. The weather is looked up for several
//! cities at once, a table is booked slowly, and there is never a taxi. Meanwhile the conversation
//! goes on.
//!
//! Without `OPENAI_API_KEY`, an emulator in this process answers.

use std::error::Error;
use std::io::Write;
use std::time::Duration;

use openai_realtime_ws::conversation::{Conversation, ConversationEvent, Json, Tools, TurnEvent};
use openai_realtime_ws::emulator::{Emulator, Reply, Script};
use openai_realtime_ws::native::Connector;
use openai_realtime_ws::protocol::{Item, Modality, RealtimeSession, SessionUpdate};
use openai_realtime_ws::{Config, ConfigError, OpenAIRealtimeWS};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

mod models;

type Failure = Box<dyn Error>;

const QUESTION: &str =
    "Is the weather better in Ulm or in Bern? Book a table for two there, and call me a taxi.";

#[derive(Deserialize, JsonSchema)]
struct City {
    /// Name of the city, in English.
    name: String,
}

#[derive(Deserialize, JsonSchema)]
struct Table {
    /// Name of the city.
    city: String,
    /// Number of people.
    people: u8,
}

#[derive(Deserialize, JsonSchema)]
struct Ride {
    /// Address to go to.
    to: String,
}

fn tools() -> Tools {
    Tools::new()
        .tool(
            "weather",
            "Current weather in a city",
            |city: City| async move {
                Json(json!({"city": city.name, "celsius": 12 + city.name.len()}))
            },
        )
        .tool(
            "book_table",
            "Books a table in a restaurant",
            |table: Table| async move {
                tokio::time::sleep(Duration::from_millis(300)).await;
                format!("A table for {} is booked in {}.", table.people, table.city)
            },
        )
        .tool("call_taxi", "Calls a taxi", |ride: Ride| async move {
            Err::<(), _>(format!("there is no taxi to {}", ride.to))
        })
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let question = std::env::args()
        .nth(1)
        .unwrap_or_else(|| QUESTION.to_owned());
    // Kept to the end: it stops when it is dropped.
    let emulator;
    let config = match Config::from_env() {
        Err(ConfigError::MissingKey(_)) => {
            eprintln!("OPENAI_API_KEY is not set: an emulator in this process answers.");
            emulator = Emulator::builder().script(script()).start().await?;
            Config::new("sk-emulator").insecure_loopback_url(emulator.ws_url())
        }
        config => config?,
    };
    let rt = OpenAIRealtimeWS::connect(config.model(models::REALTIME)).await?;
    talk(Conversation::new(rt), &question, &mut std::io::stdout()).await
}

/// Asks the question, and a second one while the tools are at work.
async fn talk(
    conversation: Conversation<Connector>,
    question: &str,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let mut conversation = conversation.tools(tools());
    let handle = conversation.handle();
    handle.send(SessionUpdate::new(
        RealtimeSession::new().output_modalities([Modality::Text]),
    ));
    handle.say(question);
    let (mut open, mut asked, mut spoke) = (0, false, false);
    while let Some(event) = conversation.next().await {
        match event? {
            ConversationEvent::Text(event) => {
                spoke = true;
                write!(out, "{}", event.delta)?;
                out.flush()?;
            }
            ConversationEvent::ToolStarted(call) => {
                open += 1;
                writeln!(out, "[{} {}]", call.name, call.arguments)?;
            }
            ConversationEvent::ToolDone { call, result, .. } => {
                open -= 1;
                writeln!(out, "[{}: {}]", call.name, result.output)?;
            }
            ConversationEvent::Turn(TurnEvent::TurnDone(_)) => {
                if std::mem::take(&mut spoke) {
                    writeln!(out)?;
                    // The reply after the tools is the last.
                    if asked && open == 0 && conversation.responses().is_idle() {
                        break;
                    }
                }
                if !std::mem::replace(&mut asked, true) {
                    handle.say("Are you still there?");
                }
            }
            ConversationEvent::ServerError(error) => return Err(error.into()),
            _ => {}
        }
    }
    conversation.close().await?;
    Ok(())
}

/// Stands in for the model.
fn script() -> Script {
    Script::new().on_response(|turn| {
        let outputs = turn.items().iter().filter_map(|item| match item {
            Item::FunctionCallOutput(output) => Some(output.output.as_str()),
            _ => None,
        });
        let outputs: Vec<_> = outputs.collect();
        match (turn.index(), outputs.len()) {
            (0, _) => Reply::new()
                .call("weather", r#"{"name":"Ulm"}"#)
                .call("weather", r#"{"name":"Bern"}"#)
                .call("book_table", r#"{"city":"Bern","people":2}"#)
                .call("call_taxi", r#"{"to":"Bern"}"#),
            (_, 4) => Reply::new().text(format!("This is what I know: {}", outputs.join(" "))),
            _ => Reply::new().text("Yes, I am still at it."),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_conversation_goes_on_while_the_tools_work() {
        let emulator = Emulator::builder().script(script()).start().await.unwrap();
        let config = Config::new("sk-test")
            .model(models::REALTIME)
            .insecure_loopback_url(emulator.ws_url());
        let rt = OpenAIRealtimeWS::connect(config).await.unwrap();
        let mut out = Vec::new();
        talk(Conversation::new(rt), QUESTION, &mut out)
            .await
            .unwrap();
        let out = String::from_utf8(out).unwrap();
        let lines: Vec<_> = out.lines().collect();
        // Two calls of one tool and one that fails are back before the slow one, and so is a reply.
        let at = |text: &str| lines.iter().position(|line| line.contains(text)).unwrap();
        let booked = at("[book_table: A table for 2 is booked in Bern.]");
        for quick in [
            r#"[weather: {"celsius":15,"city":"Ulm"}]"#,
            r#"[weather: {"celsius":16,"city":"Bern"}]"#,
            r#"[call_taxi: {"error":"there is no taxi to Bern"}]"#,
            "Yes, I am still at it.",
        ] {
            assert!(at(quick) < booked, "{out}");
        }
        assert!(at("This is what I know:") > booked, "{out}");
        let connections = emulator.connections();
        let types = connections[0].event_types();
        let asked = types.iter().filter(|event| **event == "response.create");
        assert_eq!(asked.count(), 3, "{types:?}");
    }
}
