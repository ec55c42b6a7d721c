//! Input audio: appends, turns found by the server, commits and transcripts.

use super::{Handled, RealtimeMachine};
use crate::emulator::items::behind;
use crate::emulator::request::refuse;
use crate::emulator::responder::seconds;
use crate::emulator::response::RunningResponse;
use crate::emulator::settings::{TranscriptionUnit, TurnSettings};
use crate::emulator::usage::{audio_tokens_in, text_tokens};
use crate::emulator::vad::Heard;
use crate::protocol::{
    Audio, ContentPart, ConversationItemInputAudioTranscriptionCompleted,
    ConversationItemInputAudioTranscriptionDelta, DurationUsage, ErrorEvent,
    InputAudioBufferCommitted, InputAudioBufferSpeechStarted, InputAudioBufferSpeechStopped,
    InputAudioBufferTimeoutTriggered, InputTokenDetails, ItemStatus, Message, Role, TokenUsage,
    TranscriptionUsage,
};

/// The most audio of one append, in bytes.
pub(super) const LARGEST_APPEND: usize = 15 * 1024 * 1024;
/// The shortest audio that can be committed.
const SHORTEST_COMMIT_MS: u64 = 100;

impl RealtimeMachine {
    pub(super) fn append(&mut self, audio: &Audio) -> Handled {
        let Ok(audio) = audio.bytes() else {
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
            // Without VAD nothing is heard, and yet time passes.
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

    pub(super) fn heard(&mut self, heard: Heard, turns: TurnSettings) -> Handled {
        match heard {
            Heard::Started { audio_start_ms } => {
                let item_id = self.out.ids.next("item");
                // Announced here, so that the commit must use the same ID.
                self.input.item_id = Some(item_id.clone());
                self.out.send(
                    InputAudioBufferSpeechStarted::default()
                        .item_id(item_id)
                        .audio_start_ms(audio_start_ms),
                );
                if turns.interrupt_response {
                    self.cancel_where("turn_detected", RunningResponse::is_in_conversation);
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

    /// Commits the silence and answers it, once the session's idle timeout has passed.
    pub(super) fn notice_silence(&mut self, turns: TurnSettings) -> Handled {
        let Some(timeout) = turns.idle_timeout_ms else {
            return Ok(());
        };
        let (start, end) = (self.idle_since_ms, self.input.now_ms());
        // Only silence after a reply counts: before the first turn nobody is expected to speak.
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

    pub(super) fn reply_to_turn(&mut self, turns: TurnSettings) {
        if turns.create_response && self.settings.has_replies() {
            // No event of the client's asked for it, so that the error names none.
            if let Err(error) = self.create_response(None) {
                self.out.send(ErrorEvent::default().error(error));
            }
        }
    }

    pub(super) fn commit_all(&mut self) -> Handled {
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

    /// Makes a user message of audio, and transcribes it.
    pub(super) fn commit(&mut self, item_id: String, audio: &[u8]) -> Handled {
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
        if let Some(unit) = self.settings.transcription() {
            let millis = self.settings.input_format().millis(audio.len());
            let transcript = format!("{} of speech", seconds(millis));
            // The stored item has its transcript from now on, as a later retrieval shows.
            self.conversation.replace(
                message
                    .content([part.transcript(transcript.as_str())])
                    .into(),
            );
            self.transcribe(item_id, &transcript, usage(unit, &transcript, millis));
        }
        Ok(())
    }

    fn transcribe(&mut self, item_id: String, transcript: &str, usage: TranscriptionUsage) {
        for word in transcript.split_inclusive(' ') {
            self.out.send(
                ConversationItemInputAudioTranscriptionDelta::default()
                    .item_id(item_id.as_str())
                    .delta(word),
            );
        }
        self.out.send(
            ConversationItemInputAudioTranscriptionCompleted::default()
                .item_id(item_id)
                .transcript(transcript)
                .usage(usage),
        );
    }
}

/// Returns what a transcript of this many milliseconds of audio is billed.
fn usage(unit: TranscriptionUnit, transcript: &str, millis: u64) -> TranscriptionUsage {
    match unit {
        TranscriptionUnit::Tokens => {
            let (input, output) = (audio_tokens_in(millis), text_tokens(transcript));
            TokenUsage::default()
                .total_tokens(input + output)
                .input_tokens(input)
                .output_tokens(output)
                .input_token_details(
                    InputTokenDetails::default()
                        .text_tokens(0_u64)
                        .audio_tokens(input),
                )
                .into()
        }
        TranscriptionUnit::Seconds => {
            #[allow(clippy::cast_precision_loss)]
            let seconds = millis as f64 / 1000.0;
            DurationUsage::default().seconds(seconds).into()
        }
    }
}
