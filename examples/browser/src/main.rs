//! Serves the page and mints a short-lived key for each of its connections, so that the API key
//! stays on the server.
//!
//! A key from `/ticket` spends your money. This server listens on this machine only; a public one
//! has to authenticate its users first.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use app::ticket::{NoTicket, Ticket};
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use openai_realtime_ws::protocol::{
    AudioConfig, AudioInput, AudioOutput, RealtimeSession, ServerVad, TranscriptionConfig,
};
use openai_realtime_ws::{Config, RefusalKind, Runtime, rest};
use tokio::net::TcpListener;

#[path = "../../models/mod.rs"]
mod models;
#[path = "../../service/mod.rs"]
mod service;

use service::{Failure, Service};

const USAGE: &str = "browser-example [--port N] [--emulator URL]";
const MODEL: &str = models::REALTIME;

/// Lifetime of a key: enough to open a socket, which then stays open.
const LIFETIME: Duration = Duration::from_secs(60);

/// Files of the page: path, file and type. `cargo xtask browser` builds those in `pkg`.
const FILES: [(&str, &str, &str); 7] = [
    ("/", "page/index.html", "text/html; charset=utf-8"),
    ("/style.css", "page/style.css", "text/css; charset=utf-8"),
    ("/icon.svg", "page/icon.svg", "image/svg+xml"),
    ("/start.js", "page/start.js", "text/javascript"),
    ("/audio.js", "page/audio.js", "text/javascript"),
    ("/app.js", "pkg/app.js", "text/javascript"),
    ("/app_bg.wasm", "pkg/app_bg.wasm", "application/wasm"),
];

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

#[derive(Clone)]
struct Desk {
    client: rest::Client,
    base_url: String,
}

/// Routes of the page and of its tickets.
fn router(config: &Config) -> Result<Router, Failure> {
    let base_url = config.rest_request("", Runtime::Native)?.url().to_owned();
    // The page loads files from this server only, and connects to the service only.
    let policy = HeaderValue::try_from(format!(
        "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self' {}",
        socket_origin(&base_url),
    ))?;
    let mut router = Router::new().route("/ticket", post(ticket));
    for (path, file, kind) in FILES {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
        let content = std::fs::read(&file).map_err(|error| {
            format!(
                "{}: {error}; `cargo xtask browser` builds it",
                file.display()
            )
        })?;
        let headers = [
            (CONTENT_TYPE, HeaderValue::from_static(kind)),
            (CACHE_CONTROL, HeaderValue::from_static("no-cache")),
            (CONTENT_SECURITY_POLICY, policy.clone()),
        ];
        router = router.route(path, get(async move || (headers.clone(), content.clone())));
    }
    let client = rest::Client::new(config.clone())?;
    Ok(router.with_state(Desk { client, base_url }))
}

/// Returns the origin of the service's sockets.
fn socket_origin(base_url: &str) -> String {
    let origin: Vec<&str> = base_url.splitn(4, '/').take(3).collect();
    origin.join("/").replacen("http", "ws", 1)
}

async fn ticket(State(desk): State<Desk>, headers: HeaderMap) -> Response {
    // No key for the page of another site in the same browser.
    let is_foreign = headers
        .get(SEC_FETCH_SITE)
        .is_some_and(|site| site != "same-origin");
    // Nor for a name of another site that its owner lets resolve to this machine.
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    if is_foreign || !host.is_some_and(is_this_machine) {
        return StatusCode::FORBIDDEN.into_response();
    }
    match desk
        .client
        .client_secrets()
        .create(session(), LIFETIME)
        .await
    {
        Ok(secret) => {
            let key = secret.value.expose().to_owned();
            let ticket = Ticket {
                key,
                base_url: desk.base_url,
                model: MODEL.to_owned(),
            };
            ([(CACHE_CONTROL, "no-store")], Json(ticket)).into_response()
        }
        Err(error) => {
            eprintln!("no ticket: {error}");
            let error = words(&error).to_owned();
            (StatusCode::BAD_GATEWAY, Json(NoTicket { error })).into_response()
        }
    }
}

