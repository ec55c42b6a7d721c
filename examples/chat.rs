//! A conversation in a terminal, drawn as it grows: `chat`. What you write is said to the model;
//! `/stop` interrupts it, `/save FILE` saves the conversation, `/quit` ends. `chat FILE` goes on
//! with a saved one.
//!
//! Without `OPENAI_API_KEY`, an emulator in this process answers.

use std::error::Error;
use std::io::{IsTerminal, Write};

use futures_channel::mpsc;
use futures_util::{Stream, StreamExt};
use openai_realtime_ws::conversation::{
    Conversation, ConversationEvent, EntryStatus, History, HistoryEntry, PendingResponse, SeedPlace,
};
use openai_realtime_ws::emulator::Emulator;
use openai_realtime_ws::native::Connector;
use openai_realtime_ws::protocol::{Modality, RealtimeSession, SessionUpdate};
use openai_realtime_ws::{Config, ConfigError, OpenAIRealtimeWS, Reconnect, Restore};

mod models;

type Failure = Box<dyn Error>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    // Kept to the end: it stops when it is dropped.
    let emulator;
    let config = match Config::from_env() {
        Err(ConfigError::MissingKey(_)) => {
            eprintln!("OPENAI_API_KEY is not set: an emulator in this process answers.");
            emulator = Emulator::start().await?;
            Config::new("sk-emulator").insecure_loopback_url(emulator.ws_url())
        }
        config => config?,
    };
    let saved = match std::env::args().nth(1) {
        Some(path) => serde_json::from_str(&std::fs::read_to_string(path)?)?,
        None => History::new(),
    };
    let config = config
        .model(models::REALTIME)
        .reconnect(Reconnect::default())
        .restore(Restore::default());
    let rt = OpenAIRealtimeWS::connect(config).await?;
    let (sender, lines) = mpsc::unbounded();
    std::thread::spawn(move || {
        for line in std::io::stdin().lines().map_while(Result::ok) {
            // The chat has ended, and nobody reads.
            if sender.unbounded_send(line).is_err() {
                break;
            }
        }
    });
    chat(Conversation::new(rt), &saved, lines, &mut std::io::stdout()).await
}

async fn chat(
    mut conversation: Conversation<Connector>,
    saved: &History,
    mut lines: impl Stream<Item = String> + Unpin,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let handle = conversation.handle();
    handle.send(SessionUpdate::new(
        RealtimeSession::new().output_modalities([Modality::Text]),
    ));
    for event in saved.seed(SeedPlace::Top) {
        handle.send(event);
    }
    let mut view = View::default();
    let is_terminal = std::io::stdin().is_terminal() && !cfg!(test);
    let mut pending: Option<PendingResponse> = None;
    let mut quits = false;
    loop {
        tokio::select! {
            // What happens first is drawn first.
            biased;
            event = conversation.next() => match event {
                Some(event) => match event? {
                    ConversationEvent::History(_) => view.draw(conversation.history(), out)?,
                    ConversationEvent::Reconnecting(_) => writeln!(out, "\n(reconnecting)")?,
                    ConversationEvent::ServerError(error) => writeln!(out, "\n({error})")?,
                    _ => {}
                },
                None => return Ok(()),
            },
            _ = async { pending.as_mut()?.await.ok() }, if pending.is_some() => pending = None,
            // The next line is read once the last one is answered, so that a script can be piped
            // in; a person can interrupt.
            line = lines.next(), if !quits && (pending.is_none() || is_terminal) => {
                let line = line.unwrap_or_else(|| "/quit".to_owned());
                match line.split_once(' ') {
                    _ if line == "/quit" => {
                        quits = true;
                        handle.close();
                    }
                    _ if line == "/stop" => handle.interrupt(),
                    Some(("/save", path)) => {
                        std::fs::write(path, serde_json::to_string(conversation.history())?)?;
                    }
                    _ => pending = Some(handle.say(line)),
                }
            }
        }
    }
}

/// Text on the terminal, which can only grow.
#[derive(Default)]
struct View {
    /// Number of entries that are drawn whole.
    whole: usize,
    /// Length of the text that is drawn of the next one.
    drawn: Option<usize>,
}

impl View {
    /// Draws what is new.
    fn draw(&mut self, history: &History, out: &mut impl Write) -> std::io::Result<()> {
        while let Some(entry) = history.entries().get(self.whole) {
            let text = entry.text();
            let drawn = self.drawn.unwrap_or_else(|| {
                // A failure to write shows in the next one.
                let _ = write!(out, "{}: ", author(entry));
                0
            });
            write!(out, "{}", text.get(drawn..).unwrap_or_default())?;
            out.flush()?;
            self.drawn = Some(text.len());
            if entry.status == EntryStatus::InProgress {
                return Ok(());
            }
            let cut = entry.status == EntryStatus::Incomplete;
            writeln!(out, "{}", if cut { " …" } else { "" })?;
            self.whole += 1;
            self.drawn = None;
        }
        Ok(())
    }
}

fn author(entry: &HistoryEntry) -> String {
    entry
        .role()
        .map_or_else(|| format!("{:?}", entry.kind()), ToString::to_string)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn run(emulator: &Emulator, saved: &History, input: &str) -> String {
        let config = Config::new("sk-test")
            .model(models::REALTIME)
            .insecure_loopback_url(emulator.ws_url());
        let rt = OpenAIRealtimeWS::connect(config).await.unwrap();
        let mut out = Vec::new();
        let lines = futures_util::stream::iter(input.lines().map(str::to_owned));
        chat(Conversation::new(rt), saved, lines, &mut out)
            .await
            .unwrap();
        String::from_utf8(out).unwrap()
    }

    #[tokio::test]
    async fn a_chat_is_drawn_saved_and_continued() {
        let path = std::env::temp_dir().join(format!("chat-{}.json", std::process::id()));
        let input = format!("Hello.\nHow are you?\n/save {}\n", path.display());
        let emulator = Emulator::start().await.unwrap();
        let drawn = run(&emulator, &History::new(), &input).await;
        let conversation = "user: Hello.\nassistant: You said: Hello.\n\
            user: How are you?\nassistant: You said: How are you?\n";
        assert_eq!(drawn, conversation);

        let saved = std::fs::read_to_string(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        let saved: History = serde_json::from_str(&saved).unwrap();
        let drawn = run(&emulator, &saved, "Again.\n").await;
        let more = "user: Again.\nassistant: You said: Again.\n";
        assert_eq!(drawn, format!("{conversation}{more}"));
    }
}
