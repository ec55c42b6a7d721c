//! The answers that the emulator gives without a script: enough to see that both ways work.

use serde_json::{Map, Value, json};

use super::items::listed_tools;
use super::script::Reply;
use super::turn::TurnRequest;
use crate::protocol::{
    AllowedTools, ChosenTool, FunctionTool, Item, ListedTool, McpError, Modality, Role, Tool,
    ToolChoice,
};

/// Answers text with text and speech with the same speech; calls functions and tools of MCP
/// servers, and tells what they gave.
pub(super) fn answer(turn: &TurnRequest) -> Reply {
    let beep = || turn.output_format.beep();
    if let Some(output) = turn.function_output() {
        return say(turn, &format!("The function answered: {output}"), beep);
    }
    if let Some(outcome) = mcp_outcome(turn.items()) {
        return say(turn, &outcome, beep);
    }
    let said = turn.user_text();
    let tools = tools(turn, &said);
    if !tools.is_empty() {
        return tools
            .iter()
            .fold(Reply::new(), |reply, tool| tool.call(reply));
    }
    let speech = turn.user_audio();
    if !speech.is_empty() {
        let spoken = format!(
            "You spoke for {}.",
            seconds(turn.input_format.millis(speech.len()))
        );
        return say(turn, &spoken, || {
            turn.input_format.convert(&speech, turn.output_format)
        });
    }
    if said.is_empty() {
        return say(turn, "Hello! Say something, and I will repeat it.", beep);
    }
    say(turn, &format!("You said: {said}"), beep)
}

/// Says a text in the response's modality: as text, or as the transcript of `sound`.
fn say(turn: &TurnRequest, text: &str, sound: impl FnOnce() -> Vec<u8>) -> Reply {
    if turn.params().output_modalities.as_deref() == Some(&[Modality::Text]) {
        Reply::new().text(text)
    } else {
        Reply::new().audio(sound(), text)
    }
}

/// Tells the outcome of the latest MCP call since the user's last message, if there is one.
fn mcp_outcome(items: &[Item]) -> Option<String> {
    let is_user =
        |item: &Item| matches!(item, Item::Message(message) if message.role == Role::User);
    let mut since = items.iter().rev().take_while(|item| !is_user(item));
    since.find_map(|item| match item {
        Item::McpApprovalResponse(answer) if !answer.approve => {
            Some("The call was not approved.".to_owned())
        }
        Item::McpCall(call) => Some(match (&call.output, call.error.as_deref()) {
            (Some(output), _) => format!("The tool answered: {output}"),
            (None, Some(McpError::ToolExecution(error))) => {
                format!("The tool failed: {}", error.message)
            }
            (None, Some(_)) => "The tool could not be called.".to_owned(),
            (None, None) => "The call waits for approval.".to_owned(),
        }),
        _ => None,
    })
}

/// Tool that the answer can call.
#[derive(Clone, Copy)]
enum Callable<'t> {
    Function(&'t FunctionTool),
    /// Tool of the MCP server with this label.
    Mcp(&'t str, &'t ListedTool),
}

impl Callable<'_> {
    fn name(&self) -> &str {
        match self {
            Self::Function(function) => &function.name,
            Self::Mcp(_, tool) => &tool.name,
        }
    }

    /// Adds the call to a reply. A tool of an MCP server gives back its arguments.
    fn call(&self, reply: Reply) -> Reply {
        match self {
            Self::Function(function) => {
                reply.call(&function.name, arguments(function.parameters.as_ref()))
            }
            Self::Mcp(server_label, tool) => {
                let arguments = arguments(Some(&tool.input_schema));
                reply.mcp_call(*server_label, &tool.name, &arguments, &arguments)
            }
        }
    }

    fn is_chosen(&self, choice: &ChosenTool) -> bool {
        match (self, choice) {
            (Self::Function(function), ChosenTool::Function(chosen)) => {
                function.name == chosen.name
            }
            (Self::Mcp(server_label, tool), ChosenTool::Mcp(chosen)) => {
                *server_label == chosen.server_label
                    && chosen.name.as_ref().is_none_or(|name| *name == tool.name)
            }
            _ => false,
        }
    }
}

/// Returns the tools to call: those that the user names, at once, or the one that `tool_choice`
/// asks for.
fn tools<'t>(turn: &'t TurnRequest, said: &str) -> Vec<Callable<'t>> {
    let mut all = Vec::new();
    for tool in turn.params().tools.iter().flatten() {
        match tool {
            Tool::Function(function) => all.push(Callable::Function(function)),
            Tool::Mcp(server) => all.extend(
                listed_tools(turn.items(), &server.server_label)
                    .filter(|tool| is_allowed(server.allowed_tools.as_ref(), tool))
                    .map(|tool| Callable::Mcp(&server.server_label, tool)),
            ),
            Tool::Other(_) => {}
        }
    }
    let is_named = |tool: &Callable<'_>| !tool.name().is_empty() && said.contains(tool.name());
    let named: Vec<_> = all.iter().copied().filter(is_named).collect();
    match &turn.params().tool_choice {
        Some(ToolChoice::None) => Vec::new(),
        Some(ToolChoice::Required) if named.is_empty() => all.into_iter().take(1).collect(),
        Some(ToolChoice::Tool(choice)) => all
            .into_iter()
            .filter(|tool| tool.is_chosen(choice))
            .take(1)
            .collect(),
        _ => named,
    }
}

