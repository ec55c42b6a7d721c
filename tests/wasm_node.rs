//! The session suite in Node, over its own `WebSocket`, against the emulator; and against a server in this very process
//! that can be told to misbehave.
#![cfg(all(target_family = "wasm", target_os = "unknown"))]

use futures_channel::oneshot;
use futures_util::StreamExt;
use js_sys::{Array, Function, Reflect};
use openai_realtime_ws::browser::Connector;
use openai_realtime_ws::{CloseFrame, Config, Error, OpenAIRealtimeWebSocket, TransportError};
use wasm_bindgen::prelude::*;
use wasm_bindgen_test::*;

#[path = "suite/browser.rs"]
mod browser;
#[path = "suite/scripted.rs"]
mod scripted;
mod suite;
#[path = "suite/urls.rs"]
mod urls;

suite::session_tests!(
    #[wasm_bindgen_test]
    browser::server
);
browser::browser_tests!(#[wasm_bindgen_test]);
suite::session_tests!(#[wasm_bindgen_test] scripted_server, scripted: a_bad_frame_ends_nothing,
    the_servers_close_is_reported, run_ends_with_the_connection, run_goes_on_where_errors_are_heard);

/// The server of `suite/scripted_server.js`, until it is dropped.
struct Server(JsValue);

impl Server {
    /// The subprotocols that clients offered, as they stood in the requests.
    fn offers(&self) -> Vec<String> {
        let offers: Array = Reflect::get(&self.0, &"offers".into())
            .unwrap()
            .unchecked_into();
        offers
            .iter()
            .filter_map(|offer| offer.as_string())
            .collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let stop: Function = Reflect::get(&self.0, &"stop".into())
            .unwrap()
            .unchecked_into();
        stop.call0(&self.0).unwrap();
    }
}

async fn scripted_server() -> (Connector, Config, Server) {
    let (listening, port) = oneshot::channel();
    let listening = Closure::once_into_js(move |port: u16| listening.send(port).unwrap());
    let start = Function::new_with_args("key, listening", include_str!("suite/scripted_server.js"));
    let server = start
        .call2(&JsValue::UNDEFINED, &"sk-test".into(), &listening)
        .unwrap();
    let url = format!("ws://127.0.0.1:{}/v1", port.await.unwrap());
    let config = Config::new("sk-test")
        .model("gpt-realtime")
        .insecure_loopback_url(url);
    (Connector::new(), config, Server(server))
}

/// Contract 22.
#[wasm_bindgen_test]
async fn the_server_sees_the_subprotocols_in_order() {
    let (connector, config, server) = scripted_server().await;
    suite::open(connector, config.organization("org-1").project("proj_1")).await;
    let offer = "realtime, openai-insecure-api-key.sk-test, openai-organization.org-1, openai-project.proj_1";
    assert_eq!(server.offers(), [offer]);
}

#[wasm_bindgen_test]
async fn a_refused_key_is_an_error() {
    let (_, config, server) = scripted_server().await;
    let url = config
        .handshake(false)
        .unwrap()
        .url()
        .replace("/realtime?model=gpt-realtime", "");
    let config = Config::new("sk-wrong")
        .model("gpt-realtime")
        .insecure_loopback_url(url);
    let error = OpenAIRealtimeWebSocket::connect(config).await.unwrap_err();
    assert!(
        matches!(error, Error::Connect(TransportError::Unexplained)),
        "{error:?}"
    );
    // Node asks once more by itself.
    let offers = server.offers();
    assert_eq!(offers[0], "realtime, openai-insecure-api-key.sk-wrong");
}

#[wasm_bindgen_test]
async fn a_connection_that_breaks_off_is_an_error() {
    let (connector, config, _server) = scripted_server().await;
    let mut rt = suite::open(connector, config).await;
    suite::say(&mut rt, "Pull the plug.").await;
    let error = rt.next().await.unwrap().unwrap_err();
    assert!(
        matches!(error, Error::Transport(TransportError::Lost(_))),
        "{error:?}"
    );
    assert!(rt.next().await.is_none());
    assert_eq!(rt.closed().unwrap().frame, CloseFrame::ABNORMAL);
}
