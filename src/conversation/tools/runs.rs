//! Tools that run, up to a limit at a time, until they finish or take too long.

use std::collections::VecDeque;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::{AbortHandle, Abortable, Aborted};
use futures_util::stream::FuturesUnordered;

use super::{ToolCall, ToolResult, Tools};
use crate::platform::BoxFuture;

/// Calls that run beside the conversation.
pub(crate) struct ToolRuns {
    running: FuturesUnordered<BoxFuture<(ToolCall, Result<ToolResult, Aborted>)>>,
    /// Time limits of those that run, and the way to stop them.
    limits: Vec<RunLimit>,
    waiting: VecDeque<ToolCall>,
}

/// A call that was run.
pub(crate) struct FinishedRun {
    pub(crate) call: ToolCall,
    pub(crate) result: ToolResult,
}

struct RunLimit {
    call_id: String,
    until: Duration,
    stop: AbortHandle,
}

impl ToolRuns {
    pub(crate) fn new() -> Self {
        Self {
            running: FuturesUnordered::new(),
            limits: Vec::new(),
            waiting: VecDeque::new(),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.running.is_empty() && self.waiting.is_empty()
    }

    pub(crate) fn add(&mut self, call: ToolCall) {
        self.waiting.push_back(call);
    }

    /// Stops a call: nothing comes of it.
    pub(crate) fn stop(&mut self, call_id: &str) {
        self.waiting.retain(|call| call.call_id != call_id);
        self.limits.retain(|limit| {
            let stopped = limit.call_id == call_id;
            if stopped {
                limit.stop.abort();
            }
            !stopped
        });
    }

    /// Returns the time at which a call takes too long.
    pub(crate) fn wake_at(&self) -> Option<Duration> {
        self.limits.iter().map(|limit| limit.until).min()
    }

    /// Starts the calls for which there is room, and returns the next one that has finished.
    pub(crate) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        now: Duration,
        tools: &Tools,
    ) -> Poll<FinishedRun> {
        loop {
            while self.limits.len() < tools.concurrency
                && let Some(call) = self.waiting.pop_front()
            {
                self.start(call, now, tools);
            }
            for limit in &self.limits {
                if limit.until <= now {
                    limit.stop.abort();
                }
            }
            let Poll::Ready(Some((call, result))) = self.running.poll_next_unpin(cx) else {
                return Poll::Pending;
            };
            let Some(at) = self
                .limits
                .iter()
                .position(|limit| limit.call_id == call.call_id)
            else {
                // It was stopped.
                continue;
            };
            self.limits.remove(at);
            let result = result.unwrap_or_else(|Aborted| {
                let seconds = tools.timeout.as_secs_f64();
                ToolResult::error(format!("the tool did not finish within {seconds} s"))
            });
            return Poll::Ready(FinishedRun { call, result });
        }
    }

    fn start(&mut self, call: ToolCall, now: Duration, tools: &Tools) {
        let (stop, registration) = AbortHandle::new_pair();
        let run = Abortable::new(tools.run(&call), registration);
        self.limits.push(RunLimit {
            call_id: call.call_id.clone(),
            until: now.saturating_add(tools.timeout),
            stop,
        });
        self.running
            .push(Box::pin(async move { (call, run.await) }));
    }
}
