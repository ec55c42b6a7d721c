//! The part of the model's speech that was heard, and the events that tell the server of it after
//! an interruption.

use std::collections::VecDeque;
use std::time::Duration;

use crate::protocol::{
    Audio, AudioFormat, Item, Response, ResponseOutputAudioDelta, Role, ServerEvent, SessionConfig,
    TurnDetection,
};

mod part;
mod settle;
#[cfg(feature = "audio")]
mod speaker;

pub use part::Heard;
pub use settle::Interruption;
#[cfg(feature = "audio")]
pub use speaker::{Speaker, SpeakerMonitor};

use part::PlayedPart;
#[cfg(feature = "audio")]
use speaker::SpeakerFeed;

/// Number of interrupted responses, and of items of the model, that are remembered by their ids.
const REMEMBERED: usize = 64;

/// Tracker of the model's speech: which audio was received and which was heard.
///
/// The model generates speech faster than it is heard. When the user interrupts, the player must
/// fall silent at once, and the server must be told how much was heard: otherwise the model
/// believes that it said everything. The tracker knows both, and gives back the events to send: for
/// each item that was not heard to its end a `conversation.item.truncate` within the audio that was
/// received, or a `conversation.item.delete` if nothing of it was heard. Where all was heard it
/// sends nothing.
///
/// Feed it with every event of the server by [`received`](Self::received). The player tells what
/// was heard in one of three ways:
///
/// - A sound card's callback pulls samples from a `Speaker`: [`with_speaker`](Self::with_speaker),
///   feature `audio`.
/// - A player with a clock of its own reports milliseconds: [`played_ms`](Self::played_ms).
/// - A telephone line reports named marks, as Twilio does: [`pieces`](Self::pieces) and
///   [`played_mark`](Self::played_mark).
///
/// A player that reports nothing is taken to have played nothing, so do not use a tracker there.
///
/// ```
/// use openai_realtime_ws::conversation::Playback;
/// use openai_realtime_ws::protocol::{
///     Audio, ConversationItemTruncate, Events, ResponseOutputAudioDelta, ServerEvent,
/// };
///
/// let mut playback = Playback::new();
/// let delta = ResponseOutputAudioDelta::default()
///     .response_id("resp_1")
///     .item_id("item_1")
///     .delta(Audio::from_pcm16(&[0; 24_000]));
/// playback.received(&delta.clone().into());
/// assert!(playback.plays(&delta));
///
/// // The user heard 400 of 1,000 ms, and speaks.
/// playback.played_ms("item_1", 0, 400);
/// let speech = ServerEvent::parse(r#"{"type":"input_audio_buffer.speech_started"}"#)?;
/// let interruption = playback.received(&speech).unwrap();
/// let truncate = ConversationItemTruncate::new("item_1", 400);
/// assert_eq!(interruption.events, [truncate.into()]);
/// assert_eq!(interruption.heard[0].share(), 0.4);
///
/// // What still arrives of the response is not played.
/// assert!(!playback.plays(&delta));
/// # Ok::<(), openai_realtime_ws::ParseError>(())
/// ```
#[derive(Debug)]
pub struct Playback {
    /// Format of the session's output.
    format: AudioFormat,
    /// Set when speech interrupts the response under way, which is the service's default.
    interrupts: bool,
    /// Responses that are under way, or whose audio is queued.
    replies: VecDeque<Reply>,
    /// Parts of those responses, in the order in which they are played.
    parts: VecDeque<PlayedPart>,
    /// Ids of interrupted responses: late audio of theirs is not played.
    cut: VecDeque<String>,
    /// Ids of the model's items that the conversation has.
    added: VecDeque<String>,
    /// Marks that were given out, each with the place behind its audio.
    marks: VecDeque<Mark>,
    made_marks: u64,
    #[cfg(feature = "audio")]
    feed: Option<SpeakerFeed>,
}

/// A response as far as its audio goes.
#[derive(Debug)]
struct Reply {
    id: String,
    format: AudioFormat,
    /// Set when its items are part of the server's conversation.
    in_conversation: bool,
    is_done: bool,
}

/// Place in a content part, by the name that a telephone line reports.
#[derive(Debug)]
struct Mark {
    name: String,
    item_id: String,
    content_index: u32,
    /// In bytes of the part.
    end: u64,
}

impl Default for Playback {
    fn default() -> Self {
        Self::new()
    }
}

impl Playback {
    /// Creates a tracker for a player that reports milliseconds or marks.
    #[must_use]
    pub fn new() -> Self {
        Self {
            format: AudioFormat::default(),
            interrupts: true,
            replies: VecDeque::new(),
            parts: VecDeque::new(),
            cut: VecDeque::new(),
            added: VecDeque::new(),
            marks: VecDeque::new(),
            made_marks: 0,
            #[cfg(feature = "audio")]
            feed: None,
        }
    }

