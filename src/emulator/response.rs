//! Response in progress. It says its reply piece by piece, so that it can be cancelled in between.

use std::collections::VecDeque;
use std::mem;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use super::audio::SampleFormat;
use super::items::{ItemStore, behind, without_audio};
use super::output::OutputQueue;
use super::script::{Action, Reply, ReplyEnd, ReplyFuture, ReplyStep};
use super::usage::TokenMeter;
use crate::protocol::{
    Audio, ContentPart, ContentType, ConversationItemAdded, ConversationItemDone, FunctionCall,
    Item, ItemStatus, Message, Response, ResponseContentPartAdded, ResponseContentPartDone,
    ResponseCreated, ResponseDone, ResponseFunctionCallArgumentsDelta,
    ResponseFunctionCallArgumentsDone, ResponseOutputAudioDelta, ResponseOutputAudioDone,
    ResponseOutputAudioTranscriptDelta, ResponseOutputAudioTranscriptDone, ResponseOutputItemAdded,
    ResponseOutputItemDone, ResponseOutputTextDelta, ResponseOutputTextDone, ResponseStatus, Role,
    StatusDetails, StatusError, Tool,
};

/// Length of one audio delta in milliseconds: 9,600 bytes of PCM16 at 24,000 Hz.
const DELTA_MS: u64 = 200;
/// Time that the model takes for a word of text, at pace 1.
const WORD: Duration = Duration::from_millis(40);
/// Longest time between two steps.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 60 * 60);

/// Response that was created and is not done.
pub(super) struct RunningResponse {
    response: Response,
    in_conversation: bool,
    format: SampleFormat,
    meter: TokenMeter,
    tools: Vec<Tool>,
    /// Reply that a script is still working on.
    future: Option<ReplyFuture>,
    /// Steps that are left.
    steps: VecDeque<ReplyStep>,
    /// Speed relative to speech; `None` says everything at once.
    pace: Option<f64>,
    /// Time of the next step.
    due: Instant,
    message: Option<OpenMessage>,
    stalled: bool,
    done: bool,
    said_ms: u64,
}

/// Reply to a response, and its pace.
pub(super) struct ResponsePlan {
    /// Reply that is known from the start; empty if there is a future.
    pub(super) reply: Reply,
    /// Reply that a script is still working on.
    pub(super) future: Option<ReplyFuture>,
    /// Speed relative to speech; `None` says everything at once.
    pub(super) pace: Option<f64>,
    /// Tools that the model may call.
    pub(super) tools: Vec<Tool>,
}

/// Message that is being said.
#[derive(Debug)]
struct OpenMessage {
    id: String,
    index: u32,
    spoken: bool,
    /// Text or transcript so far.
    text: String,
    audio: Vec<u8>,
}

impl RunningResponse {
    /// Creates a response, and tells the client.
    pub(super) fn start(
        response: Response,
        format: SampleFormat,
        meter: TokenMeter,
        answer: ResponsePlan,
        now: Instant,
        out: &mut OutputQueue,
    ) -> Self {
        out.send(ResponseCreated::default().response(Box::new(response.clone())));
        Self {
            in_conversation: response.conversation_id.is_some(),
            response,
            format,
            meter,
            future: answer.future,
            steps: answer.reply.steps.into(),
            pace: answer.pace,
            tools: answer.tools,
            due: now,
            message: None,
            stalled: false,
            done: false,
            said_ms: 0,
        }
    }

    pub(super) fn id(&self) -> &str {
        &self.response.id
    }

    pub(super) fn tools(&self) -> &[Tool] {
        &self.tools
    }

    pub(super) fn is_in_conversation(&self) -> bool {
        self.in_conversation
    }

    /// Returns the time of the next step; `None` while the response waits for something else.
    pub(super) fn due(&self) -> Option<Instant> {
        (!self.stalled && !self.done && self.future.is_none()).then_some(self.due)
    }

    /// Polls the script's future, if there is one.
    pub(super) fn work(&mut self, now: Instant, cx: &mut Context<'_>) {
        let Some(future) = &mut self.future else {
            return;
        };
        if let Poll::Ready(reply) = future.as_mut().poll(cx) {
            self.future = None;
            self.due = self.due.max(now);
            // Time that the script took is not made up for by speaking faster.
            self.steps = reply.unwrap_or_default().steps.into();
        }
    }

