//! What the server gives the page, so that it can open a session.

use serde::{Deserialize, Serialize};

/// A short-lived key, and where to use it.
#[derive(Serialize, Deserialize)]
pub struct Ticket {
    /// The ephemeral key, `ek_…`.
    pub key: String,
    /// The service's base URL; `http:` for an emulator on this machine.
    pub base_url: String,
    /// The model that the key was minted for.
    pub model: String,
}

/// Why there is no ticket, in words for a person.
#[derive(Serialize, Deserialize)]
pub struct NoTicket {
    /// The words.
    pub error: String,
}