    /// Creates a tracker for a sound card with a sample rate in Hz, and the samples for its
    /// callback.
    ///
    /// The audio of the session, in any of the protocol's formats, is decoded and resampled to that
    /// rate.
    #[cfg(feature = "audio")]
    #[must_use]
    pub fn with_speaker(rate: u32) -> (Self, Speaker) {
        let (feed, speaker) = SpeakerFeed::new(rate);
        let playback = Self {
            feed: Some(feed),
            ..Self::new()
        };
        (playback, speaker)
    }

    /// Takes an event of the server, before the player gets it.
    ///
    /// Returns an interruption when the user begins to speak while the model speaks, and the
    /// session's turn detection interrupts (`interrupt_response`); the player must then fall
    /// silent. A `Speaker` does so on its own. Audio that arrives only after an interruption is
    /// settled when its response is done, by another interruption.
    pub fn received(&mut self, event: &ServerEvent) -> Option<Interruption> {
        match event {
            ServerEvent::ResponseOutputAudioDelta(delta) => self.received_audio(delta),
            ServerEvent::ResponseOutputAudioDone(done) => {
                self.complete(|part| part.is(&done.item_id, done.content_index));
            }
            ServerEvent::ResponseCreated(event) => self.began(&event.response),
            ServerEvent::ResponseDone(event) => return self.ended(&event.response.id),
            ServerEvent::InputAudioBufferSpeechStarted(_) if self.interrupts => {
                return self.is_interruptible().then(|| self.settle_all());
            }
            ServerEvent::ConversationItemAdded(event) => self.note_item(&event.item),
            ServerEvent::ConversationItemCreated(event) => self.note_item(&event.item),
            ServerEvent::SessionCreated(event) => self.configure(&event.session),
            ServerEvent::SessionUpdated(event) => self.configure(&event.session),
            _ => return None,
        }
        self.forget();
        None
    }

    /// Returns true if a piece of audio is to be played: its response was not interrupted.
    pub fn plays(&self, delta: &ResponseOutputAudioDelta) -> bool {
        !self.is_cut(&delta.response_id)
    }

    /// Notes that a content part was played up to a place, in milliseconds from its beginning, and
    /// everything in front of it to its end. Reports about parts that are not queued, such as
    /// interrupted ones, are ignored.
    pub fn played_ms(&mut self, item_id: &str, content_index: u32, ms: u64) {
        self.played_to(item_id, content_index, Duration::from_millis(ms));
    }

    /// Cuts a piece of audio that was [`received`](Self::received) into pieces of about this
    /// length, each with the name of a mark for the place behind it. There are none if the piece is
    /// not to be [played](Self::plays).
    ///
    /// Send each piece to the line with its mark, and tell [`played_mark`](Self::played_mark) when
    /// the line has played it. The audio is not decoded. Short pieces tell more exactly what was
    /// heard; 100 ms are a good length.
    pub fn pieces(
        &mut self,
        delta: &ResponseOutputAudioDelta,
        length: Duration,
    ) -> Vec<(Audio, String)> {
        let is_queued = |part: &&mut PlayedPart| {
            part.is_queued() && part.is(&delta.item_id, delta.content_index)
        };
        let Some(part) = self.parts.iter_mut().find(is_queued) else {
            return Vec::new();
        };
        // Three bytes are four letters of base64, so a multiple of three bytes can be cut off
        // undecoded. Six are whole samples of 16 bits, too.
        let groups = part.format.bytes_in(length).div_ceil(6).max(1);
        let letters = groups.saturating_mul(8);
        let mut pieces = Vec::new();
        let mut rest = delta.delta.base64();
        while !rest.is_empty() {
            let (piece, behind) = rest.split_at_checked(letters).unwrap_or((rest, ""));
            rest = behind;
            let audio = Audio::from_base64(piece.to_owned());
            part.marked += audio.decoded_len() as u64;
            self.made_marks += 1;
            let name = format!("audio-{}", self.made_marks);
            self.marks.push_back(Mark {
                name: name.clone(),
                item_id: part.item_id.clone(),
                content_index: part.content_index,
                end: part.marked,
            });
            pieces.push((audio, name));
        }
        pieces
    }

