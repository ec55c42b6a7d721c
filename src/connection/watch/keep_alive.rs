//! Pings, by which a dead peer is noticed.

use std::time::Duration;

use super::Finding;
use crate::connection::limits::KeepAlive;

/// A deadline that is noticed this late was slept through, and says nothing about the peer.
const SLEPT: Duration = Duration::from_secs(1);

/// Watchdog that pings.
#[derive(Debug)]
pub(super) struct KeepAliveWatch {
    settings: KeepAlive,
    next: Duration,
    answer_by: Option<Duration>,
    /// Set if the open ping is a second one, because the first one's deadline was slept through.
    again: bool,
}

impl KeepAliveWatch {
    pub(super) fn new(settings: KeepAlive, now: Duration) -> Self {
        Self {
            settings,
            next: now.saturating_add(settings.interval),
            answer_by: None,
            again: false,
        }
    }

    /// Something arrived since the last look.
    pub(super) fn hear(&mut self) {
        self.answer_by = None;
    }

    pub(super) fn wake_at(&self) -> Duration {
        match self.answer_by {
            Some(answer_by) => answer_by.min(self.next),
            None => self.next,
        }
    }

    pub(super) fn look(&mut self, now: Duration) -> Option<Finding> {
        if let Some(answer_by) = self.answer_by
            && now >= answer_by
        {
            if self.again || now.saturating_sub(answer_by) < SLEPT {
                return Some(Finding::Unanswered);
            }
            // A laptop was asleep, say: the peer gets one more ping, and a deadline that counts.
            return Some(self.ping(now, true));
        }
        if now < self.next {
            return None;
        }
        if self.answer_by.is_some() {
            // One ping is open at a time.
            self.next = now.saturating_add(self.settings.interval);
            return None;
        }
        Some(self.ping(now, false))
    }

    fn ping(&mut self, now: Duration, again: bool) -> Finding {
        self.next = now.saturating_add(self.settings.interval);
        self.answer_by = Some(now.saturating_add(self.settings.timeout));
        self.again = again;
        Finding::Ping
    }
}
