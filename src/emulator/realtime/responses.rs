//! Responses: created, said step by step, cancelled, and cleared away.

use tokio::time::Instant;

use super::{Handled, RealtimeMachine, output_format};
use crate::emulator::machine::SessionMachine;
use crate::emulator::request::refuse;
use crate::emulator::responder::answer;
use crate::emulator::response::{ResponsePlan, RunningResponse};
use crate::emulator::script::{Reply, ReplyEnd, ReplyFuture, ScriptedReply};
use crate::emulator::settings::check_modalities;
use crate::emulator::turn::TurnRequest;
use crate::emulator::usage::TokenMeter;
use crate::protocol::{
    ErrorDetails, Item, RateLimit, RateLimitName, RateLimitsUpdated, Response,
    ResponseConversation, ResponseParams, ResponseStatus,
};
/// Responses that the service would allow in a minute, and tokens.
const RATE_LIMITS: [(RateLimitName, u64); 2] = [
    (RateLimitName::Requests, 1_000),
    (RateLimitName::Tokens, 50_000),
];

impl RealtimeMachine {
    /// Returns the response in the conversation that is under way.
    pub(super) fn active(&self) -> Option<&RunningResponse> {
        self.responses
            .iter()
            .find(|response| response.is_in_conversation())
    }

    pub(super) fn create_response(&mut self, asked: Option<&ResponseParams>) -> Handled {
        if !self.settings.has_replies() {
            return Err(
                refuse("invalid_value", "A transcription session has no responses.").param("type"),
            );
        }
        let in_conversation = !matches!(
            asked.and_then(|asked| asked.conversation.as_ref()),
            Some(ResponseConversation::None)
        );
        // Responses outside of the conversation may run beside it.
        if in_conversation && let Some(active) = self.active() {
            let message = format!(
                "Conversation already has an active response in progress: {}. Wait until the response is finished \
                before creating a new one.",
                active.id()
            );
            return Err(refuse("conversation_already_has_active_response", message));
        }
        let params = self.settings.response_params(asked);
        check_modalities(
            "response.output_modalities",
            params.output_modalities.as_deref(),
        )?;
        // Copied now: later items belong to a later response.
        let items = match asked.and_then(|asked| asked.input.as_deref()) {
            Some(input) => self.resolve(input)?,
            None => self.conversation.items().to_vec(),
        };
        let mut response = Response::default()
            .id(self.out.ids.next("resp"))
            .object("realtime.response")
            .status(ResponseStatus::InProgress);
        response.conversation_id = in_conversation.then(|| self.conversation.id.clone());
        response
            .output_modalities
            .clone_from(&params.output_modalities);
        response
            .max_output_tokens
            .clone_from(&params.max_output_tokens);
        response.audio.clone_from(&params.audio);
        response.metadata.clone_from(&params.metadata);
        let (input_format, output_format) = (self.settings.input_format(), output_format(&params));
        let meter = TokenMeter::new(&params, &items, input_format);
        let turn = TurnRequest {
            connection: self.connection,
            index: self.turns,
            params,
            items,
            input_format,
            output_format,
        };
        let answer = self.answer(turn);
        self.turns += 1;
        self.responses.push(RunningResponse::start(
            response,
            output_format,
            meter,
            answer,
            self.now,
            &mut self.out,
        ));
        Ok(())
    }

    /// Returns the script's reply, or the default one.
    pub(super) fn answer(&self, turn: TurnRequest) -> ResponsePlan {
        let tools = turn.params().tools.clone().unwrap_or_default();
        let (reply, future) = match self.script.reply(&turn) {
            ScriptedReply::Now(reply) => (reply.unwrap_or_else(|| answer(&turn)), None),
            ScriptedReply::Later(reply) => {
                let future: ReplyFuture =
                    Box::pin(async move { Some(reply.await.unwrap_or_else(|| answer(&turn))) });
                (Reply::new(), Some(future))
            }
        };
        ResponsePlan {
            reply,
            future,
            pace: self.script.pace(),
            tools,
        }
    }

    /// Returns the input of a response, with the items that it refers to.
    pub(super) fn resolve(&self, input: &[Item]) -> Result<Vec<Item>, ErrorDetails> {
        let known = |item: &Item| match item {
            Item::ItemReference(reference) => self
                .conversation
                .get(&reference.id)
                .cloned()
                .ok_or_else(|| {
                    refuse("invalid_value", "There is no item of this id.").param("response.input")
                }),
            item => Ok(item.clone()),
        };
        input.iter().map(known).collect()
    }

    pub(super) fn cancel(&mut self, id: Option<&str>) -> Handled {
        let cancelled = self.cancel_where("client_cancelled", |response| match id {
            Some(id) => response.id() == id,
            None => response.is_in_conversation(),
        });
        if cancelled {
            Ok(())
        } else {
            Err(refuse(
                "response_cancel_not_active",
                "Cancellation failed: no active response found",
            ))
        }
    }

    /// Cancels the first response that is chosen. Returns false if there is none.
    pub(super) fn cancel_where(
        &mut self,
        reason: &'static str,
        chosen: impl Fn(&RunningResponse) -> bool,
    ) -> bool {
        let Some(response) = self.responses.iter_mut().find(|response| chosen(response)) else {
            return false;
        };
        response.finish(
            ReplyEnd::Cancelled { reason },
            &mut self.out,
            &mut self.conversation,
        );
        self.settle();
        true
    }

    /// Does the step that is due first; `None` if none is due.
    pub(super) fn say_more(&mut self, now: Instant) -> Option<()> {
        let due = self.wake_at().filter(|due| *due <= now);
        let response = self
            .responses
            .iter_mut()
            .find(|response| due.is_some() && response.due() == due)?;
        response.advance(now, &mut self.out, &mut self.conversation);
        self.settle();
        Some(())
    }

    /// Removes the responses that are done.
    pub(super) fn settle(&mut self) {
        for response in self.responses.extract_if(.., |response| response.is_done()) {
            self.spoke |= response.said_ms() > 0;
            if response.is_in_conversation() {
                self.idle_since_ms = self.input.now_ms() + response.unheard_ms();
            }
            let limits = RATE_LIMITS.map(|(name, limit)| {
                RateLimit::default()
                    .name(name)
                    .limit(limit)
                    .remaining(limit - 1)
                    .reset_seconds(0.06)
            });
            self.out
                .send(RateLimitsUpdated::default().rate_limits(limits));
        }
    }
}
