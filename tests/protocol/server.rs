//! Contents of each fixture of a server event.

use std::collections::BTreeMap;

use openai_realtime_ws::ServerEvent;
use openai_realtime_ws::protocol::*;

use super::fixtures;

#[test]
fn every_server_event_reads_and_writes() {
    fixtures::check(fixtures::SERVER, &expected());
}

#[test]
fn events_are_moved_about_at_a_bearable_cost() {
    assert!(
        size_of::<ServerEvent>() <= 232,
        "{}",
        size_of::<ServerEvent>()
    );
}

#[test]
fn events_say_what_they_are_about() {
    let events = expected();
    let of = |event_type: &str| {
        let mut events = events.iter();
        events
            .find(|event| event.event_type() == event_type)
            .unwrap()
    };
    for (event_type, response_id, item_id) in [
        ("response.output_text.delta", Some("resp_1"), Some("item_2")),
        ("response.done", Some("resp_1"), None),
        ("response.output_item.done", Some("resp_1"), Some("mcp_1")),
        ("conversation.item.added", None, Some("item_1")),
        ("conversation.item.deleted", None, Some("item_2")),
        ("input_audio_buffer.committed", None, Some("item_1")),
        ("session.created", None, None),
    ] {
        let event = of(event_type);
        assert_eq!(
            (event.response_id(), event.item_id()),
            (response_id, item_id),
            "{event_type}"
        );
    }
    let added = of("conversation.item.added");
    assert_eq!(added.event_id(), Some("event_t10"));
    let item = added.item().unwrap();
    assert_eq!(item.status(), Some(&ItemStatus::Completed));
    assert_eq!(
        (item.id(), item.role()),
        (Some("item_1"), Some(&Role::User))
    );
    let done = of("response.done").response().unwrap();
    assert_eq!(done.status, Some(ResponseStatus::Incomplete));
    let empty: ServerEvent = ResponseCreated::default().into();
    assert_eq!((empty.response_id(), empty.item_id()), (None, None));
}

fn expected() -> Vec<ServerEvent> {
    let mut events = deltas();
    events.extend(sessions());
    events.extend(items());
    events.extend(transcripts());
    events.extend(input());
    events.extend(responses());
    events.extend(parts());
    events.extend(tools_and_limits());
    events
}

fn deltas() -> Vec<ServerEvent> {
    vec![
        ResponseOutputTextDelta::default()
            .event_id("event_t1")
            .response_id("resp_1")
            .item_id("item_2")
            .delta("Good mor")
            .into(),
        ResponseOutputAudioDelta::default()
            .event_id("event_t2")
            .response_id("resp_1")
            .item_id("item_2")
            .delta(Audio::from_pcm16(&[0, -1, 1]))
            .into(),
        ResponseOutputAudioTranscriptDelta::default()
            .event_id("event_t3")
            .response_id("resp_1")
            .item_id("item_2")
            .delta("ning")
            .into(),
        ResponseFunctionCallArgumentsDelta::default()
            .event_id("event_t4")
            .response_id("resp_1")
            .item_id("item_3")
            .output_index(1_u32)
            .call_id("call_1")
            .delta("{\"place\":")
            .into(),
        ConversationItemInputAudioTranscriptionDelta::default()
            .event_id("event_t5")
            .item_id("item_1")
            .delta("Hello")
            .logprobs([LogProb::default()
                .token("Hello")
                .bytes(*b"Hello")
                .logprob(-0.0125)])
            .into(),
        ErrorEvent::default()
            .event_id("event_t6")
            .error(
                ErrorDetails::default()
                    .error_type("invalid_request_error")
                    .code("invalid_value")
                    .message("Invalid modalities.")
                    .param("session.output_modalities")
                    .event_id("mine_7"),
            )
            .into(),
    ]
}

