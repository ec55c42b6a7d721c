//! A socket that accepts nothing more.

use std::time::Duration;

use super::Finding;

/// Watchdog over writing.
#[derive(Debug)]
pub(super) struct StallWatch {
    timeout: Duration,
    until: Option<Duration>,
}

impl StallWatch {
    pub(super) fn new(timeout: Duration) -> Self {
        Self {
            timeout,
            until: None,
        }
    }

    /// The socket accepts nothing for now. The first report counts until the socket flows again.
    pub(super) fn stall(&mut self, now: Duration) {
        self.until
            .get_or_insert_with(|| now.saturating_add(self.timeout));
    }

    /// The socket accepted something.
    #[inline]
    pub(super) fn flow(&mut self) {
        self.until = None;
    }

    #[inline]
    pub(super) fn is_stalled(&self) -> bool {
        self.until.is_some()
    }

    pub(super) fn wake_at(&self) -> Option<Duration> {
        self.until
    }

    pub(super) fn look(&self, now: Duration) -> Option<Finding> {
        (now >= self.until?).then_some(Finding::Stalled)
    }
}
