//! Tests of the browser transport alone, in every runtime. Each test restores the globals, such as
//! `WebSocket`, that it watches or replaces.

use std::error::Error as _;
use std::time::Duration;

use futures_util::FutureExt;
use js_sys::{Array, Function, Object, Reflect};
use openai_realtime_ws::browser::Connector;
use openai_realtime_ws::protocol::{ResponseCreate, SessionCreated};
use openai_realtime_ws::{
    CloseFrame, Config, ConfigError, Connector as _, Error, InvalidClose, OpenAIRealtimeWebSocket,
    Realtime, Session, TransportError,
};
use wasm_bindgen::prelude::*;
use web_sys::WebSocket;

use super::suite::{open, reply, say};

/// With this key, to the emulator's plain port.
fn config(key: &str) -> Config {
    let url = emulator(option_env!("EMULATOR_WS_URL"));
    Config::new(key)
        .model("gpt-realtime")
        .insecure_loopback_url(url)
}

/// The emulator is a process that `cargo xtask test` starts, and names when these tests are
/// compiled.
fn emulator(url: Option<&'static str>) -> &'static str {
    let Some(url) = url else {
        panic!(
            "compile these tests with EMULATOR_WS_URL and EMULATOR_WSS_URL set, as `cargo xtask test` does"
        );
    };
    url
}

pub async fn server() -> (Connector, Config, ()) {
    (Connector::new(), config("ek_test"), ())
}

/// A test of each row of this module in one runtime.
macro_rules! browser_tests {
    (#[$test:meta]) => {
        #[$test]
        fn urls_are_the_sdks() {
            crate::urls::are_the_sdks();
        }

        #[$test]
        fn handshakes_are_the_sdks() {
            crate::handshakes::are_the_sdks();
        }

        browser::browser_tests!(#[$test] a_turn_over_tls, protocols_travel_as_an_array,
            an_api_key_is_refused_in_browsers, dropping_closes_and_detaches,
            dropping_an_attempt_closes_it, a_runtime_without_websocket, nobody_listening,
            a_key_that_no_subprotocol_can_carry, no_credential_is_shown,
            codes_that_scripts_may_not_close_with,
            a_full_buffer_holds_back, more_than_may_wait_to_be_read,
            a_message_that_is_larger_than_all_that_may_wait, messages_of_other_kinds,
            a_connection_without_a_close_frame, the_clock_never_goes_back, long_waits_are_split);
    };
    (#[$test:meta] $($row:ident),*) => {
        $(
            #[$test]
            async fn $row() {
                browser::$row().await;
            }
        )*
    };
}
pub(crate) use browser_tests;

fn get(object: &JsValue, name: &str) -> JsValue {
    Reflect::get(object, &name.into()).unwrap()
}

/// Something global, replaced until this is dropped.
struct Replaced {
    name: &'static str,
    original: JsValue,
}

impl Replaced {
    /// The replacement is what the JavaScript expression gives; `original` in it is what was there.
    fn new(name: &'static str, replacement: &str) -> (Self, JsValue) {
        let global = js_sys::global();
        let original = get(&global, name);
        let make = Function::new_with_args("original", &format!("return {replacement};"));
        let value = make.call1(&JsValue::UNDEFINED, &original).unwrap();
        Self::set(name, &value);
        (Self { name, original }, value)
    }

    /// Some globals are getters, so they are defined anew.
    fn set(name: &str, value: &JsValue) {
        let property = Object::new();
        for (key, value) in [
            ("value", value),
            ("writable", &JsValue::TRUE),
            ("configurable", &JsValue::TRUE),
        ] {
            Reflect::set(&property, &key.into(), value).unwrap();
        }
        assert!(Reflect::define_property(&js_sys::global(), &name.into(), &property).unwrap());
    }
}

impl Drop for Replaced {
    fn drop(&mut self) {
        Self::set(self.name, &self.original);
    }
}

/// Notes every WebSocket that is made, and what with.
struct Watch {
    made: Array,
    _replaced: Replaced,
}

impl Watch {
    fn new() -> Self {
        let (replaced, class) = Replaced::new(
            "WebSocket",
            "class extends original {
                static made = [];
                constructor(...args) { super(...args); new.target.made.push([this, args]); }
            }",
        );
        Self {
            made: get(&class, "made").unchecked_into(),
            _replaced: replaced,
        }
    }

    /// The only one that was made, and its arguments.
    fn only(&self) -> (WebSocket, Array) {
        assert_eq!(self.made.length(), 1);
        let made: Array = self.made.get(0).unchecked_into();
        (made.get(0).unchecked_into(), made.get(1).unchecked_into())
    }
}

