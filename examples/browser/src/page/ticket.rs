//! Keys, from the server of the page.

use std::cell::Cell;
use std::rc::Rc;

use openai_realtime_ws::{Config, Credential, Reconnect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{RequestInit, Response};

use crate::ticket::{NoTicket, Ticket};

const NO_SERVER: &str = "The server of this page does not answer. Start it again, then connect.";

/// Returns the configuration of the session. Each connection gets a key of its own, because a key
/// is valid for a minute only.
pub async fn config() -> Result<Config, String> {
    let Ticket {
        key,
        base_url,
        model,
    } = fetch().await?;
    let first = Rc::new(Cell::new(Some(key)));
    let credential = Credential::provider(move || {
        let first = first.take();
        async move {
            match first {
                Some(key) => Ok(key),
                None => fetch().await.map(|ticket| ticket.key),
            }
        }
    });
    let config = Config::new(credential)
        .model(model)
        // `renew` replaces the connection before the service ends it. Both restore the
        // conversation.
        .reconnect(Reconnect::default())
        .renew();
    Ok(if base_url.starts_with("http:") {
        config.insecure_loopback_url(base_url)
    } else {
        config.base_url(base_url)
    })
}

async fn fetch() -> Result<Ticket, String> {
    let (status, body) = post("/ticket").await.map_err(|_| NO_SERVER)?;
    if status == 200 {
        return serde_json::from_str(&body).map_err(|_| NO_SERVER.to_owned());
    }
    let why = serde_json::from_str::<NoTicket>(&body);
    Err(why.map_or_else(|_| NO_SERVER.to_owned(), |why| why.error))
}

async fn post(path: &str) -> Result<(u16, String), JsValue> {
    let window = web_sys::window().ok_or("no window")?;
    let init = RequestInit::new();
    init.set_method("POST");
    let response = JsFuture::from(window.fetch_with_str_and_init(path, &init)).await?;
    let response: Response = response.dyn_into()?;
    let body = JsFuture::from(response.text()?).await?;
    Ok((response.status(), body.as_string().unwrap_or_default()))
}
