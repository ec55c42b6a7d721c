//! REST calls to a scripted server: the requests that it sees, and the results of the caller.

mod answers;
mod requests;
mod retries;
mod server;

use openai_realtime_ws::Config;
use openai_realtime_ws::protocol::RealtimeSession;
use openai_realtime_ws::rest::{Client, ClientSecret, Error};

use server::Server;

const KEY: &str = "sk-test-0123456789";

fn config(server: &Server) -> Config {
    Config::new(KEY).insecure_loopback_url(server.url())
}

fn client(server: &Server) -> Client {
    Client::new(config(server)).unwrap()
}

async fn mint(client: &Client) -> Result<ClientSecret, Error> {
    let session = RealtimeSession::new().model("gpt-realtime");
    client.client_secrets().create(session, None).await
}

fn minted() -> String {
    let session = r#"{"type":"realtime","model":"gpt-realtime","id":"sess_1"}"#;
    let body =
        format!(r#"{{"value":"ek_0123456789","expires_at":1750287600,"session":{session}}}"#);
    server::answer(200, "Content-Type: application/json\r\n", &body)
}

/// An error and its causes, by `Display` and by `Debug`.
fn print(error: &Error) -> String {
    let first: &dyn std::error::Error = error;
    std::iter::successors(Some(first), |error| error.source())
        .map(|error| format!("{error} {error:?}"))
        .collect::<Vec<_>>()
        .join(": ")
}
