//! A close that says why there is no session ends a client of this crate, which would reconnect
//! otherwise.

use openai_realtime_ws::emulator::{Action, Admission, Emulator, Script};
use openai_realtime_ws::{Config, OpenAIRealtimeWS, Reconnect, native};

#[tokio::test(start_paused = true)]
async fn a_key_that_is_wrong_by_then_ends_reconnecting() {
    let script = Script::new().on_connect(|upgrade| match upgrade.connection() {
        0 => Admission::accept().after(1, Action::Drop),
        _ => Admission::accept(),
    });
    let emulator = Emulator::builder()
        .api_key("sk-test")
        .script(script)
        .start()
        .await
        .unwrap();
    // The key is right at first, and another one later.
    let asked = std::sync::atomic::AtomicUsize::new(0);
    let credential = openai_realtime_ws::Credential::provider(move || {
        let first = asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed) == 0;
        async move { Ok::<_, std::io::Error>(if first { "sk-test" } else { "sk-old" }.to_owned()) }
    });
    let config = Config::new(credential)
        .insecure_loopback_url(emulator.ws_url())
        .model("gpt-realtime-2.1")
        .reconnect(Reconnect::default());
    let mut session = OpenAIRealtimeWS::open(native::Connector::new(), config)
        .await
        .unwrap();
    while let Some(event) = session.next().await {
        drop(event);
    }
    let closed = session.closed().unwrap();
    assert_eq!(
        (closed.frame.code, &*closed.frame.reason),
        (3000, "invalid_request_error.invalid_api_key")
    );
    assert_eq!(emulator.connections().len(), 2, "it does not try again");
}
