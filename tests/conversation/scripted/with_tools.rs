//! Tools: parallel, slow, failing, unknown.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_channel::oneshot;
use openai_realtime_ws::conversation::Background;
use openai_realtime_ws::emulator::Reply;
use serde::Deserialize;
use tokio::sync::Semaphore;

use super::*;

#[derive(Deserialize)]
struct City {
    name: String,
}

fn panic_now() -> String {
    panic!("out of cheese")
}

fn started(events: &[ConversationEvent]) -> Vec<&str> {
    let names = events.iter().filter_map(|event| match event {
        ConversationEvent::ToolStarted(call) => Some(call.name.as_str()),
        _ => None,
    });
    names.collect()
}

#[tokio::test]
async fn two_parallel_calls_get_one_reply() {
    let script = Script::new().on_response(|turn| match turn.index() {
        0 => Reply::new()
            .call("weather", r#"{"name":"Ulm"}"#)
            .call("weather", r#"{"name":"Bern"}"#),
        _ => Reply::new().text("Both are sunny."),
    });
    let emulator = scripted(script).start().await.unwrap();
    let (conversation, handle) = talk(&emulator).await;
    // Both run at the same time: each waits for the other.
    let both = Arc::new(tokio::sync::Barrier::new(2));
    let tools = no_tools().function(named("weather"), move |city: City| {
        let both = Arc::clone(&both);
        async move {
            both.wait().await;
            format!("{}: sunny", city.name)
        }
    });
    let mut conversation = conversation.tools(tools);
    handle.say("Where is it better?");
    let events = until(&mut conversation, |event| {
        matches!(event, ConversationEvent::Response(end)
            if end.result.as_ref().is_ok_and(|answer| !answer.text().is_empty()))
    })
    .await;
    assert_eq!(started(&events), ["weather", "weather"]);
    let mut said = lines(&conversation);
    said[3..5].sort();
    assert_eq!(
        said,
        [
            "user: Where is it better?",
            "FunctionCall: {\"name\":\"Ulm\"}",
            "FunctionCall: {\"name\":\"Bern\"}",
            "FunctionOutput: Bern: sunny",
            "FunctionOutput: Ulm: sunny",
            "assistant: Both are sunny.",
        ]
    );
    assert_eq!(
        sent(&emulator, 0),
        [
            "session.update",
            "conversation.item.create",
            "response.create",
            "conversation.item.create",
            "conversation.item.create",
            "response.create",
        ]
    );
}

#[tokio::test]
async fn a_slow_tool_holds_up_nothing() {
    let script = Script::new().on_response(|turn| match turn.index() {
        0 => Reply::new().call("slow", "{}"),
        1 => Reply::new().text("Meanwhile."),
        _ => Reply::new().text("It is done."),
    });
    let emulator = scripted(script).start().await.unwrap();
    let (conversation, handle) = talk(&emulator).await;
    let (go, gone) = oneshot::channel::<()>();
    let gone = std::sync::Mutex::new(Some(gone));
    let tools = no_tools().function(named("slow"), move |(): ()| {
        let gone = gone.lock().unwrap().take().unwrap();
        async move { gone.await.map(|()| "finally").map_err(|_| "given up") }
    });
    let mut conversation = conversation.tools(tools);
    handle.say("Start.");
    until(&mut conversation, |event| {
        matches!(event, ConversationEvent::ToolStarted(_))
    })
    .await;
    // The conversation goes on while the tool runs.
    let answer = while_talking(&mut conversation, handle.say("Are you there?"))
        .await
        .unwrap();
    assert_eq!(answer.text(), "Meanwhile.");
    go.send(()).unwrap();
    until(&mut conversation, |event| {
        matches!(event, ConversationEvent::Response(end)
            if end.result.as_ref().is_ok_and(|answer| answer.text() == "It is done."))
    })
    .await;
    assert_eq!(count(&sent(&emulator, 0), "response.create"), 3);
}

#[tokio::test]
async fn every_failure_is_told_to_the_model_once() {
    let script = Script::new().on_response(|turn| match turn.index() {
        0 => Reply::new()
            .call("fails", "{}")
            .call("panics", "{}")
            .call("unknown", "{}")
            .call("weather", r#"{"town":1}"#)
            .call("hangs", "{}"),
        _ => Reply::new().text("None of them worked."),
    });
    let emulator = scripted(script).start().await.unwrap();
    let (conversation, handle) = talk(&emulator).await;
    let tools = no_tools()
        .timeout(Duration::from_millis(50))
        .function(named("fails"), |(): ()| async {
            Err::<(), _>("no connection")
        })
        .function(named("panics"), |(): ()| async { panic_now() })
        .function(named("weather"), |city: City| async move { city.name })
        .function(named("hangs"), |(): ()| std::future::pending::<()>());
    let mut conversation = conversation.tools(tools);
    handle.say("Try everything.");
    until(&mut conversation, |event| {
        matches!(event, ConversationEvent::Response(end)
            if end.result.as_ref().is_ok_and(|answer| !answer.text().is_empty()))
    })
    .await;
    let outputs: Vec<_> = lines(&conversation)
        .into_iter()
        .filter(|line| line.starts_with("FunctionOutput"))
        .collect();
    assert_eq!(
        outputs,
        [
            r#"FunctionOutput: {"error":"no connection"}"#,
            r#"FunctionOutput: {"error":"the tool panicked"}"#,
            r#"FunctionOutput: {"error":"there is no tool \"unknown\""}"#,
            r#"FunctionOutput: {"error":"the arguments do not fit: missing field `name` at line 1 column 10"}"#,
            r#"FunctionOutput: {"error":"the tool did not finish within 0.05 s"}"#,
        ]
    );
    assert_eq!(count(&sent(&emulator, 0), "response.create"), 2);
}

#[tokio::test]
async fn no_more_tools_run_at_a_time_than_are_allowed() {
    let script = Script::new().on_response(|turn| match turn.index() {
        0 => (0..6).fold(Reply::new(), |reply, _| reply.call("work", "{}")),
        _ => Reply::new().text("Done."),
    });
    let emulator = scripted(script).start().await.unwrap();
    let (conversation, handle) = talk(&emulator).await;
    let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (room, highest) = (Arc::new(Semaphore::new(0)), Arc::clone(&most));
    let permits = Arc::clone(&room);
    let tools = no_tools()
        .concurrency(2)
        .function(named("work"), move |(): ()| {
            let (running, most, permits) = (
                Arc::clone(&running),
                Arc::clone(&most),
                Arc::clone(&permits),
            );
            async move {
                most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                permits.acquire().await.unwrap().forget();
                running.fetch_sub(1, Ordering::SeqCst);
            }
        });
    let mut conversation = conversation.tools(tools);
    handle.say("Work.");
    let mut calls = 0;
    until(&mut conversation, |event| {
        calls += usize::from(matches!(event, ConversationEvent::ToolStarted(_)));
        calls == 6
    })
    .await;
    room.add_permits(6);
    until(&mut conversation, |event| {
        matches!(event, ConversationEvent::Text(_))
    })
    .await;
    assert_eq!(highest.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_background_result_is_known_and_not_spoken_about() {
    let script = Script::new().on_response(|turn| match turn.index() {
        0 => Reply::new().text("Noted.").call("note", "{}"),
        _ => Reply::new().text("You wanted to remember something."),
    });
    let emulator = scripted(script).start().await.unwrap();
    let (conversation, handle) = talk(&emulator).await;
    let tools = no_tools().function(named("note"), |(): ()| async { Background("saved") });
    let mut conversation = conversation.tools(tools);
    handle.say("Remember this.");
    until(&mut conversation, |event| {
        matches!(event, ConversationEvent::ToolDone { .. })
    })
    .await;
    let answer = while_talking(&mut conversation, handle.say("What was it?"))
        .await
        .unwrap();
    assert_eq!(answer.text(), "You wanted to remember something.");
    assert_eq!(
        lines(&conversation)[1..4],
        [
            "assistant: Noted.",
            "FunctionCall: {}",
            "FunctionOutput: saved"
        ]
    );
    assert_eq!(count(&sent(&emulator, 0), "response.create"), 2);
}

#[tokio::test]
async fn calls_beside_the_conversation_are_not_answered_in_it() {
    use openai_realtime_ws::protocol::{ResponseConversation, ResponseCreate, ResponseParams};
    let script = Script::new().on_response(|_| Reply::new().call("look", "{}"));
    let emulator = scripted(script).start().await.unwrap();
    let (conversation, handle) = talk(&emulator).await;
    let tools = no_tools().function(named("look"), |(): ()| async { "seen" });
    let mut conversation = conversation.tools(tools);
    let aside = ResponseParams::default().conversation(ResponseConversation::None);
    let answer = handle.respond(ResponseCreate::new(aside));
    let answer = while_talking(&mut conversation, answer).await.unwrap();
    // The application has the call in its hands.
    assert_eq!(answer.response.function_calls().count(), 1);
    assert_eq!(sent(&emulator, 0), ["session.update", "response.create"]);
}
