//! Contents of each fixture of a client event, and of what the constructors make.

use std::collections::BTreeMap;

use openai_realtime_ws::ClientEvent;
use openai_realtime_ws::protocol::*;
use serde_json::{Value, json};

use super::fixtures;

#[test]
fn every_client_event_reads_and_writes() {
    fixtures::check(fixtures::CLIENT, &expected());
}

fn expected() -> Vec<ClientEvent> {
    vec![
        InputAudioBufferAppend::pcm16(&[0, -1, 1])
            .event_id("mine_1")
            .into(),
        InputAudioBufferCommit::default().event_id("mine_2").into(),
        InputAudioBufferClear::default().event_id("mine_3").into(),
        ConversationItemCreate::system_text("Speak slowly.")
            .event_id("mine_4")
            .previous_item_id("root")
            .into(),
        ConversationItemRetrieve::new("item_1")
            .event_id("mine_5")
            .into(),
        ConversationItemTruncate::new("item_2", 1500)
            .event_id("mine_6")
            .into(),
        ConversationItemDelete::new("item_2")
            .event_id("mine_7")
            .into(),
        ResponseCreate::new(response_params())
            .event_id("mine_8")
            .into(),
        ResponseCancel::default()
            .event_id("mine_9")
            .response_id("resp_1")
            .into(),
        SessionUpdate::new(session()).event_id("mine_10").into(),
        OutputAudioBufferClear::default().event_id("mine_11").into(),
    ]
}

fn response_params() -> ResponseParams {
    let output = ResponseAudioOutput::default()
        .format(AudioFormat::pcm(24_000))
        .voice("cedar");
    let listed = ListedTool::default()
        .name("search")
        .description("Searches.")
        .input_schema(json!({"type": "object"}))
        .annotations(json!({"readOnlyHint": true}));
    let breakpoint = CacheBreakpoint::default()
        .mode(CacheBreakpointMode::Explicit)
        .ttl(CacheTtl::HalfHour);
    let variables: [(&str, PromptVariable); 4] = [
        ("name", "Ada".into()),
        (
            "text",
            PromptInput::from(
                PromptText::default()
                    .text("Hi")
                    .prompt_cache_breakpoint(breakpoint),
            )
            .into(),
        ),
        (
            "image",
            PromptInput::from(
                PromptImage::default()
                    .detail(ImageDetail::Original)
                    .file_id("file_2")
                    .image_url("https://example.com/a.png"),
            )
            .into(),
        ),
        (
            "file",
            PromptInput::from(
                PromptFile::default()
                    .detail(ImageDetail::Low)
                    .file_id("file_1")
                    .file_url("https://example.com/a.pdf")
                    .file_data("QQ==")
                    .filename("a.pdf"),
            )
            .into(),
        ),
    ];
    let variables: BTreeMap<_, _> = variables
        .map(|(name, value)| (name.to_owned(), value))
        .into();
    ResponseParams::default()
        .output_modalities([Modality::Text])
        .instructions("In a sentence.")
        .audio(ResponseAudio::default().output(output))
        .conversation(ResponseConversation::None)
        .input([
            ItemReference::default().id("item_1").into(),
            McpListTools::default()
                .id("mcpl_1")
                .server_label("docs")
                .tools([listed])
                .into(),
            McpApprovalRequest::default()
                .id("mcpr_1")
                .server_label("docs")
                .name("search")
                .arguments("{}")
                .into(),
            McpApprovalResponse::default()
                .id("mcpa_1")
                .approval_request_id("mcpr_1")
                .approve(true)
                .reason("Harmless")
                .into(),
        ])
        .tools([Tool::function(
            "weather",
            "The weather.",
            json!({"type": "object"}),
        )])
        .tool_choice(ToolChoice::function("weather"))
        .parallel_tool_calls(false)
        .max_output_tokens(200_u32)
        .reasoning(Reasoning::default().effort(ReasoningEffort::Low))
        .prompt(
            Prompt::default()
                .id("pmpt_1")
                .version("2")
                .variables(variables),
        )
        .metadata(BTreeMap::from([("topic".to_owned(), "weather".to_owned())]))
}

