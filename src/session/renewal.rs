//! The next connection, which is made while the present one still serves.

use std::collections::VecDeque;
use std::task::{Context, Poll};
use std::time::Duration;

use bytestring::ByteString;
use futures_util::StreamExt;

use super::Session;
use super::opening::Opening;
use crate::config::Config;
use crate::protocol::Protocol;
use crate::transport::{Connector, Frame};

/// State of [`Config::renew`].
pub(super) struct Renewal<T> {
    next: Option<NextSocket<T>>,
    /// Messages of the next connection that arrived before the switch.
    pub(super) early: VecDeque<ByteString>,
    turn: Turn,
}

enum NextSocket<T> {
    Opening(Opening<T>),
    Open { transport: T, url: String },
}

impl<T> Renewal<T> {
    pub(super) fn new() -> Self {
        Self {
            next: None,
            early: VecDeque::new(),
            turn: Turn::default(),
        }
    }

    /// The client's event was handed to the socket.
    pub(super) fn sent(&mut self, event_type: &str) {
        self.turn.sent(event_type);
    }

    /// The server's event arrived.
    pub(super) fn received(&mut self, event_type: &str) {
        self.turn.received(event_type);
    }

    pub(super) fn open_next(&mut self, config: &Config) {
        self.early.clear();
        self.next = Some(NextSocket::Opening(Opening::new(config)));
    }

    pub(super) fn abandon_next(&mut self) {
        self.next = None;
        self.early.clear();
    }

    /// The next connection's socket and URL: it is the present one now.
    pub(super) fn take_next(&mut self) -> Option<(T, String)> {
        self.turn = Turn::default();
        match self.next.take()? {
            NextSocket::Open { transport, url } => Some((transport, url)),
            NextSocket::Opening(_) => None,
        }
    }
}

impl<C: Connector, P: Protocol> Session<C, P> {
    /// Moves the next connection. Ready when the connection has something to say of it.
    pub(super) fn poll_renewal(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(renewal) = &mut self.renewal else {
            return Poll::Pending;
        };
        loop {
            match &mut renewal.next {
                None => return Poll::Pending,
                Some(NextSocket::Opening(opening)) => {
                    match opening.poll::<C, P>(&self.connector, cx) {
                        Poll::Pending => return Poll::Pending,
                        Poll::Ready(Ok((transport, url))) => {
                            renewal.next = Some(NextSocket::Open { transport, url });
                            self.connection.next_opened(self.connector.now());
                        }
                        Poll::Ready(Err(failed)) => {
                            renewal.next = None;
                            let now = self.connector.now();
                            self.connection.next_failed(now, failed.error.retry());
                            return Poll::Ready(());
                        }
                    }
                }
                Some(NextSocket::Open { transport, .. }) => match transport.poll_next_unpin(cx) {
                    // It greets, and then waits to be spoken to.
                    Poll::Ready(Some(Ok(Frame::Text(text)))) if renewal.early.len() < 16 => {
                        renewal.early.push_back(text);
                    }
                    Poll::Ready(Some(Ok(Frame::Ping(_) | Frame::Pong(_)))) => {}
                    Poll::Ready(_) => {
                        renewal.abandon_next();
                        let now = self.connector.now();
                        self.connection.next_failed(now, Some(Duration::ZERO));
                        return Poll::Ready(());
                    }
                    Poll::Pending if self.connection.can_switch() && renewal.turn.is_over() => {
                        self.connection.switch(self.connector.now());
                        return Poll::Ready(());
                    }
                    Poll::Pending => return Poll::Pending,
                },
            }
        }
    }

    /// Returns a message of the present connection that arrived before the switch.
    pub(super) fn early_message(&mut self) -> Option<ByteString> {
        let renewal = self.renewal.as_mut()?;
        // While there is a next connection, it is that one's.
        renewal.next.is_none().then(|| renewal.early.pop_front())?
    }
}

/// Tracker of turns, as far as the types of events show them.
#[derive(Default)]
struct Turn {
    /// Responses that are under way.
    responses: usize,
    /// A response is to be expected.
    asked: bool,
    /// The server notices by itself when the user speaks.
    detects: bool,
    input: Input,
}

/// Input that the server has not made a message of yet.
#[derive(Default, PartialEq)]
enum Input {
    #[default]
    Nothing,
    /// Audio, whatever is in it.
    Audio,
    /// Speech, as the server has noticed.
    Speech,
}

impl Turn {
    fn sent(&mut self, event_type: &str) {
        match event_type {
            "response.create" => self.asked = true,
            "input_audio_buffer.append" if self.input == Input::Nothing => {
                self.input = Input::Audio;
            }
            _ => {}
        }
    }

    fn received(&mut self, event_type: &str) {
        match event_type {
            "response.created" => {
                self.asked = false;
                self.responses += 1;
            }
            "response.done" => self.responses = self.responses.saturating_sub(1),
            "error" => self.asked = false,
            "input_audio_buffer.speech_started" => {
                self.detects = true;
                self.input = Input::Speech;
            }
            "input_audio_buffer.committed" => {
                // Who notices by itself when the user has spoken answers by itself, too.
                self.asked |= self.detects;
                self.input = Input::Nothing;
            }
            "input_audio_buffer.cleared" | "input_audio_buffer.timeout_triggered" => {
                self.input = Input::Nothing;
            }
            _ => {}
        }
    }

    fn is_over(&self) -> bool {
        let listening = match self.input {
            Input::Nothing => false,
            Input::Audio => !self.detects,
            Input::Speech => true,
        };
        !listening && !self.asked && self.responses == 0
    }
}

#[cfg(test)]
mod tests {
    use super::Turn;

    /// A turn after these events; the client's are marked.
    fn after(events: &[&str]) -> bool {
        let mut turn = Turn::default();
        for event in events {
            match event.strip_prefix("> ") {
                Some(sent) => turn.sent(sent),
                None => turn.received(event),
            }
        }
        turn.is_over()
    }

    #[test]
    fn a_turn_is_over_when_nobody_speaks_and_nothing_is_expected() {
        assert!(after(&[]));
        assert!(after(&["> conversation.item.create"]));
        assert!(!after(&["> response.create"]));
        assert!(after(&["> response.create", "error"]));
        assert!(!after(&["> response.create", "response.created"]));
        assert!(after(&[
            "> response.create",
            "response.created",
            "response.done"
        ]));
        assert!(after(&[
            "response.done",
            "response.created",
            "response.done"
        ]));
        assert!(!after(&["> input_audio_buffer.append"]));
        let push_to_talk = [
            "> input_audio_buffer.append",
            "input_audio_buffer.committed",
        ];
        assert!(after(&push_to_talk));
        assert!(after(&[
            "> input_audio_buffer.append",
            "input_audio_buffer.cleared"
        ]));
    }

    #[test]
    fn where_the_server_listens_silence_is_no_turn() {
        let mut events = vec![
            "> input_audio_buffer.append",
            "input_audio_buffer.speech_started",
        ];
        assert!(!after(&events));
        events.push("input_audio_buffer.speech_stopped");
        assert!(!after(&events));
        events.push("input_audio_buffer.committed");
        assert!(!after(&events), "it answers");
        events.push("response.created");
        assert!(!after(&events));
        events.push("> input_audio_buffer.append");
        events.push("response.done");
        assert!(after(&events), "the microphone stays on");
    }
}
