//! Scripts: behaviour that differs from the service's.

use std::collections::HashMap;
use std::fmt;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;

use super::turn::TurnRequest;
use super::upgrade::UpgradeRequest;
use crate::protocol::{ListedTool, RawEvent, ServerEvent};

type OnConnect = Box<dyn Fn(&UpgradeRequest) -> Admission + Send + Sync>;
type OnEvent = Box<dyn Fn(&RawEvent) -> Option<Vec<Action>> + Send + Sync>;
type OnResponse = Box<dyn Fn(&TurnRequest) -> ScriptedReply + Send + Sync>;

/// A reply that a script is still working on; `None` leaves it to the default answer.
pub(super) type ReplyFuture = Pin<Box<dyn Future<Output = Option<Reply>> + Send>>;

/// Answer of a script to a request for a response.
pub(super) enum ScriptedReply {
    /// The answer; `None` leaves it to the default answer.
    Now(Option<Reply>),
    /// An answer that takes time.
    Later(ReplyFuture),
}

/// Behaviour of an [`Emulator`](super::Emulator) that differs from the service's: answers to
/// handshakes, to events, and to requests for responses. Everything that a script leaves alone is
/// as without one.
///
/// ```
/// use openai_realtime_ws::emulator::{Admission, Reply, Script};
///
/// let script = Script::new()
///     // The first connection is refused; the others are not.
///     .on_connect(|upgrade| match upgrade.connection() {
///         0 => Admission::refuse(503),
///         _ => Admission::accept(),
///     })
///     // The text "hang up" closes the connection in mid-sentence; others get the default answer.
///     .on_response(|turn| {
///         (turn.user_text() == "hang up").then(|| Reply::new().text("Good").close(1011, "bye"))
///     });
/// ```
#[derive(Default)]
pub struct Script {
    connect: Option<OnConnect>,
    event: Option<OnEvent>,
    response: Option<OnResponse>,
    /// Tools by the label of their MCP server.
    mcp_servers: HashMap<String, Vec<ListedTool>>,
    /// Speed of replies relative to speech; `None` sends them at once.
    pace: Option<f64>,
}

impl Script {
    /// A script that changes nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Decides on every handshake. The key is checked afterwards.
    #[must_use]
    pub fn on_connect(
        mut self,
        decide: impl Fn(&UpgradeRequest) -> Admission + Send + Sync + 'static,
    ) -> Self {
        self.connect = Some(Box::new(decide));
        self
    }

    /// Handles every event that a client sends. `Some` replaces the usual handling of the event.
    #[must_use]
    pub fn on_event(
        mut self,
        act: impl Fn(&RawEvent) -> Option<Vec<Action>> + Send + Sync + 'static,
    ) -> Self {
        self.event = Some(Box::new(act));
        self
    }

    /// Sets the tools of an MCP server. A session that configures the server, by its label, is told
    /// them; other servers cannot be reached, which such a session is told, too. The default answer
    /// calls a tool that the user's text names, and [`Reply::mcp_call`] calls any.
    #[must_use]
    pub fn mcp_server(
        mut self,
        label: impl Into<String>,
        tools: impl IntoIterator<Item = ListedTool>,
    ) -> Self {
        let tools = tools.into_iter().collect();
        self.mcp_servers.insert(label.into(), tools);
        self
    }

    /// Answers every request for a response; `None` leaves it to the default answer.
    #[must_use]
    pub fn on_response<R: Into<Option<Reply>>>(
        mut self,
        answer: impl Fn(&TurnRequest) -> R + Send + Sync + 'static,
    ) -> Self {
        self.response = Some(Box::new(move |turn| {
            ScriptedReply::Now(answer(turn).into())
        }));
        self
    }

    /// Answers every request for a response with a future, such as one that calls a model of your
    /// own. The response is created at once, and can be cancelled while the future runs; a
    /// cancellation drops the future.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use openai_realtime_ws::emulator::{Reply, Script};
    ///
    /// let script = Script::new().on_response_async(|turn| async move {
    ///     tokio::time::sleep(Duration::from_millis(300)).await;
    ///     Reply::new().text(turn.user_text().to_uppercase())
    /// });
    /// ```
    #[must_use]
    pub fn on_response_async<F>(
        mut self,
        answer: impl Fn(TurnRequest) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output: Into<Option<Reply>>> + Send + 'static,
    {
        self.response = Some(Box::new(move |turn| {
            // The future owns its turn, and can outlive the step of the machine that made it.
            let reply = answer(turn.clone());
            ScriptedReply::Later(Box::pin(async move { reply.await.into() }))
        }));
        self
    }

    /// The script, with its replies at this pace.
    pub(super) fn with_pace(mut self, pace: Option<f64>) -> Self {
        self.pace = pace;
        self
    }

    pub(super) fn admission(&self, upgrade: &UpgradeRequest) -> Admission {
        self.connect
            .as_ref()
            .map_or_else(Admission::accept, |decide| decide(upgrade))
    }

    /// Speed of replies relative to speech; `None` sends them at once.
    pub(super) fn pace(&self) -> Option<f64> {
        self.pace
    }

    /// Returns the tools of an MCP server; `None` if it cannot be reached.
    pub(super) fn mcp_tools(&self, server_label: &str) -> Option<&[ListedTool]> {
        self.mcp_servers.get(server_label).map(Vec::as_slice)
    }

    pub(super) fn actions(&self, event: &RawEvent) -> Option<Vec<Action>> {
        self.event.as_ref().and_then(|act| act(event))
    }

    pub(super) fn reply(&self, turn: &TurnRequest) -> ScriptedReply {
        match &self.response {
            Some(answer) => answer(turn),
            None => ScriptedReply::Now(None),
        }
    }
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Script").finish_non_exhaustive()
    }
}

