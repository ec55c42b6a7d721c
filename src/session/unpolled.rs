//! Watch over a session that nobody polls, for those who wait for it to move.

use std::fmt;
use std::future::pending;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use crate::connection::Backlog;
use crate::platform::{BoxFuture, Callback};
use crate::protocol::RawEvent;
use crate::transport::Connector;

/// Time between two looks.
const PAUSE: Duration = Duration::from_secs(1);

/// Looks in a row that find the session unpolled before a line is logged.
const LOOKS_TO_LOG: u32 = 5;

/// Looks in a row that find the session unpolled before the waiting call gives up. Looks are
/// counted in place of time, so that a computer that slept has lost one look only.
const LOOKS: u32 = 30;

/// Sleep of a session's connector. It keeps neither of them alive.
#[derive(Clone)]
pub(super) struct Timer(Arc<Callback<Duration, BoxFuture<()>>>);

impl Timer {
    pub(super) fn new<C: Connector>(connector: Weak<C>) -> Self {
        Self(Arc::new(move |duration| match connector.upgrade() {
            Some(connector) => Box::pin(connector.sleep(*duration)),
            // The session is gone, and with it the reason to wait.
            None => Box::pin(pending()),
        }))
    }

    /// Timer whose sleeps never end.
    #[cfg(test)]
    pub(super) fn stopped() -> Self {
        Self(Arc::new(|_| Box::pin(pending())))
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<()> {
        (self.0)(&duration)
    }
}

/// Future that ends when nobody has polled the session for 30 seconds.
///
/// A session at rest is not polled either, because its task sleeps until something arrives. So each
/// look wakes that task: if the session is still not polled by the next look, no task awaits it.
pub(crate) struct Unpolled {
    backlog: Backlog<RawEvent>,
    timer: Timer,
    sleep: Option<BoxFuture<()>>,
    /// Number of polls at the last look.
    polls: usize,
    /// Number of looks since the last poll.
    looks: u32,
}

impl Unpolled {
    pub(super) fn new(backlog: &Backlog<RawEvent>, timer: &Timer) -> Self {
        Self {
            polls: backlog.polls(),
            backlog: backlog.clone(),
            timer: timer.clone(),
            sleep: None,
            looks: 0,
        }
    }

    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            let timer = &self.timer;
            let sleep = self.sleep.get_or_insert_with(|| timer.sleep(PAUSE));
            ready!(sleep.as_mut().poll(cx));
            self.sleep = None;
            let polls = self.backlog.polls();
            if polls == self.polls {
                self.looks += 1;
            } else {
                self.polls = polls;
                self.looks = 0;
            }
            if self.looks == LOOKS_TO_LOG {
                log_warning!(
                    queued_bytes = self.backlog.bytes(),
                    "a call waits for the session, and nobody polls it"
                );
            }
            if self.looks >= LOOKS {
                return Poll::Ready(());
            }
            self.backlog.wake_poller();
        }
    }
}

impl fmt::Debug for Unpolled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unpolled")
            .field("looks", &self.looks)
            .finish_non_exhaustive()
    }
}
