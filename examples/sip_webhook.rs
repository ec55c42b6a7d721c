//! A web server that answers phone calls. The service announces a call by a webhook. The server
//! verifies the webhook, accepts the call, and attaches to it to greet the caller and to log the
//! conversation.
//!
//! ```text
//! cargo run --features rest,emulator --example sip_webhook -- [--port N]
//! ```
//!
//! With `OPENAI_API_KEY` and the endpoint's `OPENAI_WEBHOOK_SECRET` it waits for calls at
//! `/webhook`, which the service must be able to reach. Without them, an emulator plays the
//! service: one call comes in, and ends after a turn. The signature of a webhook proves its sender,
//! so no other check is needed.

use std::io;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::SystemTime;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use openai_realtime_ws::protocol::{RealtimeSession, ResponseCreate};
use openai_realtime_ws::rest::webhook::{IncomingCall, Webhook, WebhookEvent};
use openai_realtime_ws::{Config, OpenAIRealtimeWS, ServerEvent, Target, emulator, rest};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};

mod models;
pub mod service;

use service::{Failure, Service};

/// Secret of the emulator's webhooks.
pub const SECRET: &str = "whsec_ZXhhbXBsZXMnIHNlY3JldA==";

/// The desk that takes the calls.
pub struct Desk {
    config: Config,
    client: rest::Client,
    webhook: Webhook,
    /// Receives a line for every event.
    log: UnboundedSender<String>,
}

impl Desk {
    /// Creates a desk whose webhooks are signed with this secret.
    pub fn new(
        config: Config,
        webhook_secret: &str,
        log: UnboundedSender<String>,
    ) -> Result<Self, Failure> {
        Ok(Self {
            client: rest::Client::new(config.clone())?,
            webhook: Webhook::new(webhook_secret)?,
            config,
            log,
        })
    }

    /// Serves `/webhook` until the process ends.
    pub async fn serve(self, listener: TcpListener) -> io::Result<()> {
        let router = Router::new()
            .route("/webhook", post(announced))
            .with_state(Arc::new(self));
        axum::serve(listener, router).await
    }

    /// Answers a call, from its acceptance to its end.
    async fn take(&self, call: &IncomingCall) -> Result<(), Failure> {
        let session = RealtimeSession::new()
            .model(models::REALTIME)
            .instructions("You answer the phone of a small bakery.");
        self.client.calls().accept(&call.call_id, session).await?;
        self.say("accepted");

        let sideband = Target::Call(call.call_id.clone());
        let mut rt = OpenAIRealtimeWS::connect(self.config.clone().target(sideband)).await?;
        // The caller waits to be greeted.
        rt.send(ResponseCreate::default()).await?;
        while let Some(event) = rt.next().await {
            match event? {
                ServerEvent::ResponseOutputAudioTranscriptDone(event) => {
                    self.say(format!("model: {}", event.transcript));
                }
                ServerEvent::ConversationItemInputAudioTranscriptionCompleted(event) => {
                    self.say(format!("caller: {}", event.transcript));
                }
                ServerEvent::Error(error) => self.say(format!("error: {error}")),
                _ => {}
            }
        }
        self.say("over");
        Ok(())
    }

    fn say(&self, line: impl Into<String>) {
        // Without a receiver, the line is lost.
        let _ = self.log.send(line.into());
    }
}

/// Handles a webhook. The service expects an answer soon, so a task of its own answers the call.
async fn announced(State(desk): State<Arc<Desk>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let header = |name: &str| headers.get(name)?.to_str().ok();
    match desk.webhook.verify(header, &body, SystemTime::now()) {
        Ok(WebhookEvent::IncomingCall(call)) => {
            let from = call.sip_header("From").unwrap_or("somebody");
            desk.say(format!("{from} calls"));
            tokio::spawn(async move {
                if let Err(error) = desk.take(&call).await {
                    desk.say(format!("error: {error}"));
                }
            });
            StatusCode::OK
        }
        Ok(_) => StatusCode::OK,
        Err(error) => {
            desk.say(format!("a webhook was refused: {error}"));
            StatusCode::BAD_REQUEST
        }
    }
}

/// Delivers the webhook of a call to the emulator, and returns the status of the answer.
pub async fn ring(port: u16, call: &emulator::IncomingCallWebhook) -> io::Result<String> {
    let length = call.body().len();
    let headers = call.headers().iter();
    let headers: String = headers
        .flat_map(|(name, value)| [*name, ": ", value, "\r\n"])
        .collect();
    let request = format!(
        "POST /webhook HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{}",
        call.body()
    );
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer.split(' ').nth(1).unwrap_or_default().to_owned())
}

/// Prints the log. A caller of the emulator hangs up after the greeting, which ends the example.
async fn watch(
    mut log: UnboundedReceiver<String>,
    calls: rest::Client,
    emulated: Option<&str>,
) -> Result<(), Failure> {
    while let Some(line) = log.recv().await {
        println!("{line}");
        match (emulated, line.split(':').next()) {
            (Some(call), Some("model")) => calls.calls().hang_up(call).await?,
            (Some(_), Some("over" | "error")) => break,
            _ => {}
        }
    }
    Ok(())
}

async fn run(port: u16) -> Result<(), Failure> {
    let service = Service::find().await?;
    let secret = match (std::env::var("OPENAI_WEBHOOK_SECRET"), &service.emulator) {
        (Ok(secret), _) => secret,
        (Err(_), Some(_)) => SECRET.to_owned(),
        (Err(_), None) => return Err("OPENAI_WEBHOOK_SECRET is not set".into()),
    };
    let (log, lines) = mpsc::unbounded_channel();
    let desk = Desk::new(service.config.clone(), &secret, log)?;
    let calls = desk.client.clone();
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    let address = listener.local_addr()?;
    println!("waiting for webhooks at http://{address}/webhook");
    let serving = tokio::spawn(desk.serve(listener));
    let call = match &service.emulator {
        Some(emulator) => {
            let call = emulator.incoming_call(&secret);
            ring(address.port(), &call).await?;
            Some(call)
        }
        None => None,
    };
    let waited_for = call.as_ref().map(emulator::IncomingCallWebhook::call_id);
    tokio::select! {
        served = serving => Ok(served??),
        watched = watch(lines, calls, waited_for) => watched,
        interrupted = tokio::signal::ctrl_c() => Ok(interrupted?),
    }
}

fn port(mut args: lexopt::Parser) -> Result<u16, lexopt::Error> {
    use lexopt::ValueExt;
    let mut port = 0;
    while let Some(arg) = args.next()? {
        match arg {
            lexopt::Arg::Long("port") => port = args.value()?.parse()?,
            arg => return Err(arg.unexpected()),
        }
    }
    Ok(port)
}

#[tokio::main]
async fn main() -> ExitCode {
    let port = port(lexopt::Parser::from_env());
    service::run(port, "sip_webhook [--port N]", run).await
}
