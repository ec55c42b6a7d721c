//! A turn of text with Azure OpenAI: `azure [DEPLOYMENT] [TEXT]`.
//!
//! `AZURE_OPENAI_ENDPOINT` and `AZURE_OPENAI_API_KEY` say where and with what. Without an endpoint,
//! an emulator in this process stands in for a resource of Azure, over TLS and with the same paths
//! and headers.

use std::error::Error;
use std::io::Write;

use openai_realtime_ws::emulator::Emulator;
use openai_realtime_ws::protocol::{
    ConversationItemCreate, Modality, RealtimeSession, ResponseCreate, ServerEvent, SessionUpdate,
};
use openai_realtime_ws::{Config, ConfigError, OpenAIRealtimeWS, native};

mod models;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let deployment = arguments.next().unwrap_or(models::REALTIME.to_owned());
    let text = arguments.next().unwrap_or("Hello, Azure!".to_owned());

    let mut connector = native::Connector::new();
    // Kept to the end: it stops when it is dropped.
    let emulator;
    let config = match Config::azure_from_env() {
        Err(ConfigError::MissingEndpoint) => {
            println!("AZURE_OPENAI_ENDPOINT is not set: an emulator in this process answers.");
            emulator = Emulator::builder().api_key("azure-key").start().await?;
            let certificate = emulator.certificate_pem();
            connector = connector.root_certificate_pem(certificate.as_bytes())?;
            let endpoint = format!("https://127.0.0.1:{}", emulator.port());
            Config::azure(endpoint, "azure-key")
        }
        config => config?,
    };

    let mut session = OpenAIRealtimeWS::open(connector, config.model(deployment)).await?;
    println!("connected to {}", session.url());
    let in_text = RealtimeSession::new().output_modalities([Modality::Text]);
    session.send(SessionUpdate::new(in_text)).await?;
    session
        .send(ConversationItemCreate::user_text(text.as_str()))
        .await?;
    session.send(ResponseCreate::default()).await?;

    println!("you:   {text}");
    print!("model: ");
    while let Some(event) = session.next().await {
        match event? {
            ServerEvent::ResponseOutputTextDelta(event) => {
                print!("{}", event.delta);
                std::io::stdout().flush()?;
            }
            ServerEvent::ResponseDone(_) => {
                println!();
                session.close().await?;
                return Ok(());
            }
            ServerEvent::Error(event) => return Err(event.into()),
            _ => {}
        }
    }
    Err("the server closed the connection before its reply was over".into())
}