/// Calls a socket's handler with an event that a JavaScript expression gives.
fn tell(socket: &WebSocket, handler: &str, event: &str) {
    let event = Function::new_no_args(&format!("return {event};"))
        .call0(&JsValue::UNDEFINED)
        .unwrap();
    let handler: Function = get(socket, handler).unchecked_into();
    handler.call1(socket, &event).unwrap();
}

fn assert_detached(socket: &WebSocket) {
    for handler in ["onopen", "onmessage", "onerror", "onclose"] {
        assert!(get(socket, handler).is_null(), "{handler}");
    }
    assert!(socket.ready_state() >= WebSocket::CLOSING);
}

/// The error, and all its causes.
fn report(error: &Error) -> String {
    let mut report = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        report = format!("{report}: {error}");
        cause = error.source();
    }
    report
}

/// The runtime is told to trust the emulator's certificate.
pub async fn a_turn_over_tls() {
    let url = emulator(option_env!("EMULATOR_WSS_URL"));
    let config = Config::new("ek_test").model("gpt-realtime").base_url(url);
    let mut rt = open(Connector::new(), config).await;
    assert!(rt.url().starts_with("wss://"), "{}", rt.url());
    say(&mut rt, "Hi").await;
    assert_eq!(reply(&mut rt).await, "You said: Hi");
}

/// Contract 22: in order, never joined, never empty.
pub async fn protocols_travel_as_an_array() {
    let watch = Watch::new();
    let (connector, config, ()) = server().await;
    let config = config.organization("org-1").project("proj_1");
    let rt = open(connector, config.clone()).await;
    let (socket, arguments) = watch.only();
    assert_eq!(arguments.length(), 2);
    let protocols: Array = arguments.get(1).dyn_into().unwrap();
    let protocols: Vec<String> = protocols
        .iter()
        .filter_map(|protocol| protocol.as_string())
        .collect();
    assert_eq!(
        protocols,
        [
            "realtime",
            "openai-insecure-api-key.ek_test",
            "openai-organization.org-1",
            "openai-project.proj_1"
        ]
    );
    assert_eq!(socket.protocol(), "realtime", "the server's choice");
    assert_eq!(get(&socket, "binaryType"), "arraybuffer");
    drop(rt);
}

/// Contracts 35 to 37: what is in a page, everybody can read.
pub async fn an_api_key_is_refused_in_browsers() {
    let watch = Watch::new();
    let opened = OpenAIRealtimeWebSocket::connect(config("sk-test")).await;
    if get(&js_sys::global(), "process").is_undefined() {
        let error = opened.unwrap_err();
        assert!(
            matches!(error, Error::Config(ConfigError::Browser)),
            "{error:?}"
        );
        assert_eq!(watch.made.length(), 0, "nothing was opened");
        OpenAIRealtimeWebSocket::connect(config("sk-test").dangerously_allow_browser(true))
            .await
            .unwrap();
    } else {
        opened.unwrap();
    }
}

pub async fn dropping_closes_and_detaches() {
    let watch = Watch::new();
    let (connector, config, ()) = server().await;
    let rt = open(connector, config).await;
    let (socket, _) = watch.only();
    assert_eq!(socket.ready_state(), WebSocket::OPEN);
    drop(rt);
    assert_detached(&socket);
}

pub async fn dropping_an_attempt_closes_it() {
    let watch = Watch::new();
    let (_, config, ()) = server().await;
    let mut attempt = Box::pin(OpenAIRealtimeWebSocket::connect(config));
    assert!(attempt.as_mut().now_or_never().is_none());
    let (socket, _) = watch.only();
    assert_eq!(socket.ready_state(), WebSocket::CONNECTING);
    drop(attempt);
    assert_detached(&socket);
}

pub async fn a_runtime_without_websocket() {
    let (_replaced, _) = Replaced::new("WebSocket", "undefined");
    let (connector, config, ()) = server().await;
    let error = Session::<_>::open(connector, config).await.unwrap_err();
    assert!(
        matches!(error, Error::Connect(TransportError::Unsupported(_))),
        "{error:?}"
    );
    assert!(
        report(&error).contains("no global `WebSocket`"),
        "{}",
        report(&error)
    );
}

