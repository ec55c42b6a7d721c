//! A new connection before the session expires: made first, then taken in place of the old one.

use std::time::Duration;

use super::watch::Watch;
use super::{Connection, Notice, Queued, State};

/// Time before a session's end at which its connection is renewed even in the middle of a turn.
pub(super) const LAST_CALL: Duration = Duration::from_secs(10);

/// Delay after a failed attempt.
const RETRY: Duration = Duration::from_secs(10);

/// The connection that is to follow.
#[derive(Debug, Default)]
pub(super) enum Next {
    #[default]
    None,
    Connecting {
        deadline: Duration,
    },
    /// Between two attempts.
    Waiting {
        until: Duration,
    },
    Ready {
        since: Duration,
    },
}

impl Next {
    pub(super) fn wake_at(&self) -> Option<Duration> {
        match *self {
            Self::Connecting { deadline: at } | Self::Waiting { until: at } => Some(at),
            Self::None | Self::Ready { .. } => None,
        }
    }
}

impl<E: Queued> Connection<E> {
    /// The socket that [`Notice::ConnectNext`] asked for is open.
    pub fn next_opened(&mut self, now: Duration) {
        self.pass(now);
        if matches!(self.next, Next::Connecting { .. }) {
            self.next = Next::Ready { since: self.now };
            if self.last_call {
                self.switch(now);
            }
        }
    }

    /// The socket that [`Notice::ConnectNext`] asked for could not be opened, or has ended. `retry`
    /// as for [`failed`](Self::failed).
    pub fn next_failed(&mut self, now: Duration, retry: Option<Duration>) {
        self.pass(now);
        if !matches!(self.next, Next::None) {
            self.next = retry.map_or(Next::None, |at_least| Next::Waiting {
                until: self.now.saturating_add(at_least.max(RETRY)),
            });
        }
    }

    /// Returns true if the next connection is ready and waits for [`switch`](Self::switch).
    #[inline]
    pub fn can_switch(&self) -> bool {
        matches!(self.next, Next::Ready { .. }) && self.is_open()
    }

    /// Takes the next connection in place of the present one: nobody is in the middle of a turn.
    /// Without this, it is done shortly before the session's end.
    pub fn switch(&mut self, now: Duration) {
        self.pass(now);
        let Next::Ready { since } = self.next else {
            return;
        };
        if !self.is_open() {
            return;
        }
        self.hold();
        self.backlog.resume();
        self.state = State::Open;
        self.begin(since);
        self.notices.push_back(Notice::Switch);
        self.notices.push_back(Notice::Reconnected {
            generation: self.generation,
        });
    }

    /// A connection begins whose session the server has had since then.
    pub(super) fn begin(&mut self, since: Duration) {
        self.generation += 1;
        self.next = Next::None;
        self.last_call = false;
        self.watch = Watch::new(&self.limits, self.now, since);
    }

    /// Asks for the next connection.
    pub(super) fn connect_next(&mut self) {
        self.next = Next::Connecting {
            deadline: self.now.saturating_add(self.limits.connect_timeout),
        };
        self.notices.push_back(Notice::ConnectNext);
    }

    /// The present connection is at its end, and the next has no part in it.
    pub(super) fn abandon_next(&mut self) {
        let next = std::mem::take(&mut self.next);
        if matches!(next, Next::Connecting { .. } | Next::Ready { .. }) {
            self.notices.push_back(Notice::AbandonNext);
        }
    }

    /// Does what is due.
    pub(super) fn look_at_next(&mut self) {
        match self.next {
            Next::Connecting { deadline } if self.now >= deadline => {
                self.notices.push_back(Notice::AbandonNext);
                self.next_failed(self.now, Some(Duration::ZERO));
            }
            Next::Waiting { until } if self.now >= until => self.connect_next(),
            _ => {}
        }
    }
}
