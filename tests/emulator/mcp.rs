//! Tools of MCP servers, which the service calls on its own once the client has approved it.

use openai_realtime_ws::emulator::{Emulator, Reply, Script};
use openai_realtime_ws::protocol::ListedTool;
use serde_json::{Value, json};

use crate::client::{Client, types};

/// An emulator with a server of two tools, one of which says that it only reads.
async fn emulator() -> Emulator {
    let schema = json!({"type": "object", "properties": {"q": {"type": "string"}}});
    let search = ListedTool::default()
        .name("search")
        .input_schema(schema.clone())
        .annotations(json!({"readOnlyHint": true}));
    let write = ListedTool::default().name("write").input_schema(schema);
    let script = Script::new()
        .mcp_server("docs", [search, write])
        .on_response(|turn| {
            (turn.user_text() == "fail")
                .then(|| Reply::new().mcp_call_failed("docs", "search", "{}", "lost"))
        });
    Emulator::builder().script(script).start().await.unwrap()
}

fn server(label: &str) -> Value {
    json!({"type": "mcp", "server_label": label, "server_url": "https://mcp.example.com"})
}

/// A session with the server and this configuration of approval; its tools are listed.
async fn session(emulator: &Emulator, require_approval: Value) -> Client {
    let mut client = Client::text_session(emulator).await;
    let mut server = server("docs");
    server["require_approval"] = require_approval;
    client
        .update(json!({"type": "realtime", "tools": [server]}))
        .await;
    client.until("conversation.item.done").await;
    client
}

/// Asks for a response to a text, and returns its events and the request for approval, if there is
/// one.
async fn ask(client: &mut Client, text: &str) -> (Vec<Value>, Option<Value>) {
    client.say(text).await;
    let events = client.respond(json!({})).await;
    let request = events
        .iter()
        .find(|event| {
            event["type"] == "conversation.item.done"
                && event["item"]["type"] == "mcp_approval_request"
        })
        .map(|event| event["item"].clone());
    (events, request)
}

/// Answers a request, and checks that the answer has an ID in the conversation.
async fn answer(client: &mut Client, request: &Value, approve: bool) {
    let mut answer = json!({"type": "mcp_approval_response", "approve": approve,
        "approval_request_id": request["id"]});
    client
        .send(json!({"type": "conversation.item.create", "item": answer}))
        .await;
    let done = client.until("conversation.item.done").await;
    let item = &done.last().unwrap()["item"];
    assert!(item["id"].as_str().unwrap().starts_with("item_"), "{item}");
    answer["id"] = item["id"].clone();
    assert_eq!(*item, answer);
}

fn said(events: &[Value]) -> &Value {
    let done = events
        .iter()
        .find(|event| event["type"] == "response.output_text.done");
    &done.unwrap()["text"]
}

#[tokio::test]
async fn the_tools_of_a_server_are_listed_once() {
    let emulator = emulator().await;
    let mut client = Client::text_session(&emulator).await;
    let tools = json!([server("docs"), server("elsewhere")]);
    client
        .update(json!({"type": "realtime", "tools": tools}))
        .await;
    let listed = client.until("mcp_list_tools.failed").await;
    assert_eq!(
        types(&listed),
        [
            "mcp_list_tools.in_progress",
            "conversation.item.added",
            "mcp_list_tools.completed",
            "conversation.item.done",
            "mcp_list_tools.in_progress",
            "conversation.item.added",
            "mcp_list_tools.failed",
        ]
    );
    let item = &listed[3]["item"];
    assert_eq!(
        (&item["server_label"], &item["tools"][0]["name"]),
        (&json!("docs"), &json!("search"))
    );
    assert_eq!(item["id"], listed[0]["item_id"]);
    assert_eq!(client.next().await["type"], "conversation.item.done");

    client
        .update(json!({"type": "realtime", "tools": tools}))
        .await;
    client.say("Nothing is listed again.").await;
}

