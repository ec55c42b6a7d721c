//! Tools: what the model can do in the page.

use js_sys::Date;
use openai_realtime_ws::conversation::Tools;
use openai_realtime_ws::protocol::FunctionTool;
use serde::Deserialize;
use serde_json::json;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

#[derive(Deserialize)]
struct Paint {
    color: String,
}

/// Returns the tools.
pub fn tools() -> Tools {
    let time = FunctionTool::default()
        .name("local_time")
        .description("Date and time where the user is")
        .parameters(json!({"type": "object", "properties": {}}));
    let color = FunctionTool::default()
        .name("page_color")
        .description("Changes the color of the page's buttons and of the user's messages")
        .parameters(
            json!({"type": "object", "required": ["color"], "properties":
            {"color": {"type": "string", "description": "A color of CSS", "examples": ["teal"]}}}),
        );
    Tools::new()
        .function(time, |(): ()| async {
            String::from(Date::new_0().to_string())
        })
        .function(color, |paint: Paint| async move { set_color(&paint.color) })
}

/// Changes the color that the style sheet calls the accent.
fn set_color(color: &str) -> Result<(), &'static str> {
    let document = web_sys::window().and_then(|window| window.document());
    let root = document.and_then(|document| document.document_element());
    let root = root.and_then(|root| root.dyn_into::<HtmlElement>().ok());
    let style = root.ok_or("there is no page")?.style();
    let set = style.set_property("--accent", color);
    set.map_err(|_| "the page cannot be painted")
}
