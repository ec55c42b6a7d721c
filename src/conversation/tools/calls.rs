//! Calls of tools and their outputs: each call is answered once.

use std::collections::VecDeque;

use super::ToolResult;
use crate::conversation::FollowUp;
use crate::protocol::{
    ClientEvent, ConversationItemCreate, FunctionCall, Item, ItemStatus, McpApprovalRequest,
    McpApprovalResponse, Response, ResponseCreate, ResponseParams, ResponseStatus, Role,
    ServerEvent, ToolChoice,
};

/// Number of calls and responses that are remembered, so that none is answered twice.
const MAX_REMEMBERED: usize = 1024;

/// A call that the model makes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ToolCall {
    /// Id of the call; of an approval, the id of the request.
    pub call_id: String,
    /// Item of the call.
    pub item_id: String,
    /// Response that made it.
    pub response_id: String,
    /// Name of the tool.
    pub name: String,
    /// Arguments: JSON, as the model wrote it.
    pub arguments: String,
    /// Kind of call.
    pub kind: ToolCallKind,
}

/// Kind of a [`ToolCall`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ToolCallKind {
    /// Call of a function of the application.
    Function,
    /// Call that an MCP server makes itself once it is approved.
    #[non_exhaustive]
    McpApproval {
        /// Label of the MCP server.
        server_label: String,
    },
}

impl ToolCall {
    pub(super) fn is_approval(&self) -> bool {
        matches!(self.kind, ToolCallKind::McpApproval { .. })
    }

    fn of_function(response_id: &str, call: &FunctionCall) -> Option<Self> {
        let unfinished = matches!(
            call.status,
            Some(ItemStatus::Incomplete | ItemStatus::InProgress)
        );
        let call_id = call
            .call_id
            .clone()
            .filter(|id| !id.is_empty() && !unfinished)?;
        Some(Self {
            call_id,
            item_id: call.id.clone().unwrap_or_default(),
            response_id: response_id.to_owned(),
            name: call.name.clone(),
            arguments: call.arguments.clone(),
            kind: ToolCallKind::Function,
        })
    }

    fn of_approval(response_id: &str, request: &McpApprovalRequest) -> Self {
        Self {
            call_id: request.id.clone(),
            item_id: request.id.clone(),
            response_id: response_id.to_owned(),
            name: request.name.clone(),
            arguments: request.arguments.clone(),
            kind: ToolCallKind::McpApproval {
                server_label: request.server_label.clone(),
            },
        }
    }
}

/// Record of the calls that the model makes, and of their outputs.
///
/// Feed it with every event of the server: [`received`](Self::received) gives the calls to run.
/// Report each result with [`answer`](Self::answer), and send the event that it gives. When every
/// call of a response is answered and the response has ended,
/// [`poll_follow_up`](Self::poll_follow_up) gives one request for a reply. It does no I/O.
///
/// A call that is told twice is run once. The calls of a response that was cancelled are answered,
/// and no reply is asked for: the user has spoken, or the application did not want it.
///
/// ```
/// use openai_realtime_ws::ServerEvent;
/// use openai_realtime_ws::conversation::{ToolCalls, ToolResult};
/// use openai_realtime_ws::protocol::Events;
///
/// let mut calls = ToolCalls::new(10);
/// let call = calls.received(&ServerEvent::parse(
///     r#"{"type":"response.output_item.done","response_id":"resp_1","item":{"type":"function_call",
///         "id":"item_1","status":"completed","call_id":"call_1","name":"weather","arguments":"{}"}}"#,
/// )?);
/// let output = calls.answer(&call[0].call_id, &ToolResult::new("sunny")).unwrap();
/// assert_eq!(calls.poll_follow_up(), None, "the response is still under way");
/// calls.received(&ServerEvent::parse(
///     r#"{"type":"response.done","response":{"id":"resp_1","status":"completed"}}"#,
/// )?);
/// assert!(calls.poll_follow_up().is_some());
/// # Ok::<(), openai_realtime_ws::ParseError>(())
/// ```
#[derive(Debug, Default)]
pub struct ToolCalls {
    groups: Vec<CallGroup>,
    /// Ids of all calls so far.
    seen: VecDeque<String>,
    /// Ids of responses that have ended.
    done: VecDeque<String>,
    follow_ups: VecDeque<FollowUp>,
    max_steps: u32,
    /// Number of replies to outputs since the user said something.
    steps: u32,
}

/// The calls of one response.
#[derive(Debug)]
struct CallGroup {
    response_id: String,
    open: Vec<ToolCall>,
    done: bool,
    /// Calls whose outputs want a reply.
    wants_reply: Vec<String>,
    cancelled: bool,
}

impl ToolCalls {
    /// Returns an empty record. After `max_steps` replies to outputs without the user, a reply is
    /// asked for without tools.
    #[must_use]
    pub fn new(max_steps: u32) -> Self {
        Self {
            max_steps,
            ..Self::default()
        }
    }

