//! Policy of reconnecting: the close codes, the number of attempts, the delays between them.

use std::time::Duration;

/// Policy of a session that reconnects after a loss.
///
/// It does so after the closes that pass: 1001, 1005, 1006, 1011, 1012 and 1013. The first
/// connection is not retried.
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
    /// Attempts in the session's lifetime, at most; 5 by default, and none with 0.
    pub max_attempts: u32,
    /// The wait before an outage's first attempt: 500 ms unless set. It doubles from attempt to
    /// attempt, and is shortened at random by up to a quarter, so that clients who were cut off
    /// together do not come back together.
    pub initial_delay: Duration,
    /// The longest wait: 8 s unless set. A server that asks for a longer one, by `Retry-After`,
    /// gets it.
    pub max_delay: Duration,
}

impl Default for Reconnect {
    fn default() -> Self {
        Self {
            max_attempts: 5,
            initial_delay: Duration::from_millis(500),
            max_delay: Duration::from_secs(8),
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
}

/// Remainder of the policy in one connection's lifetime.
#[derive(Debug)]
pub(crate) struct Retries {
    policy: Option<Reconnect>,
    used: u32,
    random: u64,
}

impl Retries {
    pub(crate) fn new(policy: Option<Reconnect>, seed: u64) -> Self {
        Self {
            policy: policy.filter(|policy| policy.max_attempts > 0),
            used: 0,
            random: seed,
        }
    }

    /// Returns true if a connection that ended with this code is followed by another attempt.
    pub(crate) fn recovers(&self, code: u16) -> bool {
        self.policy.is_some() && matches!(code, 1001 | 1005 | 1006 | 1011 | 1012 | 1013)
    }

    pub(crate) fn max_attempts(&self) -> u32 {
        self.policy.map_or(0, |policy| policy.max_attempts)
    }

    /// The next attempt's number in the connection's life, and the wait before it; `None` when the
    /// budget is used up. `nth` counts the attempts of this outage, from 1.
    pub(crate) fn next(&mut self, nth: u32) -> Option<(u32, Duration)> {
        let policy = self.policy?;
        if self.used >= policy.max_attempts {
            return None;
        }
        self.used += 1;
        let doublings = 1_u32.checked_shl(nth.saturating_sub(1));
        let delay = doublings.map_or(Duration::MAX, |by| policy.initial_delay.saturating_mul(by));
        let seconds = delay.min(policy.max_delay).as_secs_f64() * self.jitter();
        let rounded = Duration::try_from_secs_f64((seconds * 1000.0).round() / 1000.0);
        Some((self.used, rounded.unwrap_or(Duration::MAX)))
    }

    /// At least 0.75 and below 1, by the generator splitmix64.
    fn jitter(&mut self) -> f64 {
        self.random = self.random.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.random;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^= mixed >> 31;
        // Half of the bits fill a quarter well enough, and are a double exactly.
        let half = u32::try_from(mixed >> 32).unwrap_or_default();
        0.75 + f64::from(half) / 4_294_967_296.0 * 0.25
    }
}
