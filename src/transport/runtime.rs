/// Runtime of a transport: it decides how a handshake carries the credential, and who can read it.
///
/// ```
/// use openai_realtime_ws::{Config, ConfigError, Runtime};
/// use openai_realtime_ws::protocol::Realtime;
///
/// let page = Runtime::javascript().in_browser(true);
/// let refused = Config::new("sk-example").model("gpt-realtime-2.1").handshake::<Realtime>(page);
/// assert!(matches!(refused, Err(ConfigError::Browser)));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Runtime {
    /// A native program: credentials travel as headers.
    Native,
    /// JavaScript: credentials travel as subprotocols, because most scripts cannot set headers. See
    /// [`Runtime::javascript`].
    #[non_exhaustive]
    JavaScript {
        /// Set if the runtime's `WebSocket` accepts headers: Node, Bun, and Deno from 2.5.
        headers: bool,
        /// Set in a page and its workers, where everybody can read what the script holds.
        browser: bool,
    },
}

impl Runtime {
    /// Returns a JavaScript runtime whose `WebSocket` accepts no headers, and which is no page.
    #[must_use]
    pub const fn javascript() -> Self {
        Self::JavaScript {
            headers: false,
            browser: false,
        }
    }

    /// Sets if the runtime's `WebSocket` accepts headers. [`Runtime::Native`] always does.
    #[must_use]
    pub const fn with_headers(self, headers: bool) -> Self {
        match self {
            Self::JavaScript { browser, .. } => Self::JavaScript { headers, browser },
            Self::Native => Self::Native,
        }
    }

    /// Sets if the script runs in a page or its workers. [`Runtime::Native`] never does.
    #[must_use]
    pub const fn in_browser(self, browser: bool) -> Self {
        match self {
            Self::JavaScript { headers, .. } => Self::JavaScript { headers, browser },
            Self::Native => Self::Native,
        }
    }
}
