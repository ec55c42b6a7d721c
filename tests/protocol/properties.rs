//! Properties for any input: reading never panics, its two ways agree, and what is written reads as
//! the same.

use std::collections::BTreeSet;

use openai_realtime_ws::protocol::{
    Audio, Events, InputAudioBufferAppend, TranslationClientEvent, TranslationServerEvent,
};
use openai_realtime_ws::{ClientEvent, RawEvent, ServerEvent};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::Value;

use super::agreement::{check_all, check_round_trip};
use super::fixtures::{CLIENT, SERVER, TRANSLATION_CLIENT, TRANSLATION_SERVER};

fn fixture() -> impl Strategy<Value = &'static str> {
    let lines = [SERVER, CLIENT, TRANSLATION_SERVER, TRANSLATION_CLIENT].map(str::lines);
    select(lines.into_iter().flatten().collect::<Vec<_>>())
}

/// The keys and types of the fixtures, which reach deeper than any others.
fn words() -> Vec<String> {
    fn collect(value: &Value, words: &mut Vec<String>) {
        match value {
            Value::Array(values) => values.iter().for_each(|value| collect(value, words)),
            Value::Object(members) => {
                words.extend(members.keys().cloned());
                words.extend(
                    members
                        .get("type")
                        .and_then(Value::as_str)
                        .map(str::to_owned),
                );
                members.values().for_each(|value| collect(value, words));
            }
            _ => {}
        }
    }
    let mut words = Vec::new();
    for line in [SERVER, CLIENT, TRANSLATION_SERVER, TRANSLATION_CLIENT]
        .into_iter()
        .flat_map(str::lines)
    {
        collect(&serde_json::from_str(line).unwrap(), &mut words);
    }
    words.sort();
    words.dedup();
    words
}

fn space() -> impl Strategy<Value = &'static str> {
    prop_oneof![8 => Just(""), 1 => Just(" "), 1 => Just("\r\n\t")]
}

/// A string as JSON, whole or in escapes, a few of them halves of a pair.
fn string_text() -> impl Strategy<Value = String> {
    let plain = prop_oneof![select(words()), any::<String>()]
        .prop_map(|text| serde_json::to_string(&text).unwrap());
    let escaped = prop::collection::vec(
        prop_oneof![
            any::<u16>().prop_map(|unit| format!("\\u{unit:04x}")),
            (0xD800_u16..0xE000).prop_map(|unit| format!("\\u{unit:04X}")),
            select(vec!["\\n", "\\\"", "\\\\", "\\/", "a", "é", "😀"]).prop_map(str::to_owned),
        ],
        0..8,
    )
    .prop_map(|pieces| format!("\"{}\"", pieces.concat()));
    let spelled = select(words()).prop_map(|word| {
        let units = word.encode_utf16().map(|unit| format!("\\u{unit:04x}"));
        format!("\"{}\"", units.collect::<String>())
    });
    prop_oneof![6 => plain, 1 => escaped, 1 => spelled]
}

fn number_text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<u32>().prop_map(|number| number.to_string()),
        any::<i64>().prop_map(|number| number.to_string()),
        any::<f64>()
            .prop_filter("JSON has no other", |f| f.is_finite())
            .prop_map(|number| number.to_string()),
        select(vec![
            "0",
            "-0",
            "1e400",
            "-1E+400",
            "1e-400",
            "2.0",
            "01",
            "1.",
            ".5",
            "18446744073709551616"
        ])
        .prop_map(str::to_owned),
    ]
}

/// Members of an object. A key comes once, but `type`: one that does not fit costs the event,
/// though a later one would.
fn members_text(value: impl Strategy<Value = String>) -> impl Strategy<Value = Vec<String>> {
    let member = (string_text(), space(), space(), value, space());
    prop::collection::vec(member, 0..6).prop_map(|mut members| {
        let mut seen = BTreeSet::new();
        members.retain(|(key, ..)| {
            let key = serde_json::from_str(key).unwrap_or_else(|_| key.clone());
            key == "type" || seen.insert(key)
        });
        let member = |(key, a, b, value, c)| format!("{key}{a}:{b}{value}{c}");
        members.into_iter().map(member).collect()
    })
}

