//! The session suite over TLS, against the emulator.
#![cfg(all(
    feature = "emulator",
    not(all(target_family = "wasm", target_os = "unknown"))
))]

use openai_realtime_ws::emulator::{Action, Emulator, Reply, Script};
use openai_realtime_ws::native::Connector;
use openai_realtime_ws::{CloseFrame, Config};

#[path = "suite/conversation/mod.rs"]
mod conversation;
#[path = "suite/recovery.rs"]
mod recovery;
#[path = "../examples/emulator/replies.rs"]
#[allow(dead_code)] // Its help is the example's.
mod replies;
#[path = "suite/scripted.rs"]
mod scripted;
mod suite;

use recovery::{PULL_THE_PLUG, RESTART, restart};
use replies::Replies;
use scripted::{BAD_FRAME, HANG_UP, hang_up};

fn close(frame: CloseFrame) -> Reply {
    Reply::new().close(frame.code, String::from(frame.reason))
}

async fn server() -> (Connector, Config, Emulator) {
    let replies = Replies::default();
    let script = Script::new().on_response(move |turn| match turn.user_text().as_str() {
        BAD_FRAME => Some(Reply::new().raw("{\"type\":").text("That was it.")),
        HANG_UP => Some(close(hang_up())),
        RESTART => Some(close(restart())),
        PULL_THE_PLUG => Some(Reply::new().act(Action::Drop)),
        _ => replies.reply(turn),
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
conversation::conversation_tests!(
    #[tokio::test]
    server
);
suite::session_tests!(#[tokio::test] server, scripted: a_bad_frame_ends_nothing,
    the_servers_close_is_reported, run_ends_with_the_connection,
    run_goes_on_where_errors_are_heard);
recovery::recovery_tests!(
    #[tokio::test]
    server
);
