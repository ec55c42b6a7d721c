//! MCP: lists of tools, calls and approval requests, as a script has them.

use super::items::{ItemStore, behind};
use super::output::OutputQueue;
use super::response::RunningResponse;
use super::script::McpCallStep;
use crate::protocol::{
    ConversationItemAdded, ConversationItemDone, ItemStatus, ListedTool, McpApprovalRequest,
    McpCall, McpError, McpListTools, McpListToolsCompleted, McpListToolsFailed,
    McpListToolsInProgress, McpToolExecutionError, ResponseMcpCallArgumentsDelta,
    ResponseMcpCallArgumentsDone, ResponseMcpCallCompleted, ResponseMcpCallFailed,
    ResponseMcpCallInProgress,
};

/// Adds the item with the tools of a server to the conversation; without tools, the server could
/// not be reached.
pub(super) fn list_tools(
    server_label: &str,
    tools: Option<&[ListedTool]>,
    out: &mut OutputQueue,
    conversation: &mut ItemStore,
) {
    let id = out.ids.next("item");
    let item = McpListTools::default()
        .id(id.as_str())
        .server_label(server_label);
    out.send(McpListToolsInProgress::default().item_id(id.as_str()));
    let mut added = ConversationItemAdded::default().item(item.clone());
    added.previous_item_id = behind(conversation.last_id());
    // Its ID is new and its place the end: it fits.
    let _ = conversation.insert(item.clone().into(), None);
    out.send(added);
    let item = item.tools(tools.unwrap_or_default());
    if tools.is_some() {
        out.send(McpListToolsCompleted::default().item_id(id.as_str()));
    } else {
        out.send(McpListToolsFailed::default().item_id(id.as_str()));
    }
    let mut done = ConversationItemDone::default().item(item.clone());
    done.previous_item_id = behind(conversation.previous_id(&id));
    conversation.replace(item.into());
    out.send(done);
}

impl RunningResponse {
    /// Calls a tool, and tells its result.
    pub(super) fn mcp_call(
        &mut self,
        step: McpCallStep,
        out: &mut OutputQueue,
        conversation: &mut ItemStore,
    ) {
        self.close_message(ItemStatus::Completed, out, conversation);
        let id = out.ids.next("mcp");
        let call = McpCall::default()
            .id(id.as_str())
            .server_label(step.server_label)
            .name(step.name);
        let index = self.begin_item(call.clone().into(), out, conversation);
        let response_id = self.id().to_owned();
        out.send(
            ResponseMcpCallArgumentsDelta::default()
                .response_id(response_id.as_str())
                .item_id(id.as_str())
                .output_index(index)
                .delta(step.arguments.as_str()),
        );
        out.send(
            ResponseMcpCallArgumentsDone::default()
                .response_id(response_id)
                .item_id(id.as_str())
                .output_index(index)
                .arguments(step.arguments.as_str()),
        );
        out.send(
            ResponseMcpCallInProgress::default()
                .item_id(id.as_str())
                .output_index(index),
        );
        let call = call.arguments(step.arguments);
        let call = match step.result {
            Ok(output) => {
                out.send(
                    ResponseMcpCallCompleted::default()
                        .item_id(id)
                        .output_index(index),
                );
                call.output(output)
            }
            Err(message) => {
                out.send(
                    ResponseMcpCallFailed::default()
                        .item_id(id)
                        .output_index(index),
                );
                let error = McpToolExecutionError::default().message(message);
                call.error(Box::new(McpError::from(error)))
            }
        };
        self.end_item(call.into(), index, out, conversation);
    }

    /// Asks the client to approve a call.
    pub(super) fn mcp_approval(
        &mut self,
        request: McpApprovalRequest,
        out: &mut OutputQueue,
        conversation: &mut ItemStore,
    ) {
        self.close_message(ItemStatus::Completed, out, conversation);
        let request = request.id(out.ids.next("mcpr"));
        let index = self.begin_item(request.clone().into(), out, conversation);
        self.end_item(request.into(), index, out, conversation);
    }
}
