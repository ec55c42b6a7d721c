//! Reconnecting: after which closes, how often, and with which delays.

use std::time::Duration;

/// Policy of reconnecting after a connection is lost.
///
/// A session reconnects after the close codes 1001, 1005, 1006, 1011, 1012 and 1013 ([RFC 6455,
/// 7.4.1](https://www.rfc-editor.org/rfc/rfc6455#section-7.4.1)). Any other code ends it, such as
/// 3000 and 4000, with which the service refuses a session for good. The first connection is not
/// retried.
///
/// ```
/// use std::time::Duration;
/// use openai_realtime_ws::Reconnect;
///
/// let reconnect = Reconnect::default().max_attempts(20).max_delay(Duration::from_secs(30));
/// assert_eq!(reconnect.initial_delay, Duration::from_millis(500));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reconnect {
    /// Number of attempts: 5 by default. With 0 the session does not reconnect.
    pub max_attempts: u32,
    /// Time that a connection must stay open for all attempts to be available again: 60 s by
    /// default. With `None`, the attempts count for the session's lifetime, as they do in the
    /// official SDK.
    pub reset_after: Option<Duration>,
    /// Delay before the first attempt of an outage: 500 ms by default. It doubles from attempt to
    /// attempt, and is shortened at random by up to a quarter.
    pub initial_delay: Duration,
    /// Longest delay: 8 s by default. A server can ask for a longer one by `Retry-After`.
    pub max_delay: Duration,
    /// Longest delay that a server can ask for by `Retry-After`: 60 s by default.
    pub max_retry_after: Duration,
    /// Range of a random time that is added to the delay before the first attempt of an outage:
    /// none by default. Many clients that lose their connections together reconnect evenly over
    /// this time, instead of within 125 ms.
    pub spread: Duration,
}

impl Default for Reconnect {
    fn default() -> Self {
        Self {
            max_attempts: 5,
            reset_after: Some(Duration::from_secs(60)),
            initial_delay: Duration::from_millis(500),
            max_delay: Duration::from_secs(8),
            max_retry_after: Duration::from_secs(60),
            spread: Duration::ZERO,
        }
    }
}

impl Reconnect {
    /// Sets [`max_attempts`](Self#structfield.max_attempts).
    #[must_use]
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = attempts;
        self
    }

    /// Sets [`reset_after`](Self#structfield.reset_after).
    #[must_use]
    pub fn reset_after(mut self, uptime: impl Into<Option<Duration>>) -> Self {
        self.reset_after = uptime.into();
        self
    }

    /// Sets [`initial_delay`](Self#structfield.initial_delay).
    #[must_use]
    pub fn initial_delay(mut self, delay: Duration) -> Self {
        self.initial_delay = delay;
        self
    }

    /// Sets [`max_delay`](Self#structfield.max_delay).
    #[must_use]
    pub fn max_delay(mut self, delay: Duration) -> Self {
        self.max_delay = delay;
        self
    }

    /// Sets [`max_retry_after`](Self#structfield.max_retry_after).
    #[must_use]
    pub fn max_retry_after(mut self, delay: Duration) -> Self {
        self.max_retry_after = delay;
        self
    }

    /// Sets [`spread`](Self#structfield.spread).
    #[must_use]
    pub fn spread(mut self, spread: Duration) -> Self {
        self.spread = spread;
        self
    }
}

/// Attempts that are left in a connection's life.
#[derive(Debug)]
pub(super) struct Retries {
    policy: Option<Reconnect>,
    used: u32,
    random: u64,
}

/// The next attempt.
#[derive(Debug)]
pub(super) struct Attempt {
    /// Its number since the attempts were last available in full, from 1.
    pub(super) number: u32,
    pub(super) delay: Duration,
}

impl Retries {
    pub(super) fn new(policy: Option<Reconnect>, seed: u64) -> Self {
        Self {
            policy: policy.filter(|policy| policy.max_attempts > 0),
            used: 0,
            random: seed,
        }
    }

    /// Returns whether a connection that ended with this code is to be opened again.
    // Contracts 73 and 77.
    pub(super) fn recovers(&self, code: u16) -> bool {
        self.policy.is_some() && matches!(code, 1001 | 1005 | 1006 | 1011 | 1012 | 1013)
    }

    /// Allows no further attempts.
    pub(super) fn stop(&mut self) {
        self.policy = None;
    }

    pub(super) fn max_attempts(&self) -> u32 {
        self.policy.map_or(0, |policy| policy.max_attempts)
    }

    /// A connection has ended that was open for this time.
    pub(super) fn stayed_up(&mut self, uptime: Duration) {
        let enough = self.policy.and_then(|policy| policy.reset_after);
        if enough.is_some_and(|enough| uptime >= enough) {
            self.used = 0;
        }
    }

    /// Returns the next attempt; `None` when all are used up. `nth` counts the attempts of this
    /// outage, from 1. The server asked for a delay of `retry_after`, or of zero.
    // Contract 78.
    pub(super) fn next(&mut self, nth: u32, retry_after: Duration) -> Option<Attempt> {
        let policy = self.policy?;
        if self.used >= policy.max_attempts {
            return None;
        }
        self.used += 1;
        // A shift past 31 bits means a longer delay than any: the bound below applies.
        let doublings = 1_u32.checked_shl(nth.saturating_sub(1));
        let delay = doublings.map_or(Duration::MAX, |by| policy.initial_delay.saturating_mul(by));
        let mut seconds = delay.min(policy.max_delay).as_secs_f64() * (0.75 + self.random() * 0.25);
        if nth == 1 && !policy.spread.is_zero() {
            seconds += policy.spread.as_secs_f64() * self.random();
        }
        // Whole milliseconds, as timers have them everywhere.
        let rounded = Duration::try_from_secs_f64((seconds * 1000.0).round() / 1000.0);
        let delay = rounded.unwrap_or(Duration::MAX);
        Some(Attempt {
            number: self.used,
            delay: delay.max(retry_after.min(policy.max_retry_after)),
        })
    }

    /// Returns a number of at least 0 and below 1, by the generator splitmix64.
    fn random(&mut self) -> f64 {
        self.random = self.random.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.random;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^= mixed >> 31;
        // 32 bits are enough for a delay, and fit a double exactly.
        let half = u32::try_from(mixed >> 32).unwrap_or_default();
        f64::from(half) / 4_294_967_296.0
    }
}
