//! Session with a model, or for transcription: a client's events in, the server's out.

use std::sync::Arc;
use std::task::Context;

use serde_json::Value;
use tokio::time::Instant;

use super::audio::SampleFormat;
use super::input_audio::InputBuffer;
use super::items::{ItemStore, behind, complete, without_audio};
use super::machine::SessionMachine;
use super::mcp::{list_tools, make_approved};
use super::nulls::filled_in;
use super::output::{IdSource, OutputQueue, SocketOutput};
use super::request::{caused_by, read, refuse};
use super::response::RunningResponse;
use super::script::{Action, Script};
use super::settings::SessionSettings;
use crate::protocol::{
    Audio, ClientEvent, ConversationItemAdded, ConversationItemCreate, ConversationItemDeleted,
    ConversationItemDone, ConversationItemRetrieved, ConversationItemTruncate,
    ConversationItemTruncated, ErrorDetails, ErrorEvent, InputAudioBufferCleared, Item, RawEvent,
    ResponseParams, Role, ServerEvent, SessionConfig, SessionCreated, SessionUpdate,
    SessionUpdated, Tool,
};

mod input;
#[cfg(test)]
mod pace_tests;
mod responses;
#[cfg(test)]
mod tests;

type Handled = Result<(), ErrorDetails>;

/// Session with a model, or for transcription.
pub(super) struct RealtimeMachine {
    /// Connection and time of the last frame.
    connection: usize,
    now: Instant,
    script: Arc<Script>,
    settings: SessionSettings,
    conversation: ItemStore,
    input: InputBuffer,
    responses: Vec<RunningResponse>,
    /// Number of responses so far.
    turns: usize,
    /// Labels of the MCP servers whose tools were listed.
    mcp_servers: Vec<String>,
    /// Set once the model has spoken.
    spoke: bool,
    /// Time since which the user is silent, on the clock of the input audio.
    idle_since_ms: u64,
    out: OutputQueue,
}

impl SessionMachine for RealtimeMachine {
    fn receive(&mut self, connection: usize, frame: Result<&RawEvent, ErrorDetails>, now: Instant) {
        self.connection = connection;
        self.now = now;
        let handled = match frame {
            Err(error) => Err(error),
            Ok(raw) => match self.script.actions(raw) {
                // The script's actions replace the emulator's own answer.
                Some(actions) => {
                    for action in actions {
                        self.out.push(action);
                    }
                    Ok(())
                }
                None => read(raw)
                    .and_then(|event| self.handle(event))
                    .map_err(|error| caused_by(raw, error)),
            },
        };
        if let Err(error) = handled {
            self.out.send(ErrorEvent::default().error(error));
        }
    }

    fn poll(&mut self, now: Instant, cx: &mut Context<'_>) -> Option<SocketOutput> {
        loop {
            if let Some(output) = self.out.pop() {
                return Some(output);
            }
            for response in &mut self.responses {
                response.work(now, cx);
            }
            // Steps that are due may have queued output: asked again from the top.
            self.say_more(now)?;
        }
    }

    fn wake_at(&self) -> Option<Instant> {
        self.responses.iter().filter_map(RunningResponse::due).min()
    }

    fn created(&mut self) -> SocketOutput {
        let session = Box::new(self.settings.config().clone());
        let created = ServerEvent::from(SessionCreated::default().session(session));
        self.out.ids.output(filled_in(created))
    }

    fn perform(&mut self, action: Action) -> SocketOutput {
        self.out.ids.perform(action)
    }

    fn config(&self) -> Value {
        serde_json::to_value(self.settings.config()).unwrap_or_default()
    }
}

impl RealtimeMachine {
    pub(super) fn open(ids: IdSource, settings: SessionSettings, script: Arc<Script>) -> Self {
        let mut out = OutputQueue::new(ids);
        let mut machine = Self {
            connection: 0,
            now: Instant::now(),
            script,
            settings,
            conversation: ItemStore::new(out.ids.next("conv")),
            input: InputBuffer::default(),
            responses: Vec::new(),
            turns: 0,
            mcp_servers: Vec::new(),
            spoke: false,
            idle_since_ms: 0,
            out,
        };
        machine.list_mcp_tools();
        machine
    }

