//! Translation session: plays speech back, with transcripts that tell its length.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::Context;

use serde_json::Value;
use tokio::time::Instant;

use super::audio::SampleFormat;
use super::machine::SessionMachine;
use super::nulls::filled_in_translation;
use super::output::{IdSource, SocketOutput};
use super::request::{caused_by, read, refuse};
use super::responder::seconds;
use super::script::{Action, Script};
use super::vad::{Heard, Vad, VadThresholds};
use crate::protocol::{
    Audio, ErrorDetails, RawEvent, SessionClosed, SessionInputTranscriptDelta,
    SessionOutputAudioDelta, SessionOutputTranscriptDelta, TranslationAudioFormat,
    TranslationClientEvent, TranslationErrorEvent, TranslationServerEvent, TranslationSession,
    TranslationSessionConfig, TranslationSessionCreated, TranslationSessionInfo,
    TranslationSessionUpdated, merge_settings,
};

/// Length of the audio of one event, in milliseconds.
const PIECE_MS: u64 = 200;
/// Thresholds of speech, as in a conversation.
const THRESHOLDS: VadThresholds = VadThresholds {
    prefix_padding_ms: 0,
    ..VadThresholds::DEFAULT
};

/// Session that translates into the same language.
pub(super) struct TranslationMachine {
    script: Arc<Script>,
    session: TranslationSessionInfo,
    ids: IdSource,
    out: VecDeque<SocketOutput>,
    vad: Vad,
    /// Position at which the current speech began.
    speech_since_ms: Option<u64>,
    /// Number of bytes that were received.
    received: usize,
    /// Audio that is not played back yet.
    pending: Vec<u8>,
    has_spoken: bool,
    closed: bool,
}

impl TranslationMachine {
    pub(super) fn open(
        ids: IdSource,
        session: TranslationSessionInfo,
        script: Arc<Script>,
    ) -> Self {
        Self {
            script,
            session,
            ids,
            out: VecDeque::new(),
            vad: Vad::default(),
            speech_since_ms: None,
            received: 0,
            pending: Vec::new(),
            has_spoken: false,
            closed: false,
        }
    }

    fn handle(&mut self, event: TranslationClientEvent) -> Result<(), ErrorDetails> {
        match event {
            _ if self.closed => Err(refuse("session_closed", "The session is closed.")),
            TranslationClientEvent::SessionInputAudioBufferAppend(event) => {
                self.append(&event.audio)
            }
            TranslationClientEvent::SessionUpdate(event) => {
                self.update(&event.session);
                Ok(())
            }
            TranslationClientEvent::SessionClose(_) => {
                self.close();
                Ok(())
            }
            _ => Err(refuse("invalid_value", "The type is none of this protocol's.").param("type")),
        }
    }

    fn append(&mut self, audio: &Audio) -> Result<(), ErrorDetails> {
        let audio = audio
            .bytes()
            .map_err(|_| refuse("invalid_value", "The audio is not base64.").param("audio"))?;
        self.received += audio.len();
        self.pending.extend_from_slice(&audio);
        // Played in pieces of the service's length, however the client cut its appends.
        let piece = SampleFormat::default().bytes(PIECE_MS);
        while self.pending.len() >= piece {
            let rest = self.pending.split_off(piece);
            let played = std::mem::replace(&mut self.pending, rest);
            self.play(&played);
        }
        let mut heard = self.vad.listen(&audio, SampleFormat::default(), THRESHOLDS);
        while let Some(one) = heard {
            match one {
                Heard::Started { audio_start_ms } => self.speech_since_ms = Some(audio_start_ms),
                Heard::Stopped { audio_end_ms } => {
                    self.transcribe(audio_end_ms.saturating_sub(THRESHOLDS.silence_duration_ms));
                }
            }
            // One append can hold several turns.
            heard = self.vad.listen(&[], SampleFormat::default(), THRESHOLDS);
        }
        Ok(())
    }

