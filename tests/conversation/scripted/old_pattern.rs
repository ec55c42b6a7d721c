//! The two faults of a loop that answers each call with an output and a request of its own.

use openai_realtime_ws::emulator::Reply;
use openai_realtime_ws::protocol::{ConversationItemCreate, ResponseCreate};
use openai_realtime_ws::{ServerEvent, Session};

use super::*;

/// An emulator whose model makes two calls at once, and then says what it knows.
async fn emulator() -> Emulator {
    let script = Script::new().on_response(|turn| match turn.index() {
        0 => Reply::new()
            .call("a", "{}")
            .call("b", "{}")
            .wait(Duration::from_millis(200)),
        _ => Reply::new()
            .text(outputs(turn).join(" and "))
            .wait(Duration::from_millis(200)),
    });
    scripted(script).start().await.unwrap()
}

/// Answers a call as soon as it is told of, or once the response has ended.
async fn old_pattern(rt: &mut Session<Connector>, wait: bool) -> (Vec<String>, usize) {
    rt.send(ConversationItemCreate::user_text("Both, please."))
        .await
        .unwrap();
    rt.send(ResponseCreate::default()).await.unwrap();
    let (mut calls, mut replies, mut refused, mut done) = (Vec::new(), Vec::new(), 0, 0);
    // The first response, and then a reply or a refusal for each of the two requests.
    while done == 0 || replies.len() + refused < 2 {
        let mut due = Vec::new();
        match rt.next().await.unwrap().unwrap() {
            ServerEvent::ResponseFunctionCallArgumentsDone(call) if wait => {
                calls.push(call.call_id);
            }
            ServerEvent::ResponseFunctionCallArgumentsDone(call) => due.push(call.call_id),
            ServerEvent::ResponseDone(event) => {
                done += 1;
                if done == 1 {
                    due.append(&mut calls);
                } else {
                    replies.push(event.response.text());
                }
            }
            ServerEvent::Error(error) => {
                let code = error.error.code.as_deref();
                assert_eq!(code, Some("conversation_already_has_active_response"));
                refused += 1;
            }
            _ => {}
        }
        for (number, call) in due.into_iter().enumerate() {
            let output = format!("output {number}");
            rt.send(ConversationItemCreate::function_output(call, output))
                .await
                .unwrap();
            rt.send(ResponseCreate::default()).await.unwrap();
        }
    }
    (replies, refused)
}

#[tokio::test]
async fn the_first_reply_lacks_the_second_output() {
    let emulator = emulator().await;
    let mut rt = OpenAIRealtimeWS::connect(config(&emulator)).await.unwrap();
    let (replies, refused) = old_pattern(&mut rt, true).await;
    assert_eq!((replies, refused), (vec!["output 0".to_owned()], 1));
}

#[tokio::test]
async fn with_a_response_under_way_the_user_hears_nothing() {
    let emulator = emulator().await;
    let mut rt = OpenAIRealtimeWS::connect(config(&emulator)).await.unwrap();
    let (replies, refused) = old_pattern(&mut rt, false).await;
    assert_eq!((replies, refused), (Vec::<String>::new(), 2));
}

#[tokio::test]
async fn the_conversation_has_one_reply_with_both_outputs() {
    let emulator = emulator().await;
    let (conversation, handle) = talk(&emulator).await;
    let tools = no_tools()
        .function(named("a"), |(): ()| async { "one" })
        .function(named("b"), |(): ()| async { "two" });
    let mut conversation = conversation.tools(tools);
    handle.say("Both, please.");
    let mut replies = Vec::new();
    until(&mut conversation, |event| {
        if let ConversationEvent::Response(end) = event {
            replies.push(end.result.as_ref().unwrap().text());
        }
        replies.len() == 2
    })
    .await;
    assert_eq!(replies, ["", "one and two"]);
    assert_eq!(count(&sent(&emulator, 0), "response.create"), 2);
}
