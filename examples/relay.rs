//! A relay that keeps the key on the server: pages connect to it, and it connects each of them to
//! the service. Events pass both ways as they are, none is lost, and none is invented.
//!
//! ```text
//! cargo run --features emulator --example relay -- [--port N] [--users N] [--origin ORIGIN]
//! ```
//!
//! Pages are limited: their origin, their number, the size of their messages, how long their
//! sessions last, and which events they send. Without `OPENAI_API_KEY`, an emulator in this process
//! answers.

use std::io;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use openai_realtime_ws::protocol::{
    ErrorDetails, ErrorEvent, Events, RealtimeSession, SessionUpdate,
};
use openai_realtime_ws::{
    ClientEvent, Config, OpenAIRealtimeWS, RawEvent, Sender, ServerEvent, native,
};
use tokio::net::TcpListener;
use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

#[path = "models/mod.rs"]
mod models;
#[path = "service/mod.rs"]
pub mod service;

use service::{Failure, Service};

/// Events that pages may send. Settings are the server's: a page could change the instructions.
const ALLOWED: [&str; 8] = [
    "input_audio_buffer.append",
    "input_audio_buffer.commit",
    "input_audio_buffer.clear",
    "conversation.item.create",
    "conversation.item.truncate",
    "conversation.item.delete",
    "response.create",
    "response.cancel",
];

/// Largest message of a page, in bytes.
const LARGEST: usize = 1 << 20;

/// Time in which a page must read an event, or it counts as gone.
const PATIENCE: Duration = Duration::from_secs(10);

/// Longest session of a page.
const LONGEST: Duration = Duration::from_secs(15 * 60);

/// Way of events to a page. Both directions use it: the other one answers what is not allowed.
type ToPage = Mutex<SplitSink<WebSocket, Message>>;

/// The relay.
pub struct Relay {
    config: Config,
    users: Arc<Semaphore>,
    origin: String,
}

impl Relay {
    /// Creates a relay for a number of users at a time, with pages of one origin.
    #[must_use]
    pub fn new(config: Config, users: usize, origin: impl Into<String>) -> Self {
        Self {
            config: config.model(models::REALTIME),
            users: Arc::new(Semaphore::new(users)),
            origin: origin.into(),
        }
    }

    /// Serves `/realtime` until the process ends.
    pub async fn serve(self, listener: TcpListener) -> io::Result<()> {
        let router = Router::new()
            .route("/realtime", get(connected))
            .with_state(Arc::new(self));
        axum::serve(listener, router).await
    }
}

/// Takes a page, if there is room. A real server asks who it is first.
async fn connected(
    State(relay): State<Arc<Relay>>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    // Browsers name the page. Any site that a user visits could open sessions otherwise.
    let origin = headers.get(header::ORIGIN);
    if origin.is_some_and(|origin| origin.as_bytes() != relay.origin.as_bytes()) {
        return (StatusCode::FORBIDDEN, "not a page of this relay").into_response();
    }
    let Ok(place) = Arc::clone(&relay.users).try_acquire_owned() else {
        return (StatusCode::SERVICE_UNAVAILABLE, "too many users").into_response();
    };
    upgrade
        .max_message_size(LARGEST)
        .max_frame_size(LARGEST)
        .on_upgrade(async move |page| pass_on(&relay.config, page, place).await)
}

/// Passes events both ways until one side ends the session, or its time is over.
async fn pass_on(config: &Config, page: WebSocket, _place: OwnedSemaphorePermit) {
    let (to_page, from_page) = page.split();
    let to_page = ToPage::new(to_page);
    let (code, reason) = match timeout(LONGEST, session(config, &to_page, from_page)).await {
        Ok(Ok(())) => (1000, "OK"),
        // The page does not learn why: a URL or a request's id is nothing for it.
        Ok(Err(error)) => {
            eprintln!("a session ended: {error}");
            (1011, "the session ended with an error")
        }
        Err(_) => (1000, "the session's time is over"),
    };
    let frame = CloseFrame {
        code,
        reason: reason.into(),
    };
    // A page that is gone needs no goodbye.
    let _ = to_page.lock().await.send(Message::Close(Some(frame))).await;
}

