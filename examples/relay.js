// What the relays in node/, deno/, bun/ and cloudflare-worker/ have in common. A relay stands between a page and the
// service: the page speaks the Realtime protocol to it over a plain WebSocket, and the API key stays on the server.

/**
 * Joins a session and the socket of a person, who is `{ send(text), close(code, reason) }`. Returns what is to be done with
 * what comes from there. A real relay would let in only whom it knows, and decide what they may ask for.
 */
export function relay(session, person) {
  /** What came before the session was open. */
  let waiting = [];
  session.socket.addEventListener('open', () => {
    const early = waiting;
    waiting = undefined;
    early.forEach((event) => session.send(event));
  });
  session.on('event', (event) => person.send(JSON.stringify(event)));
  // What the service reports is an event, and has been passed on. What is left concerns the server's own side.
  session.on('error', (error) => error.error ?? console.error(error.message));
  session.socket.addEventListener('close', ({ code, reason }) => {
    // Not every code that one receives may be sent.
    const may = code === 1000 || (code >= 3000 && code <= 4999);
    person.close(may ? code : 4000, may ? reason : `the service has closed with ${code}`);
  });
  return {
    message(text) {
      let event;
      try {
        event = JSON.parse(text);
      } catch {
        person.close(4400, 'that is no event');
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
