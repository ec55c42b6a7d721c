//! The core of the npm package: what its class, in the JavaScript beside this file, asks of the crate.
//!
//! The class runs on the runtime's own `WebSocket` and `JSON`, so that listeners run inside the socket's callback and no
//! event crosses into wasm. What crosses is where to connect and with what, and what to do when a connection breaks:
//! the rules of `endpoint` and `connection`, which hold on every transport.

use js_sys::Array;
use wasm_bindgen::prelude::*;

mod recovery;

pub use recovery::Recovery;

use super::{runtime, socket};
use crate::config::{Config, ConfigError, Credential, Target};
use crate::protocol::{Protocol, Realtime};
use crate::transport::Runtime;

/// Whether a key may be used in this runtime (contracts 35 to 37).
#[wasm_bindgen]
pub fn may_use(key: &str, consent: Option<bool>) -> bool {
    let config = with_consent(Config::new(""), consent);
    config.guard(key, runtime::detect()).is_ok()
}

/// The URL of a target: its kind, `model`, `call` or `transcription`, and its name.
///
/// # Errors
/// The name of the reason.
#[wasm_bindgen]
pub fn socket_url(base: &str, azure: bool, kind: &str, name: &str) -> Result<String, JsValue> {
    let target = match kind {
        "model" => Target::Model(name.to_owned()),
        "call" => Target::Call(name.to_owned()),
        _ => Target::Transcription,
    };
    service(azure, Credential::api_key(""))
        .base_url(base)
        .url(Realtime::PATH, &target)
        .map_err(reason)
}

#[wasm_bindgen]
extern "C" {
    /// How to open a socket, of the class's own making.
    pub type Plan;
    #[wasm_bindgen(method, getter)]
    fn azure(this: &Plan) -> bool;
    #[wasm_bindgen(method, getter)]
    fn url(this: &Plan) -> String;
    #[wasm_bindgen(method, getter)]
    fn key(this: &Plan) -> String;
    #[wasm_bindgen(method, getter = isToken)]
    fn is_token(this: &Plan) -> bool;
    #[wasm_bindgen(method, getter)]
    fn organization(this: &Plan) -> Option<String>;
    #[wasm_bindgen(method, getter)]
    fn project(this: &Plan) -> Option<String>;
    #[wasm_bindgen(method, getter)]
    fn consent(this: &Plan) -> Option<bool>;
    /// Whether the socket's class is the caller's own, which takes headers.
    #[wasm_bindgen(method, getter)]
    fn headers(this: &Plan) -> bool;
}

/// The URL to show, then the arguments of `new WebSocket`.
///
/// # Errors
/// The name of the reason.
#[wasm_bindgen]
pub fn handshake(plan: &Plan) -> Result<Array, JsValue> {
    let key = plan.key();
    let credential = if plan.is_token() {
        Credential::bearer(key)
    } else {
        Credential::api_key(key)
    };
    let url = plan.url();
    let mut config = with_consent(service(plan.azure(), credential), plan.consent())
        // Only the socket's URL counts now.
        .target(Target::Transcription)
        .url_builder(move |_| Ok(url.clone()));
    if let Some(id) = plan.organization() {
        config = config.organization(id);
    }
    if let Some(id) = plan.project() {
        config = config.project(id);
    }
    let runtime = match runtime::detect() {
        Runtime::JavaScript { browser, .. } if plan.headers() => Runtime::JavaScript {
            headers: true,
            browser,
        },
        runtime => runtime,
    };
    let handshake = config.handshake::<Realtime>(runtime).map_err(reason)?;
    let arguments = socket::arguments(&handshake)?;
    Ok(Array::of1(&handshake.public_url().into()).concat(&arguments))
}

fn service(azure: bool, credential: Credential) -> Config {
    if azure {
        Config::azure("", credential)
    } else {
        Config::new(credential)
    }
}

fn with_consent(config: Config, consent: Option<bool>) -> Config {
    match consent {
        Some(allow) => config.dangerously_allow_browser(allow),
        None => config,
    }
}

/// A reason as `errors.js` names it, which has the words for it.
#[allow(clippy::needless_pass_by_value)] // For `map_err`.
fn reason(error: ConfigError) -> JsValue {
    JsValue::from_str(match error {
        ConfigError::Browser => "browser",
        ConfigError::Target => "target",
        ConfigError::Deployment => "deployment",
        ConfigError::EmptyKey => "no key",
        ConfigError::MalformedKey => "malformed key",
        ConfigError::AzureHeaders => "azure headers",
        ConfigError::CustomUrl => "scheme",
        _ => "url",
    })
}
