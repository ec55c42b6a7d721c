//! The translation protocol: what each fixture says.

use openai_realtime_ws::protocol::*;

use super::fixtures;

#[test]
fn every_translation_server_event_reads_and_writes() {
    let session = |input: TranslationAudioInput| {
        TranslationSessionInfo::default()
            .id("sess_3")
            .model("gpt-realtime-translate")
            .expires_at(1_893_456_000_u64)
            .audio(
                TranslationAudio::default()
                    .input(input)
                    .output(TranslationAudioOutput::default().language("nb")),
            )
    };
    let expected: [TranslationServerEvent; 7] = [
        SessionOutputAudioDelta::default()
            .event_id("event_s1")
            .delta(Audio::from_pcm16(&[0, -1, 1]))
            .format(TranslationAudioFormat::Pcm16)
            .sample_rate(24_000_u32)
            .channels(1_u32)
            .elapsed_ms(400_u64)
            .into(),
        SessionOutputTranscriptDelta::default()
            .event_id("event_s2")
            .delta(" God morgen")
            .elapsed_ms(600_u64)
            .into(),
        SessionInputTranscriptDelta::default()
            .event_id("event_s3")
            .delta(" Good morning")
            .elapsed_ms(200_u64)
            .into(),
        TranslationErrorEvent::default()
            .event_id("event_s4")
            .error(
                ErrorDetails::default()
                    .error_type("invalid_request_error")
                    .code("unsupported_language")
                    .message("No such language.")
                    .param("session.audio.output.language")
                    .event_id("mine_2"),
            )
            .into(),
        TranslationSessionCreated::default()
            .event_id("event_s5")
            .session(session(
                TranslationAudioInput::default()
                    .transcription(Patch::Clear)
                    .noise_reduction(Patch::Clear),
            ))
            .into(),
        TranslationSessionUpdated::default()
            .event_id("event_s6")
            .session(session(
                TranslationAudioInput::default()
                    .transcription(
                        TranslationTranscription::default()
                            .model("gpt-realtime-whisper")
                            .language("en"),
                    )
                    .noise_reduction(NoiseReduction::far_field().strength(0.5)),
            ))
            .into(),
        SessionClosed::default().event_id("event_s7").into(),
    ];
    fixtures::check(fixtures::TRANSLATION_SERVER, &expected);
}

#[test]
fn every_translation_client_event_reads_and_writes() {
    let audio = TranslationAudio::default()
        .input(
            TranslationAudioInput::default()
                .transcription(TranslationTranscription::default().model("gpt-realtime-whisper"))
                .noise_reduction(Patch::Clear),
        )
        .output(TranslationAudioOutput::default().language("nb"));
    let expected: [TranslationClientEvent; 3] = [
        SessionInputAudioBufferAppend::pcm16(&[0, -1, 1])
            .event_id("mine_1")
            .into(),
        TranslationSessionUpdate::new(TranslationSessionConfig::default().audio(audio))
            .event_id("mine_2")
            .into(),
        SessionClose::default().event_id("mine_3").into(),
    ];
    fixtures::check(fixtures::TRANSLATION_CLIENT, &expected);
}

#[test]
fn its_error_is_an_error_of_the_session() {
    let line = fixtures::TRANSLATION_SERVER.lines().nth(3).unwrap();
    let error = Translation::error(&TranslationServerEvent::parse(line).unwrap()).unwrap();
    assert_eq!(error.event_id.as_deref(), Some("event_s4"));
    assert_eq!(error.error.code.as_deref(), Some("unsupported_language"));
}
