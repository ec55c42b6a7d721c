//! The conversation's items and what they contain.

use serde_json::Value;

use super::record::record;
use super::union::union;
use super::words::open_enum;
use super::{Audio, AudioFormat};

/// Entry of OpenAI's reference that shows the types of this file.
macro_rules! reference {
    () => {
        "https://developers.openai.com/api/reference/resources/realtime/client-events#conversation.item.create"
    };
}

union! {
    /// Item of the conversation.
    pub enum Item {
        /// Message of a person, the model or the system.
        "message" => Message {
            /// ID of the item. If absent, the server makes one.
            id?: String,
            /// Kind of object: `realtime.item`.
            object?: String,
            /// Status.
            status?: ItemStatus,
            /// Role of the speaker.
            role: Role,
            /// Phase of the model's message: commentary or reply.
            phase?: Phase,
            /// Content parts.
            content: Vec<ContentPart>,
        }

        /// Call of a function of the client.
        "function_call" => FunctionCall {
            /// ID of the item. If absent, the server makes one.
            id?: String,
            /// Kind of object: `realtime.item`.
            object?: String,
            /// Status.
            status?: ItemStatus,
            /// ID of the call, which the output names.
            call_id?: String,
            /// Name of the function.
            name: String,
            /// Arguments, as JSON text.
            arguments: String,
        }

        /// Output of a function call.
        "function_call_output" => FunctionCallOutput {
            /// ID of the item. If absent, the server makes one.
            id?: String,
            /// Kind of object: `realtime.item`.
            object?: String,
            /// Status.
            status?: ItemStatus,
            /// ID of the call that it answers.
            call_id: String,
            /// Output of the function, as free text.
            output: String,
        }

        /// Request for the client's approval of an MCP tool call.
        "mcp_approval_request" => McpApprovalRequest {
            /// ID of the item, which the approval names.
            id: String,
            /// Label of the server.
            server_label: String,
            /// Name of the tool.
            name: String,
            /// Arguments, as JSON text.
            arguments: String,
        }

        /// Approval or refusal of an MCP tool call by the client.
        "mcp_approval_response" => McpApprovalResponse {
            /// ID of the item.
            id: String,
            /// ID of the request that it answers.
            approval_request_id: String,
            /// True if the tool may be called.
            approve: bool,
            /// Reason.
            reason?: String,
        }

        /// Tools that an MCP server has.
        "mcp_list_tools" => McpListTools {
            /// ID of the item.
            id?: String,
            /// Label of the server.
            server_label: String,
            /// Tools of the server.
            tools: Vec<ListedTool>,
        }

        /// Call of an MCP server's tool, with its outcome.
        "mcp_call" => McpCall {
            /// ID of the item.
            id: String,
            /// Label of the server.
            server_label: String,
            /// Name of the tool.
            name: String,
            /// Arguments, as JSON text.
            arguments: String,
            /// ID of the approval request that went before.
            approval_request_id?: String,
            /// Output of the tool.
            output?: String,
            /// Details of the error.
            error?: Box<McpError>,
        }

        /// Reference to an item of the conversation, as input of a response.
        "item_reference" => ItemReference {
            /// ID of the item.
            id: String,
        }
    }
}

impl Item {
    /// Returns the status, if the item has one.
    #[must_use]
    pub fn status(&self) -> Option<&ItemStatus> {
        match self {
            Self::Message(item) => item.status.as_ref(),
            Self::FunctionCall(item) => item.status.as_ref(),
            Self::FunctionCallOutput(item) => item.status.as_ref(),
            _ => None,
        }
    }

    /// Returns the role of a message.
    #[must_use]
    pub fn role(&self) -> Option<&Role> {
        match self {
            Self::Message(item) => Some(&item.role),
            _ => None,
        }
    }

    /// Returns the item's ID, if it has one.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        let id = match self {
            Self::Message(item) => item.id.as_deref(),
            Self::FunctionCall(item) => item.id.as_deref(),
            Self::FunctionCallOutput(item) => item.id.as_deref(),
            Self::McpApprovalRequest(item) => Some(item.id.as_str()),
            Self::McpApprovalResponse(item) => Some(item.id.as_str()),
            Self::McpListTools(item) => item.id.as_deref(),
            Self::McpCall(item) => Some(item.id.as_str()),
            Self::ItemReference(item) => Some(item.id.as_str()),
            Self::Other(item) => item.get("id").and_then(Value::as_str),
        };
        id.filter(|id| !id.is_empty())
    }

    /// Sets the item's ID.
    pub(crate) fn set_id(&mut self, id: &str) {
        let id = id.to_owned();
        match self {
            Self::Message(item) => item.id = Some(id),
            Self::FunctionCall(item) => item.id = Some(id),
            Self::FunctionCallOutput(item) => item.id = Some(id),
            Self::McpListTools(item) => item.id = Some(id),
            Self::McpApprovalRequest(item) => item.id = id,
            Self::McpApprovalResponse(item) => item.id = id,
            Self::McpCall(item) => item.id = id,
            Self::ItemReference(item) => item.id = id,
            Self::Other(Value::Object(members)) => {
                members.insert("id".to_owned(), id.into());
            }
            Self::Other(_) => {}
        }
    }
}

