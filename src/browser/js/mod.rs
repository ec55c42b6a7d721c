//! Core of the npm package, exported to the JavaScript class beside this file.
//!
//! The class uses the runtime's own `WebSocket` and `JSON`: listeners run inside the socket's
//! callback, and no event passes through this core. The core builds URLs and handshakes and decides
//! about reconnecting, by the same rules as every other transport of the crate.

use js_sys::Array;
use wasm_bindgen::prelude::*;

mod recovery;

pub use recovery::Recovery;

use super::{runtime, socket};
use crate::config::{Config, ConfigError, Credential, Target};
use crate::protocol::{Protocol, Realtime};

// Contracts 35 to 37.

/// Returns true if a key may be used in this runtime.
#[doc(hidden)]
#[wasm_bindgen]
#[must_use]
pub fn may_use(key: &str, consent: Option<bool>) -> bool {
    let config = with_consent(Config::new(""), consent);
    config.guard(key, runtime::detect()).is_ok()
}

/// Returns the URL of a target. Its kind is `model`, `call` or `transcription`.
///
/// # Errors
/// Throws the name of the reason.
#[doc(hidden)]
#[wasm_bindgen]
pub fn socket_url(
    base: &str,
    cleartext: bool,
    azure: bool,
    kind: &str,
    name: &str,
) -> Result<String, JsValue> {
    let target = match kind {
        "model" => Target::Model(name.to_owned()),
        "call" => Target::Call(name.to_owned()),
        _ => Target::Transcription,
    };
    let config = service(azure, Credential::api_key(""));
    let config = if cleartext {
        config.insecure_cleartext_url(base)
    } else {
        config.base_url(base)
    };
    config.url(Realtime::PATH, &target).map_err(reason)
}

#[wasm_bindgen]
extern "C" {
    /// Options of a connection, made by the class.
    #[doc(hidden)]
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
    /// Set if the caller allowed a connection without TLS.
    #[wasm_bindgen(method, getter)]
    fn cleartext(this: &Plan) -> bool;
    /// Set if the caller passed a socket class, which accepts headers.
    #[wasm_bindgen(method, getter)]
    fn headers(this: &Plan) -> bool;
}

/// Returns the URL to show, then the arguments of `new WebSocket`.
///
/// # Errors
/// Throws the name of the reason.
#[doc(hidden)]
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
        // The class has checked the target and built the URL.
        .target(Target::Transcription)
        .url_builder(move |_| Ok(url.clone()));
    if plan.cleartext() {
        config = config.insecure_cleartext_url("");
    }
    if let Some(id) = plan.organization() {
        config = config.organization(id);
    }
    if let Some(id) = plan.project() {
        config = config.project(id);
    }
    let mut runtime = runtime::detect();
    if plan.headers() {
        runtime = runtime.with_headers(true);
    }
    let handshake = config.handshake::<Realtime>(runtime).map_err(reason)?;
    let arguments = socket::arguments(&handshake)?;
    Ok(Array::of1(&handshake.public_url().into()).concat(&arguments))
}

fn service(azure: bool, credential: Credential) -> Config {
    if azure {
        Config::of_azure(credential)
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

/// Returns the name by which `errors.js` has the message for a reason.
#[allow(clippy::needless_pass_by_value)] // For `map_err`.
fn reason(error: ConfigError) -> JsValue {
    JsValue::from_str(match error {
        ConfigError::Browser => "browser",
        ConfigError::Target => "target",
        ConfigError::Deployment => "deployment",
        ConfigError::EmptyKey => "no key",
        ConfigError::MalformedKey | ConfigError::QuotedKey => "malformed key",
        ConfigError::AzureHeaders => "azure headers",
        ConfigError::Cleartext => "cleartext",
        ConfigError::CustomUrl => "scheme",
        _ => "url",
    })
}
