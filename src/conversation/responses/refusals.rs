//! Errors of the server about requests and cancellations.

use std::time::Duration;

use super::request::{ActiveResponse, ResponseRequest, take_where};
use super::{FIRST_RETRY, RequestError, Responses};
use crate::protocol::{ErrorDetails, ErrorKind};

impl Responses {
    /// An error may be about a request or a cancellation of ours. Its event id says which, unless
    /// the server leaves it out: then its code does.
    pub(super) fn refused(&mut self, now: Duration, error: &ErrorDetails) {
        let code = error.code.as_deref().unwrap_or_default();
        if error.kind() == ErrorKind::Deferred {
            self.collided(now, error.event_id.as_deref());
        } else if code == "response_cancel_not_active" {
            // Without the id, it may be about an earlier cancellation: the bound sees to the rest.
            let stale = |response: &mut ActiveResponse| {
                let id = response
                    .cancelled
                    .as_ref()
                    .map(|cancelled| cancelled.event_id.as_str());
                id.is_some() && error.event_id.as_deref() == id
            };
            for response in take_where(&mut self.active, stale) {
                self.end_active(response, &Err(RequestError::Refused(error.clone())));
            }
        } else if let Some(request) = self.take_refused(error) {
            self.end_request(request, &RequestError::Refused(error.clone()));
        }
    }

    fn take_refused(&mut self, error: &ErrorDetails) -> Option<ResponseRequest> {
        let at = match error.event_id.as_deref() {
            Some(id) => (self.asked.iter()).position(|request| request.event_id() == Some(id)),
            None if speaks_of_create(error) => self.asked.iter().position(|request| !request.aside),
            None => None,
        };
        Some(self.asked.remove(at?))
    }

    /// Another response is under way: the request waits for its end, at the head of the queue.
    fn collided(&mut self, now: Duration, event_id: Option<&str>) {
        let named =
            |request: &ResponseRequest| event_id.is_some() && request.event_id() == event_id;
        let at = (self.asked.iter().position(named))
            .or_else(|| self.asked.iter().position(|request| !request.aside));
        let taken_for = |active: &&mut ActiveResponse| !active.certain && active.request.is_some();
        let request = match at {
            Some(at) => Some(self.asked.remove(at)),
            // The response that we took for its answer is the server's own.
            None => {
                (self.active.iter_mut().find(taken_for)).and_then(|active| active.request.take())
            }
        };
        let Some(mut request) = request else {
            return;
        };
        if request.cancelled {
            self.end_request(request, &RequestError::Withdrawn);
        } else if request.attempts >= self.limits.attempts {
            let attempts = request.attempts;
            self.end_request(request, &RequestError::Busy { attempts });
        } else {
            if self.active().is_none() {
                let wait = FIRST_RETRY * 2_u32.saturating_pow(request.attempts.min(5) - 1);
                self.retry_at = Some(now + wait);
            }
            request.since = now;
            self.waiting.push_front(request);
            self.merge_follow_ups();
        }
    }
}

/// Returns true if an error that names no event is about a `response.create`.
fn speaks_of_create(error: &ErrorDetails) -> bool {
    let param = error.param.as_deref().unwrap_or_default();
    let code = error.code.as_deref().unwrap_or_default();
    param == "response"
        || param.starts_with("response.")
        || code.contains("response_create")
        || error.message.contains("response.create")
}
