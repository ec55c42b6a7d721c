//! The assistant on the devices of a sound server: a spoken turn, and speech that interrupts the
//! reply. The loudspeaker has played what the server was told, and no more.

mod pulse;
mod sound;

use std::io::{BufRead, BufReader, Lines};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use pulse::SoundServer;
use sound::{Clip, RATE};

/// Difference between what was played and what was reported, at most.
const TOLERANCE_MS: u64 = 60;
/// Silence between two replies. A shorter one is a gap that a busy machine left in a reply.
const PAUSE: Duration = Duration::from_secs(1);

/// Assistant in a process of its own.
struct Assistant {
    process: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Assistant {
    /// Starts it on the server's devices.
    fn start(sounds: &SoundServer) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_assistant-example"));
        sounds.tell(&mut command);
        let mut process = command
            .env_remove("OPENAI_API_KEY")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the assistant starts");
        let stdout = process.stdout.take().expect("its output is piped");
        let lines = BufReader::new(stdout).lines();
        Self { process, lines }
    }

    /// Reads on to the next line that begins so, and returns the rest of that line.
    fn line(&mut self, beginning: &str) -> String {
        for line in &mut self.lines {
            let line = line.expect("the output is text");
            if let Some(rest) = line.strip_prefix(beginning) {
                return rest.to_owned();
            }
        }
        panic!("the assistant ended before it wrote `{beginning}…`");
    }

    /// Ends it as Control-C does, and returns the rest of its output.
    fn interrupt(mut self) -> Vec<String> {
        let id = self.process.id().to_string();
        let sent = Command::new("kill").args(["-INT", &id]).status();
        assert!(sent.expect("`kill` runs").success());
        let rest = self.lines.by_ref().map_while(Result::ok).collect();
        assert!(self.process.wait().expect("it ends").success());
        rest
    }
}

impl Drop for Assistant {
    fn drop(&mut self) {
        // After a clean end there is nothing left to kill.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn an_interrupted_reply_was_heard_as_far_as_the_server_was_told() {
    let sounds = SoundServer::start();
    let recording = sounds.record_loudspeaker();
    let mut assistant = Assistant::start(&sounds);
    assistant.line("Speak.");
    // The reply to the first words lasts as long as they do, and is played when the second begin.
    let spoken = Clip::default()
        .quiet(Duration::from_secs(2))
        .loud(Duration::from_secs(4))
        .quiet(Duration::from_millis(2_200))
        .loud(Duration::from_millis(1_500))
        .quiet(Duration::from_secs(6));
    let speaking = sounds.speak(&spoken);
    assistant.line("you: 4.");
    let interrupted = assistant.line("[interrupted: ");
    assistant.line("model: You spoke for ");
    let end = speaking.wait();
    assert!(end.success(), "the speech was not played: {end}");
    let rest = assistant.interrupt();
    assert!(rest.iter().any(|line| line.starts_with("2 responses, ")));
    let has_gaps = rest.iter().any(|line| line.contains("gaps in the sound"));

    let numbers: Vec<u64> = interrupted
        .split(|character: char| !character.is_ascii_digit())
        .filter_map(|number| number.parse().ok())
        .collect();
    let [heard, received] = numbers[..] else {
        panic!("no two numbers in `{interrupted}`");
    };
    assert!(heard > 0 && heard < received, "{interrupted}");
    let replies = sound::sounding(&recording.stop(), PAUSE);
    let [first, second, ..] = replies[..] else {
        panic!("two replies are played, not {}", replies.len());
    };
    let words = format!("{first} ms were played, and {heard} of {received} reported");
    assert!(first <= heard + TOLERANCE_MS, "{words}");
    // A busy machine starves the device, and what it loses then is heard by nobody.
    assert!(has_gaps || heard <= first + TOLERANCE_MS, "{words}");
    assert!(second > 1_000, "the second reply is played: {second} ms");
}

#[test]
fn a_clip_sounds_as_long_as_it_was_made() {
    let clip = Clip::default()
        .quiet(Duration::from_millis(300))
        .loud(Duration::from_millis(500))
        .silent(Duration::from_millis(200))
        .loud(Duration::from_millis(100))
        .silent(Duration::from_secs(2))
        .quiet(Duration::from_millis(250));
    assert_eq!(clip.samples().len(), RATE as usize * 335 / 100);
    // A short gap is part of a sound, and does not count.
    assert_eq!(sound::sounding(clip.samples(), PAUSE), [900, 250]);
}
