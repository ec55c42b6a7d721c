/// Runtime of a transport: it decides how a handshake carries the credential, and who can read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Runtime {
    /// A native program: credentials travel as headers.
    Native,
    /// JavaScript: credentials travel as subprotocols, because most scripts cannot set headers.
    JavaScript {
        /// Set if the runtime's `WebSocket` accepts headers: Node, Bun, and Deno from 2.5.
        headers: bool,
        /// Set in a page and its workers, where everybody can read what the script holds.
        browser: bool,
    },
}