impl Message {
    /// Returns a message of one part.
    #[must_use]
    pub fn new(role: Role, part: ContentPart) -> Self {
        Self::default().role(role).content([part])
    }

    /// Returns a message of the user.
    #[must_use]
    pub fn user(part: ContentPart) -> Self {
        Self::new(Role::User, part)
    }

    /// Returns a message of the system for the model.
    #[must_use]
    pub fn system(part: ContentPart) -> Self {
        Self::new(Role::System, part)
    }

    /// Returns a message of the model.
    #[must_use]
    pub fn assistant(part: ContentPart) -> Self {
        Self::new(Role::Assistant, part)
    }

    /// Returns the message's words: the text, or else the transcript, of each part.
    #[must_use]
    pub fn text(&self) -> String {
        self.content
            .iter()
            .filter_map(ContentPart::as_text)
            .collect()
    }
}

open_enum! {
    /// Status of an item.
    pub enum ItemStatus {
        Completed = "completed",
        Incomplete = "incomplete",
        InProgress = "in_progress",
    }
}

open_enum! {
    /// Role of the speaker.
    pub enum Role {
        User = "user",
        Assistant = "assistant",
        System = "system",
    }
}

open_enum! {
    /// Phase of a message of the model.
    pub enum Phase {
        /// Remark on the way to the reply.
        Commentary = "commentary",
        /// Reply.
        FinalAnswer = "final_answer",
    }
}

record! {
    /// Part of a message.
    pub struct ContentPart {
        /// Kind of the part.
        kind as "type": ContentType,
        /// Text of a text part.
        text?: String,
        /// Audio of an audio part, in the session's format.
        audio?: Audio,
        /// Transcript of an audio part.
        transcript?: String,
        /// Image of an image part, PNG or JPEG, as a data URI.
        image_url?: String,
        /// Detail in which the model looks at the image.
        detail?: ImageDetail,
        /// Format of the audio. Some servers add it.
        format?: AudioFormat,
    }
}

open_enum! {
    /// Kind of a content part.
    pub enum ContentType {
        /// Text of the user or the system.
        InputText = "input_text",
        /// Speech of the user.
        InputAudio = "input_audio",
        /// Image of the user.
        InputImage = "input_image",
        /// Text of the model.
        OutputText = "output_text",
        /// Speech of the model.
        OutputAudio = "output_audio",
        /// Text of the model, in `response.content_part` events and older servers' items.
        Text = "text",
        /// Speech of the model, in `response.content_part` events and older servers' items.
        Audio = "audio",
    }
}

open_enum! {
    /// Detail in which the model looks at an image.
    pub enum ImageDetail {
        Auto = "auto",
        Low = "low",
        High = "high",
        Original = "original",
    }
}

impl ContentPart {
    /// Returns text of the user or the system.
    #[must_use]
    pub fn input_text(text: impl Into<String>) -> Self {
        Self::default().kind(ContentType::InputText).text(text)
    }

    /// Returns speech of the user.
    #[must_use]
    pub fn input_audio(audio: impl Into<Audio>) -> Self {
        Self::default().kind(ContentType::InputAudio).audio(audio)
    }

    /// Returns an image of the user, PNG or JPEG, as a data URI.
    #[must_use]
    pub fn input_image(data_uri: impl Into<String>) -> Self {
        Self::default()
            .kind(ContentType::InputImage)
            .image_url(data_uri)
    }

    /// Returns text of the model.
    #[must_use]
    pub fn output_text(text: impl Into<String>) -> Self {
        Self::default().kind(ContentType::OutputText).text(text)
    }

    /// Returns the part's text, or else its transcript.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        self.text
            .as_deref()
            .filter(|text| !text.is_empty())
            .or(self.transcript.as_deref())
    }
}

record! {
    /// Tool of an MCP server.
    pub struct ListedTool {
        /// Name.
        name: String,
        /// Description of its purpose.
        description?: String,
        /// JSON Schema of the arguments.
        input_schema: Value,
        /// Annotations of the server.
        annotations?: Value,
    }
}

union! {
    /// Error of a failed MCP tool call.
    pub enum McpError {
        /// Violation of the protocol by the server.
        "protocol_error" => Protocol(McpProtocolError) {
            /// Code of the JSON-RPC error.
            code: i64,
            /// Description for a person.
            message: String,
        }

        /// Failure of the tool.
        "tool_execution_error" => ToolExecution(McpToolExecutionError) {
            /// Description for a person.
            message: String,
        }

        /// Failure of the server's HTTP.
        "http_error" => Http(McpHttpError) {
            /// HTTP status.
            code: i64,
            /// Description for a person.
            message: String,
        }
    }
}

record! {
    /// Conversation.
    pub struct Conversation {
        /// ID.
        id: String,
        /// Kind of object: `realtime.conversation`.
        object?: String,
    }
}

record! {
    /// Language that was heard.
    pub struct DetectedLanguage {
        /// Code of the language.
        code: String,
    }
}

record! {
    /// Log probability of a token.
    pub struct LogProb {
        /// Token.
        token: String,
        /// UTF-8 bytes of the token.
        bytes: Vec<u8>,
        /// Natural logarithm of the token's probability.
        logprob: f64,
    }
}
