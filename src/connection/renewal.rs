//! Renewal: a new connection before the session expires, opened beside the old one and then put in
//! its place.

use std::time::Duration;

use super::watch::Watch;
use super::{Connection, Failure, Notice, Queued, State};

/// Delay after a failed attempt.
const RETRY: Duration = Duration::from_secs(10);

/// Shortest time between two renewals. A session that expires sooner is the mark of a wrong clock
/// or a strange server: renewing it at once would lead to a storm of connections.
const MIN_INTERVAL: Duration = Duration::from_secs(60);

/// The next connection.
#[derive(Debug, Default)]
enum Next {
    #[default]
    None,
    Connecting {
        deadline: Duration,
    },
    /// Between two attempts.
    Waiting {
        until: Duration,
    },
    /// Put off, because the present connection is too young to be renewed.
    TooYoung {
        until: Duration,
    },
    Ready {
        since: Duration,
    },
}

/// Renewal of a session.
#[derive(Debug, Default)]
pub(super) struct RenewalState {
    next: Next,
    /// Set when the present session ends very soon.
    pub(super) last_call: bool,
    /// Set if the present connection replaced another one before its end.
    renewed: bool,
    trust: Trust,
}

/// Trust in the ends of sessions that are announced.
#[derive(Debug, Default, PartialEq, Eq)]
enum Trust {
    #[default]
    Full,
    /// A renewed session is said to expire too soon, and the driver knows.
    Doubt,
    /// A session has outlived its announced end.
    Lost,
}

impl RenewalState {
    /// Returns whether an announced end counts.
    pub(super) fn believes(&self) -> bool {
        self.trust != Trust::Lost
    }

    pub(super) fn wake_at(&self) -> Option<Duration> {
        match self.next {
            Next::Connecting { deadline: at }
            | Next::Waiting { until: at }
            | Next::TooYoung { until: at } => Some(at),
            Next::None | Next::Ready { .. } => None,
        }
    }
}

impl<E: Queued> Connection<E> {
    /// The socket that [`Notice::ConnectNext`] asked for is open.
    pub fn next_opened(&mut self, now: Duration) {
        self.pass(now);
        if matches!(self.renewal.next, Next::Connecting { .. }) {
            self.renewal.next = Next::Ready { since: self.now };
            // No turn is waited for any more: the old session is about to end.
            if self.renewal.last_call {
                self.switch(now);
            }
        }
    }

    /// The socket that [`Notice::ConnectNext`] asked for could not be opened, or has ended. `retry`
    /// as for [`failed`](Self::failed).
    pub fn next_failed(&mut self, now: Duration, retry: Option<Duration>) {
        self.pass(now);
        if !matches!(self.renewal.next, Next::None) {
            self.renewal.next = retry.map_or(Next::None, |retry_after| {
                let reconnect = self.limits.reconnect.unwrap_or_default();
                let asked = retry_after.min(reconnect.max_retry_after);
                Next::Waiting {
                    until: self.now.saturating_add(asked.max(RETRY)),
                }
            });
        }
    }

    /// Returns whether the next connection is ready, and waits for [`switch`](Self::switch).
    #[inline]
    pub fn can_switch(&self) -> bool {
        matches!(self.renewal.next, Next::Ready { .. }) && self.is_open()
    }

    /// Puts the next connection in place of the present one. A driver calls this between two turns;
    /// otherwise it happens shortly before the session's end.
    pub fn switch(&mut self, now: Duration) {
        self.pass(now);
        let Next::Ready { since } = self.renewal.next else {
            return;
        };
        if !self.is_open() {
            return;
        }
        self.hold();
        // Unsent events wait for the restored session; new ones follow behind them.
        self.backlog.resume();
        self.retries
            .stayed_up(self.now.saturating_sub(self.open_since));
        self.state = State::Open;
        self.begin(since);
        self.renewal.renewed = true;
        self.notices.push_back(Notice::Switch);
        self.notices.push_back(Notice::Reconnected {
            generation: self.generation,
        });
    }

    /// A connection begins whose session the server started at `since`.
    pub(super) fn begin(&mut self, since: Duration) {
        self.generation += 1;
        self.open_since = since;
        self.renewal.renewed = false;
        self.renewal.next = Next::None;
        self.renewal.last_call = false;
        self.watch = Watch::new(&self.limits, self.now, since);
    }

    /// The present session ends soon.
    pub(super) fn renew(&mut self, left: Duration) {
        if !self.limits.renew || !matches!(self.renewal.next, Next::None) {
            return;
        }
        // Only a renewed session is suspected: the first one may really be short.
        let until = self.open_since.saturating_add(MIN_INTERVAL);
        if !self.renewal.renewed || self.now >= until {
            return self.connect_next();
        }
        self.renewal.next = Next::TooYoung { until };
        if std::mem::replace(&mut self.renewal.trust, Trust::Doubt) == Trust::Full {
            self.notices
                .push_back(Notice::Failed(Failure::ExpiresTooSoon { left }));
        }
    }

    /// Asks for the next connection.
    fn connect_next(&mut self) {
        self.renewal.next = Next::Connecting {
            deadline: self.now.saturating_add(self.limits.connect_timeout),
        };
        self.notices.push_back(Notice::ConnectNext);
    }

    /// The present connection ends, and the next one has no part in it.
    pub(super) fn abandon_next(&mut self) {
        let next = std::mem::take(&mut self.renewal.next);
        if matches!(next, Next::Connecting { .. } | Next::Ready { .. }) {
            self.notices.push_back(Notice::AbandonNext);
        }
    }

    /// Does what is due.
    pub(super) fn look_at_next(&mut self) {
        match self.renewal.next {
            Next::Connecting { deadline } if self.now >= deadline => {
                self.notices.push_back(Notice::AbandonNext);
                self.next_failed(self.now, Some(Duration::ZERO));
            }
            Next::Waiting { until } if self.now >= until => self.connect_next(),
            Next::TooYoung { until } if self.now >= until => {
                if self.watch.has_outlived(self.now) {
                    // The session is still here after its announced end: one of the clocks is
                    // wrong.
                    self.renewal.trust = Trust::Lost;
                    self.renewal.next = Next::None;
                    self.renewal.last_call = false;
                    self.watch.disbelieve_expiry();
                } else {
                    self.connect_next();
                }
            }
            _ => {}
        }
    }
}
