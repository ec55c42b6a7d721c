//! MCP: lists of tools, and calls, which wait for the client's approval where the session says so.

use super::items::{ItemStore, PendingMcpCall, behind, listed_tools};
use super::output::OutputQueue;
use super::response::RunningResponse;
use super::script::McpCallStep;
use crate::protocol::{
    ConversationItemAdded, ConversationItemDone, Item, ItemStatus, ListedTool, McpApprovalRequest,
    McpCall, McpError, McpListTools, McpListToolsCompleted, McpListToolsFailed,
    McpListToolsInProgress, McpToolExecutionError, RequireApproval, ResponseMcpCallArgumentsDelta,
    ResponseMcpCallArgumentsDone, ResponseMcpCallCompleted, ResponseMcpCallFailed,
    ResponseMcpCallInProgress, Tool, ToolFilter,
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

/// Makes a call that was approved.
pub(super) fn make_approved(
    pending: PendingMcpCall,
    out: &mut OutputQueue,
    conversation: &mut ItemStore,
) {
    let call = make(pending, out);
    let mut done = ConversationItemDone::default().item(call.clone());
    done.previous_item_id = behind(conversation.previous_id(&call.id));
    conversation.replace(call.into());
    out.send(done);
}

/// Makes a call, and returns it with its outcome.
fn make(pending: PendingMcpCall, out: &mut OutputQueue) -> McpCall {
    let PendingMcpCall {
        call,
        output_index,
        result,
    } = pending;
    out.send(
        ResponseMcpCallInProgress::default()
            .item_id(call.id.as_str())
            .output_index(output_index),
    );
    match result {
        Ok(output) => {
            out.send(
                ResponseMcpCallCompleted::default()
                    .item_id(call.id.as_str())
                    .output_index(output_index),
            );
            call.output(output)
        }
        Err(message) => {
            out.send(
                ResponseMcpCallFailed::default()
                    .item_id(call.id.as_str())
                    .output_index(output_index),
            );
            let error = McpToolExecutionError::default().message(message);
            call.error(Box::new(McpError::from(error)))
        }
    }
}

impl RunningResponse {
    /// Calls a tool, or asks the client to approve the call if the server's configuration says so.
    pub(super) fn mcp_call(
        &mut self,
        step: McpCallStep,
        out: &mut OutputQueue,
        conversation: &mut ItemStore,
    ) {
        self.close_message(ItemStatus::Completed, out, conversation);
        let request = needs_approval(self.tools(), &step, conversation.items()).then(|| {
            McpApprovalRequest::default()
                .id(out.ids.next("mcpr"))
                .server_label(step.server_label.as_str())
                .name(step.name.as_str())
                .arguments(step.arguments.as_str())
        });
        let id = out.ids.next("mcp");
        let mut call = McpCall::default()
            .id(id.as_str())
            .server_label(step.server_label)
            .name(step.name);
        call.approval_request_id = request.as_ref().map(|request| request.id.clone());
        let output_index = self.begin_item(call.clone().into(), out, conversation);
        let response_id = self.id().to_owned();
        out.send(
            ResponseMcpCallArgumentsDelta::default()
                .response_id(response_id.as_str())
                .item_id(id.as_str())
                .output_index(output_index)
                .delta(step.arguments.as_str()),
        );
        out.send(
            ResponseMcpCallArgumentsDone::default()
                .response_id(response_id)
                .item_id(id)
                .output_index(output_index)
                .arguments(step.arguments.as_str()),
        );
        let pending = PendingMcpCall {
            call: call.arguments(step.arguments),
            output_index,
            result: step.result,
        };
        let Some(request) = request else {
            let call = make(pending, out);
            return self.end_item(call.into(), output_index, out, conversation);
        };
        // The item is done once the call was made.
        conversation.replace(pending.call.clone().into());
        self.end_output(pending.call.clone().into(), output_index, out);
        let index = self.begin_item(request.clone().into(), out, conversation);
        conversation.await_approval(request.id.clone(), pending);
        self.end_item(request.into(), index, out, conversation);
    }
}

/// Returns true if the client must approve a call, by the configuration of its server.
fn needs_approval(tools: &[Tool], step: &McpCallStep, items: &[Item]) -> bool {
    let server = tools.iter().find_map(|tool| match tool {
        Tool::Mcp(server) if server.server_label == step.server_label => Some(server),
        _ => None,
    });
    let Some(server) = server else {
        return false;
    };
    let filter = match &server.require_approval {
        Some(RequireApproval::Never) => return false,
        Some(RequireApproval::Filter(filter)) => filter,
        _ => return true,
    };
    let read_only = listed_tools(items, &step.server_label)
        .find(|tool| tool.name == step.name)
        .and_then(|tool| tool.annotations.as_ref()?.get("readOnlyHint")?.as_bool());
    let fits = |filter: &Option<ToolFilter>| {
        filter.as_ref().is_some_and(|filter| {
            let names = filter.tool_names.as_ref();
            names.is_none_or(|names| names.contains(&step.name))
                && filter
                    .read_only
                    .is_none_or(|wanted| read_only == Some(wanted))
        })
    };
    fits(&filter.always) || !fits(&filter.never)
}
