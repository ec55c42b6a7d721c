//! Watchdogs of an open connection: signs of life of the peer, progress of writing, expiry of the
//! session.

use std::time::Duration;

use super::Limits;
use super::renewal::LAST_CALL;

/// Pings, by which a dead peer is noticed: one each `interval`, and something must arrive within
/// `timeout` after it, be it the pong or anything else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeepAlive {
    /// Time between two pings; 30 s by default.
    pub interval: Duration,
    /// Longest time until the peer shows a sign of life; 30 s by default.
    pub timeout: Duration,
}

impl Default for KeepAlive {
    fn default() -> Self {
        let half_a_minute = Duration::from_secs(30);
        Self::new(half_a_minute, half_a_minute)
    }
}

impl KeepAlive {
    /// A ping each `interval`, and `timeout` for the answer.
    #[must_use]
    pub fn new(interval: Duration, timeout: Duration) -> Self {
        Self { interval, timeout }
    }
}

/// Lifetime of a session, unless the service says otherwise.
const SESSION_LASTS: Duration = Duration::from_secs(60 * 60);

/// A deadline that is found this late was slept through, and says nothing about the peer.
const SLEPT: Duration = Duration::from_secs(1);

/// In how many parts the idle timeout is counted.
const QUIET_PARTS: u8 = 4;

/// Finding of a watchdog.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Finding {
    /// It is time to ping.
    Ping,
    /// Nothing answered the ping.
    Unanswered,
    /// Nothing arrived for too long.
    Idle,
    /// The socket took too long to take something.
    Stalled,
    /// The session ends soon.
    Expiring { left: Duration },
    /// The session ends very soon.
    LastCall,
}

/// The watch over one open connection.
///
/// It is told of arrivals without the time, which would cost every message a look at the clock:
/// arrivals are noted, and looked at when the next deadline comes.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    heard: bool,
    ping: Option<Ping>,
    idle: Option<Idle>,
    send_timeout: Option<Duration>,
    stalled_until: Option<Duration>,
    expiry: Option<Expiry>,
}

#[derive(Debug)]
struct Ping {
    settings: KeepAlive,
    next: Duration,
    answer_by: Option<Duration>,
    /// True if the unanswered ping is a second one, because the deadline of the first was slept
    /// through.
    again: bool,
}

#[derive(Debug)]
struct Idle {
    part: Duration,
    next: Duration,
    /// Parts of the timeout that have passed in silence.
    quiet: u8,
    heard: bool,
}

#[derive(Debug)]
struct Expiry {
    lead: Duration,
    at: Duration,
    warned: bool,
    /// True if a last call is still to come.
    calls: bool,
    renews: bool,
}

impl Watch {
    /// One over a connection that is open now, and whose session has been there `since` then.
    pub(crate) fn new(limits: &Limits, now: Duration, since: Duration) -> Self {
        Self {
            heard: false,
            ping: limits.keep_alive.map(|settings| Ping {
                settings,
                next: now.saturating_add(settings.interval),
                answer_by: None,
                again: false,
            }),
            idle: limits.idle_timeout.map(|timeout| {
                let part = timeout / u32::from(QUIET_PARTS);
                Idle {
                    part,
                    next: now.saturating_add(part),
                    quiet: 0,
                    heard: false,
                }
            }),
            send_timeout: limits.send_timeout,
            stalled_until: None,
            expiry: limits.expiry_warning.map(|lead| Expiry {
                lead,
                at: since.saturating_add(SESSION_LASTS),
                warned: false,
                renews: limits.renew,
                calls: limits.renew,
            }),
        }
    }

    /// Something arrived.
    #[inline]
    pub(crate) fn hear(&mut self) {
        self.heard = true;
    }

    /// The socket takes nothing more for now.
    pub(crate) fn stall(&mut self, now: Duration) {
        if self.stalled_until.is_none() {
            self.stalled_until = self.send_timeout.map(|limit| now.saturating_add(limit));
        }
    }

    /// Returns true if a stall is news.
    #[inline]
    pub(crate) fn minds_stalls(&self) -> bool {
        self.send_timeout.is_some() && self.stalled_until.is_none()
    }

    /// The socket took something.
    #[inline]
    pub(crate) fn flow(&mut self) {
        self.stalled_until = None;
    }

    /// The server said when the session ends.
    pub(crate) fn expires(&mut self, at: Duration) {
        if let Some(expiry) = &mut self.expiry
            && expiry.at != at
        {
            expiry.at = at;
            expiry.warned = false;
            expiry.calls = expiry.renews;
        }
    }

    /// Returns the time of the next look.
    pub(crate) fn wake_at(&self) -> Option<Duration> {
        let ping = self.ping.as_ref().map(|ping| match ping.answer_by {
            Some(answer_by) => answer_by.min(ping.next),
            None => ping.next,
        });
        let idle = self.idle.as_ref().map(|idle| idle.next);
        let warning = self.expiry.as_ref().and_then(Expiry::wake_at);
        [ping, idle, self.stalled_until, warning]
            .into_iter()
            .flatten()
            .min()
    }

    /// Looks whether something is due, one at a time; what has arrived must have been told before.
    pub(crate) fn look(&mut self, now: Duration) -> Option<Finding> {
        if std::mem::take(&mut self.heard) {
            if let Some(ping) = &mut self.ping {
                ping.answer_by = None;
            }
            if let Some(idle) = &mut self.idle {
                idle.heard = true;
            }
        }
        if self.stalled_until.is_some_and(|until| now >= until) {
            return Some(Finding::Stalled);
        }
        if let Some(finding) = self.ping.as_mut().and_then(|ping| ping.look(now)) {
            return Some(finding);
        }
        if let Some(finding) = self.idle.as_mut().and_then(|idle| idle.look(now)) {
            return Some(finding);
        }
        self.expiry.as_mut()?.look(now)
    }
}

impl Expiry {
    fn wake_at(&self) -> Option<Duration> {
        let lead = match (self.warned, self.calls) {
            (false, _) => self.lead,
            (true, true) => LAST_CALL,
            (true, false) => return None,
        };
        Some(self.at.saturating_sub(lead))
    }

    fn look(&mut self, now: Duration) -> Option<Finding> {
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

impl Ping {
    fn look(&mut self, now: Duration) -> Option<Finding> {
        if let Some(answer_by) = self.answer_by
            && now >= answer_by
        {
            if self.again || now.saturating_sub(answer_by) < SLEPT {
                return Some(Finding::Unanswered);
            }
            return Some(self.ping(now, true));
        }
        if now < self.next {
            return None;
        }
        if self.answer_by.is_some() {
            // One is out already.
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

impl Idle {
    /// Counts a part that was slept through as one part, however long it was.
    fn look(&mut self, now: Duration) -> Option<Finding> {
        if now < self.next {
            return None;
        }
        self.next = now.saturating_add(self.part);
        if std::mem::take(&mut self.heard) {
            self.quiet = 0;
            return None;
        }
        self.quiet += 1;
        (self.quiet >= QUIET_PARTS).then_some(Finding::Idle)
    }
}
