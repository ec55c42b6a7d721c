//! Watchdogs over an open connection: the peer answers, messages arrive, writing goes on, and the
//! session is not about to expire.

use std::time::Duration;

use super::limits::Limits;

mod expiry;
mod idle;
mod keep_alive;
mod stall;

use expiry::ExpiryWatch;
use idle::IdleWatch;
use keep_alive::KeepAliveWatch;
use stall::StallWatch;

/// Finding of a watchdog.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Finding {
    /// A ping is due.
    Ping,
    /// Nothing answered the ping.
    Unanswered,
    /// Nothing arrived for too long.
    Idle,
    /// The socket did not accept anything for too long.
    Stalled,
    /// The session ends soon.
    Expiring { left: Duration },
    /// The session ends very soon.
    LastCall,
}

/// All watchdogs of one open connection.
///
/// An arrival sets a flag and reads no clock, which keeps the path of a message short. The
/// watchdogs check the flag at their next deadline.
#[derive(Debug, Default)]
pub(super) struct Watch {
    heard: bool,
    keep_alive: Option<KeepAliveWatch>,
    idle: Option<IdleWatch>,
    stall: Option<StallWatch>,
    expiry: Option<ExpiryWatch>,
}

impl Watch {
    /// Watches a connection that is open now, and whose session began at `since`.
    pub(super) fn new(limits: &Limits, now: Duration, since: Duration) -> Self {
        let keep_alive = limits.keep_alive;
        let expiry = limits.expiry_warning;
        Self {
            heard: false,
            keep_alive: keep_alive.map(|settings| KeepAliveWatch::new(settings, now)),
            idle: limits
                .idle_timeout
                .map(|timeout| IdleWatch::new(timeout, now)),
            stall: limits.send_timeout.map(StallWatch::new),
            expiry: expiry.map(|lead| ExpiryWatch::new(lead, limits.renew, since)),
        }
    }

    /// Something arrived.
    #[inline]
    pub(super) fn hear(&mut self) {
        self.heard = true;
    }

    /// The socket accepts nothing more for now.
    pub(super) fn stall(&mut self, now: Duration) {
        if let Some(stall) = &mut self.stall {
            stall.stall(now);
        }
    }

    /// Returns whether a stall is watched, and was not reported yet.
    #[inline]
    pub(super) fn minds_stalls(&self) -> bool {
        self.stall.as_ref().is_some_and(|stall| !stall.is_stalled())
    }

    /// The socket accepted something.
    #[inline]
    pub(super) fn flow(&mut self) {
        if let Some(stall) = &mut self.stall {
            stall.flow();
        }
    }

    /// The server announced the session's end.
    pub(super) fn expires(&mut self, at: Duration) {
        if let Some(expiry) = &mut self.expiry {
            expiry.expires(at);
        }
    }

    /// Returns whether the session has outlived the end that was announced for it.
    pub(super) fn has_outlived(&self, now: Duration) -> bool {
        let expiry = self.expiry.as_ref();
        expiry.is_some_and(|expiry| expiry.has_passed(now))
    }

    /// Takes the announced end as an error.
    pub(super) fn disbelieve_expiry(&mut self) {
        if let Some(expiry) = &mut self.expiry {
            expiry.disbelieve();
        }
    }

    /// Returns the next deadline.
    pub(super) fn wake_at(&self) -> Option<Duration> {
        let keep_alive = self.keep_alive.as_ref().map(KeepAliveWatch::wake_at);
        let idle = self.idle.as_ref().map(IdleWatch::wake_at);
        let stall = self.stall.as_ref().and_then(StallWatch::wake_at);
        let expiry = self.expiry.as_ref().and_then(ExpiryWatch::wake_at);
        [keep_alive, idle, stall, expiry]
            .into_iter()
            .flatten()
            .min()
    }

    /// Returns what is due, one finding at a time. Arrivals must have been reported before.
    pub(super) fn look(&mut self, now: Duration) -> Option<Finding> {
        if std::mem::take(&mut self.heard) {
            if let Some(keep_alive) = &mut self.keep_alive {
                keep_alive.hear();
            }
            if let Some(idle) = &mut self.idle {
                idle.hear();
            }
        }
        // The end of the connection comes before a ping that it would make pointless.
        if let Some(finding) = self.stall.as_ref().and_then(|stall| stall.look(now)) {
            return Some(finding);
        }
        if let Some(finding) = self.keep_alive.as_mut().and_then(|alive| alive.look(now)) {
            return Some(finding);
        }
        if let Some(finding) = self.idle.as_mut().and_then(|idle| idle.look(now)) {
            return Some(finding);
        }
        self.expiry.as_mut()?.look(now)
    }
}
