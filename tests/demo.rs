//! The demo as a person runs it: on a real recording, and with everything that can go wrong.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;

use openai_realtime_ws::emulator::{Action, Admission, ConnectionRecord, Emulator, Reply, Script};
use openai_realtime_ws::protocol::{ErrorDetails, ErrorEvent};
use serde_json::{Value, json};

const RECORDINGS: &str = "/usr/share/sounds/alsa";

/// The demo, built: cargo has no path to an example for a test, but says where it puts it.
static DEMO: LazyLock<PathBuf> = LazyLock::new(|| {
    let built = Command::new(env!("CARGO"))
        .args([
            "build",
            "--quiet",
            "--message-format=json",
            "--package",
            env!("CARGO_PKG_NAME"),
        ])
        .args(["--example", "demo", "--all-features"])
        .args((!cfg!(debug_assertions)).then_some("--release"))
        .output()
        .unwrap();
    assert!(
        built.status.success(),
        "{}",
        String::from_utf8_lossy(&built.stderr)
    );
    String::from_utf8(built.stdout)
        .unwrap()
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .find(|message| message["target"]["name"] == "demo" && message["executable"].is_string())
        .and_then(|message| message["executable"].as_str().map(PathBuf::from))
        .expect("cargo names the executable")
});

/// A folder for one test, gone at its end.
struct Folder(PathBuf);

