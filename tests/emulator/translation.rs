//! Translation sessions, by this crate's own client (contract 94).

use openai_realtime_ws::emulator::Emulator;
use openai_realtime_ws::protocol::{
    Patch, SessionClose, SessionClosed, SessionInputAudioBufferAppend, TranslationAudio,
    TranslationAudioInput, TranslationAudioOutput, TranslationServerEvent, TranslationSession,
    TranslationSessionConfig, TranslationSessionCreated, TranslationSessionUpdate,
    TranslationSessionUpdated, TranslationTranscription,
};
use openai_realtime_ws::{Config, OpenAIRealtimeTranslationWS, native};

use crate::client::pcm;

async fn open(emulator: &Emulator) -> OpenAIRealtimeTranslationWS {
    let config = Config::new("sk-test")
        .insecure_loopback_url(emulator.ws_url())
        .model("gpt-realtime-translate");
    OpenAIRealtimeTranslationWS::open(native::Connector::new(), config)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_session_translates_what_is_said_until_it_is_closed_contract_94() {
    let emulator = Emulator::start().await.unwrap();
    let mut session = open(&emulator).await;
    let created = session
        .emitted::<TranslationSessionCreated>()
        .await
        .unwrap();
    let TranslationSession::Translation(info) = *created.session else {
        panic!("a translation session")
    };
    assert_eq!(info.model, "gpt-realtime-translate");
    assert!(
        info.id.starts_with("sess_") && info.expires_at > 0,
        "{info:?}"
    );

    let transcription = TranslationTranscription::default().model("gpt-realtime-whisper");
    let audio = TranslationAudio::default()
        .input(
            TranslationAudioInput::default()
                .transcription(transcription)
                .noise_reduction(Patch::Clear),
        )
        .output(TranslationAudioOutput::default().language("es"));
    let settings = TranslationSessionConfig::default().audio(audio.clone());
    session
        .send(TranslationSessionUpdate::new(settings))
        .await
        .unwrap();
    let updated = session
        .emitted::<TranslationSessionUpdated>()
        .await
        .unwrap();
    let TranslationSession::Translation(info) = *updated.session else {
        panic!("a translation session")
    };
    assert_eq!(info.audio, audio);

    // Two phrases; the second is cut short by the end.
    let speech = [pcm(9_000, 1_000), pcm(0, 700), pcm(9_000, 450)].concat();
    for piece in speech.chunks(4_800) {
        session
            .send(SessionInputAudioBufferAppend::bytes(piece))
            .await
            .unwrap();
    }
    session.send(SessionClose::default()).await.unwrap();
    let (mut said, mut meant, mut heard, mut times) =
        (String::new(), String::new(), Vec::new(), Vec::new());
    loop {
        match session.next().await.unwrap().unwrap() {
            TranslationServerEvent::SessionInputTranscriptDelta(event) => said += &event.delta,
            TranslationServerEvent::SessionOutputTranscriptDelta(event) => meant += &event.delta,
            TranslationServerEvent::SessionOutputAudioDelta(event) => {
                assert_eq!((event.sample_rate, event.channels), (Some(24_000), Some(1)));
                times.extend(event.elapsed_ms);
                heard.append(&mut event.delta.bytes().unwrap());
            }
            TranslationServerEvent::SessionClosed(SessionClosed { .. }) => break,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(heard, speech);
    assert_eq!(times, (0..11).map(|piece| piece * 200).collect::<Vec<_>>());
    assert_eq!(said, "1.0 seconds of speech. 0.5 seconds of speech.");
    assert_eq!(meant, said);
    // The server closes; there is nothing more to say.
    assert!(session.next().await.is_none());
    assert_eq!(session.closed().unwrap().frame.code, 1000);
}

#[tokio::test]
async fn mistakes_are_reported_and_the_session_goes_on() {
    let emulator = Emulator::start().await.unwrap();
    let mut session = open(&emulator).await;
    let no_base64 = openai_realtime_ws::protocol::Audio::from_base64("?");
    session
        .send(SessionInputAudioBufferAppend::default().audio(no_base64))
        .await
        .unwrap();
    let error = loop {
        if let TranslationServerEvent::Error(event) = session.next().await.unwrap().unwrap() {
            break event.error;
        }
    };
    assert_eq!(error.param.as_deref(), Some("audio"));
    session.send(SessionClose::default()).await.unwrap();
    session.emitted::<SessionClosed>().await.unwrap();
}
