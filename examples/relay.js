// The common part of the relays in node/, deno/, bun/ and cloudflare-worker/. A relay stands
// between a page and the service: the page speaks the Realtime protocol to it over a plain
// WebSocket, and the API key stays on the server.

/**
 * Returns true for the origin of a page that may connect: one in this comma-separated list, by
 * default that of a development server. Any other page that a user visits could otherwise open
 * sessions at your expense.
 */
export function isAllowed(origin, origins) {
  return (origins ?? 'http://localhost:5173').split(',').includes(origin);
}

/**
 * Joins a session and the socket of a page, which is `{ send(text), close(code, reason) }`. Returns
 * the handlers of what the page sends. A real relay would also authenticate its users, and restrict
 * the events that they may send.
 */
export function relay(session, page) {
  /** Events that came before the session was open. */
  let waiting = [];
  session.socket.addEventListener('open', () => {
    const early = waiting;
    waiting = undefined;
    early.forEach((event) => session.send(event));
  });
  session.on('event', (event) => page.send(JSON.stringify(event)));
  // Errors of the service are events too, and the page has them. The others concern the server.
  session.on('error', (error) => error.error ?? console.error(error.message));
  session.socket.addEventListener('close', ({ code, reason }) => {
    // Some codes that a peer reports cannot be sent.
    const sendable = code === 1000 || (code >= 3000 && code <= 4999);
    page.close(sendable ? code : 4000, sendable ? reason : `the service closed with ${code}`);
  });
  return {
    message(text) {
      let event;
      try {
        event = JSON.parse(text);
      } catch {
        page.close(4400, 'invalid event');
        session.close();
        return;
      }
      if (waiting) {
        waiting.push(event);
      } else {
        session.send(event);
      }
    },
    close() {
      session.close();
    },
  };
}
