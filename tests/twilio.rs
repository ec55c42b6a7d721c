//! The phone agent of `examples/twilio`, on a line that behaves as Twilio's does: it plays at the
//! pace of speech, gives marks back, and loses packets.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use openai_realtime_ws::audio::g711;
use openai_realtime_ws::emulator::{Emulator, Reply, Script};
use openai_realtime_ws::protocol::Audio;
use openai_realtime_ws::{ClientEvent, Config};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{self, UnboundedReceiver};
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, client_async};

#[allow(dead_code)]
#[path = "../examples/twilio/main.rs"]
mod twilio;

/// A byte of the greeting, so that it can be told from other audio.
const GREETING: u8 = 0x10;

/// Bytes of 20 ms.
const PACKET: usize = 160;

/// Audio and marks that the line has to play, in order.
enum Queued {
    Audio(Vec<u8>),
    Mark(String),
}

/// A line in a call.
struct Line {
    socket: WebSocketStream<TcpStream>,
    clock: u64,
    queue: VecDeque<Queued>,
    /// Audio that the caller has heard.
    heard: Vec<u8>,
    /// Length of the audio that the caller had heard when the queue was cleared.
    cleared_at: Vec<usize>,
    log: UnboundedReceiver<String>,
}

impl Line {
    /// Calls a desk that reaches this emulator.
    async fn call(emulator: &Emulator) -> Self {
        let config = Config::new("sk-emulator").insecure_loopback_url(emulator.ws_url());
        let (said, log) = mpsc::unbounded_channel();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(twilio::Desk::new(config, said).serve(listener));

        let mut ask = TcpStream::connect(address).await.unwrap();
        let request = "POST /voice HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
        ask.write_all(request.as_bytes()).await.unwrap();
        let mut document = String::new();
        ask.read_to_string(&mut document).await.unwrap();
        assert!(
            document.contains(r#"<Stream url="wss://example.com/media"/>"#),
            "{document}"
        );

        let stream = TcpStream::connect(address).await.unwrap();
        let (socket, _) = client_async(format!("ws://{address}/media"), stream)
            .await
            .unwrap();
        let mut line = Self {
            socket,
            clock: 0,
            queue: VecDeque::new(),
            heard: Vec::new(),
            cleared_at: Vec::new(),
            log,
        };
        line.tell(json!({"event": "connected", "protocol": "Call", "version": "1.0.0"}))
            .await;
        line.tell(
            json!({"event": "start", "sequenceNumber": "1", "streamSid": "MZ1", "start":
            {"streamSid": "MZ1", "callSid": "CA1", "tracks": ["inbound"], "mediaFormat":
                {"encoding": "audio/x-mulaw", "sampleRate": 8_000, "channels": 1}}}),
        )
        .await;
        line
    }

    async fn tell(&mut self, message: Value) {
        self.socket
            .send(Message::text(message.to_string()))
            .await
            .unwrap();
    }

    /// Sends a packet of the caller's, with the clock's timestamp.
    async fn say(&mut self, timestamp: u64, packet: &[u8]) {
        let payload = Audio::from_bytes(packet);
        self.tell(json!({"event": "media", "streamSid": "MZ1", "media":
            {"track": "inbound", "chunk": "1", "timestamp": timestamp.to_string(),
                "payload": payload.base64()}}))
            .await;
    }

    /// Lives through 20 ms packets at their pace, until `until`: the caller says what `speech`
    /// gives, if anything, and hears what is queued.
    async fn live(
        &mut self,
        speech: impl Fn(&Self) -> Option<Vec<u8>>,
        until: impl Fn(&Self) -> bool,
    ) {
        let mut ticks = interval(Duration::from_millis(20));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
        let lived = async {
            while !until(self) {
                tokio::select! {
                    message = self.socket.next() => self.take(message.unwrap().unwrap()).await,
                    _ = ticks.tick() => {
                        if let Some(packet) = speech(self) {
                            self.say(self.clock, &packet).await;
                        }
                        self.clock += 20;
                        self.play().await;
                    }
                }
            }
        };
        timeout(Duration::from_secs(20), lived)
            .await
            .expect("it comes about");
    }

    /// Takes a message of the agent's.
    async fn take(&mut self, message: Message) {
        let Message::Text(text) = message else {
            return;
        };
        let message: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(message["streamSid"], "MZ1");
        match message["event"].as_str().unwrap() {
            "media" => {
                let payload = message["media"]["payload"].as_str().unwrap().to_owned();
                let audio = Audio::from_base64(payload).bytes().unwrap();
                self.queue.push_back(Queued::Audio(audio));
            }
            "mark" => {
                let name = message["mark"]["name"].as_str().unwrap().to_owned();
                self.queue.push_back(Queued::Mark(name));
            }
            "clear" => {
                self.cleared_at.push(self.heard.len());
                // All marks come back at once.
                for queued in std::mem::take(&mut self.queue) {
                    if let Queued::Mark(name) = queued {
                        self.give_back(name).await;
                    }
                }
            }
            other => panic!("{other}"),
        }
    }

    /// Plays 20 ms.
    async fn play(&mut self) {
        let mut left = PACKET;
        while let Some(queued) = self.queue.front_mut() {
            match queued {
                Queued::Audio(audio) if left == 0 && !audio.is_empty() => break,
                Queued::Audio(audio) => {
                    let played = left.min(audio.len());
                    self.heard.extend(audio.drain(..played));
                    left -= played;
                    if audio.is_empty() {
                        self.queue.pop_front();
                    }
                }
                Queued::Mark(name) => {
                    let name = std::mem::take(name);
                    self.queue.pop_front();
                    self.give_back(name).await;
                }
            }
        }
    }

    async fn give_back(&mut self, name: String) {
        self.tell(json!({"event": "mark", "streamSid": "MZ1", "mark": {"name": name}}))
            .await;
    }

    /// Hangs up, and returns what the agent said for its log.
    async fn hang_up(mut self) -> Vec<String> {
        self.tell(json!({"event": "stop", "streamSid": "MZ1"}))
            .await;
        let mut lines = Vec::new();
        let ended = async {
            while let Some(line) = self.log.recv().await {
                let is_over = line.starts_with("over") || line.starts_with("error");
                lines.push(line);
                if is_over {
                    break;
                }
            }
        };
        timeout(Duration::from_secs(20), ended)
            .await
            .expect("the call ends");
        lines
    }
}

/// A loud packet.
fn tone() -> Vec<u8> {
    let samples: Vec<i16> = (0..160)
        .map(|n| if n / 10 % 2 == 0 { 9_000 } else { -9_000 })
        .collect();
    g711::encode_mu_law(&samples)
}

fn silence() -> Vec<u8> {
    vec![g711::MU_LAW_SILENCE; PACKET]
}

/// An emulator that greets for this many seconds, and then answers as it does on its own.
async fn emulator(seconds: usize, pace: Option<f64>) -> Emulator {
    let asked = AtomicUsize::new(0);
    let script = Script::new().on_response(move |_| {
        let is_first = asked.fetch_add(1, Ordering::Relaxed) == 0;
        let audio = vec![GREETING; seconds * 8_000];
        is_first.then(|| Reply::new().audio(audio, "Good morning, this is the bakery."))
    });
    Emulator::builder()
        .script(script)
        .pace(pace)
        .start()
        .await
        .unwrap()
}

/// Events that the agent sent to the service.
fn sent(emulator: &Emulator) -> Vec<ClientEvent> {
    let connections = emulator.connections();
    connections[0]
        .events()
        .iter()
        .map(|raw| raw.clone().decode_as())
        .collect()
}

/// Length of the audio that was sent, in bytes.
fn appended(events: &[ClientEvent]) -> usize {
    let audio = events.iter().filter_map(|event| match event {
        ClientEvent::InputAudioBufferAppend(event) => Some(event.audio.decoded_len()),
        _ => None,
    });
    audio.sum()
}

async fn barge_in(pace: Option<f64>) {
    let emulator = emulator(5, pace).await;
    let mut line = Line::call(&emulator).await;
    // The caller listens for a second, and then speaks until the line falls silent.
    line.live(|_| Some(silence()), |line| line.heard.len() >= 8_000)
        .await;
    line.live(|_| Some(tone()), |line| !line.cleared_at.is_empty())
        .await;
    let heard = line.cleared_at[0] / 8;
    let end = line.clock + 400;
    line.live(|_| Some(tone()), |line| line.clock >= end).await;
    // Once the caller is silent, the reply comes: what he said, as the emulator does.
    let before = line.cleared_at[0];
    line.live(
        |_| Some(silence()),
        |line| line.heard.len() >= before + 1_600,
    )
    .await;
    assert!(line.heard[..before].iter().all(|byte| *byte == GREETING));
    // Of the greeting nothing comes behind the interruption.
    assert!(line.heard[before..].iter().all(|byte| *byte != GREETING));
    let lines = line.hang_up().await;
    assert!(
        !lines.iter().any(|line| line.starts_with("error")),
        "{lines:?}"
    );

    let events = sent(&emulator);
    let truncated: Vec<u64> = events
        .iter()
        .filter_map(|event| match event {
            ClientEvent::ConversationItemTruncate(event) => Some(event.audio_end_ms),
            ClientEvent::ConversationItemDelete(_) | ClientEvent::ResponseCancel(_) => {
                panic!("{event:?}")
            }
            _ => None,
        })
        .collect();
    let [end] = truncated[..] else {
        panic!("{truncated:?}")
    };
    // Marks are 100 ms apart.
    let heard = heard as u64;
    assert!(end <= heard && heard <= end + 140, "{end} of {heard}");
}

// Complaints 2, 8 and 9.
#[tokio::test]
async fn the_caller_interrupts_a_greeting_that_is_queued_whole() {
    barge_in(None).await;
}

#[tokio::test]
async fn the_caller_interrupts_a_greeting_that_is_still_under_way() {
    barge_in(Some(1.0)).await;
}

#[tokio::test]
async fn a_greeting_that_was_heard_to_its_end_is_not_truncated() {
    let emulator = emulator(1, None).await;
    let mut line = Line::call(&emulator).await;
    line.live(
        |_| Some(silence()),
        |line| line.heard.len() >= 8_000 && line.queue.is_empty(),
    )
    .await;
    let end = line.clock + 500;
    line.live(|_| Some(tone()), |line| line.clock >= end).await;
    line.live(|_| Some(silence()), |line| line.heard.len() > 8_000)
        .await;
    line.hang_up().await;
    let events = sent(&emulator);
    assert!(
        !events
            .iter()
            .any(|event| matches!(event, ClientEvent::ConversationItemTruncate(_)))
    );
}

#[tokio::test]
async fn lost_and_late_packets_do_not_shift_the_time() {
    let emulator = emulator(0, None).await;
    let mut line = Line::call(&emulator).await;
    // 100 packets: every seventh is lost, every tenth comes after the next one.
    let mut late = None;
    for n in 0..100_u64 {
        match n {
            n if n % 7 == 3 => {}
            n if n % 10 == 5 => late = Some(n),
            n => {
                line.say(n * 20, &tone()).await;
                if let Some(late) = late.take() {
                    line.say(late * 20, &tone()).await;
                }
            }
        }
    }
    line.hang_up().await;
    assert_eq!(appended(&sent(&emulator)), 100 * PACKET);
}

#[tokio::test]
async fn a_line_that_is_muted_in_the_middle_of_a_turn_still_gets_a_reply() {
    let emulator = emulator(0, None).await;
    let mut line = Line::call(&emulator).await;
    let end = line.clock + 600;
    line.live(|_| Some(tone()), |line| line.clock >= end).await;
    // Nothing comes any more, and yet the turn ends.
    line.live(|_| None, |line| line.heard.len() >= 1_600).await;
    line.hang_up().await;
    assert_eq!(appended(&sent(&emulator)), 600 * 8 + 8_000);
}

// Complaint 1: collisions.
#[tokio::test]
async fn keys_are_answered_one_after_the_other() {
    let emulator = emulator(1, Some(4.0)).await;
    let mut line = Line::call(&emulator).await;
    for digit in ["1", "2", "#"] {
        line.tell(json!({"event": "dtmf", "streamSid": "MZ1",
            "dtmf": {"track": "inbound_track", "digit": digit}}))
            .await;
    }
    // The greeting, and a reply to each key.
    let mut lines: Vec<String> = Vec::new();
    while lines
        .iter()
        .filter(|line| line.starts_with("model: "))
        .count()
        < 4
    {
        let line = timeout(Duration::from_secs(20), line.log.recv())
            .await
            .expect("a reply");
        lines.push(line.unwrap());
    }
    lines.extend(line.hang_up().await);
    assert!(
        !lines.iter().any(|line| line.starts_with("error")),
        "{lines:?}"
    );
    for digit in ["1", "2", "#"] {
        assert!(lines.contains(&format!("key: {digit}")), "{lines:?}");
    }
    let events = sent(&emulator);
    let asked = events
        .iter()
        .filter(|event| matches!(event, ClientEvent::ResponseCreate(_)));
    assert_eq!(asked.count(), 4);
    assert!(
        lines.last().unwrap().starts_with("over: 4 responses, "),
        "{lines:?}"
    );
}