fn sessions() -> Vec<ServerEvent> {
    let vad = ServerVad::default()
        .threshold(0.5)
        .prefix_padding_ms(300_u64)
        .silence_duration_ms(500_u64)
        .idle_timeout_ms(Patch::Clear)
        .create_response(true)
        .interrupt_response(true);
    let input = AudioInput::default()
        .format(AudioFormat::pcm(24_000))
        .turn_detection(vad)
        .transcription(Patch::Clear)
        .noise_reduction(Patch::Clear);
    let output = AudioOutput::default()
        .format(AudioFormat::pcm(24_000))
        .voice("marin")
        .speed(1.0);
    let transcription = TranscriptionConfig::default()
        .model("gpt-4o-transcribe")
        .language("de")
        .prompt("Names of birds")
        .delay(TranscriptionDelay::Minimal);
    let transcribed = AudioInput::default()
        .format(AudioFormat::pcmu())
        .turn_detection(SemanticVad::default().eagerness(Eagerness::Low))
        .transcription(transcription)
        .noise_reduction(NoiseReduction::near_field().strength(0.75));
    vec![
        SessionCreated::default()
            .event_id("event_t7")
            .session(
                RealtimeSession::new()
                    .model("gpt-realtime")
                    .output_modalities([Modality::Audio])
                    .instructions("Be kind.")
                    .audio(AudioConfig::default().input(input).output(output))
                    .tools([])
                    .tool_choice(ToolChoice::Auto)
                    .max_output_tokens(MaxOutputTokens::Infinite)
                    .truncation(Truncation::Auto)
                    .prompt(Patch::Clear)
                    .tracing(Patch::Clear)
                    .id("sess_1")
                    .object("realtime.session")
                    .expires_at(1_893_456_000_u64),
            )
            .into(),
        SessionUpdated::default()
            .event_id("event_t8")
            .session(
                TranscriptionSession::new()
                    .audio(TranscriptionAudio::default().input(transcribed))
                    .include([Include::InputAudioTranscriptionLogprobs])
                    .id("sess_2")
                    .object("realtime.transcription_session")
                    .expires_at(1_893_456_060_u64),
            )
            .into(),
    ]
}

/// An item of the user's speech, and of the model's.
fn message(id: &str, role: Role) -> Message {
    Message::default()
        .id(id)
        .object("realtime.item")
        .status(ItemStatus::Completed)
        .role(role)
}

fn items() -> Vec<ServerEvent> {
    let heard = ContentPart::default()
        .kind(ContentType::InputAudio)
        .transcript("Hello there");
    let said = ContentPart::default()
        .kind(ContentType::OutputAudio)
        .transcript("Good morning");
    vec![
        ConversationCreated::default()
            .event_id("event_t9")
            .conversation(
                Conversation::default()
                    .id("conv_1")
                    .object("realtime.conversation"),
            )
            .into(),
        ConversationItemAdded::default()
            .event_id("event_t10")
            .previous_item_id("item_0")
            .item(message("item_1", Role::User).content([heard.clone()]))
            .into(),
        ConversationItemDone::default()
            .event_id("event_t11")
            .previous_item_id("item_1")
            .item(
                message("item_2", Role::Assistant)
                    .phase(Phase::FinalAnswer)
                    .content([said]),
            )
            .into(),
        ConversationItemCreated::default()
            .event_id("event_t12")
            .item(
                FunctionCallOutput::default()
                    .id("item_4")
                    .object("realtime.item")
                    .status(ItemStatus::Completed)
                    .call_id("call_1")
                    .output("{\"celsius\":21}"),
            )
            .into(),
        ConversationItemRetrieved::default()
            .event_id("event_t13")
            .item(
                message("item_1", Role::User).content([
                    heard
                        .audio(Audio::from_pcm16(&[1, 2]))
                        .format(AudioFormat::pcm(24_000)),
                    ContentPart::input_image("data:image/png;base64,iVBORw0KGgo=")
                        .detail(ImageDetail::High),
                ]),
            )
            .into(),
        ConversationItemTruncated::default()
            .event_id("event_t14")
            .item_id("item_2")
            .audio_end_ms(1500_u64)
            .into(),
        ConversationItemDeleted::default()
            .event_id("event_t15")
            .item_id("item_2")
            .into(),
    ]
}