#[tokio::test]
async fn a_call_is_made_as_soon_as_it_is_approved() {
    let emulator = emulator().await;
    // Approval is the default.
    for require_approval in [Value::Null, json!("always")] {
        let mut client = session(&emulator, require_approval).await;
        let (asked, request) = ask(&mut client, "search for it").await;
        assert_eq!(
            types(&asked),
            [
                "response.created",
                "response.output_item.added",
                "conversation.item.added",
                "response.mcp_call_arguments.delta",
                "response.mcp_call_arguments.done",
                "response.output_item.done",
                "response.output_item.added",
                "conversation.item.added",
                "conversation.item.done",
                "response.output_item.done",
                "response.done",
                "rate_limits.updated",
            ]
        );
        let (call, request) = (&asked[5]["item"], request.unwrap());
        assert_eq!(request["arguments"], r#"{"q":"q"}"#);
        assert_eq!(call["approval_request_id"], request["id"]);
        assert_eq!(
            (&call["output"], &call["error"]),
            (&Value::Null, &Value::Null)
        );
        assert_eq!(asked[10]["response"]["output"], json!([call, request]));
        assert_eq!(
            said(&client.respond(json!({})).await),
            "The call waits for approval."
        );

        answer(&mut client, &request, true).await;
        let made = client.until("conversation.item.done").await;
        assert_eq!(
            types(&made),
            [
                "response.mcp_call.in_progress",
                "response.mcp_call.completed",
                "conversation.item.done",
            ]
        );
        assert_eq!(made[0]["item_id"], call["id"]);
        assert_eq!(made[1]["output_index"], 0);
        let mut expected = call.clone();
        expected["output"] = json!(r#"{"q":"q"}"#);
        assert_eq!(made[2]["item"], expected);
        assert_eq!(
            said(&client.respond(json!({"tool_choice": "none"})).await),
            r#"The tool answered: {"q":"q"}"#
        );
    }
}

#[tokio::test]
async fn a_call_that_is_refused_is_not_made() {
    let emulator = emulator().await;
    let mut client = session(&emulator, json!("always")).await;
    let (_, request) = ask(&mut client, "search for it").await;
    let request = request.unwrap();
    answer(&mut client, &request, false).await;
    assert_eq!(
        said(&client.respond(json!({})).await),
        "The call was not approved."
    );
    // A second answer changes nothing, and one to another item is an error.
    let second = json!({"type": "mcp_approval_response", "id": "second",
        "approval_request_id": request["id"], "approve": true});
    let mut wrong = second.clone();
    wrong["approval_request_id"] = json!("answer");
    for item in [second, wrong] {
        client
            .send(json!({"type": "conversation.item.create", "item": item}))
            .await;
    }
    let events = client.until("error").await;
    assert_eq!(
        types(&events),
        ["conversation.item.added", "conversation.item.done", "error"]
    );
    assert_eq!(
        events[2]["error"]["param"],
        json!("item.approval_request_id")
    );
}

#[tokio::test]
async fn a_call_without_approval_is_made_in_its_response() {
    let emulator = emulator().await;
    let mut client = session(&emulator, json!("never")).await;
    for (text, event, output, error) in [
        (
            "search for it",
            "response.mcp_call.completed",
            json!(r#"{"q":"q"}"#),
            Value::Null,
        ),
        (
            "fail",
            "response.mcp_call.failed",
            Value::Null,
            json!({"type": "tool_execution_error", "message": "lost"}),
        ),
    ] {
        let (called, _) = ask(&mut client, text).await;
        assert_eq!(
            types(&called),
            [
                "response.created",
                "response.output_item.added",
                "conversation.item.added",
                "response.mcp_call_arguments.delta",
                "response.mcp_call_arguments.done",
                "response.mcp_call.in_progress",
                event,
                "conversation.item.done",
                "response.output_item.done",
                "response.done",
                "rate_limits.updated",
            ]
        );
        let item = &called[8]["item"];
        assert_eq!((&item["output"], &item["error"]), (&output, &error));
        assert_eq!(item["approval_request_id"], Value::Null);
    }
}

#[tokio::test]
async fn a_filter_says_which_calls_wait_for_approval() {
    let emulator = emulator().await;
    for (filter, search, write) in [
        (json!({"always": {"tool_names": ["write"]}}), true, true),
        (json!({"never": {"tool_names": ["search"]}}), false, true),
        (json!({"never": {"read_only": true}}), false, true),
        (
            json!({"always": {"tool_names": ["search"]}, "never": {"tool_names": ["write"]}}),
            true,
            false,
        ),
    ] {
        let mut client = session(&emulator, filter.clone()).await;
        for (text, waits) in [("search", search), ("write", write)] {
            let (_, request) = ask(&mut client, text).await;
            assert_eq!(request.is_some(), waits, "{text} {filter}");
        }
    }
}

#[tokio::test]
async fn a_chosen_tool_is_called_if_it_is_allowed() {
    let emulator = emulator().await;
    let mut client = session(&emulator, json!("never")).await;
    let chosen = |name: &str| json!({"type": "mcp", "server_label": "docs", "name": name});
    client.say("Hello").await;
    for (tool_choice, allowed, called) in [
        (chosen("write"), Value::Null, Some("write")),
        (
            json!({"type": "mcp", "server_label": "docs"}),
            json!(["write"]),
            Some("write"),
        ),
        (json!("required"), Value::Null, Some("search")),
        (chosen("write"), json!(["search"]), None),
        (chosen("read"), Value::Null, None),
    ] {
        client.say("Hello").await;
        let mut server = server("docs");
        server["require_approval"] = json!("never");
        server["allowed_tools"] = allowed;
        let done = client
            .respond(json!({"tool_choice": tool_choice, "tools": [server]}))
            .await;
        let name = done
            .iter()
            .find(|event| event["item"]["type"] == "mcp_call")
            .map(|event| &event["item"]["name"]);
        assert_eq!(name, called.map(|name| json!(name)).as_ref());
    }
}