/// Returns true if the configuration of an MCP server allows its tool.
fn is_allowed(allowed: Option<&AllowedTools>, tool: &ListedTool) -> bool {
    let names = match allowed {
        Some(AllowedTools::Names(names)) => Some(names),
        Some(AllowedTools::Filter(filter)) => filter.tool_names.as_ref(),
        _ => None,
    };
    names.is_none_or(|names| names.contains(&tool.name))
}

/// A length in words, such as "1.4 seconds".
pub(super) fn seconds(millis: u64) -> String {
    let tenths = (millis + 50) / 100;
    format!("{}.{} seconds", tenths / 10, tenths % 10)
}

/// Arguments that fit the JSON Schema of a function, as JSON text.
fn arguments(parameters: Option<&Value>) -> String {
    let arguments = parameters.map_or_else(|| json!({}), |schema| example("", schema, 0));
    if arguments.is_object() {
        arguments.to_string()
    } else {
        "{}".to_owned()
    }
}

/// A value that fits a JSON Schema: what the schema itself gives as one, or the simplest of its
/// type.
fn example(name: &str, schema: &Value, depth: usize) -> Value {
    const DEEPEST: usize = 16;
    let given = ["const", "default"].iter().find_map(|key| schema.get(key));
    let listed = ["enum", "examples"]
        .iter()
        .find_map(|key| schema.get(key)?.get(0));
    if let Some(value) = given.or(listed) {
        return value.clone();
    }
    // `"type": ["string", "null"]` is how schemas write an optional value.
    let kind = match schema.get("type") {
        Some(Value::Array(kinds)) => kinds.first().and_then(Value::as_str),
        kind => kind.and_then(Value::as_str),
    };
    match kind {
        Some("string") => json!(name),
        Some("number" | "integer") => schema.get("minimum").cloned().unwrap_or(json!(1)),
        Some("boolean") => json!(true),
        Some("array") => json!([]),
        _ => {
            let properties = schema
                .get("properties")
                .and_then(Value::as_object)
                .filter(|_| depth < DEEPEST);
            let examples = properties
                .into_iter()
                .flatten()
                .map(|(name, schema)| (name.clone(), example(name, schema, depth + 1)));
            Value::Object(examples.collect::<Map<_, _>>())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::emulator::audio::SampleFormat;
    use crate::protocol::{ContentPart, FunctionCallOutput, Message, ResponseParams};

    fn turn(item: impl Into<Item>, params: ResponseParams) -> TurnRequest {
        let format = SampleFormat::default();
        TurnRequest {
            connection: 0,
            index: 0,
            params,
            items: vec![item.into()],
            input_format: format,
            output_format: format,
        }
    }

    fn user(part: ContentPart) -> Message {
        Message::default().role(Role::User).content([part])
    }

    fn text_params() -> ResponseParams {
        ResponseParams::default().output_modalities([Modality::Text])
    }

    fn weather() -> Tool {
        let parameters = json!({"type": "object", "properties": {
            "city": {"type": "string"},
            "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]},
            "days": {"type": "integer", "minimum": 3},
            "where": {"type": ["object", "null"], "properties": {"lat": {"type": "number"}}},
        }});
        Tool::function("weather", "What the weather is", parameters)
    }

    #[test]
    fn text_is_answered_in_the_modality_asked_for() {
        let hi = user(ContentPart::input_text("Hi"));
        assert_eq!(
            answer(&turn(hi.clone(), text_params())),
            Reply::new().text("You said: Hi")
        );
        let spoken = Reply::new().audio(SampleFormat::default().beep(), "You said: Hi");
        assert_eq!(answer(&turn(hi, ResponseParams::default())), spoken);
    }

    #[test]
    fn speech_is_played_back() {
        let speech: Vec<u8> = (0..=255).cycle().take(48 * 1_360).collect();
        let spoken = user(ContentPart::input_audio(
            crate::protocol::Audio::from_bytes(&speech),
        ));
        let reply = Reply::new().audio(speech, "You spoke for 1.4 seconds.");
        assert_eq!(
            answer(&turn(spoken.clone(), ResponseParams::default())),
            reply
        );
        assert_eq!(
            answer(&turn(spoken, text_params())),
            Reply::new().text("You spoke for 1.4 seconds.")
        );
    }

    #[test]
    fn functions_are_called_when_they_must_or_are_spoken_of() {
        let ask = |said: &str, choice: ToolChoice| {
            let params = text_params().tools([weather()]).tool_choice(choice);
            answer(&turn(user(ContentPart::input_text(said)), params))
        };
        let arguments = r#"{"city":"city","days":3,"unit":"celsius","where":{"lat":1}}"#;
        let call = Reply::new().call("weather", arguments);
        assert_eq!(ask("How is the weather?", ToolChoice::Auto), call);
        assert_eq!(ask("Hi", ToolChoice::Required), call);
        assert_eq!(ask("Hi", ToolChoice::function("weather")), call);
        assert_eq!(
            ask("Hi", ToolChoice::Auto),
            Reply::new().text("You said: Hi")
        );
        assert_eq!(
            ask("weather", ToolChoice::None),
            Reply::new().text("You said: weather")
        );
    }

    #[test]
    fn a_functions_output_is_told() {
        let output = FunctionCallOutput::default().call_id("c").output("sunny");
        let params = text_params()
            .tools([weather()])
            .tool_choice(ToolChoice::Required);
        assert_eq!(
            answer(&turn(output, params)),
            Reply::new().text("The function answered: sunny")
        );
    }

    #[test]
    fn any_schema_gives_an_object() {
        assert_eq!(arguments(None), "{}");
        assert_eq!(arguments(Some(&json!({"type": "string"}))), "{}");
        assert_eq!(arguments(Some(&json!({}))), "{}");
    }
}
