//! Rules for any text and any event: reading never panics, its two ways agree with each other and
//! with `serde_json`, and an event that is written and read again is the same.

use openai_realtime_ws::protocol::{Events, TranslationClientEvent, TranslationServerEvent};
use openai_realtime_ws::{ClientEvent, RawEvent, ServerEvent};
use serde_json::Value;

/// Reading in one pass, and by way of the raw event, give the same; so does reading what
/// `serde_json` makes of the text.
fn check_text<E: Events>(text: &str) {
    let raw = RawEvent::parse(text);
    let event = E::parse(text);
    assert_eq!(event, raw.clone().map(RawEvent::decode_as), "{text}");

    let value = serde_json::from_str::<Value>(text);
    let (Ok(raw), Ok(event)) = (raw, event) else {
        assert!(
            value.is_err() || !value.unwrap()["type"].is_string(),
            "{text}"
        );
        return;
    };
    assert_eq!(raw.text(), text);
    if let Ok(value) = value {
        assert_eq!(raw.event_type(), value["type"], "{text}");
        match serde_json::from_value::<E>(value)
            .unwrap()
            .encode()
            .decode_as::<E>()
        {
            same if same == event => {}
            // An event of an unknown type is kept letter by letter, and a `Value` has another
            // order.
            other => {
                assert!(
                    !E::TYPES.contains(&event.event_type()),
                    "{text}: {event:?} {other:?}"
                );
                assert_eq!(event.encode().text(), text);
            }
        }
    }
    check_round_trip(&event);
}

/// Checks that a written event reads as the same, and is written in one way only.
pub fn check_round_trip<E: Events>(event: &E) {
    let written = event.encode();
    assert_eq!(written.event_type(), event.event_type());
    let read = E::parse(written.text().clone()).unwrap();
    assert_eq!(&read, event, "{}", written.text());
    assert_eq!(read.unread(), event.unread());
    if E::TYPES.contains(&event.event_type()) {
        assert_eq!(serde_json::to_string(event).unwrap(), &**written.text());
    }
}

/// As an event of every kind.
pub fn check_all(text: &str) {
    check_text::<ServerEvent>(text);
    check_text::<ClientEvent>(text);
    check_text::<TranslationServerEvent>(text);
    check_text::<TranslationClientEvent>(text);
}