impl Folder {
    fn new(test: &str) -> Self {
        let path = std::env::temp_dir().join(format!("demo-{}-{test}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, content).unwrap();
        path
    }

    /// Path of the reply of a demo that runs here.
    fn reply(&self) -> PathBuf {
        self.0.join("reply.wav")
    }

    /// The demo in this folder, without anything of the caller's own environment that it heeds.
    fn demo(&self) -> Command {
        let mut command = Command::new(&*DEMO);
        command.current_dir(&self.0);
        for name in [
            "OPENAI_API_KEY",
            "OPENAI_BASE_URL",
            "OPENAI_ORG_ID",
            "OPENAI_PROJECT_ID",
        ] {
            command.env_remove(name);
        }
        command
    }

    /// The demo with a key, for a server at this URL.
    fn demo_at(&self, url: &str) -> Command {
        let mut command = self.demo();
        command
            .env("OPENAI_API_KEY", "sk-right")
            .env("OPENAI_BASE_URL", url);
        command
    }

    /// The demo with a key, for this emulator over TLS.
    fn demo_with(&self, emulator: &Emulator) -> Command {
        let mut command = self.demo_at(&emulator.wss_url());
        command
            .arg("--ca")
            .arg(self.file("ca.pem", emulator.certificate_pem()));
        command
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Runs it to a good end; what it wrote to standard output.
fn succeed(command: &mut Command) -> String {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().unwrap();
    assert!(status.success(), "{status}: {}", text(&stderr));
    assert_eq!(text(&stderr), "");
    text(&stdout)
}

/// Runs it to a bad end: the one line that it complains with.
fn fail(command: &mut Command, code: i32) -> String {
    let Output { status, stderr, .. } = command.output().unwrap();
    let stderr = text(&stderr);
    assert_eq!(status.code(), Some(code), "{stderr}");
    let line = stderr.strip_suffix('\n').unwrap_or_default();
    assert!(
        line.starts_with("error: ") && !line.contains('\n'),
        "{stderr:?}"
    );
    line.to_owned()
}

#[track_caller]
fn assert_contains(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "no {part:?} in {text}");
    }
}

fn recording(name: &str) -> PathBuf {
    let path = Path::new(RECORDINGS).join(name);
    assert!(
        path.exists(),
        "{} is missing: install Debian's package `alsa-utils`",
        path.display()
    );
    path
}

fn samples(path: &Path, rate: u32) -> Vec<f64> {
    let mut reader = hound::WavReader::open(path).unwrap();
    let spec = reader.spec();
    assert_eq!(
        (spec.sample_rate, spec.channels, spec.bits_per_sample),
        (rate, 1, 16)
    );
    reader
        .samples::<i16>()
        .map(|sample| f64::from(sample.unwrap()))
        .collect()
}

/// Every second sample, behind a low-pass of this test's own: a windowed sinc up to 10.8 kHz.
#[allow(clippy::cast_precision_loss)]
fn halve(samples: &[f64]) -> Vec<f64> {
    const REACH: usize = 64;
    let taps: Vec<f64> = (0..=2 * REACH)
        .map(|n| {
            let at = n as f64 - REACH as f64;
            let sinc = if n == REACH {
                0.45
            } else {
                (0.45 * std::f64::consts::PI * at).sin() / (std::f64::consts::PI * at)
            };
            let window = 0.54 + 0.46 * (std::f64::consts::PI * at / REACH as f64).cos();
            sinc * window
        })
        .collect();
    let tap = |center: usize, n: usize| {
        (center + n)
            .checked_sub(REACH)
            .and_then(|at| samples.get(at))
            .copied()
    };
    (0..samples.len())
        .step_by(2)
        .map(|center| {
            taps.iter()
                .enumerate()
                .map(|(n, weight)| weight * tap(center, n).unwrap_or(0.0))
                .sum()
        })
        .collect()
}

/// The normalised cross-correlation at its highest, for shifts up to 1 ms either way, and the
/// shift.
fn correlation(a: &[f64], b: &[f64]) -> (f64, isize) {
    let energy = |samples: &[f64]| samples.iter().map(|sample| sample * sample).sum::<f64>();
    let scale = (energy(a) * energy(b)).sqrt();
    (-24..=24)
        .map(|shift: isize| {
            let pairs = a
                .iter()
                .enumerate()
                .filter_map(|(n, a)| Some(a * b.get(n.checked_add_signed(shift)?)?));
            (pairs.sum::<f64>() / scale, shift)
        })
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .unwrap()
}

#[test]
fn the_reply_is_the_speech_that_was_sent() {
    let folder = Folder::new("speech");
    let spoken = recording("Front_Center.wav");
    let shown = succeed(
        folder
            .demo()
            .arg("--wav")
            .arg(&spoken)
            .args(["--text", "Good morning!"]),
    );

    let reply = samples(&folder.reply(), 24_000);
    let expected = halve(&samples(&spoken, 48_000));
    assert_eq!(reply.len(), expected.len());
    let (same, shift) = correlation(&expected, &reply);
    assert!(same > 0.99 && shift == 0, "{same} at {shift}");
    // The measure tells one recording from another.
    let (other, _) = correlation(
        &halve(&samples(&recording("Rear_Right.wav"), 48_000)),
        &reply,
    );
    assert!(other < 0.5, "{other}");

    assert_contains(
        &shown,
        &[
            "OPENAI_API_KEY is not set: an emulator in this process answers.\n",
            "Connecting to ws://127.0.0.1:",
            "/v1/realtime?model=gpt-realtime-2.1 … connected in ",
            "you      Good morning!\nmodel    You said: Good morning!\n         first text after ",
            "you      (/usr/share/sounds/alsa/Front_Center.wav)\n         ",
            "   1.4 s, loudest -18 dB\nheard    1.4 seconds of speech\nmodel    You spoke for 1.4 seconds.\n",
            ", first audio after ",
            "The spoken reply (1.4 s) is in ",
            folder.reply().to_str().unwrap(),
        ],
    );
    assert!(
        !shown.contains('\r') && !shown.contains('\x1b'),
        "{shown:?}"
    );
}

#[test]
fn without_a_file_a_bell_is_sent() {
    let folder = Folder::new("bell");
    let out = folder.0.join("elsewhere.wav");
    let shown = succeed(folder.demo().arg("--out").arg(&out));
    assert_contains(
        &shown,
        &["The spoken reply (1.0 s) is in ", "elsewhere.wav"],
    );
    let bell = samples(&out, 24_000);
    assert_eq!(bell.len(), 24_000);
    // It fades.
    let loudest = |part: &[f64]| {
        part.iter()
            .fold(0.0_f64, |most, sample| most.max(sample.abs()))
    };
    assert!(
        loudest(&bell[..2_400]) > 4.0 * loudest(&bell[14_400..])
            && loudest(&bell[14_400..]) > 500.0
    );
}

#[test]
fn a_connection_that_drops_is_made_anew_and_the_conversation_goes_on() {
    let folder = Folder::new("drop");
    let shown = succeed(
        folder
            .demo()
            .args(["--text", "Good morning!", "--drop-after", "1s"]),
    );
    let parts = [
        "you      Good morning!\nmodel    You said: Good morning!\n",
        "The connection is about to break, 1.0 s after it was made.\n",
        "The connection is lost (code 1006). Attempt 1 of 5 in ",
        "Connected again. ",
        " events put the session back, 0 could not be kept.\n",
        // Whoever says so was told only by what was put back.
        "model    You said: Good morning!\n         which it was told before the connection broke\n",
        "you      (a bell; --wav FILE to say something)\n",
        "The spoken reply (",
    ];
    assert_contains(&shown, &parts);
    let places: Vec<_> = parts.iter().map(|part| shown.find(part)).collect();
    assert!(places.is_sorted(), "{shown}");
    assert!(folder.reply().exists());

    let mut with_a_key = folder.demo_at("https://127.0.0.1:1");
    let refused = fail(with_a_key.args(["--drop-after", "1s"]), 1);
    assert_eq!(
        refused,
        "error: --drop-after is for the emulator: unset OPENAI_API_KEY"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn with_a_key_it_talks_to_the_service_over_tls() {
    let emulator = Emulator::builder()
        .api_key("sk-right")
        .start()
        .await
        .unwrap();
    let folder = Folder::new("service");
    let spoken = recording("Front_Center.wav");
    let shown = succeed(
        folder
            .demo_with(&emulator)
            .args(["--model", "gpt-other", "--wav"])
            .arg(&spoken),
    );
    assert!(
        !shown.contains("emulator") && !shown.contains("sk-right"),
        "{shown}"
    );
    assert_contains(
        &shown,
        &[&format!(
            "Connecting to {}/realtime?model=gpt-other … ",
            emulator.wss_url()
        )],
    );

    let connections = emulator
        .until(|connections| connections.iter().all(ConnectionRecord::has_ended))
        .await;
    let [connection] = connections.as_slice() else {
        panic!("{connections:?}")
    };
    assert!(connection.upgrade().is_tls());
    assert_eq!(connection.close(), Some((1000, "OK")));
    // 68,545 frames at 48 kHz are 34,273 at 24 kHz: 15 pieces of 100 ms.
    let mut types = connection.event_types();
    assert_eq!(
        types
            .iter()
            .filter(|kind| **kind == "input_audio_buffer.append")
            .count(),
        15
    );
    types.dedup();
    assert_eq!(
        types,
        [
            "session.update",
            "conversation.item.create",
            "response.create",
            "input_audio_buffer.append",
            "input_audio_buffer.commit",
            "response.create",
        ]
    );
    let events: Vec<Value> = connection
        .events()
        .iter()
        .map(|event| serde_json::from_str(event.text()).unwrap())
        .collect();
    let input = &events[0]["session"]["audio"]["input"];
    assert_eq!(input.get("turn_detection"), Some(&Value::Null));
    assert!(input["transcription"]["model"].is_string());
    let asked = events
        .iter()
        .filter(|event| event["type"] == "response.create");
    let modalities: Vec<&Value> = asked
        .map(|event| &event["response"]["output_modalities"])
        .collect();
    assert_eq!(modalities, [&json!(["text"]), &json!(["audio"])]);
}

#[test]
fn help_goes_to_standard_output() {
    let folder = Folder::new("help");
    assert_contains(
        &succeed(folder.demo().arg("--help")),
        &["Usage: cargo demo", "--wav FILE", "OPENAI_API_KEY"],
    );
}

#[test]
fn a_wrong_command_line_is_named() {
    let folder = Folder::new("usage");
    assert_eq!(
        fail(folder.demo().arg("--wave"), 2),
        "error: invalid option '--wave'; try --help"
    );
    assert_eq!(
        fail(folder.demo().arg("--wav"), 2),
        "error: missing argument for option '--wav'; try --help"
    );
    assert_eq!(
        fail(folder.demo().arg("in.wav"), 2),
        "error: unexpected argument \"in.wav\"; try --help"
    );
}

#[test]
fn what_is_wrong_with_a_file_is_said() {
    let folder = Folder::new("files");
    let speak = |file: &Path| fail(folder.demo().arg("--wav").arg(file), 1);
    assert_contains(
        &speak(&folder.0.join("no.wav")),
        &["error: could not open ", "no.wav", "No such file"],
    );
    let diary = folder.file(
        "diary.wav",
        "Dear diary, today I wrote a text and named it .wav.",
    );
    assert_eq!(
        speak(&diary),
        format!("error: {} is not a WAV file", diary.display())
    );
    let mu_law = b"RIFF\x26\0\0\0WAVEfmt \x10\0\0\0\x07\0\x01\0\x40\x1f\0\0\x40\x1f\0\0\x01\0\x08\0data\x02\0\0\0\0\0";
    assert_contains(
        &speak(&folder.file("mu-law.wav", mu_law)),
        &["mu-law.wav", "not supported"],
    );
    let line = fail(folder.demo().arg("--ca").arg(&diary), 1);
    assert_contains(&line, &["could not take a certificate from ", "diary.wav"]);
    let line = fail(folder.demo().args(["--ca", "no.pem"]), 1);
    assert_contains(&line, &["could not read no.pem", "No such file"]);
    assert!(!folder.reply().exists());
}

#[test]
fn a_reply_that_cannot_be_written_is_known_beforehand() {
    let folder = Folder::new("unwritable");
    for out in ["missing/reply.wav", "."] {
        let output = folder.demo().args(["--out", out]).output().unwrap();
        assert_eq!(
            (output.status.code(), text(&output.stdout).as_str()),
            (Some(1), "")
        );
        assert_contains(
            &text(&output.stderr),
            &[&format!("error: could not write {out}: "), "--out"],
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_wrong_key_is_named() {
    let emulator = Emulator::builder()
        .api_key("sk-other")
        .start()
        .await
        .unwrap();
    let folder = Folder::new("key");
    let line = fail(&mut folder.demo_with(&emulator), 1);
    assert_contains(
        &line,
        &["error: Incorrect API key provided", "Check the API key"],
    );
    assert!(!line.contains("sk-right"), "{line}");
    assert!(!folder.reply().exists());

    // A proxy, or an older version of the service, refuses the handshake.
    let refusing = Emulator::builder()
        .api_key("sk-other")
        .refuse_handshakes(true)
        .start()
        .await
        .unwrap();
    let line = fail(&mut folder.demo_with(&refusing), 1);
    assert_contains(
        &line,
        &[
            "error: could not connect: Unexpected server response: 401",
            "Check the API key",
        ],
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_wrong_model_is_named() {
    let emulator = Emulator::builder()
        .models(["gpt-realtime-2.1"])
        .start()
        .await
        .unwrap();
    let folder = Folder::new("model");
    let mut demo = folder.demo_with(&emulator);
    let line = fail(demo.args(["--model", "gpt-3"]), 1);
    assert_contains(&line, &["error: The model does not exist", "Check --model"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_certificate_that_nobody_vouches_for_is_refused() {
    let emulator = Emulator::start().await.unwrap();
    let line = fail(&mut Folder::new("tls").demo_at(&emulator.wss_url()), 1);
    assert_contains(
        &line,
        &[
            "error: could not connect: could not agree on TLS",
            "certificate",
        ],
    );
}

#[test]
fn no_network_is_named() {
    let folder = Folder::new("network");
    // A port that was free a moment ago: nobody listens there.
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let line = fail(
        &mut folder.demo_at(&format!("https://127.0.0.1:{port}/v1")),
        1,
    );
    assert_contains(
        &line,
        &[
            "error: could not connect: could not reach the server",
            "Connection refused",
        ],
    );
    // Without a network, the resolver takes its time to say so.
    let mut nowhere = folder.demo_at("https://nowhere.invalid/v1");
    let line = fail(nowhere.args(["--timeout", "120"]), 1);
    assert_contains(
        &line,
        &["error: could not connect: could not reach the server"],
    );
    assert_contains(
        &fail(&mut folder.demo_at("not a URL"), 1),
        &["error: ", "URL"],
    );
}

/// The line with which the demo ends on such an emulator.
async fn fail_with(script: Script, test: &str) -> String {
    let emulator = Emulator::builder().script(script).start().await.unwrap();
    let folder = Folder::new(test);
    let line = fail(folder.demo_with(&emulator).args(["--timeout", "1"]), 1);
    assert!(!folder.reply().exists());
    line
}

#[test]
fn a_turn_that_is_too_short_is_refused_by_the_server() {
    let folder = Folder::new("click");
    let click = folder.0.join("click.wav");
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 24_000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(&click, spec).unwrap();
    (0..240).for_each(|sample| writer.write_sample(sample).unwrap());
    writer.finalize().unwrap();
    let line = fail(folder.demo().arg("--wav").arg(&click), 1);
    assert_contains(
        &line,
        &["error: ", "100 ms", "input_audio_buffer_commit_empty"],
    );
    assert!(!folder.reply().exists());
}

fn quota() -> ErrorEvent {
    let details = ErrorDetails::default()
        .error_type("invalid_request_error")
        .code("quota")
        .message("All\nspent.");
    ErrorEvent::default().error(details)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_servers_errors_are_passed_on() {
    let script = Script::new().on_event(|event| match event.event_type() {
        "session.update" => Some(vec![Action::send(quota())]),
        _ => None,
    });
    let line = fail_with(script, "error-setup").await;
    assert_eq!(
        line,
        "error: All spent. code=quota type=invalid_request_error"
    );

    let script = Script::new().on_response(|_| Reply::new().text("Hel").send(quota()).stall());
    let line = fail_with(script, "error-reply").await;
    assert_eq!(
        line,
        "error: All spent. code=quota type=invalid_request_error"
    );

    let script = Script::new().on_response(|_| {
        Reply::new()
            .text("Hel")
            .fail("overloaded", "Come back later.")
    });
    assert_eq!(
        fail_with(script, "failed").await,
        "error: the reply is failed: overloaded: Come back later."
    );

    let script = Script::new().on_response(|_| Reply::new().incomplete("content_filter"));
    assert_eq!(
        fail_with(script, "incomplete").await,
        "error: the reply is incomplete: content_filter"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn replies_without_what_was_asked_for_are_failures() {
    let script = Script::new().on_response(|_| Reply::new());
    assert_eq!(
        fail_with(script, "no-text").await,
        "error: the reply has no text"
    );
    let script = Script::new().on_response(|_| Reply::new().text("Only words"));
    assert_eq!(
        fail_with(script, "no-sound").await,
        "error: the reply has no sound"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_server_that_leaves_or_falls_silent_is_a_failure() {
    let script =
        Script::new().on_response(|_| Reply::new().text("Hel").close(1011, "out of memory"));
    let line = fail_with(script, "closed").await;
    assert_eq!(
        line,
        "error: the server closed the connection: 1011 (out of memory)"
    );
    let script = Script::new().on_response(|_| Reply::new().text("Hel").close(1000, "bye"));
    let line = fail_with(script, "closed-normally").await;
    assert_eq!(
        line,
        "error: the server closed the connection before its reply was over"
    );
    let script = Script::new().on_response(|_| Reply::new().text("Hel").stall());
    let line = fail_with(script, "stalled").await;
    assert_eq!(
        line,
        "error: nothing came from the server for 1.0 s; --timeout allows more"
    );
    let script = Script::new().on_connect(|_| Admission::accept().after(0, Action::Stall));
    let line = fail_with(script, "mute").await;
    assert_eq!(
        line,
        "error: nothing came from the server for 1.0 s; --timeout allows more"
    );
}

#[test]
fn a_server_that_never_answers_is_not_waited_for() {
    let folder = Folder::new("hole");
    let hole = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}/v1", hole.local_addr().unwrap());
    let line = fail(folder.demo_at(&url).args(["--timeout", "1"]), 1);
    assert_eq!(
        line,
        "error: nothing came from the server for 1.0 s; --timeout allows more"
    );
}
