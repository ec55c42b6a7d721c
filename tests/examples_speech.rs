//! The examples as a person runs them: without a key, against the emulator that they bring; with
//! one, against the service, for which an emulator stands in here.
#![cfg(feature = "emulator")]
#![cfg(not(all(target_family = "wasm", target_os = "unknown")))]

use std::collections::HashMap;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::LazyLock;
use std::{env, fs, process};

use openai_realtime_ws::emulator::Emulator;
use serde_json::Value;

const EXAMPLES: [&str; 4] = ["azure", "transcribe", "transcription", "translation"];

/// The examples, built: cargo has no path to an example for a test, but says where it puts it.
static BUILT: LazyLock<HashMap<String, PathBuf>> = LazyLock::new(|| {
    let built = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--message-format=json"])
        .args([
            "--package",
            env!("CARGO_PKG_NAME"),
            "--features",
            "emulator",
        ])
        .args(EXAMPLES.iter().flat_map(|name| ["--example", name]))
        .args((!cfg!(debug_assertions)).then_some("--release"))
        .output()
        .unwrap();
    assert!(built.status.success(), "{}", text(&built.stderr));
    text(&built.stdout)
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter_map(|message| {
            let name = message["target"]["name"].as_str()?.to_owned();
            Some((name, message["executable"].as_str()?.into()))
        })
        .collect()
});