fn session() -> RealtimeSession {
    let input = AudioInput::default()
        .format(AudioFormat::pcm(24_000))
        .turn_detection(Patch::Clear)
        .transcription(
            TranscriptionConfig::default()
                .model("gpt-transcribe")
                .languages(["en".to_owned(), "nb".to_owned()])
                .keywords(["Oslo".to_owned()]),
        )
        .noise_reduction(Patch::Clear);
    let output = AudioOutput::default()
        .format(AudioFormat::pcma())
        .voice(CustomVoice::default().id("voice_12"))
        .speed(1.25);
    let docs = McpTool::default()
        .server_label("docs")
        .server_description("Documents")
        .server_url("https://mcp.example.com")
        .connector_id(McpConnector::Gmail)
        .tunnel_id("tunnel_1")
        .authorization("token-1")
        .headers(BTreeMap::from([("X-Team".to_owned(), "birds".into())]))
        .allowed_tools(
            ToolFilter::default()
                .read_only(true)
                .tool_names(["search".to_owned()]),
        )
        .allowed_callers([ToolCaller::Direct])
        .require_approval(
            ApprovalFilter::default()
                .always(ToolFilter::default().tool_names(["write".to_owned()]))
                .never(ToolFilter::default().read_only(true)),
        )
        .defer_loading(true);
    let mail = McpTool::default()
        .server_label("mail")
        .allowed_tools(vec!["list".to_owned()])
        .require_approval(RequireApproval::Never);
    let rule = RetentionRatio::default()
        .retention_ratio(0.8)
        .token_limits(TokenLimits::default().post_instructions(5000_u64));
    RealtimeSession::new()
        .model("gpt-realtime")
        .output_modalities([Modality::Audio])
        .instructions("")
        .audio(AudioConfig::default().input(input).output(output))
        .tools([docs.into(), mail.into()])
        .tool_choice(ToolChoice::mcp("docs", "search"))
        .parallel_tool_calls(true)
        .max_output_tokens(MaxOutputTokens::Infinite)
        .reasoning(Reasoning::default().effort(ReasoningEffort::Minimal))
        .truncation(TruncationRule::from(rule))
        .prompt(Patch::Clear)
        .tracing(Tracing::from(
            TracingConfig::default()
                .workflow_name("demo")
                .group_id("g1")
                .metadata(json!({"run": 7})),
        ))
        .include([Include::InputAudioTranscriptionLogprobs])
}

/// Event as it is on the wire.
fn wire(event: impl Into<ClientEvent>) -> Value {
    serde_json::from_str(event.into().encode().text()).unwrap()
}

#[test]
fn constructors_make_what_they_say() {
    let message = |role: &str, part: Value| json!({"type": "conversation.item.create", "item": {"type": "message", "role": role, "content": [part]}});
    assert_eq!(
        wire(ConversationItemCreate::user_text("Hi \"you\"")),
        message("user", json!({"type": "input_text", "text": "Hi \"you\""}))
    );
    assert_eq!(
        wire(ConversationItemCreate::assistant_text("Hi")),
        message("assistant", json!({"type": "output_text", "text": "Hi"}))
    );
    assert_eq!(
        wire(ConversationItemCreate::user_audio(Audio::from_bytes(&[
            1, 2
        ]))),
        message("user", json!({"type": "input_audio", "audio": "AQI="}))
    );
    assert_eq!(
        wire(ConversationItemCreate::user_image(
            "data:image/png;base64,AA=="
        )),
        message(
            "user",
            json!({"type": "input_image", "image_url": "data:image/png;base64,AA=="})
        )
    );
    assert_eq!(
        wire(ConversationItemCreate::function_output("call_1", "21")),
        json!({
            "type": "conversation.item.create",
            "item": {"type": "function_call_output", "call_id": "call_1", "output": "21"},
        })
    );
    assert_eq!(
        wire(ResponseCreate::default()),
        json!({"type": "response.create"})
    );
    assert_eq!(
        wire(InputAudioBufferAppend::bytes(&[0xff])),
        json!({"type": "input_audio_buffer.append", "audio": "/w=="})
    );
    assert_eq!(
        wire(SessionUpdate::new(
            RealtimeSession::new().tools([Tool::mcp("docs", "https://mcp.example.com")])
        )),
        json!({
            "type": "session.update",
            "session": {
                "type": "realtime",
                "tools": [{"type": "mcp", "server_label": "docs", "server_url": "https://mcp.example.com"}],
            },
        })
    );
}