    /// Notes that the line has played everything up to a mark. Returns false for a mark that is not
    /// known, such as one that the line gives back because its queue was cleared after an
    /// interruption.
    pub fn played_mark(&mut self, name: &str) -> bool {
        let Some(at) = self.marks.iter().position(|mark| mark.name == name) else {
            return false;
        };
        let passed = self.marks.drain(..=at).next_back();
        if let Some(mark) = passed {
            let place = |part: &PlayedPart| part.format.duration_of(mark.end);
            let part = self
                .parts
                .iter()
                .find(|part| part.is(&mark.item_id, mark.content_index));
            if let Some(place) = part.map(place) {
                self.played_to(&mark.item_id, mark.content_index, place);
            }
        }
        true
    }

    /// Notes that the session goes on over a new connection. What is queued is still played, but
    /// the new session has no audio that could be truncated: an interruption then only says what
    /// was heard.
    pub fn reconnected(&mut self) {
        for reply in &mut self.replies {
            reply.is_done = true;
            reply.in_conversation = false;
        }
        for part in self.parts.iter_mut().filter(|part| part.is_late) {
            part.is_settled = true;
        }
        self.added.clear();
        self.complete(|_| true);
        self.forget();
    }

    /// Returns true while audio is queued that was not heard.
    #[must_use]
    pub fn is_playing(&self) -> bool {
        self.now_playing().is_some()
    }

    /// Returns the content part that is being played, and how far it is.
    #[must_use]
    pub fn now_playing(&self) -> Option<Heard> {
        let mut queued = self
            .parts
            .iter()
            .filter(|part| part.is_queued())
            .map(|part| {
                let mut heard = part.heard();
                heard.played = self.place_of(part);
                heard
            });
        queued.find(|heard| heard.played.as_millis() < heard.received.as_millis())
    }

    fn received_audio(&mut self, delta: &ResponseOutputAudioDelta) {
        let known = |part: &PlayedPart| part.is(&delta.item_id, delta.content_index);
        let at = match self.parts.iter().position(known) {
            Some(at) => at,
            None => self.queue(delta),
        };
        let Some(part) = self.parts.get_mut(at).filter(|part| !part.is_settled) else {
            return;
        };
        part.received += delta.delta.decoded_len() as u64;
        if !part.is_late {
            #[cfg(feature = "audio")]
            self.speak(at, &delta.delta);
        }
    }

    /// Queues audio of a part for the speaker.
    #[cfg(feature = "audio")]
    fn speak(&mut self, at: usize, audio: &Audio) {
        let Some(start) = self.feed.as_ref().map(SpeakerFeed::written) else {
            return;
        };
        // One resampler serves all parts, so the part that was written before ends here.
        if self.parts.iter().rposition(|part| part.ends_at(start)) != Some(at) {
            self.flush_speaker();
        }
        if let (Some(feed), Some(part)) = (&mut self.feed, self.parts.get_mut(at)) {
            // What is not base64 has no samples; the server does not send it.
            let samples = part.decoder.decode(audio).unwrap_or_default();
            let start = feed.written();
            part.written_to(start, feed.write(&samples, &part.format));
        }
    }

    /// Queues a new content part, and returns its place.
    fn queue(&mut self, delta: &ResponseOutputAudioDelta) -> usize {
        // One resampler serves all parts, so the part before it ends here, if its own end has not
        // come.
        self.flush_speaker();
        let reply = self
            .replies
            .iter()
            .find(|reply| reply.id == delta.response_id);
        let format = reply.map_or(&self.format, |reply| &reply.format).clone();
        if reply.is_none() && !self.is_cut(&delta.response_id) {
            // The tracker was created while the response was under way.
            self.replies.push_back(Reply {
                id: delta.response_id.clone(),
                format: format.clone(),
                in_conversation: true,
                is_done: false,
            });
        }
        self.parts.push_back(PlayedPart {
            response_id: delta.response_id.clone(),
            item_id: delta.item_id.clone(),
            content_index: delta.content_index,
            #[cfg(feature = "audio")]
            decoder: crate::audio::Decoder::new(&format),
            format,
            received: 0,
            marked: 0,
            played: Duration::ZERO,
            is_complete: false,
            is_settled: false,
            is_late: self.is_cut(&delta.response_id),
            #[cfg(feature = "audio")]
            spans: Vec::new(),
        });
        self.parts.len() - 1
    }

    fn played_to(&mut self, item_id: &str, content_index: u32, place: Duration) {
        let is_queued = |part: &PlayedPart| part.is_queued() && part.is(item_id, content_index);
        let Some(at) = self.parts.iter().position(is_queued) else {
            return;
        };
        for part in self
            .parts
            .iter_mut()
            .take(at)
            .filter(|part| part.is_queued())
        {
            part.played_to(Duration::MAX);
        }
        if let Some(part) = self.parts.get_mut(at) {
            part.played_to(place);
        }
        self.forget();
    }

