//! Tools: what the model may call, and which it must.

use std::collections::BTreeMap;

use serde_json::Value;

use super::record::record;
use super::union::union;
use super::words::{choice, open_enum};
use crate::secret::Secret;

union! {
    /// A tool that the model may call.
    pub enum Tool {
        /// A function of the client's own. The model's calls come as `function_call` items, and the client answers with
        /// `function_call_output`.
        "function" => Function(FunctionTool) {
            /// The name by which the model calls it.
            name: String,
            /// What it does, and when to call it.
            description?: String,
            /// The JSON Schema of its arguments.
            parameters?: Value,
        }

        /// The tools of an MCP server, which the service itself calls. One of [`server_url`](McpTool::server_url),
        /// [`connector_id`](McpTool::connector_id) and [`tunnel_id`](McpTool::tunnel_id) says where it is.
        "mcp" => Mcp(McpTool) {
            /// The name by which tool calls speak of this server.
            server_label: String,
            /// What the server is for.
            server_description?: String,
            /// The server's address.
            server_url?: String,
            /// A server that the service runs itself.
            connector_id?: McpConnector,
            /// A secure tunnel to the server.
            tunnel_id?: String,
            /// An OAuth access token for the server.
            authorization?: Secret,
            /// Further HTTP headers for the server.
            headers?: BTreeMap<String, Secret>,
            /// Which of its tools the model may call; all if absent.
            allowed_tools?: AllowedTools,
            /// From where the tools may be called.
            allowed_callers?: Vec<ToolCaller>,
            /// Which calls wait for an `mcp_approval_response` of the client.
            require_approval?: RequireApproval,
            /// Whether the tools are found by tool search only when needed.
            defer_loading?: bool,
        }
    }
}

impl Tool {
    /// A function of the client's own, with the JSON Schema of its arguments.
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

    /// All tools of the MCP server at an address.
    pub fn mcp(server_label: impl Into<String>, server_url: impl Into<String>) -> Self {
        McpTool::default()
            .server_label(server_label)
            .server_url(server_url)
            .into()
    }
}

open_enum! {
    /// An MCP server that the service runs itself.
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
    /// From where a tool is called.
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
    /// Which of an MCP server's tools the model may call.
    pub enum AllowedTools {
        /// Those of these names.
        Names(Vec<String>) = Array,
        /// Those that the filter lets through.
        Filter(ToolFilter) = Object,
    }
}

choice! {
    /// Which calls of an MCP server's tools wait for the client's approval.
    pub enum RequireApproval {
        /// All.
        Always = "always",
        /// None.
        Never = "never",
        /// It depends on the tool.
        Filter(ApprovalFilter) = Object,
    }
}

record! {
    /// Which calls wait for approval, tool by tool.
    pub struct ApprovalFilter {
        /// Those that wait.
        always?: ToolFilter,
        /// Those that do not.
        never?: ToolFilter,
    }
}

choice! {
    /// Whether the model calls a tool, and which.
    pub enum ToolChoice {
        /// None.
        None = "none",
        /// As the model decides.
        Auto = "auto",
        /// Some tool, whichever.
        Required = "required",
        /// This one.
        Tool(ChosenTool) = Object,
    }
}

union! {
    /// The tool that the model must call.
    pub enum ChosenTool {
        /// A function.
        "function" => Function(ChosenFunction) {
            /// Its name.
            name: String,
        }

        /// A tool of an MCP server.
        "mcp" => Mcp(ChosenMcpTool) {
            /// The server.
            server_label: String,
            /// The tool's name; any of the server's if absent.
            name?: String,
        }
    }
}

impl ToolChoice {
    /// The function of this name.
    pub fn function(name: impl Into<String>) -> Self {
        Self::Tool(ChosenFunction::default().name(name).into())
    }

    /// The tool of this name on this MCP server.
    pub fn mcp(server_label: impl Into<String>, name: impl Into<String>) -> Self {
        Self::Tool(
            ChosenMcpTool::default()
                .server_label(server_label)
                .name(name)
                .into(),
        )
    }
}
