//! A phone agent on [Twilio Media Streams](https://www.twilio.com/docs/voice/media-streams): the
//! caller speaks with the model, can interrupt it, and presses keys. Telephone audio passes both
//! ways as it is, without being decoded.
//!
//! ```text
//! cargo run --features emulator --example twilio -- [--port N]
//! ```
//!
//! Point a Twilio number's webhook at `https://YOUR-HOST/voice`; Twilio must be able to reach it.
//! Without `OPENAI_API_KEY`, an emulator in this process answers the calls.

use std::io;
use std::process::ExitCode;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::extract::ws::WebSocketUpgrade;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use openai_realtime_ws::{Config, Reconnect, Restore};
use tokio::net::TcpListener;
use tokio::sync::mpsc::{self, UnboundedSender};

mod call;
mod messages;
#[path = "../models/mod.rs"]
mod models;
#[path = "../service/mod.rs"]
pub mod service;

use service::{Failure, Service};

/// Takes the calls.
pub struct Desk {
    config: Config,
    /// Gets a line for whatever happens.
    log: UnboundedSender<String>,
}

impl Desk {
    /// Creates a desk that reaches the service as configured.
    #[must_use]
    pub fn new(config: Config, log: UnboundedSender<String>) -> Self {
        let config = config
            .model(models::REALTIME)
            .reconnect(Reconnect::default())
            .restore(Restore::default())
            .renew();
        Self { config, log }
    }

    /// Serves `/voice`, which Twilio asks for every call, and `/media`, the calls' audio.
    pub async fn serve(self, listener: TcpListener) -> io::Result<()> {
        let router = Router::new()
            .route("/voice", any(voice))
            .route("/media", get(media))
            .with_state(Arc::new(self));
        axum::serve(listener, router).await
    }
}

/// Tells Twilio to connect the call with this server. A real one checks `X-Twilio-Signature` first.
async fn voice(headers: HeaderMap) -> Response {
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    // Nothing but a host and a port goes into the document.
    let is_plain = |host: &&str| {
        host.bytes()
            .all(|b| b.is_ascii_alphanumeric() || b".:-[]".contains(&b))
    };
    let host = host.filter(is_plain).unwrap_or("localhost");
    let document = format!(
        r#"<?xml version="1.0" encoding="UTF-8"?><Response><Connect><Stream url="wss://{host}/media"/></Connect></Response>"#
    );
    ([(header::CONTENT_TYPE, "text/xml")], document).into_response()
}

/// Takes a call.
async fn media(State(desk): State<Arc<Desk>>, upgrade: WebSocketUpgrade) -> Response {
    upgrade.on_upgrade(async move |line| {
        if let Err(error) = call::take(line, desk.config.clone(), desk.log.clone()).await {
            let _ = desk.log.send(format!("error: {error}"));
        }
    })
}

async fn run(port: u16) -> Result<(), Failure> {
    let service = Service::find().await?;
    let (log, mut lines) = mpsc::unbounded_channel();
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    println!(
        "waiting for calls at http://{}/voice",
        listener.local_addr()?
    );
    let serving = tokio::spawn(Desk::new(service.config.clone(), log).serve(listener));
    let printing = async {
        while let Some(line) = lines.recv().await {
            println!("{line}");
        }
    };
    tokio::select! {
        served = serving => Ok(served??),
        () = printing => Ok(()),
        interrupted = tokio::signal::ctrl_c() => Ok(interrupted?),
    }
}

fn port(mut args: lexopt::Parser) -> Result<u16, lexopt::Error> {
    use lexopt::ValueExt;
    let mut port = 5050;
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
    service::run(port, "twilio [--port N]", run).await
}
