//! The session suite over TLS, against the emulator.
#![cfg(all(
    feature = "emulator",
    not(all(target_family = "wasm", target_os = "unknown"))
))]

use openai_realtime_ws::Config;
use openai_realtime_ws::emulator::{Emulator, Reply, Script};
use openai_realtime_ws::native::Connector;

#[path = "suite/scripted.rs"]
mod scripted;
mod suite;

use scripted::{BAD_FRAME, HANG_UP, hang_up};

async fn server() -> (Connector, Config, Emulator) {
    let script = Script::new().on_response(|turn| match turn.user_text().as_str() {
        BAD_FRAME => Some(Reply::new().raw("{\"type\":").text("That was it.")),
        HANG_UP => Some(Reply::new().close(hang_up().code, hang_up().reason.to_string())),
        _ => None,
    });
    let emulator = Emulator::builder()
        .api_key("sk-test")
        .script(script)
        .start()
        .await
        .unwrap();
    let connector = Connector::new()
        .root_certificate_pem(emulator.certificate_pem().as_bytes())
        .unwrap();
    let config = Config::new("sk-test")
        .model("gpt-realtime")
        .base_url(emulator.wss_url());
    (connector, config, emulator)
}

suite::session_tests!(
    #[tokio::test]
    server
);
suite::session_tests!(#[tokio::test] server, scripted: a_bad_frame_ends_nothing, the_servers_close_is_reported,
    run_ends_with_the_connection, run_goes_on_where_errors_are_heard);
