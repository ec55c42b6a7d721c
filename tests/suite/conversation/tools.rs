//! Tools: slow, parallel and failing.

use std::time::Duration;

use futures_channel::oneshot;

use super::*;

/// A tool that is done when the sender says so.
fn slow_tool() -> (Tools, oneshot::Sender<()>) {
    let (go, gone) = oneshot::channel::<()>();
    let gone = Mutex::new(Some(gone));
    let tools = Tools::new().function(named("slow"), move |(): ()| {
        let gone = gone.lock().unwrap().take().expect("it is called once");
        async move { gone.await.map(|()| "finally").map_err(|_| "given up") }
    });
    (tools, go)
}

/// A conversation whose model calls [`slow_tool`] in its first reply.
pub(super) async fn with_slow_tool<C: Connector>(
    connector: C,
    config: Config,
    replies: &[&str],
) -> (Talk<C>, oneshot::Sender<()>) {
    let (tools, go) = slow_tool();
    let talk = Talk::start(connector, config, replies).await;
    let mut talk = talk.with_tools(tools);
    let answer = talk.handle.say("Start.");
    let answer = talk.during(answer).await.unwrap();
    assert_eq!(answer.response.function_calls().count(), 1);
    (talk, go)
}

/// Waits for the reply to the outputs of tools.
pub(super) async fn reply_to_outputs<C: Connector>(talk: &mut Talk<C>) -> String {
    let mut reply = String::new();
    talk.until(|event| {
        if let ConversationEvent::Response(end) = event {
            reply = end.result.as_ref().unwrap().text();
        }
        !reply.is_empty()
    })
    .await;
    reply
}

pub async fn a_slow_tool_holds_up_nothing<C: Connector>(connector: C, config: Config) {
    let replies = ["call slow {}", "say Meanwhile.", "outputs"];
    let (mut talk, go) = with_slow_tool(connector, config, &replies).await;
    assert_eq!(talk.say("Are you there?").await, "Meanwhile.");
    go.send(()).unwrap();
    assert_eq!(reply_to_outputs(&mut talk).await, "finally");
    talk.end().await;
}

pub async fn failures_of_tools_are_told_once<C: Connector>(connector: C, config: Config) {
    let replies = [
        r#"call fails {} | call unknown {} | call weather {"town":1} | call hangs {}"#,
        "outputs",
    ];
    let talk = Talk::start(connector, config, &replies).await;
    let tools = Tools::new()
        .timeout(Duration::from_millis(50))
        .function(named("fails"), |(): ()| async {
            Err::<(), _>("no connection")
        })
        .function(named("weather"), |city: City| async move { city.city })
        .function(named("hangs"), |(): ()| std::future::pending::<()>());
    let mut talk = talk.with_tools(tools);
    talk.handle.say("Try everything.");
    let told = reply_to_outputs(&mut talk).await;
    let outputs: Vec<_> = told.split(" and ").collect();
    assert_eq!(
        outputs,
        [
            r#"{"error":"no connection"}"#,
            r#"{"error":"there is no tool \"unknown\""}"#,
            r#"{"error":"the arguments do not fit: missing field `city` at line 1 column 10"}"#,
            r#"{"error":"the tool did not finish within 0.05 s"}"#,
        ]
    );
    talk.end().await;
}