pub async fn nobody_listening() {
    // Above the ports that systems give out, and none that browsers bar.
    let config = Config::new("ek_test")
        .model("m")
        .insecure_loopback_url("ws://127.0.0.1:65535/v1");
    let error = OpenAIRealtimeWebSocket::connect(config).await.unwrap_err();
    assert!(
        matches!(error, Error::Connect(TransportError::Unexplained)),
        "{error:?}"
    );
    assert!(
        report(&error).contains("check the API key"),
        "{}",
        report(&error)
    );
}

/// Its text is in the runtime's exception, and must not be in the error.
pub async fn a_key_that_no_subprotocol_can_carry() {
    let config = Config::new("ek_(very-secret)").model("m");
    let error = OpenAIRealtimeWebSocket::connect(config).await.unwrap_err();
    assert!(
        matches!(error, Error::Connect(TransportError::Unsupported(_))),
        "{error:?}"
    );
    assert!(
        report(&error).contains("the API key as a subprotocol"),
        "{}",
        report(&error)
    );
    assert!(!format!("{error:?}{}", report(&error)).contains("very-secret"));
}

/// Of the configuration, of a gateway's URL, and of a session that opens and one that does not.
pub async fn no_credential_is_shown() {
    let secrets = ["ek_hunter1", "hunter2", "hunter3"];
    let query = "api-key=hunter3&sig=hunter3&hunter3";
    let gateway = format!("//user:hunter2@127.0.0.1:65535/v1?{query}");
    let own = format!("wss:{gateway}#hunter3");
    let config = Config::new("ek_hunter1").model("m");
    let mut shown = Vec::new();
    for config in [
        config.clone().base_url(format!("https:{gateway}")),
        config
            .clone()
            .insecure_loopback_url(format!("ws:{gateway}")),
        config.clone().base_url("no URL hunter3"),
        config.clone().url_builder(move |_| Ok(own.clone())),
        Config::new("ek_hunter1 x").model("m"),
    ] {
        let runtime = Connector::new().runtime();
        if let Ok(handshake) = config.handshake::<Realtime>(runtime) {
            shown.push(format!("{handshake:?} {}", handshake.public_url()));
        }
        let error = OpenAIRealtimeWebSocket::connect(config.clone()).await;
        let error = error.unwrap_err();
        shown.push(format!("{config:?} {error:?} {}", report(&error)));
    }
    let rt = open(Connector::new(), self::config("ek_hunter1")).await;
    shown.push(format!("{rt:?} {} {:?}", rt.url(), rt.sender()));
    let shown = shown.join("\n");
    for secret in secrets {
        assert!(!shown.contains(secret), "{secret}: {shown}");
    }
    assert!(shown.contains("Unexplained"), "{shown}");
}

/// Contract 67.
pub async fn codes_that_scripts_may_not_close_with() {
    let (connector, config, ()) = server().await;
    let mut rt = open(connector, config).await;
    let error = rt
        .close_with(CloseFrame::new(1001, "going away").unwrap())
        .await
        .unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("close code 1001 may not be sent")
    );
    assert!(matches!(error, InvalidClose::Code(1001)), "{error:?}");
    say(&mut rt, "Hi").await;
    assert_eq!(reply(&mut rt).await, "You said: Hi");
    assert_eq!(rt.close().await.unwrap().frame, CloseFrame::NORMAL);
}

pub async fn a_full_buffer_holds_back() {
    let watch = Watch::new();
    let (connector, config, ()) = server().await;
    let mut rt = open(connector, config).await;
    let (socket, _) = watch.only();
    let fill = Function::new_with_args(
        "socket",
        "let amounts = [1048576, 5000000, 1048575];
         Object.defineProperty(socket, 'bufferedAmount', { get: () => amounts.shift() });
         return amounts;",
    );
    let left: Array = fill
        .call1(&JsValue::UNDEFINED, &socket)
        .unwrap()
        .unchecked_into();
    let mut send = Box::pin(rt.send(ResponseCreate::default()));
    assert!(send.as_mut().now_or_never().is_none(), "the buffer is full");
    send.await.unwrap();
    assert_eq!(left.length(), 0, "it was looked at until there was room");
}

pub async fn messages_of_other_kinds() {
    let watch = Watch::new();
    let (connector, config, ()) = server().await;
    let mut rt = open(connector, config).await;
    let (socket, _) = watch.only();
    tell(&socket, "onmessage", "{ data: new Blob(['{}']) }");
    let error = rt.next().await.unwrap().unwrap_err();
    assert_eq!(error.to_string(), "could not parse websocket event");
    let binary = r#"{ data: new TextEncoder().encode('{"type":"session.created"}').buffer }"#;
    tell(&socket, "onmessage", binary);
    rt.emitted::<SessionCreated>().await.unwrap();
}

