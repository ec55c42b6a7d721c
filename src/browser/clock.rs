//! Time of the runtime.

use std::cell::Cell;
use std::time::Duration;

use gloo_timers::future::TimeoutFuture;
use js_sys::{Date, Function, Reflect};
use wasm_bindgen::JsCast;

/// Monotonic clock of the runtime.
#[derive(Debug, Clone, Default)]
pub(crate) struct Clock {
    latest: Cell<Duration>,
}

impl Clock {
    /// Returns the time since an arbitrary moment. It never goes back, although the date may.
    pub(crate) fn now(&self) -> Duration {
        let millis = performance_now().unwrap_or_else(Date::now);
        let now = Duration::try_from_secs_f64(millis / 1000.0).unwrap_or_default();
        let latest = self.latest.get().max(now);
        self.latest.set(latest);
        latest
    }
}

/// Returns `performance.now()`, in runtimes that have it.
fn performance_now() -> Option<f64> {
    let performance = Reflect::get(&js_sys::global(), &"performance".into()).ok()?;
    let now = Reflect::get(&performance, &"now".into()).ok()?;
    let now: Function = now.dyn_into().ok()?;
    now.call0(&performance).ok()?.as_f64()
}

/// Waits for at least this long.
pub(crate) async fn sleep(duration: Duration) {
    // Runtimes keep the milliseconds in 31 bits; a longer time would end at once.
    const LONGEST: Duration = Duration::from_millis(i32::MAX as u64);
    let mut left = duration;
    while !left.is_zero() {
        let step = left.min(LONGEST);
        let millis = u32::try_from(step.as_micros().div_ceil(1000)).unwrap_or_default();
        TimeoutFuture::new(millis).await;
        left -= step;
    }
}