#[test]
fn absent_null_and_a_value_are_three_things() {
    let input = |detection: Patch<TurnDetection>| {
        serde_json::to_value(AudioInput::default().turn_detection(detection)).unwrap()
    };
    assert_eq!(input(Patch::Keep), json!({}));
    assert_eq!(input(Patch::Clear), json!({"turn_detection": null}));
    assert_eq!(
        input(ServerVad::default().threshold(0.25).into()),
        json!({"turn_detection": {"type": "server_vad", "threshold": 0.25}})
    );
    let read = |json: &str| {
        serde_json::from_str::<AudioInput>(json)
            .unwrap()
            .turn_detection
    };
    assert_eq!(read("{}"), Patch::Keep);
    assert_eq!(read(r#"{"turn_detection":null}"#), Patch::Clear);
    assert_eq!(
        read(r#"{"turn_detection":{"type":"server_vad","threshold":0.25}}"#),
        ServerVad::default().threshold(0.25).into()
    );

    let mut kept = Patch::Set(1);
    Patch::Keep.apply(&mut kept);
    assert_eq!(kept.as_set(), Some(&1));
    Patch::Clear.apply(&mut kept);
    assert_eq!(kept, Patch::Clear);
}

#[test]
fn a_response_tells_its_text_and_its_calls() {
    let call = FunctionCall::default().call_id("call_1").name("weather");
    let response = Response::default().output([
        Message::assistant(ContentPart::output_text("Let me ")).into(),
        Message::default()
            .role(Role::Assistant)
            .content([
                ContentPart::default().text("").transcript("look."),
                ContentPart::default(),
            ])
            .into(),
        call.clone().into(),
    ]);
    assert_eq!(response.text(), "Let me look.");
    assert_eq!(response.function_calls().collect::<Vec<_>>(), [&call]);
}

#[test]
fn a_credential_does_not_print() {
    let tool = McpTool::default()
        .authorization("token-secret")
        .headers(BTreeMap::from([(
            "X-Key".to_owned(),
            "header-secret".into(),
        )]));
    assert!(!format!("{tool:?}").contains("secret"));
    assert_eq!(
        tool.authorization
            .as_ref()
            .map(openai_realtime_ws::Secret::expose),
        Some("token-secret")
    );
    assert!(
        serde_json::to_string(&tool)
            .unwrap()
            .contains("header-secret")
    );
}

#[test]
fn audio_is_what_was_put_in() {
    let samples = [0, 1, -1, i16::MAX, i16::MIN];
    assert_eq!(Audio::from_pcm16(&samples).to_pcm16(), Ok(samples.to_vec()));
    assert!(matches!(
        Audio::from_bytes(&[1, 2, 3]).to_pcm16(),
        Err(AudioError::HalfSample { bytes: 3, .. })
    ));
    assert_eq!(
        Audio::from_base64("no base64").bytes(),
        Err(AudioError::NotBase64)
    );
    assert!(Audio::default().is_empty());
    assert_eq!(
        format!("{:?}", Audio::from_bytes(&[7; 6])),
        "Audio(8 base64 characters)"
    );
}

#[test]
fn base64_that_is_none_is_still_written_as_json() {
    let odd = "\"quoted\" \\ \u{1} é";
    assert_eq!(
        wire(InputAudioBufferAppend::default().audio(Audio::from_base64(odd)))["audio"],
        odd
    );
}

#[test]
fn setters_take_what_people_type() {
    let vad = ServerVad::default()
        .silence_duration_ms(600)
        .prefix_padding_ms(300)
        .idle_timeout_ms(5000)
        .threshold(0.5);
    let session = RealtimeSession::new()
        .audio(
            AudioConfig::default()
                .input(
                    AudioInput::default()
                        .turn_detection(None)
                        .noise_reduction(None),
                )
                .output(AudioOutput::default().voice("marin").speed(1)),
        )
        .tool_choice("auto")
        .reasoning(ReasoningEffort::Low)
        .max_output_tokens(4096)
        .truncation("auto")
        .prompt(None);
    assert_eq!(
        serde_json::to_value(&session).unwrap(),
        json!({
            "type": "realtime",
            "audio": {
                "input": {"turn_detection": null, "noise_reduction": null},
                "output": {"voice": "marin", "speed": 1.0},
            },
            "tool_choice": "auto",
            "reasoning": {"effort": "low"},
            "max_output_tokens": 4096,
            "truncation": "auto",
            "prompt": null,
        })
    );
    assert_eq!(
        serde_json::to_value(AudioInput::default().turn_detection(vad)).unwrap()["turn_detection"],
        json!({
            "type": "server_vad", "threshold": 0.5, "prefix_padding_ms": 300,
            "silence_duration_ms": 600, "idle_timeout_ms": 5000,
        })
    );
    let cut = ConversationItemTruncate::new("item_1", 5).content_index(1);
    assert_eq!(cut.content_index, 1);
    assert_eq!(Message::default().role("user").role, Role::User);
}

#[test]
fn names_of_an_open_list_are_kept() {
    let role = Role::from("narrator");
    assert_eq!((role.as_str(), role.is_known()), ("narrator", false));
    assert_eq!(role, Role::from("narrator".to_owned()));
    assert_ne!(role, Role::User);
    assert_eq!(serde_json::to_value(&role).unwrap(), "narrator");
    assert!(Role::User.is_known());
}