/// Returns true for a `Host` that names this machine.
fn is_this_machine(host: &str) -> bool {
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    matches!(name, "127.0.0.1" | "localhost")
}

/// Returns the settings of a session. The key is minted with them, so that the page cannot change
/// them.
fn session() -> RealtimeSession {
    let input = AudioInput::default()
        .transcription(TranscriptionConfig::default().model(models::LIVE_TRANSCRIBER))
        // People pause to think.
        .turn_detection(ServerVad::default().silence_duration_ms(600u64));
    let output = AudioOutput::default().voice("marin");
    RealtimeSession::new()
        .model(MODEL)
        .instructions("Be brief and friendly.")
        .audio(AudioConfig::default().input(input).output(output))
}

/// Returns the reason why there is no key, for the user of the page.
fn words(error: &rest::Error) -> &'static str {
    let rest::Error::Refused(refusal) = error else {
        return "The server of this page cannot reach the service. Check its network.";
    };
    match refusal.kind() {
        RefusalKind::Authentication => {
            "The service refused the API key. Set OPENAI_API_KEY to a valid one, and start the server again."
        }
        _ => "The service gives out no key at the moment. Wait a little, then connect again.",
    }
}

struct Options {
    port: u16,
    emulator: Option<String>,
}

fn options(mut args: lexopt::Parser) -> Result<Options, lexopt::Error> {
    use lexopt::ValueExt;
    let mut options = Options {
        port: 3000,
        emulator: None,
    };
    while let Some(arg) = args.next()? {
        match arg {
            lexopt::Arg::Long("port") => options.port = args.value()?.parse()?,
            lexopt::Arg::Long("emulator") => options.emulator = Some(args.value()?.string()?),
            arg => return Err(arg.unexpected()),
        }
    }
    Ok(options)
}

/// Returns an emulator that runs on this machine in another process. It accepts any key, unless it
/// was started with one.
fn emulator_at(url: String) -> Service {
    let key = std::env::var("OPENAI_API_KEY").unwrap_or_else(|_| "sk-emulator".to_owned());
    Service {
        config: Config::new(key).insecure_loopback_url(url),
        emulator: None,
    }
}

async fn run(options: Options) -> Result<(), Failure> {
    // Dropping the emulator stops it.
    let Service {
        config,
        emulator: _kept,
    } = match options.emulator {
        Some(url) => emulator_at(url),
        None => Service::find().await?,
    };
    let router = router(&config)?;
    let listener = TcpListener::bind(("127.0.0.1", options.port)).await?;
    println!("open http://{}", listener.local_addr()?);
    tokio::select! {
        served = axum::serve(listener, router) => Ok(served?),
        interrupted = tokio::signal::ctrl_c() => Ok(interrupted?),
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    service::run(options(lexopt::Parser::from_env()), USAGE, run).await
}

#[cfg(test)]
mod tests {
    use super::{Config, Runtime, is_this_machine, socket_origin};

    #[test]
    fn only_a_host_of_this_machine_gets_a_key() {
        assert!(is_this_machine("127.0.0.1:3000") && is_this_machine("localhost"));
        assert!(!is_this_machine("example.com:3000") && !is_this_machine("localhost.example.com"));
    }

    #[test]
    fn a_page_may_connect_to_the_service_only() {
        let origin = |config: Config| {
            let request = config.rest_request("", Runtime::Native).unwrap();
            socket_origin(request.url())
        };
        assert_eq!(origin(Config::new("key")), "wss://api.openai.com");
        let emulator = Config::new("key").insecure_loopback_url("ws://127.0.0.1:4000/v1");
        assert_eq!(origin(emulator), "ws://127.0.0.1:4000");
    }
}
