//! Requests and collisions.

use openai_realtime_ws::conversation::Outcome;
use openai_realtime_ws::protocol::ResponseCreate;

use super::*;

pub async fn requests_are_answered_in_order<C: Connector>(connector: C, config: Config) {
    let replies = ["say One.", "say Two.", "say Three."];
    let mut talk = Talk::start(connector, config, &replies).await;
    let answers = futures_util::future::join3(
        talk.handle.say("Count."),
        talk.handle.respond(ResponseCreate::default()),
        talk.handle.respond(ResponseCreate::default()),
    );
    let (one, two, three) = talk.during(answers).await;
    for (answer, text) in [one, two, three]
        .into_iter()
        .zip(["One.", "Two.", "Three."])
    {
        let answer = answer.unwrap();
        assert_eq!(
            (answer.text().as_str(), answer.outcome),
            (text, Outcome::Completed)
        );
    }
    talk.end().await;
}

/// The server responds to speech on its own just when the application asks for a response.
pub async fn a_collision_with_turn_detection_is_dealt_with<C: Connector>(
    connector: C,
    config: Config,
) {
    let replies = ["pace 2 | speak 500 Its own.", "speak 100 The answer."];
    let mut talk = Talk::start(connector, config, &replies).await;
    let handle = talk.handle.clone();
    let asked = async {
        handle.append(speech()).await.unwrap();
        handle.respond(ResponseCreate::default()).await.unwrap()
    };
    let answer = talk.during(asked).await;
    assert_eq!(
        (answer.text().as_str(), answer.outcome),
        ("The answer.", Outcome::Completed)
    );
    let said = talk
        .lines()
        .into_iter()
        .filter(|line| line.starts_with("assistant"));
    let said: Vec<_> = said.collect();
    assert_eq!(said, ["assistant: Its own.", "assistant: The answer."]);
    talk.end().await;
}

/// The reply to the user knows the outputs of both calls, so that no other one follows.
pub async fn a_request_beside_two_calls_needs_no_third_response<C: Connector>(
    connector: C,
    config: Config,
) {
    let replies = ["call a {} | call b {}", "outputs", "say The third."];
    let talk = Talk::start(connector, config, &replies).await;
    let tools = Tools::new()
        .function(named("a"), |(): ()| async { "one" })
        .function(named("b"), |(): ()| async { "two" });
    let mut talk = talk.with_tools(tools);
    let (calls, next) = (talk.handle.say("Both, please."), talk.handle.say("And?"));
    let (calls, next) = talk.during(futures_util::future::join(calls, next)).await;
    assert_eq!(calls.unwrap().response.function_calls().count(), 2);
    assert_eq!(next.unwrap().text(), "one and two");
    assert_eq!(talk.say("Go on.").await, "The third.");
    talk.end().await;
}