    /// Lists the tools of the MCP servers that the configuration has and that were not listed yet.
    fn list_mcp_tools(&mut self) {
        let SessionConfig::Realtime(session) = self.settings.config() else {
            return;
        };
        for tool in session.tools.iter().flatten() {
            let Tool::Mcp(server) = tool else { continue };
            let label = &server.server_label;
            // Each server is asked once in a session.
            if !self.mcp_servers.contains(label) {
                self.mcp_servers.push(label.clone());
                let tools = self.script.mcp_tools(label);
                list_tools(label, tools, &mut self.out, &mut self.conversation);
            }
        }
    }

    fn handle(&mut self, event: ClientEvent) -> Handled {
        match event {
            ClientEvent::SessionUpdate(event) => self.update(&event),
            ClientEvent::InputAudioBufferAppend(event) => self.append(&event.audio),
            ClientEvent::InputAudioBufferCommit(_) => self.commit_all(),
            ClientEvent::InputAudioBufferClear(_) => {
                self.input.take();
                self.input.item_id = None;
                self.out.send(InputAudioBufferCleared::default());
                Ok(())
            }
            ClientEvent::ConversationItemCreate(event) => self.create_item(event),
            ClientEvent::ConversationItemRetrieve(event) => {
                match self.conversation.get(&event.item_id) {
                    Some(item) => {
                        self.out
                            .send(ConversationItemRetrieved::default().item(item.clone()));
                        Ok(())
                    }
                    None => Err(unknown_item("item_retrieve_invalid_item_id")),
                }
            }
            ClientEvent::ConversationItemDelete(event) => {
                match self.conversation.remove(&event.item_id) {
                    Some(_) => {
                        self.out
                            .send(ConversationItemDeleted::default().item_id(event.item_id));
                        Ok(())
                    }
                    None => Err(unknown_item("item_delete_invalid_item_id")),
                }
            }
            ClientEvent::ConversationItemTruncate(event) => self.truncate(&event),
            ClientEvent::ResponseCreate(event) => self.create_response(event.response.as_deref()),
            ClientEvent::ResponseCancel(event) => self.cancel(event.response_id.as_deref()),
            _ => Err(refuse(
                "invalid_value",
                "This event is for other transports than WebSocket.",
            )
            .param("type")),
        }
    }

    fn update(&mut self, event: &SessionUpdate) -> Handled {
        self.settings.update(&event.session, self.spoke)?;
        self.input.set_format(self.settings.input_format());
        self.out
            .send(SessionUpdated::default().session(Box::new(self.settings.config().clone())));
        self.list_mcp_tools();
        Ok(())
    }

    // The conversation's items.

    fn create_item(&mut self, event: ConversationItemCreate) -> Handled {
        let call_id = match &event.item {
            Item::FunctionCall(call) => call.call_id.as_deref(),
            Item::FunctionCallOutput(output) => Some(output.call_id.as_str()),
            _ => None,
        };
        if !call_id.is_none_or(is_identifier) {
            let message = "Invalid 'item.call_id': string does not match pattern. \
                Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'.";
            return Err(refuse("invalid_value", message).param("item.call_id"));
        }
        if let Item::McpApprovalResponse(answer) = &event.item
            && !matches!(
                self.conversation.get(&answer.approval_request_id),
                Some(Item::McpApprovalRequest(_))
            )
        {
            let message = "There is no approval request of this id.";
            return Err(refuse("invalid_value", message).param("item.approval_request_id"));
        }
        if let Item::FunctionCallOutput(output) = &event.item
            && !self.conversation.has_call(&output.call_id)
        {
            return Err(refuse(
                "invalid_tool_call_id",
                "There is no function call of this id.",
            )
            .param("item.call_id"));
        }
        let answer = match &event.item {
            Item::McpApprovalResponse(answer) => Some(answer.clone()),
            _ => None,
        };
        let item = complete(event.item, || self.out.ids.next("item"))?;
        self.add_item(item, event.previous_item_id.as_deref())?;
        // A call that is approved is made at once: no response has to be asked for.
        if let Some(answer) = answer
            && let Some(call) = self.conversation.take_pending(&answer.approval_request_id)
            && answer.approve
        {
            make_approved(call, &mut self.out, &mut self.conversation);
        }
        Ok(())
    }