    fn update(&mut self, change: &TranslationSessionConfig) {
        let to_value = |value| serde_json::to_value(value).unwrap_or_default();
        let mut audio = to_value(&self.session.audio);
        if let Some(change) = &change.audio {
            merge_settings(&mut audio, &to_value(change));
        }
        self.session.audio = serde_json::from_value(audio).unwrap_or_default();
        let session = Box::new(TranslationSession::from(self.session.clone()));
        self.send(TranslationSessionUpdated::default().session(session));
    }

    /// Sends what is left, and ends the session.
    fn close(&mut self) {
        self.closed = true;
        let rest = std::mem::take(&mut self.pending);
        if !rest.is_empty() {
            self.play(&rest);
        }
        // Speech that still lasts at the end is written down, too.
        self.transcribe(SampleFormat::default().millis(self.received));
        self.send(SessionClosed::default());
        self.out.push_back(SocketOutput::Close {
            code: 1000,
            reason: String::new(),
        });
    }

    /// Plays audio back: the last that was received before the pending audio.
    fn play(&mut self, audio: &[u8]) {
        let from = self.received - self.pending.len() - audio.len();
        self.send(
            SessionOutputAudioDelta::default()
                .delta(Audio::from_bytes(audio))
                .format(TranslationAudioFormat::Pcm16)
                .sample_rate(24_000u32)
                .channels(1u32)
                .elapsed_ms(SampleFormat::default().millis(from)),
        );
    }

    /// Sends the transcript of the current speech, if there is any.
    fn transcribe(&mut self, end_ms: u64) {
        let Some(start_ms) = self.speech_since_ms.take() else {
            return;
        };
        let space = if self.has_spoken { " " } else { "" };
        self.has_spoken = true;
        let said = format!(
            "{space}{} of speech.",
            seconds(end_ms.saturating_sub(start_ms))
        );
        let audio = &self.session.audio;
        let transcribes = audio
            .input
            .as_ref()
            .is_some_and(|input| input.transcription.is_set());
        for word in said.split_inclusive(' ') {
            if transcribes {
                self.send(
                    SessionInputTranscriptDelta::default()
                        .delta(word)
                        .elapsed_ms(start_ms),
                );
            }
            self.send(
                SessionOutputTranscriptDelta::default()
                    .delta(word)
                    .elapsed_ms(start_ms),
            );
        }
    }

    fn send(&mut self, event: impl Into<TranslationServerEvent>) {
        let output = self.ids.output(filled_in_translation(event.into()));
        self.out.push_back(output);
    }
}

impl SessionMachine for TranslationMachine {
    fn receive(&mut self, _: usize, frame: Result<&RawEvent, ErrorDetails>, _: Instant) {
        let handled = match frame {
            Err(error) => Err(error),
            Ok(raw) => match self.script.actions(raw) {
                Some(actions) => {
                    for action in actions {
                        let output = self.ids.perform(action);
                        self.out.push_back(output);
                    }
                    Ok(())
                }
                None => read(raw)
                    .and_then(|event| self.handle(event))
                    .map_err(|error| caused_by(raw, error)),
            },
        };
        if let Err(error) = handled {
            self.send(TranslationErrorEvent::default().error(error));
        }
    }

    fn poll(&mut self, _: Instant, _: &mut Context<'_>) -> Option<SocketOutput> {
        self.out.pop_front()
    }

    fn wake_at(&self) -> Option<Instant> {
        None
    }

    fn created(&mut self) -> SocketOutput {
        let session = Box::new(TranslationSession::from(self.session.clone()));
        let created =
            TranslationServerEvent::from(TranslationSessionCreated::default().session(session));
        self.ids.output(filled_in_translation(created))
    }

    fn perform(&mut self, action: Action) -> SocketOutput {
        self.ids.perform(action)
    }

    fn config(&self) -> Value {
        serde_json::to_value(TranslationSession::from(self.session.clone())).unwrap_or_default()
    }
}
