//! Errors in words for the user of the page.

use std::error::Error as _;

use openai_realtime_ws::protocol::{Response, ResponseStatus};
use openai_realtime_ws::{CredentialError, Error};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::DomException;

/// Returns the reason for the end of a session.
pub fn ended(error: &Error) -> String {
    match error {
        Error::Credential(CredentialError::Provider(words)) => words.to_string(),
        Error::Connect(_) => "The service did not let this page in, and browsers do not say why. \
             Check the network, and that the key of the server has access to the model."
            .to_owned(),
        Error::ConnectTimeout => {
            "The service did not answer in time. Check the network.".to_owned()
        }
        Error::Transport(_) => "The connection was lost.".to_owned(),
        Error::ReconnectFailed { cause, .. } | Error::ReconnectAborted { cause, .. } => {
            let why = cause.as_ref().map(|cause| ended(cause));
            let why = why.as_deref().unwrap_or("The network may be down.");
            format!("The connection was lost, and no other could be made. {why}")
        }
        Error::Closed(closed) if closed.frame.reason.is_empty() => {
            format!(
                "The service closed the connection (code {}).",
                closed.frame.code
            )
        }
        Error::Closed(closed) => {
            format!("The service closed the connection: {}", closed.frame.reason)
        }
        other => match other.source() {
            Some(cause) => format!("{other}: {cause}"),
            None => other.to_string(),
        },
    }
}

/// Returns the reason for an incomplete reply, unless the user caused it.
pub fn reply(response: &Response) -> Option<String> {
    let details = response.status_details.as_ref();
    match response.status.as_ref()? {
        ResponseStatus::Failed => {
            let error = details.and_then(|details| details.error.as_ref());
            let message = error.and_then(|error| error.message.as_deref());
            let message = message.unwrap_or("the service does not say why");
            Some(format!("The reply failed: {message}"))
        }
        ResponseStatus::Incomplete => Some("The reply was cut short by the service.".to_owned()),
        _ => None,
    }
}

/// Returns the reason for a microphone that cannot be opened.
pub fn microphone(thrown: &JsValue) -> String {
    let name = thrown.dyn_ref::<DomException>().map(DomException::name);
    match name.as_deref() {
        Some("NotAllowedError") => {
            "This page may not use the microphone. Allow it in the browser's \
             settings for this page, then press Speak again. You can still type."
                .to_owned()
        }
        Some("NotFoundError") => {
            "No microphone was found. Plug one in, then press Speak again. You can still type."
                .to_owned()
        }
        Some("NotReadableError") => "The microphone cannot be used: another program may have it. \
             You can still type."
            .to_owned(),
        _ => "This browser does not give the page a microphone. You can still type.".to_owned(),
    }
}
