//! Runtime and addresses for the targets with sockets.

use std::net::Ipv4Addr;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU16, Ordering};

use tokio::runtime::{Builder, Runtime};

/// Single-threaded runtime for every input.
pub static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    let runtime = Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime")
});

/// Returns a source address of this machine, another one each time: a closed connection keeps its
/// port for a minute.
pub fn source() -> Ipv4Addr {
    static LAST: AtomicU16 = AtomicU16::new(0);
    let [high, low] = LAST.fetch_add(1, Ordering::Relaxed).to_be_bytes();
    Ipv4Addr::new(127, 1, high, low.max(1))
}
