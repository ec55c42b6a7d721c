//! A conversation's session: a client's events in, the server's out.

use std::sync::Arc;
use std::task::Context;

use serde_json::Value;
use tokio::time::Instant;

use super::audio::Format;
use super::conversation::{Conversation, behind, complete, without_audio};
use super::dialogue::Dialogue;
use super::input_audio::InputAudio;
use super::outbox::{Ids, Outbox, Output};
use super::request::{event_id, read, refuse, refuse_frame};
use super::responder::{answer, seconds};
use super::response::{Answer, Running};
use super::script::{Action, Outcome, Reply, ReplyFuture, Script, ScriptedReply};
use super::settings::{Settings, Turns, check_modalities};
use super::turn::Turn;
use super::usage::Meter;
use super::vad::Heard;
use crate::protocol::{
    Audio, ClientEvent, ContentPart, ConversationItemAdded, ConversationItemCreate,
    ConversationItemDeleted, ConversationItemDone,
    ConversationItemInputAudioTranscriptionCompleted, ConversationItemInputAudioTranscriptionDelta,
    ConversationItemRetrieved, ConversationItemTruncate, ConversationItemTruncated, DurationUsage,
    ErrorDetails, ErrorEvent, InputAudioBufferCleared, InputAudioBufferCommitted,
    InputAudioBufferSpeechStarted, InputAudioBufferSpeechStopped, InputAudioBufferTimeoutTriggered,
    Item, ItemStatus, Message, ParseError, RateLimit, RateLimitName, RateLimitsUpdated, RawEvent,
    Response, ResponseConversation, ResponseParams, ResponseStatus, Role, ServerEvent,
    SessionCreated, SessionUpdate, SessionUpdated,
};

/// The most audio of one append, in bytes.
const LARGEST_APPEND: usize = 15 * 1024 * 1024;
/// The shortest audio that can be committed.
const SHORTEST_COMMIT_MS: u64 = 100;
/// How many responses the service would allow in a minute, and tokens.
const RATE_LIMITS: [(RateLimitName, u64); 2] = [
    (RateLimitName::Requests, 1_000),
    (RateLimitName::Tokens, 50_000),
];

type Handled = Result<(), ErrorDetails>;

/// A session with a model, or for transcription.
pub struct Session {
    /// Where the last frame came from, and when.
    connection: usize,
    now: Instant,
    script: Arc<Script>,
    settings: Settings,
    conversation: Conversation,
    input: InputAudio,
    responses: Vec<Running>,
    /// How many responses there have been.
    turns: usize,
    /// Whether the model has spoken.
    spoke: bool,
    /// Since when the user may speak up, on the clock of the input audio.
    idle_since_ms: u64,
    out: Outbox,
}

impl Dialogue for Session {
    fn receive(&mut self, connection: usize, frame: Result<&RawEvent, &ParseError>, now: Instant) {
        self.connection = connection;
        self.now = now;
        let handled = match frame {
            Err(error) => Err(refuse_frame(error)),
            Ok(raw) => match self.script.actions(raw) {
                Some(actions) => {
                    for action in actions {
                        self.out.push(action);
                    }
                    Ok(())
                }
                None => read(raw).and_then(|event| self.handle(event)),
            },
        };
        if let Err(mut error) = handled {
            error.event_id = frame.ok().and_then(event_id);
            self.out.send(ErrorEvent::default().error(error));
        }
    }

    fn poll(&mut self, now: Instant, cx: &mut Context<'_>) -> Option<Output> {
        loop {
            if let Some(output) = self.out.pop() {
                return Some(output);
            }
            for response in &mut self.responses {
                response.work(now, cx);
            }
            self.say_more(now)?;
        }
    }

    fn wake_at(&self) -> Option<Instant> {
        self.responses.iter().filter_map(Running::due).min()
    }

    fn created(&mut self) -> Output {
        let session = Box::new(self.settings.config().clone());
        let created = ServerEvent::from(SessionCreated::default().session(session));
        self.out.ids.output(created)
    }