fn transcripts() -> Vec<ServerEvent> {
    vec![
        ConversationItemInputAudioTranscriptionCompleted::default()
            .event_id("event_t16")
            .item_id("item_1")
            .transcript("Hello there")
            .usage(
                TokenUsage::default()
                    .total_tokens(30_u64)
                    .input_tokens(22_u64)
                    .output_tokens(8_u64)
                    .input_token_details(
                        InputTokenDetails::default()
                            .text_tokens(2_u64)
                            .audio_tokens(20_u64),
                    ),
            )
            .languages([DetectedLanguage::default().code("en")])
            .logprobs([LogProb::default()
                .token(" there")
                .bytes(*b" there")
                .logprob(-0.5)])
            .into(),
        ConversationItemInputAudioTranscriptionSegment::default()
            .event_id("event_t17")
            .item_id("item_1")
            .id("seg_1")
            .speaker("A")
            .text("Hello there")
            .start(0.25)
            .end(1.75)
            .into(),
        ConversationItemInputAudioTranscriptionFailed::default()
            .event_id("event_t18")
            .item_id("item_1")
            .error(
                TranscriptionError::default()
                    .error_type("transcription_error")
                    .code("audio_unintelligible")
                    .message("The audio could not be transcribed.")
                    .param("audio"),
            )
            .into(),
    ]
}

fn input() -> Vec<ServerEvent> {
    vec![
        InputAudioBufferSpeechStarted::default()
            .event_id("event_t19")
            .item_id("item_1")
            .audio_start_ms(640_u64)
            .into(),
        InputAudioBufferSpeechStopped::default()
            .event_id("event_t20")
            .item_id("item_1")
            .audio_end_ms(2048_u64)
            .into(),
        InputAudioBufferCommitted::default()
            .event_id("event_t21")
            .previous_item_id("item_0")
            .item_id("item_1")
            .into(),
        InputAudioBufferCleared::default()
            .event_id("event_t22")
            .into(),
        InputAudioBufferTimeoutTriggered::default()
            .event_id("event_t23")
            .item_id("item_5")
            .audio_start_ms(13_216_u64)
            .audio_end_ms(19_232_u64)
            .into(),
        InputAudioBufferDtmfEventReceived::default()
            .event("#")
            .received_at(1_763_605_109_u64)
            .into(),
    ]
}

fn response(status: ResponseStatus) -> Response {
    Response::default()
        .id("resp_1")
        .object("realtime.response")
        .status(status)
        .conversation_id("conv_1")
}

fn responses() -> Vec<ServerEvent> {
    let usage = Usage::default()
        .total_tokens(120_u64)
        .input_tokens(90_u64)
        .output_tokens(30_u64)
        .input_token_details(
            InputTokenDetails::default()
                .text_tokens(60_u64)
                .audio_tokens(20_u64)
                .image_tokens(10_u64)
                .cached_tokens(64_u64)
                .cached_tokens_details(
                    CachedTokenDetails::default()
                        .text_tokens(50_u64)
                        .audio_tokens(10_u64)
                        .image_tokens(4_u64),
                ),
        )
        .output_token_details(
            OutputTokenDetails::default()
                .text_tokens(12_u64)
                .audio_tokens(18_u64),
        );
    let voice = ResponseAudioOutput::default()
        .format(AudioFormat::pcma())
        .voice(CustomVoice::default().id("voice_12"));
    vec![
        ResponseCreated::default()
            .event_id("event_t24")
            .response(
                response(ResponseStatus::InProgress)
                    .output_modalities([Modality::Audio])
                    .max_output_tokens(4096_u32)
                    .audio(ResponseAudio::default().output(voice))
                    .metadata(BTreeMap::from([(
                        "topic".to_owned(),
                        "greeting".to_owned(),
                    )])),
            )
            .into(),
        ResponseDone::default()
            .event_id("event_t25")
            .response(
                response(ResponseStatus::Incomplete)
                    .status_details(
                        StatusDetails::default()
                            .kind(ResponseStatus::Incomplete)
                            .reason(StatusReason::MaxOutputTokens)
                            .error(
                                StatusError::default()
                                    .error_type("server_error")
                                    .code("overloaded")
                                    .message("Try again."),
                            ),
                    )
                    .output([FunctionCall::default()
                        .id("item_3")
                        .object("realtime.item")
                        .status(ItemStatus::Completed)
                        .call_id("call_1")
                        .name("weather")
                        .arguments("{\"place\":\"Oslo\"}")
                        .into()])
                    .output_modalities([Modality::Text])
                    .max_output_tokens(MaxOutputTokens::Infinite)
                    .usage(usage),
            )
            .into(),
    ]
}

