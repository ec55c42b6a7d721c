//! Responses of the server, and the requests that they answer.

use std::time::Duration;

use super::request::{self, ActiveResponse, ResponseRequest, take_where};
use super::{CancelledBy, FinishedResponse, Outcome, Responses, UserSpeech};
use crate::protocol::{Response, ResponseStatus, SessionConfig, TurnDetection};

/// Number of tools' outputs that are remembered by the ids of their calls.
const MAX_OUTPUTS: usize = 64;

impl Responses {
    pub(super) fn begun(&mut self, now: Duration, response: &Response) {
        let mark = response.metadata.as_ref().and_then(request::mark);
        self.begun += 1;
        let at = self.adopt(response, self.begun);
        let Some(begun) = self.active.get(at) else {
            return;
        };
        let cancelled = begun
            .request
            .as_ref()
            .is_some_and(|request| request.cancelled);
        // The caller was told that no response comes.
        let expired = mark.is_some_and(|mark| self.expired.iter().any(|expired| expired == mark));
        let unwanted = begun.request.is_none() && expired;
        if cancelled || unwanted {
            self.send_cancel(now, at);
        }
    }

    /// Finds the response's place, and its request when it is new: ours, if its metadata says so,
    /// or else it is the server's own.
    fn adopt(&mut self, response: &Response, number: u64) -> usize {
        if let Some(at) = (self.active.iter()).position(|active| active.id == response.id) {
            return at;
        }
        let mark = response.metadata.as_ref().and_then(request::mark);
        let (request, certain) = match mark.and_then(|mark| self.take_marked(mark)) {
            Some(request) => {
                self.echoes = true;
                (Some(request), true)
            }
            // A server that does not return metadata begins the one that it was asked for, unless
            // it owes one to the user's speech. If it was another, the refusal of ours follows,
            // and tells. One that completed without a beginning began before this was asked for.
            None if !self.echoes
                && mark.is_none()
                && (number > 0 || response.status == Some(ResponseStatus::Failed))
                && self.speech != UserSpeech::Unanswered =>
            {
                let at = self.asked.iter().position(|request| !request.aside);
                (at.map(|at| self.asked.remove(at)), false)
            }
            None => (None, false),
        };
        let aside = request.as_ref().is_some_and(|request| request.aside);
        if !aside && self.speech == UserSpeech::Unanswered {
            self.speech = UserSpeech::None;
        }
        self.active.push(ActiveResponse {
            id: response.id.clone(),
            number,
            aside,
            request,
            certain,
            cancelled: None,
        });
        self.active.len() - 1
    }

    /// Finds the request that a response names, wherever it is.
    fn take_marked(&mut self, mark: &str) -> Option<ResponseRequest> {
        let marked = |request: &ResponseRequest| request.mark.as_deref() == Some(mark);
        if let Some(at) = self.asked.iter().position(marked) {
            return Some(self.asked.remove(at));
        }
        // It was taken for refused, or for the request of another response.
        if let Some(at) = self.waiting.iter().position(marked) {
            return self.waiting.remove(at);
        }
        let mistaken = |active: &&mut ActiveResponse| active.request.as_ref().is_some_and(marked);
        (self.active.iter_mut().find(mistaken)).and_then(|active| active.request.take())
    }

    pub(super) fn done(&mut self, response: &Response) {
        // Some ends are told without a beginning. What such a response knew is unknown.
        let at = self.adopt(response, 0);
        self.retry_at = None;
        let active = self.active.remove(at);
        let finished = FinishedResponse::new(response.clone());
        let covered = self.take_covered(&active, &finished.outcome);
        let id = active.id.clone();
        let result = Ok(finished);
        self.end_active(active, &result);
        for request in covered {
            self.end_tickets(request.tickets, Some(&id), &result);
        }
    }

    /// Takes the follow-ups that a response has made needless: it knew the outputs that they are
    /// about. One that the user talked over, or that failed, has not told them.
    fn take_covered(&mut self, ended: &ActiveResponse, outcome: &Outcome) -> Vec<ResponseRequest> {
        let told = match outcome {
            Outcome::Completed | Outcome::Incomplete(_) => true,
            Outcome::Cancelled(by) => *by == CancelledBy::Client,
            Outcome::Failed(_) => false,
        };
        let speaks_freely = ended.request.as_ref().is_none_or(ResponseRequest::is_plain);
        if !told || !speaks_freely || ended.aside {
            return Vec::new();
        }
        take_where(&mut self.waiting, |request| {
            (request.known_since).is_some_and(|since| ended.number > since)
        })
    }

    /// Notes that an output of a tool is part of the server's conversation: each response that
    /// begins from now on knows it.
    pub(super) fn output_added(&mut self, call_id: &str) {
        if self.outputs.len() >= MAX_OUTPUTS {
            self.outputs.pop_front();
        }
        self.outputs.push_back(call_id.to_owned());
        for request in self.waiting.iter_mut().chain(&mut self.asked) {
            request.output_added(call_id, self.begun);
        }
    }

    /// Notes that the server has made an item of what the user said. If it responds on its own, its
    /// next response answers that.
    pub(super) fn committed(&mut self) {
        // A commit that the client asked for is not answered on its own, nor is one beside a
        // response that goes on.
        let detected = matches!(self.speech, UserSpeech::Started | UserSpeech::Stopped);
        self.speech = if detected && self.responds && self.active().is_none() {
            UserSpeech::Unanswered
        } else {
            UserSpeech::None
        };
    }

    /// Learns from the server's session whether it responds on its own.
    pub(super) fn configured(&mut self, session: &SessionConfig) {
        if let SessionConfig::Realtime(session) = session
            && let Some(audio) = &session.audio
            && let Some(input) = &audio.input
        {
            let detection = input.turn_detection.as_set();
            self.responds = detection.is_some_and(TurnDetection::responds);
        }
    }
}
