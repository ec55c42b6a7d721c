/// Runtime of a transport: it decides what a handshake may carry and who can read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Runtime {
    /// A program with sockets of its own: credentials travel as headers.
    Native,
    /// JavaScript: credentials travel as subprotocols, as scripts mostly cannot set headers.
    JavaScript {
        /// True if its `WebSocket` takes headers: Node, Bun, and Deno from 2.5.
        headers: bool,
        /// True for a page and its workers, where everybody can read what the script
        /// holds.
        browser: bool,
    },
}