    /// Takes an event of the server, and returns the calls to run.
    pub fn received(&mut self, event: &ServerEvent) -> Vec<ToolCall> {
        match event {
            ServerEvent::ResponseOutputItemDone(event) => self
                .item(&event.response_id, &event.item)
                .into_iter()
                .collect(),
            ServerEvent::ResponseDone(event) => self.response_done(&event.response),
            // The application may have answered itself.
            ServerEvent::ConversationItemAdded(event) => {
                match &event.item {
                    Item::FunctionCallOutput(output) => {
                        self.close_call(&output.call_id);
                        self.settle();
                    }
                    Item::Message(message) if message.role == Role::User => self.steps = 0,
                    _ => {}
                }
                Vec::new()
            }
            ServerEvent::InputAudioBufferCommitted(_) => {
                self.steps = 0;
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    /// Returns the event that answers a call, or `None` if it is answered or lost.
    pub fn answer(&mut self, call_id: &str, result: &ToolResult) -> Option<ClientEvent> {
        let call = self.close_call(call_id)?;
        let group = self.group(&call.response_id);
        let event = if call.is_approval() {
            // The service goes on on its own. The protocol requires an id, of at most 32 letters.
            let letters = call.call_id.char_indices();
            let (end, _) = letters.rev().nth(23).unwrap_or_default();
            let end = call.call_id.get(end..).unwrap_or_default();
            let answer = McpApprovalResponse::default()
                .id(format!("answer_{end}"))
                .approval_request_id(call.call_id)
                .approve(!result.denied);
            ConversationItemCreate::new(answer).previous_item_id(call.item_id)
        } else {
            if !result.background {
                group.wants_reply.push(call.call_id.clone());
            }
            ConversationItemCreate::function_output(call.call_id, result.output.as_str())
        };
        self.settle();
        Some(event.into())
    }

    /// Returns the request for a reply that is due, if there is one.
    pub fn poll_follow_up(&mut self) -> Option<FollowUp> {
        self.follow_ups.pop_front()
    }

    /// Returns the calls that are not answered.
    pub fn open(&self) -> impl Iterator<Item = &ToolCall> {
        self.groups.iter().flat_map(|group| &group.open)
    }

    /// Gives up the calls that a new connection's session does not know, and returns them: those of
    /// responses that were under way, and those for which `is_lost` says so.
    pub fn connection_lost(&mut self, mut is_lost: impl FnMut(&ToolCall) -> bool) -> Vec<ToolCall> {
        let mut lost = Vec::new();
        for group in &mut self.groups {
            let whole = !group.done;
            let (gone, kept) = std::mem::take(&mut group.open)
                .into_iter()
                .partition(|call| whole || is_lost(call));
            lost.extend::<Vec<_>>(gone);
            group.open = kept;
        }
        self.groups.retain(|group| group.done);
        self.settle();
        lost
    }

    fn item(&mut self, response_id: &str, item: &Item) -> Option<ToolCall> {
        let call = match item {
            Item::FunctionCall(call) => ToolCall::of_function(response_id, call)?,
            Item::McpApprovalRequest(request) => ToolCall::of_approval(response_id, request),
            // The service has run it, and waits for a request to go on.
            Item::McpCall(call) if call.output.is_some() || call.error.is_some() => {
                if self.is_new(&call.id) {
                    self.group(response_id).wants_reply.push(call.id.clone());
                    self.settle();
                }
                return None;
            }
            _ => return None,
        };
        if !self.is_new(&call.call_id) {
            return None;
        }
        self.group(response_id).open.push(call.clone());
        Some(call)
    }

    /// Some calls are told only at the end.
    fn response_done(&mut self, response: &Response) -> Vec<ToolCall> {
        let items = response.output.iter();
        let calls: Vec<_> = items
            .filter_map(|item| self.item(&response.id, item))
            .collect();
        remember(&mut self.done, &response.id);
        if let Some(group) = self
            .groups
            .iter_mut()
            .find(|group| group.response_id == response.id)
        {
            group.done = true;
            group.cancelled = response.status == Some(ResponseStatus::Cancelled);
        }
        self.settle();
        calls
    }

    fn is_new(&mut self, call_id: &str) -> bool {
        let new = !self.seen.iter().any(|seen| seen == call_id);
        if new {
            remember(&mut self.seen, call_id);
        }
        new
    }

    fn group(&mut self, response_id: &str) -> &mut CallGroup {
        let at = self
            .groups
            .iter()
            .position(|group| group.response_id == response_id);
        let at = at.unwrap_or_else(|| {
            self.groups.push(CallGroup {
                response_id: response_id.to_owned(),
                open: Vec::new(),
                done: self.done.iter().any(|id| id == response_id),
                wants_reply: Vec::new(),
                cancelled: false,
            });
            self.groups.len() - 1
        });
        &mut self.groups[at]
    }

    fn close_call(&mut self, call_id: &str) -> Option<ToolCall> {
        for group in &mut self.groups {
            if let Some(at) = group.open.iter().position(|call| call.call_id == call_id) {
                return Some(group.open.remove(at));
            }
        }
        None
    }

    /// Asks for the replies that are due.
    fn settle(&mut self) {
        for group in std::mem::take(&mut self.groups) {
            if !group.done || !group.open.is_empty() {
                self.groups.push(group);
            } else if !(group.wants_reply.is_empty() || group.cancelled) {
                self.steps += 1;
                let mut event = ResponseCreate::default();
                if self.steps > self.max_steps {
                    let params = ResponseParams::default().tool_choice(ToolChoice::None);
                    event = ResponseCreate::new(params);
                }
                let call_ids = group.wants_reply;
                self.follow_ups.push_back(FollowUp { event, call_ids });
            }
        }
    }
}

fn remember(ids: &mut VecDeque<String>, id: &str) {
    if ids.len() >= MAX_REMEMBERED {
        ids.pop_front();
    }
    ids.push_back(id.to_owned());
}