/// Answer to a handshake, and actions on the connection that follow.
#[derive(Debug, Clone, PartialEq)]
pub struct Admission {
    pub(super) answer: HandshakeAnswer,
    pub(super) after: Vec<(usize, Action)>,
    pub(super) alarms: Vec<(Duration, Action)>,
}

/// Answer to a handshake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HandshakeAnswer {
    Accept,
    Refuse {
        status: u16,
        retry_after: Option<Duration>,
    },
    Nothing,
}

impl Admission {
    /// Accepts the connection, if its key is right.
    #[must_use]
    pub fn accept() -> Self {
        Self::answer(HandshakeAnswer::Accept)
    }

    /// Refuses the handshake with an HTTP status, such as 503. A status that does not refuse
    /// becomes 500.
    #[must_use]
    pub fn refuse(status: u16) -> Self {
        Self::answer(HandshakeAnswer::Refuse {
            status,
            retry_after: None,
        })
    }

    /// Sends a refusal with the header `Retry-After`, in whole seconds.
    #[must_use]
    pub fn retry_after(mut self, wait: Duration) -> Self {
        if let HandshakeAnswer::Refuse { retry_after, .. } = &mut self.answer {
            *retry_after = Some(wait);
        }
        self
    }

    /// Never answers the handshake.
    #[must_use]
    pub fn ignore() -> Self {
        Self::answer(HandshakeAnswer::Nothing)
    }

    fn answer(answer: HandshakeAnswer) -> Self {
        Self {
            answer,
            after: Vec::new(),
            alarms: Vec::new(),
        }
    }

    /// Performs an action after a number of events were sent: 0 is before `session.created`, 1
    /// behind it.
    #[must_use]
    pub fn after(mut self, events: usize, action: Action) -> Self {
        self.after.push((events, action));
        self
    }

    /// Performs an action after a time since the connection was accepted, even if it stalls.
    #[must_use]
    pub fn after_time(mut self, time: Duration, action: Action) -> Self {
        self.alarms.push((time, action));
        self
    }
}

/// Action on a connection.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Action {
    /// Sends an event, with an ID if it has none, and with null for members that the service always
    /// sends.
    Send(Box<ServerEvent>),
    /// Sends text as it is in a text frame, even if it is not JSON.
    Raw(String),
    /// Writes bytes to the stream as they are, between two frames: a frame that is wrong, or a part
    /// of one.
    Bytes(Bytes),
    /// Stops sending, and goes on reading.
    Stall,
    /// Closes the WebSocket with a code and a reason.
    #[non_exhaustive]
    Close {
        /// The code, such as 1011.
        code: u16,
        /// The reason; at most 123 bytes.
        reason: String,
    },
    /// Ends the connection between two frames, without a close frame.
    Drop,
    /// Ends the connection in the middle of a frame.
    CutFrame,
}

impl Action {
    /// [`Action::Send`].
    pub fn send(event: impl Into<ServerEvent>) -> Self {
        Self::Send(Box::new(event.into()))
    }

    /// [`Action::Close`].
    pub fn close(code: u16, reason: impl Into<String>) -> Self {
        Self::Close {
            code,
            reason: reason.into(),
        }
    }
}

/// Reply of a response, step by step.
///
/// Texts and audio that follow each other make one message. It is finished where something else
/// begins and at the end, so an action behind a text happens in the middle of the message:
/// `Reply::new().text("Hel").stall()` says "Hel" and then nothing, the message and the response
/// unfinished.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Reply {
    pub(super) steps: Vec<ReplyStep>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum ReplyStep {
    Text(String),
    Audio {
        audio: Bytes,
        transcript: String,
    },
    Samples {
        samples: Vec<i16>,
        transcript: String,
    },
    NextItem,
    McpCall(McpCallStep),
    Call {
        name: String,
        arguments: String,
    },
    Wait(Duration),
    Pace(Option<f64>),
    Finish(ReplyEnd),
    Act(Action),
}

/// Call of an MCP server's tool, with its output or the message of its error.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct McpCallStep {
    pub(super) server_label: String,
    pub(super) name: String,
    pub(super) arguments: String,
    pub(super) result: Result<String, String>,
}