    fn perform(&mut self, action: Action) -> Output {
        self.out.ids.perform(action)
    }

    fn config(&self) -> Value {
        serde_json::to_value(self.settings.config()).unwrap_or_default()
    }
}

impl Session {
    pub fn open(ids: Ids, settings: Settings, script: Arc<Script>) -> Self {
        let mut out = Outbox::new(ids);
        Self {
            connection: 0,
            now: Instant::now(),
            script,
            settings,
            conversation: Conversation::new(out.ids.next("conv")),
            input: InputAudio::default(),
            responses: Vec::new(),
            turns: 0,
            spoke: false,
            idle_since_ms: 0,
            out,
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
        Ok(())
    }

    // The conversation's items.

    fn create_item(&mut self, event: ConversationItemCreate) -> Handled {
        if let Item::FunctionCallOutput(output) = &event.item
            && !self.conversation.has_call(&output.call_id)
        {
            return Err(refuse(
                "invalid_tool_call_id",
                "There is no function call of this id.",
            )
            .param("item.call_id"));
        }
        let item = complete(event.item, || self.out.ids.next("item"))?;
        self.add_item(item, event.previous_item_id.as_deref())
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
            let error = ErrorDetails::default().kind("invalid_request_error");
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

    /// Truncates an item that is not being said any more, and gives how long its audio was, in milliseconds.
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
            .and_then(|part| part.audio.as_ref()?.pcm().ok());
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

    // Input audio.

    fn append(&mut self, audio: &Audio) -> Handled {
        let Ok(audio) = audio.pcm() else {
            return Err(refuse("invalid_value", "The audio is not base64.").param("audio"));
        };
        if audio.len() > LARGEST_APPEND {
            return Err(refuse(
                "string_above_max_length",
                "One append holds at most 15 MiB of audio.",
            )
            .param("audio"));
        }
        self.input.append(&audio);
        let Some(turns) = self.settings.turns() else {
            self.input.overhear();
            return Ok(());
        };
        let mut heard = self.input.listen(&audio, turns.thresholds);
        while let Some(one) = heard {
            self.heard(one, turns)?;
            heard = self.input.listen(&[], turns.thresholds);
        }
        self.notice_silence(turns)
    }

    fn heard(&mut self, heard: Heard, turns: Turns) -> Handled {
        match heard {
            Heard::Started { audio_start_ms } => {
                let item_id = self.out.ids.next("item");
                self.input.item_id = Some(item_id.clone());
                self.out.send(
                    InputAudioBufferSpeechStarted::default()
                        .item_id(item_id)
                        .audio_start_ms(audio_start_ms),
                );
                if turns.interrupt_response {
                    self.cancel_where("turn_detected", Running::is_in_conversation);
                }
                Ok(())
            }
            Heard::Stopped { audio_end_ms } => {
                let item_id = self
                    .input
                    .item_id
                    .clone()
                    .unwrap_or_else(|| self.out.ids.next("item"));
                self.out.send(
                    InputAudioBufferSpeechStopped::default()
                        .item_id(item_id.as_str())
                        .audio_end_ms(audio_end_ms),
                );
                let audio = self.input.take_until(audio_end_ms);
                self.input.item_id = None;
                self.commit(item_id, &audio)?;
                self.reply_to_turn(turns);
                Ok(())
            }
        }
    }

    /// Speaks up where the user has not, for as long as the session wants to wait.
    fn notice_silence(&mut self, turns: Turns) -> Handled {
        let Some(timeout) = turns.idle_timeout_ms else {
            return Ok(());
        };
        let (start, end) = (self.idle_since_ms, self.input.now_ms());
        if self.input.is_speaking()
            || self.active().is_some()
            || self.turns == 0
            || end < start.saturating_add(timeout)
        {
            return Ok(());
        }
        let item_id = self.out.ids.next("item");
        self.out.send(
            InputAudioBufferTimeoutTriggered::default()
                .item_id(item_id.as_str())
                .audio_start_ms(start)
                .audio_end_ms(end),
        );
        let audio = self.input.take();
        self.commit(item_id, &audio)?;
        self.reply_to_turn(turns);
        Ok(())
    }

    fn reply_to_turn(&mut self, turns: Turns) {
        if turns.create_response && self.settings.has_replies() {
            // No event of the client's asked for it, so that the error names none.
            if let Err(error) = self.create_response(None) {
                self.out.send(ErrorEvent::default().error(error));
            }
        }
    }

    fn commit_all(&mut self) -> Handled {
        let len = self.input.len_ms();
        if len < SHORTEST_COMMIT_MS {
            let message = format!(
                "The buffer holds {len} ms of audio; at least {SHORTEST_COMMIT_MS} ms can be committed."
            );
            return Err(refuse("input_audio_buffer_commit_empty", message));
        }
        let item_id = self
            .input
            .item_id
            .take()
            .unwrap_or_else(|| self.out.ids.next("item"));
        let audio = self.input.take();
        self.commit(item_id, &audio)
    }

    /// Makes a user message of audio.
    fn commit(&mut self, item_id: String, audio: &[u8]) -> Handled {
        let mut committed = InputAudioBufferCommitted::default().item_id(item_id.as_str());
        committed.previous_item_id = behind(self.conversation.last_id());
        self.out.send(committed);
        let message = Message::default()
            .id(item_id.as_str())
            .object("realtime.item")
            .status(ItemStatus::Completed)
            .role(Role::User);
        let part = ContentPart::input_audio(Audio::from_bytes(audio));
        self.add_item(message.clone().content([part.clone()]).into(), None)?;
        if self.settings.transcribes() {
            let millis = self.settings.input_format().millis(audio.len());
            let transcript = format!("{} of speech", seconds(millis));
            self.conversation.replace(
                message
                    .content([part.transcript(transcript.as_str())])
                    .into(),
            );
            self.transcribe(item_id, &transcript, millis);
        }
        Ok(())
    }

    fn transcribe(&mut self, item_id: String, transcript: &str, millis: u64) {
        for word in transcript.split_inclusive(' ') {
            self.out.send(
                ConversationItemInputAudioTranscriptionDelta::default()
                    .item_id(item_id.as_str())
                    .delta(word),
            );
        }
        #[allow(clippy::cast_precision_loss)]
        let usage = DurationUsage::default().seconds(millis as f64 / 1000.0);
        self.out.send(
            ConversationItemInputAudioTranscriptionCompleted::default()
                .item_id(item_id)
                .transcript(transcript)
                .usage(usage),
        );
    }

    // Responses.

    /// The response that the conversation waits for.
    fn active(&self) -> Option<&Running> {
        self.responses
            .iter()
            .find(|response| response.is_in_conversation())
    }

    fn create_response(&mut self, asked: Option<&ResponseParams>) -> Handled {
        if !self.settings.has_replies() {
            return Err(
                refuse("invalid_value", "A transcription session has no responses.").param("type"),
            );
        }
        let in_conversation = !matches!(
            asked.and_then(|asked| asked.conversation.as_ref()),
            Some(ResponseConversation::None)
        );
        if in_conversation && let Some(active) = self.active() {
            let message = format!(
                "Conversation already has an active response in progress: {}. Wait until the response is finished \
                before creating a new one.",
                active.id()
            );
            return Err(refuse("conversation_already_has_active_response", message));
        }
        let params = self.settings.response_params(asked);
        check_modalities(
            "response.output_modalities",
            params.output_modalities.as_deref(),
        )?;
        let items = match asked.and_then(|asked| asked.input.as_deref()) {
            Some(input) => self.resolve(input)?,
            None => self.conversation.items().to_vec(),
        };
        let mut response = Response::default()
            .id(self.out.ids.next("resp"))
            .object("realtime.response")
            .status(ResponseStatus::InProgress);
        response.conversation_id = in_conversation.then(|| self.conversation.id.clone());
        response
            .output_modalities
            .clone_from(&params.output_modalities);
        response
            .max_output_tokens
            .clone_from(&params.max_output_tokens);
        response.audio.clone_from(&params.audio);
        response.metadata.clone_from(&params.metadata);
        let (input_format, output_format) = (self.settings.input_format(), output_format(&params));
        let meter = Meter::new(&params, &items, input_format);
        let turn = Turn {
            connection: self.connection,
            index: self.turns,
            params,
            items,
            input_format,
            output_format,
        };
        let answer = self.answer(turn);
        self.turns += 1;
        self.responses.push(Running::start(
            response,
            output_format,
            meter,
            answer,
            self.now,
            &mut self.out,
        ));
        Ok(())
    }

    /// The script's answer, or the default one.
    fn answer(&self, turn: Turn) -> Answer {
        let (reply, future) = match self.script.reply(&turn) {
            ScriptedReply::Now(reply) => (reply.unwrap_or_else(|| answer(&turn)), None),
            ScriptedReply::Later(reply) => {
                let future: ReplyFuture =
                    Box::pin(async move { Some(reply.await.unwrap_or_else(|| answer(&turn))) });
                (Reply::new(), Some(future))
            }
        };
        Answer {
            reply,
            future,
            pace: self.script.pace(),
        }
    }

    /// The input of a response, with the items that it refers to.
    fn resolve(&self, input: &[Item]) -> Result<Vec<Item>, ErrorDetails> {
        let known = |item: &Item| match item {
            Item::ItemReference(reference) => self
                .conversation
                .get(&reference.id)
                .cloned()
                .ok_or_else(|| {
                    refuse("invalid_value", "There is no item of this id.").param("response.input")
                }),
            item => Ok(item.clone()),
        };
        input.iter().map(known).collect()
    }

    fn cancel(&mut self, id: Option<&str>) -> Handled {
        let cancelled = self.cancel_where("client_cancelled", |response| match id {
            Some(id) => response.id() == id,
            None => response.is_in_conversation(),
        });
        if cancelled {
            Ok(())
        } else {
            Err(refuse(
                "response_cancel_not_active",
                "Cancellation failed: no active response found",
            ))
        }
    }

    /// Cancels a response; false if there is none such.
    fn cancel_where(&mut self, reason: &'static str, chosen: impl Fn(&Running) -> bool) -> bool {
        let Some(response) = self.responses.iter_mut().find(|response| chosen(response)) else {
            return false;
        };
        response.finish(
            Outcome::Cancelled { reason },
            &mut self.out,
            &mut self.conversation,
        );
        self.settle();
        true
    }

    /// Lets the response whose step is due first say its next piece; `None` if none is due.
    fn say_more(&mut self, now: Instant) -> Option<()> {
        let due = self.wake_at().filter(|due| *due <= now);
        let response = self
            .responses
            .iter_mut()
            .find(|response| due.is_some() && response.due() == due)?;
        response.advance(now, &mut self.out, &mut self.conversation);
        self.settle();
        Some(())
    }

    /// Clears away the responses that are done.
    fn settle(&mut self) {
        for response in self.responses.extract_if(.., |response| response.is_done()) {
            self.spoke |= response.said_ms() > 0;
            if response.is_in_conversation() {
                self.idle_since_ms = self.input.now_ms() + response.unheard_ms();
            }
            let limits = RATE_LIMITS.map(|(name, limit)| {
                RateLimit::default()
                    .name(name)
                    .limit(limit)
                    .remaining(limit - 1)
                    .reset_seconds(0.06)
            });
            self.out
                .send(RateLimitsUpdated::default().rate_limits(limits));
        }
    }
}

/// The format of a response's audio.
fn output_format(params: &ResponseParams) -> Format {
    let output = params
        .audio
        .as_ref()
        .and_then(|audio| audio.output.as_ref());
    output
        .and_then(|output| output.format.as_ref())
        .map(Format::from)
        .unwrap_or_default()
}

fn unknown_item(code: &str) -> ErrorDetails {
    refuse(code, "There is no item of this id.").param("item_id")
}

#[cfg(test)]
mod pace_tests;
#[cfg(test)]
mod tests;
