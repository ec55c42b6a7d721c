//! Tools: how calls are run, and how they are answered.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::FutureExt;
use openai_realtime_ws::conversation::{
    Approval, Background, Json, ToolCall, ToolCallKind, ToolCalls, ToolResult, Tools,
};
use openai_realtime_ws::protocol::{Events, FunctionTool, ResponseCreate, Tool, ToolChoice};
use openai_realtime_ws::{ClientEvent, ServerEvent};
use proptest::prelude::*;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
struct City {
    name: String,
}

fn named(name: &str) -> FunctionTool {
    FunctionTool::default().name(name)
}

fn received(calls: &mut ToolCalls, event: &Value) -> Vec<ToolCall> {
    calls.received(&ServerEvent::parse(event.to_string()).unwrap())
}

fn call_done(response: &str, call: &str, name: &str, arguments: &str) -> Value {
    json!({"type": "response.output_item.done", "response_id": response, "output_index": 0,
        "item": {"type": "function_call", "id": format!("item_{call}"), "status": "completed",
            "call_id": call, "name": name, "arguments": arguments}})
}

fn response_done(response: &str, status: &str) -> Value {
    json!({"type": "response.done", "response": {"id": response, "status": status}})
}

/// A call as the model makes it.
fn call(name: &str, arguments: &str) -> ToolCall {
    let mut calls = ToolCalls::new(10);
    received(&mut calls, &call_done("resp_1", "call_1", name, arguments)).remove(0)
}

fn run(tools: &Tools, name: &str, arguments: &str) -> ToolResult {
    tools
        .run(&call(name, arguments))
        .now_or_never()
        .expect("it waits")
}

fn error(result: &ToolResult) -> String {
    assert!(result.failed, "{result:?}");
    let output: Value = serde_json::from_str(&result.output).unwrap();
    output["error"].as_str().unwrap().to_owned()
}

/// The answer to a call: its id and the output.
fn output(event: Option<ClientEvent>) -> (String, String) {
    let event: Value = serde_json::from_str(event.unwrap().encode().text()).unwrap();
    let text = |key: &str| event["item"][key].as_str().unwrap().to_owned();
    (text("call_id"), text("output"))
}