    fn add_item(&mut self, item: Item, previous: Option<&str>) -> Handled {
        let shown = without_audio(&item);
        self.conversation.insert(item, previous)?;
        let previous = behind(shown.id().and_then(|id| self.conversation.previous_id(id)));
        let mut added = ConversationItemAdded::default().item(shown.clone());
        added.previous_item_id.clone_from(&previous);
        self.out.send(added);
        let mut done = ConversationItemDone::default().item(shown);
        done.previous_item_id = previous;
        self.out.send(done);
        Ok(())
    }

    fn truncate(&mut self, event: &ConversationItemTruncate) -> Handled {
        let id = event.item_id.as_str();
        let speaking = self
            .responses
            .iter_mut()
            .find_map(|response| response.open_audio(id));
        let there = if let Some((audio, transcript, format)) = speaking
            && event.content_index == 0
        {
            let there = format.millis(audio.len());
            audio.truncate(format.bytes(event.audio_end_ms));
            transcript.clear();
            there
        } else {
            self.truncate_item(event)?
        };
        if event.audio_end_ms > there {
            // The service names no event here, and truncates nevertheless.
            let message = format!(
                "Audio content of {there}ms is already shorter than {}ms",
                event.audio_end_ms
            );
            let error = ErrorDetails::default().error_type("invalid_request_error");
            self.out
                .send(ErrorEvent::default().error(error.message(message)));
        }
        self.out.send(
            ConversationItemTruncated::default()
                .item_id(id)
                .content_index(event.content_index)
                .audio_end_ms(event.audio_end_ms.min(there)),
        );
        Ok(())
    }

    /// Truncates an item that is not being said any more, and gives how long its audio was, in
    /// milliseconds.
    fn truncate_item(&mut self, event: &ConversationItemTruncate) -> Result<u64, ErrorDetails> {
        let Some(item) = self.conversation.get(&event.item_id) else {
            return Err(unknown_item("item_truncate_invalid_item_id"));
        };
        let index = usize::try_from(event.content_index).unwrap_or(usize::MAX);
        let refused = || {
            let message = "Only model output audio messages can be truncated";
            refuse("unsupported_content_type", message)
        };
        let Item::Message(message) = item else {
            return Err(refused());
        };
        let mut message = message.clone();
        let part = message.content.get_mut(index);
        let audio = part
            .as_ref()
            .and_then(|part| part.audio.as_ref()?.bytes().ok());
        let (Role::Assistant, Some(part), Some(audio)) = (&message.role, part, audio) else {
            return Err(refused());
        };
        let format = self
            .conversation
            .format(&event.item_id)
            .unwrap_or_else(|| output_format(&self.settings.response_params(None)));
        let end = format.bytes(event.audio_end_ms).min(audio.len());
        part.audio = Some(Audio::from_bytes(audio.get(..end).unwrap_or_default()));
        // Nobody knows which words were heard.
        part.transcript = None;
        self.conversation.replace(message.into());
        Ok(format.millis(audio.len()))
    }
}

/// Returns the format of a response's audio.
fn output_format(params: &ResponseParams) -> SampleFormat {
    let output = params
        .audio
        .as_ref()
        .and_then(|audio| audio.output.as_ref());
    output
        .and_then(|output| output.format.as_ref())
        .map(SampleFormat::from)
        .unwrap_or_default()
}

/// Returns true for an ID as the service takes them.
fn is_identifier(id: &str) -> bool {
    !id.is_empty()
        && id
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

fn unknown_item(code: &str) -> ErrorDetails {
    refuse(code, "There is no item of this id.").param("item_id")
}
