//! The fixtures: a frame for every event, and the list of the protocol's own names.

use std::collections::{BTreeMap, BTreeSet};

use openai_realtime_ws::protocol::{Events, TranslationClientEvent, TranslationServerEvent};
use openai_realtime_ws::{ClientEvent, RawEvent, ServerEvent};
use serde_json::Value;

pub const SERVER: &str = include_str!("../fixtures/server.jsonl");
pub const CLIENT: &str = include_str!("../fixtures/client.jsonl");
pub const TRANSLATION_SERVER: &str = include_str!("../fixtures/translation_server.jsonl");
pub const TRANSLATION_CLIENT: &str = include_str!("../fixtures/translation_client.jsonl");

/// Each line is read as the value that stands at its place, and that value is written as the line.
pub fn check<E: Events>(lines: &str, expected: &[E]) {
    assert_eq!(lines.lines().count(), expected.len());
    let mut seen = BTreeSet::new();
    for (line, expected) in lines.lines().zip(expected) {
        let read = E::parse(line).unwrap();
        assert_eq!(&read, expected, "{line}");
        assert_eq!(
            &RawEvent::parse(line).unwrap().decode_as::<E>(),
            expected,
            "{line}"
        );

        let frame: Value = serde_json::from_str(line).unwrap();
        assert_eq!(read.event_type(), frame["type"]);
        assert_eq!(read.event_id(), frame["event_id"].as_str());
        let written = read.encode();
        assert_eq!(written.event_type(), frame["type"]);
        assert_eq!(
            serde_json::from_str::<Value>(written.text()).unwrap(),
            frame
        );
        assert_eq!(
            serde_json::to_string(&read).unwrap(),
            written.text().as_ref() as &str
        );
        assert_eq!(serde_json::from_value::<E>(frame).unwrap(), read);
        seen.insert(read.event_type().to_owned());
    }
    assert_eq!(
        seen,
        E::TYPES.iter().map(|name| (*name).to_owned()).collect()
    );
}

#[test]
fn the_tables_are_the_protocols_own_lists() {
    let lists: BTreeMap<String, BTreeSet<String>> =
        serde_json::from_str(include_str!("../fixtures/event_names.json")).unwrap();
    let check = |list: &str, count: usize, types: &[&str]| {
        assert_eq!(types.len(), count, "{list}");
        assert_eq!(
            types
                .iter()
                .map(|name| (*name).to_owned())
                .collect::<BTreeSet<_>>(),
            lists[list],
            "{list}"
        );
    };
    check("ServerEvent", 46, ServerEvent::TYPES);
    check("ClientEvent", 11, ClientEvent::TYPES);
    check("TranslationServerEvent", 7, TranslationServerEvent::TYPES);
    check("TranslationClientEvent", 3, TranslationClientEvent::TYPES);
}