fn value_text() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        2 => string_text(),
        2 => number_text(),
        1 => select(vec!["null", "true", "false"]).prop_map(str::to_owned),
    ];
    leaf.prop_recursive(3, 8, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4)
                .prop_map(|values| format!("[{}]", values.join(","))),
            members_text(inner).prop_map(|members| format!("{{{}}}", members.join(","))),
        ]
    })
}

/// An object with members of the protocol, and a `type` somewhere among them.
fn event_text() -> impl Strategy<Value = String> {
    let types: Vec<&str> = [
        ServerEvent::TYPES,
        ClientEvent::TYPES,
        TranslationServerEvent::TYPES,
        TranslationClientEvent::TYPES,
    ]
    .concat();
    let named = select(types).prop_map(|name| format!(r#""type":"{name}""#));
    (
        named,
        members_text(value_text()),
        any::<Index>(),
        space(),
        space(),
    )
        .prop_map(|(named, mut members, at, before, after)| {
            members.insert(at.index(members.len() + 1), named);
            format!(
                "{before}{{{after}{}}}{after}",
                members.join(&format!(",{before}"))
            )
        })
}

/// A fixture, cut, doubled or disturbed at a few places.
fn disturbed_text() -> impl Strategy<Value = String> {
    let insertion = prop_oneof![
        select(vec![
            "\"", "\\", "{", "}", "[", "]", ",", ":", " ", "\u{c}", "\0", "1", "null", "\\ud800",
            "é"
        ])
        .prop_map(str::to_owned),
        any::<char>().prop_map(String::from),
        value_text(),
    ];
    let edit = (any::<Index>(), 0_usize..12, insertion);
    (fixture(), prop::collection::vec(edit, 1..4)).prop_map(|(line, edits)| {
        let mut characters: Vec<char> = line.chars().collect();
        for (at, cut, insertion) in edits {
            let at = at.index(characters.len() + 1);
            let end = characters.len().min(at + cut);
            characters.splice(at..end, insertion.chars());
        }
        characters.into_iter().collect()
    })
}

/// A fixture with other values of the same kind in its leaves, lists of other lengths, and parts
/// that are gone.
fn changed_value() -> impl Strategy<Value = Value> {
    #[derive(Debug, Clone)]
    struct Change {
        kind: u8,
        text: String,
        number: u32,
        fraction: f64,
    }

    fn apply(value: &mut Value, changes: &mut impl Iterator<Item = Change>) {
        let Some(change) = changes.next() else { return };
        match value {
            Value::Bool(value) => *value = change.kind.is_multiple_of(2),
            Value::Number(_) if change.kind.is_multiple_of(2) => *value = change.number.into(),
            Value::Number(_) => *value = change.fraction.into(),
            Value::String(_) => *value = change.text.into(),
            Value::Array(values) => {
                for value in values.iter_mut() {
                    apply(value, changes);
                }
                match change.kind {
                    0 => values.clear(),
                    1 => values.extend(values.clone()),
                    2 => values.reverse(),
                    _ => {}
                }
            }
            Value::Object(members) => {
                let keys: Vec<String> = members.keys().cloned().collect();
                for key in keys {
                    match changes.next().map(|change| change.kind) {
                        Some(0) => drop(members.remove(&key)),
                        Some(1) => drop(members.insert(key, Value::Null)),
                        // Most keep their type, for what they are else is not read.
                        Some(kind) if key == "type" && kind > 3 => {}
                        _ => apply(members.get_mut(&key).unwrap(), changes),
                    }
                }
            }
            Value::Null => {}
        }
    }

    let change = (any::<u8>(), any::<String>(), any::<u32>(), any::<f64>()).prop_map(
        |(kind, text, number, fraction)| {
            let fraction = if fraction.is_finite() { fraction } else { 0.1 };
            Change {
                kind: kind % 16,
                text,
                number,
                fraction,
            }
        },
    );
    (fixture(), prop::collection::vec(change, 1..200)).prop_map(|(line, changes)| {
        let mut frame: Value = serde_json::from_str(line).unwrap();
        let kept = frame["type"].clone();
        apply(&mut frame, &mut changes.into_iter().cycle().take(2_000));
        frame["type"] = kept;
        frame
    })
}

/// Paths of the objects in a value, as JSON pointers.
fn objects(value: &Value, path: &str, paths: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            paths.push(path.to_owned());
            for (key, value) in members {
                objects(value, &format!("{path}/{key}"), paths);
            }
        }
        Value::Array(values) => {
            for (index, value) in values.iter().enumerate() {
                objects(value, &format!("{path}/{index}"), paths);
            }
        }
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 256,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn any_text_is_an_event_or_an_error(text in any::<String>()) {
        check_all(&text);
    }

    #[test]
    fn any_bytes_that_are_text_are_an_event_or_an_error(bytes in any::<Vec<u8>>()) {
        check_all(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn any_json_is_an_event_or_an_error(text in value_text()) {
        check_all(&text);
    }

    #[test]
    fn any_object_with_a_type_reads_one_way_only(text in event_text()) {
        check_all(&text);
    }

    #[test]
    fn disturbed_events_read_one_way_only(text in disturbed_text()) {
        check_all(&text);
    }

    #[test]
    fn cut_events_are_errors(line in fixture(), at in any::<Index>()) {
        let cut: String = line.chars().take(at.index(line.chars().count())).collect();
        check_all(&cut);
        prop_assert!(RawEvent::parse(cut).is_err());
    }

    #[test]
    fn any_value_round_trips(frame in changed_value()) {
        check_all(&frame.to_string());
    }

    #[test]
    fn an_unknown_member_stays_where_it_was(
        line in select(SERVER.lines().collect::<Vec<_>>()),
        at in any::<Index>(),
        number in any::<i64>(),
        text in any::<String>(),
    ) {
        let mut frame: Value = serde_json::from_str(line).unwrap();
        let mut paths = Vec::new();
        objects(&frame, "", &mut paths);
        let path = &paths[at.index(paths.len())];
        let member = serde_json::json!({"number": number, "text": [text, null]});
        frame.pointer_mut(path).unwrap()["unheard_of"] = member.clone();
        check_all(&frame.to_string());
        let written = ServerEvent::parse(frame.to_string()).unwrap().encode();
        let written: Value = serde_json::from_str(written.text()).unwrap();
        // Deltas drop what is beside their fields.
        let is_delta = frame["type"].as_str().is_some_and(|name| name.rsplit('.').next() == Some("delta"));
        let kept = written.pointer(path).unwrap().get("unheard_of");
        prop_assert_eq!(kept, (!is_delta || !path.is_empty()).then_some(&member));
    }

    #[test]
    fn any_audio_round_trips(samples in any::<Vec<i16>>(), bytes in any::<Vec<u8>>()) {
        let event = InputAudioBufferAppend::pcm16(&samples).into();
        check_round_trip::<ClientEvent>(&event);
        let ClientEvent::InputAudioBufferAppend(event) = event.encode().decode_as() else { panic!("not read") };
        prop_assert_eq!(event.audio.to_pcm16().unwrap(), samples);
        prop_assert_eq!(Audio::from_bytes(&bytes).bytes().unwrap(), bytes);
    }

    #[test]
    fn any_base64_decodes_or_does_not(text in any::<String>()) {
        let audio = Audio::from_base64(text.as_str());
        prop_assert_eq!(audio.base64(), text.as_str());
        prop_assert!(audio.to_pcm16().is_err() || audio.bytes().is_ok());
        check_round_trip::<ClientEvent>(&InputAudioBufferAppend::default().audio(audio).into());
    }
}