#[test]
fn what_a_tool_returns_is_its_output() {
    let tools = Tools::new()
        .function(named("text"), |city: City| async move {
            format!("Sunny in {}", city.name)
        })
        .function(named("value"), |(): ()| async { Json(vec![1, 2]) })
        .function(named("nothing"), |(): ()| async {})
        .function(named("result"), |(): ()| async {
            Ok::<_, Infallible>("fine")
        })
        .function(named("later"), |_: Value| async { Background("noted") });
    let mut results = BTreeMap::new();
    for (name, arguments) in [
        ("text", r#"{"name":"Ulm"}"#),
        ("value", "{}"),
        ("nothing", ""),
        ("result", "null"),
        ("later", "{}"),
    ] {
        let result = run(&tools, name, arguments);
        assert!(!result.failed, "{result:?}");
        results.insert(name, (result.output, result.background));
    }
    let expected = [
        ("text", "Sunny in Ulm", false),
        ("value", "[1,2]", false),
        ("nothing", "done", false),
        ("result", "fine", false),
        ("later", "noted", true),
    ];
    for (name, output, background) in expected {
        assert_eq!(results[name], (output.to_owned(), background), "{name}");
    }
}

#[test]
fn the_model_is_told_of_every_failure() {
    fn panics() -> String {
        panic!("out of cheese")
    }
    let tools = Tools::new()
        .function(named("weather"), |city: City| async move { city.name })
        .function(named("fails"), |(): ()| async {
            Err::<(), _>("no connection")
        })
        .function(named("panics"), |(): ()| async { panics() })
        .function(named("panics_at_once"), |(): ()| {
            let output = panics();
            async move { output }
        });
    assert_eq!(
        error(&run(&tools, "unknown", "{}")),
        "there is no tool \"unknown\""
    );
    let unfit = error(&run(&tools, "weather", r#"{"town":1}"#));
    assert_eq!(
        unfit,
        "the arguments do not fit: missing field `name` at line 1 column 10"
    );
    assert!(error(&run(&tools, "weather", "{\"name\":")).starts_with("the arguments do not fit"));
    assert_eq!(error(&run(&tools, "fails", "")), "no connection");
    assert_eq!(error(&run(&tools, "panics", "")), "the tool panicked");
    assert_eq!(
        error(&run(&tools, "panics_at_once", "")),
        "the tool panicked"
    );
}

#[test]
fn a_call_that_is_not_approved_is_not_made() {
    let made = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&made);
    let tools = Tools::new()
        .function(named("pay"), move |(): ()| {
            counter.fetch_add(1, Ordering::Relaxed);
            async { "paid" }
        })
        .approval(|call: &ToolCall| {
            let decision = match call.arguments.as_str() {
                "" => Approval::Approve,
                _ => Approval::Deny("too much".to_owned()),
            };
            async move { decision }
        });
    let denied = run(&tools, "pay", "{}");
    assert_eq!((error(&denied).as_str(), denied.denied), ("too much", true));
    assert_eq!(made.load(Ordering::Relaxed), 0);
    assert_eq!(run(&tools, "pay", "").output, "paid");
    assert_eq!(made.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn tools_run_on_the_callers_executor() {
    let tools = Tools::new()
        .function(named("where"), |(): ()| async {
            tokio::task::try_id().map_or("nowhere", |_| "in a task")
        })
        .run_on(|tool| {
            tokio::spawn(tool);
        });
    assert_eq!(tools.run(&call("where", "")).await.output, "in a task");
    // An executor that drops a tool leaves no call unanswered.
    let tools = tools.run_on(drop);
    assert_eq!(
        error(&tools.run(&call("where", "")).await),
        "the tool was stopped"
    );
}

#[test]
fn definitions_go_to_the_session() {
    let tools = Tools::new()
        .function(named("a").description("First"), |(): ()| async {})
        .function(named("b"), |(): ()| async {})
        .function(named("a").description("Second"), |(): ()| async {});
    let names: Vec<_> = tools
        .definitions()
        .into_iter()
        .map(|tool| match tool {
            Tool::Function(tool) => (tool.name, tool.description),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(
        names,
        [
            ("b".to_owned(), None),
            ("a".to_owned(), Some("Second".to_owned()))
        ]
    );
}

#[cfg(feature = "schemars")]
#[test]
fn arguments_describe_themselves() {
    /// A place.
    #[derive(Deserialize, schemars::JsonSchema)]
    #[allow(dead_code)]
    struct Place {
        /// Name of the city.
        city: String,
        days: Option<u8>,
    }
    let tools = Tools::new()
        .tool("forecast", "Weather to come", |place: Place| async move {
            place.city
        })
        .tool("now", "The time", |(): ()| async { "noon" });
    let definitions = serde_json::to_value(tools.definitions()).unwrap();
    let schema = &definitions[0]["parameters"];
    assert_eq!(schema["type"], "object");
    assert_eq!(schema["required"], json!(["city"]));
    assert_eq!(
        schema["properties"]["city"]["description"],
        "Name of the city."
    );
    assert_eq!(
        definitions[1]["parameters"],
        json!({"type": "object", "properties": {}})
    );
    assert_eq!(definitions[1]["description"], "The time");
    assert_eq!(run(&tools, "forecast", r#"{"city":"Ulm"}"#).output, "Ulm");
}

#[test]
fn two_parallel_calls_get_one_reply_after_the_response() {
    let mut calls = ToolCalls::new(10);
    assert_eq!(
        received(&mut calls, &call_done("resp_1", "call_1", "a", "{}")).len(),
        1
    );
    assert_eq!(
        received(&mut calls, &call_done("resp_1", "call_2", "b", "{}")).len(),
        1
    );
    let answer = output(calls.answer("call_2", &ToolResult::new("two")));
    assert_eq!(answer, ("call_2".to_owned(), "two".to_owned()));
    received(&mut calls, &response_done("resp_1", "completed"));
    assert_eq!(calls.poll_follow_up(), None, "one call is open");
    assert_eq!(
        calls
            .open()
            .map(|call| call.call_id.as_str())
            .collect::<Vec<_>>(),
        ["call_1"]
    );
    assert!(calls.answer("call_1", &ToolResult::new("one")).is_some());
    let follow_up = calls.poll_follow_up().unwrap();
    assert_eq!(follow_up.event, ResponseCreate::default());
    assert_eq!(calls.poll_follow_up(), None);
    assert_eq!(calls.answer("call_1", &ToolResult::new("again")), None);
}

#[test]
fn a_call_is_run_once_however_often_it_is_told() {
    let mut calls = ToolCalls::new(10);
    let done = call_done("resp_1", "call_1", "a", "{}");
    assert_eq!(received(&mut calls, &done).len(), 1);
    assert_eq!(received(&mut calls, &done).len(), 0);
    assert_eq!(
        received(&mut calls, &call_done("resp_2", "call_1", "a", "{}")).len(),
        0
    );
    // The end of a response tells its calls once more, and sometimes for the first time.
    let mut end = response_done("resp_1", "completed");
    let item = |id: &str| call_done("", id, "a", "{}")["item"].clone();
    end["response"]["output"] = json!([item("call_1"), item("call_2")]);
    let new = received(&mut calls, &end);
    assert_eq!(
        new.iter()
            .map(|call| call.call_id.as_str())
            .collect::<Vec<_>>(),
        ["call_2"]
    );
    // A call that was cut off is not run.
    let mut cut = call_done("resp_3", "call_3", "a", "{\"na");
    cut["item"]["status"] = "incomplete".into();
    assert_eq!(received(&mut calls, &cut), []);
}

#[test]
fn background_outputs_and_cancelled_responses_ask_for_no_reply() {
    let mut noted = ToolResult::new("noted");
    noted.background = true;
    for (results, status, replies) in [
        (vec![noted.clone(), noted.clone()], "completed", 0),
        (vec![noted, ToolResult::new("speak")], "completed", 1),
        (
            vec![ToolResult::new("a"), ToolResult::new("b")],
            "cancelled",
            0,
        ),
        (
            vec![ToolResult::new("a"), ToolResult::error("b")],
            "incomplete",
            1,
        ),
    ] {
        let mut calls = ToolCalls::new(10);
        received(&mut calls, &call_done("resp_1", "call_0", "a", "{}"));
        received(&mut calls, &call_done("resp_1", "call_1", "a", "{}"));
        received(&mut calls, &response_done("resp_1", status));
        for (number, result) in results.iter().enumerate() {
            let (_, text) = output(calls.answer(&format!("call_{number}"), result));
            assert_eq!(text, result.output);
        }
        assert_eq!(
            std::iter::from_fn(|| calls.poll_follow_up()).count(),
            replies,
            "{status}"
        );
    }
}

#[test]
fn the_model_cannot_call_tools_for_ever() {
    let mut calls = ToolCalls::new(2);
    let step = |number: u32, calls: &mut ToolCalls| {
        let (response, id) = (format!("resp_{number}"), format!("call_{number}"));
        received(calls, &call_done(&response, &id, "a", "{}"));
        received(calls, &response_done(&response, "completed"));
        calls.answer(&id, &ToolResult::new("x")).unwrap();
        let reply = calls.poll_follow_up().unwrap();
        reply.event.response.and_then(|params| params.tool_choice)
    };
    assert_eq!(step(1, &mut calls), None);
    assert_eq!(step(2, &mut calls), None);
    assert_eq!(step(3, &mut calls), Some(ToolChoice::None));
    // What the user says lets it call again.
    received(
        &mut calls,
        &json!({"type": "input_audio_buffer.committed", "item_id": "u"}),
    );
    assert_eq!(step(4, &mut calls), None);
}

#[test]
fn calls_that_a_new_session_does_not_know_are_lost() {
    let mut calls = ToolCalls::new(10);
    for (response, call) in [("resp_1", "kept"), ("resp_1", "gone"), ("resp_2", "half")] {
        received(&mut calls, &call_done(response, call, "a", "{}"));
    }
    received(&mut calls, &response_done("resp_1", "completed"));
    let lost = calls.connection_lost(|call| call.item_id == "item_gone");
    let lost: Vec<_> = lost.iter().map(|call| call.call_id.as_str()).collect();
    assert_eq!(lost, ["gone", "half"]);
    assert_eq!(calls.answer("half", &ToolResult::new("late")), None);
    assert!(calls.answer("kept", &ToolResult::new("in time")).is_some());
    assert!(calls.poll_follow_up().is_some());
}

#[test]
fn mcp_approvals_pass_through_the_same_hook() {
    let request = json!({"type": "response.output_item.done", "response_id": "resp_1",
        "item": {"type": "mcp_approval_request", "id": "ask_1", "server_label": "shop",
            "name": "buy", "arguments": "{\"n\":1}"}});
    let buys = |call: &ToolCall| call.name == "buy";
    for (tools, approved) in [
        (
            Tools::new().approval(move |call: &ToolCall| std::future::ready(buys(call).into())),
            true,
        ),
        (
            Tools::new().approval(|_: &ToolCall| async { Approval::from(false) }),
            false,
        ),
        // Nobody is asked, and nothing is approved.
        (Tools::new(), false),
    ] {
        let mut calls = ToolCalls::new(10);
        let call = received(&mut calls, &request).remove(0);
        let ToolCallKind::McpApproval { server_label, .. } = &call.kind else {
            panic!("{:?}", call.kind);
        };
        assert_eq!(server_label, "shop");
        let result = tools.run(&call).now_or_never().unwrap();
        let event = calls.answer(&call.call_id, &result).unwrap();
        let event: Value = serde_json::from_str(event.encode().text()).unwrap();
        let item = &event["item"];
        assert_eq!(item["type"], "mcp_approval_response");
        assert_eq!(
            (&item["approval_request_id"], &item["approve"]),
            (&json!("ask_1"), &json!(approved))
        );
    }
    // The service runs the tool, and waits to be asked for a reply.
    let mut calls = ToolCalls::new(10);
    let ran = json!({"type": "response.output_item.done", "response_id": "resp_1",
        "item": {"type": "mcp_call", "id": "mcp_1", "server_label": "shop", "name": "buy",
            "arguments": "{}", "output": "bought"}});
    assert_eq!(received(&mut calls, &ran), []);
    assert_eq!(calls.poll_follow_up(), None);
    received(&mut calls, &response_done("resp_1", "completed"));
    assert!(calls.poll_follow_up().is_some());
}

proptest! {
    #[test]
    fn every_call_is_answered_once_and_every_response_followed_once(
        steps in prop::collection::vec((0_u8..4, 0_usize..3, 0_usize..4), 0..120),
    ) {
        let mut calls = ToolCalls::new(u32::MAX);
        let mut answers: BTreeMap<String, u32> = BTreeMap::new();
        // Of each response: its calls, those answered, and whether it has ended.
        let mut responses: BTreeMap<usize, (Vec<String>, usize, bool)> = BTreeMap::new();
        let (mut follow_ups, mut epoch) = (0, [0; 3]);
        let ends = (0..3).flat_map(|response| {
            (0..4).map(move |call| (2, response, call)).chain([(1, response, 0)])
        });
        for (step, slot, call) in steps.into_iter().chain(ends) {
            // A slot holds one response after the other.
            let response = epoch[slot] * 3 + slot;
            let entry = responses.entry(response).or_default();
            let (name, id) = (format!("resp_{response}"), format!("call_{response}_{call}"));
            match step {
                0 if !entry.2 => {
                    let new = received(&mut calls, &call_done(&name, &id, "a", "{}"));
                    prop_assert_eq!(new.len(), usize::from(!entry.0.contains(&id)));
                    if !new.is_empty() {
                        entry.0.push(id);
                    }
                }
                1 => {
                    received(&mut calls, &response_done(&name, "completed"));
                    entry.2 = true;
                }
                2 if calls.answer(&id, &ToolResult::new("x")).is_some() => {
                    *answers.entry(id).or_default() += 1;
                    entry.1 += 1;
                }
                _ if entry.2 && entry.1 == entry.0.len() => epoch[slot] += 1,
                _ => {}
            }
            follow_ups += std::iter::from_fn(|| calls.poll_follow_up()).count();
            let due = responses.values().filter(|(calls, answered, done)| {
                *done && !calls.is_empty() && *answered == calls.len()
            });
            prop_assert_eq!(follow_ups, due.count());
        }
        prop_assert_eq!(calls.open().count(), 0);
        let made: usize = responses.values().map(|(calls, ..)| calls.len()).sum();
        prop_assert_eq!(answers.len(), made);
        prop_assert!(answers.values().all(|answers| *answers == 1));
    }
}
