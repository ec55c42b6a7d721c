//! Transcription sessions, to the last transcript.

use openai_realtime_ws::conversation::{Transcript, TranscriptError, Transcription};
use openai_realtime_ws::emulator::Action;
use openai_realtime_ws::protocol::{
    AudioFormat, AudioInput, ConversationItemInputAudioTranscriptionFailed,
    InputAudioBufferCommitted, Patch, ServerVad, TranscriptionAudio, TranscriptionConfig,
    TranscriptionError, TranscriptionSession,
};
use openai_realtime_ws::{Error, Target};

use super::*;

fn settings(input: AudioInput) -> TranscriptionSession {
    let transcriber = TranscriptionConfig::default().model("gpt-4o-transcribe");
    let input = input.transcription(transcriber);
    TranscriptionSession::new().audio(TranscriptionAudio::default().input(input))
}

async fn transcribing(emulator: &Emulator, input: AudioInput) -> Transcription<Connector> {
    let config = config(emulator).target(Target::Transcription);
    let session = OpenAIRealtimeWS::connect(config).await.unwrap();
    Transcription::new(session, settings(input))
}

fn texts(transcripts: &[Transcript]) -> Vec<&str> {
    transcripts
        .iter()
        .map(|turn| turn.text.as_deref().unwrap())
        .collect()
}

#[tokio::test]
async fn what_was_appended_is_committed_and_transcribed() {
    for (milliseconds, expected) in [
        (300, &["0.3 seconds of speech"][..]),
        // Less than the service takes.
        (90, &[]),
        (0, &[]),
    ] {
        let emulator = scripted(Script::new()).start().await.unwrap();
        let by_hand = AudioInput::default().turn_detection(Patch::Clear);
        let mut transcription = transcribing(&emulator, by_hand).await;
        let samples = vec![900; 24 * milliseconds];
        for piece in samples.chunks(1_000) {
            transcription
                .append(Audio::from_pcm16(piece))
                .await
                .unwrap();
        }
        let transcripts = transcription.finish().await.unwrap();
        assert_eq!(texts(&transcripts), expected);
        assert!(transcription.next().await.is_none());
        transcription.close().await.unwrap();
        let commits = sent(&emulator, 0);
        assert_eq!(
            count(&commits, "input_audio_buffer.commit"),
            1,
            "{commits:?}"
        );
    }
}

#[tokio::test]
async fn the_last_turn_is_ended_by_silence_where_the_server_finds_the_turns() {
    for format in [AudioFormat::default(), AudioFormat::pcmu()] {
        let emulator = scripted(Script::new()).start().await.unwrap();
        let detected = AudioInput::default()
            .turn_detection(ServerVad::default().silence_duration_ms(900_u64))
            .format(format.clone());
        let mut transcription = transcribing(&emulator, detected).await;
        let handle = transcription.handle();
        // Two turns, of which the second one breaks off with the recording.
        let loud = |at: usize| {
            if at.is_multiple_of(2) {
                9_000_i16
            } else {
                -9_000
            }
        };
        let rate = usize::try_from(format.sample_rate()).unwrap();
        let turn: Vec<i16> = (0..rate / 2).map(loud).collect();
        let pause = vec![0; rate * 3 / 2];
        let speech = [turn.as_slice(), &pause, &turn].concat();
        let (pieces, format) = (speech.chunks(rate / 10), &format);
        let speaking = async {
            for piece in pieces {
                let audio = Audio::from_samples(piece, format);
                handle.append(audio).await.unwrap();
            }
            handle.finish();
        };
        let listening = async {
            let mut transcripts = Vec::new();
            while let Some(transcript) = transcription.next().await {
                transcripts.push(transcript.unwrap());
            }
            transcripts
        };
        let (transcripts, ()) = futures_util::future::join(listening, speaking).await;
        assert_eq!(transcripts.len(), 2, "{transcripts:?}");
        assert!(transcripts[0].start_ms < Some(350) && transcripts[0].end_ms < Some(2_000));
        assert!(transcripts[1].start_ms > transcripts[0].end_ms);
        let types = sent(&emulator, 0);
        assert_eq!(types, ["session.update", "input_audio_buffer.clear"]);
    }
}

#[tokio::test]
async fn transcripts_come_in_the_order_of_the_turns_and_failures_are_told() {
    let committed = |id: &str, previous: Patch<String>| {
        let mut event = InputAudioBufferCommitted::default().item_id(id);
        event.previous_item_id = previous;
        Action::send(event)
    };
    let no_words = TranscriptionError::default().message("no words");
    let failed = ConversationItemInputAudioTranscriptionFailed::default()
        .item_id("item_a")
        .error(no_words.clone());
    let script = Script::new().on_event(move |event| {
        let is_append = event.event_type() == "input_audio_buffer.append";
        is_append.then(|| {
            vec![
                committed("item_a", Patch::Clear),
                committed("item_b", Patch::Set("item_a".to_owned())),
                committed("item_c", Patch::Set("item_b".to_owned())),
                Action::Raw(completed("item_b", "Second.")),
                Action::send(failed.clone()),
            ]
        })
    });
    let emulator = scripted(script).start().await.unwrap();
    let by_hand = AudioInput::default().turn_detection(Patch::Clear);
    let mut transcription = transcribing(&emulator, by_hand).await;
    transcription.append(Audio::from_pcm16(&[0])).await.unwrap();
    let first = transcription.next().await.unwrap().unwrap();
    assert_eq!(first.text, Err(TranscriptError::Failed(no_words)));
    let second = transcription.next().await.unwrap().unwrap();
    assert_eq!(
        (second.item_id.as_str(), second.text),
        ("item_b", Ok("Second.".to_owned()))
    );
    // The third never comes, as the session ends.
    let third = async {
        transcription.session_mut().close().await.unwrap();
        transcription.next().await.unwrap().unwrap()
    };
    assert_eq!(third.await.text, Err(TranscriptError::Ended));
    assert!(transcription.next().await.is_none());
}

fn completed(item_id: &str, text: &str) -> String {
    serde_json::json!({"type": "conversation.item.input_audio_transcription.completed",
        "item_id": item_id, "content_index": 0, "transcript": text})
    .to_string()
}

#[tokio::test]
async fn settings_that_are_refused_are_an_error() {
    let emulator = scripted(Script::new()).start().await.unwrap();
    let config = config(&emulator).target(Target::Transcription);
    let session = OpenAIRealtimeWS::connect(config).await.unwrap();
    let format: AudioFormat = serde_json::from_str(r#"{"type":"audio/mp3"}"#).unwrap();
    let settings = settings(AudioInput::default().format(format));
    let mut transcription = Transcription::new(session, settings);
    let error = transcription.finish().await.unwrap_err();
    assert!(matches!(error, Error::Server(_)), "{error:?}");
}
