//! Messages from the server to its page.

use serde::{Deserialize, Serialize};

/// Short-lived key, with the service that it is for.
#[derive(Serialize, Deserialize)]
pub struct Ticket {
    /// The ephemeral key, `ek_…`.
    pub key: String,
    /// Base URL of the service; `http:` for an emulator on this machine.
    pub base_url: String,
    /// Model that the key was minted for.
    pub model: String,
}

/// Reason why there is no ticket.
#[derive(Serialize, Deserialize)]
pub struct NoTicket {
    /// Text for the user.
    pub error: String,
}
