//! Members that the service sends as null where they have no value. The protocol's types leave such
//! members out, and clients with strict schemas do not take an event without them.

use serde_json::Value;

use crate::protocol::record::Record;
use crate::protocol::{
    ContentPart, ContentType, ErrorDetails, Item, Patch, Response, ServerEvent, SessionConfig,
    TranslationServerEvent, TranslationSession,
};

/// Returns the event with every member that the service sends.
pub(super) fn filled_in(mut event: ServerEvent) -> ServerEvent {
    match &mut event {
        ServerEvent::SessionCreated(event) => session(&mut event.session),
        ServerEvent::SessionUpdated(event) => session(&mut event.session),
        ServerEvent::ConversationItemAdded(event) => item(&mut event.item),
        ServerEvent::ConversationItemDone(event) => item(&mut event.item),
        ServerEvent::ConversationItemRetrieved(event) => item(&mut event.item),
        ServerEvent::ResponseOutputItemAdded(event) => item(&mut event.item),
        ServerEvent::ResponseOutputItemDone(event) => item(&mut event.item),
        ServerEvent::ResponseCreated(event) => response(&mut event.response),
        ServerEvent::ResponseDone(event) => response(&mut event.response),
        ServerEvent::Error(event) => error(&mut event.error),
        _ => {}
    }
    event
}

/// Returns the event of a translation session with every member that the service sends.
pub(super) fn filled_in_translation(mut event: TranslationServerEvent) -> TranslationServerEvent {
    match &mut event {
        TranslationServerEvent::SessionCreated(event) => translation(&mut event.session),
        TranslationServerEvent::SessionUpdated(event) => translation(&mut event.session),
        TranslationServerEvent::Error(event) => error(&mut event.error),
        _ => {}
    }
    event
}

/// Adds a member with the value null to a record that leaves it out.
fn null(record: &mut impl Record, key: &str, is_absent: bool) {
    if is_absent {
        record.unknown_mut().insert(key.to_owned(), Value::Null);
    }
}

fn session(config: &mut SessionConfig) {
    match config {
        SessionConfig::Realtime(session) => {
            let is_absent = session.include.is_none();
            null(session, "include", is_absent);
        }
        SessionConfig::Transcription(session) => {
            let is_absent = session.include.is_none();
            null(session, "include", is_absent);
        }
        SessionConfig::Other(_) => {}
    }
}

fn translation(session: &mut TranslationSession) {
    if let TranslationSession::Translation(session) = session {
        let input = session.audio.input.get_or_insert_default();
        if !input.transcription.is_set() {
            input.transcription = Patch::Clear;
        }
        if !input.noise_reduction.is_set() {
            input.noise_reduction = Patch::Clear;
        }
    }
}

fn response(response: &mut Response) {
    for (key, is_absent) in [
        ("status_details", response.status_details.is_none()),
        ("conversation_id", response.conversation_id.is_none()),
        ("usage", response.usage.is_none()),
        ("metadata", response.metadata.is_none()),
    ] {
        null(response, key, is_absent);
    }
    response.output.iter_mut().for_each(item);
}

fn item(item: &mut Item) {
    match item {
        Item::Message(message) => message.content.iter_mut().for_each(part),
        Item::McpListTools(list) => {
            for tool in &mut list.tools {
                let (description, annotations) =
                    (tool.description.is_none(), tool.annotations.is_none());
                null(tool, "description", description);
                null(tool, "annotations", annotations);
            }
        }
        Item::McpCall(call) => {
            for (key, is_absent) in [
                ("approval_request_id", call.approval_request_id.is_none()),
                ("output", call.output.is_none()),
                ("error", call.error.is_none()),
            ] {
                null(call, key, is_absent);
            }
        }
        _ => {}
    }
}

fn part(part: &mut ContentPart) {
    let is_spoken = matches!(
        part.kind,
        ContentType::InputAudio | ContentType::OutputAudio
    );
    let is_absent = is_spoken && part.transcript.is_none();
    null(part, "transcript", is_absent);
}

fn error(error: &mut ErrorDetails) {
    for (key, is_absent) in [
        ("code", error.code.is_none()),
        ("param", error.param.is_none()),
        ("event_id", error.event_id.is_none()),
    ] {
        null(error, key, is_absent);
    }
}