    pub(super) fn is_done(&self) -> bool {
        self.done
    }

    /// Returns the length of the audio that was sent, in milliseconds.
    pub(super) fn said_ms(&self) -> u64 {
        self.said_ms
    }

    /// Returns the length of the audio that the user has still to hear when the response is done,
    /// in milliseconds.
    pub(super) fn unheard_ms(&self) -> u64 {
        if self.pace.is_some() { 0 } else { self.said_ms }
    }

    /// Returns audio, transcript and format of the message with this ID, if it is being spoken.
    pub(super) fn open_audio(
        &mut self,
        item_id: &str,
    ) -> Option<(&mut Vec<u8>, &mut String, SampleFormat)> {
        let message = self.message.as_mut()?;
        (message.spoken && message.id == item_id && !message.audio.is_empty()).then_some((
            &mut message.audio,
            &mut message.text,
            self.format,
        ))
    }

    /// Delays the next step by the time that a piece takes at the response's pace.
    fn take_time(&mut self, at_pace_of_speech: Duration) {
        let factor = self.pace.filter(|pace| *pace > 0.0);
        let time = factor.map(|factor| at_pace_of_speech.as_secs_f64() / factor);
        // A factor near zero puts it off for longer than there are times.
        let time = time.map(|time| Duration::try_from_secs_f64(time).unwrap_or(LONGEST_WAIT));
        self.due += time.unwrap_or_default().min(LONGEST_WAIT);
    }

    /// Does the next step.
    pub(super) fn advance(
        &mut self,
        now: Instant,
        out: &mut OutputQueue,
        conversation: &mut ItemStore,
    ) {
        match self.steps.pop_front() {
            None => self.finish(ReplyEnd::Completed, out, conversation),
            Some(ReplyStep::Text(text)) => self.say_text(text, out, conversation),
            Some(ReplyStep::Audio { audio, transcript }) => {
                self.say_audio(audio, transcript, out, conversation);
            }
            Some(ReplyStep::Samples {
                samples,
                transcript,
            }) => {
                let audio = SampleFormat::default()
                    .convert(&SampleFormat::default().encode(&samples), self.format);
                self.say_audio(audio.into(), transcript, out, conversation);
            }
            Some(ReplyStep::NextItem) => {
                self.close_message(ItemStatus::Completed, out, conversation);
            }
            Some(ReplyStep::Wait(time)) => self.due = self.due.max(now) + time.min(LONGEST_WAIT),
            Some(ReplyStep::Pace(pace)) => {
                self.pace = pace;
                self.due = self.due.max(now);
            }
            Some(ReplyStep::Call { name, arguments }) => {
                self.call(name, arguments, out, conversation);
            }
            Some(ReplyStep::McpCall(step)) => self.mcp_call(step, out, conversation),
            Some(ReplyStep::Finish(outcome)) => self.finish(outcome, out, conversation),
            Some(ReplyStep::Act(Action::Stall)) => self.stalled = true,
            Some(ReplyStep::Act(action)) => out.push(action),
        }
    }

    /// Says one word of a text, and puts the rest back.
    fn say_text(&mut self, mut text: String, out: &mut OutputQueue, conversation: &mut ItemStore) {
        let word = split_word(&mut text);
        if !self.meter.spend_text(&word) {
            return self.run_out(out, conversation);
        }
        let mut message = self.open_message(false, out, conversation);
        message.text.push_str(&word);
        out.send(
            ResponseOutputTextDelta::default()
                .response_id(self.id())
                .item_id(message.id.as_str())
                .output_index(message.index)
                .delta(word),
        );
        self.message = Some(message);
        self.take_time(WORD);
        if !text.is_empty() {
            self.steps.push_front(ReplyStep::Text(text));
        }
    }

