//! The failures after which a call is repeated, and the pause before it.

use std::time::Duration;

use super::Error;
use crate::transport::TransportError;

/// The proof that a repetition needs that the service did not carry the call out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Repeat {
    /// Nothing was sent: no connection was made.
    Unsent,
    /// Nothing was sent, or the service refused the call for now: 429 and 503.
    Refused,
}

const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(8);

/// Returns the pause before the call is repeated after this error, or `None` if it must not be
/// repeated. `attempt` counts from 0. `random`, from 0 to 1, spreads the callers that failed at the
/// same time.
pub(super) fn pause(repeat: Repeat, error: &Error, attempt: u32, random: f64) -> Option<Duration> {
    let asked = match error {
        Error::Transport(
            TransportError::Unreachable(_)
            | TransportError::Proxy(_)
            // A proxy's 407 or 403 would come again; its 5xx say that the server was not reached.
            | TransportError::ProxyRefused { status: 500.. },
        ) => None,
        Error::Refused(refusal)
            if repeat == Repeat::Refused && matches!(refusal.status, 429 | 503) =>
        {
            refusal.retry_after
        }
        _ => return None,
    };
    Some(asked.unwrap_or_else(|| {
        let pause = FIRST_PAUSE.saturating_mul(2u32.saturating_pow(attempt));
        // Shortened at random, so that callers who failed together do not come back together.
        pause.min(LONGEST_PAUSE).mul_f64(1.0 - random / 4.0)
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::Refusal;

    fn refused(status: u16, retry_after: Option<Duration>) -> Error {
        let mut refusal = Refusal::new(status);
        refusal.retry_after = retry_after;
        refusal.into()
    }

    fn millis(pause: Option<Duration>) -> Option<u128> {
        pause.map(|pause| pause.as_millis())
    }

    #[test]
    fn only_calls_that_were_not_carried_out_are_repeated() {
        let unreachable = || Error::Transport(TransportError::Unreachable("down".into()));
        assert_eq!(
            millis(pause(Repeat::Unsent, &unreachable(), 0, 0.0)),
            Some(500)
        );
        assert_eq!(
            millis(pause(Repeat::Refused, &unreachable(), 0, 0.0)),
            Some(500)
        );
        for through_proxy in [
            TransportError::Proxy("down".into()),
            TransportError::ProxyRefused { status: 502 },
        ] {
            let error = Error::Transport(through_proxy);
            assert_eq!(millis(pause(Repeat::Unsent, &error, 0, 0.0)), Some(500));
        }
        for status in [429, 503] {
            let error = refused(status, None);
            assert_eq!(pause(Repeat::Unsent, &error, 0, 0.0), None, "{status}");
            assert_eq!(
                millis(pause(Repeat::Refused, &error, 0, 0.0)),
                Some(500),
                "{status}"
            );
        }
        for status in [0, 302, 400, 401, 403, 404, 408, 409, 422, 500, 502, 504] {
            let error = refused(status, Some(Duration::ZERO));
            assert_eq!(pause(Repeat::Refused, &error, 0, 0.0), None, "{status}");
        }
        for error in [
            Error::Transport(TransportError::Lost("gone".into())),
            Error::Transport(TransportError::Tls("expired".into())),
            Error::Transport(TransportError::ProxyRefused { status: 407 }),
            Error::Unexplained("TypeError".to_owned()),
            Error::Timeout,
            Error::CallId,
        ] {
            assert_eq!(pause(Repeat::Refused, &error, 0, 0.0), None, "{error}");
        }
    }

    #[test]
    fn the_service_says_how_long_to_wait() {
        let error = refused(429, Some(Duration::from_secs(20)));
        let asked = pause(Repeat::Refused, &error, 3, 1.0);
        assert_eq!(asked, Some(Duration::from_secs(20)));
    }

    #[test]
    fn pauses_double_up_to_a_limit_and_vary_by_a_quarter() {
        let error = refused(429, None);
        let pauses = |random| {
            (0..6).map(move |attempt| millis(pause(Repeat::Refused, &error, attempt, random)))
        };
        let expected = [500, 1000, 2000, 4000, 8000, 8000].map(Some);
        assert!(pauses(0.0).eq(expected));
        let error = refused(429, None);
        let least = pause(Repeat::Refused, &error, u32::MAX, 1.0);
        assert_eq!(least, Some(Duration::from_secs(6)));
    }
}
