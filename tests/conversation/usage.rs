//! The meter of tokens.

use openai_realtime_ws::ServerEvent;
use openai_realtime_ws::conversation::{Tokens, Usage};
use openai_realtime_ws::protocol::Events;
use proptest::prelude::*;
use serde_json::{Value, json};

fn event(event: &Value) -> ServerEvent {
    ServerEvent::parse(event.to_string()).unwrap()
}

fn response(id: &str, usage: &Value) -> ServerEvent {
    event(&json!({"type": "response.done", "response": {"id": id, "usage": usage}}))
}

fn transcription(item: &str, usage: &Value) -> ServerEvent {
    event(
        &json!({"type": "conversation.item.input_audio_transcription.completed",
        "item_id": item, "content_index": 0, "transcript": "Hello.", "usage": usage}),
    )
}

// Complaint 11: usage by kind.
#[test]
fn tokens_by_kind() {
    let mut usage = Usage::new();
    let counted = usage.received(&response(
        "resp_1",
        &json!({"total_tokens": 253, "input_tokens": 132, "output_tokens": 121,
            "input_token_details": {"text_tokens": 119, "audio_tokens": 10, "image_tokens": 3,
                "cached_tokens": 64, "cached_tokens_details":
                    {"text_tokens": 60, "audio_tokens": 4, "image_tokens": 0}},
            "output_token_details":
                {"text_tokens": 30, "audio_tokens": 91, "reasoning_tokens": 17}}),
    ));
    let tokens = counted.unwrap();
    let input = &tokens.input;
    assert_eq!(
        (input.total, input.text, input.audio, input.image),
        (132, 119, 10, 3)
    );
    // Cached tokens are a part of those read.
    assert_eq!((input.cached, input.uncached()), (64, 68));
    assert_eq!(
        (input.cached_text, input.cached_audio, input.cached_image),
        (60, 4, 0)
    );
    let output = &tokens.output;
    // Thinking is a part of the text.
    assert_eq!(
        (output.total, output.text, output.audio, output.reasoning),
        (121, 30, 91, 17)
    );
    assert_eq!((tokens.total(), tokens.responses), (253, 1));
    assert_eq!(usage.total(), &tokens);
}

#[test]
fn transcriptions_are_counted_apart() {
    let mut usage = Usage::new();
    let tokens = json!({"type": "tokens", "total_tokens": 22, "input_tokens": 13,
        "input_token_details": {"text_tokens": 0, "audio_tokens": 13}, "output_tokens": 9});
    assert!(usage.received(&transcription("a", &tokens)).is_some());
    assert!(
        usage
            .received(&transcription(
                "b",
                &json!({"type": "duration", "seconds": 2.5})
            ))
            .is_some()
    );
    assert_eq!(usage.received(&transcription("c", &Value::Null)), None);
    let total = usage.total();
    let by_token = &total.transcription;
    assert_eq!(
        (by_token.total, by_token.input, by_token.input_audio),
        (22, 13, 13)
    );
    assert_eq!((by_token.output, by_token.seconds), (9, 2.5));
    assert_eq!((total.total(), total.responses), (0, 0));
}

#[test]
fn a_session_ends_with_its_connection_and_the_total_goes_on() {
    let mut usage = Usage::new();
    let tokens = json!({"input_tokens": 10, "output_tokens": 5});
    usage.received(&response("resp_1", &tokens));
    usage.received(&event(
        &json!({"type": "session.created", "session": {"type": "realtime"}}),
    ));
    assert_eq!(usage.session(), &Tokens::default());
    usage.received(&response("resp_2", &tokens));
    assert_eq!((usage.session().total(), usage.total().total()), (15, 30));

    // It is kept with the conversation, and goes on from there.
    let kept = serde_json::to_string(&usage).unwrap();
    let mut restored: Usage = serde_json::from_str(&kept).unwrap();
    assert_eq!(restored, usage);
    assert_eq!(restored.received(&response("resp_2", &tokens)), None);
    assert!(restored.received(&response("resp_3", &tokens)).is_some());
    assert_eq!(restored.total().responses, 3);
}

#[test]
fn what_is_missing_or_absurd() {
    let mut usage = Usage::new();
    assert_eq!(usage.received(&response("resp_1", &Value::Null)), None);
    // No totals, or no details.
    usage.received(&response(
        "resp_2",
        &json!({"input_token_details": {"text_tokens": 7, "cached_tokens": 100},
            "output_token_details": {"audio_tokens": 3}}),
    ));
    assert_eq!(
        (usage.total().input.total, usage.total().output.total),
        (7, 3)
    );
    assert_eq!(usage.total().input.cached, 7);
    for id in ["resp_3", "resp_4"] {
        usage.received(&response(id, &json!({"input_tokens": u64::MAX})));
    }
    assert_eq!(usage.total().input.total, u64::MAX);
}

proptest! {
    #[test]
    fn totals_are_the_sum_of_the_responses_and_parts_never_exceed_the_whole(
        responses in proptest::collection::vec(
            (0_u64..1_000, 0_u64..1_000, 0_u64..2_000, 0_u64..1_000, 0_u64..1_000, any::<bool>()),
            0..20,
        ),
    ) {
        let mut usage = Usage::new();
        let mut sum = (0, 0);
        for (n, (text, audio, cached, said, thought, is_repeated)) in responses.iter().enumerate() {
            let done = response(&format!("resp_{n}"), &json!({
                "input_tokens": text + audio, "output_tokens": said + thought,
                "input_token_details":
                    {"text_tokens": text, "audio_tokens": audio, "cached_tokens": cached},
                "output_token_details": {"text_tokens": thought, "audio_tokens": said,
                    "reasoning_tokens": thought},
            }));
            let tokens = usage.received(&done).unwrap();
            prop_assert!(tokens.input.cached <= tokens.input.total);
            prop_assert!(tokens.output.reasoning <= tokens.output.text);
            if *is_repeated {
                prop_assert_eq!(usage.received(&done), None);
            }
            sum = (sum.0 + text + audio, sum.1 + said + thought);
        }
        prop_assert_eq!((usage.total().input.total, usage.total().output.total), sum);
        prop_assert_eq!(usage.total(), usage.session());
    }
}