/// An example, in an environment in which nothing is set.
fn example(name: &str) -> Command {
    let mut command = Command::new(&BUILT[name]);
    for variable in [
        "OPENAI_API_KEY",
        "OPENAI_BASE_URL",
        "AZURE_OPENAI_ENDPOINT",
        "AZURE_OPENAI_API_KEY",
        "HTTPS_PROXY",
        "https_proxy",
    ] {
        command.env_remove(variable);
    }
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Runs an example, and returns its standard output if it succeeded.
async fn succeed(mut command: Command) -> String {
    let run = tokio::task::spawn_blocking(move || command.output().unwrap());
    let Output {
        status,
        stdout,
        stderr,
    } = run.await.unwrap();
    assert!(status.success(), "{status}: {}", text(&stderr));
    text(&stdout)
}

/// Runs an example that fails, and returns its standard error.
fn fail(mut command: Command) -> String {
    let Output { status, stderr, .. } = command.output().unwrap();
    assert_eq!(status.code(), Some(1));
    text(&stderr)
}

/// A folder for one test, gone at its end.
struct Folder(PathBuf);

impl Folder {
    fn new(test: &str) -> Self {
        let path = env::temp_dir().join(format!("realtime-examples-{test}-{}", process::id()));
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    /// A tone of so many milliseconds, in a WAV file of the session's own kind.
    fn tone(&self, millis: usize) -> (PathBuf, Vec<i16>) {
        let path = self.0.join("tone.wav");
        let spec = hound::WavSpec {
            channels: 1,
            sample_rate: 24_000,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let samples: Vec<i16> = (0..24 * millis)
            .map(|n| if n / 50 % 2 == 0 { 9_000 } else { -9_000 })
            .collect();
        let mut writer = hound::WavWriter::create(&path, spec).unwrap();
        for sample in &samples {
            writer.write_sample(*sample).unwrap();
        }
        writer.finalize().unwrap();
        (path, samples)
    }

    /// An emulator that takes one key, and its certificate in a file.
    async fn service(&self) -> (Emulator, PathBuf) {
        let emulator = Emulator::builder()
            .api_key("sk-real")
            .start()
            .await
            .unwrap();
        let path = self.0.join("cert.pem");
        fs::write(&path, emulator.certificate_pem()).unwrap();
        (emulator, path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn samples(path: &PathBuf) -> Vec<i16> {
    let mut reader = hound::WavReader::open(path).unwrap();
    assert_eq!(
        (reader.spec().sample_rate, reader.spec().channels),
        (24_000, 1)
    );
    reader.samples().map(Result::unwrap).collect()
}

#[tokio::test]
async fn azure_without_a_resource() {
    let mut azure = example("azure");
    azure.args(["my-deployment", "Guten Tag"]);
    let printed = succeed(azure).await;
    let lines: Vec<_> = printed.lines().collect();
    let [said, connected, you, model] = lines[..] else {
        panic!("four lines: {printed}")
    };
    assert!(said.contains("AZURE_OPENAI_ENDPOINT is not set"), "{said}");
    assert!(
        connected.starts_with("connected to wss://127.0.0.1:")
            && connected.ends_with("/openai/v1/realtime?model=my-deployment"),
        "{connected}"
    );
    assert_eq!(
        (you, model),
        ("you:   Guten Tag", "model: You said: Guten Tag")
    );
}

#[tokio::test]
async fn azure_with_a_resource() {
    let folder = Folder::new("azure");
    let (emulator, certificate) = folder.service().await;
    let mut azure = example("azure");
    azure
        .env(
            "AZURE_OPENAI_ENDPOINT",
            format!("https://localhost:{}", emulator.port()),
        )
        .env("AZURE_OPENAI_API_KEY", "sk-real")
        .env("SSL_CERT_FILE", certificate);
    let printed = succeed(azure).await;
    assert!(
        printed.ends_with("\nmodel: You said: Hello, Azure!\n"),
        "{printed}"
    );
    let seen = emulator.connections();
    let upgrade = seen[0].upgrade();
    assert_eq!(
        upgrade.target(),
        "/openai/v1/realtime?model=gpt-realtime-2.1"
    );
    assert_eq!(
        (
            upgrade.is_tls(),
            upgrade.header("api-key"),
            upgrade.header("authorization")
        ),
        (true, Some("sk-real"), None)
    );
}

#[test]
fn azure_with_a_wrong_key() {
    let mut azure = example("azure");
    azure.env("AZURE_OPENAI_ENDPOINT", "https://localhost:9");
    let complaint = fail(azure);
    assert!(complaint.contains("AZURE_OPENAI_API_KEY"), "{complaint}");
}

#[tokio::test]
async fn a_transcription_of_a_file() {
    let folder = Folder::new("transcription");
    let (path, _) = folder.tone(1_500);
    let mut transcription = example("transcription");
    transcription.arg(path);
    assert_eq!(succeed(transcription).await, "1.5 seconds of speech\n");
}

#[tokio::test]
async fn a_transcription_with_a_key() {
    let folder = Folder::new("transcription-key");
    let (emulator, certificate) = folder.service().await;
    let mut transcription = example("transcription");
    transcription
        .env("OPENAI_API_KEY", "sk-real")
        .env("OPENAI_BASE_URL", emulator.wss_url())
        .env("SSL_CERT_FILE", certificate);
    assert_eq!(succeed(transcription).await, "1.0 seconds of speech\n");
    let seen = emulator.connections();
    assert_eq!(
        seen[0].upgrade().target(),
        "/v1/realtime?intent=transcription"
    );
    let types = seen[0].event_types();
    assert_eq!(
        (types.len(), types[0], types[11]),
        (13, "session.update", "input_audio_buffer.commit")
    );
}

#[test]
fn a_transcription_of_too_little() {
    let folder = Folder::new("transcription-short");
    let (path, _) = folder.tone(50);
    let mut transcription = example("transcription");
    transcription.arg(path);
    let complaint = fail(transcription);
    assert!(complaint.contains("nothing to write down"), "{complaint}");
}

#[tokio::test]
async fn a_translation_of_a_file() {
    let folder = Folder::new("translation");
    let (path, speech) = folder.tone(1_250);
    let out = folder.0.join("out.wav");
    let mut translation = example("translation");
    translation.args([&path, &out]).arg("fr");
    let printed = succeed(translation).await;
    assert_eq!(
        printed,
        "said: 1.3 seconds of speech.\nin fr: 1.3 seconds of speech.\n"
    );
    assert_eq!(samples(&out), speech);
}

#[tokio::test]
async fn a_translation_with_a_key() {
    let folder = Folder::new("translation-key");
    let (emulator, certificate) = folder.service().await;
    let out = folder.0.join("out.wav");
    let mut translation = example("translation");
    translation
        .arg("-")
        .arg(&out)
        .env("OPENAI_API_KEY", "sk-real")
        .env("OPENAI_BASE_URL", emulator.wss_url())
        .env("SSL_CERT_FILE", certificate);
    let printed = succeed(translation).await;
    assert!(
        printed.ends_with("\nin es: 1.0 seconds of speech.\n"),
        "{printed}"
    );
    assert_eq!(samples(&out).len(), 24_000);
    let seen = emulator.connections();
    assert_eq!(
        seen[0].upgrade().target(),
        "/v1/realtime/translations?model=gpt-realtime-translate"
    );
}

#[test]
fn a_translation_of_nothing() {
    assert!(fail(example("translation")).contains("usage: translation"));
}

/// Writes speech with pauses: of each turn its milliseconds of tone, and of the pause behind it.
fn turns(path: &PathBuf, turns: &[(usize, usize)]) {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 24_000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(path, spec).unwrap();
    for (tone, pause) in turns {
        for n in 0..24 * tone {
            let sample = if n / 50 % 2 == 0 { 9_000_i16 } else { -9_000 };
            writer.write_sample(sample).unwrap();
        }
        for _ in 0..24 * pause {
            writer.write_sample(0_i16).unwrap();
        }
    }
    writer.finalize().unwrap();
}

#[tokio::test]
async fn recordings_become_json_many_at_once() {
    let folder = Folder::new("transcribe-json");
    let (emulator, certificate) = folder.service().await;
    let files: Vec<PathBuf> = (0..12).map(|n| folder.0.join(format!("{n}.wav"))).collect();
    for (n, file) in files.iter().enumerate() {
        turns(file, &[(1_000, 1_000), (500 + 100 * n, 0)]);
    }
    let mut transcribe = example("transcribe");
    transcribe
        .args(["--at-once", "5"])
        .args(&files)
        .env("OPENAI_API_KEY", "sk-real")
        .env("OPENAI_BASE_URL", emulator.wss_url())
        .env("SSL_CERT_FILE", certificate);
    let printed = succeed(transcribe).await;
    assert_eq!(printed.lines().count(), 12, "{printed}");
    assert_eq!(emulator.connections().len(), 12);
    for (n, file) in files.iter().enumerate() {
        let json = fs::read_to_string(file.with_extension("json")).unwrap();
        let transcript: Value = serde_json::from_str(&json).unwrap();
        let lasts = 2_500 + 100 * n as u64;
        assert_eq!(transcript["duration_ms"], lasts);
        let segments = transcript["segments"].as_array().unwrap();
        assert_eq!(segments.len(), 2, "{json}");
        for (segment, (start, end)) in segments.iter().zip([(0, 1_000), (2_000, lasts)]) {
            assert!(
                segment["text"]
                    .as_str()
                    .unwrap()
                    .ends_with("seconds of speech"),
                "{json}"
            );
            // The padding before a turn and the silence that ends it belong to it.
            let at = |key: &str| segment[key].as_u64().unwrap();
            assert!(
                at("start_ms") <= start && start <= at("start_ms") + 350,
                "{json}"
            );
            assert!(at("end_ms") >= end && at("end_ms") <= end + 600, "{json}");
        }
    }
}

#[tokio::test]
async fn recordings_become_subtitles_elsewhere() {
    let folder = Folder::new("transcribe-srt");
    let file = folder.0.join("talk.wav");
    turns(&file, &[(1_000, 1_000), (1_000, 0)]);
    let out = folder.0.join("out");
    fs::create_dir(&out).unwrap();
    let mut transcribe = example("transcribe");
    transcribe.arg("--srt").arg("--out").arg(&out).arg(&file);
    succeed(transcribe).await;
    let srt = fs::read_to_string(out.join("talk.srt")).unwrap();
    let lines: Vec<_> = srt.lines().collect();
    assert_eq!((lines.len(), lines[0], lines[4]), (8, "1", "2"), "{srt}");
    assert!(lines[1].starts_with("00:00:00,000 --> 00:00:01,"), "{srt}");
    assert!(lines[5].contains(" --> 00:00:03,000"), "{srt}");
}

#[test]
fn a_file_that_fails_does_not_stop_the_others() {
    let folder = Folder::new("transcribe-failure");
    let good = folder.0.join("good.wav");
    turns(&good, &[(500, 0)]);
    let bad = folder.0.join("bad.wav");
    fs::write(&bad, "no sound").unwrap();
    let mut transcribe = example("transcribe");
    transcribe.args([&bad, &good]);
    let complaint = fail(transcribe);
    assert!(
        complaint.contains("bad.wav is not a WAV file"),
        "{complaint}"
    );
    assert!(
        complaint.contains("1 of 2 files could not be transcribed"),
        "{complaint}"
    );
    assert!(good.with_extension("json").exists());
}
