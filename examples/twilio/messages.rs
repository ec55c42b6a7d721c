//! Messages of [Twilio Media
//! Streams](https://www.twilio.com/docs/voice/media-streams/websocket-messages).

use axum::extract::ws::Message;
use openai_realtime_ws::protocol::Audio;
use serde::{Deserialize, Serialize};

/// A message from Twilio.
#[derive(Debug, Deserialize)]
#[serde(tag = "event", rename_all = "lowercase")]
pub enum FromLine {
    /// The socket is open.
    Connected,
    /// The call begins.
    Start { start: Start },
    /// A packet of what the caller says, usually 20 ms.
    Media { media: Media },
    /// The line has played everything up to a mark, or has cleared it.
    Mark { mark: Mark },
    /// The caller pressed a key.
    Dtmf { dtmf: Dtmf },
    /// The call is over.
    Stop,
    /// Whatever Twilio adds later.
    #[serde(other)]
    Other,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Start {
    pub stream_sid: String,
}

#[derive(Debug, Deserialize)]
pub struct Media {
    /// Milliseconds since the call began; Twilio sends it as a string.
    pub timestamp: String,
    /// µ-law in base64.
    pub payload: String,
}

#[derive(Debug, Deserialize, Serialize)]
pub struct Mark {
    pub name: String,
}

#[derive(Debug, Deserialize)]
pub struct Dtmf {
    pub digit: String,
}

/// A message to Twilio.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "lowercase")]
pub enum ToLine<'a> {
    /// Audio to play behind what is queued.
    Media {
        #[serde(rename = "streamSid")]
        stream_sid: &'a str,
        media: Payload,
    },
    /// A name to give back once everything before it was played.
    Mark {
        #[serde(rename = "streamSid")]
        stream_sid: &'a str,
        mark: Mark,
    },
    /// Drops what is queued. Twilio then gives all marks back at once.
    Clear {
        #[serde(rename = "streamSid")]
        stream_sid: &'a str,
    },
}

impl ToLine<'_> {
    /// Writes it as a message of the socket.
    pub fn to_message(&self) -> serde_json::Result<Message> {
        Ok(Message::Text(serde_json::to_string(self)?.into()))
    }
}

#[derive(Debug, Serialize)]
pub struct Payload {
    /// The audio as the session sent it, as its base64 is Twilio's, too.
    pub payload: Audio,
}
