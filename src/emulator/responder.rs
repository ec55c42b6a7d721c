//! What the emulator answers without a script: enough to see that both ways work.

use serde_json::{Map, Value, json};

use super::audio::Format;
use super::conversation::{audio, text};
use super::script::Reply;
use crate::protocol::{
    ChosenTool, FunctionTool, Item, Message, Modality, ResponseParams, Role, Tool, ToolChoice,
};

/// What a response is asked to answer.
#[derive(Debug, Clone)]
pub struct Turn {
    pub(super) connection: usize,
    pub(super) index: usize,
    pub(super) params: ResponseParams,
    pub(super) items: Vec<Item>,
    pub(super) input_format: Format,
    pub(super) output_format: Format,
}

impl Turn {
    /// Which of the emulator's connections it is on, from 0.
    pub fn connection(&self) -> usize {
        self.connection
    }

    /// Which of its connection's responses it is, from 0.
    pub fn index(&self) -> usize {
        self.index
    }

    /// What the response is to be like: as the client asked, and otherwise as the session says.
    pub fn params(&self) -> &ResponseParams {
        &self.params
    }

    /// What stands before the response: the conversation, or the client's own `input`. Audio is included.
    pub fn items(&self) -> &[Item] {
        &self.items
    }

    /// The text of the last message of the user; empty if it has none.
    pub fn user_text(&self) -> String {
        self.last_message().map(text).unwrap_or_default()
    }

    /// The audio of the last message of the user, in the session's input format; empty if it has none.
    pub fn user_audio(&self) -> Vec<u8> {
        self.last_message().map(audio).unwrap_or_default()
    }

    /// What a function gave, if that is the last item.
    pub fn function_output(&self) -> Option<&str> {
        match self.items.last()? {
            Item::FunctionCallOutput(output) => Some(&output.output),
            _ => None,
        }
    }

    fn last_message(&self) -> Option<&Message> {
        self.items.iter().rev().find_map(|item| match item {
            Item::Message(message) if message.role == Role::User => Some(message),
            _ => None,
        })
    }

    /// The function to call: the one that must be, or one that the user speaks of.
    fn function(&self, said: &str) -> Option<&FunctionTool> {
        let functions = || {
            self.params
                .tools
                .iter()
                .flatten()
                .filter_map(|tool| match tool {
                    Tool::Function(function) => Some(function),
                    _ => None,
                })
        };
        let spoken_of = || {
            functions().find(|function| !function.name.is_empty() && said.contains(&function.name))
        };
        match &self.params.tool_choice {
            Some(ToolChoice::None) => None,
            Some(ToolChoice::Required) => spoken_of().or_else(|| functions().next()),
            Some(ToolChoice::Tool(ChosenTool::Function(chosen))) => {
                functions().find(|function| function.name == chosen.name)
            }
            _ => spoken_of(),
        }
    }

    /// Says something in the response's modality: speech is `sound`, and the text its transcript.
    fn say(&self, text: &str, sound: impl FnOnce() -> Vec<u8>) -> Reply {
        if self.params.output_modalities.as_deref() == Some(&[Modality::Text]) {
            Reply::new().text(text)
        } else {
            Reply::new().audio(sound(), text)
        }
    }
}

/// Answers text with text and speech with the same speech; calls functions, and tells what they gave.
pub fn answer(turn: &Turn) -> Reply {
    let beep = || turn.output_format.beep();
    if let Some(output) = turn.function_output() {
        return turn.say(&format!("The function answered: {output}"), beep);
    }
    let said = turn.user_text();
    if let Some(function) = turn.function(&said) {
        return Reply::new().call(&function.name, arguments(function.parameters.as_ref()));
    }
    let speech = turn.user_audio();
    if !speech.is_empty() {
        let spoken = format!(
            "You spoke for {}.",
            seconds(turn.input_format.millis(speech.len()))
        );
        return turn.say(&spoken, || {
            turn.input_format.convert(&speech, turn.output_format)
        });
    }
    if said.is_empty() {
        return turn.say("Hello! Say something, and I will repeat it.", beep);
    }
    turn.say(&format!("You said: {said}"), beep)
}

/// A length in words, such as "1.4 seconds".
pub fn seconds(millis: u64) -> String {
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

/// A value that fits a JSON Schema: what the schema itself gives as one, or the simplest of its type.
fn example(name: &str, schema: &Value, depth: usize) -> Value {
    const DEEPEST: usize = 16;
    let given = ["const", "default"].iter().find_map(|key| schema.get(key));
    let listed = ["enum", "examples"]
        .iter()
        .find_map(|key| schema.get(key)?.get(0));
    if let Some(value) = given.or(listed) {
        return value.clone();
    }
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
    use crate::protocol::{ContentPart, FunctionCallOutput};

    fn turn(item: impl Into<Item>, params: ResponseParams) -> Turn {
        let format = Format::default();
        Turn {
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
        let spoken = Reply::new().audio(Format::default().beep(), "You said: Hi");
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