pub async fn more_than_may_wait_to_be_read() {
    let watch = Watch::new();
    let (connector, config, ()) = server().await;
    let mut rt = open(connector.max_unread_bytes(1000), config).await;
    let (socket, _) = watch.only();
    let message = |bytes: usize| {
        let text = "'{\"type\":\"' + 'x'.repeat(";
        tell(
            &socket,
            "onmessage",
            &format!("{{ data: {text}{bytes}) + '\"}}' }}"),
        );
    };
    // Each counts for a little more than its bytes.
    message(400);
    message(400);
    rt.next().await.unwrap().unwrap();
    // Read messages make room.
    message(300);
    assert_eq!(socket.ready_state(), WebSocket::OPEN);
    message(300);
    assert_detached(&socket);

    // Queued messages come first.
    rt.next().await.unwrap().unwrap();
    rt.next().await.unwrap().unwrap();
    let error = rt.next().await.unwrap().unwrap_err();
    assert!(
        matches!(
            error,
            Error::Transport(TransportError::Unread { limit: 1000, .. })
        ),
        "{error:?}"
    );
    assert!(rt.next().await.is_none());
    assert_eq!(rt.closed().unwrap().frame, CloseFrame::ABNORMAL);
}

pub async fn a_message_that_is_larger_than_all_that_may_wait() {
    let watch = Watch::new();
    let (connector, config, ()) = server().await;
    let mut rt = open(connector.max_unread_bytes(1000), config).await;
    let (socket, _) = watch.only();
    // Two bytes a character, which shows only when it is copied.
    tell(&socket, "onmessage", "{ data: 'é'.repeat(900) }");
    assert_detached(&socket);
    let error = rt.next().await.unwrap().unwrap_err();
    assert!(
        report(&error).starts_with(
            "the connection failed: more than 1000 bytes of messages waited to be read"
        ),
        "{}",
        report(&error)
    );
}

pub async fn a_connection_without_a_close_frame() {
    let watch = Watch::new();
    let (connector, config, ()) = server().await;
    let mut rt = open(connector, config).await;
    let (socket, _) = watch.only();
    tell(&socket, "onerror", "{}");
    tell(
        &socket,
        "onclose",
        "{ code: 1006, reason: '', wasClean: false }",
    );
    let error = rt.next().await.unwrap().unwrap_err();
    assert!(
        matches!(error, Error::Transport(TransportError::Lost(_))),
        "{error:?}"
    );
    assert!(rt.next().await.is_none());
    assert_eq!(rt.closed().unwrap().frame, CloseFrame::ABNORMAL);
    assert_detached(&socket);
}

pub async fn the_clock_never_goes_back() {
    let connector = Connector::new();
    let (_replaced, _) = Replaced::new(
        "performance",
        "{ times: [5000, 3000, NaN, 6000.5], now() { return this.times.shift(); } }",
    );
    let times: Vec<Duration> = (0..4).map(|_| connector.now()).collect();
    let millis =
        [5000.0, 5000.0, 5000.0, 6000.5].map(|millis| Duration::from_secs_f64(millis / 1000.0));
    assert_eq!(times, millis);
    let (_replaced, _) = Replaced::new("performance", "undefined");
    assert!(
        connector.now().as_secs() > 1_700_000_000,
        "the date stands in"
    );
}

pub async fn long_waits_are_split() {
    let (_replaced, class) = Replaced::new(
        "setTimeout",
        "Object.assign((call, millis) => { globalThis.setTimeout.asked.push(millis); call(); }, { asked: [] })",
    );
    let asked = || {
        let asked: Array = get(&class, "asked").unchecked_into();
        asked
            .iter()
            .filter_map(|millis| millis.as_f64())
            .collect::<Vec<_>>()
    };
    let connector = Connector::new();
    connector.sleep(Duration::ZERO).await;
    assert_eq!(asked(), [0.0; 0]);
    connector.sleep(Duration::from_micros(1001)).await;
    assert_eq!(asked(), [2.0]);
    connector.sleep(Duration::from_secs(3_000_000)).await;
    assert_eq!(asked(), [2.0, 2_147_483_647.0, 852_516_353.0]);
}
