//! Tools of MCP servers, which the service calls on its own.

use openai_realtime_ws::emulator::{Emulator, Reply, Script};
use openai_realtime_ws::protocol::{Item, ListedTool};
use serde_json::{Value, json};

use crate::client::{Client, types};

async fn emulator() -> Emulator {
    let search = ListedTool::default()
        .name("search")
        .input_schema(json!({"type": "object"}));
    let script = Script::new()
        .mcp_server("docs", [search])
        .on_response(|turn| match turn.items().last() {
            Some(Item::McpApprovalResponse(answer)) if answer.approve => {
                Reply::new().mcp_call("docs", "search", r#"{"q":"x"}"#, "found")
            }
            Some(Item::McpApprovalResponse(_)) => {
                Reply::new().mcp_call_failed("docs", "search", "{}", "not approved")
            }
            _ => Reply::new().mcp_approval("docs", "search", "{}"),
        });
    Emulator::builder().script(script).start().await.unwrap()
}

fn server(label: &str) -> Value {
    json!({"type": "mcp", "server_label": label, "server_url": "https://mcp.example.com"})
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
async fn a_call_is_approved_and_made() {
    let emulator = emulator().await;
    let mut client = Client::text_session(&emulator).await;
    client
        .update(json!({"type": "realtime", "tools": [server("docs")]}))
        .await;
    client.until("conversation.item.done").await;
    for (approve, event, output, error) in [
        (
            true,
            "response.mcp_call.completed",
            json!("found"),
            Value::Null,
        ),
        (
            false,
            "response.mcp_call.failed",
            Value::Null,
            json!({"type": "tool_execution_error", "message": "not approved"}),
        ),
    ] {
        client.say("Look it up").await;
        let asked = client.respond(json!({})).await;
        let request = asked
            .iter()
            .find(|event| event["type"] == "response.output_item.done")
            .unwrap();
        assert_eq!(request["item"]["type"], "mcp_approval_request");
        let answer = json!({"type": "mcp_approval_response", "id": format!("answer_{approve}"),
            "approval_request_id": request["item"]["id"], "approve": approve});
        client
            .send(json!({"type": "conversation.item.create", "item": answer}))
            .await;
        client.until("conversation.item.done").await;
        let called = client.respond(json!({})).await;
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
    }
}
