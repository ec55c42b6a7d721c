//! The session suite in a browser, over the runtime's own `WebSocket`, against the emulator. The
//! test runner's environment says where: in a page, or in a dedicated, shared or service worker.
#![cfg(all(target_family = "wasm", target_os = "unknown"))]

use wasm_bindgen_test::*;

#[path = "suite/browser.rs"]
mod browser;
#[path = "suite/conversation/mod.rs"]
mod conversation;
#[path = "suite/handshakes.rs"]
mod handshakes;
#[path = "suite/recovery.rs"]
mod recovery;
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
    browser::server
);