    /// Says one delta of audio and one word of its transcript, and puts the rest back.
    fn say_audio(
        &mut self,
        mut audio: Bytes,
        mut transcript: String,
        out: &mut OutputQueue,
        conversation: &mut ItemStore,
    ) {
        // A word for each piece: transcripts run a little ahead of the audio, as the service's do.
        let word = split_word(&mut transcript);
        let piece = audio.split_to(self.format.bytes(DELTA_MS).min(audio.len()));
        let millis = self.format.millis(piece.len());
        if !self.meter.spend_text(&word) || !self.meter.spend_audio(millis) {
            return self.run_out(out, conversation);
        }
        self.said_ms += millis;
        let mut message = self.open_message(true, out, conversation);
        if !word.is_empty() {
            message.text.push_str(&word);
            out.send(
                ResponseOutputAudioTranscriptDelta::default()
                    .response_id(self.id())
                    .item_id(message.id.as_str())
                    .output_index(message.index)
                    .delta(word),
            );
        }
        if !piece.is_empty() {
            message.audio.extend_from_slice(&piece);
            out.send(
                ResponseOutputAudioDelta::default()
                    .response_id(self.id())
                    .item_id(message.id.as_str())
                    .output_index(message.index)
                    .delta(Audio::from_bytes(&piece)),
            );
        }
        self.message = Some(message);
        self.take_time(Duration::from_millis(millis));
        if !audio.is_empty() || !transcript.is_empty() {
            self.steps
                .push_front(ReplyStep::Audio { audio, transcript });
        }
    }

    fn call(
        &mut self,
        name: String,
        arguments: String,
        out: &mut OutputQueue,
        conversation: &mut ItemStore,
    ) {
        if !self.meter.spend_text(&arguments) {
            return self.run_out(out, conversation);
        }
        self.close_message(ItemStatus::Completed, out, conversation);
        // A call is an item of its own: what was said before is closed.
        let (id, call_id) = (out.ids.next("item"), out.ids.next("call"));
        let call = FunctionCall::default()
            .id(id.as_str())
            .object("realtime.item")
            .call_id(call_id.as_str())
            .name(name);
        let index = self.begin_item(
            call.clone().status(ItemStatus::InProgress).into(),
            out,
            conversation,
        );
        out.send(
            ResponseFunctionCallArgumentsDelta::default()
                .response_id(self.id())
                .item_id(id.as_str())
                .output_index(index)
                .call_id(call_id.as_str())
                .delta(arguments.as_str()),
        );
        out.send(
            ResponseFunctionCallArgumentsDone::default()
                .response_id(self.id())
                .item_id(id)
                .output_index(index)
                .call_id(call_id)
                .name(call.name.as_str())
                .arguments(arguments.as_str()),
        );
        self.end_item(
            call.arguments(arguments)
                .status(ItemStatus::Completed)
                .into(),
            index,
            out,
            conversation,
        );
    }

    /// Ends the response and its open message.
    pub(super) fn finish(
        &mut self,
        outcome: ReplyEnd,
        out: &mut OutputQueue,
        conversation: &mut ItemStore,
    ) {
        let details = StatusDetails::default();
        let (status, details) = match outcome {
            ReplyEnd::Completed => (ResponseStatus::Completed, None),
            ReplyEnd::Cancelled { reason } => {
                (ResponseStatus::Cancelled, Some(details.reason(reason)))
            }
            ReplyEnd::Incomplete { reason } => {
                (ResponseStatus::Incomplete, Some(details.reason(reason)))
            }
            ReplyEnd::Failed { code, message } => {
                let error = StatusError::default()
                    .error_type("server_error")
                    .code(code)
                    .message(message);
                (ResponseStatus::Failed, Some(details.error(error)))
            }
        };
        let complete = status == ResponseStatus::Completed;
        self.close_message(
            if complete {
                ItemStatus::Completed
            } else {
                ItemStatus::Incomplete
            },
            out,
            conversation,
        );
        self.response.status_details = details.map(|details| details.kind(status.clone()));
        self.response.status = Some(status);
        // Also for a response that was cut: the service charges what it made.
        self.response.usage = Some(self.meter.usage());
        out.send(ResponseDone::default().response(Box::new(mem::take(&mut self.response))));
        self.done = true;
    }

    fn run_out(&mut self, out: &mut OutputQueue, conversation: &mut ItemStore) {
        self.finish(
            ReplyEnd::Incomplete {
                reason: "max_output_tokens".to_owned(),
            },
            out,
            conversation,
        );
    }

