//! The session suite in Node, over its own `WebSocket`, against the emulator; and against a server
//! in this very process that can be told to misbehave.
#![cfg(all(target_family = "wasm", target_os = "unknown"))]

use futures_channel::oneshot;
use js_sys::{Array, Function, Reflect};
use openai_realtime_ws::browser::Connector;
use openai_realtime_ws::{CloseFrame, Config, Error, OpenAIRealtimeWebSocket, TransportError};
use wasm_bindgen::prelude::*;
use wasm_bindgen_test::*;

#[path = "suite/browser.rs"]
mod browser;
#[path = "suite/conversation/mod.rs"]
mod conversation;
#[path = "suite/handshakes.rs"]
mod handshakes;
#[path = "suite/recovery.rs"]
mod recovery;
#[path = "suite/scripted.rs"]
mod scripted;
mod suite;
#[path = "suite/urls.rs"]
mod urls;

suite::session_tests!(
    #[wasm_bindgen_test]
    browser::server
);
conversation::conversation_tests!(
    #[wasm_bindgen_test]
    browser::server
);
browser::browser_tests!(#[wasm_bindgen_test]);
recovery::recovery_tests!(
    #[wasm_bindgen_test]
    scripted_server
);
suite::session_tests!(#[wasm_bindgen_test] scripted_server, scripted: a_bad_frame_ends_nothing,
    the_servers_close_is_reported, run_ends_with_the_connection,
    run_goes_on_where_errors_are_heard);

/// The server of `suite/scripted_server.js`, until it is dropped.
struct Server {
    url: String,
    server: JsValue,
}

impl Server {
    async fn start() -> Self {
        let (listening, port) = oneshot::channel();
        let listening = Closure::once_into_js(move |port: u16| listening.send(port).unwrap());
        let start =
            Function::new_with_args("key, listening", include_str!("suite/scripted_server.js"));
        let server = start
            .call2(&JsValue::UNDEFINED, &"sk-test".into(), &listening)
            .unwrap();
        let url = format!("ws://127.0.0.1:{}/v1", port.await.unwrap());
        Self { url, server }
    }

    /// A header of the first request, as it stood there; or its `url`.
    fn saw(&self, header: &str) -> Option<String> {
        let get = |object: &JsValue, name: &str| Reflect::get(object, &name.into()).unwrap();
        let requests: Array = get(&self.server, "requests").unchecked_into();
        get(&requests.get(0), header).as_string()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let stop: Function = Reflect::get(&self.server, &"stop".into())
            .unwrap()
            .unchecked_into();
        stop.call0(&self.server).unwrap();
    }
}

async fn scripted_server() -> (Connector, Config, Server) {
    let server = Server::start().await;
    let config = Config::new("sk-test")
        .model("gpt-realtime")
        .insecure_loopback_url(&server.url);
    (Connector::new(), config, server)
}

/// Contract 22.
#[wasm_bindgen_test]
async fn the_server_sees_the_subprotocols_in_order() {
    let (connector, config, server) = scripted_server().await;
    suite::open(connector, config.organization("org-1").project("proj_1")).await;
    let offer = "realtime, openai-insecure-api-key.sk-test, openai-organization.org-1, openai-project.proj_1";
    assert_eq!(server.saw("sec-websocket-protocol").as_deref(), Some(offer));
    assert_eq!(server.saw("authorization"), None);
}

/// Contracts 13, 23 and 30.
#[wasm_bindgen_test]
async fn an_azure_key_is_a_header_and_in_no_url() {
    let server = Server::start().await;
    let config = Config::azure("https://example.com", "sk-test").model("my-deployment");
    let rt = suite::open(Connector::new(), config.insecure_loopback_url(&server.url)).await;
    assert_eq!(server.saw("api-key").as_deref(), Some("sk-test"));
    assert_eq!(
        server.saw("sec-websocket-protocol").as_deref(),
        Some("realtime")
    );
    assert_eq!(
        server.saw("url").as_deref(),
        Some("/v1/realtime?model=my-deployment")
    );
    assert!(
        rt.url()
            .ends_with("/v1/realtime?model=my-deployment&api-key=%3CREDACTED%3E"),
        "{}",
        rt.url()
    );
}

#[wasm_bindgen_test]
async fn a_refused_key_is_an_error() {
    let server = Server::start().await;
    let config = Config::new("sk-wrong")
        .model("gpt-realtime")
        .insecure_loopback_url(&server.url);
    let error = OpenAIRealtimeWebSocket::connect(config).await.unwrap_err();
    assert!(
        matches!(error, Error::Connect(TransportError::Unexplained)),
        "{error:?}"
    );
    let offer = "realtime, openai-insecure-api-key.sk-wrong";
    assert_eq!(server.saw("sec-websocket-protocol").as_deref(), Some(offer));
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
