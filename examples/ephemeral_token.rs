//! A web server that mints short-lived keys, so that pages can talk to the Realtime API by
//! themselves and the API key stays here.
//!
//! ```text
//! cargo run --features rest,emulator --example ephemeral_token -- --port 3000
//! curl -X POST http://127.0.0.1:3000/token
//! ```
//!
//! The page's side, in Rust compiled to wasm:
//!
//! ```ignore
//! let config = Config::new(token.value).model("gpt-realtime-2.1");
//! let rt = OpenAIRealtimeWebSocket::connect(config).await?;
//! ```
//!
//! and in JavaScript without any library:
//!
//! ```js
//! const { value } = await (await fetch("/token", { method: "POST" })).json();
//! const socket = new WebSocket("wss://api.openai.com/v1/realtime?model=gpt-realtime-2.1",
//!     ["realtime", `openai-insecure-api-key.${value}`]);
//! ```
//!
//! Everybody who reaches `/token` spends your money: a real server authenticates them first. This
//! one answers requests to this machine only, and refuses the pages of other sites. A key is minted
//! on POST alone: browsers and proxies may repeat, prefetch or store a GET.

use std::io;
use std::process::ExitCode;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use openai_realtime_ws::protocol::RealtimeSession;
use openai_realtime_ws::rest;
use serde_json::json;
use tokio::net::TcpListener;

mod models;
pub mod service;

use service::{Failure, Service};

/// Lifetime of a key: long enough to open a socket, which then stays open.
const LIFETIME: Duration = Duration::from_secs(60);

/// Serves `/token` until the process ends.
pub async fn serve(listener: TcpListener, client: rest::Client) -> io::Result<()> {
    let router = Router::new()
        .route("/token", post(token))
        .with_state(client);
    axum::serve(listener, router).await
}

async fn token(State(client): State<rest::Client>, headers: HeaderMap) -> Response {
    if !is_own(&headers) {
        return StatusCode::FORBIDDEN.into_response();
    }
    // The server decides what the page may do, because nobody else can change it here.
    let session = RealtimeSession::new()
        .model(models::REALTIME)
        .instructions("Be brief and friendly.");
    match client.client_secrets().create(session, LIFETIME).await {
        Ok(secret) => {
            let token = json!({ "value": secret.value.expose(), "expires_at": secret.expires_at });
            ([(header::CACHE_CONTROL, "no-store")], Json(token)).into_response()
        }
        Err(error) => {
            eprintln!("no token: {error}");
            let error = json!({ "error": "no token is available now" });
            (StatusCode::BAD_GATEWAY, Json(error)).into_response()
        }
    }
}

/// Returns whether a request is addressed to this machine, and comes from this server's own pages
/// or from a program that is no browser.
///
/// The `Host` stops a page whose own name was made to resolve to this machine (DNS rebinding). The
/// `Origin`, which browsers send with every POST, stops the pages of other sites. A server for
/// others has its own host name here, and authenticates its users.
fn is_own(headers: &HeaderMap) -> bool {
    let Some(host) = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
    else {
        return false;
    };
    let name = match host.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => name,
        _ => host,
    };
    let origin = headers.get(header::ORIGIN);
    matches!(name, "localhost" | "127.0.0.1" | "[::1]")
        && origin.is_none_or(|origin| origin.as_bytes() == format!("http://{host}").as_bytes())
}

fn port(mut args: lexopt::Parser) -> Result<u16, lexopt::Error> {
    use lexopt::ValueExt;
    let mut port = 3000;
    while let Some(arg) = args.next()? {
        match arg {
            lexopt::Arg::Long("port") => port = args.value()?.parse()?,
            arg => return Err(arg.unexpected()),
        }
    }
    Ok(port)
}

async fn run(port: u16) -> Result<(), Failure> {
    let service = Service::find().await?;
    let client = rest::Client::new(service.config.clone())?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    println!("POST http://{}/token for a key", listener.local_addr()?);
    tokio::select! {
        served = serve(listener, client) => Ok(served?),
        interrupted = tokio::signal::ctrl_c() => Ok(interrupted?),
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let port = port(lexopt::Parser::from_env());
    service::run(port, "ephemeral_token [--port N]", run).await
}
