//! Detection of the runtime and of its capabilities, by the globals that the official SDK looks at.

use js_sys::{Function, Reflect, Symbol};
use wasm_bindgen::{JsCast, JsValue};

use crate::transport::Runtime;

// The tests of contracts 31 and 35 hold these rules against the SDK's.

/// Returns the runtime that this program runs in.
pub(crate) fn detect() -> Runtime {
    let browser = is_page() || is_browser_worker();
    let headers = !browser && takes_headers();
    Runtime::JavaScript { headers, browser }
}

fn is_page() -> bool {
    is_there(&["window", "document"]) && is_there(&["navigator"])
}

/// Returns true in a dedicated, shared or service worker of a page.
fn is_browser_worker() -> bool {
    let agent = get(&["navigator", "userAgent"]).and_then(|agent| agent.as_string());
    !is_server()
        && is_instance(&js_sys::global().into(), "WorkerGlobalScope")
        && get(&["navigator"]).is_some_and(|navigator| is_instance(&navigator, "WorkerNavigator"))
        && agent.is_some_and(|agent| !agent.starts_with("Cloudflare-Workers"))
}

/// Returns true in Node, Bun, Deno, Cloudflare Workers and other edge runtimes.
fn is_server() -> bool {
    is_there(&["Deno"])
        || is_there(&["Bun"])
        || is_there(&["process", "versions", "node"])
        || is_edge()
}

fn is_edge() -> bool {
    is_there(&["EdgeRuntime"]) || is_there(&["WebSocketPair"])
}

/// Returns true if the second argument of `new WebSocket` may be `{ protocols, headers }`.
fn takes_headers() -> bool {
    if is_edge() {
        return false;
    }
    match get(&["Deno", "version", "deno"]).and_then(|version| version.as_string()) {
        // Deno takes headers from 2.5 on.
        Some(version) => is_at_least(&version, (2, 5)),
        None => is_there(&["Bun"]) || is_there(&["process", "versions", "node"]),
    }
}

fn is_at_least(version: &str, wanted: (u32, u32)) -> bool {
    let mut numbers = version.split('.').map_while(|number| number.parse().ok());
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)) >= wanted
}

/// Returns the value at a path of properties from the global object, unless it is undefined, null
/// or not readable.
fn get(path: &[&str]) -> Option<JsValue> {
    path.iter()
        .try_fold(js_sys::global().into(), |object: JsValue, name| {
            let value = Reflect::get(&object, &JsValue::from_str(name)).ok()?;
            (!value.is_undefined() && !value.is_null()).then_some(value)
        })
}

fn is_there(path: &[&str]) -> bool {
    get(path).is_some()
}

/// Returns the result of `value instanceof class`, which a class may answer by
/// `Symbol.hasInstance`.
fn is_instance(value: &JsValue, class: &str) -> bool {
    let Some(class) = get(&[class]).filter(JsValue::is_function) else {
        return false;
    };
    // Asked as JavaScript's `instanceof` asks: classes may answer by themselves, across realms.
    let answer = Reflect::get(&class, &Symbol::has_instance())
        .and_then(JsCast::dyn_into::<Function>)
        .and_then(|has_instance| has_instance.call1(&class, value));
    answer.is_ok_and(|answer| answer.is_truthy())
}