/// End of a response.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum ReplyEnd {
    Completed,
    Cancelled { reason: &'static str },
    Incomplete { reason: String },
    Failed { code: String, message: String },
}

impl Reply {
    /// Returns an empty reply: its response has no output.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Says a text, as text in every modality.
    #[must_use]
    pub fn text(self, text: impl Into<String>) -> Self {
        self.step(ReplyStep::Text(text.into()))
    }

    /// Plays audio, in the session's output format, with its transcript.
    #[must_use]
    pub fn audio(self, audio: impl Into<Vec<u8>>, transcript: impl Into<String>) -> Self {
        self.step(ReplyStep::Audio {
            audio: audio.into().into(),
            transcript: transcript.into(),
        })
    }

    /// Plays samples, 24,000 a second, with their transcript. They are converted to the session's
    /// output format.
    #[must_use]
    pub fn pcm16(self, samples: impl Into<Vec<i16>>, transcript: impl Into<String>) -> Self {
        self.step(ReplyStep::Samples {
            samples: samples.into(),
            transcript: transcript.into(),
        })
    }

    /// Ends the message, so that the next text or audio begins another item of the same response.
    #[must_use]
    pub fn next_item(self) -> Self {
        self.step(ReplyStep::NextItem)
    }

    /// Waits before it goes on. The response stays active, and can be cancelled, meanwhile. The
    /// time passes at tokio's clock, whatever the [pace](super::EmulatorBuilder::pace).
    #[must_use]
    pub fn wait(self, time: Duration) -> Self {
        self.step(ReplyStep::Wait(time))
    }

    /// Says the rest of this reply at another pace than
    /// [`EmulatorBuilder::pace`](super::EmulatorBuilder::pace):
    /// 1.0 is the pace of speech, 2.0 twice as fast, `None` at once.
    #[must_use]
    pub fn pace(self, factor: impl Into<Option<f64>>) -> Self {
        self.step(ReplyStep::Pace(factor.into()))
    }

    /// Calls a function; the arguments are JSON text, and are sent as they are.
    #[must_use]
    pub fn call(self, name: impl Into<String>, arguments: impl Into<String>) -> Self {
        self.step(ReplyStep::Call {
            name: name.into(),
            arguments: arguments.into(),
        })
    }

    /// Calls a tool of an MCP server, which the service does on its own, and tells its output. The
    /// arguments are JSON text.
    ///
    /// If the session's configuration of the server requires approval, which is the default, the
    /// client is asked first, and the call is made as soon as the client has approved it. A call
    /// that is refused is not made. The model goes on when the client asks for the next response.
    #[must_use]
    pub fn mcp_call(
        self,
        server_label: impl Into<String>,
        name: impl Into<String>,
        arguments: impl Into<String>,
        output: impl Into<String>,
    ) -> Self {
        self.step(ReplyStep::McpCall(McpCallStep {
            server_label: server_label.into(),
            name: name.into(),
            arguments: arguments.into(),
            result: Ok(output.into()),
        }))
    }

    /// Calls a tool of an MCP server, as [`mcp_call`](Self::mcp_call) does, that fails with this
    /// message.
    #[must_use]
    pub fn mcp_call_failed(
        self,
        server_label: impl Into<String>,
        name: impl Into<String>,
        arguments: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        self.step(ReplyStep::McpCall(McpCallStep {
            server_label: server_label.into(),
            name: name.into(),
            arguments: arguments.into(),
            result: Err(message.into()),
        }))
    }

    /// Ends the response as failed, with an error's code and message.
    #[must_use]
    pub fn fail(self, code: impl Into<String>, message: impl Into<String>) -> Self {
        self.step(ReplyStep::Finish(ReplyEnd::Failed {
            code: code.into(),
            message: message.into(),
        }))
    }

    /// Ends the response as incomplete, for a reason such as `content_filter`.
    #[must_use]
    pub fn incomplete(self, reason: impl Into<String>) -> Self {
        self.step(ReplyStep::Finish(ReplyEnd::Incomplete {
            reason: reason.into(),
        }))
    }

    /// Stops until the response is cancelled. Other events are still answered.
    #[must_use]
    pub fn stall(self) -> Self {
        self.act(Action::Stall)
    }

    /// Sends an event between the response's own.
    #[must_use]
    pub fn send(self, event: impl Into<ServerEvent>) -> Self {
        self.act(Action::send(event))
    }

    /// Sends text as it is, in a frame of its own.
    #[must_use]
    pub fn raw(self, text: impl Into<String>) -> Self {
        self.act(Action::Raw(text.into()))
    }

    /// Closes the WebSocket.
    #[must_use]
    pub fn close(self, code: u16, reason: impl Into<String>) -> Self {
        self.act(Action::close(code, reason))
    }

    /// Performs an action, such as [`Action::CutFrame`]. A stall holds back this response alone.
    #[must_use]
    pub fn act(self, action: Action) -> Self {
        self.step(ReplyStep::Act(action))
    }

    fn step(mut self, step: ReplyStep) -> Self {
        self.steps.push(step);
        self
    }
}
