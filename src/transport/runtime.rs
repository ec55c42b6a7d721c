/// Where a transport runs, as far as an endpoint has to know: what a handshake may carry, and who can read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Runtime {
    /// A program with sockets of its own: credentials travel as headers.
    Native,
    /// JavaScript: credentials travel as subprotocols, as scripts mostly cannot set headers.
    JavaScript {
        /// Whether its `WebSocket` takes headers: Node, Bun, and Deno from 2.5 (contract 31).
        headers: bool,
        /// Whether it is a page or one of a page's workers, where everybody can read what the script holds
        /// (contract 35).
        browser: bool,
    },
}