    fn began(&mut self, response: &Response) {
        let output = response
            .audio
            .as_ref()
            .and_then(|audio| audio.output.as_ref());
        let format = output.and_then(|output| output.format.as_ref());
        self.replies.push_back(Reply {
            id: response.id.clone(),
            format: format.unwrap_or(&self.format).clone(),
            in_conversation: response.conversation_id.is_some(),
            is_done: false,
        });
    }

    /// Notes the end of a response, and settles what arrived of it after an interruption.
    fn ended(&mut self, response_id: &str) -> Option<Interruption> {
        self.complete(|part| part.response_id == response_id);
        let late = if self.is_cut(response_id) {
            let late = self.settle(|part| part.response_id == response_id);
            (!late.heard.is_empty()).then_some(late)
        } else {
            None
        };
        for reply in self
            .replies
            .iter_mut()
            .filter(|reply| reply.id == response_id)
        {
            reply.is_done = true;
        }
        self.forget();
        late
    }

    fn complete(&mut self, matches: impl Fn(&PlayedPart) -> bool) {
        let mut any = false;
        for part in self.parts.iter_mut().filter(|part| matches(part)) {
            any |= !part.is_complete;
            part.is_complete = true;
        }
        if any {
            self.flush_speaker();
        }
    }

    /// Queues what the speaker's resampler holds of the part that was written last.
    #[cfg_attr(not(feature = "audio"), allow(clippy::unused_self))]
    fn flush_speaker(&mut self) {
        #[cfg(feature = "audio")]
        if let Some(feed) = &mut self.feed {
            let start = feed.written();
            let last = |part: &&mut PlayedPart| part.ends_at(start);
            if let Some(part) = self.parts.iter_mut().rfind(last) {
                part.written_to(start, feed.finish());
            }
        }
    }

    fn configure(&mut self, session: &SessionConfig) {
        let SessionConfig::Realtime(session) = session else {
            return;
        };
        let audio = session.audio.as_ref();
        let output = audio.and_then(|audio| audio.output.as_ref());
        if let Some(format) = output.and_then(|output| output.format.as_ref()) {
            self.format = format.clone();
        }
        let input = audio.and_then(|audio| audio.input.as_ref());
        let interrupts = match input.and_then(|input| input.turn_detection.as_set()) {
            Some(TurnDetection::ServerVad(vad)) => vad.interrupt_response,
            Some(TurnDetection::SemanticVad(vad)) => vad.interrupt_response,
            _ => None,
        };
        self.interrupts = interrupts.unwrap_or(true);
    }

    fn note_item(&mut self, item: &Item) {
        if let Item::Message(message) = item
            && message.role == Role::Assistant
            && let Some(id) = item.id()
        {
            remember(&mut self.added, id);
        }
    }

    fn is_cut(&self, response_id: &str) -> bool {
        self.cut.iter().any(|cut| cut == response_id)
    }

    /// Returns true if there is something that an interruption would change.
    fn is_interruptible(&self) -> bool {
        let under_way = |reply: &Reply| !reply.is_done && !self.is_cut(&reply.id);
        self.is_playing() || self.replies.iter().any(under_way)
    }

    /// Returns how much of a part was heard by now.
    #[cfg_attr(not(feature = "audio"), allow(clippy::unused_self))]
    fn place_of(&self, part: &PlayedPart) -> Duration {
        #[cfg(feature = "audio")]
        if let Some(feed) = &self.feed {
            return part.pulled_at(feed.pulled(), feed.rate());
        }
        part.played
    }

    /// Forgets responses that ended, once all their audio was heard or settled.
    fn forget(&mut self) {
        while let Some(reply) = self.replies.iter().position(|reply| {
            let mut parts = self
                .parts
                .iter()
                .filter(|part| part.response_id == reply.id);
            reply.is_done && parts.all(|part| part.is_settled || self.place_is_end(part))
        }) {
            if let Some(reply) = self.replies.remove(reply) {
                self.parts.retain(|part| part.response_id != reply.id);
            }
        }
    }

    fn place_is_end(&self, part: &PlayedPart) -> bool {
        self.place_of(part).as_millis() >= part.length().as_millis()
    }
}

/// Adds an id to those that are remembered, in place of the oldest if there are many.
fn remember(ids: &mut VecDeque<String>, id: &str) {
    // A server that leaves ids out has all its responses under the same name.
    if !id.is_empty() && !ids.iter().any(|known| known == id) {
        ids.push_back(id.to_owned());
        if ids.len() > REMEMBERED {
            ids.pop_front();
        }
    }
}
