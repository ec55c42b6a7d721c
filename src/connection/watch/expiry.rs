//! The end of the session, which the service announces.

use std::time::Duration;

use super::Finding;

/// Lifetime of a session, unless the server says otherwise.
const SESSION_LASTS: Duration = Duration::from_secs(60 * 60);

/// Time before a session's end at which its connection is renewed even in the middle of a turn.
const LAST_CALL: Duration = Duration::from_secs(10);

/// Announcements of one end differ a little, because the clocks are read at different moments.
/// Only an end that is later by more than this is another one.
const SAME_END: Duration = Duration::from_secs(60);

/// Watchdog over the session's end.
#[derive(Debug)]
pub(super) struct ExpiryWatch {
    /// The start of the session.
    since: Duration,
    /// The warning's lead as it was set.
    lead: Duration,
    at: Duration,
    warned: bool,
    /// Set while there is a last call to come.
    calls: bool,
    renews: bool,
}

impl ExpiryWatch {
    pub(super) fn new(lead: Duration, renews: bool, since: Duration) -> Self {
        Self {
            since,
            lead,
            at: since.saturating_add(SESSION_LASTS),
            warned: false,
            calls: renews,
            renews,
        }
    }

    /// The server announced the session's end.
    pub(super) fn expires(&mut self, at: Duration) {
        if self.warned && at > self.at.saturating_add(SAME_END) {
            self.warned = false;
            self.calls = self.renews;
        }
        self.at = at;
    }

    /// Returns whether the session's announced end has passed.
    pub(super) fn has_passed(&self, now: Duration) -> bool {
        now > self.at
    }

    /// Takes the announcement as an error: the session has the usual lifetime.
    pub(super) fn disbelieve(&mut self) {
        self.expires(self.since.saturating_add(SESSION_LASTS));
    }

    pub(super) fn wake_at(&self) -> Option<Duration> {
        // At most half of the session's life: a short session is not warned of from its start.
        let lifetime = self.at.saturating_sub(self.since);
        let lead = self.lead.min(lifetime / 2);
        let before = match (self.warned, self.calls) {
            (false, _) => lead,
            (true, true) => LAST_CALL.min(lead / 2),
            (true, false) => return None,
        };
        Some(self.at.saturating_sub(before))
    }

    pub(super) fn look(&mut self, now: Duration) -> Option<Finding> {
        if self.wake_at().is_none_or(|at| now < at) {
            return None;
        }
        Some(if self.warned {
            self.calls = false;
            Finding::LastCall
        } else {
            self.warned = true;
            Finding::Expiring {
                left: self.at.saturating_sub(now),
            }
        })
    }
}
