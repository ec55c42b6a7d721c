use std::cell::Cell;
use std::time::Duration;

use gloo_timers::future::TimeoutFuture;
use js_sys::{Date, Function, Reflect};
use wasm_bindgen::JsCast;

/// The runtime's clock.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    latest: Cell<Duration>,
}

impl Clock {
    /// The time since some moment of the runtime's choice. It never goes back, though the date may.
    pub fn now(&self) -> Duration {
        let millis = performance_now().unwrap_or_else(Date::now);
        let now = Duration::try_from_secs_f64(millis / 1000.0).unwrap_or_default();
        let latest = self.latest.get().max(now);
        self.latest.set(latest);
        latest
    }
}

/// `performance.now()`, where there is one.
fn performance_now() -> Option<f64> {
    let performance = Reflect::get(&js_sys::global(), &"performance".into()).ok()?;
    let now = Reflect::get(&performance, &"now".into()).ok()?;
    let now: Function = now.dyn_into().ok()?;
    now.call0(&performance).ok()?.as_f64()
}

/// Waits, and never for less.
pub async fn sleep(duration: Duration) {
    // A runtime counts the milliseconds in 31 bits; what does not fit would be no time at all.
    const LONGEST: Duration = Duration::from_millis(i32::MAX as u64);
    let mut left = duration;
    while !left.is_zero() {
        let step = left.min(LONGEST);
        let millis = u32::try_from(step.as_micros().div_ceil(1000)).unwrap_or_default();
        TimeoutFuture::new(millis).await;
        left -= step;
    }
}
