//! The conversation's items and what they contain.

use serde_json::Value;

use super::record::record;
use super::union::union;
use super::words::open_enum;
use super::{Audio, AudioFormat};

union! {
    /// One entry of the conversation.
    pub enum Item {
        /// What a person, the model or the system said.
        "message" => Message {
            /// The item's id; the server makes one if it is absent.
            id?: String,
            /// The kind of object, `realtime.item`.
            object?: String,
            /// How far it is.
            status?: ItemStatus,
            /// Who speaks.
            role: Role,
            /// Whether the model thinks aloud or replies.
            phase?: Phase,
            /// What is said.
            content: Vec<ContentPart>,
        }

        /// The model calls a function of the client's.
        "function_call" => FunctionCall {
            /// The item's id; the server makes one if it is absent.
            id?: String,
            /// The kind of object, `realtime.item`.
            object?: String,
            /// How far it is.
            status?: ItemStatus,
            /// The call's id, which the answer names.
            call_id?: String,
            /// The function's name.
            name: String,
            /// The arguments: JSON, in text.
            arguments: String,
        }

        /// The answer to a function call.
        "function_call_output" => FunctionCallOutput {
            /// The item's id; the server makes one if it is absent.
            id?: String,
            /// The kind of object, `realtime.item`.
            object?: String,
            /// How far it is.
            status?: ItemStatus,
            /// The id of the call that it answers.
            call_id: String,
            /// What the function gave, in free text.
            output: String,
        }

        /// An MCP server's tool is to be called, if the client approves.
        "mcp_approval_request" => McpApprovalRequest {
            /// The item's id, which the approval names.
            id: String,
            /// The server.
            server_label: String,
            /// The tool's name.
            name: String,
            /// The arguments: JSON, in text.
            arguments: String,
        }

        /// The client approves of a tool call, or does not.
        "mcp_approval_response" => McpApprovalResponse {
            /// The item's id.
            id: String,
            /// The id of the request that it answers.
            approval_request_id: String,
            /// Whether the tool may be called.
            approve: bool,
            /// Why.
            reason?: String,
        }

        /// The tools that an MCP server has.
        "mcp_list_tools" => McpListTools {
            /// The item's id.
            id?: String,
            /// The server.
            server_label: String,
            /// Its tools.
            tools: Vec<ListedTool>,
        }

        /// A call of an MCP server's tool, and what came of it.
        "mcp_call" => McpCall {
            /// The item's id.
            id: String,
            /// The server.
            server_label: String,
            /// The tool's name.
            name: String,
            /// The arguments: JSON, in text.
            arguments: String,
            /// The id of the approval request that went before.
            approval_request_id?: String,
            /// What the tool gave.
            output?: String,
            /// What went wrong.
            error?: Box<McpError>,
        }

        /// An item of the conversation, by its id, as input of a response.
        "item_reference" => ItemReference {
            /// The item's id.
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
}

impl Message {
    /// A message of one part.
    pub fn new(role: Role, part: ContentPart) -> Self {
        Self::default().role(role).content([part])
    }

    /// What the user says.
    pub fn user(part: ContentPart) -> Self {
        Self::new(Role::User, part)
    }

    /// What the system says to the model.
    pub fn system(part: ContentPart) -> Self {
        Self::new(Role::System, part)
    }

    /// What the model says.
    pub fn assistant(part: ContentPart) -> Self {
        Self::new(Role::Assistant, part)
    }

    /// What is written or said in the message: the text, or else the transcript, of each part.
    pub fn text(&self) -> String {
        self.content
            .iter()
            .filter_map(ContentPart::as_text)
            .collect()
    }
}

open_enum! {
    /// How far an item is.
    pub enum ItemStatus {
        Completed = "completed",
        Incomplete = "incomplete",
        InProgress = "in_progress",
    }
}

open_enum! {
    /// Who speaks.
    pub enum Role {
        User = "user",
        Assistant = "assistant",
        System = "system",
    }
}

open_enum! {
    /// What a message of the model is.
    pub enum Phase {
        /// A remark on the way.
        Commentary = "commentary",
        /// The reply.
        FinalAnswer = "final_answer",
    }
}

record! {
    /// A part of a message.
    pub struct ContentPart {
        /// What kind of part it is.
        kind as "type": ContentType,
        /// The text of a text part.
        text?: String,
        /// The audio of an audio part, in the session's format.
        audio?: Audio,
        /// What is said in an audio part.
        transcript?: String,
        /// The image of an image part, PNG or JPEG, as a data URI.
        image_url?: String,
        /// How closely the image is looked at.
        detail?: ImageDetail,
        /// The audio's format, as some servers add it.
        format?: AudioFormat,
    }
}

open_enum! {
    /// The kind of a content part.
    pub enum ContentType {
        /// Text of the user or the system.
        InputText = "input_text",
        /// Speech of the user.
        InputAudio = "input_audio",
        /// A picture of the user's.
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
    /// How closely an image is looked at.
    pub enum ImageDetail {
        Auto = "auto",
        Low = "low",
        High = "high",
        Original = "original",
    }
}

impl ContentPart {
    /// Text of the user or the system.
    pub fn input_text(text: impl Into<String>) -> Self {
        Self::default().kind(ContentType::InputText).text(text)
    }

    /// Speech of the user.
    pub fn input_audio(audio: impl Into<Audio>) -> Self {
        Self::default().kind(ContentType::InputAudio).audio(audio)
    }

    /// A picture of the user's, PNG or JPEG, as a data URI.
    pub fn input_image(data_uri: impl Into<String>) -> Self {
        Self::default()
            .kind(ContentType::InputImage)
            .image_url(data_uri)
    }

    /// Text of the model.
    pub fn output_text(text: impl Into<String>) -> Self {
        Self::default().kind(ContentType::OutputText).text(text)
    }

    /// What is written or said in the part: its text, or else its transcript.
    pub fn as_text(&self) -> Option<&str> {
        self.text
            .as_deref()
            .filter(|text| !text.is_empty())
            .or(self.transcript.as_deref())
    }
}

record! {
    /// A tool of an MCP server.
    pub struct ListedTool {
        /// Its name.
        name: String,
        /// What it does.
        description?: String,
        /// The JSON Schema of its arguments.
        input_schema: Value,
        /// What else the server says of it.
        annotations?: Value,
    }
}

union! {
    /// Why a call of an MCP server's tool failed.
    pub enum McpError {
        /// The server did not keep to the protocol.
        "protocol_error" => Protocol(McpProtocolError) {
            /// The JSON-RPC error's code.
            code: i64,
            /// What happened.
            message: String,
        }

        /// The tool failed.
        "tool_execution_error" => ToolExecution(McpToolExecutionError) {
            /// What happened.
            message: String,
        }

        /// The server's HTTP did.
        "http_error" => Http(McpHttpError) {
            /// The HTTP status.
            code: i64,
            /// What happened.
            message: String,
        }
    }
}

record! {
    /// A conversation.
    pub struct Conversation {
        /// Its id.
        id: String,
        /// The kind of object, `realtime.conversation`.
        object?: String,
    }
}

record! {
    /// A language that was heard.
    pub struct DetectedLanguage {
        /// Its code.
        code: String,
    }
}

record! {
    /// How sure the model is of a token.
    pub struct LogProb {
        /// The token.
        token: String,
        /// Its bytes, as UTF-8.
        bytes: Vec<u8>,
        /// The natural logarithm of its probability.
        logprob: f64,
    }
}