async fn session(
    config: &Config,
    to_page: &ToPage,
    from_page: SplitStream<WebSocket>,
) -> Result<(), Failure> {
    let session = OpenAIRealtimeWS::connect(config.clone()).await?;
    let sender = session.sender();
    let settings = RealtimeSession::new().instructions("Be brief and friendly.");
    sender.try_send(SessionUpdate::new(settings))?;
    let mut session = session;
    tokio::select! {
        ended = to_the_page(&mut session, to_page) => ended?,
        ended = from_the_page(&sender, from_page, to_page) => ended?,
    }
    // What the page sent last still goes out.
    session.close().await?;
    Ok(())
}

/// Passes the service's events on, byte for byte. A page that reads slowly slows the service down.
async fn to_the_page(
    session: &mut openai_realtime_ws::Session<native::Connector>,
    to_page: &ToPage,
) -> Result<(), Failure> {
    let mut events = session.raw_events();
    while let Some(event) = events.next().await {
        let text = event?.text().to_string();
        let sent = async { to_page.lock().await.send(Message::Text(text.into())).await };
        timeout(PATIENCE, sent)
            .await
            .map_err(|_| "the page reads nothing")??;
    }
    Ok(())
}

/// Passes the page's events on, byte for byte. Where the service is slow, the page waits.
async fn from_the_page(
    sender: &Sender,
    mut from_page: SplitStream<WebSocket>,
    to_page: &ToPage,
) -> Result<(), Failure> {
    while let Some(message) = from_page.next().await {
        let Message::Text(text) = message? else {
            continue;
        };
        match RawEvent::parse(text.as_str()) {
            Ok(event) if ALLOWED.contains(&event.event_type()) => {
                sender.send(ClientEvent::Other(event)).await?;
            }
            _ => {
                let details = ErrorDetails::default()
                    .code("not_allowed")
                    .message("This event is not allowed here.");
                let refusal = ServerEvent::from(ErrorEvent::default().error(details)).encode();
                let refusal = Message::Text(refusal.text().to_string().into());
                to_page.lock().await.send(refusal).await?;
            }
        }
    }
    Ok(())
}

/// Options of the command line.
struct Options {
    port: u16,
    users: usize,
    /// Origin of the pages.
    origin: String,
}

async fn run(options: Options) -> Result<(), Failure> {
    let service = Service::find().await?;
    let listener = TcpListener::bind(("127.0.0.1", options.port)).await?;
    println!("pages connect to ws://{}/realtime", listener.local_addr()?);
    let relay = Relay::new(service.config.clone(), options.users, options.origin);
    tokio::select! {
        served = relay.serve(listener) => Ok(served?),
        interrupted = tokio::signal::ctrl_c() => Ok(interrupted?),
    }
}

fn options(mut args: lexopt::Parser) -> Result<Options, lexopt::Error> {
    use lexopt::ValueExt;
    let mut options = Options {
        port: 8080,
        users: 100,
        origin: "http://localhost:5173".to_owned(),
    };
    while let Some(arg) = args.next()? {
        match arg {
            lexopt::Arg::Long("port") => options.port = args.value()?.parse()?,
            lexopt::Arg::Long("users") => options.users = args.value()?.parse()?,
            lexopt::Arg::Long("origin") => options.origin = args.value()?.string()?,
            arg => return Err(arg.unexpected()),
        }
    }
    Ok(options)
}

#[tokio::main]
async fn main() -> ExitCode {
    let options = options(lexopt::Parser::from_env());
    service::run(
        options,
        "relay [--port N] [--users N] [--origin ORIGIN]",
        run,
    )
    .await
}
