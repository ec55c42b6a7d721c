//! Frames and messages that are wrong, or only look so.

use std::time::Duration;

use openai_realtime_ws::native::Connector;
use tokio::io::AsyncWriteExt;

use crate::caller::watch_over;
use crate::peer::{Then, among_others, read, session};
use crate::raw_server::{accept, frame, server};
use crate::{Fault, Seen};

const MIB: usize = 1024 * 1024;

pub fn faults() -> Vec<Fault> {
    let mut faults: Vec<_> = messages()
        .into_iter()
        .chain(pieces())
        .chain(heads())
        .map(|(name, bytes)| Fault::new(name, among_others(bytes)))
        .collect();
    for opcode in [3, 4, 5, 6, 7, 11, 12, 13, 14, 15] {
        let name = format!("the reserved opcode {opcode}");
        faults.push(Fault::new(name, among_others(frame(opcode, b""))));
    }
    let in_pieces = || fragments(&large()[10..].chunks(MIB).collect::<Vec<_>>());
    faults.extend([
        Fault::new("a header cut short", session(vec![0x81, 126, 1], Then::Cut)),
        Fault::new("a message of 100 MB", among_others(large())),
        Fault::new(
            "a message of 100 MB in fragments of 1 MiB",
            among_others(in_pieces()),
        ),
        Fault::new(
            "a message of 100 MB with `max_message_bytes` of 16 MiB",
            too_large(large),
        ),
        Fault::new("the same in fragments of 1 MiB", too_large(in_pieces)),
    ]);
    faults
}

/// Content of a message.
fn messages() -> Vec<(&'static str, Vec<u8>)> {
    let text = |text: &str| frame(1, text.as_bytes());
    let nested = |before: &str, after: &str| {
        let (open, close) = ("[".repeat(100_000), "]".repeat(100_000));
        text(&format!("{before}{open}{close}{after}"))
    };
    vec![
        ("a message that is not JSON", text("no event")),
        ("JSON cut short", text(r#"{"type":"x""#)),
        ("JSON that is no object", text("[1]")),
        ("an object without a type", text(r#"{"event_id":"e"}"#)),
        ("an empty message", text("")),
        (
            "a known event whose fields are of other types",
            text(r#"{"type":"response.done","response":7}"#),
        ),
        (
            "an event of a type that nobody knows",
            text(r#"{"type":"future"}"#),
        ),
        (
            "100,000 levels of nesting, and nothing else",
            nested("", ""),
        ),
        (
            "100,000 levels of nesting in an unknown event",
            nested(r#"{"type":"future","x":"#, "}"),
        ),
        (
            "100,000 levels of nesting in a known event",
            nested(r#"{"type":"response.done","response":"#, "}"),
        ),
        (
            "an event in a binary message",
            frame(2, br#"{"type":"binary"}"#),
        ),
        (
            "malformed UTF-8 in a text message",
            frame(1, b"{\"type\":\"\xFF\"}"),
        ),
        (
            "malformed UTF-8 in a binary message",
            frame(2, b"{\"type\":\"binary\",\"x\":\"\xFF\"}"),
        ),
        (
            "a text message that ends within a character",
            frame(1, b"{\"type\":\"\xE2\x82"),
        ),
    ]
}

/// Fragments, and what stands between them.
fn pieces() -> Vec<(&'static str, Vec<u8>)> {
    let start = fragment(1, br#"{"type":"#);
    let bytes = br#"{"type":"in.fragments"}"#.each_ref().map(std::slice::from_ref);
    let mut empty: Vec<&[u8]> = vec![&[]; 10_000];
    empty.push(br#"{"type":"x"}"#);
    vec![
        ("a message in fragments of a byte", fragments(&bytes)),
        ("10,000 empty fragments", fragments(&empty)),
        (
            "a character split between two fragments",
            fragments(&[b"{\"type\":\"\xE2\x82", b"\xAC\"}"]),
        ),
        (
            "malformed UTF-8 in a first fragment, the last one withheld",
            fragment(1, b"\xFF"),
        ),
        (
            "a ping between two fragments",
            [start.clone(), frame(9, b"hello"), frame(0, br#""x"}"#)].concat(),
        ),
        (
            "a close between two fragments",
            [start.clone(), frame(8, &[0x03, 0xE8])].concat(),
        ),
        ("a continuation of nothing", frame(0, b"{}")),
        (
            "a message that begins within another",
            [start, frame(1, br#"{"type":"x"}"#)].concat(),
        ),
        ("a fragmented ping", fragment(9, b"hello")),
        ("a fragmented close", fragment(8, &[0x03, 0xE8])),
    ]
}

/// Heads of frames, and control frames.
fn heads() -> Vec<(&'static str, Vec<u8>)> {
    let length = |bytes: [u8; 8]| [&[0x81, 127][..], &bytes].concat();
    vec![
        ("an empty ping", frame(9, b"")),
        ("a ping of 125 bytes", frame(9, &[b'p'; 125])),
        ("a ping of 126 bytes", frame(9, &[b'p'; 126])),
        ("1,000 pings at once", frame(9, b"p").repeat(1_000)),
        ("a pong that nobody asked for", frame(10, b"pong")),
        ("a masked frame", masked(br#"{"type":"x"}"#)),
        (
            "a length written in more bytes than it needs",
            [&length([0, 0, 0, 0, 0, 0, 0, 12])[..], br#"{"type":"x"}"#].concat(),
        ),
        ("a length of 1 TiB", length([0, 0, 1, 0, 0, 0, 0, 0])),
        ("a length of 2⁶² bytes", length([0x40, 0, 0, 0, 0, 0, 0, 0])),
        ("a length over 2⁶³ bytes", length([0xFF; 8])),
        ("RSV1, as compression sets it", vec![0xC1, 2, b'{', b'}']),
        ("RSV2", vec![0xA1, 2, b'{', b'}']),
        ("RSV3", vec![0x91, 2, b'{', b'}']),
    ]
}

/// A frame that is not the last of its message.
fn fragment(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = frame(opcode, payload);
    frame[0] &= 0x7F;
    frame
}

/// A text message in these fragments.
fn fragments(pieces: &[&[u8]]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (index, piece) in pieces.iter().enumerate() {
        let opcode = u8::from(index == 0);
        let is_last = index + 1 == pieces.len();
        bytes.extend(if is_last {
            frame(opcode, piece)
        } else {
            fragment(opcode, piece)
        });
    }
    bytes
}

/// Frames that only a client may send.
fn masked(payload: &[u8]) -> Vec<u8> {
    let mut frame = frame(1, payload);
    frame[1] |= 0x80;
    // With a mask of zeros, the payload stays what it is.
    frame.splice(2..2, [0; 4]);
    frame
}

/// An event of 100 MB, in a frame with a head of ten bytes.
fn large() -> Vec<u8> {
    frame(
        1,
        format!(r#"{{"type":"large","x":"{}"}}"#, "y".repeat(100_000_000)).as_bytes(),
    )
}

async fn too_large(bytes: impl FnOnce() -> Vec<u8> + Send + 'static) -> Seen {
    let (config, task) = server(|mut stream, request| async move {
        accept(&mut stream, &request).await;
        // A server that has read enough hangs up in the middle.
        let _ = stream.write_all(&bytes()).await;
        read(&mut stream).await
    })
    .await;
    let connector = Connector::new().max_message_bytes(16 * MIB);
    let caller = watch_over(connector, config.close_timeout(Duration::from_secs(1))).await;
    Seen::both(caller, task).await
}