fn parts() -> Vec<ServerEvent> {
    let call = McpCall::default()
        .id("mcp_1")
        .server_label("docs")
        .name("search");
    vec![
        ResponseOutputItemAdded::default()
            .event_id("event_t26")
            .response_id("resp_1")
            .output_index(1_u32)
            .item(call.clone().approval_request_id("mcpr_1"))
            .into(),
        ResponseOutputItemDone::default()
            .event_id("event_t27")
            .response_id("resp_1")
            .output_index(1_u32)
            .item(
                call.arguments("{\"q\":\"birds\"}")
                    .output("3 results")
                    .error(
                        McpProtocolError::default()
                            .code(-32601)
                            .message("Method not found"),
                    ),
            )
            .into(),
        ResponseContentPartAdded::default()
            .event_id("event_t28")
            .response_id("resp_1")
            .item_id("item_2")
            .part(
                ContentPart::default()
                    .kind(ContentType::Audio)
                    .transcript(""),
            )
            .into(),
        ResponseContentPartDone::default()
            .event_id("event_t29")
            .response_id("resp_1")
            .item_id("item_2")
            .part(
                ContentPart::default()
                    .kind(ContentType::Text)
                    .text("Good morning"),
            )
            .into(),
        ResponseOutputTextDone::default()
            .event_id("event_t30")
            .response_id("resp_1")
            .item_id("item_2")
            .text("Good morning")
            .into(),
        ResponseOutputAudioDone::default()
            .event_id("event_t31")
            .response_id("resp_1")
            .item_id("item_2")
            .into(),
        ResponseOutputAudioTranscriptDone::default()
            .event_id("event_t32")
            .response_id("resp_1")
            .item_id("item_2")
            .transcript("Good morning")
            .into(),
    ]
}

fn tools_and_limits() -> Vec<ServerEvent> {
    vec![
        ResponseFunctionCallArgumentsDone::default()
            .event_id("event_t33")
            .response_id("resp_1")
            .item_id("item_3")
            .output_index(1_u32)
            .call_id("call_1")
            .name("weather")
            .arguments("{\"place\":\"Oslo\"}")
            .into(),
        ResponseMcpCallArgumentsDelta::default()
            .event_id("event_t34")
            .response_id("resp_1")
            .item_id("mcp_1")
            .output_index(1_u32)
            .delta("{\"q\":")
            .obfuscation("w3jH0b")
            .into(),
        ResponseMcpCallArgumentsDone::default()
            .event_id("event_t35")
            .response_id("resp_1")
            .item_id("mcp_1")
            .output_index(1_u32)
            .arguments("{\"q\":\"birds\"}")
            .into(),
        ResponseMcpCallInProgress::default()
            .event_id("event_t36")
            .item_id("mcp_1")
            .output_index(1_u32)
            .into(),
        ResponseMcpCallCompleted::default()
            .event_id("event_t37")
            .item_id("mcp_1")
            .output_index(1_u32)
            .into(),
        ResponseMcpCallFailed::default()
            .event_id("event_t38")
            .item_id("mcp_1")
            .output_index(1_u32)
            .into(),
        McpListToolsInProgress::default()
            .event_id("event_t39")
            .item_id("mcpl_1")
            .into(),
        McpListToolsCompleted::default()
            .event_id("event_t40")
            .item_id("mcpl_1")
            .into(),
        McpListToolsFailed::default()
            .event_id("event_t41")
            .item_id("mcpl_1")
            .into(),
        RateLimitsUpdated::default()
            .event_id("event_t42")
            .rate_limits([
                RateLimit::default()
                    .name(RateLimitName::Requests)
                    .limit(1000_u64)
                    .remaining(999_u64)
                    .reset_seconds(0.06),
                RateLimit::default()
                    .name(RateLimitName::Tokens)
                    .limit(50_000_u64)
                    .remaining(49_950_u64)
                    .reset_seconds(0.5),
            ])
            .into(),
        OutputAudioBufferStarted::default()
            .event_id("event_t43")
            .response_id("resp_1")
            .into(),
        OutputAudioBufferStopped::default()
            .event_id("event_t44")
            .response_id("resp_1")
            .into(),
        OutputAudioBufferCleared::default()
            .event_id("event_t45")
            .response_id("resp_1")
            .into(),
    ]
}
