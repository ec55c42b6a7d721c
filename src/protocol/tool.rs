//! Tools: what the model may call, and which it must.

use std::collections::BTreeMap;

use serde_json::Value;

use super::record::record;
use super::union::union;
use super::words::{choice, open_enum};
use crate::secret::Secret;

/// Entry of OpenAI's reference that shows the types of this file.
macro_rules! reference {
    () => {
        "https://developers.openai.com/api/reference/resources/realtime/client-events#session.update"
    };
}

union! {
    /// Tool that the model may call.
    pub enum Tool {
        /// Function of the client. The model calls it by `function_call` items, and the client
        /// answers with `function_call_output`.
        "function" => Function(FunctionTool) {
            /// Name that the model calls it by.
            name: String,
            /// Description of its purpose, and of the time to call it.
            description?: String,
            /// JSON Schema of the arguments.
            parameters?: Value,
        }

        /// Tools of an MCP server, which the service itself calls. One of
        /// [`server_url`](McpTool::server_url), [`connector_id`](McpTool::connector_id) and
        /// [`tunnel_id`](McpTool::tunnel_id) says where it is.
        "mcp" => Mcp(McpTool) {
            /// Name of the server in tool calls.
            server_label: String,
            /// Purpose of the server.
            server_description?: String,
            /// URL of the server.
            server_url?: String,
            /// Server that the service runs itself.
            connector_id?: McpConnector,
            /// Secure tunnel to the server.
            tunnel_id?: String,
            /// OAuth access token for the server.
            authorization?: Secret,
            /// Further HTTP headers for the server.
            headers?: BTreeMap<String, Secret>,
            /// Tools that the model may call. If absent, all.
            allowed_tools?: AllowedTools,
            /// Callers that may call the tools.
            allowed_callers?: Vec<ToolCaller>,
            /// Calls that wait for an `mcp_approval_response` of the client.
            require_approval?: RequireApproval,
            /// True if tool search finds the tools only when they are needed.
            defer_loading?: bool,
        }
    }
}

impl Tool {
    /// Returns a function of the client, with the JSON Schema of its arguments.
    #[must_use]
    pub fn function(
        name: impl Into<String>,
        description: impl Into<String>,
        parameters: Value,
    ) -> Self {
        FunctionTool::default()
            .name(name)
            .description(description)
            .parameters(parameters)
            .into()
    }

    /// Returns all tools of the MCP server at a URL.
    #[must_use]
    pub fn mcp(server_label: impl Into<String>, server_url: impl Into<String>) -> Self {
        McpTool::default()
            .server_label(server_label)
            .server_url(server_url)
            .into()
    }
}

open_enum! {
    /// MCP server that the service runs itself.
    pub enum McpConnector {
        Dropbox = "connector_dropbox",
        Gmail = "connector_gmail",
        GoogleCalendar = "connector_googlecalendar",
        GoogleDrive = "connector_googledrive",
        MicrosoftTeams = "connector_microsoftteams",
        OutlookCalendar = "connector_outlookcalendar",
        OutlookEmail = "connector_outlookemail",
        SharePoint = "connector_sharepoint",
    }
}

open_enum! {
    /// Caller of a tool.
    pub enum ToolCaller {
        Direct = "direct",
        Programmatic = "programmatic",
    }
}

record! {
    /// Tools, by name or by what they do.
    pub struct ToolFilter {
        /// Only tools that change nothing, by their own account.
        read_only?: bool,
        /// Only the tools of these names.
        tool_names?: Vec<String>,
    }
}

choice! {
    /// Tools of an MCP server that the model may call.
    pub enum AllowedTools {
        /// Tools of these names.
        Names(Vec<String>) = Array,
        /// Tools that the filter lets through.
        Filter(ToolFilter) = Object,
    }
}

choice! {
    /// Calls of an MCP server's tools that wait for the client's approval.
    pub enum RequireApproval {
        /// All calls.
        Always = "always",
        /// No calls.
        Never = "never",
        /// Calls that the filter names.
        Filter(ApprovalFilter) = Object,
    }
}

record! {
    /// Calls that wait for approval, tool by tool.
    pub struct ApprovalFilter {
        /// Calls that wait.
        always?: ToolFilter,
        /// Calls that do not wait.
        never?: ToolFilter,
    }
}

choice! {
    /// Choice of tools: whether the model calls one, and which.
    pub enum ToolChoice {
        /// The model calls no tool.
        None = "none",
        /// The model decides.
        Auto = "auto",
        /// The model must call a tool.
        Required = "required",
        /// This tool.
        Tool(ChosenTool) = Object,
    }
}

union! {
    /// Tool that the model must call.
    pub enum ChosenTool {
        /// Function.
        "function" => Function(ChosenFunction) {
            /// Name.
            name: String,
        }

        /// Tool of an MCP server.
        "mcp" => Mcp(ChosenMcpTool) {
            /// Label of the server.
            server_label: String,
            /// Name of the tool. If absent, any tool of the server.
            name?: String,
        }
    }
}

impl ToolChoice {
    /// Returns the choice of the function with this name.
    #[must_use]
    pub fn function(name: impl Into<String>) -> Self {
        Self::Tool(ChosenFunction::default().name(name).into())
    }

    /// Returns the choice of the tool with this name on this MCP server.
    #[must_use]
    pub fn mcp(server_label: impl Into<String>, name: impl Into<String>) -> Self {
        Self::Tool(
            ChosenMcpTool::default()
                .server_label(server_label)
                .name(name)
                .into(),
        )
    }
}
