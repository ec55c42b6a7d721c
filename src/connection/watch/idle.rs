//! Silence of the server, where pings are not possible.

use std::time::Duration;

use super::Finding;

/// Number of parts that the idle timeout is counted in.
const PARTS: u8 = 4;

/// Watchdog over arrivals.
#[derive(Debug)]
pub(super) struct IdleWatch {
    part: Duration,
    next: Duration,
    /// Number of parts that have passed in silence.
    quiet: u8,
    heard: bool,
}

impl IdleWatch {
    pub(super) fn new(timeout: Duration, now: Duration) -> Self {
        let part = timeout / u32::from(PARTS);
        Self {
            part,
            next: now.saturating_add(part),
            quiet: 0,
            heard: false,
        }
    }

    /// Something arrived since the last look.
    pub(super) fn hear(&mut self) {
        self.heard = true;
    }

    pub(super) fn wake_at(&self) -> Duration {
        self.next
    }

    /// Counts a part that was slept through as one part, however long it was: sleep is not silence.
    pub(super) fn look(&mut self, now: Duration) -> Option<Finding> {
        if now < self.next {
            return None;
        }
        self.next = now.saturating_add(self.part);
        if std::mem::take(&mut self.heard) {
            self.quiet = 0;
            return None;
        }
        self.quiet += 1;
        (self.quiet >= PARTS).then_some(Finding::Idle)
    }
}