    /// Returns the open message if it is of the right kind, or opens one.
    fn open_message(
        &mut self,
        spoken: bool,
        out: &mut OutputQueue,
        conversation: &mut ItemStore,
    ) -> OpenMessage {
        // Text after audio, or audio after text, begins another item.
        if let Some(message) = self.message.take_if(|message| message.spoken == spoken) {
            return message;
        }
        self.close_message(ItemStatus::Completed, out, conversation);
        let id = out.ids.next("item");
        let item = message_item(&id).status(ItemStatus::InProgress);
        let index = self.begin_item(item.into(), out, conversation);
        let part = ContentPart::default();
        let part = if spoken {
            part.kind(ContentType::Audio).transcript("")
        } else {
            part.kind(ContentType::Text).text("")
        };
        out.send(
            ResponseContentPartAdded::default()
                .response_id(self.id())
                .item_id(id.as_str())
                .output_index(index)
                .part(Box::new(part)),
        );
        OpenMessage {
            id,
            index,
            spoken,
            text: String::new(),
            audio: Vec::new(),
        }
    }

    pub(super) fn close_message(
        &mut self,
        status: ItemStatus,
        out: &mut OutputQueue,
        conversation: &mut ItemStore,
    ) {
        let Some(OpenMessage {
            id,
            index,
            spoken,
            text,
            audio,
        }) = self.message.take()
        else {
            return;
        };
        let (part, content) = if spoken {
            out.send(
                ResponseOutputAudioDone::default()
                    .response_id(self.id())
                    .item_id(id.as_str())
                    .output_index(index),
            );
            out.send(
                ResponseOutputAudioTranscriptDone::default()
                    .response_id(self.id())
                    .item_id(id.as_str())
                    .output_index(index)
                    .transcript(text.as_str()),
            );
            let part = ContentPart::default().transcript(text);
            (
                part.clone().kind(ContentType::Audio),
                part.kind(ContentType::OutputAudio)
                    .audio(Audio::from_bytes(&audio)),
            )
        } else {
            out.send(
                ResponseOutputTextDone::default()
                    .response_id(self.id())
                    .item_id(id.as_str())
                    .output_index(index)
                    .text(text.as_str()),
            );
            let part = ContentPart::default().text(text);
            (
                part.clone().kind(ContentType::Text),
                part.kind(ContentType::OutputText),
            )
        };
        out.send(
            ResponseContentPartDone::default()
                .response_id(self.id())
                .item_id(id.as_str())
                .output_index(index)
                .part(Box::new(part)),
        );
        self.end_item(
            message_item(&id).status(status).content([content]).into(),
            index,
            out,
            conversation,
        );
    }

    /// Adds an item, and returns its index in the response.
    pub(super) fn begin_item(
        &mut self,
        item: Item,
        out: &mut OutputQueue,
        conversation: &mut ItemStore,
    ) -> u32 {
        let index = u32::try_from(self.response.output.len()).unwrap_or(u32::MAX);
        out.send(
            ResponseOutputItemAdded::default()
                .response_id(self.id())
                .output_index(index)
                .item(item.clone()),
        );
        if self.in_conversation {
            let mut added = ConversationItemAdded::default().item(item.clone());
            added.previous_item_id = behind(conversation.last_id());
            // Its id is new and its place the end: it fits.
            let _ = conversation.insert(item, None);
            out.send(added);
        }
        index
    }

    pub(super) fn end_item(
        &mut self,
        item: Item,
        index: u32,
        out: &mut OutputQueue,
        conversation: &mut ItemStore,
    ) {
        let shown = without_audio(&item);
        if self.in_conversation {
            let mut done = ConversationItemDone::default().item(shown.clone());
            done.previous_item_id = behind(item.id().and_then(|id| conversation.previous_id(id)));
            conversation.replace_spoken(item, self.format);
            out.send(done);
        }
        self.end_output(shown, index, out);
    }

    /// Ends an item of the response that goes on in the conversation.
    pub(super) fn end_output(&mut self, shown: Item, index: u32, out: &mut OutputQueue) {
        out.send(
            ResponseOutputItemDone::default()
                .response_id(self.id())
                .output_index(index)
                .item(shown.clone()),
        );
        self.response.output.push(shown);
    }
}

fn message_item(id: &str) -> Message {
    Message::default()
        .id(id)
        .object("realtime.item")
        .role(Role::Assistant)
}

/// Takes the first word off a text, with the space behind it.
fn split_word(text: &mut String) -> String {
    let word = text
        .split_inclusive(char::is_whitespace)
        .next()
        .unwrap_or_default()
        .len();
    let rest = text.split_off(word);
    mem::replace(text, rest)
}
